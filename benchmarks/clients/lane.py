"""
Our lane without a trading node: component, dispatcher, stream and signer.

They are wired as the execution client wires them.

Rule of this file: what a caller is told are the callbacks of `TxRequest`; what was unknown is told
by the transaction's record, pushed on `account_tx` or looked up by hash.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from collections.abc import Coroutine
from typing import Any
from typing import Final

import msgspec
from nautilus_trader.common.component import LiveClock
from nautilus_trader.common.component import MessageBus
from nautilus_trader.model.identifiers import TraderId

from benchmarks.clients import BASE_AMOUNT
from benchmarks.clients import MARKET_INDEX
from benchmarks.clients import PRICE
from benchmarks.clients import SETTLE_SECS
from benchmarks.clients.heals import noted_heals
from benchmarks.load import Job
from benchmarks.load import Load
from benchmarks.load import Order
from benchmarks.load import Outcome
from benchmarks.load import Told
from nautilus_lighter_nonce import events
from nautilus_lighter_nonce.collector import QuietCollector
from nautilus_lighter_nonce.component import LighterNonceComponent
from nautilus_lighter_nonce.config import LighterNonceConfig
from nautilus_lighter_nonce.dispatch import TxDispatcher
from nautilus_lighter_nonce.lighter.codes import CHAIN_IDS
from nautilus_lighter_nonce.lighter.codes import OrderKind
from nautilus_lighter_nonce.lighter.codes import OrderTif
from nautilus_lighter_nonce.lighter.errors import LighterHttpError
from nautilus_lighter_nonce.lighter.http import LighterHttpClient
from nautilus_lighter_nonce.lighter.signer import SdkSigner
from nautilus_lighter_nonce.lighter.stream import LighterStream
from nautilus_lighter_nonce.lighter.transactions import AccountTxFrame
from nautilus_lighter_nonce.lighter.transactions import CreateOrder
from nautilus_lighter_nonce.lighter.transactions import TxIntent
from nautilus_lighter_nonce.lighter.transactions import TxRecord
from nautilus_lighter_nonce.lighter.transactions import app_error
from nautilus_lighter_nonce.loopback.keys import DEMO_PRIVATE_KEY
from nautilus_lighter_nonce.requests import TxRequest


ACCOUNT_INDEX: Final = 700
API_KEY_INDEX: Final = 5
AUTH_TOKEN_SECS: Final = 3_600
LOOK_UP_SECS: Final = 1.0
"""How often an unknown order is looked up by hash; its record is normally pushed long before."""


async def run(job: Job) -> Outcome:
    """Offer the job's orders through one lane."""
    lane = Lane(job)
    await lane.connect()
    try:
        outcome = await Load(job, lane.submit).run()
        await lane.settle(SETTLE_SECS)
        outcome.heals = lane.heals
        return outcome
    finally:
        await lane.disconnect()


class PlacedOrder(TxRequest):
    """
    One order on its way.

    Parameters
    ----------
    order : Order
        The caller's order.
    on_sent : Callable[[PlacedOrder, str], None]
        Called with the transaction hash of a copy that was accepted, or is unknown.

    """

    def __init__(self, order: Order, on_sent: Callable[[PlacedOrder, str], None]) -> None:
        self.label = f"order {order.index}"
        self.verdict: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._order = order
        self._on_sent = on_sent

    @property
    def is_settled(self) -> bool:
        """Whether the caller was told something definite."""
        return self._order.told is not Told.UNKNOWN

    def intent(self) -> TxIntent | None:
        return CreateOrder(
            market_index=MARKET_INDEX,
            client_order_index=self._order.index,
            base_amount=BASE_AMOUNT,
            price=PRICE,
            is_ask=False,
            order_type=OrderKind.LIMIT,
            time_in_force=OrderTif.POST_ONLY,
        )

    def on_accepted(self, event: events.TxAccepted) -> None:
        self.tell(Told.ACCEPTED)
        self._on_sent(self, event.tx_hash)

    def on_refused(self, event: events.TxRefused) -> None:
        self.tell(Told.FAILED, f"{event.code} {event.message}")

    def on_given_up(self, reason: str, *, was_bound: bool) -> None:
        self.tell(Told.FAILED, reason)

    def on_vanished(self) -> None:
        self.tell(Told.FAILED, "vanished")

    def on_unknown(self, tx_hash: str) -> None:
        self._order.was_unknown = self._order.was_unknown or not self.is_settled
        self._release()
        self._on_sent(self, tx_hash)

    def on_record(self, record: TxRecord) -> None:
        """Take the truth from the venue's record."""
        error = app_error(record.event_info)
        if error is not None:
            self.tell(Told.FAILED, f"{error.code} {error.message}")
        elif not self.is_settled:
            self.tell(Told.ACCEPTED)

    def tell(self, told: Told, reason: str = "") -> None:
        """Tell the caller; a later truth replaces what was said, not when that was first."""
        now_ns = time.time_ns()
        if told is not self._order.told:
            self._order.truth_ns = now_ns
        self._order.told, self._order.reason = told, reason
        self._order.verdict_ns = self._order.verdict_ns or now_ns
        self._release()

    def _release(self) -> None:
        if not self.verdict.done():
            self.verdict.set_result(None)


