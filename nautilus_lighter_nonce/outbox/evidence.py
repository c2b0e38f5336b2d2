"""
The law of evidence: which writes may still be taken, and what was executed at a nonce.

`docs/evidence.md` has the whole of it; this file holds its rule 3.

Rules of this file
------------------
- A write dies by its own definite answer, by an executed record at its nonce with another hash, or
  by an expired signature that the settled counter never counted. By nothing else: not by a 200 for
  something else at its nonce (it may vanish), not by a record that is not executed, not by absence
  from an index, not by the counter alone, not by the fate of a frame mate.
- An answer kills its own write, not the other writes of the same copy.
- It says what is dead; `answers` and `proofs` move the transactions by that.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from nautilus_lighter_nonce.outbox.entry import Entry
from nautilus_lighter_nonce.outbox.entry import TxWrite
from nautilus_lighter_nonce.outbox.entry import WriteState
from nautilus_lighter_nonce.outbox.work import Proof


REMEMBERED_NONCES: Final = 4_096
"""Executed nonces that are remembered, far more than the counter's lag can hide."""

REMEMBERED_HASHES: Final = 20_000
"""Hashes of ours that are remembered, to tell our own records from a foreign writer's."""


class Evidence:
    """What is known of the writes and the nonces of one key."""

    def __init__(self) -> None:
        self._at: dict[int, list[TxWrite]] = {}
        self._executed: dict[int, None] = {}  # in the order in which they were shown
        self._ours: dict[str, Entry] = {}
        self.counter = 0  # the highest believed answer: all below are spent

    # -- QUESTIONS --------------------------------------------------------------------------------

    def undead(self, nonce: int) -> list[TxWrite]:
        """Return the writes at a nonce that may still be taken, in order of writing."""
        return [write for write in self._at.get(nonce, ()) if write.is_undead]

    def accepted(self, nonce: int) -> TxWrite | None:
        """Return the write at a nonce whose acceptance stands, if there is one."""
        for write in self._at.get(nonce, ()):
            if write.state is WriteState.ACCEPTED:
                return write
        return None

    def is_executed(self, nonce: int) -> bool:
        """Return whether something is known to be executed at a nonce."""
        return nonce in self._executed

    def is_spent(self, nonce: int) -> bool:
        """Return whether a nonce is proved spent, by whomever."""
        return nonce < self.counter or nonce in self._executed

    def nonces(self) -> list[int]:
        """Return all nonces with an undead write of a transaction that has not ended, ascending."""
        return sorted(self._at)

    def top(self) -> int:
        """Return the highest nonce with an undead write, -1 if there is none."""
        return max(self._at, default=-1)

    def above(self, nonce: int) -> Iterator[TxWrite]:
        """Yield the undead writes above a nonce."""
        for at, writes in self._at.items():
            if at > nonce:
                yield from (write for write in writes if write.is_undead)

    def entry_of(self, tx_hash: str) -> Entry | None:
        """Return the transaction that a hash is of, ended or not; ``None`` if it is not ours."""
        return self._ours.get(tx_hash)

    # -- MOVES ------------------------------------------------------------------------------------

    def wrote(self, write: TxWrite) -> None:
        """A frame is about to be written: from here on its copies may be taken."""
        write.entry.writes.append(write)
        self._at.setdefault(write.nonce, []).append(write)
        self._ours[write.copy.tx_hash] = write.entry
        if len(self._ours) > REMEMBERED_HASHES:
            del self._ours[next(iter(self._ours))]

    def kill(self, write: TxWrite, proof: Proof = Proof.ANSWERED) -> None:
        """A write is proved dead; without another proof by its own definite answer."""
        write.die(proof)
        self._drop(write)

    def executed(self, nonce: int, tx_hash: str) -> list[Entry]:
        """
        Something was executed at a nonce; return the transactions that lost writes by it.

        Parameters
        ----------
        nonce : int
            The nonce.
        tx_hash : str
            Whose record it was; empty if only the order's frame was seen, then its own writes
            at the nonce must have been forgotten before (`forget`).

        Returns
        -------
        list[Entry]

        """
        self._executed[nonce] = None
        if len(self._executed) > REMEMBERED_NONCES:
            del self._executed[next(iter(self._executed))]
        losers = []
        for write in self.undead(nonce):
            if write.copy.tx_hash != tx_hash:
                self.kill(write, Proof.OVERTAKEN)
                if write.entry not in losers:
                    losers.append(write.entry)
        return losers

    def expire(self, entry: Entry, settled_ns: int, counter: int) -> bool:
        """
        Kill the writes of a transaction whose signatures were past when a settled question began.

        Parameters
        ----------
        entry : Entry
            The transaction.
        settled_ns : int
            When the question was begun, less the lag limit and the margin of clocks.
        counter : int
            Its answer.

        Returns
        -------
        bool
            Whether one died.

        """
        past = [w for w in entry.undead if w.copy.expires_ns < settled_ns and counter <= w.nonce]
        for write in past:
            self.kill(write, Proof.EXPIRED)
        return bool(past)

    def forget(self, entry: Entry) -> None:
        """A transaction has ended: its writes matter no more."""
        for write in entry.writes:
            self._drop(write)

    def reset(self) -> list[Entry]:
        """The venue counts anew, no copy of before can be taken; return whose writes died."""
        self._executed.clear()
        self.counter = 0
        left = [write for nonce in self.nonces() for write in self.undead(nonce)]
        for write in left:
            self.kill(write, Proof.RESET)
        return list(dict.fromkeys(write.entry for write in left))

    def _drop(self, write: TxWrite) -> None:
        writes = self._at.get(write.nonce)
        if writes is None or write not in writes:
            return
        writes.remove(write)
        if not writes:
            del self._at[write.nonce]
