"""
The REST reads about accounts and transactions: parameters in, body out.

Rules of this file
------------------
- A query reads the state and changes nothing. What it cannot answer is an `ApiError`.
- Pages go from newest to oldest, see `params`. Reads about markets are in `queries_markets`, but
  `trades`, which is of an account or of a market; `nextNonce` is the engine's. `endpoints` names
  the reads.
"""

from __future__ import annotations

from typing import Any
from typing import Final

from nautilus_lighter_nonce.lighter.codes import ALL_API_KEYS
from nautilus_lighter_nonce.lighter.codes import CODE_OK
from nautilus_lighter_nonce.lighter.codes import Code
from nautilus_lighter_nonce.loopback.config import Index
from nautilus_lighter_nonce.loopback.venue import records
from nautilus_lighter_nonce.loopback.venue import rows_accounts
from nautilus_lighter_nonce.loopback.venue import rows_orders
from nautilus_lighter_nonce.loopback.venue import views
from nautilus_lighter_nonce.loopback.venue.accounts import Account
from nautilus_lighter_nonce.loopback.venue.orders import BookOrder
from nautilus_lighter_nonce.loopback.venue.orders import Fill
from nautilus_lighter_nonce.loopback.venue.params import MAX_PAGE
from nautilus_lighter_nonce.loopback.venue.params import ApiError
from nautilus_lighter_nonce.loopback.venue.params import Params
from nautilus_lighter_nonce.loopback.venue.params import account_of
from nautilus_lighter_nonce.loopback.venue.params import book_of
from nautilus_lighter_nonce.loopback.venue.params import in_market
from nautilus_lighter_nonce.loopback.venue.params import invalid
from nautilus_lighter_nonce.loopback.venue.params import limit_of
from nautilus_lighter_nonce.loopback.venue.params import number
from nautilus_lighter_nonce.loopback.venue.params import page_of
from nautilus_lighter_nonce.loopback.venue.state import State


MAX_CLIENT_INDEXES: Final = 20  # docs
MAX_SECS: Final = 2**63  # later than any end


# -- ACCOUNTS -------------------------------------------------------------------------------------


def account(state: State, params: Params, now_ns: int) -> dict[str, Any]:
    """Answer `account`, by index or by L1 address."""
    found = _by_address(state, params) if params.get("by") == "l1_address" else None
    found = found or account_of(state, params, "value")
    row = None
    if lag_ns := state.past.lag_ns(Index.ACCOUNT):
        row = state.past.account_at(found.account_index, now_ns - lag_ns)
    row = row or rows_accounts.account_row(state, found)
    return {"code": CODE_OK, "total": 1, "accounts": [row]}


def accounts_by_address(state: State, params: Params, now_ns: int) -> dict[str, Any]:
    """Answer `accountsByL1Address`; here every account has an address of its own."""
    found = _by_address(state, params, "l1_address")
    address = views.l1_address(found.account_index)
    rows = [rows_accounts.sub_account_row(state, found)]
    return {"code": CODE_OK, "l1_address": address, "sub_accounts": rows}


def _by_address(state: State, params: Params, name: str = "value") -> Account:
    digits = params.get(name, "").removeprefix("0x")
    try:
        found = state.accounts.get(int(digits, 16))
    except ValueError as e:
        raise invalid(name) from e
    if found is None:
        raise ApiError(Code.ACCOUNT_NOT_FOUND)
    return found


def maker_only_keys(state: State, params: Params, now_ns: int) -> dict[str, Any]:
    """Answer `getMakerOnlyApiKeys`: no key is here."""
    account_of(state, params)
    return {"code": CODE_OK, "api_key_indexes": []}


def account_limits(state: State, params: Params, now_ns: int) -> dict[str, Any]:
    """Answer `accountLimits`; every account is of the config's tier."""
    account_of(state, params)
    tier = state.config.tier.value
    return {
        "code": CODE_OK,
        "max_llp_percentage": 100,
        "max_llp_amount": "0.000000",
        "user_tier": tier,
        "can_create_public_pool": False,
        "user_tier_name": tier,
        "current_maker_fee_tick": state.config.maker_fee,
        "current_taker_fee_tick": state.config.taker_fee,
        "leased_lit": "0.00000000",
        "effective_lit_stakes": "0.00000000",
        "user_tier_last_update": 0,
    }


def api_keys(state: State, params: Params, now_ns: int) -> dict[str, Any]:
    """Answer `apikeys`; 21109 if nothing is registered there."""
    account_index = account_of(state, params).account_index
    wanted = number(params, "api_key_index", ALL_API_KEYS)
    rows = [
        {
            "account_index": account_index,
            "api_key_index": api_key_index,
            "nonce": state.sequencer.executed((account_index, api_key_index)),
            "public_key": public_key,
            "transaction_time": 0,
        }
        for api_key_index, public_key in state.keys.of_account(account_index)
        if wanted in (ALL_API_KEYS, api_key_index)
    ]
    if wanted > ALL_API_KEYS or not rows:
        raise ApiError(Code.API_KEY_NOT_FOUND)
    return {"code": CODE_OK, "api_keys": rows}


