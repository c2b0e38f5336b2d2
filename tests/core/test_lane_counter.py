"""The lane and the venue's counter: what is believed, named, asked again, or ends in a halt."""

from __future__ import annotations

import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_lighter_nonce.core.counter import MAX_LAG
from nautilus_lighter_nonce.core.counter import MAX_NONCE
from nautilus_lighter_nonce.core.counter import RESET_AFTER_NS
from nautilus_lighter_nonce.core.counter import STANDSTILL_NS
from nautilus_lighter_nonce.core.decisions import AskVenue
from nautilus_lighter_nonce.core.decisions import Halted
from nautilus_lighter_nonce.core.decisions import Healed
from nautilus_lighter_nonce.core.decisions import Implausible
from nautilus_lighter_nonce.core.decisions import LaneState
from nautilus_lighter_nonce.core.decisions import RebaseSource
from nautilus_lighter_nonce.core.errors import LaneHaltedError
from nautilus_lighter_nonce.core.errors import NonceOverflow
from nautilus_lighter_nonce.core.lane import NonceLane
from tests.core.lanes import DISBELIEF
from tests.core.lanes import SETTLE
from tests.core.lanes import issue
from tests.core.lanes import make_lane
from tests.core.lanes import only


CLOCK_MILLIS = 1_800_000_000_000


def asking_lane(seed: int = 50) -> NonceLane:
    """Return a lane with one accepted and shown transaction, that asks for the counter."""
    lane = make_lane(seed=seed)
    lane.accepted(lane.issue(), lane.epoch, 0)
    lane.notice(seed)
    lane.stale(lane.issue(), lane.epoch, 0)
    assert lane.state is LaneState.REFRESHING
    return lane


# -- A7: the counter falls ------------------------------------------------------------------------


def test_a7_fall_from_clock_milliseconds_to_1_halts_and_names_both() -> None:
    """Evidence 12: below what is known executed means a reset; nothing is issued any more."""
    lane = asking_lane(seed=CLOCK_MILLIS)
    reason = f"it was far higher before (it was {CLOCK_MILLIS + 1} or near it)"
    assert lane.weigh(1, 0) == (Implausible("1", reason),)
    assert lane.weigh(1, 1) == (Implausible("1", reason),)
    halted = only(lane.weigh(1, 2), Halted)
    assert halted.reason == (
        f"the venue counts from 1, but nonce {CLOCK_MILLIS} was executed: it was reset"
    )
    assert lane.status().halt_reason == halted.reason
    with pytest.raises(LaneHaltedError, match=f"from 1, but nonce {CLOCK_MILLIS}"):
        lane.issue()


def test_a7_fall_from_50_to_1_that_lasts_halts() -> None:
    """A lane that traded little is reset as well; meanwhile nothing is written below 51."""
    lane = asking_lane(seed=50)
    for now in (0, RESET_AFTER_NS - 1):
        assert lane.weigh(1, now) == ()
        assert not lane.believes(1)
        healed = only(lane.refreshed(1, now), Healed)
        assert healed.next_nonce == 51
        lane.stale(lane.issue(), lane.epoch, now)
    assert "nonce 50 was executed" in only(lane.weigh(1, RESET_AFTER_NS), Halted).reason


def test_a7_fall_below_what_only_records_showed_halts() -> None:
    """Evidence 12 of a fresh key: the counter was never asked since the seed at 0."""
    lane = make_lane(seed=0)
    for nonce in range(30):
        lane.accepted(lane.issue(), lane.epoch, 0)
        assert not lane.concerns(nonce)
        lane.notice(nonce)
    assert (lane.proved, lane.believes(29), lane.believes(30)) == (30, False, True)
    lane.stale(lane.issue(), lane.epoch, 0)
    assert lane.weigh(0, 0) == ()
    assert "nonce 29 was executed" in only(lane.weigh(0, STANDSTILL_NS), Halted).reason


