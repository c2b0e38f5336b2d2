"""
Proof: which copies of which transactions may be at the venue.

Rules
-----
- Every copy that is about to be written is remembered by its hash, and forgotten only when it is
  proved that the venue did not take it, or that it was executed.
- A transaction with an unanswered copy is in doubt until the venue was asked for every such copy.
  An answer that does not come proves nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from collections.abc import Callable
from collections.abc import Iterable

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
    on_proved : Callable[[Entry, bool], None]
        Called with an entry that was in doubt, and whether all its copies are proved absent.

    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        verify: Verify,
        on_proved: Callable[[Entry, bool], None],
    ) -> None:
        self._loop = loop
        self._verify = verify
        self._on_proved = on_proved
        self._ours: dict[str, None] = {}
        self._by_hash: dict[str, Entry] = {}
        self._accepted: dict[int, Entry] = {}
        self._asking: dict[Entry, asyncio.Task[None]] = {}

    # -- COPIES -----------------------------------------------------------------------------------

    def sent(self, entry: Entry) -> None:
        """A copy is about to be written."""
        entry.is_dropped = False
        self._by_hash[entry.tx_hash] = entry
        self._ours[entry.tx_hash] = None
        _keep(self._ours, REMEMBERED_COPIES)

    def not_sent(self, entry: Entry) -> None:
        """The present copy is proved not to be at the venue."""
        self._by_hash.pop(entry.tx_hash, None)

    def was_accepted(self, entry: Entry) -> None:
        """The API took the present copy; its execution is still to be seen."""
        self._accepted[entry.nonce] = entry
        for dropped in _keep(self._accepted, REMEMBERED_ACCEPTED):
            self._by_hash.pop(dropped.tx_hash, None)

    def executed(self, tx_hash: str) -> Entry | None:
        """A record shows a copy's execution; return its entry if it is the present copy."""
        entry = self._by_hash.get(tx_hash)
        if entry is None or entry.tx_hash != tx_hash:
            return None
        if entry.issued is not None and self._accepted.get(entry.nonce) is entry:
            del self._accepted[entry.nonce]
            del self._by_hash[tx_hash]
        return entry

    def dropped(self, tx_hash: str) -> Entry | None:
        """A copy is proved not executed; return its entry, if the API had accepted it."""
        entry = self._by_hash.get(tx_hash)
        if entry is None or entry.issued is None:
            return None
        entry.is_dropped = True
        return entry if self._accepted.get(entry.nonce) is entry else None

    def pop_dropped(self, nonces: Iterable[int] = ()) -> list[Entry]:
        """Return, and forget, the accepted entries that were dropped, or have one of the nonces."""
        wanted = set(nonces)
        found = [e for n, e in self._accepted.items() if e.is_dropped or n in wanted]
        for entry in found:
            del self._accepted[entry.nonce]
            self._by_hash.pop(entry.tx_hash, None)
        return sorted(found, key=lambda entry: entry.nonce)

    def is_ours(self, tx_hash: str) -> bool:
        """Return whether we sent a copy with this hash."""
        return tx_hash in self._ours

    # -- DOUBT ------------------------------------------------------------------------------------

    @property
    def is_pending(self) -> bool:
        """Whether an answer is awaited; nothing else may take a nonce meanwhile."""
        return bool(self._asking)

    def ask(self, entry: Entry) -> None:
        """Ask the venue for every unanswered copy of an entry."""
        if entry not in self._asking:
            self._asking[entry] = self._loop.create_task(self._ask_all(entry))

    def stop(self) -> None:
        """Ask no more."""
        for task in self._asking.values():
            task.cancel()
        self._asking.clear()

    async def _ask_all(self, entry: Entry) -> None:
        answers = [await self._ask(tx_hash) for tx_hash in list(entry.unproved)]
        self._asking.pop(entry, None)
        self._on_proved(entry, all(answer is False for answer in answers))

    async def _ask(self, tx_hash: str) -> bool | None:
        try:
            return await asyncio.wait_for(self._verify(tx_hash), VERIFY_TIMEOUT_SECS)
        except TimeoutError:
            return None


def _keep[K, V](memory: dict[K, V], limit: int) -> list[V]:
    """Drop the oldest items above a limit and return them."""
    return [memory.pop(next(iter(memory))) for _ in range(len(memory) - limit)]
