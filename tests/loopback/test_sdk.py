"""Conformance against a client none of us wrote: the official lighter-sdk."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import lighter
import pytest

from nautilus_lighter_nonce.loopback import DEMO_PRIVATE_KEY
from nautilus_lighter_nonce.loopback import VenueConfig
from nautilus_lighter_nonce.loopback import VenueProcess


PRIVATE_KEYS = {5: DEMO_PRIVATE_KEY}
LIMIT = {"is_ask": False, "order_type": 0, "time_in_force": 1}
DEADLINE_S = 5.0


class Sdk:
    """The SDK's client beside the venue it talks to."""

    def __init__(self, venue: VenueProcess) -> None:
        self.venue = venue
        self.signer = lighter.SignerClient(
            url=venue.http_url,
            account_index=700,
            api_private_keys=PRIVATE_KEYS,
            chain_id=300,
        )
        self.orders = lighter.OrderApi(self.signer.api_client)
        self.accounts = lighter.AccountApi(self.signer.api_client)
        self.transactions = lighter.TransactionApi(self.signer.api_client)

    def token(self) -> str:
        """Return an auth token of the SDK's own making."""
        token, error = self.signer.create_auth_token_with_expiry(600, api_key_index=5)
        assert error is None
        return str(token)

    async def executed(self, count: int) -> None:
        """Wait until so many transactions have an outcome."""
        deadline = time.monotonic() + DEADLINE_S
        while True:
            rows = await asyncio.to_thread(self.venue.ledger)
            if sum(row["outcome"] not in ("none", "pending") for row in rows) >= count:
                return
            assert time.monotonic() < deadline, rows
            await asyncio.sleep(0.005)


@pytest.fixture
async def sdk() -> AsyncIterator[Sdk]:
    """Yield the SDK with a venue in a process of its own: the signer blocks on HTTP."""
    config = VenueConfig(execution_delay_ms=1, next_nonce_lag_ms=0)
    with VenueProcess(config) as venue:
        sdk = Sdk(venue)
        yield sdk
        await sdk.signer.close()


async def test_check_client_finds_the_demo_key(sdk: Sdk) -> None:
    """The signer's own check of the registered key is content."""
    assert await asyncio.to_thread(sdk.signer.check_client) is None


async def test_create_cancel_modify_are_accepted(sdk: Sdk) -> None:
    """Orders are created, modified and canceled by the SDK's methods and its own nonces."""
    _, created, error = await sdk.signer.create_order(
        market_index=0, client_order_index=42, base_amount=1_000, price=190_000, **LIMIT
    )
    assert (error, created.code) == (None, 200)
    await sdk.executed(1)
    _, modified, error = await sdk.signer.modify_order(0, 42, 2_000, 191_000, 0)
    assert (error, modified.code) == (None, 200)
    await sdk.executed(2)
    _, body, error = await sdk.signer.cancel_order(0, 42)
    assert (error, body.code) == (None, 200)
    await sdk.executed(3)
    assert [row["outcome"] for row in sdk.venue.ledger()] == ["executed"] * 3


async def test_cancel_all_and_leverage_are_accepted(sdk: Sdk) -> None:
    """Cancel-all, of all markets and of one, and a change of leverage are accepted."""
    _, body, error = await sdk.signer.cancel_all_orders(0, 0)
    assert (error, body.code) == (None, 200)
    _, body, error = await sdk.signer.cancel_all_orders(0, 0, cancel_all_market_index=1)
    assert (error, body.code) == (None, 200)
    _, body, error = await sdk.signer.update_leverage(0, 0, 10)
    assert (error, body.code) == (None, 200)
    await sdk.executed(3)
    account = (await sdk.accounts.account(by="index", value="700")).accounts[0]
    assert [p.initial_margin_fraction for p in account.positions] == ["10.00"]


@pytest.mark.parametrize("nonce", [1, 7])
async def test_create_replayed_or_gapped_nonce_is_invalid(sdk: Sdk, nonce: int) -> None:
    """A nonce that was used, or one that leaves a gap, is 21104."""
    _, body, error = await sdk.signer.create_order(
        market_index=0, client_order_index=1, base_amount=1_000, price=190_000, **LIMIT
    )
    assert (error, body.code) == (None, 200)
    _, _, error = await sdk.signer.create_order(
        market_index=0,
        client_order_index=2,
        base_amount=1_000,
        price=190_000,
        nonce=nonce,
        api_key_index=5,
        **LIMIT,
    )
    assert "21104" in error


