"""
Answers: what the venue's word on a frame, or its silence, means for the transactions in it.

Rules of this file
------------------
- A verdict is published once per write and answer, whatever became of its transaction meanwhile:
  the lane counts numbers, not transactions.
- An answer kills its own write; accepted moves the lane and tells nobody anything.
- A second 200 at a nonce proves that the first acceptance there has vanished: the venue went back,
  and what it accepted above before is in doubt again (law of evidence, 9).
"""

from __future__ import annotations

from nautilus_lighter_nonce.lighter.codes import ACCOUNT_CODES
from nautilus_lighter_nonce.lighter.codes import KEY_CODES
from nautilus_lighter_nonce.lighter.codes import Verdict
from nautilus_lighter_nonce.lighter.codes import is_rate_limit
from nautilus_lighter_nonce.outbox import work as w
from nautilus_lighter_nonce.outbox.alarms import Alarm
from nautilus_lighter_nonce.outbox.entry import Entry
from nautilus_lighter_nonce.outbox.entry import TxWrite
from nautilus_lighter_nonce.outbox.entry import WriteState
from nautilus_lighter_nonce.outbox.fates import Fates
from nautilus_lighter_nonce.outbox.flight import Frame
from nautilus_lighter_nonce.outbox.moves import Input
from nautilus_lighter_nonce.outbox.moves import TxState
from nautilus_lighter_nonce.outbox.moves import Why


GUARD_NS = 100_000_000
"""First pause after a refusal of the whole account; doubles with each further one (our choice)."""

LONGEST_GUARD_NS = 2_000_000_000
"""Longest such pause (our choice)."""

LONGEST_PREDICTION_NS = 60_000_000_000
"""A prediction further ahead is not believed: speed bumps take 0.3 s (docs; bound: our choice)."""

RETRY_NS = 100_000_000
"""Pause after a frame that was not written (our choice)."""


