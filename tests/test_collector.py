"""The garbage collector while orders are on their way, and that it is given back as it was."""

from __future__ import annotations

import gc
import sys
import weakref
from collections.abc import Iterator

import pytest

from nautilus_lighter_nonce.collector import YOUNG_PER_MIDDLE
from nautilus_lighter_nonce.collector import QuietCollector


class Node:
    """Something that can be in a cycle."""

    def __init__(self) -> None:
        self.other: Node | None = None


def cycle() -> weakref.ref[Node]:
    """Make garbage that only a collection finds."""
    first, second = Node(), Node()
    first.other, second.other = second, first
    return weakref.ref(first)


@pytest.fixture
def quiet() -> Iterator[QuietCollector]:
    """Yield a collector that is stopped whatever the test does."""
    thresholds = gc.get_threshold()
    gc.set_threshold(700, 10, 10)
    made = QuietCollector()
    yield made
    made.stop()
    gc.set_threshold(*thresholds)


def test_start_leaves_out_what_lives_and_still_finds_new_garbage(quiet: QuietCollector) -> None:
    """What lives is not walked again; what dies later is found."""
    old = cycle()
    quiet.start()
    assert old() is None, "the last long collection is made at start"
    assert gc.get_freeze_count() > 0
    new = cycle()
    gc.collect()
    assert new() is None


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="collections are incremental by themselves")
def test_start_collects_the_middle_generation_in_smaller_pieces(quiet: QuietCollector) -> None:
    """A tenth of the pause; a user's own lower number stays."""
    quiet.start()
    assert gc.get_threshold() == (700, YOUNG_PER_MIDDLE, 10)
    quiet.stop()
    gc.set_threshold(500, 1, 7)
    quiet.start()
    assert gc.get_threshold() == (500, 1, 7)


def test_stop_gives_the_collector_back_as_it_was(quiet: QuietCollector) -> None:
    """Nothing stays frozen, and a second stop changes nothing."""
    quiet.start()
    quiet.stop()
    assert (gc.get_threshold(), gc.get_freeze_count()) == ((700, 10, 10), 0)
    gc.set_threshold(600, 5, 5)
    quiet.stop()
    assert gc.get_threshold() == (600, 5, 5)
