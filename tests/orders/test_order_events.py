"""The door: each event is held against its order before Nautilus is told."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from nautilus_trader.common.component import MessageBus
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.engine import ExecutionEngine
from nautilus_trader.execution.reports import FillReport
from nautilus_trader.model.currencies import USDC
from nautilus_trader.model.enums import LiquiditySide
from nautilus_trader.model.enums import OrderStatus
from nautilus_trader.model.enums import OrderType
from nautilus_trader.model.identifiers import TradeId
from nautilus_trader.model.identifiers import VenueOrderId
from nautilus_trader.model.objects import Money
from nautilus_trader.model.objects import Price
from nautilus_trader.model.objects import Quantity
from nautilus_trader.model.orders import Order
from nautilus_trader.test_kit.stubs.execution import TestExecStubs

import nautilus_lighter_nonce
from nautilus_lighter_nonce.orders.order_events import QUEUE_LAG_NS
from nautilus_lighter_nonce.orders.order_events import REMEMBERED_MISFITS
from nautilus_lighter_nonce.orders.order_events import Telling
from tests.orders.engine import ACCOUNT
from tests.orders.engine import ETH
from tests.orders.engine import TRADER
from tests.orders.engine import Engine
from tests.orders.engine import ids_of
from tests.orders.engine import pending_cancel
from tests.orders.engine import released


NUMBER = VenueOrderId("281474976710663")
AT_THE_VENUE = re.compile(r"generate_order_\w+\(|\._send_(order_status|fill)_report\b")


@pytest.fixture
def engine() -> Engine:
    """Return Nautilus' side."""
    return Engine()


def fill_of(order: Order, size: str, trade: str = "1") -> FillReport:
    """Return a fill."""
    return FillReport(
        ACCOUNT,
        order.instrument_id,
        NUMBER,
        TradeId(trade),
        order.side,
        Quantity.from_str(size),
        Price.from_str("2000.00"),
        Money(0, USDC),
        LiquiditySide.MAKER,
        UUID4(),
        9,
        9,
        client_order_id=order.client_order_id,
    )


def fill(engine: Engine, order: Order, size: str, trade: str = "1") -> Telling:
    """Tell a fill."""
    return engine.door.filled(ids_of(order), fill_of(order, size, trade), OrderType.LIMIT, USDC)


def test_nobody_else_generates_order_events() -> None:
    """The client's own report methods for the engine are no events."""
    package = Path(nautilus_lighter_nonce.__file__).parent
    callers = {
        path.name
        for path in package.rglob("*.py")
        for line in path.read_text().splitlines()
        if AT_THE_VENUE.search(line) and "def " not in line
    }
    assert callers == {"order_events.py"}


# -- EACH EVENT -----------------------------------------------------------------------------------


def test_life_of_an_order_is_told_event_by_event(engine: Engine) -> None:
    """Each arrives at the real order, and leads it where it should."""
    order = engine.limit()
    ids, door = ids_of(order), engine.door
    door.submitted(ids)
    door.accepted(ids, NUMBER, 5)
    door.updated(ids, NUMBER, Quantity.from_str("0.2000"), Price.from_str("2001.00"), 6)
    fill(engine, order, "0.0500")
    door.cancel_rejected(ids, NUMBER, "no")
    door.modify_rejected(ids, NUMBER, "no")
    door.canceled(ids, NUMBER, 8)
    engine.run()
    assert engine.told == [
        "Submitted",
        "Accepted",
        "Updated",
        "Filled",
        "CancelRejected",
        "ModifyRejected",
        "Canceled",
    ]
    assert order.status == OrderStatus.CANCELED
    assert (str(order.quantity), str(order.filled_qty), str(order.price)) == (
        "0.2000",
        "0.0500",
        "2001.00",
    )


def test_expired_order_is_told_as_such(engine: Engine) -> None:
    """Expiry is not a cancel."""
    order = engine.limit()
    engine.door.submitted(ids_of(order))
    engine.door.accepted(ids_of(order), NUMBER, 5)
    assert engine.door.expired(ids_of(order), NUMBER, 6) is Telling.TOLD
    engine.run()
    assert order.status == OrderStatus.EXPIRED


