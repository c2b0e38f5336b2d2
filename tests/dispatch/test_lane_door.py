"""LaneDoor: one work of the outbox is one message at the component's endpoint."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from nautilus_trader.common.component import MessageBus
from nautilus_trader.common.component import TestClock
from nautilus_trader.model.identifiers import TraderId

from nautilus_lighter_nonce import events
from nautilus_lighter_nonce.component.moves import MOVES
from nautilus_lighter_nonce.core.lane import NonceLane
from nautilus_lighter_nonce.dispatch.lane_door import LaneDoor
from nautilus_lighter_nonce.lighter.codes import Verdict
from nautilus_lighter_nonce.outbox import work as w
from tests.rooms import Log
from tests.rooms import lane_at
from tests.stubs import ACCOUNT
from tests.stubs import KEY


NAMES: dict[str, Any] = {"account_index": ACCOUNT, "api_key_index": KEY}
NOW = 7


class Component:
    """What a door calls directly, written down."""

    endpoint = "LANES.process"

    def __init__(self) -> None:
        self.called: list[tuple[Any, ...]] = []
        self.of = lane_at()

    def add_key(self, *args: Any) -> None:
        self.called.append(("add_key", *args))

    def attend(self, *args: Any) -> None:
        self.called.append(("attend", *args))

    def halt(self, *args: Any) -> None:
        self.called.append(("halt", *args))

    def trouble(self, *args: Any) -> None:
        self.called.append(("trouble", *args))

    def narrow(self, *args: Any) -> None:
        self.called.append(("narrow", *args))

    def lane(self, *args: Any) -> NonceLane:
        assert args == (ACCOUNT, KEY)
        return self.of

    def now_ns(self) -> int:
        return 99


class House:
    """A door on a real bus, with somebody or nobody at the endpoint."""

    def __init__(self, handler: Callable[[Any], object] | None = None) -> None:
        clock = TestClock()
        clock.set_time(NOW)
        self.msgbus = MessageBus(trader_id=TraderId("TESTER-001"), clock=clock)
        self.sent: list[Any] = []
        self.msgbus.register(Component.endpoint, handler or self.sent.append)
        self.published: list[Any] = []
        self.msgbus.subscribe("*", self.published.append)
        component: Any = Component()
        self.log = Log()
        self.door = LaneDoor(self.msgbus, clock, component, (ACCOUNT, KEY), self.log)
        self.component: Component = component
        self.born = self.component.called[:]
        self.component.called.clear()


def test_door_gives_its_key_a_lane_and_asks_its_questions() -> None:
    """The lane exists before it is attended to."""
    house = House()
    assert house.born == [("add_key", ACCOUNT, KEY), ("attend", ACCOUNT, KEY)]
    assert house.door.key == (ACCOUNT, KEY)
    assert house.door.lane is house.component.of
    assert house.door.now_ns() == 99


def _publish(verdict: Verdict) -> w.Publish:
    return w.Publish(
        verdict=verdict,
        nonce=10,
        epoch=3,
        write_id="4-5",
        tx_hash="ab",
        code=21_000,
        message="why",
        predicted_ms=8,
    )


_VERDICT: dict[str, Any] = {
    **NAMES,
    "ts_event": NOW,
    "nonce": 10,
    "epoch": 3,
    "tx_hash": "ab",
    "write_id": "4-5",
}

VERDICTS: dict[Verdict, events.TxVerdict] = {
    Verdict.ACCEPTED: events.TxAccepted(**_VERDICT, predicted_execution_time_ms=8),
    Verdict.REFUSED: events.TxRefused(**_VERDICT, code=21_000, message="why"),
    Verdict.STALE: events.TxStale(**_VERDICT, code=21_000),
    Verdict.UNKNOWN: events.TxUnknown(**_VERDICT, reason="why"),
}


@pytest.mark.parametrize("verdict", Verdict)
def test_publish_sends_the_event_of_each_verdict_whole(verdict: Verdict) -> None:
    """To the endpoint only: the component publishes it once the lane has moved."""
    house = House()
    house.door.publish(_publish(verdict))
    assert house.sent == [VERDICTS[verdict]]
    assert type(house.sent[0]) is type(VERDICTS[verdict])
    assert house.published == []


@pytest.mark.parametrize("by_us", [True, False])
def test_spent_sends_whose_it_is(by_us: bool) -> None:
    """A proved nonce, ours or not."""
    house = House()
    house.door.spent(w.Spent(10, by_us))
    assert house.sent == [events.NonceSpent(**NAMES, nonce=10, by_us=by_us)]


def test_withdraw_sends_nonce_and_epoch() -> None:
    """A withdrawal of an earlier pass must change nothing: it says its epoch."""
    house = House()
    house.door.withdraw(w.Withdraw(10, 3))
    assert house.sent == [events.NonceWithdrawn(**NAMES, nonce=10, epoch=3)]


@pytest.mark.parametrize(("cause", "vanished"), [(w.Cause.VANISHED, True), (w.Cause.DOUBT, False)])
def test_rebase_sends_whether_something_vanished(cause: w.Cause, vanished: bool) -> None:
    """The two causes are two moves of the lane."""
    house = House()
    house.door.rebase(w.Rebase(cause, 10))
    assert house.sent == [events.RebaseWanted(**NAMES, nonce=10, vanished=vanished)]


@pytest.mark.parametrize(
    ("value", "believed"), [(10, True), (9, False), (None, False), ("x", False)]
)
def test_count_sends_any_answer_and_returns_whether_the_lane_believed_it(
    value: Any, believed: bool
) -> None:
    """The component weighs it too; what the outbox may lean on is what the lane believes."""
    house = House()
    assert house.door.count(value, 5) is believed
    assert house.sent == [events.CounterAnswered(**NAMES, value=value, asked_ns=5)]


def test_count_asks_the_lane_before_the_answer_moves_it() -> None:
    """An answer bears itself out: asked afterwards, the lane would believe what it just learnt."""
    house = House(lambda message: house.component.of.seed(message.value))
    assert house.door.count(9, 5) is False
    assert house.component.of.believes(9)


def test_halt_trouble_and_narrow_are_direct_calls() -> None:
    """They are no evidence, and work while nobody is at the endpoint."""
    house = House()
    house.door.halt(w.Halt("why"))
    house.door.trouble(w.Trouble(21_112, "liquidation"))
    house.door.narrow()
    assert house.component.called == [
        ("halt", ACCOUNT, KEY, "why"),
        ("trouble", ACCOUNT, KEY, 21_112, "liquidation"),
        ("narrow", ACCOUNT, KEY),
    ]
    assert house.sent == []


def _every_message(door: LaneDoor) -> list[Callable[[], object]]:
    return [
        *(lambda v=verdict: door.publish(_publish(v)) for verdict in Verdict),
        lambda: door.spent(w.Spent(10, by_us=True)),
        lambda: door.withdraw(w.Withdraw(10, 3)),
        lambda: door.rebase(w.Rebase(w.Cause.DOUBT, 10)),
        lambda: door.count(10, 5),
    ]


def test_door_speaks_every_word_that_the_component_understands() -> None:
    """The endpoint's table and the door have the same words."""
    house = House()
    for send in _every_message(house.door):
        send()
    assert {type(message) for message in house.sent} == set(MOVES)
    assert len(house.sent) == len(MOVES)


