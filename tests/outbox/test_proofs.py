"""Proofs: what a record, a private frame or the settled counter proves."""

from __future__ import annotations

from typing import Any

import pytest

from nautilus_lighter_nonce.lighter.codes import TxType
from nautilus_lighter_nonce.outbox import work as w
from nautilus_lighter_nonce.outbox.entry import Entry
from nautilus_lighter_nonce.outbox.entry import WriteState
from nautilus_lighter_nonce.outbox.fates import Fates
from nautilus_lighter_nonce.outbox.flight import Frame
from nautilus_lighter_nonce.outbox.moves import Input
from nautilus_lighter_nonce.outbox.moves import TxState
from nautilus_lighter_nonce.outbox.moves import Why
from nautilus_lighter_nonce.outbox.proofs import Proofs
from tests.outbox.parts import SEC
from tests.outbox.parts import entry
from tests.outbox.parts import fates
from tests.outbox.parts import slot
from tests.outbox.parts import state_of
from tests.outbox.parts import write


class Room:
    """Proofs, and transactions to be proved."""

    def __init__(self) -> None:
        self.fates: Fates = fates()
        self.proofs = Proofs(self.fates)
        self.settle_ns = self.fates.settings.settle_ns
        self.margin_ns = self.fates.settings.expiry_margin_ns

    def stand(
        self, made: Entry, nonce: int, state: TxState, written: WriteState, **more: Any
    ) -> Entry:
        """Let a transaction stand somewhere with one write."""
        self.fates.add(made)
        made.state, made.was_bound = state, True
        self.fates.evidence.wrote(write(made, nonce, state=written, **more))
        if state in (TxState.DOUBT, TxState.SPENT, TxState.UNWANTED):
            self.fates.doubts[made.place] = made
        return made

    def doubt(self, place: int, nonce: int, **more: Any) -> Entry:
        """Let a transaction be in doubt."""
        return self.stand(entry(place), nonce, TxState.DOUBT, WriteState.SILENT, **more)

    def accept(self, place: int, nonce: int) -> Entry:
        """Let a transaction stand accepted."""
        return self.stand(entry(place), nonce, TxState.ACCEPTED, WriteState.ACCEPTED)

    def works[Kind: w.Work](self, kind: type[Kind]) -> list[Kind]:
        """Return the works of a kind."""
        return [x for x in self.fates.work if isinstance(x, kind)]

    def count(self, value: int, asked_ns: int) -> None:
        """The counter is answered."""
        self.proofs.counter(value, asked_ns, asked_ns)


def test_own_record_tells_alive_and_others_at_its_nonce_lose() -> None:
    """A nonce is spent at most once."""
    room = Room()
    first = room.doubt(1, 0)
    second = room.stand(entry(2), 0, TxState.WRITTEN, WriteState.PENDING)
    room.proofs.record(0, "1@0", 0, "", 5)
    assert (first.state, second.state) == (TxState.ALIVE, TxState.WAITING)
    assert room.works(w.Spent) == [w.Spent(0, by_us=True)]


def test_own_record_with_a_refusal_tells_reverted() -> None:
    """With the record's reason."""
    room = Room()
    order = room.doubt(1, 0)
    room.proofs.record(0, "1@0", 21728, "exists", 5)
    assert (order.told, order.code, order.reason) == (w.News.REVERTED, 21728, "exists")


def test_record_that_was_seen_before_is_news_to_nobody() -> None:
    """The lane hears of a nonce once."""
    room = Room()
    room.proofs.record(0, "foreign", 0, "", 5)
    room.proofs.record(0, "foreign", 0, "", 5)
    assert room.works(w.Spent) == [w.Spent(0, by_us=False)]


def test_record_of_a_nonce_that_cannot_be_is_remarked_and_not_believed() -> None:
    """Numbers are checked before they are believed."""
    room = Room()
    order = room.doubt(1, 0)
    room.proofs.record(2**60, "foreign", 0, "", 5)
    assert len(room.works(w.Remark)) == 1
    assert not room.works(w.Spent)
    assert order.state is TxState.DOUBT


def test_record_of_one_that_is_being_signed_anew_takes_its_number_back() -> None:
    """What was shown is never written again."""
    room = Room()
    order = room.doubt(1, 0)
    room.fates.give(order, Input.BIND, 0)
    room.fates.flight.put(Frame("f", [slot(order, 0)]))
    room.proofs.record(0, "1@0", 0, "", 5)
    assert room.fates.flight.bound == 0
    assert order.state is TxState.ALIVE


def test_strangers_record_where_ours_was_accepted_lets_what_stands_above_fall() -> None:
    """Ours vanished there; what was accepted above it may have, too."""
    room = Room()
    first, second = room.accept(1, 0), room.accept(2, 1)
    room.proofs.record(0, "foreign", 0, "", 5)
    assert first.falls == 1
    assert (first.state, second.state) == (TxState.WAITING, TxState.DOUBT)


def test_strangers_record_where_ours_was_silent_says_nothing_of_what_stands_above() -> None:
    """A stranger took it first."""
    room = Room()
    room.doubt(1, 0)
    second = room.accept(2, 1)
    room.proofs.record(0, "foreign", 0, "", 5)
    assert second.state is TxState.ACCEPTED


