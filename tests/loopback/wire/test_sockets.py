"""All sockets of a venue: who is meant, who is still known, and what befalls all together."""

from __future__ import annotations

from typing import Any

import pytest

from nautilus_lighter_nonce.loopback.venue.faults import Direction
from nautilus_lighter_nonce.loopback.wire.session import Session
from nautilus_lighter_nonce.loopback.wire.sockets import Sockets


class Wire:
    """A connection without a socket, which notes what befalls it."""

    def __init__(self) -> None:
        self.is_over = False
        self.is_held = False
        self.befell: list[str] = []

    def hold(self, direction: Direction, ms: float | None) -> None:
        self.is_held = True
        self.befell.append(f"hold {direction.value} {ms}")

    def release(self) -> None:
        self.is_held = False
        self.befell.append("release")

    def half_open(self) -> None:
        self.befell.append("half open")

    def abort(self) -> None:
        self.befell.append("abort")

    def shut_down(self, ms: float, *, announced: bool) -> None:
        self.befell.append(f"shut down {ms} {announced}")


class Client(Session):
    """A session on such a wire."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.wire = Wire()
        wire: Any = self.wire
        self.connection = wire
        self.checked = 0

    def check_tokens(self) -> None:
        """Count a check."""
        self.checked += 1


def three() -> tuple[Sockets, list[Client]]:
    """Return three sockets, of which the second has gone."""
    sockets, clients = Sockets(), [Client(number) for number in (1, 2, 3)]
    for client in clients:
        sockets.add(client)
    clients[1].wire.is_over = True
    return sockets, clients


def test_open_are_those_that_have_not_gone() -> None:
    """In the order in which they came."""
    sockets, clients = three()
    assert sockets.open() == [clients[0], clients[2]]


@pytest.mark.parametrize(("connection", "befell"), [(None, [1, 0, 1]), (3, [0, 0, 1])])
def test_hold_and_half_open_reach_one_or_all_that_are_open(
    connection: int | None, befell: list[int]
) -> None:
    """Those that have gone are none of them."""
    sockets, clients = three()
    sockets.hold(Direction.IN, connection, 5)
    sockets.half_open(connection)
    assert [len(client.wire.befell) for client in clients] == [2 * count for count in befell]


@pytest.mark.parametrize("connection", [2, 9])
def test_hold_of_a_socket_that_is_not_open_raises(connection: int) -> None:
    """Gone, or never there."""
    sockets, _ = three()
    for act in (sockets.half_open, lambda c: sockets.hold(Direction.IN, c, None)):
        with pytest.raises(KeyError, match=f"connection {connection}"):
            act(connection)


def test_release_reaches_one_that_has_gone_and_still_holds() -> None:
    """What it held arrives all the same; afterwards it is forgotten."""
    sockets, clients = three()
    clients[1].wire.is_held = True
    sockets.release(2)
    assert clients[1].wire.befell == ["release"]
    with pytest.raises(KeyError):
        sockets.release(2)


def test_release_of_all_raises_nothing() -> None:
    """Where nothing is held there is nothing to do."""
    Sockets().release(None)
    sockets, clients = three()
    sockets.release(None)
    assert [client.wire.befell for client in clients] == [["release"], [], ["release"]]


def test_whole_venue_acts_on_what_is_open() -> None:
    """Shutdown, token checks, a cut."""
    sockets, clients = three()
    sockets.shut_down(500, announced=True)
    sockets.check_tokens()
    sockets.cut()
    assert clients[0].wire.befell == clients[2].wire.befell == ["shut down 500 True", "abort"]
    assert [client.checked for client in clients] == [1, 0, 1]
    assert clients[1].wire.befell == []


def test_forget_loses_what_any_socket_holds() -> None:
    """The venue ends: also what has gone processes nothing more."""
    sockets, clients = three()
    clients[1].wire.is_held = True
    sockets.forget()
    assert clients[1].wire.befell == ["half open"]
    assert clients[0].wire.befell == ["half open", "abort"]
