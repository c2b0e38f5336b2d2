"""Connections one after the other, and one in advance."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from nautilus_lighter_nonce.lighter.connecting import OPEN_SECS
from nautilus_lighter_nonce.lighter.connecting import STABLE_SECS
from nautilus_lighter_nonce.lighter.connecting import YOUNG_SECS
from nautilus_lighter_nonce.lighter.connecting import Connector
from nautilus_lighter_nonce.lighter.connecting import Successor
from nautilus_lighter_nonce.lighter.connection import Backoff
from nautilus_lighter_nonce.lighter.connection import Link
from nautilus_lighter_nonce.lighter.errors import SocketError
from nautilus_lighter_nonce.lighter.schemas import Frame
from nautilus_lighter_nonce.lighter.subscriptions import Subscriptions
from tests.lighter.links import MemoryDial
from tests.lighter.links import MemorySocket
from tests.lighter.links import Remarks


class Bench:
    """A connector whose sockets are in memory, and subscriptions that the test confirms."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.dial = MemoryDial()
        self.log = Remarks()
        self.heard: list[tuple[bytes, int]] = []
        self.connector = Connector(
            self.loop, self.dial, Backoff(), lambda raw, epoch: self._hear(raw, epoch), self.log
        )
        self.subscriptions = Subscriptions(self.loop, self._token, 5.0)
        self.ready = 0
        self.successor = Successor(self.connector, self.subscriptions, self._on_ready)

    def _hear(self, raw: bytes, epoch: int) -> None:
        self.heard.append((raw, epoch))

    async def _token(self) -> str:
        return "token"

    def _on_ready(self) -> None:
        self.ready += 1

    async def old(self, lived_secs: float = 10.0) -> tuple[Link, MemorySocket]:
        """Return a connection that lived for a while."""
        link = await self.connector.open(self.connector.number())
        await asyncio.sleep(lived_secs)
        return link, self.dial.sockets[-1]

    def confirm_soon(self) -> None:
        """Confirm on each connection what is asked there."""
        self.loop.call_later(0.01, self._confirm)

    def _confirm(self) -> None:
        for epoch, socket in enumerate(self.dial.sockets, 1):
            for raw in socket.sent:
                channel = msgspec.json.decode(raw)["channel"].replace("/", ":")
                frame = Frame(type="subscribed/x", channel=channel)
                self.subscriptions.confirm(frame, epoch)


# -- ONE AFTER THE OTHER --------------------------------------------------------------------------


async def test_open_numbers_what_a_connection_brings() -> None:
    """A frame is told with the epoch of the connection that it came on, however late."""
    bench = Bench()
    for _ in range(2):
        await bench.connector.open(bench.connector.number())
    first, second = bench.dial.sockets
    second.handler(b"b")
    first.handler(b"a")
    assert bench.heard == [(b"b", 2), (b"a", 1)]


async def test_open_that_fails_uses_its_number_up() -> None:
    """Every attempt has a number of its own."""
    bench = Bench()
    bench.dial.failures = 1
    with pytest.raises(SocketError):
        await bench.connector.open(bench.connector.number())
    assert (await bench.connector.open(bench.connector.number())).epoch == 2


async def test_open_that_hangs_is_an_error_of_the_socket() -> None:
    """Our patience is shorter than a network's."""
    bench = Bench()
    bench.dial.dial_secs = 100.0
    begun = bench.loop.time()
    with pytest.raises(SocketError):
        await bench.connector.open(bench.connector.number())
    assert bench.loop.time() - begun == pytest.approx(OPEN_SECS)


async def test_pause_grows_with_the_attempts_until_one_lived() -> None:
    """A connection that lived for a while starts the backoff afresh, a short one does not."""
    bench = Bench()

    async def pause() -> float:
        begun = bench.loop.time()
        await bench.connector.pause()
        return bench.loop.time() - begun

    for _ in range(10):
        bench.connector.number()
    assert await pause() >= 1.0
    link, _ = await bench.old(lived_secs=STABLE_SECS / 2)
    bench.connector.note_end(link)
    assert await pause() >= 1.0
    await asyncio.sleep(STABLE_SECS)
    bench.connector.note_end(link)
    assert await pause() <= 0.1


