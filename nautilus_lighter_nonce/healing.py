"""
What becomes of transactions that a nonce fault has touched.

=============================== =================================================================
what is known of a copy         what becomes of its transaction
=============================== =================================================================
stale                           sent again once the lane has healed
unknown, its nonce is unspent   its hash is asked; sent again if the venue has no copy of it
unknown, its nonce is spent     left to its hash: a record tells, or its absence lets it go again
vanished, the first of them     reported, never sent again; one that repeats safely goes again
vanished, behind the first      as unknown with an unspent nonce: the API took it one too high
=============================== =================================================================

Rules
-----
- No proof, no resend: a copy that may be at the venue blocks every further copy.
- Who vanished first is told by the nonce from which the venue counts on, and by the hashes of ours
  directly below it: somebody else may have spent the nonces of what vanished meanwhile.
- This file knows neither queue nor wire: its owner puts back, gives up, tells.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from collections.abc import Sequence
from typing import Any
from typing import Protocol

from nautilus_lighter_nonce import events
from nautilus_lighter_nonce.component import LighterNonceComponent
from nautilus_lighter_nonce.core.decisions import LaneState
from nautilus_lighter_nonce.places import Entry
from nautilus_lighter_nonce.places import EntryState
from nautilus_lighter_nonce.proof import Proof
from nautilus_lighter_nonce.proof import Verify


REMEMBERED_VANISHINGS = 64
"""Heals after a vanished transaction that late evidence is compared with."""


class Owner(Protocol):
    """Who carries out what is decided here."""

    def put_back(self, entry: Entry) -> None:
        """It is certainly not at the venue: let it take its place again, if its policy allows."""

    def give_up(self, entry: Entry, reason: str) -> None:
        """It is certainly not at the venue, and is not sent any more."""

    def accept(self, entry: Entry) -> None:
        """The venue took one that is without a verdict."""

    def take_out(self, entry: Entry) -> None:
        """One that is not in flight is not to be sent any more."""

    def settle(self, entry: Entry) -> None:
        """Nobody waits for an answer to it any more."""

    def tell(self, entry: Entry, listener: Callable[..., Any], *args: Any) -> None:
        """Tell its owner something."""

    def go_on(self) -> None:
        """Something may be sent again."""


class Healing:
    """
    The transactions of one key that wait for their lane to heal, or for evidence.

    Parameters
    ----------
    loop : asyncio.AbstractEventLoop
        The node's event loop.
    component : LighterNonceComponent
        Whose lane it is.
    key : tuple[int, int]
        (account_index, api_key_index).
    verify : Callable[[str], Awaitable[bool or None]]
        Asks the venue whether it took the transaction of a hash.
    owner : Owner
        Who carries out.

    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        component: LighterNonceComponent,
        key: tuple[int, int],
        verify: Verify,
        owner: Owner,
    ) -> None:
        self._component = component
        self._key = key
        self._owner = owner
        self._by_nonce: dict[int, Entry] = {}
        self._orphans: dict[str, Entry] = {}
        self._vanishings: deque[tuple[int, int]] = deque(maxlen=REMEMBERED_VANISHINGS)
        self.proof = Proof(loop, verify, self._on_proved)

    def stale(self) -> list[Entry]:
        """Return what waits to be sent again."""
        return [e for e in self._by_nonce.values() if e.state is EntryState.STALE]

    # -- VERDICTS ---------------------------------------------------------------------------------

    def wait(self, entry: Entry) -> bool:
        """Let a stale or unknown one wait for its lane; return whether that waits for it."""
        status = self._component.status(*self._key)
        is_current = entry.issued is not None and entry.issued.epoch == status.epoch
        if is_current and status.state is not LaneState.HALTED:
            self._by_nonce[entry.nonce] = entry
            return True
        return False

    def come_back(self, entry: Entry) -> None:
        """A stale one that no lane waits for: halted, or seeded anew."""
        status = self._component.status(*self._key)
        if status.state is LaneState.HALTED:
            self._owner.give_up(entry, f"the nonce lane was halted: {status.halt_reason}")
        else:
            self._resend(entry)

    def was_accepted(self, entry: Entry) -> None:
        """The API took the present copy, perhaps after its lane went on without it."""
        self.proof.was_accepted(entry)
        if entry.issued is not None and entry.issued.epoch != self._epoch:
            self._component.spent(entry.issued)

    def wait_no_more(self, entry: Entry) -> None:
        """It has another verdict by now, or is not wanted any more."""
        if entry.issued is not None and self._by_nonce.get(entry.nonce) is entry:
            del self._by_nonce[entry.nonce]

    def leave_to_its_hash(self, entry: Entry) -> None:
        """An unknown one's nonce is spent, by us or by somebody else, or counts no more."""
        self._owner.settle(entry)
        entry.state = EntryState.DONE
        if entry.is_dropped:
            self._owner.put_back(entry)
        else:
            self._orphans[entry.tx_hash] = entry

    # -- EVIDENCE ---------------------------------------------------------------------------------

    def on_record(self, tx_hash: str) -> bool:
        """Take a record that shows that the venue took a transaction; return whether it is ours."""
        entry = self.proof.executed(tx_hash)
        if entry is None:
            return self.proof.is_ours(tx_hash)
        if not entry.is_undecided:
            self._owner.take_out(entry)  # it arrived after all: no other copy may be sent
        elif entry.tx_hash == tx_hash:
            self._owner.accept(entry)
            self.proof.executed(tx_hash)
        self._owner.go_on()
        return True

    def on_vanished(self, tx_hash: str) -> None:
        """Take proof that a transaction was taken, not executed, and did not spend its nonce."""
        entry = self.proof.dropped(tx_hash)
        if tx_hash in self._orphans:
            self._send_orphan_again(tx_hash)
        elif entry is not None and entry.is_undecided:
            self._owner.accept(entry)  # what the venue has dropped, it had taken
        elif entry is not None:
            self.vanished(entry)

    def on_absent(self, tx_hash: str) -> None:
        """Take proof that the venue has no copy; if its nonce is spent, none can arrive either."""
        entry = self._orphans.get(tx_hash)
        if entry is not None and entry.nonce < self._next_nonce:
            self._send_orphan_again(tx_hash)

    def on_settled(self, tx_hash: str) -> None:
        """Nobody wants to know any more what became of an accepted transaction."""
        self.proof.executed(tx_hash)

    def vanished(self, entry: Entry) -> None:
        """An accepted one was proved not executed."""
        if entry.issued is None:
            return
        self._component.vanished(entry.issued)
        if self._component.status(*self._key).state is LaneState.OPEN:
            self._sort_dropped(())  # the lane has gone on already

    def forget(self, entry: Entry) -> None:
        """It needs nothing from here any more: it arrived after all, or is not wanted."""
        self.wait_no_more(entry)
        self._orphans.pop(entry.tx_hash, None)
        self.proof.forget(entry)

    def _send_orphan_again(self, tx_hash: str) -> None:
        """An orphan's copy can arrive no more."""
        self._owner.put_back(self._orphans.pop(tx_hash))
        self._owner.go_on()

    # -- WHAT THE LANE SAYS -----------------------------------------------------------------------

    def on_healed(self, event: events.LaneHealed) -> None:
        """Sort what waited: the doomed go again, the unknown are asked for, a vanished is told."""
        for nonce in event.spent:
            self.on_resolved(nonce)
        for nonce in event.doomed:
            entry = self._by_nonce.pop(nonce, None)
            if entry is not None:
                self._resend(entry)
        for nonce in event.unspent:
            entry = self._by_nonce.pop(nonce, None)
            if entry is not None:
                self._doubt(entry)
        self._sort_dropped(event.vanished)

    def on_resolved(self, nonce: int) -> None:
        """An unknown nonce is spent, by us or by somebody else."""
        entry = self._by_nonce.pop(nonce, None)
        if entry is not None:
            self.leave_to_its_hash(entry)

    def on_seeded(self) -> None:
        """The lane has forgotten what was unknown; nobody but its hash can tell of it now."""
        for nonce in list(self._by_nonce):
            self.on_resolved(nonce)

    # -- SENDING AGAIN ----------------------------------------------------------------------------

    @property
    def _epoch(self) -> int:
        return self._component.status(*self._key).epoch

    @property
    def _next_nonce(self) -> int:
        return (self._component.status(*self._key).last_issued or 0) + 1

    def _sort_dropped(self, nonces: Sequence[int]) -> None:
        """Find out who vanished first: that one is reported, what it took with it goes again."""
        known = [entry.nonce for entry in self.proof.find_dropped()]
        if not nonces and not known:
            return
        is_healed = bool(nonces)
        until = self._epoch - 1 if is_healed else self._epoch

        def go_on() -> None:
            self._report_dropped(nonces, until)
            self._owner.go_on()

        self.proof.trace_back(nonces[0] if is_healed else known[0], go_on)

    def _report_dropped(self, nonces: Sequence[int], until: int) -> None:
        dropped = self.proof.pop_dropped(nonces)
        firsts = [*nonces[:1], *(e.nonce for e in dropped if not self._is_follower(e))]
        if firsts:
            self._vanishings.append((until, min(firsts)))
        for entry in dropped:
            if self._is_follower(entry) or entry.request.repeats_safely():
                self._doubt(entry)
            else:
                self._owner.tell(entry, entry.request.on_vanished)

    def _is_follower(self, entry: Entry) -> bool:
        """Return whether an earlier nonce vanished and took this one, issued before, with it."""
        assert entry.issued is not None
        epoch, nonce = entry.issued.epoch, entry.nonce
        return any(epoch <= until and nonce > first for until, first in self._vanishings)

    def _doubt(self, entry: Entry) -> None:
        """A copy was sent, and it is not proved that the venue does not have it."""
        self._owner.settle(entry)
        self.proof.doubt(entry)
        self._resend(entry)

    def _resend(self, entry: Entry) -> None:
        if entry.unproved:
            self.proof.ask(entry)
        else:
            self._owner.put_back(entry)

    def _on_proved(self, entry: Entry, is_taken: bool | None) -> None:
        """Every unanswered copy was asked for; only if the venue has none may another be sent."""
        if not entry.unproved:
            pass  # evidence came meanwhile
        elif is_taken is None:
            self.leave_to_its_hash(entry)
        elif is_taken:
            self.proof.forget(entry)
            entry.state = EntryState.DONE
            if entry.issued is not None:
                self._component.spent(entry.issued)
        else:
            self._owner.put_back(entry)
        self._owner.go_on()
