"""Connections that are replaced, announced to end or refused: nothing is lost or counts twice."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from nautilus_lighter_nonce.lighter import connecting
from nautilus_lighter_nonce.lighter import stream
from nautilus_lighter_nonce.lighter.errors import NotSent
from nautilus_lighter_nonce.lighter.errors import SocketError
from nautilus_lighter_nonce.lighter.errors import StreamSendError
from nautilus_lighter_nonce.lighter.errors import StreamSubscribeError
from tests.lighter.rig import Rig
from tests.lighter.stubs import DEADLINE_SECS


SHUTDOWN = b'{"type":"shutdown","close_in_ms":10000}'
REPLY = b'{"code":200,"id":"1","tx_hash":"a","type":"jsonapi/sendtx"}'
REFUSED = b'{"error":{"code":20013,"message":"invalid auth"}}'


@pytest.fixture
async def rig() -> Any:
    """A stream that is connected, with one private and one public channel."""
    rig = Rig()
    await rig.stream.connect()
    await rig.stream.subscribe("account_tx/516", auth=True)
    await rig.stream.subscribe("ticker/0")
    rig.told.clear()
    yield rig
    await rig.stream.disconnect()


# -- REPLACED -------------------------------------------------------------------------------------


async def test_replace_of_present_epoch_connects_anew_with_all_channels(rig: Rig) -> None:
    """A half-open socket is left when nobody answers on it, long before it is closed."""
    rig.stream.replace(1)
    await rig.until(lambda: ("connected", 2) in rig.told)
    assert rig.states == [("disconnected", 1), ("connected", 2)]
    assert [frame["channel"] for frame in rig.sockets[1].sent] == ["account_tx/516", "ticker/0"]
    assert rig.sockets[0].is_over


async def test_replace_old_connection_answers_late_does_not_count(rig: Rig) -> None:
    """What was asked there is in doubt from that moment on."""
    rig.stream.replace(1)
    rig.sockets[0].handler(REPLY)
    await rig.until(lambda: ("connected", 2) in rig.told)
    rig.sockets[0].handler(REPLY)
    assert [what for what in rig.told if what[0] == "reply"] == []


async def test_replace_of_epoch_that_has_gone_changes_nothing(rig: Rig) -> None:
    """A late suspicion about an old connection ends no good one."""
    rig.stream.replace(1)
    await rig.until(lambda: ("connected", 2) in rig.told)
    rig.stream.replace(1)
    assert rig.stream.is_connected
    assert not rig.sockets[1].is_over


async def test_replace_while_channels_are_renewed_connects_once_more(rig: Rig) -> None:
    """A connection that is given up before it was announced is followed by another."""
    rig.confirms = False
    rig.stream.replace(1)
    await rig.until(lambda: len(rig.sockets) == 2 and len(rig.sockets[1].sent) == 2)
    rig.confirms = True
    rig.stream.replace(2)
    await rig.until(lambda: ("connected", 3) in rig.told)
    rig.sockets[2].handler(REPLY)
    assert await rig.stream.send_tx("1", 14, "{}") == 3
    assert rig.states == [("disconnected", 1), ("connected", 3)]


# -- ANNOUNCED TO END -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "frame", [SHUTDOWN, b'{"type":"shutdown"}', b'{"type":"shutdown","close_in_ms":0}']
)
async def test_shutdown_frame_moves_to_next_connection_that_has_all_channels(
    rig: Rig, frame: bytes
) -> None:
    """The next connection has its channels before the old one is left."""
    rig.sockets[0].handler(frame)
    await rig.until(lambda: ("connected", 2) in rig.told)
    told = [what for what in rig.told if what[0] != "sent"]
    assert told == [
        ("disconnected", 1),
        ("frame", "account_tx:516", 2),
        ("frame", "ticker:0", 2),
        ("connected", 2),
    ]
    assert await rig.stream.send_tx("2", 14, "{}") == 2
    await rig.until(lambda: rig.sockets[0].is_over)


async def test_shutdown_old_connection_serves_until_next_one_is_ready(rig: Rig) -> None:
    """Orders and answers go on where they were while the next connection is made."""
    rig.confirms = False
    rig.sockets[0].handler(SHUTDOWN)
    await rig.until(lambda: len(rig.sockets) == 2 and len(rig.sockets[1].sent) == 2)
    assert await rig.stream.send_tx("1", 14, "{}") == 1
    rig.sockets[0].handler(REPLY)
    assert ("reply", "1", 1) in rig.told
    assert rig.states == []
    for channel in ("account_tx/516", "ticker/0"):
        rig.sockets[1].confirm(channel)
    await rig.until(lambda: ("connected", 2) in rig.told)


async def test_shutdown_answers_owed_at_the_switch_are_waited_for(rig: Rig) -> None:
    """What is answered in time is not in doubt, and nothing new overtakes it on the next one."""
    await rig.stream.send_tx("1", 14, "{}")
    rig.sockets[0].handler(SHUTDOWN)
    await rig.until(lambda: not rig.stream.is_connected)
    with pytest.raises(StreamSendError) as caught:
        await rig.stream.send_tx("2", 14, "{}")
    assert caught.value.reason is NotSent.LEAVING
    assert rig.states == []
    rig.sockets[0].handler(REPLY)
    await rig.until(lambda: ("connected", 2) in rig.told)
    told = [what for what in rig.told if what[0] in ("reply", "disconnected", "connected")]
    assert told == [("reply", "1", 1), ("disconnected", 1), ("connected", 2)]
    assert await rig.stream.send_tx("2", 14, "{}") == 2
    assert rig.asked() == [["1"], ["2"]]


async def test_shutdown_answer_never_comes_is_waited_for_with_patience(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lost answer does not keep the stream from going on."""
    monkeypatch.setattr(stream, "DRAIN_SECS", 0.0)
    await rig.stream.send_tx("1", 14, "{}")
    rig.sockets[0].handler(SHUTDOWN)
    await rig.until(lambda: ("connected", 2) in rig.told)
    assert ("reply", "1", 1) not in rig.told


