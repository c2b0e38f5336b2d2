"""
The lane through any sequence of verdicts, records, questions and orders.

What the lane must keep whatever it is told is here; that the outbox on this lane loses and doubles
nothing against the venue's law is proved in `tests/outbox` (search and storms), with the shipped
code on both sides.
"""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine
from hypothesis.stateful import initialize
from hypothesis.stateful import invariant
from hypothesis.stateful import precondition
from hypothesis.stateful import rule

from nautilus_lighter_nonce.core.counter import is_nonce
from nautilus_lighter_nonce.core.decisions import Decisions
from nautilus_lighter_nonce.core.decisions import Froze
from nautilus_lighter_nonce.core.decisions import Halted
from nautilus_lighter_nonce.core.decisions import Healed
from nautilus_lighter_nonce.core.decisions import LaneState
from nautilus_lighter_nonce.core.errors import NonceError
from nautilus_lighter_nonce.core.lane import NonceLane
from nautilus_lighter_nonce.core.manager import NonceManager


KEY = (1, 2)
SEED = 100
VERDICTS = ("accepted", "refused", "stale", "unknown", "withdrawn")

picks = st.integers(min_value=0, max_value=30)


class LaneMachine(RuleBasedStateMachine):
    """Tells a lane anything, and counts along."""

    @initialize(window=st.integers(min_value=1, max_value=5), is_probed=st.booleans())
    def start(self, window: int, is_probed: bool) -> None:
        self.now = 10_000
        self.window = window
        self.manager = NonceManager(window)
        self.lane = NonceLane(self.manager, *KEY, settle_ns=350, disbelief_ns=2_000)
        if is_probed:
            self.lane.be_probed()
        self.open: set[int] = set()
        self.begin(SEED)

    def begin(self, seed: int) -> None:
        """Seed the lane; a seed is no proof until something bears it out."""
        self.open.clear()
        self.highest_record = self.proved = -1
        self.seeded = seed
        self.is_borne_out = False
        self.hear(self.lane.seed(seed))

    def hear(self, decisions: Decisions) -> None:
        """Check what every decision must be; the lane keeps its own account."""
        self.now += 100
        for decision in decisions:
            if isinstance(decision, Healed):
                self.open.clear()
                assert decision.next_nonce > self.highest_record, "a spent nonce is issued again"
                assert decision.next_nonce >= self.lane.proved
            if isinstance(decision, Halted):
                assert self.lane.state is LaneState.HALTED
            if isinstance(decision, Froze):
                assert decision.nonce >= 0

    # -- ISSUING ----------------------------------------------------------------------------------

    @rule(takes=st.booleans())
    def issue(self, takes: bool) -> None:
        """A lane that cannot issue says why and changes nothing; one that can never repeats."""
        expected, can = self.lane.next_nonce, self.lane.can_issue()
        before = self.lane.status()
        try:
            nonce = self.lane.take() if takes else self.lane.issue()
        except NonceError:
            assert not can
            assert self.lane.status() == before
            return
        assert can
        assert nonce == expected
        if not takes:
            self.open.add(nonce)

    # -- VERDICTS ---------------------------------------------------------------------------------

    @precondition(lambda self: self.open)
    @rule(pick=picks, verdict=st.sampled_from(VERDICTS))
    def tell(self, pick: int, verdict: str) -> None:
        """Any verdict on anything in flight."""
        nonce = sorted(self.open)[pick % len(self.open)]
        self.open.discard(nonce)
        self.is_borne_out = self.is_borne_out or verdict == "accepted"
        if verdict == "stale" and nonce == self.seeded and not self.is_borne_out:
            self.proved = self.highest_record + 1  # the seed was wrong: it comes down
        self.hear(getattr(self.lane, verdict)(nonce, self.lane.epoch, self.now))

    @rule(pick=picks, verdict=st.sampled_from(VERDICTS))
    def tell_of_an_earlier_epoch(self, pick: int, verdict: str) -> None:
        """A verdict from before the last rebase changes nothing."""
        before = self.lane.status()
        assert getattr(self.lane, verdict)(SEED + pick, self.lane.epoch - 1, self.now) == ()
        assert self.lane.status() == before

    # -- EVIDENCE ---------------------------------------------------------------------------------

    @rule(ahead=st.integers(min_value=-3, max_value=4), by_us=st.booleans())
    def show(self, ahead: int, by_us: bool) -> None:
        """A record at any nonce near the lane."""
        nonce = max(0, self.lane.next_nonce + ahead - 1)
        if self.lane.state is not LaneState.HALTED:
            self.highest_record = max(self.highest_record, nonce)
            self.open.discard(nonce)
        self.hear(self.lane.spent(nonce, self.now, by_us=by_us))

    @rule(behind=st.integers(min_value=0, max_value=4))
    def notice(self, behind: int) -> None:
        """A record of what the lane counts already moves nothing, and is never gone below."""
        before = self.lane.status()
        assert before.baseline is not None
        nonce = max(0, before.baseline - behind)
        self.lane.notice(nonce)
        assert self.lane.status() == before
        assert self.lane.proved > nonce
        self.highest_record = max(self.highest_record, nonce)

    @rule(behind=st.integers(min_value=0, max_value=4), vanished=st.booleans())
    def suspect(self, behind: int, vanished: bool) -> None:
        """Something behind the lane is open, or seems to have vanished."""
        nonce = max(0, self.lane.next_nonce - 1 - behind)
        move = self.lane.vanished if vanished else self.lane.doubted
        self.hear(move(nonce, self.now))

    @precondition(lambda self: self.lane.question_ns is not None)
    @rule(ahead=st.integers(min_value=-4, max_value=4), late=st.integers(0, 3_000))
    def count(self, ahead: int, late: int) -> None:
        """The counter is answered, near what the lane is at."""
        self.now += late
        value = max(0, self.lane.next_nonce + ahead)
        wrong = self.lane.weigh(value, self.now)
        self.hear(wrong or self.lane.refreshed(value, self.now))

    @rule(value=st.one_of(st.none(), st.text(), st.floats(), st.booleans(), st.integers()))
    def count_anything(self, value: object) -> None:
        """Whatever is answered: what is not believed moves nothing but a halt for a reset."""
        believed = self.lane.believes(value)
        state = self.lane.state
        wrong = self.lane.weigh(value, self.now)
        self.hear(wrong)
        assert self.lane.state in (state, LaneState.HALTED)
        if state is not LaneState.HALTED:
            is_lag = is_nonce(value) and value < self.lane.proved
            assert believed or wrong or is_lag
            assert not (believed and wrong)

    @rule()
    def halt(self) -> None:
        """Nothing is issued any more."""
        self.hear(self.lane.halt("test"))
        assert not self.lane.can_issue()

    @precondition(lambda self: self.lane.state is LaneState.HALTED)
    @rule(next_nonce=st.integers(min_value=0, max_value=300))
    def seed(self, next_nonce: int) -> None:
        """A new seed begins anew."""
        self.begin(next_nonce)
        assert self.lane.next_nonce == next_nonce

    # -- WHAT MUST HOLD ---------------------------------------------------------------------------

    @invariant()
    def counters_stay_in_order(self) -> None:
        """Nobody sees a baseline above what was issued, nor more outstanding than allowed."""
        baseline, last = self.manager.baseline(*KEY), self.manager.last_issued(*KEY)
        assert baseline is not None
        assert last is not None
        assert baseline <= last <= baseline + self.window

    @invariant()
    def proof_is_never_lost(self) -> None:
        """What is known to be executed stays so until the lane is seeded anew."""
        assert self.lane.proved >= self.proved
        self.proved = self.lane.proved

    @invariant()
    def slots_are_those_without_a_verdict(self) -> None:
        """A slot is taken by what is in flight, and by nothing else."""
        status = self.lane.status()
        assert status.in_flight == len(self.open)
        if self.lane.state is LaneState.OPEN:
            assert self.lane.free_slots() == max(0, status.depth - len(self.open))
        else:
            assert self.lane.free_slots() == 0

    @invariant()
    def frozen_lane_waits_for_verdicts_or_for_an_answer(self) -> None:
        """A frozen lane without anything in flight has a question, so that it cannot hang."""
        if self.lane.state is LaneState.DRAINING:
            assert self.open
        if self.lane.state is LaneState.REFRESHING:
            assert self.lane.question_ns is not None


TestLane = LaneMachine.TestCase
TestLane.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
