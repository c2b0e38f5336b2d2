"""
The law with one of its refinements taken away, each shown to break within seconds.

`python -m tests.outbox.mutants` prints the shortest way to what each breaks. A mutant changes the
shipped code while it is searched, in one place; `law` quotes the rule that it lacks.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from nautilus_lighter_nonce.outbox.answers import Answers
from nautilus_lighter_nonce.outbox.entry import Entry
from nautilus_lighter_nonce.outbox.entry import TxWrite
from nautilus_lighter_nonce.outbox.entry import WriteState
from nautilus_lighter_nonce.outbox.evidence import Evidence
from nautilus_lighter_nonce.outbox.flight import Flight
from nautilus_lighter_nonce.outbox.healing import Healing
from nautilus_lighter_nonce.outbox.healing import Ruling
from nautilus_lighter_nonce.outbox.moves import Input
from nautilus_lighter_nonce.outbox.moves import TxState
from nautilus_lighter_nonce.outbox.outbox import Outbox
from nautilus_lighter_nonce.outbox.proofs import Proofs
from nautilus_lighter_nonce.outbox.queue import Queue
from nautilus_lighter_nonce.outbox.work import Proof
from tests.outbox.bounds import Bounds
from tests.outbox.laws import Laws
from tests.outbox.search import Found
from tests.outbox.search import search


@dataclass(frozen=True)
class Mutant:
    """
    One refinement taken away.

    Parameters
    ----------
    law : str
        What the law says.
    owner, name : type, str
        The method that is changed.
    change : Callable
        Takes the method, returns what stands in for it.
    bounds : Bounds
        The world in which it breaks.

    """

    law: str
    owner: type
    name: str
    change: Callable[[Any], Any]
    bounds: Bounds

    @contextmanager
    def alive(self) -> Iterator[None]:
        """Change the shipped code for a while."""
        real = getattr(self.owner, self.name)
        setattr(self.owner, self.name, self.change(real))
        try:
            yield
        finally:
            setattr(self.owner, self.name, real)

    def hunt(self, seconds: float = 30.0, waived: frozenset[str] = frozenset()) -> Found:
        """Search its world, past the laws that are waived."""
        Laws.waived = waived
        try:
            with self.alive():
                return search(self.bounds, seconds)
        finally:
            Laws.waived = frozenset()


def _kill(fates: Any, writes: list[TxWrite], now_ns: int) -> None:
    """Take writes for dead, as the mutants do."""
    for write in writes:
        if write.is_undead:
            fates.evidence.kill(write, Proof.ANSWERED)
            fates.give(write.entry, Input.DIED, now_ns)


# -- RULE 3: DEAD NEVER BY ------------------------------------------------------------------------


def _dead_by_a_200(real: Any) -> Any:
    def accept(self: Answers, write: TxWrite, predicted_ms: int, now_ns: int) -> None:
        real(self, write, predicted_ms, now_ns)
        at = self._fates.evidence.undead(write.nonce)
        _kill(self._fates, [x for x in at if x.entry is not write.entry], now_ns)

    return accept


def _dead_by_status_0(real: Any) -> Any:
    def record(
        self: Outbox, nonce: int, tx_hash: str, status: Any, now_ns: int, **more: Any
    ) -> None:
        real(self, nonce, tx_hash, status, now_ns, **more)
        if status == 0:
            at = self._fates.evidence.undead(nonce)
            _kill(self._fates, [x for x in at if x.copy.tx_hash == tx_hash], now_ns)

    return record


def _executed_by_status_1(real: Any) -> Any:
    def record(
        self: Outbox, nonce: int, tx_hash: str, status: Any, now_ns: int, **more: Any
    ) -> None:
        real(self, nonce, tx_hash, 2 if status == 1 else status, now_ns, **more)

    return record


def _dead_by_absence(real: Any) -> Any:
    def looked_up(self: Outbox, nonce: int, now_ns: int) -> None:
        _kill(self._fates, self._fates.evidence.undead(nonce), now_ns)
        real(self, nonce, now_ns)

    return looked_up


def _dead_by_the_counter(real: Any) -> Any:
    def weigh(self: Proofs, entry: Entry, value: int, asked_ns: int, now_ns: int) -> None:
        real(self, entry, value, asked_ns, now_ns)
        silent = [x for x in entry.undead if x.state is WriteState.SILENT and x.nonce >= value]
        _kill(self._fates, silent, now_ns)

    return weigh


def _dead_by_the_clock(real: Any) -> Any:
    def weigh(self: Proofs, entry: Entry, value: int, asked_ns: int, now_ns: int) -> None:
        real(self, entry, value, now_ns, now_ns)

    return weigh


def _dead_by_a_mate(real: Any) -> Any:
    def record(self: Proofs, nonce: int, tx_hash: str, code: int, reason: str, now_ns: int) -> None:
        lost = [x for x in self._fates.evidence.undead(nonce) if x.copy.tx_hash != tx_hash]
        real(self, nonce, tx_hash, code, reason, now_ns)
        mates = [
            write
            for entry in list(self._fates.entries.values())
            for write in entry.undead
            if any(write.id.split(".")[0] == x.id.split(".")[0] for x in lost)
        ]
        _kill(self._fates, mates, now_ns)

    return record


# -- OTHER RULES ----------------------------------------------------------------------------------


def _answer_without_id_counts(real: Any) -> Any:
    def only_unanswered(self: Flight, connection: int) -> Any:
        return next(iter(self._written.values()), None)

    return only_unanswered


def _answer_kills_all(real: Any) -> Any:
    def kill(self: Evidence, write: TxWrite, proof: Proof = Proof.ANSWERED) -> None:
        for other in write.entry.undead if proof is Proof.ANSWERED else [write]:
            real(self, other, proof)

    return kill


def _alive_by_a_200(real: Any) -> Any:
    def accept(self: Answers, write: TxWrite, predicted_ms: int, now_ns: int) -> None:
        real(self, write, predicted_ms, now_ns)
        self._fates.give(write.entry, Input.SHOWN, now_ns, Proof.ANSWERED)

    return accept


def _doubted_takes_the_hole(real: Any) -> Any:
    def occupants(self: Healing, nonce: int, limit: int, now_ns: int) -> Any:
        ruling = real(self, nonce, limit, now_ns)
        if ruling is Ruling.FILLER:
            above = sorted(self._evidence.above(nonce), key=lambda write: write.nonce)
            doubted = [x.entry for x in above if x.entry.state is TxState.DOUBT]
            return doubted[:1] or ruling
        if isinstance(ruling, list) and ruling[0].state in (TxState.BOUND, TxState.WRITTEN):
            return Ruling.NOBODY  # it stands lower already
        return ruling

    return occupants


def _order_of_an_order_is_free(real: Any) -> Any:
    def fits(self: Queue, entry: Entry, nonce: int) -> bool:
        return True

    return fits


MUTANTS: dict[str, Mutant] = {
    "dead by a 200 for something else": Mutant(
        "3: not by a 200 for something else at n (it may vanish)",
        Answers,
        "_accept",
        _dead_by_a_200,
        Bounds(orders=1, cancels=1, reconnects=1, vanishings=1, ticks=1),
    ),
    "dead by status 0": Mutant(
        "3: not by a record of status 0",
        Outbox,
        "record",
        _dead_by_status_0,
        Bounds(orders=1, rumours=1, ticks=1),
    ),
    "executed by status 1": Mutant(
        "3 and 5: not by a record of status 1",
        Outbox,
        "record",
        _executed_by_status_1,
        Bounds(orders=1, rumours=1, vanishings=1, ticks=0),
    ),
    "dead by absence": Mutant(
        "3: not by absence from an index",
        Outbox,
        "looked_up",
        _dead_by_absence,
        Bounds(orders=1, index=True, ticks=2),
    ),
    "dead by the counter": Mutant(
        "3: not by the counter alone",
        Proofs,
        "_weigh",
        _dead_by_the_counter,
        Bounds(orders=1, reconnects=1, ticks=3, frames=False),
    ),
    "dead by the clock": Mutant(
        "3c: expired, and a counter question begun after the lag limit",
        Proofs,
        "_weigh",
        _dead_by_the_clock,
        Bounds(orders=1, life=4, lags=1, ticks=5, frames=False),
    ),
    "dead by a frame mate": Mutant(
        "3: not by the fate of a frame mate",
        Proofs,
        "record",
        _dead_by_a_mate,
        Bounds(batch=True, vanishings=1, foreign=1, ticks=0),
    ),
    "answer without id counts": Mutant(
        "1: only where it is the one and only unanswered frame",
        Flight,
        "only_unanswered",
        _answer_without_id_counts,
        Bounds(lost_replies=1, refusals=1, nameless=1, ticks=1),
    ),
    "answer kills all writes": Mutant(
        "3: an answer kills that write, not the other writes of the same copy",
        Evidence,
        "kill",
        _answer_kills_all,
        Bounds(orders=1, reconnects=1, refusals=1, ticks=3),
    ),
    "alive by a 200": Mutant(
        "5: only by an executed record or the frame of its order",
        Answers,
        "_accept",
        _alive_by_a_200,
        Bounds(orders=1, vanishings=1, ticks=0),
    ),
    "doubted takes the hole": Mutant(
        "7: never by the doubted one",
        Healing,
        "occupants",
        _doubted_takes_the_hole,
        Bounds(refusals=1, reconnects=1, ticks=3),
    ),
    "order of an order is free": Mutant(
        "8: above all undead writes of its earlier transactions, below those of its later ones",
        Queue,
        "fits",
        _order_of_an_order_is_free,
        Bounds(cancels=1, refusals=1, reconnects=1, ticks=0),
    ),
}


def main(names: list[str]) -> None:
    """Hunt the mutants and print what each breaks."""
    for name in names or MUTANTS:
        mutant = MUTANTS[name]
        print(f"{name} ({mutant.law})")
        found = mutant.hunt()
        _print(found)
        if found.broken.startswith("S5"):
            _print(mutant.hunt(waived=frozenset({"S5"})))


def _print(found: Found) -> None:
    print(f"   {found}", flush=True)
    if found.way:
        print(f"   {len(found.way)} steps: " + "; ".join(found.way), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
