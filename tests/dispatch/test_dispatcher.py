"""The dispatcher: places, send turn, verdicts, heal and resend, silence, disconnects."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from nautilus_lighter_nonce import events
from nautilus_lighter_nonce.dispatch.timer import CATCH_UP_NS
from nautilus_lighter_nonce.lighter.codes import Code
from nautilus_lighter_nonce.lighter.transactions import TxRecord
from nautilus_lighter_nonce.outbox.work import Proof
from tests.bench import MARGIN
from tests.bench import OK
from tests.bench import STALE
from tests.bench import Bench
from tests.bench import Request
from tests.stubs import ACCOUNT
from tests.stubs import KEY
from tests.stubs import eventually


# -- places and send turn -------------------------------------------------------------------------


async def test_send_order_is_the_order_of_places_whatever_finishes_signing_first() -> None:
    """Wire order equals nonce order per key, whatever order signing finishes in (rule 2)."""
    bench = await Bench().open()
    gates = [bench.signer.hold(name) for name in (1, 2, 3)]
    bench.submit(1, 2, 3)
    for gate in reversed(gates):
        gate.set()
        await asyncio.sleep(0)
    await bench.written(3)
    assert bench.transport.order == [1, 2, 3]


async def test_submit_takes_its_place_synchronously() -> None:
    """A command's place is taken before any await of its handler (rule 3)."""
    bench = await Bench().open()
    gate = asyncio.Event()

    async def command(name: int) -> None:
        bench.submit(name)
        await gate.wait()

    tasks = [asyncio.create_task(command(name)) for name in (1, 2, 3, 4)]
    await bench.written(4)
    gate.set()
    await asyncio.gather(*tasks)
    assert bench.transport.order == [1, 2, 3, 4]


async def test_submit_beyond_the_window_waits_and_goes_when_acks_open_it() -> None:
    """A full window makes the caller wait, it does not refuse (rule 10)."""
    bench = await Bench(skip_window=2).open()
    bench.submit(1, 2, 3, 4)
    await bench.written(2)
    assert bench.dispatcher.queued == 2
    bench.answer(0, OK)
    await bench.written(3)
    bench.answer(1, OK)
    await bench.written(4)
    assert bench.transport.order == [1, 2, 3, 4]


async def test_submit_that_waits_too_long_is_given_up_unsent() -> None:
    """Only after `queue_timeout_ms` is a waiting command given up (rule 10)."""
    bench = await Bench(skip_window=1, queue_timeout_ms=20).open()
    first, second = bench.submit(1, 2)
    await eventually(lambda: second.told)
    assert second.told == ["given up"]
    assert "20 ms" in second.reason
    assert bench.transport.order == [1]
    assert first.told == ["bound"]


async def test_signature_that_fails_refuses_its_own_order_only() -> None:
    """An order that cannot be signed is refused before it is sent; the others go on."""
    bench = await Bench().open()
    bench.signer.broken.add(1)
    gate = bench.signer.hold(1)
    requests = bench.submit(1, 2, 3)
    gate.set()
    await bench.written(2)
    bench.answer(0, OK)
    bench.answer(1, OK)
    assert [r.told[-1] for r in requests] == ["refused", "accepted", "accepted"]
    assert bench.nonces() == [10, 11]


# -- heal and resend ------------------------------------------------------------------------------


async def test_refused_in_mid_lane_is_reported_and_its_followers_are_resent_in_order() -> None:
    """One refusal costs nothing but itself: no stale order reaches the strategy (rules 4, 5)."""
    bench = await Bench().open()
    requests = bench.submit(1, 2, 3, 4)
    await bench.written(4)
    bench.answer(0, OK)
    bench.answer(1, MARGIN)
    bench.answer(2, STALE)
    bench.answer(3, STALE)
    await bench.written(6)
    assert bench.transport.order == [1, 2, 3, 4, 3, 4]
    bench.answer(4, OK)
    bench.answer(5, OK)
    assert [r.told for r in requests] == [
        ["bound", "accepted"],
        ["bound", "refused"],
        ["bound", "accepted"],
        ["bound", "accepted"],
    ]
    assert bench.nonces() == [10, 11, 12]
    assert bench.source.calls == 1


async def test_orders_that_arrive_during_a_heal_wait_behind_the_resends() -> None:
    """Neither refused nor allowed to overtake (rule 9)."""
    bench = await Bench().open()
    bench.submit(1, 2, 3)
    await bench.written(3)
    bench.answer(0, MARGIN)
    bench.submit(4)
    assert bench.dispatcher.queued == 1
    bench.answer(1, STALE)
    bench.answer(2, STALE)
    await bench.written(6)
    assert bench.transport.order == [1, 2, 3, 2, 3, 4]


async def test_unsent_transactions_are_withdrawn_when_the_lane_freezes() -> None:
    """What has not left the process when a hole opens is not sent into certain refusal."""
    bench = await Bench().open()
    gate = bench.signer.hold(3)
    bench.submit(1, 2, 3)
    await bench.written(2)
    bench.answer(0, MARGIN)
    bench.answer(1, STALE)
    gate.set()
    await bench.written(4)
    assert bench.transport.order == [1, 2, 2, 3]


async def test_doomed_order_older_than_its_limit_is_given_up_with_a_reason() -> None:
    """Resending has an age limit, and the rejection says so (rule 4)."""
    bench = await Bench(resend_max_age_ms=1).open()
    requests = bench.submit(1, 2)
    await bench.written(2)
    submitted = bench.kernel.clock.timestamp_ns()
    await eventually(lambda: bench.kernel.clock.timestamp_ns() - submitted > 1_000_000)
    bench.answer(0, MARGIN)
    bench.answer(1, STALE)
    assert requests[1].told == ["bound", "given up"]
    assert "nonce fault" in requests[1].reason


