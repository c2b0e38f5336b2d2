"""The matching engine: priority, the touch, order kinds, and the accounts behind it."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_lighter_nonce.lighter.codes import OrderKind
from nautilus_lighter_nonce.lighter.codes import OrderTif
from nautilus_lighter_nonce.loopback.config import DEFAULT_MARKETS
from nautilus_lighter_nonce.loopback.config import AccountConfig
from nautilus_lighter_nonce.loopback.config import MarketConfig
from nautilus_lighter_nonce.loopback.venue.accounts import Accounts
from nautilus_lighter_nonce.loopback.venue.accounts import Position
from nautilus_lighter_nonce.loopback.venue.book import BID_NUMBER_START
from nautilus_lighter_nonce.loopback.venue.book import Book
from nautilus_lighter_nonce.loopback.venue.book import index_base
from nautilus_lighter_nonce.loopback.venue.decimals import format_decimal
from nautilus_lighter_nonce.loopback.venue.decimals import parse_decimal
from nautilus_lighter_nonce.loopback.venue.orders import HOUSE_ACCOUNT
from nautilus_lighter_nonce.loopback.venue.orders import BookOrder
from nautilus_lighter_nonce.loopback.venue.orders import Changes
from nautilus_lighter_nonce.loopback.venue.orders import OrderStatus
from nautilus_lighter_nonce.loopback.venue.orders import SelfTrade


ALICE, BOB = 700, 701
BID, ASK = 200_000, 200_050  # ETH's touch in price units


class Floor:
    """A market with two accounts, and a hand to send orders with."""

    def __init__(self, market: MarketConfig = DEFAULT_MARKETS[0]) -> None:
        configs = (AccountConfig(account_index=ALICE), AccountConfig(account_index=BOB))
        self.accounts = Accounts(configs, {market.market_id: 500})
        self.book = Book(market, self.accounts, itertools.count(1))
        self._clock = itertools.count(1)

    def send(self, is_ask: bool, price: int, base: int = 1_000, **fields: Any) -> BookOrder:
        """Place an order and return it."""
        values = {
            "order_index": self.book.new_index(is_ask),
            "client_order_index": 0,
            "account_index": ALICE,
            "market_id": self.book.market.market_id,
            "is_ask": is_ask,
            "price": price,
            "base_amount": base,
            "kind": OrderKind.LIMIT,
            "tif": OrderTif.GOOD_TILL_TIME,
        }
        order = BookOrder(**(values | fields))
        self.changes = self.book.place(order, next(self._clock))
        return order

    def take(self, is_ask: bool, price: int, base: int = 1_000, **fields: Any) -> BookOrder:
        """Place a market order and return it."""
        market = {"kind": OrderKind.MARKET, "tif": OrderTif.IMMEDIATE_OR_CANCEL}
        return self.send(is_ask, price, base, **(market | fields))

    def move(self, bid: int, ask: int, size: int | None = None) -> Changes:
        """Move the touch."""
        return self.book.move_touch(bid, ask, size, next(self._clock))

    def size(self, account_index: int = ALICE) -> int:
        """Return an account's signed position."""
        return self.accounts.position(account_index, 0).size


@pytest.fixture
def floor() -> Floor:
    """Return an ETH book with its default touch."""
    return Floor()


# -- NUMBERS --------------------------------------------------------------------------------------


def test_new_index_asks_count_up_bids_count_down() -> None:
    """An order index is (market + 1) << 48 | n; asks count n up, bids count it down."""
    book = Floor(DEFAULT_MARKETS[0]).book
    assert [book.new_index(is_ask=True) for _ in range(2)] == [2**48 + 1, 2**48 + 2]
    assert [book.new_index(is_ask=False) for _ in range(2)] == [2**49 - 1, 2**49 - 2]


@pytest.mark.parametrize(
    ("text", "decimals", "value"), [("2000.50", 2, 200_050), ("-0.1", 6, -100_000), ("7", 0, 7)]
)
def test_decimals_round_trip(text: str, decimals: int, value: int) -> None:
    """Decimal text becomes the same integer, and the integer the same number again."""
    assert parse_decimal(text, decimals) == value
    assert parse_decimal(format_decimal(value, decimals), decimals) == value


@pytest.mark.parametrize("text", ["0.001", "x", ""])
def test_parse_decimal_that_does_not_fit_raises(text: str) -> None:
    """More decimals than the scale, or no number, is an error."""
    with pytest.raises(ValueError, match="decimal"):
        parse_decimal(text, 2)


# -- RESTING AND TAKING ---------------------------------------------------------------------------


def test_place_below_touch_rests(floor: Floor) -> None:
    """A limit order that reaches nobody is open with all of its size."""
    order = floor.send(is_ask=False, price=BID - 100)
    assert (order.status, order.remaining) == (OrderStatus.OPEN, 1_000)
    assert list(floor.book.resting(is_ask=False)) == [order]


