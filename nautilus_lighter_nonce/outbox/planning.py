"""
Planning: what can be done without an input, asked again and again until there is nothing.

Rules of this file
------------------
- A halted lane sends nothing; a frozen one gives back what was bound and not written.
- Nothing is bound or written behind a work that moves the lane.
- A lane that begins far below what is known here is halted, not counted through: the venue was
  reset, and nobody said so (`Outbox.reset`).
"""

from __future__ import annotations

from typing import Final

from nautilus_lighter_nonce.core.counter import MAX_LAG
from nautilus_lighter_nonce.core.decisions import LaneState
from nautilus_lighter_nonce.outbox import work as w
from nautilus_lighter_nonce.outbox.binding import Binding
from nautilus_lighter_nonce.outbox.fates import Fates
from nautilus_lighter_nonce.outbox.moves import Input


MOVES_THE_LANE: Final = (w.Publish, w.Withdraw, w.Spent, w.Rebase, w.Halt)


class Planner:
    """
    Finds what can be done now.

    Parameters
    ----------
    fates : Fates
        The transactions.
    binding : Binding
        Gives them numbers.

    """

    def __init__(self, fates: Fates, binding: Binding) -> None:
        self._fates = fates
        self._binding = binding

    def pull(self, now_ns: int) -> None:
        """Note what can be done without an input."""
        fates, state = self._fates, self._fates.lane.state
        if state is LaneState.HALTED:
            self._end_waiting(now_ns)
            return
        if state is not LaneState.OPEN and fates.flight.bound:
            fates.take_back(now_ns)
            return
        self._heed_the_lane(now_ns)
        # Before the connection is looked at: the counter is asked over REST.
        if fates.inquiry.may_ask(now_ns):
            fates.work.append(w.AskCounter())
        if not fates.flight.is_up or self._has_a_gap():
            return
        # Before numbers are given out: a new pass would take them all back.
        self._binding.want_pass(now_ns)
        if state is LaneState.OPEN and not fates.work:
            self._binding.fill(now_ns)
            if not any(isinstance(work, MOVES_THE_LANE) for work in fates.work):
                self._binding.write(now_ns)

    def _has_a_gap(self) -> bool:
        """Halt a lane that was seeded far below what was counted or is in doubt."""
        lane, evidence = self._fates.lane, self._fates.evidence
        known = max(evidence.counter, evidence.top())
        if lane.state is not LaneState.OPEN or known - lane.next_nonce <= MAX_LAG:
            return False
        begins = f"the lane begins at nonce {lane.next_nonce}, and {known} is known"
        self._fates.work.append(w.Halt(f"{begins}: was the venue reset?"))
        return True

    def _heed_the_lane(self, now_ns: int) -> None:
        """Let the lane's own question be asked in its time."""
        question_ns = self._fates.lane.question_ns
        if question_ns is not None and not self._fates.inquiry.is_wanted:
            self._fates.inquiry.want_counter(now_ns, max(0, question_ns - now_ns))

    def _end_waiting(self, now_ns: int) -> None:
        """A halted lane sends nothing: end what was never written, or is dead."""
        self._fates.take_back(now_ns)
        for entry in list(self._fates.queue):
            entry.reason = f"the nonce lane was halted: {self._fates.lane.status().halt_reason}"
            self._fates.give(entry, Input.STOP, now_ns)
