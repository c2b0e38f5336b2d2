"""The law of evidence, rules 7 to 10, told as stories."""

from __future__ import annotations

from typing import Any

from nautilus_lighter_nonce.core.decisions import LaneState
from nautilus_lighter_nonce.lighter.codes import TxType
from nautilus_lighter_nonce.lighter.codes import Verdict
from nautilus_lighter_nonce.outbox import work as w
from nautilus_lighter_nonce.outbox.moves import TxState
from tests.outbox.lab import Lab


# -- RULE 7 ----------------------------------------------------------------------------------------


def _hole_below_a_doubt(**kind: Any) -> tuple[Lab, int]:
    lab = Lab(**kind)
    lab.order()
    doubt = lab.order()
    lab.refuse()
    lab.do("reconnect")
    return lab, doubt


def test_rule_7_hole_below_a_doubt_is_taken_by_a_filler_not_by_the_doubted() -> None:
    """Its old write at the higher nonce could be taken as well: executed twice."""
    lab, doubt = _hole_below_a_doubt()
    assert lab.kinds()[2:] == [("filler", 0), ("order", 1)]
    assert lab.wrote()[3] == (doubt, 1)


def test_rule_7_hole_below_a_doubt_is_taken_by_an_independent_later_order() -> None:
    """Place order binds an order's own transactions, not strangers."""
    lab = Lab(window=2)
    lab.order()
    doubt = lab.order()
    stranger = lab.order()
    lab.refuse()
    lab.do("reconnect")
    if lab.lane.state is not LaneState.OPEN:
        lab.count()
    assert lab.wrote()[2:] == [(stranger, 0), (doubt, 1)]


# -- RULE 8 ----------------------------------------------------------------------------------------


def test_rule_8_change_stands_above_all_undead_writes_of_its_order() -> None:
    """A modify may follow its order while that is in doubt, above it."""
    lab = Lab()
    order = lab.order()
    lab.fall_silent()
    modify = lab.change("modify", order)
    lab.count()
    assert lab.wrote()[1:] == [(order, 0), (modify, 1)]


def test_rule_8_earlier_one_takes_the_nonce_of_the_later() -> None:
    """No number is free below its own change: the change is written again once it is dead."""
    lab = Lab()
    lab.do("foreign")
    order = lab.order()
    modify = lab.change("modify", order)
    lab.take()
    lab.do("lose_frame", 1)
    lab.do("execute", True)
    lab.fall_silent()
    assert (lab.state(order), lab.state(modify)) == (TxState.WAITING, TxState.DOUBT)
    lab.count()
    assert lab.wrote()[2:] == [(order, 1)]
    lab.take()
    lab.execute()
    assert lab.wrote()[3:] == [(modify, 2)]


def test_rule_8_earlier_one_that_comes_back_takes_its_turn_before_a_later_one_that_is_signed() -> (
    None
):
    """A number that was not written yet is given back, and given anew in place order."""
    lab = Lab(slow=True)
    lab.do("foreign")
    order = lab.order()
    lab.do("sign", 0)
    lab.do("flush")
    lab.do("deliver", 1)
    modify = lab.change("modify", order)
    assert lab.state(modify) is TxState.BOUND
    lab.execute()
    assert lab.wrote() == [(order, 0)]
    bound = [slot.entry.place for f in lab.outbox._fates.flight._turn for slot in f.slots]
    assert bound == [order, modify]


def test_rule_8_change_is_not_sent_behind_a_later_one_that_was_executed() -> None:
    """What was changed is not changed back."""
    lab = Lab()
    order = lab.order()
    lab.take()
    lab.execute()
    first, second = lab.change("modify", order), lab.change("modify", order)
    lab.lose()
    lab.do("vanish")
    lab.do("foreign")
    lab.take()
    lab.execute(see=False)
    lab.execute()
    assert lab.news(second)[-1] is w.News.ALIVE
    lab.wait(2)
    lab.do("see", 1)
    end = lab.end(first)
    assert end is not None
    assert "later change" in end.reason


# -- RULE 9 ----------------------------------------------------------------------------------------


def test_rule_9_200_above_says_that_all_below_was_taken() -> None:
    """A doubt below a 200 of the same pass is not written again: a record tells whose it was."""
    lab = Lab()
    first = lab.order()
    second = lab.order()
    lab.lose()
    lab.take()
    assert lab.state(second) is TxState.ACCEPTED
    lab.fall_silent()
    assert lab.state(first) is TxState.SPENT
    assert lab.lane.state is LaneState.OPEN
    lab.wait(1)
    assert 0 in [x.nonce for x in lab.asked_for(w.LookUp)]
    assert lab.wrote() == [(first, 0), (second, 1)]


