"""
How connections are made one after the other, and one in advance.

Rules of this file
------------------
- Every attempt has a number of its own; a connection's number is its epoch.
- A connection that lived for a while starts the backoff afresh; one that did not is not followed
  at once, so that a venue which ends every connection is not stormed.
- A connection made in advance becomes the present one only with all channels on it; what it brought
  before its turn is kept, and handed on in its turn.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import Final

from nautilus_lighter_nonce.lighter.connection import Backoff
from nautilus_lighter_nonce.lighter.connection import Dial
from nautilus_lighter_nonce.lighter.connection import Link
from nautilus_lighter_nonce.lighter.errors import SocketError
from nautilus_lighter_nonce.lighter.remarks import StreamLog
from nautilus_lighter_nonce.lighter.subscriptions import Subscriptions


STABLE_SECS: Final = 2.0  # a connection that lived this long starts the backoff afresh
OPEN_SECS: Final = 5.0  # patience with one attempt, shorter than a network's own (our choice)
YOUNG_SECS: Final = 0.5  # one that lived shorter is not followed at once


class Connector:
    """
    Makes numbered connections.

    Parameters
    ----------
    loop : asyncio.AbstractEventLoop
        The stream's loop.
    dial : Dial
        Makes a connection.
    backoff : Backoff
        The delays between attempts.
    receive : Callable[[bytes, int], None]
        Takes what a connection brings, and its number.
    log : StreamLog
        Takes remarks.

    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        dial: Dial,
        backoff: Backoff,
        receive: Callable[[bytes, int], None],
        log: StreamLog,
    ) -> None:
        self._loop = loop
        self._dial = dial
        self._backoff = backoff
        self._receive = receive
        self._log = log
        self._made = 0
        self._attempt = 0

    def number(self) -> int:
        """Return the number of the next attempt."""
        self._attempt += 1
        self._made += 1
        return self._made

    async def open(self, epoch: int) -> Link:
        """
        Return a new connection of that number.

        Raises
        ------
        SocketError
            If it could not be made.

        """
        try:
            async with asyncio.timeout(OPEN_SECS):
                socket = await self._dial(lambda raw: self._receive(raw, epoch))
        except TimeoutError as error:
            raise SocketError(f"no connection within {OPEN_SECS} s") from error
        return Link(epoch, socket, self._loop.time())

    async def pause(self) -> None:
        """Wait as long as the attempts so far demand."""
        await asyncio.sleep(self._backoff.delay(self._attempt, random.random()))

    def age(self, link: Link | None) -> float:
        """Return for how many seconds a connection has lived."""
        return 0.0 if link is None else self._loop.time() - link.since

    def note_end(self, link: Link | None) -> None:
        """Start the backoff afresh if the connection had lived for a while."""
        if self.age(link) > STABLE_SECS:
            self._attempt = 0

    def note_failure(self, error: Exception) -> None:
        """Log an attempt that failed."""
        kind = type(error).__name__
        self._log.warning(f"Stream attempt {self._attempt} was not successful: {kind}: {error}")

    async def close(self, link: Link) -> None:
        """Close a connection; what goes wrong with that is logged."""
        if trouble := await link.close():
            self._log.info(f"Old connection was not closed cleanly: {trouble}")


class Successor:
    """
    The connection that will take the place of one which was announced to end.

    Parameters
    ----------
    connector : Connector
        Makes it.
    subscriptions : Subscriptions
        The channels that it must have.
    on_ready : Callable[[], None]
        Called once it has them.

    """

    def __init__(
        self,
        connector: Connector,
        subscriptions: Subscriptions,
        on_ready: Callable[[], None],
    ) -> None:
        self._connector = connector
        self._subscriptions = subscriptions
        self._on_ready = on_ready
        self._task: asyncio.Task[None] | None = None
        self._is_spoiled = False
        self.epoch = -1
        self.link: Link | None = None
        self.is_ready = False
        self.early: list[bytes] = []

    def make_while(self, old: Link, loop: asyncio.AbstractEventLoop) -> None:
        """Make it, again and again while the old one lives; once begun it is not begun again."""
        if self._task is None:
            self._task = loop.create_task(self._make(old))

    def spoil(self) -> None:
        """It lost channels: it will not do."""
        self._is_spoiled = True

    async def taken(self) -> Link | None:
        """Return the connection once it is made, ``None`` if it will not do."""
        if self._task is None:
            return None
        await asyncio.wait([self._task])
        link = self.link
        if link is None or self._is_spoiled:
            return None
        try:
            await self._subscriptions.renew(link)  # what was subscribed in the last moment
        except Exception as error:  # noqa: BLE001 (the ordinary way back is left)
            self._connector.note_failure(error)
            return None
        return link if link.is_alive() else None

    async def give_up(self) -> None:
        """Make it no more, and close what there is."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        await self._drop()

    async def _make(self, old: Link) -> None:
        if self._connector.age(old) < YOUNG_SECS:
            await self._connector.pause()
        while old.is_alive() and not await self._try():
            await self._connector.pause()

    async def _try(self) -> bool:
        self.epoch = self._connector.number()
        self._is_spoiled = False
        self.early.clear()
        try:
            self.link = await self._connector.open(self.epoch)
            await self._subscriptions.renew(self.link)
        except Exception as error:  # noqa: BLE001 (the old one may serve on, or end as it will)
            self._connector.note_failure(error)
            await self._drop()
            return False
        self.is_ready = True
        self._on_ready()
        return True

    async def _drop(self) -> None:
        link, self.link = self.link, None
        if link is not None:
            self._subscriptions.forget(link.epoch)
            await self._connector.close(link)
