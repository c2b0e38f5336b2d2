"""
Which order event fits which state of an order: Nautilus' state machine, as data.

Nautilus swallows an event that its state machine refuses with a line in the log, and a fill or an
end is lost for good (1.231.0). So it is judged here, before it is generated.

Rules
-----
- Pure: no cache, clock, log or client. What an order stands at is an argument.
- The table says what Nautilus takes, less what would make no sense; a test applies each event to a
  real order in each status and compares.
- Events wait in the engine's queue: an order stands where the cache has it *and* what was told
  since has led it.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

import msgspec
from nautilus_trader.model import events as nautilus
from nautilus_trader.model.enums import OrderStatus
from nautilus_trader.model.identifiers import TradeId
from nautilus_trader.model.identifiers import VenueOrderId
from nautilus_trader.model.objects import Quantity
from nautilus_trader.model.orders import Order


class Event(Enum):
    """What may be told of an order; the value is Nautilus' name of it."""

    DENIED = "OrderDenied"
    SUBMITTED = "OrderSubmitted"
    REJECTED = "OrderRejected"
    ACCEPTED = "OrderAccepted"
    UPDATED = "OrderUpdated"
    CANCELED = "OrderCanceled"
    EXPIRED = "OrderExpired"
    FILLED = "OrderFilled"
    CANCEL_REJECTED = "OrderCancelRejected"
    MODIFY_REJECTED = "OrderModifyRejected"


class Fit(Enum):
    """How an event fits an order."""

    FITS = "fits"
    KNOWN = "known already"
    MISFIT = "does not fit"


# -- THE TABLE ------------------------------------------------------------------------------------

_UNSENT: Final = frozenset({OrderStatus.INITIALIZED, OrderStatus.RELEASED})
_PENDING: Final = frozenset({OrderStatus.PENDING_UPDATE, OrderStatus.PENDING_CANCEL})
_RESTING: Final = frozenset(
    {OrderStatus.ACCEPTED, OrderStatus.TRIGGERED, OrderStatus.PARTIALLY_FILLED}
)

FITS: Final[dict[Event, frozenset[OrderStatus]]] = {
    Event.DENIED: _UNSENT,
    Event.SUBMITTED: _UNSENT | {OrderStatus.PENDING_UPDATE},
    Event.REJECTED: frozenset(
        {
            OrderStatus.INITIALIZED,
            OrderStatus.SUBMITTED,
            OrderStatus.ACCEPTED,
            OrderStatus.TRIGGERED,
            *_PENDING,
        }
    ),
    Event.ACCEPTED: frozenset({OrderStatus.INITIALIZED, OrderStatus.SUBMITTED, *_PENDING}),
    Event.UPDATED: _RESTING | _PENDING | {OrderStatus.SUBMITTED},
    Event.CANCELED: _UNSENT | _RESTING | _PENDING | {OrderStatus.EMULATED, OrderStatus.SUBMITTED},
    Event.EXPIRED: _RESTING | _PENDING | {OrderStatus.INITIALIZED, OrderStatus.EMULATED},
    Event.FILLED: _RESTING | _PENDING | {OrderStatus.SUBMITTED, OrderStatus.CANCELED},
    Event.CANCEL_REJECTED: frozenset(OrderStatus),  # a strategy must hear of its command's end
    Event.MODIFY_REJECTED: frozenset(OrderStatus),
}
"""In which states of an order each event fits."""

LEADS_TO: Final[dict[Event, OrderStatus]] = {
    Event.DENIED: OrderStatus.DENIED,
    Event.SUBMITTED: OrderStatus.SUBMITTED,
    Event.REJECTED: OrderStatus.REJECTED,
    Event.ACCEPTED: OrderStatus.ACCEPTED,
    Event.CANCELED: OrderStatus.CANCELED,
    Event.EXPIRED: OrderStatus.EXPIRED,
}
"""Where an event leads; the others lead where quantity or an earlier state says."""


# -- WHAT IS TOLD, AND WHERE AN ORDER STANDS ------------------------------------------------------


