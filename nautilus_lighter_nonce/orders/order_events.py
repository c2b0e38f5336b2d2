"""
`OrderEvents`: the one door through which anything is told to Nautilus about an order.

Rules
-----
- Nobody else calls `generate_order_...`, nor hands a report to the engine.
- Nautilus swallows what its state machine refuses. So each event is held against the order first:
  as the cache has it, and as what was told since will have led it.
- What is known already is not told again. What does not fit is said in the log and looked up; if it
  comes again after that, it is the engine's to judge, once. Nothing is thrown away.
"""

from __future__ import annotations

from enum import Enum
from typing import Final
from typing import NamedTuple

from nautilus_trader.cache.cache import Cache
from nautilus_trader.common.component import LiveClock
from nautilus_trader.common.component import Logger
from nautilus_trader.execution.reports import FillReport
from nautilus_trader.execution.reports import OrderStatusReport
from nautilus_trader.live.execution_client import LiveExecutionClient
from nautilus_trader.model.enums import OrderStatus
from nautilus_trader.model.enums import OrderType
from nautilus_trader.model.enums import order_status_to_str
from nautilus_trader.model.identifiers import ClientOrderId
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.identifiers import StrategyId
from nautilus_trader.model.identifiers import TradeId
from nautilus_trader.model.identifiers import VenueOrderId
from nautilus_trader.model.objects import Currency
from nautilus_trader.model.objects import Price
from nautilus_trader.model.objects import Quantity

from nautilus_lighter_nonce.orders.look_ups import LookUps
from nautilus_lighter_nonce.orders.order_states import Event
from nautilus_lighter_nonce.orders.order_states import Fit
from nautilus_lighter_nonce.orders.order_states import Standing
from nautilus_lighter_nonce.orders.order_states import Told
from nautilus_lighter_nonce.orders.order_states import not_applied
from nautilus_lighter_nonce.orders.order_states import standing_of


QUEUE_LAG_NS: Final = 60_000_000_000
"""What the engine has not applied by then, it never will (our choice; its queue takes micros)."""

REMEMBERED_MISFITS: Final = 1_000
"""Misfits kept, so that each is looked up once."""


class Telling(Enum):
    """What became of an event."""

    TOLD = "the engine is told"
    KNOWN = "known already"
    LOOK_UP = "the order is looked up"


_NEXT: Final[dict[Telling | None, Telling]] = {
    None: Telling.LOOK_UP,
    Telling.LOOK_UP: Telling.TOLD,
    Telling.TOLD: Telling.KNOWN,
    Telling.KNOWN: Telling.KNOWN,
}
"""What becomes of an event that does not fit, time after time."""


class Ids(NamedTuple):
    """Whose order it is, and which."""

    strategy_id: StrategyId
    instrument_id: InstrumentId
    client_order_id: ClientOrderId


class _Way(NamedTuple):
    """What was told of an order and may not have reached it, and where it will stand then."""

    told_ns: int
    applied: int  # events that the order had had
    waiting: tuple[Told, ...]
    standing: Standing | None


_NOTHING: Final = _Way(0, -1, (), None)


