"""The outbox as a thing: the straight way through it, its questions, its snapshot."""

from __future__ import annotations

import pytest

from nautilus_lighter_nonce.core.decisions import LaneState
from nautilus_lighter_nonce.lighter.codes import Verdict
from nautilus_lighter_nonce.outbox import work as w
from nautilus_lighter_nonce.outbox.moves import TxState
from nautilus_lighter_nonce.outbox.outbox import Outbox
from nautilus_lighter_nonce.outbox.settings import OutboxSettings
from tests.outbox.bounds import SEC
from tests.outbox.lab import AGING
from tests.outbox.lab import Lab


# -- THE WAY OF ONE TRANSACTION --------------------------------------------------------------------


def test_order_without_fault_is_bound_written_accepted_and_alive() -> None:
    """The straight way: one number, one signature, one frame, one 200, one record."""
    lab = Lab()
    order = lab.order()
    assert lab.state(order) is TxState.WRITTEN
    lab.take()
    assert lab.state(order) is TxState.ACCEPTED
    lab.execute()
    assert lab.state(order) is None
    assert lab.news(order) == [w.News.SENDING, w.News.ALIVE]
    assert [type(x) for x in lab.works] == [w.Tell, w.Sign, w.Write, w.Publish, w.Tell]


def test_order_that_waits_is_canceled_on_the_spot() -> None:
    """What was never written is ended here, without the venue."""
    lab = Lab(window=1)
    lab.order()
    second = lab.order()
    assert lab.outbox.cancel(second, lab.world.now)
    lab.world.pump()
    end = lab.end(second)
    assert end is not None
    assert (end.news, end.proof) == (w.News.GIVEN_UP, w.Proof.NEVER_WRITTEN)
    assert "canceled" in end.reason


def test_order_that_is_being_signed_is_canceled_and_its_number_given_back() -> None:
    """A number that was bound and not written goes to the next."""
    lab = Lab(slow=True)
    first, second = lab.order(), lab.order()
    assert lab.state(first) is TxState.BOUND
    assert lab.outbox.cancel(first, lab.world.now)
    lab.world.pump()
    lab.do("sign", 2)
    lab.do("flush")
    assert lab.wrote() == [(second, 0)]
    assert lab.end(first) is not None


def test_order_that_cannot_be_signed_is_refused_and_its_number_given_back() -> None:
    """Nothing was sent, so it is refused by ourselves, with the signer's reason."""
    lab = Lab(slow=True)
    first, second = lab.order(), lab.order()
    lab.do("unsign")
    end = lab.end(first)
    assert end is not None
    assert (end.news, end.proof) == (w.News.REFUSED, w.Proof.NEVER_WRITTEN)
    assert end.reason == "it was not signed"
    lab.do("sign", 1)
    lab.do("flush")
    assert lab.wrote() == [(second, 0)]


def test_order_that_cannot_be_signed_yet_lets_others_pass_and_comes_back() -> None:
    """A stranger overtakes only what cannot go at present."""
    lab = Lab(slow=True)
    first, second = lab.order(), lab.order()
    lab.do("hold_back")
    lab.do("sign", 1)
    lab.do("flush")
    assert lab.wrote() == [(second, 0)]
    lab.do("get_ready", first)
    lab.do("sign", 1)
    lab.do("flush")
    assert lab.wrote() == [(second, 0), (first, 1)]


def test_frame_that_was_not_written_gives_its_number_back_and_is_tried_again() -> None:
    """Nothing left this process: no doubt, no verdict of the venue, the same nonce again."""
    lab = Lab(slow=True)
    order = lab.order()
    lab.do("sign", 0)
    lab.do("fail_write")
    assert lab.state(order) is TxState.WAITING
    assert lab.asked_for(w.Withdraw) == [w.Withdraw(0, 1)]
    lab.wait(0.2)
    assert lab.state(order) is TxState.BOUND
    assert lab.lane.next_nonce == 1


def test_frame_that_waits_for_a_socket_that_is_replaced_is_given_back() -> None:
    """It fell silent unwritten: the doubt is over, and it goes again at its number."""
    lab = Lab(slow=True)
    order = lab.order()
    lab.do("sign", 0)
    lab.wait(2)
    assert lab.world.connection == 2
    assert lab.news(order) == [w.News.SENDING, w.News.IN_DOUBT, w.News.SETTLED]
    lab.wait(3)
    assert lab.state(order) is TxState.BOUND
    assert lab.outbox._fates.flight.bound_nonces() == {0}


