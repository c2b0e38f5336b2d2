"""
The REST API: one handler per endpoint, errors as the venue answers them.

Rules of this file
------------------
- A refusal is raised as `ApiError` and rendered in one place: HTTP 400 with code and message, 401
  for auth (observed).
- Latency and the levers of reads are in one middleware, around every handler. A transaction that
  was read arrives also when its client has gone meanwhile.
- Handlers read the state; only `sendTx` and `sendTxBatch` change anything, through the engine.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from collections.abc import Callable
from collections.abc import Mapping
from typing import Any
from typing import Final
from typing import NoReturn
from typing import Protocol
from weakref import WeakKeyDictionary

import msgspec
from aiohttp import web

from nautilus_lighter_nonce.lighter.codes import CODE_OK
from nautilus_lighter_nonce.lighter.codes import Code
from nautilus_lighter_nonce.loopback.config import VenueConfig
from nautilus_lighter_nonce.loopback.venue import endpoints
from nautilus_lighter_nonce.loopback.venue import params
from nautilus_lighter_nonce.loopback.venue import queries
from nautilus_lighter_nonce.loopback.venue import queries_markets
from nautilus_lighter_nonce.loopback.venue.auth import AuthVerdict
from nautilus_lighter_nonce.loopback.venue.faults import Body
from nautilus_lighter_nonce.loopback.venue.faults import Fault
from nautilus_lighter_nonce.loopback.venue.faults import Lever
from nautilus_lighter_nonce.loopback.venue.ledger import Counters
from nautilus_lighter_nonce.loopback.venue.ledger import Entry
from nautilus_lighter_nonce.loopback.venue.ledger import Transport
from nautilus_lighter_nonce.loopback.venue.params import ApiError
from nautilus_lighter_nonce.loopback.venue.replies import Action
from nautilus_lighter_nonce.loopback.venue.replies import Reply
from nautilus_lighter_nonce.loopback.venue.replies import Submission
from nautilus_lighter_nonce.loopback.venue.state import State
from nautilus_lighter_nonce.loopback.venue.views import message_of
from nautilus_lighter_nonce.loopback.wire.bodies import html
from nautilus_lighter_nonce.loopback.wire.bodies import spoil
from nautilus_lighter_nonce.loopback.wire.frames import read_ints
from nautilus_lighter_nonce.loopback.wire.frames import read_texts


PREFIX: Final = "/api/v1/"
RATE_LIMIT_MESSAGE: Final = '{"ratelimit": "Ratelimit is off"}'  # observed on testnet
FRAME_HEAD_START_S: Final = 0.005  # with `frame_before_reply`, for the frames on another socket

_SENDS: Final = ("sendTx", "sendTxBatch")
_AFTER_READ: Final = (Fault.DELAY, Fault.UNREADABLE, Fault.DROP_REPLY)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Rendered(msgspec.Struct, frozen=True):
    """A response before it is one."""

    body: bytes
    status: int = 200
    content_type: str = "application/json"

    def response(self) -> web.Response:
        """Return the response."""
        return web.Response(body=self.body, status=self.status, content_type=self.content_type)


class Venue(Protocol):
    """What the REST API needs of its venue."""

    @property
    def config(self) -> VenueConfig:
        """The config, as last changed."""

    @property
    def state(self) -> State:
        """The state."""

    @property
    def counters(self) -> Counters:
        """What the ledger counts besides transactions."""

    def submit(self, submission: Submission) -> Reply:
        """Process a request."""

    def next_nonce(self, key: tuple[int, int]) -> Any:
        """Return what `nextNonce` reports now."""

    def takes_read(self, endpoint: str) -> bool:
        """Count a read, and return whether the tier allows it."""

    def lever_for(self, endpoint: str) -> Lever | None:
        """Return the lever that fires on a read of an endpoint."""

    def now_ns(self) -> int:
        """Return the venue's time, UNIX nanoseconds."""

    def one_way_s(self) -> float:
        """Draw the delay of one message on one way, seconds."""

    def new_connection(self) -> int:
        """Count a connection and return its number."""

    def close_sockets(self) -> None:
        """Cut all sockets."""

    def shut_down(self, lever: Lever) -> None:
        """Close all sockets as a lever says."""


class TxResponse(web.Response):
    """
    The response to a transaction, with the ledger entries that it answers.

    Parameters
    ----------
    rendered : Rendered
        What it says.
    entries : tuple[Entry, ...]
        The entries.

    """

    def __init__(self, rendered: Rendered, entries: tuple[Entry, ...]) -> None:
        super().__init__(
            body=rendered.body, status=rendered.status, content_type=rendered.content_type
        )
        self.entries = entries


