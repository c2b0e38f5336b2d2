"""Strangers, front ends and the venue itself: what happens that no client of ours sent."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from nautilus_lighter_nonce.lighter.codes import Code
from nautilus_lighter_nonce.loopback.config import Index
from nautilus_lighter_nonce.loopback.keys import OTHER_PUBLIC_KEY
from nautilus_lighter_nonce.loopback.venue.commands import LAW_COMMANDS
from nautilus_lighter_nonce.loopback.venue.faults import Fault
from nautilus_lighter_nonce.loopback.venue.orders import HOUSE_ACCOUNT
from nautilus_lighter_nonce.loopback.venue.orders import OrderStatus
from nautilus_lighter_nonce.loopback.venue.params import ApiError
from nautilus_lighter_nonce.loopback.venue.rows_orders import trade_row
from tests.loopback import txs
from tests.loopback.bench import KEY
from tests.loopback.bench import MS
from tests.loopback.bench import Bench


HUMAN = (700, 0)
OURS = {"account_index": 700, "api_key_index": 5}


@pytest.fixture
def bench() -> Bench:
    """Return a bench that executes at once and whose `nextNonce` does not lag."""
    return Bench(execution_delay_ms=0, next_nonce_lag_ms=0)


def tell(bench: Bench, name: str, ms: float = 0.0, **fields: Any) -> None:
    """Carry out a command and execute what is due."""
    bench.engine.act(msgspec.convert(fields, LAW_COMMANDS[name]), bench.at(ms))
    bench.run(ms)


# -- NONCES ---------------------------------------------------------------------------------------


def test_reset_nonce_sets_both_counters(bench: Bench) -> None:
    """After a relaunch the key begins again at a lower number; it is still registered."""
    for nonce in (1, 2, 3):
        bench.send(14, txs.create(nonce))
    bench.run(0)
    tell(bench, "reset_nonce", **OURS, nonce=1)
    assert bench.engine.next_nonce(KEY, bench.at(0)) == 1
    assert bench.send(14, txs.create(4)).code == Code.INVALID_NONCE
    assert bench.send(14, txs.create(1, 77)).code == 200


def test_reset_nonce_loses_what_was_not_executed() -> None:
    """What was accepted before the relaunch is gone, and holds up nothing that comes."""
    bench = Bench(execution_delay_ms=0)
    bench.arm(Fault.EXECUTE_LATE, ms=5_000)
    bench.send(14, txs.create(1))
    tell(bench, "reset_nonce", ms=1, **OURS, nonce=1)
    bench.send(14, txs.create(1, 77), ms=2)
    bench.run(2)
    assert bench.outcomes() == ["vanished", "executed"]
    bench.run(5_000)
    assert bench.outcomes() == ["vanished", "executed"]


def test_register_key_with_a_nonce_loses_what_was_not_executed() -> None:
    """A key whose counter begins anew forgets what was accepted of it."""
    bench = Bench(execution_delay_ms=10)
    bench.send(14, txs.create(1))
    bench.engine.register_key(KEY, OTHER_PUBLIC_KEY, 7, bench.at(1))
    bench.run(10)
    assert bench.outcomes() == ["vanished"]
    assert bench.state.sequencer.expected(KEY) == 7


# -- KEYS -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "code"),
    [("replace_key", Code.INVALID_PUBLIC_KEY), ("delete_key", Code.API_KEY_NOT_FOUND)],
)
def test_spoiled_key_is_refused_until_it_is_registered(bench: Bench, name: str, code: Code) -> None:
    """Transactions of a spoiled key are refused and spend nothing; registering mends it."""
    bench.send(14, txs.create(1))
    bench.run(0)
    tell(bench, name, **OURS)
    assert bench.send(14, txs.create(2)).code == code
    assert bench.send(14, txs.create(1, ApiKeyIndex=6)).code == 200
    bench.engine.register_key(KEY, OTHER_PUBLIC_KEY, None, bench.at(0))
    assert bench.send(14, txs.create(2)).code == 200


def test_replace_key_shows_another_public_key(bench: Bench) -> None:
    """`apikeys` shows what stands at the index now."""
    tell(bench, "replace_key", **OURS)
    (row,) = bench.query("apikeys", **OURS)["api_keys"]
    assert row["public_key"] == OTHER_PUBLIC_KEY


def test_delete_key_takes_it_from_the_list(bench: Bench) -> None:
    """`apikeys` answers 21109 for a deleted key."""
    tell(bench, "delete_key", **OURS)
    with pytest.raises(ApiError) as error:
        bench.query("apikeys", **OURS)
    assert error.value.code is Code.API_KEY_NOT_FOUND


# -- ACCOUNT --------------------------------------------------------------------------------------


def test_account_in_liquidation_takes_nothing(bench: Bench) -> None:
    """In liquidation orders and cancels are 21112; afterwards all is well."""
    tell(bench, "account", account_index=700, status="liquidation")
    assert bench.send(14, txs.create(1)).code == Code.LIQUIDATION
    assert bench.send(15, txs.cancel(1, 9)).code == Code.LIQUIDATION
    assert bench.send(14, txs.create(1, AccountIndex=701)).code == 200
    tell(bench, "account", account_index=700, status="ok")
    assert bench.send(14, txs.create(1)).code == 200


@pytest.mark.parametrize(
    ("tx_type", "fields", "code"),
    [
        (14, {}, Code.PRE_LIQUIDATION),
        (14, {"IsAsk": 1, "Price": 220_000}, 200),
        (14, {"IsAsk": 1, "Price": 220_000, "BaseAmount": 3_000}, Code.PRE_LIQUIDATION),
        (14, {"IsAsk": 1, "Price": 220_000, "BaseAmount": 3_000, "ReduceOnly": 1}, 200),
        (15, {"Index": 9}, 200),
        (16, {"TimeInForce": 0, "Time": 0}, 200),
        (20, {"InitialMarginFraction": 500, "MarginMode": 0}, Code.PRE_LIQUIDATION),
    ],
)
def test_account_in_pre_liquidation_takes_what_reduces(
    bench: Bench, tx_type: int, fields: dict[str, int], code: int
) -> None:
    """Before liquidation only cancels and orders that reduce the position are taken."""
    bench.send(14, txs.take(1))
    bench.run(0)
    tell(bench, "account", account_index=700, status="pre_liquidation")
    assert bench.send(tx_type, txs.create(2, **fields)).code == code


def test_account_not_found_is_as_if_there_was_none(bench: Bench) -> None:
    """Transactions and reads answer 21100; afterwards positions and orders are there again."""
    bench.send(14, txs.create(1, 42))
    bench.send(14, txs.take(2))
    bench.run(0)
    tell(bench, "account", account_index=700, status="not_found")
    assert bench.send(14, txs.create(3)).code == Code.ACCOUNT_NOT_FOUND
    for name in ("accountActiveOrders", "accountLimits", "apikeys"):
        with pytest.raises(ApiError) as error:
            bench.query(name, account_index=700)
        assert error.value.code is Code.ACCOUNT_NOT_FOUND
    bench.engine.move_touch(0, "1800.00", "1800.50", None, bench.at(1))
    tell(bench, "account", ms=2, account_index=700, status="ok")
    assert bench.statuses() == [OrderStatus.FILLED, OrderStatus.FILLED]
    account = bench.state.accounts.known(700)
    assert account is not None
    assert account.reserved == 0


def test_account_not_found_loses_what_was_not_executed() -> None:
    """What was accepted of an account that is gone is gone."""
    bench = Bench(execution_delay_ms=10)
    bench.send(14, txs.create(1))
    tell(bench, "account", account_index=700, status="not_found")
    bench.run(10)
    assert bench.outcomes() == ["vanished"]


# -- STRANGERS ------------------------------------------------------------------------------------


def test_trade_of_a_human_is_an_order_of_the_account(bench: Bench) -> None:
    """A human's order rests in the account's book, under a key and a nonce of its own."""
    trade: dict[str, Any] = {"account_index": 700, "market_id": 0, "side": "buy", "size": "0.1"}
    tell(bench, "trade", **trade, price="1900.00")
    (order,) = bench.state.orders.live(700)
    assert (order.client_order_index, order.price, order.base_amount) == (0, 190_000, 1_000)
    assert bench.state.sequencer.executed(HUMAN) == 2
    assert bench.state.sequencer.executed(KEY) == 1
    (entry,) = bench.entries
    assert (entry.transport.value, entry.code, entry.key) == ("foreign", 200, HUMAN)


@pytest.mark.parametrize(("side", "size"), [("buy", 1_000), ("sell", -1_000)])
def test_trade_without_a_price_is_a_market_order(bench: Bench, side: str, size: int) -> None:
    """A market order of a stranger moves the account's position."""
    tell(bench, "trade", account_index=700, market_id=0, side=side, size="0.1")
    assert bench.state.accounts.position(700, 0).size == size


