"""
One transaction: its writes, and where it stands.

Rules of this file
------------------
- All state of one transaction is here; whoever holds it elsewhere holds a reference.
- It moves by the table in `moves` alone (`take`); `evidence` alone lets its writes die.
"""

from __future__ import annotations

from collections.abc import Hashable
from enum import Enum
from typing import Any
from typing import Final

from nautilus_lighter_nonce.lighter.codes import TxType
from nautilus_lighter_nonce.outbox.moves import FINAL
from nautilus_lighter_nonce.outbox.moves import Guard
from nautilus_lighter_nonce.outbox.moves import Input
from nautilus_lighter_nonce.outbox.moves import Move
from nautilus_lighter_nonce.outbox.moves import TxState
from nautilus_lighter_nonce.outbox.moves import Why
from nautilus_lighter_nonce.outbox.moves import rows
from nautilus_lighter_nonce.outbox.work import Filler
from nautilus_lighter_nonce.outbox.work import News
from nautilus_lighter_nonce.outbox.work import Proof
from nautilus_lighter_nonce.outbox.work import Signed


FILLER_KEY: Final = -1
"""Fillers are paused by themselves: what refuses them need not refuse cancels."""

MAX_FALLS: Final = 2
"""How often the venue may accept and drop a transaction before it is given up (our choice)."""

_LAST_PROOFS: Final = (Proof.RESET, Proof.EXPIRED, Proof.OVERTAKEN, Proof.ANSWERED)


class WriteState(Enum):
    """What is known of one write."""

    PENDING = "pending"  # no answer yet
    ACCEPTED = "accepted"
    SILENT = "silent"  # unanswered and given up waiting, or accepted and fallen since
    DEAD = "dead"


class TxWrite:
    """
    One frame's copy of one transaction at one nonce, on one connection.

    `proof` says what it died by, once it is dead.

    Parameters
    ----------
    seq : int
        Order of writing.
    write_id : str
        Names it in verdicts.
    entry : Entry
        Whose it is.
    nonce, epoch : int
        Of its issue.
    connection : int
        Where it was written.
    copy : Signed
        What was written.

    """

    __slots__ = (
        "connection",
        "copy",
        "entry",
        "epoch",
        "id",
        "nonce",
        "proof",
        "seq",
        "state",
    )

    def __init__(
        self,
        seq: int,
        write_id: str,
        entry: Entry,
        nonce: int,
        epoch: int,
        connection: int,
        copy: Signed,
    ) -> None:
        self.seq = seq
        self.id = write_id
        self.entry = entry
        self.nonce = nonce
        self.epoch = epoch
        self.connection = connection
        self.copy = copy
        self.state = WriteState.PENDING
        self.proof = Proof.NONE

    @property
    def is_undead(self) -> bool:
        """Whether the venue may still take it."""
        return self.state is not WriteState.DEAD

    def die(self, proof: Proof) -> None:
        """It is proved that the venue never takes it."""
        self.state = WriteState.DEAD
        self.proof = proof


