"""The REST client: what it asks, what it reads, and what each fault proves."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

import msgspec
import pytest
from aiohttp import web

from nautilus_lighter_nonce.lighter.codes import Code
from nautilus_lighter_nonce.lighter.codes import Verdict
from nautilus_lighter_nonce.lighter.errors import LighterApiError
from nautilus_lighter_nonce.lighter.errors import LighterHttpError
from nautilus_lighter_nonce.lighter.errors import LighterRateLimitError
from nautilus_lighter_nonce.lighter.errors import LighterTransportError
from nautilus_lighter_nonce.lighter.http import LighterHttpClient
from tests.lighter.stubs import AiohttpGate
from tests.lighter.stubs import HttpHandler
from tests.lighter.stubs import rest_stub


TOKEN = "1795370324:700:5:2f998917secret"
ORDER = {
    "order_index": 281476929510110,
    "client_order_index": 42,
    "market_index": 0,
    "initial_base_amount": "0.0050",
    "price": "2352.74",
    "is_ask": True,
    "status": "filled",
}
TRADE = {
    "trade_id": 1,
    "market_id": 0,
    "size": "0.1336",
    "price": "2352.73",
    "ask_id": 1,
    "bid_id": 2,
    "ask_account_id": 3,
    "bid_account_id": 4,
    "is_maker_ask": True,
}


def answering(body: Any, status: int = 200) -> HttpHandler:
    """Return a handler that always gives one answer; text and bytes stay what they are."""

    async def answer(_: web.Request) -> web.Response:
        if isinstance(body, str | bytes):
            raw = body.encode() if isinstance(body, str) else body
            return web.Response(status=status, body=raw, content_type="text/html")
        return web.json_response(body, status=status)

    return answer


def client_of(url: str) -> LighterHttpClient:
    """Return a client that asks through a gate which is not Nautilus'."""
    return LighterHttpClient(url, AiohttpGate())


async def fault_of(body: Any, status: int) -> LighterHttpError:
    """Return the error that one answer to `sendTx` turns into."""
    async with rest_stub(answering(body, status)) as stub:
        with pytest.raises(LighterHttpError) as caught:
            await client_of(stub.url).send_tx(14, "{}")
    return caught.value


# -- ENDPOINTS ------------------------------------------------------------------------------------


async def test_next_nonce_good_answer_returns_number() -> None:
    """The executed counter of exactly the asked key is returned."""
    async with rest_stub(answering({"code": 200, "nonce": 1234567890})) as stub:
        assert await client_of(stub.url + "/").next_nonce(700, 5) == 1234567890
    request = stub.requests[0]
    assert request.path == "/api/v1/nextNonce"
    assert dict(request.query) == {"account_index": "700", "api_key_index": "5"}


async def test_api_keys_no_slot_given_asks_for_all() -> None:
    """Without a slot the venue's sentinel for all keys is asked for."""
    key = {"account_index": 700, "api_key_index": 5, "nonce": 3, "public_key": "ab"}
    async with rest_stub(answering({"code": 200, "api_keys": [key]})) as stub:
        keys = await client_of(stub.url).api_keys(700)
    assert [(key.api_key_index, key.public_key) for key in keys] == [(5, "ab")]
    assert stub.requests[0].query["api_key_index"] == "255"


async def test_order_book_details_good_answer_returns_perps() -> None:
    """Only the perpetual markets are returned."""
    row = {
        "symbol": "ETH",
        "market_id": 0,
        "supported_size_decimals": 4,
        "supported_price_decimals": 2,
    }
    body = {"code": 200, "order_book_details": [row], "spot_order_book_details": [row, row]}
    async with rest_stub(answering(body)) as stub:
        details = await client_of(stub.url).order_book_details()
    assert [detail.symbol for detail in details] == ["ETH"]


