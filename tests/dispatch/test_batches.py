"""The dispatcher's batches, and what comes after an acceptance or unasked."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from nautilus_lighter_nonce import events
from nautilus_lighter_nonce.dispatch.timer import CATCH_UP_NS
from nautilus_lighter_nonce.lighter.codes import Code
from nautilus_lighter_nonce.lighter.transactions import TxRecord
from tests.bench import MARGIN
from tests.bench import OK
from tests.bench import STALE
from tests.bench import Bench
from tests.bench import Request
from tests.stubs import ACCOUNT
from tests.stubs import KEY


# -- batches --------------------------------------------------------------------------------------


async def test_batch_goes_in_one_frame_and_its_turn_is_held_until_the_answer() -> None:
    """What follows a batch is not on the wire before the batch was answered (rule 2)."""
    bench = await Bench().open()
    batch = [Request(name) for name in (1, 2, 3)]
    bench.dispatcher.submit(*batch)
    (after,) = bench.submit(4)
    await bench.written(1)
    await asyncio.sleep(0)
    assert bench.transport.frames == [[1, 2, 3]]
    bench.answer(0, OK)
    await bench.written(2)
    bench.answer(1, OK)
    assert bench.transport.frames == [[1, 2, 3], [4]]
    assert [r.told[-1] for r in (*batch, after)] == ["accepted"] * 4
    assert bench.nonces() == [10, 11, 12, 13]


async def test_batch_refused_as_a_whole_is_sent_one_by_one() -> None:
    """One bad order does not take the others with it."""
    bench = await Bench().open()
    batch = [Request(name) for name in (1, 2, 3)]
    bench.dispatcher.submit(*batch)
    await bench.written(1)
    bench.answer(0, MARGIN)
    await bench.written(4)
    assert bench.transport.frames == [[1, 2, 3], [1], [2], [3]]
    bench.answer(1, OK)
    bench.answer(2, MARGIN)
    bench.answer(3, STALE)
    await bench.written(5)
    bench.answer(4, OK)
    assert [r.told[-1] for r in batch] == ["accepted", "refused", "accepted"]
    assert bench.nonces() == [10, 11]
    assert bench.source.calls == 1


async def test_batch_whose_records_come_without_a_reply_gives_its_turn_free() -> None:
    """Evidence for all members of a batch ends its turn, as its reply would."""
    bench = await Bench().open()
    batch = [Request(name) for name in (1, 2)]
    bench.dispatcher.submit(*batch)
    bench.submit(3)
    await bench.written(1)
    bench.show(1)
    bench.show(2)
    await bench.written(2)
    assert bench.transport.frames == [[1, 2], [3]]
    assert not bench.transport.replaced
    assert [r.told for r in batch] == [["bound", "accepted"]] * 2


async def test_batch_larger_than_a_frame_is_split() -> None:
    """The venue takes 15 transactions in one frame of the stream."""
    bench = await Bench(skip_window=40).open()
    bench.dispatcher.submit(*(Request(name) for name in range(1, 18)))
    await bench.written(1)
    bench.answer(0, OK)
    await bench.written(2)
    assert [len(frame) for frame in bench.transport.frames] == [15, 2]


async def test_batch_waits_for_all_its_slots() -> None:
    """A batch is not torn apart because the window is half full."""
    bench = await Bench(skip_window=4).open()
    bench.submit(1, 2)
    bench.dispatcher.submit(*(Request(name) for name in (3, 4, 5)))
    await bench.written(2)
    bench.answer(0, OK)
    await bench.written(3)
    assert bench.transport.frames == [[1], [2], [3, 4, 5]]


async def test_stale_batch_is_sent_again_as_a_batch() -> None:
    """A nonce fault in front of a batch costs it nothing (nautilus_trader #4263)."""
    bench = await Bench().open()
    bench.submit(1)
    batch = [Request(name) for name in (2, 3)]
    bench.dispatcher.submit(*batch)
    await bench.written(2)
    bench.answer(0, MARGIN)
    bench.answer(1, STALE)
    await bench.written(3)
    bench.answer(2, OK)
    assert bench.transport.frames == [[1], [2, 3], [2, 3]]
    assert [r.told for r in batch] == [["bound", "accepted"]] * 2
    assert bench.nonces() == [10, 11]


async def test_batch_with_an_unsigned_member_sends_the_others() -> None:
    """What cannot be signed is refused by itself."""
    bench = await Bench().open()
    bench.signer.broken.add(2)
    gate = bench.signer.hold(2)
    batch = [Request(name) for name in (1, 2, 3)]
    bench.dispatcher.submit(*batch)
    gate.set()
    await bench.written(1)
    assert bench.transport.frames == [[1, 3]]
    bench.answer(0, OK)
    assert [r.told[-1] for r in batch] == ["accepted", "refused", "accepted"]


# -- after acceptance -----------------------------------------------------------------------------


async def test_vanished_order_is_probed_and_told_once_its_spender_was_executed() -> None:
    """
    The settled counter stays at the lowest accepted nonce: something else is written there.

    Its 200 proves that the first acceptance vanished, and what fell with it is written again with
    the same bytes; the first is told only when the record of its spender shows (law, rule 10).
    """
    bench = await Bench(10, 10).open()
    bench.is_prompt = False
    first, second, third = bench.submit(1, 2, 3)
    await bench.written(3)
    bench.answer(0, OK)
    bench.answer(1, OK)
    bench.answer(2, STALE)
    await bench.written(4)
    assert bench.transport.order == [1, 2, 3, 3]  # the third probes the first one's nonce
    assert first.told == ["bound"]
    bench.answer(3, OK)
    await bench.written(5)
    assert bench.transport.order == [1, 2, 3, 3, 2]
    assert "2@11'" not in bench.signer.hashes
    bench.answer(4, OK)
    bench.show(3)
    assert first.told == ["bound", "dropped"]
    bench.show(2)
    assert second.told[-1] == third.told[-1] == "accepted"


async def test_executed_order_cannot_vanish_any_more() -> None:
    """Once a record showed its execution, what is said of it later is not believed."""
    bench = await Bench().open()
    (request,) = bench.submit(1)
    await bench.written(1)
    bench.answer(0, OK)
    bench.show(1, status=0)
    assert request.told == ["bound", "accepted"]
    assert not bench.kernel.events(events.LaneFrozen)


async def test_record_of_somebody_else_is_told_apart() -> None:
    """A hash we never sent is a foreign writer's."""
    bench = await Bench().open()
    bench.submit(1)
    await bench.written(1)
    bench.answer(0, OK)
    assert not bench.kernel.events(events.ForeignWriterSuspected)
    bench.dispatcher.on_record(TxRecord(hash="foreign", nonce=11, api_key_index=KEY, status=2))
    assert [e.nonce for e in bench.kernel.events(events.ForeignWriterSuspected)] == [11]
    bench.submit(2)
    await bench.written(2)
    bench.answer(1, OK)
    assert bench.nonces() == [10, 12]


async def test_late_reply_to_one_write_does_not_decide_the_other() -> None:
    """Two writes of one copy: the refusal of the first leaves the second undecided (rule 3)."""
    bench = await Bench(10, 10, reply_timeout_ms=5).open()
    (request,) = bench.submit(1)
    await bench.written(2)
    bench.answer(0, MARGIN)
    assert request.told == ["bound", "in doubt"]
    bench.answer(1, OK)
    assert request.told == ["bound", "in doubt", "accepted"]


@pytest.mark.parametrize("code", [int(Code.INTERNAL_ERROR), int(Code.PROCESS_TIMEOUT)])
async def test_answer_that_proves_nothing_is_unknown(code: int) -> None:
    """29500 and 29501 say nothing about the transaction."""
    bench = await Bench(10, 11).open()
    (request,) = bench.submit(1)
    await bench.written(1)
    bench.answer(0, code)
    assert request.told == ["bound", "in doubt"]
    assert len(bench.kernel.events(events.TxUnknown)) == 1


# -- answers that nobody expects ------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer", [None, "11", -1, 2**60, UnicodeDecodeError("utf-8", b"", 0, 1, "")]
)
async def test_counter_that_is_no_number_is_asked_again_and_the_lane_goes_on(answer: Any) -> None:
    """Whatever a question is answered with, it is asked again, and nothing ends (A17)."""
    bench = await Bench(10, answer, 10, reply_timeout_ms=5).open()
    (request,) = bench.submit(1)
    await bench.written(2)
    bench.answer(1, OK)
    assert request.told[-1] == "accepted"


