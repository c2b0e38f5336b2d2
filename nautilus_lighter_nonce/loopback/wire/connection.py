"""
One WebSocket as bytes: what is read, what is written, and what may befall it on the way.

Rules of this file
------------------
- Everything that passes goes through the connection's two lines, pings, pongs and closes included,
  so that what holds or cuts a line leaves no sign of life.
- What was read comes out of its line, also when the client has gone meanwhile; what would answer it
  is lost.
- What a text says is the session's business.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any
from typing import Final
from typing import Protocol

import msgspec
from aiohttp import WSCloseCode
from aiohttp import WSMsgType
from aiohttp import web

from nautilus_lighter_nonce.loopback.venue.faults import Direction
from nautilus_lighter_nonce.loopback.venue.faults import Fault
from nautilus_lighter_nonce.loopback.venue.faults import Lever
from nautilus_lighter_nonce.loopback.venue.ledger import Entry
from nautilus_lighter_nonce.loopback.wire import frames
from nautilus_lighter_nonce.loopback.wire.lines import Air
from nautilus_lighter_nonce.loopback.wire.lines import Line


CLOSE_TIMEOUT_S: Final = 2.0  # how long a client may take to answer a close


class Clocked(Air, Protocol):
    """What decides how long a frame takes, with the time."""

    def now_ns(self) -> int:
        """Return the venue's time, UNIX nanoseconds."""


class Arrival(msgspec.Struct, frozen=True, gc=False):
    """A message that was read, with the time when, and the lever that it met on the way."""

    kind: WSMsgType
    text: str
    received_ns: int
    payload: bytes = b""
    fault: Fault | None = None


class Outgoing(msgspec.Struct, frozen=True):
    """A message on its way out, with the ledger entries that it answers."""

    data: bytes
    entries: tuple[Entry, ...] = ()
    kind: WSMsgType = WSMsgType.TEXT


