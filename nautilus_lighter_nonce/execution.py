"""
`LighterExecutionClient`: live Lighter execution for a Nautilus `TradingNode`.

This file connects the parts and routes: commands in, frames in, events out. What a command means
is in `commands`, what a frame means in `tracker`, how a transaction travels in `dispatch`, and the
nonces are the component's alone.

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
from nautilus_trader.model.identifiers import AccountId
from nautilus_trader.model.identifiers import ClientId

from nautilus_lighter_nonce.collector import QuietCollector
from nautilus_lighter_nonce.component import LighterNonceComponent
from nautilus_lighter_nonce.config import ConfigError
from nautilus_lighter_nonce.config import LighterExecClientConfig
from nautilus_lighter_nonce.constants import LIGHTER_VENUE
from nautilus_lighter_nonce.dispatch.dispatcher import TxDispatcher
from nautilus_lighter_nonce.dispatch.lane_door import LaneDoor
from nautilus_lighter_nonce.dispatch.reads import VenueReads
from nautilus_lighter_nonce.dispatch.sending import outbox_settings
from nautilus_lighter_nonce.lighter import schemas
from nautilus_lighter_nonce.lighter.auth import AuthTokens
from nautilus_lighter_nonce.lighter.codes import Code
from nautilus_lighter_nonce.lighter.connection import Dial
from nautilus_lighter_nonce.lighter.errors import LighterApiError
from nautilus_lighter_nonce.lighter.errors import LighterHttpError
from nautilus_lighter_nonce.lighter.http import LighterHttpClient
from nautilus_lighter_nonce.lighter.reading import Listeners
from nautilus_lighter_nonce.lighter.signer import TxSigner
from nautilus_lighter_nonce.lighter.stream import LighterStream
from nautilus_lighter_nonce.orders.balances import BalanceNews
from nautilus_lighter_nonce.orders.cached_reports import CachedReports
from nautilus_lighter_nonce.orders.catch_up import MissedReader
from nautilus_lighter_nonce.orders.commands import ChangeRequest
from nautilus_lighter_nonce.orders.commands import ClientRequest
from nautilus_lighter_nonce.orders.desk import OrderDesk
from nautilus_lighter_nonce.orders.in_flight_reports import InFlightReports
from nautilus_lighter_nonce.orders.inbox import PRIVATE_CHANNELS
from nautilus_lighter_nonce.orders.inbox import Inbox
from nautilus_lighter_nonce.orders.prices import BestPrices
from nautilus_lighter_nonce.orders.reports import LighterReports
from nautilus_lighter_nonce.orders.tracker import OrderTracker
from nautilus_lighter_nonce.orders.tracker import TrackedOrder
from nautilus_lighter_nonce.orders.unread_fills import UnreadFills
from nautilus_lighter_nonce.providers import LighterInstrumentProvider
from nautilus_lighter_nonce.translate import parsing


FRAME_PATIENCE_SECS = 1.0
"""Patience with the private frame of what a record has shown; seen 0.2 s after the reply."""


class LighterExecutionClient(LiveExecutionClient):
    """
    Executes orders on Lighter without ever losing one to a nonce.

    Parameters
    ----------
    loop : asyncio.AbstractEventLoop
        The node's event loop.
    http : LighterHttpClient
        The REST client.
    ws_url : str
        The stream's address.
    dial : Dial
        Makes the stream's connections.
    signer : TxSigner
        Signs for the key.
    component : LighterNonceComponent
        Issues the nonces; it is registered with this client here.
    msgbus : MessageBus
        The node's message bus.
    cache : Cache
        The node's cache.
    clock : LiveClock
        The node's clock.
    provider : LighterInstrumentProvider
        The instruments.
    config : LighterExecClientConfig
        Settings. Its private key is not read here and never handed on.
    account_index : int
        The account at the venue.
    api_key_index : int
        The key, 0 to 254.
    name : str, optional
        The client id (default "LIGHTER").

    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        http: LighterHttpClient,
        ws_url: str,
        dial: Dial,
        signer: TxSigner,
        component: LighterNonceComponent,
        msgbus: MessageBus,
        cache: Cache,
        clock: LiveClock,
        provider: LighterInstrumentProvider,
        config: LighterExecClientConfig,
        account_index: int,
        api_key_index: int,
        name: str | None = None,
    ) -> None:
        super().__init__(
            loop=loop,
            client_id=ClientId(name or LIGHTER_VENUE.value),
            venue=LIGHTER_VENUE,
            oms_type=OmsType.NETTING,
            account_type=AccountType.MARGIN,
            base_currency=None,
            instrument_provider=provider,
            msgbus=msgbus,
            cache=cache,
            clock=clock,
        )
        self._set_account_id(AccountId(f"{name or LIGHTER_VENUE.value}-{account_index}"))
        self._http = http
        self._signer = signer
        self._provider = provider
        self._key = (account_index, api_key_index)
        self._account_index = account_index
        self._component = component
        component.register_client(self)
        component.add_key(account_index, api_key_index)
        self._tokens = AuthTokens(signer)
        self._public_key = ""  # what the venue had in our slot when it was checked
        self._tokens_refused = 0  # in a row
        http.on_token_refused(self._tokens.invalidate)
        self._renewal: asyncio.Task[None] | None = None
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
        self._reports = LighterReports(
            http, self._tokens.get, provider, cache, clock, account_index, self.account_id
        )
        self._tracker = OrderTracker(
            self, cache, account_index, provider.instrument_for_market, self._log
        )
        self._prices = BestPrices(self._stream, self.create_task, self._dispatcher.wake, self._log)
        self._desk = OrderDesk(
            self,
            provider,
            self._tracker,
            self._dispatcher,
            component,
            self._prices,
            self._key,
            config.market_order_slippage_bps,
        )
        self._missed = MissedReader(self._reports, self._tracker, self._log)
        self._in_flight = InFlightReports(
            self._reports,
            CachedReports(
                cache,
                self.account_id,
                self._dispatcher.open_orders,
                clock.timestamp_ns(),
                self.now_ns,
            ),
            UnreadFills(cache, self.account_id, clock.timestamp_ns()),
            self._tracker,
            self._missed,
            self._dispatcher,
            self._send_order_status_report,
            self._log,
        )
        self._balances = BalanceNews(loop, self._publish_balances)
        self._inbox = Inbox(
            self._tracker,
            self._dispatcher.on_record,
            self._prices,
            api_key_index,
            self._balances.offer,
            self._log,
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
        await self._check_venue()
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
        self._renewal = self._loop.create_task(self._tokens.keep_fresh())
        self._collector.start()

    async def _disconnect(self) -> None:
        self._is_stopping = True
        if self._renewal is not None:
            self._renewal.cancel()
        self._collector.stop()
        self._balances.stop()
        await self._dispatcher.stop(self._stop_secs)
        await self._stream.disconnect()
        await self._component.disconnect()
        self._signer.close()

    async def _check_venue(self) -> None:
        """Find out whether the venue is there and knows our key, before anything else."""
        account_index, api_key_index = self._key
        try:
            keys = await self._http.api_keys(account_index, api_key_index)
        except LighterApiError as e:
            raise self._unknown_key() from e
        except LighterHttpError as e:
            raise ConfigError(
                "base_url_http",
                repr(self._http.base_url),
                f"no Lighter venue answered there ({e}); check the address and the network",
            ) from e
        ours = [key for key in keys if key.api_key_index == api_key_index]
        if not ours:
            raise self._unknown_key()
        await self._signer.check()
        self._public_key = ours[0].public_key

    def _unknown_key(self) -> ConfigError:
        account_index, api_key_index = self._key
        return ConfigError(
            "api_key_index",
            f"{api_key_index} of account {account_index}",
            "the venue has no such key; register it, or use the account and key it belongs to",
        )

    def _on_connected(self, epoch: int) -> None:
        if self._tokens_refused > 1:
            self._component.trouble(*self._key, 0, "")
            self._dispatcher.on_trouble("")
        self._tokens_refused = 0
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

    # -- WHAT REQUESTS AND TRACKER ASK OF US ------------------------------------------------------

    def now_ns(self) -> int:
        """Return the node's time, Unix nanoseconds."""
        return int(self._clock.timestamp_ns())

    def fetch_unless_settled(self, request: ClientRequest) -> None:
        """Read what a request did, unless the private streams tell it first."""
        self._loop.call_later(FRAME_PATIENCE_SECS, self._fetch, request)

    def _fetch(self, request: ClientRequest) -> None:
        if not request.is_settled() and not self._is_stopping:
            request.fetch()

    def on_order_shown(self, tracked: TrackedOrder) -> None:
        """A frame of an order of ours came: its transaction was executed."""
        self._desk.on_order_shown(tracked)

    def send_once_accepted(self, request: ChangeRequest) -> None:
        """Send a change again once the venue has shown its order."""
        self._desk.send_once_accepted(request)

    def on_order_accepted(self, tracked: TrackedOrder) -> None:
        """Send the changes that waited for the venue to show the order."""
        self._desk.on_order_accepted(tracked)

    def on_order_done(self, tracked: TrackedOrder) -> None:
        """Forget the request of an order that has ended."""
        self._desk.on_order_done(tracked)

    def send_order_status_report(self, report: OrderStatusReport) -> None:
        """Hand an external order to the engine."""
        self._send_order_status_report(report)

    def send_fill_report(self, report: FillReport) -> None:
        """Hand a fill of an external order to the engine."""
        self._send_fill_report(report)

    def fetch_order(self, tracked: TrackedOrder) -> None:
        """Read an order over REST that the private stream did not show."""
        self.create_task(self._missed.fetch(tracked), log_msg=f"fetch {tracked.client_order_id}")

    # -- FRAMES -----------------------------------------------------------------------------------

    def _on_reply(self, reply: Any) -> None:
        self._dispatcher.on_reply(reply)

    def _on_anonymous(self, code: int, message: str, epoch: int, is_alone: bool) -> None:
        self._dispatcher.on_anonymous(code, message, epoch, is_alone)

    def _on_token_refused(self, code: int, message: str) -> None:
        """Make another token; if that is refused as well, the key itself is: say so."""
        self._tokens.invalidate()
        self._tokens_refused += 1
        if self._tokens_refused > 1:
            self._component.trouble(*self._key, code, message)
            self._dispatcher.on_trouble(f"{code}: {message}")
            if self._tokens_refused == 2:
                self.create_task(self._ask_for_the_key(f"{code}: {message}"), log_msg="ask for key")

    async def _ask_for_the_key(self, refusal: str) -> None:
        """Tokens are refused again and again: halt with the true cause if the key is gone."""
        account_index, api_key_index = self._key
        try:
            keys = await self._http.api_keys(account_index, api_key_index)
        except LighterApiError as e:
            self._component.halt(*self._key, f"{refusal}; {e.code}: {e.message}")
        except LighterHttpError as e:
            self._log.warning(f"The venue was not asked for the key: {e}")
        else:
            if self._public_key not in [key.public_key for key in keys]:
                code = int(Code.INVALID_PUBLIC_KEY)
                self._component.halt(
                    *self._key,
                    f"{refusal}; {code}: the venue has another key in slot {api_key_index} by now: "
                    "register ours again, or use another slot",
                )

    def _on_frame(self, frame_type: str, channel: str, raw: bytes, epoch: int) -> None:
        self._inbox.on_frame(frame_type, channel, raw, epoch)

    # -- ACCOUNT ----------------------------------------------------------------------------------

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
