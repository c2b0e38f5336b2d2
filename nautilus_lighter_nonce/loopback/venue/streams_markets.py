"""
The public channels of the WebSocket: ticker, book, trades, candles and figures of a market.

Rules of this file
------------------
- Bodies are built here, `streams` makes frames of them. A body is built only for a channel that
  somebody is subscribed to.
- Figures and candles change with a trade, figures with a move of the touch as well (the venue's own
  rhythm is not known); the order book comes in batches, which are the caller's.
"""

from __future__ import annotations

import itertools
from collections.abc import Container
from collections.abc import Iterator
from typing import Any
from typing import Final

from nautilus_lighter_nonce.loopback.venue import rows_markets
from nautilus_lighter_nonce.loopback.venue import rows_orders
from nautilus_lighter_nonce.loopback.venue.channels import ALL
from nautilus_lighter_nonce.loopback.venue.channels import HEIGHT
from nautilus_lighter_nonce.loopback.venue.channels import Channel
from nautilus_lighter_nonce.loopback.venue.market_day import INTERVALS_MS
from nautilus_lighter_nonce.loopback.venue.market_day import candles_of
from nautilus_lighter_nonce.loopback.venue.market_day import start_of
from nautilus_lighter_nonce.loopback.venue.market_feed import MarketFeed
from nautilus_lighter_nonce.loopback.venue.orders import Fill
from nautilus_lighter_nonce.loopback.venue.replies import Happening
from nautilus_lighter_nonce.loopback.venue.state import State
from nautilus_lighter_nonce.loopback.venue.views import BLOCK_NS


REPLAYED_TRADES: Final = 50  # docs

Body = dict[str, Any]


class MarketStreams:
    """
    Builds the public frames' bodies of one venue.

    Parameters
    ----------
    state : State
        The venue's state.

    """

    def __init__(self, state: State) -> None:
        self._state = state
        self._feeds = {market_id: MarketFeed(book) for market_id, book in state.books.items()}

    def snapshot(self, channel: Channel, now_ns: int) -> Body:
        """Return the body of a subscription's first frame."""
        if channel == HEIGHT:
            return self.height(now_ns)
        if channel.detail == ALL:
            return self._every_stats(channel.family, now_ns)
        market_id = channel.number or 0
        match channel.family:
            case "ticker":
                return self._feeds[market_id].ticker(now_ns)
            case "order_book":
                return self._feeds[market_id].snapshot(now_ns)
            case "market_stats":
                return self._stats(market_id, now_ns)
            case "trade":
                fills = self._state.market_trades[market_id]
                return self._trades(market_id, list(itertools.islice(fills, REPLAYED_TRADES)))
            case "candle":
                return self._candle(market_id, channel.detail, now_ns)
        raise ValueError(f"no market channel: {channel.name}")

    def updates(
        self, market_id: int, happening: Happening, wanted: Container[Channel]
    ) -> Iterator[tuple[Channel, Body]]:
        """
        Yield what the channels of a market say of something that happened there.

        Parameters
        ----------
        market_id : int
            The market.
        happening : Happening
            What happened.
        wanted : Container[Channel]
            The channels somebody is subscribed to.

        Yields
        ------
        tuple[Channel, Body]

        """
        now_ns = happening.ts_ns
        channel = Channel("ticker", market_id)
        if channel in wanted and self._feeds[market_id].ticker_moved():
            yield channel, self._feeds[market_id].ticker(now_ns)
        fills = [fill for fill in happening.changes.fills if fill.market_id == market_id]
        if fills:
            yield from self._trade_updates(market_id, fills, now_ns, wanted)
        if fills or happening.market_id == market_id:
            yield from self._stats_updates(market_id, now_ns, wanted)

    def book_update(self, market_id: int, now_ns: int) -> Body | None:
        """Return the order-book levels that changed since the last frame, ``None`` if none did."""
        return self._feeds[market_id].update(now_ns)

    def nonce(self, market_id: int) -> int:
        """Return the number of a market's last order-book frame."""
        return self._feeds[market_id].nonce

    def height(self, now_ns: int) -> Body:
        """Return what tells the block height."""
        return {"height": now_ns // BLOCK_NS, "timestamp": now_ns // 10**6}

    # -- BODIES -----------------------------------------------------------------------------------

    def _trade_updates(
        self, market_id: int, fills: list[Fill], now_ns: int, wanted: Container[Channel]
    ) -> Iterator[tuple[Channel, Body]]:
        channel = Channel("trade", market_id)
        if channel in wanted:
            yield channel, self._trades(market_id, fills[::-1])
        for resolution in INTERVALS_MS:
            channel = Channel("candle", market_id, resolution)
            if channel in wanted:
                yield channel, self._candle(market_id, resolution, now_ns)

    def _stats_updates(
        self, market_id: int, now_ns: int, wanted: Container[Channel]
    ) -> Iterator[tuple[Channel, Body]]:
        one, every = Channel("market_stats", market_id), Channel("market_stats", detail=ALL)
        if one not in wanted and every not in wanted:
            return
        body = self._stats(market_id, now_ns)
        if one in wanted:
            yield one, body
        if every in wanted:
            yield every, body | {"market_stats": {str(market_id): body["market_stats"]}}

    def _stats(self, market_id: int, now_ns: int) -> Body:
        row = rows_markets.stats_row(self._state, self._state.books[market_id], now_ns)
        return {"market_stats": row, "timestamp": now_ns // 10**6}

    def _every_stats(self, family: str, now_ns: int) -> Body:
        """Return the figures of all markets; none of them is a spot market."""
        books = self._state.books if family == "market_stats" else {}
        rows = {
            str(market_id): rows_markets.stats_row(self._state, book, now_ns)
            for market_id, book in books.items()
        }
        return {family: rows, "timestamp": now_ns // 10**6}

    def _trades(self, market_id: int, fills: list[Fill]) -> Body:
        rows = [rows_orders.trade_row(self._state, fill) for fill in fills]
        return {
            "liquidation_trades": [row for row in rows if row["type"] != "trade"],
            "nonce": self.nonce(market_id),
            "trades": [row for row in rows if row["type"] == "trade"],
        }

    def _candle(self, market_id: int, resolution: str, now_ns: int) -> Body:
        """Return the candle of now, if it has a trade yet."""
        interval_ms = INTERVALS_MS[resolution]
        start_ms = start_of(now_ns, interval_ms)
        fills = itertools.takewhile(
            lambda fill: fill.ts_ns >= start_ms * 10**6, self._state.market_trades[market_id]
        )
        book = self._state.books[market_id]
        rows = [rows_markets.candle_row(book, c) for c in candles_of(fills, interval_ms)]
        return {"candles": rows, "timestamp": now_ns // 10**6}
