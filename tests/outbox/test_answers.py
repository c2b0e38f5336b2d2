"""Answers: what the venue's word on a frame, or its silence, means."""

from __future__ import annotations

import pytest

from nautilus_lighter_nonce.lighter.codes import TxType
from nautilus_lighter_nonce.lighter.codes import Verdict
from nautilus_lighter_nonce.outbox import work as w
from nautilus_lighter_nonce.outbox.alarms import Alarm
from nautilus_lighter_nonce.outbox.answers import GUARD_NS
from nautilus_lighter_nonce.outbox.answers import LONGEST_GUARD_NS
from nautilus_lighter_nonce.outbox.answers import LONGEST_PREDICTION_NS
from nautilus_lighter_nonce.outbox.answers import RETRY_NS
from nautilus_lighter_nonce.outbox.answers import Answers
from nautilus_lighter_nonce.outbox.entry import FILLER_KEY
from nautilus_lighter_nonce.outbox.entry import Entry
from nautilus_lighter_nonce.outbox.entry import WriteState
from nautilus_lighter_nonce.outbox.fates import Fates
from nautilus_lighter_nonce.outbox.flight import Frame
from nautilus_lighter_nonce.outbox.moves import TxState
from nautilus_lighter_nonce.outbox.moves import Why
from nautilus_lighter_nonce.outbox.work import Proof
from tests.outbox.parts import entry
from tests.outbox.parts import fates
from tests.outbox.parts import filler
from tests.outbox.parts import slot
from tests.outbox.parts import state_of
from tests.outbox.parts import write


class Room:
    """Answers, and frames to be answered."""

    def __init__(self) -> None:
        self.fates: Fates = fates()
        self.fates.flight.connected(1, 0)
        self.answers = Answers(self.fates)
        self.seq = 0

    def frame(self, *members: Entry, nonce: int = 0) -> Frame:
        """Write one frame."""
        self.seq += 1
        slots = [slot(member, nonce + at) for at, member in enumerate(members)]
        self.fates.flight.put(Frame(f"f{self.seq}", slots))
        frame = self.fates.flight.leave(0)
        for at, member in enumerate(members):
            if member.place not in self.fates.entries:
                self.fates.add(member)
            member.state, member.was_bound = TxState.WRITTEN, True
            made = write(member, nonce + at, seq=self.seq)
            frame.writes.append(made)
            self.fates.evidence.wrote(made)
        return frame

    def published(self) -> list[tuple[Verdict, int]]:
        """Return (verdict, nonce) of all that was published."""
        return [(x.verdict, x.nonce) for x in self.fates.work if isinstance(x, w.Publish)]

    def decline(self, frame: Frame, code: int, message: str = "", now_ns: int = 0) -> None:
        """The venue declines a frame."""
        verdict = Verdict.STALE if code == 21104 else Verdict.REFUSED
        self.answers.declined(frame, verdict, code, message, now_ns)


def test_200_moves_the_lane_and_expects_a_showing() -> None:
    """Published, accepted, and a reminder to look it up."""
    room = Room()
    order = entry()
    room.answers.accepted(room.frame(order), 0, 7)
    assert room.published() == [(Verdict.ACCEPTED, 0)]
    assert order.state is TxState.ACCEPTED
    settings = room.fates.settings
    assert room.fates.alarms.first is not None
    assert (7 + settings.show_ns, Alarm.SHOW, 1) in room.fates.alarms._heap
    assert order.suspect_ns == 7 + settings.suspect_ns


def test_200_with_a_prediction_is_patient_from_the_predicted_moment_on() -> None:
    """When the venue says that it will execute later."""
    room = Room()
    order = entry()
    room.answers.accepted(room.frame(order), 60_000, 0)
    assert order.suspect_ns == 60_000 * 10**6 + room.fates.settings.suspect_ns


@pytest.mark.parametrize("predicted_ms", [60_001, 2**53, -1])
def test_200_with_an_absurd_prediction_is_not_waited_for_longer(predicted_ms: int) -> None:
    """A number that the venue answers bounds no patience by itself."""
    room = Room()
    order = entry()
    room.answers.accepted(room.frame(order), predicted_ms, 0)
    assert 0 <= order.suspect_ns - room.fates.settings.suspect_ns <= LONGEST_PREDICTION_NS


