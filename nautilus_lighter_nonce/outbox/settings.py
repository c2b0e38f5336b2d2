"""How patient an outbox is, and what it may send: values only."""

from __future__ import annotations

import msgspec

from nautilus_lighter_nonce.lighter.codes import NEXT_NONCE_LAG_MS


class OutboxSettings(msgspec.Struct, frozen=True, kw_only=True):
    """
    Patience and limits, durations in nanoseconds.

    Parameters
    ----------
    reply_timeout_ns : int
        Silence after which a write is in doubt.
    settle_ns : int
        How long the counter may lag behind acceptance and execution.
    max_age_ns : int, optional
        Age above which what a fault has touched is not sent again; ``None`` keeps it.
    queue_timeout_ns : int
        How long a transaction may wait unwritten.
    quota_per_min : int, optional
        Frames per rolling minute.
    show_ns : int
        Patience with the private streams after an acceptance before a look-up.
    suspect_ns : int
        Patience after an acceptance, and its predicted execution, before the counter is weighed.
    expiry_margin_ns : int
        How much later than `ExpiredAt` a signature counts as past: clocks differ.
    resend : bool
        Whether anything is sent again at all.

    """

    reply_timeout_ns: int = 1_500_000_000
    settle_ns: int = NEXT_NONCE_LAG_MS * 1_000_000
    max_age_ns: int | None = 4_000_000_000
    queue_timeout_ns: int = 5_000_000_000
    quota_per_min: int | None = None
    show_ns: int = 1_000_000_000
    suspect_ns: int = 2_000_000_000
    expiry_margin_ns: int = 10_000_000_000
    resend: bool = True
