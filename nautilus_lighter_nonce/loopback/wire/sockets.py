"""
All WebSockets of a venue, by their numbers, and what may befall them together.

Rules of this file
------------------
- A socket that has gone stays known while a line of it holds something: a release reaches it.
"""

from __future__ import annotations

from nautilus_lighter_nonce.loopback.venue.faults import Direction
from nautilus_lighter_nonce.loopback.wire.session import Session


class Sockets:
    """The sessions of a venue."""

    def __init__(self) -> None:
        self._sessions: dict[int, Session] = {}

    def add(self, session: Session) -> None:
        """Take in a session."""
        self._forget_gone()
        self._sessions[session.number] = session

    def open(self) -> list[Session]:
        """Return the sessions whose sockets are open."""
        return [s for s in self._sessions.values() if not s.connection.is_over]

    def hold(self, direction: Direction, connection: int | None, ms: float | None) -> None:
        """
        Hold what passes a socket, or all that are open now.

        Raises
        ------
        KeyError
            If there is no such open connection.

        """
        for session in self._named(connection):
            session.connection.hold(direction, ms)

    def half_open(self, connection: int | None) -> None:
        """
        Let a socket, or all that are open now, be dead without a close.

        Raises
        ------
        KeyError
            If there is no such open connection.

        """
        for session in self._named(connection):
            session.connection.half_open()

    def release(self, connection: int | None) -> None:
        """
        Let go what a socket holds, or all of them, also those that have gone.

        Raises
        ------
        KeyError
            If there is no such connection, or it has gone and holds nothing.

        """
        self._forget_gone()
        sessions = [s for s in self._sessions.values() if connection in (None, s.number)]
        if connection is not None and not sessions:
            raise KeyError(f"connection {connection}")
        for session in sessions:
            session.connection.release()

    def shut_down(self, ms: float, *, announced: bool) -> None:
        """Close all sockets that are open now after a grace, announced or not."""
        for session in self.open():
            session.connection.shut_down(ms, announced=announced)

    def check_tokens(self) -> None:
        """End the channels whose tokens are no longer good."""
        for session in self.open():
            session.check_tokens()

    def cut(self) -> None:
        """Cut all sockets without a word."""
        for session in self.open():
            session.connection.abort()

    def forget(self) -> None:
        """Cut all sockets, and lose what they hold: the venue ends."""
        for session in self._sessions.values():
            session.connection.half_open()
        self.cut()

    def _named(self, connection: int | None) -> list[Session]:
        sessions = [s for s in self.open() if connection in (None, s.number)]
        if connection is not None and not sessions:
            raise KeyError(f"connection {connection}")
        return sessions

    def _forget_gone(self) -> None:
        self._sessions = {
            number: session
            for number, session in self._sessions.items()
            if not session.connection.is_over or session.connection.is_held
        }
