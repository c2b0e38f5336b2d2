"""
What happens in a chaos run: a seed and a size go in, steps come out.

Rules of this file
------------------
- Pure: the same seed gives the same steps. What a step meets (which orders are open by then) is
  the run's; every choice that depends on it is a number drawn here.
- The venue is fair in the long run: each lever fires once, the next comes 20 to 40 transactions
  later, twice that after one that keeps a lane frozen for seconds. Levers are armed a few
  transactions ahead, so that they fire in the middle of a burst.
- Three strategies share one market, the fourth has the other one to itself: only there does
  cancel-all go out as the venue's own.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from decimal import Decimal
from enum import Enum
from typing import Any

import msgspec

from nautilus_lighter_nonce.lighter.codes import NEXT_NONCE_LAG_MS
from nautilus_lighter_nonce.lighter.codes import Code
from nautilus_lighter_nonce.lighter.codes import TxType
from nautilus_lighter_nonce.loopback.keys import DEMO_ACCOUNT_INDEX
from nautilus_lighter_nonce.loopback.keys import DEMO_API_KEY_INDEX


STRATEGIES = 4

REFUSAL_CODE = int(Code.NOT_ENOUGH_MARGIN)
FAILURE_CODE = 21706
"""What the `fail` lever writes: a code that the venue never answers by itself in this story."""

MEAN_BURST = 10
LEAST_GAP, MOST_GAP = 20, 40
"""Transactions from one lever to the next."""

TOUCH_BPS = 40
"""How far a touch strays from where it began, basis points."""


class Act(Enum):
    """What a step does."""

    REST = "rest"
    NEAR = "near"
    CROSS = "cross"
    POST_ONLY = "post-only"
    POST_ONLY_CROSSING = "post-only crossing"
    IOC = "ioc"
    IOC_MISSED = "ioc missed"
    MARKET = "market"
    ORDER_LIST = "order list"
    CANCEL = "cancel"
    CANCEL_FRESH = "cancel an order that may not be accepted yet"
    CANCEL_BATCH = "batch cancel"
    CANCEL_ALL = "cancel-all"
    MODIFY = "modify"
    VENUE = "venue"
    WAIT = "wait"


class Market(msgspec.Struct, frozen=True):
    """
    A market of the story.

    Parameters
    ----------
    market_id : int
        The venue's number.
    symbol : str
        The instrument's symbol.
    tick, lot : Decimal
        The least step of a price, and the quantity that orders are multiples of.
    bid, ask : Decimal
        The touch at the start.

    """

    market_id: int
    symbol: str
    tick: Decimal
    lot: Decimal
    bid: Decimal
    ask: Decimal


ETH = Market(0, "ETH-PERP", Decimal("0.01"), Decimal("0.0100"), Decimal(2000), Decimal("2000.50"))
BTC = Market(1, "BTC-PERP", Decimal("0.1"), Decimal("0.00100"), Decimal(60000), Decimal(60001))
MARKETS = (ETH, BTC)


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """
    One step.

    Parameters
    ----------
    act : Act
        What to do.
    who : int
        The strategy, from 0.
    is_buy : bool
        The side of a new order.
    away_bps : float
        How far behind the start's touch the price is, basis points; negative: through it.
    lots : int
        The quantity.
    count : int
        Orders of a list or of a batch cancel.
    pick : float
        Which of the orders in question, 0 to 1.
    limit : int
        For `Act.WAIT`: transactions that may still wait or be in flight afterwards.
    command : dict[str, Any]
        For `Act.VENUE`: the control command.

    """

    act: Act
    who: int = 0
    is_buy: bool = True
    away_bps: float = 0.0
    lots: int = 1
    count: int = 1
    pick: float = 0.0
    limit: int = 0
    command: dict[str, Any] = {}

    @property
    def fault(self) -> str:
        """The name of the lever that is pulled, empty if none is."""
        name = self.command.get("fault", "")
        return "foreign" if "foreign" in self.command else str(name)


ORDER_ACTS = {
    Act.REST: 22,
    Act.NEAR: 10,
    Act.CROSS: 6,
    Act.POST_ONLY: 8,
    Act.POST_ONLY_CROSSING: 3,
    Act.IOC: 4,
    Act.IOC_MISSED: 3,
    Act.MARKET: 5,
    Act.ORDER_LIST: 2,
}
OTHER_ACTS = {
    Act.CANCEL: 16,
    Act.CANCEL_FRESH: 4,
    Act.CANCEL_BATCH: 3,
    Act.CANCEL_ALL: 1,
    Act.MODIFY: 10,
}
_ACTS = ORDER_ACTS | OTHER_ACTS

_AWAY_BPS = {
    Act.REST: (300, 2_000),
    Act.NEAR: (1, 30),
    Act.CROSS: (-150, -60),
    Act.POST_ONLY: (50, 1_000),
    Act.POST_ONLY_CROSSING: (-150, -60),
    Act.IOC: (-150, -60),
    Act.IOC_MISSED: (300, 1_000),
    Act.ORDER_LIST: (10, 1_000),
    Act.MODIFY: (5, 1_000),
}

_CREATE, _CANCEL, _MODIFY = TxType.CREATE_ORDER, TxType.CANCEL_ORDER, TxType.MODIFY_ORDER


def market_of(who: int) -> Market:
    """Return the market that a strategy trades."""
    return BTC if who == STRATEGIES - 1 else ETH


def price_of(market: Market, away_bps: float, *, is_buy: bool) -> str:
    """Return a price so far behind the touch that the market began with."""
    sign = -1 if is_buy else 1
    start = market.bid if is_buy else market.ask
    price = start * (1 + sign * Decimal(str(away_bps)) / 10_000)
    return str(price.quantize(market.tick))


def steps(seed: int, orders: int) -> Iterator[Step]:
    """
    Return the steps of a run.

    Parameters
    ----------
    seed : int
        Chooses everything.
    orders : int
        Orders to place, about; a list counts with its orders.

    Yields
    ------
    Step

    """
    rng = random.Random(seed)
    faults = _Faults(rng)
    placed = 0
    yield from _moods(rng)
    while placed < orders:
        for _ in range(rng.randint(1, 2 * MEAN_BURST)):
            step = _action(rng)
            placed += step.count if step.act in ORDER_ACTS else 0
            yield step
            yield from faults.after(step.count)
        if rng.random() < 0.35:
            yield from _moods(rng)
        yield Step(act=Act.WAIT, limit=rng.choice((0, 2, 8, 16, 24)))


def calm() -> tuple[Step, ...]:
    """Return the commands that give the venue back its ordinary manners."""
    settings = {
        "latency_ms": 5,
        "jitter_ms": 0,
        "next_nonce_lag_ms": NEXT_NONCE_LAG_MS,
        "index_lag_ms": {},
        "stream_lag_ms": 0,
        "taker_delay_ms": 0,
    }
    touches = [{"touch": _touch(market, Decimal(0), None)} for market in MARKETS]
    return tuple(Step(act=Act.VENUE, command=c) for c in ({"set": settings}, *touches))


def _action(rng: random.Random) -> Step:
    (act,) = rng.choices(list(_ACTS), weights=list(_ACTS.values()))
    who = rng.randrange(STRATEGIES)
    if act is Act.MARKET and market_of(who) is BTC:
        act = Act.IOC  # its touch runs out, and without a best price there is no market order
    return Step(
        act=act,
        who=who,
        is_buy=rng.random() < 0.5,
        away_bps=round(rng.uniform(*_AWAY_BPS.get(act, (0, 0))), 1),
        lots=rng.randint(1, 3),
        count=rng.randint(2, 12) if act in (Act.ORDER_LIST, Act.CANCEL_BATCH) else 1,
        pick=rng.random(),
    )


# -- THE VENUE'S MOODS ----------------------------------------------------------------------------


def _moods(rng: random.Random) -> Iterator[Step]:
    """Change how the venue behaves without any fault."""
    market = rng.choice(MARKETS)
    shift = Decimal(rng.randint(-TOUCH_BPS, TOUCH_BPS))
    size = rng.choice((None, market.lot / 2)) if market is BTC else None
    settings = {
        "latency_ms": rng.choice((1, 5, 10, 20, 40)),
        "jitter_ms": rng.choice((0, 0, 5, 15)),
        "execution_delay_ms": rng.choice((0, 5, 20, 130)),
        "next_nonce_lag_ms": rng.choice((0, 200, NEXT_NONCE_LAG_MS, NEXT_NONCE_LAG_MS)),
        "frame_before_reply": rng.random() < 0.3,
        "vanished_lookup": rng.choice(("failed", "unknown", "pending")),
        "vanished_followers": rng.choice(("fall", "late")),
        "index_lag_ms": rng.choice(({}, {"tx": 1_500}, {"tx": 500, "accountTxs": 2_000})),
        "stream_lag_ms": rng.choice((0, 0, 150)),
        "taker_delay_ms": rng.choice((0, 140)),
    }
    some = rng.sample(sorted(settings), 4)
    yield Step(act=Act.VENUE, command={"touch": _touch(market, shift, size)})
    yield Step(act=Act.VENUE, command={"set": {name: settings[name] for name in some}})


def _touch(market: Market, shift_bps: Decimal, size: Decimal | None) -> dict[str, Any]:
    factor = 1 + shift_bps / 10_000
    bid, ask = ((p * factor).quantize(market.tick) for p in (market.bid, market.ask))
    touch = {"market": market.market_id, "bid": str(bid), "ask": str(ask)}
    return touch if size is None else touch | {"size": str(size)}


# -- THE LEVERS -----------------------------------------------------------------------------------


class _Faults:
    """Deals the levers like cards: each comes once before any comes again."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._deck: list[dict[str, Any]] = []
        self._gap = rng.randint(LEAST_GAP, MOST_GAP)

    def after(self, transactions: int) -> Iterator[Step]:
        """Return the lever to pull after so many more transactions, if one is due."""
        self._gap -= transactions
        if self._gap > 0:
            return
        if not self._deck:
            self._deck = [command for command, _ in _CARDS]
            self._rng.shuffle(self._deck)
        command = self._deck.pop()
        is_heavy = next(heavy for card, heavy in _CARDS if card is command)
        self._gap = self._rng.randint(LEAST_GAP, MOST_GAP) * (2 if is_heavy else 1)
        yield Step(act=Act.VENUE, command=self._finished(command))

    def _finished(self, command: dict[str, Any]) -> dict[str, Any]:
        """Fill in what differs from time to time."""
        rng = self._rng
        if "foreign" in command:
            return {"foreign": command["foreign"] | {"count": rng.randint(1, 3)}}
        if command["fault"] == "lag" or command.get("when") == "now":
            return command
        if "endpoint" in command or "channel" in command:
            return {"count": 1} | command
        tx_type = rng.choice((None, None, None, _CREATE, _CANCEL, _MODIFY))
        extra: dict[str, Any] = {} if tx_type is None else {"tx_type": int(tx_type)}
        ms = {"ms": rng.choice((50, 200, 800))} if command["fault"] == "delay" else {}
        ahead = rng.randint(0, 10 if tx_type in (None, _CREATE) else 2)
        return extra | {"count": 1, "after": ahead} | ms | command


