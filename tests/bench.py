"""The dispatcher on a bench: real component and bus, a venue and a signer played by the test."""

from __future__ import annotations

import asyncio
from typing import Any

from nautilus_trader.common.component import Logger

from nautilus_lighter_nonce import events
from nautilus_lighter_nonce.component import LighterNonceComponent
from nautilus_lighter_nonce.config import LighterNonceConfig
from nautilus_lighter_nonce.dispatch.dispatcher import TxDispatcher
from nautilus_lighter_nonce.dispatch.lane_door import LaneDoor
from nautilus_lighter_nonce.dispatch.requests import TxRequest
from nautilus_lighter_nonce.dispatch.sending import outbox_settings
from nautilus_lighter_nonce.lighter.codes import Code
from nautilus_lighter_nonce.lighter.codes import verdict_of
from nautilus_lighter_nonce.lighter.errors import NotSent
from nautilus_lighter_nonce.lighter.errors import StreamSendError
from nautilus_lighter_nonce.lighter.frames import StreamReply
from nautilus_lighter_nonce.lighter.signer import SignerError
from nautilus_lighter_nonce.lighter.transactions import CancelOrder
from nautilus_lighter_nonce.lighter.transactions import SignedTx
from nautilus_lighter_nonce.lighter.transactions import TxIntent
from nautilus_lighter_nonce.lighter.transactions import TxRecord
from nautilus_lighter_nonce.outbox.work import Proof
from tests.stubs import ACCOUNT
from tests.stubs import KEY
from tests.stubs import Kernel
from tests.stubs import ScriptedSource
from tests.stubs import eventually


class Request(TxRequest):
    """A request that writes down what it was told."""

    def __init__(self, name: int) -> None:
        self.label = f"request {name}"
        self.name = name
        self.told: list[str] = []
        self.reason = ""
        self.may_resend = True

    def intent(self) -> TxIntent | None:
        return CancelOrder(market_index=0, order_index=self.name)

    def allows_resend(self) -> bool:
        return self.may_resend

    def on_bound(self) -> None:
        self.told.append("bound")

    def on_alive(self, proof: Proof) -> None:
        self.told.append("accepted")

    def on_reverted(self, code: int, message: str) -> None:
        self.told.append("reverted")
        self.reason = message

    def on_refused(self, code: int, message: str) -> None:
        self.told.append("refused")
        self.reason = message

    def on_given_up(self, reason: str, *, was_bound: bool) -> None:
        self.told.append("given up")
        self.reason = reason

    def on_dropped(self, reason: str) -> None:
        self.told.append("dropped")
        self.reason = reason


class Signer:
    """Signs in the order the test lets it; the hash names order index and nonce."""

    def __init__(self) -> None:
        self.gates: dict[int, asyncio.Event] = {}
        self.broken: set[int] = set()
        self.hashes: set[str] = set()
        self.newest: dict[int, str] = {}

    def hold(self, name: int) -> asyncio.Event:
        return self.gates.setdefault(name, asyncio.Event())

    async def sign(self, intent: TxIntent, nonce: int) -> SignedTx:
        assert isinstance(intent, CancelOrder)
        name = intent.order_index
        if name in self.gates:
            await self.gates[name].wait()
        if name in self.broken:
            raise SignerError("sign", "no")
        tx_hash = f"{name}@{nonce}"
        while tx_hash in self.hashes:  # signing again makes another hash, for time has passed
            tx_hash += "'"
        self.hashes.add(tx_hash)
        self.newest[name] = tx_hash
        return SignedTx(tx_type=15, tx_info=f"{name}", tx_hash=tx_hash, nonce=nonce)


class Transport:
    """Takes what is written; the test answers."""

    def __init__(self) -> None:
        self.written: list[tuple[str, str]] = []
        self.replaced: list[int] = []
        self.is_down = False

    async def send_tx(
        self, request_id: str, tx_type: int, tx_info: str, *, epoch: int | None = None
    ) -> int:
        await asyncio.sleep(0)
        if self.is_down:
            raise StreamSendError(request_id, NotSent.NOT_CONNECTED)
        self.written.append((request_id, tx_info))
        return 1

    async def send_tx_batch(
        self, request_id: str, tx_types: Any, tx_infos: Any, *, epoch: int | None = None
    ) -> int:
        return await self.send_tx(request_id, 0, " ".join(tx_infos))

    def replace(self, epoch: int) -> None:
        """Note that a new connection is wanted; the bench makes it."""
        self.replaced.append(epoch)
        asyncio.get_running_loop().call_soon(self.on_replace, epoch)

    def on_replace(self, epoch: int) -> None:
        """Nobody makes a new connection here."""

    @property
    def order(self) -> list[int]:
        """The names of what was written, in order."""
        return [int(name) for _, tx_info in self.written for name in tx_info.split()]

    @property
    def frames(self) -> list[list[int]]:
        return [[int(name) for name in tx_info.split()] for _, tx_info in self.written]


