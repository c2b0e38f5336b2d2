"""Each lever through a real socket: what the client sees, and what the ledger says of it."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import aiohttp
import pytest

from nautilus_lighter_nonce.loopback import LoopbackVenue
from nautilus_lighter_nonce.loopback import VenueConfig
from nautilus_lighter_nonce.loopback.config import VanishedLookup
from tests.loopback import txs
from tests.loopback.client import SILENCE_S
from tests.loopback.client import Client
from tests.loopback.client import Socket
from tests.loopback.client import eventually


def last(venue: LoopbackVenue) -> dict[str, Any]:
    """Return the ledger's last row."""
    return venue.ledger()[-1]


def lane(venue: LoopbackVenue) -> dict[str, Any]:
    """Return the judgement of key (700, 5)."""
    row: dict[str, Any] = venue.summary()["keys"][1]
    return row


async def stays_silent(socket: Socket) -> bool:
    """Return whether nothing comes for longer than the venue would take."""
    try:
        await socket.ws.receive(timeout=SILENCE_S)
    except TimeoutError:
        return True
    return False


# -- REFUSE, RATE LIMIT ---------------------------------------------------------------------------


async def test_refuse_answers_the_code_and_spends_nothing(socket: Socket, client: Client) -> None:
    """A forced refusal answers its code; the same nonce is accepted afterwards."""
    client.venue.fault("refuse", code=21702)
    assert (await socket.send_tx("a", 14, txs.create(1)))["error"]["code"] == 21702
    assert (last(client.venue)["fault"], last(client.venue)["accepted"]) == ("refuse", False)
    assert (await socket.send_tx("b", 14, txs.create(1)))["code"] == 200


async def test_refuse_is_not_used_up_by_a_stale_transaction(client: Client) -> None:
    """A lever for refusals waits for a transaction whose nonce is good."""
    client.venue.fault("refuse")
    assert (await client.send_tx(14, txs.create(9)))[1]["code"] == 21104
    assert (await client.send_tx(14, txs.create(1)))[1]["code"] == 21739


@pytest.mark.parametrize(("status", "is_json"), [(429, True), (405, False)])
async def test_rate_limit_over_rest(client: Client, status: int, is_json: bool) -> None:
    """Over REST the limit is 429 with JSON, or the firewall's 405 with HTML; nothing is spent."""
    client.venue.fault("rate_limit", status=status)
    answered, body = await client.send_tx(14, txs.create(1))
    assert answered == status
    assert isinstance(body, dict) == is_json
    assert (await client.send_tx(14, txs.create(1)))[0] == 200


async def test_rate_limit_over_the_socket(socket: Socket, client: Client) -> None:
    """Over the socket the limit is an error 23000 with the request's id."""
    client.venue.fault("rate_limit")
    reply = await socket.send_tx("a", 14, txs.create(1))
    assert (reply["error"]["code"], reply["id"]) == (23000, "a")
    assert lane(client.venue)["expected"] == 1


# -- LOST MESSAGES --------------------------------------------------------------------------------


async def test_drop_request_is_silence_without_effect(socket: Socket, client: Client) -> None:
    """A dropped request is read, never processed, never answered."""
    client.venue.fault("drop_request")
    await socket.write_tx("a", 14, txs.create(1))
    assert await stays_silent(socket)
    row = last(client.venue)
    assert (row["code"], row["replied"], row["outcome"]) == (None, False, "none")
    assert lane(client.venue)["expected"] == 1


async def test_drop_reply_is_silence_with_effect(socket: Socket, client: Client) -> None:
    """A dropped reply leaves the order at the venue and the client without a word."""
    client.venue.fault("drop_reply")
    await socket.write_tx("a", 14, txs.create(1))
    assert await stays_silent(socket)
    row = last(client.venue)
    assert (row["code"], row["replied"], row["outcome"]) == (None, False, "executed")
    assert client.venue.summary()["unanswered"] == 1


