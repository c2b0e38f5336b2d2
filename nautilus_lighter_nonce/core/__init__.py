"""
What is true about nonces.

What lives here: the counters, the lane and their errors. What nothing here may know: clocks, loops,
logs, the bus, Nautilus, the wire. The standard library and msgspec are all it imports.
"""

from nautilus_lighter_nonce.core.errors import LaneFrozenError
from nautilus_lighter_nonce.core.errors import LaneHaltedError
from nautilus_lighter_nonce.core.errors import NonceError
from nautilus_lighter_nonce.core.errors import NonceNotIssued
from nautilus_lighter_nonce.core.errors import NonceOverflow
from nautilus_lighter_nonce.core.errors import NothingToRollBack
from nautilus_lighter_nonce.core.errors import NotInitialized
from nautilus_lighter_nonce.core.errors import SkipWindowExhausted
from nautilus_lighter_nonce.core.lane import NonceLane
from nautilus_lighter_nonce.core.manager import DEFAULT_SKIP_WINDOW
from nautilus_lighter_nonce.core.manager import NonceManager


__all__ = [
    "DEFAULT_SKIP_WINDOW",
    "LaneFrozenError",
    "LaneHaltedError",
    "NonceError",
    "NonceLane",
    "NonceManager",
    "NonceNotIssued",
    "NonceOverflow",
    "NotInitialized",
    "NothingToRollBack",
    "SkipWindowExhausted",
]
