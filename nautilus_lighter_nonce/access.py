"""
Who we are at the venue and how it is reached; `Access`: whether that key opens it.

Rules
-----
- Before anything else the venue is asked for the key, and the signer is tried.
- One refused token is no trouble: another is made. If that is refused as well, the key may be gone:
  that is said at once, and the lane is halted only if the venue says so.
"""

from __future__ import annotations

import msgspec
from nautilus_trader.common.component import Logger
from nautilus_trader.model.identifiers import AccountId

from nautilus_lighter_nonce.component import LighterNonceComponent
from nautilus_lighter_nonce.config import ConfigError
from nautilus_lighter_nonce.constants import LIGHTER_VENUE
from nautilus_lighter_nonce.dispatch.dispatcher import TxDispatcher
from nautilus_lighter_nonce.lighter.auth import AuthTokens
from nautilus_lighter_nonce.lighter.codes import Code
from nautilus_lighter_nonce.lighter.connection import Dial
from nautilus_lighter_nonce.lighter.errors import LighterApiError
from nautilus_lighter_nonce.lighter.errors import LighterHttpError
from nautilus_lighter_nonce.lighter.http import LighterHttpClient
from nautilus_lighter_nonce.lighter.signer import TxSigner


class Identity(msgspec.Struct, frozen=True):
    """
    Whose orders a client sends.

    Parameters
    ----------
    account_index : int
        The account at the venue.
    api_key_index : int
        The key, 0 to 254.
    name : str, default "LIGHTER"
        The client id in Nautilus.

    """

    account_index: int
    api_key_index: int
    name: str = LIGHTER_VENUE.value

    @property
    def key(self) -> tuple[int, int]:
        """Account and key, by which the venue counts nonces."""
        return self.account_index, self.api_key_index

    @property
    def account_id(self) -> AccountId:
        """The account in Nautilus."""
        return AccountId(f"{self.name}-{self.account_index}")


class Wire(msgspec.Struct, frozen=True):
    """
    How a client reaches the venue.

    Parameters
    ----------
    http : LighterHttpClient
        The REST client.
    ws_url : str
        The stream's address.
    dial : Dial
        Makes the stream's connections.
    signer : TxSigner
        Signs for the key.

    """

    http: LighterHttpClient
    ws_url: str
    dial: Dial
    signer: TxSigner


class Access:
    """
    Checks that a key opens the venue, and goes on doing so.

    Parameters
    ----------
    wire : Wire
        How the venue is reached.
    tokens : AuthTokens
        The tokens of the key.
    component : LighterNonceComponent
        Publishes trouble, and halts the lane of a key that is gone.
    dispatcher : TxDispatcher
        Sends nothing that would be refused while there is trouble.
    key : tuple[int, int]
        (account_index, api_key_index).
    log : Logger
        The client's logger.

    """

    def __init__(
        self,
        wire: Wire,
        tokens: AuthTokens,
        component: LighterNonceComponent,
        dispatcher: TxDispatcher,
        key: tuple[int, int],
        log: Logger,
    ) -> None:
        self._http = wire.http
        self._signer = wire.signer
        self._tokens = tokens
        self._component = component
        self._dispatcher = dispatcher
        self._key = key
        self._log = log
        self._public_key = ""  # what the venue had in our slot when it was checked
        self._refused = 0  # tokens in a row

    # -- AT THE START -----------------------------------------------------------------------------

    async def check(self) -> None:
        """
        Find out whether the venue is there and knows our key.

        Raises
        ------
        ConfigError
            If no venue answers, or it has no such key.

        """
        account_index, api_key_index = self._key
        try:
            keys = await self._http.api_keys(account_index, api_key_index)
        except LighterApiError as e:
            raise self._unknown_key() from e
        except LighterHttpError as e:
            raise ConfigError(
                "base_url_http",
                repr(self._http.base_url),
                f"no Lighter venue answered there ({e}); check the address and the network",
            ) from e
        ours = [key for key in keys if key.api_key_index == api_key_index]
        if not ours:
            raise self._unknown_key()
        await self._signer.check()
        self._public_key = ours[0].public_key

    def _unknown_key(self) -> ConfigError:
        account_index, api_key_index = self._key
        return ConfigError(
            "api_key_index",
            f"{api_key_index} of account {account_index}",
            "the venue has no such key; register it, or use the account and key it belongs to",
        )

    # -- LATER ------------------------------------------------------------------------------------

    def on_connected(self) -> None:
        """A connection is open: what was refused before is over."""
        if self._refused > 1:
            self._component.trouble(*self._key, 0, "")
            self._dispatcher.on_trouble("")
        self._refused = 0

    def on_token_refused(self, code: int, message: str) -> bool:
        """Drop the token; return whether the venue should be asked now if the key is gone."""
        self._tokens.invalidate()
        self._refused += 1
        if self._refused > 1:
            self._component.trouble(*self._key, code, message)
            self._dispatcher.on_trouble(f"{code}: {message}")
        return self._refused == 2

    async def ask_for_the_key(self, code: int, message: str) -> None:
        """Tokens are refused again and again: halt with the true cause if the key is gone."""
        account_index, api_key_index = self._key
        refusal = f"{code}: {message}"
        try:
            keys = await self._http.api_keys(account_index, api_key_index)
        except LighterApiError as e:
            self._component.halt(*self._key, f"{refusal}; {e.code}: {e.message}")
        except LighterHttpError as e:
            self._log.warning(f"The venue was not asked for the key: {e}")
        else:
            if self._public_key not in [key.public_key for key in keys]:
                invalid = int(Code.INVALID_PUBLIC_KEY)
                self._component.halt(
                    *self._key,
                    f"{refusal}; {invalid}: the venue has another key in slot {api_key_index} by "
                    "now: register ours again, or use another slot",
                )