async def test_shutdown_old_connection_dies_while_it_drains(rig: Rig) -> None:
    """Nobody waits for answers that cannot come any more."""
    await rig.stream.send_tx("1", 14, "{}")
    rig.sockets[0].handler(SHUTDOWN)
    await rig.until(lambda: not rig.stream.is_connected)
    rig.sockets[0].is_over = True
    await rig.until(lambda: ("connected", 2) in rig.told)
    assert rig.states == [("disconnected", 1), ("connected", 2)]


async def test_shutdown_of_next_connection_too_is_heeded_in_its_turn(rig: Rig) -> None:
    """A venue that leaves machine after machine is followed."""
    rig.confirms = False
    rig.sockets[0].handler(SHUTDOWN)
    await rig.until(lambda: len(rig.sockets) == 2 and len(rig.sockets[1].sent) == 2)
    rig.confirms = True
    rig.sockets[1].handler(SHUTDOWN)
    for channel in ("account_tx/516", "ticker/0"):
        rig.sockets[1].confirm(channel)
    await rig.until(lambda: ("connected", 3) in rig.told)
    assert [epoch for _, epoch in rig.states] == [1, 2, 2, 3]


async def test_shutdown_channel_confirmed_in_last_moment_is_on_next_connection(rig: Rig) -> None:
    """A channel that the old connection confirmed during the turn is not forgotten."""
    rig.confirms = False
    late = asyncio.create_task(rig.stream.subscribe("ticker/1"))
    await rig.until(lambda: len(rig.sockets[0].sent) == 3)
    rig.sockets[0].handler(SHUTDOWN)
    await rig.until(lambda: len(rig.sockets) == 2 and len(rig.sockets[1].sent) == 2)
    rig.confirms = True
    for channel in ("account_tx/516", "ticker/0"):
        rig.sockets[1].confirm(channel)
    rig.sockets[0].confirm("ticker/1")
    await rig.until(lambda: ("connected", 2) in rig.told)
    await late
    assert rig.sockets[1].sent[-1]["channel"] == "ticker/1"


async def test_shutdown_next_connection_fails_is_tried_again(rig: Rig) -> None:
    """The old connection serves on while attempts fail."""
    rig.dial_faults = [SocketError("no route"), SocketError("no route")]
    rig.sockets[0].handler(SHUTDOWN)
    await rig.until(lambda: rig.states)
    await rig.until(lambda: rig.states[-1][0] == "connected")
    assert len(rig.states) == 2
    assert len(rig.sockets) == 2


async def test_shutdown_old_connection_dies_before_next_one_is_ready(rig: Rig) -> None:
    """Its end is told at once; the connection under way is used as soon as it is ready."""
    rig.confirms = False
    rig.sockets[0].handler(SHUTDOWN)
    await rig.until(lambda: len(rig.sockets) == 2 and len(rig.sockets[1].sent) == 2)
    rig.sockets[0].is_over = True
    await rig.until(lambda: ("disconnected", 1) in rig.told)
    for channel in ("account_tx/516", "ticker/0"):
        rig.sockets[1].confirm(channel)
    await rig.until(lambda: ("connected", 2) in rig.told)


