"""The tally: counts what the bus says, and puts the lane's story in words."""

from __future__ import annotations

from typing import Any

import pytest
from nautilus_trader.common.component import MessageBus
from nautilus_trader.common.component import TestClock
from nautilus_trader.model.identifiers import ClientOrderId
from nautilus_trader.model.identifiers import TraderId

from nautilus_lighter_nonce import events
from nautilus_lighter_nonce.demo.tally import KEPT_HAPPENINGS
from nautilus_lighter_nonce.demo.tally import Happening
from nautilus_lighter_nonce.demo.tally import Tally


KEY: dict[str, Any] = {"account_index": 700, "api_key_index": 5, "ts_event": 3}


class Bus:
    """A message bus with a tally that listens, 2.5 seconds after trading began."""

    def __init__(self) -> None:
        self._bus = MessageBus(TraderId("TESTER-001"), TestClock())
        self.tally = Tally(self._bus, lambda: 2.5)

    def order(self, kind: str, order: str = "O-1") -> None:
        """Publish an order event, as an engine does."""
        event = type(kind, (), {"client_order_id": ClientOrderId(order)})()
        self._bus.publish("events.order.S-001", event)

    def nonce(self, event: events.KeyEvent) -> None:
        """Publish an event of the component."""
        self._bus.publish(event.topic, event)


@pytest.mark.parametrize(
    ("kinds", "count"),
    [
        (("OrderSubmitted",), "sent"),
        (("OrderAccepted",), "accepted"),
        (("OrderCanceled", "OrderExpired"), "canceled"),
        (("OrderRejected", "OrderDenied"), "refused"),
    ],
)
def test_order_event_counts_where_it_belongs(kinds: tuple[str, ...], count: str) -> None:
    """Each event is one of one figure, and of no other."""
    bus = Bus()
    for kind in kinds:
        bus.order(kind)
    names = ("sent", "accepted", "filled", "canceled", "refused", "next_nonce_calls")
    assert {name: getattr(bus.tally, name) for name in names} == dict.fromkeys(names, 0) | {
        count: len(kinds)
    }


def test_fills_of_one_order_count_once() -> None:
    """An order filled in parts is one order."""
    bus = Bus()
    for order in ("O-1", "O-1", "O-2"):
        bus.order("OrderFilled", order)
    assert bus.tally.filled == 2


def test_next_nonce_calls_are_the_seed_and_every_refresh() -> None:
    """Answers that were not believed were asked for as well."""
    bus = Bus()
    bus.nonce(events.NonceSeeded(next_nonce=4, **KEY))
    bus.nonce(events.NonceRefreshed(next_nonce=4, believed=True, **KEY))
    bus.nonce(events.NonceRefreshed(next_nonce=1, believed=False, **KEY))
    assert bus.tally.next_nonce_calls == 3


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (events.NonceSeeded(next_nonce=4, **KEY), "opened at nonce 4"),
        (
            events.LaneFrozen(nonce=9, cause="unknown", **KEY),
            "frozen at nonce 9: no answer",
        ),
        (events.LaneFrozen(nonce=9, cause="new", **KEY), "frozen at nonce 9: new"),
        (
            events.LaneHealed(
                next_nonce=9,
                source="inferred",
                cause="hole",
                doomed=[7],
                unspent=[8, 9],
                spent=[6],
                frozen_ms=12.4,
                **KEY,
            ),
            "healed in 12 ms, nonce inferred, 3 sent again",
        ),
        (
            events.LaneHealed(next_nonce=9, source="refreshed", cause="hole", **KEY),
            "healed in 0 ms, nonce refreshed, nothing to send again",
        ),
        (events.ForeignWriterSuspected(nonce=9, **KEY), "nonce 9 was spent by somebody else"),
        (events.LaneHalted(reason="key gone", **KEY), "halted: key gone"),
    ],
)
def test_event_of_the_lane_is_told_in_words(event: events.KeyEvent, words: str) -> None:
    """Who watches reads what happened to the lane, and when."""
    bus = Bus()
    bus.nonce(event)
    assert list(bus.tally.happenings) == [Happening(2.5, "lane", words)]


def test_event_that_is_no_news_for_people_is_no_happening() -> None:
    """A line per refresh would push out what matters."""
    bus = Bus()
    bus.nonce(events.NonceRefreshed(next_nonce=4, believed=True, **KEY))
    assert not bus.tally.happenings


def test_note_fault_counts_it_and_shows_it() -> None:
    """The figure, the latest one and the line come from one call."""
    tally = Bus().tally
    tally.note_fault("drop_reply", "an answer is lost")
    tally.note_fault("lag", "nextNonce lags")
    assert (tally.faults, tally.last_fault) == (2, "lag")
    assert tally.happenings[0] == Happening(2.5, "fault", "drop_reply: an answer is lost")


def test_note_beyond_what_is_kept_drops_the_oldest() -> None:
    """The view has room for the latest only."""
    tally = Bus().tally
    for number in range(KEPT_HAPPENINGS + 1):
        tally.note("demo", str(number))
    assert [each.what for each in tally.happenings] == [
        str(number) for number in range(1, KEPT_HAPPENINGS + 1)
    ]
