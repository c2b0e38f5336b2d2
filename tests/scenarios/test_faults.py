"""Stories: each fault the venue can have, through a real node, judged by the venue's ledger."""

from __future__ import annotations

from typing import Any

import pytest
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.enums import OrderStatus
from nautilus_trader.model.identifiers import ClientOrderId
from nautilus_trader.model.objects import Price
from nautilus_trader.model.objects import Quantity
from nautilus_trader.model.orders import Order

from nautilus_lighter_nonce import LighterNonceConfig
from nautilus_lighter_nonce import events
from nautilus_lighter_nonce.translate.intents import client_order_index
from tests.nodes import ETH
from tests.nodes import Node
from tests.nodes import Recorder
from tests.nodes import until


ORDERS = 60


def submit_many(strategy: Recorder, count: int = ORDERS) -> list[Order]:
    """Submit resting orders, each a cent apart."""
    return [strategy.limit(f"15{i // 100:02}.{i % 100:02}") for i in range(count)]


def judge(venue: Any, orders: list[Order]) -> None:
    """Compare what the strategy was told with what the venue did."""
    taken = [
        row["index"]
        for row in venue.ledger()
        if row["tx_type"] == 14 and row["outcome"] == "executed"
    ]
    assert len(taken) == len(set(taken)), "an order was executed twice"
    for order in orders:
        is_there = client_order_index(order.client_order_id) in taken
        assert is_there == (order.status == OrderStatus.ACCEPTED), order
    assert venue.summary()["doubled"] == []


def run(venue: Any, faults: list[dict[str, Any]], refused: int = 0, **settings: Any) -> Node:
    """Run a node through the faults; all orders but the refused must be accepted."""
    for fault in faults:
        venue.control(fault)
    node = Node(venue, nonce=LighterNonceConfig(**settings))

    async def story(node: Node) -> None:
        (strategy,) = node.strategies
        orders = submit_many(strategy)
        await until(
            lambda: strategy.counts()["Accepted"] + strategy.counts()["Rejected"] == ORDERS,
            timeout_secs=20.0,
        )
        judge(venue, orders)
        assert strategy.counts()["Rejected"] == refused

    node.run(story)
    return node


@pytest.mark.lighter_venue(latency_ms=10)
def test_refusals_in_mid_flow_cost_only_themselves(lighter_venue: Any) -> None:
    """Each margin refusal is reported, every follower arrives, the venue is asked once at start."""
    fault = {"fault": "refuse", "code": 21739, "every": 10, "count": 5, "tx_type": 14}
    run(lighter_venue, [fault], refused=5)
    assert lighter_venue.summary()["next_nonce_calls"] == 1


@pytest.mark.lighter_venue(latency_ms=10)
def test_rate_limits_in_mid_flow_cost_nothing(lighter_venue: Any) -> None:
    """A rate-limited order is retried after a pause."""
    run(lighter_venue, [{"fault": "rate_limit", "every": 15, "count": 3}])


@pytest.mark.lighter_venue(latency_ms=10)
def test_foreign_writer_costs_nothing_and_is_named(lighter_venue: Any) -> None:
    """A second process on our key is detected, published, and outlived."""
    node = run(lighter_venue, [{"fault": "foreign_writer", "every": 20, "count": 2}])
    assert [e for e in node.published if isinstance(e, events.ForeignWriterSuspected)]


@pytest.mark.lighter_venue(latency_ms=10)
def test_lost_reply_is_told_by_the_record(lighter_venue: Any) -> None:
    """The order is live although its reply never came; the strategy hears the truth."""
    run(lighter_venue, [{"fault": "drop_reply", "every": 20, "count": 2}])


@pytest.mark.lighter_venue(latency_ms=10)
def test_dropped_request_is_sent_again(lighter_venue: Any) -> None:
    """A request the venue never saw is proved lost, and goes again."""
    run(
        lighter_venue,
        [{"fault": "drop_request", "after": 20, "count": 1}],
        reply_timeout_ms=300,
    )


@pytest.mark.lighter_venue(latency_ms=10)
@pytest.mark.parametrize("when", ["before", "after"])
def test_sockets_closed_in_mid_flow_cost_nothing(lighter_venue: Any, when: str) -> None:
    """Transactions in flight are resolved by evidence, the rest waits and goes out in order."""
    fault = {"fault": "close_sockets", "after": 20, "count": 1, "when": when}
    run(lighter_venue, [fault])


