"""
Sending: how the outbox's words become the stream's, and settings the outbox's.

Rules of this file
------------------
- Frames are written one after another: wire order is nonce order.
- What goes wrong before the wire is known to be not written; anything else may be on its way.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator
from typing import Final
from typing import Protocol

import msgspec
from nautilus_trader.common.component import Logger

from nautilus_lighter_nonce.config import LighterNonceConfig
from nautilus_lighter_nonce.lighter.codes import MAX_CLIENT_ORDER_INDEX
from nautilus_lighter_nonce.lighter.codes import TX_LIFETIME_MS
from nautilus_lighter_nonce.lighter.errors import StreamSendError
from nautilus_lighter_nonce.lighter.remarks import OncePerKind
from nautilus_lighter_nonce.lighter.transactions import CancelOrder
from nautilus_lighter_nonce.lighter.transactions import SignedTx
from nautilus_lighter_nonce.outbox import work as w
from nautilus_lighter_nonce.outbox.settings import OutboxSettings


MS: Final = 1_000_000

FILLER_INDEX: Final = MAX_CLIENT_ORDER_INDEX
"""The client order index that is never handed out: a cancel of it does nothing (our choice)."""


class TxTransport(Protocol):
    """The part of `LighterStream` that sends; raises `StreamSendError` if nothing was written."""

    async def send_tx(
        self, request_id: str, tx_type: int, tx_info: str, *, epoch: int | None = None
    ) -> int:
        """Write one transaction."""

    async def send_tx_batch(
        self,
        request_id: str,
        tx_types: list[int],
        tx_infos: list[str],
        *,
        epoch: int | None = None,
    ) -> int:
        """Write several transactions in one frame."""

    def replace(self, epoch: int) -> None:
        """Make a new connection at once."""


class _Expiry(msgspec.Struct):
    ExpiredAt: int = 0


_EXPIRY: Final = msgspec.json.Decoder(_Expiry)


class FrameWriter:
    """
    Writes frame after frame, in order; there is never a second writer at the same time.

    Parameters
    ----------
    transport : TxTransport
        The stream.
    log : Logger
        The owner's logger.

    """

    def __init__(self, transport: TxTransport, log: Logger) -> None:
        self._transport = transport
        self._log = log
        self._once = OncePerKind(log)
        self._frames: deque[w.Write] = deque()
        self._is_writing = False

    def put(self, frame: w.Write) -> bool:
        """Let a frame wait for its turn; return whether nobody writes at present: call `run`."""
        self._frames.append(frame)
        return not self._is_writing

    def take_back(self) -> list[w.Write]:
        """Return the frames that wait, in order, and write none of them."""
        frames = list(self._frames)
        self._frames.clear()
        return frames

    async def run(self) -> AsyncIterator[list[w.Write]]:
        """
        Write until no frame waits; yield those of which nothing left, with all behind them.

        While another run writes, there is nothing to do for this one.
        """
        if self._is_writing:
            return
        self._is_writing = True
        try:
            while self._frames:
                frame = self._frames.popleft()
                try:
                    await self._write(frame)
                except StreamSendError as e:
                    self._log.warning(f"Frame {frame.frame_id} was not written: {e}")
                    yield [frame, *self.take_back()]
                except Exception as e:  # noqa: BLE001 (it may be on its way: silence will tell)
                    name = type(e).__name__
                    self._once.warn(name, f"A frame may be on its way, or not: {name}: {e}")
        finally:
            self._is_writing = False

    async def _write(self, frame: w.Write) -> None:
        copies, epoch = frame.copies, frame.connection
        if len(copies) == 1:
            (copy,) = copies
            await self._transport.send_tx(frame.frame_id, copy.tx_type, copy.tx_info, epoch=epoch)
        else:
            await self._transport.send_tx_batch(
                frame.frame_id,
                [copy.tx_type for copy in copies],
                [copy.tx_info for copy in copies],
                epoch=epoch,
            )


def filler_intent(filler: w.Filler, markets: list[int]) -> CancelOrder:
    """Return a cancel of an order that cannot exist, in a market that the account may trade."""
    market = markets[filler.kind % len(markets)]
    return CancelOrder(market_index=market, order_index=FILLER_INDEX)


def said_of(copy: w.Undead) -> str:
    """Return what a person must know of a copy that may still be taken."""
    expires_s = copy.expires_ns // 10**9
    return f"nonce {copy.nonce}, hash {copy.tx_hash}, ExpiredAt {expires_s} (Unix seconds)"


def copy_of(signed: SignedTx, now_ns: int) -> w.Signed:
    """Return a signature as the outbox holds it, with the `ExpiredAt` that was signed."""
    try:
        expires_ms = _EXPIRY.decode(signed.tx_info).ExpiredAt
    except msgspec.DecodeError:
        expires_ms = 0
    expires_ns = expires_ms * MS or now_ns + TX_LIFETIME_MS * MS
    return w.Signed(
        tx_type=signed.tx_type,
        tx_info=signed.tx_info,
        tx_hash=signed.tx_hash,
        expires_ns=expires_ns,
    )


def outbox_settings(settings: LighterNonceConfig, quota_per_min: int | None) -> OutboxSettings:
    """Return the outbox's patience and limits from the config of the lanes."""
    age_ms = settings.resend_max_age_ms
    return OutboxSettings(
        reply_timeout_ns=settings.reply_timeout_ms * MS,
        settle_ns=settings.settle_ms * MS,
        max_age_ns=None if age_ms is None else age_ms * MS,
        queue_timeout_ns=settings.queue_timeout_ms * MS,
        quota_per_min=quota_per_min,
        suspect_ns=settings.disbelief_ms * MS,
        resend=settings.resend,
    )
