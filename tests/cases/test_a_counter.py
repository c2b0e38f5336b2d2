"""Section A of the counter: `nextNonce` is late, stands still, is absurd, or falls."""

from __future__ import annotations

import json
import re
import resource
import sys
import urllib.request
from typing import Any

from nautilus_lighter_nonce import events
from nautilus_lighter_nonce.core.decisions import LaneState
from tests.cases.case import KEY
from tests.cases.case import Verdict
from tests.cases.case import happens
from tests.cases.case import heard
from tests.cases.case import judge
from tests.cases.case import reasons
from tests.cases.case import until
from tests.cases.case import until_told
from tests.cases.stage import Stage
from tests.nodes import Node


STAGE = Stage()
ABSURD = Stage()

OURS = {"account_index": KEY[0], "api_key_index": KEY[1]}


# -- A7 -------------------------------------------------------------------------------------------


@STAGE.row(
    {"to 1": {"before": 2_000_000, "after": 1}, "to 27": {"before": 3_141_592, "after": 27}},
)
async def test_a7_counter_that_falls_to_another_magnitude_halts_and_says_so(
    venue: Any, node: Node, before: int, after: int
) -> None:
    """
    The venue was reset: a halt that names both numbers, in constant memory, and nothing written.

    A counter may be as large as clock milliseconds. A client that fails here counts from one number
    to the other, so they are only as far apart as a test machine's memory bears.
    """
    (strategy,) = node.strategies
    count_from(venue, before)
    first = strategy.limit("1500.00")
    await until(lambda: first.is_open)
    peak = peak_megabytes()
    count_from(venue, after)
    orders = [strategy.limit("1501.00")]
    assert await happens(lambda: heard(node, events.LaneHalted), 3.0), "the lane was not halted"
    grown = peak_megabytes() - peak
    assert grown < 25, f"{grown:.0f} MB more for two numbers"
    assert node.nonces.is_faulted
    orders.append(strategy.limit("1502.00"))
    assert await happens(lambda: all(o.is_closed for o in orders), 2.0)
    told = [event.reason for event in heard(node, events.LaneHalted)]
    told += [node.nonces.status(*KEY).halt_reason, *reasons(node, orders)]
    for reason in told:
        numbers = {int(text) for text in re.findall(r"\d+", reason.replace(",", ""))}
        assert after in numbers, reason
        assert numbers & {before, before + 1}, reason
    assert judge(venue, orders).executed == 0


def count_from(venue: Any, nonce: int) -> None:
    """Let the venue count our key from a number on."""
    venue.control({"reset_nonce": {**OURS, "nonce": nonce}})


def counted(venue: Any) -> int:
    """Return what `nextNonce` says."""
    query = "account_index={}&api_key_index={}".format(*KEY)
    with urllib.request.urlopen(f"{venue.http_url}/api/v1/nextNonce?{query}", timeout=5.0) as reply:
        return int(json.loads(reply.read())["nonce"])


