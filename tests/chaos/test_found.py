"""What chaos has found, each as the shortest story that shows it."""

from __future__ import annotations

from typing import Any

import pytest
from nautilus_trader.model.enums import OrderStatus
from nautilus_trader.model.objects import Price
from nautilus_trader.model.objects import Quantity

from tests.cases.case import Verdict
from tests.cases.case import judge
from tests.nodes import Node
from tests.nodes import until


@pytest.mark.lighter_venue(latency_ms=10)
def test_disconnect_with_transactions_in_flight_reuses_no_nonce(lighter_venue: Any) -> None:
    """A counter that may still lag proves nothing about what was sent before the disconnect."""
    lighter_venue.control({"fault": "close_sockets", "after": 5, "when": "after"})

    async def story(node: Node) -> None:
        (strategy,) = node.strategies
        orders = [strategy.limit(f"1500.{i:02}") for i in range(30)]
        await until(lambda: all(o.is_open for o in orders), 15.0)

    Node(lighter_venue).run(story)
    assert [key["reused_nonces"] for key in lighter_venue.summary()["keys"] if key["stale"]] == []


@pytest.mark.lighter_venue(latency_ms=10, execution_delay_ms=60)
def test_vanished_order_whose_nonce_a_stranger_took_is_sent_again_with_its_followers(
    lighter_venue: Any,
) -> None:
    """A stranger's executed record at its nonce proves it dead: it waits again, as they do."""

    async def story(node: Node) -> None:
        (strategy,) = node.strategies
        first = strategy.limit("1400.00")
        await until(lambda: first.is_open)
        lighter_venue.control({"fault": "vanish"})
        vanished, *others = [strategy.limit(f"1500.{i:02}") for i in range(4)]
        await until(lambda: lighter_venue.summary()["vanished"])
        lighter_venue.control({"foreign": {"account_index": 700, "api_key_index": 5}})
        await until(lambda: vanished.is_open and all(o.is_open for o in others))
        assert judge(lighter_venue, [first, vanished, *others]) == Verdict(executed=5)

    Node(lighter_venue).run(story)


@pytest.mark.lighter_venue(latency_ms=20)
def test_cancel_pipelined_behind_a_stale_order_is_not_lost(lighter_venue: Any) -> None:
    """The order comes back stale, its cancel is taken and finds nothing: it must be tried again."""

    async def story(node: Node) -> None:
        (strategy,) = node.strategies
        first = strategy.limit("1400.00")
        await until(lambda: first.is_open)
        lighter_venue.control({"fault": "foreign_writer", "tx_type": 14})
        order = strategy.limit("1500.00")
        await until(lambda: order.status == OrderStatus.SUBMITTED)
        strategy.cancel_order(order)
        await until(lambda: order.is_closed)
        assert strategy.told(order)[-1] == "Canceled"
        assert judge(lighter_venue, [first, order]) in (Verdict(executed=1), Verdict(executed=2))

    Node(lighter_venue).run(story)


def test_market_order_in_a_disconnect_gets_its_price_or_stands_aside(lighter_venue: Any) -> None:
    """A price that could not be subscribed is subscribed again, and nobody waits 5 s for it."""

    async def story(node: Node) -> None:
        (strategy,) = node.strategies
        lighter_venue.control({"fault": "close_sockets"})
        market = strategy.market()
        behind = strategy.limit("1500.00")
        await until(lambda: behind.is_open and market.is_closed, 4.0)
        assert market.status == OrderStatus.FILLED

    Node(lighter_venue).run(story)


def test_modify_that_is_filled_at_once_is_told_before_its_fill(lighter_venue: Any) -> None:
    """The order is grown first: else the engine refuses the fill as too large."""

    async def story(node: Node) -> None:
        (strategy,) = node.strategies
        order = strategy.limit("1500.00", quantity="0.0300")
        await until(lambda: order.is_open)
        strategy.modify_order(order, Quantity.from_str("0.0400"), Price.from_str("2100.00"))
        await until(lambda: order.is_closed, 3.0)
        assert strategy.told(order)[-2:] == ["Updated", "Filled"]

    Node(lighter_venue).run(story)


@pytest.mark.parametrize(
    ("fault", "end"),
    [("fail", "CancelRejected"), ("vanish", "Canceled")],
)
@pytest.mark.parametrize("is_frame_first", [False, True])
def test_cancel_that_came_to_nothing_after_its_acceptance_is_told(
    lighter_venue: Any,
    fault: str,
    end: str,
    is_frame_first: bool,
) -> None:
    """A 200 to a cancel is no cancel: its refusal is told, and a dropped one goes again."""
    lighter_venue.set(latency_ms=20, frame_before_reply=is_frame_first)

    async def story(node: Node) -> None:
        (strategy,) = node.strategies
        order = strategy.limit()
        await until(lambda: order.is_open)
        lighter_venue.control({"fault": fault, "tx_type": 15})
        strategy.cancel_order(order)
        await until(lambda: strategy.told(order)[-1] == end, 4.0)
        assert judge(lighter_venue, [order]) == Verdict(executed=1)

    Node(lighter_venue).run(story)


