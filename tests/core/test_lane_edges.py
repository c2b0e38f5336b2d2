"""The lane at its limits: slots, counts, depth, and verdicts that come late or twice."""

from __future__ import annotations

import pytest

from nautilus_lighter_nonce.core.decisions import AskVenue
from nautilus_lighter_nonce.core.decisions import Decision
from nautilus_lighter_nonce.core.decisions import ForeignWriter
from nautilus_lighter_nonce.core.decisions import FreezeCause
from nautilus_lighter_nonce.core.decisions import Froze
from nautilus_lighter_nonce.core.decisions import Healed
from nautilus_lighter_nonce.core.decisions import LaneState
from nautilus_lighter_nonce.core.decisions import LaneStatus
from nautilus_lighter_nonce.core.decisions import RebaseSource
from nautilus_lighter_nonce.core.decisions import Resolved
from nautilus_lighter_nonce.core.depth import RESTORE_AFTER
from nautilus_lighter_nonce.core.errors import LaneFrozenError
from nautilus_lighter_nonce.core.errors import LaneHaltedError
from nautilus_lighter_nonce.core.errors import SkipWindowExhausted
from nautilus_lighter_nonce.core.lane import NonceLane
from nautilus_lighter_nonce.core.manager import NonceManager
from tests.core.lanes import DISBELIEF
from tests.core.lanes import SETTLE
from tests.core.lanes import issue
from tests.core.lanes import make_lane
from tests.core.lanes import only


# -- limits and questions -------------------------------------------------------------------------


@pytest.mark.parametrize("durations", [{"settle_ns": -1}, {"disbelief_ns": -1}])
def test_lane_negative_duration_is_refused(durations: dict[str, int]) -> None:
    """Time does not run backwards."""
    with pytest.raises(ValueError, match=f"{next(iter(durations))} was -1"):
        NonceLane(NonceManager(), 700, 5, **durations)


def test_lane_without_durations_waits_350_ms_and_doubts_2_s() -> None:
    """The venue's counter lags by 350 ms (lighter-sdk); it is doubted for two seconds."""
    lane = NonceLane(NonceManager(), 700, 5)
    lane.seed(10)
    issue(lane, 2)
    lane.accepted(10, lane.epoch, 0)
    assert only(lane.stale(11, lane.epoch, 0), AskVenue) == AskVenue(350_000_000)
    assert only(lane.refreshed(10, 1_999_999_999), AskVenue)
    assert only(lane.refreshed(10, 2_000_000_000), Healed)


def test_lane_with_zero_durations_asks_and_believes_at_once() -> None:
    """Zero means no patience, not no lane."""
    lane = NonceLane(NonceManager(), 700, 5, settle_ns=0, disbelief_ns=0)
    lane.seed(10)
    issue(lane, 2)
    lane.accepted(10, lane.epoch, 7)
    assert only(lane.stale(11, lane.epoch, 7), AskVenue) == AskVenue(7)
    assert only(lane.refreshed(10, 7), Healed).next_nonce == 10


def test_free_slots_counts_what_issue_would_hand_out() -> None:
    """Nothing before the seed, the depth when idle, less by each transaction in flight."""
    lane = make_lane(seed=None, window=4, depth=3)
    assert (lane.free_slots(), lane.can_issue()) == (0, False)
    lane.seed(10)
    slots = [lane.free_slots()]
    while lane.can_issue():
        lane.issue()
        slots.append(lane.free_slots())
    assert slots == [3, 2, 1, 0]
    lane.accepted(11, lane.epoch, 0)
    assert lane.free_slots() == 1


def test_free_slots_of_an_idle_lane_are_its_whole_window() -> None:
    """Without a depth of its own, the window is the depth."""
    assert make_lane(window=4).free_slots() == 4


@pytest.mark.parametrize("state", [LaneState.DRAINING, LaneState.REFRESHING, LaneState.HALTED])
def test_free_slots_of_a_lane_that_is_not_open_are_none(state: LaneState) -> None:
    """A frozen or halted lane issues nothing, however empty it is."""
    lane = make_lane()
    issue(lane, 2)
    lane.stale(10, lane.epoch, 0)
    if state is not LaneState.DRAINING:
        lane.stale(11, lane.epoch, 0)
    if state is LaneState.HALTED:
        lane.halt("operator")
    assert (lane.state, lane.free_slots(), lane.can_issue()) == (state, 0, False)


