"""
One transaction: its writes, where it stands, and the table of its moves.

Rules of this file
------------------
- `MOVES` is the law of one transaction as data. `Entry.take` looks the row up and obeys it; an input
  without a row changes nothing. `docs/concepts.md` shows this table, and a test draws it from here.
- The first row of (state, input) whose guard holds is the move. "Dead" means that no write of the
  transaction may still be taken; `evidence` alone says when a write is dead.
- ALIVE and ENDED are final. SHOWN and REVERTED win in every other state.
- What was shown is never written again, and what was told ended has no undead write.
"""

from __future__ import annotations

from collections.abc import Hashable
from enum import Enum
from typing import Any
from typing import Final

import msgspec

from nautilus_lighter_nonce.lighter.codes import TxType
from nautilus_lighter_nonce.outbox.work import News
from nautilus_lighter_nonce.outbox.work import Signed


MAX_FALLS: Final = 2
"""How often a transaction that the venue accepted and dropped is sent again (our choice)."""


class TxState(Enum):
    """Where a transaction stands."""

    WAITING = "waiting"  # for its turn and a slot; no copy of it may be at the venue
    BOUND = "bound"  # has a number, is being signed or waits for its send turn
    WRITTEN = "written"  # a copy is on its way, no answer yet
    ACCEPTED = "accepted"  # the API took it; nothing has shown its execution
    DOUBT = "doubt"  # a copy may still be taken, nobody knows
    SPENT = "spent"  # in doubt, and its nonce is spent: by whom?
    UNWANTED = "unwanted"  # a copy may still be taken, and must not be
    ALIVE = "alive"
    ENDED = "ended"


class Input(Enum):
    """What can happen to a transaction."""

    BIND = "a number is taken for it"
    WRITE = "its frame is written"
    UNBIND = "its number is given back unwritten"
    ACCEPT = "200"
    REFUSE = "refused"
    LATER = "refused for now"
    STALE = "stale"
    SILENT = "no answer, or connection lost"
    SHOWN = "own record, or frame of its order"
    REVERTED = "own record, with a refusal"
    KILLED = "another's record at its nonce, or expired uncounted"
    COUNTED = "its nonce counts as spent"
    UNCOUNTED = "the settled counter stays at or below its nonce"
    STUCK = "accepted, and the settled counter stays at its nonce"
    FELL = "accepted, and a later 200 at or below its nonce"
    CLEARED = "what probed its nonce was stale"
    CANCEL = "canceled"
    TOO_OLD = "too old"
    STOP = "the client stops"


class Why(Enum):
    """Why a transaction is not wanted any more."""

    USER = "canceled before it reached the venue"
    AGE = "too old to be sent again"
    STOP = "the client stopped"
    REFUSED = "refused"
    SUSPECTED = "accepted, then dropped by the venue"


class Guard(Enum):
    """What must hold for a move."""

    ALWAYS = ""
    KEPT = "all writes dead, and it may be sent again"
    DEAD = "all writes dead"
    TAKEN = "another write of it was accepted"


class Move(msgspec.Struct, frozen=True):
    """A row of the table."""

    state: TxState
    input: Input
    guard: Guard
    next: TxState
    why: Why | None = None


_W, _B, _F, _A = TxState.WAITING, TxState.BOUND, TxState.WRITTEN, TxState.ACCEPTED
_D, _S, _U = TxState.DOUBT, TxState.SPENT, TxState.UNWANTED
_ALIVE, _ENDED = TxState.ALIVE, TxState.ENDED
_ANY, _KEPT, _DEAD, _TAKEN = Guard.ALWAYS, Guard.KEPT, Guard.DEAD, Guard.TAKEN

