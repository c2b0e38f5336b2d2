"""Late indexes: each shows the venue as it was, and the law does not mind."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from nautilus_lighter_nonce.lighter.codes import Code
from nautilus_lighter_nonce.loopback.config import Index
from nautilus_lighter_nonce.loopback.venue.params import ApiError
from tests.loopback import txs
from tests.loopback.bench import KEY
from tests.loopback.bench import Bench


def late(index: Index, ms: float = 1_000.0, **config: Any) -> Bench:
    """Return a bench whose one index is late."""
    return Bench(execution_delay_ms=0, index_lag_ms={index: ms}, **config)


def do(bench: Bench, ms: float, tx_type: int, tx_info: str) -> str:
    """Send and execute a transaction at a time, and return its hash."""
    reply = bench.send(tx_type, tx_info, ms)
    bench.run(ms)
    return reply.hashes[0]


def active(bench: Bench, ms: float) -> list[tuple[int, str, str]]:
    """Return index, price and remaining size of the live orders that the index shows."""
    rows = bench.query("accountActiveOrders", ms, account_index=700)["orders"]
    return [(r["client_order_index"], r["price"], r["remaining_base_amount"]) for r in rows]


def ended(bench: Bench, ms: float) -> list[tuple[int, str]]:
    """Return index and state of the ended orders that the index shows."""
    rows = bench.query("accountInactiveOrders", ms, account_index=700)["orders"]
    return [(r["client_order_index"], r["status"]) for r in rows]


# -- TRANSACTIONS ---------------------------------------------------------------------------------


def test_tx_late_does_not_know_the_hash_at_first() -> None:
    """An accepted transaction is unknown, then shown."""
    bench = late(Index.TX)
    tx_hash = do(bench, 0, 14, txs.create(1))
    with pytest.raises(ApiError) as error:
        bench.tx(tx_hash, 999)
    assert error.value.code is Code.TX_NOT_FOUND
    assert bench.tx(tx_hash, 1_000)["status"] == 2


def test_tx_late_shows_it_pending_before_it_shows_it_executed() -> None:
    """Between acceptance and execution the late index shows what was true then."""
    bench = Bench(execution_delay_ms=500, index_lag_ms={Index.TX: 1_000})
    tx_hash = bench.send(14, txs.create(1)).hashes[0]
    bench.run(500)
    row = bench.tx(tx_hash, 1_200)
    assert (row["status"], row["event_info"]) == (1, "")
    assert bench.tx(tx_hash, 1_501)["status"] == 2


def test_tx_lag_set_later_hides_what_has_just_happened() -> None:
    """The lag counts for what happened before it was set as well."""
    bench = Bench(execution_delay_ms=0)
    tx_hash = do(bench, 0, 14, txs.create(1))
    assert bench.tx(tx_hash, 1)["status"] == 2
    bench.set(ms=2, index_lag_ms={"tx": 1_000})
    with pytest.raises(ApiError):
        bench.tx(tx_hash, 2)
    bench.set(ms=3, index_lag_ms={})
    assert bench.tx(tx_hash, 3)["status"] == 2


def test_account_txs_late_shows_the_executed_later() -> None:
    """The list of executed transactions grows late."""
    bench = late(Index.ACCOUNT_TXS)
    for nonce in (1, 2):
        do(bench, nonce * 100, 14, txs.create(nonce))
    nonces = [
        [
            row["nonce"]
            for row in bench.query("accountTxs", ms, by="account_index", value=700)["txs"]
        ]
        for ms in (1_000, 1_101, 1_201)
    ]
    assert nonces == [[], [1], [2, 1]]


def test_lag_of_one_index_leaves_the_others_alone() -> None:
    """Each index is late by itself."""
    bench = late(Index.TRADES)
    tx_hash = do(bench, 0, 14, txs.create(1, 42))
    assert bench.tx(tx_hash, 1)["status"] == 2
    assert len(active(bench, 1)) == 1


# -- ORDERS ---------------------------------------------------------------------------------------


def test_orders_late_does_not_know_a_new_order() -> None:
    """An order that came into being since then is not shown at all."""
    bench = late(Index.ORDERS)
    do(bench, 0, 14, txs.create(1, 42))
    assert active(bench, 999) == []
    by_index = {"account_index": 700, "client_order_indexes": 42}
    assert bench.query("accountOrders", 999, **by_index)["orders"] == []
    assert active(bench, 1_000) == [(42, "1900.00", "0.1000")]
    assert len(bench.query("accountOrders", 1_000, **by_index)["orders"]) == 1


def test_orders_late_shows_a_changed_order_in_its_old_state() -> None:
    """A modified order is shown as it was, then as it is."""
    bench = late(Index.ORDERS)
    do(bench, 0, 14, txs.create(1, 42))
    do(bench, 500, 17, txs.modify(2, 42, 2_000, 180_000))
    assert active(bench, 1_400) == [(42, "1900.00", "0.1000")]
    assert active(bench, 1_500) == [(42, "1800.00", "0.2000")]


def test_orders_late_shows_an_ended_order_as_live() -> None:
    """A cancelled order is still live for the index, and not among the ended."""
    bench = late(Index.ORDERS)
    do(bench, 0, 14, txs.create(1, 42))
    do(bench, 500, 15, txs.cancel(2, 42))
    assert (active(bench, 1_499), ended(bench, 1_499)) == ([(42, "1900.00", "0.1000")], [])
    assert (active(bench, 1_501), ended(bench, 1_501)) == ([], [(42, "canceled")])


def test_orders_lag_set_later_keeps_what_stood_before() -> None:
    """An order that was there when the lag was set is shown, and its end comes late."""
    bench = Bench(execution_delay_ms=0)
    do(bench, 0, 14, txs.create(1, 42))
    bench.set(ms=5_000, index_lag_ms={"orders": 1_000})
    assert len(active(bench, 5_000)) == 1
    do(bench, 5_100, 15, txs.cancel(2, 42))
    assert len(active(bench, 6_000)) == 1
    assert active(bench, 6_101) == []


def test_orders_lag_ended_shows_the_present() -> None:
    """When the lag is taken away the index is up to date at once."""
    bench = late(Index.ORDERS)
    do(bench, 0, 14, txs.create(1, 42))
    bench.set(index_lag_ms={})
    assert len(active(bench, 1)) == 1


def test_orders_late_forgets_what_nobody_can_see_any_more() -> None:
    """Versions of orders that ended long ago are not kept."""
    bench = late(Index.ORDERS, ms=10)
    for number in range(50):
        do(bench, number * 100, 14, txs.create(2 * number + 1, 42))
        do(bench, number * 100 + 50, 15, txs.cancel(2 * number + 2, 42))
    assert len(bench.state.past._orders) <= 2


# -- TRADES AND ACCOUNTS --------------------------------------------------------------------------


def test_trades_late_shows_a_trade_later() -> None:
    """A trade is in the list when the lag has passed."""
    bench = late(Index.TRADES)
    do(bench, 0, 14, txs.take(1))
    page = {"sort_by": "timestamp", "limit": 10, "account_index": 700}
    assert bench.query("trades", 999, **page)["trades"] == []
    assert len(bench.query("trades", 1_001, **page)["trades"]) == 1


def test_account_late_says_flat_after_a_fill() -> None:
    """The account says flat a second after a fill (observed on a live venue), then the truth."""
    bench = late(Index.ACCOUNT)
    do(bench, 500, 14, txs.take(1))

    def position(ms: float) -> list[str]:
        row = bench.query("account", ms, by="index", value=700)["accounts"][0]
        return [p["position"] for p in row["positions"]]

    assert position(1_400) == []
    assert position(1_501) == ["0.1000"]
    bench.set(index_lag_ms={})
    assert position(1_400) == ["0.1000"]


def test_account_late_moves_with_the_touch_late() -> None:
    """What the touch makes of a position is late as well."""
    bench = Bench(execution_delay_ms=0)
    do(bench, 0, 14, txs.take(1))
    bench.set(ms=10, index_lag_ms={"account": 1_000})
    bench.engine.move_touch(0, "2100.00", "2100.50", None, bench.at(100))

    def profit(ms: float) -> str:
        row = bench.query("account", ms, by="index", value=700)["accounts"][0]
        text: str = row["positions"][0]["unrealized_pnl"]
        return text

    before = profit(1_099)
    assert profit(1_101) != before


# -- PROPERTY -------------------------------------------------------------------------------------


_STEPS = st.lists(
    st.tuples(
        st.sampled_from(["create", "take", "cancel", "modify", "cancel_all", "touch"]),
        st.integers(0, 3),
    ),
    max_size=25,
)
LAG_MS = 7
GAP_MS = 3


@settings(max_examples=60, deadline=None)
@given(steps=_STEPS)
def test_late_index_shows_what_was_true_then(steps: list[tuple[str, int]]) -> None:
    """Through any traffic each late index shows what an up-to-date one showed so long ago."""
    start_ns = time.time_ns()
    lags = dict.fromkeys(Index, LAG_MS)
    slow = Bench(start_ns=start_ns, execution_delay_ms=1, index_lag_ms=lags)
    prompt = Bench(start_ns=start_ns, execution_delay_ms=1)
    shown: dict[int, Any] = {-1: _everything(prompt, 0)}
    for at, step in enumerate([*steps, ("touch", 0), ("touch", 0)]):
        ms = at * GAP_MS
        for bench in (slow, prompt):
            _do(bench, step, ms)
        for passed in range(GAP_MS):
            now = ms + passed
            for bench in (slow, prompt):
                bench.run(now)
            shown[now] = _everything(prompt, now)
            then = max(now - LAG_MS, -1)
            assert _everything(slow, now) == shown[then]


def _do(bench: Bench, step: tuple[str, int], ms: int) -> None:
    kind, number = step
    nonce, coi = bench.state.sequencer.expected(KEY), number + 1
    match kind:
        case "create":
            price = 199_000 + number * 800
            bench.send(
                14, _fixed(bench, txs.create(nonce, coi, Price=price, IsAsk=number % 2), ms), ms
            )
        case "take":
            bench.send(14, _fixed(bench, txs.take(nonce, coi), ms), ms)
        case "cancel":
            bench.send(15, _fixed(bench, txs.cancel(nonce, coi), ms), ms)
        case "modify":
            bench.send(17, _fixed(bench, txs.modify(nonce, coi, 900 + number, 199_000), ms), ms)
        case "cancel_all":
            bench.send(16, _fixed(bench, txs.cancel_all(nonce), ms), ms)
        case "touch":
            bid = 1_985 + number * 10
            bench.engine.move_touch(0, f"{bid}.00", f"{bid}.50", None, bench.at(ms))


def _fixed(bench: Bench, tx_info: str, ms: int) -> str:
    """Return a transaction whose times do not depend on when the test signed it."""
    fields = json.loads(tx_info)
    soon = bench.at(0) // 1_000_000 + 599_000
    fields["ExpiredAt"] = soon + ms
    if fields.get("OrderExpiry"):
        fields["OrderExpiry"] = soon + 3_600_000
    return json.dumps(fields)


def _everything(bench: Bench, ms: float) -> dict[str, Any]:
    """Return what the indexes show, without what names the moment of signing."""
    mine: dict[str, Any] = {"account_index": 700}
    reads: dict[str, dict[str, Any]] = {
        "accountActiveOrders": mine,
        "accountInactiveOrders": mine | {"limit": 100},
        "trades": mine | {"sort_by": "timestamp", "limit": 100},
        "accountTxs": {"by": "account_index", "value": 700, "limit": 100},
        "account": {"by": "index", "value": 700},
    }
    pages: dict[str, Any] = {
        name: bench.query(name, ms, **params) for name, params in reads.items()
    }
    for row in pages["accountActiveOrders"]["orders"] + pages["accountInactiveOrders"]["orders"]:
        row.pop("order_expiry")
    (account,) = pages["account"]["accounts"]
    # A flat position without orders comes into being when somebody looks.
    positions = [p for p in account["positions"] if p["open_order_count"] or float(p["position"])]
    pages["account"] = account | {"positions": positions}
    pages["accountTxs"] = [(row["nonce"], row["event_info"]) for row in pages["accountTxs"]["txs"]]
    return pages
