"""
`QuotingStrategy`: quotes both sides of one instrument around a reference price, and cancels.

Rule of this file: an ordinary Nautilus strategy. It needs no market data, has never heard of a
nonce, and runs with any venue that lists its instrument.
"""

from __future__ import annotations

import random
from datetime import timedelta
from decimal import Decimal
from typing import Any

from nautilus_trader.common.component import TimeEvent
from nautilus_trader.config import PositiveInt
from nautilus_trader.config import StrategyConfig
from nautilus_trader.core.nautilus_pyo3 import NANOSECONDS_IN_MILLISECOND
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.enums import TimeInForce
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.instruments import Instrument
from nautilus_trader.trading.strategy import Strategy


TIMER = "quote"
NEAREST_BPS = 3.0
FARTHEST_BPS = 8.0
"""How far from the reference price resting orders are put, basis points."""

CROSSING_BPS = 15.0
"""How far beyond the reference price immediate orders may fill, basis points."""


class QuotingConfig(StrategyConfig, frozen=True):
    """
    Configuration of `QuotingStrategy`.

    Parameters
    ----------
    instrument_id : InstrumentId
        What to quote.
    reference_price : Decimal
        The middle of the quotes; it never moves.
    order_qty : Decimal
        The quantity of each order.
    interval_ms : int, default 250
        Milliseconds between two pairs of quotes.
    hold_ms : int, default 1500
        Age at which an open order is canceled, milliseconds.
    seed : int, default 0
        Seeds the choice of prices and kinds of orders.

    """

    instrument_id: InstrumentId
    reference_price: Decimal
    order_qty: Decimal
    interval_ms: PositiveInt = 250
    hold_ms: PositiveInt = 1_500
    seed: int = 0


class QuotingStrategy(Strategy):  # type: ignore[misc]  # Nautilus' Cython classes have no stubs
    """
    Quotes a bid and an ask per interval: mostly resting, half of those post-only, some immediate.

    Parameters
    ----------
    config : QuotingConfig
        The configuration.

    """

    def __init__(self, config: QuotingConfig) -> None:
        super().__init__(config)
        self._settings = config
        self._random = random.Random(config.seed)
        self._instrument: Instrument | None = None

    def on_start(self) -> None:
        """Begin to quote."""
        self._instrument = self.cache.instrument(self._settings.instrument_id)
        if self._instrument is None:
            self.log.error(f"{self._settings.instrument_id} is not listed; nothing is quoted")
            return
        interval = timedelta(milliseconds=self._settings.interval_ms)
        self.clock.set_timer(TIMER, interval, callback=self._on_timer)

    def on_stop(self) -> None:
        """Stop quoting and cancel what is open."""
        self.wind_down()

    def wind_down(self) -> None:
        """Place no more orders and cancel the open ones; may be called again."""
        if TIMER in self.clock.timer_names:
            self.clock.cancel_timer(TIMER)
        self.cancel_all_orders(self._settings.instrument_id)

    # -- QUOTING ----------------------------------------------------------------------------------

    def _on_timer(self, event: TimeEvent) -> None:
        self._cancel_aged(event.ts_event)
        for side in (OrderSide.BUY, OrderSide.SELL):
            self.submit_order(self._new_order(side))

    def _cancel_aged(self, now_ns: int) -> None:
        hold_ns = self._settings.hold_ms * NANOSECONDS_IN_MILLISECOND
        for order in self.cache.orders_open(strategy_id=self.id):
            if not order.is_pending_cancel and now_ns - order.ts_init > hold_ns:
                self.cancel_order(order)

    def _new_order(self, side: OrderSide) -> Any:
        kind = self._random.random()
        if kind < 0.05:
            return self.order_factory.market(
                self._settings.instrument_id, side, self._quantity(), TimeInForce.IOC
            )
        if kind < 0.15:
            return self._limit(side, -CROSSING_BPS, time_in_force=TimeInForce.IOC)
        away = self._random.uniform(NEAREST_BPS, FARTHEST_BPS)
        return self._limit(side, away, post_only=kind < 0.6)

    def _limit(self, side: OrderSide, away_bps: float, **terms: Any) -> Any:
        """Return a limit order, `away_bps` behind the reference price (negative: beyond it)."""
        sign = -1 if side == OrderSide.BUY else 1
        price = float(self._settings.reference_price) * (1 + sign * away_bps / 10_000)
        return self.order_factory.limit(
            self._settings.instrument_id,
            side,
            self._quantity(),
            self._listed().make_price(price),
            **terms,
        )

    def _quantity(self) -> Any:
        return self._listed().make_qty(self._settings.order_qty)

    def _listed(self) -> Instrument:
        assert self._instrument is not None  # the timer is set only once it is known
        return self._instrument
