"""When `nextNonce` is asked, and when a lane acts on the answer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_lighter_nonce.core.question import MAX_DOUBLINGS
from nautilus_lighter_nonce.core.question import Question


SETTLE = 350
DISBELIEF = 2_000


def question(*, is_probed: bool = False) -> Question:
    """Return a question that was begun at 0."""
    asked = Question(SETTLE, DISBELIEF)
    asked.is_probed = is_probed
    asked.begin(0, 0)
    return asked


# -- asking ---------------------------------------------------------------------------------------


def test_begin_waits_for_the_lag_since_the_last_verdict() -> None:
    """The counter may lag that long behind what was answered."""
    asked = Question(SETTLE, DISBELIEF)
    assert asked.begin(100, 120) == 100 + SETTLE
    assert asked.due_ns == 100 + SETTLE


def test_begin_after_heals_without_fruit_waits_twice_as_long_each_time() -> None:
    """A16: a counter that stands still is asked ever later, up to a limit."""
    asked = Question(SETTLE, DISBELIEF)
    pauses = []
    for _ in range(MAX_DOUBLINGS + 3):
        pauses.append(asked.begin(0, 0) // SETTLE)
        asked.healed(by_answer=True)
    assert pauses == [1, 2, 4, 8, 16, 32, 32, 32]


def test_heal_without_an_answer_costs_no_patience() -> None:
    """What the verdicts explained needs no longer pause."""
    asked = Question(SETTLE, DISBELIEF)
    asked.healed(by_answer=False)
    assert asked.begin(0, 0) == SETTLE


def test_calm_makes_the_next_pause_short_again() -> None:
    """Something was accepted."""
    asked = question()
    asked.healed(by_answer=True)
    asked.calm()
    assert asked.begin(0, 0) == SETTLE


def test_repeat_waits_longer_each_time_but_not_past_the_doubt() -> None:
    """The last question is asked when the answer may be acted on."""
    asked = question()
    assert [asked.repeat(SETTLE), asked.repeat(2 * SETTLE)] == [2 * SETTLE, 4 * SETTLE]
    assert asked.repeat(4 * SETTLE) == DISBELIEF
    assert asked.repeat(DISBELIEF + 1) == DISBELIEF + 1 + SETTLE
    assert asked.due_ns == DISBELIEF + 1 + SETTLE


def test_repeat_doubles_its_pause_up_to_a_limit() -> None:
    """As heals without fruit do, and on top of them."""
    asked = Question(SETTLE, 1_000 * SETTLE)
    asked.begin(0, 0)
    assert [asked.repeat(0) // SETTLE for _ in range(7)] == [1, 2, 4, 8, 16, 32, 32]
    asked.healed(by_answer=True)
    asked.begin(0, 0)
    assert [asked.repeat(0) // SETTLE for _ in range(3)] == [2, 4, 8]


def test_repeat_of_a_new_question_is_short_again() -> None:
    """Answers of an earlier fault do not count."""
    asked = question()
    asked.repeat(SETTLE)
    asked.begin(10_000, 10_000)
    assert asked.repeat(10_000 + SETTLE) == 10_000 + 2 * SETTLE


# -- acting ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", [20, 21, 2**47])
@pytest.mark.parametrize("is_stale", [True, False])
def test_answer_from_the_floor_on_is_acted_on(answer: int, is_stale: bool) -> None:
    """It contradicts nothing."""
    assert question().choose(answer, 20, 0, is_stale=is_stale) == answer


def test_answer_below_the_floor_is_leant_against_once() -> None:
    """It is lag at first; the second time it is doubted, then acted on."""
    asked = question()
    assert asked.choose(19, 20, 0, is_stale=False) == 20
    assert asked.choose(19, 20, DISBELIEF - 1, is_stale=False) is None
    assert asked.choose(19, 20, DISBELIEF, is_stale=False) == 19


def test_answer_below_a_floor_that_was_tried_is_not_leant_against() -> None:
    """The floor came back stale."""
    asked = question()
    assert asked.choose(19, 20, 0, is_stale=True) is None
    assert asked.choose(19, 20, DISBELIEF, is_stale=True) == 19


def test_answer_is_leant_against_again_after_an_acceptance() -> None:
    """What was accepted is leant on."""
    asked = question()
    asked.choose(19, 20, 0, is_stale=False)
    asked.calm()
    assert asked.choose(19, 20, 0, is_stale=False) == 20


def test_answer_down_to_the_suspected_one_is_acted_on() -> None:
    """It says what was suspected; below that it lags."""
    asked = question()
    asked.suspect(18)
    asked.suspect(17)
    asked.suspect(19)
    assert asked.suspected == 17
    assert asked.choose(17, 20, 0, is_stale=False) == 17
    assert asked.choose(16, 20, 0, is_stale=False) is None
    assert asked.choose(16, 20, DISBELIEF, is_stale=False) == 16


def test_heal_ends_the_suspicion() -> None:
    """It was acted on."""
    asked = question()
    asked.suspect(17)
    asked.healed(by_answer=True)
    assert asked.suspected is None
    assert asked.choose(17, 20, 0, is_stale=False) == 20


@pytest.mark.parametrize("suspects", [True, False])
def test_answer_is_acted_on_at_once_where_somebody_probes(suspects: bool) -> None:
    """Evidence 10: a wrong suspicion costs one stale answer, so nobody waits."""
    asked = question(is_probed=True)
    if suspects:
        asked.suspect(18)
    assert asked.choose(16, 20, 0, is_stale=not suspects) == 16


def test_answer_is_leant_against_first_where_somebody_probes() -> None:
    """Without any sign of vanishing it is lag: accepted ones are not called vanished for that."""
    asked = question(is_probed=True)
    assert asked.choose(16, 20, 0, is_stale=False) == 20
    assert asked.choose(16, 20, 1, is_stale=False) == 16


@given(
    answers=st.lists(
        st.tuples(st.integers(0, 40), st.integers(1, 500), st.booleans()), max_size=30
    ),
    is_probed=st.booleans(),
)
def test_question_through_any_answers_asks_later_or_acts(
    answers: list[tuple[int, int, bool]], is_probed: bool
) -> None:
    """It begins at the answer or the floor, never lower; else it asks again, not at once."""
    asked, now = question(is_probed=is_probed), 0
    for answer, wait, is_stale in answers:
        now += wait
        start = asked.choose(answer, 20, now, is_stale=is_stale)
        if start is None:
            assert answer < 20
            assert now < DISBELIEF
            assert now + SETTLE <= asked.repeat(now) <= max(DISBELIEF, now + SETTLE)
        else:
            assert start in (answer, 20)
            assert start >= answer
