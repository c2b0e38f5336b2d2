"""The law of evidence, rules 11 and 12, told as stories."""

from __future__ import annotations

from itertools import pairwise

from nautilus_lighter_nonce.outbox import work as w
from nautilus_lighter_nonce.outbox.moves import TxState
from tests.outbox.lab import Lab


# -- RULE 11 ---------------------------------------------------------------------------------------


def test_rule_11_no_question_when_every_write_has_its_own_answer() -> None:
    """The lowest refused nonce is the next: inference."""
    lab = Lab()
    _, second, third = lab.order(), lab.order(), lab.order()
    lab.refuse()
    lab.take()
    lab.take()
    assert lab.wrote()[3:] == [(second, 0), (third, 1)]
    assert not lab.asked_for(w.AskCounter)


def test_rule_11_one_question_and_one_ascending_pass_after_a_fault() -> None:
    """Drained first, one question, then each doubt once, in order, as singles."""
    lab = Lab(batch=True)
    lab.do("submit")
    first, second = lab.world.orders
    assert len(lab.asked_for(w.Write)[0].copies) == 2
    lab.do("reconnect")
    lab.count()
    assert len(lab.asked_for(w.AskCounter)) == 1
    assert lab.wrote()[2:] == [(first, 0), (second, 1)]
    assert [len(x.copies) for x in lab.asked_for(w.Write)[1:]] == [1, 1]


def test_rule_11_pauses_between_passes_grow_and_are_short_again_after_a_200() -> None:
    """Per pass, not per answer; what was taken shows that the way is free."""
    lab = Lab()
    lab.order()
    gaps = []
    for _ in range(4):
        began = lab.world.now
        lab.do("reconnect")
        while not lab.world.pipes[lab.world.connection]:
            lab.wait(0.5)
            if lab.world.asked is not None:
                lab.do("count", False)
        gaps.append(lab.world.now - began)
        lab.world.pipes[lab.world.connection].clear()
    assert gaps == sorted(gaps)


def test_rule_11_open_connection_that_has_gone_silent_is_replaced_at_once() -> None:
    """Nothing was answered since the frame was written: a new connection at once."""
    lab = Lab()
    lab.order()
    lab.fall_silent()
    assert lab.asked_for(w.Replace) == [w.Replace(1)]
    assert lab.world.connection == 2


def test_rule_11_connection_that_answers_others_is_kept() -> None:
    """One lost answer is no dumb connection."""
    lab = Lab()
    lab.order()
    lab.lose()
    lab.wait(0.5)
    lab.order()
    lab.take()
    lab.fall_silent()
    assert not lab.asked_for(w.Replace)


def test_rule_11_overtaken_answer_is_waited_for_only_a_little_longer() -> None:
    """Later answers came: the silence limit is a few round trips, not seconds."""
    lab = Lab()
    first = lab.order()
    lab.wait(0.001)
    lab.order()
    lab.lose()
    lab.take()
    lab.wait(0.1)
    assert lab.state(first) is TxState.SPENT


def test_rule_11_nonce_spent_by_an_unknown_hash_is_looked_up_while_the_lane_goes_on() -> None:
    """By hash, then by nonce as well, with growing pauses; only that order waits."""
    lab = Lab(index=True)
    order = lab.order()
    lab.lose()
    lab.do("execute", True)
    lab.pass_anew()
    assert lab.state(order) is TxState.SPENT
    others = [lab.order()]
    lab.take()
    lab.execute()
    assert lab.news(others[0])[-1] is w.News.ALIVE
    times = []
    for _ in range(4):
        while not lab.world.looks:
            lab.wait(0.1)
        times.append(lab.world.now)
        lab.world.looks.clear()
        lab.outbox.looked_up(0, lab.world.now)
    looks = [x for x in lab.asked_for(w.LookUp) if x.nonce == 0]
    assert [x.by_nonce for x in looks[:2]] == [False, True]
    assert looks[0].hashes == ("1@0#0",)
    pauses = [b - a for a, b in pairwise(times)]
    assert pauses == sorted(pauses)
    assert lab.state(order) is TxState.SPENT


def test_rule_11_question_that_is_not_answered_is_asked_again_with_growing_pauses() -> None:
    """A question has a second try, and a third."""
    lab = Lab()
    lab.order()
    lab.fall_silent()
    times = []
    for _ in range(4):
        while lab.world.asked is None:
            lab.wait(0.25)
        times.append(lab.world.now)
        lab.do("mute")
    pauses = [b - a for a, b in pairwise(times)]
    assert pauses == sorted(pauses)
    assert pauses[-1] > pauses[0]


