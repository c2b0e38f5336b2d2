"""Public incidents in which orders were lost, doubled or misjudged: stories on the venue."""

from __future__ import annotations

from typing import Any

import pytest
from nautilus_trader.model.orders import Order

from nautilus_lighter_nonce import LighterNonceConfig
from nautilus_lighter_nonce.translate.intents import client_order_index
from tests.bench import MARGIN
from tests.bench import OK
from tests.bench import STALE
from tests.bench import Bench
from tests.nodes import CANCELED_LIFE
from tests.nodes import ETH
from tests.nodes import Node
from tests.nodes import until


CREATE_ORDER = 14
CANCEL_ORDER = 15
CANCEL_ALL = 16


def rows_of(venue: Any, order: Order) -> list[dict[str, Any]]:
    """Return what the venue saw of the creation of one order, attempt by attempt."""
    index = client_order_index(order.client_order_id)
    return [
        row for row in venue.ledger() if row["tx_type"] == CREATE_ORDER and row["index"] == index
    ]


@pytest.mark.lighter_venue(latency_ms=20, jitter_ms=10)
def test_nautilus_4263_five_strategies_in_one_tick_lose_no_batch(lighter_venue: Any) -> None:
    """There batches of one tick raced on the wire, whole ones were lost; here each one lands."""

    async def story(node: Node) -> None:
        orders: list[Order] = []
        for i, strategy in enumerate(node.strategies):
            orders += strategy.limit_list(1500 + i, 8)
            orders.append(strategy.limit(f"{1400 + i}.00"))
        await until(lambda: all(order.is_open for order in orders), timeout_secs=20.0)

    Node(lighter_venue, tags=("001", "002", "003", "004", "005")).run(story)
    summary = lighter_venue.summary()
    assert (summary["accepted"], summary["stale"], summary["doubled"]) == (45, 0, [])
    assert summary["next_nonce_calls"] == 1
    assert len({row["batch"] for row in lighter_venue.ledger() if row["batch"]}) == 5


async def test_nautilus_2223963cac_reply_belongs_to_its_id_and_to_nobody_else() -> None:
    """There replies were matched first in, first out; here a refusal hits its own order only."""
    bench = await Bench().open()
    requests = bench.submit(1, 2, 3)
    await bench.written(3)
    bench.answer(2, MARGIN)
    assert [r.told[-1] for r in requests] == ["bound", "bound", "refused"]
    bench.answer(1, OK)
    bench.answer(0, OK)
    assert [r.told[-1] for r in requests] == ["accepted", "accepted", "refused"]


@pytest.mark.parametrize("request_id", ["", "no such request", "1"])
async def test_nautilus_2223963cac_error_of_no_transaction_refuses_nobody(request_id: str) -> None:
    """There a subscription's error was taken for a rejection; here nobody's id is nobody's."""
    bench = await Bench().open()
    (request,) = bench.submit(1)
    await bench.written(1)
    before = bench.component.status(*bench.component.keys[0])
    bench.reply(request_id, MARGIN)
    assert request.told == ["bound"]
    assert bench.component.status(*bench.component.keys[0]) == before


@pytest.mark.lighter_venue(latency_ms=20)
def test_openalgo_1991_lost_reply_is_not_answered_by_a_second_order(lighter_venue: Any) -> None:
    """There a blind retry doubled a live order; here the venue sees it once, told as accepted."""
    lighter_venue.fault("drop_reply", tx_type=CREATE_ORDER)

    async def story(node: Node) -> None:
        (strategy,) = node.strategies
        order = strategy.limit()
        await until(lambda: order.is_open)
        follower = strategy.limit("1501.00")
        await until(lambda: follower.is_open)
        assert len(rows_of(lighter_venue, order)) == 1

    Node(lighter_venue, nonce=LighterNonceConfig(reply_timeout_ms=200)).run(story)
    assert lighter_venue.summary()["doubled"] == []


async def test_openalgo_1991_slow_original_is_never_given_a_second_nonce() -> None:
    """There a blind retry doubled a slow original; here every copy of it stands at one nonce."""
    bench = await Bench(10, 10, reply_timeout_ms=100).open()
    bench.submit(1, 2)
    await bench.written(2)
    bench.answer(1, STALE)
    await bench.written(4)
    bench.answer(2, STALE)
    bench.answer(3, STALE)
    await bench.written(6)
    assert bench.transport.order == [1, 2, 1, 2, 1, 2]
    assert {tx_hash for tx_hash in bench.signer.hashes if tx_hash[0] == "1"} == {"1@10"}


@pytest.mark.lighter_venue(latency_ms=20)
@pytest.mark.parametrize("tx_type", [CANCEL_ORDER, CANCEL_ALL], ids=["one", "all"])
def test_typescript_port_panic_cancel_does_not_repeat_its_bad_nonce(
    lighter_venue: Any,
    tx_type: int,
) -> None:
    """There a panic cancel sent one bad nonce for ever; here the second try has a good one."""

    async def story(node: Node) -> None:
        (strategy,) = node.strategies
        orders = [strategy.limit(f"15{i:02}.00") for i in range(3)]
        await until(lambda: all(order.is_open for order in orders))
        lighter_venue.fault("foreign_writer", tx_type=tx_type)
        if tx_type == CANCEL_ALL:
            strategy.cancel_all_orders(ETH, params={"native": True})
        else:
            strategy.cancel_order(orders[0])
        canceled = orders if tx_type == CANCEL_ALL else orders[:1]
        await until(lambda: all(order.is_closed for order in canceled))
        assert strategy.counts()["CancelRejected"] == 0

    Node(lighter_venue).run(story)
    nonces = [row["nonce"] for row in lighter_venue.ledger() if row["tx_type"] == tx_type]
    assert len(nonces) == len(set(nonces)) == 2


@pytest.mark.lighter_venue(latency_ms=20)
@pytest.mark.parametrize(
    "fault",
    [
        {"fault": "server_error", "processed": True},
        {"fault": "unreadable", "processed": True},
        {"fault": "drop_reply"},
        {"fault": "close_sockets", "when": "after"},
    ],
    ids=lambda fault: str(fault["fault"]),
)
def test_nautilus_4152_ambiguous_submit_is_never_told_as_rejected(
    lighter_venue: Any,
    fault: dict[str, Any],
) -> None:
    """There silence became a rejection of a live order; here only its acceptance is told."""
    lighter_venue.control({**fault, "tx_type": CREATE_ORDER})

    async def story(node: Node) -> None:
        (strategy,) = node.strategies
        order = strategy.limit()
        await until(lambda: order.is_open)
        strategy.cancel_order(order)
        await until(lambda: order.is_closed)
        assert strategy.told(order) == CANCELED_LIFE
        assert len(rows_of(lighter_venue, order)) == 1

    Node(lighter_venue, nonce=LighterNonceConfig(reply_timeout_ms=200)).run(story)


@pytest.mark.lighter_venue(latency_ms=20, jitter_ms=10)
def test_ccxt_28073_forty_orders_at_once_meet_no_stale_nonce(lighter_venue: Any) -> None:
    """There orders created side by side failed with 21104; here none is even refused once."""

    async def story(node: Node) -> None:
        (strategy,) = node.strategies
        orders = [strategy.limit(f"1500.{i:02}") for i in range(40)]
        await until(lambda: all(order.is_open for order in orders), timeout_secs=20.0)

    Node(lighter_venue).run(story)
    summary = lighter_venue.summary()
    assert (summary["accepted"], summary["stale"]) == (40, 0)
