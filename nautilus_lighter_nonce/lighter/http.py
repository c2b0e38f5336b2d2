"""
Lighter's REST API: one method per endpoint, wire structs out, typed errors only.

Rules of this file
------------------
- It asks, and turns pages. It never retries, caches or decides what a fault means for a nonce;
  every error carries the verdict that its fields prove, and the caller decides.
- How a request travels, and which error an answer is, belongs in `rest_transport`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from typing import Final

import msgspec

from nautilus_lighter_nonce.lighter.codes import ALL_API_KEYS
from nautilus_lighter_nonce.lighter.codes import Code
from nautilus_lighter_nonce.lighter.errors import LighterApiError
from nautilus_lighter_nonce.lighter.rest_transport import RestGate
from nautilus_lighter_nonce.lighter.rest_transport import RestTransport
from nautilus_lighter_nonce.lighter.schemas import AccountDetail
from nautilus_lighter_nonce.lighter.schemas import AccountReply
from nautilus_lighter_nonce.lighter.schemas import ApiKey
from nautilus_lighter_nonce.lighter.schemas import ApiKeysReply
from nautilus_lighter_nonce.lighter.schemas import NextNonce
from nautilus_lighter_nonce.lighter.schemas import Order
from nautilus_lighter_nonce.lighter.schemas import OrderBookDetail
from nautilus_lighter_nonce.lighter.schemas import OrderBookDetails
from nautilus_lighter_nonce.lighter.schemas import OrdersPage
from nautilus_lighter_nonce.lighter.schemas import Trade
from nautilus_lighter_nonce.lighter.schemas import TradesPage
from nautilus_lighter_nonce.lighter.schemas import to_unix_ns
from nautilus_lighter_nonce.lighter.transactions import SendTxBatchReply
from nautilus_lighter_nonce.lighter.transactions import SendTxReply
from nautilus_lighter_nonce.lighter.transactions import TxRecord
from nautilus_lighter_nonce.lighter.transactions import TxReply
from nautilus_lighter_nonce.lighter.transactions import TxsPage


PAGE_LIMIT: Final = 100  # most rows per page (docs)
MAX_ORDER_PAGES: Final = 10  # the venue keeps about 1,000 inactive orders (observed)
MAX_TRADE_PAGES: Final = 30  # the venue keeps 3,000 trades per account (docs)


class LighterHttpClient:
    """
    Lighter's REST API, asked through one gate.

    Parameters
    ----------
    base_url : str
        Scheme and host, such as ``https://testnet.zklighter.elliot.ai``.
    gate : RestGate
        Carries every request, such as `dispatch.transport_http.NautilusGate`; whoever shares a
        limit shares it. Deadline and quotas are its own.

    """

    def __init__(self, base_url: str, gate: RestGate) -> None:
        self._rest = RestTransport(base_url, gate)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(base_url={self.base_url!r})"

    @property
    def base_url(self) -> str:
        """Scheme and host, without a trailing slash."""
        return self._rest.base_url

    def on_token_refused(self, handler: Callable[[str], None]) -> None:
        """Call a handler with every token that a read offered in vain: never offer it again."""
        self._rest.on_token_refused = handler

    # -- NONCES AND KEYS --------------------------------------------------------------------------

    async def next_nonce(self, account_index: int, api_key_index: int) -> Any:
        """
        Return the key's executed counter, which lags behind acceptance by 350 ms or more (docs).

        Parameters
        ----------
        account_index : int
            The account.
        api_key_index : int
            The key's slot, 0 to 254.

        Returns
        -------
        Any
            What stood there; the lane weighs it.

        Raises
        ------
        LighterHttpError
            If there was no good answer.

        """
        params = {"account_index": account_index, "api_key_index": api_key_index}
        return (await self._rest.get("nextNonce", NextNonce, params)).nonce

    async def api_keys(
        self,
        account_index: int,
        api_key_index: int = ALL_API_KEYS,
    ) -> list[ApiKey]:
        """
        Return the account's registered keys, or the one in the given slot.

        Raises
        ------
        LighterHttpError
            If there was no good answer; an unknown key is a `LighterApiError`.

        """
        params = {"account_index": account_index, "api_key_index": api_key_index}
        return (await self._rest.get("apikeys", ApiKeysReply, params)).api_keys

    # -- MARKETS AND ACCOUNT ----------------------------------------------------------------------

    async def order_book_details(self) -> list[OrderBookDetail]:
        """
        Return all perpetual markets, active or not.

        Raises
        ------
        LighterHttpError
            If there was no good answer.

        """
        reply = await self._rest.get("orderBookDetails", OrderBookDetails, {"filter": "perp"})
        return reply.order_book_details

    async def account(self, account_index: int) -> AccountDetail:
        """
        Return the account's collateral, assets and positions, about a second old (observed).

        Raises
        ------
        LighterApiError
            If the venue does not know the account; code 21100 also stands for an empty answer.
        LighterHttpError
            If there was no good answer.

        """
        params = {"by": "index", "value": account_index}
        reply = await self._rest.get("account", AccountReply, params)
        if not reply.accounts:
            raise LighterApiError("account", 200, Code.ACCOUNT_NOT_FOUND, "no account in the reply")
        return reply.accounts[0]

    # -- ORDERS AND TRADES ------------------------------------------------------------------------

    async def active_orders(
        self,
        account_index: int,
        auth: str,
        market_id: int | None = None,
    ) -> list[Order]:
        """
        Return the account's open and pending orders.

        Parameters
        ----------
        account_index : int
            The account.
        auth : str
            An auth token.
        market_id : int, optional
            Only this market. Older servers insist on it (observed).

        Returns
        -------
        list[Order]

        Raises
        ------
        LighterHttpError
            If there was no good answer.

        """
        params = {"account_index": account_index, "market_id": market_id}
        return (await self._rest.get("accountActiveOrders", OrdersPage, params, auth)).orders

    async def inactive_orders(
        self,
        account_index: int,
        auth: str,
        *,
        limit: int = PAGE_LIMIT,
        max_pages: int = MAX_ORDER_PAGES,
        market_id: int | None = None,
        between: tuple[int, int] | None = None,
    ) -> list[Order]:
        """
        Return the account's terminal orders, newest first, page after page.

        Parameters
        ----------
        account_index : int
            The account.
        auth : str
            An auth token.
        limit : int, default 100
            Rows per page, 1 to 100.
        max_pages : int, default 10
            Most pages to ask for; what lies beyond is left out.
        market_id : int, optional
            Only this market.
        between : tuple[int, int], optional
            First and last time in Unix **seconds** (observed).

        Returns
        -------
        list[Order]

        Raises
        ------
        LighterHttpError
            If any page had no good answer: half a list is no list.

        """
        params = {
            "account_index": account_index,
            "limit": limit,
            "market_id": market_id,
            "between_timestamps": None if between is None else f"{between[0]}-{between[1]}",
        }
        pages = _Pages(max_pages)
        orders: list[Order] = []
        while pages.more:
            page = await self._rest.get(
                "accountInactiveOrders",
                OrdersPage,
                params | pages.params,
                auth,
            )
            orders.extend(page.orders)
            pages.turn(page.next_cursor)
        return orders

    async def trades(
        self,
        account_index: int,
        auth: str,
        *,
        market_id: int | None = None,
        order_index: int | None = None,
        since_ns: int | None = None,
        limit: int = PAGE_LIMIT,
        max_pages: int = MAX_TRADE_PAGES,
    ) -> list[Trade]:
        """
        Return the account's trades, newest first, page after page.

        Parameters
        ----------
        account_index : int
            The account.
        auth : str
            An auth token.
        market_id : int, optional
            Only this market.
        order_index : int, optional
            Only trades of this order (the venue's index).
        since_ns : int, optional
            Only trades at or after this Unix time in nanoseconds; pages beyond are not asked for.
        limit : int, default 100
            Rows per page, 1 to 100.
        max_pages : int, default 30
            Most pages to ask for; the venue keeps 3,000 trades (docs).

        Returns
        -------
        list[Trade]

        Raises
        ------
        LighterHttpError
            If any page had no good answer.

        """
        params = {
            "account_index": account_index,
            "market_id": market_id,
            "order_index": order_index,
            "sort_by": "timestamp",
            "sort_dir": "desc",
            "limit": limit,
        }
        since_ns = since_ns or 0
        pages = _Pages(max_pages)
        trades: list[Trade] = []
        while pages.more:
            page = await self._rest.get("trades", TradesPage, params | pages.params, auth)
            recent = [trade for trade in page.trades if to_unix_ns(trade.timestamp) >= since_ns]
            trades.extend(recent)
            pages.turn(page.next_cursor if len(recent) == len(page.trades) else "")
        return trades

    # -- TRANSACTIONS -----------------------------------------------------------------------------

    async def tx_by_hash(self, tx_hash: str) -> TxRecord | None:
        """
        Return the record of a transaction, or ``None`` if the venue does not know the hash.

        Parameters
        ----------
        tx_hash : str
            80 hex digits.

        Returns
        -------
        TxRecord or ``None``

        Raises
        ------
        LighterHttpError
            If there was no good answer. Not knowing is an answer, silence is not.

        """
        try:
            return await self._rest.get("tx", TxReply, {"by": "hash", "value": tx_hash})
        except LighterApiError as error:
            if error.code != Code.TX_NOT_FOUND:
                raise
            return None

    async def account_txs(
        self, account_index: int, auth: str, limit: int = PAGE_LIMIT
    ) -> list[TxRecord]:
        """
        Return the newest records of an account's transactions, of all its keys.

        Parameters
        ----------
        account_index : int
            The account.
        auth : str
            An auth token.
        limit : int, default 100
            Rows, 1 to 100.

        Raises
        ------
        LighterHttpError
            If there was no good answer.

        """
        params = {"by": "account_index", "value": account_index, "limit": limit}
        return (await self._rest.get("accountTxs", TxsPage, params, auth)).txs

    async def send_tx(self, tx_type: int, tx_info: str) -> SendTxReply:
        """
        Post one signed transaction; a return is the verdict `ACCEPTED`.

        Parameters
        ----------
        tx_type : int
            A `TxType`.
        tx_info : str
            The signer's JSON text, sent verbatim.

        Returns
        -------
        SendTxReply

        Raises
        ------
        LighterHttpError
            With the verdict of the transaction in `verdict`.

        """
        form = {"tx_type": tx_type, "tx_info": tx_info}
        return await self._rest.post("sendTx", SendTxReply, form)

    async def send_tx_batch(self, tx_types: list[int], tx_infos: list[str]) -> SendTxBatchReply:
        """
        Post several signed transactions of one key with consecutive nonces, 1 to 50 (docs).

        Parameters
        ----------
        tx_types : list[int]
            A `TxType` each.
        tx_infos : list[str]
            The signer's JSON texts, in nonce order.

        Returns
        -------
        SendTxBatchReply
            One code for all; hashes in input order.

        Raises
        ------
        LighterHttpError
            With the verdict of all of them in `verdict`: the API admits all or none (docs).

        """
        form = {
            "tx_types": msgspec.json.encode(tx_types).decode(),
            "tx_infos": msgspec.json.encode(tx_infos).decode(),
        }
        return await self._rest.post("sendTxBatch", SendTxBatchReply, form)


class _Pages:
    """Turns pages until the end, the bound, or a cursor that comes a second time (observed)."""

    def __init__(self, max_pages: int) -> None:
        self._left = max_pages
        self._cursor = ""
        self._seen: set[str] = set()

    @property
    def more(self) -> bool:
        return self._left > 0

    @property
    def params(self) -> dict[str, Any]:
        return {"cursor": self._cursor} if self._cursor else {}

    def turn(self, next_cursor: str) -> None:
        over = not next_cursor or next_cursor in self._seen
        self._left = 0 if over else self._left - 1
        self._seen.add(next_cursor)
        self._cursor = next_cursor
