"""What the sequencer makes of an accepted transaction: executed, refused, or gone."""

from __future__ import annotations

from typing import Any

import pytest

from nautilus_lighter_nonce.lighter.codes import Code
from nautilus_lighter_nonce.loopback.venue.execution import Execution
from nautilus_lighter_nonce.loopback.venue.execution import execute
from nautilus_lighter_nonce.loopback.venue.orders import OrderStatus
from nautilus_lighter_nonce.loopback.venue.state import State
from nautilus_lighter_nonce.loopback.venue.txinfo import Tx
from nautilus_lighter_nonce.loopback.venue.txinfo import parse
from tests.loopback import txs
from tests.loopback.bench import Bench


NOW_NS = 1_800_000_000_000_000_000


@pytest.fixture
def state() -> State:
    """Return a venue's state with its usual accounts and markets."""
    return Bench().state


def done(state: State, tx_type: int, raw: str, now_ns: int = NOW_NS) -> Execution:
    """Carry out one transaction."""
    tx = parse(tx_type, raw)
    assert isinstance(tx, Tx)
    return execute(state, tx.info, now_ns)


def placed(state: State, coi: int = 42, **fields: Any) -> Execution:
    """Place an order, a resting bid unless told otherwise."""
    return done(state, 14, txs.create(1, coi, **fields))


def test_create_rests_and_is_remembered(state: State) -> None:
    """It is found by either of its numbers."""
    order = placed(state).order
    assert order is not None
    assert order.status is OrderStatus.OPEN
    assert state.orders.find_live(700, 42) is order
    assert state.orders.find_live(700, order.order_index) is order


def test_create_with_the_index_of_a_live_order_is_refused(state: State) -> None:
    """The refusal is in the record alone: nothing changed (observed, 21728)."""
    placed(state)
    refused = placed(state)
    assert refused.app_error == Code.CLIENT_ORDER_INDEX_EXISTS
    assert (refused.changes.orders, refused.vanishes) == ([], False)


def test_create_that_is_short_of_margin_by_now_vanishes_if_it_would_rest(state: State) -> None:
    """It leaves no trace, and its nonce stays unspent (docs)."""
    gone = placed(state, BaseAmount=10**9)
    assert (gone.vanishes, gone.order, gone.app_error) == (True, None, None)
    assert state.orders.live(700) == []


def test_create_of_a_taker_that_is_short_of_margin_ends_canceled(state: State) -> None:
    """It spends its nonce, and says why it ended."""
    market = {"Type": 1, "TimeInForce": 0, "OrderExpiry": 0, "Price": 210_000}
    ended = placed(state, BaseAmount=10**9, **market)
    assert ended.order is not None
    assert ended.order.status is OrderStatus.CANCELED_MARGIN
    assert state.orders.ended(700) == [ended.order]


def test_cancel_ends_the_order_by_either_number(state: State) -> None:
    """Ours or the venue's."""
    by_ours, by_theirs = placed(state, 42).order, placed(state, 43).order
    assert by_ours is not None
    assert by_theirs is not None
    done(state, 15, txs.cancel(2, 42))
    done(state, 15, txs.cancel(3, by_theirs.order_index))
    assert [o.status for o in (by_ours, by_theirs)] == [OrderStatus.CANCELED] * 2


@pytest.mark.parametrize("raw", [txs.cancel(1, 999), txs.cancel(1, 42, MarketIndex=1)])
def test_cancel_of_what_is_not_there_is_refused(state: State, raw: str) -> None:
    """Also of an order of another market."""
    placed(state)
    assert done(state, 15, raw).app_error == Code.INVALID_ORDER_INDEX
    assert len(state.orders.live(700)) == 1


def test_modify_changes_the_order_and_counts_its_version(state: State) -> None:
    """Amount and price are new absolute values; margin follows."""
    order = placed(state).order
    account = state.accounts.known(700)
    assert order is not None
    assert account is not None
    before = account.reserved
    done(state, 17, txs.modify(2, 42, 2_000, 190_000))
    assert (order.base_amount, order.version) == (2_000, 1)
    assert account.reserved == 2 * before
    assert done(state, 17, txs.modify(3, 99, 1, 1)).app_error == Code.INVALID_ORDER_INDEX


def test_cancel_all_of_a_market_leaves_the_others(state: State) -> None:
    """The attribute narrows it; without it everything goes."""
    placed(state, 42)
    placed(state, 43, MarketIndex=1, Price=500_000, BaseAmount=1_000)
    done(state, 16, txs.cancel_all(2, L2TxAttributes={"5": 0}))
    assert [o.client_order_index for o in state.orders.live(700)] == [43]
    done(state, 16, txs.cancel_all(3))
    assert state.orders.live(700) == []


def test_scheduled_cancel_all_fires_with_the_next_request_after_its_time(state: State) -> None:
    """Not by itself, and once (observed)."""
    placed(state, 42)
    at_ms = NOW_NS // 1_000_000 + 1_000
    done(state, 16, txs.cancel_all(2, TimeInForce=1, Time=at_ms))
    done(state, 20, txs.leverage(3, 500), NOW_NS + 999_000_000)
    assert len(state.orders.live(700)) == 1
    late = done(state, 14, txs.create(4, 43), NOW_NS + 1_000_000_000)
    assert [o.client_order_index for o in state.orders.live(700)] == [43]
    assert [o.client_order_index for o in late.changes.orders] == [42, 43]
    done(state, 20, txs.leverage(5, 500), NOW_NS + 2_000_000_000)
    assert len(state.orders.live(700)) == 1


def test_leverage_changes_what_the_next_order_needs(state: State) -> None:
    """The margin fraction is the account's own in that market."""
    before = state.margin_for(700, 0, 1_000, 190_000)
    done(state, 20, txs.leverage(1, 10_000))
    assert state.margin_for(700, 0, 1_000, 190_000) > before
    assert state.margin_for(701, 0, 1_000, 190_000) == before
