"""
Every transaction of one key, from its place to its proved outcome: inputs in, work out.

Rules of this file
------------------
- No loop, clock, log, bus or thread: time is an argument, Unix nanoseconds. `plan` returns what is
  to be done, in order, and does none of it; `next_due` says when to plan again without an input.
- What is to be done ends with the first work of `MOVES_THE_LANE`: the shell carries it out, then
  plans again, so that nothing is decided on an old lane.
- The lane says which number is next, `healing` who stands there, `evidence` what is dead, the table
  in `moves` what becomes of a transaction.
- The safety of a transaction never rests on the counter or on an index: they say where to look.
"""

from __future__ import annotations

import pickle
from collections.abc import Hashable
from typing import Any

from nautilus_lighter_nonce.core.lane import NonceLane
from nautilus_lighter_nonce.lighter.codes import TxType
from nautilus_lighter_nonce.lighter.codes import Verdict
from nautilus_lighter_nonce.outbox import work as w
from nautilus_lighter_nonce.outbox.alarms import Alarm
from nautilus_lighter_nonce.outbox.answers import Answers
from nautilus_lighter_nonce.outbox.binding import Binding
from nautilus_lighter_nonce.outbox.entry import Entry
from nautilus_lighter_nonce.outbox.fates import Fates
from nautilus_lighter_nonce.outbox.moves import Input
from nautilus_lighter_nonce.outbox.moves import TxState
from nautilus_lighter_nonce.outbox.planning import MOVES_THE_LANE
from nautilus_lighter_nonce.outbox.planning import Planner
from nautilus_lighter_nonce.outbox.proofs import EXECUTED
from nautilus_lighter_nonce.outbox.proofs import Proofs
from nautilus_lighter_nonce.outbox.reminders import Reminders
from nautilus_lighter_nonce.outbox.settings import OutboxSettings


