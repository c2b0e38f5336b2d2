"""Reads by name: which of them want a token, and that each one answers with a good body."""

from __future__ import annotations

from typing import Any

import pytest

from nautilus_lighter_nonce.loopback.venue.endpoints import QUERIES
from tests.loopback.bench import Bench


PRIVATE = {
    "accountLimits",
    "getMakerOnlyApiKeys",
    "accountActiveOrders",
    "accountInactiveOrders",
    "accountOrders",
    "accountTxs",
}

PARAMS: dict[str, dict[str, Any]] = {
    "orderBookOrders": {"market_id": 0, "limit": 5},
    "recentTrades": {"market_id": 0, "limit": 5},
    "candles": {
        "market_id": 0,
        "resolution": "1m",
        "start_timestamp": 0,
        "end_timestamp": 2_000_000_000_000,
        "count_back": 5,
    },
    "fundings": {
        "market_id": 0,
        "resolution": "1h",
        "start_timestamp": 0,
        "end_timestamp": 2_000_000_000_000,
        "count_back": 5,
    },
    "account": {"by": "index", "value": 700},
    "accountsByL1Address": {"l1_address": f"0x{700:040x}"},
    "apikeys": {"account_index": 700, "api_key_index": 255},
    "trades": {"account_index": 700, "sort_by": "timestamp", "limit": 5},
    "accountTxs": {"by": "account_index", "value": 700, "limit": 5},
    "accountInactiveOrders": {"account_index": 700, "limit": 5},
    "accountOrders": {"account_index": 700, "market_id": 0, "client_order_indexes": "1,2"},
}


def test_reads_that_want_a_token_are_those_of_an_accounts_own() -> None:
    """As the venue wants it (observed): orders, records and limits, not balances."""
    assert {name for name, (_, wants_token) in QUERIES.items() if wants_token} == PRIVATE


@pytest.mark.parametrize("name", QUERIES)
def test_read_answers_with_the_code_of_success(name: str) -> None:
    """HTTP 200 says nothing: the body does."""
    body = Bench().query(name, **PARAMS.get(name, {"account_index": 700}))
    assert body["status" if name == "status" else "code"] == 200
