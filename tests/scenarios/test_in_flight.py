"""
Stories of a venue that is away while Nautilus' engine asks: nothing is ended by its invention.

The engine's own times are short here, so that it asks far more often than it has patience for (five
times by default). While the venue is away nothing comes through; REST included.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from nautilus_trader.model.enums import OrderStatus
from nautilus_trader.model.objects import Price
from nautilus_trader.model.objects import Quantity
from nautilus_trader.model.orders import Order

from nautilus_lighter_nonce import LighterNonceConfig
from nautilus_lighter_nonce import events
from nautilus_lighter_nonce.orders.cached_reports import cached_report
from nautilus_lighter_nonce.orders.in_flight_reports import send_unchanged
from tests.cases.case import Verdict
from tests.cases.case import happens
from tests.cases.case import judge
from tests.nodes import Node
from tests.nodes import until


ROUNDS = 24
"""How often the engine asks at least; it gives up after five times."""

ASKING: dict[str, Any] = {
    "reconciliation": False,
    "inflight_check_interval_ms": 50,
    "inflight_check_threshold_ms": 50,
}

OPEN_CHECKS: dict[str, Any] = {
    "open_check_interval_secs": 0.05,
    "open_check_threshold_ms": 50,
    "single_order_query_delay_ms": 0,
}

KEEPING = {
    "reply_timeout_ms": 200,
    "settle_ms": 50,
    "resend_max_age_ms": None,
    "queue_timeout_ms": 60_000,
}

READS = ("nextNonce", "tx", "accountTxs", "accountActiveOrders", "accountInactiveOrders")

ENDED = {"Rejected", "Denied", "Canceled", "Expired"}


class Asked:
    """Counts what the engine asks of a client."""

    def __init__(self, node: Node) -> None:
        self.counts: Counter[str] = Counter()
        for name in ("_query_order", "generate_order_status_reports"):
            self._watch(node.client, name)
        self._watch(node.client, "generate_position_status_reports")

    def _watch(self, client: Any, name: str) -> None:
        asked = getattr(client, name)

        async def answer(*args: Any) -> Any:
            self.counts[name] += 1
            return await asked(*args)

        setattr(client, name, answer)

    async def until(self, name: str, rounds: int = ROUNDS) -> None:
        """Let the loop run until the engine has asked so often from now on."""
        before = self.counts[name]
        await until(lambda: self.counts[name] - before >= rounds, 30.0)


def go_away(venue: Any) -> None:
    """Let nothing come through, in either direction."""
    venue.set(latency_ms=600_000)


def come_back(venue: Any) -> None:
    """Let everything through again; what was on its way is lost."""
    venue.set(latency_ms=0)
    venue.control({"fault": "close_sockets"})


def run(venue: Any, story: Any, engine: dict[str, Any] | None = None, **limits: Any) -> None:
    """Play a story on a node whose engine asks often."""
    settings = LighterNonceConfig(**{**KEEPING, **limits})
    engine = ASKING if engine is None else engine
    Node(venue, engine=engine, nonce=settings, http_timeout_secs=1).run(story)


def ends_of(node: Node, order: Order) -> set[str]:
    """Return the ends that the strategy was told."""
    (strategy,) = node.strategies
    return ENDED & set(strategy.told(order))


# -- ORDERS IN FLIGHT -----------------------------------------------------------------------------


def test_submitted_order_stays_in_flight_while_the_venue_is_away(lighter_venue: Any) -> None:
    """The engine asks and asks, and invents no rejection; afterwards the order is there, once."""

    async def story(node: Node) -> None:
        (s,) = node.strategies
        asked = Asked(node)
        heard: list[events.OrderDoubt] = []
        s.msgbus.subscribe(topic="events.lighter.order.*", handler=heard.append)
        go_away(lighter_venue)
        order = s.limit()
        await until(lambda: order.status == OrderStatus.SUBMITTED)
        await asked.until("_query_order")
        assert s.told(order) == ["Initialized", "Submitted"]
        assert [e.client_order_id for e in heard] == [order.client_order_id.value]
        come_back(lighter_venue)
        await until(lambda: order.is_open)
        assert judge(lighter_venue, [order]) == Verdict(executed=1)
        assert s.told(order) == ["Initialized", "Submitted", "Accepted"]
        await until(lambda: len(heard) == 2)
        assert [type(event) for event in heard] == [events.OrderInDoubt, events.OrderSettled]
        assert heard[1].client_order_id == order.client_order_id.value

    run(lighter_venue, story)


def test_submitted_order_that_grew_too_old_is_ended_by_proof_alone(lighter_venue: Any) -> None:
    """Too old long ago, it stays in flight until its nonce was spent by something else."""

    async def story(node: Node) -> None:
        (s,) = node.strategies
        asked = Asked(node)
        go_away(lighter_venue)
        order = s.limit()
        await until(lambda: order.status == OrderStatus.SUBMITTED)
        await asked.until("_query_order")
        assert s.told(order) == ["Initialized", "Submitted"]
        come_back(lighter_venue)
        await until(lambda: order.is_closed)
        assert s.reason(order) != "UNKNOWN"
        verdict = judge(lighter_venue, [order])
        assert (verdict.executed, verdict.misreported, verdict.in_flight) == (0, (), 0)

    run(lighter_venue, story, resend_max_age_ms=400)


@pytest.mark.parametrize("change", ["cancel", "modify"])
@pytest.mark.parametrize("filled", ["0", "0.0040"])
def test_pending_change_stays_pending_while_the_venue_is_away(
    lighter_venue: Any, change: str, filled: str
) -> None:
    """The engine asks and asks, and invents no cancel; afterwards the change is made."""

    async def story(node: Node) -> None:
        (s,) = node.strategies
        asked = Asked(node)
        order = s.limit("1999.00")
        await until(lambda: order.is_open)
        if filled != "0":
            touch = {"market": 0, "bid": "1990.00", "ask": "1998.00", "size": filled}
            lighter_venue.control({"touch": touch})
            await until(lambda: order.filled_qty == Quantity.from_str(filled))
        go_away(lighter_venue)
        if change == "cancel":
            s.cancel_order(order)
        else:
            s.modify_order(order, price=Price.from_str("1500.00"))
        await until(lambda: order.is_pending_cancel or order.is_pending_update)
        await asked.until("_query_order")
        assert order.is_pending_cancel or order.is_pending_update
        come_back(lighter_venue)
        if change == "cancel":
            await until(lambda: order.is_closed)
        else:
            await until(lambda: order.price == Price.from_str("1500.00") and not order.is_inflight)
            assert ends_of(node, order) == set()
        assert judge(lighter_venue, [order]) == Verdict(executed=1)
        assert order.filled_qty.as_decimal() == Quantity.from_str(filled).as_decimal()

    run(lighter_venue, story)


# -- OPEN CHECKS ----------------------------------------------------------------------------------


@pytest.mark.parametrize("open_only", [True, False])
def test_orders_stay_as_they_are_while_open_checks_read_nothing(
    lighter_venue: Any, open_only: bool
) -> None:
    """Accepted, filled in part, in doubt: a list that could not be read ends none of them."""

    async def story(node: Node) -> None:
        (s,) = node.strategies
        asked = Asked(node)
        partial, resting = s.limit("1999.00"), s.limit("1500.00")
        await until(lambda: partial.is_open and resting.is_open)
        touch = {"market": 0, "bid": "1990.00", "ask": "1998.00", "size": "0.0040"}
        lighter_venue.control({"touch": touch})
        await until(lambda: partial.status == OrderStatus.PARTIALLY_FILLED)
        for endpoint in READS:
            lighter_venue.fault("server_error", endpoint=endpoint, status=503, count=ROUNDS * 8)
        lighter_venue.control({"hold": {"direction": "both", "connection": None, "ms": None}})
        doubtful = s.limit("1501.00")
        s.cancel_order(resting)
        await asked.until("generate_order_status_reports")
        assert partial.status == OrderStatus.PARTIALLY_FILLED
        assert doubtful.status == OrderStatus.SUBMITTED
        assert resting.status == OrderStatus.PENDING_CANCEL
        lighter_venue.control({"release": {"connection": None}})
        await until(lambda: doubtful.is_open and resting.is_closed)
        await asked.until("generate_order_status_reports")
        orders = [partial, resting, doubtful]
        assert judge(lighter_venue, orders) == Verdict(executed=3)
        assert [ends_of(node, o) for o in orders] == [set(), {"Canceled"}, set()]
        assert partial.filled_qty == Quantity.from_str("0.0040")

    run(lighter_venue, story, {**ASKING, **OPEN_CHECKS, "open_check_open_only": open_only})


@pytest.mark.parametrize("open_only", [True, False])
def test_order_in_doubt_stays_while_open_checks_do_not_list_it(
    lighter_venue: Any, open_only: bool
) -> None:
    """REST answers and does not know the order, whose frame lies on its way: that ends nothing."""

    async def story(node: Node) -> None:
        (s,) = node.strategies
        asked = Asked(node)
        lighter_venue.set(index_lag_ms={"orders": 60_000, "tx": 60_000, "accountTxs": 60_000})
        lighter_venue.control({"hold": {"direction": "both", "connection": None, "ms": None}})
        order = s.limit("1501.00")
        await until(lambda: order.status == OrderStatus.SUBMITTED)
        await asked.until("generate_order_status_reports")
        assert ends_of(node, order) == set(), s.reason(order)
        lighter_venue.control({"release": {"connection": None}})
        await until(lambda: order.is_open)
        await asked.until("generate_order_status_reports")
        assert s.told(order) == ["Initialized", "Submitted", "Accepted"]
        assert judge(lighter_venue, [order]) == Verdict(executed=1)

    run(lighter_venue, story, {**ASKING, **OPEN_CHECKS, "open_check_open_only": open_only})


# -- POSITIONS ------------------------------------------------------------------------------------


@pytest.mark.parametrize("reads", [(), ("trades",)])
def test_position_is_not_doubled_by_checks_while_its_fill_is_unread(
    lighter_venue: Any, reads: tuple[str, ...]
) -> None:
    """The market order's fill is at the venue, and nothing tells of it yet: none is made up."""
    engine = ASKING | {"position_check_interval_secs": 0.05, "position_check_threshold_ms": 0}

    async def story(node: Node) -> None:
        (s,) = node.strategies
        asked = Asked(node)
        first = s.market()
        await until(lambda: first.is_closed)
        lighter_venue.set(index_lag_ms={"trades": 2_000, "tx": 2_000, "accountTxs": 2_000})
        for endpoint in reads:
            lighter_venue.fault("server_error", endpoint=endpoint, status=503, count=ROUNDS)
        lighter_venue.control({"hold": {"direction": "out", "connection": None, "ms": 2_000}})
        second = s.market(quantity="0.0300")  # else the engine takes the first for its like
        await until(lambda: len(lighter_venue.ledger()) >= 2)
        await asked.until("generate_position_status_reports")
        assert len(node.cache.orders()) == 2, "the engine made an order up"
        await until(lambda: second.is_closed)
        await asked.until("generate_position_status_reports")
        (position,) = node.cache.positions_open()
        assert position.quantity == Quantity.from_str("0.0400")
        assert len(node.cache.orders()) == 2
        assert s.told(second) == ["Initialized", "Submitted", "Accepted", "Filled"]
        assert judge(lighter_venue, [first, second]) == Verdict(executed=2)

    run(lighter_venue, story, engine)


