"""
Wire objects in, Nautilus reports out.

Rules of this file
------------------
- Pure functions: no I/O, no clock, no state. Time and the account are arguments.
- The way out, from Nautilus orders to transactions, is in `intents`; a market's instrument is made
  in `instruments`.
- What the venue says and we do not know is an error, never a guess.

"""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from typing import Final

from nautilus_trader.core.datetime import unix_nanos_to_dt
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.reports import FillReport
from nautilus_trader.execution.reports import OrderStatusReport
from nautilus_trader.execution.reports import PositionStatusReport
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
from nautilus_trader.model.identifiers import TradeId
from nautilus_trader.model.identifiers import VenueOrderId
from nautilus_trader.model.instruments import Instrument
from nautilus_trader.model.objects import AccountBalance
from nautilus_trader.model.objects import Money
from nautilus_trader.model.objects import Price
from nautilus_trader.model.objects import Quantity

from nautilus_lighter_nonce.lighter import schemas
from nautilus_lighter_nonce.lighter.schemas import to_unix_ns
from nautilus_lighter_nonce.translate.intents import ParsingError


FEE_TICK: Final = Decimal("0.000001")  # of the notional; fits three published tiers (inferred)

ORDER_STATUSES: Final[dict[str, OrderStatus]] = {
    "in-progress": OrderStatus.SUBMITTED,
    "pending": OrderStatus.ACCEPTED,  # waits for a trigger, not in the book (docs)
    "open": OrderStatus.ACCEPTED,
    "filled": OrderStatus.FILLED,
    "canceled": OrderStatus.CANCELED,
    "canceled-post-only": OrderStatus.CANCELED,
    "canceled-reduce-only": OrderStatus.CANCELED,
    "canceled-position-not-allowed": OrderStatus.CANCELED,
    "canceled-margin-not-allowed": OrderStatus.CANCELED,
    "canceled-too-much-slippage": OrderStatus.CANCELED,
    "canceled-not-enough-liquidity": OrderStatus.CANCELED,
    "canceled-self-trade": OrderStatus.CANCELED,
    "canceled-expired": OrderStatus.EXPIRED,
    "canceled-oco": OrderStatus.CANCELED,
    "canceled-child": OrderStatus.CANCELED,
    "canceled-liquidation": OrderStatus.CANCELED,
    "canceled-invalid-balance": OrderStatus.CANCELED,
}
"""Every status of the venue (sdk). An open order with fills is partially filled."""

ORDER_TYPES: Final[dict[str, OrderType]] = {
    "limit": OrderType.LIMIT,
    "market": OrderType.MARKET,
    "stop-loss": OrderType.STOP_MARKET,
    "stop-loss-limit": OrderType.STOP_LIMIT,
    "take-profit": OrderType.MARKET_IF_TOUCHED,
    "take-profit-limit": OrderType.LIMIT_IF_TOUCHED,
    "twap": OrderType.MARKET,
    "twap-sub": OrderType.MARKET,
    "liquidation": OrderType.MARKET,
}
"""Every order type of the venue (sdk). Nautilus has no name for the last three."""

PRICED_TYPES: Final = frozenset({OrderType.LIMIT, OrderType.STOP_LIMIT, OrderType.LIMIT_IF_TOUCHED})
TRIGGERED_TYPES: Final = frozenset(
    {
        OrderType.STOP_MARKET,
        OrderType.STOP_LIMIT,
        OrderType.MARKET_IF_TOUCHED,
        OrderType.LIMIT_IF_TOUCHED,
    },
)


# -- ERRORS ----------------------------------------------------------------------------------------


class UnknownStatusError(ParsingError):
    """
    An order has a status that is not in the venue's list.

    Parameters
    ----------
    status : str
        What it was.

    """

    def __init__(self, status: str) -> None:
        super().__init__(status)
        self.status = status

    def __str__(self) -> str:
        return f"Order status was {self.status!r}, which is not in the venue's list"