async def test_drop_reply_over_rest_hangs_until_the_client_gives_up(client: Client) -> None:
    """Over REST a dropped reply is a request that never ends; the venue can still stop."""
    client.venue.fault("drop_reply")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(SILENCE_S):
            await client.send_tx(14, txs.create(1))
    assert last(client.venue)["outcome"] == "executed"


async def test_delay_holds_back_one_reply_only(socket: Socket, client: Client) -> None:
    """A delayed reply comes late; the next request's answer overtakes it."""
    client.venue.fault("delay", ms=80)
    await socket.write_tx("slow", 14, txs.create(1))
    await socket.write_tx("fast", 14, txs.create(2))
    assert (await socket.next())["id"] == "fast"
    assert (await socket.reply("slow"))["code"] == 200


async def test_delay_over_rest(client: Client) -> None:
    """Over REST the delayed answer takes at least as long as asked."""
    client.venue.fault("delay", ms=60)
    start = time.monotonic()
    await client.send_tx(14, txs.create(1))
    assert time.monotonic() - start >= 0.06


# -- BROKEN ANSWERS -------------------------------------------------------------------------------


@pytest.mark.parametrize(("processed", "expected"), [(False, 1), (True, 2)])
async def test_server_error_over_rest(client: Client, processed: bool, expected: int) -> None:
    """A 503 with HTML says nothing: the transaction may have been processed or not."""
    client.venue.fault("server_error", processed=processed)
    status, body = await client.send_tx(14, txs.create(1))
    assert (status, isinstance(body, str)) == (503, True)
    assert lane(client.venue)["expected"] == expected


@pytest.mark.parametrize(("processed", "expected"), [(False, 1), (True, 2)])
async def test_server_error_over_the_socket(
    socket: Socket, client: Client, processed: bool, expected: int
) -> None:
    """Over the socket it is the error 29500."""
    client.venue.fault("server_error", processed=processed)
    assert (await socket.send_tx("a", 14, txs.create(1)))["error"]["code"] == 29500
    assert lane(client.venue)["expected"] == expected


async def test_unreadable_over_rest(client: Client) -> None:
    """An unreadable answer is a 200 with garbage; the transaction was processed."""
    client.venue.fault("unreadable")
    status, body = await client.send_tx(14, txs.create(1))
    assert (status, isinstance(body, str)) == (200, True)
    assert (last(client.venue)["code"], last(client.venue)["replied"]) == (None, True)
    assert lane(client.venue)["expected"] == 2


async def test_unreadable_over_the_socket(socket: Socket, client: Client) -> None:
    """Over the socket it is text that is no JSON."""
    client.venue.fault("unreadable")
    await socket.write_tx("a", 14, txs.create(1))
    message = await socket.raw()
    with pytest.raises(ValueError, match="Expecting"):
        message.json()


# -- SEQUENCER ------------------------------------------------------------------------------------


async def test_vanish_answers_200_and_frees_the_nonce(client: Client) -> None:
    """A vanished transaction was answered 200 and left no order; its nonce is free again."""
    client.venue.fault("vanish")
    assert (await client.send_tx(14, txs.create(1, 42)))[0] == 200
    await client.executed(1)
    assert last(client.venue)["outcome"] == "vanished"
    _, body = await client.get("accountActiveOrders", account_index=700, auth=txs.token())
    assert body["orders"] == []
    assert (await client.send_tx(14, txs.create(1, 42)))[0] == 200
    assert lane(client.venue)["reused_nonces"] == []


async def test_vanish_takes_answered_followers_along(socket: Socket, client: Client) -> None:
    """Followers that were answered 200 vanish too; one that comes later is stale."""
    client.venue.set(execution_delay_ms=30)
    client.venue.fault("vanish", nonce=2)
    for nonce in (1, 2, 3, 4):
        assert (await socket.send_tx(str(nonce), 14, txs.create(nonce)))["code"] == 200
    await client.executed(4)
    outcomes = [row["outcome"] for row in client.venue.ledger()]
    assert outcomes == ["executed", "vanished", "vanished", "vanished"]
    assert (await socket.send_tx("5", 14, txs.create(5)))["error"]["code"] == 21104
    assert (await socket.send_tx("2b", 14, txs.create(2)))["code"] == 200
    params = {"account_index": 700, "api_key_index": 5}
    await client.executed(5)
    assert (await client.get("nextNonce", **params))[1]["nonce"] == 3