def test_not_written_after_silence_on_an_open_connection_waits_again() -> None:
    """The frame is remembered while its connection is open, so its end is known."""
    lab = Lab(slow=True)
    first, second = lab.order(), lab.order()
    lab.do("sign", 0)
    lab.do("sign", 0)
    frames = lab.asked_for(w.Write)
    lab.outbox.answered(frames[1].frame_id, 1, 21739, Verdict.REFUSED, lab.world.now + 1)
    lab.world.pump()
    lab.wait(2)
    assert lab.state(first) is TxState.DOUBT
    lab.outbox.not_written(frames[0].frame_id, lab.world.now)
    assert lab.state(first) is TxState.WAITING
    assert lab.end(second) is not None


# -- AN OUTBOX AS A THING --------------------------------------------------------------------------


def test_snapshot_is_restored_with_a_lane_of_its_own_and_goes_on_alike() -> None:
    """Two outboxes from one snapshot do the same, and do not touch each other."""
    lab = Lab()
    lab.order()
    lab.fall_silent()
    twin = Outbox.restored(lab.outbox.snapshot())
    assert twin.lane is not lab.outbox.lane
    assert twin.next_due() == lab.outbox.next_due()
    later = lab.world.now + 10 * SEC
    assert twin.plan(later) == lab.outbox.plan(later)
    twin.lane.halt("twin")
    assert lab.outbox.lane.state is not LaneState.HALTED


def test_snapshot_of_something_else_is_not_restored() -> None:
    """A pickle of another kind is no outbox."""
    with pytest.raises(TypeError, match="NonceLane"):
        Outbox.restored(_pickled(Lab().lane))


def _pickled(value: object) -> bytes:
    import pickle

    return pickle.dumps(value)


def test_plan_has_nothing_left_after_it_was_carried_out() -> None:
    """What was planned is not planned twice."""
    lab = Lab()
    lab.order()
    assert lab.outbox.plan(lab.world.now) == []


def test_plan_ends_with_the_first_work_that_moves_the_lane() -> None:
    """So that nothing is decided on an old lane."""
    lab = Lab()
    lab.order()
    lab.order()
    lab.outbox.connection_lost(lab.world.now)
    works = lab.outbox.plan(lab.world.now)
    assert isinstance(works[-1], w.Publish)
    assert sum(isinstance(x, w.Publish) for x in works) == 1


def test_questions_of_an_outbox_tell_what_waits_flies_and_is_in_doubt() -> None:
    """Counts are of transactions, by where they stand."""
    lab = Lab(window=2)
    assert lab.outbox.is_idle
    for _ in range(3):
        lab.order()
    assert (lab.outbox.queued, lab.outbox.in_flight, lab.outbox.in_doubt) == (1, 2, ())
    lab.do("reconnect")
    assert lab.outbox.in_doubt == (("order", 0), ("order", 1))
    assert lab.outbox.in_flight == 0
    assert lab.outbox.is_ours("1@0#0")
    assert not lab.outbox.is_ours("foreign 0")


def test_next_due_names_no_reminder_that_has_nothing_to_say() -> None:
    """An answered frame, a written command, an order that was shown: none wakes the shell."""
    lab = Lab(AGING)
    lab.order()
    lab.take()
    lab.execute()
    assert lab.outbox.next_due() is None


def test_commands_about_what_nobody_knows_change_nothing() -> None:
    """Ended, never known, or not waited for: ignored."""
    lab = Lab()
    lab.outbox.ready(9, lab.world.now)
    assert not lab.outbox.cancel(9, lab.world.now)
    lab.outbox.shown(9, lab.world.now)
    lab.outbox.unsigned("x", "y", lab.world.now)
    lab.outbox.unready("x", lab.world.now)
    lab.outbox.not_written("x", lab.world.now)
    lab.outbox.looked_up(7, lab.world.now)
    lab.outbox.answered("x", 1, 200, Verdict.ACCEPTED, lab.world.now)
    assert lab.outbox.plan(lab.world.now) == []


def test_outbox_without_settings_has_those_of_the_documentation() -> None:
    """`OutboxSettings()` is the default."""
    assert Outbox(Lab().lane)._fates.settings == OutboxSettings()
