"""
What `nextNonce` says: the truth, late, or what a lever has it say.

Rules of this file
------------------
- The law's own counters are never touched: only the answer bends.
"""

from __future__ import annotations

from typing import Any

from nautilus_lighter_nonce.loopback.config import NonceMode
from nautilus_lighter_nonce.loopback.venue.sequencer import Key
from nautilus_lighter_nonce.loopback.venue.state import State


class CounterAnswers:
    """
    The answers of `nextNonce`.

    Parameters
    ----------
    state : State
        The venue's state.

    """

    def __init__(self, state: State) -> None:
        self._state = state
        self._stuck: dict[Key, int] = {}

    def stick(self, now_ns: int) -> None:
        """Keep what is said now, for as long as the mode is `STUCK`."""
        keys = self._state.sequencer.registered()
        self._stuck = {key: self._true(key, now_ns) for key in keys}

    def answer(self, key: Key, now_ns: int) -> Any:
        """Return the `nonce` of an answer: a number, unless the override's value is none."""
        override = self._state.config.next_nonce
        if override.mode is NonceMode.VALUE:
            return override.value
        true = self._true(key, now_ns)
        if override.mode is NonceMode.STUCK:
            return self._stuck.get(key, true)
        return true + override.offset if override.mode is NonceMode.OFFSET else true

    def _true(self, key: Key, now_ns: int) -> int:
        lag_ns = int(self._state.config.next_nonce_lag_ms * 1_000_000)
        return self._state.sequencer.next_nonce(key, now_ns, lag_ns)
