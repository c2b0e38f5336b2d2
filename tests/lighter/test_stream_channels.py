"""The stream's channels on the wire: how they are asked for, confirmed, refused and left."""

from __future__ import annotations

import asyncio

import pytest

from nautilus_lighter_nonce.lighter.errors import StreamSubscribeError
from tests.lighter.streams import connected
from tests.lighter.stubs import DEADLINE_SECS


async def test_subscribe_private_channel_sends_token_and_delivers_snapshot() -> None:
    """A confirmed subscription has delivered its first frame."""
    async with connected() as (venue, consumer, stream):
        await stream.subscribe("account_all_orders/516", auth=True)
        assert venue.frames[0] == [
            {"type": "subscribe", "channel": "account_all_orders/516", "auth": "token-1"}
        ]
        kind, channel, raw, epoch = consumer.frames[0]
        assert (kind, channel, epoch) == (
            "subscribed/account_all_orders",
            "account_all_orders:516",
            1,
        )
        assert b"account_all_orders" in raw


async def test_subscribe_public_channel_makes_no_token() -> None:
    """A public channel needs none."""
    async with connected() as (venue, consumer, stream):
        await stream.subscribe("ticker/0")
        assert venue.frames[0] == [{"type": "subscribe", "channel": "ticker/0"}]
        assert consumer.tokens == 0


async def test_subscribe_not_confirmed_raises_by_deadline_with_hint() -> None:
    """An error frame names no channel, so only the deadline tells; the error is a hint."""
    async with connected(subscribe_timeout_secs=0.2) as (venue, consumer, stream):
        venue.confirms = False
        task = asyncio.create_task(stream.subscribe("account_tx/516", auth=True))
        await venue.until(lambda: venue.frames[0])
        await venue.say('{"error":{"code":20013,"message":"invalid auth"}}')
        with pytest.raises(StreamSubscribeError) as caught:
            await task
        assert caught.value.channel == "account_tx/516"
        assert caught.value.last_error is not None
        assert caught.value.last_error.code == 20013
        assert not [remark for remark in consumer.remarks if "token-1" in remark]


async def test_subscribe_connection_ends_raises_before_deadline() -> None:
    """A connection that ended confirms nothing any more."""
    async with connected(subscribe_timeout_secs=60) as (venue, _, stream):
        venue.confirms = False
        task = asyncio.create_task(stream.subscribe("ticker/0"))
        await venue.until(lambda: venue.frames[0])
        await venue.sockets[0].close()
        async with asyncio.timeout(DEADLINE_SECS):
            with pytest.raises(StreamSubscribeError):
                await task


async def test_unsubscribe_confirmed_is_not_subscribed_again() -> None:
    """A channel that was left stays left over a reconnect."""
    async with connected() as (venue, consumer, stream):
        await stream.subscribe("ticker/0")
        await stream.unsubscribe("ticker/0")
        await venue.sockets[0].close()
        await consumer.until(lambda: ("connected", 2) in consumer.states)
        assert venue.frames[1] == []


async def test_subscribe_market_channel_confirmed_without_account() -> None:
    """The docs confirm `account_orders/0/516` as `account_orders:0`."""
    async with connected() as (venue, consumer, stream):
        venue.confirms = False
        task = asyncio.create_task(stream.subscribe("account_orders/0/516"))
        await venue.until(lambda: venue.frames[0])
        await venue.say('{"type":"subscribed/account_orders","channel":"account_orders:0"}')
        await task
        assert len(consumer.frames) == 1
