"""Resets: a lane whose venue began anew waits until nothing of before can be taken."""

from __future__ import annotations

import pytest

from nautilus_lighter_nonce.component.resets import CLOCK_MARGIN_NS
from nautilus_lighter_nonce.component.resets import SIGNATURE_LIFE_NS
from nautilus_lighter_nonce.component.resets import Resets
from nautilus_lighter_nonce.core.errors import LaneHaltedError
from nautilus_lighter_nonce.core.lane import NonceLane
from nautilus_lighter_nonce.lighter.codes import TX_LIFETIME_MS
from tests.rooms import MS
from tests.rooms import SEC
from tests.rooms import lane_at
from tests.stubs import ACCOUNT
from tests.stubs import KEY


NAME = (ACCOUNT, KEY)
NOW = 1_000 * SEC
OVER = NOW + SIGNATURE_LIFE_NS


def _halted() -> NonceLane:
    lane = lane_at()
    lane.halt("it was reset")
    return lane


def test_signature_life_is_the_venue_s_with_a_margin_for_clocks() -> None:
    """A signature is taken until `ExpiredAt`, by the venue's clock."""
    assert CLOCK_MARGIN_NS > 0
    assert SIGNATURE_LIFE_NS == TX_LIFETIME_MS * MS + CLOCK_MARGIN_NS


def test_check_of_a_key_that_was_not_reset_confirms_nothing() -> None:
    """Without a reset there is nothing to wait for, and nothing to begin below."""
    resets = Resets()
    resets.check(NAME, _halted(), NOW)
    assert not resets.is_confirmed(NAME)


def test_check_raises_until_the_very_nanosecond_in_which_the_last_signature_is_over() -> None:
    """One nanosecond earlier something may still be taken; a check that raises changes nothing."""
    resets = Resets()
    resets.note(NAME, NOW)
    for early_ns in (NOW, OVER - 1, OVER - 1):
        with pytest.raises(LaneHaltedError):
            resets.check(NAME, _halted(), early_ns)
        assert not resets.is_confirmed(NAME)
    resets.check(NAME, _halted(), OVER)
    assert resets.is_confirmed(NAME)


@pytest.mark.parametrize(
    ("left_ns", "said"), [(SIGNATURE_LIFE_NS, 620), (61 * SEC, 61), (SEC + 1, 2), (1, 1)]
)
def test_check_says_what_happened_how_long_it_lasts_and_what_to_do(left_ns: int, said: int) -> None:
    """Whoever waits as long as it says has waited long enough: seconds are rounded up."""
    resets = Resets()
    resets.note(NAME, NOW)
    with pytest.raises(LaneHaltedError) as caught:
        resets.check(NAME, _halted(), OVER - left_ns)
    error = caught.value
    assert (error.account_index, error.api_key_index) == NAME
    assert "it was reset" in str(error)
    assert f"for {said} s more" in str(error)
    assert "confirm_reset" in str(error)


def test_note_again_waits_from_the_later_one_on() -> None:
    """What was signed between two resets is waited for too."""
    resets = Resets()
    resets.note(NAME, NOW)
    resets.note(NAME, NOW + SEC)
    with pytest.raises(LaneHaltedError):
        resets.check(NAME, _halted(), OVER)
    resets.check(NAME, _halted(), OVER + SEC)


def test_confirm_ends_the_wait_at_once() -> None:
    """A person knows that nothing of before can be taken."""
    resets = Resets()
    resets.note(NAME, NOW)
    resets.confirm(NAME)
    resets.check(NAME, _halted(), NOW)
    assert resets.is_confirmed(NAME)


def test_forget_after_a_seed_asks_for_the_next_confirmation_anew() -> None:
    """One confirmation is good for one reset."""
    resets = Resets()
    resets.note(NAME, NOW)
    resets.confirm(NAME)
    resets.forget(NAME)
    assert not resets.is_confirmed(NAME)
    resets.note(NAME, NOW)
    with pytest.raises(LaneHaltedError):
        resets.check(NAME, _halted(), NOW)


def test_keys_are_confirmed_one_by_one() -> None:
    """Another key of the same account waits for itself."""
    other = (ACCOUNT, KEY + 1)
    resets = Resets()
    resets.note(NAME, NOW)
    resets.note(other, NOW)
    resets.confirm(other)
    resets.forget(other)
    with pytest.raises(LaneHaltedError):
        resets.check(NAME, _halted(), NOW)
