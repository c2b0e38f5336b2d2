"""Real trading nodes for stories: a strategy that records, and a runner with a loop of its own."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable
from collections.abc import Callable
from collections.abc import Sequence
from typing import Any
from typing import ClassVar

from nautilus_trader.config import LiveExecEngineConfig
from nautilus_trader.config import LoggingConfig
from nautilus_trader.config import StrategyConfig
from nautilus_trader.config import TradingNodeConfig
from nautilus_trader.live.config import LiveRiskEngineConfig
from nautilus_trader.live.node import TradingNode
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.enums import TimeInForce
from nautilus_trader.model.events import OrderEvent
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.objects import Price
from nautilus_trader.model.objects import Quantity
from nautilus_trader.model.orders import Order
from nautilus_trader.trading.strategy import Strategy

from nautilus_lighter_nonce import LighterExecClientConfig
from nautilus_lighter_nonce import LighterExecutionClient
from nautilus_lighter_nonce import LighterLiveExecClientFactory
from nautilus_lighter_nonce import LighterNonceComponent


ETH = InstrumentId.from_str("ETH-PERP.LIGHTER")
BTC = InstrumentId.from_str("BTC-PERP.LIGHTER")

CANCELED_LIFE = ["Initialized", "Submitted", "Accepted", "PendingCancel", "Canceled"]
"""What a strategy is told of an order that rested and was canceled, as `told` names it."""


class Recorder(Strategy):
    """Writes down every order event; the story tells it what to do."""

    def __init__(self, tag: str, claims: Sequence[InstrumentId] = ()) -> None:
        super().__init__(StrategyConfig(order_id_tag=tag, external_order_claims=list(claims)))
        self.events: list[OrderEvent] = []

    def on_order_event(self, event: OrderEvent) -> None:
        """Write the event down."""
        self.events.append(event)

    def limit(
        self,
        price: str = "1500.00",
        *,
        quantity: str = "0.0100",
        side: OrderSide = OrderSide.BUY,
        instrument_id: InstrumentId = ETH,
        params: dict[str, Any] | None = None,
        **options: Any,
    ) -> Order:
        """Submit a limit order and return it."""
        order = self.order_factory.limit(
            instrument_id,
            side,
            Quantity.from_str(quantity),
            Price.from_str(price),
            **options,
        )
        self.submit_order(order, params=params)
        return order

    def limit_list(self, price: int, count: int) -> list[Order]:
        """Submit a list of limit buys, a step apart; it travels as one batch. Return its orders."""
        orders = [
            self.order_factory.limit(
                ETH,
                OrderSide.BUY,
                Quantity.from_str("0.0100"),
                Price.from_str(f"{price}.{i:02}"),
            )
            for i in range(count)
        ]
        self.submit_order_list(self.order_factory.create_list(orders))
        return orders

    def market(
        self,
        *,
        quantity: str = "0.0100",
        side: OrderSide = OrderSide.BUY,
        instrument_id: InstrumentId = ETH,
        time_in_force: TimeInForce = TimeInForce.GTC,
        **options: Any,
    ) -> Order:
        """Submit a market order and return it."""
        order = self.order_factory.market(
            instrument_id,
            side,
            Quantity.from_str(quantity),
            time_in_force=time_in_force,
            **options,
        )
        self.submit_order(order)
        return order

    def told(self, order: Order) -> list[str]:
        """Return the names of the events of one order, without the prefix."""
        return [
            type(event).__name__.removeprefix("Order")
            for event in self.events
            if event.client_order_id == order.client_order_id
        ]

    def reason(self, order: Order) -> str:
        """Return the reason of the last refusal of an order."""
        reasons = [
            event.reason
            for event in self.events
            if event.client_order_id == order.client_order_id and hasattr(event, "reason")
        ]
        return reasons[-1] if reasons else ""

    def counts(self) -> Counter[str]:
        """Return how many events of each kind there were."""
        return Counter(type(event).__name__.removeprefix("Order") for event in self.events)


class _CapturingFactory(LighterLiveExecClientFactory):
    created: ClassVar[list[LighterExecutionClient]] = []

    @staticmethod
    def create(*args: Any, **kwargs: Any) -> LighterExecutionClient:
        client = LighterLiveExecClientFactory.create(*args, **kwargs)
        _CapturingFactory.created.append(client)
        return client


class Node:
    """
    A trading node on a loopback venue, run for one story.

    Parameters
    ----------
    venue : object with http_url
        The venue.
    tags : tuple[str, ...]
        One recording strategy for each.
    claims : Sequence[InstrumentId]
        Instruments whose orders of earlier runs are the first strategy's.
    engine : dict, optional
        Settings of the execution engine.
    logging : LoggingConfig, optional
        What is logged (default errors); fixed by the first node of a process.
    timeout_connection : float
        Seconds to wait for the client.
    loop : asyncio.AbstractEventLoop, optional
        The loop of a node that this one runs beside (default one of its own).
    client : Any
        Settings of the execution client.

    """

    def __init__(
        self,
        venue: Any,
        tags: tuple[str, ...] = ("001",),
        claims: Sequence[InstrumentId] = (),
        engine: dict[str, Any] | None = None,
        timeout_connection: float = 60.0,
        logging: LoggingConfig | None = None,
        loop: asyncio.AbstractEventLoop | None = None,
        **client: Any,
    ) -> None:
        self.loop = loop or asyncio.new_event_loop()
        asyncio.set_event_loop(self.loop)
        settings = {"environment": "loopback", "base_url_http": venue.http_url, **client}
        config = TradingNodeConfig(
            trader_id="TESTER-001",
            logging=logging or LoggingConfig(log_level="ERROR"),
            exec_engine=LiveExecEngineConfig(**(engine or {"reconciliation": False})),
            risk_engine=LiveRiskEngineConfig(
                max_order_submit_rate="100000/00:00:01",
                max_order_modify_rate="100000/00:00:01",
            ),
            exec_clients={"LIGHTER": LighterExecClientConfig(**settings)},
            timeout_connection=timeout_connection,
            timeout_reconciliation=60.0,
            timeout_portfolio=30.0,
            timeout_disconnection=5.0,
            timeout_post_stop=0.2,
        )
        self.node = TradingNode(config=config, loop=self.loop)
        self.node.add_exec_client_factory("LIGHTER", _CapturingFactory)
        self.node.build()
        self.client = _CapturingFactory.created[-1]
        self.strategies = [Recorder(tag, () if at else claims) for at, tag in enumerate(tags)]
        for strategy in self.strategies:
            self.node.trader.add_strategy(strategy)
        self.published: list[Any] = []
        self.node.kernel.msgbus.subscribe("*", self.published.append)

    @property
    def nonces(self) -> LighterNonceComponent:
        """The nonce component under test."""
        return self.client.nonce_component

    @property
    def cache(self) -> Any:
        """The node's cache."""
        return self.node.cache

    def run(self, story: Callable[[Node], Awaitable[None]], *, starts: bool = True) -> None:
        """Start the node, play the story, stop and dispose of the node."""
        try:
            self.loop.run_until_complete(self._play(story, starts))
        finally:
            self.node.dispose()
            asyncio.set_event_loop(None)

    async def _play(self, story: Callable[[Node], Awaitable[None]], starts: bool) -> None:
        self.loop.create_task(self.node.run_async())
        try:
            if starts:
                await until(lambda: all(s.is_running for s in self.strategies), 20.0)
            await story(self)
        finally:
            await self.node.stop_async()
            left = asyncio.all_tasks() - {asyncio.current_task()}
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)


async def until(condition: Callable[[], Any], timeout_secs: float = 10.0) -> None:
    """Let the loop run until the condition holds; fail after the deadline."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + timeout_secs
    while not condition():
        assert loop.time() < deadline, "it did not happen in time"
        await asyncio.sleep(0.005)
