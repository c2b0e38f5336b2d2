"""
Fates: what an answer, a record or a silence means for the transactions it concerns.

Rules of this file
------------------
- It finds whom an input concerns, lets the table move them, and notes what is to be told.
- A verdict is published once per write and answer, whatever became of its transaction meanwhile: the
  lane counts numbers, not transactions.
- A transaction that is bound and not written is unbound before anything else happens to it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from nautilus_lighter_nonce.core.lane import NonceLane
from nautilus_lighter_nonce.lighter.codes import ACCOUNT_CODES
from nautilus_lighter_nonce.lighter.codes import KEY_CODES
from nautilus_lighter_nonce.lighter.codes import TxType
from nautilus_lighter_nonce.lighter.codes import Verdict
from nautilus_lighter_nonce.lighter.codes import is_rate_limit
from nautilus_lighter_nonce.outbox import work as w
from nautilus_lighter_nonce.outbox.alarms import Alarm
from nautilus_lighter_nonce.outbox.alarms import Alarms
from nautilus_lighter_nonce.outbox.entry import DOUBTFUL
from nautilus_lighter_nonce.outbox.entry import ENDING_NEWS
from nautilus_lighter_nonce.outbox.entry import Entry
from nautilus_lighter_nonce.outbox.entry import Input
from nautilus_lighter_nonce.outbox.entry import TxState
from nautilus_lighter_nonce.outbox.entry import TxWrite
from nautilus_lighter_nonce.outbox.entry import Why
from nautilus_lighter_nonce.outbox.entry import WriteState
from nautilus_lighter_nonce.outbox.evidence import Evidence
from nautilus_lighter_nonce.outbox.flight import Flight
from nautilus_lighter_nonce.outbox.flight import Frame
from nautilus_lighter_nonce.outbox.inquiry import Inquiry
from nautilus_lighter_nonce.outbox.queue import Queue
from nautilus_lighter_nonce.outbox.quota import Quota
from nautilus_lighter_nonce.outbox.settings import OutboxSettings


class Fates:
    """
    The transactions of one key and what becomes of them.

    Parameters
    ----------
    lane : NonceLane
        Read only.
    settings : OutboxSettings
        Patience and limits.
    work : deque[Work]
        Where what is to be done and told is noted.

    """

    def __init__(self, lane: NonceLane, settings: OutboxSettings, work: deque[w.Work]) -> None:
        self.lane = lane
        self.settings = settings
        self.work = work
        self.alarms = Alarms()
        self.quota = Quota(settings.quota_per_min)
        self.queue = Queue(self.quota)
        self.flight = Flight(settings.reply_timeout_ns)
        self.evidence = Evidence()
        self.inquiry = Inquiry(self.alarms, settings.settle_ns)
        self.entries: dict[int, Entry] = {}
        self.doubts: dict[int, Entry] = {}
        self.probe: int | None = None  # the nonce at which a suspicion is being probed
        self.filler_kind = 0
        self.is_guarded = False  # the whole account was refused: one at a time until one is taken
        self.is_stopping = False
        self._places = 0

    # -- TRANSACTIONS -----------------------------------------------------------------------------

    def next_place(self) -> int:
        """Return the next place."""
        self._places += 1
        return self._places

    def add(self, entry: Entry) -> None:
        """A transaction came."""
        self.entries[entry.place] = entry
        self.queue.join(entry)

    def give(
        self, entry: Entry, given: Input, now_ns: int, proof: w.Proof = w.Proof.ANSWERED
    ) -> None:
        """Let the table move a transaction, and note what follows from that."""
        before = entry.state
        if before is TxState.BOUND and given not in (Input.WRITE, Input.UNBIND):
            self.take_back(now_ns)
            before = entry.state
        if not entry.take(given) or entry.state is before:
            return
        after = entry.state
        if before is TxState.WAITING:
            self.queue.remove(entry)
        if after in DOUBTFUL:
            self._doubt(entry)
        else:
            self._doubt_no_more(entry, proof)
        if entry.is_final:
            self._finish(entry, given, proof, now_ns)
        elif after is TxState.WAITING:
            self._wait(entry, now_ns)
        elif after is TxState.DOUBT and not entry.counted_ns:
            if self.is_stopping:
                self.give(entry, Input.STOP, now_ns, proof)
            elif entry.is_old or not entry.resend:
                self.give(entry, Input.TOO_OLD, now_ns, proof)

    def take_back(self, now_ns: int) -> None:
        """Give back the numbers of everything that was not written, the latest first."""
        for slot in self.flight.take_back():
            refused = w.Publish(Verdict.REFUSED, slot.nonce, slot.epoch, slot.write_id)
            self.work.append(refused)
            self._end_probe(slot.nonce, slot.entry.tx_type)
            self.give(slot.entry, Input.UNBIND, now_ns, w.Proof.NEVER_WRITTEN)

    def _wait(self, entry: Entry, now_ns: int) -> None:
        """Let what is certainly not at the venue wait in its old place, if it may still go."""
        entry.counted_ns = 0
        self.queue.put(entry)
        may_go = entry.may_repeat or not entry.writes
        if self.is_stopping:
            self.give(entry, Input.STOP, now_ns)
        elif not may_go or isinstance(entry.what, w.Filler):
            self.give(entry, Input.TOO_OLD, now_ns)

    def _doubt(self, entry: Entry) -> None:
        self.doubts[entry.place] = entry
        if not entry.told_doubt and entry.state is TxState.DOUBT:
            entry.told_doubt = True
            self.tell(entry, w.News.IN_DOUBT)

    def _doubt_no_more(self, entry: Entry, proof: w.Proof) -> None:
        if entry.state is TxState.BOUND or entry.state is TxState.WRITTEN:
            return  # written again at the same nonce: as doubtful as before
        self.doubts.pop(entry.place, None)
        if entry.told_doubt:
            entry.told_doubt = False
            self.tell(entry, w.News.SETTLED, proof)

    def _finish(self, entry: Entry, given: Input, proof: w.Proof, now_ns: int) -> None:
        del self.entries[entry.place]
        self.queue.leave(entry)
        self.evidence.forget(entry)
        if entry.state is TxState.ALIVE:
            news = w.News.ALIVE
        elif given is Input.REVERTED:
            news = w.News.REVERTED
        else:
            news = ENDING_NEWS[entry.why or Why.AGE]
        self.tell(entry, news, proof if entry.writes else w.Proof.NEVER_WRITTEN)
        if entry.state is TxState.ALIVE:
            self._undo(entry, now_ns)
        elif entry.tx_type == TxType.CREATE_ORDER:
            self._end_followers(entry, now_ns)

    def _undo(self, entry: Entry, now_ns: int) -> None:
        """What was given up for age or stop is alive after all: cancel it."""
        if entry.undo is None or entry.why not in (Why.AGE, Why.STOP):
            return
        place = self.next_place()
        cancel = Entry(
            place, entry.undo, TxType.CANCEL_ORDER, now_ns, order=entry.order, repeats=True
        )
        self.add(cancel)
        self.queue.put(cancel)

    def _end_followers(self, entry: Entry, now_ns: int) -> None:
        """An order that never came to life leaves nothing to change or cancel."""
        for other in self.queue.siblings(entry):
            if other.place > entry.place:
                other.resend = False
                if other.state is TxState.WAITING:
                    other.reason = "its order has ended"
                    self.give(other, Input.TOO_OLD, now_ns, w.Proof.NEVER_WRITTEN)

    def tell(self, entry: Entry, news: w.News, proof: w.Proof = w.Proof.NONE) -> None:
        """Note what the owner of a transaction is to be told; a filler has none."""
        if isinstance(entry.what, w.Filler):
            return
        reason = entry.reason
        if not reason and news in (w.News.GIVEN_UP, w.News.REFUSED, w.News.DROPPED):
            reason = (entry.why or Why.AGE).value
        self.work.append(
            w.Tell(
                entry.place,
                entry.what,
                news,
                proof,
                entry.code,
                reason,
                was_bound=entry.was_bound,
            )
        )

    # -- ANSWERS ----------------------------------------------------------------------------------

    def accepted(self, write: TxWrite, predicted_ms: int, now_ns: int) -> None:
        """200: the number is reserved; that tells nobody anything of the order."""
        entry = write.entry
        self.publish(write, Verdict.ACCEPTED, 200, predicted_ms=predicted_ms)
        if self.is_guarded:
            self.is_guarded = False
            self.work.append(w.Trouble(0, ""))
        self.quota.relax(entry.tx_type)
        if entry.is_final:
            return
        write.state = WriteState.ACCEPTED
        write.accepted_ns = now_ns
        self._void_earlier(write, now_ns)
        self.give(entry, Input.ACCEPT, now_ns)
        self._expect_showing(entry, write, predicted_ms, now_ns)
        self._count_below(write, now_ns)

    def declined(
        self,
        write: TxWrite,
        frame: Frame,
        verdict: Verdict,
        code: int,
        message: str,
        now_ns: int,
    ) -> None:
        """A definite error: this write is dead, and so is its transaction if it was the last."""
        entry = write.entry
        self.publish(write, verdict, code, message=message)
        self.evidence.kill(write)
        self._clear_suspicion(write.nonce, now_ns)
        if verdict is Verdict.STALE:
            self.give(entry, Input.STALE, now_ns)
        elif is_rate_limit(code):
            self.quota.back_off(entry.tx_type, now_ns)
            self._wake_after_pause(now_ns)
            self.give(entry, Input.LATER, now_ns)
        elif frame.is_batch:
            entry.batch = None  # one of them spoilt it: singly, each gets an answer of its own
            self.give(entry, Input.LATER, now_ns)
        else:
            self._refused(write, code, message, now_ns)

    def silence(self, frame: Frame, reason: str, now_ns: int) -> None:
        """Nobody knows what became of a frame."""
        self.flight.silent(frame)
        self.heard(frame)
        for write in frame.writes:
            if write.state is WriteState.PENDING:
                write.state = WriteState.SILENT
                self.publish(write, Verdict.UNKNOWN, message=reason)
                self.give(write.entry, Input.SILENT, now_ns)

    def publish(
        self,
        write: TxWrite,
        verdict: Verdict,
        code: int = 0,
        *,
        message: str = "",
        predicted_ms: int = 0,
    ) -> None:
        """Note a verdict for the lane and for everybody."""
        self.work.append(
            w.Publish(
                verdict,
                write.nonce,
                write.epoch,
                write.id,
                write.copy.tx_hash,
                code,
                message,
                predicted_ms,
            )
        )

    def heard(self, frame: Frame) -> None:
        """A frame was answered, or is not waited for any more: what it probed is over."""
        for slot in frame.slots:
            self._end_probe(slot.nonce, slot.entry.tx_type)

    def _end_probe(self, nonce: int, tx_type: int) -> None:
        self.quota.probe_ended(tx_type)
        if self.probe == nonce:
            self.probe = None

    def _refused(self, write: TxWrite, code: int, message: str, now_ns: int) -> None:
        entry = write.entry
        entry.code, entry.reason = code, message
        if isinstance(entry.what, w.Filler):
            self.filler_kind += 1
            self.work.append(w.Remark(f"a filler was refused ({code}: {message})"))
        if code in KEY_CODES:
            self.work.append(w.Halt(f"{code}: {message}"))
        if code in ACCOUNT_CODES and not self.is_guarded:
            self.is_guarded = True
            self.work.append(w.Trouble(code, message))
        self.give(entry, Input.REFUSE, now_ns)

    def _void_earlier(self, write: TxWrite, now_ns: int) -> None:
        """A second 200 at a nonce: what was accepted there, and above it before, has fallen."""
        others = [x for x in self.evidence.undead(write.nonce) if x is not write]
        voided = [x for x in others if x.state is WriteState.ACCEPTED]
        if not voided:
            return
        above = [x for x in self.evidence.above(write.nonce) if x.seq < write.seq]
        for fallen in (*voided, *above):
            if fallen.state is WriteState.ACCEPTED:
                fallen.state = WriteState.SILENT
            fallen.entry.counted_ns = 0
            if fallen.entry is not write.entry:
                self.give(fallen.entry, Input.FELL, now_ns)

    def _expect_showing(self, entry: Entry, write: TxWrite, predicted_ms: int, now_ns: int) -> None:
        if entry.is_final:
            return
        settings = self.settings
        start_ns = max(now_ns, predicted_ms * 1_000_000)
        entry.patience_ns = entry.patience_ns or settings.suspect_ns
        entry.suspect_ns = start_ns + entry.patience_ns
        self.alarms.set(
            start_ns + min(settings.show_ns, entry.patience_ns), Alarm.SHOW, entry.place
        )

    def _count_below(self, write: TxWrite, now_ns: int) -> None:
        """At the moment of a 200 the venue expected its nonce: all below were taken."""
        if write.epoch != self.lane.epoch:
            return
        for entry in list(self.doubts.values()):
            if any(x.nonce < write.nonce for x in entry.undead):
                self.count(entry, now_ns)

    def _clear_suspicion(self, nonce: int, now_ns: int) -> None:
        """What probed a nonce was not taken: the suspicion was wrong, wait longer next time."""
        left = self.evidence.undead(nonce)
        for entry in dict.fromkeys(x.entry for x in left):
            is_alone = all(x.entry is entry for x in left)
            if entry.is_suspected and is_alone:
                entry.is_suspected = False
                entry.patience_ns *= 2
                entry.suspect_ns = now_ns + entry.patience_ns
                self.alarms.set(entry.suspect_ns, Alarm.SHOW, entry.place)
                if entry.why is Why.SUSPECTED:
                    self.give(entry, Input.CLEARED, now_ns)

    # -- EVIDENCE ---------------------------------------------------------------------------------

    def count(self, entry: Entry, now_ns: int) -> None:
        """The nonce of a doubt counts as spent: by whom, a record must tell."""
        if entry.counted_ns:
            return
        entry.counted_ns = now_ns
        self.give(entry, Input.COUNTED, now_ns)
        for write in entry.undead:
            self.inquiry.look(write.nonce, now_ns)

    def overtaken(self, losers: Iterable[Entry], now_ns: int) -> None:
        """Something else was executed at their nonce."""
        for entry in losers:
            if entry.is_dead and entry.state in (TxState.ACCEPTED, TxState.UNWANTED):
                entry.falls += 1
            self.give(entry, Input.KILLED, now_ns, w.Proof.OVERTAKEN)

    def weigh(self, entry: Entry, value: int, asked_ns: int, now_ns: int) -> None:
        """Hold an answer of the counter against one transaction."""
        undead = entry.undead
        if not undead:
            return
        nonce = min(x.nonce for x in undead)
        if nonce < value:
            if entry.state in DOUBTFUL:
                self.count(entry, now_ns)
            return
        settled_ns = asked_ns - self.settings.settle_ns
        if entry.counted_ns and entry.counted_ns <= settled_ns:
            entry.counted_ns = 0
            self.give(entry, Input.UNCOUNTED, now_ns)
        past_ns = settled_ns - self.settings.expiry_margin_ns
        if self.evidence.expire(entry, past_ns, value):
            self.give(entry, Input.KILLED, now_ns, w.Proof.EXPIRED)
        elif nonce == value and entry.is_taken and entry.suspect_ns <= settled_ns:
            entry.is_suspected = True
            self.give(entry, Input.STUCK, now_ns)

    def _wake_after_pause(self, now_ns: int) -> None:
        ends_ns = self.quota.pause_ends_ns(now_ns)
        if ends_ns is not None:
            self.alarms.set(ends_ns, Alarm.WAKE)
