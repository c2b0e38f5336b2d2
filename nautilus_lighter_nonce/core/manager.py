"""
Two integers per key, and the only ways in which they move.

What lives here: `NonceManager`, a thread-safe counter per key. What this file must not know: lanes,
verdicts, time, the venue.

    baseline  <=  last_issued  <=  baseline + skip_window     (after a call that issues)
    consumed      handed out

The pair of a key is one immutable value, checked first and swapped in whole under a lock: a call
that raises has changed nothing, and a reader without the lock never sees half a move.
"""

from __future__ import annotations

import threading
from typing import Final

import msgspec

from nautilus_lighter_nonce.core.errors import NonceNotIssued
from nautilus_lighter_nonce.core.errors import NonceOverflow
from nautilus_lighter_nonce.core.errors import NothingToRollBack
from nautilus_lighter_nonce.core.errors import NotInitialized
from nautilus_lighter_nonce.core.errors import SkipWindowExhausted


DEFAULT_SKIP_WINDOW: Final = 16
"""Nonces outstanding per key unless told otherwise (the reference implementation's default)."""

MAX_INT64: Final = 2**63 - 1
"""The highest nonce of a manager: the venue's integers are signed 64-bit. A lane ends far below."""

MAX_API_KEY_INDEX: Final = 254
"""The highest index of one key; 255 means "all keys" to the venue (lighter-sdk)."""


class _Counters(msgspec.Struct, frozen=True, gc=False):
    """What is known of one key."""

    baseline: int
    last_issued: int

    @property
    def outstanding(self) -> int:
        return self.last_issued - self.baseline


