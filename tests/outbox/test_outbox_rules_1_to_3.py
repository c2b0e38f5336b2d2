"""The law of evidence, rules 1 to 3, told as stories."""

from __future__ import annotations

import pytest

from nautilus_lighter_nonce.lighter.codes import Verdict
from nautilus_lighter_nonce.outbox import work as w
from nautilus_lighter_nonce.outbox.moves import TxState
from tests.outbox.bounds import SEC
from tests.outbox.lab import Lab


# -- RULE 1 ----------------------------------------------------------------------------------------


def test_rule_1_answer_of_a_closed_connection_counts_for_nothing() -> None:
    """An answer counts only on its own connection while that is open."""
    lab = Lab()
    order = lab.order()
    frame = lab.asked_for(w.Write)[0]
    lab.do("reconnect")
    lab.outbox.answered(frame.frame_id, 1, 21739, Verdict.REFUSED, lab.world.now)
    assert lab.state(order) is TxState.DOUBT
    assert lab.news(order) == [w.News.SENDING, w.News.IN_DOUBT]


def test_rule_1_frame_is_never_repeated_by_itself() -> None:
    """No replay after a reconnect: only the law writes a copy again, after a question."""
    lab = Lab()
    lab.order()
    lab.do("reconnect")
    assert len(lab.asked_for(w.Write)) == 1
    lab.count()
    assert len(lab.asked_for(w.Write)) == 2


def test_rule_1_answer_that_says_nothing_leaves_a_doubt() -> None:
    """5xx is unknown, not refused."""
    lab = Lab()
    order = lab.order()
    lab.do("deliver", 1)
    lab.do("garble")
    assert lab.state(order) is TxState.DOUBT


def test_rule_1_answer_without_id_counts_for_the_one_unanswered_frame() -> None:
    """One single frame is unanswered: the error is its own, and the depth goes down to one."""
    lab = Lab()
    order = lab.order()
    lab.do("refuse", 1)
    lab.do("hear_nameless")
    end = lab.end(order)
    assert end is not None
    assert end.news is w.News.REFUSED
    assert lab.lane.depth == 1


def test_rule_1_answer_without_id_counts_for_none_of_two() -> None:
    """Two frames are unanswered: nobody knows whose error it is."""
    lab = Lab()
    first, second = lab.order(), lab.order()
    lab.do("refuse", 1)
    lab.do("hear_nameless")
    assert lab.state(first) is lab.state(second) is TxState.WRITTEN


@pytest.mark.parametrize(("code", "is_alone"), [(30_009, True), (21_739, False)])
def test_rule_1_answer_without_id_counts_not_for_a_frame_of_another_kind(
    code: int, *, is_alone: bool
) -> None:
    """A code that is no transaction's, or an unanswered subscription: unknown."""
    lab = Lab()
    order = lab.order()
    lab.outbox.anonymous(1, code, Verdict.REFUSED, lab.world.now, is_alone=is_alone)
    assert lab.state(order) is TxState.WRITTEN


# -- RULE 2 ----------------------------------------------------------------------------------------


def test_rule_2_doubt_is_written_again_at_its_nonce_with_the_same_bytes() -> None:
    """A transaction in doubt keeps its nonce, and needs no new signature for it."""
    lab = Lab()
    order = lab.order()
    lab.pass_anew()
    first, second = lab.asked_for(w.Write)
    assert lab.wrote() == [(order, 0), (order, 0)]
    assert first.copies == second.copies
    assert len(lab.asked_for(w.Sign)) == 1


def test_rule_2_doubt_whose_signature_is_nearly_past_is_signed_anew_at_its_nonce() -> None:
    """Other bytes at the same nonce are as safe as the same."""
    lab = Lab(life=50)
    order = lab.order()
    lab.pass_anew()
    assert lab.wrote() == [(order, 0), (order, 0)]
    assert len(lab.asked_for(w.Sign)) == 2


def test_rule_2_stale_one_is_dead_and_goes_at_another_nonce() -> None:
    """All its writes are dead, so it may be written elsewhere, before all that came later."""
    lab = Lab()
    lab.do("foreign")
    first = lab.order()
    lab.take()
    assert lab.state(first) is TxState.WAITING
    lab.do("execute", True)
    second = lab.order()
    lab.count()
    assert lab.wrote() == [(first, 0), (first, 1), (second, 2)]


