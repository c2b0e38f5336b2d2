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
from tests.outbox.parts import MS
from tests.outbox.parts import SEC
from tests.outbox.parts import ages_told
from tests.outbox.parts import bind_again
from tests.outbox.parts import bound_and_old
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

    def show(self, made: Entry, seen: str, now_ns: int) -> None:
        """The record of a transaction's last write is seen, or its frame."""
        if seen == "record":
            last = made.writes[-1]
            self.proofs.record(last.nonce, last.copy.tx_hash, 0, "", now_ns)
        else:
            self.proofs.shown(made, now_ns)

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
    text = room.works(w.Remark)[0].text
    assert "taken for dead" in text
    assert "a nonce that its frame does not name" in text, "which of its writes it was, none knows"


@pytest.mark.parametrize("news", w.News)
def test_contradiction_of_an_end_is_remarked_if_it_said_not_there(news: w.News) -> None:
    """Refused, given up, dropped; a second record of what lives is nothing."""
    room = Room()
    order = entry()
    order.told = news
    room.proofs.contradict(order, 5)
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


def test_record_of_an_impossible_nonce_is_remarked_with_its_number() -> None:
    """A person must see what the venue says."""
    room = Room()
    room.proofs.record(2**60, "foreign", 0, "", 5)
    assert str(2**60) in room.works(w.Remark)[0].text


@pytest.mark.parametrize("seen", ["record", "frame"])
def test_proof_of_what_was_written_leaves_the_numbers_of_others(seen: str) -> None:
    """Only what is bound itself must give its number back."""
    room = Room()
    order = room.doubt(1, 0)
    room.fates.wait(other := entry(2))
    bind_again(other, room.fates, 1)
    room.show(order, seen, 5)
    assert (order.state, other.state) == (TxState.ALIVE, TxState.BOUND)


@pytest.mark.parametrize("seen", ["record", "frame"])
def test_proof_of_what_is_bound_gives_numbers_back_at_its_time(seen: str) -> None:
    """What grew old meanwhile ends then."""
    room = Room()
    order = bind_again(room.doubt(1, 0), room.fates, 0)
    bound_and_old(room.fates)
    room.show(order, seen, 7 * MS)
    assert ages_told(room.fates) == ["after 7 ms"]


@pytest.mark.parametrize("seen", ["record", "frame"])
def test_proof_ends_at_its_time_what_is_too_old_at_the_same_nonce(seen: str) -> None:
    """It lost its only copy."""
    room = Room()
    order = room.doubt(1, 0)
    room.stand(entry(2), 0, TxState.WRITTEN, WriteState.PENDING).is_old = True
    room.show(order, seen, 7 * MS)
    assert ages_told(room.fates) == ["after 7 ms"]


@pytest.mark.parametrize("seen", ["record", "frame"])
def test_proof_of_what_was_given_up_submits_its_cancel_at_that_time(seen: str) -> None:
    """It grows old from then on."""
    room = Room()
    order = room.stand(entry(1, undo="undo"), 0, TxState.UNWANTED, WriteState.SILENT)
    order.why = Why.AGE
    room.show(order, seen, 7)
    assert [(x.what, x.submitted_ns) for x in room.fates.queue] == [("undo", 7)]


def test_frame_takes_back_what_an_answer_said_of_an_earlier_copy() -> None:
    """It is there: no code and no reason."""
    room = Room()
    order = room.doubt(1, 0)
    order.code, order.reason = 23000, "later"
    room.proofs.shown(order, 5)
    assert (order.told, order.code, order.reason) == (w.News.ALIVE, 0, "")


def test_record_that_contradicts_an_end_names_its_nonce_and_what_it_is_of() -> None:
    """It can only be read, not mended."""
    room = Room()
    order = room.doubt(1, 3)
    room.fates.evidence.kill(order.writes[0])
    order.resend = False
    room.fates.give(order, Input.DIED, 0)
    room.proofs.record(3, "1@3", 0, "", 5)
    (remark,) = room.works(w.Remark)
    assert ("at nonce 3" in remark.text, remark.what) == (True, "tx 1")


