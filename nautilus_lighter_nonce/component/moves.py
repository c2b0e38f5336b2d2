"""
Moves: what each message of the endpoint makes the lane decide, as a table.

Rule of this file: pure; carrying out is the component's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from typing import Final

from nautilus_lighter_nonce import events
from nautilus_lighter_nonce.core import decisions as core
from nautilus_lighter_nonce.core.lane import NonceLane


REMEMBERED_VERDICTS: Final = 4_096
"""Verdicts remembered to count each once."""

Move = Callable[[NonceLane, Any, int], core.Decisions]


class VerdictsSeen:
    """Which verdicts came already."""

    def __init__(self) -> None:
        self._seen: dict[Any, events.TxVerdict] = {}

    def is_first(self, event: events.TxVerdict) -> bool:
        """Return whether a verdict comes for the first time, and remember it."""
        key: Any = id(event)
        if event.write_id:  # each key's outbox counts its writes from 1
            key = (event.account_index, event.api_key_index, event.write_id, event.kind)
        if key in self._seen:
            return False
        self._seen[key] = event  # the event itself, so that its identity is not used again
        if len(self._seen) > REMEMBERED_VERDICTS:
            del self._seen[next(iter(self._seen))]
        return True


def _accepted(lane: NonceLane, event: events.TxAccepted, now_ns: int) -> core.Decisions:
    return lane.accepted(event.nonce, event.epoch, now_ns)


def _refused(lane: NonceLane, event: events.TxRefused, now_ns: int) -> core.Decisions:
    return lane.refused(event.nonce, event.epoch, now_ns)


def _stale(lane: NonceLane, event: events.TxStale, now_ns: int) -> core.Decisions:
    return lane.stale(event.nonce, event.epoch, now_ns)


def _unknown(lane: NonceLane, event: events.TxUnknown, now_ns: int) -> core.Decisions:
    return lane.unknown(event.nonce, event.epoch, now_ns)


def _spent(lane: NonceLane, message: events.NonceSpent, now_ns: int) -> core.Decisions:
    return lane.spent(message.nonce, now_ns, by_us=message.by_us)


def _withdrawn(lane: NonceLane, message: events.NonceWithdrawn, now_ns: int) -> core.Decisions:
    return lane.withdrawn(message.nonce, message.epoch, now_ns)


def _rebase(lane: NonceLane, message: events.RebaseWanted, now_ns: int) -> core.Decisions:
    decide = lane.vanished if message.vanished else lane.doubted
    return decide(message.nonce, now_ns)


def _counted(lane: NonceLane, message: events.CounterAnswered, now_ns: int) -> core.Decisions:
    return lane.weigh(message.value, now_ns) or lane.refreshed(message.value, now_ns)


MOVES: Final[dict[type, Move]] = {
    events.TxAccepted: _accepted,
    events.TxRefused: _refused,
    events.TxStale: _stale,
    events.TxUnknown: _unknown,
    events.NonceSpent: _spent,
    events.NonceWithdrawn: _withdrawn,
    events.RebaseWanted: _rebase,
    events.CounterAnswered: _counted,
}
