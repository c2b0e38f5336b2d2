"""Whose fills a position may show before they are read."""

from __future__ import annotations

from decimal import Decimal

import pytest
from nautilus_trader.cache.cache import Cache
from nautilus_trader.common.component import TestClock
from nautilus_trader.common.factories import OrderFactory
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.reports import PositionStatusReport
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.enums import PositionSide
from nautilus_trader.model.events import OrderAccepted
from nautilus_trader.model.events import OrderCanceled
from nautilus_trader.model.events import OrderSubmitted
from nautilus_trader.model.identifiers import AccountId
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.identifiers import StrategyId
from nautilus_trader.model.identifiers import TraderId
from nautilus_trader.model.identifiers import VenueOrderId
from nautilus_trader.model.objects import Price
from nautilus_trader.model.objects import Quantity
from nautilus_trader.model.orders import Order

from nautilus_lighter_nonce.orders.unread_fills import UnreadFills


ETH = InstrumentId.from_str("ETH-PERP.LIGHTER")
ACCOUNT = AccountId("LIGHTER-700")
BEGUN_NS, READ_NS = 1_000, 5_000


class Book:
    """A cache with orders and no position, and what is asked of it."""

    def __init__(self) -> None:
        self.cache = Cache()
        self.unread = UnreadFills(self.cache, ACCOUNT, BEGUN_NS)
        self._factory = OrderFactory(TraderId("T-1"), StrategyId("S-1"), TestClock())
        self._count = 0

    def order(self, side: OrderSide, quantity: str, account: AccountId = ACCOUNT) -> Order:
        """Put an accepted order into the cache."""
        self._count += 1
        order = self._factory.limit(
            ETH, side, Quantity.from_str(quantity), Price.from_str("1500.00")
        )
        self.cache.add_order(order)
        ids = self._ids(order)
        number = VenueOrderId(str(self._count))
        self._apply(order, OrderSubmitted(*ids, account, UUID4(), 0, 0))
        self._apply(order, OrderAccepted(*ids, number, account, UUID4(), 0, 0))
        return order

    def end(self, order: Order) -> None:
        """Let an order be canceled."""
        ids = self._ids(order)
        self._apply(order, OrderCanceled(*ids, order.venue_order_id, ACCOUNT, UUID4(), 0, 0))

    def behind(self, ahead: str) -> set[Order]:
        """Return which orders would explain a position that is ahead by so much."""
        amount = Decimal(ahead)
        sides = {0: PositionSide.FLAT, 1: PositionSide.LONG, -1: PositionSide.SHORT}
        report = PositionStatusReport(
            account_id=ACCOUNT,
            instrument_id=ETH,
            position_side=sides[(amount > 0) - (amount < 0)],
            quantity=Quantity(abs(amount), 4),
            report_id=UUID4(),
            ts_last=READ_NS,
            ts_init=READ_NS,
        )
        return {self.cache.order(order_id) for order_id in self.unread.behind(report)}

    def _ids(self, order: Order) -> tuple[object, ...]:
        return order.trader_id, order.strategy_id, ETH, order.client_order_id

    def _apply(self, order: Order, event: object) -> None:
        order.apply(event)
        self.cache.update_order(order)


@pytest.fixture
def book() -> Book:
    """Return a cache with nothing in it."""
    return Book()


def test_position_that_agrees_is_behind_nothing(book: Book) -> None:
    """Whatever orders live; from then on trades are to be read."""
    book.order(OrderSide.BUY, "0.0100")
    assert book.unread.since_ns(ETH) == BEGUN_NS
    assert book.behind("0") == set()
    assert book.unread.since_ns(ETH) == READ_NS


@pytest.mark.parametrize(
    ("side", "ahead"), [(OrderSide.BUY, "0.0040"), (OrderSide.SELL, "-0.0040")]
)
def test_position_ahead_is_explained_by_living_orders_of_that_side(
    book: Book, side: OrderSide, ahead: str
) -> None:
    """A fill of one of them may be what the venue shows; the position agreed at no time."""
    first, second = book.order(side, "0.0100"), book.order(side, "0.0030")
    book.order(OrderSide.SELL if side == OrderSide.BUY else OrderSide.BUY, "0.0100")
    assert book.behind(ahead) == {first, second}
    assert book.unread.since_ns(ETH) == BEGUN_NS


def test_position_ahead_by_more_than_orders_have_left_is_explained_by_none(book: Book) -> None:
    """No fill of ours is that large: it is the engine's to put right."""
    book.order(OrderSide.BUY, "0.0100")
    book.order(OrderSide.BUY, "0.0030")
    assert len(book.behind("0.0130")) == 2
    assert book.behind("0.0131") == set()


def test_difference_that_outlives_its_orders_is_explained_by_no_later_one(book: Book) -> None:
    """Who quotes for ever would have it explained for ever."""
    first = book.order(OrderSide.BUY, "0.0100")
    assert book.behind("0.0040") == {first}
    second = book.order(OrderSide.BUY, "0.0100")
    assert book.behind("0.0040") == {first}
    book.end(first)
    assert book.behind("0.0040") == set()
    assert book.behind("0.0040") == set()
    assert book.behind("0.0080") == {second}, "another difference is another fill"


def test_difference_is_explained_by_orders_of_the_account_alone(book: Book) -> None:
    """Another client's orders of that market fill another position."""
    book.order(OrderSide.BUY, "0.0100", AccountId("LIGHTER-701"))
    assert book.behind("0.0040") == set()
