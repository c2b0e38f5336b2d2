"""
The channels of the WebSocket: names, snapshots, updates.

Rules of this file
------------------
- Frames are built here, as text; who receives them is the server's business. A frame is built once
  for all its subscribers, and only if it has any.
- Keys of a frame's envelope are in alphabetical order (observed).
- After an execution the orders frame comes first, then the positions frame (observed), then trades,
  assets, figures and the transaction record (order inferred).
- An account that had no change sees no frame: a refused duplicate is silent but for `account_tx`
  (observed).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from collections.abc import Container
from collections.abc import Iterator
from typing import Any
from typing import Final

import msgspec

from nautilus_lighter_nonce.loopback.venue import rows_accounts
from nautilus_lighter_nonce.loopback.venue import rows_orders
from nautilus_lighter_nonce.loopback.venue import views
from nautilus_lighter_nonce.loopback.venue.accounts import Account
from nautilus_lighter_nonce.loopback.venue.market_feed import MarketFeed
from nautilus_lighter_nonce.loopback.venue.replies import Happening
from nautilus_lighter_nonce.loopback.venue.state import State


AUTH_FAMILIES: Final = frozenset({"account_all_orders", "account_all_assets", "account_tx"})
"""Families that want a token (observed for the first, docs for the others)."""

MARKET_FAMILIES: Final = frozenset({"ticker", "order_book"})
ACCOUNT_FAMILIES: Final = AUTH_FAMILIES | {
    "account_all_trades",
    "account_all_positions",
    "user_stats",
}

_CHANNEL: Final = re.compile(r"([a-z_]+)[/:](\d{1,15})")


class Channel(msgspec.Struct, frozen=True):
    """
    A channel: its family and what it is about.

    Parameters
    ----------
    family : str
        E.g. "account_all_orders".
    number : int, optional
        The market or the account.

    """

    family: str
    number: int | None = None

    @property
    def name(self) -> str:
        """The name in frames, with a colon (observed)."""
        return self.family if self.number is None else f"{self.family}:{self.number}"


HEIGHT: Final = Channel("height")


def parse_channel(text: str, state: State) -> Channel | None:
    """
    Return the channel that a subscription names, ``None`` if there is none.

    Parameters
    ----------
    text : str
        E.g. "ticker/0".
    state : State
        Knows markets and accounts.

    Returns
    -------
    Channel or ``None``

    """
    if text == HEIGHT.family:
        return HEIGHT
    match = _CHANNEL.fullmatch(text)
    if match is None:
        return None
    family, number = match[1], int(match[2])
    known_market = family in MARKET_FAMILIES and number in state.books
    known_account = family in ACCOUNT_FAMILIES and state.accounts.get(number) is not None
    return Channel(family, number) if known_market or known_account else None


class Streams:
    """
    Builds the frames of one venue.

    Parameters
    ----------
    state : State
        The venue's state.

    """

    def __init__(self, state: State) -> None:
        self._state = state
        self._feeds = {market_id: MarketFeed(book) for market_id, book in state.books.items()}

    def snapshot(self, channel: Channel, now_ns: int) -> str:
        """Return the first frame of a subscription."""
        body = self._SNAPSHOTS[channel.family](self, channel.number or 0, now_ns)
        return _frame("subscribed", channel, body)

    def updates(
        self, happening: Happening, wanted: Container[Channel]
    ) -> Iterator[tuple[Channel, str]]:
        """
        Yield the frames that tell of something that happened.

        Parameters
        ----------
        happening : Happening
            What happened.
        wanted : Container[Channel]
            The channels somebody is subscribed to.

        Yields
        ------
        tuple[Channel, str]

        """
        for account_index in _accounts_of(happening):
            account = self._state.accounts.get(account_index)
            if account is not None:
                yield from self._account_updates(account, happening, wanted)
        for market_id in _markets_of(happening):
            channel = Channel("ticker", market_id)
            if channel in wanted and self._feeds[market_id].ticker_moved():
                yield channel, _frame("update", channel, self._ticker(market_id, happening.ts_ns))

    def book_update(self, market_id: int, now_ns: int) -> str | None:
        """Return the order-book levels that changed since the last frame, ``None`` if none did."""
        body = self._feeds[market_id].update(now_ns)
        return None if body is None else _frame("update", Channel("order_book", market_id), body)

    def height_update(self, now_ns: int) -> str:
        """Return the frame that tells the block height."""
        return _frame("update", HEIGHT, self._height(0, now_ns))

    # -- ACCOUNT UPDATES --------------------------------------------------------------------------

    def _account_updates(
        self, account: Account, happening: Happening, wanted: Container[Channel]
    ) -> Iterator[tuple[Channel, str]]:
        for family, build in self._UPDATES:
            channel = Channel(family, account.account_index)
            if channel in wanted:
                body = build(self, account, happening)
                if body is not None:
                    yield channel, _frame("update", channel, body)

    def _orders_update(self, account: Account, happening: Happening) -> dict[str, Any] | None:
        orders: dict[str, list[Any]] = {}
        for order in happening.changes.orders:
            if order.account_index == account.account_index:
                row = rows_orders.order_row(self._state.books[order.market_id], order)
                orders.setdefault(str(order.market_id), []).append(row)
        return {"orders": orders} if orders else None

    def _positions_update(self, account: Account, happening: Happening) -> dict[str, Any] | None:
        index = account.account_index
        rows = {
            str(market_id): rows_accounts.position_row(self._state, index, market_id)
            for market_id in _markets_of(happening, index)
        }
        return {"positions": rows, "shares": []} if rows else None

    def _trades_update(self, account: Account, happening: Happening) -> dict[str, Any] | None:
        trades: dict[str, list[Any]] = {}
        for fill in happening.changes.fills:
            if account.account_index in (fill.ask.account_index, fill.bid.account_index):
                row = rows_orders.trade_row(self._state, fill)
                trades.setdefault(str(fill.market_id), []).append(row)
        return {"trades": trades} if trades else None

    def _assets_update(self, account: Account, happening: Happening) -> dict[str, Any] | None:
        if not happening.changes.fills:
            return None
        return self._assets(account.account_index, happening.ts_ns)

    def _stats_update(self, account: Account, happening: Happening) -> dict[str, Any] | None:
        if not happening.changes.orders:
            return None
        return self._stats(account.account_index, happening.ts_ns)

    def _tx_update(self, account: Account, happening: Happening) -> dict[str, Any] | None:
        entry = happening.entry
        if entry is None or entry.key is None or entry.key[0] != account.account_index:
            return None
        return {"txs": [views.tx_row(entry)]}

    _UPDATES: Final[
        tuple[tuple[str, Callable[[Streams, Account, Happening], dict[str, Any] | None]], ...]
    ] = (
        ("account_all_orders", _orders_update),
        ("account_all_positions", _positions_update),
        ("account_all_trades", _trades_update),
        ("account_all_assets", _assets_update),
        ("user_stats", _stats_update),
        ("account_tx", _tx_update),
    )

    # -- SNAPSHOTS --------------------------------------------------------------------------------

    def _orders(self, account_index: int, now_ns: int) -> dict[str, Any]:
        orders: dict[str, list[Any]] = {}
        for order in self._state.orders.live(account_index):
            row = rows_orders.order_row(self._state.books[order.market_id], order, integrator="")
            orders.setdefault(str(order.market_id), []).append(row)
        return {"orders": orders}

    def _positions(self, account_index: int, now_ns: int) -> dict[str, Any]:
        account = self._state.accounts.get(account_index)
        markets = sorted(account.positions) if account is not None else []
        rows = {str(m): rows_accounts.position_row(self._state, account_index, m) for m in markets}
        return {"positions": rows, "shares": []}

    def _trades(self, account_index: int, now_ns: int) -> dict[str, Any]:
        volumes = dict.fromkeys(("daily_volume", "monthly_volume", "total_volume"), 0)
        return volumes | {"trades": {}, "weekly_volume": 0}

    def _assets(self, account_index: int, now_ns: int) -> dict[str, Any]:
        account = self._state.accounts.get(account_index)
        assert account is not None  # `parse_channel` knew it
        row = rows_accounts.asset_row(account)
        return {"assets": {str(rows_accounts.USDC_ASSET_ID): row}, "timestamp": now_ns // 10**6}

    def _stats(self, account_index: int, now_ns: int) -> dict[str, Any]:
        account = self._state.accounts.get(account_index)
        assert account is not None  # `parse_channel` knew it
        row = rows_accounts.stats_row(self._state, account)
        stats = {"account_trading_mode": 0} | row | {"cross_stats": row, "total_stats": row}
        return {"stats": stats, "timestamp": now_ns // 10**6}

    def _tx(self, account_index: int, now_ns: int) -> dict[str, Any]:
        return {}  # the subscription frame carries no `txs` (observed)

    def _ticker(self, market_id: int, now_ns: int) -> dict[str, Any]:
        return self._feeds[market_id].ticker(now_ns)

    def _book(self, market_id: int, now_ns: int) -> dict[str, Any]:
        return self._feeds[market_id].snapshot(now_ns)

    def _height(self, _: int, now_ns: int) -> dict[str, Any]:
        return {"height": now_ns // views.BLOCK_NS, "timestamp": now_ns // 10**6}

    _SNAPSHOTS: Final[dict[str, Callable[[Streams, int, int], dict[str, Any]]]] = {
        "account_all_orders": _orders,
        "account_all_positions": _positions,
        "account_all_trades": _trades,
        "account_all_assets": _assets,
        "user_stats": _stats,
        "account_tx": _tx,
        "ticker": _ticker,
        "order_book": _book,
        "height": _height,
    }


def _frame(kind: str, channel: Channel, body: dict[str, Any]) -> str:
    frame = {"channel": channel.name} | body | {"type": f"{kind}/{channel.family}"}
    return msgspec.json.encode(dict(sorted(frame.items()))).decode()


def _accounts_of(happening: Happening) -> list[int]:
    accounts = {} if happening.entry is None else {(happening.entry.key or (0,))[0]: None}
    for order in happening.changes.orders:
        accounts[order.account_index] = None
    return list(accounts)


def _markets_of(happening: Happening, account_index: int | None = None) -> list[int]:
    """Return the markets that something happened in, for one account or for all."""
    markets = {
        order.market_id: None
        for order in happening.changes.orders
        if account_index in (None, order.account_index)
    }
    if account_index is None and happening.market_id is not None:
        markets[happening.market_id] = None
    return list(markets)
