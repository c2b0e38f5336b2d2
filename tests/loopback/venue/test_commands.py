"""Commands about keys, accounts and strangers: validated whole, with the demo's defaults."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from nautilus_lighter_nonce.loopback.venue import commands
from nautilus_lighter_nonce.loopback.venue.commands import LAW_COMMANDS


KEY: dict[str, Any] = {"account_index": 700, "api_key_index": 5}
GOOD: dict[str, dict[str, Any]] = {
    "reset_nonce": KEY,
    "revoke_tokens": {"account_index": 700},
    "replace_key": KEY,
    "delete_key": KEY,
    "account": {"account_index": 700, "status": "liquidation"},
    "trade": {"account_index": 700, "market_id": 0, "side": "buy", "size": "0.1"},
    "cancel": {"account_index": 700, "market_id": 0},
    "liquidate": {"account_index": 700, "market_id": 0, "size": "0.1", "price": "1900.00"},
}


def test_good_commands_are_all_there_are() -> None:
    """The samples of this file are whole."""
    assert set(GOOD) == set(LAW_COMMANDS)


@pytest.mark.parametrize("name", LAW_COMMANDS)
def test_command_with_its_least_fields_is_taken(name: str) -> None:
    """And is frozen: a command that was given stays what it was."""
    command = msgspec.convert(GOOD[name], LAW_COMMANDS[name])
    with pytest.raises(AttributeError):
        command.account_index = 1


@pytest.mark.parametrize("name", LAW_COMMANDS)
def test_command_with_a_misspelt_missing_or_wrong_field_is_refused(name: str) -> None:
    """A default in the place of a mistake would be found much later."""
    good = GOOD[name]
    without = {key: value for key, value in good.items() if key != "account_index"}
    for wrong in (good | {"acount": 1}, without, good | {"account_index": "700"}):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(wrong, LAW_COMMANDS[name])


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        (commands.HoldCommand, {"direction": "sideways"}),
        (commands.SocketCommand, {"conection": 1}),
        (commands.TouchCommand, {"market": 0, "bid": 1, "ask": 2}),
        (commands.ForeignCommand, {"account_index": 700}),
        (commands.AccountCommand, {"account_index": 700, "status": "nonsense"}),
        (commands.TradeCommand, GOOD["trade"] | {"side": "both"}),
    ],
)
def test_command_of_the_server_that_is_wrong_is_refused(
    kind: type[msgspec.Struct], fields: dict[str, Any]
) -> None:
    """Words are those of the enums, prices are text."""
    if kind is commands.ForeignCommand:
        fields = fields | {"count": "three"}
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(fields, kind)
