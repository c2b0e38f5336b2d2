"""The public channels: bodies for those that somebody wants, and what moves each of them."""

from __future__ import annotations

import pytest

from nautilus_lighter_nonce.loopback.venue.channels import ALL
from nautilus_lighter_nonce.loopback.venue.channels import Channel
from nautilus_lighter_nonce.loopback.venue.streams_markets import REPLAYED_TRADES
from nautilus_lighter_nonce.loopback.venue.streams_markets import MarketStreams
from tests.loopback import txs
from tests.loopback.bench import Bench


WANTED = {
    Channel("ticker", 0),
    Channel("trade", 0),
    Channel("candle", 0, "1m"),
    Channel("market_stats", 0),
    Channel("market_stats", detail=ALL),
}


class Desk:
    """A venue and its public streams."""

    def __init__(self) -> None:
        self.bench = Bench(execution_delay_ms=0)
        self.streams = MarketStreams(self.bench.state)
        self.nonce = 0

    def happen(self, raw_of: str = "create", **fields: int) -> list[str]:
        """Execute an order, and return the families of the channels that tell of it."""
        self.nonce += 1
        make = txs.take if raw_of == "take" else txs.create
        self.bench.send(14, make(self.nonce, **fields))
        self.bench.run(0)
        happening = self.bench.heard[-1]
        return [c.name for c, _ in self.streams.updates(0, happening, WANTED)]


def test_order_below_the_touch_moves_no_public_channel() -> None:
    """The order book's frames come in batches, which are the caller's."""
    desk = Desk()
    assert desk.happen() == []
    assert desk.streams.book_update(0, 0) is not None
    assert desk.streams.nonce(0) == 2


def test_order_at_the_top_moves_the_ticker() -> None:
    """Above the touch it is the best bid."""
    assert Desk().happen(Price=200_040) == ["ticker:0"]


def test_trade_moves_trades_candles_and_figures() -> None:
    """Of its market, and of all."""
    names = ["trade:0", "candle:0:1m", "market_stats:0", "market_stats:all"]
    assert Desk().happen("take") == names


def test_touch_that_moved_changes_ticker_and_figures() -> None:
    """The mark is the middle of it."""
    desk = Desk()
    desk.bench.engine.move_touch(0, "1990.00", "1991.00", None, desk.bench.at(1))
    happening = desk.bench.heard[-1]
    told = [channel.name for channel, _ in desk.streams.updates(0, happening, WANTED)]
    assert told == ["ticker:0", "market_stats:0", "market_stats:all"]
    assert list(desk.streams.updates(0, happening, set())) == []


def test_snapshot_of_trades_replays_the_last_ones_newest_first() -> None:
    """Fifty at most (docs)."""
    desk = Desk()
    for _ in range(REPLAYED_TRADES + 3):
        desk.happen("take")
    ids = [row["trade_id"] for row in desk.streams.snapshot(Channel("trade", 0), 0)["trades"]]
    assert len(ids) == REPLAYED_TRADES
    assert ids == sorted(ids, reverse=True)
    assert ids[0] == desk.bench.state.market_trades[0][0].trade_id


def test_snapshot_of_a_candle_is_that_of_now() -> None:
    """None while the interval has no trade."""
    desk = Desk()
    desk.happen("take")
    fill = desk.bench.state.market_trades[0][0]
    channel = Channel("candle", 0, "1m")
    assert len(desk.streams.snapshot(channel, fill.ts_ns)["candles"]) == 1
    assert desk.streams.snapshot(channel, fill.ts_ns + 60 * 10**9)["candles"] == []


def test_snapshot_of_all_figures_has_every_market_and_no_spot() -> None:
    """Spot markets are none here."""
    desk = Desk()
    every = desk.streams.snapshot(Channel("market_stats", detail=ALL), 0)["market_stats"]
    assert set(every) == {str(market_id) for market_id in desk.bench.state.books}
    spot = desk.streams.snapshot(Channel("spot_market_stats", detail=ALL), 0)
    assert spot["spot_market_stats"] == {}


def test_snapshot_of_an_unknown_channel_raises() -> None:
    """It was to be refused before."""
    with pytest.raises(ValueError, match="no market channel"):
        Desk().streams.snapshot(Channel("nonsense", 0), 0)
