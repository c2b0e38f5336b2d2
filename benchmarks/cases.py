"""
What is measured: a case is venue settings, levers, a number of orders and how they are offered.

Rule of this file: values only. Levers fire on every n-th transaction, not at random, so that all
clients of a case meet the same faults in the same places.
"""

from __future__ import annotations

from typing import Any
from typing import Final

import msgspec

from nautilus_lighter_nonce.loopback.config import VenueConfig


CALLERS: Final = 32
"""Concurrent callers of a closed loop: each offers its next order when it has its verdict."""

FAULT_RATE: Final = 100.0
"""Orders per second that the fault cases offer."""

EVERY_50TH: Final = 50  # 2 %


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """
    One line of a table, to be run once for each client.

    Parameters
    ----------
    name : str
        What `--cases` calls it.
    orders : int
        How many orders are wanted.
    serial_orders : int, optional
        How many, of a client that sends one at a time: such a case would take it minutes.
    rate : float, optional
        Orders offered per second, whatever the client does (open loop); ``None`` for a closed loop.
    latency_ms : float
        The venue's round trip.
    jitter_ms : float
        The most that each way may take longer.
    lag_ms : float
        How old the counter is that `nextNonce` reports.
    levers : tuple[dict, ...]
        The faults, see `loopback.faults.Lever`. The text "third" and "two thirds" stands for that
        part of the orders.

    """

    name: str
    orders: int
    serial_orders: int | None = None
    rate: float | None = None
    latency_ms: float = 20.0
    jitter_ms: float = 0.0
    lag_ms: float = 0.0
    levers: tuple[dict[str, Any], ...] = ()

    def count_for(self, *, is_serial: bool) -> int:
        """Return how many orders a client is asked for."""
        return self.serial_orders or self.orders if is_serial else self.orders

    def venue(self) -> VenueConfig:
        """Return the venue's settings."""
        return VenueConfig(
            latency_ms=self.latency_ms,
            jitter_ms=self.jitter_ms,
            next_nonce_lag_ms=self.lag_ms,
        )

    def armed(self, orders: int) -> list[dict[str, Any]]:
        """Return the levers as control commands for so many orders."""
        parts = {"third": orders // 3, "two thirds": 2 * orders // 3}
        return [{k: parts.get(v, v) for k, v in lever.items()} for lever in self.levers]


def _often(fault: str, every: int = EVERY_50TH, **fields: Any) -> dict[str, Any]:
    return {"fault": fault, "every": every, "count": None} | fields


CLEAN: Final = (
    Case(name="clean-0ms", orders=1_000, serial_orders=300, latency_ms=0.0),
    Case(name="clean-20ms", orders=1_000, serial_orders=300),
    Case(name="clean-100ms", orders=1_000, serial_orders=60, latency_ms=100.0),
)
"""Throughput and waiting time when nothing goes wrong; closed loop."""

FAULTS: Final = (
    Case(name="no-fault", orders=200, rate=FAULT_RATE),
    Case(name="refused", orders=200, rate=FAULT_RATE, levers=(_often("refuse"),)),
    Case(name="rate-limited", orders=200, rate=FAULT_RATE, levers=(_often("rate_limit"),)),
    Case(
        name="refused-lag",
        orders=200,
        rate=FAULT_RATE,
        lag_ms=350.0,
        levers=(_often("refuse"),),
    ),
    Case(
        name="rate-limited-lag",
        orders=200,
        rate=FAULT_RATE,
        lag_ms=350.0,
        levers=(_often("rate_limit"),),
    ),
    Case(name="lost-reply", orders=200, rate=FAULT_RATE, levers=(_often("drop_reply"),)),
    Case(name="lost-request", orders=200, rate=FAULT_RATE, levers=(_often("drop_request"),)),
    Case(
        name="foreign-writer",
        orders=200,
        rate=FAULT_RATE,
        levers=(_often("foreign_writer", every=40),),
    ),
    Case(
        name="socket-closed",
        orders=200,
        rate=FAULT_RATE,
        levers=(
            {"fault": "close_sockets", "when": "before", "after": "third"},
            {"fault": "close_sockets", "when": "after", "after": "two thirds"},
        ),
    ),
    Case(name="jitter", orders=200, rate=FAULT_RATE, jitter_ms=50.0),
)
"""One fault each, at 20 ms round trip; open loop."""

ABOUT: Final = {
    "clean-0ms": "no fault, 0 ms round trip",
    "clean-20ms": "no fault, 20 ms round trip",
    "clean-100ms": "no fault, 100 ms round trip",
    "no-fault": "no fault",
    "refused": "2 % refused for margin (21739)",
    "rate-limited": "2 % at 429 (code 23000)",
    "refused-lag": "2 % refused, nextNonce 350 ms late",
    "rate-limited-lag": "2 % at 429, nextNonce 350 ms late",
    "lost-reply": "2 % of replies lost",
    "lost-request": "2 % of requests lost",
    "foreign-writer": "every 40th nonce spent by another",
    "socket-closed": "sockets cut twice",
    "jitter": "up to 50 ms more on each way",
}
"""What the cases are, for people."""


def selected(names: str | None, orders: int | None, rate: float | None) -> list[list[Case]]:
    """
    Return the cases of each table as the command line wants them.

    Parameters
    ----------
    names : str, optional
        Names, or beginnings of names, separated by commas; all if ``None``.
    orders : int, optional
        Orders of every case and client.
    rate : float, optional
        Offered orders per second of every case; 0 for a closed loop.

    Raises
    ------
    ValueError
        If a name fits no case.

    """
    wanted = [name.strip() for name in names.split(",")] if names else [""]
    tables = [[c for c in table if c.name.startswith(tuple(wanted))] for table in (CLEAN, FAULTS)]
    for name in wanted:
        if not any(case.name.startswith(name) for table in tables for case in table):
            known = ", ".join(case.name for case in (*CLEAN, *FAULTS))
            raise ValueError(f"there is no case {name!r}; there are {known}")
    return [[_changed(case, orders, rate) for case in table] for table in tables]


def _changed(case: Case, orders: int | None, rate: float | None) -> Case:
    changes: dict[str, Any] = {}
    if orders is not None:
        changes |= {"orders": orders, "serial_orders": None}
    if rate is not None:
        changes |= {"rate": rate or None}
    return msgspec.structs.replace(case, **changes)
