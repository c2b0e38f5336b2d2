"""
What must not be after a chaos run: by the venue's judge, and by what only a chaos run knows.

Rules of this file
------------------
- Pure: the node's claims, the venue's ledger and its judgement go in, violations come out.
- What orders are lost, doubled, misreported and unresolved is for the venue's judge to say
  (`venue.judgement`). Added here is what it cannot know: that nothing but a lever refuses anything,
  that nothing is on its way any more, what was to be canceled, the wire, positions and memory.
- A claim is excused only by a row of the venue's ledger, never by the text of a reason.
"""

from __future__ import annotations

from collections import Counter
from collections import defaultdict
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec

from nautilus_lighter_nonce.demo import claims
from nautilus_lighter_nonce.lighter.codes import TxType


PENDING = frozenset({"PENDING_UPDATE", "PENDING_CANCEL"})
OPEN = frozenset({"ACCEPTED", "PARTIALLY_FILLED"})

WRONGS = {
    "unresolved": ("stuck", "no answer ever came"),
    "undecided": ("stuck", "the venue has not executed it"),
    "lost": ("lost", "it was never made, without the venue's doing"),
    "misreported": ("misreported", "the venue says otherwise"),
}
"""The judge's words about an order, as violations."""

SMALL = 400
"""What a container of ours may hold if nothing else is said; live orders come on top."""

LARGE = {
    "_seen": 4_096,
    "_executed": 4_096,
    "ends": 4_096,
    "_heap": 2_000,
    "_set": 2_000,
    "_ours": 20_000,
    "_finished": 1_000,
    "_by_id": 1_000,
    "_by_index": 2_000,
    "_trades_seen": 10_000,
}
"""What the containers that are a memory may hold, however long the run was."""


class Claim(claims.Claim, frozen=True, kw_only=True):
    """
    What the node says of one order, and what its strategy wished.

    Parameters
    ----------
    order_index : int
        The venue's index of it, 0 if the node knows none.
    quantity, average : Decimal
        Its quantity, and the average price of what was filled.
    price : Decimal, optional
        Its price, ``None`` for a market order.
    wants_cancel : bool
        Whether its strategy asked for its end when the venue had it, or was about to.
    may_cancel : bool
        Whether its strategy asked for its end at any time.
    told : tuple[str, ...]
        The names of its events.
    reason : str
        The last reason that came with an event; for people.

    """

    order_index: int
    quantity: Decimal
    average: Decimal
    price: Decimal | None
    wants_cancel: bool
    may_cancel: bool
    told: tuple[str, ...]
    reason: str


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """
    What the node says of itself.

    Parameters
    ----------
    key : tuple[int, int]
        Its (account index, API key index).
    lane : str
        The state of its lane.
    next_nonce : int
        What it would issue next.
    positions : Mapping[int, Decimal]
        Its net position by market.
    sizes : Mapping[str, int]
        How much each of our containers holds.
    live_orders : int
        Orders that have not ended.
    unfinished : int
        Transactions without a verdict.
    note : str
        What else may explain why it does not move; for people.

    """

    key: tuple[int, int]
    lane: str
    next_nonce: int
    positions: Mapping[int, Decimal]
    sizes: Mapping[str, int]
    live_orders: int
    unfinished: int
    note: str = ""


class Venue(msgspec.Struct, frozen=True, kw_only=True):
    """
    What the venue wrote down.

    Parameters
    ----------
    ledger : Sequence[Mapping[str, Any]]
        The rows of ``GET /ledger``.
    judgement : Mapping[str, Any]
        What it answers when it is told the claims (``POST /ledger``).
    positions : Mapping[int, Decimal]
        The account's net position by market.

    """

    ledger: Sequence[Mapping[str, Any]]
    judgement: Mapping[str, Any]
    positions: Mapping[int, Decimal]


class Violation(msgspec.Struct, frozen=True):
    """
    Something that must not be.

    Parameters
    ----------
    kind : str
        "doubled", "misreported", "lost", "stuck", "wire" or "memory".
    about : str
        What and why, for people.

    """

    kind: str
    about: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.about}"


