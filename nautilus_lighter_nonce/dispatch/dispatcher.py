"""
`TxDispatcher`: the shell around the outbox of one key.

The way of a transaction::

    submit ── Outbox ── Sign (worker) ── Write (stream) ── answer ── Publish ── component's endpoint
                 ▲                                                        │
                 └── plan again: what the lane made of it ◄───────────────┘

Rules
-----
- It decides nothing: inputs go into the outbox, its work is carried out in order, and after each
  work that moves the lane the outbox plans anew.
- It holds tasks, one timer and the connection's number; all state of a transaction is the outbox's.
- A verdict goes to the component's endpoint, so that the lane moves before anybody hears of it. If
  that fails, the lane is halted: a lane that missed a verdict must not issue.
- Whoever fails to listen (an owner, a listener on the bus) stops nobody else.
- No task of it can end by what an answer contains: the error is logged once per kind, the question
  is asked again.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from collections.abc import Coroutine
from typing import Any
from typing import Final
from typing import Protocol

import msgspec
from nautilus_trader.common.component import LiveClock
from nautilus_trader.common.component import Logger
from nautilus_trader.common.component import MessageBus

from nautilus_lighter_nonce import events
from nautilus_lighter_nonce.component import LighterNonceComponent
from nautilus_lighter_nonce.config import LighterNonceConfig
from nautilus_lighter_nonce.dispatch.requests import TxRequest
from nautilus_lighter_nonce.lighter.codes import TX_LIFETIME_MS
from nautilus_lighter_nonce.lighter.codes import Verdict
from nautilus_lighter_nonce.lighter.codes import verdict_of
from nautilus_lighter_nonce.lighter.errors import StreamSendError
from nautilus_lighter_nonce.lighter.frames import StreamReply
from nautilus_lighter_nonce.lighter.signer import SignerError
from nautilus_lighter_nonce.lighter.signer import TxSigner
from nautilus_lighter_nonce.lighter.transactions import CancelOrder
from nautilus_lighter_nonce.lighter.transactions import SignedTx
from nautilus_lighter_nonce.lighter.transactions import TxIntent
from nautilus_lighter_nonce.lighter.transactions import TxRecord
from nautilus_lighter_nonce.lighter.transactions import app_error
from nautilus_lighter_nonce.outbox import work as w
from nautilus_lighter_nonce.outbox.outbox import Outbox
from nautilus_lighter_nonce.outbox.planning import MOVES_THE_LANE
from nautilus_lighter_nonce.outbox.settings import OutboxSettings


QUESTION_SECS: Final = 2.0
"""Deadline of one question to the venue; then it is asked again (our choice)."""

RETRY_SECS: Final = 0.1
"""Pause before asking again for an intent that was not known yet (our choice)."""

FILLER_INDEX: Final = 2**48 - 1
"""The client order index that is never handed out: a cancel of it does nothing (our choice)."""

MS: Final = 1_000_000

LATE_NS: Final = 50 * MS
"""A timer that rings later than this tells of a loop that stood still (our choice)."""

CATCH_UP_NS: Final = 20 * MS
"""How long a loop that stood still may read what came meanwhile (our choice)."""


class TxTransport(Protocol):
    """The part of `LighterStream` that sends; raises `StreamSendError` if nothing was written."""

    async def send_tx(
        self, request_id: str, tx_type: int, tx_info: str, *, epoch: int | None = None
    ) -> int:
        """Write one transaction."""

    async def send_tx_batch(
        self,
        request_id: str,
        tx_types: list[int],
        tx_infos: list[str],
        *,
        epoch: int | None = None,
    ) -> int:
        """Write several transactions in one frame."""

    def replace(self, epoch: int) -> None:
        """Make a new connection at once."""


class Reads(Protocol):
    """What the shell asks the venue over REST; any exception means "no answer"."""

    async def next_nonce(self, account_index: int, api_key_index: int) -> Any:
        """Return what `nextNonce` says, of whatever type."""

    async def tx_by_hash(self, tx_hash: str) -> TxRecord | None:
        """Return a record, ``None`` if the index does not know the hash."""

    async def account_txs(self, account_index: int) -> list[TxRecord]:
        """Return the newest records of an account."""


class _Expiry(msgspec.Struct):
    ExpiredAt: int = 0


_EXPIRY: Final = msgspec.json.Decoder(_Expiry)

_EVENTS: Final = {
    Verdict.ACCEPTED: events.TxAccepted,
    Verdict.REFUSED: events.TxRefused,
    Verdict.STALE: events.TxStale,
    Verdict.UNKNOWN: events.TxUnknown,
}


class TxDispatcher:
    """
    Sends the transactions of one key and tells each one's proved outcome.

    Parameters
    ----------
    loop : asyncio.AbstractEventLoop
        The node's event loop.
    msgbus : MessageBus
        Where the component's endpoint is.
    clock : LiveClock
        The node's clock, for the times of events.
    component : LighterNonceComponent
        Whose lane it sends on.
    signer : TxSigner
        Signs off the event loop.
    transport : TxTransport
        The stream.
    reads : Reads
        The REST gate.
    key : tuple[int, int]
        (account_index, api_key_index).
    settings : LighterNonceConfig
        Deadlines and resend policy.
    quota_per_min : int, optional
        Frames per rolling minute; a batch counts once (Lighter docs).
    log : Logger, optional
        The owner's logger.

    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        msgbus: MessageBus,
        clock: LiveClock,
        component: LighterNonceComponent,
        signer: TxSigner,
        transport: TxTransport,
        reads: Reads,
        key: tuple[int, int],
        settings: LighterNonceConfig,
        quota_per_min: int | None = None,
        log: Logger | None = None,
    ) -> None:
        self._loop = loop
        self._msgbus = msgbus
        self._clock = clock
        self._component = component
        self._signer = signer
        self._transport = transport
        self._reads = reads
        self._key = key
        self._log = log or Logger(type(self).__name__)
        component.add_key(*key)
        component.attend(*key)
        self._lane = component.lane(*key)
        self._now = component.now_ns
        self._outbox = Outbox(self._lane, outbox_settings(settings, quota_per_min))
        self._txs: dict[TxRequest, int] = {}
        self._batches = 0
        self._markets: list[int] = [0]
        self._frames: deque[w.Write] = deque()
        self._is_writing = False
        self._idle = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._timer_ns = 0
        self._is_running = False
        self._is_stopping = False
        self._said: set[str] = set()
        account_index, api_key_index = key
        self._topics = [
            f"events.lighter.nonce.{kind}.{account_index}.{api_key_index}"
            for kind in ("halted", "seeded")
        ]

    # -- LIFE -------------------------------------------------------------------------------------

    def start(self, markets: list[int] | None = None) -> None:
        """
        Begin to send once `on_connected` was called.

        Parameters
        ----------
        markets : list[int], optional
            Markets that the account may trade, for fillers.

        """
        self._markets = markets or self._markets
        self._is_stopping = False
        self._outbox.start(self._now())
        for topic in self._topics:
            self._msgbus.subscribe(topic=topic, handler=self._on_lane_news)

    async def stop(self, timeout_secs: float = 2.0) -> None:
        """
        Give up what is not written, end doubts by spending their nonces, for a bounded time.

        What was taken is waited for too until it is shown: it may be dropped yet. Every copy that
        may still be taken at the end is named in a warning.

        Parameters
        ----------
        timeout_secs : float, default 2.0
            Patience with answers, doubts, and what was not shown yet.

        """
        self._is_stopping = True
        self._idle.clear()
        self._outbox.stop(self._now())
        self._run()
        try:
            await asyncio.wait_for(self._idle.wait(), timeout_secs)
        except TimeoutError:
            self._warn_of_undead()
        for topic in self._topics:
            if self._msgbus.is_subscribed(topic, self._on_lane_news):
                self._msgbus.unsubscribe(topic=topic, handler=self._on_lane_news)
        if self._timer is not None:
            self._timer.cancel()
        for task in self._tasks:
            task.cancel()

    def _warn_of_undead(self) -> None:
        """Name every copy that may still be taken: what the next run, or a person, must know."""
        for copy in self._outbox.undead():
            label = copy.what.label if isinstance(copy.what, TxRequest) else "filler"
            expires_s = copy.expires_ns // 10**9
            self._log.warning(
                f"Stopped without knowing the fate of {label}: nonce {copy.nonce}, hash "
                f"{copy.tx_hash}, ExpiredAt {expires_s} (Unix seconds)",
            )

    @property
    def queued(self) -> int:
        """Commands that wait for their nonce."""
        return self._outbox.queued

    @property
    def in_flight(self) -> int:
        """Transactions bound or sent, without an answer."""
        return self._outbox.in_flight

    @property
    def in_doubt(self) -> list[TxRequest]:
        """Requests of which a copy may be at the venue, and nobody knows."""
        return [what for what in self._outbox.in_doubt if isinstance(what, TxRequest)]

    def open_orders(self) -> set[str]:
        """Return the client order ids of everything that was submitted and is not final."""
        return {order_id for request in self._txs for order_id in request.order_ids()}

    # -- IN ---------------------------------------------------------------------------------------

    def submit(self, *requests: TxRequest) -> list[int]:
        """
        Take the next places and return them; call it before the first await of a command.

        Several requests are one batch: they go in frames of up to 15 where they can. The id of a
        write (`TxVerdict.write_id`) begins with the place of its first transaction and a dash.
        """
        self._batches += 1
        batch = self._batches if len(requests) > 1 else None
        now_ns = self._now()
        for request in requests:
            self._txs[request] = self._outbox.submit(
                request,
                request.tx_type,
                now_ns,
                order=request.order(),
                batch=batch,
                resend=request.allows_resend(),
                repeats=request.repeats_safely(),
                undo=request.undo(),
            )
        places = [self._txs[request] for request in requests]
        if places:
            self._idle.clear()
            self._run()
        return places

    def cancel(self, request: TxRequest) -> bool:
        """
        Not wanted any more; return whether that ended it here, without the venue.

        If not, a copy of it may be at the venue: submit a cancel.
        """
        tx = self._txs.get(request)
        if tx is None:
            return False
        is_ended = self._outbox.cancel(tx, self._now())
        self._run()
        return is_ended

    def wake(self) -> None:
        """An intent that was not known may be known by now."""
        for tx in list(self._txs.values()):
            self._outbox.ready(tx, self._now())
        self._run()

    def on_connected(self, epoch: int) -> None:
        """The stream is up: go on sending."""
        self._outbox.connected(epoch, self._now())
        self._run()

    def on_disconnected(self) -> None:
        """The stream is down: what was sent and not answered is in doubt."""
        self._not_written()
        self._outbox.connection_lost(self._now())
        self._run()

    def on_reply(self, reply: StreamReply) -> None:
        """Handle the venue's answer to a frame; answers nobody waits for are ignored."""
        self._outbox.answered(
            reply.request_id,
            reply.epoch,
            reply.code or 0,
            reply.verdict,
            self._now(),
            message=reply.message,
            predicted_ms=reply.predicted_execution_time_ms or 0,
        )
        self._run()

    def on_anonymous(self, code: int, message: str, epoch: int, is_alone: bool) -> None:
        """Handle an error that came without an id."""
        self._outbox.anonymous(
            epoch, code, verdict_of(code), self._now(), message=message, is_alone=is_alone
        )
        self._run()

    def on_trouble(self, reason: str) -> None:
        """Note why the stream does not come back, for whoever waits in vain; "" once it has."""
        self._outbox.note_trouble(reason)

    def on_record(self, record: TxRecord) -> None:
        """Handle the venue's own account of a transaction of this key."""
        self._take_record(record)
        self._run()

    def on_shown(self, request: TxRequest) -> None:
        """A private frame showed what the request did."""
        tx = self._txs.get(request)
        if tx is not None:
            self._outbox.shown(tx, self._now())
            self._run()

    def _take_record(self, record: TxRecord) -> None:
        error = app_error(record.event_info)
        self._outbox.record(
            record.nonce,
            record.hash,
            record.status,
            self._now(),
            code=0 if error is None else error.code,
            reason="" if error is None else error.message,
        )

    def _on_lane_news(self, event: events.KeyEvent) -> None:
        if isinstance(event, events.NonceSeeded) and event.is_reset:
            self._outbox.reset(self._now())
        self._loop.call_soon(self._run)

    # -- CARRYING OUT -----------------------------------------------------------------------------

    def _run(self) -> None:
        """Carry out everything that is to be done now; never inside itself."""
        if self._is_running:
            self._loop.call_soon(self._run)
            return
        if self._stood_still():
            return
        self._is_running = True
        try:
            moved = True
            while moved:
                moved = False
                for work in self._outbox.plan(self._now()):
                    self._carry_out(work)
                    moved = isinstance(work, MOVES_THE_LANE)
        finally:
            self._is_running = False
        if self._outbox.is_idle and not (self._is_stopping and self._outbox.undead()):
            self._idle.set()
        self._arm()

    def _carry_out(self, work: w.Work) -> None:
        """Carry out one work; what goes wrong with it must not keep the others waiting."""
        try:
            _CARRIED_OUT[type(work)](self, work)
        except Exception as e:  # noqa: BLE001 (a reader or a timer would end by it)
            self._log.exception(f"{type(work).__name__} was not carried out", e)

    def _arm(self) -> None:
        """Let the one timer ring when the outbox wants to plan again."""
        due_ns = self._outbox.next_due()
        if due_ns is None or (self._timer is not None and self._timer_ns <= due_ns):
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer_ns = due_ns
        delay = max(0, due_ns - self._now()) / 1e9
        self._timer = self._loop.call_later(delay, self._ring)

    def _ring(self) -> None:
        is_in_time = not self._stood_still()
        if is_in_time:
            self._timer = None
            self._run()

    def _stood_still(self) -> bool:
        """
        Return whether the loop stood still, and let it first read what came meanwhile.

        Else silence would be taken for what lies in the loop's own queue.
        """
        if self._timer is None or self._now() - self._timer_ns <= LATE_NS:
            return False
        self._timer.cancel()
        self._timer_ns = self._now() + CATCH_UP_NS
        self._timer = self._loop.call_later(CATCH_UP_NS / 1e9, self._ring)
        return True

    def _do_sign(self, work: w.Sign) -> None:
        try:
            intent = self._intent_of(work.what)
        except Exception as e:  # noqa: BLE001 (one bad request must not stop the others)
            self._outbox.unsigned(work.write_id, str(e), self._now())
            self._run()
            return
        if intent is None:
            self._outbox.unready(work.write_id, self._now())
            self._run()
            self._loop.call_later(RETRY_SECS, self.wake)  # no event says that it never will be
        else:
            self._start(self._sign(work.write_id, intent, work.nonce))

    def _intent_of(self, what: Any) -> TxIntent | None:
        if isinstance(what, w.Filler):
            market = self._markets[what.kind % len(self._markets)]
            return CancelOrder(market_index=market, order_index=FILLER_INDEX)
        request: TxRequest = what
        return request.intent()

    async def _sign(self, write_id: str, intent: TxIntent, nonce: int) -> None:
        try:
            signed = await self._signer.sign(intent, nonce)
        except SignerError as e:
            self._outbox.unsigned(write_id, f"it was not signed: {e}", self._now())
        except Exception as e:  # noqa: BLE001 (whatever it was, it is not signed)
            self._outbox.unsigned(write_id, f"it was not signed: {type(e).__name__}", self._now())
        else:
            self._outbox.signed(write_id, _copy_of(signed, self._now()), self._now())
        self._run()

    def _do_write(self, work: w.Write) -> None:
        self._frames.append(work)
        if not self._is_writing:
            self._start(self._write())

    async def _write(self) -> None:
        """Write frame after frame, in order, until none waits; there is never a second writer."""
        self._is_writing = True
        try:
            while self._frames:
                await self._try_to_write(self._frames.popleft())
        finally:
            self._is_writing = False

    async def _try_to_write(self, frame: w.Write) -> None:
        try:
            await self._write_one(frame)
        except StreamSendError as e:
            self._log.warning(f"Frame {frame.frame_id} was not written: {e}")
            self._not_written(frame)
            self._run()
        except Exception as e:  # noqa: BLE001 (it may be on its way: silence will tell)
            self._say_once("write", e)

    def _not_written(self, *more: w.Write) -> None:
        """Nothing of the frames that wait, and of those named, left: the latest goes back first."""
        frames = [*more, *self._frames]
        self._frames.clear()
        for frame in reversed(frames):
            self._outbox.not_written(frame.frame_id, self._now())

    async def _write_one(self, frame: w.Write) -> None:
        copies, epoch = frame.copies, frame.connection
        if len(copies) == 1:
            await self._transport.send_tx(
                frame.frame_id, copies[0].tx_type, copies[0].tx_info, epoch=epoch
            )
        else:
            await self._transport.send_tx_batch(
                frame.frame_id,
                [copy.tx_type for copy in copies],
                [copy.tx_info for copy in copies],
                epoch=epoch,
            )

    def _do_publish(self, work: w.Publish) -> None:
        fields: dict[str, Any] = {}
        match work.verdict:
            case Verdict.ACCEPTED:
                fields = {"predicted_execution_time_ms": work.predicted_ms}
            case Verdict.REFUSED:
                fields = {"code": work.code, "message": work.message}
            case Verdict.STALE:
                fields = {"code": work.code}
            case Verdict.UNKNOWN:
                fields = {"reason": work.message}
        account_index, api_key_index = self._key
        event = _EVENTS[work.verdict](
            account_index=account_index,
            api_key_index=api_key_index,
            ts_event=self._clock.timestamp_ns(),
            nonce=work.nonce,
            epoch=work.epoch,
            tx_hash=work.tx_hash,
            write_id=work.write_id,
            **fields,
        )
        self._send(event)

    def _do_spent(self, work: w.Spent) -> None:
        account_index, api_key_index = self._key
        self._send(
            events.NonceSpent(
                account_index=account_index,
                api_key_index=api_key_index,
                nonce=work.nonce,
                by_us=work.by_us,
            ),
        )

    def _do_withdraw(self, work: w.Withdraw) -> None:
        account_index, api_key_index = self._key
        self._send(
            events.NonceWithdrawn(
                account_index=account_index,
                api_key_index=api_key_index,
                nonce=work.nonce,
                epoch=work.epoch,
            ),
        )

    def _do_rebase(self, work: w.Rebase) -> None:
        account_index, api_key_index = self._key
        self._send(
            events.RebaseWanted(
                account_index=account_index,
                api_key_index=api_key_index,
                nonce=work.nonce,
                vanished=work.cause is w.Cause.VANISHED,
            ),
        )

    def _send(self, message: Any) -> None:
        """Send to the component's endpoint; a lane that missed a message must not go on."""
        try:
            self._msgbus.send(endpoint=self._component.endpoint, msg=message)
        except Exception as e:  # noqa: BLE001 (never a reader's or a timer's end)
            self._log.exception(f"{type(message).__name__} was not taken by the lane", e)
            self._component.halt(*self._key, f"{type(message).__name__}: {type(e).__name__}: {e}")

    def _do_halt(self, work: w.Halt) -> None:
        self._component.halt(*self._key, work.reason)

    def _do_trouble(self, work: w.Trouble) -> None:
        self._component.trouble(*self._key, work.code, work.reason)

    def _do_narrow(self, work: w.Narrow) -> None:
        self._component.narrow(*self._key)

    def _do_replace(self, work: w.Replace) -> None:
        self._log.warning(f"Connection {work.connection} was silent: it is replaced")
        self._transport.replace(work.connection)

    def _do_remark(self, work: w.Remark) -> None:
        self._log.warning(work.text)

    # -- QUESTIONS --------------------------------------------------------------------------------

    def _do_ask(self, work: w.AskCounter) -> None:
        self._start(self._ask(self._now()))

    async def _ask(self, asked_ns: int) -> None:
        account_index, api_key_index = self._key
        try:
            question = self._reads.next_nonce(account_index, api_key_index)
            value = await asyncio.wait_for(question, QUESTION_SECS)
        except Exception as e:  # noqa: BLE001 (no answer is no answer, whatever it was)
            self._say_once("nextNonce", e)
            self._outbox.no_counter(self._now())
        else:
            is_believed = self._lane.believes(value)
            self._send(
                events.CounterAnswered(
                    account_index=account_index,
                    api_key_index=api_key_index,
                    value=value,
                    asked_ns=asked_ns,
                ),
            )
            if is_believed:
                self._outbox.counter(value, asked_ns, self._now())
            else:
                self._outbox.no_counter(self._now())
        self._run()

    def _do_look_up(self, work: w.LookUp) -> None:
        self._start(self._look_up(work))

    async def _look_up(self, work: w.LookUp) -> None:
        for record in await self._find(work):
            if record.api_key_index in (self._key[1], 0) or self._outbox.is_ours(record.hash):
                self._take_record(record)
        self._outbox.looked_up(work.nonce, self._now())
        self._run()

    async def _find(self, work: w.LookUp) -> list[TxRecord]:
        found: list[TxRecord] = []
        for tx_hash in work.hashes:
            try:
                record = await asyncio.wait_for(self._reads.tx_by_hash(tx_hash), QUESTION_SECS)
            except Exception as e:  # noqa: BLE001 (no answer proves nothing)
                self._say_once("tx", e)
                continue
            if record is not None and record.hash == tx_hash:
                found.append(record)
        if work.by_nonce and not found:
            try:
                rows = await asyncio.wait_for(self._reads.account_txs(self._key[0]), QUESTION_SECS)
            except Exception as e:  # noqa: BLE001 (no answer proves nothing)
                self._say_once("accountTxs", e)
            else:
                found += [row for row in rows if row.api_key_index == self._key[1]]
        return found

    def _say_once(self, what: str, error: BaseException) -> None:
        """Log an error once per kind until another kind comes."""
        kind = f"{what} {type(error).__name__}"
        if kind not in self._said:
            self._said.add(kind)
            self._log.warning(f"{what} was not answered: {type(error).__name__}: {error}")

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        """Begin at once, not in the loop's next turn: every order waits for its signature."""
        task = asyncio.Task(work, loop=self._loop, eager_start=True)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # -- TELLING ----------------------------------------------------------------------------------

    def _do_tell(self, work: w.Tell) -> None:
        request: TxRequest = work.what
        try:
            _TOLD[work.news](self, request, work)
        except Exception as e:  # noqa: BLE001 (owners may be anybody's)
            self._log.exception(f"The owner of {request.label} was broken", e)
        if work.news in _LAST:
            self._txs.pop(request, None)

    def _tell_doubt(self, request: TxRequest, work: w.Tell) -> None:
        self._log.warning(f"{request.label} is in doubt: it may be at the venue")
        self._tell_order(events.OrderInDoubt, request)

    def _tell_settled(self, request: TxRequest, work: w.Tell) -> None:
        self._tell_order(events.OrderSettled, request, proof=work.proof.value)

    def _tell_order(
        self, event_type: type[events.OrderDoubt], request: TxRequest, **fields: Any
    ) -> None:
        account_index, api_key_index = self._key
        event = event_type(
            account_index=account_index,
            api_key_index=api_key_index,
            ts_event=self._clock.timestamp_ns(),
            client_order_id=request.order_id(),
            label=request.label,
            **fields,
        )
        self._msgbus.publish(topic=event.topic, msg=event)


