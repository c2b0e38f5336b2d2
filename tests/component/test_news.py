"""NewsQueue: one after another, in the order in which it happened."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nautilus_trader.common.component import MessageBus
from nautilus_trader.common.component import TestClock
from nautilus_trader.model.identifiers import TraderId

from nautilus_lighter_nonce import events
from nautilus_lighter_nonce.component.news import NewsQueue
from tests.rooms import Log
from tests.rooms import lane_at
from tests.stubs import ACCOUNT
from tests.stubs import KEY


ALL = "events.lighter.*"


class Newsroom:
    """A queue on a real bus, and what was heard there."""

    def __init__(self) -> None:
        self.clock = TestClock()
        self.clock.set_time(7)
        self.msgbus = MessageBus(trader_id=TraderId("TESTER-001"), clock=self.clock)
        self.log = Log()
        self.queue = NewsQueue(self.msgbus, self.clock, self.log)
        self.heard: list[int] = []
        self.listen(lambda event: self.heard.append(event.nonce), priority=5)

    def listen(self, handler: Callable[[Any], object], priority: int) -> None:
        self.msgbus.subscribe(ALL, handler, priority)

    def tell(self, *nonces: int) -> None:
        for nonce in nonces:
            self.queue.tell(lane_at(), events.NonceRolledBack, nonce=nonce)


def test_tell_names_the_lane_and_the_time() -> None:
    """A piece of news knows whose it is, when it was, and its topic."""
    room = Newsroom()
    told: list[Any] = []
    room.msgbus.subscribe(f"events.lighter.nonce.rolled_back.{ACCOUNT}.{KEY}", told.append)
    room.tell(10)
    room.queue.drain()
    assert told == [
        events.NonceRolledBack(account_index=ACCOUNT, api_key_index=KEY, ts_event=7, nonce=10)
    ]


def test_tell_publishes_nothing_before_the_drain() -> None:
    """The lane moves first; whoever moved it says when the news may go."""
    room = Newsroom()
    room.tell(10)
    assert room.heard == []


def test_drain_keeps_the_order_of_what_was_queued_and_tells_each_once() -> None:
    """Events that were added and news that were told are one queue."""
    room = Newsroom()
    room.queue.add(
        events.TxRefused(account_index=ACCOUNT, api_key_index=KEY, ts_event=1, nonce=1, epoch=1)
    )
    room.tell(2, 3)
    room.queue.drain()
    room.queue.drain()
    assert room.heard == [1, 2, 3]


def test_drain_by_a_listener_is_never_one_inside_another() -> None:
    """What a listener causes is heard by everybody behind all that was queued before."""
    room = Newsroom()
    ended: list[int] = []

    def cause(event: events.NonceRolledBack) -> None:
        if event.nonce == 1:
            room.tell(3)
            room.queue.drain()
        ended.append(event.nonce)

    room.listen(cause, priority=9)
    room.tell(1, 2)
    room.queue.drain()
    assert ended == [1, 2, 3]
    assert room.heard == [1, 2, 3]


def test_drain_with_a_listener_that_raises_goes_on_with_the_next_news() -> None:
    """It stops only the listeners behind it in the same publish, and is logged each time."""
    room = Newsroom()
    before: list[int] = []

    def broken(event: events.NonceRolledBack) -> None:
        if event.nonce < 3:
            raise RuntimeError("listener")

    room.listen(lambda event: before.append(event.nonce), priority=9)
    room.listen(broken, priority=7)
    room.tell(1, 2, 3)
    room.queue.drain()
    assert before == [1, 2, 3]
    assert room.heard == [3]
    assert room.log.count("exception") == 2


def test_drain_with_a_listener_that_causes_news_and_raises_tells_them_too() -> None:
    """What it caused before it broke has happened."""
    room = Newsroom()

    def broken(event: events.NonceRolledBack) -> None:
        if event.nonce == 1:
            room.tell(2)
            room.queue.drain()
            raise RuntimeError("listener")

    room.listen(broken, priority=1)
    room.tell(1)
    room.queue.drain()
    assert room.heard == [1, 2]


def test_drain_works_again_after_something_that_nobody_catches() -> None:
    """An interrupt goes through; the queue is not shut behind it, and what waited is told."""
    room = Newsroom()

    def interrupted(event: events.NonceRolledBack) -> None:
        if event.nonce == 1:
            raise KeyboardInterrupt

    room.listen(interrupted, priority=1)
    room.tell(1, 2)
    try:
        room.queue.drain()
    except KeyboardInterrupt:
        room.heard.append(0)
    room.queue.drain()
    assert room.heard == [1, 0, 2]
