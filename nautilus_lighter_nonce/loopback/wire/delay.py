"""
A delay line: what goes in comes out later, in order, without waiting for each other.

It stands for one direction of one connection. Delays are drawn by the caller; the line only keeps
the promise of order: nothing overtakes, unless the line was built to let it.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Callable


class DelayLine[T]:
    """
    One direction of one connection.

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
        self._last_due = 0.0

    def push(self, item: T, delay_s: float, *, may_overtake: bool = False) -> None:
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

        """
        now = self._loop.time()
        due = now + delay_s
        if not may_overtake:
            due = self._last_due = max(due, self._last_due)
        if due <= now and not self._heap:
            self._deliver(item)
            return
        heapq.heappush(self._heap, (due, next(self._numbers), item))
        if self._heap[0][2] is item:
            self._arm()

    def close(self) -> None:
        """Forget what is still on the way."""
        self._heap.clear()
        if self._timer is not None:
            self._timer.cancel()

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(self._heap[0][0], self._flush)

    def _flush(self) -> None:
        self._timer = None
        # The timer may fire up to one clock tick early.
        now = self._loop.time() + 1e-6
        while self._heap and self._heap[0][0] <= now:
            self._deliver(heapq.heappop(self._heap)[2])
        if self._heap and self._timer is None:
            self._arm()
