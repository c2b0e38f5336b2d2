"""
`OneTimer`: the shell's only timer, which knows when the loop stood still.

Rule of this file: silence is not taken for what lies in the loop's own queue: a loop that stood
still first reads what came meanwhile, for a moment and once: one that is always late rings as well.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final


MS: Final = 1_000_000

LATE_NS: Final = 50 * MS
"""A timer that rings later than this tells of a loop that stood still (our choice)."""

CATCH_UP_NS: Final = 20 * MS
"""How long a loop that stood still may read what came meanwhile (our choice)."""


class OneTimer:
    """
    Rings when it is due.

    Parameters
    ----------
    loop : asyncio.AbstractEventLoop
        The node's event loop.
    now_ns : Callable[[], int]
        The time that due times are said in, nanoseconds.
    ring : Callable[[], None]
        What is to be done then.

    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        now_ns: Callable[[], int],
        ring: Callable[[], None],
    ) -> None:
        self._loop = loop
        self._now_ns = now_ns
        self._ring = ring
        self._handle: asyncio.TimerHandle | None = None
        self._due_ns = 0
        self._is_catching_up = False

    def arm(self, due_ns: int | None) -> None:
        """Ring at that time, unless it rings earlier anyway; ``None`` asks for nothing."""
        if due_ns is None or self._is_catching_up:  # whatever is due, what came is read first
            return
        if self._handle is None or due_ns < self._due_ns:
            self._set(due_ns)

    def cancel(self) -> None:
        """Ring no more."""
        self._is_catching_up = False
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def stood_still(self) -> bool:
        """Return whether the loop stood still; if so, what is due is put off until it has read."""
        now_ns = self._now_ns()
        if self._is_catching_up:
            if now_ns < self._due_ns:
                return True
            self.cancel()
        if self._handle is None or now_ns - self._due_ns <= LATE_NS:
            return False
        self._set(now_ns + CATCH_UP_NS)
        self._is_catching_up = True
        return True

    def _set(self, due_ns: int) -> None:
        self.cancel()
        self._due_ns = due_ns
        delay = max(0, due_ns - self._now_ns()) / 1e9
        self._handle = self._loop.call_later(delay, self._on_ring)

    def _on_ring(self) -> None:
        # Caught up is caught up: a timer may ring a nanosecond before the time it was set to.
        if self._is_catching_up or not self.stood_still():
            self.cancel()
            self._ring()