def test_issue_beyond_depth_names_what_it_would_have_made() -> None:
    """The error counts the refused transaction in."""
    lane = make_lane(window=8, depth=2)
    issue(lane, 2)
    with pytest.raises(SkipWindowExhausted) as caught:
        lane.issue()
    assert vars(caught.value) == {
        "account_index": 700,
        "api_key_index": 5,
        "outstanding": 3,
        "skip_window": 2,
    }


def test_issue_while_frozen_or_halted_says_why() -> None:
    """The errors carry the cause and the reason."""
    lane = make_lane()
    issue(lane, 2)
    lane.refused(10, lane.epoch, 0)
    with pytest.raises(LaneFrozenError) as frozen:
        lane.issue()
    lane.halt("operator")
    with pytest.raises(LaneHaltedError) as halted:
        lane.issue()
    assert frozen.value.cause == FreezeCause.HOLE.value
    assert halted.value.reason == "operator"


def test_status_before_the_seed_is_empty() -> None:
    """A new lane has no nonce, no count and no reason."""
    lane = make_lane(seed=None, window=4)
    assert lane.status() == LaneStatus(
        account_index=700,
        api_key_index=5,
        state=LaneState.UNSEEDED,
        baseline=None,
        last_issued=None,
        in_flight=0,
        depth=4,
        epoch=0,
    )
    assert (lane.frozen_since_ns, lane.depth) == (None, 4)


def test_status_counts_every_verdict_and_move() -> None:
    """Each count grows by one for each of its kind, over all epochs."""
    lane = make_lane()
    for _ in range(2):  # two rounds: a count that is set, not raised, shows
        first = issue(lane, 8)[0]
        epoch = lane.epoch
        lane.withdrawn(first + 7, epoch, 0)
        lane.refused(first + 6, epoch, 0)
        lane.accepted(first, epoch, 0)
        lane.accepted(first + 1, epoch, 0)
        lane.unknown(first + 2, epoch, 0)
        lane.refused(first + 3, epoch, 0)
        lane.withdrawn(first + 4, epoch, 0)
        lane.stale(first + 5, epoch, 0)
        lane.refreshed(first + 3, SETTLE)
    assert lane.status() == LaneStatus(
        account_index=700,
        api_key_index=5,
        state=LaneState.OPEN,
        baseline=15,
        last_issued=15,
        in_flight=0,
        depth=16,
        epoch=3,
        issued=16,
        accepted=4,
        refused=4,
        stale=2,
        unknown=2,
        withdrawn=4,
        rolled_back=4,
        heals=2,
        refreshes=2,
    )


def test_status_of_a_halted_lane_has_the_reason_until_it_is_seeded() -> None:
    """The reason is shown as long as it holds, and seeding begins a new epoch."""
    lane = make_lane()
    lane.halt("operator")
    assert lane.status().halt_reason == "operator"
    lane.seed(10)
    assert (lane.status().halt_reason, lane.epoch) == ("", 2)


def test_frozen_since_is_the_time_of_the_first_fault() -> None:
    """Later faults of the same freeze do not move it, and the heal reports its length."""
    lane = make_lane()
    issue(lane, 3)
    lane.refused(10, lane.epoch, 30)
    lane.stale(11, lane.epoch, 40)
    assert lane.frozen_since_ns == 30
    assert only(lane.stale(12, lane.epoch, 100), Healed).frozen_ns == 70
    assert lane.frozen_since_ns is None


# -- depth ----------------------------------------------------------------------------------------


def unexplained_stale(lane: NonceLane) -> None:
    """Let the venue refuse a nonce for which nothing explains it."""
    nonce = lane.issue()
    lane.stale(nonce, lane.epoch, 0)
    lane.refreshed(nonce, SETTLE)


def accept(lane: NonceLane, count: int) -> None:
    """Let several transactions be accepted, one after the other."""
    for _ in range(count):
        lane.accepted(lane.issue(), lane.epoch, 0)


def test_depth_is_halved_down_to_one() -> None:
    """Reply before next send is as slow as it gets (rule 10)."""
    lane = make_lane(window=5)
    depths = []
    for _ in range(4):
        unexplained_stale(lane)
        depths.append(lane.depth)
    assert depths == [2, 1, 1, 1]
    assert isinstance(lane.depth, int)


