"""Every setting of the law, told in each of the three ways: control, `VenueConfig`, marker."""

from __future__ import annotations

import time
from collections.abc import Awaitable
from collections.abc import Callable
from typing import Any

import aiohttp
import msgspec
import pytest

from nautilus_lighter_nonce.loopback import LoopbackVenue
from nautilus_lighter_nonce.loopback import VenueConfig
from nautilus_lighter_nonce.loopback import VenueProcess
from nautilus_lighter_nonce.loopback.config import SETTABLE
from tests.loopback import txs
from tests.loopback.client import OuterClient


HOUR_MS = 3_600_000
FAST: dict[str, Any] = {"execution_delay_ms": 0, "next_nonce_lag_ms": 0}
OLD = {
    "latency_ms",
    "jitter_ms",
    "reorder",
    "execution_delay_ms",
    "next_nonce_lag_ms",
    "frame_before_reply",
    "idle_close_s",
}
WIRE = {"stream_lag_ms"}  # shown by the tests of the wire

Check = Callable[[OuterClient], Awaitable[None]]


def now_ms() -> int:
    """Return the time, UNIX milliseconds."""
    return time.time_ns() // 1_000_000


async def predicted_ms(client: OuterClient, tx_info: str = "") -> float:
    """Send a market order, or another create, and return how far ahead its execution is told."""
    _, body = await client.send_tx(14, tx_info or txs.take(1))
    return float(body["predicted_execution_time_ms"] - now_ms())


async def first_record(client: OuterClient) -> tuple[int, Any]:
    """Create an order, wait for its outcome and look it up."""
    _, body = await client.send_tx(14, txs.create(1))
    await client.executed(1)
    return await client.get("tx", by="hash", value=body["tx_hash"])


async def _is_standard(client: OuterClient) -> None:
    limits = await client.get("accountLimits", account_index=700, auth=txs.token())
    assert limits[1]["user_tier"] == "standard"


async def _takers_are_bumped(client: OuterClient) -> None:
    assert await predicted_ms(client) > 100


async def _takers_wait_an_hour(client: OuterClient) -> None:
    assert await predicted_ms(client) > HOUR_MS - 60_000


async def _reads_are_limited(client: OuterClient) -> None:
    key = {"account_index": 700, "api_key_index": 5}
    assert [(await client.get("nextNonce", **key))[0] for _ in range(61)][-1] == 429


async def _creates_are_refused(client: OuterClient) -> None:
    assert (await client.send_tx(14, txs.create(1)))[1]["code"] == 23000
    assert (await client.send_tx(15, txs.cancel(1, 9)))[0] == 200


async def _four_are_left(client: OuterClient) -> None:
    assert (await client.send_tx(14, txs.create(1)))[1]["volume_quota_remaining"] == 4


async def _two_are_free(client: OuterClient) -> None:
    assert [(await client.send_tx(14, txs.create(n)))[0] for n in (1, 2)] == [200, 200]


async def _the_usual_is_told(client: OuterClient) -> None:
    assert 0 < await predicted_ms(client) < 60_000


async def _the_hash_is_unknown(client: OuterClient) -> None:
    assert (await first_record(client))[1]["code"] == 21500


async def _records_say_three(client: OuterClient) -> None:
    assert (await first_record(client))[1]["status"] == 3


async def _records_say_pending(client: OuterClient) -> None:
    assert (await first_record(client))[1]["status"] == 1


async def _followers_stay(client: OuterClient) -> None:
    await client.send_batch([14, 15], [txs.create(1), txs.cancel(2, 9)])
    await client.executed(1)
    assert [row["outcome"] for row in client.venue.ledger()] == ["vanished", "pending"]


async def _the_counter_is_null(client: OuterClient) -> None:
    _, body = await client.get("nextNonce", account_index=700, api_key_index=5)
    assert body["nonce"] is None


async def _the_clock_is_ahead(client: OuterClient) -> None:
    _, body = await client.get("status")
    assert abs(body["timestamp"] * 1_000 - now_ms() - HOUR_MS) < 60_000


