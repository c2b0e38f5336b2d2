"""
How long the sequencer takes beyond the usual, by the kind of a transaction and the tier.

Rules of this file
------------------
- The table is the venue's since 30 August 2026 (docs): takers are held up, makers and cancels not,
  but on the Plus tier.
- Who takes is decided when a transaction is accepted: a market order, an immediate one, a limit
  order that crosses at that moment. A trigger order and a modify are none (inferred).
"""

from __future__ import annotations

from typing import Final

import msgspec

from nautilus_lighter_nonce.lighter.codes import OrderKind
from nautilus_lighter_nonce.lighter.codes import OrderTif
from nautilus_lighter_nonce.lighter.codes import TxType
from nautilus_lighter_nonce.loopback.config import Tier
from nautilus_lighter_nonce.loopback.venue.state import State
from nautilus_lighter_nonce.loopback.venue.txinfo import TRIGGER_KINDS
from nautilus_lighter_nonce.loopback.venue.txinfo import CreateInfo
from nautilus_lighter_nonce.loopback.venue.txinfo import Tx


USUAL_MS: Final = 133.0  # what the venue predicts (observed)


class TierTimes(msgspec.Struct, frozen=True):
    """A tier's latencies, milliseconds."""

    taker_ms: float
    maker_ms: float = 0.0
    cancel_ms: float = 0.0  # modifies too


TIER_TIMES: Final = {
    Tier.STANDARD: TierTimes(taker_ms=300.0),
    Tier.PLUS: TierTimes(taker_ms=300.0, maker_ms=200.0, cancel_ms=200.0),
    Tier.PREMIUM: TierTimes(taker_ms=140.0),
}

_CANCELS: Final = frozenset(
    {TxType.CANCEL_ORDER, TxType.CANCEL_ALL_ORDERS, TxType.MODIFY_ORDER},
)


def extra_ms(state: State, tx: Tx) -> float:
    """
    Return how much later than usual a transaction is executed, milliseconds.

    Parameters
    ----------
    state : State
        The venue's state.
    tx : Tx
        A transaction that was accepted just now.

    Returns
    -------
    float

    """
    config = state.config
    extra = config.tx_delay_ms.get(tx.tx_type, 0.0) if config.tx_delay_ms else 0.0
    if config.taker_delay_ms and takes(state, tx):
        extra += config.taker_delay_ms
    if config.tier_timing:
        extra += _tier_ms(state, tx)
    return extra


def takes(state: State, tx: Tx) -> bool:
    """Return whether a transaction is an order that would trade at once."""
    info = tx.info
    if not isinstance(info, CreateInfo) or info.type in TRIGGER_KINDS:
        return False
    if info.type == OrderKind.MARKET or info.time_in_force == OrderTif.IMMEDIATE_OR_CANCEL:
        return True
    book = state.books[info.market_index]
    return info.time_in_force != OrderTif.POST_ONLY and book.crosses(bool(info.is_ask), info.price)


def _tier_ms(state: State, tx: Tx) -> float:
    times = TIER_TIMES[state.config.tier]
    if tx.tx_type in _CANCELS:
        return times.cancel_ms
    if not isinstance(tx.info, CreateInfo):
        return 0.0
    return times.taker_ms if takes(state, tx) else times.maker_ms