def test_message_that_raises_halts_the_lane_and_names_itself() -> None:
    """A lane that missed a message must not issue; no reader and no timer ends by it."""

    def broken(message: Any) -> None:
        raise RuntimeError("lane")

    house = House(broken)
    sends = _every_message(house.door)
    for send in sends:
        send()
    halts = house.component.called
    assert [halt[:3] for halt in halts] == [("halt", ACCOUNT, KEY)] * len(sends)
    assert all("RuntimeError: lane" in reason for *_, reason in halts)
    assert {reason.partition(":")[0] for *_, reason in halts} == {kind.__name__ for kind in MOVES}
    assert house.log.count("exception") == len(sends)


def test_message_to_an_endpoint_that_is_gone_halts_the_lane() -> None:
    """The bus only logs what it cannot deliver: the lane has missed it all the same."""
    house = House()
    house.msgbus.deregister(Component.endpoint, house.sent.append)
    house.door.withdraw(w.Withdraw(10, 3))
    ((name, *key, reason),) = house.component.called
    assert (name, key) == ("halt", [ACCOUNT, KEY])
    assert Component.endpoint in reason


# -- NEWS -----------------------------------------------------------------------------------------


def _seeded(account: int = ACCOUNT, key: int = KEY) -> events.NonceSeeded:
    return events.NonceSeeded(account_index=account, api_key_index=key, ts_event=1, next_nonce=10)


def test_listen_hears_halts_and_seeds_of_its_key_until_it_leaves() -> None:
    """Nothing of another key, no other news, and nothing afterwards."""
    house = House()
    heard: list[Any] = []
    handler = heard.append
    house.door.leave(handler)  # nobody listens yet: nothing to be done
    house.door.listen(handler)
    halted = events.LaneHalted(**NAMES, ts_event=1, reason="why")
    others = [
        _seeded(key=KEY + 1),
        _seeded(account=ACCOUNT + 1),
        events.LaneFrozen(**NAMES, ts_event=1, nonce=10, cause="hole"),
    ]
    for event in (halted, *others, _seeded()):
        house.msgbus.publish(event.topic, event)
    assert heard == [halted, _seeded()]
    house.door.leave(handler)
    house.msgbus.publish(halted.topic, halted)
    assert len(heard) == 2


def test_tell_order_publishes_the_event_with_key_time_and_order() -> None:
    """What is known of an order moves no lane: it goes to everybody, on its topic."""
    house = House()
    topic = f"events.lighter.order.settled.{ACCOUNT}.{KEY}"
    heard: list[Any] = []
    house.msgbus.subscribe(topic, heard.append)
    house.door.tell_order(events.OrderSettled, "O-1", "order O-1", proof="record")
    assert heard == [
        events.OrderSettled(
            **NAMES, ts_event=NOW, client_order_id="O-1", label="order O-1", proof="record"
        )
    ]
    assert house.sent == []
