"""
A small world around the shipped outbox and lane: a user, a nasty wire, and the venue's sequencer.

What lives here: what may happen, one step at a time (`moves`), carried out on the shipped code alone; and
the invariants that no step may break. The search picks all steps, the storms random ones. The only
decisions here are the venue's and the wire's.
"""

from __future__ import annotations

import pickle
from collections import deque
from dataclasses import dataclass
from dataclasses import field
from typing import Any

from nautilus_lighter_nonce.core import decisions as d
from nautilus_lighter_nonce.core.lane import NonceLane
from nautilus_lighter_nonce.core.manager import NonceManager
from nautilus_lighter_nonce.lighter.codes import TxType
from nautilus_lighter_nonce.lighter.codes import Verdict
from nautilus_lighter_nonce.outbox import work as w
from nautilus_lighter_nonce.outbox.outbox import Outbox
from nautilus_lighter_nonce.outbox.settings import OutboxSettings
from tests.outbox.canon import canon


SEC = 1_000_000_000
TICKS = OutboxSettings(
    reply_timeout_ns=2 * SEC,
    settle_ns=SEC,
    max_age_ns=None,
    queue_timeout_ns=1_000 * SEC,
    show_ns=SEC,
    suspect_ns=2 * SEC,
    expiry_margin_ns=SEC,
)
FINAL = {w.News.ALIVE, w.News.REVERTED, w.News.REFUSED, w.News.GIVEN_UP, w.News.DROPPED}
ENDED = FINAL - {w.News.ALIVE}
REFUSED_CODE, STALE_CODE, LATER_CODE = 21739, 21104, 23000


class BrokenError(AssertionError):
    """An invariant was broken; the text begins with its name."""


@dataclass(frozen=True)
class Bounds:
    """How often each kind of thing may happen."""

    orders: int = 2
    cancels: int = 1
    writes: int = 5
    connections: int = 2
    lost_frames: int = 0
    lost_replies: int = 1
    refusals: int = 1
    laters: int = 0
    vanishings: int = 1
    reverts: int = 0
    foreign: int = 0
    ticks: int = 4
    lags: int = 1
    stops: int = 0
    frames: bool = True  # private frames show orders, not only records
    late_fall: bool = False  # followers of what vanished fall when they are reached
    batch: bool = False
    window: int = 4


@dataclass
class Tx:
    """One transaction as the user sees it."""

    kind: str
    target: int = 0
    told: w.News | None = None


@dataclass
class Venue:
    """Lighter's nonce law: one counter at the door, one behind it."""

    expected: int = 0
    pending: list[tuple[int, int, str]] = field(default_factory=list)  # nonce, tx, hash
    log: list[tuple[int, str, bool]] = field(default_factory=list)  # tx, hash, done: the executed
    times: list[int] = field(default_factory=list)
    hidden: set[int] = field(default_factory=set)  # executed nonces that nothing has shown yet


