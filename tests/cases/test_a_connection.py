"""Section A of connections: a socket that is about to die, and tokens that serve no more."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.messages import GenerateOrderStatusReports
from nautilus_trader.model.orders import Order

from nautilus_lighter_nonce.lighter.errors import LighterHttpError
from tests.cases.case import KEY
from tests.cases.case import Verdict
from tests.cases.case import create_rows
from tests.cases.case import judge
from tests.cases.case import reasons
from tests.cases.case import until
from tests.cases.case import until_told
from tests.cases.stage import Stage
from tests.nodes import Node


STAGE = Stage()

REVOKED_OR_EXPIRED = {"revoked": {"why": "revoked"}, "expired": {"why": "expired"}}


# -- A12 ------------------------------------------------------------------------------------------


@STAGE.row(
    {"short": {"grace_secs": 0.9}, "long": {"grace_secs": 1.7}},
    venue={"latency_ms": 10},
)
async def test_a12_announced_shutdown_moves_the_orders_to_another_connection(
    venue: Any, node: Node, grace_secs: float
) -> None:
    """Drain, connect anew, go on: before the old socket dies, and without losing an order."""
    (strategy,) = node.strategies
    first = strategy.limit("1400.00")
    await until(lambda: first.is_open)
    (row,) = create_rows(venue, first)
    venue.fault("shutdown", ms=grace_secs * 1_000)
    dies_ns = time.time_ns() + int(grace_secs * 1e9)
    orders: list[Order] = []
    while time.time_ns() < dies_ns + 200_000_000:
        orders.append(strategy.limit(f"1500.{len(orders):02}"))
        await asyncio.sleep(0.1)
    others = [r for r in create_rows(venue) if r["connection"] != row["connection"]]
    moved_ns = min((r["ts_ns"] for r in others), default=dies_ns)
    assert moved_ns < dies_ns, "orders went on into the dying socket"
    await until_told(orders, 3.0)
    assert reasons(node, orders) == []
    assert judge(venue, orders) == Verdict(executed=len(orders))


# -- A13 ------------------------------------------------------------------------------------------


@STAGE.row(
    {
        "at a reconnect": {"why": "revoked", "is_closed": True},
        "in mid-stream": {"why": "expired", "is_closed": False},
    },
    venue={"latency_ms": 10},
    queue_timeout_ms=2_500,
)
async def test_a13_stream_whose_token_is_refused_comes_back_with_another(
    venue: Any, node: Node, why: str, is_closed: bool
) -> None:
    """A token that was refused once is not offered again."""
    (strategy,) = node.strategies
    revoke(venue, why)
    if is_closed:
        venue.fault("close_sockets")
    order = strategy.limit("1500.00")
    await until_told([order], 3.0)
    assert reasons(node, [order]) == [], "the stream stays down"
    assert order.is_open, "the stream shows nothing any more"


@STAGE.row(
    REVOKED_OR_EXPIRED,
    venue={"latency_ms": 10},
)
async def test_a13_read_whose_token_is_refused_is_tried_with_another(
    venue: Any, node: Node, why: str
) -> None:
    """A 401 throws the token away: the next attempt has a new one."""
    (strategy,) = node.strategies
    order = strategy.limit("1500.00")
    await until(lambda: order.is_open)
    revoke(venue, why)
    reports = await read_orders(node) or await read_orders(node)
    assert reports is not None, "the refused token was offered again"
    assert [report.client_order_id for report in reports] == [order.client_order_id]


def revoke(venue: Any, why: str) -> None:
    """Let the venue refuse every token of the account that it knows."""
    venue.control({"revoke_tokens": {"account_index": KEY[0], "reason": why}})


async def read_orders(node: Node) -> Any:
    """Read the open orders as strictly as at the start; return ``None`` without an answer."""
    command = GenerateOrderStatusReports(
        instrument_id=None,
        start=None,
        end=None,
        open_only=True,
        command_id=UUID4(),
        ts_init=node.node.kernel.clock.timestamp_ns(),
    )
    try:
        with node.client._in_flight.at_start():
            return await node.client.generate_order_status_reports(command)
    except LighterHttpError:
        return None
