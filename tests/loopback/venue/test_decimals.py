"""Decimal text and integers: what the wire writes is read back, to the last digit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_lighter_nonce.loopback.venue.decimals import format_decimal
from nautilus_lighter_nonce.loopback.venue.decimals import parse_decimal


@given(value=st.integers(-(2**63), 2**63), decimals=st.integers(0, 12))
def test_parse_of_what_was_formatted_is_the_value(value: int, decimals: int) -> None:
    """Nothing is lost, at any scale and sign."""
    if abs(value) < 10**27:  # the digits that the decimal context keeps
        assert parse_decimal(format_decimal(value, decimals), decimals) == value


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [(0, 2, "0.00"), (5, 4, "0.0005"), (-5, 1, "-0.5"), (-120, 2, "-1.20"), (7, 0, "7")],
)
def test_format_writes_every_decimal(value: int, decimals: int, text: str) -> None:
    """The wire's texts are of fixed scale (observed)."""
    assert format_decimal(value, decimals) == text


@pytest.mark.parametrize(
    ("text", "decimals", "value"),
    [("1", 2, 100), ("1.5", 2, 150), ("-0.01", 2, -1), ("1e2", 0, 100), ("1.500", 1, 15)],
)
def test_parse_takes_fewer_decimals_and_zeros_behind(text: str, decimals: int, value: int) -> None:
    """A number is its value, however it is written."""
    assert parse_decimal(text, decimals) == value


@pytest.mark.parametrize("text", ["", "abc", "1,5", "1.005"])
def test_parse_of_no_number_or_too_many_decimals_raises(text: str) -> None:
    """Nothing is rounded."""
    with pytest.raises(ValueError, match="decimal"):
        parse_decimal(text, 2)
