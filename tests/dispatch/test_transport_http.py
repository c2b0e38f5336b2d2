"""Nautilus' HTTP client as a gate: what arrives, what comes back, and how its faults are told."""

from __future__ import annotations

import asyncio
from urllib.parse import parse_qs

import pytest
from aiohttp import web

from nautilus_lighter_nonce.dispatch.transport_http import NautilusGate
from nautilus_lighter_nonce.lighter.codes import Verdict
from nautilus_lighter_nonce.lighter.errors import LighterTransportError
from nautilus_lighter_nonce.lighter.errors import NoAnswer
from nautilus_lighter_nonce.lighter.http import LighterHttpClient
from tests.lighter.stubs import HttpHandler
from tests.lighter.stubs import rest_stub


TOKEN = "1795370324:700:5:2f998917secret"
NOBODY = "http://127.0.0.1:1"


def answering(body: bytes = b'{"code":200,"nonce":7}', status: int = 200) -> HttpHandler:
    """Return a handler that always gives one answer."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=status, body=body)

    return answer


# -- WHAT ARRIVES ---------------------------------------------------------------------------------


async def test_get_fields_and_token_arrive_where_they_belong() -> None:
    """Fields are in the address, the token in a header and nowhere else."""
    async with rest_stub(answering()) as stub:
        answer = await NautilusGate().get(
            f"{stub.url}/api/v1/tx", {"by": "hash", "value": 7}, {"Authorization": TOKEN}
        )
    request = stub.requests[0]
    assert answer == (200, b'{"code":200,"nonce":7}')
    assert (request.method, request.path) == ("GET", "/api/v1/tx")
    assert dict(request.query) == {"by": "hash", "value": "7"}
    assert request.headers["Authorization"] == TOKEN
    assert TOKEN not in str(request.url)


async def test_post_body_arrives_byte_for_byte() -> None:
    """A signed text is what was signed."""
    body = b"tx_type=14&tx_info=%7B%22Sig%22%3A%22a%2Bb%2Fc%3D%3D%22%7D"
    async with rest_stub(answering()) as stub:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        await NautilusGate().post(f"{stub.url}/api/v1/sendTx", headers, body)
    assert stub.requests[0].method == "POST"
    assert stub.requests[0].content_type == "application/x-www-form-urlencoded"
    assert stub.bodies == [body.decode()]
    assert parse_qs(stub.bodies[0])["tx_info"] == ['{"Sig":"a+b/c=="}']


@pytest.mark.parametrize("status", [200, 400, 401, 405, 429, 500, 503])
async def test_get_bad_status_is_an_answer(status: int) -> None:
    """What an answer proves is not the gate's to judge."""
    async with rest_stub(answering(b"\xff\xfe", status)) as stub:
        assert await NautilusGate().get(stub.url, {}, None) == (status, b"\xff\xfe")
    assert len(stub.requests) == 1, "nothing is asked twice"


# -- NO ANSWER ------------------------------------------------------------------------------------


async def test_get_nobody_listens_raises_no_answer_with_cause() -> None:
    """The transport's own error is kept as the cause."""
    with pytest.raises(NoAnswer) as caught:
        await NautilusGate().get(NOBODY, {}, None)
    assert caught.value.__cause__ is not None


async def test_post_connection_dropped_is_posted_once_and_unknown() -> None:
    """A connection that ends before the answer proves nothing, and nothing is repeated."""

    async def drop(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    async with rest_stub(drop) as stub:
        with pytest.raises(LighterTransportError) as caught:
            await LighterHttpClient(stub.url, NautilusGate()).send_tx(14, "{}")
    assert caught.value.verdict is Verdict.UNKNOWN
    assert len(stub.requests) == 1, "a transaction is never posted twice"


async def test_post_no_answer_in_time_is_unknown() -> None:
    """Silence past the deadline proves nothing."""
    released = asyncio.Event()

    async def wait(_: web.Request) -> web.Response:
        await released.wait()
        return web.Response()

    async with rest_stub(wait) as stub:
        with pytest.raises(LighterTransportError) as caught:
            await LighterHttpClient(stub.url, NautilusGate(timeout_secs=1)).send_tx(14, "{}")
        released.set()
    assert caught.value.verdict is Verdict.UNKNOWN
    assert len(stub.requests) == 1


# -- LIMITS ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "limits", [{"timeout_secs": 0}, {"rest_quota_per_min": 0}, {"sendtx_quota_per_min": -1}]
)
def test_gate_number_below_one_raises(limits: dict[str, int]) -> None:
    """A deadline or quota below one is a mistake, not "none"."""
    with pytest.raises(ValueError, match="at least 1"):
        NautilusGate(**limits)


async def test_gate_quota_given_still_answers() -> None:
    """A quota that is not used up does not delay."""
    async with rest_stub(answering(b'{"code":200,"nonce":1}')) as stub:
        gate = NautilusGate(rest_quota_per_min=60, sendtx_quota_per_min=60)
        client = LighterHttpClient(stub.url, gate)
        assert [await client.next_nonce(1, 2) for _ in range(5)] == [1] * 5
