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
from nautilus_lighter_nonce.outbox.entry import FILLER_KEY
from nautilus_lighter_nonce.outbox.entry import Entry
from nautilus_lighter_nonce.outbox.entry import WriteState
from nautilus_lighter_nonce.outbox.flight import Frame
from nautilus_lighter_nonce.outbox.moves import TxState
from nautilus_lighter_nonce.outbox.moves import Why
from nautilus_lighter_nonce.outbox.work import Proof
from tests.outbox.answering import Room
from tests.outbox.parts import MS
from tests.outbox.parts import SEC
from tests.outbox.parts import ages_told
from tests.outbox.parts import bind_again
from tests.outbox.parts import bound_and_old
from tests.outbox.parts import entry
from tests.outbox.parts import filler
from tests.outbox.parts import state_of


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


def test_verdict_says_all_that_the_answer_said() -> None:
    """Which write it was of, the code and words of the venue, and when it will be executed."""
    room = Room()
    room.answers.accepted(room.frame(entry(1)), 9, 0)
    room.decline(room.frame(entry(2)), 21739, "margin")
    room.answers.silence(room.frame(entry(3)), "why", 0)
    assert [x for x in room.fates.work if isinstance(x, w.Publish)] == [
        w.Publish(Verdict.ACCEPTED, 0, 1, "w1", "1@0", 200, "", 9),
        w.Publish(Verdict.REFUSED, 0, 1, "w2", "2@0", 21739, "margin", 0),
        w.Publish(Verdict.UNKNOWN, 0, 1, "w3", "3@0", 0, "why", 0),
    ]


def test_200_ends_the_trouble_and_the_next_one_pauses_shortly_again() -> None:
    """The way is free: what is refused later is a new refusal."""
    room = Room()
    room.decline(room.frame(entry(1)), 21120, "no")
    room.decline(room.frame(entry(2)), 21120, "no")
    room.answers.accepted(room.frame(entry(3)), 0, 0)
    assert room.answers.trouble == ""
    room.decline(room.frame(entry(4)), 21120, "no", now_ns=60 * SEC)
    assert room.fates.quota.frame_pause_ns(60 * SEC) == GUARD_NS


def test_200_ends_the_pause_of_its_type() -> None:
    """The limit is behind us."""
    room = Room()
    room.decline(room.frame(entry(1)), 23000)
    room.answers.accepted(room.frame(entry(2)), 0, 0)
    assert not room.fates.quota.is_paused(TxType.CREATE_ORDER, 0)


def test_answer_that_is_no_200_lets_the_next_of_its_type_probe() -> None:
    """The probe says nothing of the limit."""
    room = Room()
    quota, later = room.fates.quota, 60 * SEC
    quota.back_off(TxType.CREATE_ORDER, 0)
    quota.take(TxType.CREATE_ORDER, later)
    assert quota.is_paused(TxType.CREATE_ORDER, later)
    room.decline(room.frame(entry()), 21739, now_ns=later)
    assert not quota.is_paused(TxType.CREATE_ORDER, later)


@pytest.mark.parametrize("answer", ["accepted", "refused", "stale"])
def test_late_answer_to_what_is_bound_anew_gives_all_numbers_back(answer: str) -> None:
    """At the time of the answer: what grew old meanwhile ends then."""
    room = Room()
    order = entry()
    late = room.frame(order)
    room.answers.silence(late, "why", 0)
    bind_again(order, room.fates, 0)
    old = bound_and_old(room.fates)
    if answer == "accepted":
        room.answers.accepted(late, 0, 7 * MS)
    else:
        room.decline(late, 21104 if answer == "stale" else 21739, now_ns=7 * MS)
    assert old.state is TxState.ENDED
    assert ages_told(room.fates) == ["after 7 ms"]


@pytest.mark.parametrize(("code", "members"), [(23000, 1), (21739, 2)])
def test_last_try_that_comes_back_ends_with_what_the_venue_said(code: int, members: int) -> None:
    """Refused for now, or with others, and too old to wait; without words its age is told."""
    for message in ("later", ""):
        room = Room()
        orders = [entry(place, batch=5) for place in range(1, members + 1)]
        frame = room.frame(*orders)
        for order in orders:
            order.is_old = True
        room.decline(frame, code, message, now_ns=7 * MS)
        assert {(x.told, x.code) for x in orders} == {(w.News.GIVEN_UP, code)}
        assert {x.reason for x in orders} == {message}
        assert ages_told(room.fates) == ([] if message else ["after 7 ms"] * members)


