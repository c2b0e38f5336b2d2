"""The manager: roll back, acknowledge, synchronise, and what a refused call leaves."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_lighter_nonce.core import NonceManager
from nautilus_lighter_nonce.core import NonceNotIssued
from nautilus_lighter_nonce.core import NothingToRollBack
from nautilus_lighter_nonce.core import NotInitialized
from tests.core.managers import BASELINES
from tests.core.managers import KEY
from tests.core.managers import seeded
from tests.core.managers import snapshot


# -- ROLL BACK -------------------------------------------------------------------------------------


def test_ack_failure_of_latest_frees_the_nonce_for_the_next_issue() -> None:
    """A rolled-back nonce is reported, and issued again next."""
    manager = seeded(42)
    manager.next_nonce(*KEY)
    manager.next_nonce(*KEY)

    assert manager.ack_failure(*KEY) == 43
    assert snapshot(manager) == (41, 42, 1)
    assert manager.next_nonce(*KEY) == 43


def test_ack_failure_at_the_baseline_raises_nothing_to_roll_back() -> None:
    """A consumed nonce is never taken back, and the refusal changes nothing."""
    manager = seeded(42)

    with pytest.raises(NothingToRollBack) as caught:
        manager.ack_failure(*KEY)

    assert (caught.value.account_index, caught.value.api_key_index) == KEY
    assert snapshot(manager) == (41, 41, 0)


@given(baseline=BASELINES, before=st.integers(min_value=0, max_value=254))
def test_ack_failure_between_two_issues_repeats_the_nonce(baseline: int, before: int) -> None:
    """Issue, roll back, issue returns one nonce twice, however many were issued before."""
    manager = seeded(baseline + 1, skip_window=255)
    for _ in range(before):
        manager.next_nonce(*KEY)

    first = manager.next_nonce(*KEY)
    freed = manager.ack_failure(*KEY)

    assert first == freed == manager.next_nonce(*KEY) == baseline + 1 + before


def test_ack_failure_if_latest_on_latest_rolls_back() -> None:
    """The most recent nonce is taken back and issued again."""
    manager = seeded(5)
    manager.next_nonce(*KEY)

    assert manager.ack_failure_if_latest(*KEY, 5) is True
    assert snapshot(manager) == (4, 4, 0)
    assert manager.next_nonce(*KEY) == 5


@pytest.mark.parametrize("nonce", [5, 7])
def test_ack_failure_if_latest_on_another_nonce_changes_nothing(nonce: int) -> None:
    """A nonce with a successor may not be freed, nor one that was never issued."""
    manager = seeded(5)
    manager.next_nonce(*KEY)
    manager.next_nonce(*KEY)

    assert manager.ack_failure_if_latest(*KEY, nonce) is False
    assert snapshot(manager) == (4, 6, 2)


def test_ack_failure_if_latest_on_consumed_nonce_changes_nothing() -> None:
    """The latest nonce is not freed once the venue has consumed it."""
    manager = seeded(5)
    manager.next_nonce(*KEY)
    manager.ack_success(*KEY, 5)

    assert manager.ack_failure_if_latest(*KEY, 5) is False
    assert snapshot(manager) == (5, 5, 0)


def test_nonce_zero_is_rolled_back_and_synchronised_like_any_other() -> None:
    """Zero is the first nonce of a key that the venue has never seen."""
    manager = seeded(0)
    manager.next_nonce(*KEY)

    assert manager.ack_failure_if_latest(*KEY, 0) is True
    manager.sync_from_venue(*KEY, 0)

    assert snapshot(manager) == (-1, -1, 0)


def test_ack_failure_if_latest_on_unseeded_key_changes_nothing() -> None:
    """On a key that was never seeded there is nothing to take back."""
    manager = NonceManager()

    assert manager.ack_failure_if_latest(*KEY, 5) is False
    assert snapshot(manager) == (None, None, None)


# -- ACKNOWLEDGE -----------------------------------------------------------------------------------


def test_ack_success_through_100000_orders_keeps_a_window_of_16_open() -> None:
    """Acks open the window again for ever (nautilus_trader commit ea2467e5fc: dead after 16)."""
    manager = seeded(0, skip_window=16)

    for expected in range(100_000):
        nonce = manager.next_nonce(*KEY)
        assert nonce == expected
        manager.ack_success(*KEY, nonce)

    assert snapshot(manager) == (99_999, 99_999, 0)


def test_ack_success_out_of_order_never_lowers_the_baseline() -> None:
    """A later ack proves the earlier nonces; their own acks are old news."""
    manager = seeded(0)
    for _ in range(4):
        manager.next_nonce(*KEY)

    manager.ack_success(*KEY, 2)
    assert snapshot(manager) == (2, 3, 1)

    manager.ack_success(*KEY, 0)
    manager.ack_success(*KEY, 1)
    assert snapshot(manager) == (2, 3, 1)


def test_ack_success_above_last_issued_raises_and_changes_nothing() -> None:
    """An ack of a nonce we never issued is visible, and does not move the baseline."""
    manager = seeded(10)
    manager.next_nonce(*KEY)

    with pytest.raises(NonceNotIssued) as caught:
        manager.ack_success(*KEY, 11)

    assert (caught.value.account_index, caught.value.api_key_index) == KEY
    assert (caught.value.nonce, caught.value.last_issued) == (11, 10)
    assert snapshot(manager) == (9, 10, 1)


# -- SYNCHRONISE -----------------------------------------------------------------------------------


def test_sync_from_venue_lower_than_both_changes_nothing() -> None:
    """A lagging venue moves nothing back."""
    manager = seeded(10)
    manager.next_nonce(*KEY)
    manager.ack_success(*KEY, 10)
    manager.next_nonce(*KEY)

    manager.sync_from_venue(*KEY, 10)

    assert snapshot(manager) == (10, 11, 1)


def test_sync_from_venue_between_both_raises_only_the_baseline() -> None:
    """What the venue has consumed is no longer outstanding; what is in flight stays so."""
    manager = seeded(10)
    for _ in range(4):
        manager.next_nonce(*KEY)

    manager.sync_from_venue(*KEY, 12)

    assert snapshot(manager) == (11, 13, 2)
    assert manager.next_nonce(*KEY) == 14


def test_sync_from_venue_above_both_raises_both() -> None:
    """Nonces that a foreign writer spent are skipped."""
    manager = seeded(10)
    manager.next_nonce(*KEY)

    manager.sync_from_venue(*KEY, 50)

    assert snapshot(manager) == (49, 49, 0)
    assert manager.next_nonce(*KEY) == 50


def test_sync_from_venue_while_read_never_shows_baseline_above_last_issued() -> None:
    """A reader in another thread never sees more consumed than issued."""
    manager = seeded(0)
    start = Barrier(2)

    def raise_both() -> None:
        start.wait()
        for venue_next_nonce in range(1, 5_000):
            manager.sync_from_venue(*KEY, venue_next_nonce)

    def read() -> list[int]:
        start.wait()
        return [manager.outstanding(*KEY) or 0 for _ in range(20_000)]

    with ThreadPoolExecutor(max_workers=2) as pool:
        writing = pool.submit(raise_both)
        seen = pool.submit(read).result()
        writing.result()

    assert set(seen) == {0}
    assert snapshot(manager) == (4_998, 4_998, 0)


# -- A CALL THAT RAISES HAS CHANGED NOTHING --------------------------------------------------------


@pytest.mark.parametrize("operation", [NonceManager.ack_success, NonceManager.sync_from_venue])
def test_ack_or_sync_on_unseeded_key_raises_and_creates_no_key(
    operation: Callable[[NonceManager, int, int, int], None],
) -> None:
    """Only a refresh creates a key."""
    manager = NonceManager()

    with pytest.raises(NotInitialized) as caught:
        operation(manager, *KEY, 3)

    assert (caught.value.account_index, caught.value.api_key_index) == KEY
    assert snapshot(manager) == (None, None, None)


@pytest.mark.parametrize("nonce", [-1, 2**63, True, 1.0, "1", None])
@pytest.mark.parametrize(
    "operation",
    [
        NonceManager.ack_failure_if_latest,
        NonceManager.ack_success,
        NonceManager.sync_from_venue,
    ],
)
def test_operation_with_bad_nonce_raises_and_changes_nothing(
    operation: Callable[[NonceManager, int, int, int], object],
    nonce: int,
) -> None:
    """A nonce that is no 64-bit integer is refused by name before anything moves."""
    manager = seeded(1)
    manager.next_nonce(*KEY)

    with pytest.raises((TypeError, ValueError), match=r"nonce was .*; use an integer"):
        operation(manager, *KEY, nonce)

    assert snapshot(manager) == (0, 1, 1)
