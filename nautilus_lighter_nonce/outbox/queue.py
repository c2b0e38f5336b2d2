"""
Places: who waits for a number, in which order, and who may have a given one.

Rules of this file
------------------
- The order of places is the order of commands, for ever: what comes back stands in its old place.
- Place order binds the transactions of one order strictly: a number lies above all undead writes of
  the order's earlier transactions and below those of its later ones. A stranger is overtaken only
  where what stands first cannot go at present.
"""

from __future__ import annotations

from bisect import bisect_left
from bisect import insort
from collections.abc import Hashable
from collections.abc import Iterator

from nautilus_lighter_nonce.outbox.entry import Entry
from nautilus_lighter_nonce.outbox.moves import TxState
from nautilus_lighter_nonce.outbox.quota import Quota


class Queue:
    """
    The transactions that wait, the earliest place first.

    Parameters
    ----------
    quota : Quota
        Says which types must pause.

    """

    def __init__(self, quota: Quota) -> None:
        self._quota = quota
        self._waiting: list[Entry] = []
        self._orders: dict[Hashable, list[Entry]] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._waiting)

    # -- MOVES ------------------------------------------------------------------------------------

    def join(self, entry: Entry) -> None:
        """A transaction came: remember whose order it belongs to."""
        if entry.order is not None:
            self._orders.setdefault(entry.order, []).append(entry)

    def leave(self, entry: Entry) -> None:
        """A transaction has ended."""
        siblings = self._orders.get(entry.order) if entry.order is not None else None
        if siblings is not None:
            siblings.remove(entry)
            if not siblings:
                del self._orders[entry.order]

    def put(self, entry: Entry) -> None:
        """Let a transaction wait in its place."""
        insort(self._waiting, entry)

    def remove(self, entry: Entry) -> None:
        """A transaction waits no more."""
        at = bisect_left(self._waiting, entry)
        if at < len(self._waiting) and self._waiting[at] is entry:
            del self._waiting[at]

    # -- QUESTIONS --------------------------------------------------------------------------------

    def siblings(self, entry: Entry) -> list[Entry]:
        """Return the other transactions of its order that have not ended."""
        if entry.order is None:
            return []
        return [other for other in self._orders.get(entry.order, ()) if other is not entry]

    def has_bound_later(self, entry: Entry) -> bool:
        """Return whether a later transaction of its order has a number and is not written."""
        later = (other for other in self.siblings(entry) if other.place > entry.place)
        return any(other.state is TxState.BOUND for other in later)

    def first_for(self, nonce: int, now_ns: int) -> Entry | None:
        """Return the first transaction that may have a number, ``None`` if none may."""
        for entry in self._waiting:
            if self.may_go(entry, now_ns) and self.fits(entry, nonce):
                return entry
        return None

    def group_for(self, nonce: int, limit: int, now_ns: int) -> list[Entry]:
        """Return the first that may have a number, with up to `limit` in all of its batch."""
        first = self.first_for(nonce, now_ns)
        if first is None:
            return []
        group = [first]
        if first.batch is None:
            return group
        for entry in self._waiting[bisect_left(self._waiting, first) + 1 :]:
            if len(group) == limit or entry.batch != first.batch:
                break
            if not self.may_go(entry, now_ns) or not self.fits(entry, nonce + len(group)):
                break
            group.append(entry)
        return group

    def fits(self, entry: Entry, nonce: int, *, replaces: bool = False) -> bool:
        """
        Return whether a number keeps the transactions of its order in their order.

        Parameters
        ----------
        entry : Entry
            The transaction.
        nonce : int
            The number.
        replaces : bool, default False
            Whether it may stand where a later one of its order stands: the venue takes one of them.

        """
        lowest = nonce - 1 if replaces else nonce
        for other in self.siblings(entry):
            if other.place < entry.place:
                if other.state is TxState.WAITING or any(w.nonce >= nonce for w in other.undead):
                    return False
            elif other.state is TxState.BOUND or any(w.nonce <= lowest for w in other.undead):
                return False
        return True

    def may_go(self, entry: Entry, now_ns: int) -> bool:
        """Return whether a transaction waits and can be signed, and its type need not pause."""
        is_waiting = entry.state is TxState.WAITING and entry.ready
        return is_waiting and not self._quota.is_paused(entry.quota_key, now_ns)
