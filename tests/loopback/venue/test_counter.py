"""`nextNonce` as it is told to be: true, stuck, absurd, old, far ahead."""

from __future__ import annotations

from typing import Any

import pytest

from nautilus_lighter_nonce.loopback.config import NextNonce
from nautilus_lighter_nonce.loopback.config import NonceMode
from tests.loopback import txs
from tests.loopback.bench import KEY
from tests.loopback.bench import Bench


def said(bench: Bench, ms: float = 0.0) -> Any:
    """Return what `nextNonce` says of the key."""
    return bench.engine.next_nonce(KEY, bench.at(ms))


def moved(**config: Any) -> Bench:
    """Return a bench whose key has spent nonces 1 and 2."""
    bench = Bench(execution_delay_ms=0, next_nonce_lag_ms=0, **config)
    for nonce in (1, 2):
        bench.send(14, txs.create(nonce))
    bench.run(0)
    return bench


def test_answer_stuck_stays_at_what_it_said() -> None:
    """A stuck counter says what it said when that was set, whatever is executed."""
    bench = moved()
    bench.set(ms=1, next_nonce={"mode": "stuck"})
    bench.send(14, txs.create(3), ms=2)
    bench.run(2)
    assert said(bench, ms=9_000) == 3
    bench.set(next_nonce={"mode": "true"})
    assert said(bench, ms=9_000) == 4


def test_answer_stuck_at_birth_says_the_first_nonce() -> None:
    """A venue born stuck says for ever what it said at birth."""
    assert said(moved(next_nonce=NextNonce(mode=NonceMode.STUCK)), ms=9_000) == 1


@pytest.mark.parametrize("value", [None, "7", 3.5, -1, 2**60, 0, [], {"nonce": 1}, True])
def test_answer_value_is_any_json(value: Any) -> None:
    """The override's value is said as it is."""
    bench = moved()
    bench.set(next_nonce={"mode": "value", "value": value})
    assert said(bench) == value
    assert type(said(bench)) is type(value)


@pytest.mark.parametrize(("offset", "answer"), [(-2, 1), (1_000_000, 1_000_003)])
def test_answer_offset_is_old_or_far_ahead(offset: int, answer: int) -> None:
    """An offset is added to the truth, which goes on."""
    bench = moved()
    bench.set(next_nonce={"mode": "offset", "offset": offset})
    assert said(bench, ms=1) == answer
    bench.send(14, txs.create(3), ms=2)
    bench.run(2)
    assert said(bench, ms=3) == answer + 1


def test_answer_bends_no_law() -> None:
    """Whatever is said, the nonce that is taken is the true one."""
    bench = moved()
    bench.set(next_nonce={"mode": "value", "value": 2**60})
    assert bench.send(14, txs.create(3)).code == 200


def test_answer_counts_the_questions() -> None:
    """A bent answer is a question that was answered."""
    bench = moved()
    bench.set(next_nonce={"mode": "value", "value": None})
    said(bench)
    assert bench.engine.summary()["next_nonce_calls"] == 1