def test_a7_lagging_fall_of_a_few_is_not_believed_and_stops_nobody() -> None:
    """Rule 8: a late replica proves nothing; the lane goes on behind what was executed."""
    lane = asking_lane(seed=50)
    assert not lane.believes(48)
    assert lane.weigh(48, 0) == ()
    healed = only(lane.refreshed(48, SETTLE), Healed)
    assert (healed.next_nonce, healed.vanished) == (51, ())
    lane.accepted(lane.issue(), lane.epoch, SETTLE)
    assert lane.weigh(48, RESET_AFTER_NS) == ()


def test_a7_fall_costs_no_memory() -> None:
    """Numbers are compared, and what is listed has an end."""
    lane = make_lane(seed=CLOCK_MILLIS)
    lane.accepted(lane.issue(), lane.epoch, 0)
    lane.stale(lane.issue(), lane.epoch, 0)
    tracemalloc.start()
    for now in range(3):
        lane.weigh(1, now)
        lane.refreshed(1, now)
    lane.seed(5)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 50_000


def test_a7_vanished_nonces_are_listed_up_to_a_limit() -> None:
    """A long lane without records may fall far; its owner hears of the last ones."""
    lane = make_lane(seed=0)
    for nonce in range(MAX_LAG + 5):
        lane.accepted(lane.issue(), lane.epoch, 0)
        assert nonce == lane.next_nonce - 1
    lane.stale(lane.issue(), lane.epoch, 0)
    vanished = only(lane.refreshed(0, DISBELIEF), Healed).vanished
    assert (len(vanished), vanished[0], vanished[-1]) == (MAX_LAG, 5, MAX_LAG + 4)


def test_a7_lane_halted_for_a_reset_is_opened_by_a_seed_only() -> None:
    """Whether old signatures have expired is for its owner to say."""
    lane = asking_lane(seed=CLOCK_MILLIS)
    lane.reset(1)
    assert lane.has_fallen_to(1)
    assert lane.weigh(CLOCK_MILLIS + 1, 9) == ()
    assert lane.refreshed(CLOCK_MILLIS + 1, 9) == ()
    assert lane.state is LaneState.HALTED
    lane.seed(1)
    assert (lane.issue(), lane.proved, lane.has_fallen_to(0)) == (1, 1, False)


@pytest.mark.parametrize(("value", "has_fallen"), [(50_000, False), (50_001 - MAX_LAG, False)])
def test_has_fallen_to_a_number_within_the_lag_is_false(value: int, has_fallen: bool) -> None:
    """A counter that is answered on a reconnect may lag."""
    lane = asking_lane(seed=50_000)
    assert lane.has_fallen_to(value) is has_fallen
    assert lane.has_fallen_to(50_000 - MAX_LAG)


def test_has_fallen_of_a_lane_never_seeded_is_false() -> None:
    """Nothing is known."""
    lane = make_lane(seed=None)
    assert not lane.has_fallen_to(0)
    assert lane.proved == 0


# -- A17: the counter is absurd -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        *((None, "None"), ("12", "12"), (1.5, "1.5"), (True, "True"), (-1, "-1")),
        *((2**60, str(2**60)), (MAX_NONCE + 1, str(MAX_NONCE + 1)), ("x" * 99, "x" * 40)),
    ],
)
def test_a17_answer_that_is_no_nonce_is_named_and_moves_nothing(value: Any, shown: str) -> None:
    """The question is asked again; in any state of the lane."""
    lanes = [make_lane(seed=None), make_lane(seed=50), asking_lane(seed=50), make_lane(seed=50)]
    lanes[-1].halt("operator")
    for lane in lanes:
        before = lane.status()
        assert not lane.believes(value)
        (said,) = lane.weigh(value, 0)
        assert isinstance(said, Implausible)
        assert said.value == shown
        assert said.reason.startswith("it is no number a venue can hold")
        assert lane.status() == before


