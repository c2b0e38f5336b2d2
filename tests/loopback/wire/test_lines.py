"""The carriers alone: what comes out of a line, when, and in which order."""

from __future__ import annotations

import asyncio

import pytest

from nautilus_lighter_nonce.loopback import VenueConfig
from nautilus_lighter_nonce.loopback.wire.delay import DelayLine
from nautilus_lighter_nonce.loopback.wire.lines import Line
from tests.loopback.client import eventually


class Air:
    """Delays that a test sets."""

    def __init__(self, delay_s: float = 0.0, *, reorder: bool = False) -> None:
        self.delay_s = delay_s
        self.config = VenueConfig(reorder=reorder)

    def one_way_s(self) -> float:
        """Return the delay."""
        return self.delay_s


async def test_line_without_delay_delivers_at_once() -> None:
    """Where nothing takes time, an item is out when `push` returns."""
    out: list[str] = []
    line: Line[str] = Line(asyncio.get_running_loop(), Air(), out.append)
    line.push("a")
    assert out == ["a"]


async def test_line_shorter_delay_overtakes_nothing() -> None:
    """A later item with a shorter way stays behind."""
    out: list[str] = []
    air = Air(0.02)
    line: Line[str] = Line(asyncio.get_running_loop(), air, out.append)
    line.push("slow")
    air.delay_s = 0.0
    line.push("fast")
    await eventually(lambda: len(out) == 2)
    assert out == ["slow", "fast"]


async def test_line_that_reorders_lets_items_overtake() -> None:
    """With `reorder` the shorter way wins."""
    out: list[str] = []
    air = Air(0.05, reorder=True)
    line: Line[str] = Line(asyncio.get_running_loop(), air, out.append)
    line.push("slow")
    air.delay_s = 0.001
    line.push("fast")
    await eventually(lambda: len(out) == 2)
    assert out == ["fast", "slow"]


async def test_line_held_again_waits_for_the_last_hold() -> None:
    """A second hold without an end replaces one that would have ended by itself."""
    out: list[str] = []
    loop = asyncio.get_running_loop()
    line: Line[str] = Line(loop, Air(), out.append)
    line.hold(1)
    line.hold(None)
    line.push("a")
    passed = loop.create_future()
    loop.call_later(0.01, passed.set_result, None)
    await passed
    assert (out, line.is_held) == ([], True)
    line.release()
    assert (out, line.is_held) == (["a"], False)


async def test_line_released_without_a_hold_stays_as_it_is() -> None:
    """A release without a hold does nothing."""
    out: list[str] = []
    line: Line[str] = Line(asyncio.get_running_loop(), Air(), out.append)
    line.release()
    line.push("a")
    assert out == ["a"]


async def test_line_cut_loses_what_is_held_and_all_that_comes() -> None:
    """A cut line is silent for ever, whatever it held or is told."""
    out: list[str] = []
    line: Line[str] = Line(asyncio.get_running_loop(), Air(), out.append)
    line.hold()
    line.push("held")
    line.cut()
    line.release()
    line.push("late")
    assert (out, line.is_cut, line.is_held) == ([], True, False)


async def test_line_lost_keeps_what_is_held() -> None:
    """Losing what is on the way leaves what waits before the gate."""
    out: list[str] = []
    air = Air(10.0)
    line: Line[str] = Line(asyncio.get_running_loop(), air, out.append)
    line.push("on the way")
    line.hold()
    line.push("held")
    line.lose()
    air.delay_s = 0.0
    line.release()
    assert out == ["held"]


async def test_delay_line_items_behind_others_pass_the_rest() -> None:
    """Items that stay behind each other keep their order, and others do not wait for them."""
    out: list[str] = []
    line: DelayLine[str] = DelayLine(asyncio.get_running_loop(), out.append)
    line.push("a1", 0.04, behind="a")
    line.push("a2", 0.0, behind="a")
    line.push("b1", 0.001, behind="b")
    await eventually(lambda: len(out) == 3)
    assert out == ["b1", "a1", "a2"]


async def test_delay_line_item_that_raises_stops_nothing_behind_it() -> None:
    """An item that cannot be taken is the loop's exception, and the next one comes out."""
    out: list[str] = []
    loop = asyncio.get_running_loop()
    errors: list[BaseException | None] = []
    loop.set_exception_handler(lambda _, context: errors.append(context.get("exception")))

    def deliver(item: str) -> None:
        if item == "bad":
            raise RuntimeError(item)
        out.append(item)

    line: DelayLine[str] = DelayLine(loop, deliver)
    line.push("bad", 0.001)
    line.push("good", 0.001)
    await eventually(lambda: out)
    assert out == ["good"]
    assert [str(e) for e in errors] == ["bad"]


@pytest.mark.parametrize("delay_s", [0.0, 0.001])
async def test_delay_line_closed_forgets(delay_s: float) -> None:
    """What is on the way when a line is closed does not come out."""
    out: list[str] = []
    loop = asyncio.get_running_loop()
    line: DelayLine[str] = DelayLine(loop, out.append)
    line.push("lost", 0.001)
    line.close()
    line.push("new", delay_s)
    await eventually(lambda: out)
    assert out == ["new"]
