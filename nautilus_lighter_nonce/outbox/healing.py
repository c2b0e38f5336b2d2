"""
Rulings: which transaction stands at a number, and which doubts need a new pass.

Rules of this file (`docs/evidence.md`, 2 and 6 to 8)
-----------------------------------------------------
=========================================== =====================================================
what is known of the number                 who stands there
=========================================== =====================================================
an answer is awaited there                  nobody yet
a wanted transaction is in doubt there      itself, the same bytes; or an earlier one of its order
  and its type is paused                    the next eligible, else nobody yet
only unwanted ones are in doubt there       their own cancel, else the next eligible, else a filler
nothing, and doubts stand above it          the next eligible, else a filler; never a doubted one
nothing, and nothing stands above it        the queue goes on
=========================================== =====================================================

It rules; it calls nobody and changes nothing.
"""

from __future__ import annotations

from enum import Enum

from nautilus_lighter_nonce.lighter.codes import TxType
from nautilus_lighter_nonce.outbox.entry import FILLER_KEY
from nautilus_lighter_nonce.outbox.entry import Entry
from nautilus_lighter_nonce.outbox.entry import WriteState
from nautilus_lighter_nonce.outbox.evidence import Evidence
from nautilus_lighter_nonce.outbox.moves import TxState
from nautilus_lighter_nonce.outbox.queue import Queue
from nautilus_lighter_nonce.outbox.quota import Quota


FILLER_KEYS = (FILLER_KEY, TxType.CANCEL_ORDER)
"""A filler is a cancel: it goes while neither is paused."""


class Ruling(Enum):
    """Who stands at a number when no transaction does."""

    FILLER = "filler"
    NOBODY = "nobody"  # at present


class Healing:
    """
    Rules on numbers.

    Parameters
    ----------
    evidence : Evidence
        Which writes are undead.
    queue : Queue
        Who waits.
    quota : Quota
        Which types are paused.

    """

    def __init__(self, evidence: Evidence, queue: Queue, quota: Quota) -> None:
        self._evidence = evidence
        self._queue = queue
        self._quota = quota

    def is_taken(self, nonce: int) -> bool:
        """Return whether a number is spent, or holds an acceptance that is not suspected."""
        if self._evidence.is_spent(nonce):
            return True
        accepted = self._evidence.accepted(nonce)
        return accepted is not None and not accepted.entry.is_suspected

    def occupants(self, nonce: int, limit: int, now_ns: int) -> list[Entry] | Ruling:
        """
        Return who stands at a number.

        Parameters
        ----------
        nonce : int
            A number that `is_taken` does not claim.
        limit : int
            How many may go in one frame.
        now_ns : int
            Unix nanoseconds.

        Returns
        -------
        list[Entry] or Ruling
            One transaction, a batch, or why there is none.

        """
        if self._is_awaited(nonce):
            return Ruling.NOBODY
        present = list(dict.fromkeys(write.entry for write in self._evidence.undead(nonce)))
        wanted = [entry for entry in present if entry.is_wanted]
        if wanted:
            return self._doubted(wanted[-1], nonce, now_ns)
        if present:
            return self._spender(present, nonce, now_ns)
        if self._evidence.top() > nonce:
            return self._stranger(nonce, now_ns)
        return self._queue.group_for(nonce, limit, now_ns) or Ruling.NOBODY

    def needs_pass(self, entry: Entry, next_nonce: int, bound: set[int]) -> bool:
        """
        Return whether a doubt lies behind the lane with nothing under way that will end it.

        Parameters
        ----------
        entry : Entry
            A doubt.
        next_nonce : int
            What the lane issues next.
        bound : set[int]
            The numbers that were given out and not written yet.

        Returns
        -------
        bool

        """
        if entry.state not in (TxState.DOUBT, TxState.UNWANTED) or entry.counted_ns:
            return False
        return any(
            write.nonce < next_nonce
            and write.nonce not in bound
            and not self._is_moving(write.nonce)
            for write in entry.undead
        )

    def _is_moving(self, nonce: int) -> bool:
        """Return whether an answer at a number is awaited, or it is taken."""
        return self._is_awaited(nonce) or self.is_taken(nonce)

    def _is_awaited(self, nonce: int) -> bool:
        return any(w.state is WriteState.PENDING for w in self._evidence.undead(nonce))

    def _doubted(self, entry: Entry, nonce: int, now_ns: int) -> list[Entry] | Ruling:
        for other in self._queue.siblings(entry):
            is_first = other.place < entry.place and self._queue.may_go(other, now_ns)
            if is_first and self._queue.fits(other, nonce, replaces=True):
                return [other]
        if entry.ready and not self._quota.is_paused(entry.quota_key, now_ns):
            return [entry]
        eligible = self._queue.first_for(nonce, now_ns)
        return [eligible] if eligible is not None else Ruling.NOBODY

    def _spender(self, present: list[Entry], nonce: int, now_ns: int) -> list[Entry] | Ruling:
        for entry in present:
            for other in self._queue.siblings(entry):
                is_cancel = other.tx_type == TxType.CANCEL_ORDER and other.place > entry.place
                if is_cancel and self._queue.may_go(other, now_ns):
                    return [other]
        return self._stranger(nonce, now_ns)

    def _stranger(self, nonce: int, now_ns: int) -> list[Entry] | Ruling:
        """Return the next eligible, else a filler, else nobody while fillers must pause."""
        eligible = self._queue.first_for(nonce, now_ns)
        if eligible is not None:
            return [eligible]
        is_paused = any(self._quota.is_paused(key, now_ns) for key in FILLER_KEYS)
        return Ruling.NOBODY if is_paused else Ruling.FILLER
