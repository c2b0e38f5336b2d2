"""The script: seeded, complete, and nothing a venue does not know."""

from __future__ import annotations

from decimal import Decimal

import pytest

from nautilus_lighter_nonce.demo import script
from nautilus_lighter_nonce.loopback.config import DEFAULT_MARKETS
from nautilus_lighter_nonce.loopback.server import LoopbackVenue
from nautilus_lighter_nonce.loopback.venue.control import carry_out


ETH = next(market for market in DEFAULT_MARKETS if market.symbol == "ETH")


def test_steps_same_seed_are_the_same() -> None:
    """A run can be repeated: the seed decides every fault and its time."""
    first = script.steps(7, 20.0, DEFAULT_MARKETS)

    assert first == script.steps(7, 20.0, DEFAULT_MARKETS)
    assert first != script.steps(8, 20.0, DEFAULT_MARKETS)


@pytest.mark.parametrize("seed", range(5))
def test_steps_of_default_run_hold_every_fault(seed: int) -> None:
    """Faults are dealt like cards, so that a run of 15 s shows each of them."""
    names = {step.name for step in script.steps(seed, 15.0, DEFAULT_MARKETS)}

    assert names - {""} == script.FAULT_NAMES


def test_steps_without_faults_move_touches_only() -> None:
    """An undisturbed run still has fills."""
    steps = script.steps(1, 15.0, DEFAULT_MARKETS, with_faults=False)

    assert steps
    assert {step.name for step in steps} == {""}


def test_steps_carried_out_are_known_to_the_venue() -> None:
    """Every step is a command that a venue carries out as it stands."""
    venue = LoopbackVenue()

    for step in script.steps(1, 30.0, DEFAULT_MARKETS):
        carry_out(venue, step.command)


@pytest.mark.parametrize(("seconds", "first"), [(15.0, 1.0), (1.5, 0.5)])
def test_steps_begin_with_faults_only_after_the_warm_up(seconds: float, first: float) -> None:
    """Trading begins undisturbed; of a short run a third is left so."""
    at = [step.at for step in script.steps(1, seconds, DEFAULT_MARKETS) if step.name]
    assert min(at) == first
    assert max(at) < seconds


def test_steps_deal_no_fault_again_before_all_were_dealt() -> None:
    """No draw of a seed hides a fault for long."""
    dealt = [step.about for step in script.steps(3, 60.0, []) if step.about]
    kinds = len(set(dealt))
    rounds = [dealt[i : i + kinds] for i in range(0, len(dealt) - kinds + 1, kinds)]
    assert len(rounds) > 2
    assert all(len(set(each)) == kinds for each in rounds)


def test_steps_are_in_the_order_of_their_times() -> None:
    """Whoever carries them out waits for one after the other."""
    at = [step.at for step in script.steps(2, 20.0, DEFAULT_MARKETS)]
    assert at == sorted(at)


def test_steps_take_every_touch_back_where_it_began() -> None:
    """A market that stayed away would be filled once and never again."""
    swept = script.steps(2, 20.0, [ETH], with_faults=False)
    home = script.touch(ETH, Decimal(0))
    assert len(swept) > 2
    assert all(there.command != home for there in swept[::2])
    assert all(back.command == home for back in swept[1::2])


def test_touch_of_a_shift_moves_both_sides_by_it_in_whole_ticks() -> None:
    """A venue refuses a price that is no multiple of the tick."""
    moved = script.touch(ETH, Decimal(-10))["touch"]
    tick = Decimal(1).scaleb(-ETH.price_decimals)
    for side, began in (("bid", ETH.bid), ("ask", ETH.ask)):
        assert Decimal(moved[side]) % tick == 0
        assert abs(Decimal(moved[side]) - Decimal(began) * Decimal("0.999")) < tick
    assert moved["market"] == ETH.market_id
