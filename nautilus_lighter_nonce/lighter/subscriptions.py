"""
The channels of one stream: which there are, and who waits for the venue to confirm one.

Rules of this file
------------------
- A channel counts from its confirmation on, and is then asked for again on every new connection.
- A confirmation that its connection cannot bring any more is not waited for.
- A request is owed an answer until one comes, also when nobody waits for it any more: as long as
  one is owed, an error without `id` may be that answer.
- Such an error names no channel. When as many refusals have come as answers are owed, every one of
  them was refused; a refused token ends all at once. Else it is only told to whoever waits in vain.
- How a frame is written, and when a connection is alive, is the `Link`'s.

"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from collections.abc import Callable
from typing import Final

from nautilus_lighter_nonce.lighter import frames
from nautilus_lighter_nonce.lighter.codes import Code
from nautilus_lighter_nonce.lighter.connection import POLL_SECS
from nautilus_lighter_nonce.lighter.connection import Link
from nautilus_lighter_nonce.lighter.errors import NotSent
from nautilus_lighter_nonce.lighter.errors import StreamSendError
from nautilus_lighter_nonce.lighter.errors import StreamSubscribeError
from nautilus_lighter_nonce.lighter.schemas import ErrorBody
from nautilus_lighter_nonce.lighter.schemas import Frame


SUBSCRIPTION_CODES: Final = frozenset(
    {
        Code.INVALID_PARAM,
        Code.INVALID_AUTH,
        Code.TOO_MANY_SUBSCRIPTIONS,
        Code.WS_NOT_SUBSCRIBED,
        Code.WS_ALREADY_SUBSCRIBED,
        Code.WS_INVALID_CHANNEL,
    },
)
"""Errors that a subscription is refused with and that carry no `id` (observed)."""


class _Debt:
    """What the venue owes on one connection."""

    __slots__ = ("channels", "last_error", "refusals")

    def __init__(self) -> None:
        self.channels: set[str] = set()
        self.refusals = 0
        self.last_error: ErrorBody | None = None


class Subscriptions:
    """
    The channels of one stream.

    Parameters
    ----------
    loop : asyncio.AbstractEventLoop
        The loop that all methods are called on.
    auth_token : Callable[[], Awaitable[str]]
        Returns a token that serves: asked by every renewal and every private subscription, and once
        more when a subscription's token was refused.
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
        self._awaited: dict[tuple[int, str], asyncio.Future[bool]] = {}  # by epoch and channel
        self._asked: dict[tuple[int, str], bool] = {}  # to whether it takes a token
        self._held: set[tuple[int, str]] = set()
        self._debts: dict[int, _Debt] = {}  # by epoch

    # -- OUT --------------------------------------------------------------------------------------

    async def subscribe(self, link: Link, channel: str, auth: bool) -> None:
        """
        Subscribe to a channel on a connection and keep it, once it is confirmed.

        A token that is refused is offered once; if the connection lives, another one is tried.

        Raises
        ------
        StreamError
            If it could not be written, or was not confirmed in time.

        """
        token = await self._auth_token() if auth else None
        try:
            await self._subscribe(link, channel, token)
        except StreamSubscribeError as error:
            another = await self._auth_token() if _is_token_refused(error) else token
            if another == token or not link.is_alive():
                raise
            await self._subscribe(link, channel, another)

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
        debt = self._debts.setdefault(link.epoch, _Debt())
        confirmation: asyncio.Future[bool] = self._loop.create_future()
        # Before the write: the confirmation may come before the write returns.
        self._awaited[key] = confirmation
        debt.channels.add(channel)
        try:
            await link.write(channel, request)
            await self._wait_while_alive(link, confirmation)
        except StreamSendError:
            debt.channels.discard(channel)
            raise
        finally:
            self._awaited.pop(key, None)
        if not (confirmation.done() and confirmation.result()):
            raise StreamSubscribeError(channel, self._timeout_secs, debt.last_error)

    async def _wait_while_alive(self, link: Link, confirmation: asyncio.Future[bool]) -> None:
        deadline = self._loop.time() + self._timeout_secs
        while link.is_alive() and not confirmation.done() and self._loop.time() < deadline:
            await asyncio.wait([confirmation], timeout=POLL_SECS)

    def is_owed(self, epoch: int) -> bool:
        """Return whether a request of ours is unanswered on a connection."""
        debt = self._debts.get(epoch)
        return debt is not None and bool(debt.channels)

    @property
    def has_private(self) -> bool:
        """Whether a channel takes a token."""
        return any(self._channels.values())

    # -- IN ---------------------------------------------------------------------------------------

    def confirm(self, frame: Frame, epoch: int) -> None:
        """Take a `subscribed/…` or `unsubscribed` frame."""
        debt = self._debts.get(epoch)
        if debt is not None:
            for channel in [x for x in debt.channels if frames.confirms(frame, x)]:
                self._confirm(epoch, channel, debt)
            self._end_refused(epoch, debt)

    def _confirm(self, epoch: int, channel: str, debt: _Debt) -> None:
        debt.channels.discard(channel)
        key = (epoch, channel)
        confirmation = self._awaited.get(key)
        if confirmation is None or confirmation.done():
            return
        confirmation.set_result(True)
        if key in self._asked:  # at once: a connection may be replaced in the next moment
            self._channels[channel] = self._asked[key]
            self._held.add(key)

    def note_error(self, error: ErrorBody | None, epoch: int) -> bool:
        """
        Take an answer without `id`.

        Returns
        -------
        bool
            Whether it is a subscription's for certain.

        """
        debt = self._debts.setdefault(epoch, _Debt())
        debt.last_error = error
        if error is None or error.code not in SUBSCRIPTION_CODES or not debt.channels:
            return False
        if error.code == Code.WS_ALREADY_SUBSCRIBED and len(debt.channels) == 1:
            (channel,) = debt.channels
            self._confirm(epoch, channel, debt)  # the answer to an earlier request was lost
            return True
        debt.refusals += 1
        if error.code == Code.INVALID_AUTH:
            self._refuse(epoch)
        self._end_refused(epoch, debt)
        return True

    def _end_refused(self, epoch: int, debt: _Debt) -> None:
        """End what is owed, if all of it was refused."""
        if debt.refusals >= len(debt.channels):
            if debt.channels:
                self._refuse(epoch)
            debt.channels.clear()
            debt.refusals = 0

    def _refuse(self, epoch: int) -> None:
        for (awaited, _), confirmation in self._awaited.items():
            if awaited == epoch and not confirmation.done():
                confirmation.set_result(False)

    def forget(self, epoch: int) -> None:
        """Let a connection that has ended be."""
        self._debts.pop(epoch, None)
        self._held = {key for key in self._held if key[0] != epoch}


def _is_token_refused(error: StreamSubscribeError) -> bool:
    return error.last_error is not None and error.last_error.code == Code.INVALID_AUTH
