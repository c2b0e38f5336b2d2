"""The law of evidence: which writes may still be taken."""

from __future__ import annotations

from nautilus_lighter_nonce.outbox import evidence as rooms
from nautilus_lighter_nonce.outbox.entry import Entry
from nautilus_lighter_nonce.outbox.entry import TxWrite
from nautilus_lighter_nonce.outbox.entry import WriteState
from nautilus_lighter_nonce.outbox.evidence import Evidence
from nautilus_lighter_nonce.outbox.work import Proof
from tests.outbox.parts import entry
from tests.outbox.parts import write


def _written(evidence: Evidence, of: Entry, nonce: int, tx_hash: str = "") -> TxWrite:
    made = write(of, nonce, tx_hash or None)
    evidence.wrote(made)
    return made


def test_write_is_undead_from_before_it_leaves() -> None:
    """From the moment that a frame is about to be written its copies may be taken."""
    evidence, order = Evidence(), entry()
    made = _written(evidence, order, 5)
    assert evidence.undead(5) == [made]
    assert order.undead == [made]
    assert evidence.entry_of("1@5") is order
    assert evidence.entry_of("2@5") is None
    assert (evidence.nonces(), evidence.top()) == ([5], 5)


def test_nothing_written_has_no_top() -> None:
    """-1 stands below every nonce."""
    evidence = Evidence()
    assert (evidence.nonces(), evidence.top(), evidence.undead(0)) == ([], -1, [])
    assert evidence.accepted(0) is None


def test_own_answer_kills_its_write_alone() -> None:
    """Rule 3a: an answer kills that write, not the other writes of the same copy."""
    evidence, order = Evidence(), entry()
    first, second = _written(evidence, order, 5), _written(evidence, order, 5)
    evidence.kill(first)
    assert (first.is_undead, second.is_undead) == (False, True)
    assert first.proof is Proof.ANSWERED
    assert evidence.undead(5) == [second]
    assert not order.is_dead


def test_killing_the_last_write_empties_its_nonce() -> None:
    """Nothing is left there."""
    evidence, order = Evidence(), entry()
    made = _written(evidence, order, 5)
    evidence.kill(made)
    evidence.kill(made)
    assert (evidence.nonces(), order.is_dead) == ([], True)


def test_executed_record_kills_every_other_hash_at_its_nonce() -> None:
    """Rule 3b, and each transaction that lost a write is named once."""
    evidence = Evidence()
    first, second = entry(1), entry(2)
    mine = _written(evidence, first, 5, "a")
    lost = [_written(evidence, second, 5, "b"), _written(evidence, second, 5, "c")]
    elsewhere = _written(evidence, second, 6, "d")
    assert evidence.executed(5, "a") == [second]
    assert [x.proof for x in lost] == [Proof.OVERTAKEN] * 2
    assert mine.is_undead
    assert elsewhere.is_undead
    assert evidence.is_executed(5)
    assert not evidence.is_executed(6)


def test_foreign_record_kills_all_of_ours_there() -> None:
    """With another hash, ours or foreign."""
    evidence, order = Evidence(), entry()
    _written(evidence, order, 5)
    assert evidence.executed(5, "foreign") == [order]
    assert order.is_dead


def test_expired_copy_is_dead_only_if_the_settled_counter_does_not_count_it() -> None:
    """Rule 3c: past its end, and a settled counter at or below its nonce."""
    evidence, order = Evidence(), entry()
    made = write(order, 5, expires_ns=100)
    evidence.wrote(made)
    assert not evidence.expire(order, 100, 5)  # its end has not passed
    assert not evidence.expire(order, 101, 6)  # the counter counts it: somebody spent it
    assert made.is_undead
    assert evidence.expire(order, 101, 5)
    assert made.proof is Proof.EXPIRED
    assert not evidence.expire(order, 101, 5)


def test_expiry_kills_the_copies_that_are_past_alone() -> None:
    """A copy that was signed anew lives on."""
    evidence, order = Evidence(), entry()
    old, new = write(order, 5, "a", expires_ns=100), write(order, 5, "b", expires_ns=200)
    evidence.wrote(old)
    evidence.wrote(new)
    assert evidence.expire(order, 150, 0)
    assert (old.is_undead, new.is_undead) == (False, True)


def test_acceptance_stands_while_its_write_does() -> None:
    """The first accepted write at a nonce."""
    evidence, order = Evidence(), entry()
    made = _written(evidence, order, 5)
    assert evidence.accepted(5) is None
    made.state = WriteState.ACCEPTED
    assert evidence.accepted(5) is made
    evidence.kill(made)
    assert evidence.accepted(5) is None


def test_spent_is_what_the_counter_counts_or_a_record_shows() -> None:
    """All below the counter, and what is known executed above it."""
    evidence = Evidence()
    evidence.counter = 3
    evidence.executed(7, "x")
    assert [n for n in range(9) if evidence.is_spent(n)] == [0, 1, 2, 7]


def test_writes_above_a_nonce_are_those_that_may_still_be_taken() -> None:
    """Not at it, and not the dead."""
    evidence, order = Evidence(), entry()
    at, above, dead = (_written(evidence, order, n) for n in (5, 6, 7))
    evidence.kill(dead)
    assert list(evidence.above(5)) == [above]
    assert list(evidence.above(4)) == [at, above]


def test_transaction_that_has_ended_has_no_writes_here_and_keeps_its_hashes() -> None:
    """Its writes matter no more; a record of it is still told from a stranger's."""
    evidence, order = Evidence(), entry()
    _written(evidence, order, 5)
    evidence.forget(order)
    assert evidence.nonces() == []
    assert evidence.entry_of("1@5") is order


def test_reset_kills_everything_and_forgets_what_was_executed() -> None:
    """The venue counts anew (rule 12)."""
    evidence, order = Evidence(), entry()
    made = _written(evidence, order, 5)
    evidence.counter = 4
    evidence.executed(3, "x")
    assert evidence.reset() == [order]
    assert made.proof is Proof.RESET
    assert not evidence.is_spent(3)
    assert evidence.nonces() == []


def test_memory_of_hashes_and_nonces_is_bounded() -> None:
    """The oldest are forgotten first."""
    evidence, order = Evidence(), entry()
    for nonce in range(rooms.REMEMBERED_NONCES + 1):
        evidence.executed(nonce, "x")
    assert not evidence.is_executed(0)
    assert evidence.is_executed(1)
    for at in range(rooms.REMEMBERED_HASHES + 1):
        evidence.wrote(write(order, 9, f"h{at}"))
        order.writes.clear()
    assert evidence.entry_of("h0") is None
    assert evidence.entry_of("h1") is order
