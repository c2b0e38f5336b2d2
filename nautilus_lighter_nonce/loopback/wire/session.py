"""
One WebSocket of the venue: greeting, subscriptions, transactions in, replies and frames out.

Rules of this file
------------------
- Requests of one socket are processed in the order they came, each after its own delay, none
  waiting for another's answer. Replies and frames leave through one line, in order.
- Error replies have neither type nor hash, and an `id` only if the request had one; keys come in
  alphabetical order; the `unsubscribed` frame alone has spaces (all observed).
- The session decides nothing about transactions: `Venue.submit` does.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from collections import deque
from typing import Any
from typing import Final
from typing import Protocol

import msgspec
from aiohttp import WSMsgType
from aiohttp import web

from nautilus_lighter_nonce.lighter.codes import CODE_OK
from nautilus_lighter_nonce.lighter.codes import Code
from nautilus_lighter_nonce.loopback.config import VenueConfig
from nautilus_lighter_nonce.loopback.venue.auth import AuthVerdict
from nautilus_lighter_nonce.loopback.venue.channels import AUTH_FAMILIES
from nautilus_lighter_nonce.loopback.venue.channels import Channel
from nautilus_lighter_nonce.loopback.venue.channels import parse_channel
from nautilus_lighter_nonce.loopback.venue.ledger import Entry
from nautilus_lighter_nonce.loopback.venue.ledger import Transport
from nautilus_lighter_nonce.loopback.venue.replies import Action
from nautilus_lighter_nonce.loopback.venue.replies import Reply
from nautilus_lighter_nonce.loopback.venue.replies import Submission
from nautilus_lighter_nonce.loopback.venue.state import State
from nautilus_lighter_nonce.loopback.venue.views import message_of
from nautilus_lighter_nonce.loopback.wire.delay import DelayLine


GARBAGE: Final = "\u0000<<unreadable>>"
SEND_TX: Final = "jsonapi/sendtx"
SEND_TX_BATCH: Final = "jsonapi/sendtxbatch"


class Venue(Protocol):
    """What a session needs of its venue."""

    @property
    def config(self) -> VenueConfig:
        """The config, as last changed."""

    @property
    def state(self) -> State:
        """The state."""

    def submit(self, submission: Submission) -> Reply:
        """Process a request."""

    def now_ns(self) -> int:
        """Return the venue's time, UNIX nanoseconds."""

    def one_way_s(self) -> float:
        """Draw the delay of one message on one way, seconds."""

    def subscribe(self, session: Session, channel: Channel) -> str:
        """Add a subscriber and return the snapshot."""

    def unsubscribe(self, session: Session, channel: Channel) -> None:
        """Remove a subscriber."""

    def close_sockets(self) -> None:
        """Close all sockets."""


class Request(msgspec.Struct, frozen=True):
    """Any frame that a client sends."""

    type: str = ""
    channel: str = ""
    auth: str = ""
    data: msgspec.Raw = msgspec.Raw(b"{}")


class SendTxData(msgspec.Struct, frozen=True, kw_only=True):
    """The `data` of a single transaction; `tx_info` is an object, text is taken too."""

    id: str | int | None = None
    tx_type: int
    tx_info: msgspec.Raw


class SendTxBatchData(msgspec.Struct, frozen=True, kw_only=True):
    """The `data` of a batch: JSON texts of arrays; plain arrays are taken too (not verified)."""

    id: str | int | None = None
    tx_types: str | list[int]
    tx_infos: str | list[str]


class Outgoing(msgspec.Struct, frozen=True):
    """A frame on its way out, with the ledger entries that it answers."""

    text: str
    entries: tuple[Entry, ...] = ()


