"""Which 40 bytes are a public key."""

from __future__ import annotations

import pytest

from nautilus_lighter_nonce.loopback.keys import DEMO_PUBLIC_KEY
from nautilus_lighter_nonce.loopback.keys import OTHER_PUBLIC_KEY
from nautilus_lighter_nonce.loopback.venue.curve import is_public_key


# Made by `lighter.signer_client.create_api_key`, and forgotten.
SIGNERS = [
    DEMO_PUBLIC_KEY,
    OTHER_PUBLIC_KEY,
    "70ac2c6494a7bb2a3f52c1fcc80fdbc85b4adf8695bd662aeb72bf0fb63ede4bd55c4146806f3720",
    "ebfa41c8ed5f252ba54fcb910a2bfe57345852377f70035f8c9311cf061fecc35445b4ab535705c2",
    "d8f2546dd5ed344fdb620bb0af29590276475d6893c94f88c5c155b194639f0c8de51ee7423a28f7",
]
# The same with one byte raised until no point is left: half of all numbers are none.
NO_POINTS = [
    "73ac2c6494a7bb2a3f52c1fcc80fdbc85b4adf8695bd662aeb72bf0fb63ede4bd55c4146806f3720",
    "ecfa41c8ed5f252ba54fcb910a2bfe57345852377f70035f8c9311cf061fecc35445b4ab535705c2",
    "d9f2546dd5ed344fdb620bb0af29590276475d6893c94f88c5c155b194639f0c8de51ee7423a28f7",
]


@pytest.mark.parametrize("text", SIGNERS)
def test_is_public_key_of_the_signers_own_is_true(text: str) -> None:
    """What the official signer made is a key, in either case of its digits."""
    assert is_public_key(text)
    assert is_public_key(text.upper())


@pytest.mark.parametrize("text", NO_POINTS)
def test_is_public_key_beside_the_curve_is_false(text: str) -> None:
    """Forty bytes that are no point of the curve are no key."""
    assert not is_public_key(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "00" * 40,
        "ff" * 40,
        DEMO_PUBLIC_KEY[:-2],
        DEMO_PUBLIC_KEY + "00",
        "0x" + DEMO_PUBLIC_KEY,
        "zz" * 40,
        " " + DEMO_PUBLIC_KEY,
        " ".join([DEMO_PUBLIC_KEY[:40], DEMO_PUBLIC_KEY[40:]]),
    ],
)
def test_is_public_key_of_another_form_is_false(text: str) -> None:
    """Too short, too long, the neutral element, limbs above the prime, no hex digits: no key."""
    assert not is_public_key(text)
