"""Numbers that two rooms must say, because neither may import the other, are the same."""

from __future__ import annotations

import inspect

import pytest

from nautilus_lighter_nonce import LighterNonceConfig
from nautilus_lighter_nonce import NonceLane
from nautilus_lighter_nonce import NonceManager
from nautilus_lighter_nonce import factories
from nautilus_lighter_nonce.core import NonceOverflow
from nautilus_lighter_nonce.core import counter
from nautilus_lighter_nonce.core import manager
from nautilus_lighter_nonce.lighter import codes
from nautilus_lighter_nonce.loopback import address


def test_numbers_of_the_core_are_those_of_the_wire() -> None:
    """The core imports no wire, and counts as the venue does."""
    assert counter.MAX_NONCE == codes.MAX_NONCE
    assert manager.MAX_API_KEY_INDEX == codes.MAX_API_KEY_INDEX
    settle = inspect.signature(NonceLane).parameters["settle_ns"].default
    assert settle == codes.NEXT_NONCE_LAG_MS * 1_000_000 == LighterNonceConfig().settle_ms * 10**6


def test_port_where_clients_look_is_the_port_where_a_venue_listens() -> None:
    """A loopback client without an address finds the venue that `lighter-nonce venue` starts."""
    assert factories.LOOPBACK_PORT == address.PORT


def test_lane_ends_at_the_venues_last_nonce_and_a_manager_at_the_last_of_64_bits() -> None:
    """A lane neither believes nor issues what the venue cannot take; a manager may."""
    numbers = NonceManager()
    lane = NonceLane(numbers, 7, 5)
    lane.seed(codes.MAX_NONCE)
    assert lane.believes(codes.MAX_NONCE)
    assert not lane.believes(codes.MAX_NONCE + 1)
    assert lane.issue() == codes.MAX_NONCE
    with pytest.raises(NonceOverflow):
        lane.issue()
    assert numbers.next_nonce(7, 5) == codes.MAX_NONCE + 1
    numbers.refresh(7, 5, manager.MAX_INT64)
    assert numbers.next_nonce(7, 5) == manager.MAX_INT64
    with pytest.raises(NonceOverflow):
        numbers.next_nonce(7, 5)