VANISH = {"levers": [{"fault": "vanish"}]}
SETTINGS: dict[str, tuple[dict[str, Any], Check]] = {
    "tier": ({"tier": "standard"}, _is_standard),
    "tier_timing": ({"tier_timing": True}, _takers_are_bumped),
    "tier_limits": ({"tier": "standard", "tier_limits": True}, _reads_are_limited),
    "taker_delay_ms": ({"taker_delay_ms": HOUR_MS}, _takers_wait_an_hour),
    "tx_delay_ms": ({"tx_delay_ms": {14: HOUR_MS}}, _takers_wait_an_hour),
    "tx_limits": ({"tx_limits": {14: 0}}, _creates_are_refused),
    "volume_quota": ({"volume_quota": 5}, _four_are_left),
    "free_tx_every_s": ({"volume_quota": 0, "free_tx_every_s": 1e-6}, _two_are_free),
    "predicts_execution": (
        {"predicts_execution": False, "taker_delay_ms": HOUR_MS},
        _the_usual_is_told,
    ),
    "index_lag_ms": ({"index_lag_ms": {"tx": HOUR_MS}}, _the_hash_is_unknown),
    "record_status": ({"record_status": 3}, _records_say_three),
    "vanished_lookup": ({"vanished_lookup": "pending"} | VANISH, _records_say_pending),
    "vanished_followers": (
        {"vanished_followers": "late", "tx_delay_ms": {15: HOUR_MS}} | VANISH,
        _followers_stay,
    ),
    "next_nonce": ({"next_nonce": {"mode": "value", "value": None}}, _the_counter_is_null),
    "clock_skew_ms": ({"clock_skew_ms": HOUR_MS}, _the_clock_is_ahead),
}


def test_settings_are_all_here() -> None:
    """Every settable field of the law has its row above."""
    assert set(SETTINGS) | OLD | WIRE == SETTABLE


@pytest.mark.parametrize("name", SETTINGS)
async def test_setting_at_birth_by_config(name: str) -> None:
    """A field of `VenueConfig` holds from birth on."""
    fields, check = SETTINGS[name]
    config = msgspec.convert(FAST | fields, VenueConfig)
    async with LoopbackVenue(config) as venue, aiohttp.ClientSession() as http:
        await check(OuterClient(venue, http))


@pytest.mark.parametrize("name", SETTINGS)
async def test_setting_at_run_time(name: str) -> None:
    """The same field, set while the venue runs, holds as well."""
    fields, check = SETTINGS[name]
    levers = fields.get("levers", [])
    changes = {key: value for key, value in fields.items() if key != "levers"}
    async with LoopbackVenue(VenueConfig(**FAST)) as venue, aiohttp.ClientSession() as http:
        client = OuterClient(venue, http)
        await client.tell("set", **changes)
        for lever in levers:
            await client.arm(**lever)
        await check(client)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.lighter_venue(**(FAST | fields)))
        for name, (fields, _) in SETTINGS.items()
    ],
)
async def test_setting_by_the_marker(lighter_venue: VenueProcess, name: str) -> None:
    """The pytest marker takes the same field."""
    async with aiohttp.ClientSession() as http:
        await SETTINGS[name][1](OuterClient(lighter_venue, http))


# -- LEVERS AND COMMANDS AT BIRTH -----------------------------------------------------------------


LEVERS = [
    {"fault": "execute_late", "ms": HOUR_MS, "nonce": 2},
    {"fault": "record", "status": None},
    {"fault": "answer", "endpoint": "nextNonce", "value": "no"},
]


async def _levers_are_armed(client: OuterClient) -> None:
    _, body = await client.send_tx(14, txs.create(1))
    await client.executed(1)
    assert (await client.get("tx", by="hash", value=body["tx_hash"]))[1]["status"] is None
    assert await predicted_ms(client, txs.create(2)) > HOUR_MS - 60_000
    key = {"account_index": 700, "api_key_index": 5}
    assert (await client.get("nextNonce", **key))[1] == "no"


