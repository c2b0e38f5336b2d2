"""Moves: each message of the endpoint moves the lane once, as the table says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from nautilus_lighter_nonce import events
from nautilus_lighter_nonce.component import moves
from nautilus_lighter_nonce.component.moves import MOVES
from nautilus_lighter_nonce.component.moves import VerdictsSeen
from nautilus_lighter_nonce.core import decisions as core
from nautilus_lighter_nonce.core.decisions import LaneState
from nautilus_lighter_nonce.core.lane import NonceLane
from tests.rooms import SEC
from tests.rooms import lane_at
from tests.stubs import ACCOUNT
from tests.stubs import KEY


NAMES: dict[str, Any] = {"account_index": ACCOUNT, "api_key_index": KEY}


def _move(lane: NonceLane, message: Any) -> list[type]:
    return [type(decision) for decision in MOVES[type(message)](lane, message, SEC)]


def _verdict(kind: type[events.TxVerdict], lane: NonceLane, nonce: int) -> events.TxVerdict:
    return kind(**NAMES, ts_event=1, nonce=nonce, epoch=lane.epoch)


def _counted(value: Any) -> events.CounterAnswered:
    return events.CounterAnswered(**NAMES, value=value, asked_ns=0)


def test_moves_know_every_verdict_and_every_struct_of_the_endpoint() -> None:
    """What may come to the endpoint is in the table, and nothing else is."""
    structs: set[type] = {
        events.NonceSpent,
        events.NonceWithdrawn,
        events.RebaseWanted,
        events.CounterAnswered,
    }
    assert set(MOVES) == {*events.VERDICT_EVENTS, *structs}


@pytest.mark.parametrize(
    ("kind", "decided", "counted"),
    [
        (events.TxAccepted, [], "accepted"),
        (events.TxRefused, [core.RolledBack], "refused"),
        (events.TxStale, [core.Froze, core.AskVenue], "stale"),
        (events.TxUnknown, [core.Froze, core.AskVenue], "unknown"),
    ],
)
def test_verdict_on_the_only_nonce_decides(
    kind: type[events.TxVerdict], decided: list[type], counted: str
) -> None:
    """Each verdict is the lane's method of its name."""
    lane = lane_at(10)
    message = _verdict(kind, lane, lane.issue())
    assert _move(lane, message) == decided
    assert getattr(lane.status(), counted) == 1


def test_verdict_of_an_earlier_epoch_changes_nothing() -> None:
    """The epoch of the message reaches the lane."""
    lane = lane_at(10)
    late = _verdict(events.TxRefused, lane, lane.issue())
    lane.seed(10)
    lane.issue()
    before = lane.status()
    assert _move(lane, late) == []
    assert lane.status() == before


def test_withdrawn_latest_is_rolled_back() -> None:
    """What never left is issued again."""
    lane = lane_at(10)
    message = events.NonceWithdrawn(**NAMES, nonce=lane.issue(), epoch=lane.epoch)
    assert _move(lane, message) == [core.RolledBack]
    assert lane.status().withdrawn == 1
    assert lane.issue() == 10


@pytest.mark.parametrize(
    ("by_us", "decided"), [(True, [core.Resolved]), (False, [core.ForeignWriter])]
)
def test_spent_says_by_whom(by_us: bool, decided: list[type]) -> None:
    """Only somebody else's record makes a foreign writer."""
    lane = lane_at(10)
    lane.be_probed()
    message = events.NonceSpent(**NAMES, nonce=lane.issue(), by_us=by_us)
    assert _move(lane, message) == decided


@pytest.mark.parametrize("vanished", [True, False])
def test_rebase_of_a_doubt_and_of_what_vanished_differ(vanished: bool) -> None:
    """A doubt ahead of the baseline freezes the lane; nothing can vanish that was not accepted."""
    lane = lane_at(10)
    message = events.RebaseWanted(**NAMES, nonce=lane.issue(), vanished=vanished)
    assert _move(lane, message) == ([] if vanished else [core.Froze])


