"""Nautilus' WebSocket client as a dial: what it sends by itself, and how its faults are told."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import pytest

from nautilus_lighter_nonce.dispatch.transport_ws import NautilusDial
from nautilus_lighter_nonce.lighter.connection import Dial
from nautilus_lighter_nonce.lighter.errors import SocketError
from nautilus_lighter_nonce.lighter.errors import StreamConnectError
from nautilus_lighter_nonce.lighter.errors import StreamSendError
from tests.lighter.streams import TX_INFO
from tests.lighter.streams import Consumer
from tests.lighter.streams import connected
from tests.lighter.streams import new_stream
from tests.lighter.stubs import WsStub
from tests.lighter.stubs import ws_stub


NOBODY = "ws://127.0.0.1:1/stream"


def dial_of(url: str, heartbeat_secs: int = 30) -> Dial:
    """Return Nautilus' dial on the running loop."""
    return NautilusDial(url, asyncio.get_running_loop(), heartbeat_secs)


def ignore(_: bytes) -> None:
    """Take a frame."""


# -- THE SOCKET -----------------------------------------------------------------------------------


async def test_dial_nobody_listens_raises_socket_error_with_cause() -> None:
    """Nautilus' own error is kept as the cause."""
    with pytest.raises(SocketError) as caught:
        await dial_of(NOBODY)(ignore)
    assert caught.value.__cause__ is not None


async def test_dial_no_websocket_there_raises_socket_error() -> None:
    """A server that answers something else is no venue."""
    async with ws_stub() as venue:
        with pytest.raises(SocketError):
            await dial_of(venue.url.replace("/stream", "/elsewhere"))(ignore)


async def test_send_text_after_disconnect_raises_socket_error() -> None:
    """Nothing of it was written, and that is said in our words."""
    async with ws_stub() as venue:
        socket = await dial_of(venue.url)(ignore)
        assert not socket.is_closed()
        await socket.disconnect()
        assert socket.is_closed()
        with pytest.raises(SocketError) as caught:
            await socket.send_text(b"late")
        assert caught.value.__cause__ is not None
        assert venue.texts == []


async def test_disconnect_twice_raises_nothing_but_socket_errors() -> None:
    """Whoever closes need not know who closed before."""
    async with ws_stub() as venue:
        socket = await dial_of(venue.url)(ignore)
        await socket.disconnect()
        with contextlib.suppress(SocketError):
            await socket.disconnect()
        assert socket.is_closed()


async def test_heartbeat_passes_sends_application_ping() -> None:
    """The client says something on its own, so that the venue does not close an idle socket."""
    async with connected(lambda url: dial_of(url, 1)) as (venue, _, _):
        await venue.until(lambda: venue.frames[0])
        assert venue.frames[0] == [{"type": "ping"}]


async def test_connection_that_brings_nothing_counts_as_dead() -> None:
    """A venue that answers no ping for three heartbeats is left for a new connection."""
    async with connected(lambda url: dial_of(url, 1)) as (_, consumer, _):
        await consumer.until(lambda: ("connected", 2) in consumer.states)


@pytest.mark.parametrize("data", [b"\xff\xfe{}", b"<html>", b"", b'{"type":"\xff"}'])
async def test_frame_of_bytes_that_are_no_text_ends_nothing(data: bytes) -> None:
    """A binary frame is handed on as it is, and the next frame is read as ever."""
    async with connected(dial_of) as (venue, consumer, stream):
        await venue.sockets[0].send_bytes(data)
        await venue.say('{"code":200,"id":"1","tx_hash":"a","type":"jsonapi/sendtx"}')
        await consumer.until(lambda: consumer.replies)
        assert stream.unreadable_frames == 1
        assert consumer.states == [("connected", 1)]


# -- THE STREAM ON IT -----------------------------------------------------------------------------


async def test_connect_nobody_listens_raises_with_url_and_remedy() -> None:
    """The first failure is the caller's to know, with its cause."""
    stream = new_stream(NOBODY, Consumer(), dial=dial_of(NOBODY))
    with pytest.raises(StreamConnectError) as caught:
        await stream.connect()
    assert caught.value.url == NOBODY
    assert "check the address" in str(caught.value)
    assert isinstance(caught.value.__cause__, SocketError)
    assert not stream.is_connected