def test_frame_that_was_not_written_ends_what_is_too_old_at_that_time() -> None:
    """It was not wanted any more, and nothing of it is at the venue."""
    room = Room()
    order = entry()
    frame = room.frame(order)
    order.state, order.why = TxState.UNWANTED, Why.AGE
    room.answers.not_written(frame, 7 * MS)
    assert ages_told(room.fates) == ["after 7 ms"]


def test_refused_filler_is_remarked_with_what_the_venue_said() -> None:
    """A person must see why no nonce is spent."""
    room = Room()
    room.decline(room.frame(filler()), 21739, "margin")
    room.fates.wait(made := filler(7))
    room.answers.unsigned(made, "no signer", 0)
    first, second = (x.text for x in room.fates.work if isinstance(x, w.Remark))
    assert ("(21739: margin)" in first, "(0: no signer)" in second) == (True, True)


def test_cleared_suspicion_is_reminded_of_when_its_longer_patience_ends() -> None:
    """Otherwise nobody would weigh the counter again."""
    room = Room()
    order, probe = _suspect(room)
    room.decline(probe, 21104, now_ns=5)
    assert (order.suspect_ns, Alarm.SHOW, order.place) in room.fates.alarms._heap


def test_stale_number_says_nothing_of_an_acceptance_that_is_not_suspected() -> None:
    """Its patience is as it was."""
    room = Room()
    order = entry(1)
    room.answers.accepted(room.frame(order), 0, 0)
    patience_ns = order.patience_ns
    room.decline(room.frame(entry(2)), 21104)
    assert order.patience_ns == patience_ns


def test_second_200_lets_what_is_silent_or_awaited_above_stay_as_it_is() -> None:
    """Only what was accepted has fallen: an answer that is awaited still comes."""
    room = Room()
    room.answers.accepted(room.frame(entry(1)), 0, 0)
    awaited = entry(2)
    late = room.frame(awaited, nonce=1).writes[0]
    room.answers.accepted(room.frame(entry(3)), 0, 0)
    assert (late.state, awaited.state) == (WriteState.PENDING, TxState.WRITTEN)


def test_second_200_leaves_accepted_what_stands_accepted_below_it() -> None:
    """Though another copy of it is silent above: that one was never taken."""
    room = Room()
    order = entry(1)
    room.answers.silence(room.frame(order, nonce=5), "why", 0)
    room.answers.accepted(room.frame(order, nonce=3), 0, 0)
    room.answers.accepted(room.frame(entry(2), nonce=4), 0, 0)
    room.answers.accepted(room.frame(entry(3), nonce=4), 0, 0)
    assert order.state is TxState.ACCEPTED


def test_second_200_that_comes_late_to_an_old_one_is_its_acceptance() -> None:
    """It counted as spent, and is not unwanted for age before its own answer is taken."""
    room = Room()
    order = entry(2)
    room.answers.accepted(room.frame(entry(1)), 0, 0)
    late = room.frame(order)
    room.answers.silence(late, "why", 1)
    room.fates.count(order, 1)
    order.is_old = True
    room.answers.accepted(late, 0, 2)
    assert order.state is TxState.ACCEPTED


def test_silence_at_the_very_number_of_the_highest_200_does_not_count() -> None:
    """Below it all was taken; at it, only one of them."""
    room = Room()
    first = entry(1)
    room.answers.accepted(room.frame(entry(2)), 0, 0)
    room.answers.silence(room.frame(first), "why", 1)
    assert first.state is TxState.DOUBT


def test_second_200_to_a_late_copy_of_an_old_one_accepts_it_though_an_earlier_is_silent() -> None:
    """Its own earlier copy falls silently: as a doubt it would be given up for its age."""
    room = Room()
    order = entry(2)
    room.answers.silence(room.frame(order), "why", 1)
    room.answers.accepted(room.frame(entry(1)), 0, 1)
    late = room.frame(order)
    room.answers.silence(late, "why", 1)
    room.fates.count(order, 1)
    order.is_old = True
    room.answers.accepted(late, 0, 2)
    assert order.state is TxState.ACCEPTED