class ForeignTradeError(ParsingError):
    """
    The account is on neither side of a trade.

    Parameters
    ----------
    trade_id : int
        The trade.
    account_index : int
        The account.

    """

    def __init__(self, trade_id: int, account_index: int) -> None:
        super().__init__(trade_id, account_index)
        self.trade_id = trade_id
        self.account_index = account_index

    def __str__(self) -> str:
        return f"Account {self.account_index} was on neither side of trade {self.trade_id}"


# -- REPORTS IN -----------------------------------------------------------------------------------


def order_status(order: schemas.Order) -> OrderStatus:
    """
    Return an order's status in Nautilus' terms.

    Parameters
    ----------
    order : schemas.Order
        The venue's order.

    Returns
    -------
    OrderStatus

    Raises
    ------
    UnknownStatusError
        If the venue's status is new. A new kind of ``canceled-…`` is `CANCELED`.

    """
    status = ORDER_STATUSES.get(order.status)
    if status is None:
        if not order.status.startswith("canceled-"):
            raise UnknownStatusError(order.status)
        return OrderStatus.CANCELED
    if status == OrderStatus.ACCEPTED and Decimal(order.filled_base_amount) > 0:
        return OrderStatus.PARTIALLY_FILLED
    return status


def order_status_report(
    order: schemas.Order,
    instrument: Instrument,
    account_id: AccountId,
    client_order_id: ClientOrderId | None,
    ts_init: int,
) -> OrderStatusReport:
    """
    Return the report of an order.

    Parameters
    ----------
    order : schemas.Order
        The venue's order.
    instrument : Instrument
        Its instrument.
    account_id : AccountId
        The account in Nautilus.
    client_order_id : ClientOrderId, optional
        Our id, if the order is ours.
    ts_init : int
        Unix nanoseconds.

    Returns
    -------
    OrderStatusReport
        A resting order is `GTD`, because every order has an expiry at the venue.

    Raises
    ------
    UnknownStatusError
        If the venue's status is new.

    """
    order_type = ORDER_TYPES.get(order.type, OrderType.LIMIT)
    is_triggered = order_type in TRIGGERED_TYPES
    updated_at = order.transaction_time or order.updated_at or order.timestamp
    return OrderStatusReport(
        account_id=account_id,
        instrument_id=instrument.id,
        venue_order_id=VenueOrderId(str(order.order_index)),
        client_order_id=client_order_id,
        order_side=OrderSide.SELL if order.is_ask else OrderSide.BUY,
        order_type=order_type,
        order_status=order_status(order),
        quantity=_quantity(order.initial_base_amount, instrument),
        filled_qty=_quantity(order.filled_base_amount, instrument),
        price=_price(order.price, instrument) if order_type in PRICED_TYPES else None,
        trigger_price=_price(order.trigger_price, instrument) if is_triggered else None,
        trigger_type=TriggerType.MARK_PRICE if is_triggered else TriggerType.NO_TRIGGER,
        avg_px=_average_price(order),
        post_only=order.time_in_force == "post-only",
        reduce_only=order.reduce_only,
        cancel_reason=order.status if order.status.startswith("canceled-") else None,
        report_id=UUID4(),
        ts_accepted=to_unix_ns(order.created_at or order.timestamp),
        ts_last=to_unix_ns(updated_at),
        ts_init=ts_init,
        **_lifetime(order),
    )


def _lifetime(order: schemas.Order) -> dict[str, Any]:
    if order.time_in_force == "immediate-or-cancel":
        return {"time_in_force": TimeInForce.IOC}
    if order.order_expiry <= 0:
        return {"time_in_force": TimeInForce.GTC}
    expire_time = unix_nanos_to_dt(to_unix_ns(order.order_expiry))
    return {"time_in_force": TimeInForce.GTD, "expire_time": expire_time}


def _average_price(order: schemas.Order) -> Decimal | None:
    filled = Decimal(order.filled_base_amount)
    return Decimal(order.filled_quote_amount) / filled if filled else None


