"""
`ClientRequest`: what all requests of the client have in common.

Rule of this file, and of `submits` and `changes`: outcome policy only. No nonce, no wire, no
awaiting. An order is denied before it was ever bound, rejected only on positive evidence, and left
in flight on silence.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import NamedTuple

from nautilus_lighter_nonce.dispatch.dispatcher import TxDispatcher
from nautilus_lighter_nonce.dispatch.requests import TxRequest
from nautilus_lighter_nonce.orders.look_ups import LookUps
from nautilus_lighter_nonce.orders.order_events import OrderEvents
from nautilus_lighter_nonce.orders.tracker import OrderTracker
from nautilus_lighter_nonce.outbox.work import Proof


class Parties(NamedTuple):
    """
    Whom requests turn to.

    Parameters
    ----------
    tracker : OrderTracker
        Ends orders.
    events : OrderEvents
        Tells what becomes of commands.
    look_ups : LookUps
        Takes orders that a record has shown, and no frame.
    dispatcher : TxDispatcher
        Takes requests that go again.

    """

    tracker: OrderTracker
    events: OrderEvents
    look_ups: LookUps
    dispatcher: TxDispatcher


class ClientRequest(TxRequest):
    """
    Base of the client's requests.

    Parameters
    ----------
    parties : Parties
        Whom it turns to.

    """

    def __init__(self, parties: Parties) -> None:
        self._parties = parties

    def on_refused(self, code: int, message: str) -> None:
        """Report the venue's refusal, or our own if nothing was sent."""
        self.fail(_reason(code, message))

    def on_dropped(self, reason: str) -> None:
        """Report what the venue took and then dropped."""
        self.fail(f"{reason}: it expired, or was short of margin")

    def on_reverted(self, code: int, message: str) -> None:
        """Report what the API took and the sequencer refused."""
        self.fail(_reason(code, message))

    def on_alive(self, proof: Proof) -> None:
        """Look up what only a record has shown, unless its frame comes meanwhile."""
        if proof is not Proof.FRAME:
            self.look_up()

    @abstractmethod
    def look_up(self) -> None:
        """Have read what the private streams have not told, though the sequencer executed it."""

    @abstractmethod
    def fail(self, reason: str) -> None:
        """Tell the strategy that the command did not happen."""


def _reason(code: int, message: str) -> str:
    return f"{code}: {message}" if code else message
