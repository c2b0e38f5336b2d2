"""
A small world around the shipped outbox and lane: a user, a nasty wire, and the venue.

What lives here: everything that may happen, one step at a time, carried out on the shipped code
alone. `offers` says what may happen, `laws` what no step may break. The only decisions here are the
venue's and the wire's.
"""

from __future__ import annotations

import pickle
from collections import deque
from dataclasses import dataclass
from typing import Any

from nautilus_lighter_nonce.core.lane import NonceLane
from nautilus_lighter_nonce.core.manager import NonceManager
from nautilus_lighter_nonce.lighter.codes import Code
from nautilus_lighter_nonce.lighter.codes import TxType
from nautilus_lighter_nonce.lighter.codes import Verdict
from nautilus_lighter_nonce.outbox import work as w
from nautilus_lighter_nonce.outbox.inquiry import QUESTION_NS
from nautilus_lighter_nonce.outbox.outbox import Outbox
from nautilus_lighter_nonce.outbox.settings import OutboxSettings
from tests.outbox.bounds import BUDGETS
from tests.outbox.bounds import FOREVER_NS
from tests.outbox.bounds import SEC
from tests.outbox.bounds import Bounds
from tests.outbox.laws import BrokenError
from tests.outbox.laws import Laws
from tests.outbox.offers import BUDGET_OF
from tests.outbox.offers import Offer
from tests.outbox.offers import offers
from tests.outbox.venue import LATER_CODE
from tests.outbox.venue import REFUSED_CODE
from tests.outbox.venue import Copy
from tests.outbox.venue import Venue


START_NS = 10**15
LAZY_TICKS = 3
"""Alarms in a row that a tick may pass over because nothing came of them."""


@dataclass
class Tx:
    """One transaction as the user sees it."""

    kind: str  # order, modify, cancel, undo, filler
    target: int = 0  # the order that a change concerns
    told: w.News | None = None


