"""The demo: its script is seeded, its judgement trusts the venue alone, a short run is right."""

import json
import subprocess
import sys
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import msgspec
import pytest
from rich.console import Console

from nautilus_lighter_nonce.demo import script
from nautilus_lighter_nonce.demo import table
from nautilus_lighter_nonce.demo.judge import Claim
from nautilus_lighter_nonce.demo.judge import Summary
from nautilus_lighter_nonce.demo.judge import VenueOrder
from nautilus_lighter_nonce.demo.judge import judge
from nautilus_lighter_nonce.demo.tally import Happening
from nautilus_lighter_nonce.lighter.codes import Code
from nautilus_lighter_nonce.lighter.codes import TxType
from nautilus_lighter_nonce.loopback.config import DEFAULT_MARKETS
from nautilus_lighter_nonce.loopback.server import LoopbackVenue
from nautilus_lighter_nonce.loopback.venue.control import carry_out


ROOT = Path(__file__).parents[1]
FULL = Decimal("0.05")
NONE = Decimal(0)


def claim(status: str, filled: Decimal = NONE) -> Claim:
    """Return what the node says of order 1."""
    return Claim("O-1", 1, status, filled)


def row(**fields: Any) -> dict[str, Any]:
    """Return the ledger's row of order 1, accepted unless told otherwise."""
    values = {
        "transport": "ws",
        "tx_type": TxType.CREATE_ORDER,
        "index": 1,
        "code": 200,
        "accepted": True,
        "app_error": None,
    }
    return values | fields


def judged(
    claims: list[Claim],
    rows: list[dict[str, Any]],
    orders: dict[int, VenueOrder],
    doubled: list[dict[str, int]] | None = None,
) -> Summary:
    """Judge with a ledger of few rows."""
    venue = {"doubled": doubled or [], "next_nonce_calls": 1}
    return judge(claims, rows, venue, orders, seconds=1.0, seed=1, faults=0, heals=0)


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


@pytest.mark.parametrize(
    ("status", "filled", "order"),
    [
        ("FILLED", FULL, VenueOrder("filled", FULL)),
        ("ACCEPTED", NONE, VenueOrder("open", NONE)),
        ("PENDING_CANCEL", NONE, VenueOrder("open", NONE)),
        ("CANCELED", NONE, VenueOrder("canceled", NONE)),
        ("REJECTED", NONE, VenueOrder("canceled-post-only", NONE)),
        ("CANCELED", NONE, None),
        ("SUBMITTED", NONE, VenueOrder("open", NONE)),
    ],
)
def test_judge_claim_that_fits_is_not_misreported(
    status: str, filled: Decimal, order: VenueOrder | None
) -> None:
    """What the venue did may be told in Nautilus' words; waiting claims nothing."""
    orders = {} if order is None else {1: order}

    assert judged([claim(status, filled)], [row()], orders).misreported == 0


@pytest.mark.parametrize(
    ("status", "filled", "order"),
    [
        ("REJECTED", NONE, VenueOrder("open", NONE)),
        ("REJECTED", NONE, VenueOrder("filled", FULL)),
        ("REJECTED", NONE, VenueOrder("canceled", NONE)),
        ("DENIED", NONE, VenueOrder("filled", FULL)),
        ("CANCELED", NONE, VenueOrder("open", NONE)),
        ("CANCELED", NONE, VenueOrder("filled", FULL)),
        ("ACCEPTED", NONE, None),
        ("ACCEPTED", NONE, VenueOrder("canceled", NONE)),
        ("FILLED", FULL, None),
        ("FILLED", FULL, VenueOrder("filled", FULL * 2)),
    ],
)
def test_judge_claim_that_contradicts_is_misreported(
    status: str, filled: Decimal, order: VenueOrder | None
) -> None:
    """A claim that the venue's own books contradict is wrong, and makes the run wrong."""
    orders = {} if order is None else {1: order}

    summary = judged([claim(status, filled)], [row()], orders)

    assert [wrong.client_order_id for wrong in summary.misreports] == ["O-1"]
    assert not summary.is_right


@pytest.mark.parametrize(
    "fields",
    [
        {"code": int(Code.INVALID_NONCE), "accepted": False},
        {"code": int(Code.TOO_MANY_REQUESTS), "accepted": False},
        {"code": 503, "accepted": False},
        {"code": None, "accepted": False},
    ],
)
def test_judge_rejected_without_business_reason_is_lost(fields: dict[str, Any]) -> None:
    """Nonces, rate limits and silence are no reasons to lose an order."""
    summary = judged([claim("REJECTED")], [row(**fields)], {})

    assert (summary.lost_to_nonces, summary.refused) == (1, 0)


@pytest.mark.parametrize(
    "fields",
    [
        {"code": int(Code.NOT_ENOUGH_MARGIN), "accepted": False},
        {"app_error": int(Code.CLIENT_ORDER_INDEX_EXISTS)},
    ],
)
def test_judge_rejected_with_business_reason_is_refused(fields: dict[str, Any]) -> None:
    """A refusal by the venue, at once or by its sequencer, is no loss."""
    summary = judged([claim("REJECTED")], [row(**fields)], {})

    assert (summary.lost_to_nonces, summary.refused) == (0, 1)


def test_judge_resent_order_counts_once() -> None:
    """A resend is another transaction, not another order; strangers' transactions are not ours."""
    stale = row(code=int(Code.INVALID_NONCE), accepted=False)
    foreign = row(transport="foreign", index=None)

    summary = judged([claim("ACCEPTED")], [stale, foreign, row()], {1: VenueOrder("open", NONE)})

    assert (summary.sent, summary.accepted, summary.stale, summary.transactions) == (1, 1, 1, 2)


def test_judge_doubled_order_makes_run_wrong() -> None:
    """What the venue executed twice is wrong, whatever the node says."""
    doubled = [{"account_index": 700, "client_order_index": 1, "times": 2}]

    assert not judged(
        [claim("FILLED", FULL)], [], {1: VenueOrder("filled", FULL)}, doubled
    ).is_right


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
