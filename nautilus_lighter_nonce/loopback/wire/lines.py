"""
How frames travel: one direction of one connection, with a gate before its delay.

Rules of this file
------------------
- A line belongs to the network, not to the socket: what it holds was taken by the kernel and comes
  out later in order, whether or not the socket lives by then.
- Where nothing is held and nothing takes time, an item is delivered within `push`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from nautilus_lighter_nonce.loopback.config import VenueConfig
from nautilus_lighter_nonce.loopback.wire.delay import DelayLine


class Air(Protocol):
    """What decides how long a frame takes."""

    @property
    def config(self) -> VenueConfig:
        """The config, as last changed."""

    def one_way_s(self) -> float:
        """Draw the delay of one message on one way, seconds."""


class Line[T]:
    """
    One direction of one connection.

    Parameters
    ----------
    loop : asyncio.AbstractEventLoop
        The loop whose timers are used.
    air : Air
        Draws delays, and says whether they may change the order.
    deliver : Callable[[T], None]
        Called with each item when it comes out.

    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, air: Air, deliver: Callable[[T], None]
    ) -> None:
        self._loop = loop
        self._air = air
        self._way: DelayLine[T] = DelayLine(loop, deliver)
        self._held: list[tuple[T, float]] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._is_cut = False

    @property
    def is_held(self) -> bool:
        """Whether the gate is shut."""
        return self._held is not None

    @property
    def is_cut(self) -> bool:
        """Whether nothing comes out any more."""
        return self._is_cut

    def push(self, item: T, extra_s: float = 0.0) -> None:
        """
        Put an item in.

        Parameters
        ----------
        item : T
            The item.
        extra_s : float, default 0.0
            An extra delay of this item alone; later ones overtake it then.

        """
        if self._held is not None:
            self._held.append((item, extra_s))
        elif not self._is_cut:
            overtakes = extra_s > 0 or self._air.config.reorder
            self._way.push(item, self._air.one_way_s() + extra_s, may_overtake=overtakes)

    def hold(self, ms: float | None = None) -> None:
        """
        Shut the gate: what comes from now on waits before it.

        Parameters
        ----------
        ms : float, optional
            For how long; ``None`` or 0 until it is released. The last one to hold decides.

        """
        if self._held is None:
            self._held = []
        self._cancel_timer()
        if ms:
            self._timer = self._loop.call_later(ms / 1_000, self.release)

    def release(self) -> None:
        """Open the gate: what waits goes on in order; without a hold nothing happens."""
        self._cancel_timer()
        held, self._held = self._held, None
        for item, extra_s in held or ():
            self.push(item, extra_s)

    def cut(self) -> None:
        """Lose what is on the way, what is held, and all that ever comes."""
        self._is_cut, self._held = True, None
        self._cancel_timer()
        self._way.close()

    def lose(self) -> None:
        """Lose what is on the way but not held, as when the venue's end of a socket is gone."""
        self._way.close()

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
