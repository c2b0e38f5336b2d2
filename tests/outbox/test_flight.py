"""Frames: their send turn, and whose an answer is."""

from __future__ import annotations

from nautilus_lighter_nonce.outbox import flight as rooms
from nautilus_lighter_nonce.outbox.flight import Frame
from tests.outbox.parts import SEC
from tests.outbox.parts import entry
from tests.outbox.parts import flight
from tests.outbox.parts import leave
from tests.outbox.parts import signed
from tests.outbox.parts import slot
from tests.outbox.parts import write


def test_frames_leave_in_the_order_in_which_they_were_bound() -> None:
    """Whatever order signing finishes in (rule 2 of the design)."""
    turn = flight()
    first = slot(entry(1), 0, is_signed=False)
    second = slot(entry(2), 1, is_signed=False)
    turn.put(Frame("a", [first]))
    turn.put(Frame("b", [second]))
    turn.signed("2-1", signed())
    assert turn.next_frame() is None
    turn.signed("1-0", signed())
    names = []
    while turn.next_frame() is not None:
        names.append(turn.leave(0).id)
    assert names == ["a", "b"]


def test_signature_that_nobody_waits_for_is_dropped() -> None:
    """Its number was given back meanwhile."""
    turn = flight()
    turn.put(Frame("a", [slot(entry(1), 0, is_signed=False)]))
    assert turn.signing("1-0") is not None
    turn.take_back()
    assert turn.signing("1-0") is None
    turn.signed("1-0", signed())
    assert turn.next_frame() is None


def test_what_follows_a_batch_waits_for_its_answer() -> None:
    """The turn of a batch is held until its reply."""
    turn = flight()
    batch = leave(turn, "batch", 0, entry(1), entry(2))
    turn.put(Frame("next", [slot(entry(3), 2)]))
    batch.writes = [write(entry(1), 0), write(entry(2), 1)]
    assert turn.next_frame() is None
    assert turn.answered("batch", 1, 1) is batch
    assert turn.next_frame() is not None


def test_what_follows_a_batch_waits_not_for_one_that_fell_silent_or_was_shown() -> None:
    """Silence ends the wait, and so do the records of all its members."""
    for end in ("silent", "shown"):
        turn = flight()
        members = [entry(1), entry(2)]
        batch = leave(turn, "batch", 0, *members)
        batch.writes = [write(member, at) for at, member in enumerate(members)]
        turn.put(Frame("next", [slot(entry(3), 2)]))
        assert turn.next_frame() is None
        if end == "silent":
            turn.silent(batch)
        else:
            for member in members:
                member.state = type(member.state).ALIVE
        assert turn.next_frame() is not None


def test_taking_back_returns_the_latest_number_first() -> None:
    """So that the lane rolls back one after the other."""
    turn = flight()
    turn.put(Frame("a", [slot(entry(1), 0), slot(entry(2), 1)]))
    turn.put(Frame("b", [slot(entry(3), 2)]))
    assert turn.bound == 3
    assert turn.bound_nonces() == {0, 1, 2}
    assert [x.nonce for x in turn.take_back()] == [2, 1, 0]
    assert (turn.bound, turn.take_back()) == (0, [])


def test_answer_belongs_to_its_frame_on_its_own_connection() -> None:
    """Rule 1: whose id it echoes, where it was written."""
    turn = flight()
    frame = leave(turn, "a", 0)
    assert turn.answered("b", 1, 1) is None
    assert turn.answered("a", 2, 1) is None
    assert turn.answered("a", 1, 1) is frame
    assert turn.answered("a", 1, 1) is None


def test_answer_is_awaited_until_it_comes_or_is_given_up() -> None:
    """A frame that fell silent is remembered, and awaited no more."""
    turn = flight()
    frame = leave(turn, "a", 0)
    frame.writes = [write(entry(1), 0)]
    assert (turn.is_waiting, turn.awaited) == (True, 1)
    assert frame.deadline_ns == 2 * SEC
    turn.silent(frame)
    assert (turn.is_waiting, turn.awaited) == (False, 0)
    assert turn.frame("a") is frame
    assert turn.answered("a", 1, 9 * SEC) is frame


