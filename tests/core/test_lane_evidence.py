"""What the lane makes of records, suspicions and doubts, and of a number that is taken."""

from __future__ import annotations

from typing import Any

import pytest

from nautilus_lighter_nonce.core.counter import MAX_JUMP
from nautilus_lighter_nonce.core.counter import MAX_NONCE
from nautilus_lighter_nonce.core.decisions import AskVenue
from nautilus_lighter_nonce.core.decisions import ForeignWriter
from nautilus_lighter_nonce.core.decisions import FreezeCause
from nautilus_lighter_nonce.core.decisions import Froze
from nautilus_lighter_nonce.core.decisions import Healed
from nautilus_lighter_nonce.core.decisions import LaneState
from nautilus_lighter_nonce.core.decisions import RebaseSource
from nautilus_lighter_nonce.core.decisions import Resolved
from nautilus_lighter_nonce.core.depth import RESTORE_AFTER
from nautilus_lighter_nonce.core.errors import LaneFrozenError
from nautilus_lighter_nonce.core.errors import LaneHaltedError
from nautilus_lighter_nonce.core.errors import NotInitialized
from nautilus_lighter_nonce.core.errors import SkipWindowExhausted
from tests.core.lanes import SETTLE
from tests.core.lanes import issue
from tests.core.lanes import make_lane
from tests.core.lanes import only


# -- spent ----------------------------------------------------------------------------------------


def test_spent_before_its_reply_is_the_verdict() -> None:
    """Evidence 3b: the record says more than the reply, and takes its slot back."""
    lane = make_lane()
    issue(lane, 2)
    assert lane.spent(10, 5) == (Resolved(10),)
    assert (lane.status().in_flight, lane.status().baseline) == (1, 10)
    assert lane.stale(10, lane.epoch, 6) == ()
    assert lane.state is LaneState.OPEN


def test_spent_resolves_what_is_unknown_below() -> None:
    """The venue takes exactly the next: all below were taken."""
    lane = make_lane()
    issue(lane, 3)
    lane.unknown(10, lane.epoch, 0)
    lane.stale(11, lane.epoch, 0)
    resolved, below, foreign, healed = lane.spent(12, 9)
    assert (resolved, below, foreign) == (Resolved(12), Resolved(10), ForeignWriter(11))
    assert isinstance(healed, Healed)
    assert (healed.next_nonce, healed.doomed) == (13, (11,))


def test_spent_as_the_last_verdict_ends_the_drain() -> None:
    """What stands behind the record is explained by what was said of it."""
    lane = make_lane()
    issue(lane, 3)
    lane.stale(12, lane.epoch, 5)
    lane.unknown(11, lane.epoch, 7)
    resolved, healed = lane.spent(10, 9)
    assert resolved == Resolved(10)
    assert isinstance(healed, Healed)
    assert (healed.next_nonce, healed.unspent, healed.doomed) == (11, (11,), (12,))


@pytest.mark.parametrize(("now_ns", "asked_ns"), [(90, 90), (3, 7)])
def test_spent_as_the_last_verdict_times_the_question(now_ns: int, asked_ns: int) -> None:
    """The lag counts from the latest thing that was heard."""
    lane = make_lane()
    issue(lane, 2)
    lane.unknown(11, lane.epoch, 7)
    assert only(lane.spent(10, now_ns), AskVenue) == AskVenue(asked_ns + SETTLE)


def test_spent_behind_what_was_issued_is_stepped_over_when_nothing_waits() -> None:
    """The next order need not be stale first."""
    lane = make_lane()
    lane.accepted(lane.issue(), lane.epoch, 0)
    assert lane.spent(13, 0) == (Resolved(13),)
    assert (lane.status().baseline, lane.issue()) == (13, 14)


def test_spent_behind_what_was_issued_is_remembered_while_something_waits() -> None:
    """What is in flight comes back stale, and the heal begins behind the record."""
    lane = make_lane()
    issue(lane, 1)
    assert lane.spent(13, 0) == (Resolved(13),)
    assert (lane.next_nonce, lane.proved) == (11, 14)
    lane.stale(10, lane.epoch, 0)
    assert only(lane.refreshed(10, SETTLE), Healed).next_nonce == 14


