"""Healing: what goes again, what is left alone, what is reported, and what is forgotten."""

from __future__ import annotations

import asyncio

import pytest

from nautilus_lighter_nonce import events
from nautilus_lighter_nonce import proof
from tests.bench import MARGIN
from tests.bench import OK
from tests.bench import STALE
from tests.bench import Bench
from tests.stubs import ACCOUNT
from tests.stubs import KEY
from tests.stubs import eventually


# -- vanished -------------------------------------------------------------------------------------


async def test_follower_whose_reply_comes_after_the_heal_is_not_taken_for_the_vanished() -> None:
    """Only the first one vanished; what went with it is sent again however late it is known."""
    bench = await Bench(10, 10, reply_timeout_ms=5).open()
    first, second = bench.submit(1, 2)
    await bench.written(2)
    bench.answer(0, OK)
    bench.dispatcher.evidence.on_vanished("1@10")
    gate = _hold_answers(bench)
    await eventually(lambda: "2@11" in bench.asked_hashes)
    bench.answer(1, OK)
    bench.dispatcher.evidence.on_vanished("2@11")
    gate.set()
    await bench.written(3)
    bench.answer(2, OK)
    assert first.told == ["bound", "accepted", "vanished"]
    assert second.told == ["bound", "unknown", "accepted", "accepted"]


async def test_vanished_whose_nonce_a_stranger_took_is_found_below_the_counter() -> None:
    """The counter names a follower; the hash below it names the one that vanished."""
    bench = await Bench(10, 11).open()
    first, second, third = bench.submit(1, 2, 3)
    await bench.written(3)
    for index in range(3):
        bench.answer(index, OK)
    bench.dispatcher.evidence.on_vanished("2@11")
    await bench.written(5)
    assert first.told[-1] == "vanished"
    assert bench.transport.order == [1, 2, 3, 2, 3]
    assert bench.asked_hashes[0] == "1@10"
    bench.answer(3, OK)
    bench.answer(4, OK)
    assert (second.told[-1], third.told[-1]) == ("accepted", "accepted")


async def test_vanished_with_an_executed_one_below_is_the_one_reported() -> None:
    """A hash that the venue knows ends the search."""
    bench = await Bench(10, 11).open()
    bench.known_hashes.add("1@10")
    first, second = bench.submit(1, 2)
    await bench.written(2)
    bench.answer(0, OK)
    bench.answer(1, OK)
    bench.dispatcher.evidence.on_vanished("2@11")
    await eventually(lambda: second.told[-1] == "vanished")
    assert first.told == ["bound", "accepted"]


async def test_record_of_a_silent_one_that_was_dropped_proves_that_it_had_been_taken() -> None:
    """What the sequencer dropped, the API had accepted: it is reported, not left in doubt."""
    bench = await Bench(10, 10).open()
    (request,) = bench.submit(1)
    await bench.written(1)
    bench.dispatcher.evidence.on_vanished("1@10")
    await eventually(lambda: request.told[-1] == "vanished")
    assert request.told == ["bound", "accepted", "vanished"]
    assert bench.dispatcher.in_flight == 0


async def test_late_record_of_a_dropped_copy_does_not_touch_the_copy_in_flight() -> None:
    """Evidence about an older copy never decides the present one."""
    bench = await Bench(10, 10, 10, reply_timeout_ms=5).open()
    (request,) = bench.submit(1)
    await bench.written(2)
    bench.dispatcher.evidence.on_vanished("1@10")
    bench.answer(1, OK)
    assert request.told == ["bound", "unknown", "accepted"]
    assert len(bench.kernel.events(events.LaneFrozen)) == 1


# -- in doubt -------------------------------------------------------------------------------------


async def test_record_of_a_copy_whose_resend_waits_keeps_it_from_being_sent_twice() -> None:
    """It arrived after all, though its hash was not known when asked for: no second copy."""
    bench = await Bench(10, 10, reply_timeout_ms=5, skip_window=1).open()
    (request,) = bench.submit(1)
    await eventually(lambda: "unknown" in request.told)
    bench.dispatcher.on_disconnected()
    await eventually(lambda: bench.dispatcher.queued == 1)
    assert bench.dispatcher.evidence.on_record("1@10")
    assert bench.dispatcher.queued == 0
    bench.dispatcher.on_connected()
    (other,) = bench.submit(2)
    await bench.written(2)
    assert bench.transport.order == [1, 2]
    assert other.told == ["bound"]


