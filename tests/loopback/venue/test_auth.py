"""Auth tokens: what they are worth, and what a revocation ends."""

from __future__ import annotations

import pytest

from nautilus_lighter_nonce.loopback.keys import DEMO_PUBLIC_KEY
from nautilus_lighter_nonce.loopback.keys import OTHER_PUBLIC_KEY
from nautilus_lighter_nonce.loopback.venue.auth import TOKENS_KEPT
from nautilus_lighter_nonce.loopback.venue.auth import AuthVerdict
from nautilus_lighter_nonce.loopback.venue.auth import Tokens
from nautilus_lighter_nonce.loopback.venue.commands import Revocation
from nautilus_lighter_nonce.loopback.venue.keyring import Keyring


NOW_S = 1_000_000.0


def token(account_index: int = 700, ahead_s: int = 600, key: int = 5, salt: str = "ab") -> str:
    """Return a token of the right form."""
    return f"{int(NOW_S) + ahead_s}:{account_index}:{key}:{salt * 80}"


@pytest.fixture
def keys() -> Keyring:
    """Return a keyring with a key of two accounts."""
    keys = Keyring()
    for account_index in (700, 701):
        keys.register((account_index, 5), DEMO_PUBLIC_KEY)
    return keys


@pytest.fixture
def tokens(keys: Keyring) -> Tokens:
    """Return what the venue makes of tokens of those keys."""
    return Tokens(keys)


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        (token(), AuthVerdict.VALID),
        ("", AuthVerdict.MISSING),
        ("nonsense", AuthVerdict.GARBAGE),
        (token(ahead_s=0), AuthVerdict.EXPIRED),
        (token(ahead_s=8 * 3_600 + 1), AuthVerdict.DEADLINE),
        (token(701), AuthVerdict.GARBAGE),
        (token(key=9), AuthVerdict.GARBAGE),
    ],
)
def test_check_says_what_a_token_is_worth(tokens: Tokens, text: str, verdict: AuthVerdict) -> None:
    """Form, time, account and key of a token are judged."""
    assert tokens.check(text, NOW_S, 700) is verdict


@pytest.mark.parametrize(
    ("reason", "verdict"),
    [(Revocation.EXPIRED, AuthVerdict.EXPIRED), (Revocation.REVOKED, AuthVerdict.REVOKED)],
)
def test_revoke_ends_what_was_shown_before(
    tokens: Tokens, reason: Revocation, verdict: AuthVerdict
) -> None:
    """A token that was shown is refused with the reason; a new one of the same second is good."""
    tokens.check(token(), NOW_S, 700)
    tokens.revoke(700, reason)
    assert tokens.check(token(), NOW_S, 700) is verdict
    assert tokens.check(token(salt="cd"), NOW_S, 700) is AuthVerdict.VALID


def test_revoke_leaves_other_accounts_alone(tokens: Tokens) -> None:
    """Another account's tokens go on."""
    tokens.check(token(701), NOW_S, 701)
    tokens.revoke(700, Revocation.REVOKED)
    assert tokens.check(token(701), NOW_S, 701) is AuthVerdict.VALID


@pytest.mark.parametrize("spoil", ["replace", "delete"])
def test_check_token_of_a_spoiled_key_is_refused(tokens: Tokens, keys: Keyring, spoil: str) -> None:
    """A token ends with its key, and is good again when the key is."""
    if spoil == "replace":
        keys.replace((700, 5), OTHER_PUBLIC_KEY)
    else:
        keys.delete((700, 5))
    assert tokens.check(token(), NOW_S, 700) is AuthVerdict.GARBAGE
    keys.register((700, 5), DEMO_PUBLIC_KEY)
    assert tokens.check(token(), NOW_S, 700) is AuthVerdict.VALID


def test_text_for_names_the_channel_of_an_ended_token() -> None:
    """On a socket the text of an ended token names the channel (observed); others do not."""
    expired = AuthVerdict.EXPIRED.text_for("account_tx:1")
    assert expired == "invalid auth: expired token: account_tx:1"
    assert AuthVerdict.GARBAGE.text_for("account_tx:1") == AuthVerdict.GARBAGE.value


def test_check_keeps_a_bounded_number_of_tokens(tokens: Tokens) -> None:
    """The venue's memory of tokens does not grow."""
    for ahead_s in range(1, TOKENS_KEPT + 10):
        tokens.check(token(ahead_s=ahead_s), NOW_S)
    assert len(tokens._shown) == TOKENS_KEPT
