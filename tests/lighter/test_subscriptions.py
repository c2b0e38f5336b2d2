"""Channels: who waits for the venue to confirm one, and what an error without a name ends."""

from __future__ import annotations

import asyncio

import pytest

from nautilus_lighter_nonce.lighter.connection import Link
from nautilus_lighter_nonce.lighter.errors import SocketError
from nautilus_lighter_nonce.lighter.errors import StreamSendError
from nautilus_lighter_nonce.lighter.errors import StreamSubscribeError
from nautilus_lighter_nonce.lighter.schemas import ErrorBody
from nautilus_lighter_nonce.lighter.schemas import Frame
from nautilus_lighter_nonce.lighter.subscriptions import Subscriptions
from tests.lighter.stubs import DEADLINE_SECS


class Wire:
    """A socket that takes everything, unless it is broken."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.is_over = False
        self.is_broken = False
        self._written = asyncio.Condition()

    async def send_text(self, data: bytes) -> None:
        if self.is_broken:
            raise SocketError("broken")
        async with self._written:
            self.sent.append(data)
            self._written.notify_all()

    async def until_sent(self, count: int) -> None:
        """Wait until so many frames were written."""
        async with self._written:
            await self._written.wait_for(lambda: len(self.sent) >= count)

    async def disconnect(self) -> None:
        self.is_over = True

    def is_closed(self) -> bool:
        return self.is_over

    def is_reconnecting(self) -> bool:
        return False


class Bench:
    """Subscriptions on one connection, with a venue played by the test."""

    def __init__(self, timeout_secs: float = DEADLINE_SECS) -> None:
        self.wire = Wire()
        self.link = Link(1, self.wire, 0.0)
        self.tokens = ["token-1"]
        loop = asyncio.get_running_loop()
        self.subscriptions = Subscriptions(loop, self.token, timeout_secs)

    async def token(self) -> str:
        return self.tokens.pop(0) if len(self.tokens) > 1 else self.tokens[0]

    async def ask(self, *channels: str) -> list[asyncio.Task[None]]:
        """Begin to subscribe; return when all requests are written."""
        written = len(self.wire.sent) + len(channels)
        tasks = [
            asyncio.create_task(self.subscriptions.subscribe(self.link, channel, auth=True))
            for channel in channels
        ]
        await self.wire.until_sent(written)
        return tasks

    def confirm(self, channel: str) -> None:
        self.subscriptions.confirm(Frame(type="subscribed/x", channel=channel), 1)

    def refuse(self, code: int) -> bool:
        return self.subscriptions.note_error(ErrorBody(code=code, message="no"), 1)


async def refused_code(task: asyncio.Task[None]) -> int | None:
    """Return the hint that a subscription ended with."""
    async with asyncio.timeout(DEADLINE_SECS / 2):
        with pytest.raises(StreamSubscribeError) as caught:
            await task
    return None if caught.value.last_error is None else caught.value.last_error.code


async def test_subscribe_confirmed_owes_nothing() -> None:
    """An answer ends the debt."""
    bench = Bench()
    (task,) = await bench.ask("a/1")
    assert bench.subscriptions.is_owed(1)
    bench.confirm("a:1")
    await task
    assert not bench.subscriptions.is_owed(1)


async def test_subscribe_timed_out_is_owed_until_it_is_answered() -> None:
    """An error without id may still be its answer, though nobody waits for that any more."""
    bench = Bench(timeout_secs=0.0)
    (task,) = await bench.ask("a/1")
    assert await refused_code(task) is None
    assert bench.subscriptions.is_owed(1)
    bench.confirm("a:1")
    assert not bench.subscriptions.is_owed(1)


async def test_subscribe_not_written_owes_nothing() -> None:
    """Nobody answers what never left."""
    bench = Bench()
    bench.wire.is_broken = True
    with pytest.raises(StreamSendError):
        await bench.subscriptions.subscribe(bench.link, "a/1", auth=False)
    assert not bench.subscriptions.is_owed(1)


@pytest.mark.parametrize("code", [20001, 20013, 23001, 30002, 30005])
async def test_error_of_a_subscription_ends_the_only_one_at_once(code: int) -> None:
    """Nobody waits out a deadline for a refusal that can be nobody else's."""
    bench = Bench()
    (task,) = await bench.ask("a/1")
    assert bench.refuse(code)
    assert await refused_code(task) == code
    assert not bench.subscriptions.is_owed(1)


async def test_error_names_no_channel_ends_none_of_two() -> None:
    """It may be either's; once one is confirmed, it was the other's."""
    bench = Bench()
    first, second = await bench.ask("a/1", "b/1")
    assert bench.refuse(30005)
    assert not first.done()
    bench.confirm("b:1")
    await second
    assert await refused_code(first) == 30005
    assert not bench.subscriptions.is_owed(1)


async def test_errors_as_many_as_requests_end_all_of_them() -> None:
    """Every one of them was refused."""
    bench = Bench()
    tasks = await bench.ask("a/1", "b/1")
    bench.refuse(30005)
    bench.refuse(30005)
    assert [await refused_code(task) for task in tasks] == [30005, 30005]
    assert not bench.subscriptions.is_owed(1)


async def test_token_refused_ends_all_at_once_and_is_owed_the_rest() -> None:
    """They offered the same token; the other refusals are still to come."""
    bench = Bench()
    tasks = await bench.ask("a/1", "b/1")
    bench.refuse(20013)
    assert [await refused_code(task) for task in tasks] == [20013, 20013]
    assert bench.subscriptions.is_owed(1)
    bench.refuse(20013)
    assert not bench.subscriptions.is_owed(1)


async def test_subscribe_after_a_refusal_waits_for_its_own_answer() -> None:
    """An old refusal does not end a new request on the same connection."""
    bench = Bench()
    (task,) = await bench.ask("a/1")
    bench.refuse(20013)
    await refused_code(task)
    (again,) = await bench.ask("a/1")
    bench.confirm("a:1")
    await again


async def test_subscribe_token_refused_tries_another_once() -> None:
    """Whoever subscribes at the start need not know that a token was refused."""
    bench = Bench()
    bench.tokens = ["token-1", "token-2", "token-3"]
    (task,) = await bench.ask("a/1")
    bench.refuse(20013)
    await bench.wire.until_sent(2)
    bench.refuse(20013)
    assert await refused_code(task) == 20013
    assert [b'"auth":"token-%d"' % n in raw for n, raw in enumerate(bench.wire.sent, 1)] == [
        True,
        True,
    ]


@pytest.mark.parametrize("code", [21104, 21501, 23000, 29500, 30009])
async def test_error_of_a_transaction_answers_no_subscription(code: int) -> None:
    """What may be somebody else's decides nothing here."""
    bench = Bench()
    (task,) = await bench.ask("a/1")
    assert not bench.refuse(code)
    assert bench.subscriptions.is_owed(1)
    bench.confirm("a:1")
    await task


async def test_error_of_a_subscription_without_one_is_nobodys() -> None:
    """Nothing is owed, so it answers nothing of ours."""
    assert not Bench().refuse(30003)


async def test_already_subscribed_is_as_good_as_confirmed() -> None:
    """The answer to an earlier request was lost; the channel is there."""
    bench = Bench()
    (task,) = await bench.ask("a/1")
    assert bench.refuse(30003)
    await task
    assert not bench.subscriptions.is_owed(1)
