"""
One WebSocket connection: how it is made and written to, when it is dead, how long until the next.

Rules of this file
------------------
- A connection is made once and never comes back: one that came back by itself would write what it
  kept on the next connection.
- How it is made is handed in as a `Dial`; this package knows no network client.
- A write that was begun is waited for to its end, so that the next frame cannot overtake it.

"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from collections.abc import Callable
from typing import Final
from typing import Protocol

import msgspec


POLL_SECS: Final = 0.02  # how often a connection is looked at; the client itself notices in 1 ms


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


async def write_text(socket: Socket, data: bytes) -> None:
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
