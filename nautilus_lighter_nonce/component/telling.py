"""
Telling: what a lane's decisions say to people and to listeners.

Rule of this file: pure, and a table; what a decision makes the component do is the component's, and
what is said of a seed, which knows whether the venue was reset, as well.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from typing import Final

import msgspec
from nautilus_trader.core.nautilus_pyo3 import NANOSECONDS_IN_MILLISECOND

from nautilus_lighter_nonce import events
from nautilus_lighter_nonce.core import decisions as core
from nautilus_lighter_nonce.core.lane import NonceLane


class Telling(msgspec.Struct, frozen=True):
    """
    What is said of a decision.

    Parameters
    ----------
    level : str
        The logger's method.
    text : str
        For people.
    event_type : type[events.KeyEvent]
        For listeners.
    fields : dict[str, Any]
        The event's own fields.

    """

    level: str
    text: str
    event_type: type[events.KeyEvent]
    fields: dict[str, Any]


def name_of(lane: NonceLane) -> str:
    """Return a lane's name for people."""
    return f"account={lane.account_index}, api_key={lane.api_key_index}"


def telling_of(decision: core.Decision, lane: NonceLane) -> Telling | None:
    """Return what is said of a decision, ``None`` for what only makes the component act."""
    tell = _TELLINGS.get(type(decision))
    return None if tell is None else tell(decision, name_of(lane))


def _rolled_back(decision: core.RolledBack, name: str) -> Telling:
    text = f"Rolled back {name}: nonce {decision.nonce}"
    return Telling("debug", text, events.NonceRolledBack, {"nonce": decision.nonce})


def _resolved(decision: core.Resolved, name: str) -> Telling:
    text = f"Resolved {name}: nonce {decision.nonce} is spent"
    return Telling("info", text, events.NonceResolved, {"nonce": decision.nonce})


def _froze(decision: core.Froze, name: str) -> Telling:
    cause, nonce = decision.cause.value, decision.nonce
    text = f"Froze {name}: {cause} at nonce {nonce}"
    return Telling("info", text, events.LaneFrozen, {"nonce": nonce, "cause": cause})


def _implausible(decision: core.Implausible, name: str) -> Telling:
    text = f"The venue said next nonce {decision.value} of {name}: {decision.reason}"
    fields = {"answer": decision.value, "reason": decision.reason}
    return Telling("error", f"{text}; it is asked again", events.NonceImplausible, fields)


def _healed(decision: core.Healed, name: str) -> Telling:
    frozen_ms = decision.frozen_ns / NANOSECONDS_IN_MILLISECOND
    source = decision.source.value
    how = f"({source}, {len(decision.doomed)} doomed, {frozen_ms:.0f} ms)"
    fields = {
        "next_nonce": decision.next_nonce,
        "source": source,
        "cause": decision.cause.value,
        "doomed": list(decision.doomed),
        "spent": list(decision.spent),
        "unspent": list(decision.unspent),
        "vanished": list(decision.vanished),
        "frozen_ms": frozen_ms,
    }
    text = f"Healed {name}: next nonce {decision.next_nonce} {how}"
    return Telling("info", text, events.LaneHealed, fields)


def _foreign_writer(decision: core.ForeignWriter, name: str) -> Telling:
    text = (
        f"Foreign writer suspected on {name}: nonce {decision.nonce} was not spent by us; is a "
        "second process using this API key? Give each process a key of its own"
    )
    return Telling("warning", text, events.ForeignWriterSuspected, {"nonce": decision.nonce})


def _halted(decision: core.Halted, name: str) -> Telling:
    text = f"Halted {name}: {decision.reason}"
    return Telling("error", text, events.LaneHalted, {"reason": decision.reason})


_TELLINGS: Final[dict[type[core.Decision], Callable[[Any, str], Telling]]] = {
    core.RolledBack: _rolled_back,
    core.Resolved: _resolved,
    core.Froze: _froze,
    core.Implausible: _implausible,
    core.Healed: _healed,
    core.ForeignWriter: _foreign_writer,
    core.Halted: _halted,
}
