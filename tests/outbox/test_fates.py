"""Fates: what follows when the table moves a transaction."""

from __future__ import annotations

import pytest

from nautilus_lighter_nonce.lighter.codes import TxType
from nautilus_lighter_nonce.outbox import fates as rooms
from nautilus_lighter_nonce.outbox import work as w
from nautilus_lighter_nonce.outbox.alarms import Alarm
from nautilus_lighter_nonce.outbox.entry import Entry
from nautilus_lighter_nonce.outbox.entry import WriteState
from nautilus_lighter_nonce.outbox.fates import Fates
from nautilus_lighter_nonce.outbox.flight import Frame
from nautilus_lighter_nonce.outbox.moves import Input
from nautilus_lighter_nonce.outbox.moves import TxState
from nautilus_lighter_nonce.outbox.moves import Why
from tests.outbox.parts import MS
from tests.outbox.parts import SEC
from tests.outbox.parts import ages_told
from tests.outbox.parts import bind_again
from tests.outbox.parts import bound_and_old
from tests.outbox.parts import entry
from tests.outbox.parts import fates
from tests.outbox.parts import filler
from tests.outbox.parts import slot
from tests.outbox.parts import write


def _add(room: Fates, made: Entry, state: TxState = TxState.WAITING) -> Entry:
    room.add(made)
    made.state = state
    if state is TxState.WAITING:
        room.queue.put(made)
    return made


def _written(room: Fates, made: Entry, nonce: int = 0) -> Entry:
    _add(room, made, TxState.WRITTEN)
    made.was_bound = True
    room.evidence.wrote(write(made, nonce))
    return made


def _silent(room: Fates, made: Entry, now_ns: int = 0) -> Entry:
    _written(room, made)
    made.writes[0].state = WriteState.SILENT
    room.give(made, Input.SILENT, now_ns)
    return made


def _told(room: Fates) -> list[tuple[int, w.News, w.Proof]]:
    return [(x.tx, x.news, x.proof) for x in room.work if isinstance(x, w.Tell)]


def test_doubt_is_told_once_and_its_end_too() -> None:
    """In doubt, then settled with its proof."""
    room = fates()
    order = _silent(room, entry())
    assert list(room.doubts) == [1]
    room.give(order, Input.COUNTED, 1)
    room.give(order, Input.UNCOUNTED, 2)
    room.give(order, Input.SHOWN, 3, w.Proof.FRAME)
    assert _told(room) == [
        (1, w.News.IN_DOUBT, w.Proof.NONE),
        (1, w.News.SETTLED, w.Proof.FRAME),
        (1, w.News.ALIVE, w.Proof.FRAME),
    ]
    assert room.doubts == {}


def test_doubt_that_is_written_again_stays_a_doubt() -> None:
    """As doubtful as before, until it is answered."""
    room = fates()
    order = _silent(room, entry())
    room.give(order, Input.BIND, 1)
    room.flight.put(Frame("f", [slot(order, 0)]))
    room.give(order, Input.WRITE, 1)
    assert list(room.doubts) == [1]
    room.give(order, Input.ACCEPT, 2)
    assert room.doubts == {}
    assert _told(room)[-1] == (1, w.News.SETTLED, w.Proof.ANSWERED)


def test_doubt_reminds_of_the_end_of_its_signature() -> None:
    """Behind the margin of clocks and the lag of the counter."""
    room = fates()
    _silent(room, entry())
    settings = room.settings
    due_ns = 10**18 + settings.expiry_margin_ns + settings.settle_ns
    assert room.alarms.first == (due_ns, Alarm.EXPIRY, 1)


@pytest.mark.parametrize(
    ("change", "why"),
    [({"is_old": True}, Why.AGE), ({"resend": False}, Why.AGE)],
)
def test_doubt_that_is_not_to_be_sent_again_is_unwanted_at_once(
    change: dict[str, bool], why: Why
) -> None:
    """Too old, or forbidden: something else must spend its nonce."""
    room = fates()
    order = entry()
    for name, value in change.items():
        setattr(order, name, value)
    _silent(room, order)
    assert (order.state, order.why) == (TxState.UNWANTED, why)


def test_doubt_of_a_stopping_client_is_unwanted() -> None:
    """A stop spends its doubts."""
    room = fates()
    room.is_stopping = True
    assert _silent(room, entry()).why is Why.STOP