class Outbox:
    """
    The transactions of one key.

    Parameters
    ----------
    lane : NonceLane
        The key's lane: read here, and moved by `issue`, `take` and `notice` only.
    settings : OutboxSettings, optional
        Patience and limits.

    """

    def __init__(self, lane: NonceLane, settings: OutboxSettings | None = None) -> None:
        self._lane = lane
        self._fates = Fates(lane, settings or OutboxSettings())
        self._answers = Answers(self._fates)
        self._proofs = Proofs(self._fates)
        self._planner = Planner(self._fates, Binding(self._fates, self._answers))
        self._reminders = Reminders(self._fates, self._answers)

    # -- SNAPSHOTS --------------------------------------------------------------------------------

    def snapshot(self) -> bytes:
        """Return this outbox with its lane as bytes, for this very version."""
        return pickle.dumps(self, pickle.HIGHEST_PROTOCOL)

    @classmethod
    def restored(cls, snapshot: bytes) -> Outbox:
        """
        Return an outbox, with a lane of its own, that goes on where a snapshot was taken.

        Parameters
        ----------
        snapshot : bytes
            Of this very version, and never from a stranger: it is a pickle.

        Raises
        ------
        TypeError
            If it is a snapshot of something else.

        """
        restored = pickle.loads(snapshot)
        if not isinstance(restored, cls):
            raise TypeError(f"the snapshot holds {type(restored).__name__}, not an {cls.__name__}")
        return restored

    @property
    def lane(self) -> NonceLane:
        """The key's lane."""
        return self._lane

    # -- QUESTIONS --------------------------------------------------------------------------------

    @property
    def queued(self) -> int:
        """Transactions that wait for a number."""
        return len(self._fates.queue)

    @property
    def in_flight(self) -> int:
        """Transactions bound or written, without an answer."""
        return self._fates.flight.bound + self._fates.flight.awaited

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
        return self._fates.evidence.entry_of(tx_hash) is not None

    def next_due(self) -> int | None:
        """Return when to plan again without an input; never ``None`` while a doubt is open."""
        return self._reminders.next_due()

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
            resend=resend and fates.settings.resend,
            repeats=repeats,
            undo=undo,
        )
        fates.wait(entry)
        if fates.is_stopping:
            fates.give(entry, Input.STOP, now_ns)
        else:
            fates.alarms.set(now_ns + fates.settings.queue_timeout_ns, Alarm.QUEUE, entry.place)
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
        self._fates.give(entry, Input.CANCEL, now_ns)
        return entry.state is TxState.ENDED

    def start(self, now_ns: int) -> None:
        """Go on after a stop: what was asked or signed then is not answered any more."""
        self._fates.is_stopping = False
        self._fates.take_back(now_ns)
        self._fates.inquiry.forget_askers(now_ns)

    def stop(self, now_ns: int) -> None:
        """Write nothing new; end the doubts by spending their nonces."""
        self._fates.is_stopping = True
        self._fates.take_back(now_ns)
        for entry in list(self._fates.entries.values()):
            self._fates.give(entry, Input.STOP, now_ns)

    # -- INPUTS: SIGNING AND WRITING --------------------------------------------------------------

    def signed(self, write_id: str, copy: w.Signed, now_ns: int) -> None:
        """A signature is there."""
        self._fates.flight.signed(write_id, copy)

    def unsigned(self, write_id: str, reason: str, now_ns: int) -> None:
        """A transaction cannot be signed: it is refused by ourselves."""
        slot = self._fates.flight.signing(write_id)
        if slot is not None:
            # Only what waits can be refused by ourselves: it is unbound first.
            self._fates.take_back(now_ns)
            self._answers.unsigned(slot.entry, reason, now_ns)

    def unready(self, write_id: str, now_ns: int) -> None:
        """A transaction cannot be signed yet; `ready` says when."""
        slot = self._fates.flight.signing(write_id)
        if slot is not None and slot.entry.is_filler:
            self.unsigned(write_id, "a filler was not ready", now_ns)
        elif slot is not None:
            slot.entry.ready = False
            self._fates.take_back(now_ns)

    def not_written(self, frame_id: str, now_ns: int) -> None:
        """Nothing of a frame left this process: its numbers are given back."""
        # What was bound behind it goes back first: the lane takes numbers back from the top.
        self._fates.take_back(now_ns)
        frame = self._fates.flight.not_written(frame_id)
        if frame is not None:
            self._answers.not_written(frame, now_ns)

    def connected(self, connection: int, now_ns: int) -> None:
        """A connection is up; everything is written on it from here on."""
        self._fates.flight.connected(connection, now_ns)

    def connection_lost(self, now_ns: int) -> None:
        """The connection is gone: what waits for an answer is in doubt."""
        self._fates.take_back(now_ns)
        for frame in self._fates.flight.lost():
            self._answers.silence(frame, "the connection was lost", now_ns)

    def note_trouble(self, reason: str) -> None:
        """Note why there is no connection, for those who wait in vain; "" when there is one."""
        self._fates.flight.trouble = reason

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
        if verdict is Verdict.ACCEPTED:
            self._answers.accepted(frame, predicted_ms, now_ns)
        elif verdict is Verdict.UNKNOWN:
            self._answers.silence(frame, f"the venue answered {code}", now_ns)
        else:
            self._answers.declined(frame, verdict, code, message, now_ns)

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
        self._fates.work.append(w.Narrow())
        is_transactions = 21_000 <= code < 22_000 or 23_000 <= code < 24_000
        frame = self._fates.flight.only_unanswered(connection)
        if is_alone and is_transactions and frame is not None:
            self.answered(frame.id, connection, code, verdict, now_ns, message=message)

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
        The venue's own account of a transaction of this key; only an executed one proves anything.

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
        if status in EXECUTED:
            self._proofs.record(nonce, tx_hash, code, reason, now_ns)

    def shown(self, tx: int, now_ns: int) -> None:
        """
        A private frame showed what the transaction did.

        For an order that is the proof that its nonce is spent by it; a change may have come about
        otherwise, and only its record tells of its nonce.
        """
        entry = self._fates.entries.get(tx) or self._fates.ends.get(tx)
        if entry is not None:
            self._proofs.shown(entry, now_ns)

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
        self._proofs.counter(value, asked_ns, now_ns)

    def no_counter(self, now_ns: int) -> None:
        """The counter was not answered, or not believed."""
        self._fates.inquiry.answered()
        self._fates.inquiry.ask_again(now_ns)

    def looked_up(self, nonce: int, now_ns: int) -> None:
        """A look-up is over; what it found came as records. What it did not find proves nothing."""
        self._fates.inquiry.looked_up(nonce, now_ns)

    def reset(self, now_ns: int) -> None:
        """
        The venue was reset and the lane is seeded anew: no copy of before can be taken any more.

        Say so only once the newest `ExpiredAt` has passed, or when a person has confirmed it: what
        was at the venue is given up, and what was executed before counts no more.
        """
        self._proofs.reset(now_ns)

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
        work = self._fates.work
        self._reminders.ring(now_ns)
        while True:
            while work:
                out.append(work.popleft())
                if isinstance(out[-1], MOVES_THE_LANE):
                    return out
            self._planner.pull(now_ns)
            if not work:
                self._reminders.watch_doubts(now_ns)
                return out
