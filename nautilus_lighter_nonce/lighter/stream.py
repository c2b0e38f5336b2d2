"""
Lighter's WebSocket: connect, come back, send transactions, hand on what arrives.

Rules of this file
------------------
- One connection is one *epoch* and never comes back by itself: it would write what it kept on the
  next connection, and put a nonce on the wire after its fate was decided.
- A frame is delivered only in its own epoch; what an old connection still says is dropped.
- A connection that is announced to end is left before it does, once the next one has all channels.
  In between nothing is asked; what it still owes after `DRAIN_SECS` is in doubt.
- Nothing here knows what a reply means for a nonce. What a frame is belongs in `reading`, which
  channels there are in `subscriptions`, how a connection is made in `connecting`.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable
from collections.abc import Callable
from collections.abc import Coroutine
from collections.abc import Sequence
from typing import Any
from typing import Final

import msgspec

from nautilus_lighter_nonce.lighter import frames
from nautilus_lighter_nonce.lighter.connecting import YOUNG_SECS
from nautilus_lighter_nonce.lighter.connecting import Connector
from nautilus_lighter_nonce.lighter.connecting import Successor
from nautilus_lighter_nonce.lighter.connection import POLL_SECS
from nautilus_lighter_nonce.lighter.connection import Backoff
from nautilus_lighter_nonce.lighter.connection import Dial
from nautilus_lighter_nonce.lighter.connection import Link
from nautilus_lighter_nonce.lighter.errors import NotSent
from nautilus_lighter_nonce.lighter.errors import SocketError
from nautilus_lighter_nonce.lighter.errors import StreamConnectError
from nautilus_lighter_nonce.lighter.errors import StreamSendError
from nautilus_lighter_nonce.lighter.frames import StreamReply
from nautilus_lighter_nonce.lighter.reading import FrameReader
from nautilus_lighter_nonce.lighter.reading import Listeners
from nautilus_lighter_nonce.lighter.reading import Wish
from nautilus_lighter_nonce.lighter.remarks import NoLog
from nautilus_lighter_nonce.lighter.remarks import StreamLog
from nautilus_lighter_nonce.lighter.subscriptions import Subscriptions


DRAIN_SECS: Final = 2.0  # patience with the last answers of a connection that is left (our choice)


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
    dial : Dial
        Makes the connections, such as `dispatch.transport_ws.NautilusDial`.
    listeners : Listeners
        Who takes what arrives.
    auth_token : Callable[[], Awaitable[str]]
        Returns a token that serves; asked at each renewal and each private subscription, and once
        more when one was refused.
    log : StreamLog, optional
        Takes remarks. They never hold a token or a transaction.
    subscribe_timeout_secs : float, default 5.0
        Deadline of a channel's confirmation, in seconds.
    backoff : Backoff, optional
        The delays between connection attempts.

    """

    def __init__(
        self,
        url: str,
        loop: asyncio.AbstractEventLoop,
        dial: Dial,
        listeners: Listeners,
        auth_token: Callable[[], Awaitable[str]],
        *,
        log: StreamLog | None = None,
        subscribe_timeout_secs: float = 5.0,
        backoff: Backoff | None = None,
    ) -> None:
        self._url = url
        self._loop = loop
        self._listeners = listeners
        self._log: StreamLog = log or NoLog()
        self._subscriptions = Subscriptions(loop, auth_token, subscribe_timeout_secs)
        heard = msgspec.structs.replace(listeners, on_reply=self._take_reply)
        self._reader = FrameReader(heard, self._subscriptions, self._log)
        self._connector = Connector(loop, dial, backoff or Backoff(), self._receive, self._log)
        self._epoch = 0
        self._heard_epoch = 0  # the one whose frames are delivered; 0 between connections
        self._link: Link | None = None
        self._is_connected = False
        self._wanted = asyncio.Event()  # another connection is wanted, or ready
        self._next = self._new_successor()
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
        return self._is_connected and self._is_alive() and not self._present().is_draining

    @property
    def unreadable_frames(self) -> int:
        """How many frames were no JSON object that we understand."""
        return self._reader.unreadable

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
        await self._drop_next()
        await self._drop_link()
        await self._end_epoch()
        self._subscriptions.clear()
        if self._tasks:  # a transport may need its time to close
            await asyncio.wait(self._tasks)

    def replace(self, epoch: int) -> None:
        """Leave this connection for a new one, if it is the present; its answers count no more."""
        if epoch == self._epoch and self._link is not None:
            self._heard_epoch = 0
            self._leave(self._link)
            self._wanted.set()

    async def _watch(self) -> None:
        while True:
            while self._is_alive() and not self._next.is_ready:
                # The transport tells of a close by state only.
                self._wanted.clear()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._wanted.wait(), POLL_SECS)
            await self._come_back()
            await self._announce()

    async def _come_back(self) -> None:
        """End the epoch and begin the next, on the connection made in advance if there is one."""
        at_once = self._wanted.is_set() and self._connector.age(self._link) > YOUNG_SECS
        self._connector.note_end(self._link)
        if self._link is not None and self._next.is_ready:
            self._link.is_draining = True
            self._log.info(f"Stream is leaving epoch {self._epoch} for the next connection")
            await self._link.drained(DRAIN_SECS)
        await self._end_epoch()
        if not await self._switch():
            await self._reconnect(at_once=at_once)

    async def _reconnect(self, *, at_once: bool) -> None:
        while True:
            if not at_once:
                await self._connector.pause()
            at_once = False
            try:
                await self._subscriptions.renew(await self._open())
                return
            except Exception as error:  # noqa: BLE001 (whatever it was, the stream must come back)
                self._connector.note_failure(error)
                await self._drop_next()
                await self._drop_link()

    async def _open(self) -> Link:
        self._epoch = self._heard_epoch = self._connector.number()
        self._link = await self._connector.open(self._epoch)
        return self._link

    async def _switch(self) -> bool:
        """Go on with the connection made in advance; return whether there was a good one."""
        successor = self._next
        link = await successor.taken()
        if link is None:
            await self._drop_next()
            return False
        self._next = self._new_successor()
        self._link, self._epoch, self._heard_epoch = link, link.epoch, link.epoch
        for raw in successor.early:
            self._receive(raw, link.epoch)
        return True

    def _new_successor(self) -> Successor:
        return Successor(self._connector, self._subscriptions, self._wanted.set)

    async def _drop_next(self) -> None:
        successor, self._next = self._next, self._new_successor()
        await successor.give_up()

    async def _drop_link(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            self._subscriptions.forget(link.epoch)
            await self._connector.close(link)

    def _leave(self, link: Link) -> None:
        link.cut()
        self._start(self._connector.close(link))

    async def _announce(self) -> None:
        self._is_connected = True
        self._log.info(f"Stream was connected, epoch {self._epoch}")
        await self._tell(self._listeners.on_connected)

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
            await self._tell(self._listeners.on_disconnected)

    async def _tell(self, callback: Callable[[int], None]) -> None:
        # Through the loop: an error in a callback is its to report and cannot end the watch.
        self._loop.call_soon(callback, self._epoch)
        await asyncio.sleep(0)

    def _report_end_of_watch(self, watcher: asyncio.Task[None]) -> None:
        if not watcher.cancelled() and (error := watcher.exception()) is not None:
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
            reply, or the caller is cancelled while waiting, the outcome is unknown.

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
            The only connection that it may be written on.

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
        if not (self._is_connected and link.is_alive()):
            raise StreamSendError(request_id, NotSent.NOT_CONNECTED)
        if epoch is not None and epoch != link.epoch:
            raise StreamSendError(request_id, NotSent.OTHER_EPOCH)
        await link.ask(request_id, frame)
        return link.epoch

    # -- RECEIVING --------------------------------------------------------------------------------

    def _take_reply(self, reply: StreamReply) -> None:
        if self._link is not None and self._link.epoch == reply.epoch:
            self._link.answered(reply.request_id)
        self._listeners.on_reply(reply)

    def _receive(self, raw: bytes, epoch: int) -> None:
        is_early = epoch == self._next.epoch
        if epoch != self._heard_epoch and not is_early:
            return
        wish = self._reader.read(raw, epoch, is_early=is_early)
        if wish is Wish.PONG:
            self._start(self._pong(epoch))
        elif is_early and wish in (Wish.KEEP, Wish.LEAVE):
            self._next.early.append(raw)
        elif wish is Wish.RENEW:
            self._next.spoil() if is_early else self.replace(epoch)
        elif wish is Wish.LEAVE and self._link is not None:
            self._next.make_while(self._link, self._loop)

    async def _pong(self, epoch: int) -> None:
        for link in (self._link, self._next.link):
            if link is not None and link.epoch == epoch:
                with contextlib.suppress(StreamSendError):
                    await link.write("pong", frames.PONG)

    def _start(self, coroutine: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
