"""
Signing: a transaction intent and a nonce in, the venue's own JSON text and its hash out.

Rules of this file
------------------
- A signer knows nothing of nonces but the number it is given: it never asks the venue for one.
- One worker call makes one signature, off the event loop; the Go library releases the GIL.
- Every number is checked before it reaches the Go library, which takes C integers and silently
  wraps what is too large: a price of 2^32 + 5 would be signed as 5 (observed, sdk 1.1.8).
- The private key leaves this file in one direction, into the Go library. It is in no attribute of
  ours, no `repr`, no error and no log.
- `import lighter` takes about 2 s, so only a worker does it.

"""

from __future__ import annotations

import asyncio
import string
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from typing import Any
from typing import Final
from typing import Protocol

from nautilus_lighter_nonce.lighter.codes import AUTH_TOKEN_MAX_SECS
from nautilus_lighter_nonce.lighter.codes import MAX_ACCOUNT_INDEX
from nautilus_lighter_nonce.lighter.codes import MAX_API_KEY_INDEX
from nautilus_lighter_nonce.lighter.codes import MAX_BASE_AMOUNT
from nautilus_lighter_nonce.lighter.codes import MAX_CLIENT_ORDER_INDEX
from nautilus_lighter_nonce.lighter.codes import MAX_NONCE
from nautilus_lighter_nonce.lighter.codes import MAX_ORDER_INDEX
from nautilus_lighter_nonce.lighter.codes import MAX_PRICE
from nautilus_lighter_nonce.lighter.codes import NIL_MARKET_INDEX
from nautilus_lighter_nonce.lighter.codes import CancelAllTif
from nautilus_lighter_nonce.lighter.errors import PRIVATE_KEY_DIGITS
from nautilus_lighter_nonce.lighter.errors import PrivateKeyError
from nautilus_lighter_nonce.lighter.errors import SignerError
from nautilus_lighter_nonce.lighter.errors import SignerMissingError
from nautilus_lighter_nonce.lighter.errors import SignerRangeError
from nautilus_lighter_nonce.lighter.transactions import CancelAllOrders
from nautilus_lighter_nonce.lighter.transactions import CancelOrder
from nautilus_lighter_nonce.lighter.transactions import CreateOrder
from nautilus_lighter_nonce.lighter.transactions import ModifyOrder
from nautilus_lighter_nonce.lighter.transactions import SignedTx
from nautilus_lighter_nonce.lighter.transactions import TxIntent


__all__ = [
    "PrivateKeyError",
    "SdkSigner",
    "SignerError",
    "SignerMissingError",
    "SignerRangeError",
    "TxSigner",
    "validate_private_key",
]

MAX_MARKET_INDEX: Final = 2**15 - 1  # an int16 on the wire (go)
MAX_INT64: Final = 2**63 - 1  # a Unix time in milliseconds is a C long long (sdk)


def validate_private_key(text: str, field: str = "private_key") -> str:
    """
    Return an API private key without surrounding space and ``0x``.

    Parameters
    ----------
    text : str
        80 hex digits, with or without ``0x``.
    field : str, default "private_key"
        Where the text came from, for the error.

    Returns
    -------
    str

    Raises
    ------
    PrivateKeyError
        If it is anything else. The error never carries the text.

    """
    digits = text.strip().removeprefix("0x")
    is_hex = bool(digits) and all(digit in string.hexdigits for digit in digits)
    if not is_hex or len(digits) != PRIVATE_KEY_DIGITS:
        raise PrivateKeyError(field, len(digits), is_hex)
    return digits


# -- PROTOCOL -------------------------------------------------------------------------------------


class TxSigner(Protocol):
    """Whatever can sign for one key."""

    async def sign(self, intent: TxIntent, nonce: int) -> SignedTx:
        """Return the intent signed with the nonce."""

    async def auth_token(self, lifetime_secs: int) -> str:
        """Return a token for private channels and endpoints."""

    async def check(self) -> None:
        """Raise unless the venue knows the key."""

    def close(self) -> None:
        """Release the workers."""


# -- LIGHTER-SDK ----------------------------------------------------------------------------------