@pytest.mark.parametrize(
    ("lookup", "status"), [(VanishedLookup.FAILED, 200), (VanishedLookup.UNKNOWN, 400)]
)
async def test_vanish_lookup_is_as_configured(
    client: Client, lookup: VanishedLookup, status: int
) -> None:
    """A lookup of a vanished transaction shows status 0 or says it is unknown, as configured."""
    client.venue.set(vanished_lookup=lookup.value)
    client.venue.fault("vanish")
    _, body = await client.send_tx(14, txs.create(1))
    await client.executed(1)
    answered, record = await client.get("tx", by="hash", value=body["tx_hash"])
    assert (answered, record.get("status")) == (status, 0 if status == 200 else None)


async def test_expired_transaction_vanishes(client: Client) -> None:
    """A transaction whose `ExpiredAt` passes before execution spends nothing."""
    client.venue.set(execution_delay_ms=30)
    soon = time.time_ns() // 1_000_000 + 20
    assert (await client.send_tx(14, txs.create(1, ExpiredAt=soon)))[0] == 200
    await client.executed(1)
    assert last(client.venue)["outcome"] == "vanished"


async def test_fail_spends_the_nonce_and_tells_only_the_record(client: Client) -> None:
    """A sequencer failure is answered 200, spends the nonce, and shows only in `event_info`."""
    client.venue.fault("fail", code=21702)
    _, body = await client.send_tx(14, txs.create(1))
    await client.executed(1)
    _, record = await client.get("tx", by="hash", value=body["tx_hash"])
    assert '\\"code\\":21702' in record["event_info"]
    assert (last(client.venue)["outcome"], lane(client.venue)["executed"]) == ("reverted", 2)
    assert client.venue.summary()["orders_created"] == 0


# -- FOREIGN WRITER -------------------------------------------------------------------------------


async def test_foreign_writer_makes_the_transaction_stale(client: Client) -> None:
    """Somebody else spends the nonce just before ours is looked at."""
    client.venue.fault("foreign_writer")
    assert (await client.send_tx(14, txs.create(1)))[1]["code"] == 21104
    assert (await client.send_tx(14, txs.create(2)))[0] == 200
    rows = [(row["transport"], row["code"]) for row in client.venue.ledger()]
    assert rows == [("http", 21104), ("foreign", 200), ("http", 200)]
    assert (lane(client.venue)["foreign"], lane(client.venue)["replays"]) == (1, 1)


async def test_control_foreign_spends_nonces_at_once(client: Client) -> None:
    """A foreign writer can spend nonces while nobody sends."""
    client.venue.control({"foreign": {"account_index": 700, "api_key_index": 5, "count": 3}})
    await client.executed(3)
    params = {"account_index": 700, "api_key_index": 5}
    assert (await client.get("nextNonce", **params))[1]["nonce"] == 4


# -- SOCKETS --------------------------------------------------------------------------------------


async def test_close_sockets_at_once(socket: Socket, client: Client) -> None:
    """Without a selector all sockets are cut now."""
    client.venue.fault("close_sockets")
    assert (await socket.raw()).type in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR)


@pytest.mark.parametrize(("when", "expected"), [("before", 1), ("after", 2)])
async def test_close_sockets_around_a_transaction(
    socket: Socket, client: Client, when: str, expected: int
) -> None:
    """The sockets are cut before or after the transaction is processed, unanswered either way."""
    other = await client.socket()
    client.venue.fault("close_sockets", when=when)
    await socket.write_tx("a", 14, txs.create(1))
    closed = (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR)
    assert (await socket.raw()).type in closed
    assert (await other.raw()).type in closed
    assert lane(client.venue)["expected"] == expected
    assert last(client.venue)["replied"] is False


async def test_close_sockets_cuts_the_rest_connection_too(client: Client) -> None:
    """A transaction over REST that the lever selects loses its own connection."""
    client.venue.fault("close_sockets", when="after")
    with pytest.raises(aiohttp.ClientError):
        await client.send_tx(14, txs.create(1))
    assert lane(client.venue)["expected"] == 2


