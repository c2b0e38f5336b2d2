"""The nonce law: what is accepted, what is refused, what a disappearance does to followers."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_lighter_nonce.lighter.codes import MAX_NONCE
from nautilus_lighter_nonce.lighter.codes import MAX_SKIP_NONCE
from nautilus_lighter_nonce.lighter.codes import Code
from nautilus_lighter_nonce.loopback.venue.sequencer import Claim
from nautilus_lighter_nonce.loopback.venue.sequencer import Sequencer


KEY = (700, 5)
MS = 1_000_000


@pytest.fixture
def sequencer() -> Sequencer:
    """Return a sequencer with one key whose next nonce is 5."""
    sequencer = Sequencer()
    sequencer.register(KEY, 5)
    return sequencer


def accept(sequencer: Sequencer, *claims: Claim) -> None:
    """Accept claims; their transaction numbers are their nonces."""
    for claim in claims:
        sequencer.accept(KEY, claim.nonce, claim)


# -- API TIER -------------------------------------------------------------------------------------


def test_check_exact_nonce_is_acceptable(sequencer: Sequencer) -> None:
    """The nonce that equals the expected one may be taken."""
    assert sequencer.check(KEY, [Claim(5)]) is None


@pytest.mark.parametrize("nonce", [4, 6, 0, MAX_NONCE])
def test_check_replay_or_gap_is_invalid(sequencer: Sequencer, nonce: int) -> None:
    """Without the skip attribute a nonce below or above the expected one is 21104."""
    assert sequencer.check(KEY, [Claim(nonce)]) is Code.INVALID_NONCE


def test_check_changes_nothing(sequencer: Sequencer) -> None:
    """A look at a nonce, good or bad, does not take it."""
    sequencer.check(KEY, [Claim(5)])
    sequencer.check(KEY, [Claim(9)])
    assert (sequencer.expected(KEY), sequencer.executed(KEY)) == (5, 5)


def test_accept_moves_expected_only(sequencer: Sequencer) -> None:
    """Acceptance moves the API tier's counter; the executed one waits for execution."""
    accept(sequencer, Claim(5), Claim(6))
    assert (sequencer.expected(KEY), sequencer.executed(KEY)) == (7, 5)


def test_accept_refused_claim_raises_and_changes_nothing(sequencer: Sequencer) -> None:
    """Accepting what is not acceptable raises and leaves counters and queue as they were."""
    with pytest.raises(ValueError, match="6"):
        sequencer.accept(KEY, 1, Claim(6))
    assert (sequencer.expected(KEY), sequencer.pending(KEY)) == (5, [])


@pytest.mark.parametrize("nonce", [5, 6, 1_700_000_000_000, MAX_SKIP_NONCE])
def test_accept_skip_takes_any_higher_nonce(sequencer: Sequencer, nonce: int) -> None:
    """With the skip attribute any nonce from the expected one up to 2^47 - 1 will do."""
    accept(sequencer, Claim(nonce, skip=True))
    assert sequencer.expected(KEY) == nonce + 1


@pytest.mark.parametrize("nonce", [4, MAX_SKIP_NONCE + 1])
def test_check_skip_outside_its_range_is_invalid(sequencer: Sequencer, nonce: int) -> None:
    """The skip attribute neither goes back nor beyond 2^47 - 1."""
    assert sequencer.check(KEY, [Claim(nonce, skip=True)]) is Code.INVALID_NONCE


def test_check_exact_after_skip_continues_from_it(sequencer: Sequencer) -> None:
    """After a jump the counter goes on from the jump, for exact nonces too."""
    accept(sequencer, Claim(100, skip=True))
    assert sequencer.check(KEY, [Claim(101)]) is None
    assert sequencer.check(KEY, [Claim(6)]) is Code.INVALID_NONCE


def test_check_keys_are_independent(sequencer: Sequencer) -> None:
    """What one key spends does not move another key of the same account."""
    sequencer.register((700, 6), 5)
    accept(sequencer, Claim(5))
    assert sequencer.check((700, 6), [Claim(5)]) is None


# -- BATCH ----------------------------------------------------------------------------------------


def test_check_consecutive_batch_is_acceptable(sequencer: Sequencer) -> None:
    """A batch whose nonces follow one another from the expected one may be taken."""
    assert sequencer.check(KEY, [Claim(5), Claim(6), Claim(7)]) is None


