"""Commands about keys, accounts and strangers, told over HTTP and seen by a foreign client."""

from __future__ import annotations

from typing import Any

import pytest

from nautilus_lighter_nonce.loopback.keys import DEMO_PUBLIC_KEY
from nautilus_lighter_nonce.loopback.keys import OTHER_PUBLIC_KEY
from tests.loopback import txs
from tests.loopback.client import SILENCE_S
from tests.loopback.client import Client
from tests.loopback.client import Socket


KEY = {"account_index": 700, "api_key_index": 5}
EXPIRED = "invalid auth: expired token"
REVOKED = "invalid auth: revoked token"


async def asked(client: Client) -> int:
    """Return what `nextNonce` says."""
    return int((await client.get("nextNonce", **KEY))[1]["nonce"])


# -- NONCES, TOKENS, KEYS -------------------------------------------------------------------------


async def test_reset_nonce_begins_again(client: Client) -> None:
    """After a relaunch the counter is low again, at the API and in the sequencer."""
    for nonce in (1, 2):
        await client.send_tx(14, txs.create(nonce))
    await client.executed(2)
    await client.tell("reset_nonce", **KEY, nonce=1)
    assert await asked(client) == 1
    assert (await client.send_tx(14, txs.create(3)))[1]["code"] == 21104
    assert (await client.send_tx(14, txs.create(1, 77)))[0] == 200


@pytest.mark.parametrize(("reason", "text"), [("expired", EXPIRED), ("revoked", REVOKED)])
async def test_revoke_tokens_ends_private_channels(
    client: Client, socket: Socket, reason: str, text: str
) -> None:
    """A private channel ends with the error that names it; nothing comes after, a new token may."""
    old = txs.token()
    await socket.subscribe("account_all_orders/700", old)
    await client.tell("revoke_tokens", account_index=700, reason=reason)
    error = (await socket.next())["error"]
    assert error == {"code": 20013, "message": f"{text}: account_all_orders:700"}
    await client.send_tx(14, txs.create(1))
    await client.executed(1)
    with pytest.raises(TimeoutError):
        await socket.ws.receive(timeout=SILENCE_S)
    await socket.send(type="subscribe", channel="account_all_orders/700", auth=old)
    assert (await socket.next())["error"]["code"] == 20013
    fresh = txs.token(ahead_s=601)
    snapshot = await socket.subscribe("account_all_orders/700", fresh)
    assert len(snapshot["orders"]["0"]) == 1


async def test_revoke_tokens_refuses_reads(client: Client) -> None:
    """A read with an old token is 401 with 20013; other accounts' tokens are good."""
    theirs = {"account_index": 701, "auth": txs.token(701)}
    mine = {"account_index": 700, "auth": txs.token()}
    for params in (mine, theirs):
        assert (await client.get("accountActiveOrders", **params))[0] == 200
    await client.tell("revoke_tokens", account_index=700, reason="expired")
    status, body = await client.get("accountActiveOrders", **mine)
    assert (status, body) == (401, {"code": 20013, "message": EXPIRED})
    assert (await client.get("accountActiveOrders", **theirs))[0] == 200


async def test_replace_key_refuses_the_old_one(client: Client, socket: Socket) -> None:
    """Transactions are 21108, tokens 20013, `apikeys` shows another; registering mends all."""
    await client.tell("replace_key", **KEY)
    assert (await socket.send_tx("a", 14, txs.create(1)))["error"]["code"] == 21108
    reading = {"account_index": 700, "auth": txs.token()}
    assert (await client.get("accountActiveOrders", **reading))[0] == 401
    assert (await client.get("apikeys", **KEY))[1]["api_keys"][0]["public_key"] == OTHER_PUBLIC_KEY
    await client.tell("register_key", **KEY, nonce=None)
    assert (await socket.send_tx("b", 14, txs.create(1)))["code"] == 200
    assert (await client.get("accountActiveOrders", **reading))[0] == 200
    assert (await client.get("apikeys", **KEY))[1]["api_keys"][0]["public_key"] == DEMO_PUBLIC_KEY


async def test_delete_key_takes_it_away(client: Client, socket: Socket) -> None:
    """Transactions and `apikeys` are 21109 until it is registered again."""
    await client.send_tx(14, txs.create(1))
    await client.executed(1)
    await client.tell("delete_key", **KEY)
    assert (await socket.send_tx("a", 14, txs.create(2)))["error"]["code"] == 21109
    assert (await client.get("apikeys", **KEY))[1]["code"] == 21109
    await client.tell("register_key", **KEY, nonce=None)
    assert (await socket.send_tx("b", 14, txs.create(2)))["code"] == 200


@pytest.mark.parametrize("command", ["register_key", "replace_key"])
@pytest.mark.parametrize("public_key", ["00" * 40, "zz" * 40, "ab", ""])
async def test_key_that_is_no_key_is_refused(client: Client, command: str, public_key: str) -> None:
    """What is no point of the curve is refused, and the key is as it was."""
    status, body = await client.control({command: KEY | {"public_key": public_key}})
    assert (status, body["ok"]) == (400, False)
    assert (await client.get("apikeys", **KEY))[1]["api_keys"][0]["public_key"] == DEMO_PUBLIC_KEY
    assert (await client.send_tx(14, txs.create(1)))[0] == 200


# -- ACCOUNT --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "create", "cancel"),
    [("pre_liquidation", 21111, 200), ("liquidation", 21112, 21112), ("not_found", 21100, 21100)],
)
async def test_account_status_refuses(
    client: Client, status: str, create: int, cancel: int
) -> None:
    """An account in trouble takes what its status lets it take, until all is well."""
    await client.tell("account", account_index=700, status=status)
    assert (await client.send_tx(14, txs.create(1)))[1]["code"] == create
    assert (await client.send_tx(15, txs.cancel(1, 9)))[1]["code"] == cancel
    await client.tell("account", account_index=700, status="ok")
    await client.tell("reset_nonce", **KEY, nonce=1)
    assert (await client.send_tx(14, txs.create(1)))[0] == 200


