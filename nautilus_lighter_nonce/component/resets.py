"""
Keys whose venue has begun anew: until when what was signed before may still be taken.

Rules of this file
------------------
- Pure: time is an argument.
- A lane that was halted for a reset is seeded once its newest signature has expired, or when a
  person has confirmed that nothing of before can be taken.
"""

from __future__ import annotations

from typing import Final

from nautilus_lighter_nonce.core.errors import LaneHaltedError
from nautilus_lighter_nonce.core.lane import NonceLane
from nautilus_lighter_nonce.lighter.codes import TX_LIFETIME_MS


Key = tuple[int, int]

MS: Final = 1_000_000
SECOND_NS: Final = 1_000 * MS

CLOCK_MARGIN_NS: Final = 21 * SECOND_NS
"""By how much our clock and the venue's may differ (our choice)."""

SIGNATURE_LIFE_NS: Final = TX_LIFETIME_MS * MS + CLOCK_MARGIN_NS
"""How long a signature may still be taken."""


class Resets:
    """Which keys wait for their signatures to expire, and which may begin anew."""

    def __init__(self) -> None:
        self._until_ns: dict[Key, int] = {}
        self._confirmed: set[Key] = set()

    def note(self, key: Key, now_ns: int) -> None:
        """A lane was halted because the venue's counter had begun anew."""
        self._until_ns[key] = now_ns + SIGNATURE_LIFE_NS

    def confirm(self, key: Key) -> None:
        """Nothing of before can be taken any more."""
        self._until_ns.pop(key, None)
        self._confirmed.add(key)

    def is_confirmed(self, key: Key) -> bool:
        """Return whether a key's counter may begin anew."""
        return key in self._confirmed

    def forget(self, key: Key) -> None:
        """The key was seeded, or nothing was reset."""
        self._confirmed.discard(key)

    def check(self, key: Key, lane: NonceLane, now_ns: int) -> None:
        """
        Confirm a reset whose signatures have all expired.

        Raises
        ------
        LaneHaltedError
            If something that was signed before may still be taken.

        """
        until_ns = self._until_ns.get(key)
        if until_ns is None:
            return
        if now_ns < until_ns:
            left_s = -((now_ns - until_ns) // SECOND_NS)  # rounded up
            raise LaneHaltedError(
                *key,
                f"{lane.status().halt_reason}; what was signed before may be taken for {left_s} s "
                "more: wait, or call confirm_reset",
            )
        self.confirm(key)
