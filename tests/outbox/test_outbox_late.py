"""What comes late: answers after silence, records before answers, copies beside copies."""

from __future__ import annotations

from nautilus_lighter_nonce.lighter.codes import TxType
from nautilus_lighter_nonce.lighter.codes import Verdict
from nautilus_lighter_nonce.outbox import work as w
from nautilus_lighter_nonce.outbox.moves import TxState
from tests.outbox.bounds import SEC
from tests.outbox.lab import AGING
from tests.outbox.lab import Lab


# -- WHAT COMES LATE -------------------------------------------------------------------------------


def _silent_on_an_open_connection(lab: Lab) -> tuple[int, str]:
    """An order whose answer is late, while its connection answers others."""
    order = lab.order()
    frame = lab.asked_for(w.Write)[-1]
    lab.do("deliver", 1)
    lab.world.replies.pop()
    lab.wait(1)
    lab.order()
    other = lab.asked_for(w.Write)[-1]
    lab.do("lose_frame", 1)
    lab.outbox.answered(other.frame_id, 1, 21739, Verdict.REFUSED, lab.world.now)
    lab.wait(1)
    assert lab.state(order) is TxState.DOUBT
    return order, frame.frame_id


def _answer(lab: Lab, frame_id: str, code: int, verdict: Verdict) -> None:
    """An answer comes late."""
    lab.outbox.answered(frame_id, lab.world.connection, code, verdict, lab.world.now)
    lab.world.pump()


def test_late_200_ends_a_doubt() -> None:
    """A late answer on an open connection is an answer."""
    lab = Lab()
    order, frame_id = _silent_on_an_open_connection(lab)
    _answer(lab, frame_id, 200, Verdict.ACCEPTED)
    assert lab.state(order) is TxState.ACCEPTED
    assert lab.news(order)[1:] == [w.News.IN_DOUBT, w.News.SETTLED]


def test_late_refusal_ends_a_doubt() -> None:
    """Its only copy is dead."""
    lab = Lab()
    lab.venue.take = lambda members, now_ns: (Verdict.REFUSED, 21739)  # type: ignore[method-assign]
    order, frame_id = _silent_on_an_open_connection(lab)
    _answer(lab, frame_id, 21739, Verdict.REFUSED)
    end = lab.end(order)
    assert end is not None
    assert end.news is w.News.REFUSED


def test_late_refusal_of_one_copy_leaves_the_other_in_doubt_and_unwanted() -> None:
    """The first copy may still be taken: what is refused is ended by a spender."""
    lab = Lab()
    order = lab.order()
    lab.do("reconnect")
    lab.count()
    frame_id = lab.asked_for(w.Write)[-1].frame_id
    lab.do("lose_frame", 2)
    lab.outbox.submit(("other", 0), TxType.CREATE_ORDER, lab.world.now)
    lab.wait(1)
    lab.world.connection = 2
    lab.outbox._fates.flight.answered_ns = lab.world.now  # the connection answers others
    lab.wait(1)
    assert lab.state(order) is TxState.DOUBT
    _answer(lab, frame_id, 21739, Verdict.REFUSED)
    assert lab.state(order) is TxState.UNWANTED


def _spent_on_an_open_connection(lab: Lab) -> tuple[int, str]:
    """An order whose answer is late, below one that was accepted."""
    order = lab.order()
    frame = lab.asked_for(w.Write)[-1]
    lab.do("deliver", 1)
    lab.world.replies.pop()
    lab.wait(0.001)
    lab.order()
    lab.take()
    lab.fall_silent()
    assert lab.state(order) is TxState.SPENT
    return order, frame.frame_id


def test_late_200_tells_who_took_a_nonce_that_counts_as_spent() -> None:
    """It was ours."""
    lab = Lab()
    order, frame_id = _spent_on_an_open_connection(lab)
    _answer(lab, frame_id, 200, Verdict.ACCEPTED)
    assert lab.state(order) is TxState.ACCEPTED


def _spent_by_a_stranger(lab: Lab) -> tuple[int, str]:
    """An order whose answer is late, at a nonce that a stranger took, below one of ours."""
    lab.do("foreign")
    return _spent_on_an_open_connection(lab)


def test_late_stale_tells_that_a_stranger_took_the_nonce() -> None:
    """It was not ours: dead, and sent again in its old place."""
    lab = Lab()
    order, frame_id = _spent_by_a_stranger(lab)
    _answer(lab, frame_id, 21104, Verdict.STALE)
    assert lab.wrote()[-1] == (order, 2)


def test_late_refusal_of_what_counts_as_spent_ends_it() -> None:
    """A stranger took the nonce; ours was refused before."""
    lab = Lab()
    order, frame_id = _spent_by_a_stranger(lab)
    _answer(lab, frame_id, 21739, Verdict.REFUSED)
    assert lab.news(order)[-1] is w.News.REFUSED


def test_record_of_a_stranger_at_a_nonce_that_counts_as_spent_gives_the_order_back() -> None:
    """Spent by somebody else: dead, and sent again, unless it may not be."""
    for is_old in (False, True):
        lab = Lab()
        order, _ = _spent_by_a_stranger(lab)
        lab.outbox._fates.entries[order].is_old = is_old
        lab.execute()
        end = lab.end(order)
        assert (end is not None) == is_old
        assert ((order, 2) in lab.wrote()) != is_old