class Answers:
    """
    Takes the answers to frames.

    Parameters
    ----------
    fates : Fates
        The transactions.

    """

    def __init__(self, fates: Fates) -> None:
        self._fates = fates
        self._highest = (-1, -1)  # epoch and nonce of the highest 200 in the present epoch
        self.taken = 0  # how many writes were accepted
        self._filler_codes: set[int] = set()
        self.filler_kind = 0
        self.trouble = ""  # why the whole account was refused: one at a time until one is taken
        self._guard_ns = GUARD_NS

    # -- INPUTS -----------------------------------------------------------------------------------

    def accepted(self, frame: Frame, predicted_ms: int, now_ns: int) -> None:
        """200: the numbers of a frame are reserved."""
        self._heard(frame)
        for write in frame.writes:
            self._accept(write, predicted_ms, now_ns)

    def declined(
        self, frame: Frame, verdict: Verdict, code: int, message: str, now_ns: int
    ) -> None:
        """A definite error: the writes of a frame are dead."""
        self._heard(frame)
        # From the top: the lane rolls its latest back, and sees a hole in anything else.
        for write in reversed(frame.writes):
            self.publish(write, verdict, code, message=message)
            if write.is_undead:
                self._fates.evidence.kill(write)
                if verdict is Verdict.STALE:
                    self._clear_suspicion(write.nonce, now_ns)
                self._decline(write, frame, verdict, code, message, now_ns)

    def silence(self, frame: Frame, reason: str, now_ns: int) -> None:
        """Nobody knows what became of a frame."""
        self._fates.flight.silent(frame)
        self._heard(frame)
        for write in frame.writes:
            if write.state is not WriteState.SILENT:
                self.publish(write, Verdict.UNKNOWN, message=reason)
            if write.state is WriteState.PENDING:
                write.state = WriteState.SILENT
                self._fates.give(write.entry, Input.SILENT, now_ns)
                epoch, nonce = self._highest
                if write.epoch == epoch and write.nonce < nonce:
                    self._fates.count(write.entry, now_ns)

    def not_written(self, frame: Frame, now_ns: int) -> None:
        """Nothing of a frame left this process: its numbers are given back."""
        fates = self._fates
        self._heard(frame)
        for write in reversed(frame.writes):
            fates.evidence.kill(write)
            write.entry.writes.remove(write)
            fates.work.append(w.Withdraw(write.nonce, write.epoch))
            is_fresh = write.entry.state is TxState.WRITTEN
            fates.give(write.entry, Input.UNBIND if is_fresh else Input.DIED, now_ns)
        fates.quota.hold(now_ns + RETRY_NS)

    def unsigned(self, entry: Entry, reason: str, now_ns: int) -> None:
        """A transaction cannot be signed: it is refused by ourselves."""
        if entry.is_filler:
            self._pass_over_filler(entry, 0, reason, now_ns)
        entry.reason = reason
        self._fates.give(entry, Input.REFUSE, now_ns)

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
        self._fates.work.append(
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

    def _heard(self, frame: Frame) -> None:
        """A frame was answered, or is not waited for any more: what it probed is over."""
        for slot in frame.slots:
            self._fates.end_probe(slot.nonce, slot.entry.quota_key)

    # -- ACCEPTED ---------------------------------------------------------------------------------

    def _accept(self, write: TxWrite, predicted_ms: int, now_ns: int) -> None:
        entry = write.entry
        self.publish(write, Verdict.ACCEPTED, 200, predicted_ms=predicted_ms)
        if self.trouble:
            self.trouble, self._guard_ns = "", GUARD_NS
            self._fates.work.append(w.Trouble(0, ""))
        self.taken += 1
        self._fates.quota.relax(entry.quota_key)
        # Before `_void_earlier`, which takes it down again if the venue went back.
        self._highest = max(self._highest, (write.epoch, write.nonce))
        # Also by a 200 for what has ended: its record may have come before its answer.
        self._void_earlier(write, now_ns)
        if write.is_undead and not entry.is_final:
            write.state = WriteState.ACCEPTED
            entry.is_suspected = False
            self._fates.give(entry, Input.ACCEPT, now_ns)
            self._expect_showing(entry, predicted_ms, now_ns)
        self._count_below(write, now_ns)

    def _void_earlier(self, write: TxWrite, now_ns: int) -> None:
        """The venue went back to this nonce: what was accepted here or above before has fallen."""
        evidence = self._fates.evidence
        standing = (*evidence.undead(write.nonce), *evidence.above(write.nonce))
        older = [x for x in standing if x.seq < write.seq]
        if not any(x.state is WriteState.ACCEPTED for x in older):
            return
        self._highest = (write.epoch, write.nonce)
        for fallen in older:
            has_fallen = fallen.state is WriteState.ACCEPTED
            fallen.state = WriteState.SILENT if has_fallen else fallen.state
            if fallen.entry is write.entry and write.is_undead:
                continue  # it is accepted next: as a doubt it might be given up for its age first
            self._fates.uncount(fallen.entry, now_ns)
            if has_fallen and fallen.entry is not write.entry:
                self._fates.give(fallen.entry, Input.FELL, now_ns)

    def _expect_showing(self, entry: Entry, predicted_ms: int, now_ns: int) -> None:
        """Remind of what nothing shows: first it is looked up, then the counter is weighed."""
        settings = self._fates.settings
        start_ns = min(max(now_ns, predicted_ms * 1_000_000), now_ns + LONGEST_PREDICTION_NS)
        entry.patience_ns = entry.patience_ns or settings.suspect_ns
        entry.suspect_ns = start_ns + entry.patience_ns
        show_ns = start_ns + min(settings.show_ns, entry.patience_ns)
        self._fates.alarms.set(show_ns, Alarm.SHOW, entry.place)

    def _count_below(self, write: TxWrite, now_ns: int) -> None:
        """At the moment of a 200 the venue expected its nonce: all below were taken."""
        if write.epoch != self._fates.lane.epoch:
            return
        for entry in list(self._fates.doubts.values()):
            if any(x.nonce < write.nonce for x in entry.undead):
                self._fates.count(entry, now_ns)

    # -- DECLINED ---------------------------------------------------------------------------------

    def _decline(
        self,
        write: TxWrite,
        frame: Frame,
        verdict: Verdict,
        code: int,
        message: str,
        now_ns: int,
    ) -> None:
        entry = write.entry
        if verdict is Verdict.STALE:
            self._fates.give(entry, Input.DIED, now_ns)
        elif is_rate_limit(code):
            self._fates.quota.back_off(entry.quota_key, now_ns)
            self._come_back(entry, code, message, now_ns)
        elif frame.is_batch:
            entry.batch = None  # one of them spoilt it: singly, each gets an answer of its own
            self._come_back(entry, code, message, now_ns)
        else:
            self._refuse(entry, code, message, now_ns)

    def _come_back(self, entry: Entry, code: int, message: str, now_ns: int) -> None:
        """Refused for now, or with others: it waits again, or ends with the venue's reason."""
        if not entry.may_repeat:
            entry.code, entry.reason = code, message
        self._fates.give(entry, Input.DIED, now_ns)

    def _refuse(self, entry: Entry, code: int, message: str, now_ns: int) -> None:
        entry.code, entry.reason = code, message
        if entry.is_filler:
            self._pass_over_filler(entry, code, message, now_ns)
        if code in KEY_CODES:
            self._fates.work.append(w.Halt(f"{code}: {message}"))
        if code in ACCOUNT_CODES:
            self._guard(code, message, now_ns)
        self._fates.give(entry, Input.REFUSE, now_ns)

    def _guard(self, code: int, message: str, now_ns: int) -> None:
        """The next transaction would meet the same: let one try, later each time."""
        if not self.trouble:
            self.trouble = f"{code}: {message}"
            self._fates.work.append(w.Trouble(code, message))
        self._fates.quota.hold(now_ns + self._guard_ns)
        self._guard_ns = min(2 * self._guard_ns, LONGEST_GUARD_NS)

    def _pass_over_filler(self, entry: Entry, code: int, message: str, now_ns: int) -> None:
        """A filler was refused: the next kind is tried, after a pause that grows."""
        self.filler_kind += 1
        self._fates.quota.back_off(entry.quota_key, now_ns)
        if code not in self._filler_codes:
            self._filler_codes.add(code)
            self._fates.work.append(w.Remark(f"a filler was refused ({code}: {message})"))

    def _clear_suspicion(self, nonce: int, now_ns: int) -> None:
        """What probed a nonce was stale: the suspicion was wrong, wait longer next time."""
        left = self._fates.evidence.undead(nonce)
        for entry in dict.fromkeys(x.entry for x in left):
            is_alone = all(x.entry is entry for x in left)
            if entry.is_suspected and is_alone:
                entry.is_suspected = False
                entry.patience_ns *= 2
                entry.suspect_ns = now_ns + entry.patience_ns
                self._fates.alarms.set(entry.suspect_ns, Alarm.SHOW, entry.place)
                if entry.why is Why.SUSPECTED:
                    self._fates.give(entry, Input.CLEARED, now_ns)
