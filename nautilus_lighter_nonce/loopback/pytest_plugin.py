"""
The `lighter_venue` fixture: a fresh loopback venue in a process of its own, for one test.

Importing this plugin imports neither aiohttp nor nautilus_trader. An installed package is found by
pytest itself; where that is switched off, or the package only lies on the path, a conftest says
`pytest_plugins = ["nautilus_lighter_nonce.loopback.pytest_plugin"]`, which does no harm elsewhere.
A test that wants another venue carries the marker `lighter_venue` with fields of `VenueConfig`,
levers and commands among them:

>>> @pytest.mark.lighter_venue(latency_ms=20, seed=7)
... def test_something(lighter_venue): ...
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest

from nautilus_lighter_nonce.loopback.config import VenueConfig
from nautilus_lighter_nonce.loopback.process import VenueProcess


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line(
        "markers", "lighter_venue(**fields): fields of VenueConfig for the lighter_venue fixture"
    )


@pytest.fixture
def lighter_venue(request: pytest.FixtureRequest) -> Iterator[VenueProcess]:
    """
    Yield a loopback venue in a process of its own.

    Yields
    ------
    VenueProcess
        With `http_url`, `ws_url`, `control`, `fault`, `set`, `ledger` and `summary`.

    """
    marker = request.node.get_closest_marker("lighter_venue")
    fields = {} if marker is None else dict(marker.kwargs)
    with VenueProcess(msgspec.convert(fields, VenueConfig)) as venue:
        yield venue
