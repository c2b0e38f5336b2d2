"""
Every body and frame we read, as msgspec structs; those of transactions are in `transactions`.

Rules of this file
------------------
- Field names are the venue's; order of fields is the wire's where the wire has one.
- A struct is lenient on reading (unknown fields ignored, optional fields defaulted), because the
  venue adds fields without notice (observed).
- Decimals stay text here; whoever needs a number parses it once.
"""

from __future__ import annotations

from typing import Any

import msgspec


class Wire(msgspec.Struct, frozen=True):
    """Base of all wire structs."""


# -- REPLIES --------------------------------------------------------------------------------------


class ErrorBody(Wire, frozen=True, kw_only=True):
    """The `error` object of a WebSocket reply, or the whole body of an HTTP 400."""

    code: int
    message: str = ""


class Frame(Wire, frozen=True, kw_only=True):
    """
    The envelope of any WebSocket frame: enough to route it.

    A success reply carries `type`, `id`, `code`, `tx_hash`; a rejection carries only `error` and,
    if the request had one, `id` (observed); a channel frame carries `type` and `channel`.
    """

    type: str = ""
    channel: str = ""
    id: str | int | None = None
    code: int | None = None
    tx_hash: str | list[str] | None = None
    predicted_execution_time_ms: int | None = None
    error: ErrorBody | None = None
    session_id: str = ""


class NextNonce(Wire, frozen=True, kw_only=True):
    """
    Answer to `nextNonce`: the *executed* counter, which lags behind acceptance (docs).

    `nonce` is whatever stood there: whether that is a nonce is the lane's to weigh.
    """

    code: int
    nonce: Any


# -- MARKETS --------------------------------------------------------------------------------------


class OrderBookDetail(Wire, frozen=True, kw_only=True):
    """A market row of `orderBookDetails`."""

    symbol: str
    market_id: int
    market_type: str = "perp"
    base_asset_id: int = 0
    quote_asset_id: int = 0
    status: str = "active"
    taker_fee: str = "0.0000"
    is_taker_fee_enabled: bool = True
    maker_fee: str = "0.0000"
    is_maker_fee_enabled: bool = True
    liquidation_fee: str = "1.0000"
    min_base_amount: str = "0"
    min_quote_amount: str = "0"
    order_quote_limit: str = "281474976.710655"
    supported_size_decimals: int
    supported_price_decimals: int
    supported_quote_decimals: int = 6
    size_decimals: int | None = None
    price_decimals: int | None = None
    quote_multiplier: int = 1
    default_initial_margin_fraction: int = 500
    min_initial_margin_fraction: int = 200
    maintenance_margin_fraction: int = 120
    closeout_margin_fraction: int = 80
    last_trade_price: float = 0.0


class OrderBookDetails(Wire, frozen=True, kw_only=True):
    """Answer to `orderBookDetails`."""

    code: int
    order_book_details: list[OrderBookDetail] = []
    spot_order_book_details: list[OrderBookDetail] = []


class Level(Wire, frozen=True, kw_only=True):
    """One price level; empty strings mean an empty side (observed)."""

    price: str = ""
    size: str = ""


class TickerBody(Wire, frozen=True, kw_only=True):
    """Best ask (`a`) and best bid (`b`)."""

    s: str = ""
    a: Level = Level()
    b: Level = Level()
    last_updated_at: int = 0


class TickerFrame(Wire, frozen=True, kw_only=True):
    """A frame of `ticker/{MARKET}`."""

    channel: str
    type: str
    ticker: TickerBody
    nonce: int = 0
    timestamp: int = 0


# -- ORDERS, TRADES, ACCOUNT ----------------------------------------------------------------------


class Order(Wire, frozen=True, kw_only=True):
    """
    An order as REST and the private stream show it.

    `nonce` here is the low 48 bits of `order_index`, not a transaction nonce; `side` is "" on the
    stream (observed): use `is_ask`. `timestamp` fields are seconds or milliseconds, normalise by
    magnitude; `transaction_time` is microseconds (observed).
    """

    order_index: int
    client_order_index: int
    order_id: str = ""
    client_order_id: str = ""
    market_index: int
    owner_account_index: int = 0
    initial_base_amount: str
    price: str
    nonce: int = 0
    remaining_base_amount: str = "0"
    is_ask: bool
    base_size: int = 0
    base_price: int = 0
    filled_base_amount: str = "0"
    filled_quote_amount: str = "0"
    side: str = ""
    type: str = "limit"
    time_in_force: str = "good-till-time"
    reduce_only: bool = False
    trigger_price: str = "0"
    order_expiry: int = 0
    status: str
    trigger_status: str = "na"
    trigger_time: int = 0
    parent_order_index: int = 0
    parent_order_id: str = "0"
    to_trigger_order_id_0: str = "0"
    to_trigger_order_id_1: str = "0"
    to_cancel_order_id_0: str = "0"
    integrator_fee_collector_index: str = "0"
    integrator_taker_fee: str = "0"
    integrator_maker_fee: str = "0"
    order_flags: int = 0
    block_height: int = 0
    timestamp: int = 0
    created_at: int = 0
    updated_at: int = 0
    transaction_time: int = 0


