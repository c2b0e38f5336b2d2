"""
Seeding: what the venue says of a key whose lane begins, weighed against what the lane knows.

Rules of this file
------------------
- The counter lags: a lane that knows more begins where it knows to be.
- One answer far below what is known proves no reset; the same answer again does.
- It moves no lane: the component does.
"""

from __future__ import annotations

import msgspec
from nautilus_trader.common.component import Logger

from nautilus_lighter_nonce.component.resets import Resets
from nautilus_lighter_nonce.component.source import Key
from nautilus_lighter_nonce.component.source import NonceSource
from nautilus_lighter_nonce.component.source import ask_patiently
from nautilus_lighter_nonce.component.telling import name_of
from nautilus_lighter_nonce.core.counter import is_nonce
from nautilus_lighter_nonce.core.counter import shown_shortly
from nautilus_lighter_nonce.core.lane import NonceLane


class Seed(msgspec.Struct, frozen=True):
    """
    Where a lane is to begin.

    Parameters
    ----------
    next_nonce : int
        The number.
    is_reset : bool
        Whether the venue was reset, and what was signed before counts no more.
    is_fallen : bool
        Whether it lies far below what is known, and nobody has confirmed a reset.

    """

    next_nonce: int
    is_reset: bool = False
    is_fallen: bool = False


async def ask_for_seed(
    source: NonceSource, key: Key, lane: NonceLane, resets: Resets, log: Logger
) -> Seed:
    """
    Ask where a lane is to begin.

    Raises
    ------
    ValueError
        If the answer is no nonce.
    Exception
        Whatever the source raised.

    """
    answer = await _ask(source, key, lane, log)
    if lane.has_fallen_to(answer) and not resets.is_confirmed(key):
        answer = await _ask(source, key, lane, log)
    if resets.is_confirmed(key) and (answer < lane.proved or lane.has_fallen_to(answer)):
        return Seed(answer, is_reset=True)
    if lane.has_fallen_to(answer):
        return Seed(answer, is_fallen=True)
    return Seed(max(answer, lane.proved))


async def _ask(source: NonceSource, key: Key, lane: NonceLane, log: Logger) -> int:
    answer = await ask_patiently(source, key, log)
    if not is_nonce(answer):
        raise ValueError(
            f"nextNonce of {name_of(lane)} was {shown_shortly(answer)!r}; it must be a whole "
            "number, 0 or more: check base_url_http, then connect again",
        )
    return answer
