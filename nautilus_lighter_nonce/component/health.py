"""
`Health`: the component's own state, from the states of its lanes.

Rules of this file
------------------
- RUNNING while all lanes move; DEGRADED while one has been frozen too long or its account is
  refused as a whole; FAULTED once a lane was halted.
- It comes back only when the last cause has gone.
"""

from __future__ import annotations

import asyncio

from nautilus_trader.common.component import Component
from nautilus_trader.common.component import Logger

from nautilus_lighter_nonce.component.source import Key


class Health:
    """
    Degrades, resumes and faults a component.

    Parameters
    ----------
    component : Component
        Whose state it keeps.
    loop : asyncio.AbstractEventLoop
        The node's event loop.
    patience_secs : float
        How long a lane may be frozen.
    log : Logger
        The component's logger.

    """

    def __init__(
        self,
        component: Component,
        loop: asyncio.AbstractEventLoop,
        patience_secs: float,
        log: Logger,
    ) -> None:
        self._component = component
        self._loop = loop
        self._patience_secs = patience_secs
        self._log = log
        self._alarms: dict[Key, asyncio.TimerHandle] = {}
        self._refused: dict[Key, int] = {}  # the code that the whole account is refused with

    def froze(self, key: Key) -> None:
        """A lane is frozen: degrade if that lasts."""
        self._silence(key)  # an alarm that is forgotten could not be silenced any more
        self._alarms[key] = self._loop.call_later(self._patience_secs, self._frozen_too_long, key)

    def moves(self, key: Key) -> None:
        """A lane moves again."""
        self._silence(key)
        self._resume_if_well()

    def halted(self, key: Key) -> None:
        """A lane was halted."""
        self._silence(key)
        if self._component.is_running or self._component.is_degraded:
            self._component.fault()

    def seeded(self, key: Key) -> None:
        """A lane begins anew; the component's own start says whether it runs."""
        self._silence(key)
        if self._refused:  # told once, maybe before that start
            self._degrade()

    def refused(self, key: Key, code: int) -> bool:
        """The account is refused as a whole, or not (0); return whether that is new."""
        if self._refused.get(key, 0) == code:
            return False
        if code:
            self._refused[key] = code
            self._degrade()
        else:
            del self._refused[key]
            self._resume_if_well()
        return True

    def stop(self) -> None:
        """No alarm rings any more."""
        for key in list(self._alarms):
            self._silence(key)

    def _frozen_too_long(self, key: Key) -> None:
        self._log.warning(
            f"account={key[0]}, api_key={key[1]} is frozen: orders wait for it to heal",
        )
        self._degrade()

    def _silence(self, key: Key) -> None:
        alarm = self._alarms.pop(key, None)
        if alarm is not None:
            alarm.cancel()

    def _degrade(self) -> None:
        if self._component.is_running:
            self._component.degrade()

    def _resume_if_well(self) -> None:
        if self._component.is_degraded and not self._alarms and not self._refused:
            self._component.resume()
