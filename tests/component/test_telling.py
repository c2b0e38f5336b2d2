"""Telling: what each decision of a lane says to people and to listeners."""

from __future__ import annotations

from typing import Any

import pytest

from nautilus_lighter_nonce import events
from nautilus_lighter_nonce.component.telling import name_of
from nautilus_lighter_nonce.component.telling import telling_of
from nautilus_lighter_nonce.core import decisions as core
from tests.rooms import MS
from tests.rooms import Log
from tests.rooms import lane_at
from tests.stubs import ACCOUNT
from tests.stubs import KEY


HEALED = core.Healed(
    next_nonce=12,
    source=core.RebaseSource.REFRESHED,
    cause=core.FreezeCause.VANISHED,
    doomed=(13, 14),
    spent=(10,),
    unspent=(15,),
    vanished=(11,),
    frozen_ns=1_500 * MS + 250_000,
)

TOLD: list[tuple[core.Decision, str, type[events.KeyEvent], dict[str, Any]]] = [
    (core.RolledBack(7), "debug", events.NonceRolledBack, {"nonce": 7}),
    (core.Resolved(7), "info", events.NonceResolved, {"nonce": 7}),
    (
        core.Froze(core.FreezeCause.HOLE, 7),
        "info",
        events.LaneFrozen,
        {"nonce": 7, "cause": "hole"},
    ),
    (
        core.Implausible("-1", "why"),
        "error",
        events.NonceImplausible,
        {"answer": "-1", "reason": "why"},
    ),
    (
        HEALED,
        "info",
        events.LaneHealed,
        {
            "next_nonce": 12,
            "source": "refreshed",
            "cause": "vanished",
            "doomed": [13, 14],
            "spent": [10],
            "unspent": [15],
            "vanished": [11],
            "frozen_ms": 1_500.25,
        },
    ),
    (core.ForeignWriter(7), "warning", events.ForeignWriterSuspected, {"nonce": 7}),
    (core.Halted("why"), "error", events.LaneHalted, {"reason": "why"}),
]

SILENT: list[core.Decision] = [core.Seeded(7), core.AskVenue(8)]
"""What a seed says is the component's; a question is no news."""


def test_samples_cover_every_decision_of_a_lane() -> None:
    """A decision that is added must be told, or be named as silent."""
    samples = {type(decision) for decision, *_ in TOLD} | {type(decision) for decision in SILENT}
    assert samples == set(core.Decision.__subclasses__())


@pytest.mark.parametrize(
    ("decision", "level", "event_type", "fields"), TOLD, ids=[type(d).__name__ for d, *_ in TOLD]
)
def test_telling_has_level_event_and_every_field(
    decision: core.Decision, level: str, event_type: type[events.KeyEvent], fields: dict[str, Any]
) -> None:
    """Listeners get all that was decided; people read whose lane it is, at a level that exists."""
    telling = telling_of(decision, lane_at())
    assert telling is not None
    assert (telling.level, telling.event_type, telling.fields) == (level, event_type, fields)
    assert name_of(lane_at()) in telling.text
    getattr(Log(), telling.level)(telling.text)
    event_type(account_index=ACCOUNT, api_key_index=KEY, ts_event=1, **telling.fields)


@pytest.mark.parametrize("decision", SILENT, ids=lambda d: type(d).__name__)
def test_telling_of_what_only_makes_the_component_act_is_none(decision: core.Decision) -> None:
    """Nobody hears of a question that is asked."""
    assert telling_of(decision, lane_at()) is None


@pytest.mark.parametrize("cause", core.FreezeCause)
def test_telling_of_a_freeze_names_every_cause_by_its_value(cause: core.FreezeCause) -> None:
    """Events carry texts that a serializer can write, not enums."""
    telling = telling_of(core.Froze(cause, 7), lane_at())
    assert telling is not None
    assert telling.fields["cause"] == cause.value


def test_telling_of_a_halt_gives_the_reason_to_people_too() -> None:
    """Whoever reads the log must know why nothing is sent any more."""
    telling = telling_of(core.Halted("the key was replaced"), lane_at())
    assert telling is not None
    assert "the key was replaced" in telling.text


def test_name_has_account_and_key() -> None:
    """Two lanes are told apart in a log."""
    assert str(ACCOUNT) in name_of(lane_at())
    assert str(KEY) in name_of(lane_at())
