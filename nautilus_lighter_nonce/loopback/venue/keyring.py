"""
The registered keys: their public halves, and what has become of them.

Rules of this file
------------------
- Signatures are not checked here, so a key that somebody replaced is remembered as replaced: what
  the old one signs is refused, until the key is registered again.
- Counters are the sequencer's; a deleted key keeps its counter, as the circuit does.
"""

from __future__ import annotations

from typing import Final

from nautilus_lighter_nonce.lighter.codes import Code
from nautilus_lighter_nonce.loopback.venue.curve import is_public_key
from nautilus_lighter_nonce.loopback.venue.sequencer import Key


FRONT_END_KEYS: Final = range(4)  # the web page's and the app's (docs)


class Keyring:
    """The keys of a venue."""

    def __init__(self) -> None:
        self._public: dict[Key, str] = {}
        self._replaced: set[Key] = set()

    def register(self, key: Key, public_key: str) -> None:
        """
        Register a key, or mend one that was replaced or deleted.

        Raises
        ------
        ValueError
            If that is no public key; nothing has changed then.

        """
        _check(public_key)
        self._public[key] = public_key
        self._replaced.discard(key)

    def replace(self, key: Key, public_key: str) -> None:
        """
        Let somebody else take a key's index.

        Raises
        ------
        KeyError
            If the key is not registered.
        ValueError
            If that is no public key.

        """
        self._require(key)
        _check(public_key)
        self._public[key] = public_key
        self._replaced.add(key)

    def delete(self, key: Key) -> None:
        """
        Delete a key.

        Raises
        ------
        KeyError
            If the key is not registered.

        """
        self._require(key)
        del self._public[key]
        self._replaced.discard(key)

    def objection(self, key: Key) -> Code | None:
        """Return what the venue has against a signer, ``None`` if nothing."""
        if key not in self._public:
            return Code.API_KEY_NOT_FOUND
        if self._replaced and key in self._replaced:
            return Code.INVALID_PUBLIC_KEY
        return None

    def of_account(self, account_index: int) -> list[tuple[int, str]]:
        """Return an account's keys: index and public half."""
        return [(key[1], public) for key, public in self._public.items() if key[0] == account_index]

    def _require(self, key: Key) -> None:
        if key not in self._public:
            raise KeyError(f"key {key}")


def _check(public_key: str) -> None:
    if not is_public_key(public_key):
        raise ValueError("that is no public key: 80 hex digits of a point on the curve")
