"""
What the venue holds, as Nautilus reports: for reconciliation and for single look-ups.

Rule of this file: it reads, over REST, and changes nothing. A read that was not answered raises
and never turns into "nothing there": half a list is no list.
"""

from __future__ import annotations

from collections.abc import Awaitable
from collections.abc import Callable

import pandas as pd
from nautilus_trader.cache.cache import Cache
from nautilus_trader.common.component import LiveClock
from nautilus_trader.execution.reports import FillReport
from nautilus_trader.execution.reports import OrderStatusReport
from nautilus_trader.execution.reports import PositionStatusReport
from nautilus_trader.model.identifiers import AccountId
from nautilus_trader.model.identifiers import ClientOrderId
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.identifiers import VenueOrderId

from nautilus_lighter_nonce.constants import LIGHTER_VENUE
from nautilus_lighter_nonce.lighter import schemas
from nautilus_lighter_nonce.lighter.http import LighterHttpClient
from nautilus_lighter_nonce.providers import LighterInstrumentProvider
from nautilus_lighter_nonce.translate import intents
from nautilus_lighter_nonce.translate import parsing


NANOS_PER_SEC = 1_000_000_000


class LighterReports:
    """
    Order, fill and position reports of one account.

    Parameters
    ----------
    http : LighterHttpClient
        The REST client.
    auth_token : Callable[[], Awaitable[str]]
        Returns a valid token for private endpoints.
    provider : LighterInstrumentProvider
        The instruments.
    cache : Cache
        The node's cache, which knows our client order ids.
    clock : LiveClock
        The node's clock.
    account_index : int
        The account at the venue.
    account_id : AccountId
        The account in Nautilus.

    """

    def __init__(
        self,
        http: LighterHttpClient,
        auth_token: Callable[[], Awaitable[str]],
        provider: LighterInstrumentProvider,
        cache: Cache,
        clock: LiveClock,
        account_index: int,
        account_id: AccountId,
    ) -> None:
        self._http = http
        self._auth_token = auth_token
        self._provider = provider
        self._cache = cache
        self._clock = clock
        self._account_index = account_index
        self._account_id = account_id

    # -- WIRE OBJECTS -----------------------------------------------------------------------------

    async def orders(
        self,
        instrument_id: InstrumentId | None = None,
        *,
        open_only: bool = False,
        start: pd.Timestamp | None = None,
        end: pd.Timestamp | None = None,
    ) -> list[schemas.Order]:
        """Return the account's orders as the venue writes them, live ones first."""
        token = await self._auth_token()
        market_id = self._market_of(instrument_id)
        orders = await self._http.active_orders(self._account_index, token, market_id)
        if not open_only:
            orders += await self._http.inactive_orders(
                self._account_index,
                token,
                market_id=market_id,
                between=_between_secs(start, end, self._clock.timestamp_ns()),
            )
        return orders

    async def trades(
        self,
        instrument_id: InstrumentId | None = None,
        *,
        venue_order_id: VenueOrderId | None = None,
        start: pd.Timestamp | None = None,
    ) -> list[schemas.Trade]:
        """Return the account's trades as the venue writes them, the oldest first."""
        trades = await self._http.trades(
            self._account_index,
            await self._auth_token(),
            market_id=self._market_of(instrument_id),
            order_index=int(venue_order_id.value) if venue_order_id is not None else None,
            since_ns=start.value if start is not None else None,
        )
        return sorted(trades, key=lambda trade: trade.trade_id)

    async def find_order(
        self,
        instrument_id: InstrumentId | None,
        client_order_id: ClientOrderId | None,
        venue_order_id: VenueOrderId | None,
        *,
        start: pd.Timestamp | None = None,
    ) -> schemas.Order | None:
        """
        Return one order by either id, live or ended, or ``None`` if the venue has none.

        Given a time before the order was made, no older pages are read.
        """
        index = int(venue_order_id.value) if venue_order_id is not None else None
        client_index = intents.client_order_index(client_order_id) if client_order_id else None
        for open_only in (True, False):
            for order in await self.orders(instrument_id, open_only=open_only, start=start):
                if index is not None and order.order_index == index:
                    return order
                if index is None and order.client_order_index == client_index:
                    return order
        return None

    # -- REPORTS ----------------------------------------------------------------------------------

    async def order_reports(
        self,
        instrument_id: InstrumentId | None,
        *,
        open_only: bool,
        start: pd.Timestamp | None,
        end: pd.Timestamp | None,
    ) -> list[OrderStatusReport]:
        """Return a report for each order in a market that has an instrument."""
        orders = await self.orders(instrument_id, open_only=open_only, start=start, end=end)
        ours = self._our_indexes()
        reports = (self.order_report(order, ours) for order in orders)
        return [report for report in reports if report is not None]

    def order_report(
        self,
        order: schemas.Order,
        ours: dict[int, ClientOrderId] | None = None,
    ) -> OrderStatusReport | None:
        """Return the report of one order, or ``None`` if its market has no instrument."""
        instrument = self._provider.instrument_for_market(order.market_index)
        if instrument is None:
            return None
        return parsing.order_status_report(
            order,
            instrument,
            self._account_id,
            self._client_order_id(order.order_index, order.client_order_index, ours),
            self._clock.timestamp_ns(),
        )

    async def fill_reports(
        self,
        instrument_id: InstrumentId | None,
        venue_order_id: VenueOrderId | None,
        start: pd.Timestamp | None,
    ) -> list[FillReport]:
        """Return a report for each of our sides of each trade."""
        trades = await self.trades(instrument_id, venue_order_id=venue_order_id, start=start)
        ours = self._our_indexes()
        return [
            self._fill_report(trade, is_ask, ours)
            for trade in trades
            for is_ask, owner in ((True, trade.ask_account_id), (False, trade.bid_account_id))
            if owner == self._account_index
            and self._provider.instrument_for_market(trade.market_id) is not None
        ]

    async def position_reports(
        self,
        instrument_id: InstrumentId | None,
    ) -> list[PositionStatusReport]:
        """Return a report for each market with an instrument, flat ones included."""
        account = await self._http.account(self._account_index)
        market_id = self._market_of(instrument_id)
        reports = []
        for position in account.positions:
            instrument = self._provider.instrument_for_market(position.market_id)
            if instrument is not None and market_id in (None, position.market_id):
                reports.append(
                    parsing.position_report(
                        position,
                        instrument,
                        self._account_id,
                        self._clock.timestamp_ns(),
                    ),
                )
        return reports

    # -- HELP -------------------------------------------------------------------------------------

    def _fill_report(
        self,
        trade: schemas.Trade,
        is_ask: bool,
        ours: dict[int, ClientOrderId],
    ) -> FillReport:
        client_index = trade.ask_client_id if is_ask else trade.bid_client_id
        order_index = trade.ask_id if is_ask else trade.bid_id
        return parsing.fill_report(
            trade,
            self._account_index,
            self._provider.instrument_for_market(trade.market_id),
            self._account_id,
            self._client_order_id(order_index, client_index, ours),
            self._clock.timestamp_ns(),
            is_ask=is_ask,
        )

    def _client_order_id(
        self,
        order_index: int,
        client_index: int,
        ours: dict[int, ClientOrderId] | None,
    ) -> ClientOrderId | None:
        known = self._cache.client_order_id(VenueOrderId(str(order_index)))
        if known is not None:
            return known
        return (self._our_indexes() if ours is None else ours).get(client_index)

    def _our_indexes(self) -> dict[int, ClientOrderId]:
        return {
            intents.client_order_index(order.client_order_id): order.client_order_id
            for order in self._cache.orders(venue=LIGHTER_VENUE)
        }

    def _market_of(self, instrument_id: InstrumentId | None) -> int | None:
        return self._provider.market_index(instrument_id) if instrument_id is not None else None


def _between_secs(
    start: pd.Timestamp | None,
    end: pd.Timestamp | None,
    now_ns: int,
) -> tuple[int, int] | None:
    """The venue takes whole seconds (observed)."""
    if start is None and end is None:
        return None
    first = start.value // NANOS_PER_SEC if start is not None else 0
    last = end.value // NANOS_PER_SEC if end is not None else now_ns // NANOS_PER_SEC + 1
    return first, last
