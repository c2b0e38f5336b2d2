"""`TxRequest`: what the dispatcher must know of a transaction, and whom it tells its outcome."""

from __future__ import annotations

from abc import ABC
from abc import abstractmethod
from collections.abc import Hashable

from nautilus_lighter_nonce.lighter.codes import TxType
from nautilus_lighter_nonce.lighter.transactions import TxIntent
from nautilus_lighter_nonce.outbox.work import Proof


class TxRequest(ABC):
    """
    One transaction as its owner sees it: what to send, and what to do with each outcome.

    Exactly one of `on_alive`, `on_reverted`, `on_refused`, `on_given_up` and `on_dropped` ends a
    request, and only once that outcome is proved; silence ends nothing.
    """

    label: str = "transaction"
    tx_type: TxType = TxType.CREATE_ORDER

    @abstractmethod
    def intent(self) -> TxIntent | None:
        """
        Return what to sign; ``None`` if that is not known yet (`TxDispatcher.wake` later).

        An error refuses the request: nothing is sent.
        """

    def order(self) -> Hashable | None:
        """Return what its transactions keep their order by, ``None`` if it stands alone."""
        return None

    def order_id(self) -> str:
        """Return the client order id that it belongs to, for events; empty if there is none."""
        return ""

    def order_ids(self) -> tuple[str, ...]:
        """Return the client order ids of all orders whose state depends on its outcome."""
        order_id = self.order_id()
        return (order_id,) if order_id else ()

    def allows_resend(self) -> bool:
        """Return whether a nonce fault may be mended by sending this again."""
        return True

    def repeats_safely(self) -> bool:
        """Return whether doing it twice is the same as doing it once, as for a cancel."""
        return False

    def undo(self) -> TxRequest | None:
        """Return what cancels it, should it live after it was given up; ``None`` for nothing."""
        return None

    def on_bound(self) -> None:  # noqa: B027 (most requests have nothing to tell)
        """A nonce was taken for the first time: from here on the venue may see it."""

    @abstractmethod
    def on_alive(self, proof: Proof) -> None:
        """The venue executed it; `proof` says whether its order's frame or a record showed that."""

    @abstractmethod
    def on_reverted(self, code: int, message: str) -> None:
        """The venue executed it, and refused what it asked for."""

    @abstractmethod
    def on_refused(self, code: int, message: str) -> None:
        """The venue refused it for a reason of its own; code 0: we did, before it was sent."""

    @abstractmethod
    def on_given_up(self, reason: str, *, was_bound: bool) -> None:
        """It is certainly not at the venue and is not sent any more."""

    @abstractmethod
    def on_dropped(self, reason: str) -> None:
        """The API took it, and it was proved never to be executed."""
