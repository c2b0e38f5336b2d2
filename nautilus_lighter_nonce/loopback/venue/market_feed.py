"""
Market data of one book: ticker, and order-book levels with what changed since the last frame.

Rules of this file
------------------
- Continuity is the venue's: `begin_nonce` of an update equals `nonce` of the frame before, 0 in a
  snapshot (observed). A level of size 0 is gone.
- An unlimited touch is shown with a large size, since the wire has no word for it.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from nautilus_lighter_nonce.loopback.venue.book import Book
from nautilus_lighter_nonce.loopback.venue.decimals import format_decimal
from nautilus_lighter_nonce.loopback.venue.rows_markets import UNLIMITED_SHOWN


Levels = dict[int, int]
"""Price to size, best price first."""


class MarketFeed:
    """
    The public frames of one market.

    Parameters
    ----------
    book : Book
        The market's book.

    """

    def __init__(self, book: Book) -> None:
        self._book = book
        self._nonce = 1
        self._sent: dict[bool, Levels] = {is_ask: self._levels(is_ask) for is_ask in (True, False)}
        self._sent_best = self._best()

    @property
    def nonce(self) -> int:
        """The number of the last order-book frame."""
        return self._nonce

    # -- TICKER -----------------------------------------------------------------------------------

    def ticker_moved(self) -> bool:
        """Return whether the best levels differ from those at the last call."""
        best = self._best()
        moved, self._sent_best = best != self._sent_best, best
        return moved

    def ticker(self, now_ns: int) -> dict[str, Any]:
        """Return the body of a ticker frame; an empty side has empty texts (observed)."""
        ask, bid = (self._best_level(is_ask) for is_ask in (True, False))
        micros = now_ns // 1_000
        ticker = {
            "s": self._book.market.symbol,
            "a": ask,
            "b": bid,
            "last_updated_at": micros,
        }
        return {
            "last_updated_at": micros,
            "nonce": self._nonce,
            "ticker": ticker,
            "timestamp": now_ns // 10**6,
        }

    # -- ORDER BOOK -------------------------------------------------------------------------------

    def snapshot(self, now_ns: int) -> dict[str, Any]:
        """Return the body of a subscription's first order-book frame, all levels in it."""
        levels = {is_ask: self._levels(is_ask) for is_ask in (True, False)}
        return self._body(levels, begin_nonce=0, now_ns=now_ns)

    def update(self, now_ns: int) -> dict[str, Any] | None:
        """Return the body with the levels that changed since the last call, ``None`` if none."""
        levels = {is_ask: self._levels(is_ask) for is_ask in (True, False)}
        changed = {is_ask: _difference(self._sent[is_ask], levels[is_ask]) for is_ask in levels}
        if not any(changed.values()):
            return None
        self._sent = levels
        begin_nonce, self._nonce = self._nonce, self._nonce + 1
        return self._body(changed, begin_nonce=begin_nonce, now_ns=now_ns)

    def _body(self, levels: dict[bool, Levels], begin_nonce: int, now_ns: int) -> dict[str, Any]:
        micros = now_ns // 1_000
        order_book = {
            "code": 0,
            "asks": [self._row(price, size) for price, size in levels[True].items()],
            "bids": [self._row(price, size) for price, size in levels[False].items()],
            "offset": self._nonce,
            "nonce": self._nonce,
            "last_updated_at": micros,
            "begin_nonce": begin_nonce,
        }
        return {
            "last_updated_at": micros,
            "offset": self._nonce,
            "order_book": order_book,
            "timestamp": now_ns // 10**6,
        }

    # -- LEVELS -----------------------------------------------------------------------------------

    def _best(self) -> tuple[tuple[int, int] | None, ...]:
        return tuple(next(self._walk(is_ask), None) for is_ask in (True, False))

    def _best_level(self, is_ask: bool) -> dict[str, str]:
        best = next(self._walk(is_ask), None)
        return {"price": "", "size": ""} if best is None else self._row(*best)

    def _levels(self, is_ask: bool) -> Levels:
        return dict(self._walk(is_ask))

    def _walk(self, is_ask: bool) -> Iterator[tuple[int, int]]:
        """Yield the levels of a side, best first: resting orders and the touch together."""
        price, size = self._book.touch(is_ask)
        if size is None:
            size = UNLIMITED_SHOWN * 10**self._book.market.size_decimals
        pending = size > 0
        groups = itertools.groupby(self._book.resting(is_ask), key=lambda order: order.price)
        for level, orders in groups:
            total = sum(order.remaining for order in orders)
            if pending and (price <= level if is_ask else price >= level):
                pending = False
                if price == level:
                    total += size
                else:
                    yield price, size
            yield level, total
        if pending:
            yield price, size

    def _row(self, price: int, size: int) -> dict[str, str]:
        market = self._book.market
        return {
            "price": format_decimal(price, market.price_decimals),
            "size": format_decimal(size, market.size_decimals),
        }


def _difference(before: Levels, after: Levels) -> Levels:
    gone = dict.fromkeys(before.keys() - after.keys(), 0)
    return gone | {price: size for price, size in after.items() if before.get(price) != size}
