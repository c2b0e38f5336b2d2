"""
Nautilus orders in, transactions in venue numbers out.

Rules of this file
------------------
- Pure functions: no I/O, no clock, no state. Time is an argument.
- Nothing is rounded: a number off the venue's grid is an error. The one exception is the worst
  price of a market order, which is rounded away from the touch.
- What the venue cannot do is refused here, before the order has a place in a lane: once it is on
  its way, a refusal would cost a heal.

Errors
------
::

    ParsingError
    ├── OffGridError           a number lies between two steps of the venue's grid
    ├── UnsupportedOrderError  the venue, or this client, does not do this
    ├── UnknownStatusError     see `parsing`
    └── ForeignTradeError      see `parsing`

"""

from __future__ import annotations

import hashlib
from decimal import ROUND_CEILING
from decimal import ROUND_FLOOR
from decimal import Decimal
from functools import lru_cache
from typing import Any
from typing import Final

from nautilus_trader.execution.messages import ModifyOrder
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.enums import OrderType
from nautilus_trader.model.enums import TimeInForce
from nautilus_trader.model.enums import order_type_to_str
from nautilus_trader.model.enums import time_in_force_to_str
from nautilus_trader.model.identifiers import ClientOrderId
from nautilus_trader.model.instruments import Instrument
from nautilus_trader.model.objects import Price
from nautilus_trader.model.objects import Quantity
from nautilus_trader.model.orders import Order

from nautilus_lighter_nonce.lighter import transactions
from nautilus_lighter_nonce.lighter.codes import MAX_BASE_AMOUNT
from nautilus_lighter_nonce.lighter.codes import MAX_CLIENT_ORDER_INDEX
from nautilus_lighter_nonce.lighter.codes import MAX_PRICE
from nautilus_lighter_nonce.lighter.codes import OrderKind
from nautilus_lighter_nonce.lighter.codes import OrderTif


NANOS_PER_MS: Final = 1_000_000
MIN_EXPIRY_NS: Final = 5 * 60 * 10**9  # docs
MAX_EXPIRY_NS: Final = 30 * 86_400 * 10**9  # docs
SIGNER_EXPIRY: Final = -1  # the signer writes now + 28 days (sdk)


# -- ERRORS ---------------------------------------------------------------------------------------


class ParsingError(Exception):
    """Base of everything that cannot be translated."""


class OffGridError(ParsingError):
    """
    A number lies between two steps of the venue's grid.

    Parameters
    ----------
    field : str
        The field's name.
    value : Decimal
        What it was.
    step : Decimal
        The grid's step.

    """

    def __init__(self, field: str, value: Decimal, step: Decimal) -> None:
        super().__init__(field, value, step)
        self.field = field
        self.value = value
        self.step = step

    def __str__(self) -> str:
        return f"{self.field} was {self.value}, it must be a multiple of {self.step}"


class UnsupportedOrderError(ParsingError):
    """
    The venue, or this client, does not do what an order asks for.

    Parameters
    ----------
    field : str
        The field's name.
    value : str
        What it was.
    remedy : str
        What to do instead.

    """

    def __init__(self, field: str, value: str, remedy: str) -> None:
        super().__init__(field, value, remedy)
        self.field = field
        self.value = value
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.field} was {self.value}: {self.remedy}"


# -- NUMBERS --------------------------------------------------------------------------------------


@lru_cache(maxsize=4_096)
def client_order_index(client_order_id: ClientOrderId) -> int:
    """
    Return the number that an order has at the venue, computed from its id alone.

    A restart finds its orders again without any stored state. Two ids of one account collide with
    a chance of about n²/2^49 for n live orders.

    Parameters
    ----------
    client_order_id : ClientOrderId
        Our id.

    Returns
    -------
    int
        1 to 2^48 - 2: 0 would mean "none" to the venue, and the highest is the fillers'.

    """
    digest = hashlib.blake2b(client_order_id.value.encode(), digest_size=6).digest()
    return min(int.from_bytes(digest), MAX_CLIENT_ORDER_INDEX - 1) or 1