class Session:
    """
    One connected client.

    Parameters
    ----------
    venue : Venue
        The venue.
    number : int
        The connection's number in the ledger.

    """

    def __init__(self, venue: Venue, number: int) -> None:
        self.number = number
        self.channels: set[Channel] = set()
        self._tokens: dict[Channel, str] = {}
        self._venue = venue
        self._socket = web.WebSocketResponse(
            compress=False,
            receive_timeout=venue.config.idle_close_s,
        )
        loop = asyncio.get_running_loop()
        self._loop = loop
        self._requests: DelayLine[str] = DelayLine(loop, self._process)
        self._frames: DelayLine[Outgoing] = DelayLine(loop, self._ready)
        self._outbox: deque[Outgoing] = deque()
        self._wake = asyncio.Event()
        self._transport: asyncio.BaseTransport | None = None

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """Talk to the client until one side closes."""
        await self._socket.prepare(request)
        self._transport = request.transport
        writer = self._loop.create_task(self._write())
        pinger = self._loop.create_task(self._ping())
        self.push(_encode({"session_id": str(uuid.uuid4()), "type": "connected"}))
        try:
            await self._read()
        finally:
            writer.cancel()
            pinger.cancel()
            self._requests.close()
            self._frames.close()
            await asyncio.gather(writer, pinger, return_exceptions=True)
        return self._socket

    def push(self, text: str, entries: tuple[Entry, ...] = (), *, extra_s: float = 0.0) -> None:
        """
        Send a frame.

        Parameters
        ----------
        text : str
            The frame.
        entries : tuple[Entry, ...]
            The ledger entries it answers.
        extra_s : float, default 0.0
            An extra delay of this frame alone; later frames overtake it then.

        """
        delay_s = self._venue.one_way_s() + extra_s
        overtakes = extra_s > 0 or self._venue.config.reorder
        self._frames.push(Outgoing(text, entries), delay_s, may_overtake=overtakes)

    def abort(self) -> None:
        """Cut the connection without a word."""
        if isinstance(self._transport, asyncio.WriteTransport):
            self._transport.abort()

    # -- I/O --------------------------------------------------------------------------------------

    async def _read(self) -> None:
        while True:
            try:
                message = await self._socket.receive()
            except TimeoutError:
                await self._socket.close()
                return
            if message.type is WSMsgType.TEXT:
                overtakes = self._venue.config.reorder
                delay_s = self._venue.one_way_s()
                self._requests.push(message.data, delay_s, may_overtake=overtakes)
            elif message.type is not WSMsgType.BINARY:
                return

    async def _write(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._outbox:
                outgoing = self._outbox.popleft()
                await self._socket.send_str(outgoing.text)
                for entry in outgoing.entries:
                    entry.replied_ns = self._venue.now_ns()

    async def _ping(self) -> None:
        while True:
            await asyncio.sleep(self._venue.config.ping_interval_s)
            self.push(_encode({"type": "ping"}))

    def _ready(self, outgoing: Outgoing) -> None:
        self._outbox.append(outgoing)
        self._wake.set()

    # -- REQUESTS ---------------------------------------------------------------------------------

    def _process(self, text: str) -> None:
        try:
            request = _REQUEST.decode(text)
        except (msgspec.DecodeError, UnicodeEncodeError):
            self._error(Code.WS_INVALID_JSON, "Invalid Json")
            return
        match request.type:
            case "ping":
                self.push(_encode({"type": "pong"}))
            case "pong":
                pass
            case "subscribe":
                self._subscribe(request)
            case "unsubscribe":
                self._unsubscribe(request)
            case "jsonapi/sendtx" | "jsonapi/sendtxbatch":
                self._send_tx(request)
            case _:
                self._error(Code.WS_INVALID_TYPE, "Invalid Type")

    def _subscribe(self, request: Request) -> None:
        channel = parse_channel(request.channel, self._venue.state)
        if channel is None:
            self._error(Code.WS_INVALID_CHANNEL, f"Invalid Channel: {request.channel}")
        elif channel in self.channels:
            self._error(Code.WS_ALREADY_SUBSCRIBED, f"Already Subscribed to : {channel.name}")
        elif channel.family in AUTH_FAMILIES and not self._authorize(channel, request.auth):
            pass
        else:
            self._tokens[channel] = request.auth
            self.push(self._venue.subscribe(self, channel))

    def end_revoked(self) -> None:
        """End the private channels whose token was revoked, each with its error frame."""
        tokens = self._venue.state.tokens
        for channel in [c for c, token in self._tokens.items() if tokens.has_ended(token)]:
            token = self._tokens.pop(channel)
            if channel in self.channels and channel.family in AUTH_FAMILIES:
                self._venue.unsubscribe(self, channel)
                self._authorize(channel, token)

    def _authorize(self, channel: Channel, token: str) -> bool:
        now_s = self._venue.now_ns() / 1e9
        verdict = self._venue.state.tokens.check(token, now_s, channel.account_index)
        if verdict is AuthVerdict.MISSING:
            text = f"invalid param : auth field is required: {channel.name}"
            self._error(Code.INVALID_PARAM, text)
        elif verdict is not AuthVerdict.VALID:
            self._error(Code.INVALID_AUTH, verdict.text_for(channel.name))
        return verdict is AuthVerdict.VALID

    def _unsubscribe(self, request: Request) -> None:
        channel = parse_channel(request.channel, self._venue.state)
        if channel is None or channel not in self.channels:
            self._error(Code.WS_NOT_SUBSCRIBED, f"Not Subscribed to : {request.channel}")
            return
        self._venue.unsubscribe(self, channel)
        # Spaces after the colons: this frame alone has them (observed).
        self.push(json.dumps({"type": "unsubscribed", "channel": channel.name}))

    def _send_tx(self, request: Request) -> None:
        read = _read_batch if request.type == SEND_TX_BATCH else _read_single
        try:
            request_id, tx_types, tx_infos = read(request.data)
        except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError):
            self._error(Code.INVALID_TX_INFO, message_of(Code.INVALID_TX_INFO))
            return
        submission = Submission(
            transport=Transport.WS,
            connection=self.number,
            tx_types=tuple(tx_types),
            tx_infos=tuple(tx_infos),
            is_batch=request.type == SEND_TX_BATCH,
        )
        self._answer(request.type, request_id, self._venue.submit(submission))

    def _answer(self, kind: str, request_id: str | int | None, reply: Reply) -> None:
        if reply.closes:
            self._venue.close_sockets()
        if reply.action is Action.SILENCE:
            return
        if reply.action is Action.GARBAGE:
            self.push(GARBAGE, reply.entries)
            return
        frame = _reply_frame(kind, request_id, reply)
        self.push(_encode(frame), reply.entries, extra_s=reply.delay_ms / 1_000)

    def _error(self, code: Code, text: str) -> None:
        self.push(_encode({"error": {"code": int(code), "message": text}}))


