"""The control API: one command at a time, and nothing happens by half."""

from __future__ import annotations

from typing import Any

import pytest

from nautilus_lighter_nonce.loopback.venue.commands import LAW_COMMANDS
from nautilus_lighter_nonce.loopback.venue.commands import LawCommand
from nautilus_lighter_nonce.loopback.venue.control import COMMANDS
from nautilus_lighter_nonce.loopback.venue.control import carry_out
from nautilus_lighter_nonce.loopback.venue.faults import Direction
from nautilus_lighter_nonce.loopback.venue.faults import Fault
from nautilus_lighter_nonce.loopback.venue.faults import Lever


class Venue:
    """Takes what it is told and carries out nothing."""

    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []

    def pull(self, lever: Lever) -> None:
        self.told.append(("pull", lever))

    def set(self, **changes: Any) -> None:
        self.told.append(("set", changes))

    def move_touch(self, market_id: int, bid: str, ask: str, size: str | None = None) -> None:
        self.told.append(("touch", market_id, bid, ask, size))

    def register_key(
        self, account_index: int, api_key_index: int, public_key: str, nonce: int | None = 1
    ) -> None:
        self.told.append(("register", account_index, api_key_index, nonce))

    def spend(self, account_index: int, api_key_index: int, count: int = 1) -> None:
        self.told.append(("spend", account_index, api_key_index, count))

    def act(self, command: LawCommand) -> None:
        self.told.append(("act", type(command)))

    def hold(self, direction: Direction, connection: int | None, ms: float | None) -> None:
        if connection == 9:
            raise KeyError("connection 9")
        self.told.append(("hold", direction, connection, ms))

    def release(self, connection: int | None) -> None:
        self.told.append(("release", connection))

    def half_open(self, connection: int | None) -> None:
        self.told.append(("half_open", connection))

    def reset(self) -> None:
        self.told.append(("reset",))


KEY = {"account_index": 700, "api_key_index": 5}


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ({"fault": "refuse"}, ("pull", Lever(fault=Fault.REFUSE))),
        ({"set": {"latency_ms": 20}}, ("set", {"latency_ms": 20})),
        ({"touch": {"market": 0, "bid": "1", "ask": "2"}}, ("touch", 0, "1", "2", None)),
        ({"register_key": KEY | {"nonce": 7}}, ("register", 700, 5, 7)),
        ({"foreign": KEY | {"count": 3}}, ("spend", 700, 5, 3)),
        (
            {"hold": {"direction": "in", "connection": 2, "ms": 5}},
            ("hold", Direction.IN, 2, 5),
        ),
        ({"release": {"connection": None}}, ("release", None)),
        ({"half_open": {"connection": 3}}, ("half_open", 3)),
        ({"reset": True}, ("reset",)),
        ({"reset_nonce": KEY}, ("act", LAW_COMMANDS["reset_nonce"])),
    ],
)
def test_carry_out_of_each_command_tells_the_venue(
    command: dict[str, Any], told: tuple[Any, ...]
) -> None:
    """One object, one command, with its values as they came."""
    venue = Venue()
    carry_out(venue, command)
    assert venue.told == [told]


@pytest.mark.parametrize(
    "command",
    [
        {},
        {"nonsense": {}},
        {"reset": True, "set": {}},
        {"reset_nonce": KEY, "reset": True},
        {"fault": "nonsense"},
        {"fault": "refuse", "cuont": 1},
        {"touch": {"market": "x", "bid": "1", "ask": "2"}},
        {"touch": {"market": 0}},
        {"foreign": KEY | {"more": 1}},
        {"set": []},
        {"hold": {"connection": 9}},
    ],
)
def test_carry_out_of_what_is_wrong_raises_and_does_nothing(command: dict[str, Any]) -> None:
    """A misspelt field is an error, not a default."""
    venue = Venue()
    with pytest.raises(ValueError, match=r"."):
        carry_out(venue, command)
    assert venue.told == []


def test_carry_out_of_an_unknown_command_names_those_there_are() -> None:
    """Whoever types it reads what he may type."""
    with pytest.raises(ValueError, match="expected one of") as caught:
        carry_out(Venue(), {"nonsense": {}})
    for name in (*COMMANDS, *LAW_COMMANDS):
        assert name in str(caught.value)


def test_commands_have_one_meaning_each() -> None:
    """What the law decides is not what the server carries out."""
    assert not set(COMMANDS) & set(LAW_COMMANDS)
