"""The client: commands are taken at once, no secret is published, parts start and stop in order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest

from nautilus_lighter_nonce.config import LighterExecClientConfig
from nautilus_lighter_nonce.execution import LighterExecutionClient
from nautilus_lighter_nonce.factories import LighterLiveExecClientFactory
from nautilus_lighter_nonce.loopback.keys import DEMO_PRIVATE_KEY
from nautilus_lighter_nonce.orders.inbox import PRIVATE_CHANNELS
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
    client = [each for each in room.kernel.published if str(each.component_id) == "LIGHTER"]
    assert client
    assert all(each.config == {} for each in client), "whoever made it need not have cut it out"


# -- CONNECTION -----------------------------------------------------------------------------------


class Part:
    """A part of the client that writes down what it is told, in one list with all others."""

    epoch = 1

    def __init__(self, name: str, told: list[str], waits: tuple[str, ...] = ()) -> None:
        self._name, self._told, self._waits = name, told, waits
        self.broken = ""

    def __getattr__(self, name: str) -> Any:
        def take(*args: Any, **kwargs: Any) -> Any:
            self._told.append(f"{self._name}.{name}")
            if name == self.broken:
                raise ZeroDivisionError
            return self._nothing() if name in self._waits else []

        return take

    async def _nothing(self) -> None:
        await asyncio.sleep(0)


WAITS = {
    "access": ("check",),
    "provider": ("initialize",),
    "component": ("connect", "disconnect"),
    "dispatcher": ("stop",),
    "stream": ("connect", "disconnect", "subscribe"),
    "collector": (),
    "balances": (),
    "prices": (),
    "missed": ("catch_up",),
    "signer": (),
}
"""The parts that take part in a connection, and what of them is awaited."""


class Link:
    """A client whose parts are played, and what they were told."""

    def __init__(self) -> None:
        self.client: Any = Room().client
        self.told: list[str] = []
        self.parts = {name: Part(name, self.told, waits) for name, waits in WAITS.items()}
        account = Part("account", self.told, ("read", "registered"))
        calls = {"update_account": account.read, "await_account_registered": account.registered}
        for name, part in {**self.parts, **calls}.items():
            setattr(self.client, f"_{name}", part)


@pytest.fixture
async def link() -> AsyncIterator[Link]:
    """Return a client whose parts are played; what it began is ended."""
    link = Link()
    yield link
    for task in link.client._tasks_of_ours:
        task.cancel()


async def test_connect_checks_the_key_first_and_listens_last(link: Link) -> None:
    """The lane is seeded before anything is sent, and the stream open before it is subscribed."""
    await link.client._connect()
    assert link.told == [
        "access.check",
        "provider.initialize",
        "provider.list_all",
        "account.read",
        "account.registered",
        "component.connect",
        "provider.market_indexes",
        "dispatcher.start",
        "stream.connect",
        *["stream.subscribe"] * len(PRIVATE_CHANNELS),
        "collector.start",
    ]


async def test_connect_with_a_key_that_is_refused_begins_nothing(link: Link) -> None:
    """A wrong key is found before a nonce is asked for or a frame awaited."""
    link.parts["access"].broken = "check"
    with pytest.raises(ZeroDivisionError):
        await link.client._connect()
    assert link.told == ["access.check"]
    assert link.client._tasks_of_ours == []


async def test_disconnect_sends_what_waits_before_the_stream_is_closed(link: Link) -> None:
    """The dispatcher needs the stream for its last answers, and the signer for its last bytes."""
    await link.client._connect()
    tasks = link.client._tasks_of_ours
    link.told.clear()
    await link.client._disconnect()
    assert link.told == [
        "collector.stop",
        "balances.stop",
        "dispatcher.stop",
        "stream.disconnect",
        "component.disconnect",
        "signer.close",
    ]
    await asyncio.wait(tasks, timeout=1.0)
    assert all(task.cancelled() for task in tasks)


async def test_loss_of_the_stream_is_told_to_the_dispatcher_after_the_prices(link: Link) -> None:
    """No order is priced by what was read before the loss."""
    link.client._on_disconnected(1)
    assert link.told == ["missed.lost", "prices.forget", "dispatcher.on_disconnected"]


async def test_loss_of_the_stream_while_it_is_closed_is_no_loss(link: Link) -> None:
    """A disconnect puts nothing in doubt that the dispatcher did not."""
    await link.client._disconnect()
    link.told.clear()
    link.client._on_disconnected(1)
    assert link.told == ["missed.lost"]


@pytest.mark.parametrize(("epoch", "reads"), [(1, False), (2, True)])
async def test_connection_after_the_first_reads_what_was_missed(
    link: Link, epoch: int, reads: bool
) -> None:
    """At the start Nautilus reconciles; after a loss the client itself catches up."""
    await link.client._connect()
    link.told.clear()
    link.client._on_connected(epoch)
    assert link.told[:2] == ["access.on_connected", "dispatcher.on_connected"]
    assert ("missed.catch_up" in link.told) == reads
    await asyncio.sleep(0.1)
