"""The dispatcher when nothing comes: silence, and connections that end."""

from __future__ import annotations

import asyncio

import pytest

from nautilus_lighter_nonce import events
from nautilus_lighter_nonce.lighter.transactions import TxRecord
from tests.bench import MARGIN
from tests.bench import OK
from tests.bench import STALE
from tests.bench import Bench
from tests.stubs import KEY
from tests.stubs import eventually


# -- silence --------------------------------------------------------------------------------------


async def test_silent_order_keeps_its_nonce_and_is_written_there_again() -> None:
    """The counter says unspent: the same bytes go again at that nonce, nowhere else (rule 2)."""
    bench = await Bench(10, 10, reply_timeout_ms=5).open()
    (request,) = bench.submit(1)
    await bench.written(2)
    bench.answer(1, OK)
    assert bench.transport.order == [1, 1]
    assert set(bench.signer.hashes) == {"1@10"}
    assert request.told == ["bound", "in doubt", "accepted"]
    assert bench.asked_hashes == []  # no index was asked for proof


async def test_silent_order_that_was_taken_is_told_by_its_record_alone() -> None:
    """Stale at its nonce, and the nonce is counted: by whom, only a record tells (rules 3, 5)."""
    bench = await Bench(10, 10, 11, reply_timeout_ms=5).open()
    (request,) = bench.submit(1)
    await bench.written(2)
    bench.answer(1, STALE)
    await eventually(lambda: bench.asked_hashes)
    assert request.told == ["bound", "in doubt"]
    assert bench.transport.order == [1, 1]
    bench.show(1)
    assert request.told == ["bound", "in doubt", "accepted"]


async def test_silent_order_is_resolved_by_its_record_before_the_deadline() -> None:
    """A record on the private stream is as good as a reply."""
    bench = await Bench().open()
    (request,) = bench.submit(1)
    await bench.written(1)
    bench.show(1)
    assert request.told == ["bound", "accepted"]
    (second,) = bench.submit(2)
    await bench.written(2)
    bench.answer(1, OK)
    assert second.told == ["bound", "accepted"]
    assert bench.source.calls == 1


async def test_silent_order_that_later_ones_overtook_is_not_waited_for_long() -> None:
    """Answers to later orders make the lane give a lost one up early, and heal at once."""
    bench = await Bench(reply_timeout_ms=60_000).open()
    first, second = bench.submit(1, 2)
    await bench.written(2)
    bench.answer(1, STALE)
    await bench.written(4)
    bench.answer(2, OK)
    bench.answer(3, OK)
    assert bench.transport.order == [1, 2, 1, 2]
    assert first.told == ["bound", "in doubt", "accepted"]
    assert second.told == ["bound", "accepted"]
    assert bench.source.calls == 1


async def test_silent_order_whose_nonce_somebody_else_spent_is_sent_again() -> None:
    """Another's executed record at its nonce is the proof that it can never be taken (3b)."""
    bench = await Bench(10, 11, reply_timeout_ms=5).open()
    (request,) = bench.submit(1)
    await eventually(lambda: bench.kernel.events(events.LaneHealed))
    assert bench.transport.order == [1]
    bench.dispatcher.on_record(TxRecord(hash="foreign", nonce=10, api_key_index=KEY, status=2))
    await bench.written(2)
    bench.answer(1, OK)
    assert request.told == ["bound", "in doubt", "accepted"]
    assert bench.nonces() == [11]


@pytest.mark.parametrize("status", [0, 1, 4, 5, None])
async def test_record_that_is_not_executed_proves_nothing(status: int | None) -> None:
    """Pending, failed, unknown or missing: the order stays in doubt at its nonce (rule 3)."""
    bench = await Bench(10, reply_timeout_ms=5, settle_ms=60_000).open()
    (request,) = bench.submit(1)
    await eventually(lambda: "in doubt" in request.told)
    bench.show(1, status=status)
    assert request.told == ["bound", "in doubt"]
    assert bench.dispatcher.in_doubt == [request]
    assert bench.transport.order == [1]


async def test_absent_hash_proves_nothing() -> None:
    """An index that does not know the hash may be late: nothing is told, nothing sent anew."""
    bench = await Bench(10, 11, reply_timeout_ms=5, settle_ms=0).open()
    (request,) = bench.submit(1)
    await eventually(lambda: len(bench.asked_hashes) > 1)
    assert request.told == ["bound", "in doubt"]
    assert bench.transport.order == [1]


async def test_late_reply_mends_an_order_in_doubt() -> None:
    """A reply after the deadline still counts on its own connection."""
    bench = await Bench(reply_timeout_ms=60_000).open()
    bench.is_prompt = False
    first, _ = bench.submit(1, 2)
    await bench.written(2)
    bench.answer(1, OK)  # the first was overtaken: it is not waited for long
    await eventually(lambda: "in doubt" in first.told)
    bench.answer(0, OK)
    assert bench.dispatcher.in_doubt == []
    assert bench.source.calls == 1