def to_units(value: Decimal | Price | Quantity, decimals: int, field: str) -> int:
    """
    Return a number in venue units: times 10^decimals, exactly.

    Parameters
    ----------
    value : Decimal or Price or Quantity
        The number.
    decimals : int
        The market's decimals for this field, 0 or more.
    field : str
        The field's name, for the error.

    Returns
    -------
    int

    Raises
    ------
    OffGridError
        If the number has more decimals than that.

    """
    number = value if isinstance(value, Decimal) else value.as_decimal()
    units = number.scaleb(decimals)
    if units != units.to_integral_value():
        raise OffGridError(field, number, Decimal(1).scaleb(-decimals))
    return int(units)


def worst_price(
    touch: Decimal, side: OrderSide, slippage_bps: Decimal | float, price_decimals: int
) -> Decimal:
    """
    Return the worst price a market order may fill at.

    Parameters
    ----------
    touch : Decimal
        The best opposite price: the ask for a buy, the bid for a sell.
    side : OrderSide
        The order's side.
    slippage_bps : Decimal or float
        How much worse than the touch is acceptable, in 1/10,000.
    price_decimals : int
        The market's price decimals.

    Returns
    -------
    Decimal
        On the grid, rounded away from the touch, at least one step.

    """
    step = Decimal(1).scaleb(-price_decimals)
    slip = Decimal(str(slippage_bps)) / 10_000
    is_buy = side == OrderSide.BUY
    price = touch * (1 + slip if is_buy else 1 - slip)
    return max(step, price.quantize(step, ROUND_CEILING if is_buy else ROUND_FLOOR))


# -- ORDERS OUT -----------------------------------------------------------------------------------


def check_supported(order: Order, now_ns: int) -> None:
    """
    Raise unless the venue takes an order of this shape.

    Parameters
    ----------
    order : Order
        The order.
    now_ns : int
        Unix nanoseconds, for the expiry.

    Raises
    ------
    UnsupportedOrderError
        For any order but limit (GTC, GTD, IOC) and market (GTC, IOC), for quote quantities and
        for icebergs.

    """
    if order.order_type not in (OrderType.LIMIT, OrderType.MARKET):
        name = order_type_to_str(order.order_type)
        raise UnsupportedOrderError(
            "order_type", name, "use a limit or market order, or let Nautilus emulate the trigger"
        )
    if order.is_quote_quantity:
        raise UnsupportedOrderError("quote_quantity", "True", "give the quantity in base units")
    _check_time_in_force(order)
    if order.order_type == OrderType.LIMIT:
        _check_limit(order, now_ns)


def _check_time_in_force(order: Order) -> None:
    allowed = [TimeInForce.GTC, TimeInForce.IOC]
    if order.order_type == OrderType.LIMIT:
        allowed.append(TimeInForce.GTD)
    if order.time_in_force not in allowed:
        names = ", ".join(time_in_force_to_str(tif) for tif in allowed)
        value = time_in_force_to_str(order.time_in_force)
        raise UnsupportedOrderError("time_in_force", value, f"use one of {names}")


def _check_limit(order: Order, now_ns: int) -> None:
    if order.display_qty is not None:
        raise UnsupportedOrderError(
            "display_qty", str(order.display_qty), "the venue has no icebergs; leave it out"
        )
    if order.is_post_only and order.time_in_force == TimeInForce.IOC:
        raise UnsupportedOrderError("post_only", "True with IOC", "use one or the other")
    left_ns = order.expire_time_ns - now_ns
    is_gtd = order.time_in_force == TimeInForce.GTD
    if is_gtd and not MIN_EXPIRY_NS <= left_ns <= MAX_EXPIRY_NS:
        raise UnsupportedOrderError(
            "expire_time", str(order.expire_time), "the venue takes 5 minutes to 30 days from now"
        )


