"""Rows of the venue about an order of ours, as frames and pages have them."""

from __future__ import annotations

from typing import Any

import msgspec

from nautilus_lighter_nonce.lighter.schemas import Order
from nautilus_lighter_nonce.lighter.schemas import Trade
from nautilus_lighter_nonce.orders.tracker import TrackedOrder
from nautilus_lighter_nonce.translate.intents import client_order_index


VENUE_INDEX = 2**48 + 7


def order_row(tracked: TrackedOrder, status: str, **fields: Any) -> Order:
    """Return an order of 0.1 ETH at 2000."""
    row = Order(
        order_index=VENUE_INDEX,
        client_order_index=client_order_index(tracked.client_order_id),
        market_index=0,
        initial_base_amount="0.1000",
        price="2000.00",
        is_ask=False,
        status=status,
        transaction_time=1_785_431_671_000_000,
    )
    return msgspec.structs.replace(row, **fields)


def trade_row(tracked: TrackedOrder, trade_id: int, size: str, **fields: Any) -> Trade:
    """Return a fill of the order by a stranger."""
    row = Trade(
        trade_id=trade_id,
        market_id=0,
        size=size,
        price="2000.00",
        ask_id=1,
        bid_id=VENUE_INDEX,
        bid_client_id=client_order_index(tracked.client_order_id),
        ask_account_id=9,
        bid_account_id=700,
        is_maker_ask=True,
        timestamp=1_785_431_671_000,
    )
    return msgspec.structs.replace(row, **fields)
