"""
`python -m benchmarks.venue`: how many transactions a second one core of the venue takes.

The venue has one core and this process another, where the system lets processes be bound.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import importlib
import os
import platform
import sys
import time
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import msgspec
from rich.console import Console
from rich.table import Table

from benchmarks.rows import quantile_ms
from benchmarks.tables import show
from benchmarks.venue import split
from benchmarks.venue import transactions
from benchmarks.venue.sender import Outcome
from benchmarks.venue.sender import offer
from benchmarks.venue.transactions import Written
from nautilus_lighter_nonce.loopback.process import VenueProcess


RATE: Final = 1_000.0
SECS: Final = 5.0

LOADS: Final[dict[str, Callable[[int, int], list[Written]]]] = {
    "quotes": transactions.quotes,
    "creates": transactions.creates,
}
ABOUT: Final = {
    "quotes": "create, modify, cancel, market order, and so on",
    "creates": "limit orders that stay in the book",
}


class Measured(msgspec.Struct, frozen=True):
    """
    One offer.

    Parameters
    ----------
    load : str
        Which transactions.
    rate : float, optional
        How many a second were offered; ``None``: as fast as they were answered.
    outcome : Outcome
        What came of it.
    cpu_secs : float
        Processor time of the venue; 0.0 where it cannot be read.

    """

    load: str
    rate: float | None
    outcome: Outcome
    cpu_secs: float

    @property
    def cpu_ms(self) -> float:
        """Processor time of the venue per transaction, milliseconds."""
        return self.cpu_secs * 1_000 / max(self.outcome.answered, 1)


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; return 1 if the venue left anything unanswered or refused it."""
    options = _options(arguments)
    console = Console(highlight=False)
    rows: list[Measured] = []
    parts: list[tuple[str, float, float, float]] = []
    count = int(options.rate * options.secs)
    with _cores() as (first, last):
        bound = "cores not bound" if first is None else f"venue on core {first}, client on {last}"
        machine = f"{platform.system()} {platform.machine()}, {bound}"
        console.print(f"Python {platform.python_version()}, {machine}", soft_wrap=True)
        for load in options.loads:
            rows += [_measure(load, count, rate, first) for rate in (options.rate, None)]
            parts.append((load, *_split(load, count, rows[-1].cpu_ms)))
    show(console, _offers(rows))
    show(console, _parts(parts))
    console.print(LEGEND)
    return int(any(row.outcome.refused or row.outcome.answered < count for row in rows))


def _measure(load: str, count: int, rate: float | None, core: int | None) -> Measured:
    frames = list(transactions.frames(LOADS[load](count, time.time_ns() // 1_000_000)))
    with VenueProcess() as venue:
        assert venue.pid is not None
        if core is not None:
            os.sched_setaffinity(venue.pid, {core})
        before = _cpu_secs(venue.pid)
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            outcome = runner.run(offer(venue.ws_url, frames, rate))
        return Measured(load, rate, outcome, _cpu_secs(venue.pid) - before)


def _split(load: str, count: int, cpu_ms: float) -> tuple[float, float, float]:
    """Return milliseconds per transaction: hash, rest of the law, and the wire by difference."""
    now_ns = time.time_ns()
    written = LOADS[load](count, now_ns // 1_000_000)
    hash_ms = split.hash_secs(written) * 1_000 / count
    law_ms = split.law_secs(written, now_ns) * 1_000 / count
    return hash_ms, law_ms - hash_ms, max(cpu_ms - law_ms, 0.0)


# -- MACHINE --------------------------------------------------------------------------------------


@contextlib.contextmanager
def _cores() -> Iterator[tuple[int | None, int | None]]:
    """Keep this process on the last core, and yield the first and the last if there are two."""
    if not hasattr(os, "sched_setaffinity"):
        yield None, None
        return
    cores = os.sched_getaffinity(0)
    first, last = min(cores), max(cores)
    os.sched_setaffinity(0, {last})
    try:
        yield (first, last) if first != last else (None, None)
    finally:
        os.sched_setaffinity(0, cores)


def _cpu_secs(pid: int) -> float:
    """Return the processor time of a process, 0.0 where there is no /proc."""
    try:
        spent_ns = Path(f"/proc/{pid}/schedstat").read_text().split()[0]
    except OSError:
        return 0.0
    return int(spent_ns) / 1e9


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    return importlib.import_module("uvloop").new_event_loop if find_spec("uvloop") else None


# -- TABLES ---------------------------------------------------------------------------------------

LEGEND: Final = """\
offered: transactions a second, or "most": 64 unanswered at any time; answered/s: from the first one
  sent to the last answer
p50, p99, max: milliseconds from the moment a transaction was due to its answer
frames: private frames that the same socket was sent; cpu: processor milliseconds of the venue per
  transaction; busy: how much of one core that was
hash: the transaction hash; law: admission, ledger, execution and private frames; wire: what is left
  of the venue's time where most was offered: event loop, WebSocket, kernel"""


def _offers(rows: Sequence[Measured]) -> Table:
    table = Table(title="Offered to one core", title_justify="left", box=None, pad_edge=False)
    names = ("offered", "sent", "refused", "answered/s", "p50", "p99", "max", "frames", "cpu")
    table.add_column("", no_wrap=True)
    for name in (*names, "busy"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        outcome = row.outcome
        waits = [quantile_ms(outcome.waits_ns, share) or 0.0 for share in (0.5, 0.99, 1.0)]
        table.add_row(
            f"{row.load}: {ABOUT[row.load]}",
            "most" if row.rate is None else f"{row.rate:,.0f}",
            f"{outcome.answered:,}",
            f"{outcome.refused or '-'}",
            f"{outcome.answered / max(outcome.secs, 1e-9):,.0f}",
            *(f"{wait:,.1f}" for wait in waits),
            f"{outcome.frames:,}",
            f"{row.cpu_ms:.3f}",
            f"{row.cpu_secs / max(outcome.secs, 1e-9):.0%}",
        )
    return table


def _parts(parts: Sequence[tuple[str, float, float, float]]) -> Table:
    title = "Processor milliseconds per transaction"
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    table.add_column("", no_wrap=True)
    for name in ("hash", "law", "wire", "all"):
        table.add_column(name, justify="right", no_wrap=True)
    for load, *costs in parts:
        table.add_row(load, *(f"{cost:.3f}" for cost in (*costs, sum(costs))))
    return table


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.venue", description=__doc__)
    parser.add_argument("--rate", type=float, default=RATE, help="offered per second")
    parser.add_argument("--secs", type=float, default=SECS, help="seconds of each offer")
    parser.add_argument("--loads", default=",".join(LOADS), help="some of " + ", ".join(LOADS))
    options = parser.parse_args(arguments)
    options.loads = options.loads.split(",")
    if unknown := set(options.loads) - set(LOADS):
        parser.error(f"there is no load {', '.join(sorted(unknown))}")
    return options


if __name__ == "__main__":
    sys.exit(main())
