"""
Hand-written venues on 127.0.0.1, which record what arrives and answer what a test tells them; and
transports to them that need no Nautilus.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from collections.abc import Awaitable
from collections.abc import Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from aiohttp import ClientError
from aiohttp import ClientSession
from aiohttp import ClientWebSocketResponse
from aiohttp import WSMsgType
from aiohttp import web

from nautilus_lighter_nonce.lighter.connection import Handler
from nautilus_lighter_nonce.lighter.errors import NoAnswer
from nautilus_lighter_nonce.lighter.errors import SocketError


DEADLINE_SECS = 10.0

HttpHandler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class RestStub:
    """A REST venue: every request is recorded, every answer is the test's."""

    def __init__(self, answer: HttpHandler) -> None:
        self._answer = answer
        self.requests: list[web.Request] = []
        self.bodies: list[str] = []
        self.url = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        self.bodies.append(await request.text())
        return await self._answer(request)


@asynccontextmanager
async def rest_stub(answer: HttpHandler) -> AsyncIterator[RestStub]:
    """Run a REST stub."""
    stub = RestStub(answer)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", stub.handle)
    async with _serving(app) as port:
        stub.url = f"http://127.0.0.1:{port}"
        yield stub


class WsStub:
    """A WebSocket venue that confirms subscriptions and keeps the frames of each connection."""

    def __init__(self) -> None:
        self.url = ""
        self.confirms = True
        self.sockets: list[web.WebSocketResponse] = []
        self.frames: list[list[dict[str, Any]]] = []
        self.texts: list[str] = []
        self._requests: list[web.Request] = []
        self._changed = asyncio.Event()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        frames: list[dict[str, Any]] = []
        self.sockets.append(ws)
        self.frames.append(frames)
        self._requests.append(request)
        self._changed.set()
        await ws.send_str('{"session_id":"x","type":"connected"}')
        async for message in ws:
            if message.type is WSMsgType.TEXT:
                self.texts.append(message.data)
                frames.append(msgspec.json.decode(message.data))
                await self._confirm(ws, frames[-1])
                self._changed.set()
        return ws

    async def _confirm(self, ws: web.WebSocketResponse, frame: dict[str, Any]) -> None:
        channel = frame.get("channel", "")
        answer = {"type": "unsubscribed", "channel": channel.replace("/", ":")}
        if frame["type"] == "subscribe":
            answer["type"] = f"subscribed/{channel.partition('/')[0]}"
        if channel and self.confirms:
            await ws.send_str(msgspec.json.encode(answer).decode())

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait until something that arrived makes the condition true."""
        async with asyncio.timeout(DEADLINE_SECS):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    async def say(self, text: str) -> None:
        """Send a frame on the latest connection."""
        await self.sockets[-1].send_str(text)

    @property
    def transport(self) -> asyncio.Transport:
        """The latest connection's transport."""
        transport = self._requests[-1].transport
        assert isinstance(transport, asyncio.Transport)
        return transport

    def reset(self) -> None:
        """End the latest connection with a TCP reset, as a crashed host does."""
        transport = self.transport
        raw = transport.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()


@asynccontextmanager
async def ws_stub() -> AsyncIterator[WsStub]:
    """Run a WebSocket stub."""
    stub = WsStub()
    app = web.Application()
    app.router.add_get("/stream", stub.handle)
    async with _serving(app) as port:
        stub.url = f"ws://127.0.0.1:{port}/stream"
        yield stub
        for ws in stub.sockets:
            await ws.close()


@asynccontextmanager
async def _serving(app: web.Application) -> AsyncIterator[int]:
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


# -- TRANSPORTS -----------------------------------------------------------------------------------


class AiohttpGate:
    """A REST gate that is not Nautilus': what the package asks of one is no more than this."""

    async def get(
        self, url: str, params: dict[str, Any], headers: dict[str, str] | None
    ) -> tuple[int, bytes]:
        return await self._ask("GET", url, params=params, headers=headers)

    async def post(self, url: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        return await self._ask("POST", url, headers=headers, data=body)

    async def _ask(self, method: str, url: str, **fields: Any) -> tuple[int, bytes]:
        try:
            async with (
                ClientSession() as session,
                session.request(method, url, **fields) as response,
            ):
                return response.status, await response.read()
        except ClientError as error:
            raise NoAnswer(str(error)) from error


class AiohttpDial:
    """Makes connections with aiohttp, which heartbeats nothing by itself."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def __call__(self, handler: Handler) -> AiohttpSocket:
        session = ClientSession()
        try:
            return AiohttpSocket(session, await session.ws_connect(self._url), handler)
        except ClientError as error:
            await session.close()
            raise SocketError(str(error)) from error


class AiohttpSocket:
    """One connection of aiohttp's."""

    def __init__(self, session: ClientSession, ws: ClientWebSocketResponse, handler: Handler):
        self._session = session
        self._ws = ws
        self._handler = handler
        self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        async for message in self._ws:
            data = message.data
            self._handler(data.encode() if isinstance(data, str) else bytes(data))
        await self._session.close()

    async def send_text(self, data: bytes) -> None:
        if self._reader.done():
            raise SocketError("the connection had ended")
        try:
            await self._ws.send_str(data.decode())
        except ClientError as error:
            raise SocketError(str(error)) from error

    async def disconnect(self) -> None:
        await self._ws.close()
        await self._reader

    def is_closed(self) -> bool:
        return self._reader.done()

    def is_reconnecting(self) -> bool:
        return False
