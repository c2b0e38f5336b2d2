"""The run: its phases in their order, on a venue and a node that are played."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from collections.abc import Iterator
from decimal import Decimal
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from nautilus_trader.common.component import MessageBus
from nautilus_trader.common.component import TestClock
from nautilus_trader.model.identifiers import ClientOrderId
from nautilus_trader.model.identifiers import TraderId
from nautilus_trader.model.objects import Quantity
from rich.console import Console

from nautilus_lighter_nonce.core.decisions import LaneState
from nautilus_lighter_nonce.core.decisions import LaneStatus
from nautilus_lighter_nonce.demo import run as demo
from nautilus_lighter_nonce.demo import script
from nautilus_lighter_nonce.demo.summary import Summary
from nautilus_lighter_nonce.lighter.codes import NEXT_NONCE_LAG_MS
from nautilus_lighter_nonce.loopback.config import VenueConfig
from nautilus_lighter_nonce.loopback.keys import DEMO_PRIVATE_KEY
from nautilus_lighter_nonce.loopback.process import VenueProcessError
from tests.virtual_time import VirtualLoop


SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Venue:
    """A venue that writes down what it is told and finds nothing wrong."""

    http_url = "http://127.0.0.1:1"

    def __init__(self, now: Callable[[], float]) -> None:
        self.now = now
        self.config = VenueConfig()
        self.told: list[tuple[float, dict[str, Any]]] = []
        self.claims: list[Any] = []
        self.start_error: Exception | None = None
        self.control_error: Exception | None = None
        self.is_stopped = False

    def start(self) -> None:
        if self.start_error is not None:
            raise self.start_error

    def stop(self) -> None:
        self.is_stopped = True

    def control(self, command: dict[str, Any]) -> None:
        error, self.control_error = self.control_error, None
        if error is not None:
            raise error
        self.told.append((self.now(), command))

    def ledger(self) -> list[dict[str, Any]]:
        return []

    def summary(self, told: list[Any]) -> dict[str, Any]:
        self.claims = told
        kinds = ("orders", "lost", "doubled", "misreported", "unresolved", "undecided")
        return {kind: [] for kind in kinds} | {"next_nonce_calls": 1}


class Node:
    """A node that trades at once; also its kernel, its cache and its engine."""

    def __init__(self) -> None:
        self.msgbus = MessageBus(TraderId("TESTER-001"), TestClock())
        self.kernel = self.cache = self.exec_engine = self
        self.known: list[Any] = []
        self.client = SimpleNamespace(
            dispatcher=SimpleNamespace(in_flight=0, queued=0),
            nonce_component=SimpleNamespace(status=lambda *key: self.status),
        )
        self.status: LaneStatus | None = None
        self.starts = True
        self._stopped = asyncio.Event()
        self.did: list[str] = []

    # As the node

    def add_exec_client_factory(self, name: str, factory: Any) -> None:
        self.did.append(f"factory of {name}")

    def build(self) -> None:
        self.did.append("built")

    def is_running(self) -> bool:
        return self.starts and "stopped" not in self.did

    async def run_async(self) -> None:
        await self._stopped.wait()

    async def stop_async(self) -> None:
        self.did.append("stopped")
        self._stopped.set()

    def dispose(self) -> None:
        self.did.append("disposed")

    # As its parts

    @property
    def trader(self) -> Any:
        return SimpleNamespace(
            is_running=self.starts,
            add_strategy=lambda strategy: self.did.append("strategy"),
        )

    def cancel_all_tasks(self) -> None:
        self.did.append("tasks canceled")

    def orders(self) -> list[Any]:
        return self.known

    def get_clients_for_orders(self, orders: list[Any]) -> list[Any]:
        return [self.client]


class Strategy:
    """A strategy that is wound down."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.wound_down: list[float] = []

    def wind_down(self) -> None:
        self.wound_down.append(self.stage.loop.time())
        self.stage.on_wind_down()


class Order:
    """What the run asks of an order."""

    def __init__(self) -> None:
        self.client_order_id = ClientOrderId("O-20251125-090000-001-001-7")
        self.filled_qty = Quantity.from_str("0.1")
        self.is_closed = False

    def status_string(self) -> str:
        return "FILLED" if self.is_closed else "ACCEPTED"


