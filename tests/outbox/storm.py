"""
Random storms: long runs of faults, then a fair venue; every doubt must end.

`python -m tests.outbox.storm SEED SECONDS` runs seed after seed and prints what it saw.
"""

from __future__ import annotations

import random
import sys
import time
from collections import Counter
from typing import Any

from nautilus_lighter_nonce.outbox.settings import OutboxSettings
from tests.outbox.bounds import BUDGETS
from tests.outbox.bounds import SEC
from tests.outbox.bounds import Bounds
from tests.outbox.laws import BrokenError
from tests.outbox.world import World


MS = 1_000_000
KEEPING = OutboxSettings(max_age_ns=None, queue_timeout_ns=10**6 * SEC)
AGING = OutboxSettings(max_age_ns=4 * SEC, queue_timeout_ns=5 * SEC)
STUBBORN = OutboxSettings(max_age_ns=4 * SEC, queue_timeout_ns=5 * SEC, resend=False)
LIMITED = OutboxSettings(max_age_ns=None, queue_timeout_ns=10**6 * SEC, quota_per_min=90)
PLENTY = 10**6
WEIGHTS = {
    "submit": 3.0,
    "cancel": 0.5,
    "modify": 0.3,
    "deliver": 8.0,
    "refuse": 0.4,
    "later": 0.3,
    "lose_frame": 0.3,
    "hear": 8.0,
    "hear_nameless": 0.3,
    "lose_reply": 0.4,
    "garble": 0.1,
    "execute": 6.0,
    "vanish": 0.25,
    "see": 2.0,
    "show": 2.0,
    "count": 2.0,
    "mute": 0.3,
    "look": 1.0,
    "rumour_0": 0.1,
    "rumour_1": 0.1,
    "reconnect": 0.15,
    "foreign": 0.15,
    "refuse_account": 0.1,
    "refuse_key": 0.02,
    "mend": 0.3,
    "hold_back": 0.3,
    "get_ready": 2.0,
    "start": 0.3,
    "stop": 0.01,
    "sign": 6.0,
    "unsign": 0.05,
    "flush": 6.0,
    "fail_write": 0.1,
    "tick": 2.5,
}
FAIR = frozenset(
    (
        *("deliver", "hear", "execute", "show", "see", "count", "look"),
        *("sign", "flush", "get_ready", "mend"),
    )
)
"""What happens even to those who have no bad luck."""

NASTY = tuple(name for name in WEIGHTS if name not in FAIR | {"submit", "stop", "tick"})
SAID_ONCE = frozenset(("orders", "foreign", "stops"))


class LivenessError(BrokenError):
    """A doubt did not end under fair answers."""


def storm(seed: int, steps: int = 120) -> World:
    """
    Run one storm and its fair end.

    Raises
    ------
    BrokenError
        If an invariant was broken, or something did not end.

    """
    rng = random.Random(seed)
    world = World(_bounds(rng), rng.choice([KEEPING, KEEPING, AGING, STUBBORN, LIMITED]))
    world.pump()
    shyness = {name: rng.choice([0.0, 1.0, 3.0]) for name in NASTY}
    for _ in range(steps):
        moves = [m for m in world.moves() if not _is_rare(m) or rng.random() < 0.1]
        weights = [WEIGHTS[name] * shyness.get(name, 1.0) for name, _ in moves]
        if not any(weights):
            break
        name, argument = rng.choices(moves, weights)[0]
        world.now += rng.randrange(1, 30 * MS)
        world.do(name, argument)
    calm(world, rng)
    return world


def _bounds(rng: random.Random) -> Bounds:
    budgets: dict[str, Any] = {name: PLENTY for name in BUDGETS if name not in SAID_ONCE}
    return Bounds(
        **budgets,
        orders=rng.choice([2, 5, 20, 60]),
        foreign=rng.choice([0, 0, 2, 10]),
        stops=rng.choice([0, 0, 0, 1]),
        frames=rng.random() < 0.7,
        index=True,
        steady=False,
        late_fall=rng.random() < 0.5,
        batch=rng.random() < 0.2,
        slow=rng.random() < 0.3,
        window=rng.choice([1, 2, 4, 8]),
        life=rng.choice([None, None, 3, 90]),
    )


def _is_rare(move: tuple[str, object]) -> bool:
    """Return whether a move is a bad fate that budgets alone do not make rare."""
    return move in (("execute", False), ("count", True))


def calm(world: World, rng: random.Random) -> None:
    """Let everything arrive, in time, until nothing is open."""
    for name in world.left:
        world.left[name] = 0
    world.left["ticks"] = PLENTY
    until = world.now + 3_600 * SEC
    for _ in range(20_000):
        moves = [m for m in world.moves() if m[0] in FAIR and not _is_rare(m)]
        if moves:
            world.now += 1 * MS
            world.do(*rng.choice(moves))
        elif not world.outbox.undead() and not _open(world):
            return
        elif world.outbox.next_due() is None or world.now > until:
            break
        else:
            world.do("tick", None)
    raise LivenessError(f"L3: still open after a fair hour: {_open(world)}, {world.lane.status()}")


def _open(world: World) -> dict[int, str]:
    return {
        number: f"{tx.kind} {world.outbox.state(number)}"
        for number, tx in world.txs.items()
        if tx.kind != "filler" and tx.told is None
    }


def main(seed: int, seconds: float) -> None:
    """Run storms until the time is over."""
    until, writes, orders, n = time.process_time() + seconds, 0, 0, 0
    told: Counter[str] = Counter()
    first, broken = seed, 0
    while time.process_time() < until:
        try:
            world = storm(seed)
        except Exception as e:  # noqa: BLE001 (a crash is a finding, too)
            print(f"seed {seed}: {type(e).__name__}: {str(e)[:200]}", flush=True)
            broken += 1
            if broken > 5:
                break
        else:
            told.update(str(t.told) for t in world.txs.values() if t.kind == "order")
            writes += len(world.laws.written)
            orders += len(world.orders)
        seed, n = seed + 1, n + 1
    print(
        f"{n} storms, seeds {first} to {seed - 1}, {orders} orders, {writes} written, {dict(told)}"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]))
