"""The delay line: everything takes its time, and what must stay behind stays behind."""

from __future__ import annotations

import asyncio

import pytest

from nautilus_lighter_nonce.loopback.wire.delay import DelayLine


class Line:
    """A delay line and what came out of it, at which second."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.begun = self.loop.time()
        self.out: list[tuple[str, float]] = []
        self.line = DelayLine[str](self.loop, self._deliver)

    def _deliver(self, item: str) -> None:
        self.out.append((item, round(self.loop.time() - self.begun, 3)))
        if item == "bad":
            raise RuntimeError(item)

    @property
    def names(self) -> list[str]:
        """What came out, in order."""
        return [name for name, _ in self.out]


async def test_push_without_a_delay_comes_out_at_once() -> None:
    """Where nothing is on the way no loop is needed."""
    line = Line()
    line.line.push("a", 0.0)
    assert line.out == [("a", 0.0)]


async def test_push_with_a_delay_comes_out_in_time() -> None:
    """To the second it was told."""
    line = Line()
    line.line.push("a", 3.0)
    await asyncio.sleep(10)
    assert line.out == [("a", 3.0)]


async def test_push_without_a_delay_waits_behind_what_is_on_the_way() -> None:
    """Nothing overtakes by being fast."""
    line = Line()
    line.line.push("a", 3.0)
    line.line.push("b", 0.0)
    assert line.out == []
    await asyncio.sleep(10)
    assert line.out == [("a", 3.0), ("b", 3.0)]


async def test_push_that_may_overtake_does() -> None:
    """And what came before it comes out as it was to."""
    line = Line()
    line.line.push("slow", 3.0)
    line.line.push("fast", 1.0, may_overtake=True)
    await asyncio.sleep(10)
    assert line.out == [("fast", 1.0), ("slow", 3.0)]


async def test_push_behind_a_name_waits_for_that_name_alone() -> None:
    """Two clients of one line do not wait for each other."""
    line = Line()
    line.line.push("a1", 3.0, behind="a")
    line.line.push("b1", 1.0, behind="b")
    line.line.push("a2", 1.0, behind="a")
    await asyncio.sleep(10)
    assert line.out == [("b1", 1.0), ("a1", 3.0), ("a2", 3.0)]


async def test_close_forgets_what_is_on_the_way() -> None:
    """A line that was cut brings nothing more."""
    line = Line()
    line.line.push("a", 1.0)
    line.line.close()
    await asyncio.sleep(10)
    assert line.out == []


async def test_item_that_cannot_be_taken_stops_nothing_behind_it() -> None:
    """The exception is the loop's to report."""
    line = Line()
    caught: list[str] = []
    line.loop.set_exception_handler(lambda _, context: caught.append(str(context["exception"])))
    line.line.push("bad", 1.0)
    line.line.push("good", 1.0)
    line.line.push("later", 2.0)
    await asyncio.sleep(10)
    assert line.names == ["bad", "good", "later"]
    assert caught == ["bad"]


@pytest.mark.parametrize("count", [1_000])
async def test_push_of_many_keeps_their_order(count: int) -> None:
    """However their delays fall, in one direction nothing overtakes."""
    line = Line()
    for number in range(count):
        line.line.push(str(number), (number * 37 % 11) / 10 + 0.1)
    await asyncio.sleep(10)
    assert line.names == [str(number) for number in range(count)]
