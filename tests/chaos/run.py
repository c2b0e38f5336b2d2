"""
A chaos run: a real trading node and a venue in which everything goes wrong now and then.

Usage: ``python -m tests.chaos.run [--seed N] [--orders N] [--soak]``. The seed is printed first;
with it and the same size the run is played again. The exit code is 1 after any violation.

Rules of this file
------------------
- It plays the story's steps, comes to rest, and asks the judge; it decides nothing itself.
- A long run is a row of chunks, each with a seed of its own, each judged at rest, so that neither
  the venue's ledger nor this process has to remember more than one.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import random
import resource
import sys
import time
import urllib.request
from collections import Counter
from collections import deque
from collections.abc import Callable
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
from nautilus_trader.common.config import LoggingConfig
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.enums import OrderStatus
from nautilus_trader.model.enums import TimeInForce
from nautilus_trader.model.identifiers import ClientOrderId
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.objects import Price
from nautilus_trader.model.objects import Quantity
from nautilus_trader.model.orders import Order

from nautilus_lighter_nonce.config import LighterNonceConfig
from nautilus_lighter_nonce.core.decisions import LaneState
from nautilus_lighter_nonce.intents import client_order_index
from nautilus_lighter_nonce.loopback.config import VenueConfig
from nautilus_lighter_nonce.loopback.keys import DEMO_ACCOUNT_INDEX
from nautilus_lighter_nonce.loopback.keys import DEMO_API_KEY_INDEX
from nautilus_lighter_nonce.loopback.process import VenueProcess
from tests.chaos import story
from tests.chaos.judge import Claim
from tests.chaos.judge import Node as NodeSays
from tests.chaos.judge import Venue as VenueSays
from tests.chaos.judge import Violation
from tests.chaos.judge import fates
from tests.chaos.judge import judge
from tests.chaos.story import Act
from tests.chaos.story import Market
from tests.chaos.story import Step
from tests.nodes import Node
from tests.nodes import Recorder
from tests.nodes import until


KEY = (DEMO_ACCOUNT_INDEX, DEMO_API_KEY_INDEX)
TAGS = tuple(f"{number:03}" for number in range(1, story.STRATEGIES + 1))

PATIENT = LighterNonceConfig(resend_max_age_ms=60_000, queue_timeout_ms=60_000)
"""Nothing is given up for its age, so that whatever is given up was lost."""

CHUNK_ORDERS = 300
"""Orders from one judgement to the next; the venue forgets ended orders after 1,000."""

WAIT_SECS = 15.0
"""Patience with the lane in mid-story, and with the rest after it."""

TIDY_ROUNDS = 8
"""Cancels of everything after a chunk; each may meet a lever that is still armed."""

MOST_SHOWN = 12
"""Violations that are printed; one cause may have many."""

WARM_UP_CHUNKS = 3
"""Chunks of a soak before its memory is measured for the first time."""


class Result(msgspec.Struct, kw_only=True):
    """What came of one or more chunks."""

    orders: int = 0
    transactions: int = 0
    heals: int = 0
    fates: Counter[str] = msgspec.field(default_factory=Counter)
    faults: Counter[str] = msgspec.field(default_factory=Counter)
    violations: list[Violation] = []
    sizes: dict[str, int] = {}

    def add(self, other: Result) -> None:
        """Count another chunk in; of sizes the largest are kept."""
        self.orders += other.orders
        self.transactions += other.transactions
        self.heals = other.heals
        self.fates += other.fates
        self.faults += other.faults
        self.violations += other.violations
        self.sizes = {n: max(s, self.sizes.get(n, 0)) for n, s in other.sizes.items()}


# -- PLAYING --------------------------------------------------------------------------------------


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
                await until(lambda limit=step.limit: self.backlog() <= limit, WAIT_SECS)
            else:
                self._act(step)

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
            and not self._node.client.dispatcher.evidence.proof.is_pending
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
            _instrument_id(market),
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
            instrument_id=_instrument_id(market),
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
        strategy.cancel_all_orders(_instrument_id(story.market_of(who)))

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


def _instrument_id(market: Market) -> InstrumentId:
    return InstrumentId.from_str(f"{market.symbol}.LIGHTER")


def _side(step: Step) -> OrderSide:
    return OrderSide.BUY if step.is_buy else OrderSide.SELL


def _quantity(market: Market, step: Step) -> Quantity:
    return Quantity.from_str(str(market.lot * step.lots))


def _picked(orders: list[Order], pick: float) -> list[Order]:
    return [orders[int(pick * len(orders))]] if orders else []


# -- ASKING BOTH SIDES ----------------------------------------------------------------------------


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
            market.market_id: Decimal(str(portfolio.net_position(_instrument_id(market))))
            for market in story.MARKETS
        },
        sizes=sizes_of(node),
        live_orders=len(node.client._tracker.live()),
        unfinished=node.client.dispatcher.queued + node.client.dispatcher.in_flight,
        note=_note(node, status),
    )


def _note(node: Node, status: Any) -> str:
    stream, healing = node.client._stream, node.nonces._healing
    tasks = [repr(task) for task in healing.values() if not task.done()]
    return f"{status}, stream {stream} is_connected={stream.is_connected}, healing {tasks}"


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


async def venue_says(node: Node, venue: VenueProcess) -> VenueSays:
    """Return what the venue wrote down of our account."""
    token = await node.client._tokens.get()

    def read() -> VenueSays:
        return VenueSays(
            ledger=venue.ledger(),
            summary=venue.summary(),
            orders=[
                *_rest(venue, "accountActiveOrders", token)["orders"],
                *_ended_orders(venue, token),
            ],
            positions=_positions(venue),
        )

    return await asyncio.to_thread(read)


def _ended_orders(venue: VenueProcess, token: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = _rest(venue, "accountInactiveOrders", token, f"&limit=100&cursor={cursor}")
        rows += page["orders"]
        cursor = page["next_cursor"]
        if not cursor:
            return rows


def _positions(venue: VenueProcess) -> dict[int, Decimal]:
    body = _rest(venue, "account", "", f"&by=index&value={DEMO_ACCOUNT_INDEX}")
    return {
        row["market_id"]: row["sign"] * Decimal(row["position"])
        for row in body["accounts"][0]["positions"]
    }


def _rest(venue: VenueProcess, endpoint: str, token: str, more: str = "") -> dict[str, Any]:
    url = f"{venue.http_url}/api/v1/{endpoint}?account_index={DEMO_ACCOUNT_INDEX}{more}"
    request = urllib.request.Request(url, headers={"Authorization": token} if token else {})
    with urllib.request.urlopen(request, timeout=10.0) as response:
        return msgspec.json.decode(response.read(), type=dict[str, Any])


# -- CHUNKS ---------------------------------------------------------------------------------------


async def play_chunk(node: Node, venue: VenueProcess, seed: int, orders: int) -> Result:
    """
    Play one chunk and judge it twice: as it comes to rest, and once everything is canceled.

    Parameters
    ----------
    node : Node
        The trading node, at rest.
    venue : VenueProcess
        The venue, with an empty ledger and nothing of ours open.
    seed, orders : int
        The story.

    Returns
    -------
    Result

    """
    player = Player(node, venue)
    violations: list[Violation] = []
    try:
        await player.play(story.steps(seed, orders))
    except AssertionError:
        about = f"{player.backlog()} commands had no verdict after {WAIT_SECS:.0f} s"
        violations.append(Violation("stuck", about))
    await player.play(story.calm())
    await player.rest()
    violations += await _judged(node, venue, player)
    if not violations:
        await player.tidy()
        violations += await _judged(node, venue, player)
        violations += [
            Violation("stuck", f"still open after {TIDY_ROUNDS} cancels: {order}")
            for order in player.orders
            if not order.is_closed
        ]
    return Result(
        orders=len(player.orders),
        transactions=len(venue.ledger()),
        heals=node.nonces.status(*KEY).heals,
        fates=fates(claims_of(node, player)),
        faults=player.faults,
        violations=violations,
        sizes=sizes_of(node),
    )


async def _judged(node: Node, venue: VenueProcess, player: Player) -> list[Violation]:
    theirs = await venue_says(node, venue)
    return judge(claims_of(node, player), node_says(node), theirs)


def forget(node: Node, venue: VenueProcess) -> None:
    """Begin a new ledger, and drop what only this harness and Nautilus' cache remember."""
    venue.control({"reset": True})
    for strategy in node.strategies:
        strategy.events.clear()
    node.published.clear()
    now_ns = node.node.kernel.clock.timestamp_ns()
    node.cache.purge_closed_orders(now_ns)
    node.cache.purge_closed_positions(now_ns)
    node.cache.purge_account_events(now_ns)
    gc.collect()


