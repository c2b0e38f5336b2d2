"""Patience with answers, and pauses before sending."""

from __future__ import annotations

from nautilus_lighter_nonce.patience import FLOOR_NS
from nautilus_lighter_nonce.patience import ReplyPatience
from nautilus_lighter_nonce.quota import FIRST_PAUSE_NS
from nautilus_lighter_nonce.quota import LONGEST_PAUSE_NS
from nautilus_lighter_nonce.quota import WINDOW_NS
from nautilus_lighter_nonce.quota import SendQuota


MS = 1_000_000


def test_patience_before_any_answer_is_the_floor() -> None:
    """Nothing is known yet."""
    assert ReplyPatience().overtaken_ns() == FLOOR_NS


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


def test_quota_without_limit_never_pauses() -> None:
    """No limit of our own, no pause."""
    quota = SendQuota()
    for now in range(1_000):
        quota.take(now)
    assert quota.pause_ns(1_000) == 0


def test_quota_pauses_until_the_oldest_send_leaves_the_window() -> None:
    """The venue counts in rolling minutes."""
    quota = SendQuota(per_minute=2)
    quota.take(0)
    quota.take(10)
    assert quota.pause_ns(20) == WINDOW_NS - 20
    assert quota.pause_ns(WINDOW_NS) == 0
    quota.take(WINDOW_NS)
    assert quota.pause_ns(WINDOW_NS) == 10


def test_back_off_doubles_up_to_its_limit_and_relaxes_on_acceptance() -> None:
    """Each further "too many requests" pauses longer; an acceptance forgets it."""
    quota = SendQuota()
    pauses = []
    for _ in range(8):
        quota.back_off(0)
        pauses.append(quota.pause_ns(0))
    assert pauses[:3] == [FIRST_PAUSE_NS, 2 * FIRST_PAUSE_NS, 4 * FIRST_PAUSE_NS]
    assert pauses[-1] == LONGEST_PAUSE_NS
    quota.relax()
    quota.back_off(10)
    assert quota.pause_ns(10) == FIRST_PAUSE_NS
