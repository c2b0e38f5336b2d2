"""
`LighterExecutionClient`: live Lighter execution for a Nautilus `TradingNode`.

This file connects the parts and routes: commands in, frames in, events out. What a command means
is in `commands`, what a frame means in `tracker`, how a transaction travels in `dispatch`, and the
nonces are the component's alone.

Rules
-----
- A command takes its place in its lane before the handler's first await (v1 runs each command as a
  task of its own; an earlier await would reorder them).
- Bad input is denied before anything is sent, with field, value and remedy.
- The config, which may hold the private key, is never handed to Nautilus: a config given to
  `super().__init__` is published in clear at every state change.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec
from nautilus_trader.cache.cache import Cache
from nautilus_trader.common.component import LiveClock
from nautilus_trader.common.component import MessageBus
from nautilus_trader.common.enums import LogLevel
from nautilus_trader.execution import messages
from nautilus_trader.execution.reports import FillReport
from nautilus_trader.execution.reports import OrderStatusReport
from nautilus_trader.execution.reports import PositionStatusReport
from nautilus_trader.live.execution_client import LiveExecutionClient
from nautilus_trader.model.enums import AccountType
from nautilus_trader.model.enums import OmsType
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.enums import OrderType
from nautilus_trader.model.identifiers import AccountId
from nautilus_trader.model.identifiers import ClientId
from nautilus_trader.model.orders import Order

from nautilus_lighter_nonce import intents
from nautilus_lighter_nonce import parsing
from nautilus_lighter_nonce.commands import CancelAllRequest
from nautilus_lighter_nonce.commands import CancelRequest
from nautilus_lighter_nonce.commands import ModifyRequest
from nautilus_lighter_nonce.commands import SubmitRequest
from nautilus_lighter_nonce.component import LighterNonceComponent
from nautilus_lighter_nonce.config import ConfigError
from nautilus_lighter_nonce.config import LighterExecClientConfig
from nautilus_lighter_nonce.constants import LIGHTER_VENUE
from nautilus_lighter_nonce.core.decisions import LaneState
from nautilus_lighter_nonce.dispatch import TxDispatcher
from nautilus_lighter_nonce.intents import ParsingError
from nautilus_lighter_nonce.lighter import schemas
from nautilus_lighter_nonce.lighter.http import LighterApiError
from nautilus_lighter_nonce.lighter.http import LighterHttpClient
from nautilus_lighter_nonce.lighter.http import LighterHttpError
from nautilus_lighter_nonce.lighter.signer import TxSigner
from nautilus_lighter_nonce.lighter.stream import LighterStream
from nautilus_lighter_nonce.lighter.stream import StreamError
from nautilus_lighter_nonce.outcomes import OutcomeWatcher
from nautilus_lighter_nonce.providers import LighterInstrumentProvider
from nautilus_lighter_nonce.reports import LighterReports
from nautilus_lighter_nonce.requests import TxRequest
from nautilus_lighter_nonce.tracker import OrderTracker
from nautilus_lighter_nonce.tracker import TrackedOrder


AUTH_TOKEN_SECS = 3_600
"""Lifetime of our auth tokens; the venue takes up to 8 h (observed)."""

AUTH_TOKEN_RENEW_SECS = 600
"""A token with less than this left is not used for a new request."""

PRIVATE_CHANNELS = (
    "account_all_orders",
    "account_all_trades",
    "account_tx",
    "user_stats",
)


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
        self._slippage_bps = config.market_order_slippage_bps
        self._key = (account_index, api_key_index)
        self._account_index = account_index
        self._component = component
        component.register_client(self)
        component.add_key(account_index, api_key_index)
        self._token = ""
        self._token_until = 0.0
        self._stream = LighterStream(
            ws_url,
            loop,
            on_reply=self._on_reply,
            on_frame=self._on_frame,
            on_connected=self._on_connected,
            on_disconnected=self._on_disconnected,
            auth_token=self._auth_token,
            log=self._log,
        )
        self._dispatcher = TxDispatcher(
            loop,
            msgbus,
            clock,
            component,
            signer,
            self._stream,
            self._is_hash_known,
            self._key,
            config.nonce,
            config.sendtx_quota_per_min,
            self._log,
        )
        self._reports = LighterReports(
            http, self._auth_token, provider, cache, clock, account_index, self.account_id
        )
        self._tracker = OrderTracker(
            self, cache, account_index, provider.instrument_for_market, self._log
        )
        self._outcomes = OutcomeWatcher(loop, http, self._log, self.create_task)
        self._submits: dict[str, SubmitRequest] = {}
        self._touches: dict[int, tuple[Decimal | None, Decimal | None]] = {}
        self._tickers: set[int] = set()
        self._has_traded = False
        self._frame_handlers: dict[str, Callable[[bytes], None]] = {
            "account_all_orders": self._on_orders_frame,
            "account_all_trades": self._on_trades_frame,
            "account_tx": self._on_tx_frame,
            "user_stats": self._on_stats_frame,
            "ticker": self._on_ticker_frame,
        }

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
        self._dispatcher.start()
        await self._stream.connect()
        for channel in PRIVATE_CHANNELS:
            await self._stream.subscribe(f"{channel}/{self._account_index}", auth=True)

    async def _disconnect(self) -> None:
        await self._dispatcher.stop()
        self._outcomes.stop()
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
        if not any(key.api_key_index == api_key_index for key in keys):
            raise self._unknown_key()
        await self._signer.check()

    def _unknown_key(self) -> ConfigError:
        account_index, api_key_index = self._key
        return ConfigError(
            "api_key_index",
            f"{api_key_index} of account {account_index}",
            "the venue has no such key; register it, or use the account and key it belongs to",
        )

    def _on_connected(self, epoch: int) -> None:
        self._dispatcher.on_connected()
        if self._has_traded:
            self.create_task(self._catch_up(), log_msg="catch up after reconnect")

    def _on_disconnected(self, epoch: int) -> None:
        self._log.warning(f"Stream of epoch {epoch} was lost; transactions in flight are unknown")
        self._touches.clear()
        self._dispatcher.on_disconnected()

    async def _catch_up(self) -> None:
        """Read over REST what the stream may have missed; both paths drop duplicates."""
        try:
            for trade in await self._reports.trades():
                self._tracker.on_trade(trade)
            for order in await self._reports.orders():
                self._tracker.on_order(order, ours_only=True)
        except LighterHttpError as e:
            self._log.error(f"Could not read what the stream missed: {e}")

    async def _auth_token(self) -> str:
        now = self._clock.timestamp()
        if now > self._token_until - AUTH_TOKEN_RENEW_SECS:
            self._token = await self._signer.auth_token(AUTH_TOKEN_SECS)
            self._token_until = now + AUTH_TOKEN_SECS
        return self._token

    # -- COMMANDS ---------------------------------------------------------------------------------

    async def _submit_order(self, command: messages.SubmitOrder) -> None:
        self._submit(command.order, command.params or {})

    async def _submit_order_list(self, command: messages.SubmitOrderList) -> None:
        for order in command.order_list.orders:
            self._submit(order, command.params or {})

    async def _cancel_order(self, command: messages.CancelOrder) -> None:
        self._cancel(command)

    async def _batch_cancel_orders(self, command: messages.BatchCancelOrders) -> None:
        for cancel in command.cancels:
            self._cancel(cancel)

    async def _cancel_all_orders(self, command: messages.CancelAllOrders) -> None:
        live = [t for t in self._tracker.live() if t.instrument_id == command.instrument_id]
        wanted = [
            t
            for t in live
            if t.strategy_id == command.strategy_id
            and command.order_side in (OrderSide.NO_ORDER_SIDE, t.order.side)
        ]
        wanted = [t for t in wanted if not self._cancel_unsent(t)]
        market_index = self._provider.market_index(command.instrument_id)
        cancels = [CancelRequest(self, self._tracker, t, market_index) for t in wanted]
        if len(wanted) > 1 and len(wanted) == len([t for t in live if not t.is_done]):
            self._send(CancelAllRequest(self, self._tracker, market_index, cancels))
        else:
            for cancel in cancels:
                self._send(cancel)

    async def _modify_order(self, command: messages.ModifyOrder) -> None:
        tracked = self._tracker.find(command.client_order_id)
        if tracked is None:
            self._reject_modify(command, "the order is not known, or has ended")
            return
        instrument = self._provider.find(command.instrument_id)
        market_index = self._provider.market_index(command.instrument_id)
        try:
            intent = intents.modify_intent(command, tracked.order, instrument, market_index)
        except ParsingError as e:
            self._reject_modify(command, str(e))
            return
        self._send(ModifyRequest(self, self._tracker, tracked, intent))

    async def _query_account(self, command: messages.QueryAccount) -> None:
        await self._update_account()

    def _submit(self, order: Order, params: dict[str, Any]) -> None:
        if order.is_closed:
            self._log.warning(f"Order {order.client_order_id} is closed already, not submitted")
            return
        try:
            request = self._submit_request(order, params)
        except ParsingError as e:
            self._deny(order, str(e))
            return
        self._submits[order.client_order_id.value] = request
        self._send(request)

    def _submit_request(self, order: Order, params: dict[str, Any]) -> SubmitRequest:
        """Check and translate an order; raises before anything is remembered or sent."""
        self._check_can_trade()
        instrument = self._provider.find(order.instrument_id)
        if instrument is None:
            raise intents.UnsupportedOrderError(
                "instrument_id", str(order.instrument_id), "use a perpetual that the venue lists"
            )
        if self._tracker.is_taken(order.client_order_id):
            raise intents.UnsupportedOrderError(
                "client_order_id", str(order.client_order_id), "use another; its index is taken"
            )
        market_index = self._provider.market_index(order.instrument_id)
        build = self._intent_builder(order, instrument, market_index)
        intent = None if order.order_type == OrderType.MARKET else build()
        return SubmitRequest(
            self,
            self._tracker,
            self._tracker.register(order),
            intent,
            build,
            bool(params.get("nonce_resend", True)),
        )

    def _intent_builder(
        self,
        order: Order,
        instrument: Any,
        market_index: int,
    ) -> Callable[[], schemas.CreateOrder | None]:
        now_ns = self._clock.timestamp_ns()
        if order.order_type != OrderType.MARKET:
            return lambda: intents.create_intent(order, instrument, None, now_ns, market_index)
        intents.check_supported(order, now_ns)
        self._watch_ticker(market_index)

        def build() -> schemas.CreateOrder | None:
            price = self._worst_price(market_index, order.side, instrument.price_precision)
            if price is None:
                return None
            return intents.create_intent(order, instrument, price, now_ns, market_index)

        return build

    def _check_can_trade(self) -> None:
        status = self._component.status(*self._key)
        if status.state is LaneState.HALTED:
            raise intents.UnsupportedOrderError(
                "nonce lane", "halted", f"{status.halt_reason}; mend it, then reconnect the client"
            )

    def _send(self, request: TxRequest) -> None:
        self._has_traded = True
        self._dispatcher.submit(request)

    def _cancel(self, command: messages.CancelOrder) -> None:
        tracked = self._tracker.find(command.client_order_id)
        if tracked is None:
            self.generate_order_cancel_rejected(
                command.strategy_id,
                command.instrument_id,
                command.client_order_id,
                venue_order_id=command.venue_order_id,
                reason="the order is not known, or has ended",
                ts_event=self.now_ns(),
            )
        elif not self._cancel_unsent(tracked):
            market_index = self._provider.market_index(command.instrument_id)
            self._send(CancelRequest(self, self._tracker, tracked, market_index))

    def _cancel_unsent(self, tracked: TrackedOrder) -> bool:
        """Cancel an order that waits for its turn, or for a resend, without asking the venue."""
        request = self._submits.get(tracked.client_order_id.value)
        if request is None or not self._dispatcher.cancel(request):
            return False
        self._tracker.cancel_unsent(tracked)
        return True

    def _deny(self, order: Order, reason: str) -> None:
        self.generate_order_denied(
            order.strategy_id,
            order.instrument_id,
            order.client_order_id,
            reason=reason,
            ts_event=self.now_ns(),
        )

    def _reject_modify(self, command: messages.ModifyOrder, reason: str) -> None:
        self.generate_order_modify_rejected(
            command.strategy_id,
            command.instrument_id,
            command.client_order_id,
            venue_order_id=command.venue_order_id,
            reason=reason,
            ts_event=self.now_ns(),
        )

    # -- WHAT REQUESTS AND TRACKER ASK OF US ------------------------------------------------------

    def now_ns(self) -> int:
        """Return the node's time, Unix nanoseconds."""
        return int(self._clock.timestamp_ns())

    def watch_outcome(self, request: Any, tx_hash: str) -> None:
        """Watch a sent transaction by its hash."""
        self._outcomes.watch(request, tx_hash)

    def on_order_done(self, tracked: TrackedOrder) -> None:
        """Forget the request of an order that has ended."""
        self._submits.pop(tracked.client_order_id.value, None)

    def send_order_status_report(self, report: OrderStatusReport) -> None:
        """Hand an external order to the engine."""
        self._send_order_status_report(report)

    def send_fill_report(self, report: FillReport) -> None:
        """Hand a fill of an external order to the engine."""
        self._send_fill_report(report)

    def fetch_order(self, tracked: TrackedOrder) -> None:
        """Read an order over REST that the private stream did not show."""
        self.create_task(self._fetch_order(tracked), log_msg=f"fetch {tracked.client_order_id}")

    async def _fetch_order(self, tracked: TrackedOrder) -> None:
        try:
            order = await self._reports.find_order(
                tracked.instrument_id, tracked.client_order_id, tracked.venue_order_id
            )
            for trade in await self._reports.trades(tracked.instrument_id):
                self._tracker.on_trade(trade)
        except LighterHttpError as e:
            self._log.error(f"Order {tracked.client_order_id} was not read: {e}")
            return
        if order is not None:
            self._tracker.on_order(order)

    # -- FRAMES -----------------------------------------------------------------------------------

    def _on_reply(self, reply: Any) -> None:
        self._dispatcher.on_reply(reply)

    def _on_frame(self, frame_type: str, channel: str, raw: bytes, epoch: int) -> None:
        handler = self._frame_handlers.get(frame_type.partition("/")[2])
        if handler is None:
            return
        try:
            handler(raw)
        except msgspec.ValidationError as e:
            self._log.error(f"Frame of {channel} was not understood: {e}")

    def _on_orders_frame(self, raw: bytes) -> None:
        frame = msgspec.json.decode(raw, type=schemas.OrdersFrame)
        for orders in frame.orders.values():
            for order in sorted(orders, key=lambda o: o.transaction_time):
                self._tracker.on_order(order)

    def _on_trades_frame(self, raw: bytes) -> None:
        trades = msgspec.json.decode(raw, type=schemas.TradesFrame).trades or []
        rows = trades if isinstance(trades, list) else [t for m in trades.values() for t in m]
        for trade in sorted(rows, key=lambda t: t.trade_id):
            self._tracker.on_trade(trade)

    def _on_tx_frame(self, raw: bytes) -> None:
        for record in msgspec.json.decode(raw, type=schemas.AccountTxFrame).txs:
            if record.api_key_index == self._key[1]:
                self._dispatcher.on_record(record.hash)
                self._outcomes.on_record(record)

    def _on_stats_frame(self, raw: bytes) -> None:
        frame = msgspec.json.decode(raw, type=schemas.UserStatsFrame)
        self._publish_balances(frame.stats)

    def _on_ticker_frame(self, raw: bytes) -> None:
        frame = msgspec.json.decode(raw, type=schemas.TickerFrame)
        market_index = int(frame.channel.partition(":")[2])
        bid, ask = frame.ticker.b.price, frame.ticker.a.price
        self._touches[market_index] = (
            Decimal(bid) if bid else None,
            Decimal(ask) if ask else None,
        )
        self._dispatcher.wake()

    async def _is_hash_known(self, tx_hash: str) -> bool | None:
        try:
            return await self._http.tx_by_hash(tx_hash) is not None
        except LighterHttpError as e:
            self._log.warning(f"Hash {tx_hash} was not looked up: {e}")
            return None

    # -- PRICES -----------------------------------------------------------------------------------

    def _watch_ticker(self, market_index: int) -> None:
        if market_index not in self._tickers:
            self._tickers.add(market_index)
            self.create_task(self._subscribe_ticker(market_index))

    async def _subscribe_ticker(self, market_index: int) -> None:
        try:
            await self._stream.subscribe(f"ticker/{market_index}")
        except StreamError as e:
            self._tickers.discard(market_index)
            self._log.warning(f"No best prices of market {market_index}: {e}")

    def _worst_price(self, market_index: int, side: OrderSide, decimals: int) -> Decimal | None:
        bid, ask = self._touches.get(market_index, (None, None))
        touch = ask if side == OrderSide.BUY else bid
        if touch is None:
            return None
        return intents.worst_price(touch, side, self._slippage_bps, decimals)

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

    async def generate_order_status_report(
        self,
        command: messages.GenerateOrderStatusReport,
    ) -> OrderStatusReport | None:
        """Return the report of one order, or ``None`` if the venue has none or did not answer."""
        try:
            order = await self._reports.find_order(
                command.instrument_id, command.client_order_id, command.venue_order_id
            )
        except LighterHttpError as e:
            self._log_report_error(e, "OrderStatusReport")
            return None
        return self._reports.order_report(order) if order is not None else None

    async def generate_order_status_reports(
        self,
        command: messages.GenerateOrderStatusReports,
    ) -> list[OrderStatusReport]:
        """Return the reports of all orders; an unanswered read raises, it is not "no orders"."""
        reports = await self._reports.order_reports(
            command.instrument_id,
            open_only=command.open_only,
            start=command.start,
            end=command.end,
        )
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
        """Return the reports of all positions; an unanswered read raises, it is not "flat"."""
        reports = await self._reports.position_reports(command.instrument_id)
        self._log_report_receipt(len(reports), "PositionStatusReport", command.log_receipt_level)
        return reports
