"""
Auth tokens, as far as a venue without elliptic curves can check them.

A token is `expiry:account:key:160 hex` (observed). Its form, its time and the registration of its
key are checked; the signature's truth is not. A token may reach at most 8 h ahead, which only the
server enforces (observed).
"""

from __future__ import annotations

import re
from enum import Enum
from typing import Final

from nautilus_lighter_nonce.lighter.codes import AUTH_TOKEN_MAX_SECS
from nautilus_lighter_nonce.loopback.venue.sequencer import Sequencer


_TOKEN: Final = re.compile(r"(\d{1,12}):(\d{1,15}):(\d{1,3}):[0-9a-fA-F]{160}")


class AuthVerdict(Enum):
    """What a token is worth; the texts are the venue's (observed)."""

    VALID = ""
    MISSING = "auth query param and Authorization header are empty"
    GARBAGE = "invalid auth: invalid auth string"
    DEADLINE = "invalid auth: invalid deadline"


def check_token(
    token: str, sequencer: Sequencer, now_s: float, account_index: int | None = None
) -> AuthVerdict:
    """
    Return what a token is worth.

    Parameters
    ----------
    token : str
        The token, empty if the request had none.
    sequencer : Sequencer
        Knows the registered keys.
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
    if not now_s < expiry_s <= now_s + AUTH_TOKEN_MAX_SECS:
        return AuthVerdict.DEADLINE
    foreign = account_index is not None and account != account_index
    if foreign or not sequencer.knows((account, api_key)):
        return AuthVerdict.GARBAGE
    return AuthVerdict.VALID
