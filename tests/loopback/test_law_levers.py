"""The law's levers and settings, each told over HTTP and seen through a client that is not ours."""

from __future__ import annotations

import time
from typing import Any

import pytest

from nautilus_lighter_nonce.loopback.venue.limits import FREE_MESSAGE
from nautilus_lighter_nonce.loopback.venue.limits import NO_QUOTA_MESSAGE
from tests.loopback import txs
from tests.loopback.client import Client
from tests.loopback.client import Socket


HOUR_MS = 3_600_000
ACCOUNT = {"account_index": 700, "auth": txs.token()}


def now_ms() -> int:
    """Return the time, UNIX milliseconds."""
    return time.time_ns() // 1_000_000


async def record(client: Client, tx_hash: str) -> dict[str, Any]:
    """Return a transaction's record, which must be there."""
    status, row = await client.get("tx", by="hash", value=tx_hash)
    assert status == 200
    return dict(row)


async def took_ms(client: Client, tx_type: int, tx_info: str) -> float:
    """Send a transaction, wait for its execution and return how long it took."""
    done = sum(row["outcome"] != "pending" for row in client.venue.ledger())
    _, body = await client.send_tx(tx_type, tx_info)
    await client.executed(done + 1)
    row = await record(client, body["tx_hash"])
    return float(row["executed_at"] - row["queued_at"])


# -- EXECUTION ------------------------------------------------------------------------------------


async def test_execute_late_is_told_in_the_answer(client: Client, socket: Socket) -> None:
    """A late transaction is predicted late, is pending meanwhile, and holds up its key."""
    await client.arm("execute_late", ms=HOUR_MS)
    reply = await socket.send_tx("a", 14, txs.create(1))
    follower = await socket.send_tx("b", 14, txs.create(2))
    other = await socket.send_tx("c", 14, txs.create(1, 77, ApiKeyIndex=6))
    await client.executed(1)
    assert reply["predicted_execution_time_ms"] > now_ms() + HOUR_MS - 60_000
    assert (await record(client, reply["tx_hash"]))["status"] == 1
    assert (await record(client, follower["tx_hash"]))["status"] == 1
    assert (await record(client, other["tx_hash"]))["status"] == 2


async def test_execute_late_unpredicted_promises_the_usual(client: Client) -> None:
    """Without `predicted` the answer promises a time that is not kept."""
    await client.arm("execute_late", ms=HOUR_MS, predicted=False)
    _, body = await client.send_tx(14, txs.create(1))
    assert body["predicted_execution_time_ms"] < now_ms() + 60_000


async def test_execute_late_is_executed_in_the_end(client: Client) -> None:
    """A transaction that is late by so much is executed after so much."""
    await client.arm("execute_late", ms=80)
    assert await took_ms(client, 14, txs.create(1)) >= 80


async def test_predicts_execution_off_promises_the_usual(client: Client) -> None:
    """Told not to predict, the venue promises its usual 133 ms for whatever takes an hour."""
    await client.tell("set", execution_delay_ms=HOUR_MS, predicts_execution=False)
    _, body = await client.send_tx(14, txs.create(1))
    assert body["predicted_execution_time_ms"] < now_ms() + 60_000


async def test_taker_delay_holds_takers_up(client: Client) -> None:
    """With a speed bump a market order takes longer, a resting one does not."""
    await client.tell("set", taker_delay_ms=80)
    assert await took_ms(client, 14, txs.take(1)) >= 80
    assert await took_ms(client, 14, txs.create(2)) < 80


async def test_tx_delay_is_for_a_type(client: Client) -> None:
    """An extra delay by type, its number as text as JSON has it, is for that type."""
    await client.tell("set", tx_delay_ms={"15": 80})
    assert await took_ms(client, 15, txs.cancel(1, 9)) >= 80
    assert await took_ms(client, 14, txs.create(2)) < 80


