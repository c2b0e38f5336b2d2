"""
The canonical form of a state: two objects with the same form go on alike.

Moments become distances from now, so that a state does not depend on when it was reached; numbers that
only name things (serial numbers of writes, of alarms) become ranks.
"""

from __future__ import annotations

from collections import deque
from enum import Enum
from typing import Any

import msgspec


MOMENT = 10**14
"""Integers above this are moments in nanoseconds; everything else is far smaller."""

LEFT_OUT = frozenset({"_log", "_lock", "_counts", "_settings", "settings", "_count", "_patience"})


def canon(value: Any, now_ns: int, seen: dict[int, int] | None = None) -> Any:
    """Return a hashable form of an object graph."""
    seen = {} if seen is None else seen
    if isinstance(value, bool) or value is None or isinstance(value, str | bytes | float):
        return value
    if isinstance(value, int):
        return value - now_ns if value > MOMENT else value
    if isinstance(value, Enum):
        return value.name
    if id(value) in seen:
        return ("again", seen[id(value)])
    seen[id(value)] = len(seen)
    if isinstance(value, dict):
        return tuple((canon(k, now_ns, seen), canon(v, now_ns, seen)) for k, v in value.items())
    if isinstance(value, list | tuple | deque):
        return tuple(canon(v, now_ns, seen) for v in value)
    if isinstance(value, set | frozenset):
        return tuple(sorted(canon(v, now_ns, seen) for v in value))
    return (type(value).__name__, *(canon(v, now_ns, seen) for v in _fields(value)))


def _fields(value: Any) -> list[Any]:
    if type(value).__name__ == "Alarms":  # their order of arrival decides ties only
        return [sorted((due, alarm.name, about) for due, _, alarm, about in value._heap)]
    if isinstance(value, msgspec.Struct):
        return [getattr(value, name) for name in value.__struct_fields__]
    names = getattr(type(value), "__slots__", None) or sorted(value.__dict__)
    return [getattr(value, name) for name in names if name not in LEFT_OUT]
