"""
Binding: who gets the lane's next number, and which frame leaves next.

Rules of this file
------------------
- A number is taken when lane, connection, slot and rate token are in hand, and not before: what
  holds a number and waits would hold up all behind it.
- What is known to be taken is acknowledged in passing; a pass goes up one number at a time, and a
  probe is answered before the pass goes on.
- What stands in doubt at a number leaves as a single frame with the same bytes; only when its
  signature is nearly past it is signed anew, at the same number.
"""

from __future__ import annotations

from nautilus_lighter_nonce.core.decisions import LaneState
from nautilus_lighter_nonce.lighter.codes import MAX_BATCH_WS
from nautilus_lighter_nonce.lighter.codes import TxType
from nautilus_lighter_nonce.outbox import work as w
from nautilus_lighter_nonce.outbox.alarms import Alarm
from nautilus_lighter_nonce.outbox.answers import Answers
from nautilus_lighter_nonce.outbox.entry import Entry
from nautilus_lighter_nonce.outbox.entry import TxWrite
from nautilus_lighter_nonce.outbox.fates import Fates
from nautilus_lighter_nonce.outbox.flight import Frame
from nautilus_lighter_nonce.outbox.flight import Slot
from nautilus_lighter_nonce.outbox.healing import Healing
from nautilus_lighter_nonce.outbox.healing import Ruling
from nautilus_lighter_nonce.outbox.moves import Input


FRESH_NS = 60_000_000_000
"""A copy with less life than this is signed anew, at its old nonce (our choice)."""