@pytest.mark.parametrize(
    ("tif", "status"),
    [
        ("gtt", OrderStatus.FILLED),
        ("ioc", OrderStatus.FILLED),
        ("post_only", OrderStatus.CANCELED_POST_ONLY),
    ],
)
def test_trade_with_a_crossing_price_by_time_in_force(
    bench: Bench, tif: str, status: OrderStatus
) -> None:
    """A stranger's crossing order trades, or ends where it may only rest."""
    crossing: dict[str, Any] = {"side": "buy", "size": "0.1", "price": "2100.00", "tif": tif}
    tell(bench, "trade", account_index=700, market_id=0, **crossing)
    assert bench.statuses() == [status]


def test_trade_of_another_key_spends_that_keys_nonce(bench: Bench) -> None:
    """Another key of the account trades with its own nonce and client order index."""
    trade: dict[str, Any] = {"market_id": 0, "side": "sell", "size": "0.1", "price": "2100.00"}
    tell(bench, "trade", account_index=700, api_key_index=6, client_order_index=42, **trade)
    assert bench.state.orders.find_live(700, 42) is not None
    assert bench.state.sequencer.executed((700, 6)) == 2


def test_trade_that_the_law_refuses_raises_with_its_code(bench: Bench) -> None:
    """What the venue refuses a stranger is told, and is in the ledger."""
    trade: dict[str, Any] = {
        "account_index": 700,
        "market_id": 0,
        "side": "buy",
        "price": "1900.00",
    }
    with pytest.raises(ValueError, match="21706"):
        tell(bench, "trade", **trade, size="0.0001")
    assert [entry.code for entry in bench.entries] == [21706]
    assert bench.state.sequencer.expected(HUMAN) == 1


