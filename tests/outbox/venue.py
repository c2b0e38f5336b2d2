"""
Lighter's nonce law in forty lines: one counter at the door, one behind it.

What lives here: what the venue makes of a frame, and of what it took. What this file must not know:
the client. It is as nasty as its callers choose: they say what vanishes, is refused, is late.
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field

from nautilus_lighter_nonce.lighter.codes import Verdict


REFUSED_CODE, STALE_CODE, LATER_CODE, EXPIRED_CODE = 21739, 21104, 23000, 21711

Copy = tuple[int, int, str]  # transaction, nonce, hash


@dataclass
class Executed:
    """What the sequencer made of one nonce."""

    tx: int  # 0: a foreign writer's
    tx_hash: str
    is_done: bool  # else reverted
    at_ns: int
    is_hidden: bool = True  # nothing has shown it yet


@dataclass
class Venue:
    """
    One key at the venue.

    Parameters
    ----------
    late_fall : bool
        Whether the followers of what vanished fall only when they are reached, not at once.

    """

    late_fall: bool = False
    expected: int = 0
    pending: list[Copy] = field(default_factory=list)
    log: list[Executed] = field(default_factory=list)
    expires: dict[str, int] = field(default_factory=dict)

    def is_past(self, tx_hash: str, now_ns: int) -> bool:
        """Return whether a signature has expired."""
        return self.expires.get(tx_hash, now_ns + 1) <= now_ns

    def take(self, members: tuple[Copy, ...], now_ns: int) -> tuple[Verdict, int]:
        """Return the answer to a frame; all of it is taken, or nothing."""
        if any(self.is_past(tx_hash, now_ns) for _, _, tx_hash in members):
            return Verdict.REFUSED, EXPIRED_CODE
        if members[0][1] != self.expected:
            return Verdict.STALE, STALE_CODE
        self.pending.extend(members)
        self.expected += len(members)
        return Verdict.ACCEPTED, 200

    def take_foreign(self) -> None:
        """Somebody else spends the next nonce."""
        self.pending.append((0, self.expected, f"foreign {self.expected}"))
        self.expected += 1

    def execute(self, is_done: bool, now_ns: int) -> int | None:
        """Execute what is next; return the transaction, ``None`` if it fell instead."""
        tx, nonce, tx_hash = self.pending[0]
        if self.is_past(tx_hash, now_ns):
            self.drop()
            return None
        del self.pending[0]
        if nonce != len(self.log):
            return None
        self.log.append(Executed(tx, tx_hash, is_done, now_ns))
        return tx

    def drop(self) -> None:
        """What is next leaves no trace: its nonce stays unspent, its followers fall."""
        _, nonce, _ = self.pending.pop(0)
        at = len(self.log)
        if nonce == at and not self.late_fall:
            self.pending.clear()
        for _, follower, _ in self.pending:
            at += follower == at
        self.expected = at

    def settled(self, asked_ns: int, lag_ns: int) -> int:
        """Return the lowest that the counter may answer to a question begun at a time."""
        return sum(done.at_ns <= asked_ns - lag_ns for done in self.log)

    def undead(self, pipes: list[tuple[Copy, ...]], now_ns: int) -> list[tuple[int, int]]:
        """Return (transaction, nonce) of every copy that may still be executed."""
        copies = [copy for members in pipes for copy in members] + self.pending
        return [
            (tx, nonce)
            for tx, nonce, tx_hash in copies
            if nonce >= len(self.log) and not self.is_past(tx_hash, now_ns)
        ]
