"""One task of a kind for each key."""

from __future__ import annotations

import asyncio

import pytest

from nautilus_lighter_nonce.component.one_per_key import OnePerKey


NAME, OTHER = (700, 5), (700, 6)


class Work:
    """Work that ends when the test lets it."""

    def __init__(self) -> None:
        self.begun = 0
        self.gate = asyncio.Event()

    async def __call__(self) -> None:
        self.begun += 1
        await self.gate.wait()


async def test_second_start_of_a_key_is_the_task_that_is_under_way() -> None:
    """Whoever comes later waits for the same answer."""
    tasks, work = OnePerKey(asyncio.get_running_loop(), "question"), Work()
    first = tasks.start(NAME, work)
    await asyncio.sleep(0)
    assert tasks.start(NAME, work) is first
    assert (work.begun, tasks.under_way()) == (1, 1)
    assert first.get_name() == f"question of {NAME}"
    work.gate.set()
    await first


async def test_keys_have_a_task_each() -> None:
    """One key's patience is not another's."""
    tasks, work = OnePerKey(asyncio.get_running_loop(), "question"), Work()
    assert tasks.start(NAME, work) is not tasks.start(OTHER, work)
    assert tasks.under_way() == 2
    tasks.cancel()


async def test_start_behind_a_task_that_is_done_begins_anew_in_the_same_turn() -> None:
    """Before the loop has told anybody that it is done."""
    tasks, work = OnePerKey(asyncio.get_running_loop(), "question"), Work()
    work.gate.set()
    first = tasks.start(NAME, work)
    await first
    second = tasks.start(NAME, work)
    assert second is not first
    await second
    assert (work.begun, tasks.under_way()) == (2, 0)


async def test_cancel_ends_what_is_under_way_and_leaves_room_for_the_next() -> None:
    """A component that is started again asks again."""
    tasks, work = OnePerKey(asyncio.get_running_loop(), "question"), Work()
    first = tasks.start(NAME, work)
    tasks.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    assert tasks.start(NAME, work) is not first
    tasks.cancel()
