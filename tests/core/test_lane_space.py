"""
The lane against every story that is short enough to be tried.

The venue's side is a plain model of its law, written apart from the lane: it takes exactly the
expected nonce. Each transaction meets one of the fates below, replies arrive in every order, and
the answer to `nextNonce` may lag. Whatever happens, the promises of the lane must hold.
"""

from __future__ import annotations

from itertools import permutations
from itertools import product

import pytest

from nautilus_lighter_nonce.core.decisions import AskVenue
from nautilus_lighter_nonce.core.decisions import Decision
from nautilus_lighter_nonce.core.decisions import Healed
from nautilus_lighter_nonce.core.decisions import LaneState
from nautilus_lighter_nonce.core.decisions import Resolved
from nautilus_lighter_nonce.core.lane import NonceLane
from nautilus_lighter_nonce.core.manager import NonceManager


SEED = 100
SETTLE = 350
DISBELIEF = 2_000

# What happens to one transaction on its way: processed and answered, refused for its content,
# lost on the way there, lost on the way back, kept from being sent, or preceded by a foreign one.
FATES = ("fair", "refuse", "drop_request", "drop_reply", "withdraw", "foreign")


class Venue:
    """The law: exactly the expected nonce is taken."""

    def __init__(self) -> None:
        self.expected = SEED
        self.taken: dict[int, str] = {}

    def process(self, nonce: int, owner: str, fate: str) -> str:
        """Return the verdict that the client gets to see."""
        if fate == "withdraw":
            return "withdrawn"
        if fate == "drop_request":
            return "unknown"
        if fate == "foreign":
            self.take("somebody else")
        if fate == "refuse":
            return "refused"
        if nonce != self.expected:
            return "unknown" if fate == "drop_reply" else "stale"
        self.take(owner)
        return "unknown" if fate == "drop_reply" else "accepted"

    def take(self, owner: str) -> None:
        self.taken[self.expected] = owner
        self.expected += 1


class Story:
    """One run: a fate for each transaction, an order of verdicts, an answer that may lag."""

    def __init__(self, fates: tuple[str, ...], order: tuple[int, ...], lag: int) -> None:
        self.venue = Venue()
        self.lane = NonceLane(NonceManager(16), 1, 2, settle_ns=SETTLE, disbelief_ns=DISBELIEF)
        self.lane.seed(SEED)
        self.now = 0
        self.lag = lag
        self.asked: list[int] = []
        self.ends: dict[str, str] = {}
        self.waiting: dict[int, str] = {}
        self.run(fates, order)

    def run(self, fates: tuple[str, ...], order: tuple[int, ...]) -> None:
        nonces = [self.lane.issue() for _ in fates]
        owners = [f"tx{i}" for i in range(len(fates))]
        self.waiting = dict(zip(nonces, owners, strict=True))
        verdicts = [
            self.venue.process(nonce, owner, fate)
            for nonce, owner, fate in zip(nonces, owners, fates, strict=True)
        ]
        for i in order:
            self.verdict(nonces[i], verdicts[i])
        self.refresh()

    def verdict(self, nonce: int, verdict: str) -> None:
        self.now += 1
        owner = self.waiting[nonce]
        if verdict in ("accepted", "refused", "withdrawn"):
            self.end(owner, "resend" if verdict == "withdrawn" else verdict)
            del self.waiting[nonce]
        self.carry_out(getattr(self.lane, verdict)(nonce, self.lane.epoch, self.now))

    def refresh(self) -> None:
        """Answer as the venue does: some answers lag behind, the last does not."""
        while self.asked:
            self.now = max(self.now, self.asked.pop(0))
            lag, self.lag = self.lag, 0
            self.carry_out(self.lane.refreshed(self.venue.expected - lag, self.now))

    def carry_out(self, decisions: tuple[Decision, ...]) -> None:
        for decision in decisions:
            if isinstance(decision, AskVenue):
                self.asked.append(decision.not_before_ns)
            elif isinstance(decision, Resolved):
                self.end(self.waiting.pop(decision.nonce), "spent")
            elif isinstance(decision, Healed):
                for nonce in decision.spent:
                    self.end(self.waiting.pop(nonce), "spent")
                for nonce in decision.unspent:
                    self.end(self.waiting.pop(nonce), "look up")
                for nonce in decision.doomed:
                    self.end(self.waiting.pop(nonce), "resend")

    def end(self, owner: str, end: str) -> None:
        assert owner not in self.ends, f"{owner} ended as {self.ends[owner]} and as {end}"
        self.ends[owner] = end


