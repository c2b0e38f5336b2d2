"""
The ledger: what the venue itself saw, and the judgement of it.

Rules of this file
------------------
- Every transaction that reached the venue has one entry, whatever became of it. Entries are written
  by the venue alone; no claim of a client enters.
- The summary is computed from the entries when asked, so it cannot drift from them.
- An entry's transaction hash is computed once, on first need.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from collections.abc import Iterator
from enum import Enum
from typing import Any

import msgspec

from nautilus_lighter_nonce.lighter.codes import Code
from nautilus_lighter_nonce.lighter.codes import TxType
from nautilus_lighter_nonce.loopback.venue.faults import RecordFault
from nautilus_lighter_nonce.loopback.venue.sequencer import Key
from nautilus_lighter_nonce.loopback.venue.sequencer import Outcome
from nautilus_lighter_nonce.loopback.venue.txinfo import Tx


class Transport(Enum):
    """How a transaction came."""

    WS = "ws"
    HTTP = "http"
    FOREIGN = "foreign"  # a foreign writer's, played by the venue


class Entry(msgspec.Struct, kw_only=True, eq=False):
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
    replied_ns : int
        When an answer, readable or not, was written to the wire; 0 if none was.
    outcome : Outcome
        What became of it.
    app_error : int, optional
        The sequencer's refusal (`ae`).
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
    replied_ns: int = 0
    outcome: Outcome = Outcome.NONE
    app_error: int | None = None
    made_order: bool = False
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


# -- RENDERING ------------------------------------------------------------------------------------


def entry_json(entry: Entry) -> dict[str, Any]:
    """Return an entry as `GET /ledger` shows it."""
    account_index, api_key_index = entry.key or (None, None)
    return {
        "seq": entry.seq,
        "ts_ns": entry.ts_ns,
        "transport": entry.transport.value,
        "connection": entry.connection,
        "batch": entry.batch,
        "account_index": account_index,
        "api_key_index": api_key_index,
        "nonce": entry.nonce,
        "expected": entry.expected,
        "tx_type": entry.tx_type,
        "index": None if entry.tx is None else entry.tx.index,
        "tx_hash": entry.tx_hash,
        "code": entry.code,
        "accepted": entry.accepted,
        "fault": entry.fault,
        "replied": entry.replied_ns > 0,
        "outcome": entry.outcome.value,
        "app_error": entry.app_error,
    }


def summarize(ledger: Ledger, counters: Iterable[tuple[Key, int, int]]) -> dict[str, Any]:
    """
    Return the judgement of a ledger.

    Parameters
    ----------
    ledger : Ledger
        The ledger.
    counters : Iterable[tuple[Key, int, int]]
        Each registered key with its `expected` and `executed` counters.

    Returns
    -------
    dict[str, Any]
        See `docs/reference.md`; computed from the entries alone, but for the counters.

    """
    entries = ledger.entries
    creates = [e for e in entries if e.is_create and e.accepted]
    refused = [e for e in entries if _is_refused(e)]
    summary: dict[str, Any] = msgspec.to_builtins(ledger.counters)
    return summary | {
        "transactions": len(entries),
        "accepted": sum(e.accepted for e in entries),
        "stale": sum(_is_stale(e) for e in entries),
        "refused": len(refused),
        "unanswered": sum(not e.replied_ns for e in entries),
        "executed": _count(entries, Outcome.EXECUTED),
        "failed": _count(entries, Outcome.FAILED),
        "vanished": _count(entries, Outcome.VANISHED),
        "pending": _count(entries, Outcome.PENDING),
        "orders_accepted": len(creates),
        "orders_created": sum(e.made_order for e in creates),
        "doubled": _repeated(e for e in creates if e.made_order),
        "accepted_twice": _repeated(e for e in creates if e.outcome is not Outcome.VANISHED),
        "keys": [_judge_key(*counter, entries) for counter in counters],
    }


def _judge_key(key: Key, expected: int, executed: int, entries: list[Entry]) -> dict[str, Any]:
    own = [e for e in entries if e.key == key]
    # In the order of execution: a foreign writer's entry comes after the one it overtook.
    by_time = sorted(own, key=lambda e: e.executed_ns)
    spent = [e.nonce or 0 for e in by_time if e.outcome in (Outcome.EXECUTED, Outcome.FAILED)]
    inversions = list(_inversions(own))
    return {
        "account_index": key[0],
        "api_key_index": key[1],
        "expected": expected,
        "executed": executed,
        "transactions": len(own),
        "accepted": sum(e.accepted for e in own),
        "stale": sum(_is_stale(e) for e in own),
        "gaps": sum(_is_stale(e) and _nonce_is(e, ahead=True) for e in own),
        "replays": sum(_is_stale(e) and _nonce_is(e, ahead=False) for e in own),
        "foreign": sum(e.transport is Transport.FOREIGN for e in own),
        "contiguous": all(b == a + 1 for a, b in itertools.pairwise(spent)),
        "reused_nonces": sorted(_reused(own)),
        "wire_order_ok": not inversions,
        "inversions": inversions,
    }


def _is_stale(entry: Entry) -> bool:
    return entry.code in (Code.INVALID_NONCE, Code.NONCE_NOT_INCREASING)


def _is_refused(entry: Entry) -> bool:
    return not entry.accepted and entry.code is not None and not _is_stale(entry)


def _nonce_is(entry: Entry, *, ahead: bool) -> bool:
    if entry.nonce is None or entry.expected is None:
        return False
    return entry.nonce > entry.expected if ahead else entry.nonce < entry.expected


def _count(entries: list[Entry], outcome: Outcome) -> int:
    return sum(e.outcome is outcome for e in entries)


def _repeated(creates: Iterable[Entry]) -> list[dict[str, int]]:
    """Return the client order indexes that one account has more than once among the entries."""
    seen: dict[tuple[int, int], int] = {}
    for entry in creates:
        if entry.tx is not None and entry.tx.index:
            order = (entry.tx.info.account_index, entry.tx.index)
            seen[order] = seen.get(order, 0) + 1
    return [
        {"account_index": account, "client_order_index": index, "times": times}
        for (account, index), times in seen.items()
        if times > 1
    ]


def _reused(own: list[Entry]) -> set[int]:
    """
    Return the nonces that a client put on the wire again after their acceptance.

    A nonce whose transaction vanished is free again, and so is one that was never accepted.
    """
    taken: set[int] = set()
    reused: set[int] = set()
    for entry in own:
        nonce = entry.nonce
        if nonce is None or entry.transport is Transport.FOREIGN:
            continue
        if nonce in taken:
            reused.add(nonce)
        if entry.accepted and entry.outcome is not Outcome.VANISHED:
            taken.add(nonce)
    return reused


def _inversions(own: list[Entry]) -> Iterator[tuple[int, int]]:
    """
    Yield (higher nonce, lower nonce) where the lower one was overtaken on the wire.

    That is: its first appearance came after the higher one's, and before the answer to the higher
    one was written, so that it cannot have been sent because of that answer. Filling a hole after
    a stale verdict is no inversion, and neither is a resend.
    """
    seen: set[int] = set()
    unanswered: list[Entry] = []
    for entry in own:
        nonce = entry.nonce
        if nonce is None or entry.transport is Transport.FOREIGN:
            continue
        unanswered = [e for e in unanswered if e.replied_ns > entry.ts_ns]
        higher = max((e.nonce or 0 for e in unanswered), default=-1)
        if nonce not in seen and nonce < higher:
            yield (higher, nonce)
        seen.add(nonce)
        unanswered.append(entry)
