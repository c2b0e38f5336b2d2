"""
Transactions written beforehand, with a signature of the right form and no truth in it.

Rule of this file: pure. The venue checks the form of a signature, not its truth, so that a load
costs no signing; the fields are those that the signer writes.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any
from typing import Final

import msgspec

from nautilus_lighter_nonce.lighter.codes import OrderKind
from nautilus_lighter_nonce.lighter.codes import OrderTif
from nautilus_lighter_nonce.lighter.codes import TxType
from nautilus_lighter_nonce.loopback.keys import DEMO_ACCOUNT_INDEX
from nautilus_lighter_nonce.loopback.keys import DEMO_API_KEY_INDEX


SIG: Final = base64.b64encode(bytes(range(80))).decode()
BASE: Final = 1_000  # 0.1 ETH
BID: Final = 190_000  # below the default touch of 2000.00: it rests
WORST: Final = {0: 210_000, 1: 190_000}  # of a market order, by side
DAY_MS: Final = 24 * 3_600 * 1_000


class Written(msgspec.Struct, frozen=True):
    """
    One transaction, ready to be sent.

    Parameters
    ----------
    tx_type : int
        A `TxType`.
    tx_info : str
        What a signer would have written.

    """

    tx_type: int
    tx_info: str

    def frame(self, request_id: int) -> str:
        """Return the WebSocket frame that sends it."""
        data = {
            "id": str(request_id),
            "tx_type": self.tx_type,
            "tx_info": msgspec.Raw(self.tx_info.encode()),
        }
        return msgspec.json.encode({"type": "jsonapi/sendtx", "data": data}).decode()


def quotes(count: int, now_ms: int) -> list[Written]:
    """
    Return what a quoting strategy sends: create, modify, cancel, market order, and so on.

    Parameters
    ----------
    count : int
        How many, with the nonces from 1 up.
    now_ms : int
        The time, UNIX milliseconds.

    """
    return [_quote(nonce, now_ms) for nonce in range(1, count + 1)]


def creates(count: int, now_ms: int) -> list[Written]:
    """Return limit orders that stay in the book, see `quotes`."""
    return [_create(nonce, nonce, now_ms) for nonce in range(1, count + 1)]


def frames(transactions: list[Written]) -> Iterator[str]:
    """Yield the frames, each with its place as id."""
    for place, written in enumerate(transactions):
        yield written.frame(place)


def _quote(nonce: int, now_ms: int) -> Written:
    step, index = (nonce - 1) % 4, (nonce - 1) // 4 + 1
    if step == 0:
        return _create(nonce, index, now_ms)
    if step == 3:
        return _market(nonce, 2**40 + index, index % 2, now_ms)
    target = {"MarketIndex": 0, "Index": index}
    if step == 1:
        change = {"BaseAmount": 2 * BASE, "Price": BID - 100, "TriggerPrice": 0}
        return _write(TxType.MODIFY_ORDER, nonce, now_ms, target | change)
    return _write(TxType.CANCEL_ORDER, nonce, now_ms, target)


def _create(nonce: int, index: int, now_ms: int) -> Written:
    fields = _order(index, BID, 0) | {
        "Type": int(OrderKind.LIMIT),
        "TimeInForce": int(OrderTif.GOOD_TILL_TIME),
        "OrderExpiry": now_ms + 28 * DAY_MS,
    }
    return _write(TxType.CREATE_ORDER, nonce, now_ms, fields)


def _market(nonce: int, index: int, is_ask: int, now_ms: int) -> Written:
    fields = _order(index, WORST[is_ask], is_ask) | {
        "Type": int(OrderKind.MARKET),
        "TimeInForce": int(OrderTif.IMMEDIATE_OR_CANCEL),
        "OrderExpiry": 0,
    }
    return _write(TxType.CREATE_ORDER, nonce, now_ms, fields)


def _order(index: int, price: int, is_ask: int) -> dict[str, Any]:
    return {
        "MarketIndex": 0,
        "ClientOrderIndex": index,
        "BaseAmount": BASE,
        "Price": price,
        "IsAsk": is_ask,
        "ReduceOnly": 0,
        "TriggerPrice": 0,
    }


def _write(tx_type: int, nonce: int, now_ms: int, fields: dict[str, Any]) -> Written:
    body = {
        "AccountIndex": DEMO_ACCOUNT_INDEX,
        "ApiKeyIndex": DEMO_API_KEY_INDEX,
        **fields,
        "ExpiredAt": now_ms + 599_000,
        "Nonce": nonce,
        "Sig": SIG,
        "L2TxAttributes": None,
    }
    return Written(int(tx_type), msgspec.json.encode(body).decode())
