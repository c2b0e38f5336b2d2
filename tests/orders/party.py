"""Whom requests turn to: real tracker, events and look-ups, and a dispatcher that writes down."""

from __future__ import annotations

from typing import Any

from nautilus_trader.common.component import Logger
from nautilus_trader.model.identifiers import ClientOrderId
from nautilus_trader.model.orders import Order

from nautilus_lighter_nonce.dispatch.requests import TxRequest
from nautilus_lighter_nonce.orders.requests import Parties
from nautilus_lighter_nonce.orders.tracker import OrderTracker
from nautilus_lighter_nonce.orders.tracker import TrackedOrder
from tests.orders.engine import ACCOUNT
from tests.orders.engine import ETH
from tests.orders.engine import Engine


class Party:
    """The parties of one client; the dispatcher is the party itself."""

    def __init__(self) -> None:
        self.engine = Engine()
        self.submitted: list[TxRequest] = []
        self.cancels_here = False
        self.canceled: list[TxRequest] = []
        self.shown: list[TxRequest] = []
        self.records: list[Any] = []
        self.wakes = 0
        self.tracker = OrderTracker(
            self.engine.door,
            self.engine.look_ups,
            self.engine.cache,
            ACCOUNT,
            700,
            lambda market: ETH if market == 0 else None,
            self.engine.clock,
            Logger("test"),
        )
        dispatcher: Any = self
        self.parties = Parties(self.tracker, self.engine.door, self.engine.look_ups, dispatcher)
        self._quiet = 0

    # the dispatcher
    def submit(self, *requests: TxRequest) -> list[int]:
        self.submitted.extend(requests)
        return []

    def cancel(self, request: TxRequest) -> bool:
        self.canceled.append(request)
        return self.cancels_here

    def on_shown(self, request: TxRequest) -> None:
        self.shown.append(request)

    def on_record(self, record: Any) -> None:
        self.records.append(record)

    def wake(self) -> None:
        self.wakes += 1

    # orders
    def submitted_order(self, order: Order | None = None, **options: Any) -> TrackedOrder:
        """Register an order, and let it have been submitted."""
        tracked = self.tracker.register(order or self.engine.limit(**options))
        self.engine.door.submitted(tracked.ids)
        self.engine.run()
        self._quiet = len(self.engine.events)
        return tracked

    @property
    def told(self) -> list[str]:
        """What was told after the last submission."""
        return self.engine.told[self._quiet :]

    @property
    def reason(self) -> str:
        """The reason that was told last."""
        return str(self.engine.events[-1].reason)

    def wanted(self) -> list[ClientOrderId]:
        """Return the orders that are to be looked up."""
        return self.engine.wanted()
