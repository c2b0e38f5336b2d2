"""
A client that offers written transactions over one WebSocket, and notes when each was answered.

Rules of this file
------------------
- It reads all private frames that our client reads, and understands only the replies.
- A transaction's wait begins when it was due, so that a venue that falls behind is not excused.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Final

import aiohttp
import msgspec

from nautilus_lighter_nonce.lighter.codes import CODE_OK
from nautilus_lighter_nonce.loopback.keys import DEMO_ACCOUNT_INDEX
from nautilus_lighter_nonce.loopback.keys import DEMO_API_KEY_INDEX


CHANNELS: Final = ("account_all_orders", "account_all_trades", "account_tx")
PATIENCE_SECS: Final = 20.0


class Frame(msgspec.Struct, frozen=True):
    """What is read of any frame."""

    type: str = ""
    id: str = ""
    code: int = 0
    error: msgspec.Raw = msgspec.Raw(b"")


class Outcome(msgspec.Struct, kw_only=True):
    """
    What came of an offer.

    Parameters
    ----------
    secs : float
        From the first transaction to the last answer.
    answered : int
        How many were answered.
    refused : int
        How many of those with anything but 200.
    frames : int
        How many other frames came.
    waits_ns : list[int]
        From due to answered, of each that was answered.

    """

    secs: float = 0.0
    answered: int = 0
    refused: int = 0
    frames: int = 0
    waits_ns: list[int] = []


async def offer(
    ws_url: str, frames: Sequence[str], rate: float | None = None, window: int = 64
) -> Outcome:
    """
    Send frames and wait for their answers.

    Parameters
    ----------
    ws_url : str
        The venue.
    frames : Sequence[str]
        The transactions; each has its place as id.
    rate : float, optional
        How many a second; ``None``: the next as soon as fewer than `window` are unanswered.
    window : int, default 64
        See `rate`.

    Returns
    -------
    Outcome
        What came within `PATIENCE_SECS` of the last one sent.

    """
    async with aiohttp.ClientSession() as http, http.ws_connect(ws_url) as socket:
        for family in CHANNELS:
            channel = f"{family}/{DEMO_ACCOUNT_INDEX}"
            await socket.send_json({"type": "subscribe", "channel": channel, "auth": _token()})
        load = _Load(frames, rate, window)
        reader = asyncio.create_task(load.read(socket))
        await load.write(socket)
        await asyncio.wait((reader,), timeout=PATIENCE_SECS)
        reader.cancel()
    return load.outcome


class _Load:
    """One run."""

    def __init__(self, frames: Sequence[str], rate: float | None, window: int) -> None:
        self.outcome = Outcome()
        self._frames = frames
        self._rate = rate
        self._window = window
        self._due_ns: list[int] = []
        self._room = asyncio.Event()

    async def write(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        began_ns = time.perf_counter_ns()
        for place, frame in enumerate(self._frames):
            due_ns = await self._turn(place, began_ns)
            self._due_ns.append(due_ns)
            await socket.send_str(frame)

    async def read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        outcome = self.outcome
        while outcome.answered < len(self._frames):
            frame = _FRAME.decode((await socket.receive()).data)
            if not frame.id:
                outcome.frames += 1
                continue
            now_ns = time.perf_counter_ns()
            outcome.answered += 1
            outcome.refused += frame.code != CODE_OK
            outcome.waits_ns.append(now_ns - self._due_ns[int(frame.id)])
            outcome.secs = (now_ns - self._due_ns[0]) / 1e9
            self._room.set()

    async def _turn(self, place: int, began_ns: int) -> int:
        """Wait until a transaction is due, and return when that was."""
        if self._rate is not None:
            due_ns = began_ns + int(place / self._rate * 1e9)
            if (early_ns := due_ns - time.perf_counter_ns()) > 0:
                await asyncio.sleep(early_ns / 1e9)
            return due_ns
        while place - self.outcome.answered >= self._window:
            self._room.clear()
            await self._room.wait()
        return time.perf_counter_ns()


def _token() -> str:
    account, key = DEMO_ACCOUNT_INDEX, DEMO_API_KEY_INDEX
    return f"{int(time.time()) + 3_600}:{account}:{key}:{'ab' * 80}"


_FRAME: Final = msgspec.json.Decoder(Frame)
