"""
Lighter's numbers and what they mean: transaction types, order enums, limits, error codes.

Rules of this file
------------------
- One table, `VERDICTS`, turns an error code into a verdict. No branch anywhere reads message text.
- A code that the venue answers *synchronously* leaves the nonce unspent (Lighter docs, "trading");
  the only exceptions are the codes after which nobody can tell (29500, 29501).
- Sources: "docs" is apidocs.lighter.xyz, "sdk" is lighter-sdk 1.1.8, "go" is elliottech/lighter-go,
  "observed" is a recorded live frame, "inferred" is our reading.
"""

from __future__ import annotations

from enum import Enum
from enum import IntEnum
from typing import Final


class Verdict(Enum):
    """What the venue's API said of one transaction."""

    ACCEPTED = "accepted"  # code 200: the API reserved the nonce
    REFUSED = "refused"  # a definite error other than a nonce error: nonce not spent
    STALE = "stale"  # invalid nonce: not spent, and not the next
    UNKNOWN = "unknown"  # silence, disconnect, 5xx, unreadable reply: nobody knows


class TxType(IntEnum):
    """Transaction types we send or simulate (go, `constants.go`)."""

    CREATE_ORDER = 14
    CANCEL_ORDER = 15
    CANCEL_ALL_ORDERS = 16
    MODIFY_ORDER = 17
    UPDATE_LEVERAGE = 20


class OrderKind(IntEnum):
    """The `Type` field of a create-order transaction (go)."""

    LIMIT = 0
    MARKET = 1
    STOP_LOSS = 2
    STOP_LOSS_LIMIT = 3
    TAKE_PROFIT = 4
    TAKE_PROFIT_LIMIT = 5
    TWAP = 6


class OrderTif(IntEnum):
    """The `TimeInForce` field of a create-order transaction (go)."""

    IMMEDIATE_OR_CANCEL = 0
    GOOD_TILL_TIME = 1
    POST_ONLY = 2


class CancelAllTif(IntEnum):
    """The `TimeInForce` field of a cancel-all transaction (go)."""

    IMMEDIATE = 0
    SCHEDULED = 1
    ABORT = 2


class Attribute(IntEnum):
    """Keys of `L2TxAttributes` (go, `tx_attributes.go`)."""

    INTEGRATOR_ACCOUNT = 1
    INTEGRATOR_TAKER_FEE = 2
    INTEGRATOR_MAKER_FEE = 3
    SKIP_NONCE = 4
    CANCEL_ALL_MARKET = 5
    SELF_TRADE_BEHAVIOUR = 6
    SELF_TRADE_EQUALITY = 7
    ORDER_VERSION = 8


class TxStatus(IntEnum):
    """The `status` of a transaction record (docs). None of them says that the order exists."""

    FAILED = 0
    PENDING = 1
    EXECUTED = 2
    PENDING_FINAL = 3


# -- LIMITS ---------------------------------------------------------------------------------------

CODE_OK: Final = 200
MAX_ACCOUNT_INDEX: Final = 2**48 - 1  # go
ALL_API_KEYS: Final = 255  # the venue's sentinel (sdk)
MAX_API_KEY_INDEX: Final = ALL_API_KEYS - 1
MAX_NONCE: Final = 2**48 - 1  # ceiling for exact nonces (docs)
MAX_SKIP_NONCE: Final = 2**47 - 1  # ceiling with the skip-nonce attribute (docs)
MAX_CLIENT_ORDER_INDEX: Final = 2**48 - 1  # sdk validation; 0 means "none"
MAX_BASE_AMOUNT: Final = 2**48 - 1  # sdk validation
MAX_PRICE: Final = 2**32 - 1  # sdk validation
ORDER_NUMBER_BITS: Final = 48  # order_index = (market_index + 1) << 48 | n (observed)
MIN_ORDER_INDEX: Final = 1 << ORDER_NUMBER_BITS
MAX_ORDER_INDEX: Final = 2**60 - 1  # sdk validation; of new markets the venue's own lie above it
NIL_MARKET_INDEX: Final = 255  # no market, or all of them (sdk)
MAX_ATTRIBUTES: Final = 4  # of one transaction (go, `NbAttributesPerTx`)
MAX_BATCH_WS: Final = 15  # newest docs; REST takes 50
MAX_BATCH_REST: Final = 50  # text of code 21514
TX_LIFETIME_MS: Final = 599_000  # ExpiredAt = signing time + this (sdk)
AUTH_TOKEN_MAX_SECS: Final = 8 * 3600  # enforced by the server only (observed)
QUOTE_DECIMALS: Final = 6  # USDC (docs)
NEXT_NONCE_LAG_MS: Final = 350  # sdk hint; observed 350 to 600 ms after acceptance

