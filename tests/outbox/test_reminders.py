"""Reminders: what becomes due when nothing happens."""

from __future__ import annotations

import pytest

from nautilus_lighter_nonce.lighter.codes import TxType
from nautilus_lighter_nonce.outbox import work as w
from nautilus_lighter_nonce.outbox.alarms import Alarm
from nautilus_lighter_nonce.outbox.answers import Answers
from nautilus_lighter_nonce.outbox.entry import Entry
from nautilus_lighter_nonce.outbox.entry import WriteState
from nautilus_lighter_nonce.outbox.fates import Fates
from nautilus_lighter_nonce.outbox.inquiry import FIRST_LOOK_NS
from nautilus_lighter_nonce.outbox.moves import TxState
from nautilus_lighter_nonce.outbox.reminders import BACKSTOP_NS
from nautilus_lighter_nonce.outbox.reminders import LOOK_AGAIN_NS
from nautilus_lighter_nonce.outbox.reminders import Reminders
from nautilus_lighter_nonce.outbox.settings import OutboxSettings
from tests.outbox.parts import SEC
from tests.outbox.parts import entry
from tests.outbox.parts import fates
from tests.outbox.parts import leave
from tests.outbox.parts import write


def _made(settings: OutboxSettings | None = None) -> tuple[Reminders, Fates, Answers]:
    room = fates(settings)
    room.flight.connected(1, 0)
    answers = Answers(room)
    return Reminders(room, answers), room, answers


def _add(room: Fates, made: Entry, state: TxState, written: WriteState | None = None) -> Entry:
    room.add(made)
    made.state = state
    if state is TxState.WAITING:
        room.queue.put(made)
    if written is not None:
        room.evidence.wrote(write(made, 0, state=written))
    return made


def test_next_due_drops_what_has_nothing_to_say() -> None:
    """A reminder of what has ended wakes nobody."""
    reminders, room, _ = _made()
    room.alarms.set(1, Alarm.QUEUE, 9)
    room.alarms.set(2, Alarm.SILENCE, "gone")
    room.alarms.set(3, Alarm.LOOK, 7)
    room.alarms.set(4, Alarm.ASK)
    assert reminders.next_due() is None
    assert len(room.alarms) == 0
    room.alarms.set(5, Alarm.WAKE)
    assert reminders.next_due() == 5


def test_ring_hears_all_that_is_due_and_nothing_else() -> None:
    """Up to now."""
    reminders, room, _ = _made()
    room.alarms.set(5, Alarm.WAKE)
    room.alarms.set(9, Alarm.WAKE)
    reminders.ring(5)
    assert reminders.next_due() == 9


@pytest.mark.parametrize("due_ns", [None, 10**6 * SEC])
def test_open_doubt_is_looked_at_again_when_nothing_is_due_for_long(due_ns: int | None) -> None:
    """Whatever was forgotten."""
    reminders, room, _ = _made()
    if due_ns is not None:
        room.alarms.set(due_ns, Alarm.WAKE)
    reminders.watch_doubts(0)
    assert reminders.next_due() == due_ns
    room.doubts[1] = _add(room, entry(), TxState.DOUBT, WriteState.SILENT)
    reminders.watch_doubts(0)
    assert reminders.next_due() == BACKSTOP_NS


def test_open_doubt_with_something_due_soon_needs_no_backstop() -> None:
    """It is looked at then."""
    reminders, room, _ = _made()
    room.doubts[1] = _add(room, entry(), TxState.DOUBT, WriteState.SILENT)
    room.alarms.set(SEC, Alarm.WAKE)
    reminders.watch_doubts(0)
    assert len(room.alarms) == 1


def test_answer_that_does_not_come_leaves_a_doubt_and_replaces_a_dumb_connection() -> None:
    """Nothing was answered since the frame was written."""
    reminders, room, _ = _made()
    order = _add(room, entry(), TxState.WRITTEN, WriteState.PENDING)
    frame = leave(room.flight, "f", 10, order)
    frame.writes += order.writes
    reminders.ring(frame.deadline_ns)
    assert order.state is TxState.DOUBT
    assert room.work[-1] == w.Replace(1)
    assert not room.flight.is_up
    assert [x.message for x in room.work if isinstance(x, w.Publish)] == ["no reply within 1500 ms"]


