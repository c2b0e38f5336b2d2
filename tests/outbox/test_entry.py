"""One transaction: its writes, where it stands, and what it may still do."""

from __future__ import annotations

import pytest

from nautilus_lighter_nonce.lighter.codes import TxType
from nautilus_lighter_nonce.outbox.entry import FILLER_KEY
from nautilus_lighter_nonce.outbox.entry import MAX_FALLS
from nautilus_lighter_nonce.outbox.entry import WriteState
from nautilus_lighter_nonce.outbox.moves import Input
from nautilus_lighter_nonce.outbox.moves import TxState
from nautilus_lighter_nonce.outbox.moves import Why
from nautilus_lighter_nonce.outbox.work import Proof
from tests.outbox.parts import entry
from tests.outbox.parts import filler
from tests.outbox.parts import state_of
from tests.outbox.parts import write


def test_take_obeys_the_first_row_that_holds() -> None:
    """Stale: with another write undead a doubt, else it waits again."""
    order = entry()
    order.take(Input.BIND)
    order.writes.append(write(order, 0, state=WriteState.SILENT))
    order.take(Input.WRITE)
    assert order.take(Input.DIED)
    assert order.state is TxState.DOUBT
    order.writes[0].die(Proof.ANSWERED)
    assert order.take(Input.DIED)
    assert state_of(order) is TxState.WAITING


def test_take_without_a_row_changes_nothing() -> None:
    """An input that has no row in a state is no move."""
    order = entry()
    assert not order.take(Input.ACCEPT)
    assert (order.state, order.why) == (TxState.WAITING, None)


def test_take_while_an_answer_is_awaited_is_no_doubt() -> None:
    """UNHEARD: what awaits an answer is not in doubt yet."""
    order = entry()
    order.take(Input.BIND)
    order.take(Input.WRITE)
    order.writes += [write(order, 0, state=WriteState.SILENT), write(order, 0)]
    assert not order.take(Input.DIED)
    assert order.state is TxState.WRITTEN


def test_users_reason_outlasts_every_other() -> None:
    """What the user canceled is told as canceled, whatever else became of it."""
    order = entry()
    order.take(Input.BIND)
    order.take(Input.WRITE)
    order.writes.append(write(order, 0))
    order.take(Input.CANCEL)
    assert order.why is Why.USER
    order.writes[0].die(Proof.ANSWERED)
    order.take(Input.REFUSE)
    assert (order.state, order.why) == (TxState.ENDED, Why.USER)


def test_suspicion_that_is_cleared_leaves_no_reason() -> None:
    """It is accepted as before."""
    order = entry()
    order.writes.append(write(order, 0, state=WriteState.ACCEPTED))
    order.state = TxState.ACCEPTED
    order.take(Input.STUCK)
    assert (order.state, order.why) == (TxState.UNWANTED, Why.SUSPECTED)
    order.take(Input.CLEARED)
    assert (order.state, order.why) == (TxState.ACCEPTED, None)


def test_suspicion_is_not_cleared_once_its_acceptance_fell() -> None:
    """Nothing is accepted there any more: what spends its nonce ends it."""
    order = entry()
    order.writes.append(write(order, 0, state=WriteState.SILENT))
    order.state, order.why = TxState.UNWANTED, Why.SUSPECTED
    assert not order.take(Input.CLEARED)


@pytest.mark.parametrize(
    ("change", "may"),
    [
        ({}, True),
        ({"resend": False}, False),
        ({"is_old": True}, False),
        ({"falls": MAX_FALLS}, False),
    ],
)
def test_dead_one_may_be_sent_again_if_nothing_forbids_it(
    change: dict[str, int], *, may: bool
) -> None:
    """Its policy, its age, and how often it fell."""
    order = entry()
    for name, value in change.items():
        setattr(order, name, value)
    assert order.may_repeat is may


@pytest.mark.parametrize(
    ("why", "repeats", "may"),
    [(Why.SUSPECTED, True, True), (Why.SUSPECTED, False, False), (Why.USER, True, False)],
)
def test_unwanted_one_is_sent_again_only_if_it_vanished_and_repeats_safely(
    why: Why, *, repeats: bool, may: bool
) -> None:
    """A cancel that vanished is; an order is given up (rule 10)."""
    change = entry(repeats=repeats)
    change.state, change.why = TxState.UNWANTED, why
    assert change.may_repeat is may


def test_death_is_proved_by_the_last_proof_that_was_needed() -> None:
    """Of several copies the hardest proof is told."""
    assert entry().death is Proof.NEVER_WRITTEN
    order = entry()
    for proof in (Proof.ANSWERED, Proof.OVERTAKEN, Proof.EXPIRED, Proof.RESET):
        order.writes.append(write(order, 0))
        order.writes[-1].die(proof)
        assert order.death is proof
    order.writes.reverse()
    assert order.death is Proof.RESET


def test_undead_are_the_writes_that_did_not_die() -> None:
    """Pending, accepted and silent may still be taken."""
    order = entry()
    states = (WriteState.PENDING, WriteState.ACCEPTED, WriteState.SILENT, WriteState.DEAD)
    order.writes += [write(order, 0, state=state) for state in states]
    assert [x.state for x in order.undead] == list(states[:3])
    assert not order.is_dead
    assert order.is_taken


def test_transactions_are_ordered_by_their_places() -> None:
    """The order of commands."""
    assert [x.place for x in sorted([entry(3), entry(1), entry(2)])] == [1, 2, 3]


def test_filler_is_paused_by_itself_and_not_as_the_cancel_that_it_is() -> None:
    """What refuses fillers need not refuse cancels."""
    assert filler().is_filler
    assert filler().quota_key == FILLER_KEY
    assert entry(1, TxType.CANCEL_ORDER).quota_key == TxType.CANCEL_ORDER
    assert not entry().is_filler


@pytest.mark.parametrize("state", TxState)
def test_wanted_is_what_may_be_written_again_where_it_is_in_doubt(state: TxState) -> None:
    """Not what is unwanted, and not what has ended."""
    order = entry()
    order.state = state
    assert order.is_wanted == (state not in (TxState.UNWANTED, TxState.ALIVE, TxState.ENDED))
    assert order.is_final == (state in (TxState.ALIVE, TxState.ENDED))
