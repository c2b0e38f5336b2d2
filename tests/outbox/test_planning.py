"""Planning: what can be done without an input."""

from __future__ import annotations

import pytest

from nautilus_lighter_nonce.core.counter import MAX_LAG
from nautilus_lighter_nonce.core.decisions import LaneState
from nautilus_lighter_nonce.outbox import work as w
from nautilus_lighter_nonce.outbox.answers import Answers
from nautilus_lighter_nonce.outbox.binding import Binding
from nautilus_lighter_nonce.outbox.entry import WriteState
from nautilus_lighter_nonce.outbox.fates import Fates
from nautilus_lighter_nonce.outbox.moves import TxState
from nautilus_lighter_nonce.outbox.planning import MOVES_THE_LANE
from nautilus_lighter_nonce.outbox.planning import Planner
from tests.outbox.parts import MS
from tests.outbox.parts import SEC
from tests.outbox.parts import ages_told
from tests.outbox.parts import bound_and_old
from tests.outbox.parts import entry
from tests.outbox.parts import fates
from tests.outbox.parts import signed
from tests.outbox.parts import write


def _made(*, is_connected: bool = True) -> tuple[Planner, Fates]:
    room = fates()
    if is_connected:
        room.flight.connected(1, 0)
    return Planner(room, Binding(room, Answers(room))), room


def _wait(room: Fates, place: int) -> None:
    made = entry(place)
    room.add(made)
    room.queue.put(made)


def test_pull_binds_what_waits_and_writes_what_is_signed() -> None:
    """Asked again and again until there is nothing."""
    planner, room = _made()
    _wait(room, 1)
    planner.pull(0)
    assert [type(x) for x in room.work] == [w.Tell, w.Sign]
    room.work.clear()
    planner.pull(0)
    assert not room.work
    room.flight.signed("1-1", signed())
    planner.pull(0)
    assert [type(x) for x in room.work] == [w.Write]


def test_pull_without_a_connection_binds_nothing() -> None:
    """A number is taken when lane, connection, slot and rate token are in hand."""
    planner, room = _made(is_connected=False)
    _wait(room, 1)
    planner.pull(0)
    assert not room.work
    assert room.entries[1].state is TxState.WAITING


def test_pull_of_a_frozen_lane_gives_back_what_is_bound() -> None:
    """A number of before the heal is no number any more."""
    planner, room = _made()
    _wait(room, 1)
    planner.pull(0)
    room.work.clear()
    room.lane.doubted(5, 0)
    assert room.lane.state is not LaneState.OPEN
    planner.pull(0)
    assert list(room.work) == [w.Withdraw(0, 1)]
    assert room.entries[1].state is TxState.WAITING


def test_pull_of_a_halted_lane_ends_what_waits() -> None:
    """A halted lane sends nothing."""
    planner, room = _made()
    _wait(room, 1)
    room.lane.halt("why")
    planner.pull(0)
    assert [x.news for x in room.work if isinstance(x, w.Tell)] == [w.News.GIVEN_UP]
    assert not room.entries


def test_pull_asks_the_counter_when_the_lane_wants_it_and_not_before() -> None:
    """The lane's own question, in its time."""
    planner, room = _made()
    room.lane.doubted(5, 0)
    question_ns = room.lane.question_ns
    assert question_ns is not None
    planner.pull(0)
    assert not room.work
    planner.pull(question_ns)
    assert list(room.work) == [w.AskCounter()]
    planner.pull(question_ns)
    assert len(room.work) == 1


def test_pull_writes_nothing_behind_a_work_that_moves_the_lane() -> None:
    """Nothing is decided on an old lane."""
    planner, room = _made()
    room.work.append(w.Spent(0, by_us=True))
    assert isinstance(room.work[0], MOVES_THE_LANE)
    _wait(room, 1)
    planner.pull(0)
    assert len(room.work) == 1


def test_lane_that_begins_far_below_what_is_known_is_halted() -> None:
    """Numbers are never iterated over: the venue was reset, and nobody said so (A7)."""
    planner, room = _made()
    room.evidence.counter = 10**12
    _wait(room, 1)
    planner.pull(0)
    assert [type(x) for x in room.work] == [w.Halt]
    room.work.clear()
    room.evidence.counter = MAX_LAG
    planner.pull(SEC)
    assert room.lane.next_nonce > MAX_LAG


def test_halt_of_a_lane_that_begins_too_low_names_both_numbers_and_is_all_that_is_done() -> None:
    """A person must see how far apart they are; until then no pass goes back."""
    planner, room = _made()
    room.lane.take()
    for place, nonce in ((1, 0), (2, 10**12)):
        _wait(room, place)
        order = room.doubts[place] = room.entries[place]
        room.queue.remove(order)
        order.state = TxState.DOUBT
        room.evidence.wrote(write(order, nonce, state=WriteState.SILENT))
    planner.pull(0)
    (halt,) = room.work
    assert isinstance(halt, w.Halt)
    assert "nonce 1," in halt.reason
    assert str(10**12) in halt.reason


def test_lane_that_begins_high_is_held_against_what_is_known_by_the_difference() -> None:
    """A large number is no gap."""
    planner, room = _made()
    room.lane.seed(10**12)
    room.evidence.counter = 10**12
    planner.pull(0)
    assert not room.work


def test_lanes_question_whose_time_has_come_is_asked_at_once() -> None:
    """Not a moment later."""
    planner, room = _made()
    room.lane.doubted(5, 0)
    question_ns = room.lane.question_ns
    assert question_ns is not None
    planner.pull(question_ns)
    assert list(room.work) == [w.AskCounter()]


@pytest.mark.parametrize("lane", ["halted", "frozen"])
def test_pull_of_a_lane_that_is_not_open_ends_what_is_too_old_at_that_time(lane: str) -> None:
    """Its number is given back."""
    planner, room = _made()
    bound_and_old(room)
    if lane == "halted":
        room.lane.halt("why")
    else:
        room.lane.doubted(5, 0)
    planner.pull(7 * MS)
    assert ages_told(room) == ["after 7 ms"]
