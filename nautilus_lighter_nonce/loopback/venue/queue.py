"""
When accepted transactions are executed: one queue per key, none waits for another key's.

Rules of this file
------------------
- The sequencer executes a key's transactions in the order of their acceptance: what stands behind
  a late one of the same key waits for it. Other keys do not (inferred from the counting of nonces
  per key; the venue does not document it).
- Beside the time at which a transaction is due stands the time that the venue tells. They differ
  where a lever says so; both only rise within a key.
- No clock: time is an argument in nanoseconds.
"""

from __future__ import annotations

import heapq
import itertools

from nautilus_lighter_nonce.loopback.venue.ledger import Entry
from nautilus_lighter_nonce.loopback.venue.sequencer import Key


class ExecutionQueue:
    """All accepted transactions that are not executed yet, by the time they are due."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, Entry]] = []
        self._numbers = itertools.count()
        self._last: dict[Key, tuple[int, int]] = {}

    def put(self, key: Key, entry: Entry, due_ns: int, told_ns: int) -> int:
        """
        Put a transaction behind those of its key.

        Parameters
        ----------
        key : Key
            Its key.
        entry : Entry
            The transaction.
        due_ns : int
            When it would be executed if nothing stood before it, UNIX nanoseconds.
        told_ns : int
            The same, as the venue tells it.

        Returns
        -------
        int
            The time that the venue tells, UNIX nanoseconds.

        """
        last_due_ns, last_told_ns = self._last.get(key, (0, 0))
        due_ns, told_ns = max(due_ns, last_due_ns), max(told_ns, last_told_ns)
        self._last[key] = due_ns, told_ns
        heapq.heappush(self._heap, (due_ns, next(self._numbers), entry))
        return told_ns

    def next_due(self) -> int | None:
        """Return when the next one is due, UNIX nanoseconds; ``None`` if none waits."""
        return self._heap[0][0] if self._heap else None

    def pop_due(self, now_ns: int) -> Entry | None:
        """Return the next one that is due and forget it; ``None`` if there is none."""
        if not self._heap or self._heap[0][0] > now_ns:
            return None
        return heapq.heappop(self._heap)[2]

    def forget(self, key: Key) -> None:
        """Let what comes next of a key wait for nothing that came before."""
        self._last.pop(key, None)

    def shift(self, by_ns: int) -> None:
        """Move all times, as the venue's clock was moved."""
        self._heap = [(due_ns + by_ns, number, entry) for due_ns, number, entry in self._heap]
        self._last = {key: (due + by_ns, told + by_ns) for key, (due, told) in self._last.items()}
