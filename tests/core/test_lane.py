"""The law of a lane, move by move."""

from __future__ import annotations

import pytest

from nautilus_lighter_nonce.core.decisions import AskVenue
from nautilus_lighter_nonce.core.decisions import ForeignWriter
from nautilus_lighter_nonce.core.decisions import FreezeCause
from nautilus_lighter_nonce.core.decisions import Froze
from nautilus_lighter_nonce.core.decisions import Halted
from nautilus_lighter_nonce.core.decisions import Healed
from nautilus_lighter_nonce.core.decisions import LaneState
from nautilus_lighter_nonce.core.decisions import RebaseSource
from nautilus_lighter_nonce.core.decisions import Resolved
from nautilus_lighter_nonce.core.decisions import RolledBack
from nautilus_lighter_nonce.core.decisions import Seeded
from nautilus_lighter_nonce.core.depth import RESTORE_AFTER
from nautilus_lighter_nonce.core.errors import LaneFrozenError
from nautilus_lighter_nonce.core.errors import LaneHaltedError
from nautilus_lighter_nonce.core.errors import NotInitialized
from nautilus_lighter_nonce.core.errors import SkipWindowExhausted
from tests.core.lanes import DISBELIEF
from tests.core.lanes import MS
from tests.core.lanes import SETTLE
from tests.core.lanes import issue
from tests.core.lanes import make_lane
from tests.core.lanes import only


# -- seeding and issuing --------------------------------------------------------------------------


def test_issue_before_seed_raises_not_initialized() -> None:
    """An unseeded lane hands out nothing."""
    with pytest.raises(NotInitialized):
        make_lane(seed=None).issue()


def test_seed_opens_the_lane_at_the_venues_nonce() -> None:
    """The first nonce is the one the venue named."""
    lane = make_lane(seed=None)
    assert lane.seed(42) == (Seeded(42),)
    assert lane.issue() == 42


def test_issue_full_window_raises_and_changes_nothing() -> None:
    """A raising issue leaves the lane as it was."""
    lane = make_lane(window=2)
    issue(lane, 2)
    before = lane.status()
    with pytest.raises(SkipWindowExhausted):
        lane.issue()
    assert lane.status() == before


def test_issue_beyond_depth_raises_though_the_window_is_wider() -> None:
    """The pipelining depth bounds what is in flight."""
    lane = make_lane(window=8, depth=1)
    lane.issue()
    assert not lane.can_issue()
    with pytest.raises(SkipWindowExhausted):
        lane.issue()


@pytest.mark.parametrize("depth", [0, 17, -1])
def test_lane_depth_outside_window_is_refused(depth: int) -> None:
    """A depth the window cannot hold is an error at construction."""
    with pytest.raises(ValueError, match="max_in_flight"):
        make_lane(depth=depth)


# -- accepted -------------------------------------------------------------------------------------


def test_accepted_opens_the_window_for_ever() -> None:
    """100,000 transactions pass a window of 16 (nautilus_trader commit ea2467e5fc)."""
    lane = make_lane(seed=0)
    for nonce in range(100_000):
        assert lane.issue() == nonce
        lane.accepted(nonce, lane.epoch, 0)
    assert lane.status().baseline == 99_999


def test_accepted_out_of_order_never_lowers_the_baseline() -> None:
    """Replies may overtake each other."""
    lane = make_lane()
    issue(lane, 3)
    lane.accepted(12, lane.epoch, 0)
    lane.accepted(10, lane.epoch, 0)
    assert lane.status().baseline == 12
    assert lane.status().in_flight == 1


def test_accepted_twice_counts_once() -> None:
    """A duplicated verdict changes nothing."""
    lane = make_lane()
    lane.issue()
    lane.accepted(10, lane.epoch, 0)
    before = lane.status()
    assert lane.accepted(10, lane.epoch, 0) == ()
    assert lane.status() == before


def test_verdict_of_an_earlier_epoch_changes_nothing() -> None:
    """Late replies never touch the new lane state (rule 12)."""
    lane = make_lane()
    lane.issue()
    old = lane.epoch
    lane.seed(10)
    lane.issue()
    before = lane.status()
    for move in (lane.accepted, lane.refused, lane.stale, lane.unknown, lane.withdrawn):
        assert move(10, old, 0) == ()
    assert lane.status() == before


# -- refused --------------------------------------------------------------------------------------


def test_refused_latest_rolls_back_and_reissues() -> None:
    """A refusal of the latest nonce frees it."""
    lane = make_lane()
    issue(lane, 2)
    assert lane.refused(11, lane.epoch, 0) == (RolledBack(11),)
    assert lane.state is LaneState.OPEN
    assert lane.issue() == 11