class OrdersPage(Wire, frozen=True, kw_only=True):
    """Answer to `accountActiveOrders` and `accountInactiveOrders`."""

    code: int
    next_cursor: str = ""
    orders: list[Order] = []


class OrdersFrame(Wire, frozen=True, kw_only=True):
    """A frame of `account_all_orders/{ACCOUNT}`: market index text to orders."""

    channel: str
    type: str
    orders: dict[str, list[Order]] = {}


class Trade(Wire, frozen=True, kw_only=True):
    """A trade print. Fees are rate ticks of 1e-6 of the notional (inferred), absent when 0."""

    trade_id: int
    trade_id_str: str = ""
    tx_hash: str = ""
    type: str = "trade"
    market_id: int
    size: str
    price: str
    usd_amount: str = "0"
    ask_id: int
    ask_id_str: str = ""
    bid_id: int
    bid_id_str: str = ""
    ask_client_id: int = 0
    ask_client_id_str: str = "0"
    bid_client_id: int = 0
    bid_client_id_str: str = "0"
    ask_account_id: int
    bid_account_id: int
    is_maker_ask: bool
    block_height: int = 0
    timestamp: int = 0
    taker_fee: int = 0
    maker_fee: int = 0
    transaction_time: int = 0


class TradesPage(Wire, frozen=True, kw_only=True):
    """Answer to `trades`."""

    code: int
    next_cursor: str = ""
    trades: list[Trade] = []


class TradesFrame(Wire, frozen=True, kw_only=True):
    """A frame of `account_all_trades/{ACCOUNT}`; the snapshot may be a flat list (docs)."""

    channel: str
    type: str
    trades: dict[str, list[Trade]] | list[Trade] | None = None


class Position(Wire, frozen=True, kw_only=True):
    """A position row; `sign` is 1 or -1 and `position` unsigned."""

    market_id: int
    symbol: str = ""
    initial_margin_fraction: str = "5.00"
    open_order_count: int = 0
    pending_order_count: int = 0
    position_tied_order_count: int = 0
    sign: int = 1
    position: str = "0"
    avg_entry_price: str = "0"
    position_value: str = "0"
    unrealized_pnl: str = "0"
    realized_pnl: str = "0"
    liquidation_price: str = "0"
    margin_mode: int = 0
    allocated_margin: str = "0"


class Asset(Wire, frozen=True, kw_only=True):
    """An asset balance; asset 3 is USDC, `margin_balance` is perp collateral."""

    symbol: str
    asset_id: int
    balance: str = "0"
    locked_balance: str = "0"
    margin_mode: str = "disabled"
    margin_balance: str = "0"


class AccountDetail(Wire, frozen=True, kw_only=True):
    """One account of `account`."""

    index: int
    account_index: int = 0
    account_type: int = 0
    l1_address: str = ""
    status: int = 1
    total_order_count: int = 0
    pending_order_count: int = 0
    available_balance: str = "0"
    collateral: str = "0"
    positions: list[Position] = []
    assets: list[Asset] = []


class AccountReply(Wire, frozen=True, kw_only=True):
    """Answer to `account`."""

    code: int
    total: int = 0
    accounts: list[AccountDetail] = []


class UserStats(Wire, frozen=True, kw_only=True):
    """Collateral figures of `user_stats/{ACCOUNT}`, USDC text."""

    available_balance: str = "0"
    collateral: str = "0"
    portfolio_value: str = "0"
    buying_power: str = "0"
    leverage: str = "0"
    margin_usage: str = "0"


class UserStatsFrame(Wire, frozen=True, kw_only=True):
    """A frame of `user_stats/{ACCOUNT}`."""

    channel: str
    type: str
    stats: UserStats
    timestamp: int = 0


class ApiKey(Wire, frozen=True, kw_only=True):
    """A registered key of `apikeys`; `public_key` is 80 hex digits without 0x."""

    account_index: int
    api_key_index: int
    nonce: int = 0
    public_key: str = ""
    transaction_time: int = 0


class ApiKeysReply(Wire, frozen=True, kw_only=True):
    """Answer to `apikeys`."""

    code: int
    api_keys: list[ApiKey] = []


# -- TIMES ----------------------------------------------------------------------------------------


def to_unix_ns(timestamp: int) -> int:
    """
    Return a wire timestamp in Unix nanoseconds, whatever unit the venue wrote it in.

    Parameters
    ----------
    timestamp : int
        Seconds, milliseconds, microseconds or nanoseconds since 1970. The same field was seen in
        seconds on testnet and in milliseconds on mainnet, so the magnitude decides: every unit
        covers the years 1973 to 5138 without overlap.

    Returns
    -------
    int
        0 for 0, which stands for "not known".

    """
    for scale in (10**9, 10**6, 10**3):
        if timestamp * scale < 10**20:
            return timestamp * scale
    return timestamp