@pytest.mark.parametrize("value", [None, "12", 1.5, True, -1, 2**60, MAX_NONCE + 1])
def test_a17_refreshed_with_no_nonce_raises_and_changes_nothing(value: Any) -> None:
    """Rule 13, in every state: whoever did not weigh hears of it."""
    for lane in (asking_lane(), make_lane(), make_lane(seed=None)):
        lane.be_probed()
        before, question = lane.status(), lane.question_ns
        with pytest.raises((TypeError, ValueError), match="venue_next_nonce was"):
            lane.refreshed(value, DISBELIEF)
        assert (lane.status(), lane.question_ns) == (before, question)
    assert only(asking_lane().refreshed(51, 0), Healed).next_nonce == 51


@pytest.mark.parametrize("value", [None, "12", 1.5, True, -1, 2**60, MAX_NONCE + 1])
def test_a17_seed_with_no_nonce_raises_and_changes_nothing(value: Any) -> None:
    """Rule 13."""
    lane = asking_lane()
    before = lane.status()
    with pytest.raises((TypeError, ValueError), match="venue_next_nonce was"):
        lane.seed(value)
    assert lane.status() == before
    assert lane.proved == 51


def test_a17_jump_is_believed_when_three_answers_agree() -> None:
    """Rule 8: named, asked again; and the lane passes over it in one step."""
    lane = asking_lane(seed=50)
    for now in (1, 2):
        assert not lane.believes(CLOCK_MILLIS)
        (said,) = lane.weigh(CLOCK_MILLIS, now)
        assert said == Implausible(
            str(CLOCK_MILLIS), "nobody sends that many at a time (it was 51 or near it)"
        )
    assert lane.believes(CLOCK_MILLIS)
    assert lane.weigh(CLOCK_MILLIS, 3) == ()
    assert only(lane.refreshed(CLOCK_MILLIS, 3), Healed).next_nonce == CLOCK_MILLIS
    assert lane.issue() == CLOCK_MILLIS


def test_a17_odd_answer_that_was_believed_shuts_no_lane() -> None:
    """One answer that looks well is no proof: the next may say otherwise."""
    lane = asking_lane(seed=50)
    assert lane.weigh(40_000, 0) == ()
    assert only(lane.refreshed(40_000, 0), Healed).next_nonce == 40_000
    lane.stale(lane.issue(), lane.epoch, 1)
    assert lane.weigh(51, 2) == ()
    lane.refreshed(51, 2)
    assert lane.weigh(51, 1 + DISBELIEF) == ()
    assert only(lane.refreshed(51, 1 + DISBELIEF), Healed).next_nonce == 51
    assert (lane.take(), lane.next_nonce) == (51, 52)


def test_weigh_in_a_lane_that_waits_for_a_seed_takes_any_number() -> None:
    """A lane never seeded knows nothing; a halted one learns nothing."""
    unseeded, halted = make_lane(seed=None), make_lane(seed=50)
    halted.halt("operator")
    for lane in (unseeded, halted):
        assert [lane.weigh(value, 0) for value in (0, MAX_NONCE, 0, 0)] == [()] * 4
        assert lane.state is not LaneState.OPEN
    assert unseeded.believes(MAX_NONCE)
    assert not halted.believes(MAX_NONCE)
    assert not halted.believes(1)
    assert halted.believes(60)


@given(
    values=st.lists(
        st.one_of(
            st.none(), st.text(), st.booleans(), st.floats(), st.integers(), st.integers(40, 60)
        ),
        max_size=30,
    ),
    is_probed=st.booleans(),
)
def test_a17_any_answers_leave_a_lane_that_asks_or_is_open_or_says_why(
    values: list[Any], is_probed: bool
) -> None:
    """No answer raises; what may not be believed moves nothing; a halt names a number."""
    lane, now = asking_lane(seed=50), 0
    if is_probed:
        lane.be_probed()
    for value in values:
        now += SETTLE
        believed, before = lane.believes(value), lane.status()
        wrong = lane.weigh(value, now)
        assert not (believed and wrong)
        if wrong and lane.state is not LaneState.HALTED:
            assert lane.status() == before
        if not wrong:
            lane.refreshed(value, now)
        assert lane.proved >= 51
        if lane.state is LaneState.OPEN:
            assert lane.next_nonce >= 51
            lane.stale(lane.issue(), lane.epoch, now)
        elif lane.state is LaneState.HALTED:
            assert "was executed: it was reset" in lane.status().halt_reason
        else:
            assert lane.question_ns is not None