MOVES: Final[tuple[Move, ...]] = (
    Move(_W, Input.BIND, _ANY, _B),
    Move(_W, Input.CANCEL, _ANY, _ENDED, Why.USER),
    Move(_W, Input.TOO_OLD, _ANY, _ENDED, Why.AGE),
    Move(_W, Input.STOP, _ANY, _ENDED, Why.STOP),
    Move(_B, Input.WRITE, _ANY, _F),
    Move(_B, Input.UNBIND, _DEAD, _W),
    Move(_B, Input.UNBIND, _TAKEN, _A),
    Move(_B, Input.UNBIND, _ANY, _D),
    Move(_W, Input.REFUSE, _ANY, _ENDED, Why.REFUSED),
    Move(_F, Input.UNBIND, _DEAD, _W),
    Move(_F, Input.UNBIND, _TAKEN, _A),
    Move(_F, Input.UNBIND, _ANY, _D),
    Move(_F, Input.ACCEPT, _ANY, _A),
    Move(_F, Input.REFUSE, _DEAD, _ENDED, Why.REFUSED),
    Move(_F, Input.REFUSE, _ANY, _U, Why.REFUSED),
    Move(_F, Input.LATER, _KEPT, _W),
    Move(_F, Input.LATER, _DEAD, _ENDED, Why.AGE),
    Move(_F, Input.LATER, _TAKEN, _A),
    Move(_F, Input.LATER, _ANY, _D),
    Move(_F, Input.STALE, _KEPT, _W),
    Move(_F, Input.STALE, _DEAD, _ENDED, Why.AGE),
    Move(_F, Input.STALE, _TAKEN, _A),
    Move(_F, Input.STALE, _ANY, _D),
    Move(_F, Input.SILENT, _TAKEN, _A),
    Move(_F, Input.SILENT, _ANY, _D),
    Move(_F, Input.KILLED, _KEPT, _W),
    Move(_F, Input.KILLED, _DEAD, _ENDED, Why.AGE),
    Move(_F, Input.CANCEL, _ANY, _U, Why.USER),
    Move(_A, Input.STUCK, _ANY, _U, Why.SUSPECTED),
    Move(_A, Input.FELL, _ANY, _D),
    Move(_A, Input.KILLED, _KEPT, _W),
    Move(_A, Input.KILLED, _DEAD, _ENDED, Why.SUSPECTED),
    Move(_A, Input.CANCEL, _ANY, _U, Why.USER),
    Move(_D, Input.BIND, _ANY, _B),
    Move(_D, Input.ACCEPT, _ANY, _A),
    Move(_D, Input.REFUSE, _DEAD, _ENDED, Why.REFUSED),
    Move(_D, Input.REFUSE, _ANY, _U, Why.REFUSED),
    Move(_D, Input.LATER, _KEPT, _W),
    Move(_D, Input.LATER, _DEAD, _ENDED, Why.AGE),
    Move(_D, Input.STALE, _KEPT, _W),
    Move(_D, Input.STALE, _DEAD, _ENDED, Why.AGE),
    Move(_D, Input.KILLED, _KEPT, _W),
    Move(_D, Input.KILLED, _DEAD, _ENDED, Why.AGE),
    Move(_D, Input.COUNTED, _ANY, _S),
    Move(_D, Input.CANCEL, _ANY, _U, Why.USER),
    Move(_D, Input.TOO_OLD, _ANY, _U, Why.AGE),
    Move(_D, Input.STOP, _ANY, _U, Why.STOP),
    Move(_S, Input.ACCEPT, _ANY, _A),
    Move(_S, Input.REFUSE, _DEAD, _ENDED, Why.REFUSED),
    Move(_S, Input.REFUSE, _ANY, _U, Why.REFUSED),
    Move(_S, Input.LATER, _KEPT, _W),
    Move(_S, Input.LATER, _DEAD, _ENDED, Why.AGE),
    Move(_S, Input.STALE, _KEPT, _W),
    Move(_S, Input.STALE, _DEAD, _ENDED, Why.AGE),
    Move(_S, Input.KILLED, _KEPT, _W),
    Move(_S, Input.KILLED, _DEAD, _ENDED, Why.AGE),
    Move(_S, Input.UNCOUNTED, _ANY, _D),
    Move(_S, Input.FELL, _ANY, _D),
    Move(_S, Input.CANCEL, _ANY, _U, Why.USER),
    Move(_S, Input.STOP, _ANY, _U, Why.STOP),
    Move(_U, Input.UNBIND, _DEAD, _ENDED),
    Move(_U, Input.REFUSE, _DEAD, _ENDED),
    Move(_U, Input.LATER, _DEAD, _ENDED),
    Move(_U, Input.STALE, _DEAD, _ENDED),
    Move(_U, Input.KILLED, _KEPT, _W),
    Move(_U, Input.KILLED, _DEAD, _ENDED),
    Move(_U, Input.CANCEL, _ANY, _U, Why.USER),
    Move(_U, Input.CLEARED, _TAKEN, _A),
    Move(_U, Input.CLEARED, _ANY, _D),
    *(Move(state, Input.SHOWN, _ANY, _ALIVE) for state in (_W, _B, _F, _A, _D, _S, _U)),
    *(Move(state, Input.REVERTED, _ANY, _ENDED) for state in (_W, _B, _F, _A, _D, _S, _U)),
)
"""The table; (state, input) may have several rows, the first whose guard holds is taken."""

_ROWS: dict[tuple[TxState, Input], list[Move]] = {}
for _move in MOVES:
    _ROWS.setdefault((_move.state, _move.input), []).append(_move)

FINAL: Final = frozenset({_ALIVE, _ENDED})
DOUBTFUL: Final = frozenset({_D, _S, _U})

ENDING_NEWS: Final = {
    Why.USER: News.GIVEN_UP,
    Why.AGE: News.GIVEN_UP,
    Why.STOP: News.GIVEN_UP,
    Why.REFUSED: News.REFUSED,
    Why.SUSPECTED: News.DROPPED,
}


class WriteState(Enum):
    """What is known of one write."""

    PENDING = "pending"  # no answer yet
    ACCEPTED = "accepted"
    SILENT = "silent"  # unanswered and given up waiting, or accepted and fallen since
    DEAD = "dead"


class TxWrite:
    """
    One frame's copy of one transaction at one nonce, on one connection.

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
        "accepted_ns",
        "connection",
        "copy",
        "entry",
        "epoch",
        "id",
        "nonce",
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
        self.accepted_ns = 0

    @property
    def is_dead(self) -> bool:
        """Whether it is proved that the venue never takes it."""
        return self.state is WriteState.DEAD


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
        What to submit when it turns out alive after it had grown too old, as `undo_type`.

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
        self.code = 0
        self.reason = ""
        self.suspect_ns = 0
        self.patience_ns = 0

    def __lt__(self, other: Entry) -> bool:
        return self.place < other.place

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
        return all(write.state is WriteState.DEAD for write in self.writes)

    @property
    def is_taken(self) -> bool:
        """Whether one of its writes stands accepted."""
        return any(write.state is WriteState.ACCEPTED for write in self.writes)

    @property
    def undead(self) -> list[TxWrite]:
        """The writes that may still be taken."""
        return [write for write in self.writes if write.state is not WriteState.DEAD]

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
        for move in _ROWS.get((self.state, given), ()):
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

    def _go(self, move: Move) -> None:
        if move.why is not None and not (self.state is TxState.UNWANTED and self.why is Why.USER):
            self.why = move.why
        if move.next is TxState.WAITING:
            self.why = None
        if move.next in (TxState.ACCEPTED, TxState.DOUBT) and self.state is TxState.UNWANTED:
            self.why = None
        self.state = move.next
