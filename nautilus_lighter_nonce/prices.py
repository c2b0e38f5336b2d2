"""
Best prices, for the worst price that a market order must name.

Rule of this file: a market is watched from its first market order on; a price of a lost connection
is no price.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from decimal import Decimal

import msgspec
from nautilus_trader.common.component import Logger
from nautilus_trader.model.enums import OrderSide

from nautilus_lighter_nonce.lighter.schemas import TickerFrame
from nautilus_lighter_nonce.lighter.stream import LighterStream
from nautilus_lighter_nonce.lighter.stream import StreamError


class BestPrices:
    """
    The touch of every watched market.

    Parameters
    ----------
    stream : LighterStream
        Where tickers are subscribed.
    start_task : Callable
        Runs a coroutine as one of the client's tasks.
    on_change : Callable[[], None]
        Called after every ticker.
    log : Logger
        The client's logger.

    """

    def __init__(
        self,
        stream: LighterStream,
        start_task: Callable[..., asyncio.Task[None]],
        on_change: Callable[[], None],
        log: Logger,
    ) -> None:
        self._stream = stream
        self._start_task = start_task
        self._on_change = on_change
        self._log = log
        self._touches: dict[int, tuple[str, str]] = {}
        self._watched: set[int] = set()

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

    def on_frame(self, raw: bytes) -> None:
        """Take a ticker frame; an empty side is an empty text (observed)."""
        frame = msgspec.json.decode(raw, type=TickerFrame)
        market_index = int(frame.channel.partition(":")[2])
        self._touches[market_index] = (frame.ticker.b.price, frame.ticker.a.price)
        self._on_change()

    def forget(self) -> None:
        """Drop all prices; the markets stay watched."""
        self._touches.clear()

    async def _subscribe(self, market_index: int) -> None:
        try:
            await self._stream.subscribe(f"ticker/{market_index}")
        except StreamError as e:
            self._watched.discard(market_index)
            self._log.warning(f"No best prices of market {market_index}: {e}")
