"""
`LighterLiveExecClientFactory`: builds the execution client of a `TradingNode`.

Rule of this file: secrets come in here, go into the signer, and stay there.
"""

from __future__ import annotations

import asyncio

import msgspec
from nautilus_trader.cache.cache import Cache
from nautilus_trader.common.component import LiveClock
from nautilus_trader.common.component import MessageBus
from nautilus_trader.live.factories import LiveExecClientFactory

from nautilus_lighter_nonce.access import Identity
from nautilus_lighter_nonce.access import Wire
from nautilus_lighter_nonce.component import LighterNonceComponent
from nautilus_lighter_nonce.config import ConfigError
from nautilus_lighter_nonce.config import Credentials
from nautilus_lighter_nonce.config import LighterExecClientConfig
from nautilus_lighter_nonce.config import checked
from nautilus_lighter_nonce.config import resolve_credentials
from nautilus_lighter_nonce.dispatch.transport_http import NautilusGate
from nautilus_lighter_nonce.dispatch.transport_ws import NautilusDial
from nautilus_lighter_nonce.execution import LighterExecutionClient
from nautilus_lighter_nonce.lighter.codes import BASE_URLS_HTTP
from nautilus_lighter_nonce.lighter.codes import BASE_URLS_WS
from nautilus_lighter_nonce.lighter.codes import CHAIN_IDS
from nautilus_lighter_nonce.lighter.http import LighterHttpClient
from nautilus_lighter_nonce.lighter.signer import SdkSigner
from nautilus_lighter_nonce.providers import LighterInstrumentProvider


LOOPBACK_PORT = 9_700
"""Where the loopback venue is looked for when no address is given (our choice)."""


class LighterLiveExecClientFactory(LiveExecClientFactory):
    """Builds `LighterExecutionClient` from a `LighterExecClientConfig`."""

    # The node builder reads `factory.__name__`, and hands us an instance when the factory was
    # named in a JSON config (observed, nautilus_trader 1.231.0).
    __name__ = "LighterLiveExecClientFactory"

    @staticmethod
    def create(  # type: ignore[override]  # a factory takes its own config
        loop: asyncio.AbstractEventLoop,
        name: str,
        config: LighterExecClientConfig,
        msgbus: MessageBus,
        cache: Cache,
        clock: LiveClock,
    ) -> LighterExecutionClient:
        """
        Return a new execution client.

        Parameters
        ----------
        loop : asyncio.AbstractEventLoop
            The node's event loop.
        name : str
            The client id.
        config : LighterExecClientConfig
            The client's config; missing credentials come from environment variables.
        msgbus : MessageBus
            The node's message bus.
        cache : Cache
            The node's cache.
        clock : LiveClock
            The node's clock.

        Raises
        ------
        ConfigError
            If a value is missing or cannot work.
        PrivateKeyError
            If the private key is malformed.
        SignerMissingError
            If lighter-sdk is not installed.

        """
        config = checked(config)
        http_url, ws_url = base_urls(config)
        credentials = _credentials_of(config)
        http = _http_client_of(config, http_url)
        return LighterExecutionClient(
            loop=loop,
            msgbus=msgbus,
            cache=cache,
            clock=clock,
            provider=LighterInstrumentProvider(http, config.instrument_provider),
            component=LighterNonceComponent(
                loop, msgbus, clock, http, config.nonce, name=f"LighterNonce-{name}"
            ),
            config=msgspec.structs.replace(config, private_key=None),
            identity=Identity(credentials.account_index, credentials.api_key_index, name),
            wire=Wire(
                http,
                ws_url,
                NautilusDial(ws_url, loop),
                _signer_of(config, http_url, credentials),
            ),
        )


def base_urls(config: LighterExecClientConfig) -> tuple[str, str]:
    """
    Return the REST and WebSocket addresses of a config.

    Raises
    ------
    ConfigError
        If only one of the two is overridden with a scheme that cannot be mapped to the other.

    """
    http_url = config.base_url_http
    if http_url is None and config.environment == "loopback":
        http_url = f"http://127.0.0.1:{LOOPBACK_PORT}"
    if http_url is None:
        return BASE_URLS_HTTP[config.environment], (
            config.base_url_ws or BASE_URLS_WS[config.environment]
        )
    scheme, separator, rest = http_url.partition("://")
    if scheme not in ("http", "https") or not separator:
        raise ConfigError("base_url_http", repr(http_url), "use an http:// or https:// address")
    derived = f"ws{scheme.removeprefix('http')}://{rest.rstrip('/')}/stream"
    return http_url, config.base_url_ws or derived


def _http_client_of(config: LighterExecClientConfig, http_url: str) -> LighterHttpClient:
    return LighterHttpClient(
        http_url, NautilusGate(config.http_timeout_secs, config.rest_quota_per_min)
    )


def _signer_of(
    config: LighterExecClientConfig, http_url: str, credentials: Credentials
) -> SdkSigner:
    return SdkSigner(
        http_url,
        CHAIN_IDS[config.environment],
        credentials.account_index,
        credentials.api_key_index,
        credentials.private_key,
    )


def _credentials_of(config: LighterExecClientConfig) -> Credentials:
    if config.environment != "loopback":
        return resolve_credentials(config)
    from nautilus_lighter_nonce.loopback import keys

    return Credentials(
        keys.DEMO_ACCOUNT_INDEX if config.account_index is None else config.account_index,
        keys.DEMO_API_KEY_INDEX if config.api_key_index is None else config.api_key_index,
        config.private_key or keys.DEMO_PRIVATE_KEY,
    )