# -- A16: the counter stands still ----------------------------------------------------------------


def test_a16_counter_that_stands_still_is_asked_ever_later() -> None:
    """What an earlier run has spent is not counted yet: eight seconds cost five questions."""
    lane = make_lane(seed=50)
    now, questions = 0, []
    while now < 8_000_000_000:
        lane.stale(lane.issue(), lane.epoch, now)
        assert lane.question_ns is not None
        now = lane.question_ns
        questions.append(now)
        assert only(lane.refreshed(50, now), Healed).next_nonce == 50
    pauses = [b - a for a, b in zip([0, *questions], questions, strict=False)]
    assert [pause // SETTLE for pause in pauses] == [1, 2, 4, 8, 16]


def test_a16_counter_that_moves_on_is_asked_soon_again() -> None:
    """An acceptance shows that the pauses bore fruit."""
    lane = make_lane(seed=50)
    for _ in range(3):
        lane.stale(lane.issue(), lane.epoch, 0)
        lane.refreshed(50, 0)
    lane.accepted(lane.issue(), lane.epoch, 0)
    assert only(lane.stale(lane.issue(), lane.epoch, 0), AskVenue) == AskVenue(SETTLE)


def test_a16_answers_that_are_doubted_are_asked_again_ever_later() -> None:
    """Pauses grow within one fault as well, up to the moment when the answer is acted on."""
    lane = make_lane(seed=50)
    issue(lane, 2)
    lane.accepted(50, lane.epoch, 0)
    lane.stale(51, lane.epoch, 0)
    assert lane.question_ns is not None
    asked = [lane.question_ns]
    while only_ask := lane.refreshed(50, asked[-1]):
        if not isinstance(only_ask[0], AskVenue):
            break
        asked.append(only_ask[0].not_before_ns)
        assert lane.question_ns == asked[-1]
    assert asked == [SETTLE, 2 * SETTLE, 4 * SETTLE, DISBELIEF]


def test_question_is_open_only_while_the_lane_asks() -> None:
    """Nobody is asked by an open, draining, halted or unseeded lane."""
    lane = make_lane(seed=None)
    assert lane.question_ns is None
    lane.seed(50)
    issue(lane, 2)
    assert lane.question_ns is None
    lane.stale(50, lane.epoch, 5)
    assert (lane.state, lane.question_ns) == (LaneState.DRAINING, None)
    lane.stale(51, lane.epoch, 9)
    assert lane.question_ns == 9 + SETTLE
    lane.halt("operator")
    assert lane.question_ns is None


# -- leaning and probing --------------------------------------------------------------------------


def silent_behind_an_accepted_one(*, is_probed: bool) -> NonceLane:
    """Return a lane that asks: 50 was accepted, 51 went silent."""
    lane = make_lane(seed=50)
    if is_probed:
        lane.be_probed()
    issue(lane, 2)
    lane.accepted(50, lane.epoch, 0)
    lane.unknown(51, lane.epoch, 0)
    return lane


@pytest.mark.parametrize("is_probed", [True, False])
def test_refreshed_below_an_acceptance_is_leant_against_once(is_probed: bool) -> None:
    """The accepted one is late, not gone: nothing is called vanished, and no time is lost."""
    lane = silent_behind_an_accepted_one(is_probed=is_probed)
    healed = only(lane.refreshed(50, SETTLE), Healed)
    assert (healed.next_nonce, healed.vanished, healed.unspent) == (51, (), (51,))


def test_refreshed_below_an_acceptance_is_doubted_the_second_time() -> None:
    """Without an outbox, up to the disbelief limit."""
    lane = silent_behind_an_accepted_one(is_probed=False)
    lane.refreshed(50, 0)
    lane.unknown(lane.issue(), lane.epoch, 0)
    assert only(lane.refreshed(50, DISBELIEF - 1), AskVenue)
    assert only(lane.refreshed(50, DISBELIEF), Healed).vanished == (50,)


def test_refreshed_below_an_acceptance_is_probed_the_second_time() -> None:
    """Evidence 10: an outbox finds out by writing there, and waits for nothing."""
    lane = silent_behind_an_accepted_one(is_probed=True)
    lane.refreshed(50, 0)
    lane.unknown(lane.issue(), lane.epoch, 0)
    healed = only(lane.refreshed(50, 0), Healed)
    assert (healed.next_nonce, healed.vanished, healed.source) == (
        50,
        (50,),
        RebaseSource.REFRESHED,
    )


def test_refreshed_below_what_was_stale_is_probed_at_once() -> None:
    """Evidence 10: the next after the top is stale while the counter stays."""
    lane = make_lane(seed=50)
    lane.be_probed()
    issue(lane, 2)
    lane.accepted(50, lane.epoch, 0)
    lane.stale(51, lane.epoch, 0)
    assert only(lane.refreshed(50, 0), Healed).next_nonce == 50


def test_refreshed_never_begins_below_what_is_proved() -> None:
    """Rule 8, evidence 12: whatever was suspected, doubted or answered."""
    for suspects in (True, False):
        lane = make_lane(seed=50)
        lane.be_probed()
        for nonce in issue(lane, 3):
            lane.accepted(nonce, lane.epoch, 0)
        lane.notice(51)
        lane.vanished(50, 0) if suspects else lane.stale(lane.issue(), lane.epoch, 0)
        assert only(lane.refreshed(0, DISBELIEF), Healed).next_nonce == 52


def test_heal_by_inference_never_begins_below_what_is_proved() -> None:
    """A stranger's record above the refused one says where the venue is."""
    lane = make_lane(seed=50)
    issue(lane, 2)
    lane.refused(50, lane.epoch, 0)
    lane.foreign(60, 0)
    healed = only(lane.stale(51, lane.epoch, 0), Healed)
    assert (healed.next_nonce, healed.source) == (61, RebaseSource.INFERRED)


# -- the last nonce of all ------------------------------------------------------------------------


def test_last_nonce_is_issued_and_none_behind_it() -> None:
    """The venue takes exact nonces up to 2^48 - 1; a slot for another is none."""
    lane = make_lane(seed=MAX_NONCE - 1)
    assert lane.free_slots() == 2
    assert issue(lane, 2) == [MAX_NONCE - 1, MAX_NONCE]
    assert (lane.free_slots(), lane.can_issue()) == (0, False)
    before = lane.status()
    for move in (lane.issue, lane.take):
        with pytest.raises(NonceOverflow) as caught:
            move()
        assert caught.value.last_issued == MAX_NONCE
    assert lane.status() == before


def test_last_nonce_accepted_or_spent_halts() -> None:
    """The key is used up for ever, and its owner must hear why nothing goes any more."""
    for is_accepted in (True, False):
        lane = make_lane(seed=MAX_NONCE)
        nonce = lane.issue()
        decisions = lane.accepted(nonce, lane.epoch, 0) if is_accepted else lane.spent(nonce, 0)
        assert only(decisions, Halted).reason == (
            f"nonce {MAX_NONCE} is spent, and the venue has none behind it"
        )
        assert lane.state is LaneState.HALTED


def test_last_nonce_accepted_in_a_halted_lane_keeps_its_reason() -> None:
    """The first cause is the true one."""
    lane = make_lane(seed=MAX_NONCE)
    nonce = lane.issue()
    lane.halt("operator")
    assert lane.accepted(nonce, lane.epoch, 0) == ()
    assert lane.status().halt_reason == "operator"
