"""The REST API through a real socket."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import aiohttp
import pytest

from nautilus_lighter_nonce.lighter import transactions
from nautilus_lighter_nonce.loopback import DEMO_PUBLIC_KEY
from nautilus_lighter_nonce.loopback import LoopbackVenue
from nautilus_lighter_nonce.loopback.venue.decimals import parse_decimal
from tests.loopback import txs
from tests.loopback.client import Client


# -- TRANSACTIONS ---------------------------------------------------------------------------------


async def test_send_tx_expected_nonce_is_accepted(client: Client) -> None:
    """The expected nonce answers 200 with the transaction's hash, which then finds it."""
    status, body = await client.send_tx(14, txs.create(1))
    assert (status, body["code"], len(body["tx_hash"])) == (200, 200, 80)
    await client.executed(1)
    status, record = await client.get("tx", by="hash", value=body["tx_hash"])
    assert (status, record["nonce"], record["status"], record["api_key_index"]) == (200, 1, 2, 5)


@pytest.mark.parametrize("nonce", [0, 2, 50])
async def test_send_tx_wrong_nonce_is_invalid(client: Client, nonce: int) -> None:
    """A nonce below or above the expected one is HTTP 400 with 21104, and nothing is spent."""
    status, body = await client.send_tx(14, txs.create(nonce))
    assert (status, body) == (400, {"code": 21104, "message": "invalid nonce"})
    assert client.venue.summary()["keys"][1]["expected"] == 1


async def test_send_tx_multipart_is_accepted(client: Client) -> None:
    """The form may be multipart as well as urlencoded."""
    form = aiohttp.FormData(default_to_multipart=True)
    form.add_field("tx_type", "14")
    form.add_field("tx_info", txs.create(1))
    status, _ = await client.post("sendTx", form)
    assert status == 200


@pytest.mark.parametrize(
    ("tx_type", "tx_info", "code"),
    [
        (14, "{", 21501),
        (14, "{}", 21501),
        (99, txs.create(1), 21505),
        (14, txs.create(1, AccountIndex=9), 21100),
        (14, txs.create(1, ApiKeyIndex=99), 21109),
        (14, txs.create(1, Sig="AAAA"), 21120),
        (14, txs.create(1, ExpiredAt=1), 21711),
        (14, txs.create(1, MarketIndex=77), 21602),
        (14, txs.create(1, BaseAmount=0), 21701),
        (14, txs.create(1, Price=0), 21702),
        (14, txs.create(1, IsAsk=2), 21703),
        (14, txs.create(1, Type=9), 21704),
        (14, txs.create(1, TimeInForce=3), 21705),
        (14, txs.create(1, Type=1), 21705),
        (14, txs.create(1, TriggerPrice=5), 21704),
        (14, txs.create(1, Type=3), 21704),
        (14, txs.create(1, BaseAmount=49), 21706),
        (14, txs.create(1, OrderExpiry=-1), 21711),
        (14, txs.create(1, OrderExpiry=int(time.time() * 1_000) + 60_000), 21711),
        (14, txs.create(1, ClientOrderIndex=2**48), 21727),
        (14, txs.create(1, BaseAmount=200_000_000), 21739),
        (15, txs.cancel(1, 2**63), 21700),
        (16, txs.cancel_all(1, TimeInForce=7), 21713),
        (16, txs.cancel_all(1, Time=5), 21714),
        (20, txs.leverage(1, 0), 21113),
        (14, txs.create(1, L2TxAttributes={"x": 1}), 21501),
    ],
)
async def test_send_tx_bad_transaction_is_refused(
    client: Client, tx_type: int, tx_info: str, code: int
) -> None:
    """What the API tier objects to is HTTP 400 with its code, and the nonce stays free."""
    status, body = await client.send_tx(tx_type, tx_info)
    assert (status, body["code"]) == (400, code)
    assert (await client.send_tx(14, txs.create(1)))[0] == 200


