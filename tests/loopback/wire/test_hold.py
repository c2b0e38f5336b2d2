"""Connections that stall or die without a word: what is held, for whom, and what comes of it."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest

from nautilus_lighter_nonce.loopback import LoopbackVenue
from tests.loopback import txs
from tests.loopback.client import Client
from tests.loopback.client import Socket
from tests.loopback.client import eventually


SOCKET = 1  # the number of the first connection


async def round_trip(socket: Socket) -> None:
    """Return when the venue has answered on a socket: all that others sent before was read."""
    await socket.send(type="ping")
    await socket.kind("pong")


def pong(payload: bytes) -> aiohttp.WSMessage:
    """Return the answer to a WebSocket ping."""
    return aiohttp.WSMessage(aiohttp.WSMsgType.PONG, payload, "")


def indexes(venue: LoopbackVenue) -> list[int]:
    """Return the client order indexes in the order in which the venue saw them."""
    return [row["index"] for row in venue.ledger()]


# -- IN -------------------------------------------------------------------------------------------


async def test_hold_in_delivers_later_in_order(socket: Socket, client: Client) -> None:
    """What is held was taken and not seen; once released it is processed in the order it came."""
    other = await client.socket()
    client.venue.control({"hold": {"direction": "in", "connection": SOCKET}})
    for nonce in (1, 2, 3):
        await socket.write_tx(str(nonce), 14, txs.create(nonce))
    await round_trip(other)
    assert client.venue.ledger() == []

    client.venue.control({"release": {"connection": SOCKET}})

    assert [(await socket.next())["id"] for _ in range(3)] == ["1", "2", "3"]
    assert [row["nonce"] for row in client.venue.ledger()] == [1, 2, 3]


async def test_hold_in_lets_the_venue_talk(socket: Socket, client: Client) -> None:
    """Only one direction is held: the venue's own frames still come."""
    await socket.subscribe("account_all_orders/700")
    client.venue.control({"hold": {"direction": "in"}})
    await socket.write_tx("held", 14, txs.create(2))
    await client.send_tx(14, txs.create(1, 42))
    frame = await socket.kind("update/account_all_orders")
    assert frame["orders"]["0"][0]["client_order_index"] == 42
    assert indexes(client.venue) == [42]


async def test_hold_in_outlives_a_client_that_connects_anew(client: Client) -> None:
    """Frames of a socket that is gone arrive all the same, behind those of the next one."""
    async with aiohttp.ClientSession() as first:
        old = await Client(client.venue, first).socket()
        client.venue.control({"hold": {"direction": "in", "ms": None}})
        await old.write_tx("old", 14, txs.create(2, 42))
        await old.ws.ping()
        new = await client.socket()
        await round_trip(new)
    await new.send_tx("new", 14, txs.create(1, 41))

    client.venue.control({"release": {"connection": SOCKET}})

    await client.executed(2)
    rows = client.venue.ledger()
    assert [(row["index"], row["connection"]) for row in rows] == [(41, 2), (42, SOCKET)]
    assert [row["outcome"] for row in rows] == ["executed", "executed"]
    assert [row["replied"] for row in rows] == [True, False]


async def test_hold_in_takes_what_came_with_the_end_of_the_socket(client: Client) -> None:
    """A frame and the end of its connection that come together leave the frame held."""
    client.venue.fault("hold")
    async with aiohttp.ClientSession() as first:
        old = await Client(client.venue, first).socket()
        for nonce in (1, 2):
            await old.write_tx(str(nonce), 14, txs.create(nonce))
    new = await client.socket()
    await round_trip(new)
    assert client.venue.ledger() == []
    client.venue.control({"release": {}})
    assert [row["nonce"] for row in client.venue.ledger()] == [1, 2]


async def test_hold_in_holds_the_close_too(client: Client) -> None:
    """The venue has not read the client's close, so it does not answer it, until it is released."""
    socket = await client.socket()
    client.venue.control({"hold": {"direction": "in"}})
    await socket.write_tx("a", 14, txs.create(1))
    closing = asyncio.create_task(socket.ws.close())
    other = await client.socket()
    await round_trip(other)
    assert not closing.done()
    client.venue.control({"release": {}})
    async with asyncio.timeout(5):
        await closing
    assert socket.ws.close_code == 1000
    assert [row["outcome"] for row in client.venue.ledger()] != []


async def test_hold_for_ms_releases_by_itself(socket: Socket, client: Client) -> None:
    """A hold with a time ends by itself."""
    client.venue.control({"hold": {"direction": "in", "ms": 30}})
    reply = await socket.send_tx("a", 14, txs.create(1))
    assert reply["code"] == 200


