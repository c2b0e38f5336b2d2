"""The dispatcher: places, send turn, verdicts, heal and resend, silence, disconnects."""

from __future__ import annotations

import asyncio

from nautilus_lighter_nonce import events
from nautilus_lighter_nonce.lighter.codes import Code
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
