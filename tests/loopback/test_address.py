"""Where a venue is found: nowhere but on this machine."""

from __future__ import annotations

from nautilus_lighter_nonce.loopback.address import Addressed


def test_addresses_follow_from_the_port() -> None:
    """REST and stream stand at one port of 127.0.0.1, which nobody else can reach."""
    at = Addressed()
    at.port = 9_701
    assert at.http_url == "http://127.0.0.1:9701"
    assert at.ws_url == "ws://127.0.0.1:9701/stream"