def test_refused_with_followers_freezes() -> None:
    """A hole dooms what was already sent behind it."""
    lane = make_lane()
    issue(lane, 3)
    assert lane.refused(10, lane.epoch, 0) == (Froze(FreezeCause.HOLE, 10),)
    with pytest.raises(LaneFrozenError):
        lane.issue()


def test_refused_with_followers_heals_by_inference() -> None:
    """The refused nonce is the next one, and the venue is not asked (rule 8)."""
    lane = make_lane()
    issue(lane, 3)
    lane.refused(10, lane.epoch, 0)
    assert lane.stale(11, lane.epoch, 0) == ()
    healed = only(lane.stale(12, lane.epoch, 5), Healed)
    assert healed == Healed(10, RebaseSource.INFERRED, FreezeCause.HOLE, (11, 12), frozen_ns=5)
    assert lane.issue() == 10
    assert lane.status().refreshes == 0


def test_refused_is_not_among_the_doomed() -> None:
    """A genuine refusal is reported, never resent (rule 5)."""
    lane = make_lane()
    issue(lane, 4)
    lane.stale(12, lane.epoch, 0)
    lane.refused(13, lane.epoch, 0)
    lane.refused(11, lane.epoch, 0)
    healed = only(lane.accepted(10, lane.epoch, 0), Healed)
    assert healed.doomed == (12,)
    assert healed.next_nonce == 11


def test_stale_reply_before_the_refusal_that_explains_it_needs_no_refresh() -> None:
    """The order in which verdicts arrive does not matter."""
    lane = make_lane()
    issue(lane, 2)
    assert lane.stale(11, lane.epoch, 0) == (Froze(FreezeCause.STALE, 11),)
    healed = only(lane.refused(10, lane.epoch, 0), Healed)
    assert (healed.next_nonce, healed.source) == (10, RebaseSource.INFERRED)


def test_refused_although_a_later_one_was_accepted_names_the_foreign_writer() -> None:
    """Acceptance of a later nonce proves that somebody spent this one."""
    lane = make_lane()
    issue(lane, 2)
    lane.accepted(11, lane.epoch, 0)
    assert lane.refused(10, lane.epoch, 0) == (ForeignWriter(10),)
    assert lane.issue() == 12


# -- withdrawn ------------------------------------------------------------------------------------


def test_withdrawn_latest_rolls_back() -> None:
    """What never left the process frees its nonce."""
    lane = make_lane()
    issue(lane, 2)
    assert lane.withdrawn(11, lane.epoch, 0) == (RolledBack(11),)
    assert lane.withdrawn(10, lane.epoch, 0) == (RolledBack(10),)
    assert lane.issue() == 10


def test_withdrawn_while_draining_is_its_owners_to_send_again() -> None:
    """The lane names what it doomed, not what it was handed back."""
    lane = make_lane()
    issue(lane, 3)
    lane.refused(10, lane.epoch, 0)
    lane.withdrawn(12, lane.epoch, 0)
    healed = only(lane.stale(11, lane.epoch, 0), Healed)
    assert healed.doomed == (11,)


# -- stale ----------------------------------------------------------------------------------------


def test_stale_unexplained_asks_once_when_the_lag_is_over() -> None:
    """An unexplained stale verdict asks the venue, after the lag limit."""
    lane = make_lane()
    issue(lane, 3)
    decisions = [lane.stale(n, lane.epoch, n * MS) for n in (10, 11, 12)]
    asked = [d for ds in decisions for d in ds if isinstance(d, AskVenue)]
    assert asked == [AskVenue(12 * MS + SETTLE)]
    assert lane.state is LaneState.REFRESHING


def test_refreshed_above_ours_follows_the_foreign_writer() -> None:
    """A nonce spent by somebody else is named, and the lane goes on behind it."""
    lane = make_lane()
    issue(lane, 2)
    lane.stale(10, lane.epoch, 0)
    lane.stale(11, lane.epoch, 0)
    decisions = lane.refreshed(11, SETTLE)
    assert only(decisions, ForeignWriter) == ForeignWriter(10)
    healed = only(decisions, Healed)
    assert (healed.next_nonce, healed.doomed) == (11, (10, 11))
    assert lane.issue() == 11