async def test_tier_and_its_timing(client: Client) -> None:
    """The tier is told by `accountLimits`, and its table holds takers up."""
    await client.tell("set", tier="plus", tier_timing=True)
    _, limits = await client.get("accountLimits", **ACCOUNT)
    assert limits["user_tier"] == "plus"
    assert await took_ms(client, 15, txs.cancel(1, 9)) >= 200


# -- LIMITS ---------------------------------------------------------------------------------------


async def test_tier_limits_end_in_429(client: Client, socket: Socket) -> None:
    """A Standard account has 60 requests a minute, reads and sends together."""
    await client.tell("set", tier="standard", tier_limits=True)
    key = {"account_index": 700, "api_key_index": 5}
    statuses = [(await client.get("nextNonce", **key))[0] for _ in range(61)]
    assert statuses == [200] * 60 + [429]
    assert (await client.get("account", by="index", value=700))[1]["code"] == 23000
    assert (await client.send_tx(14, txs.create(1)))[0] == 429
    assert (await socket.send_tx("a", 14, txs.create(1)))["error"]["code"] == 23000
    await client.tell("set", tier_limits=False)
    assert (await client.send_tx(14, txs.create(1)))[0] == 200


async def test_tx_limits_refuse_by_type(client: Client, socket: Socket) -> None:
    """Above its type's limit a transaction is 23000, over REST with 429; others go."""
    await client.tell("set", tx_limits={"14": 1})
    assert (await client.send_tx(14, txs.create(1)))[0] == 200
    status, body = await client.send_tx(14, txs.create(2))
    assert (status, body["code"]) == (429, 23000)
    assert (await socket.send_tx("a", 14, txs.create(2)))["error"]["code"] == 23000
    assert (await socket.send_tx("b", 15, txs.cancel(2, 9)))["code"] == 200


async def test_volume_quota_is_told_over_rest(client: Client) -> None:
    """The answer over REST tells what is left, or that none was used, or that there is none."""
    await client.tell("set", volume_quota=1)
    _, body = await client.send_tx(14, txs.create(1))
    assert (body["volume_quota_remaining"], body["message"]) == (0, "0 volume quota remaining.")
    _, body = await client.send_tx(15, txs.cancel(2, 9))
    assert (body["message"], "volume_quota_remaining" in body) == (FREE_MESSAGE, False)
    status, body = await client.send_tx(14, txs.create(3))
    assert (status, body) == (429, {"code": 23000, "message": NO_QUOTA_MESSAGE})


async def test_volume_quota_is_told_over_the_socket(client: Client, socket: Socket) -> None:
    """Over the socket the answer tells the same."""
    await client.tell("set", volume_quota=1)
    reply = await socket.send_tx("a", 14, txs.create(1))
    assert (reply["volume_quota_remaining"], reply["code"]) == (0, 200)
    reply = await socket.send_tx("b", 17, txs.modify(2, 9, 1_000, 190_000))
    assert reply["error"] == {"code": 23000, "message": NO_QUOTA_MESSAGE}


async def test_free_tx_every_lets_one_through(client: Client) -> None:
    """Without quota one transaction in so many seconds is free."""
    await client.tell("set", volume_quota=0, free_tx_every_s=3_600)
    assert (await client.send_tx(14, txs.create(1)))[1]["message"] == FREE_MESSAGE
    assert (await client.send_tx(14, txs.create(2)))[0] == 429
    await client.tell("set", free_tx_every_s=1e-6)
    assert (await client.send_tx(14, txs.create(2)))[1]["message"] == FREE_MESSAGE


# -- INDEXES --------------------------------------------------------------------------------------