def test_count_is_for_doubts_alone_and_begins_to_look() -> None:
    """Its nonce counts as spent: by whom, a record must tell."""
    room = fates()
    pending = _written(room, entry(1))
    room.count(pending, 5)
    assert (pending.counted_ns, pending.state) == (0, TxState.WRITTEN)
    order = _silent(room, entry(2))
    room.count(order, 5)
    room.count(order, 9)
    assert (order.counted_ns, order.state) == (5, TxState.SPENT)
    assert room.inquiry.is_looking(0)
    room.uncount(order, 9)
    assert (order.counted_ns, order.state) == (0, TxState.DOUBT)


def test_spent_one_counts_no_more_once_it_is_no_doubt() -> None:
    """What is accepted is not counted."""
    room = fates()
    order = _silent(room, entry())
    room.count(order, 5)
    room.give(order, Input.ACCEPT, 6)
    assert order.counted_ns == 0


def test_numbers_are_given_back_the_latest_first_and_end_their_probes() -> None:
    """What was bound and not written waits again."""
    room = fates()
    first, second = _add(room, entry(1)), _add(room, entry(2))
    for at, made in enumerate((first, second)):
        room.give(made, Input.BIND, 0)
        room.flight.put(Frame(f"f{at}", [slot(made, at)]))
    room.probe = 1
    room.take_back(0)
    assert list(room.work) == [w.Withdraw(1, 1), w.Withdraw(0, 1)]
    assert room.probe is None
    assert list(room.queue) == [first, second]


def test_bound_one_is_given_back_before_anything_else_happens_to_it() -> None:
    """Canceled while it is being signed: its number is free, it is ended."""
    room = fates()
    order = _add(room, entry())
    room.give(order, Input.BIND, 0)
    room.flight.put(Frame("f", [slot(order, 0)]))
    room.give(order, Input.CANCEL, 0)
    assert room.flight.bound == 0
    assert _told(room) == [(1, w.News.GIVEN_UP, w.Proof.NEVER_WRITTEN)]


def test_dead_one_waits_again_only_if_it_may_go() -> None:
    """Its policy, its age, the stop."""
    for change, ends in (({}, False), ({"resend": False}, True), ({"is_old": True}, True)):
        room = fates()
        order = entry()
        for name, value in change.items():
            setattr(order, name, value)
        _written(room, order)
        room.evidence.kill(order.writes[0])
        room.give(order, Input.DIED, 1)
        assert (order.state is TxState.ENDED) is ends


def test_unwritten_one_waits_again_whatever_its_policy() -> None:
    """No fault touched it: it was never sent."""
    room = fates()
    order = _add(room, entry(resend=False))
    room.give(order, Input.BIND, 0)
    room.flight.put(Frame("f", [slot(order, 0)]))
    room.take_back(0)
    assert order.state is TxState.WAITING


def test_filler_waits_for_nothing_and_is_told_to_nobody() -> None:
    """It is made anew where it is needed."""
    room = fates()
    made = filler()
    _written(room, made)
    room.evidence.kill(made.writes[0])
    room.give(made, Input.DIED, 0)
    assert made.state is TxState.ENDED
    assert not room.work


def test_end_is_remembered_in_bounds() -> None:
    """To say so when the venue contradicts it."""
    room = fates()
    for place in range(rooms.REMEMBERED_ENDS + 1):
        room.give(_add(room, entry(place)), Input.CANCEL, 0)
    assert 0 not in room.ends
    assert room.ends[1].told is w.News.GIVEN_UP
    assert len(room.ends) == rooms.REMEMBERED_ENDS


def test_order_that_ended_ends_what_waits_to_change_it() -> None:
    """And what is under way is not sent again."""
    room = fates()
    order = _written(room, entry(1, order="o"))
    waiting = _add(room, entry(2, TxType.CANCEL_ORDER, order="o", repeats=True))
    flying = _written(room, entry(3, TxType.MODIFY_ORDER, order="o"), 1)
    other = _add(room, entry(4, order="p"))
    room.evidence.kill(order.writes[0])
    room.give(order, Input.REFUSE, 0)
    assert (waiting.state, waiting.reason) == (TxState.ENDED, "its order has ended")
    assert flying.state is TxState.WRITTEN
    assert not flying.resend
    assert other.state is TxState.WAITING


def test_change_that_was_executed_ends_earlier_changes_but_not_the_order() -> None:
    """What was changed is not changed back."""
    room = fates()
    order = _add(room, entry(1, order="o"))
    earlier = _add(room, entry(2, TxType.MODIFY_ORDER, order="o"))
    change = _written(room, entry(3, TxType.MODIFY_ORDER, order="o"))
    later = _add(room, entry(4, TxType.MODIFY_ORDER, order="o"))
    room.give(change, Input.SHOWN, 0, w.Proof.RECORD)
    assert earlier.state is TxState.ENDED
    assert order.state is later.state is TxState.WAITING


