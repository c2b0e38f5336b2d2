"""
Transaction records: the row of an executed transaction, and how levers and a late index bend it.

Rules of this file
------------------
- What happened is the ledger's and is not touched; only the row bends.
"""

from __future__ import annotations

from typing import Any
from typing import Final

from nautilus_lighter_nonce.lighter.codes import TxStatus
from nautilus_lighter_nonce.loopback.config import Index
from nautilus_lighter_nonce.loopback.config import VanishedLookup
from nautilus_lighter_nonce.loopback.venue import views
from nautilus_lighter_nonce.loopback.venue.ledger import Entry
from nautilus_lighter_nonce.loopback.venue.sequencer import Outcome
from nautilus_lighter_nonce.loopback.venue.state import State


EXECUTED: Final = frozenset({Outcome.EXECUTED, Outcome.REVERTED})


def record_row(state: State, entry: Entry, now_ns: int) -> dict[str, Any]:
    """
    Return a transaction's record as it shows itself now.

    Parameters
    ----------
    state : State
        The venue's state.
    entry : Entry
        A transaction that was accepted.
    now_ns : int
        The time, UNIX nanoseconds.

    Returns
    -------
    dict[str, Any]

    """
    row = views.tx_row(entry)
    if entry.outcome in EXECUTED:
        _bend(state, entry, now_ns, row)
    elif state.config.vanished_lookup is VanishedLookup.PENDING:
        row["status"] = int(TxStatus.PENDING)  # vanished, or pending in truth
    return row


def looked_up(state: State, entry: Entry, now_ns: int) -> dict[str, Any] | None:
    """
    Return what a look-up by hash shows of a transaction.

    Parameters
    ----------
    state : State
        The venue's state.
    entry : Entry
        A transaction that was accepted.
    now_ns : int
        The time, UNIX nanoseconds.

    Returns
    -------
    dict[str, Any] or ``None``
        ``None`` if the index does not know it: not yet, or not any more.

    """
    if lag_ns := state.past.lag_ns(Index.TX):
        if entry.accepted_ns > now_ns - lag_ns:
            return None
        if entry.outcome is not Outcome.PENDING and entry.executed_ns > now_ns - lag_ns:
            return _pending_row(entry)
    hidden = state.config.vanished_lookup is VanishedLookup.UNKNOWN
    if hidden and entry.outcome is Outcome.VANISHED:
        return None
    return record_row(state, entry, now_ns)


def _pending_row(entry: Entry) -> dict[str, Any]:
    """Return the record of a transaction as it was before its execution."""
    unknown = {"event_info": "", "transaction_index": 0, "sequence_index": 0}
    times = {"executed_at": entry.accepted_ns // 10**6}
    times["transaction_time"] = entry.accepted_ns // 1_000
    return views.tx_row(entry) | unknown | times | {"status": int(TxStatus.PENDING)}


def _bend(state: State, entry: Entry, now_ns: int, row: dict[str, Any]) -> None:
    fault = entry.record
    if fault is not None and (fault.until_ns is None or now_ns < fault.until_ns):
        _set_status(row, "missing" if fault.missing else fault.status)
    elif state.config.record_status != TxStatus.EXECUTED:
        _set_status(row, state.config.record_status)


def _set_status(row: dict[str, Any], status: int | str | None) -> None:
    if status == "missing":
        del row["status"]
    else:
        row["status"] = status
