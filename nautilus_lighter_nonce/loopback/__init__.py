"""
A Lighter venue in a box, on 127.0.0.1.

What lives here: the loopback venue, its own process, its pytest fixture. It knows Lighter's numbers
(`lighter.codes`) and nothing else of this package: its nonce law and its wire are its own, so that
a fault of ours shows. Names are resolved on first use; importing this package imports neither
aiohttp nor nautilus_trader. `docs/rooms.md` is a map of its rooms.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING
from typing import Any


if TYPE_CHECKING:
    from nautilus_lighter_nonce.loopback.config import AccountConfig
    from nautilus_lighter_nonce.loopback.config import MarketConfig
    from nautilus_lighter_nonce.loopback.config import VenueConfig
    from nautilus_lighter_nonce.loopback.keys import DEMO_PRIVATE_KEY
    from nautilus_lighter_nonce.loopback.keys import DEMO_PUBLIC_KEY
    from nautilus_lighter_nonce.loopback.process import VenueProcess
    from nautilus_lighter_nonce.loopback.server import LoopbackVenue

__all__ = [
    "DEMO_PRIVATE_KEY",
    "DEMO_PUBLIC_KEY",
    "AccountConfig",
    "LoopbackVenue",
    "MarketConfig",
    "VenueConfig",
    "VenueProcess",
]

_HOMES = {
    "DEMO_PRIVATE_KEY": "keys",
    "DEMO_PUBLIC_KEY": "keys",
    "AccountConfig": "config",
    "LoopbackVenue": "server",
    "MarketConfig": "config",
    "VenueConfig": "config",
    "VenueProcess": "process",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(name)
    return getattr(importlib.import_module(f"{__name__}.{home}"), name)
