"""
How the venue's state looks on the wire: the rows that REST bodies and frames are made of.

Rules of this file
------------------
- Rendering only; nothing here changes anything. Field names, their order and their types are the
  recorded frames' (observed), with the values a loopback venue can know.
- Decimals are text of exactly the market's scale; quote has 6 decimals (observed).
- Orders on the stream have `side` "", and `integrator_*` is "" in snapshots and "0" in updates
  (observed).
"""

from __future__ import annotations

from typing import Any
from typing import Final

import msgspec

from nautilus_lighter_nonce.lighter.codes import MESSAGES
from nautilus_lighter_nonce.lighter.codes import QUOTE_DECIMALS
from nautilus_lighter_nonce.lighter.codes import Code
from nautilus_lighter_nonce.lighter.codes import OrderKind
from nautilus_lighter_nonce.lighter.codes import OrderTif
from nautilus_lighter_nonce.lighter.codes import TxStatus
from nautilus_lighter_nonce.lighter.schemas import OrderBookDetail
from nautilus_lighter_nonce.loopback.venue.accounts import Account
from nautilus_lighter_nonce.loopback.venue.book import Book
from nautilus_lighter_nonce.loopback.venue.decimals import format_decimal
from nautilus_lighter_nonce.loopback.venue.execution import Execution
from nautilus_lighter_nonce.loopback.venue.ledger import Entry
from nautilus_lighter_nonce.loopback.venue.orders import BookOrder
from nautilus_lighter_nonce.loopback.venue.orders import Fill
from nautilus_lighter_nonce.loopback.venue.orders import OrderStatus
from nautilus_lighter_nonce.loopback.venue.sequencer import Outcome
from nautilus_lighter_nonce.loopback.venue.state import State
from nautilus_lighter_nonce.loopback.venue.txinfo import CancelInfo


BLOCK_NS: Final = 500_000_000  # a block's length; the venue's own varies
NO_L1_ADDRESS: Final = "0x0000000000000000000000000000000000000000"
USDC_ASSET_ID: Final = 3  # observed
UNLIMITED_SHOWN: Final = 1_000  # base units; the wire has no word for an unlimited touch

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


def message_of(code: int) -> str:
    """Return the venue's text for a code, empty if we have none."""
    return MESSAGES.get(Code(code), "") if code in Code else ""


# -- ORDERS AND TRADES ----------------------------------------------------------------------------


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
        "nonce": order.order_index & (2**48 - 1),
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


