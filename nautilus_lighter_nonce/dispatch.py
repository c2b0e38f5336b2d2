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
- A transaction gets one verdict, published on the bus before its owner hears of it. Silence is
  `TxUnknown`; evidence that comes late mends it as long as the lane still waits for it.
- What a nonce fault has touched is `Healing`'s: it decides what goes again, what is left alone, and
  what is reported.
- A batch that was refused as a whole is sent again one by one, so that one bad order does not take
  the others with it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from collections.abc import Sequence
from typing import Any

from nautilus_trader.common.component import LiveClock
from nautilus_trader.common.component import Logger
from nautilus_trader.common.component import MessageBus

from nautilus_lighter_nonce import events
from nautilus_lighter_nonce.admission import Admission
from nautilus_lighter_nonce.component import LighterNonceComponent
from nautilus_lighter_nonce.config import LighterNonceConfig
from nautilus_lighter_nonce.healing import Healing
from nautilus_lighter_nonce.in_flight import InFlight
from nautilus_lighter_nonce.lighter.codes import Verdict
from nautilus_lighter_nonce.lighter.codes import is_rate_limit
from nautilus_lighter_nonce.lighter.errors import StreamSendError
from nautilus_lighter_nonce.lighter.frames import StreamReply
from nautilus_lighter_nonce.lighter.signer import SignerError
from nautilus_lighter_nonce.lighter.signer import TxSigner
from nautilus_lighter_nonce.lighter.transactions import SignedTx
from nautilus_lighter_nonce.lighter.transactions import TxIntent
from nautilus_lighter_nonce.places import Entry
from nautilus_lighter_nonce.places import EntryState
from nautilus_lighter_nonce.places import Places
from nautilus_lighter_nonce.proof import Verify
from nautilus_lighter_nonce.requests import TxRequest
from nautilus_lighter_nonce.send_turn import Parcel
from nautilus_lighter_nonce.send_turn import SendTurn
from nautilus_lighter_nonce.send_turn import TxTransport