def test_rule_9_200_that_comes_after_the_silence_says_the_same() -> None:
    """The doubt was there first."""
    lab = Lab()
    first = lab.order()
    lab.lose()
    lab.wait(1)
    second = lab.order()
    lab.do("deliver", 1)
    lab.order()
    lab.do("lose_frame", 1)
    lab.outbox.answered("3-5", 1, 21739, Verdict.REFUSED, lab.world.now)
    lab.wait(1)
    assert lab.state(first) is TxState.DOUBT
    lab.do("hear")
    assert lab.state(first) is TxState.SPENT
    assert lab.state(second) is TxState.ACCEPTED


def test_rule_9_settled_counter_that_stays_takes_the_count_back() -> None:
    """Counted by a 200 above that vanished with it: in doubt again, and written again."""
    lab = Lab()
    first, second = lab.order(), lab.order()
    lab.lose()
    lab.take()
    lab.fall_silent()
    assert lab.state(first) is TxState.SPENT
    lab.do("vanish")
    lab.wait(4)
    lab.do("count", False)
    assert lab.state(first) in (TxState.DOUBT, TxState.BOUND, TxState.WRITTEN)
    lab.wait(3)
    if lab.world.asked is not None:
        lab.do("count", False)
    assert (first, 0) in lab.wrote()[2:]
    assert lab.end(second) is None


def test_rule_9_second_200_at_a_nonce_voids_the_first_and_what_stood_above_it() -> None:
    """The first acceptance vanished; accepted writes above that are older are in doubt again."""
    lab = Lab()
    first, second = lab.order(), lab.order()
    lab.take()
    lab.take()
    assert lab.state(second) is TxState.ACCEPTED
    lab.do("vanish")
    _probe(lab)
    assert lab.state(first) is TxState.UNWANTED
    lab.take()
    assert lab.state(second) in (TxState.DOUBT, TxState.WRITTEN)
    assert lab.wrote()[3:] == [(second, 1)]


# -- RULE 10 ---------------------------------------------------------------------------------------


def _probe(lab: Lab) -> None:
    """Let the settled counter stay at the lowest accepted nonce until it is probed."""
    written = len(lab.kinds())
    for _ in range(6):
        if lab.asked_for(w.Rebase) and len(lab.kinds()) > written:
            return
        lab.wait(2)
        if lab.world.asked is not None:
            lab.do("count", False)


def test_rule_10_vanished_order_is_probed_by_a_filler_and_told_dropped_once_that_executed() -> None:
    """Suspected, never concluded: the executed record of the spender is the proof (A19)."""
    lab = Lab()
    order, second = lab.order(), lab.order()
    lab.take()
    lab.take()
    lab.do("vanish")
    _probe(lab)
    assert lab.kinds()[2] == ("filler", 0)
    assert lab.end(order) is None
    lab.take()
    lab.take()
    lab.execute()
    end = lab.end(order)
    assert end is not None
    assert (end.news, end.proof) == (w.News.DROPPED, w.Proof.OVERTAKEN)
    assert end.reason == "accepted, then dropped by the venue"
    lab.execute()
    assert lab.news(second)[-1] is w.News.ALIVE


def test_rule_10_wrong_suspicion_costs_one_stale_answer_and_changes_nothing() -> None:
    """The venue was slow: the probe is stale, the order is accepted as before."""
    lab = Lab()
    order, second = lab.order(), lab.order()
    lab.take()
    lab.take()
    _probe(lab)
    assert lab.state(order) is TxState.UNWANTED
    lab.take()
    assert lab.state(order) is TxState.ACCEPTED
    lab.execute()
    lab.execute()
    assert lab.news(order)[-1] is w.News.ALIVE
    assert lab.news(second)[-1] is w.News.ALIVE


def test_rule_10_suspicion_begins_only_behind_the_predicted_execution() -> None:
    """`predicted_execution_time_ms` says when an acceptance may be doubted (A3)."""
    lab = Lab()
    order = lab.order()
    lab.do("deliver", 1)
    lab.world.replies.clear()
    due_ms = lab.world.now // 10**6 + 60_000
    lab.outbox.answered("1-1", 1, 200, Verdict.ACCEPTED, lab.world.now, predicted_ms=due_ms)
    lab.world.pump()
    lab.wait(59)
    assert not lab.asked_for(w.AskCounter)
    assert lab.state(order) is TxState.ACCEPTED
    lab.wait(6)
    assert lab.asked_for(w.AskCounter)


