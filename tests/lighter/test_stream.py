"""The stream: order of writes, attribution of replies, and what a lost connection means."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from nautilus_lighter_nonce.lighter.codes import Verdict
from nautilus_lighter_nonce.lighter.connection import Backoff
from nautilus_lighter_nonce.lighter.connection import Handler
from nautilus_lighter_nonce.lighter.connection import Socket
from nautilus_lighter_nonce.lighter.errors import NotSent
from nautilus_lighter_nonce.lighter.errors import SignerError
from nautilus_lighter_nonce.lighter.errors import StreamConnectError
from nautilus_lighter_nonce.lighter.errors import StreamSendError
from nautilus_lighter_nonce.lighter.frames import StreamReply
from tests.lighter.streams import TX_INFO
from tests.lighter.streams import Consumer
from tests.lighter.streams import connected
from tests.lighter.streams import new_stream


# -- SENDING --------------------------------------------------------------------------------------


async def test_send_tx_500_at_once_arrive_in_order_of_calls() -> None:
    """Frames leave in the order of the calls, however many wait."""
    async with connected() as (venue, _, stream):
        await asyncio.gather(*[stream.send_tx(str(n), 14, TX_INFO) for n in range(500)])
        await venue.until(lambda: len(venue.frames[0]) == 500)
        assert [frame["data"]["id"] for frame in venue.frames[0]] == [str(n) for n in range(500)]


async def test_send_tx_text_is_written_verbatim() -> None:
    """The signed text is embedded as an object, byte for byte."""
    async with connected() as (venue, _, stream):
        assert await stream.send_tx("r-1", 14, TX_INFO) == 1
        await venue.until(lambda: venue.texts)
        assert venue.texts[0] == (
            '{"type":"jsonapi/sendtx","data":{"id":"r-1","tx_type":14,"tx_info":' + TX_INFO + "}}"
        )


async def test_send_tx_batch_lists_are_texts() -> None:
    """A batch carries its lists as JSON text, the transactions as text inside text."""
    async with connected() as (venue, _, stream):
        await stream.send_tx_batch("b-1", [14, 15], ['{"a":1}', '{"b":2}'])
        await venue.until(lambda: venue.frames[0])
        assert venue.frames[0][0] == {
            "type": "jsonapi/sendtxbatch",
            "data": {
                "id": "b-1",
                "tx_types": "[14,15]",
                "tx_infos": '["{\\"a\\":1}","{\\"b\\":2}"]',
            },
        }


async def test_send_tx_before_connect_raises_not_sent() -> None:
    """Without a connection nothing is written, and the caller knows it."""
    stream = new_stream("ws://127.0.0.1:1/stream", Consumer())
    with pytest.raises(StreamSendError) as caught:
        await stream.send_tx("r-1", 14, TX_INFO)
    assert caught.value.sent is False
    assert caught.value.reason is NotSent.NOT_CONNECTED


async def test_send_tx_of_another_epoch_raises_not_sent() -> None:
    """What was meant for an old connection is not written on a new one."""
    async with connected() as (venue, consumer, stream):
        await venue.sockets[0].close()
        await consumer.until(lambda: ("connected", 2) in consumer.states)
        with pytest.raises(StreamSendError) as caught:
            await stream.send_tx("r-1", 14, TX_INFO, epoch=1)
        assert caught.value.reason is NotSent.OTHER_EPOCH
        assert venue.frames[1] == []


async def test_send_tx_after_disconnect_raises_not_sent() -> None:
    """A closed stream refuses."""
    async with connected() as (_, _, stream):
        await stream.disconnect()
        with pytest.raises(StreamSendError):
            await stream.send_tx("r-1", 14, TX_INFO)


# -- REPLIES --------------------------------------------------------------------------------------


async def test_reply_success_carries_id_verdict_and_hash() -> None:
    """A success names its request, its hash and its connection."""
    async with connected() as (venue, consumer, _):
        await venue.say(
            '{"code":200,"id":"r-1","predicted_execution_time_ms":17,'
            '"tx_hash":"3a54","type":"jsonapi/sendtx"}'
        )
        await consumer.until(lambda: consumer.replies)
        assert consumer.replies[0] == StreamReply(
            request_id="r-1",
            verdict=Verdict.ACCEPTED,
            code=200,
            message="",
            tx_hashes=("3a54",),
            predicted_execution_time_ms=17,
            epoch=1,
        )


@pytest.mark.parametrize(
    ("text", "verdict", "code", "hashes"),
    [
        (
            '{"code":200,"id":"x","tx_hash":["a","b"],"type":"jsonapi/sendtxbatch"}',
            Verdict.ACCEPTED,
            200,
            ("a", "b"),
        ),
        ('{"error":{"code":21104,"message":"invalid nonce"},"id":"x"}', Verdict.STALE, 21104, ()),
        ('{"error":{"code":21739,"message":"no"},"id":"x"}', Verdict.REFUSED, 21739, ()),
        ('{"type":"jsonapi/sendtx","code":21727,"id":"x"}', Verdict.REFUSED, 21727, ()),
        ('{"error":{"code":29500},"id":"x"}', Verdict.UNKNOWN, 29500, ()),
        ('{"type":"jsonapi/sendtx","id":"x"}', Verdict.UNKNOWN, None, ()),
    ],
)
async def test_reply_each_shape_has_its_verdict(
    text: str, verdict: Verdict, code: int | None, hashes: tuple[str, ...]
) -> None:
    """The code decides the verdict; a reply that says nothing is unknown."""
    async with connected() as (venue, consumer, _):
        await venue.say(text)
        await consumer.until(lambda: consumer.replies)
        reply = consumer.replies[0]
        assert (reply.request_id, reply.verdict, reply.code) == ("x", verdict, code)
        assert reply.tx_hashes == hashes


async def test_reply_out_of_order_is_matched_by_id() -> None:
    """Replies are told apart by their ids, numeric ones included."""
    async with connected() as (venue, consumer, stream):
        await stream.send_tx("1", 14, TX_INFO)
        await stream.send_tx("2", 14, TX_INFO)
        await venue.say('{"code":200,"id":2,"tx_hash":"b","type":"jsonapi/sendtx"}')
        await venue.say('{"error":{"code":21739,"message":""},"id":"1"}')
        await consumer.until(lambda: len(consumer.replies) == 2)
        assert [reply.request_id for reply in consumer.replies] == ["2", "1"]


async def test_reply_error_without_id_belongs_to_no_request() -> None:
    """Regression for incident 2223963cac: a subscription's error is no transaction's rejection."""
    async with connected() as (venue, consumer, stream):
        await stream.send_tx("1", 14, TX_INFO)
        await venue.say('{"error":{"code":30003,"message":"Already Subscribed"}}')
        await venue.say('{"error":{"code":21501,"message":"invalid tx info"}}')
        await venue.say('{"code":200,"id":"1","tx_hash":"a","type":"jsonapi/sendtx"}')
        await consumer.until(lambda: consumer.replies)
        assert [reply.code for reply in consumer.replies] == [200]


async def test_frame_unreadable_is_counted_and_survived() -> None:
    """Text that nobody understands is counted; the next frame is read as ever."""
    async with connected() as (venue, consumer, stream):
        for text in ("<html>", "[1,2]", '{"error":"text"}'):
            await venue.say(text)
        await venue.say('{"code":200,"id":"1","tx_hash":"a","type":"jsonapi/sendtx"}')
        await consumer.until(lambda: consumer.replies)
        assert stream.unreadable_frames == 3


async def test_ping_frame_is_answered_with_pong() -> None:
    """The venue's application ping is answered on the same connection."""
    async with connected() as (venue, _, _):
        await venue.say('{"type":"ping"}')
        await venue.until(lambda: venue.frames[0])
        assert venue.frames[0] == [{"type": "pong"}]


