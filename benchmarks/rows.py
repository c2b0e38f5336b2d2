"""
The rows of the tables: the venue's judgement of what a client told its callers, and the times.

Rules of this file
------------------
- Pure. Which orders landed, were refused, lost, doubled, misreported or left unresolved is for the
  venue's judge to say (`venue.judgement`); this file counts that, and adds quantiles and heals.
- Once a client is done nobody waits any more: who was told nothing until then was told "nothing".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any
from typing import Final

import msgspec

from benchmarks.load import Heal
from benchmarks.load import Order
from benchmarks.load import Outcome
from benchmarks.load import Told
from nautilus_lighter_nonce.core.decisions import RebaseSource
from nautilus_lighter_nonce.lighter.codes import TxType
from nautilus_lighter_nonce.loopback.venue.judgement import MADE
from nautilus_lighter_nonce.loopback.venue.judgement import Told as Word
from nautilus_lighter_nonce.loopback.venue.judgement import Truth


class Row(msgspec.Struct, kw_only=True):
    """
    One line of a table.

    Parameters
    ----------
    case, client : str
        What was measured.
    orders : int
        Orders wanted.
    landed : int
        Orders that the venue executed.
    goodput : float
        Orders landed per second, from the first offer to the last verdict.
    p50_ms, p99_ms : float, optional
        From an order's offer to its acceptance, of accepted orders.
    shown_p50_ms, shown_p99_ms : float, optional
        The same, to the strategy's `OrderAccepted`.
    stale : int
        Transactions answered with a nonce error.
    next_nonce_calls : int
        Questions for the next nonce, the first one included.
    refused : int
        Orders that the venue refused for reasons of its own, and that never executed.
    lost : int
        Orders that were not refused so, and never executed.
    doubled : int
        Orders that the venue executed more than once.
    accepted_twice : int
        Orders that the venue accepted more than once, the doubled ones included.
    misreported : int
        Orders executed though the caller was told "no", or never executed though told "yes".
    unresolved : int
        Orders whose caller never learned what became of them.
    late : int
        Orders that were unknown at first, or whose caller was told nothing, and whose caller did
        not know the truth `LATE_SECS` after they were due.
    truth_p99_ms : float, optional
        From an order's offer to the truth, of all orders whose caller was ever told it.
    heals : int, optional
        How often a lane was frozen and opened again; ``None`` of clients without a lane.
    heal_inferred_ms, heal_asked_ms : float, optional
        The longest time that a lane was frozen: where the verdicts proved the next nonce, and
        where the venue was asked for it.
    stall_ms : float
        The longest time that the client's event loop stood still, whoever made it.
    busy_ms : float
        The most processor time that the event loop's own thread used between two ticks of 2 ms.
    noise_ms : float
        The longest time that an idle process overslept while the load ran.
    client_cpu_ms, venue_cpu_ms : float
        Processor time per order wanted, all threads; the venue's is 0.0 where it cannot be read.
    wire_order_ok : bool
        Whether no nonce was overtaken on the wire.
    reasons : dict[str, int]
        What failures were explained with.

    """

    case: str
    client: str
    orders: int
    landed: int
    goodput: float
    p50_ms: float | None
    p99_ms: float | None
    shown_p50_ms: float | None
    shown_p99_ms: float | None
    stale: int
    next_nonce_calls: int
    refused: int
    lost: int
    doubled: int
    accepted_twice: int
    misreported: int
    unresolved: int
    late: int
    truth_p99_ms: float | None
    heals: int | None
    heal_inferred_ms: float | None
    heal_asked_ms: float | None
    stall_ms: float
    busy_ms: float
    noise_ms: float
    client_cpu_ms: float
    venue_cpu_ms: float
    wire_order_ok: bool
    reasons: dict[str, int] = {}


LATE_SECS: Final = 3.0
"""How long after it was due an order may be in doubt; Nautilus asks after one in flight at 5 s."""

_WORDS: Final = {
    Told.ACCEPTED: Word.ACCEPTED,
    Told.FAILED: Word.REJECTED,
    Told.UNKNOWN: Word.NOTHING,
}

ANONYMOUS_DIGITS: Final = str.maketrans("0123456789", "##########")


def as_told(orders: Sequence[Order], account_index: int) -> list[dict[str, Any]]:
    """
    Return what callers were told in the end, as ``POST /ledger`` takes it.

    Parameters
    ----------
    orders : Sequence[Order]
        The orders of a client that is done.
    account_index : int
        The account that they are of.

    """
    return [
        {
            "account_index": account_index,
            "client_order_index": order.index,
            "told": _WORDS[order.told].value,
        }
        for order in orders
    ]


def make_row(
    case: str,
    client: str,
    outcome: Outcome,
    ledger: list[dict[str, Any]],
    judgement: Mapping[str, Any],
    venue_cpu_secs: float = 0.0,
    noise_ms: float = 0.0,
) -> Row:
    """
    Return the line of one client in one case.

    Parameters
    ----------
    case, client : str
        What was measured.
    outcome : Outcome
        What the client told.
    ledger : list[dict]
        The venue's ledger.
    judgement : Mapping
        What the venue answers when it is told `as_told` (``POST /ledger``).
    venue_cpu_secs : float
        Processor time of the venue.
    noise_ms : float
        How long an idle process overslept meanwhile.

    Returns
    -------
    Row

    """
    orders = outcome.orders
    creates = [e for e in ledger if e["tx_type"] == TxType.CREATE_ORDER]
    _add_verdicts(orders, outcome.verdicts, creates)
    _add_doubts(orders, outcome.unknowns, creates)
    truths = Counter(Truth(row["truth"]) for row in judgement["orders"])
    landed = sum(count for truth, count in truths.items() if truth in MADE)
    wrong = {row["client_order_index"] for row in judgement["misreported"]}
    waits = [o.verdict_ns - o.due_ns for o in orders if o.told is Told.ACCEPTED and o.verdict_ns]
    shown = [o.shown_ns - o.due_ns for o in orders if o.shown_ns]
    known = {o.index for o in orders if _knows_truth(o, wrong)}
    return Row(
        case=case,
        client=client,
        orders=len(orders),
        landed=landed,
        goodput=landed / _elapsed_secs(orders),
        p50_ms=quantile_ms(waits, 0.50),
        p99_ms=quantile_ms(waits, 0.99),
        shown_p50_ms=quantile_ms(shown, 0.50),
        shown_p99_ms=quantile_ms(shown, 0.99),
        stale=judgement["stale"],
        next_nonce_calls=judgement["next_nonce_calls"],
        refused=truths[Truth.REFUSED],
        lost=len(judgement["lost"]),
        doubled=len(judgement["doubled"]),
        accepted_twice=len(judgement["accepted_twice"]),
        misreported=len(wrong),
        unresolved=len(judgement["unresolved"]) + len(judgement["undecided"]),
        late=sum(_is_late(o, o.index in known) for o in orders),
        truth_p99_ms=quantile_ms([o.truth_ns - o.due_ns for o in orders if o.index in known], 0.99),
        heals=None if outcome.heals is None else len(outcome.heals),
        heal_inferred_ms=_longest_ms(outcome.heals, RebaseSource.INFERRED),
        heal_asked_ms=_longest_ms(outcome.heals, RebaseSource.REFRESHED),
        stall_ms=outcome.stall_ms,
        busy_ms=outcome.busy_ms,
        noise_ms=noise_ms,
        client_cpu_ms=outcome.cpu_secs * 1_000 / len(orders),
        venue_cpu_ms=venue_cpu_secs * 1_000 / len(orders),
        wire_order_ok=all(key["wire_order_ok"] for key in judgement["keys"]),
        reasons=Counter(o.reason.translate(ANONYMOUS_DIGITS) for o in orders if o.reason),
    )


def quantile_ms(waits_ns: list[int], share: float) -> float | None:
    """Return the nearest-rank quantile in milliseconds, ``None`` of nothing."""
    if not waits_ns:
        return None
    rank = max(1, -(-len(waits_ns) * share // 1))
    return sorted(waits_ns)[int(rank) - 1] / 1e6


def _knows_truth(order: Order, wrong: Container[int]) -> bool:
    is_definite = order.told is not Told.UNKNOWN and order.truth_ns > 0
    return is_definite and order.index not in wrong


def _is_late(order: Order, is_known: bool) -> bool:
    """Whether an order that was in doubt still was when it should not have been any more."""
    was_in_doubt = order.was_unknown or order.told is Told.UNKNOWN
    is_in_time = order.truth_ns - order.due_ns <= LATE_SECS * 1e9
    return was_in_doubt and not (is_in_time and is_known)


def _longest_ms(heals: list[Heal] | None, source: RebaseSource) -> float | None:
    return max((h.frozen_ms for h in heals or () if h.source is source), default=None)


def _add_verdicts(
    orders: list[Order], verdicts: dict[str, int], creates: list[dict[str, Any]]
) -> None:
    """Give orders the verdicts that a client knew by transaction hash only."""
    by_index = {order.index: order for order in orders}
    for entry in creates:
        order = by_index.get(entry["index"])
        if order is not None and entry["tx_hash"] in verdicts:
            order.verdict_ns = verdicts[entry["tx_hash"]]
    for order in orders:
        order.verdict_ns = order.verdict_ns or order.shown_ns


def _add_doubts(
    orders: list[Order], unknowns: dict[str, int], creates: list[dict[str, Any]]
) -> None:
    """
    Mark the orders that a client knew to be unknown by transaction hash only.

    A copy that was lost with its connection is in no ledger: it may be any order's that waited for
    the truth then, and all of them are taken to have been in doubt.
    """
    owners = {entry["tx_hash"]: entry["index"] for entry in creates}
    for tx_hash, since_ns in unknowns.items():
        owner = owners.get(tx_hash)
        for order in orders:
            waited = order.due_ns <= since_ns and not 0 < order.truth_ns <= since_ns
            order.was_unknown |= waited and owner in (None, order.index)


def _elapsed_secs(orders: list[Order]) -> float:
    first = min(order.due_ns for order in orders)
    last = max(max(order.verdict_ns, order.due_ns) for order in orders)
    return max(last - first, 1) / 1e9
