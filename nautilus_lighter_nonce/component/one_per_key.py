"""
`OnePerKey`: one task of a kind at a time for each key.

Rule of this file: a task that is done is none, though the loop has not yet told so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from collections.abc import Coroutine
from typing import Any

from nautilus_lighter_nonce.component.source import Key


class OnePerKey:
    """
    The tasks of one kind.

    Parameters
    ----------
    loop : asyncio.AbstractEventLoop
        The node's event loop.
    kind : str
        For the names of the tasks.

    """

    def __init__(self, loop: asyncio.AbstractEventLoop, kind: str) -> None:
        self._loop = loop
        self._kind = kind
        self._tasks: dict[Key, asyncio.Task[None]] = {}

    def start(self, key: Key, work: Callable[[], Coroutine[Any, Any, None]]) -> asyncio.Task[None]:
        """Return the key's task; if none is under way, begin one."""
        task = self._tasks.get(key)
        if task is None or task.done():
            task = self._loop.create_task(work(), name=f"{self._kind} of {key}")
            self._tasks[key] = task
        return task

    def cancel(self) -> None:
        """Cancel whatever is under way."""
        for task in self._tasks.values():
            task.cancel()
        self._tasks.clear()

    def under_way(self) -> int:
        """Return how many tasks are not done."""
        return sum(not task.done() for task in self._tasks.values())