async def test_hold_ledger_says_when_the_kernel_had_it(socket: Socket, client: Client) -> None:
    """The ledger's row tells the lever, and that it was there before it was seen."""
    other = await client.socket()
    client.venue.fault("hold")
    await socket.write_tx("held", 14, txs.create(2, 42))
    await round_trip(other)
    await other.send_tx("free", 14, txs.create(1, 41))
    client.venue.control({"release": {}})
    await socket.reply("held")
    free, held = client.venue.ledger()
    assert (held["index"], held["fault"]) == (42, "hold")
    assert held["received_ns"] < free["received_ns"] <= free["processed_ns"]
    assert free["processed_ns"] < held["processed_ns"] <= held["answered_ns"]


# -- OUT ------------------------------------------------------------------------------------------


async def test_hold_out_processes_and_answers_later(socket: Socket, client: Client) -> None:
    """The venue does what it is told, and nothing that it says arrives before the release."""
    await socket.subscribe("account_all_orders/700")
    client.venue.control({"hold": {"direction": "out", "connection": SOCKET}})
    await socket.write_tx("a", 14, txs.create(1, 42))
    await client.executed(1)
    assert client.venue.ledger()[0]["replied"] is False

    client.venue.control({"release": {"connection": SOCKET}})

    assert (await socket.next())["id"] == "a"
    assert (await socket.next())["type"] == "update/account_all_orders"
    await eventually(lambda: client.venue.ledger()[0]["replied"])


async def test_hold_out_loses_the_replies_of_a_closed_socket(client: Client) -> None:
    """What is held for a socket that has gone by then is lost."""
    async with aiohttp.ClientSession() as first:
        old = await Client(client.venue, first).socket()
        client.venue.fault("hold", direction="out")
        await old.write_tx("a", 14, txs.create(1, 42))
        await client.executed(1)
    await (await client.socket()).subscribe("account_all_orders/700")
    client.venue.control({"release": {}})
    assert client.venue.ledger()[0]["replied"] is False


@pytest.mark.parametrize("direction", ["in", "out", "both"])
async def test_hold_holds_control_pings(client: Client, direction: str) -> None:
    """A held connection answers no WebSocket ping, whichever way is held, until it is released."""
    socket, other = await client.socket(autoping=False), await client.socket()
    await socket.ws.ping(b"before")
    assert await socket.raw() == pong(b"before")
    client.venue.control({"hold": {"direction": direction, "connection": SOCKET}})
    await socket.ws.ping(b"held")
    waiting = asyncio.create_task(socket.raw())
    await round_trip(other)
    await round_trip(other)
    assert not waiting.done()
    client.venue.control({"release": {}})
    assert await waiting == pong(b"held")


async def test_release_reaches_only_the_connection_that_it_names(
    socket: Socket, client: Client
) -> None:
    """Two held sockets are released one by one, in any order."""
    other = await client.socket()
    client.venue.control({"hold": {}})
    await socket.write_tx("first", 14, txs.create(2, 42))
    await other.write_tx("second", 14, txs.create(1, 41))
    client.venue.control({"release": {"connection": 2}})
    assert (await other.reply("second"))["code"] == 200
    client.venue.control({"release": {"connection": SOCKET}})
    assert (await socket.reply("first"))["code"] == 200


async def test_hold_out_keeps_a_late_reply_late(socket: Socket, client: Client) -> None:
    """A reply that was late before it was held is overtaken after the release as well."""
    client.venue.control({"hold": {"direction": "out"}})
    client.venue.fault("delay", ms=50)
    await socket.write_tx("slow", 14, txs.create(1))
    await socket.write_tx("fast", 14, txs.create(2))
    await client.executed(2)
    client.venue.control({"release": {}})
    assert [(await socket.next())["id"] for _ in range(2)] == ["fast", "slow"]


async def test_release_of_a_socket_that_is_gone_and_holds_nothing_is_refused(
    client: Client,
) -> None:
    """A connection is known as long as it is open or holds something."""
    async with aiohttp.ClientSession() as first:
        await Client(client.venue, first).socket()
        client.venue.control({"hold": {"connection": SOCKET}})
    await round_trip(await client.socket())
    client.venue.control({"release": {"connection": SOCKET}})
    with pytest.raises(ValueError, match="there is no connection 1"):
        client.venue.control({"release": {"connection": SOCKET}})


async def test_stop_loses_what_is_held(socket: Socket, client: Client) -> None:
    """A venue that has ended processes nothing more."""
    client.venue.fault("hold")
    await socket.write_tx("a", 14, txs.create(1))
    await round_trip(await client.socket())
    await client.venue.stop()
    client.venue.control({"release": {}})
    assert client.venue.ledger() == []


