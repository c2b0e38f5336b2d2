"""The way out: nothing is lost, nothing is rounded, and what cannot be done is refused."""

from __future__ import annotations

from datetime import UTC
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nautilus_trader.common.component import TestClock
from nautilus_trader.common.factories import OrderFactory
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.messages import ModifyOrder
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.enums import OrderType
from nautilus_trader.model.enums import TimeInForce
from nautilus_trader.model.identifiers import ClientOrderId
from nautilus_trader.model.identifiers import StrategyId
from nautilus_trader.model.identifiers import TraderId
from nautilus_trader.model.identifiers import VenueOrderId
from nautilus_trader.model.objects import Price
from nautilus_trader.model.objects import Quantity
from nautilus_trader.model.orders import Order

from nautilus_lighter_nonce.lighter import transactions
from nautilus_lighter_nonce.lighter.codes import OrderKind
from nautilus_lighter_nonce.lighter.codes import OrderTif
from nautilus_lighter_nonce.translate import intents
from tests.markets import ETH


NOW_NS = 1_777_941_384_000_000_000
MINUTE_NS = 60 * 10**9
DAY_NS = 86_400 * 10**9


@pytest.fixture
def orders() -> OrderFactory:
    """Return a factory of orders."""
    clock = TestClock()
    clock.set_time(NOW_NS)
    return OrderFactory(TraderId("T-001"), StrategyId("S-001"), clock)


def limit(orders: OrderFactory, **changes: Any) -> Order:
    """Return a limit order with some fields changed."""
    fields = {
        "instrument_id": ETH.id,
        "order_side": OrderSide.SELL,
        "quantity": Quantity.from_str("0.0500"),
        "price": Price.from_str("2352.74"),
    }
    return orders.limit(**(fields | changes))


def market(orders: OrderFactory, **changes: Any) -> Order:
    """Return a market order with some fields changed."""
    fields = {
        "instrument_id": ETH.id,
        "order_side": OrderSide.BUY,
        "quantity": Quantity.from_str("0.0500"),
    }
    return orders.market(**(fields | changes))


def at(ns: int) -> datetime:
    """Return Unix nanoseconds as a time."""
    return datetime.fromtimestamp(ns / 10**9, tz=UTC)


# -- NUMBERS --------------------------------------------------------------------------------------


@given(st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126), min_size=1))
def test_client_order_index_any_id_is_in_range_and_repeatable(text: str) -> None:
    """A restart computes the same number, and the venue can hold it."""
    index = intents.client_order_index(ClientOrderId(text))
    assert 1 <= index < 2**48
    assert index == intents.client_order_index(ClientOrderId(text))


def test_client_order_index_known_id_never_changes() -> None:
    """The number is part of what a restart relies on: a new version must not change it."""
    assert intents.client_order_index(ClientOrderId("O-1")) == 26764556210445


def test_client_order_index_many_ids_are_distinct() -> None:
    """Ids that differ in one digit have different numbers."""
    ids = {intents.client_order_index(ClientOrderId(f"O-{n}")) for n in range(10_000)}
    assert len(ids) == 10_000


@given(units=st.integers(0, 2**48 - 1), decimals=st.integers(0, 8))
def test_to_units_on_grid_is_exact(units: int, decimals: int) -> None:
    """Every number on the grid comes out as it is."""
    assert intents.to_units(Decimal(units).scaleb(-decimals), decimals, "price") == units


@pytest.mark.parametrize(
    "value", [Decimal("0.00501"), Price.from_str("0.00501"), Quantity.from_str("0.00501")]
)
def test_to_units_between_steps_raises_with_fields(value: Any) -> None:
    """A number between two steps is never rounded."""
    with pytest.raises(intents.OffGridError) as caught:
        intents.to_units(value, 4, "quantity")
    assert caught.value.field == "quantity"
    assert caught.value.step == Decimal("0.0001")
    assert "0.00501" in str(caught.value)


@pytest.mark.parametrize(
    ("touch", "side", "bps", "price"),
    [
        ("2361.31", OrderSide.BUY, 50, "2373.12"),
        ("2361.31", OrderSide.SELL, 50, "2349.50"),
        ("2361.31", OrderSide.BUY, 0, "2361.31"),
        ("0.01", OrderSide.SELL, 9999, "0.01"),
        ("100", OrderSide.SELL, 10_000, "0.01"),
    ],
)
def test_worst_price_is_rounded_away_from_touch(
    touch: str, side: OrderSide, bps: int, price: str
) -> None:
    """The worst price is on the grid, never better than asked for, never below one step."""
    assert intents.worst_price(Decimal(touch), side, bps, 2) == Decimal(price)


