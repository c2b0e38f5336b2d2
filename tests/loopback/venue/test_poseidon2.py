"""The permutation is Poseidon2 with Lighter's parameters, whatever was done to make it fast."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from nautilus_lighter_nonce.loopback.venue import poseidon2
from nautilus_lighter_nonce.loopback.venue.poseidon2 import WIDTH
from nautilus_lighter_nonce.loopback.venue.poseidon2 import P
from nautilus_lighter_nonce.loopback.venue.poseidon2 import permute
from nautilus_lighter_nonce.loopback.venue.poseidon2 import sponge


FIXTURES = Path(__file__).parents[2] / "fixtures"
VECTORS = json.loads((FIXTURES / "poseidon2_vectors.json").read_bytes())
PARAMETERS = json.loads(Path(poseidon2.__file__).with_suffix(".json").read_bytes())

ELEMENTS = st.one_of(st.integers(0, P - 1), st.sampled_from((0, 1, 2**32, P - 2**32, P - 1)))


def elements(text: str) -> list[int]:
    """Return the little-endian field elements written in `text`."""
    raw = bytes.fromhex(text)
    return [int.from_bytes(raw[at : at + 8], "little") for at in range(0, len(raw), 8)]


def reduced(state: Sequence[int]) -> list[int]:
    """Return a state's field elements."""
    return [value % P for value in state]


# -- THE TEXTBOOK ----------------------------------------------------------------------------------


def external_layer(state: Sequence[int]) -> list[int]:
    """Mix each block of four, then add to each element those at its place in all three blocks."""
    mixed = []
    for at in range(0, WIDTH, 4):
        block = state[at : at + 4]
        mixed += [sum(block) + block[i] + 2 * block[(i + 1) % 4] for i in range(4)]
    return [value + sum(mixed[place % 4 :: 4]) for place, value in enumerate(mixed)]


def full_rounds(state: list[int], rounds: Sequence[Sequence[int]]) -> list[int]:
    """Add the constants, take the seventh power of everything, mix."""
    for constants in rounds:
        powers = [pow(x + c, 7, P) for x, c in zip(state, constants, strict=True)]
        state = external_layer(powers)
    return state


def textbook(state: Sequence[int]) -> list[int]:
    """Return the permuted state, computed as the paper says."""
    rounds = PARAMETERS["external_round_constants"]
    mixed = full_rounds(external_layer(state), rounds[:4])
    for constant in PARAMETERS["internal_round_constants"]:
        mixed[0] = pow(mixed[0] + constant, 7, P)
        total = sum(mixed)
        diagonal = PARAMETERS["internal_diagonal"]
        mixed = [(x * d + total) % P for x, d in zip(mixed, diagonal, strict=True)]
    return reduced(full_rounds(mixed, rounds[4:]))


# -- TESTS -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("vector", VECTORS["permute"])
def test_permute_of_reference_input_gives_reference_output(vector: dict[str, str]) -> None:
    """The permutation is Poseidon2 with Lighter's parameters."""
    assert reduced(permute(elements(vector["input"]))) == elements(vector["output"])


@pytest.mark.parametrize("vector", VECTORS["hash_to_quintic"])
def test_sponge_of_reference_input_gives_reference_digest(vector: dict[str, str]) -> None:
    """The sponge overwrites block by block without padding, whole blocks or not."""
    assert sponge(elements(vector["input"])) == elements(vector["output"])


@settings(max_examples=200, deadline=None)
@given(st.lists(ELEMENTS, min_size=WIDTH, max_size=WIDTH))
def test_permute_of_any_state_gives_what_the_textbook_gives(state: list[int]) -> None:
    """No carry between the constants that lie side by side, at either end of the field."""
    assert reduced(permute(state)) == textbook(state)


@settings(max_examples=50, deadline=None)
@given(st.lists(ELEMENTS, min_size=WIDTH, max_size=WIDTH))
def test_permute_twice_without_reduction_between_gives_what_the_textbook_gives(
    state: list[int],
) -> None:
    """What the sponge carries over is not reduced, and need not be."""
    assert reduced(permute(permute(state))) == textbook(textbook(state))


@given(st.lists(st.integers(-(2**80), 2**80), min_size=1, max_size=17))
def test_sponge_of_any_integers_is_that_of_their_residues(numbers: list[int]) -> None:
    """A negative or too large integer enters the field modulo p."""
    assert sponge(numbers) == sponge(reduced(numbers))