def violations_of(claims: Iterable[Claim], node: Node, venue: Venue) -> list[Violation]:
    """
    Return everything that is wrong once a run has come to rest.

    Parameters
    ----------
    claims : Iterable[Claim]
        What the node says of each order of the run.
    node : Node
        What it says of itself.
    venue : Venue
        What the venue says.

    Returns
    -------
    list[Violation]

    """
    case = _Case(venue)
    found = [*_wire(node, venue), *_memory(node), *_doubled(venue), *_unknown(venue)]
    for claim in claims:
        found += case.check(claim)
    for market, ours in node.positions.items():
        theirs = venue.positions.get(market, Decimal(0))
        if ours != theirs:
            about = f"position in market {market} is {ours}, at the venue {theirs}"
            found.append(Violation("misreported", about))
    return found


def fates(claims: Iterable[Claim]) -> Counter[str]:
    """Return how many orders ended with each status."""
    return Counter(claim.status for claim in claims)


# -- THE WHOLE ------------------------------------------------------------------------------------


def _wire(node: Node, venue: Venue) -> Iterator[Violation]:
    (key,) = (
        key
        for key in venue.judgement["keys"]
        if (key["account_index"], key["api_key_index"]) == node.key
    )
    if not key["wire_order_ok"]:
        yield Violation("wire", f"nonces were overtaken: {key['inversions']}")
    # What was not answered may come again at its nonce: the venue spends that once (evidence 2).
    again = {
        row["nonce"]
        for row in venue.judgement["reused_nonces"]
        if (row["account_index"], row["api_key_index"]) == node.key and row["was_answered"]
    }
    if again:
        rows = [_short(row) for row in venue.ledger if row["nonce"] in again]
        yield Violation("wire", "\n    ".join(("nonces were used again:", *rows)))
    if node.lane != "open":
        yield Violation("stuck", f"the lane is {node.lane}: {node.note}")
    elif node.next_nonce != key["expected"]:
        about = f"the next nonce is {node.next_nonce}, the venue expects {key['expected']}"
        yield Violation("wire", about)


def _memory(node: Node) -> Iterator[Violation]:
    if node.unfinished:
        yield Violation("stuck", f"{node.unfinished} transactions have no verdict")
    for path, size in node.sizes.items():
        limit = LARGE.get(path.rpartition(".")[2], SMALL) + 2 * node.live_orders
        if size > limit:
            yield Violation("memory", f"{path} holds {size}, more than {limit}")


def _doubled(venue: Venue) -> Iterator[Violation]:
    for name in ("doubled", "accepted_twice"):
        for row in venue.judgement[name]:
            yield Violation("doubled", f"{name}: {row}")


def _unknown(venue: Venue) -> Iterator[Violation]:
    for row in venue.judgement["untold"]:
        yield Violation("misreported", f"the node does not know of {row}")


# -- ONE ORDER ------------------------------------------------------------------------------------


