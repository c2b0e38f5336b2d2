"""What a ledger amounts to, from entries written by hand."""

from __future__ import annotations

from typing import Any

from nautilus_lighter_nonce.lighter.codes import OrderKind
from nautilus_lighter_nonce.lighter.codes import OrderTif
from nautilus_lighter_nonce.loopback.venue.ledger import Entry
from nautilus_lighter_nonce.loopback.venue.ledger import Ledger
from nautilus_lighter_nonce.loopback.venue.ledger import Transport
from nautilus_lighter_nonce.loopback.venue.orders import BookOrder
from nautilus_lighter_nonce.loopback.venue.sequencer import Outcome
from nautilus_lighter_nonce.loopback.venue.summary import summarize
from nautilus_lighter_nonce.loopback.venue.txinfo import Tx
from nautilus_lighter_nonce.loopback.venue.txinfo import parse
from tests.loopback import txs


KEY = (700, 5)
ORDER = BookOrder(
    order_index=2**48 + 1,
    client_order_index=42,
    account_index=700,
    market_id=0,
    is_ask=False,
    price=190_000,
    base_amount=1_000,
    kind=OrderKind.LIMIT,
    tif=OrderTif.GOOD_TILL_TIME,
)


def write(
    ledger: Ledger,
    nonce: int,
    *,
    at: int,
    replied: int = 0,
    outcome: Outcome = Outcome.NONE,
    coi: int = 0,
    transport: Transport = Transport.WS,
    **fields: Any,
) -> Entry:
    """Write down a create with a nonce; times are plain numbers."""
    tx = parse(14, txs.create(nonce, coi))
    assert isinstance(tx, Tx)
    entry = ledger.open(ts_ns=at, transport=transport, connection=1, tx_type=14, tx=tx)
    entry.accepted = outcome is not Outcome.NONE
    entry.order = ORDER if outcome is Outcome.EXECUTED else None
    entry.code = 200 if entry.accepted else 21104
    entry.outcome, entry.replied_ns = outcome, replied
    for name, value in fields.items():
        setattr(entry, name, value)
    return entry


def judge(ledger: Ledger) -> dict[str, Any]:
    """Return the judgement of the one key."""
    row: dict[str, Any] = summarize(ledger, [(KEY, 1, 1)])["keys"][0]
    return row


def test_summarize_resend_after_stale_is_no_reuse() -> None:
    """A nonce that was refused may be used again."""
    ledger = Ledger()
    write(ledger, 2, at=1, replied=2)
    write(ledger, 2, at=3, replied=4, outcome=Outcome.EXECUTED)
    assert judge(ledger)["reused_nonces"] == []


def test_summarize_resend_after_vanishing_is_no_reuse() -> None:
    """A nonce whose transaction vanished may be used again."""
    ledger = Ledger()
    write(ledger, 2, at=1, replied=2, outcome=Outcome.VANISHED)
    write(ledger, 2, at=3, replied=4, outcome=Outcome.EXECUTED)
    assert judge(ledger)["reused_nonces"] == []


def test_summarize_resend_after_acceptance_is_reuse() -> None:
    """A nonce that was accepted must not come again, whatever the second copy was answered."""
    ledger = Ledger()
    write(ledger, 2, at=1, outcome=Outcome.EXECUTED)
    write(ledger, 2, at=3, replied=4)
    assert judge(ledger)["reused_nonces"] == [2]


def reuse(ledger: Ledger) -> tuple[bool, bool]:
    """Return whether the one reused nonce came with the same bytes, and after its answer."""
    (row,) = summarize(ledger, [(KEY, 1, 1)])["reused_nonces"]
    assert (row["account_index"], row["api_key_index"], row["nonce"]) == (*KEY, 2)
    return row["same_bytes"], row["was_answered"]


def test_summarize_same_bytes_after_a_lost_answer_say_so() -> None:
    """Whoever never saw the answer may write the same transaction again."""
    ledger = Ledger()
    first = write(ledger, 2, at=1, outcome=Outcome.EXECUTED)
    write(ledger, 2, at=3, replied=4, tx=first.tx)
    assert reuse(ledger) == (True, False)


def test_summarize_other_bytes_after_the_answer_say_so() -> None:
    """Another transaction at a nonce that was known to be taken is a client's mistake."""
    ledger = Ledger()
    write(ledger, 2, at=1, replied=2, outcome=Outcome.EXECUTED)
    write(ledger, 2, at=3, replied=4, coi=43)
    assert reuse(ledger) == (False, True)


