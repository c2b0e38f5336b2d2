"""
The judgement of a run: what the node says of each order against what the venue did with it.

Rules of this file
------------------
- Pure: the venue's ledger and order rows, and the node's claims go in; a summary comes out.
- The venue is right. A claim is compared only with what the venue wrote down itself.
- An order that the node still waits for claims nothing; it is counted as unresolved.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec

from nautilus_lighter_nonce.lighter.codes import TxType
from nautilus_lighter_nonce.lighter.codes import Verdict
from nautilus_lighter_nonce.lighter.codes import is_rate_limit
from nautilus_lighter_nonce.lighter.codes import verdict_of


NEVER_WAS = "no order"
"""What the venue has of an order that it never executed."""

UNRESOLVED = frozenset({"INITIALIZED", "SUBMITTED"})
GIVEN_UP = frozenset({"DENIED", "REJECTED"})
ENDED = frozenset({"CANCELED", "EXPIRED"})
OPEN = frozenset(
    {"ACCEPTED", "PARTIALLY_FILLED", "PENDING_CANCEL", "PENDING_UPDATE", "TRIGGERED"},
)
VENUE_OPEN = frozenset({"in-progress", "pending", "open"})


class Claim(msgspec.Struct, frozen=True):
    """
    What the node says of one order.

    Parameters
    ----------
    client_order_id : str
        The order in Nautilus.
    index : int
        Its client order index at the venue.
    status : str
        The name of its Nautilus order status.
    filled : Decimal
        Its filled quantity.

    """

    client_order_id: str
    index: int
    status: str
    filled: Decimal


class VenueOrder(msgspec.Struct, frozen=True):
    """
    What the venue has of one order.

    Parameters
    ----------
    status : str
        The venue's word, e.g. "filled" or "canceled-post-only".
    filled : Decimal
        Its filled quantity.

    """

    status: str
    filled: Decimal


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
        Refused by the venue for business reasons.
    lost_to_nonces : int
        Given up by the node without any such reason.
    doubled : int
        Executed more than once by the venue.
    misreported : int
        About which the node was wrong, see `misreports`.
    unresolved : int
        For which the node still waits.
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


def judge(
    claims: Sequence[Claim],
    ledger: Iterable[Mapping[str, Any]],
    venue_summary: Mapping[str, Any],
    venue_orders: Mapping[int, VenueOrder],
    *,
    seconds: float,
    seed: int,
    faults: int,
    heals: int,
) -> Summary:
    """
    Return the judgement of a run.

    Parameters
    ----------
    claims : Sequence[Claim]
        What the node says of each order.
    ledger : Iterable[Mapping[str, Any]]
        The rows of the venue's ``GET /ledger``.
    venue_summary : Mapping[str, Any]
        The venue's ``GET /ledger?summary=1``.
    venue_orders : Mapping[int, VenueOrder]
        All orders of the account at the venue, by client order index.
    seconds, seed, faults, heals
        As in `Summary`.

    Returns
    -------
    Summary

    """
    ours = [row for row in ledger if row["transport"] != "foreign"]
    creates = [row for row in ours if row["tx_type"] == TxType.CREATE_ORDER]
    refused = _refused(creates, venue_orders)
    misreports = [wrong for claim in claims if (wrong := _check(claim, venue_orders))]
    return Summary(
        seconds=seconds,
        seed=seed,
        faults=faults,
        wanted=len(claims),
        sent=len({row["index"] for row in creates}),
        accepted=len({row["index"] for row in creates if row["accepted"]}),
        filled=sum(order.filled > 0 for order in venue_orders.values()),
        refused=len(refused),
        lost_to_nonces=sum(_is_lost(claim, refused, venue_orders) for claim in claims),
        doubled=len(venue_summary["doubled"]),
        misreported=len(misreports),
        unresolved=sum(claim.status in UNRESOLVED for claim in claims),
        transactions=len(ours),
        stale=sum(_verdict(row) is Verdict.STALE for row in ours),
        heals=heals,
        next_nonce_calls=venue_summary["next_nonce_calls"],
        misreports=misreports,
    )


def _verdict(row: Mapping[str, Any]) -> Verdict | None:
    return None if row["code"] is None else verdict_of(row["code"])


def _refused(
    creates: Iterable[Mapping[str, Any]],
    venue_orders: Mapping[int, VenueOrder],
) -> set[int]:
    """Return the orders that the venue refused for a reason that is no nonce and no rate limit."""
    by_answer = {row["index"] for row in creates if _is_business(row)}
    by_book = {index for index, order in venue_orders.items() if _is_refusal(order)}
    return by_answer | by_book


def _is_business(row: Mapping[str, Any]) -> bool:
    if row["app_error"] is not None:
        return True
    code = row["code"]
    is_status = code is not None and code in range(400, 600)
    return _verdict(row) is Verdict.REFUSED and not is_status and not is_rate_limit(code)


def _is_refusal(order: VenueOrder) -> bool:
    return order.status.startswith("canceled-") and not order.filled


def _is_lost(claim: Claim, refused: set[int], venue_orders: Mapping[int, VenueOrder]) -> bool:
    known = claim.index in refused or claim.index in venue_orders
    return claim.status in GIVEN_UP and not known


def _check(claim: Claim, venue_orders: Mapping[int, VenueOrder]) -> Misreport | None:
    if claim.status in UNRESOLVED:
        return None
    order = venue_orders.get(claim.index)
    filled = order.filled if order is not None else Decimal(0)
    if claim.status in _fitting(order) and claim.filled == filled:
        return None
    return Misreport(
        claim.client_order_id,
        claim.index,
        node=_words(claim.status, claim.filled),
        venue=_words(order.status if order is not None else NEVER_WAS, filled),
    )


def _fitting(order: VenueOrder | None) -> frozenset[str]:
    """Return the Nautilus statuses that tell the truth about a venue's order."""
    if order is None:
        return GIVEN_UP | ENDED
    if order.status in VENUE_OPEN:
        return OPEN
    if order.status == "filled":
        return frozenset({"FILLED"})
    return GIVEN_UP | ENDED if _is_refusal(order) else ENDED


def _words(status: str, filled: Decimal) -> str:
    return f"{status}, filled {filled}" if filled else status