def peak_megabytes() -> float:
    """Return the most memory that this process ever had, megabytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1_000_000 if sys.platform == "darwin" else 1_000)


# -- A8 -------------------------------------------------------------------------------------------


@STAGE.row(
    {
        "late": {"lever": {"fault": "delay", "ms": 7_000.0}},
        "never": {"lever": {"fault": "drop_reply"}},
    },
    venue={"latency_ms": 10},
    queue_timeout_ms=2_500,
)
async def test_a8_question_of_a_heal_that_is_not_answered_is_asked_again(
    venue: Any, node: Node, lever: dict[str, Any]
) -> None:
    """A question has a deadline of its own: the lane is not frozen as long as its answer takes."""
    (strategy,) = node.strategies
    venue.control({"endpoint": "nextNonce", **lever})
    venue.fault("foreign_writer", count=4)
    orders = [strategy.limit(f"15{i:02}.00") for i in range(4)]
    await happens(lambda: node.nonces.status(*KEY).state is not LaneState.OPEN, 1.0)
    orders += [strategy.limit(f"16{i:02}.00") for i in range(4)]
    await until_told(orders, 6.0)
    assert reasons(node, orders) == [], "the lane was frozen as long as the answer took"
    assert judge(venue, orders) == Verdict(executed=8)


# -- A9 -------------------------------------------------------------------------------------------


@STAGE.row(
    venue={"latency_ms": 10},
    queue_timeout_ms=2_500,
)
async def test_a9_component_whose_lane_was_frozen_is_seeded_at_the_next_connect(
    venue: Any, node: Node
) -> None:
    """The question of the heal ends with the connection; the next connect asks anew."""
    (strategy,) = node.strategies
    venue.fault("drop_reply", endpoint="nextNonce")
    venue.fault("foreign_writer")
    orders = [strategy.limit("1500.00")]
    await happens(lambda: node.nonces.status(*KEY).state is not LaneState.OPEN, 1.0)
    await node.nonces.disconnect()
    await node.nonces.connect()
    is_seeded = await happens(lambda: len(heard(node, events.NonceSeeded)) == 2, 1.0)
    assert is_seeded, "the lane was not seeded again"
    orders.append(strategy.limit("1501.00"))
    await until_told(orders, 4.0)
    assert judge(venue, orders) == Verdict(executed=2)


@STAGE.row(
    venue={"latency_ms": 10},
    reply_timeout_ms=1_500,
)
async def test_a9_component_with_16_nonces_without_verdict_is_seeded_at_the_next_connect(
    venue: Any, node: Node
) -> None:
    """What is without a verdict does not keep the lane from its seed; its orders stay in flight."""
    (strategy,) = node.strategies
    venue.fault("delay", ms=2_000.0, count=16)
    venue.set(stream_lag_ms=2_000.0)
    orders = [strategy.limit(f"15{i:02}.00") for i in range(16)]
    await until(lambda: venue.summary()["executed"] == 16)
    await node.nonces.disconnect()
    await node.nonces.connect()
    is_seeded = await happens(lambda: len(heard(node, events.NonceSeeded)) == 2, 1.0)
    assert is_seeded, "the lane was not seeded again"
    orders.append(strategy.limit("1600.00"))
    await until_told(orders, 5.0)
    assert judge(venue, orders) == Verdict(executed=17)


# -- A16 ------------------------------------------------------------------------------------------


@STAGE.row(
    venue={
        "latency_ms": 10,
        "commands": ({"set": {"next_nonce": {"mode": "stuck"}}}, {"foreign": {**OURS, "count": 5}}),
    },
    resend_max_age_ms=20_000,
    queue_timeout_ms=20_000,
)
async def test_a16_counter_that_stands_still_after_a_restart_is_asked_with_growing_pauses(
    venue: Any, node: Node
) -> None:
    """What an earlier run has spent is not counted yet: few questions, few stales, a heal."""
    (strategy,) = node.strategies
    order = strategy.limit("1500.00")
    assert not await happens(lambda: order.is_closed, 2.0), "the order was given up"
    summary = venue.summary()
    assert summary["stale"], "the counter did not stand still"
    venue.set(next_nonce={"mode": "true"})
    assert summary["next_nonce_calls"] <= 9, "as many questions as fit into the time"
    assert summary["stale"] <= 9, "as many stale answers as fit into the time"
    assert await happens(lambda: order.is_open, 6.0), "the lane did not heal"


# -- A17 ------------------------------------------------------------------------------------------

FOREIGN = {"fault": "foreign_writer", "count": 2}
SILENT = {"fault": "drop_request"}
"""What makes a lane ask for the counter, and for a hash."""


def counters(*nonces: Any) -> list[dict[str, Any]]:
    """Return levers that answer the question for the counter with a body of the usual form."""
    return [answer({"code": 200, "nonce": nonce}) for nonce in nonces]


def answer(body: Any) -> dict[str, Any]:
    """Return a lever that answers the question for the counter."""
    return {"fault": "answer", "endpoint": "nextNonce", "value": body}


def bodies(endpoint: str, *names: str) -> list[dict[str, Any]]:
    """Return levers that answer what cannot be read."""
    return [{"fault": "unreadable", "endpoint": endpoint, "body": name} for name in names]


@ABSURD.row(
    {
        "numbers": {"levers": counters(-1, 2**48, 2**60, 2**64), "trouble": FOREIGN},
        "bodies": {"levers": bodies("tx", "html", "not_utf8"), "trouble": SILENT},
    },
    venue={"latency_ms": 10},
    queue_timeout_ms=1_000,
    disbelief_ms=20,
)
async def test_a17_answer_that_nobody_expects_ends_no_task(
    venue: Any, node: Node, levers: list[dict[str, Any]], trouble: dict[str, Any]
) -> None:
    """An absurd counter is not believed, bytes that are no text end nothing, the lane goes on."""
    await go_on_after(venue, node, levers, trouble)


NO_ANSWERS: list[Any] = [None, "text", [], {}, {"code": 200}]


@ABSURD.row(
    {
        "no numbers": {"levers": counters(None, "12", 1.5, True, [1], {"n": 1})},
        "no answers": {"levers": [answer(body) for body in NO_ANSWERS]},
        "bodies": {"levers": bodies("nextNonce", "garbage", "html", "not_utf8", "empty")},
    },
    venue={"latency_ms": 10},
    queue_timeout_ms=1_000,
)
async def test_a17_counter_that_cannot_be_read_is_asked_again(
    venue: Any, node: Node, levers: list[dict[str, Any]]
) -> None:
    """What is no number is no answer: the question is asked again, and the lane goes on."""
    await go_on_after(venue, node, levers, FOREIGN)


async def go_on_after(
    venue: Any, node: Node, levers: list[dict[str, Any]], trouble: dict[str, Any]
) -> None:
    """Let the lane ask, with each lever in its way; every order must arrive."""
    (strategy,) = node.strategies
    for number, lever in enumerate(levers):
        venue.control({**lever, "count": 2})
        venue.control(trouble)
        orders = [strategy.limit(f"15{number}{i}.00") for i in range(2)]
        await until_told(orders, 1.5)
        orders.append(strategy.limit(f"16{number}0.00"))
        await until_told(orders, 1.5)
        gone_on = all(o.is_open for o in orders)
        assert gone_on, f"the lane did not go on after {lever}: {reasons(node, orders)}"
        assert judge(venue, orders) == Verdict(executed=3)