def test_reports_of_strangers_go_to_the_engine(engine: Engine) -> None:
    """External orders are the engine's to judge."""
    report: Any = fill_of(engine.limit(), "0.0100")
    engine.door.report_fill(report)
    engine.door.report_order(report)
    assert engine.reports == [report, report]


# -- WHAT IS STILL ON ITS WAY ---------------------------------------------------------------------


def test_events_that_wait_in_the_engines_queue_count(engine: Engine) -> None:
    """The cache has the order as initialized still: nothing is looked up for that."""
    order = engine.limit()
    ids = ids_of(order)
    tellings = [
        engine.door.submitted(ids),
        engine.door.accepted(ids, NUMBER, 5),
        fill(engine, order, "0.1000"),
    ]
    assert order.status == OrderStatus.INITIALIZED
    assert tellings == [Telling.TOLD] * 3
    assert engine.door.accepted(ids, NUMBER, 5) is Telling.KNOWN
    assert engine.door.canceled(ids, NUMBER, 6) is Telling.LOOK_UP  # it is filled by then


def test_queue_that_is_half_applied_counts_by_its_rest(engine: Engine) -> None:
    """The cache has the order as submitted, of which Nautilus takes no expiry."""
    order = engine.limit()
    engine.door.submitted(ids_of(order))
    engine.door.accepted(ids_of(order), NUMBER, 5)
    engine.run(1)
    assert order.status == OrderStatus.SUBMITTED
    assert engine.door.expired(ids_of(order), NUMBER, 6) is Telling.TOLD


def test_trade_that_waits_in_the_queue_is_not_told_twice(engine: Engine) -> None:
    """The engine would not know it as a repetition before it has applied the first."""
    order = engine.limit()
    engine.door.submitted(ids_of(order))
    fill(engine, order, "0.0100", "1")
    assert fill(engine, order, "0.0100", "1") is Telling.KNOWN
    assert fill(engine, order, "0.0100", "2") is Telling.TOLD


def test_fills_that_wait_in_the_queue_count_as_filled(engine: Engine) -> None:
    """Nautilus refuses what is more than the order's quantity."""
    order = engine.limit()
    engine.door.submitted(ids_of(order))
    fill(engine, order, "0.0900", "1")
    assert fill(engine, order, "0.0101", "2") is Telling.LOOK_UP
    assert engine.wanted() == [order.client_order_id]


def test_what_the_strategy_does_meanwhile_counts(engine: Engine) -> None:
    """A cancel on its way is applied past the queue; the acceptance still fits."""
    order = engine.limit()
    engine.door.submitted(ids_of(order))
    engine.run()
    order.apply(pending_cancel(order))
    assert engine.door.accepted(ids_of(order), NUMBER, 5) is Telling.TOLD
    assert engine.door.canceled(ids_of(order), NUMBER, 6) is Telling.TOLD


def test_event_that_the_engine_never_applied_does_not_count_for_ever(engine: Engine) -> None:
    """It was swallowed; the order is judged by the cache again."""
    order = engine.limit()
    engine.door.submitted(ids_of(order))
    engine.queue.clear()
    engine.clock.set_time(1_001 + QUEUE_LAG_NS)
    assert engine.door.denied(ids_of(order), "why") is Telling.TOLD


def test_memory_of_what_is_on_its_way_is_bounded_by_time(engine: Engine) -> None:
    """Of most orders the last event is the last that is told."""
    for _ in range(3):
        engine.door.submitted(ids_of(engine.limit()))
    engine.clock.set_time(1_001 + QUEUE_LAG_NS)
    last = engine.limit()
    engine.door.submitted(ids_of(last))
    assert list(engine.door._ways) == [last.client_order_id]


# -- WHAT DOES NOT FIT ----------------------------------------------------------------------------


