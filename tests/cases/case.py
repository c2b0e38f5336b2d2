"""
One case: a venue with its levers, a node, and the judge who compares what was told with the truth.

Rules of this file
------------------
- The venue is right: the judge is its own, told what the strategies' orders became.
- Nothing here knows a part of the client that a rebuild may replace: orders, events on the message
  bus, the component's own state and the config are all that is looked at.
- A case waits for what must happen with `happens`, so that what fails is the case's own assertion
  with its own sentence. What must be so before the question can be asked is waited for with
  `until`, whose failure is no assertion.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

import msgspec
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.enums import OrderStatus
from nautilus_trader.model.objects import Price
from nautilus_trader.model.objects import Quantity
from nautilus_trader.model.orders import Order

from nautilus_lighter_nonce.demo.claims import as_told
from nautilus_lighter_nonce.demo.claims import claim_of
from nautilus_lighter_nonce.lighter.codes import TxType
from nautilus_lighter_nonce.loopback.keys import DEMO_ACCOUNT_INDEX
from nautilus_lighter_nonce.loopback.keys import DEMO_API_KEY_INDEX
from nautilus_lighter_nonce.translate.intents import client_order_index
from tests.nodes import ETH
from tests.nodes import Node
from tests.nodes import Recorder


KEY = (DEMO_ACCOUNT_INDEX, DEMO_API_KEY_INDEX)

SHOWN = (OrderStatus.ACCEPTED, OrderStatus.PARTIALLY_FILLED, OrderStatus.FILLED)
ENDED = (OrderStatus.REJECTED, OrderStatus.DENIED, OrderStatus.CANCELED, OrderStatus.EXPIRED)


# -- WAITING --------------------------------------------------------------------------------------


async def happens(
    condition: Callable[[], Any], timeout_secs: float, every_secs: float = 0.01
) -> bool:
    """Let the loop run until the condition holds; return whether it did in time."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + timeout_secs
    while not condition():
        if loop.time() >= deadline:
            return False
        await asyncio.sleep(every_secs)
    return True


async def until(condition: Callable[[], Any], timeout_secs: float = 10.0) -> None:
    """
    Let the loop run until the condition holds, without which the case cannot be tried.

    Raises
    ------
    TimeoutError
        If it did not.

    """
    if not await happens(condition, timeout_secs):
        raise TimeoutError("the case did not come about")


async def until_told(orders: Sequence[Order], timeout_secs: float) -> None:
    """Let the loop run until every order is shown, or one has ended, or the time is over."""
    await happens(
        lambda: all(o.status in SHOWN for o in orders) or any(o.status in ENDED for o in orders),
        timeout_secs,
    )


# -- LOOKING --------------------------------------------------------------------------------------


def drafts(strategy: Recorder, count: int) -> list[Order]:
    """Return resting orders, each a cent apart, that are not submitted yet."""
    return [
        strategy.order_factory.limit(
            ETH,
            OrderSide.BUY,
            Quantity.from_str("0.0100"),
            Price.from_str(f"1500.{i:02}"),
        )
        for i in range(count)
    ]


def reasons(node: Node, orders: Iterable[Order]) -> list[str]:
    """Return why orders were ended, in the words that their strategy was told."""
    (strategy,) = node.strategies
    return [strategy.reason(order) for order in orders if order.status in ENDED]


def heard[T](node: Node, kind: type[T]) -> list[T]:
    """Return what was published of a class, in order."""
    return [event for event in node.published if isinstance(event, kind)]


def create_rows(venue: Any, *orders: Order) -> list[dict[str, Any]]:
    """Return what the venue saw of the creation of these orders (all orders, if none is named)."""
    indexes = {client_order_index(order.client_order_id) for order in orders}
    return [
        row
        for row in venue.ledger()
        if row["tx_type"] == TxType.CREATE_ORDER and (not orders or row["index"] in indexes)
    ]


# -- THE JUDGE ------------------------------------------------------------------------------------


class Verdict(msgspec.Struct, frozen=True):
    """
    What became of some orders, by the venue's judgement of what their strategies were told.

    Parameters
    ----------
    executed : int
        Orders that the venue made, once or more.
    doubled : tuple[int, ...]
        Client order indexes of orders that it made more than once.
    misreported : tuple[str, ...]
        What was told otherwise than it is.
    lost : tuple[str, ...]
        Orders that were ended without the venue's doing.
    in_flight : int
        Orders of which nothing final was told yet.

    """

    executed: int
    doubled: tuple[int, ...] = ()
    misreported: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    in_flight: int = 0


def judge(venue: Any, orders: Sequence[Order]) -> Verdict:
    """Return what became of the orders; everything on its way should have arrived."""
    summary = venue.summary(told=[as_told(claim_of(order), KEY[0]) for order in orders])
    indexes = {client_order_index(order.client_order_id) for order in orders}
    made = {row["index"] for row in create_rows(venue, *orders) if row["outcome"] == "executed"}
    doubled = (row["client_order_index"] for row in summary["doubled"])
    return Verdict(
        executed=len(made),
        doubled=tuple(index for index in doubled if index in indexes),
        misreported=tuple(_sentence(row) for row in summary["misreported"]),
        lost=tuple(_sentence(row) for row in summary["lost"]),
        in_flight=len(summary["unresolved"]) + len(summary["undecided"]),
    )


def _sentence(row: Mapping[str, Any]) -> str:
    return f"{row['client_order_index']} was told {row['told']}, and is {row['truth']}"
