"""
The REST reads: parameters in, body out.

Rules of this file
------------------
- A query reads the state and changes nothing. What it cannot answer is an `ApiError`.
- `QUERIES` names every endpoint with whether it wants a token (observed and docs).
- Pages go from newest to oldest; a cursor names the last row of the page before.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any
from typing import Final

from nautilus_lighter_nonce.lighter.codes import CODE_OK
from nautilus_lighter_nonce.lighter.codes import MAX_API_KEY_INDEX
from nautilus_lighter_nonce.lighter.codes import Code
from nautilus_lighter_nonce.loopback.config import VanishedLookup
from nautilus_lighter_nonce.loopback.venue import rows_accounts
from nautilus_lighter_nonce.loopback.venue import rows_markets
from nautilus_lighter_nonce.loopback.venue import rows_orders
from nautilus_lighter_nonce.loopback.venue import views
from nautilus_lighter_nonce.loopback.venue.accounts import Account
from nautilus_lighter_nonce.loopback.venue.book import Book
from nautilus_lighter_nonce.loopback.venue.decimals import format_decimal
from nautilus_lighter_nonce.loopback.venue.orders import HOUSE_ACCOUNT
from nautilus_lighter_nonce.loopback.venue.orders import BookOrder
from nautilus_lighter_nonce.loopback.venue.orders import Fill
from nautilus_lighter_nonce.loopback.venue.sequencer import Outcome
from nautilus_lighter_nonce.loopback.venue.state import State


ALL_KEYS: Final = 255  # the venue's sentinel (sdk)
MAX_PAGE: Final = 100  # docs
MAX_BOOK_ROWS: Final = 250  # docs
MAX_CLIENT_INDEXES: Final = 20  # docs
MAX_SECS: Final = 2**63  # later than any end

Params = Mapping[str, str]
Query = Callable[[State, Params, int], dict[str, Any]]


class ApiError(Exception):
    """
    A request that the REST API refuses.

    Parameters
    ----------
    code : Code
        The venue's code.
    text : str, optional
        A message of its own; the code's text otherwise.
    status : int, default 400
        The HTTP status.

    """

    def __init__(self, code: Code, text: str = "", status: int = 400) -> None:
        super().__init__(code, text, status)
        self.code = code
        self.text = text
        self.status = status

    def __str__(self) -> str:
        return f"{self.code.value} {self.text}"


# -- PARAMETERS -----------------------------------------------------------------------------------


def number(params: Params, name: str, default: int | None = None) -> int:
    """
    Return an integer parameter.

    Raises
    ------
    ApiError
        20001 if it is missing without a default, or no integer.

    """
    text = params.get(name)
    if text is None and default is not None:
        return default
    try:
        return int(text or "")
    except ValueError as e:
        raise ApiError(Code.INVALID_PARAM, f"invalid param : {name}") from e


def key_of(params: Params) -> tuple[int, int]:
    """Return the key that a request names."""
    return number(params, "account_index"), number(params, "api_key_index")


def account_named(params: Params) -> int | None:
    """Return the account that a request is about, ``None`` if it names none."""
    text = params.get("account_index") or params.get("value", "")
    return int(text) if text.isdecimal() else None


def _account(state: State, params: Params) -> Account:
    account = state.accounts.get(number(params, "account_index"))
    if account is None:
        raise ApiError(Code.ACCOUNT_NOT_FOUND)
    return account


def _account_by_value(state: State, params: Params) -> Account:
    account = state.accounts.get(number(params, "value"))
    if account is None:
        raise ApiError(Code.ACCOUNT_NOT_FOUND)
    return account


def _book(state: State, params: Params) -> Book:
    book = state.books.get(number(params, "market_id"))
    if book is None:
        raise ApiError(Code.INVALID_MARKET_INDEX)
    return book


def _books(state: State, params: Params) -> list[Book]:
    wanted = number(params, "market_id", ALL_KEYS)
    return list(state.books.values()) if wanted == ALL_KEYS else [_book(state, params)]


def _limit(params: Params, most: int) -> int:
    limit = number(params, "limit", most)
    if not 1 <= limit <= most:
        raise ApiError(Code.INVALID_PARAM, "invalid param : limit")
    return limit


def _in_market(params: Params, market_id: int) -> bool:
    return number(params, "market_id", ALL_KEYS) in (ALL_KEYS, market_id)


# -- PAGES ----------------------------------------------------------------------------------------


def _page[T](
    rows: Sequence[T], params: Params, number_of: Callable[[T], int]
) -> tuple[list[T], str]:
    """Return the rows after the cursor, at most `limit`, and the next cursor."""
    start = 0
    cursor = params.get("cursor")
    if cursor:
        last = _read_cursor(cursor)
        at = next((i for i, row in enumerate(rows) if number_of(row) == last), None)
        start = len(rows) if at is None else at + 1
    limit = _limit(params, MAX_PAGE)
    page = list(rows[start : start + limit])
    more = page and start + limit < len(rows)
    return page, _write_cursor(number_of(page[-1])) if more else ""


def _write_cursor(last: int) -> str:
    return base64.urlsafe_b64encode(str(last).encode()).decode()


def _read_cursor(cursor: str) -> int:
    try:
        return int(base64.urlsafe_b64decode(cursor.encode()))
    except (binascii.Error, ValueError) as e:
        raise ApiError(Code.INVALID_PARAM, "invalid param : cursor") from e


# -- MARKETS --------------------------------------------------------------------------------------


def status(state: State, params: Params, now_ns: int) -> dict[str, Any]:
    """Answer `status`."""
    network_id = state.config.chain_id
    return {"status": CODE_OK, "network_id": network_id, "timestamp": now_ns // 10**9}


def order_books(state: State, params: Params, now_ns: int) -> dict[str, Any]:
    """Answer `orderBooks`."""
    rows = [rows_markets.market_row(book) for book in _books(state, params)]
    return {"code": CODE_OK, "order_books": rows}


def order_book_details(state: State, params: Params, now_ns: int) -> dict[str, Any]:
    """Answer `orderBookDetails`."""
    rows = [rows_markets.market_detail(book) for book in _books(state, params)]
    return {"code": CODE_OK, "order_book_details": rows, "spot_order_book_details": []}


def order_book_orders(state: State, params: Params, now_ns: int) -> dict[str, Any]:
    """Answer `orderBookOrders`: resting orders, and the touch as the house's order."""
    book, limit = _book(state, params), _limit(params, MAX_BOOK_ROWS)
    asks = _book_rows(book, is_ask=True)[:limit]
    bids = _book_rows(book, is_ask=False)[:limit]
    totals = {"total_asks": len(asks), "total_bids": len(bids)}
    return {"code": CODE_OK} | totals | {"asks": asks, "bids": bids}


