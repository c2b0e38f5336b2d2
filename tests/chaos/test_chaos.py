"""Short chaos: a few seeds through a real node, and the story and the judge by themselves."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from tests.chaos import story
from tests.chaos.judge import Claim
from tests.chaos.judge import Node
from tests.chaos.judge import Venue
from tests.chaos.judge import judge
from tests.chaos.run import replay_of
from tests.chaos.run import run


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


# -- THE JUDGE ------------------------------------------------------------------------------------


def test_judge_of_agreeing_sides_finds_nothing() -> None:
    """An open order that both sides know alike is right."""
    assert _kinds([_claim()], [_order()], [_row()]) == []


@pytest.mark.parametrize(
    ("claim", "orders", "rows", "kind"),
    [
        ({"status": "SUBMITTED"}, [{}], [{}], "stuck"),
        ({"status": "REJECTED"}, [{}], [{}], "misreported"),
        ({"status": "REJECTED"}, [], [{"code": 21104, "outcome": "none"}], "lost"),
        ({"status": "REJECTED"}, [], [{"outcome": "vanished"}], "lost"),
        ({"status": "DENIED"}, [], [], "lost"),
        ({"status": "ACCEPTED"}, [], [{}], "misreported"),
        ({"status": "CANCELED"}, [], [], "misreported"),
        ({"status": "FILLED", "filled": "0.01"}, [{}], [{}], "misreported"),
        ({"price": "1501"}, [{}], [{}], "misreported"),
        ({"wants_cancel": True}, [{}], [{}], "lost"),
        ({}, [{}, {"order_index": 2}], [{}], "doubled"),
        ({}, [{}], [{}, {"app_error": 21728, "outcome": "failed"}], "doubled"),
    ],
)
def test_judge_of_disagreeing_sides_finds_it(
    claim: dict[str, Any],
    orders: list[dict[str, Any]],
    rows: list[dict[str, Any]],
    kind: str,
) -> None:
    """Each kind of wrong is found for what it is."""
    found = _kinds([_claim(**claim)], [_order(**o) for o in orders], [_row(**r) for r in rows])
    assert found == [kind]


@pytest.mark.parametrize(
    "row",
    [
        {"code": 21739, "accepted": False, "outcome": "none", "fault": "refuse"},
        {"app_error": 21706, "outcome": "failed", "fault": "fail"},
        {"outcome": "vanished", "fault": "vanish"},
    ],
)
def test_judge_of_order_that_a_lever_ended_excuses_its_rejection(row: dict[str, Any]) -> None:
    """What the venue refused, failed or dropped was not lost by us."""
    assert _kinds([_claim(status="REJECTED")], [], [_row(**row)]) == []


def test_judge_of_refused_batch_does_not_excuse_what_was_sent_again() -> None:
    """The last row of an order decides."""
    refused = _row(seq=1, code=21739, accepted=False, outcome="none", fault="refuse")
    stale = _row(seq=2, code=21104, accepted=False, outcome="none")
    assert _kinds([_claim(status="REJECTED")], [], [refused, stale]) == ["lost"]


def test_judge_of_cancel_all_that_went_again_is_of_another_market() -> None:
    """An order that is open after a cancel-all was executed was meant by none of its copies."""
    failed = _row(seq=2, tx_type=15, app_error=21706, outcome="failed", fault="fail")
    stale = _row(seq=3, tx_type=16, index=None, code=21104, accepted=False, outcome="none")
    taken = _row(seq=4, tx_type=16, index=None)
    claim = _claim(wants_cancel=True, told=("PendingCancel", "CancelRejected"))
    assert _kinds([claim], [_order()], [_row(), failed, stale, taken]) == []
    assert _kinds([claim], [_order()], [_row(), failed, stale]) == ["lost"]


def test_judge_of_reused_nonce_and_grown_container_finds_both() -> None:
    """The wire and our memory are judged as well."""
    node = msgspec.structs.replace(_node(), sizes={"nonces._secrets": 5_000})
    venue = _venue([], [])
    reused = {"account_index": node.key[0], "api_key_index": node.key[1], "nonce": 3}
    venue.summary["reused_nonces"] = [reused | {"same_bytes": True, "was_answered": False}]
    assert [v.kind for v in judge([], node, venue)] == ["memory"]
    venue.summary["reused_nonces"] = [reused | {"same_bytes": False, "was_answered": True}]
    assert [v.kind for v in judge([], node, venue)] == ["wire", "memory"]


def _kinds(claims: list[Claim], orders: list[Any], rows: list[Any]) -> list[str]:
    return [violation.kind for violation in judge(claims, _node(), _venue(orders, rows))]


def _claim(**changes: Any) -> Claim:
    fields = {
        "client_order_id": "O-1",
        "index": 1,
        "order_index": 2**48,
        "status": "ACCEPTED",
        "quantity": "0.01",
        "filled": "0",
        "average": "0",
        "price": "1500",
        "wants_cancel": False,
        "may_cancel": False,
        "told": (),
        "reason": "",
    }
    return msgspec.convert(fields | changes, Claim)


def _order(**changes: Any) -> dict[str, Any]:
    return {
        "client_order_index": 1,
        "order_index": 2**48,
        "status": "open",
        "price": "1500.00",
        "initial_base_amount": "0.0100",
        "filled_base_amount": "0.0000",
        "filled_quote_amount": "0.000000",
    } | changes


def _row(**changes: Any) -> dict[str, Any]:
    return {
        "seq": 1,
        "transport": "ws",
        "connection": 3,
        "batch": None,
        "nonce": 1,
        "expected": 1,
        "tx_type": 14,
        "index": 1,
        "code": 200,
        "accepted": True,
        "fault": None,
        "replied": True,
        "outcome": "executed",
        "app_error": None,
    } | changes


def _node() -> Node:
    return Node(
        key=KEY,
        lane="open",
        next_nonce=2,
        positions={0: Decimal(0)},
        sizes={},
        live_orders=0,
        unfinished=0,
    )


def _venue(orders: list[Any], rows: list[Any]) -> Venue:
    key = {
        "account_index": KEY[0],
        "api_key_index": KEY[1],
        "expected": 2,
        "wire_order_ok": True,
        "inversions": [],
    }
    summary = {"keys": [key], "doubled": [], "accepted_twice": [], "reused_nonces": []}
    return Venue(ledger=rows, summary=summary, orders=orders, positions={})
