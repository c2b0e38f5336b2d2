"""Stories of fills that the venue's position shows before they are told: none is made up."""

from __future__ import annotations

from typing import Any

import pytest
from nautilus_trader.model.objects import Quantity

from tests.cases.case import Verdict
from tests.cases.case import judge
from tests.nodes import Node
from tests.nodes import until


CHECKING: dict[str, Any] = {
    "reconciliation": False,
    "position_check_interval_secs": 0.05,
    "position_check_threshold_ms": 0,
}

ROUNDS = 24
"""How often positions are compared while the fill is not told; the engine makes it up at once."""


def tell_late(venue: Any) -> None:
    """Let what is told of fills be late, by frame and by REST."""
    venue.set(stream_lag_ms=2_000, index_lag_ms={"trades": 2_000, "orders": 2_000})


def tell_over_rest_alone(venue: Any) -> None:
    """Let no frame tell of a fill."""
    for channel in ("account_all_orders", "account_all_trades"):
        venue.fault("frame_drop", channel=channel, count=None)


@pytest.mark.parametrize("tell", [tell_late, tell_over_rest_alone])
def test_fill_of_a_resting_order_is_counted_once_however_it_is_told(
    lighter_venue: Any, tell: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is in doubt and every connection lives, yet the position is ahead of the fill."""

    async def story(node: Node) -> None:
        (s,) = node.strategies
        first = s.market()
        await until(lambda: first.is_closed)
        order = s.limit("1999.00")
        await until(lambda: order.is_open)
        asked: list[Any] = []
        generate = node.client.generate_position_status_reports

        async def answer(command: Any) -> Any:
            asked.append(command)
            return await generate(command)

        monkeypatch.setattr(node.client, "generate_position_status_reports", answer)
        tell(lighter_venue)
        touch = {"market": 0, "bid": "1990.00", "ask": "1998.00", "size": "0.0040"}
        lighter_venue.control({"touch": touch})
        await until(lambda: len(asked) >= ROUNDS)
        assert len(node.cache.orders()) == 2, "the engine made an order up"
        await until(lambda: order.filled_qty == Quantity.from_str("0.0040"))
        told = len(asked)
        await until(lambda: len(asked) >= told + ROUNDS)
        assert len(node.cache.orders()) == 2, "the engine made an order up"
        (position,) = node.cache.positions_open()
        assert position.quantity == Quantity.from_str("0.0140")
        assert s.told(order) == ["Initialized", "Submitted", "Accepted", "Filled"]
        assert judge(lighter_venue, [first, order]) == Verdict(executed=2)

    Node(lighter_venue, engine=CHECKING).run(story)
