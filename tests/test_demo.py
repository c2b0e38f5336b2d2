"""The demo: its script is seeded, its judgement trusts the venue alone, a short run is right."""

import json
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import msgspec
import pytest
from nautilus_trader.model.enums import OrderStatus
from nautilus_trader.model.identifiers import ClientOrderId
from nautilus_trader.model.objects import Quantity
from rich.console import Console

from nautilus_lighter_nonce.demo import script
from nautilus_lighter_nonce.demo import table
from nautilus_lighter_nonce.demo.claims import Claim
from nautilus_lighter_nonce.demo.claims import as_told
from nautilus_lighter_nonce.demo.claims import claim_of
from nautilus_lighter_nonce.demo.claims import told_of
from nautilus_lighter_nonce.demo.summary import Summary
from nautilus_lighter_nonce.demo.summary import sum_up
from nautilus_lighter_nonce.demo.tally import Happening
from nautilus_lighter_nonce.lighter.codes import Code
from nautilus_lighter_nonce.loopback.config import DEFAULT_MARKETS
from nautilus_lighter_nonce.loopback.server import LoopbackVenue
from nautilus_lighter_nonce.loopback.venue.control import carry_out
from nautilus_lighter_nonce.loopback.venue.faults import Fault
from nautilus_lighter_nonce.loopback.venue.judgement import Told
from nautilus_lighter_nonce.loopback.venue.judgement import claims_of
from nautilus_lighter_nonce.translate.intents import client_order_index
from tests.loopback import plays
from tests.loopback import txs
from tests.loopback.bench import Bench


ROOT = Path(__file__).parents[1]
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


# -- SCRIPT ----------------------------------------------------------------------------------------


def test_steps_same_seed_are_the_same() -> None:
    """A run can be repeated: the seed decides every fault and its time."""
    first = script.steps(7, 20.0, DEFAULT_MARKETS)

    assert first == script.steps(7, 20.0, DEFAULT_MARKETS)
    assert first != script.steps(8, 20.0, DEFAULT_MARKETS)


@pytest.mark.parametrize("seed", range(5))
def test_steps_of_default_run_hold_every_fault(seed: int) -> None:
    """Faults are dealt like cards, so that a run of 15 s shows each of them."""
    names = {step.name for step in script.steps(seed, 15.0, DEFAULT_MARKETS)}

    assert names - {""} == script.FAULT_NAMES


def test_steps_without_faults_move_touches_only() -> None:
    """An undisturbed run still has fills."""
    steps = script.steps(1, 15.0, DEFAULT_MARKETS, with_faults=False)

    assert steps
    assert {step.name for step in steps} == {""}


def test_steps_carried_out_are_known_to_the_venue() -> None:
    """Every step is a command that a venue carries out as it stands."""
    venue = LoopbackVenue()

    for step in script.steps(1, 30.0, DEFAULT_MARKETS):
        carry_out(venue, step.command)


# -- JUDGEMENT -------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", OrderStatus.__members__)
def test_told_of_every_status_is_open_ended_or_nothing(status: str) -> None:
    """No status of an order that lives or has ended passes for silence."""
    is_silent = status in {"INITIALIZED", "SUBMITTED", "EMULATED", "RELEASED", "VOIDED"}
    assert (told_of(status) is Told.IN_FLIGHT) == is_silent


def test_claim_of_order_is_its_status_and_what_is_filled() -> None:
    """What the node says of an order is what its cache holds."""
    order = StubOrder("O-20251125-090000-001-001-7")
    said = claim_of(order)
    assert (said.client_order_id, said.status, said.filled) == (order.value, "FILLED", FULL)
    assert said.index == client_order_index(ClientOrderId(order.value))


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


class StubOrder:
    """What the claim of an order reads of it."""

    def __init__(self, value: str) -> None:
        self.value = value
        self.client_order_id = ClientOrderId(value)
        self.filled_qty = Quantity.from_str("0.1")

    def status_string(self) -> str:
        """Return the status."""
        return "FILLED"


# -- VIEWS -----------------------------------------------------------------------------------------


def snapshot(**fields: Any) -> table.Snapshot:
    """Return a snapshot of a run in which nothing has happened."""
    values: dict[str, Any] = {
        name: 0
        for name in table.Snapshot.__struct_fields__
        if name not in ("phase", "lane", "last_fault", "happenings")
    }
    texts = {"phase": "trading", "lane": "open", "last_fault": "drop_reply"}
    return table.Snapshot(**(values | texts | fields))


def rendered(view: Any) -> str:
    """Return what a view looks like."""
    console = Console(width=120, file=StringIO())
    with console.capture() as captured:
        console.print(view)
    return captured.get()


def test_live_view_with_more_happenings_keeps_its_height() -> None:
    """The view does not jump while things happen."""
    happening = Happening(1.0, "fault", "drop_reply: an answer is lost " * 10)

    empty = rendered(table.live_view(snapshot(), "demo"))
    full = rendered(table.live_view(snapshot(happenings=(happening,) * 8), "demo"))

    assert empty.count("\n") == full.count("\n") > 0


def test_plain_line_of_snapshot_shows_orders_lane_and_fault() -> None:
    """An output that is no terminal is told the same figures, on one line."""
    line = table.plain_line(snapshot(sent=12, next_nonce=34, heals=5))

    assert "\n" not in line
    for words in ("sent 12", "lane open", "next nonce 34", "heals 5", "last drop_reply"):
        assert words in line


# -- RUN -------------------------------------------------------------------------------------------


def test_demo_short_run_with_faults_is_right() -> None:
    """A real node trades through real faults; the venue finds nothing doubled or misreported."""
    command = [sys.executable, "-m", "nautilus_lighter_nonce.cli", "demo"]
    run = subprocess.run(
        [*command, "--seconds", "3", "--json", "--seed", "1"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    summary = msgspec.convert(json.loads(run.stdout.splitlines()[-1]), Summary)
    assert run.returncode == 0, run.stderr
    assert (summary.doubled, summary.misreported, summary.lost_to_nonces) == (0, 0, 0)
    assert summary.accepted > 0
    assert summary.faults > 0
