"""
`LighterExecutionClient`: live Lighter execution for a Nautilus `TradingNode`.

This file connects the parts and routes: commands in, frames in, events out. What a command means
is in `orders.desk`, what a frame means in `orders.tracker`, whether the venue knows our key in
`access`, how a transaction travels in `dispatch`, and the nonces are the component's alone.

Rules
-----
- A command takes its place in its lane in the engine's own call. Nautilus would make a task of
  each, which costs a turn of the loop and keeps their order only as long as nobody awaits.
- Bad input is denied before anything is sent, with field, value and remedy.
- The config, which may hold the private key, is never handed to Nautilus: a config given to
  `super().__init__` is published in clear at every state change.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from nautilus_trader.cache.cache import Cache
from nautilus_trader.common.component import LiveClock
from nautilus_trader.common.component import MessageBus
from nautilus_trader.common.enums import LogColor
from nautilus_trader.common.enums import LogLevel
from nautilus_trader.execution import messages
from nautilus_trader.execution.reports import ExecutionMassStatus
from nautilus_trader.execution.reports import FillReport
from nautilus_trader.execution.reports import OrderStatusReport
from nautilus_trader.execution.reports import PositionStatusReport
from nautilus_trader.live.execution_client import LiveExecutionClient
from nautilus_trader.model.enums import AccountType
from nautilus_trader.model.enums import OmsType
from nautilus_trader.model.identifiers import ClientId

from nautilus_lighter_nonce.access import Access
from nautilus_lighter_nonce.access import Identity
from nautilus_lighter_nonce.access import Wire
from nautilus_lighter_nonce.collector import QuietCollector
from nautilus_lighter_nonce.component import LighterNonceComponent
from nautilus_lighter_nonce.config import LighterExecClientConfig
from nautilus_lighter_nonce.constants import LIGHTER_VENUE
from nautilus_lighter_nonce.dispatch.dispatcher import TxDispatcher
from nautilus_lighter_nonce.dispatch.lane_door import LaneDoor
from nautilus_lighter_nonce.dispatch.reads import VenueReads
from nautilus_lighter_nonce.dispatch.sending import outbox_settings
from nautilus_lighter_nonce.lighter import schemas
from nautilus_lighter_nonce.lighter.auth import AuthTokens
from nautilus_lighter_nonce.lighter.reading import Listeners
from nautilus_lighter_nonce.lighter.stream import LighterStream
from nautilus_lighter_nonce.orders.balances import BalanceNews
from nautilus_lighter_nonce.orders.cached_reports import CachedReports
from nautilus_lighter_nonce.orders.catch_up import MissedReader
from nautilus_lighter_nonce.orders.desk import OrderDesk
from nautilus_lighter_nonce.orders.in_flight_reports import InFlightReports
from nautilus_lighter_nonce.orders.inbox import PRIVATE_CHANNELS
from nautilus_lighter_nonce.orders.inbox import Inbox
from nautilus_lighter_nonce.orders.intake import Intake
from nautilus_lighter_nonce.orders.look_ups import LookUps
from nautilus_lighter_nonce.orders.order_events import OrderEvents
from nautilus_lighter_nonce.orders.prices import BestPrices
from nautilus_lighter_nonce.orders.reports import LighterReports
from nautilus_lighter_nonce.orders.requests import Parties
from nautilus_lighter_nonce.orders.tracker import OrderTracker
from nautilus_lighter_nonce.orders.unread_fills import UnreadFills
from nautilus_lighter_nonce.providers import LighterInstrumentProvider
from nautilus_lighter_nonce.translate import parsing


class LighterExecutionClient(LiveExecutionClient):
    """
    Executes orders on Lighter without ever losing one to a nonce.

    Parameters
    ----------
    loop : asyncio.AbstractEventLoop
        The node's event loop.
    msgbus : MessageBus
        The node's message bus.
    cache : Cache
        The node's cache.
    clock : LiveClock
        The node's clock.
    provider : LighterInstrumentProvider
        The instruments.
    component : LighterNonceComponent
        Issues the nonces; it is registered with this client here.
    config : LighterExecClientConfig
        Settings. Its private key is not read here and never handed on.
    identity : Identity
        Account, key and client id.
    wire : Wire
        How the venue is reached.

    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        msgbus: MessageBus,
        cache: Cache,
        clock: LiveClock,
        provider: LighterInstrumentProvider,
        component: LighterNonceComponent,
        config: LighterExecClientConfig,
        identity: Identity,
        wire: Wire,
    ) -> None:
        super().__init__(
            loop=loop,
            client_id=ClientId(identity.name),
            venue=LIGHTER_VENUE,
            oms_type=OmsType.NETTING,
            account_type=AccountType.MARGIN,
            base_currency=None,
            instrument_provider=provider,
            msgbus=msgbus,
            cache=cache,
            clock=clock,
        )
        self._set_account_id(identity.account_id)
        http, ws_url, dial, signer = wire.http, wire.ws_url, wire.dial, wire.signer
        self._http = http
        self._signer = signer
        self._provider = provider
        self._key = identity.key
        self._account_index = identity.account_index
        self._component = component
        component.register_client(self)
        component.add_key(*self._key)
        self._tokens = AuthTokens(signer)
        http.on_token_refused(self._tokens.invalidate)
        self._tasks_of_ours: list[asyncio.Task[None]] = []  # from connect to disconnect
        self._first_epoch = 1
        self._is_stopping = False
        self._stop_secs = config.nonce.stop_timeout_ms / 1_000
        self._collector = QuietCollector()
        self._lost_at = clock.utc_now()
        self._stream = LighterStream(
            ws_url,
            loop,
            dial,
            Listeners(
                on_reply=self._on_reply,
                on_frame=self._on_frame,
                on_connected=self._on_connected,
                on_disconnected=self._on_disconnected,
                on_anonymous=self._on_anonymous,
                on_token_refused=self._on_token_refused,
            ),
            self._tokens.get,
            log=self._log,
        )
        self._dispatcher = TxDispatcher(
            loop,
            LaneDoor(msgbus, clock, component, self._key, self._log),
            signer,
            self._stream,
            VenueReads(http, self._tokens.get),
            outbox_settings(config.nonce, config.sendtx_quota_per_min),
            self._log,
        )
        self._access = Access(wire, self._tokens, component, self._dispatcher, self._key, self._log)
        self._make_order_rooms(config.market_order_slippage_bps)

    def _make_order_rooms(self, slippage_bps: int) -> None:
        """Make what is between commands and transactions, and between frames and events."""
        cache, clock, log = self._cache, self._clock, self._log
        began_ns = clock.timestamp_ns()
        self._look_ups = LookUps(self._loop)
        self._events = OrderEvents(self, cache, clock, self._look_ups, log)
        self._tracker = OrderTracker(
            self._events,
            self._look_ups,
            cache,
            self.account_id,
            self._account_index,
            self._provider.instrument_for_market,
            clock,
            log,
        )
        self._prices = BestPrices(self._stream, self.create_task, log)
        parties = Parties(self._tracker, self._events, self._look_ups, self._dispatcher)
        self._desk = OrderDesk(
            parties,
            self._provider,
            self._component,
            self._prices,
            self._key,
            slippage_bps,
            clock,
            log,
        )
        intake = Intake(self._tracker, self._dispatcher)
        self._reports = LighterReports(
            self._http,
            self._tokens.get,
            self._provider,
            cache,
            clock,
            self._account_index,
            self.account_id,
        )
        self._missed = MissedReader(self._reports, self._tracker, intake, log)
        self._in_flight = InFlightReports(
            self._reports,
            CachedReports(
                cache, self.account_id, self._dispatcher.open_orders, began_ns, self.now_ns
            ),
            UnreadFills(cache, self.account_id, began_ns),
            self._tracker,
            self._missed,
            self._dispatcher,
            self._events,
            log,
        )
        self._balances = BalanceNews(self._loop, self._publish_balances)
        self._inbox = Inbox(
            intake, self._dispatcher, self._prices, self._key[1], self._balances, log
        )

    @property
    def nonce_component(self) -> LighterNonceComponent:
        """The component that issues this client's nonces."""
        return self._component

    @property
    def dispatcher(self) -> TxDispatcher:
        """The dispatcher, for diagnostics."""
        return self._dispatcher

    # -- CONNECTION -------------------------------------------------------------------------------

    async def _connect(self) -> None:
        await self._access.check()
        await self._provider.initialize()
        for instrument in self._provider.list_all():
            self._cache.add_instrument(instrument)
        await self._update_account()
        await self._await_account_registered()
        await self._component.connect()
        self._dispatcher.start(self._provider.market_indexes())
        await self._stream.connect()
        self._first_epoch = self._stream.epoch
        for channel in PRIVATE_CHANNELS:
            await self._stream.subscribe(f"{channel}/{self._account_index}", auth=True)
        work = (self._tokens.keep_fresh(), self._keep_looking_up())
        self._tasks_of_ours = [self._loop.create_task(each) for each in work]
        self._collector.start()

    async def _disconnect(self) -> None:
        self._is_stopping = True
        for task in self._tasks_of_ours:
            task.cancel()
        self._collector.stop()
        self._balances.stop()
        await self._dispatcher.stop(self._stop_secs)
        await self._stream.disconnect()
        await self._component.disconnect()
        self._signer.close()

    def _on_connected(self, epoch: int) -> None:
        self._access.on_connected()
        self._dispatcher.on_connected(epoch)
        if epoch > self._first_epoch:
            read = self._missed.catch_up(self._lost_at)
            self.create_task(read, log_msg="catch up after reconnect")

    def _on_disconnected(self, epoch: int) -> None:
        self._lost_at = self._clock.utc_now()
        self._missed.lost(self._lost_at)
        if self._is_stopping:
            return
        self._log.warning(f"Stream of epoch {epoch} was lost; transactions in flight are unknown")
        self._prices.forget()
        self._dispatcher.on_disconnected()

    async def _keep_looking_up(self) -> None:
        """Read what somebody missed of an order, each in a task of its own."""
        while True:
            look_up = await self._look_ups.next()
            what = f"look up {look_up.client_order_id}"
            self.create_task(self._missed.look_up(look_up), log_msg=what)

    # -- COMMANDS ---------------------------------------------------------------------------------

    def submit_order(self, command: messages.SubmitOrder) -> None:
        """Submit one order."""
        order = command.order
        self._take(f"Submit {order.client_order_id!r}", self._desk.submit, (order,), command.params)

    def submit_order_list(self, command: messages.SubmitOrderList) -> None:
        """Submit orders in one batch."""
        orders = command.order_list.orders
        self._take(f"Submit {command.order_list}", self._desk.submit, orders, command.params)

    def cancel_order(self, command: messages.CancelOrder) -> None:
        """Cancel one order."""
        self._take(f"Cancel {command.client_order_id!r}", self._desk.cancel, (command,))

    def batch_cancel_orders(self, command: messages.BatchCancelOrders) -> None:
        """Cancel orders in one batch."""
        ids = [cancel.client_order_id.value for cancel in command.cancels]
        self._take(f"Cancel {ids}", self._desk.cancel, command.cancels)

    def cancel_all_orders(self, command: messages.CancelAllOrders) -> None:
        """Cancel the strategy's orders in one market."""
        what = f"Cancel all orders of {command.strategy_id} in {command.instrument_id}"
        self._take(what, self._desk.cancel_all, command)

    def modify_order(self, command: messages.ModifyOrder) -> None:
        """Change price or quantity of one order."""
        self._take(f"Modify {command.client_order_id!r}", self._desk.modify, command)

    def _take[**P](
        self, what: str, take: Callable[P, None], *args: P.args, **kwargs: P.kwargs
    ) -> None:
        """Take a command here and now; the engine would end the process by an exception."""
        self._log.info(what, LogColor.BLUE)
        try:
            take(*args, **kwargs)
        except Exception as e:  # noqa: BLE001 (one command must not end all)
            self._log.exception(f"{what} was not carried out", e)

    async def _query_account(self, command: messages.QueryAccount) -> None:
        await self._update_account()

    # -- FRAMES -----------------------------------------------------------------------------------

    def _on_reply(self, reply: Any) -> None:
        self._dispatcher.on_reply(reply)

    def _on_anonymous(self, code: int, message: str, epoch: int, is_alone: bool) -> None:
        self._dispatcher.on_anonymous(code, message, epoch, is_alone)

    def _on_token_refused(self, code: int, message: str) -> None:
        if self._access.on_token_refused(code, message):
            self.create_task(self._access.ask_for_the_key(code, message), log_msg="ask for key")

    def _on_frame(self, frame_type: str, channel: str, raw: bytes, epoch: int) -> None:
        self._inbox.on_frame(frame_type, channel, raw, epoch)

    # -- ACCOUNT ----------------------------------------------------------------------------------

    def now_ns(self) -> int:
        """Return the node's time, Unix nanoseconds."""
        return int(self._clock.timestamp_ns())

    async def _update_account(self) -> None:
        self._publish_balances(await self._http.account(self._account_index))

    def _publish_balances(self, source: schemas.AccountDetail | schemas.UserStats) -> None:
        self.generate_account_state(
            balances=parsing.account_balances(source),
            margins=[],
            reported=True,
            ts_event=self.now_ns(),
        )

    # -- REPORTS ----------------------------------------------------------------------------------

    async def generate_mass_status(
        self, lookback_mins: int | None = None
    ) -> ExecutionMassStatus | None:
        """Return what the venue has, for the start; ``None`` if it could not be read whole."""
        with self._in_flight.at_start():
            return await super().generate_mass_status(lookback_mins)

    async def _query_order(self, command: messages.QueryOrder) -> None:
        await self._in_flight.query(command)

    async def generate_order_status_report(
        self,
        command: messages.GenerateOrderStatusReport,
    ) -> OrderStatusReport | None:
        """Return the report of one order, ``None`` only if the venue answered that it has none."""
        return await self._in_flight.order(command)

    async def generate_order_status_reports(
        self,
        command: messages.GenerateOrderStatusReports,
    ) -> list[OrderStatusReport]:
        """Return the reports of all orders; what was not read is repeated from the cache."""
        reports = await self._in_flight.orders(command)
        self._log_report_receipt(len(reports), "OrderStatusReport", command.log_receipt_level)
        return reports

    async def generate_fill_reports(
        self,
        command: messages.GenerateFillReports,
    ) -> list[FillReport]:
        """Return the reports of all fills; an unanswered read raises, it is not "no fills"."""
        reports = await self._reports.fill_reports(
            command.instrument_id, command.venue_order_id, command.start
        )
        self._log_report_receipt(len(reports), "FillReport", LogLevel.INFO)
        return reports

    async def generate_position_status_reports(
        self,
        command: messages.GeneratePositionStatusReports,
    ) -> list[PositionStatusReport]:
        """Return the reports of all positions; raises while a fill may be unread."""
        reports = await self._in_flight.positions(command)
        self._log_report_receipt(len(reports), "PositionStatusReport", command.log_receipt_level)
        return reports
