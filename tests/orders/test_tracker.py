"""The tracker: private frames to order events, each once and in an order Nautilus accepts."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from nautilus_trader.common.component import Logger
from nautilus_trader.model.objects import Quantity

from nautilus_lighter_nonce.lighter.schemas import Order
from nautilus_lighter_nonce.lighter.schemas import Trade
from nautilus_lighter_nonce.orders.tracker import REFUSALS
from nautilus_lighter_nonce.orders.tracker import OrderTracker
from nautilus_lighter_nonce.translate.intents import client_order_index
from tests.orders.engine import ACCOUNT
from tests.orders.engine import ETH
from tests.orders.engine import Engine


VENUE_INDEX = 2**48 + 7


class Desk:
    """A tracker with one registered buy order of 0.1 ETH at 2000, which was submitted."""

    def __init__(self, **options: Any) -> None:
        self.engine = Engine()
        self.tracker = OrderTracker(
            self.engine.door,
            self.engine.look_ups,
            self.engine.cache,
            ACCOUNT,
            700,
            lambda market: ETH if market == 0 else None,
            self.engine.clock,
            Logger("test"),
        )
        self.order = self.engine.limit(**options)
        self.index = client_order_index(self.order.client_order_id)
        self.tracked = self.tracker.register(self.order)
        self.engine.door.submitted(self.tracked.ids)
        self.engine.run()

    @property
    def told(self) -> list[str]:
        """What was told after the submission; the engine has applied it by then."""
        self.engine.run()
        return self.engine.told[1:]

    @property
    def last(self) -> Any:
        """The last event."""
        return self.engine.events[-1]

    def frame(self, status: str, at: int, **fields: Any) -> None:
        """Let the venue show the order."""
        order = Order(
            order_index=VENUE_INDEX,
            client_order_index=self.index,
            market_index=0,
            initial_base_amount="0.1000",
            price="2000.00",
            is_ask=False,
            status=status,
            transaction_time=1_785_431_671_000_000 + at,
        )
        self.tracker.on_order(msgspec.structs.replace(order, **fields))

    def trade(self, trade_id: int, size: str, **fields: Any) -> None:
        """Let the venue show a fill of the order."""
        trade = Trade(
            trade_id=trade_id,
            market_id=0,
            size=size,
            price="2000.00",
            ask_id=1,
            bid_id=VENUE_INDEX,
            bid_client_id=self.index,
            ask_account_id=9,
            bid_account_id=700,
            is_maker_ask=True,
            timestamp=1_785_431_671_000,
        )
        self.tracker.on_trade(msgspec.structs.replace(trade, **fields))


def test_open_frame_accepts_once() -> None:
    """The same frame twice, as after a resubscription, is one acceptance."""
    desk = Desk()
    desk.frame("open", 1)
    desk.frame("open", 1)
    assert desk.told == ["Accepted"]


def test_trade_before_the_order_frame_accepts_first() -> None:
    """A fill of an order that was not shown yet brings its acceptance along."""
    desk = Desk()
    desk.trade(1, "0.1000")
    desk.frame("filled", 2, filled_base_amount="0.1000")
    assert desk.told == ["Accepted", "Filled"]
    assert desk.tracked.is_done


def test_cancel_with_more_filled_than_seen_waits_for_the_trades() -> None:
    """All fills come before the end."""
    desk = Desk()
    desk.frame("open", 1)
    desk.frame("canceled", 2, filled_base_amount="0.0400")
    assert desk.told == ["Accepted"]
    desk.trade(1, "0.0100")
    desk.trade(2, "0.0300")
    assert desk.told == ["Accepted", "Filled", "Filled", "Canceled"]


def test_trade_seen_twice_fills_once() -> None:
    """Stream and catch-up may both bring it."""
    desk = Desk()
    desk.trade(1, "0.0100")
    desk.trade(1, "0.0100")
    assert desk.told == ["Accepted", "Filled"]


def test_trade_with_ourselves_fills_both_sides() -> None:
    """Both orders of a self-trade are ours; the unknown one is reported as external."""
    desk = Desk()
    desk.trade(1, "0.0100", ask_account_id=700)
    assert desk.told == ["Accepted", "Filled"]
    assert len(desk.engine.reports) == 1


def test_fill_that_the_engine_inferred_already_is_not_told_again() -> None:
    """A report of an in-flight check may have been faster than the trade."""
    desk = Desk()

    class Known:
        filled_qty = Quantity.from_str("0.1000")

    desk.tracked.order = Known()
    desk.trade(1, "0.1000")
    assert desk.told == ["Accepted"]
    assert desk.tracked.is_done


def test_fill_beyond_the_known_quantity_waits_for_the_modify_that_explains_it() -> None:
    """A modify that was not shown yet comes first, or Nautilus would call it an overfill."""
    desk = Desk()
    desk.frame("open", 1)
    desk.trade(1, "0.2000")
    assert desk.told == ["Accepted"]
    assert desk.engine.wanted() == [desk.tracked.client_order_id]
    desk.frame("filled", 2, initial_base_amount="0.2000", filled_base_amount="0.2000")
    assert desk.told == ["Accepted", "Updated", "Filled"]
    assert desk.tracked.is_done


def test_older_frame_changes_nothing() -> None:
    """Frames are ordered by transaction time."""
    desk = Desk()
    desk.frame("open", 5, price="1999.00")
    desk.frame("open", 4)
    assert desk.told == ["Accepted", "Updated"]
    assert str(desk.last.price) == "1999.00"


def test_post_only_that_would_cross_is_rejected_as_such() -> None:
    """It never rested, and the strategy learns why."""
    desk = Desk(post_only=True)
    desk.frame("canceled-post-only", 1, time_in_force="post-only")
    assert desk.told == ["Rejected"]
    assert desk.last.due_post_only


def test_immediate_order_without_fill_is_accepted_and_canceled() -> None:
    """That is what immediate-or-cancel means."""
    desk = Desk()
    desk.frame("canceled-not-enough-liquidity", 1, time_in_force="immediate-or-cancel")
    assert desk.told == ["Accepted", "Canceled"]


@pytest.mark.parametrize("time_in_force", ["good-till-time", "immediate-or-cancel"])
@pytest.mark.parametrize("status", sorted(REFUSALS))
def test_order_refused_at_its_entry_is_rejected_with_the_status(
    status: str, time_in_force: str
) -> None:
    """Nothing was told before, and it never lived (B13)."""
    desk = Desk()
    desk.frame(status, 1, time_in_force=time_in_force, created_at=7, updated_at=7)
    assert desk.told == ["Rejected"]
    assert status in desk.last.reason


@pytest.mark.parametrize("status", sorted(REFUSALS))
def test_order_that_lived_before_it_was_shown_is_canceled(status: str) -> None:
    """Only its end was seen: it rested, so it was not rejected."""
    desk = Desk()
    desk.frame(status, 1, created_at=7, updated_at=9)
    assert desk.told == ["Accepted", "Canceled"]


@pytest.mark.parametrize("status", ["self-trade", "oco", "child", "liquidation", "of-a-new-kind"])
def test_order_ended_for_what_befalls_resting_orders_is_canceled(status: str) -> None:
    """These refuse nobody, however early they are seen."""
    desk = Desk()
    desk.frame(f"canceled-{status}", 1, created_at=7, updated_at=7)
    assert desk.told == ["Accepted", "Canceled"]


def test_expired_order_expires() -> None:
    """Expiry is not a cancel."""
    desk = Desk()
    desk.frame("open", 1)
    desk.frame("canceled-expired", 2)
    assert desk.told == ["Accepted", "Expired"]


def test_frame_after_the_end_changes_nothing() -> None:
    """An ended order stays ended."""
    desk = Desk()
    desk.tracker.reject(desk.tracked, "refused")
    desk.frame("open", 1)
    desk.tracker.reject(desk.tracked, "again")
    assert desk.told == ["Rejected"]


def test_order_of_nobody_we_know_is_reported_to_the_engine() -> None:
    """External orders are the engine's to judge."""
    desk = Desk()
    desk.frame("open", 1, order_index=VENUE_INDEX + 1, client_order_index=12)
    assert desk.told == []
    assert len(desk.engine.reports) == 1


