"""
What a venue may have done with order 42: one bench for each truth that a judge must tell apart.

Rule of this file: nothing is asserted here.
"""

from __future__ import annotations

from typing import Any

from nautilus_lighter_nonce.lighter.codes import Code
from nautilus_lighter_nonce.loopback.venue.faults import Fault
from tests.loopback import txs
from tests.loopback.bench import Bench


COI = 42


def played(tx_info: str, **config: Any) -> Bench:
    """Return a venue that executed a create."""
    bench = Bench(execution_delay_ms=1, **config)
    bench.send(14, tx_info)
    bench.run(50)
    return bench


def resting() -> Bench:
    """Return a venue with order 42 in the book."""
    return played(txs.create(1, COI))


def filled() -> Bench:
    """Return a venue that filled order 42."""
    return played(txs.take(1, COI))


def canceled() -> Bench:
    """Return a venue where order 42 lived and was canceled."""
    bench = resting()
    bench.send(15, txs.cancel(2, COI), ms=60)
    bench.run(100)
    return bench


def partly_filled() -> Bench:
    """Return a venue where 0.04 of order 42 was filled and the rest is gone."""
    bench = Bench(execution_delay_ms=1)
    bench.engine.move_touch(0, "2000.00", "2000.50", "0.04", bench.at(0))
    bench.send(14, txs.take(1, COI))
    bench.run(50)
    return bench


def post_only_that_crosses() -> Bench:
    """Return a venue that ended order 42 in the execution that made it."""
    return played(txs.create(1, COI, TimeInForce=2, Price=210_000))


def self_traded() -> Bench:
    """Return a venue where order 42 lived, and was ended as one of its own account met it."""
    bench = played(txs.create(1, COI, Price=200_020))
    bench.send(14, txs.create(2, COI + 1, IsAsk=1, Price=200_020), ms=60)
    bench.run(100)
    return bench


def refused() -> Bench:
    """Return a venue that refused order 42 for a reason of its own."""
    bench = Bench()
    bench.arm(Fault.REFUSE, code=int(Code.NOT_ENOUGH_MARGIN))
    bench.send(14, txs.create(1, COI))
    return bench


def failed() -> Bench:
    """Return a venue that took order 42 and refused it when it was executed."""
    bench = Bench(execution_delay_ms=1)
    bench.arm(Fault.FAIL)
    bench.send(14, txs.create(1, COI))
    bench.run(50)
    return bench


def never_sent() -> Bench:
    """Return a venue that never saw order 42."""
    return Bench()
