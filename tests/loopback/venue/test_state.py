"""The venue's memory: orders by either number, reserves that follow, histories that end."""

from __future__ import annotations

import pytest

from nautilus_lighter_nonce.lighter.codes import OrderKind
from nautilus_lighter_nonce.lighter.codes import OrderTif
from nautilus_lighter_nonce.loopback.config import VenueConfig
from nautilus_lighter_nonce.loopback.keys import OTHER_PUBLIC_KEY
from nautilus_lighter_nonce.loopback.venue import state as states
from nautilus_lighter_nonce.loopback.venue.commands import AccountStatus
from nautilus_lighter_nonce.loopback.venue.ledger import Ledger
from nautilus_lighter_nonce.loopback.venue.ledger import Transport
from nautilus_lighter_nonce.loopback.venue.orders import BookOrder
from nautilus_lighter_nonce.loopback.venue.orders import Changes
from nautilus_lighter_nonce.loopback.venue.orders import OrderStatus
from nautilus_lighter_nonce.loopback.venue.state import OrderStore
from nautilus_lighter_nonce.loopback.venue.state import State


FIRST = 2**48


def order(number: int, *, account_index: int = 700, reduce_only: bool = False) -> BookOrder:
    """Return a resting bid with these numbers."""
    return BookOrder(
        order_index=FIRST + number,
        client_order_index=number,
        account_index=account_index,
        market_id=0,
        is_ask=False,
        price=190_000,
        base_amount=1_000,
        kind=OrderKind.LIMIT,
        tif=OrderTif.GOOD_TILL_TIME,
        reduce_only=reduce_only,
    )


def end(made: BookOrder) -> BookOrder:
    """Let an order end."""
    made.status = OrderStatus.CANCELED
    return made


# -- ORDERS ---------------------------------------------------------------------------------------


def test_put_of_an_order_again_counts_it_once() -> None:
    """A change is no second order."""
    store, made = OrderStore(), order(1)
    store.put(made)
    store.put(made)
    assert (store.live(700), store.open_count(700, 0)) == ([made], 1)


def test_order_that_ended_is_found_no_more_and_is_the_newest_of_the_ended() -> None:
    """Its client order index is free again."""
    store, first, second = OrderStore(), order(1), order(2)
    for made in (first, second):
        store.put(made)
    store.put(end(first))
    store.put(end(second))
    assert store.find_live(700, 1) is None
    assert store.find_live(700, FIRST + 1) is None
    assert store.ended(700) == [second, first]
    assert store.open_count(700, 0) == 0


def test_end_of_an_order_leaves_the_next_one_with_its_client_index() -> None:
    """A number that was used again belongs to the living."""
    store, old, new = OrderStore(), order(1), order(1)
    new.order_index = FIRST + 99
    store.put(old)
    store.put(new)
    store.put(end(old))
    assert store.find_live(700, 1) is new


def test_ended_orders_are_kept_up_to_a_number() -> None:
    """A box must not grow; the oldest go."""
    store = OrderStore()
    for number in range(states.ENDED_ORDERS_KEPT + 5):
        store.put(end(order(number)))
    kept = store.ended(700)
    assert len(kept) == states.ENDED_ORDERS_KEPT
    assert kept[-1].client_order_index == 5


# -- STATE ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("reduce_only", "is_reserved"), [(False, True), (True, False)])
def test_absorb_reserves_margin_while_an_order_lives(reduce_only: bool, is_reserved: bool) -> None:
    """A reduce-only order needs none; an end gives it back."""
    state, made = State(VenueConfig()), order(1, reduce_only=reduce_only)
    free = state.available(700)
    state.absorb(Changes([made]))
    assert (state.available(700) < free) is is_reserved
    state.absorb(Changes([end(made)]))
    assert state.available(700) == free


def test_absorb_of_an_account_that_is_not_here_keeps_its_order() -> None:
    """Strangers' orders rest in the book as well."""
    state = State(VenueConfig())
    state.absorb(Changes([order(1, account_index=9)]))
    assert len(state.orders.live(9)) == 1
    assert state.available(9) == 0


@pytest.mark.parametrize(("nonce", "expected"), [(7, 7), (None, 1)])
def test_register_key_begins_its_counter_or_goes_on(nonce: int | None, expected: int) -> None:
    """A key that is replaced may keep its counter."""
    state = State(VenueConfig())
    state.register_key((700, 5), OTHER_PUBLIC_KEY, nonce)
    assert state.sequencer.expected((700, 5)) == expected
    assert dict(state.keys.of_account(700))[5] == OTHER_PUBLIC_KEY


def test_status_of_an_account_is_kept_until_it_is_well() -> None:
    """One that is not found is hidden, and comes back."""
    state = State(VenueConfig())
    state.set_status(700, AccountStatus.NOT_FOUND)
    assert state.accounts.get(700) is None
    state.set_status(700, AccountStatus.LIQUIDATION)
    assert state.accounts.get(700) is not None
    assert state.statuses == {700: AccountStatus.LIQUIDATION}
    state.set_status(700, AccountStatus.OK)
    assert state.statuses == {}


def test_hashes_are_remembered_up_to_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest is forgotten first."""
    monkeypatch.setattr(states, "TRANSACTIONS_KEPT", 2)
    state, ledger = State(VenueConfig()), Ledger()
    for name in ("a", "b", "c"):
        entry = ledger.open(ts_ns=0, transport=Transport.WS, connection=1, tx_type=14, tx=None)
        state.remember_hash(name, entry)
    assert list(state.by_hash) == ["b", "c"]
