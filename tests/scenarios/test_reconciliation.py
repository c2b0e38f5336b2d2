"""Stories of a node that starts on an account with, and without, a past."""

from __future__ import annotations

from typing import Any

from nautilus_trader.model.enums import OrderStatus
from nautilus_trader.model.enums import PositionSide
from nautilus_trader.model.orders import Order

from nautilus_lighter_nonce.translate.intents import client_order_index
from tests.nodes import ETH
from tests.nodes import Node
from tests.nodes import until


RECONCILING = {"reconciliation": True, "inflight_check_interval_ms": 0}


def test_start_on_an_empty_account_finds_nothing(lighter_venue: Any) -> None:
    """No orders, no positions, and the account's collateral as its balance."""

    async def story(node: Node) -> None:
        assert node.cache.orders() == []
        assert node.cache.positions() == []
        account = node.cache.account(node.client.account_id)
        (balance,) = account.balances().values()
        assert balance.total.as_decimal() == 1_000_000
        assert balance.free == balance.total

    Node(lighter_venue, engine=RECONCILING).run(story)


def test_start_on_an_account_with_a_past_finds_orders_and_position(lighter_venue: Any) -> None:
    """An open order and a position of an earlier run are there, and can be acted on."""
    left: list[Order] = []

    async def earlier(node: Node) -> None:
        (s,) = node.strategies
        s.market(quantity="0.5000")
        resting = s.limit()
        await until(lambda: s.counts()["Filled"] == 1 and resting.is_open)
        left.append(resting)

    async def later(node: Node) -> None:
        (resting,) = node.cache.orders_open()
        assert resting.venue_order_id == left[0].venue_order_id
        assert str(resting.price) == "1500.00"
        (position,) = node.cache.positions_open()
        assert position.side == PositionSide.LONG
        assert str(position.quantity) == "0.5000"
        assert node.node.portfolio.net_position(ETH) == position.signed_decimal_qty()
        (s,) = node.strategies
        s.cancel_order(resting)
        await until(lambda: resting.status == OrderStatus.CANCELED)
        row = lighter_venue.ledger()[-1]
        assert row["tx_type"] == 15
        assert row["index"] == int(resting.venue_order_id.value)

    Node(lighter_venue).run(earlier)
    Node(lighter_venue, engine=RECONCILING).run(later)


def test_order_lost_to_the_stream_is_found_by_its_query(lighter_venue: Any) -> None:
    """Nautilus' in-flight check asks for an order by our client order id, and finds it."""

    async def story(node: Node) -> None:
        (s,) = node.strategies
        order = s.limit()
        await until(lambda: order.is_open)
        found = await node.client._reports.find_order(ETH, order.client_order_id, None)
        assert found is not None
        assert found.client_order_index == client_order_index(order.client_order_id)
        report = node.client._reports.order_report(found)
        assert report is not None
        assert report.client_order_id == order.client_order_id
        assert report.order_status == OrderStatus.ACCEPTED

    Node(lighter_venue).run(story)


def test_reconnect_reads_what_the_stream_missed(lighter_venue: Any) -> None:
    """A fill during the outage is told once the stream is back, exactly once."""

    async def story(node: Node) -> None:
        (s,) = node.strategies
        filled, resting = s.limit("1999.00"), s.limit("1500.00")
        await until(lambda: filled.is_open and resting.is_open)
        lighter_venue.control({"fault": "close_sockets"})
        lighter_venue.control({"touch": {"market": 0, "bid": "1990.00", "ask": "1995.00"}})
        await until(lambda: filled.is_closed)
        assert s.told(filled)[-1] == "Filled"
        assert s.told(filled).count("Filled") == 1
        assert resting.is_open

    Node(lighter_venue).run(story)
