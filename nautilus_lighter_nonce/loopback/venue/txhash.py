"""
The transaction hash, as Lighter's sequencer and its signer compute it.

What lives here: which fields of a transaction go into Poseidon2, and in which order. What this file
must not know: HTTP, frames, nonces, the signer.

The order of the fields is Lighter's (`txtypes` of elliottech/lighter-go).
"""

from __future__ import annotations

import functools
import struct
from collections.abc import Mapping
from typing import Any
from typing import Final

from nautilus_lighter_nonce.lighter.codes import MAX_ATTRIBUTES
from nautilus_lighter_nonce.lighter.codes import NIL_MARKET_INDEX
from nautilus_lighter_nonce.lighter.codes import Attribute
from nautilus_lighter_nonce.loopback.venue.poseidon2 import DIGEST
from nautilus_lighter_nonce.loopback.venue.poseidon2 import sponge


_COMMON: Final = ("Nonce", "ExpiredAt", "AccountIndex", "ApiKeyIndex")
_OWN: Final[dict[int, tuple[str, ...]]] = {
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

_FIELDS: Final = {tx_type: _COMMON + own for tx_type, own in _OWN.items()}
_AS_BYTES: Final = struct.Struct(f"<{DIGEST}Q")
# What says nothing: of the market of a cancel-all not 0, which is a market (observed, sdk 1.1.8).
_NIL: Final = {int(Attribute.CANCEL_ALL_MARKET): NIL_MARKET_INDEX}


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
    digest = sponge([chain_id, tx_type, *[tx_info[field] for field in fields]])
    attributes = tx_info.get("L2TxAttributes")
    said = _attributes_digest(tuple(attributes.items())) if attributes else ()
    if said:
        digest = sponge([*digest, *said])
    return _AS_BYTES.pack(*digest).hex()


@functools.lru_cache(maxsize=256)
def _attributes_digest(attributes: tuple[tuple[str, int], ...]) -> tuple[int, ...]:
    """Return the digest of attributes, empty if none says anything; a client has few such sets."""
    flat = _flatten(attributes)
    return tuple(sponge(flat)) if flat else ()


def _flatten(attributes: tuple[tuple[str, int], ...]) -> list[int]:
    """Type and value of each attribute that says something, in order of type, padded."""
    pairs = sorted((int(kind), value) for kind, value in attributes)
    said = [(kind, value) for kind, value in pairs if value != _NIL.get(kind, 0)]
    if len(said) > MAX_ATTRIBUTES:
        raise ValueError(f"L2TxAttributes held {len(said)}; use at most {MAX_ATTRIBUTES}")
    flat = [number for pair in said for number in pair]
    return flat and flat + [0] * (2 * MAX_ATTRIBUTES - len(flat))
