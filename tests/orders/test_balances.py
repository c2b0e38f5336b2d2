"""Balances: the first at once, the newest always, those between left out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nautilus_lighter_nonce.lighter.schemas import UserStats
from nautilus_lighter_nonce.orders.balances import PAUSE_SECS
from nautilus_lighter_nonce.orders.balances import BalanceNews


class Timer:
    """A timer that the test lets ring."""

    def __init__(self, ring: Callable[[], None]) -> None:
        self.ring = ring
        self.is_cancelled = False

    def cancel(self) -> None:
        self.is_cancelled = True


class Desk:
    """Balance news with a loop that the test moves."""

    def __init__(self) -> None:
        self.timers: list[Timer] = []
        self.pauses: list[float] = []
        self.published: list[str] = []
        loop: Any = self
        self.news = BalanceNews(loop, lambda stats: self.published.append(stats.available_balance))

    def call_later(self, delay: float, ring: Callable[[], None]) -> Timer:
        self.pauses.append(delay)
        self.timers.append(Timer(ring))
        return self.timers[-1]

    def offer(self, *available: str) -> None:
        for balance in available:
            self.news.offer(UserStats(collateral="100", available_balance=balance))

    def ring(self) -> None:
        timer = self.timers[-1]
        assert not timer.is_cancelled
        timer.ring()

    @property
    def is_pausing(self) -> bool:
        return not self.timers[-1].is_cancelled


def test_first_balance_is_published_at_once() -> None:
    """Nothing waits for a timer that need not."""
    desk = Desk()

    desk.offer("90")

    assert desk.published == ["90"]
    assert desk.pauses == [PAUSE_SECS]


def test_newest_balance_is_published_after_the_pause_and_those_between_never() -> None:
    """Nautilus keeps every account state for ever."""
    desk = Desk()

    desk.offer("90", "80", "70", "60")
    assert desk.published == ["90"]
    desk.ring()

    assert desk.published == ["90", "60"]
    desk.offer("50")
    assert desk.published == ["90", "60"], "the second pause counts as well"


def test_balance_after_a_quiet_pause_is_published_at_once() -> None:
    """The pause ends by itself."""
    desk = Desk()

    desk.offer("90")
    desk.ring()
    desk.offer("80")

    assert desk.published == ["90", "80"]


def test_balance_that_came_back_within_the_pause_is_not_published_again() -> None:
    """An account state says that something changed."""
    desk = Desk()

    desk.offer("90", "80", "90")
    desk.ring()

    assert desk.published == ["90"]


def test_same_balance_is_published_once() -> None:
    """The venue shows it again and again."""
    desk = Desk()

    desk.offer("90")
    desk.ring()
    desk.offer("90", "90")

    assert desk.published == ["90"]


def test_stop_publishes_what_waits_and_leaves_no_timer() -> None:
    """The last balance is the one that a stopped node shows."""
    desk = Desk()
    desk.offer("90", "80")

    desk.news.stop()

    assert desk.published == ["90", "80"]
    assert not desk.is_pausing
    desk.news.stop()
    assert desk.published == ["90", "80"]
