"""
Alarms: what is due when.

Rule of this file: an alarm is a reminder, never the truth; whoever hears it looks whether there is
still something to do. Pure: time is an argument in nanoseconds.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from enum import IntEnum
from typing import Final


FEW: Final = 64
"""Reminders that are never too many."""


class Alarm(IntEnum):
    """What somebody wants to be reminded of; at one time the first is heard first."""

    SILENCE = 1  # an answer has not come
    QUEUE = 2  # a command has waited long
    AGE = 3  # a transaction grows old
    SHOW = 4  # an acceptance was not shown
    LOOK = 5  # a nonce is to be looked up
    EXPIRY = 6  # a signature is past
    ASK = 7  # the counter is to be asked
    WAKE = 8  # a pause is over


class Alarms:
    """A heap of reminders."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, Alarm, int | str]] = []
        self._set: set[tuple[int, Alarm, int | str]] = set()
        self._most = FEW

    def __len__(self) -> int:
        return len(self._heap)

    def set(self, due_ns: int, alarm: Alarm, about: int | str = 0) -> None:
        """Remind of something at a time; twice the same is once."""
        reminder = (due_ns, alarm, about)
        if reminder not in self._set:
            self._set.add(reminder)
            heapq.heappush(self._heap, reminder)

    @property
    def first(self) -> tuple[int, Alarm, int | str] | None:
        """The next alarm with its time, ``None`` if there is none."""
        return self._heap[0] if self._heap else None

    def tidy(self, has_subject: Callable[[Alarm, int | str], bool]) -> None:
        """Forget what is about nothing any more, once that may be half of all."""
        if len(self._heap) > self._most:
            self._heap = [x for x in self._heap if has_subject(x[1], x[2])]
            self._set = set(self._heap)
            heapq.heapify(self._heap)
            self._most = max(2 * len(self._heap), FEW)

    def drop(self) -> None:
        """Forget the next alarm."""
        self._set.discard(heapq.heappop(self._heap))
