"""
What may be asked of a lane: everything that the component, an outbox or a person reads.

What lives here: questions, none of which changes anything. What this file must not know: what moves
a lane (that is `lane`).
"""

from __future__ import annotations

from typing import Final
from typing import TypeGuard

from nautilus_lighter_nonce.core.counter import MAX_LAG
from nautilus_lighter_nonce.core.counter import MAX_NONCE
from nautilus_lighter_nonce.core.counter import is_nonce
from nautilus_lighter_nonce.core.decisions import LaneState
from nautilus_lighter_nonce.core.decisions import LaneStatus
from nautilus_lighter_nonce.core.depth import Depth
from nautilus_lighter_nonce.core.healing import Healing
from nautilus_lighter_nonce.core.manager import NonceManager
from nautilus_lighter_nonce.core.question import Question


VERDICTS: Final = ("accepted", "refused", "stale", "unknown", "withdrawn")
COUNTED: Final = ("issued", *VERDICTS, "rolled_back", "heals", "refreshes")
"""What a lane counts for people."""


class LaneView:
    """A lane to be read; `NonceLane` says what its parameters are."""

    def __init__(
        self,
        manager: NonceManager,
        account_index: int,
        api_key_index: int,
        *,
        max_in_flight: int | None = None,
        settle_ns: int = 350_000_000,
        disbelief_ns: int = 2_000_000_000,
    ) -> None:
        depth = manager.skip_window if max_in_flight is None else max_in_flight
        if not 1 <= depth <= manager.skip_window:
            raise ValueError(
                f"max_in_flight was {depth}; use 1 to skip_window ({manager.skip_window})",
            )
        if settle_ns < 0 or disbelief_ns < 0:
            raise ValueError(
                f"settle_ns was {settle_ns}, disbelief_ns was {disbelief_ns}; use 0 or more",
            )
        self._manager = manager
        self._key = (account_index, api_key_index)
        self._depth = Depth(depth)
        self._question = Question(settle_ns, disbelief_ns)
        self._counts = dict.fromkeys(COUNTED, 0)
        self._healing = Healing(manager, self._key, self._depth, self._question, self._counts)
        self._issued = self._healing.issued
        self._counter = self._healing.counter
        self._halt_reason = ""

    # -- WHERE IT STANDS --------------------------------------------------------------------------

    @property
    def key(self) -> tuple[int, int]:
        """(account_index, api_key_index)."""
        return self._key

    @property
    def account_index(self) -> int:
        """The account of the key."""
        return self._key[0]

    @property
    def api_key_index(self) -> int:
        """The index of the key."""
        return self._key[1]

    @property
    def state(self) -> LaneState:
        """Where the lane stands."""
        return self._healing.state

    @property
    def epoch(self) -> int:
        """Grows by one at every rebase; verdicts carry the epoch of their issue."""
        return self._healing.epoch

    @property
    def frozen_since_ns(self) -> int | None:
        """When the lane was frozen, or ``None`` while it is not."""
        return self._healing.frozen_ns if self._healing.is_frozen else None

    @property
    def question_ns(self) -> int | None:
        """From when on this lane wants `nextNonce` to be asked, ``None`` while it does not."""
        return self._question.due_ns if self.state is LaneState.REFRESHING else None

    def status(self) -> LaneStatus:
        """Return a snapshot for diagnostics."""
        return LaneStatus(
            account_index=self._key[0],
            api_key_index=self._key[1],
            state=self.state,
            baseline=self._manager.baseline(*self._key),
            last_issued=self._manager.last_issued(*self._key),
            in_flight=self._issued.in_flight,
            depth=self._depth.value,
            epoch=self.epoch,
            halt_reason=self._halt_reason,
            **self._counts,
        )

    # -- NUMBERS ----------------------------------------------------------------------------------

    @property
    def depth(self) -> int:
        """How many transactions may be in flight at present."""
        return self._depth.value

    @property
    def next_nonce(self) -> int:
        """What `issue` would return; -1 while the lane was never seeded."""
        last = self._manager.last_issued(*self._key)
        return -1 if last is None else last + 1

    @property
    def proved(self) -> int:
        """All nonces below this one are known to be executed; 0 while the lane was never seeded."""
        return self._counter.proved

    def free_slots(self) -> int:
        """Return how many nonces `issue` would hand out now."""
        if self.state is not LaneState.OPEN:
            return 0
        return min(self._depth.value - self._issued.in_flight, MAX_NONCE + 1 - self.next_nonce)

    def can_issue(self) -> bool:
        """Return whether `issue` would succeed now."""
        return self.free_slots() > 0

    def concerns(self, nonce: int) -> bool:
        """Return whether it would move this lane that `nonce` is spent."""
        baseline = self._manager.baseline(*self._key)
        return baseline is not None and (nonce > baseline or nonce in self._issued)

    def can_have(self, nonce: int) -> bool:
        """Return whether a record at `nonce` is one that this key can have by now."""
        return is_nonce(nonce) and self._counter.reaches(nonce + 1)

    # -- THE VENUE'S COUNTER ----------------------------------------------------------------------

    def believes(self, value: object) -> TypeGuard[int]:
        """
        Return whether an answer to `nextNonce` is a number that this lane can be at.

        One that lags behind what was executed is not, though the lane need not wait for a better.
        """
        return (
            is_nonce(value) if self.state is LaneState.UNSEEDED else self._counter.believes(value)
        )

    def has_fallen_to(self, value: int) -> bool:
        """Return whether a counter at `value` means that the venue was reset meanwhile."""
        return value < self._counter.stood - MAX_LAG
