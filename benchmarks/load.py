"""
The load, the same for every client: who offers when, when a verdict came, how long the loop stood.

Rules of this file
------------------
- An order's time begins when it was due, not when the client came round to it: a client that makes
  its callers wait is not excused for it.
- The client says of each order what its caller was told, no more.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable
from collections.abc import Callable
from enum import Enum
from typing import Final

import msgspec

from benchmarks.stalls import LoopWatch
from benchmarks.stalls import keep_ticking
from nautilus_lighter_nonce.core.decisions import RebaseSource


PATIENCE_SECS: Final = 10.0
"""A client that gave no verdict at all for so long is not waited for any more."""


class Told(Enum):
    """What a client told the caller of an order."""

    ACCEPTED = "accepted"
    FAILED = "failed"  # refused, rejected, denied, given up: a definite no
    UNKNOWN = "unknown"  # nothing, or "nobody knows"


class Order(msgspec.Struct, kw_only=True):
    """
    One order as its caller saw it.

    Parameters
    ----------
    index : int
        The client order index.
    due_ns : int
        When it was offered, Unix nanoseconds.
    verdict_ns : int
        When the caller had its verdict; 0 if never.
    shown_ns : int
        When its `OrderAccepted` came, of clients that have such a thing; 0 if never.
    truth_ns : int
        When the caller was first told what `told` says; 0 if that is nothing definite.
    was_unknown : bool
        Whether the caller was told "nobody knows" before anything definite.
    told : Told
        The last thing that was said.
    reason : str
        What a failure was explained with.

    """

    index: int
    due_ns: int = 0
    verdict_ns: int = 0
    shown_ns: int = 0
    truth_ns: int = 0
    was_unknown: bool = False
    told: Told = Told.UNKNOWN
    reason: str = ""


class Heal(msgspec.Struct, frozen=True, kw_only=True):
    """
    A lane was frozen, and is open again.

    Parameters
    ----------
    source : RebaseSource
        Where the next nonce was taken from.
    frozen_ms : float
        How long nothing was issued, milliseconds.

    """

    source: RebaseSource
    frozen_ms: float


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """
    What a client is asked to do.

    Parameters
    ----------
    client : str
        Which client.
    http_url, ws_url : str
        The venue.
    orders : int
        How many orders.
    callers : int
        Concurrent callers of a closed loop.
    rate : float, optional
        Orders per second of an open loop.
    profile : str, optional
        Where to write a cProfile; from Python 3.12 on it mixes the times of all threads.

    """

    client: str
    http_url: str
    ws_url: str
    orders: int
    callers: int
    rate: float | None = None
    profile: str | None = None


class Outcome(msgspec.Struct, kw_only=True):
    """
    What a client hands back.

    Parameters
    ----------
    orders : list[Order]
        Every order.
    verdicts : dict[str, int]
        When a transaction hash was accepted, of clients that do not know it by order.
    unknowns : dict[str, int]
        When a transaction hash became unknown, of such clients.
    heals : list[Heal], optional
        Every heal; ``None`` of clients that have no such thing.
    began_ns, ended_ns : int
        When the load began and ended, Unix nanoseconds.
    stall_ms : float
        The longest time that the event loop stood still, whoever made it.
    busy_ms : float
        The most processor time that the event loop's own thread used between two ticks.
    cpu_secs : float
        Processor time of the client's process, all threads.

    """

    orders: list[Order]
    verdicts: dict[str, int] = {}
    unknowns: dict[str, int] = {}
    heals: list[Heal] | None = None
    began_ns: int = 0
    ended_ns: int = 0
    stall_ms: float = 0.0
    busy_ms: float = 0.0
    cpu_secs: float = 0.0


Submit = Callable[[Order], Awaitable[None]]
"""Offers one order and returns when its caller has a verdict; it fills in the rest."""


class Load:
    """
    Offers the orders of a job.

    Parameters
    ----------
    job : Job
        How many, and how.
    submit : Submit
        The client.

    """

    def __init__(self, job: Job, submit: Submit) -> None:
        self.orders = [Order(index=index) for index in range(1, job.orders + 1)]
        self._job = job
        self._submit = submit
        self._answered = 0

    async def run(self, patience_secs: float = PATIENCE_SECS) -> Outcome:
        """Offer everything; end when all have a verdict, or none came for so long."""
        watch = LoopWatch(time.perf_counter(), time.thread_time())
        ticker = asyncio.create_task(keep_ticking(watch))
        began_ns, cpu_secs = time.time_ns(), time.process_time()
        tasks = self._closed() if self._job.rate is None else await self._open(self._job.rate)
        await self._finish(tasks, patience_secs)
        ticker.cancel()
        watch.tick(time.perf_counter(), time.thread_time())
        return Outcome(
            orders=self.orders,
            began_ns=began_ns,
            ended_ns=time.time_ns(),
            stall_ms=watch.stall_secs * 1_000,
            busy_ms=watch.busy_secs * 1_000,
            cpu_secs=time.process_time() - cpu_secs,
        )

    def _closed(self) -> list[asyncio.Task[None]]:
        queue = iter(self.orders)

        async def caller() -> None:
            for order in queue:
                order.due_ns = time.time_ns()
                await self._offer(order)

        return [asyncio.create_task(caller()) for _ in range(self._job.callers)]

    async def _open(self, rate: float) -> list[asyncio.Task[None]]:
        loop = asyncio.get_running_loop()
        begin, begin_ns = loop.time(), time.time_ns()
        tasks = []
        for number, order in enumerate(self.orders):
            due = number / rate
            await asyncio.sleep(max(0.0, begin + due - loop.time()))
            order.due_ns = begin_ns + int(due * 1e9)
            tasks.append(asyncio.create_task(self._offer(order)))
        return tasks

    async def _offer(self, order: Order) -> None:
        await self._submit(order)
        self._answered += 1

    async def _finish(self, tasks: list[asyncio.Task[None]], patience_secs: float) -> None:
        pending, answered = set(tasks), -1
        while pending and answered != self._answered:
            answered = self._answered
            done, pending = await asyncio.wait(pending, timeout=patience_secs)
            for task in done:
                task.result()
        for task in pending:
            task.cancel()
