"""The benchmarks: judgement, tables, choice of cases, and one very small run."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import Any

import msgspec
import pytest
from rich.console import Console

from benchmarks import cases
from benchmarks import tables
from benchmarks.__main__ import main
from benchmarks.judge import Row
from benchmarks.judge import judge
from benchmarks.judge import quantile_ms
from benchmarks.load import Order
from benchmarks.load import Outcome
from benchmarks.load import Told
from nautilus_lighter_nonce.lighter.codes import Code


MS = 1_000_000


def entry(index: int, code: int | None = 200, outcome: str = "executed") -> dict[str, Any]:
    """Return one row of a ledger."""
    return {
        "tx_type": 14,
        "index": index,
        "code": code,
        "accepted": outcome != "none",
        "outcome": outcome,
        "tx_hash": f"hash {index}",
    }


def judged(ledger: list[dict[str, Any]], *told: Told, **outcome: Any) -> Row:
    """Return the judgement of orders 1, 2, ... that were told so."""
    orders = [
        Order(index=index, due_ns=MS, verdict_ns=(index + 1) * MS, told=said)
        for index, said in enumerate(told, start=1)
    ]
    summary = {"stale": 0, "next_nonce_calls": 1, "accepted_twice": [], "keys": []}
    return judge("case", "lane", Outcome(orders=orders, **outcome), ledger, summary)


def test_judge_order_that_executed_though_told_no_is_misreported() -> None:
    """A definite no to an order that is live is a lie, and so is a yes to one that never was."""
    row = judged([entry(1)], Told.FAILED, Told.ACCEPTED)
    assert (row.misreported, row.landed, row.lost) == (2, 1, 1)


def test_judge_order_that_the_venue_refused_is_not_lost() -> None:
    """A margin refusal is the venue's business, a nonce error or a rate limit is not."""
    ledger = [
        entry(1, Code.NOT_ENOUGH_MARGIN, "none"),
        entry(2, Code.INVALID_NONCE, "none"),
        entry(3, Code.TOO_MANY_REQUESTS, "none"),
        entry(4, outcome="failed"),
    ]
    row = judged(ledger, *[Told.FAILED] * 4)
    assert (row.refused, row.lost, row.misreported) == (2, 2, 0)


def test_judge_order_that_was_sent_again_counts_once() -> None:
    """What finally executed is neither refused nor lost, whatever its first copy met."""
    row = judged([entry(1, Code.INVALID_NONCE, "none"), entry(1)], Told.ACCEPTED)
    assert (row.landed, row.refused, row.lost) == (1, 0, 0)


def test_judge_order_whose_caller_was_told_nothing_is_untold() -> None:
    """Silence is no lie, but it is counted."""
    row = judged([entry(1)], Told.UNKNOWN)
    assert (row.untold, row.misreported, row.landed) == (1, 0, 1)


def test_judge_verdict_known_by_hash_is_joined_through_the_ledger() -> None:
    """A client that knows its verdicts by transaction hash only has waits all the same."""
    row = judged([entry(1)], Told.ACCEPTED, verdicts={"hash 1": 6 * MS})
    assert row.p50_ms == 5.0


@pytest.mark.parametrize(("share", "expected"), [(0.5, 2.0), (0.99, 4.0), (0.0, 1.0)])
def test_quantile_of_few_values_is_one_of_them(share: float, expected: float) -> None:
    """Nearest rank: no value is made up."""
    assert quantile_ms([4 * MS, 1 * MS, 3 * MS, 2 * MS], share) == expected
    assert quantile_ms([], share) is None


def test_show_on_a_narrow_terminal_cuts_nothing() -> None:
    """Every heading and every figure is there, on one line per client."""
    console = Console(width=40, record=True, file=StringIO())
    row = judged([entry(1)], Told.ACCEPTED)
    tables.show(console, tables.make_table("Title", tables.TRUTH_COLUMNS, [("a case", row)]))
    text = console.export_text()
    assert "…" not in text
    assert all(part in text for name in tables.TRUTH_COLUMNS for part in name.split("\n"))


def test_selected_takes_beginnings_of_names_and_changes() -> None:
    """`--cases clean --orders 7 --rate 0` means what it says."""
    clean, faults = cases.selected("clean", 7, 0.0)
    assert [case.name for case in clean] == ["clean-0ms", "clean-20ms", "clean-100ms"]
    assert not faults
    assert all(case.count_for(is_serial=True) == 7 and case.rate is None for case in clean)


def test_selected_unknown_name_says_what_there_is() -> None:
    """A typing error is answered with the names."""
    with pytest.raises(ValueError, match="refused-lag"):
        cases.selected("refusde", None, None)


def test_every_case_is_described_and_its_levers_are_whole() -> None:
    """No case without a heading, and none whose lever still has a word for a number."""
    for case in (*cases.CLEAN, *cases.FAULTS):
        assert cases.ABOUT[case.name]
        assert all("third" not in str(lever.values()) for lever in case.armed(30))


@pytest.mark.parametrize("wrong", [["--cases", "refusde"], ["--clients", "lane,ccxt"]])
def test_main_unknown_name_is_a_usage_error(wrong: list[str]) -> None:
    """Nothing is measured for a typing error."""
    with pytest.raises(SystemExit, match="2"):
        main(wrong)


def test_main_writes_rows_of_a_very_small_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Venue, worker, judgement, table and file in one go."""
    file = tmp_path / "report.json"
    code = main(["--cases", "clean-0", "--orders", "3", "--clients", "lane", "--json", str(file)])
    report = msgspec.json.decode(file.read_bytes())
    assert code == 0
    assert [(row["client"], row["landed"]) for row in report["rows"]] == [("lane", 3)]
    assert "ours, lane" in capsys.readouterr().out