def fill_report(
    trade: schemas.Trade,
    account_index: int,
    instrument: Instrument,
    account_id: AccountId,
    client_order_id: ClientOrderId | None,
    ts_init: int,
    *,
    is_ask: bool | None = None,
) -> FillReport:
    """
    Return the report of the account's side of a trade.

    Parameters
    ----------
    trade : schemas.Trade
        The venue's trade.
    account_index : int
        The account at the venue.
    instrument : Instrument
        The market's instrument.
    account_id : AccountId
        The account in Nautilus.
    client_order_id : ClientOrderId, optional
        Our id of the order on that side.
    ts_init : int
        Unix nanoseconds.
    is_ask : bool, optional
        Which side, for a trade with ourselves; found by the account if ``None``.

    Returns
    -------
    FillReport
        The commission is the side's fee ticks of 1e-6 times the notional, in USDC (inferred).

    Raises
    ------
    ForeignTradeError
        If the account is not on that side.

    """
    is_ask = trade.ask_account_id == account_index if is_ask is None else is_ask
    if (trade.ask_account_id if is_ask else trade.bid_account_id) != account_index:
        raise ForeignTradeError(trade.trade_id, account_index)
    is_maker = trade.is_maker_ask == is_ask
    rate = FEE_TICK * (trade.maker_fee if is_maker else trade.taker_fee)
    return FillReport(
        account_id=account_id,
        instrument_id=instrument.id,
        venue_order_id=VenueOrderId(str(trade.ask_id if is_ask else trade.bid_id)),
        client_order_id=client_order_id,
        trade_id=TradeId(str(trade.trade_id)),
        order_side=OrderSide.SELL if is_ask else OrderSide.BUY,
        last_qty=_quantity(trade.size, instrument),
        last_px=_price(trade.price, instrument),
        commission=Money(Decimal(trade.size) * Decimal(trade.price) * rate, USDC),
        liquidity_side=LiquiditySide.MAKER if is_maker else LiquiditySide.TAKER,
        report_id=UUID4(),
        ts_event=to_unix_ns(trade.transaction_time or trade.timestamp),
        ts_init=ts_init,
    )


def position_report(
    position: schemas.Position,
    instrument: Instrument,
    account_id: AccountId,
    ts_init: int,
) -> PositionStatusReport:
    """
    Return the report of a position, flat ones included.

    Parameters
    ----------
    position : schemas.Position
        The venue's position; its size is unsigned.
    instrument : Instrument
        The market's instrument.
    account_id : AccountId
        The account in Nautilus.
    ts_init : int
        Unix nanoseconds; the venue gives the row no time of its own.

    Returns
    -------
    PositionStatusReport

    """
    size = Decimal(position.position)
    side = PositionSide.LONG if position.sign > 0 else PositionSide.SHORT
    return PositionStatusReport(
        account_id=account_id,
        instrument_id=instrument.id,
        position_side=side if size else PositionSide.FLAT,
        quantity=_quantity(position.position, instrument),
        avg_px_open=Decimal(position.avg_entry_price) if size else None,
        report_id=UUID4(),
        ts_last=ts_init,
        ts_init=ts_init,
    )


def account_balances(source: schemas.AccountDetail | schemas.UserStats) -> list[AccountBalance]:
    """
    Return the account's USDC collateral as a balance.

    Parameters
    ----------
    source : schemas.AccountDetail or schemas.UserStats
        Either view of the account.

    Returns
    -------
    list[AccountBalance]
        One balance, with total = free + locked exactly. Unrealized gains can make more available
        than there is collateral; free then is the total.

    """
    total = Decimal(source.collateral)
    free = min(total, max(Decimal(source.available_balance), Decimal(0)))
    return [AccountBalance(Money(total, USDC), Money(total - free, USDC), Money(free, USDC))]


def _quantity(text: str, instrument: Instrument) -> Quantity:
    return Quantity(Decimal(text), instrument.size_precision)


def _price(text: str, instrument: Instrument) -> Price:
    return Price(Decimal(text), instrument.price_precision)