@pytest.mark.parametrize("why", [None, *Why])
def test_order_that_lives_though_it_was_given_up_is_canceled(why: Why | None) -> None:
    """For age or stop alone: who else did not want it has a cancel of his own."""
    room = fates()
    order = _written(room, entry(1, undo="undo", order="o"))
    order.why = why
    room.give(order, Input.SHOWN, 0, w.Proof.FRAME)
    undone = [(x.what, x.tx_type, x.order) for x in room.queue]
    is_ours = why in (Why.AGE, Why.STOP)
    assert undone == ([("undo", TxType.CANCEL_ORDER, "o")] if is_ours else [])


def test_bad_news_carry_code_and_reason_and_good_ones_do_not() -> None:
    """What the venue said of an earlier copy is no news of an order that lives."""
    room = fates()
    order = _written(room, entry())
    order.code, order.reason = 23000, "later"
    room.give(order, Input.SHOWN, 0, w.Proof.FRAME)
    told = [x for x in room.work if isinstance(x, w.Tell)]
    assert (told[0].code, told[0].reason) == (0, "")
    bad = _written(room, entry(2))
    bad.code, bad.reason = 21739, "margin"
    room.give(bad, Input.REVERTED, 0, w.Proof.RECORD)
    last = room.work[-1]
    assert isinstance(last, w.Tell)
    assert (last.code, last.reason) == (21739, "margin")


def test_dead_one_of_a_stopping_client_ends_for_the_stop() -> None:
    """Nothing is written any more."""
    room = fates()
    order = _written(room, entry())
    room.is_stopping = True
    room.evidence.kill(order.writes[0])
    room.give(order, Input.DIED, 1)
    assert (order.state, order.why) == (TxState.ENDED, Why.STOP)


def test_dead_suspect_that_waits_again_is_suspected_no_more() -> None:
    """Its next copy has a number of its own."""
    room = fates()
    cancel = _written(room, entry(1, TxType.CANCEL_ORDER, repeats=True))
    cancel.state, cancel.why, cancel.is_suspected = TxState.UNWANTED, Why.SUSPECTED, True
    room.evidence.kill(cancel.writes[0])
    room.give(cancel, Input.DIED, 1)
    assert (cancel.state, cancel.is_suspected) == (TxState.WAITING, False)


def test_number_that_is_given_back_ends_what_is_too_old_at_that_time() -> None:
    """Its copies are dead, and it is not sent again."""
    room = fates()
    old = bound_and_old(room)
    room.take_back(7 * MS)
    assert old.state is TxState.ENDED
    assert ages_told(room) == ["after 7 ms"]


def test_dead_one_gives_the_numbers_of_its_later_ones_back_at_that_time() -> None:
    """Numbers are given anew, in the order of the order."""
    room = fates()
    order = _written(room, entry(1, order="o"))
    change = bind_again(_add(room, entry(2, TxType.MODIFY_ORDER, order="o")), room, 1)
    bound_and_old(room, nonce=2)
    room.evidence.kill(order.writes[0])
    room.give(order, Input.DIED, 7 * MS)
    assert [x.state for x in (order, change)] == [TxState.WAITING] * 2
    assert ages_told(room) == ["after 7 ms"]


def test_number_that_is_given_back_lets_another_of_its_type_probe() -> None:
    """The probe was never written."""
    room = fates()
    room.quota.back_off(TxType.CREATE_ORDER, 0)
    later = 60 * SEC
    bind_again(_add(room, entry()), room, 0)
    room.quota.take(TxType.CREATE_ORDER, later)
    room.take_back(later)
    assert not room.quota.is_paused(TxType.CREATE_ORDER, later)


def test_change_that_comes_too_late_says_why() -> None:
    """Its owner reads it."""
    room = fates()
    earlier = _add(room, entry(1, TxType.MODIFY_ORDER, order="o"))
    change = _written(room, entry(2, TxType.MODIFY_ORDER, order="o"))
    room.give(change, Input.SHOWN, 0, w.Proof.RECORD)
    assert earlier.reason == "a later change of its order was executed"


def test_cancel_of_what_lives_though_given_up_is_new_and_never_too_old() -> None:
    """It repeats, and its time begins when it is submitted."""
    room = fates()
    order = _written(room, entry(1, undo="undo"))
    order.why = Why.AGE
    room.give(order, Input.SHOWN, 7, w.Proof.FRAME)
    assert [(x.repeats, x.submitted_ns) for x in room.queue] == [(True, 7)]