def test_order_that_counts_as_spent_is_canceled_behind_it() -> None:
    """By whom? Whoever it was, the cancel goes out at the next number."""
    lab = Lab()
    order, _ = _spent_on_an_open_connection(lab)
    cancel = lab.change("cancel", order)
    assert lab.state(order) is TxState.UNWANTED
    assert lab.wrote()[-1] == (cancel, 2)


def test_doubt_that_was_given_up_is_canceled_by_the_user_too() -> None:
    """The reason that is told is the user's."""
    lab = Lab(AGING)
    order = lab.order()
    lab.do("reconnect")
    lab.wait(4)
    assert lab.state(order) is TxState.UNWANTED
    lab.change("cancel", order)
    for _ in range(4):
        lab.wait(3)
        if lab.world.asked is not None:
            lab.do("count", False)
        if lab.world.pipes[2]:
            lab.take()
    while lab.venue.pending:
        lab.execute()
    end = lab.end(order)
    assert end is not None
    assert "canceled" in end.reason


def test_copy_that_is_stale_leaves_the_first_copy_in_doubt() -> None:
    """Two copies at one nonce, one of them dead."""
    lab = Lab()
    order = lab.order()
    lab.do("reconnect")
    lab.count()
    lab.do("foreign")
    lab.take()
    assert lab.state(order) is TxState.DOUBT


def test_copy_that_is_stale_after_another_fell_silent_is_waited_out() -> None:
    """What awaits an answer is no doubt yet."""
    lab = Lab()
    order, frame_id = _silent_on_an_open_connection(lab)
    lab.venue.expected = 0
    lab.venue.pending.clear()
    lab.count()
    assert lab.state(order) is TxState.WRITTEN
    _answer(lab, frame_id, 21104, Verdict.STALE)
    assert lab.state(order) is TxState.WRITTEN


def test_second_copy_that_is_not_written_leaves_the_first_in_doubt() -> None:
    """Its number is given back, its first copy may still be taken."""
    lab = Lab(slow=True)
    order = lab.order()
    lab.do("sign", 0)
    lab.do("flush")
    lab.do("reconnect")
    lab.count()
    assert lab.state(order) is TxState.WRITTEN
    lab.do("fail_write")
    assert lab.state(order) is TxState.DOUBT


def test_late_200_while_a_second_copy_is_signed_takes_its_number_back() -> None:
    """The first copy was taken: the second is not written any more."""
    lab = Lab(slow=True, life=40)
    order = lab.order()
    lab.do("sign", 0)
    lab.do("flush")
    frame = lab.asked_for(w.Write)[0]
    lab.wait(1)
    lab.outbox._fates.flight.answered_ns = lab.world.now  # the connection answers others
    lab.wait(1)
    lab.count()
    assert lab.state(order) is TxState.BOUND
    lab.do("deliver", 1)
    lab.world.replies.clear()
    _answer(lab, frame.frame_id, 200, Verdict.ACCEPTED)
    assert lab.state(order) is TxState.ACCEPTED
    assert lab.outbox._fates.flight.bound == 0


def test_record_with_a_refusal_comes_before_the_answer() -> None:
    """The record may be faster than the reply."""
    lab = Lab()
    order = lab.order()
    lab.do("deliver", 1)
    lab.do("execute", False)
    lab.do("see", 0)
    assert lab.news(order)[-1] is w.News.REVERTED
    lab.do("hear")
    assert lab.lane.can_issue()


def test_late_refusal_of_one_copy_of_a_spent_one_leaves_the_other() -> None:
    """Two copies at a nonce that counts as spent, one of them refused: not wanted any more."""
    lab = Lab()
    order = lab.order()
    lab.do("reconnect")
    lab.count()
    frame = lab.asked_for(w.Write)[-1]
    lab.do("deliver", 2)
    lab.world.replies.pop()
    lab.wait(0.001)
    lab.order()
    lab.take()
    lab.fall_silent()
    assert lab.state(order) is TxState.SPENT
    _answer(lab, frame.frame_id, 21739, Verdict.REFUSED)
    assert lab.state(order) is TxState.UNWANTED


def test_acceptance_that_falls_while_a_second_copy_is_awaited_is_written_again_already() -> None:
    """A stranger took the nonce below: the first copy is in doubt, the second on its way."""
    lab = Lab()
    lab.order()
    lab.take()
    order, frame_id = _silent_on_an_open_connection(lab)
    lab.venue.expected = 1
    del lab.venue.pending[1:]
    lab.count()
    assert lab.wrote()[-1] == (order, 1)
    _answer(lab, frame_id, 200, Verdict.ACCEPTED)
    assert lab.state(order) is TxState.ACCEPTED
    lab.outbox.record(0, "foreign 0", 2, lab.world.now)
    assert lab.state(order) is TxState.WRITTEN


def test_accepted_copy_that_expires_while_a_second_one_is_awaited_is_accepted_no_more() -> None:
    """It was never counted: the second copy decides."""
    lab = Lab(life=3)
    order, frame_id = _silent_on_an_open_connection(lab)
    lab.venue.expected = 0
    lab.venue.pending.clear()
    lab.count()
    assert lab.wrote()[-1] == (order, 0)
    _answer(lab, frame_id, 200, Verdict.ACCEPTED)
    assert lab.state(order) is TxState.ACCEPTED
    lab.outbox.counter(0, lab.world.now + 3 * SEC, lab.world.now + 3 * SEC)
    assert lab.state(order) is TxState.WRITTEN
