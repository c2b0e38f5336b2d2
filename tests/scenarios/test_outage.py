"""
What an outage does with each setting, as the table in `docs/reference.md` says.

The outage is short, and so are the settings that it outlasts.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from nautilus_trader.model.objects import Price

from nautilus_lighter_nonce import LighterNonceConfig
from tests.cases.case import judge
from tests.nodes import Node
from tests.nodes import until


OUTAGE_SECS = 1.2

PATIENCE = {"reply_timeout_ms": 200, "settle_ms": 50, "queue_timeout_ms": 400}

TOO_OLD = ["Submitted", "Rejected"]
ALIVE = ["Submitted", "Accepted"]
UNSENT = ["Initialized", "Denied"]


@pytest.mark.parametrize(
    ("settings", "cancel", "modify", "doubtful", "unsent"),
    [
        ({"resend_max_age_ms": 400}, "Canceled", "ModifyRejected", TOO_OLD, UNSENT),
        ({"resend_max_age_ms": 30_000}, "Canceled", "Updated", ALIVE, UNSENT),
        ({"resend_max_age_ms": None}, "Canceled", "Updated", ALIVE, UNSENT),
        ({"resend": False}, "CancelRejected", "ModifyRejected", TOO_OLD, UNSENT),
        (
            {"resend_max_age_ms": 400, "queue_timeout_ms": 30_000},
            "Canceled",
            "ModifyRejected",
            TOO_OLD,
            ALIVE,
        ),
    ],
)
def test_outage_ends_what_the_settings_say_and_only_once_it_is_over(
    lighter_venue: Any,
    settings: dict[str, Any],
    cancel: str,
    modify: str,
    doubtful: list[str],
    unsent: list[str],
) -> None:
    """While the venue is away nothing in doubt ends; then the settings say what is still wanted."""

    async def story(node: Node) -> None:
        (s,) = node.strategies
        canceled, modified = s.limit("1500.00"), s.limit("1501.00")
        await until(lambda: canceled.is_open and modified.is_open)
        lighter_venue.set(latency_ms=600_000)
        s.cancel_order(canceled)
        s.modify_order(modified, price=Price.from_str("1400.00"))
        doubt = s.limit("1502.00")
        await until(lambda: len(node.client.dispatcher.in_doubt) == 3)
        late = s.limit("1503.00")
        await asyncio.sleep(OUTAGE_SECS)
        assert [s.told(o)[-1] for o in (canceled, modified, doubt)] == [
            "PendingCancel",
            "PendingUpdate",
            "Submitted",
        ]
        lighter_venue.set(latency_ms=0)
        lighter_venue.control({"fault": "close_sockets"})
        await until(lambda: not (node.client.dispatcher.in_doubt or node.client.dispatcher.queued))
        orders = [canceled, modified, doubt, late]
        await until(lambda: not any(order.is_inflight for order in orders))
        assert [s.told(o)[-1] for o in orders[:2]] == [cancel, modify]
        assert [s.told(o)[-2:] for o in orders[2:]] == [doubtful, unsent]
        verdict = judge(lighter_venue, orders)
        assert (verdict.doubled, verdict.misreported, verdict.in_flight) == ((), (), 0)

    nonce = LighterNonceConfig(**(PATIENCE | settings))
    Node(lighter_venue, nonce=nonce, http_timeout_secs=1).run(story)
