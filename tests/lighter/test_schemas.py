"""The wire's own conventions."""

from __future__ import annotations

import pytest

from nautilus_lighter_nonce.lighter.schemas import to_unix_ns


@pytest.mark.parametrize(
    "timestamp", [1777941384, 1777941384000, 1777941384000000, 1777941384000000000]
)
def test_to_unix_ns_any_unit_is_the_same_moment(timestamp: int) -> None:
    """The magnitude tells the unit."""
    assert to_unix_ns(timestamp) == 1_777_941_384_000_000_000