# -- CONNECTIONS ----------------------------------------------------------------------------------


async def test_connect_nobody_listens_raises_with_url_and_remedy() -> None:
    """The first failure is the caller's to know, with its cause."""
    stream = new_stream("ws://127.0.0.1:1/stream", Consumer())
    with pytest.raises(StreamConnectError) as caught:
        await stream.connect()
    assert caught.value.url == "ws://127.0.0.1:1/stream"
    assert "check the address" in str(caught.value)
    assert caught.value.__cause__ is not None
    assert not stream.is_connected


@pytest.mark.parametrize("ending", ["close", "reset"])
async def test_server_ends_connection_stream_comes_back_with_next_epoch(ending: str) -> None:
    """A close or a reset ends the epoch; the next has all channels again, with a fresh token."""
    async with connected() as (venue, consumer, stream):
        await stream.subscribe("account_all_orders/516", auth=True)
        await stream.subscribe("ticker/0")
        if ending == "close":
            await venue.sockets[0].close()
        else:
            venue.reset()
        await consumer.until(lambda: ("connected", 2) in consumer.states)
        assert consumer.states == [("connected", 1), ("disconnected", 1), ("connected", 2)]
        assert stream.epoch == 2
        assert stream.is_connected
        assert venue.frames[1] == [
            {"type": "subscribe", "channel": "account_all_orders/516", "auth": "token-2"},
            {"type": "subscribe", "channel": "ticker/0"},
        ]