class Stage:
    """A run on which everything but the run itself is played, in virtual time."""

    def __init__(self) -> None:
        self.loop = VirtualLoop()
        self.venue = Venue(self.loop.time)
        self.node = Node()
        self.strategies: list[Strategy] = []
        self.on_wind_down: Callable[[], None] = lambda: None
        self.text = StringIO()
        self.began = self.loop.time()

    def strategy(self, config: Any) -> Strategy:
        """Make a strategy."""
        self.strategies.append(Strategy(self))
        return self.strategies[-1]

    def run(self, *, is_terminal: bool = False, **options: Any) -> Summary:
        """Run the demo."""
        console = Console(file=self.text, width=120, force_terminal=is_terminal)
        return demo.run(demo.DemoOptions(**options), console)

    @property
    def passed(self) -> float:
        """Seconds since the run began."""
        return self.loop.time() - self.began


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """Return a run that is played."""
    stage = Stage()
    before = {number: signal.signal(number, signal.SIG_IGN) for number in SIGNALS}
    monkeypatch.setattr(asyncio, "new_event_loop", lambda: stage.loop)
    monkeypatch.setattr(asyncio, "set_event_loop", lambda loop: None)
    monkeypatch.setattr(demo, "time", SimpleNamespace(monotonic=stage.loop.time))
    monkeypatch.setattr(demo, "VenueProcess", lambda config: stage.venue)
    monkeypatch.setattr(demo, "TradingNode", lambda config, loop: stage.node)
    monkeypatch.setattr(demo, "QuotingStrategy", stage.strategy)
    yield stage
    tasks = asyncio.all_tasks(stage.loop)
    for task in tasks:
        task.cancel()
    if tasks:
        stage.loop.run_until_complete(asyncio.wait(tasks))
    stage.loop.close()
    for number, handler in before.items():
        signal.signal(number, handler)


def markets() -> list[Any]:
    """Return the markets that are traded."""
    return [market for market in VenueConfig().markets if market.symbol in demo.SYMBOLS]


# -- TRADING --------------------------------------------------------------------------------------


@pytest.mark.parametrize("with_faults", [True, False])
def test_run_tells_the_venue_the_script_at_its_times(stage: Stage, with_faults: bool) -> None:
    """What a seed decided is what the venue is told, step by step."""
    summary = stage.run(seconds=5.0, seed=3, with_faults=with_faults)
    steps = script.steps(3, 5.0, markets(), with_faults=with_faults)
    told = stage.venue.told[: len(steps)]
    assert [command for _, command in told] == [step.command for step in steps]
    assert [at - stage.began for at, _ in told] == pytest.approx([step.at for step in steps])
    assert summary.faults == sum(bool(step.name) for step in steps)
    assert summary.seconds == 5.0


def test_run_ends_in_order_and_leaves_nothing_running(stage: Stage) -> None:
    """The node is stopped only when the venue has judged, and the venue last."""
    stage.run(seconds=1.0)
    assert stage.node.did == [
        "factory of LIGHTER",
        "strategy",
        "strategy",
        "built",
        "stopped",
        "tasks canceled",
        "disposed",
    ]
    assert stage.venue.is_stopped
    assert not asyncio.all_tasks(stage.loop)


def test_run_without_a_node_that_starts_says_where_its_log_is(stage: Stage) -> None:
    """A node logs nothing by default: whoever sees it fail is told how to see why."""
    stage.node.starts = False
    with pytest.raises(demo.DemoError, match="--log-file"):
        stage.run()
    assert stage.venue.is_stopped
    assert not stage.venue.told


@pytest.mark.parametrize("error", [VenueProcessError("it ended"), OSError("no fork")])
def test_run_without_a_venue_is_an_error_of_the_demo(stage: Stage, error: Exception) -> None:
    """One error for whoever calls, with its cause; what was started is stopped."""
    stage.venue.start_error = error
    with pytest.raises(demo.DemoError, match=str(error)) as caught:
        stage.run()
    assert caught.value.__cause__ is error
    assert stage.venue.is_stopped


def test_run_whose_venue_goes_away_ends_with_an_error(stage: Stage) -> None:
    """What the venue did not take is no run that could be judged, even if it takes the rest."""
    stage.venue.control_error = VenueProcessError("gone")
    with pytest.raises(demo.DemoError, match="gone"):
        stage.run()
    assert stage.passed < 15.0


# -- INTERRUPTS -----------------------------------------------------------------------------------


@pytest.mark.parametrize("number", SIGNALS)
def test_run_interrupted_ends_the_trading_and_is_judged(stage: Stage, number: int) -> None:
    """Who has seen enough still learns whether it was right."""
    stage.loop.call_later(2.0, signal.raise_signal, number)
    summary = stage.run(seconds=60.0)
    assert summary.seconds == 2.0
    assert "stopped" in stage.node.did


