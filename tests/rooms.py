"""Hand-written stand-ins that tests of single rooms share: a loop, a log, a lane."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from collections.abc import Coroutine
from typing import Any

from nautilus_lighter_nonce.core.lane import NonceLane
from nautilus_lighter_nonce.core.manager import NonceManager
from tests.stubs import ACCOUNT
from tests.stubs import KEY


MS = 1_000_000
SEC = 1_000 * MS


class StillLoop:
    """A loop with timers only, whose time passes when the test says so."""

    def __init__(self) -> None:
        self.now_ns = 0
        self._handles: list[Any] = []

    def time(self) -> float:
        return self.now_ns / 1e9

    def get_debug(self) -> bool:
        return False

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """`TimerHandle.cancel` tells its loop."""

    def call_later(
        self, delay: float, callback: Callable[..., object], *args: Any
    ) -> asyncio.TimerHandle:
        handle = asyncio.TimerHandle(self.time() + delay, callback, args, self.whole)
        self._handles.append(handle)
        return handle

    @property
    def whole(self) -> Any:
        """The same, for whoever asks for all that a loop is."""
        return self

    def clock_ns(self) -> int:
        """Return the time, as `now_ns` arguments want it."""
        return self.now_ns

    @property
    def armed(self) -> int:
        """How many timers were not cancelled and have not rung."""
        return sum(not handle.cancelled() for handle in self._handles)

    def stand_still(self, ns: int) -> None:
        """Let time pass in which nothing is called."""
        self.now_ns += ns

    def go_on(self, ns: int = 0) -> None:
        """Let time pass, and call each timer when it is due; overdue ones at once."""
        until_ns = self.now_ns + ns
        while due := [h for h in self._handles if not h.cancelled() and _due(h) <= until_ns]:
            handle = min(due, key=_due)
            self._handles.remove(handle)
            self.now_ns = max(self.now_ns, _due(handle))
            handle._run()
        self.now_ns = until_ns


def _due(handle: Any) -> int:
    due_secs: float = handle.when()
    return round(due_secs * 1e9)


class Log:
    """A log that keeps what it was told, as (level, text)."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str]] = []

    def debug(self, text: str) -> None:
        self.lines.append(("debug", text))

    def info(self, text: str) -> None:
        self.lines.append(("info", text))

    def warning(self, text: str) -> None:
        self.lines.append(("warning", text))

    def error(self, text: str) -> None:
        self.lines.append(("error", text))

    def exception(self, text: str, error: BaseException) -> None:
        self.lines.append(("exception", text))

    def count(self, level: str) -> int:
        """Return how often something was said at a level."""
        return sum(said == level for said, _ in self.lines)


def lane_at(next_nonce: int | None = 10) -> NonceLane:
    """Return a lane that was seeded, or none was if ``None``."""
    lane = NonceLane(NonceManager(16), ACCOUNT, KEY)
    if next_nonce is not None:
        lane.seed(next_nonce)
    return lane


def at_once[T](work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
    """Begin a task in this very call, as the dispatcher begins its own."""
    return asyncio.Task(work, loop=asyncio.get_running_loop(), eager_start=True)