def test_depth_doubles_after_each_clean_run_and_not_before() -> None:
    """Every 200 acceptances double it, up to where it was (rule 10)."""
    lane = make_lane(window=16, depth=12)
    for _ in range(3):
        unexplained_stale(lane)
    depths = [lane.depth]
    for _ in range(4):
        accept(lane, RESTORE_AFTER - 1)
        depths.append(lane.depth)
        accept(lane, 1)
        depths.append(lane.depth)
    assert depths == [1, 1, 2, 2, 4, 4, 8, 8, 12]


def test_depth_halved_again_begins_its_clean_run_anew() -> None:
    """Acceptances before the last unexplained stale verdict do not count."""
    lane = make_lane(window=8)
    unexplained_stale(lane)
    accept(lane, RESTORE_AFTER - 1)
    unexplained_stale(lane)
    accept(lane, RESTORE_AFTER - 1)
    assert lane.depth == 2


def test_depth_of_a_lane_with_an_explained_stale_one_is_kept() -> None:
    """A foreign writer is no reason to doubt the pipeline."""
    lane = make_lane(window=8)
    nonce = lane.issue()
    lane.stale(nonce, lane.epoch, 0)
    lane.refreshed(nonce + 1, SETTLE)
    assert lane.depth == 8


# -- late and odd verdicts ------------------------------------------------------------------------


def test_stale_below_an_accepted_one_freezes_and_names_the_foreign_writer() -> None:
    """Our copy was not spent, its nonce was: the stale one is sent again above."""
    lane = make_lane()
    issue(lane, 2)
    lane.accepted(11, lane.epoch, 0)
    froze, foreign, healed = lane.stale(10, lane.epoch, 0)
    assert (froze, foreign) == (Froze(FreezeCause.STALE, 10), ForeignWriter(10))
    assert isinstance(healed, Healed)
    assert (healed.next_nonce, healed.doomed, healed.source) == (12, (10,), RebaseSource.INFERRED)


def test_unknown_told_twice_counts_once() -> None:
    """Silence after silence is no news."""
    lane = make_lane()
    issue(lane, 2)
    lane.unknown(10, lane.epoch, 0)
    before = lane.status()
    assert lane.unknown(10, lane.epoch, 9) == ()
    assert lane.status() == before


@pytest.mark.parametrize("verdict", ["refused", "stale", "withdrawn"])
def test_definite_verdict_told_twice_counts_once(verdict: str) -> None:
    """A transaction has one verdict; only silence is mended."""
    lane = make_lane()
    issue(lane, 3)
    getattr(lane, verdict)(10, lane.epoch, 0)
    before = lane.status()
    assert lane.accepted(10, lane.epoch, 1) == ()
    assert lane.status() == before


def test_verdict_of_a_nonce_never_issued_changes_nothing() -> None:
    """Nobody awaits it."""
    lane = make_lane()
    lane.issue()
    before = lane.status()
    for move in (lane.accepted, lane.refused, lane.stale, lane.unknown, lane.withdrawn):
        assert move(11, lane.epoch, 0) == ()
    assert lane.status() == before


def test_vanished_nonce_that_was_never_accepted_changes_nothing() -> None:
    """Only what was accepted can vanish."""
    lane = make_lane()
    lane.issue()
    before = lane.status()
    assert lane.vanished(10, 0) == ()
    assert lane.status() == before


@pytest.mark.parametrize("order", [(11, 13), (13, 11)])
def test_vanished_nonces_in_any_order_fall_back_to_the_lowest(order: tuple[int, int]) -> None:
    """The lowest one that vanished bounds what is believed; below it the counter lags."""
    lane = make_lane()
    issue(lane, 5)
    for nonce in (10, 11, 12, 13):
        lane.accepted(nonce, lane.epoch, 0)
    for nonce in order:
        lane.vanished(nonce, 0)
    lane.stale(14, lane.epoch, 5)
    assert only(lane.refreshed(10, SETTLE), AskVenue)
    healed = only(lane.refreshed(11, SETTLE), Healed)
    assert (healed.vanished, healed.doomed) == ((11, 12, 13), (14,))


def test_vanished_nonce_asks_when_the_lag_since_its_proof_is_over() -> None:
    """The proof is the last thing the venue is known to have done."""
    lane = make_lane()
    lane.accepted(lane.issue(), lane.epoch, 0)
    assert only(lane.vanished(10, 50), AskVenue) == AskVenue(50 + SETTLE)


