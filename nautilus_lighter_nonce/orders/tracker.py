"""
From the venue's private frames to Nautilus order events.

Rules
-----
- An order is registered *before* it is sent: its private frame may come before the reply to its
  transaction (observed).
- The venue's order is found by our client order index, else by the venue's index, else in the
  cache; what is found nowhere is external and goes to the engine as a report.
- Each event is generated once, in an order Nautilus accepts: accepted before filled, all fills
  before the end. A frame that says "canceled" with more filled than we have seen waits for the
  missing trades.
- Frames are ordered by `transaction_time`; an older one changes nothing.
- Whose order it was is returned; what else that means, for transactions, is not known here.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from decimal import Decimal

from nautilus_trader.cache.cache import Cache
from nautilus_trader.common.component import LiveClock
from nautilus_trader.common.component import Logger
from nautilus_trader.execution.reports import FillReport
from nautilus_trader.model.enums import OrderStatus
from nautilus_trader.model.identifiers import AccountId
from nautilus_trader.model.identifiers import ClientOrderId
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.identifiers import StrategyId
from nautilus_trader.model.identifiers import VenueOrderId
from nautilus_trader.model.instruments import Instrument
from nautilus_trader.model.objects import Price
from nautilus_trader.model.objects import Quantity
from nautilus_trader.model.orders import Order

from nautilus_lighter_nonce.dispatch.requests import TxRequest
from nautilus_lighter_nonce.lighter import schemas
from nautilus_lighter_nonce.lighter.codes import MAX_CLIENT_ORDER_INDEX
from nautilus_lighter_nonce.orders.look_ups import LookUps
from nautilus_lighter_nonce.orders.order_events import Ids
from nautilus_lighter_nonce.orders.order_events import OrderEvents
from nautilus_lighter_nonce.orders.order_events import Telling
from nautilus_lighter_nonce.translate import intents
from nautilus_lighter_nonce.translate import parsing


REMEMBERED_TRADES = 10_000
"""Trade ids kept to drop duplicates; the venue's own history ends after 3,000 trades (docs)."""

REMEMBERED_ORDERS = 1_000
"""
Finished orders kept, for frames that come late: as many as the venue itself remembers
(third-party observation).
"""

OPEN_STATUSES = frozenset({"in-progress", "pending", "open"})

POST_ONLY = "canceled-post-only"
"""Only ever at an order's entry."""

REFUSALS = frozenset(
    {
        "canceled-invalid-balance",
        "canceled-margin-not-allowed",
        "canceled-position-not-allowed",
        "canceled-reduce-only",
        "canceled-too-much-slippage",
    },
)
"""What refuses an order at its entry, and may also end one that rested."""


class TrackedOrder:
    """One of our orders, as far as the venue has told us."""

    __slots__ = (
        "client_order_id",
        "early_trades",
        "ending",
        "filled",
        "held",
        "ids",
        "is_accepted",
        "is_cancel_wanted",
        "is_done",
        "modifies",
        "order",
        "price",
        "quantity",
        "seen_at",
        "submit",
        "venue_order_id",
    )

    def __init__(self, order: Order) -> None:
        self.order = order
        self.ids = Ids(order.strategy_id, order.instrument_id, order.client_order_id)
        self.client_order_id: ClientOrderId = order.client_order_id
        self.venue_order_id: VenueOrderId | None = order.venue_order_id
        self.is_accepted = order.venue_order_id is not None
        self.is_done = order.is_closed
        self.filled = order.filled_qty.as_decimal()
        self.quantity = order.quantity.as_decimal()
        self.price = order.price.as_decimal() if order.has_price else None
        self.seen_at = 0
        self.early_trades: list[tuple[schemas.Trade, bool]] = []
        self.ending: schemas.Order | None = None
        self.is_cancel_wanted = False
        self.modifies = 0  # modify commands so far
        self.submit: TxRequest | None = None  # what brings it to the venue, if this run does
        self.held: list[TxRequest] = []  # changes that wait until the venue shows the order

    @property
    def order_index(self) -> int:
        """What a cancel or modify names: the venue's index once known, else our own."""
        if self.venue_order_id is not None:
            return int(self.venue_order_id.value)
        return intents.client_order_index(self.client_order_id)

    @property
    def is_settled(self) -> bool:
        """Whether the venue has shown the order, or its end."""
        return self.is_accepted or self.is_done


