"""Armed levers: which one fires, how often, and on what."""

from __future__ import annotations

from typing import Any

import pytest

from nautilus_lighter_nonce.loopback.venue.faults import Fault
from nautilus_lighter_nonce.loopback.venue.faults import Lever
from nautilus_lighter_nonce.loopback.venue.faults import Stage
from nautilus_lighter_nonce.loopback.venue.levers import Levers


def armed(*levers: Lever, seed: int = 0) -> Levers:
    """Return levers, armed."""
    made = Levers(seed)
    for lever in levers:
        made.arm(lever)
    return made


def reads(levers: Levers, count: int) -> list[int]:
    """Return at which of so many reads of `nextNonce` a lever fired, from 0."""
    return [at for at in range(count) if levers.pull_read("nextNonce") is not None]


def on_reads(**fields: Any) -> Lever:
    """Return a lever on reads of `nextNonce`."""
    return Lever(fault=Fault.SERVER_ERROR, endpoint="nextNonce", **fields)


@pytest.mark.parametrize(
    ("fields", "fired"),
    [
        ({"count": 1}, [0]),
        ({"count": 2}, [0, 1]),
        ({"count": None}, [0, 1, 2, 3, 4, 5]),
        ({"count": 1, "after": 3}, [3]),
        ({"count": None, "every": 2}, [1, 3, 5]),
        ({"count": 2, "every": 2, "after": 1}, [2, 4]),
    ],
)
def test_lever_fires_as_often_as_it_was_told(fields: dict[str, Any], fired: list[int]) -> None:
    """After so many, on every so-manieth, so many times."""
    assert reads(armed(on_reads(**fields)), 6) == fired


def test_lever_of_a_rate_fires_the_same_with_the_same_seed() -> None:
    """Chance is the seed's: a run can be played again."""
    once = reads(armed(on_reads(count=None, rate=0.3), seed=7), 200)
    assert once == reads(armed(on_reads(count=None, rate=0.3), seed=7), 200)
    assert once != reads(armed(on_reads(count=None, rate=0.3), seed=8), 200)
    assert 30 <= len(once) <= 90


def test_lever_on_another_read_counts_nothing() -> None:
    """It counts only what reached it."""
    levers = armed(on_reads(count=1, after=1))
    for _ in range(5):
        assert levers.pull_read("account") is None
    assert reads(levers, 3) == [1]


def test_first_armed_lever_fires_and_the_next_when_that_is_spent() -> None:
    """One lever at a time."""
    first = on_reads(count=1, status=500)
    second = on_reads(count=1, status=503)
    levers = armed(first, second)
    assert [levers.pull_read("nextNonce") for _ in range(3)] == [first, second, None]


def test_lever_that_acts_at_once_cannot_be_armed() -> None:
    """There is nothing to wait for; nothing is armed then."""
    levers = Levers()
    with pytest.raises(ValueError, match="acts at once"):
        levers.arm(Lever(fault=Fault.CLOSE_SOCKETS))
    assert not levers.is_armed


def test_clear_disarms_everything() -> None:
    """The next read is ordinary."""
    levers = armed(on_reads(count=None))
    assert levers.is_armed
    assert levers.has(Stage.READ)
    assert not levers.has(Stage.FRAME)
    levers.clear()
    assert not levers.is_armed
    assert not levers.has(Stage.READ)
    assert reads(levers, 3) == []