class World:
    """Everything, in one picklable object."""

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

    @staticmethod
    def thaw(blob: tuple[bytes, bytes]) -> World:
        """Return a world from bytes, independent of the one they were made of."""
        world = World.__new__(World)
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
                _DOES[type(work)](self, work)
        raise BrokenError("L0: plan never ends")

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

    # -- WHAT MAY HAPPEN --------------------------------------------------------------------------

    def moves(self) -> list[Offer]:
        """Return everything that may happen next, as (method name, argument)."""
        return offers(self)

    def do(self, name: str, argument: Any) -> None:
        """Let one thing happen, and carry out what follows."""
        budget = BUDGET_OF.get(name)
        if budget is not None:
            self.left[budget] -= 1
        if argument is None:
            getattr(self, name)()
        else:
            getattr(self, name)(argument)
        self.pump()
        self._forget_the_doomed()

    def _forget_the_doomed(self) -> None:
        """What an old connection carries to a nonce that is spent is stale, and nobody hears it."""
        for connection, pipe in list(self.pipes.items()):
            if connection != self.connection:
                alive = [frame for frame in pipe if frame[1][0][1] >= len(self.venue.log)]
                self.pipes[connection] = deque(alive)

    # -- THE USER ---------------------------------------------------------------------------------

    def submit(self) -> None:
        """The user submits an order, or a batch of two."""
        count = min(2, self.left["orders"]) if self.bounds.batch else 1
        self.left["orders"] -= count
        batch = len(self.txs) + 1 if count > 1 else None
        for _ in range(count):
            at = len(self.orders)
            number = self.outbox.submit(
                ("order", at),
                TxType.CREATE_ORDER,
                self.now,
                order=at,
                batch=batch,
                undo=("undo", at),
            )
            self.txs[number] = Tx("order")
            self.orders.append(number)

    def cancel(self, number: int) -> None:
        """The user cancels an order."""
        if not self.outbox.cancel(number, self.now):
            self._change("cancel", number, TxType.CANCEL_ORDER)

    def modify(self, number: int) -> None:
        """The user changes an order."""
        self._change("modify", number, TxType.MODIFY_ORDER)

    def _change(self, kind: str, number: int, tx_type: TxType) -> None:
        at = self.orders.index(number)
        place = self.outbox.submit(
            (kind, at), tx_type, self.now, order=at, repeats=kind == "cancel"
        )
        self.txs[place] = Tx(kind, number)

    def stop(self) -> None:
        """The client stops."""
        self.outbox.stop(self.now)

    # -- THE WIRE ---------------------------------------------------------------------------------

    def deliver(self, connection: int) -> None:
        """The venue reads the oldest frame of a connection."""
        frame_id, members = self.pipes[connection].popleft()
        self._reply(connection, frame_id, *self.venue.take(members, self.now))

    def refuse(self, connection: int) -> None:
        """The venue refuses the oldest frame for a reason of its own."""
        frame_id, _ = self.pipes[connection].popleft()
        self._reply(connection, frame_id, Verdict.REFUSED, REFUSED_CODE)

    def later(self, connection: int) -> None:
        """The venue says "too many requests" to the oldest frame."""
        frame_id, _ = self.pipes[connection].popleft()
        self._reply(connection, frame_id, Verdict.REFUSED, LATER_CODE)

    def lose_frame(self, connection: int) -> None:
        """The oldest frame of a connection never arrives."""
        self.pipes[connection].popleft()

    def _reply(self, connection: int, frame_id: str, verdict: Verdict, code: int) -> None:
        if connection == self.connection:
            self.replies.append((frame_id, verdict, code))

    def hear(self) -> None:
        """The client hears the oldest answer."""
        frame_id, verdict, code = self.replies.popleft()
        self.outbox.answered(frame_id, self.connection, code, verdict, self.now)

    def hear_nameless(self) -> None:
        """The client hears the oldest answer without the id that it belongs to."""
        _, verdict, code = self.replies.popleft()
        self.outbox.anonymous(self.connection, code, verdict, self.now)

    def garble(self) -> None:
        """The oldest answer says nothing."""
        frame_id, _, _ = self.replies.popleft()
        code = Code.INTERNAL_ERROR
        self.outbox.answered(frame_id, self.connection, code, Verdict.UNKNOWN, self.now)

    def lose_reply(self) -> None:
        """The oldest answer never arrives."""
        self.replies.popleft()

    def reconnect(self) -> None:
        """The connection is replaced."""
        self._reconnect()

    def _reconnect(self) -> None:
        """What the old connection still carries may arrive later, its answers never do."""
        self.replies.clear()
        self.to_write.clear()
        self.outbox.connection_lost(self.now)
        self.pump()
        self.connection += 1
        self.pipes[self.connection] = deque()
        self.outbox.connected(self.connection, self.now)

    # -- THE VENUE --------------------------------------------------------------------------------

    def execute(self, is_done: bool) -> None:
        """The sequencer executes what is next, or drops what cannot be next any more."""
        self.left["reverts"] -= not is_done
        tx = self.venue.execute(is_done and self._has_order(), self.now)
        if tx:
            self.laws.check_executed(self, tx)

    def _has_order(self) -> bool:
        """Return whether what is next finds the order that it changes."""
        tx = self.txs.get(self.venue.pending[0][0])
        if tx is None or not tx.target:
            return True
        done = {x.tx for x in self.venue.log if x.is_done}
        has_ended = any(self.txs[n].kind != "modify" for n in done if n and self._targets(n, tx))
        return tx.target in done and not has_ended

    def _targets(self, number: int, tx: Tx) -> bool:
        return self.txs[number].target == tx.target

    def vanish(self) -> None:
        """What is next leaves no trace."""
        self.venue.drop()

    def foreign(self) -> None:
        """Somebody else spends the next nonce."""
        self.venue.take_foreign()

    def see(self, nonce: int) -> None:
        """The client sees the record of what was executed at a nonce."""
        done = self.venue.log[nonce]
        done.is_hidden = False
        code = 0 if done.is_done else 21728
        self.outbox.record(nonce, done.tx_hash, 2, self.now, code=code)

    def rumour_0(self, tx_hash: str) -> None:
        """The client sees a record that says "failed" of what may still be executed."""
        self._rumour(tx_hash, 0)

    def rumour_1(self, tx_hash: str) -> None:
        """The client sees a record that says "pending"."""
        self._rumour(tx_hash, 1)

    def _rumour(self, tx_hash: str, status: int) -> None:
        self.outbox.record(self.copies[tx_hash][1], tx_hash, status, self.now)

    def show(self, nonce: int) -> None:
        """The client sees the private frame of an order."""
        self.venue.log[nonce].is_hidden = False
        self.outbox.shown(self.venue.log[nonce].tx, self.now)

    def settled(self) -> int:
        """Return the lowest that the counter may answer to the open question."""
        assert self.asked is not None
        return self.venue.settled(self.asked, self.settings.settle_ns)

    def count(self, is_old: bool) -> None:
        """The counter answers, at most as late as its lag allows."""
        self.left["lags"] -= is_old
        value = self.settled() if is_old else len(self.venue.log)
        asked, self.asked = self.asked, None
        assert asked is not None
        if self.lane.weigh(value, self.now) or not self.lane.believes(value):
            self.outbox.no_counter(self.now)
            return
        self.lane.refreshed(value, self.now)
        self.outbox.counter(value, asked, self.now)

    def mute(self) -> None:
        """The counter is not answered."""
        self.asked = None
        self.outbox.no_counter(self.now)

    def look(self, nonce: int) -> None:
        """A look-up finds the record, or nothing while it is late."""
        self.looks.remove(nonce)
        if nonce < len(self.venue.log):
            self.see(nonce)
        self.outbox.looked_up(nonce, self.now)

    # -- THE SHELL --------------------------------------------------------------------------------

    def sign(self, at: int) -> None:
        """The signer is ready with one of what it signs."""
        self._sign(self.to_sign.pop(at))

    def unsign(self) -> None:
        """The signer cannot sign."""
        self.outbox.unsigned(self.to_sign.pop(0).write_id, "it was not signed", self.now)

    def flush(self) -> None:
        """The socket takes the oldest frame."""
        self._write(self.to_write.popleft())

    def fail_write(self) -> None:
        """The socket does not take the oldest frame; what waits behind it is not tried."""
        frame = self.to_write.popleft()
        self.to_write.clear()
        self.outbox.not_written(frame.frame_id, self.now)

    def tick(self) -> None:
        """Time passes until something comes of it."""
        for _ in range(LAZY_TICKS):
            due_ns = self.outbox.next_due()
            if due_ns is None:
                return
            self.now = max(self.now, due_ns)
            if self.pump():
                return


_VERDICTS = {
    Verdict.ACCEPTED: NonceLane.accepted,
    Verdict.REFUSED: NonceLane.refused,
    Verdict.STALE: NonceLane.stale,
    Verdict.UNKNOWN: NonceLane.unknown,
}


def _ignore(world: World, work: w.Work) -> None:
    """Nothing comes of it here."""


_DOES: dict[type[w.Work], Any] = {
    w.Sign: World._sign_later,
    w.Write: World._write_later,
    w.Publish: World._publish,
    w.Withdraw: World._withdraw,
    w.Spent: lambda world, work: world.lane.spent(work.nonce, world.now, by_us=work.by_us),
    w.Rebase: World._rebase,
    w.Halt: lambda world, work: world.lane.halt(work.reason),
    w.Narrow: lambda world, work: world.lane.narrow(),
    w.Tell: World._tell,
    w.AskCounter: World._ask,
    w.LookUp: World._look,
    w.Replace: World._replace,
    w.Trouble: _ignore,
    w.Remark: _ignore,
}
