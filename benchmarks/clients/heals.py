"""
Heals of our clients, as the message bus tells them.

Rule of this file: it listens, and asks no client anything.
"""

from __future__ import annotations

from typing import Any
from typing import Final

from benchmarks.load import Heal
from nautilus_lighter_nonce.core.decisions import RebaseSource
from nautilus_lighter_nonce.events import LaneHealed


TOPIC: Final = "events.lighter.nonce.healed.*"


def noted_heals(msgbus: Any) -> list[Heal]:
    """Return a list that grows by one with every heal published from now on."""
    heals: list[Heal] = []

    def on_healed(event: LaneHealed) -> None:
        heals.append(Heal(source=RebaseSource(event.source), frozen_ms=event.frozen_ms))

    msgbus.subscribe(TOPIC, on_healed)
    return heals
