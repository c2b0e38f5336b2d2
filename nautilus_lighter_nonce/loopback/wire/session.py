"""
One client of the WebSocket: its subscriptions, its transactions, its answers.

Rules of this file
------------------
- Requests of one socket are processed in the order they came, each after its own delay, none
  waiting for another's answer. Replies and frames leave through one line, in order; frames of a
  channel may be late before that, on a way of their own.
- A request is processed also when its client has gone meanwhile.
- The session decides nothing about transactions: `Venue.submit` does.
"""

from __future__ import annotations

import asyncio
from typing import Protocol

from aiohttp import web

from nautilus_lighter_nonce.lighter.codes import Code
from nautilus_lighter_nonce.loopback.venue.auth import AuthVerdict
from nautilus_lighter_nonce.loopback.venue.channels import AUTH_FAMILIES
from nautilus_lighter_nonce.loopback.venue.channels import Channel
from nautilus_lighter_nonce.loopback.venue.channels import parse_channel
from nautilus_lighter_nonce.loopback.venue.faults import Fault
from nautilus_lighter_nonce.loopback.venue.faults import Lever
from nautilus_lighter_nonce.loopback.venue.faults import When
from nautilus_lighter_nonce.loopback.venue.ledger import Transport
from nautilus_lighter_nonce.loopback.venue.replies import Action
from nautilus_lighter_nonce.loopback.venue.replies import Reply
from nautilus_lighter_nonce.loopback.venue.replies import Submission
from nautilus_lighter_nonce.loopback.venue.state import State
from nautilus_lighter_nonce.loopback.venue.views import message_of
from nautilus_lighter_nonce.loopback.wire import frames
from nautilus_lighter_nonce.loopback.wire.connection import Arrival
from nautilus_lighter_nonce.loopback.wire.connection import Clocked
from nautilus_lighter_nonce.loopback.wire.connection import Connection
from nautilus_lighter_nonce.loopback.wire.connection import Outgoing
from nautilus_lighter_nonce.loopback.wire.delay import DelayLine


