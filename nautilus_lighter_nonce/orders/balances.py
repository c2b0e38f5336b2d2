"""
`BalanceNews`: balances for Nautilus, the newest at most so often.

Rules of this file
------------------
- The venue shows the balance after every transaction, and Nautilus keeps every account state for
  ever: at 200 orders a second that cost more time and memory than the orders themselves (measured).
- The first is published at once, the newest always; only those between are left out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from nautilus_lighter_nonce.lighter.schemas import UserStats


PAUSE_SECS: Final = 0.1
"""Between two account states (our choice: a strategy that sizes by its balance may wait for it)."""


class BalanceNews:
    """
    Publishes what has changed.

    Parameters
    ----------
    loop : asyncio.AbstractEventLoop
        The node's event loop.
    publish : Callable[[UserStats], None]
        Generates the account state.

    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, publish: Callable[[UserStats], None]
    ) -> None:
        self._loop = loop
        self._publish = publish
        self._last = ("", "")
        self._waiting: UserStats | None = None
        self._pause: asyncio.TimerHandle | None = None

    def offer(self, stats: UserStats) -> None:
        """Publish a balance, now or after the pause, unless it is what was published last."""
        self._waiting = stats
        if self._pause is None:
            self._end_pause()

    def stop(self) -> None:
        """Publish what waits, and nothing by itself later."""
        self._end_pause()
        if self._pause is not None:
            self._pause.cancel()
            self._pause = None

    def _end_pause(self) -> None:
        if self._pause is not None:
            self._pause.cancel()
            self._pause = None
        stats, self._waiting = self._waiting, None
        if stats is None or (balance := (stats.collateral, stats.available_balance)) == self._last:
            return
        self._last = balance
        self._pause = self._loop.call_later(PAUSE_SECS, self._end_pause)
        self._publish(stats)
