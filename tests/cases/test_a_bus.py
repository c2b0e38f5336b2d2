"""Section A on the message bus: a listener can neither stop a lane nor hear effect before cause."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.messages import SubmitOrder
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.enums import OrderStatus
from nautilus_trader.model.objects import Price
from nautilus_trader.model.objects import Quantity
from nautilus_trader.model.orders import Order

from nautilus_lighter_nonce import events
from tests.cases.case import Verdict
from tests.cases.case import create_rows
from tests.cases.case import judge
from tests.cases.case import reasons
from tests.cases.case import until
from tests.cases.case import until_told
from tests.cases.stage import Stage
from tests.nodes import ETH
from tests.nodes import Node


BROKEN = Stage()
HEARD = Stage()
"""For a story that stops the loop."""


# -- A14 ------------------------------------------------------------------------------------------


@BROKEN.row(
    {"tx": {"topic": "events.lighter.tx.*"}, "all": {"topic": "events.lighter.*"}},
    venue={"latency_ms": 10},
    max_in_flight=3,
    queue_timeout_ms=1_200,
)
async def test_a14_listener_that_raises_does_nothing_to_the_lane(
    venue: Any, node: Node, topic: str
) -> None:
    """However early it listens, every verdict reaches the lane, and no slot is lost."""
    (strategy,) = node.strategies

    def broken(event: Any) -> None:
        if isinstance(event, events.TxVerdict):
            raise RuntimeError("this listener is broken")

    node.node.kernel.msgbus.subscribe(topic, broken, priority=100)
    orders = [strategy.limit(f"15{i:02}.00") for i in range(14)]
    await until_told(orders, 5.0)
    assert reasons(node, orders) == [], "the lane never heard the verdicts, its window is full"
    assert judge(venue, orders) == Verdict(executed=len(orders))


# -- A15 ------------------------------------------------------------------------------------------

CAUSES = ["TxRefused", "LaneFrozen", "LaneHealed", "TxAccepted"]
"""What a listener may hear of two orders, of which the first is refused; causes first."""


@HEARD.row(reply_timeout_ms=5_000)
async def test_a15_listener_hears_cause_before_effect(venue: Any, node: Node) -> None:
    """The first of two is refused while the second is signed: refused, frozen, healed."""
    (strategy,) = node.strategies
    venue.fault("refuse", code=21739)
    venue.set(latency_ms=400)
    refused = strategy.limit("1500.00")
    await until(lambda: create_rows(venue, refused))
    stop_the_loop_until_answered(venue, refused)
    venue.set(latency_ms=0)
    signed = submit_at_once(node)
    await until(lambda: refused.is_closed and signed.is_open)
    assert refused.status == OrderStatus.REJECTED
    names = [type(event).__name__ for event in node.published]
    told = [name for name in names if name in CAUSES]
    assert told == sorted(told, key=CAUSES.index), "effects were heard before their causes"


def stop_the_loop_until_answered(venue: Any, order: Order) -> None:
    """Stop the loop until the venue's answer to the order lies before it, unread."""
    deadline = time.monotonic() + 5.0
    while not any(row["replied"] for row in create_rows(venue, order)):
        if time.monotonic() > deadline:
            raise TimeoutError("the venue did not answer")
    time.sleep(0.2)  # nobody tells when the answer has come through the client's own thread


def submit_at_once(node: Node) -> Order:
    """Hand an order to the client before the loop reads anything else; it is signed meanwhile."""
    (strategy,) = node.strategies
    order = strategy.order_factory.limit(
        ETH, OrderSide.BUY, Quantity.from_str("0.0100"), Price.from_str("1501.00")
    )
    node.cache.add_order(order)
    command = SubmitOrder(
        trader_id=node.node.trader_id,
        strategy_id=strategy.id,
        order=order,
        command_id=UUID4(),
        ts_init=node.node.kernel.clock.timestamp_ns(),
    )
    factory = node.loop.get_task_factory()
    node.loop.set_task_factory(asyncio.eager_task_factory)  # the command runs to its first await
    try:
        node.client.submit_order(command)
    finally:
        node.loop.set_task_factory(factory)
    return order
