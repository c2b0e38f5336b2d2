"""
The nonce law: what the API tier admits and what the sequencer makes of it.

Rules of this file
------------------
- Two counters per key (account index, API key index). `expected` is the API tier's: it moves when a
  transaction is accepted. `executed` is the sequencer's: it moves when one is executed, and it is
  what `nextNonce` reports, late.
- Without the skip attribute a nonce must equal `expected`; with it, any nonce from `expected` up to
  2^47 - 1 will do (docs; the upper bound itself is inferred). There is no queue and no window for
  nonces that come early (observed).
- A refusal changes nothing. A call that raises has changed nothing.
- No clock, no loop: time is an argument in nanoseconds.

Life of an accepted transaction
-------------------------------
============  ==========  =================================================================
from          to          nonce
============  ==========  =================================================================
``PENDING``   EXECUTED    spent
``PENDING``   FAILED      spent; the reason is only in the transaction record
``PENDING``   VANISHED    not spent; followers that can no longer match vanish with it, and
                          `expected` falls back to the first nonce that is free again
============  ==========  =================================================================
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Sequence
from enum import Enum

import msgspec

from nautilus_lighter_nonce.lighter.codes import MAX_NONCE
from nautilus_lighter_nonce.lighter.codes import MAX_SKIP_NONCE
from nautilus_lighter_nonce.lighter.codes import Code


Key = tuple[int, int]
"""(account index, API key index): the venue counts nonces per key."""

HISTORY_LENGTH = 4096  # counter values remembered per key for the lagging `nextNonce`


class Outcome(Enum):
    """What became of a transaction."""

    NONE = "none"  # never accepted
    PENDING = "pending"
    EXECUTED = "executed"
    REVERTED = "reverted"
    VANISHED = "vanished"


class Claim(msgspec.Struct, frozen=True, gc=False):
    """
    A transaction's claim to a nonce.

    Parameters
    ----------
    nonce : int
        The nonce it carries.
    skip : bool
        Whether it carries the skip-nonce attribute.

    """

    nonce: int
    skip: bool = False


class Accepted(msgspec.Struct, frozen=True, gc=False):
    """An accepted claim, waiting to be executed."""

    tx_id: int
    claim: Claim


class _PerKey:
    """The counters of one key, and what was accepted and waits."""

    def __init__(self, next_nonce: int, since_ns: int) -> None:
        self.expected = next_nonce
        self.executed = next_nonce
        self.queue: deque[Accepted] = deque()
        self.history: deque[tuple[int, int]] = deque([(since_ns, next_nonce)], HISTORY_LENGTH)


class Sequencer:
    """The nonce counters of all keys, and the accepted transactions that are not executed yet."""

    def __init__(self) -> None:
        self._keys: dict[Key, _PerKey] = {}

    # -- KEYS -------------------------------------------------------------------------------------

    def register(self, key: Key, next_nonce: int = 1) -> None:
        """
        Create a key or reset its counters.

        Parameters
        ----------
        key : Key
            The key.
        next_nonce : int, default 1
            The nonce it accepts next; a fresh key has 1 (observed).

        Raises
        ------
        ValueError
            If the nonce is outside 0 to 2^48 - 1.

        """
        if not 0 <= next_nonce <= MAX_NONCE:
            raise ValueError(f"nonce was {next_nonce}")
        self._keys[key] = _PerKey(next_nonce, since_ns=0)

    def registered(self) -> list[Key]:
        """Return all registered keys."""
        return list(self._keys)

    def knows(self, key: Key) -> bool:
        """Return whether the key is registered."""
        return key in self._keys

    def expected(self, key: Key) -> int:
        """Return the nonce that the API tier takes next."""
        return self._keys[key].expected

    def executed(self, key: Key) -> int:
        """Return the nonce that the sequencer takes next."""
        return self._keys[key].executed

    def next_nonce(self, key: Key, now_ns: int, lag_ns: int = 0) -> int:
        """
        Return the executed counter as it was some time ago.

        Parameters
        ----------
        key : Key
            The key; an unknown one reads 0 (reported by third parties).
        now_ns : int
            The time, UNIX nanoseconds.
        lag_ns : int, default 0
            How old the reported value is, nanoseconds.

        Returns
        -------
        int

        """
        own = self._keys.get(key)
        if own is None:
            return 0
        reported = own.history[0][1]
        for since_ns, value in reversed(own.history):
            if since_ns <= now_ns - lag_ns:
                reported = value
                break
        return reported

    def shift(self, by_ns: int) -> None:
        """Move the times that `next_nonce` looks back to, as the venue's clock was moved."""
        for own in self._keys.values():
            moved = [
                (since_ns + by_ns if since_ns else 0, value) for since_ns, value in own.history
            ]
            own.history = deque(moved, HISTORY_LENGTH)

    # -- API TIER ---------------------------------------------------------------------------------

    def check(self, key: Key, claims: Sequence[Claim]) -> Code | None:
        """
        Return what the API tier has against the nonces of one request, without taking them.

        Parameters
        ----------
        key : Key
            A registered key.
        claims : Sequence[Claim]
            One claim, or those of a batch in order; never empty.

        Returns
        -------
        Code or ``None``
            21105 if a batch is not consecutive (strictly rising for members that skip), 21104 if
            the first nonce is not acceptable, ``None`` if all may be taken.

        """
        for before, claim in itertools.pairwise(claims):
            if not _follows(claim, before.nonce + 1):
                return Code.NONCE_NOT_INCREASING
        if not _follows(claims[0], self._keys[key].expected):
            return Code.INVALID_NONCE
        return Code.INVALID_NONCE if any(map(_above_ceiling, claims)) else None

    def accept(self, key: Key, tx_id: int, claim: Claim) -> None:
        """
        Take a nonce: the transaction is accepted and waits for execution.

        Parameters
        ----------
        key : Key
            A registered key.
        tx_id : int
            The caller's number for the transaction.
        claim : Claim
            What `check` found acceptable.

        Raises
        ------
        ValueError
            If the claim is not acceptable now; nothing has changed then.

        """
        code = self.check(key, (claim,))
        if code is not None:
            raise ValueError(f"nonce {claim.nonce} was not acceptable for {key}")
        own = self._keys[key]
        own.queue.append(Accepted(tx_id, claim))
        own.expected = claim.nonce + 1

    # -- SEQUENCER --------------------------------------------------------------------------------

    def pending(self, key: Key) -> list[int]:
        """Return the accepted transactions of a key that wait for execution, in order."""
        return [accepted.tx_id for accepted in self._keys[key].queue]

    def execute(self, key: Key, now_ns: int) -> int:
        """
        Spend the nonce of the key's oldest accepted transaction.

        Whether the transaction succeeded or was reverted makes no difference here.

        Parameters
        ----------
        key : Key
            A registered key.
        now_ns : int
            The time of execution, UNIX nanoseconds.

        Returns
        -------
        int
            The transaction's number.

        Raises
        ------
        LookupError
            If nothing waits for execution.

        """
        own = self._with_pending(key)
        accepted = own.queue.popleft()
        own.executed = accepted.claim.nonce + 1
        own.history.append((now_ns, own.executed))
        return accepted.tx_id

    def head_fits(self, key: Key) -> bool:
        """
        Return whether the key's oldest accepted transaction can be executed.

        It cannot if it stood behind one that vanished and was left in the queue.

        Raises
        ------
        LookupError
            If nothing waits for execution.

        """
        own = self._with_pending(key)
        return _follows(own.queue[0].claim, own.executed)

    def drop(self, key: Key) -> int:
        """
        Let the key's oldest accepted transaction vanish alone; its nonce was free already.

        Raises
        ------
        LookupError
            If nothing waits for execution.

        """
        return self._with_pending(key).queue.popleft().tx_id

    def vanish(self, key: Key, *, late: bool = False) -> list[int]:
        """
        Let the key's oldest accepted transaction vanish without spending its nonce.

        Followers whose nonce can no longer match vanish with it (docs, "troubleshooting"); a
        follower that skips survives, and so does what was accepted exactly after it.

        Parameters
        ----------
        key : Key
            A registered key.
        late : bool, default False
            Whether those followers stay in the queue until they are reached: `head_fits` is false
            for them then. What is expected falls back all the same.

        Returns
        -------
        list[int]
            The numbers of all that vanished, the cause first.

        Raises
        ------
        LookupError
            If nothing waits for execution.

        """
        own = self._with_pending(key)
        vanished = [own.queue.popleft().tx_id]
        survivors: deque[Accepted] = deque()
        expected = own.executed
        for accepted in own.queue:
            if _follows(accepted.claim, expected):
                survivors.append(accepted)
                expected = accepted.claim.nonce + 1
            else:
                vanished.append(accepted.tx_id)
        own.expected = expected
        if late:
            return vanished[:1]
        own.queue = survivors
        return vanished

    def _with_pending(self, key: Key) -> _PerKey:
        own = self._keys[key]
        if not own.queue:
            raise LookupError(f"nothing was pending for {key}")
        return own


def _follows(claim: Claim, expected: int) -> bool:
    return claim.nonce >= expected if claim.skip else claim.nonce == expected


def _above_ceiling(claim: Claim) -> bool:
    return claim.nonce > (MAX_SKIP_NONCE if claim.skip else MAX_NONCE)