def test_connection_that_answered_since_is_kept() -> None:
    """One lost answer is no dumb connection."""
    reminders, room, _ = _made()
    order = _add(room, entry(), TxState.WRITTEN, WriteState.PENDING)
    frame = leave(room.flight, "f", 10, order)
    frame.writes += order.writes
    room.flight.answered_ns = 20
    reminders.ring(frame.deadline_ns)
    assert not any(isinstance(x, w.Replace) for x in room.work)


def test_reminder_of_a_deadline_that_was_moved_waits_for_it() -> None:
    """An alarm is a reminder, never the truth."""
    reminders, room, _ = _made()
    frame = leave(room.flight, "f", 10)
    room.alarms.set(50, Alarm.SILENCE, "f")
    reminders.ring(50)
    assert frame.deadline_ns == 10 + room.settings.reply_timeout_ns
    assert reminders.next_due() == frame.deadline_ns


def test_command_that_waits_too_long_is_given_up_with_its_obstacle() -> None:
    """Never bound, and may not be done twice."""
    for obstacle in ("connected", "lane", "flight", "rate", "refuses"):
        reminders, room, answers = _made()
        order = _add(room, entry(), TxState.WAITING)
        room.alarms.set(5 * SEC, Alarm.QUEUE, 1)
        if obstacle == "connected":
            room.flight.lost()
            room.flight.trouble = "the token was refused"
        elif obstacle == "lane":
            room.lane.doubted(5, 0)
        elif obstacle == "flight":
            while room.lane.can_issue():
                room.lane.issue()
        elif obstacle == "refuses":
            answers.trouble = "21120: invalid signature"
        reminders.ring(5 * SEC)
        assert order.state is TxState.ENDED
        assert order.reason.startswith("waited 5000 ms for its turn")
        assert obstacle in order.reason


@pytest.mark.parametrize(("was_bound", "repeats"), [(True, False), (False, True)])
def test_command_that_was_bound_or_repeats_safely_may_wait(
    *, was_bound: bool, repeats: bool
) -> None:
    """A cancel waits for as long as its order lives."""
    reminders, room, _ = _made()
    order = _add(room, entry(repeats=repeats), TxState.WAITING)
    order.was_bound = was_bound
    room.alarms.set(5 * SEC, Alarm.QUEUE, 1)
    reminders.ring(5 * SEC)
    assert order.state is TxState.WAITING


def test_age_ends_what_waits_makes_a_doubt_unwanted_and_lets_what_flies_fly() -> None:
    """It ends no doubt by itself."""
    cases = (
        (TxState.WAITING, None, TxState.ENDED),
        (TxState.DOUBT, WriteState.SILENT, TxState.UNWANTED),
        (TxState.WRITTEN, WriteState.PENDING, TxState.WRITTEN),
        (TxState.ACCEPTED, WriteState.ACCEPTED, TxState.ACCEPTED),
    )
    for state, written, after in cases:
        reminders, room, _ = _made()
        order = _add(room, entry(), state, written)
        room.alarms.set(SEC, Alarm.AGE, 1)
        reminders.ring(SEC)
        assert order.is_old
        assert order.state is after
        room.alarms.set(2 * SEC, Alarm.AGE, 1)
        assert reminders.next_due() != 2 * SEC


def test_acceptance_that_nothing_shows_is_looked_up_then_weighed() -> None:
    """First the index, in time the counter, again and again."""
    reminders, room, _ = _made()
    order = _add(room, entry(), TxState.ACCEPTED, WriteState.ACCEPTED)
    order.suspect_ns = 2 * SEC
    room.alarms.set(SEC, Alarm.SHOW, 1)
    reminders.ring(SEC)
    assert room.inquiry.is_looking(0)
    assert not room.inquiry.is_wanted
    weigh_ns = 2 * SEC + room.settings.settle_ns
    reminders.ring(weigh_ns)
    assert room.inquiry.is_wanted
    assert (weigh_ns + LOOK_AGAIN_NS, Alarm.SHOW, 1) in room.alarms._heap


def test_look_names_the_copies_that_may_have_spent_the_nonce() -> None:
    """By hash at first, by nonce as well from the second time on."""
    reminders, room, _ = _made()
    _add(room, entry(), TxState.DOUBT, WriteState.SILENT)
    room.inquiry.look(0, 0)
    reminders.ring(SEC)
    room.inquiry.looked_up(0, SEC)
    reminders.ring(3 * SEC)
    looks = [x for x in room.work if isinstance(x, w.LookUp)]
    assert looks == [w.LookUp(0, ("1@0",), by_nonce=False), w.LookUp(0, ("1@0",), by_nonce=True)]


