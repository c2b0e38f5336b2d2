"""Sockets that the venue closes with and without a word, and channels whose token has ended."""

from __future__ import annotations

import asyncio
import time

import aiohttp
import pytest

from tests.loopback import txs
from tests.loopback.client import Client
from tests.loopback.client import Socket
from tests.loopback.client import eventually


CLOSED = (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR)
ORDERS = "account_all_orders"


async def ends(socket: Socket) -> int | None:
    """Return the code with which the venue closes a socket after whatever it still says."""
    while (message := await socket.raw()).type is aiohttp.WSMsgType.TEXT:
        socket.frames.append(message.json())
    assert message.type in CLOSED
    return socket.ws.close_code


# -- SHUTDOWN -------------------------------------------------------------------------------------


async def test_shutdown_announces_and_closes_after_its_grace(
    socket: Socket, client: Client
) -> None:
    """The frame names the grace; orders are taken and answered until it is over; then 1001."""
    client.venue.fault("shutdown", ms=400)
    assert await socket.next() == {"close_in_ms": 400, "type": "shutdown"}
    start = time.monotonic()
    assert (await socket.send_tx("a", 14, txs.create(1)))["code"] == 200
    assert await ends(socket) == aiohttp.WSCloseCode.GOING_AWAY
    assert time.monotonic() - start >= 0.35


async def test_shutdown_spares_the_socket_that_comes_in_time(
    socket: Socket, client: Client
) -> None:
    """A socket that was opened after the announcement stays open."""
    client.venue.fault("shutdown", ms=30)
    await socket.kind("shutdown")
    new = await client.socket()
    await ends(socket)
    assert (await new.send_tx("a", 14, txs.create(1)))["code"] == 200


async def test_shutdown_without_grace_closes_behind_its_frame(
    socket: Socket, client: Client
) -> None:
    """With no milliseconds the frame is the last one."""
    client.venue.fault("shutdown")
    assert await ends(socket) == aiohttp.WSCloseCode.GOING_AWAY
    assert socket.frames[-1] == {"close_in_ms": 0, "type": "shutdown"}


async def test_shutdown_unannounced_is_a_close_without_a_frame(
    socket: Socket, client: Client
) -> None:
    """Nothing tells it, but the close itself is in order."""
    client.venue.fault("shutdown", announced=False)
    assert await ends(socket) == aiohttp.WSCloseCode.GOING_AWAY
    assert [frame["type"] for frame in socket.frames] == ["connected"]


@pytest.mark.parametrize(
    ("when", "kinds"),
    [("before", ["shutdown", "jsonapi/sendtx"]), ("after", ["jsonapi/sendtx", "shutdown"])],
)
async def test_shutdown_with_grace_around_a_transaction(
    socket: Socket, client: Client, when: str, kinds: list[str]
) -> None:
    """The announcement goes out before or behind the answer; the transaction is processed."""
    client.venue.fault("shutdown", ms=20, when=when)
    await socket.write_tx("a", 14, txs.create(1))
    await ends(socket)
    assert [frame["type"] for frame in socket.frames[1:]] == kinds
    row = client.venue.ledger()[0]
    assert (row["fault"], row["code"], row["replied"]) == ("shutdown", 200, True)


@pytest.mark.parametrize(("when", "accepted"), [("before", False), ("after", True)])
async def test_shutdown_without_grace_around_a_transaction(
    socket: Socket, client: Client, when: str, accepted: bool
) -> None:
    """The transaction stays unanswered, unprocessed or processed."""
    client.venue.fault("shutdown", when=when)
    await socket.write_tx("a", 14, txs.create(1))
    await ends(socket)
    assert [frame["type"] for frame in socket.frames] == ["connected", "shutdown"]
    row = client.venue.ledger()[0]
    assert (row["accepted"], row["replied"]) == (accepted, False)


async def test_shutdown_waits_for_what_is_held(socket: Socket, client: Client) -> None:
    """On a held connection the announcement and the close arrive with the rest."""
    client.venue.control({"hold": {"direction": "out"}})
    client.venue.fault("shutdown")
    await socket.write_tx("a", 14, txs.create(1, 42))
    await client.executed(1)
    client.venue.control({"release": {}})
    assert await ends(socket) == aiohttp.WSCloseCode.GOING_AWAY
    assert socket.frames[-1]["type"] == "shutdown"


