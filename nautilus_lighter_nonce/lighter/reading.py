"""
`FrameReader`: takes what a connection brought, hands it on, and says what the stream has to do.

Rules of this file
------------------
- Nothing that a frame contains, and nothing that a listener does with it, ends the reader: it is
  logged once per kind, and the next frame is read.
- A reply is matched by the `id` that its request carried, never by order and never by text. An
  error without `id` belongs to no transaction; whoever decides is told whether it may be one's.
- A refused token ended private channels, of which the venue names none: all begin anew.
- It writes nothing and ends no connection: that is the stream's.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

import msgspec

from nautilus_lighter_nonce.lighter import frames
from nautilus_lighter_nonce.lighter.codes import Code
from nautilus_lighter_nonce.lighter.frames import StreamReply
from nautilus_lighter_nonce.lighter.remarks import OncePerKind
from nautilus_lighter_nonce.lighter.remarks import StreamLog
from nautilus_lighter_nonce.lighter.schemas import ErrorBody
from nautilus_lighter_nonce.lighter.schemas import Frame
from nautilus_lighter_nonce.lighter.subscriptions import Subscriptions


class Listeners(msgspec.Struct, frozen=True, kw_only=True):
    """
    Who takes what a stream brings.

    Parameters
    ----------
    on_reply : Callable[[StreamReply], None]
        Takes every reply that carries an `id`.
    on_frame : Callable[[str, str, bytes, int], None]
        Takes type, channel, raw bytes and epoch of every channel frame.
    on_connected : Callable[[int], None]
        Takes the epoch once its channels are confirmed.
    on_disconnected : Callable[[int], None]
        Takes the epoch that ended, once for each `on_connected` and after its last frame.
    on_anonymous : Callable[[int, str, int, bool], None], optional
        Takes code, message and epoch of an error without `id`, and whether nobody subscribes there.
    on_token_refused : Callable[[int, str], None], optional
        Takes code and message of a refused token; the next attempt makes another.

    """

    on_reply: Callable[[StreamReply], None]
    on_frame: Callable[[str, str, bytes, int], None]
    on_connected: Callable[[int], None]
    on_disconnected: Callable[[int], None]
    on_anonymous: Callable[[int, str, int, bool], None] | None = None
    on_token_refused: Callable[[int, str], None] | None = None


class Wish(Enum):
    """What a frame makes the stream do."""

    KEEP = "hand it on once the connection is the present one"
    PONG = "answer a ping"
    LEAVE = "the connection was announced to end"
    RENEW = "private channels have ended"


class FrameReader:
    """
    Reads the frames of one stream.

    Parameters
    ----------
    listeners : Listeners
        Who takes what arrives.
    subscriptions : Subscriptions
        Who waits for confirmations.
    log : StreamLog
        Takes remarks.

    """

    def __init__(self, listeners: Listeners, subscriptions: Subscriptions, log: StreamLog) -> None:
        self._listeners = listeners
        self._subscriptions = subscriptions
        self._log = log
        self._once = OncePerKind(log)
        self.unreadable = 0

    def read(self, raw: bytes, epoch: int, *, is_early: bool = False) -> Wish | None:
        """
        Read one frame.

        Parameters
        ----------
        raw : bytes
            Whatever came.
        epoch : int
            The connection that it came on.
        is_early : bool, default False
            Whether that connection is still to become the present one.

        Returns
        -------
        Wish or ``None``

        """
        try:
            frame = frames.read_frame(raw)
        except Exception as error:  # noqa: BLE001 (whatever came, the next frame is read)
            self.unreadable += 1
            self._warn(f"Frame of {len(raw)} bytes was unreadable", "unreadable", error)
            return None
        if isinstance(frame, frames.DamagedFrame) and self._note_damage(frame).is_lost:
            return None
        try:
            return self._route(frame, raw, epoch, is_early=is_early)
        except Exception as error:  # noqa: BLE001 (whatever a frame says, the next is read)
            self._warn(f"Frame {frame.type[:40]!r} was not handled", frame.type[:40], error)
            return None

    def _note_damage(self, frame: frames.DamagedFrame) -> frames.DamagedFrame:
        self.unreadable += 1
        names = ", ".join(frame.flaws)
        kind = f"{frame.type[:40]} {names}"
        self._once.warn(kind, f"Frame {frame.type[:40]!r} had unreadable fields: {names}")
        return frame

    def _warn(self, what: str, kind: str, error: Exception) -> None:
        name = type(error).__name__
        self._once.warn(f"{kind} {name} {str(error)[:60]}", f"{what}: {name}: {error}")

    def _route(self, frame: Frame, raw: bytes, epoch: int, *, is_early: bool) -> Wish | None:
        family, _, _ = frame.type.partition("/")
        if family in ("subscribed", "unsubscribed"):
            self._subscriptions.confirm(frame, epoch)
        if family in ("subscribed", "update"):
            if is_early:
                return Wish.KEEP
            self._listeners.on_frame(frame.type, frame.channel, raw, epoch)
        elif (reply := frames.reply_of(frame, epoch)) is not None:
            self._listeners.on_reply(reply)
        elif frame.error is not None or family == "jsonapi":
            return self._take_anonymous(frame, epoch, is_early=is_early)
        else:
            return self._take_other(family, frame.type)
        return None

    def _take_other(self, family: str, frame_type: str) -> Wish | None:
        if family == "ping":
            return Wish.PONG
        if family == "shutdown":
            self._log.warning("Stream was told that the venue will end this connection")
            return Wish.LEAVE
        if family not in ("connected", "pong", "unsubscribed"):
            kind = frame_type[:40]
            self._once.warn(f"unknown {kind}", f"Frame of unknown type {kind!r} was ignored")
        return None

    def _take_anonymous(self, frame: Frame, epoch: int, *, is_early: bool) -> Wish | None:
        is_alone = not self._subscriptions.is_owed(epoch)
        is_known = self._subscriptions.note_error(frame.error, epoch)
        error = frame.error or ErrorBody(code=frame.code or 0)
        self._log.warning(f"Answer without id belongs to no request: {error.code} {error.message}")
        if error.code == Code.INVALID_AUTH:
            if self._listeners.on_token_refused is not None:
                self._listeners.on_token_refused(error.code, error.message)
            return Wish.RENEW if self._subscriptions.has_private else None
        if not (is_early or is_known) and self._listeners.on_anonymous is not None:
            self._listeners.on_anonymous(error.code, error.message, epoch, is_alone)
        return None
