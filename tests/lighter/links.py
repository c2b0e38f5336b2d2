"""A socket in memory and what is made of it: connections without a network, for unit tests."""

from __future__ import annotations

import asyncio

from nautilus_lighter_nonce.lighter.connection import Handler
from nautilus_lighter_nonce.lighter.errors import SocketError


class MemorySocket:
    """A socket that notes what is written; the test decides when, and whether, that succeeds."""

    def __init__(self, handler: Handler = lambda _: None) -> None:
        self.handler = handler
        self.sent: list[bytes] = []
        self.closings = 0
        self.fault: Exception | None = None
        self.write_secs = 0.0
        self.close_secs = 0.0
        self.is_over = False
        self.is_lost = False

    async def send_text(self, data: bytes) -> None:
        """Write after a while."""
        await asyncio.sleep(self.write_secs)
        if self.fault is not None:
            raise self.fault
        self.sent.append(data)

    async def disconnect(self) -> None:
        """Close after a while."""
        self.closings += 1
        await asyncio.sleep(self.close_secs)
        if self.fault is not None:
            raise self.fault
        self.is_over = True

    def is_closed(self) -> bool:
        """Return whether it is over."""
        return self.is_over

    def is_reconnecting(self) -> bool:
        """Return whether it was lost."""
        return self.is_lost


class MemoryDial:
    """Makes sockets in memory; the next attempts fail as told, or take their time."""

    def __init__(self) -> None:
        self.sockets: list[MemorySocket] = []
        self.failures = 0
        self.dial_secs = 0.0

    async def __call__(self, handler: Handler) -> MemorySocket:
        """Return a new socket."""
        await asyncio.sleep(self.dial_secs)
        if self.failures:
            self.failures -= 1
            raise SocketError("no route")
        self.sockets.append(MemorySocket(handler))
        return self.sockets[-1]


class Remarks:
    """A log that keeps what it is told."""

    def __init__(self) -> None:
        self.infos: list[str] = []
        self.warnings: list[str] = []

    def info(self, message: str) -> None:
        """Keep an ordinary remark."""
        self.infos.append(message)

    def warning(self, message: str) -> None:
        """Keep a warning."""
        self.warnings.append(message)
