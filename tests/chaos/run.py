"""
A chaos run: a real trading node and a venue in which everything goes wrong now and then.

Usage: ``python -m tests.chaos.run [--seed N] [--orders N] [--soak]``. The seed is printed first;
with it and the same size the run is played again. The exit code is 1 after any violation.

Rules of this file
------------------
- It plays the story's steps, comes to rest, and asks the venue's judge; it decides nothing itself.
- A long run is a row of chunks, each with a seed of its own, each judged at rest, so that neither
  the venue's ledger nor this process has to remember more than one.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import random
import resource
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import msgspec
from nautilus_trader.common.config import LoggingConfig

from nautilus_lighter_nonce.config import LighterNonceConfig
from nautilus_lighter_nonce.loopback.config import VenueConfig
from nautilus_lighter_nonce.loopback.process import VenueProcess
from tests.chaos import story
from tests.chaos.ask import claims_of
from tests.chaos.ask import node_says
from tests.chaos.ask import sizes_of
from tests.chaos.ask import venue_says
from tests.chaos.player import KEY
from tests.chaos.player import TIDY_ROUNDS
from tests.chaos.player import WAIT_SECS
from tests.chaos.player import Player
from tests.chaos.violations import Violation
from tests.chaos.violations import fates
from tests.chaos.violations import violations_of
from tests.nodes import Node


TAGS = tuple(f"{number:03}" for number in range(1, story.STRATEGIES + 1))

PATIENT = LighterNonceConfig(resend_max_age_ms=60_000, queue_timeout_ms=60_000)
"""Nothing is given up for its age, so that whatever is given up was lost."""

CHUNK_ORDERS = 300
"""Orders from one judgement to the next; the venue forgets ended orders after 1,000."""

MOST_SHOWN = 12
"""Violations that are printed; one cause may have many."""

WARM_UP_CHUNKS = 3
"""Chunks of a soak before its memory is measured for the first time."""


ARRIVAL_ROUNDS, ARRIVAL_SECS = 10, 0.5
"""How often, and how far apart, a run is judged again before a violation counts."""


class Result(msgspec.Struct, kw_only=True):
    """What came of one or more chunks."""

    orders: int = 0
    transactions: int = 0
    heals: int = 0
    fates: Counter[str] = msgspec.field(default_factory=Counter)
    faults: Counter[str] = msgspec.field(default_factory=Counter)
    violations: list[Violation] = []
    sizes: dict[str, int] = {}

    def add(self, other: Result) -> None:
        """Count another chunk in; of sizes the largest are kept."""
        self.orders += other.orders
        self.transactions += other.transactions
        self.heals = other.heals
        self.fates += other.fates
        self.faults += other.faults
        self.violations += other.violations
        self.sizes = {n: max(s, self.sizes.get(n, 0)) for n, s in other.sizes.items()}


# -- CHUNKS ---------------------------------------------------------------------------------------


async def play_chunk(node: Node, venue: VenueProcess, seed: int, orders: int) -> Result:
    """
    Play one chunk and judge it twice: as it comes to rest, and once everything is canceled.

    Parameters
    ----------
    node : Node
        The trading node, at rest.
    venue : VenueProcess
        The venue, with an empty ledger and nothing of ours open.
    seed, orders : int
        The story.

    Returns
    -------
    Result

    """
    player = Player(node, venue)
    violations: list[Violation] = []
    try:
        await player.play(story.steps(seed, orders))
    except AssertionError:
        about = f"{player.backlog()} commands had no verdict after {WAIT_SECS:.0f} s"
        violations.append(Violation("stuck", about))
    await player.play(story.calm())
    await player.rest()
    violations += await _judged(node, venue, player)
    if not violations:
        await player.tidy()
        violations += await _judged(node, venue, player)
        violations += [
            Violation("stuck", f"still open after {TIDY_ROUNDS} cancels: {order}")
            for order in player.orders
            if not order.is_closed
        ]
    return Result(
        orders=len(player.orders),
        transactions=len(venue.ledger()),
        heals=node.nonces.status(*KEY).heals,
        fates=fates(claims_of(node, player)),
        faults=player.faults,
        violations=violations,
        sizes=sizes_of(node),
    )


async def _judged(node: Node, venue: VenueProcess, player: Player) -> list[Violation]:
    """Judge; what is only on its way to the node, such as a fill of this moment, may arrive yet."""
    for _ in range(ARRIVAL_ROUNDS):
        violations = await _judge(node, venue, player)
        if not violations:
            return []
        await asyncio.sleep(ARRIVAL_SECS)
    return await _judge(node, venue, player)


async def _judge(node: Node, venue: VenueProcess, player: Player) -> list[Violation]:
    claims = claims_of(node, player)
    theirs = await asyncio.to_thread(venue_says, venue, claims)
    return violations_of(claims, node_says(node), theirs)


def forget(node: Node, venue: VenueProcess) -> None:
    """Begin a new ledger, and drop what only this harness and Nautilus' cache remember."""
    venue.control({"reset": True})
    for strategy in node.strategies:
        strategy.events.clear()
    node.published.clear()
    now_ns = node.node.kernel.clock.timestamp_ns()
    node.cache.purge_closed_orders(now_ns)
    node.cache.purge_closed_positions(now_ns)
    node.cache.purge_account_events(now_ns)
    for order_list in node.cache.order_lists():
        order_list.orders.clear()  # the cache never purges a list, nor the orders in it (1.231.0)
    gc.collect()


