"""
How a lane freezes, drains and begins again: the law between a fault and the next open epoch.

What lives here: the state of a lane, and its heals. What this file must not know: what the verdicts
and records are that bring it here (that is `lane`), when the counter is asked and acted on (that is
`question`), which answers are believed (that is `counter`).
"""

from __future__ import annotations

from collections.abc import Iterable

from nautilus_lighter_nonce.core.counter import MAX_LAG
from nautilus_lighter_nonce.core.counter import VenueCounter
from nautilus_lighter_nonce.core.decisions import AskVenue
from nautilus_lighter_nonce.core.decisions import Decisions
from nautilus_lighter_nonce.core.decisions import ForeignWriter
from nautilus_lighter_nonce.core.decisions import FreezeCause
from nautilus_lighter_nonce.core.decisions import Froze
from nautilus_lighter_nonce.core.decisions import Healed
from nautilus_lighter_nonce.core.decisions import LaneState
from nautilus_lighter_nonce.core.decisions import NonceState
from nautilus_lighter_nonce.core.decisions import RebaseSource
from nautilus_lighter_nonce.core.decisions import Resolved
from nautilus_lighter_nonce.core.depth import Depth
from nautilus_lighter_nonce.core.errors import NotInitialized
from nautilus_lighter_nonce.core.issued import Issued
from nautilus_lighter_nonce.core.manager import NonceManager
from nautilus_lighter_nonce.core.question import Question


class Healing:
    """
    One lane's state and heals.

    Parameters
    ----------
    manager : NonceManager
        The counters.
    key : tuple[int, int]
        Account and key index.
    depth : Depth
        How many may be in flight.
    question : Question
        When the counter is asked.
    counts : dict[str, int]
        Where heals and refreshes are counted, for people.

    """

    def __init__(
        self,
        manager: NonceManager,
        key: tuple[int, int],
        depth: Depth,
        question: Question,
        counts: dict[str, int],
    ) -> None:
        self._manager = manager
        self._key = key
        self._depth = depth
        self._question = question
        self._counts = counts
        self._must_ask = False  # nothing may be inferred
        self._foreign: set[int] = set()  # what was named already
        self._doubted: set[int] = set()  # what an earlier copy of ours may have spent
        self.counter = VenueCounter()
        self.issued = Issued()
        self.state = LaneState.UNSEEDED
        self.epoch = 0
        self.cause = FreezeCause.HOLE
        self.frozen_ns = 0
        self.last_verdict_ns = 0

    # -- QUESTIONS --------------------------------------------------------------------------------

    @property
    def is_frozen(self) -> bool:
        """Whether the lane drains or asks."""
        return self.state in (LaneState.DRAINING, LaneState.REFRESHING)

    @property
    def baseline(self) -> int:
        """The highest nonce that counts as spent; raises `NotInitialized` without a seed."""
        baseline = self._manager.baseline(*self._key)
        if baseline is None:
            raise NotInitialized(*self._key)
        return baseline

    # -- MOVES ------------------------------------------------------------------------------------

    def seed(self, next_nonce: int) -> None:
        """Open at a nonce, forgetting everything before."""
        # Whatever raises comes first: a seed that is refused has changed nothing.
        self._manager.refresh(*self._key, next_nonce)
        self._reopen()
        self._doubted.clear()
        self.counter.seed(next_nonce)
        self._question.calm()

    def must_ask(self, now_ns: int) -> None:
        """What happened now no verdict can explain."""
        self.last_verdict_ns = now_ns
        self._must_ask = True

    def freeze(self, cause: FreezeCause, nonce: int, now_ns: int) -> Decisions:
        """Issue nothing until the lane is healed."""
        if self.state is not LaneState.OPEN:
            return ()
        self.state = LaneState.DRAINING
        self.cause = cause
        self.frozen_ns = now_ns
        return (Froze(cause, nonce),)

    def fault(self, cause: FreezeCause, nonce: int, now_ns: int) -> Decisions:
        """Freeze, and heal at once if nothing is awaited."""
        return (*self.freeze(cause, nonce, now_ns), *self.try_heal(now_ns))

    def suspect(self, nonces: Iterable[int]) -> Decisions:
        """Somebody else spent these; each is said once, and not what was ours perhaps."""
        fresh = [n for n in nonces if n not in self._foreign and n not in self._doubted]
        self._foreign.update(fresh)
        return tuple(ForeignWriter(n) for n in fresh)

    def resolve_below(self, nonce: int) -> Decisions:
        """What is below a nonce that was taken is spent: by ours if unknown, else by a stranger."""
        resolved, strangers = self.issued.drop_unknown_below(nonce)
        return (*(Resolved(n) for n in resolved), *self.suspect(strangers))

    def try_heal(self, now_ns: int) -> Decisions:
        """Once every transaction has its verdict: infer the next nonce, or ask for it."""
        if not self.is_frozen or self.issued.in_flight:
            return ()
        baseline, must_ask = self.baseline, self._must_ask or self._question.suspected is not None
        if not must_ask and self.issued.prove_the_next(baseline):
            next_nonce = max(baseline + 1, self.counter.proved)
            return self._rebase(next_nonce, RebaseSource.INFERRED, now_ns)
        if self.state is LaneState.REFRESHING:
            return ()
        self.state = LaneState.REFRESHING
        self._counts["refreshes"] += 1
        return (AskVenue(self._question.begin(self.last_verdict_ns, now_ns)),)

    def refreshed(self, answer: int, now_ns: int) -> Decisions:
        """Act on an answer of the counter, or ask again."""
        floor = self.baseline + 1
        start = self._question.choose(
            max(answer, self.counter.proved),  # never below what was executed
            floor,
            now_ns,
            is_stale=self.issued.state(floor) is NonceState.STALE,
        )
        if start is None:
            return (AskVenue(self._question.repeat(now_ns)),)
        return self._rebase(start, RebaseSource.REFRESHED, now_ns)

    # -- LAW --------------------------------------------------------------------------------------

    def _rebase(self, next_nonce: int, source: RebaseSource, now_ns: int) -> Decisions:
        floor = self.baseline + 1
        self._manager.refresh(*self._key, next_nonce)
        unknown = self.issued.with_state(NonceState.UNKNOWN)
        # All that is told is collected before `_reopen` forgets it.
        foreign = self.suspect(
            nonce
            for nonce, state in self.issued.items()
            if state is not NonceState.UNKNOWN and floor <= nonce < next_nonce
        )
        healed = Healed(
            next_nonce=next_nonce,
            source=source,
            cause=self.cause,
            doomed=self.issued.with_state(NonceState.STALE),
            spent=tuple(n for n in unknown if n < next_nonce),
            unspent=tuple(n for n in unknown if n >= next_nonce),
            vanished=tuple(range(max(next_nonce, floor - MAX_LAG), floor)),
            frozen_ns=now_ns - self.frozen_ns,
        )
        is_refreshed = source is RebaseSource.REFRESHED
        if is_refreshed and next_nonce == floor and floor in healed.doomed:
            self._depth.halve()  # nothing explains it: the venue may have reordered
        self._counts["heals"] += 1
        self._question.healed(by_answer=is_refreshed)
        self._reopen()
        self._doubted = {n for n in self._doubted if n >= next_nonce} | set(healed.unspent)
        return (*foreign, healed)

    def _reopen(self) -> None:
        self.state = LaneState.OPEN
        self.epoch += 1
        self.issued.clear()
        self._foreign.clear()
        self._question.suspected = None
        self._must_ask = False
