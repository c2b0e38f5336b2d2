"""
Accounts, positions and balances as REST bodies and frames show them.

Rules of this file
------------------
- Rendering only; nothing here changes anything. Field names, their order and their types are the
  recorded frames' (observed), with the values a loopback venue can know.
- Decimals are text of exactly the market's scale; quote has 6 decimals (observed).
"""

from __future__ import annotations

from typing import Any
from typing import Final

from nautilus_lighter_nonce.lighter.codes import QUOTE_DECIMALS
from nautilus_lighter_nonce.loopback.config import Tier
from nautilus_lighter_nonce.loopback.venue.accounts import Account
from nautilus_lighter_nonce.loopback.venue.decimals import format_decimal
from nautilus_lighter_nonce.loopback.venue.market_day import DAY_NS
from nautilus_lighter_nonce.loopback.venue.state import State
from nautilus_lighter_nonce.loopback.venue.views import json_number
from nautilus_lighter_nonce.loopback.venue.views import l1_address
from nautilus_lighter_nonce.loopback.venue.views import usdc


USDC_ASSET_ID: Final = 3  # observed

_PERIODS_NS: Final = {"daily": DAY_NS, "weekly": 7 * DAY_NS, "monthly": 30 * DAY_NS, "total": 2**64}

_ACCOUNT_TYPES: Final = {Tier.STANDARD: 0, Tier.PREMIUM: 1, Tier.PLUS: 2}
"""The tiers' numbers as Nautilus' Rust client reads them; only 0 is observed."""


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


def volumes(state: State, account: Account, now_ns: int) -> dict[str, float]:
    """Return how many trades an account made, and what they were worth in USDC, by period."""
    fills = state.trades[account.account_index]
    row: dict[str, float] = {}
    for period, length_ns in _PERIODS_NS.items():
        quotes = [fill.quote for fill in fills if fill.ts_ns > now_ns - length_ns]
        row[f"{period}_trades_count"] = len(quotes)
        row[f"{period}_volume"] = json_number(sum(quotes), QUOTE_DECIMALS)
    return row


def sub_account_row(state: State, account: Account) -> dict[str, Any]:
    """Return an account as `accountsByL1Address` shows it."""
    index = account.account_index
    return {
        "code": 0,
        "account_type": _ACCOUNT_TYPES[state.config.tier],
        "index": index,
        "l1_address": l1_address(index),
        "cancel_all_time": account.cancel_all_time_ms,
        "total_order_count": len(state.orders.live(index)),
        "total_isolated_order_count": 0,
        "pending_order_count": 0,
        "available_balance": usdc(state.available(index)),
        "status": 1,
        "collateral": usdc(account.collateral),
        "transaction_time": 0,
        "account_trading_mode": 0,
    }


def account_row(state: State, account: Account) -> dict[str, Any]:
    """Return an account as `account` shows it."""
    index = account.account_index
    equity = usdc(state.accounts.equity(account, state.value_at_mark))
    return sub_account_row(state, account) | {
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
