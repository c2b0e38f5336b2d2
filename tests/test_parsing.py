"""Translation both ways: nothing is lost, nothing is rounded, nothing is guessed."""

from __future__ import annotations

from datetime import UTC
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nautilus_trader.common.component import TestClock
from nautilus_trader.common.factories import OrderFactory
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.messages import ModifyOrder
from nautilus_trader.model.currencies import USDC
from nautilus_trader.model.enums import LiquiditySide
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.enums import OrderStatus
from nautilus_trader.model.enums import OrderType
from nautilus_trader.model.enums import PositionSide
from nautilus_trader.model.enums import TimeInForce
from nautilus_trader.model.enums import TriggerType
from nautilus_trader.model.identifiers import AccountId
from nautilus_trader.model.identifiers import ClientOrderId
from nautilus_trader.model.identifiers import StrategyId
from nautilus_trader.model.identifiers import TraderId
from nautilus_trader.model.identifiers import VenueOrderId
from nautilus_trader.model.objects import Money
from nautilus_trader.model.objects import Price
from nautilus_trader.model.objects import Quantity
from nautilus_trader.model.orders import Order

from nautilus_lighter_nonce import parsing
from nautilus_lighter_nonce.lighter import schemas
from nautilus_lighter_nonce.lighter.codes import OrderKind
from nautilus_lighter_nonce.lighter.codes import OrderTif


FIXTURES = Path(__file__).parent / "fixtures"
DETAILS = msgspec.json.decode(
    (FIXTURES / "order_book_details.json").read_bytes(), type=schemas.OrderBookDetails
).order_book_details
ETH = parsing.instrument_from(DETAILS[0], 5)
ACCOUNT = AccountId("LIGHTER-712440")
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


def wire_order(**changes: Any) -> schemas.Order:
    """Return an order as the venue shows it, with some fields changed."""
    fields = {
        "order_index": 281476929510110,
        "client_order_index": 42,
        "market_index": 0,
        "initial_base_amount": "0.0050",
        "price": "2352.74",
        "remaining_base_amount": "0.0050",
        "is_ask": True,
        "status": "open",
        "order_expiry": 1780360584479,
        "created_at": 1777941383,
        "updated_at": 1777941384,
        "transaction_time": 1777941383576735,
    }
    return schemas.Order(**(fields | changes))


def wire_trade(**changes: Any) -> schemas.Trade:
    """Return a trade print with some fields changed."""
    fields = {
        "trade_id": 19209006902,
        "market_id": 0,
        "size": "0.1336",
        "price": "2352.73",
        "ask_id": 281476929510102,
        "bid_id": 562947905631053,
        "ask_account_id": 91249,
        "bid_account_id": 1234,
        "is_maker_ask": True,
        "timestamp": 1777941384181,
        "taker_fee": 196,
        "maker_fee": 28,
        "transaction_time": 1777941384181586,
    }
    return schemas.Trade(**(fields | changes))


def report_of(order: schemas.Order) -> Any:
    """Return the status report of a wire order of ours."""
    return parsing.order_status_report(order, ETH, ACCOUNT, ClientOrderId("O-1"), 7)


def fill_of(trade: schemas.Trade, account: int, **changes: Any) -> Any:
    """Return the fill report of one account's side of a trade."""
    return parsing.fill_report(trade, account, ETH, ACCOUNT, None, 7, **changes)


# -- NUMBERS --------------------------------------------------------------------------------------


@given(st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126), min_size=1))
def test_client_order_index_any_id_is_in_range_and_repeatable(text: str) -> None:
    """A restart computes the same number, and the venue can hold it."""
    index = parsing.client_order_index(ClientOrderId(text))
    assert 1 <= index < 2**48
    assert index == parsing.client_order_index(ClientOrderId(text))


def test_client_order_index_known_id_never_changes() -> None:
    """The number is part of what a restart relies on: a new version must not change it."""
    assert parsing.client_order_index(ClientOrderId("O-1")) == 26764556210445


def test_client_order_index_many_ids_are_distinct() -> None:
    """Ids that differ in one digit have different numbers."""
    ids = {parsing.client_order_index(ClientOrderId(f"O-{n}")) for n in range(10_000)}
    assert len(ids) == 10_000


