"""Situations that lost money or truth once, in pure form."""

from __future__ import annotations

from nautilus_lighter_nonce.lighter.codes import TxType
from nautilus_lighter_nonce.outbox import work as w
from tests.outbox.lab import AGING
from tests.outbox.lab import Lab


# -- CASES OF SECTION A ----------------------------------------------------------------------------


def test_a1_market_order_whose_reply_is_lost_is_filled_once_whatever_the_index_says() -> None:
    """The index does not know the hash for a while: the nonce stays the idempotency key."""
    lab = Lab(index=True)
    order = lab.order()
    lab.lose()
    lab.do("execute", True)
    lab.do("reconnect")
    lab.outbox.looked_up(0, lab.world.now)
    lab.count()
    lab.wait(5)
    lab.outbox.looked_up(0, lab.world.now)
    assert all(nonce == 0 for tx, nonce in lab.wrote() if tx == order)
    lab.do("show", 0)
    assert lab.news(order)[-1] is w.News.ALIVE


def test_a2_resting_order_whose_reply_is_lost_is_told_accepted_once() -> None:
    """Told alive by its record, never rejected."""
    lab = Lab(index=True)
    order = lab.order()
    lab.lose()
    lab.do("execute", True)
    lab.pass_anew()
    lab.wait(20)
    lab.do("see", 0)
    assert [x.news for x in lab.told(order)] == [
        w.News.SENDING,
        w.News.IN_DOUBT,
        w.News.SETTLED,
        w.News.ALIVE,
    ]


def test_a4_frames_that_are_held_longer_than_the_age_limit_are_told_only_when_proved() -> None:
    """One direction holds: nothing told until proved, each order live at most once."""
    lab = Lab(AGING)
    orders = [lab.order() for _ in range(3)]
    lab.wait(4)
    if lab.world.asked is not None:
        lab.do("count", False)
    assert not any(lab.end(order) for order in orders)
    for _ in range(3):
        lab.do("deliver", 1)
    for _ in range(3):
        lab.execute()
    assert all(lab.news(order)[-1] is w.News.ALIVE for order in orders)


def test_a5_orders_held_in_both_directions_are_executed_once() -> None:
    """Everything arrives at last, the old frames and the new ones."""
    lab = Lab()
    orders = [lab.order() for _ in range(3)]
    lab.pass_anew()
    for connection in (1, 2):
        while lab.world.pipes.get(connection):
            lab.do("deliver", connection)
    while lab.venue.pending:
        lab.execute()
    assert [x.tx for x in lab.venue.log] == orders


def test_a10_limit_on_creates_does_not_hold_up_cancels() -> None:
    """What the venue takes goes: their nonces pass the limit, the creates come back behind."""
    lab = Lab()
    old = lab.order()
    lab.take()
    lab.execute()
    first, second = lab.order(), lab.order()
    lab.do("later", 1)
    lab.do("later", 1)
    lab.do("hear")
    lab.do("hear")
    cancel = lab.outbox.submit(
        ("cancel", 0), TxType.CANCEL_ORDER, lab.world.now, order=0, repeats=True
    )
    lab.world.txs[cancel] = type(lab.world.txs[old])("cancel", old)
    lab.world.pump()
    assert lab.wrote()[-1] == (cancel, 1)
    lab.take()
    lab.wait(1)
    assert lab.wrote()[-1] == (first, 2)  # one probes
    lab.take()
    assert lab.wrote()[-1] == (second, 3)


def test_a11_refusal_of_the_whole_account_puts_few_copies_on_the_wire() -> None:
    """One tries, later each time; the reason is told once per order."""
    lab = Lab(AGING)
    orders = [lab.order() for _ in range(60)]
    for _ in range(4):
        lab.refuse("refuse_account")
    for _ in range(60):
        if lab.world.pipes[1]:
            lab.refuse("refuse_account")
        lab.wait(0.1)
    assert len(lab.wrote()) <= 2 * len(orders)
    ends = [lab.end(order) for order in orders]
    assert all(end is not None and "21120" in f"{end.code} {end.reason}" for end in ends)
    assert len(lab.asked_for(w.Trouble)) == 1


def test_a11_account_that_is_taken_again_goes_on() -> None:
    """The first 200 ends the trouble, and says so."""
    lab = Lab()
    lab.order()
    lab.refuse("refuse_account")
    lab.order()
    lab.wait(0.2)
    lab.take()
    assert [x.code for x in lab.asked_for(w.Trouble)] == [21120, 0]


def test_a12_connection_that_is_replaced_in_time_costs_one_question() -> None:
    """Drained, connected anew, and on."""
    lab = Lab()
    first = lab.order()
    lab.take()
    lab.outbox.connection_lost(lab.world.now)
    lab.outbox.connected(2, lab.world.now)
    lab.world.connection = 2
    lab.world.pipes[2] = type(lab.world.pipes[1])()
    second = lab.order()
    assert lab.wrote() == [(first, 0), (second, 1)]
    assert not lab.asked_for(w.AskCounter)


def test_a18_answers_without_ids_let_orders_go_on_one_by_one() -> None:
    """The depth goes down to one while that lasts: each can be attributed."""
    lab = Lab()
    orders = [lab.order() for _ in range(4)]
    lab.do("refuse", 1)
    lab.do("hear_nameless")
    for _ in range(3):
        lab.do("deliver", 1)
        lab.do("hear")
    lab.pass_anew()
    while lab.world.pipes[lab.world.connection]:
        assert len(lab.world.pipes[lab.world.connection]) == 1
        lab.take()
    lab.wait(3)
    assert lab.lane.depth == 1
    assert len(orders) == 4


def test_a19_transactions_that_vanish_in_a_row_cost_nobody_else() -> None:
    """Each is dropped with proof; everybody else is executed."""
    lab = Lab(window=4)
    orders = [lab.order() for _ in range(6)]
    doomed = orders[:3]
    for _ in range(200):
        if lab.world.pipes[1]:
            lab.do("deliver", 1)
        elif lab.world.replies:
            lab.do("hear")
        elif lab.venue.pending:
            tx, nonce, _ = lab.venue.pending[0]
            if tx in doomed and nonce == len(lab.venue.log):
                lab.do("vanish")
            else:
                lab.execute()
        elif lab.world.asked is not None:
            lab.do("count", False)
        elif all(lab.end(order) for order in orders):
            break
        else:
            lab.wait(0.5)
    assert [lab.news(order)[-1] for order in doomed] == [w.News.DROPPED] * 3
    assert [lab.news(order)[-1] for order in orders[3:]] == [w.News.ALIVE] * 3