class SdkSigner:
    """
    The signer of the official lighter-sdk, in worker threads.

    Parameters
    ----------
    base_url : str
        The REST address; only `check` connects to it.
    chain_id : int
        The venue's chain, as in `codes.CHAIN_IDS`; a wrong one makes every signature invalid.
    account_index : int
        The account, 0 to 2^48 - 1.
    api_key_index : int
        The key's slot, 0 to 254.
    private_key : str
        80 hex digits, with or without ``0x``.
    workers : int, default 2
        Threads. One makes about 2,900 signatures per second, two about 5,300 (measured on two
        cores); more threads than cores gain nothing.

    Raises
    ------
    PrivateKeyError
        If the key is malformed.
    SignerMissingError
        If lighter-sdk is not installed.
    SignerRangeError
        If an index is out of range.

    Notes
    -----
    The Go library keeps one client per (account, slot) and process: a second signer for the same
    key replaces the first one's private key.

    """

    def __init__(
        self,
        base_url: str,
        chain_id: int,
        account_index: int,
        api_key_index: int,
        private_key: str,
        workers: int = 2,
    ) -> None:
        _check("account_index", account_index, 0, MAX_ACCOUNT_INDEX)
        _check("api_key_index", api_key_index, 0, MAX_API_KEY_INDEX)
        _check("workers", workers, 1, 64)
        key = validate_private_key(private_key)
        if find_spec("lighter") is None:
            raise SignerMissingError
        self._account_index = account_index
        self._api_key_index = api_key_index
        self._is_closed = False
        self._workers = ThreadPoolExecutor(workers, thread_name_prefix="lighter-signer")
        self._client: Future[Any] = self._workers.submit(
            _open_client, base_url, chain_id, account_index, api_key_index, key
        )

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(account_index={self._account_index}, "
            f"api_key_index={self._api_key_index})"
        )

    async def sign(self, intent: TxIntent, nonce: int) -> SignedTx:
        """
        Return the intent signed with the nonce.

        Parameters
        ----------
        intent : TxIntent
            What to do, in venue units.
        nonce : int
            0 to 2^48 - 1.

        Returns
        -------
        SignedTx
            Valid for 599 seconds from now (sdk).

        Raises
        ------
        SignerRangeError
            If a number does not fit; nothing was signed.
        SignerError
            If the signer refuses the intent, or is closed.

        """
        _check("nonce", nonce, 0, MAX_NONCE)
        _check_intent(intent)
        return await self._run(f"sign {type(intent).__name__}", self._sign, intent, nonce)

    async def auth_token(self, lifetime_secs: int) -> str:
        """
        Return a token for private channels and endpoints.

        Parameters
        ----------
        lifetime_secs : int
            Seconds from now, 1 to 28,800: the venue refuses longer ones, the signer would not.

        Returns
        -------
        str

        Raises
        ------
        SignerError
            If the lifetime is out of range, or the signer refuses or is closed.

        """
        _check("lifetime_secs", lifetime_secs, 1, AUTH_TOKEN_MAX_SECS)
        return await self._run("create an auth token", self._auth_token, lifetime_secs)

    async def check(self) -> None:
        """
        Raise unless the venue has our key in this slot. Asks the venue, off the event loop.

        Raises
        ------
        SignerError
            If the venue has another key there, or none, or could not be asked. The signer tells
            these apart by text only; ask `LighterHttpClient.api_keys` first to know which.

        """
        await self._run("check the API key", self._check_client)

    def close(self) -> None:
        """Let the calls made so far finish, refuse new ones."""
        self._is_closed = True
        self._workers.shutdown(wait=False)

    async def _run[T](self, operation: str, call: Callable[..., T], *args: Any) -> T:
        if self._is_closed:
            raise SignerError(operation, "the signer is closed")
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._workers, call, operation, *args)

    # -- IN A WORKER ------------------------------------------------------------------------------

    def _sign(self, operation: str, intent: TxIntent, nonce: int) -> SignedTx:
        tx_type, tx_info, tx_hash, error = _call_sdk(
            self._client.result(), intent, {"nonce": nonce, "api_key_index": self._api_key_index}
        )
        if error is not None:
            raise SignerError(operation, error)
        return SignedTx(tx_type=tx_type, tx_info=tx_info, tx_hash=tx_hash, nonce=nonce)

    def _auth_token(self, operation: str, lifetime_secs: int) -> str:
        token, error = self._client.result().create_auth_token_with_expiry(
            lifetime_secs, api_key_index=self._api_key_index
        )
        if error is not None:
            raise SignerError(operation, error)
        return str(token)

    def _check_client(self, operation: str) -> None:
        error = self._client.result().check_client()
        if error is not None:
            raise SignerError(operation, error, _remedy(self._account_index, self._api_key_index))


