"""One session that makes a venue say everything it can say, and keeps what it said by its kind."""

from __future__ import annotations

import asyncio
import functools
import json
from collections import defaultdict
from typing import Any

import aiohttp

from nautilus_lighter_nonce.loopback import LoopbackVenue
from nautilus_lighter_nonce.loopback import VenueConfig
from tests.loopback import txs
from tests.loopback.client import Client
from tests.loopback.client import Socket


OTHER = 701
PRIVATE = (
    "account_all_orders",
    "account_all_positions",
    "account_all_trades",
    "account_all_assets",
    "account_all",
    "user_stats",
    "account_tx",
)
PUBLIC = ("order_book/0", "ticker/0", "trade/0", "market_stats/0", "candle/0/1m", "height")
EVERY = ("market_stats/all", "spot_market_stats/all")
CHANNELS = (*(f"{family}/700" for family in PRIVATE), "account_orders/0/700", *PUBLIC, *EVERY)

Said = dict[str, list[Any]]
"""What the venue said, by kind: "GET account", "update/ticker", "update/market_stats:all", …"""


@functools.cache
def said_by_a_venue() -> Said:
    """Return what a venue says; one session for all who ask."""

    async def listen() -> Said:
        config = VenueConfig(execution_delay_ms=1, maker_fee=28, taker_fee=196)
        async with LoopbackVenue(config) as venue, aiohttp.ClientSession() as http:
            return await everything(venue, Client(venue, http))

    return asyncio.run(listen())


async def everything(venue: LoopbackVenue, client: Client) -> Said:
    """Trade a little on a venue and return all it said."""
    said: Said = defaultdict(list)
    early, late = await client.socket(), await client.socket()
    said["connected"] += early.frames + late.frames
    await _subscribe(early)
    hashes = await _trade(venue, client, said)
    await early.kind("update/order_book")  # comes in batches
    await _subscribe(late)
    await _errors(late, said)
    await _read(client, said, hashes)
    for socket in (early, late):
        await socket.send(type="ping")
        await socket.kind("pong")
        for frame in socket.frames:
            if "channel" in frame and frame["type"] != "unsubscribed":
                said[_name(frame)].append(frame)
    return said


def _name(frame: dict[str, Any]) -> str:
    suffix = ":all" if frame["channel"].endswith(":all") else ""
    return f"{frame['type']}{suffix}"


async def _subscribe(socket: Socket) -> None:
    for channel in CHANNELS:
        await socket.subscribe(channel)


async def _trade(venue: LoopbackVenue, client: Client, said: Said) -> list[str]:
    """Rest, modify, meet another account, cancel; over both transports, the last ones refused."""
    socket = await client.socket()
    status, body = await client.send_tx(14, txs.create(1, 11))
    assert status == 200
    said["POST sendTx"].append(body)
    bodies = [txs.create(2, 12, Price=195_000), txs.create(3, 13, IsAsk=1, Price=210_000)]
    status, body = await client.send_batch([14, 14], bodies)
    assert status == 200
    said["POST sendTxBatch"].append(body)
    said["reply"].append(await socket.send_tx("a", 17, txs.modify(4, 11, 2_000, 190_500)))
    # The other account hits the bid of 1950; then a market order of ours takes the house's ask.
    venue.move_touch(0, "1940.00", "2000.50")
    other = txs.take(1, 21, AccountIndex=OTHER, IsAsk=1, BaseAmount=500, Price=195_000)
    await socket.send_tx("d", 14, other)
    await socket.send_tx("e", 14, txs.take(5, 14, BaseAmount=500))
    said["reply"].append(await socket.send_tx("b", 15, txs.cancel(6, 12)))
    said["refused reply"].append(await socket.send_tx("c", 15, txs.cancel(6, 12)))
    said["refusal"].append((await client.send_tx(15, txs.cancel(6, 12)))[1])
    batch = {"tx_types": "[15]", "tx_infos": json.dumps([txs.cancel(7, 11)])}
    await socket.send(type="jsonapi/sendtxbatch", data={"id": "f"} | batch)
    said["batch reply"].append(await socket.reply("f"))
    await client.executed(8)
    return [row["tx_hash"] for row in venue.ledger()]


async def _errors(socket: Socket, said: Said) -> None:
    await socket.send(type="subscribe", channel="ticker/0")
    said["error frame"].append(await socket.until(lambda frame: "error" in frame))
    await socket.send(type="unsubscribe", channel="ticker/0")
    said["unsubscribed"].append(await socket.kind("unsubscribed"))


async def _read(client: Client, said: Said, hashes: list[str]) -> None:
    account = {"account_index": 700}
    private = account | {"auth": txs.token()}
    last_ms = 2**42
    reads: list[tuple[str, dict[str, Any]]] = [
        ("status", {}),
        ("systemConfig", {}),
        ("exchangeStats", {}),
        ("assetDetails", {}),
        ("orderBooks", {}),
        ("orderBookDetails", {}),
        ("orderBookOrders", {"market_id": 0, "limit": 10}),
        ("recentTrades", {"market_id": 0, "limit": 10}),
        ("funding-rates", {}),
        ("account", {"by": "index", "value": 700}),
        ("accountsByL1Address", {"l1_address": f"0x{700:040x}"}),
        ("accountLimits", private),
        ("apikeys", account | {"api_key_index": 255}),
        ("nextNonce", account | {"api_key_index": 5}),
        ("getMakerOnlyApiKeys", private),
        ("accountActiveOrders", private),
        ("accountInactiveOrders", private | {"limit": 1}),
        ("accountOrders", private | {"client_order_indexes": "11,12"}),
        ("trades", private | {"sort_by": "timestamp", "limit": 10}),
        ("accountTxs", private | {"by": "account_index", "value": 700, "limit": 10}),
        ("tx", {"by": "hash", "value": hashes[0]}),
    ]
    for name, interval in (("candles", "1m"), ("fundings", "1h")):
        times = {"start_timestamp": 0, "end_timestamp": last_ms, "count_back": 5}
        reads.append((name, {"market_id": 0, "resolution": interval} | times))
    for name, params in reads:
        status, body = await client.get(name, **params)
        assert status == 200, (name, body)
        said[f"GET {name}"].append(body)
