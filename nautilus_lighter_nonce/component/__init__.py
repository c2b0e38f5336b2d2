"""The nonce lanes of one execution client, as a Nautilus component."""

from nautilus_lighter_nonce.component.component import LighterNonceComponent
from nautilus_lighter_nonce.component.source import NonceSource


__all__ = ["LighterNonceComponent", "NonceSource"]
