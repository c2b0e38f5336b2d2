"""
Breadth-first search over everything that may happen in small bounds, with the shipped code.

`python -m tests.outbox.search` runs all cases and prints how many states each has; with names it
runs those, `SECONDS=60` sets the patience with each. A broken invariant comes with the shortest way
to it.

A state that was seen with at least as large budgets need not be seen again: whatever may follow it
could follow there.
"""

from __future__ import annotations

import sys
import time
from collections import deque
from dataclasses import dataclass
from dataclasses import field

from tests.outbox.bounds import Bounds
from tests.outbox.canon import form_of
from tests.outbox.cases import CASES
from tests.outbox.cases import SMALL
from tests.outbox.laws import BrokenError
from tests.outbox.world import World


Budget = tuple[int, ...]


class Seen:
    """The states that were seen, each with the largest budgets it was seen with."""

    def __init__(self) -> None:
        self._budgets: dict[int, list[Budget]] = {}
        self.count = 0

    def add(self, form: int, budget: Budget) -> bool:
        """Note a state; return whether it is new, or has a budget that no earlier one had."""
        known = self._budgets.get(form)
        if known is None:
            self._budgets[form] = [budget]
            self.count += 1
            return True
        if any(all(a >= b for a, b in zip(old, budget, strict=True)) for old in known):
            return False
        known[:] = [
            old for old in known if not all(b >= a for a, b in zip(old, budget, strict=True))
        ]
        known.append(budget)
        return True


@dataclass
class Found:
    """What a search saw."""

    states: int = 0
    steps: int = 0
    is_whole: bool = False
    broken: str = ""
    way: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def __str__(self) -> str:
        how = "complete" if self.is_whole else "cut"
        text = f"{self.states} states, {self.steps} steps, {how}, {self.seconds:.0f} s"
        return f"{text}, {self.broken or 'nothing broken'}"


Link = tuple["Link", str] | None


def search(
    bounds: Bounds,
    seconds: float = 60.0,
    most: int = 10**7,
) -> Found:
    """Take every step that may be taken, nearest first, until all is seen or time is over."""
    began = time.process_time()
    found, seen = Found(), Seen()
    start = World(bounds)
    start.pump()
    seen.add(hash(form_of(start)), tuple(start.left.values()))
    todo: deque[tuple[tuple[bytes, bytes], list[tuple[str, object]], Link]] = deque()
    todo.append((start.freeze(), start.moves(), None))
    found.is_whole = True
    while todo:
        if seen.count > most or time.process_time() - began > seconds:
            found.is_whole = False
            break
        blob, moves, link = todo.popleft()
        for name, argument in moves:
            after = World.thaw(blob)
            found.steps += 1
            step = name if argument is None else f"{name}({argument})"
            try:
                after.do(name, argument)
            except BrokenError as e:
                found.broken = str(e)
            except Exception as e:  # noqa: BLE001 (a crash is a broken invariant)
                found.broken = f"CRASH {type(e).__name__}: {e}"
            if found.broken:
                found.is_whole, found.way = False, [*_way(link), step]
                todo.clear()
                break
            if seen.add(hash(form_of(after)), tuple(after.left.values())):
                todo.append((after.freeze(), after.moves(), (link, step)))
    found.states, found.seconds = seen.count, time.process_time() - began
    return found


def _way(link: Link) -> list[str]:
    out = []
    while link is not None:
        link, step = link
        out.append(step)
    return out[::-1]


def main(arguments: list[str]) -> None:
    """Run the cases and print them."""
    seconds = next((float(a[8:]) for a in arguments if a.startswith("SECONDS=")), 60.0)
    names = [a for a in arguments if not a.startswith("SECONDS=")]
    for name in names or CASES:
        found = search((SMALL | CASES)[name], seconds=seconds)
        print(f"{name}: {found}", flush=True)
        if found.way:
            print("   " + "; ".join(found.way), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
