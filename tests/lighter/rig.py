"""A stream over sockets of a test, without a network, and everything that it tells."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec

from nautilus_lighter_nonce.lighter.connection import Backoff
from nautilus_lighter_nonce.lighter.connection import Handler
from nautilus_lighter_nonce.lighter.connection import Socket
from nautilus_lighter_nonce.lighter.reading import Listeners
from nautilus_lighter_nonce.lighter.stream import LighterStream
from tests.lighter.stubs import DEADLINE_SECS


NOW = Backoff(initial_secs=0.0, max_secs=0.0)


class Rig:
    """A stream over sockets of a test, and everything that it tells, in order."""

    def __init__(self) -> None:
        self.told: list[Any] = []
        self.refused: list[tuple[int, str]] = []
        self.tokens = 0
        self.sockets: list[FakeSocket] = []
        self.confirms = True
        self.dial_faults: list[Exception] = []
        self.close_fault: Exception | None = None
        self.is_mute = False
        self._changed = asyncio.Event()
        self.stream = LighterStream(
            "ws://fake",
            asyncio.get_running_loop(),
            self.dial,
            Listeners(
                on_reply=lambda reply: self.tell(("reply", reply.request_id, reply.epoch)),
                on_frame=self.on_frame,
                on_connected=lambda epoch: self.tell(("connected", epoch)),
                on_disconnected=lambda epoch: self.tell(("disconnected", epoch)),
                on_anonymous=lambda *fields: self.tell(("anonymous", *fields)),
                on_token_refused=lambda code, message: self.refused.append((code, message)),
            ),
            self.token,
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
        if self.is_mute:
            await asyncio.Event().wait()
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

    def asked(self) -> list[list[str]]:
        """Return the ids of the transactions that each connection was asked."""
        return [[f["data"]["id"] for f in s.sent if "data" in f] for s in self.sockets]

    @property
    def states(self) -> list[Any]:
        return [what for what in self.told if what[0] in ("connected", "disconnected")]


class FakeSocket:
    """A connection that confirms what is subscribed, unless the test says otherwise."""

    def __init__(self, rig: Rig, handler: Handler) -> None:
        self._rig = rig
        self.handler = handler
        self.sent: list[dict[str, Any]] = []
        self.is_over = False

    async def send_text(self, data: bytes) -> None:
        frame = msgspec.json.decode(data)
        self.sent.append(frame)
        if frame["type"] == "subscribe" and self._rig.confirms:
            self.confirm(frame["channel"])
        self._rig.tell(("sent", frame["type"]))

    def confirm(self, channel: str) -> None:
        name = channel.replace("/", ":")
        self.handler(b'{"type":"subscribed/x","channel":"%s"}' % name.encode())

    async def disconnect(self) -> None:
        self.is_over = True
        if self._rig.close_fault is not None:
            raise self._rig.close_fault

    def is_closed(self) -> bool:
        return self.is_over

    def is_reconnecting(self) -> bool:
        return False