def recent_trades(state: State, params: Params, now_ns: int) -> dict[str, Any]:
    """Answer `recentTrades`."""
    book = _book(state, params)
    fills = list(state.market_trades[book.market.market_id])[: _limit(params, MAX_PAGE)]
    return {"code": CODE_OK, "trades": [rows_orders.trade_row(state, fill) for fill in fills]}


def _book_rows(book: Book, *, is_ask: bool) -> list[dict[str, Any]]:
    market = book.market
    price, size = book.touch(is_ask)
    if size is None:
        size = rows_markets.UNLIMITED_SHOWN * 10**market.size_decimals
    rows = [(o.price, o.remaining, o) for o in book.resting(is_ask)]
    at = sum(p <= price if is_ask else p >= price for p, _, _ in rows)
    touch = [] if size == 0 else [_book_row(book, price, size, None)]
    resting = [_book_row(book, p, left, order) for p, left, order in rows]
    return resting[:at] + touch + resting[at:]


def _book_row(book: Book, price: int, left: int, order: BookOrder | None) -> dict[str, Any]:
    market = book.market
    index = 0 if order is None else order.order_index
    initial = left if order is None else order.base_amount
    return {
        "order_index": index,
        "order_id": str(index),
        "owner_account_index": HOUSE_ACCOUNT if order is None else order.account_index,
        "initial_base_amount": format_decimal(initial, market.size_decimals),
        "remaining_base_amount": format_decimal(left, market.size_decimals),
        "price": format_decimal(price, market.price_decimals),
        "order_expiry": 0 if order is None else order.expiry_ms,
        "transaction_time": 0 if order is None else order.updated_ns // 1_000,
    }


# -- ACCOUNTS -------------------------------------------------------------------------------------


def account(state: State, params: Params, now_ns: int) -> dict[str, Any]:
    """Answer `account`; only `by=index` is known here."""
    found = _account_by_value(state, params)
    return {"code": CODE_OK, "total": 1, "accounts": [rows_accounts.account_row(state, found)]}


def account_limits(state: State, params: Params, now_ns: int) -> dict[str, Any]:
    """Answer `accountLimits`, as a Standard account."""
    _account(state, params)
    return {
        "code": CODE_OK,
        "max_llp_percentage": 100,
        "max_llp_amount": "0.000000",
        "user_tier": "standard",
        "can_create_public_pool": False,
        "user_tier_name": "standard",
        "current_maker_fee_tick": state.config.maker_fee,
        "current_taker_fee_tick": state.config.taker_fee,
        "leased_lit": "0.00000000",
        "effective_lit_stakes": "0.00000000",
        "user_tier_last_update": 0,
    }


def api_keys(state: State, params: Params, now_ns: int) -> dict[str, Any]:
    """Answer `apikeys`; 21109 if nothing is registered there."""
    found = _account(state, params)
    wanted = number(params, "api_key_index", ALL_KEYS)
    rows = [
        {
            "account_index": account_index,
            "api_key_index": api_key_index,
            "nonce": state.sequencer.executed((account_index, api_key_index)),
            "public_key": public_key,
            "transaction_time": 0,
        }
        for (account_index, api_key_index), public_key in state.public_keys.items()
        if account_index == found.account_index and wanted in (ALL_KEYS, api_key_index)
    ]
    if wanted > MAX_API_KEY_INDEX + 1 or not rows:
        raise ApiError(Code.API_KEY_NOT_FOUND)
    return {"code": CODE_OK, "api_keys": rows}


