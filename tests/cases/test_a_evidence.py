"""Section A of evidence: silence, absence and lateness prove nothing, and nothing is done twice."""

from __future__ import annotations

import asyncio
from typing import Any

from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.enums import OrderStatus
from nautilus_trader.model.objects import Quantity

from nautilus_lighter_nonce import events
from nautilus_lighter_nonce.translate.intents import client_order_index
from tests.cases.case import ENDED
from tests.cases.case import KEY
from tests.cases.case import Verdict
from tests.cases.case import create_rows
from tests.cases.case import happens
from tests.cases.case import heard
from tests.cases.case import judge
from tests.cases.case import reasons
from tests.cases.case import until
from tests.cases.case import until_told
from tests.cases.stage import Stage
from tests.nodes import Node


LOST = Stage()
"""A reply is lost, or everything is late."""

HELD = Stage()
"""Frames lie on their way."""

UNDECIDED = Stage()
"""Records say nothing, or there are none."""


def late_index(secs: float) -> dict[str, float]:
    """Return how late the look-ups of transactions are."""
    return {"tx": 1_000 * secs, "accountTxs": 1_000 * secs}


# -- A1, A2 ---------------------------------------------------------------------------------------


@LOST.row(
    {
        "late": {"index": late_index(2.0), "side": OrderSide.BUY},
        "empty": {"index": late_index(600.0), "side": OrderSide.SELL},
    },
    venue={"latency_ms": 10},
)
async def test_a1_market_order_whose_reply_is_lost_executes_once(
    venue: Any, node: Node, index: dict[str, float], side: OrderSide
) -> None:
    """The reply is lost with the socket, the private stream shows the fill: that is all of it."""
    (strategy,) = node.strategies
    venue.set(index_lag_ms=index)
    venue.fault("close_sockets", tx_type=14, when="after")
    order = strategy.market(side=side, quantity="0.0300")
    await until(lambda: order.status == OrderStatus.FILLED)
    is_doubled = await happens(lambda: judge(venue, [order]).doubled, 1.8, 0.1)
    assert not is_doubled, "filled twice"
    assert judge(venue, [order]) == Verdict(executed=1)
    assert order.filled_qty == Quantity.from_str("0.0300")
    assert strategy.told(order) == ["Initialized", "Submitted", "Accepted", "Filled"]


@LOST.row(
    {"late": {"index": late_index(2.0)}, "empty": {"index": late_index(600.0)}},
    venue={"latency_ms": 10},
)
async def test_a2_limit_order_whose_reply_is_lost_is_told_accepted_once(
    venue: Any, node: Node, index: dict[str, float]
) -> None:
    """The reply is lost with the socket, the private stream shows the order: it is live."""
    (strategy,) = node.strategies
    venue.set(index_lag_ms=index)
    venue.fault("close_sockets", tx_type=14, when="after")
    order = strategy.limit("1500.00")
    await until(lambda: order.is_open)
    is_ended = await happens(lambda: order.is_closed, 1.8)
    assert not is_ended, f"told {strategy.told(order)[-1]} while live: {strategy.reason(order)}"
    assert strategy.told(order) == ["Initialized", "Submitted", "Accepted"]
    taken = [row["outcome"] for row in create_rows(venue, order) if row["accepted"]]
    assert taken == ["executed"]


# -- A3 -------------------------------------------------------------------------------------------


@LOST.row(
    {"predicted": {"predicted": True}, "unpredicted": {"predicted": False}},
    venue={"latency_ms": 10, "index_lag_ms": late_index(3.0)},
)
async def test_a3_order_that_executes_late_is_in_flight_until_then(
    venue: Any, node: Node, predicted: bool
) -> None:
    """Accepted now, executed in three seconds, no record before that: nothing is told till then."""
    (strategy,) = node.strategies
    venue.fault("execute_late", tx_type=14, ms=3_000.0, predicted=predicted)
    orders = [strategy.limit(f"150{i}.00") for i in range(3)]
    is_told = await happens(lambda: any(o.status in ENDED for o in orders), 2.8)
    assert not is_told, f"told before it was proved: {reasons(node, orders)}"
    assert judge(venue, orders) == Verdict(executed=0, in_flight=3)
    await until_told(orders, 3.0)
    assert judge(venue, orders) == Verdict(executed=3)
    if predicted:
        assert venue.summary()["transactions"] == len(orders), "written again for no reason"


# -- A4, A5 ---------------------------------------------------------------------------------------


