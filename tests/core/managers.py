"""What tests of the manager share: two keys, a seeded manager, and what a caller can see of it."""

from __future__ import annotations

from hypothesis import strategies as st

from nautilus_lighter_nonce.core import DEFAULT_SKIP_WINDOW
from nautilus_lighter_nonce.core import NonceManager


KEY = (12345, 5)
OTHER_KEY = (12345, 6)
MAX = 2**63 - 1
BASELINES = st.integers(min_value=0, max_value=1_000_000)

Snapshot = tuple[int | None, int | None, int | None]


def seeded(next_nonce: int, skip_window: int = DEFAULT_SKIP_WINDOW) -> NonceManager:
    """Return a manager whose `KEY` issues `next_nonce` next."""
    manager = NonceManager(skip_window)
    manager.refresh(*KEY, next_nonce)
    return manager


def snapshot(manager: NonceManager, key: tuple[int, int] = KEY) -> Snapshot:
    """Return everything a caller can see of one key."""
    return manager.baseline(*key), manager.last_issued(*key), manager.outstanding(*key)
