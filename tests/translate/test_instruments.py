"""From a market row to an instrument: its grid, its limits, its names."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from nautilus_trader.model.currencies import USDC
from nautilus_trader.model.objects import Money
from nautilus_trader.model.objects import Price

from nautilus_lighter_nonce.translate import instruments
from tests.markets import DETAILS
from tests.markets import ETH


def test_instrument_from_market_row_has_its_grid_and_limits() -> None:
    """An instrument carries the market's name, grid, limits, margins and fees."""
    assert ETH.id.value == "ETH-PERP.LIGHTER"
    assert (ETH.raw_symbol.value, ETH.base_currency.code) == ("ETH", "ETH")
    assert (ETH.quote_currency, ETH.settlement_currency) == (USDC, USDC)
    assert (ETH.price_precision, ETH.size_precision) == (2, 4)
    assert (str(ETH.price_increment), str(ETH.size_increment)) == ("0.01", "0.0001")
    assert str(ETH.min_quantity) == "0.0050"
    assert ETH.min_notional == Money(10, USDC)
    assert ETH.max_price == Price.from_str("42949672.95")
    assert (ETH.margin_init, ETH.margin_maint) == (Decimal("0.05"), Decimal("0.012"))
    assert (ETH.maker_fee, ETH.taker_fee) == (Decimal("0.00004"), Decimal("0.00028"))
    assert ETH.info == {"market_id": 0}


def test_instrument_from_row_without_decimals_uses_supported_ones() -> None:
    """Rows of `orderBooks` have only the supported decimals."""
    instrument = instruments.instrument_from(DETAILS[1], 5)
    assert (instrument.price_precision, instrument.size_precision) == (1, 5)


@pytest.mark.parametrize("symbol", ["1000PEPE", "XAU", "NEWCOIN9"])
def test_instrument_from_unknown_symbol_makes_a_crypto_currency(symbol: str) -> None:
    """The venue lists what Nautilus has never heard of."""
    row = msgspec.structs.replace(DETAILS[0], symbol=symbol)
    assert instruments.instrument_from(row, 5).base_currency.code == symbol


@pytest.mark.parametrize(("price_decimals", "size_decimals"), [(0, 0), (9, 0), (0, 9)])
def test_instrument_from_extreme_decimals_is_possible(
    price_decimals: int, size_decimals: int
) -> None:
    """No grid of the venue's is too coarse or too fine."""
    row = msgspec.structs.replace(
        DETAILS[0], price_decimals=price_decimals, size_decimals=size_decimals
    )
    instrument = instruments.instrument_from(row, 5)
    assert (instrument.price_precision, instrument.size_precision) == (
        price_decimals,
        size_decimals,
    )
