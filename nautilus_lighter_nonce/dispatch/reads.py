"""`VenueReads`: what the dispatcher asks over REST, each with the token it needs."""

from __future__ import annotations

from collections.abc import Awaitable
from collections.abc import Callable
from typing import Any

from nautilus_lighter_nonce.lighter.http import LighterHttpClient
from nautilus_lighter_nonce.lighter.transactions import TxRecord


class VenueReads:
    """
    The dispatcher's questions, through the client's one REST gate.

    Parameters
    ----------
    http : LighterHttpClient
        The gate.
    auth_token : Callable[[], Awaitable[str]]
        Returns a token that is valid now.

    """

    def __init__(self, http: LighterHttpClient, auth_token: Callable[[], Awaitable[str]]) -> None:
        self._http = http
        self._auth_token = auth_token

    async def next_nonce(self, account_index: int, api_key_index: int) -> Any:
        """Return what `nextNonce` says."""
        return await self._http.next_nonce(account_index, api_key_index)

    async def tx_by_hash(self, tx_hash: str) -> TxRecord | None:
        """Return the record of a hash, ``None`` if the index does not know it."""
        return await self._http.tx_by_hash(tx_hash)

    async def account_txs(self, account_index: int) -> list[TxRecord]:
        """Return the newest records of the account."""
        return await self._http.account_txs(account_index, await self._auth_token())
