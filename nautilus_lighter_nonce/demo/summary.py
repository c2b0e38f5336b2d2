"""
The summary of a run: the venue's judgement of what the node says of its orders, and some counts.

Rules of this file
------------------
- Pure: the venue's ledger and judgement and the node's claims go in, a summary comes out.
- What was refused, lost, doubled, misreported and unresolved is the judge's (`venue.judgement`);
  this file counts it, and names orders and statuses as the node does.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from typing import Final

import msgspec

from nautilus_lighter_nonce.demo.claims import Claim
from nautilus_lighter_nonce.lighter.codes import TxType
from nautilus_lighter_nonce.lighter.codes import Verdict
from nautilus_lighter_nonce.lighter.codes import verdict_of
from nautilus_lighter_nonce.loopback.venue.judgement import Truth


NEVER_WAS: Final = "no order"
"""What the venue has of an order that it never executed."""

REFUSALS: Final = frozenset({Truth.REFUSED.value, Truth.ENDED_AT_ONCE.value})
"""What is true of an order that the venue refused, be it within the execution that made it."""


class Misreport(msgspec.Struct, frozen=True):
    """
    An order about which the node was wrong.

    Parameters
    ----------
    client_order_id : str
        The order.
    index : int
        Its client order index.
    node : str
        What the node says.
    venue : str
        What the venue did.

    """

    client_order_id: str
    index: int
    node: str
    venue: str


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """
    A run, judged by the venue's ledger. All counts of orders count each order once.

    Parameters
    ----------
    seconds : float
        How long the strategies traded.
    seed : int
        Of the faults.
    faults : int
        Faults injected.
    wanted : int
        Orders that the strategies submitted.
    sent : int
        Of those, seen by the venue.
    accepted : int
        Accepted by the venue.
    filled : int
        Filled there, wholly or in part.
    refused : int
        Refused by the venue for business reasons, at once or within their execution.
    lost_to_nonces : int
        Ended by the node, and never made nor refused by the venue.
    doubled : int
        Executed more than once by the venue.
    misreported : int
        About which the node was wrong, see `misreports`.
    unresolved : int
        For which the node still waits, or of which the venue has not decided.
    transactions : int
        All transactions of ours at the venue, cancels and resends included.
    stale : int
        Of those, answered "invalid nonce".
    heals : int
        Heals of the lane, as the node counts them.
    next_nonce_calls : int
        Questions for the next nonce that the venue was asked, the seed included.
    misreports : list[Misreport]
        Each order about which the node was wrong.

    """

    seconds: float
    seed: int
    faults: int
    wanted: int
    sent: int
    accepted: int
    filled: int
    refused: int
    lost_to_nonces: int
    doubled: int
    misreported: int
    unresolved: int
    transactions: int
    stale: int
    heals: int
    next_nonce_calls: int
    misreports: list[Misreport] = []

    @property
    def is_right(self) -> bool:
        """Whether nothing was doubled and nothing misreported."""
        return not self.doubled and not self.misreported


def sum_up(
    claims: Sequence[Claim],
    ledger: Iterable[Mapping[str, Any]],
    judgement: Mapping[str, Any],
    *,
    seconds: float,
    seed: int,
    faults: int,
    heals: int,
) -> Summary:
    """
    Return the summary of a run.

    Parameters
    ----------
    claims : Sequence[Claim]
        What the node says of each order.
    ledger : Iterable[Mapping[str, Any]]
        The rows of the venue's ``GET /ledger``.
    judgement : Mapping[str, Any]
        What the venue answers when it is told the claims (``POST /ledger``).
    seconds, seed, faults, heals
        As in `Summary`.

    Returns
    -------
    Summary

    """
    ours = [row for row in ledger if row["transport"] != "foreign"]
    creates = [row for row in ours if row["tx_type"] == TxType.CREATE_ORDER]
    misreports = _misreports(claims, judgement["misreported"])
    return Summary(
        seconds=seconds,
        seed=seed,
        faults=faults,
        wanted=len(claims),
        sent=len({row["index"] for row in creates}),
        accepted=len({row["index"] for row in creates if row["accepted"]}),
        filled=sum(Decimal(order["filled"]) > 0 for order in judgement["orders"]),
        refused=sum(order["truth"] in REFUSALS for order in judgement["orders"]),
        lost_to_nonces=len(judgement["lost"]),
        doubled=len(judgement["doubled"]),
        misreported=len(misreports),
        unresolved=len(judgement["unresolved"]) + len(judgement["undecided"]),
        transactions=len(ours),
        stale=sum(_is_stale(row) for row in ours),
        heals=heals,
        next_nonce_calls=judgement["next_nonce_calls"],
        misreports=misreports,
    )


def _is_stale(row: Mapping[str, Any]) -> bool:
    return row["code"] is not None and verdict_of(row["code"]) is Verdict.STALE


def _misreports(
    claims: Sequence[Claim], misreported: Iterable[Mapping[str, Any]]
) -> list[Misreport]:
    by_index = {claim.index: claim for claim in claims}
    return [_misreport(by_index[row["client_order_index"]], row) for row in misreported]


def _misreport(claim: Claim, row: Mapping[str, Any]) -> Misreport:
    return Misreport(
        claim.client_order_id,
        claim.index,
        node=_words(claim.status, claim.filled),
        venue=_words(row["status"] or NEVER_WAS, Decimal(row["filled"])),
    )


def _words(status: str, filled: Decimal) -> str:
    return f"{status}, filled {filled}" if filled else status
