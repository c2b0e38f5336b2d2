"""Storms: random runs of faults with the shipped code, then a fair venue; fixed seeds."""

from __future__ import annotations

import pytest

from tests.outbox.storm import storm


@pytest.mark.parametrize("first", range(1, 501, 50))
def test_storm_keeps_every_law_and_ends(first: int) -> None:
    """Nothing executes twice, nothing is told that is not so; under fair answers it all ends."""
    for seed in range(first, first + 50):
        world = storm(seed)
        assert all(tx.told is not None for tx in world.txs.values() if tx.kind == "order")
