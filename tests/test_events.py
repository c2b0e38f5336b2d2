"""Events of the bus: where each is published, and that each survives Nautilus' serializer."""

from __future__ import annotations

import dataclasses
from typing import Any

import msgspec
import pytest
from nautilus_trader.serialization.serializer import MsgSpecSerializer

from nautilus_lighter_nonce import events


KEY: dict[str, int] = {"account_index": 700, "api_key_index": 5, "ts_event": 3}
ALL = (*events.VERDICT_EVENTS, *events.NONCE_EVENTS, *events.ORDER_EVENTS)


def sample(kind: type[events.KeyEvent]) -> events.KeyEvent:
    """Return an event whose every field has another value than its default."""
    hints = msgspec.inspect.type_info(kind)
    assert isinstance(hints, msgspec.inspect.DataclassType)
    values = {field.name: _value(field.type) for field in hints.fields}
    return kind(**(values | KEY))


def _value(field: msgspec.inspect.Type) -> Any:
    match field:
        case msgspec.inspect.IntType():
            return 4
        case msgspec.inspect.StrType():
            return "text"
        case msgspec.inspect.BoolType():
            return True
        case msgspec.inspect.FloatType():
            return 1.5
        case msgspec.inspect.ListType():
            return [6, 7]
    raise AssertionError(f"a new type of field: {field}")


@pytest.mark.parametrize("kind", ALL)
@pytest.mark.parametrize("encoding", [msgspec.msgpack, msgspec.json], ids=["msgpack", "json"])
def test_event_through_the_serializer_is_the_same(
    kind: type[events.KeyEvent], encoding: object
) -> None:
    """What is streamed to Redis can be read back, every field of it."""
    serializer = MsgSpecSerializer(encoding=encoding, timestamps_as_str=True)
    event = sample(kind)
    assert serializer.deserialize(serializer.serialize(event)) == event


@pytest.mark.parametrize("kind", ALL)
def test_topic_of_each_event_is_in_its_family_and_names_the_key(
    kind: type[events.KeyEvent],
) -> None:
    """One wildcard hears a family, one all of them."""
    families = (
        (events.VERDICT_EVENTS, events.TX_TOPICS),
        (events.NONCE_EVENTS, events.NONCE_TOPICS),
        (events.ORDER_EVENTS, events.ORDER_TOPICS),
    )
    (root,) = [topics.removesuffix("*") for kinds, topics in families if kind in kinds]
    assert sample(kind).topic == f"{root}{kind.kind}.700.5"
    assert kind.kind


def test_topics_of_all_events_differ() -> None:
    """Nobody hears one event for another."""
    assert len({sample(kind).topic for kind in ALL}) == len(ALL)


@pytest.mark.parametrize("kind", ALL)
def test_event_is_frozen(kind: type[events.KeyEvent]) -> None:
    """Whoever hears it first cannot change what the next one hears."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        sample(kind).ts_event = 9  # type: ignore[misc]


@pytest.mark.parametrize("kind", events.VERDICT_EVENTS)
def test_verdict_of_an_issued_nonce_names_key_nonce_and_epoch(
    kind: type[events.TxVerdict],
) -> None:
    """A client hands back what it was issued, and adds what it knows."""
    issued = events.IssuedNonce(700, 5, 41, 2)
    event = kind.of(issued, 9, tx_hash="ab", write_id="w1")
    assert (event.account_index, event.api_key_index) == (700, 5)
    assert (event.nonce, event.epoch, event.ts_event) == (41, 2, 9)
    assert (event.tx_hash, event.write_id) == ("ab", "w1")
