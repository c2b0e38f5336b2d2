"""
What the sequencer makes of one accepted transaction: orders, cancels, refusals, disappearances.

Rules of this file
------------------
- The nonce is not here: the caller spends it, or not, by the `Verdict` that comes back.
- A refusal here spends the nonce and reaches nobody but the transaction record (observed for
  21728); a resting order that is short of margin by now vanishes and spends nothing (docs).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from typing import Final

import msgspec

from nautilus_lighter_nonce.lighter.codes import NIL_MARKET_INDEX
from nautilus_lighter_nonce.lighter.codes import Attribute
from nautilus_lighter_nonce.lighter.codes import CancelAllTif
from nautilus_lighter_nonce.lighter.codes import Code
from nautilus_lighter_nonce.lighter.codes import OrderKind
from nautilus_lighter_nonce.lighter.codes import OrderTif
from nautilus_lighter_nonce.loopback.venue.admission import meets_minimum
from nautilus_lighter_nonce.loopback.venue.admission import rests
from nautilus_lighter_nonce.loopback.venue.orders import BookOrder
from nautilus_lighter_nonce.loopback.venue.orders import Changes
from nautilus_lighter_nonce.loopback.venue.orders import OrderStatus
from nautilus_lighter_nonce.loopback.venue.orders import SelfTrade
from nautilus_lighter_nonce.loopback.venue.state import State
from nautilus_lighter_nonce.loopback.venue.txinfo import AnyInfo
from nautilus_lighter_nonce.loopback.venue.txinfo import CancelAllInfo
from nautilus_lighter_nonce.loopback.venue.txinfo import CancelInfo
from nautilus_lighter_nonce.loopback.venue.txinfo import CreateInfo
from nautilus_lighter_nonce.loopback.venue.txinfo import LeverageInfo
from nautilus_lighter_nonce.loopback.venue.txinfo import ModifyInfo
from nautilus_lighter_nonce.loopback.venue.txinfo import attribute


class Execution(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """
    The sequencer's verdict on one transaction.

    Parameters
    ----------
    changes : Changes
        What happened to orders.
    app_error : int, optional
        The refusal's code; the nonce is spent all the same.
    vanishes : bool
        Whether the transaction leaves no trace and its nonce stays unspent.
    order : BookOrder, optional
        The order that the transaction created or ended.

    """

    changes: Changes
    app_error: int | None = None
    vanishes: bool = False
    order: BookOrder | None = None


def execute(state: State, info: AnyInfo, now_ns: int) -> Execution:
    """
    Carry out one transaction.

    Parameters
    ----------
    state : State
        The venue's state; histories are brought up to date.
    info : AnyInfo
        The transaction.
    now_ns : int
        The time, UNIX nanoseconds.

    Returns
    -------
    Execution

    """
    changes = _scheduled_cancel_all(state, info.account_index, now_ns)
    state.absorb(changes)
    done = _ACTIONS[type(info)](state, info, now_ns)
    state.absorb(done.changes)
    changes.extend(done.changes)
    return msgspec.structs.replace(done, changes=changes)


# -- CREATE ---------------------------------------------------------------------------------------


def _create(state: State, info: CreateInfo, now_ns: int) -> Execution:
    if info.client_order_index and state.orders.find_live(
        info.account_index, info.client_order_index
    ):
        return _refused(Code.CLIENT_ORDER_INDEX_EXISTS)
    base = info.base_amount or state.accounts.reducible(
        info.account_index, info.market_index, bool(info.is_ask)
    )
    resting = rests(state, info)
    if resting and not meets_minimum(state, info, base):
        return _refused(Code.INVALID_MIN_AMOUNTS)
    short = not _affords(state, info, base)
    if short and resting:
        return Execution(changes=Changes(), vanishes=True)
    book = state.books[info.market_index]
    order = _new_order(info, base, book.new_index(bool(info.is_ask)))
    if short and info.type in (OrderKind.LIMIT, OrderKind.MARKET):
        order.status = OrderStatus.CANCELED_MARGIN
        order.created_ns = order.updated_ns = now_ns
        return Execution(changes=Changes([order]), order=order)
    return Execution(changes=book.place(order, now_ns), order=order)


def _affords(state: State, info: CreateInfo, base: int) -> bool:
    if info.reduce_only:
        return True
    opposite = state.accounts.reducible(info.account_index, info.market_index, bool(info.is_ask))
    opening = max(base - opposite, 0)
    needed = state.margin_for(info.account_index, info.market_index, opening, info.price)
    return needed <= state.available(info.account_index)


def _new_order(info: CreateInfo, base: int, order_index: int) -> BookOrder:
    behaviour = attribute(info, Attribute.SELF_TRADE_BEHAVIOUR) or 0
    return BookOrder(
        order_index=order_index,
        client_order_index=info.client_order_index,
        account_index=info.account_index,
        market_id=info.market_index,
        is_ask=bool(info.is_ask),
        price=info.price,
        base_amount=base,
        kind=OrderKind(info.type),
        tif=OrderTif(info.time_in_force),
        reduce_only=bool(info.reduce_only),
        trigger_price=info.trigger_price,
        expiry_ms=info.order_expiry,
        self_trade=SelfTrade(behaviour if behaviour in SelfTrade else 0),
    )


# -- CANCEL, MODIFY, LEVERAGE ---------------------------------------------------------------------


def _cancel(state: State, info: CancelInfo, now_ns: int) -> Execution:
    order = state.orders.find_live(info.account_index, info.index)
    if order is None or order.market_id != info.market_index:
        return _refused(Code.INVALID_ORDER_INDEX)
    changes = state.books[order.market_id].cancel(order, OrderStatus.CANCELED, now_ns)
    return Execution(changes=changes, order=order)


def _modify(state: State, info: ModifyInfo, now_ns: int) -> Execution:
    order = state.orders.find_live(info.account_index, info.index)
    if order is None or order.market_id != info.market_index:
        return _refused(Code.INVALID_ORDER_INDEX)
    changes = state.books[order.market_id].modify(
        order, info.base_amount, info.price, info.trigger_price, now_ns
    )
    return Execution(changes=changes, order=order)


def _cancel_all(state: State, info: CancelAllInfo, now_ns: int) -> Execution:
    account = state.accounts.known(info.account_index)
    assert account is not None  # the API tier refused unknown accounts
    if info.time_in_force != CancelAllTif.IMMEDIATE:
        account.cancel_all_time_ms = info.time
        return Execution(changes=Changes())
    market_id = attribute(info, Attribute.CANCEL_ALL_MARKET)
    one_market = None if market_id in (None, NIL_MARKET_INDEX) else market_id
    return Execution(changes=_cancel_every(state, info.account_index, one_market, now_ns))


def _leverage(state: State, info: LeverageInfo, now_ns: int) -> Execution:
    position = state.accounts.position(info.account_index, info.market_index)
    position.margin_fraction = info.initial_margin_fraction
    position.margin_mode = info.margin_mode
    return Execution(changes=Changes())


def _cancel_every(state: State, account_index: int, market_id: int | None, now_ns: int) -> Changes:
    changes = Changes()
    for order in state.orders.live(account_index):
        if market_id is None or order.market_id == market_id:
            book = state.books[order.market_id]
            changes.extend(book.cancel(order, OrderStatus.CANCELED, now_ns))
    return changes


def _scheduled_cancel_all(state: State, account_index: int, now_ns: int) -> Changes:
    """
    Fire a scheduled cancel-all whose time has passed.

    It does not fire by itself, but when the account's next request arrives (observed).
    """
    account = state.accounts.known(account_index)
    if account is None or not 0 < account.cancel_all_time_ms * 1_000_000 <= now_ns:
        return Changes()
    account.cancel_all_time_ms = 0
    return _cancel_every(state, account_index, None, now_ns)


def _refused(code: Code) -> Execution:
    return Execution(changes=Changes(), app_error=code)


_ACTIONS: Final[dict[type, Callable[[State, Any, int], Execution]]] = {
    CreateInfo: _create,
    CancelInfo: _cancel,
    CancelAllInfo: _cancel_all,
    ModifyInfo: _modify,
    LeverageInfo: _leverage,
}