def trade_row(state: State, fill: Fill) -> dict[str, Any]:
    """Return a trade; fees are rates in 1e-6 and absent when 0 (observed, the unit inferred)."""
    market = state.books[fill.market_id].market
    row: dict[str, Any] = {
        "trade_id": fill.trade_id,
        "trade_id_str": str(fill.trade_id),
        "tx_hash": f"{fill.trade_id:016x}".ljust(80, "0"),
        "type": "trade",
        "market_id": fill.market_id,
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
        "is_maker_ask": fill.is_maker_ask,
        "block_height": fill.ts_ns // BLOCK_NS,
        "timestamp": fill.ts_ns // 10**6,
    }
    fees = {"taker_fee": state.config.taker_fee, "maker_fee": state.config.maker_fee}
    row |= {name: rate for name, rate in fees.items() if rate}
    return row | {"transaction_time": fill.ts_ns // 1_000}


# -- ACCOUNTS -------------------------------------------------------------------------------------


def position_row(state: State, account_index: int, market_id: int) -> dict[str, Any]:
    """Return an account's position in a market, flat ones included."""
    market = state.books[market_id].market
    position = state.accounts.position(account_index, market_id)
    held = abs(position.size)
    value = state.value_at_mark(market_id, held)
    per_unit = 10**market.size_decimals * 10**market.price_decimals
    average = position.cost * per_unit // (held * 10**QUOTE_DECIMALS) if held else 0
    return {
        "market_id": market_id,
        "symbol": market.symbol,
        "initial_margin_fraction": format_decimal(position.margin_fraction, 2),
        "open_order_count": state.orders.open_count(account_index, market_id),
        "pending_order_count": 0,
        "position_tied_order_count": 0,
        "sign": -1 if position.size < 0 else 1,
        "position": format_decimal(held, market.size_decimals),
        "avg_entry_price": format_decimal(average, market.price_decimals),
        "position_value": usdc(value),
        "unrealized_pnl": usdc(position.unrealized(value)),
        "realized_pnl": usdc(position.realized),
        "liquidation_price": "0",
        "margin_mode": position.margin_mode,
        "margin_set_flag": 1,
        "allocated_margin": "0.000000",
    }


def asset_row(account: Account) -> dict[str, Any]:
    """Return an account's USDC; all of it is perp collateral."""
    return {
        "symbol": "USDC",
        "asset_id": USDC_ASSET_ID,
        "balance": "0.000000",
        "locked_balance": "0.000000",
        "margin_mode": "disabled",
        "margin_balance": usdc(account.collateral),
    }


def stats_row(state: State, account: Account) -> dict[str, Any]:
    """Return the figures of `user_stats`."""
    equity = state.accounts.equity(account, state.value_at_mark)
    held = sum(state.value_at_mark(p.market_id, abs(p.size)) for p in account.positions.values())
    used = state.accounts.used(account, state.value_at_mark)
    return {
        "available_balance": usdc(equity - used),
        "buying_power": "0",
        "collateral": usdc(account.collateral),
        "leverage": format_decimal(held * 100 // equity if equity > 0 else 0, 2),
        "margin_usage": format_decimal(used * 10_000 // equity if equity > 0 else 0, 2),
        "portfolio_value": usdc(equity),
    }


def account_row(state: State, account: Account) -> dict[str, Any]:
    """Return an account as `account` shows it."""
    index = account.account_index
    available = usdc(state.available(index))
    equity = usdc(state.accounts.equity(account, state.value_at_mark))
    return {
        "code": 0,
        "account_type": 0,
        "index": index,
        "l1_address": NO_L1_ADDRESS,
        "cancel_all_time": account.cancel_all_time_ms,
        "total_order_count": len(state.orders.live(index)),
        "total_isolated_order_count": 0,
        "pending_order_count": 0,
        "available_balance": available,
        "status": 1,
        "collateral": usdc(account.collateral),
        "transaction_time": 0,
        "account_trading_mode": 0,
        "account_index": index,
        "name": "",
        "description": "",
        "can_invite": False,
        "referral_points_percentage": "",
        "can_rfq": False,
        "can_rfq_market_ids": None,
        "created_at": 0,
        "metadata": {"color": ""},
        "positions": [position_row(state, index, m) for m in sorted(account.positions)],
        "assets": [asset_row(account)],
        "total_asset_value": equity,
        "cross_asset_value": equity,
        "cross_initial_margin_requirement": usdc(state.accounts.used(account, state.value_at_mark)),
        "cross_maintenance_margin_requirement": "0.000000",
        "shares": [],
        "pending_unlocks": [],
        "approved_integrators": [],
    }


# -- MARKETS --------------------------------------------------------------------------------------


def market_row(book: Book) -> dict[str, Any]:
    """Return a market as `orderBooks` shows it."""
    market = book.market
    return {
        "symbol": market.symbol,
        "market_id": market.market_id,
        "market_type": "perp",
        "base_asset_id": 0,
        "quote_asset_id": 0,
        "status": "active",
        "taker_fee": "0.0000",
        "is_taker_fee_enabled": True,
        "maker_fee": "0.0000",
        "is_maker_fee_enabled": True,
        "liquidation_fee": "1.0000",
        "min_base_amount": market.min_base_amount,
        "min_quote_amount": market.min_quote_amount,
        "order_quote_limit": "281474976.710655",
        "supported_size_decimals": market.size_decimals,
        "supported_price_decimals": market.price_decimals,
        "supported_quote_decimals": QUOTE_DECIMALS,
        "created_at": "1783104110730",
        "multiplier": "1.000000000000000000",
    }


def market_detail(book: Book) -> dict[str, Any]:
    """Return a market as `orderBookDetails` shows it."""
    market = book.market
    last = book.last_price or book.mark
    detail = OrderBookDetail(
        symbol=market.symbol,
        market_id=market.market_id,
        min_base_amount=market.min_base_amount,
        min_quote_amount=market.min_quote_amount,
        supported_size_decimals=market.size_decimals,
        supported_price_decimals=market.price_decimals,
        size_decimals=market.size_decimals,
        price_decimals=market.price_decimals,
        default_initial_margin_fraction=market.initial_margin_fraction,
        last_trade_price=float(format_decimal(last, market.price_decimals)),
    )
    row: dict[str, Any] = msgspec.to_builtins(detail)
    return row | {
        "daily_trades_count": 0,
        "daily_base_token_volume": 0,
        "daily_quote_token_volume": 0,
        "daily_price_low": 0,
        "daily_price_high": 0,
        "daily_price_change": 0,
        "open_interest": 0,
        "daily_chart": {},
        "market_config": {"market_margin_mode": 0, "force_reduce_only": False, "hidden": False},
        "strategy_index": 0,
        "multiplier": "1.000000000000000000",
    }


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
        "l1_address": NO_L1_ADDRESS,
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
