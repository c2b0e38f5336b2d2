"""
The API tier's checks, in order: the first that objects answers the request.

Rules of this file
------------------
- Checks only look; they change nothing. What they answer leaves the nonce unspent (docs).
- The order is the likely one, not a documented one: fields, key, signature, `ExpiredAt`, nonce,
  market and order, margin.
- A batch is admitted as a whole or not at all (nautilus docs): every member passes a step before
  the next step looks at any.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence
from typing import Final

import msgspec

from nautilus_lighter_nonce.lighter.codes import Attribute
from nautilus_lighter_nonce.lighter.codes import Code
from nautilus_lighter_nonce.lighter.codes import OrderKind
from nautilus_lighter_nonce.lighter.codes import OrderTif
from nautilus_lighter_nonce.loopback.config import Tier
from nautilus_lighter_nonce.loopback.venue.commands import AccountStatus
from nautilus_lighter_nonce.loopback.venue.decimals import parse_decimal
from nautilus_lighter_nonce.loopback.venue.orders import OrderStatus
from nautilus_lighter_nonce.loopback.venue.sequencer import Claim
from nautilus_lighter_nonce.loopback.venue.state import State
from nautilus_lighter_nonce.loopback.venue.txinfo import TRIGGER_KINDS
from nautilus_lighter_nonce.loopback.venue.txinfo import CancelAllInfo
from nautilus_lighter_nonce.loopback.venue.txinfo import CancelInfo
from nautilus_lighter_nonce.loopback.venue.txinfo import CreateInfo
from nautilus_lighter_nonce.loopback.venue.txinfo import Tx
from nautilus_lighter_nonce.loopback.venue.txinfo import attribute
from nautilus_lighter_nonce.loopback.venue.txinfo import check_fields
from nautilus_lighter_nonce.loopback.venue.txinfo import signature_is_formed


MIN_ORDER_LIFE_MS: Final = 5 * 60 * 1_000  # docs
MAX_ORDER_LIFE_MS: Final = 30 * 24 * 3_600 * 1_000  # docs


class OrderCaps(msgspec.Struct, frozen=True):
    """How many orders an account may have: in the book and waiting for a trigger."""

    active: int
    active_in_market: int
    pending: int
    pending_in_market: int


ORDER_CAPS: Final = {
    Tier.STANDARD: OrderCaps(250, 30, 50, 10),
    Tier.PLUS: OrderCaps(750, 250, 500, 100),
    Tier.PREMIUM: OrderCaps(1_500, 1_000, 1_000, 100),
}
"""Nautilus docs."""

Step = Callable[[State, Tx, int], Code | None]


def _fields(state: State, tx: Tx, now_ms: int) -> Code | None:
    return check_fields(tx.info)


def _key(state: State, tx: Tx, now_ms: int) -> Code | None:
    if state.accounts.get(tx.info.account_index) is None:
        return Code.ACCOUNT_NOT_FOUND
    return state.keys.objection(tx.key)


def _signature(state: State, tx: Tx, now_ms: int) -> Code | None:
    return None if signature_is_formed(tx.info.sig) else Code.INVALID_SIGNATURE


def _lifetime(state: State, tx: Tx, now_ms: int) -> Code | None:
    return None if tx.info.expired_at > now_ms else Code.INVALID_EXPIRY


def _market(state: State, tx: Tx, now_ms: int) -> Code | None:
    market_id: int | None = None
    if isinstance(tx.info, CancelAllInfo):
        market_id = attribute(tx.info, Attribute.CANCEL_ALL_MARKET)
    else:
        market_id = tx.info.market_index
    known = market_id is None or market_id in state.books
    return None if known else Code.INVALID_MARKET_INDEX


def _status(state: State, tx: Tx, now_ms: int) -> Code | None:
    status = state.statuses.get(tx.info.account_index) if state.statuses else None
    if status is AccountStatus.LIQUIDATION:
        return Code.LIQUIDATION
    if status is AccountStatus.PRE_LIQUIDATION and not _heals(state, tx):
        return Code.PRE_LIQUIDATION
    return None


def _heals(state: State, tx: Tx) -> bool:
    """Return whether a transaction can only make an account healthier (the rule is inferred)."""
    info = tx.info
    if isinstance(info, CancelInfo | CancelAllInfo):
        return True
    if not isinstance(info, CreateInfo):
        return False
    account_index, market_id = info.account_index, info.market_index
    reducible = state.accounts.reducible(account_index, market_id, bool(info.is_ask))
    return bool(info.reduce_only) or info.base_amount <= reducible


def _order_caps(state: State, tx: Tx, now_ms: int) -> Code | None:
    info = tx.info
    if not state.config.tier_limits or not isinstance(info, CreateInfo):
        return None
    waits = info.type in TRIGGER_KINDS
    if not waits and not rests(state, info):
        return None
    caps = ORDER_CAPS[state.config.tier]
    mine = [
        order
        for order in state.orders.live(info.account_index)
        if (order.status is OrderStatus.PENDING) == waits
    ]
    here = sum(order.market_id == info.market_index for order in mine)
    if len(mine) >= (caps.pending if waits else caps.active):
        return Code.TOO_MANY_PENDING_ORDERS if waits else Code.TOO_MANY_ORDERS
    if here >= (caps.pending_in_market if waits else caps.active_in_market):
        return Code.TOO_MANY_PENDING_IN_MARKET if waits else Code.TOO_MANY_ORDERS_IN_MARKET
    return None


def _order_expiry(state: State, tx: Tx, now_ms: int) -> Code | None:
    info = tx.info
    if not isinstance(info, CreateInfo):
        return None
    immediate = info.time_in_force == OrderTif.IMMEDIATE_OR_CANCEL
    if immediate and info.type not in TRIGGER_KINDS:
        return None if info.order_expiry == 0 else Code.INVALID_EXPIRY
    life_ms = info.order_expiry - now_ms
    fits = MIN_ORDER_LIFE_MS <= life_ms <= MAX_ORDER_LIFE_MS
    return None if fits else Code.INVALID_EXPIRY


def _trigger(state: State, tx: Tx, now_ms: int) -> Code | None:
    if not isinstance(tx.info, CreateInfo):
        return None
    fits = (tx.info.trigger_price > 0) == (tx.info.type in TRIGGER_KINDS)
    return None if fits else Code.INVALID_ORDER_TYPE


def _min_amounts(state: State, tx: Tx, now_ms: int) -> Code | None:
    info = tx.info
    if not isinstance(info, CreateInfo) or not rests(state, info):
        return None
    return None if meets_minimum(state, info, info.base_amount) else Code.INVALID_MIN_AMOUNTS


def _margin(state: State, tx: Tx, now_ms: int) -> Code | None:
    info = tx.info
    if not isinstance(info, CreateInfo) or info.reduce_only or not rests(state, info):
        return None
    needed = state.margin_for(info.account_index, info.market_index, info.base_amount, info.price)
    fits = needed <= state.available(info.account_index)
    return None if fits else Code.NOT_ENOUGH_MARGIN


BEFORE_NONCE: Final[tuple[Step, ...]] = (_fields, _key, _signature, _lifetime)
AFTER_NONCE: Final[tuple[Step, ...]] = (
    _market,
    _status,
    _order_expiry,
    _trigger,
    _min_amounts,
    _margin,
    _order_caps,
)


def rests(state: State, info: CreateInfo) -> bool:
    """Return whether an order would go to the book: a maker order, not a taker and no trigger."""
    if info.type != OrderKind.LIMIT or info.time_in_force == OrderTif.IMMEDIATE_OR_CANCEL:
        return False
    crosses = state.books[info.market_index].crosses(bool(info.is_ask), info.price)
    return info.time_in_force == OrderTif.POST_ONLY or not crosses


def meets_minimum(state: State, info: CreateInfo, base: int) -> bool:
    """Return whether a size may rest in the book, reduce-only or not (observed)."""
    book = state.books[info.market_index]
    least_base = parse_decimal(book.market.min_base_amount, book.market.size_decimals)
    least_quote = parse_decimal(book.market.min_quote_amount, 6)
    return base >= least_base and book.quote_of(base, info.price) >= least_quote


def check_batch(types_given: int, infos_given: int, most: int) -> Code | None:
    """
    Return what is wrong with the form of a batch, ``None`` if nothing is.

    Parameters
    ----------
    types_given, infos_given : int
        How many of each the request has.
    most : int
        How many transactions the transport takes.

    Returns
    -------
    Code or ``None``

    """
    if types_given != infos_given or infos_given == 0:
        return Code.BATCH_LENGTH_MISMATCH
    return Code.BATCH_TOO_LARGE if infos_given > most else None


def check_before_nonce(state: State, txs: Sequence[Tx], now_ms: int) -> Code | None:
    """Return the first objection of the steps before the nonce, ``None`` if there is none."""
    if len({tx.key for tx in txs}) > 1:
        return Code.MIXED_BATCH
    return _first_objection(BEFORE_NONCE, state, txs, now_ms)


def check_nonce(state: State, txs: Sequence[Tx]) -> Code | None:
    """Return the sequencer's objection to the nonces, ``None`` if there is none."""
    return state.sequencer.check(txs[0].key, [claim_of(tx) for tx in txs])


def check_after_nonce(state: State, txs: Sequence[Tx], now_ms: int) -> Code | None:
    """Return the first objection of the steps after the nonce, ``None`` if there is none."""
    return _first_objection(AFTER_NONCE, state, txs, now_ms)


def claim_of(tx: Tx) -> Claim:
    """Return a transaction's claim to its nonce."""
    return Claim(tx.info.nonce, tx.skips)


def _first_objection(
    steps: tuple[Step, ...], state: State, txs: Sequence[Tx], now_ms: int
) -> Code | None:
    for step in steps:
        for tx in txs:
            code = step(state, tx, now_ms)
            if code is not None:
                return code
    return None