def test_run_interrupted_twice_is_left_at_once(stage: Stage) -> None:
    """Who insists need not wait until orders are settled."""
    stage.node.known = [Order()]
    stage.loop.call_later(2.0, signal.raise_signal, signal.SIGINT)
    stage.loop.call_later(4.0, signal.raise_signal, signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        stage.run(seconds=60.0)
    assert stage.passed == pytest.approx(4.0)
    assert stage.venue.is_stopped
    assert "disposed" not in stage.node.did  # it would wait for a node that runs


# -- SETTLING -------------------------------------------------------------------------------------


def test_settling_takes_back_what_was_done_to_the_venue(stage: Stage) -> None:
    """No fault of the trading goes on while the last orders are canceled."""
    stage.run(seconds=1.0, with_faults=False)
    touches = [script.touch(market, Decimal(0)) for market in markets()]
    lag = {"set": {"next_nonce_lag_ms": NEXT_NONCE_LAG_MS}}
    assert [command for _, command in stage.venue.told[-3:]] == [lag, *touches]


def test_settling_waits_for_every_order_to_end(stage: Stage) -> None:
    """Open orders are canceled again and again: one may have been in flight."""
    order = Order()
    stage.node.known = [order]
    stage.loop.call_later(1.0 + 4.0, setattr, order, "is_closed", True)
    stage.run(seconds=1.0)
    assert stage.passed == pytest.approx(5.0, abs=0.3)
    for strategy in stage.strategies:
        assert len(strategy.wound_down) == 3


@pytest.mark.parametrize("count", ["in_flight", "queued"])
def test_settling_waits_for_transactions_on_their_way(stage: Stage, count: str) -> None:
    """An order that ended may have a transaction whose answer is still to come."""
    order = Order()
    order.is_closed = True
    stage.node.known = [order]
    dispatcher = stage.node.client.dispatcher
    setattr(dispatcher, count, 1)
    stage.loop.call_later(1.0 + 4.0, setattr, dispatcher, count, 0)
    stage.run(seconds=1.0)
    assert stage.passed == pytest.approx(5.0, abs=0.3)


def test_settling_without_end_is_given_up_and_judged(stage: Stage) -> None:
    """An order that never ends is the judge's to report, not the demo's to wait for."""
    stage.node.known = [Order()]
    stage.run(seconds=1.0)
    assert stage.passed == pytest.approx(1.0 + demo.SETTLE_TIMEOUT_SECS, abs=0.3)
    assert [claim["told"] for claim in stage.venue.claims] == ["open"]


# -- JUDGING --------------------------------------------------------------------------------------


def test_judging_tells_the_venue_every_order_of_the_node(stage: Stage) -> None:
    """The judge knows the account that the node traded with, and the lane's heals are counted."""
    order = Order()
    order.is_closed = True
    stage.node.known = [order]
    stage.node.status = LaneStatus(700, 5, LaneState.OPEN, 0, 33, 0, 0, 1, heals=4)
    summary = stage.run(seconds=1.0, seed=9)
    (claim,) = stage.venue.claims
    account = VenueConfig().accounts[0].account_index
    assert (claim["account_index"], claim["told"]) == (account, "filled")
    assert (summary.wanted, summary.heals, summary.seed) == (1, 4, 9)


# -- SHOWING --------------------------------------------------------------------------------------


def test_run_without_a_terminal_prints_a_title_and_a_line_now_and_then(stage: Stage) -> None:
    """A log file of a CI run stays short."""
    stage.node.known = [Order()]
    stage.node.status = LaneStatus(700, 5, LaneState.OPEN, 0, 33, 0, 0, 1)
    stage.on_wind_down = lambda: setattr(stage.node.known[0], "is_closed", True)
    stage.run(seconds=10.0, seed=2)
    title, *lines = stage.text.getvalue().splitlines()
    assert "faults on · seed 2" in title
    assert len(lines) == 3
    assert all("lane open  next nonce 34" in line for line in lines)


def test_run_on_a_terminal_shows_the_live_view(stage: Stage) -> None:
    """Who watches is shown the panel, and before the first order that no lane is open."""
    stage.run(seconds=1.0, is_terminal=True, with_faults=False)
    shown = stage.text.getvalue()
    for words in ("no faults · seed 1", "not open yet", "curl http://127.0.0.1:1/ledger"):
        assert words in shown


# -- CONFIGS --------------------------------------------------------------------------------------


def test_node_config_is_of_the_loopback_venue_and_its_first_key(stage: Stage) -> None:
    """The demo's key is the only one that it knows, and its venue the only one it reaches."""
    venue: Any = stage.venue
    (client,) = demo._node_config(venue, None).exec_clients.values()
    account = VenueConfig().accounts[0]
    assert (client.environment, client.base_url_http) == ("loopback", venue.http_url)
    assert client.private_key == DEMO_PRIVATE_KEY
    assert (client.account_index, client.api_key_index) == (
        account.account_index,
        account.api_keys[0],
    )


def test_logging_config_never_writes_to_the_terminal() -> None:
    """The terminal belongs to the view."""
    silent = demo._logging_config(None)
    filed = demo._logging_config(Path("/somewhere/demo.log"))
    assert (silent.log_level, silent.log_level_file) == ("OFF", None)
    assert (filed.log_level, filed.log_level_file) == ("OFF", "DEBUG")
    assert (filed.log_directory, filed.log_file_name) == ("/somewhere", "demo")


def test_strategy_configs_differ_in_tag_and_seed_and_are_worth_the_same() -> None:
    """Two strategies of one run neither share order ids nor quote alike."""
    configs = [demo._strategy_config(market, n, 1) for n, market in enumerate(markets(), start=1)]
    assert [config.order_id_tag for config in configs] == ["001", "002"]
    assert [config.seed for config in configs] == [2, 3]
    for config, market in zip(configs, markets(), strict=True):
        assert Decimal(market.bid) < config.reference_price < Decimal(market.ask)
        unit = Decimal(1).scaleb(-market.size_decimals)
        assert config.order_qty % unit == 0
        worth = config.order_qty * config.reference_price
        assert abs(worth - demo.ORDER_NOTIONAL) <= unit * config.reference_price
