"""Reads about accounts: what is found, in which order, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from nautilus_lighter_nonce.lighter.codes import Code
from nautilus_lighter_nonce.loopback.venue import queries
from nautilus_lighter_nonce.loopback.venue.params import ApiError
from tests.loopback import txs
from tests.loopback.bench import Bench


@pytest.fixture
def bench() -> Bench:
    """Return a venue with two live orders, one canceled one and one trade of account 700."""
    bench = Bench(execution_delay_ms=0)
    for nonce, coi in ((1, 41), (2, 42), (3, 43)):
        bench.send(14, txs.create(nonce, coi))
    bench.send(15, txs.cancel(4, 42))
    bench.send(14, txs.take(5, 44))
    bench.run(0)
    return bench


def indexes(body: dict[str, Any]) -> list[int]:
    """Return the client order indexes of a page."""
    return [row["client_order_index"] for row in body["orders"]]


def code_of(bench: Bench, name: str, **params: Any) -> Code:
    """Return the code with which a read is refused."""
    with pytest.raises(ApiError) as caught:
        bench.query(name, **params)
    return caught.value.code


def test_active_and_inactive_orders_are_the_live_and_the_ended(bench: Bench) -> None:
    """Live ones oldest first, ended ones newest first."""
    assert indexes(bench.query("accountActiveOrders", account_index=700)) == [41, 43]
    assert indexes(bench.query("accountInactiveOrders", account_index=700)) == [44, 42]
    assert indexes(bench.query("accountActiveOrders", account_index=700, market_id=1)) == []
    assert indexes(bench.query("accountActiveOrders", account_index=701)) == []


def test_inactive_orders_of_a_range_are_those_that_ended_in_it(bench: Bench) -> None:
    """Seconds, both ends included."""
    second = bench.at(0) // 10**9
    inside, outside = f"{second}-{second}", f"{second + 1}-{second + 9}"
    read = "accountInactiveOrders"
    assert indexes(bench.query(read, account_index=700, between_timestamps=inside)) == [44, 42]
    assert indexes(bench.query(read, account_index=700, between_timestamps=outside)) == []
    for wrong in ("5", "a-b", "-5"):
        params = {"account_index": 700, "between_timestamps": wrong}
        assert code_of(bench, read, **params) is Code.INVALID_PARAM


def test_account_orders_are_found_by_our_numbers_live_or_not(bench: Bench) -> None:
    """A number that nobody has finds nothing; more than twenty are refused."""
    found = bench.query("accountOrders", account_index=700, client_order_indexes="41,42,99")
    assert indexes(found) == [41, 42]
    many = ",".join(map(str, range(queries.MAX_CLIENT_INDEXES + 1)))
    for wrong in ("", "x", many):
        params = {"account_index": 700, "client_order_indexes": wrong}
        assert code_of(bench, "accountOrders", **params) is Code.INVALID_PARAM


def test_trades_of_an_account_of_an_order_and_of_a_market_are_the_same_one(bench: Bench) -> None:
    """There was one."""
    (mine,) = bench.query("trades", account_index=700)["trades"]
    order_index = mine["bid_id"]
    assert bench.query("trades", market_id=0)["trades"] == [mine]
    assert bench.query("trades", account_index=700, order_index=order_index)["trades"] == [mine]
    assert bench.query("trades", account_index=700, order_index=5)["trades"] == []
    assert bench.query("trades", account_index=701)["trades"] == []


def test_account_is_found_by_index_and_by_address(bench: Bench) -> None:
    """Two names of one account."""
    by_index = bench.query("account", by="index", value=700)
    by_address = bench.query("account", by="l1_address", value=f"0x{700:040x}")
    assert by_index == by_address
    assert by_index["accounts"][0]["index"] == 700
    assert code_of(bench, "account", by="index", value=1) is Code.ACCOUNT_NOT_FOUND
    assert code_of(bench, "account", by="l1_address", value="0xzz") is Code.INVALID_PARAM


def test_api_keys_show_the_last_executed_nonce(bench: Bench) -> None:
    """Of one key, or of all with the sentinel; 21109 where none is."""
    (row,) = bench.query("apikeys", account_index=700, api_key_index=5)["api_keys"]
    assert (row["nonce"], row["api_key_index"]) == (bench.state.sequencer.executed((700, 5)), 5)
    every = bench.query("apikeys", account_index=700, api_key_index=255)["api_keys"]
    assert row in every
    params = {"account_index": 700, "api_key_index": 99}
    assert code_of(bench, "apikeys", **params) is Code.API_KEY_NOT_FOUND


def test_tx_is_found_by_the_hash_of_what_was_accepted(bench: Bench) -> None:
    """21500 for what the venue never took."""
    entry = bench.entries[0]
    assert bench.tx(entry.tx_hash)["nonce"] == 1
    with pytest.raises(ApiError) as caught:
        bench.tx("ab" * 40)
    assert caught.value.code is Code.TX_NOT_FOUND


def test_account_txs_are_the_accounts_own_newest_first(bench: Bench) -> None:
    """Page by page."""
    body = bench.query("accountTxs", by="account_index", value=700, limit=2)
    assert [row["nonce"] for row in body["txs"]] == [5, 4]
