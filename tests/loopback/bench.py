"""The venue's law on a bench: an engine, a clock that the test moves, and an ear."""

from __future__ import annotations

import time
from typing import Any

from nautilus_lighter_nonce.loopback.config import VenueConfig
from nautilus_lighter_nonce.loopback.venue.endpoints import QUERIES
from nautilus_lighter_nonce.loopback.venue.engine import Engine
from nautilus_lighter_nonce.loopback.venue.faults import Fault
from nautilus_lighter_nonce.loopback.venue.faults import Lever
from nautilus_lighter_nonce.loopback.venue.ledger import Entry
from nautilus_lighter_nonce.loopback.venue.ledger import Transport
from nautilus_lighter_nonce.loopback.venue.orders import OrderStatus
from nautilus_lighter_nonce.loopback.venue.queries import tx
from nautilus_lighter_nonce.loopback.venue.replies import Happening
from nautilus_lighter_nonce.loopback.venue.replies import Reply
from nautilus_lighter_nonce.loopback.venue.replies import Submission


MS = 1_000_000
KEY = (700, 5)


class Bench:
    """An engine, a clock in milliseconds from now, and what the listener heard."""

    def __init__(self, *, start_ns: int | None = None, **config: Any) -> None:
        self.heard: list[Happening] = []
        self.engine = Engine(VenueConfig(**config), self.heard.append)
        self.state = self.engine.state
        self._start_ns = time.time_ns() if start_ns is None else start_ns

    def at(self, ms: float) -> int:
        """Return a time, UNIX nanoseconds."""
        return self._start_ns + int(ms * MS)

    def send(self, tx_type: int, tx_info: str, ms: float = 0.0) -> Reply:
        """Submit a transaction at a time."""
        submission = Submission(
            transport=Transport.WS, connection=1, tx_types=(tx_type,), tx_infos=(tx_info,)
        )
        return self.engine.submit(submission, self.at(ms))

    def batch(self, tx_types: list[int], tx_infos: list[str], ms: float = 0.0) -> Reply:
        """Submit a batch at a time."""
        submission = Submission(
            transport=Transport.HTTP,
            connection=1,
            tx_types=tuple(tx_types),
            tx_infos=tuple(tx_infos),
            is_batch=True,
        )
        return self.engine.submit(submission, self.at(ms))

    def run(self, ms: float) -> None:
        """Execute what is due at a time."""
        self.engine.run_due(self.at(ms))

    def arm(self, fault: Fault, **fields: Any) -> None:
        """Arm a lever."""
        self.engine.levers.arm(Lever(fault=fault, **fields))

    def set(self, ms: float = 0.0, **changes: Any) -> None:
        """Change the config at a time."""
        self.engine.configure(changes, self.at(ms))

    def query(self, name: str, ms: float = 0.0, **params: Any) -> dict[str, Any]:
        """Read an endpoint at a time."""
        texts = {key: str(value) for key, value in params.items()}
        return QUERIES[name][0](self.state, texts, self.at(ms))

    def tx(self, tx_hash: str, ms: float = 0.0) -> dict[str, Any]:
        """Look a transaction up by its hash at a time."""
        return tx(self.state, {"by": "hash", "value": tx_hash}, self.at(ms))

    @property
    def entries(self) -> list[Entry]:
        """The ledger's entries."""
        return self.engine.ledger.entries

    def outcomes(self) -> list[str]:
        """Return what became of each transaction."""
        return [entry.outcome.value for entry in self.entries]

    def executed_at(self) -> list[tuple[int | None, float]]:
        """Return nonce and time of what was executed, milliseconds, in that order."""
        return [(h.entry.nonce, (h.ts_ns - self._start_ns) // MS) for h in self.heard if h.entry]

    def statuses(self) -> list[OrderStatus]:
        """Return the account's orders' states, live ones first."""
        orders = self.state.orders
        return [order.status for order in orders.live(700) + orders.ended(700)]
