"""
A stage: cases that are played at once, on one event loop, the first time one of them is asked for.

Rules of this file
------------------
- Each case has a venue process and its own nodes, each with one strategy; all share the loop, and
  the waiting. A stage is short enough for all of its cases to keep their times.
- A story that fails stops nobody else; what it raised is raised where its test asks for it.
- It knows no case.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import Awaitable
from collections.abc import Callable
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from typing import Any

import msgspec
import pytest

from nautilus_lighter_nonce import LighterNonceConfig
from nautilus_lighter_nonce.loopback.config import VenueConfig
from nautilus_lighter_nonce.loopback.process import VenueProcess
from tests.cases.case import happens
from tests.nodes import Node


QUICK: Mapping[str, Any] = {
    "reply_timeout_ms": 200,
    "settle_ms": 50,
    "disbelief_ms": 400,
    "refresh_retry_ms": 50,
    "degrade_after_ms": 300,
}
"""Limits that make a case short; the venue's delays are scaled to them."""

Story = Callable[..., Awaitable[None]]
"""What happens: takes the venue, the nodes and the fields of its kind."""


class Case(msgspec.Struct, frozen=True):
    """
    One kind of a row.

    Parameters
    ----------
    story : Story
        What happens.
    fields : Mapping[str, Any]
        What makes it this kind.
    venue : Mapping[str, Any]
        Fields of `VenueConfig`.
    limits : Mapping[str, Any]
        Fields of `LighterNonceConfig`.
    nodes : int
        Nodes on the venue, all with the same key.

    """

    story: Story
    fields: Mapping[str, Any]
    venue: Mapping[str, Any]
    limits: Mapping[str, Any]
    nodes: int


class Stage:
    """Cases that are played at once."""

    def __init__(self) -> None:
        self._cases: dict[tuple[str, str], Case] = {}
        self._ends: dict[tuple[str, str], BaseException | None] = {}

    def row(
        self,
        kinds: Mapping[str, Mapping[str, Any]] | None = None,
        *,
        venue: Mapping[str, Any] | None = None,
        nodes: int = 1,
        **limits: Any,
    ) -> Callable[[Story], Callable[..., None]]:
        """
        Make a test of a story, once for each kind.

        Parameters
        ----------
        kinds : Mapping[str, Mapping[str, Any]], optional
            What the story takes, by the kind's name (default one kind without fields).
        venue : Mapping[str, Any], optional
            Fields of `VenueConfig`.
        nodes : int, default 1
            Nodes on the venue, all with the same key.
        **limits : Any
            Fields of `LighterNonceConfig`, on top of `QUICK`.

        """

        def declare(story: Story) -> Callable[..., None]:
            for kind, fields in (kinds or {"": {}}).items():
                name = (story.__name__, kind)
                self._cases[name] = Case(story, fields, venue or {}, {**QUICK, **limits}, nodes)

            def test_alone() -> None:
                self.play(story.__name__, "")

            def test_each(kind: str) -> None:
                self.play(story.__name__, kind)

            test = test_alone if kinds is None else test_each
            test.__name__ = test.__qualname__ = story.__name__
            test.__doc__, test.__module__ = story.__doc__, story.__module__
            return test if kinds is None else pytest.mark.parametrize("kind", kinds)(test)

        return declare

    def play(self, row: str, kind: str) -> None:
        """Play all cases, unless that was done, and raise what this one raised."""
        if not self._ends:
            self._ends = self._play_all()
        error = self._ends[row, kind]
        if error is not None:
            raise error

    def _play_all(self) -> dict[tuple[str, str], BaseException | None]:
        try:
            ends = play(list(self._cases.values()))
        except Exception as e:  # noqa: BLE001 (whatever it was, no case could be tried)
            return dict.fromkeys(self._cases, e)
        return dict(zip(self._cases, ends, strict=True))


def play(cases: list[Case]) -> list[BaseException | None]:
    """Play cases at once and return what each of them raised."""
    import_module("lighter")  # several clients that import it at once, each in a thread, block
    loop = asyncio.new_event_loop()
    with contextlib.ExitStack() as stack:
        venues = [VenueProcess(msgspec.convert(case.venue, VenueConfig)) for case in cases]
        for venue in venues:
            stack.callback(venue.stop)
        with ThreadPoolExecutor() as pool:
            list(pool.map(VenueProcess.start, venues))
        stack.callback(asyncio.set_event_loop, None)
        nodes = [_nodes_of(*each, loop) for each in zip(cases, venues, strict=True)]
        for node in itertools.chain(*nodes):
            stack.callback(node.node.dispose)
        return loop.run_until_complete(_play_all(cases, venues, nodes))


def _nodes_of(case: Case, venue: VenueProcess, loop: asyncio.AbstractEventLoop) -> list[Node]:
    limits = LighterNonceConfig(**case.limits)
    tags = [f"{number:03}" for number in range(1, case.nodes + 1)]
    return [Node(venue, tags=(tag,), loop=loop, nonce=limits) for tag in tags]


async def _play_all(
    cases: list[Case], venues: list[VenueProcess], nodes: list[list[Node]]
) -> list[BaseException | None]:
    everyone = list(itertools.chain(*nodes))
    running = [asyncio.create_task(node.node.run_async()) for node in everyone]
    try:
        if not await happens(lambda: all(n.strategies[0].is_running for n in everyone), 30.0):
            raise TimeoutError("a node did not start")
        plays = (_play(*each) for each in zip(cases, venues, nodes, strict=True))
        ends = await asyncio.gather(*plays, return_exceptions=True)
        return [end if isinstance(end, BaseException) else None for end in ends]
    finally:
        await asyncio.wait(running, timeout=5.0)
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)


async def _play(case: Case, venue: VenueProcess, nodes: list[Node]) -> None:
    try:
        await case.story(venue, *nodes, **case.fields)
    finally:
        await asyncio.gather(*(node.node.stop_async() for node in nodes))
