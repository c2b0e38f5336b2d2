"""Decimal text to integers and back; the venue's wire carries decimals as text of fixed scale."""

from __future__ import annotations

import functools
from decimal import Decimal
from decimal import InvalidOperation


@functools.lru_cache(maxsize=4096)
def parse_decimal(text: str, decimals: int) -> int:
    """
    Return a decimal number as an integer count of its smallest unit.

    Parameters
    ----------
    text : str
        A decimal number.
    decimals : int
        The scale, 0 upward.

    Returns
    -------
    int

    Raises
    ------
    ValueError
        If the text is no number or has more decimals than the scale.

    """
    try:
        scaled = Decimal(text).scaleb(decimals)
    except InvalidOperation as e:
        raise ValueError(f"not a decimal: {text!r}") from e
    if scaled != scaled.to_integral_value():
        raise ValueError(f"more than {decimals} decimals: {text!r}")
    return int(scaled)


@functools.lru_cache(maxsize=4096)
def format_decimal(value: int, decimals: int) -> str:
    """
    Return an integer count of smallest units as decimal text.

    Parameters
    ----------
    value : int
        The count, may be negative.
    decimals : int
        The scale, 0 upward.

    Returns
    -------
    str
        Exactly `decimals` digits after the point, as the wire has it (observed).

    """
    sign = "-" if value < 0 else ""
    digits = str(abs(value)).rjust(decimals + 1, "0")
    if decimals == 0:
        return sign + digits
    return f"{sign}{digits[:-decimals]}.{digits[-decimals:]}"
