"""
Reports that repeat what the cache has of our orders, and change nothing.

Rules
-----
- Nothing here asks the venue: the outbox says which orders are open there, the cache what they are.
- A report never says more than the cache: status, quantity and fills are the cached ones.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from decimal import Decimal

from nautilus_trader.cache.cache import Cache
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.reports import OrderStatusReport
from nautilus_trader.model.enums import OrderStatus
from nautilus_trader.model.identifiers import AccountId
from nautilus_trader.model.identifiers import ClientOrderId
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.orders import Order

from nautilus_lighter_nonce.constants import LIGHTER_VENUE


class CachedReports:
    """
    Repeats the cached state of our orders.

    Parameters
    ----------
    cache : Cache
        The node's cache.
    account_id : AccountId
        The account in Nautilus.
    open_orders : Callable[[], set[str]]
        Client order ids of what is not final in the outbox.
    since_ns : int
        When this run began, Unix nanoseconds.
    now_ns : Callable[[], int]
        The node's time.

    """

    def __init__(
        self,
        cache: Cache,
        account_id: AccountId,
        open_orders: Callable[[], set[str]],
        since_ns: int,
        now_ns: Callable[[], int],
    ) -> None:
        self._cache = cache
        self._account_id = account_id
        self._open_orders = open_orders
        self._since_ns = since_ns
        self._now_ns = now_ns

    # -- ONE ORDER --------------------------------------------------------------------------------

    def is_open(self, client_order_id: ClientOrderId | None) -> bool:
        """Return whether something of the order is not final in the outbox."""
        return client_order_id is not None and client_order_id.value in self._open_orders()

    def is_of_this_run(self, client_order_id: ClientOrderId | None) -> bool:
        """Return whether the order was made in this run, so that its end is proved here."""
        order = self._living(client_order_id)
        return order is not None and bool(order.ts_init >= self._since_ns)

    def report(self, client_order_id: ClientOrderId | None) -> OrderStatusReport | None:
        """Return the cached state of an order, ``None`` unless it is in flight or open there."""
        order = self._living(client_order_id)
        return None if order is None else self._report_of(order)

    def is_behind(self, read: OrderStatusReport) -> bool:
        """Return whether the venue tells more of an order of this run than we were told yet."""
        order = self._living(read.client_order_id)
        return (
            order is not None
            and order.ts_init >= self._since_ns
            and (
                order.status == OrderStatus.SUBMITTED
                or not read.is_open
                or read.filled_qty != order.filled_qty
            )
        )

    # -- ALL ORDERS -------------------------------------------------------------------------------

    def of_all(self, instrument_id: InstrumentId | None) -> list[OrderStatusReport]:
        """Return the cached state of all of our orders: the read failed."""
        return [self._report_of(order) for order in self._all_living(instrument_id)]

    def added_to(
        self, read: Iterable[OrderStatusReport], instrument_id: InstrumentId | None
    ) -> list[OrderStatusReport]:
        """
        Return what was read, but the cached state of what is open in the outbox, or behind.

        What was submitted in this run is repeated too where it was not read: an index may be late,
        and the engine rejects what is missing without another question (1.231.0, if the order was
        submitted without a client id).
        """
        read, open_orders = list(read), self._open_orders()
        found = {r.client_order_id for r in read if not self.is_behind(r)}
        repeated = {
            order.client_order_id: self._report_of(order)
            for order in self._all_living(instrument_id)
            if order.client_order_id.value in open_orders
            or (order.client_order_id not in found and order.ts_init >= self._since_ns)
        }
        kept = [report for report in read if report.client_order_id not in repeated]
        return [*kept, *repeated.values()]

    def left_out_of(self, read: Iterable[OrderStatusReport]) -> list[OrderStatusReport]:
        """Return what was read of orders that are not open in the outbox: for the start."""
        open_orders = self._open_orders()
        return [
            report
            for report in read
            if report.client_order_id is None or report.client_order_id.value not in open_orders
        ]

    # -- HELP -------------------------------------------------------------------------------------

    def _living(self, client_order_id: ClientOrderId | None) -> Order | None:
        order = None if client_order_id is None else self._cache.order(client_order_id)
        return order if order is not None and (order.is_open or order.is_inflight) else None

    def _all_living(self, instrument_id: InstrumentId | None) -> list[Order]:
        filters = {"venue": LIGHTER_VENUE, "instrument_id": instrument_id}
        orders = (*self._cache.orders_open(**filters), *self._cache.orders_inflight(**filters))
        return list({order.client_order_id: order for order in orders}.values())

    def _report_of(self, order: Order) -> OrderStatusReport:
        return cached_report(order, self._account_id, self._now_ns())


def cached_report(order: Order, account_id: AccountId, now_ns: int) -> OrderStatusReport:
    """Return a report that says of an order what the cache has, and that changes nothing."""
    return OrderStatusReport(
        account_id=account_id,
        instrument_id=order.instrument_id,
        client_order_id=order.client_order_id,
        venue_order_id=order.venue_order_id,
        order_side=order.side,
        order_type=order.order_type,
        time_in_force=order.time_in_force,
        order_status=order.status,
        price=order.price if order.has_price else None,
        quantity=order.quantity,
        filled_qty=order.filled_qty,
        avg_px=Decimal(0),  # none is looked at where nothing was filled; ``None`` is warned of
        post_only=order.is_post_only,
        reduce_only=order.is_reduce_only,
        report_id=UUID4(),
        ts_accepted=order.ts_accepted,
        ts_last=order.ts_last,
        ts_init=now_ns,
    )
