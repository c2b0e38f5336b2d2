"""
What became of transactions after the API's answer, read from their records.

A 200 does not mean that the order exists (observed: a duplicate client order index is accepted,
spends its nonce, and shows on no order stream), and silence means nothing at all. So every sent
transaction is watched by its hash until a record, pushed on `account_tx` or looked up after a
deadline, tells.

Rule of this file: a record is evidence, its absence is not; what is not told yet is asked again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from nautilus_trader.common.component import Logger

from nautilus_lighter_nonce.lighter.http import LighterHttpClient
from nautilus_lighter_nonce.lighter.http import LighterHttpError
from nautilus_lighter_nonce.lighter.schemas import TxRecord
from nautilus_lighter_nonce.lighter.schemas import app_error


FIRST_LOOKUP_SECS = 1.5
"""Patience with the private streams; execution was observed about 0.2 s after the reply."""

LOOKUP_RETRY_SECS = 0.5
"""First pause between look-ups of a hash the venue does not know yet; doubles."""

MAX_LOOKUPS = 6
"""Look-ups of one hash before it is left to Nautilus' own in-flight check."""


class Watched(Protocol):
    """Whoever owns a watched transaction."""

    label: str

    def on_failed(self, code: int, message: str) -> None:
        """The sequencer refused it; the nonce is spent."""

    def is_settled(self) -> bool:
        """Return whether the private streams have told its outcome already."""

    def on_executed(self) -> None:
        """The sequencer executed it, but no private frame was seen by the deadline."""


class OutcomeWatcher:
    """
    Watches sent transactions by hash.

    Parameters
    ----------
    loop : asyncio.AbstractEventLoop
        The node's event loop.
    http : LighterHttpClient
        For look-ups.
    log : Logger
        The client's logger.
    start_task : Callable
        Runs a coroutine as one of the client's tasks.

    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        http: LighterHttpClient,
        log: Logger,
        start_task: Callable[..., asyncio.Task[None]],
    ) -> None:
        self._loop = loop
        self._http = http
        self._log = log
        self._start_task = start_task
        self._watched: dict[str, tuple[Watched, asyncio.TimerHandle]] = {}
        self._early: dict[str, TxRecord] = {}

    @property
    def count(self) -> int:
        """Transactions whose outcome is not told yet."""
        return len(self._watched)

    def watch(self, owner: Watched, tx_hash: str) -> None:
        """Begin to watch; a hash that is watched already keeps its deadline."""
        if not tx_hash or tx_hash in self._watched:
            return
        record = self._early.pop(tx_hash, None)
        if record is not None:
            self._tell(owner, record)
            return
        self._watched[tx_hash] = (owner, self._arm(tx_hash, FIRST_LOOKUP_SECS, MAX_LOOKUPS))

    def on_record(self, record: TxRecord) -> None:
        """Handle a record of `account_tx`, which may come before the reply (observed)."""
        watched = self._watched.pop(record.hash, None)
        if watched is None:
            self._remember(record)
            return
        owner, timer = watched
        timer.cancel()
        self._tell(owner, record)

    def stop(self) -> None:
        """Forget everything; no look-up is made any more."""
        for _, timer in self._watched.values():
            timer.cancel()
        self._watched.clear()

    def _tell(self, owner: Watched, record: TxRecord) -> None:
        error = app_error(record.event_info)
        if error is not None:
            owner.on_failed(error.code, error.message)

    def _remember(self, record: TxRecord) -> None:
        self._early[record.hash] = record
        if len(self._early) > 1_000:
            del self._early[next(iter(self._early))]

    def _arm(self, tx_hash: str, delay_secs: float, lookups: int) -> asyncio.TimerHandle:
        return self._loop.call_later(delay_secs, self._on_deadline, tx_hash, lookups)

    def _on_deadline(self, tx_hash: str, lookups: int) -> None:
        owner, _ = self._watched[tx_hash]
        if owner.is_settled():
            del self._watched[tx_hash]
        elif lookups == 0:
            del self._watched[tx_hash]
            self._log.warning(f"The venue has no record of {owner.label}, hash {tx_hash}")
        else:
            self._start_task(self._look_up(tx_hash, lookups), log_msg=f"look up {owner.label}")

    async def _look_up(self, tx_hash: str, lookups: int) -> None:
        record: TxRecord | None = None
        try:
            record = await self._http.tx_by_hash(tx_hash)
        except LighterHttpError as e:
            self._log.warning(f"Hash {tx_hash} was not looked up: {e}")
        watched = self._watched.get(tx_hash)
        if watched is None:
            return
        owner, _ = watched
        if record is None:
            delay = LOOKUP_RETRY_SECS * 2 ** (MAX_LOOKUPS - lookups)
            self._watched[tx_hash] = (owner, self._arm(tx_hash, delay, lookups - 1))
            return
        del self._watched[tx_hash]
        self._tell(owner, record)
        if not owner.is_settled():
            owner.on_executed()