async def test_index_lag_of_tx_does_not_know_the_hash(client: Client, socket: Socket) -> None:
    """The private stream has shown the fill, the index does not know the hash."""
    await client.tell("set", index_lag_ms={"tx": HOUR_MS})
    await socket.subscribe("account_all_trades/700")
    _, body = await client.send_tx(14, txs.take(1))
    await socket.kind("update/account_all_trades")
    lookup = {"by": "hash", "value": body["tx_hash"]}
    assert (await client.get("tx", **lookup))[1]["code"] == 21500
    await client.tell("set", index_lag_ms={})
    assert (await client.get("tx", **lookup))[1]["status"] == 2


@pytest.mark.parametrize(
    ("index", "endpoint", "params", "rows"),
    [
        ("accountTxs", "accountTxs", {"by": "account_index", "value": 700}, "txs"),
        ("orders", "accountActiveOrders", {"account_index": 700}, "orders"),
        ("orders", "accountInactiveOrders", {"account_index": 700, "limit": 9}, "orders"),
        (
            "orders",
            "accountOrders",
            {"account_index": 700, "client_order_indexes": "41,42"},
            "orders",
        ),
        ("trades", "trades", {"account_index": 700, "sort_by": "timestamp", "limit": 9}, "trades"),
    ],
)
async def test_index_lag_of_lists_shows_nothing_yet(
    client: Client, index: str, endpoint: str, params: dict[str, Any], rows: str
) -> None:
    """A late list does not show what has just happened; an up-to-date one does."""
    await client.tell("set", index_lag_ms={index: HOUR_MS})
    await client.send_tx(14, txs.create(1, 41))
    await client.send_tx(14, txs.take(2, 42))
    await client.executed(2)
    params = params | {"auth": txs.token()}
    assert (await client.get(endpoint, **params))[1][rows] == []
    await client.tell("set", index_lag_ms={})
    assert (await client.get(endpoint, **params))[1][rows] != []


async def test_index_lag_of_the_account_says_flat(client: Client) -> None:
    """A late account says flat after a fill."""
    await client.tell("set", index_lag_ms={"account": HOUR_MS})
    await client.send_tx(14, txs.take(1))
    await client.executed(1)
    read = {"by": "index", "value": 700}
    assert (await client.get("account", **read))[1]["accounts"][0]["positions"] == []
    await client.tell("set", index_lag_ms={})
    (position,) = (await client.get("account", **read))[1]["accounts"][0]["positions"]
    assert position["position"] == "0.1000"


# -- RECORDS --------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [0, 1, 3, None])
async def test_record_shows_another_status_everywhere(
    client: Client, socket: Socket, status: int | None
) -> None:
    """The private frame, the look-up and the list show the lever's status."""
    await socket.subscribe("account_tx/700")
    await client.arm("record", status=status)
    _, body = await client.send_tx(14, txs.create(1))
    (row,) = (await socket.kind("update/account_tx"))["txs"]
    assert row["status"] == status
    assert (await record(client, body["tx_hash"]))["status"] == status
    page = {"by": "account_index", "value": 700, "auth": txs.token()}
    assert (await client.get("accountTxs", **page))[1]["txs"][0]["status"] == status


async def test_record_without_a_status(client: Client) -> None:
    """A record can lack the field."""
    await client.arm("record", missing=True)
    _, body = await client.send_tx(14, txs.create(1))
    await client.executed(1)
    assert "status" not in await record(client, body["tx_hash"])


async def test_record_status_of_all(client: Client) -> None:
    """All executed records show what is set, as testnet showed 3."""
    await client.tell("set", record_status=3)
    _, body = await client.send_tx(14, txs.create(1))
    await client.executed(1)
    assert (await record(client, body["tx_hash"]))["status"] == 3


async def test_vanished_lookup_pending(client: Client) -> None:
    """A vanished transaction can look pending for ever."""
    await client.tell("set", vanished_lookup="pending")
    await client.arm("vanish")
    _, body = await client.send_tx(14, txs.create(1))
    await client.executed(1)
    assert client.venue.ledger()[0]["outcome"] == "vanished"
    assert (await record(client, body["tx_hash"]))["status"] == 1