def test_200_for_what_has_ended_moves_the_lane_alone() -> None:
    """Shown before it was answered."""
    room = Room()
    order = entry()
    frame = room.frame(order)
    order.state = TxState.ALIVE
    room.answers.accepted(frame, 0, 0)
    assert room.published() == [(Verdict.ACCEPTED, 0)]
    assert frame.writes[0].state is WriteState.PENDING


@pytest.mark.parametrize("answer", ["accepted", "declined", "silence"])
def test_verdict_is_published_for_a_copy_that_died_otherwise(answer: str) -> None:
    """The lane counts numbers, not transactions: it waits for every one."""
    room = Room()
    order = entry()
    frame = room.frame(order)
    frame.writes[0].die(Proof.EXPIRED)
    if answer == "accepted":
        room.answers.accepted(frame, 0, 0)
    elif answer == "declined":
        room.decline(frame, 21739)
    else:
        room.answers.silence(frame, "why", 0)
    assert len(room.published()) == 1
    assert order.state is TxState.WRITTEN


def test_refusal_tells_with_the_venues_reason() -> None:
    """Its only copy is dead."""
    room = Room()
    order = entry()
    room.decline(room.frame(order), 21739, "margin")
    assert (order.state, order.code, order.reason) == (TxState.ENDED, 21739, "margin")


def test_batch_is_answered_from_its_last_member_on_and_comes_back_singly() -> None:
    """So that the lane can roll back; one of them spoilt it, and each gets an answer of its own."""
    room = Room()
    members = [entry(1, batch=5), entry(2, batch=5)]
    room.decline(room.frame(*members), 21739)
    assert [nonce for _, nonce in room.published()] == [1, 0]
    assert [x.state for x in members] == [TxState.WAITING] * 2
    assert [x.batch for x in members] == [None, None]


def test_rate_limit_pauses_the_type_and_lets_the_batch_stay_one() -> None:
    """It says "later" of all of them."""
    room = Room()
    members = [entry(1, batch=5), entry(2, batch=5)]
    room.decline(room.frame(*members), 23000)
    assert room.fates.quota.is_paused(TxType.CREATE_ORDER, 0)
    assert [x.batch for x in members] == [5, 5]


def test_silence_leaves_a_doubt_and_a_late_answer_counts() -> None:
    """Nobody knows; what comes still counts."""
    room = Room()
    order = entry()
    frame = room.frame(order)
    room.answers.silence(frame, "why", 0)
    assert (order.state, frame.writes[0].state) == (TxState.DOUBT, WriteState.SILENT)
    room.decline(frame, 21104)
    assert order.state is TxState.WAITING


def test_silence_below_a_200_counts_as_spent_at_once() -> None:
    """Rule 9: all below m was taken."""
    room = Room()
    first, second = entry(1), entry(2)
    low = room.frame(first)
    room.answers.accepted(room.frame(second, nonce=1), 0, 0)
    room.answers.silence(low, "why", 1)
    assert first.state is TxState.SPENT


def test_200_counts_the_doubts_below_it_in_the_same_epoch_alone() -> None:
    """An answer of an earlier pass says nothing of this one."""
    room = Room()
    first = entry(1)
    low = room.frame(first)
    room.answers.silence(low, "why", 0)
    old = room.frame(entry(2), nonce=1)
    old.writes[0].epoch = room.fates.lane.epoch - 1
    room.answers.accepted(old, 0, 0)
    assert first.state is TxState.DOUBT
    room.answers.accepted(room.frame(entry(3), nonce=2), 0, 0)
    assert state_of(first) is TxState.SPENT


def test_second_200_voids_the_first_and_what_is_older_above() -> None:
    """Not what was written later, and not what is below."""
    room = Room()
    below, first, above = entry(1), entry(2), entry(3)
    for at, made in enumerate((below, first, above)):
        room.answers.accepted(room.frame(made, nonce=at), 0, 0)
    second = entry(4)
    frame = room.frame(second, nonce=1)
    younger = entry(5)
    room.answers.accepted(room.frame(younger, nonce=3), 0, 0)
    room.answers.accepted(frame, 0, 0)
    states = [x.state for x in (below, first, above, second, younger)]
    taken, doubt = TxState.ACCEPTED, TxState.DOUBT
    assert states == [taken, doubt, doubt, taken, taken]


def test_second_200_for_the_same_transaction_leaves_it_accepted() -> None:
    """Its own second copy was taken."""
    room = Room()
    order = entry()
    first = room.frame(order)
    room.answers.accepted(first, 0, 0)
    second = room.frame(order)
    order.state = TxState.ACCEPTED
    room.answers.accepted(second, 0, 0)
    assert order.state is TxState.ACCEPTED
    assert [x.state for x in order.writes] == [WriteState.SILENT, WriteState.ACCEPTED]


