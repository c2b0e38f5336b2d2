"""
What the private streams did not show, read over REST.

Rules
-----
- What is read leads where frames lead, to the intake; what is known already is dropped there.
- As few pages as will do: a read of trades costs much of an account's quota (Lighter docs).
- A read that is not answered is said in the log; Nautilus' own checks come after it.
"""

from __future__ import annotations

from decimal import Decimal

import pandas as pd
from nautilus_trader.common.component import Logger
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.identifiers import VenueOrderId

from nautilus_lighter_nonce.lighter.errors import LighterHttpError
from nautilus_lighter_nonce.orders.intake import Intake
from nautilus_lighter_nonce.orders.look_ups import LookUp
from nautilus_lighter_nonce.orders.look_ups import Unless
from nautilus_lighter_nonce.orders.reports import LighterReports
from nautilus_lighter_nonce.orders.tracker import OrderTracker
from nautilus_lighter_nonce.orders.tracker import TrackedOrder


OVERLAP = pd.Timedelta(minutes=1)
"""How far before a moment a read begins: clocks differ, and a dead connection may look alive."""


class MissedReader:
    """
    Reads orders and trades that the private streams may have left out.

    Parameters
    ----------
    reports : LighterReports
        The reads.
    tracker : OrderTracker
        Knows our orders.
    intake : Intake
        Takes what is found.
    log : Logger
        The client's logger.

    """

    def __init__(
        self, reports: LighterReports, tracker: OrderTracker, intake: Intake, log: Logger
    ) -> None:
        self._reports = reports
        self._tracker = tracker
        self._intake = intake
        self._log = log
        self.behind_since: pd.Timestamp | None = None
        self.is_cut_off = False

    def lost(self, lost_at: pd.Timestamp) -> None:
        """The streams are lost; from here on there is something to catch up with."""
        self.is_cut_off = True
        if self.behind_since is None:
            self.behind_since = lost_at

    async def catch_up(self, lost_at: pd.Timestamp) -> None:
        """Read what happened since a connection was lost, once there is another."""
        self.is_cut_off = False
        since = lost_at - OVERLAP
        try:
            for trade in await self._reports.trades(start=since):
                self._intake.on_trade(trade)
            for order in await self._reports.orders(start=self._since_the_oldest(since)):
                self._intake.on_order(order, ours_only=True)
        except LighterHttpError as e:
            self._log.error(f"Could not read what the stream missed: {e}")
            return
        if not self.is_cut_off:
            self.behind_since = None

    async def look_up(self, look_up: LookUp) -> None:
        """Read an order that somebody missed something of, if it is still worth it."""
        tracked = self._tracker.find(look_up.client_order_id)
        if tracked is None:
            return
        is_told = {
            Unless.NEVER: False,
            Unless.SHOWN: tracked.is_settled,
            Unless.ENDED: tracked.is_done,
        }
        if not is_told[look_up.unless]:
            await self.fetch(tracked)

    async def fetch(self, tracked: TrackedOrder) -> None:
        """Read one order, and its trades if it has more of them than were shown."""
        start = pd.Timestamp(tracked.order.ts_init, tz="UTC") - OVERLAP
        try:
            order = await self._reports.find_order(
                tracked.ids.instrument_id,
                tracked.client_order_id,
                tracked.venue_order_id,
                start=start,
            )
            if order is None:
                return
            if Decimal(order.filled_base_amount) > tracked.filled:
                found = VenueOrderId(str(order.order_index))
                for trade in await self._reports.trades(venue_order_id=found):
                    self._intake.on_trade(trade)
        except LighterHttpError as e:
            self._log.error(f"Order {tracked.client_order_id} was not read: {e}")
            return
        self._intake.on_order(order)

    async def read_trades(self, instrument_id: InstrumentId, since_ns: int) -> None:
        """
        Read the trades of one market since about a moment.

        Raises
        ------
        LighterError
            If the venue was not read.

        """
        start = pd.Timestamp(since_ns, tz="UTC") - OVERLAP
        for trade in await self._reports.trades(instrument_id, start=start):
            self._intake.on_trade(trade)

    def _since_the_oldest(self, since: pd.Timestamp) -> pd.Timestamp:
        """Go back to our oldest live order: the venue does not say which time it compares."""
        made = [pd.Timestamp(t.order.ts_init, tz="UTC") for t in self._tracker.live()]
        return min([since, *made])
