"""Figures and candles of a market's own trades."""

from __future__ import annotations

from nautilus_lighter_nonce.loopback.venue.market_day import DAY_NS
from nautilus_lighter_nonce.loopback.venue.market_day import MINUTE_MS
from nautilus_lighter_nonce.loopback.venue.market_day import Candle
from nautilus_lighter_nonce.loopback.venue.market_day import Day
from nautilus_lighter_nonce.loopback.venue.market_day import candles_of
from nautilus_lighter_nonce.loopback.venue.market_day import day_of
from nautilus_lighter_nonce.loopback.venue.orders import Fill
from nautilus_lighter_nonce.loopback.venue.orders import Party


NOW_NS = 1_800_000_000 * 10**9  # on a full minute


def fill(number: int, price: int, age_ns: int, base: int = 10) -> Fill:
    """Return a trade of so long ago."""
    return Fill(
        trade_id=number,
        market_id=0,
        base=base,
        price=price,
        quote=base * price,
        ask=Party(700, 1, 1),
        bid=Party(701, 2, 2),
        is_maker_ask=True,
        ts_ns=NOW_NS - age_ns,
    )


def test_day_counts_the_last_24_hours() -> None:
    """Older trades do not count; first and last price are the day's own."""
    fills = [fill(4, 105, 0), fill(3, 99, 1), fill(2, 100, DAY_NS - 1), fill(1, 7, DAY_NS)]
    day = day_of(fills, NOW_NS)
    assert day == Day(count=3, base=30, quote=3_040, low=99, high=105, first=100, last=105)
    assert day.change_percent == 5.0


def test_day_without_trades_is_zero() -> None:
    """A market that nobody traded in has no change either."""
    day = day_of([fill(1, 7, DAY_NS)], NOW_NS)
    assert (day, day.change_percent) == (Day(), 0.0)


def test_candles_group_trades_by_their_minute() -> None:
    """Oldest first; opens with the first trade of its minute, closes with the last."""
    second_ns = 10**9
    fills = [
        fill(4, 103, 0),
        fill(3, 101, 1),
        fill(2, 108, second_ns),
        fill(1, 100, 59 * second_ns),
    ]
    now_ms = NOW_NS // 10**6
    assert candles_of(fills, MINUTE_MS) == [
        Candle(
            start_ms=now_ms - MINUTE_MS,
            open=100,
            high=108,
            low=100,
            close=101,
            base=30,
            quote=3_090,
            last_trade_id=3,
        ),
        Candle(
            start_ms=now_ms,
            open=103,
            high=103,
            low=103,
            close=103,
            base=10,
            quote=1_030,
            last_trade_id=4,
        ),
    ]


def test_candles_of_no_trades_are_none() -> None:
    """An interval without a trade has no candle."""
    assert candles_of([], MINUTE_MS) == []
