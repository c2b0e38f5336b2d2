"""
One market's order book: price-time matching against resting orders and a synthetic touch.

Rules of this file
------------------
- Integers only: sizes and prices in the market's own units, quote in 1e-6 USDC.
- Resting orders of any account have price-time priority; the synthetic touch, a house account's
  standing quotes, comes after resting orders of the same price.
- `order_index` is (market + 1) << 48 | n; asks count n up from 1, bids down from 2^48 - 1
  (observed). From market 4095 on that does not fit what the signer takes, and the venue's layout is
  not known: here it lies above the signer's limit. A modify keeps `order_index` and client order
  index and loses time priority.
- Positions belong to the `Clearing`; the book asks it what a reduce-only order may still do and
  tells it every fill. Margin is the caller's business.
- No clock: time is an argument in nanoseconds.
"""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Iterator
from typing import Final

from nautilus_lighter_nonce.lighter.codes import MIN_ORDER_INDEX
from nautilus_lighter_nonce.lighter.codes import ORDER_NUMBER_BITS
from nautilus_lighter_nonce.lighter.codes import QUOTE_DECIMALS
from nautilus_lighter_nonce.lighter.codes import OrderKind
from nautilus_lighter_nonce.lighter.codes import OrderTif
from nautilus_lighter_nonce.loopback.config import MarketConfig
from nautilus_lighter_nonce.loopback.venue.decimals import parse_decimal
from nautilus_lighter_nonce.loopback.venue.orders import HOUSE_ACCOUNT
from nautilus_lighter_nonce.loopback.venue.orders import BookOrder
from nautilus_lighter_nonce.loopback.venue.orders import Changes
from nautilus_lighter_nonce.loopback.venue.orders import Clearing
from nautilus_lighter_nonce.loopback.venue.orders import Fill
from nautilus_lighter_nonce.loopback.venue.orders import OrderStatus
from nautilus_lighter_nonce.loopback.venue.orders import Party
from nautilus_lighter_nonce.loopback.venue.orders import SelfTrade


BID_NUMBER_START: Final = MIN_ORDER_INDEX - 1
LAST_OLD_MARKET: Final = 4094  # with it, an order index is still below 2^60 (sdk's limit)
NEW_INDEX_BASE: Final = 2**62  # of markets behind it; below 2^63
LIQUIDATION_FEE: Final = 10_000  # 1 %, in 1e-6 (observed in recorded liquidations)
LIQUIDATION: Final = "liquidation"


class _Side:
    """The resting orders of one side, best first."""

    def __init__(self, is_ask: bool) -> None:
        self._sign = 1 if is_ask else -1
        self._rows: list[tuple[int, int, BookOrder]] = []

    def __iter__(self) -> Iterator[BookOrder]:
        return (row[2] for row in self._rows)

    def best(self) -> BookOrder | None:
        return self._rows[0][2] if self._rows else None

    def add(self, order: BookOrder) -> None:
        bisect.insort(self._rows, (self._sign * order.price, order.priority, order))

    def remove(self, order: BookOrder) -> None:
        at = bisect.bisect_left(self._rows, (self._sign * order.price, order.priority))
        if at < len(self._rows) and self._rows[at][2] is order:
            del self._rows[at]


