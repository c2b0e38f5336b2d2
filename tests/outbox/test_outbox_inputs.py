"""The inputs of an outbox: each is taken with all that it carries, at its time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from nautilus_lighter_nonce.lighter.codes import TxStatus
from nautilus_lighter_nonce.lighter.codes import TxType
from nautilus_lighter_nonce.lighter.codes import Verdict
from nautilus_lighter_nonce.outbox import work as w
from nautilus_lighter_nonce.outbox.alarms import Alarm
from nautilus_lighter_nonce.outbox.entry import FILLER_KEY
from nautilus_lighter_nonce.outbox.moves import TxState
from nautilus_lighter_nonce.outbox.moves import Why
from nautilus_lighter_nonce.outbox.outbox import Outbox
from tests.outbox.parts import MS
from tests.outbox.parts import SEC
from tests.outbox.parts import ages_told
from tests.outbox.parts import bound_and_old
from tests.outbox.parts import filler
from tests.outbox.parts import lane
from tests.outbox.parts import signed


def _made() -> Outbox:
    outbox = Outbox(lane())
    outbox.connected(1, 0)
    return outbox


def _submit(outbox: Outbox, **more: Any) -> int:
    return outbox.submit("order", TxType.CREATE_ORDER, 0, **more)


def _written(outbox: Outbox, **more: Any) -> str:
    """Submit an order and let its frame leave; return the frame's id."""
    _submit(outbox, **more)
    (sign,) = [x for x in outbox.plan(0) if isinstance(x, w.Sign)]
    outbox.signed(sign.write_id, signed(), 0)
    (frame,) = [x for x in outbox.plan(0) if isinstance(x, w.Write)]
    return frame.frame_id


def _published(outbox: Outbox) -> list[tuple[int, str, int]]:
    """Return (code, message, prediction) of all that is to be published."""
    found = [x for x in outbox._fates.work if isinstance(x, w.Publish)]
    return [(x.code, x.message, x.predicted_ms) for x in found]


# -- TAKING BACK -----------------------------------------------------------------------------------

TAKE_BACK: dict[str, Callable[[Outbox, int], object]] = {
    "start": lambda outbox, now: outbox.start(now),
    "unsigned": lambda outbox, now: outbox.unsigned("1-1", "no signer", now),
    "unready": lambda outbox, now: outbox.unready("1-1", now),
    "not_written": lambda outbox, now: outbox.not_written("gone", now),
    "connection_lost": lambda outbox, now: outbox.connection_lost(now),
    "reset": lambda outbox, now: outbox.reset(now),
}


@pytest.mark.parametrize("name", TAKE_BACK)
def test_input_that_gives_numbers_back_ends_what_is_too_old_at_its_time(name: str) -> None:
    """All that is bound and not written goes back, and may not be sent again."""
    outbox = _made()
    _submit(outbox)
    outbox.plan(0)
    bound_and_old(outbox._fates)
    TAKE_BACK[name](outbox, 7 * MS)
    assert ages_told(outbox._fates) == ["after 7 ms"]


# -- COMMANDS --------------------------------------------------------------------------------------


def test_submit_of_what_cannot_be_signed_waits_until_it_is_ready() -> None:
    """No number is taken for it."""
    outbox = _made()
    tx = _submit(outbox, ready=False)
    assert outbox.plan(0) == []
    assert outbox.state(tx) is TxState.WAITING
    outbox.ready(tx, 1)
    outbox.plan(1)
    assert outbox.state(tx) is TxState.BOUND


def test_start_asks_the_open_question_again_at_its_time() -> None:
    """Whoever asked answers no more."""
    outbox = _made()
    inquiry = outbox._fates.inquiry
    inquiry.want_counter(0)
    assert inquiry.may_ask(0)
    outbox.start(5)
    assert not inquiry.may_ask(4)
    assert inquiry.may_ask(5)


# -- SIGNING AND WRITING ---------------------------------------------------------------------------