CHAIN_IDS: Final = {"mainnet": 304, "testnet": 300, "loopback": 300}  # sdk
BASE_URLS_HTTP: Final = {
    "mainnet": "https://mainnet.zklighter.elliot.ai",
    "testnet": "https://testnet.zklighter.elliot.ai",
}
BASE_URLS_WS: Final = {
    "mainnet": "wss://mainnet.zklighter.elliot.ai/stream",
    "testnet": "wss://testnet.zklighter.elliot.ai/stream",
}


# -- ERROR CODES ----------------------------------------------------------------------------------


class Code(IntEnum):
    """Error codes this project names (docs, "data structures and errors")."""

    INVALID_PARAM = 20001  # observed
    INVALID_AUTH = 20013  # observed, HTTP 401
    ACCOUNT_NOT_FOUND = 21100
    NONCE_NOT_FOUND = 21101
    INVALID_ACCOUNT_INDEX = 21102
    INVALID_NONCE = 21104
    NONCE_NOT_INCREASING = 21105
    INVALID_PUBLIC_KEY = 21108
    API_KEY_NOT_FOUND = 21109
    INVALID_API_KEY_INDEX = 21110
    PRE_LIQUIDATION = 21111
    LIQUIDATION = 21112
    INVALID_INITIAL_MARGIN = 21113
    INVALID_SIGNATURE = 21120
    MIXED_BATCH = 21121
    TX_NOT_FOUND = 21500
    INVALID_TX_INFO = 21501
    UNSUPPORTED_TX_TYPE = 21505
    TOO_MANY_PENDING = 21506
    BATCH_LENGTH_MISMATCH = 21513
    BATCH_TOO_LARGE = 21514
    INVALID_MARKET_INDEX = 21602
    INVALID_ORDER_INDEX = 21700
    INVALID_BASE_AMOUNT = 21701
    INVALID_PRICE = 21702
    INVALID_IS_ASK = 21703
    INVALID_ORDER_TYPE = 21704
    INVALID_TIME_IN_FORCE = 21705
    INVALID_MIN_AMOUNTS = 21706
    INVALID_EXPIRY = 21711
    INVALID_CANCEL_ALL_TIF = 21713
    INVALID_CANCEL_ALL_TIME = 21714
    TOO_MANY_ORDERS = 21717
    TOO_MANY_ORDERS_IN_MARKET = 21718
    TOO_MANY_PENDING_ORDERS = 21719
    TOO_MANY_PENDING_IN_MARKET = 21720
    INVALID_CLIENT_ORDER_INDEX = 21727
    CLIENT_ORDER_INDEX_EXISTS = 21728
    NOT_ENOUGH_MARGIN = 21739
    TOO_MANY_REQUESTS = 23000
    TOO_MANY_SUBSCRIPTIONS = 23001
    TOO_MANY_ACCOUNTS = 23002
    TOO_MANY_CONNECTIONS = 23003
    NOT_FOUND = 29404
    INTERNAL_ERROR = 29500
    PROCESS_TIMEOUT = 29501
    WS_INVALID_JSON = 30000
    WS_INVALID_TYPE = 30001
    WS_NOT_SUBSCRIBED = 30002
    WS_ALREADY_SUBSCRIBED = 30003
    WS_INVALID_CHANNEL = 30005
    WS_TOO_MANY_MESSAGES = 30009
    WS_TOO_MANY_INFLIGHT = 30010