async def test_reconnect_after_close_works(socket: Socket, client: Client) -> None:
    """After a cut a new socket is a new connection of the same venue."""
    client.venue.fault("close_sockets")
    await socket.raw()
    again = await client.socket()
    assert (await again.send_tx("a", 14, txs.create(1)))["code"] == 200
    assert client.venue.summary()["connections"] == 2


# -- READS ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "status"), [("server_error", 503), ("rate_limit", 429), ("unreadable", 200)]
)
async def test_endpoint_lever_hits_a_read(client: Client, fault: str, status: int) -> None:
    """A lever with an endpoint breaks that read once, and no transaction."""
    client.venue.fault(fault, endpoint="nextNonce")
    url = f"{client.venue.http_url}/api/v1/nextNonce?account_index=700&api_key_index=5"
    async with client.http.get(url) as response:
        assert response.status == status
        assert b'"nonce"' not in await response.read()
    assert (await client.send_tx(14, txs.create(1)))[0] == 200
    assert (await client.get("nextNonce", account_index=700, api_key_index=5))[0] == 200


# -- CONTROL --------------------------------------------------------------------------------------


async def test_control_over_http_arms_a_lever(client: Client) -> None:
    """The control endpoint takes what the methods take."""
    url = f"{client.venue.http_url}/control"
    async with client.http.post(url, json={"fault": "refuse"}) as response:
        assert (response.status, await response.json()) == (200, {"ok": True})
    assert (await client.send_tx(14, txs.create(1)))[1]["code"] == 21739


@pytest.mark.parametrize(
    "command",
    [
        {},
        {"fault": "nonsense"},
        {"fault": "refuse", "nonsense": 1},
        {"set": {"chain_id": 1}},
        {"set": {"latency_ms": -1}},
        {"set": 3},
        {"touch": {"market": 0, "bid": "2.00", "ask": "1.00"}},
        {"touch": {"market": 99, "bid": "1.00", "ask": "2.00"}},
        {"register_key": {"account_index": 9, "api_key_index": 1}},
        {"foreign": {"account_index": 700, "api_key_index": 99}},
        {"set": {}, "reset": True},
    ],
)
async def test_control_wrong_command_is_refused(client: Client, command: dict[str, Any]) -> None:
    """A command with anything wrong in it is HTTP 400 and changes nothing."""
    before = client.venue.config
    async with client.http.post(f"{client.venue.http_url}/control", json=command) as response:
        assert (response.status, (await response.json())["ok"]) == (400, False)
    assert client.venue.config == before


async def test_control_reset_disarms_and_forgets(client: Client) -> None:
    """A reset disarms levers and begins a new ledger; nonces go on."""
    client.venue.fault("refuse", after=1, count=None)
    await client.send_tx(14, txs.create(1))
    client.venue.control({"reset": True})
    assert client.venue.summary()["transactions"] == 0
    assert (await client.send_tx(14, txs.create(2)))[0] == 200


async def test_ledger_over_http_equals_the_method(client: Client) -> None:
    """The ledger endpoints show what the methods return."""
    await client.send_tx(14, txs.create(1))
    await client.executed(1)
    async with client.http.get(f"{client.venue.http_url}/ledger") as response:
        assert (await response.json())["entries"] == client.venue.ledger()
    async with client.http.get(f"{client.venue.http_url}/ledger?summary=1") as response:
        assert await response.json() == client.venue.summary()


async def test_stop_with_hanging_requests_is_quick() -> None:
    """A venue stops although a client still waits for an answer that will never come."""
    venue = LoopbackVenue(VenueConfig())
    await venue.start()
    venue.fault("drop_reply")
    async with aiohttp.ClientSession() as http:
        hanging = asyncio.create_task(Client(venue, http).send_tx(14, txs.create(1)))
        await eventually(venue.ledger)
        async with asyncio.timeout(5):
            await venue.stop()
            with pytest.raises(aiohttp.ClientError):
                await hanging
