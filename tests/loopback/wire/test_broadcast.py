"""Broadcast: who gets which frame, how late, and what a frame lever makes of it."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest

from nautilus_lighter_nonce.loopback.config import VenueConfig
from nautilus_lighter_nonce.loopback.venue.channels import Channel
from nautilus_lighter_nonce.loopback.venue.faults import Fault
from nautilus_lighter_nonce.loopback.venue.streams import Streams
from nautilus_lighter_nonce.loopback.wire.broadcast import BOOK_BATCH_S
from nautilus_lighter_nonce.loopback.wire.broadcast import Broadcast
from nautilus_lighter_nonce.loopback.wire.session import Session
from tests.loopback import txs
from tests.loopback.bench import Bench


ORDERS = Channel("account_all_orders", 700)
BOOK = Channel("order_book", 0)
TICKER = Channel("ticker", 0)


class Listener(Session):
    """A session without a socket: it notes what it is shown, and how late."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.shown: list[tuple[str, float]] = []
        self.raw: list[bytes] = []

    def show(self, channel: Channel, data: bytes, delay_s: float) -> None:
        """Note a frame."""
        self.raw.append(data)
        try:
            kind = msgspec.json.decode(data)["type"]
        except (msgspec.DecodeError, UnicodeDecodeError):
            kind = "unreadable"
        self.shown.append((kind, delay_s))

    @property
    def kinds(self) -> list[str]:
        """The types of what was shown."""
        return [kind for kind, _ in self.shown]


class Desk:
    """A venue's law, and the broadcast of it."""

    def __init__(self, **config: Any) -> None:
        self.bench = Bench(execution_delay_ms=0, **config)
        levers = self.bench.engine.levers
        self.broadcast = Broadcast(self, Streams(self.bench.state), levers)
        self.nonce = 0

    @property
    def config(self) -> VenueConfig:
        """The config."""
        return self.bench.state.config

    def now_ns(self) -> int:
        """Return the time."""
        return self.bench.at(0)

    def listener(self, *channels: Channel, number: int = 1) -> Listener:
        """Return somebody who is subscribed, and has forgotten the snapshots."""
        made = Listener(number)
        for channel in channels:
            self.broadcast.subscribe(made, channel)
        made.shown.clear()
        return made

    def trade(self) -> None:
        """Let a bid rest, and tell of it."""
        self.nonce += 1
        told = len(self.bench.heard)
        self.bench.send(14, txs.create(self.nonce))
        self.bench.run(0)
        for happening in self.bench.heard[told:]:
            self.broadcast.tell(happening)


async def test_subscribe_shows_the_snapshot_to_the_new_one_alone() -> None:
    """The others have it."""
    desk = Desk()
    first = desk.listener(ORDERS)
    second = Listener(2)
    desk.broadcast.subscribe(second, ORDERS)
    assert second.kinds == ["subscribed/account_all_orders"]
    assert first.kinds == []


async def test_update_goes_to_every_subscriber_of_its_channel() -> None:
    """And to nobody else; the same bytes for all."""
    desk = Desk()
    first, second, other = (
        desk.listener(ORDERS, number=1),
        desk.listener(ORDERS, number=2),
        desk.listener(TICKER, number=3),
    )
    desk.trade()
    assert first.kinds == second.kinds == ["update/account_all_orders"]
    assert first.raw[-1] == second.raw[-1]
    assert other.kinds == []


async def test_unsubscribed_session_is_shown_nothing() -> None:
    """Twice unsubscribed is once."""
    desk = Desk()
    listener = desk.listener(ORDERS)
    for _ in range(2):
        desk.broadcast.unsubscribe(listener, ORDERS)
    desk.trade()
    assert listener.shown == []


async def test_private_frames_are_late_and_public_ones_are_not() -> None:
    """Snapshots included: the client sees what was true so long ago."""
    desk = Desk(stream_lag_ms=250)
    listener = Listener(1)
    desk.broadcast.subscribe(listener, ORDERS)
    desk.broadcast.subscribe(listener, TICKER)
    desk.trade()
    assert [delay for _, delay in listener.shown] == [0.25, 0.0, 0.25]


async def test_books_come_in_batches() -> None:
    """However many orders, one frame per batch (docs)."""
    desk = Desk()
    listener = desk.listener(BOOK)
    for _ in range(5):
        desk.trade()
    assert listener.kinds == []
    await asyncio.sleep(BOOK_BATCH_S * 1.5)
    assert listener.kinds == ["update/order_book"]
    await asyncio.sleep(1.0)
    assert len(listener.kinds) == 1
    desk.trade()
    await asyncio.sleep(BOOK_BATCH_S * 1.5)
    assert len(listener.kinds) == 2


async def test_height_is_told_to_who_wants_it() -> None:
    """Nobody wants it: nothing is built."""
    desk = Desk()
    listener = desk.listener(TICKER)
    desk.broadcast.tell_height()
    assert listener.kinds == []
    listener = desk.listener(Channel("height"))
    desk.broadcast.tell_height()
    assert listener.kinds == ["update/height"]


@pytest.mark.parametrize(
    ("fault", "shown"),
    [
        (Fault.FRAME_DROP, []),
        (Fault.FRAME_DELAY, [("update/account_all_orders", 0.5)]),
        (Fault.FRAME_DOUBLE, [("update/account_all_orders", 0.0)] * 2),
        (Fault.FRAME_UNREADABLE, [("unreadable", 0.0)]),
    ],
)
async def test_frame_lever_bends_one_frame_of_the_connection_that_it_names(
    fault: Fault, shown: list[tuple[str, float]]
) -> None:
    """The next frame is whole, and the other connection's too."""
    desk = Desk()
    bent, whole = desk.listener(ORDERS, number=1), desk.listener(ORDERS, number=2)
    ms = 500 if fault is Fault.FRAME_DELAY else None
    desk.bench.arm(fault, channel="account_all_orders", connection=1, ms=ms)
    desk.trade()
    assert bent.shown == shown
    assert whole.shown == [("update/account_all_orders", 0.0)]
    desk.trade()
    assert bent.shown[-1] == ("update/account_all_orders", 0.0)
