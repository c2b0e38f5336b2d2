"""
What a late index shows: the venue as it was some time ago.

Rules of this file
------------------
- Transactions and trades carry their time, so that their past needs no memory. Orders and accounts
  change: their versions are kept here, from the moment an index was told to be late, for as long
  as it is late. An index that is not late costs one look at an empty dict.
- What was there before an index became late, and has not changed since, is shown as it is.
- No clock: time is an argument in nanoseconds.
"""

from __future__ import annotations

import bisect
import copy
from collections import defaultdict
from collections import deque
from collections.abc import Iterable
from typing import Any

from nautilus_lighter_nonce.loopback.config import Index
from nautilus_lighter_nonce.loopback.config import VenueConfig
from nautilus_lighter_nonce.loopback.venue.orders import BookOrder


class _Versions[T]:
    """The states of one thing, each with the time since when it held."""

    def __init__(self) -> None:
        self._since: list[int] = []
        self._states: list[T] = []

    def add(self, since_ns: int, state: T, lag_ns: int) -> None:
        if self._since and since_ns <= self._since[-1]:
            self._states[-1] = state
            return
        self._since.append(since_ns)
        self._states.append(state)
        needless = bisect.bisect_right(self._since, since_ns - lag_ns) - 1
        if needless > 0:
            del self._since[:needless], self._states[:needless]

    def at(self, then_ns: int) -> T:
        """Return the state at a time, the oldest known one if it began later."""
        return self._states[max(bisect.bisect_right(self._since, then_ns) - 1, 0)]

    def shift(self, by_ns: int) -> None:
        self._since = [since + by_ns for since in self._since]


class Past:
    """The versions of orders and accounts that a late index needs."""

    def __init__(self) -> None:
        self._lags: dict[Index, int] = {}
        self._orders: dict[int, _Versions[BookOrder]] = {}
        self._order_times: deque[tuple[int, int]] = deque()
        self._accounts: dict[int, _Versions[dict[str, Any]]] = defaultdict(_Versions)

    def follow(self, config: VenueConfig, live: Iterable[BookOrder]) -> None:
        """
        Be as late as the config says; what is not late any more is forgotten.

        Parameters
        ----------
        config : VenueConfig
            The config, as last changed.
        live : Iterable[BookOrder]
            All live orders, as they are now.

        """
        kept_orders = self.keeps_orders
        self._lags = {i: int(ms * 1_000_000) for i, ms in config.index_lag_ms.items() if ms > 0}
        if not self.keeps_orders:
            self._orders.clear()
            self._order_times.clear()
        elif not kept_orders:
            self.note_orders(live)
        if not self.keeps_accounts:
            self._accounts.clear()

    def lag_ns(self, index: Index) -> int:
        """Return how late an index is, nanoseconds."""
        return self._lags.get(index, 0) if self._lags else 0

    # -- ORDERS -----------------------------------------------------------------------------------

    @property
    def keeps_orders(self) -> bool:
        """Whether orders are to be noted."""
        return Index.ORDERS in self._lags

    def note_orders(self, orders: Iterable[BookOrder]) -> None:
        """Keep the states that orders have now."""
        lag_ns = self._lags[Index.ORDERS]
        for order in orders:
            versions = self._orders.setdefault(order.order_index, _Versions())
            versions.add(order.updated_ns, copy.copy(order), lag_ns)
            self._order_times.append((order.updated_ns, order.order_index))
            self._forget_orders(order.updated_ns - lag_ns)

    def orders_at(self, orders: Iterable[BookOrder], then_ns: int) -> list[BookOrder]:
        """
        Return those of an account's orders that existed at a time, as they were.

        In the order of an index that is not late: live ones by their last change, then the ended,
        the last ended first.
        """
        found = []
        for order in orders:
            versions = self._orders.get(order.order_index)
            if order.created_ns <= then_ns:
                found.append(order if versions is None else versions.at(then_ns))
        live = sorted((o for o in found if o.is_live), key=lambda o: o.updated_ns)
        ended = sorted((o for o in found if not o.is_live), key=lambda o: -o.updated_ns)
        return live + ended

    def _forget_orders(self, before_ns: int) -> None:
        """Forget the orders that have ended so long ago that nobody can see them alive."""
        while self._order_times and self._order_times[0][0] < before_ns:
            _, order_index = self._order_times.popleft()
            versions = self._orders.get(order_index)
            if versions is not None and not versions.at(before_ns).is_live:
                del self._orders[order_index]

    # -- ACCOUNTS ---------------------------------------------------------------------------------

    @property
    def keeps_accounts(self) -> bool:
        """Whether accounts are to be noted."""
        return Index.ACCOUNT in self._lags

    def note_account(self, account_index: int, row: dict[str, Any], now_ns: int) -> None:
        """Keep the row that an account has now."""
        self._accounts[account_index].add(now_ns, row, self._lags[Index.ACCOUNT])

    def account_at(self, account_index: int, then_ns: int) -> dict[str, Any] | None:
        """Return the row that an account had at a time, ``None`` if it was never noted."""
        versions = self._accounts.get(account_index)
        return None if versions is None else versions.at(then_ns)

    def shift(self, by_ns: int) -> None:
        """Move all times, as the venue's clock was moved."""
        for order_versions in self._orders.values():
            order_versions.shift(by_ns)
        for account_versions in self._accounts.values():
            account_versions.shift(by_ns)
        self._order_times = deque((ts_ns + by_ns, index) for ts_ns, index in self._order_times)