class OrderTracker:
    """
    Turns orders and trades of the private streams into order events.

    Parameters
    ----------
    events : OrderEvents
        Tells Nautilus what the frames mean.
    look_ups : LookUps
        Takes the orders of which something is missing.
    cache : Cache
        The node's cache.
    account_id : AccountId
        Our account in Nautilus.
    account_index : int
        Our account at the venue.
    instrument_of : Callable[[int], Instrument or None]
        The instrument of a market index.
    clock : LiveClock
        The node's clock.
    log : Logger
        The client's logger.

    """

    def __init__(
        self,
        events: OrderEvents,
        look_ups: LookUps,
        cache: Cache,
        account_id: AccountId,
        account_index: int,
        instrument_of: Callable[[int], Instrument | None],
        clock: LiveClock,
        log: Logger,
    ) -> None:
        self._events = events
        self._look_ups = look_ups
        self._cache = cache
        self._account_id = account_id
        self._account_index = account_index
        self._instrument_of = instrument_of
        self._clock = clock
        self._log = log
        self._by_id: dict[ClientOrderId, TrackedOrder] = {}
        self._by_index: dict[int, TrackedOrder] = {}
        self._finished: deque[TrackedOrder] = deque()
        self._trades_seen: dict[tuple[int, bool], None] = {}

    # -- OUR SIDE ---------------------------------------------------------------------------------

    def register(self, order: Order) -> TrackedOrder:
        """Remember an order before it is sent, or one that was found in the cache."""
        tracked = TrackedOrder(order)
        self._by_id[tracked.client_order_id] = tracked
        self._by_index[intents.client_order_index(tracked.client_order_id)] = tracked
        if tracked.venue_order_id is not None:
            self._by_index[int(tracked.venue_order_id.value)] = tracked
        return tracked

    def is_taken(self, client_order_id: ClientOrderId) -> bool:
        """Return whether another of our live orders has the same client order index."""
        tracked = self._by_index.get(intents.client_order_index(client_order_id))
        return tracked is not None and tracked.client_order_id != client_order_id

    def find(self, client_order_id: ClientOrderId) -> TrackedOrder | None:
        """Return our order, looking into the cache for one of an earlier run."""
        tracked = self._by_id.get(client_order_id)
        if tracked is None:
            order = self._cache.order(client_order_id)
            if order is not None and not order.is_closed and not order.is_active_local:
                tracked = self.register(order)
        return tracked

    def is_yet_to_come(self, client_order_id: ClientOrderId) -> bool:
        """Return whether Nautilus knows the order, and it has not been submitted to us."""
        order = self._cache.order(client_order_id)
        is_ours = client_order_id in self._by_id
        return not is_ours and order is not None and bool(order.is_active_local)

    def live(self) -> list[TrackedOrder]:
        """Return our orders that have not ended."""
        return [tracked for tracked in self._by_id.values() if not tracked.is_done]

    def live_of(self, strategy_id: StrategyId, instrument_id: InstrumentId) -> list[TrackedOrder]:
        """Return a strategy's orders in a market that have not ended, of earlier runs too."""
        scope = (None, instrument_id, strategy_id)
        for order in (*self._cache.orders_open(*scope), *self._cache.orders_inflight(*scope)):
            if order.account_id in (None, self._account_id):
                self.find(order.client_order_id)  # an order of an earlier run is tracked from now
        whose = (strategy_id, instrument_id)
        return [t for t in self.live() if (t.ids.strategy_id, t.ids.instrument_id) == whose]

    def reject(self, tracked: TrackedOrder, reason: str, *, due_post_only: bool = False) -> None:
        """End an order that certainly is not in the book."""
        if not tracked.is_done:
            self._events.rejected(tracked.ids, reason, due_post_only=due_post_only)
            self._finish(tracked)

    def deny(self, tracked: TrackedOrder, reason: str) -> None:
        """End an order that was never sent."""
        if not tracked.is_done:
            self._events.denied(tracked.ids, reason)
            self._finish(tracked)

    def cancel_unsent(self, tracked: TrackedOrder) -> None:
        """End an order that was canceled before it could reach the venue."""
        if not tracked.is_done:
            self._events.canceled(tracked.ids, tracked.venue_order_id)
            self._finish(tracked)

    # -- THE VENUE'S SIDE -------------------------------------------------------------------------

    def on_order(self, order: schemas.Order, *, ours_only: bool = False) -> TrackedOrder | None:
        """Handle an order of `account_all_orders` or of a REST page; return it if it is ours."""
        tracked = self._lookup(order.client_order_index, order.order_index)
        if tracked is not None:
            self._on_own_order(tracked, order)
        elif not ours_only:
            self._report_external(order)
        return tracked

    def on_trade(self, trade: schemas.Trade) -> list[TrackedOrder]:
        """
        Handle a trade of `account_all_trades` or of a REST page; return our orders in it.

        Both sides may be ours. A trade that was seen before is nobody's.
        """
        shown: list[TrackedOrder | None] = []
        for is_ask, owner in ((True, trade.ask_account_id), (False, trade.bid_account_id)):
            seen = (trade.trade_id, is_ask)
            if owner == self._account_index and seen not in self._trades_seen:
                self._remember_trade(seen)
                shown.append(self._on_own_trade(trade, is_ask))
        return [tracked for tracked in shown if tracked is not None]

    def _on_own_order(self, tracked: TrackedOrder, order: schemas.Order) -> None:
        if tracked.is_done or order.transaction_time < tracked.seen_at:
            return
        tracked.seen_at = order.transaction_time
        if order.status in OPEN_STATUSES:
            self._accept(tracked, order.order_index, _ts_of(order))
        if tracked.is_accepted:
            self._take_terms(tracked, order)
        if order.status not in OPEN_STATUSES:
            tracked.ending = order
            self._try_end(tracked)

    def _on_own_trade(self, trade: schemas.Trade, is_ask: bool) -> TrackedOrder | None:
        client_index = trade.ask_client_id if is_ask else trade.bid_client_id
        order_index = trade.ask_id if is_ask else trade.bid_id
        instrument = self._instrument_of(trade.market_id)
        if instrument is None:
            self._log.warning(f"Fill in market {trade.market_id}, which has no instrument; ignored")
            return None
        tracked = self._lookup(client_index, order_index)
        fill = parsing.fill_report(
            trade,
            self._account_index,
            instrument,
            self._account_id,
            tracked.client_order_id if tracked else None,
            self._clock.timestamp_ns(),
            is_ask=is_ask,
        )
        if tracked is None:
            self._events.report_fill(fill)
            return None
        self._accept(tracked, order_index, fill.ts_event)
        if tracked.filled + Decimal(trade.size) > tracked.quantity:
            tracked.early_trades.append((trade, is_ask))  # a modify was not shown to us yet
            self._look_ups.want(tracked.client_order_id)
        elif self._fill(tracked, fill, instrument) is Telling.LOOK_UP:
            self._trades_seen.pop((trade.trade_id, is_ask), None)  # the look-up brings it again
        else:
            tracked.filled += Decimal(trade.size)
            self._try_end(tracked)
        return tracked

    def _fill(self, tracked: TrackedOrder, fill: FillReport, instrument: Instrument) -> Telling:
        filled = tracked.filled + fill.last_qty.as_decimal()
        if tracked.order.filled_qty.as_decimal() >= filled:
            return Telling.KNOWN  # the engine inferred this fill from a report already
        return self._events.filled(
            tracked.ids, fill, tracked.order.order_type, instrument.quote_currency
        )

    # -- MOVES ------------------------------------------------------------------------------------

    def _take_terms(self, tracked: TrackedOrder, order: schemas.Order) -> None:
        """Report a new price or quantity, and the fills that were waiting for it."""
        price, quantity = Decimal(order.price), Decimal(order.initial_base_amount)
        instrument = self._instrument_of(order.market_index)
        if instrument is None or (quantity == tracked.quantity and tracked.price in (None, price)):
            return
        tracked.price, tracked.quantity = price, quantity
        self._events.updated(
            tracked.ids,
            tracked.venue_order_id,
            Quantity(quantity, instrument.size_precision),
            Price(price, instrument.price_precision),
            _ts_of(order),
        )
        early, tracked.early_trades = tracked.early_trades, []
        for trade, is_ask in early:
            self._on_own_trade(trade, is_ask)

    def _accept(self, tracked: TrackedOrder, order_index: int, ts_event: int) -> None:
        if tracked.is_accepted:
            return
        tracked.is_accepted = True
        tracked.venue_order_id = VenueOrderId(str(order_index))
        self._by_index[order_index] = tracked
        self._events.accepted(tracked.ids, tracked.venue_order_id, ts_event)

    def _try_end(self, tracked: TrackedOrder) -> None:
        ending = tracked.ending
        if tracked.is_done:
            return
        if ending is None:
            if tracked.filled >= tracked.quantity:
                self._finish(tracked)
            return
        if tracked.filled < Decimal(ending.filled_base_amount):
            return  # its trades are still to come
        if ending.status == "filled":
            self._finish(tracked)
        else:
            self._end_unfilled(tracked, ending)

    def _end_unfilled(self, tracked: TrackedOrder, ending: schemas.Order) -> None:
        if not tracked.is_accepted and _is_refusal(ending):
            self.reject(
                tracked,
                f"the venue ended it as {ending.status}",
                due_post_only=ending.status == POST_ONLY,
            )
            return
        self._accept(tracked, ending.order_index, _ts_of(ending))
        if parsing.order_status(ending) is OrderStatus.EXPIRED:
            self._events.expired(tracked.ids, tracked.venue_order_id, _ts_of(ending))
        else:
            self._events.canceled(tracked.ids, tracked.venue_order_id, _ts_of(ending))
        self._finish(tracked)

    # -- MEMORY -----------------------------------------------------------------------------------

    def _lookup(self, client_index: int, order_index: int) -> TrackedOrder | None:
        tracked = self._by_index.get(order_index)
        if tracked is None and 0 < client_index <= MAX_CLIENT_ORDER_INDEX:
            tracked = self._by_index.get(client_index)
            if tracked is not None and tracked.venue_order_id is not None:
                tracked = None  # the same client index, but an order of an earlier life
        if tracked is None:
            client_order_id = self._cache.client_order_id(VenueOrderId(str(order_index)))
            tracked = self.find(client_order_id) if client_order_id is not None else None
        return tracked

    def _report_external(self, order: schemas.Order) -> None:
        instrument = self._instrument_of(order.market_index)
        if instrument is None:
            self._log.warning(f"Order in market {order.market_index} without instrument; ignored")
            return
        report = parsing.order_status_report(
            order,
            instrument,
            self._account_id,
            None,
            self._clock.timestamp_ns(),
        )
        self._events.report_order(report)

    def _finish(self, tracked: TrackedOrder) -> None:
        tracked.is_done = True
        self._finished.append(tracked)
        while len(self._finished) > REMEMBERED_ORDERS:
            self._drop(self._finished.popleft())

    def _drop(self, tracked: TrackedOrder) -> None:
        self._by_id.pop(tracked.client_order_id, None)
        for index in (intents.client_order_index(tracked.client_order_id), tracked.order_index):
            if self._by_index.get(index) is tracked:
                del self._by_index[index]

    def _remember_trade(self, seen: tuple[int, bool]) -> None:
        self._trades_seen[seen] = None
        if len(self._trades_seen) > REMEMBERED_TRADES:
            del self._trades_seen[next(iter(self._trades_seen))]


def _ts_of(order: schemas.Order) -> int:
    return schemas.to_unix_ns(order.transaction_time or order.updated_at)


def _is_refusal(ending: schemas.Order) -> bool:
    """
    Whether an order that was never shown was refused at its entry, rather than ended later.

    The venue's times have the granularity of a block: where they differ it lived.
    """
    if ending.status == POST_ONLY:
        return True
    return ending.status in REFUSALS and ending.created_at >= ending.updated_at