async def test_account_good_answer_returns_first_account() -> None:
    """An account is asked for by its index."""
    body = {"code": 200, "accounts": [{"code": 0, "index": 700, "collateral": "10.5"}]}
    async with rest_stub(answering(body)) as stub:
        account = await client_of(stub.url).account(700)
    assert (account.index, account.collateral) == (700, "10.5")
    assert dict(stub.requests[0].query) == {"by": "index", "value": "700"}


async def test_account_empty_answer_raises_not_found() -> None:
    """An answer without accounts means that the account does not exist."""
    async with rest_stub(answering({"code": 200, "accounts": []})) as stub:
        with pytest.raises(LighterApiError) as caught:
            await client_of(stub.url).account(700)
    assert caught.value.code == Code.ACCOUNT_NOT_FOUND


async def test_active_orders_token_given_travels_in_header_only() -> None:
    """The token is in the header and never in the address."""
    async with rest_stub(answering({"code": 200, "orders": [ORDER]})) as stub:
        orders = await client_of(stub.url).active_orders(700, TOKEN, market_id=1)
    request = stub.requests[0]
    assert [order.client_order_index for order in orders] == [42]
    assert request.headers["Authorization"] == TOKEN
    assert TOKEN not in str(request.url)
    assert request.query["market_id"] == "1"


async def test_send_tx_good_answer_posts_text_verbatim() -> None:
    """The signer's text arrives as it was signed."""
    tx_info = '{"Nonce":7,"Sig":"a+b/c==","L2TxAttributes":null}'
    body = {"code": 200, "tx_hash": "ab" * 40, "predicted_execution_time_ms": 5}
    async with rest_stub(answering(body)) as stub:
        reply = await client_of(stub.url).send_tx(14, tx_info)
    assert reply.tx_hash == "ab" * 40
    assert parse_qs(stub.bodies[0]) == {"tx_type": ["14"], "tx_info": [tx_info]}
    assert stub.requests[0].content_type == "application/x-www-form-urlencoded"


async def test_send_tx_batch_good_answer_posts_double_encoded_lists() -> None:
    """Types and texts are JSON lists as form fields, the texts being strings again."""
    body = {"code": 200, "tx_hash": ["aa", "bb"]}
    async with rest_stub(answering(body)) as stub:
        reply = await client_of(stub.url).send_tx_batch([14, 15], ['{"a":1}', '{"b":2}'])
    form = parse_qs(stub.bodies[0])
    assert reply.tx_hash == ["aa", "bb"]
    assert form["tx_types"] == ["[14,15]"]
    assert msgspec.json.decode(form["tx_infos"][0]) == ['{"a":1}', '{"b":2}']


async def test_tx_by_hash_known_hash_returns_record() -> None:
    """A record is returned with its status and event text."""
    body = {"code": 200, "hash": "ab", "status": 2, "event_info": '{"ae":""}', "nonce": 9}
    async with rest_stub(answering(body)) as stub:
        record = await client_of(stub.url).tx_by_hash("ab")
    assert record is not None
    assert (record.status, record.nonce) == (2, 9)


async def test_tx_by_hash_unknown_hash_returns_none() -> None:
    """Code 21500 is an answer, not a fault."""
    body = {"code": 21500, "message": "transaction not found"}
    async with rest_stub(answering(body, 400)) as stub:
        assert await client_of(stub.url).tx_by_hash("ab") is None


async def test_tx_by_hash_other_refusal_raises() -> None:
    """Any other code does not say that the transaction is unknown."""
    async with rest_stub(answering({"code": 23000, "message": ""}, 429)) as stub:
        with pytest.raises(LighterApiError):
            await client_of(stub.url).tx_by_hash("ab")


# -- PAGES ----------------------------------------------------------------------------------------


def paging(field: str, pages: dict[str, tuple[list[Any], str]]) -> HttpHandler:
    """Return a handler that serves pages by cursor."""

    async def answer(request: web.Request) -> web.Response:
        rows, next_cursor = pages[request.query.get("cursor", "")]
        return web.json_response({"code": 200, field: rows, "next_cursor": next_cursor})

    return answer


