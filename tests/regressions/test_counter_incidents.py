"""Public incidents in which the counter itself was wrong: windows, leaks, drift, races."""

from __future__ import annotations

import asyncio

import pytest

from nautilus_lighter_nonce import events
from nautilus_lighter_nonce.core import NonceManager
from nautilus_lighter_nonce.core.decisions import AskVenue
from nautilus_lighter_nonce.core.decisions import Healed
from nautilus_lighter_nonce.core.lane import NonceLane
from nautilus_lighter_nonce.lighter.codes import Code
from tests.bench import MARGIN
from tests.bench import OK
from tests.bench import STALE
from tests.bench import Bench
from tests.stubs import ACCOUNT
from tests.stubs import KEY
from tests.stubs import eventually


async def test_nautilus_ea2467e5fc_order_flow_goes_on_after_16_transactions() -> None:
    """There acks never opened the window, and all flow stopped; here every ack opens it again."""
    bench = await Bench(skip_window=16).open()
    requests = bench.submit(*range(1, 101))
    for i in range(100):
        await bench.written(i + 1)
        bench.answer(i, OK)
    assert all(request.told == ["bound", "accepted"] for request in requests)
    assert bench.nonces() == list(range(10, 110))
    assert bench.source.calls == 1


@pytest.mark.parametrize("code", [MARGIN, Code.INVALID_PRICE, Code.INVALID_SIGNATURE])
async def test_viem_4364_refused_send_burns_no_nonce(code: int) -> None:
    """There a failed send kept its nonce, and the key was dead until restart; here it is freed."""
    bench = await Bench().open()
    bench.submit(1)
    await bench.written(1)
    bench.answer(0, int(code))
    bench.submit(2)
    await bench.written(2)
    bench.answer(1, OK)
    assert bench.nonces() == [10]


async def test_viem_4364_send_that_was_never_written_burns_no_nonce() -> None:
    """A send that failed on this side of the wire is as free as one that was refused."""
    bench = await Bench().open()
    bench.transport.is_down = True
    bench.submit(1)
    await eventually(lambda: bench.kernel.events(events.NonceRolledBack))
    bench.transport.is_down = False
    await bench.written(1)
    bench.answer(0, OK)
    assert bench.nonces() == [10]


async def test_viem_4364_transaction_that_cannot_be_signed_burns_no_nonce() -> None:
    """A signature that fails leaves no hole behind."""
    bench = await Bench().open()
    bench.signer.broken.add(1)
    (broken, sound) = bench.submit(1, 2)
    await bench.written(1)
    bench.answer(0, OK)
    assert broken.told[-1] == "refused"
    assert sound.told[-1] == "accepted"
    assert bench.nonces() == [10]


def test_openzeppelin_relayer_818_drifted_counter_comes_back_down() -> None:
    """There a sync that only rose jammed the key for ever; here the lane falls to the venue's."""
    venue_next = 8
    lane = NonceLane(NonceManager(), ACCOUNT, KEY, settle_ns=1, disbelief_ns=10)
    lane.seed(venue_next + 4)
    lane.issue()
    (_, asked) = lane.stale(12, lane.epoch, now_ns=0)
    assert isinstance(asked, AskVenue)
    (asked,) = lane.refreshed(venue_next, now_ns=1)
    assert isinstance(asked, AskVenue), "a counter that falls may be the venue's lag"
    (healed,) = lane.refreshed(venue_next, now_ns=10)
    assert isinstance(healed, Healed)
    assert healed.doomed == (12,)
    assert lane.issue() == venue_next


async def test_openzeppelin_relayer_818_orders_behind_a_drifted_counter_arrive() -> None:
    """The drift costs one heal: no order is lost to it, and no later one is stale again."""
    bench = await Bench(12, 8, disbelief_ms=5).open()
    requests = bench.submit(1, 2)
    await bench.written(2)
    bench.answer(0, STALE)
    bench.answer(1, STALE)
    await bench.written(4)
    bench.answer(2, OK)
    bench.answer(3, OK)
    bench.submit(3)
    await bench.written(5)
    bench.answer(4, OK)
    assert [r.told for r in requests] == [["bound", "accepted"]] * 2
    assert bench.nonces() == [8, 9, 10]
    assert len(bench.kernel.events(events.LaneHealed)) == 1


async def test_lighter_python_60_counter_out_of_step_costs_one_heal_not_every_order() -> None:
    """There every order was an invalid nonce; here the first stale one finds the right count."""
    bench = await Bench(10, 19).open()
    requests = bench.submit(1, 2, 3)
    await bench.written(3)
    for i in range(3):
        bench.answer(i, STALE)
    await bench.written(6)
    for i in range(3, 6):
        bench.answer(i, OK)
    assert [r.told for r in requests] == [["bound", "accepted"]] * 3
    assert bench.nonces() == [19, 20, 21]
    assert bench.source.calls == 2


async def test_ccxt_28073_orders_of_concurrent_tasks_have_nonces_of_their_own() -> None:
    """There each asynchronous call asked and raced for its nonce; here they share one question."""
    bench = Bench()
    await asyncio.gather(*(bench.component.seed(ACCOUNT, KEY) for _ in range(8)))
    await bench.open()
    gates = [bench.signer.hold(name) for name in range(1, 9)]

    async def create_order(name: int) -> None:
        bench.submit(name)

    await asyncio.gather(*(create_order(name) for name in range(1, 9)))
    for gate in reversed(gates):
        gate.set()
        await asyncio.sleep(0)
    await bench.written(8)
    for i in range(8):
        bench.answer(i, OK)
    assert bench.transport.order == list(range(1, 9))
    assert bench.nonces() == list(range(10, 18))
    assert bench.source.calls == 1