def test_place_crossing_limit_takes_the_touch(floor: Floor) -> None:
    """A limit order at the touch's far side is filled there, at the touch's price."""
    order = floor.send(is_ask=False, price=ASK + 100)
    (fill,) = floor.changes.fills
    assert order.status is OrderStatus.FILLED
    assert (fill.price, fill.ask.account_index, fill.is_maker_ask) == (ASK, HOUSE_ACCOUNT, True)


def test_place_crossing_limit_meets_better_resting_order_first(floor: Floor) -> None:
    """A resting order better than the touch is taken before it, at its own price."""
    floor.send(is_ask=True, price=ASK - 10, base=400, account_index=BOB)
    order = floor.send(is_ask=False, price=ASK, base=1_000)
    assert [(f.price, f.base) for f in floor.changes.fills] == [(ASK - 10, 400), (ASK, 600)]
    assert order.filled_quote == (ASK - 10) * 400 + ASK * 600


def test_place_equal_price_earlier_order_first(floor: Floor) -> None:
    """At one price the order that came first is filled first."""
    first = floor.send(is_ask=True, price=ASK - 10, account_index=BOB)
    second = floor.send(is_ask=True, price=ASK - 10, account_index=BOB)
    floor.take(is_ask=False, price=ASK, base=1_500)
    assert (first.status, second.filled_base) == (OrderStatus.FILLED, 500)


def test_place_equal_price_resting_order_before_the_touch(floor: Floor) -> None:
    """At the touch's own price a resting order is filled before the house."""
    maker = floor.send(is_ask=True, price=ASK, account_index=BOB)
    floor.take(is_ask=False, price=ASK, base=1_200)
    assert maker.status is OrderStatus.FILLED
    assert [f.ask.account_index for f in floor.changes.fills] == [BOB, HOUSE_ACCOUNT]


def test_place_limit_beyond_finite_touch_rests_with_the_rest() -> None:
    """When the touch runs out, the rest of a good-till-time order goes to the book."""
    floor = Floor()
    floor.move(BID, ASK, size=300)
    order = floor.send(is_ask=False, price=ASK)
    assert (order.status, order.filled_base, order.remaining) == (OrderStatus.OPEN, 300, 700)


def test_place_post_only_that_crosses_is_canceled(floor: Floor) -> None:
    """A post-only order that would take ends without a fill."""
    order = floor.send(is_ask=False, price=ASK, tif=OrderTif.POST_ONLY)
    assert (order.status, floor.changes.fills) == (OrderStatus.CANCELED_POST_ONLY, [])


def test_place_ioc_that_reaches_nobody_is_canceled(floor: Floor) -> None:
    """An immediate order below the touch ends unfilled."""
    order = floor.send(is_ask=False, price=BID, tif=OrderTif.IMMEDIATE_OR_CANCEL)
    assert (order.status, order.remaining) == (OrderStatus.CANCELED_LIQUIDITY, 0)


def test_place_market_worse_than_worst_price_is_canceled(floor: Floor) -> None:
    """A market order takes nothing beyond its worst price."""
    order = floor.take(is_ask=False, price=ASK - 1)
    assert (order.status, order.filled_base) == (OrderStatus.CANCELED_SLIPPAGE, 0)


def test_place_market_larger_than_liquidity_is_canceled_with_its_fill() -> None:
    """A market order keeps what it was filled and ends when nothing is left to take."""
    floor = Floor()
    floor.move(BID, ASK, size=300)
    order = floor.take(is_ask=False, price=ASK)
    assert (order.status, order.filled_base) == (OrderStatus.CANCELED_LIQUIDITY, 300)


# -- REDUCE-ONLY AND SELF-TRADE -------------------------------------------------------------------


def test_place_reduce_only_when_flat_is_canceled(floor: Floor) -> None:
    """A reduce-only order without a position to reduce opens nothing."""
    order = floor.take(is_ask=True, price=BID, reduce_only=True)
    assert (order.status, floor.size()) == (OrderStatus.CANCELED_REDUCE_ONLY, 0)


def test_place_reduce_only_larger_than_position_closes_it(floor: Floor) -> None:
    """A reduce-only order trades the position and no more."""
    floor.take(is_ask=False, price=ASK, base=400)
    order = floor.take(is_ask=True, price=BID, base=1_000, reduce_only=True)
    assert (order.filled_base, floor.size()) == (400, 0)
    assert order.status is OrderStatus.CANCELED_REDUCE_ONLY


