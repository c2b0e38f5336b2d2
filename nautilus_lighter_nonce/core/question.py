"""
The question for `nextNonce`: when a lane wants it asked, and when it acts on the answer.

What lives here: pauses, patience and suspicion. What this file must not know: nonces in flight, how
an answer is weighed, who asks. Time is an argument in nanoseconds.

- Pauses grow with each heal that bore no fruit, and with each answer that was not acted on.
- An answer below what was accepted is the counter's lag at first: the lane leans on what was
  accepted, once. What is stale there, or was suspected already, is not leant on.
- Then it is doubted up to the disbelief limit. A lane whose suspicions are probed does not wait: a
  wrong one costs one stale answer and changes nothing.
"""

from __future__ import annotations

from typing import Final


MAX_DOUBLINGS: Final = 5
"""How often a pause doubles (our choice)."""


class Question:
    """
    One lane's question.

    Parameters
    ----------
    settle_ns : int
        How long the counter may lag behind acceptance.
    disbelief_ns : int
        How long an answer below what was accepted is doubted.

    """

    def __init__(self, settle_ns: int, disbelief_ns: int) -> None:
        self._settle_ns = settle_ns
        self._disbelief_ns = disbelief_ns
        self._since_ns = 0
        self._repeats = 0
        self._fruitless = 0  # heals by question since the last acceptance
        self._is_leaning = False  # on what was accepted, against the counter
        self.due_ns = 0
        self.is_probed = False  # somebody probes what seems to have vanished
        self.suspected: int | None = None  # the lowest nonce that seems to have vanished

    # -- ASKING -----------------------------------------------------------------------------------

    def begin(self, last_verdict_ns: int, now_ns: int) -> int:
        """Begin to ask; return from when on."""
        self._since_ns = now_ns
        self._repeats = 0
        self.due_ns = last_verdict_ns + self._pause_ns
        return self.due_ns

    def repeat(self, now_ns: int) -> int:
        """Ask again, the last time when the doubt is over; return from when on."""
        over_ns = max(self._since_ns + self._disbelief_ns, now_ns + self._settle_ns)
        self.due_ns = min(now_ns + self._pause_ns, over_ns)
        self._repeats += 1
        return self.due_ns

    @property
    def _pause_ns(self) -> int:
        return self._settle_ns << min(self._fruitless + self._repeats, MAX_DOUBLINGS)

    # -- ACTING -----------------------------------------------------------------------------------

    def suspect(self, nonce: int) -> None:
        """An accepted nonce seems to have vanished."""
        self.suspected = nonce if self.suspected is None else min(nonce, self.suspected)

    def choose(self, answer: int, floor: int, now_ns: int, *, is_stale: bool) -> int | None:
        """
        Return where to begin again, ``None`` to ask again.

        Parameters
        ----------
        answer : int
            What the counter said.
        floor : int
            What follows from the highest acceptance.
        now_ns : int
            Unix nanoseconds.
        is_stale : bool
            Whether `floor` itself was tried and came back stale.

        """
        if answer >= floor or (self.suspected is not None and answer >= self.suspected):
            return answer
        if self.suspected is None and not is_stale and not self._is_leaning:
            self._is_leaning = True
            return floor
        if self.is_probed or now_ns >= self._since_ns + self._disbelief_ns:
            return answer
        return None

    def healed(self, *, by_answer: bool) -> None:
        """The lane is open again; whether the counter was needed for it."""
        self._fruitless += by_answer
        self.suspected = None

    def calm(self) -> None:
        """Something was accepted, or the lane begins anew: nothing is held against the counter."""
        self._fruitless = 0
        self._is_leaning = False
