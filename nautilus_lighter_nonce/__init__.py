"""
Automatic nonces for Lighter in NautilusTrader.

What lives here: the public names, each imported from its home at first use (PEP 562). Importing
this package loads neither Nautilus (about 1.5 s), nor the Lighter SDK (about 2 s), nor aiohttp.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING
from typing import Final


if TYPE_CHECKING:
    from nautilus_lighter_nonce.component import LighterNonceComponent
    from nautilus_lighter_nonce.config import LighterExecClientConfig
    from nautilus_lighter_nonce.config import LighterNonceConfig
    from nautilus_lighter_nonce.core import DEFAULT_SKIP_WINDOW
    from nautilus_lighter_nonce.core import NonceError
    from nautilus_lighter_nonce.core import NonceLane
    from nautilus_lighter_nonce.core import NonceManager
    from nautilus_lighter_nonce.core import NothingToRollBack
    from nautilus_lighter_nonce.core import NotInitialized
    from nautilus_lighter_nonce.core import SkipWindowExhausted
    from nautilus_lighter_nonce.execution import LighterExecutionClient
    from nautilus_lighter_nonce.factories import LighterLiveExecClientFactory
    from nautilus_lighter_nonce.loopback.server import LoopbackVenue


__version__ = "0.1.0"

__all__ = [
    "DEFAULT_SKIP_WINDOW",
    "LighterExecClientConfig",
    "LighterExecutionClient",
    "LighterLiveExecClientFactory",
    "LighterNonceComponent",
    "LighterNonceConfig",
    "LoopbackVenue",
    "NonceError",
    "NonceLane",
    "NonceManager",
    "NotInitialized",
    "NothingToRollBack",
    "SkipWindowExhausted",
    "__version__",
]

_HOMES: Final = {
    "DEFAULT_SKIP_WINDOW": "core",
    "LighterExecClientConfig": "config",
    "LighterExecutionClient": "execution",
    "LighterLiveExecClientFactory": "factories",
    "LighterNonceComponent": "component",
    "LighterNonceConfig": "config",
    "LoopbackVenue": "loopback.server",
    "NonceError": "core",
    "NonceLane": "core",
    "NonceManager": "core",
    "NotInitialized": "core",
    "NothingToRollBack": "core",
    "SkipWindowExhausted": "core",
}


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value  # found without this function from now on
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