def test_fill_that_the_streams_missed_is_read_before_positions_are_compared(
    lighter_venue: Any,
) -> None:
    """What was not read while the streams were cut is read before positions are compared."""
    engine = ASKING | {"position_check_interval_secs": 0.05, "position_check_threshold_ms": 0}

    async def story(node: Node) -> None:
        (s,) = node.strategies
        asked = Asked(node)
        order = s.limit("1999.00")
        await until(lambda: order.is_open)
        lighter_venue.fault("server_error", endpoint="trades", status=503, count=3)
        lighter_venue.control({"fault": "close_sockets"})
        lighter_venue.control({"touch": {"market": 0, "bid": "1990.00", "ask": "1995.00"}})
        await until(lambda: order.is_closed)
        await asked.until("generate_position_status_reports")
        (position,) = node.cache.positions_open()
        assert position.quantity == Quantity.from_str("0.0100")
        assert s.told(order).count("Filled") == 1
        assert not await happens(lambda: len(node.cache.orders()) > 1, 0.3)

    run(lighter_venue, story, engine)


# -- THE ENGINE'S OWN WAYS ------------------------------------------------------------------------


def test_engine_fails_to_accept_a_report_without_venue_id(lighter_venue: Any) -> None:
    """
    A submitted order's report is answered by one `TypeError`, after the engine's count was cleared.

    When this fails the engine has changed: look at `send_unchanged`.
    """

    async def story(node: Node) -> None:
        (s,) = node.strategies
        go_away(lighter_venue)
        order = s.limit()
        await until(lambda: order.status == OrderStatus.SUBMITTED)
        engine = node.node.kernel.exec_engine
        engine._recon_check_retries[order.client_order_id] = 4
        report = cached_report(order, node.client.account_id, node.client.now_ns())
        with pytest.raises(TypeError):
            engine.reconcile_execution_report(report)
        assert order.client_order_id not in engine._recon_check_retries
        assert order.status == OrderStatus.SUBMITTED
        send_unchanged(engine.reconcile_execution_report, report)
        come_back(lighter_venue)
        await until(lambda: order.is_open)

    run(lighter_venue, story, {"reconciliation": False, "inflight_check_interval_ms": 0})


