"""
`LookUps`: orders that somebody should read over REST, and who said so need not know how.

Rules
-----
- A letter box: whoever misses something of an order leaves its id here, `catch_up` reads it.
- An order that waits here already is not read twice for the same reason.
- What a record has shown is told by a private frame a moment later: that one gets its time.
"""

from __future__ import annotations

import asyncio
from enum import Enum
from typing import Final

import msgspec
from nautilus_trader.model.identifiers import ClientOrderId


FRAME_PATIENCE_SECS: Final = 1.0
"""Patience with the private frame of what a record has shown; seen 0.2 s after the reply."""


class Unless(Enum):
    """What would make a look-up needless until its time has come."""

    NEVER = "never"
    SHOWN = "the venue has shown the order"
    ENDED = "the order has ended"


class LookUp(msgspec.Struct, frozen=True):
    """
    An order that should be read.

    Parameters
    ----------
    client_order_id : ClientOrderId
        The order.
    unless : Unless
        What would make it needless.

    """

    client_order_id: ClientOrderId
    unless: Unless = Unless.NEVER


class LookUps:
    """
    The orders that should be read.

    Parameters
    ----------
    loop : asyncio.AbstractEventLoop
        The node's event loop.

    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._queue: asyncio.Queue[LookUp] = asyncio.Queue()
        self._waiting: set[LookUp] = set()

    def want(self, client_order_id: ClientOrderId) -> None:
        """Have an order read as soon as can be."""
        self._put(LookUp(client_order_id))

    def want_later(self, client_order_id: ClientOrderId, unless: Unless) -> None:
        """Have an order read, unless its private frame tells meanwhile what there is to tell."""
        self._loop.call_later(FRAME_PATIENCE_SECS, self._put, LookUp(client_order_id, unless))

    async def next(self) -> LookUp:
        """Return the next order to be read, once there is one."""
        look_up = await self._queue.get()
        self._waiting.discard(look_up)
        return look_up

    def _put(self, look_up: LookUp) -> None:
        if look_up not in self._waiting:
            self._waiting.add(look_up)
            self._queue.put_nowait(look_up)
