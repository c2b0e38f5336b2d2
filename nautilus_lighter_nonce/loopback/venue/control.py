"""
The control API: what tests, demos and benchmarks tell a running venue.

Rules of this file
------------------
- One JSON object per request; exactly one of its keys is a command. It is validated whole before
  anything happens.

Commands
--------
=====================================================  =========================================
``{"fault": NAME, ...}``                               arm a lever, see `faults.Lever`
``{"set": {"latency_ms": 20, ...}}``                   change what `config.SETTABLE` names
``{"touch": {"market": 0, "bid": "..", "ask": ".."}}``  move a touch; optional ``"size"``
``{"register_key": {"account_index": .., ...}}``       register or replace a key
``{"foreign": {"account_index": .., ...}}``            a foreign writer spends `count` nonces now
``{"reset": true}``                                    disarm all levers, begin a new ledger
=====================================================  =========================================
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated
from typing import Any
from typing import Final
from typing import Protocol

import msgspec

from nautilus_lighter_nonce.lighter.codes import MAX_NONCE
from nautilus_lighter_nonce.loopback.keys import DEMO_PUBLIC_KEY
from nautilus_lighter_nonce.loopback.venue.faults import Lever


KeyIndex = Annotated[int, msgspec.Meta(ge=0, le=254)]


class TouchCommand(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Move a market's touch; `size` in base units, ``None`` never runs out."""

    market: int
    bid: str
    ask: str
    size: str | None = None


class RegisterCommand(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Register or replace a key; its counter starts at `nonce`."""

    account_index: int
    api_key_index: KeyIndex
    public_key: str = DEMO_PUBLIC_KEY
    nonce: Annotated[int, msgspec.Meta(ge=0, le=MAX_NONCE)] = 1


class ForeignCommand(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Let a foreign writer spend nonces of a key now."""

    account_index: int
    api_key_index: KeyIndex
    count: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 1


class Controls(Protocol):
    """What can be told to a venue."""

    def pull(self, lever: Lever) -> None:
        """Arm a lever, or act at once."""

    def set(self, **changes: Any) -> None:
        """Change settable fields of the config."""

    def move_touch(self, market_id: int, bid: str, ask: str, size: str | None = None) -> None:
        """Move a touch."""

    def register_key(
        self, account_index: int, api_key_index: int, public_key: str, nonce: int = 1
    ) -> None:
        """Register or replace a key."""

    def spend(self, account_index: int, api_key_index: int, count: int = 1) -> None:
        """Play a foreign writer."""

    def reset(self) -> None:
        """Disarm all levers and begin a new ledger."""


def carry_out(controls: Controls, command: dict[str, Any]) -> None:
    """
    Carry out one command.

    Parameters
    ----------
    controls : Controls
        The venue.
    command : dict[str, Any]
        The decoded JSON object.

    Raises
    ------
    ValueError
        If it is no command, or a value in it is wrong; nothing has happened then.

    """
    if "fault" in command:
        controls.pull(msgspec.convert(command, Lever))
        return
    if len(command) != 1 or next(iter(command)) not in _COMMANDS:
        raise ValueError(f"expected one of: fault, {', '.join(_COMMANDS)}")
    name, argument = next(iter(command.items()))
    try:
        _COMMANDS[name](controls, argument)
    except KeyError as e:
        raise ValueError(f"there is no {e.args[0]}") from e


def _set(controls: Controls, argument: Any) -> None:
    controls.set(**msgspec.convert(argument, dict[str, Any]))


def _touch(controls: Controls, argument: Any) -> None:
    command = msgspec.convert(argument, TouchCommand)
    controls.move_touch(command.market, command.bid, command.ask, command.size)


def _register(controls: Controls, argument: Any) -> None:
    command = msgspec.convert(argument, RegisterCommand)
    controls.register_key(
        command.account_index, command.api_key_index, command.public_key, command.nonce
    )


def _foreign(controls: Controls, argument: Any) -> None:
    command = msgspec.convert(argument, ForeignCommand)
    controls.spend(command.account_index, command.api_key_index, command.count)


def _reset(controls: Controls, argument: Any) -> None:
    controls.reset()


_COMMANDS: Final[dict[str, Callable[[Controls, Any], None]]] = {
    "set": _set,
    "touch": _touch,
    "register_key": _register,
    "foreign": _foreign,
    "reset": _reset,
}