async def test_levers_at_birth_by_config() -> None:
    """Levers of the config are armed at birth."""
    config = msgspec.convert(FAST | {"levers": LEVERS}, VenueConfig)
    async with LoopbackVenue(config) as venue, aiohttp.ClientSession() as http:
        await _levers_are_armed(OuterClient(venue, http))


async def test_levers_at_birth_are_disarmed_by_reset() -> None:
    """A reset disarms them for good."""
    config = msgspec.convert(FAST | {"levers": LEVERS}, VenueConfig)
    async with LoopbackVenue(config) as venue, aiohttp.ClientSession() as http:
        client = OuterClient(venue, http)
        await client.control({"reset": True})
        _, body = await client.get("nextNonce", account_index=700, api_key_index=5)
        assert body["nonce"] == 1


@pytest.mark.lighter_venue(**FAST, levers=LEVERS)
async def test_levers_at_birth_by_the_marker(lighter_venue: VenueProcess) -> None:
    """The marker arms levers."""
    async with aiohttp.ClientSession() as http:
        await _levers_are_armed(OuterClient(lighter_venue, http))


TRADE = {"account_index": 700, "market_id": 0, "side": "buy"}
COMMANDS: list[dict[str, Any]] = [
    {"reset_nonce": {"account_index": 700, "api_key_index": 6, "nonce": 50}},
    {"revoke_tokens": {"account_index": 700}},
    {"replace_key": {"account_index": 700, "api_key_index": 7}},
    {"delete_key": {"account_index": 700, "api_key_index": 8}},
    {"account": {"account_index": 701, "status": "liquidation"}},
    {"trade": TRADE | {"size": "0.2", "price": "1900.00", "client_order_index": 41}},
    {"trade": TRADE | {"size": "0.2", "price": "1900.00", "client_order_index": 42}},
    {"cancel": {"account_index": 700, "market_id": 0, "index": 41}},
]


async def _commands_were_carried_out(client: OuterClient) -> None:
    codes = [
        (await client.send_tx(14, txs.create(nonce, **fields)))[1]["code"]
        for nonce, fields in [
            (50, {"ApiKeyIndex": 6}),
            (1, {"ApiKeyIndex": 7}),
            (1, {"ApiKeyIndex": 8}),
            (1, {"AccountIndex": 701}),
        ]
    ]
    assert codes == [200, 21108, 21109, 21112]
    await client.executed(4)
    page = {"account_index": 700, "auth": txs.token()}
    rows = (await client.get("accountActiveOrders", **page))[1]["orders"]
    assert [row["client_order_index"] for row in rows] == [42, 1_050]


async def test_commands_at_birth_by_config() -> None:
    """Commands of the config are carried out at start."""
    config = msgspec.convert(FAST | {"commands": COMMANDS}, VenueConfig)
    async with LoopbackVenue(config) as venue, aiohttp.ClientSession() as http:
        await _commands_were_carried_out(OuterClient(venue, http))


@pytest.mark.lighter_venue(**FAST, commands=COMMANDS)
async def test_commands_at_birth_by_the_marker(lighter_venue: VenueProcess) -> None:
    """The marker carries commands out."""
    async with aiohttp.ClientSession() as http:
        await _commands_were_carried_out(OuterClient(lighter_venue, http))


@pytest.mark.parametrize("command", [{"nonsense": 1}, {"trade": {"account_index": 9}}])
async def test_wrong_command_at_birth_is_no_venue(command: dict[str, Any]) -> None:
    """A venue with a command that means nothing does not start, and listens nowhere."""
    venue = LoopbackVenue(VenueConfig(commands=(command,)))
    with pytest.raises(ValueError, match=r"expected one of|trade|required"):
        await venue.start()
    with pytest.raises(OSError, match=r"refused|Connect"):
        async with aiohttp.ClientSession() as http:
            await http.get(venue.http_url)
