"""
An event loop whose time stands still while anything is to do, and jumps when nothing is.

Rule of this file: no real millisecond passes here, and none is looked at. Where a real loop would
sleep, this one moves its clock to the next timer; where a real one would sleep for ever, it raises.
What runs in a worker thread takes no time. Sockets have time of their own and are refused.
"""

from __future__ import annotations

import asyncio
import math
import selectors
import time
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any


NANOS = 1_000_000_000
START_NS = 1_000 * NANOS
"""What the clock says first; any moment would do but 0, which code may take for "never"."""

THREAD_SECS = 30.0
"""How long a worker thread may keep the loop waiting, real seconds: an end for what hangs."""

_real_monotonic_ns = time.monotonic_ns


class NothingEverHappensError(AssertionError):
    """The test waits, and neither a timer nor a thread nor anything ready is left."""


class SocketInUnitTestError(AssertionError):
    """A unit test waits for a socket, whose time no test can move."""


class _Selector(selectors.DefaultSelector):
    """Looks whether something is ready, and otherwise lets its loop decide what waiting means."""

    loop: VirtualLoop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready or (timeout is not None and timeout <= 0):
            return ready
        if self.loop.threads_at_work:
            return super().select(THREAD_SECS)
        if len(self.get_map()) > 1:  # the first is the loop's own, by which threads wake it
            raise SocketInUnitTestError("mark the file as one of real sockets: see tests/units.py")
        if timeout is None:
            raise NothingEverHappensError("nothing is ready, and no timer will ring")
        self.loop.now_ns += math.ceil(timeout * NANOS)
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """The loop; `now_ns` is its clock, nanoseconds."""

    def __init__(self) -> None:
        self.now_ns = START_NS
        self.threads_at_work = 0
        selector = _Selector()
        selector.loop = self
        super().__init__(selector)

    def time(self) -> float:
        """Return the time of this loop, seconds."""
        return self.now_ns / NANOS

    def run_in_executor(  # type: ignore[override]  # the stub's `TypeVarTuple` says no more
        self, executor: Executor | None, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        """Run in a thread; time stands still until that is done."""
        future = super().run_in_executor(executor, func, *args)
        self.threads_at_work += 1
        future.add_done_callback(self._thread_done)
        return future

    def _thread_done(self, _: asyncio.Future[Any]) -> None:
        self.threads_at_work -= 1


def monotonic_ns() -> int:
    """
    Return the time of the running loop if it is virtual, and the machine's otherwise.

    Whoever looks twice sees a nanosecond pass, as on a machine: no two moments are the same.
    """
    loop = asyncio._get_running_loop()
    if not isinstance(loop, VirtualLoop):
        return _real_monotonic_ns()
    loop.now_ns += 1
    return loop.now_ns


class StandingClock:
    """A wall clock that stands still but for what a virtual loop moves it."""

    def __init__(self) -> None:
        self._start_ns = time.time_ns()

    def time_ns(self) -> int:
        """Return the time, Unix nanoseconds."""
        loop = asyncio._get_running_loop()
        passed_ns = loop.now_ns - START_NS if isinstance(loop, VirtualLoop) else 0
        return self._start_ns + passed_ns

    def time(self) -> float:
        """Return the time, Unix seconds."""
        return self.time_ns() / NANOS
