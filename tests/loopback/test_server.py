"""The venue as a server: its birth, its end, and its levers from within the process."""

from __future__ import annotations

import aiohttp
import pytest

from nautilus_lighter_nonce.loopback import LoopbackVenue
from nautilus_lighter_nonce.loopback import VenueConfig
from nautilus_lighter_nonce.loopback.venue.faults import Fault
from nautilus_lighter_nonce.loopback.venue.faults import Lever
from tests.loopback import txs
from tests.loopback.client import Client


async def test_start_takes_a_free_port_and_stop_gives_it_back() -> None:
    """Twice stopped is once; a second venue may take the port."""
    async with LoopbackVenue() as venue:
        port = venue.port
        assert port > 0
        assert venue.http_url == f"http://127.0.0.1:{port}"
        await venue.stop()
    async with LoopbackVenue(port=port) as other:
        assert other.port == port


async def test_start_on_a_taken_port_raises() -> None:
    """Better than a venue that nobody reaches."""
    async with LoopbackVenue() as venue:
        with pytest.raises(OSError, match=str(venue.port)):
            await LoopbackVenue(port=venue.port).start()


async def test_start_with_a_wrong_command_listens_nowhere() -> None:
    """The error comes at birth, and nothing is left behind."""
    venue = LoopbackVenue(VenueConfig(commands=({"nonsense": 1},)))
    with pytest.raises(ValueError, match="expected one of"):
        await venue.start()
    async with aiohttp.ClientSession() as http:
        with pytest.raises(aiohttp.ClientConnectionError):
            await http.get(f"{venue.http_url}/api/v1/status")


async def test_levers_and_commands_of_the_config_hold_from_birth() -> None:
    """As if they had been told before the first request."""
    lever = Lever(fault=Fault.SERVER_ERROR, endpoint="status")
    command = {"foreign": {"account_index": 700, "api_key_index": 5, "count": 3}}
    config = VenueConfig(levers=(lever,), commands=(command,))
    async with LoopbackVenue(config) as venue, aiohttp.ClientSession() as http:
        url = f"{venue.http_url}/api/v1/status"
        statuses = [(await http.get(url)).status for _ in range(2)]
        assert statuses == [503, 200]
        assert venue.state.sequencer.expected((700, 5)) == 4


async def test_set_changes_the_config_and_refuses_what_is_none() -> None:
    """A misspelt field changes nothing."""
    async with LoopbackVenue() as venue:
        venue.set(latency_ms=20)
        assert venue.config.latency_ms == 20
        with pytest.raises(ValueError, match="latencyms"):
            venue.set(latencyms=30)
        assert venue.config.latency_ms == 20


async def test_spend_is_in_the_ledger_as_a_foreign_writers() -> None:
    """And reset begins a new one."""
    async with LoopbackVenue(VenueConfig(execution_delay_ms=0)) as venue:
        venue.spend(700, 5, 2)
        assert [row["transport"] for row in venue.ledger()] == ["foreign"] * 2
        venue.reset()
        assert venue.ledger() == []
        assert venue.state.sequencer.expected((700, 5)) == 3, "counters are no ledger"


async def test_execution_waits_for_its_time(client: Client) -> None:
    """What was accepted is executed by the venue's own clock, without another request."""
    status, body = await client.send_tx(14, txs.create(1))
    assert (status, body["code"]) == (200, 200)
    await client.executed(1)
    assert [row["outcome"] for row in client.venue.ledger()] == ["executed"]
