"""The dispatcher on a bench: real component and bus, a venue and a signer played by the test."""

from __future__ import annotations

import asyncio
from typing import Any

from nautilus_lighter_nonce import events
from nautilus_lighter_nonce.component import LighterNonceComponent
from nautilus_lighter_nonce.config import LighterNonceConfig
from nautilus_lighter_nonce.dispatch import TxDispatcher
from nautilus_lighter_nonce.lighter.codes import Code
from nautilus_lighter_nonce.lighter.codes import verdict_of
from nautilus_lighter_nonce.lighter.errors import NotSent
from nautilus_lighter_nonce.lighter.errors import StreamSendError
from nautilus_lighter_nonce.lighter.frames import StreamReply
from nautilus_lighter_nonce.lighter.signer import SignerError
from nautilus_lighter_nonce.lighter.transactions import CancelOrder
from nautilus_lighter_nonce.lighter.transactions import SignedTx
from nautilus_lighter_nonce.lighter.transactions import TxIntent
from nautilus_lighter_nonce.requests import TxRequest
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

    def on_accepted(self, event: events.TxAccepted) -> None:
        self.told.append("accepted")

    def on_refused(self, event: events.TxRefused) -> None:
        self.told.append("refused")
        self.reason = event.message

    def on_given_up(self, reason: str, *, was_bound: bool) -> None:
        self.told.append("given up")
        self.reason = reason

    def on_unknown(self, tx_hash: str) -> None:
        self.told.append("unknown")

    def on_vanished(self) -> None:
        self.told.append("vanished")


class Signer:
    """Signs in the order the test lets it; the hash names order index and nonce."""

    def __init__(self) -> None:
        self.gates: dict[int, asyncio.Event] = {}
        self.broken: set[int] = set()
        self.hashes: set[str] = set()

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
        return SignedTx(tx_type=15, tx_info=f"{name}", tx_hash=tx_hash, nonce=nonce)


class Transport:
    """Takes what is written; the test answers."""

    def __init__(self) -> None:
        self.written: list[tuple[str, str]] = []
        self.is_down = False

    async def send_tx(self, request_id: str, tx_type: int, tx_info: str) -> int:
        await asyncio.sleep(0)
        if self.is_down:
            raise StreamSendError(request_id, NotSent.NOT_CONNECTED)
        self.written.append((request_id, tx_info))
        return 1

    async def send_tx_batch(self, request_id: str, tx_types: Any, tx_infos: Any) -> int:
        return await self.send_tx(request_id, 0, " ".join(tx_infos))

    @property
    def order(self) -> list[int]:
        return [int(name) for _, tx_info in self.written for name in tx_info.split()]

    @property
    def frames(self) -> list[list[int]]:
        return [[int(name) for name in tx_info.split()] for _, tx_info in self.written]


class Bench:
    """A dispatcher with real component and bus, and a venue played by the test."""

    def __init__(self, *answers: int, quota: int | None = None, **settings: Any) -> None:
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
        self.known_hashes: set[str] = set()
        self.silent_hashes: set[str] = set()
        self.asked_hashes: list[str] = []
        self.hash_gate: asyncio.Event | None = None
        self.dispatcher = TxDispatcher(
            self.kernel.loop,
            self.kernel.msgbus,
            self.kernel.clock,
            self.component,
            self.signer,  # type: ignore[arg-type]
            self.transport,
            self.verify,
            (ACCOUNT, KEY),
            self.settings,
            quota,
        )

    async def verify(self, tx_hash: str) -> bool | None:
        self.asked_hashes.append(tx_hash)
        await asyncio.sleep(0)
        if self.hash_gate is not None:
            await self.hash_gate.wait()
        return None if tx_hash in self.silent_hashes else tx_hash in self.known_hashes

    async def open(self) -> Bench:
        await self.component.connect()
        self.dispatcher.start()
        self.dispatcher.on_connected()
        return self

    def submit(self, *names: int) -> list[Request]:
        requests = [Request(name) for name in names]
        for request in requests:
            self.dispatcher.submit(request)
        return requests

    async def written(self, count: int) -> None:
        await eventually(lambda: len(self.transport.written) >= count)

    def answer(self, index: int, code: int) -> None:
        """Answer the n-th written transaction."""
        request_id, _ = self.transport.written[index]
        self.reply(request_id, code)

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
                epoch=1,
            ),
        )

    def nonces(self) -> list[int]:
        """Return the nonces of all verdicts of acceptance, in order."""
        return [e.nonce for e in self.kernel.events(events.TxAccepted)]


OK, STALE, MARGIN = 200, int(Code.INVALID_NONCE), int(Code.NOT_ENOUGH_MARGIN)
