"""What a venue can be told at birth and later: values, ranges, and the way through JSON."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from nautilus_lighter_nonce.loopback.config import SETTABLE
from nautilus_lighter_nonce.loopback.config import AccountConfig
from nautilus_lighter_nonce.loopback.config import Index
from nautilus_lighter_nonce.loopback.config import NextNonce
from nautilus_lighter_nonce.loopback.config import NonceMode
from nautilus_lighter_nonce.loopback.config import Tier
from nautilus_lighter_nonce.loopback.config import VenueConfig
from nautilus_lighter_nonce.loopback.config import changed
from nautilus_lighter_nonce.loopback.venue.faults import Fault
from nautilus_lighter_nonce.loopback.venue.faults import Lever


FULL = VenueConfig(
    tier=Tier.PLUS,
    tx_delay_ms={14: 5.0},
    tx_limits={17: 40},
    volume_quota=3,
    index_lag_ms={Index.TX: 2_000.0, Index.ORDERS: 1.0},
    record_status="missing",
    next_nonce=NextNonce(mode=NonceMode.VALUE, value=2**60),
    clock_skew_ms=-5.0,
    levers=(Lever(fault=Fault.ANSWER, endpoint="nextNonce", value={"nonce": [None]}),),
    commands=({"account": {"account_index": 700, "status": "liquidation"}},),
)


def test_json_round_trip_is_lossless() -> None:
    """A venue in a process of its own gets its config as JSON: nothing is lost on the way."""
    assert msgspec.json.decode(msgspec.json.encode(FULL), type=VenueConfig) == FULL


def test_default_tells_no_lies() -> None:
    """Out of the box the venue is premium, prompt and unlimited."""
    config = VenueConfig()
    assert (config.tier, config.tier_timing, config.tier_limits) == (Tier.PREMIUM, False, False)
    assert (config.levers, config.commands, config.index_lag_ms) == ((), (), {})
    assert config.next_nonce.mode is NonceMode.TRUE


@pytest.mark.parametrize(
    ("changes", "field", "value"),
    [
        ({"tx_limits": {"14": 3}}, "tx_limits", {14: 3}),
        ({"tx_limits": {14: 3}}, "tx_limits", {14: 3}),
        ({"index_lag_ms": {"accountTxs": 5}}, "index_lag_ms", {Index.ACCOUNT_TXS: 5.0}),
        ({"record_status": None}, "record_status", None),
        ({"record_status": "missing"}, "record_status", "missing"),
        ({"tier": "standard"}, "tier", Tier.STANDARD),
        ({"volume_quota": None}, "volume_quota", None),
        ({"clock_skew_ms": -86_400_000}, "clock_skew_ms", -86_400_000.0),
    ],
)
def test_changed_takes_what_json_gives(changes: dict[str, Any], field: str, value: Any) -> None:
    """Numbers as keys, enums and nulls are read as JSON has them; the rest stays."""
    after = changed(FULL, changes)
    assert getattr(after, field) == value
    assert msgspec.structs.replace(after, **{field: getattr(FULL, field)}) == FULL


@pytest.mark.parametrize(
    "changes",
    [
        {"nonsense": 1},
        {"levers": []},
        {"commands": []},
        {"markets": []},
        {"tier": "gold"},
        {"tx_limits": {"14": -1}},
        {"tx_delay_ms": {"fourteen": 1}},
        {"volume_quota": -1},
        {"free_tx_every_s": 0},
        {"index_lag_ms": {"everything": 1}},
        {"index_lag_ms": {"tx": -1}},
        {"record_status": "gone"},
        {"record_status": 1.5},
        {"next_nonce": {"mode": "wrong"}},
        {"next_nonce": {"mode": "value", "nonsense": 1}},
        {"clock_skew_ms": 86_400_001},
        {"taker_delay_ms": -1},
    ],
)
def test_changed_wrong_value_raises(changes: dict[str, Any]) -> None:
    """What is not settable or out of range is refused, as `ValueError`."""
    with pytest.raises(ValueError, match=r"."):
        changed(FULL, changes)


def test_settable_names_fields() -> None:
    """Every settable name is a field."""
    assert set(VenueConfig.__struct_fields__) >= SETTABLE


@pytest.mark.parametrize("public_key", ["", "ab", "00" * 40])
def test_account_with_no_key_is_refused(public_key: str) -> None:
    """An account whose key is no key is not made."""
    with pytest.raises(ValueError, match="public_key"):
        AccountConfig(account_index=700, public_key=public_key)
