"""
Who is subscribed to what, and how a channel's frames get there.

Rules of this file
------------------
- Frames are built once for all subscribers, by `venue.streams`, and only for channels that somebody
  is subscribed to.
- A frame lever acts on one frame of a channel for all its subscribers, or for the one connection
  that it names. It sees updates; a snapshot goes by the name ``subscribed/<channel>``.
- All private frames are late by the same `stream_lag_ms`, snapshots included: what a client sees at
  any time is what was true so long ago.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Final
from typing import Protocol

from nautilus_lighter_nonce.loopback.config import VenueConfig
from nautilus_lighter_nonce.loopback.venue.channels import HEIGHT
from nautilus_lighter_nonce.loopback.venue.channels import Channel
from nautilus_lighter_nonce.loopback.venue.faults import Fault
from nautilus_lighter_nonce.loopback.venue.faults import Stage
from nautilus_lighter_nonce.loopback.venue.levers import Levers
from nautilus_lighter_nonce.loopback.venue.replies import Happening
from nautilus_lighter_nonce.loopback.venue.streams import Streams
from nautilus_lighter_nonce.loopback.wire.bodies import spoil
from nautilus_lighter_nonce.loopback.wire.session import Session


BOOK_BATCH_S: Final = 0.05  # order-book frames come in 50 ms batches (docs)
SNAPSHOT: Final = "subscribed/"


class Venue(Protocol):
    """What a broadcast needs of its venue."""

    @property
    def config(self) -> VenueConfig:
        """The config, as last changed."""

    def now_ns(self) -> int:
        """Return the venue's time, UNIX nanoseconds."""


class Broadcast:
    """
    The channels of one venue and their subscribers.

    Parameters
    ----------
    venue : Venue
        The venue.
    streams : Streams
        Builds the frames.
    levers : Levers
        The armed levers.

    """

    def __init__(self, venue: Venue, streams: Streams, levers: Levers) -> None:
        self._venue = venue
        self._streams = streams
        self._levers = levers
        self._subscribers: dict[Channel, set[Session]] = {}
        self._dirty_books: set[int] = set()

    def subscribe(self, session: Session, channel: Channel) -> None:
        """Add a subscriber and send it the channel's snapshot."""
        self._subscribers.setdefault(channel, set()).add(session)
        text = self._streams.snapshot(channel, self._venue.now_ns())
        self._send(channel, text, SNAPSHOT + channel.name, (session,))

    def unsubscribe(self, session: Session, channel: Channel) -> None:
        """Remove a subscriber."""
        subscribers = self._subscribers.get(channel, set())
        subscribers.discard(session)
        if not subscribers:
            self._subscribers.pop(channel, None)

    def tell(self, happening: Happening) -> None:
        """Send the frames that tell of something that happened."""
        if not self._subscribers:
            return
        for channel, text in self._streams.updates(happening, self._subscribers):
            self._update(channel, text)
        self._mark_books(happening)

    def tell_height(self) -> None:
        """Send the block height."""
        if HEIGHT in self._subscribers:
            self._update(HEIGHT, self._streams.height_update(self._venue.now_ns()))

    # -- BOOKS ------------------------------------------------------------------------------------

    def _mark_books(self, happening: Happening) -> None:
        markets = {order.market_id for order in happening.changes.orders}
        if happening.market_id is not None:
            markets.add(happening.market_id)
        wanted = {m for m in markets if Channel("order_book", m) in self._subscribers}
        if wanted and not self._dirty_books:
            asyncio.get_running_loop().call_later(BOOK_BATCH_S, self._send_books)
        self._dirty_books |= wanted

    def _send_books(self) -> None:
        dirty, self._dirty_books = self._dirty_books, set()
        for market_id in dirty:
            text = self._streams.book_update(market_id, self._venue.now_ns())
            if text is not None:
                self._update(Channel("order_book", market_id), text)

    # -- FRAMES -----------------------------------------------------------------------------------

    def _update(self, channel: Channel, text: str) -> None:
        self._send(channel, text, channel.name, self._subscribers.get(channel, ()))

    def _send(self, channel: Channel, text: str, name: str, sessions: Collection[Session]) -> None:
        data = text.encode()
        is_private = channel.account_index is not None
        lag_s = self._venue.config.stream_lag_ms / 1_000 if is_private else 0.0
        if self._levers.has(Stage.FRAME):
            self._send_bent(channel, data, name, sessions, lag_s)
            return
        for session in sessions:
            session.show(channel, data, lag_s)

    def _send_bent(
        self,
        channel: Channel,
        data: bytes,
        name: str,
        sessions: Collection[Session],
        lag_s: float,
    ) -> None:
        numbers = [session.number for session in sessions]
        lever = self._levers.pull_frame(name, channel.account_index, numbers)
        for session in sessions:
            if lever is None or lever.connection not in (None, session.number):
                session.show(channel, data, lag_s)
                continue
            match lever.fault:
                case Fault.FRAME_DELAY:
                    session.show(channel, data, lag_s + lever.wait_ms / 1_000)
                case Fault.FRAME_DOUBLE:
                    session.show(channel, data, lag_s)
                    session.show(channel, data, lag_s)
                case Fault.FRAME_UNREADABLE:
                    session.show(channel, spoil(lever.body, data), lag_s)
                case _:
                    pass  # dropped