MESSAGES: Final[dict[Code, str]] = {
    Code.ACCOUNT_NOT_FOUND: "account not found",
    Code.NONCE_NOT_FOUND: "account nonce not found",
    Code.INVALID_ACCOUNT_INDEX: "invalid account index",
    Code.INVALID_NONCE: "invalid nonce",
    Code.NONCE_NOT_INCREASING: "batch transaction nonce is not increasing",
    Code.INVALID_PUBLIC_KEY: "invalid PublicKey,please run changePubKey",
    Code.API_KEY_NOT_FOUND: "api key not found",
    Code.INVALID_API_KEY_INDEX: "invalid api key index",
    Code.PRE_LIQUIDATION: (
        "account is in pre-liquidation and the transaction doesn't increase the account health"
    ),
    Code.LIQUIDATION: "account is in liquidation",
    Code.INVALID_SIGNATURE: "invalid signature",
    Code.MIXED_BATCH: "all transactions in the batch must have use same account and apikey",
    Code.TX_NOT_FOUND: "transaction not found",
    Code.INVALID_TX_INFO: "invalid tx info",
    Code.UNSUPPORTED_TX_TYPE: "unsupported tx type",
    Code.TOO_MANY_PENDING: "too many pending txs. Please try again later",
    Code.BATCH_LENGTH_MISMATCH: "TxInfos and TxTypes should have the same length",
    Code.BATCH_TOO_LARGE: "maximum 50 transactions allowed per batch",
    Code.INVALID_INITIAL_MARGIN: "invalid initial margin fraction",
    Code.INVALID_MARKET_INDEX: "invalid market index",
    Code.INVALID_ORDER_INDEX: "invalid order index",
    Code.INVALID_BASE_AMOUNT: "invalid base amount",
    Code.INVALID_PRICE: "invalid price",
    Code.INVALID_IS_ASK: "invalid isAsk",
    Code.INVALID_ORDER_TYPE: "invalid OrderType",
    Code.INVALID_TIME_IN_FORCE: "invalid OrderTimeInForce",
    Code.INVALID_MIN_AMOUNTS: "invalid order base or quote amount",
    Code.INVALID_EXPIRY: "invalid expiry",
    Code.INVALID_CANCEL_ALL_TIF: "invalid cancel all time in force",
    Code.INVALID_CANCEL_ALL_TIME: "invalid cancel all time",
    Code.TOO_MANY_ORDERS: "maximum active limit order count reached",
    Code.TOO_MANY_ORDERS_IN_MARKET: "maximum active limit order count reached per market",
    Code.TOO_MANY_PENDING_ORDERS: "maximum pending order count reached",
    Code.TOO_MANY_PENDING_IN_MARKET: "maximum pending order count reached per market",
    Code.INVALID_CLIENT_ORDER_INDEX: "invalid client order index",
    Code.CLIENT_ORDER_INDEX_EXISTS: "client order index already exists",
    Code.NOT_ENOUGH_MARGIN: "not enough margin to create the order",
    Code.TOO_MANY_REQUESTS: "Too Many Requests!",
    Code.NOT_FOUND: "not found",
    Code.INTERNAL_ERROR: "internal server error",
    Code.PROCESS_TIMEOUT: "process timeout",
}
"""The venue's own texts, for the loopback venue and for our errors. Never read by a branch."""


VERDICTS: Final[dict[int, Verdict]] = {
    CODE_OK: Verdict.ACCEPTED,
    Code.INVALID_NONCE: Verdict.STALE,  # observed: HTTP 400, counter unchanged
    Code.NONCE_NOT_INCREASING: Verdict.STALE,  # docs: non-consecutive batch nonces
    Code.INTERNAL_ERROR: Verdict.UNKNOWN,  # nothing can be concluded (inferred)
    Code.PROCESS_TIMEOUT: Verdict.UNKNOWN,  # nothing can be concluded (inferred)
}
"""The exceptions. Every other error code that the venue answers is a definite refusal (docs)."""

RATE_LIMIT_CODES: Final = frozenset(
    {
        Code.TOO_MANY_REQUESTS,
        Code.TOO_MANY_PENDING,
        Code.WS_TOO_MANY_MESSAGES,
        Code.WS_TOO_MANY_INFLIGHT,
    },
)
KEY_CODES: Final = frozenset(
    {Code.ACCOUNT_NOT_FOUND, Code.INVALID_PUBLIC_KEY, Code.API_KEY_NOT_FOUND},
)
"""Refusals of the key itself: no transaction of it is taken until somebody mends that (docs)."""

ACCOUNT_CODES: Final = KEY_CODES | {
    Code.NONCE_NOT_FOUND,
    Code.INVALID_ACCOUNT_INDEX,
    Code.INVALID_API_KEY_INDEX,
    Code.PRE_LIQUIDATION,
    Code.LIQUIDATION,
    Code.INVALID_SIGNATURE,
}
"""Refusals that concern the whole account: the next transaction meets the same (docs)."""

RATE_LIMIT_STATUSES: Final = frozenset({405, 429})  # 405 is the firewall's 429 (docs)


def verdict_of(code: int) -> Verdict:
    """
    Return the verdict that a reply code stands for.

    Parameters
    ----------
    code : int
        The `code` of a success body or of an `error` object.

    Returns
    -------
    Verdict

    """
    return VERDICTS.get(code, Verdict.REFUSED)


def is_rate_limit(code: int | None, status: int | None = None) -> bool:
    """Return whether a refusal says "later", not "never"."""
    return code in RATE_LIMIT_CODES or status in RATE_LIMIT_STATUSES
