"""
Frames of the subscribed channels: read, put in order, and handed to whom they concern.

Rule of this file: what a frame means for an order is the intake's, what it means for a transaction
is the outbox's; a frame that cannot be read is said in the log and changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from nautilus_trader.common.component import Logger

from nautilus_lighter_nonce.dispatch.dispatcher import TxDispatcher
from nautilus_lighter_nonce.lighter import schemas
from nautilus_lighter_nonce.lighter import transactions
from nautilus_lighter_nonce.orders.balances import BalanceNews
from nautilus_lighter_nonce.orders.intake import Intake
from nautilus_lighter_nonce.orders.prices import BestPrices


PRIVATE_CHANNELS = (
    "account_all_orders",
    "account_all_trades",
    "account_tx",
    "user_stats",
)


class Inbox:
    """
    Reads the frames that one client has subscribed to.

    Parameters
    ----------
    intake : Intake
        Takes orders and trades.
    dispatcher : TxDispatcher
        Takes the transaction records of our key, and learns of new prices.
    prices : BestPrices
        Takes tickers.
    api_key_index : int
        Our key: the channel shows the transactions of all keys of the account.
    balances : BalanceNews
        Takes what the venue shows of collateral and available balance.
    log : Logger
        The client's logger.

    """

    def __init__(
        self,
        intake: Intake,
        dispatcher: TxDispatcher,
        prices: BestPrices,
        api_key_index: int,
        balances: BalanceNews,
        log: Logger,
    ) -> None:
        self._intake = intake
        self._dispatcher = dispatcher
        self._prices = prices
        self._api_key_index = api_key_index
        self._balances = balances
        self._log = log
        self._handlers: dict[str, Callable[[bytes], None]] = {
            "account_all_orders": self._on_orders,
            "account_all_trades": self._on_trades,
            "account_tx": self._on_records,
            "user_stats": self._on_stats,
            "ticker": self._on_ticker,
        }

    def on_frame(self, frame_type: str, channel: str, raw: bytes, epoch: int) -> None:
        """Handle a frame ``subscribed/...`` or ``update/...``; unknown channels are ignored."""
        handler = self._handlers.get(frame_type.partition("/")[2])
        if handler is None:
            return
        try:
            handler(raw)
        except msgspec.ValidationError as e:
            self._log.error(f"Frame of {channel} was not understood: {e}")

    def _on_orders(self, raw: bytes) -> None:
        frame = msgspec.json.decode(raw, type=schemas.OrdersFrame)
        for orders in frame.orders.values():
            for order in sorted(orders, key=lambda o: o.transaction_time):
                self._intake.on_order(order)

    def _on_trades(self, raw: bytes) -> None:
        trades = msgspec.json.decode(raw, type=schemas.TradesFrame).trades or []
        rows = trades if isinstance(trades, list) else [t for m in trades.values() for t in m]
        for trade in sorted(rows, key=lambda t: t.trade_id):
            self._intake.on_trade(trade)

    def _on_records(self, raw: bytes) -> None:
        for record in msgspec.json.decode(raw, type=transactions.AccountTxFrame).txs:
            if record.api_key_index == self._api_key_index:
                self._dispatcher.on_record(record)

    def _on_stats(self, raw: bytes) -> None:
        self._balances.offer(msgspec.json.decode(raw, type=schemas.UserStatsFrame).stats)

    def _on_ticker(self, raw: bytes) -> None:
        self._prices.on_frame(raw)
        self._dispatcher.wake()  # a market order may have waited for its price