def stories(length: int) -> list[tuple[tuple[str, ...], tuple[int, ...], int]]:
    """Return every combination of fates, orders and lags."""
    return [
        (fates, order, lag)
        for fates in product(FATES, repeat=length)
        for order in permutations(range(length))
        for lag in (0, 1)
    ]


@pytest.mark.parametrize("length", [1, 2, 3, 4])
def test_every_story_ends_each_transaction_once_and_reopens(length: int) -> None:
    """Whatever happens: one fate each, the lane reopens, and what is resent is not at the venue."""
    for fates, order, lag in stories(length):
        story = Story(fates, order, lag)
        told = (fates, order, lag, story.ends, story.venue.taken)
        assert story.lane.state is LaneState.OPEN, told
        assert set(story.ends) == {f"tx{i}" for i in range(length)}, told
        for owner, end in story.ends.items():
            is_there = owner in story.venue.taken.values()
            assert end != "accepted" or is_there, told
            assert end not in ("resend", "refused") or not is_there, told
            assert end != "look up" or lag or "foreign" in fates or not is_there, told


@pytest.mark.parametrize("length", [1, 2, 3, 4])
def test_every_story_leaves_the_lane_at_the_venues_nonce(length: int) -> None:
    """After a heal the next nonce is the venue's, unless nothing could tell who else spent one."""
    for fates, order, lag in stories(length):
        story = Story(fates, order, lag)
        if "foreign" not in fates and not (lag and "drop_reply" in fates):
            assert story.lane.issue() == story.venue.expected, (fates, order, lag)


@pytest.mark.parametrize("length", [1, 2, 3, 4])
def test_every_story_without_silence_or_foreigners_needs_no_answer(length: int) -> None:
    """Where the verdicts prove the next nonce, the venue is not asked (rule 8)."""
    for fates in product(("fair", "refuse", "withdraw"), repeat=length):
        for order in permutations(range(length)):
            story = Story(fates, order, lag=0)
            assert story.lane.status().refreshes == 0, (fates, order)


# -- answers after silence, and transactions that vanish ------------------------------------------

# Besides the fates above: answered only after its owner lost patience, when all others have been
# answered; or accepted, and then dropped by the sequencer, with everything accepted behind it.
LATE_FATES = ("fair", "refuse", "drop_request", "late", "vanish")


class LateStory(Story):
    """A run with late answers; what vanishes does so before or after its followers arrive."""

    def __init__(self, fates: tuple[str, ...], order: tuple[int, ...], at_once: bool) -> None:
        self.at_once = at_once
        self.gone: list[int] = []
        super().__init__(fates, order, lag=0)

    def run(self, fates: tuple[str, ...], order: tuple[int, ...]) -> None:
        nonces = [self.lane.issue() for _ in fates]
        self.waiting = {nonce: f"tx{i}" for i, nonce in enumerate(nonces)}
        verdicts = [self.arrive(n, fate) for n, fate in zip(nonces, fates, strict=True)]
        self.vanish()
        for i in order:
            self.verdict(nonces[i], "unknown" if fates[i] == "late" else verdicts[i])
        for i in order:
            if fates[i] == "late" and self.waiting.get(nonces[i]) and self.lane.epoch == 1:
                self.verdict(nonces[i], verdicts[i])
        self.refresh()
        for nonce in self.gone:
            self.carry_out(self.lane.vanished(nonce, self.now))
        self.refresh()

    def arrive(self, nonce: int, fate: str) -> str:
        verdict = self.venue.process(nonce, self.waiting[nonce], fate)
        if fate == "vanish" and verdict == "accepted":
            self.gone.append(nonce)
            if self.at_once:
                self.vanish()
        return verdict

    def vanish(self) -> None:
        """The sequencer drops the first of the gone, and what was taken behind it."""
        for nonce in [n for n in self.venue.taken if self.gone and n >= min(self.gone)]:
            del self.venue.taken[nonce]
            self.venue.expected = min(nonce, self.venue.expected)


@pytest.mark.parametrize("length", [1, 2, 3, 4])
@pytest.mark.parametrize("at_once", [True, False])
def test_every_late_story_ends_at_the_venues_nonce(length: int, at_once: bool) -> None:
    """Late answers mend or are ignored, what vanished is noticed, and the next nonce is right."""
    for fates in product(LATE_FATES, repeat=length):
        for order in permutations(range(length)):
            story = LateStory(fates, order, at_once)
            told = (fates, order, story.ends, story.venue.taken)
            assert story.lane.state is LaneState.OPEN, told
            assert set(story.ends) == {f"tx{i}" for i in range(length)}, told
            for owner, end in story.ends.items():
                is_there = owner in story.venue.taken.values()
                assert end not in ("resend", "refused") or not is_there, told
            assert story.lane.issue() == story.venue.expected, told
