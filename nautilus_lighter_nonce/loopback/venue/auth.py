"""
Auth tokens, as far as a venue without elliptic curves can check them.

A token is `expiry:account:key:160 hex` (observed). Its form, its time and the registration of its
key are checked; the signature's truth is not. A token may reach at most 8 h ahead, which only the
server enforces (observed). Tokens of a key that was replaced or deleted are worth nothing (go).

A token does not say when it was made: what is revoked is every token of an account that was shown
here before, not one that was never shown.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import Final

from nautilus_lighter_nonce.lighter.codes import AUTH_TOKEN_MAX_SECS
from nautilus_lighter_nonce.loopback.venue.commands import Revocation
from nautilus_lighter_nonce.loopback.venue.keyring import Keyring


TOKENS_KEPT: Final = 10_000  # a box must not grow

_TOKEN: Final = re.compile(r"(\d{1,12}):(\d{1,15}):(\d{1,3}):[0-9a-fA-F]{160}")


class AuthVerdict(Enum):
    """What a token is worth; the texts are the venue's (observed, the last inferred)."""

    VALID = ""
    MISSING = "auth query param and Authorization header are empty"
    GARBAGE = "invalid auth: invalid auth string"
    DEADLINE = "invalid auth: invalid deadline"
    EXPIRED = "invalid auth: expired token"
    REVOKED = "invalid auth: revoked token"

    def text_for(self, channel: str) -> str:
        """Return the text on a socket, which names the channel of a token that has ended."""
        ended = self in (AuthVerdict.EXPIRED, AuthVerdict.REVOKED)
        return f"{self.value}: {channel}" if ended else self.value


_REVOKED: Final = {
    Revocation.EXPIRED: AuthVerdict.EXPIRED,
    Revocation.REVOKED: AuthVerdict.REVOKED,
}


class Tokens:
    """
    What the venue makes of tokens.

    Parameters
    ----------
    keys : Keyring
        The registered keys.

    """

    def __init__(self, keys: Keyring) -> None:
        self._keys = keys
        self._shown: dict[str, int] = {}
        self._ended: dict[str, AuthVerdict] = {}

    def check(self, token: str, now_s: float, account_index: int | None = None) -> AuthVerdict:
        """
        Return what a token is worth.

        Parameters
        ----------
        token : str
            The token, empty if the request had none.
        now_s : float
            The time, UNIX seconds.
        account_index : int, optional
            The account that the request is about; a token of another account is no good (inferred).

        Returns
        -------
        AuthVerdict

        """
        if not token:
            return AuthVerdict.MISSING
        match = _TOKEN.fullmatch(token)
        if match is None:
            return AuthVerdict.GARBAGE
        expiry_s, account, api_key = (int(group) for group in match.groups())
        if token in self._ended:
            return self._ended[token]
        if expiry_s <= now_s:
            return AuthVerdict.EXPIRED
        if expiry_s > now_s + AUTH_TOKEN_MAX_SECS:
            return AuthVerdict.DEADLINE
        foreign = account_index is not None and account != account_index
        if foreign or self._keys.objection((account, api_key)) is not None:
            return AuthVerdict.GARBAGE
        self._shown[token] = account
        if len(self._shown) > TOKENS_KEPT:
            del self._shown[next(iter(self._shown))]
        return AuthVerdict.VALID

    def revoke(self, account_index: int, reason: Revocation) -> None:
        """Refuse every token of an account that was shown up to now."""
        for token, account in self._shown.items():
            if account == account_index:
                self._ended[token] = _REVOKED[reason]
        while len(self._ended) > TOKENS_KEPT:
            del self._ended[next(iter(self._ended))]