def run(
    seed: int,
    orders: int,
    on_chunk: Callable[[int, Result, VenueProcess], None] | None = None,
) -> Result:
    """
    Run a node through a story of any length; the first chunk with a violation is the last.

    Parameters
    ----------
    seed : int
        Of the first chunk; each further one has the next number.
    orders : int
        Orders to place, about.
    on_chunk : Callable, optional
        Called at rest after each chunk with the chunk's seed, all results so far, and the venue.

    Returns
    -------
    Result

    """
    result = Result()
    with VenueProcess(VenueConfig(seed=seed)) as venue:
        node = Node(venue, tags=TAGS, logging=LoggingConfig(log_level="OFF"), nonce=PATIENT)

        async def chunks(node: Node) -> None:
            chunk_seed = seed
            while result.orders < orders and not result.violations:
                size = min(CHUNK_ORDERS, orders - result.orders)
                result.add(await play_chunk(node, venue, chunk_seed, size))
                forget(node, venue)
                if on_chunk is not None:
                    on_chunk(chunk_seed, result, venue)
                chunk_seed += 1

        node.run(chunks)
    return result


# -- COMMAND LINE ---------------------------------------------------------------------------------


def rss_kib(pid: int | None = None) -> int:
    """Return the resident memory of a process, KiB; of this one its peak where /proc is missing."""
    status = Path(f"/proc/{pid or 'self'}/status")
    if status.exists():
        line = next(ln for ln in status.read_text().splitlines() if ln.startswith("VmRSS"))
        return int(line.split()[1])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