def test_event_that_does_not_fit_is_not_told_but_looked_up(engine: Engine) -> None:
    """The engine had invented the order's end; Nautilus would swallow what follows."""
    order = engine.limit()
    engine.door.submitted(ids_of(order))
    engine.door.rejected(ids_of(order), "UNKNOWN")
    engine.run()
    assert engine.door.accepted(ids_of(order), NUMBER, 5) is Telling.LOOK_UP
    assert engine.told == ["Submitted", "Rejected"]
    assert engine.wanted() == [order.client_order_id]


def test_event_that_does_not_fit_after_its_look_up_either_is_the_engines(engine: Engine) -> None:
    """It books a fill's position even where the order refuses it; and there is no end of asking."""
    order = engine.limit()
    engine.door.submitted(ids_of(order))
    engine.door.rejected(ids_of(order), "UNKNOWN")
    engine.run()
    assert fill(engine, order, "0.0100") is Telling.LOOK_UP
    engine.wanted()
    assert fill(engine, order, "0.0100") is Telling.TOLD
    assert fill(engine, order, "0.0100") is Telling.KNOWN
    assert engine.wanted() == []


def test_fill_that_its_order_refuses_moves_the_position_in_the_engine(engine: Engine) -> None:
    """That is why it is told at all; when this fails the engine has changed."""
    order = engine.limit()
    engine.door.submitted(ids_of(order))
    engine.door.rejected(ids_of(order), "UNKNOWN")
    engine.run()
    bus = MessageBus(TRADER, engine.clock)
    for endpoint in ("Portfolio.update_order", "Portfolio.update_position"):
        bus.register(endpoint, lambda message: None)
    engine.cache.add_instrument(ETH)
    engine.cache.add_account(TestExecStubs.margin_account(ACCOUNT))
    real = ExecutionEngine(bus, engine.cache, engine.clock)
    real.register_client(engine.client)
    for _ in range(2):
        fill(engine, order, "0.0100")
    real.process(engine.queue.pop())
    (position,) = engine.cache.positions()
    assert (order.status, position.signed_qty) == (OrderStatus.REJECTED, 0.01)


def test_each_trade_that_does_not_fit_is_looked_up(engine: Engine) -> None:
    """One that was given up says nothing of the next."""
    order = engine.limit()
    assert fill(engine, order, "0.0100", "1") is Telling.LOOK_UP
    assert fill(engine, order, "0.0100", "2") is Telling.LOOK_UP


def test_memory_of_what_does_not_fit_is_bounded(engine: Engine) -> None:
    """The oldest is forgotten, and would be looked up once more."""
    order = engine.limit()
    for number in range(REMEMBERED_MISFITS + 1):
        fill(engine, order, "0.0100", str(number))
    assert len(engine.door._misfits) == REMEMBERED_MISFITS
    assert fill(engine, order, "0.0100", "0") is Telling.LOOK_UP


def test_event_of_an_order_that_the_cache_does_not_have_is_looked_up(engine: Engine) -> None:
    """The engine could apply it to nothing."""
    order = engine.limit(is_cached=False)
    assert engine.door.canceled(ids_of(order), NUMBER, 5) is Telling.LOOK_UP
    assert engine.told == []


def test_end_that_the_engine_inferred_is_not_told_again(engine: Engine) -> None:
    """There is nothing to look up: both say the same."""
    order = engine.limit()
    engine.door.submitted(ids_of(order))
    engine.door.accepted(ids_of(order), NUMBER, 5)
    engine.door.canceled(ids_of(order), NUMBER, 6)
    engine.run()
    assert engine.door.canceled(ids_of(order), NUMBER, 7) is Telling.KNOWN
    assert engine.wanted() == []


def test_rejection_of_a_released_order_is_told_as_a_denial(engine: Engine) -> None:
    """Nautilus rejects a released order only once it was submitted."""
    order = engine.limit()
    order.apply(released(order))
    assert engine.door.rejected(ids_of(order), "no price") is Telling.TOLD
    engine.run()
    assert order.status == OrderStatus.DENIED