async def test_account_not_found_reads_as_none(client: Client, socket: Socket) -> None:
    """Reads answer 21100, the counter 0, and there is no channel."""
    await client.tell("account", account_index=700, status="not_found")
    assert (await client.get("account", by="index", value=700))[1]["code"] == 21100
    await socket.send(type="subscribe", channel="account_all_orders/700", auth=txs.token())
    assert (await socket.next())["error"]["code"] == 30005


# -- STRANGERS ------------------------------------------------------------------------------------


async def test_trade_of_a_human_is_seen_on_the_private_stream(
    client: Client, socket: Socket
) -> None:
    """A human's order comes as ours do: an order frame, a record of another key, its own nonce."""
    await socket.subscribe("account_all_orders/700")
    await socket.subscribe("account_tx/700")
    trade = {"market_id": 0, "side": "sell", "size": "0.1", "price": "2100.00"}
    await client.tell("trade", account_index=700, **trade)
    (order,) = (await socket.kind("update/account_all_orders"))["orders"]["0"]
    assert (order["client_order_index"], order["is_ask"], order["price"]) == (0, True, "2100.00")
    (row,) = (await socket.kind("update/account_tx"))["txs"]
    assert (row["api_key_index"], row["nonce"], row["status"]) == (0, 1, 2)
    assert (await client.send_tx(14, txs.create(1)))[0] == 200


async def test_trade_of_another_key_fills_our_order(client: Client, socket: Socket) -> None:
    """Another account's market order, told to the venue, fills our resting one."""
    await socket.subscribe("account_all_trades/700")
    await client.send_tx(14, txs.create(1, 42, Price=200_020))
    await client.executed(1)
    taker = {"account_index": 701, "api_key_index": 6, "side": "sell", "size": "0.1"}
    await client.tell("trade", **taker, market_id=0)
    (trade,) = (await socket.kind("update/account_all_trades"))["trades"]["0"]
    assert (trade["bid_client_id"], trade["price"]) == (42, "2000.20")
    assert trade["ask_account_id"] == 701


async def test_cancel_of_a_human_ends_our_order(client: Client, socket: Socket) -> None:
    """Our order, cancelled by hand, ends as if we had done it; cancel-all ends the rest."""
    await socket.subscribe("account_all_orders/700")
    for nonce in (1, 2, 3):
        await client.send_tx(14, txs.create(nonce, 40 + nonce))
        await socket.kind("update/account_all_orders")
    await client.tell("cancel", account_index=700, market_id=0, index=41)
    frames: list[dict[str, Any]] = [await socket.kind("update/account_all_orders")]
    await client.tell("cancel", account_index=700, market_id=0, index=None)
    frames.append(await socket.kind("update/account_all_orders"))
    ended = [
        [(o["client_order_index"], o["status"]) for o in frame["orders"]["0"]] for frame in frames
    ]
    assert ended == [[(41, "canceled")], [(42, "canceled"), (43, "canceled")]]


@pytest.mark.parametrize("kind", ["liquidation", "deleverage"])
async def test_liquidate_sends_a_trade_and_no_order(
    client: Client, socket: Socket, kind: str
) -> None:
    """The venue's own close comes as a trade of its kind and a position, never as an order."""
    await client.send_tx(14, txs.take(1))
    await client.executed(1)
    for channel in (
        "account_all_orders/700",
        "account_all_positions/700",
        "account_all_trades/700",
    ):
        await socket.subscribe(channel)
    socket.frames.clear()
    close = {"market_id": 0, "size": "0.1", "price": "1990.00", "kind": kind}
    await client.tell("liquidate", account_index=700, **close)
    (trade,) = (await socket.kind("update/account_all_trades"))["trades"]["0"]
    assert (trade["type"], trade["ask_account_id"], trade["price"]) == (kind, 700, "1990.00")
    assert [frame["type"] for frame in socket.frames] == [
        "update/account_all_positions",
        "update/account_all_trades",
    ]
    assert socket.frames[0]["positions"]["0"]["position"] == "0.0000"
    page = {"account_index": 700, "sort_by": "timestamp", "limit": 9, "auth": txs.token()}
    assert (await client.get("trades", **page))[1]["trades"][0]["type"] == kind


@pytest.mark.parametrize(
    "command",
    [
        {"trade": {"account_index": 9, "market_id": 0, "side": "buy", "size": "1"}},
        {"trade": {"account_index": 700, "market_id": 0, "side": "hold", "size": "1"}},
        {"trade": {"account_index": 700, "market_id": 0, "side": "buy", "size": "-1"}},
        {"cancel": {"account_index": 700, "market_id": 99}},
        {"liquidate": {"account_index": 700, "market_id": 0, "size": "1", "price": "1"}},
        {"reset_nonce": {"account_index": 700, "api_key_index": 99}},
        {"reset_nonce": KEY | {"nonce": -1}},
        {"delete_key": {"account_index": 700, "api_key_index": 99}},
        {"account": {"account_index": 700, "status": "rich"}},
        {"revoke_tokens": {"account_index": 9}},
        {"revoke_tokens": []},
        {"account": {"account_index": 700}, "reset": True},
        {},
    ],
)
async def test_wrong_command_is_refused(client: Client, command: dict[str, Any]) -> None:
    """A command that means nothing is HTTP 400 with its reason, and nothing has happened."""
    status, body = await client.control(command)
    assert (status, body["ok"]) == (400, False)
    assert body["error"]
    assert client.venue.ledger() == []
