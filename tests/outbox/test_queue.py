"""Places: who waits for a number, and who may have a given one."""

from __future__ import annotations

from nautilus_lighter_nonce.lighter.codes import TxType
from nautilus_lighter_nonce.outbox.entry import Entry
from nautilus_lighter_nonce.outbox.entry import WriteState
from nautilus_lighter_nonce.outbox.moves import TxState
from nautilus_lighter_nonce.outbox.queue import Queue
from nautilus_lighter_nonce.outbox.quota import Quota
from nautilus_lighter_nonce.outbox.work import Proof
from tests.outbox.parts import entry
from tests.outbox.parts import write


def _queue(*entries: Entry, quota: Quota | None = None) -> Queue:
    queue = Queue(quota or Quota())
    for each in entries:
        queue.join(each)
        if each.state is TxState.WAITING:
            queue.put(each)
    return queue


def _doubted(place: int, nonce: int, order: str = "o") -> Entry:
    made = entry(place, order=order)
    made.state = TxState.DOUBT
    made.writes.append(write(made, nonce, state=WriteState.SILENT))
    return made


def test_what_comes_back_stands_in_its_old_place() -> None:
    """The order of places is the order of commands, for ever."""
    first, second, third = entry(1), entry(2), entry(3)
    queue = _queue(second, third)
    queue.put(first)
    assert list(queue) == [first, second, third]
    queue.remove(second)
    queue.remove(second)
    assert (list(queue), len(queue)) == ([first, third], 2)


def test_first_that_may_go_has_the_number() -> None:
    """Who is not ready, or whose type must pause, is overtaken."""
    quota = Quota()
    quota.back_off(TxType.CREATE_ORDER, 0)
    unready = entry(1, TxType.CANCEL_ORDER, ready=False)
    create, cancel = entry(2), entry(3, TxType.CANCEL_ORDER)
    queue = _queue(unready, create, cancel, quota=quota)
    assert queue.first_for(0, 0) is cancel
    assert queue.first_for(0, 10**9) is create
    unready.ready = True
    assert queue.first_for(0, 0) is unready


def test_nobody_may_go_from_an_empty_queue() -> None:
    """No number is taken for nobody."""
    queue = _queue()
    assert queue.first_for(0, 0) is None
    assert queue.group_for(0, 15, 0) == []


def test_change_does_not_overtake_its_order() -> None:
    """Place order binds the transactions of one order strictly."""
    order = entry(1, order="o", ready=False)
    change, stranger = entry(2, order="o"), entry(3, order="p")
    queue = _queue(order, change, stranger)
    assert queue.first_for(0, 0) is stranger


def test_change_stands_above_all_undead_writes_of_its_order() -> None:
    """Rule 8: above what stands before it."""
    change = entry(2, order="o")
    queue = _queue(_doubted(1, 5), change)
    assert [n for n in range(8) if queue.fits(change, n)] == [6, 7]


def test_order_stands_below_all_undead_writes_of_its_changes() -> None:
    """Rule 8: below what stands behind it."""
    order = entry(1, order="o")
    queue = _queue(order, _doubted(2, 5))
    assert [n for n in range(8) if queue.fits(order, n)] == [0, 1, 2, 3, 4]


def test_order_may_stand_where_its_change_stands_but_not_above_another_change() -> None:
    """The earlier takes the later's nonce (rule 8), if no other later one stands below."""
    order = entry(1, order="o")
    queue = _queue(order, _doubted(2, 5), _doubted(3, 7))
    assert [n for n in range(9) if queue.fits(order, n, replaces=True)] == [0, 1, 2, 3, 4, 5]
    assert [n for n in range(9) if queue.fits(order, n)] == [0, 1, 2, 3, 4]


def test_order_does_not_stand_above_a_change_that_has_a_number() -> None:
    """Bound and not written: it will leave before what gets its number now."""
    order, change = entry(1, order="o"), entry(2, order="o")
    change.state = TxState.BOUND
    queue = _queue(order, change)
    assert not queue.fits(order, 9)
    assert queue.has_bound_later(order)
    assert not queue.has_bound_later(change)


def test_dead_writes_bind_nobody() -> None:
    """What is proved dead is no neighbour."""
    change, before = entry(2, order="o"), _doubted(1, 5)
    before.writes[0].die(Proof.ANSWERED)
    assert _queue(before, change).fits(change, 3)


def test_siblings_are_the_others_of_its_order_that_have_not_ended() -> None:
    """Those of no order have none."""
    order, change, alone = entry(1, order="o"), entry(2, order="o"), entry(3)
    queue = _queue(order, change, alone)
    assert queue.siblings(order) == [change]
    assert queue.siblings(alone) == []
    queue.leave(change)
    queue.leave(alone)
    assert queue.siblings(order) == []
    queue.leave(order)
    assert queue.siblings(change) == []


def test_batch_goes_together_up_to_the_limit() -> None:
    """Those of one number that stand next to each other."""
    batch = [entry(place, batch=7) for place in (1, 2, 3)]
    queue = _queue(*batch, entry(4, batch=8))
    assert queue.group_for(0, 15, 0) == batch
    assert queue.group_for(0, 2, 0) == batch[:2]
    assert queue.group_for(0, 1, 0) == batch[:1]


def test_batch_ends_where_one_may_not_go() -> None:
    """No member is left out in the middle: nonces follow each other."""
    first, second, third = (entry(place, batch=7) for place in (1, 2, 3))
    second.ready = False
    assert _queue(first, second, third).group_for(0, 15, 0) == [first]
    second.ready = True
    stranger = entry(2)
    assert _queue(first, stranger, third).group_for(0, 15, 0) == [first]


def test_batch_has_no_two_of_one_order() -> None:
    """A change in the frame of its order could not be told apart when it is refused."""
    order, change = entry(1, order="o", batch=7), entry(2, order="o", batch=7)
    assert _queue(order, change).group_for(0, 15, 0) == [order]


def test_batch_members_fit_at_their_own_numbers() -> None:
    """Each at the number it will have."""
    first, change = entry(2, batch=7), entry(3, order="o", batch=7)
    queue = _queue(_doubted(1, 0), first, change)
    assert queue.group_for(0, 15, 0) == [first, change]
    other = _queue(_doubted(1, 1), first, change)
    assert other.group_for(0, 15, 0) == [first]


def test_what_does_not_wait_may_not_go() -> None:
    """A sibling in doubt is not sent from the queue."""
    doubted = _doubted(1, 0)
    assert not _queue(doubted).may_go(doubted, 0)


def test_group_is_asked_at_the_very_time_whether_its_members_must_pause() -> None:
    """Of another type, with a pause that runs or is over."""
    quota = Quota()
    quota.back_off(TxType.MODIFY_ORDER, 0)
    members = [entry(1, batch=3), entry(2, TxType.MODIFY_ORDER, batch=3)]
    queue = _queue(*members, quota=quota)
    assert queue.group_for(0, 15, 0) == members[:1]
    assert queue.group_for(0, 15, 10**9) == members
