"""Who may tell a venue what to do, and who may read what it saw."""

from __future__ import annotations

import pytest

from tests.loopback import txs
from tests.loopback.client import Client


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:9700", "127.0.0.1.evil.example", "[::1"]
)
async def test_back_door_foreign_host_is_refused(client: Client, method: str, host: str) -> None:
    """A page whose own name leads to this machine stays outside (case L1)."""
    path = {"get": "ledger", "post": "control"}[method]
    body = {"json": {"fault": "refuse"}} if method == "post" else {}
    url = f"{client.venue.http_url}/{path}"
    async with client.http.request(method, url, headers={"Host": host}, **body) as response:
        assert (response.status, (await response.json())["ok"]) == (403, False)
    assert (await client.send_tx(14, txs.create(1)))[0] == 200


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
async def test_back_door_loopback_host_may_come_in(client: Client, host: str) -> None:
    """Every name of the machine itself is good, with the port or without."""
    headers = {"Host": f"{host}:{client.venue.port}"}
    url = f"{client.venue.http_url}/control"
    async with client.http.post(url, json={"fault": "refuse"}, headers=headers) as response:
        assert response.status == 200
    async with client.http.get(client.venue.http_url + "/ledger", headers=headers) as response:
        assert response.status == 200


@pytest.mark.parametrize("origin", ["http://evil.example", "https://127.0.0.1", "null"])
async def test_back_door_foreign_origin_is_refused(client: Client, origin: str) -> None:
    """A page from anywhere else stays outside (case L1)."""
    url = f"{client.venue.http_url}/control"
    headers = {"Origin": origin}
    async with client.http.post(url, json={"fault": "refuse"}, headers=headers) as response:
        assert response.status == 403
    assert (await client.send_tx(14, txs.create(1)))[0] == 200


async def test_back_door_own_origin_may_come_in(client: Client) -> None:
    """A page that the venue served itself would be good."""
    headers = {"Origin": client.venue.http_url}
    url = f"{client.venue.http_url}/control"
    async with client.http.post(url, json={"fault": "refuse"}, headers=headers) as response:
        assert response.status == 200


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
async def test_control_body_that_is_not_called_json_is_refused(client: Client, kind: str) -> None:
    """What a page can send without asking first is refused, whatever is in it (case L1)."""
    url = f"{client.venue.http_url}/control"
    headers = {"Content-Type": kind} if kind else {}
    body = b'{"fault": "refuse"}'
    async with client.http.post(url, data=body, headers=headers) as response:
        assert response.status == 415
    assert (await client.send_tx(14, txs.create(1)))[0] == 200
