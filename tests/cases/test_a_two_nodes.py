"""Section A of two writers on one key: both slow down, neither loses an order."""

from __future__ import annotations

import asyncio
from typing import Any

from nautilus_lighter_nonce import events
from tests.cases.case import Verdict
from tests.cases.case import happens
from tests.cases.case import heard
from tests.cases.case import judge
from tests.cases.case import reasons
from tests.cases.stage import Stage
from tests.nodes import Node


STAGE = Stage()


# -- A20 ------------------------------------------------------------------------------------------


@STAGE.row(
    venue={"latency_ms": 20, "execution_delay_ms": 130, "next_nonce_lag_ms": 350},
    nodes=2,
    reply_timeout_ms=1_500,
    settle_ms=350,
    disbelief_ms=2_000,
    refresh_retry_ms=250,
    resend_max_age_ms=2_000,
    queue_timeout_ms=2_500,
)
async def test_a20_two_nodes_on_one_key_both_slow_down_and_lose_nothing(
    venue: Any, first: Node, second: Node
) -> None:
    """Whoever is behind is not starved by the other; each says at once that it is not alone."""
    ours, theirs = [], []
    for i in range(75):
        ours.append(first.strategies[0].limit(f"1500.{i:02}"))
        theirs.append(second.strategies[0].limit(f"1600.{i:02}"))
        await asyncio.sleep(0.04)
    await happens(lambda: all(o.is_open or o.is_closed for o in ours + theirs), 6.0)
    lost = [len(reasons(first, ours)), len(reasons(second, theirs))]
    assert lost == [0, 0], "one of them was starved"
    assert judge(venue, ours + theirs) == Verdict(executed=150)
    for node in (first, second):
        assert heard(node, events.ForeignWriterSuspected)
