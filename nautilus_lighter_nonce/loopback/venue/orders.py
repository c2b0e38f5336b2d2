"""
Orders and what happens to them: the values that the book, the accounts and the views share.

Rules of this file
------------------
- Values only. A `BookOrder` is the one thing that changes, and only its book changes it.
- Integers only: sizes and prices in the market's own units, quote in 1e-6 USDC.
"""

from __future__ import annotations

from enum import Enum
from typing import Final
from typing import Protocol

import msgspec

from nautilus_lighter_nonce.lighter.codes import OrderKind
from nautilus_lighter_nonce.lighter.codes import OrderTif


HOUSE_ACCOUNT: Final = 281_474_976_710_654  # quotes the touch; far above any real account


class OrderStatus(Enum):
    """Order states, with the wire's words (docs)."""

    PENDING = "pending"  # waits for its trigger
    OPEN = "open"
    FILLED = "filled"
    CANCELED = "canceled"
    CANCELED_POST_ONLY = "canceled-post-only"
    CANCELED_REDUCE_ONLY = "canceled-reduce-only"
    CANCELED_MARGIN = "canceled-margin-not-allowed"
    CANCELED_SLIPPAGE = "canceled-too-much-slippage"
    CANCELED_LIQUIDITY = "canceled-not-enough-liquidity"
    CANCELED_SELF_TRADE = "canceled-self-trade"
    CANCELED_EXPIRED = "canceled-expired"


class SelfTrade(Enum):
    """What happens when an order meets one of its own account (go, attribute 6)."""

    EXPIRE_MAKER = 0
    EXPIRE_TAKER = 1
    EXPIRE_BOTH = 2


class BookOrder(msgspec.Struct, kw_only=True, eq=False, gc=False):
    """An order, live or ended; the book alone changes it."""

    order_index: int
    client_order_index: int
    account_index: int
    market_id: int
    is_ask: bool
    price: int
    base_amount: int
    kind: OrderKind
    tif: OrderTif
    reduce_only: bool = False
    trigger_price: int = 0
    expiry_ms: int = 0
    self_trade: SelfTrade = SelfTrade.EXPIRE_MAKER
    filled_base: int = 0
    filled_quote: int = 0
    status: OrderStatus = OrderStatus.OPEN
    version: int = 0  # of its modifications
    created_ns: int = 0
    updated_ns: int = 0
    priority: int = 0

    @property
    def remaining(self) -> int:
        """What may still be filled; 0 once the order has ended."""
        return self.base_amount - self.filled_base if self.is_live else 0

    @property
    def is_live(self) -> bool:
        """Whether the order is in the book or waits for its trigger."""
        return self.status is OrderStatus.OPEN or self.status is OrderStatus.PENDING


class Standing(msgspec.Struct, frozen=True, gc=False):
    """
    What an account held in a market before a fill.

    Parameters
    ----------
    size : int
        The signed position, base units.
    cost : int
        Its entry value, 1e-6 USDC.
    margin_fraction : int
        Its initial margin fraction, 1e-4.

    """

    size: int = 0
    cost: int = 0
    margin_fraction: int = 0


class Party(msgspec.Struct, frozen=True, gc=False):
    """One side of a fill."""

    account_index: int
    order_index: int
    client_order_index: int
    order_version: int = 0
    before: Standing = Standing()


class Fill(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A trade between two orders, or one that the venue forced, with a fee of its own."""

    trade_id: int
    market_id: int
    base: int
    price: int
    quote: int
    ask: Party
    bid: Party
    is_maker_ask: bool
    ts_ns: int
    kind: str = "trade"
    taker_fee: int | None = None


class Changes(msgspec.Struct, frozen=True, gc=False):
    """What one action did: the orders it touched, in order, and its fills."""

    orders: list[BookOrder] = []
    fills: list[Fill] = []

    def note(self, order: BookOrder) -> None:
        """Remember that an order has changed."""
        if order not in self.orders:
            self.orders.append(order)

    def extend(self, other: Changes) -> None:
        """Add another action's changes."""
        for order in other.orders:
            self.note(order)
        self.fills.extend(other.fills)


class Clearing(Protocol):
    """Who keeps the positions."""

    def standing(self, account_index: int, market_id: int) -> Standing:
        """Return what an account holds in a market."""

    def reducible(self, account_index: int, market_id: int, is_ask: bool) -> int:
        """Return how much a reduce-only order of this side may still trade, base units."""

    def book_fill(self, fill: Fill) -> None:
        """Book a fill on both accounts."""