class Entry:
    """
    One transaction, from its place to its end.

    Parameters
    ----------
    place : int
        Its position, for ever; also its name.
    what : Any
        What its owner submitted.
    tx_type : TxType
        What kind of transaction it is.
    submitted_ns : int
        When, Unix nanoseconds.
    order : Hashable, optional
        Transactions of one order keep their places among each other.
    batch : int, optional
        Entries of one batch go in one frame where they can.
    resend : bool, default True
        Whether it may be sent again when a fault touched it.
    repeats : bool, default False
        Whether doing it twice is doing it once, as for a cancel; it does not grow old.
    undo : Any, optional
        What to submit as a cancel when it turns out alive though given up for age or stop.

    """

    __slots__ = (
        "batch",
        "code",
        "counted_ns",
        "falls",
        "is_old",
        "is_suspected",
        "order",
        "patience_ns",
        "place",
        "ready",
        "reason",
        "repeats",
        "resend",
        "state",
        "submitted_ns",
        "suspect_ns",
        "told",
        "told_doubt",
        "tx_type",
        "undo",
        "was_bound",
        "what",
        "why",
        "writes",
    )

    def __init__(
        self,
        place: int,
        what: Any,
        tx_type: TxType,
        submitted_ns: int,
        *,
        order: Hashable | None = None,
        batch: int | None = None,
        ready: bool = True,
        resend: bool = True,
        repeats: bool = False,
        undo: Any = None,
    ) -> None:
        self.place = place
        self.what = what
        self.tx_type = tx_type
        self.submitted_ns = submitted_ns
        self.order = order
        self.batch = batch
        self.ready = ready
        self.resend = resend
        self.repeats = repeats
        self.undo = undo
        self.state = TxState.WAITING
        self.why: Why | None = None
        self.writes: list[TxWrite] = []
        self.falls = 0
        self.counted_ns = 0  # since when its nonce counts as spent, 0 while it does not
        self.is_old = False
        self.is_suspected = False  # accepted, and its nonce is probed
        self.was_bound = False
        self.told_doubt = False
        self.told: News | None = None  # its end
        self.code = 0
        self.reason = ""
        self.suspect_ns = 0
        self.patience_ns = 0

    def __lt__(self, other: Entry) -> bool:
        return self.place < other.place

    @property
    def is_filler(self) -> bool:
        """Whether it only spends a nonce: nobody is told of it."""
        return isinstance(self.what, Filler)

    @property
    def quota_key(self) -> int:
        """What its pauses are counted by: its type, and fillers by themselves."""
        return FILLER_KEY if self.is_filler else self.tx_type

    @property
    def is_final(self) -> bool:
        """Whether its end was told."""
        return self.state in FINAL

    @property
    def is_wanted(self) -> bool:
        """Whether it may be written again at the nonce it is in doubt at."""
        return self.state is not TxState.UNWANTED and self.state not in FINAL

    @property
    def is_dead(self) -> bool:
        """Whether no write of it may still be taken."""
        return not any(write.is_undead for write in self.writes)

    @property
    def is_taken(self) -> bool:
        """Whether one of its writes stands accepted."""
        return any(write.state is WriteState.ACCEPTED for write in self.writes)

    @property
    def undead(self) -> list[TxWrite]:
        """The writes that may still be taken."""
        return [write for write in self.writes if write.is_undead]

    @property
    def death(self) -> Proof:
        """What proves that no copy is at the venue: the last proof that its death took."""
        proofs = {write.proof for write in self.writes}
        return next((proof for proof in _LAST_PROOFS if proof in proofs), Proof.NEVER_WRITTEN)

    @property
    def may_repeat(self) -> bool:
        """Whether it may be sent again once it is dead."""
        if self.state is TxState.UNWANTED:
            return self.why is Why.SUSPECTED and self.repeats and self.falls < MAX_FALLS
        return self.resend and not self.is_old and self.falls < MAX_FALLS

    def take(self, given: Input) -> bool:
        """
        Make the move that the table has for an input; return whether there is one.

        Parameters
        ----------
        given : Input
            What happened.

        Returns
        -------
        bool
            Whether the state or the reason may have changed.

        """
        for move in rows(self.state, given):
            if self._holds(move.guard):
                self._go(move)
                return True
        return False

    def _holds(self, guard: Guard) -> bool:
        match guard:
            case Guard.ALWAYS:
                return True
            case Guard.KEPT:
                return self.is_dead and self.may_repeat
            case Guard.DEAD:
                return self.is_dead
            case Guard.TAKEN:
                return self.is_taken
            case Guard.UNHEARD:
                return not any(write.state is WriteState.PENDING for write in self.writes)

    def _go(self, move: Move) -> None:
        if move.why is not None and not (self.state is TxState.UNWANTED and self.why is Why.USER):
            self.why = move.why
        if move.next is TxState.WAITING:
            self.why = None
        if move.next in (TxState.ACCEPTED, TxState.DOUBT) and self.state is TxState.UNWANTED:
            self.why = None
        self.state = move.next
