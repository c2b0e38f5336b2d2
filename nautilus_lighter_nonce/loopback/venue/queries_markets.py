"""
The REST reads about markets: parameters in, body out.

Rules of this file
------------------
- A query reads the state and changes nothing. What it cannot answer is an `ApiError`.
- Prices and volumes are those of the venue's own trades; where a loopback venue has nothing to say
  (spot markets, funding), the body is the venue's with an empty list or zeros.
"""

from __future__ import annotations

from typing import Any
from typing import Final

from nautilus_lighter_nonce.lighter.codes import CODE_OK
from nautilus_lighter_nonce.loopback.venue import rows_markets
from nautilus_lighter_nonce.loopback.venue import rows_orders
from nautilus_lighter_nonce.loopback.venue.book import Book
from nautilus_lighter_nonce.loopback.venue.market_day import INTERVALS_MS
from nautilus_lighter_nonce.loopback.venue.market_day import candles_of
from nautilus_lighter_nonce.loopback.venue.market_day import start_of
from nautilus_lighter_nonce.loopback.venue.orders import HOUSE_ACCOUNT
from nautilus_lighter_nonce.loopback.venue.params import MAX_PAGE
from nautilus_lighter_nonce.loopback.venue.params import Params
from nautilus_lighter_nonce.loopback.venue.params import book_of
from nautilus_lighter_nonce.loopback.venue.params import books_of
from nautilus_lighter_nonce.loopback.venue.params import invalid
from nautilus_lighter_nonce.loopback.venue.params import limit_of
from nautilus_lighter_nonce.loopback.venue.params import number
from nautilus_lighter_nonce.loopback.venue.state import State


MAX_BOOK_ROWS: Final = 250  # docs
MAX_CANDLES: Final = 500  # sdk: "max 500 per call"
FUNDING_INTERVALS_MS: Final = {name: INTERVALS_MS[name] for name in ("1h", "1d")}  # sdk

_LIQUIDITY_POOL: Final = 281_474_976_710_654  # the protocol's own pool (docs)
_SYSTEM_CONFIG: Final = {
    "liquidity_pool_index": _LIQUIDITY_POOL,
    "staking_pool_index": 0,
    "funding_fee_rebate_account_index": 0,
    "liquidity_pool_cooldown_period": 300_000,
    "staking_pool_lockup_period": 0,
    "max_integrator_perps_maker_fee": 1_000,
    "max_integrator_perps_taker_fee": 1_000,
    "max_integrator_spot_maker_fee": 10_000,
    "max_integrator_spot_taker_fee": 10_000,
    "market_maker_incentive_account_index": 0,
    "fee_collector_account_index": 0,
}
"""Field names from the SDK; the pool, its cooldown and the caps as third parties read them."""


