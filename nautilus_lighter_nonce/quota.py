"""
When the next transaction may be sent: our own tier limit, and the venue's "later".

Pure: time is an argument in nanoseconds. The venue counts in rolling windows of 60 s (Lighter
docs), so the quota remembers the times of the last sends instead of filling a bucket.
"""

from __future__ import annotations

from collections import deque


WINDOW_NS = 60_000_000_000
"""The venue's rate-limit window (Lighter docs)."""

FIRST_PAUSE_NS = 50_000_000
"""First pause after a rate-limit answer; doubles with each further one (our choice)."""

LONGEST_PAUSE_NS = 1_000_000_000
"""Longest pause; the API's own cooldown is below one second on paid tiers (Lighter docs)."""


class SendQuota:
    """
    Says how long to wait before the next transaction.

    Parameters
    ----------
    per_minute : int, optional
        Sends per rolling minute, 1 or more; ``None`` for no limit of our own.

    """

    def __init__(self, per_minute: int | None = None) -> None:
        self._per_minute = per_minute
        self._sends: deque[int] = deque()
        self._next_pause_ns = FIRST_PAUSE_NS
        self._paused_until_ns = 0

    def pause_ns(self, now_ns: int) -> int:
        """Return how many nanoseconds to wait, 0 if a transaction may be sent now."""
        pause = max(0, self._paused_until_ns - now_ns)
        if self._per_minute is not None and len(self._sends) >= self._per_minute:
            pause = max(pause, self._sends[0] + WINDOW_NS - now_ns)
        return pause

    def take(self, now_ns: int) -> None:
        """Count one send."""
        if self._per_minute is None:
            return
        if len(self._sends) >= self._per_minute:
            self._sends.popleft()
        self._sends.append(now_ns)

    def back_off(self, now_ns: int) -> None:
        """The venue said "too many requests": pause, longer each time."""
        self._paused_until_ns = now_ns + self._next_pause_ns
        self._next_pause_ns = min(2 * self._next_pause_ns, LONGEST_PAUSE_NS)

    def relax(self) -> None:
        """The venue accepted something: the next pause is short again."""
        self._next_pause_ns = FIRST_PAUSE_NS
