"""
Proofs: what a record, a private frame or the settled counter proves of transactions.

Rules of this file
------------------
- Alive is proved by an executed record of its hash or by the frame of its order; dead by an
  executed record at its nonce with another hash, or by expiry with the settled counter.
- What proves nothing changes nothing: a record that was not executed, a counter that may lag.
- What contradicts an end that was told is said loudly; it can only be read, not mended.
"""

from __future__ import annotations

from typing import Final

from nautilus_lighter_nonce.lighter.codes import TxStatus
from nautilus_lighter_nonce.lighter.codes import TxType
from nautilus_lighter_nonce.outbox import work as w
from nautilus_lighter_nonce.outbox.entry import Entry
from nautilus_lighter_nonce.outbox.entry import WriteState
from nautilus_lighter_nonce.outbox.fates import Fates
from nautilus_lighter_nonce.outbox.moves import Input
from nautilus_lighter_nonce.outbox.moves import TxState


EXECUTED: Final = frozenset({TxStatus.EXECUTED, TxStatus.PENDING_FINAL})
"""The record statuses that show execution (docs; testnet shows 3); all others prove nothing."""

NOT_THERE: Final = frozenset({w.News.REFUSED, w.News.GIVEN_UP, w.News.DROPPED})
"""What an order was told that is not at the venue."""


