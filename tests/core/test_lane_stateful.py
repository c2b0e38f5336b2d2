"""
The lane against the venue's own sequencer, through faults in any order.

Three parties: the lane under test, the loopback venue's pure sequencer, and between them a client
that does what the lane's decisions ask, no more: it sends the doomed again in their old places, and
what was in doubt only if a look-up shows that the venue does not have that very copy. Frames wait
on a wire and replies on their way back until a rule moves or loses them. Two machines differ in
what they assume of one socket: frames stay in order, or a later one may overtake.

Whatever the order, nothing may be executed twice, nor after it was reported as refused; and once
the faults stop, the lane must be open again at the venue's nonce, with everything executed that was
not refused.
"""

from __future__ import annotations

from collections import Counter
from typing import ClassVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine
from hypothesis.stateful import initialize
from hypothesis.stateful import invariant
from hypothesis.stateful import precondition
from hypothesis.stateful import rule

from nautilus_lighter_nonce.core.decisions import AskVenue
from nautilus_lighter_nonce.core.decisions import Decisions
from nautilus_lighter_nonce.core.decisions import ForeignWriter
from nautilus_lighter_nonce.core.decisions import FreezeCause
from nautilus_lighter_nonce.core.decisions import Froze
from nautilus_lighter_nonce.core.decisions import Halted
from nautilus_lighter_nonce.core.decisions import Healed
from nautilus_lighter_nonce.core.decisions import LaneState
from nautilus_lighter_nonce.core.decisions import RebaseSource
from nautilus_lighter_nonce.core.decisions import Resolved
from nautilus_lighter_nonce.core.decisions import RolledBack
from nautilus_lighter_nonce.core.decisions import Seeded
from nautilus_lighter_nonce.core.errors import NonceError
from nautilus_lighter_nonce.core.lane import NonceLane
from nautilus_lighter_nonce.core.manager import NonceManager
from nautilus_lighter_nonce.loopback.venue.sequencer import Claim
from nautilus_lighter_nonce.loopback.venue.sequencer import Sequencer


KEY = (1, 2)
SEED = 100
SETTLE = 350
DISBELIEF = 2_000
FROZEN = (LaneState.DRAINING, LaneState.REFRESHING)

MAX_TXS = 8
MAX_FOREIGN = 2
MAX_VANISHED = 2
MAX_LOSSES = 4
HEALS_TO_RECOVER = 2
"""One for what the last fault left behind, one for what that heal could not yet see."""

FATES = ("fair", "fair", "fair", "fair", "refuse", "lose reply")
VERDICTS = ("accepted", "refused", "stale", "unknown", "withdrawn")

copies = st.integers(min_value=0, max_value=7)
often = st.sampled_from([True, True, True, False])


class Tx:
    """One transaction as its owner sees it: sent perhaps several times, ended at most once."""

    def __init__(self, place: int) -> None:
        self.place = place
        self.end = ""

    def finish(self, end: str) -> None:
        assert not self.end, f"transaction {self.place} was {self.end}, then {end}"
        self.end = end


class Copy:
    """One signed copy of a transaction; its number is its hash."""

    def __init__(self, number: int, tx: Tx, nonce: int, epoch: int) -> None:
        self.number = number
        self.tx = tx
        self.nonce = nonce
        self.epoch = epoch
        self.verdict = ""
        self.is_closed = False

    def __repr__(self) -> str:
        return f"copy {self.number} of tx {self.tx.place} at {self.nonce} ({self.verdict})"


