"""
Admission: which waiting transactions get their nonces next, and what they wait for.

Rules
-----
- Places are kept: what stands first goes first, and a batch waits for all its slots.
- Only what has a slot of its lane and a rate token in hand is admitted, so that nothing holds it up
  once it has a nonce: throttling can neither make a nonce stale nor let a signature expire.
- What no event announces, the end of a pause, is waited for with a timer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from nautilus_trader.common.component import LiveClock

from nautilus_lighter_nonce.component import LighterNonceComponent
from nautilus_lighter_nonce.core.decisions import LaneState
from nautilus_lighter_nonce.lighter.codes import MAX_BATCH_WS
from nautilus_lighter_nonce.places import Entry
from nautilus_lighter_nonce.places import Places
from nautilus_lighter_nonce.quota import SendQuota


class Admission:
    """
    Says whose turn it is.

    Parameters
    ----------
    loop : asyncio.AbstractEventLoop
        For pauses.
    clock : LiveClock
        The node's clock.
    component : LighterNonceComponent
        Whose lane has the slots.
    key : tuple[int, int]
        (account_index, api_key_index).
    waiting : Places
        Who waits.
    quota_per_min : int, optional
        Frames per rolling minute; a batch counts once (Lighter docs).
    wake : Callable[[], None]
        Called when a pause is over.

    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        clock: LiveClock,
        component: LighterNonceComponent,
        key: tuple[int, int],
        waiting: Places,
        quota_per_min: int | None,
        wake: Callable[[], None],
    ) -> None:
        self._loop = loop
        self._clock = clock
        self._component = component
        self._key = key
        self._waiting = waiting
        self._quota = SendQuota(quota_per_min)
        self._wake = wake
        self._timer: asyncio.TimerHandle | None = None

    def next_group(self) -> list[Entry]:
        """Return whose turn it is, one or the members of a batch; empty if nobody may go yet."""
        free, depth = self._component.free_slots(*self._key)
        group = self._waiting.next_group(min(MAX_BATCH_WS, depth)) if free else []
        return [] if len(group) > free or self._must_pause() else group

    def admitted(self) -> None:
        """A frame is on its way: count it."""
        self._quota.take(self._clock.timestamp_ns())

    def was_accepted(self) -> None:
        """The venue took something: its rate limit is behind us."""
        self._quota.relax()

    def back_off(self) -> None:
        """The venue said "too many requests": pause, longer each time."""
        self._quota.back_off(self._clock.timestamp_ns())

    def try_again(self, delay_secs: float) -> None:
        """Wake everybody after a delay."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(delay_secs, self._wake)

    def obstacle(self) -> str:
        """Return what keeps the first in line waiting while the stream is up, for people."""
        state = self._component.status(*self._key).state
        if state is not LaneState.OPEN:
            return f"the nonce lane was {state.value}"
        if self._quota.pause_ns(self._clock.timestamp_ns()):
            return "the rate limit was reached"
        if self._component.can_issue(*self._key):
            return "what stood before it was not ready"
        return "as many transactions as allowed were in flight"

    def _must_pause(self) -> bool:
        pause_ns = self._quota.pause_ns(self._clock.timestamp_ns())
        if pause_ns:
            self.try_again(pause_ns / 1e9)
        return pause_ns > 0
