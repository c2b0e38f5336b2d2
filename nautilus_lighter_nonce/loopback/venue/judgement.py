"""
The one judge: what callers were told of their orders, against what the venue did with them.

Rules of this file
------------------
- Pure: entries and claims go in, a judgement comes out. The venue is right.
- The demo, the chaos runs, the cases and the benchmarks ask here (`POST /ledger`). Whoever counts
  or shows orders by one of the words below takes it from here and decides nothing himself.
- A claim is what a caller was told last. It is judged as of now: let everything come to rest first,
  what is held on a line included.
- An order is a client order index of an account; 0 names none. Only orders that were sent since the
  last `reset` can be judged.

Words
-----
made
    A create was executed and made an order. Whatever of it is open, filled, canceled or expired
    *lived*; what the venue ended within the same execution, with nothing filled (post-only that
    crosses, no liquidity, no margin), was made and did not live.
refused by the venue
    The API refused a copy of the create with a code that is neither a nonce's nor a rate limit's,
    whether or not the answer came through; or a copy was executed and reverted, or was accepted and
    dropped for its own sake (expired, no margin any more, a key reset, the lever `vanish`). What
    fell with another transaction was not refused; nor was the member of a refused batch, if it was
    written again afterwards.
lost
    No order was made, none may come (no copy waits for its execution), and the venue never refused
    it; and the caller neither waits for it nor was told "canceled", which is what he wished.
misreported
    What the caller was told is not so: "rejected" or "denied", but it lived; "canceled" or
    "expired", but it is open or was filled whole; "canceled", but no order was made, and he never
    asked for its end; "filled", but it was not filled whole; "open", but it is not; "accepted", but
    no order was made; or another amount was filled, or at another average price, or an open order
    has another price or quantity, than he was told.
undecided
    A copy was accepted and waits for its execution: neither lost nor misreported yet.
unresolved
    The caller was told nothing, so that nothing can be wrong: "in_flight" while he still waits,
    "nothing" once nobody works on it any more.
untold
    An order that was made for an account of the claims, but that no claim names.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from decimal import Decimal
from enum import Enum
from typing import Annotated
from typing import Any
from typing import Final

import msgspec

from nautilus_lighter_nonce.lighter.codes import QUOTE_DECIMALS
from nautilus_lighter_nonce.lighter.codes import Verdict
from nautilus_lighter_nonce.lighter.codes import is_rate_limit
from nautilus_lighter_nonce.lighter.codes import verdict_of
from nautilus_lighter_nonce.loopback.venue.decimals import format_decimal
from nautilus_lighter_nonce.loopback.venue.ledger import Entry
from nautilus_lighter_nonce.loopback.venue.ledger import Transport
from nautilus_lighter_nonce.loopback.venue.ledger_rows import Markets
from nautilus_lighter_nonce.loopback.venue.orders import BookOrder
from nautilus_lighter_nonce.loopback.venue.orders import OrderStatus
from nautilus_lighter_nonce.loopback.venue.sequencer import Outcome


AVERAGE_TOLERANCE: Final = Decimal("0.001")
"""How much the told average times the told amount may miss, USDC: averages are rounded."""

Amount = Annotated[str, msgspec.Meta(pattern=r"^\d+(\.\d+)?$")]
OrderName = tuple[int, int]
"""(account index, client order index)."""


class Told(Enum):
    """What a caller was told."""

    ACCEPTED = "accepted"  # it came to life; nothing is said of its end
    OPEN = "open"  # it lives now, filled in part or not
    FILLED = "filled"  # whole
    REJECTED = "rejected"
    DENIED = "denied"
    CANCELED = "canceled"
    EXPIRED = "expired"
    IN_FLIGHT = "in_flight"  # nothing yet: he waits for it
    NOTHING = "nothing"  # and nothing will come: he waits no more


class Truth(Enum):
    """What is true of an order."""

    NEVER = "never"  # no order was made, and the venue never refused it
    REFUSED = "refused"  # no order was made, for a reason of the venue's
    PENDING = "pending"  # a copy waits for its execution
    ENDED_AT_ONCE = "ended_at_once"  # made, and ended by the venue with nothing filled
    OPEN = "open"
    FILLED = "filled"
    CANCELED = "canceled"
    EXPIRED = "expired"


class Claim(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    What a caller was told of one order.

    Parameters
    ----------
    account_index, client_order_index : int
        The order.
    told : Told
        What he was told last.
    filled : str, optional
        How much of it he was told is filled, base units; ``None`` does not say.
    average : str, optional
        At which average price; ``None`` does not say.
    price, quantity : str, optional
        Which price and quantity it has, as long as it is open; ``None`` does not say.
    asked_cancel : bool, default True
        Whether he ever asked for its end; true where that is not known.

    """

    account_index: int
    client_order_index: Annotated[int, msgspec.Meta(ge=1)]
    told: Told
    filled: Amount | None = None
    average: Amount | None = None
    price: Amount | None = None
    quantity: Amount | None = None
    asked_cancel: bool = True


