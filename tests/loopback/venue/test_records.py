"""Records of transactions: the status that a lever or the config gives them."""

from __future__ import annotations

from typing import Any

import pytest

from nautilus_lighter_nonce.lighter.codes import Code
from nautilus_lighter_nonce.loopback.config import VanishedLookup
from nautilus_lighter_nonce.loopback.venue.faults import Fault
from nautilus_lighter_nonce.loopback.venue.params import ApiError
from nautilus_lighter_nonce.loopback.venue.records import record_row
from tests.loopback import txs
from tests.loopback.bench import Bench


def executed(**config: Any) -> tuple[Bench, str]:
    """Return a bench and the hash of a transaction that was executed there."""
    return sent(Bench(execution_delay_ms=0, **config))


def sent(bench: Bench, nonce: int = 1) -> tuple[Bench, str]:
    """Send a create and execute it."""
    tx_hash = bench.send(14, txs.create(nonce)).hashes[0]
    bench.run(0)
    return bench, tx_hash


@pytest.mark.parametrize("status", [0, 1, 3, 4, None])
def test_record_lever_gives_one_record_another_status(status: int | None) -> None:
    """The lever's status stands in the record of the one it fired on, and in no other."""
    bench = Bench(execution_delay_ms=0)
    bench.arm(Fault.RECORD, status=status)
    _, bent = sent(bench)
    _, straight = sent(bench, 2)
    assert bench.tx(bent, 10_000)["status"] == status
    assert bench.tx(straight, 10_000)["status"] == 2
    rows = bench.query("accountTxs", 1, by="account_index", value=700)["txs"]
    assert [row["status"] for row in rows] == [2, status]


def test_record_lever_takes_the_field_away() -> None:
    """With `missing` the record has no status, and everything else."""
    bench = Bench(execution_delay_ms=0)
    bench.arm(Fault.RECORD, missing=True)
    _, tx_hash = sent(bench)
    row = bench.tx(tx_hash, 1)
    assert "status" not in row
    assert row["nonce"] == 1


def test_record_lever_for_a_while_tells_the_truth_then() -> None:
    """After its milliseconds the record is what it should be."""
    bench = Bench(execution_delay_ms=0)
    bench.arm(Fault.RECORD, status=1, ms=500)
    _, tx_hash = sent(bench)
    assert [bench.tx(tx_hash, ms)["status"] for ms in (0, 499, 501)] == [1, 1, 2]


def test_record_lever_bends_the_frame_as_well() -> None:
    """The record that the private frame carries is bent in the same way."""
    bench = Bench(execution_delay_ms=0)
    bench.arm(Fault.RECORD, status=None)
    sent(bench)
    (happening,) = bench.heard
    assert happening.entry is not None
    assert record_row(bench.state, happening.entry, happening.ts_ns)["status"] is None


def test_record_lever_waits_for_an_executed_transaction() -> None:
    """A transaction that vanishes does not use the lever up."""
    bench = Bench(execution_delay_ms=0)
    bench.arm(Fault.RECORD, status=4)
    bench.arm(Fault.VANISH)
    sent(bench)
    _, tx_hash = sent(bench)
    assert bench.tx(tx_hash, 1)["status"] == 4
    assert [entry.fault for entry in bench.entries] == ["vanish", "record"]


@pytest.mark.parametrize("status", [0, 3, None, "missing"])
def test_record_status_of_the_config_is_for_all(status: int | str | None) -> None:
    """The config's status stands in every executed record; testnet showed 3."""
    bench, tx_hash = executed(record_status=status)
    row = bench.tx(tx_hash, 1)
    assert row.get("status", "missing") == status


def test_record_status_leaves_the_pending_alone() -> None:
    """A transaction that is not executed yet is pending, whatever the config says."""
    bench = Bench(execution_delay_ms=50, record_status=None)
    tx_hash = bench.send(14, txs.create(1)).hashes[0]
    assert bench.tx(tx_hash, 1)["status"] == 1


@pytest.mark.parametrize(
    ("lookup", "status"),
    [(VanishedLookup.FAILED, 0), (VanishedLookup.PENDING, 1), (VanishedLookup.UNKNOWN, None)],
)
def test_vanished_lookup_says_what_the_config_says(
    lookup: VanishedLookup, status: int | None
) -> None:
    """A vanished transaction is failed, pending for ever, or unknown."""
    bench = Bench(execution_delay_ms=0, vanished_lookup=lookup)
    bench.arm(Fault.VANISH)
    _, tx_hash = sent(bench)
    if status is not None:
        assert bench.tx(tx_hash, 100_000)["status"] == status
        return
    with pytest.raises(ApiError) as error:
        bench.tx(tx_hash, 100_000)
    assert error.value.code is Code.TX_NOT_FOUND
