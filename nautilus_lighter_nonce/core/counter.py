"""
The venue's counter as one lane knows it: which answers to `nextNonce` may be believed.

What lives here: type, range, jump and fall of an answer. What this file must not know: what a lane
does with it. Numbers are compared, never iterated over; time is an argument in nanoseconds.

======================================= =========================================================
an answer                               is
======================================= =========================================================
no whole number from 0 to 2^48 - 1      named, and asked again
far above what is known                 named, and asked again; believed once it has stayed
below what is proved                    the counter's lag: not believed, and no reason to wait
far below what is proved                named, and asked again; a reset of the venue if it stays
below what is proved, and stays there   a reset of the venue
anything else                           believed
======================================= =========================================================

Proved is what a record showed, and what two witnesses agree on: the counter, and an acceptance at
its number or behind (the venue takes exactly the next). One answer alone is no proof: it may be
absurd and look well. An acceptance alone is none either: it may vanish. The seed counts as proved
until the venue calls that very nonce stale and nothing has borne it out: a wrong one comes down.
"""

from __future__ import annotations

from enum import Enum
from typing import Final
from typing import TypeGuard


MAX_NONCE: Final = 2**48 - 1
"""The highest nonce that the venue takes without the skip attribute (docs; also in `codes`)."""

MAX_JUMP: Final = 1_000_000
"""By how much the counter may rise between two looks; the fastest tier sends far less (docs)."""

MAX_LAG: Final = 10_000
"""By how much the counter may fall and still be lagging; more is no lag (our choice)."""

RESET_AFTER_NS: Final = 10_000_000_000
"""How long the counter may stay below what it was itself before the venue counts as reset."""

STANDSTILL_NS: Final = 60_000_000_000
"""How long it may stand still below what records show; it has not fallen then (our choice)."""

ANSWERS_THAT_AGREE: Final = 3
"""How often a jump or a large fall must be answered: skip-nonce writers make jumps (our choice)."""

MAX_SHOWN: Final = 40
"""Characters of an absurd answer that are shown."""

MAX_SHOWN_BITS: Final = 128
"""Longer numbers are shown by their length."""


class Weight(Enum):
    """What an answer is worth."""

    BELIEVED = "believed"
    LAG = "it lags behind what was executed"
    NO_NUMBER = "it is no number a venue can hold"
    JUMP = "nobody sends that many at a time"
    FALL = "it was far higher before"
    RESET = "the venue was reset"


class VenueCounter:
    """What one lane knows of the venue's counter of its key."""

    def __init__(self) -> None:
        self.known = 0  # the highest number answered, accepted or executed; jumps begin here
        self.answered = 0  # the latest answer that was believed
        self._seeded = 0  # the answer that the lane rests on
        self._counted = 0  # the highest one that an acceptance bore out, and the seed
        self._executed = -1  # the highest nonce that a record showed
        self._taken = 0  # behind the highest acceptance
        self._forget_oddities()

    def _forget_oddities(self) -> None:
        self._low_since = 0
        self._lows = 0
        self._highs = 0
        self._last_high = 0

    @property
    def proved(self) -> int:
        """All nonces below this one were executed."""
        return max(self._counted, self._executed + 1)

    @property
    def stood(self) -> int:
        """Where the counter once stood: far below it, the venue was reset."""
        return max(self.proved, self._seeded)

    # -- WHAT IS LEARNT ---------------------------------------------------------------------------

    def seed(self, next_nonce: int) -> None:
        """Begin anew: the lane rests on this answer."""
        self.known = self.answered = self._seeded = self._counted = next_nonce
        self._executed, self._taken = -1, 0
        self._forget_oddities()

    def took(self, nonce: int) -> None:
        """The venue accepted a nonce: it stands where it stood, so nothing low meant a reset."""
        self._taken = max(self._taken, nonce + 1)
        self.known = max(self.known, self._taken)
        self._low_since, self._lows = 0, 0
        self._bear_out()

    def showed(self, nonce: int) -> None:
        """A record showed that a nonce was executed."""
        self._executed = max(self._executed, nonce)
        self.known = max(self.known, nonce + 1)

    def was_stale(self, nonce: int) -> None:
        """A nonce was not the next: the seed itself, never borne out, is no proof any more."""
        if nonce == self._seeded and not self._taken and self._executed < 0:
            self._counted = 0

    # -- ANSWERS ----------------------------------------------------------------------------------

    def reaches(self, value: int) -> bool:
        """Return whether the counter can have come up to a number by now."""
        return value <= self.known + MAX_JUMP or self._agrees(value)

    def believes(self, value: object) -> TypeGuard[int]:
        """Return whether an answer is a number that this counter can be at."""
        return is_nonce(value) and value >= self.proved and self.reaches(value)

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
        if value < max(self.proved, self.stood - MAX_LAG):
            return self._weigh_low(value, now_ns)
        return self._believe(value)

    def _believe(self, value: int) -> Weight:
        self._forget_oddities()
        self.answered = value
        self.known = max(self.known, value)
        self._bear_out()
        return Weight.BELIEVED

    def _bear_out(self) -> None:
        if self.answered <= self._taken:
            self._counted = max(self._counted, self.answered)

    def _weigh_low(self, value: int, now_ns: int) -> Weight:
        self._lows += 1
        if self._lows == 1:
            self._low_since = now_ns
        is_large = value < self.stood - MAX_LAG
        limit_ns = RESET_AFTER_NS if value < self._counted else STANDSTILL_NS
        has_stayed = now_ns - self._low_since >= limit_ns
        if has_stayed or (is_large and self._lows >= ANSWERS_THAT_AGREE):
            return Weight.RESET
        return Weight.FALL if is_large else Weight.LAG

    def _weigh_jump(self, value: int) -> Weight:
        if self._agrees(value):
            return self._believe(value)
        self._highs = self._highs + 1 if self._is_near(value) else 1
        self._last_high = value
        return Weight.JUMP

    def _agrees(self, value: int) -> bool:
        """Return whether enough earlier answers were about as high."""
        return self._is_near(value) and self._highs >= ANSWERS_THAT_AGREE - 1

    def _is_near(self, value: int) -> bool:
        return 0 <= value - self._last_high <= MAX_JUMP


def is_nonce(value: object) -> TypeGuard[int]:
    """Return whether something is a number that the venue's counter can hold."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_NONCE


def shown_shortly(value: object) -> str:
    """Return an answer as text for people, however long it is."""
    if isinstance(value, int) and value.bit_length() > MAX_SHOWN_BITS:
        return f"a number of {value.bit_length()} bits"  # Python does not write out the longest
    return str(value)[:MAX_SHOWN]


def check_nonce(value: object) -> None:
    """Raise TypeError or ValueError unless `value` is a number that the venue can hold."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"venue_next_nonce was {shown_shortly(value)}; use 0 to {MAX_NONCE}")
    if not is_nonce(value):
        raise ValueError(f"venue_next_nonce was {shown_shortly(value)}; use 0 to {MAX_NONCE}")