async def test_inactive_orders_several_pages_returns_all_in_order() -> None:
    """Pages are turned until there is no cursor."""
    second = ORDER | {"client_order_index": 43}
    pages = {"": ([ORDER], "c1"), "c1": ([second], "")}
    async with rest_stub(paging("orders", pages)) as stub:
        orders = await client_of(stub.url).inactive_orders(700, TOKEN, between=(10, 20))
    assert [order.client_order_index for order in orders] == [42, 43]
    assert stub.requests[0].query["between_timestamps"] == "10-20"


async def test_inactive_orders_cursor_repeats_stops() -> None:
    """A cursor that comes a second time ends the list."""
    pages = {"": ([ORDER], "c1"), "c1": ([ORDER], "c1")}
    async with rest_stub(paging("orders", pages)) as stub:
        orders = await client_of(stub.url).inactive_orders(700, TOKEN)
    assert len(orders) == len(stub.requests) == 2


async def test_inactive_orders_page_bound_stops() -> None:
    """No more pages are asked for than the bound says."""
    pages = {"": ([ORDER], "c1"), "c1": ([ORDER], "c2"), "c2": ([ORDER], "c3")}
    async with rest_stub(paging("orders", pages)) as stub:
        orders = await client_of(stub.url).inactive_orders(700, TOKEN, max_pages=2)
    assert len(orders) == len(stub.requests) == 2


async def test_trades_since_given_stops_at_first_older_trade() -> None:
    """Older trades are left out and no further page is asked for, in whatever unit times come."""
    new, old = TRADE | {"timestamp": 1777941384181}, TRADE | {"timestamp": 1777941300}
    pages = {"": ([new], "c1"), "c1": ([new, old], "c2"), "c2": ([old], "")}
    async with rest_stub(paging("trades", pages)) as stub:
        trades = await client_of(stub.url).trades(
            700, TOKEN, order_index=7, since_ns=1777941384 * 10**9
        )
    assert len(trades) == 2
    assert [request.query.get("cursor") for request in stub.requests] == [None, "c1"]
    assert stub.requests[0].query["order_index"] == "7"


# -- FAULTS ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "status", "kind", "verdict"),
    [
        ({"code": 21104, "message": "invalid nonce"}, 400, LighterApiError, Verdict.STALE),
        ({"code": 21739, "message": "no margin"}, 400, LighterApiError, Verdict.REFUSED),
        ({"code": 21739, "message": "no margin"}, 200, LighterApiError, Verdict.REFUSED),
        ({"code": 29500, "message": "oops"}, 400, LighterApiError, Verdict.UNKNOWN),
        ({"code": 23000, "message": "slow down"}, 429, LighterApiError, Verdict.REFUSED),
        ("<html>", 429, LighterRateLimitError, Verdict.REFUSED),
        ("<html>", 405, LighterRateLimitError, Verdict.REFUSED),
        ("<html>", 403, LighterTransportError, Verdict.UNKNOWN),
        ("<html>", 502, LighterTransportError, Verdict.UNKNOWN),
        ({"code": 21739, "message": ""}, 503, LighterTransportError, Verdict.UNKNOWN),
        ("<html>", 200, LighterTransportError, Verdict.UNKNOWN),
        ({}, 200, LighterTransportError, Verdict.UNKNOWN),
        ({"code": "200"}, 200, LighterTransportError, Verdict.UNKNOWN),
        ({"code": 21104, "message": None}, 400, LighterApiError, Verdict.STALE),
        ({"code": 21739, "message": 7}, 400, LighterApiError, Verdict.REFUSED),
        (b'{"code":200,"tx_hash":"\xff"}', 200, LighterTransportError, Verdict.UNKNOWN),
        (b"\xff\xfe", 200, LighterTransportError, Verdict.UNKNOWN),
        (b"", 200, LighterTransportError, Verdict.UNKNOWN),
        ("null", 200, LighterTransportError, Verdict.UNKNOWN),
        ("[" * 100_000, 200, LighterTransportError, Verdict.UNKNOWN),
        ('{"a":' * 100_000, 200, LighterTransportError, Verdict.UNKNOWN),
        (b"\xff\xfe", 429, LighterRateLimitError, Verdict.REFUSED),
    ],
)
async def test_send_tx_bad_answer_raises_what_it_proves(
    body: Any, status: int, kind: type[LighterHttpError], verdict: Verdict
) -> None:
    """Each bad answer is an error of its kind, with its fields and the verdict they prove."""
    error = await fault_of(body, status)
    assert type(error) is kind
    assert (error.endpoint, error.status, error.verdict) == ("sendTx", status, verdict)


