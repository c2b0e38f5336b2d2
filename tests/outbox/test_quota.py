"""When the next frame of a type may go."""

from __future__ import annotations

from nautilus_lighter_nonce.outbox.quota import FIRST_PAUSE_NS
from nautilus_lighter_nonce.outbox.quota import LONGEST_PAUSE_NS
from nautilus_lighter_nonce.outbox.quota import WINDOW_NS
from nautilus_lighter_nonce.outbox.quota import Quota


CREATE, CANCEL = 14, 15


def test_quota_without_limit_never_pauses() -> None:
    """No limit of our own, no pause."""
    quota = Quota()
    for now in range(1_000):
        quota.take(CREATE, now)
    assert quota.frame_pause_ns(1_000) == 0


def test_quota_pauses_until_the_oldest_send_leaves_the_window() -> None:
    """The venue counts in rolling minutes."""
    quota = Quota(per_minute=2)
    quota.take(CREATE, 0)
    assert quota.frame_pause_ns(5) == 0
    quota.take(CANCEL, 10)
    assert quota.frame_pause_ns(20) == WINDOW_NS - 20
    assert quota.frame_pause_ns(WINDOW_NS) == 0
    quota.take(CREATE, WINDOW_NS)
    assert quota.frame_pause_ns(WINDOW_NS) == 10


def test_hold_keeps_every_frame_back_and_is_never_shortened() -> None:
    """A pause of the whole lane, on top of the window."""
    quota = Quota()
    quota.hold(100)
    quota.hold(50)
    assert quota.frame_pause_ns(30) == 70
    assert quota.frame_pause_ns(100) == 0


def test_back_off_pauses_its_own_type_alone() -> None:
    """A limit on one transaction type holds up that type only (A10)."""
    quota = Quota()
    quota.back_off(CREATE, 0)
    assert quota.is_paused(CREATE, 0)
    assert not quota.is_paused(CANCEL, 0)
    assert not quota.is_paused(CREATE, FIRST_PAUSE_NS)
    assert quota.pause_ends_ns(0) == FIRST_PAUSE_NS
    assert quota.pause_ends_ns(FIRST_PAUSE_NS) is None


def test_back_off_doubles_up_to_its_limit_and_is_forgotten_on_acceptance() -> None:
    """Each further "too many requests" pauses longer; one that is taken ends it."""
    quota, now, pauses = Quota(), 0, []
    for _ in range(8):
        quota.back_off(CREATE, now)
        end = quota.pause_ends_ns(now)
        assert end is not None
        pauses.append(end - now)
        now = end
        quota.take(CREATE, now)
    assert pauses[:3] == [FIRST_PAUSE_NS, 2 * FIRST_PAUSE_NS, 4 * FIRST_PAUSE_NS]
    assert pauses[-1] == LONGEST_PAUSE_NS
    quota.relax(CREATE)
    quota.back_off(CREATE, now)
    assert quota.pause_ends_ns(now) == now + FIRST_PAUSE_NS


def test_back_off_of_those_that_were_under_way_counts_once() -> None:
    """Ten answers to ten frames are one limit."""
    quota = Quota()
    for now in range(10):
        quota.back_off(CREATE, now)
    assert quota.pause_ends_ns(10) == FIRST_PAUSE_NS


def test_one_probes_after_a_pause_and_the_others_wait_for_its_answer() -> None:
    """When the pause is over one transaction of the type probes."""
    quota = Quota()
    quota.back_off(CREATE, 0)
    quota.take(CREATE, FIRST_PAUSE_NS)
    assert quota.is_paused(CREATE, 2 * FIRST_PAUSE_NS)
    quota.probe_ended(CREATE)
    assert not quota.is_paused(CREATE, 2 * FIRST_PAUSE_NS)
    quota.probe_ended(CANCEL)
    assert not quota.is_paused(CANCEL, 0)


def test_back_off_of_a_probe_pauses_from_its_answer_on() -> None:
    """The probe met the limit: longer this time."""
    quota = Quota()
    quota.back_off(CREATE, 0)
    quota.take(CREATE, FIRST_PAUSE_NS)
    quota.back_off(CREATE, FIRST_PAUSE_NS + 1)
    assert quota.pause_ends_ns(FIRST_PAUSE_NS + 1) == 3 * FIRST_PAUSE_NS + 1