def _reply_frame(kind: str, request_id: str | int | None, reply: Reply) -> dict[str, Any]:
    frame: dict[str, Any]
    if reply.code == CODE_OK:
        hashes = list(reply.hashes) if kind == SEND_TX_BATCH else reply.hashes[0]
        frame = {
            "code": CODE_OK,
            "predicted_execution_time_ms": reply.predicted_ms,
            "tx_hash": hashes,
            "type": kind,
        }
        if reply.message:
            frame["message"] = reply.message
        if reply.quota_remaining is not None:
            frame["volume_quota_remaining"] = reply.quota_remaining
    else:
        text = reply.message or message_of(reply.code)
        frame = {"error": {"code": reply.code, "message": text}}
    if request_id is not None:
        frame["id"] = request_id
    return dict(sorted(frame.items()))


def _read_single(data: msgspec.Raw) -> tuple[str | int | None, list[int], list[str]]:
    single = _SINGLE.decode(data)
    raw = bytes(single.tx_info)
    text = msgspec.json.decode(raw, type=str) if raw.startswith(b'"') else raw.decode()
    return single.id, [single.tx_type], [text]


def _read_batch(data: msgspec.Raw) -> tuple[str | int | None, list[int], list[str]]:
    batch = _BATCH.decode(data)
    return batch.id, read_ints(batch.tx_types), read_texts(batch.tx_infos)


def read_ints(value: str | list[int]) -> list[int]:
    """Return the `tx_types` of a batch: the JSON text of an array, or the array."""
    return msgspec.json.decode(value, type=list[int]) if isinstance(value, str) else value


def read_texts(value: str | list[str]) -> list[str]:
    """Return the `tx_infos` of a batch: the JSON text of an array of texts, or the array."""
    return msgspec.json.decode(value, type=list[str]) if isinstance(value, str) else value


def _encode(frame: dict[str, Any]) -> str:
    return msgspec.json.encode(frame).decode()


_REQUEST: Final = msgspec.json.Decoder(Request)
_SINGLE: Final = msgspec.json.Decoder(SendTxData)
_BATCH: Final = msgspec.json.Decoder(SendTxBatchData)
