"""The venue without sockets: time as an argument, and what must hold through any traffic."""

from __future__ import annotations

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from nautilus_lighter_nonce.lighter.codes import Code
from nautilus_lighter_nonce.loopback.config import VanishedFollowers
from nautilus_lighter_nonce.loopback.config import VenueConfig
from nautilus_lighter_nonce.loopback.venue.faults import Fault
from nautilus_lighter_nonce.loopback.venue.orders import OrderStatus
from tests.loopback import txs
from tests.loopback.bench import KEY
from tests.loopback.bench import MS
from tests.loopback.bench import Bench


# -- TIME -----------------------------------------------------------------------------------------


def test_run_due_waits_for_the_execution_delay() -> None:
    """An accepted transaction is executed when its delay has passed, not before."""
    bench = Bench(execution_delay_ms=10)
    bench.send(14, txs.create(1))
    bench.run(9.9)
    assert (bench.state.sequencer.executed(KEY), bench.heard) == (1, [])
    assert bench.engine.next_due() == bench.at(10)
    bench.run(10)
    assert (bench.state.sequencer.executed(KEY), len(bench.heard)) == (2, 1)


def test_run_due_shorter_delay_does_not_overtake() -> None:
    """A transaction accepted later is never executed earlier, even if the delay was shortened."""
    bench = Bench(execution_delay_ms=10)
    bench.send(14, txs.create(1))
    bench.state.config = VenueConfig(execution_delay_ms=0)
    assert bench.send(14, txs.create(2), ms=1).predicted_ms * MS >= bench.at(10)
    bench.run(5)
    assert bench.heard == []
    bench.run(10)
    assert [h.entry.nonce for h in bench.heard if h.entry] == [1, 2]


def test_submit_predicts_a_time_of_execution() -> None:
    """The predicted time is not before the execution."""
    bench = Bench(execution_delay_ms=10)
    reply = bench.send(14, txs.create(1))
    assert reply.predicted_ms * MS >= bench.at(10)


def test_expire_orders_ends_them_after_their_time() -> None:
    """An order that outlived its expiry ends, and its margin is free again."""
    bench = Bench(execution_delay_ms=0)
    six_minutes = 6 * 60 * 1_000
    expiry = bench.at(six_minutes) // MS
    bench.send(14, txs.create(1, OrderExpiry=expiry))
    bench.run(0)
    free = bench.state.available(700)
    bench.engine.expire_orders(bench.at(six_minutes + 1))
    assert bench.statuses() == [OrderStatus.CANCELED_EXPIRED]
    assert bench.state.available(700) == free + 1_900_000_000 // 200


