"""
Who carries a story out: real strategies on a real node, and the venue's control port.

Rule of this file: it does what a step says with what is open at that moment, notes what was wanted,
and judges nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable
from collections.abc import Iterable
from functools import partial
from typing import Any

from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.enums import OrderStatus
from nautilus_trader.model.enums import TimeInForce
from nautilus_trader.model.identifiers import ClientOrderId
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.objects import Price
from nautilus_trader.model.objects import Quantity
from nautilus_trader.model.orders import Order

from nautilus_lighter_nonce.core.decisions import LaneState
from nautilus_lighter_nonce.loopback.keys import DEMO_ACCOUNT_INDEX
from nautilus_lighter_nonce.loopback.keys import DEMO_API_KEY_INDEX
from nautilus_lighter_nonce.loopback.process import VenueProcess
from tests.chaos import story
from tests.chaos.story import Act
from tests.chaos.story import Market
from tests.chaos.story import Step
from tests.nodes import Node
from tests.nodes import Recorder
from tests.nodes import until


KEY = (DEMO_ACCOUNT_INDEX, DEMO_API_KEY_INDEX)

WAIT_SECS = 15.0
"""Patience with the lane in mid-story, and with the rest after it."""

TIDY_ROUNDS = 8
"""Cancels of everything after a chunk; each may meet a lever that is still armed."""


class Player:
    """
    Carries out the steps of one chunk.

    Parameters
    ----------
    node : Node
        The trading node.
    venue : VenueProcess
        The venue.

    """

    def __init__(self, node: Node, venue: VenueProcess) -> None:
        self._node = node
        self._venue = venue
        self.orders: list[Order] = []
        self.wanted: set[ClientOrderId] = set()
        self.doubtful: set[ClientOrderId] = set()
        self.faults: Counter[str] = Counter()

    async def play(self, steps: Iterable[Step]) -> None:
        """Carry out steps, one after the other."""
        for step in steps:
            if step.act is Act.VENUE:
                self.faults.update([step.fault] if step.fault else [])
                await asyncio.to_thread(self._venue.control, step.command)
            elif step.act is Act.WAIT:
                await until(partial(self._is_below, step.limit), WAIT_SECS)
            else:
                self._act(step)

    def _is_below(self, limit: int) -> bool:
        return bool(self.backlog() <= limit)

    async def tidy(self) -> None:
        """Cancel everything that is open, again if a lever was in the way."""
        for _ in range(TIDY_ROUNDS):
            if all(order.is_closed for order in self.orders):
                return
            for who in range(story.STRATEGIES):
                self._cancel_all(who)
            await self.rest()

    async def rest(self) -> None:
        """Wait until nothing is on its way any more, or for the longest time: the judge tells."""
        with contextlib.suppress(AssertionError):
            await until(self._is_at_rest, WAIT_SECS)

    def backlog(self) -> int:
        """Return how many commands have no verdict yet."""
        kernel, dispatcher = self._node.node.kernel, self._node.client.dispatcher
        commands = kernel.exec_engine.cmd_qsize() + kernel.risk_engine.cmd_qsize()
        return int(commands + dispatcher.queued + dispatcher.in_flight)

    def _is_at_rest(self) -> bool:
        return (
            self.backlog() == 0
            and self._node.node.kernel.exec_engine.evt_qsize() == 0
            and self._node.nonces.status(*KEY).state is LaneState.OPEN
            and not self._node.client.dispatcher.in_doubt
            and not any(o.is_inflight or o.is_active_local for o in self.orders)
        )

    # -- ACTS -------------------------------------------------------------------------------------

    def _act(self, step: Step) -> None:
        strategy = self._node.strategies[step.who]
        if step.act in _LIMIT_TERMS:
            order = self._limit(strategy, step, step.away_bps)
            self.orders.append(order)
            strategy.submit_order(order)
        elif step.act is Act.MARKET:
            self.orders.append(self._market_order(strategy, step))
        elif step.act is Act.ORDER_LIST:
            batch = [self._limit(strategy, step, step.away_bps + i) for i in range(step.count)]
            self.orders += batch
            strategy.submit_order_list(strategy.order_factory.create_list(batch))
        else:
            _CHANGES[step.act](self, strategy, step)

    def _limit(self, strategy: Recorder, step: Step, away_bps: float) -> Order:
        market = story.market_of(step.who)
        return strategy.order_factory.limit(
            instrument_id_of(market),
            _side(step),
            _quantity(market, step),
            Price.from_str(story.price_of(market, away_bps, is_buy=step.is_buy)),
            **_LIMIT_TERMS.get(step.act, {}),
        )

    def _market_order(self, strategy: Recorder, step: Step) -> Order:
        market = story.market_of(step.who)
        return strategy.market(
            quantity=str(_quantity(market, step)),
            side=_side(step),
            instrument_id=instrument_id_of(market),
        )

    def _cancel(self, strategy: Recorder, step: Step) -> None:
        for order in _picked(self._cancelable(strategy), step.pick):
            self._want([order])
            strategy.cancel_order(order)

    def _cancel_fresh(self, strategy: Recorder, step: Step) -> None:
        """Cancel an order that has no answer yet, perhaps before it has reached our desk."""
        fresh = (OrderStatus.INITIALIZED, OrderStatus.SUBMITTED)
        for order in [o for o in self._own(strategy) if o.status in fresh][-1:]:
            self._want([order])
            strategy.cancel_order(order)

    def _cancel_batch(self, strategy: Recorder, step: Step) -> None:
        orders = self._cancelable(strategy)[-step.count :]
        if orders:
            self._want(orders)
            strategy.cancel_orders(orders)

    def _cancel_all_of(self, strategy: Recorder, step: Step) -> None:
        self._cancel_all(step.who)

    def _cancel_all(self, who: int) -> None:
        strategy = self._node.strategies[who]
        own = self._own(strategy)
        self._want(o for o in own if o.is_open or o.is_inflight)
        # Nautilus' risk engine may still have these, or our queue: they may end, or come too late.
        self.doubtful.update(o.client_order_id for o in own if o.is_active_local)
        strategy.cancel_all_orders(instrument_id_of(story.market_of(who)))

    def _modify(self, strategy: Recorder, step: Step) -> None:
        market = story.market_of(step.who)
        for order in _picked([o for o in self._cancelable(strategy) if o.has_price], step.pick):
            is_buy = order.side == OrderSide.BUY
            price = Price.from_str(story.price_of(market, step.away_bps, is_buy=is_buy))
            more = market.lot * (step.lots - 1)
            quantity = Quantity.from_str(str(order.quantity.as_decimal() + more))
            if (price, quantity) != (order.price, order.quantity):
                strategy.modify_order(order, quantity, price)

    def _want(self, orders: Iterable[Order]) -> None:
        self.wanted.update(order.client_order_id for order in orders)

    def _own(self, strategy: Recorder) -> list[Order]:
        return [order for order in self.orders if order.strategy_id == strategy.id]

    def _cancelable(self, strategy: Recorder) -> list[Order]:
        return [o for o in self._own(strategy) if o.is_open and not o.is_pending_cancel]


_LIMIT_TERMS: dict[Act, dict[str, Any]] = {
    Act.REST: {},
    Act.NEAR: {},
    Act.CROSS: {},
    Act.POST_ONLY: {"post_only": True},
    Act.POST_ONLY_CROSSING: {"post_only": True},
    Act.IOC: {"time_in_force": TimeInForce.IOC},
    Act.IOC_MISSED: {"time_in_force": TimeInForce.IOC},
}

_CHANGES: dict[Act, Callable[[Player, Recorder, Step], None]] = {
    Act.CANCEL: Player._cancel,
    Act.CANCEL_FRESH: Player._cancel_fresh,
    Act.CANCEL_BATCH: Player._cancel_batch,
    Act.CANCEL_ALL: Player._cancel_all_of,
    Act.MODIFY: Player._modify,
}


def instrument_id_of(market: Market) -> InstrumentId:
    """Return the instrument of a market of the story."""
    return InstrumentId.from_str(f"{market.symbol}.LIGHTER")


def _side(step: Step) -> OrderSide:
    return OrderSide.BUY if step.is_buy else OrderSide.SELL


def _quantity(market: Market, step: Step) -> Quantity:
    return Quantity.from_str(str(market.lot * step.lots))


def _picked(orders: list[Order], pick: float) -> list[Order]:
    return [orders[int(pick * len(orders))]] if orders else []
