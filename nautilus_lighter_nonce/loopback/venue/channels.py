"""
The names of the WebSocket's channels.

Rules of this file
------------------
- A subscription names a channel with slashes, frames name it with colons (observed).
- A channel exists when its market, account or resolution does.
"""

from __future__ import annotations

from typing import Final

import msgspec

from nautilus_lighter_nonce.loopback.venue.market_day import INTERVALS_MS
from nautilus_lighter_nonce.loopback.venue.state import State


AUTH_FAMILIES: Final = frozenset(
    {"account_all_orders", "account_orders", "account_all_assets", "account_tx"}
)
"""Families that want a token (observed for the first, docs for the others)."""

ACCOUNT_FAMILIES: Final = frozenset(
    {
        "account_all",
        "account_all_orders",
        "account_all_trades",
        "account_all_positions",
        "account_all_assets",
        "account_tx",
        "user_stats",
    }
)
MARKET_FAMILIES: Final = frozenset({"ticker", "order_book", "trade", "market_stats"})
ALL_FAMILIES: Final = frozenset({"market_stats", "spot_market_stats"})
"""Families with a channel for all markets at once."""

ALL: Final = "all"
MAX_DIGITS: Final = 15


class Channel(msgspec.Struct, frozen=True):
    """
    A channel: its family and what it is about.

    Parameters
    ----------
    family : str
        E.g. "account_all_orders".
    number : int, optional
        The market or the account.
    detail : str, optional
        What comes behind: a candle's resolution, the account of `account_orders`, or "all".

    """

    family: str
    number: int | None = None
    detail: str = ""

    @property
    def name(self) -> str:
        """The name in frames, with colons (observed)."""
        parts = [self.family, "" if self.number is None else str(self.number), self.detail]
        return ":".join(filter(None, parts))

    @property
    def account_index(self) -> int | None:
        """The account it is about, ``None`` for the public ones."""
        if self.family == "account_orders":
            return int(self.detail)
        return self.number if self.family in ACCOUNT_FAMILIES else None


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
    family, *parts = text.replace(":", "/").split("/")
    match family, parts:
        case "height", []:
            return HEIGHT
        case _, ["all"] if family in ALL_FAMILIES:
            return Channel(family, detail=ALL)
        case _, [market] if family in MARKET_FAMILIES:
            return _of_market(state, family, market)
        case "candle", [market, resolution] if resolution in INTERVALS_MS:
            return _of_market(state, family, market, resolution)
        case "account_orders", [market, account] if _account(state, account) is not None:
            return _of_market(state, family, market, str(int(account)))
        case _, [account] if family in ACCOUNT_FAMILIES:
            index = _account(state, account)
            return None if index is None else Channel(family, index)
    return None


def _of_market(state: State, family: str, market: str, detail: str = "") -> Channel | None:
    market_id = _number(market)
    return Channel(family, market_id, detail) if market_id in state.books else None


def _account(state: State, text: str) -> int | None:
    index = _number(text)
    return None if index is None or state.accounts.get(index) is None else index


def _number(text: str) -> int | None:
    plain = text.isascii() and text.isdecimal() and len(text) <= MAX_DIGITS
    return int(text) if plain else None
