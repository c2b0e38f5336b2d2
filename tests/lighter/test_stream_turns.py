"""Connections that are replaced, announced to end or refused: nothing is lost or counts twice."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from nautilus_lighter_nonce.lighter.connection import Backoff
from nautilus_lighter_nonce.lighter.connection import Handler
from nautilus_lighter_nonce.lighter.connection import Socket
from nautilus_lighter_nonce.lighter.errors import SocketError
from nautilus_lighter_nonce.lighter.errors import StreamSubscribeError
from nautilus_lighter_nonce.lighter.stream import LighterStream
from tests.lighter.stubs import DEADLINE_SECS


SHUTDOWN = b'{"type":"shutdown","close_in_ms":10000}'
REPLY = b'{"code":200,"id":"1","tx_hash":"a","type":"jsonapi/sendtx"}'
REFUSED = b'{"error":{"code":20013,"message":"invalid auth"}}'
NOW = Backoff(initial_secs=0.0, max_secs=0.0)


class Desk:
    """A stream over sockets of a test, and everything that it tells, in order."""

    def __init__(self) -> None:
        self.told: list[Any] = []
        self.refused: list[tuple[int, str]] = []
        self.tokens = 0
        self.sockets: list[FakeSocket] = []
        self.confirms = True
        self.dial_faults: list[Exception] = []
        self._changed = asyncio.Event()
        self.stream = LighterStream(
            "ws://fake",
            asyncio.get_running_loop(),
            self.dial,
            on_reply=lambda reply: self.tell(("reply", reply.request_id, reply.epoch)),
            on_frame=self.on_frame,
            on_connected=lambda epoch: self.tell(("connected", epoch)),
            on_disconnected=lambda epoch: self.tell(("disconnected", epoch)),
            on_anonymous=lambda *fields: self.tell(("anonymous", *fields)),
            on_token_refused=lambda code, message: self.refused.append((code, message)),
            auth_token=self.token,
            log=self,
            subscribe_timeout_secs=DEADLINE_SECS,
            backoff=NOW,
        )
        self.remarks: list[str] = []

    def tell(self, what: Any) -> None:
        self.told.append(what)
        self._changed.set()

    def on_frame(self, kind: str, channel: str, raw: bytes, epoch: int) -> None:
        if channel == "bad":
            raise ZeroDivisionError
        self.tell(("frame", channel, epoch))

    def info(self, message: str) -> None:
        self.warning(message)

    def warning(self, message: str) -> None:
        self.remarks.append(message)
        self._changed.set()

    async def token(self) -> str:
        self.tokens += 1
        return f"token-{self.tokens}"

    async def dial(self, handler: Handler) -> Socket:
        if self.dial_faults:
            raise self.dial_faults.pop()
        self.sockets.append(FakeSocket(self, handler))
        return self.sockets[-1]

    async def until(self, condition: Callable[[], Any]) -> None:
        """Wait until something that was told or written makes the condition true."""
        async with asyncio.timeout(DEADLINE_SECS):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    @property
    def states(self) -> list[Any]:
        return [what for what in self.told if what[0] in ("connected", "disconnected")]


class FakeSocket:
    """A connection that confirms what is subscribed, unless the test says otherwise."""

    def __init__(self, desk: Desk, handler: Handler) -> None:
        self._desk = desk
        self.handler = handler
        self.sent: list[dict[str, Any]] = []
        self.is_over = False

    async def send_text(self, data: bytes) -> None:
        frame = msgspec.json.decode(data)
        self.sent.append(frame)
        if frame["type"] == "subscribe" and self._desk.confirms:
            self.confirm(frame["channel"])
        self._desk.tell(("sent", frame["type"]))

    def confirm(self, channel: str) -> None:
        name = channel.replace("/", ":")
        self.handler(b'{"type":"subscribed/x","channel":"%s"}' % name.encode())

    async def disconnect(self) -> None:
        self.is_over = True

    def is_closed(self) -> bool:
        return self.is_over

    def is_reconnecting(self) -> bool:
        return False


@pytest.fixture
async def desk() -> Any:
    """A stream that is connected, with one private and one public channel."""
    desk = Desk()
    await desk.stream.connect()
    await desk.stream.subscribe("account_tx/516", auth=True)
    await desk.stream.subscribe("ticker/0")
    desk.told.clear()
    yield desk
    await desk.stream.disconnect()


# -- REPLACED -------------------------------------------------------------------------------------


async def test_replace_of_present_epoch_connects_anew_with_all_channels(desk: Desk) -> None:
    """A half-open socket is left when nobody answers on it, long before it is closed."""
    desk.stream.replace(1)
    await desk.until(lambda: ("connected", 2) in desk.told)
    assert desk.states == [("disconnected", 1), ("connected", 2)]
    assert [frame["channel"] for frame in desk.sockets[1].sent] == ["account_tx/516", "ticker/0"]
    assert desk.sockets[0].is_over


async def test_replace_old_connection_answers_late_does_not_count(desk: Desk) -> None:
    """What was asked there is in doubt from that moment on."""
    desk.stream.replace(1)
    desk.sockets[0].handler(REPLY)
    await desk.until(lambda: ("connected", 2) in desk.told)
    desk.sockets[0].handler(REPLY)
    assert [what for what in desk.told if what[0] == "reply"] == []


async def test_replace_of_epoch_that_has_gone_changes_nothing(desk: Desk) -> None:
    """A late suspicion about an old connection ends no good one."""
    desk.stream.replace(1)
    await desk.until(lambda: ("connected", 2) in desk.told)
    desk.stream.replace(1)
    assert desk.stream.is_connected
    assert not desk.sockets[1].is_over


async def test_replace_while_channels_are_renewed_connects_once_more(desk: Desk) -> None:
    """A connection that is given up before it was announced is followed by another."""
    desk.confirms = False
    desk.stream.replace(1)
    await desk.until(lambda: len(desk.sockets) == 2 and len(desk.sockets[1].sent) == 2)
    desk.confirms = True
    desk.stream.replace(2)
    await desk.until(lambda: ("connected", 3) in desk.told)
    desk.sockets[2].handler(REPLY)
    assert await desk.stream.send_tx("1", 14, "{}") == 3
    assert desk.states == [("disconnected", 1), ("connected", 3)]


# -- ANNOUNCED TO END -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "frame", [SHUTDOWN, b'{"type":"shutdown"}', b'{"type":"shutdown","close_in_ms":0}']
)
async def test_shutdown_frame_moves_to_next_connection_that_has_all_channels(
    desk: Desk, frame: bytes
) -> None:
    """The next connection has its channels before the old one is left."""
    desk.sockets[0].handler(frame)
    await desk.until(lambda: ("connected", 2) in desk.told)
    told = [what for what in desk.told if what[0] != "sent"]
    assert told == [
        ("disconnected", 1),
        ("frame", "account_tx:516", 2),
        ("frame", "ticker:0", 2),
        ("connected", 2),
    ]
    assert await desk.stream.send_tx("2", 14, "{}") == 2
    await desk.until(lambda: desk.sockets[0].is_over)


async def test_shutdown_old_connection_serves_until_next_one_is_ready(desk: Desk) -> None:
    """Orders and answers go on where they were while the next connection is made."""
    desk.confirms = False
    desk.sockets[0].handler(SHUTDOWN)
    await desk.until(lambda: len(desk.sockets) == 2 and len(desk.sockets[1].sent) == 2)
    assert await desk.stream.send_tx("1", 14, "{}") == 1
    desk.sockets[0].handler(REPLY)
    assert ("reply", "1", 1) in desk.told
    assert desk.states == []
    for channel in ("account_tx/516", "ticker/0"):
        desk.sockets[1].confirm(channel)
    await desk.until(lambda: ("connected", 2) in desk.told)


async def test_shutdown_channel_confirmed_in_last_moment_is_on_next_connection(desk: Desk) -> None:
    """A channel that the old connection confirmed during the turn is not forgotten."""
    desk.confirms = False
    late = asyncio.create_task(desk.stream.subscribe("ticker/1"))
    await desk.until(lambda: len(desk.sockets[0].sent) == 3)
    desk.sockets[0].handler(SHUTDOWN)
    await desk.until(lambda: len(desk.sockets) == 2 and len(desk.sockets[1].sent) == 2)
    desk.confirms = True
    for channel in ("account_tx/516", "ticker/0"):
        desk.sockets[1].confirm(channel)
    desk.sockets[0].confirm("ticker/1")
    await desk.until(lambda: ("connected", 2) in desk.told)
    await late
    assert desk.sockets[1].sent[-1]["channel"] == "ticker/1"


async def test_shutdown_next_connection_fails_is_tried_again(desk: Desk) -> None:
    """The old connection serves on while attempts fail."""
    desk.dial_faults = [SocketError("no route"), SocketError("no route")]
    desk.sockets[0].handler(SHUTDOWN)
    await desk.until(lambda: desk.states)
    await desk.until(lambda: desk.states[-1][0] == "connected")
    assert len(desk.states) == 2
    assert len(desk.sockets) == 2


async def test_shutdown_old_connection_dies_before_next_one_is_ready(desk: Desk) -> None:
    """Its end is told at once; the connection under way is used as soon as it is ready."""
    desk.confirms = False
    desk.sockets[0].handler(SHUTDOWN)
    await desk.until(lambda: len(desk.sockets) == 2 and len(desk.sockets[1].sent) == 2)
    desk.sockets[0].is_over = True
    await desk.until(lambda: ("disconnected", 1) in desk.told)
    for channel in ("account_tx/516", "ticker/0"):
        desk.sockets[1].confirm(channel)
    await desk.until(lambda: ("connected", 2) in desk.told)


async def test_disconnect_while_next_connection_is_made_closes_both(desk: Desk) -> None:
    """Nothing is left open behind a wanted end."""
    desk.confirms = False
    desk.sockets[0].handler(SHUTDOWN)
    await desk.until(lambda: len(desk.sockets) == 2 and len(desk.sockets[1].sent) == 2)
    await desk.stream.disconnect()
    assert [socket.is_over for socket in desk.sockets] == [True, True]
    assert desk.states == [("disconnected", 1)]


# -- TOKENS ---------------------------------------------------------------------------------------


async def test_token_refused_in_mid_stream_private_channels_begin_anew(desk: Desk) -> None:
    """A private channel that was ended comes back with another token."""
    desk.sockets[0].handler(REFUSED)
    await desk.until(lambda: ("connected", 2) in desk.told)
    assert desk.refused == [(20013, "invalid auth")]
    assert desk.sockets[1].sent[0]["auth"] == "token-2"


async def test_token_refused_at_reconnect_next_attempt_has_another(desk: Desk) -> None:
    """A refused token is told at once, and the attempt ends long before its deadline."""
    desk.confirms = False
    desk.sockets[0].is_over = True
    await desk.until(lambda: len(desk.sockets) == 2 and len(desk.sockets[1].sent) == 2)
    desk.confirms = True
    desk.sockets[1].handler(REFUSED)
    await desk.until(lambda: ("connected", 3) in desk.told)
    assert desk.refused == [(20013, "invalid auth")]
    assert desk.sockets[2].sent[0]["auth"] == "token-3"


async def test_token_refused_while_public_channel_waits_private_ones_begin_anew(desk: Desk) -> None:
    """A refusal ended the private channels, whoever else is waiting at that moment."""
    desk.confirms = False
    waiting = asyncio.create_task(desk.stream.subscribe("ticker/1"))
    await desk.until(lambda: len(desk.sockets[0].sent) == 3)
    desk.confirms = True
    desk.sockets[0].handler(REFUSED)
    with pytest.raises(StreamSubscribeError):
        await waiting
    await desk.until(lambda: ("connected", 2) in desk.told)


async def test_token_refused_on_next_connection_it_is_not_used(desk: Desk) -> None:
    """A connection made in advance that lost its private channels does not become the present."""
    desk.confirms = False
    desk.sockets[0].handler(SHUTDOWN)
    await desk.until(lambda: len(desk.sockets) == 2 and len(desk.sockets[1].sent) == 2)
    desk.confirms = True
    for channel in ("account_tx/516", "ticker/0"):
        desk.sockets[1].confirm(channel)
    desk.sockets[1].handler(REFUSED)
    await desk.until(lambda: ("connected", 3) in desk.told)
    assert desk.sockets[1].is_over
    assert desk.sockets[2].sent[0]["auth"] == "token-3"


# -- WHATEVER A FRAME CONTAINS --------------------------------------------------------------------


async def test_error_without_id_is_handed_on_alone_unless_subscription_waits(desk: Desk) -> None:
    """It may be a transaction's or a subscription's: whoever decides is told which are possible."""
    error = b'{"error":{"code":21501,"message":"invalid tx info"}}'
    desk.sockets[0].handler(error)
    desk.confirms = False
    waiting = asyncio.create_task(desk.stream.subscribe("ticker/1"))
    await desk.until(lambda: len(desk.sockets[0].sent) == 3)
    desk.sockets[0].handler(error)
    desk.sockets[0].confirm("ticker/1")
    await waiting
    assert [what for what in desk.told if what[0] == "anonymous"] == [
        ("anonymous", 21501, "invalid tx info", 1, True),
        ("anonymous", 21501, "invalid tx info", 1, False),
    ]


@pytest.mark.parametrize(
    "raw",
    [
        b"\xff\xfe{}",
        b'{"type":"\xff"}',
        b"",
        b"<html>502</html>",
        b"null",
        b"[1,2]",
        b'{"id":{"a":1},"code":200}',
        b'{"id":1.5,"code":200}',
        b'{"id":"1","code":"200"}',
        b'{"id":"1","code":1e400}',
        b'{"id":"1","code":200,"tx_hash":[1,2]}',
        b'{"id":"1","code":200,"predicted_execution_time_ms":"soon"}',
        b'{"id":"1","error":"text"}',
        b'{"id":"1","error":{"code":"text"}}',
        b'{"type":"update/x","channel":7}',
        b'{"type":7}',
        b"[" * 100_000,
        b'{"error":' + b'{"error":' * 100_000,
    ],
)
async def test_frame_of_any_content_ends_no_reader_and_is_logged_once(
    desk: Desk, raw: bytes
) -> None:
    """It is ignored, and the next frame is read as ever."""
    remarks = len(desk.remarks)
    for _ in range(3):
        desk.sockets[0].handler(raw)
    desk.sockets[0].handler(REPLY)
    assert ("reply", "1", 1) in desk.told
    assert len(desk.remarks) == remarks + 1
    assert desk.stream.is_connected


@pytest.mark.parametrize(
    "raw", [b'{"id":"7","error":null}', b'{"id":7}', b'{"id":"7","code":null,"tx_hash":null}']
)
async def test_reply_without_code_or_error_is_handed_on_as_unknown(desk: Desk, raw: bytes) -> None:
    """An answer that says nothing is an answer: whoever waits asks elsewhere."""
    desk.sockets[0].handler(raw)
    assert ("reply", "7", 1) in desk.told


async def test_callback_that_raises_ends_no_reader(desk: Desk) -> None:
    """A consumer's mistake with one frame does not keep the next from being read."""
    desk.sockets[0].handler(b'{"type":"update/x","channel":"bad"}')
    desk.sockets[0].handler(REPLY)
    assert ("reply", "1", 1) in desk.told
    assert "ZeroDivisionError" in desk.remarks[-1]