@pytest.mark.lighter_venue(latency_ms=10)
@pytest.mark.parametrize("processed", [True, False])
def test_server_error_proves_nothing_and_costs_nothing(lighter_venue: Any, processed: bool) -> None:
    """29500 may or may not have processed the transaction; the truth is found."""
    fault = {"fault": "server_error", "after": 20, "count": 1, "processed": processed}
    run(lighter_venue, [fault])


@pytest.mark.lighter_venue(latency_ms=10)
def test_sequencer_failure_is_reported_with_the_venues_reason(lighter_venue: Any) -> None:
    """A 200 does not mean that the order exists: the record's reason reaches the strategy."""
    fault = {"fault": "fail", "code": 21706, "after": 20, "count": 1}
    node = run(lighter_venue, [fault], refused=1)
    (rejected,) = [e for e in node.strategies[0].events if type(e).__name__ == "OrderRejected"]
    assert "21706" in rejected.reason


@pytest.mark.lighter_venue(latency_ms=10, frame_before_reply=True)
def test_private_frame_before_the_reply_is_understood(lighter_venue: Any) -> None:
    """The order was registered before it was sent."""
    run(lighter_venue, [])


@pytest.mark.lighter_venue(latency_ms=10, jitter_ms=20)
def test_jitter_costs_nothing(lighter_venue: Any) -> None:
    """Latency that jumps about does not reorder the lane."""
    run(lighter_venue, [])
    assert lighter_venue.summary()["stale"] == 0


# -- after acceptance -----------------------------------------------------------------------------


@pytest.mark.parametrize("looks_up_as", ["failed", "unknown"])
def test_vanished_order_is_reported_and_the_others_arrive(
    lighter_venue: Any,
    looks_up_as: str,
) -> None:
    """An accepted order that the sequencer drops is rejected; its followers are sent again."""
    lighter_venue.set(latency_ms=10, vanished_lookup=looks_up_as)
    fault = {"fault": "vanish", "after": 20, "count": 1}
    node = run(lighter_venue, [fault], refused=1)
    (rejected,) = [e for e in node.strategies[0].events if type(e).__name__ == "OrderRejected"]
    assert "accepted, then dropped by the venue" in rejected.reason


@pytest.mark.lighter_venue(latency_ms=10)
def test_foreign_writer_while_idle_costs_no_stale_order(lighter_venue: Any) -> None:
    """Somebody else's record on our stream moves the lane before the next order goes out."""

    async def story(node: Node) -> None:
        (strategy,) = node.strategies
        first = strategy.limit()
        await until(lambda: first.is_open)
        lighter_venue.control({"foreign": {"account_index": 700, "api_key_index": 5, "count": 2}})
        suspected = events.ForeignWriterSuspected
        await until(lambda: sum(isinstance(e, suspected) for e in node.published) == 2)
        second = strategy.limit()
        await until(lambda: second.is_open)

    Node(lighter_venue).run(story)
    assert lighter_venue.summary()["stale"] == 0


# -- batches, cancels, modifies -------------------------------------------------------------------


@pytest.mark.lighter_venue(latency_ms=10)
@pytest.mark.parametrize(
    "fault",
    [
        {"fault": "refuse", "code": 21739, "after": 1, "count": 1},
        {"fault": "foreign_writer", "after": 1, "count": 1},
        {"fault": "drop_reply", "after": 1, "count": 1},
        {"fault": "rate_limit", "after": 1, "count": 1},
        {"fault": "close_sockets", "after": 1, "count": 1, "when": "after"},
    ],
    ids=lambda fault: str(fault["fault"]),
)
def test_order_lists_survive_faults(lighter_venue: Any, fault: dict[str, Any]) -> None:
    """Batches in mid-fault: every order arrives once, unless refused by itself."""
    lighter_venue.control(fault)

    async def story(node: Node) -> None:
        (strategy,) = node.strategies
        orders: list[Order] = []
        for i in range(6):
            orders += strategy.limit_list(1500 + i, 10)
        await until(lambda: all(o.status != OrderStatus.SUBMITTED for o in orders), 20.0)
        await until(lambda: all(o.is_open for o in orders), 20.0)
        judge(lighter_venue, orders)

    Node(lighter_venue).run(story)
    batches = [row["batch"] for row in lighter_venue.ledger() if row["batch"]]
    assert batches


