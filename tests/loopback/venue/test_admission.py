"""The API tier's checks: which objects first, and that none of them changes anything."""

from __future__ import annotations

from typing import Any

import pytest

from nautilus_lighter_nonce.lighter.codes import Code
from nautilus_lighter_nonce.loopback.config import Tier
from nautilus_lighter_nonce.loopback.venue import admission
from nautilus_lighter_nonce.loopback.venue.commands import AccountStatus
from nautilus_lighter_nonce.loopback.venue.txinfo import CreateInfo
from nautilus_lighter_nonce.loopback.venue.txinfo import Tx
from nautilus_lighter_nonce.loopback.venue.txinfo import parse
from tests.loopback import txs
from tests.loopback.bench import Bench


LONG_AGO: dict[str, Any] = {"ExpiredAt": 1}
UNSIGNED: dict[str, Any] = {"Sig": ""}
WRONG_KEY: dict[str, Any] = {"ApiKeyIndex": 99}
NO_ACCOUNT = {"AccountIndex": 1}
BAD_FIELD = {"Price": 0}


def read(raw: str, tx_type: int = 14) -> Tx:
    """Return a transaction that can be read."""
    tx = parse(tx_type, raw)
    assert isinstance(tx, Tx)
    return tx


class Door:
    """A venue's checks, now."""

    def __init__(self, **config: Any) -> None:
        self.bench = Bench(**config)
        self.state = self.bench.state
        self.now_ms = self.bench.at(0) // 1_000_000

    def before(self, *txs: Tx) -> Code | None:
        """Check before the nonce."""
        return admission.check_before_nonce(self.state, txs, self.now_ms)

    def after(self, *txs: Tx) -> Code | None:
        """Check after the nonce."""
        return admission.check_after_nonce(self.state, txs, self.now_ms)


# -- BEFORE THE NONCE -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({}, None),
        (LONG_AGO, Code.INVALID_EXPIRY),
        (UNSIGNED, Code.INVALID_SIGNATURE),
        (UNSIGNED | LONG_AGO, Code.INVALID_SIGNATURE),
        (NO_ACCOUNT | UNSIGNED, Code.ACCOUNT_NOT_FOUND),
        (BAD_FIELD | NO_ACCOUNT | UNSIGNED, Code.INVALID_PRICE),
    ],
)
def test_first_check_that_objects_answers(wrong: dict[str, Any], code: Code | None) -> None:
    """Fields, account and key, signature, `ExpiredAt`: in this order."""
    assert Door().before(read(txs.create(1, **wrong))) is code


def test_key_that_is_not_there_is_refused_before_its_signature() -> None:
    """A key that nobody registered has none to check."""
    code = Door().before(read(txs.create(1, **(WRONG_KEY | UNSIGNED))))
    assert code is Code.API_KEY_NOT_FOUND


def test_batch_of_two_keys_is_mixed_before_anything_else() -> None:
    """One batch, one key."""
    first, second = read(txs.create(1)), read(txs.create(2, **(WRONG_KEY | BAD_FIELD)))
    assert Door().before(first, second) is Code.MIXED_BATCH


def test_batch_passes_a_step_before_the_next_looks_at_any() -> None:
    """The second member's field objects before the first one's signature."""
    first, second = read(txs.create(1, **UNSIGNED)), read(txs.create(2, **BAD_FIELD))
    assert Door().before(first, second) is Code.INVALID_PRICE


# -- THE NONCE ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("nonces", "code"),
    [
        ((1,), None),
        ((1, 2, 3), None),
        ((2,), Code.INVALID_NONCE),
        ((0,), Code.INVALID_NONCE),
        ((1, 3), Code.NONCE_NOT_INCREASING),
        ((1, 1), Code.NONCE_NOT_INCREASING),
    ],
)
def test_nonces_are_the_expected_one_and_those_behind_it(
    nonces: tuple[int, ...], code: Code | None
) -> None:
    """Exactly, without a gap; and looking spends none."""
    door = Door()
    asked = [read(txs.create(nonce)) for nonce in nonces]
    assert admission.check_nonce(door.state, asked) is code
    assert door.state.sequencer.expected((700, 5)) == 1


