"""The order desk: what each command becomes, and what is answered without the venue."""

from __future__ import annotations

from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from typing import cast

import pytest
from nautilus_trader.common.component import Logger
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.messages import CancelAllOrders
from nautilus_trader.execution.messages import CancelOrder
from nautilus_trader.execution.messages import ModifyOrder
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.enums import OrderType
from nautilus_trader.model.identifiers import ClientOrderId
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.identifiers import StrategyId
from nautilus_trader.model.identifiers import VenueOrderId
from nautilus_trader.model.objects import Price
from nautilus_trader.model.orders import Order

from nautilus_lighter_nonce.core.decisions import LaneState
from nautilus_lighter_nonce.lighter import transactions
from nautilus_lighter_nonce.orders.changes import CancelAllRequest
from nautilus_lighter_nonce.orders.changes import CancelRequest
from nautilus_lighter_nonce.orders.changes import ModifyRequest
from nautilus_lighter_nonce.orders.desk import OrderDesk
from nautilus_lighter_nonce.orders.order_events import Ids
from nautilus_lighter_nonce.orders.submits import SubmitRequest
from tests.orders.engine import ETH
from tests.orders.engine import STRATEGY
from tests.orders.engine import TRADER
from tests.orders.party import Party


class Venue:
    """Instruments, lane and prices in one, as the test sets them."""

    def __init__(self) -> None:
        self.state = LaneState.OPEN
        self.touch: Decimal | None = None
        self.watched: list[int] = []

    def find(self, instrument_id: InstrumentId) -> Any:
        return ETH if instrument_id == ETH.id else None

    def market_index(self, instrument_id: InstrumentId) -> int:
        return 0

    def status(self, *key: int) -> Any:
        return SimpleNamespace(state=self.state, halt_reason="key is gone")

    def watch(self, market_index: int) -> None:
        self.watched.append(market_index)

    def require(self, market_index: int, side: OrderSide) -> Decimal | None:
        return self.touch


class Room:
    """A desk, and whom it turns to."""

    def __init__(self) -> None:
        self.party = Party()
        self.venue = cast(Any, Venue())
        self.desk = OrderDesk(
            self.party.parties,
            self.venue,
            self.venue,
            self.venue,
            (700, 2),
            50,
            self.party.engine.clock,
            Logger("desk"),
        )

    @property
    def sent(self) -> list[Any]:
        """The requests that were placed."""
        return list(self.party.submitted)

    def submit(self, *orders: Order, **params: Any) -> None:
        """Submit orders and let those that are sent be bound."""
        self.desk.submit(orders, params)
        for request in self.sent:
            if isinstance(request, SubmitRequest):
                request.on_bound()
        self.party.engine.run()

    def resting(self, **options: Any) -> Order:
        """Return an order that was submitted."""
        order = self.party.engine.limit(**options)
        self.submit(order)
        self.party.submitted.clear()
        return order

    def cancel(self, *orders: Order) -> None:
        """Cancel orders."""
        self.desk.cancel(cancel_of(order.client_order_id) for order in orders)

    def cancel_all(self, side: OrderSide = OrderSide.NO_ORDER_SIDE, **params: Any) -> None:
        """Cancel the strategy's orders in ETH."""
        command = CancelAllOrders(TRADER, STRATEGY, ETH.id, side, UUID4(), 0, params=params)
        self.desk.cancel_all(command)

    def modify(self, client_order_id: ClientOrderId, price: str) -> None:
        """Change an order's price."""
        command = ModifyOrder(
            TRADER,
            STRATEGY,
            ETH.id,
            client_order_id,
            None,
            None,
            Price.from_str(price),
            None,
            UUID4(),
            0,
        )
        self.desk.modify(command)


@pytest.fixture
def room() -> Room:
    """Return a desk, and whom it turns to."""
    return Room()


def cancel_of(client_order_id: ClientOrderId) -> CancelOrder:
    """Return a cancel."""
    return CancelOrder(TRADER, STRATEGY, ETH.id, client_order_id, None, UUID4(), 0)


# -- SUBMIT ---------------------------------------------------------------------------------------


def test_order_becomes_a_request_that_the_tracker_knows(room: Room) -> None:
    """Its private frame may come before the reply."""
    order = room.party.engine.limit()
    room.submit(order)
    (request,) = room.sent
    tracked = room.party.tracker.find(order.client_order_id)
    assert tracked is not None
    assert tracked.submit is not None
    assert tracked.submit is request
    assert tracked.submit.allows_resend()