@pytest.mark.parametrize("is_unready", [True, False])
def test_filler_that_is_not_signed_is_remarked_and_pauses_from_then_on(*, is_unready: bool) -> None:
    """It would be made anew for ever: it is passed over, not held back."""
    outbox = _made()
    fates = outbox._fates
    made = filler()
    fates.wait(made)
    outbox.plan(0)
    if is_unready:
        outbox.unready("9-1", 5 * SEC)
    else:
        outbox.unsigned("9-1", "a filler was not ready", 5 * SEC)
    assert made.state is TxState.ENDED
    assert fates.quota.is_paused(FILLER_KEY, 5 * SEC)
    remarks = [x.text for x in fates.work if isinstance(x, w.Remark)]
    assert remarks == ["a filler was refused (0: a filler was not ready)"]


def test_lost_connection_is_the_reason_of_its_doubts() -> None:
    """For those who read verdicts."""
    outbox = _made()
    _written(outbox)
    outbox.connection_lost(5)
    assert _published(outbox) == [(0, "the connection was lost", 0)]


def test_trouble_that_is_noted_is_told_to_those_who_wait_in_vain() -> None:
    """Why there is no connection."""
    outbox = Outbox(lane())
    outbox.note_trouble("no token")
    _submit(outbox)
    works = outbox.plan(5 * SEC)
    assert ["(no token)" in x.reason for x in works if isinstance(x, w.Tell)] == [True]


# -- ANSWERS ---------------------------------------------------------------------------------------


def test_answer_without_words_and_prediction_has_none() -> None:
    """Nothing is made up."""
    for verdict, code in ((Verdict.ACCEPTED, 200), (Verdict.REFUSED, 21739)):
        outbox = _made()
        outbox.answered(_written(outbox), 1, code, verdict, 5)
        assert _published(outbox) == [(code, "", 0)]


def test_answer_that_decides_nothing_is_silence_with_its_code() -> None:
    """The venue's own trouble is no verdict."""
    outbox = _made()
    outbox.answered(_written(outbox), 1, 500, Verdict.UNKNOWN, 5)
    assert _published(outbox) == [(0, "the venue answered 500", 0)]


@pytest.mark.parametrize(
    ("code", "counts"),
    [
        (20_999, False),
        (21_000, True),
        (21_999, True),
        (22_000, False),
        (22_999, False),
        (23_000, True),
        (23_999, True),
        (24_000, False),
    ],
)
def test_error_without_an_id_counts_with_a_transactions_code_alone(
    code: int, *, counts: bool
) -> None:
    """21xxx and 23xxx; the words of the venue go with it."""
    for message in ("why", ""):
        outbox = _made()
        _written(outbox)
        more: dict[str, Any] = {"message": message} if message else {}
        outbox.anonymous(1, code, Verdict.REFUSED, 5, **more)
        assert _published(outbox) == ([(code, message, 0)] if counts else [])


# -- EVIDENCE --------------------------------------------------------------------------------------


def test_record_with_a_refusal_is_told_with_its_reason_and_one_without_is_alive() -> None:
    """The sequencer's own words."""
    cases: list[tuple[dict[str, Any], tuple[w.News, int, str]]] = [
        ({"code": 21728, "reason": "exists"}, (w.News.REVERTED, 21728, "exists")),
        ({}, (w.News.ALIVE, 0, "")),
    ]
    for more, news in cases:
        outbox = _made()
        _written(outbox)
        order = outbox._fates.entries[1]
        outbox.record(0, "h", TxStatus.EXECUTED, 5, **more)
        assert (order.told, order.code, order.reason) == news


def test_frame_of_what_was_given_up_submits_its_cancel_at_its_time() -> None:
    """It is reminded of by that time."""
    outbox = _made()
    _written(outbox, undo="undo")
    outbox._fates.entries[1].why = Why.AGE
    outbox.shown(1, 7)
    assert [(x.what, x.submitted_ns) for x in outbox._fates.queue] == [("undo", 7)]


def test_submit_is_reminded_of_after_the_patience_of_the_queue() -> None:
    """From when it was submitted."""
    outbox = _made()
    tx = outbox.submit("order", TxType.CREATE_ORDER, 7)
    due_ns = 7 + outbox._fates.settings.queue_timeout_ns
    assert outbox._fates.alarms.first == (due_ns, Alarm.QUEUE, tx)
