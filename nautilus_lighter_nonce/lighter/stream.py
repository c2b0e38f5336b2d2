"""
Lighter's WebSocket: connect, come back, send transactions, hand on what arrives.

Rules of this file
------------------
- One connection is one *epoch* and has one `Socket`, which never reconnects by
  itself: its own reconnect keeps unsent frames and writes them on the next connection, where they
  would put a nonce on the wire after its fate was decided.
- A frame is delivered only in its own epoch; what an old connection still says is dropped.
- A connection that is announced to end is left before it does: the next one is made and has all
  channels by then. What was asked on the old one and not answered is in doubt from the switch on.
- A reply is matched by the `id` that its request carried, never by order and never by text. An
  error without `id` belongs to no transaction.
- Nothing here knows what a reply means for a nonce. Which channels there are, and how one is
  confirmed, belongs in `subscriptions`.

"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Awaitable
from collections.abc import Callable
from collections.abc import Coroutine
from collections.abc import Sequence
from typing import Any
from typing import Final
from typing import Protocol

from nautilus_lighter_nonce.lighter import frames
from nautilus_lighter_nonce.lighter.codes import Code
from nautilus_lighter_nonce.lighter.connection import POLL_SECS
from nautilus_lighter_nonce.lighter.connection import Backoff
from nautilus_lighter_nonce.lighter.connection import Dial
from nautilus_lighter_nonce.lighter.connection import Link
from nautilus_lighter_nonce.lighter.errors import NotSent
from nautilus_lighter_nonce.lighter.errors import SocketError
from nautilus_lighter_nonce.lighter.errors import StreamConnectError
from nautilus_lighter_nonce.lighter.errors import StreamSendError
from nautilus_lighter_nonce.lighter.frames import StreamReply
from nautilus_lighter_nonce.lighter.schemas import ErrorBody
from nautilus_lighter_nonce.lighter.schemas import Frame
from nautilus_lighter_nonce.lighter.subscriptions import Subscriptions


SETTLE_SECS: Final = 0.05  # how long a closed client's threads wind down; see `disconnect`
STABLE_SECS: Final = 2.0  # a connection that lived this long starts the backoff afresh


# -- STREAM ---------------------------------------------------------------------------------------


class StreamLog(Protocol):
    """What the stream writes its remarks to; a Nautilus `Logger` fits."""

    def info(self, message: str) -> None:
        """Take an ordinary remark."""

    def warning(self, message: str) -> None:
        """Take a remark that somebody should see."""


class _NoLog:
    def info(self, message: str) -> None:
        pass

    def warning(self, message: str) -> None:
        pass


class _Next:
    """A connection that is made in advance, and what it brought before its turn."""

    def __init__(self) -> None:
        self.task: asyncio.Task[None] | None = None
        self.epoch = -1
        self.link: Link | None = None
        self.is_ready = False
        self.is_spoiled = False
        self.early: list[bytes] = []

    def begin(self, epoch: int) -> None:
        """Note the number of the next attempt."""
        self.epoch = epoch
        self.is_spoiled = False
        self.early.clear()


class LighterStream:
    """
    A WebSocket to Lighter that comes back by itself and numbers its connections.

    All callbacks run on the event loop, in wire order. When a connection comes back, frames of the
    new epoch (the snapshots) are delivered before its `on_connected`.

    Parameters
    ----------
    url : str
        Such as ``wss://testnet.zklighter.elliot.ai/stream``.
    loop : asyncio.AbstractEventLoop
        The loop that all methods are called on.
    on_reply : Callable[[StreamReply], None]
        Takes every reply that carries an `id`.
    on_frame : Callable[[str, str, bytes, int], None]
        Takes type, channel, raw bytes and epoch of every channel frame.
    on_connected : Callable[[int], None]
        Takes the epoch once its channels are confirmed.
    on_disconnected : Callable[[int], None]
        Takes the epoch that ended, once for each `on_connected` and after its last frame.
    auth_token : Callable[[], Awaitable[str]]
        Makes a fresh token; called once per (re)connection and per private subscription.
    on_anonymous : Callable[[int, str, int, bool], None], optional
        Takes code, message and epoch of an error that carries no `id`, and whether no subscription
        is unanswered on that connection.
    on_token_refused : Callable[[int, str], None], optional
        Takes code and message when the venue refuses a token; the next attempt makes another.
    log : StreamLog, optional
        Takes remarks. They never hold a token or a transaction.
    heartbeat_secs : int, default 30
        Seconds between application pings, 1 to 60: the venue closes after two silent minutes. A
        connection that brings nothing for three heartbeats counts as dead.
    subscribe_timeout_secs : float, default 5.0
        Deadline of a channel's confirmation, in seconds.
    backoff : Backoff, optional
        The delays between connection attempts.
    dial : Dial, optional
        Makes the connections; Nautilus' WebSocket client if ``None``.

    """

    def __init__(
        self,
        url: str,
        loop: asyncio.AbstractEventLoop,
        *,
        on_reply: Callable[[StreamReply], None],
        on_frame: Callable[[str, str, bytes, int], None],
        on_connected: Callable[[int], None],
        on_disconnected: Callable[[int], None],
        auth_token: Callable[[], Awaitable[str]],
        on_anonymous: Callable[[int, str, int, bool], None] | None = None,
        on_token_refused: Callable[[int, str], None] | None = None,
        log: StreamLog | None = None,
        heartbeat_secs: int = 30,
        subscribe_timeout_secs: float = 5.0,
        backoff: Backoff | None = None,
        dial: Dial | None = None,
    ) -> None:
        self._url = url
        self._loop = loop
        self._on_reply = on_reply
        self._on_frame = on_frame
        self._on_connected = on_connected
        self._on_disconnected = on_disconnected
        self._on_anonymous = on_anonymous
        self._on_token_refused = on_token_refused
        self._log: StreamLog = log or _NoLog()
        self._said: set[str] = set()
        self._subscriptions = Subscriptions(loop, auth_token, subscribe_timeout_secs)
        self._backoff = backoff or Backoff()
        self._dial = dial or _nautilus_dial(url, loop, heartbeat_secs)
        self._made = 0  # connections, or attempts at one
        self._epoch = 0
        self._heard_epoch = 0  # the one whose frames are delivered; 0 between connections
        self._link: Link | None = None
        self._is_connected = False
        self._unreadable_frames = 0
        self._attempt = 0
        self._wanted = asyncio.Event()  # a new connection is wanted at once
        self._next = _Next()
        self._watcher: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[Any]] = set()

    def __repr__(self) -> str:
        return f"{type(self).__name__}(url={self._url!r}, epoch={self._epoch})"

    @property
    def url(self) -> str:
        """The address."""
        return self._url

    @property
    def epoch(self) -> int:
        """The number of the latest connection, from 1 upward; 0 before the first. May skip."""
        return self._epoch

    @property
    def is_connected(self) -> bool:
        """Whether transactions can be sent now."""
        return self._is_connected and self._is_alive()

    @property
    def unreadable_frames(self) -> int:
        """How many frames were no JSON object that we understand."""
        return self._unreadable_frames

    # -- CONNECTION -------------------------------------------------------------------------------

    async def connect(self) -> None:
        """
        Connect for the first time; from then on the stream comes back by itself.

        Raises
        ------
        StreamConnectError
            If the connection could not be made. Nothing is retried.

        """
        if self._watcher is not None:
            return
        try:
            await self._open()
        except SocketError as error:
            raise StreamConnectError(self._url, str(error)) from error
        await self._announce()
        self._watcher = self._loop.create_task(self._watch())
        self._watcher.add_done_callback(self._report_end_of_watch)

    async def disconnect(self) -> None:
        """Close for good and forget all channels; replies that are under way still come in."""
        watcher, self._watcher = self._watcher, None
        if watcher is not None:
            watcher.cancel()
            await asyncio.wait([watcher])
        await self._give_up_next()
        await self._drop_link()
        await self._end_epoch()
        self._subscriptions.clear()
        # Nautilus' threads still touch Python for a moment after a close. An interpreter that ends
        # in that moment is aborted (measured on 3.13: 10 exits of 40, none after 5 ms).
        await asyncio.sleep(SETTLE_SECS)

    def replace(self, epoch: int) -> None:
        """
        Make a new connection at once, if this is the present one.

        Answers of the old one do not count any more: what it was asked is in doubt.
        """
        if epoch == self._epoch and self._link is not None:
            self._heard_epoch = 0
            self._leave(self._link)
            self._wanted.set()

    def _leave(self, link: Link) -> None:
        link.cut()
        self._start(self._close_softly(link))

    async def _close_softly(self, link: Link) -> None:
        if trouble := await link.close():
            self._log.info(f"Old connection was not closed cleanly: {trouble}")

    async def _watch(self) -> None:
        while True:
            while self._is_alive() and not self._next.is_ready:
                # The transport tells of a close by state only.
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._wanted.wait(), POLL_SECS)
            await self._come_back()
            await self._announce()

    async def _come_back(self) -> None:
        """End the epoch and begin the next, on the connection made in advance if there is one."""
        lived = 0.0 if self._link is None else self._loop.time() - self._link.since
        at_once = self._wanted.is_set() and lived > STABLE_SECS / 4
        self._wanted.clear()
        self._attempt = 0 if lived > STABLE_SECS else self._attempt
        await self._end_epoch()
        if not await self._switch():
            await self._reconnect(at_once=at_once)

    async def _reconnect(self, *, at_once: bool) -> None:
        while True:
            if not at_once:
                await asyncio.sleep(self._backoff.delay(self._attempt, random.random()))
            at_once = False
            self._attempt += 1
            try:
                await self._open()
                await self._subscriptions.renew(self._present())
                return
            except Exception as error:  # noqa: BLE001 (whatever it was, the stream must come back)
                self._log_attempt(error)
                await self._drop_link()

    def _log_attempt(self, error: Exception) -> None:
        kind = type(error).__name__
        self._log.warning(f"Stream attempt {self._attempt} was not successful: {kind}: {error}")

    async def _open(self) -> None:
        self._made += 1
        self._epoch = self._heard_epoch = self._made
        self._link = await self._dialed(self._made)

    async def _dialed(self, epoch: int) -> Link:
        socket = await self._dial(lambda raw: self._receive(raw, epoch))
        return Link(epoch, socket, self._loop.time())

    async def _announce(self) -> None:
        self._is_connected = True
        self._log.info(f"Stream was connected, epoch {self._epoch}")
        await self._tell(self._on_connected)

    async def _end_epoch(self) -> None:
        await asyncio.sleep(0)  # what the connection brought before it ended is queued ahead of us
        was_connected, self._is_connected = self._is_connected, False
        self._heard_epoch = 0
        link, self._link = self._link, None
        if link is not None:
            self._leave(link)
            self._subscriptions.forget(link.epoch)
        if was_connected:
            self._log.warning(f"Stream was disconnected, epoch {self._epoch}")
            await self._tell(self._on_disconnected)

    async def _drop_link(self) -> None:
        link, self._link = self._link, None
        await self._drop(link)

    async def _drop(self, link: Link | None) -> None:
        if link is not None:
            self._subscriptions.forget(link.epoch)
            await self._close_softly(link)

    # -- A CONNECTION IN ADVANCE ------------------------------------------------------------------

    def _make_next(self, epoch: int) -> None:
        """Make the next connection while the present one, which will end, still serves."""
        if epoch == self._epoch and self._next.task is None:
            self._next = _Next()
            self._next.task = self._loop.create_task(self._prepare(self._next))

    async def _prepare(self, successor: _Next) -> None:
        is_young = self._loop.time() - self._present().since < STABLE_SECS / 4
        while self._is_alive():
            if is_young:
                await asyncio.sleep(self._backoff.delay(self._attempt, random.random()))
            is_young = True
            if await self._try_next(successor):
                self._wanted.set()
                return

    async def _try_next(self, successor: _Next) -> bool:
        self._attempt += 1
        self._made += 1
        successor.begin(self._made)
        try:
            successor.link = await self._dialed(self._made)
            await self._subscriptions.renew(successor.link)
        except Exception as error:  # noqa: BLE001 (the old one may serve on, or end as it will)
            self._log_attempt(error)
            await self._drop(successor.link)
            successor.link = None
            return False
        successor.is_ready = True
        return True

    async def _switch(self) -> bool:
        """Go on with the connection made in advance; return whether there was a good one."""
        successor = self._next
        if successor.task is None:
            return False
        await asyncio.wait([successor.task])
        link = successor.link
        if link is None or successor.is_spoiled or not await self._is_complete(link):
            await self._give_up_next()
            return False
        self._next = _Next()
        self._wanted.clear()
        self._link, self._epoch, self._heard_epoch = link, link.epoch, link.epoch
        for raw in successor.early:
            self._receive(raw, link.epoch)
        return True

    async def _is_complete(self, link: Link) -> bool:
        """Return whether a connection is alive and has what was subscribed in the last moment."""
        try:
            await self._subscriptions.renew(link)
        except Exception as error:  # noqa: BLE001 (the ordinary way back is left)
            self._log_attempt(error)
            return False
        return link.is_alive()

    async def _give_up_next(self) -> None:
        successor, self._next = self._next, _Next()
        if successor.task is not None:
            successor.task.cancel()
            await asyncio.wait([successor.task])
        await self._drop(successor.link)

    async def _tell(self, callback: Callable[[int], None]) -> None:
        # Through the loop, so that an error in a callback is the loop's to report and cannot end
        # the task that keeps the stream alive.
        self._loop.call_soon(callback, self._epoch)
        await asyncio.sleep(0)

    def _report_end_of_watch(self, watcher: asyncio.Task[None]) -> None:
        error = None if watcher.cancelled() else watcher.exception()
        if error is not None:
            context = {"message": "Stream will not come back", "exception": error}
            self._loop.call_exception_handler(context)

    def _is_alive(self) -> bool:
        return self._link is not None and self._link.is_alive()

    def _present(self, about: str = "a channel") -> Link:
        if self._link is None:
            raise StreamSendError(about, NotSent.NOT_CONNECTED)
        return self._link

    # -- CHANNELS ---------------------------------------------------------------------------------

    async def subscribe(self, channel: str, auth: bool = False) -> None:
        """
        Subscribe to a channel and wait for its `subscribed/…` frame.

        Parameters
        ----------
        channel : str
            Such as ``account_all_orders/516``.
        auth : bool, default False
            Whether the channel takes a token.

        Raises
        ------
        StreamSendError
            If the stream was not connected.
        StreamSubscribeError
            If the confirmation did not come in time. The channel is not subscribed again later.

        """
        await self._subscriptions.subscribe(self._present(channel), channel, auth)

    async def unsubscribe(self, channel: str) -> None:
        """
        Unsubscribe from a channel and wait for its `unsubscribed` frame.

        Raises
        ------
        StreamSendError
            If the stream was not connected; the channel is forgotten all the same.
        StreamSubscribeError
            If the confirmation did not come in time.

        """
        await self._subscriptions.unsubscribe(self._link, channel)

    # -- SENDING ----------------------------------------------------------------------------------

    async def send_tx(
        self,
        request_id: str,
        tx_type: int,
        tx_info: str,
        *,
        epoch: int | None = None,
    ) -> int:
        """
        Write one signed transaction; frames leave in the order of the calls.

        Parameters
        ----------
        request_id : str
            Comes back in the reply.
        tx_type : int
            A `TxType`.
        tx_info : str
            The signer's JSON text, written verbatim.
        epoch : int, optional
            The only connection that it may be written on; the current one if ``None``.

        Returns
        -------
        int
            The epoch it was written in. Written is not delivered: if the epoch ends without a
            reply, the outcome is unknown. So it is if the caller is cancelled while waiting.

        Raises
        ------
        StreamSendError
            If nothing was written, definitely.

        """
        frame = frames.send_tx_frame(request_id, tx_type, tx_info)
        return await self._send(request_id, frame, epoch)

    async def send_tx_batch(
        self,
        request_id: str,
        tx_types: Sequence[int],
        tx_infos: Sequence[str],
        *,
        epoch: int | None = None,
    ) -> int:
        """
        Write several signed transactions in one frame, 1 to 15 (docs).

        Parameters
        ----------
        request_id : str
            Comes back in the one reply.
        tx_types : Sequence[int]
            A `TxType` each.
        tx_infos : Sequence[str]
            The signer's JSON texts, in nonce order.
        epoch : int, optional
            As in `send_tx`.

        Returns
        -------
        int
            The epoch it was written in.

        Raises
        ------
        StreamSendError
            If nothing was written, definitely.

        """
        frame = frames.send_tx_batch_frame(request_id, tx_types, tx_infos)
        return await self._send(request_id, frame, epoch)

    async def _send(self, request_id: str, frame: bytes, epoch: int | None) -> int:
        link = self._present(request_id)
        if not self.is_connected:
            raise StreamSendError(request_id, NotSent.NOT_CONNECTED)
        if epoch is not None and epoch != link.epoch:
            raise StreamSendError(request_id, NotSent.OTHER_EPOCH)
        await link.write(request_id, frame)
        return link.epoch

    # -- RECEIVING --------------------------------------------------------------------------------

    def _receive(self, raw: bytes, epoch: int) -> None:
        if epoch not in (self._heard_epoch, self._next.epoch):
            return
        try:
            frame = frames.read_frame(raw)
        except Exception as error:  # noqa: BLE001 (whatever came, the next frame is read)
            self._unreadable_frames += 1
            self._say_once(f"Frame of {len(raw)} bytes was unreadable", error)
            return
        try:
            self._route(frame, raw, epoch)
        except Exception as error:  # noqa: BLE001 (whatever a frame says, the next is read)
            self._say_once(f"Frame {frame.type[:40]!r} was not handled", error)

    def _say_once(self, what: str, error: BaseException) -> None:
        """Log what went wrong with a frame, once per kind."""
        kind = f"{what.partition(' of ')[0]} {type(error).__name__} {str(error)[:60]}"
        if kind not in self._said:
            self._said.add(kind)
            self._log.warning(f"{what}: {type(error).__name__}: {error}")

    def _route(self, frame: Frame, raw: bytes, epoch: int) -> None:
        family, _, _ = frame.type.partition("/")
        if family in ("subscribed", "unsubscribed"):
            self._subscriptions.confirm(frame, epoch)
        if family in ("subscribed", "update") and epoch == self._next.epoch:
            self._next.early.append(raw)
        elif family in ("subscribed", "update"):
            self._on_frame(frame.type, frame.channel, raw, epoch)
        elif (reply := frames.reply_of(frame, epoch)) is not None:
            self._on_reply(reply)
        elif frame.error is not None or family == "jsonapi":
            self._note_unattributed(frame, epoch)
        elif family == "ping":
            self._start(self._pong(epoch))
        elif family == "shutdown":
            self._log.warning("Stream was told that the venue is shutting this connection down")
            self._make_next(epoch)
        elif family not in ("connected", "pong", "unsubscribed"):
            self._log.warning(f"Frame of unknown type {frame.type!r} was ignored")

    def _note_unattributed(self, frame: Frame, epoch: int) -> None:
        is_alone = not self._subscriptions.is_waiting(epoch)
        self._subscriptions.note_error(frame.error, epoch)
        error = frame.error or ErrorBody(code=frame.code or 0)
        self._log.warning(f"Answer without id belongs to no request: {error.code} {error.message}")
        if error.code == Code.INVALID_AUTH:
            self._refuse_token(error, epoch, is_alone=is_alone)
        elif self._on_anonymous is not None:
            self._on_anonymous(error.code, error.message, epoch, is_alone)

    def _refuse_token(self, error: ErrorBody, epoch: int, *, is_alone: bool) -> None:
        """A token was refused: private channels begin anew, on a new connection, with another."""
        if self._on_token_refused is not None:
            self._on_token_refused(error.code, error.message)
        if epoch == self._next.epoch:
            self._next.is_spoiled = True
        elif is_alone and self._subscriptions.has_private:
            self.replace(epoch)

    async def _pong(self, epoch: int) -> None:
        for link in (self._link, self._next.link):
            if link is not None and link.epoch == epoch:
                with contextlib.suppress(StreamSendError):
                    await link.write("pong", frames.PONG)

    def _start(self, coroutine: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _nautilus_dial(url: str, loop: asyncio.AbstractEventLoop, heartbeat_secs: int) -> Dial:
    from nautilus_lighter_nonce.transport_ws import NautilusDial

    return NautilusDial(url, loop, heartbeat_secs)
