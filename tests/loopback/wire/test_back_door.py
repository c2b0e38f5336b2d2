"""The back door: commands and the ledger over HTTP, and what is refused there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from collections.abc import Iterable
from collections.abc import Mapping
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient
from aiohttp.test_utils import TestServer

from nautilus_lighter_nonce.loopback.venue.judgement import Claim
from nautilus_lighter_nonce.loopback.wire.back_door import BackDoor


Http = TestClient[web.Request, web.Application]


class Venue:
    """What the door leads to; it notes what it is told."""

    def __init__(self) -> None:
        self.told: list[Any] = []

    def control(self, command: dict[str, Any]) -> None:
        """Take a command, unless it is a wrong one."""
        if "wrong" in command:
            raise ValueError("it was wrong")
        self.told.append(command)

    def ledger(self, *, by_transaction: bool = False) -> list[dict[str, Any]]:
        """Return one row."""
        return [{"by_transaction": by_transaction}]

    def summary(self, told: Iterable[Mapping[str, Any] | Claim] | None = None) -> dict[str, Any]:
        """Return how many claims came."""
        return {"claims": None if told is None else len(list(told))}


@pytest.fixture
def venue() -> Venue:
    """Return a venue."""
    return Venue()


@pytest.fixture
async def http(venue: Venue) -> AsyncIterator[Http]:
    """Yield a client in front of the door."""
    app = web.Application()
    BackDoor(venue).mount(app)
    async with TestClient(TestServer(app)) as client:
        yield client


async def test_control_carries_out_one_object(http: Http, venue: Venue) -> None:
    """And says that it did."""
    response = await http.post("/control", json={"reset": True})
    assert (response.status, await response.json()) == (200, {"ok": True})
    assert venue.told == [{"reset": True}]


@pytest.mark.parametrize("body", [b"", b"[]", b"7", b"nonsense", b'{"wrong": 1}'])
async def test_control_of_what_is_no_command_is_refused_with_the_reason(
    http: Http, venue: Venue, body: bytes
) -> None:
    """Nothing was carried out."""
    response = await http.post("/control", data=body)
    assert response.status == 400
    assert venue.told == []


@pytest.mark.parametrize(
    ("query", "answer"),
    [
        ("", {"entries": [{"by_transaction": False}]}),
        ("?by=transaction", {"entries": [{"by_transaction": True}]}),
        ("?summary=1", {"claims": None}),
        ("?summary=true", {"claims": None}),
        ("?summary=0", {"entries": [{"by_transaction": False}]}),
    ],
)
async def test_ledger_is_shown_in_three_ways(
    http: Http, query: str, answer: dict[str, Any]
) -> None:
    """Row by row, by transaction, or what it amounts to."""
    response = await http.get(f"/ledger{query}")
    assert await response.json() == answer


async def test_ledger_judges_what_callers_were_told(http: Http) -> None:
    """A body that is no question is refused."""
    response = await http.post("/ledger", json={"told": []})
    assert await response.json() == {"claims": 0}
    for wrong in (b"", b'{"tolt": []}', b'{"told": 1}'):
        assert (await http.post("/ledger", data=wrong)).status == 400
