"""
The words a lane speaks: its states, the states of its transactions, and its decisions.

What lives here: frozen values and enums. What this file must not know: when a decision is taken
(that is `lane`) and how it is carried out (that is the component's, or whoever else holds a lane).
"""

from __future__ import annotations

from enum import Enum

import msgspec


class LaneState(Enum):
    """Where a lane stands."""

    UNSEEDED = "unseeded"
    OPEN = "open"
    DRAINING = "draining"
    REFRESHING = "refreshing"
    HALTED = "halted"


class NonceState(Enum):
    """What is known of one issued nonce that is not accounted for yet."""

    IN_FLIGHT = "in_flight"
    REFUSED = "refused"
    STALE = "stale"
    UNKNOWN = "unknown"
    WITHDRAWN = "withdrawn"


class FreezeCause(Enum):
    """Why a lane was frozen."""

    HOLE = "hole"
    STALE = "stale"
    UNKNOWN = "unknown"
    VANISHED = "vanished"


class RebaseSource(Enum):
    """How the next nonce was found."""

    INFERRED = "inferred"
    REFRESHED = "refreshed"


# -- DECISIONS ------------------------------------------------------------------------------------


class Decision(msgspec.Struct, frozen=True):
    """Base of what a lane tells whoever holds it to do or to announce."""


class Seeded(Decision, frozen=True):
    """The lane is open; the next issue is `next_nonce`."""

    next_nonce: int


class RolledBack(Decision, frozen=True):
    """`nonce` was freed and is issued again next."""

    nonce: int


class Froze(Decision, frozen=True):
    """Nothing may be issued until the lane heals; `nonce` was the first at fault."""

    cause: FreezeCause
    nonce: int


class AskVenue(Decision, frozen=True):
    """Ask `nextNonce` from `not_before_ns` on, and hand what may be believed to `refreshed`."""

    not_before_ns: int


class Implausible(Decision, frozen=True):
    """The answer `value` to `nextNonce` cannot be: ask again."""

    value: str
    reason: str


class Resolved(Decision, frozen=True):
    """The unknown `nonce` counts as spent: by whom, its private frame or record must tell."""

    nonce: int


class Healed(Decision, frozen=True):
    """
    The lane is open again.

    Parameters
    ----------
    next_nonce : int
        What the next issue returns.
    source : RebaseSource
        Inferred from verdicts, or asked from the venue.
    cause : FreezeCause
        Why the lane was frozen.
    doomed : tuple[int, ...]
        Nonces whose last copy was not accepted through no fault of its own: resend them in this
        order. Not among them: what was refused, and what its owner withdrew.
    spent : tuple[int, ...]
        Unknown nonces that count as spent.
    unspent : tuple[int, ...]
        Unknown nonces that nothing shows to be spent. They may be taken yet: write the same bytes
        there again or something else, never the same transaction at another nonce.
    vanished : tuple[int, ...]
        Accepted nonces that the venue does not count, the last 10,000 of them at most.
    frozen_ns : int
        How long the lane was frozen.

    """

    next_nonce: int
    source: RebaseSource
    cause: FreezeCause
    doomed: tuple[int, ...] = ()
    spent: tuple[int, ...] = ()
    unspent: tuple[int, ...] = ()
    vanished: tuple[int, ...] = ()
    frozen_ns: int = 0


class ForeignWriter(Decision, frozen=True):
    """Somebody else spent `nonce` of our key."""

    nonce: int


class Halted(Decision, frozen=True):
    """The lane issues nothing until it is seeded again."""

    reason: str


Decisions = tuple[Decision, ...]


class LaneStatus(msgspec.Struct, frozen=True):
    """A snapshot of one lane for people, metrics and tests."""

    account_index: int
    api_key_index: int
    state: LaneState
    baseline: int | None
    last_issued: int | None
    in_flight: int
    depth: int
    epoch: int
    issued: int = 0
    accepted: int = 0
    refused: int = 0
    stale: int = 0
    unknown: int = 0
    withdrawn: int = 0
    rolled_back: int = 0
    heals: int = 0
    refreshes: int = 0
    halt_reason: str = ""
