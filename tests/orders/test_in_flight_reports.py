"""What the engine is answered about orders, while the venue answers and while it does not."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any
from typing import cast

import pandas as pd
import pytest
from nautilus_trader.cache.cache import Cache
from nautilus_trader.common.component import Logger
from nautilus_trader.common.component import TestClock
from nautilus_trader.common.factories import OrderFactory
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.messages import GenerateOrderStatusReport
from nautilus_trader.execution.messages import GenerateOrderStatusReports
from nautilus_trader.execution.messages import GeneratePositionStatusReports
from nautilus_trader.execution.reports import OrderStatusReport
from nautilus_trader.execution.reports import PositionStatusReport
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.enums import OrderStatus
from nautilus_trader.model.enums import PositionSide
from nautilus_trader.model.events import OrderAccepted
from nautilus_trader.model.events import OrderSubmitted
from nautilus_trader.model.identifiers import AccountId
from nautilus_trader.model.identifiers import ClientOrderId
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.identifiers import StrategyId
from nautilus_trader.model.identifiers import TraderId
from nautilus_trader.model.identifiers import VenueOrderId
from nautilus_trader.model.objects import Price
from nautilus_trader.model.objects import Quantity
from nautilus_trader.model.orders import Order

from nautilus_lighter_nonce.lighter.errors import LighterTransportError
from nautilus_lighter_nonce.orders.cached_reports import CachedReports
from nautilus_lighter_nonce.orders.cached_reports import cached_report
from nautilus_lighter_nonce.orders.in_flight_reports import InFlightReports
from nautilus_lighter_nonce.orders.in_flight_reports import UnreadFillError
from nautilus_lighter_nonce.orders.in_flight_reports import send_unchanged
from nautilus_lighter_nonce.orders.tracker import TrackedOrder
from nautilus_lighter_nonce.orders.unread_fills import UnreadFills


ETH = InstrumentId.from_str("ETH-PERP.LIGHTER")
ACCOUNT = AccountId("LIGHTER-700")
BEGUN_NS = 1_000
SILENCE = LighterTransportError("orders", message="silence")


class Doubt:
    """A request in doubt."""

    def __init__(self, order: Order) -> None:
        self._order_id = order.client_order_id.value

    def order_ids(self) -> tuple[str, ...]:
        return (self._order_id,)


class Party:
    """Venue, tracker, reader and dispatcher in one, around a cache."""

    def __init__(self) -> None:
        self.cache = Cache()
        self.open: set[str] = set()
        self.in_doubt: list[Doubt] = []
        self.rows: list[Any] | Exception = []
        self.tracked: list[TrackedOrder] = []
        self.fetched: list[Any] = []
        self.sent: list[OrderStatusReport] = []
        self.behind_since: Any = None
        self.is_cut_off = False
        self.position = Decimal(0)
        cached = CachedReports(self.cache, ACCOUNT, lambda: self.open, BEGUN_NS, lambda: 5_000)
        unread = UnreadFills(self.cache, ACCOUNT, BEGUN_NS)
        everybody = cast(Any, self)
        self.reports = InFlightReports(
            everybody, cached, unread, everybody, everybody, everybody, everybody, Logger("test")
        )

    def order_of(self, *, made_ns: int = 2_000, accepted: bool = False) -> Order:
        """Put an order into the cache."""
        clock = TestClock()
        clock.set_time(made_ns)
        order = OrderFactory(TraderId("T-1"), StrategyId("S-1"), clock).limit(
            ETH,
            OrderSide.BUY,
            Quantity.from_str("0.0100"),
            Price.from_str("1500.00"),
            client_order_id=ClientOrderId(f"O-{len(self.tracked)}"),
        )
        self.cache.add_order(order)
        ids = (order.trader_id, order.strategy_id, ETH, order.client_order_id)
        order.apply(OrderSubmitted(*ids, ACCOUNT, UUID4(), made_ns, made_ns))
        if accepted:
            number = VenueOrderId("281474976710657")
            order.apply(OrderAccepted(*ids, number, ACCOUNT, UUID4(), made_ns, made_ns))
        self.cache.update_order(order)
        self.tracked.append(TrackedOrder(order))
        return order

    def doubt(self, order: Order) -> None:
        """Let an order come into doubt."""
        self.open.add(order.client_order_id.value)
        self.in_doubt.append(Doubt(order))

    # the venue
    async def find_order(self, *ids: Any) -> Any:
        if isinstance(self.rows, Exception):
            raise self.rows
        return next((r for r in self.rows if r.client_order_id == ids[1]), None)

    def order_report(self, row: Any) -> Any:
        return row

    async def order_reports(self, *ids: Any, **options: Any) -> list[Any]:
        if isinstance(self.rows, Exception):
            raise self.rows
        return list(self.rows)

    async def position_reports(self, *ids: Any) -> list[Any]:
        return [
            PositionStatusReport(
                account_id=ACCOUNT,
                instrument_id=ETH,
                position_side=PositionSide.LONG if self.position else PositionSide.FLAT,
                quantity=Quantity(self.position, 4),
                report_id=UUID4(),
                ts_last=5_000,
                ts_init=5_000,
            )
        ]

    # the door
    def report_order(self, report: OrderStatusReport) -> None:
        self.sent.append(report)

    # the tracker and the reader
    def find(self, client_order_id: Any) -> TrackedOrder | None:
        return next((t for t in self.tracked if t.client_order_id == client_order_id), None)

    def live(self) -> list[TrackedOrder]:
        return self.tracked

    async def fetch(self, tracked: TrackedOrder) -> None:
        self.fetched.append(tracked.client_order_id)

    async def read_trades(self, instrument_id: InstrumentId, since_ns: int) -> None:
        self.fetched.append((instrument_id, since_ns))

    async def catch_up(self, lost_at: Any) -> None:
        self.fetched.append(lost_at)
        self.behind_since = None

    # questions
    async def ask(self, order: Order) -> OrderStatusReport | None:
        """Ask for one order."""
        return await self.reports.order(
            GenerateOrderStatusReport(
                ETH, order.client_order_id, order.venue_order_id, UUID4(), 5_000
            )
        )

    async def ask_all(self) -> list[OrderStatusReport]:
        """Ask for all orders."""
        return await self.reports.orders(
            GenerateOrderStatusReports(None, None, None, True, UUID4(), 5_000)
        )

    async def ask_positions(self) -> list[Any]:
        """Ask for all positions."""
        return await self.reports.positions(
            GeneratePositionStatusReports(None, None, None, UUID4(), 5_000)
        )


@pytest.fixture
async def party() -> Party:
    """Return the parties, of whom the venue answers and has nothing."""
    return Party()


def ended(order: Order) -> OrderStatusReport:
    """Return a row of the venue by which an order was canceled."""
    report = cached_report(order, ACCOUNT, 5_000)
    report.order_status = OrderStatus.CANCELED
    return report


# -- ONE ORDER ------------------------------------------------------------------------------------


async def test_order_in_doubt_is_answered_without_the_venue(party: Party) -> None:
    """Whatever a read would say of it, the outbox alone ends it."""
    order = party.order_of(accepted=True)
    party.doubt(order)
    party.rows = [ended(order)]
    report = await party.ask(order)
    assert report is not None
    assert (report.order_status, party.fetched) == (OrderStatus.ACCEPTED, [])


@pytest.mark.parametrize("made_ns", [500, 2_000])
@pytest.mark.parametrize("error", [SILENCE, ValueError("a row that nobody can read")])
async def test_order_that_is_not_read_is_answered_from_the_cache(
    party: Party, made_ns: int, error: Exception
) -> None:
    """No answer is not "no such order", whatever it was that went wrong."""
    order = party.order_of(made_ns=made_ns, accepted=True)
    party.rows = error
    report = await party.ask(order)
    assert report is not None
    assert report.order_status == OrderStatus.ACCEPTED


async def test_order_that_is_not_read_and_not_known_raises(party: Party) -> None:
    """Nobody knows of it: that is no "none"."""
    known = GenerateOrderStatusReport(ETH, ClientOrderId("O-9"), None, UUID4(), 5_000)
    assert await party.reports.order(known) is None
    party.rows = SILENCE
    with pytest.raises(LighterTransportError):
        await party.reports.order(known)


async def test_absence_ends_no_order_of_this_run(party: Party) -> None:
    """An index may be late: the outbox knows what became of what it sent."""
    order = party.order_of(accepted=True)
    report = await party.ask(order)
    assert report is not None
    assert report.order_status == OrderStatus.ACCEPTED


async def test_absence_of_an_earlier_runs_order_is_told(party: Party) -> None:
    """Only the venue knows of it, and it answered."""
    assert await party.ask(party.order_of(made_ns=500, accepted=True)) is None


async def test_end_of_an_order_of_this_run_goes_the_trackers_way(party: Party) -> None:
    """The engine would drop the fills that came before it."""
    order = party.order_of(accepted=True)
    party.rows = [ended(order)]
    report = await party.ask(order)
    assert report is not None
    assert report.order_status == OrderStatus.ACCEPTED
    assert party.fetched == [order.client_order_id]


# -- ALL ORDERS -----------------------------------------------------------------------------------


async def test_list_that_is_not_read_repeats_all_orders(party: Party) -> None:
    """Submitted or accepted, of this run or not: none of them has gone."""
    orders = [party.order_of(), party.order_of(made_ns=500, accepted=True)]
    party.rows = SILENCE
    rows = await party.ask_all()
    assert {r.client_order_id for r in rows} == {o.client_order_id for o in orders}
    assert {r.order_status for r in rows} == {OrderStatus.SUBMITTED, OrderStatus.ACCEPTED}


async def test_list_at_the_start_raises_when_it_is_not_read(party: Party) -> None:
    """A node must not begin with what it remembers; tasks made at the start are strict as well."""
    party.order_of(accepted=True)
    party.rows = SILENCE
    with party.reports.at_start():
        question = asyncio.create_task(party.ask_all())
    with pytest.raises(LighterTransportError):
        await question
    assert len(await party.ask_all()) == 1


async def test_list_at_the_start_leaves_out_what_is_in_doubt(party: Party) -> None:
    """A row without a venue id, or that may be wrong in a moment, is no start."""
    sure, doubtful = party.order_of(accepted=True), party.order_of()
    party.doubt(doubtful)
    party.rows = [cached_report(o, ACCOUNT, 5_000) for o in (sure, doubtful)]
    with party.reports.at_start():
        rows = await party.ask_all()
    assert [r.client_order_id for r in rows] == [sure.client_order_id]


# -- POSITIONS ------------------------------------------------------------------------------------


async def test_positions_are_told_when_every_fill_is_read(party: Party) -> None:
    """Accepted orders do not stand in the way."""
    party.order_of(accepted=True)
    assert len(await party.ask_positions()) == 1


async def test_positions_ahead_are_not_told_while_an_order_may_explain_them(party: Party) -> None:
    """The trades are read instead; at the start they come with the same status."""
    order = party.order_of(accepted=True)
    party.position = Decimal("0.0040")
    with pytest.raises(UnreadFillError) as raised:
        await party.ask_positions()
    assert raised.value.client_order_ids == (order.client_order_id.value,)
    assert party.fetched == [(ETH, BEGUN_NS)]
    with party.reports.at_start():
        assert len(await party.ask_positions()) == 1


async def test_positions_that_no_order_explains_are_told(party: Party) -> None:
    """The engine puts right what is not ours to wait for."""
    party.order_of(accepted=True)
    party.position = Decimal("0.0101")
    assert len(await party.ask_positions()) == 1


@pytest.mark.parametrize("accepted", [True, False])
async def test_positions_are_not_told_while_an_order_is_in_doubt(
    party: Party, accepted: bool
) -> None:
    """A fill of it would be made up by the engine, and come again."""
    order = party.order_of(accepted=accepted)
    party.doubt(order)
    with pytest.raises(UnreadFillError) as raised:
        await party.ask_positions()
    assert raised.value.client_order_ids == (order.client_order_id.value,)


async def test_positions_are_not_told_while_an_order_is_not_shown(party: Party) -> None:
    """Its record may have said that it lives, but not what was filled."""
    party.order_of()
    with pytest.raises(UnreadFillError):
        await party.ask_positions()


async def test_positions_are_not_told_while_trades_are_to_come(party: Party) -> None:
    """The order's end was shown, and more filled than its trades say."""
    party.order_of(accepted=True)
    party.tracked[0].ending = cast(Any, object())
    with pytest.raises(UnreadFillError):
        await party.ask_positions()


async def test_positions_are_not_told_while_the_streams_are_cut(party: Party) -> None:
    """Any order may be filled meanwhile."""
    party.behind_since, party.is_cut_off = pd.Timestamp("2026-07-30", tz="UTC"), True
    with pytest.raises(UnreadFillError) as raised:
        await party.ask_positions()
    assert raised.value.client_order_ids == ()


async def test_positions_are_told_once_what_was_missed_is_read(party: Party) -> None:
    """The question itself tries again what the reconnect could not read."""
    party.behind_since = pd.Timestamp("2026-07-30", tz="UTC")
    assert len(await party.ask_positions()) == 1
    assert len(party.fetched) == 1


# -- SENDING --------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_submitted", [True, False])
async def test_send_unchanged_catches_the_error_of_a_submitted_order_alone(
    party: Party, is_submitted: bool
) -> None:
    """The engine's way with it is known; any other error is an error."""
    report = cached_report(party.order_of(accepted=not is_submitted), ACCOUNT, 5_000)

    def send(report: OrderStatusReport) -> None:
        raise TypeError

    if is_submitted:
        send_unchanged(send, report)
    else:
        with pytest.raises(TypeError):
            send_unchanged(send, report)