async def test_reply_to_an_old_copy_is_not_taken_for_the_new_one() -> None:
    """Replies are matched by the id of their copy (nautilus_trader commit 2223963cac)."""
    bench = await Bench().open()
    requests = bench.submit(1, 2)
    await bench.written(2)
    bench.answer(0, MARGIN)
    bench.answer(1, STALE)
    await bench.written(3)
    bench.reply(bench.transport.written[1][0], OK)
    assert requests[1].told == ["bound"]
    bench.answer(2, OK)
    assert requests[1].told == ["bound", "accepted"]


# -- disconnects ----------------------------------------------------------------------------------


async def test_disconnect_leaves_the_sent_in_doubt_and_keeps_the_unsent() -> None:
    """In-flight transactions are in doubt after a disconnect, queued ones wait (rule 12)."""
    bench = await Bench(10, 11).open()
    gate = bench.signer.hold(2)
    first, second = bench.submit(1, 2)
    await bench.written(1)
    bench.dispatcher.on_disconnected()
    assert first.told == ["bound", "in doubt"]
    assert bench.dispatcher.queued == 1
    gate.set()
    await eventually(lambda: 2 in bench.signer.newest)  # the signature that comes too late
    bench.dispatcher.on_connected(1)
    await bench.written(2)
    bench.answer(1, OK)
    assert second.told == ["bound", "accepted"]
    assert bench.nonces() == [11]


async def test_reply_of_a_lost_connection_is_ignored() -> None:
    """Late replies of an old connection never touch the new lane state (rule 12)."""
    bench = await Bench(10, 11).open()
    (request,) = bench.submit(1)
    await bench.written(1)
    bench.dispatcher.on_disconnected()
    bench.reply(bench.transport.written[0][0], STALE)
    assert request.told == ["bound", "in doubt"]
    assert not bench.kernel.events(events.TxStale)


async def test_connection_that_answers_nothing_is_replaced_at_once() -> None:
    """An open connection that has gone silent is not waited for (rule 11)."""
    bench = await Bench(10, reply_timeout_ms=5).open()
    bench.submit(1)
    await eventually(lambda: bench.transport.replaced)
    assert bench.transport.replaced == [1]


async def test_frame_that_was_not_written_goes_again_in_its_place() -> None:
    """A send that failed before the wire costs nothing."""
    bench = await Bench().open()
    bench.transport.is_down = True
    requests = bench.submit(1, 2)
    await eventually(lambda: bench.dispatcher.queued == 2)
    bench.dispatcher.on_disconnected()
    bench.transport.is_down = False
    bench.dispatcher.on_connected(1)
    await bench.written(2)
    bench.answer(0, OK)
    bench.answer(1, OK)
    assert bench.transport.order == [1, 2]
    assert bench.nonces() == [10, 11]
    assert all(r.told == ["bound", "accepted"] for r in requests)


async def test_stop_gives_up_the_unsent_and_waits_for_the_sent() -> None:
    """A stopping client leaves nothing half-sent."""
    bench = await Bench(skip_window=1).open()
    first, second = bench.submit(1, 2)
    await bench.written(1)
    stopping = asyncio.create_task(bench.dispatcher.stop())
    await eventually(lambda: second.told)
    bench.answer(0, OK)
    await stopping
    assert (first.told, second.told) == (["bound", "accepted"], ["given up"])


async def test_open_orders_are_those_submitted_and_not_final(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Waiting, written or accepted: an order is open until its end is told."""
    bench = await Bench(skip_window=1).open()
    first, second = bench.submit(1, 2)
    monkeypatch.setattr(first, "order_id", lambda: "O-1")
    monkeypatch.setattr(second, "order_id", lambda: "O-2")
    await bench.written(1)
    assert bench.dispatcher.open_orders() == {"O-1", "O-2"}
    bench.answer(0, MARGIN)
    await eventually(lambda: first.told[-1:] != ["bound"])
    assert bench.dispatcher.open_orders() == {"O-2"}


async def test_start_after_a_stop_sends_again() -> None:
    """A stop is not for ever: a client that connects again goes on with the same outbox."""
    bench = await Bench().open()
    await bench.dispatcher.stop()
    bench.dispatcher.on_disconnected()
    bench.dispatcher.start()
    bench.dispatcher.on_connected(2)
    bench.epoch = 2
    (request,) = bench.submit(1)
    await bench.written(1)
    bench.answer(0, OK)
    await eventually(lambda: request.told == ["bound", "accepted"])


async def test_stop_gives_up_what_a_last_heal_would_send_again() -> None:
    """What comes back stale while the client stops is told its end, and sent no more."""
    bench = await Bench().open()
    first, second, third = bench.submit(1, 2, 3)
    await bench.written(3)
    stopping = asyncio.create_task(bench.dispatcher.stop())
    await asyncio.sleep(0)
    bench.answer(0, MARGIN)
    bench.answer(1, STALE)
    bench.answer(2, STALE)
    await stopping
    assert first.told == ["bound", "refused"]
    assert second.told == third.told == ["bound", "given up"]
    assert bench.transport.order == [1, 2, 3]
