"""
Questions: when the counter is asked, and which nonces are looked up.

Rules of this file
------------------
- One counter question at a time; pauses between questions that told nothing new grow.
- A nonce is looked up by the hashes that may have spent it, and by itself from the second time on
  (somebody else may have spent it); pauses grow, and the last one repeats for ever: absence from an
  index ends nothing.
- It schedules; what an answer means is `proofs`'s.
"""

from __future__ import annotations

from typing import Final

from nautilus_lighter_nonce.outbox.alarms import Alarm
from nautilus_lighter_nonce.outbox.alarms import Alarms


FIRST_LOOK_NS: Final = 300_000_000
"""First pause before a look-up: records are indexed a moment after execution (our choice)."""

LONGEST_PAUSE_NS: Final = 8_000_000_000
"""Longest pause between two questions (our choice)."""

QUESTION_NS: Final = 30_000_000_000
"""After which a question counts as lost, should its asker have forgotten it (our choice)."""


class _Look:
    __slots__ = ("count", "is_busy", "pause_ns")

    def __init__(self) -> None:
        self.count = 0
        self.is_busy = False
        self.pause_ns = FIRST_LOOK_NS


class Inquiry:
    """
    The open questions of one key.

    Parameters
    ----------
    alarms : Alarms
        Reminds of what is due.
    pause_ns : int
        The first pause between two counter questions: the counter's lag.

    """

    def __init__(self, alarms: Alarms, pause_ns: int) -> None:
        self._alarms = alarms
        self._first_ns = max(pause_ns, 1)
        self._pause_ns = self._first_ns
        self._looks: dict[int, _Look] = {}
        self._wanted_ns: int | None = None
        self.asked_ns: int | None = None  # when the open question was begun

    # -- THE COUNTER ------------------------------------------------------------------------------

    def want_counter(self, now_ns: int, after_ns: int = 0) -> None:
        """Somebody needs the settled counter, asked not before a moment from now."""
        due_ns = now_ns + after_ns
        if self._wanted_ns is None or due_ns < self._wanted_ns:
            self._wanted_ns = due_ns
            self._alarms.set(due_ns, Alarm.ASK)

    @property
    def is_wanted(self) -> bool:
        """Whether a question is open or will be asked."""
        return self.asked_ns is not None or self._wanted_ns is not None

    def may_ask(self, now_ns: int) -> bool:
        """Return whether the counter is to be asked now; if so, the question counts as begun."""
        if self.asked_ns is not None and now_ns >= self.asked_ns + QUESTION_NS:
            self.asked_ns = None
            self._wanted_ns = now_ns
        if self.asked_ns is not None or self._wanted_ns is None or now_ns < self._wanted_ns:
            return False
        self._wanted_ns = None
        self.asked_ns = now_ns
        return True

    def answered(self) -> None:
        """The open question was answered."""
        self.asked_ns = None

    def ask_again(self, now_ns: int) -> None:
        """The answer told nothing new, or did not come: ask again, later each time."""
        self.want_counter(now_ns, self._pause_ns)
        self._pause_ns = min(2 * self._pause_ns, LONGEST_PAUSE_NS)

    def calm(self) -> None:
        """Something was learnt: the next pause is short again."""
        self._pause_ns = self._first_ns

    # -- NONCES -----------------------------------------------------------------------------------

    def look(self, nonce: int, now_ns: int) -> None:
        """Begin to look a nonce up, unless that goes on already."""
        if nonce not in self._looks:
            self._looks[nonce] = _Look()
            self._alarms.set(now_ns + FIRST_LOOK_NS, Alarm.LOOK, nonce)

    def is_looking(self, nonce: int) -> bool:
        """Return whether a nonce is to be looked up when its time comes."""
        look = self._looks.get(nonce)
        return look is not None and not look.is_busy

    def begin_look(self, nonce: int) -> int | None:
        """Return how often a nonce was looked up before; ``None`` if it is not to be now."""
        look = self._looks.get(nonce)
        if look is None or look.is_busy:
            return None
        look.is_busy = True
        look.count += 1
        return look.count - 1

    def forget_askers(self, now_ns: int) -> None:
        """Whoever asked answers no more: what is open is asked again."""
        if self.asked_ns is not None:
            self.asked_ns = None
            self.want_counter(now_ns)
        for nonce, look in self._looks.items():
            if look.is_busy:
                self.looked_up(nonce, now_ns)

    def looked_up(self, nonce: int, now_ns: int) -> None:
        """A look-up is over; the next one comes later."""
        look = self._looks.get(nonce)
        if look is not None:
            look.is_busy = False
            self._alarms.set(now_ns + look.pause_ns, Alarm.LOOK, nonce)
            look.pause_ns = min(2 * look.pause_ns, LONGEST_PAUSE_NS)

    def end_look(self, nonce: int) -> None:
        """A nonce needs no look-up any more."""
        self._looks.pop(nonce, None)