async def test_send_tx_wrong_nonce_comes_before_margin(client: Client) -> None:
    """The nonce is checked before the order's margin."""
    _, body = await client.send_tx(14, txs.create(9, BaseAmount=200_000_000))
    assert body["code"] == 21104


async def test_send_tx_skip_nonce_may_jump(client: Client) -> None:
    """With the skip attribute a nonce may jump ahead, and the counter goes on from there."""
    status, _ = await client.send_tx(14, txs.create(500, L2TxAttributes={"4": 1}))
    assert status == 200
    assert (await client.send_tx(14, txs.create(501)))[0] == 200


async def test_send_tx_batch_is_accepted_as_a_whole(client: Client) -> None:
    """A good batch answers one code and the hashes in order."""
    status, body = await client.send_batch([14, 15], [txs.create(1, 42), txs.cancel(2, 42)])
    assert (status, len(body["tx_hash"])) == (200, 2)
    await client.executed(2)
    assert [row["tx_hash"] for row in client.venue.ledger()] == body["tx_hash"]


@pytest.mark.parametrize(
    ("tx_types", "tx_infos", "code"),
    [
        ([14, 14], [txs.create(1), txs.create(3)], 21105),
        ([14, 14], [txs.create(2), txs.create(3)], 21104),
        ([14], [txs.create(1), txs.create(2)], 21513),
        ([], [], 21513),
        ([14] * 51, [txs.create(n) for n in range(1, 52)], 21514),
        ([14, 14], [txs.create(1), txs.create(2, ApiKeyIndex=6)], 21121),
        ([14, 14], [txs.create(1), txs.create(2, Price=0)], 21702),
    ],
)
async def test_send_tx_batch_with_one_fault_spends_nothing(
    client: Client, tx_types: list[int], tx_infos: list[str], code: int
) -> None:
    """One bad member refuses the whole batch, and no nonce is spent."""
    status, body = await client.send_batch(tx_types, tx_infos)
    assert (status, body["code"]) == (400, code)
    assert client.venue.summary()["keys"][1]["expected"] == 1


async def test_send_tx_batch_short_of_margin_in_sequencer_vanishes_partly(client: Client) -> None:
    """
    A batch admitted with 200 may land only as far as the margin goes.

    Regression: 10 orders answered 200, six exist, the counter stands after the six.
    """
    big = [txs.create(n, BaseAmount=40_000_000, Price=199_000) for n in range(1, 6)]
    status, _ = await client.send_batch([14] * 5, big)
    assert status == 200
    await client.executed(5)
    outcomes = [row["outcome"] for row in client.venue.ledger()]
    assert outcomes == ["executed"] * 2 + ["vanished"] * 3
    assert (await client.get("nextNonce", account_index=700, api_key_index=5))[1]["nonce"] == 3


async def test_send_tx_duplicate_live_index_fails_silently(client: Client) -> None:
    """A duplicate client order index is answered 200 and spends; only the record tells."""
    await client.send_tx(14, txs.create(1, 42))
    await client.executed(1)
    _, body = await client.send_tx(14, txs.create(2, 42))
    await client.executed(2)
    _, record = await client.get("tx", by="hash", value=body["tx_hash"])
    error = transactions.app_error(record["event_info"])
    assert error is not None
    assert (body["code"], record["status"], error.code) == (200, 2, 21728)
    assert client.venue.summary()["keys"][1]["executed"] == 3


# -- NONCES AND KEYS ------------------------------------------------------------------------------


async def test_next_nonce_lags_behind_acceptance(client: Client) -> None:
    """`nextNonce` keeps its old value until the lag has passed."""
    client.venue.set(next_nonce_lag_ms=60_000)
    await client.send_tx(14, txs.create(1))
    await client.executed(1)
    params = {"account_index": 700, "api_key_index": 5}
    assert (await client.get("nextNonce", **params))[1] == {"code": 200, "nonce": 1}
    client.venue.fault("lag", ms=0)
    assert (await client.get("nextNonce", **params))[1]["nonce"] == 2
    assert client.venue.summary()["next_nonce_calls"] == 2


