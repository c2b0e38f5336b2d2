"""What the venue shows of orders, to whom it concerns."""

from __future__ import annotations

from typing import Any
from typing import cast

import pytest

from nautilus_lighter_nonce.dispatch.requests import TxRequest
from nautilus_lighter_nonce.orders.intake import Intake
from nautilus_lighter_nonce.orders.tracker import TrackedOrder
from tests.orders.party import Party
from tests.orders.rows import order_row
from tests.orders.rows import trade_row


class World:
    """An order that was submitted by this run, and whom its rows reach."""

    def __init__(self) -> None:
        self.party = Party()
        self.tracked: TrackedOrder = self.party.submitted_order()
        self.request = cast(Any, object())
        self.tracked.submit = self.request
        dispatcher: Any = self.party
        self.intake = Intake(self.party.tracker, dispatcher)


@pytest.fixture
def world() -> World:
    """Return an order and whom its rows reach."""
    return World()


def test_order_row_proves_that_its_transaction_was_executed(world: World) -> None:
    """The dispatcher learns it, and the strategy is told."""
    world.intake.on_order(order_row(world.tracked, "open"))
    assert (world.party.shown, world.party.told) == ([world.request], ["Accepted"])


def test_trade_row_proves_that_its_transaction_was_executed(world: World) -> None:
    """A fill may come before the order's own frame."""
    world.intake.on_trade(trade_row(world.tracked, 1, "0.0100"))
    assert (world.party.shown, world.party.told) == ([world.request], ["Accepted", "Filled"])


def test_row_of_an_order_that_has_ended_proves_it_still(world: World) -> None:
    """What was given up here may live there: the dispatcher has to know."""
    world.party.tracker.reject(world.tracked, "given up")
    world.intake.on_order(order_row(world.tracked, "open"))
    assert world.party.shown == [world.request]


def test_order_of_an_earlier_run_has_no_transaction_to_prove(world: World) -> None:
    """It was sent by another process."""
    world.tracked.submit = None
    world.intake.on_order(order_row(world.tracked, "open"))
    assert (world.party.shown, world.party.told) == ([], ["Accepted"])


def test_order_of_nobody_we_know_proves_nothing(world: World) -> None:
    """It goes to the engine, unless only ours are wanted."""
    row = order_row(world.tracked, "open", order_index=2**48 + 9, client_order_index=12)
    world.intake.on_order(row, ours_only=True)
    assert world.party.engine.reports == []
    world.intake.on_order(row)
    assert (world.party.shown, len(world.party.engine.reports)) == ([], 1)


def test_changes_that_waited_for_the_order_go_out_once(world: World) -> None:
    """The venue knows it now, and by its own index."""
    change: TxRequest = object()  # type: ignore[assignment]
    world.tracked.held.append(change)
    world.intake.on_order(order_row(world.tracked, "open"))
    world.intake.on_order(order_row(world.tracked, "open", transaction_time=2 * 10**15))
    assert world.party.submitted == [change]
