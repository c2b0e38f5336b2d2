"""Channels that strict clients subscribe to, through a real socket."""

from __future__ import annotations

from nautilus_lighter_nonce.loopback import LoopbackVenue
from tests.loopback import txs
from tests.loopback.client import Client
from tests.loopback.client import Socket


async def test_trade_channel_replays_then_tells(client: Client, socket: Socket) -> None:
    """The snapshot has what was traded before, newest first; an update has the new ones."""
    for nonce in (1, 2):
        await client.send_tx(14, txs.take(nonce))
        await client.executed(nonce)
    snapshot = await socket.subscribe("trade/0")
    ids = [row["trade_id"] for row in snapshot["trades"]]
    assert ids == sorted(ids, reverse=True)
    assert len(ids) == 2
    await client.send_tx(14, txs.take(3))
    update = await socket.kind("update/trade")
    assert [row["bid_client_id"] for row in update["trades"]] == [1_003]
    assert update["trades"][0]["taker_position_size_before"] == "0.2000"


async def test_market_stats_follow_the_touch(venue: LoopbackVenue, socket: Socket) -> None:
    """A move of the touch moves the mark, for one market and for all."""
    await socket.subscribe("market_stats/0")
    await socket.subscribe("market_stats/all")
    venue.move_touch(0, "2100.00", "2101.00")
    one, every = [await socket.kind("update/market_stats") for _ in range(2)]
    assert one["market_stats"]["mark_price"] == "2100.50"
    assert every["market_stats"] == {"0": one["market_stats"]}


async def test_candle_channel_tells_of_the_candle_of_now(client: Client, socket: Socket) -> None:
    """It is empty before the first trade, and has the candle afterwards."""
    assert (await socket.subscribe("candle/0/1d"))["candles"] == []
    await client.send_tx(14, txs.take(1))
    candle = (await socket.kind("update/candle"))["candles"][0]
    assert (candle["o"], candle["v"]) == (2000.5, 0.1)


async def test_account_orders_tell_of_one_market(client: Client, socket: Socket) -> None:
    """The channel of one market is silent about another."""
    await socket.subscribe("account_orders/0/700")
    other = {"MarketIndex": 1, "BaseAmount": 100, "Price": 500_000}
    await client.send_tx(14, txs.create(1, 41, **other))
    await client.send_tx(14, txs.create(2, 42))
    frame = await socket.kind("update/account_orders")
    assert frame["channel"] == "account_orders:0:700"
    assert [row["client_order_index"] for row in frame["orders"]["0"]] == [42]
    assert list(frame["orders"]) == ["0"]


async def test_account_orders_of_another_want_its_token(socket: Socket) -> None:
    """A token of one account does not open another's orders."""
    await socket.send(type="subscribe", channel="account_orders/0/701", auth=txs.token(700))
    error = await socket.until(lambda frame: "error" in frame)
    assert error["error"]["code"] == 20013


async def test_account_all_tells_of_trades_and_positions(client: Client, socket: Socket) -> None:
    """What lighter-sdk's own stream client subscribes to: everything but orders, without token."""
    await socket.send(type="subscribe", channel="account_all/700")
    snapshot = await socket.kind("subscribed/account_all")
    assert (snapshot["positions"], snapshot["total_trades_count"]) == ({}, 0)
    await client.send_tx(14, txs.take(1))
    update = await socket.kind("update/account_all")
    assert update["positions"]["0"]["position"] == "0.1000"
    assert [row["size"] for row in update["trades"]["0"]] == ["0.1000"]
    assert (update["total_trades_count"], update["total_volume"]) == (1, 200.05)
