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
``{"hold": {"direction": "in", "connection": null}}``  hold sockets; optional ``"ms"``
``{"release": {"connection": null}}``                  let go what sockets hold
``{"half_open": {"connection": null}}``                let sockets be dead without a close
``{"reset": true}``                                    disarm all levers, begin a new ledger
``{NAME: {...}}``                                      what `commands.LAW_COMMANDS` names
=====================================================  =========================================
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from typing import Final
from typing import Protocol

import msgspec

from nautilus_lighter_nonce.loopback.venue.commands import LAW_COMMANDS
from nautilus_lighter_nonce.loopback.venue.commands import ForeignCommand
from nautilus_lighter_nonce.loopback.venue.commands import HoldCommand
from nautilus_lighter_nonce.loopback.venue.commands import LawCommand
from nautilus_lighter_nonce.loopback.venue.commands import RegisterCommand
from nautilus_lighter_nonce.loopback.venue.commands import SocketCommand
from nautilus_lighter_nonce.loopback.venue.commands import TouchCommand
from nautilus_lighter_nonce.loopback.venue.faults import Direction
from nautilus_lighter_nonce.loopback.venue.faults import Lever


class Controls(Protocol):
    """What can be told to a venue."""

    def pull(self, lever: Lever) -> None:
        """Arm a lever, or act at once."""

    def set(self, **changes: Any) -> None:
        """Change settable fields of the config."""

    def move_touch(self, market_id: int, bid: str, ask: str, size: str | None = None) -> None:
        """Move a touch."""

    def register_key(
        self, account_index: int, api_key_index: int, public_key: str, nonce: int | None = 1
    ) -> None:
        """Register, replace or mend a key."""

    def spend(self, account_index: int, api_key_index: int, count: int = 1) -> None:
        """Play a foreign writer."""

    def act(self, command: LawCommand) -> None:
        """Carry out what the law decides about keys, accounts and strangers."""

    def hold(self, direction: Direction, connection: int | None, ms: float | None) -> None:
        """Hold what passes a socket, or all that are open now."""

    def release(self, connection: int | None) -> None:
        """Let go what a socket holds, or all of them."""

    def half_open(self, connection: int | None) -> None:
        """Let a socket, or all that are open now, be dead without a close."""

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
    try:
        _carry_out(controls, command)
    except KeyError as e:
        raise ValueError(f"there is no {e.args[0]}") from e
    except msgspec.ValidationError as e:
        raise ValueError(str(e)) from e


def _carry_out(controls: Controls, command: dict[str, Any]) -> None:
    if "fault" in command:
        controls.pull(msgspec.convert(command, Lever))
        return
    name, argument = next(iter(command.items()), ("", None))
    if len(command) == 1 and name in LAW_COMMANDS:
        controls.act(msgspec.convert(argument, LAW_COMMANDS[name]))
    elif len(command) == 1 and name in COMMANDS:
        COMMANDS[name](controls, argument)
    else:
        raise ValueError(f"expected one of: fault, {', '.join([*COMMANDS, *LAW_COMMANDS])}")


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


def _hold(controls: Controls, argument: Any) -> None:
    command = msgspec.convert(argument, HoldCommand)
    controls.hold(command.direction, command.connection, command.ms)


def _release(controls: Controls, argument: Any) -> None:
    controls.release(msgspec.convert(argument, SocketCommand).connection)


def _half_open(controls: Controls, argument: Any) -> None:
    controls.half_open(msgspec.convert(argument, SocketCommand).connection)


def _reset(controls: Controls, argument: Any) -> None:
    controls.reset()


COMMANDS: Final[dict[str, Callable[[Controls, Any], None]]] = {
    "set": _set,
    "touch": _touch,
    "register_key": _register,
    "foreign": _foreign,
    "hold": _hold,
    "release": _release,
    "half_open": _half_open,
    "reset": _reset,
}
"""What the server carries out, by the command's name."""