class OrderEvents:
    """
    Tells Nautilus what became of orders.

    Parameters
    ----------
    client : LiveExecutionClient
        Generates the events.
    cache : Cache
        The node's cache, which has the orders.
    clock : LiveClock
        The node's clock.
    look_ups : LookUps
        Takes the orders of events that do not fit.
    log : Logger
        The client's logger.

    """

    def __init__(
        self,
        client: LiveExecutionClient,
        cache: Cache,
        clock: LiveClock,
        look_ups: LookUps,
        log: Logger,
    ) -> None:
        self._client = client
        self._cache = cache
        self._clock = clock
        self._look_ups = look_ups
        self._log = log
        self._ways: dict[ClientOrderId, _Way] = {}
        self._misfits: dict[tuple[ClientOrderId, Event, TradeId | None], Telling] = {}

    # -- BEFORE THE VENUE -------------------------------------------------------------------------

    def denied(self, ids: Ids, reason: str) -> Telling:
        """Tell that an order was never sent."""
        told = Told(Event.DENIED, self._clock.timestamp_ns())
        telling = self._judge(ids, told)
        if telling is Telling.TOLD:
            self._client.generate_order_denied(*ids, reason=reason, ts_event=told.ts_event)
        return telling

    def submitted(self, ids: Ids) -> Telling:
        """Tell that the venue may see an order from now on."""
        told = Told(Event.SUBMITTED, self._clock.timestamp_ns())
        telling = self._judge(ids, told)
        if telling is Telling.TOLD:
            self._client.generate_order_submitted(*ids, ts_event=told.ts_event)
        return telling

    def rejected(self, ids: Ids, reason: str, *, due_post_only: bool = False) -> Telling:
        """Tell that an order is certainly not in the book, and never was."""
        standing = self._way(ids.client_order_id).standing
        if standing is not None and standing.status == OrderStatus.RELEASED:
            return self.denied(ids, reason)  # of these Nautilus rejects only what was submitted
        told = Told(Event.REJECTED, self._clock.timestamp_ns())
        telling = self._judge(ids, told)
        if telling is Telling.TOLD:
            self._client.generate_order_rejected(
                *ids, reason=reason, ts_event=told.ts_event, due_post_only=due_post_only
            )
        return telling

    # -- AT THE VENUE -----------------------------------------------------------------------------

    def accepted(self, ids: Ids, venue_order_id: VenueOrderId, ts_event: int) -> Telling:
        """Tell that an order is at the venue."""
        telling = self._judge(ids, Told(Event.ACCEPTED, ts_event, venue_order_id))
        if telling is Telling.TOLD:
            self._client.generate_order_accepted(
                *ids, venue_order_id=venue_order_id, ts_event=ts_event
            )
        return telling

    def updated(
        self,
        ids: Ids,
        venue_order_id: VenueOrderId | None,
        quantity: Quantity,
        price: Price,
        ts_event: int,
    ) -> Telling:
        """Tell the terms that an order has now."""
        told = Told(Event.UPDATED, ts_event, venue_order_id, quantity)
        telling = self._judge(ids, told)
        if telling is Telling.TOLD:
            self._client.generate_order_updated(
                *ids,
                venue_order_id=venue_order_id,
                quantity=quantity,
                price=price,
                trigger_price=None,
                ts_event=ts_event,
            )
        return telling

    def filled(
        self, ids: Ids, fill: FillReport, order_type: OrderType, quote_currency: Currency
    ) -> Telling:
        """Tell a fill."""
        quantity = fill.last_qty
        told = Told(Event.FILLED, fill.ts_event, fill.venue_order_id, quantity, fill.trade_id)
        telling = self._judge(ids, told)
        if telling is Telling.TOLD:
            self._client.generate_order_filled(
                *ids,
                venue_order_id=fill.venue_order_id,
                venue_position_id=None,
                trade_id=fill.trade_id,
                order_side=fill.order_side,
                order_type=order_type,
                last_qty=fill.last_qty,
                last_px=fill.last_px,
                quote_currency=quote_currency,
                commission=fill.commission,
                liquidity_side=fill.liquidity_side,
                ts_event=fill.ts_event,
            )
        return telling

    # -- ENDS -------------------------------------------------------------------------------------

    def canceled(
        self, ids: Ids, venue_order_id: VenueOrderId | None, ts_event: int | None = None
    ) -> Telling:
        """Tell that an order was canceled, now unless a time is given."""
        ts_event = self._clock.timestamp_ns() if ts_event is None else ts_event
        telling = self._judge(ids, Told(Event.CANCELED, ts_event, venue_order_id))
        if telling is Telling.TOLD:
            self._client.generate_order_canceled(
                *ids, venue_order_id=venue_order_id, ts_event=ts_event
            )
        return telling

    def expired(self, ids: Ids, venue_order_id: VenueOrderId | None, ts_event: int) -> Telling:
        """Tell that an order has expired."""
        telling = self._judge(ids, Told(Event.EXPIRED, ts_event, venue_order_id))
        if telling is Telling.TOLD:
            self._client.generate_order_expired(
                *ids, venue_order_id=venue_order_id, ts_event=ts_event
            )
        return telling

    # -- COMMANDS THAT CAME TO NOTHING ------------------------------------------------------------

    def cancel_rejected(
        self, ids: Ids, venue_order_id: VenueOrderId | None, reason: str
    ) -> Telling:
        """Tell that a cancel did not happen."""
        told = Told(Event.CANCEL_REJECTED, self._clock.timestamp_ns())
        telling = self._judge(ids, told)
        if telling is Telling.TOLD:
            self._client.generate_order_cancel_rejected(
                *ids, venue_order_id=venue_order_id, reason=reason, ts_event=told.ts_event
            )
        return telling

    def modify_rejected(
        self, ids: Ids, venue_order_id: VenueOrderId | None, reason: str
    ) -> Telling:
        """Tell that a modify did not happen."""
        told = Told(Event.MODIFY_REJECTED, self._clock.timestamp_ns())
        telling = self._judge(ids, told)
        if telling is Telling.TOLD:
            self._client.generate_order_modify_rejected(
                *ids, venue_order_id=venue_order_id, reason=reason, ts_event=told.ts_event
            )
        return telling

    # -- REPORTS ----------------------------------------------------------------------------------

    def report_order(self, report: OrderStatusReport) -> None:
        """Hand the engine a report of an order: one of nobody's, or one that repeats the cache."""
        self._client._send_order_status_report(report)

    def report_fill(self, report: FillReport) -> None:
        """Hand the engine a fill of an order that is nobody's here."""
        self._client._send_fill_report(report)

    # -- JUDGEMENT --------------------------------------------------------------------------------

    def _judge(self, ids: Ids, told: Told) -> Telling:
        client_order_id = ids.client_order_id
        way = self._way(client_order_id)
        standing = way.standing
        fit = Fit.MISFIT if standing is None else standing.fit(told)
        telling = Telling.TOLD
        if fit is Fit.KNOWN:
            self._log.debug(f"{told.event.value} of {client_order_id} is known already")
            telling = Telling.KNOWN
        elif fit is Fit.MISFIT:
            telling = self._again(client_order_id, told)
            self._log.warning(f"{_said(ids, told, standing)}: {telling.value}")
        if telling is Telling.LOOK_UP:
            self._look_ups.want(client_order_id)
        elif telling is Telling.TOLD:
            self._remember(client_order_id, way, told)
        return telling

    def _way(self, client_order_id: ClientOrderId) -> _Way:
        """Return what of an order's events is on its way, and where that will have led it."""
        way = self._ways.get(client_order_id, _NOTHING)
        if self._clock.timestamp_ns() - way.told_ns > QUEUE_LAG_NS:
            way = _NOTHING
        order = self._cache.order(client_order_id)
        if order is None:
            return _NOTHING
        if way.applied == order.event_count:  # many fills may come in one frame
            return way
        waiting = not_applied(order, way.waiting)
        standing = standing_of(order)
        for told in waiting:
            standing = standing.after(told)
        return _Way(way.told_ns, order.event_count, waiting, standing)

    def _remember(self, client_order_id: ClientOrderId, way: _Way, told: Told) -> None:
        """Remember what is on its way, the order told last at the end."""
        now_ns = self._clock.timestamp_ns()
        standing = None if way.standing is None else way.standing.after(told)
        self._ways.pop(client_order_id, None)
        self._ways[client_order_id] = _Way(now_ns, way.applied, (*way.waiting, told), standing)
        self._forget_arrived(now_ns)

    def _forget_arrived(self, now_ns: int) -> None:
        """Forget the oldest whose events have all reached their orders, or never will."""
        while self._ways:
            oldest, way = next(iter(self._ways.items()))
            order = self._cache.order(oldest)
            is_late = now_ns - way.told_ns > QUEUE_LAG_NS
            if not is_late and order is not None and not_applied(order, way.waiting):
                return
            del self._ways[oldest]

    def _again(self, client_order_id: ClientOrderId, told: Told) -> Telling:
        """
        Return what becomes of a misfit: looked up first, then told, and then no more.

        The engine books a fill's position also where its order refuses it (1.231.0; a test on the
        real engine fails when that changes).
        """
        misfit = (client_order_id, told.event, told.trade_id)
        before = self._misfits.get(misfit)
        self._misfits[misfit] = telling = _NEXT[before]
        if len(self._misfits) > REMEMBERED_MISFITS:
            del self._misfits[next(iter(self._misfits))]
        return telling


def _said(ids: Ids, told: Told, standing: Standing | None) -> str:
    where = "is not in the cache"
    if standing is not None:
        status = order_status_to_str(standing.status)
        where = f"is {status}, {standing.filled} of {standing.quantity} filled"
    return f"{told.event.value} does not fit: {ids.client_order_id} {where}"
