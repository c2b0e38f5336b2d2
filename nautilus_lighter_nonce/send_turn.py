"""
The send turn: signatures may finish in any order, frames leave in nonce order.

Rules
-----
- A parcel is one frame: a single transaction, or a batch. Parcels leave in the order in which they
  were put; what follows a batch waits for the batch's answer.
- A parcel whose frame was not written, or could not be signed, is handed back, with everything
  behind it: nothing overtakes a hole.
- This file knows neither lane nor verdict.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Protocol

from nautilus_lighter_nonce.lighter.errors import StreamSendError
from nautilus_lighter_nonce.lighter.signer import TxSigner
from nautilus_lighter_nonce.lighter.transactions import SignedTx
from nautilus_lighter_nonce.lighter.transactions import TxIntent
from nautilus_lighter_nonce.places import Entry


class TxTransport(Protocol):
    """The part of `LighterStream` that sends; raises `StreamSendError` if nothing was written."""

    async def send_tx(self, request_id: str, tx_type: int, tx_info: str) -> int:
        """Write one transaction."""

    async def send_tx_batch(
        self,
        request_id: str,
        tx_types: Sequence[int],
        tx_infos: Sequence[str],
    ) -> int:
        """Write several transactions in one frame."""


class Parcel:
    """
    What leaves in one frame.

    Parameters
    ----------
    entries : list[Entry]
        In nonce order, one or more.
    signing : list[asyncio.Task[SignedTx]]
        Their signatures.

    """

    __slots__ = (
        "answered",
        "entries",
        "hashes",
        "is_overtaken",
        "request_id",
        "sent_ns",
        "signing",
    )

    def __init__(self, entries: list[Entry], signing: list[asyncio.Task[SignedTx]]) -> None:
        self.entries = entries
        self.signing = signing
        self.hashes: list[str] = []
        self.request_id = ""
        self.sent_ns = 0
        self.is_overtaken = False
        self.answered = asyncio.Event()

    @property
    def is_batch(self) -> bool:
        """Whether more than one transaction is in it."""
        return len(self.entries) > 1

    @property
    def undecided(self) -> list[Entry]:
        """The entries whose present copy is the one in this parcel, and has no verdict."""
        return [
            entry
            for entry, tx_hash in zip(self.entries, self.hashes, strict=True)
            if entry.is_undecided and entry.tx_hash == tx_hash
        ]


class Sender(Protocol):
    """Who is told how a parcel fared."""

    def on_sending(self, parcel: Parcel, signed: list[SignedTx]) -> None:
        """The parcel is about to be written: from here on it may be at the venue."""

    def on_not_written(self, parcel: Parcel, error: StreamSendError) -> None:
        """Nothing of it was written; it and all behind it must go back."""

    def on_unsigned(self, parcel: Parcel, failed: Entry, error: BaseException) -> None:
        """One of its transactions cannot be signed; it and all behind it must go back."""


class SendTurn:
    """
    Signs in parallel, sends in order.

    Parameters
    ----------
    loop : asyncio.AbstractEventLoop
        The node's event loop.
    signer : TxSigner
        Signs off the event loop.
    transport : TxTransport
        The stream.
    sender : Sender
        Who is told.

    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        signer: TxSigner,
        transport: TxTransport,
        sender: Sender,
    ) -> None:
        self._loop = loop
        self._signer = signer
        self._transport = transport
        self._sender = sender
        self._parcels: deque[Parcel] = deque()
        self._some = asyncio.Event()

    def __len__(self) -> int:
        return sum(len(parcel.entries) for parcel in self._parcels)

    def put(self, entries: list[Entry], intents: list[TxIntent]) -> None:
        """Begin to sign entries that have their nonces; they leave in one frame."""
        signing = [
            self._loop.create_task(self._signer.sign(intent, entry.nonce))
            for entry, intent in zip(entries, intents, strict=True)
        ]
        self._parcels.append(Parcel(entries, signing))
        self._some.set()

    def take_back(self) -> list[Entry]:
        """Return everything that has not left, the latest first, and forget it."""
        entries = [entry for parcel in self._parcels for entry in parcel.entries]
        for parcel in self._parcels:
            for task in parcel.signing:
                task.cancel()
        self._parcels.clear()
        self._some.clear()
        return entries[::-1]

    async def run(self) -> None:
        """Send for ever."""
        while True:
            await self._some.wait()
            if not self._parcels:  # taken back between the signal and this task's turn
                self._some.clear()
                continue
            parcel = self._parcels[0]
            await asyncio.wait(parcel.signing)
            if not self._parcels or self._parcels[0] is not parcel:
                continue  # taken back while it was signed
            self._parcels.popleft()
            await self._send(parcel)

    async def _send(self, parcel: Parcel) -> None:
        for entry, task in zip(parcel.entries, parcel.signing, strict=True):
            error = task.exception()
            if error is not None:
                self._sender.on_unsigned(parcel, entry, error)
                return
        signed = [task.result() for task in parcel.signing]
        self._sender.on_sending(parcel, signed)
        try:
            await self._write(parcel, signed)
        except StreamSendError as e:
            self._sender.on_not_written(parcel, e)
            return
        if parcel.is_batch:
            await parcel.answered.wait()

    async def _write(self, parcel: Parcel, signed: list[SignedTx]) -> None:
        if parcel.is_batch:
            await self._transport.send_tx_batch(
                parcel.request_id,
                [tx.tx_type for tx in signed],
                [tx.tx_info for tx in signed],
            )
        else:
            await self._transport.send_tx(parcel.request_id, signed[0].tx_type, signed[0].tx_info)
