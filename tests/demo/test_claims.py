"""Claims: every status of Nautilus has its word for the judge, and no order another index."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from nautilus_trader.model.enums import OrderStatus
from nautilus_trader.model.identifiers import ClientOrderId
from nautilus_trader.model.objects import Quantity

from nautilus_lighter_nonce.demo.claims import Claim
from nautilus_lighter_nonce.demo.claims import as_told
from nautilus_lighter_nonce.demo.claims import claim_of
from nautilus_lighter_nonce.demo.claims import told_of
from nautilus_lighter_nonce.loopback.venue.judgement import Told
from nautilus_lighter_nonce.loopback.venue.judgement import claims_of
from nautilus_lighter_nonce.translate.intents import client_order_index


FULL = Decimal("0.1")


class StubOrder:
    """What the claim of an order reads of it."""

    def __init__(self, value: str) -> None:
        self.value = value
        self.client_order_id = ClientOrderId(value)
        self.filled_qty = Quantity.from_str("0.1")

    def status_string(self) -> str:
        """Return the status."""
        return "FILLED"


@pytest.mark.parametrize("status", OrderStatus.__members__)
def test_told_of_every_status_is_open_ended_or_nothing(status: str) -> None:
    """No status of an order that lives or has ended passes for silence."""
    is_silent = status in {"INITIALIZED", "SUBMITTED", "EMULATED", "RELEASED", "VOIDED"}
    assert (told_of(status) is Told.IN_FLIGHT) == is_silent


def test_claim_of_order_is_its_status_and_what_is_filled() -> None:
    """What the node says of an order is what its cache holds."""
    order = StubOrder("O-20251125-090000-001-001-7")
    said = claim_of(order)
    assert (said.client_order_id, said.status, said.filled) == (order.value, "FILLED", FULL)
    assert said.index == client_order_index(ClientOrderId(order.value))


@pytest.mark.parametrize(
    ("status", "told"),
    [
        ("ACCEPTED", Told.OPEN),
        ("PENDING_UPDATE", Told.OPEN),
        ("FILLED", Told.FILLED),
        ("REJECTED", Told.REJECTED),
        ("DENIED", Told.DENIED),
        ("CANCELED", Told.CANCELED),
        ("EXPIRED", Told.EXPIRED),
    ],
)
def test_told_of_a_status_is_the_judges_word_for_it(status: str, told: Told) -> None:
    """A wrong word would make the judge find the node wrong, or not."""
    assert told_of(status) is told


def test_as_told_of_a_claim_is_one_the_judge_takes() -> None:
    """The row is a claim of the venue's `POST /ledger`, field for field."""
    (taken,) = claims_of([as_told(Claim("O-42", 42, "CANCELED", FULL), 700)])
    assert msgspec.to_builtins(taken) == msgspec.to_builtins(taken) | {
        "account_index": 700,
        "client_order_index": 42,
        "told": "canceled",
        "filled": "0.1",
    }


def test_as_told_of_a_tiny_fill_has_no_exponent() -> None:
    """The venue takes plain decimals only."""
    assert as_told(Claim("O-42", 42, "FILLED", Decimal("1E-8")), 700)["filled"] == "0.00000001"