_NOT_MADE: Final = frozenset({Truth.NEVER, Truth.REFUSED})
MADE: Final = frozenset(
    {Truth.ENDED_AT_ONCE, Truth.OPEN, Truth.FILLED, Truth.CANCELED, Truth.EXPIRED}
)
"""What may be true of an order that was made."""

_NOT_LIVED: Final = _NOT_MADE | {Truth.ENDED_AT_ONCE}
_ENDED: Final = _NOT_LIVED | {Truth.CANCELED, Truth.EXPIRED}
_FITTING: Final = {
    Told.ACCEPTED: MADE,
    Told.OPEN: frozenset({Truth.OPEN}),
    Told.FILLED: frozenset({Truth.FILLED}),
    Told.REJECTED: _NOT_LIVED,
    Told.DENIED: _NOT_LIVED,
    Told.CANCELED: _ENDED,
    Told.EXPIRED: _ENDED,
}
"""What may be true when this was told."""

_UNTOLD: Final = frozenset({Told.IN_FLIGHT, Told.NOTHING})


def claims_of(told: Iterable[Mapping[str, Any] | Claim]) -> list[Claim]:
    """
    Return claims that were written as JSON objects.

    Raises
    ------
    ValueError
        If one of them is none.

    """
    try:
        return msgspec.convert(list(told), list[Claim])
    except msgspec.ValidationError as e:
        raise ValueError(str(e)) from e


def judge(entries: Iterable[Entry], claims: Sequence[Claim], markets: Markets) -> dict[str, Any]:
    """
    Return what is wrong with what callers were told.

    Parameters
    ----------
    entries : Iterable[Entry]
        The ledger's entries.
    claims : Sequence[Claim]
        What callers were told; the last claim about an order counts.
    markets : Markets
        The venue's markets.

    Returns
    -------
    dict[str, Any]
        Lists `lost`, `misreported`, `undecided`, `unresolved` and `untold`, see the words above;
        and `orders`, all orders that the claims name, with what was told and what is true.

    """
    last = {(claim.account_index, claim.client_order_index): claim for claim in claims}
    copies = _copies(entries)
    found: dict[str, list[dict[str, Any]]] = {
        name: [] for name in ("lost", "misreported", "undecided", "unresolved", "untold", "orders")
    }
    for name, claim in last.items():
        case = _Case(copies.get(name, []), markets)
        for word in (*case.check(claim), "orders"):
            found[word].append(case.row(claim))
    accounts = {account_index for account_index, _ in last}
    for name, group in copies.items():
        case = _Case(group, markets)
        if name[0] in accounts and name not in last and case.orders:
            found["untold"].append(case.about(*name))
    return found


def refused_by_venue(copies: Sequence[Entry]) -> bool:
    """Return whether one of a create's copies was refused for a reason of the venue's own."""
    return any(
        _has_own_reason(copy) and (copy.batch is None or copy is copies[-1]) for copy in copies
    )


