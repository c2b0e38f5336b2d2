"""The client: commands are taken in the engine's own call, and what it publishes has no secret."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from nautilus_lighter_nonce.config import LighterExecClientConfig
from nautilus_lighter_nonce.execution import LighterExecutionClient
from nautilus_lighter_nonce.factories import LighterLiveExecClientFactory
from nautilus_lighter_nonce.loopback.keys import DEMO_PRIVATE_KEY
from tests.stubs import Kernel


class Desk:
    """Writes down what it is asked, or breaks."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.is_broken = False

    def __getattr__(self, name: str) -> Any:
        def take(*args: Any) -> None:
            self.asked.append(name)
            if self.is_broken:
                raise ZeroDivisionError

        return take


class Room:
    """A client whose desk is played."""

    def __init__(self) -> None:
        self.kernel = Kernel()
        self.desk = Desk()
        self.client: LighterExecutionClient = LighterLiveExecClientFactory.create(
            loop=self.kernel.loop,
            name="LIGHTER",
            config=LighterExecClientConfig(environment="loopback", private_key=DEMO_PRIVATE_KEY),
            msgbus=self.kernel.msgbus,
            cache=self.kernel.cache,
            clock=self.kernel.clock,
        )
        self.client._desk = self.desk  # type: ignore[assignment]


ORDER = SimpleNamespace(client_order_id=SimpleNamespace(value="O-1"))
COMMAND: Any = SimpleNamespace(
    order=ORDER,
    order_list=SimpleNamespace(orders=[ORDER]),
    client_order_id=ORDER.client_order_id,
    cancels=[ORDER],
    strategy_id="S-1",
    instrument_id="ETH-PERP.LIGHTER",
    params=None,
)
COMMANDS = {
    "submit_order": "submit",
    "submit_order_list": "submit",
    "cancel_order": "cancel",
    "batch_cancel_orders": "cancel",
    "cancel_all_orders": "cancel_all",
    "modify_order": "modify",
}


@pytest.mark.parametrize(("command", "asked"), COMMANDS.items())
async def test_command_is_taken_before_the_call_returns(command: str, asked: str) -> None:
    """A task of its own would let another command come between (decision 5)."""
    room = Room()
    getattr(room.client, command)(COMMAND)
    assert room.desk.asked == [asked]


@pytest.mark.parametrize("command", COMMANDS)
async def test_command_that_breaks_does_not_reach_the_engine(command: str) -> None:
    """Nautilus' engine ends the process by an exception of a client."""
    room = Room()
    room.desk.is_broken = True
    getattr(room.client, command)(COMMAND)
    assert len(room.desk.asked) == 1


async def test_state_changes_of_the_client_publish_no_private_key() -> None:
    """A config that is handed to Nautilus is published in clear at every one (rule 20)."""
    room = Room()
    room.client.start()
    assert room.kernel.published, "a state change is published"
    assert DEMO_PRIVATE_KEY not in repr(room.kernel.published)