@pytest.mark.lighter_venue(latency_ms=10)
@pytest.mark.parametrize(
    "fault",
    [
        {"fault": "foreign_writer", "tx_type": 15, "after": 5, "count": 1},
        {"fault": "rate_limit", "tx_type": 15, "after": 5, "count": 2},
        {"fault": "drop_request", "tx_type": 15, "after": 5, "count": 1},
        {"fault": "server_error", "tx_type": 15, "after": 5, "count": 1},
        {"fault": "close_sockets", "tx_type": 15, "after": 5, "count": 1},
    ],
    ids=lambda fault: str(fault["fault"]),
)
def test_cancels_are_not_lost_to_nonces(lighter_venue: Any, fault: dict[str, Any]) -> None:
    """Every order that was to be canceled is canceled."""

    async def story(node: Node) -> None:
        (strategy,) = node.strategies
        orders = submit_many(strategy, 20)
        await until(lambda: all(o.is_open for o in orders))
        lighter_venue.control(fault)
        for order in orders:
            strategy.cancel_order(order)
        await until(lambda: all(o.is_closed for o in orders), 20.0)
        assert strategy.counts()["Canceled"] == 20
        assert strategy.counts()["CancelRejected"] == 0

    Node(lighter_venue, nonce=LighterNonceConfig(reply_timeout_ms=300)).run(story)


@pytest.mark.lighter_venue(latency_ms=10)
def test_batch_cancel_goes_in_one_frame(lighter_venue: Any) -> None:
    """`BatchCancelOrders` is one frame of cancels."""

    async def story(node: Node) -> None:
        (strategy,) = node.strategies
        orders = submit_many(strategy, 5)
        await until(lambda: all(o.is_open for o in orders))
        strategy.cancel_orders(orders)
        await until(lambda: all(o.is_closed for o in orders))
        rows = [row for row in lighter_venue.ledger() if row["tx_type"] == 15]
        assert len(rows) == 5
        assert len({row["batch"] for row in rows}) == 1
        assert rows[0]["batch"]

    Node(lighter_venue).run(story)


@pytest.mark.lighter_venue(latency_ms=10)
def test_duplicate_client_order_index_is_denied_at_home(lighter_venue: Any) -> None:
    """An order whose index is that of a live one never reaches the venue."""

    async def story(node: Node) -> None:
        (strategy,) = node.strategies
        order = strategy.limit()
        await until(lambda: order.is_open)
        tracker = node.client._tracker
        taken = tracker.find(order.client_order_id)
        assert taken is not None
        tracker._by_index[client_order_index(ClientOrderId("O-CLASH"))] = taken
        clash = strategy.order_factory.limit(
            ETH,
            OrderSide.BUY,
            Quantity.from_str("0.0100"),
            Price.from_str("1500.00"),
            client_order_id=ClientOrderId("O-CLASH"),
        )
        strategy.submit_order(clash)
        await until(lambda: clash.is_closed)
        assert "client_order_id" in strategy.reason(clash)

    Node(lighter_venue).run(story)


@pytest.mark.lighter_venue(latency_ms=100)
def test_order_canceled_in_the_queue_never_reaches_the_venue(lighter_venue: Any) -> None:
    """What waits for its turn is canceled at home, and the others go on."""

    async def story(node: Node) -> None:
        (strategy,) = node.strategies
        first, second, third = submit_many(strategy, 3)
        await until(lambda: node.client.dispatcher.queued == 2)
        strategy.cancel_order(second)
        await until(lambda: first.is_open and third.is_open and second.is_closed)
        assert second.status == OrderStatus.CANCELED
        assert "Submitted" not in strategy.told(second)

    Node(lighter_venue, nonce=LighterNonceConfig(max_in_flight=1)).run(story)
    assert lighter_venue.summary()["transactions"] == 2


def test_stopping_node_leaves_nothing_half_sent(lighter_venue: Any) -> None:
    """A node that stops in mid-flow waits for what it sent: told and done agree."""
    lighter_venue.set(latency_ms=50)
    told: list[Order] = []

    async def story(node: Node) -> None:
        (strategy,) = node.strategies
        told.extend(submit_many(strategy, 40))
        await until(lambda: strategy.counts()["Submitted"] > 5)

    Node(lighter_venue).run(story)
    accepted = {row["index"] for row in lighter_venue.ledger() if row["accepted"]}
    for order in told:
        is_there = client_order_index(order.client_order_id) in accepted
        assert is_there == (order.status in (OrderStatus.ACCEPTED, OrderStatus.SUBMITTED)), order
