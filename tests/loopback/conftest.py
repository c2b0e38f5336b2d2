"""A venue in the test's own loop, and a client of it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest

from nautilus_lighter_nonce.loopback import LoopbackVenue
from nautilus_lighter_nonce.loopback import VenueConfig
from tests.loopback.client import Client
from tests.loopback.client import Socket


@pytest.fixture
async def venue() -> AsyncIterator[LoopbackVenue]:
    """Yield a venue with a short execution delay and no lag of `nextNonce`."""
    config = VenueConfig(execution_delay_ms=1, next_nonce_lag_ms=0)
    async with LoopbackVenue(config) as venue:
        yield venue


@pytest.fixture
async def client(venue: LoopbackVenue) -> AsyncIterator[Client]:
    """Yield a client of the venue."""
    async with aiohttp.ClientSession() as http:
        yield Client(venue, http)


@pytest.fixture
async def socket(client: Client) -> Socket:
    """Return a socket of the client."""
    return await client.socket()