def test_scheduled_cancel_all_fires_with_the_next_transaction() -> None:
    """A scheduled cancel-all does not fire by itself, but when the account's next request comes."""
    bench = Bench(execution_delay_ms=0)
    bench.send(14, txs.create(1))
    bench.send(16, txs.cancel_all(2, TimeInForce=1, Time=bench.at(400_000) // MS))
    bench.run(0)
    bench.engine.expire_orders(bench.at(500_000))
    assert bench.statuses() == [OrderStatus.OPEN]
    bench.send(20, txs.leverage(3, 1_000), ms=500_000)
    bench.run(500_000)
    assert bench.statuses() == [OrderStatus.CANCELED]


def test_scheduled_cancel_all_can_be_withdrawn() -> None:
    """An aborted schedule cancels nothing."""
    bench = Bench(execution_delay_ms=0)
    bench.send(14, txs.create(1))
    bench.send(16, txs.cancel_all(2, TimeInForce=1, Time=bench.at(400_000) // MS))
    bench.send(16, txs.cancel_all(3, TimeInForce=2))
    bench.run(0)
    bench.send(20, txs.leverage(4, 1_000), ms=500_000)
    bench.run(500_000)
    assert bench.statuses() == [OrderStatus.OPEN]


# -- ORDERS ---------------------------------------------------------------------------------------


def test_create_reusing_an_ended_index_is_a_new_order() -> None:
    """A client order index is unique among live orders only."""
    bench = Bench(execution_delay_ms=0)
    bench.send(14, txs.create(1, 42))
    bench.send(15, txs.cancel(2, 42))
    bench.send(14, txs.create(3, 42))
    bench.run(0)
    assert bench.statuses() == [OrderStatus.OPEN, OrderStatus.CANCELED]


def test_cancel_by_order_index_finds_the_order() -> None:
    """A cancel takes the venue's order index as well as the client's."""
    bench = Bench(execution_delay_ms=0)
    bench.send(14, txs.create(1, 42))
    bench.run(0)
    index = bench.state.orders.live(700)[0].order_index
    bench.send(15, txs.cancel(2, index))
    bench.run(0)
    assert bench.statuses() == [OrderStatus.CANCELED]


@pytest.mark.parametrize(
    ("tx_type", "tx_info"), [(15, txs.cancel(1, 9)), (17, txs.modify(1, 9, 1_000, 190_000))]
)
def test_cancel_or_modify_of_unknown_order_fails_and_spends(tx_type: int, tx_info: str) -> None:
    """A cancel or modify of an order that is not there is accepted, fails and spends its nonce."""
    bench = Bench(execution_delay_ms=0)
    assert bench.send(tx_type, tx_info).code == 200
    bench.run(0)
    (entry,) = bench.engine.ledger.entries
    assert entry.app_error == Code.INVALID_ORDER_INDEX
    assert bench.state.sequencer.executed(KEY) == 2


def test_taker_short_of_margin_is_canceled_and_spends() -> None:
    """A taker that cannot be paid for is accepted, ends without a fill and spends its nonce."""
    bench = Bench(execution_delay_ms=0)
    assert bench.send(14, txs.take(1, BaseAmount=200_000_000)).code == 200
    bench.run(0)
    assert bench.statuses() == [OrderStatus.CANCELED_MARGIN]
    assert bench.state.sequencer.executed(KEY) == 2


def test_leverage_changes_what_an_order_needs() -> None:
    """A higher margin fraction makes an order too big that was not before."""
    bench = Bench(execution_delay_ms=0)
    big = {"BaseAmount": 40_000_000, "Price": 199_000}
    bench.send(20, txs.leverage(1, 5_000))
    bench.run(0)
    assert bench.send(14, txs.create(2, **big)).code == Code.NOT_ENOUGH_MARGIN


# -- PROPERTIES -----------------------------------------------------------------------------------


@given(raw=st.text(max_size=60), tx_type=st.integers(-5, 300))
def test_submit_any_text_is_answered(raw: str, tx_type: int) -> None:
    """Whatever text comes as a transaction, the venue answers with an error code."""
    bench = Bench()
    assert bench.send(tx_type, raw).code in (Code.INVALID_TX_INFO, Code.UNSUPPORTED_TX_TYPE)
    assert bench.engine.ledger_json()[0]["accepted"] is False


_NUMBERS = st.one_of(
    st.integers(-3, 12), st.integers(-(2**70), 2**70), st.sampled_from([2**47, 2**48, 10**12])
)


@given(
    tx=st.sampled_from(
        [
            (14, txs.create(1)),
            (15, txs.cancel(1, 42)),
            (16, txs.cancel_all(1)),
            (17, txs.modify(1, 42, 1_000, 190_000)),
            (20, txs.leverage(1, 500)),
        ]
    ),
    changes=st.dictionaries(st.integers(0, 20), _NUMBERS, max_size=3),
)
def test_submit_any_numbers_are_answered(tx: tuple[int, str], changes: dict[int, int]) -> None:
    """Whatever numbers the fields hold, the venue answers, executes, and can show its ledger."""
    tx_type, text = tx
    fields = json.loads(text)
    names = [name for name in fields if name not in ("Sig", "L2TxAttributes")]
    fields |= {names[at % len(names)]: value for at, value in changes.items()}
    bench = Bench(execution_delay_ms=0)
    reply = bench.send(tx_type, json.dumps(fields))
    bench.run(1)
    assert bench.engine.ledger_json()[0]["code"] == reply.code
    assert bench.engine.summary()["keys"][1]["contiguous"]


_STEPS = st.lists(
    st.tuples(
        st.sampled_from(["create", "cancel", "modify", "take", "cancel_all", "touch", "lever"]),
        st.integers(0, 9),
        st.sampled_from([0, 0, 0, 1, -1]),
    ),
    max_size=60,
)


@settings(max_examples=60, deadline=None)
@given(steps=_STEPS, seed=st.integers(0, 99), followers=st.sampled_from(VanishedFollowers))
def test_submit_any_traffic_keeps_the_books(
    steps: list[tuple[str, int, int]], seed: int, followers: VanishedFollowers
) -> None:
    """
    Through any traffic, faults included, the venue's own accounts agree with each other.

    Spent nonces are contiguous, reserves are those of the live orders, counts are true, and no
    order is live twice.
    """
    bench = Bench(execution_delay_ms=3, taker_delay_ms=4, seed=seed, vanished_followers=followers)
    clock = itertools.count(0)
    for step, number, offset in steps:
        ms = next(clock)
        nonce = max(bench.state.sequencer.expected(KEY) + offset, 0)
        _do(bench, step, number, nonce, ms)
        bench.run(ms)
    bench.run(next(clock) + 1_000)
    row = bench.engine.summary()["keys"][1]
    assert row["contiguous"]
    assert row["expected"] == row["executed"]
    _check_account(bench)


def _do(bench: Bench, step: str, number: int, nonce: int, ms: int) -> None:
    coi = number + 1
    match step:
        case "create":
            price = 199_500 + number * 100
            bench.send(14, txs.create(nonce, coi, Price=price, IsAsk=number % 2), ms)
        case "take":
            worst = 1 if number % 2 else 10**6
            bench.send(14, txs.take(nonce, coi, IsAsk=number % 2, Price=worst), ms)
        case "cancel":
            bench.send(15, txs.cancel(nonce, coi), ms)
        case "modify":
            bench.send(17, txs.modify(nonce, coi, 500 + number, 199_000 + number * 200), ms)
        case "cancel_all":
            bench.send(16, txs.cancel_all(nonce), ms)
        case "touch":
            bid = 1990 + number * 2
            bench.engine.move_touch(0, f"{bid}.00", f"{bid}.50", None, bench.at(ms))
        case "lever":
            faults = [Fault.VANISH, Fault.FAIL, Fault.REFUSE, Fault.FOREIGN_WRITER]
            bench.arm([*faults, Fault.EXECUTE_LATE][number % 5], ms=6.0)


def _check_account(bench: Bench) -> None:
    account = bench.state.accounts.get(700)
    assert account is not None
    live = bench.state.orders.live(700)
    assert account.reserved == sum(o.remaining * o.price * 500 // 10_000 for o in live)
    assert bench.state.orders.open_count(700, 0) == len(live)
    resting = [*bench.state.books[0].resting(True), *bench.state.books[0].resting(False)]
    assert {o.order_index for o in resting} == {o.order_index for o in live}
    indexes = [o.client_order_index for o in live]
    assert len(indexes) == len(set(indexes))
