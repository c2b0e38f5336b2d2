"""
In flight: what was sent and waits for its answer, and how long.

Rules
-----
- An answer belongs to the copies that were in its frame; a copy that was sent again meanwhile is
  not decided by the answer to an older one.
- An answer that later ones have overtaken is waited for a few round trips only.
- A late answer is still an answer: silence does not forget a frame, a lost connection does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from nautilus_trader.common.component import LiveClock

from nautilus_lighter_nonce.patience import ReplyPatience
from nautilus_lighter_nonce.places import Entry
from nautilus_lighter_nonce.places import EntryState
from nautilus_lighter_nonce.send_turn import Parcel


MAX_PARCELS = 1_000
"""Frames remembered before those that nobody waits for are dropped."""


class InFlight:
    """
    The frames of one key that may be at the venue.

    Parameters
    ----------
    loop : asyncio.AbstractEventLoop
        For deadlines.
    clock : LiveClock
        The node's clock.
    timeout_ms : int
        Patience with an answer that nothing has overtaken.
    on_silence : Callable[[Entry, int], None]
        Called with an entry that was not answered in time, and the milliseconds waited.

    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        clock: LiveClock,
        timeout_ms: int,
        on_silence: Callable[[Entry, int], None],
    ) -> None:
        self._loop = loop
        self._clock = clock
        self._timeout_secs = timeout_ms / 1_000
        self._on_silence = on_silence
        self._patience = ReplyPatience()
        self._parcels: dict[str, Parcel] = {}
        self._entries: set[Entry] = set()
        self._held: Parcel | None = None

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def labels(self) -> str:
        """What is in flight, for people."""
        return ", ".join(entry.request.label for entry in self._entries)

    def sent(self, parcel: Parcel) -> None:
        """A frame is about to be written."""
        parcel.sent_ns = self._clock.timestamp_ns()
        self._parcels[parcel.request_id] = parcel
        self._entries.update(parcel.entries)
        self._held = parcel if parcel.is_batch else None
        self._await_answer(parcel, self._timeout_secs)
        if len(self._parcels) > MAX_PARCELS:
            self._parcels = {k: p for k, p in self._parcels.items() if p.undecided}

    def not_written(self, parcel: Parcel) -> bool:
        """A frame was not written; return whether it was still counted as in flight."""
        if self._parcels.pop(parcel.request_id, None) is None:
            return False
        self._entries.difference_update(parcel.entries)
        return True

    def answered(self, request_id: str) -> list[Entry]:
        """Return the entries that an answer decides, none if nobody waits for it."""
        parcel = self._parcels.pop(request_id, None)
        if parcel is None:
            return []
        parcel.answered.set()
        self._patience.observe(self._clock.timestamp_ns() - parcel.sent_ns)
        self._hurry(parcel.sent_ns)
        return parcel.undecided

    def lost(self) -> list[Entry]:
        """The connection is gone: forget all frames, and return what is undecided."""
        entries = [entry for parcel in self._parcels.values() for entry in parcel.undecided]
        for parcel in self._parcels.values():
            parcel.answered.set()
        self._parcels.clear()
        self._entries.clear()
        return entries

    def settle(self, entry: Entry) -> None:
        """An entry is no longer waited for; a batch without such entries gives its turn free."""
        self._entries.discard(entry)
        if self._held is not None and not self._held.undecided:
            self._held.answered.set()

    def _hurry(self, sent_ns: int) -> None:
        """Wait less for the answers that one to a later frame has overtaken."""
        for parcel in self._parcels.values():
            if parcel.sent_ns >= sent_ns:
                break
            if not parcel.is_overtaken:
                parcel.is_overtaken = True
                self._await_answer(parcel, self._patience.overtaken_ns() / 1e9)

    def _await_answer(self, parcel: Parcel, timeout_secs: float) -> None:
        for entry in parcel.undecided:
            if entry.state is EntryState.SENT:
                entry.disarm()
                entry.timer = self._loop.call_later(timeout_secs, self._expire, parcel, entry)

    def _expire(self, parcel: Parcel, entry: Entry) -> None:
        self._on_silence(entry, (self._clock.timestamp_ns() - parcel.sent_ns) // 1_000_000)
        parcel.answered.set()
