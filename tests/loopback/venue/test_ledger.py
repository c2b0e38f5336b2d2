"""The ledger: one entry for each transaction that came, numbered for ever."""

from __future__ import annotations

import pytest

from nautilus_lighter_nonce.loopback.venue.ledger import SPENT
from nautilus_lighter_nonce.loopback.venue.ledger import Counters
from nautilus_lighter_nonce.loopback.venue.ledger import Entry
from nautilus_lighter_nonce.loopback.venue.ledger import Ledger
from nautilus_lighter_nonce.loopback.venue.ledger import Transport
from nautilus_lighter_nonce.loopback.venue.sequencer import Outcome
from nautilus_lighter_nonce.loopback.venue.txinfo import Tx
from nautilus_lighter_nonce.loopback.venue.txinfo import parse
from tests.loopback import txs


def opened(ledger: Ledger, raw: str = "", tx_type: int = 14) -> Entry:
    """Write down an arrival."""
    tx = parse(tx_type, raw)
    return ledger.open(
        ts_ns=7,
        transport=Transport.WS,
        connection=1,
        tx_type=tx_type,
        tx=tx if isinstance(tx, Tx) else None,
    )


def test_open_numbers_arrivals_from_one() -> None:
    """In the order in which they came."""
    ledger = Ledger()
    assert [opened(ledger).seq for _ in range(3)] == [1, 2, 3]
    assert [entry.seq for entry in ledger.entries] == [1, 2, 3]


def test_clear_begins_a_new_ledger_whose_numbers_go_on() -> None:
    """No number means two transactions, whoever compares two ledgers."""
    ledger = Ledger()
    opened(ledger)
    ledger.counters.fills = 3
    ledger.clear()
    assert ledger.entries == []
    assert ledger.counters == Counters()
    assert opened(ledger).seq == 2


def test_entry_of_what_could_not_be_read_has_no_key_and_no_nonce() -> None:
    """It came all the same."""
    entry = opened(Ledger(), "nonsense")
    assert (entry.key, entry.nonce, entry.is_create) == (None, None, True)


@pytest.mark.parametrize("outcome", Outcome)
def test_entry_spent_its_nonce_if_it_was_executed_or_failed(outcome: Outcome) -> None:
    """What vanished, waits or was refused spent none."""
    entry = opened(Ledger(), txs.cancel(41, 7), 15)
    entry.outcome = outcome
    assert (entry.key, entry.nonce) == ((700, 5), 41)
    assert entry.spent_nonce == (41 if outcome in SPENT else None)
    assert not entry.is_create


def test_blame_keeps_every_lever() -> None:
    """Joined in the order in which they fired."""
    entry = opened(Ledger())
    assert entry.fault is None
    entry.blame("delay")
    entry.blame("drop_reply")
    assert entry.fault == "delay+drop_reply"
