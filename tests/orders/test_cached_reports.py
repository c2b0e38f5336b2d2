"""Reports that repeat what the cache has."""

from __future__ import annotations

from typing import Any

import pytest
from nautilus_trader.execution.reports import OrderStatusReport
from nautilus_trader.model.enums import OrderStatus
from nautilus_trader.model.identifiers import VenueOrderId
from nautilus_trader.model.objects import Quantity
from nautilus_trader.model.orders import Order

from nautilus_lighter_nonce.orders.cached_reports import CachedReports
from nautilus_lighter_nonce.orders.cached_reports import cached_report
from tests.orders.engine import ACCOUNT
from tests.orders.engine import Engine
from tests.orders.engine import ids_of


class World:
    """Orders of two runs; this one began at 2,000 ns."""

    def __init__(self) -> None:
        self.engine = Engine()
        self.open: set[str] = set()
        self.numbers = 0
        self.cached = CachedReports(
            self.engine.cache, ACCOUNT, lambda: self.open, 2_000, lambda: 9_000
        )

    def order(self, *, is_accepted: bool = True, made_ns: int = 3_000) -> Order:
        """Return an order that lives in the cache."""
        self.engine.clock.set_time(made_ns)
        order = self.engine.limit()
        self.engine.door.submitted(ids_of(order))
        if is_accepted:
            self.numbers += 1
            number = VenueOrderId(str(2**48 + self.numbers))
            self.engine.door.accepted(ids_of(order), number, made_ns)
        self.engine.run()
        return order

    def end(self, order: Order) -> None:
        """Let an order have ended."""
        self.engine.door.canceled(ids_of(order), order.venue_order_id, 4_000)
        self.engine.run()


@pytest.fixture
def world() -> World:
    """Return orders of two runs."""
    return World()


def read_of(order: Order, **fields: Any) -> OrderStatusReport:
    """Return what the venue would say of an order, the cached state unless said otherwise."""
    report = cached_report(order, ACCOUNT, 9_000)
    for name, value in fields.items():
        setattr(report, name, value)
    return report


def ids(reports: list[OrderStatusReport]) -> list[Any]:
    """Return whose reports they are."""
    return [report.client_order_id for report in reports]


def test_report_says_what_the_cache_has(world: World) -> None:
    """By it the engine begins to count anew, and changes nothing."""
    order = world.order()
    report = world.cached.report(order.client_order_id)
    assert report is not None
    assert (report.order_status, report.venue_order_id, report.quantity, report.price) == (
        OrderStatus.ACCEPTED,
        order.venue_order_id,
        order.quantity,
        order.price,
    )
    assert (report.filled_qty, report.ts_init) == (order.filled_qty, 9_000)


def test_order_that_has_ended_is_not_repeated(world: World) -> None:
    """There is nothing in flight to keep."""
    order = world.order()
    world.end(order)
    assert world.cached.report(order.client_order_id) is None
    assert world.cached.report(None) is None


def test_order_is_open_while_the_outbox_says_so(world: World) -> None:
    """Nothing else can know whether a copy may live."""
    order = world.order()
    assert not world.cached.is_open(order.client_order_id)
    world.open.add(order.client_order_id.value)
    assert world.cached.is_open(order.client_order_id)
    assert not world.cached.is_open(None)


def test_order_of_an_earlier_run_is_told_apart(world: World) -> None:
    """Of that one only the venue knows."""
    earlier, ours = world.order(made_ns=1_500), world.order()
    assert not world.cached.is_of_this_run(earlier.client_order_id)
    assert world.cached.is_of_this_run(ours.client_order_id)


@pytest.mark.parametrize(
    ("fields", "is_behind"),
    [
        ({}, False),
        ({"order_status": OrderStatus.CANCELED}, True),
        ({"filled_qty": Quantity.from_str("0.0100")}, True),
    ],
)
def test_cache_is_behind_what_was_read_of_more(fields: Any, is_behind: bool, world: World) -> None:
    """An end or a fill goes the tracker's way first: the engine would drop the fills."""
    assert world.cached.is_behind(read_of(world.order(), **fields)) is is_behind


def test_cache_is_behind_any_row_of_a_submitted_order(world: World) -> None:
    """The engine would accept it by the report."""
    order = world.order(is_accepted=False)
    assert world.cached.is_behind(read_of(order))


def test_cache_is_never_behind_of_an_earlier_runs_order(world: World) -> None:
    """What the venue says of it is the truth."""
    order = world.order(made_ns=1_500)
    assert not world.cached.is_behind(read_of(order, order_status=OrderStatus.CANCELED))


def test_all_that_lives_is_repeated_when_nothing_was_read(world: World) -> None:
    """Submitted or accepted, of this run or not; what ended is left out."""
    living = [world.order(), world.order(is_accepted=False), world.order(made_ns=1_500)]
    world.end(world.order())
    assert set(ids(world.cached.of_all(None))) == {o.client_order_id for o in living}


def test_what_is_open_or_behind_is_repeated_in_place_of_what_was_read(world: World) -> None:
    """A row may be late; the outbox and the tracker know better."""
    sure, doubtful, ended = world.order(), world.order(), world.order()
    world.open.add(doubtful.client_order_id.value)
    rows = [
        read_of(sure),
        read_of(doubtful, order_status=OrderStatus.CANCELED),
        read_of(ended, order_status=OrderStatus.CANCELED),
    ]
    told = {r.client_order_id: r.order_status for r in world.cached.added_to(rows, None)}
    assert told == dict.fromkeys(
        (o.client_order_id for o in (sure, doubtful, ended)), OrderStatus.ACCEPTED
    )


def test_what_was_not_read_of_this_run_is_added(world: World) -> None:
    """An index may be late; an earlier run's order is the venue's to say."""
    ours, _ = world.order(is_accepted=False), world.order(made_ns=1_500)
    assert ids(world.cached.added_to([], None)) == [ours.client_order_id]


def test_start_leaves_out_what_is_open(world: World) -> None:
    """A row that may be wrong in a moment is no start; a stranger's is kept."""
    sure, doubtful = world.order(), world.order()
    world.open.add(doubtful.client_order_id.value)
    rows = [read_of(sure), read_of(doubtful), read_of(sure, client_order_id=None)]
    assert ids(world.cached.left_out_of(rows)) == [sure.client_order_id, None]
