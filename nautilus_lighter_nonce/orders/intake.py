"""
`Intake`: what the venue shows of orders, by whichever way it came, to whom it concerns.

Rules
-----
- Private frames and REST pages lead here. First the tracker says what a row means for an order.
- A row of an order proves that its transaction was executed: the dispatcher learns it.
- Changes that waited for the venue to show their order go out.
"""

from __future__ import annotations

from nautilus_lighter_nonce.dispatch.dispatcher import TxDispatcher
from nautilus_lighter_nonce.lighter import schemas
from nautilus_lighter_nonce.orders.tracker import OrderTracker
from nautilus_lighter_nonce.orders.tracker import TrackedOrder


class Intake:
    """
    Takes orders and trades as the venue writes them.

    Parameters
    ----------
    tracker : OrderTracker
        Knows our orders.
    dispatcher : TxDispatcher
        Knows their transactions.

    """

    def __init__(self, tracker: OrderTracker, dispatcher: TxDispatcher) -> None:
        self._tracker = tracker
        self._dispatcher = dispatcher

    def on_order(self, order: schemas.Order, *, ours_only: bool = False) -> None:
        """Take an order of `account_all_orders` or of a REST page."""
        tracked = self._tracker.on_order(order, ours_only=ours_only)
        if tracked is not None:
            self._on_shown(tracked)

    def on_trade(self, trade: schemas.Trade) -> None:
        """Take a trade of `account_all_trades` or of a REST page."""
        for tracked in self._tracker.on_trade(trade):
            self._on_shown(tracked)

    def _on_shown(self, tracked: TrackedOrder) -> None:
        if tracked.submit is not None:
            self._dispatcher.on_shown(tracked.submit)
        if tracked.held and tracked.is_settled:
            held, tracked.held = tracked.held, []
            for request in held:
                self._dispatcher.submit(request)
