"""
The judgement of a chaos run: what the node says and remembers against what the venue wrote down.

Rules of this file
------------------
- Pure: the node's claims and the venue's own ledger and order rows go in, violations come out.
- The venue is right. A claim is excused only by a row of the venue's ledger, never by the text of
  a reason.
- The last row of a command decides: a batch that was refused as a whole is no excuse for a member
  that was sent again.
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

from nautilus_lighter_nonce.lighter.codes import Code
from nautilus_lighter_nonce.lighter.codes import TxType


UNSETTLED = frozenset({"INITIALIZED", "SUBMITTED", "PENDING_UPDATE", "PENDING_CANCEL"})
GIVEN_UP = frozenset({"DENIED", "REJECTED"})
ENDED = frozenset({"CANCELED", "EXPIRED"})
OPEN = frozenset({"ACCEPTED", "PARTIALLY_FILLED"})
VENUE_OPEN = frozenset({"in-progress", "pending", "open"})
CANCELS = frozenset({TxType.CANCEL_ORDER, TxType.CANCEL_ALL_ORDERS})

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


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """
    What the node says of one order.

    Parameters
    ----------
    client_order_id : str
        The order in Nautilus.
    index : int
        Its client order index at the venue.
    order_index : int
        The venue's index of it, 0 if the node knows none.
    status : str
        The name of its Nautilus status.
    quantity, filled, average : Decimal
        Its quantity, its filled quantity, and the average price of that.
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

    client_order_id: str
    index: int
    order_index: int
    status: str
    quantity: Decimal
    filled: Decimal
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
    summary : Mapping[str, Any]
        ``GET /ledger?summary=1``.
    orders : Sequence[Mapping[str, Any]]
        The rows of ``accountActiveOrders`` and ``accountInactiveOrders``.
    positions : Mapping[int, Decimal]
        The account's net position by market.

    """

    ledger: Sequence[Mapping[str, Any]]
    summary: Mapping[str, Any]
    orders: Sequence[Mapping[str, Any]]
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


def judge(claims: Iterable[Claim], node: Node, venue: Venue) -> list[Violation]:
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
    found: list[Violation] = [*_wire(node, venue), *_memory(node), *_doubled(venue)]
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
        for key in venue.summary["keys"]
        if (key["account_index"], key["api_key_index"]) == node.key
    )
    if not key["wire_order_ok"]:
        yield Violation("wire", f"nonces were overtaken: {key['inversions']}")
    # What was not answered may come again at its nonce: the venue spends that once (evidence 2).
    again = {
        row["nonce"]
        for row in venue.summary["reused_nonces"]
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
        for row in venue.summary[name]:
            yield Violation("doubled", f"{name}: {row}")
    times = Counter(row["client_order_index"] for row in venue.orders)
    for index, count in times.items():
        if index and count > 1:
            yield Violation("doubled", f"the venue has {count} orders with index {index}")
    for row in venue.ledger:
        if row["app_error"] == Code.CLIENT_ORDER_INDEX_EXISTS:
            yield Violation("doubled", f"sent again while its first copy lived: {_short(row)}")


# -- ONE ORDER ------------------------------------------------------------------------------------


class _Case:
    """What the venue knows of each order."""

    def __init__(self, venue: Venue) -> None:
        self._orders = {row["client_order_index"]: row for row in venue.orders}
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
        order = self._orders.get(claim.index)
        found = self._judge(claim, order)
        if found is not None:
            kind, why = found
            yield Violation(kind, f"{why}: {self._tell(claim, order)}")
        yield from self._refused_commands(claim, order)

    def _judge(self, claim: Claim, order: Mapping[str, Any] | None) -> tuple[str, str] | None:
        if claim.status in UNSETTLED:
            return "stuck", "no answer ever came"
        if order is None:
            return self._judge_absent(claim)
        if claim.status not in _fitting(order):
            return "misreported", "the venue says otherwise"
        if claim.status in GIVEN_UP:
            return None
        if claim.filled != Decimal(order["filled_base_amount"]):
            return "misreported", "another quantity was filled"
        if not _same_average(claim, order):
            return "misreported", "another average price"
        return self._judge_open(claim, order) if claim.status in OPEN else None

    def _judge_open(self, claim: Claim, order: Mapping[str, Any]) -> tuple[str, str] | None:
        theirs = (Decimal(order["price"]), Decimal(order["initial_base_amount"]))
        if (claim.price, claim.quantity) != theirs:
            return "misreported", "another price or quantity"
        if not claim.wants_cancel:
            return None
        if not _is_by_lever(self._last_cancel(claim, order)):
            return "lost", "its cancel was lost"
        if "CancelRejected" not in claim.told:
            return "misreported", "its cancel came to nothing, and nobody was told"
        return None

    def _judge_absent(self, claim: Claim) -> tuple[str, str] | None:
        last = self._last("create", claim.index)
        if claim.status in ENDED and claim.may_cancel and not _was_executed(last):
            return None
        if claim.status not in GIVEN_UP:
            return "misreported", "the venue has no such order"
        if claim.status == "DENIED" or not _is_business(last):
            return "lost", "given up without the venue's doing"
        return None

    def _refused_commands(
        self, claim: Claim, order: Mapping[str, Any] | None
    ) -> Iterator[Violation]:
        """A refused cancel or modify must have been refused by the venue."""
        if "CancelRejected" in claim.told and not self._any_business("cancel", claim, order):
            yield Violation("lost", f"a cancel was given up: {self._tell(claim, order)}")
        # Nautilus itself refuses the modify of an order that has ended, or is about to.
        stays = claim.status in OPEN and not claim.may_cancel
        is_ours = stays and "ModifyRejected" in claim.told
        if is_ours and not self._any_business("modify", claim, order):
            yield Violation("lost", f"a modify was given up: {self._tell(claim, order)}")

    # -- LOOKING ----------------------------------------------------------------------------------

    def _named(
        self, kind: str, claim: Claim, order: Mapping[str, Any] | None
    ) -> list[Mapping[str, Any]]:
        """Return the rows that name an order by either index, in the order of arrival."""
        order_index = order["order_index"] if order is not None else claim.order_index
        indexes = {claim.index, order_index}
        rows = [row for index in indexes for row in self._rows[kind, index]]
        rows += self._cancel_alls if kind == "cancel" and order is not None else []
        return sorted(rows, key=lambda row: int(row["seq"]))

    def _last(self, kind: str, index: int) -> Mapping[str, Any] | None:
        rows = self._rows[kind, index]
        return rows[-1] if rows else None

    def _last_cancel(self, claim: Claim, order: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """
        Return the last cancel of an open order.

        A cancel-all that was executed was none of it, and neither were those that it repeated.
        """
        rows: list[Mapping[str, Any]] = []
        for row in self._named("cancel", claim, order):
            if row["index"] is None and _was_executed(row):
                rows = [r for r in rows if r["index"] is not None]
            else:
                rows.append(row)
        return rows[-1] if rows else None

    def _any_business(self, kind: str, claim: Claim, order: Mapping[str, Any] | None) -> bool:
        return any(_is_business(row) for row in self._named(kind, claim, order))

    def _tell(self, claim: Claim, order: Mapping[str, Any] | None) -> str:
        theirs = "none"
        if order is not None:
            fields = ("order_index", "status", "price", "initial_base_amount", "filled_base_amount")
            theirs = ", ".join(f"{name}={order[name]}" for name in fields)
        rows = [
            row
            for kind in ("create", "modify", "cancel")
            for row in self._named(kind, claim, order)
        ]
        return "\n    ".join((str(claim), f"venue: {theirs}", *map(_short, rows)))


_KINDS = {
    TxType.CREATE_ORDER: "create",
    TxType.CANCEL_ORDER: "cancel",
    TxType.MODIFY_ORDER: "modify",
}


def _fitting(order: Mapping[str, Any]) -> frozenset[str]:
    """Return the Nautilus statuses that tell the truth about a venue's order."""
    if order["status"] in VENUE_OPEN:
        return OPEN
    if order["status"] == "filled":
        return frozenset({"FILLED"})
    by_itself = order["status"].startswith("canceled-") and not Decimal(order["filled_base_amount"])
    return GIVEN_UP | ENDED if by_itself else ENDED


def _same_average(claim: Claim, order: Mapping[str, Any]) -> bool:
    quote = Decimal(order["filled_quote_amount"])
    return abs(claim.average * claim.filled - quote) <= Decimal("0.001")


def _is_by_lever(row: Mapping[str, Any] | None) -> bool:
    """Whether a lever refused it, let it fail, or let it vanish."""
    if row is None or not row["fault"]:
        return False
    faults = set(row["fault"].split("+"))
    refused = "refuse" in faults and not row["accepted"]
    failed = "fail" in faults and row["outcome"] == "failed"
    return refused or failed or ("vanish" in faults and row["outcome"] == "vanished")


def _is_business(row: Mapping[str, Any] | None) -> bool:
    """Whether a command was not carried out for a reason that is no nonce."""
    return row is not None and (row["app_error"] is not None or _is_by_lever(row))


def _was_executed(row: Mapping[str, Any] | None) -> bool:
    return row is not None and row["outcome"] == "executed"


def _short(row: Mapping[str, Any]) -> str:
    names = ("seq", "tx_type", "nonce", "expected", "batch", "code", "outcome")
    rest = ("app_error", "fault", "replied", "connection")
    return "row " + ", ".join(f"{name}={row[name]}" for name in (*names, *rest))