_CARDS: tuple[tuple[dict[str, Any], bool], ...] = (
    # (command, whether it can keep a lane frozen for seconds)
    ({"fault": "refuse", "code": REFUSAL_CODE}, False),
    ({"fault": "rate_limit"}, False),
    ({"fault": "drop_request"}, True),
    ({"fault": "drop_reply"}, True),
    ({"fault": "delay"}, False),
    ({"fault": "server_error", "processed": True}, False),
    ({"fault": "server_error", "processed": False}, False),
    ({"fault": "unreadable", "processed": True}, True),
    ({"fault": "unreadable", "processed": False}, True),
    ({"fault": "vanish"}, True),
    ({"fault": "vanish", "tx_type": int(_CREATE)}, True),
    ({"fault": "fail", "code": FAILURE_CODE}, False),
    ({"fault": "foreign_writer"}, False),
    (
        {"foreign": {"account_index": DEMO_ACCOUNT_INDEX, "api_key_index": DEMO_API_KEY_INDEX}},
        False,
    ),
    ({"fault": "close_sockets", "when": "before"}, True),
    ({"fault": "close_sockets", "when": "after"}, True),
    ({"fault": "close_sockets", "when": "now"}, True),
    ({"fault": "lag", "ms": 900.0}, True),
    # The venue tells late, twice, wrongly or nothing.
    ({"fault": "hold", "direction": "in", "ms": 700.0}, True),
    ({"fault": "hold", "direction": "out", "ms": 700.0}, True),
    ({"fault": "hold", "direction": "both", "ms": 1_500.0}, True),
    ({"fault": "half_open"}, True),
    ({"fault": "shutdown", "when": "now", "ms": 900.0}, True),
    ({"fault": "shutdown", "when": "now", "announced": False, "ms": 1.0}, True),
    ({"fault": "double_reply"}, False),
    ({"fault": "swap_reply"}, False),
    ({"fault": "unknown_id"}, True),
    ({"fault": "no_id"}, True),
    ({"fault": "execute_late", "ms": 800.0, "predicted": True}, True),
    ({"fault": "execute_late", "ms": 800.0, "predicted": False}, True),
    ({"fault": "record", "missing": True, "ms": 900.0}, True),
    ({"fault": "record", "status": 0, "ms": 900.0}, True),
    ({"fault": "answer", "endpoint": "nextNonce", "value": {"code": 200, "nonce": None}}, True),
    ({"fault": "answer", "endpoint": "nextNonce", "value": {"code": 200, "nonce": 2**60}}, True),
    ({"fault": "unreadable", "endpoint": "tx", "body": "not_utf8"}, True),
    ({"fault": "unreadable", "endpoint": "nextNonce", "body": "html"}, True),
    ({"fault": "delay", "endpoint": "nextNonce", "ms": 900.0}, True),
    ({"fault": "frame_delay", "channel": "account_all_orders", "ms": 700.0}, False),
    ({"fault": "frame_delay", "channel": "account_all_trades", "ms": 700.0}, False),
    ({"fault": "frame_double", "channel": "account_all"}, False),
)