async def test_reconnect_snapshots_come_before_on_connected() -> None:
    """By `on_connected` the state of the new connection is known."""
    async with connected() as (venue, consumer, stream):
        await stream.subscribe("ticker/0")
        await venue.sockets[0].close()
        await consumer.until(lambda: ("connected", 2) in consumer.states)
        assert [epoch for *_, epoch in consumer.frames] == [1, 2]


async def test_reconnect_replays_nothing_of_the_old_connection() -> None:
    """What was written around a disconnect is never written again on the next connection."""
    async with connected() as (venue, consumer, stream):
        venue.reset()
        results = await asyncio.gather(
            *[stream.send_tx(str(n), 14, TX_INFO) for n in range(50)], return_exceptions=True
        )
        assert all(isinstance(result, int | StreamSendError) for result in results)
        await consumer.until(lambda: ("connected", 2) in consumer.states)
        await stream.send_tx("fresh", 14, TX_INFO)
        await venue.until(lambda: venue.frames[1])
        assert [frame["data"]["id"] for frame in venue.frames[1]] == ["fresh"]


async def test_replies_before_close_are_delivered_before_on_disconnected() -> None:
    """What the connection still brought is evidence, and comes before its end."""
    async with connected() as (venue, consumer, _stream):
        seen: list[int] = []
        consumer.on_disconnected = lambda _: seen.append(len(consumer.replies))
        for n in range(20):
            await venue.say(f'{{"code":200,"id":"{n}","tx_hash":"a","type":"jsonapi/sendtx"}}')
        await venue.sockets[0].close()
        await consumer.until(lambda: ("connected", 2) in consumer.states)
        assert seen == [20]
        consumer.on_disconnected = consumer.note_end


@pytest.mark.parametrize(
    "fault",
    [SignerError("create an auth token", "not now"), RuntimeError("nobody thought of it")],
)
async def test_reconnect_token_fault_is_survived(fault: Exception) -> None:
    """A signer that fails once, in whatever way, does not end the stream."""
    async with connected() as (venue, consumer, stream):
        await stream.subscribe("account_tx/516", auth=True)
        consumer.token_faults.append(fault)
        await venue.sockets[0].close()
        await consumer.until(lambda: len(consumer.states) == 3)
        assert consumer.states[-1] == ("connected", stream.epoch)


async def test_callback_raises_stream_comes_back_all_the_same() -> None:
    """A consumer's mistake goes to the loop's handler and does not end the stream."""
    mistakes: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: mistakes.append(context))
    async with connected() as (venue, consumer, _stream):

        def fail(epoch: int) -> None:
            raise ZeroDivisionError

        consumer.on_disconnected = fail
        await venue.sockets[0].close()
        await consumer.until(lambda: ("connected", 2) in consumer.states)
        consumer.on_disconnected = consumer.note_end
    assert [type(context["exception"]) for context in mistakes] == [ZeroDivisionError]


async def test_disconnect_tells_the_end_once_and_stays_closed() -> None:
    """A wanted end is an end of the epoch too, and no reconnect follows."""
    async with connected() as (venue, consumer, stream):
        await stream.disconnect()
        await stream.disconnect()
        assert consumer.states == [("connected", 1), ("disconnected", 1)]
        assert not stream.is_connected
        assert len(venue.sockets) == 1


async def test_connect_again_after_disconnect_starts_next_epoch() -> None:
    """A stream can be used again; epochs go on counting, channels start anew."""
    async with connected() as (venue, consumer, stream):
        await stream.subscribe("ticker/0")
        await stream.disconnect()
        await stream.connect()
        assert consumer.states[-1] == ("connected", 2)
        assert venue.frames[1] == []


