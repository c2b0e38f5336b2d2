"""
Markets as REST bodies and frames show them.

Rules of this file
------------------
- Rendering only; nothing here changes anything. Field names, their order and their types are the
  recorded bodies' (observed), with the values a loopback venue can know.
- Decimals are text of exactly the market's scale, quote has 6 decimals; figures of the day are JSON
  numbers (all observed).
- The index price is the mark, the middle of the touch; there is no funding: its rates are 0.
"""

from __future__ import annotations

from typing import Any
from typing import Final

from nautilus_lighter_nonce.lighter.codes import QUOTE_DECIMALS
from nautilus_lighter_nonce.loopback.venue.book import Book
from nautilus_lighter_nonce.loopback.venue.decimals import format_decimal
from nautilus_lighter_nonce.loopback.venue.market_day import Candle
from nautilus_lighter_nonce.loopback.venue.market_day import Day
from nautilus_lighter_nonce.loopback.venue.market_day import day_of
from nautilus_lighter_nonce.loopback.venue.rows_accounts import USDC_ASSET_ID
from nautilus_lighter_nonce.loopback.venue.state import State
from nautilus_lighter_nonce.loopback.venue.views import json_number
from nautilus_lighter_nonce.loopback.venue.views import usdc


UNLIMITED_SHOWN: Final = 1_000  # base units; the wire has no word for an unlimited touch
CREATED_MS: Final = 1_783_104_110_730  # when testnet's markets were made (observed)
ORDER_QUOTE_LIMIT: Final = "281474976.710655"  # 2**48 - 1 (observed)
OPEN_INTEREST_LIMIT: Final = "72057594037927936.000000"  # 2**56: none (observed)
INSURANCE_FUND: Final = 281_474_976_710_655  # observed
HOUR_MS: Final = 3_600_000  # funding is paid by the hour (docs)

_MARKET_CONFIG: Final = {
    "market_margin_mode": 0,
    "insurance_fund_account_index": INSURANCE_FUND,
    "liquidation_mode": 0,
    "force_reduce_only": False,
    "trading_hours": "",
    "funding_fee_discounts_enabled": False,
    "hidden": False,
    "rfq_enabled": True,
}
"""Observed, of mainnet's ETH."""


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
        "order_quote_limit": ORDER_QUOTE_LIMIT,
        "supported_size_decimals": market.size_decimals,
        "supported_price_decimals": market.price_decimals,
        "supported_quote_decimals": QUOTE_DECIMALS,
        "created_at": str(CREATED_MS),
        "multiplier": "1.000000000000000000",
    }


def market_detail(state: State, book: Book, now_ns: int) -> dict[str, Any]:
    """Return a market as `orderBookDetails` shows it."""
    market = book.market
    day = day_of(state.market_trades[market.market_id], now_ns)
    detail = {
        "size_decimals": market.size_decimals,
        "price_decimals": market.price_decimals,
        "quote_multiplier": 1,
        "default_initial_margin_fraction": market.initial_margin_fraction,
        "min_initial_margin_fraction": min(200, market.initial_margin_fraction),
        "maintenance_margin_fraction": 120,
        "closeout_margin_fraction": 80,
        "last_trade_price": _price_number(book, last_price(book)),
        "daily_trades_count": day.count,
    }
    return (
        market_row(book)
        | detail
        | _day_numbers(book, day)
        | {
            "open_interest": _size_number(book, open_interest(state, market.market_id)),
            "daily_chart": {},
            "market_config": _MARKET_CONFIG,
            "strategy_index": 0,
        }
    )


def book_stats(state: State, book: Book, now_ns: int) -> dict[str, Any]:
    """Return a market as `exchangeStats` shows it."""
    day = day_of(state.market_trades[book.market.market_id], now_ns)
    numbers = _day_numbers(book, day)
    return {
        "symbol": book.market.symbol,
        "last_trade_price": _price_number(book, last_price(book)),
        "daily_trades_count": day.count,
        "daily_base_token_volume": numbers["daily_base_token_volume"],
        "daily_quote_token_volume": numbers["daily_quote_token_volume"],
        "daily_price_change": numbers["daily_price_change"],
    }