async def test_lane_that_missed_a_verdict_is_halted_and_no_reader_ends() -> None:
    """An exception of the endpoint's handler faults the lane, never a reader task."""
    bench = await Bench().open()
    bench.submit(1)
    await bench.written(1)
    bench.kernel.msgbus.deregister(bench.component.endpoint, bench.component.process)

    def broken(message: object) -> None:
        raise RuntimeError("broken")

    bench.kernel.msgbus.register(bench.component.endpoint, broken)
    bench.reply(bench.transport.written[0][0], OK)
    assert bench.component.status(ACCOUNT, KEY).halt_reason == "TxAccepted: RuntimeError: broken"


async def test_refusals_without_an_id_go_to_the_only_frame_that_waits_and_narrow_the_lane() -> None:
    """An error that names nobody is attributed where one frame is unanswered, and nowhere else."""
    bench = await Bench(reply_timeout_ms=60_000).open()
    (request,) = bench.submit(1)
    await bench.written(1)
    bench.dispatcher.on_anonymous(MARGIN, "no margin", 1, is_alone=False)
    assert request.told == ["bound"]
    assert bench.component.status(ACCOUNT, KEY).depth == 1
    bench.dispatcher.on_anonymous(MARGIN, "no margin", 1, is_alone=True)
    assert request.told == ["bound", "refused"]


async def test_loop_that_stood_still_hears_every_answer_before_silence_counts() -> None:
    """The second answer in the loop's own queue must not put the third transaction in doubt."""
    bench = await Bench(reply_timeout_ms=1_000).open()
    requests = bench.submit(1, 2, 3)
    await bench.written(3)
    bench.component._start_ns += 2_000 * 1_000_000  # the loop stood still for so long
    for index in range(3):
        bench.answer(index, OK)
    bench.component._start_ns += CATCH_UP_NS
    bench.dispatcher.wake()
    assert [request.told for request in requests] == [["bound", "accepted"]] * 3
