"""Health: the component's own state, from the states of its lanes."""

from __future__ import annotations

import pytest
from nautilus_trader.common.component import Component
from nautilus_trader.common.component import MessageBus
from nautilus_trader.common.component import TestClock
from nautilus_trader.common.enums import ComponentState
from nautilus_trader.model.identifiers import ComponentId
from nautilus_trader.model.identifiers import TraderId

from nautilus_lighter_nonce.component.health import Health
from tests.rooms import SEC
from tests.rooms import Log
from tests.rooms import StillLoop


ONE, TWO = (700, 5), (700, 6)
PATIENCE_SECS = 2.0
FOREVER_NS = 1_000 * SEC


class Lanes(Component):  # type: ignore[misc]
    """A real Nautilus component, so that a move it does not allow raises."""

    def _start(self) -> None: ...

    def _stop(self) -> None: ...

    def _resume(self) -> None: ...

    def _degrade(self) -> None: ...

    def _fault(self) -> None: ...


class Ward:
    """A running component, its health, and a loop whose time the test moves."""

    def __init__(self) -> None:
        self.loop = StillLoop()
        clock = TestClock()
        msgbus = MessageBus(trader_id=TraderId("TESTER-001"), clock=clock)
        self.component = Lanes(clock=clock, component_id=ComponentId("LANES"), msgbus=msgbus)
        self.component.start()
        self.health = Health(self.component, self.loop.whole, PATIENCE_SECS, Log())

    @property
    def state(self) -> ComponentState:
        return self.component.state


def test_froze_for_less_than_patience_changes_nothing() -> None:
    """A short freeze is no news of the component's."""
    ward = Ward()
    ward.health.froze(ONE)
    ward.loop.go_on(2 * SEC - 1)
    assert ward.state == ComponentState.RUNNING
    ward.health.moves(ONE)
    ward.loop.go_on(FOREVER_NS)
    assert ward.state == ComponentState.RUNNING


def test_froze_for_longer_than_patience_degrades_until_it_moves() -> None:
    """Frozen too long is DEGRADED; moving again is RUNNING."""
    ward = Ward()
    ward.health.froze(ONE)
    ward.loop.go_on(2 * SEC)
    assert ward.state == ComponentState.DEGRADED
    ward.health.moves(ONE)
    assert ward.state == ComponentState.RUNNING


def test_froze_twice_leaves_no_alarm_behind() -> None:
    """An alarm that nobody can silence any more would degrade a component that is well."""
    ward = Ward()
    ward.health.froze(ONE)
    ward.health.froze(ONE)
    ward.health.moves(ONE)
    assert ward.loop.armed == 0
    ward.loop.go_on(FOREVER_NS)
    assert ward.state == ComponentState.RUNNING


def test_moves_while_another_lane_is_frozen_stays_degraded() -> None:
    """It comes back only when the last frozen lane moves."""
    ward = Ward()
    ward.health.froze(ONE)
    ward.health.froze(TWO)
    ward.loop.go_on(2 * SEC)
    ward.health.moves(ONE)
    assert ward.state == ComponentState.DEGRADED
    ward.health.moves(TWO)
    assert ward.state == ComponentState.RUNNING


@pytest.mark.parametrize("last", ["moves", "accepted again"])
def test_frozen_and_refused_comes_back_when_the_last_cause_is_gone(last: str) -> None:
    """Two causes of different kinds: neither end alone is enough, whichever comes first."""
    ward = Ward()
    ward.health.froze(ONE)
    ward.health.refused(ONE, 21112)
    ward.loop.go_on(2 * SEC)
    if last == "moves":
        ward.health.refused(ONE, 0)
    else:
        ward.health.moves(ONE)
    assert ward.state == ComponentState.DEGRADED
    ward.health.refused(ONE, 0)
    ward.health.moves(ONE)
    assert ward.state == ComponentState.RUNNING


def test_refused_degrades_at_once_and_says_whether_it_is_new() -> None:
    """The same code again is no news; another code is, and so is the end."""
    ward = Ward()
    assert ward.health.refused(ONE, 21112)
    assert ward.state == ComponentState.DEGRADED
    assert not ward.health.refused(ONE, 21112)
    assert ward.health.refused(ONE, 21113)
    assert ward.state == ComponentState.DEGRADED
    assert ward.health.refused(ONE, 0)
    assert ward.state == ComponentState.RUNNING
    assert not ward.health.refused(ONE, 0)


def test_refused_of_one_key_ends_for_that_key_only() -> None:
    """Each key's refusal is a cause of its own."""
    ward = Ward()
    ward.health.refused(ONE, 21112)
    ward.health.refused(TWO, 21112)
    ward.health.refused(ONE, 0)
    assert ward.state == ComponentState.DEGRADED
    ward.health.refused(TWO, 0)
    assert ward.state == ComponentState.RUNNING


def test_seeded_while_the_account_is_refused_degrades_what_was_started_again() -> None:
    """A refusal outlives a reconnect, and its code is told once: the new run must show it too."""
    ward = Ward()
    ward.health.refused(ONE, 21112)
    ward.health.stop()
    ward.component.stop()
    ward.component.resume()
    ward.health.seeded(ONE)
    assert ward.state == ComponentState.DEGRADED
    ward.health.refused(ONE, 0)
    assert ward.state == ComponentState.RUNNING


def test_seeded_silences_the_alarm_and_changes_no_state() -> None:
    """A lane that begins anew is not frozen; the component's own start says whether it runs."""
    ward = Ward()
    ward.health.froze(ONE)
    ward.health.seeded(ONE)
    ward.loop.go_on(FOREVER_NS)
    assert ward.state == ComponentState.RUNNING


@pytest.mark.parametrize("is_degraded", [False, True])
def test_halted_faults_and_silences_the_alarm(is_degraded: bool) -> None:
    """A halt is FAULTED, from RUNNING and from DEGRADED, and no alarm rings behind it."""
    ward = Ward()
    ward.health.froze(ONE)
    if is_degraded:
        ward.loop.go_on(2 * SEC)
    ward.health.halted(ONE)
    assert ward.state == ComponentState.FAULTED
    ward.loop.go_on(FOREVER_NS)
    assert (ward.state, ward.loop.armed) == (ComponentState.FAULTED, 0)


def test_halted_again_or_moving_after_a_fault_changes_nothing() -> None:
    """FAULTED is left by nothing that a lane does."""
    ward = Ward()
    ward.health.halted(ONE)
    ward.health.halted(TWO)
    ward.health.refused(ONE, 21112)
    ward.health.refused(ONE, 0)
    ward.health.moves(ONE)
    assert ward.state == ComponentState.FAULTED


def test_stop_silences_every_alarm() -> None:
    """No alarm of a run rings in the next."""
    ward = Ward()
    ward.health.froze(ONE)
    ward.health.froze(TWO)
    ward.health.stop()
    assert ward.loop.armed == 0
    ward.loop.go_on(FOREVER_NS)
    assert ward.state == ComponentState.RUNNING
