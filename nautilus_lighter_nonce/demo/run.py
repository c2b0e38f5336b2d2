"""
The demo's run: start a venue, trade on it through a real node, disturb it, settle, judge.

Rules of this file
------------------
- One event loop, the node's; the venue has a process of its own and is told over HTTP.
- The node is silent or writes to a file: the terminal belongs to the view.
- An interrupt ends the trading, not the judgement; a second one ends everything.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from collections.abc import Coroutine
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
from nautilus_trader.config import InstrumentProviderConfig
from nautilus_trader.config import LiveExecEngineConfig
from nautilus_trader.config import LoggingConfig
from nautilus_trader.config import TradingNodeConfig
from nautilus_trader.live.node import TradingNode
from nautilus_trader.model.identifiers import InstrumentId
from rich.console import Console
from rich.live import Live

from nautilus_lighter_nonce.config import LighterExecClientConfig
from nautilus_lighter_nonce.constants import LIGHTER
from nautilus_lighter_nonce.core.decisions import LaneStatus
from nautilus_lighter_nonce.demo import script
from nautilus_lighter_nonce.demo import table
from nautilus_lighter_nonce.demo.claims import as_told
from nautilus_lighter_nonce.demo.claims import claim_of
from nautilus_lighter_nonce.demo.lifecycle import until_trading
from nautilus_lighter_nonce.demo.lifecycle import without_echo
from nautilus_lighter_nonce.demo.strategy import QuotingConfig
from nautilus_lighter_nonce.demo.strategy import QuotingStrategy
from nautilus_lighter_nonce.demo.summary import Summary
from nautilus_lighter_nonce.demo.summary import sum_up
from nautilus_lighter_nonce.demo.tally import Tally
from nautilus_lighter_nonce.execution import LighterExecutionClient
from nautilus_lighter_nonce.factories import LighterLiveExecClientFactory
from nautilus_lighter_nonce.lighter.codes import NEXT_NONCE_LAG_MS
from nautilus_lighter_nonce.loopback.config import MarketConfig
from nautilus_lighter_nonce.loopback.config import VenueConfig
from nautilus_lighter_nonce.loopback.keys import DEMO_PRIVATE_KEY
from nautilus_lighter_nonce.loopback.process import VenueProcess
from nautilus_lighter_nonce.loopback.process import VenueProcessError


LATENCY_MS = 20.0
EXECUTION_DELAY_MS = 40.0
"""What the venue is told; it observed 133 ms on testnet, less shows more per second."""

SYMBOLS = ("ETH", "BTC")
ORDER_NOTIONAL = Decimal(100)
"""Value of one order, USDC."""

QUOTE_EVERY_MS = 150
CONNECT_TIMEOUT_SECS = 60.0
SETTLE_TIMEOUT_SECS = 15.0
TIDY_EVERY_SECS = 1.5
"""How often open orders are canceled again while the node settles."""

REDRAW_SECS = 0.2
PLAIN_LINE_SECS = 3.0


class DemoError(RuntimeError):
    """The demo could not be carried through; the text says why."""


class DemoOptions(msgspec.Struct, frozen=True, kw_only=True):
    """
    What a run may be told.

    Parameters
    ----------
    seconds : float, default 15.0
        How long the strategies trade.
    seed : int, default 1
        Chooses faults and orders.
    with_faults : bool, default True
        Whether faults are injected.
    log_file : Path, optional
        Where the node writes its log; nowhere by default.

    """

    seconds: float = 15.0
    seed: int = 1
    with_faults: bool = True
    log_file: Path | None = None


def run(options: DemoOptions, console: Console) -> Summary:
    """
    Run the demo.

    Parameters
    ----------
    options : DemoOptions
        What to do.
    console : Console
        Where it is shown.

    Returns
    -------
    Summary

    Raises
    ------
    DemoError
        If the venue or the node could not be started, or the venue went away.
    KeyboardInterrupt
        If it was interrupted twice.

    """
    config = VenueConfig(
        latency_ms=LATENCY_MS,
        execution_delay_ms=EXECUTION_DELAY_MS,
        next_nonce_lag_ms=NEXT_NONCE_LAG_MS,
        seed=options.seed,
    )
    venue = VenueProcess(config)
    try:
        venue.start()
        return _Demo(options, console, venue).run()
    except (VenueProcessError, OSError) as e:
        raise DemoError(f"the loopback venue did not do its part: {e}") from e
    finally:
        venue.stop()


class _Demo:
    """One run."""

    def __init__(self, options: DemoOptions, console: Console, venue: VenueProcess) -> None:
        self._options = options
        self._console = console
        self._venue = venue
        self._markets = [m for m in venue.config.markets if m.symbol in SYMBOLS]
        self._loop = asyncio.new_event_loop()
        asyncio.set_event_loop(self._loop)
        self._config = _node_config(venue, options.log_file)
        self._node = TradingNode(self._config, loop=self._loop)
        self._strategies = [
            QuotingStrategy(_strategy_config(market, number, options.seed))
            for number, market in enumerate(self._markets, start=1)
        ]
        self._began = time.monotonic()
        self._tally = Tally(self._node.kernel.msgbus, self._elapsed)
        self._client: LighterExecutionClient | None = None
        self._phase = "starting"
        self._ending = asyncio.Event()
        self._title = (
            f"lighter-nonce demo · {LATENCY_MS:.0f} ms latency · "
            f"{'faults on' if options.with_faults else 'no faults'} · seed {options.seed}"
        )
        self._tally.note("demo", f"venue {venue.http_url}, try curl {venue.http_url}/ledger")

    def run(self) -> Summary:
        self._node.add_exec_client_factory(LIGHTER, LighterLiveExecClientFactory)
        for strategy in self._strategies:
            self._node.trader.add_strategy(strategy)
        self._node.build()
        main = self._loop.create_task(self._main())
        self._watch_signals(main)
        try:
            return self._loop.run_until_complete(main)
        except asyncio.CancelledError:
            raise KeyboardInterrupt from None
        finally:
            self._node.kernel.cancel_all_tasks()
            if not self._node.kernel.is_running():  # else it would be waited for
                self._node.dispose()

    def _watch_signals(self, main: asyncio.Task[Summary]) -> None:
        """Take the signals over from the node, which would stop at once."""

        def interrupt() -> None:
            if self._ending.is_set():
                main.cancel()
            else:
                self._tally.note("demo", "interrupted; Ctrl-C again leaves at once")
                self._ending.set()

        for number in (signal.SIGINT, signal.SIGTERM):
            self._loop.add_signal_handler(number, interrupt)

    def _elapsed(self) -> float:
        return time.monotonic() - self._began

    # -- PHASES -----------------------------------------------------------------------------------

    async def _main(self) -> Summary:
        running = self._loop.create_task(self._node.run_async())
        if not await until_trading(self._node, running, self._config):
            raise DemoError("the node did not start; --log-file PATH shows its log")
        with self._beside(self._show()):
            seconds = await self._trade()
            await self._settle()
        summary = await self._judge(seconds)
        await self._node.stop_async()
        await running
        return summary

    async def _trade(self) -> float:
        """Let the strategies trade until the script ends or somebody interrupts."""
        self._phase, self._began = "trading · Ctrl-C ends it early", time.monotonic()
        disturbing = self._loop.create_task(self._disturb())
        interrupted = self._loop.create_task(self._ending.wait())
        tasks = (disturbing, interrupted)
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if disturbing.done():
                disturbing.result()
        finally:
            for task in tasks:
                task.cancel()
        return round(self._elapsed(), 1)

    async def _disturb(self) -> None:
        options = self._options
        for step in script.steps(
            options.seed, options.seconds, self._markets, with_faults=options.with_faults
        ):
            await asyncio.sleep(step.at - self._elapsed())
            await self._tell_venue(step.command)
            if step.name:
                self._tally.note_fault(step.name, step.about)
        await asyncio.sleep(options.seconds - self._elapsed())

    async def _settle(self) -> None:
        """Quote no more, cancel what is open, and wait until nothing is on its way."""
        self._phase = "settling: open orders are canceled, answers awaited"
        await self._tell_venue({"set": {"next_nonce_lag_ms": NEXT_NONCE_LAG_MS}})
        for market in self._markets:
            await self._tell_venue(script.touch(market, Decimal(0)))
        deadline = time.monotonic() + SETTLE_TIMEOUT_SECS
        tidy_at = 0.0
        while time.monotonic() < deadline:
            if time.monotonic() >= tidy_at:
                tidy_at = time.monotonic() + TIDY_EVERY_SECS
                for strategy in self._strategies:
                    strategy.wind_down()
            await asyncio.sleep(0.1)
            if self._is_settled():
                break
        self._phase = "settled"

    def _is_settled(self) -> bool:
        client = self._find_client()
        is_quiet = client is None or not client.dispatcher.in_flight + client.dispatcher.queued
        return is_quiet and all(order.is_closed for order in self._node.cache.orders())

    @contextlib.contextmanager
    def _beside(self, coroutine: Coroutine[Any, Any, None]) -> Iterator[None]:
        task = self._loop.create_task(coroutine)
        try:
            yield
        finally:
            task.cancel()

    async def _tell_venue(self, command: dict[str, Any]) -> None:
        await asyncio.to_thread(self._venue.control, command)

    # -- JUDGING ----------------------------------------------------------------------------------

    async def _judge(self, seconds: float) -> Summary:
        status = self._lane_status()
        claims = [claim_of(order) for order in self._node.cache.orders()]
        told = [as_told(claim, _key(self._venue)[0]) for claim in claims]
        return sum_up(
            claims,
            await asyncio.to_thread(self._venue.ledger),
            await asyncio.to_thread(self._venue.summary, told),
            seconds=seconds,
            seed=self._options.seed,
            faults=self._tally.faults,
            heals=0 if status is None else status.heals,
        )

    # -- SHOWING ----------------------------------------------------------------------------------

    async def _show(self) -> None:
        await (self._show_live() if self._console.is_terminal else self._show_lines())

    async def _show_live(self) -> None:
        with without_echo(), Live(console=self._console, auto_refresh=False) as live:
            try:
                while True:
                    live.update(table.live_view(self._snapshot(), self._title), refresh=True)
                    await asyncio.sleep(REDRAW_SECS)
            finally:
                live.update(table.live_view(self._snapshot(), self._title), refresh=True)

    async def _show_lines(self) -> None:
        self._console.print(self._title, soft_wrap=True, highlight=False)
        while True:
            await asyncio.sleep(PLAIN_LINE_SECS)
            line = table.plain_line(self._snapshot())
            self._console.print(line, soft_wrap=True, highlight=False)

    def _snapshot(self) -> table.Snapshot:
        tally, client, status = self._tally, self._find_client(), self._lane_status()
        return table.Snapshot(
            phase=self._phase,
            at=self._elapsed(),
            seconds=self._options.seconds,
            sent=tally.sent,
            accepted=tally.accepted,
            filled=tally.filled,
            canceled=tally.canceled,
            refused=tally.refused,
            lane="not open yet" if status is None else status.state.value,
            next_nonce=_next_nonce(status),
            in_flight=0 if client is None else client.dispatcher.in_flight,
            queued=0 if client is None else client.dispatcher.queued,
            heals=0 if status is None else status.heals,
            next_nonce_calls=tally.next_nonce_calls,
            faults=tally.faults,
            last_fault=tally.last_fault,
            happenings=tuple(tally.happenings),
        )

    def _find_client(self) -> LighterExecutionClient | None:
        """Return the client that the node built, as soon as there is an order to ask by."""
        orders = self._node.cache.orders() if self._client is None else []
        if orders:
            (self._client,) = self._node.kernel.exec_engine.get_clients_for_orders(orders[:1])
        return self._client

    def _lane_status(self) -> LaneStatus | None:
        client = self._find_client()
        return None if client is None else client.nonce_component.status(*_key(self._venue))


# -- CONFIGS --------------------------------------------------------------------------------------


def _key(venue: VenueProcess) -> tuple[int, int]:
    account = venue.config.accounts[0]
    return account.account_index, account.api_keys[0]


def _node_config(venue: VenueProcess, log_file: Path | None) -> TradingNodeConfig:
    account_index, api_key_index = _key(venue)
    return TradingNodeConfig(
        trader_id="DEMO-001",
        logging=_logging_config(log_file),
        exec_engine=LiveExecEngineConfig(reconciliation=True),
        exec_clients={
            LIGHTER: LighterExecClientConfig(
                environment="loopback",
                account_index=account_index,
                api_key_index=api_key_index,
                private_key=DEMO_PRIVATE_KEY,
                base_url_http=venue.http_url,
                instrument_provider=InstrumentProviderConfig(load_all=True),
            ),
        },
        timeout_connection=CONNECT_TIMEOUT_SECS,
        timeout_reconciliation=5.0,
        timeout_portfolio=5.0,
        timeout_disconnection=5.0,
        timeout_post_stop=0.1,
        timeout_shutdown=2.0,
    )


def _logging_config(log_file: Path | None) -> LoggingConfig:
    if log_file is None:
        return LoggingConfig(log_level="OFF")
    return LoggingConfig(
        log_level="OFF",
        log_level_file="DEBUG",
        log_directory=str(log_file.parent),
        log_file_name=log_file.stem,
        log_colors=False,
        clear_log_file=True,
    )


def _strategy_config(market: MarketConfig, number: int, seed: int) -> QuotingConfig:
    reference = (Decimal(market.bid) + Decimal(market.ask)) / 2
    unit = Decimal(1).scaleb(-market.size_decimals)
    return QuotingConfig(
        order_id_tag=f"{number:03}",
        instrument_id=InstrumentId.from_str(f"{market.symbol}-PERP.{LIGHTER}"),
        reference_price=reference,
        interval_ms=QUOTE_EVERY_MS,
        order_qty=(ORDER_NOTIONAL / reference).quantize(unit),
        seed=seed + number,
        log_events=False,
        log_commands=False,
    )


def _next_nonce(status: LaneStatus | None) -> int | None:
    return None if status is None or status.last_issued is None else status.last_issued + 1
