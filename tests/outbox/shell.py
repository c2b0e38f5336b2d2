"""The shell around the shipped outbox in a small world: it carries out, and decides nothing."""

from __future__ import annotations

import pickle
from collections import deque
from dataclasses import dataclass
from typing import Any
from typing import Self

from nautilus_lighter_nonce.core.lane import NonceLane
from nautilus_lighter_nonce.core.manager import NonceManager
from nautilus_lighter_nonce.lighter.codes import Verdict
from nautilus_lighter_nonce.outbox import work as w
from nautilus_lighter_nonce.outbox.inquiry import QUESTION_NS
from nautilus_lighter_nonce.outbox.outbox import Outbox
from nautilus_lighter_nonce.outbox.patience import ReplyPatience
from nautilus_lighter_nonce.outbox.settings import OutboxSettings
from tests.outbox.bounds import BUDGETS
from tests.outbox.bounds import FOREVER_NS
from tests.outbox.bounds import SEC
from tests.outbox.bounds import Bounds
from tests.outbox.laws import BrokenError
from tests.outbox.laws import Laws
from tests.outbox.venue import Copy
from tests.outbox.venue import Venue


START_NS = 10**15


@dataclass
class Tx:
    """One transaction as the user sees it."""

    kind: str  # order, modify, cancel, undo, filler
    target: int = 0  # the order that a change concerns
    told: w.News | None = None


class _Steady(ReplyPatience):
    """Patience that learns nothing, so that no state of a world depends on its past."""

    def observe(self, round_trip_ns: int) -> None:
        """Take one measured round trip, and forget it."""

    def overtaken_ns(self) -> int:
        """Return how long to wait on for an answer that a later one has overtaken."""
        return 10 * SEC


