"""Short chaos: a few seeds through a real node, and the story and the violations by themselves."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from nautilus_lighter_nonce.lighter.codes import Attribute
from nautilus_lighter_nonce.loopback.venue.faults import Fault
from nautilus_lighter_nonce.loopback.venue.judgement import claims_of
from tests.chaos import story
from tests.chaos.ask import as_told
from tests.chaos.run import replay_of
from tests.chaos.run import run
from tests.chaos.violations import Claim
from tests.chaos.violations import Node
from tests.chaos.violations import Venue
from tests.chaos.violations import violations_of
from tests.loopback import plays
from tests.loopback import txs
from tests.loopback.bench import Bench


ORDERS = 110
"""Orders of one run; with cancels and modifies about 200 transactions."""

KEY = (700, 5)


# -- RUNS -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_chaos_of_a_known_seed_loses_doubles_and_misreports_nothing(seed: int) -> None:
    """Whatever the venue does, node and ledger agree on every order once all is quiet."""
    result = run(seed, ORDERS)
    assert sum(result.faults.values()) > 1, "hardly anything went wrong"
    found = "\n".join(map(str, result.violations))
    assert not result.violations, f"{replay_of(seed, ORDERS)}\n{found}"


# -- THE STORY ------------------------------------------------------------------------------------


def test_story_of_the_same_seed_is_the_same() -> None:
    """A run is played again from its seed."""
    assert list(story.steps(7, 300)) == list(story.steps(7, 300))
    assert list(story.steps(7, 300)) != list(story.steps(8, 300))


def test_story_of_some_length_has_every_act_and_every_lever() -> None:
    """Nothing that can go wrong is left out."""
    steps = list(story.steps(7, 4_000))
    assert {step.act for step in steps} == set(story.Act)
    levers = {step.fault for step in steps} - {""}
    assert levers == {
        "refuse",
        "rate_limit",
        "drop_request",
        "drop_reply",
        "delay",
        "server_error",
        "unreadable",
        "vanish",
        "fail",
        "foreign_writer",
        "foreign",
        "close_sockets",
        "lag",
        "hold",
        "half_open",
        "shutdown",
        "double_reply",
        "swap_reply",
        "unknown_id",
        "no_id",
        "execute_late",
        "record",
        "answer",
        "frame_delay",
        "frame_double",
    }


# -- VIOLATIONS -----------------------------------------------------------------------------------


def test_violations_of_agreeing_sides_are_none() -> None:
    """An open order that both sides know alike is right."""
    assert _kinds(plays.resting()) == []


@pytest.mark.parametrize(
    ("venue", "claim", "kinds"),
    [
        (plays.resting, {"status": "SUBMITTED"}, ["stuck"]),
        (plays.resting, {"status": "PENDING_CANCEL"}, ["stuck"]),
        (plays.resting, {"status": "REJECTED"}, ["misreported"]),
        (plays.resting, {"status": "FILLED", "filled": "0.1"}, ["misreported"]),
        (plays.resting, {"price": "1901"}, ["misreported"]),
        (plays.resting, {"quantity": "0.2"}, ["misreported"]),
        (plays.resting, {"wants_cancel": True}, ["lost"]),
        (plays.filled, {"status": "FILLED", "filled": "0.1", "average": "2000.5"}, []),
        (plays.filled, {"status": "FILLED", "filled": "0.1", "average": "2000"}, ["misreported"]),
        (plays.filled, {"status": "CANCELED", "may_cancel": True}, ["misreported"]),
        (plays.canceled, {"status": "REJECTED"}, ["misreported"]),
        (plays.self_traded, {"status": "ACCEPTED"}, ["misreported", "misreported"]),
        (plays.never_sent, {"status": "REJECTED"}, ["lost"]),
        (plays.never_sent, {"status": "DENIED"}, ["lost"]),
        (plays.never_sent, {"status": "ACCEPTED"}, ["lost", "misreported"]),
        (plays.never_sent, {"status": "CANCELED"}, ["lost", "misreported"]),
        (plays.never_sent, {"status": "CANCELED", "may_cancel": True}, []),
        (plays.refused, {"status": "DENIED"}, ["misreported"]),
    ],
)
def test_violations_of_disagreeing_sides_are_found(
    venue: Any, claim: dict[str, Any], kinds: list[str]
) -> None:
    """Each kind of wrong is found for what it is."""
    assert _kinds(venue(), **claim) == kinds


def test_violations_of_order_that_came_back_stale_is_lost() -> None:
    """A nonce is no reason to give up."""
    bench = Bench()
    bench.send(14, txs.create(9, plays.COI))
    assert _kinds(bench, status="REJECTED") == ["lost"]


def test_violations_of_order_that_fell_with_another_is_lost() -> None:
    """Only what a lever let vanish is excused, not what stood behind it."""
    bench = Bench(execution_delay_ms=1)
    bench.arm(Fault.VANISH)
    bench.send(14, txs.create(1, plays.COI + 1))
    bench.send(14, txs.create(2, plays.COI))
    bench.run(50)
    assert _kinds(bench, status="REJECTED") == ["lost"]


def test_violations_of_order_that_is_not_executed_is_stuck() -> None:
    """At rest nothing waits for its execution."""
    bench = Bench(execution_delay_ms=1_000)
    bench.send(14, txs.create(1, plays.COI))
    assert _kinds(bench) == ["stuck"]


def test_violations_of_order_that_the_node_does_not_know_is_found() -> None:
    """An order that lives and that nobody speaks of is nobody's to cancel."""
    bench = plays.resting()
    bench.send(14, txs.create(2, plays.COI + 1), ms=60)
    bench.run(100)
    assert _kinds(bench) == ["misreported"]


