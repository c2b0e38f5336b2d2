"""Answers that come twice, under another name, in another order, or as something else."""

from __future__ import annotations

import json
from typing import Any

import aiohttp
import pytest

from tests.loopback import txs
from tests.loopback.client import Client
from tests.loopback.client import Socket


BODIES = ("garbage", "html", "not_utf8", "empty", "truncated")


# -- REPLIES --------------------------------------------------------------------------------------


async def test_double_reply_comes_twice(socket: Socket, client: Client) -> None:
    """The same answer comes twice; the transaction was processed once."""
    client.venue.fault("double_reply")
    await socket.write_tx("a", 14, txs.create(1))
    await socket.write_tx("b", 14, txs.create(2))
    frames = [await socket.next() for _ in range(3)]
    assert [frame["id"] for frame in frames] == ["a", "a", "b"]
    assert frames[0] == frames[1]
    assert [row["code"] for row in client.venue.ledger()] == [200, 200]


@pytest.mark.parametrize("request_id", ["a", 7])
async def test_unknown_id_is_nobodys(socket: Socket, client: Client, request_id: str | int) -> None:
    """The answer has an id of the same kind that no request had."""
    client.venue.fault("unknown_id")
    data = {"id": request_id, "tx_type": 14, "tx_info": json.loads(txs.create(1))}
    await socket.send(type="jsonapi/sendtx", data=data)
    reply = await socket.next()
    assert reply["code"] == 200
    assert reply["id"] != request_id
    assert type(reply["id"]) is type(request_id)


async def test_no_id_of_a_success(socket: Socket, client: Client) -> None:
    """An answer without an id is like any other but for that."""
    client.venue.fault("no_id")
    await socket.write_tx("a", 14, txs.create(1))
    reply = await socket.next()
    assert reply["code"] == 200
    assert "id" not in reply


async def test_no_id_of_a_refusal(socket: Socket, client: Client) -> None:
    """A refusal without an id says its code and not whose it is."""
    client.venue.fault("refuse", code=21702)
    client.venue.fault("no_id")
    await socket.write_tx("a", 14, txs.create(1))
    assert await socket.next() == {"error": {"code": 21702, "message": "invalid price"}}
    assert client.venue.ledger()[0]["fault"] == "refuse+no_id"


async def test_swap_reply_leaves_behind_the_next(socket: Socket, client: Client) -> None:
    """The first of two answers comes second; both transactions are processed in order."""
    client.venue.fault("swap_reply")
    for name, nonce in (("a", 1), ("b", 2), ("c", 3)):
        await socket.write_tx(name, 14, txs.create(nonce))
    assert [(await socket.next())["id"] for _ in range(3)] == ["b", "a", "c"]
    assert [row["nonce"] for row in client.venue.ledger()] == [1, 2, 3]


async def test_swap_reply_of_several_keeps_their_order(socket: Socket, client: Client) -> None:
    """Answers that are swapped one after another leave behind the next that is not."""
    client.venue.fault("swap_reply", count=2)
    for name, nonce in (("a", 1), ("b", 2), ("c", 3)):
        await socket.write_tx(name, 14, txs.create(nonce))
    assert [(await socket.next())["id"] for _ in range(3)] == ["c", "a", "b"]


@pytest.mark.parametrize("fault", ["double_reply", "unknown_id", "no_id", "swap_reply"])
async def test_reply_fault_leaves_rest_alone(socket: Socket, client: Client, fault: str) -> None:
    """What means nothing over REST is not used up there."""
    client.venue.fault(fault)
    assert (await client.send_tx(14, txs.create(1)))[1]["code"] == 200
    await socket.write_tx("a", 14, txs.create(2))
    await socket.write_tx("b", 14, txs.create(3))
    assert await socket.next()
    assert [row["fault"] for row in client.venue.ledger()] == [None, fault, None]


# -- UNREADABLE BODIES ----------------------------------------------------------------------------


def is_unreadable(body: str, raw: bytes) -> bool:
    """Return whether the bytes are what the body's name says."""
    match body:
        case "garbage":
            return raw.startswith(b"\x00")
        case "html":
            return raw.startswith(b"<html>")
        case "not_utf8":
            return b'"code":' in raw and b"\xff" in raw
        case "empty":
            return raw == b""
        case _:
            return raw.startswith(b'{"') and not raw.endswith(b"}")


def cannot_be_read(raw: bytes) -> bool:
    """Return whether neither text nor JSON comes of it."""
    try:
        json.loads(raw.decode())
    except ValueError:  # invalid UTF-8 is one as well
        return True
    return False


