"""
The armed levers of a venue: how often each has seen something, and which one fires.

Rules of this file
------------------
- A pure decision: the facts of a transaction go in, the lever that fires comes out.
- Deterministic: the only randomness is a generator seeded at birth.
- One lever fires per stage and transaction (or batch): the first armed one that matches and is due.
  A lever counts only what reached its stage: a stale transaction does not use up a `refuse`.
"""

from __future__ import annotations

import random
from collections.abc import Collection
from collections.abc import Sequence

from nautilus_lighter_nonce.loopback.venue.faults import Facts
from nautilus_lighter_nonce.loopback.venue.faults import Lever
from nautilus_lighter_nonce.loopback.venue.faults import Stage
from nautilus_lighter_nonce.loopback.venue.faults import is_on_frame
from nautilus_lighter_nonce.loopback.venue.faults import matches
from nautilus_lighter_nonce.loopback.venue.faults import stage_of


class _Armed:
    """A lever with its counts."""

    def __init__(self, lever: Lever) -> None:
        self.lever = lever
        self.seen = 0
        self.fired = 0

    @property
    def is_spent(self) -> bool:
        return self.lever.count is not None and self.fired >= self.lever.count

    def pull(self, rng: random.Random) -> bool:
        self.seen += 1
        due = self.seen - self.lever.after
        if due <= 0 or due % self.lever.every:
            return False
        if self.lever.rate is not None and rng.random() >= self.lever.rate:
            return False
        self.fired += 1
        return True


class Levers:
    """
    All armed levers of a venue.

    Parameters
    ----------
    seed : int, default 0
        Seeds the `rate` of levers.

    """

    def __init__(self, seed: int = 0) -> None:
        self._rng = random.Random(seed)
        self._armed: dict[Stage, list[_Armed]] = {stage: [] for stage in Stage}
        self._is_armed = False

    def arm(self, lever: Lever) -> None:
        """
        Arm a lever.

        Raises
        ------
        ValueError
            If the lever acts at once and cannot wait for a transaction.

        """
        stage = stage_of(lever)
        if stage is Stage.NOW:
            raise ValueError(f"{lever.fault.value} acts at once")
        self._armed[stage].append(_Armed(lever))
        self._is_armed = True

    def clear(self) -> None:
        """Disarm all levers."""
        for armed in self._armed.values():
            armed.clear()
        self._is_armed = False

    @property
    def is_armed(self) -> bool:
        """Whether anything is armed, spent or not."""
        return self._is_armed

    def has(self, stage: Stage) -> bool:
        """Return whether anything is armed at a stage, spent or not."""
        return self._is_armed and bool(self._armed[stage])

    def pull(self, stage: Stage, facts: Sequence[Facts]) -> Lever | None:
        """
        Return the lever that fires on a transaction or batch at a stage.

        Parameters
        ----------
        stage : Stage
            The stage that was reached.
        facts : Sequence[Facts]
            One transaction, or the members of a batch.

        Returns
        -------
        Lever or ``None``

        """
        if not self._is_armed:
            return None
        for armed in self._armed[stage]:
            if armed.is_spent or not any(matches(armed.lever, f) for f in facts):
                continue
            if armed.pull(self._rng):
                return armed.lever
        return None

    def pull_read(self, endpoint: str) -> Lever | None:
        """Return the lever that fires on a read of an endpoint, e.g. "nextNonce"."""
        for armed in self._armed[Stage.READ]:
            if armed.lever.endpoint == endpoint and not armed.is_spent and armed.pull(self._rng):
                return armed.lever
        return None

    def pull_frame(
        self, name: str, account_index: int | None, connections: Collection[int]
    ) -> Lever | None:
        """
        Return the lever that fires on a frame of a channel.

        Parameters
        ----------
        name : str
            The channel's name with colons, e.g. "account_all_orders:700"; "subscribed/" stands
            before it for a subscription's first frame.
        account_index : int, optional
            The account that the channel is about.
        connections : Collection[int]
            The connections that the frame goes to.

        Returns
        -------
        Lever or ``None``

        """
        for armed in self._armed[Stage.FRAME]:
            if armed.is_spent or not is_on_frame(armed.lever, name, account_index, connections):
                continue
            if armed.pull(self._rng):
                return armed.lever
        return None
