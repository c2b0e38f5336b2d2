"""
Every transaction of one key, from its place to its proved outcome: inputs in, work out.

Rules of this file
------------------
- No loop, clock, log, bus or thread: time is an argument, Unix nanoseconds. Inputs return nothing of
  what is to be done; `plan` does, in order, and performs none of it. `next_due` says when to plan
  again without an input.
- What is to be done ends with the first work that moves the lane (`Publish`, `Spent`, `Rebase`,
  `Halt`): the shell carries it out, then plans again, so that nothing is decided on an old lane.
- The lane says which number is next, `healing` who stands there, `evidence` what is dead, the table
  in `entry` what becomes of a transaction.
- The safety of a transaction never rests on the counter or on an index: they only say where to look.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable
from typing import Any
from typing import Final

from nautilus_lighter_nonce.core.decisions import LaneState
from nautilus_lighter_nonce.core.lane import NonceLane
from nautilus_lighter_nonce.lighter.codes import TxStatus
from nautilus_lighter_nonce.lighter.codes import TxType
from nautilus_lighter_nonce.lighter.codes import Verdict
from nautilus_lighter_nonce.outbox import work as w
from nautilus_lighter_nonce.outbox.alarms import Alarm
from nautilus_lighter_nonce.outbox.binding import Binding
from nautilus_lighter_nonce.outbox.entry import Entry
from nautilus_lighter_nonce.outbox.entry import Input
from nautilus_lighter_nonce.outbox.entry import TxState
from nautilus_lighter_nonce.outbox.entry import WriteState
from nautilus_lighter_nonce.outbox.fates import Fates
from nautilus_lighter_nonce.outbox.settings import OutboxSettings


EXECUTED: Final = frozenset({TxStatus.EXECUTED, TxStatus.PENDING_FINAL})
"""The record statuses that show execution (docs; testnet shows 3); all others prove nothing."""

LOOK_AGAIN_NS: Final = 2_000_000_000
"""Pause between two counter questions for the same cause (our choice)."""

RETRY_NS: Final = 100_000_000
"""Pause after a frame that was not written (our choice)."""

MOVES_THE_LANE: Final = (w.Publish, w.Spent, w.Rebase, w.Halt)


class Outbox:
    """
    The transactions of one key.

    Parameters
    ----------
    lane : NonceLane
        The key's lane: read here, and moved by `issue` and `take` only.
    settings : OutboxSettings, optional
        Patience and limits.

    """

    def __init__(self, lane: NonceLane, settings: OutboxSettings | None = None) -> None:
        self._lane = lane
        self._settings = settings or OutboxSettings()
        self._work: deque[w.Work] = deque()
        self._fates = Fates(lane, self._settings, self._work)
        self._binding = Binding(self._fates)
        self._connection: int | None = None
        self._replaced: int | None = None
        self._paused_until_ns = 0

    # -- QUESTIONS --------------------------------------------------------------------------------

    @property
    def queued(self) -> int:
        """Transactions that wait for a number."""
        return len(self._fates.queue)

    @property
    def in_flight(self) -> int:
        """Transactions bound or written, without an answer."""
        flight = self._fates.flight
        return flight.bound + sum(len(frame.writes) for frame in flight.unanswered)

    @property
    def in_doubt(self) -> tuple[Any, ...]:
        """What was submitted and is in doubt: its end is not proved."""
        return tuple(entry.what for entry in self._fates.doubts.values())

    @property
    def is_idle(self) -> bool:
        """Whether nothing is bound, unanswered or in doubt."""
        flight = self._fates.flight
        return not (self._fates.doubts or flight.bound or flight.is_waiting)

    def state(self, tx: int) -> TxState | None:
        """Return where a transaction stands, ``None`` once it has ended."""
        entry = self._fates.entries.get(tx)
        return None if entry is None else entry.state

    def undead(self) -> list[w.Undead]:
        """Return every copy that may still be taken, in order of nonces."""
        evidence = self._fates.evidence
        return [
            w.Undead(
                what=write.entry.what,
                nonce=write.nonce,
                tx_hash=write.copy.tx_hash,
                expires_ns=write.copy.expires_ns,
            )
            for nonce in evidence.nonces()
            for write in evidence.undead(nonce)
        ]

    def is_ours(self, tx_hash: str) -> bool:
        """Return whether we wrote a copy with this hash."""
        return self._fates.evidence.owner(tx_hash) is not None

    def next_due(self) -> int | None:
        """Return when to plan again without an input; never ``None`` while a doubt is open."""
        return self._fates.alarms.next_due()

    # -- INPUTS: COMMANDS -------------------------------------------------------------------------

    def submit(
        self,
        what: Any,
        tx_type: TxType,
        now_ns: int,
        *,
        order: Hashable | None = None,
        batch: int | None = None,
        ready: bool = True,
        resend: bool = True,
        repeats: bool = False,
        undo: Any = None,
    ) -> int:
        """
        Take the next place; return it, it names the transaction from here on.

        Parameters
        ----------
        what : Any
            Whatever its owner wants to be told with; `Sign` and `Tell` carry it.
        tx_type : TxType
            What kind of transaction it is.
        now_ns : int
            Unix nanoseconds.
        order : Hashable, optional
            Transactions of one order keep their places among each other.
        batch : int, optional
            Transactions with the same number go in one frame where they can.
        ready : bool, default True
            Whether it can be signed; otherwise `ready` says so later.
        resend : bool, default True
            Whether it may be sent again when a fault touched it.
        repeats : bool, default False
            Whether doing it twice is doing it once, as for a cancel.
        undo : Any, optional
            What to submit as a cancel if it turns out alive though given up for age or stop.

        """
        fates = self._fates
        entry = Entry(
            fates.next_place(),
            what,
            tx_type,
            now_ns,
            order=order,
            batch=batch,
            ready=ready,
            resend=resend and self._settings.resend,
            repeats=repeats,
            undo=undo,
        )
        fates.add(entry)
        fates.queue.put(entry)
        fates.alarms.set(now_ns + self._settings.queue_timeout_ns, Alarm.QUEUE, entry.place)
        return entry.place

    def ready(self, tx: int, now_ns: int) -> None:
        """What could not be signed can be now."""
        entry = self._fates.entries.get(tx)
        if entry is not None:
            entry.ready = True

    def cancel(self, tx: int, now_ns: int) -> bool:
        """
        Not wanted any more; return whether that ended it here, without the venue.

        If not, a copy may be at the venue: submit a cancel.
        """
        entry = self._fates.entries.get(tx)
        if entry is None:
            return False
        self._fates.give(entry, Input.CANCEL, now_ns, w.Proof.NEVER_WRITTEN)
        return entry.state is TxState.ENDED

    def stop(self, now_ns: int) -> None:
        """Write nothing new; end the doubts by spending their nonces."""
        self._fates.is_stopping = True
        self._fates.take_back(now_ns)
        for entry in list(self._fates.entries.values()):
            self._fates.give(entry, Input.STOP, now_ns, w.Proof.NEVER_WRITTEN)

    # -- INPUTS: SIGNING AND WRITING --------------------------------------------------------------

    def signed(self, write_id: str, copy: w.Signed, now_ns: int) -> None:
        """A signature is there."""
        self._fates.flight.signed(write_id, copy)

    def unsigned(self, write_id: str, reason: str, now_ns: int) -> None:
        """A transaction cannot be signed: it is refused by ourselves."""
        slot = self._fates.flight.signing(write_id)
        if slot is None:
            return
        self._fates.take_back(now_ns)
        slot.entry.reason = reason
        self._fates.give(slot.entry, Input.REFUSE, now_ns, w.Proof.NEVER_WRITTEN)

    def unready(self, write_id: str, now_ns: int) -> None:
        """A transaction cannot be signed yet; `ready` says when."""
        slot = self._fates.flight.signing(write_id)
        if slot is not None:
            slot.entry.ready = False
            self._fates.take_back(now_ns)

    def not_written(self, frame_id: str, now_ns: int) -> None:
        """Nothing of a frame left this process: its numbers are given back."""
        self._fates.take_back(now_ns)
        frame = self._fates.flight.not_written(frame_id)
        for write in reversed(frame.writes if frame is not None else []):
            self._fates.evidence.kill(write)
            write.entry.writes.remove(write)
            self._fates.publish(write, Verdict.REFUSED, message="it was not written")
            self._fates.give(write.entry, Input.UNBIND, now_ns, w.Proof.NEVER_WRITTEN)
        self._paused_until_ns = now_ns + RETRY_NS
        self._fates.alarms.set(self._paused_until_ns, Alarm.WAKE)

    def connected(self, connection: int, now_ns: int) -> None:
        """A connection is up; everything is written on it from here on."""
        self._connection = connection
        self._fates.flight.answered_ns = now_ns

    def connection_lost(self, now_ns: int) -> None:
        """The connection is gone: what waits for an answer is in doubt."""
        self._connection = None
        self._fates.probe = None
        self._fates.take_back(now_ns)
        for frame in self._fates.flight.lost():
            self._fates.silence(frame, "the connection was lost", now_ns)

    # -- INPUTS: ANSWERS --------------------------------------------------------------------------

    def answered(
        self,
        frame_id: str,
        connection: int,
        code: int,
        verdict: Verdict,
        now_ns: int,
        *,
        message: str = "",
        predicted_ms: int = 0,
    ) -> None:
        """
        The venue answered a frame; what nobody waits for, or a double, is ignored.

        Parameters
        ----------
        frame_id : str
            The id that was echoed.
        connection : int
            Where the answer came.
        code : int
            200, or the error's.
        verdict : Verdict
            What the code stands for.
        now_ns : int
            Unix nanoseconds.
        message : str
            The venue's text, for people.
        predicted_ms : int
            Predicted execution, Unix milliseconds.

        """
        frame = self._fates.flight.answered(frame_id, connection, now_ns)
        if frame is None:
            return
        self._fates.heard(frame)
        if verdict is Verdict.UNKNOWN:
            self._fates.silence(frame, f"the venue answered {code}", now_ns)
            return
        writes = [x for x in frame.writes if x.state is not WriteState.DEAD]
        if verdict is Verdict.ACCEPTED:
            for write in writes:
                self._fates.accepted(write, predicted_ms, now_ns)
            return
        for write in reversed(writes):
            self._fates.declined(write, frame, verdict, code, message, now_ns)

    def anonymous(
        self,
        connection: int,
        code: int,
        verdict: Verdict,
        now_ns: int,
        *,
        message: str = "",
        is_alone: bool = True,
    ) -> None:
        """
        An error came without an id.

        It counts for a write only when that is the one and only unanswered frame of its connection
        (`is_alone`: no subscription is unanswered either) and the code is a transaction's.
        """
        frames = [f for f in self._fates.flight.unanswered if f.connection == connection]
        is_transactions = 21_000 <= code < 22_000 or 23_000 <= code < 24_000
        self._work.append(w.Narrow())
        if is_alone and is_transactions and len(frames) == 1:
            self.answered(frames[0].id, connection, code, verdict, now_ns, message=message)

    def record(
        self,
        nonce: int,
        tx_hash: str,
        status: int | None,
        now_ns: int,
        *,
        code: int = 0,
        reason: str = "",
    ) -> None:
        """
        The venue's own account of a transaction of this key; only what was executed proves anything.

        Parameters
        ----------
        nonce : int
            Its nonce.
        tx_hash : str
            Its hash.
        status : int, optional
            A `TxStatus`, or anything else: undecided.
        now_ns : int
            Unix nanoseconds.
        code, reason : int, str
            The sequencer's refusal inside it, if there is one.

        """
        if status not in EXECUTED:
            return
        owner = self._fates.evidence.owner(tx_hash)
        is_new = not self._fates.evidence.is_executed(nonce)
        if owner is not None:
            self._unbind(owner, now_ns)
        losers = self._fates.evidence.executed(nonce, tx_hash)
        if is_new and self._lane.concerns(nonce):
            self._work.append(w.Spent(nonce, owner is not None))
        if owner is not None and not owner.is_final:
            owner.code, owner.reason = code, reason
            given = Input.REVERTED if code else Input.SHOWN
            self._fates.give(owner, given, now_ns, w.Proof.RECORD)
        self._fates.overtaken(losers, now_ns)

    def shown(self, tx: int, now_ns: int) -> None:
        """A private frame showed what the transaction did: it was executed at its nonce."""
        entry = self._fates.entries.get(tx)
        if entry is None:
            return
        self._unbind(entry, now_ns)
        nonces = {write.nonce for write in entry.undead}
        self._fates.give(entry, Input.SHOWN, now_ns, w.Proof.FRAME)
        for nonce in nonces:
            if self._lane.concerns(nonce):
                self._work.append(w.Spent(nonce, True))
            self._fates.overtaken(self._fates.evidence.executed(nonce, ""), now_ns)

    def counter(self, value: int, asked_ns: int, now_ns: int) -> None:
        """
        The counter was answered, and the lane believes the number.

        Parameters
        ----------
        value : int
            The next nonce of what was executed.
        asked_ns : int
            When the question was begun, Unix nanoseconds.
        now_ns : int
            Unix nanoseconds.

        """
        self._fates.inquiry.answered()
        if value > self._fates.evidence.counter:
            self._fates.evidence.counter = value
            self._fates.inquiry.calm()
        for entry in list(self._fates.entries.values()):
            if entry.writes and not entry.is_final:
                self._fates.weigh(entry, value, asked_ns, now_ns)

    def no_counter(self, now_ns: int) -> None:
        """The counter was not answered, or not believed."""
        self._fates.inquiry.answered()
        self._fates.inquiry.ask_again(now_ns)

    def looked_up(self, nonce: int, now_ns: int) -> None:
        """A look-up is over; what it found came as records. What it did not find proves nothing."""
        self._fates.inquiry.looked_up(nonce, now_ns)

    # -- OUT --------------------------------------------------------------------------------------

    def plan(self, now_ns: int) -> list[w.Work]:
        """
        Return what is to be done now, in order; plan again after it if it moved the lane.

        Parameters
        ----------
        now_ns : int
            Unix nanoseconds.

        Returns
        -------
        list[Work]
            At most one of them moves the lane, and it is the last.

        """
        out: list[w.Work] = []
        self._ring(now_ns)
        while True:
            while self._work:
                work = self._work.popleft()
                out.append(work)
                if isinstance(work, MOVES_THE_LANE):
                    return out
            self._pull(now_ns)
            if not self._work:
                return out

    def _pull(self, now_ns: int) -> None:
        """Note what can be done without an input."""
        fates, state = self._fates, self._lane.state
        if state is LaneState.HALTED:
            self._end_waiting(now_ns)
            return
        if state is not LaneState.OPEN and fates.flight.bound:
            fates.take_back(now_ns)
            return
        self._heed_the_lane(now_ns)
        if fates.inquiry.may_ask(now_ns):
            self._work.append(w.AskCounter())
        if self._connection in (None, self._replaced) or now_ns < self._paused_until_ns:
            return
        self._binding.want_pass(now_ns)
        if state is LaneState.OPEN and not self._work:
            self._binding.fill(now_ns)
            if not any(isinstance(work, MOVES_THE_LANE) for work in self._work):
                self._binding.write(self._connection or 0, now_ns)

    def _heed_the_lane(self, now_ns: int) -> None:
        """Let the lane's own question be asked in its time."""
        question_ns = self._lane.question_ns
        if question_ns is not None and not self._fates.inquiry.is_wanted:
            self._fates.inquiry.want_counter(now_ns, max(0, question_ns - now_ns))

    def _end_waiting(self, now_ns: int) -> None:
        """A halted lane sends nothing: end what was never written, or is dead."""
        self._fates.take_back(now_ns)
        for entry in list(self._fates.queue):
            entry.reason = self._lane.status().halt_reason
            self._fates.give(entry, Input.STOP, now_ns, w.Proof.NEVER_WRITTEN)

    # -- ALARMS -----------------------------------------------------------------------------------

    def _ring(self, now_ns: int) -> None:
        while (rung := self._fates.alarms.pop(now_ns)) is not None:
            alarm, about = rung
            match alarm:
                case Alarm.SILENCE:
                    self._on_silence(str(about), now_ns)
                case Alarm.LOOK:
                    self._on_look(int(about))
                case Alarm.QUEUE | Alarm.AGE | Alarm.SHOW | Alarm.EXPIRY:
                    entry = self._fates.entries.get(int(about))
                    if entry is not None:
                        self._on_entry(alarm, entry, now_ns)
                case Alarm.ASK | Alarm.WAKE:
                    pass  # `_pull` looks

    def _on_silence(self, frame_id: str, now_ns: int) -> None:
        """An answer did not come; a connection that answered nothing since is replaced."""
        frame = self._fates.flight.frame(frame_id)
        if frame is None or not frame.deadline_ns:
            return
        if now_ns < frame.deadline_ns:
            self._fates.alarms.set(frame.deadline_ns, Alarm.SILENCE, frame_id)
            return
        waited_ms = (now_ns - frame.sent_ns) // 1_000_000
        self._fates.silence(frame, f"no reply within {waited_ms} ms", now_ns)
        is_dumb = self._fates.flight.answered_ns <= frame.sent_ns
        if is_dumb and self._connection == frame.connection != self._replaced:
            self._replaced = frame.connection  # nothing more is written on it
            self._work.append(w.Replace(frame.connection))

    def _on_look(self, nonce: int) -> None:
        evidence, inquiry = self._fates.evidence, self._fates.inquiry
        hashes = tuple(dict.fromkeys(x.copy.tx_hash for x in evidence.undead(nonce)))
        if not hashes:
            inquiry.end_look(nonce)
            return
        count = inquiry.begin_look(nonce)
        if count is not None:
            self._work.append(w.LookUp(nonce, hashes, by_nonce=count > 0))

    def _on_entry(self, alarm: Alarm, entry: Entry, now_ns: int) -> None:
        fates = self._fates
        if alarm is Alarm.QUEUE:
            if not entry.was_bound and not entry.repeats:
                entry.reason = self._obstacle()
                fates.give(entry, Input.TOO_OLD, now_ns, w.Proof.NEVER_WRITTEN)
        elif alarm is Alarm.AGE:
            entry.is_old = True
            if entry.state is not TxState.BOUND:
                fates.give(entry, Input.TOO_OLD, now_ns)
        elif alarm is Alarm.SHOW:
            self._on_unshown(entry, now_ns)
        elif entry.undead:
            fates.inquiry.want_counter(now_ns)
            again_ns = now_ns + LOOK_AGAIN_NS
            fates.alarms.set(again_ns, Alarm.EXPIRY, entry.place)

    def _on_unshown(self, entry: Entry, now_ns: int) -> None:
        """Accepted, and nothing has shown it: look it up, and weigh the counter in time."""
        if not entry.is_taken:
            return
        for nonce in {write.nonce for write in entry.undead}:
            self._fates.inquiry.look(nonce, now_ns)
        weigh_ns = entry.suspect_ns + self._settings.settle_ns
        if now_ns < weigh_ns:
            self._fates.alarms.set(weigh_ns, Alarm.SHOW, entry.place)
        else:
            self._fates.inquiry.want_counter(now_ns)
            self._fates.alarms.set(now_ns + LOOK_AGAIN_NS, Alarm.SHOW, entry.place)

    def _obstacle(self) -> str:
        """Return what keeps those who wait, for people."""
        waited = f"waited {self._settings.queue_timeout_ns // 1_000_000} ms for its turn"
        if self._connection is None:
            return f"{waited}, and the stream was not connected"
        if self._lane.state is not LaneState.OPEN:
            return f"{waited}, and the nonce lane was {self._lane.state.value}"
        if self._lane.free_slots() < 1:
            return f"{waited}, and as many transactions as allowed were in flight"
        return f"{waited}, and the rate limit was reached or what stood before it was not ready"

    def _unbind(self, entry: Entry, now_ns: int) -> None:
        if entry.state is TxState.BOUND:
            self._fates.take_back(now_ns)
