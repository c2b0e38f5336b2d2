"""Auth tokens: when one serves, and when another is made."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from nautilus_lighter_nonce.lighter.auth import LOOK_SECS
from nautilus_lighter_nonce.lighter.auth import RENEW_SECS
from nautilus_lighter_nonce.lighter.auth import TOKEN_SECS
from nautilus_lighter_nonce.lighter.auth import AuthTokens
from nautilus_lighter_nonce.lighter.errors import SignerError


class Signer:
    """Makes numbered tokens; time passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1_000_000.0
        self.made = 0
        self.faults: list[Exception] = []
        self.tokens: Any = AuthTokens(self, lambda: self.now)  # type: ignore[arg-type]

    async def auth_token(self, secs: int) -> str:
        if self.faults:
            raise self.faults.pop()
        self.made += 1
        return f"token-{self.made}"

    async def pass_time(self, secs: float) -> None:
        """Let the clock watch over the tokens for a while."""
        end = self.now + secs

        async def sleep(delay: float) -> None:
            self.now += delay
            if self.now > end:
                raise asyncio.CancelledError

        with pytest.raises(asyncio.CancelledError):
            await self.tokens.keep_fresh(sleep)


async def test_get_twice_returns_the_same_token() -> None:
    """A token that serves is not made again."""
    signer = Signer()
    assert [await signer.tokens.get() for _ in range(2)] == ["token-1", "token-1"]


async def test_get_after_invalidate_returns_another_token() -> None:
    """A token that was refused is never offered again."""
    signer = Signer()
    await signer.tokens.get()
    signer.tokens.invalidate()
    assert await signer.tokens.get() == "token-2"


async def test_get_shortly_before_the_end_returns_another_token() -> None:
    """Whoever asks gets a token that is valid for ten minutes at least."""
    signer = Signer()
    await signer.tokens.get()
    signer.now += TOKEN_SECS - RENEW_SECS + 1
    assert await signer.tokens.get() == "token-2"


async def test_keep_fresh_renews_before_anybody_has_to_wait() -> None:
    """By the clock, not on use: whoever asks finds a token that serves."""
    signer = Signer()
    await signer.tokens.get()
    await signer.pass_time(3 * TOKEN_SECS)
    made = signer.made
    assert made == 4
    assert await signer.tokens.get() == f"token-{made}"
    assert signer.made == made


async def test_keep_fresh_after_refusal_makes_another_token() -> None:
    """A token that was thrown away is replaced, whether or not somebody asks."""
    signer = Signer()
    await signer.tokens.get()
    signer.tokens.invalidate()
    await signer.pass_time(LOOK_SECS)
    assert signer.made == 2


async def test_keep_fresh_signer_refuses_once_is_asked_again() -> None:
    """A signer that fails ends no watch."""
    signer = Signer()
    signer.faults.append(SignerError("create an auth token", "not now"))
    await signer.pass_time(2 * LOOK_SECS)
    assert await signer.tokens.get() == "token-1"
    assert signer.made == 1


def test_repr_shows_no_token() -> None:
    """A token is shown to nobody."""
    assert repr(Signer().tokens) == "AuthTokens()"