def run(
    seed: int,
    orders: int,
    on_chunk: Callable[[int, Result, VenueProcess], None] | None = None,
) -> Result:
    """
    Run a node through a story of any length; the first chunk with a violation is the last.

    Parameters
    ----------
    seed : int
        Of the first chunk; each further one has the next number.
    orders : int
        Orders to place, about.
    on_chunk : Callable, optional
        Called at rest after each chunk with the chunk's seed, all results so far, and the venue.

    Returns
    -------
    Result

    """
    result = Result()
    with VenueProcess(VenueConfig(seed=seed)) as venue:
        node = Node(venue, tags=TAGS, logging=LoggingConfig(log_level="OFF"), nonce=PATIENT)

        async def chunks(node: Node) -> None:
            chunk_seed = seed
            while result.orders < orders and not result.violations:
                size = min(CHUNK_ORDERS, orders - result.orders)
                result.add(await play_chunk(node, venue, chunk_seed, size))
                forget(node, venue)
                if on_chunk is not None:
                    on_chunk(chunk_seed, result, venue)
                chunk_seed += 1

        node.run(chunks)
    return result


# -- COMMAND LINE ---------------------------------------------------------------------------------


def rss_kib(pid: int | None = None) -> int:
    """Return the resident memory of a process, KiB; of this one its peak where /proc is missing."""
    status = Path(f"/proc/{pid or 'self'}/status")
    if status.exists():
        line = next(ln for ln in status.read_text().splitlines() if ln.startswith("VmRSS"))
        return int(line.split()[1])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


class Soak:
    """Prints a line per chunk and measures how memory grows."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._chunks = 0
        self._samples: list[tuple[int, int]] = []

    def on_chunk(self, seed: int, result: Result, venue: VenueProcess) -> None:
        """Take one more chunk."""
        self._chunks += 1
        if self._chunks >= WARM_UP_CHUNKS:
            self._samples.append((result.orders, rss_kib()))
        print(
            f"chunk {self._chunks} (seed {seed}): {result.orders} orders, "
            f"{sum(result.faults.values())} faults, {result.heals} heals, "
            f"{len(result.violations)} violations, {time.monotonic() - self._began:.0f} s, "
            f"{rss_kib() / 1024:.1f} MiB, venue {rss_kib(venue.pid) / 1024:.1f} MiB",
            flush=True,
        )

    def report(self) -> None:
        """Print what memory did between the first measurement and the last."""
        if len(self._samples) < 2:
            print("too short to say how memory grows")
            return
        (first_orders, first_kib), (orders, kib) = self._samples[0], self._samples[-1]
        growth = (kib - first_kib) / (orders - first_orders) * 10_000 / 1024
        print(
            f"memory: {first_kib / 1024:.1f} MiB after {first_orders} orders, {kib / 1024:.1f} MiB "
            f"after {orders}: {growth:+.1f} MiB per 10,000 orders (Nautilus' cache was purged)"
        )


def report(result: Result) -> None:
    """Print what came of a run."""
    print(f"orders: {result.orders}, transactions: {result.transactions}")
    print(f"ended as: {_words(result.fates)}")
    print(f"faults: {_words(result.faults)}")
    print(f"heals: {result.heals}")
    largest = Counter(result.sizes).most_common(8)
    print(f"largest containers at rest: {_words(Counter(dict(largest)))}")
    print(f"violations: {_words(Counter(v.kind for v in result.violations)) or 'none'}")
    for violation in result.violations[:MOST_SHOWN]:
        print(f"- {violation}")


def _words(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.most_common() if count)


def replay_of(seed: int, orders: int) -> str:
    """Return the command that plays a run again."""
    return f"python -m tests.chaos.run --seed {seed} --orders {orders}"


def main(arguments: list[str] | None = None) -> int:
    """Run from the command line; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.run", description=__doc__)
    parser.add_argument("--seed", type=int, default=None, help="default: a random one")
    parser.add_argument("--orders", type=int, default=CHUNK_ORDERS)
    parser.add_argument("--soak", action="store_true", help="report chunks and memory")
    options = parser.parse_args(arguments)
    seed = random.SystemRandom().randrange(2**31) if options.seed is None else options.seed
    print(f"seed {seed}: {replay_of(seed, options.orders)}", flush=True)
    soak = Soak()
    result = run(seed, options.orders, soak.on_chunk if options.soak else None)
    report(result)
    if options.soak:
        soak.report()
    return 1 if result.violations else 0


if __name__ == "__main__":
    sys.exit(main())