def test_frame_of_an_order_proves_that_its_nonce_is_spent() -> None:
    """The lane hears of it, and what stood there as well is dead."""
    room = Room()
    order = room.doubt(1, 0)
    spender = room.stand(entry(2), 0, TxState.WRITTEN, WriteState.PENDING)
    room.proofs.shown(order, 5)
    assert (order.state, spender.state) == (TxState.ALIVE, TxState.WAITING)
    assert room.works(w.Spent) == [w.Spent(0, by_us=True)]
    assert room.fates.evidence.is_executed(0)


def test_frame_of_a_change_proves_nothing_of_its_nonce() -> None:
    """The order may have changed for another reason: an order in doubt there may still be taken."""
    room = Room()
    cancel = room.stand(entry(2, TxType.CANCEL_ORDER), 0, TxState.WRITTEN, WriteState.PENDING)
    order = room.stand(entry(1), 0, TxState.UNWANTED, WriteState.SILENT)
    order.why = Why.USER
    room.proofs.shown(cancel, 5)
    assert cancel.state is TxState.ALIVE
    assert order.state is TxState.UNWANTED
    assert not room.works(w.Spent)


def test_frame_of_what_was_taken_for_dead_is_said_loudly() -> None:
    """The venue contradicts its own answer."""
    room = Room()
    order = room.stand(entry(1), 0, TxState.WAITING, WriteState.SILENT)
    room.fates.queue.put(order)
    room.fates.evidence.kill(order.writes[0])
    room.proofs.shown(order, 5)
    assert order.state is TxState.ALIVE
    assert "taken for dead" in room.works(w.Remark)[0].text


@pytest.mark.parametrize("news", w.News)
def test_contradiction_of_an_end_is_remarked_if_it_said_not_there(news: w.News) -> None:
    """Refused, given up, dropped; a second record of what lives is nothing."""
    room = Room()
    order = entry()
    order.told = news
    room.proofs.contradict(order, 5, "hash")
    is_wrong = news in (w.News.REFUSED, w.News.GIVEN_UP, w.News.DROPPED)
    assert len(room.works(w.Remark)) == is_wrong


def test_counter_above_a_doubt_makes_it_spent_by_whom() -> None:
    """A record must tell."""
    room = Room()
    order, accepted = room.doubt(1, 0), room.accept(2, 1)
    room.count(2, 0)
    assert (order.state, accepted.state) == (TxState.SPENT, TxState.ACCEPTED)
    assert room.fates.evidence.counter == 2


def test_counter_that_is_believed_lower_is_the_counter_from_there_on() -> None:
    """An absurd answer that was believed does not stay: only the lane's proof is a floor."""
    room = Room()
    order = room.doubt(1, 0)
    room.count(1, SEC)
    room.count(0, 60 * SEC)
    assert order.state is TxState.DOUBT
    assert room.fates.evidence.counter == 0


def test_settled_counter_at_or_below_a_spent_one_takes_the_count_back() -> None:
    """Only a question begun after the lag limit is settled."""
    room = Room()
    order = room.doubt(1, 5)
    room.fates.count(order, SEC)
    room.count(5, SEC + room.settle_ns - 1)
    assert order.state is TxState.SPENT
    room.count(5, SEC + room.settle_ns)
    assert state_of(order) is TxState.DOUBT


def test_settled_counter_behind_the_end_of_a_signature_kills_it() -> None:
    """Rule 3c."""
    room = Room()
    order = room.doubt(1, 5, expires_ns=SEC)
    past_ns = SEC + room.margin_ns + room.settle_ns
    room.count(5, past_ns)
    assert order.state is TxState.DOUBT
    room.count(5, past_ns + 1)
    assert state_of(order) is TxState.WAITING
    assert order.death is w.Proof.EXPIRED


def test_settled_counter_that_stays_at_the_lowest_acceptance_makes_it_suspect() -> None:
    """Rule 10: probed, never concluded; not the ones above it, and not before its time."""
    room = Room()
    first, second = room.accept(1, 5), room.accept(2, 6)
    first.suspect_ns = second.suspect_ns = SEC
    room.count(5, SEC + room.settle_ns - 1)
    assert not first.is_suspected
    room.count(5, SEC + room.settle_ns)
    assert (first.is_suspected, first.state) == (True, TxState.UNWANTED)
    assert not second.is_suspected


def test_settled_counter_suspects_no_silence() -> None:
    """What was never accepted cannot have vanished."""
    room = Room()
    order = room.doubt(1, 5)
    room.count(5, 60 * SEC)
    assert not order.is_suspected


def test_reset_gives_up_all_that_was_at_the_venue() -> None:
    """Whatever its policy: what was executed before counts no more."""
    room = Room()
    orders = [room.doubt(1, 5), room.accept(2, 6)]
    room.fates.probe = 5
    room.fates.evidence.executed(4, "x")
    room.proofs.reset(0)
    assert all(x.state is TxState.ENDED and x.death is w.Proof.RESET for x in orders)
    assert room.fates.probe is None
    assert not room.fates.evidence.is_spent(4)
