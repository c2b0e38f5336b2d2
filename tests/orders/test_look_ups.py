"""The letter box of orders that should be read."""

from __future__ import annotations

import asyncio

from nautilus_trader.model.identifiers import ClientOrderId

from nautilus_lighter_nonce.orders.look_ups import FRAME_PATIENCE_SECS
from nautilus_lighter_nonce.orders.look_ups import LookUp
from nautilus_lighter_nonce.orders.look_ups import Unless
from tests.orders.engine import Engine


ONE, TWO = ClientOrderId("O-1"), ClientOrderId("O-2")


def test_orders_are_read_in_the_order_in_which_they_were_wanted() -> None:
    """Nobody is left behind."""
    engine = Engine()
    engine.look_ups.want(TWO)
    engine.look_ups.want(ONE)
    assert engine.wanted() == [TWO, ONE]


def test_order_that_waits_already_is_not_read_twice() -> None:
    """One read tells all that is missing; later there may be more."""
    engine = Engine()
    engine.look_ups.want(ONE)
    engine.look_ups.want(ONE)
    assert engine.wanted() == [ONE]
    engine.look_ups.want(ONE)
    assert engine.wanted() == [ONE]


def test_later_look_up_waits_for_the_frame() -> None:
    """The frame of what a record shows comes a moment later, and is free."""
    engine = Engine()
    engine.look_ups.want_later(ONE, Unless.SHOWN)
    assert engine.wanted() == []
    assert [delay for delay, _, _ in engine.loop.timers] == [FRAME_PATIENCE_SECS]
    engine.loop.ring()
    assert engine.wanted() == [ONE]


async def test_next_waits_until_something_is_wanted() -> None:
    """The reader sleeps; what would make the look-up needless goes with it."""
    engine = Engine()
    reader = asyncio.ensure_future(engine.look_ups.next())
    await asyncio.sleep(0)
    assert not reader.done()
    engine.look_ups.want_later(ONE, Unless.ENDED)
    engine.loop.ring()
    assert await reader == LookUp(ONE, Unless.ENDED)
