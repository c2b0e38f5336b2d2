"""Story: a real node trades on the venue, and the strategy never sees a nonce."""

from __future__ import annotations

import gc
from datetime import timedelta
from typing import Any

import pytest
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.enums import OrderStatus
from nautilus_trader.model.enums import TimeInForce
from nautilus_trader.model.objects import Price
from nautilus_trader.model.objects import Quantity

from tests.nodes import BTC
from tests.nodes import CANCELED_LIFE
from tests.nodes import ETH
from tests.nodes import Node
from tests.nodes import until


def key_of(summary: dict[str, Any], api_key_index: int = 5) -> dict[str, Any]:
    """Return what the venue says of one key of the demo account."""
    key: dict[str, Any]
    (key,) = [
        key
        for key in summary["keys"]
        if (key["account_index"], key["api_key_index"]) == (700, api_key_index)
    ]
    return key


def test_limit_order_is_accepted_and_canceled(lighter_venue: Any) -> None:
    """A resting order shows as accepted with the venue's id, and its cancel is confirmed."""

    async def story(node: Node) -> None:
        (strategy,) = node.strategies
        order = strategy.limit()
        await until(lambda: order.status == OrderStatus.ACCEPTED)
        assert int(order.venue_order_id.value) >= 2**48
        strategy.cancel_order(order)
        await until(lambda: order.is_closed)
        assert strategy.told(order) == CANCELED_LIFE

    Node(lighter_venue).run(story)


def test_every_supported_order_ends_as_its_kind_should(lighter_venue: Any) -> None:
    """Limit GTC, GTD, IOC, post-only, reduce-only and market orders do what they say."""

    async def story(node: Node) -> None:
        (s,) = node.strategies
        resting = s.limit()
        tomorrow = node.node.kernel.clock.utc_now() + timedelta(days=1)
        dated = s.limit(time_in_force=TimeInForce.GTD, expire_time=tomorrow)
        maker = s.limit(post_only=True)
        crossing_maker = s.limit("2100.00", post_only=True)
        taker = s.limit("2100.00", time_in_force=TimeInForce.IOC)
        missed = s.limit("1500.00", time_in_force=TimeInForce.IOC)
        bought = s.market(quantity="0.0200")
        await until(lambda: bought.is_closed and missed.is_closed and taker.is_closed)
        reducing = s.market(side=OrderSide.SELL, reduce_only=True)
        await until(lambda: reducing.is_closed and crossing_maker.is_closed)
        await until(lambda: all(o.is_open for o in (resting, dated, maker)))
        assert s.told(crossing_maker)[-1] == "Rejected"
        assert s.told(taker)[-2:] == ["Accepted", "Filled"]
        assert s.told(missed)[-1] == "Canceled"
        assert bought.filled_qty == Quantity.from_str("0.0200")
        assert str(bought.avg_px) == "2000.5"
        assert reducing.filled_qty == Quantity.from_str("0.0100")
        await until(lambda: node.node.portfolio.net_position(ETH) == 0 + taker.filled_qty * 2)

    Node(lighter_venue).run(story)


def test_market_order_of_a_market_never_traded_before_gets_its_price(lighter_venue: Any) -> None:
    """The best price is fetched when it is first needed, and the order keeps its place."""

    async def story(node: Node) -> None:
        (s,) = node.strategies
        first = s.market(instrument_id=BTC, quantity="0.00100")
        second = s.limit()
        await until(lambda: first.is_closed and second.is_open)
        assert first.avg_px == pytest.approx(60001.0)
        rows = lighter_venue.ledger()
        assert [row["tx_type"] for row in rows] == [14, 14]

    Node(lighter_venue).run(story)


def test_native_cancel_all_of_an_instrument_takes_one_transaction(lighter_venue: Any) -> None:
    """All orders of the strategy in that market end, those in another stay."""

    async def story(node: Node) -> None:
        (s,) = node.strategies
        orders = [s.limit(f"15{i:02}.00") for i in range(5)]
        other = s.limit("50000.0", instrument_id=BTC, quantity="0.00100")
        await until(lambda: all(o.is_open for o in (*orders, other)))
        s.cancel_all_orders(ETH, params={"native": True})
        await until(lambda: all(o.is_closed for o in orders))
        assert other.is_open
        types = [row["tx_type"] for row in lighter_venue.ledger()]
        assert types == [14] * 6 + [16]

    Node(lighter_venue).run(story)