class World:
    """Everything, in one picklable object."""

    def __init__(self, bounds: Bounds, settings: OutboxSettings = TICKS) -> None:
        self.bounds = bounds
        self.left = {
            name: getattr(bounds, name)
            for name in (
                *("orders", "cancels", "lost_frames", "lost_replies", "refusals", "laters"),
                *("vanishings", "reverts", "foreign", "ticks", "lags", "stops"),
            )
        }
        self.settings = settings
        self.now = 10**15
        self.lane = NonceLane(
            NonceManager(bounds.window),
            1,
            5,
            settle_ns=settings.settle_ns,
            disbelief_ns=2 * SEC,
        )
        self.lane.be_probed()
        self.outbox = Outbox(self.lane, settings)
        self.venue = Venue()
        self.txs: dict[int, Tx] = {}
        self.connection = 1
        self.pipes: dict[int, deque[tuple[str, tuple[tuple[int, int, str], ...]]]] = {1: deque()}
        self.replies: deque[tuple[str, Verdict, int]] = deque()
        self.copies = 0
        self.written = 0
        self.signed: dict[str, tuple[int, int]] = {}  # hash: tx, nonce
        self.expires: dict[str, int] = {}
        self.question: int | None = None  # not before this time
        self.asked: int | None = None
        self.looks: dict[int, tuple[str, ...]] = {}
        self._carry(self.lane.seed(0))
        self.outbox.connected(1, self.now)

    def freeze(self) -> bytes:
        """Return this world as bytes."""
        return pickle.dumps(self, -1)

    @staticmethod
    def thaw(blob: bytes) -> World:
        """Return a world from bytes, independent of the one they were made of."""
        world: World = pickle.loads(blob)
        return world

    # -- CARRYING OUT -----------------------------------------------------------------------------

    def pump(self) -> None:
        """Carry out all work, as the shell does."""
        for _ in range(500):
            works = self.outbox.plan(self.now)
            if not works:
                return
            for work in works:
                self._do(work)
        raise BrokenError("L0: plan never ends")

    def _do(self, work: w.Work) -> None:
        match work:
            case w.Sign():
                self.copies += 1
                tx_hash = f"{work.tx}@{work.nonce}#{self.copies}"
                self.signed[tx_hash] = (work.tx, work.nonce)
                expires = self.expires[tx_hash] = self.now + 599 * SEC
                copy = w.Signed(tx_type=15, tx_info="", tx_hash=tx_hash, expires_ns=expires)
                if work.tx not in self.txs:
                    self.txs[work.tx] = Tx("filler" if isinstance(work.what, w.Filler) else "undo")
                self.outbox.signed(work.write_id, copy, self.now)
            case w.Write():
                self._write(work)
            case w.Publish():
                moves = {
                    Verdict.ACCEPTED: self.lane.accepted,
                    Verdict.REFUSED: self.lane.refused,
                    Verdict.STALE: self.lane.stale,
                    Verdict.UNKNOWN: self.lane.unknown,
                }
                self._carry(moves[work.verdict](work.nonce, work.epoch, self.now))
            case w.Withdraw():
                self._carry(self.lane.withdrawn(work.nonce, work.epoch, self.now))
            case w.Spent():
                self._carry(self.lane.spent(work.nonce, self.now, by_us=work.by_us))
            case w.Rebase():
                move = self.lane.vanished if work.cause is w.Cause.VANISHED else self.lane.doubted
                self._carry(move(work.nonce, self.now))
            case w.Tell():
                self._tell(work)
            case w.AskCounter():
                self.question = self.now
            case w.LookUp():
                self.looks[work.nonce] = work.hashes
            case w.Replace():
                self.reconnect()
            case w.Halt():
                self._carry(self.lane.halt(work.reason))
            case w.Narrow():
                self.lane.narrow()

    def _carry(self, decisions: d.Decisions) -> None:
        """The lane's decisions are news; what it wants to know, the outbox asks."""

    def _write(self, work: w.Write) -> None:
        if work.connection != self.connection:
            raise BrokenError("S0: a frame is written on a connection that is gone")
        members = tuple((*self.signed[c.tx_hash], c.tx_hash) for c in work.copies)
        self.written += len(members)
        for tx, nonce, _ in members:
            elsewhere = [n for t, n in self._alive_copies() if t == tx and n != nonce]
            if elsewhere and self.txs[tx].kind != "filler":
                raise BrokenError(f"S5: {tx} is written at {nonce} and alive at {elsewhere}")
        self.pipes[work.connection].append((work.frame_id, members))

    def _alive_copies(self) -> list[tuple[int, int]]:
        in_pipes = [
            (tx, nonce, tx_hash)
            for pipe in self.pipes.values()
            for _, members in pipe
            for tx, nonce, tx_hash in members
            if nonce >= len(self.venue.log)
        ]
        pending = [(tx, nonce, tx_hash) for nonce, tx, tx_hash in self.venue.pending]
        return [
            (tx, nonce)
            for tx, nonce, tx_hash in in_pipes + pending
            if self.expires.get(tx_hash, self.now + 1) > self.now
        ]

    def _tell(self, work: w.Tell) -> None:
        tx = self.txs[work.tx]
        if work.news not in FINAL:
            return
        if tx.told is not None:
            raise BrokenError(f"S6: {work.tx} was told {tx.told} and then {work.news}")
        if work.proof is w.Proof.NONE:
            raise BrokenError(f"S6: {work.tx} was told {work.news} without proof")
        tx.told = work.news
        self._check(work.tx)

    def _check(self, number: int) -> None:
        tx = self.txs[number]
        done = [at for at, (other, _, ok) in enumerate(self.venue.log) if other == number and ok]
        if len(done) > 1 and tx.kind == "order":
            raise BrokenError(f"S1: {number} was executed twice, at {done}")
        if tx.told in ENDED and done and tx.kind == "order":
            raise BrokenError(f"S2: {number} was told {tx.told} and was executed at {done}")
        if tx.told is w.News.ALIVE and not any(o == number for o, _, _ in self.venue.log):
            raise BrokenError(f"S3: {number} was told alive and was never executed")
        if tx.kind == "order" and done:
            earlier = [o for o, _, _ in self.venue.log[: done[0]]]
            if any(
                o and self.txs[o].kind == "cancel" and self.txs[o].target == number for o in earlier
            ):
                raise BrokenError(f"S4: {number} was executed after its cancel")

    # -- WHAT MAY HAPPEN --------------------------------------------------------------------------

    def moves(self) -> list[tuple[str, Any]]:
        """Return everything that may happen next, as (method name, argument)."""
        out: list[tuple[str, Any]] = []
        left, venue = self.left, self.venue
        if left["orders"]:
            out.append(("submit", None))
        for number, tx in self.txs.items():
            known = tx.kind == "order" and tx.told is None
            cancelled = any(t.target == number for t in self.txs.values())
            if left["cancels"] and known and not cancelled:
                out.append(("cancel", number))
        for connection, pipe in self.pipes.items():
            if pipe:
                out.append(("deliver", connection))
                if left["refusals"]:
                    out.append(("refuse", connection))
                if left["laters"]:
                    out.append(("later", connection))
                if left["lost_frames"]:
                    out.append(("lose_frame", connection))
        if self.replies:
            out.append(("hear", None))
            if left["lost_replies"]:
                out.append(("lose_reply", None))
        if venue.pending:
            out.append(("execute", True))
            if left["reverts"]:
                out.append(("execute", False))
            if left["vanishings"]:
                out.append(("vanish", None))
        for nonce in sorted(venue.hidden):
            out.append(("see", nonce))
            tx = self.txs.get(venue.log[nonce][0])
            if self.bounds.frames and tx and tx.kind == "order" and venue.log[nonce][2]:
                out.append(("show", nonce))
        if self.question is not None and self.question <= self.now:
            out.append(("count", 0))
            if (
                left["lags"]
                and venue.times
                and self.now - venue.times[-1] < self.settings.settle_ns
            ):
                out.append(("count", 1))
        for nonce in self.looks:
            out.append(("look", nonce))
        if self.connection < self.bounds.connections and any(self.pipes.values()):
            out.append(("reconnect", None))
        if left["foreign"]:
            out.append(("foreign", None))
        if left["stops"] and self.txs:
            out.append(("stop", None))
        if left["ticks"] and self._due() is not None:
            out.append(("tick", None))
        return out

    def do(self, name: str, argument: Any) -> None:
        """Let one thing happen, and carry out what follows."""
        getattr(self, name)(*(() if argument is None else (argument,)))
        self.pump()

    def _due(self) -> int | None:
        due = self.outbox.next_due()
        dues = [] if due is None else [max(due, self.now)]
        if self.question is not None and self.question > self.now:
            dues.append(self.question)
        return min(dues, default=None)

    def submit(self) -> None:
        """The user submits an order, or a batch of two."""
        count = min(2, self.left["orders"]) if self.bounds.batch else 1
        self.left["orders"] -= count
        batch = len(self.txs) + 1 if count > 1 else None
        for _ in range(count):
            name = f"order {len(self.txs) + 1}"
            tx = self.outbox.submit(name, TxType.CREATE_ORDER, self.now, order=name, batch=batch)
            self.txs[tx] = Tx("order")

    def cancel(self, number: int) -> None:
        """The user cancels an order."""
        self.left["cancels"] -= 1
        if self.outbox.cancel(number, self.now):
            return
        what = f"cancel of {number}"
        order = next(
            (e.order for e in self.outbox._fates.entries.values() if e.place == number), None
        )
        tx = self.outbox.submit(what, TxType.CANCEL_ORDER, self.now, order=order, repeats=True)
        self.txs[tx] = Tx("cancel", number)

    def deliver(self, connection: int) -> None:
        """The venue reads the oldest frame of a connection."""
        frame_id, members = self.pipes[connection].popleft()
        if any(self.expires[tx_hash] <= self.now for _, _, tx_hash in members):
            self._reply(connection, frame_id, Verdict.REFUSED, 21711)
            return
        if members[0][1] != self.venue.expected:
            self._reply(connection, frame_id, Verdict.STALE, STALE_CODE)
            return
        for tx, nonce, tx_hash in members:
            self.venue.pending.append((nonce, tx, tx_hash))
            self.venue.expected = nonce + 1
        self._reply(connection, frame_id, Verdict.ACCEPTED, 200)

    def refuse(self, connection: int) -> None:
        """The venue refuses the oldest frame for a reason of its own."""
        self.left["refusals"] -= 1
        frame_id, _ = self.pipes[connection].popleft()
        self._reply(connection, frame_id, Verdict.REFUSED, REFUSED_CODE)

    def later(self, connection: int) -> None:
        """The venue says "too many requests" to the oldest frame."""
        self.left["laters"] -= 1
        frame_id, _ = self.pipes[connection].popleft()
        self._reply(connection, frame_id, Verdict.REFUSED, LATER_CODE)

    def lose_frame(self, connection: int) -> None:
        """The oldest frame of a connection never arrives."""
        self.left["lost_frames"] -= 1
        self.pipes[connection].popleft()

    def _reply(self, connection: int, frame_id: str, verdict: Verdict, code: int) -> None:
        if connection == self.connection:
            self.replies.append((frame_id, verdict, code))

    def hear(self) -> None:
        """The client hears the oldest answer."""
        frame_id, verdict, code = self.replies.popleft()
        self.outbox.answered(frame_id, self.connection, code, verdict, self.now)

    def lose_reply(self) -> None:
        """The oldest answer never arrives."""
        self.left["lost_replies"] -= 1
        self.replies.popleft()

    def execute(self, done: bool) -> None:
        """The sequencer executes what is next, or drops what cannot be next any more."""
        self.left["reverts"] -= not done
        nonce, tx, tx_hash = self.venue.pending[0]
        if self.expires.get(tx_hash, self.now + 1) <= self.now:
            self._fall()
            return
        self.venue.pending.pop(0)
        if nonce != len(self.venue.log):
            return
        self.venue.log.append((tx, tx_hash, done))
        self.venue.times.append(self.now)
        self.venue.hidden.add(nonce)
        if tx:
            self._check(tx)

    def vanish(self) -> None:
        """What is next leaves no trace, and its nonce stays unspent."""
        self.left["vanishings"] -= 1
        self._fall()

    def _fall(self) -> None:
        first, *rest = self.venue.pending
        at = len(self.venue.log)
        self.venue.pending = rest if self.bounds.late_fall or first[0] != at else []
        for nonce, _, _ in self.venue.pending:
            at += nonce == at
        self.venue.expected = at

    def see(self, nonce: int) -> None:
        """The client sees the record of what was executed at a nonce."""
        tx, tx_hash, done = self.venue.log[nonce]
        self.venue.hidden.discard(nonce)
        code = 0 if done else 21728
        self.outbox.record(nonce, tx_hash, 2, self.now, code=code)

    def show(self, nonce: int) -> None:
        """The client sees the private frame of an order."""
        tx, _, _ = self.venue.log[nonce]
        self.venue.hidden.discard(nonce)
        self.outbox.shown(tx, self.now)

    def count(self, behind: int) -> None:
        """The counter answers, at most as late as its lag allows."""
        if behind:
            self.left["lags"] -= 1
        self.question = None
        value = max(0, len(self.venue.log) - behind)
        if self.lane.weigh(value, self.now) or not self.lane.believes(value):
            self.outbox.no_counter(self.now)
            return
        self._carry(self.lane.refreshed(value, self.now))
        self.outbox.counter(value, self.now, self.now)

    def look(self, nonce: int) -> None:
        """A look-up finds the record, or nothing while it is late."""
        self.looks.pop(nonce)
        if nonce < len(self.venue.log):
            tx, tx_hash, done = self.venue.log[nonce]
            self.venue.hidden.discard(nonce)
            self.outbox.record(nonce, tx_hash, 2, self.now, code=0 if done else 21728)
        self.outbox.looked_up(nonce, self.now)

    def reconnect(self) -> None:
        """The connection is replaced; what it still carries may arrive later."""
        self.replies.clear()
        self.outbox.connection_lost(self.now)
        self.pump()
        self.connection += 1
        self.pipes[self.connection] = deque()
        self.outbox.connected(self.connection, self.now)

    def foreign(self) -> None:
        """Somebody else spends the next nonce."""
        self.left["foreign"] -= 1
        self.venue.pending.append((self.venue.expected, 0, f"foreign {self.venue.expected}"))
        self.venue.expected += 1

    def stop(self) -> None:
        """The client stops."""
        self.left["stops"] -= 1
        self.outbox.stop(self.now)

    def tick(self) -> None:
        """Time passes until something is due."""
        self.left["ticks"] -= 1
        due = self._due()
        if due is not None:  # else what was due is due now
            self.now = due

    # -- WHERE IT STANDS --------------------------------------------------------------------------

    def key(self) -> Any:
        """Return a canonical state: two worlds with the same one go on alike."""
        venue, now = self.venue, self.now
        age = bool(venue.times) and min(now - venue.times[-1], self.settings.settle_ns)
        return canon(
            (
                tuple(self.left.values()),
                self.connection,
                self.outbox,
                {c: p for c, p in self.pipes.items() if p},
                self.replies,
                (venue.expected, venue.pending, venue.log, sorted(venue.hidden), age),
                [(n, t.kind, t.told) for n, t in self.txs.items()],
                None if self.question is None else max(self.question, now),
                list(self.looks),
            ),
            now,
        )
