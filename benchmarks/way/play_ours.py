"""The way through a `TradingNode` of Nautilus 1 with our client."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from nautilus_trader.config import LoggingConfig
from nautilus_trader.config import TradingNodeConfig
from nautilus_trader.live.config import LiveRiskEngineConfig
from nautilus_trader.live.node import TradingNode
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.objects import Price
from nautilus_trader.model.objects import Quantity
from nautilus_trader.trading.strategy import Strategy
from pace import Pace

from nautilus_lighter_nonce import LighterExecClientConfig
from nautilus_lighter_nonce import LighterLiveExecClientFactory


INSTRUMENT_ID = InstrumentId.from_str("ETH-PERP.LIGHTER")
SIZE, PRICE = Quantity.from_str("0.0100"), Price.from_str("1500.00")


class Walker(Strategy):
    """A bid at every tick."""

    def on_start(self) -> None:
        """Begin to tick."""
        self.pace = Pace(JOB, self._submit, lambda: threading.Thread(target=NODE.stop).start())
        pause = timedelta(microseconds=JOB["pause_us"])
        self.clock.set_timer("tick", pause, callback=lambda _: self.pace.tick())

    def _submit(self, note: Callable[[str], None]) -> None:
        order = self.order_factory.limit(INSTRUMENT_ID, OrderSide.BUY, SIZE, PRICE, post_only=True)
        note(order.client_order_id.value)
        self.submit_order(order)

    def on_order_accepted(self, event: Any) -> None:
        """Note the time."""
        self.pace.accepted(event.client_order_id.value)

    def on_order_denied(self, event: Any) -> None:
        """Give up."""
        self.pace.failed(repr(event))

    def on_order_rejected(self, event: Any) -> None:
        """Give up."""
        self.pace.failed(repr(event))


if __name__ == "__main__":
    JOB = json.loads(sys.argv[1])
    config = TradingNodeConfig(
        logging=LoggingConfig(log_level="ERROR"),
        risk_engine=LiveRiskEngineConfig(max_order_submit_rate="100000/00:00:01"),
        exec_clients={
            "LIGHTER": LighterExecClientConfig(
                environment="loopback", base_url_http=JOB["http_url"]
            ),
        },
    )
    NODE = TradingNode(config)
    NODE.add_exec_client_factory("LIGHTER", LighterLiveExecClientFactory)
    walker = Walker()
    NODE.trader.add_strategy(walker)
    NODE.build()
    NODE.run()
    print(json.dumps(walker.pace.told()))