def test_rule_11_question_that_its_asker_forgot_is_asked_again() -> None:
    """Whatever becomes of the shell's task, the lane does not wait for ever."""
    lab = Lab()
    lab.order()
    lab.fall_silent()
    lab.wait(40)
    assert len(lab.asked_for(w.AskCounter)) == 2


# -- RULE 12 ---------------------------------------------------------------------------------------


def test_rule_12_halted_lane_ends_what_waits_and_keeps_what_is_in_doubt() -> None:
    """Nothing is written under that key; what may be at the venue is told nothing."""
    lab = Lab(window=1)
    doubt = lab.order()
    waiting = lab.order()
    lab.lane.halt("the venue was reset")
    lab.world.pump()
    end = lab.end(waiting)
    assert end is not None
    assert end.reason == "the nonce lane was halted: the venue was reset"
    lab.do("reconnect")
    lab.wait(60)
    assert lab.state(doubt) is TxState.DOUBT
    assert lab.wrote() == [(doubt, 0)]


def test_rule_12_reset_gives_up_what_was_at_the_venue_and_counts_anew() -> None:
    """Once everything signed before has expired, or somebody confirmed the reset."""
    lab = Lab()
    done = lab.order()
    lab.take()
    lab.execute()
    order = lab.order()
    lab.lane.halt("the venue was reset")
    lab.do("reconnect")
    lab.world.pipes.update({n: type(p)() for n, p in lab.world.pipes.items()})
    lab.lane.seed(0)
    lab.outbox.reset(lab.world.now)
    lab.world.pump()
    end = lab.end(order)
    assert end is not None
    assert (end.proof, end.reason) == (w.Proof.RESET, "the venue was reset")
    lab.forget()
    lab.venue.log.clear()
    lab.venue.expected = 0
    lab.world.laws.last = (-1, -1)
    assert lab.wrote() == []
    after = lab.order()
    assert lab.wrote() == [(after, 0)]
    assert done != after


def test_rule_12_stopping_client_spends_its_doubts_and_tells_nothing_unproved() -> None:
    """Written and unanswered: in doubt, then ended by a filler."""
    lab = Lab()
    order = lab.order()
    lab.do("stop")
    assert lab.end(order) is None
    lab.pass_anew()
    assert lab.kinds()[-1] == ("filler", 0)
    lab.take()
    lab.execute()
    end = lab.end(order)
    assert end is not None
    assert "stopped" in end.reason
    assert lab.outbox.is_idle


def test_rule_12_stop_ends_doubts_of_every_kind() -> None:
    """In doubt, or spent by whom: neither is wanted any more."""
    lab = Lab()
    first, second = lab.order(), lab.order()
    lab.lose()
    lab.take()
    lab.fall_silent()
    assert lab.state(first) is TxState.SPENT
    lab.do("stop")
    assert lab.state(first) is TxState.UNWANTED
    assert lab.state(second) is TxState.ACCEPTED
    other = Lab()
    doubt = other.order()
    other.do("reconnect")
    assert other.state(doubt) is TxState.DOUBT
    other.do("stop")
    assert other.state(doubt) is TxState.UNWANTED


def test_rule_12_stop_ends_what_waits_and_what_comes() -> None:
    """Nothing new is written."""
    lab = Lab(window=1)
    lab.order()
    waiting = lab.order()
    lab.do("stop")
    assert lab.end(waiting) is not None
    late = lab.order()
    end = lab.end(late)
    assert end is not None
    assert end.proof is w.Proof.NEVER_WRITTEN


def test_rule_12_undead_copies_are_what_the_next_run_must_know() -> None:
    """Transaction, nonce, hash and `ExpiredAt` of every copy that may still be taken."""
    lab = Lab(life=599)
    lab.order()
    lab.order()
    lab.do("reconnect")
    undead = lab.outbox.undead()
    assert [(x.what, x.nonce, x.tx_hash) for x in undead] == [
        (("order", 0), 0, "1@0#0"),
        (("order", 1), 1, "2@1#0"),
    ]
    assert all(x.expires_ns == lab.venue.expires[x.tx_hash] for x in undead)


def test_rule_12_client_that_starts_again_writes_again() -> None:
    """A stop is not for ever, and what was asked then is asked anew."""
    lab = Lab()
    order = lab.order()
    lab.fall_silent()
    lab.do("stop")
    lab.do("start", 0)
    new = lab.order()
    lab.wait(3)
    if lab.world.asked is not None:
        lab.do("count", False)
    assert (new, 0) in lab.wrote() or (new, 1) in lab.wrote()
    assert lab.state(order) is not TxState.WAITING
