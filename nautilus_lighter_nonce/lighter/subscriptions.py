"""
The channels of one stream: which there are, and who waits for the venue to confirm one.

Rules of this file
------------------
- A channel counts from its confirmation on, and is then asked for again on every new connection.
- A confirmation that its connection cannot bring any more is not waited for.
- An error without `id` belongs to no subscription for certain: it is told to whoever waited in
  vain, and decides nothing.
- How a frame is written, and when a connection is alive, is the stream's.

"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from collections.abc import Callable

from nautilus_lighter_nonce.lighter import frames
from nautilus_lighter_nonce.lighter.codes import Code
from nautilus_lighter_nonce.lighter.connection import POLL_SECS
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
    write : Callable[[str, bytes], Awaitable[None]]
        Writes a frame on the current connection; takes the channel, for errors, and the frame.
    is_alive : Callable[[], bool]
        Whether the current connection can still bring a confirmation.
    auth_token : Callable[[], Awaitable[str]]
        Makes a fresh token; called once per renewal and per private subscription.
    timeout_secs : float
        Deadline of a confirmation, in seconds.

    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        write: Callable[[str, bytes], Awaitable[None]],
        is_alive: Callable[[], bool],
        auth_token: Callable[[], Awaitable[str]],
        timeout_secs: float,
    ) -> None:
        self._loop = loop
        self._write = write
        self._is_alive = is_alive
        self._auth_token = auth_token
        self._timeout_secs = timeout_secs
        self._channels: dict[str, bool] = {}  # to whether it takes a token
        self._awaited: dict[str, asyncio.Future[None]] = {}
        self._last_error: ErrorBody | None = None

    # -- OUT --------------------------------------------------------------------------------------

    async def subscribe(self, channel: str, auth: bool) -> None:
        """
        Subscribe to a channel and keep it, once it is confirmed.

        Raises
        ------
        StreamError
            If it could not be written, or was not confirmed in time.

        """
        token = await self._auth_token() if auth else None
        await self._subscribe(channel, token)
        self._channels[channel] = auth

    async def unsubscribe(self, channel: str) -> None:
        """
        Forget a channel and unsubscribe from it.

        Raises
        ------
        StreamError
            If it could not be written, or was not confirmed in time.

        """
        self._channels.pop(channel, None)
        await self._confirmed(channel, frames.unsubscribe_frame(channel))

    async def renew(self) -> None:
        """
        Subscribe to all channels again, on a new connection.

        Raises
        ------
        StreamError
            If one of them could not be written, or was not confirmed in time.

        """
        token = await self._auth_token() if any(self._channels.values()) else None
        subscriptions = [
            self._subscribe(channel, token if auth else None)
            for channel, auth in self._channels.items()
        ]
        for result in await asyncio.gather(*subscriptions, return_exceptions=True):
            if isinstance(result, BaseException):
                raise result

    def clear(self) -> None:
        """Forget all channels."""
        self._channels.clear()

    async def _subscribe(self, channel: str, token: str | None) -> None:
        await self._confirmed(channel, frames.subscribe_frame(channel, token))

    async def _confirmed(self, channel: str, request: bytes) -> None:
        confirmation: asyncio.Future[None] = self._loop.create_future()
        self._awaited[channel] = confirmation
        try:
            await self._write(channel, request)
            await self._wait_while_alive(confirmation)
        finally:
            self._awaited.pop(channel, None)
        if not confirmation.done():
            raise StreamSubscribeError(channel, self._timeout_secs, self._last_error)

    async def _wait_while_alive(self, confirmation: asyncio.Future[None]) -> None:
        deadline = self._loop.time() + self._timeout_secs
        while self._may_come() and not confirmation.done() and self._loop.time() < deadline:
            await asyncio.wait([confirmation], timeout=POLL_SECS)

    def _may_come(self) -> bool:
        """Return whether a confirmation may still come: not once a token was refused."""
        error = self._last_error
        return self._is_alive() and (error is None or error.code != Code.INVALID_AUTH)

    @property
    def is_waiting(self) -> bool:
        """Whether a confirmation is awaited."""
        return bool(self._awaited)

    @property
    def has_private(self) -> bool:
        """Whether a channel takes a token."""
        return any(self._channels.values())

    # -- IN ---------------------------------------------------------------------------------------

    def confirm(self, frame: Frame) -> None:
        """Take a `subscribed/…` or `unsubscribed` frame."""
        for channel, confirmation in self._awaited.items():
            if frames.confirms(frame, channel) and not confirmation.done():
                confirmation.set_result(None)

    def note_error(self, error: ErrorBody | None) -> None:
        """Take an answer that belongs to no request, for the next that waits in vain."""
        self._last_error = error

    def forget_error(self) -> None:
        """Let the errors of an earlier connection be."""
        self._last_error = None