def test_cancel_all_spares_the_orders_of_another_strategy(lighter_venue: Any) -> None:
    """Lighter's cancel-all knows no strategies, so single cancels are sent then."""

    async def story(node: Node) -> None:
        one, two = node.strategies
        mine = [one.limit("1500.00"), one.limit("1501.00")]
        theirs = two.limit("1502.00")
        await until(lambda: all(o.is_open for o in (*mine, theirs)))
        one.cancel_all_orders(ETH)
        await until(lambda: all(o.is_closed for o in mine))
        assert theirs.is_open

    Node(lighter_venue, tags=("001", "002")).run(story)


def test_modify_changes_price_and_quantity_and_keeps_the_order(lighter_venue: Any) -> None:
    """A modify is confirmed by the private stream; the venue's id stays."""

    async def story(node: Node) -> None:
        (s,) = node.strategies
        order = s.limit()
        await until(lambda: order.is_open)
        venue_order_id = order.venue_order_id
        s.modify_order(order, Quantity.from_str("0.0200"), Price.from_str("1400.00"))
        await until(lambda: s.told(order)[-1] == "Updated")
        assert str(order.price) == "1400.00"
        assert str(order.quantity) == "0.0200"
        assert order.venue_order_id == venue_order_id

    Node(lighter_venue).run(story)


def test_resting_order_is_filled_when_the_touch_crosses_it(lighter_venue: Any) -> None:
    """A maker fill arrives through the trade stream, once."""

    async def story(node: Node) -> None:
        (s,) = node.strategies
        order = s.limit("1990.00")
        await until(lambda: order.is_open)
        lighter_venue.control({"touch": {"market": 0, "bid": "1980.00", "ask": "1985.00"}})
        await until(lambda: order.is_closed)
        assert s.told(order)[-2:] == ["Accepted", "Filled"]
        assert str(order.avg_px) == "1990.0"

    Node(lighter_venue).run(story)


def test_thousand_orders_of_four_strategies_leave_no_gap(lighter_venue: Any) -> None:
    """1,000 accepted, nonces contiguous, none reused, wire order kept, one nextNonce call."""

    async def story(node: Node) -> None:
        for i in range(250):
            for j, strategy in enumerate(node.strategies):
                strategy.limit(f"{1500 + j}.{i % 100:02}")
        await until(
            lambda: sum(s.counts()["Accepted"] for s in node.strategies) == 1_000,
            timeout_secs=60.0,
        )

    node = Node(lighter_venue, tags=("001", "002", "003", "004"), nonce=_patient())
    node.run(story)
    summary = lighter_venue.summary()
    key = key_of(summary)
    assert summary["orders_accepted"] == 1_000
    assert summary["accepted"] == 1_000
    assert summary["stale"] == 0
    assert summary["doubled"] == []
    assert summary["next_nonce_calls"] == 1
    assert key["contiguous"]
    assert key["reused_nonces"] == []
    assert key["wire_order_ok"]


def _patient() -> Any:
    """Return settings that let 1,000 orders of one instant wait for their turn."""
    from nautilus_lighter_nonce import LighterNonceConfig

    return LighterNonceConfig(queue_timeout_ms=60_000, reply_timeout_ms=10_000)


def test_connected_client_keeps_what_lives_from_the_collector_until_it_disconnects(
    lighter_venue: Any,
) -> None:
    """A full collection would stand on the event loop for many milliseconds."""
    before = gc.get_threshold()
    frozen: list[int] = []

    async def story(node: Node) -> None:
        frozen.append(gc.get_freeze_count())

    Node(lighter_venue).run(story)
    assert frozen[0] > 10_000
    assert (gc.get_freeze_count(), gc.get_threshold()) == (0, before)
