"""Which answers to `nextNonce` are believed: the rows of the table at the top of `counter`."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_lighter_nonce.core.counter import ANSWERS_THAT_AGREE
from nautilus_lighter_nonce.core.counter import MAX_JUMP
from nautilus_lighter_nonce.core.counter import MAX_LAG
from nautilus_lighter_nonce.core.counter import MAX_NONCE
from nautilus_lighter_nonce.core.counter import RESET_AFTER_NS
from nautilus_lighter_nonce.core.counter import STANDSTILL_NS
from nautilus_lighter_nonce.core.counter import VenueCounter
from nautilus_lighter_nonce.core.counter import Weight
from nautilus_lighter_nonce.core.counter import check_nonce
from nautilus_lighter_nonce.core.counter import is_nonce
from nautilus_lighter_nonce.core.counter import shown_shortly


CLOCK_MILLIS = 1_800_000_000_000
ABSURD: list[Any] = [None, "12", 1.5, True, False, -1, MAX_NONCE + 1, 2**60, [1], {"n": 1}, b"1"]


def seeded(next_nonce: int) -> VenueCounter:
    """Return a counter that was seeded."""
    counter = VenueCounter()
    counter.seed(next_nonce)
    return counter


def weights(counter: VenueCounter, *answers: tuple[int, int]) -> list[Weight]:
    """Weigh answers at their times."""
    return [counter.weigh(value, now_ns) for value, now_ns in answers]


# -- numbers --------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", ABSURD)
def test_weigh_of_what_is_no_nonce_is_never_believed(value: Any) -> None:
    """A17: type and range are checked before anything else."""
    counter = seeded(100)
    assert not counter.believes(value)
    assert [counter.weigh(value, n) for n in range(9)] == [Weight.NO_NUMBER] * 9
    assert (counter.known, counter.proved, counter.answered) == (100, 100, 100)


@pytest.mark.parametrize("value", [0, 1, MAX_NONCE])
def test_is_nonce_of_the_ends_of_the_range_is_true(value: int) -> None:
    """The venue takes exact nonces up to 2^48 - 1 (Lighter docs)."""
    assert is_nonce(value)
    assert MAX_NONCE == 2**48 - 1
    check_nonce(value)


@pytest.mark.parametrize(
    ("value", "error"),
    [
        *((value, TypeError) for value in (False, "1", True, 1.0)),
        *((value, ValueError) for value in (-1, MAX_NONCE + 1)),
        pytest.param(10**5_000, ValueError, id="5001 digits"),
    ],
)
def test_check_nonce_of_anything_else_raises_and_names_it(
    value: Any, error: type[Exception]
) -> None:
    """Programming errors name the field and its range, however long the number is."""
    with pytest.raises(error) as caught:
        check_nonce(value)
    shown = shown_shortly(value)
    assert str(caught.value) == f"venue_next_nonce was {shown}; use 0 to 281474976710655"


def test_shown_shortly_of_long_answers_is_short() -> None:
    """Nobody reads ten thousand digits, and Python refuses to write them out."""
    assert shown_shortly("x" * 99) == "x" * 40
    assert shown_shortly(None) == "None"
    assert shown_shortly(-(2**60)) == str(-(2**60))
    assert shown_shortly(2**128 - 1) == str(2**128 - 1)[:40]
    assert shown_shortly(2**128) == "a number of 129 bits"
    assert shown_shortly(10**5_000) == "a number of 16610 bits"


# -- proof ----------------------------------------------------------------------------------------


def test_proved_of_a_counter_never_seeded_is_nothing() -> None:
    """Without a seed nothing is known."""
    counter = VenueCounter()
    assert (counter.known, counter.answered, counter.proved) == (0, 0, 0)
    assert counter.believes(0)


def test_proved_begins_at_the_seed() -> None:
    """The lane rests on that answer."""
    assert seeded(50).proved == 50


def test_proved_rises_with_a_record() -> None:
    """Evidence 12: what a record showed is known to be executed; older ones lower nothing."""
    counter = seeded(50)
    counter.showed(59)
    counter.showed(55)
    assert (counter.proved, counter.known) == (60, 60)


def test_proved_does_not_rise_with_an_acceptance_alone() -> None:
    """What was accepted may vanish."""
    counter = seeded(50)
    counter.took(59)
    assert (counter.proved, counter.known) == (50, 60)


def test_proved_does_not_rise_with_one_answer_alone() -> None:
    """A17: an absurd answer may look well."""
    counter = seeded(50)
    assert counter.weigh(900, 0) is Weight.BELIEVED
    assert (counter.proved, counter.known, counter.answered) == (50, 900, 900)
    assert counter.weigh(55, 1) is Weight.BELIEVED
    assert (counter.known, counter.answered) == (900, 55)


@pytest.mark.parametrize(("nonce", "proved"), [(58, 50), (59, 60), (60, 60)])
def test_answer_that_an_acceptance_bears_out_is_proved(nonce: int, proved: int) -> None:
    """The venue takes exactly the next: whoever is taken at 59 stands behind 0 to 58, and 59."""
    counter = seeded(50)
    counter.weigh(60, 0)
    counter.took(nonce)
    assert counter.proved == proved


@pytest.mark.parametrize(("answer", "proved"), [(60, 60), (61, 50)])
def test_answer_behind_an_acceptance_is_proved_at_once(answer: int, proved: int) -> None:
    """The order of the two witnesses does not matter."""
    counter = seeded(50)
    counter.took(59)
    counter.weigh(answer, 0)
    assert counter.proved == proved


@pytest.mark.parametrize("is_seeded", [True, False])
def test_first_answer_of_a_fresh_key_is_no_proof(is_seeded: bool) -> None:
    """Nothing was accepted yet, not even at nonce 0."""
    counter = seeded(0) if is_seeded else VenueCounter()
    counter.weigh(1, 0)
    assert counter.proved == 0
    counter.took(0)
    assert counter.proved == 1


def test_odd_answer_does_not_keep_a_later_one_from_being_proved() -> None:
    """The latest answer is the one that is borne out."""
    counter = seeded(50)
    weights(counter, (900, 0), (55, 1))
    counter.took(54)
    assert counter.proved == 55


def test_proved_is_never_lowered_by_a_later_answer() -> None:
    """What is proved stays so until a seed."""
    counter = seeded(50)
    weights(counter, (60, 0), (52, 1))
    counter.took(70)
    assert counter.proved == 52
    weights(counter, (65, 2), (53, 3))
    assert counter.proved == 65


# -- falls ----------------------------------------------------------------------------------------


def test_fall_by_a_few_is_lag_and_not_believed() -> None:
    """Rule 8: replicas may lag behind each other; nothing is said, and nothing is concluded."""
    counter = seeded(50)
    assert not counter.believes(47)
    assert weights(counter, (47, 0), (48, 1), (50, 2)) == [Weight.LAG, Weight.LAG, Weight.BELIEVED]


def test_fall_from_50_to_1_that_lasts_is_a_reset() -> None:
    """A7, evidence 12: it is not the distance that counts, but that it stays."""
    counter = seeded(50)
    start, last = 7, 7 + RESET_AFTER_NS
    assert weights(counter, (1, start), (1, last - 1), (1, last)) == [
        Weight.LAG,
        Weight.LAG,
        Weight.RESET,
    ]


def test_fall_that_was_interrupted_begins_anew() -> None:
    """One good answer or one acceptance shows that nothing was reset."""
    for is_good in (True, False):
        counter = seeded(50)
        counter.weigh(1, 0)
        if is_good:
            counter.weigh(50, 1)
        else:
            counter.took(50)
        assert counter.weigh(1, RESET_AFTER_NS) is Weight.LAG
        assert counter.weigh(1, 2 * RESET_AFTER_NS) is Weight.RESET


def test_single_low_answer_long_ago_is_no_fall_that_lasts() -> None:
    """Two answers are needed, whatever the clock says at the first."""
    counter = seeded(50)
    assert counter.weigh(1, 10 * RESET_AFTER_NS) is Weight.LAG


def test_fall_to_another_magnitude_is_a_reset_at_the_third_answer() -> None:
    """A7: from clock milliseconds to 1; named at once, believed when it stays."""
    counter = seeded(CLOCK_MILLIS)
    assert not counter.believes(1)
    expected = [Weight.FALL] * (ANSWERS_THAT_AGREE - 1) + [Weight.RESET]
    assert weights(counter, *[(1, n) for n in range(ANSWERS_THAT_AGREE)]) == expected


@pytest.mark.parametrize(
    ("value", "weight"),
    [(50_000 - MAX_LAG, Weight.LAG), (50_000 - MAX_LAG - 1, Weight.FALL)],
)
def test_fall_is_named_from_the_limit_on(value: int, weight: Weight) -> None:
    """More than 10,000 is no lag."""
    assert seeded(50_000).weigh(value, 0) is weight


def test_counter_that_stands_still_below_records_has_a_minute() -> None:
    """A16: it has not fallen, it is late; only if that lasts was the venue reset."""
    counter = seeded(50)
    counter.showed(59)
    assert not counter.believes(50)
    assert weights(counter, (50, 1), (50, 1 + RESET_AFTER_NS), (59, STANDSTILL_NS)) == (
        [Weight.LAG] * 3
    )
    assert counter.weigh(59, 1 + STANDSTILL_NS) is Weight.RESET
    assert counter.weigh(60, 1 + STANDSTILL_NS) is Weight.BELIEVED


# -- jumps ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "weight"),
    [(100 + MAX_JUMP, Weight.BELIEVED), (101 + MAX_JUMP, Weight.JUMP), (2**47, Weight.JUMP)],
)
def test_jump_is_named_from_the_limit_on(value: int, weight: Weight) -> None:
    """Rule 8: nobody sends a million between two looks."""
    counter = seeded(100)
    assert counter.believes(value) is (weight is Weight.BELIEVED)
    assert counter.weigh(value, 0) is weight


def test_jump_is_measured_from_what_is_known() -> None:
    """Acceptances, records and answers all move what is known."""
    ways: tuple[Callable[[VenueCounter], object], ...] = (
        lambda c: c.took(MAX_JUMP),
        lambda c: c.showed(MAX_JUMP),
        lambda c: c.weigh(MAX_JUMP + 1, 0),
    )
    for learn in ways:
        counter = seeded(1)
        learn(counter)
        assert counter.known == MAX_JUMP + 1
        assert counter.believes(2 * MAX_JUMP + 1)
        assert not counter.believes(2 * MAX_JUMP + 2)


def test_jump_that_stays_is_believed_at_the_third_answer() -> None:
    """A writer with `skip_nonce` takes the clock for its nonces, and goes on."""
    counter = seeded(100)
    high = CLOCK_MILLIS
    assert weights(counter, (high, 0), (high + 500, 1)) == [Weight.JUMP] * 2
    assert counter.believes(high + 500 + MAX_JUMP)
    assert not counter.believes(high + 501 + MAX_JUMP)
    assert not counter.believes(high + 499)
    assert counter.reaches(high + 600)
    assert counter.weigh(high + 600, 2) is Weight.BELIEVED
    assert (counter.known, counter.answered, counter.proved) == (high + 600, high + 600, 100)


@pytest.mark.parametrize("other", [100, CLOCK_MILLIS - 1, CLOCK_MILLIS + MAX_JUMP + 1])
def test_jump_that_is_contradicted_begins_anew(other: int) -> None:
    """Three answers in a row must agree."""
    counter = seeded(100)
    weights(counter, (CLOCK_MILLIS, 0), (CLOCK_MILLIS, 1), (other, 2))
    assert counter.weigh(CLOCK_MILLIS + 3, 3) is Weight.JUMP


def test_jump_that_a_low_answer_contradicts_begins_anew() -> None:
    """Whether the answer between was believed does not matter."""
    counter = seeded(100)
    high = CLOCK_MILLIS
    weights(counter, (high, 0), (high, 1), (99, 2))
    assert weights(counter, (high, 3), (high, 4), (high, 5)) == [
        Weight.JUMP,
        Weight.JUMP,
        Weight.BELIEVED,
    ]


def test_first_jump_agrees_with_nothing() -> None:
    """Also when it is near the number that a new counter remembers."""
    counter = VenueCounter()
    counter.seed(0)
    assert counter.weigh(MAX_JUMP + 1, 0) is Weight.JUMP


def test_seed_forgets_all_oddities() -> None:
    """A new seed begins anew: proof, falls and jumps."""
    counter = seeded(CLOCK_MILLIS)
    counter.took(CLOCK_MILLIS)
    counter.showed(CLOCK_MILLIS)
    weights(counter, (1, 0), (1, 1), (2**47, 2), (2**47, 3))
    counter.seed(5)
    assert (counter.known, counter.proved, counter.answered) == (5, 5, 5)
    assert weights(counter, (4, 4), (4, 3 + RESET_AFTER_NS)) == [Weight.LAG, Weight.LAG]
    assert counter.weigh(2**47, 5) is Weight.JUMP
    counter.weigh(8, 6)
    assert counter.proved == 5


# -- anything -------------------------------------------------------------------------------------

numbers = st.one_of(
    st.integers(),
    st.integers(0, 200),
    st.integers(0, MAX_NONCE),
    st.integers(CLOCK_MILLIS - 5, CLOCK_MILLIS + 2 * MAX_JUMP),
)
anything = st.one_of(
    st.none(), st.booleans(), st.floats(), st.text(), st.binary(), st.lists(st.integers()), numbers
)
steps = st.lists(
    st.tuples(
        st.sampled_from(["weigh", "weigh", "took", "showed"]), anything, st.integers(0, 30 * 10**9)
    ),
    max_size=40,
)


@given(seed=st.integers(0, 2 * CLOCK_MILLIS), moves=steps)
def test_counter_through_anything_keeps_what_it_knows(seed: int, moves: Any) -> None:
    """
    Nothing raises, nothing known is lost, and `believes` says what `weigh` will say.

    A number that is weighed low is below what is proved; a reset has been low at least twice.
    """
    counter, now_ns, lows = seeded(seed), 0, 0
    for move, value, wait_ns in moves:
        now_ns += wait_ns
        proved, known = counter.proved, counter.known
        if move == "weigh":
            is_believed = counter.believes(value)
            weight = counter.weigh(value, now_ns)
            assert (weight is Weight.BELIEVED) == is_believed
            assert (weight is Weight.NO_NUMBER) == (not is_nonce(value))
            is_low = is_nonce(value) and value < proved
            assert is_low == (weight in (Weight.LAG, Weight.FALL, Weight.RESET))
            lows = lows + 1 if is_low else 0 if is_believed else lows
            assert weight is not Weight.RESET or lows > 1
            assert not is_believed or counter.answered == value
        elif is_nonce(value):
            getattr(counter, move)(value)
        assert counter.proved >= proved
        assert counter.known >= max(known, counter.answered, counter.proved)


@given(
    seed=st.integers(0, MAX_NONCE // 2),
    spent=st.lists(st.tuples(st.integers(0, 50), st.integers(0, 5), st.booleans()), max_size=60),
)
def test_counter_of_a_venue_that_lags_is_never_doubted(seed: int, spent: Any) -> None:
    """Answers up to five steps old, records that come before them: no error and no reset."""
    counter, truth, now_ns = seeded(seed), [seed], 0
    for count, lag, shows in spent:
        truth.append(truth[-1] + count)
        now_ns += RESET_AFTER_NS // 10
        if shows and count:
            counter.showed(truth[-1] - 1)
            counter.took(truth[-1] - 1)
        weight = counter.weigh(truth[-1 - min(lag, len(truth) - 1)], now_ns)
        assert weight in (Weight.BELIEVED, Weight.LAG)
        assert counter.proved <= truth[-1]


@given(
    before=st.integers(1, MAX_NONCE),
    after=st.integers(0, MAX_NONCE),
    taken=st.integers(0, 100),
)
def test_counter_that_was_reset_is_always_noticed(before: int, after: int, taken: int) -> None:
    """Wherever it begins again, as long as that is below what was executed."""
    counter = seeded(before)
    counter.showed(min(before + taken, MAX_NONCE))
    value = min(after, counter.proved - 1)
    weighed = [counter.weigh(value, n * STANDSTILL_NS // 4) for n in range(5)]
    assert weighed[-1] is Weight.RESET


@pytest.mark.parametrize(("before", "after"), [(0, MAX_NONCE), (MAX_NONCE, 0), (MAX_NONCE, 1)])
def test_counter_of_any_distance_costs_no_memory(before: int, after: int) -> None:
    """A7, A17: numbers are compared, never iterated over."""
    counter = seeded(before)
    tracemalloc.start()
    for n in range(1_000):
        counter.weigh(after, n)
        counter.reaches(after)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20_000


# -- a wrong seed ---------------------------------------------------------------------------------


def test_seed_that_the_venue_calls_stale_is_no_proof_any_more() -> None:
    """One answer is no proof: nothing bore it out, so the counter may come down below it."""
    counter = seeded(100)
    assert not counter.believes(96)
    counter.was_stale(100)
    assert counter.believes(96)
    assert counter.weigh(96, 0) is Weight.BELIEVED


def test_seed_that_something_bore_out_stays_proved_whatever_is_stale() -> None:
    """An acceptance or a record at or behind it is the second witness."""
    for witness in ("took", "showed"):
        counter = seeded(100)
        getattr(counter, witness)(100)
        counter.was_stale(100)
        assert counter.proved >= 100
    counter = seeded(100)
    counter.was_stale(101)  # says nothing of 100
    assert counter.proved == 100


def test_a7_fall_far_below_a_seed_that_was_stale_is_a_reset_all_the_same() -> None:
    """Where the counter once stood tells a wrong seed from another venue."""
    counter = seeded(CLOCK_MILLIS)
    counter.was_stale(CLOCK_MILLIS)
    low = [(1, n) for n in range(ANSWERS_THAT_AGREE)]
    assert weights(counter, *low)[-1] is Weight.RESET
    assert counter.stood == CLOCK_MILLIS
