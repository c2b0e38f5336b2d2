"""
The canonical form of a world: two worlds with the same form go on alike.

Rules of this file
------------------
- Moments become distances from now, serial numbers become ranks, and what no decision reads is left
  out: texts, counts for people, dead writes beyond the proofs they died by, what can be derived.
- `FIELDS` names every field of every class of the machine that was thought of here; a test compares
  it with the classes, so that a new field cannot be forgotten.
"""

from __future__ import annotations

from collections import deque
from enum import Enum
from typing import Any

from nautilus_lighter_nonce.core.depth import Depth
from nautilus_lighter_nonce.outbox.alarms import Alarm
from nautilus_lighter_nonce.outbox.alarms import Alarms
from nautilus_lighter_nonce.outbox.answers import Answers
from nautilus_lighter_nonce.outbox.binding import Binding
from nautilus_lighter_nonce.outbox.entry import Entry
from nautilus_lighter_nonce.outbox.entry import TxWrite
from nautilus_lighter_nonce.outbox.evidence import Evidence
from nautilus_lighter_nonce.outbox.fates import Fates
from nautilus_lighter_nonce.outbox.flight import Flight
from nautilus_lighter_nonce.outbox.flight import Frame
from nautilus_lighter_nonce.outbox.flight import Slot
from nautilus_lighter_nonce.outbox.inquiry import Inquiry
from nautilus_lighter_nonce.outbox.outbox import Outbox
from nautilus_lighter_nonce.outbox.queue import Queue
from nautilus_lighter_nonce.outbox.quota import Quota


MOMENT = 10**14
"""Integers above this are moments; everything else is far smaller."""

NOT_OF_THE_LANE = frozenset(
    ("_lock", "_counts", "_key", "_settle_ns", "_disbelief_ns", "epoch", "frozen_ns")
)
"""Fields of the core that no decision reads here, or that are told relative to others."""

STICKY = (Alarm.SHOW, Alarm.EXPIRY, Alarm.ASK)
"""Reminders that may come to have something to say again."""

LONG_NS = 10**11
"""Moments further away than this are all alike."""

FIELDS: dict[type, str] = {
    Outbox: "_lane _fates _answers _proofs _planner _reminders",
    Fates: (
        "lane settings work alarms quota queue flight evidence inquiry entries doubts ends probe "
        "is_stopping _places"
    ),
    Answers: "_fates _highest taken _filler_codes filler_kind trouble _guard_ns",
    Binding: "_fates _answers _lane _healing _writes _rebase_ns _rebase_pause_ns _taken",
    Alarms: "_heap _most _set",
    Evidence: "_at _executed _ours counter",
    Flight: (
        "_timeout_ns _alarms _patience _turn _signing _written _held trouble _is_blurred _replaced "
        "connection answered_ns"
    ),
    Frame: "connection deadline_ns id is_overtaken sent_ns slots writes",
    Slot: "copy entry epoch nonce write_id",
    Inquiry: "_alarms _first_ns _pause_ns _looks _wanted_ns asked_ns",
    Queue: "_quota _waiting _orders",
    Quota: "_per_minute _sends _held_until_ns _pauses",
    Entry: (
        "batch code counted_ns falls is_old is_suspected order patience_ns place ready reason "
        "repeats resend state submitted_ns suspect_ns told told_doubt tx_type undo was_bound what "
        "why writes"
    ),
    TxWrite: "connection copy entry epoch id nonce proof seq state",
}


def form_of(world: Any) -> tuple[Any, ...]:
    """Return the canonical form of a world, without its budgets."""
    now = world.now
    outbox = world.outbox
    fates = outbox._fates
    epoch = outbox._lane.epoch
    frames = {frame_id: at for at, frame_id in enumerate(fates.flight._written)}
    return (
        _lane(outbox.lane, now, set()),
        _entries(fates, epoch, now),
        _flight(fates.flight, epoch, now),
        _rest(outbox, epoch, now),
        _world(world, frames, now),
    )


def _away(moment_ns: int, now: int) -> int:
    """Return how far a moment is away, ahead or past."""
    return max(-LONG_NS, min(moment_ns - now, LONG_NS))


def _ahead(moment_ns: int | None, now: int) -> int | None:
    """Return how far a moment is ahead; what is past is past."""
    return None if moment_ns is None else max(0, min(moment_ns - now, LONG_NS))