async def test_close_sockets_leaves_what_is_held(socket: Socket, client: Client) -> None:
    """The venue cuts the connection, and what a network still holds arrives later."""
    client.venue.fault("hold")
    await socket.write_tx("a", 14, txs.create(1, 42))
    await (await client.socket()).send_tx("other", 14, txs.create(9))
    client.venue.fault("close_sockets")
    await ends(socket)
    client.venue.control({"release": {}})
    assert client.venue.ledger()[-1]["index"] == 42


async def test_close_sockets_loses_what_is_on_its_way(socket: Socket, client: Client) -> None:
    """A request that has not reached the venue when it cuts the socket never does."""
    client.venue.set(latency_ms=600)
    await socket.write_tx("lost", 14, txs.create(1, 42))
    connecting = asyncio.create_task(client.socket())
    await eventually(lambda: client.venue.counters.connections == 2)  # so the frame was read
    client.venue.fault("close_sockets")
    await ends(socket)
    connecting.cancel()
    await client.send_tx(14, txs.create(1, 43))
    assert [row["index"] for row in client.venue.ledger()] == [43]


# -- WHAT IS ON THE WAY ---------------------------------------------------------------------------


async def test_request_on_its_way_arrives_without_its_client(client: Client) -> None:
    """What was sent before the client closed is processed when its way is over."""
    client.venue.set(latency_ms=60)
    async with aiohttp.ClientSession() as first:
        old = await Client(client.venue, first).socket()
        await old.write_tx("a", 14, txs.create(1, 42))
    await client.executed(1)
    assert client.venue.ledger()[0]["replied"] is False


async def test_rest_request_on_its_way_arrives_without_its_client(client: Client) -> None:
    """Over REST too: a client that gives up has not taken its transaction back."""
    client.venue.set(latency_ms=1_000)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await client.send_tx(14, txs.create(1, 42))
    assert client.venue.ledger() == []
    await client.executed(1)
    assert client.venue.ledger()[0]["replied"] is False


# -- TOKENS ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", ["revoked", "expired"])
async def test_revoked_token_ends_its_channels(socket: Socket, client: Client, reason: str) -> None:
    """A private channel ends with the error of its token; public ones go on."""
    await socket.subscribe(f"{ORDERS}/700")
    await socket.subscribe("ticker/0")
    client.venue.control({"revoke_tokens": {"account_index": 700, "reason": reason}})
    await client.send_tx(14, txs.create(1))
    await client.executed(1)
    client.venue.move_touch(0, "1999.00", "2000.00")
    error = (await socket.next())["error"]
    assert error["code"] == 20013
    assert error["message"] == f"invalid auth: {reason} token: {ORDERS}:700"
    assert (await socket.next())["type"] == "update/ticker"


async def test_revoked_token_is_refused_and_a_new_one_taken(socket: Socket, client: Client) -> None:
    """The same token gets no channel any more, another one does."""
    old, new = txs.token(), txs.token(ahead_s=900)
    await socket.subscribe(f"{ORDERS}/700", old)
    client.venue.control({"revoke_tokens": {"account_index": 700}})
    assert "error" in await socket.next()
    await socket.send(type="subscribe", channel=f"{ORDERS}/700", auth=old)
    assert (await socket.next())["error"]["code"] == 20013
    assert await socket.subscribe(f"{ORDERS}/700", new)


async def test_token_that_expires_ends_its_channel(socket: Socket, client: Client) -> None:
    """A channel does not outlive its token."""
    await socket.subscribe(f"{ORDERS}/700", txs.token(ahead_s=60))
    client.venue.set(clock_skew_ms=61_000)
    error = (await socket.next())["error"]
    assert error == {
        "code": 20013,
        "message": f"invalid auth: expired token: {ORDERS}:700",
    }


@pytest.mark.parametrize("command", ["replace_key", "delete_key"])
async def test_token_of_a_key_that_has_gone_ends_its_channel(
    socket: Socket, client: Client, command: str
) -> None:
    """Tokens of a replaced or deleted key are no good either."""
    await socket.subscribe(f"{ORDERS}/700")
    client.venue.control({command: {"account_index": 700, "api_key_index": 5}})
    assert (await socket.next())["error"]["code"] == 20013
