"""A stream on a stub of the venue, and a consumer that keeps everything it is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from collections.abc import Callable
from contextlib import asynccontextmanager
from typing import Any

from nautilus_lighter_nonce.lighter.connection import Backoff
from nautilus_lighter_nonce.lighter.connection import Dial
from nautilus_lighter_nonce.lighter.frames import StreamReply
from nautilus_lighter_nonce.lighter.reading import Listeners
from nautilus_lighter_nonce.lighter.stream import LighterStream
from tests.lighter.stubs import DEADLINE_SECS
from tests.lighter.stubs import AiohttpDial
from tests.lighter.stubs import WsStub
from tests.lighter.stubs import ws_stub


FAST = Backoff(initial_secs=0.01, max_secs=0.05)
TX_INFO = '{"Nonce":7, "Sig":"a/b+c==","L2TxAttributes":null}'


class Consumer:
    """Takes everything that a stream tells, in order."""

    def __init__(self) -> None:
        self.replies: list[StreamReply] = []
        self.frames: list[tuple[str, str, bytes, int]] = []
        self.states: list[tuple[str, int]] = []
        self.remarks: list[str] = []
        self.tokens = 0
        self.token_faults: list[Exception] = []
        self._changed = asyncio.Event()
        self.on_disconnected: Callable[[int], None] = self.note_end  # a test may take its place

    def on_reply(self, reply: StreamReply) -> None:
        self.replies.append(reply)
        self._changed.set()

    def on_frame(self, kind: str, channel: str, raw: bytes, epoch: int) -> None:
        self.frames.append((kind, channel, raw, epoch))
        self._changed.set()

    def on_connected(self, epoch: int) -> None:
        self.states.append(("connected", epoch))
        self._changed.set()

    def note_end(self, epoch: int) -> None:
        self.states.append(("disconnected", epoch))
        self._changed.set()

    async def auth_token(self) -> str:
        self.tokens += 1
        if self.token_faults:
            raise self.token_faults.pop()
        return f"token-{self.tokens}"

    def info(self, message: str) -> None:
        self.remarks.append(message)

    def warning(self, message: str) -> None:
        self.remarks.append(message)
        self._changed.set()

    async def until(self, condition: Callable[[], Any]) -> None:
        """Wait until something that was told makes the condition true."""
        async with asyncio.timeout(DEADLINE_SECS):
            while not condition():
                self._changed.clear()
                await self._changed.wait()


def new_stream(url: str, consumer: Consumer, **changes: Any) -> LighterStream:
    """Return a stream that tells a consumer and comes back fast."""
    heard = {name: changes.pop(name) for name in list(changes) if name.startswith("on_")}
    return LighterStream(
        url,
        asyncio.get_running_loop(),
        changes.pop("dial", None) or AiohttpDial(url),
        Listeners(
            **{
                "on_reply": consumer.on_reply,
                "on_frame": consumer.on_frame,
                "on_connected": consumer.on_connected,
                "on_disconnected": lambda epoch: consumer.on_disconnected(epoch),
                **heard,
            },
        ),
        consumer.auth_token,
        log=consumer,
        **({"backoff": FAST} | changes),
    )


@asynccontextmanager
async def connected(
    new_dial: Callable[[str], Dial] = AiohttpDial, **changes: Any
) -> AsyncIterator[tuple[WsStub, Consumer, LighterStream]]:
    """Run a stub and a stream that is connected to it."""
    async with ws_stub() as venue:
        consumer = Consumer()
        stream = new_stream(venue.url, consumer, dial=new_dial(venue.url), **changes)
        await stream.connect()
        yield venue, consumer, stream
        await stream.disconnect()