async def test_doomed_order_that_forbids_resending_is_given_up() -> None:
    """An order's own policy is kept (rule 4)."""
    bench = await Bench().open()
    first, second = Request(1), Request(2)
    second.may_resend = False
    bench.dispatcher.submit(first)
    bench.dispatcher.submit(second)
    await bench.written(2)
    bench.answer(0, MARGIN)
    bench.answer(1, STALE)
    assert second.told == ["bound", "given up"]


async def test_rate_limited_command_takes_its_token_before_its_nonce() -> None:
    """Throttling can neither make a nonce stale nor let a signature expire (rule 3)."""
    bench = await Bench(quota=2).open()
    bench.submit(1, 2, 3)
    await bench.written(2)
    bench.answer(0, OK)
    bench.answer(1, OK)
    assert bench.dispatcher.queued == 1
    assert bench.component.status(ACCOUNT, KEY).issued == 2


async def test_listener_that_raises_does_not_stop_the_lane() -> None:
    """Whoever fails to listen keeps nobody else from trading."""
    bench = await Bench(skip_window=1).open()

    class Broken(Request):
        def on_alive(self, proof: Proof) -> None:
            raise RuntimeError("broken")

    def broken_actor(event: events.TxAccepted) -> None:
        raise RuntimeError("broken")

    bench.kernel.msgbus.subscribe("events.lighter.tx.accepted.*", broken_actor)
    bench.dispatcher.submit(Broken(1))
    (second,) = bench.submit(2)
    await bench.written(1)
    bench.answer(0, OK)
    await bench.written(2)
    bench.answer(1, OK)
    assert second.told == ["bound", "accepted"]


async def test_doomed_order_canceled_meanwhile_is_not_resent() -> None:
    """An order canceled while the lane heals never reaches the venue (rule 4)."""
    bench = await Bench().open()
    requests = bench.submit(1, 2, 3)
    await bench.written(3)
    bench.answer(0, MARGIN)
    bench.answer(1, STALE)
    assert bench.dispatcher.cancel(requests[1])
    bench.answer(2, STALE)
    await bench.written(4)
    assert bench.transport.order == [1, 2, 3, 3]
    assert requests[1].told == ["bound", "given up"]


async def test_order_on_its_way_cannot_be_canceled_without_the_venue() -> None:
    """What may be at the venue needs a cancel transaction."""
    bench = await Bench().open()
    (request,) = bench.submit(1)
    await bench.written(1)
    assert not bench.dispatcher.cancel(request)


async def test_rate_limited_order_is_sent_again_and_not_rejected() -> None:
    """A rate limit says later, not never."""
    bench = await Bench().open()
    (request,) = bench.submit(1)
    await bench.written(1)
    bench.answer(0, int(Code.TOO_MANY_REQUESTS))
    await bench.written(2)
    bench.answer(1, OK)
    assert request.told == ["bound", "accepted"]
    assert bench.nonces() == [10]


async def test_halted_lane_gives_up_what_waits_and_says_why() -> None:
    """A halt is told to every waiting command (rule 4)."""
    bench = await Bench(skip_window=1).open()
    _, second = bench.submit(1, 2)
    bench.component.halt(ACCOUNT, KEY, "operator")
    await eventually(lambda: second.told)
    assert second.told == ["given up"]
    assert "operator" in second.reason


async def test_stale_answer_after_a_halt_is_given_up_and_not_forgotten() -> None:
    """What comes back to a halted lane is told to its owner."""
    bench = await Bench().open()
    requests = bench.submit(1, 2)
    await bench.written(2)
    bench.component.halt(ACCOUNT, KEY, "operator")
    bench.answer(0, STALE)
    bench.answer(1, STALE)
    assert [r.told for r in requests] == [["bound", "given up"]] * 2
    assert "operator" in requests[0].reason


async def test_stale_answer_after_a_new_seed_is_sent_again() -> None:
    """A lane that was halted and seeded anew owes its old transactions an end."""
    bench = await Bench(10, 10).open()
    requests = bench.submit(1, 2)
    await bench.written(2)
    bench.component.halt(ACCOUNT, KEY, "operator")
    await bench.component.seed(ACCOUNT, KEY)
    bench.answer(0, STALE)
    bench.answer(1, STALE)
    await bench.written(4)
    bench.answer(2, OK)
    bench.answer(3, OK)
    assert [r.told[-1] for r in requests] == ["accepted"] * 2
    assert bench.nonces() == [10, 11]


async def test_lane_of_a_venue_that_was_reset_begins_anew_once_that_is_confirmed() -> None:
    """What was executed before counts no more; what was at the venue is given up (A7)."""
    bench = await Bench(100, 0).open()
    done, lost = bench.submit(1, 2)
    await bench.written(2)
    bench.answer(0, OK)
    assert done.told == ["bound", "accepted"]
    bench.dispatcher.on_disconnected()
    bench.component.halt(ACCOUNT, KEY, "the venue was reset")
    bench.component.confirm_reset(ACCOUNT, KEY)
    await bench.component.seed(ACCOUNT, KEY)
    await eventually(lambda: "given up" in lost.told)
    assert "reset" in lost.reason
    bench.epoch = 2
    bench.dispatcher.on_connected(2)
    bench.submit(3)
    await bench.written(3)
    bench.answer(2, OK)
    assert bench.nonces()[-1] == 0


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