def test_rebase_of_an_accepted_nonce_that_vanished_freezes() -> None:
    """What was accepted and is not counted makes the lane begin again there."""
    lane = lane_at(10)
    _move(lane, _verdict(events.TxAccepted, lane, lane.issue()))
    message = events.RebaseWanted(**NAMES, nonce=10, vanished=True)
    assert _move(lane, message) == [core.Froze, core.AskVenue]


def _refreshing() -> NonceLane:
    lane = lane_at(10)
    _move(lane, _verdict(events.TxUnknown, lane, lane.issue()))
    assert lane.state is LaneState.REFRESHING
    return lane


def test_counted_number_that_can_be_heals() -> None:
    """An answer is weighed, and acted on if nothing is wrong with it."""
    lane = _refreshing()
    assert _move(lane, _counted(11)) == [core.Healed]
    assert lane.next_nonce == 11


@pytest.mark.parametrize("value", [None, "11", -1, 2**48, True, 10**9])
def test_counted_number_that_cannot_be_is_weighed_and_not_acted_on(value: Any) -> None:
    """What is wrong with an answer is all that is decided; nothing raises."""
    lane = _refreshing()
    assert _move(lane, _counted(value)) == [core.Implausible]
    assert lane.state is LaneState.REFRESHING


# -- VERDICTS SEEN --------------------------------------------------------------------------------


def _event(
    write_id: str = "", kind: type[events.TxVerdict] = events.TxAccepted, **names: Any
) -> events.TxVerdict:
    return kind(**{**NAMES, **names}, ts_event=1, nonce=7, epoch=1, write_id=write_id)


def test_seen_goes_by_the_write() -> None:
    """Two events on one write are one verdict; on two writes they are two."""
    seen = VerdictsSeen()
    assert seen.is_first(_event("1-1"))
    assert not seen.is_first(_event("1-1"))
    assert seen.is_first(_event("2-2"))


def test_seen_goes_by_the_kind_of_verdict() -> None:
    """Unknown at first and accepted later are two verdicts on the same write."""
    seen = VerdictsSeen()
    assert seen.is_first(_event("1-1", events.TxUnknown))
    assert seen.is_first(_event("1-1", events.TxAccepted))


@pytest.mark.parametrize("other", [{"api_key_index": KEY + 1}, {"account_index": ACCOUNT + 1}])
def test_seen_goes_by_the_key(other: dict[str, Any]) -> None:
    """Each outbox counts its writes from 1: the same id of another key is another write."""
    seen = VerdictsSeen()
    assert seen.is_first(_event("1-1"))
    assert seen.is_first(_event("1-1", **other))


def test_seen_without_a_write_goes_by_identity() -> None:
    """Equal events without an id are two verdicts; the same event is one."""
    seen = VerdictsSeen()
    event = _event()
    assert seen.is_first(event)
    assert not seen.is_first(event)
    assert seen.is_first(_event())


def test_seen_keeps_an_event_so_that_its_identity_is_not_used_again() -> None:
    """A new event must never be taken for one that was thrown away."""
    seen = VerdictsSeen()
    assert all(seen.is_first(_event()) for _ in range(100))


@pytest.mark.parametrize("of", [lambda n: _event(f"{n}-1"), lambda _: _event()])
def test_seen_forgets_the_oldest_only(
    monkeypatch: pytest.MonkeyPatch, of: Callable[[int], events.TxVerdict]
) -> None:
    """Memory is bounded, and what is remembered is what came last."""
    monkeypatch.setattr(moves, "REMEMBERED_VERDICTS", 3)
    seen = VerdictsSeen()
    told = [of(n) for n in range(4)]
    assert all(seen.is_first(event) for event in told)
    assert len(seen._seen) == 3
    assert not any(seen.is_first(event) for event in told[1:])
    assert seen.is_first(told[0])