def test_same_client_index_of_an_earlier_life_is_not_our_order() -> None:
    """The venue allows an index again once its order has ended."""
    desk = Desk()
    desk.frame("open", 1)
    desk.frame("canceled", 2, order_index=VENUE_INDEX + 5)
    assert desk.told == ["Accepted"]


# -- WHAT NAUTILUS WOULD NOT TAKE -----------------------------------------------------------------


def test_fill_that_does_not_fit_comes_again_by_its_look_up_and_is_told_once() -> None:
    """The engine had invented the order's end; the fill is neither lost nor doubled."""
    desk = Desk()
    desk.engine.client.generate_order_rejected(
        *desk.tracked.ids, reason="UNKNOWN", ts_event=1, due_post_only=False
    )
    desk.engine.run()
    desk.trade(1, "0.0400")
    assert desk.tracked.filled == 0
    assert desk.engine.wanted() == [desk.tracked.client_order_id]
    desk.trade(1, "0.0400")
    desk.trade(1, "0.0400")
    assert desk.engine.told.count("Filled") == 1
    assert (str(desk.tracked.filled), desk.engine.wanted()) == ("0.0400", [])


def test_order_whose_fill_waits_for_its_look_up_does_not_end() -> None:
    """All fills come before the end."""
    desk = Desk()
    desk.frame("open", 1)
    desk.engine.client.generate_order_expired(
        *desk.tracked.ids, venue_order_id=desk.tracked.venue_order_id, ts_event=1
    )
    desk.engine.run()
    desk.trade(1, "0.0400")
    desk.frame("canceled", 2, filled_base_amount="0.0400")
    assert not desk.tracked.is_done
    desk.trade(1, "0.0400")
    assert desk.tracked.is_done


def test_frames_of_one_moment_are_told_before_the_engine_has_applied_any() -> None:
    """Its queue is behind; nothing is looked up for that."""
    desk = Desk()
    desk.frame("open", 1)
    desk.trade(1, "0.0400")
    desk.trade(2, "0.0600")
    desk.frame("filled", 2, filled_base_amount="0.1000")
    assert desk.engine.wanted() == []
    assert desk.told == ["Accepted", "Filled", "Filled"]
