"""The component's endpoint, its news, and what it makes of the venue's counter."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from nautilus_trader.common.enums import ComponentState

from nautilus_lighter_nonce import events
from nautilus_lighter_nonce.core.errors import LaneFrozenError
from nautilus_lighter_nonce.core.errors import LaneHaltedError
from tests.components import ENDPOINT
from tests.components import make
from tests.components import tell
from tests.stubs import ACCOUNT
from tests.stubs import KEY
from tests.stubs import Kernel
from tests.stubs import ScriptedSource
from tests.stubs import eventually


# -- endpoint and news ----------------------------------------------------------------------------


async def test_four_events_at_the_endpoint_move_the_wrapped_manager_by_themselves() -> None:
    """Ack, rollback, freeze, hard refresh: no outbox, no topic, only the endpoint (the mission)."""
    kernel = Kernel()
    component = make(kernel, ScriptedSource(10, 40), settle_ms=0)
    await component.connect()
    manager, key = component.manager, (ACCOUNT, KEY)
    tell(kernel, events.TxAccepted, component.issue(*key))
    assert (manager.baseline(*key), manager.last_issued(*key)) == (10, 10)
    tell(kernel, events.TxRefused, component.issue(*key))
    assert (manager.baseline(*key), manager.last_issued(*key)) == (10, 10)
    first, second = component.issue(*key), component.issue(*key)
    tell(kernel, events.TxUnknown, first)
    with pytest.raises(LaneFrozenError):
        component.issue(*key)
    tell(kernel, events.TxStale, second)
    tell(kernel, events.TxStale, component.issue(*key))
    await eventually(lambda: kernel.events(events.NonceRefreshed))
    assert manager.last_issued(*key) == 39


async def test_endpoint_is_registered_at_birth_and_deregistered_when_disposed() -> None:
    """A late verdict after a stop still counts; a taken name is an error, not a surprise."""
    kernel = Kernel()
    component = make(kernel, ScriptedSource(10))
    assert component.endpoint == ENDPOINT
    with pytest.raises(KeyError):
        make(kernel, ScriptedSource(10))
    await component.connect()
    issued = component.issue(ACCOUNT, KEY)
    component.stop()
    tell(kernel, events.TxAccepted, issued)
    assert component.manager.baseline(ACCOUNT, KEY) == 10
    component.dispose()
    assert ENDPOINT not in kernel.msgbus.endpoints()


async def test_verdict_is_published_before_the_news_of_its_lane() -> None:
    """Cause before effect: the verdict on its topic first, then what the lane made of it (A15)."""
    kernel = Kernel()
    component = make(kernel, ScriptedSource(10))
    await component.connect()
    first, second = component.issue(ACCOUNT, KEY), component.issue(ACCOUNT, KEY)
    kernel.published.clear()
    tell(kernel, events.TxRefused, first)
    tell(kernel, events.TxStale, second)
    names = [
        type(event).__name__ for event in kernel.published if isinstance(event, events.KeyEvent)
    ]
    assert names == ["TxRefused", "LaneFrozen", "TxStale", "LaneHealed"]


async def test_news_that_a_listener_causes_come_behind_those_that_are_queued() -> None:
    """News are never told one inside another: who answers news with a verdict is heard later."""
    kernel = Kernel()
    component = make(kernel, ScriptedSource(10))
    await component.connect()
    first, second = component.issue(ACCOUNT, KEY), component.issue(ACCOUNT, KEY)
    heard: list[str] = []
    kernel.msgbus.subscribe(
        "events.lighter.nonce.frozen.*",
        lambda _: tell(kernel, events.TxStale, second),
        priority=5,
    )
    kernel.msgbus.subscribe("events.lighter.*", lambda e: heard.append(type(e).__name__))
    tell(kernel, events.TxRefused, first)
    assert heard == ["TxRefused", "LaneFrozen", "TxStale", "LaneHealed"]


@pytest.mark.parametrize("priority", [0, 20])
async def test_listener_that_raises_stops_neither_lane_nor_news(priority: int) -> None:
    """Whoever fails to listen is logged; the lane has moved, the news follow (A14)."""
    kernel = Kernel()
    component = make(kernel, ScriptedSource(10))
    await component.connect()

    def broken(event: Any) -> None:
        raise RuntimeError("listener")

    kernel.msgbus.subscribe("events.lighter.tx.*", broken, priority=priority)
    tell(kernel, events.TxRefused, component.issue(ACCOUNT, KEY))
    assert component.manager.last_issued(ACCOUNT, KEY) == 9
    assert kernel.events(events.NonceRolledBack)


async def test_verdict_that_is_only_published_counts_once_with_its_news_behind_it() -> None:
    """A client that publishes on the topic is heard; the same event again changes nothing."""
    kernel = Kernel()
    component = make(kernel, ScriptedSource(10))
    await component.connect()
    event = events.TxRefused.of(component.issue(ACCOUNT, KEY), kernel.clock.timestamp_ns())
    kernel.published.clear()
    kernel.msgbus.publish(topic=event.topic, msg=event)
    assert component.manager.last_issued(ACCOUNT, KEY) == 9
    await eventually(lambda: kernel.events(events.NonceRolledBack))
    reissued = component.issue(ACCOUNT, KEY)
    kernel.msgbus.send(ENDPOINT, event)
    kernel.msgbus.publish(topic=event.topic, msg=event)
    await asyncio.sleep(0)
    assert component.manager.last_issued(ACCOUNT, KEY) == reissued.nonce
    assert len(kernel.events(events.NonceRolledBack)) == 1


async def test_equal_verdicts_of_two_writes_both_count() -> None:
    """Once goes by the id of the write or by identity, never by equal fields."""
    kernel = Kernel()
    component = make(kernel, ScriptedSource(10))
    await component.connect()
    for _ in range(2):
        issued = component.issue(ACCOUNT, KEY)
        kernel.msgbus.send(ENDPOINT, events.TxRefused.of(issued, 7))
    assert len(kernel.events(events.NonceRolledBack)) == 2
    issued = component.issue(ACCOUNT, KEY)
    for _ in range(2):
        kernel.msgbus.send(ENDPOINT, events.TxAccepted.of(issued, 7, write_id="w1"))
    assert len(kernel.events(events.TxAccepted)) == 1


# -- the venue's counter --------------------------------------------------------------------------


@pytest.mark.parametrize("answer", [None, "12", 12.5, -1, 2**60, True])
async def test_answer_that_is_no_number_is_named_and_asked_again(answer: Any) -> None:
    """Whatever the venue answers, the lane goes on when a number comes (A17)."""
    kernel = Kernel()
    source = ScriptedSource(10, answer, 10)
    component = make(kernel, source, settle_ms=0)
    await component.connect()
    tell(kernel, events.TxUnknown, component.issue(ACCOUNT, KEY))
    await eventually(lambda: kernel.events(events.LaneHealed))
    (said,) = kernel.events(events.NonceImplausible)
    assert said.answer == str(answer)
    assert source.calls == 3


async def test_venue_that_was_reset_halts_and_is_not_written_to_before_it_is_confirmed() -> None:
    """A fall to another magnitude halts; both numbers are named; nothing is seeded early (A7)."""
    kernel = Kernel()
    component = make(kernel, ScriptedSource(1_800_000_000_000, 1), settle_ms=0)
    await component.connect()
    tell(kernel, events.TxStale, component.issue(ACCOUNT, KEY))
    await eventually(lambda: kernel.events(events.LaneHalted))
    (halted,) = kernel.events(events.LaneHalted)
    assert "1799999999999" in halted.reason
    assert " 1," in halted.reason
    assert component.state == ComponentState.FAULTED
    with pytest.raises(LaneHaltedError, match="confirm_reset"):
        await component.seed(ACCOUNT, KEY)
    component.confirm_reset(ACCOUNT, KEY)
    await component.seed(ACCOUNT, KEY)
    assert component.issue(ACCOUNT, KEY).nonce == 1


async def test_venue_that_was_reset_while_we_were_away_is_not_written_to() -> None:
    """The next connect sees the fall as well, and does not begin below what was counted (A7)."""
    kernel = Kernel()
    component = make(kernel, ScriptedSource(1_800_000_000_000, 1))
    await component.connect()
    await component.disconnect()
    with pytest.raises(LaneHaltedError, match="confirm_reset"):
        await component.connect()
    assert kernel.events(events.LaneHalted)
    component.confirm_reset(ACCOUNT, KEY)
    await component.seed(ACCOUNT, KEY)
    assert component.issue(ACCOUNT, KEY).nonce == 1


async def test_key_that_others_used_meanwhile_is_seeded_far_above() -> None:
    """A jump while we were away is no fault: somebody may have used clock milliseconds."""
    component = make(Kernel(), ScriptedSource(10, 1_800_000_000_000))
    await component.connect()
    await component.disconnect()
    await component.connect()
    assert component.issue(ACCOUNT, KEY).nonce == 1_800_000_000_000


async def test_component_that_reconnects_seeds_whatever_its_lanes_were_left_in() -> None:
    """16 nonces without a verdict, or a frozen lane: the next connect begins anew (A9)."""
    kernel = Kernel()
    source = ScriptedSource(10, 30)
    component = make(kernel, source, settle_ms=60_000)
    await component.connect()
    issued = [component.issue(ACCOUNT, KEY) for _ in range(16)]
    tell(kernel, events.TxUnknown, issued[0])
    await component.disconnect()
    await component.connect()
    assert source.calls == 2
    assert component.issue(ACCOUNT, KEY).nonce == 30
    tell(kernel, events.TxAccepted, issued[3])
    assert component.manager.baseline(ACCOUNT, KEY) == 29


async def test_source_that_answers_no_number_keeps_the_client_from_connecting() -> None:
    """A client that cannot be seeded must not trade; the error names field, value and remedy."""
    component = make(Kernel(), ScriptedSource(None))
    with pytest.raises(ValueError, match=r"nextNonce of .*'None'.*base_url_http"):
        await component.connect()


async def test_lane_that_freezes_again_in_the_turn_in_which_it_healed_is_asked_for() -> None:
    """The question that just ended is not the one that is wanted now: a lane must not wait."""
    kernel = Kernel()
    answer = kernel.loop.create_future()

    class Source(ScriptedSource):
        async def next_nonce(self, account_index: int, api_key_index: int) -> Any:
            if self.calls == 1:
                self.calls += 1
                return await answer
            return await super().next_nonce(account_index, api_key_index)

    source = Source(10, 11)
    component = make(kernel, source)
    await component.connect()
    tell(kernel, events.TxUnknown, component.issue(ACCOUNT, KEY))
    await eventually(lambda: source.calls == 2)
    answer.set_result(10)
    kernel.loop.call_soon(
        lambda: tell(kernel, events.TxUnknown, component.issue(ACCOUNT, KEY)),
    )
    await eventually(lambda: len(kernel.events(events.LaneHealed)) == 2)
