"""Reasons, in words for people."""

from __future__ import annotations

from nautilus_lighter_nonce.outbox.entry import MAX_FALLS
from nautilus_lighter_nonce.outbox.moves import Why
from nautilus_lighter_nonce.outbox.reasons import reason_of
from tests.outbox.parts import entry


NOW_NS = 1_234 * 1_000_000


def test_reason_of_age_names_the_fault_and_the_age() -> None:
    """How long it was tried."""
    order = entry()
    order.why = Why.AGE
    text = reason_of(order, NOW_NS)
    assert text == "a nonce fault kept it from the venue; it is not sent again after 1234 ms"


def test_reason_of_what_forbids_resending_names_the_policy() -> None:
    """`nonce_resend` is the user's."""
    order = entry(resend=False)
    order.why = Why.AGE
    assert "nonce_resend forbids sending it again, after 1234 ms" in reason_of(order, NOW_NS)


def test_reason_of_what_fell_too_often_says_how_often() -> None:
    """Accepted and dropped, again and again."""
    order = entry()
    order.why, order.falls = Why.AGE, MAX_FALLS
    assert reason_of(order, NOW_NS).startswith("accepted and dropped by the venue 2 times")


def test_reason_that_is_known_is_told_as_it_is() -> None:
    """The venue's words, or the obstacle in the queue."""
    order = entry()
    order.reason = "margin"
    for why in (None, Why.REFUSED, Why.AGE, Why.STOP, Why.SUSPECTED):
        order.why = why
        assert reason_of(order, NOW_NS) == "margin"


def test_users_own_reason_goes_before_every_other() -> None:
    """Canceled is canceled."""
    order = entry()
    order.reason, order.why = "margin", Why.USER
    assert "canceled" in reason_of(order, NOW_NS)


def test_reason_without_words_is_the_kind_of_the_end() -> None:
    """Stopped, dropped, refused."""
    order = entry()
    assert reason_of(order, NOW_NS) == "refused"
    order.why = Why.STOP
    assert "stopped" in reason_of(order, NOW_NS)
    order.why = Why.SUSPECTED
    assert "dropped" in reason_of(order, NOW_NS)


def test_age_is_counted_from_when_it_was_submitted() -> None:
    """Not since the beginning of time."""
    order = entry()
    order.why, order.submitted_ns = Why.AGE, 1_000 * 1_000_000
    assert "after 234 ms" in reason_of(order, NOW_NS)
