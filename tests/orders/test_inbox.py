"""Frames of the subscribed channels: read, put in order, and handed on."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from nautilus_trader.common.component import Logger

from nautilus_lighter_nonce.lighter import schemas
from nautilus_lighter_nonce.lighter.transactions import AccountTxFrame
from nautilus_lighter_nonce.lighter.transactions import TxRecord
from nautilus_lighter_nonce.orders.inbox import PRIVATE_CHANNELS
from nautilus_lighter_nonce.orders.inbox import Inbox


class Party:
    """Intake, dispatcher, prices and balances in one: writes down what it is handed."""

    def __init__(self) -> None:
        self.handed: list[tuple[str, Any]] = []

    def on_order(self, order: schemas.Order) -> None:
        self.handed.append(("order", order.order_index))

    def on_trade(self, trade: schemas.Trade) -> None:
        self.handed.append(("trade", trade.trade_id))

    def on_record(self, record: TxRecord) -> None:
        self.handed.append(("record", record.nonce))

    def offer(self, stats: schemas.UserStats) -> None:
        self.handed.append(("balance", stats.available_balance))

    def on_frame(self, raw: bytes) -> None:
        self.handed.append(("ticker", raw))

    def wake(self) -> None:
        self.handed.append(("wake", None))


@pytest.fixture
def party() -> Any:
    """Return whom frames are handed to."""
    return Party()


@pytest.fixture
def inbox(party: Any) -> Inbox:
    """Return the inbox of key 2."""
    return Inbox(party, party, party, 2, party, Logger("test"))


def show(inbox: Inbox, channel: str, frame: Any) -> None:
    """Let a frame come in."""
    raw = frame if isinstance(frame, bytes) else msgspec.json.encode(frame)
    inbox.on_frame(f"update/{channel}", f"{channel}:700", raw, 1)


def order(index: int, at: int) -> schemas.Order:
    """Return an order row."""
    return schemas.Order(
        order_index=index,
        client_order_index=index,
        market_index=0,
        initial_base_amount="0.1",
        price="2000.00",
        is_ask=False,
        status="open",
        transaction_time=at,
    )


def trade(number: int) -> schemas.Trade:
    """Return a trade row."""
    return schemas.Trade(
        trade_id=number,
        market_id=0,
        size="0.1",
        price="2000.00",
        ask_id=1,
        bid_id=2,
        ask_account_id=9,
        bid_account_id=700,
        is_maker_ask=True,
        timestamp=1,
    )


def test_every_private_channel_is_read(inbox: Inbox) -> None:
    """What is subscribed and not read would be lost in silence."""
    assert set(PRIVATE_CHANNELS) <= set(inbox._handlers)


def test_orders_are_handed_on_by_transaction_time(inbox: Inbox, party: Party) -> None:
    """The venue does not say that a frame keeps that order, and an older row changes nothing."""
    rows = {"0": [order(1, 30), order(2, 10), order(3, 20)]}
    show(inbox, "account_all_orders", {"channel": "", "type": "", "orders": rows})
    assert party.handed == [("order", 2), ("order", 3), ("order", 1)]


@pytest.mark.parametrize(
    "trades", [[trade(2), trade(1)], {"0": [trade(2)], "1": [trade(1)]}], ids=["list", "markets"]
)
def test_trades_are_handed_on_by_their_number(inbox: Inbox, party: Party, trades: Any) -> None:
    """A snapshot is a list, an update goes by market (docs)."""
    show(inbox, "account_all_trades", {"channel": "", "type": "", "trades": trades})
    assert party.handed == [("trade", 1), ("trade", 2)]


def test_records_of_other_keys_are_left_out(inbox: Inbox, party: Party) -> None:
    """The channel shows the transactions of all keys of the account."""
    records = [TxRecord(hash="a", nonce=5, api_key_index=2), TxRecord(hash="b", api_key_index=3)]
    show(inbox, "account_tx", AccountTxFrame(channel="", type="", txs=records))
    assert party.handed == [("record", 5)]


def test_balance_is_offered(inbox: Inbox, party: Party) -> None:
    """Whether it is published is not the inbox' to say."""
    stats = {"available_balance": "90", "collateral": "100"}
    show(inbox, "user_stats", {"channel": "", "type": "", "stats": stats})
    assert party.handed == [("balance", "90")]


def test_ticker_wakes_what_waits_for_a_price(inbox: Inbox, party: Party) -> None:
    """The price is known before anybody is woken."""
    show(inbox, "ticker", b"{}")
    assert party.handed == [("ticker", b"{}"), ("wake", None)]


def test_frame_that_cannot_be_read_costs_only_itself(inbox: Inbox, party: Party) -> None:
    """It is said in the log; the next is read."""
    show(inbox, "account_all_orders", b'{"channel": "", "type": "", "orders": 7}')
    show(inbox, "account_all_trades", {"channel": "", "type": "", "trades": [trade(1)]})
    assert party.handed == [("trade", 1)]


def test_frame_of_an_unknown_channel_is_ignored(inbox: Inbox, party: Party) -> None:
    """The venue may add channels."""
    show(inbox, "height", {"height": 7})
    assert party.handed == []
