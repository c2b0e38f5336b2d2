"""The instrument provider: what it loads, what it leaves out, and what it says about it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from nautilus_trader.common.config import InstrumentProviderConfig
from nautilus_trader.model.identifiers import InstrumentId

from nautilus_lighter_nonce.dispatch.transport_http import NautilusGate
from nautilus_lighter_nonce.lighter.errors import LighterTransportError
from nautilus_lighter_nonce.lighter.http import LighterHttpClient
from nautilus_lighter_nonce.providers import LighterInstrumentProvider
from nautilus_lighter_nonce.providers import UnknownInstrumentError
from tests.lighter.stubs import RestStub
from tests.lighter.stubs import rest_stub


BODY = (Path(__file__).parent / "fixtures" / "order_book_details.json").read_text()
ETH = InstrumentId.from_str("ETH-PERP.LIGHTER")
BTC = InstrumentId.from_str("BTC-PERP.LIGHTER")
OLD = InstrumentId.from_str("OLD-PERP.LIGHTER")


class Log:
    """Keeps warnings."""

    def __init__(self) -> None:
        self.warnings: list[str] = []

    def warning(self, message: str) -> None:
        self.warnings.append(message)

    def info(self, message: str) -> None:
        pass


@pytest.fixture
async def venue() -> AsyncIterator[RestStub]:
    """Run a venue with two active markets and one that is not."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(text=BODY)

    async with rest_stub(answer) as stub:
        yield stub


def provider_of(
    venue: RestStub, config: InstrumentProviderConfig | None = None
) -> LighterInstrumentProvider:
    """Return a provider of the stub's markets that keeps its warnings."""
    provider = LighterInstrumentProvider(LighterHttpClient(venue.url, NautilusGate()), config)
    provider._log = Log()
    return provider


async def test_load_all_keeps_active_perpetuals(venue: RestStub) -> None:
    """Every active market is loaded with one request, the others are not."""
    provider = provider_of(venue)
    await provider.load_all_async()
    assert {instrument.id for instrument in provider.list_all()} == {ETH, BTC}
    assert len(venue.requests) == 1
    assert provider.currency("ETH") is not None


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"symbols": ["ETH"]}, {ETH}),
        ({"market_ids": [1]}, {BTC}),
        ({"symbols": ["ETH"], "market_ids": [1]}, set()),
        ({"symbols": ["OLD"]}, set()),
        ({}, {ETH, BTC}),
    ],
)
async def test_load_all_filters_are_honoured(
    venue: RestStub, filters: dict[str, list[object]], expected: set[InstrumentId]
) -> None:
    """A market must pass all filters that are given."""
    provider = provider_of(venue)
    await provider.load_all_async(filters)
    assert {instrument.id for instrument in provider.list_all()} == expected


async def test_load_all_unknown_filter_is_warned_of(venue: RestStub) -> None:
    """A filter that does nothing is not passed over in silence."""
    provider = provider_of(venue)
    await provider.load_all_async({"symbol": "ETH"})
    assert len(provider._log.warnings) == 1
    assert provider.count == 2


async def test_load_ids_keeps_only_those_and_earlier_ones(venue: RestStub) -> None:
    """Instruments that were loaded before stay."""
    provider = provider_of(venue)
    await provider.load_ids_async([ETH])
    assert {instrument.id for instrument in provider.list_all()} == {ETH}
    await provider.load_async(BTC)
    assert {instrument.id for instrument in provider.list_all()} == {ETH, BTC}
    assert provider._log.warnings == []


async def test_load_ids_empty_asks_nothing(venue: RestStub) -> None:
    """Nothing wanted, nothing asked."""
    await provider_of(venue).load_ids_async([])
    assert venue.requests == []


async def test_load_ids_not_there_is_warned_of(venue: RestStub) -> None:
    """What is not there, or not active, is named."""
    provider = provider_of(venue)
    await provider.load_ids_async([ETH, OLD, InstrumentId.from_str("NOPE-PERP.LIGHTER")])
    assert provider.count == 1
    assert len(provider._log.warnings) == 2


async def test_initialize_with_ids_loads_them(venue: RestStub) -> None:
    """Nautilus' own start-up path works, with text ids."""
    config = InstrumentProviderConfig(load_ids=frozenset({"ETH-PERP.LIGHTER"}))
    provider = provider_of(venue, config)
    await provider.initialize()
    assert provider.find(ETH) is not None
    assert provider.find(BTC) is None


async def test_market_lookups_both_ways_agree(venue: RestStub) -> None:
    """Instrument and market number lead to each other."""
    provider = provider_of(venue)
    await provider.load_all_async()
    assert provider.market_index(BTC) == 1
    found = provider.instrument_for_market(1)
    assert found is not None
    assert found.id == BTC
    assert provider.instrument_for_market(77) is None


async def test_market_index_not_loaded_raises_with_remedy(venue: RestStub) -> None:
    """An instrument that was never loaded has no market number."""
    with pytest.raises(UnknownInstrumentError, match="load_ids") as caught:
        provider_of(venue).market_index(ETH)
    assert caught.value.instrument_id == ETH


async def test_load_all_venue_away_raises_and_keeps_what_there_is(venue: RestStub) -> None:
    """A load that fails changes nothing."""
    provider = provider_of(venue)
    await provider.load_all_async()
    provider._client = LighterHttpClient("http://127.0.0.1:1", NautilusGate())
    with pytest.raises(LighterTransportError):
        await provider.load_all_async()
    assert provider.count == 2
