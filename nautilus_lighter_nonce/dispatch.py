"""
`TxDispatcher`: from an intent to a verdict, for one key.

The way of a transaction::

    submit ── place ── bind: nonce ── sign (worker) ── send turn ── in flight ── verdict
                ▲                         │                             │
                └── withdrawn (unsent) ───┴──── doomed: signed anew ────┘

Rules
-----
- A command takes its place in `submit`, synchronously; what comes back after a heal stands before
  everything that arrived later.
- The nonce is bound only when the stream is up, the lane is open, a slot and a rate token are in
  hand; binding never awaits.
- Signing runs in parallel; one task sends, strictly in nonce order.
- A transaction gets one verdict, published on the bus before its owner hears of it. Silence is
  `TxUnknown`; evidence that comes late mends it as long as the lane still waits for it.
- A copy that was sent and never answered blocks every further copy until the venue has said that
  it does not know its hash: no proof, no resend.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable
from collections.abc import Callable
from typing import Any
from typing import Protocol

from nautilus_trader.common.component import LiveClock
from nautilus_trader.common.component import Logger
from nautilus_trader.common.component import MessageBus

from nautilus_lighter_nonce import events
from nautilus_lighter_nonce.component import LighterNonceComponent
from nautilus_lighter_nonce.config import LighterNonceConfig
from nautilus_lighter_nonce.lighter.codes import Verdict
from nautilus_lighter_nonce.lighter.codes import is_rate_limit
from nautilus_lighter_nonce.lighter.schemas import SignedTx
from nautilus_lighter_nonce.lighter.schemas import TxIntent
from nautilus_lighter_nonce.lighter.signer import SignerError
from nautilus_lighter_nonce.lighter.signer import TxSigner
from nautilus_lighter_nonce.lighter.stream import StreamReply
from nautilus_lighter_nonce.lighter.stream import StreamSendError
from nautilus_lighter_nonce.places import Entry
from nautilus_lighter_nonce.places import EntryState
from nautilus_lighter_nonce.places import Places
from nautilus_lighter_nonce.quota import SendQuota
from nautilus_lighter_nonce.requests import TxRequest


RETRY_SEND_SECS = 0.1
"""Pause after a transaction that could not be written, should the stream stay up (our choice)."""

VERIFY_TIMEOUT_SECS = 1.0
"""Patience with the look-up of a copy's hash while the lane waits for it (our choice)."""

Verify = Callable[[str], Awaitable[bool | None]]
"""Whether the venue knows a transaction hash; ``None`` if it did not answer."""


class TxTransport(Protocol):
    """The part of `LighterStream` that sends."""

    async def send_tx(self, request_id: str, tx_type: int, tx_info: str) -> int:
        """Write one transaction, or raise `StreamSendError` if nothing was written."""