async def test_send_tx_500_at_once_arrive_in_order_of_calls() -> None:
    """Frames leave in the order of the calls, however many wait."""
    async with connected(dial_of) as (venue, _, stream):
        await asyncio.gather(*[stream.send_tx(str(n), 14, TX_INFO) for n in range(500)])
        await venue.until(lambda: len(venue.frames[0]) == 500)
        assert [frame["data"]["id"] for frame in venue.frames[0]] == [str(n) for n in range(500)]


async def test_send_tx_text_is_written_verbatim() -> None:
    """The signed text arrives byte for byte."""
    async with connected(dial_of) as (venue, _, stream):
        await stream.send_tx("r-1", 14, TX_INFO)
        await venue.until(lambda: venue.texts)
        assert TX_INFO in venue.texts[0]


@pytest.mark.parametrize("ending", ["close", "reset"])
async def test_server_ends_connection_stream_comes_back_with_next_epoch(ending: str) -> None:
    """A close or a reset ends the epoch; the next has all channels again, with a fresh token."""
    async with connected(dial_of) as (venue, consumer, stream):
        await stream.subscribe("account_all_orders/516", auth=True)
        await stream.subscribe("ticker/0")
        await end(venue, ending)
        await consumer.until(lambda: ("connected", 2) in consumer.states)
        assert consumer.states == [("connected", 1), ("disconnected", 1), ("connected", 2)]
        assert venue.frames[1] == [
            {"type": "subscribe", "channel": "account_all_orders/516", "auth": "token-2"},
            {"type": "subscribe", "channel": "ticker/0"},
        ]


async def test_reconnect_replays_nothing_of_the_old_connection() -> None:
    """What was written around a disconnect is never written again on the next connection."""
    async with connected(dial_of) as (venue, consumer, stream):
        venue.reset()
        results = await asyncio.gather(
            *[stream.send_tx(str(n), 14, TX_INFO) for n in range(50)], return_exceptions=True
        )
        assert all(isinstance(result, int | StreamSendError) for result in results)
        await consumer.until(lambda: ("connected", 2) in consumer.states)
        await stream.send_tx("fresh", 14, TX_INFO)
        await venue.until(lambda: venue.frames[1])
        assert [frame["data"]["id"] for frame in venue.frames[1]] == ["fresh"]


async def test_replies_before_close_are_delivered_before_on_disconnected() -> None:
    """What the connection still brought is evidence, and comes before its end."""
    async with connected(dial_of) as (venue, consumer, _stream):
        seen: list[int] = []
        consumer.on_disconnected = lambda _: seen.append(len(consumer.replies))
        for n in range(20):
            await venue.say(f'{{"code":200,"id":"{n}","tx_hash":"a","type":"jsonapi/sendtx"}}')
        await venue.sockets[0].close()
        await consumer.until(lambda: ("connected", 2) in consumer.states)
        assert seen == [20]
        consumer.on_disconnected = consumer.note_end


async def test_shutdown_frame_moves_the_stream_before_the_connection_dies() -> None:
    """The venue still holds the old socket open when the new one has all channels."""
    async with connected(dial_of) as (venue, consumer, stream):
        await stream.subscribe("account_tx/516", auth=True)
        await venue.say('{"type":"shutdown","close_in_ms":60000}')
        await consumer.until(lambda: ("connected", 2) in consumer.states)
        assert venue.frames[1][0]["channel"] == "account_tx/516"
        assert await stream.send_tx("2", 14, TX_INFO) == 2


async def test_replace_of_socket_that_takes_nothing_goes_on_at_once() -> None:
    """A half-open socket, with a write stuck in it, holds up neither the writer nor the turn."""
    async with connected(dial_of) as (venue, consumer, stream):
        stuck(venue)
        big = '{"Sig":"' + "x" * 1_000_000 + '"}'
        writes = [asyncio.create_task(stream.send_tx(str(n), 14, big)) for n in range(20)]
        await asyncio.sleep(0)
        stream.replace(1)
        await consumer.until(lambda: ("connected", 2) in consumer.states)
        results = await asyncio.gather(*writes, return_exceptions=True)
        assert all(isinstance(result, int | StreamSendError) for result in results)
        assert await stream.send_tx("fresh", 14, TX_INFO) == 2


async def end(venue: WsStub, ending: str) -> None:
    """End the latest connection, in good or bad manner."""
    if ending == "close":
        await venue.sockets[-1].close()
    else:
        venue.reset()


def stuck(venue: WsStub) -> None:
    """Let the venue read no more from the latest connection."""
    transport: Any = venue.transport
    transport.pause_reading()
