"""
`NewsQueue`: what a component publishes, in the order in which it happened.

Rules of this file
------------------
- Never one inside another: what a listener causes is queued behind what is told already.
- A listener that raises is logged, and stops only the listeners behind it in the same publish.
"""

from __future__ import annotations

from collections import deque
from typing import Any

from nautilus_trader.common.component import Clock
from nautilus_trader.common.component import Logger
from nautilus_trader.common.component import MessageBus

from nautilus_lighter_nonce import events
from nautilus_lighter_nonce.core.lane import NonceLane


class NewsQueue:
    """
    Publishes events one after another.

    Parameters
    ----------
    msgbus : MessageBus
        Where they are published.
    clock : Clock
        Tells when they happened.
    log : Logger
        Takes what listeners raised.

    """

    def __init__(self, msgbus: MessageBus, clock: Clock, log: Logger) -> None:
        self._msgbus = msgbus
        self._clock = clock
        self._log = log
        self._waiting: deque[events.KeyEvent] = deque()
        self._is_telling = False

    def add(self, event: events.KeyEvent) -> None:
        """Queue an event."""
        self._waiting.append(event)

    def tell(self, lane: NonceLane, event_type: type[events.KeyEvent], **fields: Any) -> None:
        """Queue a piece of news about a lane."""
        event = event_type(
            account_index=lane.account_index,
            api_key_index=lane.api_key_index,
            ts_event=self._clock.timestamp_ns(),
            **fields,
        )
        self.add(event)

    def drain(self) -> None:
        """Publish what is queued."""
        if self._is_telling:
            return
        self._is_telling = True
        try:
            while self._waiting:
                self._publish(self._waiting.popleft())
        finally:
            self._is_telling = False

    def _publish(self, event: events.KeyEvent) -> None:
        try:
            self._msgbus.publish(topic=event.topic, msg=event)
        except Exception as e:  # noqa: BLE001 (anybody's listener; the lane goes on)
            self._log.exception(f"A listener of {event.topic} was broken", e)
