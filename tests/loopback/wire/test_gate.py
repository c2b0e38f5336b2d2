"""No web page gets in, by any road (cases L); real clients do. Over real sockets."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import aiohttp
import pytest

from nautilus_lighter_nonce.loopback import LoopbackVenue
from tests.loopback import txs
from tests.loopback.client import Client


FOREIGN_HOSTS = [
    "evil.example",
    "127.0.0.1.evil.example",
    "localhost.evil.example:80",
    "127.0.0.1@evil.example",
    "evil.example@127.0.0.1",
    "127.0.0.2",
    "0.0.0.0",
    "",
]
FORM = {"tx_type": "14", "tx_info": txs.create(1)}


async def raw(venue: LoopbackVenue, *lines: str) -> tuple[int, dict[str, Any]]:
    """Send a request written by hand, and return the status and the JSON of the answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", venue.port)
    writer.write("\r\n".join((*lines, "Connection: close", "", "")).encode())
    head, _, body = (await asyncio.wait_for(reader.read(), 5.0)).partition(b"\r\n\r\n")
    writer.close()
    return int(head.split()[1]), json.loads(body)


async def upgrade(client: Client, **headers: str) -> int:
    """Return the status that answers an upgrade to a WebSocket, 101 if it was one."""
    try:
        async with client.http.ws_connect(client.venue.ws_url, headers=headers):
            return 101
    except aiohttp.WSServerHandshakeError as e:
        return e.status


# -- REBINDING ------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", FOREIGN_HOSTS)
async def test_gate_read_under_a_foreign_host_is_refused(venue: LoopbackVenue, host: str) -> None:
    """A page whose name leads to this machine reads nothing, and says why."""
    status, body = await raw(venue, "GET /api/v1/nextNonce HTTP/1.1", f"Host: {host}")
    assert (status, body["ok"]) == (403, False)
    assert "host" in body["error"]
    assert venue.counters.next_nonce_calls == 0


@pytest.mark.parametrize("path", ["sendTx", "sendTxBatch"])
async def test_gate_transaction_under_a_foreign_host_does_not_arrive(
    client: Client, path: str
) -> None:
    """A page whose name leads to this machine trades nothing."""
    url = f"{client.venue.http_url}/api/v1/{path}"
    async with client.http.post(url, data=FORM, headers={"Host": "evil.example"}) as response:
        assert response.status == 403
    assert client.venue.ledger() == []


async def test_gate_socket_under_a_foreign_host_is_refused(client: Client) -> None:
    """A page whose name leads to this machine has no socket, and none is counted."""
    assert await upgrade(client, Host="evil.example") == 403
    assert client.venue.counters.connections == 0


@pytest.mark.parametrize("second", ["evil.example", "127.0.0.1"])
async def test_gate_two_hosts_are_refused(venue: LoopbackVenue, second: str) -> None:
    """Which of two hosts a request means is not guessed."""
    lines = ("GET /ledger HTTP/1.1", "Host: 127.0.0.1", f"Host: {second}")
    try:
        status, _ = await raw(venue, *lines)
    except json.JSONDecodeError:
        status = 400  # the HTTP parser refused it before us
    assert status in (400, 403)


async def test_gate_request_without_a_host_is_refused(venue: LoopbackVenue) -> None:
    """A request that names no host names no loopback host."""
    assert (await raw(venue, "GET /ledger HTTP/1.0"))[0] == 403


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LocalHost", "[::1]", "localhost:1"])
async def test_gate_loopback_host_may_come_in(venue: LoopbackVenue, host: str) -> None:
    """Every name of this machine is good, with any port or none: a tunnel has its own."""
    assert (await raw(venue, "GET /ledger HTTP/1.1", f"Host: {host}"))[0] == 200


# -- OTHER ORIGINS --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "https://127.0.0.1", "http://127.0.0.1:1", "null", ""]
)
async def test_gate_socket_of_a_foreign_origin_is_refused(client: Client, origin: str) -> None:
    """Browsers let any page open a socket to any host, and only say whose page it is."""
    assert await upgrade(client, Origin=origin) == 403


async def test_gate_transaction_of_a_foreign_origin_does_not_arrive(client: Client) -> None:
    """A page can post a form anywhere without asking."""
    url = f"{client.venue.http_url}/api/v1/sendTx"
    headers = {"Origin": "http://evil.example"}
    async with client.http.post(url, data=FORM, headers=headers) as response:
        assert response.status == 403
    assert client.venue.ledger() == []


@pytest.mark.parametrize("path", ["/control", "/ledger", "/stream", "/api/v1/sendTx"])
async def test_gate_question_of_a_foreign_page_is_answered_no(client: Client, path: str) -> None:
    """What a browser asks before a request that needs leave (CORS) is refused as well."""
    headers = {"Origin": "http://evil.example", "Access-Control-Request-Method": "POST"}
    async with client.http.options(client.venue.http_url + path, headers=headers) as response:
        assert response.status == 403
        assert not [name for name in response.headers if name.startswith("Access-Control")]


async def test_gate_own_origin_may_come_in(client: Client) -> None:
    """Some WebSocket libraries send the address they connect to as origin."""
    assert await upgrade(client, Origin=client.venue.http_url) == 101


async def test_gate_client_without_an_origin_trades(client: Client) -> None:
    """What no browser sent is a client's: REST and sockets are open to it."""
    assert (await client.send_tx(14, txs.create(1)))[0] == 200
    assert (await (await client.socket()).send_tx("a", 14, txs.create(2)))["code"] == 200


# -- BODIES ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/control", "/ledger"])
@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
async def test_gate_body_that_is_not_called_json_is_refused(
    client: Client, path: str, kind: str
) -> None:
    """What a page can send without asking first tells the venue nothing."""
    headers = {"Content-Type": kind} if kind else {}
    body = b'{"fault": "refuse"}'
    url = client.venue.http_url + path
    async with client.http.post(url, data=body, headers=headers) as response:
        assert response.status == 415
    assert (await client.send_tx(14, txs.create(1)))[0] == 200


@pytest.mark.parametrize(
    "public_key", ["", "xyz", "ab" * 39, "00" * 40, "ff" * 40, "0x" + "ab" * 39]
)
async def test_control_registering_what_is_no_key_is_refused(
    client: Client, public_key: str
) -> None:
    """A public key that is none is named as such, and nothing is registered (case L2)."""
    key = {"account_index": 700, "api_key_index": 77, "public_key": public_key}
    url = f"{client.venue.http_url}/control"
    async with client.http.post(url, json={"register_key": key}) as response:
        assert response.status == 400
        assert "public key" in (await response.json())["error"]
    assert (await client.send_tx(14, txs.create(1, ApiKeyIndex=77)))[1]["code"] == 21109


async def test_gate_json_with_a_charset_is_json(client: Client) -> None:
    """Parameters of the content type do not matter."""
    headers = {"Content-Type": "application/json; charset=utf-8"}
    url = f"{client.venue.http_url}/control"
    async with client.http.post(url, data=b'{"reset": true}', headers=headers) as response:
        assert response.status == 200