class Book:
    """
    The order book of one market.

    Parameters
    ----------
    market : MarketConfig
        The market.
    clearing : Clearing
        Where fills are booked.
    trade_ids : Iterator[int]
        Numbers for trades, shared between markets.
    place : int, default 0
        The market's place among all; it makes order indexes of new markets unique.

    """

    def __init__(
        self, market: MarketConfig, clearing: Clearing, trade_ids: Iterator[int], place: int = 0
    ) -> None:
        self.market = market
        self._index_base = index_base(market.market_id, place)
        self._clearing = clearing
        self._trade_ids = trade_ids
        self._asks = _Side(is_ask=True)
        self._bids = _Side(is_ask=False)
        self._waiting: dict[int, BookOrder] = {}
        self._ask_numbers = itertools.count(1)
        self._bid_numbers = itertools.count(BID_NUMBER_START, -1)
        self._priorities = itertools.count(1)
        self.last_price = 0
        self._touch: dict[bool, int] = {}
        self._touch_size: dict[bool, int | None] = {}
        size = None if market.touch_size is None else self.to_size(market.touch_size)
        self.set_touch(self.to_price(market.bid), self.to_price(market.ask), size)

    # -- UNITS ------------------------------------------------------------------------------------

    def to_price(self, text: str) -> int:
        """Return a decimal price in the market's integer units."""
        return parse_decimal(text, self.market.price_decimals)

    def to_size(self, text: str) -> int:
        """Return a decimal size in the market's integer units."""
        return parse_decimal(text, self.market.size_decimals)

    def quote_of(self, base: int, price: int) -> int:
        """Return base times price in 1e-6 USDC."""
        spare = QUOTE_DECIMALS - self.market.size_decimals - self.market.price_decimals
        return int(base * price * 10**spare)

    # -- LOOKING ----------------------------------------------------------------------------------

    @property
    def mark(self) -> int:
        """The middle of the touch, price units, rounded down."""
        return (self._touch[False] + self._touch[True]) // 2

    def resting(self, is_ask: bool) -> Iterator[BookOrder]:
        """Return the resting orders of a side, best first."""
        return iter(self._asks if is_ask else self._bids)

    def touch(self, is_ask: bool) -> tuple[int, int | None]:
        """Return the synthetic touch of a side: price and size (``None``: unlimited)."""
        return self._touch[is_ask], self._touch_size[is_ask]

    def crosses(self, is_ask: bool, price: int) -> bool:
        """Return whether a limit order of this side and price would take liquidity."""
        best = self._best_price(not is_ask)
        return best is not None and (price <= best if is_ask else price >= best)

    def _best_price(self, is_ask: bool) -> int | None:
        order = (self._asks if is_ask else self._bids).best()
        prices = [] if order is None else [order.price]
        if self._touch_size[is_ask] != 0:
            prices.append(self._touch[is_ask])
        if not prices:
            return None
        return min(prices) if is_ask else max(prices)

    # -- ACTING -----------------------------------------------------------------------------------

    def new_index(self, is_ask: bool) -> int:
        """Return the next order index of a side."""
        number = next(self._ask_numbers if is_ask else self._bid_numbers)
        return self._index_base | number

    def place(self, order: BookOrder, now_ns: int) -> Changes:
        """
        Bring an order to the market.

        Parameters
        ----------
        order : BookOrder
            A new order, with an index of `new_index`.
        now_ns : int
            The time, UNIX nanoseconds.

        Returns
        -------
        Changes
            The order's own state is in it, always.

        """
        changes = Changes()
        order.created_ns = order.updated_ns = now_ns
        changes.note(order)
        if order.trigger_price:
            order.status = OrderStatus.PENDING
            self._waiting[order.order_index] = order
            return changes
        self._enter(order, now_ns, changes)
        return changes

    def cancel(self, order: BookOrder, status: OrderStatus, now_ns: int) -> Changes:
        """End a live order with the given state."""
        changes = Changes()
        self._end(order, status, now_ns, changes)
        return changes

    def modify(
        self, order: BookOrder, base_amount: int, price: int, trigger_price: int, now_ns: int
    ) -> Changes:
        """
        Give a live order a new total size and price; it keeps its numbers and loses its priority.

        That `BaseAmount` is the new total, filled part included, is inferred.
        """
        changes = Changes()
        self._leave(order)
        order.base_amount, order.price, order.updated_ns = base_amount, price, now_ns
        order.version += 1
        changes.note(order)
        if order.status is OrderStatus.PENDING:
            order.trigger_price = trigger_price or order.trigger_price
            self._waiting[order.order_index] = order
        elif order.remaining <= 0:
            order.status = OrderStatus.FILLED if order.filled_base else OrderStatus.CANCELED
        else:
            self._enter(order, now_ns, changes)
        return changes

    def set_touch(self, bid: int, ask: int, size: int | None) -> None:
        """
        Set the synthetic touch without looking at resting orders.

        Raises
        ------
        ValueError
            If the touch is not positive or crossed; nothing has changed then.

        """
        if not 0 < bid < ask:
            raise ValueError(f"touch was {bid} to {ask}")
        self._touch = {False: bid, True: ask}
        self._touch_size = {False: size, True: size}

    def move_touch(self, bid: int, ask: int, size: int | None, now_ns: int) -> Changes:
        """
        Move the synthetic touch.

        Resting orders that it crosses are filled as makers, and orders whose trigger the middle
        reaches enter the market.
        """
        self.set_touch(bid, ask, size)
        changes = Changes()
        for is_ask in (False, True):
            for order in list(self.resting(is_ask)):
                if not self._hit_by_touch(order, now_ns, changes):
                    break
        for order in [o for o in self._waiting.values() if self._triggered(o)]:
            del self._waiting[order.order_index]
            order.status, order.updated_ns = OrderStatus.OPEN, now_ns
            changes.note(order)
            self._enter(order, now_ns, changes)
        return changes

    def force(
        self, account_index: int, is_ask: bool, base: int, price: int, kind: str, now_ns: int
    ) -> Fill:
        """
        Trade for an account with the house, without an order: a liquidation or a deleverage.

        Only the former costs a fee (inferred).
        """
        market_id = self.market.market_id
        asker, bidder = (
            Party(index, self.new_index(side), 0, 0, self._clearing.standing(index, market_id))
            for side in (True, False)
            for index in (account_index if side == is_ask else HOUSE_ACCOUNT,)
        )
        fill = Fill(
            trade_id=next(self._trade_ids),
            market_id=market_id,
            base=base,
            price=price,
            quote=self.quote_of(base, price),
            ask=asker,
            bid=bidder,
            is_maker_ask=not is_ask,
            ts_ns=now_ns,
            kind=kind,
            taker_fee=LIQUIDATION_FEE if kind == LIQUIDATION else 0,
        )
        self.last_price = price
        self._clearing.book_fill(fill)
        return fill

    def expire(self, now_ns: int) -> Changes:
        """End the orders whose expiry has passed."""
        changes = Changes()
        for order in [*self._asks, *self._bids, *self._waiting.values()]:
            if order.expiry_ms and order.expiry_ms * 1_000_000 <= now_ns:
                self._end(order, OrderStatus.CANCELED_EXPIRED, now_ns, changes)
        return changes

    # -- MATCHING ---------------------------------------------------------------------------------

    def _enter(self, order: BookOrder, now_ns: int, changes: Changes) -> None:
        if order.tif is OrderTif.POST_ONLY and self.crosses(order.is_ask, order.price):
            order.status = OrderStatus.CANCELED_POST_ONLY
            return
        self._take(order, now_ns, changes)
        if not order.is_live:
            return
        if order.tif is OrderTif.IMMEDIATE_OR_CANCEL or _is_market(order):
            order.status = self._reason_unfilled(order)
        else:
            order.priority = next(self._priorities)
            (self._asks if order.is_ask else self._bids).add(order)

    def _take(self, taker: BookOrder, now_ns: int, changes: Changes) -> None:
        side = self._bids if taker.is_ask else self._asks
        while taker.is_live and self._allowed(taker, now_ns, changes):
            if not self.crosses(taker.is_ask, taker.price):
                return
            maker = side.best()
            if maker is None or self._touch_is_better(maker):
                self._take_touch(taker, now_ns, changes)
            elif maker.account_index == taker.account_index:
                self._meet_self(taker, maker, now_ns, changes)
            elif self._allowed(maker, now_ns, changes):
                base = min(self._cap(taker), self._cap(maker))
                self._fill(taker, maker, maker.price, base, now_ns, changes)

    def _take_touch(self, taker: BookOrder, now_ns: int, changes: Changes) -> None:
        is_ask = not taker.is_ask
        price, size = self.touch(is_ask)
        base = self._cap(taker) if size is None else min(self._cap(taker), size)
        if size is not None:
            self._touch_size[is_ask] = size - base
        self._fill(taker, None, price, base, now_ns, changes)

    def _hit_by_touch(self, maker: BookOrder, now_ns: int, changes: Changes) -> bool:
        """Fill a resting order by the touch; ``False`` when the touch does not reach it."""
        is_ask = not maker.is_ask
        price, size = self.touch(is_ask)
        reached = price <= maker.price if is_ask else price >= maker.price
        if not reached or size == 0:
            return False
        if self._allowed(maker, now_ns, changes):
            base = self._cap(maker) if size is None else min(self._cap(maker), size)
            if size is not None:
                self._touch_size[is_ask] = size - base
            self._fill(None, maker, maker.price, base, now_ns, changes)
        return True

    def _touch_is_better(self, maker: BookOrder) -> bool:
        price, size = self.touch(maker.is_ask)
        if size == 0:
            return False
        return price < maker.price if maker.is_ask else price > maker.price

    def _cap(self, order: BookOrder) -> int:
        if not order.reduce_only:
            return order.remaining
        reducible = self._clearing.reducible(order.account_index, order.market_id, order.is_ask)
        return min(order.remaining, reducible)

    def _allowed(self, order: BookOrder, now_ns: int, changes: Changes) -> bool:
        """Return whether an order may trade; one that may only reduce, but cannot, ends here."""
        if self._cap(order) > 0:
            return True
        self._end(order, OrderStatus.CANCELED_REDUCE_ONLY, now_ns, changes)
        return False

    def _meet_self(self, taker: BookOrder, maker: BookOrder, now_ns: int, changes: Changes) -> None:
        if taker.self_trade is not SelfTrade.EXPIRE_TAKER:
            self._end(maker, OrderStatus.CANCELED_SELF_TRADE, now_ns, changes)
        if taker.self_trade is not SelfTrade.EXPIRE_MAKER:
            self._end(taker, OrderStatus.CANCELED_SELF_TRADE, now_ns, changes)

    def _fill(
        self,
        taker: BookOrder | None,
        maker: BookOrder | None,
        price: int,
        base: int,
        now_ns: int,
        changes: Changes,
    ) -> None:
        """Trade between two orders; the one that is ``None`` is the house's."""
        some = maker or taker
        assert some is not None
        is_maker_ask = some.is_ask if maker is some else not some.is_ask
        quote = self.quote_of(base, price)
        asker, bidder = (maker, taker) if is_maker_ask else (taker, maker)
        fill = Fill(
            trade_id=next(self._trade_ids),
            market_id=self.market.market_id,
            base=base,
            price=price,
            quote=quote,
            ask=self._party(asker, is_ask=True),
            bid=self._party(bidder, is_ask=False),
            is_maker_ask=is_maker_ask,
            ts_ns=now_ns,
        )
        for order in filter(None, (maker, taker)):
            self._count_fill(order, fill, changes)
        self.last_price = price
        changes.fills.append(fill)
        self._clearing.book_fill(fill)

    def _count_fill(self, order: BookOrder, fill: Fill, changes: Changes) -> None:
        order.filled_base += fill.base
        order.filled_quote += fill.quote
        order.updated_ns = fill.ts_ns
        changes.note(order)
        if order.filled_base >= order.base_amount:
            self._leave(order)
            order.status = OrderStatus.FILLED

    def _party(self, order: BookOrder | None, is_ask: bool) -> Party:
        account_index = HOUSE_ACCOUNT if order is None else order.account_index
        before = self._clearing.standing(account_index, self.market.market_id)
        if order is None:
            return Party(account_index, self.new_index(is_ask), 0, 0, before)
        indexes = order.order_index, order.client_order_index
        return Party(account_index, *indexes, order.version, before)

    def _end(self, order: BookOrder, status: OrderStatus, now_ns: int, changes: Changes) -> None:
        self._leave(order)
        order.status, order.updated_ns = status, now_ns
        changes.note(order)

    def _leave(self, order: BookOrder) -> None:
        self._waiting.pop(order.order_index, None)
        (self._asks if order.is_ask else self._bids).remove(order)

    def _triggered(self, order: BookOrder) -> bool:
        stops = order.kind in (OrderKind.STOP_LOSS, OrderKind.STOP_LOSS_LIMIT)
        falling = stops == order.is_ask
        return self.mark <= order.trigger_price if falling else self.mark >= order.trigger_price

    def _reason_unfilled(self, order: BookOrder) -> OrderStatus:
        """Return why an immediate order ended; the venue's words for a limit IOC are inferred."""
        if not _is_market(order) or self._best_price(not order.is_ask) is None:
            return OrderStatus.CANCELED_LIQUIDITY
        return OrderStatus.CANCELED_SLIPPAGE


def index_base(market_id: int, place: int) -> int:
    """Return what the order indexes of a market have in common."""
    if market_id <= LAST_OLD_MARKET:
        return (market_id + 1) << ORDER_NUMBER_BITS
    return NEW_INDEX_BASE | place << ORDER_NUMBER_BITS


def _is_market(order: BookOrder) -> bool:
    return order.kind in (OrderKind.MARKET, OrderKind.STOP_LOSS, OrderKind.TAKE_PROFIT)