class Venue(Clocked, Protocol):
    """What a session needs of its venue."""

    @property
    def state(self) -> State:
        """The state."""

    @property
    def is_wire_armed(self) -> bool:
        """Whether a lever waits for a request on its socket."""

    def meet(self, submission: Submission) -> Lever | None:
        """Return the lever that fires on a request before the venue has read it."""

    def submit(self, submission: Submission) -> Reply:
        """Process a request."""

    def subscribe(self, session: Session, channel: Channel) -> None:
        """Add a subscriber and send it the snapshot."""

    def unsubscribe(self, session: Session, channel: Channel) -> None:
        """Remove a subscriber."""

    def close_sockets(self) -> None:
        """Cut all sockets."""

    def shut_down(self, lever: Lever) -> None:
        """Close all sockets as a lever says."""


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
        self.connection = Connection(venue, self._process, self._lever_on)
        self._venue = venue
        self._tokens: dict[Channel, str] = {}
        self._late: DelayLine[Outgoing] = DelayLine(
            asyncio.get_running_loop(), self.connection.push
        )
        self._swapped: list[Outgoing] = []

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """Talk to the client until one side closes."""
        try:
            return await self.connection.serve(request)
        finally:
            self._late.close()
            for channel in list(self._tokens):
                self._end(channel)

    def show(self, channel: Channel, data: bytes, delay_s: float) -> None:
        """Send a frame of a channel, so late; frames of the same channel do not overtake it."""
        self._late.push(Outgoing(data), delay_s, behind=channel)

    # -- REQUESTS ---------------------------------------------------------------------------------

    def _process(self, arrival: Arrival) -> None:
        request = frames.read_request(arrival.text)
        if request is None:
            self._error(Code.WS_INVALID_JSON, "Invalid Json")
            return
        match request.type:
            case frames.SEND_TX | frames.SEND_TX_BATCH:
                self._send_tx(request, arrival)
            case "ping":
                self._push(frames.encode({"type": "pong"}))
            case "pong":
                pass
            case "subscribe":
                self._subscribe(request)
            case "unsubscribe":
                self._unsubscribe(request)
            case _:
                self._error(Code.WS_INVALID_TYPE, "Invalid Type")

    def _push(self, data: bytes) -> None:
        self.connection.push(Outgoing(data))

    def _error(self, code: Code, text: str) -> None:
        self._push(frames.error(code, text))

    # -- SUBSCRIPTIONS ----------------------------------------------------------------------------

    def _subscribe(self, request: frames.Request) -> None:
        channel = parse_channel(request.channel, self._venue.state)
        if channel is None:
            self._error(Code.WS_INVALID_CHANNEL, f"Invalid Channel: {request.channel}")
        elif channel in self._tokens:
            self._error(Code.WS_ALREADY_SUBSCRIBED, f"Already Subscribed to : {channel.name}")
        elif channel.family in AUTH_FAMILIES and not self._authorize(channel, request.auth):
            pass
        elif not self.connection.is_over:
            self._tokens[channel] = request.auth if channel.family in AUTH_FAMILIES else ""
            self._venue.subscribe(self, channel)

    def _authorize(self, channel: Channel, token: str) -> bool:
        now_s = self._venue.now_ns() / 1e9
        verdict = self._venue.state.tokens.check(token, now_s, channel.account_index)
        if verdict is AuthVerdict.MISSING:
            text = f"invalid param : auth field is required: {channel.name}"
            self._error(Code.INVALID_PARAM, text)
        elif verdict is not AuthVerdict.VALID:
            self._error(Code.INVALID_AUTH, verdict.text_for(channel.name))
        return verdict is AuthVerdict.VALID

    def check_tokens(self) -> None:
        """End the channels whose tokens are no longer good, each with the error that says so."""
        for channel, token in list(self._tokens.items()):
            if token and not self._authorize(channel, token):
                self._end(channel)

    def _unsubscribe(self, request: frames.Request) -> None:
        channel = parse_channel(request.channel, self._venue.state)
        if channel is None or channel not in self._tokens:
            self._error(Code.WS_NOT_SUBSCRIBED, f"Not Subscribed to : {request.channel}")
            return
        self._end(channel)
        self._push(frames.unsubscribed(channel.name))

    def _end(self, channel: Channel) -> None:
        del self._tokens[channel]
        self._venue.unsubscribe(self, channel)

    # -- TRANSACTIONS -----------------------------------------------------------------------------

    def _lever_on(self, text: str) -> Lever | None:
        """Return the lever that a frame meets when it was read."""
        if not self._venue.is_wire_armed:
            return None
        request = frames.read_request(text)
        if request is None or not request.is_transaction:
            return None
        found = frames.read_transactions(request)
        return None if found is None else self._venue.meet(self._submission(request, found))

    def _submission(
        self,
        request: frames.Request,
        found: frames.Transactions,
        received_ns: int = 0,
        fault: Fault | None = None,
    ) -> Submission:
        return Submission(
            transport=Transport.WS,
            connection=self.number,
            tx_types=found.tx_types,
            tx_infos=found.tx_infos,
            is_batch=request.type == frames.SEND_TX_BATCH,
            received_ns=received_ns,
            fault=fault,
        )

    def _send_tx(self, request: frames.Request, arrival: Arrival) -> None:
        found = frames.read_transactions(request)
        if found is None:
            self._error(Code.INVALID_TX_INFO, message_of(Code.INVALID_TX_INFO))
            return
        submission = self._submission(request, found, arrival.received_ns, arrival.fault)
        self._answer(request.type, found.id, self._venue.submit(submission))

    def _answer(self, kind: str, request_id: frames.RequestId, reply: Reply) -> None:
        shutdown = reply.shutdown
        if reply.closes:
            self._venue.close_sockets()
        if shutdown is not None and shutdown.when is not When.AFTER:
            self._venue.shut_down(shutdown)
        if reply.action is not Action.SILENCE:
            self._reply(kind, request_id, reply)
        if shutdown is not None and shutdown.when is When.AFTER:
            self._venue.shut_down(shutdown)

    def _reply(self, kind: str, request_id: frames.RequestId, reply: Reply) -> None:
        fault = None if reply.lever is None else reply.lever.fault
        outgoing = Outgoing(frames.reply(kind, request_id, reply), reply.entries)
        if fault is Fault.SWAP_REPLY:
            self._swapped.append(outgoing)
            return
        self.connection.push(outgoing, reply.delay_ms / 1_000)
        if fault is Fault.DOUBLE_REPLY:
            self.connection.push(outgoing)
        if self._swapped:
            self._let_swapped_go()

    def _let_swapped_go(self) -> None:
        swapped, self._swapped = self._swapped, []
        for outgoing in swapped:
            self.connection.push(outgoing)
