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
from typing import Any
from typing import Final
from typing import Literal

import msgspec

from nautilus_lighter_nonce.lighter.codes import NEXT_NONCE_LAG_MS
from nautilus_lighter_nonce.lighter.codes import NIL_MARKET_INDEX
from nautilus_lighter_nonce.loopback.keys import DEMO_PUBLIC_KEY
from nautilus_lighter_nonce.loopback.venue.curve import is_public_key
from nautilus_lighter_nonce.loopback.venue.faults import Lever


Millis = Annotated[float, msgspec.Meta(ge=0.0, le=3_600_000.0)]
Skew = Annotated[float, msgspec.Meta(ge=-86_400_000.0, le=86_400_000.0)]

MAX_MARKET_ID: Final = 2**40
"""The signer takes ids up to there and more (run with sdk 1.1.8)."""


class VanishedLookup(Enum):
    """What `tx` answers for a vanished transaction; the real venue's answer is not known."""

    FAILED = "failed"  # a record with status 0
    UNKNOWN = "unknown"  # HTTP 400, code 21500
    PENDING = "pending"  # a record with status 1, for ever


class VanishedFollowers(Enum):
    """What becomes of the accepted followers of a vanished transaction; not known either."""

    FALL = "fall"  # they vanish with it
    LATE = "late"  # they stay accepted, and vanish when the sequencer reaches them


class Tier(Enum):
    """The account's tier (docs)."""

    STANDARD = "standard"
    PLUS = "plus"
    PREMIUM = "premium"


class Index(Enum):
    """What may be late: the database behind a group of reads."""

    TX = "tx"  # tx
    ACCOUNT_TXS = "accountTxs"  # accountTxs
    ORDERS = "orders"  # accountActiveOrders, accountInactiveOrders, accountOrders
    TRADES = "trades"  # trades
    ACCOUNT = "account"  # account


class NonceMode(Enum):
    """What `nextNonce` says."""

    TRUE = "true"  # the executed counter, as late as `next_nonce_lag_ms`
    STUCK = "stuck"  # what it said when this was set
    VALUE = "value"  # `value`, whatever that is
    OFFSET = "offset"  # the true answer plus `offset`


class NextNonce(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    An override of `nextNonce`.

    Parameters
    ----------
    mode : NonceMode
        What it says.
    value : Any
        For `VALUE`: the answer's `nonce`, any JSON.
    offset : int
        For `OFFSET`: what is added, negative for an old answer.

    """

    mode: NonceMode = NonceMode.TRUE
    value: Any = None
    offset: int = 0


class MarketConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    A perpetual market with its synthetic touch.

    Parameters
    ----------
    market_id : int
        The market index, 0 to 2^40 but for 255; new markets get theirs from 4095 up (docs).
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

    market_id: Annotated[int, msgspec.Meta(ge=0, le=MAX_MARKET_ID)]
    symbol: str
    size_decimals: Annotated[int, msgspec.Meta(ge=0, le=6)]
    price_decimals: Annotated[int, msgspec.Meta(ge=0, le=6)]
    min_base_amount: str
    min_quote_amount: str = "10.000000"
    bid: str
    ask: str
    touch_size: str | None = None
    initial_margin_fraction: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 500

    def __post_init__(self) -> None:
        if self.market_id == NIL_MARKET_INDEX:
            raise ValueError(f"market_id {NIL_MARKET_INDEX} means no market")


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
        80 hex digits of a point on the curve, the same for all keys of the account.
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

    def __post_init__(self) -> None:
        if not is_public_key(self.public_key):
            raise ValueError("public_key is no key: 80 hex digits of a point on the curve")


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
    vanished_followers : VanishedFollowers
        Whether what was accepted behind a vanished transaction falls with it or when it is reached.
    tier : Tier
        What `accountLimits` says, and what the next two go by.
    tier_timing : bool
        Execution takes as long as the tier's table says, on top of `execution_delay_ms`.
    tier_limits : bool
        Requests a minute, weights and order caps of the tier are enforced.
    taker_delay_ms : float
        A speed bump for takers (market, immediate, crossing limit), on top of everything else.
    tx_delay_ms : dict[int, float]
        An extra execution delay by transaction type.
    tx_limits : dict[int, int]
        Transactions a minute by type and account; above, 23000 is answered.
    volume_quota : int, optional
        What each account may spend on types 14, 16, 17 and 28; ``None`` counts nothing.
    free_tx_every_s : float
        With a quota, one transaction in so many seconds is free (docs).
    predicts_execution : bool
        Whether `predicted_execution_time_ms` tells the real delay; the usual 133 ms otherwise.
    index_lag_ms : dict[Index, float]
        How late each index shows what happened.
    stream_lag_ms : float
        How late private frames are; replies do not wait for them.
    record_status : int, optional, or "missing"
        The status in the records of executed transactions: a number, null, or no such field.
    next_nonce : NextNonce
        What `nextNonce` says instead of the truth.
    clock_skew_ms : float
        How far the venue's clock is ahead of (+) or behind (-) this machine's, at most a day.
    seed : int
        Seeds jitter and the `rate` of levers.
    levers : tuple[Lever, ...]
        Armed at birth; a `reset` disarms them.
    commands : tuple[dict[str, Any], ...]
        Control commands carried out at start.

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
    vanished_followers: VanishedFollowers = VanishedFollowers.FALL
    tier: Tier = Tier.PREMIUM
    tier_timing: bool = False
    tier_limits: bool = False
    taker_delay_ms: Millis = 0.0
    tx_delay_ms: dict[int, Millis] = {}
    tx_limits: dict[int, Annotated[int, msgspec.Meta(ge=0)]] = {}
    volume_quota: Annotated[int, msgspec.Meta(ge=0)] | None = None
    free_tx_every_s: Annotated[float, msgspec.Meta(gt=0.0)] = 15.0
    predicts_execution: bool = True
    index_lag_ms: dict[Index, Millis] = {}
    stream_lag_ms: Millis = 0.0
    record_status: int | Literal["missing"] | None = 2
    next_nonce: NextNonce = NextNonce()
    clock_skew_ms: Skew = 0.0
    seed: int = 0
    levers: tuple[Lever, ...] = ()
    commands: tuple[dict[str, Any], ...] = ()


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
        "vanished_followers",
        "tier",
        "tier_timing",
        "tier_limits",
        "taker_delay_ms",
        "tx_delay_ms",
        "tx_limits",
        "volume_quota",
        "free_tx_every_s",
        "predicts_execution",
        "index_lag_ms",
        "stream_lag_ms",
        "record_status",
        "next_nonce",
        "clock_skew_ms",
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
    try:
        return msgspec.convert(raw | changes, VenueConfig, str_keys=True)
    except msgspec.ValidationError as e:
        raise ValueError(str(e)) from e
