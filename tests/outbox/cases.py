"""
The cases of the search: small worlds that are seen whole, or as far as time allows.

`SMALL` are whole within a second each; `CASES` are for a few minutes.
"""

from __future__ import annotations

from tests.outbox.bounds import Bounds


SMALL: dict[str, Bounds] = {
    "one lost": Bounds(orders=1, lost_frames=1, lost_replies=1, ticks=3),
    "one canceled": Bounds(orders=1, cancels=1, lost_replies=1, ticks=1, frames=False),
    "one on two connections": Bounds(orders=1, reconnects=1, ticks=3),
    "one vanished": Bounds(orders=1, vanishings=1, ticks=4, frames=False),
    "one stopped": Bounds(orders=1, lost_replies=1, stops=1, ticks=3),
    "one too old": Bounds(orders=1, lost_replies=1, max_age=3, ticks=3),
    "one expired": Bounds(orders=1, life=1, ticks=3, frames=False),
    "one overtaken": Bounds(orders=1, foreign=1, lost_replies=1, ticks=2),
    "two, one refused": Bounds(refusals=1, ticks=1, frames=False),
    "two in a batch": Bounds(batch=True, refusals=1, lost_replies=1, ticks=1),
}

CASES: dict[str, Bounds] = {
    "lost": Bounds(lost_frames=1, lost_replies=1, ticks=3),
    "lost of three": Bounds(orders=3, lost_frames=1, lost_replies=1, ticks=2, frames=False),
    "refused": Bounds(orders=3, refusals=1, ticks=1),
    "refused twice": Bounds(orders=3, refusals=2, ticks=1, frames=False),
    "later": Bounds(cancels=1, laters=2, ticks=3),
    "cancel": Bounds(orders=1, cancels=1, lost_replies=1, refusals=1, ticks=4),
    "cancel one of two": Bounds(cancels=1, lost_replies=1, reconnects=1, ticks=3),
    "change": Bounds(orders=1, modifies=2, cancels=1, reconnects=1, ticks=2),
    "change and vanish": Bounds(orders=1, modifies=2, vanishings=1, ticks=4, frames=False),
    "reconnect": Bounds(cancels=1, reconnects=1, ticks=3),
    "reconnect twice": Bounds(reconnects=2, ticks=2),
    "vanish": Bounds(vanishings=1, ticks=6),
    "vanish late": Bounds(vanishings=1, ticks=6, late_fall=True),
    "vanish twice": Bounds(vanishings=2, ticks=6, frames=False),
    "vanish and lose": Bounds(vanishings=1, lost_replies=1, reconnects=1, ticks=4),
    "vanish late and lose": Bounds(
        vanishings=1, lost_replies=1, reconnects=1, ticks=4, late_fall=True
    ),
    "vanish and cancel": Bounds(vanishings=1, cancels=1, lost_replies=1, ticks=4),
    "revert": Bounds(reverts=1, cancels=1, lost_replies=1, ticks=2),
    "foreign": Bounds(foreign=1, reconnects=1, ticks=3),
    "foreign and vanish": Bounds(foreign=2, vanishings=1, ticks=4, frames=False),
    "stop": Bounds(orders=1, lost_frames=1, lost_replies=1, ticks=4, stops=1),
    "stop two": Bounds(lost_replies=1, reconnects=1, stops=1, ticks=3),
    "start again": Bounds(orders=1, cancels=1, lost_replies=1, stops=1, starts=1, lags=1, ticks=3),
    "key refused": Bounds(halts=1, lost_replies=1, reconnects=1, lags=1, ticks=3),
    "account refused": Bounds(troubles=2, cancels=1, reconnects=1, ticks=3),
    "batch": Bounds(batch=True, lost_replies=1, refusals=1, ticks=3),
    "batch and vanish": Bounds(batch=True, vanishings=1, reconnects=1, foreign=1, ticks=3),
    "too old": Bounds(max_age=3, lost_frames=1, reconnects=1, ticks=5),
    "not again": Bounds(resend=False, refusals=1, lost_replies=1, reconnects=1, ticks=3),
    "expire": Bounds(orders=1, life=4, lost_replies=1, reconnects=1, lags=1, ticks=6),
    "expire two": Bounds(life=4, lost_frames=1, ticks=5, frames=False),
    "lag": Bounds(lags=2, lost_replies=1, reconnects=1, ticks=3),
    "late index": Bounds(index=True, lost_replies=1, reconnects=1, ticks=4),
    "no id": Bounds(nameless=1, refusals=1, lost_replies=1, ticks=3),
    "garbled": Bounds(garbled=1, mute=2, refusals=1, ticks=3),
    "rumours": Bounds(rumours=1, lost_replies=1, vanishings=1, ticks=3),
    "slow shell": Bounds(slow=True, unwritten=1, unsigned=1, reconnects=1, ticks=1),
    "slow change": Bounds(
        orders=1, modifies=2, cancels=1, foreign=1, slow=True, ticks=1, frames=False
    ),
    "not ready": Bounds(slow=True, unready=1, cancels=1, refusals=1, reconnects=1, ticks=2),
    "one of everything": Bounds(
        orders=1,
        cancels=1,
        lost_replies=1,
        refusals=1,
        vanishings=1,
        foreign=1,
        reconnects=1,
        stops=1,
        ticks=4,
        frames=False,
    ),
}
