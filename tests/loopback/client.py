"""A client that knows nothing of ours: aiohttp, JSON, and a place to keep frames."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import aiohttp

from nautilus_lighter_nonce.loopback import LoopbackVenue
from nautilus_lighter_nonce.loopback import VenueProcess
from tests.loopback import txs


DEADLINE_S = 5.0
SILENCE_S = 0.15  # long enough for anything the venue would have sent by itself


class Socket:
    """A WebSocket of the venue."""

    def __init__(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        self.ws = ws
        self.frames: list[dict[str, Any]] = []

    async def send(self, **frame: Any) -> None:
        """Send a frame."""
        await self.ws.send_str(json.dumps(frame))

    async def next(self) -> dict[str, Any]:
        """Return the next frame."""
        message = await self.ws.receive(timeout=DEADLINE_S)
        assert message.type is aiohttp.WSMsgType.TEXT, message
        frame: dict[str, Any] = json.loads(message.data)
        self.frames.append(frame)
        return frame

    async def until(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Return the next frame that is wanted; those before it are kept in `frames`."""
        async with asyncio.timeout(DEADLINE_S):
            while True:
                frame = await self.next()
                if wanted(frame):
                    return frame

    async def kind(self, kind: str) -> dict[str, Any]:
        """Return the next frame of a type."""
        return await self.until(lambda frame: frame.get("type") == kind)

    async def reply(self, request_id: str) -> dict[str, Any]:
        """Return the reply with an id."""
        return await self.until(lambda frame: frame.get("id") == request_id)

    async def raw(self) -> aiohttp.WSMessage:
        """Return the next message, text or not."""
        return await self.ws.receive(timeout=DEADLINE_S)

    async def subscribe(self, channel: str, auth: str = "") -> dict[str, Any]:
        """Subscribe and return the snapshot."""
        await self.send(type="subscribe", channel=channel, auth=auth or txs.token())
        return await self.kind(f"subscribed/{channel.split('/')[0]}")

    async def write_tx(self, request_id: str, tx_type: int, tx_info: str) -> None:
        """Send a transaction and do not wait."""
        data = {"id": request_id, "tx_type": tx_type, "tx_info": json.loads(tx_info)}
        await self.send(type="jsonapi/sendtx", data=data)

    async def send_tx(self, request_id: str, tx_type: int, tx_info: str) -> dict[str, Any]:
        """Send a transaction and return the reply."""
        await self.write_tx(request_id, tx_type, tx_info)
        return await self.reply(request_id)


class OuterClient:
    """A REST client with sockets, whatever process its venue is in."""

    def __init__(self, venue: LoopbackVenue | VenueProcess, http: aiohttp.ClientSession) -> None:
        self.venue = venue
        self.http = http

    async def socket(self, *, autoping: bool = True) -> Socket:
        """Return a new socket, its greeting read."""
        socket = Socket(await self.http.ws_connect(self.venue.ws_url, autoping=autoping))
        greeting = await socket.next()
        assert greeting["type"] == "connected"
        return socket

    async def get(self, name: str, **params: Any) -> tuple[int, Any]:
        """Return the status and the body of a read."""
        url = f"{self.venue.http_url}/api/v1/{name}"
        async with self.http.get(url, params=params) as response:
            return response.status, await response.json(content_type=None)

    async def get_for(self, seconds: float, name: str, **params: Any) -> tuple[int, Any]:
        """Return the status and the body of a read; raise `TimeoutError` if it takes longer."""
        async with asyncio.timeout(seconds):
            return await self.get(name, **params)

    async def send_tx(self, tx_type: int, tx_info: str) -> tuple[int, Any]:
        """Send a transaction over REST and return status and body."""
        return await self.post("sendTx", {"tx_type": str(tx_type), "tx_info": tx_info})

    async def send_batch(self, tx_types: list[int], tx_infos: list[str]) -> tuple[int, Any]:
        """Send a batch over REST and return status and body."""
        form = {"tx_types": json.dumps(tx_types), "tx_infos": json.dumps(tx_infos)}
        return await self.post("sendTxBatch", form)

    async def post(self, name: str, form: Any) -> tuple[int, Any]:
        """Post a form and return status and body, text if it is not JSON."""
        url = f"{self.venue.http_url}/api/v1/{name}"
        async with self.http.post(url, data=form) as response:
            text = await response.text(errors="replace")
            try:
                return response.status, json.loads(text)
            except ValueError:
                return response.status, text

    async def control(self, command: dict[str, Any]) -> tuple[int, Any]:
        """Tell the venue something over HTTP and return status and body."""
        url = f"{self.venue.http_url}/control"
        async with self.http.post(url, json=command) as response:
            return response.status, await response.json()

    async def tell(self, name: str, **fields: Any) -> None:
        """Carry out a command over HTTP, which the venue must take."""
        assert await self.control({name: fields}) == (200, {"ok": True})

    async def arm(self, fault: str, **fields: Any) -> None:
        """Arm a lever over HTTP, which the venue must take."""
        assert await self.control({"fault": fault} | fields) == (200, {"ok": True})

    async def executed(self, count: int) -> None:
        """Wait until so many transactions have been executed, failed or vanished."""
        at_rest = {"executed", "reverted", "vanished"}
        await eventually(
            lambda: sum(row["outcome"] in at_rest for row in self.venue.ledger()) >= count
        )


class Client(OuterClient):
    """A client of a venue in this process, which the test may reach into."""

    venue: LoopbackVenue

    def __init__(self, venue: LoopbackVenue, http: aiohttp.ClientSession) -> None:
        super().__init__(venue, http)


async def eventually(condition: Callable[[], object]) -> None:
    """Return when a condition holds; raise `TimeoutError` if it does not in time."""
    async with asyncio.timeout(DEADLINE_S):
        while True:
            if condition():
                return
            await asyncio.sleep(0.001)
