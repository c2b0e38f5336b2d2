"""What the private streams did not show: which reads are made, and what is handed on."""

from __future__ import annotations

from typing import Any

import msgspec
import pandas as pd
import pytest
from nautilus_trader.common.component import Logger
from nautilus_trader.common.component import TestClock
from nautilus_trader.common.factories import OrderFactory
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.identifiers import ClientOrderId
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.identifiers import StrategyId
from nautilus_trader.model.identifiers import TraderId
from nautilus_trader.model.identifiers import VenueOrderId
from nautilus_trader.model.objects import Price
from nautilus_trader.model.objects import Quantity

from nautilus_lighter_nonce.lighter.errors import LighterTransportError
from nautilus_lighter_nonce.lighter.schemas import Order
from nautilus_lighter_nonce.orders.catch_up import OVERLAP
from nautilus_lighter_nonce.orders.catch_up import MissedReader
from nautilus_lighter_nonce.orders.look_ups import LookUp
from nautilus_lighter_nonce.orders.look_ups import Unless
from nautilus_lighter_nonce.orders.tracker import TrackedOrder


MADE = pd.Timestamp("2026-07-30 12:00", tz="UTC")
LOST = pd.Timestamp("2026-07-30 15:00", tz="UTC")
FOUND = Order(
    order_index=2**48,
    client_order_index=1,
    market_index=0,
    initial_base_amount="0.0100",
    filled_base_amount="0.0050",
    price="1500.00",
    is_ask=False,
    status="open",
)


class Party:
    """Reads, tracker and intake in one: writes down what is asked, and what is handed on."""

    def __init__(self, order: Order | None, live: list[TrackedOrder]) -> None:
        self.order = order
        self._live = live
        self.is_silent = False
        self.asked: list[Any] = []
        self.told: list[Any] = []

    async def find_order(self, *ids: Any, start: pd.Timestamp) -> Order | None:
        self.asked.append(start)
        return self.order

    async def trades(self, *ids: Any, **options: Any) -> list[str]:
        self.asked.append(options)
        if self.is_silent:
            raise LighterTransportError("trades", message="silence")
        return ["a trade"]

    async def orders(self, *, start: pd.Timestamp) -> list[str]:
        self.asked.append(start)
        return ["an order"]

    def find(self, client_order_id: ClientOrderId) -> TrackedOrder | None:
        return next((t for t in self._live if t.client_order_id == client_order_id), None)

    def live(self) -> list[TrackedOrder]:
        return self._live

    def on_trade(self, trade: Any) -> None:
        self.told.append(trade)

    def on_order(self, order: Any, *, ours_only: bool = False) -> None:
        self.told.append(order)


@pytest.fixture
def tracked() -> TrackedOrder:
    """Return an order of ours that was made at noon."""
    clock = TestClock()
    clock.set_time(MADE.value)
    factory = OrderFactory(TraderId("T-1"), StrategyId("S-1"), clock)
    return TrackedOrder(
        factory.limit(
            InstrumentId.from_str("ETH-PERP.LIGHTER"),
            OrderSide.BUY,
            Quantity.from_str("0.0100"),
            Price.from_str("1500.00"),
        )
    )


def reader(party: Any) -> MissedReader:
    """Return a reader between the two parties."""
    return MissedReader(party, party, party, Logger("test"))


async def test_fetch_of_an_order_with_fills_not_shown_reads_its_own_trades_first(
    tracked: TrackedOrder,
) -> None:
    """All fills come before the end, and no other order's trades are paid for."""
    party = Party(FOUND, [tracked])
    await reader(party).fetch(tracked)
    assert party.asked == [MADE - OVERLAP, {"venue_order_id": VenueOrderId(str(2**48))}]
    assert party.told == ["a trade", FOUND]


