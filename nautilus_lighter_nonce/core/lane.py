"""
One key's transactions in nonce order: verdicts in, decisions out.

What lives here: the law of a lane. What this file must not know: clocks, loops, logs, the bus,
Nautilus, the wire. Time is an argument in nanoseconds; a call that raises has changed nothing;
a decision is returned, never carried out.

States and moves
----------------
=========== ============================= ============ =============================================
state       what happened                 next state   decisions
=========== ============================= ============ =============================================
UNSEEDED    seed                          OPEN         Seeded
OPEN        issue                         OPEN         (the nonce)
OPEN        accepted                      OPEN         Resolved for each unknown below
OPEN        refused, latest issue         OPEN         RolledBack
OPEN        refused, followers in flight  DRAINING     Froze(HOLE)
OPEN        withdrawn, latest issue       OPEN         RolledBack
OPEN        withdrawn, followers exist    DRAINING     Froze(HOLE)
OPEN        stale                         DRAINING     Froze(STALE)
OPEN        unknown, a later one accepted OPEN         Resolved
OPEN        unknown                       DRAINING     Froze(UNKNOWN)
OPEN        vanished                      DRAINING     Froze(VANISHED)
OPEN        foreign nonce, none in flight OPEN         ForeignWriter, and a step over it
OPEN        unspent was taken after all   OPEN         Resolved, and a step over it
DRAINING    last verdict, next is proved  OPEN         Healed(INFERRED)
DRAINING    last verdict, not proved      REFRESHING   AskVenue
REFRESHING  refreshed, not plausible yet  REFRESHING   AskVenue
REFRESHING  refreshed, believed           OPEN         Healed(REFRESHED)
any         halt                          HALTED       Halted
HALTED      seed                          OPEN         Seeded
=========== ============================= ============ =============================================

A rule above may come with `ForeignWriter` when the verdicts prove that somebody else spent a nonce
of this key. A verdict of an earlier epoch (before the last rebase) changes nothing.

What proves the next nonce
--------------------------
The venue takes exactly `last + 1` (Lighter docs). So the highest accepted nonce proves that all
below are spent. Above it, a *refused* or *withdrawn* first nonce explains every stale one behind
it, and is itself the next. So does an *unknown* one whose very next is stale: had it been taken,
the next one would have been taken too. A *stale* first nonce is unexplained, and any other
*unknown* one may have been spent: both need one hard refresh, asked when the venue's lag is over.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from typing import TypeGuard

from nautilus_lighter_nonce.core.counter import MAX_LAG
from nautilus_lighter_nonce.core.counter import MAX_NONCE
from nautilus_lighter_nonce.core.counter import VenueCounter
from nautilus_lighter_nonce.core.counter import Weight
from nautilus_lighter_nonce.core.counter import is_nonce
from nautilus_lighter_nonce.core.decisions import AskVenue
from nautilus_lighter_nonce.core.decisions import Decisions
from nautilus_lighter_nonce.core.decisions import ForeignWriter
from nautilus_lighter_nonce.core.decisions import FreezeCause
from nautilus_lighter_nonce.core.decisions import Froze
from nautilus_lighter_nonce.core.decisions import Halted
from nautilus_lighter_nonce.core.decisions import Healed
from nautilus_lighter_nonce.core.decisions import Implausible
from nautilus_lighter_nonce.core.decisions import LaneState
from nautilus_lighter_nonce.core.decisions import LaneStatus
from nautilus_lighter_nonce.core.decisions import RebaseSource
from nautilus_lighter_nonce.core.decisions import Resolved
from nautilus_lighter_nonce.core.decisions import RolledBack
from nautilus_lighter_nonce.core.decisions import Seeded
from nautilus_lighter_nonce.core.decisions import TxState
from nautilus_lighter_nonce.core.depth import Depth
from nautilus_lighter_nonce.core.errors import LaneFrozenError
from nautilus_lighter_nonce.core.errors import LaneHaltedError
from nautilus_lighter_nonce.core.errors import NotInitialized
from nautilus_lighter_nonce.core.errors import SkipWindowExhausted
from nautilus_lighter_nonce.core.manager import NonceManager


MAX_DOUBLINGS: Final = 5
"""How often the pause before a question doubles while heals bear no fruit (our choice)."""


class NonceLane:
    """
    The transactions of one key, from issue to verdict.

    Parameters
    ----------
    manager : NonceManager
        The counters; this lane is the only one to move those of its key.
    account_index : int
        The account, 0 or more.
    api_key_index : int
        The key, 0 to 254.
    max_in_flight : int, optional
        Transactions without a verdict at any time, 1 to the manager's `skip_window` (default).
    settle_ns : int, default 350_000_000
        How long `nextNonce` may lag behind acceptance (lighter-sdk names 350 ms).
    disbelief_ns : int, default 2_000_000_000
        How long a `nextNonce` below highest accepted + 1 is doubted before it is believed.

    Raises
    ------
    ValueError
        If `max_in_flight` is outside 1 to `skip_window`, or a duration is negative.

    """

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
        self._settle_ns = settle_ns
        self._disbelief_ns = disbelief_ns
        self._depth = Depth(depth)
        self._state = LaneState.UNSEEDED
        self._epoch = 0
        self._txs: dict[int, TxState] = {}
        self._in_flight = 0
        self._cause = FreezeCause.HOLE
        self._frozen_at = 0
        self._last_verdict_at = 0
        self._asked_since = 0
        self._vanished: int | None = None
        self._question_ns = 0
        self._is_probed = False  # somebody probes what seems to have vanished
        self._must_ask = False  # a heal must not be inferred
        self._is_leaning = False  # on the highest accepted, against the counter
        self._fruitless = 0  # heals since the last acceptance
        self._counter = VenueCounter()
        self._foreign: set[int] = set()
        self._doubted: set[int] = set()
        self._halt_reason = ""
        self._counts = dict.fromkeys(
            (
                "issued",
                "accepted",
                "refused",
                "stale",
                "unknown",
                "withdrawn",
                "rolled_back",
                "heals",
                "refreshes",
            ),
            0,
        )

    # -- QUESTIONS --------------------------------------------------------------------------------

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
        return self._state

    @property
    def epoch(self) -> int:
        """Grows by one at every rebase; verdicts carry the epoch of their issue."""
        return self._epoch

    @property
    def frozen_since_ns(self) -> int | None:
        """When the lane was frozen, or ``None`` while it is not."""
        return self._frozen_at if self._is_frozen else None

    @property
    def question_ns(self) -> int | None:
        """From when on this lane wants `nextNonce` to be asked, ``None`` while it does not."""
        return self._question_ns if self._state is LaneState.REFRESHING else None

    @property
    def depth(self) -> int:
        """How many transactions may be in flight at present."""
        return self._depth.value

    @property
    def next_nonce(self) -> int:
        """What `issue` would return; -1 while the lane was never seeded."""
        last = self._manager.last_issued(*self._key)
        return -1 if last is None else last + 1

    def concerns(self, nonce: int) -> bool:
        """Return whether it is news to this lane that `nonce` is spent."""
        baseline = self._manager.baseline(*self._key)
        return baseline is not None and (nonce > baseline or nonce in self._txs)

    def free_slots(self) -> int:
        """Return how many nonces `issue` would hand out now."""
        if self._state is not LaneState.OPEN:
            return 0
        return self._depth.value - self._in_flight  # the depth is inside the manager's window

    def can_issue(self) -> bool:
        """Return whether `issue` would succeed now."""
        return self.free_slots() > 0

    def status(self) -> LaneStatus:
        """Return a snapshot for diagnostics."""
        return LaneStatus(
            account_index=self._key[0],
            api_key_index=self._key[1],
            state=self._state,
            baseline=self._manager.baseline(*self._key),
            last_issued=self._manager.last_issued(*self._key),
            in_flight=self._in_flight,
            depth=self._depth.value,
            epoch=self._epoch,
            halt_reason=self._halt_reason,
            **self._counts,
        )

    # -- MOVES ------------------------------------------------------------------------------------

    def be_probed(self) -> None:
        """
        Leave the doubt about vanished nonces to an outbox, which probes them.

        Without one a counter that stays below the highest accepted is believed only past the
        disbelief limit; with one it is acted on as soon as the next nonce is stale, for a wrong
        suspicion costs one stale answer and changes nothing.
        """
        self._is_probed = True

    def seed(self, next_nonce: int) -> Decisions:
        """
        Open the lane at the venue's next nonce, forgetting everything issued before.

        Parameters
        ----------
        next_nonce : int
            The answer of `nextNonce`, 0 or more.

        Raises
        ------
        ValueError, TypeError
            If the nonce is not a number the venue can hold.

        """
        self._manager.refresh(*self._key, next_nonce)
        self._reopen()
        self._doubted.clear()
        self._counter.seed(next_nonce)
        self._is_leaning, self._fruitless = False, 0
        return (Seeded(next_nonce),)

    def issue(self) -> int:
        """
        Return the next nonce and count it as in flight.

        Raises
        ------
        NotInitialized
            If the lane was never seeded.
        LaneFrozenError
            If the lane is draining or refreshing.
        LaneHaltedError
            If the lane was halted.
        SkipWindowExhausted
            If the window, or the present pipelining depth, is used up.

        """
        if self._state is LaneState.UNSEEDED:
            raise NotInitialized(*self._key)
        if self._state is LaneState.HALTED:
            raise LaneHaltedError(*self._key, self._halt_reason)
        if self._state is not LaneState.OPEN:
            raise LaneFrozenError(*self._key, self._cause.value)
        if self._in_flight >= self._depth.value:
            raise SkipWindowExhausted(*self._key, self._in_flight + 1, self._depth.value)
        nonce = self._manager.next_nonce(*self._key)
        self._txs[nonce] = TxState.IN_FLIGHT
        self._in_flight += 1
        self._counts["issued"] += 1
        return nonce

    def take(self) -> int:
        """
        Pass over the next nonce, which is known to be taken, and return it.

        Raises
        ------
        NotInitialized, LaneFrozenError, LaneHaltedError, SkipWindowExhausted
            As `issue` does.

        """
        nonce = self.issue()
        del self._txs[nonce]
        self._in_flight -= 1
        self._manager.ack_success(*self._key, nonce)
        return nonce

    def accepted(self, nonce: int, epoch: int, now_ns: int) -> Decisions:
        """The venue's API reserved `nonce`."""
        if not self._settle(nonce, epoch, None, now_ns):
            return ()
        self._counts["accepted"] += 1
        self._manager.ack_success(*self._key, nonce)
        self._depth.restore()
        self._is_leaning = False
        self._fruitless = 0
        self._counter.took(nonce)
        return (*self._resolve_below(nonce), *self._try_heal(now_ns))

    def refused(self, nonce: int, epoch: int, now_ns: int) -> Decisions:
        """The venue refused `nonce` for a reason of its own: not spent, report it, never resend."""
        if not self._settle(nonce, epoch, TxState.REFUSED, now_ns):
            return ()
        self._counts["refused"] += 1
        return self._leave_hole(nonce, now_ns)

    def withdrawn(self, nonce: int, epoch: int, now_ns: int) -> Decisions:
        """`nonce` certainly never left this process."""
        if not self._settle(nonce, epoch, TxState.WITHDRAWN, now_ns):
            return ()
        self._counts["withdrawn"] += 1
        return self._leave_hole(nonce, now_ns)

    def stale(self, nonce: int, epoch: int, now_ns: int) -> Decisions:
        """The venue refused `nonce` as not the next one: not spent, and our view was wrong."""
        if not self._settle(nonce, epoch, TxState.STALE, now_ns):
            return ()
        self._counts["stale"] += 1
        foreign = self._suspect((nonce,)) if nonce <= self._baseline else ()
        return (*self._freeze(FreezeCause.STALE, nonce, now_ns), *foreign, *self._try_heal(now_ns))

    def unknown(self, nonce: int, epoch: int, now_ns: int) -> Decisions:
        """Nobody knows what became of `nonce`."""
        if not self._settle(nonce, epoch, TxState.UNKNOWN, now_ns):
            return ()
        self._counts["unknown"] += 1
        if nonce <= self._baseline:
            del self._txs[nonce]
            return (Resolved(nonce), *self._try_heal(now_ns))
        return (*self._freeze(FreezeCause.UNKNOWN, nonce, now_ns), *self._try_heal(now_ns))

    def vanished(self, nonce: int, now_ns: int) -> Decisions:
        """An accepted `nonce` seems not to be spent after all: drain, ask, begin again there."""
        if not (self._state is LaneState.OPEN or self._is_frozen) or nonce > self._baseline:
            return ()
        self._last_verdict_at = now_ns
        froze = self._freeze(FreezeCause.VANISHED, nonce, now_ns)
        self._vanished = nonce if self._vanished is None else min(nonce, self._vanished)
        return (*froze, *self._try_heal(now_ns))

    def doubted(self, nonce: int, now_ns: int) -> Decisions:
        """Something may still be taken at `nonce`, behind the lane: drain, ask, begin again."""
        if self._state is not LaneState.OPEN:
            return ()
        if nonce <= self._baseline:
            return self.vanished(nonce, now_ns)
        self._last_verdict_at = now_ns
        self._must_ask = True
        return (*self._freeze(FreezeCause.UNKNOWN, nonce, now_ns), *self._try_heal(now_ns))

    def spent(self, nonce: int, now_ns: int = 0, *, by_us: bool = True) -> Decisions:
        """
        The venue executed `nonce`, whatever was or was not answered.

        With nothing in flight the lane steps over it at once. Otherwise what is in flight comes
        back stale, and the heal finds the way.
        """
        if self._state in (LaneState.UNSEEDED, LaneState.HALTED):
            return ()
        is_news = self.concerns(nonce)
        self._counter.showed(nonce)
        if not is_news:
            return ()
        if self._txs.pop(nonce, None) is TxState.IN_FLIGHT:
            self._in_flight -= 1
            self._last_verdict_at = max(now_ns, self._last_verdict_at)
        told = (Resolved(nonce),) if by_us else self._suspect((nonce,))
        if nonce <= (self._manager.last_issued(*self._key) or 0):
            self._manager.ack_success(*self._key, nonce)
            told = (*told, *self._resolve_below(nonce))
        elif self._state is LaneState.OPEN and not self._in_flight:
            self._manager.sync_from_venue(*self._key, nonce + 1)
        return (*told, *self._try_heal(now_ns))

    def foreign(self, nonce: int, now_ns: int = 0) -> Decisions:
        """The venue executed `nonce`, and it was not ours."""
        return self.spent(nonce, now_ns, by_us=False)

    def narrow(self) -> None:
        """Answers cannot be told apart: one transaction in flight at a time for a while."""
        self._depth.narrow()

    # -- THE VENUE'S COUNTER ----------------------------------------------------------------------

    def has_fallen_to(self, value: int) -> bool:
        """Return whether a counter at `value` means that the venue was reset since this lane knew."""
        return self._state is not LaneState.UNSEEDED and value < self._counter.known - MAX_LAG

    def believes(self, value: object) -> TypeGuard[int]:
        """Return whether an answer to `nextNonce` is a number that this lane can be at."""
        if self._state in (LaneState.UNSEEDED, LaneState.HALTED):
            return is_nonce(value)
        return self._counter.believes(value)

    def weigh(self, value: object, now_ns: int) -> Decisions:
        """
        Return what is wrong with an answer to `nextNonce`, nothing if it may be believed.

        Parameters
        ----------
        value : object
            What was answered, of whatever type.
        now_ns : int
            Unix nanoseconds.

        Returns
        -------
        Decisions
            `Implausible`: ask again. `Halted`: the venue was reset.

        """
        if self._state in (LaneState.UNSEEDED, LaneState.HALTED) and is_nonce(value):
            return ()
        weight = self._counter.weigh(value, now_ns)
        if weight is Weight.BELIEVED:
            return ()
        if weight is Weight.RESET and is_nonce(value):
            return self.reset(value)
        known = self._counter.known
        return (Implausible(str(value)[:40], f"{weight.value} (it was {known} or near it)"),)

    def reset(self, value: int) -> Decisions:
        """The venue counts from `value` anew: halt, and name both numbers."""
        return self.halt(
            f"the venue counts from {value}, but nonce {self._counter.known - 1} was executed: it "
            "was reset",
        )

    def refreshed(self, next_nonce: int, now_ns: int) -> Decisions:
        """
        Take the answer to `AskVenue`.

        A value below highest accepted + 1 is the venue's lag: the lane goes on behind the highest
        accepted. If that is stale, the value is believed once it has stayed past the disbelief
        limit; then the accepted transactions above it have vanished.

        Raises
        ------
        ValueError, TypeError
            If the nonce is not a number the venue can hold.

        """
        if self._state is not LaneState.REFRESHING:
            return ()
        if not 0 <= next_nonce <= MAX_NONCE:
            raise ValueError(f"venue_next_nonce was {next_nonce}; use 0 to {MAX_NONCE}")
        floor = max(self._baseline, self._counter.executed) + 1
        target = max(next_nonce, self._counter.executed + 1)
        is_stale = self._txs.get(floor) is TxState.STALE
        if self._is_probed and is_stale and self._vanished is None:
            self._vanished = target  # the next is stale while the counter stays: to be probed
        floor = floor if self._vanished is None else min(floor, self._vanished)
        if target >= floor:
            return self._rebase(target, RebaseSource.REFRESHED, now_ns)
        if self._vanished is None and not self._is_leaning and not is_stale:
            self._is_leaning = True
            return self._rebase(floor, RebaseSource.REFRESHED, now_ns)
        if now_ns < self._asked_since + self._disbelief_ns:
            return self._ask(now_ns + self._settle_ns)
        return self._rebase(target, RebaseSource.REFRESHED, now_ns)

    def halt(self, reason: str) -> Decisions:
        """Issue nothing any more until the lane is seeded again."""
        self._state = LaneState.HALTED
        self._halt_reason = reason
        return (Halted(reason),)

    # -- LAW --------------------------------------------------------------------------------------

    @property
    def _is_frozen(self) -> bool:
        return self._state in (LaneState.DRAINING, LaneState.REFRESHING)

    @property
    def _baseline(self) -> int:
        baseline = self._manager.baseline(*self._key)
        if baseline is None:
            raise NotInitialized(*self._key)
        return baseline

    def _settle(self, nonce: int, epoch: int, verdict: TxState | None, now_ns: int) -> bool:
        """Take the verdict of a transaction that awaits one; a later verdict mends an unknown."""
        state = self._txs.get(nonce)
        if epoch != self._epoch or state not in (TxState.IN_FLIGHT, TxState.UNKNOWN):
            return False
        if state is TxState.UNKNOWN and verdict is TxState.UNKNOWN:
            return False
        if state is TxState.IN_FLIGHT:
            self._in_flight -= 1
        if verdict is None:
            del self._txs[nonce]
        else:
            self._txs[nonce] = verdict
        self._last_verdict_at = now_ns
        return True

    def _resolve_below(self, nonce: int) -> Decisions:
        """What is below a nonce that was taken is spent: by ours if unknown, else by a stranger."""
        below = sorted(n for n, state in self._txs.items() if n < nonce and _is_final(state))
        resolved = [n for n in below if self._txs[n] is TxState.UNKNOWN]
        for n in resolved:
            del self._txs[n]
        foreign = self._suspect(n for n in below if n not in resolved)
        return (*(Resolved(n) for n in resolved), *foreign)

    def _leave_hole(self, nonce: int, now_ns: int) -> Decisions:
        if nonce <= self._baseline:
            del self._txs[nonce]
            return (*self._suspect((nonce,)), *self._try_heal(now_ns))
        if self._state is LaneState.OPEN and self._manager.ack_failure_if_latest(*self._key, nonce):
            del self._txs[nonce]
            self._counts["rolled_back"] += 1
            return (RolledBack(nonce),)
        return (*self._freeze(FreezeCause.HOLE, nonce, now_ns), *self._try_heal(now_ns))

    def _suspect(self, nonces: Iterable[int]) -> Decisions:
        """
        Somebody else spent these: a later nonce was accepted, ours were not. Each said once.

        Not what an earlier copy of ours may have spent, one that was unknown at the last heal.
        """
        fresh = [n for n in nonces if n not in self._foreign and n not in self._doubted]
        self._foreign.update(fresh)
        return tuple(ForeignWriter(n) for n in fresh)

    def _freeze(self, cause: FreezeCause, nonce: int, now_ns: int) -> Decisions:
        if self._state is not LaneState.OPEN:
            return ()
        self._state = LaneState.DRAINING
        self._cause = cause
        self._frozen_at = now_ns
        return (Froze(cause, nonce),)

    def _try_heal(self, now_ns: int) -> Decisions:
        """Once every transaction has its verdict: infer the next nonce, or ask for it."""
        if not self._is_frozen or self._in_flight:
            return ()
        if self._is_proved():
            return self._rebase(self._baseline + 1, RebaseSource.INFERRED, now_ns)
        if self._state is LaneState.REFRESHING:
            return ()
        self._state = LaneState.REFRESHING
        self._asked_since = now_ns
        self._counts["refreshes"] += 1
        patience_ns = self._settle_ns << min(self._fruitless, MAX_DOUBLINGS)
        return self._ask(self._last_verdict_at + patience_ns)

    def _ask(self, not_before_ns: int) -> Decisions:
        self._question_ns = not_before_ns
        return (AskVenue(not_before_ns),)

    def _is_proved(self) -> bool:
        if self._vanished is not None or self._must_ask:
            return False
        baseline = self._baseline
        if not any(n > baseline for n in self._txs):
            return True
        first, second = self._txs[baseline + 1], self._txs.get(baseline + 2)
        if first is TxState.UNKNOWN:
            return second is TxState.STALE
        return first is not TxState.STALE

    def _rebase(self, next_nonce: int, source: RebaseSource, now_ns: int) -> Decisions:
        floor = self._baseline + 1
        next_nonce = max(next_nonce, self._counter.executed + 1)
        self._manager.refresh(*self._key, next_nonce)
        ours = sorted(self._txs.items())
        unknown = [n for n, s in ours if s is TxState.UNKNOWN]
        foreign = self._suspect(
            n for n, s in ours if s is not TxState.UNKNOWN and floor <= n < next_nonce
        )
        healed = Healed(
            next_nonce=next_nonce,
            source=source,
            cause=self._cause,
            doomed=tuple(n for n, s in ours if s is TxState.STALE),
            spent=tuple(n for n in unknown if n < next_nonce),
            unspent=tuple(n for n in unknown if n >= next_nonce),
            vanished=tuple(range(max(next_nonce, floor - MAX_LAG), floor)),
            frozen_ns=now_ns - self._frozen_at,
        )
        is_confirmed = source is RebaseSource.REFRESHED and next_nonce == floor
        if is_confirmed and self._txs.get(floor) is TxState.STALE:
            self._depth.halve()  # nothing explains it: the venue may have reordered
        self._counts["heals"] += 1
        self._fruitless += source is RebaseSource.REFRESHED
        self._reopen()
        self._doubted = {n for n in self._doubted if n >= next_nonce} | set(healed.unspent)
        return (*foreign, healed)

    def _reopen(self) -> None:
        self._state = LaneState.OPEN
        self._epoch += 1
        self._txs.clear()
        self._in_flight = 0
        self._foreign.clear()
        self._vanished = None
        self._must_ask = False
        self._halt_reason = ""


def _is_final(state: TxState) -> bool:
    return state is not TxState.IN_FLIGHT