def _open_client(
    base_url: str, chain_id: int, account_index: int, api_key_index: int, key: str
) -> Any:
    return asyncio.run(_new_sdk_client(base_url, chain_id, account_index, api_key_index, key))


async def _new_sdk_client(
    base_url: str, chain_id: int, account_index: int, api_key_index: int, key: str
) -> Any:
    # The SDK opens an HTTP session of its own, which needs a running loop and is never used by the
    # signing calls: this coroutine is that loop's whole life, and closes the session again.
    from lighter.signer_client import SignerClient

    try:
        client: Any = SignerClient(
            url=base_url,
            account_index=account_index,
            api_private_keys={api_key_index: key},
            chain_id=chain_id,
        )
    except Exception as error:  # noqa: BLE001  the SDK raises the bare class for a Go error
        text = str(error).replace(key, "***")
        raise SignerError("open", text, _remedy(account_index, api_key_index)) from None
    client.api_key_dict = dict.fromkeys(client.api_key_dict, "")  # the Go library has it now
    await client.close()
    return client


def _remedy(account_index: int, api_key_index: int) -> str:
    return (
        f"check that account {account_index} has this key registered in slot {api_key_index} "
        "and that the network is the one it was registered on"
    )


# -- INTENTS --------------------------------------------------------------------------------------


def _call_sdk(client: Any, intent: TxIntent, key: dict[str, int]) -> Any:
    match intent:
        case CreateOrder():
            return client.sign_create_order(
                intent.market_index,
                intent.client_order_index,
                intent.base_amount,
                intent.price,
                intent.is_ask,
                intent.order_type,
                intent.time_in_force,
                intent.reduce_only,
                intent.trigger_price,
                intent.order_expiry,
                **key,
            )
        case CancelOrder():
            return client.sign_cancel_order(intent.market_index, intent.order_index, **key)
        case CancelAllOrders():
            market = NIL_MARKET_INDEX if intent.market_index is None else intent.market_index
            return client.sign_cancel_all_orders(CancelAllTif.IMMEDIATE, 0, market, **key)
        case ModifyOrder():
            return client.sign_modify_order(
                intent.market_index,
                intent.order_index,
                intent.base_amount,
                intent.price,
                intent.trigger_price,
                **key,
            )


def _check(field: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise SignerRangeError(field, value, low, high)


def _check_intent(intent: TxIntent) -> None:
    if intent.market_index is not None:
        _check("market_index", intent.market_index, 0, MAX_MARKET_INDEX)
    match intent:
        case CreateOrder():
            _check("client_order_index", intent.client_order_index, 0, MAX_CLIENT_ORDER_INDEX)
            _check("order_type", intent.order_type, 0, 6)
            _check("time_in_force", intent.time_in_force, 0, 2)
            _check("order_expiry", intent.order_expiry, -1, MAX_INT64)
            _check_amounts(intent)
        case ModifyOrder():
            _check("order_index", intent.order_index, 1, MAX_ORDER_INDEX)
            _check_amounts(intent)
        case CancelOrder():
            _check("order_index", intent.order_index, 1, MAX_ORDER_INDEX)
        case CancelAllOrders():
            pass


def _check_amounts(intent: CreateOrder | ModifyOrder) -> None:
    _check("base_amount", intent.base_amount, 0, MAX_BASE_AMOUNT)
    _check("price", intent.price, 1, MAX_PRICE)
    _check("trigger_price", intent.trigger_price, 0, MAX_PRICE)
