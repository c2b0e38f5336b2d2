"""
`Tally`: what happens during a run, counted from the message bus for the people who watch.

Rule of this file: it counts and remembers, for display only; the judgement is the venue's.
"""

from __future__ import annotations

from collections import Counter
from collections import deque
from collections.abc import Callable
from typing import Any

import msgspec
from nautilus_trader.common.component import MessageBus

from nautilus_lighter_nonce import events


KEPT_HAPPENINGS = 8
"""How many of the latest happenings are shown."""


class Happening(msgspec.Struct, frozen=True):
    """
    Something worth a line.

    Parameters
    ----------
    at : float
        Seconds since trading began.
    who : str
        "fault", "lane" or "demo".
    what : str
        For people.

    """

    at: float
    who: str
    what: str


class Tally:
    """
    Counts order events and remembers what happened to the lane.

    Parameters
    ----------
    msgbus : MessageBus
        The node's message bus.
    elapsed : Callable[[], float]
        Returns the seconds since trading began.

    """

    def __init__(self, msgbus: MessageBus, elapsed: Callable[[], float]) -> None:
        self._elapsed = elapsed
        self._counts: Counter[str] = Counter()
        self._filled: set[str] = set()
        self.faults = 0
        self.last_fault = ""
        self.happenings: deque[Happening] = deque(maxlen=KEPT_HAPPENINGS)
        msgbus.subscribe(topic="events.order.*", handler=self._on_order)
        msgbus.subscribe(topic=events.NONCE_TOPICS, handler=self._on_nonce)

    @property
    def sent(self) -> int:
        """Orders that were given a nonce."""
        return self._counts["OrderSubmitted"]

    @property
    def accepted(self) -> int:
        """Orders accepted."""
        return self._counts["OrderAccepted"]

    @property
    def filled(self) -> int:
        """Orders with a fill."""
        return len(self._filled)

    @property
    def canceled(self) -> int:
        """Orders canceled or expired."""
        return self._counts["OrderCanceled"] + self._counts["OrderExpired"]

    @property
    def refused(self) -> int:
        """Orders rejected or denied."""
        return self._counts["OrderRejected"] + self._counts["OrderDenied"]

    @property
    def next_nonce_calls(self) -> int:
        """Questions for the next nonce that were answered."""
        return self._counts["NonceSeeded"] + self._counts["NonceRefreshed"]

    def note_fault(self, name: str, about: str) -> None:
        """Remember that a fault was injected."""
        self.faults += 1
        self.last_fault = name
        self.note("fault", f"{name}: {about}")

    def note(self, who: str, what: str) -> None:
        """Remember a happening."""
        self.happenings.append(Happening(self._elapsed(), who, what))

    # -- BUS --------------------------------------------------------------------------------------

    def _on_order(self, event: Any) -> None:
        name = type(event).__name__
        self._counts[name] += 1
        if name == "OrderFilled":
            self._filled.add(event.client_order_id.value)

    def _on_nonce(self, event: Any) -> None:
        self._counts[type(event).__name__] += 1
        words = _words(event)
        if words:
            self.note("lane", words)


def _words(event: Any) -> str:
    match event:
        case events.NonceSeeded():
            return f"opened at nonce {event.next_nonce}"
        case events.LaneFrozen():
            return f"frozen at nonce {event.nonce}: {_CAUSES.get(event.cause, event.cause)}"
        case events.LaneHealed():
            again = len(event.doomed) + len(event.unspent)
            resent = f"{again} sent again" if again else "nothing to send again"
            return f"healed in {event.frozen_ms:.0f} ms, nonce {event.source}, {resent}"
        case events.ForeignWriterSuspected():
            return f"nonce {event.nonce} was spent by somebody else"
        case events.LaneHalted():
            return f"halted: {event.reason}"
        case _:
            return ""


_CAUSES = {
    "hole": "a refusal left a hole",
    "stale": "the venue expected another nonce",
    "unknown": "no answer",
    "vanished": "an accepted transaction vanished",
}