class Rest:
    """
    The REST API of one venue.

    Parameters
    ----------
    venue : Venue
        The venue.

    """

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self._numbers: WeakKeyDictionary[asyncio.BaseTransport, int] = WeakKeyDictionary()
        self._on_their_way: set[asyncio.Task[Reply]] = set()

    def mount(self, app: web.Application) -> None:
        """Add the routes and the middleware to an application."""

        @web.middleware
        async def around(request: web.Request, handler: Handler) -> web.StreamResponse:
            return await self._around(request, handler)

        app.middlewares.append(around)
        app.on_cleanup.append(self._lose_requests)
        app.router.add_post(f"{PREFIX}sendTx", self._send_tx)
        app.router.add_post(f"{PREFIX}sendTxBatch", self._send_tx_batch)
        app.router.add_get(f"{PREFIX}nextNonce", self._next_nonce)
        app.router.add_get(f"{PREFIX}tx", self._tx)
        for name, (query, needs_auth) in endpoints.QUERIES.items():
            app.router.add_get(f"{PREFIX}{name}", self._query(query, needs_auth))
        app.router.add_get("/", self._query(queries_markets.status, needs_auth=False))

    # -- AROUND EVERY REQUEST ---------------------------------------------------------------------

    async def _around(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if not request.path.startswith(PREFIX):
            return await handler(request)
        endpoint = request.path.removeprefix(PREFIX)
        self._number_of(request)
        if endpoint not in _SENDS:
            await _pause(self._venue.one_way_s())
            if not self._venue.takes_read(endpoint):
                return _rate_limited(429).response()
        lever = self._venue.lever_for(endpoint)
        if lever is None or lever.fault in _AFTER_READ:
            response = await self._safely(request, handler)
        else:
            response = await _bent_read(lever)
        if lever is not None and lever.fault is Fault.UNREADABLE:
            response = _spoiled(lever, response)
        elif lever is not None and lever.fault is Fault.DROP_REPLY:
            await _never()
        await _pause(
            (lever.wait_ms / 1_000 if lever is not None else 0.0) + self._venue.one_way_s()
        )
        for entry in response.entries if isinstance(response, TxResponse) else ():
            entry.replied_ns = self._venue.now_ns()
        return response

    async def _safely(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except ApiError as e:
            body = {"code": int(e.code), "message": e.text or message_of(e.code)}
            return json_response(body, status=e.status)

    def _number_of(self, request: web.Request) -> int:
        transport = request.transport
        if transport is None:
            return 0
        if transport not in self._numbers:
            self._numbers[transport] = self._venue.new_connection()
        return self._numbers[transport]

    # -- TRANSACTIONS -----------------------------------------------------------------------------

    async def _send_tx(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()
        tx_type, tx_info = _text(form, "tx_type"), _text(form, "tx_info")
        if not tx_type.isdecimal():
            raise ApiError(Code.INVALID_PARAM, "invalid param : tx_type")
        return await self._submit(request, (int(tx_type),), (tx_info,), is_batch=False)

    async def _send_tx_batch(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()
        try:
            tx_types = read_ints(_text(form, "tx_types"))
            tx_infos = read_texts(_text(form, "tx_infos"))
        except msgspec.DecodeError as e:
            raise ApiError(Code.INVALID_TX_INFO) from e
        return await self._submit(request, tuple(tx_types), tuple(tx_infos), is_batch=True)

    async def _submit(
        self,
        request: web.Request,
        tx_types: tuple[int, ...],
        tx_infos: tuple[str, ...],
        *,
        is_batch: bool,
    ) -> web.StreamResponse:
        submission = Submission(
            transport=Transport.HTTP,
            connection=self._number_of(request),
            tx_types=tx_types,
            tx_infos=tx_infos,
            is_batch=is_batch,
            received_ns=self._venue.now_ns(),
        )
        reply = await self._bring(submission)
        if reply.closes:
            self._venue.close_sockets()
            _abort(request)
        if reply.shutdown is not None:
            self._venue.shut_down(reply.shutdown)
        if reply.action is Action.SILENCE:
            await _never()
        head_start_s = FRAME_HEAD_START_S if self._venue.config.frame_before_reply else 0.0
        await _pause(reply.delay_ms / 1_000 + head_start_s)
        return TxResponse(_render(reply, is_batch=is_batch), reply.entries)

    async def _bring(self, submission: Submission) -> Reply:
        """Let a request arrive after its way, whether or not its client waits for that."""
        delay_s = self._venue.one_way_s()
        if delay_s <= 0:
            return self._venue.submit(submission)
        task = asyncio.get_running_loop().create_task(self._submit_after(delay_s, submission))
        self._on_their_way.add(task)
        task.add_done_callback(self._on_their_way.discard)
        return await asyncio.shield(task)

    async def _submit_after(self, delay_s: float, submission: Submission) -> Reply:
        await asyncio.sleep(delay_s)
        return self._venue.submit(submission)

    async def _lose_requests(self, app: web.Application) -> None:
        for task in self._on_their_way:
            task.cancel()

    # -- READS ------------------------------------------------------------------------------------

    async def _next_nonce(self, request: web.Request) -> web.StreamResponse:
        key = params.key_of(request.query)
        # An account that does not exist reads 0 (run on testnet): a nonce proves nothing.
        return json_response({"code": CODE_OK, "nonce": self._venue.next_nonce(key)})

    async def _tx(self, request: web.Request) -> web.StreamResponse:
        self._venue.counters.lookups += 1
        return json_response(queries.tx(self._venue.state, request.query, self._venue.now_ns()))

    def _query(self, query: params.Query, needs_auth: bool) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            if needs_auth:
                self._authorize(request)
            return json_response(query(self._venue.state, request.query, self._venue.now_ns()))

        return handle

    def _authorize(self, request: web.Request) -> None:
        token = request.headers.get("Authorization") or request.query.get("auth", "")
        account_index = params.account_named(request.query)
        now_s = self._venue.now_ns() / 1e9
        verdict = self._venue.state.tokens.check(token, now_s, account_index)
        if verdict is AuthVerdict.MISSING:
            raise ApiError(Code.INVALID_PARAM, f"invalid param : {verdict.value}")
        if verdict is not AuthVerdict.VALID:
            raise ApiError(Code.INVALID_AUTH, verdict.value, status=401)


def json_response(body: Any, status: int = 200) -> web.Response:
    """Return a JSON response."""
    return _json(body, status).response()


def _json(body: Any, status: int = 200) -> Rendered:
    return Rendered(msgspec.json.encode(body), status)


def _html(status: int) -> Rendered:
    return Rendered(html(status), status, "text/html")


def _error(code: int, status: int, text: str = "") -> Rendered:
    return _json({"code": code, "message": text or message_of(code)}, status)


def _render(reply: Reply, *, is_batch: bool) -> Rendered:
    match reply.action:
        case Action.RATE_LIMIT:
            return _rate_limited(reply.status or 429)
        case Action.SERVER_ERROR:
            return _html(reply.status or 503)
    answer = _answer(reply, is_batch=is_batch)
    if reply.action is Action.GARBAGE and reply.lever is not None:
        return _unreadable(reply.lever, answer.body)
    return answer


def _answer(reply: Reply, *, is_batch: bool) -> Rendered:
    if reply.code != CODE_OK:
        status = 429 if reply.code == Code.TOO_MANY_REQUESTS else 400
        return _error(reply.code, status, reply.message)
    body = {
        "code": CODE_OK,
        "message": reply.message or RATE_LIMIT_MESSAGE,
        "tx_hash": list(reply.hashes) if is_batch else reply.hashes[0],
        "predicted_execution_time_ms": reply.predicted_ms,
    }
    if reply.quota_remaining is not None:
        body["volume_quota_remaining"] = reply.quota_remaining
    return _json(body)


def _rate_limited(status: int) -> Rendered:
    return _error(Code.TOO_MANY_REQUESTS, status) if status == 429 else _html(status)


def _spoiled(lever: Lever, response: web.StreamResponse) -> web.Response:
    body = response.body if isinstance(response, web.Response) else None
    return _unreadable(lever, body if isinstance(body, bytes) else b"").response()


def _unreadable(lever: Lever, body: bytes) -> Rendered:
    content_type = "text/html" if lever.body is Body.HTML else "application/json"
    return Rendered(spoil(lever.body, body), lever.status or 200, content_type)


async def _bent_read(lever: Lever) -> web.Response:
    match lever.fault:
        case Fault.RATE_LIMIT:
            return _rate_limited(lever.status or 429).response()
        case Fault.ANSWER:
            return json_response(lever.value, lever.status or 200)
        case Fault.SERVER_ERROR:
            return _html(lever.status or 503).response()
        case _:
            return await _never()


async def _never() -> NoReturn:
    """Wait until the client goes away."""
    await asyncio.Event().wait()
    raise AssertionError


def _abort(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()


def _text(form: Mapping[str, Any], name: str) -> str:
    value = form.get(name)
    if not isinstance(value, str):
        raise ApiError(Code.INVALID_PARAM, f"invalid param : {name}")
    return value


async def _pause(seconds: float) -> None:
    if seconds > 0:
        await asyncio.sleep(seconds)
