"""
A delay line: what goes in comes out later, in order, without waiting for each other.

Rules of this file
------------------
- Delays are drawn by the caller; the line keeps the promise of order: nothing
  overtakes what it is to stay behind, unless the caller lets it; all else may pass.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Callable
from collections.abc import Hashable


class DelayLine[T]:
    """
    One direction of one connection, or whatever else takes its time.

    Parameters
    ----------
    loop : asyncio.AbstractEventLoop
        The loop whose timers are used.
    deliver : Callable[[T], None]
        Called with each item when it comes out.

    """

    def __init__(self, loop: asyncio.AbstractEventLoop, deliver: Callable[[T], None]) -> None:
        self._loop = loop
        self._deliver = deliver
        self._heap: list[tuple[float, int, T]] = []
        self._numbers = itertools.count()
        self._timer: asyncio.TimerHandle | None = None
        self._last_due: dict[Hashable, float] = {}

    def push(
        self, item: T, delay_s: float, *, may_overtake: bool = False, behind: Hashable = None
    ) -> None:
        """
        Put an item in.

        Parameters
        ----------
        item : T
            The item.
        delay_s : float
            How long it takes, seconds, 0 upward.
        may_overtake : bool, default False
            Whether it may come out before items that went in earlier.
        behind : Hashable, optional
            What it stays behind: the items that went in earlier with the same name.

        """
        if delay_s <= 0.0 and not self._heap:
            self._deliver(item)
            return
        due = self._loop.time() + delay_s
        if not may_overtake:
            due = self._last_due[behind] = max(due, self._last_due.get(behind, 0.0))
        heapq.heappush(self._heap, (due, next(self._numbers), item))
        if self._heap[0][2] is item:
            self._arm()

    def close(self) -> None:
        """Forget what is still on the way."""
        self._heap.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(self._heap[0][0], self._flush)

    def _flush(self) -> None:
        self._timer = None
        # The timer may fire up to one clock tick early.
        now = self._loop.time() + 1e-6
        try:
            while self._heap and self._heap[0][0] <= now:
                self._deliver(heapq.heappop(self._heap)[2])
        finally:  # one item that cannot be taken stops nothing behind it
            if self._heap and self._timer is None:
                self._arm()