@pytest.mark.parametrize(
    ("params", "status", "answer"),
    [
        ({"account_index": 700, "api_key_index": 4}, 200, {"code": 200, "nonce": 1}),
        ({"account_index": 700, "api_key_index": 77}, 200, {"code": 200, "nonce": 0}),
        ({"account_index": 9, "api_key_index": 4}, 200, {"code": 200, "nonce": 0}),
        ({"account_index": 700}, 400, {"code": 20001, "message": "invalid param : api_key_index"}),
    ],
)
async def test_next_nonce_by_slot_answers(
    client: Client, params: dict[str, int], status: int, answer: dict[str, Any]
) -> None:
    """A fresh key reads 1, an unused slot 0, and so does an account that does not exist."""
    assert await client.get("nextNonce", **params) == (status, answer)


async def test_apikeys_known_and_unknown(client: Client) -> None:
    """A registered key shows its public key; an unknown one is 21109."""
    _, body = await client.get("apikeys", account_index=700, api_key_index=5)
    assert body["api_keys"][0]["public_key"] == DEMO_PUBLIC_KEY
    _, body = await client.get("apikeys", account_index=700, api_key_index=255)
    assert len(body["api_keys"]) == 6
    status, body = await client.get("apikeys", account_index=700, api_key_index=77)
    assert (status, body["code"]) == (400, 21109)


async def test_register_key_makes_a_new_lane(client: Client) -> None:
    """A key registered at run time can send from its first nonce."""
    client.venue.register_key(700, 77, "ab" * 40, nonce=9)
    status, _ = await client.send_tx(14, txs.create(9, ApiKeyIndex=77))
    assert status == 200


# -- READS ----------------------------------------------------------------------------------------


async def test_tx_unknown_hash_is_not_found(client: Client) -> None:
    """A hash the venue never accepted is HTTP 400 with 21500, a refused transaction's too."""
    await client.send_tx(14, txs.create(9))
    refused = client.venue.ledger()[0]["tx_hash"]
    for value in ("00" * 40, refused):
        status, body = await client.get("tx", by="hash", value=value)
        assert (status, body["code"]) == (400, 21500)
    assert client.venue.summary()["lookups"] == 2


async def test_account_after_a_trade_shows_the_position(client: Client) -> None:
    """The account shows size, entry price and collateral of a filled order."""
    await client.send_tx(14, txs.take(1))
    await client.executed(1)
    _, body = await client.get("account", by="index", value=700)
    (position,) = body["accounts"][0]["positions"]
    assert (position["position"], position["sign"]) == ("0.1000", 1)
    assert position["avg_entry_price"] == "2000.50"
    available = parse_decimal(body["accounts"][0]["available_balance"], 6)
    assert available == 1_000_000 * 10**6 - 25_000 - 200_025_000 // 20


async def test_active_and_inactive_orders_tell_live_from_ended(client: Client) -> None:
    """A live order is active; canceled it is inactive, with nothing remaining."""
    auth = {"account_index": 700, "auth": txs.token()}
    await client.send_tx(14, txs.create(1, 42))
    await client.executed(1)
    _, body = await client.get("accountActiveOrders", **auth)
    assert [o["client_order_index"] for o in body["orders"]] == [42]
    await client.send_tx(15, txs.cancel(2, 42))
    await client.executed(2)
    assert (await client.get("accountActiveOrders", **auth))[1]["orders"] == []
    _, body = await client.get("accountInactiveOrders", **auth, limit=10)
    (order,) = body["orders"]
    assert (order["status"], order["remaining_base_amount"]) == ("canceled", "0.0000")
    _, body = await client.get("accountOrders", **auth, client_order_indexes="41,42")
    assert len(body["orders"]) == 1


@pytest.mark.parametrize(
    ("between", "count"),
    [("0-1", 0), ("1-99999999999", 1), ("1,2", None), ("a-b", None)],
)
async def test_inactive_orders_between_seconds(
    client: Client,
    between: str,
    count: int | None,
) -> None:
    """The range is in whole seconds; nonsense is refused."""
    auth = {"account_index": 700, "auth": txs.token(), "between_timestamps": between}
    await client.send_tx(14, txs.create(1, 42))
    await client.send_tx(15, txs.cancel(2, 42))
    await client.executed(2)
    _, body = await client.get("accountInactiveOrders", **auth, limit=10)
    assert (len(body["orders"]) if body["code"] == 200 else None) == count