def test_spent_of_the_latest_issue_is_no_step_beyond_it() -> None:
    """The border between the two."""
    lane = make_lane()
    issue(lane, 2)
    lane.spent(11, 0)
    assert (lane.status().baseline, lane.next_nonce, lane.status().in_flight) == (11, 12, 1)


def test_spent_at_nonce_0_of_a_fresh_key_is_accounted_for() -> None:
    """The first nonce is a nonce."""
    lane = make_lane(seed=0)
    lane.issue()
    assert lane.spent(0, 0) == (Resolved(0),)
    assert (lane.status().in_flight, lane.status().baseline) == (0, 0)


def test_spent_twice_is_news_once() -> None:
    """Records come again with every look-up."""
    lane = make_lane()
    issue(lane, 2)
    lane.spent(10, 0)
    before = lane.status()
    assert lane.spent(10, 1) == ()
    assert lane.foreign(10, 1) == ()
    assert lane.status() == before


def test_spent_of_an_accepted_nonce_is_noticed() -> None:
    """No news for the lane, but the counter is never below it again (evidence 12)."""
    lane = make_lane()
    lane.accepted(lane.issue(), lane.epoch, 0)
    assert lane.spent(10, 0) == ()
    assert lane.proved == 11


@pytest.mark.parametrize("nonce", [-1, 11 + MAX_JUMP, 2**48, 2**60])
def test_spent_of_a_nonce_that_cannot_be_changes_nothing(nonce: int) -> None:
    """A17: what the venue answers is checked before it is believed, records too."""
    lane = make_lane()
    lane.issue()
    before = lane.status()
    assert not lane.can_have(nonce)
    assert lane.spent(nonce, 0) == ()
    lane.notice(nonce)
    assert (lane.status(), lane.proved) == (before, 10)


def test_can_have_up_to_the_furthest_jump() -> None:
    """The counter may rise by a million between two looks."""
    lane = make_lane(seed=10)
    assert lane.can_have(9 + MAX_JUMP)
    assert not lane.can_have(10 + MAX_JUMP)
    assert lane.can_have(0)
    assert make_lane(seed=MAX_NONCE).can_have(MAX_NONCE)
    assert not make_lane(seed=MAX_NONCE).can_have(MAX_NONCE + 1)


@pytest.mark.parametrize("is_halted", [True, False])
def test_spent_of_a_lane_that_waits_for_a_seed_changes_nothing(is_halted: bool) -> None:
    """A seed begins anew, whatever was executed before."""
    lane = make_lane(seed=10 if is_halted else None)
    if is_halted:
        lane.halt("operator")
    before = lane.status()
    assert lane.spent(10, 0) == ()
    assert (lane.status(), lane.proved) == (before, 10 if is_halted else 0)


# -- spent by a stranger --------------------------------------------------------------------------


def test_foreign_nonce_in_flight_without_an_outbox_is_doomed() -> None:
    """Whoever sends again what `doomed` names hears of it, though the reply comes later."""
    lane = make_lane()
    issue(lane, 2)
    assert lane.foreign(10, 7) == (Froze(FreezeCause.STALE, 10), ForeignWriter(10))
    assert lane.stale(10, lane.epoch, 8) == ()
    healed = only(lane.accepted(11, lane.epoch, 9), Healed)
    assert (healed.doomed, healed.next_nonce, healed.source) == (
        (10,),
        12,
        RebaseSource.INFERRED,
    )


@pytest.mark.parametrize("verdict", ["refused", "stale", "withdrawn"])
def test_strangers_record_leaves_an_answered_one_to_its_heal(verdict: str) -> None:
    """What was answered keeps its answer; only its number is explained."""
    lane = make_lane()
    issue(lane, 2)
    getattr(lane, verdict)(10, lane.epoch, 0)
    assert lane.foreign(10, 1) == (ForeignWriter(10),)
    healed = only(lane.accepted(11, lane.epoch, 2), Healed)
    assert healed.doomed == ((10,) if verdict == "stale" else ())


