"""
What the demo does to the venue, and when.

Rules of this file
------------------
- Pure: a seed and a duration go in, steps come out; the same seed gives the same steps.
- Each step is one command of the venue's control API (`loopback.venue.control`).
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec

from nautilus_lighter_nonce.lighter.codes import Code
from nautilus_lighter_nonce.lighter.codes import TxType
from nautilus_lighter_nonce.loopback.config import MarketConfig


WARM_UP_SECS = 1.0
"""Trading without faults at the start; short runs have a third of their time instead."""

MEAN_GAP_SECS = 0.9
"""Mean time between two faults."""

SWEEP_EVERY_SECS = 2.5
"""Time between two moves of a market's touch through the resting orders."""

SWEEP_LASTS_SECS = 0.08
SWEEP_BPS = Decimal(10)


class Step(msgspec.Struct, frozen=True):
    """
    One thing to do to the venue.

    Parameters
    ----------
    at : float
        Seconds since trading began.
    command : dict[str, Any]
        The control command.
    name : str
        The fault's name; empty for what is no fault.
    about : str
        What the fault is, for people.

    """

    at: float
    command: dict[str, Any]
    name: str = ""
    about: str = ""


class _Fault(msgspec.Struct, frozen=True):
    name: str
    about: str
    command: dict[str, Any]


_CREATE = int(TxType.CREATE_ORDER)

_FAULTS = (
    _Fault(
        "refuse",
        "an order is refused: not enough margin (21739)",
        {"fault": "refuse", "code": int(Code.NOT_ENOUGH_MARGIN), "tx_type": _CREATE},
    ),
    _Fault("rate_limit", "a transaction is answered 429", {"fault": "rate_limit"}),
    _Fault("foreign_writer", "a stranger spends our next nonce", {"fault": "foreign_writer"}),
    _Fault("drop_reply", "an answer is lost", {"fault": "drop_reply"}),
    _Fault("close_sockets", "all connections are cut", {"fault": "close_sockets"}),
    _Fault(
        "server_error",
        "503 for a transaction that was not processed",
        {"fault": "server_error", "processed": False},
    ),
    _Fault(
        "server_error",
        "503 for a transaction that was processed",
        {"fault": "server_error", "processed": True},
    ),
    _Fault("lag", "nextNonce lags 900 ms", {"fault": "lag", "ms": 900}),
    _Fault("delay", "an answer takes 400 ms longer", {"fault": "delay", "ms": 400}),
)

FAULT_NAMES = frozenset(fault.name for fault in _FAULTS)
"""All faults the demo injects."""


def steps(
    seed: int,
    seconds: float,
    markets: Sequence[MarketConfig],
    *,
    with_faults: bool = True,
) -> tuple[Step, ...]:
    """
    Return everything to do during a run, in order.

    Parameters
    ----------
    seed : int
        Chooses order and times of faults.
    seconds : float
        How long the run trades.
    markets : Sequence[MarketConfig]
        The markets whose touch is moved.
    with_faults : bool, default True
        Whether faults are among the steps.

    Returns
    -------
    tuple[Step, ...]

    """
    rng = random.Random(seed)
    faults = list(_faults(rng, seconds)) if with_faults else []
    return tuple(sorted([*faults, *_sweeps(rng, seconds, markets)], key=lambda step: step.at))


def _faults(rng: random.Random, seconds: float) -> Iterator[Step]:
    """Deal the faults like cards: each comes once before any comes again."""
    at = min(WARM_UP_SECS, seconds / 3)
    deck: list[_Fault] = []
    while at < seconds:
        deck = deck or rng.sample(_FAULTS, len(_FAULTS))
        fault = deck.pop()
        yield Step(at, fault.command, fault.name, fault.about)
        at += rng.uniform(0.5, 1.5) * MEAN_GAP_SECS


def _sweeps(rng: random.Random, seconds: float, markets: Sequence[MarketConfig]) -> Iterator[Step]:
    """Let each touch run through the resting orders of one side, and return."""
    for market in markets:
        at = rng.uniform(0.5, SWEEP_EVERY_SECS)
        while at < seconds:
            yield Step(at, touch(market, rng.choice((-SWEEP_BPS, SWEEP_BPS))))
            yield Step(at + SWEEP_LASTS_SECS, touch(market, Decimal(0)))
            at += SWEEP_EVERY_SECS


def touch(market: MarketConfig, shift_bps: Decimal) -> dict[str, Any]:
    """
    Return the command that puts a market's touch so far from where it began.

    Parameters
    ----------
    market : MarketConfig
        The market.
    shift_bps : Decimal
        Basis points; negative is down.

    """
    tick = Decimal(1).scaleb(-market.price_decimals)
    factor = 1 + shift_bps / 10_000
    bid, ask = ((Decimal(p) * factor).quantize(tick) for p in (market.bid, market.ask))
    return {"touch": {"market": market.market_id, "bid": str(bid), "ask": str(ask)}}
