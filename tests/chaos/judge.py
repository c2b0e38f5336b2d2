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

AT_REST = {
    "dispatcher waiting": 0,
    "dispatcher in flight": 0,
    "dispatcher by nonce": 0,
    "dispatcher parcels undecided": 0,
    "proof asking": 0,
    "lane transactions": 0,
    "component seeding": 0,
    "component healing running": 0,
    "component alarms": 0,
}
"""What must be empty when nothing is on its way."""

BOUNDS = {
    "dispatcher parcels": 1_000,
    "proof accepted": 200,
    "proof by hash": 400,
    "proof ours": 20_000,
    "outcomes watched": 64,
    "outcomes early": 1_000,
    "tracker trades seen": 100_000,
    "tracker finished": 10_000,
    "stream tasks": 8,
    "stream channels": 16,
    "client tasks": 64,
}
"""What may be remembered, however long the run was; the live orders come on top of some."""


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
        Whether its strategy asked for its end.
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

    """

    key: tuple[int, int]
    lane: str
    next_nonce: int
    positions: Mapping[int, Decimal]
    sizes: Mapping[str, int]
    live_orders: int


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
    if key["reused_nonces"]:
        yield Violation("wire", f"nonces were used again: {key['reused_nonces']}")
    if node.lane != "open":
        yield Violation("stuck", f"the lane is {node.lane}")
    elif node.next_nonce != key["expected"]:
        about = f"the next nonce is {node.next_nonce}, the venue expects {key['expected']}"
        yield Violation("wire", about)


def _memory(node: Node) -> Iterator[Violation]:
    for name, limit in AT_REST.items():
        if node.sizes[name] > limit:
            yield Violation("stuck", f"{name} holds {node.sizes[name]} at rest")
    bounds = BOUNDS | {
        "desk submits": node.live_orders,
        "tracker by id": BOUNDS["tracker finished"] + node.live_orders,
        "tracker by index": 2 * (BOUNDS["tracker finished"] + node.live_orders),
    }
    for name, limit in bounds.items():
        if node.sizes[name] > limit:
            yield Violation("memory", f"{name} holds {node.sizes[name]}, more than {limit}")


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

    def _judge(
        self, claim: Claim, order: Mapping[str, Any] | None
    ) -> tuple[str, str] | None:
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
        if claim.status not in OPEN:
            return None
        if (claim.price, claim.quantity) != (
            Decimal(order["price"]),
            Decimal(order["initial_base_amount"]),
        ):
            return "misreported", "another price or quantity"
        if claim.wants_cancel and not _is_by_lever(self._last_cancel(claim, order)):
            return "lost", "its cancel was lost"
        return None

    def _judge_absent(self, claim: Claim) -> tuple[str, str] | None:
        last = self._last("create", claim.index)
        if claim.status in ENDED and claim.wants_cancel and not _was_executed(last):
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
        if "ModifyRejected" in claim.told and not self._any_business("modify", claim, order):
            yield Violation("lost", f"a modify was given up: {self._tell(claim, order)}")

    # -- LOOKING ----------------------------------------------------------------------------------

    def _named(
        self, kind: str, claim: Claim, order: Mapping[str, Any] | None
    ) -> list[Mapping[str, Any]]:
        """Return the rows that name an order by either index, in the order of arrival."""
        order_index = order["order_index"] if order is not None else claim.order_index
        indexes = {claim.index, order_index}
        rows = [row for index in indexes for row in self._rows[kind, index]]
        rows += self._cancel_alls if kind == "cancel" else []
        return sorted(rows, key=lambda row: int(row["seq"]))

    def _last(self, kind: str, index: int) -> Mapping[str, Any] | None:
        rows = self._rows[kind, index]
        return rows[-1] if rows else None

    def _last_cancel(self, claim: Claim, order: Mapping[str, Any]) -> Mapping[str, Any] | None:
        rows = self._named("cancel", claim, order)
        return rows[-1] if rows else None

    def _any_business(
        self, kind: str, claim: Claim, order: Mapping[str, Any] | None
    ) -> bool:
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
