"""
The shortest way to a broken invariant that leaving steps out of a storm finds.

`python -m tests.outbox.shrink SEED` prints it.
"""

from __future__ import annotations

import random
import sys
from typing import Any

from tests.outbox import storm as storms
from tests.outbox.world import World


Step = tuple[int, str, Any]  # nanoseconds since the step before, move, argument


def record(seed: int) -> tuple[Any, Any, list[Step], str]:
    """Return bounds, settings, steps and the text of what a storm broke."""
    steps: list[Step] = []
    world_of: list[World] = []
    real_do, real_init = World.do, World.__init__

    def init(self: World, *arguments: Any) -> None:
        real_init(self, *arguments)
        world_of.append(self)
        self.__dict__["_last"] = self.now

    def do(self: World, name: str, argument: Any) -> None:
        steps.append((self.now - self.__dict__["_last"], name, argument))
        try:
            real_do(self, name, argument)
        finally:
            self.__dict__["_last"] = self.now

    World.do, World.__init__ = do, init  # type: ignore[method-assign,assignment]
    text = ""
    try:
        storms.storm(seed)
    except Exception as e:  # noqa: BLE001
        text = f"{type(e).__name__}: {e}"
    finally:
        World.do, World.__init__ = real_do, real_init  # type: ignore[method-assign]
    return world_of[0].bounds, world_of[0].settings, steps, text


def replay(bounds: Any, settings: Any, steps: list[Step]) -> tuple[str, list[Step]]:
    """Take the steps that can be taken, then calm down; return what broke and the steps taken."""
    world = World(bounds, settings)
    taken: list[Step] = []
    try:
        world.pump()
        for step in steps:
            pause, name, argument = step
            if (name, argument) in world.moves():
                world.now += pause
                taken.append(step)
                world.do(name, argument)
        storms.calm(world, random.Random(1))
    except Exception as e:  # noqa: BLE001
        return f"{type(e).__name__}: {e}", taken
    return "", taken


def shrink(seed: int) -> tuple[str, list[Step]]:
    """Return what a storm breaks, and few steps that break the same."""
    bounds, settings, steps, text = record(seed)
    kind = text[:30].split(":")[0:2]
    size = max(1, len(steps) // 2)
    while True:
        at, is_better = 0, False
        while at < len(steps):
            fewer = steps[:at] + steps[at + size :]
            broken, taken = replay(bounds, settings, fewer)
            if broken[:30].split(":")[0:2] == kind and len(taken) < len(steps):
                steps, text, is_better = taken, broken, True
            else:
                at += size
        if size == 1 and not is_better:
            return text, steps
        size = max(1, size // 2)


if __name__ == "__main__":
    what, way = shrink(int(sys.argv[1]))
    print(what[:600])
    for _pause, _name, _argument in way:
        print(f"   +{_pause / 1e6:.0f} ms {_name} {'' if _argument is None else _argument}")
