"""
What a node says of an order, in the words of the venue's judge.

Rule of this file: it translates, one order at a time; what is true is for the judge to say.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from typing import Final

import msgspec

from nautilus_lighter_nonce.loopback.venue.judgement import Told
from nautilus_lighter_nonce.translate.intents import client_order_index


_TOLD: Final = {
    "ACCEPTED": Told.OPEN,
    "PARTIALLY_FILLED": Told.OPEN,
    "PENDING_CANCEL": Told.OPEN,
    "PENDING_UPDATE": Told.OPEN,
    "TRIGGERED": Told.OPEN,
    "FILLED": Told.FILLED,
    "REJECTED": Told.REJECTED,
    "DENIED": Told.DENIED,
    "CANCELED": Told.CANCELED,
    "EXPIRED": Told.EXPIRED,
}


class Claim(msgspec.Struct, frozen=True):
    """
    What the node says of one order.

    Parameters
    ----------
    client_order_id : str
        The order in Nautilus.
    index : int
        Its client order index at the venue.
    status : str
        The name of its Nautilus order status.
    filled : Decimal
        Its filled quantity.

    """

    client_order_id: str
    index: int
    status: str
    filled: Decimal


def claim_of(order: Any) -> Claim:
    """Return what the node says of a Nautilus order."""
    return Claim(
        order.client_order_id.value,
        client_order_index(order.client_order_id),
        order.status_string(),
        order.filled_qty.as_decimal(),
    )


def told_of(status: str) -> Told:
    """
    Return what the strategy of an order was told.

    Parameters
    ----------
    status : str
        The name of the order's Nautilus status. Of an order that is not known to live (INITIALIZED,
        SUBMITTED, EMULATED, RELEASED) it was told nothing; VOIDED is no word for one at Lighter.

    """
    return _TOLD.get(status, Told.IN_FLIGHT)


def as_told(claim: Claim, account_index: int) -> dict[str, Any]:
    """
    Return a claim as ``POST /ledger`` takes it.

    Parameters
    ----------
    claim : Claim
        What the node says.
    account_index : int
        The account that the order is of.

    """
    return {
        "account_index": account_index,
        "client_order_index": claim.index,
        "told": told_of(claim.status).value,
        "filled": f"{claim.filled:f}",
    }
