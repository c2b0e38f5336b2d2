"""Healing: how a lane freezes, drains and begins again."""

from __future__ import annotations

import pytest

from nautilus_lighter_nonce.core.decisions import AskVenue
from nautilus_lighter_nonce.core.decisions import ForeignWriter
from nautilus_lighter_nonce.core.decisions import FreezeCause
from nautilus_lighter_nonce.core.decisions import Froze
from nautilus_lighter_nonce.core.decisions import Healed
from nautilus_lighter_nonce.core.decisions import LaneState
from nautilus_lighter_nonce.core.decisions import NonceState
from nautilus_lighter_nonce.core.decisions import RebaseSource
from nautilus_lighter_nonce.core.decisions import Resolved
from nautilus_lighter_nonce.core.depth import Depth
from nautilus_lighter_nonce.core.errors import NotInitialized
from nautilus_lighter_nonce.core.healing import Healing
from nautilus_lighter_nonce.core.manager import NonceManager
from nautilus_lighter_nonce.core.question import Question
from tests.core.lanes import DISBELIEF
from tests.core.lanes import SETTLE
from tests.core.lanes import only


KEY = (700, 5)


class Room:
    """A healing with its parts, seeded at 10."""

    def __init__(self, seed: int | None = 10) -> None:
        self.manager = NonceManager(16)
        self.depth = Depth(8)
        self.counts = {"heals": 0, "refreshes": 0}
        question = Question(SETTLE, DISBELIEF)
        self.healing = Healing(self.manager, KEY, self.depth, question, self.counts)
        if seed is not None:
            self.healing.seed(seed)

    def issue(self, *states: NonceState) -> None:
        """Issue nonces and leave them in these states."""
        for state in states:
            nonce = self.manager.next_nonce(*KEY)
            self.healing.issued.add(nonce)
            if state is not NonceState.IN_FLIGHT:
                self.healing.issued.hear(nonce, state)


def test_baseline_without_a_seed_raises() -> None:
    """Nothing can be said of a key that was never asked about."""
    with pytest.raises(NotInitialized):
        _ = Room(seed=None).healing.baseline


def test_seed_opens_a_new_epoch() -> None:
    """Verdicts of before are told from those that follow."""
    healing = Room(seed=None).healing
    assert (healing.state, healing.epoch) == (LaneState.UNSEEDED, 0)
    healing.seed(10)
    assert (healing.state, healing.epoch, healing.baseline) == (LaneState.OPEN, 1, 9)


def test_freeze_says_why_once() -> None:
    """A lane that is frozen already keeps its first cause and time."""
    healing = Room().healing
    assert healing.freeze(FreezeCause.HOLE, 12, 5) == (Froze(FreezeCause.HOLE, 12),)
    assert healing.freeze(FreezeCause.STALE, 13, 6) == ()
    assert healing.is_frozen
    assert (healing.cause, healing.frozen_ns) == (FreezeCause.HOLE, 5)


def test_try_heal_waits_for_every_verdict() -> None:
    """While one is in flight nothing is decided."""
    room = Room()
    room.issue(NonceState.REFUSED, NonceState.IN_FLIGHT)
    room.healing.freeze(FreezeCause.HOLE, 10, 0)
    assert room.healing.try_heal(1) == ()
    assert room.healing.state is LaneState.DRAINING


def test_try_heal_infers_the_next_nonce_where_the_verdicts_prove_it() -> None:
    """Refused, and stale behind it: the refused one's nonce is next, and nobody is asked."""
    room = Room()
    room.issue(NonceState.REFUSED, NonceState.STALE)
    (_, healed) = room.healing.fault(FreezeCause.HOLE, 10, 4)
    assert healed == Healed(10, RebaseSource.INFERRED, FreezeCause.HOLE, doomed=(11,))
    assert (room.manager.last_issued(*KEY), room.counts) == (9, {"heals": 1, "refreshes": 0})


def test_try_heal_asks_where_something_is_unknown() -> None:
    """Nobody knows whether an unknown one was taken; the question waits out the counter's lag."""
    room = Room()
    room.issue(NonceState.UNKNOWN)
    room.healing.last_verdict_ns = 100
    decisions = room.healing.fault(FreezeCause.UNKNOWN, 10, 120)
    assert decisions == (Froze(FreezeCause.UNKNOWN, 10), AskVenue(100 + SETTLE))
    assert room.healing.state is LaneState.REFRESHING
    assert room.healing.try_heal(130) == (), "one question at a time"
    assert room.counts == {"heals": 0, "refreshes": 1}


