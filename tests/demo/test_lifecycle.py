"""Starting: a node is waited for as long as its config says, and a terminal gets its echo back."""

from __future__ import annotations

import asyncio
import os
import pty
import sys
import termios
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from nautilus_lighter_nonce.demo import lifecycle
from nautilus_lighter_nonce.demo.lifecycle import LOCAL_MODES
from nautilus_lighter_nonce.demo.lifecycle import POLL_SECS
from nautilus_lighter_nonce.demo.lifecycle import until_trading
from nautilus_lighter_nonce.demo.lifecycle import without_echo


CONFIG = SimpleNamespace(timeout_connection=10.0, timeout_reconciliation=4.0, timeout_portfolio=3.0)


class Node:
    """A node that starts as the test says; times are seconds after it was made."""

    def __init__(self, *, connects: float, trades: float, ends: float = 1e9) -> None:
        self._began = self._now()
        self._connects, self._trades, self._ends = connects, trades, ends
        self.is_started = False

    @property
    def trader(self) -> Any:
        return SimpleNamespace(is_running=self.passed >= self._trades)

    @property
    def kernel(self) -> Any:
        connected = self.passed >= self._connects
        return SimpleNamespace(exec_engine=SimpleNamespace(check_connected=lambda: connected))

    @property
    def passed(self) -> float:
        """Seconds since the node was made."""
        return self._now() - self._began

    def is_running(self) -> bool:
        return self.is_started and self.passed < self._ends

    async def run_async(self) -> None:
        self.is_started = True
        await asyncio.sleep(1e9)  # a stop takes its time

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()


async def started(node: Node) -> bool:
    """Return what is found of a node that begins to run."""
    running = asyncio.create_task(node.run_async())
    try:
        return await until_trading(node, running, CONFIG)
    finally:
        running.cancel()


@pytest.fixture
def _loops_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let patience be measured by the test's loop."""
    clock = SimpleNamespace(monotonic=lambda: asyncio.get_running_loop().time())
    monkeypatch.setattr(lifecycle, "time", clock)


# -- NODE -----------------------------------------------------------------------------------------


@pytest.mark.usefixtures("_loops_time")
@pytest.mark.parametrize("trades", [0.0, 1.0, 17.0])
async def test_until_trading_of_a_node_that_trades_in_time_returns_true(trades: float) -> None:
    """The wait ends as soon as strategies run, however many stages that took."""
    node = Node(connects=0.0, trades=trades)
    assert await started(node)
    assert trades <= node.passed <= trades + 2 * POLL_SECS


@pytest.mark.usefixtures("_loops_time")
async def test_until_trading_of_a_node_that_never_connects_gives_up_early() -> None:
    """A node that gave up connecting says so to nobody, and is not reconciled any more."""
    node = Node(connects=1e9, trades=1e9)
    assert not await started(node)
    assert 11.0 <= node.passed <= 11.0 + 2 * POLL_SECS


@pytest.mark.usefixtures("_loops_time")
async def test_until_trading_of_a_node_that_hangs_later_gives_up_after_all_stages() -> None:
    """Connected is not trading: each later stage has its own timeout, and no more."""
    node = Node(connects=1.0, trades=1e9)
    assert not await started(node)
    assert 18.0 <= node.passed <= 18.0 + 2 * POLL_SECS


@pytest.mark.usefixtures("_loops_time")
async def test_until_trading_of_a_node_that_is_stopped_does_not_wait_on() -> None:
    """Ctrl-C while it starts ends the wait at once."""
    node = Node(connects=0.5, trades=1e9, ends=2.0)
    assert not await started(node)
    assert node.passed <= 2.0 + 2 * POLL_SECS


@pytest.mark.usefixtures("_loops_time")
async def test_until_trading_of_a_node_whose_run_broke_does_not_wait_on() -> None:
    """A run that ended by an exception leaves a node that thinks it runs."""
    node = Node(connects=0.5, trades=1e9)
    node.is_started = True
    running = asyncio.create_task(asyncio.sleep(1.0))
    assert not await until_trading(node, running, CONFIG)
    assert node.passed <= 1.0 + 2 * POLL_SECS


# -- TERMINAL -------------------------------------------------------------------------------------


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Let standard input be a terminal that echoes."""
    master, slave = pty.openpty()
    with os.fdopen(slave) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        yield slave
    os.close(master)


def echoes(terminal: int) -> bool:
    """Return whether a terminal writes what is typed."""
    return bool(termios.tcgetattr(terminal)[LOCAL_MODES] & termios.ECHO)


def test_without_echo_of_a_terminal_silences_it_for_the_while(terminal: int) -> None:
    """A "^C" would tear the live view."""
    with without_echo():
        assert not echoes(terminal)
    assert echoes(terminal)


def test_without_echo_that_ends_by_an_exception_gives_the_echo_back(terminal: int) -> None:
    """Nobody is left with a shell in which he types blindly."""
    with pytest.raises(KeyboardInterrupt), without_echo():
        raise KeyboardInterrupt
    assert echoes(terminal)


def test_without_echo_of_no_terminal_does_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipe has no echo that could be switched."""
    reader, writer = os.pipe()
    with os.fdopen(reader) as stdin, os.fdopen(writer, "w"):
        monkeypatch.setattr(sys, "stdin", stdin)
        with without_echo():
            pass
