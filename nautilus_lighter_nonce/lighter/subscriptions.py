"""
The channels of one stream: which there are, and who waits for the venue to confirm one.

Rules of this file
------------------
- A channel counts from its confirmation on, and is then asked for again on every new connection.
- A confirmation that its connection cannot bring any more is not waited for.
- An error without `id` belongs to no subscription for certain: it is told to whoever waited in
  vain, and decides nothing.
- How a frame is written, and when a connection is alive, is the `Link`'s.

"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from collections.abc import Callable

from nautilus_lighter_nonce.lighter import frames
from nautilus_lighter_nonce.lighter.codes import Code
from nautilus_lighter_nonce.lighter.connection import POLL_SECS
from nautilus_lighter_nonce.lighter.connection import Link
from nautilus_lighter_nonce.lighter.errors import NotSent
from nautilus_lighter_nonce.lighter.errors import StreamSendError
from nautilus_lighter_nonce.lighter.errors import StreamSubscribeError
from nautilus_lighter_nonce.lighter.schemas import ErrorBody
from nautilus_lighter_nonce.lighter.schemas import Frame


class Subscriptions:
    """
    The channels of one stream.

    Parameters
    ----------
    loop : asyncio.AbstractEventLoop
        The loop that all methods are called on.
    auth_token : Callable[[], Awaitable[str]]
        Makes a fresh token; called once per renewal and per private subscription.
    timeout_secs : float
        Deadline of a confirmation, in seconds.

    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        auth_token: Callable[[], Awaitable[str]],
        timeout_secs: float,
    ) -> None:
        self._loop = loop
        self._auth_token = auth_token
        self._timeout_secs = timeout_secs
        self._channels: dict[str, bool] = {}  # to whether it takes a token
        self._awaited: dict[tuple[int, str], asyncio.Future[None]] = {}  # by epoch and channel
        self._asked: dict[tuple[int, str], bool] = {}  # to whether it takes a token
        self._held: set[tuple[int, str]] = set()
        self._last_errors: dict[int, ErrorBody | None] = {}  # by epoch

    # -- OUT --------------------------------------------------------------------------------------

    async def subscribe(self, link: Link, channel: str, auth: bool) -> None:
        """
        Subscribe to a channel on a connection and keep it, once it is confirmed.

        Raises
        ------
        StreamError
            If it could not be written, or was not confirmed in time.

        """
        token = await self._auth_token() if auth else None
        await self._subscribe(link, channel, token)

    async def unsubscribe(self, link: Link | None, channel: str) -> None:
        """
        Forget a channel and unsubscribe from it.

        Raises
        ------
        StreamError
            If it could not be written, or was not confirmed in time.

        """
        self._channels.pop(channel, None)
        self._held = {key for key in self._held if key[1] != channel}
        if link is None:
            raise StreamSendError(channel, NotSent.NOT_CONNECTED)
        await self._confirmed(link, channel, frames.unsubscribe_frame(channel))

    async def renew(self, link: Link) -> None:
        """
        Subscribe on a new connection to all channels that it does not have yet.

        Raises
        ------
        StreamError
            If one of them could not be written, or was not confirmed in time.

        """
        while missing := self._missing(link):
            token = await self._auth_token() if any(missing.values()) else None
            subscriptions = [
                self._subscribe(link, channel, token if auth else None)
                for channel, auth in missing.items()
            ]
            for result in await asyncio.gather(*subscriptions, return_exceptions=True):
                if isinstance(result, BaseException):
                    raise result

    def _missing(self, link: Link) -> dict[str, bool]:
        return {
            channel: auth
            for channel, auth in self._channels.items()
            if (link.epoch, channel) not in self._held
        }

    def clear(self) -> None:
        """Forget all channels."""
        self._channels.clear()

    async def _subscribe(self, link: Link, channel: str, token: str | None) -> None:
        key = (link.epoch, channel)
        self._asked[key] = token is not None
        try:
            await self._confirmed(link, channel, frames.subscribe_frame(channel, token))
        finally:
            self._asked.pop(key, None)

    async def _confirmed(self, link: Link, channel: str, request: bytes) -> None:
        key = (link.epoch, channel)
        confirmation: asyncio.Future[None] = self._loop.create_future()
        self._awaited[key] = confirmation
        try:
            await link.write(channel, request)
            await self._wait_while_alive(link, confirmation)
        finally:
            self._awaited.pop(key, None)
        if not confirmation.done():
            error = self._last_errors.get(link.epoch)
            raise StreamSubscribeError(channel, self._timeout_secs, error)

    async def _wait_while_alive(self, link: Link, confirmation: asyncio.Future[None]) -> None:
        deadline = self._loop.time() + self._timeout_secs
        while self._may_come(link) and not confirmation.done() and self._loop.time() < deadline:
            await asyncio.wait([confirmation], timeout=POLL_SECS)

    def _may_come(self, link: Link) -> bool:
        """Return whether a confirmation may still come: not once a token was refused."""
        error = self._last_errors.get(link.epoch)
        return link.is_alive() and (error is None or error.code != Code.INVALID_AUTH)

    def is_waiting(self, epoch: int) -> bool:
        """Return whether a confirmation is awaited on a connection."""
        return any(awaited == epoch for awaited, _ in self._awaited)

    @property
    def has_private(self) -> bool:
        """Whether a channel takes a token."""
        return any(self._channels.values())

    # -- IN ---------------------------------------------------------------------------------------

    def confirm(self, frame: Frame, epoch: int) -> None:
        """Take a `subscribed/…` or `unsubscribed` frame."""
        for key, confirmation in self._awaited.items():
            is_meant = key[0] == epoch and frames.confirms(frame, key[1])
            if is_meant and not confirmation.done():
                confirmation.set_result(None)
                if key in self._asked:  # at once: a connection may be replaced in the next moment
                    self._channels[key[1]] = self._asked[key]
                    self._held.add(key)

    def note_error(self, error: ErrorBody | None, epoch: int) -> None:
        """Take an answer that belongs to no request, for the next that waits in vain."""
        self._last_errors[epoch] = error

    def forget(self, epoch: int) -> None:
        """Let a connection that has ended be."""
        self._last_errors.pop(epoch, None)
        self._held = {key for key in self._held if key[0] != epoch}
