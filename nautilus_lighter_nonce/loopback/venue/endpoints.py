"""
The reads that are a query, by name: the query, and whether it wants a token (observed and docs).

`nextNonce` and `tx` are not among them: what they answer may be bent, and `wire.rest` asks
`Engine.next_nonce` and `queries.tx` for it.
"""

from __future__ import annotations

from typing import Final

from nautilus_lighter_nonce.loopback.venue import queries
from nautilus_lighter_nonce.loopback.venue import queries_markets
from nautilus_lighter_nonce.loopback.venue.params import Query


QUERIES: Final[dict[str, tuple[Query, bool]]] = {
    "status": (queries_markets.status, False),
    "systemConfig": (queries_markets.system_config, False),
    "exchangeStats": (queries_markets.exchange_stats, False),
    "assetDetails": (queries_markets.asset_details, False),
    "orderBooks": (queries_markets.order_books, False),
    "orderBookDetails": (queries_markets.order_book_details, False),
    "orderBookOrders": (queries_markets.order_book_orders, False),
    "recentTrades": (queries_markets.recent_trades, False),
    "candles": (queries_markets.candles, False),
    "fundings": (queries_markets.fundings, False),
    "funding-rates": (queries_markets.funding_rates, False),
    "account": (queries.account, False),
    "accountsByL1Address": (queries.accounts_by_address, False),
    "accountLimits": (queries.account_limits, True),
    "apikeys": (queries.api_keys, False),
    "getMakerOnlyApiKeys": (queries.maker_only_keys, True),
    "accountActiveOrders": (queries.active_orders, True),
    "accountInactiveOrders": (queries.inactive_orders, True),
    "accountOrders": (queries.account_orders, True),
    "trades": (queries.trades, False),
    "accountTxs": (queries.account_txs, True),
}