def _lane(value: Any, now: int, seen: set[int]) -> Any:
    """Return the form of the lane and what it holds, whatever rooms it has."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        return _away(value, now) if value > MOMENT else value
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, dict):
        return tuple((_lane(k, now, seen), _lane(v, now, seen)) for k, v in value.items())
    if isinstance(value, set | frozenset):
        return tuple(sorted(value))
    if isinstance(value, list | tuple | deque):
        return tuple(_lane(v, now, seen) for v in value)
    if isinstance(value, Depth):
        return (value._value, value._value < value._most and value._clean)
    if id(value) in seen:
        return None
    seen.add(id(value))
    names = getattr(type(value), "__slots__", None) or value.__dict__
    fields = [getattr(value, name) for name in names if name not in NOT_OF_THE_LANE]
    return tuple(_lane(field, now, seen) for field in fields)


def _entries(fates: Fates, epoch: int, now: int) -> tuple[Any, ...]:
    writes = [write for entry in fates.entries.values() for write in entry.undead]
    is_aging = fates.settings.max_age_ns is not None
    ranks = {write.seq: at for at, write in enumerate(sorted(writes, key=lambda x: x.seq))}
    return tuple(
        (
            entry.place,
            entry.state.name,
            entry.why and entry.why.name,
            entry.ready,
            entry.resend,
            entry.batch,
            entry.falls,
            entry.is_old,
            entry.is_suspected,
            entry.was_bound,
            entry.told_doubt,
            entry.counted_ns and _away(entry.counted_ns, now),
            (_away(entry.suspect_ns, now), entry.patience_ns) if entry.suspect_ns else 0,
            place in fates.doubts,
            is_aging and not entry.was_bound and _away(entry.submitted_ns, now),
            tuple(
                (
                    ranks[write.seq],
                    write.nonce,
                    epoch - write.epoch,
                    write.connection,
                    write.copy.tx_hash,
                    _away(write.copy.expires_ns, now),
                    write.state.name,
                )
                for write in entry.undead
            ),
            frozenset(write.proof.name for write in entry.writes if not write.is_undead),
        )
        for place, entry in fates.entries.items()
    )


def _flight(flight: Flight, epoch: int, now: int) -> tuple[Any, ...]:
    turn = tuple(
        tuple(
            (slot.entry.place, slot.nonce, epoch - slot.epoch, slot.copy and slot.copy.tx_hash)
            for slot in frame.slots
        )
        for frame in flight._turn
    )
    written = tuple(
        (
            frame.connection,
            frame.deadline_ns and _away(frame.deadline_ns, now),
            _away(frame.sent_ns, now),
            frame.is_overtaken,
            flight.answered_ns <= frame.sent_ns,
            frame is flight._held,
            tuple(
                (x.entry.place, x.nonce, epoch - x.epoch, x.is_undead and x.state.name)
                for x in frame.writes
            ),
        )
        for frame in flight._written.values()
    )
    is_replaced = flight._replaced is not None and flight._replaced == flight.connection
    return (turn, written, flight.connection, is_replaced, flight._is_blurred)


def _rest(outbox: Outbox, epoch: int, now: int) -> tuple[Any, ...]:
    fates, answers, binding = outbox._fates, outbox._answers, outbox._planner._binding
    inquiry, quota, evidence = fates.inquiry, fates.quota, fates.evidence
    alarms = sorted(
        (_ahead(due, now), int(alarm), 0 if isinstance(about, str) else about)
        for due, alarm, about in fates.alarms._heap
        if due < now + LONG_NS and (alarm in STICKY or outbox._reminders.is_live(alarm, about))
    )
    return (
        tuple(alarms),
        tuple(
            (key, pause.next_ns, _ahead(pause.until_ns, now), pause.is_probing)
            for key, pause in sorted(quota._pauses.items())
        ),
        _ahead(quota._held_until_ns, now),
        frozenset(evidence._executed),
        evidence.counter,
        inquiry._pause_ns,
        _ahead(inquiry._wanted_ns, now),
        inquiry.asked_ns and _away(inquiry.asked_ns, now),
        tuple(
            (nonce, look.is_busy, look.pause_ns) for nonce, look in sorted(inquiry._looks.items())
        ),
        fates.probe,
        fates.is_stopping,
        (epoch - answers._highest[0], answers._highest[1]),
        bool(answers.trouble),
        answers._guard_ns,
        binding._taken == answers.taken,
        _ahead(binding._rebase_ns, now),
        binding._rebase_pause_ns,
    )


def _world(world: Any, frames: dict[str, int], now: int) -> tuple[Any, ...]:
    venue = world.venue
    pipes = [
        (connection, tuple((frames.get(frame_id), members) for frame_id, members in pipe))
        for connection, pipe in world.pipes.items()
        if pipe
    ]
    return (
        world.connection,
        tuple(pipes),
        tuple((frames.get(frame_id), v.name, code) for frame_id, v, code in world.replies),
        (venue.expected, tuple(venue.pending)),
        tuple((x.tx, x.is_done, x.is_hidden and x.tx_hash) for x in venue.log),
        _lags(world) if world.left["lags"] else (),
        tuple((n, t.kind, t.target, t.told and t.told.name) for n, t in world.txs.items()),
        tuple(_away(moment, now) for moment in venue.expires.values()) if world.bounds.life else (),
        world.asked and _away(world.asked, now),
        tuple(world.looks),
        tuple(world.unready),
        world.is_stopped,
        tuple((work.tx, work.nonce) for work in world.to_sign),
        tuple(frames.get(work.frame_id) for work in world.to_write),
        world.laws.last[1] if world.laws.last[0] == world.lane.epoch else -1,
    )


def _lags(world: Any) -> tuple[Any, ...]:
    """Return what decides how old the counter may answer."""
    recent = world.now - world.settings.settle_ns
    times = tuple(world.now - x.at_ns for x in world.venue.log if x.at_ns > recent)
    return (times, world.asked and world.settled())