@pytest.mark.parametrize("status", [405, 429])
async def test_send_tx_edge_limits_is_rate_limit(status: int) -> None:
    """The firewall's 405 means the same as 429."""
    assert (await fault_of("<html>", status)).is_rate_limit


async def test_send_tx_quota_spent_is_rate_limit() -> None:
    """The code says "later" whatever the status is."""
    assert (await fault_of({"code": 23000}, 400)).is_rate_limit


async def test_next_nonce_nobody_listens_raises_transport_error_with_cause() -> None:
    """A refused connection is a transport error that keeps the transport's own."""
    with pytest.raises(LighterTransportError) as caught:
        await client_of("http://127.0.0.1:1").next_nonce(700, 5)
    assert caught.value.__cause__ is not None
    assert caught.value.status is None


async def test_send_tx_connection_dropped_raises_unknown() -> None:
    """A connection that ends before the answer proves nothing."""

    async def drop(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    async with rest_stub(drop) as stub:
        with pytest.raises(LighterTransportError) as caught:
            await client_of(stub.url).send_tx(14, "{}")
    assert caught.value.verdict is Verdict.UNKNOWN
    assert len(stub.requests) == 1, "a transaction is never posted twice"


async def test_active_orders_refused_error_does_not_hold_token() -> None:
    """No text of an error or of the client shows the token."""
    async with rest_stub(answering({"code": 20013, "message": "invalid auth"}, 401)) as stub:
        client = client_of(stub.url)
        with pytest.raises(LighterApiError) as caught:
            await client.active_orders(700, TOKEN)
    assert TOKEN not in f"{caught.value} {caught.value!r} {client!r} {vars(client)}"


async def test_http_error_text_is_built_from_fields() -> None:
    """The text names endpoint, status, code and the venue's message."""
    text = str(await fault_of({"code": 21104, "message": "invalid nonce"}, 400))
    for part in ("sendTx", "HTTP 400", "21104", "invalid nonce"):
        assert part in text


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"code": 20013, "message": "invalid auth"}, 400),
        ({"code": 20013, "message": "invalid auth"}, 200),
        ({"code": 29500, "message": "whatever"}, 401),
        ("<html>unauthorized</html>", 401),
    ],
)
async def test_read_token_refused_is_told_at_once(body: Any, status: int) -> None:
    """A refused token must not be offered again, however the refusal is worded."""
    refused: list[str] = []
    async with rest_stub(answering(body, status)) as stub:
        client = client_of(stub.url)
        client.on_token_refused(refused.append)
        with pytest.raises(LighterHttpError):
            await client.active_orders(700, TOKEN)
    assert refused == [TOKEN]


@pytest.mark.parametrize("value", ["7", 7.5, None, True, {"a": 1}, -1])
async def test_next_nonce_of_any_kind_is_handed_on(value: Any) -> None:
    """Whether it is a nonce is the lane's to judge, with everything that it knows."""
    async with rest_stub(answering({"code": 200, "nonce": value})) as stub:
        assert await client_of(stub.url).next_nonce(700, 5) == value


async def test_next_nonce_that_is_missing_is_no_answer() -> None:
    """A body without the field says nothing."""
    async with rest_stub(answering({"code": 200})) as stub:
        with pytest.raises(LighterTransportError):
            await client_of(stub.url).next_nonce(700, 5)
