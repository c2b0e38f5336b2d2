"""Section A of two writers on one key: both slow down, neither loses an order."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from nautilus_lighter_nonce import LighterNonceConfig
from nautilus_lighter_nonce import events
from tests.cases.case import Verdict
from tests.cases.case import happens
from tests.cases.case import heard
from tests.cases.case import judge
from tests.cases.case import reasons
from tests.cases.case import until
from tests.nodes import Node


# -- A20 ------------------------------------------------------------------------------------------


@pytest.mark.lighter_venue(latency_ms=20, execution_delay_ms=130, next_nonce_lag_ms=350)
def test_a20_two_nodes_on_one_key_both_slow_down_and_lose_nothing(lighter_venue: Any) -> None:
    """Whoever is behind is not starved by the other; each says at once that it is not alone."""
    limits = LighterNonceConfig(resend_max_age_ms=2_000, queue_timeout_ms=2_500)
    first = Node(lighter_venue, nonce=limits)
    second = Node(lighter_venue, tags=("002",), loop=first.loop, nonce=limits)

    async def story(node: Node) -> None:
        running = node.loop.create_task(second.node.run_async())
        await until(lambda: second.strategies[0].is_running)
        ours, theirs = [], []
        for i in range(75):
            ours.append(node.strategies[0].limit(f"1500.{i:02}"))
            theirs.append(second.strategies[0].limit(f"1600.{i:02}"))
            await asyncio.sleep(0.04)
        await happens(lambda: all(o.is_open or o.is_closed for o in ours + theirs), 6.0)
        await second.node.stop_async()
        await running
        lost = [len(reasons(node, ours)), len(reasons(second, theirs))]
        assert lost == [0, 0], "one of them was starved"
        assert judge(lighter_venue, ours + theirs) == Verdict(executed=150)
        for each in (node, second):
            assert heard(each, events.ForeignWriterSuspected)

    try:
        first.run(story)
    finally:
        second.node.dispose()