def test_answer_hurries_the_frames_that_it_has_overtaken() -> None:
    """Only those written before it, and only once."""
    turn = flight()
    old = leave(turn, "old", 0)
    new = leave(turn, "new", 10)
    later = leave(turn, "later", 20)
    turn.answered("new", 1, 30)
    assert old.is_overtaken
    assert old.deadline_ns < SEC
    assert not later.is_overtaken
    hurried = old.deadline_ns
    turn.answered("later", 1, 90)
    assert old.deadline_ns == hurried
    assert new.deadline_ns == 10 + 2 * SEC


def test_overtaken_frame_is_never_waited_for_longer_than_before() -> None:
    """A slow venue does not lengthen the silence limit."""
    turn = flight(timeout_ns=100)
    old = leave(turn, "old", 0)
    leave(turn, "new", 10)
    turn.answered("new", 1, 99)
    assert old.deadline_ns == 100


def test_lost_connection_ends_all_waiting() -> None:
    """What was written on it is handed back; nothing is written until there is a new one."""
    turn = flight()
    frame = leave(turn, "a", 0, entry(1), entry(2))
    assert turn.lost() == [frame]
    assert not turn.is_up
    assert turn.answered("a", 1, 1) is None
    turn.connected(2, 5)
    assert turn.is_up
    turn.put(Frame("b", [slot(entry(3), 2)]))
    assert turn.next_frame() is not None
    assert turn.leave(6).connection == 2


def test_connection_is_dumb_if_it_answered_nothing_since_a_frame() -> None:
    """A dumb one is replaced, and nothing more is written on it."""
    turn = flight()
    first, second = leave(turn, "a", 5), leave(turn, "b", 10)
    assert turn.is_dumb(first)
    turn.answered("b", 1, 20)
    assert not turn.is_dumb(first)
    assert not turn.is_dumb(second)
    third = leave(turn, "c", 30)
    turn.replace()
    assert not turn.is_up
    assert not turn.is_dumb(third)
    turn.lost()
    turn.connected(2, 40)
    assert turn.is_up
    assert not turn.is_dumb(third)


def test_frame_that_was_not_written_is_forgotten() -> None:
    """Nothing of it left this process."""
    turn = flight()
    frame = leave(turn, "a", 0, entry(1), entry(2))
    frame.writes = [write(entry(1), 0)]
    assert turn.not_written("a") is frame
    assert turn.not_written("a") is None
    assert not turn.is_waiting
    turn.put(Frame("b", [slot(entry(3), 2)]))
    assert turn.next_frame() is not None


def test_error_without_id_is_placed_where_one_frame_alone_is_unanswered() -> None:
    """Silent ones count: the error may be theirs."""
    turn = flight()
    assert turn.only_unanswered(1) is None
    frame = leave(turn, "a", 0)
    assert turn.only_unanswered(1) is frame
    assert turn.only_unanswered(2) is None
    turn.silent(frame)
    assert turn.only_unanswered(1) is frame
    leave(turn, "b", 1)
    assert turn.only_unanswered(1) is None


def test_frames_without_answers_are_remembered_in_bounds() -> None:
    """The oldest silent ones are forgotten; then no error without an id can be placed."""
    turn = flight()
    waiting = leave(turn, "waiting", 0)
    for at in range(rooms.REMEMBERED_FRAMES + 10):
        turn.silent(leave(turn, f"f{at}", at))
    assert turn.frame("f0") is None
    assert turn.frame("waiting") is waiting
    assert len(turn._written) == rooms.REMEMBERED_FRAMES
    for frame in list(turn._written.values())[1:]:
        turn.answered(frame.id, 1, 10**6)
    assert turn.only_unanswered(1) is None
    turn.lost()
    turn.connected(2, 0)
    alone = leave(turn, "alone", 0)
    assert turn.only_unanswered(2) is alone


def test_silent_frame_is_not_hurried_by_a_later_answer() -> None:
    """Nobody waits for it any more."""
    turn = flight()
    first, second = leave(turn, "a", 0), leave(turn, "b", 1)
    turn.silent(first)
    turn.answered("b", 1, 2)
    assert not first.deadline_ns
    assert not turn.is_waiting
    assert second.deadline_ns


def test_frames_that_are_all_awaited_are_all_remembered() -> None:
    """An answer may place them yet."""
    turn = flight()
    answered = leave(turn, "answered", 0)
    names = [f"f{at}" for at in range(rooms.REMEMBERED_FRAMES + 1)]
    for name in names:
        leave(turn, name, 0)
    turn.answered("answered", 1, 0)
    turn.silent(answered)
    assert all(turn.frame(name) is not None for name in names)
