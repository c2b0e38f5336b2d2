"""The demo key pair: whole, a pair, and not somebody else's."""

from __future__ import annotations

import pytest

from nautilus_lighter_nonce.lighter.codes import MAX_API_KEY_INDEX
from nautilus_lighter_nonce.lighter.errors import PRIVATE_KEY_DIGITS
from nautilus_lighter_nonce.loopback import keys


@pytest.mark.parametrize(
    "key", [keys.DEMO_PRIVATE_KEY, keys.DEMO_PUBLIC_KEY, keys.OTHER_PUBLIC_KEY]
)
def test_key_is_forty_bytes_of_hex(key: str) -> None:
    """As the signer writes and takes them."""
    assert len(bytes.fromhex(key)) == PRIVATE_KEY_DIGITS // 2


def test_demo_key_is_none_of_lighters_own_and_no_sentinel() -> None:
    """0 to 3 are the front ends', 255 means all keys; that the pair fits, `test_sdk` shows."""
    assert 3 < keys.DEMO_API_KEY_INDEX <= MAX_API_KEY_INDEX
    assert len({keys.DEMO_PRIVATE_KEY, keys.DEMO_PUBLIC_KEY, keys.OTHER_PUBLIC_KEY}) == 3
