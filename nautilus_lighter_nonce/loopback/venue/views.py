"""
Transaction records as the wire shows them, and the words that all rows share.

Rules of this file
------------------
- Rendering only; nothing here changes anything. Field names, their order and their types are the
  recorded frames' (observed), with the values a loopback venue can know.
- Orders, accounts and markets have rooms of their own: `rows_orders`, `rows_accounts`,
  `rows_markets`.
"""

from __future__ import annotations

from typing import Any
from typing import Final

import msgspec

from nautilus_lighter_nonce.lighter.codes import MESSAGES
from nautilus_lighter_nonce.lighter.codes import QUOTE_DECIMALS
from nautilus_lighter_nonce.lighter.codes import Code
from nautilus_lighter_nonce.lighter.codes import TxStatus
from nautilus_lighter_nonce.loopback.venue.decimals import format_decimal
from nautilus_lighter_nonce.loopback.venue.execution import Execution
from nautilus_lighter_nonce.loopback.venue.ledger import Entry
from nautilus_lighter_nonce.loopback.venue.orders import BookOrder
from nautilus_lighter_nonce.loopback.venue.orders import OrderStatus
from nautilus_lighter_nonce.loopback.venue.sequencer import Outcome
from nautilus_lighter_nonce.loopback.venue.txinfo import CancelInfo


BLOCK_NS: Final = 500_000_000  # a block's length; the venue's own varies

_STATUS_NUMBERS: Final = {
    OrderStatus.PENDING: 1,
    OrderStatus.OPEN: 2,
    OrderStatus.FILLED: 3,
    OrderStatus.CANCELED: 4,
    OrderStatus.CANCELED_POST_ONLY: 5,
    OrderStatus.CANCELED_REDUCE_ONLY: 6,
    OrderStatus.CANCELED_MARGIN: 8,
    OrderStatus.CANCELED_SLIPPAGE: 9,
    OrderStatus.CANCELED_LIQUIDITY: 10,
    OrderStatus.CANCELED_SELF_TRADE: 11,
    OrderStatus.CANCELED_EXPIRED: 12,
}
"""Order states in `event_info` (docs)."""


def usdc(value: int) -> str:
    """Return 1e-6 USDC as text."""
    return format_decimal(value, QUOTE_DECIMALS)


def json_number(value: int, decimals: int) -> float:
    """Return a count of smallest units as a JSON number, without ".0" if it is whole (observed)."""
    scale: int = 10**decimals
    return value / scale if value % scale else value // scale


def l1_address(account_index: int) -> str:
    """Return the L1 address of an account: its index in hex, nobody's wallet."""
    return f"0x{account_index:040x}"


def message_of(code: int) -> str:
    """Return the venue's text for a code, empty if we have none."""
    return MESSAGES.get(Code(code), "") if code in Code else ""


# -- TRANSACTIONS ---------------------------------------------------------------------------------


def event_info(info: Any, done: Execution) -> str:
    """
    Return the `event_info` text of an executed transaction.

    Parameters
    ----------
    info : AnyInfo
        The transaction.
    done : Execution
        What the sequencer made of it.

    Returns
    -------
    str
        JSON text, whose `ae` is empty or JSON text again (observed).

    """
    app_error = ""
    if done.app_error is not None:
        error = {"code": done.app_error, "message": message_of(done.app_error)}
        app_error = msgspec.json.encode(error).decode()
    event: dict[str, Any] = {}
    if done.order is not None and isinstance(info, CancelInfo):
        event = {
            "a": info.account_index,
            "i": done.order.order_index,
            "u": done.order.client_order_index,
        }
    elif done.order is not None:
        event = {"m": done.order.market_id, "to": _event_order(done.order)}
    return msgspec.json.encode(event | {"ae": app_error}).decode()


def tx_row(entry: Entry) -> dict[str, Any]:
    """Return a transaction record; status 2 says nothing about the order (observed)."""
    tx = entry.tx
    assert tx is not None  # only accepted transactions have records
    return {
        "hash": entry.tx_hash,
        "type": entry.tx_type,
        "info": tx.raw,
        "event_info": entry.event_info,
        "status": int(_status_of(entry)),
        "transaction_index": entry.position,
        "l1_address": l1_address(tx.info.account_index),
        "account_index": tx.info.account_index,
        "nonce": tx.info.nonce,
        "expire_at": tx.info.expired_at,
        "block_height": entry.executed_ns // BLOCK_NS,
        "queued_at": entry.accepted_ns // 10**6,
        "executed_at": entry.executed_ns // 10**6,
        "sequence_index": entry.position,
        "parent_hash": "",
        "api_key_index": tx.info.api_key_index,
        "transaction_time": entry.executed_ns // 1_000,
    }


def _status_of(entry: Entry) -> TxStatus:
    if entry.outcome is Outcome.PENDING:
        return TxStatus.PENDING
    return TxStatus.FAILED if entry.outcome is Outcome.VANISHED else TxStatus.EXECUTED


def _event_order(order: BookOrder) -> dict[str, int]:
    return {
        "i": order.order_index,
        "u": order.client_order_index,
        "a": order.account_index,
        "is": order.base_amount,
        "p": order.price,
        "rs": order.remaining,
        "ia": int(order.is_ask),
        "ot": int(order.kind),
        "f": int(order.tif),
        "ro": int(order.reduce_only),
        "tp": order.trigger_price,
        "e": order.expiry_ms,
        "st": _STATUS_NUMBERS[order.status],
        "ts": 0,
        "t0": 0,
        "t1": 0,
        "c0": 0,
    }