# -- ORDERS OUT -----------------------------------------------------------------------------------


def test_create_intent_gtc_limit_has_venue_numbers(orders: OrderFactory) -> None:
    """A resting order is written in steps, with the signer's own expiry."""
    order = limit(orders)
    assert intents.create_intent(order, ETH, None, NOW_NS) == transactions.CreateOrder(
        market_index=0,
        client_order_index=intents.client_order_index(order.client_order_id),
        base_amount=500,
        price=235274,
        is_ask=True,
        order_type=OrderKind.LIMIT,
        time_in_force=OrderTif.GOOD_TILL_TIME,
        reduce_only=False,
        trigger_price=0,
        order_expiry=-1,
    )


def test_create_intent_market_index_given_is_used(orders: OrderFactory) -> None:
    """The caller may know the market already."""
    assert intents.create_intent(limit(orders), ETH, None, NOW_NS, 9).market_index == 9


def test_create_intent_post_only_reduce_only_says_both(orders: OrderFactory) -> None:
    """Post-only is a time in force at the venue, reduce-only a flag."""
    intent = intents.create_intent(
        limit(orders, post_only=True, reduce_only=True), ETH, None, NOW_NS
    )
    assert intent.time_in_force == OrderTif.POST_ONLY
    assert intent.reduce_only


def test_create_intent_ioc_limit_has_no_expiry(orders: OrderFactory) -> None:
    """An immediate order with an expiry would be refused."""
    order = limit(orders, time_in_force=TimeInForce.IOC)
    intent = intents.create_intent(order, ETH, None, NOW_NS)
    assert intent.time_in_force == OrderTif.IMMEDIATE_OR_CANCEL
    assert intent.order_expiry == 0


@pytest.mark.parametrize("tif", [TimeInForce.GTC, TimeInForce.IOC])
def test_create_intent_market_is_ioc_at_worst_price(orders: OrderFactory, tif: Any) -> None:
    """A market order is immediate and carries the worst price it may fill at."""
    order = market(orders, time_in_force=tif)
    intent = intents.create_intent(order, ETH, Decimal("2373.12"), NOW_NS)
    assert (intent.order_type, intent.time_in_force) == (
        OrderKind.MARKET,
        OrderTif.IMMEDIATE_OR_CANCEL,
    )
    assert (intent.price, intent.order_expiry, intent.is_ask) == (237312, 0, False)


@pytest.mark.parametrize("left_ns", [5 * MINUTE_NS, 30 * DAY_NS])
def test_create_intent_gtd_in_range_carries_milliseconds(
    orders: OrderFactory, left_ns: int
) -> None:
    """The expiry goes out in milliseconds, both ends of the range included."""
    order = limit(orders, time_in_force=TimeInForce.GTD, expire_time=at(NOW_NS + left_ns))
    intent = intents.create_intent(order, ETH, None, NOW_NS)
    assert intent.order_expiry == (NOW_NS + left_ns) // 10**6


@pytest.mark.parametrize("left_ns", [5 * MINUTE_NS - 10**6, 30 * DAY_NS + 10**6, -DAY_NS])
def test_create_intent_gtd_out_of_range_raises(orders: OrderFactory, left_ns: int) -> None:
    """The venue takes five minutes to thirty days, nothing else."""
    order = limit(orders, time_in_force=TimeInForce.GTD, expire_time=at(NOW_NS + left_ns))
    with pytest.raises(intents.UnsupportedOrderError) as caught:
        intents.create_intent(order, ETH, None, NOW_NS)
    assert caught.value.field == "expire_time"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"time_in_force": TimeInForce.FOK}, "time_in_force"),
        ({"time_in_force": TimeInForce.DAY}, "time_in_force"),
        ({"time_in_force": TimeInForce.AT_THE_CLOSE}, "time_in_force"),
        ({"quote_quantity": True}, "quote_quantity"),
        ({"display_qty": Quantity.from_str("0.0100")}, "display_qty"),
        ({"quantity": Quantity.from_str("99999999999.0000")}, "quantity"),
        ({"price": Price.from_str("42949672.96")}, "price"),
    ],
)
def test_create_intent_unsupported_limit_raises_with_field(
    orders: OrderFactory, changes: dict[str, Any], field: str
) -> None:
    """What the venue does not do is refused with field, value and remedy."""
    with pytest.raises(intents.UnsupportedOrderError) as caught:
        intents.create_intent(limit(orders, **changes), ETH, None, NOW_NS)
    assert caught.value.field == field
    assert caught.value.remedy in str(caught.value)


