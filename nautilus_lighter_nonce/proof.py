"""
Proof: which copies of which transactions may be at the venue.

Rules
-----
- Every copy that is about to be written is remembered by its hash until it is proved that the
  venue did not take it, or that it was executed, or until its transaction has ended.
- A transaction with an unanswered copy is in doubt until the venue was asked for every such copy.
  An answer that does not come proves nothing.
- Evidence about an older copy never decides the present one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from collections.abc import Callable
from collections.abc import Container

from nautilus_lighter_nonce.places import Entry


VERIFY_TIMEOUT_SECS = 1.0
"""Patience with the look-up of a copy's hash while the lane waits for it (our choice)."""

REMEMBERED_COPIES = 20_000
"""Hashes of ours that are remembered to tell our own records from a foreign writer's."""

REMEMBERED_ACCEPTED = 2_000
"""Accepted transactions kept until a record shows their execution."""

Verify = Callable[[str], Awaitable[bool | None]]
"""Whether the venue took the transaction of a hash; ``None`` if it did not answer."""


class Proof:
    """
    What is known of the copies of one key's transactions.

    Parameters
    ----------
    loop : asyncio.AbstractEventLoop
        The node's event loop.
    verify : Callable[[str], Awaitable[bool or None]]
        Asks the venue.
    on_proved : Callable[[Entry, bool or None], None]
        Called with an entry that was in doubt: ``False`` if the venue has none of its copies,
        ``True`` if it has the last one, ``None`` if that is not known.

    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        verify: Verify,
        on_proved: Callable[[Entry, bool | None], None],
    ) -> None:
        self._loop = loop
        self._verify = verify
        self._on_proved = on_proved
        self._ours: dict[str, None] = {}
        self._copies: dict[str, Entry] = {}
        self._accepted: dict[str, Entry] = {}
        self._asking: dict[Entry | int, asyncio.Task[None]] = {}

    # -- COPIES -----------------------------------------------------------------------------------

    def sent(self, entry: Entry, tx_hash: str) -> None:
        """A copy is about to be written; it is the present one from here on."""
        entry.tx_hash = tx_hash
        entry.is_dropped = False
        self._copies[tx_hash] = entry
        self._ours[tx_hash] = None
        _keep(self._ours, REMEMBERED_COPIES)

    def not_sent(self, entry: Entry) -> None:
        """The present copy is proved not to be at the venue."""
        self._copies.pop(entry.tx_hash, None)

    def was_accepted(self, entry: Entry) -> None:
        """The API took the present copy; its execution is still to be seen."""
        self.forget(entry)
        self._copies[entry.tx_hash] = self._accepted[entry.tx_hash] = entry
        for dropped in _keep(self._accepted, REMEMBERED_ACCEPTED):
            self.forget(dropped)

    def forget(self, entry: Entry) -> None:
        """A transaction has ended: no evidence about its copies matters any more."""
        for tx_hash in (*entry.unproved, entry.tx_hash):
            self._copies.pop(tx_hash, None)
            self._accepted.pop(tx_hash, None)
        entry.unproved.clear()

    def executed(self, tx_hash: str) -> Entry | None:
        """A copy was executed; return its transaction, if that has not ended."""
        entry = self._copies.get(tx_hash)
        if tx_hash in self._accepted and entry is not None:
            self.forget(entry)
        return entry

    def dropped(self, tx_hash: str) -> Entry | None:
        """A copy was taken and not executed; return its transaction if it was the present one."""
        entry = self._copies.get(tx_hash)
        if entry is None or entry.tx_hash != tx_hash or entry.issued is None:
            return None
        entry.is_dropped = True
        return entry

    def pop_dropped(self, nonces: Container[int] = ()) -> list[Entry]:
        """Return, and forget, the accepted entries that were dropped, or have one of the nonces."""
        found = [e for e in self._accepted.values() if e.is_dropped or e.nonce in nonces]
        for entry in found:
            self.forget(entry)
        return sorted(found, key=lambda entry: entry.nonce)

    def find_dropped(self) -> list[Entry]:
        """Return the accepted entries that are known to be dropped, the lowest nonce first."""
        dropped = [entry for entry in self._accepted.values() if entry.is_dropped]
        return sorted(dropped, key=lambda entry: entry.nonce)

    def is_ours(self, tx_hash: str) -> bool:
        """Return whether we sent a copy with this hash."""
        return tx_hash in self._ours

    # -- DOUBT ------------------------------------------------------------------------------------

    @property
    def is_pending(self) -> bool:
        """Whether an answer is awaited; nothing else may take a nonce meanwhile."""
        return bool(self._asking)

    def doubt(self, entry: Entry) -> None:
        """The present copy may be at the venue, though its nonce does not count as spent."""
        entry.unproved.append(entry.tx_hash)
        self._copies[entry.tx_hash] = entry

    def ask(self, entry: Entry) -> None:
        """Ask the venue for every unanswered copy of an entry."""
        if entry not in self._asking:
            self._asking[entry] = self._loop.create_task(self._ask_all(entry))

    def trace_back(self, nonce: int, then: Callable[[], None]) -> None:
        """
        Find out what was dropped directly below a nonce, then go on.

        Asked is from the highest downward, until one was executed: so were all below it.
        """
        if self._unseen(nonce - 1) is None:
            then()
        elif nonce not in self._asking:
            self._asking[nonce] = self._loop.create_task(self._trace_back(nonce, then))

    def stop(self) -> None:
        """Ask no more."""
        for task in self._asking.values():
            task.cancel()
        self._asking.clear()

    async def _ask_all(self, entry: Entry) -> None:
        answers = [await self._ask(tx_hash) for tx_hash in list(entry.unproved)]
        self._asking.pop(entry, None)
        is_absent = all(answer is False for answer in answers)
        self._on_proved(entry, False if is_absent else answers[-1] or None)

    async def _trace_back(self, nonce: int, then: Callable[[], None]) -> None:
        below = nonce - 1
        while (entry := self._unseen(below)) is not None:
            if not entry.is_dropped and await self._ask(entry.tx_hash) is not False:
                break
            entry.is_dropped = True
            below -= 1
        self._asking.pop(nonce, None)
        then()

    def _unseen(self, nonce: int) -> Entry | None:
        """Return the accepted entry with a nonce, if no record has shown its execution."""
        return next((e for e in self._accepted.values() if e.nonce == nonce), None)

    async def _ask(self, tx_hash: str) -> bool | None:
        try:
            return await asyncio.wait_for(self._verify(tx_hash), VERIFY_TIMEOUT_SECS)
        except TimeoutError:
            return None


def _keep[K, V](memory: dict[K, V], limit: int) -> list[V]:
    """Drop the oldest items above a limit and return them."""
    return [memory.pop(next(iter(memory))) for _ in range(len(memory) - limit)]
