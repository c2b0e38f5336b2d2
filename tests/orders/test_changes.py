"""Changes of an order: what each outcome means for a cancel, a modify and a cancel-all."""

from __future__ import annotations

from typing import Any

import pytest
from nautilus_trader.model.identifiers import VenueOrderId

from nautilus_lighter_nonce.lighter.codes import Code
from nautilus_lighter_nonce.lighter.transactions import CancelAllOrders
from nautilus_lighter_nonce.lighter.transactions import ModifyOrder
from nautilus_lighter_nonce.orders.changes import CancelAllRequest
from nautilus_lighter_nonce.orders.changes import CancelRequest
from nautilus_lighter_nonce.orders.changes import ModifyRequest
from nautilus_lighter_nonce.orders.changes import ObsoleteError
from nautilus_lighter_nonce.orders.tracker import TrackedOrder
from nautilus_lighter_nonce.outbox.work import Proof
from nautilus_lighter_nonce.translate.intents import client_order_index
from tests.orders.party import Party


NOT_FOUND = int(Code.INVALID_ORDER_INDEX)


@pytest.fixture
def party() -> Party:
    """Return whom requests turn to."""
    return Party()


@pytest.fixture
def tracked(party: Party) -> TrackedOrder:
    """Return an order that the venue has not shown."""
    return party.submitted_order()


def show(tracked: TrackedOrder) -> None:
    """Let the venue show an order."""
    tracked.is_accepted, tracked.venue_order_id = True, VenueOrderId("281474976710657")


def cancel_of(party: Party, tracked: TrackedOrder) -> CancelRequest:
    """Return a cancel, as the desk makes it."""
    tracked.is_cancel_wanted = True
    return CancelRequest(party.parties, tracked, 0)


def modify_of(party: Party, tracked: TrackedOrder, price: int) -> ModifyRequest:
    """Return a modify, as the desk makes it."""
    tracked.modifies += 1
    intent = ModifyOrder(
        market_index=0,
        order_index=client_order_index(tracked.client_order_id),
        base_amount=100,
        price=price,
    )
    return ModifyRequest(party.parties, tracked, intent)


# -- A CHANGE THAT COMES BEFORE ITS ORDER ---------------------------------------------------------


@pytest.mark.parametrize("make", [cancel_of, lambda p, t: modify_of(p, t, 1)])
def test_change_not_found_before_its_order_was_shown_waits_for_it(
    make: Any, party: Party, tracked: TrackedOrder
) -> None:
    """A nonce fault may have kept the order away: the change must not be lost to it."""
    change = make(party, tracked)
    change.intent()
    change.on_reverted(NOT_FOUND, "")
    assert (tracked.held, party.told, party.submitted) == ([change], [], [])


def test_change_not_found_that_was_sent_too_early_goes_again_at_once_if_shown_since(
    party: Party, tracked: TrackedOrder
) -> None:
    """The order came between the change and its answer."""
    change = cancel_of(party, tracked)
    change.intent()
    show(tracked)
    change.on_reverted(NOT_FOUND, "")
    assert (tracked.held, party.told, party.submitted) == ([], [], [change])


def test_change_not_found_after_its_order_was_shown_is_rejected(
    party: Party, tracked: TrackedOrder
) -> None:
    """The order has ended meanwhile: that is the venue's answer."""
    cancel = cancel_of(party, tracked)
    show(tracked)
    cancel.intent()
    cancel.on_reverted(NOT_FOUND, "no such order")
    assert (tracked.held, party.told) == ([], ["CancelRejected"])
    assert party.reason == f"{NOT_FOUND}: no such order"
    assert not tracked.is_cancel_wanted


def test_change_refused_for_another_reason_is_rejected(party: Party, tracked: TrackedOrder) -> None:
    """Only a missing order is explained by a nonce fault."""
    modify = modify_of(party, tracked, 1)
    modify.intent()
    modify.on_reverted(int(Code.INVALID_MIN_AMOUNTS), "")
    assert party.told == ["ModifyRejected"]


def test_change_sent_again_names_the_venues_own_index(party: Party, tracked: TrackedOrder) -> None:
    """Once the venue has shown the order, its index is the surer name."""
    cancel = cancel_of(party, tracked)
    first = cancel.intent()
    show(tracked)
    assert first != cancel.intent()
    assert tracked.order_index == 281474976710657


def test_modify_that_came_too_early_yields_to_a_later_one(
    party: Party, tracked: TrackedOrder
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


# -- WHAT OUTCOMES MEAN ---------------------------------------------------------------------------


def test_change_of_an_order_that_has_ended_is_given_up_in_silence(
    party: Party, tracked: TrackedOrder
) -> None:
    """There is nothing left to change, and the strategy knows the end."""
    cancel = cancel_of(party, tracked)
    tracked.is_done = True
    with pytest.raises(ObsoleteError):
        cancel.intent()
    cancel.on_given_up("the order has ended", was_bound=False)
    assert party.told == []


def test_change_that_only_a_record_has_shown_is_looked_up_later(
    party: Party, tracked: TrackedOrder
) -> None:
    """No frame has told its effect; it gets its time to do so."""
    cancel_of(party, tracked).on_alive(Proof.RECORD)
    assert party.wanted() == []
    party.engine.loop.ring()
    assert party.wanted() == [tracked.client_order_id]


def test_change_that_a_frame_has_shown_is_not_looked_up(
    party: Party, tracked: TrackedOrder
) -> None:
    """The frame said it all."""
    cancel_of(party, tracked).on_alive(Proof.FRAME)
    assert party.engine.loop.timers == []


# -- CANCEL-ALL -----------------------------------------------------------------------------------


def test_cancel_all_that_is_refused_tells_the_strategy_of_each_living_order(party: Party) -> None:
    """It stands for single cancels; who has ended meanwhile is canceled in any case."""
    living, ended = party.submitted_order(), party.submitted_order()
    cancels = [cancel_of(party, tracked) for tracked in (living, ended)]
    request = CancelAllRequest(party.parties, 0, cancels)
    ended.is_done = True
    request.on_refused(0, "no")
    assert party.told == ["CancelRejected"]
    assert party.engine.events[-1].client_order_id == living.client_order_id


def test_cancel_all_depends_on_all_orders_it_stands_for(party: Party) -> None:
    """Each of them is in doubt while it is."""
    orders = [party.submitted_order(), party.submitted_order()]
    request = CancelAllRequest(party.parties, 3, [cancel_of(party, t) for t in orders])
    assert request.order_ids() == tuple(t.client_order_id.value for t in orders)
    assert request.intent() == CancelAllOrders(market_index=3)


def test_cancel_all_that_only_a_record_has_shown_looks_up_the_orders_that_live(
    party: Party,
) -> None:
    """Those that a frame has ended need no read."""
    living, ended = party.submitted_order(), party.submitted_order()
    request = CancelAllRequest(party.parties, 0, [cancel_of(party, t) for t in (living, ended)])
    ended.is_done = True
    request.on_alive(Proof.RECORD)
    party.engine.loop.ring()
    assert party.wanted() == [living.client_order_id]
