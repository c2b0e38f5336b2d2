"""
`Questions`: what the shell asks the venue over REST.

Rules of this file
------------------
- Any exception means "no answer", which proves nothing; it is logged once per kind.
- Every question has a deadline.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any
from typing import Final
from typing import Protocol

from nautilus_trader.common.component import Logger

from nautilus_lighter_nonce.lighter.remarks import OncePerKind
from nautilus_lighter_nonce.lighter.transactions import TxRecord
from nautilus_lighter_nonce.outbox import work as w


QUESTION_SECS: Final = 2.0
"""Deadline of one question to the venue; then it is asked again (our choice)."""


class Reads(Protocol):
    """The venue's REST endpoints that an outbox needs; any exception means "no answer"."""

    async def next_nonce(self, account_index: int, api_key_index: int) -> Any:
        """Return what `nextNonce` says, of whatever type."""

    async def tx_by_hash(self, tx_hash: str) -> TxRecord | None:
        """Return a record, ``None`` if the index does not know the hash."""

    async def account_txs(self, account_index: int) -> list[TxRecord]:
        """Return the newest records of an account."""


class Questions:
    """
    Asks for one key.

    Parameters
    ----------
    reads : Reads
        The REST gate.
    key : tuple[int, int]
        (account_index, api_key_index).
    log : Logger
        The owner's logger.

    """

    def __init__(self, reads: Reads, key: tuple[int, int], log: Logger) -> None:
        self._reads = reads
        self._key = key
        self._once = OncePerKind(log)

    async def next_nonce(self) -> list[Any]:
        """Return what the counter says, of whatever type; empty if nothing came in time."""
        return await self._ask("nextNonce", self._reads.next_nonce(*self._key))

    async def find(self, work: w.LookUp) -> list[TxRecord]:
        """Return the records that the venue has of a nonce's copies, as far as it answered."""
        found: list[TxRecord] = []
        for tx_hash in work.hashes:
            answers = await self._ask("tx", self._reads.tx_by_hash(tx_hash))
            found += [record for record in answers if record is not None and record.hash == tx_hash]
        if work.by_nonce and not found:
            account_index, api_key_index = self._key
            for rows in await self._ask("accountTxs", self._reads.account_txs(account_index)):
                found += [row for row in rows if row.api_key_index == api_key_index]
        return found

    async def _ask[T](self, what: str, question: Awaitable[T]) -> list[T]:
        """Return the one answer, or none."""
        try:
            return [await asyncio.wait_for(question, QUESTION_SECS)]
        except Exception as e:  # noqa: BLE001 (no answer is no answer, whatever it was)
            name = type(e).__name__
            self._once.warn(f"{what} {name}", f"{what} was not answered: {name}: {e}")
            return []
