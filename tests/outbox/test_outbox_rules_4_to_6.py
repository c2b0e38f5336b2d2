"""The law of evidence, rules 4 to 6, told as stories."""

from __future__ import annotations

from nautilus_lighter_nonce.lighter.codes import TxType
from nautilus_lighter_nonce.lighter.codes import Verdict
from nautilus_lighter_nonce.outbox import work as w
from nautilus_lighter_nonce.outbox.moves import TxState
from tests.outbox.bounds import SEC
from tests.outbox.lab import AGING
from tests.outbox.lab import NO_RESEND
from tests.outbox.lab import Lab


# -- RULE 4 ----------------------------------------------------------------------------------------


def test_rule_4_refused_one_is_told_at_once_with_its_reason() -> None:
    """A refusal of the only copy is proof."""
    lab = Lab()
    order = lab.order()
    lab.outbox.answered("1-1", 1, 21739, Verdict.REFUSED, lab.world.now, message="margin")
    lab.world.pump()
    end = lab.end(order)
    assert end is not None
    assert (end.news, end.proof) == (w.News.REFUSED, w.Proof.ANSWERED)
    assert (end.code, end.reason) == (21739, "margin")


def test_rule_4_dead_one_that_is_wanted_waits_in_its_old_place() -> None:
    """What comes back stands before all that came later."""
    lab = Lab(window=2)
    first, second, third = lab.order(), lab.order(), lab.order()
    lab.refuse()
    lab.take()
    assert lab.state(second) is TxState.WRITTEN
    assert lab.wrote() == [(first, 0), (second, 1), (second, 0), (third, 1)]


def test_rule_4_refused_for_now_goes_again_and_is_not_told() -> None:
    """A rate limit says "later"."""
    lab = Lab()
    order = lab.order()
    lab.refuse("later")
    assert lab.state(order) is TxState.WAITING
    lab.wait(1)
    assert lab.wrote() == [(order, 0), (order, 0)]


def test_rule_4_order_that_forbids_resending_is_given_up_when_it_is_dead() -> None:
    """Its own policy is kept, and the reason says so."""
    lab = Lab(NO_RESEND)
    lab.do("foreign")
    order = lab.order()
    lab.take()
    end = lab.end(order)
    assert end is not None
    assert end.news is w.News.GIVEN_UP
    assert "nonce_resend forbids" in end.reason


def test_rule_4_rate_limited_order_that_forbids_resending_ends_with_the_venues_reason() -> None:
    """The venue's word is told, not ours."""
    lab = Lab(NO_RESEND)
    order = lab.order()
    lab.outbox.answered("1-1", 1, 23000, Verdict.REFUSED, lab.world.now, message="Too Many")
    lab.world.pump()
    end = lab.end(order)
    assert end is not None
    assert (end.news, end.code, end.reason) == (w.News.GIVEN_UP, 23000, "Too Many")


def test_rule_4_doubt_that_forbids_resending_is_ended_by_a_spender() -> None:
    """In doubt, and not to be sent again: something else takes its nonce."""
    lab = Lab(NO_RESEND)
    order = lab.order()
    lab.fall_silent()
    assert lab.state(order) is TxState.UNWANTED
    lab.count()
    assert lab.kinds() == [("order", 0), ("filler", 0)]
    lab.take()
    lab.execute()
    end = lab.end(order)
    assert end is not None
    assert (end.news, end.proof) == (w.News.GIVEN_UP, w.Proof.OVERTAKEN)


def test_rule_4_doubt_that_grows_old_is_ended_by_a_spender_and_says_its_age() -> None:
    """`resend_max_age_ms` ends no doubt by itself: its nonce must be spent (A4)."""
    lab = Lab(AGING)
    order = lab.order()
    lab.fall_silent()
    assert lab.state(order) is TxState.DOUBT
    lab.wait(2)
    assert lab.state(order) is TxState.UNWANTED
    lab.count()
    lab.take()
    lab.execute()
    end = lab.end(order)
    assert end is not None
    assert end.news is w.News.GIVEN_UP
    assert "nonce fault kept it from the venue; it is not sent again after" in end.reason
    assert "ms" in end.reason


def test_rule_4_dead_one_that_is_too_old_is_given_up() -> None:
    """Older than the limit and proved dead: not sent again."""
    lab = Lab(AGING)
    lab.do("foreign")
    order = lab.order()
    lab.do("deliver", 1)
    lab.world.replies.clear()
    lab.wait(1)
    lab.world.now += 3 * SEC
    lab.outbox.answered("1-1", 1, 21104, Verdict.STALE, lab.world.now)
    lab.world.pump()
    assert lab.end(order) is not None


