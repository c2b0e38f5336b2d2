"""How often each kind of thing may happen in a world: values only."""

from __future__ import annotations

from dataclasses import dataclass

from nautilus_lighter_nonce.outbox.settings import OutboxSettings


SEC = 1_000_000_000
FOREVER_NS = 10**18

TICKS = OutboxSettings(
    reply_timeout_ns=2 * SEC,
    settle_ns=SEC,
    max_age_ns=None,
    queue_timeout_ns=10**6 * SEC,
    show_ns=SEC,
    suspect_ns=2 * SEC,
    expiry_margin_ns=SEC,
)
"""Whole seconds, so that few moments matter."""


@dataclass(frozen=True)
class Bounds:
    """
    Budgets of a world, and what kind of world it is.

    The first group is spent one by one (`World.left`); the second says how the world is.
    """

    orders: int = 2
    cancels: int = 0
    modifies: int = 0
    lost_frames: int = 0
    lost_replies: int = 0
    garbled: int = 0  # answers that say nothing (5xx)
    nameless: int = 0  # refusals that come without their id
    refusals: int = 0
    laters: int = 0
    vanishings: int = 0
    reverts: int = 0
    foreign: int = 0
    lags: int = 0  # counter answers that are as old as the lag allows
    mute: int = 0  # counter questions without an answer
    unwritten: int = 0  # frames that the socket did not take
    unsigned: int = 0
    rumours: int = 0  # records of what was not executed (yet)
    troubles: int = 0  # refusals of the whole account
    halts: int = 0  # refusals of the key itself; somebody mends that
    unready: int = 0  # transactions that cannot be signed yet
    stops: int = 0
    starts: int = 0  # after a stop, with a counter that may lag
    reconnects: int = 0
    ticks: int = 4

    batch: bool = False
    frames: bool = True  # private frames show orders, not only records
    index: bool = False  # look-ups are answered, perhaps too early
    late_fall: bool = False
    slow: bool = False  # signing and writing take time
    window: int = 4
    max_age: int | None = None  # seconds
    life: int | None = None  # of a signature, seconds
    resend: bool = True
    steady: bool = True  # patience with overtaken answers does not learn

    def settings(self) -> OutboxSettings:
        """Return the settings of the outbox in this world."""
        return OutboxSettings(
            reply_timeout_ns=TICKS.reply_timeout_ns,
            settle_ns=TICKS.settle_ns,
            max_age_ns=None if self.max_age is None else self.max_age * SEC,
            queue_timeout_ns=TICKS.queue_timeout_ns,
            show_ns=TICKS.show_ns,
            suspect_ns=TICKS.suspect_ns,
            expiry_margin_ns=TICKS.expiry_margin_ns,
            resend=self.resend,
        )


BUDGETS = tuple(Bounds.__dataclass_fields__)[: tuple(Bounds.__dataclass_fields__).index("batch")]
"""The names of the budgets."""