# -- ORDERS AND TRADES ----------------------------------------------------------------------------


def active_orders(state: State, params: Params, now_ns: int) -> dict[str, Any]:
    """Answer `accountActiveOrders`."""
    account_index = account_of(state, params).account_index
    orders = [o for o in _orders(state, account_index, now_ns) if o.is_live]
    rows = [_rest_order(state, o) for o in orders if in_market(params, o.market_id)]
    return {"code": CODE_OK, "next_cursor": "", "orders": rows}


def inactive_orders(state: State, params: Params, now_ns: int) -> dict[str, Any]:
    """Answer `accountInactiveOrders`, the last ended first; the range is of ends (inferred)."""
    account_index = account_of(state, params).account_index
    orders = [o for o in _orders(state, account_index, now_ns) if not o.is_live]
    first, last = _range_secs(params)
    chosen = [
        o
        for o in orders
        if in_market(params, o.market_id) and first <= o.updated_ns // 1_000_000_000 <= last
    ]
    page, cursor = page_of(chosen, params, lambda order: order.order_index)
    rows = [_rest_order(state, order) for order in page]
    return {"code": CODE_OK, "next_cursor": cursor, "orders": rows}


def _range_secs(params: Params) -> tuple[int, int]:
    """Return first and last second of `between_timestamps`."""
    text = params.get("between_timestamps")
    if text is None:
        return 0, MAX_SECS
    first, dash, last = text.partition("-")
    if not (dash and first.isdecimal() and last.isdecimal()):
        raise invalid("between_timestamps")
    return int(first), int(last)


def account_orders(state: State, params: Params, now_ns: int) -> dict[str, Any]:
    """Answer `accountOrders`: live and ended orders by client order index."""
    account_index = number(params, "account_index")
    texts = params.get("client_order_indexes", "").split(",")
    if not all(text.isdecimal() for text in texts) or len(texts) > MAX_CLIENT_INDEXES:
        raise invalid("client_order_indexes")
    wanted = {int(text) for text in texts}
    orders = _orders(state, account_index, now_ns)
    rows = [_rest_order(state, o) for o in orders if o.client_order_index in wanted]
    return {"code": CODE_OK, "orders": rows}


def trades(state: State, params: Params, now_ns: int) -> dict[str, Any]:
    """Answer `trades`, of an account or of a market, newest first."""
    order_index = number(params, "order_index", 0)
    fills = _fills(state, params)
    if lag_ns := state.past.lag_ns(Index.TRADES):
        fills = [f for f in fills if f.ts_ns <= now_ns - lag_ns]
    if order_index:
        fills = [f for f in fills if order_index in (f.ask.order_index, f.bid.order_index)]
    page, cursor = page_of(fills, params, lambda fill: fill.trade_id)
    rows = [rows_orders.trade_row(state, fill) for fill in page]
    return {"code": CODE_OK, "next_cursor": cursor, "trades": rows}


def _fills(state: State, params: Params) -> list[Fill]:
    if number(params, "account_index", -1) < 0:
        return list(state.market_trades[book_of(state, params).market.market_id])
    account_index = account_of(state, params).account_index
    return [f for f in state.trades[account_index] if in_market(params, f.market_id)]


def _orders(state: State, account_index: int, now_ns: int) -> list[BookOrder]:
    """Return an account's orders as the index shows them: live ones first, then the last ended."""
    orders = state.orders.live(account_index) + state.orders.ended(account_index)
    lag_ns = state.past.lag_ns(Index.ORDERS)
    return state.past.orders_at(orders, now_ns - lag_ns) if lag_ns else orders


def _rest_order(state: State, order: BookOrder) -> dict[str, Any]:
    return rows_orders.rest_order_row(state.books[order.market_id], order)


# -- TRANSACTIONS ---------------------------------------------------------------------------------


def tx(state: State, params: Params, now_ns: int) -> dict[str, Any]:
    """Answer `tx`: a record by its hash; 21500 for one the venue never accepted."""
    entry = state.by_hash.get(params.get("value", ""))
    row = None if entry is None else records.looked_up(state, entry, now_ns)
    if row is None:
        raise ApiError(Code.TX_NOT_FOUND)
    times = {"committed_at": 0, "verified_at": 0}
    return {"code": CODE_OK, "message": ""} | row | times


def account_txs(state: State, params: Params, now_ns: int) -> dict[str, Any]:
    """Answer `accountTxs`: executed transactions, newest first."""
    account_index = account_of(state, params, "value").account_index
    start, limit = number(params, "index", 0), limit_of(params, MAX_PAGE)
    entries = list(reversed(state.executed[account_index]))
    if lag_ns := state.past.lag_ns(Index.ACCOUNT_TXS):
        entries = [e for e in entries if e.executed_ns <= now_ns - lag_ns]
    chosen = entries[start : start + limit]
    return {"code": CODE_OK, "txs": [records.record_row(state, e, now_ns) for e in chosen]}