class Soak:
    """Prints a line per chunk and measures how memory grows."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._chunks = 0
        self._samples: list[tuple[int, int]] = []

    def on_chunk(self, seed: int, result: Result, venue: VenueProcess) -> None:
        """Take one more chunk."""
        self._chunks += 1
        if self._chunks >= WARM_UP_CHUNKS:
            self._samples.append((result.orders, rss_kib()))
        print(
            f"chunk {self._chunks} (seed {seed}): {result.orders} orders, "
            f"{sum(result.faults.values())} faults, {result.heals} heals, "
            f"{len(result.violations)} violations, {time.monotonic() - self._began:.0f} s, "
            f"{rss_kib() / 1024:.1f} MiB, venue {rss_kib(venue.pid) / 1024:.1f} MiB",
            flush=True,
        )

    def report(self) -> None:
        """Print what memory did between the first measurement and the last."""
        if len(self._samples) < 2:
            print("too short to say how memory grows")
            return
        (first_orders, first_kib), (orders, kib) = self._samples[0], self._samples[-1]
        growth = (kib - first_kib) / (orders - first_orders) * 10_000 / 1024
        print(
            f"memory: {first_kib / 1024:.1f} MiB after {first_orders} orders, {kib / 1024:.1f} MiB "
            f"after {orders}: {growth:+.1f} MiB per 10,000 orders (Nautilus' cache was purged)"
        )


def report(result: Result) -> None:
    """Print what came of a run."""
    print(f"orders: {result.orders}, transactions: {result.transactions}")
    print(f"ended as: {_words(result.fates)}")
    print(f"faults: {_words(result.faults)}")
    print(f"heals: {result.heals}")
    largest = Counter(result.sizes).most_common(8)
    print(f"largest containers at rest: {_words(Counter(dict(largest)))}")
    print(f"violations: {_words(Counter(v.kind for v in result.violations)) or 'none'}")
    for violation in result.violations[:MOST_SHOWN]:
        print(f"- {violation}")


def _words(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.most_common() if count)


def replay_of(seed: int, orders: int) -> str:
    """Return the command that plays a run again."""
    return f"python -m tests.chaos.run --seed {seed} --orders {orders}"


def main(arguments: list[str] | None = None) -> int:
    """Run from the command line; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.run", description=__doc__)
    parser.add_argument("--seed", type=int, default=None, help="default: a random one")
    parser.add_argument("--orders", type=int, default=CHUNK_ORDERS)
    parser.add_argument("--soak", action="store_true", help="report chunks and memory")
    options = parser.parse_args(arguments)
    seed = random.SystemRandom().randrange(2**31) if options.seed is None else options.seed
    print(f"seed {seed}: {replay_of(seed, options.orders)}", flush=True)
    soak = Soak()
    result = run(seed, options.orders, soak.on_chunk if options.soak else None)
    report(result)
    if options.soak:
        soak.report()
    return 1 if result.violations else 0


if __name__ == "__main__":
    sys.exit(main())
