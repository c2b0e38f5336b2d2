"""The WebSocket through a real socket: frames, quirks, transactions."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import aiohttp
import msgspec
import pytest

from nautilus_lighter_nonce.lighter import schemas
from nautilus_lighter_nonce.lighter import transactions
from nautilus_lighter_nonce.loopback import LoopbackVenue
from nautilus_lighter_nonce.loopback import VenueConfig
from tests.loopback import txs
from tests.loopback.client import Client
from tests.loopback.client import Socket


# -- CONNECTION -----------------------------------------------------------------------------------


async def test_connect_greets_with_a_session_id(client: Client) -> None:
    """The first frame says "connected" and names the session."""
    ws = await client.http.ws_connect(client.venue.ws_url)
    greeting = json.loads((await ws.receive(timeout=5)).data)
    assert greeting["type"] == "connected"
    assert greeting["session_id"]


async def test_ping_is_answered_with_pong(socket: Socket) -> None:
    """A ping frame is answered with a pong frame."""
    await socket.send(type="ping")
    assert await socket.next() == {"type": "pong"}


async def test_idle_socket_is_closed() -> None:
    """A socket that sends nothing is closed after the configured time."""
    async with (
        LoopbackVenue(VenueConfig(idle_close_s=0.05)) as venue,
        aiohttp.ClientSession() as http,
    ):
        socket = await Client(venue, http).socket()
        assert (await socket.raw()).type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED)


async def test_venue_pings(client: Client) -> None:
    """The venue sends ping frames of its own."""
    async with (
        LoopbackVenue(VenueConfig(ping_interval_s=0.02)) as venue,
        aiohttp.ClientSession() as http,
    ):
        socket = await Client(venue, http).socket()
        assert await socket.next() == {"type": "ping"}


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ({"type": "subscribe", "channel": "ticker/99"}, 30005),
        ({"type": "subscribe", "channel": "nonsense"}, 30005),
        ({"type": "subscribe", "channel": "account_all_orders/9"}, 30005),
        ({"type": "unsubscribe", "channel": "ticker/0"}, 30002),
        ({"type": "nonsense"}, 30001),
        ({"type": "subscribe", "channel": "account_tx/700", "auth": "garbage"}, 20013),
    ],
)
async def test_bad_frame_is_an_error_without_id(
    socket: Socket, frame: dict[str, Any], code: int
) -> None:
    """An error about anything but a transaction carries only code and text."""
    await socket.send(**frame)
    reply = await socket.next()
    assert set(reply) == {"error"}
    assert reply["error"]["code"] == code


async def test_text_that_is_no_json_is_an_error(socket: Socket) -> None:
    """Text that is not JSON is 30000, and the socket lives on."""
    await socket.ws.send_str("{")
    assert (await socket.next())["error"]["code"] == 30000
    await socket.send(type="ping")
    assert await socket.next() == {"type": "pong"}


# -- SUBSCRIPTIONS --------------------------------------------------------------------------------


async def test_subscribe_without_token_is_refused(socket: Socket) -> None:
    """The orders channel wants a token, and says so with 20001."""
    await socket.send(type="subscribe", channel="account_all_orders/700")
    assert await socket.next() == {
        "error": {
            "code": 20001,
            "message": "invalid param : auth field is required: account_all_orders:700",
        }
    }


async def test_subscribe_twice_is_refused_without_snapshot(socket: Socket) -> None:
    """A second subscription is 30003 and brings no new snapshot."""
    await socket.subscribe("order_book/0")
    await socket.send(type="subscribe", channel="order_book/0")
    assert await socket.next() == {
        "error": {"code": 30003, "message": "Already Subscribed to : order_book:0"}
    }


async def test_unsubscribe_answers_with_spaces(socket: Socket) -> None:
    """The unsubscribed frame alone has spaces after its colons."""
    await socket.subscribe("ticker/0")
    await socket.send(type="unsubscribe", channel="ticker/0")
    message = await socket.raw()
    assert message.data == '{"type": "unsubscribed", "channel": "ticker:0"}'


@pytest.mark.parametrize(
    ("channel", "snapshot"),
    [
        ("account_all_orders", {"orders": {}}),
        ("account_all_positions", {"positions": {}, "shares": []}),
        (
            "account_all_trades",
            {
                "daily_volume": 0,
                "monthly_volume": 0,
                "total_volume": 0,
                "trades": {},
                "weekly_volume": 0,
            },
        ),
        ("account_tx", {}),
    ],
)
async def test_subscribe_fresh_account_snapshot_is_empty(
    socket: Socket, channel: str, snapshot: dict[str, Any]
) -> None:
    """The snapshots of an account that never traded are those recorded live."""
    frame = await socket.subscribe(f"{channel}/700")
    envelope = {"channel": f"{channel}:700", "type": f"subscribed/{channel}"}
    assert frame == envelope | snapshot
    assert list(frame) == sorted(frame)


async def test_subscribe_money_channels_show_collateral(socket: Socket) -> None:
    """Assets and figures show the account's USDC."""
    assets = await socket.subscribe("account_all_assets/700")
    assert assets["assets"]["3"]["margin_balance"] == "1000000.000000"
    stats = await socket.subscribe("user_stats/700")
    assert stats["stats"]["cross_stats"]["available_balance"] == "1000000.000000"


