"""
Breadth-first search over everything that may happen in small bounds, with the shipped code.

`python -m tests.outbox.search` runs all cases and prints how many states each has; with names it runs
those. A broken invariant comes with the shortest way to it.
"""

from __future__ import annotations

import sys
import time
from collections import deque

from tests.outbox.world import Bounds
from tests.outbox.world import BrokenError
from tests.outbox.world import World


CASES: dict[str, Bounds] = {
    "lost": Bounds(
        orders=2,
        cancels=0,
        lost_frames=1,
        lost_replies=1,
        refusals=0,
        vanishings=0,
        lags=0,
        ticks=4,
    ),
    "refused": Bounds(
        orders=3,
        cancels=0,
        lost_frames=0,
        lost_replies=0,
        refusals=1,
        vanishings=0,
        lags=0,
        ticks=1,
        connections=1,
    ),
    "cancel": Bounds(
        orders=1,
        cancels=1,
        lost_frames=0,
        lost_replies=1,
        refusals=1,
        vanishings=0,
        lags=0,
        ticks=4,
    ),
    "reconnect": Bounds(
        orders=2,
        cancels=1,
        lost_frames=0,
        lost_replies=0,
        refusals=0,
        vanishings=0,
        lags=0,
        ticks=3,
        connections=2,
    ),
    "vanish": Bounds(
        orders=2,
        cancels=0,
        lost_frames=0,
        lost_replies=0,
        refusals=0,
        vanishings=1,
        lags=0,
        ticks=6,
        connections=1,
    ),
    "vanish late": Bounds(
        orders=2,
        cancels=0,
        lost_frames=0,
        lost_replies=0,
        refusals=0,
        vanishings=1,
        lags=0,
        ticks=6,
        connections=1,
        late_fall=True,
    ),
    "foreign": Bounds(
        orders=2,
        cancels=0,
        lost_frames=0,
        lost_replies=0,
        refusals=0,
        vanishings=0,
        foreign=1,
        lags=0,
        ticks=4,
        connections=2,
    ),
    "stop": Bounds(
        orders=1,
        cancels=0,
        lost_frames=1,
        lost_replies=1,
        refusals=0,
        vanishings=0,
        lags=0,
        ticks=4,
        stops=1,
    ),
    "batch": Bounds(
        orders=2,
        cancels=0,
        lost_frames=0,
        lost_replies=1,
        refusals=1,
        vanishings=0,
        lags=0,
        ticks=3,
        batch=True,
    ),
}


def search(
    bounds: Bounds, most: int = 200_000, seconds: float = 60.0
) -> tuple[int, bool, list[str], str]:
    """Return states, whether all were seen, and the way to the first broken invariant with its text."""
    start = World(bounds)
    start.pump()
    ways: dict[int, tuple[int, str] | None] = {hash(start.key()): None}
    todo = deque([start])
    until = time.monotonic() + seconds
    while todo:
        if len(ways) > most or time.monotonic() > until:
            return len(ways), False, [], ""
        world = todo.popleft()
        here = hash(world.key())
        blob = world.freeze()
        for name, argument in world.moves():
            after = World.thaw(blob)
            step = f"{name}({'' if argument is None else argument})"
            try:
                after.do(name, argument)
            except BrokenError as e:
                return len(ways), False, [*_way(ways, here), step], str(e)
            except Exception as e:  # noqa: BLE001 (a crash is a broken invariant)
                return len(ways), False, [*_way(ways, here), step], f"CRASH {type(e).__name__}: {e}"
            there = hash(after.key())
            if there not in ways:
                ways[there] = (here, step)
                todo.append(after)
    return len(ways), True, [], ""


def _way(ways: dict[int, tuple[int, str] | None], state: int) -> list[str]:
    out = []
    while (link := ways[state]) is not None:
        state, step = link
        out.append(step)
    return out[::-1]


def main(names: list[str]) -> None:
    """Run the cases and print them."""
    seconds = 100.0
    for name in names or CASES:
        began = time.monotonic()
        states, is_whole, way, text = search(CASES[name], seconds=seconds, most=10**7)
        spent = time.monotonic() - began
        how = "complete" if is_whole else "cut"
        print(
            f"{name}: {states} states, {how}, {spent:.0f} s, {text or 'nothing broken'}", flush=True
        )
        if way:
            print("   " + "; ".join(way))


if __name__ == "__main__":
    main(sys.argv[1:])