@HELD.row(
    {"one": {"count": 1}, "many": {"count": 5}},
    venue={"latency_ms": 10},
    resend_max_age_ms=800,
)
async def test_a4_orders_held_on_their_way_are_told_nothing_that_is_not_proved(
    venue: Any, node: Node, count: int
) -> None:
    """Our frames lie on the way for longer than we send again; REST works and knows nothing."""
    (strategy,) = node.strategies
    first = strategy.limit("1400.00")
    await until(lambda: first.is_open)
    venue.control({"hold": {"direction": "in", "connection": None, "ms": None}})
    orders = [strategy.limit(f"150{i}.00") for i in range(count)]
    await happens(lambda: all(o.status in ENDED for o in orders), 2.0)
    venue.control({"release": {"connection": None}})
    is_wrong = await happens(lambda: judge(venue, orders).misreported, 1.0, 0.1)
    assert not is_wrong, "told ended, and then live"
    await happens(lambda: not judge(venue, orders).in_flight, 4.0, 0.1)
    verdict = judge(venue, orders)
    assert (verdict.doubled, verdict.misreported, verdict.in_flight) == ((), (), 0)


@HELD.row(
    {"one": {"count": 1}, "many": {"count": 4}},
    venue={"latency_ms": 10, "stream_lag_ms": 1_000, "index_lag_ms": late_index(1.0)},
    resend_max_age_ms=10_000,
    queue_timeout_ms=10_000,
)
async def test_a5_market_orders_sent_while_both_ways_are_held_execute_once(
    venue: Any, node: Node, count: int
) -> None:
    """Nothing comes through for a while, then everything does, answers to old copies included."""
    (strategy,) = node.strategies
    first = strategy.market()
    await until(lambda: first.is_closed)
    venue.control({"hold": {"direction": "both", "connection": None, "ms": 1_500.0}})
    orders = []
    for _ in range(count):
        orders.append(strategy.market())
        await asyncio.sleep(0.2)
    is_doubled = await happens(lambda: judge(venue, orders).doubled, 4.0, 0.1)
    assert not is_doubled, "executed twice"
    await until_told(orders, 3.0)
    assert judge(venue, orders) == Verdict(executed=count)


# -- A6 -------------------------------------------------------------------------------------------


@UNDECIDED.row(
    {"missing": {"shown": {"missing": True}}, "0": {"shown": {"status": 0}}},
    venue={"latency_ms": 10},
)
async def test_a6_record_that_is_undecided_is_no_failure(
    venue: Any, node: Node, shown: dict[str, Any]
) -> None:
    """The record of an executed order does not say so for a while: it is live all the same."""
    (strategy,) = node.strategies
    venue.fault("record", tx_type=14, ms=1_000.0, **shown)
    venue.fault("drop_reply", tx_type=14)
    orders = [strategy.limit("1500.00")]
    await until_told(orders, 3.0)
    orders.append(strategy.limit("1501.00"))
    await until_told(orders, 3.0)
    assert reasons(node, orders) == [], "taken for failed"
    assert judge(venue, orders) == Verdict(executed=2)


@UNDECIDED.row(
    {"1": {"status": 1}, "4": {"status": 4}, "5": {"status": 5}},
    venue={"latency_ms": 10},
)
async def test_a6_record_that_is_undecided_is_no_execution(
    venue: Any, node: Node, status: int
) -> None:
    """The record of an order that vanished is undecided: it is asked for again, then told."""
    (strategy,) = node.strategies
    venue.fault("vanish", tx_type=14)
    order = strategy.limit("1500.00")
    await until(lambda: heard(node, events.TxAccepted))
    (taken,) = heard(node, events.TxAccepted)
    record = {"code": 200, "hash": taken.tx_hash, "type": 14, "status": status}
    record |= {"account_index": KEY[0], "api_key_index": KEY[1], "nonce": taken.nonce}
    venue.fault("answer", endpoint="tx", count=4, value=record)
    await happens(lambda: order.is_closed, 1.3)
    follower = strategy.limit("1501.00")
    await happens(lambda: order.is_closed and follower.is_open, 3.0)
    assert follower.is_open
    assert order.status == OrderStatus.REJECTED, "taken for executed, and never told"
    assert judge(venue, [order, follower]) == Verdict(executed=1)


# -- A19 ------------------------------------------------------------------------------------------


@UNDECIDED.row(
    {"three": {"count": 3}, "five": {"count": 5}},
    venue={"latency_ms": 10, "vanished_lookup": "unknown"},
    disbelief_ms=1_000,
    resend_max_age_ms=2_000,
    queue_timeout_ms=2_500,
)
async def test_a19_orders_that_vanish_cost_no_other_order(
    venue: Any, node: Node, count: int
) -> None:
    """Several in a row are accepted, not executed, in no index: they are lost, nobody else."""
    (strategy,) = node.strategies
    venue.fault("vanish", tx_type=14, after=5, count=count)
    orders = []
    for i in range(60):
        orders.append(strategy.limit(f"1500.{i:02}"))
        await asyncio.sleep(0.02)
    await happens(lambda: all(o.is_open or o.is_closed for o in orders), 8.0)
    lost = [o for o in orders if not o.is_open]
    assert len(lost) <= count, f"{len(lost)} orders were lost"
    assert all(o.status == OrderStatus.REJECTED for o in lost)
    vanished = {row["index"] for row in venue.ledger() if row["outcome"] == "vanished"}
    assert {client_order_index(o.client_order_id) for o in lost} <= vanished
    assert judge(venue, orders) == Verdict(executed=len(orders) - len(lost))
