"""
The channels of the WebSocket: snapshots and updates, as frames.

Rules of this file
------------------
- Frames are built here, as text; who receives them is the server's business. A frame is built once
  for all its subscribers, and only if it has any. The public bodies come from `streams_markets`.
- Keys of a frame's envelope are in alphabetical order (observed).
- After an execution the orders frame comes first, then the positions frame (observed), then trades,
  assets, figures and the transaction record (order inferred).
- An account that had no change sees no frame: a refused duplicate is silent but for `account_tx`
  (observed).
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Container
from collections.abc import Iterable
from collections.abc import Iterator
from typing import Any
from typing import Final

import msgspec

from nautilus_lighter_nonce.loopback.venue import records
from nautilus_lighter_nonce.loopback.venue import rows_accounts
from nautilus_lighter_nonce.loopback.venue import rows_orders
from nautilus_lighter_nonce.loopback.venue.accounts import Account
from nautilus_lighter_nonce.loopback.venue.channels import HEIGHT
from nautilus_lighter_nonce.loopback.venue.channels import Channel
from nautilus_lighter_nonce.loopback.venue.orders import Fill
from nautilus_lighter_nonce.loopback.venue.replies import Happening
from nautilus_lighter_nonce.loopback.venue.state import State
from nautilus_lighter_nonce.loopback.venue.streams_markets import MarketStreams


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
        self._markets = MarketStreams(state)

    def snapshot(self, channel: Channel, now_ns: int) -> str:
        """Return the first frame of a subscription."""
        if channel.account_index is None:
            body = self._markets.snapshot(channel, now_ns)
        else:
            account = self._state.accounts.get(channel.account_index)
            assert account is not None  # `parse_channel` knew it
            body = self._SNAPSHOTS[channel.family](self, account, channel, now_ns)
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
            for channel, body in self._markets.updates(market_id, happening, wanted):
                yield channel, _frame("update", channel, body)

    def book_update(self, market_id: int, now_ns: int) -> str | None:
        """Return the order-book levels that changed since the last frame, ``None`` if none did."""
        body = self._markets.book_update(market_id, now_ns)
        return None if body is None else _frame("update", Channel("order_book", market_id), body)

    def height_update(self, now_ns: int) -> str:
        """Return the frame that tells the block height."""
        return _frame("update", HEIGHT, self._markets.height(now_ns))

    # -- ACCOUNT UPDATES --------------------------------------------------------------------------

    def _account_updates(
        self, account: Account, happening: Happening, wanted: Container[Channel]
    ) -> Iterator[tuple[Channel, str]]:
        index = account.account_index
        for family, build in self._UPDATES:
            channel = Channel(family, index)
            if channel in wanted:
                body = build(self, account, happening)
                if body is not None:
                    yield channel, _frame("update", channel, body)
        for market_id in _markets_of(happening, index):
            channel = Channel("account_orders", market_id, str(index))
            if channel in wanted:
                orders = self._orders_update(account, happening, market_id)
                yield channel, _frame("update", channel, self._one_market(channel, orders))

    def _orders_update(
        self, account: Account, happening: Happening, market_id: int | None = None
    ) -> dict[str, Any] | None:
        orders: dict[str, list[Any]] = {}
        for order in happening.changes.orders:
            wanted = market_id in (None, order.market_id)
            if wanted and order.account_index == account.account_index:
                row = rows_orders.order_row(self._state.books[order.market_id], order)
                orders.setdefault(str(order.market_id), []).append(row)
        return {"orders": orders} if orders else None

    def _one_market(self, channel: Channel, orders: dict[str, Any] | None) -> dict[str, Any]:
        """Return the body of `account_orders`: it names its account, and a number (observed)."""
        market_id = channel.number or 0
        number = {"account": channel.account_index, "nonce": self._markets.nonce(market_id)}
        return number | (orders or {"orders": {}})

    def _positions_update(self, account: Account, happening: Happening) -> dict[str, Any] | None:
        rows = self._position_rows(account, _markets_of(happening, account.account_index))
        return {"positions": rows, "shares": []} if rows else None

    def _trades_update(self, account: Account, happening: Happening) -> dict[str, Any] | None:
        trades: dict[str, list[Any]] = {}
        for fill in happening.changes.fills:
            if account.account_index in (fill.ask.account_index, fill.bid.account_index):
                row = rows_orders.trade_row(self._state, fill)
                trades.setdefault(str(fill.market_id), []).append(row)
        return {"trades": trades} if trades else None

    def _assets_update(self, account: Account, happening: Happening) -> dict[str, Any] | None:
        return _assets(account, happening.ts_ns) if happening.changes.fills else None

    def _stats_update(self, account: Account, happening: Happening) -> dict[str, Any] | None:
        changes = happening.changes
        return self._stats(account, happening.ts_ns) if changes.orders or changes.fills else None

    def _all_update(self, account: Account, happening: Happening) -> dict[str, Any] | None:
        markets = _markets_of(happening, account.account_index)
        trades = self._trades_update(account, happening) or {"trades": {}}
        body = self._everything(account, self._position_rows(account, markets), happening.ts_ns)
        return body | trades if markets else None

    def _tx_update(self, account: Account, happening: Happening) -> dict[str, Any] | None:
        entry = happening.entry
        if entry is None or entry.key is None or entry.key[0] != account.account_index:
            return None
        return {"txs": [records.record_row(self._state, entry, happening.ts_ns)]}

    _UPDATES: Final[
        tuple[tuple[str, Callable[[Streams, Account, Happening], dict[str, Any] | None]], ...]
    ] = (
        ("account_all_orders", _orders_update),
        ("account_all_positions", _positions_update),
        ("account_all_trades", _trades_update),
        ("account_all_assets", _assets_update),
        ("user_stats", _stats_update),
        ("account_all", _all_update),
        ("account_tx", _tx_update),
    )

    # -- SNAPSHOTS --------------------------------------------------------------------------------

    def _orders(self, account: Account, channel: Channel, now_ns: int) -> dict[str, Any]:
        orders: dict[str, list[Any]] = {}
        market_id = channel.number if channel.family == "account_orders" else None
        for order in self._state.orders.live(account.account_index):
            if market_id in (None, order.market_id):
                book = self._state.books[order.market_id]
                row = rows_orders.order_row(book, order, integrator="")
                orders.setdefault(str(order.market_id), []).append(row)
        body = {"orders": orders}
        return body if market_id is None else self._one_market(channel, body)

    def _positions(self, account: Account, channel: Channel, now_ns: int) -> dict[str, Any]:
        return {"positions": self._position_rows(account, account.positions), "shares": []}

    def _trades(self, account: Account, channel: Channel, now_ns: int) -> dict[str, Any]:
        volumes = rows_accounts.volumes(self._state, account, now_ns)
        return {k: v for k, v in volumes.items() if k.endswith("volume")} | {"trades": {}}

    def _assets(self, account: Account, channel: Channel, now_ns: int) -> dict[str, Any]:
        return _assets(account, now_ns)

    def _user_stats(self, account: Account, channel: Channel, now_ns: int) -> dict[str, Any]:
        return self._stats(account, now_ns)

    def _all(self, account: Account, channel: Channel, now_ns: int) -> dict[str, Any]:
        rows = self._position_rows(account, account.positions)
        return self._everything(account, rows, now_ns) | {"trades": {}}

    def _tx(self, account: Account, channel: Channel, now_ns: int) -> dict[str, Any]:
        return {}  # the subscription frame carries no `txs` (observed)

    _SNAPSHOTS: Final[dict[str, Callable[[Streams, Account, Channel, int], dict[str, Any]]]] = {
        "account_all_orders": _orders,
        "account_orders": _orders,
        "account_all_positions": _positions,
        "account_all_trades": _trades,
        "account_all_assets": _assets,
        "user_stats": _user_stats,
        "account_all": _all,
        "account_tx": _tx,
    }

    # -- BODIES -----------------------------------------------------------------------------------

    def _position_rows(self, account: Account, markets: Iterable[int]) -> dict[str, Any]:
        index = account.account_index
        return {str(m): rows_accounts.position_row(self._state, index, m) for m in sorted(markets)}

    def _stats(self, account: Account, now_ns: int) -> dict[str, Any]:
        row = rows_accounts.stats_row(self._state, account)
        stats = {"account_trading_mode": 0} | row | {"cross_stats": row, "total_stats": row}
        return {"stats": stats, "timestamp": now_ns // 10**6}

    def _everything(
        self, account: Account, positions: dict[str, Any], now_ns: int
    ) -> dict[str, Any]:
        """Return the body of `account_all` without its trades (fields from the docs)."""
        return {
            "account": account.account_index,
            "assets": _assets(account, now_ns)["assets"],
            "funding_histories": {},
            "positions": positions,
            "shares": [],
        } | rows_accounts.volumes(self._state, account, now_ns)


def _assets(account: Account, now_ns: int) -> dict[str, Any]:
    row = rows_accounts.asset_row(account)
    return {"assets": {str(rows_accounts.USDC_ASSET_ID): row}, "timestamp": now_ns // 10**6}


def _frame(kind: str, channel: Channel, body: dict[str, Any]) -> str:
    frame = {"channel": channel.name} | body | {"type": f"{kind}/{channel.family}"}
    return msgspec.json.encode(dict(sorted(frame.items()))).decode()


def _accounts_of(happening: Happening) -> list[int]:
    accounts = {} if happening.entry is None else {(happening.entry.key or (0,))[0]: None}
    for order in happening.changes.orders:
        accounts[order.account_index] = None
    for fill in _forced(happening):
        accounts[fill.ask.account_index] = accounts[fill.bid.account_index] = None
    return list(accounts)


def _markets_of(happening: Happening, account_index: int | None = None) -> list[int]:
    """Return the markets that something happened in, for one account or for all."""
    markets = {
        order.market_id: None
        for order in happening.changes.orders
        if account_index in (None, order.account_index)
    }
    for fill in _forced(happening):
        if account_index in (None, fill.ask.account_index, fill.bid.account_index):
            markets[fill.market_id] = None
    if account_index is None and happening.market_id is not None:
        markets[happening.market_id] = None
    return list(markets)


def _forced(happening: Happening) -> list[Fill]:
    """Return the trades that no order tells of: a liquidation's."""
    return [] if happening.changes.orders else happening.changes.fills
