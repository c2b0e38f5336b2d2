"""
The words of the outbox: what `plan` asks its shell to do, and what it tells.

What lives here: frozen values and enums. What this file must not know: when a work is due (that is
`planning` and `reminders`) and how it is carried out (that is the shell).
"""

from __future__ import annotations

from enum import Enum
from typing import Any

import msgspec

from nautilus_lighter_nonce.lighter.codes import Verdict


class News(Enum):
    """What is told of a transaction; all but the first three are final."""

    SENDING = "sending"  # a nonce was taken for the first time: the venue may see it from here on
    IN_DOUBT = "in_doubt"  # a copy may be at the venue, and nobody knows
    SETTLED = "settled"  # the doubt is over
    ALIVE = "alive"  # the venue executed it
    REVERTED = "reverted"  # the venue executed it, and refused what it asked for
    REFUSED = "refused"  # every copy was refused, or none could be signed
    GIVEN_UP = "given_up"  # no copy is at the venue, and none will be
    DROPPED = "dropped"  # accepted, then proved dead


class Proof(Enum):
    """What a telling rests on (`docs/evidence.md`, rules 3 to 5)."""

    NONE = ""
    NEVER_WRITTEN = "never written"
    ANSWERED = "every copy was definitely answered"
    RECORD = "the venue's record of its hash"
    FRAME = "the private frame of its order"
    OVERTAKEN = "another transaction was executed at its nonce"
    EXPIRED = "its signature expired, and the counter never counted its nonce"
    RESET = "the venue was reset, and everything signed before has expired"


class Cause(Enum):
    """Why the lane is asked to find its next number anew."""

    VANISHED = "vanished"  # the settled counter stays at an accepted nonce
    DOUBT = "doubt"  # a doubt has no write under way and nothing else will end it


class Signed(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """
    One copy, ready to be written.

    Parameters
    ----------
    tx_type : int
        A `TxType`.
    tx_info : str
        The signer's JSON text, written verbatim.
    tx_hash : str
        80 hex digits.
    expires_ns : int
        Its `ExpiredAt`, Unix nanoseconds.

    """

    tx_type: int
    tx_info: str
    tx_hash: str
    expires_ns: int


# -- WORK -----------------------------------------------------------------------------------------


class Work(msgspec.Struct, frozen=True, gc=False):
    """Base of everything that `plan` returns."""


class Sign(Work, frozen=True):
    """
    Sign a transaction off the loop; answer with `signed` or `unsigned`.

    Parameters
    ----------
    write_id : str
        What the answer names.
    tx : int
        The transaction's place.
    what : Any
        What its owner submitted, or a `Filler`.
    nonce : int
        The number to sign with.

    """

    write_id: str
    tx: int
    what: Any
    nonce: int


class Write(Work, frozen=True):
    """
    Write one frame on one connection, once; answer with `written` or `not_written`.

    Parameters
    ----------
    frame_id : str
        The `id` that the venue echoes.
    connection : int
        The only connection that it may be written on.
    copies : tuple[Signed, ...]
        One, or the members of a batch in nonce order.

    """

    frame_id: str
    connection: int
    copies: tuple[Signed, ...]


class AskCounter(Work, frozen=True):
    """Ask `nextNonce` now; answer with `counter`, or with `no_counter`."""


class LookUp(Work, frozen=True):
    """
    Read what was executed at a nonce; answer with `record` for what is found, then `looked_up`.

    Parameters
    ----------
    nonce : int
        The nonce.
    hashes : tuple[str, ...]
        The copies that may have spent it.
    by_nonce : bool
        Read the account's transactions too, for one whose hash we do not know.

    """

    nonce: int
    hashes: tuple[str, ...]
    by_nonce: bool


class Publish(Work, frozen=True):
    """
    A verdict: send it to the component's endpoint, which moves the lane; then plan again.

    Parameters
    ----------
    verdict : Verdict
        What the API said of one write.
    nonce, epoch : int
        Of the write's issue.
    write_id : str
        The write; a verdict counts once.
    tx_hash : str
        80 hex digits, empty if it was never signed.
    code : int
        The venue's code; 0 if it never left.
    message : str
        For people.
    predicted_ms : int
        Predicted execution, Unix milliseconds; 0 if unknown.

    """

    verdict: Verdict
    nonce: int
    epoch: int
    write_id: str
    tx_hash: str = ""
    code: int = 0
    message: str = ""
    predicted_ms: int = 0


class Withdraw(Work, frozen=True):
    """`nonce`, issued in `epoch`, never left this process: tell the lane, then plan again."""

    nonce: int
    epoch: int


class Spent(Work, frozen=True):
    """The venue executed `nonce`, `by_us` or by somebody else: tell the lane, then plan again."""

    nonce: int
    by_us: bool


class Rebase(Work, frozen=True):
    """Let the lane drain, ask and begin a new pass; then plan again."""

    cause: Cause
    nonce: int


class Halt(Work, frozen=True):
    """The venue refuses the key itself: halt the lane with this reason, then plan again."""

    reason: str


class Trouble(Work, frozen=True):
    """The venue refuses the whole account (`code` and `reason`), or takes it again (`code` 0)."""

    code: int
    reason: str


class Narrow(Work, frozen=True):
    """Answers come without an id: let one transaction be in flight at a time for a while."""


class Replace(Work, frozen=True):
    """A connection is open and silent: make a new one at once."""

    connection: int


class Tell(Work, frozen=True):
    """
    Tell the owner of a transaction what became of it.

    Parameters
    ----------
    tx : int
        The transaction's place.
    what : Any
        What its owner submitted.
    news : News
        What is told.
    proof : Proof
        The evidence it rests on.
    code : int
        The venue's code, 0 if there is none.
    reason : str
        For people.
    was_bound : bool
        Whether a number was ever taken for it (`News.SENDING` was told).

    """

    tx: int
    what: Any
    news: News
    proof: Proof = Proof.NONE
    code: int = 0
    reason: str = ""
    was_bound: bool = False


class Remark(Work, frozen=True):
    """Something a person should read, about `what` if it concerns one transaction."""

    text: str
    what: Any = None


class Filler(msgspec.Struct, frozen=True, gc=False):
    """A harmless transaction that spends a nonce; `kind` counts up when the venue refuses one."""

    kind: int = 0


class Undead(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """
    A copy that may still be taken: what the next run must know.

    Parameters
    ----------
    what : Any
        What its owner submitted.
    nonce : int
        Its nonce.
    tx_hash : str
        80 hex digits.
    expires_ns : int
        Unix nanoseconds.

    """

    what: Any
    nonce: int
    tx_hash: str
    expires_ns: int
