"""Orders and trades as the wire shows them: the same order, for REST and for the stream."""

from __future__ import annotations

from typing import Any

import pytest

from nautilus_lighter_nonce.lighter.codes import OrderKind
from nautilus_lighter_nonce.lighter.codes import OrderTif
from nautilus_lighter_nonce.loopback.venue import rows_orders
from nautilus_lighter_nonce.loopback.venue.orders import BookOrder
from nautilus_lighter_nonce.loopback.venue.orders import OrderStatus
from tests.loopback import txs
from tests.loopback.bench import Bench


def made(**fields: Any) -> tuple[Bench, BookOrder]:
    """Return a venue and the order that a create made."""
    bench = Bench(execution_delay_ms=0, start_ns=1_800_000_000_123_456_789, taker_fee=350)
    expiry = {"ExpiredAt": 1_800_000_500_000, "OrderExpiry": 1_800_100_000_000}
    bench.send(14, txs.create(1, 42, **(expiry | fields)))
    bench.run(0)
    (entry,) = bench.entries
    assert entry.order is not None
    return bench, entry.order


def test_order_row_shows_amounts_in_the_markets_scale() -> None:
    """Text of exactly so many decimals, and the same as integers."""
    bench, order = made()
    row = rows_orders.order_row(bench.state.books[0], order)
    assert (row["price"], row["base_price"]) == ("1900.00", 190_000)
    assert (row["remaining_base_amount"], row["base_size"]) == ("0.1000", 1_000)
    assert (row["filled_base_amount"], row["filled_quote_amount"]) == ("0.0000", "0.000000")
    assert row["order_id"] == str(order.order_index)
    assert row["nonce"] == order.order_index % 2**48


def test_order_row_has_no_side_on_the_stream_and_one_in_rest() -> None:
    """Times are seconds there and milliseconds here (observed)."""
    bench, order = made()
    book = bench.state.books[0]
    stream, rest = rows_orders.order_row(book, order), rows_orders.rest_order_row(book, order)
    assert (stream["side"], rest["side"]) == ("", "buy")
    assert (stream["created_at"], rest["created_at"]) == (1_800_000_000, 1_800_000_000_123)
    differing = {name for name in rest if rest[name] != stream[name]}
    assert differing == {"side", "timestamp", "created_at", "updated_at"}


def test_order_row_in_a_snapshot_has_no_integrator() -> None:
    """An empty text there, "0" in updates (observed)."""
    bench, order = made()
    row = rows_orders.order_row(bench.state.books[0], order, integrator="")
    assert row["integrator_taker_fee"] == ""
    assert row["integrator_fee_collector_index"] == ""


@pytest.mark.parametrize("kind", OrderKind)
@pytest.mark.parametrize("tif", OrderTif)
def test_every_kind_and_time_in_force_has_a_word(kind: OrderKind, tif: OrderTif) -> None:
    """A word that is missing would be a crash in the middle of a run."""
    bench, order = made()
    order.kind, order.tif = kind, tif
    row = rows_orders.order_row(bench.state.books[0], order)
    assert row["type"].replace("-", "_").upper() == kind.name
    assert row["time_in_force"].replace("-", "_").upper() == tif.name


def test_order_row_waiting_for_its_trigger_says_so() -> None:
    """And one that ended has nothing left."""
    bench, order = made()
    order.status = OrderStatus.PENDING
    assert rows_orders.order_row(bench.state.books[0], order)["trigger_status"] == "mark-price"
    order.status = OrderStatus.CANCELED_EXPIRED
    row = rows_orders.order_row(bench.state.books[0], order)
    assert (row["status"], row["trigger_status"]) == ("canceled-expired", "na")
    assert row["remaining_base_amount"] == "0.0000"


def test_simple_row_of_the_touch_is_an_order_without_an_index() -> None:
    """The house's."""
    bench, order = made()
    book = bench.state.books[0]
    touch = rows_orders.simple_row(book, None, 190_000, 500, 9)
    assert (touch["order_index"], touch["initial_base_amount"]) == (0, "0.0500")
    mine = rows_orders.simple_row(book, order, order.price, 400, 700)
    assert (mine["initial_base_amount"], mine["remaining_base_amount"]) == ("0.1000", "0.0400")


def test_trade_row_tells_both_sides_and_the_takers_fee() -> None:
    """Fees that are 0 are absent, and a sign that did not change too (observed)."""
    market = {"Type": 1, "TimeInForce": 0, "OrderExpiry": 0, "Price": 210_000}
    bench, order = made(**market)
    (fill,) = bench.state.trades[700]
    row = rows_orders.trade_row(bench.state, fill)
    assert (row["bid_id"], row["bid_client_id"]) == (order.order_index, 42)
    assert (row["size"], row["is_maker_ask"], row["taker_fee"]) == ("0.1000", True, 350)
    assert row["taker_position_size_before"] == "0.0000"
    assert row["taker_position_sign_changed"]
    assert "maker_fee" not in row
    assert row["usd_amount"] == f"{float(row['price']) * 0.1:.6f}"
