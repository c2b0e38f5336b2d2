"""
The venue's market rows in, Nautilus instruments out.

Rules of this file
------------------
- Pure functions: no I/O, no clock, no state. Time is an argument.
- A step is exactly one unit of the venue's grid: what the instrument can express, the venue can
  take.

"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from nautilus_trader.model.currencies import USDC
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.identifiers import Symbol
from nautilus_trader.model.instruments import CryptoPerpetual
from nautilus_trader.model.objects import Currency
from nautilus_trader.model.objects import Money
from nautilus_trader.model.objects import Price
from nautilus_trader.model.objects import Quantity

from nautilus_lighter_nonce.constants import LIGHTER_VENUE
from nautilus_lighter_nonce.lighter import schemas
from nautilus_lighter_nonce.lighter.codes import MAX_PRICE


MARGIN_TICK: Final = Decimal("0.0001")  # docs
PERCENT: Final = Decimal("0.01")  # market rows give fees in percent (docs)


def instrument_id_of(detail: schemas.OrderBookDetail) -> InstrumentId:
    """Return the name of a perpetual market, such as ``ETH-PERP.LIGHTER``."""
    return InstrumentId(Symbol(f"{detail.symbol}-PERP"), LIGHTER_VENUE)


def instrument_from(detail: schemas.OrderBookDetail, ts_init: int) -> CryptoPerpetual:
    """
    Return the instrument of a perpetual market, such as ``ETH-PERP.LIGHTER``.

    Parameters
    ----------
    detail : schemas.OrderBookDetail
        The venue's market row.
    ts_init : int
        Unix nanoseconds.

    Returns
    -------
    CryptoPerpetual
        Its `info` carries ``market_id``. The fees are the market's, not the account's tier (docs).

    """
    price_precision = _first(detail.price_decimals, detail.supported_price_decimals)
    size_precision = _first(detail.size_decimals, detail.supported_size_decimals)
    price_step = Decimal(1).scaleb(-price_precision)
    return CryptoPerpetual(
        instrument_id=instrument_id_of(detail),
        raw_symbol=Symbol(detail.symbol),
        base_currency=Currency.from_str(detail.symbol),
        quote_currency=USDC,
        settlement_currency=USDC,
        is_inverse=False,
        price_precision=price_precision,
        size_precision=size_precision,
        price_increment=Price(price_step, price_precision),
        size_increment=Quantity(Decimal(1).scaleb(-size_precision), size_precision),
        min_quantity=Quantity(Decimal(detail.min_base_amount), size_precision),
        min_notional=Money(Decimal(detail.min_quote_amount), USDC),
        min_price=Price(price_step, price_precision),
        max_price=Price(MAX_PRICE * price_step, price_precision),
        margin_init=detail.default_initial_margin_fraction * MARGIN_TICK,
        margin_maint=detail.maintenance_margin_fraction * MARGIN_TICK,
        maker_fee=Decimal(detail.maker_fee) * PERCENT,
        taker_fee=Decimal(detail.taker_fee) * PERCENT,
        ts_event=ts_init,
        ts_init=ts_init,
        info={"market_id": detail.market_id},
    )


def _first(value: int | None, fallback: int) -> int:
    return fallback if value is None else value