class _Case:
    """What the venue knows of each order."""

    def __init__(self, venue: Venue) -> None:
        self._judgement = venue.judgement
        self._truths = {row["client_order_index"]: row for row in venue.judgement["orders"]}
        self._rows: defaultdict[tuple[str, int], list[Mapping[str, Any]]] = defaultdict(list)
        self._cancel_alls: list[Mapping[str, Any]] = []
        for row in venue.ledger:
            if row["transport"] == "foreign":
                continue
            if row["tx_type"] == TxType.CANCEL_ALL_ORDERS:
                self._cancel_alls.append(row)
            elif row["index"] is not None:
                self._rows[_KINDS[row["tx_type"]], row["index"]].append(row)

    def check(self, claim: Claim) -> Iterator[Violation]:
        """Yield what is wrong with one claim."""
        truth = self._truths[claim.index]
        for kind, why in (*self._judged(claim), *self._of_its_own(claim, truth)):
            yield Violation(kind, f"{why}: {self._tell(claim, truth)}")
        yield from self._refused_commands(claim, truth)

    def _judged(self, claim: Claim) -> Iterator[tuple[str, str]]:
        for word, wrong in WRONGS.items():
            if any(row["client_order_index"] == claim.index for row in self._judgement[word]):
                yield wrong

    def _of_its_own(self, claim: Claim, truth: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        if claim.status in PENDING:
            yield "stuck", "a command of it has no end"
        if claim.status == "DENIED" and truth["copies"]:
            yield "misreported", "denied, and yet it was sent"
        is_refused = claim.status == "REJECTED" and truth["truth"] == "refused"
        if is_refused and not self._any_business("create", claim, truth):
            yield "lost", "refused, and not by a lever"
        if claim.status in OPEN and truth["truth"] == "open" and claim.wants_cancel:
            yield from self._missed_cancel(claim, truth)

    def _missed_cancel(self, claim: Claim, truth: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        if not _is_by_lever(self._last_cancel(claim, truth)):
            yield "lost", "its cancel was lost"
        elif "CancelRejected" not in claim.told:
            yield "misreported", "its cancel came to nothing, and nobody was told"

    def _refused_commands(self, claim: Claim, truth: Mapping[str, Any]) -> Iterator[Violation]:
        """A refused cancel or modify must have been refused by the venue."""
        if "CancelRejected" in claim.told and not self._any_business("cancel", claim, truth):
            yield Violation("lost", f"a cancel was given up: {self._tell(claim, truth)}")
        # Nautilus itself refuses the modify of an order that has ended, or is about to.
        stays = claim.status in OPEN and not claim.may_cancel
        is_ours = stays and "ModifyRejected" in claim.told
        if is_ours and not self._any_business("modify", claim, truth):
            yield Violation("lost", f"a modify was given up: {self._tell(claim, truth)}")

    # -- LOOKING ----------------------------------------------------------------------------------

    def _named(self, kind: str, claim: Claim, truth: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """Return the rows that name an order by either index, in the order of arrival."""
        order_index = truth["order_index"]
        indexes = {claim.index, claim.order_index if order_index is None else order_index}
        rows = [row for index in indexes for row in self._rows[kind, index]]
        rows += self._cancel_alls if kind == "cancel" and order_index is not None else []
        return sorted(rows, key=lambda row: int(row["seq"]))

    def _last_cancel(self, claim: Claim, truth: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """
        Return the last cancel of an open order.

        A cancel-all that was executed was none of it, and neither were those that it repeated.
        """
        rows: list[Mapping[str, Any]] = []
        for row in self._named("cancel", claim, truth):
            if row["index"] is None and _was_executed(row):
                rows = [r for r in rows if r["index"] is not None]
            else:
                rows.append(row)
        return rows[-1] if rows else None

    def _any_business(self, kind: str, claim: Claim, truth: Mapping[str, Any]) -> bool:
        return any(_is_business(row) for row in self._named(kind, claim, truth))

    def _tell(self, claim: Claim, truth: Mapping[str, Any]) -> str:
        rows = [
            row
            for kind in ("create", "modify", "cancel")
            for row in self._named(kind, claim, truth)
        ]
        return "\n    ".join((str(claim), f"venue: {truth}", *map(_short, rows)))


_KINDS = {
    TxType.CREATE_ORDER: "create",
    TxType.CANCEL_ORDER: "cancel",
    TxType.MODIFY_ORDER: "modify",
}


def _is_by_lever(row: Mapping[str, Any] | None) -> bool:
    """Whether a lever refused it, let it fail, or let it vanish."""
    if row is None or not row["fault"]:
        return False
    faults = set(row["fault"].split("+"))
    refused = "refuse" in faults and not row["accepted"]
    reverted = "fail" in faults and row["outcome"] == "reverted"
    return refused or reverted or ("vanish" in faults and row["outcome"] == "vanished")


def _is_business(row: Mapping[str, Any] | None) -> bool:
    """Whether a command was not carried out for a reason that is no nonce."""
    return row is not None and (row["app_error"] is not None or _is_by_lever(row))


def _was_executed(row: Mapping[str, Any] | None) -> bool:
    return row is not None and row["outcome"] == "executed"


def _short(row: Mapping[str, Any]) -> str:
    names = ("seq", "tx_type", "nonce", "expected", "batch", "code", "outcome")
    rest = ("app_error", "fault", "replied", "connection")
    return "row " + ", ".join(f"{name}={row[name]}" for name in (*names, *rest))
