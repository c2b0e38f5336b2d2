"""
Auth tokens for private endpoints and channels.

Rules of this file
------------------
- A token is handed to whoever asks, and shown to nobody.
- A token is renewed by the clock before it ends, so that nobody waits for the signer in the moment
  of need; a refused one is never offered again.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable
from collections.abc import Callable
from typing import Final

from nautilus_lighter_nonce.lighter.signer import TxSigner


TOKEN_SECS: Final = 3_600  # our choice; the venue takes up to 8 h (observed)
RENEW_SECS: Final = 600  # a token with less than this left serves no new request (our choice)
EARLY_SECS: Final = 60  # by the clock it is renewed this long before it would be on use
LOOK_SECS: Final = 30  # how often the clock is looked at: Unix time may jump (our choice)


class AuthTokens:
    """
    Makes tokens and keeps the latest as long as it serves.

    Parameters
    ----------
    signer : TxSigner
        Makes them.
    now : Callable[[], float], optional
        Unix time in seconds.

    """

    __slots__ = ("_now", "_signer", "_token", "_until")

    def __init__(self, signer: TxSigner, now: Callable[[], float] = time.time) -> None:
        self._signer = signer
        self._now = now
        self._token = ""
        self._until = 0.0

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    async def get(self) -> str:
        """
        Return a token that is valid for at least ten minutes and was not refused.

        Raises
        ------
        SignerError
            If the signer refuses.

        """
        if self._now() > self._until - RENEW_SECS:
            await self._renew()
        return self._token

    def invalidate(self, token: str | None = None) -> None:
        """
        Throw the token away: it was refused, and is not offered again.

        Parameters
        ----------
        token : str, optional
            What was refused; the present one is kept if it is another by now.

        """
        if token is None or token == self._token:
            self._until = 0.0

    async def keep_fresh(self, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        """
        Renew the token by the clock until cancelled, also after it was thrown away.

        Parameters
        ----------
        sleep : Callable[[float], Awaitable[None]], optional
            Waits that many seconds.

        """
        while True:
            await sleep(LOOK_SECS)
            if self._now() > self._until - RENEW_SECS - EARLY_SECS:
                with contextlib.suppress(Exception):  # whoever needs one asks again, and is told
                    await self._renew()

    async def _renew(self) -> None:
        now = self._now()
        self._token = await self._signer.auth_token(TOKEN_SECS)
        self._until = now + TOKEN_SECS