class Proofs:
    """
    Takes what the venue shows.

    Parameters
    ----------
    fates : Fates
        The transactions.

    """

    def __init__(self, fates: Fates) -> None:
        self._fates = fates

    # -- RECORDS AND FRAMES -----------------------------------------------------------------------

    def record(self, nonce: int, tx_hash: str, code: int, reason: str, now_ns: int) -> None:
        """Something was executed at a nonce."""
        fates = self._fates
        ours = fates.evidence.entry_of(tx_hash)
        if ours is None and not fates.lane.can_have(nonce):
            fates.work.append(w.Remark(f"a record names nonce {nonce}, which cannot be"))
            return
        if ours is not None and ours.state is TxState.BOUND:
            fates.take_back(now_ns)
        self._executed(nonce, is_ours=ours is not None)
        # Looked at before the record kills it.
        accepted = fates.evidence.accepted(nonce)
        losers = fates.evidence.executed(nonce, tx_hash)
        if accepted is not None and accepted.copy.tx_hash != tx_hash:
            self._fall_above(nonce, now_ns, _written_last(ours, nonce, tx_hash))
        if ours is not None:
            self._show(ours, nonce, code, reason, w.Proof.RECORD, now_ns)
        self._overtaken(losers, now_ns)

    def shown(self, entry: Entry, now_ns: int) -> None:
        """A private frame showed what a transaction did."""
        fates = self._fates
        if entry.state is TxState.BOUND:
            fates.take_back(now_ns)
        nonces = {write.nonce for write in entry.undead}
        self._show(entry, max(nonces, default=-1), 0, "", w.Proof.FRAME, now_ns)
        if entry.tx_type != TxType.CREATE_ORDER:
            return  # a change may have come about otherwise: its own nonce is not proved spent
        for nonce in nonces:
            self._executed(nonce, is_ours=True)
            self._overtaken(fates.evidence.executed(nonce, ""), now_ns)

    def contradict(self, entry: Entry, nonce: int) -> None:
        """Say that the venue executed what was told not to be there."""
        if entry.told in NOT_THERE:
            text = (
                f"transaction {entry.place} was told {entry.told.value!r} ({entry.death.value}), "
                f"and the venue executed it {_where(nonce)}"
            )
            self._fates.work.append(w.Remark(text, entry.what))

    def _executed(self, nonce: int, *, is_ours: bool) -> None:
        is_new = not self._fates.evidence.is_executed(nonce)
        if not is_new:
            return
        if self._fates.lane.concerns(nonce):
            self._fates.work.append(w.Spent(nonce, is_ours))
        else:
            self._fates.lane.notice(nonce)

    def _show(
        self, entry: Entry, nonce: int, code: int, reason: str, proof: w.Proof, now_ns: int
    ) -> None:
        if entry.is_final:
            self.contradict(entry, nonce)
            return
        if entry.is_dead:
            text = f"transaction {entry.place} was executed {_where(nonce)}"
            self._fates.work.append(w.Remark(f"{text}, but was taken for dead", entry.what))
        entry.code, entry.reason = code, reason
        self._fates.give(entry, Input.REVERTED if code else Input.SHOWN, now_ns, proof)

    def _overtaken(self, losers: list[Entry], now_ns: int) -> None:
        """Something else was executed at their nonce."""
        for entry in losers:
            if entry.is_dead and entry.state in (TxState.ACCEPTED, TxState.UNWANTED):
                entry.falls += 1
            self._fates.give(entry, Input.DIED, now_ns)

    def _fall_above(self, nonce: int, now_ns: int, before: int | None = None) -> None:
        """
        What was accepted above a nonce may have vanished: it is in doubt again.

        Not what was written after what was executed there, if that was ours (`before`).
        """
        for write in list(self._fates.evidence.above(nonce)):
            is_older = before is None or write.seq < before
            if is_older and write.state is WriteState.ACCEPTED:
                write.state = WriteState.SILENT
                self._fates.give(write.entry, Input.FELL, now_ns)

    # -- THE COUNTER ------------------------------------------------------------------------------

    def counter(self, value: int, asked_ns: int, now_ns: int) -> None:
        """Hold an answer of the counter against every transaction that may be at the venue."""
        evidence = self._fates.evidence
        if value > evidence.counter:
            self._fates.inquiry.calm()
        evidence.counter = value  # lower than before only if the lane has no proof against it
        for entry in list(self._fates.entries.values()):
            if not entry.is_dead:
                self._weigh(entry, value, asked_ns, now_ns)
        self._weigh_gap(value, asked_ns - self._fates.settings.settle_ns, now_ns)

    def _weigh_gap(self, value: int, settled_ns: int, now_ns: int) -> None:
        """
        The settled counter stays below all of ours: a stranger's seems to have vanished there.

        Then what was accepted above it fell with it.
        """
        evidence = self._fates.evidence
        lowest = next(iter(evidence.nonces()), value)
        accepted = evidence.accepted(lowest)
        if value < lowest and accepted is not None and accepted.entry.suspect_ns <= settled_ns:
            self._fall_above(value, now_ns)

    def reset(self, now_ns: int) -> None:
        """The venue counts anew, and no copy of before can be taken any more."""
        fates = self._fates
        fates.take_back(now_ns)
        fates.probe = None
        for entry in fates.evidence.reset():
            entry.resend, entry.reason = False, "the venue was reset"
            fates.give(entry, Input.DIED, now_ns)

    def _weigh(self, entry: Entry, value: int, asked_ns: int, now_ns: int) -> None:
        nonce = min(write.nonce for write in entry.undead)
        if nonce < value:
            self._fates.count(entry, now_ns)
            return
        settled_ns = asked_ns - self._fates.settings.settle_ns
        if entry.counted_ns <= settled_ns:
            self._fates.uncount(entry, now_ns)
        past_ns = settled_ns - self._fates.settings.expiry_margin_ns
        if self._fates.evidence.expire(entry, past_ns, value):
            has_fallen = not (entry.is_dead or entry.is_taken)
            self._fates.give(entry, Input.FELL if has_fallen else Input.DIED, now_ns)
        elif nonce == value and entry.is_taken and self._is_stuck(entry, nonce, settled_ns):
            entry.is_suspected = True  # the settled counter stays at an acceptance: it is probed
            self._fates.give(entry, Input.STUCK, now_ns)

    def _is_stuck(self, entry: Entry, nonce: int, settled_ns: int) -> bool:
        """Return whether it was time to be executed, or the lane went back: its next was stale."""
        return entry.suspect_ns <= settled_ns or self._fates.lane.next_nonce == nonce


def _written_last(entry: Entry | None, nonce: int, tx_hash: str) -> int | None:
    """Return the number of the latest write of a hash of ours at a nonce."""
    writes = () if entry is None else entry.writes
    same = [x.seq for x in writes if x.nonce == nonce and x.copy.tx_hash == tx_hash]
    return max(same, default=None)


def _where(nonce: int) -> str:
    """Return for people where something was executed; a frame does not name the nonce."""
    return "at a nonce that its frame does not name" if nonce < 0 else f"at nonce {nonce}"