class TxDispatcher:
    """
    Sends the transactions of one key in lane order and reports each one's verdict.

    Parameters
    ----------
    loop : asyncio.AbstractEventLoop
        The node's event loop.
    msgbus : MessageBus
        Where verdicts are published.
    clock : LiveClock
        The node's clock.
    component : LighterNonceComponent
        Issues the nonces.
    signer : TxSigner
        Signs off the event loop.
    transport : TxTransport
        The stream.
    verify : Callable[[str], Awaitable[bool or None]]
        Asks the venue whether it knows a transaction hash.
    key : tuple[int, int]
        (account_index, api_key_index).
    settings : LighterNonceConfig
        Deadlines and resend policy.
    quota_per_min : int, optional
        Transactions per rolling minute.
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
        verify: Verify,
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
        self._verify = verify
        self._key = key
        self._settings = settings
        self._quota = SendQuota(quota_per_min)
        self._log = log or Logger(type(self).__name__)
        self._last_place = 0
        self._waiting = Places(loop, settings.queue_timeout_ms, self._on_queue_timeout)
        self._unsent: deque[Entry] = deque()
        self._sent: dict[str, Entry] = {}
        self._by_hash: dict[str, Entry] = {}
        self._by_nonce: dict[int, Entry] = {}
        self._in_doubt: set[Entry] = set()
        self._is_up = False
        self._is_advancing = False
        self._wake_timer: asyncio.TimerHandle | None = None
        self._something_unsent = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._tasks: set[asyncio.Task[None]] = set()
        account_index, api_key_index = key
        self._handlers = {
            f"events.lighter.nonce.{kind}.{account_index}.{api_key_index}": handler
            for kind, handler in (
                ("frozen", self._on_frozen),
                ("healed", self._on_healed),
                ("resolved", self._on_resolved),
                ("halted", self._on_halted),
                ("seeded", self._on_seeded),
            )
        }

    # -- LIFE -------------------------------------------------------------------------------------

    def start(self) -> None:
        """Listen to the lane and begin to send once `on_connected` was called."""
        for topic, handler in self._handlers.items():
            self._msgbus.subscribe(topic=topic, handler=handler)
        sender = self._start_task(self._send_in_turn())
        sender.add_done_callback(self._on_sender_done)

    async def stop(self, timeout_secs: float = 2.0) -> None:
        """
        Give up what is not sent, wait a bounded time for what is, then stop.

        Parameters
        ----------
        timeout_secs : float, default 2.0
            Patience with transactions in flight.

        """
        self._is_up = False
        self._withdraw_unsent()
        for entry in list(self._waiting):
            self._waiting.remove(entry)
            self._give_up(entry, "the client stopped before it was sent")
        self._note_idle()
        try:
            await asyncio.wait_for(self._idle.wait(), timeout_secs)
        except TimeoutError:
            labels = ", ".join(entry.request.label for entry in self._sent.values())
            self._log.warning(f"Stopped without knowing the outcome of: {labels}")
        for task in list(self._tasks):
            task.cancel()
        for topic, handler in self._handlers.items():
            if self._msgbus.is_subscribed(topic, handler):
                self._msgbus.unsubscribe(topic=topic, handler=handler)

    @property
    def queued(self) -> int:
        """Commands that wait for their nonce."""
        return len(self._waiting)

    @property
    def in_flight(self) -> int:
        """Transactions bound or sent, without a verdict."""
        return len(self._sent) + len(self._unsent)

    # -- IN ---------------------------------------------------------------------------------------

    def submit(self, request: TxRequest) -> None:
        """Take the next place for a transaction. Call it before the first await of a command."""
        self._last_place += 1
        now_ns = self._clock.timestamp_ns()
        self._waiting.put(Entry(self._last_place, request, now_ns), now_ns)
        self._advance()

    def cancel(self, request: TxRequest) -> bool:
        """
        Drop a request that is certainly not at the venue; return whether that was possible.

        What is bound, sent or in doubt cannot be dropped; what waits for its turn, or for the
        lane to heal, can.
        """
        for entry in self._waiting:
            if entry.request is request and not entry.unproved:
                self._waiting.remove(entry)
                entry.state = EntryState.DONE
                return True
        for nonce, entry in self._by_nonce.items():
            if entry.request is request and entry.state is EntryState.STALE and not entry.unproved:
                del self._by_nonce[nonce]
                entry.state = EntryState.DONE
                return True
        return False

    def wake(self) -> None:
        """An intent that was not known has become known."""
        self._advance()

    def on_connected(self) -> None:
        """The stream is up: go on sending."""
        self._is_up = True
        self._advance()

    def on_disconnected(self) -> None:
        """The stream is down: what was sent is unknown, what was not goes back to its place."""
        self._is_up = False
        self._withdraw_unsent()
        sent = list(self._sent.values())
        self._sent.clear()
        for entry in sent:
            self._to_unknown(entry, "the connection was lost")
        self._note_idle()

    def on_reply(self, reply: StreamReply) -> None:
        """Handle the venue's answer to a transaction; answers nobody waits for are ignored."""
        entry = self._sent.pop(reply.request_id, None)
        if entry is None:
            return
        match reply.verdict:
            case Verdict.ACCEPTED:
                self._to_accepted(entry, reply.predicted_execution_time_ms or 0)
            case Verdict.REFUSED:
                self._to_refused(entry, reply.code or 0, reply.message)
            case Verdict.STALE:
                self._to_stale(entry, reply.code or 0)
            case Verdict.UNKNOWN:
                self._to_unknown(entry, f"the venue answered {reply.code}")
        self._note_idle()
        self._advance()

    def on_record(self, tx_hash: str) -> None:
        """A record of the venue shows that it took a transaction: that is its acceptance."""
        entry = self._by_hash.get(tx_hash)
        if entry is not None and entry.state in (EntryState.SENT, EntryState.UNKNOWN):
            self._sent.pop(entry.request_id, None)
            self._to_accepted(entry, 0)
            self._note_idle()
            self._advance()

    # -- BINDING ----------------------------------------------------------------------------------

    def _advance(self) -> None:
        """Bind as many waiting transactions as lane, stream and quota allow, in place order."""
        if self._is_advancing:
            return
        self._is_advancing = True
        try:
            while self._waiting and self._may_bind():
                entry = self._waiting.head
                intent = entry.request.intent()
                if intent is None:
                    return
                self._waiting.remove(entry)
                self._bind(entry, intent)
        finally:
            self._is_advancing = False

    def _may_bind(self) -> bool:
        if not self._is_up or self._in_doubt or not self._component.can_issue(*self._key):
            return False
        pause_ns = self._quota.pause_ns(self._clock.timestamp_ns())
        if pause_ns:
            self._advance_later(pause_ns / 1e9)
        return not pause_ns

    def _advance_later(self, delay_secs: float) -> None:
        if self._wake_timer is not None:
            self._wake_timer.cancel()
        self._wake_timer = self._loop.call_later(delay_secs, self._advance)

    def _bind(self, entry: Entry, intent: TxIntent) -> None:
        self._quota.take(self._clock.timestamp_ns())
        entry.issued = self._component.issue(*self._key)
        entry.state = EntryState.BOUND
        entry.signing = self._loop.create_task(self._signer.sign(intent, entry.nonce))
        self._unsent.append(entry)
        self._something_unsent.set()
        self._idle.clear()
        if not entry.was_bound:
            entry.was_bound = True
            entry.request.on_bound()

    # -- SENDING ----------------------------------------------------------------------------------

    async def _send_in_turn(self) -> None:
        while True:
            await self._something_unsent.wait()
            if not self._unsent:  # withdrawn between the signal and this task's turn
                self._something_unsent.clear()
                continue
            entry, signing = self._unsent[0], self._unsent[0].signing
            if signing is None:
                raise RuntimeError(f"{entry.request.label} has a nonce but no signature")
            await asyncio.wait((signing,))
            if not self._unsent or self._unsent[0] is not entry or entry.signing is not signing:
                continue  # withdrawn while it was signed
            self._unsent.popleft()
            if not self._unsent:
                self._something_unsent.clear()
            error = signing.exception()
            if error is None:
                await self._send(entry, signing.result())
            else:
                self._refuse_unsigned(entry, error)

    async def _send(self, entry: Entry, signed: SignedTx) -> None:
        entry.sends += 1
        entry.state = EntryState.SENT
        entry.tx_hash = signed.tx_hash
        entry.request_id = request_id = f"{entry.place}-{entry.sends}"
        self._sent[request_id] = self._by_hash[signed.tx_hash] = entry
        timeout_secs = self._settings.reply_timeout_ms / 1_000
        entry.timer = self._loop.call_later(timeout_secs, self._on_silence, entry)
        try:
            await self._transport.send_tx(request_id, signed.tx_type, signed.tx_info)
        except StreamSendError as e:
            self._log.warning(f"{entry.request.label} was not sent: {e}")
            self._take_back(entry, request_id)

    def _take_back(self, entry: Entry, request_id: str) -> None:
        """A transaction was not written: unless that was noticed already, put it back."""
        if entry.state is not EntryState.SENT or self._sent.pop(request_id, None) is None:
            return
        self._withdraw_unsent()
        self._withdraw(entry)
        self._note_idle()
        self._advance_later(RETRY_SEND_SECS)

    def _on_sender_done(self, task: asyncio.Task[None]) -> None:
        """Without a send turn nothing may be issued: halt, loudly."""
        if not task.cancelled():
            error = task.exception()
            self._component.halt(*self._key, f"the send turn ended: {type(error).__name__}")
            self._log.error(f"The send turn of {self._key} ended: {error!r}")

    def _refuse_unsigned(self, entry: Entry, error: BaseException) -> None:
        """A transaction that cannot be signed is refused by ourselves."""
        message = str(error) if isinstance(error, SignerError) else type(error).__name__
        self._to_refused(entry, 0, f"it was not signed: {message}")
        self._note_idle()
        self._advance()

    def _withdraw_unsent(self) -> None:
        """Put back everything that has a nonce but was not sent, the latest first."""
        self._something_unsent.clear()
        unsent = list(self._unsent)
        self._unsent.clear()
        for entry in reversed(unsent):
            self._withdraw(entry)

    def _withdraw(self, entry: Entry) -> None:
        if entry.signing is not None:
            entry.signing.cancel()
        self._by_hash.pop(entry.tx_hash, None)
        issued = entry.issued
        self._waiting.put(entry, self._clock.timestamp_ns())
        if issued is not None:
            self._component.withdraw(issued)

    # -- VERDICTS ---------------------------------------------------------------------------------

    def _to_accepted(self, entry: Entry, predicted_ms: int) -> None:
        self._close(entry, EntryState.DONE)
        self._quota.relax()
        event = self._publish(entry, events.TxAccepted, predicted_execution_time_ms=predicted_ms)
        entry.request.on_accepted(event)

    def _to_refused(self, entry: Entry, code: int, message: str) -> None:
        may_retry = is_rate_limit(code) and self._may_resend(entry)
        self._close(entry, EntryState.DONE)
        event = self._publish(entry, events.TxRefused, code=code, message=message)
        if may_retry:
            now_ns = self._clock.timestamp_ns()
            self._quota.back_off(now_ns)
            self._waiting.put(entry, now_ns)
        else:
            entry.request.on_refused(event)

    def _to_stale(self, entry: Entry, code: int) -> None:
        self._close(entry, EntryState.STALE)
        self._by_nonce[entry.nonce] = entry
        self._publish(entry, events.TxStale, code=code)

    def _to_unknown(self, entry: Entry, reason: str) -> None:
        if entry.state is EntryState.UNKNOWN:
            return
        entry.disarm()
        entry.state = EntryState.UNKNOWN
        self._by_nonce[entry.nonce] = entry
        self._log.warning(f"{entry.request.label} is unknown: {reason}")
        entry.request.on_unknown(entry.tx_hash)
        self._publish(entry, events.TxUnknown, reason=reason)

    def _on_silence(self, entry: Entry) -> None:
        if entry.state is EntryState.SENT:
            self._to_unknown(entry, f"no reply within {self._settings.reply_timeout_ms} ms")

    def _close(self, entry: Entry, state: EntryState) -> None:
        """A definite verdict ends the wait for this copy."""
        entry.disarm()
        if entry.state is EntryState.UNKNOWN:
            self._by_nonce.pop(entry.nonce, None)
        self._by_hash.pop(entry.tx_hash, None)
        entry.state = state

    def _publish(self, entry: Entry, event_type: type[Any], **fields: Any) -> Any:
        event = event_type.of(
            entry.issued,
            self._clock.timestamp_ns(),
            tx_hash=entry.tx_hash,
            **fields,
        )
        self._msgbus.publish(topic=event.topic, msg=event)
        return event

    # -- WHAT THE LANE SAYS -----------------------------------------------------------------------

    def _on_frozen(self, event: events.LaneFrozen) -> None:
        self._withdraw_unsent()

    def _on_healed(self, event: events.LaneHealed) -> None:
        for nonce in event.spent:
            self._leave_to_its_hash(nonce)
        for nonce in (*event.doomed, *event.unspent):
            entry = self._by_nonce.pop(nonce, None)
            if entry is not None:
                self._resend(entry)
        self._advance()

    def _on_resolved(self, event: events.NonceResolved) -> None:
        self._leave_to_its_hash(event.nonce)

    def _on_seeded(self, event: events.NonceSeeded) -> None:
        self._advance()

    def _on_halted(self, event: events.LaneHalted) -> None:
        reason = f"the nonce lane was halted: {event.reason}"
        self._withdraw_unsent()
        for entry in list(self._waiting):
            self._waiting.remove(entry)
            self._give_up(entry, reason)
        for nonce, entry in list(self._by_nonce.items()):
            if entry.state is EntryState.STALE:
                del self._by_nonce[nonce]
                self._give_up(entry, reason)

    def _leave_to_its_hash(self, nonce: int) -> None:
        """An unknown nonce is spent, by us or somebody else: its owner watches the hash."""
        entry = self._by_nonce.pop(nonce, None)
        if entry is not None:
            self._sent.pop(entry.request_id, None)
            self._close(entry, EntryState.DONE)
            self._note_idle()

    # -- RESENDING --------------------------------------------------------------------------------

    def _resend(self, entry: Entry) -> None:
        if entry.state is EntryState.UNKNOWN:
            self._sent.pop(entry.request_id, None)
            self._note_idle()
            entry.unproved.append(entry.tx_hash)
        if entry.unproved:
            self._in_doubt.add(entry)
            self._start_task(self._prove_unsent(entry))
        else:
            self._put_back(entry)

    def _put_back(self, entry: Entry) -> None:
        now_ns = self._clock.timestamp_ns()
        if self._may_resend(entry):
            self._waiting.put(entry, now_ns)
        else:
            age_ms = (now_ns - entry.created_ns) // 1_000_000
            reason = f"a nonce fault kept it from the venue; not sent again after {age_ms} ms"
            self._give_up(entry, reason)

    async def _prove_unsent(self, entry: Entry) -> None:
        """Ask for every unanswered copy; only if the venue knows none may another be sent."""
        try:
            known = [await self._ask(tx_hash) for tx_hash in entry.unproved]
        finally:
            self._in_doubt.discard(entry)
        if entry.state is EntryState.DONE:  # a record came meanwhile
            pass
        elif all(answer is False for answer in known):
            self._by_hash.pop(entry.tx_hash, None)
            self._put_back(entry)
        else:
            self._close(entry, EntryState.DONE)
        self._advance()

    async def _ask(self, tx_hash: str) -> bool | None:
        try:
            return await asyncio.wait_for(self._verify(tx_hash), VERIFY_TIMEOUT_SECS)
        except TimeoutError:
            return None

    def _may_resend(self, entry: Entry) -> bool:
        age_ns = self._clock.timestamp_ns() - entry.created_ns
        young = age_ns <= self._settings.resend_max_age_ms * 1_000_000
        return self._settings.resend and young and entry.request.allows_resend()

    # -- ENDS -------------------------------------------------------------------------------------

    def _on_queue_timeout(self, entry: Entry) -> None:
        self._give_up(entry, f"no free slot within {self._settings.queue_timeout_ms} ms")
        self._advance()

    def _give_up(self, entry: Entry, reason: str) -> None:
        entry.disarm()
        entry.state = EntryState.DONE
        entry.request.on_given_up(reason, was_bound=entry.was_bound)

    def _note_idle(self) -> None:
        if not self._sent and not self._unsent:
            self._idle.set()

    def _start_task(self, coroutine: Any) -> asyncio.Task[None]:
        task = self._loop.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