class Connection:
    """
    One WebSocket.

    Parameters
    ----------
    venue : Clocked
        Its delays and its time.
    take : Callable[[Arrival], None]
        Called with each text when it reaches the venue.
    lever_on : Callable[[str], Lever | None]
        Asked for the lever that a text meets when it was read.

    """

    def __init__(
        self,
        venue: Clocked,
        take: Callable[[Arrival], None],
        lever_on: Callable[[str], Lever | None],
    ) -> None:
        self._venue = venue
        self._take_text = take
        self._lever_on = lever_on
        self._socket = web.WebSocketResponse(
            autoclose=False,
            autoping=False,
            compress=False,
            receive_timeout=venue.config.idle_close_s,
            timeout=CLOSE_TIMEOUT_S,
        )
        self._loop = asyncio.get_running_loop()
        self._incoming: Line[Arrival] = Line(self._loop, venue, self._take)
        self._outgoing: Line[Outgoing] = Line(self._loop, venue, self._ready)
        self._outbox: deque[Outgoing] = deque()
        self._wake = asyncio.Event()
        self._over = asyncio.Event()
        self._shutdown: asyncio.TimerHandle | None = None
        self._transport: asyncio.Transport | None = None
        self._is_parting = False
        self._was_cut_off = False

    # -- LIFE -------------------------------------------------------------------------------------

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """Read and write until one side closes."""
        await self._socket.prepare(request)
        self._transport = request.transport
        tasks = [self._loop.create_task(work) for work in (self._write(), self._ping())]
        self.push(Outgoing(frames.greeting()))
        try:
            await self._read()
        finally:
            self._leave()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return self._socket

    @property
    def is_over(self) -> bool:
        """Whether the socket has gone; what it held may still arrive."""
        return self._over.is_set()

    @property
    def is_held(self) -> bool:
        """Whether something may still be released."""
        return self._incoming.is_held or self._outgoing.is_held

    def push(self, outgoing: Outgoing, extra_s: float = 0.0) -> None:
        """
        Send a message.

        Parameters
        ----------
        outgoing : Outgoing
            The message.
        extra_s : float, default 0.0
            An extra delay of this message alone; later ones overtake it then.

        """
        self._outgoing.push(outgoing, extra_s)

    # -- WHAT BEFALLS IT --------------------------------------------------------------------------

    def hold(self, direction: Direction, ms: float | None) -> None:
        """Hold what passes from now on, for so long or until it is released."""
        if direction is not Direction.OUT:
            self._incoming.hold(ms)
        if direction is not Direction.IN:
            self._outgoing.hold(ms)

    def release(self) -> None:
        """Let go what is held, in order."""
        self._incoming.release()
        self._outgoing.release()

    def half_open(self) -> None:
        """Process nothing and send nothing from now on, and leave the TCP connection standing."""
        self._incoming.cut()
        self._outgoing.cut()

    def abort(self) -> None:
        """Cut the connection without a word; what is held arrives all the same."""
        self._was_cut_off = True
        if self._transport is not None:
            self._transport.abort()

    def shut_down(self, ms: float, *, announced: bool) -> None:
        """Close the connection after a grace of so many milliseconds, announced or not."""
        if announced:
            self.push(Outgoing(frames.shutdown(ms)))
        if ms > 0:
            self._shutdown = self._loop.call_later(ms / 1_000, self._part, WSCloseCode.GOING_AWAY)
        else:
            self._part(WSCloseCode.GOING_AWAY)

    # -- READING ----------------------------------------------------------------------------------

    async def _read(self) -> None:
        while True:
            try:
                message = await self._socket.receive()
            except TimeoutError:
                self._part(WSCloseCode.OK)
                continue
            if message.type in (WSMsgType.CLOSED, WSMsgType.ERROR):
                return
            if message.type is not WSMsgType.CLOSING:
                self._arrive(message.type, message.data)
            if message.type in (WSMsgType.CLOSE, WSMsgType.CLOSING):
                # Nothing more can come; a line that is held answers when it is released.
                await self._over.wait()
                return

    def _arrive(self, kind: WSMsgType, data: Any) -> None:
        if self._incoming.is_cut:
            return
        if kind is WSMsgType.TEXT:
            self._arrive_text(data)
        elif kind in (WSMsgType.PING, WSMsgType.CLOSE):
            payload = bytes(data) if kind is WSMsgType.PING else b""
            self._incoming.push(Arrival(kind, "", self._venue.now_ns(), payload))

    def _arrive_text(self, text: str) -> None:
        received_ns = self._venue.now_ns()
        lever = self._lever_on(text)
        if lever is None:
            self._incoming.push(Arrival(WSMsgType.TEXT, text, received_ns))
        elif lever.fault is Fault.HALF_OPEN:
            self.half_open()
        else:
            self.hold(lever.direction, lever.ms)
            self._incoming.push(Arrival(WSMsgType.TEXT, text, received_ns, fault=lever.fault))

    def _take(self, arrival: Arrival) -> None:
        match arrival.kind:
            case WSMsgType.TEXT:
                self._take_text(arrival)
            case WSMsgType.PING:
                self.push(Outgoing(arrival.payload, kind=WSMsgType.PONG))
            case _:
                self._part(WSCloseCode.OK)

    # -- WRITING ----------------------------------------------------------------------------------

    async def _write(self) -> None:
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                while self._outbox:
                    outgoing = self._outbox.popleft()
                    if outgoing.kind is WSMsgType.CLOSE:
                        await self._socket.close(code=int.from_bytes(outgoing.data), drain=False)
                        return
                    await self._socket.send_frame(outgoing.data, outgoing.kind)
                    for entry in outgoing.entries:
                        entry.replied_ns = entry.replied_ns or self._venue.now_ns()
        except ConnectionError:
            pass  # the client has gone; the reader learns it by itself
        finally:
            self._over.set()

    async def _ping(self) -> None:
        while True:
            await asyncio.sleep(self._venue.config.ping_interval_s)
            self.push(Outgoing(frames.encode({"type": "ping"})))

    def _ready(self, outgoing: Outgoing) -> None:
        self._outbox.append(outgoing)
        self._wake.set()

    def _part(self, code: int) -> None:
        """Close the connection behind everything that is on its way out."""
        if not self._is_parting:
            self._is_parting = True
            self.push(Outgoing(int(code).to_bytes(2), kind=WSMsgType.CLOSE))

    def _leave(self) -> None:
        self._over.set()
        self._outgoing.cut()
        if self._shutdown is not None:
            self._shutdown.cancel()
        if self._was_cut_off:
            self._incoming.lose()