async def test_age_of_no_connection_is_nothing() -> None:
    """Whoever never connected has not lived."""
    bench = Bench()
    link, _ = await bench.old(lived_secs=7.0)
    assert bench.connector.age(link) == pytest.approx(7.0)
    assert bench.connector.age(None) == 0.0


async def test_close_that_goes_wrong_is_remarked() -> None:
    """For people: nothing depends on it."""
    bench = Bench()
    link, socket = await bench.old()
    socket.fault = RuntimeError("why not")
    await bench.connector.close(link)
    assert len(bench.log.infos) == 1


# -- ONE IN ADVANCE -------------------------------------------------------------------------------


async def test_successor_that_was_never_begun_is_none() -> None:
    """Without an announcement there is no second connection."""
    bench = Bench()
    assert await bench.successor.taken() is None
    await bench.successor.give_up()
    assert bench.dial.sockets == []


async def test_successor_is_ready_with_all_channels_on_it() -> None:
    """It takes the place only once it has what the old one has."""
    bench = Bench()
    old, _ = await bench.old()
    bench.confirm_soon()
    await bench.subscriptions.subscribe(old, "order_book/0", False)
    bench.successor.make_while(old, bench.loop)
    bench.successor.make_while(old, bench.loop)
    await asyncio.sleep(1.0)
    assert not bench.successor.is_ready, "its channel is not confirmed yet"
    bench.confirm_soon()
    link = await bench.successor.taken()
    assert link is not None
    assert (bench.ready, len(bench.dial.sockets), link.epoch) == (1, 2, 2)


async def test_successor_is_tried_again_while_the_old_one_lives() -> None:
    """An attempt that failed is followed by another, after a pause, under another number."""
    bench = Bench()
    old, _ = await bench.old()
    bench.dial.failures = 2
    bench.successor.make_while(old, bench.loop)
    link = await bench.successor.taken()
    assert link is not None
    assert link.epoch == 4
    assert len(bench.log.warnings) == 2


async def test_successor_is_given_up_when_the_old_one_ends() -> None:
    """The ordinary way back is left then."""
    bench = Bench()
    old, socket = await bench.old()
    bench.dial.failures = 10**6
    bench.successor.make_while(old, bench.loop)
    bench.loop.call_later(30.0, setattr, socket, "is_over", True)
    assert await bench.successor.taken() is None
    assert len(bench.log.warnings) > 3


async def test_successor_of_a_young_connection_waits_a_moment() -> None:
    """A venue that announces the end of every new connection is not stormed."""
    bench = Bench()
    old, _ = await bench.old(lived_secs=YOUNG_SECS / 2)
    begun = bench.loop.time()
    bench.successor.make_while(old, bench.loop)
    assert await bench.successor.taken() is not None
    assert bench.loop.time() > begun


@pytest.mark.parametrize("spoiled", [True, False])
async def test_successor_that_lost_channels_or_died_will_not_do(spoiled: bool) -> None:
    """Better the ordinary way than a connection without all channels."""
    bench = Bench()
    old, _ = await bench.old()
    bench.successor.make_while(old, bench.loop)
    await asyncio.sleep(1.0)
    if spoiled:
        bench.successor.spoil()
    else:
        bench.dial.sockets[-1].is_lost = True
    assert await bench.successor.taken() is None


async def test_give_up_closes_what_was_made() -> None:
    """Nothing is left open behind a stream that ends."""
    bench = Bench()
    old, _ = await bench.old()
    bench.successor.make_while(old, bench.loop)
    await asyncio.sleep(1.0)
    await bench.successor.give_up()
    assert [socket.closings for socket in bench.dial.sockets] == [0, 1]
    assert bench.successor.link is None
