"""Accounts: positions, fees, margin; integers that add up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_lighter_nonce.loopback.config import AccountConfig
from nautilus_lighter_nonce.loopback.venue.accounts import Accounts
from nautilus_lighter_nonce.loopback.venue.accounts import Position
from nautilus_lighter_nonce.loopback.venue.orders import Fill
from nautilus_lighter_nonce.loopback.venue.orders import Party


USDC = 1_000_000


def accounts(maker_fee: int = 0, taker_fee: int = 0) -> Accounts:
    """Return two accounts with 1,000 USDC each and one market of 10 % initial margin."""
    configs = tuple(AccountConfig(account_index=i, collateral="1000") for i in (700, 701))
    return Accounts(configs, {0: 1_000}, maker_fee, taker_fee)


def fill(base: int, quote: int, *, buyer: int = 700, seller: int = 701) -> Fill:
    """Return a trade in which the seller was the maker."""
    return Fill(
        trade_id=1,
        market_id=0,
        base=base,
        price=1,
        quote=quote,
        ask=Party(seller, 1, 1),
        bid=Party(buyer, 2, 2),
        is_maker_ask=True,
        ts_ns=0,
    )


def marks(market_id: int, base: int) -> int:
    """Return the notional at a mark of 2 USDC."""
    return base * 2 * USDC


# -- POSITIONS ------------------------------------------------------------------------------------


def test_trade_that_adds_realizes_nothing() -> None:
    """Entry values add up."""
    position = Position(market_id=0, margin_fraction=1_000)
    assert position.trade(10, 100) == 0
    assert position.trade(10, 120) == 0
    assert (position.size, position.cost, position.realized) == (20, 220, 0)


@pytest.mark.parametrize(("side", "profit"), [(1, 30), (-1, -30)])
def test_trade_that_reduces_realizes_its_share(side: int, profit: int) -> None:
    """A long gains what a short loses."""
    position = Position(market_id=0, margin_fraction=1_000)
    position.trade(20 * side, 200)
    assert position.trade(-10 * side, 130) == profit
    assert (position.size, position.cost, position.realized) == (10 * side, 100, profit)


def test_trade_through_zero_closes_and_opens_the_other_side() -> None:
    """What is left begins at the price of the trade."""
    position = Position(market_id=0, margin_fraction=1_000)
    position.trade(10, 100)
    assert position.trade(-30, 360) == 20
    assert (position.size, position.cost) == (-20, 240)


@given(
    trades=st.lists(
        st.tuples(st.integers(-50, 50).filter(bool), st.integers(1, 10**6)), max_size=20
    )
)
def test_trades_never_make_a_negative_cost_and_money_is_kept(trades: list[tuple[int, int]]) -> None:
    """Whatever is traded: what was paid is either in the position's cost or realized."""
    position, paid = Position(market_id=0, margin_fraction=1_000), 0
    for delta, quote in trades:
        position.trade(delta, quote)
        paid += quote if delta > 0 else -quote
        assert position.cost >= 0
        assert position.size or not position.cost
    held = position.cost if position.size >= 0 else -position.cost
    assert held - paid == position.realized


def test_unrealized_is_the_profit_if_closed_now() -> None:
    """For a long what it is worth above its cost, for a short below."""
    assert Position(market_id=0, margin_fraction=1, size=5, cost=100).unrealized(130) == 30
    assert Position(market_id=0, margin_fraction=1, size=-5, cost=100).unrealized(130) == -30


# -- CLEARING -------------------------------------------------------------------------------------


def test_fill_is_booked_on_both_accounts_with_their_fees() -> None:
    """The maker pays the maker's rate, the taker the taker's."""
    made = accounts(maker_fee=100, taker_fee=1_000)
    made.book_fill(fill(10, 20 * USDC))
    buyer, seller = made.get(700), made.get(701)
    assert buyer is not None
    assert seller is not None
    assert (made.position(700, 0).size, made.position(701, 0).size) == (10, -10)
    assert buyer.collateral == 1_000 * USDC - 20_000
    assert seller.collateral == 1_000 * USDC - 2_000
    assert made.held(0) == (10, 10)


def test_fill_with_somebody_else_books_what_is_here() -> None:
    """The house has no account."""
    made = accounts()
    made.book_fill(fill(10, 20 * USDC, seller=9))
    assert made.held(0) == (10, 0)


def test_standing_of_nobody_is_nothing() -> None:
    """No position is made by asking."""
    made = accounts()
    assert made.standing(9, 0).size == 0
    assert made.standing(700, 0).margin_fraction == 1_000
    account = made.get(700)
    assert account is not None
    assert account.positions == {}


def test_reducible_is_what_the_other_side_holds() -> None:
    """A reduce-only ask closes a long, and no more."""
    made = accounts()
    made.book_fill(fill(10, 20 * USDC))
    assert (made.reducible(700, 0, True), made.reducible(700, 0, False)) == (10, 0)
    assert (made.reducible(701, 0, True), made.reducible(701, 0, False)) == (0, 10)


# -- MARGIN ---------------------------------------------------------------------------------------


def test_available_is_equity_less_what_positions_and_orders_use() -> None:
    """Profit counts, a resting order's margin is kept from other uses."""
    made = accounts()
    made.book_fill(fill(10, 15 * USDC))
    account = made.get(700)
    assert account is not None
    assert made.equity(account, marks) == 1_005 * USDC
    assert made.used(account, marks) == 2 * USDC
    account.reserve(1, 100 * USDC)
    account.reserve(2, 50 * USDC)
    account.reserve(1, 60 * USDC)
    assert made.available(account, marks) == (1_005 - 2 - 110) * USDC
    account.reserve(1, 0)
    account.reserve(2, 0)
    assert account.reserved == 0


def test_margin_of_an_order_follows_the_accounts_own_fraction() -> None:
    """Leverage that was changed counts."""
    made = accounts()
    assert made.margin_of(700, 0, 100) == 10
    made.position(700, 0).margin_fraction = 5_000
    assert made.margin_of(700, 0, 100) == 50
    assert made.margin_of(701, 0, 100) == 10


def test_hidden_account_is_known_and_not_found() -> None:
    """It comes back as it was."""
    made = accounts()
    made.hide(700, hidden=True)
    assert made.get(700) is None
    assert made.known(700) is not None
    assert made.indexes() == [700, 701]
    made.hide(700, hidden=False)
    assert made.get(700) is made.known(700)
