"""The summary: its judgement trusts the venue alone, and each order counts once."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from nautilus_lighter_nonce.demo.claims import Claim
from nautilus_lighter_nonce.demo.claims import as_told
from nautilus_lighter_nonce.demo.summary import Summary
from nautilus_lighter_nonce.demo.summary import sum_up
from nautilus_lighter_nonce.lighter.codes import Code
from nautilus_lighter_nonce.loopback.venue.faults import Fault
from nautilus_lighter_nonce.loopback.venue.judgement import claims_of
from tests.loopback import plays
from tests.loopback import txs
from tests.loopback.bench import Bench


FULL = Decimal("0.1")
PART = Decimal("0.04")
NONE = Decimal(0)


def claim(status: str, filled: Decimal = NONE) -> Claim:
    """Return what the node says of order 42."""
    return Claim("O-42", plays.COI, status, filled)


def judged(bench: Bench, *claims: Claim) -> Summary:
    """Return the summary of what the node says, judged by a venue."""
    told = claims_of(as_told(claim, 700) for claim in claims)
    ledger, judgement = bench.engine.ledger_json(), bench.engine.summary(told)
    return sum_up(claims, ledger, judgement, seconds=1.0, seed=1, faults=0, heals=0)


@pytest.mark.parametrize(
    ("status", "filled", "venue"),
    [
        ("FILLED", FULL, plays.filled),
        ("ACCEPTED", NONE, plays.resting),
        ("PENDING_CANCEL", NONE, plays.resting),
        ("CANCELED", NONE, plays.canceled),
        ("CANCELED", PART, plays.partly_filled),
        ("REJECTED", NONE, plays.post_only_that_crosses),
        ("CANCELED", NONE, plays.never_sent),
        ("SUBMITTED", NONE, plays.resting),
    ],
)
def test_sum_up_claim_that_fits_is_not_misreported(
    status: str, filled: Decimal, venue: Callable[[], Bench]
) -> None:
    """What the venue did may be told in Nautilus' words; waiting claims nothing."""
    assert judged(venue(), claim(status, filled)).misreported == 0


@pytest.mark.parametrize(
    ("status", "filled", "venue"),
    [
        ("REJECTED", NONE, plays.resting),
        ("REJECTED", NONE, plays.filled),
        ("REJECTED", NONE, plays.canceled),
        ("DENIED", NONE, plays.filled),
        ("CANCELED", NONE, plays.resting),
        ("CANCELED", NONE, plays.filled),
        ("CANCELED", NONE, plays.partly_filled),
        ("ACCEPTED", NONE, plays.never_sent),
        ("ACCEPTED", NONE, plays.canceled),
        ("FILLED", FULL, plays.never_sent),
        ("FILLED", FULL * 2, plays.filled),
    ],
)
def test_sum_up_claim_that_contradicts_is_misreported(
    status: str, filled: Decimal, venue: Callable[[], Bench]
) -> None:
    """A claim that the venue's own ledger contradicts is wrong, and makes the run wrong."""
    summary = judged(venue(), claim(status, filled))

    assert [wrong.client_order_id for wrong in summary.misreports] == ["O-42"]
    assert not summary.is_right


def test_sum_up_misreport_names_both_sides() -> None:
    """Whoever reads the summary sees what the node says and what the venue did."""
    (wrong,) = judged(plays.filled(), claim("REJECTED")).misreports
    assert (wrong.node, wrong.venue) == ("REJECTED", "filled, filled 0.1000")
    (wrong,) = judged(plays.never_sent(), claim("FILLED", FULL)).misreports
    assert (wrong.node, wrong.venue) == ("FILLED, filled 0.1", "no order")


@pytest.mark.parametrize(
    "lever",
    [
        {"fault": Fault.REFUSE, "code": int(Code.INVALID_NONCE)},
        {"fault": Fault.RATE_LIMIT},
        {"fault": Fault.SERVER_ERROR, "processed": False},
        {"fault": Fault.DROP_REQUEST},
    ],
)
def test_sum_up_rejected_without_business_reason_is_lost(lever: dict[str, Any]) -> None:
    """Nonces, rate limits and silence are no reasons to lose an order."""
    bench = Bench()
    bench.arm(**lever)
    bench.send(14, txs.create(1, plays.COI))
    summary = judged(bench, claim("REJECTED"))

    assert (summary.lost_to_nonces, summary.refused) == (1, 0)


@pytest.mark.parametrize("venue", [plays.refused, plays.failed, plays.post_only_that_crosses])
def test_sum_up_rejected_with_business_reason_is_refused(venue: Callable[[], Bench]) -> None:
    """A refusal by the venue, at once or by its sequencer, is no loss."""
    summary = judged(venue(), claim("REJECTED"))

    assert (summary.lost_to_nonces, summary.refused) == (0, 1)


def test_sum_up_resent_order_counts_once() -> None:
    """A resend is another transaction, not another order; strangers' transactions are not ours."""
    bench = Bench(execution_delay_ms=1)
    bench.send(14, txs.create(9, plays.COI))
    bench.engine.spend((700, 5), bench.at(10))
    bench.send(14, txs.create(2, plays.COI), ms=20)
    bench.run(50)

    summary = judged(bench, claim("ACCEPTED"))

    assert (summary.sent, summary.accepted, summary.stale, summary.transactions) == (1, 1, 1, 2)


def test_sum_up_order_with_a_fill_is_filled_whatever_its_end() -> None:
    """Filled in part counts as well, and each order once."""
    assert judged(plays.partly_filled(), claim("CANCELED", PART)).filled == 1
    assert judged(plays.canceled(), claim("CANCELED")).filled == 0


@pytest.mark.parametrize(
    ("status", "config"), [("SUBMITTED", {}), ("ACCEPTED", {"execution_delay_ms": 1_000})]
)
def test_sum_up_order_without_an_end_is_unresolved(status: str, config: dict[str, Any]) -> None:
    """Whoever waits, node or venue, the run does not end with "all is well"."""
    bench = Bench(**config)
    bench.send(14, txs.create(1, plays.COI))
    assert judged(bench, claim(status)).unresolved == 1


def test_sum_up_doubled_order_makes_run_wrong() -> None:
    """What the venue executed twice is wrong, whatever the node says."""
    bench = plays.filled()
    bench.send(14, txs.take(2, plays.COI), ms=60)
    bench.run(100)

    summary = judged(bench, claim("FILLED", FULL * 2))

    assert (summary.doubled, summary.misreported, summary.is_right) == (1, 0, False)
