"""
Orders and trades as REST bodies and frames show them.

Rules of this file
------------------
- Rendering only; nothing here changes anything. Field names, their order and their types are the
  recorded frames' (observed).
- Decimals are text of exactly the market's scale; quote has 6 decimals (observed).
- Orders on the stream have `side` "", and `integrator_*` is "" in snapshots and "0" in updates
  (observed).
"""

from __future__ import annotations

from typing import Any
from typing import Final

from nautilus_lighter_nonce.lighter.codes import MIN_ORDER_INDEX
from nautilus_lighter_nonce.lighter.codes import OrderKind
from nautilus_lighter_nonce.lighter.codes import OrderTif
from nautilus_lighter_nonce.loopback.venue.book import Book
from nautilus_lighter_nonce.loopback.venue.decimals import format_decimal
from nautilus_lighter_nonce.loopback.venue.orders import BookOrder
from nautilus_lighter_nonce.loopback.venue.orders import Fill
from nautilus_lighter_nonce.loopback.venue.orders import OrderStatus
from nautilus_lighter_nonce.loopback.venue.orders import Party
from nautilus_lighter_nonce.loopback.venue.state import State
from nautilus_lighter_nonce.loopback.venue.views import BLOCK_NS
from nautilus_lighter_nonce.loopback.venue.views import usdc


MARKET_KIND: Final = "perps"  # observed in prints

_KIND_WORDS: Final = {
    OrderKind.LIMIT: "limit",
    OrderKind.MARKET: "market",
    OrderKind.STOP_LOSS: "stop-loss",
    OrderKind.STOP_LOSS_LIMIT: "stop-loss-limit",
    OrderKind.TAKE_PROFIT: "take-profit",
    OrderKind.TAKE_PROFIT_LIMIT: "take-profit-limit",
    OrderKind.TWAP: "twap",
}
_TIF_WORDS: Final = {
    OrderTif.IMMEDIATE_OR_CANCEL: "immediate-or-cancel",
    OrderTif.GOOD_TILL_TIME: "good-till-time",
    OrderTif.POST_ONLY: "post-only",
}


def order_row(
    book: Book, order: BookOrder, integrator: str = "0", side: str = ""
) -> dict[str, Any]:
    """
    Return an order.

    Parameters
    ----------
    book : Book
        The order's book.
    order : BookOrder
        The order.
    integrator : str, default "0"
        What the `integrator_*` fields say: "" in snapshots.
    side : str, default ""
        "" on the stream; REST has "buy" or "sell".

    Returns
    -------
    dict[str, Any]

    """
    market = book.market
    size, price = market.size_decimals, market.price_decimals
    created_s, updated_s = order.created_ns // 10**9, order.updated_ns // 10**9
    return {
        "order_index": order.order_index,
        "client_order_index": order.client_order_index,
        "order_id": str(order.order_index),
        "client_order_id": str(order.client_order_index),
        "market_index": order.market_id,
        "owner_account_index": order.account_index,
        "initial_base_amount": format_decimal(order.base_amount, size),
        "price": format_decimal(order.price, price),
        "nonce": order.order_index % MIN_ORDER_INDEX,
        "remaining_base_amount": format_decimal(order.remaining, size),
        "is_ask": order.is_ask,
        "base_size": order.remaining,
        "base_price": order.price,
        "filled_base_amount": format_decimal(order.filled_base, size),
        "filled_quote_amount": usdc(order.filled_quote),
        "side": side,
        "type": _KIND_WORDS[order.kind],
        "time_in_force": _TIF_WORDS[order.tif],
        "reduce_only": order.reduce_only,
        "trigger_price": format_decimal(order.trigger_price, price),
        "order_expiry": order.expiry_ms,
        "status": order.status.value,
        "trigger_status": "mark-price" if order.status is OrderStatus.PENDING else "na",
        "trigger_time": 0,
        "parent_order_index": 0,
        "parent_order_id": "0",
        "to_trigger_order_id_0": "0",
        "to_trigger_order_id_1": "0",
        "to_cancel_order_id_0": "0",
        "integrator_fee_collector_index": integrator,
        "integrator_taker_fee": integrator,
        "integrator_maker_fee": integrator,
        "order_flags": 0,
        "order_version": order.version,
        "market_symbol": market.symbol,
        "market_kind": MARKET_KIND,
        "block_height": order.updated_ns // BLOCK_NS,
        "timestamp": updated_s,
        "created_at": created_s,
        "updated_at": updated_s,
        "transaction_time": order.updated_ns // 1_000,
    }


