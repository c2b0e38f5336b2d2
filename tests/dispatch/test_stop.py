"""The dispatcher that stops: what it waits for, and what it leaves to the next run."""

from __future__ import annotations

import asyncio

import pytest

from nautilus_lighter_nonce.lighter.codes import TX_LIFETIME_MS
from tests.bench import OK
from tests.bench import Bench


class Warnings:
    """A log of which only the warnings are looked at."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def warning(self, text: str) -> None:
        self.texts.append(text)


@pytest.mark.parametrize("answered", [True, False])
async def test_stop_names_every_copy_that_may_still_be_taken(answered: bool) -> None:
    """In doubt, or taken and not shown: the next run must know what it is, and until when."""
    log = Warnings()
    bench = await Bench(log=log).open()
    bench.is_prompt = False
    shown, unproved = bench.submit(1, 2)
    await bench.written(2)
    bench.answer(0, OK)
    bench.show(1)
    if answered:
        bench.answer(1, OK)
    begun_s = bench.component.now_ns() // 10**9
    await bench.dispatcher.stop(0.02)
    assert (shown.told, unproved.told[0]) == (["bound", "accepted"], "bound")
    assert set(unproved.told[1:]) <= {"in doubt"}, "an end was told that is not proved"
    (named,) = [text for text in log.texts if "@" in text]
    assert "request 2" in named
    assert "nonce 11" in named
    assert "2@11" in named
    (expires_s,) = [int(word) for word in named.split() if word.isdigit() and len(word) == 10]
    assert begun_s < expires_s <= begun_s + 1 + TX_LIFETIME_MS // 1_000


async def test_stop_waits_for_what_was_taken_to_be_shown() -> None:
    """It may be dropped yet; mostly it is shown a moment later, and nothing is to be said."""
    log = Warnings()
    bench = await Bench(log=log).open()
    bench.is_prompt = False
    (request,) = bench.submit(1)
    await bench.written(1)
    bench.answer(0, OK)
    stopping = asyncio.create_task(bench.dispatcher.stop())
    await asyncio.sleep(0)
    assert not stopping.done()
    bench.show(1)
    await stopping
    assert request.told == ["bound", "accepted"]
    assert log.texts == []


async def test_stop_with_nothing_at_the_venue_waits_for_nothing() -> None:
    """A stop is as quick as it can be."""
    bench = await Bench().open()
    bench.submit(1)
    await bench.written(1)
    bench.answer(0, OK)
    await asyncio.wait_for(bench.dispatcher.stop(60.0), 1.0)
