"""What the venue holds, as reports: which reads are made, and what becomes of each row."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pandas as pd
import pytest
from nautilus_trader.model.enums import OrderStatus
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.identifiers import VenueOrderId

from nautilus_lighter_nonce.lighter.errors import LighterTransportError
from nautilus_lighter_nonce.lighter.schemas import AccountDetail
from nautilus_lighter_nonce.lighter.schemas import Position
from nautilus_lighter_nonce.orders.reports import LighterReports
from nautilus_lighter_nonce.orders.tracker import TrackedOrder
from tests.orders.engine import ACCOUNT
from tests.orders.engine import ETH
from tests.orders.engine import Engine
from tests.orders.rows import VENUE_INDEX
from tests.orders.rows import order_row
from tests.orders.rows import trade_row


NOON = pd.Timestamp("2026-07-30 12:00", tz="UTC")


class Venue:
    """The REST client and the instruments in one, around an order of ours in the cache."""

    def __init__(self) -> None:
        self.engine = Engine()
        self.tracked = TrackedOrder(self.engine.limit())
        self.active: list[Any] = []
        self.inactive: list[Any] = []
        self.fills: list[Any] = []
        self.positions: list[Position] = []
        self.error: Exception | None = None
        self.asked: list[tuple[Any, ...]] = []
        venue: Any = self
        self.reports = LighterReports(
            venue, self.token, venue, self.engine.cache, self.engine.clock, 700, ACCOUNT
        )

    async def token(self) -> str:
        return "a token"

    def _ask(self, *what: Any) -> None:
        self.asked.append(what)
        if self.error is not None:
            raise self.error

    async def active_orders(self, account: int, token: str, market_id: int | None) -> list[Any]:
        self._ask("active", market_id)
        return list(self.active)

    async def inactive_orders(
        self, account: int, token: str, *, market_id: int | None, between: Any
    ) -> list[Any]:
        self._ask("inactive", market_id, between)
        return list(self.inactive)

    async def trades(self, account: int, token: str, **which: Any) -> list[Any]:
        self._ask("trades", which["order_index"], which["since_ns"])
        return list(self.fills)

    async def account(self, account: int) -> AccountDetail:
        self._ask("account")
        return AccountDetail(index=account, positions=self.positions)

    def instrument_for_market(self, market_index: int) -> Any:
        return ETH if market_index == 0 else None

    def market_index(self, instrument_id: InstrumentId) -> int:
        return 0


@pytest.fixture
def venue() -> Venue:
    """Return a venue that has nothing."""
    return Venue()


# -- ORDERS ---------------------------------------------------------------------------------------


async def test_only_live_orders_are_read_if_only_those_are_wanted(venue: Venue) -> None:
    """Pages of ended ones are dear."""
    await venue.reports.orders(ETH.id, open_only=True)
    assert venue.asked == [("active", 0)]


async def test_ended_orders_are_read_by_whole_seconds(venue: Venue) -> None:
    """The venue takes nothing finer; an open end is a second past now, which is 1,000 ns."""
    await venue.reports.orders(start=NOON)
    assert venue.asked[1] == ("inactive", None, (NOON.value // 10**9, 1))
    await venue.reports.orders(start=NOON, end=NOON)
    assert venue.asked[3][2] == (NOON.value // 10**9, NOON.value // 10**9)


async def test_order_reports_name_our_orders_and_leave_out_unknown_markets(venue: Venue) -> None:
    """By the client index; a stranger's order has no client order id."""
    venue.active = [
        order_row(venue.tracked, "open"),
        order_row(venue.tracked, "open", client_order_index=12, order_index=VENUE_INDEX + 1),
        order_row(venue.tracked, "open", market_index=9),
    ]
    reports = await venue.reports.order_reports(None, open_only=True, start=None, end=None)
    assert [r.client_order_id for r in reports] == [venue.tracked.client_order_id, None]
    assert {r.order_status for r in reports} == {OrderStatus.ACCEPTED}


async def test_order_is_named_by_the_venues_index_where_the_cache_knows_it(venue: Venue) -> None:
    """The client index may have been used again."""
    order = venue.tracked.order
    venue.engine.cache.add_venue_order_id(order.client_order_id, VenueOrderId(str(VENUE_INDEX)))
    report = venue.reports.order_report(order_row(venue.tracked, "open", client_order_index=12))
    assert report is not None
    assert report.client_order_id == order.client_order_id


async def test_read_that_is_not_answered_raises(venue: Venue) -> None:
    """It is not "no orders", nor "no fills", nor "no positions"."""
    venue.error = LighterTransportError("orders", message="silence")
    for read in (
        venue.reports.order_reports(None, open_only=False, start=None, end=None),
        venue.reports.fill_reports(None, None, None),
        venue.reports.position_reports(None),
        venue.reports.find_order(None, venue.tracked.client_order_id, None),
    ):
        with pytest.raises(LighterTransportError):
            await read


# -- ONE ORDER ------------------------------------------------------------------------------------


async def test_live_order_is_found_without_reading_ended_ones(venue: Venue) -> None:
    """By our index as long as the venue's is not known."""
    venue.active = [order_row(venue.tracked, "open")]
    found = await venue.reports.find_order(ETH.id, venue.tracked.client_order_id, None)
    assert found == venue.active[0]
    assert venue.asked == [("active", 0)]


async def test_ended_order_is_found_behind_the_live_ones(venue: Venue) -> None:
    """It is not live, which does not mean that it is not there."""
    venue.inactive = [order_row(venue.tracked, "canceled")]
    found = await venue.reports.find_order(ETH.id, venue.tracked.client_order_id, None)
    assert found == venue.inactive[0]


async def test_venues_index_alone_decides_once_it_is_known(venue: Venue) -> None:
    """Our index may belong to an order of an earlier life."""
    venue.active = [order_row(venue.tracked, "open", order_index=VENUE_INDEX + 5)]
    ids = (ETH.id, venue.tracked.client_order_id, VenueOrderId(str(VENUE_INDEX)))
    assert await venue.reports.find_order(*ids) is None


# -- FILLS AND POSITIONS --------------------------------------------------------------------------


async def test_trades_come_oldest_first(venue: Venue) -> None:
    """The venue gives the newest first."""
    venue.fills = [trade_row(venue.tracked, number, "0.0100") for number in (3, 1, 2)]
    trades = await venue.reports.trades(venue_order_id=VenueOrderId("7"), start=NOON)
    assert [trade.trade_id for trade in trades] == [1, 2, 3]
    assert venue.asked == [("trades", 7, NOON.value)]


async def test_both_sides_of_a_trade_with_ourselves_are_reported(venue: Venue) -> None:
    """Each is a fill of an order of the account; a stranger's side is none."""
    venue.fills = [
        trade_row(venue.tracked, 1, "0.0100"),
        trade_row(venue.tracked, 2, "0.0100", ask_account_id=700),
        trade_row(venue.tracked, 3, "0.0100", market_id=9),
    ]
    reports = await venue.reports.fill_reports(None, None, None)
    assert [r.client_order_id for r in reports].count(venue.tracked.client_order_id) == 2
    assert len(reports) == 3


async def test_flat_positions_are_reported_too(venue: Venue) -> None:
    """The engine must learn that there is nothing; a market without instrument is left out."""
    venue.positions = [
        Position(market_id=0, position="0"),
        Position(market_id=0, position="0.5000", sign=-1, avg_entry_price="2000"),
        Position(market_id=9, position="1"),
    ]
    reports = await venue.reports.position_reports(ETH.id)
    assert [r.signed_decimal_qty for r in reports] == [Decimal(0), Decimal("-0.5")]