def test_start_fails_if_the_venue_is_not_read_and_lists_no_doubt(lighter_venue: Any) -> None:
    """What the start is told is what was read: all of it, and nothing that is open here."""

    async def story(node: Node) -> None:
        (s,) = node.strategies
        resting = s.limit("1500.00")
        await until(lambda: resting.is_open)
        mass = await node.client.generate_mass_status()
        assert mass is not None
        assert [r.client_order_id for r in mass.order_reports.values()] == [resting.client_order_id]
        lighter_venue.fault("server_error", endpoint="accountActiveOrders", status=503)
        assert await node.client.generate_mass_status() is None
        lighter_venue.control({"hold": {"direction": "out", "connection": None, "ms": 1_000}})
        s.cancel_order(resting)
        await until(lambda: resting.is_pending_cancel and node.client.dispatcher.open_orders())
        mass = await node.client.generate_mass_status()
        assert mass is None or mass.order_reports == {}
        await until(lambda: resting.is_closed)

    run(lighter_venue, story, {"reconciliation": False, "inflight_check_interval_ms": 0})


def test_end_that_no_frame_told_is_told_with_its_fills(lighter_venue: Any) -> None:
    """A list that shows an order ended: its fills come first, which the engine would drop."""
    engine = ASKING | OPEN_CHECKS | {"open_check_open_only": False}

    async def story(node: Node) -> None:
        (s,) = node.strategies
        order = s.limit("1999.00")
        await until(lambda: order.is_open)
        for channel in ("account_all_orders", "account_all_trades"):
            lighter_venue.fault("frame_drop", channel=channel, count=None)
        touch = {"market": 0, "bid": "1990.00", "ask": "1998.00", "size": "0.0040"}
        lighter_venue.control({"touch": touch})
        s.cancel_order(order)
        await until(lambda: order.is_closed)
        assert s.told(order)[-2:] == ["Filled", "Canceled"]
        assert order.filled_qty == Quantity.from_str("0.0040")
        assert judge(lighter_venue, [order]) == Verdict(executed=1)

    run(lighter_venue, story, engine)


def test_stop_ends_doubts_for_no_longer_than_its_timeout(lighter_venue: Any) -> None:
    """A venue that is away does not keep a client from stopping, and its order stays unended."""

    async def story(node: Node) -> None:
        (s,) = node.strategies
        go_away(lighter_venue)
        order = s.limit()
        await until(lambda: node.client.dispatcher.in_doubt)
        stopping = node.loop.create_task(node.client.dispatcher.stop(node.client._stop_secs))
        assert await happens(stopping.done, 1.0), "it waited longer than it was told to"
        assert s.told(order) == ["Initialized", "Submitted"]
        come_back(lighter_venue)

    engine = {"reconciliation": False, "inflight_check_interval_ms": 0}
    run(lighter_venue, story, engine, stop_timeout_ms=100)
