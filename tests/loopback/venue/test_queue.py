"""When accepted transactions are due: in order within a key, free of other keys."""

from __future__ import annotations

from nautilus_lighter_nonce.loopback.venue.ledger import Entry
from nautilus_lighter_nonce.loopback.venue.ledger import Transport
from nautilus_lighter_nonce.loopback.venue.queue import ExecutionQueue


KEY, OTHER = (700, 5), (700, 6)


def entry(seq: int) -> Entry:
    """Return an entry with a number."""
    return Entry(seq=seq, ts_ns=0, transport=Transport.WS, connection=1, tx_type=14, tx=None)


def order_of(queue: ExecutionQueue, now_ns: int = 10**9) -> list[int]:
    """Take everything out and return the numbers."""
    numbers = []
    while (due := queue.pop_due(now_ns)) is not None:
        numbers.append(due.seq)
    return numbers


def test_put_behind_a_late_one_of_the_same_key_waits() -> None:
    """What stands behind a late transaction of its key is not executed before it."""
    queue = ExecutionQueue()
    queue.put(KEY, entry(1), due_ns=300, told_ns=300)
    assert queue.put(KEY, entry(2), due_ns=10, told_ns=10) == 300
    assert queue.pop_due(299) is None
    assert order_of(queue, 300) == [1, 2]


def test_put_of_another_key_waits_for_nobody() -> None:
    """A late transaction of one key holds up no other key."""
    queue = ExecutionQueue()
    queue.put(KEY, entry(1), due_ns=300, told_ns=300)
    assert queue.put(OTHER, entry(2), due_ns=10, told_ns=10) == 10
    assert queue.next_due() == 10
    assert order_of(queue) == [2, 1]


def test_put_equal_times_keep_the_order_of_acceptance() -> None:
    """At one and the same time the order is that of acceptance, not of arrival."""
    queue = ExecutionQueue()
    for seq in (3, 1, 2):
        queue.put(KEY, entry(seq), due_ns=5, told_ns=5)
    assert order_of(queue) == [3, 1, 2]


def test_put_told_time_may_differ_from_the_due_one() -> None:
    """The told time goes its own way, and only rises as well."""
    queue = ExecutionQueue()
    assert queue.put(KEY, entry(1), due_ns=300, told_ns=10) == 10
    assert queue.put(KEY, entry(2), due_ns=20, told_ns=5) == 10
    assert queue.next_due() == 300


def test_forget_lets_the_next_wait_for_nothing() -> None:
    """After a relaunch of the key nothing waits for what came before."""
    queue = ExecutionQueue()
    queue.put(KEY, entry(1), due_ns=300, told_ns=300)
    queue.forget(KEY)
    assert queue.put(KEY, entry(2), due_ns=10, told_ns=10) == 10


def test_shift_moves_what_waits_and_what_comes() -> None:
    """A clock that is moved moves the queue with it."""
    queue = ExecutionQueue()
    queue.put(KEY, entry(1), due_ns=300, told_ns=300)
    queue.shift(-200)
    assert queue.next_due() == 100
    assert queue.put(KEY, entry(2), due_ns=10, told_ns=10) == 100