async def test_hold_of_a_subscription_outlives_nothing(client: Client) -> None:
    """A subscription that arrives after its client has gone is nobody's, and uses up no lever."""
    async with aiohttp.ClientSession() as first:
        old = await Client(client.venue, first).socket()
        client.venue.control({"hold": {"connection": SOCKET}})
        await old.send(type="subscribe", channel="account_all_orders/700", auth=txs.token())
    new = await client.socket()
    await round_trip(new)
    client.venue.control({"release": {}})
    client.venue.fault("frame_drop", channel="account_all_orders")
    await client.send_tx(14, txs.create(1, 41))
    await client.executed(1)
    await new.subscribe("account_all_orders/700")
    for nonce in (2, 3):
        await client.send_tx(14, txs.create(nonce, 40 + nonce))
    frame = await new.kind("update/account_all_orders")
    assert frame["orders"]["0"][0]["client_order_index"] == 43


@pytest.mark.parametrize(
    "command",
    [
        {"hold": {"connection": 99}},
        {"release": {"connection": 99}},
        {"half_open": {"connection": 99}},
        {"hold": {"direction": "sideways"}},
        {"hold": {"ms": -1}},
    ],
)
async def test_hold_wrong_command_is_refused(client: Client, command: dict[str, Any]) -> None:
    """A connection that is not there, and a direction that is none, are refused."""
    with pytest.raises(ValueError, match=r"connection 99|direction|ms"):
        client.venue.control(command)


# -- LEVERS ---------------------------------------------------------------------------------------


async def test_hold_lever_begins_with_the_frame_that_it_selects(
    socket: Socket, client: Client
) -> None:
    """What came before passes; the selected frame and all behind it are held."""
    client.venue.fault("hold", client_order_index=42)
    assert (await socket.send_tx("a", 14, txs.create(1, 41)))["code"] == 200
    await socket.write_tx("b", 14, txs.create(2, 42))
    await socket.write_tx("c", 14, txs.create(3, 43))
    await round_trip(await client.socket())
    assert indexes(client.venue) == [41]
    client.venue.control({"release": {}})
    await socket.reply("c")
    assert indexes(client.venue) == [41, 42, 43]


async def test_hold_lever_for_ms_ends_by_itself(socket: Socket, client: Client) -> None:
    """A lever's hold has a time as well."""
    client.venue.fault("hold", direction="both", ms=30)
    assert (await socket.send_tx("a", 14, txs.create(1)))["code"] == 200


async def test_hold_lever_leaves_rest_alone(socket: Socket, client: Client) -> None:
    """A lever of a socket is not used up by a transaction over REST."""
    client.venue.fault("hold")
    assert (await client.send_tx(14, txs.create(1)))[0] == 200
    await socket.write_tx("a", 14, txs.create(2))
    await round_trip(await client.socket())
    assert len(client.venue.ledger()) == 1


# -- HALF OPEN ------------------------------------------------------------------------------------


async def test_half_open_is_dead_without_a_close(client: Client) -> None:
    """Nothing is processed, nothing is sent, pings are not answered, and TCP stands."""
    socket, other = await client.socket(autoping=False), await client.socket()
    await socket.subscribe("account_all_orders/700")
    client.venue.control({"half_open": {"connection": SOCKET}})
    await socket.write_tx("a", 14, txs.create(1, 42))
    await socket.ws.ping()
    await client.send_tx(14, txs.create(1, 41))
    await client.executed(1)
    waiting = asyncio.create_task(socket.raw())
    await round_trip(other)
    await round_trip(other)
    assert indexes(client.venue) == [41]
    assert not waiting.done()
    assert not socket.ws.closed
    client.venue.control({"release": {}})  # there is nothing to release
    await round_trip(other)
    assert indexes(client.venue) == [41]
    waiting.cancel()


async def test_half_open_lever_begins_with_its_frame(socket: Socket, client: Client) -> None:
    """The selected transaction is the first that the venue never sees; a new socket works."""
    client.venue.fault("half_open", nonce=2)
    assert (await socket.send_tx("a", 14, txs.create(1)))["code"] == 200
    await socket.write_tx("b", 14, txs.create(2))
    new = await client.socket()
    assert (await new.send_tx("c", 14, txs.create(2)))["code"] == 200
    assert [row["connection"] for row in client.venue.ledger()] == [SOCKET, 2]


async def test_half_open_socket_uses_up_no_lever(socket: Socket, client: Client) -> None:
    """What is written to a dead socket meets nothing."""
    client.venue.control({"half_open": {"connection": SOCKET}})
    client.venue.fault("hold")
    await socket.write_tx("a", 14, txs.create(1))
    new = await client.socket()
    await new.write_tx("b", 14, txs.create(1))
    await round_trip(await client.socket())
    assert client.venue.ledger() == []
    client.venue.control({"release": {}})
    assert [row["connection"] for row in client.venue.ledger()] == [2]