async def test_silent_one_that_was_taken_after_all_moves_the_lane_and_accuses_nobody() -> None:
    """A venue that reorders may take n after it refused n + 1: its hash tells, not a stranger."""
    bench = await Bench(reply_timeout_ms=5).open()
    bench.known_hashes.add("1@10")
    first, second = bench.submit(1, 2)
    await bench.written(2)
    bench.answer(1, STALE)
    await bench.written(3)
    bench.answer(2, OK)
    assert first.told == ["bound", "unknown"]
    assert second.told == ["bound", "accepted"]
    assert bench.nonces() == [11]
    assert bench.source.calls == 1
    assert [e.nonce for e in bench.kernel.events(events.NonceResolved)] == [10]
    assert not bench.kernel.events(events.ForeignWriterSuspected)


async def test_silent_one_whose_hash_has_no_answer_is_left_alone_and_accuses_nobody() -> None:
    """Nobody knows: it is not sent again, and its nonce is not called a stranger's."""
    bench = await Bench(10, 10, 11, reply_timeout_ms=5).open()
    bench.silent_hashes.add("1@10")
    (first,) = bench.submit(1)
    await eventually(lambda: bench.asked_hashes)
    (second,) = bench.submit(2)
    await bench.written(2)
    bench.answer(1, STALE)
    await bench.written(3)
    bench.answer(2, OK)
    assert (first.told, second.told) == (["bound", "unknown"], ["bound", "accepted"])
    assert bench.nonces() == [11]
    assert not bench.kernel.events(events.ForeignWriterSuspected)


async def test_silent_one_without_an_answer_goes_again_once_a_record_says_it_was_dropped() -> None:
    """Its hash gave no answer when it was asked for; later it proves that the copy is gone."""
    bench = await Bench(10, 10, reply_timeout_ms=5).open()
    bench.silent_hashes.add("1@10")
    (request,) = bench.submit(1)
    await eventually(lambda: bench.asked_hashes)
    await eventually(lambda: not bench.dispatcher.in_flight)
    bench.dispatcher.evidence.on_vanished("1@10")
    await bench.written(2)
    bench.answer(1, OK)
    assert request.told == ["bound", "unknown", "accepted"]


async def test_unknown_one_of_a_halted_lane_is_told_by_its_hash_after_a_new_seed() -> None:
    """A lane that was seeded anew knows nothing of it; the venue does."""
    bench = await Bench(10, 11, settle_ms=60_000, reply_timeout_ms=5).open()
    (request,) = bench.submit(1)
    await eventually(lambda: "unknown" in request.told)
    bench.component.halt(ACCOUNT, KEY, "operator")
    await bench.component.seed(ACCOUNT, KEY)
    bench.dispatcher.evidence.on_absent("1@10")
    await bench.written(2)
    bench.answer(1, OK)
    assert request.told == ["bound", "unknown", "accepted"]
    assert bench.nonces() == [11]


async def test_silence_after_a_new_seed_is_told_by_its_hash() -> None:
    """What was sent before a halt may fall silent after it: the new lane is not disturbed."""
    bench = await Bench(10, 11, reply_timeout_ms=30).open()
    (request,) = bench.submit(1)
    await bench.written(1)
    bench.component.halt(ACCOUNT, KEY, "operator")
    await bench.component.seed(ACCOUNT, KEY)
    await eventually(lambda: "unknown" in request.told)
    assert not bench.kernel.events(events.LaneFrozen)
    bench.dispatcher.evidence.on_absent("1@10")
    await bench.written(2)


# -- memory ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ["refused", "executed", "settled", "given up"])
async def test_proof_of_a_transaction_that_has_ended_is_forgotten(ending: str) -> None:
    """However long a node runs, only what may still matter is remembered."""
    bench = await Bench(resend_max_age_ms=60_000).open()
    first, second = bench.submit(1, 2)
    await bench.written(2)
    bench.answer(0, MARGIN)
    if ending == "given up":
        second.may_resend = False
        bench.answer(1, STALE)
    else:
        bench.answer(1, OK if ending != "refused" else MARGIN)
    if ending == "executed":
        bench.dispatcher.evidence.on_record("2@11")
    if ending == "settled":
        bench.dispatcher.evidence.on_settled("2@11")
    assert first.told == ["bound", "refused"]
    assert _copies(bench) == 0


async def test_accepted_transactions_without_a_record_are_remembered_up_to_a_limit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A stream that tells nothing does not fill the memory."""
    monkeypatch.setattr(proof, "REMEMBERED_ACCEPTED", 3)
    bench = await Bench().open()
    for name in range(1, 8):
        bench.submit(name)
        await bench.written(name)
        bench.answer(name - 1, OK)
    assert _copies(bench) == 3


def _copies(bench: Bench) -> int:
    return len(bench.dispatcher.evidence.proof._copies)


def _hold_answers(bench: Bench) -> asyncio.Event:
    """Let the venue's answers about hashes wait."""
    bench.hash_gate = asyncio.Event()
    return bench.hash_gate