class NonceManager:
    """
    Hands out the nonces of any number of keys, without duplicate and without gap.

    A key is the pair `(account_index, api_key_index)`. Keys never influence each other. Every
    operation may be called from any thread; one that raises has changed nothing.

    Parameters
    ----------
    skip_window : int, default 16
        How many nonces of one key may be outstanding, 1 or more.

    Raises
    ------
    TypeError
        If `skip_window` is not an integer; a bool is none.
    ValueError
        If `skip_window` is below 1.

    """

    def __init__(self, skip_window: int = DEFAULT_SKIP_WINDOW) -> None:
        _check("skip_window", skip_window, 1, MAX_INT64)
        self._skip_window = skip_window
        self._keys: dict[tuple[int, int], _Counters] = {}
        self._lock = threading.Lock()

    def __getstate__(self) -> dict[str, object]:
        """Return everything but the lock, so that a lane can be copied whole."""
        return {"_skip_window": self._skip_window, "_keys": dict(self._keys)}

    def __setstate__(self, state: dict[str, object]) -> None:
        self.__dict__.update(state)
        self._lock = threading.Lock()

    # -- QUESTIONS --------------------------------------------------------------------------------

    @property
    def skip_window(self) -> int:
        """How many nonces of one key may be outstanding."""
        return self._skip_window

    def baseline(self, account_index: int, api_key_index: int) -> int | None:
        """Return the highest nonce known to be consumed, or ``None`` for an absent key."""
        counters = self._keys.get((account_index, api_key_index))
        return None if counters is None else counters.baseline

    def last_issued(self, account_index: int, api_key_index: int) -> int | None:
        """Return the highest nonce handed out, or ``None`` for an absent key."""
        counters = self._keys.get((account_index, api_key_index))
        return None if counters is None else counters.last_issued

    def outstanding(self, account_index: int, api_key_index: int) -> int | None:
        """Return `last_issued - baseline` of one moment, or ``None`` for an absent key."""
        counters = self._keys.get((account_index, api_key_index))
        return None if counters is None else counters.outstanding

    # -- MOVES ------------------------------------------------------------------------------------

    def refresh(self, account_index: int, api_key_index: int, venue_next_nonce: int) -> None:
        """
        Seed the key, or reset it hard: the next nonce is `venue_next_nonce`, whatever was before.

        Parameters
        ----------
        account_index : int
            The account, 0 or more.
        api_key_index : int
            The key, 0 to 254.
        venue_next_nonce : int
            The next nonce of the venue, 0 to 2^63 - 1; it may be lower than before.

        Raises
        ------
        TypeError
            If an argument is not an integer; a bool is none.
        ValueError
            If an argument is out of its range.

        """
        _check("account_index", account_index, 0, MAX_INT64)
        _check("api_key_index", api_key_index, 0, MAX_API_KEY_INDEX)
        _check("venue_next_nonce", venue_next_nonce, 0, MAX_INT64)
        consumed = venue_next_nonce - 1
        with self._lock:
            self._keys[account_index, api_key_index] = _Counters(consumed, consumed)

    def next_nonce(self, account_index: int, api_key_index: int) -> int:
        """
        Return `last_issued + 1` and record it as issued.

        Raises
        ------
        NotInitialized
            If the key was never seeded.
        SkipWindowExhausted
            If more than `skip_window` nonces would be outstanding.
        NonceOverflow
            If the nonce would pass 2^63 - 1.

        """
        with self._lock:
            counters = self._get(account_index, api_key_index)
            outstanding = counters.outstanding + 1
            if outstanding > self._skip_window:
                raise SkipWindowExhausted(
                    account_index, api_key_index, outstanding, self._skip_window
                )
            if counters.last_issued >= MAX_INT64:
                raise NonceOverflow(account_index, api_key_index, counters.last_issued)
            nonce = counters.last_issued + 1
            self._keys[account_index, api_key_index] = _Counters(counters.baseline, nonce)
            return nonce

    def ack_failure(self, account_index: int, api_key_index: int) -> int:
        """
        Take the most recent nonce back and return it; it is issued again next.

        This is safe only while no newer nonce has reached the wire.

        Raises
        ------
        NotInitialized
            If the key was never seeded.
        NothingToRollBack
            If no nonce is outstanding.

        """
        with self._lock:
            counters = self._get(account_index, api_key_index)
            if counters.outstanding == 0:
                raise NothingToRollBack(account_index, api_key_index)
            self._take_back(account_index, api_key_index, counters)
            return counters.last_issued

    def ack_failure_if_latest(self, account_index: int, api_key_index: int, nonce: int) -> bool:
        """
        Take `nonce` back if it is the most recent one and outstanding.

        Parameters
        ----------
        account_index : int
            The account of the key.
        api_key_index : int
            The index of the key in its account.
        nonce : int
            The nonce that was not spent, 0 to 2^63 - 1.

        Returns
        -------
        bool
            Whether it was taken back. If not, nothing changed: a newer nonce was issued, this one
            is consumed already, or the key was never seeded.

        Raises
        ------
        TypeError
            If `nonce` is not an integer; a bool is none.
        ValueError
            If `nonce` is out of its range.

        """
        _check("nonce", nonce, 0, MAX_INT64)
        with self._lock:
            counters = self._keys.get((account_index, api_key_index))
            if counters is None or nonce != counters.last_issued or counters.outstanding == 0:
                return False
            self._take_back(account_index, api_key_index, counters)
            return True

    def ack_success(self, account_index: int, api_key_index: int, nonce: int) -> None:
        """
        Record that the venue consumed `nonce`, and so every nonce below it.

        Parameters
        ----------
        account_index : int
            The account of the key.
        api_key_index : int
            The index of the key in its account.
        nonce : int
            The consumed nonce, 0 to 2^63 - 1. One below the baseline is old news and no fault.

        Raises
        ------
        TypeError
            If `nonce` is not an integer; a bool is none.
        ValueError
            If `nonce` is out of its range.
        NotInitialized
            If the key was never seeded.
        NonceNotIssued
            If `nonce` is above `last_issued`, which points to a foreign writer. A caller that
            believes it goes on with `sync_from_venue`.

        """
        _check("nonce", nonce, 0, MAX_INT64)
        with self._lock:
            counters = self._get(account_index, api_key_index)
            last_issued = counters.last_issued
            if nonce > last_issued:
                raise NonceNotIssued(account_index, api_key_index, nonce, last_issued)
            if nonce > counters.baseline:
                self._keys[account_index, api_key_index] = _Counters(nonce, last_issued)

    def sync_from_venue(
        self,
        account_index: int,
        api_key_index: int,
        venue_next_nonce: int,
    ) -> None:
        """
        Raise both integers to at least `venue_next_nonce - 1`; neither is ever lowered.

        This is safe while transactions are in flight.

        Parameters
        ----------
        account_index : int
            The account of the key.
        api_key_index : int
            The index of the key in its account.
        venue_next_nonce : int
            The next nonce of the venue, 0 to 2^63 - 1.

        Raises
        ------
        TypeError
            If `venue_next_nonce` is not an integer; a bool is none.
        ValueError
            If `venue_next_nonce` is out of its range.
        NotInitialized
            If the key was never seeded.

        """
        _check("venue_next_nonce", venue_next_nonce, 0, MAX_INT64)
        consumed = venue_next_nonce - 1
        with self._lock:
            counters = self._get(account_index, api_key_index)
            self._keys[account_index, api_key_index] = _Counters(
                baseline=max(counters.baseline, consumed),
                last_issued=max(counters.last_issued, consumed),
            )

    # -- INTERNAL (the lock is held) --------------------------------------------------------------

    def _get(self, account_index: int, api_key_index: int) -> _Counters:
        counters = self._keys.get((account_index, api_key_index))
        if counters is None:
            raise NotInitialized(account_index, api_key_index)
        return counters

    def _take_back(self, account_index: int, api_key_index: int, counters: _Counters) -> None:
        freed = counters.last_issued
        self._keys[account_index, api_key_index] = _Counters(counters.baseline, freed - 1)


def _check(field: str, value: object, low: int, high: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{field} was {value!r}; use an integer from {low} to {high}")
    if not low <= value <= high:
        raise ValueError(f"{field} was {value}; use an integer from {low} to {high}")
