"""
Nautilus' side of the order rooms, without a node: a real client, cache and orders.

Events come out of the real `generate_order_...` and wait in a queue, as they do in the live engine;
`Engine.run` applies them to the orders.
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from nautilus_trader.cache.cache import Cache
from nautilus_trader.common.component import Logger
from nautilus_trader.common.component import MessageBus
from nautilus_trader.common.component import TestClock
from nautilus_trader.common.factories import OrderFactory
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.client import ExecutionClient
from nautilus_trader.model.enums import AccountType
from nautilus_trader.model.enums import OmsType
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.enums import OrderType
from nautilus_trader.model.events import OrderEvent
from nautilus_trader.model.events import OrderPendingCancel
from nautilus_trader.model.events import OrderPendingUpdate
from nautilus_trader.model.events import OrderReleased
from nautilus_trader.model.identifiers import AccountId
from nautilus_trader.model.identifiers import ClientId
from nautilus_trader.model.identifiers import ClientOrderId
from nautilus_trader.model.identifiers import StrategyId
from nautilus_trader.model.identifiers import TraderId
from nautilus_trader.model.identifiers import Venue
from nautilus_trader.model.objects import Price
from nautilus_trader.model.objects import Quantity
from nautilus_trader.model.orders import Order

from nautilus_lighter_nonce.lighter.schemas import OrderBookDetail
from nautilus_lighter_nonce.orders.look_ups import LookUps
from nautilus_lighter_nonce.orders.order_events import Ids
from nautilus_lighter_nonce.orders.order_events import OrderEvents
from nautilus_lighter_nonce.translate.instruments import instrument_from


TRADER, STRATEGY = TraderId("TESTER-001"), StrategyId("S-001")
ACCOUNT = AccountId("LIGHTER-700")
ETH = instrument_from(
    OrderBookDetail(
        symbol="ETH", market_id=0, supported_size_decimals=4, supported_price_decimals=2
    ),
    0,
)


class Loop:
    """A loop whose timers the test lets ring."""

    def __init__(self) -> None:
        self.timers: list[tuple[float, Any, tuple[Any, ...]]] = []

    def call_later(self, delay: float, ring: Any, *args: Any) -> None:
        self.timers.append((delay, ring, args))

    def ring(self) -> None:
        """Let all timers ring."""
        timers, self.timers = self.timers, []
        for _, ring, args in timers:
            ring(*args)


class Engine:
    """A client with a cache, and a queue of events as the live engine has one."""

    def __init__(self) -> None:
        self.clock = TestClock()
        self.clock.set_time(1_000)
        self.cache = Cache()
        self.loop = Loop()
        self.queue: list[OrderEvent] = []
        self.events: list[OrderEvent] = []
        self.reports: list[Any] = []
        bus = MessageBus(TRADER, self.clock)
        bus.register("ExecEngine.process", self._take)
        bus.register("ExecEngine.reconcile_execution_report", self.reports.append)
        self.client = ExecutionClient(
            ClientId("LIGHTER"),
            Venue("LIGHTER"),
            OmsType.NETTING,
            AccountType.MARGIN,
            None,
            bus,
            self.cache,
            self.clock,
        )
        self.client._set_account_id(ACCOUNT)
        self.look_ups = LookUps(self.loop)  # type: ignore[arg-type]
        self.door = OrderEvents(self.client, self.cache, self.clock, self.look_ups, Logger("test"))
        self._factory = OrderFactory(TRADER, STRATEGY, self.clock)

    def _take(self, event: OrderEvent) -> None:
        self.queue.append(event)
        self.events.append(event)

    # -- ORDERS -----------------------------------------------------------------------------------

    def limit(self, *, is_cached: bool = True, size: str = "0.1000", **options: Any) -> Order:
        """Make an order to buy at 2000; the cache has it unless said otherwise."""
        order = self._factory.limit(
            ETH.id, OrderSide.BUY, Quantity.from_str(size), Price.from_str("2000.00"), **options
        )
        return self._cached(order) if is_cached else order

    def market(self, side: OrderSide = OrderSide.BUY) -> Order:
        """Make a market order that the cache has."""
        return self._cached(self._factory.market(ETH.id, side, Quantity.from_str("0.1000")))

    def stop_limit(self) -> Order:
        """Make an order that can be triggered; the cache has it."""
        price = Price.from_str("2000.00")
        order = self._factory.stop_limit(
            ETH.id, OrderSide.BUY, Quantity.from_str("0.1000"), price, price
        )
        return self._cached(order)

    def bracket(self, **options: Any) -> list[Order]:
        """Make an entry with take-profit and stop-loss; the cache has them."""
        listed = self._factory.bracket(
            ETH.id,
            OrderSide.BUY,
            Quantity.from_str("0.1000"),
            entry_order_type=OrderType.LIMIT,
            entry_price=Price.from_str("2000.00"),
            tp_price=Price.from_str("2100.00"),
            sl_trigger_price=Price.from_str("1900.00"),
            **options,
        )
        return [self._cached(order) for order in listed.orders]

    def _cached(self, order: Order) -> Order:
        self.cache.add_order(order)
        return order

    # -- EVENTS -----------------------------------------------------------------------------------

    @property
    def told(self) -> list[str]:
        """The events that were generated, by their names in Nautilus without ``Order``."""
        return [type(event).__name__.removeprefix("Order") for event in self.events]

    def run(self, count: int | None = None) -> None:
        """Apply what waits, as the engine does; so many events of it, if that is said."""
        count = len(self.queue) if count is None else count
        queue, self.queue = self.queue[:count], self.queue[count:]
        for event in queue:
            order = self.cache.order(event.client_order_id)
            order.apply(event)
            self.cache.update_order(order)

    def wanted(self) -> list[ClientOrderId]:
        """Return the orders that are to be looked up, and forget them."""
        wanted = []
        while not self.look_ups._queue.empty():
            wanted.append(_now(self.look_ups.next()).client_order_id)
        return wanted


def ids_of(order: Order) -> Ids:
    """Return whose order it is, and which."""
    return Ids(order.strategy_id, order.instrument_id, order.client_order_id)


def pending_cancel(order: Order) -> OrderPendingCancel:
    """Return what a strategy applies when it cancels."""
    return OrderPendingCancel(*_of(order), order.venue_order_id, ACCOUNT, UUID4(), 5, 5)


def pending_update(order: Order) -> OrderPendingUpdate:
    """Return what a strategy applies when it modifies."""
    return OrderPendingUpdate(*_of(order), order.venue_order_id, ACCOUNT, UUID4(), 5, 5)


def released(order: Order) -> OrderReleased:
    """Return what the emulator applies when it lets an order go."""
    return OrderReleased(*_of(order), Price.from_str("2000.00"), UUID4(), 5)


def _of(order: Order) -> tuple[Any, ...]:
    return order.trader_id, order.strategy_id, order.instrument_id, order.client_order_id


def _now[T](coroutine: Coroutine[Any, Any, T]) -> T:
    """Return the result of a coroutine that need not wait."""
    try:
        coroutine.send(None)
    except StopIteration as e:
        result: T = e.value
        return result
    coroutine.close()
    raise AssertionError("it would wait")
