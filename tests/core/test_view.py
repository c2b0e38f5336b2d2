"""What may be asked of a lane, and that asking changes nothing."""

from __future__ import annotations

import pytest

from nautilus_lighter_nonce.core.counter import MAX_LAG
from nautilus_lighter_nonce.core.counter import MAX_NONCE
from nautilus_lighter_nonce.core.decisions import LaneState
from nautilus_lighter_nonce.core.manager import NonceManager
from nautilus_lighter_nonce.core.view import COUNTED
from nautilus_lighter_nonce.core.view import LaneView
from tests.core.lanes import issue
from tests.core.lanes import make_lane


@pytest.mark.parametrize("depth", [0, -1, 17])
def test_view_with_a_depth_outside_the_window_is_refused(depth: int) -> None:
    """The error names value and limit."""
    with pytest.raises(ValueError, match=rf"max_in_flight was {depth}; use 1 to .*\(16\)"):
        LaneView(NonceManager(16), 1, 2, max_in_flight=depth)


@pytest.mark.parametrize("durations", [{"settle_ns": -1}, {"disbelief_ns": -1}])
def test_view_with_a_negative_duration_is_refused(durations: dict[str, int]) -> None:
    """Patience below zero is a mistake."""
    with pytest.raises(ValueError, match="use 0 or more"):
        LaneView(
            NonceManager(16),
            1,
            2,
            settle_ns=durations.get("settle_ns", 0),
            disbelief_ns=durations.get("disbelief_ns", 0),
        )


def test_view_of_an_unseeded_lane_knows_its_key_and_nothing_else() -> None:
    """Before the first answer there is no number."""
    lane = make_lane(seed=None)
    assert (lane.account_index, lane.api_key_index) == (700, 5)
    assert (lane.state, lane.next_nonce, lane.proved) == (LaneState.UNSEEDED, -1, 0)
    assert (lane.free_slots(), lane.can_issue(), lane.concerns(0)) == (0, False, False)
    assert (lane.frozen_since_ns, lane.question_ns) == (None, None)
    assert lane.believes(7)
    assert not lane.believes("7")


def test_free_slots_are_what_the_depth_leaves() -> None:
    """Each issue takes one, each verdict gives it back."""
    lane = make_lane(depth=3)
    assert lane.free_slots() == 3
    issue(lane, 2)
    assert lane.free_slots() == 1
    lane.accepted(10, lane.epoch, 0)
    assert lane.free_slots() == 2
    issue(lane, 2)
    assert not lane.can_issue()


def test_free_slots_at_the_last_nonces_are_those_that_are_left() -> None:
    """Beyond the last number nothing is issued."""
    lane = make_lane(seed=MAX_NONCE)
    assert lane.free_slots() == 1
    lane.accepted(lane.issue(), lane.epoch, 0)
    assert not lane.can_issue()


def test_status_counts_what_happened() -> None:
    """Every name that is counted is in the snapshot."""
    lane = make_lane()
    issue(lane, 3)
    lane.accepted(10, lane.epoch, 0)
    lane.refused(12, lane.epoch, 0)
    status = lane.status()
    assert (status.baseline, status.last_issued, status.in_flight) == (10, 11, 1)
    counted = {name: getattr(status, name) for name in COUNTED}
    expected = {"issued": 3, "accepted": 1, "refused": 1, "rolled_back": 1}
    assert counted == dict.fromkeys(COUNTED, 0) | expected


def test_frozen_lane_says_since_when() -> None:
    """And no longer once it is healed."""
    lane = make_lane()
    issue(lane, 2)
    lane.refused(10, lane.epoch, 77)
    assert (lane.frozen_since_ns, lane.free_slots()) == (77, 0)
    lane.stale(11, lane.epoch, 99)
    assert lane.frozen_since_ns is None


def test_concerns_is_true_of_what_is_open_or_above() -> None:
    """A record of what counts already would move nothing."""
    lane = make_lane()
    issue(lane, 2)
    lane.accepted(10, lane.epoch, 0)
    assert [lane.concerns(nonce) for nonce in (9, 10, 11, 12)] == [False, False, True, True]


def test_can_have_is_false_of_no_nonce_and_of_what_is_far_away() -> None:
    """A record that this key cannot have by now is somebody's mistake."""
    lane = make_lane(seed=100)
    assert lane.can_have(100)
    assert not lane.can_have(-1)
    assert not lane.can_have(100 + 10_000_000)


def test_has_fallen_to_is_true_beyond_any_lag() -> None:
    """A little below may lag, far below was reset."""
    lane = make_lane(seed=10**9)
    assert not lane.has_fallen_to(10**9 - MAX_LAG)
    assert lane.has_fallen_to(10**9 - MAX_LAG - 1)


def test_questions_change_nothing() -> None:
    """Asking everything leaves the lane as it was."""
    lane = make_lane()
    issue(lane, 2)
    before = lane.status()
    lane.believes(11), lane.concerns(11), lane.can_have(11), lane.has_fallen_to(0)
    assert lane.status() == before
