"""A world for tests that tell one story: plenty of everything, and a log of what was asked for."""

from __future__ import annotations

from typing import Any

from nautilus_lighter_nonce.outbox import work as w
from nautilus_lighter_nonce.outbox.moves import TxState
from nautilus_lighter_nonce.outbox.settings import OutboxSettings
from tests.outbox.bounds import BUDGETS
from tests.outbox.bounds import SEC
from tests.outbox.bounds import TICKS
from tests.outbox.bounds import Bounds
from tests.outbox.laws import FINAL
from tests.outbox.world import World


PLENTY = 10**6

AGING = OutboxSettings(
    reply_timeout_ns=2 * SEC,
    settle_ns=SEC,
    max_age_ns=4 * SEC,
    queue_timeout_ns=5 * SEC,
    show_ns=SEC,
    suspect_ns=2 * SEC,
    expiry_margin_ns=SEC,
)
NO_RESEND = OutboxSettings(
    reply_timeout_ns=2 * SEC,
    settle_ns=SEC,
    max_age_ns=None,
    queue_timeout_ns=900 * SEC,
    resend=False,
)


class _Logged(World):
    """A world that remembers what the outbox asked for."""

    works: list[w.Work]

    def carry_out(self, work: w.Work) -> None:
        """Note one work and do it."""
        self.works.append(work)
        super().carry_out(work)


class Lab:
    """
    Tells a story in a world in which everything may happen.

    Parameters
    ----------
    settings : OutboxSettings, optional
        Whole seconds by default.
    **kind : Any
        What kind of world it is, as in `Bounds`.

    """

    def __init__(self, settings: OutboxSettings | None = None, **kind: Any) -> None:
        budgets: dict[str, Any] = dict.fromkeys(BUDGETS, PLENTY)
        bounds = Bounds(**budgets, steady=False, **kind)
        self.world = _Logged(bounds, settings or TICKS)
        self.works: list[w.Work] = []
        self.world.works = self.works
        self.outbox, self.lane, self.venue = self.world.outbox, self.world.lane, self.world.venue

    def do(self, name: str, argument: Any = None) -> None:
        """Let one thing happen, as the world does it."""
        self.world.do(name, argument)

    # -- WHAT HAPPENS -----------------------------------------------------------------------------

    def order(self) -> int:
        """Submit one order and return its place."""
        self.do("submit")
        return self.world.orders[-1]

    def change(self, kind: str, number: int) -> int:
        """Cancel or modify an order; return the place of the change, 0 if there is none."""
        last = max(self.world.txs)
        self.do(kind, number)
        new = [n for n, tx in self.world.txs.items() if n > last and tx.kind == kind]
        return new[0] if new else 0

    def take(self, connection: int | None = None) -> None:
        """The venue takes the oldest frame, and its answer is heard."""
        at = connection or self.world.connection
        self.do("deliver", at)
        if at == self.world.connection:
            self.do("hear")

    def refuse(self, kind: str = "refuse") -> None:
        """The venue refuses the oldest frame, and its answer is heard."""
        self.do(kind, self.world.connection)
        self.do("hear")

    def lose(self) -> None:
        """The venue takes the oldest frame, and its answer never comes."""
        self.do("deliver", self.world.connection)
        self.do("lose_reply")

    def execute(self, *, see: bool = True) -> int:
        """The sequencer executes what is next, and its record is seen; return the nonce."""
        self.do("execute", True)
        nonce = len(self.venue.log) - 1
        if see:
            self.do("see", nonce)
        return nonce

    def wait(self, seconds: float) -> None:
        """Let time pass, with everything that is due on the way."""
        until = self.world.now + int(seconds * SEC)
        while (due := self.outbox.next_due()) is not None and due <= until:
            self.world.now = max(self.world.now, due)
            self.world.pump()
        self.world.now = until
        self.world.pump()

    def fall_silent(self) -> None:
        """Wait until no answer is awaited any more."""
        self.wait(2)

    def count(self, *, is_old: bool = False) -> None:
        """Wait for the counter's question, and answer it."""
        if self.world.asked is None:
            self.wait(3)
        self.do("count", is_old)

    def pass_anew(self) -> None:
        """The latest frame falls silent, and the lane begins a new pass."""
        self.fall_silent()
        self.count()

    # -- WHAT CAME OF IT --------------------------------------------------------------------------

    def state(self, number: int) -> TxState | None:
        """Return where a transaction stands."""
        return self.outbox.state(number)

    def end(self, number: int) -> w.Tell | None:
        """Return how a transaction ended."""
        ends = [x for x in self.told(number) if x.news in FINAL]
        return ends[0] if ends else None

    def told(self, number: int) -> list[w.Tell]:
        """Return all that was told of a transaction."""
        return [x for x in self.works if isinstance(x, w.Tell) and x.tx == number]

    def news(self, number: int) -> list[w.News]:
        """Return all news of a transaction."""
        return [x.news for x in self.told(number)]

    def asked_for(self, kind: type[w.Work]) -> list[Any]:
        """Return every work of a kind."""
        return [x for x in self.works if isinstance(x, kind)]

    def wrote(self) -> list[tuple[int, int]]:
        """Return (transaction, nonce) of every copy that was written, in order."""
        frames = self.asked_for(w.Write)
        return [self.world.copies[c.tx_hash][:2] for frame in frames for c in frame.copies]

    def kinds(self) -> list[tuple[str, int]]:
        """Return (kind, nonce) of every copy that was written, in order."""
        return [(self.world.txs[tx].kind, nonce) for tx, nonce in self.wrote()]

    def forget(self) -> None:
        """Look only at what comes from here on."""
        self.works.clear()
