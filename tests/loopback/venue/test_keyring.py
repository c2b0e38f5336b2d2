"""The keyring: registered, replaced, deleted, mended."""

from __future__ import annotations

import pytest

from nautilus_lighter_nonce.lighter.codes import Code
from nautilus_lighter_nonce.loopback.keys import DEMO_PUBLIC_KEY
from nautilus_lighter_nonce.loopback.keys import OTHER_PUBLIC_KEY
from nautilus_lighter_nonce.loopback.venue.keyring import Keyring


KEY = (700, 5)


@pytest.fixture
def keys() -> Keyring:
    """Return a keyring with one key."""
    keys = Keyring()
    keys.register(KEY, DEMO_PUBLIC_KEY)
    return keys


def test_objection_by_what_became_of_a_key(keys: Keyring) -> None:
    """A good key meets no objection, an unknown one 21109."""
    assert keys.objection(KEY) is None
    assert keys.objection((700, 6)) is Code.API_KEY_NOT_FOUND


def test_replace_refuses_the_old_key_and_shows_the_new(keys: Keyring) -> None:
    """What the old key signs is 21108, and the list shows somebody else's key."""
    keys.replace(KEY, OTHER_PUBLIC_KEY)
    assert keys.objection(KEY) is Code.INVALID_PUBLIC_KEY
    assert keys.of_account(700) == [(5, OTHER_PUBLIC_KEY)]


def test_delete_takes_the_key_away(keys: Keyring) -> None:
    """A deleted key is 21109 and in no list."""
    keys.delete(KEY)
    assert keys.objection(KEY) is Code.API_KEY_NOT_FOUND
    assert keys.of_account(700) == []


@pytest.mark.parametrize(
    "spoil", [lambda k: k.replace(KEY, OTHER_PUBLIC_KEY), lambda k: k.delete(KEY)]
)
def test_register_mends_a_key(keys: Keyring, spoil: object) -> None:
    """Registering mends what was replaced or deleted."""
    spoil(keys)  # type: ignore[operator]
    keys.register(KEY, DEMO_PUBLIC_KEY)
    assert keys.objection(KEY) is None


def test_replace_or_delete_unknown_key_raises(keys: Keyring) -> None:
    """What is not there can be neither replaced nor deleted."""
    with pytest.raises(KeyError):
        keys.replace((700, 6), OTHER_PUBLIC_KEY)
    with pytest.raises(KeyError):
        keys.delete((700, 6))


@pytest.mark.parametrize("operation", ["register", "replace"])
def test_register_or_replace_by_no_key_raises_and_changes_nothing(
    keys: Keyring, operation: str
) -> None:
    """What is no public key is refused; the key is as it was."""
    with pytest.raises(ValueError, match="no public key"):
        getattr(keys, operation)(KEY, "00" * 40)
    assert keys.objection(KEY) is None
    assert keys.of_account(700) == [(5, DEMO_PUBLIC_KEY)]