@pytest.mark.parametrize(
    ("name", "fields", "missing"),
    [
        ("trade", {"account_index": 9, "market_id": 0, "side": "buy", "size": "1"}, "account 9"),
        ("trade", {"account_index": 700, "market_id": 9, "side": "buy", "size": "1"}, "market 9"),
        ("cancel", {"account_index": 700, "api_key_index": 99, "market_id": 0}, "key"),
        ("reset_nonce", {"account_index": 700, "api_key_index": 99}, "key"),
        ("delete_key", {"account_index": 700, "api_key_index": 99}, "key"),
        ("revoke_tokens", {"account_index": 9}, "account 9"),
    ],
)
def test_act_on_what_is_not_there_raises(
    bench: Bench, name: str, fields: dict[str, Any], missing: str
) -> None:
    """A command that names what does not exist is refused, and nothing has happened."""
    with pytest.raises(KeyError, match=missing):
        tell(bench, name, **fields)
    assert bench.entries == []


def test_trade_leaves_levers_for_clients(bench: Bench) -> None:
    """No lever fires on a stranger's transaction."""
    for fault in (Fault.REFUSE, Fault.VANISH, Fault.EXECUTE_LATE, Fault.RECORD):
        bench.arm(fault, ms=60_000)
    tell(bench, "trade", account_index=700, market_id=0, side="buy", size="0.1")
    assert [(e.outcome.value, e.fault) for e in bench.entries] == [("executed", None)]


def test_cancel_of_a_human_ends_one_order(bench: Bench) -> None:
    """A human cancels one of our orders by its index."""
    bench.send(14, txs.create(1, 41))
    bench.send(14, txs.create(2, 42))
    bench.run(0)
    tell(bench, "cancel", account_index=700, market_id=0, index=41)
    assert [o.client_order_index for o in bench.state.orders.live(700)] == [42]


def test_cancel_without_an_index_ends_all_of_the_market(bench: Bench) -> None:
    """Without an index all orders of the market end, and none of another."""
    bench.send(14, txs.create(1, 41))
    bench.send(14, txs.create(2, 42, MarketIndex=1, Price=590_000))
    bench.run(0)
    tell(bench, "cancel", account_index=700, market_id=0)
    assert [o.client_order_index for o in bench.state.orders.live(700)] == [42]