@pytest.mark.lighter_venue(latency_ms=10)
def test_silent_order_whose_nonce_a_stranger_took_is_sent_again(lighter_venue: Any) -> None:
    """Its nonce is spent and the venue has no record of it: no copy can arrive any more."""
    lighter_venue.control({"fault": "foreign_writer", "tx_type": 14})
    lighter_venue.control({"fault": "close_sockets", "tx_type": 14, "when": "after"})

    async def story(node: Node) -> None:
        (strategy,) = node.strategies
        order = strategy.limit()
        await until(lambda: order.is_open, 4.0)
        assert judge(lighter_venue, [order]) == Verdict(executed=1)

    Node(lighter_venue).run(story)


@pytest.mark.lighter_venue(latency_ms=10, execution_delay_ms=60)
@pytest.mark.parametrize(
    "looks_up_as",
    ["failed", "unknown"],
)
def test_unknown_order_that_vanished_behind_another_is_sent_again(
    lighter_venue: Any,
    looks_up_as: str,
) -> None:
    """An order without a verdict that the sequencer dropped does not stay in flight for ever."""
    lighter_venue.set(vanished_lookup=looks_up_as)
    lighter_venue.control({"fault": "vanish"})
    lighter_venue.control({"fault": "server_error", "processed": True, "after": 1})

    async def story(node: Node) -> None:
        (strategy,) = node.strategies
        vanished, *others = [strategy.limit(f"1500.{i:02}") for i in range(3)]
        await until(lambda: vanished.is_closed and all(o.is_open for o in others), 6.0)
        assert judge(lighter_venue, [vanished, *others]) == Verdict(executed=2)

    Node(lighter_venue).run(story)


def test_cancel_in_the_same_moment_as_its_order_cancels_it_unsent(lighter_venue: Any) -> None:
    """Nautilus leads the cancel past its risk engine and the order through it: ours is patient."""

    async def story(node: Node) -> None:
        (strategy,) = node.strategies
        orders = [strategy.limit(f"1500.{i:02}") for i in range(3)]
        strategy.cancel_order(orders[1])
        await until(lambda: orders[0].is_open and orders[2].is_open and orders[1].is_closed)
        assert strategy.told(orders[1]) == ["Initialized", "Canceled"]

    Node(lighter_venue).run(story)
    assert [row["tx_type"] for row in lighter_venue.ledger()] == [14, 14]


def test_cancel_of_an_order_that_never_came_waits_for_nothing(lighter_venue: Any) -> None:
    """An order that Nautilus denied is not canceled later by a cancel that was kept for it."""

    async def story(node: Node) -> None:
        (strategy,) = node.strategies
        denied = strategy.limit("1500.12345")  # too precise for Nautilus
        strategy.cancel_order(denied)
        await until(lambda: denied.is_closed)
        fresh = strategy.limit()
        strategy.cancel_order(fresh)
        await until(lambda: fresh.is_closed)
        assert strategy.told(denied)[-1] == "Denied"
        assert node.client._desk._early_cancels == set()

    Node(lighter_venue).run(story)


@pytest.mark.lighter_venue(latency_ms=20)
def test_modify_pipelined_behind_a_stale_order_is_not_lost(lighter_venue: Any) -> None:
    """It is taken, finds no order, and is sent again once the order is there."""

    async def story(node: Node) -> None:
        (strategy,) = node.strategies
        first = strategy.limit("1400.00")
        await until(lambda: first.is_open)
        lighter_venue.control({"fault": "foreign_writer", "tx_type": 14})
        order = strategy.limit("1500.00")
        await until(lambda: order.status == OrderStatus.SUBMITTED)
        strategy.modify_order(order, price=Price.from_str("1499.00"))
        await until(lambda: order.is_open and order.price == Price.from_str("1499.00"))
        assert "ModifyRejected" not in strategy.told(order)

    Node(lighter_venue).run(story)
    refused = [row for row in lighter_venue.ledger() if row["app_error"] == 21700]
    assert len(refused) == 1


@pytest.mark.lighter_venue(latency_ms=10, execution_delay_ms=60)
def test_order_that_went_with_a_vanished_one_and_is_to_be_canceled_stays_away(
    lighter_venue: Any,
) -> None:
    """An order proved absent and no longer wanted is canceled here, not sent again (rule 4)."""

    async def story(node: Node) -> None:
        (strategy,) = node.strategies
        first = strategy.limit("1400.00")
        await until(lambda: first.is_open)
        lighter_venue.control({"fault": "vanish"})
        vanished, wanted, unwanted = [strategy.limit(f"1500.{i:02}") for i in range(3)]
        await until(lambda: lighter_venue.summary()["accepted"] == 4)
        strategy.cancel_order(unwanted)
        await until(lambda: vanished.is_closed and unwanted.is_closed and wanted.is_open)
        assert strategy.told(vanished)[-1] == "Rejected"
        assert strategy.told(unwanted)[-1] == "Canceled"

    Node(lighter_venue).run(story)