@pytest.mark.parametrize("body", BODIES)
async def test_unreadable_body_of_a_transaction_over_rest(client: Client, body: str) -> None:
    """The answer is unreadable as told; the transaction was processed."""
    client.venue.fault("unreadable", body=body)
    form = {"tx_type": "14", "tx_info": txs.create(1)}
    url = f"{client.venue.http_url}/api/v1/sendTx"
    async with client.http.post(url, data=form) as response:
        raw = await response.read()
        assert (response.status, response.content_type == "text/html") == (200, body == "html")
    assert is_unreadable(body, raw)
    assert cannot_be_read(raw)
    row = client.venue.ledger()[0]
    assert (row["code"], row["accepted"], row["replied"]) == (None, True, True)


@pytest.mark.parametrize("body", BODIES)
async def test_unreadable_body_of_a_read(client: Client, body: str) -> None:
    """A read is answered with the same kinds of nothing."""
    client.venue.fault("unreadable", endpoint="nextNonce", body=body)
    url = f"{client.venue.http_url}/api/v1/nextNonce?account_index=700&api_key_index=5"
    async with client.http.get(url) as response:
        raw = await response.read()
    assert is_unreadable(body, raw)
    assert cannot_be_read(raw)
    assert (await client.get("nextNonce", account_index=700, api_key_index=5))[0] == 200


async def test_not_utf8_lies_inside_a_text_where_there_is_one(client: Client) -> None:
    """A decoder meets the bytes where it makes a text, not where it wants a comma."""
    client.venue.fault("unreadable", endpoint="tx", body="not_utf8")
    url = f"{client.venue.http_url}/api/v1/tx?by=hash&value=00"
    async with client.http.get(url) as response:
        raw = await response.read()
    _, colon, text = raw.rpartition(b':"')
    assert colon
    assert text.startswith(b"\xff")


@pytest.mark.parametrize("body", [b for b in BODIES if b != "not_utf8"])
async def test_unreadable_body_over_the_socket(socket: Socket, client: Client, body: str) -> None:
    """The reply is a text frame that is no JSON; the connection stands."""
    client.venue.fault("unreadable", body=body)
    await socket.write_tx("a", 14, txs.create(1))
    message = await socket.raw()
    assert message.type is aiohttp.WSMsgType.TEXT
    assert is_unreadable(body, message.data.encode())
    assert cannot_be_read(message.data.encode())
    assert (await socket.send_tx("b", 14, txs.create(2)))["code"] == 200


async def test_not_utf8_over_the_socket_is_a_broken_text_frame(
    socket: Socket, client: Client
) -> None:
    """The frame calls itself text and is none: a strict client closes with 1007."""
    client.venue.fault("unreadable", body="not_utf8")
    await socket.write_tx("a", 14, txs.create(1))
    message = await socket.raw()
    assert message.type is aiohttp.WSMsgType.ERROR
    assert isinstance(message.data, aiohttp.WebSocketError)
    assert message.data.code == aiohttp.WSCloseCode.INVALID_TEXT
    assert client.venue.ledger()[0]["accepted"]


async def test_unreadable_refusal_is_made_of_the_refusal(socket: Socket, client: Client) -> None:
    """A truncated refusal begins as the refusal would, and nothing was spent."""
    client.venue.fault("refuse")
    client.venue.fault("unreadable", body="truncated")
    await socket.write_tx("a", 14, txs.create(1))
    message = await socket.raw()
    assert message.data.startswith('{"error":{"code":21739')
    assert not client.venue.ledger()[0]["accepted"]


# -- READS ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [{"code": 200, "nonce": None}, {"nonce": "7"}, [], None, 2**60])
async def test_answer_is_the_whole_body(client: Client, value: Any) -> None:
    """A read is answered with any JSON, once."""
    client.venue.fault("answer", endpoint="nextNonce", value=value)
    params = {"account_index": 700, "api_key_index": 5}
    assert await client.get("nextNonce", **params) == (200, value)
    assert (await client.get("nextNonce", **params))[1]["nonce"] == 1


@pytest.mark.parametrize(("fault", "calls"), [("drop_request", 0), ("drop_reply", 1)])
async def test_dropped_read_hangs_until_the_client_gives_up(
    client: Client, fault: str, calls: int
) -> None:
    """A dropped read never ends; only the reply's loss lets the venue have counted it."""
    client.venue.fault(fault, endpoint="nextNonce")
    with pytest.raises(TimeoutError):
        await client.get_for(0.1, "nextNonce", account_index=700, api_key_index=5)
    assert client.venue.summary()["next_nonce_calls"] == calls
