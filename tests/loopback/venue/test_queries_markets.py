"""Reads about markets: books, trades, candles and what a loopback venue has nothing to say of."""

from __future__ import annotations

from typing import Any

import pytest

from nautilus_lighter_nonce.loopback.venue import queries_markets
from nautilus_lighter_nonce.loopback.venue.orders import HOUSE_ACCOUNT
from nautilus_lighter_nonce.loopback.venue.params import ApiError
from tests.loopback import txs
from tests.loopback.bench import Bench


@pytest.fixture
def bench() -> Bench:
    """Return a venue with a resting bid and one trade."""
    bench = Bench(execution_delay_ms=0)
    bench.send(14, txs.create(1, 41))
    bench.send(14, txs.take(2, 42))
    bench.run(0)
    return bench


def range_of(bench: Bench, resolution: str, **more: Any) -> dict[str, Any]:
    """Return the parameters of an hour before and after now."""
    now_ms = bench.at(0) // 1_000_000
    times = {"start_timestamp": now_ms - 3_600_000, "end_timestamp": now_ms + 3_600_000}
    return {"market_id": 0, "resolution": resolution} | times | more


def test_order_book_orders_have_the_touch_in_its_place(bench: Bench) -> None:
    """Best first; the house's order has no index."""
    body = bench.query("orderBookOrders", market_id=0, limit=10)
    first, second = body["bids"]
    assert (first["owner_account_index"], first["order_index"]) == (HOUSE_ACCOUNT, 0)
    assert (second["owner_account_index"], second["price"]) == (700, "1900.00")
    assert (body["total_bids"], body["total_asks"]) == (2, 1)
    assert len(bench.query("orderBookOrders", market_id=0, limit=1)["bids"]) == 1


def test_order_books_of_spot_are_none(bench: Bench) -> None:
    """Perpetuals are all there is."""
    for name, rows in (("orderBooks", "order_books"), ("orderBookDetails", "order_book_details")):
        assert len(bench.query(name)[rows]) == len(bench.state.books)
        assert len(bench.query(name, market_id=1)[rows]) == 1
        assert bench.query(name, filter="spot")[rows] == []


def test_exchange_stats_add_the_markets_up(bench: Bench) -> None:
    """One trade in all."""
    body = bench.query("exchangeStats")
    assert (body["total"], body["daily_trades_count"]) == (len(bench.state.books), 1)
    assert body["daily_usd_volume"] == bench.state.market_trades[0][0].quote / 1e6


def test_recent_trades_are_the_markets(bench: Bench) -> None:
    """Of no other."""
    assert len(bench.query("recentTrades", market_id=0)["trades"]) == 1
    assert bench.query("recentTrades", market_id=1)["trades"] == []


def test_candles_have_the_trade_in_the_range_and_none_outside(bench: Bench) -> None:
    """A `count_back` of 0 means all, as ccxt asks."""
    for count in (0, 1, 500):
        body = bench.query("candles", **range_of(bench, "1m", count_back=count))
        assert (body["r"], len(body["c"])) == ("1m", 1)
    assert (
        bench.query("candles", **range_of(bench, "1m", start_timestamp=0, end_timestamp=9))["c"]
        == []
    )


@pytest.mark.parametrize(
    "wrong",
    [{"resolution": "2m"}, {"count_back": 501}, {"count_back": -1}, {"end_timestamp": 0}],
)
def test_candles_of_what_is_wrong_are_refused(bench: Bench, wrong: dict[str, Any]) -> None:
    """20001, with the parameter's name."""
    with pytest.raises(ApiError, match="invalid param"):
        bench.query("candles", **(range_of(bench, "1m", count_back=1) | wrong))


def test_fundings_are_payments_of_nothing_at_past_hours(bench: Bench) -> None:
    """Oldest first, none of the future, no more than asked."""
    now_ms = bench.at(0) // 1_000_000
    asked = range_of(bench, "1h", count_back=3, start_timestamp=0)
    rows = bench.query("fundings", **asked)["fundings"]
    times = [row["timestamp"] for row in rows]
    assert len(times) == 3
    assert times == sorted(times)
    assert times[-1] <= now_ms // 1_000
    assert all(time % 3_600 == 0 for time in times)
    assert {row["rate"] for row in rows} == {"0.0000"}
    with pytest.raises(ApiError, match="resolution"):
        bench.query("fundings", **range_of(bench, "1m"))


def test_status_tells_chain_and_seconds(bench: Bench) -> None:
    """As a client checks whom it talks to."""
    body = bench.query("status")
    assert body["network_id"] == bench.state.config.chain_id
    assert body["timestamp"] == bench.at(0) // 10**9
    rates = bench.query("funding-rates")["funding_rates"]
    assert {row["rate"] for row in rates} == {0.0}
    assert queries_markets.MAX_CANDLES == 500
