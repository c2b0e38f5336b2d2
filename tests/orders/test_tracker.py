"""The tracker: private frames to order events, each once and in an order Nautilus accepts."""

from __future__ import annotations

from typing import Any

import msgspec
from nautilus_trader.cache.cache import Cache
from nautilus_trader.common.component import LiveClock
from nautilus_trader.common.component import Logger
from nautilus_trader.common.factories import OrderFactory
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.identifiers import AccountId
from nautilus_trader.model.identifiers import StrategyId
from nautilus_trader.model.identifiers import TraderId
from nautilus_trader.model.objects import Price
from nautilus_trader.model.objects import Quantity

from nautilus_lighter_nonce.lighter.schemas import Order
from nautilus_lighter_nonce.lighter.schemas import OrderBookDetail
from nautilus_lighter_nonce.lighter.schemas import Trade
from nautilus_lighter_nonce.orders.tracker import OrderTracker
from nautilus_lighter_nonce.translate.instruments import instrument_from
from nautilus_lighter_nonce.translate.intents import client_order_index


ETH = instrument_from(
    OrderBookDetail(
        symbol="ETH", market_id=0, supported_size_decimals=4, supported_price_decimals=2
    ),
    0,
)
VENUE_INDEX = 2**48 + 7


class Client:
    """Writes down the events that the tracker generates."""

    account_id = AccountId("LIGHTER-700")

    def __init__(self) -> None:
        self.told: list[str] = []
        self.last: dict[str, Any] = {}
        self.reports: list[Any] = []
        self.done: list[Any] = []
        self.fetched: list[Any] = []

    def on_order_shown(self, tracked: Any) -> None:
        """No transaction waits for proof here."""

    def on_order_accepted(self, tracked: Any) -> None:
        """Nothing waits for it here."""

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("generate_order_"):
            raise AttributeError(name)

        def generate(*ids: Any, **fields: Any) -> None:
            self.told.append(name.removeprefix("generate_order_"))
            self.last = fields

        return generate

    def now_ns(self) -> int:
        return 1

    def fetch_order(self, tracked: Any) -> None:
        self.fetched.append(tracked)

    def on_order_done(self, tracked: Any) -> None:
        self.done.append(tracked)

    def send_order_status_report(self, report: Any) -> None:
        self.reports.append(report)

    def send_fill_report(self, report: Any) -> None:
        self.reports.append(report)


class Desk:
    """A tracker with one registered buy order of 0.1 ETH at 2000."""

    def __init__(self, **options: Any) -> None:
        clock = LiveClock()
        self.client = Client()
        self.tracker = OrderTracker(
            self.client,
            Cache(),
            700,
            lambda market: ETH if market == 0 else None,
            Logger("test"),
        )
        factory = OrderFactory(TraderId("TESTER-001"), StrategyId("S-001"), clock)
        self.order = factory.limit(
            ETH.id, OrderSide.BUY, Quantity.from_str("0.1000"), Price.from_str("2000.00"), **options
        )
        self.index = client_order_index(self.order.client_order_id)
        self.tracked = self.tracker.register(self.order)

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
    assert desk.client.told == ["accepted"]


def test_trade_before_the_order_frame_accepts_first() -> None:
    """A fill of an order that was not shown yet brings its acceptance along."""
    desk = Desk()
    desk.trade(1, "0.1000")
    desk.frame("filled", 2, filled_base_amount="0.1000")
    assert desk.client.told == ["accepted", "filled"]
    assert desk.client.done == [desk.tracked]


def test_cancel_with_more_filled_than_seen_waits_for_the_trades() -> None:
    """All fills come before the end."""
    desk = Desk()
    desk.frame("open", 1)
    desk.frame("canceled", 2, filled_base_amount="0.0400")
    assert desk.client.told == ["accepted"]
    desk.trade(1, "0.0100")
    desk.trade(2, "0.0300")
    assert desk.client.told == ["accepted", "filled", "filled", "canceled"]


def test_trade_seen_twice_fills_once() -> None:
    """Stream and catch-up may both bring it."""
    desk = Desk()
    desk.trade(1, "0.0100")
    desk.trade(1, "0.0100")
    assert desk.client.told == ["accepted", "filled"]


def test_trade_with_ourselves_fills_both_sides() -> None:
    """Both orders of a self-trade are ours; the unknown one is reported as external."""
    desk = Desk()
    desk.trade(1, "0.0100", ask_account_id=700)
    assert desk.client.told == ["accepted", "filled"]
    assert len(desk.client.reports) == 1


def test_fill_that_the_engine_inferred_already_is_not_told_again() -> None:
    """A report of an in-flight check may have been faster than the trade."""
    desk = Desk()

    class Known:
        filled_qty = Quantity.from_str("0.1000")

    desk.tracked.order = Known()
    desk.trade(1, "0.1000")
    assert desk.client.told == ["accepted"]
    assert desk.client.done == [desk.tracked]


def test_fill_beyond_the_known_quantity_waits_for_the_modify_that_explains_it() -> None:
    """A modify that was not shown yet comes first, or Nautilus would call it an overfill."""
    desk = Desk()
    desk.frame("open", 1)
    desk.trade(1, "0.2000")
    assert desk.client.told == ["accepted"]
    assert desk.client.fetched == [desk.tracked]
    desk.frame("filled", 2, initial_base_amount="0.2000", filled_base_amount="0.2000")
    assert desk.client.told == ["accepted", "updated", "filled"]
    assert desk.client.done == [desk.tracked]


def test_older_frame_changes_nothing() -> None:
    """Frames are ordered by transaction time."""
    desk = Desk()
    desk.frame("open", 5, price="1999.00")
    desk.frame("open", 4)
    assert desk.client.told == ["accepted", "updated"]
    assert str(desk.client.last["price"]) == "1999.00"


def test_post_only_that_would_cross_is_rejected_as_such() -> None:
    """It never rested, and the strategy learns why."""
    desk = Desk(post_only=True)
    desk.frame("canceled-post-only", 1, time_in_force="post-only")
    assert desk.client.told == ["rejected"]
    assert desk.client.last["due_post_only"]


def test_immediate_order_without_fill_is_accepted_and_canceled() -> None:
    """That is what immediate-or-cancel means."""
    desk = Desk()
    desk.frame("canceled-not-enough-liquidity", 1, time_in_force="immediate-or-cancel")
    assert desk.client.told == ["accepted", "canceled"]


def test_expired_order_expires() -> None:
    """Expiry is not a cancel."""
    desk = Desk()
    desk.frame("open", 1)
    desk.frame("canceled-expired", 2)
    assert desk.client.told == ["accepted", "expired"]


def test_frame_after_the_end_changes_nothing() -> None:
    """An ended order stays ended."""
    desk = Desk()
    desk.tracker.reject(desk.tracked, "refused")
    desk.frame("open", 1)
    desk.tracker.reject(desk.tracked, "again")
    assert desk.client.told == ["rejected"]


def test_order_of_nobody_we_know_is_reported_to_the_engine() -> None:
    """External orders are the engine's to judge."""
    desk = Desk()
    desk.frame("open", 1, order_index=VENUE_INDEX + 1, client_order_index=12)
    assert desk.client.told == []
    assert len(desk.client.reports) == 1


def test_same_client_index_of_an_earlier_life_is_not_our_order() -> None:
    """The venue allows an index again once its order has ended."""
    desk = Desk()
    desk.frame("open", 1)
    desk.frame("canceled", 2, order_index=VENUE_INDEX + 5)
    assert desk.client.told == ["accepted"]