_LAST: Final = frozenset(
    {w.News.ALIVE, w.News.REVERTED, w.News.REFUSED, w.News.GIVEN_UP, w.News.DROPPED}
)

_TOLD: Final[dict[w.News, Callable[[TxDispatcher, TxRequest, w.Tell], None]]] = {
    w.News.SENDING: lambda _, request, work: request.on_bound(),
    w.News.IN_DOUBT: TxDispatcher._tell_doubt,
    w.News.SETTLED: TxDispatcher._tell_settled,
    w.News.ALIVE: lambda _, request, work: request.on_alive(work.proof),
    w.News.REVERTED: lambda _, request, work: request.on_reverted(work.code, work.reason),
    w.News.REFUSED: lambda _, request, work: request.on_refused(work.code, work.reason),
    w.News.GIVEN_UP: lambda _, request, work: request.on_given_up(
        work.reason, was_bound=work.was_bound
    ),
    w.News.DROPPED: lambda _, request, work: request.on_dropped(work.reason),
}

_CARRIED_OUT: Final[dict[type[w.Work], Callable[[TxDispatcher, Any], None]]] = {
    w.Sign: TxDispatcher._do_sign,
    w.Write: TxDispatcher._do_write,
    w.Publish: TxDispatcher._do_publish,
    w.Spent: TxDispatcher._do_spent,
    w.Withdraw: TxDispatcher._do_withdraw,
    w.Rebase: TxDispatcher._do_rebase,
    w.Halt: TxDispatcher._do_halt,
    w.Trouble: TxDispatcher._do_trouble,
    w.Narrow: TxDispatcher._do_narrow,
    w.Replace: TxDispatcher._do_replace,
    w.Remark: TxDispatcher._do_remark,
    w.AskCounter: TxDispatcher._do_ask,
    w.LookUp: TxDispatcher._do_look_up,
    w.Tell: TxDispatcher._do_tell,
}


def outbox_settings(settings: LighterNonceConfig, quota_per_min: int | None) -> OutboxSettings:
    """Return the outbox's patience and limits from the config of the lanes."""
    age_ms = settings.resend_max_age_ms
    return OutboxSettings(
        reply_timeout_ns=settings.reply_timeout_ms * MS,
        settle_ns=settings.settle_ms * MS,
        max_age_ns=None if age_ms is None else age_ms * MS,
        queue_timeout_ns=settings.queue_timeout_ms * MS,
        quota_per_min=quota_per_min,
        suspect_ns=settings.disbelief_ms * MS,
        resend=settings.resend,
    )


def _copy_of(signed: SignedTx, now_ns: int) -> w.Signed:
    """Return a signature as the outbox holds it, with the `ExpiredAt` that was signed."""
    try:
        expires_ms = _EXPIRY.decode(signed.tx_info).ExpiredAt
    except msgspec.DecodeError:
        expires_ms = 0
    expires_ns = expires_ms * MS or now_ns + TX_LIFETIME_MS * MS
    return w.Signed(
        tx_type=signed.tx_type,
        tx_info=signed.tx_info,
        tx_hash=signed.tx_hash,
        expires_ns=expires_ns,
    )