class Shell:
    """The outbox and its lane, the venue, and all that lies between, in one picklable object."""

    def __init__(self, bounds: Bounds, settings: OutboxSettings | None = None) -> None:
        self.bounds = bounds
        self.left = {name: getattr(bounds, name) for name in BUDGETS}
        self.settings = settings or bounds.settings()
        self.now = START_NS
        lane = NonceLane(
            NonceManager(bounds.window),
            1,
            5,
            settle_ns=self.settings.settle_ns,
            disbelief_ns=2 * SEC,
        )
        lane.be_probed()
        lane.seed(0)
        self.outbox = Outbox(lane, self.settings)
        if bounds.steady:
            self.outbox._fates.flight._patience = _Steady()
        self.venue = Venue(bounds.late_fall)
        self.laws = Laws()
        self.txs: dict[int, Tx] = {}
        self.orders: list[int] = []
        self.connection = 1
        self.pipes: dict[int, deque[tuple[str, tuple[Copy, ...]]]] = {1: deque()}
        self.replies: deque[tuple[str, Verdict, int]] = deque()
        self.copies: dict[str, Copy] = {}
        self.to_sign: list[w.Sign] = []
        self.to_write: deque[w.Write] = deque()
        self.asked: int | None = None
        self.looks: list[int] = []
        self.unready: list[int] = []
        self.is_stopped = False
        self.outbox.connected(1, self.now)

    @property
    def lane(self) -> NonceLane:
        """The shipped lane."""
        return self.outbox.lane

    def freeze(self) -> tuple[bytes, bytes]:
        """Return this world as bytes: the outbox as it shows itself, and the rest."""
        outbox = self.__dict__.pop("outbox")
        try:
            return outbox.snapshot(), pickle.dumps(self.__dict__, -1)
        finally:
            self.outbox = outbox

    @classmethod
    def thaw(cls, blob: tuple[bytes, bytes]) -> Self:
        """Return a world from bytes, independent of the one they were made of."""
        world = cls.__new__(cls)
        world.__dict__.update(pickle.loads(blob[1]))
        world.outbox = Outbox.restored(blob[0])
        return world

    # -- CARRYING OUT -----------------------------------------------------------------------------

    def pump(self) -> bool:
        """Carry out all work, as the shell does; return whether more than look-ups came of it."""
        has_moved = False
        for _ in range(500):
            works = self.outbox.plan(self.now)
            if not works:
                self.laws.check_due(self.outbox)
                return has_moved
            for work in works:
                has_moved = has_moved or not isinstance(work, w.LookUp)
                self.carry_out(work)
        raise BrokenError("L0: plan never ends")

    def carry_out(self, work: w.Work) -> None:
        """Do one thing that the outbox asks for."""
        _DOES[type(work)](self, work)

    def _meet(self, number: int, what: Any) -> None:
        """Know a transaction that the outbox made by itself."""
        if number not in self.txs:
            is_filler = isinstance(what, w.Filler)
            target = 0 if is_filler else self.orders[what[1]]
            self.txs[number] = Tx("filler" if is_filler else "undo", target)

    def _sign_later(self, work: w.Sign) -> None:
        self._meet(work.tx, work.what)
        if self.bounds.slow:
            self.to_sign.append(work)
        else:
            self._sign(work)

    def _sign(self, work: w.Sign) -> None:
        stem = f"{work.tx}@{work.nonce}#"
        tx_hash = stem + str(sum(known.startswith(stem) for known in self.laws.hashes))
        self.copies[tx_hash] = (work.tx, work.nonce, tx_hash)
        life = self.bounds.life
        expires_ns = FOREVER_NS if life is None else self.now + life * SEC
        self.venue.expires[tx_hash] = expires_ns
        copy = w.Signed(tx_type=15, tx_info="", tx_hash=tx_hash, expires_ns=expires_ns)
        self.outbox.signed(work.write_id, copy, self.now)

    def _write_later(self, work: w.Write) -> None:
        if self.bounds.slow:
            self.to_write.append(work)
        else:
            self._write(work)

    def _write(self, work: w.Write) -> None:
        members = tuple(self.copies[copy.tx_hash] for copy in work.copies)
        self.laws.check_write(self, work, members)
        self.pipes[work.connection].append((work.frame_id, members))

    def _publish(self, work: w.Publish) -> None:
        if work.verdict is Verdict.REFUSED:
            self.laws.give_back(work.nonce)
        _VERDICTS[work.verdict](self.lane, work.nonce, work.epoch, self.now)

    def _withdraw(self, work: w.Withdraw) -> None:
        self.laws.give_back(work.nonce)
        self.lane.withdrawn(work.nonce, work.epoch, self.now)

    def _rebase(self, work: w.Rebase) -> None:
        if work.cause is w.Cause.VANISHED:
            self.lane.vanished(work.nonce, self.now)
        else:
            self.lane.doubted(work.nonce, self.now)

    def _tell(self, work: w.Tell) -> None:
        self._meet(work.tx, work.what)
        self.laws.check_tell(self, work)

    def _ask(self, work: w.AskCounter) -> None:
        if self.asked is not None and self.now < self.asked + QUESTION_NS:
            raise BrokenError("L1: two questions at a time")
        self.asked = self.now

    def _look(self, work: w.LookUp) -> None:
        if self.bounds.index:
            self.looks.append(work.nonce)

    def _replace(self, work: w.Replace) -> None:
        self._reconnect()

    def _give_back_unwritten(self) -> None:
        """Nothing of the frames that wait for the socket left, the latest goes back first."""
        frames = list(self.to_write)
        self.to_write.clear()
        for frame in reversed(frames):
            self.outbox.not_written(frame.frame_id, self.now)

    def _reconnect(self, seed: int | None = None) -> None:
        """What the old connection still carries may arrive later, its answers never do."""
        self.replies.clear()
        self._give_back_unwritten()
        self.outbox.connection_lost(self.now)
        self.pump()
        if seed is not None:
            self.lane.seed(seed)
            self.asked = None
            self.looks.clear()
            self.outbox.start(self.now)
        self.connection += 1
        self.pipes[self.connection] = deque()
        self.outbox.connected(self.connection, self.now)


_VERDICTS = {
    Verdict.ACCEPTED: NonceLane.accepted,
    Verdict.REFUSED: NonceLane.refused,
    Verdict.STALE: NonceLane.stale,
    Verdict.UNKNOWN: NonceLane.unknown,
}


def _ignore(shell: Shell, work: w.Work) -> None:
    """Nothing comes of it here."""


_DOES: dict[type[w.Work], Any] = {
    w.Sign: Shell._sign_later,
    w.Write: Shell._write_later,
    w.Publish: Shell._publish,
    w.Withdraw: Shell._withdraw,
    w.Spent: lambda shell, work: shell.lane.spent(work.nonce, shell.now, by_us=work.by_us),
    w.Rebase: Shell._rebase,
    w.Halt: lambda shell, work: shell.lane.halt(work.reason),
    w.Narrow: lambda shell, work: shell.lane.narrow(),
    w.Tell: Shell._tell,
    w.AskCounter: Shell._ask,
    w.LookUp: Shell._look,
    w.Replace: Shell._replace,
    w.Trouble: _ignore,
    w.Remark: _ignore,
}
