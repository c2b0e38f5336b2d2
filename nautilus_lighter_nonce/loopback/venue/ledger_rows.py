"""
The ledger as `GET /ledger` shows it: one row per write, or one per transaction with its copies.

Rules of this file
------------------
- Rendering only. A write is what arrived in one frame; a copy is a write of a transaction that may
  have others.
- Two writes are copies of one transaction if an account named the same thing in them: a create its
  client order index, a cancel its market and index, a modify those and the new values. Where there
  is no such name (cancel-all, leverage, a create with index 0) only the same bytes are the same
  transaction. A stranger's transaction, and what could not be read, has no copies.
"""

from __future__ import annotations

from collections.abc import Hashable
from collections.abc import Iterable
from collections.abc import Mapping
from typing import Any

from nautilus_lighter_nonce.lighter.codes import QUOTE_DECIMALS
from nautilus_lighter_nonce.loopback.config import MarketConfig
from nautilus_lighter_nonce.loopback.venue.decimals import format_decimal
from nautilus_lighter_nonce.loopback.venue.ledger import Entry
from nautilus_lighter_nonce.loopback.venue.ledger import Transport
from nautilus_lighter_nonce.loopback.venue.orders import BookOrder
from nautilus_lighter_nonce.loopback.venue.sequencer import Outcome
from nautilus_lighter_nonce.loopback.venue.txinfo import CancelInfo
from nautilus_lighter_nonce.loopback.venue.txinfo import CreateInfo
from nautilus_lighter_nonce.loopback.venue.txinfo import ModifyInfo


Markets = Mapping[int, MarketConfig]
"""Market id to market, for its decimals."""


def write_row(entry: Entry) -> dict[str, Any]:
    """Return one write."""
    account_index, api_key_index = entry.key or (None, None)
    is_spent = entry.spent_nonce is not None
    return {
        "seq": entry.seq,
        "ts_ns": entry.ts_ns,
        "received_ns": entry.received_ns or entry.ts_ns,
        "processed_ns": entry.ts_ns,
        "answered_ns": entry.replied_ns or None,
        "executed_ns": entry.executed_ns if is_spent else None,
        "transport": entry.transport.value,
        "connection": entry.connection,
        "batch": entry.batch,
        "account_index": account_index,
        "api_key_index": api_key_index,
        "nonce": entry.nonce,
        "expected": entry.expected,
        "executed_nonce": entry.spent_nonce,
        "tx_type": entry.tx_type,
        "index": None if entry.tx is None else entry.tx.index,
        "tx_hash": entry.tx_hash,
        "code": entry.code,
        "answer": entry.code if entry.replied_ns else None,
        "refusal": entry.refusal,
        "accepted": entry.accepted,
        "fault": entry.fault,
        "replied": entry.replied_ns > 0,
        "outcome": entry.outcome.value,
        "fell_with": entry.fell_with,
        "app_error": entry.app_error,
    }


def transaction_rows(entries: Iterable[Entry], markets: Markets) -> list[dict[str, Any]]:
    """
    Return one row per transaction, in the order of their first writes.

    Parameters
    ----------
    entries : Iterable[Entry]
        The ledger's entries, with their hashes.
    markets : Markets
        The venue's markets.

    """
    copies: dict[Hashable, list[Entry]] = {}
    for entry in entries:
        copies.setdefault(_name_of(entry), []).append(entry)
    return [_transaction_row(group, markets) for group in copies.values()]


def order_row(order: BookOrder, market: MarketConfig) -> dict[str, Any]:
    """Return what became of an order that a create made, as of now."""
    return {
        "order_index": order.order_index,
        "status": order.status.value,
        "price": format_decimal(order.price, market.price_decimals),
        "initial_base_amount": format_decimal(order.base_amount, market.size_decimals),
        "filled_base_amount": format_decimal(order.filled_base, market.size_decimals),
        "filled_quote_amount": format_decimal(order.filled_quote, QUOTE_DECIMALS),
    }


def _transaction_row(group: list[Entry], markets: Markets) -> dict[str, Any]:
    first = group[0]
    orders = [entry.order for entry in group if entry.order is not None]
    return {
        "account_index": None if first.key is None else first.key[0],
        "tx_type": first.tx_type,
        "index": None if first.tx is None else first.tx.index,
        "market_index": None if first.tx is None else getattr(first.tx.info, "market_index", None),
        "executed": sum(entry.outcome is Outcome.EXECUTED for entry in group),
        "orders": [order_row(order, markets[order.market_id]) for order in orders],
        "copies": [write_row(entry) for entry in group],
    }


def _name_of(entry: Entry) -> Hashable:
    if entry.tx is None or entry.transport is Transport.FOREIGN:
        return entry.seq
    info = entry.tx.info
    if isinstance(info, CreateInfo) and info.client_order_index:
        return info.account_index, entry.tx_type, info.client_order_index
    if isinstance(info, CancelInfo):
        return info.account_index, entry.tx_type, info.market_index, info.index
    if isinstance(info, ModifyInfo):
        target = info.account_index, entry.tx_type, info.market_index, info.index
        return *target, info.base_amount, info.price, info.trigger_price
    return entry.tx_type, entry.tx.raw