async def test_subscribe_height_tells_it(socket: Socket) -> None:
    """The height channel needs no number."""
    assert (await socket.subscribe("height"))["height"] > 0


# -- PRIVATE FRAMES -------------------------------------------------------------------------------


async def test_create_shows_order_then_position(socket: Socket) -> None:
    """A placed order is pushed as an orders frame, directly followed by a positions frame."""
    await socket.subscribe("account_all_orders/700")
    await socket.subscribe("account_all_positions/700")
    await socket.write_tx("a", 14, txs.create(1, 42))
    frame = await socket.kind("update/account_all_orders")
    (order,) = frame["orders"]["0"]
    assert (order["status"], order["side"], order["integrator_taker_fee"]) == ("open", "", "0")
    assert order["order_index"] >> 48 == 1
    assert order["nonce"] == order["order_index"] & (2**48 - 1)
    position = await socket.next()
    assert position["type"] == "update/account_all_positions"
    assert position["positions"]["0"]["open_order_count"] == 1
    assert msgspec.convert(frame, schemas.OrdersFrame).orders["0"][0].client_order_index == 42


async def test_snapshot_of_live_order_has_empty_integrator(socket: Socket) -> None:
    """In snapshots the integrator fields are empty text."""
    await socket.send_tx("a", 14, txs.create(1))
    await socket.subscribe("account_all_positions/700")
    frame = await socket.subscribe("account_all_orders/700")
    for _ in range(100):
        if frame["orders"]:
            break
        await socket.send(type="unsubscribe", channel="account_all_orders/700")
        frame = await socket.subscribe("account_all_orders/700")
    assert frame["orders"]["0"][0]["integrator_maker_fee"] == ""


async def test_cancel_all_shows_all_orders_in_one_frame(socket: Socket) -> None:
    """A cancel-all pushes one frame with all orders, nothing remaining of any."""
    await socket.subscribe("account_all_orders/700")
    for nonce in (1, 2):
        await socket.write_tx(str(nonce), 14, txs.create(nonce))
        await socket.kind("update/account_all_orders")
    await socket.write_tx("c", 16, txs.cancel_all(3))
    frame = await socket.kind("update/account_all_orders")
    rows = [(o["status"], o["remaining_base_amount"], o["base_size"]) for o in frame["orders"]["0"]]
    assert rows == [("canceled", "0.0000", 0)] * 2


async def test_cancel_all_of_one_market_spares_others(client: Client) -> None:
    """Attribute 5 narrows a cancel-all to one market."""
    await client.send_tx(14, txs.create(1))
    await client.send_tx(14, txs.create(2, MarketIndex=2, Price=140_000))
    await client.send_tx(16, txs.cancel_all(3, L2TxAttributes={"5": 0}))
    await client.executed(3)
    _, body = await client.get("accountActiveOrders", account_index=700, auth=txs.token())
    assert [o["market_index"] for o in body["orders"]] == [2]


async def test_modify_keeps_order_index(socket: Socket) -> None:
    """A modified order keeps its indexes and shows its new price and size."""
    await socket.subscribe("account_all_orders/700")
    await socket.write_tx("a", 14, txs.create(1, 42))
    (before,) = (await socket.kind("update/account_all_orders"))["orders"]["0"]
    await socket.write_tx("b", 17, txs.modify(2, 42, 2_000, 191_000))
    (after,) = (await socket.kind("update/account_all_orders"))["orders"]["0"]
    assert after["order_index"] == before["order_index"]
    assert (after["price"], after["initial_base_amount"]) == ("1910.00", "0.2000")