def test_summarize_write_received_before_the_answer_did_not_know_it() -> None:
    """What was on its way when the acceptance was answered was sent without knowing it."""
    ledger = Ledger()
    write(ledger, 2, at=1, replied=5, outcome=Outcome.EXECUTED)
    write(ledger, 2, at=7, replied=8, coi=43, received_ns=4)
    assert reuse(ledger) == (False, False)


def test_summarize_strangers_order_with_our_index_is_not_doubled() -> None:
    """A human may use the same client order index; that is not our doing."""
    ledger = Ledger()
    write(ledger, 1, at=1, outcome=Outcome.EXECUTED, coi=42)
    write(ledger, 2, at=2, outcome=Outcome.EXECUTED, coi=42, transport=Transport.FOREIGN)
    assert summarize(ledger, [])["doubled"] == []


def test_summarize_foreign_nonce_is_not_our_reuse() -> None:
    """A nonce that a foreign writer spent does not count against the client."""
    ledger = Ledger()
    write(ledger, 2, at=1, outcome=Outcome.EXECUTED, transport=Transport.FOREIGN)
    write(ledger, 2, at=3, replied=4)
    assert judge(ledger)["reused_nonces"] == []


def test_summarize_overtaken_nonce_breaks_the_wire_order() -> None:
    """A nonce that arrives after a higher one, before that one was answered, was overtaken."""
    ledger = Ledger()
    write(ledger, 3, at=10, replied=30)
    write(ledger, 2, at=20, replied=40, outcome=Outcome.EXECUTED)
    assert (judge(ledger)["wire_order_ok"], judge(ledger)["inversions"]) == (False, [(3, 2)])


def test_summarize_hole_filled_after_the_verdict_keeps_the_wire_order() -> None:
    """A lower nonce sent because a higher one was answered stale is a heal, not an inversion."""
    ledger = Ledger()
    write(ledger, 3, at=10, replied=15)
    write(ledger, 2, at=20, replied=25, outcome=Outcome.EXECUTED)
    assert judge(ledger)["wire_order_ok"] is True


def test_summarize_gap_in_spent_nonces_is_not_contiguous() -> None:
    """Spent nonces that do not follow one another are not contiguous; failed ones are spent."""
    ledger = Ledger()
    write(ledger, 2, at=1, outcome=Outcome.EXECUTED)
    write(ledger, 3, at=2, outcome=Outcome.REVERTED)
    assert judge(ledger)["contiguous"] is True
    write(ledger, 5, at=3, outcome=Outcome.EXECUTED)
    assert judge(ledger)["contiguous"] is False


def test_summarize_stale_splits_into_gaps_and_replays() -> None:
    """A stale nonce above the expected one is a gap, one below it a replay."""
    ledger = Ledger()
    write(ledger, 9, at=1, expected=5)
    write(ledger, 2, at=2, expected=5)
    row = judge(ledger)
    assert (row["stale"], row["gaps"], row["replays"]) == (2, 1, 1)


def test_summarize_same_order_made_twice_is_doubled() -> None:
    """One client order index that became two orders is doubled; a refused duplicate is not."""
    ledger = Ledger()
    write(ledger, 1, at=1, outcome=Outcome.EXECUTED, coi=42)
    write(ledger, 2, at=2, outcome=Outcome.REVERTED, coi=42)
    summary = summarize(ledger, [])
    twice = [{"account_index": 700, "client_order_index": 42, "times": 2}]
    assert (summary["doubled"], summary["accepted_twice"]) == ([], twice)
    write(ledger, 3, at=3, outcome=Outcome.EXECUTED, coi=42)
    assert summarize(ledger, [])["doubled"] == twice


def test_summarize_unreadable_transaction_counts_as_refused() -> None:
    """What could not be read belongs to no key and is counted all the same."""
    ledger = Ledger()
    entry = ledger.open(ts_ns=1, transport=Transport.HTTP, connection=1, tx_type=14, tx=None)
    entry.code = 21501
    summary = summarize(ledger, [(KEY, 1, 1)])
    assert (summary["transactions"], summary["refused"]) == (1, 1)
    assert summary["keys"][0]["transactions"] == 0
