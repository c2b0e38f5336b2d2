"""
What the demo shows: the live view, plain lines where there is no terminal, and the summary.

Rule of this file: values in, text out; nothing here acts or asks.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from rich import box
from rich.console import Group
from rich.console import RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from nautilus_lighter_nonce.demo.summary import Summary
from nautilus_lighter_nonce.demo.tally import KEPT_HAPPENINGS
from nautilus_lighter_nonce.demo.tally import Happening


WIDTH = 92
SHOWN_MISREPORTS = 10
"""How many misreported orders the summary spells out; JSON has them all."""

_STYLES = {"fault": "yellow", "lane": "cyan", "demo": "dim"}


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """
    The state of a run at one moment.

    Parameters
    ----------
    phase : str
        What is going on, for people.
    at : float
        Seconds since trading began.
    seconds : float
        How long it is to trade.
    sent, accepted, filled, canceled, refused : int
        Orders, as the node counts them.
    lane : str
        The lane's state.
    next_nonce : int, optional
        The nonce to be issued next, if the lane is seeded.
    in_flight : int
        Transactions without a verdict.
    queued : int
        Transactions that wait for a nonce.
    heals : int
        Heals of the lane.
    next_nonce_calls : int
        How often the venue was asked for the next nonce.
    faults : int
        Faults injected.
    last_fault : str
        The latest one.
    happenings : Sequence[Happening]
        The latest happenings, oldest first.

    """

    phase: str
    at: float
    seconds: float
    sent: int
    accepted: int
    filled: int
    canceled: int
    refused: int
    lane: str
    next_nonce: int | None
    in_flight: int
    queued: int
    heals: int
    next_nonce_calls: int
    faults: int
    last_fault: str
    happenings: Sequence[Happening] = ()


# -- LIVE -----------------------------------------------------------------------------------------


def live_view(snapshot: Snapshot, title: str) -> RenderableType:
    """
    Return the live view.

    Parameters
    ----------
    snapshot : Snapshot
        What to show.
    title : str
        The panel's title.

    """
    return Panel(
        Group(
            _figures(snapshot),
            Text.assemble(("last fault  ", "bold"), snapshot.last_fault or "none"),
            Text(),
            _happenings(snapshot.happenings),
        ),
        title=title,
        title_align="left",
        subtitle=snapshot.phase,
        subtitle_align="left",
        box=box.ROUNDED,
        width=WIDTH,
        padding=(1, 1),
    )


def _figures(snapshot: Snapshot) -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0))
    for name, values in _groups(snapshot):
        grid.add_row(Text(name, style="bold"), *(_cell(*value) for value in values))
    return grid


def _cell(label: str, value: object) -> Text:
    text = Text(no_wrap=True)
    return text.append(f"{label} " if label else "", style="dim").append(str(value))


def _groups(snapshot: Snapshot) -> list[tuple[str, list[tuple[str, object]]]]:
    s = snapshot
    return [
        ("time", [("", f"{min(s.at, s.seconds):.1f} of {s.seconds:g} s")]),
        (
            "orders",
            [
                ("sent", s.sent),
                ("accepted", s.accepted),
                ("filled", s.filled),
                ("canceled", s.canceled),
                ("refused", s.refused),
            ],
        ),
        (
            "lane",
            [
                ("", s.lane),
                ("next nonce", "-" if s.next_nonce is None else s.next_nonce),
                ("in flight", s.in_flight),
                ("queued", s.queued),
            ],
        ),
        (
            "nonces",
            [
                ("heals", s.heals),
                ("nextNonce calls", s.next_nonce_calls),
                ("faults", s.faults),
            ],
        ),
    ]


def _happenings(happenings: Sequence[Happening]) -> Table:
    grid = Table.grid(padding=(0, 1))
    grid.add_column(justify="right", style="dim", width=6)
    grid.add_column(width=5)
    grid.add_column(no_wrap=True, overflow="ellipsis")
    for happening in happenings:
        style = _STYLES.get(happening.who, "")
        grid.add_row(f"{happening.at:.1f}", Text(happening.who, style=style), happening.what)
    for _ in range(KEPT_HAPPENINGS - len(happenings)):
        grid.add_row("", "", "")  # the view keeps its height
    return grid


# -- PLAIN ----------------------------------------------------------------------------------------


def plain_line(snapshot: Snapshot) -> str:
    """Return one line for an output that is no terminal."""
    s = snapshot
    return (
        f"{s.at:5.1f} s  sent {s.sent}  accepted {s.accepted}  filled {s.filled}  "
        f"canceled {s.canceled}  refused {s.refused} | lane {s.lane}  "
        f"next nonce {'-' if s.next_nonce is None else s.next_nonce}  in flight {s.in_flight}  "
        f"queued {s.queued}  heals {s.heals}  nextNonce calls {s.next_nonce_calls} | "
        f"faults {s.faults}  last {s.last_fault or 'none'}"
    )


# -- SUMMARY --------------------------------------------------------------------------------------


def summary_view(summary: Summary) -> RenderableType:
    """
    Return the summary.

    Parameters
    ----------
    summary : Summary
        The judgement of a run.

    """
    grid = Table.grid(padding=(0, 2))
    grid.add_column(justify="right")
    for value, name, about in _summary_rows(summary):
        style = "bold red" if value and name in _MUST_BE_ZERO else ""
        grid.add_row(Text(str(value), style=style), name, Text(about, style="dim"))
    parts: list[RenderableType] = [Text("Judged by the venue's ledger", style="bold"), grid]
    parts += _misreports(summary)
    parts += [Text(), _conclusion(summary)]
    return Group(*parts)


_MUST_BE_ZERO = frozenset({"lost to nonces", "doubled", "misreported", "unresolved"})


def _summary_rows(summary: Summary) -> list[tuple[int, str, str]]:
    s = summary
    unsent = f"; {s.wanted - s.sent} never were" if s.sent < s.wanted else ""
    return [
        (s.wanted, "orders wanted", "by the two strategies"),
        (s.sent, "sent", f"{s.transactions} transactions with cancels and resends{unsent}"),
        (s.accepted, "accepted", ""),
        (s.filled, "filled", ""),
        (s.refused, "refused", "for business reasons, margin or post-only"),
        (s.lost_to_nonces, "lost to nonces", "given up although the venue had no objection"),
        (s.doubled, "doubled", "executed twice"),
        (s.misreported, "misreported", "the node says one thing, the venue did another"),
        (s.unresolved, "unresolved", "the node still waits"),
        (s.faults, "faults", f"{s.stale} transactions were answered 'invalid nonce'"),
        (s.heals, "heals", ""),
        (s.next_nonce_calls, "nextNonce calls", "the first one seeds the lane"),
    ]


def _misreports(summary: Summary) -> list[RenderableType]:
    shown: list[RenderableType] = [
        Text(f"  {m.client_order_id}: the node says {m.node}, the venue {m.venue}", style="red")
        for m in summary.misreports[:SHOWN_MISREPORTS]
    ]
    left = len(summary.misreports) - len(shown)
    return [*shown, Text(f"  and {left} more", style="red")] if left > 0 else shown


def _conclusion(summary: Summary) -> Text:
    s = summary
    if not s.is_right:
        return Text(f"Wrong: {s.doubled} doubled, {s.misreported} misreported.", style="bold red")
    if s.lost_to_nonces or s.unresolved:
        return Text(
            f"Nothing doubled or misreported, but {s.lost_to_nonces} orders lost to nonces and "
            f"{s.unresolved} unresolved.",
            style="bold yellow",
        )
    return Text("No order was lost to a nonce, doubled or misreported.", style="bold green")
