"""
How many transactions may be in flight on one lane at a time.

The venue has no window and no queue for nonces that come early; whether it takes n and n + 1 that
are pipelined on one WebSocket is reported to work and not documented. So the depth adapts: it
halves where a stale answer has no other explanation, and comes back after clean running.
"""

from __future__ import annotations


RESTORE_AFTER = 200
"""Acceptances in a row after which a halved depth doubles again (our choice)."""


class Depth:
    """
    The pipelining depth of one lane.

    Parameters
    ----------
    most : int
        Its upper limit, 1 or more; 1 means reply before next send.

    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._value = most
        self._clean = 0

    @property
    def value(self) -> int:
        """Transactions that may be in flight at present, 1 or more."""
        return self._value

    def halve(self) -> None:
        """The venue may have reordered what was pipelined."""
        self._value = max(1, self._value // 2)
        self._clean = 0

    def narrow(self) -> None:
        """Answers cannot be told apart: one at a time."""
        self._value = 1
        self._clean = 0

    def restore(self) -> None:
        """One more transaction was accepted."""
        self._clean += 1
        if self._clean >= RESTORE_AFTER and self._value < self._most:
            self._value = min(self._most, self._value * 2)
            self._clean = 0