async def test_fill_shows_order_trade_and_transaction(socket: Socket) -> None:
    """A market order shows a filled order, a trade, and the transaction's record."""
    for channel in ("account_all_orders", "account_all_trades", "account_tx"):
        await socket.subscribe(f"{channel}/700")
    await socket.write_tx("a", 14, txs.take(1, 42))
    (order,) = (await socket.kind("update/account_all_orders"))["orders"]["0"]
    (trade,) = (await socket.kind("update/account_all_trades"))["trades"]["0"]
    (record,) = (await socket.kind("update/account_tx"))["txs"]
    assert (order["status"], order["filled_quote_amount"]) == ("filled", "200.050000")
    assert (trade["bid_client_id"], trade["is_maker_ask"], trade["price"]) == (42, True, "2000.50")
    assert "taker_fee" not in trade
    assert (record["nonce"], transactions.app_error(record["event_info"])) == (1, None)


async def test_refused_duplicate_is_silent_but_for_its_record(socket: Socket) -> None:
    """A duplicate client order index pushes no orders frame, only a record with `ae`."""
    await socket.subscribe("account_all_orders/700")
    await socket.subscribe("account_tx/700")
    await socket.write_tx("a", 14, txs.create(1, 42))
    await socket.kind("update/account_tx")
    socket.frames.clear()
    await socket.write_tx("b", 14, txs.create(2, 42))
    (record,) = (await socket.kind("update/account_tx"))["txs"]
    error = transactions.app_error(record["event_info"])
    assert error is not None
    assert error.code == 21728
    assert not [f for f in socket.frames if f.get("type") == "update/account_all_orders"]


async def test_trade_between_accounts_reaches_both(client: Client) -> None:
    """A trade between two accounts is pushed to both, as maker and as taker."""
    maker, taker = await client.socket(), await client.socket()
    await maker.subscribe("account_all_orders/701", auth=txs.token(701))
    await taker.subscribe("account_all_orders/700")
    ask = txs.create(1, 9, AccountIndex=701, IsAsk=1, Price=200_020)
    await maker.write_tx("m", 14, ask)
    await maker.kind("update/account_all_orders")
    await taker.write_tx("t", 14, txs.take(1, 8))
    (made,) = (await maker.kind("update/account_all_orders"))["orders"]["0"]
    (taken,) = (await taker.kind("update/account_all_orders"))["orders"]["0"]
    assert (made["status"], taken["status"]) == ("filled", "filled")
    assert taken["filled_quote_amount"] == "200.020000"


async def test_touch_moving_fills_the_resting_order(client: Client, socket: Socket) -> None:
    """Moving the touch through a resting order fills it as maker and moves the ticker."""
    await socket.subscribe("account_all_orders/700")
    await socket.subscribe("account_all_trades/700")
    await socket.subscribe("ticker/0")
    await socket.write_tx("a", 14, txs.create(1, 42))
    await socket.kind("update/account_all_orders")
    client.venue.control({"touch": {"market": 0, "bid": "1890.00", "ask": "1895.00"}})
    (order,) = (await socket.kind("update/account_all_orders"))["orders"]["0"]
    (trade,) = (await socket.kind("update/account_all_trades"))["trades"]["0"]
    ticker = (await socket.kind("update/ticker"))["ticker"]
    assert (order["status"], trade["price"], trade["is_maker_ask"]) == ("filled", "1900.00", False)
    assert ticker["a"]["price"] == "1895.00"


async def test_order_book_updates_continue_from_the_snapshot(socket: Socket) -> None:
    """An update begins at the nonce of the frame before and names only changed levels."""
    snapshot = (await socket.subscribe("order_book/0"))["order_book"]
    await socket.write_tx("a", 14, txs.create(1))
    update = (await socket.kind("update/order_book"))["order_book"]
    assert (snapshot["begin_nonce"], update["begin_nonce"]) == (0, snapshot["nonce"])
    assert (update["bids"], update["asks"]) == ([{"price": "1900.00", "size": "0.1000"}], [])
    await socket.write_tx("b", 16, txs.cancel_all(2))
    gone = (await socket.kind("update/order_book"))["order_book"]
    assert gone["begin_nonce"] == update["nonce"]
    assert gone["bids"] == [{"price": "1900.00", "size": "0.0000"}]


# -- TRANSACTIONS ---------------------------------------------------------------------------------


async def test_send_tx_reply_is_sorted_and_carries_id_and_hash(
    client: Client, socket: Socket
) -> None:
    """A success has its keys in alphabetical order, the request's id, and the true hash."""
    await socket.write_tx("probe-b", 14, txs.create(1))
    message = await socket.raw()
    reply = json.loads(message.data)
    assert list(reply) == ["code", "id", "predicted_execution_time_ms", "tx_hash", "type"]
    assert (reply["id"], reply["type"]) == ("probe-b", "jsonapi/sendtx")
    assert reply["tx_hash"] == client.venue.ledger()[0]["tx_hash"]


