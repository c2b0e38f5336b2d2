"""OneTimer: rings when it is due, and knows when the loop stood still."""

from __future__ import annotations

import pytest

from nautilus_lighter_nonce.dispatch.timer import CATCH_UP_NS
from nautilus_lighter_nonce.dispatch.timer import LATE_NS
from nautilus_lighter_nonce.dispatch.timer import OneTimer
from tests.rooms import MS
from tests.rooms import SEC
from tests.rooms import StillLoop


class Tower:
    """A timer on a loop whose time the test moves, and when it rang."""

    def __init__(self) -> None:
        self.loop = StillLoop()
        self.rung: list[int] = []
        self.timer = OneTimer(self.loop.whole, self.loop.clock_ns, self._ring)

    def _ring(self) -> None:
        self.rung.append(self.loop.now_ns)


def test_arm_rings_once_when_it_is_due() -> None:
    """Not earlier, and not again."""
    tower = Tower()
    tower.timer.arm(5 * MS)
    tower.loop.go_on(5 * MS - 1)
    assert tower.rung == []
    tower.loop.go_on(SEC)
    assert tower.rung == [5 * MS]


def test_arm_with_nothing_due_asks_for_nothing() -> None:
    """None arms no timer, and takes none back."""
    tower = Tower()
    tower.timer.arm(None)
    assert tower.loop.armed == 0
    tower.timer.arm(5 * MS)
    tower.timer.arm(None)
    tower.loop.go_on(SEC)
    assert tower.rung == [5 * MS]


@pytest.mark.parametrize("dues", [(5, 9), (9, 5), (5, 5), (9, 7, 5, 8)])
def test_arm_again_lets_the_earliest_win(dues: tuple[int, ...]) -> None:
    """There is one timer, and nothing that is due waits for something later."""
    tower = Tower()
    for due in dues:
        tower.timer.arm(due * MS)
        assert tower.loop.armed == 1
    tower.loop.go_on(SEC)
    assert tower.rung == [5 * MS]


def test_arm_in_the_past_rings_at_the_next_turn() -> None:
    """What is overdue when it is armed is not late: the loop did not stand still for it."""
    tower = Tower()
    tower.loop.go_on(10 * MS)
    tower.timer.arm(5 * MS)
    assert tower.rung == []
    tower.loop.go_on()
    assert tower.rung == [10 * MS]


def test_arm_after_it_rang_rings_again() -> None:
    """A ring makes room for the next, even for an earlier time."""
    tower = Tower()
    tower.timer.arm(5 * MS)
    tower.loop.go_on(5 * MS)
    tower.timer.arm(4 * MS)
    tower.loop.go_on()
    assert tower.rung == [5 * MS, 5 * MS]


def test_cancel_rings_no_more_until_it_is_armed_again() -> None:
    """A stopped dispatcher is called by nobody."""
    tower = Tower()
    tower.timer.cancel()
    tower.timer.arm(5 * MS)
    tower.timer.cancel()
    tower.loop.go_on(SEC)
    assert tower.rung == []
    assert not tower.timer.stood_still()
    tower.timer.arm(2 * SEC)
    tower.loop.go_on(SEC)
    assert tower.rung == [2 * SEC]


# -- A LOOP THAT STOOD STILL ----------------------------------------------------------------------


def test_ring_that_is_hardly_late_is_not_put_off() -> None:
    """A busy loop is no loop that stood still."""
    tower = Tower()
    tower.timer.arm(5 * MS)
    tower.loop.stand_still(5 * MS + LATE_NS)
    assert not tower.timer.stood_still()
    tower.loop.go_on()
    assert tower.rung == [5 * MS + LATE_NS]


def test_ring_of_a_loop_that_stood_still_comes_after_it_has_read() -> None:
    """Answers may lie in the loop's own queue: they are read before silence counts."""
    tower = Tower()
    tower.timer.arm(5 * MS)
    tower.loop.stand_still(back := 5 * MS + LATE_NS + 1)
    tower.loop.go_on()
    assert tower.rung == []
    tower.loop.go_on(SEC)
    assert tower.rung == [back + CATCH_UP_NS]


def test_stood_still_puts_off_until_the_catch_up_is_over_whoever_asks_and_how_often() -> None:
    """The second answer in the queue must not make the third one late."""
    tower = Tower()
    tower.timer.arm(5 * MS)
    tower.loop.stand_still(back := SEC)
    for _ in range(3):
        assert tower.timer.stood_still()
        tower.loop.go_on(CATCH_UP_NS // 4)
    assert tower.rung == []
    tower.loop.go_on(SEC)
    assert tower.rung == [back + CATCH_UP_NS]


def test_arm_during_the_catch_up_does_not_cut_it_short() -> None:
    """What is due by now waits with the rest."""
    tower = Tower()
    tower.timer.arm(5 * MS)
    tower.loop.stand_still(SEC)
    assert tower.timer.stood_still()
    tower.timer.arm(SEC)
    tower.loop.go_on(CATCH_UP_NS - 1)
    assert tower.rung == []
    tower.loop.go_on(1)
    assert tower.rung == [SEC + CATCH_UP_NS]


def test_stood_still_when_the_catch_up_is_over_lets_everything_go_on() -> None:
    """Whoever comes before the timer need not wait for it, and the timer is free again."""
    tower = Tower()
    tower.timer.arm(5 * MS)
    tower.loop.stand_still(SEC)
    assert tower.timer.stood_still()
    tower.loop.stand_still(CATCH_UP_NS)
    assert not tower.timer.stood_still()
    tower.timer.arm(2 * SEC)
    tower.loop.go_on(SEC)
    assert tower.rung == [2 * SEC]


def test_ring_of_a_loop_that_is_always_late_is_put_off_once() -> None:
    """However busy a machine is, what is due is done: a reader that never ends would stop all."""
    tower = Tower()
    tower.timer.arm(5 * MS)
    tower.loop.stand_still(SEC)
    tower.loop.go_on()
    tower.loop.stand_still(SEC)
    tower.loop.go_on()
    assert tower.rung == [2 * SEC]


def test_ring_a_nanosecond_before_its_time_is_a_ring() -> None:
    """A loop counts in floats: the end of the catch-up must not depend on the last digit."""
    tower = Tower()
    tower.timer.arm(5 * MS)
    tower.loop.stand_still(SEC)
    assert tower.timer.stood_still()
    tower.timer._due_ns += 1
    tower.loop.go_on(CATCH_UP_NS)
    assert tower.rung == [SEC + CATCH_UP_NS]


def test_cancel_during_the_catch_up_ends_it() -> None:
    """The next start begins with a timer that knows nothing of the last run."""
    tower = Tower()
    tower.timer.arm(5 * MS)
    tower.loop.stand_still(SEC)
    assert tower.timer.stood_still()
    tower.timer.cancel()
    assert not tower.timer.stood_still()
    tower.timer.arm(SEC + MS)
    tower.loop.go_on(SEC)
    assert tower.rung == [SEC + MS]
