"""
What a market's own trades add up to: the last day's figures, and candles.

Rules of this file
------------------
- Pure arithmetic over fills, newest first; nothing is kept here. What the venue has forgotten, more
  than `state.TRADES_KEPT` trades ago, does not count.
- Integers in, integers out: price units, size units, 1e-6 USDC. Who renders them scales them.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Final

import msgspec

from nautilus_lighter_nonce.loopback.venue.orders import Fill


DAY_NS: Final = 24 * 3_600 * 10**9
MINUTE_MS: Final = 60_000
INTERVALS_MS: Final = {
    "1m": MINUTE_MS,
    "5m": 5 * MINUTE_MS,
    "15m": 15 * MINUTE_MS,
    "30m": 30 * MINUTE_MS,
    "1h": 60 * MINUTE_MS,
    "4h": 240 * MINUTE_MS,
    "12h": 720 * MINUTE_MS,
    "1d": 1_440 * MINUTE_MS,
}
"""Candle resolutions of the stream (docs); REST has the week as well, which is not here."""


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """The trades of the last 24 hours; all 0 without one."""

    count: int = 0
    base: int = 0
    quote: int = 0
    low: int = 0
    high: int = 0
    first: int = 0
    last: int = 0

    @property
    def change_percent(self) -> float:
        """How far the last price is from the day's first, in percent."""
        return (self.last - self.first) * 100 / self.first if self.first else 0.0


class Candle(msgspec.Struct, frozen=True, kw_only=True):
    """The trades of one interval."""

    start_ms: int
    open: int
    high: int
    low: int
    close: int
    base: int
    quote: int
    last_trade_id: int


def day_of(fills: Iterable[Fill], now_ns: int) -> Day:
    """
    Return the figures of the last 24 hours.

    Parameters
    ----------
    fills : Iterable[Fill]
        A market's trades, newest first.
    now_ns : int
        The time, UNIX nanoseconds.

    Returns
    -------
    Day

    """
    recent = list(itertools.takewhile(lambda fill: fill.ts_ns > now_ns - DAY_NS, fills))
    if not recent:
        return Day()
    prices = [fill.price for fill in recent]
    return Day(
        count=len(recent),
        base=sum(fill.base for fill in recent),
        quote=sum(fill.quote for fill in recent),
        low=min(prices),
        high=max(prices),
        first=prices[-1],
        last=prices[0],
    )


def candles_of(fills: Iterable[Fill], interval_ms: int) -> list[Candle]:
    """
    Return candles, oldest first; intervals without a trade have none.

    Parameters
    ----------
    fills : Iterable[Fill]
        A market's trades, newest first.
    interval_ms : int
        A candle's length.

    Returns
    -------
    list[Candle]

    """
    oldest_first = list(fills)[::-1]
    groups = itertools.groupby(oldest_first, lambda fill: start_of(fill.ts_ns, interval_ms))
    return [_candle(start_ms, list(group)) for start_ms, group in groups]


def start_of(ts_ns: int, interval_ms: int) -> int:
    """Return the start of the interval that a time lies in, UNIX milliseconds."""
    ts_ms = ts_ns // 1_000_000
    return ts_ms - ts_ms % interval_ms


def _candle(start_ms: int, fills: list[Fill]) -> Candle:
    prices = [fill.price for fill in fills]
    return Candle(
        start_ms=start_ms,
        open=prices[0],
        high=max(prices),
        low=min(prices),
        close=prices[-1],
        base=sum(fill.base for fill in fills),
        quote=sum(fill.quote for fill in fills),
        last_trade_id=fills[-1].trade_id,
    )
