"""Requests of the client: what each outcome means for an order, its cancels and its modifies."""

from __future__ import annotations

from typing import Any

import pytest
from nautilus_trader.common.component import TestClock
from nautilus_trader.common.factories import OrderFactory
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.identifiers import StrategyId
from nautilus_trader.model.identifiers import TraderId
from nautilus_trader.model.identifiers import VenueOrderId
from nautilus_trader.model.objects import Price
from nautilus_trader.model.objects import Quantity

from nautilus_lighter_nonce.lighter.codes import Code
from nautilus_lighter_nonce.lighter.transactions import ModifyOrder
from nautilus_lighter_nonce.orders.commands import CancelRequest
from nautilus_lighter_nonce.orders.commands import ModifyRequest
from nautilus_lighter_nonce.orders.commands import ObsoleteError
from nautilus_lighter_nonce.orders.commands import SubmitRequest
from nautilus_lighter_nonce.orders.tracker import TrackedOrder
from nautilus_lighter_nonce.translate.intents import client_order_index


NOT_FOUND = int(Code.INVALID_ORDER_INDEX)


class Party:
    """Client and tracker in one: writes down what they are asked."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.reason = ""
        self.waiting: list[Any] = []

    def now_ns(self) -> int:
        return 1

    def generate_order_cancel_rejected(self, *ids: Any, reason: str, **fields: Any) -> None:
        self.told.append("cancel rejected")
        self.reason = reason

    def generate_order_modify_rejected(self, *ids: Any, reason: str, **fields: Any) -> None:
        self.told.append("modify rejected")
        self.reason = reason

    def send_once_accepted(self, request: Any) -> None:
        self.waiting.append(request)

    def reject(self, tracked: TrackedOrder, reason: str) -> None:
        self.told.append("rejected")

    def deny(self, tracked: TrackedOrder, reason: str) -> None:
        self.told.append("denied")

    def cancel_unsent(self, tracked: TrackedOrder) -> None:
        self.told.append("canceled")


@pytest.fixture
def party() -> Party:
    """Return client and tracker."""
    return Party()


@pytest.fixture
def tracked() -> TrackedOrder:
    """Return an order that the venue has not shown."""
    factory = OrderFactory(TraderId("T-1"), StrategyId("S-1"), TestClock())
    return TrackedOrder(
        factory.limit(
            InstrumentId.from_str("ETH-PERP.LIGHTER"),
            OrderSide.BUY,
            Quantity.from_str("0.0100"),
            Price.from_str("1500.00"),
        )
    )


def show(tracked: TrackedOrder) -> None:
    """Let the venue show an order."""
    tracked.is_accepted, tracked.venue_order_id = True, VenueOrderId("281474976710657")


def cancel_of(party: Any, tracked: TrackedOrder) -> CancelRequest:
    """Return a cancel, as the desk makes it."""
    tracked.is_cancel_wanted = True
    return CancelRequest(party, party, tracked, 0)


def modify_of(party: Any, tracked: TrackedOrder, price: int) -> ModifyRequest:
    """Return a modify, as the desk makes it."""
    tracked.modifies += 1
    intent = ModifyOrder(
        market_index=0,
        order_index=client_order_index(tracked.client_order_id),
        base_amount=100,
        price=price,
    )
    return ModifyRequest(party, party, tracked, intent)


# -- a change that comes before its order ---------------------------------------------------------


@pytest.mark.parametrize("make", [cancel_of, lambda p, t: modify_of(p, t, 1)])
def test_change_not_found_before_its_order_was_shown_waits_for_it(
    make: Any,
    party: Party,
    tracked: TrackedOrder,
) -> None:
    """A nonce fault may have kept the order away: the change must not be lost to it."""
    change = make(party, tracked)
    change.intent()
    change.on_reverted(NOT_FOUND, "")
    assert (party.waiting, party.told) == ([change], [])


def test_change_not_found_after_its_order_was_shown_is_rejected(
    party: Party,
    tracked: TrackedOrder,
) -> None:
    """The order has ended meanwhile: that is the venue's answer."""
    cancel = cancel_of(party, tracked)
    show(tracked)
    cancel.intent()
    cancel.on_reverted(NOT_FOUND, "no such order")
    assert (party.waiting, party.told) == ([], ["cancel rejected"])
    assert party.reason == f"{NOT_FOUND}: no such order"
    assert not tracked.is_cancel_wanted


def test_change_refused_for_another_reason_is_rejected(
    party: Party,
    tracked: TrackedOrder,
) -> None:
    """Only a missing order is explained by a nonce fault."""
    modify = modify_of(party, tracked, 1)
    modify.intent()
    modify.on_reverted(int(Code.INVALID_MIN_AMOUNTS), "")
    assert party.told == ["modify rejected"]


def test_change_sent_again_names_the_venues_own_index(
    party: Party,
    tracked: TrackedOrder,
) -> None:
    """Once the venue has shown the order, its index is the surer name."""
    cancel = cancel_of(party, tracked)
    first = cancel.intent()
    show(tracked)
    assert first != cancel.intent()
    assert tracked.order_index == 281474976710657


def test_modify_that_came_too_early_yields_to_a_later_one(
    party: Party,
    tracked: TrackedOrder,
) -> None:
    """Sent again it would undo what the later one has done."""
    early, late = modify_of(party, tracked, 1), modify_of(party, tracked, 2)
    early.intent()
    early.on_reverted(NOT_FOUND, "")
    show(tracked)
    with pytest.raises(ObsoleteError, match="later modify"):
        early.intent()
    assert late.intent() is not None


def test_modify_that_is_only_doomed_does_not_yield(party: Party, tracked: TrackedOrder) -> None:
    """Both are sent again in their old places, so the later one still comes later."""
    early, _ = modify_of(party, tracked, 1), modify_of(party, tracked, 2)
    early.intent()
    assert early.intent() is not None


def test_change_of_an_order_that_has_ended_is_given_up_in_silence(
    party: Party,
    tracked: TrackedOrder,
) -> None:
    """There is nothing left to change, and the strategy knows the end."""
    cancel = cancel_of(party, tracked)
    tracked.is_done = True
    with pytest.raises(ObsoleteError):
        cancel.intent()
    cancel.on_given_up("the order has ended", was_bound=False)
    assert party.told == []


# -- an order that is to be canceled --------------------------------------------------------------


@pytest.mark.parametrize(
    ("is_cancel_wanted", "was_bound", "told"),
    [(False, False, "denied"), (False, True, "rejected"), (True, True, "canceled")],
)
def test_order_given_up_ends_as_its_strategy_expects(
    is_cancel_wanted: bool,
    was_bound: bool,
    told: str,
    party: Any,
    tracked: TrackedOrder,
) -> None:
    """Denied before it was sent, rejected after, canceled if that was asked for."""
    submit = SubmitRequest(party, party, tracked, None)
    tracked.is_cancel_wanted = is_cancel_wanted
    assert submit.allows_resend() is not is_cancel_wanted
    submit.on_given_up("why", was_bound=was_bound)
    assert party.told == [told]
