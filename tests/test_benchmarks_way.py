"""The benchmark of an order's way: a very small run comes to an end and prints its figures."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.way import __main__ as way


def test_small_run_prints_our_figures_and_names_who_is_missing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever has not installed the other client still learns ours."""
    missing = ("rc7", Path("/nowhere/python"))
    monkeypatch.setattr(way, "CLIENTS", {**way.CLIENTS, "Nautilus 2": missing})

    code = way.main(["--orders", "5", "--turns", "1"])

    printed = capsys.readouterr().out
    assert code == 0
    assert "Nautilus 2: not installed" in printed
    assert "ours, TradingNode" in printed


def test_client_that_does_not_start_is_named_and_fails_the_run(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A figure that is missing must not look like a good one."""
    monkeypatch.setattr(way, "CLIENTS", {"broken": ("nobody", way.CLIENTS["ours, TradingNode"][1])})

    assert way.main(["--orders", "5", "--turns", "1"]) == 1
    assert "broken: " in capsys.readouterr().out


def test_ratio_compares_the_medians_of_all_turns() -> None:
    """One bad turn of a noisy machine decides nothing."""
    ours, theirs = [(3.0, 2.0), (2.0, 9.0), (9.0, 2.0)], [(1.5, 1.0), (1.5, 1.0), (0.1, 7.0)]

    assert way._ratios(ours, theirs).endswith("p50 2.00, cpu 2.00")