@pytest.mark.parametrize("skip_nonce", [0, 1])
async def test_send_tx_hash_is_the_signers(sdk: Sdk, skip_nonce: int) -> None:
    """The hash that the venue answers is the one the signer returned, attributes or not."""
    signed: Any = sdk.signer.sign_create_order(  # its annotations say text where numbers are
        0,
        42,
        1_000,
        190_000,
        False,
        0,
        1,
        nonce=1,
        skip_nonce=skip_nonce,
        api_key_index=5,
    )
    tx_type, tx_info, tx_hash, error = signed
    assert error is None
    body = await sdk.signer.send_tx(tx_type, tx_info)
    assert body.tx_hash == tx_hash
    await sdk.executed(1)
    record = await sdk.transactions.tx(by="hash", value=tx_hash)
    assert (record.status, record.nonce, record.info) == (2, 1, tx_info)


async def test_send_tx_batch_hashes_are_the_signers(sdk: Sdk) -> None:
    """A batch answers the signers' hashes in order."""
    signed: list[Any] = [
        sdk.signer.sign_create_order(0, n, 1_000, 190_000, False, 0, 1, nonce=n, api_key_index=5)
        for n in (1, 2, 3)
    ]
    body = await sdk.signer.send_tx_batch([s[0] for s in signed], [s[1] for s in signed])
    assert body.tx_hash == [s[2] for s in signed]


async def test_market_order_reads_parse(sdk: Sdk) -> None:
    """A market order fills, and the SDK's models read account, trades and records of it."""
    _, body, error = await sdk.signer.create_market_order(
        market_index=0,
        client_order_index=7,
        base_amount=1_000,
        avg_execution_price=210_000,
        is_ask=False,
    )
    assert body is not None
    assert (error, body.code) == (None, 200)
    await sdk.executed(1)
    account = (await sdk.accounts.account(by="index", value="700")).accounts[0]
    assert [(p.symbol, p.position) for p in account.positions] == [("ETH", "0.1000")]
    trades = await sdk.orders.trades(sort_by="timestamp", limit=10, account_index=700)
    assert [(t.bid_client_id, t.price) for t in trades.trades] == [(7, "2000.50")]
    keys = await sdk.accounts.apikeys(account_index=700, api_key_index=5)
    assert keys.api_keys[0].nonce == 2
    records = await sdk.transactions.account_txs(
        limit=5, by="account_index", value="700", authorization=sdk.token()
    )
    assert [record.nonce for record in records.txs] == [1]


async def test_private_and_public_reads_parse(sdk: Sdk) -> None:
    """The SDK's own token opens the private reads, and its models read the public ones."""
    _, _, error = await sdk.signer.create_order(
        market_index=0, client_order_index=42, base_amount=1_000, price=190_000, **LIMIT
    )
    assert error is None
    await sdk.executed(1)
    token = sdk.token()
    active = await sdk.orders.account_active_orders(
        account_index=700, market_id=0, authorization=token
    )
    assert [order.client_order_index for order in active.orders] == [42]
    ended = await sdk.orders.account_inactive_orders(
        account_index=700, limit=5, authorization=token
    )
    assert ended.orders == []
    books = await sdk.orders.order_books()
    assert [book.symbol for book in books.order_books] == ["ETH", "BTC", "SOL"]
    details = await sdk.orders.order_book_details(market_id=1)
    assert details.order_book_details[0].size_decimals == 5
    depth = await sdk.orders.order_book_orders(market_id=0, limit=5)
    assert (depth.asks[0].price, depth.bids[-1].price) == ("2000.50", "1900.00")
    trades = await sdk.orders.recent_trades(market_id=0, limit=5)
    assert trades.trades == []
    limits = await sdk.accounts.account_limits(account_index=700, authorization=token)
    assert limits.user_tier == "premium"
    nonce = await sdk.transactions.next_nonce(account_index=700, api_key_index=5)
    assert nonce.nonce == 2


async def test_order_of_fifty_by_the_optimistic_manager_lands(sdk: Sdk) -> None:
    """Fifty orders one after another through the SDK's default manager all land."""
    for number in range(1, 51):
        _, body, error = await sdk.signer.create_order(
            market_index=0, client_order_index=number, base_amount=1_000, price=190_000, **LIMIT
        )
        assert (error, body.code) == (None, 200)
    await sdk.executed(50)
    summary = sdk.venue.summary()
    assert (summary["orders_created"], summary["stale"]) == (50, 0)
