"""When the counter is asked, and which nonces are looked up."""

from __future__ import annotations

from nautilus_lighter_nonce.outbox.alarms import Alarm
from nautilus_lighter_nonce.outbox.alarms import Alarms
from nautilus_lighter_nonce.outbox.inquiry import FIRST_LOOK_NS
from nautilus_lighter_nonce.outbox.inquiry import LONGEST_PAUSE_NS
from nautilus_lighter_nonce.outbox.inquiry import QUESTION_NS
from nautilus_lighter_nonce.outbox.inquiry import Inquiry


PAUSE = 350


def _made() -> tuple[Inquiry, Alarms]:
    alarms = Alarms()
    return Inquiry(alarms, PAUSE), alarms


def test_counter_is_asked_in_its_time_and_once() -> None:
    """At most one question is open."""
    inquiry, alarms = _made()
    assert not inquiry.may_ask(0)
    inquiry.want_counter(10, 5)
    assert alarms.first == (15, Alarm.ASK, 0)
    assert not inquiry.may_ask(14)
    assert inquiry.may_ask(15)
    inquiry.want_counter(16)
    assert not inquiry.may_ask(20)
    assert inquiry.is_wanted
    inquiry.answered()
    assert inquiry.may_ask(20)


def test_earlier_wish_wins_over_a_later_one() -> None:
    """Whoever needs it first is heard."""
    inquiry, _ = _made()
    inquiry.want_counter(0, 100)
    inquiry.want_counter(0, 10)
    inquiry.want_counter(0, 50)
    assert inquiry.may_ask(10)


def test_pauses_between_questions_grow_and_are_short_again_when_something_was_learnt() -> None:
    """Twice as long each time, up to a limit."""
    inquiry, _ = _made()
    now, pauses = 0, []
    for _ in range(30):
        inquiry.answered()
        inquiry.ask_again(now)
        first = now
        now = _asked(inquiry, now)
        pauses.append(now - first)
    assert pauses[:3] == [PAUSE, 2 * PAUSE, 4 * PAUSE]
    assert pauses[-1] == LONGEST_PAUSE_NS
    inquiry.calm()
    inquiry.answered()
    inquiry.ask_again(now)
    assert not inquiry.may_ask(now + PAUSE - 1)
    assert inquiry.may_ask(now + PAUSE)


def _asked(inquiry: Inquiry, now: int) -> int:
    wanted = inquiry._wanted_ns
    assert wanted is not None
    assert not inquiry.may_ask(wanted - 1)
    assert inquiry.may_ask(wanted)
    return wanted


def test_question_that_its_asker_forgot_counts_as_lost() -> None:
    """Whatever became of it, it is asked again."""
    inquiry, _ = _made()
    inquiry.want_counter(1)
    assert inquiry.may_ask(1)
    assert not inquiry.may_ask(QUESTION_NS)
    assert inquiry.may_ask(1 + QUESTION_NS)


def test_look_is_begun_once_and_repeated_with_growing_pauses() -> None:
    """Absence from an index ends nothing; the last pause repeats for ever."""
    inquiry, alarms = _made()
    inquiry.look(7, 0)
    inquiry.look(7, 5)
    assert alarms.first == (FIRST_LOOK_NS, Alarm.LOOK, 7)
    alarms.drop()
    due = FIRST_LOOK_NS
    pauses = []
    for count in range(8):
        assert inquiry.is_looking(7)
        assert inquiry.begin_look(7) == count
        assert not inquiry.is_looking(7)
        assert inquiry.begin_look(7) is None
        inquiry.looked_up(7, due)
        assert alarms.first is not None
        pauses.append(alarms.first[0] - due)
        due = alarms.first[0]
        alarms.drop()
    assert pauses[:2] == [FIRST_LOOK_NS, 2 * FIRST_LOOK_NS]
    assert pauses[-1] == LONGEST_PAUSE_NS


def test_look_that_is_over_needs_no_more_of_it() -> None:
    """A nonce whose copies are all accounted for is not looked up."""
    inquiry, alarms = _made()
    inquiry.look(7, 0)
    inquiry.end_look(7)
    inquiry.end_look(7)
    assert inquiry.begin_look(7) is None
    assert not inquiry.is_looking(7)
    alarms.drop()
    inquiry.looked_up(7, 3)
    assert alarms.first is None


def test_what_was_asked_before_a_stop_is_asked_anew() -> None:
    """The tasks that asked are gone."""
    inquiry, alarms = _made()
    inquiry.look(7, 0)
    inquiry.begin_look(7)
    inquiry.look(8, 0)
    inquiry.want_counter(0)
    assert inquiry.may_ask(0)
    while alarms.first is not None:
        alarms.drop()
    inquiry.forget_askers(100)
    assert inquiry.is_looking(7)
    assert inquiry.may_ask(100)
    assert alarms.first == (100, Alarm.ASK, 0)


def test_look_up_that_is_over_reminds_of_its_own_nonce() -> None:
    """Each has pauses of its own."""
    inquiry, alarms = _made()
    inquiry.look(3, 0)
    assert inquiry.begin_look(3) == 0
    inquiry.looked_up(3, FIRST_LOOK_NS)
    alarms.drop()
    assert alarms.first == (2 * FIRST_LOOK_NS, Alarm.LOOK, 3)
