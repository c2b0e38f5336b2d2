"""The way in: what the venue shows is reported whole, nothing is guessed."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
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
from nautilus_trader.model.identifiers import VenueOrderId
from nautilus_trader.model.objects import Money
from nautilus_trader.model.objects import Price
from nautilus_trader.model.objects import Quantity

from nautilus_lighter_nonce.lighter import schemas
from nautilus_lighter_nonce.translate import parsing
from tests.markets import ETH


ACCOUNT = AccountId("LIGHTER-712440")


def wire_order(**changes: Any) -> schemas.Order:
    """Return an order as the venue shows it, with some fields changed."""
    fields: dict[str, Any] = {
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
    fields: dict[str, Any] = {
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
