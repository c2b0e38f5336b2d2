"""Best prices: what a market order may name as its worst price."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from decimal import Decimal
from typing import Any

import pytest
from nautilus_trader.common.component import Logger
from nautilus_trader.model.enums import OrderSide

from nautilus_lighter_nonce.orders.prices import PATIENCE_SECS
from nautilus_lighter_nonce.orders.prices import BestPrices
from nautilus_lighter_nonce.orders.prices import NoPriceError


class Stream:
    """Counts subscriptions."""

    def __init__(self) -> None:
        self.channels: list[str] = []

    async def subscribe(self, channel: str) -> None:
        self.channels.append(channel)


class Desk:
    """Prices with a clock that the test moves."""

    def __init__(self) -> None:
        self.time = 0.0
        self.stream = Stream()
        self.prices = BestPrices(
            self.stream,  # type: ignore[arg-type]
            self.start,
            Logger("test"),
            lambda: self.time,
        )

    def start(self, coroutine: Coroutine[Any, Any, None], log_msg: str) -> Any:
        asyncio.run(coroutine)

    def ticker(self, bid: str, ask: str) -> None:
        self.prices.on_frame(
            b'{"channel":"ticker:3","type":"update/ticker","ticker":{"s":"X",'
            b'"a":{"price":"%s","size":"1"},"b":{"price":"%s","size":"1"}}}'
            % (ask.encode(), bid.encode())
        )


def test_watch_twice_subscribes_once() -> None:
    """A market is watched from its first market order on."""
    desk = Desk()
    desk.prices.watch(3)
    desk.prices.watch(3)
    assert desk.stream.channels == ["ticker/3"]


def test_require_returns_the_side_that_the_order_meets() -> None:
    """A buyer meets the ask, a seller the bid."""
    desk = Desk()
    desk.ticker("9.5", "10.5")
    assert desk.prices.require(3, OrderSide.BUY) == Decimal("10.5")
    assert desk.prices.require(3, OrderSide.SELL) == Decimal("9.5")


def test_require_with_an_empty_side_raises_at_once() -> None:
    """A book without asks cannot be bought from, and nobody has to wait behind that."""
    desk = Desk()
    desk.ticker("9.5", "")
    with pytest.raises(NoPriceError, match="ask"):
        desk.prices.require(3, OrderSide.BUY)


def test_require_before_the_first_price_waits_and_then_raises() -> None:
    """Everything behind a market order waits for its price, but not for long."""
    desk = Desk()
    assert desk.prices.require(3, OrderSide.BUY) is None
    desk.time = PATIENCE_SECS
    assert desk.prices.require(3, OrderSide.BUY) is None
    desk.time = PATIENCE_SECS + 0.1
    with pytest.raises(NoPriceError):
        desk.prices.require(3, OrderSide.BUY)


def test_forget_drops_prices_of_a_lost_connection() -> None:
    """A price of a lost connection is no price."""
    desk = Desk()
    desk.ticker("9.5", "10.5")
    desk.prices.forget()
    assert desk.prices.require(3, OrderSide.BUY) is None
