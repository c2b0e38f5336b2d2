"""Patience with answers that later ones have overtaken."""

from __future__ import annotations

from nautilus_lighter_nonce.outbox.patience import FLOOR_NS
from nautilus_lighter_nonce.outbox.patience import ReplyPatience


MS = 1_000_000


def test_patience_before_any_answer_is_the_floor() -> None:
    """Nothing is known yet."""
    assert ReplyPatience().overtaken_ns() == FLOOR_NS


def test_patience_after_one_answer_is_three_round_trips() -> None:
    """The first spread is half a round trip, and four of them are added (RFC 6298)."""
    patience = ReplyPatience()
    patience.observe(100 * MS)
    assert patience.overtaken_ns() == 300 * MS


def test_patience_with_steady_answers_approaches_one_round_trip() -> None:
    """A venue that always takes 200 ms is not waited for much longer."""
    patience = ReplyPatience()
    for _ in range(100):
        patience.observe(200 * MS)
    assert 200 * MS <= patience.overtaken_ns() < 210 * MS


def test_patience_with_scattered_answers_grows() -> None:
    """Jitter makes patient."""
    steady, scattered = ReplyPatience(), ReplyPatience()
    for i in range(100):
        steady.observe(100 * MS)
        scattered.observe((50 + 100 * (i % 2)) * MS)
    assert scattered.overtaken_ns() > 2 * steady.overtaken_ns()


def test_patience_follows_a_venue_that_grows_slow() -> None:
    """An eighth of the way each time, and the spread makes up for the rest."""
    patience = ReplyPatience()
    patience.observe(10 * MS)
    patience.observe(90 * MS)
    assert patience.overtaken_ns() == 20 * MS + 4 * (5 * MS + 75 * MS // 4)