async def test_fetch_of_an_order_whose_fills_are_known_reads_no_trades(
    tracked: TrackedOrder,
) -> None:
    """A read of trades is dear."""
    party = Party(msgspec.structs.replace(FOUND, filled_base_amount="0.0000"), [tracked])
    await reader(party).fetch(tracked)
    assert party.asked == [MADE - OVERLAP]
    assert len(party.told) == 1


async def test_fetch_of_an_order_that_the_venue_does_not_have_tells_nothing(
    tracked: TrackedOrder,
) -> None:
    """Absence on one page is no end of an order."""
    party = Party(None, [tracked])
    await reader(party).fetch(tracked)
    assert party.told == []


async def test_fetch_without_an_answer_tells_nothing(tracked: TrackedOrder) -> None:
    """Half a truth could end an order before its fills."""
    party = Party(FOUND, [tracked])
    party.is_silent = True
    await reader(party).fetch(tracked)
    assert party.told == []


@pytest.mark.parametrize(
    ("unless", "is_accepted", "is_done", "is_read"),
    [
        (Unless.NEVER, True, True, True),
        (Unless.SHOWN, False, False, True),
        (Unless.SHOWN, True, False, False),
        (Unless.SHOWN, False, True, False),
        (Unless.ENDED, True, False, True),
        (Unless.ENDED, True, True, False),
    ],
)
async def test_look_up_reads_unless_it_has_become_needless(
    unless: Unless, is_accepted: bool, is_done: bool, is_read: bool, tracked: TrackedOrder
) -> None:
    """The frame that was missed may have come while the look-up waited."""
    party = Party(None, [tracked])
    tracked.is_accepted, tracked.is_done = is_accepted, is_done
    await reader(party).look_up(LookUp(tracked.client_order_id, unless))
    assert bool(party.asked) is is_read


async def test_look_up_of_an_order_that_nobody_knows_reads_nothing() -> None:
    """It was forgotten long ago, or purged from the cache."""
    party = Party(FOUND, [])
    await reader(party).look_up(LookUp(ClientOrderId("O-1")))
    assert party.asked == []


async def test_read_of_one_markets_trades_begins_before_the_moment_and_hands_them_on(
    tracked: TrackedOrder,
) -> None:
    """Clocks differ; the tracker drops what it knows."""
    party = Party(None, [tracked])
    await reader(party).read_trades(tracked.ids.instrument_id, LOST.value)
    assert party.asked == [{"start": LOST - OVERLAP}]
    assert party.told == ["a trade"]


async def test_read_of_one_markets_trades_without_an_answer_raises(tracked: TrackedOrder) -> None:
    """Whoever asked must not take it for "no trades"."""
    party = Party(None, [tracked])
    party.is_silent = True
    with pytest.raises(LighterTransportError):
        await reader(party).read_trades(tracked.ids.instrument_id, LOST.value)


async def test_catch_up_reads_orders_since_the_oldest_live_one(tracked: TrackedOrder) -> None:
    """The venue does not say which time it compares: when an order was made, or when it ended."""
    party = Party(None, [tracked])
    await reader(party).catch_up(LOST)
    assert party.asked == [{"start": LOST - OVERLAP}, MADE]
    assert party.told == ["a trade", "an order"]


async def test_catch_up_that_is_not_answered_leaves_the_reader_behind(
    tracked: TrackedOrder,
) -> None:
    """What was lost stays lost until it is read: fills may be in it."""
    party = Party(None, [tracked])
    missed = reader(party)
    missed.lost(LOST)
    party.is_silent = True
    await missed.catch_up(LOST)
    assert missed.behind_since == LOST
    party.is_silent = False
    await missed.catch_up(LOST)
    assert missed.behind_since is None


async def test_second_loss_keeps_the_first_moment(tracked: TrackedOrder) -> None:
    """Nothing between the two was read."""
    missed = reader(Party(None, [tracked]))
    missed.lost(LOST)
    missed.lost(LOST + OVERLAP)
    assert (missed.behind_since, missed.is_cut_off) == (LOST, True)