def stats_row(state: State, book: Book, now_ns: int) -> dict[str, Any]:
    """Return a market as `market_stats` shows it; open interest is in USDC there (observed)."""
    market = book.market
    mark = format_decimal(book.mark, market.price_decimals)
    held = open_interest(state, market.market_id)
    now_ms = now_ns // 1_000_000
    return {
        "symbol": market.symbol,
        "market_id": market.market_id,
        "index_price": mark,
        "mark_price": mark,
        "mid_price": mark,
        "open_interest": usdc(book.quote_of(held, book.mark)),
        "open_interest_limit": OPEN_INTEREST_LIMIT,
        "funding_clamp_small": "0.0500",
        "funding_clamp_big": "4.0000",
        "last_trade_price": format_decimal(last_price(book), market.price_decimals),
        "base_interest_rate": "0.0100",
        "current_funding_rate": "0.0000",
        "funding_rate": "0.0000",
        "funding_timestamp": now_ms - now_ms % HOUR_MS,
    } | _day_numbers(book, day_of(state.market_trades[market.market_id], now_ns))


def candle_row(book: Book, candle: Candle) -> dict[str, Any]:
    """Return a candle; REST and stream have the same letters (observed)."""
    return {
        "t": candle.start_ms,
        "o": _price_number(book, candle.open),
        "h": _price_number(book, candle.high),
        "l": _price_number(book, candle.low),
        "c": _price_number(book, candle.close),
        "v": _size_number(book, candle.base),
        "V": json_number(candle.quote, QUOTE_DECIMALS),
        "i": candle.last_trade_id,
    }


def funding_row(ts_ms: int) -> dict[str, Any]:
    """Return a payment of nothing; its time is in seconds (observed)."""
    return {
        "timestamp": ts_ms // 1_000,
        "value": "0.00000000",
        "rate": "0.0000",
        "direction": "long",
    }


def usdc_detail() -> dict[str, Any]:
    """Return USDC as `assetDetails` shows it (names and values as third parties read them)."""
    return {
        "asset_id": USDC_ASSET_ID,
        "symbol": "USDC",
        "l1_decimals": QUOTE_DECIMALS,
        "decimals": QUOTE_DECIMALS,
        "min_transfer_amount": "1.000000",
        "min_withdrawal_amount": "1.000000",
        "margin_mode": "enabled",
        "index_price": "1.000000",
        "l1_address": "0x95Fd23d5110f9D89A4b0B7d63D78F5B5Ea5074D1",
        "global_supply_cap": "0.000000",
        "liquidation_fee": "0.0000",
        "liquidation_threshold": "0.0000",
        "loan_to_value": "0.0000",
        "price_decimals": QUOTE_DECIMALS,
        "total_supplied": "0.000000",
        "user_supply_cap": "0.000000",
        "liquidation_factor": "0.0000",
        "multiplier": "1.000000000000000000",
    }


def last_price(book: Book) -> int:
    """Return the price of the last trade, the mark before the first; price units."""
    return book.last_price or book.mark


def open_interest(state: State, market_id: int) -> int:
    """Return what is held on each side, base units; the house holds what the accounts do not."""
    longs, shorts = state.accounts.held(market_id)
    return max(longs, shorts)


def _day_numbers(book: Book, day: Day) -> dict[str, float]:
    return {
        "daily_base_token_volume": _size_number(book, day.base),
        "daily_quote_token_volume": json_number(day.quote, QUOTE_DECIMALS),
        "daily_price_low": _price_number(book, day.low),
        "daily_price_high": _price_number(book, day.high),
        "daily_price_change": day.change_percent,
    }


def _price_number(book: Book, price: int) -> float:
    return json_number(price, book.market.price_decimals)


def _size_number(book: Book, size: int) -> float:
    return json_number(size, book.market.size_decimals)