def test_order_may_forbid_that_it_is_sent_again(room: Room) -> None:
    """`SubmitOrder.params` says so, by `nonce_resend`."""
    room.submit(room.party.engine.limit(), nonce_resend=False)
    assert not room.sent[0].allows_resend()


def test_orders_of_a_list_are_placed_together(room: Room) -> None:
    """One that cannot be sent is denied, and costs the others nothing."""
    engine = room.party.engine
    off_grid = engine.limit(size="0.00001", is_cached=True)
    good = [engine.limit(), engine.limit()]
    room.submit(good[0], off_grid, good[1])
    assert [r.order_id() for r in room.sent] == [o.client_order_id.value for o in good]
    assert room.party.told.count("Denied") == 1


def test_order_of_a_halted_lane_is_denied_with_the_remedy(room: Room) -> None:
    """It would wait for ever."""
    room.venue.state = LaneState.HALTED
    room.submit(room.party.engine.limit())
    assert (room.sent, room.party.told) == ([], ["Denied"])
    assert "key is gone" in room.party.reason


def test_order_in_an_unknown_market_is_denied(room: Room) -> None:
    """Nobody could say what its numbers mean."""
    order = room.party.engine.limit()
    room.venue.find = lambda instrument_id: None
    room.submit(order)
    assert (room.sent, room.party.told) == ([], ["Denied"])


def test_order_that_ended_before_it_came_is_left_alone(room: Room) -> None:
    """It was canceled or denied on its way through Nautilus."""
    order = room.party.engine.limit()
    room.party.engine.door.denied(room.party.tracker.register(order).ids, "by the risk engine")
    room.party.engine.run()
    room.submit(order)
    assert room.sent == []


def test_market_order_watches_its_market_and_waits_for_a_price(room: Room) -> None:
    """Its worst price is named when it is bound."""
    room.submit(room.party.engine.market())
    (request,) = room.sent
    assert (room.venue.watched, request.intent()) == ([0], None)
    room.venue.touch = Decimal("2000.00")
    assert request.intent().price == 201_000  # 50 basis points above the touch


# -- CANCEL ---------------------------------------------------------------------------------------


def test_order_on_its_way_is_canceled_at_the_venue(room: Room) -> None:
    """A copy of it may be there."""
    order = room.resting()
    room.cancel(order)
    (request,) = room.sent
    assert isinstance(request, CancelRequest)
    assert request.tracked.is_cancel_wanted


def test_order_that_waits_for_its_turn_is_canceled_here(room: Room) -> None:
    """The venue is not asked for what it has never seen."""
    order = room.resting()
    room.party.cancels_here = True
    room.cancel(order)
    assert (len(room.party.canceled), room.sent) == (1, [])


def test_cancel_that_comes_before_its_order_cancels_it_unsent(room: Room) -> None:
    """Nautilus leads a submit through its risk engine, and a cancel past it."""
    order = room.party.engine.limit()
    room.cancel(order)
    assert room.party.told == []
    room.submit(order)
    assert (room.sent, room.party.told) == ([], ["Canceled"])


def test_cancel_kept_for_an_order_that_will_not_come_is_forgotten(room: Room) -> None:
    """The risk engine denied it; the memory is bounded by what is on its way."""
    engine = room.party.engine
    gone, coming = engine.limit(), engine.limit()
    room.cancel(gone)
    engine.client.generate_order_denied(
        STRATEGY, ETH.id, gone.client_order_id, reason="risk", ts_event=1
    )
    engine.run()
    room.cancel(coming)
    assert room.desk._early_cancels == {coming.client_order_id}


def test_cancel_of_an_order_that_has_ended_is_rejected(room: Room) -> None:
    """The strategy learns that there is nothing to cancel."""
    order = room.party.engine.limit()
    room.party.engine.door.denied(room.party.tracker.register(order).ids, "by the risk engine")
    room.party.engine.run()
    room.party.tracker._by_id.clear()
    room.cancel(order)
    assert room.party.told[-1] == "CancelRejected"


# -- LISTS ----------------------------------------------------------------------------------------