class Binding:
    """
    Gives numbers to transactions and frames to the wire.

    Parameters
    ----------
    fates : Fates
        The transactions.
    answers : Answers
        Knows whether the account is refused, and which filler was not.

    """

    def __init__(self, fates: Fates, answers: Answers) -> None:
        self._fates = fates
        self._answers = answers
        self._lane = fates.lane
        self._healing = Healing(fates.evidence, fates.queue, fates.quota)
        self._writes = 0
        self._rebase_ns = 0  # not before this time is the lane asked for a new pass again
        self._rebase_pause_ns = fates.settings.settle_ns
        self._taken = 0  # acceptances when the lane was last asked for a new pass

    # -- PASSES -----------------------------------------------------------------------------------

    def want_pass(self, now_ns: int) -> None:
        """Ask the lane for a new pass if a doubt lies behind it that nothing else will end."""
        fates = self._fates
        if not fates.doubts or self._lane.state is not LaneState.OPEN:
            return
        for entry in list(fates.doubts.values()):
            if any(fates.evidence.is_spent(write.nonce) for write in entry.undead):
                fates.count(entry, now_ns)
        next_nonce, bound = self._lane.next_nonce, fates.flight.bound_nonces()
        behind = [
            entry
            for entry in fates.doubts.values()
            if self._healing.needs_pass(entry, next_nonce, bound)
        ]
        if not behind:
            return
        if self._taken != self._answers.taken:
            self._taken = self._answers.taken
            self._rebase_pause_ns = fates.settings.settle_ns
        if now_ns < self._rebase_ns:
            fates.alarms.set(self._rebase_ns, Alarm.WAKE)
            return
        self._rebase_ns = now_ns + self._rebase_pause_ns
        self._rebase_pause_ns = min(2 * self._rebase_pause_ns, 8_000_000_000)
        first = min(behind, key=lambda entry: min(x.nonce for x in entry.undead))
        nonce = min(x.nonce for x in first.undead)
        cause = w.Cause.VANISHED if first.is_suspected else w.Cause.DOUBT
        fates.work.append(w.Rebase(cause, nonce))

    # -- NUMBERS ----------------------------------------------------------------------------------

    def fill(self, now_ns: int) -> None:
        """Give out as many numbers as may go now, in ascending order."""
        while self._lane.free_slots() > 0 and self._fates.probe is None:
            if self._answers.trouble and self._is_busy():
                return
            nonce = self._lane.next_nonce
            if self._healing.is_taken(nonce):
                self._lane.take()
            elif not self._fill_one(nonce, now_ns):
                return

    def _is_busy(self) -> bool:
        return bool(self._fates.flight.bound or self._fates.flight.is_waiting)

    def _fill_one(self, nonce: int, now_ns: int) -> bool:
        fates = self._fates
        if not fates.queue and fates.evidence.top() < nonce:
            return False  # nobody wants a number, and nobody stands at this one or above
        free = self._lane.free_slots()
        # Before the ruling, which goes by the states.
        self._uncount(nonce, now_ns)
        limit = 1 if self._answers.trouble else min(MAX_BATCH_WS, self._lane.depth)
        ruling = self._healing.occupants(nonce, limit, now_ns)
        if ruling is Ruling.NOBODY:
            self._wake_after_pauses(now_ns)
            return False
        # After the ruling: only for what may go is a token waited for.
        pause_ns = fates.quota.frame_pause_ns(now_ns)
        if pause_ns:
            fates.alarms.set(now_ns + pause_ns, Alarm.WAKE)
            return False
        group = [self._new_filler(now_ns)] if isinstance(ruling, Ruling) else ruling
        if len(group) > free:
            return False  # a batch waits for all its slots
        self._bind(group, now_ns)
        return True

    def _uncount(self, nonce: int, now_ns: int) -> None:
        """The lane went back behind a doubt that counted as spent: it does not count."""
        for write in self._fates.evidence.undead(nonce):
            self._fates.uncount(write.entry, now_ns)

    def _wake_after_pauses(self, now_ns: int) -> None:
        ends_ns = self._fates.quota.pause_ends_ns(now_ns)
        if ends_ns is not None and self._fates.entries:
            self._fates.alarms.set(ends_ns, Alarm.WAKE)

    def _new_filler(self, now_ns: int) -> Entry:
        filler = w.Filler(self._answers.filler_kind)
        place = self._fates.next_place()
        entry = Entry(place, filler, TxType.CANCEL_ORDER, now_ns, repeats=True)
        self._fates.add(entry)
        return entry

    def _bind(self, group: list[Entry], now_ns: int) -> None:
        fates = self._fates
        self._writes += 1
        frame_id = f"{group[0].place}-{self._writes}"
        # Before a number is issued: the lane goes on to the next by that.
        if any(x.entry.is_suspected for x in fates.evidence.undead(self._lane.next_nonce)):
            fates.probe = self._lane.next_nonce
        slots = []
        for at, entry in enumerate(group):
            nonce, epoch = self._lane.issue(), self._lane.epoch
            write_id = frame_id if not at else f"{frame_id}.{at}"
            slots.append(Slot(entry, nonce, epoch, write_id, _copy_for(entry, nonce, now_ns)))
            fates.give(entry, Input.BIND, now_ns)
            self._tell_first(entry, now_ns)
        fates.quota.take(group[0].quota_key, now_ns)
        for slot in slots:
            if slot.copy is None:
                sign = w.Sign(slot.write_id, slot.entry.place, slot.entry.what, slot.nonce)
                fates.work.append(sign)
        fates.flight.put(Frame(frame_id, slots))

    def _tell_first(self, entry: Entry, now_ns: int) -> None:
        if entry.was_bound:
            return
        entry.was_bound = True
        self._fates.tell(entry, w.News.SENDING, now_ns)
        max_age_ns = self._fates.settings.max_age_ns
        if max_age_ns is not None and not entry.repeats:
            due_ns = max(entry.submitted_ns + max_age_ns, now_ns)
            self._fates.alarms.set(due_ns, Alarm.AGE, entry.place)

    # -- FRAMES -----------------------------------------------------------------------------------

    def write(self, now_ns: int) -> None:
        """Let every frame leave whose turn it is."""
        fates = self._fates
        while fates.flight.next_frame() is not None:
            frame = fates.flight.leave(now_ns)
            for slot in frame.slots:
                self._note_write(frame, slot, now_ns)
            copies = tuple(x.copy for x in frame.writes)
            fates.work.append(w.Write(frame.id, frame.connection, copies))

    def _note_write(self, frame: Frame, slot: Slot, now_ns: int) -> None:
        assert slot.copy is not None  # `next_frame` waits for all signatures
        self._writes += 1
        write = TxWrite(
            self._writes,
            slot.write_id,
            slot.entry,
            slot.nonce,
            slot.epoch,
            frame.connection,
            slot.copy,
        )
        frame.writes.append(write)
        # Before the frame is handed out: from then on the venue may take it.
        self._fates.evidence.wrote(write)
        self._fates.give(slot.entry, Input.WRITE, now_ns)


def _copy_for(entry: Entry, nonce: int, now_ns: int) -> w.Signed | None:
    """Return the bytes that stand at a nonce already, unless their signature is nearly past."""
    for write in reversed(entry.undead):
        if write.nonce == nonce and write.copy.expires_ns > now_ns + FRESH_NS:
            return write.copy
    return None