def test_strangers_record_dooms_an_unknown_one_without_an_outbox() -> None:
    """Evidence 3b: it is dead by another's record, and may be sent again."""
    lane = make_lane()
    lane.unknown(lane.issue(), lane.epoch, 0)
    foreign, healed = lane.foreign(10, 1)
    assert foreign == ForeignWriter(10)
    assert isinstance(healed, Healed)
    assert (healed.next_nonce, healed.doomed, healed.unspent) == (11, (10,), ())


@pytest.mark.parametrize(("now_ns", "asked_ns"), [(90, 90), (3, 7)])
def test_strangers_record_of_what_is_in_flight_is_its_last_verdict(
    now_ns: int, asked_ns: int
) -> None:
    """And times the question, as a stale answer would."""
    lane = make_lane()
    issue(lane, 2)
    lane.unknown(11, lane.epoch, 7)
    decisions = lane.foreign(10, now_ns)
    assert only(decisions, AskVenue) == AskVenue(asked_ns + SETTLE)
    assert only(lane.refreshed(11, 100), Healed).doomed == (10,)


def test_strangers_record_with_an_outbox_costs_no_drain() -> None:
    """A20: the outbox sends again what lost its number; the others go on."""
    lane = make_lane()
    lane.be_probed()
    issue(lane, 2)
    assert lane.foreign(10, 1) == (ForeignWriter(10),)
    assert lane.state is LaneState.OPEN
    assert lane.issue() == 12


# -- vanished and doubted -------------------------------------------------------------------------


def test_doubted_above_the_baseline_asks_though_it_could_be_inferred() -> None:
    """A refused one proves the next; what may still be taken at it does not care."""
    lane = make_lane()
    issue(lane, 3)
    assert lane.doubted(12, 40) == (Froze(FreezeCause.UNKNOWN, 12),)
    lane.refused(10, lane.epoch, 41)
    lane.stale(11, lane.epoch, 42)
    assert only(lane.stale(12, lane.epoch, 43), AskVenue) == AskVenue(43 + SETTLE)
    assert only(lane.refreshed(10, SETTLE), Healed).doomed == (11, 12)
    lane.refused(lane.issue(), lane.epoch, 50)
    assert lane.state is LaneState.OPEN


def test_doubted_times_its_question_from_the_doubt() -> None:
    """Nothing else was heard since."""
    lane = make_lane()
    lane.accepted(lane.issue(), lane.epoch, 0)
    lane.spent(14, 0)
    assert lane.doubted(15, 40) == (Froze(FreezeCause.UNKNOWN, 15), AskVenue(40 + SETTLE))
    assert lane.frozen_since_ns == 40


@pytest.mark.parametrize("nonce", [9, 10])
def test_doubted_behind_the_lane_is_suspected(nonce: int) -> None:
    """A pass begins there: the counter is acted on down to it."""
    lane = make_lane(seed=8)
    for _ in range(3):
        lane.accepted(lane.issue(), lane.epoch, 0)
    decisions = lane.doubted(nonce, 40)
    assert decisions == (Froze(FreezeCause.VANISHED, nonce), AskVenue(40 + SETTLE))
    assert only(lane.refreshed(nonce, SETTLE), Healed).next_nonce == nonce


def test_doubted_just_above_the_baseline_is_not_suspected() -> None:
    """The border between the two."""
    lane = make_lane()
    issue(lane, 1)
    assert lane.doubted(10, 0) == (Froze(FreezeCause.UNKNOWN, 10),)


@pytest.mark.parametrize("state", [LaneState.DRAINING, LaneState.REFRESHING, LaneState.HALTED])
def test_doubted_of_a_lane_that_is_not_open_changes_nothing(state: LaneState) -> None:
    """Its heal is under way, or a seed will come."""
    lane = make_lane()
    issue(lane, 2)
    lane.stale(10, lane.epoch, 0)
    if state is not LaneState.DRAINING:
        lane.stale(11, lane.epoch, 0)
    if state is LaneState.HALTED:
        lane.halt("operator")
    before, question = lane.status(), lane.question_ns
    assert lane.doubted(9, 90) == ()
    assert lane.doubted(11, 90) == ()
    assert (lane.status(), lane.question_ns) == (before, question)


def test_doubted_of_a_lane_never_seeded_changes_nothing() -> None:
    """Nothing was written."""
    lane = make_lane(seed=None)
    assert lane.doubted(0, 0) == ()
    assert lane.state is LaneState.UNSEEDED


