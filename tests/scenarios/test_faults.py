"""Stories: each fault the venue can have, through a real node, judged by the venue's ledger."""

from __future__ import annotations

from typing import Any

import pytest
from nautilus_trader.model.enums import OrderStatus
from nautilus_trader.model.orders import Order

from nautilus_lighter_nonce import LighterNonceConfig
from nautilus_lighter_nonce import events
from nautilus_lighter_nonce.intents import client_order_index
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
