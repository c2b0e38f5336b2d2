"""Alarms: what is due when."""

from __future__ import annotations

from nautilus_lighter_nonce.outbox.alarms import FEW
from nautilus_lighter_nonce.outbox.alarms import Alarm
from nautilus_lighter_nonce.outbox.alarms import Alarms


def test_first_alarm_is_the_earliest_whatever_order_they_were_set_in() -> None:
    """A heap of reminders."""
    alarms = Alarms()
    alarms.set(5, Alarm.WAKE)
    alarms.set(3, Alarm.AGE, 7)
    assert alarms.first == (3, Alarm.AGE, 7)
    alarms.drop()
    assert alarms.first == (5, Alarm.WAKE, 0)
    alarms.drop()
    assert alarms.first is None


def test_alarms_of_one_moment_are_heard_in_the_order_of_their_kinds() -> None:
    """Silence before questions: what is known decides what is asked."""
    alarms = Alarms()
    for alarm in reversed(Alarm):
        alarms.set(1, alarm, "f" if alarm is Alarm.SILENCE else 1)
    heard = []
    while alarms.first is not None:
        heard.append(alarms.first[1])
        alarms.drop()
    assert heard == sorted(Alarm)


def test_alarm_that_is_set_twice_is_heard_once_and_may_be_set_again() -> None:
    """Reminders do not pile up while a pause lasts."""
    alarms = Alarms()
    alarms.set(1, Alarm.WAKE)
    alarms.set(1, Alarm.WAKE)
    assert len(alarms) == 1
    alarms.drop()
    alarms.set(1, Alarm.WAKE)
    assert len(alarms) == 1


def test_alarms_about_what_has_ended_are_forgotten_and_the_others_kept_in_order() -> None:
    """Signatures end ten minutes later, transactions after one reply: memory does not wait."""
    alarms = Alarms()
    for i in range(10_000):
        alarms.set(10_000 - i, Alarm.EXPIRY, i)
        alarms.tidy(lambda _, about: about in (0, 9_000))
        assert len(alarms) <= 2 * 2 + FEW
    alarms.set(5, Alarm.WAKE)
    heard = []
    while alarms.first is not None:
        heard.append(alarms.first)
        alarms.drop()
    assert heard == sorted(heard)
    assert (10_000, Alarm.EXPIRY, 0) in heard
    assert (1_000, Alarm.EXPIRY, 9_000) in heard


def test_few_alarms_are_kept_and_twice_what_was_kept_is_allowed() -> None:
    """Whoever tidies more often than that pays more than it saves."""
    alarms = Alarms()
    for at in range(FEW):
        alarms.set(at, Alarm.EXPIRY, at)
    alarms.tidy(lambda *_: False)
    assert len(alarms) == FEW
    alarms.set(FEW, Alarm.EXPIRY, FEW)
    alarms.tidy(lambda *_: True)
    most = 2 * (FEW + 1)
    for at in range(FEW + 1, most):
        alarms.set(at, Alarm.EXPIRY, at)
    alarms.tidy(lambda *_: False)
    assert len(alarms) == most
    alarms.set(most, Alarm.EXPIRY, most)
    alarms.tidy(lambda *_: False)
    assert len(alarms) == 0
