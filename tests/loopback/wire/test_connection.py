"""One WebSocket as bytes: what reaches the venue, what leaves it, and how it ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from collections.abc import Callable
from contextlib import asynccontextmanager

import aiohttp
from aiohttp import WSMsgType
from aiohttp import web
from aiohttp.test_utils import TestClient
from aiohttp.test_utils import TestServer

from nautilus_lighter_nonce.loopback.config import VenueConfig
from nautilus_lighter_nonce.loopback.venue.faults import Direction
from nautilus_lighter_nonce.loopback.venue.faults import Fault
from nautilus_lighter_nonce.loopback.venue.faults import Lever
from nautilus_lighter_nonce.loopback.wire.connection import Arrival
from nautilus_lighter_nonce.loopback.wire.connection import Connection
from nautilus_lighter_nonce.loopback.wire.connection import Outgoing
from tests.loopback.client import eventually


DEADLINE_S = 5.0


class Venue:
    """Delays of nothing, a clock that stands, and what arrived."""

    def __init__(self, **config: float) -> None:
        self.config = VenueConfig(idle_close_s=config.get("idle_close_s", 60.0))
        self.arrived: list[Arrival] = []
        self.levers: list[Lever] = []
        self.connections: list[Connection] = []

    def one_way_s(self) -> float:
        """Take no time."""
        return 0.0

    def now_ns(self) -> int:
        """Return the time."""
        return 7

    def lever_on(self, text: str) -> Lever | None:
        """Return the next lever."""
        return self.levers.pop() if self.levers else None

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Serve one socket."""
        connection = Connection(self, self.arrived.append, self.lever_on)
        self.connections.append(connection)
        return await connection.serve(request)

    @property
    def texts(self) -> list[str]:
        """What arrived, as text."""
        return [arrival.text for arrival in self.arrived]


@asynccontextmanager
async def connected(
    venue: Venue,
) -> AsyncIterator[tuple[Connection, aiohttp.ClientWebSocketResponse]]:
    """Yield a connection and its other end, the greeting read."""
    app = web.Application()
    app.router.add_get("/stream", venue.serve)
    async with TestClient(TestServer(app)) as http:
        socket = await http.ws_connect("/stream", autoping=False)
        assert (await socket.receive_json(timeout=DEADLINE_S))["type"] == "connected"
        yield venue.connections[-1], socket
        venue.connections[-1].release()
        await socket.close()


async def arrived(venue: Venue, *texts: str) -> None:
    """Wait until these texts arrived, in this order."""
    await eventually(lambda: venue.texts == list(texts))


async def test_texts_arrive_in_order_with_the_time_of_reading() -> None:
    """What the venue makes of one is not the connection's business."""
    venue = Venue()
    async with connected(venue) as (_, socket):
        await socket.send_str("a")
        await socket.send_str("b")
        await arrived(venue, "a", "b")
    assert [arrival.received_ns for arrival in venue.arrived] == [7, 7]


async def test_push_leaves_in_order_and_notes_when_it_was_answered() -> None:
    """The ledger knows what was written."""
    async with connected(Venue()) as (connection, socket):
        connection.push(Outgoing(b"1"), 0.05)
        connection.push(Outgoing(b"2"))
        seen = {(await socket.receive(timeout=DEADLINE_S)).data for _ in range(2)}
    assert seen == {"1", "2"}


async def test_ping_is_answered_with_its_payload() -> None:
    """A sign of life, through the lines like everything."""
    async with connected(Venue()) as (_, socket):
        await socket.ping(b"payload")
        message = await socket.receive(timeout=DEADLINE_S)
    assert (message.type, message.data) == (WSMsgType.PONG, b"payload")


async def test_hold_in_keeps_what_was_read_until_it_is_released() -> None:
    """The client cannot know; nothing is lost."""
    venue = Venue()
    async with connected(venue) as (connection, socket):
        connection.hold(Direction.IN, None)
        await socket.send_str("a")
        await eventually(lambda: connection.is_held)
        connection.push(Outgoing(b"out"))
        assert (await socket.receive(timeout=DEADLINE_S)).data == "out"
        assert venue.texts == []
        connection.release()
        await arrived(venue, "a")


async def test_half_open_connection_takes_and_sends_nothing_and_stands() -> None:
    """Dead without a close: not even a pong comes."""
    venue = Venue()
    async with connected(venue) as (connection, socket):
        connection.half_open()
        await socket.send_str("a")
        await socket.ping()
        connection.push(Outgoing(b"out"))
        try:
            async with asyncio.timeout(0.1):
                message: object = await socket.receive()
        except TimeoutError:
            message = None
        assert (message, venue.texts, connection.is_over) == (None, [], False)
        connection.abort()


async def test_lever_on_a_text_holds_it_and_says_which() -> None:
    """What follows waits behind it."""
    venue = Venue()
    async with connected(venue) as (connection, socket):
        venue.levers.append(Lever(fault=Fault.HOLD))
        await socket.send_str("a")
        await eventually(lambda: connection.is_held)
        await socket.send_str("b")
        connection.release()
        await arrived(venue, "a", "b")
    assert [arrival.fault for arrival in venue.arrived] == [Fault.HOLD, None]


async def closing(act: Callable[[Connection], None], **config: float) -> int | None:
    """Return the code with which a connection ends, ``None`` if it is cut."""
    venue = Venue(**config)
    async with connected(venue) as (connection, socket):
        act(connection)
        while True:
            message = await socket.receive(timeout=DEADLINE_S)
            if message.type is not WSMsgType.TEXT:
                break
        await eventually(lambda: connection.is_over)
        return socket.close_code if message.type is not WSMsgType.ERROR else None


async def test_shut_down_closes_as_going_away() -> None:
    """With or without a grace."""
    assert await closing(lambda c: c.shut_down(0, announced=True)) == 1001
    assert await closing(lambda c: c.shut_down(20, announced=False)) == 1001


async def test_idle_connection_is_closed_in_order() -> None:
    """A client that sends nothing for so long."""
    assert await closing(lambda _: None, idle_close_s=0.05) == 1000


async def test_abort_is_no_close() -> None:
    """The client hears of no reason."""
    assert await closing(lambda c: c.abort()) not in (1000, 1001)