async def test_send_tx_refusal_has_neither_type_nor_hash(socket: Socket) -> None:
    """A rejection carries the error and the id, nothing else."""
    assert await socket.send_tx("probe-c", 14, txs.create(9)) == {
        "error": {"code": 21104, "message": "invalid nonce"},
        "id": "probe-c",
    }


async def test_send_tx_refusal_without_id_is_not_attributable(socket: Socket) -> None:
    """Without an id in the request there is none in the rejection."""
    data = {"tx_type": 14, "tx_info": {}}
    await socket.send(type="jsonapi/sendtx", data=data)
    assert await socket.next() == {"error": {"code": 21501, "message": "invalid tx info"}}


async def test_send_tx_info_as_text_is_taken(socket: Socket) -> None:
    """`tx_info` may be the JSON text instead of the object."""
    data = {"id": "s", "tx_type": 14, "tx_info": txs.create(1)}
    await socket.send(type="jsonapi/sendtx", data=data)
    assert (await socket.reply("s"))["code"] == 200


@pytest.mark.parametrize("encode", [json.dumps, lambda value: value])
async def test_send_tx_batch_answers_a_list_of_hashes(socket: Socket, encode: Any) -> None:
    """A batch may carry JSON texts of arrays, or arrays; the hashes come as a list."""
    infos = [txs.create(1), txs.create(2)]
    data = {"id": "b", "tx_types": encode([14, 14]), "tx_infos": encode(infos)}
    await socket.send(type="jsonapi/sendtxbatch", data=data)
    reply = await socket.reply("b")
    assert (reply["type"], len(reply["tx_hash"])) == ("jsonapi/sendtxbatch", 2)


async def test_send_tx_batch_over_the_socket_takes_fifteen(socket: Socket) -> None:
    """The socket takes 15 transactions per batch, not 16."""
    infos = [txs.create(n) for n in range(1, 17)]
    for count in (16, 15):
        data = {"id": str(count), "tx_types": [14] * count, "tx_infos": infos[:count]}
        await socket.send(type="jsonapi/sendtxbatch", data=data)
    assert (await socket.reply("16"))["error"]["code"] == 21514
    assert (await socket.reply("15"))["code"] == 200


async def test_send_tx_pipelined_with_latency_answers_in_order_and_together(
    client: Client, socket: Socket
) -> None:
    """Many requests on one socket are delayed each by one round trip, not one after another."""
    client.venue.set(latency_ms=100, jitter_ms=5)
    start = time.monotonic()
    for nonce in range(1, 51):
        await socket.write_tx(str(nonce), 14, txs.create(nonce))
    replies = [await socket.reply(str(nonce)) for nonce in range(1, 51)]
    elapsed = time.monotonic() - start
    assert all(reply["code"] == 200 for reply in replies)
    assert 0.1 <= elapsed < 1.0
    assert client.venue.summary()["keys"][1]["wire_order_ok"]


async def test_send_tx_reorder_lets_jitter_overtake(client: Client, socket: Socket) -> None:
    """With `reorder` requests of one socket may overtake each other."""
    client.venue.set(jitter_ms=20, reorder=True)
    for nonce in range(1, 21):
        await socket.write_tx(str(nonce), 14, txs.create(nonce))
    seen: set[str] = set()
    while len(seen) < 20:
        seen.add((await socket.until(lambda f: "id" in f))["id"])
    assert client.venue.summary()["keys"][1]["gaps"] > 0


@pytest.mark.parametrize(
    ("first", "order"), [(False, ["reply", "frame"]), (True, ["frame", "reply"])]
)
async def test_frame_before_reply_chooses_the_order(
    client: Client, socket: Socket, first: bool, order: list[str]
) -> None:
    """The private frame comes after the reply, or before it if the venue is told so."""
    client.venue.set(frame_before_reply=first, execution_delay_ms=0, latency_ms=4)
    await socket.subscribe("account_all_orders/700")
    await socket.write_tx("a", 14, txs.create(1))
    kinds = ["reply" if "id" in await socket.next() else "frame" for _ in range(2)]
    assert kinds == order


async def test_frame_before_reply_holds_over_rest(client: Client, socket: Socket) -> None:
    """Told so, the private frame is there before the REST reply."""
    client.venue.set(frame_before_reply=True)
    await socket.subscribe("account_all_orders/700")
    order: list[str] = []

    async def post() -> None:
        await client.send_tx(14, txs.create(1))
        order.append("reply")

    async def frame() -> None:
        await socket.kind("update/account_all_orders")
        order.append("frame")

    await asyncio.gather(frame(), post())
    assert order == ["frame", "reply"]
