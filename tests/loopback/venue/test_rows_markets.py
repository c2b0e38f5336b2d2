"""Markets as the wire shows them: the figures of the day follow the trades."""

from __future__ import annotations

import pytest

from nautilus_lighter_nonce.loopback.venue import rows_markets
from nautilus_lighter_nonce.loopback.venue.market_day import candles_of
from tests.loopback import txs
from tests.loopback.bench import Bench


DAY_NS = 24 * 3_600 * 10**9


@pytest.fixture
def traded() -> Bench:
    """Return a venue on which 0.1 ETH was bought at the touch."""
    bench = Bench(execution_delay_ms=0)
    bench.send(14, txs.take(1, 42))
    bench.run(0)
    return bench


def test_last_price_before_the_first_trade_is_the_mark() -> None:
    """There is always a price."""
    book = Bench().state.books[0]
    assert rows_markets.last_price(book) == book.mark


def test_last_price_is_that_of_the_last_trade(traded: Bench) -> None:
    """Not the mark."""
    book = traded.state.books[0]
    (fill,) = traded.state.market_trades[0]
    assert rows_markets.last_price(book) == fill.price != book.mark


def test_market_detail_counts_the_trades_of_the_day(traded: Bench) -> None:
    """Tomorrow they are none of the day's."""
    state = traded.state
    (fill,) = state.market_trades[0]
    today = rows_markets.market_detail(state, state.books[0], fill.ts_ns + 1)
    later = rows_markets.market_detail(state, state.books[0], fill.ts_ns + 2 * DAY_NS)
    assert (today["daily_trades_count"], later["daily_trades_count"]) == (1, 0)
    assert today["daily_base_token_volume"] == 0.1
    assert today["daily_quote_token_volume"] == fill.quote / 1e6
    assert today["daily_price_high"] == today["last_trade_price"] == fill.price / 100
    assert today["open_interest"] == later["open_interest"] == 0.1


def test_stats_row_says_the_same_in_other_words(traded: Bench) -> None:
    """Open interest is USDC there; prices are text (observed)."""
    state = traded.state
    (fill,) = state.market_trades[0]
    row = rows_markets.stats_row(state, state.books[0], fill.ts_ns)
    assert row["last_trade_price"] == f"{fill.price / 100:.2f}"
    assert float(row["open_interest"]) == pytest.approx(0.1 * float(row["mark_price"]))
    assert row["funding_timestamp"] % rows_markets.HOUR_MS == 0
    stats = rows_markets.book_stats(state, state.books[0], fill.ts_ns)
    assert stats["daily_base_token_volume"] == row["daily_base_token_volume"] == 0.1


def test_market_row_of_each_market_names_its_scale() -> None:
    """Who reads it can write orders."""
    for market_id, book in Bench().state.books.items():
        row = rows_markets.market_row(book)
        assert row["market_id"] == market_id
        assert row["supported_size_decimals"] == book.market.size_decimals
        assert row["supported_price_decimals"] == book.market.price_decimals


def test_candle_row_has_the_letters_of_the_wire(traded: Bench) -> None:
    """One trade is open, high, low and close."""
    book = traded.state.books[0]
    fills = list(traded.state.market_trades[0])
    (candle,) = candles_of(fills, 60_000)
    row = rows_markets.candle_row(book, candle)
    assert {row[letter] for letter in "ohlc"} == {fills[0].price / 100}
    assert (row["v"], row["V"], row["i"]) == (0.1, fills[0].quote / 1e6, fills[0].trade_id)
    assert row["t"] % 60_000 == 0


def test_open_interest_is_what_the_larger_side_holds(traded: Bench) -> None:
    """The house holds what the accounts do not."""
    assert rows_markets.open_interest(traded.state, 0) == 1_000
    assert rows_markets.open_interest(traded.state, 1) == 0
