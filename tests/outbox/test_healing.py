"""Rulings: which transaction stands at a number, and which doubts need a new pass."""

from __future__ import annotations

import pytest

from nautilus_lighter_nonce.lighter.codes import TxType
from nautilus_lighter_nonce.outbox.entry import FILLER_KEY
from nautilus_lighter_nonce.outbox.entry import Entry
from nautilus_lighter_nonce.outbox.entry import WriteState
from nautilus_lighter_nonce.outbox.evidence import Evidence
from nautilus_lighter_nonce.outbox.healing import Healing
from nautilus_lighter_nonce.outbox.healing import Ruling
from nautilus_lighter_nonce.outbox.moves import TxState
from nautilus_lighter_nonce.outbox.queue import Queue
from nautilus_lighter_nonce.outbox.quota import Quota
from tests.outbox.parts import SEC
from tests.outbox.parts import entry
from tests.outbox.parts import write


class Room:
    """What `Healing` is asked about."""

    def __init__(self) -> None:
        self.evidence, self.quota = Evidence(), Quota()
        self.queue = Queue(self.quota)
        self.healing = Healing(self.evidence, self.queue, self.quota)

    def doubt(
        self,
        made: Entry,
        nonce: int,
        state: TxState = TxState.DOUBT,
        written: WriteState = WriteState.SILENT,
    ) -> Entry:
        """Let a transaction be in doubt at a nonce."""
        made.state = state
        self.queue.join(made)
        self.evidence.wrote(write(made, nonce, state=written))
        return made

    def wait(self, made: Entry) -> Entry:
        """Let a transaction wait."""
        self.queue.join(made)
        self.queue.put(made)
        return made

    def at(self, nonce: int, limit: int = 15) -> list[Entry] | Ruling:
        """Return who stands at a nonce."""
        return self.healing.occupants(nonce, limit, 0)


def test_wanted_doubt_stands_at_its_own_number() -> None:
    """The same bytes, before anybody who waits."""
    room = Room()
    doubt = room.doubt(entry(1), 5)
    room.wait(entry(2))
    assert room.at(5) == [doubt]


def test_number_with_an_answer_on_its_way_is_nobodys() -> None:
    """What awaits an answer there is not written a second time, and nothing else is."""
    room = Room()
    room.doubt(entry(1), 5, TxState.WRITTEN, WriteState.PENDING)
    room.wait(entry(2))
    assert room.at(5) is Ruling.NOBODY


def test_latest_of_several_wanted_doubts_stands_there() -> None:
    """Each had its turn; the venue takes at most one of them."""
    room = Room()
    room.doubt(entry(1), 5)
    second = room.doubt(entry(2), 5)
    assert room.at(5) == [second]


def test_earlier_one_of_the_same_order_takes_the_number() -> None:
    """Rule 8: the later is written again once its write there is dead."""
    room = Room()
    room.doubt(entry(2, order="o"), 5)
    order = room.wait(entry(1, order="o"))
    assert room.at(5) == [order]
    order.ready = False
    assert room.at(5) != [order]


def test_earlier_one_does_not_take_a_number_above_another_later_one() -> None:
    """A change in doubt below would be overtaken by what stands before it."""
    room = Room()
    room.doubt(entry(2, order="o"), 4, TxState.SPENT)
    last = room.doubt(entry(3, order="o"), 5)
    room.wait(entry(1, order="o"))
    assert room.at(5) == [last]


def test_later_one_of_the_same_order_does_not_take_the_number() -> None:
    """A change waits behind its order."""
    room = Room()
    order = room.doubt(entry(1, order="o"), 5)
    room.wait(entry(2, order="o"))
    assert room.at(5) == [order]


def test_doubt_whose_type_must_pause_lets_the_next_eligible_in() -> None:
    """Or nobody, for the present."""
    room = Room()
    room.quota.back_off(TxType.CREATE_ORDER, 0)
    room.doubt(entry(1), 5)
    assert room.at(5) is Ruling.NOBODY
    cancel = room.wait(entry(2, TxType.CANCEL_ORDER))
    assert room.at(5) == [cancel]


def test_doubt_that_cannot_be_signed_lets_the_next_eligible_in() -> None:
    """It would ask for its signature for ever."""
    room = Room()
    room.doubt(entry(1), 5).ready = False
    assert room.at(5) is Ruling.NOBODY
    stranger = room.wait(entry(2))
    assert room.at(5) == [stranger]


def test_unwanted_doubt_is_spent_by_its_own_cancel_first() -> None:
    """Then the next eligible, then a filler (rule 6)."""
    room = Room()
    room.doubt(entry(2, order="o"), 5, TxState.UNWANTED)
    assert room.at(5) is Ruling.FILLER
    stranger = room.wait(entry(1))
    assert room.at(5) == [stranger]
    cancel = room.wait(entry(3, TxType.CANCEL_ORDER, order="o"))
    assert room.at(5) == [cancel]
    cancel.ready = False
    assert room.at(5) == [stranger]


