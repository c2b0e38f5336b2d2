"""
Fates: the transactions of one key, and what follows when the table moves one.

Rules of this file
------------------
- The table moves a transaction; here is noted what follows: who waits, what is in doubt, what is
  told.
- A transaction that is bound and not written is unbound before anything else happens to it.
- What is told names its proof: the record or frame that showed it, or what its last copy died by.
"""

from __future__ import annotations

from collections import deque

from nautilus_lighter_nonce.core.lane import NonceLane
from nautilus_lighter_nonce.lighter.codes import TxType
from nautilus_lighter_nonce.outbox import work as w
from nautilus_lighter_nonce.outbox.alarms import Alarm
from nautilus_lighter_nonce.outbox.alarms import Alarms
from nautilus_lighter_nonce.outbox.entry import Entry
from nautilus_lighter_nonce.outbox.evidence import Evidence
from nautilus_lighter_nonce.outbox.flight import Flight
from nautilus_lighter_nonce.outbox.inquiry import Inquiry
from nautilus_lighter_nonce.outbox.moves import DOUBTFUL
from nautilus_lighter_nonce.outbox.moves import ENDING_NEWS
from nautilus_lighter_nonce.outbox.moves import Input
from nautilus_lighter_nonce.outbox.moves import TxState
from nautilus_lighter_nonce.outbox.moves import Why
from nautilus_lighter_nonce.outbox.queue import Queue
from nautilus_lighter_nonce.outbox.quota import Quota
from nautilus_lighter_nonce.outbox.reasons import reason_of
from nautilus_lighter_nonce.outbox.settings import OutboxSettings


REMEMBERED_ENDS = 4_096
"""Ends that are remembered, to say so when the venue contradicts one."""