@given(units=st.integers(0, 2**48 - 1), decimals=st.integers(0, 8))
def test_to_units_on_grid_is_exact(units: int, decimals: int) -> None:
    """Every number on the grid comes out as it is."""
    assert parsing.to_units(Decimal(units).scaleb(-decimals), decimals, "price") == units


@pytest.mark.parametrize(
    "value", [Decimal("0.00501"), Price.from_str("0.00501"), Quantity.from_str("0.00501")]
)
def test_to_units_between_steps_raises_with_fields(value: Any) -> None:
    """A number between two steps is never rounded."""
    with pytest.raises(parsing.OffGridError) as caught:
        parsing.to_units(value, 4, "quantity")
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
    assert parsing.worst_price(Decimal(touch), side, bps, 2) == Decimal(price)


@pytest.mark.parametrize(
    "timestamp", [1777941384, 1777941384000, 1777941384000000, 1777941384000000000]
)
def test_to_unix_ns_any_unit_is_the_same_moment(timestamp: int) -> None:
    """The magnitude tells the unit."""
    assert parsing.to_unix_ns(timestamp) == NOW_NS


# -- ORDERS OUT -----------------------------------------------------------------------------------


def test_create_intent_gtc_limit_has_venue_numbers(orders: OrderFactory) -> None:
    """A resting order is written in steps, with the signer's own expiry."""
    order = limit(orders)
    assert parsing.create_intent(order, ETH, None, NOW_NS) == schemas.CreateOrder(
        market_index=0,
        client_order_index=parsing.client_order_index(order.client_order_id),
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
    assert parsing.create_intent(limit(orders), ETH, None, NOW_NS, 9).market_index == 9


def test_create_intent_post_only_reduce_only_says_both(orders: OrderFactory) -> None:
    """Post-only is a time in force at the venue, reduce-only a flag."""
    intent = parsing.create_intent(
        limit(orders, post_only=True, reduce_only=True), ETH, None, NOW_NS
    )
    assert intent.time_in_force == OrderTif.POST_ONLY
    assert intent.reduce_only


def test_create_intent_ioc_limit_has_no_expiry(orders: OrderFactory) -> None:
    """An immediate order with an expiry would be refused."""
    order = limit(orders, time_in_force=TimeInForce.IOC)
    intent = parsing.create_intent(order, ETH, None, NOW_NS)
    assert intent.time_in_force == OrderTif.IMMEDIATE_OR_CANCEL
    assert intent.order_expiry == 0


@pytest.mark.parametrize("tif", [TimeInForce.GTC, TimeInForce.IOC])
def test_create_intent_market_is_ioc_at_worst_price(orders: OrderFactory, tif: Any) -> None:
    """A market order is immediate and carries the worst price it may fill at."""
    order = market(orders, time_in_force=tif)
    intent = parsing.create_intent(order, ETH, Decimal("2373.12"), NOW_NS)
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
    intent = parsing.create_intent(order, ETH, None, NOW_NS)
    assert intent.order_expiry == (NOW_NS + left_ns) // 10**6


@pytest.mark.parametrize("left_ns", [5 * MINUTE_NS - 10**6, 30 * DAY_NS + 10**6, -DAY_NS])
def test_create_intent_gtd_out_of_range_raises(orders: OrderFactory, left_ns: int) -> None:
    """The venue takes five minutes to thirty days, nothing else."""
    order = limit(orders, time_in_force=TimeInForce.GTD, expire_time=at(NOW_NS + left_ns))
    with pytest.raises(parsing.UnsupportedOrderError) as caught:
        parsing.create_intent(order, ETH, None, NOW_NS)
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
    with pytest.raises(parsing.UnsupportedOrderError) as caught:
        parsing.create_intent(limit(orders, **changes), ETH, None, NOW_NS)
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

    with pytest.raises(parsing.UnsupportedOrderError) as caught:
        parsing.check_supported(Both(), NOW_NS)
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
    with pytest.raises(parsing.UnsupportedOrderError) as caught:
        parsing.create_intent(getattr(orders, kind)(**fields), ETH, None, NOW_NS)
    assert caught.value.field == "order_type"


def test_create_intent_market_fok_raises(orders: OrderFactory) -> None:
    """The venue knows no fill-or-kill."""
    with pytest.raises(parsing.UnsupportedOrderError):
        parsing.check_supported(market(orders, time_in_force=TimeInForce.FOK), NOW_NS)


def test_create_intent_market_without_price_raises(orders: OrderFactory) -> None:
    """Without a touch there is no worst price, and no order."""
    with pytest.raises(parsing.UnsupportedOrderError) as caught:
        parsing.create_intent(market(orders), ETH, None, NOW_NS)
    assert caught.value.field == "price"


def test_create_intent_price_off_grid_raises(orders: OrderFactory) -> None:
    """A price between two steps is never rounded."""
    order = limit(orders, price=Price.from_str("2352.745"))
    with pytest.raises(parsing.OffGridError):
        parsing.create_intent(order, ETH, None, NOW_NS)


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
    assert parsing.modify_intent(command, order, ETH) == schemas.ModifyOrder(
        market_index=0,
        order_index=parsing.client_order_index(order.client_order_id),
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
    intent = parsing.modify_intent(command, order, ETH, 3)
    assert (intent.order_index, intent.base_amount, intent.price, intent.market_index) == (
        281476929510110,
        700,
        235274,
        3,
    )


def test_modify_intent_trigger_given_raises(orders: OrderFactory) -> None:
    """A limit order has no trigger to change."""
    order = limit(orders)
    with pytest.raises(parsing.UnsupportedOrderError):
        parsing.modify_intent(modify(order, trigger_price=Price.from_str("1.00")), order, ETH)


def test_modify_intent_market_order_raises(orders: OrderFactory) -> None:
    """A market order does not rest."""
    order = market(orders)
    with pytest.raises(parsing.UnsupportedOrderError):
        parsing.modify_intent(modify(order, quantity=Quantity.from_str("1.0000")), order, ETH)


# -- ORDER REPORTS --------------------------------------------------------------------------------

STATUSES = [
    "in-progress",
    "pending",
    "open",
    "filled",
    "canceled",
    "canceled-post-only",
    "canceled-reduce-only",
    "canceled-position-not-allowed",
    "canceled-margin-not-allowed",
    "canceled-too-much-slippage",
    "canceled-not-enough-liquidity",
    "canceled-self-trade",
    "canceled-expired",
    "canceled-oco",
    "canceled-child",
    "canceled-liquidation",
    "canceled-invalid-balance",
]


@pytest.mark.parametrize("status", STATUSES)
def test_order_status_every_status_of_the_venue_is_known(status: str) -> None:
    """Each of the venue's seventeen statuses has one of ours."""
    expected = {
        "in-progress": OrderStatus.SUBMITTED,
        "pending": OrderStatus.ACCEPTED,
        "open": OrderStatus.ACCEPTED,
        "filled": OrderStatus.FILLED,
        "canceled-expired": OrderStatus.EXPIRED,
    }.get(status, OrderStatus.CANCELED)
    assert parsing.order_status(wire_order(status=status)) == expected


def test_order_status_open_with_fills_is_partially_filled() -> None:
    """The venue has no word for it."""
    order = wire_order(filled_base_amount="0.0010")
    assert parsing.order_status(order) == OrderStatus.PARTIALLY_FILLED


def test_order_status_new_kind_of_cancel_is_canceled() -> None:
    """A new reason does not change what happened."""
    assert parsing.order_status(wire_order(status="canceled-new")) == OrderStatus.CANCELED


def test_order_status_unknown_raises_with_status() -> None:
    """What we do not know is not guessed."""
    with pytest.raises(parsing.UnknownStatusError) as caught:
        parsing.order_status(wire_order(status="paused"))
    assert caught.value.status == "paused"


def test_order_status_report_open_order_has_all_fields() -> None:
    """A resting order is reported with its ids, numbers and times."""
    report = report_of(wire_order(filled_base_amount="0.0010", filled_quote_amount="2.352740"))
    assert report.client_order_id == ClientOrderId("O-1")
    assert report.venue_order_id == VenueOrderId("281476929510110")
    assert (report.order_side, report.order_type) == (OrderSide.SELL, OrderType.LIMIT)
    assert (str(report.quantity), str(report.filled_qty)) == ("0.0050", "0.0010")
    assert (str(report.price), report.avg_px) == ("2352.74", Decimal("2352.74"))
    assert report.time_in_force == TimeInForce.GTD
    assert int(report.expire_time.timestamp() * 1000) == 1780360584479
    assert report.ts_accepted == 1777941383 * 10**9
    assert report.ts_last == 1777941383576735 * 10**3
    assert report.ts_init == 7


def test_order_status_report_post_only_is_said() -> None:
    """Post-only is a flag to us."""
    assert report_of(wire_order(time_in_force="post-only")).post_only


def test_order_status_report_market_order_has_no_price() -> None:
    """The worst price of a market order is not its price."""
    report = report_of(
        wire_order(
            type="market", time_in_force="immediate-or-cancel", order_expiry=0, status="filled"
        )
    )
    assert (report.order_type, report.price) == (OrderType.MARKET, None)
    assert report.time_in_force == TimeInForce.IOC
    assert report.avg_px is None


def test_order_status_report_foreign_stop_has_its_trigger() -> None:
    """A stop set elsewhere on the account is reported as one."""
    report = report_of(wire_order(type="stop-loss", trigger_price="2300.00", status="pending"))
    assert report.order_type == OrderType.STOP_MARKET
    assert report.trigger_price == Price.from_str("2300.00")
    assert report.trigger_type == TriggerType.MARK_PRICE


def test_order_status_report_cancel_carries_its_reason() -> None:
    """The venue's word for the reason is kept."""
    report = report_of(wire_order(status="canceled-post-only"))
    assert report.cancel_reason == "canceled-post-only"
    assert report_of(wire_order(status="canceled")).cancel_reason is None


# -- FILLS ----------------------------------------------------------------------------------------


def test_fill_report_taker_buy_pays_taker_rate() -> None:
    """The bid took: its side, its order, the taker's ticks of the notional."""
    report = fill_of(wire_trade(), 1234)
    assert (report.order_side, report.liquidity_side) == (OrderSide.BUY, LiquiditySide.TAKER)
    assert report.venue_order_id == VenueOrderId("562947905631053")
    assert report.trade_id.value == "19209006902"
    assert (str(report.last_qty), str(report.last_px)) == ("0.1336", "2352.73")
    notional = Decimal("0.1336") * Decimal("2352.73")
    assert report.commission == Money(notional * Decimal("0.000196"), USDC)
    assert report.ts_event == 1777941384181586000


def test_fill_report_maker_sell_pays_maker_rate() -> None:
    """The ask rested: the other side of the same trade."""
    report = fill_of(wire_trade(), 91249)
    assert (report.order_side, report.liquidity_side) == (OrderSide.SELL, LiquiditySide.MAKER)
    assert report.venue_order_id == VenueOrderId("281476929510102")
    notional = Decimal("0.1336") * Decimal("2352.73")
    assert report.commission == Money(notional * Decimal("0.000028"), USDC)


@pytest.mark.parametrize(
    ("account", "maker_ask", "liquidity"),
    [
        (91249, True, LiquiditySide.MAKER),
        (91249, False, LiquiditySide.TAKER),
        (1234, True, LiquiditySide.TAKER),
        (1234, False, LiquiditySide.MAKER),
    ],
)
def test_fill_report_maker_iff_own_side_rested(
    account: int, maker_ask: bool, liquidity: LiquiditySide
) -> None:
    """We are maker exactly if the maker's side is ours."""
    assert fill_of(wire_trade(is_maker_ask=maker_ask), account).liquidity_side == liquidity


def test_fill_report_trade_with_ourselves_reports_the_side_asked_for() -> None:
    """A trade with ourselves has two reports."""
    trade = wire_trade(ask_account_id=1234)
    sides = [fill_of(trade, 1234, is_ask=is_ask).order_side for is_ask in (True, False)]
    assert sides == [OrderSide.SELL, OrderSide.BUY]


@pytest.mark.parametrize("is_ask", [None, True, False])
def test_fill_report_foreign_trade_raises(is_ask: bool | None) -> None:
    """A trade of others is not ours."""
    with pytest.raises(parsing.ForeignTradeError) as caught:
        fill_of(wire_trade(), 5, is_ask=is_ask)
    assert (caught.value.trade_id, caught.value.account_index) == (19209006902, 5)


def test_fill_report_standard_tier_pays_nothing() -> None:
    """Prints leave the fee out when it is zero."""
    assert fill_of(wire_trade(taker_fee=0), 1234).commission == Money(0, USDC)


# -- POSITIONS AND BALANCES -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sign", "size", "side"),
    [
        (1, "0.0100", PositionSide.LONG),
        (-1, "0.0100", PositionSide.SHORT),
        (1, "0.0000", PositionSide.FLAT),
    ],
)
def test_position_report_sign_gives_side(sign: int, size: str, side: PositionSide) -> None:
    """Size is unsigned, the sign is apart; zero is flat."""
    position = schemas.Position(market_id=0, sign=sign, position=size, avg_entry_price="2300.5")
    report = parsing.position_report(position, ETH, ACCOUNT, 7)
    assert report.position_side == side
    assert report.quantity == Quantity.from_str(size)
    assert report.avg_px_open == (None if side == PositionSide.FLAT else Decimal("2300.5"))


@pytest.mark.parametrize(
    ("collateral", "available", "free"),
    [
        ("39.995369", "39.168314", "39.168314"),
        ("10.000000", "12.500000", "10.000000"),
        ("10.000000", "-1.000000", "0"),
        ("-5.000000", "0.000000", "-5.000000"),
        ("0.000000", "0.000000", "0"),
    ],
)
def test_account_balances_total_is_free_plus_locked(
    collateral: str, available: str, free: str
) -> None:
    """One USDC balance, exact whatever the venue calls available."""
    for source in (
        schemas.AccountDetail(index=1, collateral=collateral, available_balance=available),
        schemas.UserStats(collateral=collateral, available_balance=available),
    ):
        (balance,) = parsing.account_balances(source)
        assert balance.total == Money(Decimal(collateral), USDC)
        assert balance.free == Money(Decimal(free), USDC)
        assert balance.locked.as_decimal() == Decimal(collateral) - Decimal(free)


# -- INSTRUMENTS ----------------------------------------------------------------------------------


def test_instrument_from_market_row_has_its_grid_and_limits() -> None:
    """An instrument carries the market's name, grid, limits, margins and fees."""
    assert ETH.id.value == "ETH-PERP.LIGHTER"
    assert (ETH.raw_symbol.value, ETH.base_currency.code) == ("ETH", "ETH")
    assert (ETH.quote_currency, ETH.settlement_currency) == (USDC, USDC)
    assert (ETH.price_precision, ETH.size_precision) == (2, 4)
    assert (str(ETH.price_increment), str(ETH.size_increment)) == ("0.01", "0.0001")
    assert str(ETH.min_quantity) == "0.0050"
    assert ETH.min_notional == Money(10, USDC)
    assert ETH.max_price == Price.from_str("42949672.95")
    assert (ETH.margin_init, ETH.margin_maint) == (Decimal("0.05"), Decimal("0.012"))
    assert (ETH.maker_fee, ETH.taker_fee) == (Decimal("0.00004"), Decimal("0.00028"))
    assert ETH.info == {"market_id": 0}


def test_instrument_from_row_without_decimals_uses_supported_ones() -> None:
    """Rows of `orderBooks` have only the supported decimals."""
    instrument = parsing.instrument_from(DETAILS[1], 5)
    assert (instrument.price_precision, instrument.size_precision) == (1, 5)


@pytest.mark.parametrize("symbol", ["1000PEPE", "XAU", "NEWCOIN9"])
def test_instrument_from_unknown_symbol_makes_a_crypto_currency(symbol: str) -> None:
    """The venue lists what Nautilus has never heard of."""
    row = msgspec.structs.replace(DETAILS[0], symbol=symbol)
    assert parsing.instrument_from(row, 5).base_currency.code == symbol


@pytest.mark.parametrize(("price_decimals", "size_decimals"), [(0, 0), (9, 0), (0, 9)])
def test_instrument_from_extreme_decimals_is_possible(
    price_decimals: int, size_decimals: int
) -> None:
    """No grid of the venue's is too coarse or too fine."""
    row = msgspec.structs.replace(
        DETAILS[0], price_decimals=price_decimals, size_decimals=size_decimals
    )
    instrument = parsing.instrument_from(row, 5)
    assert (instrument.price_precision, instrument.size_precision) == (
        price_decimals,
        size_decimals,
    )
