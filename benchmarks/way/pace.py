"""
The strategy's part of the way, the same for Nautilus 1 and 2: a bid every so often, and its time.

Rules of this file
------------------
- It imports neither Nautilus: the strategies of both hand in their calls.
- The first orders warm the client up and are not counted.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from typing import Final


AT_ONCE: Final = 8
"""Orders on their way; Nautilus 2's client denies what exceeds its own window of 16."""


class Pace:
    """
    Submits orders one by one, and notes how long each took.

    Parameters
    ----------
    job : dict[str, Any]
        "orders" and "warm_up".
    submit : Callable[[Callable[[str], None]], None]
        Submits the next order, and says its client order id just before.
    stop : Callable[[], None]
        Called when all are accepted.

    """

    def __init__(
        self,
        job: dict[str, Any],
        submit: Callable[[Callable[[str], None]], None],
        stop: Callable[[], None],
    ) -> None:
        self._all = job["orders"] + job["warm_up"]
        self._warm_up = job["warm_up"]
        self._submit = submit
        self._stop = stop
        self._begun: dict[str, int] = {}
        self._ways: list[int] = []
        self._cpu_ns = 0
        self.problems: list[str] = []

    def tick(self) -> None:
        """Submit the next order."""
        if len(self._begun) == self._all or len(self._begun) - len(self._ways) >= AT_ONCE:
            return
        if len(self._begun) == self._warm_up:
            self._cpu_ns = time.process_time_ns()
        self._submit(self._note)

    def _note(self, client_order_id: str) -> None:
        self._begun[client_order_id] = time.perf_counter_ns()

    def accepted(self, client_order_id: str) -> None:
        """Note that an order was accepted."""
        self._ways.append(time.perf_counter_ns() - self._begun[client_order_id])
        if len(self._ways) == self._all:
            self._cpu_ns = time.process_time_ns() - self._cpu_ns
            self._stop()

    def failed(self, why: str) -> None:
        """Give up: an order was not accepted."""
        self.problems.append(why)
        self._stop()

    def told(self) -> dict[str, Any]:
        """Return what was measured."""
        return {
            "ways_ns": self._ways[self._warm_up :],
            "cpu_ns": self._cpu_ns,
            "problems": self.problems,
        }