def test_unwanted_doubt_is_not_spent_by_its_own_modify() -> None:
    """A change of what must not live is no spender."""
    room = Room()
    room.doubt(entry(1, order="o"), 5, TxState.UNWANTED)
    room.wait(entry(2, TxType.MODIFY_ORDER, order="o"))
    assert room.at(5) is Ruling.FILLER


@pytest.mark.parametrize("key", [FILLER_KEY, TxType.CANCEL_ORDER])
def test_fillers_pause_with_cancels_and_by_themselves(key: int) -> None:
    """A filler is a cancel; the venue is not flooded with them."""
    room = Room()
    room.doubt(entry(1), 5, TxState.UNWANTED)
    room.quota.back_off(key, 0)
    assert room.at(5) is Ruling.NOBODY


def test_hole_below_a_doubt_is_never_taken_by_the_doubted_one() -> None:
    """Rule 7: the next eligible, else a filler."""
    room = Room()
    room.doubt(entry(1), 5)
    assert room.at(4) is Ruling.FILLER
    stranger = room.wait(entry(2))
    assert room.at(4) == [stranger]


def test_queue_goes_on_where_nothing_stands_and_nothing_is_above() -> None:
    """With batches, up to the limit."""
    room = Room()
    assert room.at(5) is Ruling.NOBODY
    batch = [room.wait(entry(place, batch=3)) for place in (1, 2, 3)]
    assert room.at(5) == batch
    assert room.at(5, limit=2) == batch[:2]


def test_doubts_are_never_joined_with_fresh_ones_in_a_batch() -> None:
    """Rule 11: as singles."""
    room = Room()
    doubt = room.doubt(entry(1, batch=3), 5)
    room.wait(entry(2, batch=3))
    assert room.at(5) == [doubt]


def test_number_is_taken_if_spent_or_accepted_and_not_suspected() -> None:
    """It is acknowledged in passing."""
    room = Room()
    room.evidence.counter = 3
    order = room.doubt(entry(1), 5, TxState.ACCEPTED, WriteState.ACCEPTED)
    assert [n for n in range(7) if room.healing.is_taken(n)] == [0, 1, 2, 5]
    order.is_suspected = True
    assert not room.healing.is_taken(5)


@pytest.mark.parametrize("state", TxState)
def test_pass_is_needed_for_a_doubt_behind_the_lane_that_nothing_else_ends(state: TxState) -> None:
    """In doubt or unwanted; what is spent waits for a record."""
    room = Room()
    made = room.doubt(entry(1), 5, state)
    is_open = state in (TxState.DOUBT, TxState.UNWANTED)
    assert room.healing.needs_pass(made, 6, set()) is is_open
    assert not room.healing.needs_pass(made, 5, set())
    assert not room.healing.needs_pass(made, 6, {5})
    made.counted_ns = 1
    assert not room.healing.needs_pass(made, 6, set())


def test_pass_is_not_needed_while_an_answer_at_the_number_is_awaited_or_it_is_taken() -> None:
    """Something is under way that will end it."""
    room = Room()
    made = room.doubt(entry(1), 5, TxState.UNWANTED)
    spender = entry(2)
    room.doubt(spender, 5, TxState.WRITTEN, WriteState.PENDING)
    assert not room.healing.needs_pass(made, 6, set())
    spender.writes[0].state = WriteState.ACCEPTED
    assert not room.healing.needs_pass(made, 6, set())
    spender.writes[0].state = WriteState.SILENT
    assert room.healing.needs_pass(made, 6, set())


def test_pause_that_is_over_keeps_nobody_from_a_number() -> None:
    """Neither the earlier of an order, nor a cancel, nor a stranger: time is asked for each."""
    later = 60 * SEC
    for waits, expected in (
        (entry(1, order="o"), [1]),
        (entry(3, TxType.CANCEL_ORDER, order="o"), [3]),
        (entry(4), [4]),
    ):
        room = Room()
        is_first = waits.place == 1
        state = TxState.DOUBT if is_first else TxState.UNWANTED
        room.doubt(entry(2, TxType.MODIFY_ORDER, order="o"), 5, state)
        room.wait(waits)
        room.quota.back_off(waits.tx_type, 0)
        stands = room.healing.occupants(5, 15, later)
        assert isinstance(stands, list)
        assert [x.place for x in stands] == expected


def test_doubt_whose_type_must_pause_lets_in_whose_pause_is_over_and_whose_order_allows_it() -> (
    None
):
    """The next eligible is asked of the very number, at the very time."""
    room = Room()
    later = 60 * SEC
    room.quota.back_off(TxType.CREATE_ORDER, later)
    room.quota.back_off(TxType.CANCEL_ORDER, 0)
    room.doubt(entry(1), 5)
    room.doubt(entry(2, TxType.MODIFY_ORDER, order="o"), 6)
    room.wait(entry(3, TxType.CANCEL_ORDER, order="o"))
    free = room.wait(entry(4, TxType.CANCEL_ORDER))
    assert room.healing.occupants(5, 15, later) == [free]
