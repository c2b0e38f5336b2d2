"""
Random storms: long runs of faults, then a fair venue; every doubt must end.

`python -m tests.outbox.storm SEED SECONDS` runs seed after seed and prints what it saw.
"""

from __future__ import annotations

import random
import sys
import time
from collections import Counter

from nautilus_lighter_nonce.outbox.settings import OutboxSettings
from tests.outbox.world import SEC
from tests.outbox.world import Bounds
from tests.outbox.world import BrokenError
from tests.outbox.world import World


MS = 1_000_000
REAL = OutboxSettings(max_age_ns=None, queue_timeout_ns=10**6 * SEC)
AGING = OutboxSettings(max_age_ns=4 * SEC, queue_timeout_ns=5 * SEC)
PLENTY = 10**6
WEIGHTS = {
    "submit": 3.0,
    "cancel": 0.5,
    "deliver": 8.0,
    "refuse": 0.4,
    "later": 0.3,
    "lose_frame": 0.3,
    "hear": 8.0,
    "lose_reply": 0.4,
    "execute": 6.0,
    "vanish": 0.25,
    "see": 2.0,
    "show": 2.0,
    "count": 2.0,
    "look": 1.0,
    "reconnect": 0.15,
    "foreign": 0.15,
    "stop": 0.01,
    "tick": 2.5,
}
FAULTS = ("cancels", "lost_frames", "lost_replies", "refusals", "laters", "vanishings", "reverts")


class LivenessError(BrokenError):
    """A doubt did not end under fair answers."""


def storm(seed: int, steps: int = 120) -> World:
    """Run one storm and its fair end."""
    rng = random.Random(seed)
    bounds = Bounds(
        **dict.fromkeys(FAULTS, PLENTY),
        orders=rng.choice([2, 5, 20, 60]),
        connections=PLENTY,
        ticks=PLENTY,
        lags=PLENTY,
        foreign=rng.choice([0, 0, 2, 10]),
        stops=rng.choice([0, 0, 0, 1]),
        frames=rng.random() < 0.7,
        late_fall=rng.random() < 0.5,
        batch=rng.random() < 0.2,
        window=rng.choice([1, 2, 4, 8]),
    )
    world = World(bounds, rng.choice([REAL, REAL, AGING]))
    world.pump()
    shy = {name: rng.choice([0.0, 1.0, 3.0]) for name in WEIGHTS if name in _NASTY}
    for _ in range(steps):
        moves = [m for m in world.moves() if m != ("execute", False) or rng.random() < 0.1]
        if not moves:
            break
        weights = [WEIGHTS[name] * shy.get(name, 1.0) for name, _ in moves]
        if not any(weights):
            break
        name, argument = rng.choices(moves, weights)[0]
        world.now += rng.randrange(1, 30 * MS)
        world.do(name, argument)
    _calm(world, rng)
    return world


_NASTY = {
    *("refuse", "later", "lose_frame", "lose_reply", "vanish", "reconnect", "foreign", "cancel"),
}
_FAIR = ("deliver", "hear", "execute", "show", "see", "count", "look")


def _calm(world: World, rng: random.Random) -> None:
    """Let everything arrive, in time, until nothing is open."""
    for name in world.left:
        world.left[name] = 0
    world.left["ticks"] = PLENTY
    until = world.now + 3_600 * SEC
    for _ in range(20_000):
        moves = [m for m in world.moves() if m[0] in _FAIR and m != ("execute", False)]
        if moves:
            world.now += 1 * MS
            world.do(*rng.choice(moves))
        elif _is_done(world):
            return
        elif world._due() is None or world.now > until:
            break
        else:
            world.do("tick", None)
    open_txs = {n: str(world.outbox.state(n)) for n, t in world.txs.items() if t.told is None}
    raise LivenessError(f"L1: still open after a fair hour: {open_txs}, {world.lane.status()}")


def _is_done(world: World) -> bool:
    real = [n for n, t in world.txs.items() if t.kind in ("order", "cancel") and t.told is None]
    return not real and not world.outbox.undead()


def main(seed: int, seconds: float) -> None:
    """Run storms until the time is over."""
    until, told, writes, orders, n = time.monotonic() + seconds, Counter(), 0, 0, 0
    while time.monotonic() < until:
        try:
            world = storm(seed)
        except Exception as e:  # noqa: BLE001
            print(f"seed {seed}: {type(e).__name__}: {e}", flush=True)
        else:
            told.update(str(t.told) for t in world.txs.values() if t.kind == "order")
            writes += world.written
            orders += sum(t.kind == "order" for t in world.txs.values())
        seed, n = seed + 1, n + 1
    print(f"{n} storms to seed {seed}, {orders} orders, {writes} writes, {dict(told)}")


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]))
