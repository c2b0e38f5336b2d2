"""The way through a `LiveNode` of Nautilus 2 with its Rust client."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from nautilus_trader.adapters.lighter import LighterDataClientConfig
from nautilus_trader.adapters.lighter import LighterDataClientFactory
from nautilus_trader.adapters.lighter import LighterEnvironment
from nautilus_trader.adapters.lighter import LighterExecutionClientConfig
from nautilus_trader.adapters.lighter import LighterExecutionClientFactory
from nautilus_trader.common import Environment
from nautilus_trader.common import LoggerConfig
from nautilus_trader.live import LiveNode
from nautilus_trader.live import LiveRiskEngineConfig
from nautilus_trader.model import AccountId
from nautilus_trader.model import InstrumentId
from nautilus_trader.model import OrderSide
from nautilus_trader.model import Price
from nautilus_trader.model import Quantity
from nautilus_trader.model import TraderId
from nautilus_trader.trading import Strategy
from pace import Pace


INSTRUMENT_ID = InstrumentId.from_str("ETH-PERP.LIGHTER")
SIZE, PRICE = Quantity.from_str("0.0100"), Price.from_str("1500.00")


class Walker(Strategy):
    """A bid at every tick."""

    def on_start(self) -> None:
        """Begin to tick."""
        self.pace = Pace(JOB, self._submit, lambda: HANDLE.stop())
        pause = timedelta(microseconds=JOB["pause_us"])
        self.clock.set_timer("tick", pause, callback=lambda _: self.pace.tick())

    def _submit(self, note: Callable[[str], None]) -> None:
        order = self.order_factory.limit(INSTRUMENT_ID, OrderSide.BUY, SIZE, PRICE, post_only=True)
        note(str(order.client_order_id))
        self.submit_order(order)

    def on_order_accepted(self, event: Any) -> None:
        """Note the time."""
        self.pace.accepted(str(event.client_order_id))

    def on_order_denied(self, event: Any) -> None:
        """Give up."""
        self.pace.failed(repr(event))

    def on_order_rejected(self, event: Any) -> None:
        """Give up."""
        self.pace.failed(repr(event))


if __name__ == "__main__":
    JOB = json.loads(sys.argv[1])
    where = {
        "base_url_http": JOB["http_url"],
        "base_url_ws": JOB["ws_url"],
        "environment": LighterEnvironment.TESTNET,
    }
    account = LighterExecutionClientConfig(
        account_id=AccountId.from_str("LIGHTER-001"),
        account_index=JOB["account_index"],
        api_key_index=JOB["api_key_index"],
        private_key=JOB["private_key"],
        sendtx_quota_per_min=100_000,
        **where,
    )
    NODE = (
        LiveNode.builder("WALKER", TraderId.from_str("WALKER-001"), Environment.LIVE)
        .with_logging(LoggerConfig(bypass_logging=True))
        .with_delay_post_stop_secs(0)
        .with_risk_engine_config(LiveRiskEngineConfig(max_order_submit_rate="100000/00:00:01"))
        .add_data_client(None, LighterDataClientFactory(), LighterDataClientConfig(**where))
        .add_exec_client(None, LighterExecutionClientFactory(), account)
        .build()
    )
    walker = Walker()
    NODE.add_strategy(walker)
    HANDLE = NODE.handle()
    NODE.run()
    print(json.dumps(walker.pace.told()))