class LaneMachine(RuleBasedStateMachine):
    """Drives lane, client and sequencer."""

    overtakes: ClassVar[bool]

    @initialize(
        window=st.integers(min_value=1, max_value=5),
        late_frames_arrive=st.booleans(),
    )
    def start(self, window: int, late_frames_arrive: bool) -> None:
        self.now = 10_000
        self.late_frames_arrive = late_frames_arrive
        self.venue = Sequencer()
        self.venue.register(KEY, SEED)
        self.at_venue: set[int] = set()
        self.executed: Counter[int] = Counter()
        self.foreign: list[int] = []
        self.vanished: set[int] = set()
        self.vanishings = 0
        self.losses = 0
        self.halts = 0
        self.freezes = 0
        self.is_truth_hidden = False
        self.lane = NonceLane(NonceManager(window), *KEY, settle_ns=SETTLE, disbelief_ns=DISBELIEF)
        self.max_depth = window
        self.txs: list[Tx] = []
        self.queue: list[Tx] = []
        self.copies: dict[int, Copy] = {}
        self.bound: dict[int, Copy] = {}
        self.epoch = 0
        self.unsent: list[Copy] = []
        self.wire: list[Copy] = []
        self.replies: list[tuple[Copy, str]] = []
        self.accepted: dict[int, Copy] = {}
        self.asks: list[AskVenue] = []
        self.answers: list[int] = []
        self.carry_out(self.lane.seed(SEED))

    # -- SENDING ----------------------------------------------------------------------------------

    @precondition(lambda self: self.lane.can_issue() and (self.queue or len(self.txs) < MAX_TXS))
    @rule(count=st.integers(min_value=1, max_value=5), sends=often)
    def submit(self, count: int, sends: bool) -> None:
        while count and self.lane.can_issue() and (self.queue or len(self.txs) < MAX_TXS):
            count -= 1
            self.bind()
        if sends:
            self.send()

    @precondition(lambda self: self.unsent)
    @rule()
    def send(self) -> None:
        self.wire += self.unsent
        self.unsent.clear()

    @precondition(lambda self: len(self.unsent) > 1)
    @rule(which=copies)
    def withdraw(self, which: int) -> None:
        copy = self.unsent.pop(which % len(self.unsent))
        self.tell(copy, "withdrawn")

    # -- THE VENUE --------------------------------------------------------------------------------

    @precondition(lambda self: self.wire)
    @rule(fates=st.lists(st.sampled_from(FATES), min_size=1, max_size=4), later=st.booleans())
    def deliver(self, fates: list[str], later: bool) -> None:
        """Each fate is one frame's."""
        for fate in fates[: len(self.wire)]:
            frame = self.wire.pop(1 if later and self.overtakes and len(self.wire) > 1 else 0)
            self.process(frame, refuses=fate == "refuse", answers=fate != "lose reply")

    @precondition(lambda self: self.wire and self.losses < MAX_LOSSES)
    @rule(which=copies)
    def lose_request(self, which: int) -> None:
        self.losses += 1
        self.wire.pop(which % len(self.wire))

    @precondition(lambda self: len(self.foreign) < MAX_FOREIGN)
    @rule()
    def foreign_writer_takes_a_nonce(self) -> None:
        nonce = self.venue.expected(KEY)
        self.foreign.append(nonce)
        self.venue.accept(KEY, -len(self.foreign), Claim(nonce))

    @precondition(lambda self: self.venue.pending(KEY))
    @rule(count=copies)
    def execute_some(self, count: int) -> None:
        for _ in range(min(count + 1, len(self.venue.pending(KEY)))):
            self.execute()

    def execute(self) -> None:
        number = self.venue.execute(KEY, self.now)
        if number >= 0:
            self.executed[self.copies[number].tx.place] += 1
        elif self.lane.state is not LaneState.HALTED:
            self.carry_out(self.lane.foreign(self.foreign[-number - 1]))

    @precondition(lambda self: self.venue.pending(KEY) and self.vanishings < MAX_VANISHED)
    @rule(is_noticed=st.booleans())
    def vanish(self, is_noticed: bool) -> None:
        self.vanishings += 1
        gone = [number for number in self.venue.vanish(KEY) if number >= 0]
        self.vanished.update(gone)
        self.at_venue.difference_update(gone)
        if is_noticed and self.dropped():
            self.notice_that_one_vanished()

    @rule(millis=st.integers(min_value=1, max_value=DISBELIEF))
    def tick(self, millis: int) -> None:
        self.now += millis

    # -- WHAT THE CLIENT HEARS --------------------------------------------------------------------

    @precondition(lambda self: self.replies)
    @rule(order=st.lists(copies, min_size=1, max_size=4))
    def hear_some(self, order: list[int]) -> None:
        for which in order[: len(self.replies)]:
            self.hear(which)

    @precondition(lambda self: self.wire and self.lane.state is LaneState.OPEN)
    @rule(refused=st.sampled_from([None, 0, 1, 2]))
    def exchange(self, refused: int | None) -> None:
        """Everything under way arrives and is answered; one may be refused."""
        for i, frame in enumerate(self.wire):
            self.process(frame, refuses=i == refused)
        self.wire.clear()
        while self.replies:
            self.hear(which=0)

    def hear(self, which: int) -> None:
        copy, verdict = self.replies.pop(which % len(self.replies))
        self.tell(copy, verdict)

    @precondition(lambda self: self.silent() and (self.losses < MAX_LOSSES or self.is_quiet))
    @rule(which=copies)
    def lose_patience(self, which: int) -> None:
        self.losses += 1
        silent = self.silent()
        self.tell(silent[which % len(silent)], "unknown")

    @precondition(lambda self: self.silent() and self.losses < MAX_LOSSES)
    @rule(arrived=copies)
    def disconnect(self, arrived: int) -> None:
        """The first frames were processed, the others are lost, and so is every reply."""
        self.losses += 1
        for _ in range(min(arrived, len(self.wire))):
            self.process(self.wire.pop(0))
        self.wire.clear()
        self.replies.clear()
        while self.unsent:
            self.tell(self.unsent.pop(), "withdrawn")
        for copy in self.silent():
            self.tell(copy, "unknown")

    @precondition(lambda self: self.dropped())
    @rule()
    def notice_that_one_vanished(self) -> None:
        copy = self.dropped()[0]
        self.carry_out(self.lane.vanished(copy.nonce, self.now))

    @precondition(lambda self: self.asks)
    @rule(lag=st.sampled_from([0, 0, SETTLE, 3 * SETTLE]), frames_first=st.booleans())
    def ask(self, lag: int, frames_first: bool) -> None:
        self.now = max(self.now, self.asks.pop(0).not_before_ns)
        if frames_first:
            self.flush()
        self.answers.append(self.venue.next_nonce(KEY, self.now, lag))

    @precondition(lambda self: self.answers)
    @rule()
    def hear_the_next_nonce(self) -> None:
        answer = self.answers.pop(0)
        self.is_truth_hidden |= answer != self.venue.expected(KEY)
        self.carry_out(self.lane.refreshed(answer, self.now))

    @precondition(lambda self: self.lane.epoch > 1)
    @rule(nonce=st.integers(SEED, SEED + 7), back=copies, verdict=st.sampled_from(VERDICTS))
    def hear_an_old_verdict(self, nonce: int, back: int, verdict: str) -> None:
        """Whatever is said of a nonce of an earlier epoch changes nothing."""
        before = self.lane.status()
        epoch = self.lane.epoch - 1 - back % (self.lane.epoch - 1)
        assert getattr(self.lane, verdict)(nonce, epoch, self.now) == ()
        assert self.lane.status() == before

    # -- HALT -------------------------------------------------------------------------------------

    @precondition(lambda self: not self.halts and len(self.copies) >= MAX_TXS)
    @rule()
    def halt(self) -> None:
        """The client gives up what is certainly not at the venue."""
        self.halts += 1
        self.carry_out(self.lane.halt("operator"))
        assert self.lane.status().halt_reason == "operator"
        while self.unsent:
            self.tell(self.unsent.pop(), "withdrawn")
        for copy in list(self.bound.values()):
            if copy.verdict == "stale" and not copy.is_closed:
                self.close(copy, "given up")
        for tx in self.queue:
            tx.finish("given up")
        self.queue.clear()

    @precondition(lambda self: self.lane.state is LaneState.HALTED)
    @rule(lag=st.sampled_from([0, SETTLE]))
    def seed(self, lag: int) -> None:
        """The old epoch's transactions in doubt are left to their hashes."""
        answer = self.venue.next_nonce(KEY, self.now, lag)
        self.is_truth_hidden |= answer != self.venue.expected(KEY) or bool(self.wire)
        doubted = [c for c in self.bound.values() if c.verdict == "unknown" and not c.is_closed]
        self.carry_out(self.lane.seed(answer))
        for copy in doubted:
            self.doubt(copy, resends=False)

    # -- PARTIES ----------------------------------------------------------------------------------

    def bind(self) -> None:
        """Bind the next transaction to the next nonce."""
        if self.queue:
            tx = self.queue.pop(0)
        else:
            tx = Tx(len(self.txs))
            self.txs.append(tx)
        copy = Copy(len(self.copies), tx, self.lane.issue(), self.lane.epoch)
        assert copy.nonce not in self.bound, f"{copy.nonce} is bound to {self.bound[copy.nonce]}"
        self.copies[copy.number] = copy
        self.bound[copy.nonce] = copy
        self.unsent.append(copy)

    def process(self, copy: Copy, *, refuses: bool = False, answers: bool = True) -> None:
        """The venue judges a frame; a refusal for its content may come before the nonce check."""
        verdict = "stale"
        if refuses:
            verdict = "refused"
        elif self.venue.check(KEY, (Claim(copy.nonce),)) is None:
            self.venue.accept(KEY, copy.number, Claim(copy.nonce))
            self.at_venue.add(copy.number)
            verdict = "accepted"
        if answers:
            self.replies.append((copy, verdict))

    @property
    def may_mislead(self) -> bool:
        """Whether something happened that no verdict can show."""
        return self.overtakes or self.is_truth_hidden or bool(self.foreign or self.vanishings)

    @property
    def is_quiet(self) -> bool:
        """Whether nothing is under way: who waits now waits in vain."""
        return not self.wire and not self.replies

    def flush(self) -> None:
        """All frames on the wire arrive, in order."""
        while self.wire:
            self.process(self.wire.pop(0))

    def silent(self) -> list[Copy]:
        """Return the copies that were sent and have no verdict yet."""
        unsent = {copy.number for copy in self.unsent}
        return [c for c in self.copies.values() if not c.verdict and c.number not in unsent]

    def dropped(self) -> list[Copy]:
        """Return the accepted copies that vanished, as far as the client still relies on them."""
        return [copy for copy in self.accepted.values() if copy.number in self.vanished]

    def tell(self, copy: Copy, verdict: str) -> None:
        """A verdict reaches client and lane, as long as the client has not closed that copy."""
        if not copy.is_closed:
            copy.verdict = verdict
            if verdict in ("accepted", "refused"):
                copy.is_closed = True
            if verdict == "accepted":
                self.accepted[copy.nonce] = copy
            elif verdict == "refused":
                copy.tx.finish("refused")
            elif verdict == "withdrawn":
                copy.is_closed = True
                self.enqueue(copy.tx)
            elif copy.epoch != self.lane.epoch or self.lane.state is LaneState.HALTED:
                self.tell_after_a_halt(copy, verdict)
        self.carry_out(getattr(self.lane, verdict)(copy.nonce, copy.epoch, self.now))

    def tell_after_a_halt(self, copy: Copy, verdict: str) -> None:
        """Nothing of a halted epoch is sent again."""
        if verdict == "stale":
            self.close(copy, "given up")
        elif copy.epoch != self.lane.epoch:
            self.doubt(copy, resends=False)

    def enqueue(self, tx: Tx) -> None:
        if self.lane.state is LaneState.HALTED:
            tx.finish("given up")
        elif not tx.end:
            self.queue.append(tx)
            self.queue.sort(key=lambda tx: tx.place)

    def close(self, copy: Copy, end: str = "") -> None:
        assert not copy.is_closed, f"{copy} was closed already"
        copy.is_closed = True
        if end:
            copy.tx.finish(end)

    def doubt(self, copy: Copy, *, resends: bool = True) -> None:
        """Look a copy up by its identity; its frame has arrived by then, or never will."""
        self.close(copy)
        if copy in self.wire:
            self.wire.remove(copy)
            if self.late_frames_arrive:
                self.process(copy, answers=False)
        if copy.number in self.at_venue:
            self.accepted[copy.nonce] = copy
            self.lane.spent(copy.nonce)
        elif resends:
            self.enqueue(copy.tx)
        else:
            copy.tx.finish("given up")

    # -- DECISIONS --------------------------------------------------------------------------------

    def carry_out(self, decisions: Decisions) -> None:
        bound = self.bound
        if self.lane.epoch != self.epoch:
            self.bound, self.epoch = {}, self.lane.epoch
        for decision in decisions:
            match decision:
                case Seeded() | Halted():
                    pass
                case RolledBack(nonce=nonce):
                    assert bound[nonce].verdict in ("refused", "withdrawn")
                    del bound[nonce]
                case Froze(cause=cause, nonce=nonce):
                    self.freezes += 1
                    assert cause is FreezeCause.VANISHED or nonce in bound
                case AskVenue():
                    self.asks.append(decision)
                case Resolved(nonce=nonce):
                    self.resolve(bound[nonce])
                case ForeignWriter():
                    assert self.foreign or self.is_truth_hidden
                case Healed():
                    self.heal(decision, bound)

    def resolve(self, copy: Copy) -> None:
        """A halted lane does not learn what a late reply said; the client has closed that copy."""
        if self.lane.state is not LaneState.HALTED:
            assert copy.verdict == "unknown"
        if not copy.is_closed:
            self.doubt(copy, resends=self.lane.state is not LaneState.HALTED)

    def heal(self, healed: Healed, bound: dict[int, Copy]) -> None:
        """Take each nonce of a heal for what it is, and miss none."""
        waiting = {n: c for n, c in bound.items() if not c.is_closed}
        stale = [n for n, copy in waiting.items() if copy.verdict == "stale"]
        unknown = [n for n, copy in waiting.items() if copy.verdict == "unknown"]
        assert list(healed.doomed) == sorted(stale)
        assert sorted((*healed.spent, *healed.unspent)) == sorted(unknown)
        assert sorted(waiting) == sorted((*stale, *unknown))
        is_wrong = any(bound[n].number in self.at_venue for n in healed.unspent)
        assert not is_wrong or self.may_mislead or healed.source is RebaseSource.REFRESHED
        for nonce in healed.doomed:
            self.close(bound[nonce])
            self.enqueue(bound[nonce].tx)
        for nonce in (*healed.spent, *healed.unspent):
            self.doubt(bound[nonce])
        for i, nonce in enumerate(healed.vanished):
            self.drop(self.accepted.pop(nonce, None), is_first=i == 0)

    def drop(self, copy: Copy | None, *, is_first: bool) -> None:
        """The first to vanish is reported; its followers are sent again if they are not there."""
        if copy is None or copy.number in self.at_venue:
            return
        if is_first:
            copy.tx.finish("vanished")
        else:
            self.enqueue(copy.tx)

    # -- WHAT MUST ALWAYS HOLD --------------------------------------------------------------------

    @invariant()
    def nothing_is_executed_twice_or_after_its_end(self) -> None:
        for tx in self.txs:
            assert self.executed[tx.place] <= (0 if tx.end else 1), (tx.place, tx.end)

    @invariant()
    def status_is_what_the_client_sees(self) -> None:
        status = self.lane.status()
        state = self.lane.state
        in_flight = sum(not copy.verdict for copy in self.bound.values())
        assert status.in_flight == in_flight <= status.depth <= self.max_depth
        assert status.issued == len(self.copies)
        assert status.refreshes <= self.freezes
        assert status.heals <= self.freezes
        assert status.epoch == 1 + status.heals + self.halts - (state is LaneState.HALTED)
        assert status.baseline is not None
        assert status.last_issued is not None
        assert 0 <= status.last_issued - status.baseline <= self.max_depth
        assert (self.lane.frozen_since_ns is not None) == (state in FROZEN)
        assert state is not LaneState.DRAINING or in_flight
        assert state is not LaneState.REFRESHING or not in_flight

    @invariant()
    def an_open_lane_keeps_nobody_waiting(self) -> None:
        if self.lane.state is LaneState.OPEN:
            assert all(c.is_closed or not c.verdict for c in self.bound.values())

    @invariant()
    def a_lane_that_cannot_issue_says_why_and_changes_nothing(self) -> None:
        if not self.lane.can_issue():
            before = self.lane.status()
            with pytest.raises(NonceError):
                self.lane.issue()
            assert self.lane.status() == before

    # -- THE END ----------------------------------------------------------------------------------

    def teardown(self) -> None:
        """When the faults stop, the lane finds the venue's nonce, and nothing is left behind."""
        if not hasattr(self, "lane"):
            return
        self.settle()
        self.recover()
        for copy in self.dropped():
            self.carry_out(self.lane.vanished(copy.nonce, self.now))
        self.settle()
        self.recover()
        for tx in self.txs:
            has_vanished = any(
                copy.number in self.vanished for copy in self.copies.values() if copy.tx is tx
            )
            assert tx.end or has_vanished or self.executed[tx.place] == 1, tx.place
        self.nothing_is_executed_twice_or_after_its_end()

    def recover(self) -> None:
        """The next transaction is accepted after a bounded number of heals."""
        heals = self.lane.status().heals
        probe = Tx(len(self.txs))
        self.txs.append(probe)
        self.queue.append(probe)
        self.settle()
        assert self.executed[probe.place] == 1
        assert self.lane.status().heals <= heals + HEALS_TO_RECOVER

    def settle(self) -> None:
        """Let everything that waits happen, without faults, until nothing is left to happen."""
        for _ in range(100):
            if self.lane.state is LaneState.HALTED:
                self.seed(lag=0)
            if self.lane.state in FROZEN:
                while self.unsent:
                    self.withdraw(which=len(self.unsent) - 1)
            while self.queue and self.lane.can_issue():
                self.bind()
            self.send()
            self.settle_the_venue()
            if self.lane.state is LaneState.OPEN and not self.queue:
                return
        raise AssertionError("the lane did not come to rest")

    def settle_the_venue(self) -> None:
        self.flush()
        while self.replies:
            self.hear(which=0)
        for copy in self.silent():
            self.tell(copy, "unknown")
        while self.venue.pending(KEY):
            self.execute()
        while self.answers:
            self.hear_the_next_nonce()
        while self.asks:
            self.ask(lag=0, frames_first=True)
            self.hear_the_next_nonce()


class OrderedMachine(LaneMachine):
    """The venue takes one socket's frames in the order in which they were sent."""

    overtakes = False


class OvertakingMachine(LaneMachine):
    """The venue may take n + 1 before n."""

    overtakes = True


BOUNDS = settings(max_examples=200, stateful_step_count=50, deadline=None)
OrderedMachine.TestCase.settings = BOUNDS
OvertakingMachine.TestCase.settings = BOUNDS

test_lane_on_an_ordered_socket_keeps_its_promises = OrderedMachine.TestCase
test_lane_on_a_reordering_socket_keeps_its_promises = OvertakingMachine.TestCase
