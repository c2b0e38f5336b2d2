"""The component: seeding, verdicts over the bus, healing, lifecycle, secrets."""

from __future__ import annotations

import asyncio

import msgspec
import pytest
from nautilus_trader.common.enums import ComponentState
from nautilus_trader.serialization.serializer import MsgSpecSerializer

from nautilus_lighter_nonce import events
from nautilus_lighter_nonce.component import LighterNonceComponent
from nautilus_lighter_nonce.config import ForeignWriterReaction
from nautilus_lighter_nonce.config import LighterNonceConfig
from nautilus_lighter_nonce.core import NotInitialized
from nautilus_lighter_nonce.core.errors import LaneFrozenError
from nautilus_lighter_nonce.core.errors import LaneHaltedError
from nautilus_lighter_nonce.events import IssuedNonce
from tests.components import make
from tests.components import tell
from tests.stubs import ACCOUNT
from tests.stubs import KEY
from tests.stubs import Kernel
from tests.stubs import ScriptedSource
from tests.stubs import eventually


# -- seeding --------------------------------------------------------------------------------------


async def test_connect_seeds_every_configured_key() -> None:
    """After connect each configured key can issue, from the venue's next nonce on."""
    kernel = Kernel()
    component = LighterNonceComponent(
        kernel.loop,
        kernel.msgbus,
        kernel.clock,
        ScriptedSource(7),
        LighterNonceConfig(keys=((ACCOUNT, KEY), (ACCOUNT, 6))),
    )
    await component.connect()
    assert component.state == ComponentState.RUNNING
    assert component.issue(ACCOUNT, KEY).nonce == 7
    assert component.issue(ACCOUNT, 6).nonce == 7
    assert len(kernel.events(events.NonceSeeded)) == 2


async def test_seed_by_many_at_once_asks_once_and_issues_distinct_nonces() -> None:
    """N concurrent first users cause one query and N different nonces (rule 11)."""
    kernel = Kernel()
    source = ScriptedSource(10)
    component = make(kernel, source)
    await component.connect()

    async def use() -> int:
        await component.seed(ACCOUNT, KEY)
        return component.issue(ACCOUNT, KEY).nonce

    nonces = await asyncio.gather(*(use() for _ in range(8)))
    assert sorted(nonces) == list(range(10, 18))
    assert source.calls == 1


async def test_seed_without_answer_raises_and_leaves_the_key_unseeded() -> None:
    """A client that cannot be seeded must not trade."""
    component = make(Kernel(), ScriptedSource(ConnectionError("no route"), 3))
    with pytest.raises(ConnectionError):
        await component.connect()
    with pytest.raises(NotInitialized):
        component.issue(ACCOUNT, KEY)
    await component.connect()
    assert component.issue(ACCOUNT, KEY).nonce == 3


async def test_issue_of_an_unknown_key_raises_not_initialized() -> None:
    """A key without a lane issues nothing."""
    component = make(Kernel(), ScriptedSource(0))
    await component.connect()
    with pytest.raises(NotInitialized):
        component.issue(ACCOUNT, 99)


async def test_register_client_that_is_no_execution_client_is_refused() -> None:
    """Only an execution client can be registered."""
    component = make(Kernel(), ScriptedSource(0))
    with pytest.raises(TypeError, match="LiveExecutionClient"):
        component.register_client("LIGHTER")  # type: ignore[arg-type]


# -- verdicts -------------------------------------------------------------------------------------


async def test_refused_latest_is_rolled_back_and_published() -> None:
    """A refusal on the bus frees the nonce, and the bus hears of it."""
    kernel = Kernel()
    component = make(kernel, ScriptedSource(10))
    await component.connect()
    issued = component.issue(ACCOUNT, KEY)
    tell(kernel, events.TxRefused, issued)
    assert [e.nonce for e in kernel.events(events.NonceRolledBack)] == [10]
    assert component.issue(ACCOUNT, KEY).nonce == 10


async def test_verdict_for_another_account_changes_nothing() -> None:
    """Several clients share the bus; each component keeps to its keys."""
    kernel = Kernel()
    component = make(kernel, ScriptedSource(10))
    await component.connect()
    component.issue(ACCOUNT, KEY)
    before = component.status(ACCOUNT, KEY)
    tell(kernel, events.TxRefused, IssuedNonce(ACCOUNT + 1, KEY, 10, before.epoch))
    assert component.status(ACCOUNT, KEY) == before


