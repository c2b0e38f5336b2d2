"""
How late a nap of 2 ms ends: in the client's event loop, and in the parent, which has nothing to do.

Rules of this file
------------------
- The clock is `time.perf_counter`: uvloop's own counts whole milliseconds.
- What a loop's own thread used of a processor is measured apart: only that is the client's doing.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterable
from typing import Final
from typing import Self

import msgspec


TICK_SECS: Final = 0.002


class LoopWatch:
    """
    The longest standstill of an event loop, and the most that its own thread worked meanwhile.

    Times are arguments, both in seconds: `time.perf_counter` and `time.thread_time`.
    """

    def __init__(self, wall: float, processor: float) -> None:
        self._last = (wall, processor)
        self.stall_secs = 0.0
        self.busy_secs = 0.0

    def tick(self, wall: float, processor: float) -> None:
        """Note the end of a nap that was to take `TICK_SECS`."""
        last_wall, last_processor = self._last
        self.stall_secs = max(self.stall_secs, wall - last_wall - TICK_SECS)
        self.busy_secs = max(self.busy_secs, processor - last_processor)
        self._last = (wall, processor)


async def keep_ticking(watch: LoopWatch) -> None:
    """Take one nap after the other in the running loop, until cancelled."""
    while True:
        await asyncio.sleep(TICK_SECS)
        watch.tick(time.perf_counter(), time.thread_time())


class Nap(msgspec.Struct, frozen=True):
    """
    One nap of an idle thread.

    Parameters
    ----------
    end_ns : int
        When it ended, Unix nanoseconds.
    late_secs : float
        How much longer it took than it was to take.

    """

    end_ns: int
    late_secs: float


def longest_ms(naps: Iterable[Nap], since_ns: int, until_ns: int) -> float:
    """Return the milliseconds by which the latest of the naps that ended in a time was late."""
    late = [nap.late_secs for nap in naps if since_ns <= nap.end_ns <= until_ns]
    return max(late, default=0.0) * 1_000


class Sleeper:
    """A thread of this process that does nothing but nap; a context manager."""

    def __init__(self) -> None:
        self.naps: list[Nap] = []
        self._must_end = False
        self._thread = threading.Thread(target=self._sleep, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._must_end = True
        self._thread.join()

    def _sleep(self) -> None:
        while not self._must_end:
            began = time.perf_counter()
            time.sleep(TICK_SECS)
            late_secs = time.perf_counter() - began - TICK_SECS
            self.naps.append(Nap(time.time_ns(), late_secs))