@pytest.mark.parametrize("nonces", [(5, 7), (5, 5), (6, 5)])
def test_check_batch_not_consecutive_is_not_increasing(
    sequencer: Sequencer, nonces: tuple[int, int]
) -> None:
    """A batch with a gap, a repetition or a step back inside is 21105."""
    claims = [Claim(nonce) for nonce in nonces]
    assert sequencer.check(KEY, claims) is Code.NONCE_NOT_INCREASING


def test_check_batch_with_wrong_start_is_invalid(sequencer: Sequencer) -> None:
    """A consecutive batch that does not begin at the expected nonce is 21104."""
    assert sequencer.check(KEY, [Claim(6), Claim(7)]) is Code.INVALID_NONCE


def test_check_skipping_batch_may_have_gaps(sequencer: Sequencer) -> None:
    """Members that skip need only rise."""
    claims = [Claim(10, skip=True), Claim(20, skip=True), Claim(21)]
    assert sequencer.check(KEY, claims) is None


# -- LAG ------------------------------------------------------------------------------------------


def test_next_nonce_ignores_accepted_transactions(sequencer: Sequencer) -> None:
    """`nextNonce` reports executed state, however much was accepted."""
    accept(sequencer, Claim(5), Claim(6))
    assert sequencer.next_nonce(KEY, now_ns=10 * MS) == 5


def test_next_nonce_lags_behind_execution(sequencer: Sequencer) -> None:
    """A reported counter is as old as the lag says."""
    accept(sequencer, Claim(5))
    sequencer.execute(KEY, now_ns=1_000 * MS)
    lag_ns = 350 * MS
    assert sequencer.next_nonce(KEY, 1_349 * MS, lag_ns) == 5
    assert sequencer.next_nonce(KEY, 1_350 * MS, lag_ns) == 6


def test_next_nonce_of_unused_slot_is_zero(sequencer: Sequencer) -> None:
    """A slot that was never registered reads 0."""
    assert sequencer.next_nonce((700, 99), now_ns=0) == 0


def test_register_fresh_key_starts_at_one() -> None:
    """Registering a key has spent nonce 0."""
    sequencer = Sequencer()
    sequencer.register(KEY)
    assert (sequencer.next_nonce(KEY, 0), sequencer.expected(KEY)) == (1, 1)


def test_register_negative_nonce_raises_and_changes_nothing(sequencer: Sequencer) -> None:
    """A key is not registered with a nonce the venue could not have."""
    with pytest.raises(ValueError, match="-1"):
        sequencer.register(KEY, -1)
    assert sequencer.expected(KEY) == 5


# -- SEQUENCER ------------------------------------------------------------------------------------


def test_execute_spends_in_order_of_acceptance(sequencer: Sequencer) -> None:
    """Execution takes the oldest accepted transaction and moves the executed counter past it."""
    accept(sequencer, Claim(5), Claim(6))
    assert sequencer.execute(KEY, 0) == 5
    assert (sequencer.executed(KEY), sequencer.pending(KEY)) == (6, [6])


def test_execute_nothing_pending_raises(sequencer: Sequencer) -> None:
    """There is nothing to execute on an idle key."""
    with pytest.raises(LookupError):
        sequencer.execute(KEY, 0)


def test_vanish_spends_nothing_and_expected_falls_back(sequencer: Sequencer) -> None:
    """A vanished transaction's nonce is free again at the API tier."""
    accept(sequencer, Claim(5))
    assert sequencer.vanish(KEY) == [5]
    assert (sequencer.expected(KEY), sequencer.executed(KEY)) == (5, 5)
    assert sequencer.check(KEY, [Claim(5)]) is None


def test_vanish_takes_accepted_followers_along(sequencer: Sequencer) -> None:
    """Followers that were answered 200 already vanish with their predecessor."""
    accept(sequencer, Claim(5), Claim(6), Claim(7), Claim(8))
    sequencer.execute(KEY, 0)
    assert sequencer.vanish(KEY) == [6, 7, 8]
    assert (sequencer.expected(KEY), sequencer.executed(KEY)) == (6, 6)


