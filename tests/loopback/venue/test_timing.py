"""How long the sequencer takes: by type, by tier, for takers; and what is told of it."""

from __future__ import annotations

from typing import Any

import pytest

from nautilus_lighter_nonce.loopback.config import Tier
from nautilus_lighter_nonce.loopback.venue.faults import Fault
from tests.loopback import txs
from tests.loopback.bench import MS
from tests.loopback.bench import Bench


MAKER = (14, txs.create(1))
MARKET = (14, txs.take(1))
IOC = (14, txs.create(1, TimeInForce=0, OrderExpiry=0))
CROSSING = (14, txs.create(1, Price=210_000))
POST_ONLY = (14, txs.create(1, Price=210_000, TimeInForce=2))
STOP = (14, txs.create(1, Type=2, TimeInForce=0, TriggerPrice=180_000))
CANCEL = (15, txs.cancel(1, 9))
CANCEL_ALL = (16, txs.cancel_all(1))
MODIFY = (17, txs.modify(1, 9, 1_000, 190_000))
LEVERAGE = (20, txs.leverage(1, 500))


def due_ms(bench: Bench, tx: tuple[int, str]) -> float:
    """Send a transaction and return when it is due, milliseconds."""
    assert bench.send(*tx).code == 200
    due_ns = bench.engine.next_due()
    assert due_ns is not None
    return (due_ns - bench.at(0)) / MS


@pytest.mark.parametrize("tx", [MARKET, IOC, CROSSING])
def test_taker_delay_holds_takers_up(tx: tuple[int, str]) -> None:
    """A market order, an immediate one and a limit order that crosses take longer."""
    assert due_ms(Bench(execution_delay_ms=5, taker_delay_ms=300), tx) == 305


@pytest.mark.parametrize("tx", [MAKER, POST_ONLY, STOP, CANCEL, CANCEL_ALL, MODIFY, LEVERAGE])
def test_taker_delay_holds_nothing_else_up(tx: tuple[int, str]) -> None:
    """What does not take takes no longer."""
    assert due_ms(Bench(execution_delay_ms=5, taker_delay_ms=300), tx) == 5


def test_tx_delay_is_for_its_type() -> None:
    """An extra delay by type holds up that type, and comes on top of the speed bump."""
    config: dict[str, Any] = {"execution_delay_ms": 5, "taker_delay_ms": 100}
    config["tx_delay_ms"] = {14: 50}
    assert due_ms(Bench(**config), MAKER) == 55
    assert due_ms(Bench(**config), MARKET) == 155
    assert due_ms(Bench(**config), CANCEL) == 5


@pytest.mark.parametrize(
    ("tier", "taker", "maker", "cancel"),
    [(Tier.STANDARD, 300, 0, 0), (Tier.PLUS, 300, 200, 200), (Tier.PREMIUM, 140, 0, 0)],
)
def test_tier_timing_follows_the_table(tier: Tier, taker: int, maker: int, cancel: int) -> None:
    """Takers, makers and cancels take as long as the tier's table says."""
    expected = {MARKET: taker, MAKER: maker, CANCEL: cancel, MODIFY: cancel, LEVERAGE: 0}
    for tx, ms in expected.items():
        assert due_ms(Bench(execution_delay_ms=0, tier=tier, tier_timing=True), tx) == ms


def test_tier_timing_off_the_tier_costs_no_time() -> None:
    """The tier alone holds nothing up."""
    assert due_ms(Bench(execution_delay_ms=0, tier=Tier.STANDARD), MARKET) == 0


def test_taker_delay_holds_up_what_stands_behind_it() -> None:
    """A cancel behind a bumped taker of the same key waits; another key's does not."""
    bench = Bench(execution_delay_ms=0, taker_delay_ms=300)
    bench.send(14, txs.take(1))
    bench.send(15, txs.cancel(2, 9))
    bench.send(15, txs.cancel(1, 9, ApiKeyIndex=6))
    bench.run(0)
    assert bench.outcomes() == ["pending", "pending", "reverted"]
    bench.run(300)
    assert bench.outcomes() == ["executed", "reverted", "reverted"]


# -- PREDICTION -----------------------------------------------------------------------------------


def test_predicted_time_tells_the_bump() -> None:
    """The predicted time knows the speed bump."""
    bench = Bench(execution_delay_ms=0, taker_delay_ms=300)
    assert bench.send(14, txs.take(1)).predicted_ms >= bench.at(300) // MS


def test_predicts_execution_off_tells_the_usual() -> None:
    """Told not to predict, the venue says the usual 133 ms whatever happens."""
    bench = Bench(execution_delay_ms=5_000, predicts_execution=False)
    predicted = bench.send(14, txs.create(1)).predicted_ms
    assert bench.at(133) // MS <= predicted <= bench.at(135) // MS


# -- EXECUTE LATE ---------------------------------------------------------------------------------


def test_execute_late_executes_that_much_later_and_tells_it() -> None:
    """One transaction is late by so much, and the predicted time says so."""
    bench = Bench(execution_delay_ms=5)
    bench.arm(Fault.EXECUTE_LATE, ms=2_000)
    assert bench.send(14, txs.create(1)).predicted_ms >= bench.at(2_005) // MS
    bench.run(2_004)
    assert bench.outcomes() == ["pending"]
    bench.run(2_005)
    assert bench.outcomes() == ["executed"]
    assert bench.entries[0].fault == "execute_late"


def test_execute_late_unpredicted_tells_the_usual_time() -> None:
    """With `predicted` off the answer promises what does not happen; followers' answers too."""
    bench = Bench(execution_delay_ms=5)
    bench.arm(Fault.EXECUTE_LATE, ms=2_000, predicted=False)
    assert bench.send(14, txs.create(1)).predicted_ms <= bench.at(7) // MS
    assert bench.send(14, txs.create(2)).predicted_ms <= bench.at(7) // MS
    bench.run(2_004)
    assert bench.outcomes() == ["pending", "pending"]


def test_execute_late_holds_up_its_key_alone() -> None:
    """Followers of the key wait behind it, another key goes on."""
    bench = Bench(execution_delay_ms=0)
    bench.arm(Fault.EXECUTE_LATE, ms=1_000, nonce=1)
    bench.send(14, txs.create(1))
    bench.send(14, txs.create(2))
    bench.send(14, txs.create(1, 77, ApiKeyIndex=6))
    bench.run(0)
    assert bench.outcomes() == ["pending", "pending", "executed"]
    bench.run(1_000)
    assert [nonce for nonce, _ in bench.executed_at()] == [1, 1, 2]


def test_execute_late_picks_one_of_a_batch() -> None:
    """In a batch the lever holds up the member it matches and those behind it."""
    bench = Bench(execution_delay_ms=0)
    bench.arm(Fault.EXECUTE_LATE, ms=1_000, client_order_index=52)
    bench.batch([14] * 3, [txs.create(n, 50 + n) for n in (1, 2, 3)])
    bench.run(0)
    assert bench.outcomes() == ["executed", "pending", "pending"]
    assert [entry.fault for entry in bench.entries] == [None, "execute_late", None]
