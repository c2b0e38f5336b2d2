"""
Configuration: of the nonce component, and of the execution client.

Rules
-----
- `LighterNonceConfig` is handed to a Nautilus component, which publishes it in clear on the message
  bus at every state change: it must never have a secret field.
- `LighterExecClientConfig` may hold the private key, so it is *never* handed to a Nautilus
  component; its `repr` hides the key.
- Values are checked when a config is built, by hand or from JSON, and once more with their types
  by the factory (`checked`), because building a Nautilus config by hand does not check types.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from enum import Enum
from typing import Any

import msgspec
from nautilus_trader.common.config import InstrumentProviderConfig
from nautilus_trader.common.config import NautilusConfig
from nautilus_trader.live.config import LiveExecClientConfig

from nautilus_lighter_nonce.core.manager import DEFAULT_SKIP_WINDOW
from nautilus_lighter_nonce.core.manager import MAX_API_KEY_INDEX
from nautilus_lighter_nonce.lighter.codes import NEXT_NONCE_LAG_MS


ENVIRONMENTS = ("mainnet", "testnet", "loopback")


class ConfigError(ValueError):
    """
    A configuration value that cannot work.

    Parameters
    ----------
    field : str
        The field's name.
    value : str
        What it was; never a secret.
    remedy : str
        What to write instead.

    """

    def __init__(self, field: str, value: str, remedy: str) -> None:
        super().__init__(field, value, remedy)
        self.field = field
        self.value = value
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.field} was {self.value}; {self.remedy}"


def _at_least(field: str, value: Any, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ConfigError(field, repr(value), f"use a whole number of {least} or more")
    if value < least:
        raise ConfigError(field, repr(value), f"use {least} or more")


def _check_account_index(value: Any) -> None:
    _at_least("account_index", value, 0)


def _check_api_key_index(value: Any) -> None:
    _at_least("api_key_index", value, 0)
    if value > MAX_API_KEY_INDEX:
        raise ConfigError("api_key_index", repr(value), f"use 0 to {MAX_API_KEY_INDEX}")


_POSITIVE_MS = (
    "reply_timeout_ms",
    "refresh_retry_ms",
    "degrade_after_ms",
    "queue_timeout_ms",
    "stop_timeout_ms",
)


class ForeignWriterReaction(Enum):
    """What to do when somebody else spends nonces of our key."""

    FOLLOW = "follow"
    HALT = "halt"


class LighterNonceConfig(NautilusConfig, frozen=True):
    """
    Configuration of the nonce component and of the dispatcher that works with it.

    Parameters
    ----------
    keys : tuple[tuple[int, int], ...], default ()
        Keys to seed at connect, as (account_index, api_key_index). The factory of our own client
        adds its key by itself.
    skip_window : int, default 16
        Unacknowledged nonces per key before issuing stops, 1 or more.
    max_in_flight : int, optional
        Transactions without a verdict per key, 1 to `skip_window` (default). 1 means reply before
        next send, which a client that submits over REST must use.
    settle_ms : int, default 350
        How long `nextNonce` may lag behind acceptance (lighter-sdk names 350 ms).
    disbelief_ms : int, default 2000
        How long a `nextNonce` below what the verdicts prove is doubted.
    reply_timeout_ms : int, default 1500
        Silence after which the verdict on a sent transaction is unknown.
    refresh_retry_ms : int, default 250
        First pause after a `nextNonce` that was not answered; doubles up to 10 s.
    degrade_after_ms : int, default 2000
        Frozen time after which the component degrades.
    resend : bool, default True
        Whether a transaction that was doomed by a nonce is signed and sent again.
    resend_max_age_ms : int or None, default 4000
        Age, since the command, above which it is not wanted any more; ``None`` keeps it for as
        long as it takes.
    queue_timeout_ms : int, default 5000
        How long a command may wait for a slot before it is given up unsent.
    stop_timeout_ms : int, default 2000
        How long a client that stops goes on ending doubts by spending their nonces.
    on_foreign_writer : ForeignWriterReaction, default "follow"
        Whether to go on from the foreign nonce, or to halt the lane.

    """

    keys: tuple[tuple[int, int], ...] = ()
    skip_window: int = DEFAULT_SKIP_WINDOW
    max_in_flight: int | None = None
    settle_ms: int = NEXT_NONCE_LAG_MS
    disbelief_ms: int = 2_000
    reply_timeout_ms: int = 1_500
    refresh_retry_ms: int = 250
    degrade_after_ms: int = 2_000
    resend: bool = True
    resend_max_age_ms: int | None = 4_000
    queue_timeout_ms: int = 5_000
    stop_timeout_ms: int = 2_000
    on_foreign_writer: ForeignWriterReaction = ForeignWriterReaction.FOLLOW

    def __post_init__(self) -> None:
        _at_least("skip_window", self.skip_window, 1)
        if self.max_in_flight is not None and not 1 <= self.max_in_flight <= self.skip_window:
            raise ConfigError(
                "max_in_flight",
                repr(self.max_in_flight),
                f"use 1 to skip_window ({self.skip_window})",
            )
        for field in ("settle_ms", "disbelief_ms"):
            _at_least(field, getattr(self, field), 0)
        for field in _POSITIVE_MS:
            _at_least(field, getattr(self, field), 1)
        if self.resend_max_age_ms is not None:
            _at_least("resend_max_age_ms", self.resend_max_age_ms, 1)
        for account_index, api_key_index in self.keys:
            _check_account_index(account_index)
            _check_api_key_index(api_key_index)


class LighterExecClientConfig(LiveExecClientConfig, frozen=True):
    """
    Configuration of `LighterExecutionClient`.

    Parameters
    ----------
    environment : str, default "mainnet"
        "mainnet", "testnet" or "loopback".
    account_index : int, optional
        The Lighter account; missing, it comes from ``LIGHTER_ACCOUNT_INDEX``
        (``LIGHTER_TESTNET_ACCOUNT_INDEX`` on testnet).
    api_key_index : int, optional
        The API key, 0 to 254; 0 to 3 belong to Lighter's own front ends. Missing, it comes from
        ``LIGHTER_API_KEY_INDEX`` (``LIGHTER_TESTNET_API_KEY_INDEX``).
    private_key : str, optional
        The API key's private key, 80 hex digits. Better left to ``LIGHTER_API_SECRET``
        (``LIGHTER_TESTNET_API_SECRET``). Never logged, published or shown.
    base_url_http : str, optional
        Overrides the environment's REST address.
    base_url_ws : str, optional
        Overrides the environment's WebSocket address.
    http_timeout_secs : int, default 10
        Patience with a REST request, seconds.
    market_order_slippage_bps : int, default 50
        How far from the touch a market order may fill, basis points, 1 to 10,000.
    rest_quota_per_min : int, optional
        REST reads per minute, to stay inside the account's tier.
    sendtx_quota_per_min : int, optional
        Transactions per minute, to stay inside the account's tier.
    nonce : LighterNonceConfig, optional
        The nonce lanes.
    instrument_provider : InstrumentProviderConfig, optional
        Which instruments to load at connect (default all active perpetuals: without its instrument
        an order is denied, and about 230 markets come in one request).

    """

    environment: str = "mainnet"
    account_index: int | None = None
    api_key_index: int | None = None
    private_key: str | None = None
    base_url_http: str | None = None
    base_url_ws: str | None = None
    http_timeout_secs: int = 10
    market_order_slippage_bps: int = 50
    rest_quota_per_min: int | None = None
    sendtx_quota_per_min: int | None = None
    nonce: LighterNonceConfig = LighterNonceConfig()
    instrument_provider: InstrumentProviderConfig = InstrumentProviderConfig(load_all=True)

    def __post_init__(self) -> None:
        if self.environment not in ENVIRONMENTS:
            raise ConfigError("environment", repr(self.environment), f"use one of {ENVIRONMENTS}")
        if self.account_index is not None:
            _check_account_index(self.account_index)
        if self.api_key_index is not None:
            _check_api_key_index(self.api_key_index)
        _at_least("http_timeout_secs", self.http_timeout_secs, 1)
        if not 1 <= self.market_order_slippage_bps <= 10_000:
            raise ConfigError(
                "market_order_slippage_bps",
                repr(self.market_order_slippage_bps),
                "use 1 to 10000 basis points",
            )
        for field in ("rest_quota_per_min", "sendtx_quota_per_min"):
            if getattr(self, field) is not None:
                _at_least(field, getattr(self, field), 1)

    def __repr__(self) -> str:
        shown = (
            f"{f}={'***' if f == 'private_key' and getattr(self, f) else repr(getattr(self, f))}"
            for f in self.__struct_fields__
        )
        return f"{type(self).__name__}({', '.join(shown)})"

    __str__ = __repr__

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        shown = msgspec.structs.replace(self, private_key="***" if self.private_key else None)
        return [(field, getattr(shown, field)) for field in self.__struct_fields__]


class Credentials:
    """
    The identity of one client: account, key, and the private key, which is never shown.

    Parameters
    ----------
    account_index : int
        The Lighter account.
    api_key_index : int
        The API key, 0 to 254.
    private_key : str
        80 hex digits.

    """

    __slots__ = ("account_index", "api_key_index", "private_key")

    def __init__(self, account_index: int, api_key_index: int, private_key: str) -> None:
        self.account_index = account_index
        self.api_key_index = api_key_index
        self.private_key = private_key

    def __repr__(self) -> str:
        return (
            f"Credentials(account_index={self.account_index}, api_key_index={self.api_key_index})"
        )


def resolve_credentials(
    config: LighterExecClientConfig,
    environ: Mapping[str, str] | None = None,
) -> Credentials:
    """
    Return the credentials of a config, missing values taken from the environment.

    Parameters
    ----------
    config : LighterExecClientConfig
        The client's config; its environment must not be "loopback" unless it names all three.
    environ : Mapping[str, str], optional
        The environment variables (default `os.environ`).

    Raises
    ------
    ConfigError
        If a value is missing or malformed; a private key is never quoted. Its form is the signer's
        to check.

    """
    environ = os.environ if environ is None else environ
    prefix = "LIGHTER_TESTNET_" if config.environment == "testnet" else "LIGHTER_"
    account_index = config.account_index
    if account_index is None:
        account_index = _int_variable(environ, f"{prefix}ACCOUNT_INDEX", "account_index")
        _check_account_index(account_index)
    api_key_index = config.api_key_index
    if api_key_index is None:
        api_key_index = _int_variable(environ, f"{prefix}API_KEY_INDEX", "api_key_index")
        _check_api_key_index(api_key_index)
    variable = f"{prefix}API_SECRET"
    private_key = config.private_key or environ.get(variable, "")
    if not private_key:
        raise ConfigError("private_key", "missing", f"set it, or set {variable}")
    return Credentials(account_index, api_key_index, private_key)


def checked[ConfigT: NautilusConfig](config: ConfigT) -> ConfigT:
    """
    Return the config with all types checked, as if it had been read from JSON.

    Raises
    ------
    msgspec.ValidationError
        If a field has the wrong type or value; the text names the field, never a secret.

    """
    return type(config).parse(config.json())  # type: ignore[no-any-return]


def _int_variable(environ: Mapping[str, str], variable: str, field: str) -> int:
    text = environ.get(variable)
    if not text:
        raise ConfigError(field, "missing", f"set it, or set {variable}")
    try:
        return int(text)
    except ValueError:
        raise ConfigError(field, repr(text), f"set {variable} to a whole number") from None