async def test_hole_is_healed_without_asking_the_venue() -> None:
    """Where the verdicts prove the next nonce, it is not asked (rule 8)."""
    kernel = Kernel()
    source = ScriptedSource(10)
    component = make(kernel, source)
    await component.connect()
    first, second = component.issue(ACCOUNT, KEY), component.issue(ACCOUNT, KEY)
    tell(kernel, events.TxRefused, first)
    with pytest.raises(LaneFrozenError):
        component.issue(ACCOUNT, KEY)
    tell(kernel, events.TxStale, second)
    (healed,) = kernel.events(events.LaneHealed)
    assert (healed.next_nonce, healed.source, healed.doomed) == (10, "inferred", [11])
    assert source.calls == 1


async def test_burst_of_stale_verdicts_asks_the_venue_once() -> None:
    """At most one `nextNonce` call per fault, however many transactions it touched (rule 8)."""
    kernel = Kernel()
    source = ScriptedSource(10, 15)
    component = make(kernel, source)
    await component.connect()
    burst = [component.issue(ACCOUNT, KEY) for _ in range(10)]
    for issued in burst:
        tell(kernel, events.TxStale, issued)
    await eventually(lambda: kernel.events(events.LaneHealed))
    assert source.calls == 2
    assert kernel.events(events.LaneHealed)[0].doomed == list(range(10, 20))
    assert component.issue(ACCOUNT, KEY).nonce == 15


async def test_question_waits_out_the_lag_of_each_freeze_and_is_never_asked_twice_at_a_time() -> (
    None
):
    """Each freeze waits out the venue's lag for itself; one question is open at a time (rule 8)."""
    kernel = Kernel()
    source = ScriptedSource(10)
    component = make(kernel, source, settle_ms=60_000)
    await component.connect()
    first = component.issue(ACCOUNT, KEY)
    tell(kernel, events.TxUnknown, first)
    asked = component.lane(ACCOUNT, KEY).question_ns
    tell(kernel, events.TxAccepted, first)
    tell(kernel, events.TxUnknown, component.issue(ACCOUNT, KEY))
    later = component.lane(ACCOUNT, KEY).question_ns
    await asyncio.sleep(0)
    assert asked is not None
    assert later is not None
    assert later > asked
    assert source.calls == 1
    component.stop()


async def test_refresh_without_answer_is_asked_again() -> None:
    """A venue that does not answer keeps the lane frozen, not broken."""
    kernel = Kernel()
    source = ScriptedSource(10, TimeoutError(), TimeoutError(), 10)
    component = make(kernel, source)
    await component.connect()
    tell(kernel, events.TxUnknown, component.issue(ACCOUNT, KEY))
    await eventually(lambda: kernel.events(events.LaneHealed))
    assert source.calls == 4
    assert kernel.events(events.LaneHealed)[0].unspent == [10]


async def test_withdrawn_nonce_is_issued_again() -> None:
    """What never left the process is handed back by a direct call."""
    component = make(Kernel(), ScriptedSource(10))
    await component.connect()
    component.withdraw(component.issue(ACCOUNT, KEY))
    assert component.issue(ACCOUNT, KEY).nonce == 10


# -- lifecycle ------------------------------------------------------------------------------------


async def test_frozen_too_long_degrades_and_healing_resumes() -> None:
    """The component says in its own state that a lane is stuck (rule 15)."""
    kernel = Kernel()
    component = make(kernel, ScriptedSource(10), degrade_after_ms=1)
    await component.connect()
    first, second = component.issue(ACCOUNT, KEY), component.issue(ACCOUNT, KEY)
    tell(kernel, events.TxRefused, first)
    await eventually(lambda: component.is_degraded)
    tell(kernel, events.TxStale, second)
    assert component.state == ComponentState.RUNNING


async def test_foreign_writer_is_followed_by_default() -> None:
    """The lane goes on behind the foreign nonce, and the bus hears the likely cause."""
    kernel = Kernel()
    component = make(kernel, ScriptedSource(10, 11))
    await component.connect()
    tell(kernel, events.TxStale, component.issue(ACCOUNT, KEY))
    await eventually(lambda: kernel.events(events.LaneHealed))
    assert [e.nonce for e in kernel.events(events.ForeignWriterSuspected)] == [10]
    assert component.issue(ACCOUNT, KEY).nonce == 11


