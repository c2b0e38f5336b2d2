"""
`NautilusDial`: makes the stream's connections with Nautilus' WebSocket client.

Rules of this file
------------------
- `reconnect_max_attempts` is 0: Nautilus' client closes for good instead of keeping frames for a
  next connection.
- A connection that brings nothing counts as dead: the venue answers an application ping with text
  (observed), while a control pong would not reset Nautilus' idle timer (observed).
- Nautilus' exceptions end here, as `SocketError` with the cause kept.
"""

from __future__ import annotations

import asyncio
from typing import Final

from nautilus_trader.core.nautilus_pyo3 import WebSocketClient
from nautilus_trader.core.nautilus_pyo3 import WebSocketClientError
from nautilus_trader.core.nautilus_pyo3 import WebSocketConfig

from nautilus_lighter_nonce.lighter.connection import Handler
from nautilus_lighter_nonce.lighter.errors import SocketError
from nautilus_lighter_nonce.lighter.frames import PING


WIND_DOWN_SECS: Final = 0.05
"""
How long a closed client's threads still touch Python. An interpreter that ends in that moment is
aborted (measured on 3.13: 10 exits of 40, none after 5 ms).
"""

IDLE_HEARTBEATS: Final = 3  # unanswered application pings until a connection counts as dead


class NautilusDial:
    """
    Makes connections with Nautilus' WebSocket client.

    Parameters
    ----------
    url : str
        The address.
    loop : asyncio.AbstractEventLoop
        The loop that handlers are called on.
    heartbeat_secs : int, default 30
        Seconds between application pings, 1 to 60: the venue closes after two silent minutes. A
        connection that brings nothing for three heartbeats counts as dead.

    """

    def __init__(self, url: str, loop: asyncio.AbstractEventLoop, heartbeat_secs: int = 30) -> None:
        self._loop = loop
        self._config = WebSocketConfig(
            url=url,
            headers=[],
            heartbeat=heartbeat_secs,
            heartbeat_msg=PING.decode(),
            reconnect_max_attempts=0,
            idle_timeout_ms=heartbeat_secs * IDLE_HEARTBEATS * 1000,
        )

    async def __call__(self, handler: Handler) -> NautilusSocket:
        """
        Return a new connection, whose text frames go to the handler.

        Raises
        ------
        SocketError
            If the connection could not be made.

        """
        try:
            client = await WebSocketClient.connect(
                loop_=self._loop, config=self._config, handler=handler
            )
        except WebSocketClientError as error:
            raise SocketError(str(error)) from error
        return NautilusSocket(client)


class NautilusSocket:
    """
    A `Socket` over one Nautilus client.

    Parameters
    ----------
    client : WebSocketClient
        A connected client.

    """

    __slots__ = ("_client",)

    def __init__(self, client: WebSocketClient) -> None:
        self._client = client

    async def send_text(self, data: bytes) -> None:
        """Write a text frame."""
        try:
            await self._client.send_text(data)
        except (WebSocketClientError, RuntimeError) as error:
            # Both are raised before the frame enters the writer's queue (observed).
            raise SocketError(str(error)) from error

    async def disconnect(self) -> None:
        """Close, and wait until Nautilus' threads have wound down."""
        try:
            await self._client.disconnect()
        except (WebSocketClientError, RuntimeError) as error:
            raise SocketError(str(error)) from error
        finally:
            await asyncio.sleep(WIND_DOWN_SECS)

    def is_closed(self) -> bool:
        """Return whether the connection is over for good."""
        return bool(self._client.is_closed())

    def is_reconnecting(self) -> bool:
        """Return whether the connection was lost and not yet given up."""
        return bool(self._client.is_reconnecting())
