"""
Markets as REST bodies show them.

Rules of this file
------------------
- Rendering only; nothing here changes anything. Field names, their order and their types are the
  recorded bodies' (observed), with the values a loopback venue can know.
- Decimals are text of exactly the market's scale; quote has 6 decimals (observed).
"""

from __future__ import annotations

from typing import Any
from typing import Final

import msgspec

from nautilus_lighter_nonce.lighter.codes import QUOTE_DECIMALS
from nautilus_lighter_nonce.lighter.schemas import OrderBookDetail
from nautilus_lighter_nonce.loopback.venue.book import Book
from nautilus_lighter_nonce.loopback.venue.decimals import format_decimal


UNLIMITED_SHOWN: Final = 1_000  # base units; the wire has no word for an unlimited touch


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