class Told(msgspec.Struct, frozen=True):
    """
    One event, as far as it matters for what may follow.

    Parameters
    ----------
    event : Event
        What is told.
    ts_event : int
        When it happened, Unix nanoseconds.
    venue_order_id : VenueOrderId, optional
        The venue's order.
    quantity : Quantity, optional
        What was filled, or the new quantity.
    trade_id : TradeId, optional
        The trade of a fill.

    """

    event: Event
    ts_event: int
    venue_order_id: VenueOrderId | None = None
    quantity: Quantity | None = None
    trade_id: TradeId | None = None

    def is_applied_as(self, event: nautilus.OrderEvent) -> bool:
        """Return whether this is an event that an order has had."""
        return bool(
            type(event).__name__ == self.event.value
            and event.ts_event == self.ts_event
            and (self.trade_id is None or event.trade_id == self.trade_id)
        )


class Standing(msgspec.Struct, frozen=True):
    """
    Where an order stands.

    Parameters
    ----------
    status : OrderStatus
        Its status.
    quantity : Quantity
        How much was ordered.
    filled : Quantity
        How much was filled.
    venue_order_id : VenueOrderId, optional
        The venue's order.
    trade_ids : tuple[TradeId, ...]
        The trades that filled it.

    """

    status: OrderStatus
    quantity: Quantity
    filled: Quantity
    venue_order_id: VenueOrderId | None = None
    trade_ids: tuple[TradeId, ...] = ()

    def fit(self, told: Told) -> Fit:
        """Return how an event would fit."""
        if self._is_known(told):
            return Fit.KNOWN
        if self.status not in FITS[told.event] or self._is_another_order(told):
            return Fit.MISFIT
        if told.event is Event.FILLED and self.filled + told.quantity > self.quantity:
            return Fit.MISFIT
        return Fit.FITS

    def after(self, told: Told) -> Standing:
        """Return where an event leads, which is nowhere if it does not fit."""
        if self.fit(told) is not Fit.FITS:
            return self
        if told.event is Event.FILLED:
            return self._filled(told)
        if told.event is Event.UPDATED:
            return msgspec.structs.replace(self, quantity=told.quantity)
        if told.event is Event.SUBMITTED and self.status == OrderStatus.PENDING_UPDATE:
            return self
        return msgspec.structs.replace(
            self,
            status=LEADS_TO.get(told.event, self.status),
            venue_order_id=told.venue_order_id or self.venue_order_id,
        )

    def _filled(self, told: Told) -> Standing:
        filled = self.filled + told.quantity
        is_whole = filled >= self.quantity
        return msgspec.structs.replace(
            self,
            status=OrderStatus.FILLED if is_whole else OrderStatus.PARTIALLY_FILLED,
            filled=filled,
            venue_order_id=told.venue_order_id or self.venue_order_id,
            trade_ids=(*self.trade_ids, told.trade_id),
        )

    def _is_known(self, told: Told) -> bool:
        """Return whether an order says already what an event would say."""
        if told.event is Event.FILLED:
            return told.trade_id in self.trade_ids
        if told.event is Event.ACCEPTED:  # also of an order that was filled or canceled since
            is_of_the_venue = self.status not in (OrderStatus.REJECTED, OrderStatus.DENIED)
            return is_of_the_venue and bool(self.venue_order_id == told.venue_order_id)
        return bool(LEADS_TO.get(told.event) == self.status)

    def _is_another_order(self, told: Told) -> bool:
        return (
            told.event is not Event.UPDATED
            and None not in (told.venue_order_id, self.venue_order_id)
            and told.venue_order_id != self.venue_order_id
        )


def standing_of(order: Order) -> Standing:
    """Return where the cache has an order."""
    return Standing(
        status=order.status,
        quantity=order.quantity,
        filled=order.filled_qty,
        venue_order_id=order.venue_order_id,
        trade_ids=tuple(order.trade_ids),
    )


def not_applied(order: Order, told: tuple[Told, ...]) -> tuple[Told, ...]:
    """
    Return what was told of an order and is still on its way to it.

    The engine's queue keeps the order of events: what was told before one that was applied is
    applied as well, or was swallowed.
    """
    if not told:
        return ()
    events = order.events
    for count in range(len(told), 0, -1):
        if any(told[count - 1].is_applied_as(event) for event in reversed(events)):
            return told[count:]
    return told