def test_create_intent_post_only_ioc_raises(orders: OrderFactory) -> None:
    """An order cannot rest and be immediate."""

    class Both:
        display_qty = None
        is_post_only = True
        is_quote_quantity = False
        order_type = OrderType.LIMIT
        time_in_force = TimeInForce.IOC

    with pytest.raises(intents.UnsupportedOrderError) as caught:
        intents.check_supported(Both(), NOW_NS)
    assert caught.value.field == "post_only"


@pytest.mark.parametrize(
    "kind", ["stop_market", "stop_limit", "market_if_touched", "trailing_stop_market"]
)
def test_create_intent_conditional_order_raises(orders: OrderFactory, kind: str) -> None:
    """Triggers are Nautilus' to emulate."""
    fields: dict[str, Any] = {
        "instrument_id": ETH.id,
        "order_side": OrderSide.SELL,
        "quantity": Quantity.from_str("0.0500"),
        "trigger_price": Price.from_str("2300.00"),
    }
    if kind == "stop_limit":
        fields["price"] = Price.from_str("2299.00")
    if kind == "trailing_stop_market":
        fields["trailing_offset"] = Decimal(1)
    with pytest.raises(intents.UnsupportedOrderError) as caught:
        intents.create_intent(getattr(orders, kind)(**fields), ETH, None, NOW_NS)
    assert caught.value.field == "order_type"


def test_create_intent_market_fok_raises(orders: OrderFactory) -> None:
    """The venue knows no fill-or-kill."""
    with pytest.raises(intents.UnsupportedOrderError):
        intents.check_supported(market(orders, time_in_force=TimeInForce.FOK), NOW_NS)


def test_create_intent_market_without_price_raises(orders: OrderFactory) -> None:
    """Without a touch there is no worst price, and no order."""
    with pytest.raises(intents.UnsupportedOrderError) as caught:
        intents.create_intent(market(orders), ETH, None, NOW_NS)
    assert caught.value.field == "price"


def test_create_intent_price_off_grid_raises(orders: OrderFactory) -> None:
    """A price between two steps is never rounded."""
    order = limit(orders, price=Price.from_str("2352.745"))
    with pytest.raises(intents.OffGridError):
        intents.create_intent(order, ETH, None, NOW_NS)


# -- CHANGES --------------------------------------------------------------------------------------


def modify(order: Order, **changes: Any) -> ModifyOrder:
    """Return a command that changes an order."""
    fields = {
        "quantity": None,
        "price": None,
        "trigger_price": None,
        "venue_order_id": None,
    }
    return ModifyOrder(
        trader_id=order.trader_id,
        strategy_id=order.strategy_id,
        instrument_id=order.instrument_id,
        client_order_id=order.client_order_id,
        command_id=UUID4(),
        ts_init=NOW_NS,
        **(fields | changes),
    )


def test_modify_intent_price_given_keeps_quantity(orders: OrderFactory) -> None:
    """What the command leaves out stays; the order is named by our number."""
    order = limit(orders)
    command = modify(order, price=Price.from_str("2400.00"))
    assert intents.modify_intent(command, order, ETH) == transactions.ModifyOrder(
        market_index=0,
        order_index=intents.client_order_index(order.client_order_id),
        base_amount=500,
        price=240000,
    )


def test_modify_intent_venue_id_known_is_used(orders: OrderFactory) -> None:
    """The venue's own number is preferred once it is known."""
    order = limit(orders)
    command = modify(
        order,
        quantity=Quantity.from_str("0.0700"),
        venue_order_id=VenueOrderId("281476929510110"),
    )
    intent = intents.modify_intent(command, order, ETH, 3)
    assert (intent.order_index, intent.base_amount, intent.price, intent.market_index) == (
        281476929510110,
        700,
        235274,
        3,
    )


def test_modify_intent_trigger_given_raises(orders: OrderFactory) -> None:
    """A limit order has no trigger to change."""
    order = limit(orders)
    with pytest.raises(intents.UnsupportedOrderError):
        intents.modify_intent(modify(order, trigger_price=Price.from_str("1.00")), order, ETH)


def test_modify_intent_market_order_raises(orders: OrderFactory) -> None:
    """A market order does not rest."""
    order = market(orders)
    with pytest.raises(intents.UnsupportedOrderError):
        intents.modify_intent(modify(order, quantity=Quantity.from_str("1.0000")), order, ETH)
