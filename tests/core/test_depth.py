"""How many transactions a lane has in flight: halved by a fault, restored by clean running."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from nautilus_lighter_nonce.core.depth import RESTORE_AFTER
from nautilus_lighter_nonce.core.depth import Depth


def restored(depth: Depth, acceptances: int) -> int:
    """Let so many be accepted in a row, and return what the depth is then."""
    for _ in range(acceptances):
        depth.restore()
    return depth.value


def test_depth_begins_at_its_most() -> None:
    """Nothing is known against it."""
    assert Depth(16).value == 16


def test_halve_again_and_again_ends_at_one() -> None:
    """One at a time always goes."""
    depth, values = Depth(10), []
    for _ in range(5):
        depth.halve()
        values.append(depth.value)
    assert values == [5, 2, 1, 1, 1]


def test_narrow_is_one_at_a_time_at_once() -> None:
    """Answers that cannot be told apart allow no second one."""
    depth = Depth(16)
    depth.narrow()
    assert depth.value == 1


def test_restore_doubles_only_after_clean_running() -> None:
    """One acceptance less is not enough, and each doubling takes as many again."""
    depth = Depth(16)
    depth.narrow()
    assert restored(depth, RESTORE_AFTER - 1) == 1
    assert restored(depth, 1) == 2
    assert restored(depth, RESTORE_AFTER - 1) == 2
    assert restored(depth, 1) == 4


def test_fault_during_clean_running_begins_the_count_anew() -> None:
    """A fault shortly before the doubling makes it wait in full."""
    for fault in (Depth.halve, Depth.narrow):
        depth = Depth(2)
        depth.narrow()
        restored(depth, RESTORE_AFTER - 1)
        fault(depth)
        assert restored(depth, RESTORE_AFTER - 1) == 1
        assert restored(depth, 1) == 2


def test_restore_of_an_odd_depth_ends_at_its_most() -> None:
    """Doubling does not go beyond the limit."""
    depth = Depth(5)
    depth.halve()
    assert restored(depth, 2 * RESTORE_AFTER) == 5


@given(
    most=st.integers(1, 64),
    moves=st.lists(st.sampled_from(["halve", "narrow", "run clean"]), max_size=20),
)
def test_depth_through_any_moves_stays_within_its_limits(most: int, moves: list[str]) -> None:
    """Whatever happens, something may be in flight and never more than allowed."""
    depth = Depth(most)
    for move in moves:
        match move:
            case "halve":
                depth.halve()
            case "narrow":
                depth.narrow()
            case _:
                restored(depth, RESTORE_AFTER)
        assert 1 <= depth.value <= most
