"""Orders as values: what is left of one, and what an action changed."""

from __future__ import annotations

import pytest

from nautilus_lighter_nonce.lighter.codes import OrderKind
from nautilus_lighter_nonce.lighter.codes import OrderTif
from nautilus_lighter_nonce.loopback.venue.orders import BookOrder
from nautilus_lighter_nonce.loopback.venue.orders import Changes
from nautilus_lighter_nonce.loopback.venue.orders import OrderStatus


LIVE = {OrderStatus.OPEN, OrderStatus.PENDING}


def order(**fields: int) -> BookOrder:
    """Return a bid for 100."""
    return BookOrder(
        order_index=fields.get("order_index", 1),
        client_order_index=0,
        account_index=700,
        market_id=0,
        is_ask=False,
        price=10,
        base_amount=100,
        kind=OrderKind.LIMIT,
        tif=OrderTif.GOOD_TILL_TIME,
        filled_base=fields.get("filled_base", 0),
    )


@pytest.mark.parametrize("status", OrderStatus)
def test_order_is_live_in_the_book_or_before_its_trigger(status: OrderStatus) -> None:
    """Every other state is an end, of which nothing remains."""
    made = order(filled_base=30)
    made.status = status
    assert made.is_live is (status in LIVE)
    assert made.remaining == (70 if status in LIVE else 0)


def test_changes_note_each_order_once_in_the_order_of_their_first_change() -> None:
    """An order that is touched twice is shown once, in its latest state."""
    first, second = order(order_index=1), order(order_index=2)
    changes, more = Changes(), Changes()
    changes.note(first)
    more.note(second)
    more.note(first)
    changes.extend(more)
    assert changes.orders == [first, second]


def test_changes_of_two_actions_share_nothing() -> None:
    """What one action did is not another's."""
    Changes().note(order())
    assert Changes().orders == []
    assert Changes().fills == []
