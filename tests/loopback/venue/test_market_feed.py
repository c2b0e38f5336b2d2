"""The public frames of a book: what changed since the last one, without a gap."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from nautilus_lighter_nonce.loopback.venue.market_feed import MarketFeed
from tests.loopback import txs
from tests.loopback.bench import Bench


class Desk:
    """A book, its feed, and what a client makes of the frames."""

    def __init__(self) -> None:
        self.bench = Bench(execution_delay_ms=0)
        self.book = self.bench.state.books[0]
        self.feed = MarketFeed(self.book)
        self.nonce = 0

    def bid(self, price: int, coi: int = 0) -> None:
        """Let a bid rest."""
        self.nonce += 1
        self.bench.send(14, txs.create(self.nonce, coi, Price=price))
        self.bench.run(0)

    def cancel_all(self) -> None:
        """End all bids."""
        self.nonce += 1
        self.bench.send(16, txs.cancel_all(self.nonce))
        self.bench.run(0)


def levels(body: dict[str, Any], side: str) -> dict[str, str]:
    """Return price to size."""
    return {row["price"]: row["size"] for row in body["order_book"][side]}


def test_snapshot_begins_at_nothing_and_has_every_level() -> None:
    """Whoever subscribes needs no frame of before."""
    desk = Desk()
    desk.bid(190_000)
    body = desk.feed.snapshot(0)
    assert body["order_book"]["begin_nonce"] == 0
    assert levels(body, "bids")["1900.00"] == "0.1000"
    assert len(levels(body, "asks")) == 1


def test_update_without_a_change_is_none() -> None:
    """And no number is used up."""
    desk = Desk()
    assert desk.feed.update(0) is None
    assert desk.feed.nonce == 1


def test_update_shows_what_changed_and_a_level_that_is_gone_as_zero() -> None:
    """Two orders of one price are one level."""
    desk = Desk()
    desk.bid(190_000)
    desk.bid(190_000)
    first = desk.feed.update(0)
    assert first is not None
    assert (levels(first, "bids"), levels(first, "asks")) == ({"1900.00": "0.2000"}, {})
    desk.cancel_all()
    second = desk.feed.update(0)
    assert second is not None
    assert levels(second, "bids") == {"1900.00": "0.0000"}
    assert second["order_book"]["begin_nonce"] == first["order_book"]["nonce"]


@given(prices=st.lists(st.integers(190_000, 190_005) | st.none(), max_size=15))
def test_snapshot_with_the_updates_is_the_book(prices: list[int | None]) -> None:
    """Whatever rests and goes, a client that adds up the frames has the book."""
    desk = Desk()
    mine = levels(desk.feed.snapshot(0), "bids")
    for price in prices:
        desk.cancel_all() if price is None else desk.bid(price)
        body = desk.feed.update(0)
        mine |= levels(body, "bids") if body else {}
    present = {price: size for price, size in mine.items() if float(size)}
    assert present == levels(desk.feed.snapshot(0), "bids")


def test_ticker_moves_only_with_the_best_levels() -> None:
    """A bid far below moves nobody's ticker."""
    desk = Desk()
    desk.bid(190_000)
    assert not desk.feed.ticker_moved()
    desk.book.set_touch(150_000, 160_000, None)
    assert desk.feed.ticker_moved()
    assert not desk.feed.ticker_moved()
    ticker = desk.feed.ticker(5_000_000)["ticker"]
    assert (ticker["b"]["price"], ticker["a"]["price"]) == ("1900.00", "1600.00")


def test_ticker_of_an_empty_side_has_empty_texts() -> None:
    """As the venue shows it (observed)."""
    desk = Desk()
    desk.book.set_touch(150_000, 160_000, 0)
    assert desk.feed.ticker(0)["ticker"]["a"] == {"price": "", "size": ""}
