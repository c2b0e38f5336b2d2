"""The required behaviour of `NonceManager`, one rule per test."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from enum import IntEnum
from threading import Barrier

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_lighter_nonce.core import DEFAULT_SKIP_WINDOW
from nautilus_lighter_nonce.core import NonceManager
from nautilus_lighter_nonce.core import NonceOverflow
from nautilus_lighter_nonce.core import NotInitialized
from nautilus_lighter_nonce.core import SkipWindowExhausted
from tests.core.managers import BASELINES
from tests.core.managers import KEY
from tests.core.managers import MAX
from tests.core.managers import OTHER_KEY
from tests.core.managers import seeded
from tests.core.managers import snapshot


# -- CONSTRUCTION ----------------------------------------------------------------------------------


def test_init_without_arguments_uses_default_skip_window() -> None:
    """The default window is the exported constant, 16."""
    assert NonceManager().skip_window == DEFAULT_SKIP_WINDOW == 16


def test_init_with_window_makes_it_readable() -> None:
    """The window can be read back."""
    assert NonceManager(skip_window=3).skip_window == 3


@pytest.mark.parametrize("window", [0, -1])
def test_init_with_window_below_one_raises_value_error(window: int) -> None:
    """A window below 1 could never issue; the error names field, value and remedy."""
    with pytest.raises(ValueError, match=rf"skip_window was {window}; use an integer from 1"):
        NonceManager(window)


@pytest.mark.parametrize("window", [True, False, 16.0, "16", None])
def test_init_with_non_integer_window_raises_type_error(window: object) -> None:
    """A window is an integer, and a bool is none."""
    with pytest.raises(TypeError, match=r"skip_window was .*; use an integer"):
        NonceManager(window)  # type: ignore[arg-type]


# -- REFRESH ---------------------------------------------------------------------------------------


def test_next_nonce_after_refresh_returns_venue_next_nonce() -> None:
    """The first nonce after `refresh(42)` is 42."""
    assert seeded(42).next_nonce(*KEY) == 42


def test_next_nonce_after_refresh_to_zero_returns_zero() -> None:
    """A key that the venue has never seen starts at nonce 0."""
    manager = seeded(0)

    assert snapshot(manager) == (-1, -1, 0)
    assert manager.next_nonce(*KEY) == 0


def test_baseline_while_nonces_are_issued_moves_only_on_refresh() -> None:
    """`baseline` is `venue_next_nonce - 1`, and issuing does not move it."""
    manager = seeded(42)
    assert manager.baseline(*KEY) == 41

    manager.next_nonce(*KEY)
    manager.next_nonce(*KEY)
    assert manager.baseline(*KEY) == 41

    manager.refresh(*KEY, 44)
    assert manager.baseline(*KEY) == 43


def test_refresh_with_lower_nonce_moves_backwards() -> None:
    """A refresh is a hard reset: the venue is right even when it is lower."""
    manager = seeded(100)
    manager.next_nonce(*KEY)

    manager.refresh(*KEY, 7)

    assert snapshot(manager) == (6, 6, 0)


def test_refresh_of_exhausted_lane_rearms_it() -> None:
    """A refresh opens a window that was used up."""
    manager = seeded(0, skip_window=2)
    manager.next_nonce(*KEY)
    manager.next_nonce(*KEY)
    with pytest.raises(SkipWindowExhausted):
        manager.next_nonce(*KEY)

    manager.refresh(*KEY, 2)

    assert [manager.next_nonce(*KEY), manager.next_nonce(*KEY)] == [2, 3]


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ((-1, 5, 0), "account_index was -1"),
        ((2**63, 5, 0), "account_index was 9223372036854775808"),
        ((12345, -1, 0), "api_key_index was -1"),
        ((12345, 255, 0), "api_key_index was 255; use an integer from 0 to 254"),
        ((12345, 5, -1), "venue_next_nonce was -1; use an integer from 0 to 9223372036854775807"),
        ((12345, 5, 2**63), "venue_next_nonce was 9223372036854775808"),
    ],
)
def test_refresh_with_argument_out_of_range_raises_and_creates_no_key(
    arguments: tuple[int, int, int],
    field: str,
) -> None:
    """A number that the venue cannot hold is refused by name, and no key appears."""
    manager = NonceManager()

    with pytest.raises(ValueError, match=field):
        manager.refresh(*arguments)

    assert manager.baseline(*arguments[:2]) is None


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ((True, 5, 0), "account_index was True"),
        ((1, True, 0), "api_key_index was True"),
        ((1, 5, True), "venue_next_nonce was True"),
        ((1, 5, 7.0), r"venue_next_nonce was 7\.0"),
        ((1, 5, "7"), "venue_next_nonce was '7'"),
        ((1, 5, None), "venue_next_nonce was None"),
    ],
)
def test_refresh_with_non_integer_raises_and_creates_no_key(
    arguments: tuple[int, int, int],
    field: str,
) -> None:
    """A bool, a float or a string is no number of a key."""
    manager = NonceManager()

    with pytest.raises(TypeError, match=field):
        manager.refresh(*arguments)

    assert manager.baseline(*arguments[:2]) is None


def test_refresh_of_seeded_key_with_bad_nonce_changes_nothing() -> None:
    """A refused refresh leaves the key as it was."""
    manager = seeded(10)
    manager.next_nonce(*KEY)
    before = snapshot(manager)

    with pytest.raises(ValueError, match="venue_next_nonce"):
        manager.refresh(*KEY, -1)

    assert snapshot(manager) == before


@pytest.mark.parametrize("api_key_index", [0, 254])
def test_refresh_at_the_edges_of_the_key_range_creates_the_key(api_key_index: int) -> None:
    """Key indexes 0 and 254 are keys like any other."""
    manager = NonceManager()
    manager.refresh(0, api_key_index, 3)

    assert manager.next_nonce(0, api_key_index) == 3


def test_refresh_with_integer_enum_counts_like_its_value() -> None:
    """A subclass of int is an integer, and what comes back counts on."""

    class Index(IntEnum):
        MINE = 5

    manager = NonceManager()
    manager.refresh(12345, Index.MINE, 1)

    assert manager.next_nonce(12345, 5) == 1


# -- ISSUE -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("operation", [NonceManager.next_nonce, NonceManager.ack_failure])
def test_issue_or_ack_failure_on_unseeded_key_raises_not_initialized(
    operation: Callable[[NonceManager, int, int], int],
) -> None:
    """A key must be seeded before use; the error names it in both fields."""
    manager = NonceManager()

    with pytest.raises(NotInitialized) as caught:
        operation(manager, *KEY)

    assert (caught.value.account_index, caught.value.api_key_index) == KEY
    assert snapshot(manager) == (None, None, None)


def test_snapshots_of_absent_key_are_none() -> None:
    """An absent key has no integers, not zeros."""
    manager = seeded(1)

    assert manager.last_issued(*OTHER_KEY) is None
    assert manager.baseline(*OTHER_KEY) is None
    assert manager.outstanding(*OTHER_KEY) is None


def test_next_nonce_32_times_is_monotonic_and_gap_free() -> None:
    """Sequential nonces rise by one."""
    manager = seeded(7, skip_window=32)

    assert [manager.next_nonce(*KEY) for _ in range(32)] == list(range(7, 39))


def test_next_nonce_beyond_window_raises_with_the_count_it_would_have_made() -> None:
    """With window 4 the fifth allocation is refused, and changes nothing."""
    manager = seeded(0, skip_window=4)
    for _ in range(4):
        manager.next_nonce(*KEY)

    with pytest.raises(SkipWindowExhausted) as caught:
        manager.next_nonce(*KEY)

    assert (caught.value.account_index, caught.value.api_key_index) == KEY
    assert (caught.value.outstanding, caught.value.skip_window) == (5, 4)
    assert snapshot(manager) == (-1, 3, 4)


def test_next_nonce_past_64_bits_raises_overflow_and_changes_nothing() -> None:
    """2^63 - 1 is the last nonce there is; counting does not wrap."""
    manager = seeded(MAX)
    assert manager.next_nonce(*KEY) == MAX

    with pytest.raises(NonceOverflow) as caught:
        manager.next_nonce(*KEY)

    assert (caught.value.account_index, caught.value.api_key_index) == KEY
    assert caught.value.last_issued == MAX
    assert snapshot(manager) == (MAX - 1, MAX, 1)


def test_next_nonce_of_two_keys_of_one_account_runs_independently() -> None:
    """Keys never influence each other."""
    manager = seeded(10)
    manager.refresh(*OTHER_KEY, 500)

    assert [manager.next_nonce(*KEY), manager.next_nonce(*OTHER_KEY)] == [10, 500]
    assert manager.ack_failure(*OTHER_KEY) == 500
    manager.ack_success(*KEY, 10)

    assert snapshot(manager) == (10, 10, 0)
    assert snapshot(manager, OTHER_KEY) == (499, 499, 0)


def test_next_nonce_from_eight_threads_has_no_duplicate_and_no_gap() -> None:
    """Eight threads with 250 allocations each share exactly 0..1999."""
    manager = seeded(0, skip_window=2000)
    start = Barrier(8)

    def allocate(_: int) -> list[int]:
        start.wait()
        return [manager.next_nonce(*KEY) for _ in range(250)]

    with ThreadPoolExecutor(max_workers=8) as pool:
        runs = list(pool.map(allocate, range(8)))

    assert sorted(nonce for run in runs for nonce in run) == list(range(2000))
    assert all(run == sorted(run) for run in runs)


@given(baseline=BASELINES, count=st.integers(min_value=1, max_value=255))
def test_next_nonce_from_any_baseline_gives_a_contiguous_run(baseline: int, count: int) -> None:
    """Any start and any count give a run without gap, and `last_issued` agrees."""
    manager = seeded(baseline + 1, skip_window=255)

    run = [manager.next_nonce(*KEY) for _ in range(count)]

    assert run == list(range(baseline + 1, baseline + 1 + count))
    assert snapshot(manager) == (baseline, run[-1], count)
