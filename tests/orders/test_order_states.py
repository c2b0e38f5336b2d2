"""The table of what fits an order, held against Nautilus' own state machine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from typing import Final

import pytest
from nautilus_trader.core.fsm import InvalidStateTrigger
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.model import events as nautilus
from nautilus_trader.model.currencies import USDC
from nautilus_trader.model.enums import LiquiditySide
from nautilus_trader.model.enums import OrderStatus
from nautilus_trader.model.identifiers import TradeId
from nautilus_trader.model.identifiers import VenueOrderId
from nautilus_trader.model.objects import Money
from nautilus_trader.model.objects import Price
from nautilus_trader.model.objects import Quantity
from nautilus_trader.model.orders import Order

from nautilus_lighter_nonce.orders.order_states import FITS
from nautilus_lighter_nonce.orders.order_states import Event
from nautilus_lighter_nonce.orders.order_states import Fit
from nautilus_lighter_nonce.orders.order_states import Standing
from nautilus_lighter_nonce.orders.order_states import Told
from nautilus_lighter_nonce.orders.order_states import not_applied
from nautilus_lighter_nonce.orders.order_states import standing_of
from tests.orders.engine import ACCOUNT
from tests.orders.engine import Engine
from tests.orders.engine import pending_cancel
from tests.orders.engine import pending_update
from tests.orders.engine import released


NUMBER = VenueOrderId("281474976710663")
SENSELESS: Final = {
    # Nautilus changes the terms of any order, also of one that is not sent yet or has ended.
    (Event.UPDATED, OrderStatus.INITIALIZED),
    (Event.UPDATED, OrderStatus.EMULATED),
    (Event.UPDATED, OrderStatus.RELEASED),
    (Event.UPDATED, OrderStatus.DENIED),
    (Event.UPDATED, OrderStatus.REJECTED),
    (Event.UPDATED, OrderStatus.CANCELED),
    (Event.UPDATED, OrderStatus.EXPIRED),
    (Event.UPDATED, OrderStatus.FILLED),
}
KNOWN: Final = {
    # Fits, but says nothing new, so that it is not told.
    (Event.ACCEPTED, OrderStatus.PENDING_UPDATE),
    (Event.ACCEPTED, OrderStatus.PENDING_CANCEL),
}


# -- REAL EVENTS ----------------------------------------------------------------------------------


def _denied(order: Order) -> Any:
    return nautilus.OrderDenied(*_ids(order), "why", UUID4(), 9)


def _emulated(order: Order) -> Any:
    return nautilus.OrderEmulated(*_ids(order), UUID4(), 9)


def _submitted(order: Order) -> Any:
    return nautilus.OrderSubmitted(*_ids(order), ACCOUNT, UUID4(), 9, 9)


def _rejected(order: Order) -> Any:
    return nautilus.OrderRejected(*_ids(order), ACCOUNT, "why", UUID4(), 9, 9)


def _accepted(order: Order) -> Any:
    return nautilus.OrderAccepted(*_ids(order), NUMBER, ACCOUNT, UUID4(), 9, 9)


def _triggered(order: Order) -> Any:
    return nautilus.OrderTriggered(*_ids(order), NUMBER, ACCOUNT, UUID4(), 9, 9)


def _canceled(order: Order) -> Any:
    return nautilus.OrderCanceled(*_ids(order), NUMBER, ACCOUNT, UUID4(), 9, 9)


def _expired(order: Order) -> Any:
    return nautilus.OrderExpired(*_ids(order), NUMBER, ACCOUNT, UUID4(), 9, 9)


def _updated(order: Order) -> Any:
    price, size = Price.from_str("2001.00"), Quantity.from_str("0.2000")
    return nautilus.OrderUpdated(*_ids(order), NUMBER, ACCOUNT, size, price, None, UUID4(), 9, 9)


def _filled(order: Order, size: str = "0.0100", trade: str = "2") -> Any:
    return nautilus.OrderFilled(
        *_ids(order),
        NUMBER,
        ACCOUNT,
        TradeId(trade),
        None,
        order.side,
        order.order_type,
        Quantity.from_str(size),
        Price.from_str("2000.00"),
        USDC,
        Money(0, USDC),
        LiquiditySide.MAKER,
        UUID4(),
        9,
        9,
    )


def _cancel_rejected(order: Order) -> Any:
    return nautilus.OrderCancelRejected(*_ids(order), NUMBER, ACCOUNT, "why", UUID4(), 9, 9)


def _modify_rejected(order: Order) -> Any:
    return nautilus.OrderModifyRejected(*_ids(order), NUMBER, ACCOUNT, "why", UUID4(), 9, 9)


def _partly(order: Order) -> Any:
    return _filled(order, "0.0100", "1")


def _wholly(order: Order) -> Any:
    return _filled(order, "0.1000", "1")


def _ids(order: Order) -> tuple[Any, ...]:
    return order.trader_id, order.strategy_id, order.instrument_id, order.client_order_id


REAL: Final[dict[Event, Callable[[Order], Any]]] = {
    Event.DENIED: _denied,
    Event.SUBMITTED: _submitted,
    Event.REJECTED: _rejected,
    Event.ACCEPTED: _accepted,
    Event.UPDATED: _updated,
    Event.CANCELED: _canceled,
    Event.EXPIRED: _expired,
    Event.FILLED: _filled,
    Event.CANCEL_REJECTED: _cancel_rejected,
    Event.MODIFY_REJECTED: _modify_rejected,
}
WAYS: Final[dict[OrderStatus, tuple[Callable[[Order], Any], ...]]] = {
    OrderStatus.INITIALIZED: (),
    OrderStatus.DENIED: (_denied,),
    OrderStatus.EMULATED: (_emulated,),
    OrderStatus.RELEASED: (released,),
    OrderStatus.SUBMITTED: (_submitted,),
    OrderStatus.ACCEPTED: (_submitted, _accepted),
    OrderStatus.REJECTED: (_submitted, _rejected),
    OrderStatus.CANCELED: (_submitted, _accepted, _canceled),
    OrderStatus.EXPIRED: (_submitted, _accepted, _expired),
    OrderStatus.TRIGGERED: (_submitted, _accepted, _triggered),
    OrderStatus.PENDING_UPDATE: (_submitted, _accepted, pending_update),
    OrderStatus.PENDING_CANCEL: (_submitted, _accepted, pending_cancel),
    OrderStatus.PARTIALLY_FILLED: (_submitted, _accepted, _partly),
    OrderStatus.FILLED: (_submitted, _accepted, _wholly),
}


def order_in(status: OrderStatus) -> Order:
    """Return a real order that has come to a status."""
    order = Engine().stop_limit()
    for event in WAYS[status]:
        order.apply(event(order))
    assert order.status == status
    return order


def told_of(event: Event) -> Told:
    """Return the same event in our words."""
    number = NUMBER if event not in (Event.DENIED, Event.SUBMITTED, Event.REJECTED) else None
    sizes = {Event.UPDATED: Quantity.from_str("0.2"), Event.FILLED: Quantity.from_str("0.01")}
    trade_id = TradeId("2") if event is Event.FILLED else None
    return Told(event, 9, number, sizes.get(event), trade_id)


# -- THE TABLE ------------------------------------------------------------------------------------


def test_every_status_and_every_event_is_compared() -> None:
    """A status that Nautilus adds fails here; no event leads to VOIDED (1.231.0)."""
    assert {status.name for status in OrderStatus} - {status.name for status in WAYS} == {"VOIDED"}
    assert set(REAL) == set(FITS) == set(Event)


@pytest.mark.parametrize("status", WAYS, ids=lambda status: status.name)
@pytest.mark.parametrize("event", Event)
def test_table_says_what_nautilus_does(event: Event, status: OrderStatus) -> None:
    """What fits leads where the table says, what does not is refused or would make no sense."""
    order = order_in(status)
    before = standing_of(order)
    try:
        order.apply(REAL[event](order))
    except InvalidStateTrigger:
        assert status not in FITS[event]
        return
    if status not in FITS[event]:
        assert (event, status) in SENSELESS
        return
    if (event, status) in KNOWN:
        assert before.fit(told_of(event)) is Fit.KNOWN
        return
    after = before.after(told_of(event))
    assert (after.quantity, after.filled) == (
        order.quantity,
        order.filled_qty,
    )
    if status not in (OrderStatus.PENDING_UPDATE, OrderStatus.PENDING_CANCEL):
        assert after.status == order.status


# -- WHERE AN ORDER STANDS ------------------------------------------------------------------------


def test_fill_of_more_than_is_left_does_not_fit() -> None:
    """Nautilus refuses overfills, and such a fill would be lost."""
    standing = standing_of(order_in(OrderStatus.PARTIALLY_FILLED))
    rest = Told(Event.FILLED, 9, NUMBER, Quantity.from_str("0.09"), TradeId("2"))
    more = Told(Event.FILLED, 9, NUMBER, Quantity.from_str("0.0901"), TradeId("2"))
    assert (standing.fit(rest), standing.fit(more)) == (Fit.FITS, Fit.MISFIT)


def test_trade_that_filled_the_order_is_known() -> None:
    """Also of an order that is filled by now."""
    standing = standing_of(order_in(OrderStatus.FILLED))
    assert (
        standing.fit(Told(Event.FILLED, 9, NUMBER, Quantity.from_str("0.1"), TradeId("1")))
        is Fit.KNOWN
    )


def test_event_of_another_order_of_the_venue_does_not_fit() -> None:
    """Nautilus raises; the client index was used again after a restart."""
    standing = standing_of(order_in(OrderStatus.ACCEPTED))
    assert standing.fit(Told(Event.CANCELED, 9, VenueOrderId("7"))) is Fit.MISFIT


@pytest.mark.parametrize("status", [OrderStatus.PARTIALLY_FILLED, OrderStatus.CANCELED])
def test_acceptance_of_an_order_that_went_on_is_known(status: OrderStatus) -> None:
    """A report may have told the engine more, earlier."""
    assert standing_of(order_in(status)).fit(told_of(Event.ACCEPTED)) is Fit.KNOWN


@pytest.mark.parametrize("event", [Event.CANCELED, Event.EXPIRED, Event.REJECTED, Event.DENIED])
def test_end_that_the_order_has_is_known(event: Event) -> None:
    """The engine may have inferred it."""
    status = OrderStatus[event.name]
    assert standing_of(order_in(status)).fit(told_of(event)) is Fit.KNOWN


def test_event_that_does_not_fit_leads_nowhere() -> None:
    """The engine swallows it."""
    standing = Standing(OrderStatus.REJECTED, Quantity.from_int(1), Quantity.from_int(0))
    assert standing.after(told_of(Event.ACCEPTED)) == standing


# -- WHAT IS ON ITS WAY ---------------------------------------------------------------------------


def test_not_applied_leaves_out_what_the_order_has_had() -> None:
    """The queue keeps the order of events: what came before one that was applied is through."""
    order = order_in(OrderStatus.ACCEPTED)
    swallowed, through, waits = (
        Told(Event.REJECTED, 8),
        Told(Event.ACCEPTED, 9, NUMBER),
        Told(Event.CANCELED, 10, NUMBER),
    )
    assert not_applied(order, (swallowed, through, waits)) == (waits,)


def test_not_applied_tells_trades_of_the_same_moment_apart() -> None:
    """Several fills of one order may carry the same time."""
    order = order_in(OrderStatus.PARTIALLY_FILLED)
    first, second = (
        Told(Event.FILLED, 9, NUMBER, Quantity.from_str("0.01"), TradeId(n)) for n in ("1", "2")
    )
    assert not_applied(order, (first, second)) == (second,)


def test_not_applied_tells_events_of_one_kind_apart_by_their_time() -> None:
    """An order is updated more than once."""
    order = order_in(OrderStatus.ACCEPTED)
    order.apply(_updated(order))
    first, second = Told(Event.UPDATED, 9, NUMBER), Told(Event.UPDATED, 10, NUMBER)
    assert not_applied(order, (first, second)) == (second,)
