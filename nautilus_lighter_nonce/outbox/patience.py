"""
How long to wait for an answer once later ones have come.

Pure: time is an argument in nanoseconds. The venue answers one socket's requests about in order
(not documented); an answer that is overtaken by several round trips is probably lost, and waiting
for it longer keeps the whole lane frozen. Giving up early is safe: a late answer still counts.
"""

from __future__ import annotations

from typing import Final


FLOOR_NS: Final = 20_000_000
"""Least patience with an overtaken answer (our choice); a wrong one costs a resend, no order."""


class ReplyPatience:
    """Learns the round trip and its spread, as TCP does (RFC 6298)."""

    __slots__ = ("_smoothed_ns", "_spread_ns")

    def __init__(self) -> None:
        self._smoothed_ns = 0.0
        self._spread_ns = 0.0

    def observe(self, round_trip_ns: int) -> None:
        """Take one measured round trip."""
        if not self._smoothed_ns:
            self._smoothed_ns = round_trip_ns
            self._spread_ns = round_trip_ns / 2
            return
        self._spread_ns += (abs(round_trip_ns - self._smoothed_ns) - self._spread_ns) / 4
        self._smoothed_ns += (round_trip_ns - self._smoothed_ns) / 8

    def overtaken_ns(self) -> int:
        """Return how long to wait on, from now, for an answer that a later one has overtaken."""
        return max(FLOOR_NS, int(self._smoothed_ns + 4 * self._spread_ns))
