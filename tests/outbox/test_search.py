"""
The search: small worlds seen whole with the shipped code, and that it sees what it should.

Larger worlds take minutes: `python -m tests.outbox.search`.
"""

from __future__ import annotations

import random
from typing import Any

import pytest

from tests.outbox.bounds import Bounds
from tests.outbox.canon import FIELDS
from tests.outbox.canon import form_of
from tests.outbox.cases import CASES
from tests.outbox.cases import SMALL
from tests.outbox.mutants import MUTANTS
from tests.outbox.search import Seen
from tests.outbox.search import search
from tests.outbox.world import World


@pytest.mark.parametrize("name", SMALL)
def test_search_of_a_small_world_sees_all_of_it_and_nothing_broken(name: str) -> None:
    """Every interleaving within the budgets keeps every law."""
    found = search(SMALL[name], seconds=60)
    assert found.broken == "", f"{found.broken}: {'; '.join(found.way)}"
    assert found.is_whole


@pytest.mark.parametrize("name", MUTANTS)
def test_search_without_a_refinement_of_the_law_finds_what_breaks(name: str) -> None:
    """Random examples are too weak a gate: each refinement that is taken away is refuted."""
    found = MUTANTS[name].hunt(seconds=60)
    assert found.broken[:2] in {"S1", "S2", "S3", "S4", "S5", "S6"}
    assert found.way


def test_worlds_of_the_same_form_go_on_alike() -> None:
    """Else states would be taken for seen that were not."""
    rng, compared = random.Random(1), 0
    seen: dict[Any, tuple[bytes, bytes]] = {}
    for name in ("one lost", "one stopped", "two in a batch"):
        for _ in range(40):
            world = World((SMALL | CASES)[name])
            world.pump()
            for _ in range(20):
                world.do(*rng.choice(world.moves()))
                key = (name, form_of(world), tuple(world.left.values()))
                blob = world.freeze()
                if seen.setdefault(key, blob) != blob and compared < 40:
                    compared += 1
                    assert _successors(blob) == _successors(seen[key])
                if not world.moves():
                    break
    assert compared > 10


def _successors(blob: tuple[bytes, bytes]) -> dict[Any, Any]:
    out = {}
    for name, argument in World.thaw(blob).moves():
        after = World.thaw(blob)
        after.do(name, argument)
        out[name, argument] = (form_of(after), tuple(after.left.values()))
    return out


def test_form_thinks_of_every_field_of_the_machine() -> None:
    """A field that is added must be told or left out on purpose."""
    for owner, fields in FIELDS.items():
        names = getattr(owner, "__slots__", None) or _fields_of(owner)
        assert set(names) == set(fields.split()), owner.__name__


def _fields_of(owner: type) -> dict[str, Any]:
    world = World(Bounds())
    outbox = world.outbox
    fates = outbox._fates
    things = (
        *(outbox, fates, outbox._answers, outbox._planner._binding, fates.alarms),
        *(fates.evidence, fates.flight, fates.inquiry, fates.queue, fates.quota),
    )
    return next(vars(thing) for thing in things if type(thing) is owner)


def test_seen_state_is_new_only_with_a_larger_budget() -> None:
    """Whatever may follow a state could follow it with at least the same budgets."""
    seen = Seen()
    assert seen.add(1, (2, 1))
    assert not seen.add(1, (2, 1))
    assert not seen.add(1, (1, 1))
    assert seen.add(1, (1, 2))
    assert seen.add(1, (3, 3))
    assert not seen.add(1, (2, 2))
    assert seen.count == 1


def test_world_that_is_thawed_is_independent() -> None:
    """A clone has an outbox, a lane and a venue of its own."""
    world = World(Bounds())
    world.pump()
    blob = world.freeze()
    twin = World.thaw(blob)
    twin.do("submit", None)
    assert world.outbox.queued == world.outbox.in_flight == 0
    assert twin.outbox.in_flight == 1
    assert form_of(World.thaw(blob)) == form_of(world)
