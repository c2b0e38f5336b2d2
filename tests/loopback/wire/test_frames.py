"""Frames of channels that are late, lost, doubled or unreadable, and streams that lag."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from tests.loopback import txs
from tests.loopback.client import Client
from tests.loopback.client import Socket
from tests.loopback.client import eventually


ORDERS = "account_all_orders"
TXS = "account_tx"


def client_index(frame: dict[str, Any]) -> int:
    """Return the client order index of an orders frame's one order."""
    index: int = frame["orders"]["0"][0]["client_order_index"]
    return index


async def test_frame_drop_leaves_a_gap(socket: Socket, client: Client) -> None:
    """One frame of the channel is missing; the next one comes, and other channels miss nothing."""
    await socket.subscribe(f"{ORDERS}/700")
    await socket.subscribe(f"{TXS}/700")
    client.venue.fault("frame_drop", channel=ORDERS)
    for nonce in (1, 2):
        await client.send_tx(14, txs.create(nonce, 40 + nonce))
        await client.executed(nonce)
    assert client_index(await socket.kind(f"update/{ORDERS}")) == 42
    shown = [frame["type"] for frame in socket.frames if frame["type"].startswith("update/")]
    assert shown == [f"update/{TXS}", f"update/{ORDERS}"]


async def test_frame_drop_for_ever_is_a_silent_channel(socket: Socket, client: Client) -> None:
    """Without a count the channel says nothing more, until a reset."""
    await socket.subscribe(f"{ORDERS}/700")
    client.venue.fault("frame_drop", channel=f"{ORDERS}/700", count=None)
    for nonce in (1, 2, 3):
        await client.send_tx(14, txs.create(nonce, 40 + nonce))
    await client.executed(3)
    client.venue.control({"reset": True})
    await client.send_tx(14, txs.create(4, 44))
    assert client_index(await socket.kind(f"update/{ORDERS}")) == 44


async def test_frame_double_comes_twice(socket: Socket, client: Client) -> None:
    """The same frame comes twice, one behind the other."""
    await socket.subscribe(f"{ORDERS}/700")
    client.venue.fault("frame_double", channel=ORDERS)
    await client.send_tx(14, txs.create(1, 41))
    first = await socket.kind(f"update/{ORDERS}")
    assert await socket.next() == first


async def test_frame_delay_is_late_within_its_channel(socket: Socket, client: Client) -> None:
    """A late frame is overtaken by replies and other channels, not by its own."""
    await socket.subscribe(f"{ORDERS}/700")
    await socket.subscribe(f"{TXS}/700")
    client.venue.fault("frame_delay", channel=ORDERS, ms=400)
    for nonce in (1, 2):
        await socket.send_tx(str(nonce), 14, txs.create(nonce, 40 + nonce))
    frames = [await socket.kind(f"update/{ORDERS}") for _ in range(2)]
    assert [client_index(frame) for frame in frames] == [41, 42]
    kinds = [f["type"] for f in socket.frames if f["type"].startswith("update/")]
    assert kinds == [f"update/{TXS}"] * 2 + [f"update/{ORDERS}"] * 2


@pytest.mark.parametrize("body", ["garbage", "html", "empty", "truncated"])
async def test_frame_unreadable_is_text_and_no_json(
    socket: Socket, client: Client, body: str
) -> None:
    """One frame cannot be read; the next one can."""
    await socket.subscribe(f"{ORDERS}/700")
    client.venue.fault("frame_unreadable", channel=ORDERS, body=body)
    await client.send_tx(14, txs.create(1, 41))
    message = await socket.raw()
    assert message.type is aiohttp.WSMsgType.TEXT
    with pytest.raises(ValueError, match=r"Expecting|Unterminated"):
        message.json()
    await client.send_tx(14, txs.create(2, 42))
    assert client_index(await socket.kind(f"update/{ORDERS}")) == 42


async def test_frame_not_utf8_breaks_a_strict_clients_connection(
    socket: Socket, client: Client
) -> None:
    """A text frame that is no UTF-8 ends the connection with 1007, as the protocol asks."""
    await socket.subscribe(f"{ORDERS}/700")
    client.venue.fault("frame_unreadable", channel=ORDERS, body="not_utf8")
    await client.send_tx(14, txs.create(1, 41))
    message = await socket.raw()
    assert message.type is aiohttp.WSMsgType.ERROR
    assert socket.ws.close_code == aiohttp.WSCloseCode.INVALID_TEXT


async def test_frame_lever_counts_and_selects_like_any_other(
    socket: Socket, client: Client
) -> None:
    """`after`, `every` and `account_index` go by the frames of what the lever selects."""
    await socket.subscribe(f"{ORDERS}/700")
    client.venue.fault("frame_drop", account_index=701, count=None)
    client.venue.fault("frame_drop", channel=ORDERS, after=1, every=2, count=None)
    for nonce in range(1, 7):
        await client.send_tx(14, txs.create(nonce, 40 + nonce))
        await client.executed(nonce)
    shown = [client_index(await socket.kind(f"update/{ORDERS}")) for _ in range(4)]
    assert shown == [41, 42, 44, 46]