class Lane:
    """
    One key's way to the venue.

    Parameters
    ----------
    job : Job
        Names the venue.

    """

    def __init__(self, job: Job) -> None:
        loop = asyncio.get_running_loop()
        clock = LiveClock()
        msgbus = MessageBus(trader_id=TraderId("BENCH-001"), clock=clock)
        self.heals = noted_heals(msgbus)
        settings = LighterNonceConfig(keys=((ACCOUNT_INDEX, API_KEY_INDEX),))
        self._http = LighterHttpClient(job.http_url)
        self._signer = SdkSigner(
            job.http_url, CHAIN_IDS["loopback"], ACCOUNT_INDEX, API_KEY_INDEX, DEMO_PRIVATE_KEY
        )
        self._component = LighterNonceComponent(loop, msgbus, clock, self._http, settings)
        self._stream = LighterStream(
            job.ws_url,
            loop,
            on_reply=self._on_reply,
            on_frame=self._on_frame,
            on_connected=self._on_connected,
            on_disconnected=lambda epoch: self._dispatcher.on_disconnected(),
            auth_token=lambda: self._signer.auth_token(AUTH_TOKEN_SECS),
        )
        self._dispatcher = TxDispatcher(
            loop,
            msgbus,
            clock,
            self._component,
            self._signer,
            self._stream,
            self._is_taken,
            (ACCOUNT_INDEX, API_KEY_INDEX),
            settings,
        )
        self._collector = QuietCollector()
        self._tasks: set[asyncio.Task[None]] = set()
        self._placed: list[PlacedOrder] = []
        self._by_hash: dict[str, PlacedOrder] = {}

    # -- LIFE -------------------------------------------------------------------------------------

    async def connect(self) -> None:
        """Check the key, seed the lane, open the stream."""
        await self._signer.check()
        await self._component.connect()
        self._dispatcher.start()
        await self._stream.connect()
        await self._stream.subscribe(f"account_tx/{ACCOUNT_INDEX}", auth=True)
        self._collector.start()

    async def settle(self, timeout_secs: float) -> None:
        """Wait until no order is unknown any more."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_secs
        while loop.time() < deadline and not all(p.is_settled for p in self._placed):  # noqa: ASYNC110
            await asyncio.sleep(0.05)

    async def disconnect(self) -> None:
        """Close everything."""
        self._collector.stop()
        await self._dispatcher.stop()
        for task in self._tasks:
            task.cancel()
        await self._stream.disconnect()
        await self._component.disconnect()
        self._signer.close()

    def _on_connected(self, epoch: int) -> None:
        self._dispatcher.on_connected()
        for tx_hash, placed in self._by_hash.items():
            if not placed.is_settled:
                self._start_task(self._look_up(placed, tx_hash))

    # -- ORDERS -----------------------------------------------------------------------------------

    async def submit(self, order: Order) -> None:
        """Take a place in the lane, and wait for the verdict."""
        placed = PlacedOrder(order, self._on_sent)
        self._placed.append(placed)
        self._dispatcher.submit(placed)
        await placed.verdict

    def _on_sent(self, placed: PlacedOrder, tx_hash: str) -> None:
        self._by_hash[tx_hash] = placed
        if not placed.is_settled:
            self._start_task(self._watch(placed, tx_hash))

    async def _watch(self, placed: PlacedOrder, tx_hash: str) -> None:
        while not placed.is_settled:
            await asyncio.sleep(LOOK_UP_SECS)
            await self._look_up(placed, tx_hash)

    async def _look_up(self, placed: PlacedOrder, tx_hash: str) -> None:
        with contextlib.suppress(LighterHttpError):
            record = None if placed.is_settled else await self._http.tx_by_hash(tx_hash)
            if record is not None:
                self._on_record(record)

    async def _is_taken(self, tx_hash: str) -> bool | None:
        try:
            return await self._http.tx_by_hash(tx_hash) is not None
        except LighterHttpError:
            return None

    def _start_task(self, coroutine: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # -- FRAMES -----------------------------------------------------------------------------------

    def _on_reply(self, reply: Any) -> None:
        self._dispatcher.on_reply(reply)

    def _on_frame(self, frame_type: str, channel: str, raw: bytes, epoch: int) -> None:
        if frame_type.endswith("/account_tx"):
            for record in msgspec.json.decode(raw, type=AccountTxFrame).txs:
                if record.api_key_index == API_KEY_INDEX:
                    self._on_record(record)

    def _on_record(self, record: TxRecord) -> None:
        self._dispatcher.evidence.on_record(record.hash)
        placed = self._by_hash.get(record.hash)
        if placed is not None:
            placed.on_record(record)
