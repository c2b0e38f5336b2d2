"""
Auth tokens for private endpoints and channels.

Rule of this file: a token is handed to whoever asks, and shown to nobody.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from nautilus_lighter_nonce.lighter.signer import TxSigner


TOKEN_SECS: Final = 3_600  # our choice; the venue takes up to 8 h (observed)
RENEW_SECS: Final = 600  # a token with less than this left serves no new request (our choice)


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
        now = self._now()
        if now > self._until - RENEW_SECS:
            self._token = await self._signer.auth_token(TOKEN_SECS)
            self._until = now + TOKEN_SECS
        return self._token

    def invalidate(self) -> None:
        """Throw the token away: it was refused, and is not offered again."""
        self._until = 0.0