def status(state: State, params: Params, now_ns: int) -> dict[str, Any]:
    """Answer `status`."""
    network_id = state.config.chain_id
    return {"status": CODE_OK, "network_id": network_id, "timestamp": now_ns // 10**9}


def system_config(state: State, params: Params, now_ns: int) -> dict[str, Any]:
    """Answer `systemConfig`."""
    return {"code": CODE_OK} | _SYSTEM_CONFIG


def exchange_stats(state: State, params: Params, now_ns: int) -> dict[str, Any]:
    """Answer `exchangeStats`, from the trades that are still known."""
    rows = [rows_markets.book_stats(state, book, now_ns) for book in state.books.values()]
    return {
        "code": CODE_OK,
        "total": len(rows),
        "order_book_stats": rows,
        "daily_usd_volume": sum(row["daily_quote_token_volume"] for row in rows),
        "daily_trades_count": sum(row["daily_trades_count"] for row in rows),
    }


def asset_details(state: State, params: Params, now_ns: int) -> dict[str, Any]:
    """Answer `assetDetails`: USDC, the only asset here."""
    return {"code": CODE_OK, "asset_details": [rows_markets.usdc_detail()]}


# -- BOOKS ----------------------------------------------------------------------------------------


def order_books(state: State, params: Params, now_ns: int) -> dict[str, Any]:
    """Answer `orderBooks`."""
    rows = [rows_markets.market_row(book) for book in _perps(state, params)]
    return {"code": CODE_OK, "order_books": rows}


def order_book_details(state: State, params: Params, now_ns: int) -> dict[str, Any]:
    """Answer `orderBookDetails`."""
    rows = [rows_markets.market_detail(state, book, now_ns) for book in _perps(state, params)]
    return {"code": CODE_OK, "order_book_details": rows, "spot_order_book_details": []}


def order_book_orders(state: State, params: Params, now_ns: int) -> dict[str, Any]:
    """Answer `orderBookOrders`: resting orders, and the touch as the house's order."""
    book, limit = book_of(state, params), limit_of(params, MAX_BOOK_ROWS)
    asks = _side(book, is_ask=True)[:limit]
    bids = _side(book, is_ask=False)[:limit]
    return {
        "code": CODE_OK,
        "total_asks": len(asks),
        "asks": asks,
        "total_bids": len(bids),
        "bids": bids,
    }


def _perps(state: State, params: Params) -> list[Book]:
    return [] if params.get("filter") == "spot" else books_of(state, params)


def _side(book: Book, *, is_ask: bool) -> list[dict[str, Any]]:
    market = book.market
    price, size = book.touch(is_ask)
    if size is None:
        size = rows_markets.UNLIMITED_SHOWN * 10**market.size_decimals
    orders = list(book.resting(is_ask))
    at = sum(o.price <= price if is_ask else o.price >= price for o in orders)
    touch = [rows_orders.simple_row(book, None, price, size, HOUSE_ACCOUNT)] if size else []
    rows = [rows_orders.simple_row(book, o, o.price, o.remaining, o.account_index) for o in orders]
    return rows[:at] + touch + rows[at:]


# -- TRADES ---------------------------------------------------------------------------------------


def recent_trades(state: State, params: Params, now_ns: int) -> dict[str, Any]:
    """Answer `recentTrades`."""
    book = book_of(state, params)
    fills = list(state.market_trades[book.market.market_id])[: limit_of(params, MAX_PAGE)]
    return {"code": CODE_OK, "trades": [rows_orders.trade_row(state, fill) for fill in fills]}


def candles(state: State, params: Params, now_ns: int) -> dict[str, Any]:
    """
    Answer `candles`: the last `count_back` that begin in the range of times.

    A `count_back` of 0 asks for all of them, as ccxt does; the times are milliseconds.
    """
    book, resolution = book_of(state, params), params.get("resolution", "")
    interval_ms = INTERVALS_MS.get(resolution)
    if interval_ms is None:
        raise invalid("resolution")
    first, last = number(params, "start_timestamp"), number(params, "end_timestamp")
    count = number(params, "count_back", 0) or MAX_CANDLES
    if not 1 <= count <= MAX_CANDLES or first > last:
        raise invalid("count_back" if first <= last else "start_timestamp")
    made = candles_of(state.market_trades[book.market.market_id], interval_ms)
    chosen = [c for c in made if first <= c.start_ms <= last][-count:]
    rows = [rows_markets.candle_row(book, candle) for candle in chosen]
    return {"code": CODE_OK, "r": resolution, "c": rows}


def fundings(state: State, params: Params, now_ns: int) -> dict[str, Any]:
    """Answer `fundings`: nothing was paid at the end of each past interval of the range."""
    book_of(state, params)
    resolution = params.get("resolution", "")
    interval_ms = FUNDING_INTERVALS_MS.get(resolution)
    if interval_ms is None:
        raise invalid("resolution")
    count = number(params, "count_back", 0) or MAX_CANDLES
    first, last = number(params, "start_timestamp"), number(params, "end_timestamp")
    newest = start_of(min(last * 10**6, now_ns), interval_ms)
    oldest = max(first, newest - (min(count, MAX_CANDLES) - 1) * interval_ms)
    times = range(newest, oldest - 1, -interval_ms)
    rows = [rows_markets.funding_row(ts_ms) for ts_ms in reversed(times)]
    return {"code": CODE_OK, "resolution": resolution, "fundings": rows}


def funding_rates(state: State, params: Params, now_ns: int) -> dict[str, Any]:
    """Answer `funding-rates`: 0 in every market."""
    rows = [
        {"market_id": market_id, "exchange": "lighter", "symbol": book.market.symbol, "rate": 0.0}
        for market_id, book in state.books.items()
    ]
    return {"code": CODE_OK, "funding_rates": rows}
