"""A component with one key, for tests of its rooms."""

from __future__ import annotations

from typing import Any

from nautilus_lighter_nonce import events
from nautilus_lighter_nonce.component import LighterNonceComponent
from nautilus_lighter_nonce.config import LighterNonceConfig
from nautilus_lighter_nonce.events import IssuedNonce
from tests.stubs import ACCOUNT
from tests.stubs import KEY
from tests.stubs import Kernel
from tests.stubs import ScriptedSource


ENDPOINT = "LighterNonceComponent.process"


def make(kernel: Kernel, source: ScriptedSource, **settings: Any) -> LighterNonceComponent:
    """Return a component with one key and short pauses."""
    config = LighterNonceConfig(
        keys=((ACCOUNT, KEY),),
        **{"settle_ms": 0, "refresh_retry_ms": 1, **settings},
    )
    return LighterNonceComponent(kernel.loop, kernel.msgbus, kernel.clock, source, config)


def tell(kernel: Kernel, kind: type[events.TxVerdict], issued: IssuedNonce) -> None:
    """Send a verdict to the component's endpoint, as an execution client does."""
    kernel.msgbus.send(ENDPOINT, kind.of(issued, kernel.clock.timestamp_ns()))