# -- ORDERS AND TRADES ----------------------------------------------------------------------------


def active_orders(state: State, params: Params, now_ns: int) -> dict[str, Any]:
    """Answer `accountActiveOrders`."""
    orders = state.orders.live(_account(state, params).account_index)
    rows = [_rest_order(state, o) for o in orders if _in_market(params, o.market_id)]
    return {"code": CODE_OK, "next_cursor": "", "orders": rows}


def inactive_orders(state: State, params: Params, now_ns: int) -> dict[str, Any]:
    """Answer `accountInactiveOrders`, the last ended first; the range is of ends (inferred)."""
    orders = state.orders.ended(_account(state, params).account_index)
    first, last = _range_secs(params)
    chosen = [
        o
        for o in orders
        if _in_market(params, o.market_id) and first <= o.updated_ns // 1_000_000_000 <= last
    ]
    page, cursor = _page(chosen, params, lambda order: order.order_index)
    rows = [_rest_order(state, order) for order in page]
    return {"code": CODE_OK, "next_cursor": cursor, "orders": rows}


def _range_secs(params: Params) -> tuple[int, int]:
    """Return first and last second of `between_timestamps`."""
    text = params.get("between_timestamps")
    if text is None:
        return 0, MAX_SECS
    first, dash, last = text.partition("-")
    if not (dash and first.isdecimal() and last.isdecimal()):
        raise ApiError(Code.INVALID_PARAM, "invalid param : between_timestamps")
    return int(first), int(last)


def account_orders(state: State, params: Params, now_ns: int) -> dict[str, Any]:
    """Answer `accountOrders`: live and ended orders by client order index."""
    account_index = number(params, "account_index")
    texts = params.get("client_order_indexes", "").split(",")
    if not all(text.isdecimal() for text in texts) or len(texts) > MAX_CLIENT_INDEXES:
        raise ApiError(Code.INVALID_PARAM, "invalid param : client_order_indexes")
    wanted = {int(text) for text in texts}
    orders = state.orders.live(account_index) + state.orders.ended(account_index)
    rows = [_rest_order(state, o) for o in orders if o.client_order_index in wanted]
    return {"code": CODE_OK, "orders": rows}


def trades(state: State, params: Params, now_ns: int) -> dict[str, Any]:
    """Answer `trades`, of an account or of a market, newest first."""
    order_index = number(params, "order_index", 0)
    fills = _fills(state, params)
    if order_index:
        fills = [f for f in fills if order_index in (f.ask.order_index, f.bid.order_index)]
    page, cursor = _page(fills, params, lambda fill: fill.trade_id)
    rows = [rows_orders.trade_row(state, fill) for fill in page]
    return {"code": CODE_OK, "next_cursor": cursor, "trades": rows}


def _fills(state: State, params: Params) -> list[Fill]:
    if number(params, "account_index", -1) < 0:
        return list(state.market_trades[_book(state, params).market.market_id])
    account_index = _account(state, params).account_index
    return [f for f in state.trades[account_index] if _in_market(params, f.market_id)]


def _rest_order(state: State, order: BookOrder) -> dict[str, Any]:
    return rows_orders.rest_order_row(state.books[order.market_id], order)


# -- TRANSACTIONS ---------------------------------------------------------------------------------


def tx(state: State, params: Params, now_ns: int) -> dict[str, Any]:
    """Answer `tx`: a record by its hash; 21500 for one the venue never accepted."""
    entry = state.by_hash.get(params.get("value", ""))
    hidden = state.config.vanished_lookup is VanishedLookup.UNKNOWN
    if entry is None or (hidden and entry.outcome is Outcome.VANISHED):
        raise ApiError(Code.TX_NOT_FOUND)
    times = {"committed_at": 0, "verified_at": 0}
    return {"code": CODE_OK, "message": ""} | views.tx_row(entry) | times


def account_txs(state: State, params: Params, now_ns: int) -> dict[str, Any]:
    """Answer `accountTxs`: executed transactions, newest first."""
    account_index = _account_by_value(state, params).account_index
    start, limit = number(params, "index", 0), _limit(params, MAX_PAGE)
    entries = list(reversed(state.executed[account_index]))[start : start + limit]
    return {"code": CODE_OK, "txs": [views.tx_row(entry) for entry in entries]}


QUERIES: Final[dict[str, tuple[Query, bool]]] = {
    "status": (status, False),
    "orderBooks": (order_books, False),
    "orderBookDetails": (order_book_details, False),
    "orderBookOrders": (order_book_orders, False),
    "recentTrades": (recent_trades, False),
    "account": (account, False),
    "accountLimits": (account_limits, True),
    "apikeys": (api_keys, False),
    "accountActiveOrders": (active_orders, True),
    "accountInactiveOrders": (inactive_orders, True),
    "accountOrders": (account_orders, True),
    "trades": (trades, False),
    "accountTxs": (account_txs, True),
}
"""Every read by its name: the query, and whether it wants a token."""