RETRY_SECS = 0.1
"""Pause before trying again what no event announces: a write that failed, an intent not known."""


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
        Asks the venue whether it took the transaction of a hash.
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
        self._key = key
        self._settings = settings
        self._log = log or Logger(type(self).__name__)
        self._last_place = 0
        self._waiting = Places(loop, settings.queue_timeout_ms, self._on_queue_timeout)
        self._admission = Admission(
            loop, clock, component, key, self._waiting, quota_per_min, self._advance
        )
        self._turn = SendTurn(loop, signer, transport, self)
        self._healing = Healing(loop, component, key, verify, self)
        self._proof = self._healing.proof
        self._in_flight = InFlight(loop, clock, settings.reply_timeout_ms, self._on_silence)
        self._is_up = False
        self._is_advancing = False
        self._idle = asyncio.Event()
        self._idle.set()
        self._sender: asyncio.Task[None] | None = None
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
            self._msgbus.subscribe(topic=topic, handler=handler, priority=10)
        self._sender = self._loop.create_task(self._turn.run(), name=f"send turn of {self._key}")
        self._sender.add_done_callback(self._on_sender_done)

    async def stop(self, timeout_secs: float = 2.0) -> None:
        """
        Give up what is not sent, wait a bounded time for what is, then stop.

        Parameters
        ----------
        timeout_secs : float, default 2.0
            Patience with transactions in flight.

        """
        self._is_up = False
        self._give_up_unsent("the client stopped before it was sent")
        self._note_idle()
        try:
            await asyncio.wait_for(self._idle.wait(), timeout_secs)
        except TimeoutError:
            self._log.warning(f"Stopped without knowing the fate of: {self._in_flight.labels}")
        self._proof.stop()
        self._give_up_unsent("the client stopped before it was sent again")
        if self._sender is not None:
            self._sender.cancel()
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
        return len(self._in_flight) + len(self._turn)

    @property
    def evidence(self) -> Healing:
        """Who is told what records prove of our transactions."""
        return self._healing

    # -- IN ---------------------------------------------------------------------------------------

    def submit(self, *requests: TxRequest) -> None:
        """
        Take the next places; call it before the first await of a command.

        Several requests are one batch: they go in frames of up to 15 where they can.
        """
        now_ns = self._clock.timestamp_ns()
        batch = self._last_place + 1 if len(requests) > 1 else None
        for request in requests:
            self._last_place += 1
            self._waiting.put(Entry(self._last_place, request, now_ns, batch), now_ns)
        self._advance()

    def cancel(self, request: TxRequest) -> bool:
        """
        Drop a request that is certainly not at the venue; return whether that was possible.

        What is bound, sent or in doubt cannot be dropped; what waits for its turn, or for the
        lane to heal, can.
        """
        for entry in self._unsent(request):
            if not entry.unproved:
                self.take_out(entry)
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
        for entry in self._in_flight.lost():
            self._to_unknown(entry, "the connection was lost")
        self._note_idle()

    def on_reply(self, reply: StreamReply) -> None:
        """Handle the venue's answer to a parcel; answers nobody waits for are ignored."""
        entries = self._in_flight.answered(reply.request_id)
        match reply.verdict:
            case Verdict.ACCEPTED:
                for entry in entries:
                    self._to_accepted(entry, reply.predicted_execution_time_ms or 0)
            case Verdict.REFUSED:
                self._to_refused(entries, reply.code or 0, reply.message)
            case Verdict.STALE:
                for entry in entries:
                    self._to_stale(entry, reply.code or 0)
            case Verdict.UNKNOWN:
                for entry in entries:
                    self._to_unknown(entry, f"the venue answered {reply.code}")
                    self._in_flight.settle(entry)
        self._note_idle()
        self._advance()

    # -- BINDING ----------------------------------------------------------------------------------

    def _advance(self) -> None:
        """Bind as many waiting transactions as lane, stream and quota allow, in place order."""
        if self._is_advancing:
            return
        self._is_advancing = True
        try:
            while self._waiting and self._is_up and not self._proof.is_pending and self._bind():
                pass
        finally:
            self._is_advancing = False

    def _bind(self) -> bool:
        """Give the next parcel its nonces; return whether that was possible."""
        entries = self._admission.next_group()
        if not entries:
            return False
        intents: list[TxIntent] = []
        for entry in entries:
            try:
                intent = entry.request.intent()
            except Exception as e:  # noqa: BLE001 (one bad request must not stop the others)
                self._waiting.remove(entry)
                self.give_up(entry, str(e))
                return True
            if intent is None:
                self._admission.try_again(RETRY_SECS)
                return False
            intents.append(intent)
        self._admission.admitted()
        for entry in entries:
            self._waiting.remove(entry)
            entry.issued = self._component.issue(*self._key)
            entry.state = EntryState.BOUND
        self._idle.clear()
        self._turn.put(entries, intents)
        for entry in entries:
            if not entry.was_bound:
                entry.was_bound = True
                self.tell(entry, entry.request.on_bound)
        return True

    # -- THE SEND TURN ----------------------------------------------------------------------------

    def on_sending(self, parcel: Parcel, signed: list[SignedTx]) -> None:
        """Note what may be at the venue from here on, and begin to wait for the answer."""
        first = parcel.entries[0]
        parcel.request_id = f"{first.place}-{first.sends + 1}"
        parcel.hashes = [tx.tx_hash for tx in signed]
        for entry, tx in zip(parcel.entries, signed, strict=True):
            entry.sends += 1
            entry.state = EntryState.SENT
            self._proof.sent(entry, tx.tx_hash)
        self._in_flight.sent(parcel)

    def on_not_written(self, parcel: Parcel, error: StreamSendError) -> None:
        """Put back what was not written, unless the disconnect was noticed already."""
        self._log.warning(f"{parcel.entries[0].request.label} was not sent: {error}")
        if not self._in_flight.not_written(parcel):
            return
        self._withdraw_unsent()
        for entry in reversed(parcel.entries):
            self._withdraw(entry)
        self._note_idle()
        self._admission.try_again(RETRY_SECS)

    def on_unsigned(self, parcel: Parcel, failed: Entry, error: BaseException) -> None:
        """Refuse what cannot be signed, and put the others back."""
        message = str(error) if isinstance(error, SignerError) else type(error).__name__
        self._withdraw_unsent()
        for entry in reversed(parcel.entries):
            if entry is failed:
                self._to_refused([entry], 0, f"it was not signed: {message}")
            else:
                self._withdraw(entry)
        self._note_idle()
        self._advance()

    def _on_sender_done(self, task: asyncio.Task[None]) -> None:
        """Without a send turn nothing may be issued: halt, loudly."""
        if not task.cancelled():
            error = task.exception()
            self._component.halt(*self._key, f"the send turn ended: {type(error).__name__}")
            self._log.error(f"The send turn of {self._key} ended: {error!r}")

    def _withdraw_unsent(self) -> None:
        """Put back everything that has a nonce but was not sent, the latest first."""
        for entry in self._turn.take_back():
            self._withdraw(entry)

    def _withdraw(self, entry: Entry) -> None:
        if entry.state is EntryState.SENT:
            self._proof.not_sent(entry)
        issued = entry.issued
        self._waiting.put(entry, self._clock.timestamp_ns())
        if issued is not None:
            self._component.withdraw(issued)

    # -- VERDICTS ---------------------------------------------------------------------------------

    def _to_accepted(self, entry: Entry, predicted_ms: int) -> None:
        self._close(entry, EntryState.DONE)
        self._admission.was_accepted()
        self._healing.was_accepted(entry)
        event = self._publish(entry, events.TxAccepted, predicted_execution_time_ms=predicted_ms)
        self.tell(entry, entry.request.on_accepted, event)
        if entry.is_dropped:  # the record was faster than the reply
            self._healing.vanished(entry)

    def _to_refused(self, entries: Sequence[Entry], code: int, message: str) -> None:
        """Report a refusal; a rate limit, or a batch refused as a whole, is tried again."""
        is_later = is_rate_limit(code)
        if is_later:
            self._admission.back_off()
        for entry in reversed(entries):
            self._close(entry, EntryState.DONE)
            self._proof.not_sent(entry)
            event = self._publish(entry, events.TxRefused, code=code, message=message)
            if is_later or len(entries) > 1:
                entry.batch = entry.batch if is_later else None
                self.put_back(entry, f"{code}: {message}")
            else:
                self._proof.forget(entry)
                self.tell(entry, entry.request.on_refused, event)

    def _to_stale(self, entry: Entry, code: int) -> None:
        self._close(entry, EntryState.STALE)
        self._proof.not_sent(entry)
        waits = self._healing.wait(entry)
        self._publish(entry, events.TxStale, code=code)
        if not waits:
            self._healing.come_back(entry)

    def _to_unknown(self, entry: Entry, reason: str) -> None:
        if entry.state is not EntryState.SENT:
            return
        entry.disarm()
        entry.state = EntryState.UNKNOWN
        waits = self._healing.wait(entry)
        self._log.warning(f"{entry.request.label} is unknown: {reason}")
        self.tell(entry, entry.request.on_unknown, entry.tx_hash)
        self._publish(entry, events.TxUnknown, reason=reason)
        if not waits:
            self._healing.leave_to_its_hash(entry)

    def _on_silence(self, entry: Entry, waited_ms: int) -> None:
        self._to_unknown(entry, f"no reply within {waited_ms} ms")

    def _close(self, entry: Entry, state: EntryState) -> None:
        """A definite verdict ends the wait for this copy."""
        entry.disarm()
        if entry.state is EntryState.UNKNOWN:
            self._healing.wait_no_more(entry)
        entry.state = state
        self._in_flight.settle(entry)

    def _publish(self, entry: Entry, event_type: type[Any], **fields: Any) -> Any:
        event = event_type.of(
            entry.issued,
            self._clock.timestamp_ns(),
            tx_hash=entry.tx_hash,
            **fields,
        )
        self.tell(entry, self._msgbus.publish, event.topic, event)
        return event

    # -- WHAT THE LANE SAYS -----------------------------------------------------------------------

    def _on_frozen(self, event: events.LaneFrozen) -> None:
        self._withdraw_unsent()

    def _on_healed(self, event: events.LaneHealed) -> None:
        self._healing.on_healed(event)
        self._advance()

    def _on_resolved(self, event: events.NonceResolved) -> None:
        self._healing.on_resolved(event.nonce)

    def _on_seeded(self, event: events.NonceSeeded) -> None:
        self._healing.on_seeded()
        self._advance()

    def _on_halted(self, event: events.LaneHalted) -> None:
        self._give_up_unsent(f"the nonce lane was halted: {event.reason}")

    def _give_up_unsent(self, reason: str) -> None:
        """End everything that is certainly not at the venue."""
        self._withdraw_unsent()
        for entry in [*self._waiting, *self._healing.stale()]:
            self.take_out(entry)
            self.give_up(entry, reason)

    # -- WHAT HEALING ASKS OF US ------------------------------------------------------------------

    def put_back(self, entry: Entry, why: str = "a nonce fault kept it from the venue") -> None:
        """Let what is certainly not at the venue take its place again, if its policy allows."""
        now_ns = self._clock.timestamp_ns()
        if self._may_resend(entry):
            self._waiting.put(entry, now_ns)
        else:
            age_ms = (now_ns - entry.created_ns) // 1_000_000
            self.give_up(entry, f"{why}; not sent again after {age_ms} ms")

    def give_up(self, entry: Entry, reason: str) -> None:
        """End what is certainly not at the venue and is not sent any more."""
        entry.disarm()
        entry.state = EntryState.DONE
        self._proof.forget(entry)
        self.tell(entry, entry.request.on_given_up, reason, was_bound=entry.was_bound)

    def accept(self, entry: Entry) -> None:
        """Take evidence that the venue took one without a verdict."""
        self._to_accepted(entry, 0)
        self._note_idle()

    def settle(self, entry: Entry) -> None:
        """Wait no longer for an answer."""
        self._in_flight.settle(entry)
        self._note_idle()

    def tell(self, entry: Entry, listener: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        """Tell somebody; whoever fails to listen must not stop the lane for all others."""
        try:
            listener(*args, **kwargs)
        except Exception as e:  # noqa: BLE001 (owners and bus listeners may be anybody's)
            self._log.exception(f"A listener of {entry.request.label} was broken", e)

    def go_on(self) -> None:
        """Send again what may be sent by now."""
        self._advance()

    def _may_resend(self, entry: Entry) -> bool:
        age_ns = self._clock.timestamp_ns() - entry.created_ns
        young = age_ns <= self._settings.resend_max_age_ms * 1_000_000
        return self._settings.resend and young and entry.request.allows_resend()

    def _unsent(self, request: TxRequest) -> list[Entry]:
        """Return the entry of a request that waits for its turn, or for its lane to heal."""
        return [e for e in (*self._waiting, *self._healing.stale()) if e.request is request]

    def take_out(self, entry: Entry) -> None:
        """Send one that is not in flight no more."""
        if entry.state is EntryState.BOUND:
            self._withdraw_unsent()
        if entry.state is EntryState.QUEUED:
            self._waiting.remove(entry)
        self._healing.forget(entry)
        entry.state = EntryState.DONE

    # -- ENDS -------------------------------------------------------------------------------------

    def _on_queue_timeout(self, entry: Entry) -> None:
        waited = f"waited {self._settings.queue_timeout_ms} ms for its turn"
        obstacle = self._admission.obstacle() if self._is_up else "the stream was not connected"
        self.give_up(entry, f"{waited}, and {obstacle}")
        self._advance()

    def _note_idle(self) -> None:
        if not len(self._in_flight) and not len(self._turn):
            self._idle.set()
