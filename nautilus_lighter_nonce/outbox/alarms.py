"""
Alarms: what is due when.

Rule of this file: an alarm is a reminder, never the truth; whoever hears it looks whether there is
still something to do. Pure: time is an argument in nanoseconds.
"""

from __future__ import annotations

import heapq
from enum import Enum


class Alarm(Enum):
    """What somebody wants to be reminded of."""

    SILENCE = "an answer has not come"
    QUEUE = "a command has waited long"
    AGE = "a transaction grows old"
    SHOW = "an acceptance was not shown"
    LOOK = "a nonce is to be looked up"
    EXPIRY = "a signature is past"
    ASK = "the counter is to be asked"
    WAKE = "a pause is over"


class Alarms:
    """A heap of reminders."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, Alarm, int | str]] = []
        self._count = 0

    def set(self, due_ns: int, alarm: Alarm, about: int | str = 0) -> None:
        """Remind of something at a time."""
        self._count += 1
        heapq.heappush(self._heap, (due_ns, self._count, alarm, about))

    def next_due(self) -> int | None:
        """Return when the next is due, ``None`` if there is none."""
        return self._heap[0][0] if self._heap else None

    def pop(self, now_ns: int) -> tuple[Alarm, int | str] | None:
        """Return the next that is due, ``None`` if there is none."""
        if not self._heap or self._heap[0][0] > now_ns:
            return None
        _, _, alarm, about = heapq.heappop(self._heap)
        return alarm, about
