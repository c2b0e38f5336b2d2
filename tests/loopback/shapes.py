"""
The shape of JSON values: field names, JSON types, and how decimal text is scaled.

Rules of this file
------------------
- A shape is merged from samples: a field is required if every sample has it, and may be null or
  empty where some sample is.
- A JSON object whose keys are numbers is a map: its values have one shape.
- Decimal text of a market has the market's scale: what has size or price decimals in one market has
  them in another.
- It knows nothing of the venue; `test_samples` says what is compared with what.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from collections.abc import Iterator
from collections.abc import Sequence
from typing import Any


DECIMAL = re.compile(r"-?\d+\.(\d+)")
WHOLE = re.compile(r"-?\d{1,20}")

RECORDS = {
    "trade_id": "trade",
    "client_order_index": "order",
    "avg_entry_price": "position",
    "supported_size_decimals": "market",
    "funding_timestamp": "figures",
}
"""What a record is, by a field that nothing else has."""

SCALES = {0: (4, 2), 1: (5, 1), 2: (3, 3)}
"""Size and price decimals of the markets in samples and scenario: ETH, BTC, SOL."""

Scales = tuple[int, int] | None


class Shape:
    """
    What some values have in common.

    Parameters
    ----------
    values : Sequence[Any]
        The values, at least one.
    scales : Sequence[Scales], optional
        The decimals of the market that each is of.

    """

    def __init__(self, values: Sequence[Any], scales: Sequence[Scales] = ()) -> None:
        both = list(zip(values, scales or [None] * len(values), strict=True))
        self.kinds = {_kind(value, scale) for value, scale in both}
        records = [(v, _scales(v, s)) for v, s in both if _kind(v) == "record"]
        names = dict.fromkeys(name for record, _ in records for name in record)
        self.fields = {
            name: _merged([(record[name], s) for record, s in records if name in record])
            for name in names
        }
        self.required = {name for name in names if all(name in record for record, _ in records)}
        items = [(item, scale) for value, scale in both for item in _items(value)]
        self.items = _merged(items) if items else None

    @property
    def record(self) -> str | None:
        """What kind of record it is, ``None`` if it is none or of no known kind."""
        return next((kind for name, kind in RECORDS.items() if name in self.fields), None)

    def walk(self, name: str = "") -> Iterator[tuple[str, Shape]]:
        """Yield every shape in it with the name of its field."""
        yield name, self
        for field, shape in self.fields.items():
            yield from shape.walk(field)
        if self.items is not None:
            yield from self.items.walk(name)


class Atlas:
    """
    What all samples together know of records and of numbers.

    Parameters
    ----------
    samples : Sequence[Any]
        Every sample.
    newer : dict[str, set[str]]
        Fields of records that no sample shows, but another source does.
    also : dict[str, list[str]]
        What a field may be, by its name, besides what samples show.

    """

    def __init__(
        self,
        samples: Sequence[Any],
        newer: dict[str, set[str]],
        also: dict[str, list[str]],
    ) -> None:
        self.also = also
        self.known: dict[str, dict[str, set[str]]] = {
            record: {name: set() for name in names} for record, names in newer.items()
        }
        self.floats: set[str] = set()
        for sample in samples:
            for name, shape in Shape([sample]).walk():
                if "float" in shape.kinds:
                    self.floats.add(name)
                if shape.record is not None:
                    self._learn(shape.record, shape)

    def _learn(self, record: str, shape: Shape) -> None:
        known = self.known.setdefault(record, {})
        for name, field in shape.fields.items():
            known.setdefault(name, set()).update(field.kinds)

    def complaints(
        self, ours: Shape, theirs: Shape, path: str = "", also: Collection[str] = ()
    ) -> Iterator[str]:
        """
        Yield what tells our values from the samples.

        Parameters
        ----------
        ours : Shape
            What we said.
        theirs : Shape
            What the samples say.
        path : str
            Where we are.
        also : Collection[str]
            What else the value may be.

        Yields
        ------
        str

        """
        name = path.rpartition(".")[2].removesuffix("[]")
        allowed = theirs.kinds.union(also, self.also.get(name, ()))
        if name in self.floats:
            allowed.add("float")
        foreign = {kind for kind in ours.kinds if not _fits(kind, allowed)}
        if foreign:
            yield f"{path}: {sorted(foreign)} where samples have {sorted(theirs.kinds)}"
        if theirs.items is not None and ours.items is None:
            yield f"{path}: always empty"
        elif theirs.items is not None and ours.items is not None:
            yield from self.complaints(ours.items, theirs.items, f"{path}[]")
        elif ours.items is not None:
            yield f"{path}: items that no sample has"
        if theirs.fields and ours.fields:
            yield from self._fields(ours, theirs, path)

    def _fields(self, ours: Shape, theirs: Shape, path: str) -> Iterator[str]:
        for name in sorted(theirs.required - ours.required):
            yield f"{path}.{name}: missing"
        known = self.known.get(theirs.record or "", {})
        for name, shape in ours.fields.items():
            sample = theirs.fields.get(name)
            if sample is not None:
                yield from self.complaints(shape, sample, f"{path}.{name}", known.get(name, ()))
            elif name not in known:
                yield f"{path}.{name}: unknown"


def _merged(both: Sequence[tuple[Any, Scales]]) -> Shape:
    return Shape([value for value, _ in both], [scale for _, scale in both])


def _fits(kind: str, allowed: Collection[str]) -> bool:
    """Return whether samples allow a kind; a whole number is a JSON number like any other."""
    if kind in allowed or (kind == "int" and "float" in allowed):
        return True
    words = set(kind.split()) - {"decimal", "text", "of"}
    return "decimal" in kind and any("decimal" in k and words & set(k.split()) for k in allowed)


def _scales(value: dict[str, Any], scales: Scales) -> Scales:
    market = value.get("market_id", value.get("market_index"))
    return SCALES.get(market, scales) if isinstance(market, int) else scales


def _items(value: Any) -> list[Any]:
    if isinstance(value, list):
        return value
    return list(value.values()) if _kind(value) == "map" else []


def _kind(value: Any, scales: Scales = None) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "bool"
        case int():
            return "int"
        case float():
            return "float"
        case str():
            return _text_kind(value, scales)
        case list():
            return "list"
        case {} if not value:
            return "record"
    return "map" if all(WHOLE.fullmatch(key) for key in value) else "record"


def _text_kind(text: str, scales: Scales) -> str:
    decimal = DECIMAL.fullmatch(text)
    if decimal is None:
        return "whole number text" if WHOLE.fullmatch(text) else "text" if text else "empty text"
    count = len(decimal[1])
    roles = zip(scales or (), ("size", "price"), strict=False)
    return " ".join(["decimal text of", str(count), *(role for n, role in roles if n == count)])
