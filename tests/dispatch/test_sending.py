"""Sending: one writer, frames in order, and what is known of a frame that failed."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest

from nautilus_lighter_nonce.config import LighterNonceConfig
from nautilus_lighter_nonce.dispatch.sending import FILLER_INDEX
from nautilus_lighter_nonce.dispatch.sending import FrameWriter
from nautilus_lighter_nonce.dispatch.sending import copy_of
from nautilus_lighter_nonce.dispatch.sending import filler_intent
from nautilus_lighter_nonce.dispatch.sending import outbox_settings
from nautilus_lighter_nonce.dispatch.sending import said_of
from nautilus_lighter_nonce.lighter.codes import MAX_CLIENT_ORDER_INDEX
from nautilus_lighter_nonce.lighter.codes import TX_LIFETIME_MS
from nautilus_lighter_nonce.lighter.errors import NotSent
from nautilus_lighter_nonce.lighter.errors import StreamSendError
from nautilus_lighter_nonce.lighter.transactions import CancelOrder
from nautilus_lighter_nonce.lighter.transactions import SignedTx
from nautilus_lighter_nonce.outbox import work as w
from nautilus_lighter_nonce.outbox.settings import OutboxSettings
from tests.rooms import MS
from tests.rooms import SEC
from tests.rooms import Log
from tests.rooms import at_once


def _frame(name: str, *infos: str, connection: int = 1) -> w.Write:
    copies = tuple(
        w.Signed(tx_type=14 + at, tx_info=info, tx_hash="", expires_ns=0)
        for at, info in enumerate(infos or (name,))
    )
    return w.Write(name, connection, copies)


class Wire:
    """A transport that writes when the test lets it, and fails as it is told to."""

    def __init__(self) -> None:
        self.written: list[Any] = []
        self.writing = 0
        self.most_writing = 0
        self.faults: dict[str, BaseException] = {}
        self.gate = asyncio.Event()
        self.gate.set()

    async def send_tx(
        self, request_id: str, tx_type: int, tx_info: str, *, epoch: int | None = None
    ) -> int:
        return await self._take(request_id, (request_id, tx_type, tx_info, epoch))

    async def send_tx_batch(
        self,
        request_id: str,
        tx_types: list[int],
        tx_infos: list[str],
        *,
        epoch: int | None = None,
    ) -> int:
        return await self._take(request_id, (request_id, tx_types, tx_infos, epoch))

    async def _take(self, name: str, frame: Any) -> int:
        self.writing += 1
        self.most_writing = max(self.most_writing, self.writing)
        try:
            await self.gate.wait()
            if name in self.faults:
                raise self.faults[name]
            self.written.append(frame)
        finally:
            self.writing -= 1
        return 1

    def replace(self, epoch: int) -> None:
        raise AssertionError("a writer replaces nothing")

    @property
    def names(self) -> list[str]:
        return [frame[0] for frame in self.written]


class Desk:
    """A writer, its wire, and the frames that were given back."""

    def __init__(self) -> None:
        self.wire = Wire()
        self.log = Log()
        self.writer = FrameWriter(self.wire, self.log)
        self.back: list[list[str]] = []

    async def run(self) -> None:
        async for frames in self.writer.run():
            self.back.append([frame.frame_id for frame in frames])

    async def write(self, *names: str) -> None:
        for name in names:
            assert self.writer.put(_frame(name))
        await self.run()


def _not_sent(name: str) -> StreamSendError:
    return StreamSendError(name, NotSent.OTHER_EPOCH)


# -- WRITING --------------------------------------------------------------------------------------


async def test_run_writes_in_the_order_of_put_and_yields_nothing() -> None:
    """Wire order is nonce order."""
    desk = Desk()
    await desk.write("a", "b", "c")
    assert desk.wire.names == ["a", "b", "c"]
    assert desk.back == []


async def test_run_writes_one_copy_alone_and_several_as_a_batch_on_their_connection() -> None:
    """The text goes out verbatim, on the connection that it was bound to and on no other."""
    desk = Desk()
    desk.writer.put(_frame("a", "one", connection=3))
    desk.writer.put(_frame("b", "two", "three", connection=4))
    await desk.run()
    assert desk.wire.written == [
        ("a", 14, "one", 3),
        ("b", [14, 15], ["two", "three"], 4),
    ]


async def test_put_while_a_frame_is_written_waits_for_that_writer() -> None:
    """Whoever puts need not run: the frame goes behind those that wait."""
    desk = Desk()
    desk.wire.gate.clear()
    assert desk.writer.put(_frame("a"))
    running = at_once(desk.run())
    assert not desk.writer.put(_frame("b"))
    assert not desk.writer.put(_frame("c"))
    desk.wire.gate.set()
    await running
    assert desk.wire.names == ["a", "b", "c"]
    assert desk.writer.put(_frame("d"))


async def test_run_while_another_writes_does_nothing() -> None:
    """There is never a second writer: two at once could turn two frames round."""
    desk = Desk()
    desk.wire.gate.clear()
    for name in "abc":
        desk.writer.put(_frame(name))
    runs = [at_once(desk.run()) for _ in range(2)]
    desk.wire.gate.set()
    await asyncio.gather(*runs)
    assert desk.wire.most_writing == 1
    assert desk.wire.names == ["a", "b", "c"]


async def test_run_with_nothing_to_write_ends() -> None:
    """A writer without frames is free."""
    desk = Desk()
    await desk.run()
    assert desk.writer.put(_frame("a"))


# -- WHAT FAILS -----------------------------------------------------------------------------------


async def test_run_whose_frame_was_not_written_yields_it_with_all_behind_it_in_order() -> None:
    """What is behind a number that never left would only come back stale."""
    desk = Desk()
    desk.wire.faults["b"] = _not_sent("b")
    await desk.write("a", "b", "c", "d")
    assert desk.wire.names == ["a"]
    assert desk.back == [["b", "c", "d"]]


async def test_run_goes_on_with_what_is_put_once_frames_were_given_back() -> None:
    """The same numbers come again while the writer still runs."""
    desk = Desk()
    desk.wire.faults["a"] = _not_sent("a")
    desk.writer.put(_frame("a"))
    async for frames in desk.writer.run():
        assert [frame.frame_id for frame in frames] == ["a"]
        assert not desk.writer.put(_frame("again"))
    assert desk.wire.names == ["again"]


async def test_run_whose_frame_failed_otherwise_goes_on_and_gives_nothing_back() -> None:
    """It may be on its way: it keeps its number, and silence will tell; each kind is said once."""
    desk = Desk()
    desk.wire.faults = {"a": OSError("a"), "b": OSError("b"), "c": ValueError("c")}
    await desk.write("a", "b", "c", "d")
    assert desk.wire.names == ["d"]
    assert desk.back == []
    assert desk.log.count("warning") == 2


async def test_run_that_is_cancelled_frees_the_writer_and_keeps_what_waits() -> None:
    """A stop in mid-frame must not leave a writer that nobody can ever be again."""
    desk = Desk()
    desk.wire.gate.clear()
    desk.writer.put(_frame("a"))
    desk.writer.put(_frame("b"))
    running = at_once(desk.run())
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert desk.back == []
    desk.wire.gate.set()
    assert desk.writer.put(_frame("c"))
    await desk.run()
    assert desk.wire.names == ["b", "c"]


async def test_take_back_returns_what_waits_in_order_and_writes_none_of_it() -> None:
    """A connection that is gone: the frame under way is not among them, it may have left."""
    desk = Desk()
    desk.wire.gate.clear()
    for name in "abc":
        desk.writer.put(_frame(name))
    running = at_once(desk.run())
    assert [frame.frame_id for frame in desk.writer.take_back()] == ["b", "c"]
    assert desk.writer.take_back() == []
    desk.wire.gate.set()
    await running
    assert desk.wire.names == ["a"]


# -- WORDS ----------------------------------------------------------------------------------------


def _signed(tx_info: str) -> SignedTx:
    return SignedTx(tx_type=14, tx_info=tx_info, tx_hash="ab", nonce=10)


def test_copy_has_the_expiry_that_was_signed_and_the_text_verbatim() -> None:
    """The venue counts by `ExpiredAt`, milliseconds; the text is not written anew."""
    tx_info = '{"Nonce": 10,  "ExpiredAt": 1700000000123, "Sig": "x"}'
    assert copy_of(_signed(tx_info), 5) == w.Signed(
        tx_type=14, tx_info=tx_info, tx_hash="ab", expires_ns=1_700_000_000_123 * MS
    )


@pytest.mark.parametrize(
    "tx_info",
    ["{}", '{"ExpiredAt": 0}', '{"ExpiredAt": "soon"}', '{"ExpiredAt": null}', "[]", "", "1"],
)
def test_copy_without_an_expiry_that_can_be_read_lives_as_long_as_any(tx_info: str) -> None:
    """Too long is safe: what counts as expired must not be taken any more."""
    assert copy_of(_signed(tx_info), 5).expires_ns == 5 + TX_LIFETIME_MS * MS


@pytest.mark.parametrize(("kind", "market"), [(0, 7), (1, 8), (2, 9), (3, 7)])
def test_filler_cancels_what_cannot_exist_in_the_next_market_of_the_account(
    kind: int, market: int
) -> None:
    """A market that refuses it is followed by another; the index is never handed out."""
    intent = filler_intent(w.Filler(kind), [7, 8, 9])
    assert intent == CancelOrder(market_index=market, order_index=FILLER_INDEX)
    assert FILLER_INDEX == MAX_CLIENT_ORDER_INDEX


def test_said_of_a_copy_names_nonce_hash_and_when_it_expires() -> None:
    """A person looks it up by these."""
    copy = w.Undead(what=None, nonce=10, tx_hash="ab", expires_ns=1_700_000_000 * SEC + 999 * MS)
    said = said_of(copy)
    assert "nonce 10" in said
    assert "hash ab" in said
    assert "1700000000 " in said


# -- SETTINGS -------------------------------------------------------------------------------------


def test_settings_carry_each_duration_in_nanoseconds() -> None:
    """Different numbers, so that none can stand in for another."""
    config = LighterNonceConfig(
        reply_timeout_ms=11,
        settle_ms=12,
        resend_max_age_ms=13,
        queue_timeout_ms=14,
        disbelief_ms=15,
        resend=False,
    )
    assert outbox_settings(config, 16) == OutboxSettings(
        reply_timeout_ns=11 * MS,
        settle_ns=12 * MS,
        max_age_ns=13 * MS,
        queue_timeout_ns=14 * MS,
        suspect_ns=15 * MS,
        quota_per_min=16,
        resend=False,
    )


@pytest.mark.parametrize(("age_ms", "age_ns"), [(None, None), (1, MS)])
def test_settings_tell_no_age_limit_from_the_shortest(
    age_ms: int | None, age_ns: int | None
) -> None:
    """None keeps an order for as long as it takes."""
    made = outbox_settings(LighterNonceConfig(resend_max_age_ms=age_ms), None)
    assert made.max_age_ns == age_ns
    assert made.quota_per_min is None


def test_settings_of_the_default_config_are_the_outbox_s_own_defaults() -> None:
    """Two tables of defaults say the same."""
    made = msgspec.structs.asdict(outbox_settings(LighterNonceConfig(), None))
    assert made == msgspec.structs.asdict(OutboxSettings())
