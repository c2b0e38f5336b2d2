"""What a frame makes a stream do, and that no frame ends its reader."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest

from nautilus_lighter_nonce.lighter.codes import Verdict
from nautilus_lighter_nonce.lighter.connection import Link
from nautilus_lighter_nonce.lighter.frames import StreamReply
from nautilus_lighter_nonce.lighter.reading import FrameReader
from nautilus_lighter_nonce.lighter.reading import Listeners
from nautilus_lighter_nonce.lighter.reading import Wish
from nautilus_lighter_nonce.lighter.subscriptions import Subscriptions
from tests.lighter.links import MemorySocket
from tests.lighter.links import Remarks


class Bench:
    """A reader, its listeners, and subscriptions on one connection."""

    def __init__(self) -> None:
        self.log = Remarks()
        self.replies: list[StreamReply] = []
        self.frames: list[tuple[str, str, bytes, int]] = []
        self.anonymous: list[tuple[int, str, int, bool]] = []
        self.refused: list[tuple[int, str]] = []
        self.fault: Exception | None = None
        self.subscriptions = Subscriptions(asyncio.get_running_loop(), self._token, 5.0)
        listeners = Listeners(
            on_reply=self._on_reply,
            on_frame=lambda *frame: self.frames.append(frame),
            on_connected=lambda _: None,
            on_disconnected=lambda _: None,
            on_anonymous=lambda *error: self.anonymous.append(error),
            on_token_refused=lambda *error: self.refused.append(error),
        )
        self.reader = FrameReader(listeners, self.subscriptions, self.log)

    async def _token(self) -> str:
        return "token"

    def _on_reply(self, reply: StreamReply) -> None:
        if self.fault is not None:
            raise self.fault
        self.replies.append(reply)

    def read(self, *, is_early: bool = False, **fields: Any) -> Wish | None:
        """Read a frame of these fields on connection 1."""
        return self.reader.read(msgspec.json.encode(fields), 1, is_early=is_early)

    async def subscribed(self, channel: str, *, auth: bool) -> None:
        """Subscribe to a channel that the venue confirms."""
        link = Link(1, MemorySocket(), 0.0)
        asking = asyncio.create_task(self.subscriptions.subscribe(link, channel, auth))
        await asyncio.sleep(0.1)
        name = channel.partition("/")[0]
        self.read(type=f"subscribed/{name}", channel=channel.replace("/", ":"))
        await asking
        self.frames.clear()


async def test_read_update_is_handed_on_as_it_came() -> None:
    """Whoever takes a channel decodes it; the reader keeps the bytes."""
    bench = Bench()
    raw = b'{"type":"update/trade","channel":"trade:0","trades":[]}'
    assert bench.reader.read(raw, 4) is None
    assert bench.frames == [("update/trade", "trade:0", raw, 4)]


async def test_read_update_before_its_connection_counts_is_kept() -> None:
    """A connection that is made in advance speaks in its turn."""
    bench = Bench()
    assert bench.read(is_early=True, type="update/trade", channel="trade:0") is Wish.KEEP
    assert bench.frames == []


async def test_read_confirmation_ends_the_wait_for_it() -> None:
    """A channel is subscribed when the venue says so."""
    bench = Bench()
    await bench.subscribed("account_tx/700", auth=True)
    assert bench.subscriptions.has_private


async def test_read_reply_is_matched_by_its_id() -> None:
    """Never by order, never by text."""
    bench = Bench()
    assert bench.read(type="jsonapi/sendtx", id="1-7", code=200, tx_hash="ab") is None
    (reply,) = bench.replies
    assert (reply.request_id, reply.verdict, reply.epoch) == ("1-7", Verdict.ACCEPTED, 1)


@pytest.mark.parametrize(
    ("frame_type", "wish"),
    [("ping", Wish.PONG), ("shutdown", Wish.LEAVE), ("connected", None), ("pong", None)],
)
async def test_read_of_the_venues_own_words_says_what_to_do(
    frame_type: str, wish: Wish | None
) -> None:
    """A ping is answered, an announced end is left, the rest needs nothing."""
    assert Bench().read(type=frame_type) is wish


async def test_read_of_an_unknown_type_is_remarked_once() -> None:
    """A venue that learns new words fills no log."""
    bench = Bench()
    for _ in range(3):
        assert bench.read(type="novelty/1") is None
    assert len(bench.log.warnings) == 1


@pytest.mark.parametrize("raw", [b"", b"\xff\xfe", b"not json", b"[1]", b"7"])
async def test_read_of_what_cannot_be_read_is_counted_and_ends_nothing(raw: bytes) -> None:
    """The next frame is read as if nothing had been."""
    bench = Bench()
    assert bench.reader.read(raw, 1) is None
    assert bench.reader.unreadable == 1
    assert len(bench.log.warnings) == 1
    bench.read(type="jsonapi/sendtx", id="1", code=200)
    assert len(bench.replies) == 1


async def test_read_of_a_frame_whose_listener_raises_ends_nothing() -> None:
    """A listener's mistake is logged once per kind, and the next frame is read."""
    bench = Bench()
    bench.fault = RuntimeError("listener")
    for number in range(3):
        assert bench.read(type="jsonapi/sendtx", id=str(number), code=200) is None
    assert len(bench.log.warnings) == 1
    bench.fault = None
    bench.read(type="jsonapi/sendtx", id="9", code=200)
    assert [reply.request_id for reply in bench.replies] == ["9"]


async def test_read_error_without_id_is_told_as_nobodys_if_nothing_is_owed() -> None:
    """Whoever decides about transactions is told that it may be one's."""
    bench = Bench()
    assert bench.read(type="error", error={"code": 21104, "message": "invalid nonce"}) is None
    assert bench.anonymous == [(21104, "invalid nonce", 1, True)]


async def test_read_error_without_id_on_an_early_connection_is_nobodys() -> None:
    """No transaction was ever written there."""
    bench = Bench()
    bench.read(is_early=True, type="error", error={"code": 21104, "message": "invalid nonce"})
    assert bench.anonymous == []


@pytest.mark.parametrize(("has_private", "wish"), [(True, Wish.RENEW), (False, None)])
async def test_read_refusal_of_a_token_renews_private_channels(
    has_private: bool, wish: Wish | None
) -> None:
    """The venue names no channel: all that take a token begin anew, if there are any."""
    bench = Bench()
    if has_private:
        await bench.subscribed("account_tx/700", auth=True)
    assert bench.read(error={"code": 20013, "message": "invalid auth"}) is wish
    assert bench.refused == [(20013, "invalid auth")]
    assert bench.anonymous == []