def test_look_ends_when_nothing_is_undead_there() -> None:
    """All copies are accounted for."""
    reminders, room, _ = _made()
    room.inquiry.look(0, 0)
    reminders.ring(SEC)
    assert not room.work
    assert not room.inquiry.is_looking(0)


def test_signature_that_is_past_asks_the_counter_until_its_transaction_is_dead() -> None:
    """Expiry needs the counter (rule 3c)."""
    reminders, room, _ = _made()
    order = _add(room, entry(), TxState.DOUBT, WriteState.SILENT)
    room.alarms.set(SEC, Alarm.EXPIRY, 1)
    reminders.ring(SEC)
    assert room.inquiry.may_ask(SEC)
    assert reminders.next_due() == SEC + LOOK_AGAIN_NS
    room.evidence.kill(order.writes[0])
    assert reminders.next_due() is None


def test_age_of_a_refused_account_is_told_with_the_true_cause() -> None:
    """Not a nonce fault: the venue refuses the account."""
    reminders, room, answers = _made()
    answers.trouble = "21120: invalid signature"
    order = _add(room, entry(1, TxType.CREATE_ORDER), TxState.WAITING)
    order.was_bound = True
    room.alarms.set(SEC, Alarm.AGE, 1)
    reminders.ring(SEC)
    assert "21120" in order.reason


def test_open_doubt_with_something_due_at_the_backstop_needs_no_other() -> None:
    """It is looked at then."""
    reminders, room, _ = _made()
    room.doubts[1] = _add(room, entry(), TxState.DOUBT, WriteState.SILENT)
    room.alarms.set(BACKSTOP_NS, Alarm.EXPIRY, 1)
    reminders.watch_doubts(0)
    assert len(room.alarms) == 1


def test_acceptance_that_fell_is_reminded_of_no_showing() -> None:
    """A doubt has reminders of its own."""
    reminders, room, _ = _made()
    _add(room, entry(), TxState.DOUBT, WriteState.SILENT)
    room.alarms.set(SEC, Alarm.SHOW, 1)
    assert reminders.next_due() is None


def test_tidying_keeps_what_may_have_something_to_say() -> None:
    """An answer that is awaited, a look-up, a pause, a question, a transaction."""
    reminders, room, _ = _made()
    frame = leave(room.flight, "f", 0)
    room.inquiry.look(3, SEC)
    _add(room, entry(), TxState.WAITING)
    kept: list[tuple[int, Alarm, int | str]]
    kept = [(SEC, Alarm.QUEUE, 1), (SEC, Alarm.ASK, 0), (SEC, Alarm.WAKE, 0)]
    for place in range(100, 200):
        room.alarms.set(5 * SEC, Alarm.AGE, place)
    for due_ns, alarm, about in kept:
        room.alarms.set(due_ns, alarm, about)
    kept += [(frame.deadline_ns, Alarm.SILENCE, "f"), (SEC + FIRST_LOOK_NS, Alarm.LOOK, 3)]
    reminders.ring(0)
    assert sorted(room.alarms._heap) == sorted(kept)


def test_silence_is_said_with_the_time_since_its_frame_was_written() -> None:
    """Not since the beginning of time."""
    reminders, room, _ = _made()
    order = _add(room, entry(), TxState.WRITTEN, WriteState.PENDING)
    frame = leave(room.flight, "f", 60 * SEC, order)
    frame.writes += order.writes
    reminders.ring(frame.deadline_ns)
    assert [x.message for x in room.work if isinstance(x, w.Publish)] == ["no reply within 1500 ms"]


@pytest.mark.parametrize(("trouble", "why"), [("no token", " (no token)"), ("", "")])
def test_command_that_waited_for_a_connection_says_what_kept_it_away(
    trouble: str, why: str
) -> None:
    """If anybody knows."""
    reminders, room, _ = _made()
    order = _add(room, entry(), TxState.WAITING)
    room.alarms.set(5 * SEC, Alarm.QUEUE, 1)
    room.flight.lost()
    room.flight.trouble = trouble
    reminders.ring(5 * SEC)
    assert order.reason == f"waited 5000 ms for its turn, and the stream was not connected{why}"


def test_command_that_waited_with_a_slot_free_was_kept_by_something_else() -> None:
    """One free slot is enough."""
    reminders, room, _ = _made()
    order = _add(room, entry(), TxState.WAITING)
    room.alarms.set(5 * SEC, Alarm.QUEUE, 1)
    while room.lane.free_slots() > 1:
        room.lane.issue()
    reminders.ring(5 * SEC)
    assert "in flight" not in order.reason
