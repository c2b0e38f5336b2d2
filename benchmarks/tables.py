"""
The tables, and the line above them that says where they were measured.

Rule of this file: it shows rows, it knows no client and no venue. Nothing in it tells the date.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Callable
from collections.abc import Sequence
from importlib.metadata import version
from typing import Final

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

from benchmarks.rows import LATE_SECS
from benchmarks.rows import Row
from nautilus_lighter_nonce import __version__


MOST_WIDTH: Final = 400

CLIENTS: Final = {
    "sdk": "lighter-sdk",
    "sdk-thread": "lighter-sdk (own thread)",
    "sdk-api": "lighter-sdk (API manager)",
    "lane": "ours, lane",
    "node": "ours, TradingNode",
}

Cell = Callable[[Row], str]


def _count(value: int | None) -> str:
    return "" if value is None else str(value) if value else "-"


def _ms(value: float | None) -> str:
    return "" if value is None else f"{value:,.1f}" if value < 100 else f"{value:,.0f}"


_CELLS: Final[dict[str, Cell]] = {
    "orders": lambda row: str(row.orders),
    "landed": lambda row: str(row.landed),
    "landed/s": lambda row: f"{row.goodput:,.1f}",
    "p50": lambda row: _ms(row.p50_ms),
    "p99": lambda row: _ms(row.p99_ms),
    "shown\np50": lambda row: _ms(row.shown_p50_ms),
    "shown\np99": lambda row: _ms(row.shown_p99_ms),
    "stale": lambda row: _count(row.stale),
    "next\nNonce": lambda row: _count(row.next_nonce_calls),
    "refused": lambda row: _count(row.refused),
    "lost": lambda row: _count(row.lost),
    "doubled": lambda row: _count(row.doubled),
    "accepted\ntwice": lambda row: _count(row.accepted_twice),
    "misre-\nported": lambda row: _count(row.misreported),
    "unre-\nsolved": lambda row: _count(row.unresolved),
    "late": lambda row: _count(row.late),
    "truth\np99": lambda row: _ms(row.truth_p99_ms),
    "heals": lambda row: _count(row.heals),
    "heal\ninferred": lambda row: _ms(row.heal_inferred_ms),
    "heal\nasked": lambda row: _ms(row.heal_asked_ms),
    "stall": lambda row: _ms(row.stall_ms),
    "busy": lambda row: _ms(row.busy_ms),
    "noise": lambda row: _ms(row.noise_ms),
    "cpu": lambda row: _ms(row.client_cpu_ms),
    "venue\ncpu": lambda row: _ms(row.venue_cpu_ms),
}

_WAITS: Final = ("landed/s", "p50", "p99", "shown\np50", "shown\np99")
_NONCES: Final = ("stale", "next\nNonce")
_HEALS: Final = ("heals", "heal\ninferred", "heal\nasked")
_STALLS: Final = ("stall", "busy", "noise")
_COSTS: Final = (*_STALLS, "cpu", "venue\ncpu")

SPEED_COLUMNS: Final = ("orders", "landed", *_WAITS, *_NONCES, *_COSTS)
TRUTH_COLUMNS: Final = (
    *("orders", "refused", "landed", "lost", "doubled", "accepted\ntwice"),
    *("misre-\nported", "unre-\nsolved", "late"),
    *_NONCES,
    *_HEALS,
    *("landed/s", "p50", "p99", "truth\np99"),
    *_STALLS,
)

LEGEND: Final = f"""\
landed: orders that the venue executed; landed/s: from the first offer to the last verdict
p50, p99: milliseconds from the moment an order was due to its acceptance, of accepted orders; where
  orders are offered faster than a client sends them, this is its queue; shown: to OrderAccepted
stale: transactions answered with a nonce error; nextNonce: questions for it, the first one included
refused: by the venue, for its own reasons; lost: not refused so, and yet never executed (neither
  lighter-sdk nor its caller here sends anything twice)
doubled: executed more than once by the venue; accepted twice: accepted more than once, the doubled
  ones included; unresolved: the caller never learned what became of it
misreported: told "no" and executed, or told "yes" and not
late: unknown at first, or never told anything, and {LATE_SECS:g} s after it was due its caller
  still did not know the truth: a "yes" (of a TradingNode: its OrderAccepted) or a "no" that the
  venue's ledger confirms; truth: milliseconds from due to that, of all orders that ever had it
heals: how often a lane was frozen and opened again; the longest time frozen, milliseconds,
  where the verdicts proved the next nonce (inferred), and where nextNonce was asked (asked)
stall: longest standstill of the client's event loop, milliseconds, whoever made it; busy: the most
  processor time that its own thread used between two ticks of 2 ms, i.e. the client's doing; noise:
  how long an idle process overslept in the same seconds, i.e. what the machine does to anybody
cpu: processor milliseconds per order, all threads, of the client and of the venue"""


def show(console: Console, table: Table) -> None:
    """Print a table whole: a terminal that is too narrow wraps its lines, nothing is cut."""
    wide = console.options.update(max_width=MOST_WIDTH)
    console.width = max(console.width, Measurement.get(console, wide, table).maximum)
    console.print(table)


def environment() -> dict[str, str]:
    """Return what the figures depend on."""
    return {
        "lighter-nonce-nt": __version__,
        "lighter-sdk": version("lighter-sdk"),
        "nautilus_trader": version("nautilus_trader"),
        "Python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": str(os.cpu_count()),
    }


def make_table(title: str, columns: Sequence[str], rows: Sequence[tuple[str, Row]]) -> Table:
    """
    Return a table.

    Parameters
    ----------
    title : str
        Its title.
    columns : Sequence[str]
        Which figures, in which order.
    rows : Sequence[tuple[str, Row]]
        What each line is about, and the line; equal neighbours stand under one heading.

    """
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    table.add_column("", no_wrap=True)
    for name in columns:
        table.add_column(name, justify="right", no_wrap=True)
    before = ""
    for about, row in rows:
        if about != before:
            table.add_row(about, style="bold")
            before = about
        client = CLIENTS.get(row.client, row.client)
        table.add_row(f"  {client}", *(_CELLS[name](row) for name in columns))
    return table
