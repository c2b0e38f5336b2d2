"""Levers: which transaction they fire on, how often, and in which stage."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from nautilus_lighter_nonce.lighter.codes import Code
from nautilus_lighter_nonce.loopback.venue.faults import READ_FAULTS
from nautilus_lighter_nonce.loopback.venue.faults import Facts
from nautilus_lighter_nonce.loopback.venue.faults import Fault
from nautilus_lighter_nonce.loopback.venue.faults import Lever
from nautilus_lighter_nonce.loopback.venue.faults import Stage
from nautilus_lighter_nonce.loopback.venue.faults import When
from nautilus_lighter_nonce.loopback.venue.faults import code_of
from nautilus_lighter_nonce.loopback.venue.faults import stage_of
from nautilus_lighter_nonce.loopback.venue.levers import Levers


TX = Facts(tx_type=14, account_index=700, api_key_index=5, nonce=7, client_order_index=42)


def firings(lever: Lever, times: int, seed: int = 0) -> list[int]:
    """Return on which of so many equal transactions a lever fires, from 1."""
    levers = Levers(seed)
    levers.arm(lever)
    stage = stage_of(lever)
    return [n for n in range(1, times + 1) if levers.pull(stage, [TX]) is not None]


def test_pull_default_lever_fires_once() -> None:
    """A lever without counts fires on the next matching transaction only."""
    assert firings(Lever(fault=Fault.REFUSE), 5) == [1]


def test_pull_unlimited_count_fires_always() -> None:
    """A count of ``None`` never runs out."""
    assert firings(Lever(fault=Fault.REFUSE, count=None), 4) == [1, 2, 3, 4]


def test_pull_after_lets_the_first_pass() -> None:
    """`after` skips that many matching transactions."""
    assert firings(Lever(fault=Fault.REFUSE, after=2, count=2), 6) == [3, 4]


def test_pull_every_fires_on_each_nth() -> None:
    """`every` fires on each N-th matching transaction after those skipped."""
    lever = Lever(fault=Fault.REFUSE, every=3, after=1, count=None)
    assert firings(lever, 10) == [4, 7, 10]


def test_pull_rate_is_deterministic_with_a_seed() -> None:
    """The same seed gives the same firings, another seed others, and the rate is kept roughly."""
    lever = Lever(fault=Fault.REFUSE, rate=0.2, count=None)
    first = firings(lever, 1_000, seed=1)
    assert first == firings(lever, 1_000, seed=1)
    assert first != firings(lever, 1_000, seed=2)
    assert 150 < len(first) < 250


@pytest.mark.parametrize(
    "field", ["tx_type", "account_index", "api_key_index", "nonce", "client_order_index"]
)
def test_pull_selector_that_does_not_match_passes(field: str) -> None:
    """A lever fires only on transactions that have what it selects by, and counts only those."""
    wanted = getattr(TX, field)
    other = msgspec.structs.replace(TX, **{field: wanted + 1})
    levers = Levers()
    levers.arm(msgspec.convert({"fault": "refuse", field: wanted}, Lever))
    assert levers.pull(Stage.ADMIT, [other]) is None
    assert levers.pull(Stage.ADMIT, [TX]) is not None


def test_pull_batch_matches_by_any_member() -> None:
    """A batch is hit when one of its members is what the lever selects."""
    levers = Levers()
    levers.arm(Lever(fault=Fault.REFUSE, nonce=8))
    batch = [TX, msgspec.structs.replace(TX, nonce=8)]
    assert levers.pull(Stage.ADMIT, batch) is not None


def test_pull_two_levers_fire_one_after_the_other() -> None:
    """The first armed lever that is due fires; the next one sees the next transaction."""
    levers = Levers()
    levers.arm(Lever(fault=Fault.VANISH))
    levers.arm(Lever(fault=Fault.FAIL))
    fired = [levers.pull(Stage.EXECUTE, [TX]) for _ in range(3)]
    assert [lever and lever.fault for lever in fired] == [Fault.VANISH, Fault.FAIL, None]


def test_pull_other_stage_does_not_count() -> None:
    """A lever neither fires at a stage that is not its own nor counts there."""
    levers = Levers()
    levers.arm(Lever(fault=Fault.VANISH))
    assert levers.pull(Stage.EDGE, [TX]) is None
    assert levers.pull(Stage.EXECUTE, [TX]) is not None


def test_clear_disarms_all() -> None:
    """After clearing nothing fires."""
    levers = Levers()
    levers.arm(Lever(fault=Fault.REFUSE, count=None))
    levers.clear()
    assert levers.pull(Stage.ADMIT, [TX]) is None


def test_pull_read_selects_by_endpoint() -> None:
    """A lever with an endpoint hits that endpoint and never a transaction."""
    levers = Levers()
    levers.arm(Lever(fault=Fault.SERVER_ERROR, endpoint="nextNonce"))
    assert levers.pull(Stage.EDGE, [TX]) is None
    assert levers.pull_read("account") is None
    assert levers.pull_read("nextNonce") is not None
    assert levers.pull_read("nextNonce") is None


@pytest.mark.parametrize(
    ("lever", "stage"),
    [
        (Lever(fault=Fault.SERVER_ERROR), Stage.EDGE),
        (Lever(fault=Fault.SERVER_ERROR, processed=True), Stage.REPLY),
        (Lever(fault=Fault.UNREADABLE), Stage.REPLY),
        (Lever(fault=Fault.UNREADABLE, processed=False), Stage.EDGE),
        (Lever(fault=Fault.CLOSE_SOCKETS), Stage.NOW),
        (Lever(fault=Fault.CLOSE_SOCKETS, nonce=3), Stage.EDGE),
        (Lever(fault=Fault.CLOSE_SOCKETS, after=3), Stage.EDGE),
        (Lever(fault=Fault.CLOSE_SOCKETS, when=When.BEFORE), Stage.EDGE),
        (Lever(fault=Fault.CLOSE_SOCKETS, when=When.AFTER), Stage.REPLY),
        (Lever(fault=Fault.DELAY, endpoint="account"), Stage.READ),
    ],
)
def test_stage_of_depends_on_options(lever: Lever, stage: Stage) -> None:
    """Where a lever acts follows from its fault and its options."""
    assert stage_of(lever) is stage


def test_arm_immediate_lever_raises() -> None:
    """What acts at once cannot wait for a transaction."""
    with pytest.raises(ValueError, match="at once"):
        Levers().arm(Lever(fault=Fault.LAG, ms=10))


def test_code_of_defaults_and_overrides() -> None:
    """`refuse` answers 21739 and `fail` 21728 unless the lever names a code."""
    assert code_of(Lever(fault=Fault.REFUSE)) == Code.NOT_ENOUGH_MARGIN
    assert code_of(Lever(fault=Fault.FAIL)) == Code.CLIENT_ORDER_INDEX_EXISTS
    assert code_of(Lever(fault=Fault.FAIL, code=21702)) == 21702


@pytest.mark.parametrize("wrong", [{"count": 0}, {"rate": 1.5}, {"ms": -1}, {"nonsense": 1}])
def test_convert_wrong_field_is_refused(wrong: dict[str, object]) -> None:
    """A lever with a field that is unknown or out of range is not made."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"fault": "delay"} | wrong, Lever)