def test_place_against_own_order_expires_the_maker(floor: Floor) -> None:
    """By default an order that meets its own account's order ends that one and goes on."""
    maker = floor.send(is_ask=True, price=ASK - 10)
    taker = floor.send(is_ask=False, price=ASK)
    assert maker.status is OrderStatus.CANCELED_SELF_TRADE
    assert (taker.status, floor.changes.fills[0].price) == (OrderStatus.FILLED, ASK)


def test_place_against_own_order_may_expire_the_taker(floor: Floor) -> None:
    """With the other behaviour the incoming order ends and the resting one stays."""
    maker = floor.send(is_ask=True, price=ASK - 10)
    taker = floor.send(is_ask=False, price=ASK, self_trade=SelfTrade.EXPIRE_TAKER)
    assert (maker.status, taker.status) == (OrderStatus.OPEN, OrderStatus.CANCELED_SELF_TRADE)


# -- CANCEL, MODIFY, EXPIRY -----------------------------------------------------------------------


def test_cancel_leaves_the_book(floor: Floor) -> None:
    """A canceled order has nothing left and cannot be filled."""
    order = floor.send(is_ask=True, price=ASK - 10, account_index=BOB)
    floor.book.cancel(order, OrderStatus.CANCELED, 9)
    floor.take(is_ask=False, price=ASK)
    assert (order.status, order.remaining, order.filled_base) == (OrderStatus.CANCELED, 0, 0)


def test_modify_keeps_numbers_and_loses_priority(floor: Floor) -> None:
    """A modified order keeps its order index but stands behind those of its new price."""
    first = floor.send(is_ask=True, price=ASK - 10, account_index=BOB)
    second = floor.send(is_ask=True, price=ASK - 20, account_index=BOB)
    index = second.order_index
    floor.book.modify(second, 2_000, ASK - 10, 0, 9)
    assert list(floor.book.resting(is_ask=True)) == [first, second]
    assert (second.order_index, second.remaining) == (index, 2_000)


def test_modify_into_the_touch_fills(floor: Floor) -> None:
    """A modify whose new price crosses takes at once."""
    order = floor.send(is_ask=False, price=BID - 100)
    changes = floor.book.modify(order, 1_000, ASK, 0, 9)
    assert (order.status, len(changes.fills)) == (OrderStatus.FILLED, 1)


def test_modify_below_filled_ends_the_order() -> None:
    """A new total that is already filled leaves nothing to do."""
    floor = Floor()
    floor.move(BID, ASK, size=300)
    order = floor.send(is_ask=False, price=ASK)
    floor.book.modify(order, 300, ASK, 0, 9)
    assert (order.status, order.remaining) == (OrderStatus.FILLED, 0)


def test_expire_ends_orders_whose_time_has_passed(floor: Floor) -> None:
    """An order with an expiry in the past ends; one without stays."""
    old = floor.send(is_ask=False, price=BID - 100, expiry_ms=5)
    other = floor.send(is_ask=False, price=BID - 200)
    floor.book.expire(now_ns=5_000_000)
    assert (old.status, other.status) == (OrderStatus.CANCELED_EXPIRED, OrderStatus.OPEN)


# -- TOUCH ----------------------------------------------------------------------------------------


def test_move_touch_fills_crossed_order_as_maker(floor: Floor) -> None:
    """A resting order that the touch crosses is filled at its own price, as maker."""
    order = floor.send(is_ask=False, price=BID - 100)
    changes = floor.move(BID - 200, BID - 150)
    (fill,) = changes.fills
    assert order.status is OrderStatus.FILLED
    assert (fill.price, fill.is_maker_ask, fill.ask.account_index) == (
        BID - 100,
        False,
        HOUSE_ACCOUNT,
    )


def test_move_touch_with_size_fills_best_first(floor: Floor) -> None:
    """A touch of limited size fills the best-priced orders and stops when it is used up."""
    worse = floor.send(is_ask=False, price=BID - 110)
    better = floor.send(is_ask=False, price=BID - 100)
    floor.move(BID - 300, BID - 200, size=1_200)
    assert (better.status, worse.filled_base) == (OrderStatus.FILLED, 200)


def test_move_touch_crossed_raises_and_changes_nothing(floor: Floor) -> None:
    """A touch whose bid is not below its ask is refused."""
    with pytest.raises(ValueError, match="touch"):
        floor.move(ASK, BID)
    assert floor.book.touch(is_ask=True) == (ASK, None)


@pytest.mark.parametrize(
    ("kind", "is_ask", "bid", "trigger"),
    [
        (OrderKind.STOP_LOSS, True, BID - 1_000, BID - 500),
        (OrderKind.TAKE_PROFIT, True, BID + 1_000, BID + 500),
        (OrderKind.STOP_LOSS, False, BID + 1_000, BID + 500),
        (OrderKind.TAKE_PROFIT, False, BID - 1_000, BID - 500),
    ],
)
def test_move_touch_past_trigger_sets_order_off(
    floor: Floor, kind: OrderKind, is_ask: bool, bid: int, trigger: int
) -> None:
    """A waiting order enters the market when the middle reaches its trigger, not before."""
    worst = 1 if is_ask else 10**9
    order = floor.take(is_ask, worst, kind=kind, trigger_price=trigger)
    assert order.status is OrderStatus.PENDING
    early, states = BID + (bid - BID) // 4, []
    for middle in (early, bid):
        floor.move(middle, middle + 50)
        states.append(order.status)
    assert states == [OrderStatus.PENDING, OrderStatus.FILLED]