def test_refreshed_below_the_verdicts_is_doubted_then_believed() -> None:
    """A lagging answer is not believed until the disbelief limit (rule 8)."""
    lane = make_lane()
    issue(lane, 2)
    lane.accepted(10, lane.epoch, 0)
    lane.stale(11, lane.epoch, 0)
    assert lane.refreshed(10, SETTLE) == (AskVenue(2 * SETTLE),)
    assert lane.state is LaneState.REFRESHING
    healed = only(lane.refreshed(10, DISBELIEF), Healed)
    assert (healed.next_nonce, healed.vanished) == (10, (10,))
    assert lane.issue() == 10


def test_refreshed_while_open_changes_nothing() -> None:
    """An answer nobody waits for is ignored."""
    lane = make_lane()
    issue(lane, 2)
    before = lane.status()
    assert lane.refreshed(50, 0) == ()
    assert lane.status() == before


def test_refreshed_with_an_impossible_nonce_raises_and_changes_nothing() -> None:
    """A call that raises has changed nothing (rule 13)."""
    lane = make_lane()
    lane.issue()
    lane.stale(10, lane.epoch, 0)
    before = lane.status()
    with pytest.raises(ValueError, match="venue_next_nonce"):
        lane.refreshed(-1, DISBELIEF)
    assert lane.status() == before


def test_stale_without_explanation_halves_the_depth_and_clean_running_restores_it() -> None:
    """An unexplained stale verdict under pipelining halves the depth (rule 10)."""
    lane = make_lane(window=4)
    issue(lane, 2)
    lane.accepted(10, lane.epoch, 0)
    lane.stale(11, lane.epoch, 0)
    lane.refreshed(11, SETTLE)
    assert lane.status().depth == 2
    for _ in range(RESTORE_AFTER):
        lane.accepted(lane.issue(), lane.epoch, 0)
    assert lane.status().depth == 4


# -- unknown --------------------------------------------------------------------------------------


def test_unknown_never_rolls_back() -> None:
    """Silence is not a refusal (rule 6)."""
    lane = make_lane()
    lane.issue()
    decisions = lane.unknown(10, lane.epoch, 0)
    assert decisions == (Froze(FreezeCause.UNKNOWN, 10), AskVenue(SETTLE))
    with pytest.raises(LaneFrozenError):
        lane.issue()


def test_unknown_is_resolved_by_a_later_acceptance_without_asking() -> None:
    """A successor's acceptance proves that the nonce is spent (rule 6)."""
    lane = make_lane()
    issue(lane, 2)
    lane.unknown(10, lane.epoch, 0)
    decisions = lane.accepted(11, lane.epoch, 0)
    assert only(decisions, Resolved) == Resolved(10)
    healed = only(decisions, Healed)
    assert (healed.next_nonce, healed.source, healed.doomed) == (12, RebaseSource.INFERRED, ())


def test_unknown_below_the_baseline_is_resolved_at_once() -> None:
    """A late silence about a nonce that later ones passed does not freeze the lane."""
    lane = make_lane()
    issue(lane, 2)
    lane.accepted(11, lane.epoch, 0)
    assert lane.unknown(10, lane.epoch, 0) == (Resolved(10),)
    assert lane.state is LaneState.OPEN


def test_unknown_proved_spent_is_not_resent() -> None:
    """What the venue counts is never sent again."""
    lane = make_lane()
    lane.issue()
    lane.unknown(10, lane.epoch, 0)
    healed = only(lane.refreshed(11, SETTLE), Healed)
    assert (healed.spent, healed.doomed, healed.next_nonce) == ((10,), (), 11)


def test_unknown_proved_unspent_is_told_apart_from_the_doomed() -> None:
    """The counter's word alone does not make a silent transaction fit to be resent (rule 6)."""
    lane = make_lane()
    lane.issue()
    lane.unknown(10, lane.epoch, 0)
    healed = only(lane.refreshed(10, SETTLE), Healed)
    assert (healed.spent, healed.unspent, healed.doomed) == ((), (10,), ())
    assert healed.next_nonce == 10


def test_unknown_with_a_stale_one_behind_it_was_not_taken() -> None:
    """A later nonce's fate resolves it, and the venue is not asked (rules 6 and 8)."""
    lane = make_lane()
    issue(lane, 3)
    lane.stale(11, lane.epoch, 0)
    lane.stale(12, lane.epoch, 0)
    healed = only(lane.unknown(10, lane.epoch, 0), Healed)
    assert (healed.source, healed.next_nonce) == (RebaseSource.INFERRED, 10)
    assert (healed.unspent, healed.doomed) == ((10,), (11, 12))


def test_unknown_with_only_a_later_one_stale_may_have_been_taken() -> None:
    """A refusal between them explains the stale one, so the venue is asked."""
    lane = make_lane()
    issue(lane, 3)
    lane.refused(11, lane.epoch, 0)
    lane.stale(12, lane.epoch, 0)
    assert only(lane.unknown(10, lane.epoch, 0), AskVenue) == AskVenue(SETTLE)


