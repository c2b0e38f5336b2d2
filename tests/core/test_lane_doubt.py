"""What a heal counted as unspent, and what becomes of that."""

from __future__ import annotations

from nautilus_lighter_nonce.core.decisions import ForeignWriter
from nautilus_lighter_nonce.core.decisions import Healed
from nautilus_lighter_nonce.core.decisions import LaneState
from nautilus_lighter_nonce.core.decisions import Resolved
from nautilus_lighter_nonce.core.lane import NonceLane
from nautilus_lighter_nonce.core.manager import NonceManager


def lane_with_unspent_unknown() -> NonceLane:
    """Return an open lane whose nonce 10 went silent and was counted as unspent."""
    lane = NonceLane(NonceManager(), 1, 2)
    lane.seed(10)
    assert lane.issue() == 10
    lane.unknown(10, lane.epoch, 0)
    (healed,) = lane.refreshed(10, 10**12)
    assert isinstance(healed, Healed)
    assert healed.unspent == (10,)
    return lane


def test_spent_of_an_unspent_unknown_steps_over_it() -> None:
    """Its hash proved that the venue has it: the next nonce is the one behind it."""
    lane = lane_with_unspent_unknown()
    assert lane.spent(10) == (Resolved(10),)
    assert lane.issue() == 11


def test_spent_of_a_nonce_below_the_baseline_changes_nothing() -> None:
    """What the lane knows already is no news."""
    lane = lane_with_unspent_unknown()
    assert lane.spent(9) == ()
    assert lane.issue() == 10


def test_spent_with_transactions_in_flight_is_the_verdict_on_its_nonce() -> None:
    """A record that comes before the reply accounts for the nonce; the reply is no news then."""
    lane = lane_with_unspent_unknown()
    assert lane.issue() == 10
    assert lane.spent(10) == (Resolved(10),)
    assert lane.accepted(10, lane.epoch, 0) == ()
    assert lane.issue() == 11


def test_spent_of_a_frozen_lane_may_heal_it_without_a_question() -> None:
    """What the record explains needs no answer of the counter, and the counter cannot undo it."""
    lane = lane_with_unspent_unknown()
    nonce = lane.issue()
    lane.stale(nonce, lane.epoch, 0)
    assert lane.state is LaneState.REFRESHING
    resolved, healed = lane.spent(10)
    assert resolved == Resolved(10)
    assert isinstance(healed, Healed)
    assert (lane.state, lane.issue()) == (LaneState.OPEN, 11)


def test_stale_of_a_doubted_nonce_accuses_nobody() -> None:
    """An earlier copy of ours may have spent it."""
    lane = lane_with_unspent_unknown()
    lane.stale(lane.issue(), lane.epoch, 0)
    decisions = lane.refreshed(11, 10**12)
    assert not any(isinstance(d, ForeignWriter) for d in decisions)


def test_stale_of_the_nonce_behind_a_doubted_one_is_a_foreign_writer() -> None:
    """Doubt covers the one nonce, not those behind it."""
    lane = lane_with_unspent_unknown()
    first, second = lane.issue(), lane.issue()
    lane.stale(first, lane.epoch, 0)
    lane.stale(second, lane.epoch, 0)
    foreign = [d for d in lane.refreshed(12, 10**12) if isinstance(d, ForeignWriter)]
    assert foreign == [ForeignWriter(11)]


def test_doubt_outlives_a_heal_that_leaves_its_nonce_unspent() -> None:
    """The copy may still arrive."""
    lane = lane_with_unspent_unknown()
    lane.stale(lane.issue(), lane.epoch, 0)
    lane.refreshed(10, 10**12)
    lane.stale(lane.issue(), lane.epoch, 10**12)
    assert not any(isinstance(d, ForeignWriter) for d in lane.refreshed(11, 10**13))


def test_doubt_ends_with_a_heal_behind_its_nonce() -> None:
    """Once the counter has passed it, a lower one would be a stranger's doing again."""
    lane = lane_with_unspent_unknown()
    lane.stale(lane.issue(), lane.epoch, 0)
    lane.refreshed(11, 10**12)
    assert lane._healing._doubted == set()


def test_seed_forgets_all_doubt() -> None:
    """A new seed begins anew."""
    lane = lane_with_unspent_unknown()
    lane.halt("test")
    lane.seed(10)
    lane.stale(lane.issue(), lane.epoch, 0)
    assert ForeignWriter(10) in lane.refreshed(11, 10**12)
