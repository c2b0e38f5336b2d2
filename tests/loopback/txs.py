"""Transactions as a signer would write them, with a signature of the right form and no truth."""

from __future__ import annotations

import base64
import json
import time
from typing import Any


SIG = base64.b64encode(bytes(80)).decode()


def create(nonce: int, coi: int = 0, **fields: Any) -> str:
    """Return a resting ETH bid of 0.1 at 1900.00; fields override, in the wire's names."""
    now_ms = time.time_ns() // 1_000_000
    return _text(
        {
            "AccountIndex": 700,
            "ApiKeyIndex": 5,
            "MarketIndex": 0,
            "ClientOrderIndex": coi or 1_000 + nonce,
            "BaseAmount": 1_000,
            "Price": 190_000,
            "IsAsk": 0,
            "Type": 0,
            "TimeInForce": 1,
            "ReduceOnly": 0,
            "TriggerPrice": 0,
            "OrderExpiry": now_ms + 28 * 24 * 3_600_000,
            "ExpiredAt": now_ms + 599_000,
            "Nonce": nonce,
            "Sig": SIG,
            "L2TxAttributes": None,
        },
        fields,
    )


def take(nonce: int, coi: int = 0, **fields: Any) -> str:
    """Return an ETH market order of 0.1, a buy with worst price 2100.00 unless overridden."""
    market = {"Type": 1, "TimeInForce": 0, "OrderExpiry": 0, "Price": 210_000}
    return create(nonce, coi, **(market | fields))


def cancel(nonce: int, index: int, **fields: Any) -> str:
    """Return a cancel in the ETH market."""
    return _text(_tail(nonce) | {"MarketIndex": 0, "Index": index}, fields)


def cancel_all(nonce: int, **fields: Any) -> str:
    """Return an immediate cancel-all of the account."""
    return _text(_tail(nonce) | {"TimeInForce": 0, "Time": 0}, fields)


def modify(nonce: int, index: int, base: int, price: int, **fields: Any) -> str:
    """Return a modify in the ETH market."""
    order = {"MarketIndex": 0, "Index": index, "BaseAmount": base, "Price": price}
    return _text(_tail(nonce) | order | {"TriggerPrice": 0}, fields)


def leverage(nonce: int, fraction: int, **fields: Any) -> str:
    """Return a change of the ETH market's initial margin fraction."""
    body = {"MarketIndex": 0, "InitialMarginFraction": fraction, "MarginMode": 0}
    return _text(_tail(nonce) | body, fields)


def token(account_index: int = 700, ahead_s: int = 600) -> str:
    """Return an auth token of the right form."""
    return f"{int(time.time()) + ahead_s}:{account_index}:5:{'ab' * 80}"


def _tail(nonce: int) -> dict[str, Any]:
    return {
        "AccountIndex": 700,
        "ApiKeyIndex": 5,
        "ExpiredAt": time.time_ns() // 1_000_000 + 599_000,
        "Nonce": nonce,
        "Sig": SIG,
        "L2TxAttributes": None,
    }


def _text(body: dict[str, Any], fields: dict[str, Any]) -> str:
    return json.dumps(body | fields, separators=(",", ":"))
