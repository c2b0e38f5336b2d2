"""
One key's transactions in nonce order: verdicts in, decisions out.

What lives here: the law of a lane. What this file must not know: clocks, loops, logs, the bus,
Nautilus, the wire. Time is an argument in nanoseconds; a call that raises has changed nothing;
a decision is returned, never carried out.

States and moves
----------------
=========== =============================== ============ ===========================================
state       what happened                   next state   decisions
=========== =============================== ============ ===========================================
UNSEEDED    seed                            OPEN         Seeded
OPEN        issue                           OPEN         (the nonce)
OPEN        take, the next is taken         OPEN         (the nonce), and a step over it
OPEN        accepted                        OPEN         Resolved for each unknown below
OPEN        refused, latest issue           OPEN         RolledBack
OPEN        refused, followers in flight    DRAINING     Froze(HOLE)
OPEN        withdrawn, latest issue         OPEN         RolledBack
OPEN        withdrawn, followers exist      DRAINING     Froze(HOLE)
OPEN        stale                           DRAINING     Froze(STALE)
OPEN        unknown, a later one accepted   OPEN         Resolved
OPEN        unknown                         DRAINING     Froze(UNKNOWN)
OPEN        vanished                        DRAINING     Froze(VANISHED)
OPEN        doubted, below the baseline     DRAINING     Froze(VANISHED)
OPEN        doubted                         DRAINING     Froze(UNKNOWN)
OPEN        spent by us, issued             OPEN         Resolved
OPEN        spent by a stranger, issued     OPEN         ForeignWriter
OPEN        spent, not issued, none waits   OPEN         the same, and a step over it
DRAINING    last verdict, next is proved    OPEN         Healed(INFERRED)
DRAINING    last verdict, not proved        REFRESHING   AskVenue
REFRESHING  spent, and now next is proved   OPEN         Healed(INFERRED)
REFRESHING  refreshed, doubted              REFRESHING   AskVenue
REFRESHING  refreshed, acted on             OPEN         Healed(REFRESHED)
any         weigh, absurd                   the same     Implausible
any         weigh, fallen and stays there   HALTED       Halted
any         the last nonce of all is spent  HALTED       Halted
any         halt                            HALTED       Halted
HALTED      seed                            OPEN         Seeded
=========== =============================== ============ ===========================================

A rule above may come with `ForeignWriter` when the verdicts prove that somebody else spent a nonce
of this key. A verdict of an earlier epoch (before the last rebase) changes nothing. Without an
outbox a stranger's record of what is in flight counts as stale: it is in `Healed.doomed`.

What says which nonce is next
-----------------------------
The venue takes exactly `last + 1` (Lighter docs). So an acceptance says that all below was taken.
Above the highest one, a *refused* or *withdrawn* first nonce explains every stale one behind it,
and is itself the next; an *unknown* one whose very next is stale is acted on likewise (`issued`
says why). A *stale* first nonce is unexplained, and any other *unknown* one may have been spent:
both need an answer of the counter, asked when its lag is over (`question`) and again until one may
be believed (`counter`).
None of this is proof of what became of a transaction: that is not the lane's to say.
"""

from __future__ import annotations

from nautilus_lighter_nonce.core.counter import MAX_NONCE
from nautilus_lighter_nonce.core.counter import Weight
from nautilus_lighter_nonce.core.counter import check_nonce
from nautilus_lighter_nonce.core.counter import is_nonce
from nautilus_lighter_nonce.core.counter import shown_shortly
from nautilus_lighter_nonce.core.decisions import Decisions
from nautilus_lighter_nonce.core.decisions import FreezeCause
from nautilus_lighter_nonce.core.decisions import Halted
from nautilus_lighter_nonce.core.decisions import Implausible
from nautilus_lighter_nonce.core.decisions import LaneState
from nautilus_lighter_nonce.core.decisions import NonceState
from nautilus_lighter_nonce.core.decisions import Resolved
from nautilus_lighter_nonce.core.decisions import RolledBack
from nautilus_lighter_nonce.core.decisions import Seeded
from nautilus_lighter_nonce.core.errors import LaneFrozenError
from nautilus_lighter_nonce.core.errors import LaneHaltedError
from nautilus_lighter_nonce.core.errors import NonceOverflow
from nautilus_lighter_nonce.core.errors import NotInitialized
from nautilus_lighter_nonce.core.errors import SkipWindowExhausted
from nautilus_lighter_nonce.core.issued import AWAITING
from nautilus_lighter_nonce.core.view import LaneView


