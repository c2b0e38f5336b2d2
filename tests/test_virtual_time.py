"""The loop whose time jumps: unit tests wait hours in it, and no machine makes them wait."""

from __future__ import annotations

import asyncio
import socket
import time

import pytest

from tests.virtual_time import NothingEverHappensError
from tests.virtual_time import SocketInUnitTestError
from tests.virtual_time import VirtualLoop


HOUR = 3_600.0


async def test_sleep_of_an_hour_moves_the_clock_by_an_hour_alone() -> None:
    """All clocks jump together; the machine's has hardly moved."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    begun, begun_ns, real = loop.time(), time.monotonic_ns(), time.perf_counter()
    wall = time.time()
    await asyncio.sleep(HOUR)
    assert loop.time() - begun == pytest.approx(HOUR)
    assert time.monotonic_ns() - begun_ns == pytest.approx(HOUR * 1e9)
    assert time.time() - wall == pytest.approx(HOUR)
    assert time.perf_counter() - real < HOUR / 2


async def test_time_stands_still_while_something_is_ready() -> None:
    """However long the ready ones take, no timer rings between them."""
    loop = asyncio.get_running_loop()
    rang: list[str] = []
    loop.call_later(1e-9, rang.append, "timer")
    begun = loop.time()
    for _ in range(1_000):
        await asyncio.sleep(0)
    assert (loop.time(), rang) == (begun, [])
    await asyncio.sleep(1e-6)
    assert rang == ["timer"]


async def test_timers_ring_in_the_order_of_their_times() -> None:
    """A later one that was set first rings later."""
    rang: list[int] = []
    loop = asyncio.get_running_loop()
    for due in (3, 1, 2):
        loop.call_later(due, rang.append, due)
    await asyncio.sleep(4)
    assert rang == [1, 2, 3]


async def test_timeout_strikes_what_waits_longer() -> None:
    """A deadline is as sharp as in real time."""
    assert await asyncio.wait_for(asyncio.sleep(1.0, "done"), 1.1) == "done"
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.sleep(1.0), 0.9)


async def test_thread_takes_no_time() -> None:
    """Whatever a worker thread does is done at once, before any timer."""
    loop = asyncio.get_running_loop()
    rang: list[str] = []
    loop.call_later(0.001, rang.append, "timer")
    begun = loop.time()
    assert await asyncio.to_thread(sum, (1, 2)) == 3
    assert (loop.time(), rang) == (begun, [])


async def test_monotonic_ns_read_twice_is_two_moments() -> None:
    """As on a machine: what came later is later."""
    first = time.monotonic_ns()
    assert time.monotonic_ns() > first


def test_wall_clock_of_a_unit_test_stands_still() -> None:
    """What is made in two steps is made at one moment, however busy the machine is."""
    first = time.time_ns()
    sum(range(1_000))
    assert time.time_ns() == first


def test_sleep_in_a_unit_test_is_refused() -> None:
    """Real seconds are for stories."""
    with pytest.raises(AssertionError, match="sleeps"):
        time.sleep(0)


def test_wait_for_what_never_happens_raises_at_once() -> None:
    """A test that hangs says so, instead of waiting for a deadline of its own."""
    with (
        asyncio.Runner(loop_factory=VirtualLoop) as runner,
        pytest.raises(NothingEverHappensError),
    ):
        runner.run(_forever())


async def _forever() -> None:
    await asyncio.get_running_loop().create_future()


def test_wait_for_a_socket_raises_at_once() -> None:
    """A socket's time is the machine's: such a test is none of the units."""
    ours, theirs = socket.socketpair()
    with ours, theirs, asyncio.Runner(loop_factory=VirtualLoop) as runner:
        ours.setblocking(False)
        with pytest.raises(SocketInUnitTestError):
            runner.run(_receive(ours))


async def _receive(ours: socket.socket) -> bytes:
    return await asyncio.get_running_loop().sock_recv(ours, 1)
