"""What all requests of the client have in common."""

from __future__ import annotations

from typing import Any

import pytest

from nautilus_lighter_nonce.orders.requests import ClientRequest
from nautilus_lighter_nonce.outbox.work import Proof
from tests.orders.party import Party


class Request(ClientRequest):
    """A request that writes down what its outcome was."""

    def __init__(self) -> None:
        super().__init__(Party().parties)
        self.failed: list[str] = []
        self.look_ups = 0

    def intent(self) -> Any:
        return None

    def on_given_up(self, reason: str, *, was_bound: bool) -> None:
        self.fail(reason)

    def look_up(self) -> None:
        self.look_ups += 1

    def fail(self, reason: str) -> None:
        self.failed.append(reason)


@pytest.mark.parametrize("proof", Proof)
def test_alive_is_looked_up_unless_a_frame_has_told_it(proof: Proof) -> None:
    """A record says that it was executed, and not what became of the order."""
    request = Request()
    request.on_alive(proof)
    assert request.look_ups == (proof is not Proof.FRAME)
    assert request.failed == []


def test_refusal_of_the_venue_is_told_with_its_code() -> None:
    """Whoever reads it can look the code up."""
    request = Request()
    request.on_refused(21706, "invalid order")
    request.on_reverted(21700, "no such order")
    assert request.failed == ["21706: invalid order", "21700: no such order"]


def test_refusal_of_our_own_is_told_without_a_code() -> None:
    """Nothing was sent: there is no code of the venue."""
    request = Request()
    request.on_refused(0, "no best ask")
    assert request.failed == ["no best ask"]


def test_dropped_is_told_with_what_it_may_have_been() -> None:
    """The venue says no reason of its own."""
    request = Request()
    request.on_dropped("accepted, then dropped by the venue")
    assert request.failed[0].startswith("accepted, then dropped by the venue: ")
