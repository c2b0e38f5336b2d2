"""
The invariants that no step of a world may break.

S0 a frame is written on the connection that is up, in the order of nonces. S1 nothing executes
twice. S2 what was told ended never executes. S3 what was told alive, or reverted, did. S4 an
order's own transactions execute in their order. S5 no copy is written beside one that may be taken
at another nonce. S6 an end is told once, with a proof that is true. L0 plan ends. L1 there is one
question at a time. L2 something is due while a doubt is open. L3, the storms': it all ends. S7 the
state of a transaction fits its writes and the room it stands in.
"""

from __future__ import annotations

from typing import Any
from typing import ClassVar

from nautilus_lighter_nonce.outbox import work as w
from nautilus_lighter_nonce.outbox.entry import Entry
from nautilus_lighter_nonce.outbox.entry import WriteState
from nautilus_lighter_nonce.outbox.moves import DOUBTFUL
from nautilus_lighter_nonce.outbox.moves import TxState


FINAL = {w.News.ALIVE, w.News.REVERTED, w.News.REFUSED, w.News.GIVEN_UP, w.News.DROPPED}
ENDED = FINAL - {w.News.ALIVE, w.News.REVERTED}
ONCE = {"order", "modify"}
"""What must not be done twice; a cancel may."""


def _is_coherent(entry: Entry) -> bool:
    """Return whether the writes of a transaction are what its state says."""
    states = {write.state for write in entry.undead}
    match entry.state:
        case TxState.WAITING:
            return not states
        case TxState.WRITTEN:
            return WriteState.PENDING in states and WriteState.ACCEPTED not in states
        case TxState.ACCEPTED:
            return WriteState.ACCEPTED in states
        case TxState.DOUBT | TxState.SPENT:
            return WriteState.SILENT in states and WriteState.ACCEPTED not in states
        case TxState.UNWANTED:
            return bool(states)
    return True


def _writes(entry: Entry) -> list[tuple[int, str]]:
    return [(write.nonce, write.state.value) for write in entry.writes]


class BrokenError(AssertionError):
    """An invariant was broken; the text begins with its name."""


class Laws:
    """
    What the invariants need to remember.

    `waived` names those that do not count, so that a search goes on to what comes of breaking them.
    """

    waived: ClassVar[frozenset[str]] = frozenset()

    def __init__(self) -> None:
        self.written: set[int] = set()  # transactions of which a copy was on the wire
        self.hashes: set[str] = set()  # the copies that were
        self.last = (-1, -1)  # epoch and nonce of the latest write

    def check_due(self, outbox: Any) -> None:
        """Hold L2 and S7 against an outbox that has nothing to do."""
        if outbox.in_doubt and outbox.next_due() is None:
            raise BrokenError("L2: a doubt is open and nothing is due")
        fates = outbox._fates
        bound = {slot.entry.place for frame in fates.flight._turn for slot in frame.slots}
        waiting = {entry.place for entry in fates.queue}
        for place, entry in fates.entries.items():
            if not _is_coherent(entry) or (
                (entry.state is TxState.BOUND) != (place in bound)
                or (entry.state is TxState.WAITING) != (place in waiting)
                or (entry.state in DOUBTFUL and place not in fates.doubts)
            ):
                raise BrokenError(f"S7: {place} is {entry.state} with {_writes(entry)}")

    def check_write(self, world: Any, work: w.Write, members: tuple[Any, ...]) -> None:
        """Hold S0 and S5 against a frame that is written."""
        if work.connection != world.connection:
            raise BrokenError("S0: a frame is written on a connection that is gone")
        pipes = [frame for pipe in world.pipes.values() for _, frame in pipe]
        undead = world.venue.undead(pipes, world.now)
        for tx, nonce, tx_hash in members:
            self.written.add(tx)
            self.hashes.add(tx_hash)
            elsewhere = [n for t, n in undead if t == tx and n != nonce]
            if elsewhere and "S5" not in self.waived:
                raise BrokenError(f"S5: {tx} is written at {nonce} and alive at {elsewhere}")
        epoch, first = world.lane.epoch, members[0][1]
        if epoch == self.last[0] and first < self.last[1] and not world.bounds.slow:
            raise BrokenError(f"S0: nonce {first} is written after {self.last[1]}")
        self.last = (epoch, members[-1][1])

    def give_back(self, nonce: int) -> None:
        """The latest nonce was refused or withdrawn: it may be written again."""
        if nonce == self.last[1]:
            self.last = (self.last[0], nonce - 1)

    def check_tell(self, world: Any, work: w.Tell) -> None:
        """Hold S6 against what is told, and S2 and S3."""
        tx = world.txs[work.tx]
        if work.news not in FINAL:
            return
        if tx.told is not None:
            raise BrokenError(f"S6: {work.tx} was told {tx.told} and then {work.news}")
        tx.told = work.news
        if not self._is_true(world, work):
            raise BrokenError(f"S6: {work.tx} was told {work.news}, proof {work.proof.value!r}")
        self._check_fate(world, work.tx)

    def check_executed(self, world: Any, number: int) -> None:
        """Hold S1, S2 and S4 against what was just executed."""
        self._check_fate(world, number)
        self._check_order(world, number)

    def _is_true(self, world: Any, work: w.Tell) -> bool:
        log = world.venue.log
        match work.proof:
            case w.Proof.NONE:
                return False
            case w.Proof.NEVER_WRITTEN:
                return work.tx not in self.written
            case w.Proof.RECORD | w.Proof.FRAME:
                return any(done.tx == work.tx for done in log)
            case w.Proof.OVERTAKEN:
                nonces = {n for tx, n, _ in world.copies.values() if tx == work.tx}
                return any(n < len(log) and log[n].tx != work.tx for n in nonces)
        return work.tx in self.written or world.bounds.slow

    def _check_fate(self, world: Any, number: int) -> None:
        tx = world.txs[number]
        if tx.kind == "filler":
            return
        log = world.venue.log
        done = [at for at, x in enumerate(log) if x.tx == number and x.is_done]
        if len(done) > 1 and tx.kind in ONCE:
            raise BrokenError(f"S1: {number} was executed twice, at {done}")
        if tx.told in ENDED and done:
            raise BrokenError(f"S2: {number} was told {tx.told} and was executed at {done}")
        if tx.told is w.News.ALIVE and not done:
            raise BrokenError(f"S3: {number} was told alive and was never executed")
        if tx.told is w.News.REVERTED and not any(x.tx == number for x in log):
            raise BrokenError(f"S3: {number} was told reverted and was never executed")

    def _check_order(self, world: Any, number: int) -> None:
        """Hold S4: changes take effect in their order, none brings a canceled order to life."""
        tx = world.txs[number]
        root = number if tx.kind == "order" else tx.target
        last = world.venue.log[-1]
        if not root or not last.is_done:
            return
        for done in world.venue.log[:-1]:
            other = world.txs.get(done.tx)
            if other is None or other.target != root or done.tx < number:
                continue
            if done.is_done or (other.kind == "cancel" and tx.kind == "order"):
                raise BrokenError(f"S4: {number} was executed after {done.tx}, its {other.kind}")
