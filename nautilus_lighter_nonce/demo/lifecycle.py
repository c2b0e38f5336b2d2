"""
Starting what a run needs: a quiet terminal, and a node until its strategies trade.

Rule of this file: nothing of the demo's own; `lighter-nonce run` uses it as well.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import termios
import time
from collections.abc import Iterator
from typing import Any


POLL_SECS = 0.05
LOCAL_MODES = 3  # where termios keeps them


@contextlib.contextmanager
def without_echo() -> Iterator[None]:
    """Let the terminal not write what is typed, a "^C" for instance, into a live view."""
    if not sys.stdin.isatty():
        yield
        return
    before = termios.tcgetattr(sys.stdin)
    quiet = termios.tcgetattr(sys.stdin)
    quiet[LOCAL_MODES] &= ~termios.ECHO
    termios.tcsetattr(sys.stdin, termios.TCSADRAIN, quiet)
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


async def until_trading(node: Any, running: asyncio.Task[None], config: Any) -> bool:
    """
    Wait until a node's strategies are started, which it announces to nobody.

    Parameters
    ----------
    node : TradingNode
        The node.
    running : asyncio.Task[None]
        Its `run_async`.
    config : TradingNodeConfig
        Its config; the timeouts of each stage are the patience with it.

    Returns
    -------
    bool
        Whether they are; a node that gave up connecting, or was stopped, is not waited for.

    """
    began = time.monotonic()
    connected_by = began + config.timeout_connection + 1.0
    trading_by = connected_by + config.timeout_reconciliation + config.timeout_portfolio
    await asyncio.sleep(0)  # the node begins to run
    while node.is_running() and not (node.trader.is_running or running.done()):
        now = time.monotonic()
        is_late = now > connected_by and not node.kernel.exec_engine.check_connected()
        if is_late or now > trading_by:
            return False
        await asyncio.sleep(POLL_SECS)
    return bool(node.trader.is_running)