class _Case:
    """One order: the copies of its create, in order of arrival."""

    def __init__(self, copies: Sequence[Entry], markets: Markets) -> None:
        self.orders = [copy.order for copy in copies if copy.order is not None]
        self._copies = copies
        self._markets = markets
        # Of an order that was made twice, the one that lives, or traded, tells more.
        self._order = max(self.orders, key=_weight_of, default=None)
        self.truth = self._truth()

    def check(self, claim: Claim) -> list[str]:
        """Return the words that fit a claim."""
        words = ["unresolved"] if claim.told in _UNTOLD else []
        if claim.told is Told.IN_FLIGHT:
            return words
        if self.truth is Truth.PENDING:
            return words or ["undecided"]
        if self.truth is Truth.NEVER and not _has_his_wish(claim):
            words.append("lost")
        if claim.told is not Told.NOTHING and not self._is_so(claim):
            words.append("misreported")
        return words

    def row(self, claim: Claim) -> dict[str, Any]:
        """Return what was told and what is true."""
        told = {
            "told": claim.told.value,
            "told_filled": claim.filled,
            "told_average": claim.average,
            "told_price": claim.price,
            "told_quantity": claim.quantity,
        }
        return self.about(claim.account_index, claim.client_order_index) | told

    def about(self, account_index: int, client_order_index: int) -> dict[str, Any]:
        """Return what is true."""
        order = self._order
        return {
            "account_index": account_index,
            "client_order_index": client_order_index,
            "copies": len(self._copies),
            "truth": self.truth.value,
            "order_index": None if order is None else order.order_index,
            "status": None if order is None else order.status.value,
            "price": None if order is None else format_decimal(order.price, self._price_scale),
            "quantity": None if order is None else format_decimal(order.base_amount, self._scale),
            "filled": format_decimal(self._filled_base, self._scale),
            "filled_quote": format_decimal(self._filled_quote, QUOTE_DECIMALS),
        }

    def _truth(self) -> Truth:
        if self._order is not None:
            return _truth_of(self._order)
        if any(copy.outcome is Outcome.PENDING for copy in self._copies):
            return Truth.PENDING
        return Truth.REFUSED if refused_by_venue(self._copies) else Truth.NEVER

    def _is_so(self, claim: Claim) -> bool:
        is_unasked = claim.told is Told.CANCELED and not claim.asked_cancel
        fitting = _FITTING[claim.told] - _NOT_MADE if is_unasked else _FITTING[claim.told]
        return self.truth in fitting and self._amounts_fit(claim) and self._terms_fit(claim)

    def _amounts_fit(self, claim: Claim) -> bool:
        if claim.filled is None:
            return True
        filled = Decimal(claim.filled)
        if filled != Decimal(self._filled_base).scaleb(-self._scale):
            return False
        if claim.average is None or not filled:
            return True
        quote = Decimal(self._filled_quote).scaleb(-QUOTE_DECIMALS)
        return abs(Decimal(claim.average) * filled - quote) <= AVERAGE_TOLERANCE

    def _terms_fit(self, claim: Claim) -> bool:
        order = self._order
        if claim.told is not Told.OPEN or order is None:
            return True
        has_price = _is_equal(claim.price, order.price, self._price_scale)
        return has_price and _is_equal(claim.quantity, order.base_amount, self._scale)

    @property
    def _scale(self) -> int:
        return 0 if self._order is None else self._markets[self._order.market_id].size_decimals

    @property
    def _price_scale(self) -> int:
        return 0 if self._order is None else self._markets[self._order.market_id].price_decimals

    @property
    def _filled_base(self) -> int:
        return sum(order.filled_base for order in self.orders)

    @property
    def _filled_quote(self) -> int:
        return sum(order.filled_quote for order in self.orders)


_WEIGHTS: Final = {
    truth: weight
    for weight, truth in enumerate(
        (Truth.ENDED_AT_ONCE, Truth.EXPIRED, Truth.CANCELED, Truth.FILLED, Truth.OPEN)
    )
}


def _weight_of(order: BookOrder) -> int:
    return _WEIGHTS[_truth_of(order)]


def _has_his_wish(claim: Claim) -> bool:
    """Whether the caller of an order that was never made has what he wanted of it."""
    return claim.told is Told.CANCELED and claim.asked_cancel


def _is_equal(told: str | None, units: int, scale: int) -> bool:
    return told is None or Decimal(told) == Decimal(units).scaleb(-scale)


def _copies(entries: Iterable[Entry]) -> Mapping[OrderName, list[Entry]]:
    copies: defaultdict[OrderName, list[Entry]] = defaultdict(list)
    for entry in entries:
        is_ours = entry.is_create and entry.transport is not Transport.FOREIGN
        if is_ours and entry.tx is not None and entry.tx.index:
            copies[entry.tx.info.account_index, entry.tx.index].append(entry)
    return copies


def _truth_of(order: BookOrder) -> Truth:
    if order.is_live:
        return Truth.OPEN
    if order.status is OrderStatus.FILLED:
        return Truth.FILLED
    # Every event has a time of its own: what ended in the execution that made it did not live.
    if not order.filled_base and order.updated_ns == order.created_ns:
        return Truth.ENDED_AT_ONCE
    is_expired = order.status is OrderStatus.CANCELED_EXPIRED
    return Truth.EXPIRED if is_expired else Truth.CANCELED


def _has_own_reason(copy: Entry) -> bool:
    if copy.accepted:
        is_dropped = copy.outcome is Outcome.VANISHED and copy.fell_with is None
        return copy.app_error is not None or is_dropped
    code = copy.refusal
    return code is not None and verdict_of(code) is Verdict.REFUSED and not is_rate_limit(code)
