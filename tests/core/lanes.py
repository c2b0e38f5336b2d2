"""Lanes as most tests want them, and what a decision was about."""

from __future__ import annotations

from typing import Any

from nautilus_lighter_nonce.core.decisions import Decision
from nautilus_lighter_nonce.core.lane import NonceLane
from nautilus_lighter_nonce.core.manager import NonceManager


MS = 1_000_000
SETTLE = 350 * MS
DISBELIEF = 2_000 * MS


def make_lane(seed: int | None = 10, window: int = 16, depth: int | None = None) -> NonceLane:
    """Return a lane, seeded unless told otherwise."""
    lane = NonceLane(
        NonceManager(window),
        700,
        5,
        max_in_flight=depth,
        settle_ns=SETTLE,
        disbelief_ns=DISBELIEF,
    )
    if seed is not None:
        lane.seed(seed)
    return lane


def issue(lane: NonceLane, count: int) -> list[int]:
    """Issue several nonces."""
    return [lane.issue() for _ in range(count)]


def only(decisions: tuple[Decision, ...], kind: type[Decision]) -> Any:
    """Return the one decision of a kind."""
    (found,) = [d for d in decisions if isinstance(d, kind)]
    return found
