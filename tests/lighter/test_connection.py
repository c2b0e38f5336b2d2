"""One connection: the order of its writes, its end, and the pause before the next."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_lighter_nonce.lighter.connection import CLOSE_SECS
from nautilus_lighter_nonce.lighter.connection import Backoff
from nautilus_lighter_nonce.lighter.connection import Link
from nautilus_lighter_nonce.lighter.errors import NotSent
from nautilus_lighter_nonce.lighter.errors import SocketError
from nautilus_lighter_nonce.lighter.errors import StreamSendError
from tests.lighter.links import MemorySocket


def new_link() -> tuple[Link, MemorySocket]:
    """Return a connection and its socket."""
    socket = MemorySocket()
    return Link(3, socket, 0.0), socket


# -- WRITES ---------------------------------------------------------------------------------------


async def test_write_many_at_once_leaves_in_the_order_of_the_calls() -> None:
    """A slow first write is not overtaken by a fast second one."""
    link, socket = new_link()
    socket.write_secs = 1.0
    first = asyncio.create_task(link.write("a", b"a"))
    await asyncio.sleep(0.5)
    socket.write_secs = 0.0
    await asyncio.gather(first, link.write("b", b"b"), link.write("c", b"c"))
    assert socket.sent == [b"a", b"b", b"c"]


async def test_write_on_a_cut_connection_is_definitely_not_written() -> None:
    """What still waits for its turn belongs to an epoch that is over."""
    link, socket = new_link()
    socket.write_secs = 1.0
    first = asyncio.create_task(link.write("a", b"a"))
    second = asyncio.create_task(link.write("b", b"b"))
    await asyncio.sleep(0.5)
    link.cut()
    with pytest.raises(StreamSendError) as caught:
        await second
    await first
    assert (caught.value.request_id, caught.value.reason) == ("b", NotSent.OTHER_EPOCH)
    assert socket.sent == [b"a"]


async def test_write_that_the_socket_refuses_says_so_and_keeps_the_cause() -> None:
    """A socket that had just ended took nothing."""
    link, socket = new_link()
    socket.fault = SocketError("gone")
    with pytest.raises(StreamSendError) as caught:
        await link.write("a", b"a")
    assert caught.value.reason is NotSent.CLIENT_REFUSED
    assert caught.value.__cause__ is socket.fault


async def test_write_whose_caller_is_cancelled_is_ended_before_the_next_begins() -> None:
    """It may be on the wire: the next frame must not overtake it."""
    link, socket = new_link()
    socket.write_secs = 1.0
    first = asyncio.create_task(link.write("a", b"a"))
    second = asyncio.create_task(link.write("b", b"b"))
    await asyncio.sleep(0.5)
    socket.write_secs = 0.0
    first.cancel()
    await second
    assert first.cancelled()
    assert socket.sent == [b"a", b"b"]


# -- QUESTIONS ------------------------------------------------------------------------------------


async def test_ask_on_a_connection_that_is_being_left_is_not_written() -> None:
    """Its answer might never come."""
    link, socket = new_link()
    link.is_draining = True
    with pytest.raises(StreamSendError) as caught:
        await link.ask("1", b"a")
    assert caught.value.reason is NotSent.LEAVING
    assert socket.sent == []


async def test_drained_waits_for_the_answers_and_no_longer() -> None:
    """The last answer ends the wait."""
    link, _ = new_link()
    loop = asyncio.get_running_loop()
    await link.ask("1", b"a")
    await link.ask("2", b"b")
    loop.call_later(1.0, link.answered, "1")
    loop.call_later(2.0, link.answered, "2")
    begun = loop.time()
    await link.drained(60.0)
    assert loop.time() - begun == pytest.approx(2.0, abs=0.1)


async def test_drained_gives_up_what_is_not_answered_in_time() -> None:
    """Patience counts from when it was asked."""
    link, _ = new_link()
    loop = asyncio.get_running_loop()
    await link.ask("1", b"a")
    begun = loop.time()
    await link.drained(3.0)
    assert loop.time() - begun == pytest.approx(3.0, abs=0.1)


async def test_drained_ends_with_the_connection() -> None:
    """Nothing comes of one that is dead."""
    link, socket = new_link()
    loop = asyncio.get_running_loop()
    await link.ask("1", b"a")
    loop.call_later(1.0, setattr, socket, "is_lost", True)
    begun = loop.time()
    await link.drained(60.0)
    assert loop.time() - begun < 2.0


async def test_question_that_was_not_written_awaits_no_answer() -> None:
    """What is not on the wire keeps nobody waiting."""
    link, socket = new_link()
    socket.fault = SocketError("gone")
    with pytest.raises(StreamSendError):
        await link.ask("1", b"a")
    begun = asyncio.get_running_loop().time()
    await link.drained(60.0)
    assert asyncio.get_running_loop().time() == begun


# -- END ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["is_over", "is_lost"])
async def test_link_whose_socket_ended_is_dead(end: str) -> None:
    """Closed for good, or lost and not given up yet: both bring nothing."""
    link, socket = new_link()
    assert link.is_alive()
    setattr(socket, end, True)
    assert not link.is_alive()


async def test_close_closes_once_and_cuts() -> None:
    """A second close is silent."""
    link, socket = new_link()
    assert await link.close() == ""
    assert await link.close() == ""
    assert socket.closings == 1
    assert not link.is_alive()


async def test_close_that_goes_wrong_is_told_and_raises_nothing() -> None:
    """It counts no more, whatever its client says."""
    link, socket = new_link()
    socket.fault = RuntimeError("why not")
    assert await link.close() == "RuntimeError: why not"


async def test_close_that_hangs_is_left() -> None:
    """A client that never closes keeps nobody."""
    link, socket = new_link()
    socket.close_secs = 100 * CLOSE_SECS
    begun = asyncio.get_running_loop().time()
    assert (await link.close()).startswith("TimeoutError")
    assert asyncio.get_running_loop().time() - begun == pytest.approx(CLOSE_SECS)


# -- BACKOFF --------------------------------------------------------------------------------------


@given(attempt=st.integers(0, 10**6), chance=st.floats(0.0, 1.0))
def test_delay_is_in_the_upper_half_of_its_span(attempt: int, chance: float) -> None:
    """Never 0, so that nobody storms; never above the ceiling, however many attempts."""
    backoff = Backoff()
    span = backoff.delay(attempt, 1.0)
    assert span / 2 <= backoff.delay(attempt, chance) <= span <= backoff.max_secs
    assert backoff.delay(attempt + 1, 0.0) >= backoff.delay(attempt, 0.0)


def test_delay_doubles_up_to_its_ceiling() -> None:
    """0.1 s, then twice as long each time, then 2 s."""
    delays = [Backoff().delay(attempt, 1.0) for attempt in range(7)]
    assert delays == pytest.approx([0.1, 0.2, 0.4, 0.8, 1.6, 2.0, 2.0])