def test_vanish_spares_followers_that_skip(sequencer: Sequencer) -> None:
    """A follower that skips does not need its predecessor, nor does what follows it."""
    accept(sequencer, Claim(5), Claim(6), Claim(9, skip=True), Claim(10))
    assert sequencer.vanish(KEY) == [5, 6]
    assert (sequencer.expected(KEY), sequencer.pending(KEY)) == (11, [9, 10])


def test_vanish_nothing_pending_raises(sequencer: Sequencer) -> None:
    """Nothing can vanish on an idle key."""
    with pytest.raises(LookupError):
        sequencer.vanish(KEY)


# -- PROPERTIES -----------------------------------------------------------------------------------


@given(offers=st.lists(st.integers(min_value=0, max_value=20), max_size=200))
def test_accept_whatever_is_offered_stays_contiguous(offers: list[int]) -> None:
    """Whatever is offered, exact nonces are accepted once each and without a gap."""
    sequencer = Sequencer()
    sequencer.register(KEY, 3)
    accepted = []
    for number, nonce in enumerate(offers):
        if sequencer.check(KEY, [Claim(nonce)]) is None:
            sequencer.accept(KEY, number, Claim(nonce))
            accepted.append(nonce)
    assert accepted == list(range(3, 3 + len(accepted)))


@given(
    steps=st.lists(
        st.one_of(
            st.tuples(st.just("offer"), st.integers(-2, 4), st.booleans()),
            st.tuples(st.just("execute"), st.just(0), st.just(False)),
            st.tuples(st.just("vanish"), st.just(0), st.just(False)),
        ),
        max_size=120,
    )
)
def test_execute_whatever_vanishes_spends_each_nonce_once(
    steps: list[tuple[str, int, bool]],
) -> None:
    """Through any mix of offers, executions and disappearances spent nonces rise strictly."""
    sequencer = Sequencer()
    sequencer.register(KEY, 5)
    nonce_of: dict[int, int] = {}
    spent: list[int] = []
    for number, (step, offset, skip) in enumerate(steps):
        claim = Claim(max(sequencer.expected(KEY) + offset, 0), skip)
        if step == "offer" and sequencer.check(KEY, [claim]) is None:
            sequencer.accept(KEY, number, claim)
            nonce_of[number] = claim.nonce
        elif step == "execute" and sequencer.pending(KEY):
            spent.append(nonce_of[sequencer.execute(KEY, number)])
        elif step == "vanish" and sequencer.pending(KEY):
            sequencer.vanish(KEY)
        assert sequencer.executed(KEY) <= sequencer.expected(KEY)
        assert sequencer.pending(KEY) or sequencer.executed(KEY) == sequencer.expected(KEY)
    assert all(low < high for low, high in itertools.pairwise(spent))


# -- LEFT IN THE QUEUE ----------------------------------------------------------------------------


def test_vanish_late_leaves_followers_that_do_not_fit(sequencer: Sequencer) -> None:
    """Told to be late, only the cause vanishes; its followers are at the head and do not fit."""
    accept(sequencer, Claim(5), Claim(6), Claim(7))
    assert sequencer.vanish(KEY, late=True) == [5]
    assert (sequencer.expected(KEY), sequencer.pending(KEY)) == (5, [6, 7])
    assert not sequencer.head_fits(KEY)
    assert (sequencer.drop(KEY), sequencer.drop(KEY)) == (6, 7)
    assert (sequencer.expected(KEY), sequencer.executed(KEY)) == (5, 5)


def test_head_fits_what_is_next(sequencer: Sequencer) -> None:
    """The oldest accepted transaction usually fits; without one there is nothing to say."""
    with pytest.raises(LookupError):
        sequencer.head_fits(KEY)
    accept(sequencer, Claim(5))
    assert sequencer.head_fits(KEY)


def test_shift_moves_what_next_nonce_looks_back_to(sequencer: Sequencer) -> None:
    """A clock that was moved moves the lag with it."""
    accept(sequencer, Claim(5))
    sequencer.execute(KEY, 1_000 * MS)
    sequencer.shift(-900 * MS)
    assert sequencer.next_nonce(KEY, 149 * MS, lag_ns=50 * MS) == 5
    assert sequencer.next_nonce(KEY, 150 * MS, lag_ns=50 * MS) == 6
