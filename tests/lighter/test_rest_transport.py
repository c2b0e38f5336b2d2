"""One REST request: how it leaves, and what its answer proves."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from nautilus_lighter_nonce.lighter.codes import Verdict
from nautilus_lighter_nonce.lighter.errors import LighterApiError
from nautilus_lighter_nonce.lighter.errors import LighterHttpError
from nautilus_lighter_nonce.lighter.errors import LighterRateLimitError
from nautilus_lighter_nonce.lighter.errors import LighterTransportError
from nautilus_lighter_nonce.lighter.errors import NoAnswer
from nautilus_lighter_nonce.lighter.rest_transport import RestTransport


TOKEN = "secret-token"


class Reply(msgspec.Struct):
    """A good answer."""

    code: int
    value: int


class Gate:
    """Carries nothing; notes what it was asked and answers as told."""

    def __init__(self, status: int = 200, body: bytes = b'{"code":200,"value":7}') -> None:
        self.answer = (status, body)
        self.fault: Exception | None = None
        self.asked: list[tuple[Any, ...]] = []

    async def get(
        self, url: str, params: dict[str, Any], headers: dict[str, str] | None
    ) -> tuple[int, bytes]:
        return self._take("GET", url, params, headers)

    async def post(self, url: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        return self._take("POST", url, headers, body)

    def _take(self, *asked: Any) -> tuple[int, bytes]:
        self.asked.append(asked)
        if self.fault is not None:
            raise self.fault
        return self.answer


async def test_get_leaves_out_what_is_none_and_keeps_the_token_out_of_the_address() -> None:
    """Addresses end up in error texts; a header does not."""
    gate = Gate()
    transport = RestTransport("http://venue/", gate)
    reply = await transport.get("trades", Reply, {"limit": 5, "cursor": None}, TOKEN)
    assert reply == Reply(200, 7)
    url = "http://venue/api/v1/trades"
    assert gate.asked == [("GET", url, {"limit": 5}, {"Authorization": TOKEN})]


async def test_get_without_a_token_sends_no_header() -> None:
    """A public read names nobody."""
    gate = Gate()
    await RestTransport("http://venue", gate).get("status", Reply, {})
    assert gate.asked == [("GET", "http://venue/api/v1/status", {}, None)]


async def test_post_is_a_form_and_made_once() -> None:
    """A transaction that failed may have arrived: it is not repeated here."""
    gate = Gate()
    gate.fault = NoAnswer("timed out")
    form = {"tx_info": '{"a":"b&c"}'}
    with pytest.raises(LighterTransportError) as caught:
        await RestTransport("http://venue", gate).post("sendTx", Reply, form)
    assert caught.value.verdict is Verdict.UNKNOWN
    assert caught.value.__cause__ is gate.fault
    ((_, url, headers, body),) = gate.asked
    assert url == "http://venue/api/v1/sendTx"
    assert headers == {"Content-Type": "application/x-www-form-urlencoded"}
    assert body == b"tx_info=%7B%22a%22%3A%22b%26c%22%7D"


@pytest.mark.parametrize(
    ("status", "body", "kind", "code"),
    [
        (400, b'{"code":21104,"message":"invalid nonce"}', LighterApiError, 21104),
        (200, b'{"code":21104,"message":7}', LighterApiError, 21104),
        (400, b'{"code":200,"value":7}', LighterApiError, 200),
        (503, b'{"code":29500}', LighterTransportError, 29500),
        (503, b"<html>", LighterTransportError, None),
        (200, b"{}", LighterTransportError, None),
        (200, b"\xff\xfe", LighterTransportError, None),
        (200, b'{"code":200,"value":"x"}', LighterTransportError, None),
        (200, b"[" * 100_000, LighterTransportError, None),
        (429, b"<html>", LighterRateLimitError, None),
        (405, b"", LighterRateLimitError, None),
        (429, b'{"code":23000}', LighterApiError, 23000),
    ],
)
async def test_answer_that_is_not_good_raises_what_it_proves(
    status: int, body: bytes, kind: type[LighterHttpError], code: int | None
) -> None:
    """The code decides, not the status alone; what cannot be read proves nothing."""
    with pytest.raises(LighterHttpError) as caught:
        await RestTransport("http://venue", Gate(status, body)).get("x", Reply, {})
    assert type(caught.value) is kind
    assert (caught.value.status, caught.value.code) == (status, code)


@pytest.mark.parametrize(
    ("status", "body", "auth", "refused"),
    [
        (401, b'{"code":20013}', TOKEN, [TOKEN]),
        (400, b'{"code":20013}', TOKEN, [TOKEN]),
        (401, b"<html>", TOKEN, [TOKEN]),
        (400, b'{"code":21104}', TOKEN, []),
        (401, b'{"code":20013}', None, []),
    ],
)
async def test_token_that_is_refused_is_told_to_its_maker(
    status: int, body: bytes, auth: str | None, refused: list[str]
) -> None:
    """Whoever keeps it makes another one; the error names it nowhere."""
    transport = RestTransport("http://venue", Gate(status, body))
    told: list[str] = []
    transport.on_token_refused = told.append
    with pytest.raises(LighterHttpError) as caught:
        await transport.get("account", Reply, {}, auth)
    assert told == refused
    assert TOKEN not in f"{caught.value!r} {caught.value}"


async def test_token_that_is_refused_with_nobody_to_tell_is_an_error_all_the_same() -> None:
    """A listener is optional."""
    with pytest.raises(LighterApiError):
        await RestTransport("http://venue", Gate(401, b'{"code":20013}')).get(
            "account", Reply, {}, TOKEN
        )
