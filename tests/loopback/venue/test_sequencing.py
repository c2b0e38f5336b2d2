"""Accepted transactions on their way: what a vanished one does to its followers, both guesses."""

from __future__ import annotations

from nautilus_lighter_nonce.loopback.config import VanishedFollowers
from nautilus_lighter_nonce.loopback.venue.faults import Fault
from tests.loopback import txs
from tests.loopback.bench import KEY
from tests.loopback.bench import Bench


def fallen(followers: VanishedFollowers, delay_ms: float = 10) -> Bench:
    """Return a bench where nonce 1 vanishes at 10 ms, with 2 and 3 accepted at 0 and 5 ms."""
    bench = Bench(execution_delay_ms=delay_ms, vanished_followers=followers)
    bench.arm(Fault.VANISH, nonce=1)
    bench.send(14, txs.create(1))
    bench.send(14, txs.create(2))
    bench.send(14, txs.create(3), ms=5)
    bench.run(10)
    return bench


def test_vanish_fall_takes_followers_with_it() -> None:
    """Followers vanish at once, and the first free nonce is expected."""
    bench = fallen(VanishedFollowers.FALL)
    assert bench.outcomes() == ["vanished"] * 3
    assert bench.state.sequencer.expected(KEY) == 1


def test_vanish_late_leaves_followers_until_they_are_reached() -> None:
    """A follower stays accepted until it is reached; what is expected falls back at once."""
    bench = fallen(VanishedFollowers.LATE)
    assert bench.outcomes() == ["vanished", "vanished", "pending"]
    assert bench.state.sequencer.expected(KEY) == 1
    assert bench.tx(bench.entries[2].tx_hash, 11)["status"] == 1
    bench.run(15)
    assert bench.outcomes() == ["vanished"] * 3
    assert bench.tx(bench.entries[2].tx_hash, 16)["status"] == 0
    assert bench.heard == []


def test_vanish_late_takes_what_comes_at_the_free_nonce() -> None:
    """New transactions at the freed nonces are accepted behind the fallen, and executed."""
    bench = fallen(VanishedFollowers.LATE)
    assert bench.send(14, txs.create(3), ms=11).code == 21104
    for nonce in (1, 2, 3):
        assert bench.send(14, txs.create(nonce, 90 + nonce), ms=12).code == 200
    bench.run(22)
    assert bench.outcomes()[-3:] == ["executed"] * 3
    assert bench.state.sequencer.executed(KEY) == 4


def test_vanish_late_keeps_a_follower_that_skips() -> None:
    """A follower with the skip attribute is executed, late guess or not."""
    bench = Bench(execution_delay_ms=0, vanished_followers=VanishedFollowers.LATE)
    bench.arm(Fault.VANISH, nonce=1)
    bench.send(14, txs.create(1))
    bench.send(14, txs.create(2))
    bench.send(14, txs.create(9, L2TxAttributes={"4": 1}))
    bench.run(0)
    assert bench.outcomes() == ["vanished", "vanished", "executed"]
    assert bench.state.sequencer.expected(KEY) == 10


def test_vanish_late_levers_do_not_count_the_fallen() -> None:
    """A lever for executions is not used up by a follower that falls."""
    bench = fallen(VanishedFollowers.LATE)
    bench.arm(Fault.FAIL)
    bench.run(15)
    bench.send(14, txs.create(1, 99), ms=20)
    bench.run(30)
    assert bench.outcomes()[-1] == "reverted"
