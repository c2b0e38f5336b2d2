"""A lane that is seeded again, whatever state it was left in (A9)."""

from __future__ import annotations

import pytest

from nautilus_lighter_nonce.core.decisions import AskVenue
from nautilus_lighter_nonce.core.decisions import Healed
from nautilus_lighter_nonce.core.decisions import LaneState
from nautilus_lighter_nonce.core.decisions import RebaseSource
from nautilus_lighter_nonce.core.decisions import Seeded
from nautilus_lighter_nonce.core.lane import NonceLane
from tests.core.lanes import DISBELIEF
from tests.core.lanes import SETTLE
from tests.core.lanes import issue
from tests.core.lanes import make_lane
from tests.core.lanes import only


def ruined(how: str) -> NonceLane:
    """Return a lane in trouble, with 16 nonces issued."""
    lane = make_lane()
    for nonce in issue(lane, 16):
        if how in ("refreshing", "draining") and nonce + (how == "draining") < 26:
            lane.stale(nonce, lane.epoch, 0)
    if how == "halted":
        lane.halt("operator")
    return lane


@pytest.mark.parametrize("how", ["unanswered", "draining", "refreshing", "halted"])
def test_a9_seed_opens_a_lane_whatever_state_it_was_left_in(how: str) -> None:
    """Rule 11; old verdicts never touch the new state (rule 12)."""
    lane = ruined(how)
    old = lane.epoch
    assert lane.seed(30) == (Seeded(30),)
    assert (lane.state, lane.free_slots(), lane.question_ns) == (LaneState.OPEN, 16, None)
    assert (lane.status().halt_reason, lane.frozen_since_ns) == ("", None)
    issue(lane, 16)
    for verdict in ("accepted", "refused", "stale", "unknown", "withdrawn"):
        assert getattr(lane, verdict)(25, old, 0) == ()
    assert lane.status().in_flight == 16


def test_a9_seed_forgets_suspicion_and_patience() -> None:
    """The next fault begins with a short pause and leans on what is accepted."""
    lane = make_lane()
    lane.accepted(lane.issue(), lane.epoch, 0)
    for _ in range(3):
        lane.stale(lane.issue(), lane.epoch, 0)
        lane.refreshed(11, 0)
    lane.vanished(10, 0)
    lane.seed(20)
    issue(lane, 2)
    lane.accepted(20, lane.epoch, 0)
    assert only(lane.unknown(21, lane.epoch, 0), AskVenue) == AskVenue(SETTLE)
    assert only(lane.refreshed(20, 0), Healed).next_nonce == 21


def test_a9_seed_forgets_that_it_must_ask() -> None:
    """A doubt of before does not keep a later heal from being inferred."""
    lane = make_lane()
    issue(lane, 1)
    lane.doubted(10, 0)
    lane.seed(20)
    issue(lane, 2)
    lane.refused(20, lane.epoch, 0)
    assert only(lane.stale(21, lane.epoch, 0), Healed).source is RebaseSource.INFERRED


def test_a9_seed_may_be_lower_than_before_when_its_owner_says_so() -> None:
    """A reset that was confirmed: nothing of before counts."""
    lane = make_lane()
    lane.spent(15, 0)
    lane.seed(3)
    assert (lane.proved, lane.issue(), lane.believes(3)) == (3, 3, True)
    lane.unknown(3, lane.epoch, 0)
    assert only(lane.refreshed(3, DISBELIEF), Healed).next_nonce == 3
