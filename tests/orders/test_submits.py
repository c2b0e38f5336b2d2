"""A new order: what each outcome of its transaction means for it."""

from __future__ import annotations

import pytest
from nautilus_trader.model.enums import TimeInForce
from nautilus_trader.model.identifiers import VenueOrderId

from nautilus_lighter_nonce.lighter.codes import TxType
from nautilus_lighter_nonce.lighter.transactions import CancelOrder
from nautilus_lighter_nonce.lighter.transactions import CreateOrder
from nautilus_lighter_nonce.orders.submits import SubmitRequest
from nautilus_lighter_nonce.orders.submits import UndoRequest
from nautilus_lighter_nonce.orders.tracker import TrackedOrder
from nautilus_lighter_nonce.outbox.work import Proof
from nautilus_lighter_nonce.translate.intents import create_intent
from tests.orders.engine import ETH
from tests.orders.party import Party


@pytest.fixture
def party() -> Party:
    """Return whom requests turn to."""
    return Party()


def intent_of(tracked: TrackedOrder) -> CreateOrder:
    """Return an order in venue units."""
    return create_intent(tracked.order, ETH, None, 1_000, 0)


def unbound(party: Party) -> SubmitRequest:
    """Return the request of an order that waits for its turn."""
    tracked = party.tracker.register(party.engine.limit())
    return SubmitRequest(party.parties, tracked, intent_of(tracked))


def bound(party: Party) -> SubmitRequest:
    """Return the request of an order that has its nonce."""
    tracked = party.submitted_order()
    return SubmitRequest(party.parties, tracked, intent_of(tracked))


def test_binding_submits_the_order(party: Party) -> None:
    """From there on the venue may see it, and not before."""
    request = unbound(party)
    assert party.told == []
    request.on_bound()
    assert party.told == ["Submitted"]


@pytest.mark.parametrize(
    ("is_cancel_wanted", "was_bound", "told"),
    [(False, False, "Denied"), (False, True, "Rejected"), (True, True, "Canceled")],
)
def test_order_given_up_ends_as_its_strategy_expects(
    is_cancel_wanted: bool, was_bound: bool, told: str, party: Party
) -> None:
    """Denied before it was sent, rejected after, canceled if that was asked for."""
    request = bound(party) if was_bound else unbound(party)
    request.tracked.is_cancel_wanted = is_cancel_wanted
    assert request.allows_resend() is not is_cancel_wanted
    request.on_given_up("why", was_bound=was_bound)
    assert party.told == [told]


def test_order_that_was_reverted_is_rejected_with_the_venues_reason(party: Party) -> None:
    """The sequencer executed it and refused what it asked for: that is positive evidence."""
    bound(party).on_reverted(21706, "invalid order base or quote amount")
    assert party.told == ["Rejected"]
    assert party.reason == "21706: invalid order base or quote amount"


def test_order_that_only_a_record_has_shown_is_looked_up_unless_it_is_shown(party: Party) -> None:
    """The frame comes a moment after the record."""
    request = bound(party)
    request.on_alive(Proof.RECORD)
    party.engine.loop.ring()
    assert party.wanted() == [request.tracked.client_order_id]
    request.tracked.is_accepted = True
    request.on_alive(Proof.RECORD)
    assert party.engine.loop.timers == []


def test_market_order_is_priced_when_it_is_bound_and_keeps_that_price(party: Party) -> None:
    """A copy that goes again at its nonce has the same bytes."""
    tracked = party.submitted_order()
    touches = [None, intent_of(tracked)]
    request = SubmitRequest(party.parties, tracked, None, lambda: touches.pop(0))
    assert request.intent() is None
    first = request.intent()
    assert first is not None
    assert request.intent() is first


def test_order_that_rests_is_undone_should_it_live_after_it_was_given_up(party: Party) -> None:
    """Nobody waits for it any more."""
    undo = bound(party).undo()
    assert isinstance(undo, UndoRequest)
    assert (undo.tx_type, undo.repeats_safely()) == (TxType.CANCEL_ORDER, True)


def test_immediate_order_needs_no_undo(party: Party) -> None:
    """It never rests."""
    tracked = party.submitted_order(time_in_force=TimeInForce.IOC)
    assert SubmitRequest(party.parties, tracked, intent_of(tracked)).undo() is None


def test_undo_names_the_venues_index_and_tells_nobody(party: Party) -> None:
    """The strategy has not asked for it: the order itself tells."""
    tracked = party.submitted_order()
    undo = UndoRequest(party.parties, tracked, 0)
    tracked.venue_order_id = VenueOrderId("281474976710657")
    assert undo.intent() == CancelOrder(market_index=0, order_index=281474976710657)
    undo.on_refused(1, "no")
    undo.on_given_up("why", was_bound=True)
    assert party.told == []


def test_undo_that_only_a_record_has_shown_is_looked_up(party: Party) -> None:
    """The order's end is still to be told."""
    tracked = party.submitted_order()
    UndoRequest(party.parties, tracked, 0).on_alive(Proof.RECORD)
    party.engine.loop.ring()
    assert party.wanted() == [tracked.client_order_id]
