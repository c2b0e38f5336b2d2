"""Remarks: no venue can fill a log."""

from __future__ import annotations

from nautilus_lighter_nonce.lighter.remarks import MAX_KINDS
from nautilus_lighter_nonce.lighter.remarks import NoLog
from nautilus_lighter_nonce.lighter.remarks import OncePerKind
from tests.lighter.links import Remarks


def test_warn_of_one_kind_is_said_once() -> None:
    """The first of a kind is told in full; another kind is told as well."""
    log = Remarks()
    once = OncePerKind(log)
    for kind in ("a", "a", "b", "a"):
        once.warn(kind, f"it was {kind}")
    assert log.warnings == ["it was a", "it was b"]
    assert log.infos == []


def test_warn_of_ever_new_kinds_ends() -> None:
    """A venue that invents kinds is not followed for ever; the known ones stay known."""
    log = Remarks()
    once = OncePerKind(log)
    for number in range(2 * MAX_KINDS):
        once.warn(str(number), f"kind {number}")
    once.warn("0", "again")
    assert log.warnings == [f"kind {number}" for number in range(MAX_KINDS)]


def test_no_log_takes_everything() -> None:
    """Nobody has to listen."""
    NoLog().info("a")
    NoLog().warning("b")