class Bench:
    """A dispatcher with real component and bus, and a venue played by the test."""

    def __init__(
        self, *answers: int, quota: int | None = None, log: Any = None, **settings: Any
    ) -> None:
        self.kernel = Kernel()
        self.source = ScriptedSource(*(answers or (10,)))
        self.settings = LighterNonceConfig(
            keys=((ACCOUNT, KEY),),
            **{"settle_ms": 0, "refresh_retry_ms": 1, **settings},
        )
        self.component = LighterNonceComponent(
            self.kernel.loop,
            self.kernel.msgbus,
            self.kernel.clock,
            self.source,
            self.settings,
        )
        self.signer = Signer()
        self.transport = Transport()
        self.is_prompt = True  # what is taken is executed and shown at once
        self.epoch = 1
        self.transport.on_replace = self._reconnect  # type: ignore[method-assign]
        self.records: list[TxRecord] = []  # what look-ups find
        self.asked_hashes: list[str] = []
        self.requests: list[Request] = []
        self.kernel.msgbus.subscribe("events.lighter.order.in_doubt.*", self._on_doubt)
        log = log or Logger("dispatcher")
        key = (ACCOUNT, KEY)
        self.dispatcher = TxDispatcher(
            self.kernel.loop,
            LaneDoor(self.kernel.msgbus, self.kernel.clock, self.component, key, log),
            self.signer,  # type: ignore[arg-type]
            self.transport,
            self,
            outbox_settings(self.settings, quota),
            log,
        )

    def _reconnect(self, epoch: int) -> None:
        self.dispatcher.on_disconnected()
        self.epoch = epoch + 1
        self.dispatcher.on_connected(self.epoch)

    def _on_doubt(self, event: events.OrderInDoubt) -> None:
        for request in self.requests:
            if request.label == event.label:
                request.told.append("in doubt")

    # -- WHAT THE DISPATCHER READS ----------------------------------------------------------------

    async def next_nonce(self, account_index: int, api_key_index: int) -> Any:
        return await self.source.next_nonce(account_index, api_key_index)

    async def tx_by_hash(self, tx_hash: str) -> TxRecord | None:
        self.asked_hashes.append(tx_hash)
        await asyncio.sleep(0)
        return next((record for record in self.records if record.hash == tx_hash), None)

    async def account_txs(self, account_index: int) -> list[TxRecord]:
        await asyncio.sleep(0)
        return self.records

    # -- THE VENUE --------------------------------------------------------------------------------

    async def open(self) -> Bench:
        await self.component.connect()
        self.dispatcher.start()
        self.dispatcher.on_connected(1)
        return self

    def submit(self, *names: int) -> list[Request]:
        requests = [Request(name) for name in names]
        self.requests += requests
        for request in requests:
            self.dispatcher.submit(request)
        return requests

    async def written(self, count: int) -> None:
        await eventually(lambda: len(self.transport.written) >= count)

    def answer(self, index: int, code: int) -> None:
        """Answer the n-th written frame; a prompt venue shows at once what it took."""
        request_id, tx_info = self.transport.written[index]
        self.reply(request_id, code)
        if code == OK and self.is_prompt:
            for name in tx_info.split():
                self.show(int(name))

    def show(self, name: int, **fields: Any) -> TxRecord:
        """Let the record of a request's newest copy come in."""
        tx_hash = self.signer.newest[name]
        nonce = int(tx_hash.partition("@")[2].rstrip("'"))
        record = TxRecord(hash=tx_hash, nonce=nonce, api_key_index=KEY, **{"status": 2, **fields})
        self.dispatcher.on_record(record)
        return record

    def reply(self, request_id: str, code: int) -> None:
        """Let a reply come in, whatever request it names."""
        self.dispatcher.on_reply(
            StreamReply(
                request_id=request_id,
                verdict=verdict_of(code),
                code=code,
                message="",
                tx_hashes=(),
                predicted_execution_time_ms=None,
                epoch=self.epoch,
            ),
        )

    def nonces(self) -> list[int]:
        """Return the nonces of all verdicts of acceptance, in order."""
        return [e.nonce for e in self.kernel.events(events.TxAccepted)]


OK, STALE, MARGIN = 200, int(Code.INVALID_NONCE), int(Code.NOT_ENOUGH_MARGIN)
