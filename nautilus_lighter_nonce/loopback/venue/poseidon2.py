"""
Poseidon2 over the Goldilocks field, as Lighter uses it, in plain integers.

What lives here: the permutation of width 12 and the sponge. What this file must not know: which
fields of a transaction are hashed.

Speed matters, since the venue hashes every transaction it accepts, so three things are unlike the
textbook:

- The state lives in local variables, and is reduced only where a power needs it: a few bits more
  are cheaper than twelve divisions.
- The internal rounds are linear but for one power each. What an element, or a power, adds to the
  first element of every later round and to the state at the end is a constant times it. These
  constants lie side by side in one integer: one multiplication does for all rounds.
- Two reductions make a seventh power cheaper than one: y = x^2 first, then y^3 x.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Sequence
from importlib.resources import files
from typing import Final

import msgspec


class _Parameters(msgspec.Struct, frozen=True):
    """The public constants of the permutation."""

    external_round_constants: tuple[tuple[int, ...], ...]
    internal_round_constants: tuple[int, ...]
    internal_diagonal: tuple[int, ...]


_PARAMETERS: Final = msgspec.json.decode(
    files(__package__).joinpath("poseidon2.json").read_bytes(),
    type=_Parameters,
)

P: Final = 2**64 - 2**32 + 1
"""The order of the field."""

WIDTH: Final = 12
RATE: Final = 8
DIGEST: Final = 5

_FIRST_ROUNDS: Final = _PARAMETERS.external_round_constants[:4]
_LAST_ROUNDS: Final = _PARAMETERS.external_round_constants[5:]

State = tuple[int, int, int, int, int, int, int, int, int, int, int, int]


def sponge(inputs: Sequence[int]) -> list[int]:
    """
    Return the digest of some numbers.

    Each block of 8 overwrites the head of the state, which is then permuted; there is no padding.

    Parameters
    ----------
    inputs : Sequence[int]
        Any integers; they are taken modulo `P`.

    Returns
    -------
    list[int]
        5 field elements.

    """
    state: Sequence[int] = (0,) * WIDTH
    for start in range(0, len(inputs), RATE):
        block = [value % P for value in inputs[start : start + RATE]]
        state = permute([*block, *state[len(block) :]])
    return [value % P for value in state[:DIGEST]]


def permute(state: Sequence[int]) -> State:
    """Return the permuted state, not reduced: equal to the field elements modulo `P`."""
    return _mix(*_rounds(_internal(_rounds(state, _FIRST_ROUNDS)), _LAST_ROUNDS))


def _rounds(state: Sequence[int], rounds: Iterable[tuple[int, ...]]) -> State:
    """Apply full rounds that begin with the external layer (`_mix`) and end with the powers."""
    p = P
    a0, a1, a2, a3, b0, b1, b2, b3, c0, c1, c2, c3 = state
    for k0, k1, k2, k3, k4, k5, k6, k7, k8, k9, k10, k11 in rounds:
        u, v = a0 + a1, a2 + a3
        w = u + v
        a0, a1, a2, a3 = w + u + a1, w + a1 + a2 + a2, w + v + a3, w + a3 + a0 + a0
        u, v = b0 + b1, b2 + b3
        w = u + v
        b0, b1, b2, b3 = w + u + b1, w + b1 + b2 + b2, w + v + b3, w + b3 + b0 + b0
        u, v = c0 + c1, c2 + c3
        w = u + v
        c0, c1, c2, c3 = w + u + c1, w + c1 + c2 + c2, w + v + c3, w + c3 + c0 + c0
        u, v, w, z = a0 + b0 + c0, a1 + b1 + c1, a2 + b2 + c2, a3 + b3 + c3
        a0 = (y := (a0 := a0 + u + k0) * a0 % p) * y * y * a0 % p
        a1 = (y := (a1 := a1 + v + k1) * a1 % p) * y * y * a1 % p
        a2 = (y := (a2 := a2 + w + k2) * a2 % p) * y * y * a2 % p
        a3 = (y := (a3 := a3 + z + k3) * a3 % p) * y * y * a3 % p
        b0 = (y := (b0 := b0 + u + k4) * b0 % p) * y * y * b0 % p
        b1 = (y := (b1 := b1 + v + k5) * b1 % p) * y * y * b1 % p
        b2 = (y := (b2 := b2 + w + k6) * b2 % p) * y * y * b2 % p
        b3 = (y := (b3 := b3 + z + k7) * b3 % p) * y * y * b3 % p
        c0 = (y := (c0 := c0 + u + k8) * c0 % p) * y * y * c0 % p
        c1 = (y := (c1 := c1 + v + k9) * c1 % p) * y * y * c1 % p
        c2 = (y := (c2 := c2 + w + k10) * c2 % p) * y * y * c2 % p
        c3 = (y := (c3 := c3 + z + k11) * c3 % p) * y * y * c3 % p
    return a0, a1, a2, a3, b0, b1, b2, b3, c0, c1, c2, c3


def _mix(
    a0: int,
    a1: int,
    a2: int,
    a3: int,
    b0: int,
    b1: int,
    b2: int,
    b3: int,
    c0: int,
    c1: int,
    c2: int,
    c3: int,
) -> State:
    """Apply the external layer, unreduced."""
    u, v = a0 + a1, a2 + a3
    w = u + v
    a0, a1, a2, a3 = w + u + a1, w + a1 + a2 + a2, w + v + a3, w + a3 + a0 + a0
    u, v = b0 + b1, b2 + b3
    w = u + v
    b0, b1, b2, b3 = w + u + b1, w + b1 + b2 + b2, w + v + b3, w + b3 + b0 + b0
    u, v = c0 + c1, c2 + c3
    w = u + v
    c0, c1, c2, c3 = w + u + c1, w + c1 + c2 + c2, w + v + c3, w + c3 + c0 + c0
    u, v, w, z = a0 + b0 + c0, a1 + b1 + c1, a2 + b2 + c2, a3 + b3 + c3
    return (
        *(a0 + u, a1 + v, a2 + w, a3 + z),
        *(b0 + u, b1 + v, b2 + w, b3 + z),
        *(c0 + u, c1 + v, c2 + w, c3 + z),
    )


# -- INTERNAL ROUNDS ------------------------------------------------------------------------------

_SLOT: Final = 150  # bits: a sum of 35 products of 64 by 64 bits fits; Python's digits have 30
_MASK: Final = (1 << _SLOT) - 1
_PLACES: Final = range(0, _SLOT * WIDTH, _SLOT)


def _internal(state: Sequence[int]) -> list[int]:
    """Apply what lies between two external powers: a layer, 22 internal rounds, and powers."""
    p, slot, mask = P, _SLOT, _MASK
    # The lowest slot holds the first element as the next round finds it, those above it as the
    # rounds after find it; the 12 highest are the state at the end. Constants are in it already.
    slots = _CONSTANTS
    for value, weights in zip(state, _WEIGHTS, strict=True):
        slots += value * weights
    for weights in _POWER_WEIGHTS:
        x = (slots & mask) % p
        y = x * x % p
        slots = (slots >> slot) + y * y * y * x % p * weights
    elements = [(slots >> place & mask) % p for place in _PLACES]
    return [(y := x * x % p) * y * y * x % p for x in elements]


def _pack(elements: Iterable[int]) -> int:
    """Put field elements side by side, the first one lowest."""
    return sum(element % P << _SLOT * place for place, element in enumerate(elements))


def _layer(state: Sequence[int]) -> list[int]:
    """Apply the internal layer."""
    total, diagonal = sum(state), _PARAMETERS.internal_diagonal
    return [(x * d + total) % P for x, d in zip(state, diagonal, strict=True)]


def _unrolled(state: Sequence[int], rounds: int) -> list[int]:
    """
    Return what a state adds to each slot when the powers are left out.

    That is: to the first element as each of the rounds finds it, then to the state at the end.
    """
    added = []
    for _ in range(rounds):
        added.append(state[0])
        state = _layer([0, *state[1:]])
    return [*added, *state]


def _unit(place: int) -> list[int]:
    return [int(other == place) for other in range(WIDTH)]


_INTERNAL: Final = _PARAMETERS.internal_round_constants
_CONSTANTS: Final = _pack([*_INTERNAL, *_PARAMETERS.external_round_constants[4]])
_WEIGHTS: Final = tuple(
    _pack(_unrolled(_mix(*_unit(place)), len(_INTERNAL))) for place in range(WIDTH)
)
_POWER_WEIGHTS: Final = tuple(
    _pack(_unrolled(_layer(_unit(0)), left)) for left in reversed(range(len(_INTERNAL)))
)
