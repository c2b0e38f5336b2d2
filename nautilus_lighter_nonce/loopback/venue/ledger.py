"""
The ledger: what the venue itself saw.

Rules of this file
------------------
- Every transaction that reached the venue has one entry, whatever became of it. Entries are written
  by the venue alone; no claim of a client enters.
- How entries are shown is in `ledger_rows`, what they amount to in `summary` and `judgement`: both
  are computed from the entries when asked, so that they cannot drift from them.
- An entry's transaction hash is computed once, on first need.
- Nothing is forgotten before a `reset`: a transaction takes about 2 kB.
- Entries and what they hold are structs with ``gc=False``: nothing in them refers back, and a
  collection that walks a long ledger would stop the venue.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

import msgspec

from nautilus_lighter_nonce.lighter.codes import TxType
from nautilus_lighter_nonce.loopback.venue.faults import RecordFault
from nautilus_lighter_nonce.loopback.venue.orders import BookOrder
from nautilus_lighter_nonce.loopback.venue.sequencer import Key
from nautilus_lighter_nonce.loopback.venue.sequencer import Outcome
from nautilus_lighter_nonce.loopback.venue.txinfo import Tx


class Transport(Enum):
    """How a transaction came."""

    WS = "ws"
    HTTP = "http"
    FOREIGN = "foreign"  # a foreign writer's, played by the venue


SPENT: Final = frozenset({Outcome.EXECUTED, Outcome.REVERTED})
"""What became of transactions whose nonce is gone."""


class Entry(msgspec.Struct, kw_only=True, eq=False, gc=False):
    """
    One transaction as the venue saw it.

    Parameters
    ----------
    seq : int
        Order of arrival, from 1.
    ts_ns : int
        Time of arrival at the API tier, UNIX nanoseconds.
    received_ns : int
        When the kernel had it; earlier than `ts_ns` by what it waited on the way.
    transport : Transport
        How it came.
    connection : int
        The number of the socket or TCP connection; 0 for a foreign writer.
    tx_type : int
        As the request named it.
    tx : Tx, optional
        ``None`` if it could not be read.
    expected : int, optional
        The API tier's counter when it arrived.
    code : int, optional
        What was answered: 200, an error code, or the HTTP status of an answer without a code.
        ``None`` when nothing readable was answered.
    accepted : bool
        Whether the nonce was taken.
    fault : str, optional
        The levers that fired on it, joined by "+".
    refusal : int, optional
        The code with which the venue refused it, whatever a lever made of the answer.
    replied_ns : int
        When an answer, readable or not, was written to the wire; 0 if none was.
    outcome : Outcome
        What became of it.
    app_error : int, optional
        The sequencer's refusal (`ae`).
    order : BookOrder, optional
        The order that a create made, as it is now.
    fell_with : int, optional
        Of a vanished transaction that stood behind another one: the number of that one's entry.
        ``None`` if the venue dropped it for its own sake.
    record : RecordFault, optional
        How a lever has its record look.

    """

    seq: int
    ts_ns: int
    transport: Transport
    connection: int
    tx_type: int
    tx: Tx | None
    batch: int | None = None
    expected: int | None = None
    code: int | None = None
    accepted: bool = False
    fault: str | None = None
    refusal: int | None = None
    replied_ns: int = 0
    outcome: Outcome = Outcome.NONE
    app_error: int | None = None
    order: BookOrder | None = None
    fell_with: int | None = None
    accepted_ns: int = 0
    executed_ns: int = 0
    event_info: str = ""
    position: int = 0
    tx_hash: str = ""
    record: RecordFault | None = None
    received_ns: int = 0

    @property
    def key(self) -> Key | None:
        """The (account index, API key index), if it could be read."""
        return None if self.tx is None else self.tx.key

    @property
    def nonce(self) -> int | None:
        """The nonce it carried, if it could be read."""
        return None if self.tx is None else self.tx.info.nonce

    @property
    def is_create(self) -> bool:
        """Whether it was to create an order."""
        return self.tx_type == TxType.CREATE_ORDER

    @property
    def made_order(self) -> bool:
        """Whether it made an order, whatever became of that."""
        return self.order is not None

    @property
    def spent_nonce(self) -> int | None:
        """The nonce that it spent, ``None`` if it spent none."""
        return self.nonce if self.outcome in SPENT else None

    def blame(self, fault: str) -> None:
        """Note that a lever fired on it."""
        self.fault = fault if self.fault is None else f"{self.fault}+{fault}"


class Counters(msgspec.Struct, kw_only=True):
    """What the venue counts besides transactions."""

    next_nonce_calls: int = 0
    lookups: int = 0
    connections: int = 0
    fills: int = 0


class Ledger:
    """All entries of a venue since its start or its last reset."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.counters = Counters()
        self._next_seq = 1

    def open(
        self,
        *,
        ts_ns: int,
        transport: Transport,
        connection: int,
        tx_type: int,
        tx: Tx | None,
        batch: int | None = None,
    ) -> Entry:
        """Write down the arrival of a transaction."""
        entry = Entry(
            seq=self._next_seq,
            ts_ns=ts_ns,
            transport=transport,
            connection=connection,
            tx_type=tx_type,
            tx=tx,
            batch=batch,
        )
        self._next_seq += 1
        self.entries.append(entry)
        return entry

    def clear(self) -> None:
        """Forget all entries and counts."""
        self.entries.clear()
        self.counters = Counters()
