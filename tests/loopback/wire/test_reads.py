"""Reads that strict clients begin with: markets, figures, candles, accounts by address."""

from __future__ import annotations

import itertools
import time
from typing import Any

import pytest

from tests.loopback import txs
from tests.loopback.client import Client


HOUR_MS = 3_600_000
RANGE = {"start_timestamp": 0, "end_timestamp": 2**42}


async def bought(client: Client, *prices: str) -> None:
    """Let market orders of 0.1 ETH trade at these prices, one after another."""
    for number, ask in enumerate(prices, 1):
        client.venue.move_touch(0, "100.00", ask)
        await client.send_tx(14, txs.take(number, Price=400_000))
        await client.executed(number)


async def test_candles_hold_the_trades(client: Client) -> None:
    """Open, high, low and close are of the trades, volumes add up."""
    await bought(client, "2000.00", "2010.00", "1990.50", "2001.00")
    _, body = await client.get("candles", market_id=0, resolution="1d", count_back=10, **RANGE)
    candle = body["c"][-1]
    assert [candle[letter] for letter in "ohlc"] == [2000, 2010, 1990.5, 2001]
    assert (candle["v"], candle["V"]) == (0.4, 800.15)
    _, trades = await client.get("recentTrades", market_id=0)
    assert candle["i"] == trades["trades"][0]["trade_id"]


async def test_candles_only_the_last_of_a_range(client: Client) -> None:
    """What begins outside the range is left out; `count_back` 0 asks for all."""
    await bought(client, "2000.00")
    now_ms = time.time_ns() // 10**6
    past = {"start_timestamp": 0, "end_timestamp": now_ms - 48 * HOUR_MS}
    for params, count in ((RANGE, 1), (past, 0)):
        read = {"market_id": 0, "resolution": "1h", "count_back": 0} | params
        assert len((await client.get("candles", **read))[1]["c"]) == count


async def test_fundings_are_past_hours_with_nothing_paid(client: Client) -> None:
    """The last so many full hours, oldest first, in seconds."""
    read = {"market_id": 0, "resolution": "1h", "count_back": 3} | RANGE
    _, body = await client.get("fundings", **read)
    times = [row["timestamp"] for row in body["fundings"]]
    assert [second % 3_600 for second in times] == [0, 0, 0]
    assert [later - sooner for sooner, later in itertools.pairwise(times)] == [3_600] * 2
    assert 0 <= time.time() - times[-1] < 3_601
    assert {row["rate"] for row in body["fundings"]} == {"0.0000"}


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("candles", {"resolution": "7m"}),
        ("candles", {"count_back": 501}),
        ("candles", {"count_back": -1}),
        ("candles", {"start_timestamp": 2**43}),
        ("candles", {"start_timestamp": "x"}),
        ("fundings", {"resolution": "1m"}),
    ],
)
async def test_history_bad_parameter_is_refused(
    client: Client, name: str, change: dict[str, Any]
) -> None:
    """An unknown resolution or a count or range that cannot be is 20001."""
    read: dict[str, Any] = {"market_id": 0, "resolution": "1h", "count_back": 5} | RANGE
    status, body = await client.get(name, **(read | change))
    assert (status, body["code"]) == (400, 20001)


async def test_figures_follow_the_trades(client: Client) -> None:
    """Details, exchange figures and open interest count what was traded here."""
    await bought(client, "2000.00", "2100.00")
    _, details = await client.get("orderBookDetails", market_id=0)
    row = details["order_book_details"][0]
    assert (row["last_trade_price"], row["daily_trades_count"]) == (2100, 2)
    assert (row["daily_price_low"], row["daily_price_high"]) == (2000, 2100)
    assert (row["daily_price_change"], row["open_interest"]) == (5.0, 0.2)
    _, stats = await client.get("exchangeStats")
    assert (stats["daily_trades_count"], stats["daily_usd_volume"]) == (2, 410)


@pytest.mark.parametrize(("wanted", "count"), [("all", 3), ("perp", 3), ("spot", 0)])
async def test_order_books_filter_knows_perpetuals_only(
    client: Client, wanted: str, count: int
) -> None:
    """There are no spot markets here."""
    _, body = await client.get("orderBooks", filter=wanted)
    assert len(body["order_books"]) == count


async def test_account_by_its_address_is_found(client: Client) -> None:
    """An account names an address, and the address leads back to it."""
    _, body = await client.get("account", by="index", value=701)
    address = body["accounts"][0]["l1_address"]
    _, found = await client.get("accountsByL1Address", l1_address=address)
    assert [row["index"] for row in found["sub_accounts"]] == [701]
    _, same = await client.get("account", by="l1_address", value=address)
    assert same == body


@pytest.mark.parametrize(("address", "code"), [("0x1", 21100), ("nobody", 20001)])
async def test_account_by_another_address_is_refused(
    client: Client, address: str, code: int
) -> None:
    """An address without an account is 21100, one that is none is 20001."""
    status, body = await client.get("accountsByL1Address", l1_address=address)
    assert (status, body["code"]) == (400, code)


async def test_maker_only_keys_want_a_token(client: Client) -> None:
    """The list is private, and empty."""
    status, body = await client.get("getMakerOnlyApiKeys", account_index=700)
    assert (status, body["code"]) == (400, 20001)
    read = {"account_index": 700, "auth": txs.token()}
    assert (await client.get("getMakerOnlyApiKeys", **read))[1]["api_key_indexes"] == []