async def test_foreign_writer_halts_where_configured() -> None:
    """With `on_foreign_writer` "halt" nothing is issued any more and the component is at fault."""
    kernel = Kernel()
    component = make(
        kernel,
        ScriptedSource(10, 11),
        on_foreign_writer=ForeignWriterReaction.HALT,
    )
    await component.connect()
    tell(kernel, events.TxStale, component.issue(ACCOUNT, KEY))
    await eventually(lambda: kernel.events(events.LaneHalted))
    assert component.state == ComponentState.FAULTED
    assert not kernel.events(events.LaneHealed)
    with pytest.raises(LaneHaltedError):
        component.issue(ACCOUNT, KEY)


# -- events ---------------------------------------------------------------------------------------

SAMPLES: list[events.KeyEvent] = [
    *(
        kind(account_index=1, api_key_index=2, ts_event=3, nonce=4, epoch=5)
        for kind in events.VERDICT_EVENTS
    ),
    events.NonceSeeded(account_index=1, api_key_index=2, ts_event=3, next_nonce=4),
    events.NonceRolledBack(account_index=1, api_key_index=2, ts_event=3, nonce=4),
    events.NonceResolved(account_index=1, api_key_index=2, ts_event=3, nonce=4),
    events.NonceRefreshed(
        account_index=1, api_key_index=2, ts_event=3, next_nonce=4, believed=True
    ),
    events.LaneFrozen(account_index=1, api_key_index=2, ts_event=3, nonce=4, cause="hole"),
    events.LaneHealed(
        account_index=1,
        api_key_index=2,
        ts_event=3,
        next_nonce=4,
        source="inferred",
        cause="hole",
        doomed=[5, 6],
    ),
    events.LaneHalted(account_index=1, api_key_index=2, ts_event=3, reason="why"),
    events.LaneTroubled(account_index=1, api_key_index=2, ts_event=3, code=21112, reason="why"),
    events.NonceImplausible(
        account_index=1, api_key_index=2, ts_event=3, answer="-1", reason="why"
    ),
    events.OrderInDoubt(
        account_index=1, api_key_index=2, ts_event=3, client_order_id="O-1", label="order O-1"
    ),
    events.OrderSettled(
        account_index=1,
        api_key_index=2,
        ts_event=3,
        client_order_id="O-1",
        label="order O-1",
        proof="record",
    ),
    events.ForeignWriterSuspected(account_index=1, api_key_index=2, ts_event=3, nonce=4),
]


def test_samples_cover_every_event() -> None:
    """The list above is whole."""
    assert {type(s) for s in SAMPLES} == {
        *events.VERDICT_EVENTS,
        *events.NONCE_EVENTS,
        *events.ORDER_EVENTS,
    }


@pytest.mark.parametrize("event", SAMPLES, ids=lambda e: type(e).__name__)
@pytest.mark.parametrize("encoding", [msgspec.msgpack, msgspec.json], ids=["msgpack", "json"])
def test_event_survives_nautilus_serializer(event: events.KeyEvent, encoding: object) -> None:
    """What Nautilus streams to Redis can be read back."""
    serializer = MsgSpecSerializer(encoding=encoding, timestamps_as_str=True)
    assert serializer.deserialize(serializer.serialize(event)) == event


async def test_wildcard_subscription_hears_both_families() -> None:
    """An actor can listen to everything with one pattern."""
    kernel = Kernel()
    heard: list[events.KeyEvent] = []
    kernel.msgbus.subscribe("events.lighter.*", heard.append)
    component = make(kernel, ScriptedSource(10))
    await component.connect()
    tell(kernel, events.TxRefused, component.issue(ACCOUNT, KEY))
    assert {type(e).__name__ for e in heard} == {"NonceSeeded", "NonceRolledBack", "TxRefused"}


async def test_confirmation_for_a_lane_that_runs_does_not_lie_in_wait() -> None:
    """Else the counter's next lag would pass for a reset, and what is in flight be dropped."""
    kernel = Kernel()
    source = ScriptedSource(10, 9)
    component = make(kernel, source)
    await component.connect()
    tell(kernel, events.TxAccepted, component.issue(ACCOUNT, KEY))
    component.confirm_reset(ACCOUNT, KEY)
    await component.disconnect()
    await component.connect()
    assert [event.is_reset for event in kernel.events(events.NonceSeeded)] == [False, False]