def test_vanished_nonce_of_a_halted_lane_changes_nothing() -> None:
    """A halted lane is moved by a seed only."""
    lane = make_lane()
    lane.accepted(lane.issue(), lane.epoch, 0)
    lane.halt("operator")
    before = lane.status()
    assert lane.vanished(10, 0) == ()
    assert lane.foreign(11) == ()
    assert lane.refreshed(10, DISBELIEF) == ()
    assert lane.status() == before


def test_vanished_nonce_of_a_lane_never_seeded_changes_nothing() -> None:
    """Without a seed nothing was accepted."""
    lane = make_lane(seed=None)
    assert lane.vanished(0, 0) == ()
    assert lane.state is LaneState.UNSEEDED


def test_verdicts_while_halted_are_taken_and_the_seed_forgets_them() -> None:
    """A halted lane counts what it hears, heals nothing, and starts afresh."""
    lane = make_lane()
    issue(lane, 3)
    lane.halt("operator")
    assert lane.refused(10, lane.epoch, 0) == ()
    assert lane.stale(11, lane.epoch, 0) == ()
    assert lane.state is LaneState.HALTED
    assert lane.status().in_flight == 1
    lane.seed(10)
    assert (lane.status().in_flight, lane.issue()) == (0, 10)


def test_foreign_writer_of_one_nonce_is_named_once_in_an_epoch() -> None:
    """A second proof of the same thing is no news; after a heal it may be."""
    lane = make_lane()
    issue(lane, 2)
    assert only(lane.foreign(10), ForeignWriter) == ForeignWriter(10)
    assert lane.foreign(10) == ()
    decisions = (*lane.stale(11, lane.epoch, 0), *lane.refreshed(11, SETTLE))
    assert not [d for d in decisions if isinstance(d, ForeignWriter)]
    lane.issue()
    assert only(lane.foreign(11), ForeignWriter) == ForeignWriter(11)


def test_withdrawn_with_followers_freezes_at_its_own_time() -> None:
    """A hole is a hole, whoever made it."""
    lane = make_lane()
    issue(lane, 2)
    assert lane.withdrawn(10, lane.epoch, 30) == (Froze(FreezeCause.HOLE, 10),)
    assert lane.frozen_since_ns == 30


@pytest.mark.parametrize(
    ("verdict", "said"),
    [("unknown", Resolved(11)), ("refused", ForeignWriter(11)), ("withdrawn", ForeignWriter(11))],
)
def test_last_verdict_below_an_accepted_one_ends_the_drain(verdict: str, said: Decision) -> None:
    """The heal does not wait for more, and tells how long it took."""
    lane = make_lane()
    issue(lane, 3)
    lane.stale(10, lane.epoch, 30)
    lane.accepted(12, lane.epoch, 40)
    decisions = getattr(lane, verdict)(11, lane.epoch, 100)
    assert decisions[0] == said
    healed = only(decisions, Healed)
    assert (healed.next_nonce, healed.doomed, healed.frozen_ns) == (13, (10,), 70)


def test_vanished_nonce_bounds_the_disbelief_from_its_proof_on() -> None:
    """A counter below what vanished lags, until it has stayed there for the whole limit."""
    lane = make_lane()
    issue(lane, 2)
    lane.accepted(10, lane.epoch, 0)
    lane.accepted(11, lane.epoch, 0)
    lane.vanished(11, 100)
    assert only(lane.refreshed(10, 100 + DISBELIEF - 1), AskVenue)
    healed = only(lane.refreshed(10, 100 + DISBELIEF), Healed)
    assert (healed.next_nonce, healed.vanished) == (10, (10, 11))


@pytest.mark.parametrize(
    ("last", "verdict"),
    [(10, "accepted"), (11, "refused"), (11, "withdrawn"), (11, "stale")],
)
def test_last_verdict_of_any_kind_times_the_question(last: int, verdict: str) -> None:
    """The venue's lag counts from the last thing that was heard of it."""
    lane = make_lane()
    issue(lane, 2)
    lane.stale(21 - last, lane.epoch, 5)
    asked = only(getattr(lane, verdict)(last, lane.epoch, 90), AskVenue)
    assert asked == AskVenue(90 + SETTLE)