async def test_trades_pages_show_each_trade_once(client: Client) -> None:
    """Following the cursor to its end shows every trade once, newest first."""
    infos = [txs.take(n) for n in range(1, 8)]
    await client.send_batch([14] * 7, infos)
    await client.executed(7)
    seen, cursor = [], ""
    for _ in range(5):
        params = {"account_index": 700, "limit": 3, "sort_by": "timestamp", "cursor": cursor}
        _, body = await client.get("trades", **params)
        seen += [trade["trade_id"] for trade in body["trades"]]
        cursor = body["next_cursor"]
        if not cursor:
            break
    assert len(seen) == 7
    assert seen == sorted(seen, reverse=True)


async def test_order_book_orders_merges_touch_and_resting(client: Client) -> None:
    """Resting orders and the touch are listed together, best first."""
    await client.send_tx(14, txs.create(1, Price=200_010))
    await client.executed(1)
    _, body = await client.get("orderBookOrders", market_id=0, limit=5)
    assert [row["price"] for row in body["bids"]] == ["2000.10", "2000.00"]
    assert [row["price"] for row in body["asks"]] == ["2000.50"]


@pytest.mark.parametrize("name", ["orderBooks", "orderBookDetails", "status"])
async def test_public_reads_answer(client: Client, name: str) -> None:
    """Public reads need no token."""
    status, _ = await client.get(name)
    assert status == 200


async def test_order_book_details_fit_our_schema(client: Client) -> None:
    """The market rows carry the three markets with their decimals."""
    _, body = await client.get("orderBookDetails")
    rows = {row["symbol"]: row for row in body["order_book_details"]}
    assert {s: (r["size_decimals"], r["price_decimals"]) for s, r in rows.items()} == {
        "ETH": (4, 2),
        "BTC": (5, 1),
        "SOL": (3, 3),
    }


# -- AUTH -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "token",
    [
        "garbage",
        txs.token(ahead_s=-10),
        txs.token(ahead_s=9 * 3_600),
        txs.token(account_index=701),
        txs.token(account_index=9),
    ],
)
async def test_private_read_bad_token_is_unauthorized(client: Client, token: str) -> None:
    """A token that is garbage, expired, too long-lived or another's is HTTP 401 with 20013."""
    status, body = await client.get("accountActiveOrders", account_index=700, auth=token)
    assert (status, body["code"]) == (401, 20013)


async def test_private_read_token_may_be_a_header(client: Client) -> None:
    """The token may come as the Authorization header; without any it is 20001."""
    url = f"{client.venue.http_url}/api/v1/accountTxs?by=account_index&value=700&limit=5"
    async with client.http.get(url, headers={"Authorization": txs.token()}) as response:
        assert response.status == 200
    async with client.http.get(url) as response:
        assert (response.status, (await response.json())["code"]) == (400, 20001)


# -- TIMING ---------------------------------------------------------------------------------------


async def test_latency_delays_each_exchange(client: Client) -> None:
    """An exchange takes at least the configured round trip."""
    client.venue.set(latency_ms=40)
    start = time.monotonic()
    await client.get("status")
    assert time.monotonic() - start >= 0.04


async def test_send_tx_concurrent_posts_with_jitter_can_overtake(venue: LoopbackVenue) -> None:
    """Concurrent posts of n and n+1 are not safe: with jitter some n+1 comes first."""
    venue.set(jitter_ms=20)
    async with aiohttp.ClientSession() as http:
        client = Client(venue, http)
        sends = [client.send_tx(14, txs.create(n)) for n in range(1, 11)]
        codes = [body["code"] for _, body in await asyncio.gather(*sends)]
    assert 21104 in codes
    assert not venue.summary()["keys"][1]["wire_order_ok"]