def test_rule_4_command_that_waits_too_long_unwritten_is_given_up() -> None:
    """`queue_timeout_ms`; the reason names what was in the way."""
    lab = Lab(AGING, window=1)
    lab.order()
    lab.take()
    lab.order()
    second = lab.order()
    lab.do("deliver", 1)
    lab.outbox.connection_lost(lab.world.now)
    lab.wait(6)
    end = lab.end(second)
    assert end is not None
    assert end.proof is w.Proof.NEVER_WRITTEN
    assert not end.was_bound
    assert "not connected" in end.reason


def test_rule_4_cancel_does_not_grow_old() -> None:
    """What may be done twice neither ages nor leaves the queue by itself."""
    lab = Lab(AGING)
    order = lab.order()
    lab.take()
    lab.execute()
    lab.outbox.connection_lost(lab.world.now)
    cancel = lab.outbox.submit(
        ("cancel", 0), TxType.CANCEL_ORDER, lab.world.now, order=0, repeats=True
    )
    lab.wait(60)
    assert lab.state(cancel) is TxState.WAITING
    assert lab.news(order)[-1] is w.News.ALIVE


def test_rule_4_cancel_ends_with_its_order() -> None:
    """An order that never came to life leaves nothing to cancel."""
    lab = Lab(window=1)
    order = lab.order()
    cancel = lab.change("cancel", order)
    lab.refuse()
    end = lab.end(cancel)
    assert lab.end(order) is not None
    assert end is not None
    assert "its order has ended" in end.reason


# -- RULE 5 ----------------------------------------------------------------------------------------


def test_rule_5_200_tells_nobody_anything() -> None:
    """Accepted moves the lane; alive is told by execution."""
    lab = Lab()
    order = lab.order()
    lab.take()
    assert lab.news(order) == [w.News.SENDING]


def test_rule_5_frame_of_the_order_tells_alive_before_any_answer() -> None:
    """The private stream may be faster than the reply."""
    lab = Lab()
    order = lab.order()
    lab.do("deliver", 1)
    lab.do("execute", True)
    lab.do("show", 0)
    assert [(x.news, x.proof) for x in lab.told(order)[1:]] == [(w.News.ALIVE, w.Proof.FRAME)]
    lab.do("hear")
    assert lab.lane.can_issue()


def test_rule_5_record_with_a_refusal_inside_tells_reverted() -> None:
    """Executed, nonce spent, and what it asked for refused: the reason is the record's."""
    lab = Lab()
    order = lab.order()
    lab.take()
    lab.do("execute", False)
    lab.do("see", 0)
    end = lab.end(order)
    assert end is not None
    assert (end.news, end.proof, end.code) == (w.News.REVERTED, w.Proof.RECORD, 21728)


def test_rule_5_record_wins_in_every_state_that_follows_a_silence() -> None:
    """In doubt, spent, or not wanted: its own record tells that it lives."""
    for is_canceled in (False, True):
        lab = Lab()
        order = lab.order()
        lab.lose()
        lab.do("execute", True)
        lab.fall_silent()
        if is_canceled:
            lab.change("cancel", order)
        lab.do("see", 0)
        assert lab.news(order)[-1] is w.News.ALIVE


def test_rule_5_reverted_record_ends_a_doubt_in_any_state() -> None:
    """Its own record with a refusal inside ends it, whatever was known before."""
    for is_canceled in (False, True):
        lab = Lab()
        order = lab.order()
        lab.lose()
        lab.do("execute", False)
        lab.fall_silent()
        if is_canceled:
            lab.change("cancel", order)
        lab.do("see", 0)
        assert lab.news(order)[-1] is w.News.REVERTED


def test_rule_5_record_of_what_is_spent_by_whom_tells() -> None:
    """The counter counts the nonce of a doubt; the record says by whom it was spent."""
    for is_done, news in ((True, w.News.ALIVE), (False, w.News.REVERTED)):
        lab = Lab()
        order = lab.order()
        lab.lose()
        lab.do("execute", is_done)
        lab.pass_anew()
        assert lab.state(order) is TxState.SPENT
        lab.do("see", 0)
        assert lab.news(order)[-1] is news


def test_rule_5_record_of_what_waits_again_contradicts_the_venue_and_wins() -> None:
    """The venue said stale of a copy and executed it: told alive, and said loudly."""
    for code, news in ((0, w.News.ALIVE), (21728, w.News.REVERTED)):
        lab = Lab(window=1)
        order = lab.order()
        lab.outbox.answered("1-1", 1, 21104, Verdict.STALE, lab.world.now)
        assert lab.state(order) is TxState.WAITING
        lab.do("deliver", 1)
        lab.venue.execute(True, lab.world.now)
        lab.outbox.record(0, "1@0#0", 2, lab.world.now, code=code)
        lab.world.pump()
        assert lab.news(order)[-1] is news
        assert "taken for dead" in lab.asked_for(w.Remark)[0].text