def test_rule_10_what_fell_with_the_vanished_is_sent_again_with_the_same_bytes() -> None:
    """Followers keep their nonce and their bytes."""
    lab = Lab()
    lab.order()
    second = lab.order()
    lab.take()
    lab.take()
    lab.do("vanish")
    _probe(lab)
    lab.take()
    writes = lab.asked_for(w.Write)
    assert lab.wrote()[-1] == (second, 1)
    assert writes[-1].copies == writes[1].copies


def test_rule_9_record_of_the_probe_before_its_answer_lets_what_stood_above_fall() -> None:
    """
    What was executed at the vanished one's nonce proves the fall, and so does the late 200.

    Without it each follower is found out by itself, a settled counter each (soak, seed 527).
    """
    lab = Lab()
    lab.order()
    followers = [lab.order() for _ in range(3)]
    for _ in range(4):
        lab.take()
    lab.do("vanish")
    _probe(lab)
    lab.forget()
    lab.do("deliver", lab.world.connection)
    lab.execute()
    assert [lab.state(n) for n in followers] == [TxState.DOUBT] * 3
    lab.do("hear")
    assert lab.wrote() == [(n, nonce) for nonce, n in enumerate(followers, start=1)]


def test_rule_10_vanished_cancel_is_sent_again() -> None:
    """Canceled twice is canceled."""
    lab = Lab()
    order = lab.order()
    lab.take()
    lab.execute()
    cancel = lab.change("cancel", order) or lab.outbox.submit(
        ("cancel", 0), TxType.CANCEL_ORDER, lab.world.now, order=0, repeats=True
    )
    lab.world.txs.setdefault(cancel, type(lab.world.txs[order])("cancel", order))
    lab.world.pump()
    lab.take()
    lab.do("vanish")
    for _ in range(6):
        lab.wait(2)
        if lab.world.asked is not None:
            lab.do("count", False)
        if len(lab.wrote()) > 2:
            break
    lab.take()
    lab.execute()
    assert lab.wrote()[-1] == (cancel, 2)
    assert lab.end(cancel) is None


def test_rule_10_accepted_order_overtaken_by_a_stranger_is_not_sent_again_for_ever() -> None:
    """It fell, and its nonce is spent by somebody else: dead, and still wanted."""
    lab = Lab()
    order = lab.order()
    for _ in range(2):
        lab.take()
        lab.do("vanish")
        lab.do("foreign")
        lab.execute()
    end = lab.end(order)
    assert end is not None
    assert end.news is w.News.DROPPED
    assert len(lab.wrote()) == 2


def test_rule_10_what_fell_with_a_strangers_is_sent_again_with_the_same_bytes() -> None:
    """The settled counter stays below all of ours: what stood there was not ours."""
    lab = Lab()
    lab.do("foreign")
    first, second = lab.order(), lab.order()
    lab.do("deliver", 1)
    _, verdict, code = lab.world.replies.pop()
    lab.take()
    lab.outbox.answered("1-1", 1, code, verdict, lab.world.now)
    lab.world.pump()
    lab.take()
    assert lab.wrote() == [(first, 0), (second, 1), (first, 2)]
    lab.do("vanish")
    for _ in range(40):
        if lab.world.asked is not None:
            lab.do("count", False)
        elif lab.world.pipes[1]:
            lab.take()
        elif lab.venue.pending:
            lab.execute()
        else:
            lab.wait(0.5)
    assert lab.kinds()[3] == ("filler", 0)
    assert lab.news(first)[-1] is lab.news(second)[-1] is w.News.ALIVE
    assert [x.tx for x in lab.venue.log][1:] == [second, first]


def test_rule_9_200_below_what_was_accepted_before_lets_it_fall() -> None:
    """The venue went back, though nobody heard of the first acceptance here."""
    lab = Lab()
    first, second = lab.order(), lab.order()
    lab.lose()
    lab.take()
    lab.do("vanish")
    for _ in range(10):
        if lab.world.pipes[lab.world.connection]:
            break
        lab.wait(1)
        if lab.world.asked is not None:
            lab.do("count", False)
    assert lab.wrote()[2] == (first, 0)
    lab.take()
    assert lab.state(second) is TxState.DOUBT
    lab.execute()
    lab.count()
    assert lab.wrote()[3] == (second, 1)
