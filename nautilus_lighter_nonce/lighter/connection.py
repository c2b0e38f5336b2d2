"""
One WebSocket connection: how it is made and written to, when it is dead, how long until the next.

Rules of this file
------------------
- A connection is made once and never comes back: one that came back by itself would write what it
  kept on the next connection.
- How it is made is handed in as a `Dial`; this package knows no network client.
- All writes of a connection take one first-come-first-served lock and are awaited inside it:
  Nautilus spawns every write on a thread pool, and two that are not awaited overtake each other
  (measured: 644 of 2,500).
- A write that was begun is waited for to its end, so that the next frame cannot overtake it.

"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable
from collections.abc import Callable
from typing import Final
from typing import Protocol

import msgspec

from nautilus_lighter_nonce.lighter.errors import NotSent
from nautilus_lighter_nonce.lighter.errors import SocketError
from nautilus_lighter_nonce.lighter.errors import StreamSendError


POLL_SECS: Final = 0.02  # how often a connection is looked at; the client itself notices in 1 ms
CLOSE_SECS: Final = 5.0  # patience with a client that closes (our choice)


class Socket(Protocol):
    """One connection; what it cannot do it tells with a `SocketError`."""

    def send_text(self, data: bytes) -> Awaitable[None]:
        """Write a text frame; a `SocketError` says that nothing was written."""

    def disconnect(self) -> Awaitable[None]:
        """Close."""

    def is_closed(self) -> bool:
        """Return whether the connection is over for good."""

    def is_reconnecting(self) -> bool:
        """Return whether the connection was lost and not yet given up."""


Handler = Callable[[bytes], None]
Dial = Callable[[Handler], Awaitable[Socket]]


class Link:
    """
    One numbered connection: what may be written on it, and whether it still counts.

    Parameters
    ----------
    epoch : int
        Its number.
    socket : Socket
        The connection.
    now : float
        When it was made, by the loop's clock.

    """

    __slots__ = (
        "_answered",
        "_asked",
        "_is_closing",
        "_is_cut",
        "_lock",
        "_socket",
        "epoch",
        "is_draining",
        "since",
    )

    def __init__(self, epoch: int, socket: Socket, now: float) -> None:
        self.epoch = epoch
        self.since = now
        self._socket = socket
        self._is_cut = False
        self._is_closing = False
        self._lock = asyncio.Lock()
        self.is_draining = False  # nothing more is asked on it
        self._asked: dict[str, float] = {}  # what is unanswered, to when it was asked
        self._answered = asyncio.Event()

    def is_alive(self) -> bool:
        """Return whether it can still be written to and bring something."""
        socket = self._socket
        return not (self._is_cut or socket.is_closed() or socket.is_reconnecting())

    def cut(self) -> None:
        """Let it count no more: nothing that still waits for its turn is written."""
        self._is_cut = True

    async def write(self, about: str, data: bytes) -> None:
        """
        Write a text frame; frames leave in the order of the calls.

        Raises
        ------
        StreamSendError
            If nothing was written, definitely.

        """
        async with self._lock:
            # Asked when its turn has come: it may have been cut while this waited.
            if self._is_cut:
                raise StreamSendError(about, NotSent.OTHER_EPOCH)
            try:
                await _write_text(self._socket, data)
            except SocketError as error:
                raise StreamSendError(about, NotSent.CLIENT_REFUSED) from error

    async def ask(self, request_id: str, data: bytes) -> None:
        """
        Write a request that will be answered, unless this connection is being left.

        Raises
        ------
        StreamSendError
            If nothing was written, definitely.

        """
        if self.is_draining:
            raise StreamSendError(request_id, NotSent.LEAVING)
        # Before the write: the answer may come before the write returns.
        self._asked[request_id] = asyncio.get_running_loop().time()
        try:
            await self.write(request_id, data)
        except StreamSendError:
            self._asked.pop(request_id, None)
            raise

    def answered(self, request_id: str) -> None:
        """An answer came."""
        if self._asked.pop(request_id, None) is not None:
            self._answered.set()

    async def drained(self, patience_secs: float) -> None:
        """Wait for the answers to what was asked in the last few seconds, or for the end."""
        loop = asyncio.get_running_loop()
        while self.is_alive() and any(
            loop.time() - since < patience_secs for since in self._asked.values()
        ):
            self._answered.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._answered.wait(), POLL_SECS)

    async def close(self) -> str:
        """Cut and close it, once; return what went wrong with that, for people."""
        self.cut()
        if self._is_closing:
            return ""
        self._is_closing = True
        try:
            async with asyncio.timeout(CLOSE_SECS):
                await self._socket.disconnect()
        except Exception as error:  # noqa: BLE001 (it counts no more, whatever its client says)
            return f"{type(error).__name__}: {error}"
        return ""


async def _write_text(socket: Socket, data: bytes) -> None:
    """Write a text frame; a caller who is cancelled waits until the write is over."""
    write = asyncio.ensure_future(socket.send_text(data))
    try:
        await asyncio.shield(write)
    except asyncio.CancelledError:
        await asyncio.wait([write])
        raise


class Backoff(msgspec.Struct, frozen=True, kw_only=True):
    """
    How long to wait between connection attempts.

    Parameters
    ----------
    initial_secs : float, default 0.1
        The first delay's upper end, in seconds.
    max_secs : float, default 2.0
        No delay is longer. Orders wait for the connection and are given up after seconds; the
        venue takes 255 new connections per minute (Lighter docs), this makes 60 at most.
    factor : float, default 2.0
        How much longer each further delay is.

    """

    initial_secs: float = 0.1
    max_secs: float = 2.0
    factor: float = 2.0

    def delay(self, attempt: int, chance: float) -> float:
        """
        Return the delay before an attempt, spread over the upper half of its span.

        Parameters
        ----------
        attempt : int
            0 for the first.
        chance : float
            0.0 to 1.0; random, so that many clients do not come back at once.

        Returns
        -------
        float
            Seconds.

        """
        doublings = min(attempt, 64)  # beyond it the ceiling holds and floats overflow
        span = min(self.max_secs, self.initial_secs * self.factor**doublings)
        return span * (0.5 + 0.5 * chance)
