"""Hand-written stand-ins and Nautilus objects that tests of the binding modules share."""

from __future__ import annotations

import asyncio
from typing import Any

from nautilus_trader.cache.cache import Cache
from nautilus_trader.common.component import LiveClock
from nautilus_trader.common.component import MessageBus
from nautilus_trader.model.identifiers import TraderId

from nautilus_lighter_nonce.events import KeyEvent


ACCOUNT = 700
KEY = 5


class Kernel:
    """The parts of a node that a component needs, and everything published on its bus."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.clock = LiveClock()
        self.msgbus = MessageBus(trader_id=TraderId("TESTER-001"), clock=self.clock)
        self.cache = Cache()
        self.published: list[Any] = []
        self.msgbus.subscribe("*", self.published.append)

    def events(self, *kinds: type[KeyEvent]) -> list[Any]:
        """Return what was published of these classes, in order."""
        return [event for event in self.published if isinstance(event, kinds)]


class ScriptedSource:
    """A nonce source that answers what it was told to, and counts the questions."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.calls = 0

    async def next_nonce(self, account_index: int, api_key_index: int) -> Any:
        """Return or raise the next answer; the last one is repeated."""
        self.calls += 1
        await asyncio.sleep(0)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


async def eventually(condition: Any, timeout_secs: float = 5.0) -> None:
    """Let the loop run until the condition holds; fail after the deadline."""
    deadline = asyncio.get_running_loop().time() + timeout_secs
    while not condition():
        assert asyncio.get_running_loop().time() < deadline, "it did not happen in time"
        await asyncio.sleep(0.001)