@pytest.mark.parametrize("second", [txs.take, txs.create])
def test_violations_of_order_that_was_made_or_accepted_again_is_doubled(second: Any) -> None:
    """A copy that was taken while, or after, the first one lived is one too many."""
    bench = plays.filled() if second is txs.take else plays.resting()
    bench.send(14, second(2, plays.COI), ms=60)
    bench.run(100)
    assert "doubled" in _kinds(bench)


@pytest.mark.parametrize(
    "lever",
    [
        {"fault": Fault.REFUSE, "code": 21739},
        {"fault": Fault.FAIL},
        {"fault": Fault.VANISH},
    ],
)
def test_violations_of_order_that_a_lever_ended_excuse_its_rejection(lever: dict[str, Any]) -> None:
    """What the venue refused, failed or dropped was not lost by us."""
    bench = Bench(execution_delay_ms=1)
    bench.arm(**lever)
    bench.send(14, txs.create(1, plays.COI))
    bench.run(50)
    assert _kinds(bench, status="REJECTED") == []


def test_violations_of_order_that_was_refused_without_a_lever_is_lost() -> None:
    """The story's orders are good: what the venue has against one was our doing."""
    bench = Bench()
    bench.send(14, txs.create(1, plays.COI, MarketIndex=77))
    assert _kinds(bench, status="REJECTED") == ["lost"]


def test_violations_of_refused_batch_do_not_excuse_what_was_sent_again() -> None:
    """A mate's refusal is no word about a member that went on alone."""
    bench = Bench()
    bench.arm(Fault.REFUSE, code=21739)
    bench.batch([14, 14], [txs.create(1, plays.COI), txs.create(2)])
    assert _kinds(bench, status="REJECTED") == []
    bench.send(14, txs.create(9, plays.COI))
    assert _kinds(bench, status="REJECTED") == ["lost"]


def test_violations_of_cancel_all_that_went_again_is_of_another_market() -> None:
    """An order that is open after a cancel-all was executed was meant by none of its copies."""
    bench = plays.resting()
    bench.arm(Fault.FAIL, tx_type=15)
    bench.send(15, txs.cancel(2, plays.COI), ms=60)
    bench.run(100)
    bench.send(16, txs.cancel_all(9), ms=110)
    claim = {"wants_cancel": True, "told": ("PendingCancel", "CancelRejected")}
    assert _kinds(bench, **claim) == ["lost"]
    other_market = {"L2TxAttributes": {str(int(Attribute.CANCEL_ALL_MARKET)): 1}}
    bench.send(16, txs.cancel_all(3, **other_market), ms=120)
    bench.run(160)
    assert bench.outcomes() == ["executed", "reverted", "none", "executed"]
    assert _kinds(bench, **claim) == []


def test_violations_of_reused_nonce_and_grown_container_are_both_found() -> None:
    """The wire and our memory are judged as well."""
    bench = Bench()
    node = msgspec.structs.replace(_node(bench), sizes={"nonces._secrets": 5_000})
    venue = _venue(bench, [])
    reused = {"account_index": node.key[0], "api_key_index": node.key[1], "nonce": 3}
    venue.judgement["reused_nonces"].append(reused | {"same_bytes": True, "was_answered": False})
    assert [v.kind for v in violations_of([], node, venue)] == ["memory"]
    venue.judgement["reused_nonces"].append(reused | {"same_bytes": False, "was_answered": True})
    assert [v.kind for v in violations_of([], node, venue)] == ["wire", "memory"]


def test_violations_of_position_that_differs_are_found() -> None:
    """A fill that nobody told of shows in what is held."""
    bench = Bench()
    venue = msgspec.structs.replace(_venue(bench, []), positions={0: Decimal(1)})
    assert [v.kind for v in violations_of([], _node(bench), venue)] == ["misreported"]


def _kinds(bench: Bench, **changes: Any) -> list[str]:
    claims = [_claim(**changes)]
    found = violations_of(claims, _node(bench), _venue(bench, claims))
    return [violation.kind for violation in found]


def _claim(**changes: Any) -> Claim:
    fields = {
        "client_order_id": "O-42",
        "index": plays.COI,
        "order_index": 2**48,
        "status": "ACCEPTED",
        "quantity": "0.1",
        "filled": "0",
        "average": "0",
        "price": "1900",
        "wants_cancel": False,
        "may_cancel": False,
        "told": (),
        "reason": "",
    }
    return msgspec.convert(fields | changes, Claim)


def _node(bench: Bench) -> Node:
    return Node(
        key=KEY,
        lane="open",
        next_nonce=bench.state.sequencer.expected(KEY),
        positions={0: Decimal(0)},
        sizes={},
        live_orders=0,
        unfinished=0,
    )


def _venue(bench: Bench, claims: list[Claim]) -> Venue:
    judgement = bench.engine.summary(claims_of(as_told(claim) for claim in claims))
    return Venue(ledger=bench.engine.ledger_json(), judgement=judgement, positions={})