# -- WITHOUT A NETWORK ----------------------------------------------------------------------------


class FakeSocket:
    """A connection that a test can end at will."""

    def __init__(self, handler: Handler) -> None:
        self.handler = handler
        self.sent: list[bytes] = []
        self.is_over = False
        self.may_send = asyncio.Event()
        self.may_send.set()

    async def send_text(self, data: bytes) -> None:
        await self.may_send.wait()
        self.sent.append(data)

    async def disconnect(self) -> None:
        self.is_over = True

    def is_closed(self) -> bool:
        return self.is_over

    def is_reconnecting(self) -> bool:
        return False


class FakeDial:
    """Makes fake connections and keeps them."""

    def __init__(self) -> None:
        self.sockets: list[FakeSocket] = []

    async def __call__(self, handler: Handler) -> Socket:
        self.sockets.append(FakeSocket(handler))
        return self.sockets[-1]


async def test_late_frame_of_old_epoch_is_dropped() -> None:
    """What an old connection still says touches nothing, before and after the next one."""
    dial, consumer = FakeDial(), Consumer()
    stream = new_stream("ws://fake", consumer, dial=dial)
    await stream.connect()
    dial.sockets[0].is_over = True
    await consumer.until(lambda: ("disconnected", 1) in consumer.states)
    late = b'{"code":200,"id":"1","tx_hash":"a","type":"jsonapi/sendtx"}'
    dial.sockets[0].handler(late)
    await consumer.until(lambda: ("connected", 2) in consumer.states)
    dial.sockets[0].handler(late)
    assert consumer.replies == []
    dial.sockets[1].handler(late)
    assert [reply.epoch for reply in consumer.replies] == [2]
    await stream.disconnect()


async def test_send_tx_caller_cancelled_next_frame_does_not_overtake() -> None:
    """A write that was begun keeps its turn when its caller is cancelled."""
    dial = FakeDial()
    stream = new_stream("ws://fake", Consumer(), dial=dial)
    await stream.connect()
    socket = dial.sockets[0]
    socket.may_send.clear()
    first = asyncio.create_task(stream.send_tx("1", 14, TX_INFO))
    second = asyncio.create_task(stream.send_tx("2", 14, TX_INFO))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    socket.may_send.set()
    await second
    assert first.cancelled()
    assert [b'"id":"1"' in data for data in socket.sent] == [True, False]
    await stream.disconnect()


async def test_send_tx_waiting_while_epoch_ends_raises_not_sent() -> None:
    """A frame that still waited for its turn when its connection ended is not written."""
    dial, consumer = FakeDial(), Consumer()
    stream = new_stream("ws://fake", consumer, dial=dial)
    await stream.connect()
    dial.sockets[0].may_send.clear()
    first = asyncio.create_task(stream.send_tx("1", 14, TX_INFO))
    second = asyncio.create_task(stream.send_tx("2", 14, TX_INFO))
    await asyncio.sleep(0)
    dial.sockets[0].is_over = True
    await consumer.until(lambda: ("connected", 2) in consumer.states)
    dial.sockets[0].may_send.set()
    assert await first == 1
    with pytest.raises(StreamSendError) as caught:
        await second
    assert caught.value.reason is NotSent.OTHER_EPOCH
    assert dial.sockets[1].sent == []
    await stream.disconnect()


@pytest.mark.parametrize(
    ("attempt", "low", "high"), [(0, 0.05, 0.1), (1, 0.1, 0.2), (9, 1.0, 2.0), (5000, 1.0, 2.0)]
)
def test_backoff_delay_doubles_up_to_its_ceiling(attempt: int, low: float, high: float) -> None:
    """Delays double, are spread over their upper half, and stay below the ceiling."""
    assert Backoff().delay(attempt, 0.0) == low
    assert Backoff().delay(attempt, 1.0) == high


async def test_stream_repr_shows_no_token() -> None:
    """Neither the stream's text nor its remarks hold a token."""
    async with connected() as (_, consumer, stream):
        await stream.subscribe("account_tx/516", auth=True)
        assert "token-1" not in f"{stream!r} {vars(stream)} {consumer.remarks}"