# -- AFTER THE NONCE ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({}, None),
        ({"MarketIndex": 999}, Code.INVALID_MARKET_INDEX),
        ({"OrderExpiry": 1}, Code.INVALID_EXPIRY),
        ({"Type": 1, "TimeInForce": 0}, Code.INVALID_EXPIRY),
        ({"TriggerPrice": 5}, Code.INVALID_ORDER_TYPE),
        ({"Type": 3}, Code.INVALID_ORDER_TYPE),
        ({"BaseAmount": 1}, Code.INVALID_MIN_AMOUNTS),
        ({"BaseAmount": 10**9}, Code.NOT_ENOUGH_MARGIN),
        ({"BaseAmount": 10**9, "ReduceOnly": 1}, None),
    ],
)
def test_order_that_the_market_does_not_take_has_its_code(
    fields: dict[str, Any], code: Code | None
) -> None:
    """Market, expiry, trigger, least amounts, margin."""
    assert Door().after(read(txs.create(1, **fields))) is code


@pytest.mark.parametrize(
    ("status", "order", "cancel"),
    [
        (AccountStatus.OK, None, None),
        (AccountStatus.PRE_LIQUIDATION, Code.PRE_LIQUIDATION, None),
        (AccountStatus.LIQUIDATION, Code.LIQUIDATION, Code.LIQUIDATION),
    ],
)
def test_account_in_trouble_may_only_get_healthier(
    status: AccountStatus, order: Code | None, cancel: Code | None
) -> None:
    """Before liquidation a cancel or a reducing order is taken, in it nothing."""
    door = Door()
    door.state.set_status(700, status)
    assert door.after(read(txs.create(1))) is order
    assert door.after(read(txs.create(1, ReduceOnly=1))) is cancel
    assert door.after(read(txs.cancel(1, 42), 15)) is cancel


def test_orders_above_the_tiers_caps_are_refused_in_market_and_in_all() -> None:
    """Only where the tier's limits are on; a taker takes no place."""
    door = Door(tier=Tier.STANDARD, tier_limits=True, execution_delay_ms=0)
    cap = admission.ORDER_CAPS[Tier.STANDARD].active_in_market
    for nonce in range(1, cap + 1):
        door.bench.send(14, txs.create(nonce))
        door.bench.run(0)
    assert len(door.state.orders.live(700)) == cap
    assert door.after(read(txs.create(cap + 1))) is Code.TOO_MANY_ORDERS_IN_MARKET
    assert door.after(read(txs.take(cap + 1))) is None


@pytest.mark.parametrize(
    ("types", "infos", "code"),
    [
        (1, 1, None),
        (15, 15, None),
        (16, 16, Code.BATCH_TOO_LARGE),
        (2, 1, Code.BATCH_LENGTH_MISMATCH),
        (0, 0, Code.BATCH_LENGTH_MISMATCH),
    ],
)
def test_batch_form_is_checked_by_its_lengths(types: int, infos: int, code: Code | None) -> None:
    """As many types as texts, one at least, no more than the transport takes."""
    assert admission.check_batch(types, infos, 15) is code


def test_rests_is_true_only_of_what_goes_to_the_book() -> None:
    """A crossing order takes, unless it may only be posted."""
    state = Door().state
    crossing = {"Price": 210_000}

    def rests(**fields: Any) -> bool:
        info = read(txs.create(1, **fields)).info
        assert isinstance(info, CreateInfo)
        return admission.rests(state, info)

    assert rests()
    assert not rests(**crossing)
    assert rests(**crossing, TimeInForce=2)
    assert not rests(TimeInForce=0)
    assert not rests(Type=3, TriggerPrice=5)
