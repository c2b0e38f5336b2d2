"""The quoting strategy: what it sends, when it cancels, and that it can be wound down."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from nautilus_trader.cache.cache import Cache
from nautilus_trader.common.component import MessageBus
from nautilus_trader.common.component import TestClock
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.enums import OrderType
from nautilus_trader.model.enums import TimeInForce
from nautilus_trader.model.identifiers import TraderId
from nautilus_trader.model.identifiers import VenueOrderId
from nautilus_trader.portfolio.portfolio import Portfolio
from nautilus_trader.test_kit.stubs.events import TestEventStubs

from nautilus_lighter_nonce.demo.strategy import CROSSING_BPS
from nautilus_lighter_nonce.demo.strategy import FARTHEST_BPS
from nautilus_lighter_nonce.demo.strategy import NEAREST_BPS
from nautilus_lighter_nonce.demo.strategy import TIMER
from nautilus_lighter_nonce.demo.strategy import QuotingConfig
from nautilus_lighter_nonce.demo.strategy import QuotingStrategy
from tests.orders.engine import ACCOUNT
from tests.orders.engine import ETH


MS = 1_000_000
REFERENCE = Decimal(2000)


class Stage:
    """A strategy with the parts of a node that it needs; its commands are written down."""

    def __init__(self, *, is_listed: bool = True, seed: int = 0) -> None:
        trader = TraderId("TESTER-001")
        self.clock = TestClock()
        self.cache = Cache()
        bus = MessageBus(trader, self.clock)
        self.commands: list[Any] = []
        for endpoint in ("RiskEngine.execute", "ExecEngine.execute"):
            bus.register(endpoint, self.commands.append)
        for endpoint in ("ExecEngine.process", "OrderEmulator.execute"):
            bus.register(endpoint, lambda message: None)
        if is_listed:
            self.cache.add_instrument(ETH)
        self.strategy = QuotingStrategy(
            QuotingConfig(
                instrument_id=ETH.id,
                reference_price=REFERENCE,
                order_qty=Decimal("0.05"),
                seed=seed,
                log_events=False,
                log_commands=False,
            )
        )
        portfolio = Portfolio(bus, self.cache, self.clock)
        self.strategy.register(trader, portfolio, bus, self.cache, self.clock)
        self.strategy.start()

    def pass_ms(self, ms: int) -> None:
        """Let time pass, and the timer ring as often as it should."""
        for handler in self.clock.advance_time(self.clock.timestamp_ns() + ms * MS):
            handler.handle()

    @property
    def orders(self) -> list[Any]:
        """The orders that were submitted."""
        return [each.order for each in self.commands if type(each).__name__ == "SubmitOrder"]

    def named(self, name: str) -> list[Any]:
        """Return the commands of one class."""
        return [each for each in self.commands if type(each).__name__ == name]

    def accept_all(self) -> None:
        """Let every order rest at the venue."""
        for number, order in enumerate(self.orders):
            if order.status_string() == "INITIALIZED":
                order.apply(submitted(order))
                order.apply(accepted(order, f"V-{number}"))
                self.cache.update_order(order)


def submitted(order: Any) -> Any:
    """Return that an order was sent."""
    return TestEventStubs.order_submitted(order, account_id=ACCOUNT)


def accepted(order: Any, venue_order_id: str) -> Any:
    """Return that an order rests."""
    return TestEventStubs.order_accepted(
        order, account_id=ACCOUNT, venue_order_id=VenueOrderId(venue_order_id)
    )


def away_bps(order: Any) -> float:
    """Return how far behind the reference price an order is; negative is beyond it."""
    sign = -1 if order.side == OrderSide.BUY else 1
    return float(sign * (order.price.as_decimal() - REFERENCE) / REFERENCE * 10_000)


# -- QUOTING --------------------------------------------------------------------------------------


def test_start_without_the_instrument_quotes_nothing() -> None:
    """A strategy whose market is not listed leaves the others alone."""
    stage = Stage(is_listed=False)
    assert TIMER not in stage.clock.timer_names
    stage.pass_ms(1_000)
    assert not stage.commands


def test_each_interval_quotes_one_order_of_each_side() -> None:
    """Two sides of one quantity: the position stays small."""
    stage = Stage()
    stage.pass_ms(4 * 250)
    sides = [order.side for order in stage.orders]
    assert sides == [OrderSide.BUY, OrderSide.SELL] * 4
    assert {order.quantity.as_decimal() for order in stage.orders} == {Decimal("0.05")}


def test_quotes_of_one_seed_are_the_same() -> None:
    """A run can be repeated: the seed decides every kind and price."""

    def quotes(seed: int) -> list[tuple[Any, ...]]:
        stage = Stage(seed=seed)
        stage.pass_ms(20 * 250)
        return [(order.order_type, getattr(order, "price", None)) for order in stage.orders]

    assert quotes(7) == quotes(7) != quotes(8)


def test_quotes_are_resting_ones_behind_and_immediate_ones_beyond_the_reference() -> None:
    """What rests stays clear of the touch; what is to fill at once may cross it."""
    stage = Stage(seed=1)
    stage.pass_ms(200 * 250)
    kinds = {(order.order_type, order.time_in_force) for order in stage.orders}
    assert kinds == {
        (OrderType.MARKET, TimeInForce.IOC),
        (OrderType.LIMIT, TimeInForce.IOC),
        (OrderType.LIMIT, TimeInForce.GTC),
    }
    tick = 0.05  # a price's rounding, basis points
    for order in stage.orders:
        if order.time_in_force == TimeInForce.GTC:
            assert NEAREST_BPS - tick <= away_bps(order) <= FARTHEST_BPS + tick
        elif order.order_type == OrderType.LIMIT:
            assert away_bps(order) == pytest.approx(-CROSSING_BPS, abs=tick)


def test_quotes_are_post_only_about_as_often_as_not() -> None:
    """Both are to be seen in a short run, and only what rests can be post-only."""
    stage = Stage(seed=1)
    stage.pass_ms(200 * 250)
    resting = [order for order in stage.orders if order.time_in_force == TimeInForce.GTC]
    share = sum(order.is_post_only for order in resting) / len(resting)
    assert 0.4 < share < 0.65
    assert not any(order.is_post_only for order in stage.orders if order not in resting)


# -- CANCELING ------------------------------------------------------------------------------------


def test_order_that_rests_longer_than_it_is_held_is_canceled_once() -> None:
    """A cancel that is under way is not sent again at the next interval."""
    stage = Stage()
    stage.pass_ms(250)
    stage.accept_all()
    first = {order.client_order_id for order in stage.cache.orders_open()}
    assert first
    stage.pass_ms(1_500)
    assert not stage.named("CancelOrder")
    stage.pass_ms(1_000)
    assert {each.client_order_id for each in stage.named("CancelOrder")} == first
    assert len(stage.named("CancelOrder")) == len(first)


def test_wind_down_quotes_no_more_and_cancels_what_is_open() -> None:
    """While a run settles nothing new comes to be."""
    stage = Stage()
    stage.pass_ms(250)
    stage.accept_all()
    before = len(stage.orders)
    stage.strategy.wind_down()
    stage.pass_ms(2_000)
    assert len(stage.orders) == before
    assert [each.instrument_id for each in stage.named("CancelAllOrders")] == [ETH.id]


def test_wind_down_again_cancels_what_came_to_be_open_meanwhile() -> None:
    """An order in flight at the first call is open at a later one."""
    stage = Stage()
    stage.pass_ms(250)
    stage.strategy.wind_down()
    stage.accept_all()
    stage.strategy.wind_down()
    assert stage.named("CancelAllOrders")


def test_stop_winds_down() -> None:
    """A node that stops leaves no quotes behind."""
    stage = Stage()
    stage.pass_ms(250)
    stage.accept_all()
    stage.strategy.stop()
    assert TIMER not in stage.clock.timer_names
    assert stage.named("CancelAllOrders")