def test_rule_2_what_is_executed_is_never_written_again() -> None:
    """A record that comes while its doubt is being signed anew takes the number back."""
    lab = Lab(slow=True, life=50)
    order = lab.order()
    lab.do("sign", 0)
    lab.do("flush")
    lab.lose()
    lab.do("execute", True)
    lab.wait(2)
    lab.world.asked = None
    lab.lane.refreshed(0, lab.world.now)  # a counter that lags
    lab.outbox.counter(0, lab.world.now - 3 * SEC, lab.world.now)
    lab.world.pump()
    assert lab.state(order) is TxState.BOUND
    lab.do("see", 0)
    assert lab.news(order)[-1] is w.News.ALIVE
    lab.do("sign", 0)
    assert not lab.world.to_write


# -- RULE 3 ----------------------------------------------------------------------------------------


def test_rule_3a_own_definite_answer_kills_that_write_alone() -> None:
    """A refusal of the second copy says nothing of the first: told only once both are dead."""
    lab = Lab()
    order = lab.order()
    lab.do("reconnect")
    lab.count()
    lab.refuse()
    assert lab.state(order) is TxState.UNWANTED
    lab.do("deliver", 1)
    lab.execute()
    assert lab.news(order)[-1] is w.News.ALIVE


def test_rule_3b_executed_record_of_another_hash_kills_what_stands_there() -> None:
    """A nonce is spent at most once."""
    lab = Lab()
    order = lab.order()
    lab.pass_anew()
    lab.do("foreign")
    lab.execute()
    assert lab.wrote() == [(order, 0), (order, 0), (order, 1)]
    assert lab.told(order)[-1].proof is w.Proof.OVERTAKEN


def test_rule_3c_expired_and_never_counted_is_dead() -> None:
    """A signature past its end, and a counter question begun after the lag limit."""
    lab = Lab(life=5)
    order = lab.order()
    lab.do("cancel", order)
    lab.do("reconnect")
    lab.world.pipes[2].clear()
    for _ in range(4):
        lab.wait(3)
        lab.count() if lab.world.asked is not None else None
        lab.world.pipes[2].clear()
    end = lab.end(order)
    assert end is not None
    assert end.proof is w.Proof.EXPIRED


@pytest.mark.parametrize("status", [0, 1, 4, 5, None])
def test_rule_3_record_that_is_not_executed_proves_nothing(status: int | None) -> None:
    """Pending, failed, unknown, or without the field: ask again (A6)."""
    lab = Lab()
    order = lab.order()
    lab.do("reconnect")
    lab.outbox.record(0, "1@0#0", status, lab.world.now)
    lab.outbox.record(0, "another", status, lab.world.now)
    lab.world.pump()
    assert lab.state(order) is TxState.DOUBT


def test_rule_3_absence_from_the_index_proves_nothing() -> None:
    """A look-up that finds nothing is repeated with growing pauses, and ends nothing."""
    lab = Lab(index=True)
    order = lab.order()
    lab.take()
    lab.wait(1)
    for _ in range(5):
        lab.wait(9)
        if lab.world.looks:
            lab.do("look", 0)
        if lab.world.asked is not None:
            lab.do("mute")
    assert lab.state(order) is TxState.ACCEPTED
    assert len(lab.asked_for(w.LookUp)) >= 4


def test_rule_3_counter_that_does_not_count_a_nonce_proves_nothing() -> None:
    """The frame may be on its way: written again at the same nonce, and nothing is told."""
    lab = Lab()
    order = lab.order()
    lab.do("reconnect")
    lab.count()
    assert lab.state(order) is TxState.WRITTEN
    assert lab.wrote() == [(order, 0), (order, 0)]


def test_rule_3_200_for_something_else_proves_nothing() -> None:
    """The spender may vanish: the canceled order is told ended only when the spender executed."""
    lab = Lab()
    order = lab.order()
    lab.do("reconnect")
    cancel = lab.change("cancel", order)
    lab.count()
    assert lab.wrote() == [(order, 0), (cancel, 0)]
    lab.take()
    assert lab.state(order) is TxState.UNWANTED
    lab.execute()
    end = lab.end(order)
    assert end is not None
    assert (end.news, end.proof) == (w.News.GIVEN_UP, w.Proof.OVERTAKEN)


def test_rule_3_fate_of_a_frame_mate_proves_nothing() -> None:
    """A stranger's record at the nonce of one member leaves the other in doubt."""
    lab = Lab(batch=True)
    lab.do("submit")
    first, second = lab.world.orders
    lab.do("reconnect")
    lab.outbox.record(1, "foreign 1", 2, lab.world.now)
    assert lab.state(second) is TxState.WAITING
    assert lab.state(first) is not TxState.WAITING
