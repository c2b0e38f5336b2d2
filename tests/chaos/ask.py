"""
What both sides say at rest: the node of its orders and of itself, the venue of both.

Rule of this file: it reads, and translates for the venue's judge; nothing is decided here.
"""

from __future__ import annotations

import urllib.request
from collections import deque
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec
from nautilus_trader.model.identifiers import ClientOrderId
from nautilus_trader.model.orders import Order

from nautilus_lighter_nonce.demo.claims import told_of
from nautilus_lighter_nonce.loopback.keys import DEMO_ACCOUNT_INDEX
from nautilus_lighter_nonce.loopback.process import VenueProcess
from nautilus_lighter_nonce.translate.intents import client_order_index
from tests.chaos import story
from tests.chaos.player import KEY
from tests.chaos.player import Player
from tests.chaos.player import instrument_id_of
from tests.chaos.violations import Claim
from tests.chaos.violations import Node as NodeSays
from tests.chaos.violations import Venue as VenueSays
from tests.nodes import Node


def claims_of(node: Node, player: Player) -> list[Claim]:
    """Return what a node says of the orders of a chunk."""
    told: dict[ClientOrderId, list[Any]] = {order.client_order_id: [] for order in player.orders}
    for strategy in node.strategies:
        for event in strategy.events:
            if event.client_order_id in told:
                told[event.client_order_id].append(event)
    return [
        _claim(
            order,
            told[order.client_order_id],
            wants_cancel=order.client_order_id in player.wanted,
            may_cancel=order.client_order_id in player.wanted | player.doubtful,
        )
        for order in player.orders
    ]


def _claim(order: Order, events: list[Any], *, wants_cancel: bool, may_cancel: bool) -> Claim:
    reasons = [event.reason for event in events if hasattr(event, "reason")]
    return Claim(
        client_order_id=order.client_order_id.value,
        index=client_order_index(order.client_order_id),
        order_index=int(order.venue_order_id.value) if order.venue_order_id is not None else 0,
        status=order.status_string(),
        quantity=order.quantity.as_decimal(),
        filled=order.filled_qty.as_decimal(),
        average=Decimal(str(order.avg_px)),
        price=order.price.as_decimal() if order.has_price else None,
        wants_cancel=wants_cancel,
        may_cancel=may_cancel,
        told=tuple(type(event).__name__.removeprefix("Order") for event in events),
        reason=reasons[-1] if reasons else "",
    )


def node_says(node: Node) -> NodeSays:
    """Return what a node says of itself."""
    status = node.nonces.status(*KEY)
    portfolio = node.node.portfolio
    return NodeSays(
        key=KEY,
        lane=status.state.value,
        next_nonce=(status.last_issued or 0) + 1,
        positions={
            market.market_id: Decimal(str(portfolio.net_position(instrument_id_of(market))))
            for market in story.MARKETS
        },
        sizes=sizes_of(node),
        live_orders=len(node.client._tracker.live()),
        unfinished=node.client.dispatcher.queued + node.client.dispatcher.in_flight,
        note=_note(node, status),
    )


def _note(node: Node, status: Any) -> str:
    stream, asking = node.client._stream, node.nonces._asking
    where = f"stream {stream} is_connected={stream.is_connected}"
    return f"{status}, {where}, asking for {asking.under_way()} lanes"


def sizes_of(node: Node) -> dict[str, int]:
    """Return how much each container of our objects holds, by where it is."""
    sizes: dict[str, int] = {}
    seen: set[int] = set()
    roots: list[tuple[str, Any]] = [("client", node.client), ("nonces", node.nonces)]
    while roots:
        path, owner = roots.pop()
        if id(owner) in seen:
            continue
        seen.add(id(owner))
        for name, value in _attributes(owner):
            if isinstance(value, dict | list | set | deque):
                sizes[f"{path}.{name}"] = len(value)
                inside = list(value.values()) if isinstance(value, dict) else list(value)
                roots += [(f"{path}.{name}[]", v) for v in inside[:1] if _is_ours(v)]
            elif _is_ours(value):
                roots.append((f"{path}.{name}", value))
    return sizes


def _attributes(owner: Any) -> list[tuple[str, Any]]:
    slots = [name for kind in type(owner).__mro__ for name in getattr(kind, "__slots__", ())]
    named = [(name, getattr(owner, name)) for name in slots if hasattr(owner, name)]
    return [*named, *getattr(owner, "__dict__", {}).items()]


def _is_ours(value: Any) -> bool:
    is_module = type(value).__module__.startswith("nautilus_lighter_nonce")
    return is_module and not isinstance(value, type)


def as_told(claim: Claim) -> dict[str, Any]:
    """Return a claim as the venue's judge takes it."""
    told = told_of(claim.status)
    return {
        "account_index": DEMO_ACCOUNT_INDEX,
        "client_order_index": claim.index,
        "told": told.value,
        "filled": f"{claim.filled:f}",
        "average": f"{claim.average:f}",
        "price": None if claim.price is None else f"{claim.price:f}",
        "quantity": f"{claim.quantity:f}",
        "asked_cancel": claim.may_cancel,
    }


def venue_says(venue: VenueProcess, claims: Sequence[Claim]) -> VenueSays:
    """Return what the venue wrote down of our account, and what it makes of the claims."""
    return VenueSays(
        ledger=venue.ledger(),
        judgement=venue.summary([as_told(claim) for claim in claims]),
        positions=_positions(venue),
    )


def _positions(venue: VenueProcess) -> dict[int, Decimal]:
    url = f"{venue.http_url}/api/v1/account?by=index&value={DEMO_ACCOUNT_INDEX}"
    with urllib.request.urlopen(url, timeout=10.0) as response:
        body = msgspec.json.decode(response.read(), type=dict[str, Any])
    return {
        row["market_id"]: row["sign"] * Decimal(row["position"])
        for row in body["accounts"][0]["positions"]
    }
