"""Stories of `cancel_all_orders`: every open order of the strategy, and no other (rule 15)."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

import pytest
from nautilus_trader.model.enums import OrderSide

from nautilus_lighter_nonce.lighter.codes import TxType
from tests.nodes import ETH
from tests.nodes import Node
from tests.nodes import until


RECONCILING = {"reconciliation": True, "inflight_check_interval_ms": 0}
HUMAN = {
    "account_index": 700,
    "api_key_index": 0,
    "market_id": 0,
    "side": "buy",
    "size": "0.0100",
    "price": "1400.00",
    "tif": "gtt",
}


def living(venue: Any) -> list[str]:
    """Return the prices of what rests in the venue's book for the account, by its ledger."""
    nobody = {"account_index": 700, "client_order_index": 1, "told": "in_flight"}
    rows = venue.summary(told=[nobody])["untold"]
    return sorted(row["price"] for row in rows if row["truth"] == "open")


def open_orders(venue: Any) -> int:
    """Return how many orders rest at the venue for the account, whoever made them."""
    url = f"{venue.http_url}/api/v1/account?by=index&value=700"
    with urllib.request.urlopen(url, timeout=10.0) as response:
        return int(json.load(response)["accounts"][0]["total_order_count"])


def cancels(venue: Any) -> list[int]:
    """Return the types of all cancels that were sent."""
    kinds = {TxType.CANCEL_ORDER, TxType.CANCEL_ALL_ORDERS}
    return [row["tx_type"] for row in venue.ledger() if row["tx_type"] in kinds]


def test_orders_of_an_earlier_run_that_are_claimed_are_canceled(lighter_venue: Any) -> None:
    """The start finds them, the claim makes them the strategy's, the command reaches them (B1)."""

    async def earlier(node: Node) -> None:
        (s,) = node.strategies
        orders = [s.limit(f"150{i}.00") for i in range(3)]
        await until(lambda: all(o.is_open for o in orders))

    async def later(node: Node) -> None:
        (s,) = node.strategies
        orders = node.cache.orders_open(strategy_id=s.id)
        assert len(orders) == 3
        s.cancel_all_orders(ETH)
        await until(lambda: all(o.is_closed for o in orders))
        assert living(lighter_venue) == []

    Node(lighter_venue).run(earlier)
    Node(lighter_venue, engine=RECONCILING, claims=[ETH]).run(later)


def test_orders_of_an_earlier_run_that_nobody_claims_are_left_alone(lighter_venue: Any) -> None:
    """Without a claim they are EXTERNAL, and nobody's."""

    async def earlier(node: Node) -> None:
        (s,) = node.strategies
        order = s.limit("1500.00")
        await until(lambda: order.is_open)

    async def later(node: Node) -> None:
        (s,) = node.strategies
        ours = [s.limit("1501.00"), s.limit("1502.00")]
        await until(lambda: all(o.is_open for o in ours))
        s.cancel_all_orders(ETH)
        await until(lambda: all(o.is_closed for o in ours))
        assert living(lighter_venue) == ["1500.00"]

    Node(lighter_venue).run(earlier)
    Node(lighter_venue, engine=RECONCILING).run(later)


@pytest.mark.parametrize("sees_it", [True, False], ids=["seen by the node", "before the node"])
def test_order_of_a_human_is_left_alone(lighter_venue: Any, sees_it: bool) -> None:
    """Two own orders do not make the venue's own cancel-all mean the same (B2)."""
    if not sees_it:
        lighter_venue.control({"trade": HUMAN})

    async def story(node: Node) -> None:
        (s,) = node.strategies
        ours = [s.limit("1500.00"), s.limit("1501.00")]
        await until(lambda: all(o.is_open for o in ours))
        if sees_it:
            lighter_venue.control({"trade": HUMAN})
        await until(lambda: open_orders(lighter_venue) == 3)
        s.cancel_all_orders(ETH)
        await until(lambda: all(o.is_closed for o in ours))
        assert open_orders(lighter_venue) == 1
        assert cancels(lighter_venue) == [TxType.CANCEL_ORDER] * 2

    Node(lighter_venue).run(story)


def test_one_side_is_canceled_of_orders_of_both_runs(lighter_venue: Any) -> None:
    """The command's side holds for what was found at the start too."""

    async def earlier(node: Node) -> None:
        (s,) = node.strategies
        orders = [s.limit("1500.00"), s.limit("2500.00", side=OrderSide.SELL)]
        await until(lambda: all(o.is_open for o in orders))

    async def later(node: Node) -> None:
        (s,) = node.strategies
        new = s.limit("2600.00", side=OrderSide.SELL)
        await until(lambda: new.is_open)
        s.cancel_all_orders(ETH, order_side=OrderSide.SELL)
        await until(lambda: living(lighter_venue) == ["1500.00"])

    Node(lighter_venue).run(earlier)
    Node(lighter_venue, engine=RECONCILING, claims=[ETH]).run(later)
