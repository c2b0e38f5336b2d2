"""
What became of transactions after the API's answer, read from their records.

A 200 does not mean that the order exists (observed: a duplicate client order index is accepted,
spends its nonce, and shows on no order stream), and silence means nothing at all. So every sent
transaction is watched by its hash until a record, pushed on `account_tx` or looked up after a
deadline, tells.

What a record tells
-------------------
=====================  ===========================  ==============================================
record                 nonce                        told
=====================  ===========================  ==============================================
executed, `ae` empty   spent                        the dispatcher (it was accepted)
executed, with `ae`    spent                        the dispatcher, and the owner: refused
failed (status 0)      not spent                    the dispatcher: vanished
none, though accepted  not spent, once asked again  the dispatcher: vanished
none, never accepted   not spent by it              the dispatcher: absent
not ours               spent by somebody else       the component: foreign writer
=====================  ===========================  ==============================================
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from nautilus_trader.common.component import Logger

from nautilus_lighter_nonce.lighter.codes import TxStatus
from nautilus_lighter_nonce.lighter.errors import LighterHttpError
from nautilus_lighter_nonce.lighter.http import LighterHttpClient
from nautilus_lighter_nonce.lighter.transactions import TxRecord
from nautilus_lighter_nonce.lighter.transactions import app_error


FIRST_LOOKUP_SECS = 1.0
"""Patience with the private streams; execution was observed about 0.2 s after the reply."""

UNKNOWN_LOOKUP_SECS = 0.2
"""
Patience with a transaction that went silent: its hash is asked before the lane believes a counter
that lags (350 ms, lighter-sdk), so that what was taken is known as taken by then (our choice).
"""

LOOKUP_RETRY_SECS = 0.5
"""First pause between look-ups of a hash the venue does not know; doubles."""

MAX_LOOKUPS = 5
"""Look-ups of one hash before it is left to Nautilus' own in-flight check."""

LOOKUPS_THAT_PROVE = 2
"""Look-ups in vain after which an accepted transaction has vanished (our choice)."""


class Owner(Protocol):
    """Whoever owns a watched transaction."""

    label: str

    def on_failed(self, code: int, message: str) -> None:
        """The sequencer refused it; the nonce is spent."""

    def is_settled(self) -> bool:
        """Return whether the private streams have told its outcome already."""

    def on_executed(self) -> None:
        """The sequencer executed it, but no private frame was seen by the deadline."""


class Evidence(Protocol):
    """Who is told what records prove of nonces."""

    def on_record(self, tx_hash: str) -> bool:
        """The venue took it; return whether it is ours."""

    def on_vanished(self, tx_hash: str) -> None:
        """The venue took it, and did not execute it."""

    def on_absent(self, tx_hash: str) -> None:
        """The venue was asked more than once, and knows nothing of it."""

    def on_settled(self, tx_hash: str) -> None:
        """The private streams have told the outcome of what it was sent for."""


