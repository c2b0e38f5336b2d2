"""
The table of a transaction's states, as data.

Rules of this file
------------------
- `MOVES` is the law of one transaction. `Entry.take` looks a row up and obeys it; an input without
  a row changes nothing. `docs/concepts.md` shows this table, and a test draws it from here.
- The first row of (state, input) whose guard holds is the move. "Dead" means that no write of the
  transaction may still be taken; `evidence` alone says when a write is dead.
- ALIVE and ENDED are final. SHOWN and REVERTED win in every other state.
- What was shown is never written again, and what was told ended has no undead write.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

import msgspec

from nautilus_lighter_nonce.outbox.work import News


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
    DIED = "a write died: stale, refused for now, overtaken, or expired"
    SILENT = "no answer, or connection lost"
    SHOWN = "own record, or frame of its order"
    REVERTED = "own record, with a refusal"
    COUNTED = "its nonce counts as spent"
    UNCOUNTED = "the settled counter stays at or below its nonce"
    STUCK = "accepted, and the settled counter stays at its nonce"
    FELL = "accepted no more: a later 200 at or below its nonce, or that copy expired"
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
    UNHEARD = "no answer to it is awaited"


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
_UNHEARD = Guard.UNHEARD

MOVES: Final[tuple[Move, ...]] = (
    Move(_W, Input.BIND, _ANY, _B),
    Move(_W, Input.CANCEL, _ANY, _ENDED, Why.USER),
    Move(_W, Input.TOO_OLD, _ANY, _ENDED, Why.AGE),
    Move(_W, Input.STOP, _ANY, _ENDED, Why.STOP),
    Move(_W, Input.REFUSE, _ANY, _ENDED, Why.REFUSED),
    Move(_B, Input.WRITE, _ANY, _F),
    Move(_B, Input.UNBIND, _DEAD, _W),
    Move(_B, Input.UNBIND, _ANY, _D),
    Move(_F, Input.UNBIND, _DEAD, _W),
    Move(_F, Input.UNBIND, _UNHEARD, _D),
    Move(_F, Input.ACCEPT, _ANY, _A),
    Move(_F, Input.REFUSE, _DEAD, _ENDED, Why.REFUSED),
    Move(_F, Input.REFUSE, _ANY, _U, Why.REFUSED),
    Move(_F, Input.DIED, _KEPT, _W),
    Move(_F, Input.DIED, _DEAD, _ENDED, Why.AGE),
    Move(_F, Input.DIED, _UNHEARD, _D),
    Move(_F, Input.SILENT, _UNHEARD, _D),
    Move(_F, Input.CANCEL, _ANY, _U, Why.USER),
    Move(_A, Input.STUCK, _ANY, _U, Why.SUSPECTED),
    Move(_A, Input.FELL, _UNHEARD, _D),
    Move(_A, Input.FELL, _ANY, _F),
    Move(_A, Input.DIED, _KEPT, _W),
    Move(_A, Input.DIED, _DEAD, _ENDED, Why.SUSPECTED),
    Move(_A, Input.CANCEL, _ANY, _U, Why.USER),
    Move(_D, Input.BIND, _ANY, _B),
    Move(_D, Input.ACCEPT, _ANY, _A),
    Move(_D, Input.REFUSE, _DEAD, _ENDED, Why.REFUSED),
    Move(_D, Input.REFUSE, _ANY, _U, Why.REFUSED),
    Move(_D, Input.DIED, _KEPT, _W),
    Move(_D, Input.DIED, _DEAD, _ENDED, Why.AGE),
    Move(_D, Input.COUNTED, _ANY, _S),
    Move(_D, Input.CANCEL, _ANY, _U, Why.USER),
    Move(_D, Input.TOO_OLD, _ANY, _U, Why.AGE),
    Move(_D, Input.STOP, _ANY, _U, Why.STOP),
    Move(_S, Input.ACCEPT, _ANY, _A),
    Move(_S, Input.REFUSE, _DEAD, _ENDED, Why.REFUSED),
    Move(_S, Input.REFUSE, _ANY, _U, Why.REFUSED),
    Move(_S, Input.DIED, _KEPT, _W),
    Move(_S, Input.DIED, _DEAD, _ENDED, Why.AGE),
    Move(_S, Input.UNCOUNTED, _ANY, _D),
    Move(_S, Input.CANCEL, _ANY, _U, Why.USER),
    Move(_S, Input.STOP, _ANY, _U, Why.STOP),
    Move(_U, Input.REFUSE, _DEAD, _ENDED, Why.REFUSED),
    Move(_U, Input.DIED, _KEPT, _W),
    Move(_U, Input.DIED, _DEAD, _ENDED),
    Move(_U, Input.CANCEL, _ANY, _U, Why.USER),
    Move(_U, Input.CLEARED, _TAKEN, _A),
    *(Move(state, Input.SHOWN, _ANY, _ALIVE) for state in (_W, _F, _A, _D, _S, _U)),
    *(Move(state, Input.REVERTED, _ANY, _ENDED) for state in (_W, _F, _A, _D, _S, _U)),
)
"""The table; (state, input) may have several rows, the first whose guard holds is taken."""

FINAL: Final = frozenset({_ALIVE, _ENDED})
DOUBTFUL: Final = frozenset({_D, _S, _U})

ENDING_NEWS: Final = {
    Why.USER: News.GIVEN_UP,
    Why.AGE: News.GIVEN_UP,
    Why.STOP: News.GIVEN_UP,
    Why.REFUSED: News.REFUSED,
    Why.SUSPECTED: News.DROPPED,
}


def index(moves: tuple[Move, ...]) -> dict[tuple[TxState, Input], tuple[Move, ...]]:
    """Return the rows of a table by state and input, in their order."""
    by_case: dict[tuple[TxState, Input], tuple[Move, ...]] = {}
    for move in moves:
        case = (move.state, move.input)
        by_case[case] = (*by_case.get(case, ()), move)
    return by_case


_ROWS = index(MOVES)


def rows(state: TxState, given: Input) -> tuple[Move, ...]:
    """Return the rows for an input in a state, the first whose guard holds is the move."""
    return _ROWS.get((state, given), ())