async def test_frame_lever_of_a_connection_spares_the_others(
    socket: Socket, client: Client
) -> None:
    """With `connection` one subscriber loses what the other receives."""
    other = await client.socket()
    for subscriber in (socket, other):
        await subscriber.subscribe(f"{ORDERS}/700")
    client.venue.fault("frame_drop", channel=ORDERS, connection=1)
    for nonce in (1, 2):
        await client.send_tx(14, txs.create(nonce, 40 + nonce))
    assert client_index(await other.kind(f"update/{ORDERS}")) == 41
    assert client_index(await socket.kind(f"update/{ORDERS}")) == 42


async def test_frame_lever_spares_snapshots_unless_it_names_them(client: Client) -> None:
    """A lever of a channel is for its updates; "subscribed/" before the name is for snapshots."""
    client.venue.fault("frame_drop", channel=ORDERS, count=None)
    socket = await client.socket()
    assert (await socket.subscribe(f"{ORDERS}/700"))["type"] == f"subscribed/{ORDERS}"
    client.venue.fault("frame_double", channel=f"subscribed/{ORDERS}/700")
    again = await client.socket()
    snapshot = await again.subscribe(f"{ORDERS}/700")
    assert await again.next() == snapshot


async def test_frame_lever_is_not_used_up_by_subscribers_that_have_gone(client: Client) -> None:
    """Where nobody is subscribed any more there is no frame, and no lever counts one."""
    async with aiohttp.ClientSession() as first:
        old = await Client(client.venue, first).socket()
        await old.subscribe(f"{ORDERS}/700")
    new = await client.socket()
    client.venue.fault("frame_drop", channel=ORDERS)
    await client.send_tx(14, txs.create(1, 41))
    await client.executed(1)
    await new.subscribe(f"{ORDERS}/700")
    for nonce in (2, 3):
        await client.send_tx(14, txs.create(nonce, 40 + nonce))
    assert client_index(await new.kind(f"update/{ORDERS}")) == 43


async def test_frame_lever_of_a_public_channel(socket: Socket, client: Client) -> None:
    """Public channels have the same levers."""
    await socket.subscribe("ticker/0")
    client.venue.fault("frame_double", channel="ticker")
    client.venue.move_touch(0, "1999.00", "2000.00")
    first = await socket.kind("update/ticker")
    assert await socket.next() == first


# -- LAG ------------------------------------------------------------------------------------------


async def test_stream_lag_lets_replies_and_public_frames_pass(
    socket: Socket, client: Client
) -> None:
    """Private frames come later than what happened after them; all of them come, in order."""
    for channel in (f"{ORDERS}/700", f"{TXS}/700", "ticker/0"):
        await socket.subscribe(channel)
    client.venue.set(stream_lag_ms=500)
    assert (await socket.send_tx("a", 14, txs.create(1, 41)))["code"] == 200
    await client.executed(1)
    client.venue.move_touch(0, "1999.00", "2000.00")
    assert (await socket.send_tx("b", 14, txs.create(2, 42)))["code"] == 200
    for _ in range(2):
        await socket.kind(f"update/{TXS}")
    kinds = [frame["type"].rpartition("/")[2] for frame in socket.frames[-7:]]
    assert kinds == ["sendtx", "ticker", "sendtx", ORDERS, TXS, ORDERS, TXS]


async def test_stream_lag_of_a_snapshot_is_the_past(client: Client) -> None:
    """A subscription's first frame is as late as the others, and shows what was true when asked."""
    client.venue.set(stream_lag_ms=400)
    socket = await client.socket()
    await socket.send(type="subscribe", channel=f"{ORDERS}/700", auth=txs.token())
    await socket.send(type="ping")
    assert (await socket.next())["type"] == "pong"
    await client.send_tx(14, txs.create(1, 41))
    assert (await socket.next())["orders"] == {}
    assert client_index(await socket.next()) == 41


async def test_stream_lag_that_ends_keeps_the_order(socket: Socket, client: Client) -> None:
    """When the lag ends, late frames still come before newer ones."""
    await socket.subscribe(f"{ORDERS}/700")
    client.venue.set(stream_lag_ms=60)
    await client.send_tx(14, txs.create(1, 41))
    await client.executed(1)
    client.venue.set(stream_lag_ms=0)
    await client.send_tx(14, txs.create(2, 42))
    frames = [await socket.kind(f"update/{ORDERS}") for _ in range(2)]
    assert [client_index(frame) for frame in frames] == [41, 42]


async def test_stream_lag_is_lost_with_the_socket(client: Client) -> None:
    """What is late for a socket that has gone by then is nobody's."""
    async with aiohttp.ClientSession() as first:
        old = await Client(client.venue, first).socket()
        await old.subscribe(f"{ORDERS}/700")
        client.venue.set(stream_lag_ms=30)
        await client.send_tx(14, txs.create(1, 41))
        await client.executed(1)
    client.venue.set(stream_lag_ms=0)
    new = await client.socket()
    snapshot = await new.subscribe(f"{ORDERS}/700")
    assert client_index(snapshot) == 41
    await client.send_tx(14, txs.create(2, 42))
    assert client_index(await new.next()) == 42
    await eventually(lambda: len(client.venue.ledger()) == 2)