# -- ACCOUNTS -------------------------------------------------------------------------------------


def test_book_fill_round_trip_realizes_the_difference(floor: Floor) -> None:
    """Buying at the ask and selling at the bid costs the spread times the size."""
    account = floor.accounts.get(ALICE)
    assert account is not None
    before = account.collateral
    floor.take(is_ask=False, price=ASK)
    floor.take(is_ask=True, price=BID)
    assert (floor.size(), account.collateral - before) == (0, (BID - ASK) * 1_000)


def test_book_fill_books_both_sides(floor: Floor) -> None:
    """A trade between two accounts makes one long and the other short."""
    floor.send(is_ask=True, price=ASK - 10, account_index=BOB)
    floor.take(is_ask=False, price=ASK)
    assert (floor.size(ALICE), floor.size(BOB)) == (1_000, -1_000)


def test_available_shrinks_by_margin_of_a_reserved_order(floor: Floor) -> None:
    """What a resting order reserves is not available, and is again when it is freed."""
    account = floor.accounts.get(ALICE)
    assert account is not None
    free = floor.accounts.available(account, lambda market_id, base: 0)
    account.reserve(1, 500)
    account.reserve(1, 300)
    assert floor.accounts.available(account, lambda market_id, base: 0) == free - 300
    account.reserve(1, 0)
    assert floor.accounts.available(account, lambda market_id, base: 0) == free


@given(
    trades=st.lists(
        st.tuples(st.integers(-50, 50).filter(bool), st.integers(1, 1_000)), max_size=60
    )
)
def test_trade_any_sequence_conserves_value(trades: list[tuple[int, int]]) -> None:
    """Through any trades cash paid is cost held less profit realized, and flat costs nothing."""
    position = Position(market_id=0, margin_fraction=500)
    cash = 0
    for delta, price in trades:
        quote = abs(delta) * price
        cash += quote if delta < 0 else -quote
        position.trade(delta, quote)
        held = position.cost if position.size >= 0 else -position.cost
        assert cash == position.realized - held
        assert position.size != 0 or position.cost == 0
    assert position.size == sum(delta for delta, _ in trades)


@given(
    orders=st.lists(
        st.tuples(
            st.booleans(), st.integers(-5, 5), st.integers(1, 20), st.sampled_from([ALICE, BOB])
        ),
        max_size=40,
    )
)
def test_place_any_sequence_never_leaves_a_crossed_book(
    orders: list[tuple[bool, int, int, int]],
) -> None:
    """After any orders the best bid is below the best ask and every order's sizes add up."""
    floor = Floor()
    floor.move(BID, ASK, size=10)
    placed = [
        floor.send(is_ask, BID + 25 + offset * 10, base, account_index=account)
        for is_ask, offset, base, account in orders
    ]
    bids = [order.price for order in floor.book.resting(is_ask=False)]
    asks = [order.price for order in floor.book.resting(is_ask=True)]
    assert not bids or not asks or max(bids) < min(asks)
    assert all(0 <= order.filled_base <= order.base_amount for order in placed)
    assert floor.size(ALICE) + floor.size(BOB) == _bought_from_house(placed)


def _bought_from_house(placed: list[BookOrder]) -> int:
    bought = sum(order.filled_base for order in placed if not order.is_ask)
    return bought - sum(order.filled_base for order in placed if order.is_ask)


# -- MARKETS FROM 4095 UP -------------------------------------------------------------------------


@pytest.mark.parametrize("market_id", [0, 1, 2_048, 4_094])
def test_index_base_old_market_fits_the_signer(market_id: int) -> None:
    """Up to market 4094 an index is (market + 1) << 48 | n, below 2^60."""
    base = index_base(market_id, place=3)
    assert base == (market_id + 1) << 48
    assert base | BID_NUMBER_START < 2**60


@pytest.mark.parametrize("market_id", [4_095, 4_096, 70_000, 2**40])
def test_index_base_new_market_lies_above_the_signer(market_id: int) -> None:
    """From market 4095 on an index is above what the signer takes, and below 2^63."""
    base = index_base(market_id, place=3)
    assert base >= 2**60
    assert base | BID_NUMBER_START < 2**63
    assert base != (market_id + 1) << 48
    assert base != index_base(market_id, place=4)
