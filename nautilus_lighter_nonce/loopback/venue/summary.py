"""
What a ledger amounts to: counts, and the judgement of each key.

Rules of this file
------------------
- Pure, and computed from the entries alone, but for the counters of the keys. What a caller was
  told does not enter: that is `judgement`'s.

Words
-----
doubled
    A client order index for which more than one create of a client made an order.
accepted twice
    A client order index of which more than one create was accepted and did not vanish.
reused nonce
    A nonce that a client put on the wire again after a transaction with it was accepted and did not
    vanish. That alone is no wrong: whoever never saw the answer may write the same bytes again.
    ``same_bytes`` says whether all that came again was the accepted transaction itself;
    ``was_answered`` whether the acceptance had been answered when one of them came in.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from collections.abc import Iterator
from typing import Any
from typing import Final

import msgspec

from nautilus_lighter_nonce.lighter.codes import CODE_OK
from nautilus_lighter_nonce.lighter.codes import Code
from nautilus_lighter_nonce.loopback.venue.ledger import SPENT
from nautilus_lighter_nonce.loopback.venue.ledger import Entry
from nautilus_lighter_nonce.loopback.venue.ledger import Ledger
from nautilus_lighter_nonce.loopback.venue.ledger import Transport
from nautilus_lighter_nonce.loopback.venue.sequencer import Key
from nautilus_lighter_nonce.loopback.venue.sequencer import Outcome


LEAVING_NS: Final = 500_000_000
"""An answer on a connection that its client left at that moment was not heard (our choice)."""


def summarize(ledger: Ledger, counters: Iterable[tuple[Key, int, int]]) -> dict[str, Any]:
    """
    Return what a ledger amounts to.

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
    entries, known = ledger.entries, list(counters)
    creates = [e for e in entries if e.is_create and e.accepted]
    ours = [e for e in creates if e.transport is not Transport.FOREIGN]
    refused = [e for e in entries if _is_refused(e)]
    summary: dict[str, Any] = msgspec.to_builtins(ledger.counters)
    return summary | {
        "transactions": len(entries),
        "accepted": sum(e.accepted for e in entries),
        "stale": sum(_is_stale(e) for e in entries),
        "refused": len(refused),
        "unanswered": sum(not e.replied_ns for e in entries),
        "executed": _count(entries, Outcome.EXECUTED),
        "reverted": _count(entries, Outcome.REVERTED),
        "vanished": _count(entries, Outcome.VANISHED),
        "pending": _count(entries, Outcome.PENDING),
        "orders_accepted": len(creates),
        "orders_created": sum(e.made_order for e in creates),
        "doubled": _repeated(e for e in ours if e.made_order),
        "accepted_twice": _repeated(e for e in ours if e.outcome is not Outcome.VANISHED),
        "reused_nonces": [row for key, *_ in known for row in _reuse_rows(key, entries)],
        "keys": [_judge_key(*counter, entries) for counter in known],
    }


def _judge_key(key: Key, expected: int, executed: int, entries: list[Entry]) -> dict[str, Any]:
    own = [e for e in entries if e.key == key]
    # In the order of execution: a foreign writer's entry comes after the one it overtook.
    by_time = sorted(own, key=lambda e: e.executed_ns)
    spent = [e.nonce or 0 for e in by_time if e.outcome in SPENT]
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


def _reused(own: list[Entry]) -> dict[int, list[tuple[Entry, Entry]]]:
    """Return the nonces that came again after their acceptance: each time with what had it."""
    taken: dict[int, Entry] = {}
    reused: dict[int, list[tuple[Entry, Entry]]] = {}
    for entry in own:
        nonce = entry.nonce
        if nonce is None or entry.transport is Transport.FOREIGN:
            continue
        if nonce in taken:
            reused.setdefault(nonce, []).append((taken[nonce], entry))
        if entry.accepted and entry.outcome is not Outcome.VANISHED:
            taken[nonce] = entry
    return reused


def _reuse_rows(key: Key, entries: list[Entry]) -> list[dict[str, Any]]:
    reused = _reused([e for e in entries if e.key == key])
    return [
        {
            "account_index": key[0],
            "api_key_index": key[1],
            "nonce": nonce,
            "same_bytes": all(_raw(first) == _raw(again) for first, again in pairs),
            "was_answered": any(_knew(first, again) for first, again in pairs),
        }
        for nonce, pairs in sorted(reused.items())
    ]


def _raw(entry: Entry) -> str:
    return "" if entry.tx is None else entry.tx.raw


def _knew(first: Entry, again: Entry) -> bool:
    """Whether the first one's acceptance was answered before the next was sent, and was heard."""
    came_ns = again.received_ns or again.ts_ns
    if first.connection != again.connection:
        came_ns -= LEAVING_NS
    return first.code == CODE_OK and 0 < first.replied_ns <= came_ns


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