def test_rule_5_late_contradiction_of_an_end_is_said_loudly() -> None:
    """Told refused, and executed after all: a person must read it, nothing is told twice."""
    lab = Lab()
    order = lab.order()
    lab.refuse()
    assert lab.end(order) is not None
    lab.outbox.record(0, "1@0#0", 2, lab.world.now)
    lab.outbox.shown(order, lab.world.now)
    lab.world.pump()
    remarks = lab.asked_for(w.Remark)
    assert len(remarks) == 2
    assert all("told 'refused'" in x.text and x.what == ("order", 0) for x in remarks)
    assert len(lab.told(order)) == 2


# -- RULE 6 ----------------------------------------------------------------------------------------


def test_rule_6_unwanted_doubt_is_spent_by_its_own_cancel_first() -> None:
    """The cancel is the filler, whoever waits before it."""
    lab = Lab(window=1)
    order = lab.order()
    lab.order()
    lab.do("reconnect")
    cancel = lab.change("cancel", order)
    lab.count()
    assert lab.wrote() == [(order, 0), (cancel, 0)]


def test_rule_6_unwanted_doubt_is_spent_by_the_next_eligible() -> None:
    """A stranger that waits may as well take the nonce."""
    lab = Lab(NO_RESEND, window=1)
    order = lab.order()
    second = lab.order()
    lab.pass_anew()
    assert lab.wrote() == [(order, 0), (second, 0)]


def test_rule_6_unwanted_doubt_is_spent_by_a_filler_last() -> None:
    """Nobody waits: a transaction of ours that does nothing."""
    lab = Lab(NO_RESEND)
    lab.order()
    lab.pass_anew()
    assert lab.kinds() == [("order", 0), ("filler", 0)]
    assert isinstance(lab.asked_for(w.Sign)[1].what, w.Filler)


def test_rule_6_unwanted_doubt_that_lives_is_told_and_canceled_at_a_fresh_nonce() -> None:
    """Given up for age, and alive after all: its cancel goes out at once."""
    lab = Lab(AGING)
    order = lab.order()
    lab.do("reconnect")
    lab.wait(4)
    assert lab.state(order) is TxState.UNWANTED
    lab.world.pipes[2].clear()
    lab.do("deliver", 1)
    lab.execute()
    lab.world.pump()
    assert lab.news(order)[-1] is w.News.ALIVE
    lab.wait(9)
    if lab.world.asked is not None:
        lab.do("count", False)
    assert ("undo", 1) in lab.kinds()


def test_rule_6_accepted_order_that_is_canceled_lives_and_its_cancel_follows() -> None:
    """Accepted before it was shown: the cancel takes the next number, alive is told."""
    lab = Lab()
    order = lab.order()
    lab.take()
    cancel = lab.change("cancel", order)
    assert lab.state(order) is TxState.UNWANTED
    assert lab.wrote() == [(order, 0), (cancel, 1)]
    lab.execute()
    assert lab.news(order)[-1] is w.News.ALIVE
    lab.take()
    lab.execute()
    assert lab.news(cancel)[-1] is w.News.ALIVE


def test_rule_6_written_order_that_is_canceled_and_refused_is_ended() -> None:
    """Not wanted, and its only write refused."""
    lab = Lab()
    order = lab.order()
    lab.change("cancel", order)
    lab.refuse()
    end = lab.end(order)
    assert end is not None
    assert end.news is w.News.GIVEN_UP
    assert "canceled" in end.reason


def test_rule_6_written_order_that_is_canceled_and_stale_is_ended() -> None:
    """Not wanted, and its only write stale: it is not sent again."""
    lab = Lab()
    lab.do("foreign")
    order = lab.order()
    lab.change("cancel", order)
    lab.take()
    assert lab.end(order) is not None


def test_rule_6_written_order_that_is_canceled_and_not_written_is_ended() -> None:
    """Not wanted, and it never left."""
    lab = Lab(slow=True)
    order = lab.order()
    lab.do("sign", 0)
    lab.change("cancel", order)
    lab.do("fail_write")
    end = lab.end(order)
    assert end is not None
    assert end.proof is w.Proof.NEVER_WRITTEN


def test_rule_6_filler_that_is_refused_is_replaced_by_the_next_kind_after_a_pause() -> None:
    """A filler the venue refuses is reported once, and fillers do not flood the venue."""
    lab = Lab(NO_RESEND)
    lab.order()
    lab.pass_anew()
    for _ in range(3):
        before = len(lab.wrote())
        lab.refuse()
        assert len(lab.wrote()) == before
        lab.wait(1)
    kinds = [x.what.kind for x in lab.asked_for(w.Sign) if isinstance(x.what, w.Filler)]
    assert kinds == [0, 1, 2, 3]
    assert len(lab.asked_for(w.Remark)) == 1
