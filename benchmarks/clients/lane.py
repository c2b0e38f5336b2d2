"""
Our lane without a trading node: the outbox in its shell, component, stream and signer.

Rules of this file
------------------
- They are wired as the execution client wires them. Nothing here takes, counts or gives back a
  nonce, and nothing is sent past the outbox: what is measured is what is shipped.
- A caller's verdict is the API's 200, as it is for the peers; its truth is what the outbox tells
  with proof.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any
from typing import Final

import msgspec
from nautilus_trader.common.component import LiveClock
from nautilus_trader.common.component import Logger
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
from nautilus_lighter_nonce.dispatch.dispatcher import TxDispatcher
from nautilus_lighter_nonce.dispatch.lane_door import LaneDoor
from nautilus_lighter_nonce.dispatch.reads import VenueReads
from nautilus_lighter_nonce.dispatch.requests import TxRequest
from nautilus_lighter_nonce.dispatch.sending import outbox_settings
from nautilus_lighter_nonce.dispatch.transport_http import NautilusGate
from nautilus_lighter_nonce.dispatch.transport_ws import NautilusDial
from nautilus_lighter_nonce.lighter.codes import CHAIN_IDS
from nautilus_lighter_nonce.lighter.codes import OrderKind
from nautilus_lighter_nonce.lighter.codes import OrderTif
from nautilus_lighter_nonce.lighter.codes import TxType
from nautilus_lighter_nonce.lighter.http import LighterHttpClient
from nautilus_lighter_nonce.lighter.reading import Listeners
from nautilus_lighter_nonce.lighter.signer import SdkSigner
from nautilus_lighter_nonce.lighter.stream import LighterStream
from nautilus_lighter_nonce.lighter.transactions import AccountTxFrame
from nautilus_lighter_nonce.lighter.transactions import CreateOrder
from nautilus_lighter_nonce.lighter.transactions import TxIntent
from nautilus_lighter_nonce.loopback.keys import DEMO_PRIVATE_KEY
from nautilus_lighter_nonce.outbox.work import Proof


ACCOUNT_INDEX: Final = 700
API_KEY_INDEX: Final = 5
AUTH_TOKEN_SECS: Final = 3_600


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

    """

    tx_type = TxType.CREATE_ORDER

    def __init__(self, order: Order) -> None:
        self.label = f"order {order.index}"
        self.verdict: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._order = order

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

    def order_id(self) -> str:
        return str(self._order.index)

    def on_taken(self) -> None:
        """The API answered 200."""
        self.tell(Told.ACCEPTED)

    def on_doubt(self) -> None:
        """Nobody knows."""
        self._order.was_unknown = self._order.was_unknown or not self.is_settled
        self._release()

    def on_alive(self, proof: Proof) -> None:
        self.tell(Told.ACCEPTED)

    def on_reverted(self, code: int, message: str) -> None:
        self.tell(Told.FAILED, f"{code} {message}")

    def on_refused(self, code: int, message: str) -> None:
        self.tell(Told.FAILED, f"{code} {message}")

    def on_given_up(self, reason: str, *, was_bound: bool) -> None:
        self.tell(Told.FAILED, reason)

    def on_dropped(self, reason: str) -> None:
        self.tell(Told.FAILED, reason)

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
        key = (ACCOUNT_INDEX, API_KEY_INDEX)
        settings = LighterNonceConfig(keys=(key,))
        self._http = LighterHttpClient(job.http_url, NautilusGate())
        self._signer = SdkSigner(
            job.http_url, CHAIN_IDS["loopback"], ACCOUNT_INDEX, API_KEY_INDEX, DEMO_PRIVATE_KEY
        )
        self._component = LighterNonceComponent(loop, msgbus, clock, self._http, settings)
        self._stream = LighterStream(
            job.ws_url,
            loop,
            NautilusDial(job.ws_url, loop),
            Listeners(
                on_reply=self._on_reply,
                on_frame=self._on_frame,
                on_connected=self._on_connected,
                on_disconnected=lambda epoch: self._dispatcher.on_disconnected(),
                on_anonymous=self._on_anonymous,
            ),
            auth_token=lambda: self._signer.auth_token(AUTH_TOKEN_SECS),
        )
        self._dispatcher = TxDispatcher(
            loop,
            LaneDoor(msgbus, clock, self._component, key, Logger("lane")),
            self._signer,
            self._stream,
            VenueReads(self._http, lambda: self._signer.auth_token(AUTH_TOKEN_SECS)),
            outbox_settings(settings, None),
        )
        self._collector = QuietCollector()
        self._placed: dict[int, PlacedOrder] = {}
        self._by_id: dict[str, PlacedOrder] = {}
        msgbus.subscribe("events.lighter.tx.accepted.*", self._on_taken)
        msgbus.subscribe("events.lighter.order.in_doubt.*", self._on_doubt)

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
        while loop.time() < deadline and not all(  # noqa: ASYNC110
            placed.is_settled for placed in self._placed.values()
        ):
            await asyncio.sleep(0.05)

    async def disconnect(self) -> None:
        """Close everything."""
        self._collector.stop()
        await self._dispatcher.stop()
        await self._stream.disconnect()
        await self._component.disconnect()
        self._signer.close()

    # -- ORDERS -----------------------------------------------------------------------------------

    async def submit(self, order: Order) -> None:
        """Take a place in the lane, and wait for the verdict."""
        placed = PlacedOrder(order)
        self._by_id[placed.order_id()] = placed
        (place,) = self._dispatcher.submit(placed)
        self._placed[place] = placed
        await placed.verdict

    def _on_taken(self, event: events.TxAccepted) -> None:
        placed = self._placed.get(int(event.write_id.partition("-")[0]))
        if placed is not None:
            placed.on_taken()

    def _on_doubt(self, event: events.OrderInDoubt) -> None:
        placed = self._by_id.get(event.client_order_id)
        if placed is not None:
            placed.on_doubt()

    # -- FRAMES -----------------------------------------------------------------------------------

    def _on_connected(self, epoch: int) -> None:
        self._dispatcher.on_connected(epoch)

    def _on_reply(self, reply: Any) -> None:
        self._dispatcher.on_reply(reply)

    def _on_anonymous(self, code: int, message: str, epoch: int, is_alone: bool) -> None:
        self._dispatcher.on_anonymous(code, message, epoch, is_alone)

    def _on_frame(self, frame_type: str, channel: str, raw: bytes, epoch: int) -> None:
        if frame_type.endswith("/account_tx"):
            for record in msgspec.json.decode(raw, type=AccountTxFrame).txs:
                if record.api_key_index == API_KEY_INDEX:
                    self._dispatcher.on_record(record)