def rest_order_row(book: Book, order: BookOrder) -> dict[str, Any]:
    """Return an order as REST shows it: with a side, times in milliseconds."""
    row = order_row(book, order, side="sell" if order.is_ask else "buy")
    created_ms, updated_ms = order.created_ns // 10**6, order.updated_ns // 10**6
    return row | {"timestamp": updated_ms, "created_at": created_ms, "updated_at": updated_ms}


def simple_row(
    book: Book, order: BookOrder | None, price: int, left: int, account_index: int
) -> dict[str, Any]:
    """Return an order as `orderBookOrders` shows it; the touch is an order without an index."""
    market = book.market
    index = 0 if order is None else order.order_index
    initial = left if order is None else order.base_amount
    return {
        "order_index": index,
        "order_id": str(index),
        "owner_account_index": account_index,
        "initial_base_amount": format_decimal(initial, market.size_decimals),
        "remaining_base_amount": format_decimal(left, market.size_decimals),
        "price": format_decimal(price, market.price_decimals),
        "order_expiry": 0 if order is None else order.expiry_ms,
        "transaction_time": 0 if order is None else order.updated_ns // 1_000,
    }


def trade_row(state: State, fill: Fill) -> dict[str, Any]:
    """
    Return a trade.

    Fees are rates in 1e-6 (the unit inferred). They are absent when 0, and a changed sign is absent
    when it did not change (observed).
    """
    market = state.books[fill.market_id].market
    maker, taker = (fill.ask, fill.bid) if fill.is_maker_ask else (fill.bid, fill.ask)
    config = state.config
    taker_fee = config.taker_fee if fill.taker_fee is None else fill.taker_fee
    return {
        "trade_id": fill.trade_id,
        "trade_id_str": str(fill.trade_id),
        "tx_hash": f"{fill.trade_id:016x}".ljust(80, "0"),
        "type": fill.kind,
        "market_id": fill.market_id,
        "market_kind": MARKET_KIND,
        "size": format_decimal(fill.base, market.size_decimals),
        "price": format_decimal(fill.price, market.price_decimals),
        "usd_amount": usdc(fill.quote),
        "ask_id": fill.ask.order_index,
        "ask_id_str": str(fill.ask.order_index),
        "bid_id": fill.bid.order_index,
        "bid_id_str": str(fill.bid.order_index),
        "ask_client_id": fill.ask.client_order_index,
        "ask_client_id_str": str(fill.ask.client_order_index),
        "bid_client_id": fill.bid.client_order_index,
        "bid_client_id_str": str(fill.bid.client_order_index),
        "ask_account_id": fill.ask.account_index,
        "bid_account_id": fill.bid.account_index,
        "ask_order_version": fill.ask.order_version,
        "bid_order_version": fill.bid.order_version,
        "is_maker_ask": fill.is_maker_ask,
        "block_height": fill.ts_ns // BLOCK_NS,
        "timestamp": fill.ts_ns // 10**6,
        **_side_of("taker", taker, taker_fee, fill, market.size_decimals),
        **_side_of("maker", maker, config.maker_fee, fill, market.size_decimals),
        "transaction_time": fill.ts_ns // 1_000,
    }


def _side_of(
    role: str, party: Party, fee: int, fill: Fill, size_decimals: int
) -> dict[str, int | str | bool]:
    """Return what a trade says of its taker or maker: fee, and the position before it."""
    before = party.before
    after = before.size + (-fill.base if party is fill.ask else fill.base)
    row: dict[str, int | str | bool] = {f"{role}_fee": fee} if fee else {}
    row[f"{role}_position_size_before"] = format_decimal(before.size, size_decimals)
    row[f"{role}_entry_quote_before"] = usdc(before.cost)
    row[f"{role}_initial_margin_fraction_before"] = before.margin_fraction
    if (before.size > 0) != (after > 0) or (before.size < 0) != (after < 0):
        row[f"{role}_position_sign_changed"] = True
    return row
