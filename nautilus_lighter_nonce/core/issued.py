"""
The nonces of one epoch that were issued and are not accounted for yet.

What lives here: the state of each, and what they say together. What this file must not know: time,
the counter, what a lane decides.
"""

from __future__ import annotations

from nautilus_lighter_nonce.core.decisions import NonceState


AWAITING = (NonceState.IN_FLIGHT, NonceState.UNKNOWN)
"""What a verdict may still come for: a late one mends an unknown."""


class Issued:
    """The issued nonces of one lane, at most as many as its window holds."""

    def __init__(self) -> None:
        self._states: dict[int, NonceState] = {}
        self.in_flight = 0

    # -- QUESTIONS --------------------------------------------------------------------------------

    def __contains__(self, nonce: int) -> bool:
        return nonce in self._states

    def state(self, nonce: int) -> NonceState | None:
        """Return what is known of a nonce, ``None`` once it is accounted for."""
        return self._states.get(nonce)

    def items(self) -> list[tuple[int, NonceState]]:
        """Return all of them, ascending."""
        return sorted(self._states.items())

    def with_state(self, state: NonceState) -> tuple[int, ...]:
        """Return the nonces in one state, ascending."""
        return tuple(nonce for nonce, known in self.items() if known is state)

    def prove_the_next(self, baseline: int) -> bool:
        """
        Return whether the verdicts say that the venue takes `baseline + 1` next.

        A first one with a definite answer of its own, refused or withdrawn, is the next. So is an
        unknown one whose very next is stale: had it been taken, the next would have been, too. That
        is no proof (the law of evidence wants an answer of its own for each write), for the later
        frame may have overtaken the earlier. It is acted on all the same, without a question: all
        that follows is that the same bytes are written there again, which is always allowed; if it
        was wrong they come back stale, and that asks.
        """
        if not any(nonce > baseline for nonce in self._states):
            return True
        first = self._states[baseline + 1]
        if first is NonceState.UNKNOWN:
            return self._states.get(baseline + 2) is NonceState.STALE
        return first is not NonceState.STALE

    # -- MOVES ------------------------------------------------------------------------------------

    def add(self, nonce: int) -> None:
        """A nonce was issued."""
        self._states[nonce] = NonceState.IN_FLIGHT
        self.in_flight += 1

    def hear(self, nonce: int, verdict: NonceState | None) -> bool:
        """
        Take the verdict on a nonce, ``None`` for accepted; return whether it was awaited.

        Silence after silence is no news.
        """
        state = self._states.get(nonce)
        if state not in AWAITING or (state is NonceState.UNKNOWN and verdict is NonceState.UNKNOWN):
            return False
        self.drop(nonce)
        if verdict is not None:
            self._states[nonce] = verdict
        return True

    def drop(self, nonce: int) -> NonceState | None:
        """Account for a nonce; return what was known of it."""
        state = self._states.pop(nonce, None)
        self.in_flight -= state is NonceState.IN_FLIGHT
        return state

    def drop_unknown_below(self, nonce: int) -> tuple[list[int], list[int]]:
        """
        Something was taken at `nonce`: all below were, too.

        Returns
        -------
        tuple[list[int], list[int]]
            The unknown ones, which are accounted for now, and those that were answered otherwise
            and so were taken by somebody else; ascending.

        """
        below = [(n, s) for n, s in self.items() if n < nonce and s is not NonceState.IN_FLIGHT]
        unknown = [n for n, state in below if state is NonceState.UNKNOWN]
        for n in unknown:
            del self._states[n]
        return unknown, [n for n, state in below if state is not NonceState.UNKNOWN]

    def clear(self) -> None:
        """A new epoch begins."""
        self._states.clear()
        self.in_flight = 0
