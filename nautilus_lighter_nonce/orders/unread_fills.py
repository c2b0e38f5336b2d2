"""
Whose fills may be at the venue unread, when its position is not the one in the cache.

A position comes from another index than the trades: it may show a fill seconds before any of the
fill's own ways does. The engine would make that fill up, and the fill itself would double the
position later (1.231.0).

Rules
-----
- Nothing here asks the venue: a position that was read is held against the cache.
- A difference is an unread fill as long as orders could explain it that lived when it was first
  seen. Each of them ends only with all of its fills told, so that an odd position is the engine's
  once they have ended; orders that were made later explain nothing.
"""

from __future__ import annotations

from decimal import Decimal

from nautilus_trader.cache.cache import Cache
from nautilus_trader.execution.reports import PositionStatusReport
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.identifiers import AccountId
from nautilus_trader.model.identifiers import ClientOrderId
from nautilus_trader.model.identifiers import InstrumentId


type _Seen = tuple[Decimal, frozenset[ClientOrderId]]


class UnreadFills:
    """
    Finds the orders whose unread fills a position may show.

    Parameters
    ----------
    cache : Cache
        The node's cache.
    account_id : AccountId
        The account in Nautilus.
    since_ns : int
        When this run began, Unix nanoseconds.

    """

    def __init__(self, cache: Cache, account_id: AccountId, since_ns: int) -> None:
        self._cache = cache
        self._account_id = account_id
        self._since_ns = since_ns
        self._agreed_ns: dict[InstrumentId, int] = {}
        self._seen: dict[InstrumentId, _Seen] = {}

    def since_ns(self, instrument_id: InstrumentId) -> int:
        """Return when a position last agreed with the cache, Unix nanoseconds."""
        return self._agreed_ns.get(instrument_id, self._since_ns)

    def behind(self, read: PositionStatusReport) -> frozenset[ClientOrderId]:
        """Return the orders whose unread fills would explain a position; none if it agrees."""
        instrument_id = read.instrument_id
        ahead = read.signed_decimal_qty - self._held(instrument_id)
        if not ahead:
            self._agreed_ns[instrument_id] = read.ts_init
        could = self._could_explain(instrument_id, ahead)
        seen_ahead, seen = self._seen.get(instrument_id, (ahead, frozenset(could)))
        if seen_ahead == ahead:
            could = {order_id: leaves for order_id, leaves in could.items() if order_id in seen}
        self._seen[instrument_id] = (ahead, frozenset(could))
        return frozenset(could) if sum(could.values()) >= abs(ahead) else frozenset()

    def _held(self, instrument_id: InstrumentId) -> Decimal:
        positions = self._cache.positions_open(
            instrument_id=instrument_id, account_id=self._account_id
        )
        return sum((position.signed_decimal_qty() for position in positions), Decimal(0))

    def _could_explain(
        self, instrument_id: InstrumentId, ahead: Decimal
    ) -> dict[ClientOrderId, Decimal]:
        """Return what the living orders on the side of a difference may be filled yet."""
        if not ahead:
            return {}
        side = OrderSide.BUY if ahead > 0 else OrderSide.SELL
        which = {"instrument_id": instrument_id, "side": side, "account_id": self._account_id}
        orders = (*self._cache.orders_open(**which), *self._cache.orders_inflight(**which))
        return {order.client_order_id: order.leaves_qty.as_decimal() for order in orders}
