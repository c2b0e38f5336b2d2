"""
Places: who waits for a nonce, in which order, and for how long.

Rule of this file: the order of places is the order of commands, for ever. What comes back, because
it was withdrawn or doomed, takes its old place again, before everything that came later.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable
from collections.abc import Iterator
from enum import Enum

from nautilus_lighter_nonce.events import IssuedNonce
from nautilus_lighter_nonce.requests import TxRequest


class EntryState(Enum):
    """Where a transaction is on its way."""

    QUEUED = "queued"  # waits for a nonce
    BOUND = "bound"  # has a nonce, is being signed or waits for its send turn
    SENT = "sent"  # may be at the venue
    STALE = "stale"  # certainly not accepted, waits for the lane to heal
    UNKNOWN = "unknown"  # nobody knows, waits for evidence
    DONE = "done"


class Entry:
    """
    One transaction on its way.

    Parameters
    ----------
    place : int
        Its place in the lane, from 1 upward.
    request : TxRequest
        Whose it is.
    created_ns : int
        When its command came, Unix nanoseconds.
    batch : int, optional
        Entries of the same batch go in one frame where they can.

    """

    __slots__ = (
        "batch",
        "created_ns",
        "is_dropped",
        "issued",
        "place",
        "request",
        "sends",
        "state",
        "timer",
        "tx_hash",
        "unproved",
        "was_bound",
    )

    def __init__(
        self,
        place: int,
        request: TxRequest,
        created_ns: int,
        batch: int | None = None,
    ) -> None:
        self.place = place
        self.batch = batch
        self.request = request
        self.created_ns = created_ns
        self.state = EntryState.QUEUED
        self.issued: IssuedNonce | None = None
        self.timer: asyncio.TimerHandle | None = None
        self.tx_hash = ""
        self.unproved: list[str] = []  # hashes of copies that were sent and never answered
        self.is_dropped = False  # taken by the API, and proved not executed
        self.sends = 0
        self.was_bound = False

    def __lt__(self, other: Entry) -> bool:
        return self.place < other.place

    @property
    def nonce(self) -> int:
        """The nonce of the present copy."""
        if self.issued is None:
            raise RuntimeError(f"{self.request.label} has no nonce")
        return self.issued.nonce

    @property
    def is_undecided(self) -> bool:
        """Whether the present copy may be at the venue, and nobody knows."""
        return self.state in (EntryState.SENT, EntryState.UNKNOWN)

    def disarm(self) -> None:
        """Cancel the running deadline, if any."""
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None


class Places:
    """
    Entries that wait for a nonce, the earliest place first.

    Parameters
    ----------
    loop : asyncio.AbstractEventLoop
        For deadlines.
    timeout_ms : int
        How long a command may wait, counted from its arrival.
    on_timeout : Callable[[Entry], None]
        Called with an entry whose patience is over; it is out of the queue then.

    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        timeout_ms: int,
        on_timeout: Callable[[Entry], None],
    ) -> None:
        self._loop = loop
        self._timeout_ns = timeout_ms * 1_000_000
        self._on_timeout = on_timeout
        self._heap: list[Entry] = []

    def __len__(self) -> int:
        return len(self._heap)

    def __iter__(self) -> Iterator[Entry]:
        return iter(sorted(self._heap))

    def next_group(self, limit: int) -> list[Entry]:
        """Return the entry whose turn it is, with up to `limit` in all of its batch behind it."""
        head = self._heap[0]
        if head.batch is None:
            return [head]
        group: list[Entry] = []
        for entry in sorted(self._heap):
            if entry.batch != head.batch or len(group) == limit:
                break
            group.append(entry)
        return group

    def put(self, entry: Entry, now_ns: int) -> None:
        """Let an entry wait in its place."""
        entry.disarm()
        entry.state = EntryState.QUEUED
        entry.issued = None
        heapq.heappush(self._heap, entry)
        patience_ns = max(0, entry.created_ns + self._timeout_ns - now_ns)
        entry.timer = self._loop.call_later(patience_ns / 1e9, self._expire, entry)

    def remove(self, entry: Entry) -> None:
        """Take an entry out of its place."""
        entry.disarm()
        if self._heap[0] is entry:
            heapq.heappop(self._heap)
        else:
            self._heap.remove(entry)
            heapq.heapify(self._heap)

    def _expire(self, entry: Entry) -> None:
        if entry.state is EntryState.QUEUED:
            self.remove(entry)
            self._on_timeout(entry)
