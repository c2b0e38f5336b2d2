"""Binding: who gets the lane's next number, and which frame leaves next."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from nautilus_lighter_nonce.core.decisions import LaneState
from nautilus_lighter_nonce.lighter.codes import TxType
from nautilus_lighter_nonce.outbox import work as w
from nautilus_lighter_nonce.outbox.alarms import Alarm
from nautilus_lighter_nonce.outbox.answers import Answers
from nautilus_lighter_nonce.outbox.binding import FRESH_NS
from nautilus_lighter_nonce.outbox.binding import Binding
from nautilus_lighter_nonce.outbox.entry import Entry
from nautilus_lighter_nonce.outbox.entry import WriteState
from nautilus_lighter_nonce.outbox.fates import Fates
from nautilus_lighter_nonce.outbox.moves import TxState
from nautilus_lighter_nonce.outbox.moves import Why
from nautilus_lighter_nonce.outbox.settings import OutboxSettings
from tests.outbox.parts import SEC
from tests.outbox.parts import entry
from tests.outbox.parts import fates
from tests.outbox.parts import signed
from tests.outbox.parts import write


def _made(settings: OutboxSettings | None = None) -> tuple[Binding, Fates, Answers]:
    room = fates(settings)
    room.flight.connected(1, 0)
    answers = Answers(room)
    return Binding(room, answers), room, answers


def _wait(room: Fates, place: int, **more: Any) -> Entry:
    made = entry(place, **more)
    room.add(made)
    room.queue.put(made)
    return made


def _doubt(room: Fates, place: int, nonce: int, **more: Any) -> Entry:
    made = entry(place)
    room.add(made)
    made.state, made.was_bound = TxState.DOUBT, True
    room.evidence.wrote(write(made, nonce, state=WriteState.SILENT, **more))
    room.doubts[place] = made
    return made


def _asked[Kind: w.Work](room: Fates, kind: type[Kind]) -> list[Kind]:
    return [x for x in room.work if isinstance(x, kind)]


def test_fill_gives_numbers_in_the_order_of_places_up_to_the_depth() -> None:
    """Ascending, and never awaited for."""
    binding, room, _ = _made()
    waiting = [_wait(room, place) for place in range(1, 7)]
    binding.fill(0)
    assert [x.state for x in waiting] == [TxState.BOUND] * 4 + [TxState.WAITING] * 2
    assert room.flight.bound_nonces() == {0, 1, 2, 3}
    assert len(_asked(room, w.Sign)) == 4


def test_fill_acknowledges_in_passing_what_is_known_to_be_taken() -> None:
    """Spent, or accepted and not suspected."""
    binding, room, _ = _made()
    room.evidence.executed(0, "x")
    accepted = _doubt(room, 1, 1)
    accepted.state, accepted.writes[0].state = TxState.ACCEPTED, WriteState.ACCEPTED
    _wait(room, 2)
    binding.fill(0)
    assert room.flight.bound_nonces() == {2}


def test_fill_tells_once_that_a_number_was_taken() -> None:
    """From here on the venue may see it."""
    binding, room, _ = _made()
    order = _wait(room, 1)
    binding.fill(0)
    room.take_back(0)
    binding.fill(0)
    assert [x.news for x in _asked(room, w.Tell)] == [w.News.SENDING]
    assert order.was_bound


def test_fill_waits_for_a_rate_token_before_it_takes_a_number() -> None:
    """Throttling can make no nonce stale."""
    binding, room, _ = _made(OutboxSettings(quota_per_min=1))
    _wait(room, 1)
    _wait(room, 2)
    binding.fill(0)
    assert room.flight.bound_nonces() == {0}
    assert room.lane.next_nonce == 1
    assert room.alarms.first is not None


def test_fill_of_a_batch_waits_for_all_its_slots() -> None:
    """Its members go in one frame."""
    binding, room, _ = _made()
    _wait(room, 1)
    _wait(room, 2)
    batch = [_wait(room, place, batch=7) for place in (3, 4, 5)]
    binding.fill(0)
    assert all(x.state is TxState.WAITING for x in batch)
    assert room.flight.bound == 2


def test_fill_probes_a_suspicion_before_it_goes_on() -> None:
    """A probe is answered before the pass goes on."""
    binding, room, _ = _made()
    suspect = _doubt(room, 1, 0)
    suspect.state, suspect.is_suspected = TxState.UNWANTED, True
    suspect.writes[0].state = WriteState.ACCEPTED
    _wait(room, 2)
    _wait(room, 3)
    binding.fill(0)
    assert room.probe == 0
    assert room.flight.bound_nonces() == {0}
    room.end_probe(0, 14)
    binding.fill(0)
    assert room.flight.bound_nonces() == {0, 1}


def test_fill_for_a_refused_account_lets_one_try_at_a_time() -> None:
    """The next would meet the same."""
    binding, room, answers = _made()
    answers.trouble = "21120: invalid signature"
    for place in (1, 2, 3):
        _wait(room, place)
    binding.fill(0)
    assert room.flight.bound == 1


def test_fill_without_transactions_makes_no_filler() -> None:
    """Nothing is owed to anybody."""
    binding, room, _ = _made()
    binding.fill(0)
    assert not room.work
    assert room.lane.next_nonce == 0


@pytest.mark.parametrize(("left_ns", "signs"), [(FRESH_NS + 1, 0), (FRESH_NS, 1)])
def test_copy_is_written_again_unless_its_signature_is_nearly_past(
    left_ns: int, signs: int
) -> None:
    """Signed anew at the same number when it has little life left."""
    binding, room, _ = _made()
    order = _doubt(room, 1, 0, expires_ns=5 + left_ns)
    binding.fill(5)
    assert order.state is TxState.BOUND
    assert len(_asked(room, w.Sign)) == signs


def test_write_lets_frames_leave_on_the_present_connection_and_notes_their_copies() -> None:
    """From here on they may be taken."""
    binding, room, _ = _made()
    order = _wait(room, 1)
    binding.fill(0)
    room.flight.signed("1-1", signed("hash"))
    binding.write(0)
    assert _asked(room, w.Write) == [w.Write("1-1", 1, (signed("hash"),))]
    assert order.state is TxState.WRITTEN
    assert room.evidence.entry_of("hash") is order


def test_pass_is_wanted_for_a_doubt_behind_the_lane() -> None:
    """With nothing under way that will end it."""
    binding, room, _ = _made()
    _doubt(room, 1, 0)
    binding.want_pass(0)
    assert not room.work
    room.lane.take()
    binding.want_pass(0)
    assert _asked(room, w.Rebase) == [w.Rebase(w.Cause.DOUBT, 0)]


def test_pass_that_probes_names_what_seems_to_have_vanished() -> None:
    """The lane asks before it goes back behind an acceptance."""
    binding, room, _ = _made()
    suspect = _doubt(room, 1, 0)
    suspect.state, suspect.is_suspected = TxState.UNWANTED, True
    room.lane.take()
    binding.want_pass(0)
    assert _asked(room, w.Rebase) == [w.Rebase(w.Cause.VANISHED, 0)]


def test_passes_are_wanted_ever_later_until_something_is_taken() -> None:
    """Pauses grow per pass; an acceptance shows that the way is free."""
    binding, room, answers = _made()
    _doubt(room, 1, 0)
    room.lane.take()
    times = []
    for now in range(0, 30 * SEC, SEC // 100):
        before = len(room.work)
        binding.want_pass(now)
        if len(room.work) > before:
            times.append(now)
    pauses = [b - a for a, b in pairwise(times)]
    assert pauses == sorted(pauses)
    assert pauses[-1] > 20 * pauses[0]
    answers.taken += 1
    binding.want_pass(60 * SEC)
    last = len(room.work)
    binding.want_pass(60 * SEC + room.settings.settle_ns)
    assert len(room.work) == last + 1


def test_pass_is_not_wanted_of_a_lane_that_is_on_its_way() -> None:
    """It drains or asks already."""
    binding, room, _ = _made()
    _doubt(room, 1, 0)
    room.lane.take()
    room.lane.doubted(0, 0)
    assert room.lane.state is not LaneState.OPEN
    binding.want_pass(0)
    assert not room.work


def test_doubt_at_a_nonce_that_is_known_to_be_spent_is_looked_up_instead() -> None:
    """By whom, a record must tell."""
    binding, room, _ = _made()
    order = _doubt(room, 1, 0)
    room.lane.take()
    room.evidence.counter = 1
    binding.want_pass(0)
    assert order.state is TxState.SPENT
    assert not _asked(room, w.Rebase)


def test_fill_for_a_refused_account_takes_a_batch_apart() -> None:
    """One at a time, so that one alone meets the same."""
    binding, room, answers = _made()
    answers.trouble = "21120: invalid signature"
    for place in (1, 2):
        _wait(room, place, batch=7)
    binding.fill(0)
    assert room.flight.bound == 1


def test_fill_spends_a_number_nobody_wants_with_a_cancel_that_never_grows_old() -> None:
    """A filler is new, and is reminded of no age."""
    binding, room, _ = _made()
    unwanted = _doubt(room, 1, 0)
    unwanted.state, unwanted.why = TxState.UNWANTED, Why.USER
    binding.fill(7)
    (made,) = [x for x in room.entries.values() if x.is_filler]
    assert (made.state, made.tx_type) == (TxState.BOUND, TxType.CANCEL_ORDER)
    assert (made.submitted_ns, made.repeats) == (7, True)
    assert not any(alarm is Alarm.AGE for _, alarm, _ in room.alarms._heap)


def test_fill_of_a_number_that_counted_as_spent_writes_its_doubt_again() -> None:
    """The lane went back behind it: it does not count."""
    binding, room, _ = _made()
    order = _doubt(room, 1, 0)
    room.count(order, 1)
    binding.fill(5)
    assert order.state is TxState.BOUND
    assert order.counted_ns == 0


def test_fill_wakes_when_the_pause_of_those_who_wait_ends() -> None:
    """Nothing else would."""
    binding, room, _ = _made()
    _wait(room, 1)
    room.quota.back_off(TxType.CREATE_ORDER, 0)
    binding.fill(0)
    assert room.flight.bound == 0
    assert room.alarms.first == (room.quota.pause_ends_ns(0), Alarm.WAKE, 0)


def test_fill_passes_over_nothing_while_all_slots_are_taken() -> None:
    """The lane takes no number then, known to be taken or not."""
    binding, room, _ = _made()
    for place in range(1, 6):
        _wait(room, place)
    room.evidence.executed(4, "x")
    binding.fill(0)
    assert room.lane.next_nonce == 4
    binding.fill(0)
    assert room.flight.bound == 4


def test_write_notes_by_what_name_and_where_each_copy_left() -> None:
    """Its verdict is told by that name, and answers are looked for there."""
    binding, room, _ = _made()
    room.flight.connected(3, 0)
    order = _wait(room, 1)
    binding.fill(0)
    room.flight.signed("1-1", signed("hash"))
    binding.write(0)
    assert [(x.id, x.connection) for x in order.writes] == [("1-1", 3)]
