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
- Whoever fails to listen (an owner, a listener on the bus) stops nobody else.
- No task of it can end by what an answer contains: the error is logged once per kind, the question
  is asked again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from collections.abc import Coroutine
from typing import Any
from typing import Final

from nautilus_trader.common.component import Logger

from nautilus_lighter_nonce import events
from nautilus_lighter_nonce.dispatch.lane_door import LaneDoor
from nautilus_lighter_nonce.dispatch.questions import Questions
from nautilus_lighter_nonce.dispatch.questions import Reads
from nautilus_lighter_nonce.dispatch.requests import TxRequest
from nautilus_lighter_nonce.dispatch.sending import FrameWriter
from nautilus_lighter_nonce.dispatch.sending import TxTransport
from nautilus_lighter_nonce.dispatch.sending import copy_of
from nautilus_lighter_nonce.dispatch.sending import filler_intent
from nautilus_lighter_nonce.dispatch.sending import said_of
from nautilus_lighter_nonce.dispatch.timer import OneTimer
from nautilus_lighter_nonce.lighter.codes import verdict_of
from nautilus_lighter_nonce.lighter.frames import StreamReply
from nautilus_lighter_nonce.lighter.signer import SignerError
from nautilus_lighter_nonce.lighter.signer import TxSigner
from nautilus_lighter_nonce.lighter.transactions import TxIntent
from nautilus_lighter_nonce.lighter.transactions import TxRecord
from nautilus_lighter_nonce.lighter.transactions import app_error
from nautilus_lighter_nonce.outbox import work as w
from nautilus_lighter_nonce.outbox.outbox import Outbox
from nautilus_lighter_nonce.outbox.planning import MOVES_THE_LANE
from nautilus_lighter_nonce.outbox.settings import OutboxSettings


RETRY_SECS: Final = 0.1
"""Pause before asking again for an intent that was not known yet (our choice)."""


class TxDispatcher:
    """
    Sends the transactions of one key and tells each one's proved outcome.

    Parameters
    ----------
    loop : asyncio.AbstractEventLoop
        The node's event loop.
    door : LaneDoor
        The way to the component and its lane.
    signer : TxSigner
        Signs off the event loop.
    transport : TxTransport
        The stream.
    reads : Reads
        The REST gate.
    settings : OutboxSettings
        Patience, limits and resend policy.
    log : Logger, optional
        The client's logger.

    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        door: LaneDoor,
        signer: TxSigner,
        transport: TxTransport,
        reads: Reads,
        settings: OutboxSettings,
        log: Logger | None = None,
    ) -> None:
        self._loop = loop
        self._door = door
        self._signer = signer
        self._transport = transport
        self._log = log or Logger(type(self).__name__)
        self._writer = FrameWriter(transport, self._log)
        self._questions = Questions(reads, door.key, self._log)
        self._now = door.now_ns
        self._outbox = Outbox(door.lane, settings)
        self._txs: dict[TxRequest, int] = {}
        self._batches = 0
        self._markets: list[int] = [0]
        self._idle = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._timer = OneTimer(loop, door.now_ns, self._run)
        self._is_running = False
        self._is_stopping = False

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
        self._door.listen(self._on_lane_news)

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
        self._door.leave(self._on_lane_news)
        self._timer.cancel()
        for task in self._tasks:
            task.cancel()

    def _warn_of_undead(self) -> None:
        """Name every copy that may still be taken: what the next run, or a person, must know."""
        for copy in self._outbox.undead():
            label = copy.what.label if isinstance(copy.what, TxRequest) else "filler"
            self._log.warning(f"Stopped without knowing the fate of {label}: {said_of(copy)}")

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
        self._not_written(self._writer.take_back())
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
        if self._timer.stood_still():
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
        self._timer.arm(self._outbox.next_due())

    def _carry_out(self, work: w.Work) -> None:
        """Carry out one work; what goes wrong with it must not keep the others waiting."""
        try:
            _CARRIED_OUT[type(work)](self, work)
        except Exception as e:  # noqa: BLE001 (a reader or a timer would end by it)
            self._log.exception(f"{type(work).__name__} was not carried out", e)

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
            return filler_intent(what, self._markets)
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
            self._outbox.signed(write_id, copy_of(signed, self._now()), self._now())
        self._run()

    def _do_write(self, work: w.Write) -> None:
        if self._writer.put(work):
            self._start(self._write())

    async def _write(self) -> None:
        async for frames in self._writer.run():
            self._not_written(frames)
            self._run()

    def _not_written(self, frames: list[w.Write]) -> None:
        """Nothing of these frames left: the latest goes back first."""
        for frame in reversed(frames):
            self._outbox.not_written(frame.frame_id, self._now())

    def _do_replace(self, work: w.Replace) -> None:
        self._log.warning(f"Connection {work.connection} was silent: it is replaced")
        self._transport.replace(work.connection)

    # -- QUESTIONS --------------------------------------------------------------------------------

    async def _ask(self, asked_ns: int) -> None:
        answers = await self._questions.next_nonce()
        if answers and self._door.count(answers[0], asked_ns):
            self._outbox.counter(answers[0], asked_ns, self._now())
        else:
            self._outbox.no_counter(self._now())
        self._run()

    async def _look_up(self, work: w.LookUp) -> None:
        for record in await self._questions.find(work):
            if record.api_key_index in (self._door.key[1], 0) or self._outbox.is_ours(record.hash):
                self._take_record(record)
        self._outbox.looked_up(work.nonce, self._now())
        self._run()

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
        self._door.tell_order(events.OrderInDoubt, request.order_id(), request.label)

    def _tell_settled(self, request: TxRequest, work: w.Tell) -> None:
        fields = {"proof": work.proof.value}
        self._door.tell_order(events.OrderSettled, request.order_id(), request.label, **fields)


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
    w.Publish: lambda self, work: self._door.publish(work),
    w.Spent: lambda self, work: self._door.spent(work),
    w.Withdraw: lambda self, work: self._door.withdraw(work),
    w.Rebase: lambda self, work: self._door.rebase(work),
    w.Halt: lambda self, work: self._door.halt(work),
    w.Trouble: lambda self, work: self._door.trouble(work),
    w.Narrow: lambda self, work: self._door.narrow(),
    w.Replace: TxDispatcher._do_replace,
    w.Remark: lambda self, work: self._log.warning(work.text),
    w.AskCounter: lambda self, work: self._start(self._ask(self._now())),
    w.LookUp: lambda self, work: self._start(self._look_up(work)),
    w.Tell: TxDispatcher._do_tell,
}
