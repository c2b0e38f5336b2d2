"""
The transaction hash, as Lighter's sequencer and its signer compute it.

What lives here: Poseidon2 over the Goldilocks field and which fields of a transaction go into it,
in plain integers. What this file must not know: HTTP, frames, nonces, the signer.

The order of the fields is Lighter's (`txtypes` of elliottech/lighter-go), the constants are those
of elliottech/poseidon_crypto. Speed matters, since the venue hashes every transaction it accepts:
the state lives in local variables, and sums are reduced where the next power needs it.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from importlib.resources import files
from typing import Any
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

_P: Final = 2**64 - 2**32 + 1
_WIDTH: Final = 12
_RATE: Final = 8
_DIGEST: Final = 5
_FIRST_ROUNDS: Final = _PARAMETERS.external_round_constants[:4]
_LAST_ROUNDS: Final = _PARAMETERS.external_round_constants[4:]
_INTERNAL: Final = _PARAMETERS.internal_round_constants
_DIAGONAL: Final = _PARAMETERS.internal_diagonal

_COMMON: Final = ("Nonce", "ExpiredAt", "AccountIndex", "ApiKeyIndex")
_FIELDS: Final[dict[int, tuple[str, ...]]] = {
    14: (
        "MarketIndex",
        "ClientOrderIndex",
        "BaseAmount",
        "Price",
        "IsAsk",
        "Type",
        "TimeInForce",
        "ReduceOnly",
        "TriggerPrice",
        "OrderExpiry",
    ),
    15: ("MarketIndex", "Index"),
    16: ("TimeInForce", "Time"),
    17: ("MarketIndex", "Index", "BaseAmount", "Price", "TriggerPrice"),
    20: ("MarketIndex", "InitialMarginFraction", "MarginMode"),
}

_MAX_ATTRIBUTES: Final = 4  # lighter-go, `NbAttributesPerTx`
_NIL: Final = {5: 255}  # cancel-all market: 0 is a market (observed in lighter-sdk 1.1.8); else 0


def tx_hash(chain_id: int, tx_type: int, tx_info: Mapping[str, Any]) -> str:
    """
    Return the hash under which the venue files a transaction.

    Parameters
    ----------
    chain_id : int
        304 on mainnet, 300 on testnet.
    tx_type : int
        14 create order, 15 cancel order, 16 cancel all orders, 17 modify order or 20 update
        leverage.
    tx_info : Mapping[str, Any]
        The decoded `tx_info` of the signer. `Sig` is not part of the hash.

    Returns
    -------
    str
        80 lower-case hex digits.

    Raises
    ------
    KeyError
        If `tx_info` lacks a field of its type.
    ValueError
        If `tx_type` is another type, or there are more than 4 attributes.

    """
    fields = _FIELDS.get(tx_type)
    if fields is None:
        supported = ", ".join(str(known) for known in _FIELDS)
        raise ValueError(f"tx_type was {tx_type}; use one of {supported}")
    values = [tx_info[field] for field in _COMMON + fields]
    digest = _sponge([chain_id, tx_type, *values])
    attributes = _flatten(tx_info.get("L2TxAttributes") or {})
    if attributes:
        digest = _sponge([*digest, *_sponge(attributes)])
    return b"".join(element.to_bytes(8, "little") for element in digest).hex()


def _flatten(attributes: Mapping[str, int]) -> list[int]:
    """Type and value of each attribute that says something, in order of type, padded."""
    pairs = sorted((int(kind), value) for kind, value in attributes.items())
    said = [(kind, value) for kind, value in pairs if value != _NIL.get(kind, 0)]
    if len(said) > _MAX_ATTRIBUTES:
        raise ValueError(f"L2TxAttributes held {len(said)}; use at most {_MAX_ATTRIBUTES}")
    flat = [number for pair in said for number in pair]
    return flat and flat + [0] * (2 * _MAX_ATTRIBUTES - len(flat))


# -- POSEIDON2 ------------------------------------------------------------------------------------


def _sponge(inputs: Sequence[int]) -> list[int]:
    """Overwrite the head of the state with each block, permute, and take the digest; no padding."""
    state = [0] * _WIDTH
    for start in range(0, len(inputs), _RATE):
        block = inputs[start : start + _RATE]
        state[: len(block)] = [value % _P for value in block]
        state = _permute(state)
    return state[:_DIGEST]


def _permute(state: Sequence[int]) -> list[int]:
    mixed = _full_rounds(_mix(*state), _FIRST_ROUNDS)
    mixed = _full_rounds(_internal_rounds(*mixed), _LAST_ROUNDS)
    return [value % _P for value in mixed]


def _full_rounds(state: list[int], rounds: Iterable[tuple[int, ...]]) -> list[int]:
    for constants in rounds:
        powers = [(x + c) ** 7 % _P for x, c in zip(state, constants, strict=True)]
        state = _mix(*powers)
    return state


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
) -> list[int]:
    """Apply the external layer, unreduced: a few bits more are cheaper than twelve divisions."""
    a = a0 + a1 + a2 + a3
    b = b0 + b1 + b2 + b3
    c = c0 + c1 + c2 + c3
    a0, a1, a2, a3 = a + a0 + 2 * a1, a + a1 + 2 * a2, a + a2 + 2 * a3, a + a3 + 2 * a0
    b0, b1, b2, b3 = b + b0 + 2 * b1, b + b1 + 2 * b2, b + b2 + 2 * b3, b + b3 + 2 * b0
    c0, c1, c2, c3 = c + c0 + 2 * c1, c + c1 + 2 * c2, c + c2 + 2 * c3, c + c3 + 2 * c0
    s0, s1, s2, s3 = a0 + b0 + c0, a1 + b1 + c1, a2 + b2 + c2, a3 + b3 + c3
    return [
        *(a0 + s0, a1 + s1, a2 + s2, a3 + s3),
        *(b0 + s0, b1 + s1, b2 + s2, b3 + s3),
        *(c0 + s0, c1 + s1, c2 + s2, c3 + s3),
    ]


def _internal_rounds(x0: int, *rest: int) -> list[int]:
    p = _P
    d0, d1, d2, d3, d4, d5, d6, d7, d8, d9, d10, d11 = _DIAGONAL
    x1, x2, x3, x4, x5, x6, x7, x8, x9, x10, x11 = rest
    for constant in _INTERNAL:
        x0 = (x0 + constant) ** 7 % p
        total = x0 + x1 + x2 + x3 + x4 + x5 + x6 + x7 + x8 + x9 + x10 + x11
        x0 = (x0 * d0 + total) % p
        x1 = (x1 * d1 + total) % p
        x2 = (x2 * d2 + total) % p
        x3 = (x3 * d3 + total) % p
        x4 = (x4 * d4 + total) % p
        x5 = (x5 * d5 + total) % p
        x6 = (x6 * d6 + total) % p
        x7 = (x7 * d7 + total) % p
        x8 = (x8 * d8 + total) % p
        x9 = (x9 * d9 + total) % p
        x10 = (x10 * d10 + total) % p
        x11 = (x11 * d11 + total) % p
    return [x0, x1, x2, x3, x4, x5, x6, x7, x8, x9, x10, x11]
