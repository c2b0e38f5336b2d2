"""Seeding: what the venue says of a key, weighed against what its lane knows."""

from __future__ import annotations

from typing import Any

import pytest

from nautilus_lighter_nonce.component.resets import Resets
from nautilus_lighter_nonce.component.seeding import Seed
from nautilus_lighter_nonce.component.seeding import ask_for_seed
from nautilus_lighter_nonce.core.counter import MAX_LAG
from nautilus_lighter_nonce.core.counter import MAX_NONCE
from nautilus_lighter_nonce.core.lane import NonceLane
from tests.rooms import Log
from tests.rooms import lane_at
from tests.stubs import ACCOUNT
from tests.stubs import KEY
from tests.stubs import ScriptedSource


NAME = (ACCOUNT, KEY)
HIGH = 1_000_000


async def _seed(lane: NonceLane, *answers: Any, confirmed: bool = False) -> tuple[Seed, int]:
    """Return the seed, and how many questions it took."""
    resets, source = Resets(), ScriptedSource(*answers)
    if confirmed:
        resets.note(NAME, 0)
        resets.confirm(NAME)
    before = lane.status()
    seed = await ask_for_seed(source, NAME, lane, resets, Log())
    assert lane.status() == before, "it moves no lane"
    return seed, source.calls


@pytest.mark.parametrize("answer", [0, 1, HIGH, MAX_NONCE])
async def test_seed_of_a_new_lane_is_what_the_venue_says(answer: int) -> None:
    """A lane that knows nothing begins wherever the venue stands."""
    assert await _seed(lane_at(None), answer) == (Seed(answer), 1)


@pytest.mark.parametrize("ahead", [0, 1, 10**12])
async def test_seed_at_or_above_what_is_known_is_taken(ahead: int) -> None:
    """Others may have used the key meanwhile, by whatever numbers."""
    assert await _seed(lane_at(HIGH), HIGH + ahead) == (Seed(HIGH + ahead), 1)


@pytest.mark.parametrize("lag", [1, MAX_LAG])
async def test_seed_that_lags_begins_where_the_lane_knows_to_be(lag: int) -> None:
    """The counter lags: no number that was executed is issued again."""
    assert await _seed(lane_at(HIGH), HIGH - lag) == (Seed(HIGH), 1)


async def test_seed_that_fell_once_is_asked_again_and_not_believed() -> None:
    """One answer far below proves no reset."""
    fallen = HIGH - MAX_LAG - 1
    assert await _seed(lane_at(HIGH), fallen, HIGH + 3) == (Seed(HIGH + 3), 2)
    assert await _seed(lane_at(HIGH), fallen, HIGH - 3) == (Seed(HIGH), 2)


async def test_seed_that_fell_twice_is_fallen_at_the_second_answer() -> None:
    """The same again does prove it; nobody has confirmed anything, so nothing begins there."""
    fallen = HIGH - MAX_LAG - 1
    assert await _seed(lane_at(HIGH), fallen, 4) == (Seed(4, is_fallen=True), 2)


@pytest.mark.parametrize("answer", [0, HIGH - MAX_LAG - 1, HIGH - MAX_LAG, HIGH - 1])
async def test_seed_after_a_confirmed_reset_begins_below(answer: int) -> None:
    """Confirmed: one answer is enough, and whatever is below what was executed is a reset."""
    assert await _seed(lane_at(HIGH), answer, confirmed=True) == (Seed(answer, is_reset=True), 1)


@pytest.mark.parametrize("ahead", [0, 5])
async def test_seed_at_or_above_what_is_known_is_no_reset_though_confirmed(ahead: int) -> None:
    """Nothing of before may count as gone where the counter says that it was executed."""
    seed, _ = await _seed(lane_at(HIGH), HIGH + ahead, confirmed=True)
    assert seed == Seed(HIGH + ahead)


NO_NUMBERS = [None, "12", 12.5, -1, MAX_NONCE + 1, True, [7], 10**5_000]


@pytest.mark.parametrize("answer", NO_NUMBERS, ids=lambda a: type(a).__name__)
async def test_seed_that_is_no_number_raises_with_the_remedy(answer: Any) -> None:
    """A client that cannot be seeded must not trade; however absurd, the error can be read."""
    with pytest.raises(
        ValueError, match=r"^nextNonce of account=700, api_key=5 was .*base_url_http"
    ):
        await _seed(lane_at(HIGH), answer)


async def test_seed_whose_second_answer_is_no_number_raises() -> None:
    """Each answer is looked at."""
    with pytest.raises(ValueError, match="nextNonce"):
        await _seed(lane_at(HIGH), 0, None)


async def test_seed_is_asked_patiently_and_raises_what_the_source_raised() -> None:
    """Silence is asked again; an error goes to whoever wanted to connect."""
    assert await _seed(lane_at(None), TimeoutError(), 7) == (Seed(7), 2)
    with pytest.raises(ConnectionError):
        await _seed(lane_at(HIGH), 0, ConnectionError("no route"), 7)
