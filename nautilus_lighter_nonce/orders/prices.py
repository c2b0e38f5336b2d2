"""
Best prices, for the worst price that a market order must name.

Rule of this file: a market is watched from its first market order on; a price of a lost connection
is no price.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from decimal import Decimal

import msgspec
from nautilus_trader.common.component import Logger
from nautilus_trader.model.enums import OrderSide

from nautilus_lighter_nonce.lighter.errors import StreamError
from nautilus_lighter_nonce.lighter.schemas import TickerFrame
from nautilus_lighter_nonce.lighter.stream import LighterStream


PATIENCE_SECS = 1.0
"""How long a market order, and all behind it, waits for the first price (our choice)."""


class NoPriceError(Exception):
    """
    A market order cannot name its worst price.

    Parameters
    ----------
    market_index : int
        The market.
    side : OrderSide
        The order's side.

    """

    def __init__(self, market_index: int, side: OrderSide) -> None:
        super().__init__(market_index, side)
        self.market_index = market_index
        self.side = side

    def __str__(self) -> str:
        best = "ask" if self.side == OrderSide.BUY else "bid"
        return f"no best {best} in market {self.market_index}; use a limit order, or try later"


class BestPrices:
    """
    The touch of every watched market.

    Parameters
    ----------
    stream : LighterStream
        Where tickers are subscribed.
    start_task : Callable
        Runs a coroutine as one of the client's tasks.
    log : Logger
        The client's logger.
    now : Callable[[], float], optional
        Monotonic seconds.

    """

    def __init__(
        self,
        stream: LighterStream,
        start_task: Callable[..., asyncio.Task[None]],
        log: Logger,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._now = now
        self._stream = stream
        self._start_task = start_task
        self._log = log
        self._touches: dict[int, tuple[str, str]] = {}
        self._watched: set[int] = set()
        self._asked_at: dict[int, float] = {}

    def watch(self, market_index: int) -> None:
        """Begin to watch a market, once."""
        if market_index not in self._watched:
            self._watched.add(market_index)
            self._start_task(self._subscribe(market_index), log_msg=f"ticker of {market_index}")

    def touch(self, market_index: int, side: OrderSide) -> Decimal | None:
        """Return the best price that an order of this side meets, or ``None`` if there is none."""
        bid, ask = self._touches.get(market_index, ("", ""))
        price = ask if side == OrderSide.BUY else bid
        return Decimal(price) if price else None

    def require(self, market_index: int, side: OrderSide) -> Decimal | None:
        """
        Return the best price, or ``None`` if it may still come.

        Raises
        ------
        NoPriceError
            If the book has no such side, or no price came within a second of the first question.

        """
        price = self.touch(market_index, side)
        if price is not None:
            self._asked_at.pop(market_index, None)
            return price
        self.watch(market_index)
        since = self._asked_at.setdefault(market_index, self._now())
        if market_index in self._touches or self._now() - since > PATIENCE_SECS:
            self._asked_at.pop(market_index, None)
            raise NoPriceError(market_index, side)
        return None

    def on_frame(self, raw: bytes) -> None:
        """Take a ticker frame; an empty side is an empty text (observed)."""
        frame = msgspec.json.decode(raw, type=TickerFrame)
        market_index = int(frame.channel.partition(":")[2])
        self._touches[market_index] = (frame.ticker.b.price, frame.ticker.a.price)

    def forget(self) -> None:
        """Drop all prices; the markets stay watched."""
        self._touches.clear()
        self._asked_at.clear()

    async def _subscribe(self, market_index: int) -> None:
        try:
            await self._stream.subscribe(f"ticker/{market_index}")
        except StreamError as e:
            self._watched.discard(market_index)
            self._log.warning(f"No best prices of market {market_index}: {e}")