def create_intent(
    order: Order,
    instrument: Instrument,
    price_override: Decimal | None,
    now_ns: int,
    market_index: int | None = None,
) -> transactions.CreateOrder:
    """
    Return the transaction that creates an order.

    Parameters
    ----------
    order : Order
        A limit or market order.
    instrument : Instrument
        Its instrument.
    price_override : Decimal, optional
        The price to write instead of the order's own; a market order needs it, as the worst it
        may fill at.
    now_ns : int
        Unix nanoseconds.
    market_index : int, optional
        The market; read from the instrument's `info` if ``None``.

    Returns
    -------
    transactions.CreateOrder

    Raises
    ------
    UnsupportedOrderError
        If the venue does not take such an order.
    OffGridError
        If quantity or price lies between two steps.

    """
    check_supported(order, now_ns)
    price = order.price if price_override is None and order.has_price else price_override
    is_market = order.order_type == OrderType.MARKET
    return transactions.CreateOrder(
        market_index=_market_index(instrument) if market_index is None else market_index,
        client_order_index=client_order_index(order.client_order_id),
        base_amount=_base_amount(order.quantity, instrument),
        price=_price_units(price, instrument),
        is_ask=order.side == OrderSide.SELL,
        order_type=OrderKind.MARKET if is_market else OrderKind.LIMIT,
        time_in_force=_wire_tif(order),
        reduce_only=order.is_reduce_only,
        order_expiry=_wire_expiry(order),
    )


def modify_intent(
    command: ModifyOrder,
    order: Order,
    instrument: Instrument,
    market_index: int | None = None,
) -> transactions.ModifyOrder:
    """
    Return the transaction that changes an order; what the command leaves out stays as it is.

    Parameters
    ----------
    command : ModifyOrder
        The command.
    order : Order
        The order as it is now.
    instrument : Instrument
        Its instrument.
    market_index : int, optional
        The market; read from the instrument's `info` if ``None``.

    Returns
    -------
    transactions.ModifyOrder

    Raises
    ------
    UnsupportedOrderError
        If the order has no price of its own, or a trigger is asked for.
    OffGridError
        If quantity or price lies between two steps.

    """
    if command.trigger_price is not None:
        raise UnsupportedOrderError(
            "trigger_price", str(command.trigger_price), "only limit orders can be changed"
        )
    if not order.has_price:
        raise UnsupportedOrderError("order", str(order), "only limit orders can be changed")
    venue_order_id = command.venue_order_id or order.venue_order_id
    return transactions.ModifyOrder(
        market_index=_market_index(instrument) if market_index is None else market_index,
        order_index=(
            client_order_index(order.client_order_id)
            if venue_order_id is None
            else int(venue_order_id.value)
        ),
        base_amount=_base_amount(command.quantity or order.quantity, instrument),
        price=_price_units(command.price or order.price, instrument),
    )


def _market_index(instrument: Instrument) -> int:
    return int(instrument.info["market_id"])


def _base_amount(quantity: Quantity, instrument: Instrument) -> int:
    units = to_units(quantity, instrument.size_precision, "quantity")
    return _within("quantity", quantity, units, MAX_BASE_AMOUNT)


def _price_units(price: Price | Decimal | None, instrument: Instrument) -> int:
    if price is None:
        raise UnsupportedOrderError("price", "not known", "wait until the market has a best price")
    units = to_units(price, instrument.price_precision, "price")
    return _within("price", price, units, MAX_PRICE)


def _within(field: str, value: Any, units: int, limit: int) -> int:
    if not 1 <= units <= limit:
        raise UnsupportedOrderError(field, str(value), f"the venue holds 1 to {limit} steps")
    return units


def _wire_tif(order: Order) -> OrderTif:
    if order.order_type == OrderType.MARKET or order.time_in_force == TimeInForce.IOC:
        return OrderTif.IMMEDIATE_OR_CANCEL
    return OrderTif.POST_ONLY if order.is_post_only else OrderTif.GOOD_TILL_TIME


def _wire_expiry(order: Order) -> int:
    if _wire_tif(order) is OrderTif.IMMEDIATE_OR_CANCEL:
        return 0
    if order.time_in_force == TimeInForce.GTD:
        return int(order.expire_time_ns) // NANOS_PER_MS
    return SIGNER_EXPIRY
