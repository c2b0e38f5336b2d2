"""
Where a venue is found: on 127.0.0.1, and nowhere else.

What lives here: the usual port, and the two addresses that follow from one, whoever holds it.
"""

from __future__ import annotations

from typing import Final


HOST: Final = "127.0.0.1"

PORT: Final = 9_700
"""Where a venue is looked for when nobody says where it is (our choice)."""


class Addressed:
    """Something that is found at a port."""

    port: int
    """The TCP port; 0 until one was taken."""

    @property
    def http_url(self) -> str:
        """The base URL of the REST API, without a path."""
        return f"http://{HOST}:{self.port}"

    @property
    def ws_url(self) -> str:
        """The URL of the WebSocket."""
        return f"ws://{HOST}:{self.port}/stream"