async def test_dial_that_never_returns_is_given_up(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A venue that takes a connection and says nothing does not hold up the next attempt."""
    monkeypatch.setattr(connecting, "OPEN_SECS", 0.0)
    rig.is_mute = True
    rig.sockets[0].is_over = True
    await rig.until(lambda: "no connection within" in rig.remarks[-1])
    rig.is_mute = False
    monkeypatch.setattr(connecting, "OPEN_SECS", DEADLINE_SECS)
    await rig.until(lambda: rig.states[-1][0] == "connected")


async def test_client_that_cannot_close_stops_nothing(rig: Rig) -> None:
    """Whatever a client raises when it closes, the next connection is made."""
    rig.close_fault = ZeroDivisionError()
    rig.stream.replace(1)
    await rig.until(lambda: ("connected", 2) in rig.told)
    rig.close_fault = None


async def test_disconnect_while_next_connection_is_made_closes_both(rig: Rig) -> None:
    """Nothing is left open behind a wanted end."""
    rig.confirms = False
    rig.sockets[0].handler(SHUTDOWN)
    await rig.until(lambda: len(rig.sockets) == 2 and len(rig.sockets[1].sent) == 2)
    await rig.stream.disconnect()
    assert [socket.is_over for socket in rig.sockets] == [True, True]
    assert rig.states == [("disconnected", 1)]


# -- TOKENS ---------------------------------------------------------------------------------------


async def test_token_refused_in_mid_stream_private_channels_begin_anew(rig: Rig) -> None:
    """A private channel that was ended comes back with another token."""
    rig.sockets[0].handler(REFUSED)
    await rig.until(lambda: ("connected", 2) in rig.told)
    assert rig.refused == [(20013, "invalid auth")]
    assert rig.sockets[1].sent[0]["auth"] == "token-2"


async def test_token_refused_at_reconnect_next_attempt_has_another(rig: Rig) -> None:
    """A refused token is told at once, and the attempt ends long before its deadline."""
    rig.confirms = False
    rig.sockets[0].is_over = True
    await rig.until(lambda: len(rig.sockets) == 2 and len(rig.sockets[1].sent) == 2)
    rig.confirms = True
    rig.sockets[1].handler(REFUSED)
    await rig.until(lambda: ("connected", 3) in rig.told)
    assert rig.refused == [(20013, "invalid auth")]
    assert rig.sockets[2].sent[0]["auth"] == "token-3"


async def test_token_refused_while_public_channel_waits_private_ones_begin_anew(rig: Rig) -> None:
    """A refusal ended the private channels, whoever else is waiting at that moment."""
    rig.confirms = False
    waiting = asyncio.create_task(rig.stream.subscribe("ticker/1"))
    await rig.until(lambda: len(rig.sockets[0].sent) == 3)
    rig.confirms = True
    rig.sockets[0].handler(REFUSED)
    with pytest.raises(StreamSubscribeError):
        await waiting
    await rig.until(lambda: ("connected", 2) in rig.told)


async def test_token_refused_on_next_connection_it_is_not_used(rig: Rig) -> None:
    """A connection made in advance that lost its private channels does not become the present."""
    rig.confirms = False
    rig.sockets[0].handler(SHUTDOWN)
    await rig.until(lambda: len(rig.sockets) == 2 and len(rig.sockets[1].sent) == 2)
    rig.confirms = True
    for channel in ("account_tx/516", "ticker/0"):
        rig.sockets[1].confirm(channel)
    rig.sockets[1].handler(REFUSED)
    await rig.until(lambda: ("connected", 3) in rig.told)
    assert rig.sockets[1].is_over
    assert rig.sockets[2].sent[0]["auth"] == "token-3"


# -- WHATEVER A FRAME CONTAINS --------------------------------------------------------------------


async def test_error_without_id_is_handed_on_alone_unless_subscription_waits(rig: Rig) -> None:
    """It may be a transaction's or a subscription's: whoever decides is told which are possible."""
    error = b'{"error":{"code":21501,"message":"invalid tx info"}}'
    rig.sockets[0].handler(error)
    rig.confirms = False
    waiting = asyncio.create_task(rig.stream.subscribe("ticker/1"))
    await rig.until(lambda: len(rig.sockets[0].sent) == 3)
    rig.sockets[0].handler(error)
    rig.sockets[0].confirm("ticker/1")
    await waiting
    assert [what for what in rig.told if what[0] == "anonymous"] == [
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
async def test_frame_of_any_content_ends_no_reader_and_is_logged_once(rig: Rig, raw: bytes) -> None:
    """It is ignored, and the next frame is read as ever."""
    remarks = len(rig.remarks)
    for _ in range(3):
        rig.sockets[0].handler(raw)
    rig.sockets[0].handler(REPLY)
    assert ("reply", "1", 1) in rig.told
    assert len(rig.remarks) == remarks + 1
    assert rig.stream.is_connected


@pytest.mark.parametrize(
    "raw", [b'{"id":"7","error":null}', b'{"id":7}', b'{"id":"7","code":null,"tx_hash":null}']
)
async def test_reply_without_code_or_error_is_handed_on_as_unknown(rig: Rig, raw: bytes) -> None:
    """An answer that says nothing is an answer: whoever waits asks elsewhere."""
    rig.sockets[0].handler(raw)
    assert ("reply", "7", 1) in rig.told


async def test_callback_that_raises_ends_no_reader(rig: Rig) -> None:
    """A consumer's mistake with one frame does not keep the next from being read."""
    rig.sockets[0].handler(b'{"type":"update/x","channel":"bad"}')
    rig.sockets[0].handler(REPLY)
    assert ("reply", "1", 1) in rig.told
    assert "ZeroDivisionError" in rig.remarks[-1]
