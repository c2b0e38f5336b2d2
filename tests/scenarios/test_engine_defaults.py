"""
Stories of a venue that is away for two minutes of the engine's time, with the engine's defaults.

The engine's clock and pauses run faster here than the client's and the venue's: two minutes of it
pass in some seconds.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from decimal import Decimal
from typing import Any

import pytest
from nautilus_trader.common.component import LiveClock
from nautilus_trader.live import execution_engine
from nautilus_trader.live.execution_engine import LiveExecutionEngine
from nautilus_trader.model.enums import OrderStatus
from nautilus_trader.model.objects import Price
from nautilus_trader.model.orders import Order

from nautilus_lighter_nonce import LighterNonceConfig
from nautilus_lighter_nonce import events
from tests.cases.case import Verdict
from tests.cases.case import judge
from tests.nodes import BTC
from tests.nodes import ETH
from tests.nodes import Node
from tests.nodes import until


TIMES_AS_FAST = 60

OUTAGE_SECS = 120.0

ROUNDS = 24
"""How often the engine asks for an order in that time; by default it gives up after five."""


class EngineTime:
    """The engine's clock, and its module `asyncio`, which run fast from `begin` on."""

    def __init__(self) -> None:
        self._real = LiveClock()
        self._begun_ns = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(asyncio, name)

    def begin(self) -> None:
        """Run fast from now on."""
        self._begun_ns = self._real.timestamp_ns()

    @property
    def passed_secs(self) -> float:
        """How much of it has passed since it runs fast."""
        return (self.timestamp_ns() - self._begun_ns) / 1e9

    def timestamp_ns(self) -> int:
        """Return Unix nanoseconds."""
        now_ns = int(self._real.timestamp_ns())
        if not self._begun_ns:
            return now_ns
        return self._begun_ns + (now_ns - self._begun_ns) * TIMES_AS_FAST

    def utc_now(self) -> Any:
        """Return where the engine counts its lookbacks from."""
        return self._real.utc_now()

    async def sleep(self, secs: float) -> None:
        """Pause for so much of this time."""
        await asyncio.sleep(secs / TIMES_AS_FAST if self._begun_ns else secs)


@pytest.fixture
def engine_time(monkeypatch: pytest.MonkeyPatch) -> EngineTime:
    """Let the engine's checks live in a time of their own."""
    time = EngineTime()
    monkeypatch.setattr(LiveExecutionEngine, "_clock", property(lambda _: time), raising=False)
    monkeypatch.setattr(execution_engine, "asyncio", time)
    return time


@pytest.mark.parametrize("engine", [{}, {"inflight_check_retries": 1}])
def test_two_minutes_without_the_venue_end_no_order(
    lighter_venue: Any,
    engine_time: EngineTime,
    engine: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Submitted, pending cancel or update, filled in part: all stay so, and then go on."""

    async def story(node: Node) -> None:
        (s,) = node.strategies
        asked: Counter[str] = Counter()
        query = node.client._query_order

        async def answer(command: Any) -> None:
            asked[command.client_order_id.value] += 1
            await query(command)

        monkeypatch.setattr(node.client, "_query_order", answer)
        first = s.market(instrument_id=BTC, quantity="0.00100")
        await until(lambda: first.is_closed)
        dropped, moved, partial = s.limit("1500.00"), s.limit("1501.00"), s.limit("1999.00")
        await until(lambda: dropped.is_open and moved.is_open and partial.is_open)
        touch = {"market": 0, "bid": "1990.00", "ask": "1998.00", "size": "0.0040"}
        lighter_venue.control({"touch": touch})
        await until(lambda: partial.status == OrderStatus.PARTIALLY_FILLED)
        lighter_venue.set(latency_ms=600_000)
        engine_time.begin()
        s.cancel_order(dropped)
        s.modify_order(moved, price=Price.from_str("1400.00"))
        fresh, bought = s.limit("1502.00"), s.market(instrument_id=BTC, quantity="0.00100")
        orders = [dropped, moved, fresh, bought, partial]
        stay = ["PendingCancel", "PendingUpdate", "Submitted", "Submitted", "Filled"]
        await until(lambda: [s.told(o)[-1] for o in orders] == stay)
        names = [o.client_order_id.value for o in orders[:4]]
        await until(lambda: engine_time.passed_secs > OUTAGE_SECS)
        await until(lambda: min(asked[name] for name in names) >= ROUNDS)
        assert [s.told(o)[-1] for o in orders] == stay
        lighter_venue.set(latency_ms=0)
        lighter_venue.control({"fault": "close_sockets"})
        await until(lambda: moved.price == Price.from_str("1400.00") and not moved.is_inflight)
        await until(lambda: dropped.is_closed and bought.is_closed and fresh.is_open)
        assert s.told(dropped)[-2:] == ["PendingCancel", "Canceled"]
        assert s.told(bought) == ["Initialized", "Submitted", "Accepted", "Filled"]
        assert partial.status == OrderStatus.PARTIALLY_FILLED
        assert judge(lighter_venue, [first, *orders]) == Verdict(executed=6)
        assert len(node.cache.orders()) == 6, "the engine made an order up"
        held = {p.instrument_id: p.quantity.as_decimal() for p in node.cache.positions_open()}
        assert held == {ETH: Decimal("0.0040"), BTC: Decimal("0.00200")}

    engine = {"reconciliation": False, **engine}
    Node(lighter_venue, engine=engine, nonce=LighterNonceConfig(resend_max_age_ms=None)).run(story)


@pytest.mark.parametrize("command", ["submit", "cancel"])
def test_doubt_reaches_a_strategy_and_so_does_its_end(lighter_venue: Any, command: str) -> None:
    """A strategy that subscribes hears which of its orders nobody knows of, and what proved it."""

    async def story(node: Node) -> None:
        (s,) = node.strategies
        heard: list[tuple[str, str, str]] = []

        def hear(event: events.OrderDoubt) -> None:
            proof = getattr(event, "proof", "")
            heard.append((type(event).__name__, event.client_order_id, proof))

        s.msgbus.subscribe(topic="events.lighter.order.*", handler=hear)
        order: Order | None = None
        if command == "cancel":
            order = resting = s.limit()
            await until(lambda: resting.is_open)
        lighter_venue.set(latency_ms=600_000)
        if order is None:
            order = s.limit()
        else:
            s.cancel_order(order)
        name = order.client_order_id.value
        await until(lambda: heard)
        assert heard == [("OrderInDoubt", name, "")]
        assert order.is_inflight
        lighter_venue.set(latency_ms=0)
        lighter_venue.control({"fault": "close_sockets"})
        await until(lambda: len(heard) == 2)
        assert heard[1][:2] == ("OrderSettled", name)
        assert heard[1][2], "nothing was said of what proved it"
        await until(lambda: order.is_closed if command == "cancel" else order.is_open)

    Node(lighter_venue, nonce=LighterNonceConfig(reply_timeout_ms=200, settle_ms=50)).run(story)
