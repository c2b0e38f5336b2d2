"""The cases of the search: which small worlds are seen whole, or as far as time allows."""

from __future__ import annotations

from tests.outbox.bounds import Bounds


CASES: dict[str, Bounds] = {
    "lost": Bounds(lost_frames=1, lost_replies=1, ticks=3),
    "refused": Bounds(orders=3, refusals=1, ticks=1),
    "cancel": Bounds(orders=1, cancels=1, lost_replies=1, refusals=1, ticks=4),
    "reconnect": Bounds(cancels=1, reconnects=1, ticks=3),
    "vanish": Bounds(vanishings=1, ticks=6),
    "vanish late": Bounds(vanishings=1, ticks=6, late_fall=True),
    "foreign": Bounds(foreign=1, reconnects=1, ticks=3),
    "stop": Bounds(orders=1, lost_frames=1, lost_replies=1, ticks=4, stops=1),
    "batch": Bounds(lost_replies=1, refusals=1, ticks=3, batch=True),
}