def test_unknown_behind_a_refusal_was_not_taken() -> None:
    """Nothing behind an unspent nonce can have been taken."""
    lane = make_lane()
    issue(lane, 2)
    lane.refused(10, lane.epoch, 0)
    healed = only(lane.unknown(11, lane.epoch, 0), Healed)
    assert (healed.source, healed.next_nonce, healed.unspent) == (RebaseSource.INFERRED, 10, (11,))


def test_unknown_mended_by_a_late_acceptance_heals_without_the_answer() -> None:
    """A reply that comes after the deadline is still evidence while the lane waits."""
    lane = make_lane()
    lane.issue()
    lane.unknown(10, lane.epoch, 0)
    healed = only(lane.accepted(10, lane.epoch, 1), Healed)
    assert healed.next_nonce == 11
    assert lane.refreshed(10, DISBELIEF) == ()


# -- vanished, foreign, halted --------------------------------------------------------------------


def test_vanished_nonce_is_believed_without_doubt() -> None:
    """Proof that a transaction vanished makes the lower next nonce plausible at once."""
    lane = make_lane()
    issue(lane, 2)
    lane.accepted(10, lane.epoch, 0)
    lane.accepted(11, lane.epoch, 0)
    decisions = lane.vanished(10, 0)
    assert only(decisions, Froze) == Froze(FreezeCause.VANISHED, 10)
    healed = only(lane.refreshed(10, SETTLE), Healed)
    assert (healed.next_nonce, healed.vanished) == (10, (10, 11))


def test_vanished_while_refreshing_ends_the_disbelief() -> None:
    """Evidence that comes while the counter is doubted lets it be believed."""
    lane = make_lane()
    issue(lane, 2)
    lane.accepted(10, lane.epoch, 0)
    lane.stale(11, lane.epoch, 0)
    assert only(lane.refreshed(10, SETTLE), AskVenue)
    lane.vanished(10, SETTLE)
    healed = only(lane.refreshed(10, 2 * SETTLE), Healed)
    assert (healed.vanished, healed.doomed) == ((10,), (11,))


def test_foreign_nonce_seen_while_idle_is_stepped_over() -> None:
    """A record of somebody else's transaction saves the next order a heal."""
    lane = make_lane()
    lane.accepted(lane.issue(), lane.epoch, 0)
    assert lane.foreign(11) == (ForeignWriter(11),)
    assert lane.issue() == 12


def test_foreign_nonce_that_is_ours_in_flight_is_accounted_for() -> None:
    """A record is the verdict on its nonce: what of ours stands there is stale, and explained."""
    lane = make_lane()
    lane.be_probed()
    issue(lane, 2)
    assert lane.foreign(10) == (ForeignWriter(10),)
    assert (lane.status().baseline, lane.status().in_flight) == (10, 1)
    assert lane.stale(10, lane.epoch, 0) == ()
    assert lane.state is LaneState.OPEN


def test_foreign_nonce_above_ours_in_flight_is_named_and_remembered() -> None:
    """What is in flight comes back stale, and the heal begins behind the record, not below it."""
    lane = make_lane()
    issue(lane, 1)
    assert lane.foreign(11) == (ForeignWriter(11),)
    assert lane.status().in_flight == 1
    lane.stale(10, lane.epoch, 0)
    assert only(lane.refreshed(10, SETTLE), Healed).next_nonce == 12


def test_foreign_nonce_already_accounted_for_changes_nothing() -> None:
    """Old records are no news."""
    lane = make_lane()
    before = lane.status()
    assert lane.foreign(9) == ()
    assert lane.status() == before


def test_foreign_writer_between_two_of_ours_is_named_once() -> None:
    """A stale one below an accepted one was spent by somebody else."""
    lane = make_lane()
    issue(lane, 2)
    lane.stale(10, lane.epoch, 0)
    decisions = lane.accepted(11, lane.epoch, 0)
    assert only(decisions, ForeignWriter) == ForeignWriter(10)
    healed = only(decisions, Healed)
    assert (healed.doomed, healed.next_nonce) == ((10,), 12)


def test_halt_stops_issuing_until_seeded() -> None:
    """A halted lane hands out nothing; seeding opens it again."""
    lane = make_lane()
    assert lane.halt("operator") == (Halted("operator"),)
    with pytest.raises(LaneHaltedError):
        lane.issue()
    lane.seed(10)
    assert lane.issue() == 10