# -- THE VENUE ITSELF -----------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "fee"), [("liquidation", 10_000), ("deleverage", 0)])
def test_liquidate_closes_some_of_the_position_without_an_order(
    bench: Bench, kind: str, fee: int
) -> None:
    """The trade has its kind and fee, no order, and the position is smaller."""
    bench.send(14, txs.take(1))
    bench.run(0)
    account = bench.state.accounts.known(700)
    assert account is not None
    before = account.collateral
    close = {"market_id": 0, "size": "0.04", "price": "2000.50", "kind": kind}
    tell(bench, "liquidate", ms=5, account_index=700, **close)
    happening = bench.heard[-1]
    assert (happening.changes.orders, happening.entry) == ([], None)
    (fill,) = happening.changes.fills
    row = trade_row(bench.state, fill)
    assert (row["type"], row.get("taker_fee", 0), row["size"]) == (kind, fee, "0.0400")
    assert (row["ask_account_id"], row["bid_account_id"]) == (700, HOUSE_ACCOUNT)
    assert row["is_maker_ask"] is False
    assert bench.state.accounts.position(700, 0).size == 600
    assert before - account.collateral == fill.quote * fee // 1_000_000
    assert bench.state.trades[700][0] is fill


def test_liquidate_a_short_buys(bench: Bench) -> None:
    """A short is closed by a purchase."""
    bench.send(14, txs.take(1, IsAsk=1, Price=1))
    bench.run(0)
    tell(bench, "liquidate", account_index=700, market_id=0, size="0.1", price="2000.00")
    assert bench.state.accounts.position(700, 0).size == 0
    assert bench.heard[-1].changes.fills[0].bid.account_index == 700


@pytest.mark.parametrize("size", ["0", "0.2"])
def test_liquidate_more_than_is_held_raises(bench: Bench, size: str) -> None:
    """No more than the position can be closed."""
    bench.send(14, txs.take(1))
    bench.run(0)
    with pytest.raises(ValueError, match="position"):
        tell(bench, "liquidate", account_index=700, market_id=0, size=size, price="2000.00")


# -- CLOCK ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("skew_ms", [300_000, -300_000])
def test_clock_that_is_moved_takes_the_queue_along(skew_ms: int) -> None:
    """What waits is as far away as before, in either direction; the counter's lag too."""
    bench = Bench(execution_delay_ms=10, next_nonce_lag_ms=100)
    bench.send(14, txs.create(1))
    bench.set(ms=2, clock_skew_ms=skew_ms)
    assert bench.engine.next_due() == bench.at(10) + skew_ms * MS
    bench.run(skew_ms + 10)
    assert bench.outcomes() == ["executed"]
    asked = [bench.engine.next_nonce(KEY, bench.at(skew_ms + ms)) for ms in (50, 111)]
    assert asked == [1, 2]


def test_clock_far_ahead_refuses_a_signed_lifetime() -> None:
    """A clock more than ten minutes ahead of the client's finds every transaction expired."""
    bench = Bench(execution_delay_ms=0)
    assert bench.send(14, txs.create(1), ms=1_200_000).code == Code.INVALID_EXPIRY


@pytest.mark.parametrize("skew_ms", [300_000, -300_000])
def test_clock_that_is_moved_takes_windows_and_the_past_along(skew_ms: int) -> None:
    """A limit, the counter's lag and a late index look back as far as before the move."""
    bench = Bench(
        execution_delay_ms=0,
        next_nonce_lag_ms=100,
        tx_limits={14: 1},
        index_lag_ms={Index.ACCOUNT: 100},
    )
    bench.send(14, txs.take(1))
    bench.run(0)
    bench.set(ms=10, clock_skew_ms=skew_ms)

    def seen(ms: float) -> tuple[int, int]:
        row = bench.query("account", skew_ms + ms, by="index", value=700)["accounts"][0]
        return bench.engine.next_nonce(KEY, bench.at(skew_ms + ms)), len(row["positions"])

    assert [seen(ms) for ms in (50, 111)] == [(1, 0), (2, 1)]
    codes = [bench.send(14, txs.create(2), skew_ms + ms).code for ms in (59_990, 60_010)]
    assert codes == [23000, 200]
