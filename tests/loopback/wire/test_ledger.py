"""The ledger over real sockets: by write, by transaction, and judged."""

from __future__ import annotations

from typing import Any

import pytest

from nautilus_lighter_nonce.loopback import VenueConfig
from nautilus_lighter_nonce.loopback import VenueProcess
from nautilus_lighter_nonce.loopback.process import VenueProcessError
from tests.loopback import txs
from tests.loopback.client import Client


CLAIM = {"account_index": 700, "client_order_index": 42}


async def ask(client: Client, method: str, query: str = "", **body: Any) -> tuple[int, Any]:
    """Return status and body of a request to the ledger."""
    url = f"{client.venue.http_url}/ledger{query}"
    async with client.http.request(method, url, **body) as response:
        return response.status, await response.json()


async def test_ledger_times_of_a_held_write_say_how_long_it_was_held(client: Client) -> None:
    """The kernel had it before the venue did, and the answer came after that."""
    socket = await client.socket()
    client.venue.fault("hold", ms=30)
    await socket.send_tx("a", 14, txs.create(1, 42))
    await client.executed(1)

    (row,) = (await ask(client, "get"))[1]["entries"]

    assert row["processed_ns"] - row["received_ns"] >= 29_000_000
    assert row["processed_ns"] <= row["answered_ns"]
    assert (row["answer"], row["executed_nonce"]) == (200, 1)


async def test_ledger_by_transaction_has_the_copies_of_all_connections(client: Client) -> None:
    """The same order over two sockets and REST is one transaction with three copies."""
    for request_id, nonce in (("a", 9), ("b", 1)):
        await (await client.socket()).send_tx(request_id, 14, txs.create(nonce, 42))
    await client.send_tx(14, txs.create(1, 42))
    await client.executed(1)

    _, body = await ask(client, "get", "?by=transaction")

    (row,) = body["entries"]
    assert (row["index"], row["executed"], len(row["orders"])) == (42, 1, 1)
    assert [copy["answer"] for copy in row["copies"]] == [21104, 200, 21104]
    assert len({copy["connection"] for copy in row["copies"]}) == 3


async def test_ledger_told_is_answered_with_the_judgement(client: Client) -> None:
    """A post of what was told is answered with the summary and what is wrong."""
    await client.send_tx(14, txs.create(1, 42))
    await client.executed(1)

    status, summary = await ask(
        client, "post", json={"told": [CLAIM | {"told": "rejected", "filled": "0"}]}
    )

    assert (status, summary["orders_created"]) == (200, 1)
    assert [row["truth"] for row in summary["misreported"]] == ["open"]


@pytest.mark.parametrize(
    "body", [{}, {"told": [{}]}, {"told": None}, {"told": [CLAIM | {"told": "perhaps"}]}], ids=str
)
async def test_ledger_told_what_is_no_claim_is_refused(client: Client, body: Any) -> None:
    """What cannot be read is answered with what is wrong."""
    status, answer = await ask(client, "post", json=body)
    assert (status, answer["ok"]) == (400, False)


async def test_summary_told_of_an_embedded_venue_is_the_same(client: Client) -> None:
    """In the same process no body is needed."""
    summary = client.venue.summary(told=[CLAIM | {"told": "accepted"}])
    assert [row["client_order_index"] for row in summary["lost"]] == [42]
    with pytest.raises(ValueError, match="told"):
        client.venue.summary(told=[CLAIM])


def test_ledger_and_summary_told_cross_the_process() -> None:
    """A venue in its own process gives the same answers, and refuses as an exception."""
    with VenueProcess(VenueConfig()) as venue:
        assert venue.ledger(by_transaction=True) == []
        told = [CLAIM | {"told": "filled"}]
        assert [row["truth"] for row in venue.summary(told=told)["misreported"]] == ["never"]
        with pytest.raises(VenueProcessError, match="told"):
            venue.summary(told=[CLAIM])
