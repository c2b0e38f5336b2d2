"""
What may happen next in a world, within its budgets.

Rule of this file: it offers, the world does. What one offer costs is `BUDGET_OF`'s.
"""

from __future__ import annotations

from typing import Any

from nautilus_lighter_nonce.core.decisions import LaneState
from nautilus_lighter_nonce.lighter.codes import Verdict
from tests.outbox.bounds import FOREVER_NS


Offer = tuple[str, Any]
"""A method of the world and its argument, ``None`` for none."""

_AT_THE_DOOR = ("refuse", "refuse_account", "refuse_key", "later", "lose_frame")
_ON_THE_WAY_BACK = ("lose_reply", "garble")

BUDGET_OF = {
    "cancel": "cancels",
    "modify": "modifies",
    "stop": "stops",
    "start": "starts",
    "refuse_account": "troubles",
    "refuse_key": "halts",
    "hold_back": "unready",
    "refuse": "refusals",
    "later": "laters",
    "lose_frame": "lost_frames",
    "lose_reply": "lost_replies",
    "garble": "garbled",
    "hear_nameless": "nameless",
    "reconnect": "reconnects",
    "vanish": "vanishings",
    "rumour_0": "rumours",
    "rumour_1": "rumours",
    "foreign": "foreign",
    "mute": "mute",
    "unsign": "unsigned",
    "fail_write": "unwritten",
    "tick": "ticks",
}


def offers(world: Any) -> list[Offer]:
    """Return everything that may happen next, as (method name, argument)."""
    return [*_user(world), *_wire(world), *_venue(world), *_questions(world), *_shell(world)]


def _user(world: Any) -> list[Offer]:
    left = world.left
    out: list[Offer] = []
    if left["orders"]:
        out.append(("submit", None))
    for number, tx in world.txs.items():
        if tx.kind != "order" or tx.told is not None:
            continue
        is_canceled = any(t.kind == "cancel" and t.target == number for t in world.txs.values())
        if left["cancels"] and not is_canceled:
            out.append(("cancel", number))
        if left["modifies"] and not is_canceled:
            out.append(("modify", number))
    if left["stops"] and world.txs and not world.is_stopped:
        out.append(("stop", None))
    if left["starts"] and world.is_stopped:
        out += [("start", value) for value in world.countable()]
    out += [("get_ready", number) for number in world.unready]
    return out


def _wire(world: Any) -> list[Offer]:
    left = world.left
    out: list[Offer] = []
    for connection, pipe in world.pipes.items():
        if pipe:
            out.append(("deliver", connection))
            out += [(name, connection) for name in _AT_THE_DOOR if left[BUDGET_OF[name]]]
    if world.replies:
        out.append(("hear", None))
        out += [(name, None) for name in _ON_THE_WAY_BACK if left[BUDGET_OF[name]]]
        if left["nameless"] and world.replies[0][1] is not Verdict.ACCEPTED:
            out.append(("hear_nameless", None))
    if left["reconnects"] and any(world.pipes.values()):
        out.append(("reconnect", None))
    return out


def _venue(world: Any) -> list[Offer]:
    left, venue = world.left, world.venue
    out: list[Offer] = []
    if venue.pending:
        out.append(("execute", True))
        if left["reverts"]:
            out.append(("execute", False))
        if left["vanishings"]:
            out.append(("vanish", None))
    for nonce, done in enumerate(venue.log):
        if done.is_hidden:
            out.append(("see", nonce))
            tx = world.txs.get(done.tx)
            if world.bounds.frames and tx and tx.kind == "order" and done.is_done:
                out.append(("show", nonce))
    if left["rumours"]:
        hashes = sorted(h for _, nonce, h in world.copies.values() if nonce >= len(venue.log))
        out += [(name, tx_hash) for tx_hash in hashes for name in ("rumour_0", "rumour_1")]
    if left["foreign"]:
        out.append(("foreign", None))
    return out


def _questions(world: Any) -> list[Offer]:
    out: list[Offer] = [("look", nonce) for nonce in world.looks]
    if world.asked is not None:
        out.append(("count", False))
        if world.left["lags"] and world.settled() < len(world.venue.log):
            out.append(("count", True))
        if world.left["mute"]:
            out.append(("mute", None))
    return out


def _shell(world: Any) -> list[Offer]:
    out: list[Offer] = [("sign", at) for at in range(len(world.to_sign))]
    if world.to_sign and world.left["unready"]:
        out.append(("hold_back", None))
    if world.lane.state is LaneState.HALTED:
        out += [("mend", value) for value in world.countable()]
    if world.to_sign and world.left["unsigned"]:
        out.append(("unsign", None))
    if world.to_write:
        out.append(("flush", None))
        if world.left["unwritten"]:
            out.append(("fail_write", None))
    due_ns = world.outbox.next_due()
    if world.left["ticks"] and due_ns is not None and due_ns < FOREVER_NS:
        out.append(("tick", None))
    return out
