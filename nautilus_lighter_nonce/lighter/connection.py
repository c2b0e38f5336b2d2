"""
One WebSocket connection: how it is made and written to, when it is dead, how long until the next.

Rules of this file
------------------
- A connection is made once and never comes back: `reconnect_max_attempts` is 0, so that Nautilus'
  client closes for good instead of keeping frames for a next connection.
- A connection that brings nothing counts as dead: the venue answers an application ping with text
  (observed), while a control pong would not reset Nautilus' idle timer (observed).
- A write that was begun is waited for to its end, so that the next frame cannot overtake it.

"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from collections.abc import Callable
from typing import Final
from typing import Protocol

import msgspec
from nautilus_trader.core.nautilus_pyo3 import WebSocketClient
from nautilus_trader.core.nautilus_pyo3 import WebSocketConfig

from nautilus_lighter_nonce.lighter.frames import PING


POLL_SECS: Final = 0.02  # how often a connection is looked at; the client itself notices in 1 ms
IDLE_HEARTBEATS: Final = 3  # unanswered application pings until a connection counts as dead


class Socket(Protocol):
    """The part of Nautilus' `WebSocketClient` that is used here."""

    def send_text(self, data: bytes) -> Awaitable[None]:
        """Write a text frame."""

    def disconnect(self) -> Awaitable[None]:
        """Close."""

    def is_closed(self) -> bool:
        """Return whether the connection is over for good."""

    def is_reconnecting(self) -> bool:
        """Return whether the connection was lost and not yet given up."""


Handler = Callable[[bytes], None]
Dial = Callable[[Handler], Awaitable[Socket]]


class NautilusDial:
    """
    Makes connections with Nautilus' WebSocket client.

    Parameters
    ----------
    url : str
        The address.
    loop : asyncio.AbstractEventLoop
        The loop that handlers are called on.
    heartbeat_secs : int
        Seconds between application pings, at least 1.

    """

    def __init__(self, url: str, loop: asyncio.AbstractEventLoop, heartbeat_secs: int) -> None:
        self._loop = loop
        self._config = WebSocketConfig(
            url=url,
            headers=[],
            heartbeat=heartbeat_secs,
            heartbeat_msg=PING.decode(),
            reconnect_max_attempts=0,
            idle_timeout_ms=heartbeat_secs * IDLE_HEARTBEATS * 1000,
        )

    async def __call__(self, handler: Handler) -> Socket:
        """
        Return a new connection, whose text frames go to the handler.

        Raises
        ------
        WebSocketClientError
            If the connection could not be made.

        """
        socket: Socket = await WebSocketClient.connect(
            loop_=self._loop, config=self._config, handler=handler
        )
        return socket


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
