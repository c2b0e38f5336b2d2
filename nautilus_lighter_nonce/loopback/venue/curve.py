"""
Whether 40 bytes are a public key: a point of the curve that Lighter signs on.

Rules of this file
------------------
- Only that question; nothing here signs or verifies.
- The curve is ecGFp5 (its paper and Lighter's public crypto library): y^2 = x (x^2 + 2 x + 263 z)
  over the quintic extension of the Goldilocks field, z^5 = 3. A point is written as w = y / x, five
  little-endian 64-bit limbs below the prime. w stands for a point if (w^2 - 2)^2 - 4 * 263 z is a
  square. It is none for w = 0, the neutral element, which is no key.
"""

from __future__ import annotations

from typing import Final


PRIME: Final = 2**64 - 2**32 + 1
DEGREE: Final = 5
KEY_BYTES: Final = 40

_NON_RESIDUE: Final = 3
_A: Final = 2
_FOUR_B: Final = 4 * 263
_FROBENIUS: Final = pow(_NON_RESIDUE, (PRIME - 1) // DEGREE, PRIME)

Element = tuple[int, ...]
"""Five coefficients, of 1 to z^4."""


def is_public_key(text: str) -> bool:
    """
    Return whether a text is a public key: 80 hex digits that stand for a point of the curve.

    Parameters
    ----------
    text : str
        The key without "0x".

    Returns
    -------
    bool

    """
    try:
        raw = bytes.fromhex(text)
    except ValueError:
        return False
    if len(raw) != KEY_BYTES or len(text) != 2 * KEY_BYTES:
        return False
    w = tuple(int.from_bytes(raw[at : at + 8], "little") for at in range(0, KEY_BYTES, 8))
    if any(limb >= PRIME for limb in w):
        return False
    e = _minus_constant(_times(w, w), _A, 0)
    return _is_square(_minus_constant(_times(e, e), _FOUR_B, 1))


def _times(left: Element, right: Element) -> Element:
    product = [0] * (2 * DEGREE - 1)
    for i, a in enumerate(left):
        for j, b in enumerate(right):
            product[i + j] += a * b
    low, high = product[:DEGREE], [*product[DEGREE:], 0]
    return tuple((a + _NON_RESIDUE * b) % PRIME for a, b in zip(low, high, strict=True))


def _minus_constant(element: Element, constant: int, at: int) -> Element:
    return tuple((c - constant * (i == at)) % PRIME for i, c in enumerate(element))


def _is_square(element: Element) -> bool:
    """Return whether an element is a square: its norm is one, since the degree is odd."""
    norm = conjugate = element
    for _ in range(DEGREE - 1):
        conjugate = tuple(c * pow(_FROBENIUS, i, PRIME) % PRIME for i, c in enumerate(conjugate))
        norm = _times(norm, conjugate)
    assert not any(norm[1:])
    return norm[0] == 0 or pow(norm[0], (PRIME - 1) // 2, PRIME) == 1
