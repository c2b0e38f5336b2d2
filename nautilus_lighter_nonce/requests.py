"""`TxRequest`: what the dispatcher must know of a transaction, and whom it tells its outcome."""

from __future__ import annotations

from abc import ABC
from abc import abstractmethod

from nautilus_lighter_nonce import events
from nautilus_lighter_nonce.lighter.transactions import TxIntent


class TxRequest(ABC):
    """
    One transaction as its owner sees it: what to send, and what to do with each outcome.

    Exactly one of `on_accepted`, `on_refused` and `on_given_up` ends a request, unless its outcome
    stays unknown: then `on_unknown` was called, and the truth comes from the private streams.
    """

    label: str = "transaction"

    @abstractmethod
    def intent(self) -> TxIntent | None:
        """
        Return what to sign; ``None`` if that is not known yet (`TxDispatcher.wake` later).

        While it is not known, everything behind it waits. An error gives the request up.
        """

    def allows_resend(self) -> bool:
        """Return whether a nonce fault may be mended by sending this again."""
        return True

    def repeats_safely(self) -> bool:
        """Return whether doing it twice is the same as doing it once, as for a cancel."""
        return False

    def on_bound(self) -> None:  # noqa: B027 (most requests have nothing to tell)
        """A nonce was taken for the first time: from here on the venue may see it."""

    @abstractmethod
    def on_accepted(self, event: events.TxAccepted) -> None:
        """The API took it; what the sequencer makes of it, the private streams tell."""

    @abstractmethod
    def on_refused(self, event: events.TxRefused) -> None:
        """The venue refused it for a reason of its own."""

    @abstractmethod
    def on_given_up(self, reason: str, *, was_bound: bool) -> None:
        """It is certainly not at the venue and is not sent any more."""

    @abstractmethod
    def on_unknown(self, tx_hash: str) -> None:
        """Nobody knows; called once, when silence begins."""

    @abstractmethod
    def on_vanished(self) -> None:
        """The API took it, but the sequencer did not execute it, nor spend its nonce."""
