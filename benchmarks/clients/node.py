"""
A real `TradingNode` with our execution client and one strategy.

Rules of this file
------------------
- An order's time runs from `Strategy.submit_order`; its verdict is the `TxAccepted` on the bus, and
  it is shown to the strategy by `OrderAccepted`. The next order of a caller waits for the latter.
- A strategy is never told "unknown"; that is the `TxUnknown` on the bus. Its truth is what it was
  shown, or a definite no.
- What the strategy was told is the order's status in the cache at the end.
- Two settings differ from the defaults: the risk engine lets any rate of orders pass (its own limit
  is 100 per second), and only errors are logged.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final

from nautilus_trader.config import LoggingConfig
from nautilus_trader.config import StrategyConfig
from nautilus_trader.config import TradingNodeConfig
from nautilus_trader.live.config import LiveExecEngineConfig
from nautilus_trader.live.config import LiveRiskEngineConfig
from nautilus_trader.live.node import TradingNode
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.enums import OrderStatus
from nautilus_trader.model.events import OrderAccepted
from nautilus_trader.model.events import OrderDenied
from nautilus_trader.model.events import OrderEvent
from nautilus_trader.model.events import OrderRejected
from nautilus_trader.model.identifiers import ClientOrderId
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.objects import Price
from nautilus_trader.model.objects import Quantity
from nautilus_trader.model.orders import Order as NautilusOrder
from nautilus_trader.trading.strategy import Strategy

from benchmarks.clients import SETTLE_SECS
from benchmarks.clients.heals import noted_heals
from benchmarks.load import Job
from benchmarks.load import Load
from benchmarks.load import Order
from benchmarks.load import Outcome
from benchmarks.load import Told
from nautilus_lighter_nonce.config import LighterExecClientConfig
from nautilus_lighter_nonce.events import TxAccepted
from nautilus_lighter_nonce.events import TxUnknown
from nautilus_lighter_nonce.factories import LighterLiveExecClientFactory
from nautilus_lighter_nonce.translate.intents import client_order_index


INSTRUMENT: Final = InstrumentId.from_str("ETH-PERP.LIGHTER")
START_TIMEOUT_SECS: Final = 20.0

OPEN: Final = (OrderStatus.ACCEPTED, OrderStatus.PARTIALLY_FILLED, OrderStatus.FILLED)
FAILED: Final = (OrderStatus.DENIED, OrderStatus.REJECTED)


async def run(job: Job) -> Outcome:
    """Offer the job's orders through one node."""
    node = _node(job)
    bidder = Bidder()
    node.trader.add_strategy(bidder)
    msgbus = node.kernel.msgbus
    verdicts: dict[str, int] = {}
    unknowns: dict[str, int] = {}

    def on_accepted(event: TxAccepted) -> None:
        verdicts[event.tx_hash] = time.time_ns()

    def on_unknown(event: TxUnknown) -> None:
        unknowns[event.tx_hash] = time.time_ns()

    msgbus.subscribe("events.lighter.tx.accepted.*", on_accepted)
    msgbus.subscribe("events.lighter.tx.unknown.*", on_unknown)
    heals = noted_heals(msgbus)
    running = asyncio.create_task(node.run_async())
    try:
        await _until(lambda: bidder.is_running, START_TIMEOUT_SECS)
        if not bidder.is_running:
            raise RuntimeError(f"the node did not start within {START_TIMEOUT_SECS} s")
        outcome = await Load(job, bidder.place).run()
        await _until(bidder.is_settled, SETTLE_SECS)
        bidder.conclude()
        outcome.verdicts, outcome.unknowns, outcome.heals = verdicts, unknowns, heals
        return outcome
    finally:
        await node.stop_async()
        running.cancel()
        await asyncio.wait([running])
        # The node is not disposed of: that stops the loop, and this process ends anyway.


class Bidder(Strategy):
    """Places a bid when it is told to, and notes when it was accepted."""

    def __init__(self) -> None:
        super().__init__(StrategyConfig(order_id_tag="001"))
        self._quantity = Quantity.from_str("0.0100")
        self._price = Price.from_str("1500.00")
        self._placed: dict[ClientOrderId, tuple[Order, NautilusOrder, asyncio.Event]] = {}

    async def place(self, order: Order) -> None:
        """Submit one order and wait until the strategy is told something definite."""
        bid = self.order_factory.limit(
            INSTRUMENT, OrderSide.BUY, self._quantity, self._price, post_only=True
        )
        order.index = client_order_index(bid.client_order_id)
        told = asyncio.Event()
        self._placed[bid.client_order_id] = (order, bid, told)
        self.submit_order(bid)
        await told.wait()

    def on_order_event(self, event: OrderEvent) -> None:
        if not isinstance(event, OrderAccepted | OrderRejected | OrderDenied):
            return
        order, _, told = self._placed[event.client_order_id]
        order.truth_ns = time.time_ns()
        if isinstance(event, OrderAccepted):
            order.shown_ns = order.truth_ns
        else:
            order.verdict_ns, order.reason = order.truth_ns, event.reason
        told.set()

    def is_settled(self) -> bool:
        """Return whether no order is in flight."""
        return all(bid.status in OPEN or bid.is_closed for _, bid, _ in self._placed.values())

    def conclude(self) -> None:
        """Take what was told from the cache."""
        for order, bid, _ in self._placed.values():
            status = self.cache.order(bid.client_order_id).status
            if status in OPEN:
                order.told = Told.ACCEPTED
            elif status in FAILED:
                order.told = Told.FAILED


def _node(job: Job) -> TradingNode:
    config = TradingNodeConfig(
        trader_id="BENCH-001",
        logging=LoggingConfig(log_level="ERROR"),
        exec_engine=LiveExecEngineConfig(reconciliation_startup_delay_secs=0.0),
        risk_engine=LiveRiskEngineConfig(max_order_submit_rate="1000000/00:00:01"),
        exec_clients={
            "LIGHTER": LighterExecClientConfig(
                environment="loopback", base_url_http=job.http_url, base_url_ws=job.ws_url
            )
        },
        timeout_post_stop=0.2,
    )
    node = TradingNode(config=config, loop=asyncio.get_running_loop())
    node.add_exec_client_factory("LIGHTER", LighterLiveExecClientFactory)
    node.build()
    return node


async def _until(condition: Callable[[], bool], timeout_secs: float) -> None:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + timeout_secs
    while loop.time() < deadline and not condition():  # noqa: ASYNC110
        await asyncio.sleep(0.02)