@pytest.mark.parametrize(
    "fields",
    [
        {"fault": Fault.ANSWER},
        {"fault": Fault.VANISH, "endpoint": "account"},
        {"fault": Fault.HOLD, "endpoint": "account"},
        {"fault": Fault.DELAY, "channel": "account_tx"},
    ],
)
def test_lever_that_could_never_act_is_not_made(fields: dict[str, Any]) -> None:
    """A fault that cannot befall what the lever names is refused."""
    with pytest.raises(ValueError, match=r"endpoint|read|frame"):
        Lever(**fields)


@pytest.mark.parametrize("fault", Fault)
def test_stage_of_every_fault_is_known(fault: Fault) -> None:
    """No fault is without a stage, whether it meets a transaction or a read."""
    if fault is not Fault.ANSWER:
        assert stage_of(Lever(fault=fault)) is not Stage.READ
    if fault in READ_FAULTS:
        assert stage_of(Lever(fault=fault, endpoint="account")) is Stage.READ


def test_pull_selects_by_connection() -> None:
    """A lever may be for what comes on one socket."""
    levers = Levers()
    levers.arm(Lever(fault=Fault.REFUSE, connection=2))
    assert levers.pull(Stage.ADMIT, [msgspec.structs.replace(TX, connection=1)]) is None
    assert levers.pull(Stage.ADMIT, [msgspec.structs.replace(TX, connection=2)]) is not None


def test_clear_disarms_everything() -> None:
    """After a reset nothing is armed at any stage."""
    levers = Levers()
    levers.arm(Lever(fault=Fault.REFUSE))
    assert (levers.is_armed, levers.has(Stage.ADMIT), levers.has(Stage.REPLY)) == (
        True,
        True,
        False,
    )
    levers.clear()
    assert (levers.is_armed, levers.has(Stage.ADMIT)) == (False, False)
    assert levers.pull(Stage.ADMIT, [TX]) is None