async def test_vanished_followers_late(client: Client) -> None:
    """A follower stays accepted behind a vanished one, whose nonce is free at once."""
    await client.tell("set", vanished_followers="late", tx_delay_ms={"15": HOUR_MS})
    await client.arm("vanish")
    await client.send_batch([14, 15], [txs.create(1), txs.cancel(2, 9)])
    await client.executed(1)
    assert [row["outcome"] for row in client.venue.ledger()] == ["vanished", "pending"]
    assert client.venue.summary()["keys"][1]["expected"] == 1


# -- THE COUNTER ----------------------------------------------------------------------------------


async def asked(client: Client) -> Any:
    """Return what `nextNonce` says."""
    status, body = await client.get("nextNonce", account_index=700, api_key_index=5)
    assert status == 200
    return body["nonce"]


async def test_next_nonce_stuck(client: Client) -> None:
    """A stuck counter stays where it is while transactions are executed."""
    await client.tell("set", next_nonce={"mode": "stuck"})
    await client.send_tx(14, txs.create(1))
    await client.executed(1)
    assert await asked(client) == 1
    await client.tell("set", next_nonce={"mode": "true"})
    assert await asked(client) == 2


@pytest.mark.parametrize("value", [None, "7", 3.5, -1, 2**60])
async def test_next_nonce_absurd(client: Client, value: Any) -> None:
    """An absurd value comes as it is."""
    await client.tell("set", next_nonce={"mode": "value", "value": value})
    assert await asked(client) == value


@pytest.mark.parametrize("offset", [-1, 1_000_000])
async def test_next_nonce_old_or_far_ahead(client: Client, offset: int) -> None:
    """An offset makes the answer old, or far ahead."""
    await client.tell("set", next_nonce={"mode": "offset", "offset": offset})
    assert await asked(client) == 1 + offset


@pytest.mark.parametrize("body", [{"code": 200, "nonce": None}, [], "text", None, 7])
async def test_answer_is_the_whole_body_of_a_read(client: Client, body: Any) -> None:
    """A read answers what the lever says, once."""
    await client.arm("answer", endpoint="nextNonce", value=body)
    key = {"account_index": 700, "api_key_index": 5}
    assert await client.get("nextNonce", **key) == (200, body)
    assert await asked(client) == 1


async def test_answer_with_a_status(client: Client) -> None:
    """The answer's HTTP status is the lever's."""
    await client.arm("answer", endpoint="account", value={"code": 500}, status=500)
    assert await client.get("account", by="index", value=700) == (500, {"code": 500})


@pytest.mark.parametrize(
    "lever",
    [
        {"fault": "answer", "value": 1},
        {"fault": "vanish", "endpoint": "account"},
        {"fault": "vanish", "channel": "account_tx"},
        {"fault": "nonsense"},
    ],
)
async def test_lever_without_meaning_is_refused(client: Client, lever: dict[str, Any]) -> None:
    """A lever that could never act is refused, not armed."""
    status, body = await client.control(lever)
    assert (status, body["ok"]) == (400, False)
    assert (await client.send_tx(14, txs.create(1)))[0] == 200


# -- CLOCK ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("skew_ms", [1_200_000, -1_200_000])
async def test_clock_skew_is_seen_and_felt(client: Client, skew_ms: int) -> None:
    """The venue's clock is what its answers say, and what lifetimes are judged by."""
    await client.tell("set", clock_skew_ms=skew_ms)
    _, body = await client.get("status")
    assert abs(body["timestamp"] * 1_000 - now_ms() - skew_ms) < 60_000
    _, body = await client.send_tx(14, txs.create(1))
    assert body["code"] == (21711 if skew_ms > 0 else 200)
    if skew_ms < 0:
        await client.executed(1)
        assert (
            abs((await record(client, body["tx_hash"]))["executed_at"] - now_ms() - skew_ms)
            < 60_000
        )