def _suspect(room: Room) -> tuple[Entry, Frame]:
    order = entry(1)
    room.answers.accepted(room.frame(order), 0, 0)
    order.is_suspected, order.state, order.why = True, TxState.UNWANTED, Why.SUSPECTED
    return order, room.frame(filler())


def test_stale_probe_clears_the_suspicion_and_doubles_the_patience() -> None:
    """A wrong suspicion changes nothing for the order."""
    room = Room()
    order, probe = _suspect(room)
    patience_ns = order.patience_ns
    room.decline(probe, 21104, now_ns=5)
    assert (order.state, order.is_suspected) == (TxState.ACCEPTED, False)
    assert order.patience_ns == 2 * patience_ns
    assert order.suspect_ns == 5 + 2 * patience_ns


def test_refused_probe_says_nothing_of_the_suspicion() -> None:
    """Refused is not stale: the nonce may be free."""
    room = Room()
    order, probe = _suspect(room)
    room.decline(probe, 21739)
    assert (order.state, order.is_suspected) == (TxState.UNWANTED, True)


def test_answer_of_any_kind_ends_its_probe() -> None:
    """What it probed is over, and the lane goes on."""
    for answer in ("accepted", "declined", "silence", "not_written"):
        room = Room()
        frame = room.frame(entry())
        room.fates.probe = 0
        if answer == "accepted":
            room.answers.accepted(frame, 0, 0)
        elif answer == "declined":
            room.decline(frame, 21739)
        elif answer == "silence":
            room.answers.silence(frame, "why", 0)
        else:
            room.answers.not_written(frame, 0)
        assert room.fates.probe is None


def test_frame_that_was_not_written_gives_its_numbers_back_after_a_pause() -> None:
    """Nothing left this process: no verdict of the venue, and no copy."""
    room = Room()
    members = [entry(1), entry(2)]
    room.answers.not_written(room.frame(*members), 0)
    assert list(room.fates.work) == [w.Withdraw(1, 1), w.Withdraw(0, 1)]
    assert [x.state for x in members] == [TxState.WAITING] * 2
    assert not members[0].writes
    assert room.fates.quota.frame_pause_ns(0) == RETRY_NS


def test_refusal_of_the_key_halts_and_of_the_account_pauses() -> None:
    """The next transaction would meet the same; said once."""
    room = Room()
    pauses = []
    for place in range(1, 9):
        room.decline(room.frame(entry(place)), 21120, "invalid signature")
        pauses.append(room.fates.quota.frame_pause_ns(0))
    assert pauses[:3] == [GUARD_NS, 2 * GUARD_NS, 4 * GUARD_NS]
    assert pauses[-1] == LONGEST_GUARD_NS
    troubles = [x for x in room.fates.work if isinstance(x, w.Trouble)]
    assert troubles == [w.Trouble(21120, "invalid signature")]
    room.answers.accepted(room.frame(entry(10)), 0, 0)
    assert w.Trouble(0, "") in room.fates.work
    room.decline(room.frame(entry(11)), 21109, "api key not found")
    assert w.Halt("21109: api key not found") in room.fates.work


def test_filler_that_is_refused_is_passed_over_and_said_once_per_code() -> None:
    """The next kind is tried after a pause of fillers alone."""
    room = Room()
    for code in (21739, 21739, 21706):
        room.decline(room.frame(filler()), code, "no")
    assert room.answers.filler_kind == 3
    assert room.fates.quota.is_paused(FILLER_KEY, 0)
    assert not room.fates.quota.is_paused(TxType.CANCEL_ORDER, 0)
    assert sum(isinstance(x, w.Remark) for x in room.fates.work) == 2


def test_filler_that_cannot_be_signed_is_passed_over_after_a_pause() -> None:
    """It would be made anew for ever."""
    room = Room()
    made = filler()
    room.fates.add(made)
    room.fates.queue.put(made)
    room.answers.unsigned(made, "no signer", 0)
    assert made.state is TxState.ENDED
    assert room.fates.quota.is_paused(FILLER_KEY, 0)


def test_acceptances_are_counted() -> None:
    """Whoever waits for the way to be free looks at their number."""
    room = Room()
    room.answers.accepted(room.frame(entry(1), entry(2)), 0, 0)
    assert room.answers.taken == 2
