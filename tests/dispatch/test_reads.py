"""VenueReads: each question with what it needs, and no token where none is needed."""

from __future__ import annotations

from typing import Any

import pytest

from nautilus_lighter_nonce.dispatch.reads import VenueReads


class Http:
    """A REST gate that answers with its own question."""

    async def next_nonce(self, *args: Any) -> Any:
        return ("nextNonce", *args)

    async def tx_by_hash(self, *args: Any) -> Any:
        return ("tx", *args)

    async def account_txs(self, *args: Any) -> Any:
        return ("accountTxs", *args)


class Tokens:
    """Makes tokens, or cannot."""

    def __init__(self) -> None:
        self.made = 0
        self.is_broken = False

    async def __call__(self) -> str:
        if self.is_broken:
            raise RuntimeError("no signer")
        self.made += 1
        return f"token {self.made}"


def _reads(tokens: Tokens) -> Any:
    http: Any = Http()
    return VenueReads(http, tokens)


async def test_public_questions_need_no_token() -> None:
    """The counter and a record are asked even where no token can be had."""
    tokens = Tokens()
    tokens.is_broken = True
    reads = _reads(tokens)
    assert await reads.next_nonce(700, 5) == ("nextNonce", 700, 5)
    assert await reads.tx_by_hash("ab") == ("tx", "ab")


async def test_account_txs_takes_a_token_that_is_valid_now_each_time() -> None:
    """A token is never kept here: it may have been revoked."""
    reads = _reads(Tokens())
    assert await reads.account_txs(700) == ("accountTxs", 700, "token 1")
    assert await reads.account_txs(700) == ("accountTxs", 700, "token 2")


async def test_account_txs_without_a_token_raises() -> None:
    """Which means "no answer" to whoever asked."""
    tokens = Tokens()
    tokens.is_broken = True
    with pytest.raises(RuntimeError):
        await _reads(tokens).account_txs(700)
