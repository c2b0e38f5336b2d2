"""Markets from 4095 up: the official signer names orders there by client index, or not at all."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import lighter
import msgspec
import pytest

from nautilus_lighter_nonce.loopback import DEMO_PRIVATE_KEY
from nautilus_lighter_nonce.loopback import LoopbackVenue
from nautilus_lighter_nonce.loopback import MarketConfig
from nautilus_lighter_nonce.loopback import VenueConfig
from nautilus_lighter_nonce.loopback import VenueProcess
from nautilus_lighter_nonce.loopback.config import DEFAULT_MARKETS
from tests.loopback import txs
from tests.loopback.client import OuterClient


IDS = (4_095, 4_097, 2**40)
MARKETS = tuple(
    msgspec.structs.replace(DEFAULT_MARKETS[0], market_id=market_id, symbol=f"ETH{place}")
    for place, market_id in enumerate(IDS)
)
CONFIG = VenueConfig(execution_delay_ms=0, next_nonce_lag_ms=0, markets=MARKETS)
LIMIT = {"is_ask": False, "order_type": 0, "time_in_force": 1}
SDK_MOST = 2**60 - 1  # the signer's own limit of order indexes


@pytest.fixture
async def signer() -> AsyncIterator[tuple[lighter.SignerClient, VenueProcess]]:
    """Yield the official signer and a venue in a process of its own: the signer blocks on HTTP."""
    with VenueProcess(CONFIG) as venue:
        keys = {5: DEMO_PRIVATE_KEY}
        signer = lighter.SignerClient(
            url=venue.http_url, account_index=700, api_private_keys=keys, chain_id=300
        )
        yield signer, venue
        await signer.close()


async def until_executed(venue: VenueProcess, count: int) -> None:
    """Wait until so many transactions have an outcome."""
    deadline = time.monotonic() + 5.0
    while sum(r["outcome"] not in ("none", "pending") for r in venue.ledger()) < count:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.005)


async def live_orders(venue: LoopbackVenue | VenueProcess) -> list[dict[str, Any]]:
    """Return the account's live orders as REST shows them."""
    async with aiohttp.ClientSession() as http:
        page = {"account_index": 700, "auth": txs.token()}
        _, body = await OuterClient(venue, http).get("accountActiveOrders", **page)
    return list(body["orders"])


@pytest.mark.parametrize("market_id", IDS)
async def test_sdk_trades_a_new_market_by_client_index(
    signer: tuple[lighter.SignerClient, VenueProcess], market_id: int
) -> None:
    """The SDK creates, modifies and cancels there; its hashes are the venue's."""
    sdk, venue = signer
    placed = {"market_index": market_id, "client_order_index": 42}
    _, created, error = await sdk.create_order(**placed, base_amount=1_000, price=190_000, **LIMIT)
    assert (error, created.code) == (None, 200)
    await until_executed(venue, 1)
    (order,) = await live_orders(venue)
    assert (order["market_index"], order["client_order_index"]) == (market_id, 42)
    assert SDK_MOST < order["order_index"] < 2**63
    _, modified, error = await sdk.modify_order(market_id, 42, 2_000, 191_000, 0)
    assert (error, modified.code) == (None, 200)
    _, canceled, error = await sdk.cancel_order(market_id, 42)
    assert (error, canceled.code) == (None, 200)
    await until_executed(venue, 3)
    assert [row["outcome"] for row in venue.ledger()] == ["executed"] * 3
    assert await live_orders(venue) == []


async def test_sdk_hash_in_a_new_market_is_the_venues(
    signer: tuple[lighter.SignerClient, VenueProcess],
) -> None:
    """A market id of more than 32 bits is hashed as the signer hashes it."""
    sdk, venue = signer
    signed: Any = sdk.sign_create_order(  # its annotations say text where numbers are
        market_index=2**40,
        client_order_index=7,
        base_amount=1_000,
        price=190_000,
        is_ask=0,
        order_type=0,
        time_in_force=1,
        nonce=1,
        api_key_index=5,
    )
    tx_type, tx_info, tx_hash, error = signed
    assert error is None
    async with aiohttp.ClientSession() as http:
        _, body = await OuterClient(venue, http).send_tx(tx_type, tx_info)
    assert body["tx_hash"] == tx_hash


async def test_sdk_refuses_the_venues_index_of_a_new_market(
    signer: tuple[lighter.SignerClient, VenueProcess],
) -> None:
    """The signer itself refuses the index that the venue shows."""
    sdk, venue = signer
    await sdk.create_order(
        market_index=4_095, client_order_index=42, base_amount=1_000, price=190_000, **LIMIT
    )
    await until_executed(venue, 1)
    (order,) = await live_orders(venue)
    _, _, error = await sdk.cancel_order(4_095, order["order_index"])
    assert error is not None
    assert len(venue.ledger()) == 1


async def test_raw_cancel_by_the_venues_index_is_taken() -> None:
    """A frame that somebody else signed may name the venue's index."""
    async with LoopbackVenue(CONFIG) as venue, aiohttp.ClientSession() as http:
        client = OuterClient(venue, http)
        await client.send_tx(14, txs.create(1, 42, MarketIndex=4_097))
        await client.executed(1)
        (order,) = await live_orders(venue)
        await client.send_tx(15, txs.cancel(2, order["order_index"], MarketIndex=4_097))
        await client.executed(2)
        assert await live_orders(venue) == []
        assert order["order_id"] == str(order["order_index"])


async def test_stream_of_a_new_market() -> None:
    """Its public channel and its private rows carry the large id."""
    async with LoopbackVenue(CONFIG) as venue, aiohttp.ClientSession() as http:
        socket = await OuterClient(venue, http).socket()
        ticker = await socket.subscribe(f"ticker/{2**40}")
        assert ticker["channel"] == f"ticker:{2**40}"
        await socket.subscribe("account_all_orders/700")
        await socket.write_tx("a", 14, txs.create(1, 42, MarketIndex=2**40))
        frame = await socket.kind("update/account_all_orders")
        assert list(frame["orders"]) == [str(2**40)]


async def test_orders_of_two_new_markets_have_different_indexes() -> None:
    """No two orders share an index, in whatever market they are."""
    async with LoopbackVenue(CONFIG) as venue, aiohttp.ClientSession() as http:
        client = OuterClient(venue, http)
        for nonce, market_id in enumerate(IDS, start=1):
            await client.send_tx(14, txs.create(nonce, MarketIndex=market_id))
        await client.executed(3)
        assert len({order["order_index"] for order in await live_orders(venue)}) == 3


@pytest.mark.parametrize("market_id", [255, -1, 2**40 + 1])
def test_market_config_refuses_what_is_no_market(market_id: int) -> None:
    """255 means no market; ids end at 2^40."""
    row = msgspec.to_builtins(DEFAULT_MARKETS[0]) | {"market_id": market_id}
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(row, MarketConfig)