class _Watch:
    __slots__ = ("is_accepted", "lookups", "owner", "timer")

    def __init__(self, owner: Owner, is_accepted: bool, timer: asyncio.TimerHandle) -> None:
        self.owner = owner
        self.is_accepted = is_accepted
        self.timer = timer
        self.lookups = 0


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
        self._evidence: Evidence | None = None
        self._on_foreign: Callable[[int], None] | None = None
        self._watched: dict[str, _Watch] = {}
        self._early: dict[str, TxRecord] = {}

    def listen(self, evidence: Evidence, on_foreign: Callable[[int], None]) -> None:
        """Name who is told of nonces: of ours, and of those that somebody else spent."""
        self._evidence = evidence
        self._on_foreign = on_foreign

    def watch(self, owner: Owner, tx_hash: str, *, is_accepted: bool) -> None:
        """Begin to watch a copy, or note that a watched one was accepted."""
        watch = self._watched.get(tx_hash)
        record = self._early.pop(tx_hash, None)
        if watch is not None:
            watch.is_accepted = watch.is_accepted or is_accepted
        elif record is not None:
            self._tell_owner(owner, record)
        else:
            delay = FIRST_LOOKUP_SECS if is_accepted else UNKNOWN_LOOKUP_SECS
            self._watched[tx_hash] = _Watch(owner, is_accepted, self._arm(tx_hash, delay))

    def on_record(self, record: TxRecord) -> None:
        """Handle a record of `account_tx`, which may come before the reply (observed)."""
        if not self._tell_evidence(record):
            return
        watch = self._watched.pop(record.hash, None)  # the evidence may have begun it just now
        if watch is None:
            self._remember(record)
            return
        watch.timer.cancel()
        self._tell_owner(watch.owner, record)

    async def is_taken(self, tx_hash: str) -> bool | None:
        """Return whether the venue took and did not drop a transaction, ``None`` without answer."""
        try:
            record = await self._http.tx_by_hash(tx_hash)
        except LighterHttpError as e:
            self._log.warning(f"Hash {tx_hash} was not looked up: {e}")
            return None
        return record is not None and record.status != TxStatus.FAILED

    def stop(self) -> None:
        """Forget everything; no look-up is made any more."""
        for watch in self._watched.values():
            watch.timer.cancel()
        self._watched.clear()

    # -- TELLING ----------------------------------------------------------------------------------

    def _tell_evidence(self, record: TxRecord) -> bool:
        """Tell what a record proves of its nonce; return whether it is ours."""
        if self._evidence is None:
            return False
        if record.status == TxStatus.FAILED:
            self._evidence.on_vanished(record.hash)
            return True
        is_ours = self._evidence.on_record(record.hash)
        if not is_ours and self._on_foreign is not None:
            self._on_foreign(record.nonce)
        return is_ours

    def _tell_owner(self, owner: Owner, record: TxRecord) -> None:
        error = app_error(record.event_info)
        if error is not None and record.status != TxStatus.FAILED:
            owner.on_failed(error.code, error.message)

    def _remember(self, record: TxRecord) -> None:
        """A record may come before the reply that starts the watch."""
        self._early[record.hash] = record
        if len(self._early) > 1_000:
            del self._early[next(iter(self._early))]

    # -- LOOKING UP -------------------------------------------------------------------------------

    def _arm(self, tx_hash: str, delay_secs: float) -> asyncio.TimerHandle:
        return self._loop.call_later(delay_secs, self._on_deadline, tx_hash)

    def _on_deadline(self, tx_hash: str) -> None:
        watch = self._watched[tx_hash]
        if watch.is_accepted and watch.owner.is_settled():
            del self._watched[tx_hash]  # of a silent one, the lane wants to know as well
            if self._evidence is not None:
                self._evidence.on_settled(tx_hash)
        else:
            name = f"look up {watch.owner.label}"
            self._start_task(self._look_up(tx_hash, watch), log_msg=name)

    async def _look_up(self, tx_hash: str, watch: _Watch) -> None:
        try:
            record = await self._http.tx_by_hash(tx_hash)
        except LighterHttpError as e:
            self._log.warning(f"Hash {tx_hash} was not looked up: {e}")
            self._look_again(tx_hash, watch)
            return
        if self._watched.get(tx_hash) is not watch:
            return  # a record came meanwhile
        if record is None:
            self._on_no_record(tx_hash, watch)
            return
        del self._watched[tx_hash]
        self._tell_evidence(record)
        self._tell_owner(watch.owner, record)
        if record.status != TxStatus.FAILED and not watch.owner.is_settled():
            watch.owner.on_executed()

    def _on_no_record(self, tx_hash: str, watch: _Watch) -> None:
        watch.lookups += 1
        if watch.lookups >= LOOKUPS_THAT_PROVE and self._evidence is not None:
            if watch.is_accepted:
                self._evidence.on_vanished(tx_hash)
            else:
                self._evidence.on_absent(tx_hash)
        self._look_again(tx_hash, watch)

    def _look_again(self, tx_hash: str, watch: _Watch) -> None:
        if self._watched.get(tx_hash) is not watch:
            return
        if watch.lookups >= MAX_LOOKUPS:
            del self._watched[tx_hash]
            self._log.warning(f"The venue has no record of {watch.owner.label}, hash {tx_hash}")
        else:
            watch.timer = self._arm(tx_hash, LOOKUP_RETRY_SECS * 2**watch.lookups)
