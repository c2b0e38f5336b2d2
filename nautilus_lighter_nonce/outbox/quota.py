"""
When the next transaction of a type may be sent: our own tier limit, and the venue's "later".

Pure: time is an argument in nanoseconds. The venue counts in rolling windows of 60 s (Lighter
docs), so the quota remembers the times of the last sends instead of filling a bucket. It limits
transaction types separately (docs: cancels are free of the volume quota), so a "later" pauses its
own type only; when the pause is over one transaction of the type probes, and the others follow it.
"""

from __future__ import annotations

from collections import deque
from typing import Final


WINDOW_NS: Final = 60_000_000_000
"""The venue's rate-limit window (Lighter docs)."""

FIRST_PAUSE_NS: Final = 50_000_000
"""First pause after a rate-limit answer; doubles with each further one (our choice)."""

LONGEST_PAUSE_NS: Final = 1_000_000_000
"""Longest pause; the API's own cooldown is below one second on paid tiers (Lighter docs)."""


class _Pause:
    __slots__ = ("is_probing", "next_ns", "until_ns")

    def __init__(self) -> None:
        self.next_ns = FIRST_PAUSE_NS
        self.until_ns = 0
        self.is_probing = False


class Quota:
    """
    Says how long to wait before the next transaction.

    Parameters
    ----------
    per_minute : int, optional
        Frames per rolling minute, 1 or more; ``None`` for no limit of our own.

    """

    def __init__(self, per_minute: int | None = None) -> None:
        self._per_minute = per_minute
        self._sends: deque[int] = deque()
        self._held_until_ns = 0
        self._pauses: dict[int, _Pause] = {}

    def frame_pause_ns(self, now_ns: int) -> int:
        """Return how many nanoseconds to wait for the next frame of any type, 0 for none."""
        until_ns = self._held_until_ns
        if self._per_minute is not None and len(self._sends) >= self._per_minute:
            until_ns = max(until_ns, self._sends[0] + WINDOW_NS)
        return max(0, until_ns - now_ns)

    def hold(self, until_ns: int) -> None:
        """Let no frame of any type leave before a time."""
        self._held_until_ns = max(self._held_until_ns, until_ns)

    def is_paused(self, tx_type: int, now_ns: int) -> bool:
        """Return whether a type must wait: paused, or while its probe is unanswered."""
        pause = self._pauses.get(tx_type)
        return pause is not None and (pause.is_probing or now_ns < pause.until_ns)

    def pause_ends_ns(self, now_ns: int) -> int | None:
        """Return when the next pause of a type ends, ``None`` if none is running."""
        ends = [pause.until_ns for pause in self._pauses.values() if pause.until_ns > now_ns]
        return min(ends, default=None)

    def take(self, tx_type: int, now_ns: int) -> None:
        """Count one frame; the first after a pause probes for its type."""
        pause = self._pauses.get(tx_type)
        if pause is not None:
            pause.is_probing = True
        if self._per_minute is None:
            return
        if len(self._sends) >= self._per_minute:
            self._sends.popleft()
        self._sends.append(now_ns)

    def back_off(self, tx_type: int, now_ns: int) -> None:
        """The venue said "too many requests" to a type: pause it, longer each time."""
        pause = self._pauses.setdefault(tx_type, _Pause())
        if now_ns < pause.until_ns and not pause.is_probing:
            return  # one of those that were under way already
        pause.until_ns = now_ns + pause.next_ns
        pause.next_ns = min(2 * pause.next_ns, LONGEST_PAUSE_NS)
        pause.is_probing = False

    def relax(self, tx_type: int) -> None:
        """The venue took one of the type: its limit is behind us."""
        self._pauses.pop(tx_type, None)

    def probe_ended(self, tx_type: int) -> None:
        """A probe was answered otherwise, or nobody knows: the next may probe."""
        pause = self._pauses.get(tx_type)
        if pause is not None:
            pause.is_probing = False
