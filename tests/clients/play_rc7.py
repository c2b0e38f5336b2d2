"""
Nautilus 2: a live node with its Rust data and execution clients for Lighter.

The strategy keeps few orders in flight: the client denies what exceeds its own window of 16. It is
told by the node's order events alone.
"""

from __future__ import annotations

import importlib.metadata
import json
import sys
import threading
from typing import Any

from nautilus_trader.adapters.lighter import LighterDataClientConfig
from nautilus_trader.adapters.lighter import LighterDataClientFactory
from nautilus_trader.adapters.lighter import LighterEnvironment
from nautilus_trader.adapters.lighter import LighterExecutionClientConfig
from nautilus_trader.adapters.lighter import LighterExecutionClientFactory
from nautilus_trader.common import Environment
from nautilus_trader.common import LoggerConfig
from nautilus_trader.live import LiveNode
from nautilus_trader.model import AccountId
from nautilus_trader.model import BarType
from nautilus_trader.model import BookType
from nautilus_trader.model import InstrumentId
from nautilus_trader.model import OrderSide
from nautilus_trader.model import Price
from nautilus_trader.model import Quantity
from nautilus_trader.model import TraderId
from nautilus_trader.trading import Strategy


INSTRUMENT_ID = InstrumentId.from_str("ETH-PERP.LIGHTER")
BARS = BarType.from_str("ETH-PERP.LIGHTER-1-MINUTE-LAST-EXTERNAL")
AT_ONCE = 8


class Player(Strategy):
    """Sends the job's orders, the next when one was accepted, and cancels the first of them."""

    def on_start(self) -> None:
        """Begin with the market data; the first quote starts the orders."""
        self.job: dict[str, Any] = JOB
        self.seen = {"rested": 0, "canceled": 0, "filled": 0}
        self.data: set[str] = set()
        self.problems: list[str] = []
        self.sent = 0
        self.subscribe_quotes(INSTRUMENT_ID)
        self.subscribe_trades(INSTRUMENT_ID)
        self.subscribe_mark_prices(INSTRUMENT_ID)
        self.subscribe_funding_rates(INSTRUMENT_ID)
        self.subscribe_book_deltas(INSTRUMENT_ID, BookType.L2_MBP)
        self.subscribe_bars(BARS)

    def on_quote(self, quote: Any) -> None:
        """Start when the touch is known: market orders are priced from it."""
        self._note("quote")
        while self.sent < AT_ONCE:
            self._send()

    def on_trade(self, trade: Any) -> None:
        """Note that trades come."""
        self._note("trade")

    def on_mark_price(self, mark_price: Any) -> None:
        """Note that mark prices come."""
        self._note("mark price")

    def on_funding_rate(self, funding_rate: Any) -> None:
        """Note that funding rates come."""
        self._note("funding rate")

    def on_book_deltas(self, deltas: Any) -> None:
        """Note that the book comes."""
        self._note("book")

    def on_order_accepted(self, event: Any) -> None:
        """Count an order that rests, cancel it if it is one of the first, and send the next."""
        order = self.cache.order(event.client_order_id)
        if order is not None and order.is_post_only:
            self.seen["rested"] += 1
            if self.seen["rested"] <= self.job["cancels"]:
                self.cancel_order(event.client_order_id)
            self._send()
        self._end_when_done()

    def on_order_canceled(self, event: Any) -> None:
        """Count a cancel."""
        self.seen["canceled"] += 1
        self._end_when_done()

    def on_order_filled(self, event: Any) -> None:
        """Count a fill, and send the next."""
        self.seen["filled"] += 1
        self._send()
        self._end_when_done()

    def on_order_denied(self, event: Any) -> None:
        """Give up: the client itself refused an order."""
        self._give_up(event)

    def on_order_rejected(self, event: Any) -> None:
        """Give up: an order was rejected."""
        self._give_up(event)

    def on_order_cancel_rejected(self, event: Any) -> None:
        """Give up: a cancel was rejected."""
        self._give_up(event)

    def _send(self) -> None:
        resting = self.sent < self.job["resting"]
        if self.sent >= self.job["resting"] + self.job["taking"]:
            return
        self.sent += 1
        size = Quantity.from_str(self.job["size_decimal"])
        if resting:
            price = Price.from_str(self.job["bid_decimal"])
            order = self.order_factory.limit(
                INSTRUMENT_ID, OrderSide.BUY, size, price, post_only=True
            )
        else:
            order = self.order_factory.market(INSTRUMENT_ID, OrderSide.SELL, size)
        self.submit_order(order)

    def _note(self, what: str) -> None:
        self.data.add(what)
        self._end_when_done()

    def _give_up(self, event: Any) -> None:
        self.problems.append(repr(event))
        HANDLE.stop()

    def _end_when_done(self) -> None:
        if self.seen == self.job["expected"] and len(self.data) == 5:
            HANDLE.stop()


def node_of(job: dict[str, Any]) -> LiveNode:
    """Return a node that trades on the job's venue."""
    where = {
        "base_url_http": job["http_url"],
        "base_url_ws": job["ws_url"],
        "environment": LighterEnvironment.TESTNET,
    }
    account = LighterExecutionClientConfig(
        account_id=AccountId.from_str("LIGHTER-001"),
        account_index=job["account_index"],
        api_key_index=job["api_key_index"],
        private_key=job["private_key"],
        **where,
    )
    builder = (
        LiveNode.builder("PLAYER", TraderId.from_str("PLAYER-001"), Environment.LIVE)
        .with_logging(LoggerConfig(bypass_logging=True))
        .with_delay_post_stop_secs(0)
        .add_data_client(None, LighterDataClientFactory(), LighterDataClientConfig(**where))
        .add_exec_client(None, LighterExecutionClientFactory(), account)
    )
    return builder.build()


if __name__ == "__main__":
    JOB = json.loads(sys.argv[1])
    NODE = node_of(JOB)
    PLAYER = Player()
    NODE.add_strategy(PLAYER)
    HANDLE = NODE.handle()
    guard = threading.Timer(JOB["patience_s"], HANDLE.stop)
    guard.start()
    NODE.run()
    guard.cancel()
    seen = getattr(PLAYER, "seen", {})
    told = {"seen": seen, "data": sorted(getattr(PLAYER, "data", ()))}
    told["problems"] = getattr(PLAYER, "problems", ["never started"])
    told["version"] = importlib.metadata.version("nautilus_trader")
    print(json.dumps(told))
