"""What is shown: the same figures everywhere, and what is wrong in words."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from nautilus_lighter_nonce.demo import table
from nautilus_lighter_nonce.demo.summary import Misreport
from nautilus_lighter_nonce.demo.summary import Summary
from nautilus_lighter_nonce.demo.tally import KEPT_HAPPENINGS
from nautilus_lighter_nonce.demo.tally import Happening


HEAD = ("seconds", "seed", "misreports")
"""What the summary view does not show as a count."""


def snapshot(**fields: Any) -> table.Snapshot:
    """Return a snapshot of a run in which nothing has happened."""
    values: dict[str, Any] = {
        name: 0
        for name in table.Snapshot.__struct_fields__
        if name not in ("phase", "lane", "last_fault", "happenings")
    }
    texts = {"phase": "trading", "lane": "open", "last_fault": "drop_reply"}
    return table.Snapshot(**(values | texts | fields))


def rendered(view: Any) -> str:
    """Return what a view looks like."""
    console = Console(width=120, file=StringIO())
    with console.capture() as captured:
        console.print(view)
    return captured.get()


def test_live_view_with_more_happenings_keeps_its_height() -> None:
    """The view does not jump while things happen."""
    happening = Happening(1.0, "fault", "drop_reply: an answer is lost " * 10)

    empty = rendered(table.live_view(snapshot(), "demo"))
    full = rendered(table.live_view(snapshot(happenings=(happening,) * KEPT_HAPPENINGS), "demo"))

    assert empty.count("\n") == full.count("\n") > 0


def test_plain_line_of_snapshot_shows_orders_lane_and_fault() -> None:
    """An output that is no terminal is told the same figures, on one line."""
    line = table.plain_line(snapshot(sent=12, next_nonce=34, heals=5))

    assert "\n" not in line
    for words in ("sent 12", "lane open", "next nonce 34", "heals 5", "last drop_reply"):
        assert words in line


def test_plain_line_before_the_lane_is_seeded_has_no_nonce() -> None:
    """Nobody takes a nonce that is not known for 0."""
    line = table.plain_line(snapshot(next_nonce=None, last_fault=""))
    assert "next nonce - " in line
    assert line.endswith("last none")


def test_live_view_of_a_snapshot_shows_title_phase_figures_and_happenings() -> None:
    """All that a terminal's owner can know of the run is in one panel."""
    shown = rendered(
        table.live_view(
            snapshot(sent=12, next_nonce=34, happenings=[Happening(1.25, "lane", "frozen")]),
            "the title",
        )
    )
    for words in ("the title", "trading", "sent 12", "next nonce 34", "last fault  drop_reply"):
        assert words in shown
    assert any(row.split()[1:4] == ["1.2", "lane", "frozen"] for row in shown.splitlines())


def test_live_view_after_the_trading_shows_no_more_than_its_time() -> None:
    """While orders settle the time of trading stands still."""
    assert "15.0 of 15 s" in rendered(table.live_view(snapshot(at=17.3, seconds=15.0), "demo"))


# -- SUMMARY ---------------------------------------------------------------------------------------


def summary(**counts: Any) -> Summary:
    """Return the summary of a run in which nothing went wrong."""
    values: dict[str, Any] = {name: 0 for name in Summary.__struct_fields__ if name != "misreports"}
    return Summary(**(values | counts))


def misreport(number: int) -> Misreport:
    """Return that the node took an order for rejected which was filled."""
    return Misreport(f"O-{number}", number, "REJECTED", "filled")


@pytest.mark.parametrize(
    ("counts", "conclusion"),
    [
        ({}, "No order was lost to a nonce, doubled or misreported."),
        ({"lost_to_nonces": 2}, "but 2 orders lost to nonces and 0 unresolved."),
        ({"unresolved": 1}, "but 0 orders lost to nonces and 1 unresolved."),
        ({"doubled": 1, "lost_to_nonces": 2}, "Wrong: 1 doubled, 0 misreported."),
        ({"misreported": 3}, "Wrong: 0 doubled, 3 misreported."),
    ],
)
def test_summary_view_concludes_with_the_worst(counts: dict[str, int], conclusion: str) -> None:
    """The last line is the verdict; nothing wrong hides behind something less wrong."""
    last = rendered(table.summary_view(summary(**counts))).splitlines()[-1]
    assert last.endswith(conclusion)


def test_summary_view_of_counts_names_each() -> None:
    """Each figure stands before its name."""
    fields = [name for name in Summary.__struct_fields__ if name not in HEAD]
    counts = {name: number for number, name in enumerate(fields, start=101)}
    shown = rendered(table.summary_view(summary(**counts)))
    assert [name for name, count in counts.items() if str(count) not in shown] == []
    names = {"wanted": "orders wanted", "next_nonce_calls": "nextNonce calls"}
    for name in ("wanted", "sent", "accepted", "doubled", "heals", "next_nonce_calls"):
        words = names.get(name, name)
        assert any(
            row.split(maxsplit=1)[0] == str(counts[name]) and words in row
            for row in shown.splitlines()
            if row
        )


def test_summary_view_of_orders_that_never_left_says_so() -> None:
    """What was wanted and not sent is no loss, but no secret either."""
    assert "; 3 never were" in rendered(table.summary_view(summary(wanted=10, sent=7)))
    assert "never were" not in rendered(table.summary_view(summary(wanted=7, sent=7)))


def test_summary_view_of_many_misreports_spells_out_some_and_counts_the_rest() -> None:
    """A run gone wrong does not fill the screen."""
    many = [misreport(number) for number in range(table.SHOWN_MISREPORTS + 2)]
    shown = rendered(table.summary_view(summary(misreported=len(many), misreports=many)))
    assert shown.count("the node says REJECTED, the venue filled") == table.SHOWN_MISREPORTS
    assert "and 2 more" in shown


def test_summary_view_of_few_misreports_spells_out_all() -> None:
    """Nothing is said to be left out where nothing is."""
    shown = rendered(table.summary_view(summary(misreported=1, misreports=[misreport(1)])))
    assert "O-1: the node says REJECTED, the venue filled" in shown
    assert "more" not in shown
