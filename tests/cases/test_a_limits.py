"""Section A of refusals that concern more than one transaction: limits, keys, accounts."""

from __future__ import annotations

import asyncio
from typing import Any

from nautilus_trader.model.enums import OrderStatus

from nautilus_lighter_nonce import events
from nautilus_lighter_nonce.translate.intents import client_order_index
from tests.cases.case import ENDED
from tests.cases.case import KEY
from tests.cases.case import drafts
from tests.cases.case import happens
from tests.cases.case import judge
from tests.cases.case import until
from tests.cases.stage import Stage
from tests.nodes import Node


STAGE = Stage()
CROWDED = Stage()

ACCOUNT, API_KEY = KEY

DELETED = {"delete_key": {"account_index": ACCOUNT, "api_key_index": API_KEY}}
REPLACED = {"replace_key": {"account_index": ACCOUNT, "api_key_index": API_KEY}}
LIQUIDATED = {"account": {"account_index": ACCOUNT, "status": "liquidation"}}
UNSIGNED = {"fault": "refuse", "code": 21120, "count": None}
CLOSED = {"fault": "close_sockets"}

QUOTA = {"volume_quota": 1, "free_tx_every_s": 60.0}
LIMIT = {"tx_limits": {"14": 1}}

BOUND = 48
"""What may be written in vain, however many orders wait: three windows."""


# -- A10 ------------------------------------------------------------------------------------------


@STAGE.row(
    {
        "quota": {"limit": QUOTA, "is_steady": False},
        "quota, steady": {"limit": QUOTA, "is_steady": True},
        "limit": {"limit": LIMIT, "is_steady": False},
        "limit, steady": {"limit": LIMIT, "is_steady": True},
    },
    venue={"latency_ms": 10},
)
async def test_a10_cancel_behind_creates_over_their_limit_goes_out(
    venue: Any, node: Node, limit: dict[str, Any], is_steady: bool
) -> None:
    """A limit of one transaction type holds up that type only: what the venue takes goes."""
    (strategy,) = node.strategies
    venue.set(**limit)
    resting = strategy.limit("1500.00")
    await until(lambda: resting.is_open)
    quotes = [strategy.limit(f"140{i}.00") for i in range(5)]
    await happens(lambda: venue.summary()["refused"], 1.0)
    strategy.cancel_order(resting)
    deadline = node.loop.time() + 1.5
    while not resting.is_closed and node.loop.time() < deadline:
        if is_steady:
            quotes.append(strategy.limit(f"13{len(quotes):02}.00"))
        await asyncio.sleep(0.05)
    assert resting.status == OrderStatus.CANCELED, "the cancel waits behind what cannot go"
    assert judge(venue, quotes).misreported == ()


# -- A11 ------------------------------------------------------------------------------------------


@CROWDED.row(
    {
        "replaced": {"cause": REPLACED, "code": 21108},
        "unsigned": {"cause": UNSIGNED, "code": 21120},
        "liquidated": {"cause": LIQUIDATED, "code": 21112},
    },
    venue={"latency_ms": 10},
)
async def test_a11_refusal_of_the_whole_account_is_told_once_per_order(
    venue: Any, node: Node, cause: dict[str, Any], code: int
) -> None:
    """A hundred orders wait, and none will be taken: not a thousand signed copies for nothing."""
    (strategy,) = node.strategies
    venue.control(cause)
    orders = [strategy.limit(f"15{i:02}.00") for i in range(100)]
    await happens(lambda: all(o.status in ENDED for o in orders), 8.0)
    sent = venue.summary()["transactions"]
    assert sent <= BOUND, f"{sent} transactions for {len(orders)} orders"
    for order in orders:
        ends = [name for name in strategy.told(order) if name in ("Rejected", "Denied")]
        assert len(ends) == 1, strategy.told(order)
        assert str(code) in strategy.reason(order)


# -- A18 ------------------------------------------------------------------------------------------


@STAGE.row(
    {"half of them": {"every": 2}, "a third": {"every": 3}},
    venue={"latency_ms": 10},
    reply_timeout_ms=400,
    resend_max_age_ms=2_500,
    max_in_flight=8,
)
async def test_a18_refusals_without_id_cost_no_other_order(
    venue: Any, node: Node, every: int
) -> None:
    """An answer that names nobody is nobody's: orders go on one by one instead of giving up."""
    (strategy,) = node.strategies
    orders = drafts(strategy, 18)
    refused, taken = orders[::every], [o for i, o in enumerate(orders) if i % every]
    for order in refused:
        index = client_order_index(order.client_order_id)
        for fault in ({"fault": "refuse", "code": 21739}, {"fault": "no_id"}):
            venue.control({**fault, "client_order_index": index, "count": None})
    for order in orders:
        strategy.submit_order(order)
    await happens(lambda: all(o.is_open or o.is_closed for o in orders), 12.0)
    given_up = [strategy.reason(o) for o in taken if not o.is_open]
    assert given_up == [], "given up for refusals that were not theirs"
    for order in refused:
        assert order.status == OrderStatus.REJECTED
        assert "21739" in strategy.reason(order)


# -- A21 ------------------------------------------------------------------------------------------


@STAGE.row(
    {
        "deleted": {"causes": [DELETED], "codes": ("21109", "20013")},
        "replaced": {"causes": [REPLACED], "codes": ("21108", "20013")},
        "liquidated": {"causes": [LIQUIDATED], "codes": ("21112",)},
        "unauthorized": {"causes": [REPLACED, CLOSED], "codes": ("20013", "21108")},
    },
    venue={"latency_ms": 10},
    queue_timeout_ms=1_500,
    resend_max_age_ms=1_500,
)
async def test_a21_key_or_account_that_is_gone_is_the_components_state(
    venue: Any, node: Node, causes: list[dict[str, Any]], codes: tuple[str, ...]
) -> None:
    """What nobody here can mend is said loudly: in the state, in an event, in every denial."""
    (strategy,) = node.strategies
    news: list[Any] = []
    node.node.kernel.msgbus.subscribe("events.lighter.*", news.append)
    first = strategy.limit("1400.00")
    await until(lambda: first.is_open)
    for cause in causes:
        venue.control(cause)
    orders = []
    for i in range(5):
        orders.append(strategy.limit(f"150{i}.00"))
        await asyncio.sleep(0.1)
    is_told = await happens(lambda: node.nonces.is_degraded or node.nonces.is_faulted, 1.5)
    assert is_told, f"the component stays {node.nonces.state.name}"
    told = [repr(event) for event in news if not isinstance(event, events.TxVerdict)]
    assert any(code in text for text in told for code in codes), "no event names the cause"
    orders.append(strategy.limit("1600.00"))
    await happens(lambda: orders[-1].is_closed, 2.5)
    reason = strategy.reason(orders[-1])
    assert any(code in reason for code in codes), reason
    assert judge(venue, orders).misreported == ()