def test_record_of_what_was_taken_for_dead_says_what_it_is_of() -> None:
    """Its owner may want to look."""
    room = Room()
    order = room.doubt(1, 3)
    room.fates.evidence.kill(order.writes[0])
    room.proofs.record(3, "1@3", 0, "", 5)
    assert [x.what for x in room.works(w.Remark)] == ["tx 1"]


def test_loser_that_was_never_accepted_has_not_fallen() -> None:
    """Only what the venue accepted and dropped is given up in time."""
    room = Room()
    winner = room.doubt(1, 0)
    loser = room.stand(entry(2), 0, TxState.WRITTEN, WriteState.PENDING)
    room.show(winner, "record", 5)
    assert (loser.state, loser.falls) == (TxState.WAITING, 0)


def test_record_behind_the_lane_is_noticed_by_it() -> None:
    """From here on no answer of the counter below it is believed."""
    room = Room()
    lane = room.fates.lane
    lane.accepted(lane.issue(), lane.epoch, 0)
    before = lane.believes(0)
    room.proofs.record(0, "foreign", 0, "", 5)
    assert not room.works(w.Spent)
    assert (before, lane.believes(0)) == (True, False)


def test_counter_that_says_nothing_new_is_asked_ever_later() -> None:
    """Only what is learnt makes the next pause short again."""
    for value, factor in ((0, 2), (1, 1)):
        room = Room()
        inquiry = room.fates.inquiry
        inquiry.ask_again(0)
        assert inquiry.may_ask(room.settle_ns)
        inquiry.answered()
        room.count(value, room.settle_ns)
        inquiry.ask_again(0)
        assert not inquiry.may_ask(factor * room.settle_ns - 1)
        assert inquiry.may_ask(factor * room.settle_ns)


@pytest.mark.parametrize(("early_ns", "after"), [(1, TxState.ACCEPTED), (0, TxState.DOUBT)])
def test_settled_counter_below_all_of_ours_lets_what_was_accepted_fall(
    early_ns: int, after: TxState
) -> None:
    """A stranger's has vanished there, once it was time to be executed and the lag is over."""
    room = Room()
    order = room.accept(1, 6)
    order.suspect_ns = SEC
    room.count(5, SEC + room.settle_ns - early_ns)
    assert order.state is after


def test_settled_counter_below_a_silent_one_says_nothing_of_what_stands_above() -> None:
    """What was never answered may not be there, and what is above it waits for that."""
    room = Room()
    room.doubt(1, 6)
    order = room.accept(2, 7)
    room.count(5, 60 * SEC)
    assert order.state is TxState.ACCEPTED


def test_settled_counter_at_an_acceptance_leaves_those_above_it() -> None:
    """It is probed first."""
    room = Room()
    first, second = room.accept(1, 5), room.accept(2, 6)
    room.count(5, 60 * SEC)
    assert (first.state, second.state) == (TxState.UNWANTED, TxState.ACCEPTED)


def test_counter_above_an_acceptance_says_nothing_of_those_above() -> None:
    """The lowest of ours is counted: nothing is missing below it."""
    room = Room()
    order = room.accept(1, 6)
    above = room.accept(2, 7)
    room.count(7, 60 * SEC)
    assert order.state is TxState.ACCEPTED
    assert not order.is_suspected
    assert above.is_suspected


def test_counter_at_an_acceptance_the_lane_went_back_to_makes_it_suspect_at_once() -> None:
    """Its next number was stale: no patience is owed."""
    room = Room()
    order = room.accept(1, 0)
    order.suspect_ns = 900 * SEC
    room.count(0, SEC)
    assert order.is_suspected


def test_expiry_ends_what_is_too_old_at_that_time() -> None:
    """Its last copy is dead."""
    room = Room()
    order = room.stand(entry(1), 5, TxState.UNWANTED, WriteState.SILENT, expires_ns=0)
    order.why = Why.AGE
    room.count(5, 60 * SEC)
    assert ages_told(room.fates) == ["after 60000 ms"]


def test_reset_gives_numbers_back_at_its_time() -> None:
    """What grew old meanwhile ends then."""
    room = Room()
    bound_and_old(room.fates)
    room.proofs.reset(7 * MS)
    assert ages_told(room.fates) == ["after 7 ms"]
