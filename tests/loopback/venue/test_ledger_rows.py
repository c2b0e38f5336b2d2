"""What `GET /ledger` shows of writes and of transactions."""

from __future__ import annotations

from typing import Any

import pytest

from nautilus_lighter_nonce.loopback.venue.faults import Fault
from nautilus_lighter_nonce.loopback.venue.ledger import Transport
from tests.loopback import txs
from tests.loopback.bench import KEY
from tests.loopback.bench import Bench


def transactions(bench: Bench) -> list[dict[str, Any]]:
    """Return the ledger by transaction."""
    return bench.engine.ledger_json(by_transaction=True)


# -- WRITES ---------------------------------------------------------------------------------------


def test_write_row_of_an_executed_write_tells_its_times_and_its_nonce() -> None:
    """When it came, was processed, answered and executed, and at which nonce."""
    bench = Bench(execution_delay_ms=10)
    bench.send(14, txs.create(1), ms=3)
    entry = bench.entries[0]
    entry.received_ns, entry.replied_ns = bench.at(1), bench.at(4)
    bench.run(20)

    row = bench.engine.ledger_json()[0]

    times = [row[f"{name}_ns"] for name in ("received", "processed", "answered", "executed")]
    assert times == [bench.at(1), bench.at(3), bench.at(4), bench.at(20)]
    assert (row["answer"], row["executed_nonce"], row["fell_with"]) == (200, 1, None)


def test_write_row_of_a_write_that_was_not_answered_has_no_answer() -> None:
    """What the venue decided is in `code`; nobody was told."""
    bench = Bench()
    bench.send(14, txs.create(1))

    row = bench.engine.ledger_json()[0]

    assert (row["code"], row["answer"], row["answered_ns"]) == (200, None, None)
    assert (row["executed_ns"], row["executed_nonce"]) == (None, None)


def test_write_row_of_a_refusal_whose_answer_was_lost_names_the_refusal() -> None:
    """A lever takes the answer away, not what the venue had against the transaction."""
    bench = Bench()
    bench.arm(Fault.DROP_REPLY)
    bench.send(14, txs.create(1, MarketIndex=77))

    row = bench.engine.ledger_json()[0]

    assert (row["code"], row["refusal"]) == (None, 21602)


@pytest.mark.parametrize("followers", ["fall", "late"])
def test_write_row_of_a_follower_names_what_it_fell_with(followers: str) -> None:
    """What vanished for its own sake is told from what fell with it, at once or when reached."""
    bench = Bench(execution_delay_ms=1)
    bench.set(vanished_followers=followers)
    bench.arm(Fault.VANISH)
    for nonce in (1, 2, 3):
        bench.send(14, txs.create(nonce), ms=nonce)
    bench.run(50)

    rows = bench.engine.ledger_json()

    assert [row["outcome"] for row in rows] == ["vanished"] * 3
    assert [row["fell_with"] for row in rows] == [None, 1, 1]


# -- TRANSACTIONS ---------------------------------------------------------------------------------


def test_transaction_rows_put_the_copies_of_a_create_together() -> None:
    """A create that was signed anew at another nonce, on another socket, is the same order."""
    bench = Bench(execution_delay_ms=1)
    bench.send(14, txs.create(9, coi=42))
    bench.send(14, txs.create(1, coi=42), ms=1)
    bench.entries[1].connection = 2
    bench.run(50)

    (row,) = transactions(bench)

    assert (row["account_index"], row["tx_type"], row["index"]) == (KEY[0], 14, 42)
    assert (row["market_index"], row["executed"]) == (0, 1)
    assert [(c["connection"], c["nonce"], c["code"]) for c in row["copies"]] == [
        (1, 9, 21104),
        (2, 1, 200),
    ]
    assert [copy["executed_nonce"] for copy in row["copies"]] == [None, 1]
    assert all(copy["tx_hash"] for copy in row["copies"])


def test_transaction_rows_tell_what_became_of_the_order() -> None:
    """The order that a create made is shown as it is now, with what was filled."""
    bench = Bench(execution_delay_ms=1)
    bench.send(14, txs.take(1, coi=42))
    bench.run(50)

    (order,) = transactions(bench)[0]["orders"]

    assert (order["status"], order["initial_base_amount"]) == ("filled", "0.1000")
    assert (order["filled_base_amount"], order["filled_quote_amount"]) == ("0.1000", "200.050000")
    assert order["price"] == "2100.00"


@pytest.mark.parametrize(
    ("first", "second", "groups"),
    [
        ((15, txs.cancel(1, 42)), (15, txs.cancel(2, 42)), 1),
        ((15, txs.cancel(1, 42)), (15, txs.cancel(2, 43)), 2),
        ((15, txs.cancel(1, 42)), (15, txs.cancel(2, 42, MarketIndex=1)), 2),
        ((17, txs.modify(1, 42, 1_000, 190_000)), (17, txs.modify(2, 42, 1_000, 190_000)), 1),
        ((17, txs.modify(1, 42, 1_000, 190_000)), (17, txs.modify(2, 42, 1_000, 180_000)), 2),
        ((14, txs.create(1, 42)), (15, txs.cancel(2, 42)), 2),
        ((14, txs.create(1, 42)), (14, txs.create(2, 42, AccountIndex=701)), 2),
        ((14, txs.create(1, ClientOrderIndex=0)), (14, txs.create(2, ClientOrderIndex=0)), 2),
        ((16, same := txs.cancel_all(1)), (16, same), 1),
        ((16, same), (16, txs.cancel_all(2)), 2),
        ((14, "{"), (14, "{"), 2),
    ],
)
def test_transaction_rows_of_two_writes_are_one_only_for_the_same_thing(
    first: tuple[int, str], second: tuple[int, str], groups: int
) -> None:
    """A copy names the same order, or the same change of the same target, or has the same bytes."""
    bench = Bench()
    bench.send(*first)
    bench.send(*second)
    assert len(transactions(bench)) == groups


def test_transaction_rows_keep_a_strangers_order_apart() -> None:
    """A human who uses our client order index has sent no copy of ours."""
    bench = Bench()
    bench.send(14, txs.create(1, coi=42))
    bench.send(14, txs.create(2, coi=42))
    bench.entries[1].transport = Transport.FOREIGN
    assert [len(row["copies"]) for row in transactions(bench)] == [1, 1]
