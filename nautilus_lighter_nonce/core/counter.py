"""
The venue's counter as one lane knows it: which answers to `nextNonce` may be believed.

What lives here: type, range, jump and fall of an answer. What this file must not know: what a lane
does with it. Numbers are compared, never iterated over; time is an argument in nanoseconds.

======================================= =========================================================
an answer                               is
======================================= =========================================================
no whole number from 0 to 2^48 - 1      named, and asked again
far above what is known                 named, and asked again; believed once it has stayed
a little below what is known            the counter's lag
far below, or below a record, and stays a reset of the venue
anything else                           believed
======================================= =========================================================
"""

from __future__ import annotations

from enum import Enum
from typing import Final
from typing import TypeGuard


MAX_NONCE: Final = 2**48 - 1
"""The highest nonce that the venue takes without the skip attribute (Lighter docs)."""

MAX_JUMP: Final = 1_000_000
"""By how much the counter may rise between two looks; the fastest tier sends far less (docs)."""

MAX_LAG: Final = 10_000
"""By how much the counter may fall and still be lagging; more is no lag (our choice)."""

RESET_AFTER_NS: Final = 10_000_000_000
"""How long the counter may stay below what was executed before the venue counts as reset."""

ANSWERS_THAT_AGREE: Final = 3
"""How often a jump must be answered before it is believed: a skip-nonce writer makes them."""


class Weight(Enum):
    """What an answer is worth."""

    BELIEVED = "believed"
    NO_NUMBER = "it is no number a venue can hold"
    JUMP = "nobody sends that many at a time"
    FALL = "it was far higher before"
    RESET = "the venue was reset"


class VenueCounter:
    """What one lane knows of the venue's counter of its key."""

    def __init__(self) -> None:
        self.known = 0  # seeded, plausibly counted, accepted or executed: all below is taken
        self.executed = -1  # the highest nonce that a record showed
        self._low_since = 0
        self._lows = 0
        self._highs = 0
        self._last_high = 0

    def seed(self, next_nonce: int) -> None:
        """Begin anew."""
        self.__init__()  # type: ignore[misc]
        self.known = next_nonce

    def took(self, nonce: int) -> None:
        """The venue accepted or executed a nonce."""
        self.known = max(self.known, nonce + 1)

    def showed(self, nonce: int) -> None:
        """A record showed that a nonce was executed."""
        self.executed = max(self.executed, nonce)
        self.took(nonce)

    def believes(self, value: object) -> TypeGuard[int]:
        """Return whether an answer is a number that this counter can be at."""
        if not is_nonce(value) or value < self.known - MAX_LAG:
            return False
        return value <= self.known + MAX_JUMP or self._agrees(value)

    def weigh(self, value: object, now_ns: int) -> Weight:
        """
        Return what an answer is worth, and remember it.

        Parameters
        ----------
        value : object
            What was answered, of whatever type.
        now_ns : int
            Unix nanoseconds.

        """
        if not is_nonce(value):
            return Weight.NO_NUMBER
        if value > self.known + MAX_JUMP:
            return self._weigh_jump(value)
        self._highs = 0
        is_large = value < self.known - MAX_LAG
        if value > self.executed and not is_large:
            self._low_since, self._lows = 0, 0
            self.known = max(self.known, value)
            return Weight.BELIEVED
        self._lows += 1
        self._low_since = self._low_since or now_ns
        if (is_large and self._lows > 1) or now_ns - self._low_since >= RESET_AFTER_NS:
            return Weight.RESET
        return Weight.FALL if is_large else Weight.BELIEVED

    def _weigh_jump(self, value: int) -> Weight:
        is_believed = self._agrees(value)
        is_near = 0 <= value - self._last_high <= MAX_JUMP
        self._highs = self._highs + 1 if is_near else 1
        self._last_high = value
        return Weight.BELIEVED if is_believed else Weight.JUMP

    def _agrees(self, value: int) -> bool:
        """Return whether enough earlier answers were about as high."""
        is_near = 0 <= value - self._last_high <= MAX_JUMP
        return is_near and self._highs >= ANSWERS_THAT_AGREE - 1


def is_nonce(value: object) -> TypeGuard[int]:
    """Return whether something is a number that the venue's counter can hold."""
    is_integer = isinstance(value, int) and not isinstance(value, bool)
    return is_integer and 0 <= value <= MAX_NONCE
