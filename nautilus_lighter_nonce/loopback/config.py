"""
What a loopback venue can be told at birth: accounts, markets, timing, fees.

Rules of this file
------------------
- Values only; nothing here acts. Everything is a frozen struct that JSON can carry, because the
  venue's own process receives it on the command line.
- Times are milliseconds here, and only here: the venue itself counts nanoseconds.
"""

from __future__ import annotations

from enum import Enum
from typing import Annotated

import msgspec

from nautilus_lighter_nonce.lighter.codes import NEXT_NONCE_LAG_MS
from nautilus_lighter_nonce.loopback.keys import DEMO_PUBLIC_KEY


Millis = Annotated[float, msgspec.Meta(ge=0.0, le=3_600_000.0)]


class VanishedLookup(Enum):
    """What `tx` answers for a vanished transaction; the real venue's answer is not known."""

    FAILED = "failed"  # a record with status 0
    UNKNOWN = "unknown"  # HTTP 400, code 21500


class MarketConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    A perpetual market with its synthetic touch.

    Parameters
    ----------
    market_id : int
        The market index, 0 to 254.
    symbol : str
        The base symbol, e.g. "ETH".
    size_decimals, price_decimals : int
        Decimals of sizes and prices; together at most 6, the quote's decimals (all observed
        markets have exactly 6 together).
    min_base_amount, min_quote_amount : str
        The least that may rest in the book, in base units and in USDC (observed).
    bid, ask : str
        The synthetic touch: standing quotes of a house account.
    touch_size : str, optional
        Size on each side of the touch, in base units; ``None`` never runs out.
    initial_margin_fraction : int
        Initial margin in 1e-4 of the notional; 500 is 5 % (observed default).

    """

    market_id: Annotated[int, msgspec.Meta(ge=0, le=254)]
    symbol: str
    size_decimals: Annotated[int, msgspec.Meta(ge=0, le=6)]
    price_decimals: Annotated[int, msgspec.Meta(ge=0, le=6)]
    min_base_amount: str
    min_quote_amount: str = "10.000000"
    bid: str
    ask: str
    touch_size: str | None = None
    initial_margin_fraction: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 500


class AccountConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    An account with its registered API keys.

    Parameters
    ----------
    account_index : int
        The account.
    api_keys : tuple[int, ...]
        The registered key indexes, 0 to 254.
    public_key : str
        80 hex digits, the same for all keys of the account.
    nonce : int
        The next nonce of each key; 1 is what a fresh key has, since registering it spent 0
        (observed).
    collateral : str
        USDC.

    """

    account_index: Annotated[int, msgspec.Meta(ge=0)]
    api_keys: tuple[int, ...] = (4, 5, 6, 7, 8, 9)
    public_key: str = DEMO_PUBLIC_KEY
    nonce: Annotated[int, msgspec.Meta(ge=0)] = 1
    collateral: str = "1000000.000000"


DEFAULT_MARKETS = (
    MarketConfig(
        market_id=0,
        symbol="ETH",
        size_decimals=4,
        price_decimals=2,
        min_base_amount="0.0050",
        bid="2000.00",
        ask="2000.50",
    ),
    MarketConfig(
        market_id=1,
        symbol="BTC",
        size_decimals=5,
        price_decimals=1,
        min_base_amount="0.00020",
        bid="60000.0",
        ask="60001.0",
    ),
    MarketConfig(
        market_id=2,
        symbol="SOL",
        size_decimals=3,
        price_decimals=3,
        min_base_amount="0.050",
        bid="150.000",
        ask="150.050",
    ),
)


class VenueConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    A loopback venue.

    Parameters
    ----------
    chain_id : int
        What the transaction hash is made with; 300 is testnet's (sdk).
    accounts : tuple[AccountConfig, ...]
        The accounts; 700 and 701 by default.
    markets : tuple[MarketConfig, ...]
        The markets; ETH, BTC and SOL by default.
    latency_ms : float
        Round trip added to every exchange, half before and half after the venue acts. Messages of
        one WebSocket keep their order and do not wait for each other.
    jitter_ms : float
        A random extra of 0 to this many milliseconds on each way of each message.
    reorder : bool
        Let jitter overtake within one WebSocket's request path.
    execution_delay_ms : float
        From acceptance to execution (about 133 ms observed on testnet).
    next_nonce_lag_ms : float
        How old the counter is that `nextNonce` reports (350 to 600 ms observed).
    frame_before_reply : bool
        Execute at once and let the private frames leave before the reply (observed on a live
        venue).
    idle_close_s : float
        A socket that sends nothing for this long is closed (docs: 2 minutes).
    ping_interval_s : float
        How often the venue sends `{"type":"ping"}`.
    maker_fee, taker_fee : int
        Fee rates in 1e-6 of the notional; 0 is the Standard tier (docs).
    vanished_lookup : VanishedLookup
        What a lookup by hash says of a vanished transaction.
    seed : int
        Seeds jitter and the `rate` of levers.

    """

    chain_id: int = 300
    accounts: tuple[AccountConfig, ...] = (
        AccountConfig(account_index=700),
        AccountConfig(account_index=701),
    )
    markets: tuple[MarketConfig, ...] = DEFAULT_MARKETS
    latency_ms: Millis = 0.0
    jitter_ms: Millis = 0.0
    reorder: bool = False
    execution_delay_ms: Millis = 5.0
    next_nonce_lag_ms: Millis = float(NEXT_NONCE_LAG_MS)
    frame_before_reply: bool = False
    idle_close_s: Annotated[float, msgspec.Meta(gt=0.0)] = 120.0
    ping_interval_s: Annotated[float, msgspec.Meta(gt=0.0)] = 60.0
    maker_fee: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] = 0
    taker_fee: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] = 0
    vanished_lookup: VanishedLookup = VanishedLookup.FAILED
    seed: int = 0


SETTABLE = frozenset(
    {
        "latency_ms",
        "jitter_ms",
        "reorder",
        "execution_delay_ms",
        "next_nonce_lag_ms",
        "frame_before_reply",
        "idle_close_s",
        "vanished_lookup",
    },
)
"""The fields that may change while the venue runs."""


def changed(config: VenueConfig, changes: dict[str, object]) -> VenueConfig:
    """
    Return a config with some settable fields changed.

    Parameters
    ----------
    config : VenueConfig
        The config to start from.
    changes : dict[str, object]
        New values by field name, as JSON gives them.

    Returns
    -------
    VenueConfig

    Raises
    ------
    ValueError
        If a field is unknown, not settable, or its value is out of range.

    """
    foreign = set(changes) - SETTABLE
    if foreign:
        raise ValueError(f"not settable: {', '.join(sorted(foreign))}")
    raw = msgspec.to_builtins(config)
    return msgspec.convert(raw | changes, VenueConfig)