class NonceLane(LaneView):
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
        How long a `nextNonce` below highest accepted + 1 is doubted before it is acted on.

    Raises
    ------
    ValueError
        If `max_in_flight` is outside 1 to `skip_window`, or a duration is negative.

    """

    # -- OPENING ----------------------------------------------------------------------------------

    def be_probed(self) -> None:
        """Leave the doubt about vanished nonces to an outbox, which probes them (`question`)."""
        self._question.is_probed = True

    def seed(self, next_nonce: int) -> Decisions:
        """
        Open the lane at the venue's next nonce, forgetting everything issued before.

        Parameters
        ----------
        next_nonce : int
            The answer of `nextNonce`, 0 to 2^48 - 1.

        Raises
        ------
        ValueError, TypeError
            If the nonce is not a number the venue can hold.

        """
        check_nonce(next_nonce)
        self._healing.seed(next_nonce)
        self._halt_reason = ""
        return (Seeded(next_nonce),)

    # -- ISSUING ----------------------------------------------------------------------------------

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
        NonceOverflow
            If the nonce would pass 2^48 - 1.

        """
        self._check_open()
        nonce = self._manager.next_nonce(*self._key)
        self._issued.add(nonce)
        self._counts["issued"] += 1
        return nonce

    def take(self) -> int:
        """
        Pass over the next nonce, which is known to be taken, and return it.

        What the counter counted behind it is passed over as well, in one step.

        Raises
        ------
        NotInitialized, LaneFrozenError, LaneHaltedError, SkipWindowExhausted, NonceOverflow
            As `issue` does.

        """
        self._check_open()
        nonce = self.next_nonce
        self._manager.sync_from_venue(*self._key, max(nonce + 1, self._counter.answered))
        return nonce

    def narrow(self) -> None:
        """Answers cannot be told apart: one transaction in flight at a time for a while."""
        self._depth.narrow()

    # -- VERDICTS ---------------------------------------------------------------------------------

    def accepted(self, nonce: int, epoch: int, now_ns: int) -> Decisions:
        """The venue's API reserved `nonce`."""
        if not self._hear(nonce, epoch, None, now_ns):
            return ()
        self._manager.ack_success(*self._key, nonce)
        self._depth.restore()
        self._question.calm()
        # Before the heal: it begins at what this acceptance bears out.
        self._counter.took(nonce)
        return (
            *self._healing.resolve_below(nonce),
            *self._healing.try_heal(now_ns),
            *self._end_at_the_last(),
        )

    def refused(self, nonce: int, epoch: int, now_ns: int) -> Decisions:
        """The venue refused `nonce` for a reason other than its number: not spent."""
        if not self._hear(nonce, epoch, NonceState.REFUSED, now_ns):
            return ()
        return self._leave_hole(nonce, now_ns)

    def withdrawn(self, nonce: int, epoch: int, now_ns: int) -> Decisions:
        """`nonce` certainly never left this process."""
        if not self._hear(nonce, epoch, NonceState.WITHDRAWN, now_ns):
            return ()
        return self._leave_hole(nonce, now_ns)

    def stale(self, nonce: int, epoch: int, now_ns: int) -> Decisions:
        """The venue refused `nonce` as not the next one: not spent, and our view was wrong."""
        if not self._hear(nonce, epoch, NonceState.STALE, now_ns):
            return ()
        # First: a seed that was wrong must come down before the heal leans on it.
        self._counter.was_stale(nonce)
        foreign = self._healing.suspect((nonce,)) if nonce <= self._healing.baseline else ()
        return (
            *self._healing.freeze(FreezeCause.STALE, nonce, now_ns),
            *foreign,
            *self._healing.try_heal(now_ns),
        )

    def unknown(self, nonce: int, epoch: int, now_ns: int) -> Decisions:
        """Nobody knows what became of `nonce`."""
        if not self._hear(nonce, epoch, NonceState.UNKNOWN, now_ns):
            return ()
        if nonce <= self._healing.baseline:
            self._issued.drop(nonce)
            return (Resolved(nonce), *self._healing.try_heal(now_ns))
        return self._healing.fault(FreezeCause.UNKNOWN, nonce, now_ns)

    # -- EVIDENCE ---------------------------------------------------------------------------------

    def vanished(self, nonce: int, now_ns: int) -> Decisions:
        """An accepted `nonce` seems not to be spent after all: drain, ask, begin again there."""
        if self.state in (LaneState.UNSEEDED, LaneState.HALTED) or nonce > self._healing.baseline:
            return ()
        self._healing.last_verdict_ns = now_ns
        self._question.suspect(nonce)
        return self._healing.fault(FreezeCause.VANISHED, nonce, now_ns)

    def doubted(self, nonce: int, now_ns: int) -> Decisions:
        """Something may still be taken at `nonce`, behind the lane: drain, ask, begin again."""
        if self.state is not LaneState.OPEN:
            return ()
        if nonce <= self._healing.baseline:
            return self.vanished(nonce, now_ns)
        self._healing.must_ask(now_ns)
        return self._healing.fault(FreezeCause.UNKNOWN, nonce, now_ns)

    def spent(self, nonce: int, now_ns: int = 0, *, by_us: bool = True) -> Decisions:
        """
        The venue executed `nonce`, whatever was or was not answered.

        That is the verdict on it. With nothing in flight the lane steps over a later one at once;
        otherwise what is in flight comes back stale, and the heal finds the way. A number that this
        key cannot have is nobody's record, and changes nothing.
        """
        if self.state in (LaneState.UNSEEDED, LaneState.HALTED) or not self.can_have(nonce):
            return ()
        # Asked before the baseline moves: afterwards every record is old news.
        is_news = self.concerns(nonce)
        self._counter.showed(nonce)
        if not is_news:
            return ()
        told = (Resolved(nonce),) if by_us else self._lose_to_a_stranger(nonce, now_ns)
        if by_us or self._question.is_probed:
            self._drop(nonce, now_ns)
        if nonce < self.next_nonce:
            self._manager.ack_success(*self._key, nonce)
            told = (*told, *self._healing.resolve_below(nonce))
        elif self.state is LaneState.OPEN and not self._issued.in_flight:
            self._manager.sync_from_venue(*self._key, nonce + 1)
        return (*told, *self._healing.try_heal(now_ns), *self._end_at_the_last())

    def foreign(self, nonce: int, now_ns: int = 0) -> Decisions:
        """The venue executed `nonce`, and it was not ours."""
        return self.spent(nonce, now_ns, by_us=False)

    def notice(self, nonce: int) -> None:
        """A record showed what the lane counts already: from here on the counter is not below."""
        if self.can_have(nonce):
            self._counter.showed(nonce)

    # -- THE VENUE'S COUNTER ----------------------------------------------------------------------

    def weigh(self, value: object, now_ns: int) -> Decisions:
        """
        Return what is wrong with an answer to `nextNonce`, nothing if the lane can go on with it.

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
        if self.state in (LaneState.UNSEEDED, LaneState.HALTED) and is_nonce(value):
            return ()
        weight = self._counter.weigh(value, now_ns)
        if weight in (Weight.BELIEVED, Weight.LAG):
            return ()
        if weight is Weight.RESET and is_nonce(value):
            return self.reset(value)
        known = self._counter.known
        return (Implausible(shown_shortly(value), f"{weight.value} (it was {known} or near it)"),)

    def refreshed(self, next_nonce: int, now_ns: int) -> Decisions:
        """
        Take the answer to `AskVenue`; one below what was executed counts as what was executed.

        Raises
        ------
        ValueError, TypeError
            If the nonce is not a number the venue can hold.

        """
        check_nonce(next_nonce)
        if self.state is not LaneState.REFRESHING:
            return ()
        return self._healing.refreshed(next_nonce, now_ns)

    def reset(self, value: int) -> Decisions:
        """The venue counts from `value` anew: halt, and name both numbers."""
        return self.halt(
            f"the venue counts from {value}, but nonce {self._counter.stood - 1} was executed: it "
            "was reset",
        )

    def halt(self, reason: str) -> Decisions:
        """Issue nothing any more until the lane is seeded again."""
        self._healing.state = LaneState.HALTED
        self._halt_reason = reason
        return (Halted(reason),)

    # -- LAW --------------------------------------------------------------------------------------

    def _check_open(self) -> None:
        if self.state is LaneState.UNSEEDED:
            raise NotInitialized(*self._key)
        if self.state is LaneState.HALTED:
            raise LaneHaltedError(*self._key, self._halt_reason)
        if self.state is not LaneState.OPEN:
            raise LaneFrozenError(*self._key, self._healing.cause.value)
        in_flight, last_issued = self._issued.in_flight, self.next_nonce - 1
        if in_flight >= self._depth.value:
            raise SkipWindowExhausted(*self._key, in_flight + 1, self._depth.value)
        if last_issued >= MAX_NONCE:
            raise NonceOverflow(*self._key, last_issued)

    def _hear(self, nonce: int, epoch: int, verdict: NonceState | None, now_ns: int) -> bool:
        """Take and count the verdict of a transaction that awaits one."""
        if epoch != self.epoch or not self._issued.hear(nonce, verdict):
            return False
        self._counts["accepted" if verdict is None else verdict.value] += 1
        self._healing.last_verdict_ns = now_ns
        return True

    def _drop(self, nonce: int, now_ns: int) -> None:
        if self._issued.drop(nonce) is NonceState.IN_FLIGHT:
            self._healing.last_verdict_ns = max(now_ns, self._healing.last_verdict_ns)

    def _lose_to_a_stranger(self, nonce: int, now_ns: int) -> Decisions:
        """Somebody else's record: without an outbox, what stood there is doomed."""
        froze: Decisions = ()
        if not self._question.is_probed and self._issued.state(nonce) in AWAITING:
            self._issued.hear(nonce, NonceState.STALE)
            self._healing.last_verdict_ns = max(now_ns, self._healing.last_verdict_ns)
            froze = self._healing.freeze(FreezeCause.STALE, nonce, now_ns)
        return (*froze, *self._healing.suspect((nonce,)))

    def _leave_hole(self, nonce: int, now_ns: int) -> Decisions:
        if nonce <= self._healing.baseline:
            self._issued.drop(nonce)
            return (*self._healing.suspect((nonce,)), *self._healing.try_heal(now_ns))
        if self.state is LaneState.OPEN and self._manager.ack_failure_if_latest(*self._key, nonce):
            self._issued.drop(nonce)
            self._counts["rolled_back"] += 1
            return (RolledBack(nonce),)
        return self._healing.fault(FreezeCause.HOLE, nonce, now_ns)

    def _end_at_the_last(self) -> Decisions:
        """A key whose last nonce is spent has no next one, for ever."""
        if self._healing.baseline < MAX_NONCE or self.state is LaneState.HALTED:
            return ()
        return self.halt(f"nonce {MAX_NONCE} is spent, and the venue has none behind it")