def test_bracket_with_a_leg_that_cannot_be_sent_is_denied_whole(room: Room) -> None:
    """Entry and take-profit without the stop would leave a naked position (B3)."""
    orders = room.party.engine.bracket()
    room.submit(*orders)
    assert room.sent == []
    assert room.party.told == ["Denied"] * 3
    (stop,) = [order for order in orders if order.order_type == OrderType.STOP_MARKET]
    for event in room.party.engine.events[-3:]:
        assert str(stop.client_order_id) in event.reason
        assert "STOP_MARKET" in event.reason


def test_list_whose_orders_stand_alone_loses_only_what_cannot_be_sent(room: Room) -> None:
    """Nothing ties them to each other."""
    room.submit(room.party.engine.limit(), room.party.engine.stop_limit())
    assert [type(request) for request in room.sent] == [SubmitRequest]


# -- CANCEL-ALL -----------------------------------------------------------------------------------


def test_cancel_all_cancels_each_order_by_itself(room: Room) -> None:
    """The venue's own would take along what others made on the account (B2)."""
    orders = [room.resting(), room.resting()]
    room.cancel_all()
    assert [type(request) for request in room.sent] == [CancelRequest, CancelRequest]
    assert [r.order_id() for r in room.sent] == [o.client_order_id.value for o in orders]


def test_cancel_all_on_request_is_the_venues_own(room: Room) -> None:
    """Whoever asks for it wants the market empty, whatever he knows to rest there."""
    orders = [room.resting(), room.resting()]
    room.cancel_all(native=True)
    (request,) = room.sent
    assert isinstance(request, CancelAllRequest)
    assert request.order_ids() == tuple(order.client_order_id.value for order in orders)


def test_cancel_all_on_request_is_sent_though_nothing_of_ours_is_known(room: Room) -> None:
    """It may be somebody else's order that is to go."""
    room.cancel_all(native=True)
    (request,) = room.sent
    assert isinstance(request, CancelAllRequest)


def test_cancel_all_reaches_orders_of_an_earlier_run(room: Room) -> None:
    """They are in Nautilus' cache, and no command of this run named them (B1)."""
    order = room.party.engine.limit()
    ids = Ids(order.strategy_id, order.instrument_id, order.client_order_id)
    room.party.engine.door.submitted(ids)
    room.party.engine.door.accepted(ids, VenueOrderId("7"), 0)
    room.party.engine.run()
    assert order.is_open
    room.cancel_all()
    (request,) = room.sent
    assert isinstance(request, CancelRequest)
    assert request.order_id() == order.client_order_id.value


def test_cancel_all_spares_other_strategies(room: Room) -> None:
    """Each order of this one is canceled by itself."""
    ours = [room.resting(), room.resting()]
    other = room.party.tracker.register(room.party.engine.limit())
    other.ids = other.ids._replace(strategy_id=StrategyId("OTHER-1"))
    room.cancel_all()
    assert [type(request) for request in room.sent] == [CancelRequest, CancelRequest]
    assert [r.order_id() for r in room.sent] == [o.client_order_id.value for o in ours]


def test_cancel_all_of_one_side_spares_the_other(room: Room) -> None:
    """The command names it."""
    room.resting()
    room.cancel_all(OrderSide.SELL)
    assert room.sent == []


def test_cancel_all_of_one_order_is_its_cancel(room: Room) -> None:
    """A cancel repeats safely, by its order."""
    room.resting()
    room.cancel_all()
    assert [type(request) for request in room.sent] == [CancelRequest]


# -- MODIFY ---------------------------------------------------------------------------------------


def test_modify_becomes_a_request(room: Room) -> None:
    """It is counted: a later one overtakes an earlier that was not found."""
    order = room.resting()
    room.modify(order.client_order_id, "2001.00")
    (request,) = room.sent
    assert isinstance(request, ModifyRequest)
    change = request.change()
    assert isinstance(change, transactions.ModifyOrder)
    assert (request.tracked.modifies, change.price) == (1, 200_100)


def test_modify_of_an_order_that_is_not_known_is_rejected(room: Room) -> None:
    """It has not come to us yet, or has ended."""
    order = room.party.engine.limit()
    room.modify(order.client_order_id, "2001.00")
    assert (room.sent, room.party.told) == ([], ["ModifyRejected"])


def test_modify_that_the_venue_cannot_do_is_rejected_here(room: Room) -> None:
    """The price lies between two steps of the grid."""
    order = room.resting()
    room.modify(order.client_order_id, "2000.005")
    assert (room.sent, room.party.told[-1]) == ([], "ModifyRejected")