def test_vanished_of_a_probed_lane_waits_for_no_disbelief() -> None:
    """Evidence 11: one counter question, then a pass from its answer, wherever that is."""
    lane = make_lane()
    lane.be_probed()
    for _ in range(3):
        lane.accepted(lane.issue(), lane.epoch, 0)
    lane.vanished(12, 0)
    assert only(lane.refreshed(10, SETTLE), Healed).next_nonce == 10


# -- taking what is taken -------------------------------------------------------------------------


def test_take_passes_over_the_next_nonce() -> None:
    """It is accounted for at once, holds no slot and is nothing that was issued."""
    lane = make_lane(window=2)
    issue(lane, 1)
    assert lane.take() == 11
    status = lane.status()
    assert (status.baseline, status.last_issued) == (11, 11)
    assert (status.in_flight, status.issued, lane.free_slots()) == (1, 1, 1)
    assert lane.issue() == 12


def test_take_passes_over_all_that_the_counter_counts_in_one_step() -> None:
    """A7: a jump of the counter is never walked through."""
    lane = make_lane()
    lane.weigh(900_000, 0)
    assert lane.take() == 10
    assert (lane.next_nonce, lane.status().baseline) == (900_000, 899_999)
    assert lane.take() == 900_000
    assert lane.issue() == 900_001


@pytest.mark.parametrize(
    ("ruin", "error"),
    [
        (lambda lane: issue(lane, 2), SkipWindowExhausted),
        (lambda lane: lane.unknown(lane.issue(), lane.epoch, 0), LaneFrozenError),
        (lambda lane: lane.halt("operator"), LaneHaltedError),
    ],
)
def test_take_that_raises_changes_nothing(ruin: Any, error: type[Exception]) -> None:
    """As `issue` does (rule 13)."""
    lane = make_lane(window=2)
    ruin(lane)
    before = lane.status()
    with pytest.raises(error):
        lane.take()
    assert lane.status() == before


def test_take_before_the_seed_raises_not_initialized() -> None:
    """An unseeded lane has no next nonce."""
    lane = make_lane(seed=None)
    assert lane.next_nonce == -1
    with pytest.raises(NotInitialized):
        lane.take()


# -- what is asked of a lane ----------------------------------------------------------------------


def test_next_nonce_is_what_issue_returns() -> None:
    """Also after a rollback and a heal."""
    lane = make_lane()
    for _ in range(3):
        assert lane.next_nonce == lane.issue()
    lane.refused(12, lane.epoch, 0)
    assert lane.next_nonce == 12 == lane.issue()


def test_concerns_what_would_move_the_lane() -> None:
    """What is above the baseline, and what is not accounted for below it."""
    lane = make_lane()
    assert not make_lane(seed=None).concerns(0)
    issue(lane, 3)
    lane.accepted(11, lane.epoch, 0)
    assert [lane.concerns(nonce) for nonce in range(9, 15)] == [
        *(False, True, False, True, True, True),
    ]


@pytest.mark.parametrize("verdict", ["refused", "unknown", "withdrawn"])
def test_verdict_below_the_baseline_accounts_for_its_nonce(verdict: str) -> None:
    """What was said of it is said once: its record is no news any more."""
    lane = make_lane()
    issue(lane, 2)
    lane.accepted(11, lane.epoch, 0)
    assert len(getattr(lane, verdict)(10, lane.epoch, 0)) == 1
    assert not lane.concerns(10)
    assert lane.spent(10, 0) == ()


def test_narrow_leaves_one_in_flight_until_the_venue_answers_cleanly() -> None:
    """A18: answers that cannot be told apart; two hundred clean ones double it."""
    lane = make_lane(window=4)
    for _ in range(RESTORE_AFTER - 1):
        lane.accepted(lane.issue(), lane.epoch, 0)
    lane.narrow()
    assert (lane.depth, lane.free_slots()) == (1, 1)
    for expected in (1, 2):
        for _ in range(RESTORE_AFTER - 1):
            lane.accepted(lane.issue(), lane.epoch, 0)
        assert lane.depth == expected
        lane.accepted(lane.issue(), lane.epoch, 0)
        assert lane.depth == 2 * expected