class Fates:
    """
    The transactions of one key and what becomes of them.

    Parameters
    ----------
    lane : NonceLane
        The lane of their key; nothing here moves it.
    settings : OutboxSettings
        Patience and limits.

    """

    def __init__(self, lane: NonceLane, settings: OutboxSettings) -> None:
        self.lane = lane
        self.settings = settings
        self.work: deque[w.Work] = deque()
        self.alarms = Alarms()
        self.quota = Quota(settings.quota_per_min)
        self.queue = Queue(self.quota)
        self.flight = Flight(settings.reply_timeout_ns, self.alarms)
        self.evidence = Evidence()
        self.inquiry = Inquiry(self.alarms, settings.settle_ns)
        self.entries: dict[int, Entry] = {}
        self.doubts: dict[int, Entry] = {}
        self.ends: dict[int, Entry] = {}
        self.probe: int | None = None  # the nonce at which a suspicion is being probed
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

    def wait(self, entry: Entry) -> None:
        """A transaction came, and waits for a number."""
        self.add(entry)
        self.queue.put(entry)

    def give(self, entry: Entry, given: Input, now_ns: int, proof: w.Proof = w.Proof.NONE) -> None:
        """Let the table move a transaction, and note what follows from that."""
        # The table has no such row for what is bound: its number goes back first.
        if entry.state is TxState.BOUND and given not in (Input.WRITE, Input.UNBIND):
            self.take_back(now_ns)
        before = entry.state
        if not entry.take(given) or entry.state is before:
            return
        if before is TxState.WAITING:
            self.queue.remove(entry)
        if entry.state in DOUBTFUL:
            self._doubt(entry, now_ns)
        else:
            entry.counted_ns = 0
            self._doubt_no_more(entry, proof, now_ns)
        if entry.is_final:
            self._finish(entry, given, proof, now_ns)
        elif entry.state is TxState.WAITING:
            self._wait(entry, now_ns)
        elif entry.state is TxState.DOUBT:
            self._weigh_doubt(entry, now_ns)

    def take_back(self, now_ns: int) -> None:
        """Give back the numbers of everything that was not written, the latest first."""
        # From the top: the lane rolls its latest back, and sees a hole in anything else.
        for slot in self.flight.take_back():
            self.work.append(w.Withdraw(slot.nonce, slot.epoch))
            self.end_probe(slot.nonce, slot.entry.quota_key)
            self.give(slot.entry, Input.UNBIND, now_ns)

    def end_probe(self, nonce: int, quota_key: int) -> None:
        """What was bound at a number is answered, or is not waited for: no probe of it is left."""
        self.quota.probe_ended(quota_key)
        if self.probe == nonce:
            self.probe = None

    def count(self, entry: Entry, now_ns: int) -> None:
        """The nonce of a doubt counts as spent: by whom, a record must tell."""
        if entry.counted_ns or entry.state not in DOUBTFUL:
            return
        entry.counted_ns = now_ns
        self.give(entry, Input.COUNTED, now_ns)
        for write in entry.undead:
            self.inquiry.look(write.nonce, now_ns)

    def uncount(self, entry: Entry, now_ns: int) -> None:
        """The nonce of a doubt does not count as spent any more."""
        if entry.counted_ns:
            entry.counted_ns = 0
            self.give(entry, Input.UNCOUNTED, now_ns)

    # -- WHAT FOLLOWS FROM A MOVE -----------------------------------------------------------------

    def _wait(self, entry: Entry, now_ns: int) -> None:
        """Let what is certainly not at the venue wait in its old place, if it may still go."""
        entry.is_suspected = False
        self.queue.put(entry)
        if self.queue.has_bound_later(entry):
            self.take_back(now_ns)  # numbers are given anew, in the order of the order
        may_go = entry.may_repeat or not entry.writes
        if self.is_stopping:
            self.give(entry, Input.STOP, now_ns)
        elif not may_go or entry.is_filler:
            self.give(entry, Input.TOO_OLD, now_ns)

    def _doubt(self, entry: Entry, now_ns: int) -> None:
        if entry.place not in self.doubts:
            self.doubts[entry.place] = entry
            self._watch_expiry(entry, now_ns)
        if not entry.told_doubt and entry.state is TxState.DOUBT:
            entry.told_doubt = True
            self.tell(entry, w.News.IN_DOUBT, now_ns)

    def _watch_expiry(self, entry: Entry, now_ns: int) -> None:
        settings = self.settings
        last_ns = max(write.copy.expires_ns for write in entry.undead)
        past_ns = last_ns + settings.expiry_margin_ns + settings.settle_ns
        self.alarms.set(max(past_ns, now_ns), Alarm.EXPIRY, entry.place)

    def _weigh_doubt(self, entry: Entry, now_ns: int) -> None:
        """A doubt that is not to be sent again is not wanted."""
        if self.is_stopping:
            self.give(entry, Input.STOP, now_ns)
        elif entry.is_old or not entry.resend:
            self.give(entry, Input.TOO_OLD, now_ns)

    def _doubt_no_more(self, entry: Entry, proof: w.Proof, now_ns: int) -> None:
        if entry.state in (TxState.BOUND, TxState.WRITTEN):
            return  # written again at the same nonce: as doubtful as before
        self.doubts.pop(entry.place, None)
        if entry.told_doubt:
            entry.told_doubt = False
            self.tell(entry, w.News.SETTLED, now_ns, _proof_of(entry, proof))

    def _finish(self, entry: Entry, given: Input, proof: w.Proof, now_ns: int) -> None:
        del self.entries[entry.place]
        self.queue.leave(entry)
        self.evidence.forget(entry)
        if entry.state is TxState.ALIVE:
            entry.told = w.News.ALIVE
        elif given is Input.REVERTED:
            entry.told = w.News.REVERTED
        else:
            entry.told = ENDING_NEWS[entry.why or Why.AGE]
        self.tell(entry, entry.told, now_ns, _proof_of(entry, proof))
        self._remember(entry)
        if entry.state is TxState.ALIVE:
            self._undo(entry, now_ns)
            self._end_overtaken(entry, now_ns)
        elif entry.tx_type == TxType.CREATE_ORDER:
            self._end_followers(entry, now_ns)

    def _remember(self, entry: Entry) -> None:
        self.ends[entry.place] = entry
        if len(self.ends) > REMEMBERED_ENDS:
            del self.ends[next(iter(self.ends))]

    def _undo(self, entry: Entry, now_ns: int) -> None:
        """What was given up for age or stop is alive after all: cancel it."""
        if entry.undo is None or entry.why not in (Why.AGE, Why.STOP):
            return
        cancel = Entry(
            self.next_place(),
            entry.undo,
            TxType.CANCEL_ORDER,
            now_ns,
            order=entry.order,
            repeats=True,
        )
        self.wait(cancel)

    def _end_followers(self, entry: Entry, now_ns: int) -> None:
        """An order that never came to life leaves nothing to change or cancel."""
        for other in self.queue.siblings(entry):
            if other.place > entry.place:
                self._send_no_more(other, "its order has ended", now_ns)

    def _end_overtaken(self, entry: Entry, now_ns: int) -> None:
        """What was changed is not changed back: earlier changes of the order come too late."""
        for other in self.queue.siblings(entry):
            if other.place < entry.place and other.tx_type != TxType.CREATE_ORDER:
                self._send_no_more(other, "a later change of its order was executed", now_ns)

    def _send_no_more(self, entry: Entry, reason: str, now_ns: int) -> None:
        entry.resend, entry.reason = False, reason
        if entry.state is TxState.WAITING:
            self.give(entry, Input.TOO_OLD, now_ns)

    def tell(self, entry: Entry, news: w.News, now_ns: int, proof: w.Proof = w.Proof.NONE) -> None:
        """Note what the owner of a transaction is to be told; a filler has none."""
        if entry.is_filler:
            return
        is_bad = news in (w.News.REVERTED, w.News.REFUSED, w.News.GIVEN_UP, w.News.DROPPED)
        self.work.append(
            w.Tell(
                entry.place,
                entry.what,
                news,
                proof,
                entry.code if is_bad else 0,
                reason_of(entry, now_ns) if is_bad else "",
                was_bound=entry.was_bound,
            )
        )


def _proof_of(entry: Entry, proof: w.Proof) -> w.Proof:
    """Return what a telling rests on: what showed it, or what all its copies died by."""
    if proof is not w.Proof.NONE:
        return proof
    return entry.death if entry.is_dead else w.Proof.ANSWERED
