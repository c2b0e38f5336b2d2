"""The venue inside an event loop that is not the standard library's, as a TradingNode has it."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest

from nautilus_lighter_nonce.loopback import LoopbackVenue


def test_close_sockets_under_uvloop_cuts_the_connection() -> None:
    """Another loop's transports are no subclasses of asyncio's, and are cut all the same."""
    uvloop = pytest.importorskip("uvloop")

    async def cut() -> aiohttp.WSMsgType:
        async with (
            LoopbackVenue() as venue,
            aiohttp.ClientSession() as http,
            http.ws_connect(venue.ws_url) as socket,
        ):
            await socket.receive()
            venue.close_sockets()
            return (await socket.receive(timeout=5.0)).type

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        kind = runner.run(cut())

    assert kind in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR)
