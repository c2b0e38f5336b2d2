"""The private channels: who is told what, in which order, and who is told nothing."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from nautilus_lighter_nonce.loopback.venue.channels import HEIGHT
from nautilus_lighter_nonce.loopback.venue.channels import Channel
from nautilus_lighter_nonce.loopback.venue.channels import parse_channel
from nautilus_lighter_nonce.loopback.venue.streams import Streams
from tests.loopback import txs
from tests.loopback.bench import Bench


FAMILIES = (
    "account_all_orders",
    "account_all_positions",
    "account_all_trades",
    "account_all_assets",
    "user_stats",
    "account_all",
    "account_tx",
)


class Desk:
    """A venue, its streams, and somebody who is subscribed to everything of two accounts."""

    def __init__(self) -> None:
        self.bench = Bench(execution_delay_ms=0)
        self.streams = Streams(self.bench.state)
        self.wanted = {Channel(name, index) for name in FAMILIES for index in (700, 701)}

    def happen(self, tx_type: int, raw: str) -> list[dict[str, Any]]:
        """Execute a transaction and return the frames that tell of it."""
        told = len(self.bench.heard)
        self.bench.send(tx_type, raw)
        self.bench.run(0)
        frames = [
            frame
            for happening in self.bench.heard[told:]
            for _, frame in self.streams.updates(happening, self.wanted)
        ]
        return [msgspec.json.decode(frame) for frame in frames]

    def snapshot(self, text: str) -> dict[str, Any]:
        """Return the first frame of a subscription."""
        channel = parse_channel(text, self.bench.state)
        assert channel is not None
        frame: dict[str, Any] = msgspec.json.decode(self.streams.snapshot(channel, 5_000_000))
        return frame


def names(frames: list[dict[str, Any]]) -> list[str]:
    """Return the channels' families, in order."""
    return [frame["type"].removeprefix("update/") for frame in frames]


def test_updates_of_an_order_come_in_the_order_of_the_wire() -> None:
    """The order first, the transaction's record last; no trade, no asset."""
    frames = Desk().happen(14, txs.create(1, 42))
    expected = ["account_all_orders", "account_all_positions", "user_stats", "account_all"]
    assert names(frames) == [*expected, "account_tx"]
    assert {frame["channel"].partition(":")[2] for frame in frames} == {"700"}
    (row,) = frames[0]["orders"]["0"]
    assert (row["client_order_index"], row["integrator_taker_fee"]) == (42, "0")


def test_updates_of_a_trade_tell_of_it_and_of_the_money() -> None:
    """Trades, assets and positions follow the order."""
    frames = Desk().happen(14, txs.take(1, 42))
    assert names(frames) == list(FAMILIES)
    (trade,) = frames[2]["trades"]["0"]
    assert trade["bid_client_id"] == 42
    assert frames[1]["positions"]["0"]["position"] == "0.1000"


def test_refused_duplicate_is_silent_but_for_its_record() -> None:
    """An account that had no change sees no other frame (observed)."""
    desk = Desk()
    desk.happen(14, txs.create(1, 42))
    (frame,) = desk.happen(14, txs.create(2, 42))
    assert names([frame]) == ["account_tx"]
    assert [row["nonce"] for row in frame["txs"]] == [2]


def test_updates_are_built_only_for_channels_that_somebody_wants() -> None:
    """Nobody listens: nothing is said."""
    desk = Desk()
    desk.wanted = {Channel("account_tx", 700)}
    assert names(desk.happen(14, txs.create(1, 42))) == ["account_tx"]
    desk.wanted = set()
    assert desk.happen(14, txs.create(2, 43)) == []


def test_updates_of_one_market_name_their_account() -> None:
    """A channel of one market of an account hears of that market alone."""
    desk = Desk()
    desk.wanted = {Channel("account_orders", 0, "700"), Channel("account_orders", 1, "700")}
    (frame,) = desk.happen(14, txs.create(1, 42))
    assert frame["channel"] == "account_orders:0:700"
    assert frame["account"] == 700


@pytest.mark.parametrize("family", FAMILIES)
def test_snapshot_of_each_channel_is_a_subscribed_frame_in_alphabetical_order(family: str) -> None:
    """As the venue's envelope is (observed)."""
    frame = Desk().snapshot(f"{family}/700")
    assert (frame["type"], frame["channel"]) == (f"subscribed/{family}", f"{family}:700")
    assert list(frame) == sorted(frame)


def test_snapshot_of_orders_has_the_live_ones_without_an_integrator() -> None:
    """And the record channel's has no records (observed)."""
    desk = Desk()
    desk.happen(14, txs.create(1, 42))
    desk.happen(14, txs.create(2, 43))
    desk.happen(15, txs.cancel(3, 42))
    (row,) = desk.snapshot("account_all_orders/700")["orders"]["0"]
    assert (row["client_order_index"], row["integrator_taker_fee"]) == (43, "")
    assert desk.snapshot("account_orders/1/700")["orders"] == {}
    assert "txs" not in desk.snapshot("account_tx/700")


def test_height_follows_the_time() -> None:
    """A block every half second."""
    desk = Desk()
    first = msgspec.json.decode(desk.streams.height_update(0))
    later = msgspec.json.decode(desk.streams.height_update(1_000_000_000))
    assert (first["height"], later["height"]) == (0, 2)
    assert later["channel"] == HEIGHT.name


def test_book_update_is_a_frame_or_nothing() -> None:
    """Only if levels changed."""
    desk = Desk()
    assert desk.streams.book_update(0, 0) is None
    desk.happen(14, txs.create(1, 42))
    frame = desk.streams.book_update(0, 0)
    assert frame is not None
    assert msgspec.json.decode(frame)["type"] == "update/order_book"