def test_must_ask_forbids_to_infer() -> None:
    """What no verdict explains is asked, although the verdicts prove a number."""
    room = Room()
    room.issue(NonceState.REFUSED, NonceState.STALE)
    room.healing.must_ask(7)
    assert only(room.healing.fault(FreezeCause.STALE, 10, 7), AskVenue) == AskVenue(7 + SETTLE)


def test_refreshed_above_the_unknown_ones_counts_them_as_spent() -> None:
    """What is below the counter was executed, what is not below is not known to be."""
    room = Room()
    room.issue(NonceState.UNKNOWN, NonceState.UNKNOWN)
    room.healing.fault(FreezeCause.UNKNOWN, 10, 0)
    healed = only(room.healing.refreshed(11, SETTLE), Healed)
    assert (healed.next_nonce, healed.source) == (11, RebaseSource.REFRESHED)
    assert (healed.spent, healed.unspent, healed.frozen_ns) == ((10,), (11,), SETTLE)
    assert (room.healing.state, room.healing.epoch) == (LaneState.OPEN, 2)


def test_refreshed_below_what_was_accepted_asks_again_before_it_is_believed() -> None:
    """What was accepted may only not be counted yet; past the doubt it vanished."""
    room = Room()
    room.issue(NonceState.IN_FLIGHT)
    room.manager.ack_success(*KEY, 10)
    room.healing.issued.clear()
    room.issue(NonceState.STALE)
    room.healing.must_ask(0)
    room.healing.fault(FreezeCause.STALE, 11, 0)
    assert only(room.healing.refreshed(10, SETTLE), AskVenue) == AskVenue(2 * SETTLE)
    healed = only(room.healing.refreshed(10, DISBELIEF), Healed)
    assert (healed.next_nonce, healed.vanished, healed.doomed) == (10, (10,), (11,))


def test_refreshed_at_a_stale_nonce_that_nothing_explains_halves_the_depth() -> None:
    """The venue may have reordered what was pipelined; an explained one costs nothing."""
    room = Room()
    room.issue(NonceState.STALE)
    room.healing.must_ask(0)
    room.healing.fault(FreezeCause.STALE, 10, 0)
    decisions = room.healing.refreshed(10, SETTLE)
    assert only(decisions, Healed).doomed == (10,)
    assert room.depth.value == 4


def test_refreshed_past_a_stale_nonce_names_the_foreign_writer() -> None:
    """Ours was refused there, so somebody else's was taken; the depth is not to blame."""
    room = Room()
    room.issue(NonceState.STALE)
    room.healing.must_ask(0)
    room.healing.fault(FreezeCause.STALE, 10, 0)
    decisions = room.healing.refreshed(11, SETTLE)
    assert only(decisions, ForeignWriter) == ForeignWriter(10)
    assert room.depth.value == 8


def test_suspect_names_each_nonce_once() -> None:
    """A foreign writer is no news the second time."""
    healing = Room().healing
    assert healing.suspect((3, 4)) == (ForeignWriter(3), ForeignWriter(4))
    assert healing.suspect((4, 5)) == (ForeignWriter(5),)


def test_suspect_of_what_an_earlier_copy_may_have_spent_is_silent() -> None:
    """An unknown copy of ours that is taken late is no stranger's."""
    room = Room()
    room.issue(NonceState.UNKNOWN)
    room.healing.fault(FreezeCause.UNKNOWN, 10, 0)
    room.healing.refreshed(10, SETTLE)
    assert room.healing.suspect((10, 11)) == (ForeignWriter(11),)


def test_resolve_below_tells_unknown_from_refused() -> None:
    """Below what was taken everything is spent: an unknown one by us, a refused one by others."""
    room = Room()
    room.issue(NonceState.UNKNOWN, NonceState.REFUSED, NonceState.IN_FLIGHT)
    assert room.healing.resolve_below(12) == (Resolved(10), ForeignWriter(11))
