"""
`SubmitRequest`: a new order, and what each outcome means for it; `UndoRequest`, its own cancel.

Rule of this file: see `requests`.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Hashable

from nautilus_trader.model.enums import TimeInForce

from nautilus_lighter_nonce.dispatch.requests import TxRequest
from nautilus_lighter_nonce.lighter.codes import TxType
from nautilus_lighter_nonce.lighter.transactions import CancelOrder
from nautilus_lighter_nonce.lighter.transactions import CreateOrder
from nautilus_lighter_nonce.lighter.transactions import TxIntent
from nautilus_lighter_nonce.orders.look_ups import Unless
from nautilus_lighter_nonce.orders.requests import ClientRequest
from nautilus_lighter_nonce.orders.requests import Parties
from nautilus_lighter_nonce.orders.tracker import TrackedOrder


class SubmitRequest(ClientRequest):
    """
    A new order.

    Parameters
    ----------
    parties : Parties
        Whom it turns to.
    tracked : TrackedOrder
        The order.
    intent : CreateOrder, optional
        What to sign; ``None`` for a market order, whose price is taken when it is bound.
    market_intent : Callable[[], CreateOrder or None], optional
        Builds the intent of a market order once there is a quote.
    may_resend : bool, default True
        Whether a nonce fault may be mended by resending (`SubmitOrder.params`, `nonce_resend`).

    """

    def __init__(
        self,
        parties: Parties,
        tracked: TrackedOrder,
        intent: CreateOrder | None,
        market_intent: Callable[[], CreateOrder | None] | None = None,
        may_resend: bool = True,
    ) -> None:
        super().__init__(parties)
        self.tracked = tracked
        self.label = f"order {tracked.client_order_id}"
        self._intent = intent
        self._market_intent = market_intent
        self._may_resend = may_resend

    def intent(self) -> TxIntent | None:
        """Return the order in venue units; a market order is priced at its first binding."""
        if self._intent is None and self._market_intent is not None:
            self._intent = self._market_intent()
        return self._intent

    def order(self) -> Hashable | None:
        """Return the order that its changes must not overtake."""
        return self.order_id()

    def order_id(self) -> str:
        """Return the client order id."""
        return str(self.tracked.client_order_id.value)

    def allows_resend(self) -> bool:
        """Return the order's own policy; one that is to be canceled is never sent again."""
        return self._may_resend and not self.tracked.is_cancel_wanted

    def undo(self) -> TxRequest | None:
        """Return a cancel, should it live after it was given up; an immediate order needs none."""
        if self.tracked.order.time_in_force == TimeInForce.IOC or self._intent is None:
            return None
        return UndoRequest(self._parties, self.tracked, self._intent.market_index)

    def on_bound(self) -> None:
        """From here on the venue may see the order."""
        self._parties.events.submitted(self.tracked.ids)

    def on_given_up(self, reason: str, *, was_bound: bool) -> None:
        """Deny what was never sent, reject what is proved absent; cancel if that was asked."""
        if self.tracked.is_cancel_wanted:
            self._parties.tracker.cancel_unsent(self.tracked)
        elif was_bound:
            self._parties.tracker.reject(self.tracked, reason)
        else:
            self._parties.tracker.deny(self.tracked, reason)

    def fail(self, reason: str) -> None:
        """Reject the order."""
        self._parties.tracker.reject(self.tracked, reason)

    def look_up(self) -> None:
        """Have the order read, unless the venue shows it meanwhile."""
        if not self.tracked.is_settled:
            self._parties.look_ups.want_later(self.tracked.client_order_id, Unless.SHOWN)


class UndoRequest(ClientRequest):
    """
    A cancel of our own, for an order that lives although it was given up as too old.

    Parameters
    ----------
    parties : Parties
        Whom it turns to.
    tracked : TrackedOrder
        The order.
    market_index : int
        Its market.

    """

    tx_type = TxType.CANCEL_ORDER

    def __init__(self, parties: Parties, tracked: TrackedOrder, market_index: int) -> None:
        super().__init__(parties)
        self.tracked = tracked
        self.label = f"cancel of the late {tracked.client_order_id}"
        self._market_index = market_index

    def intent(self) -> TxIntent | None:
        """Return the cancel."""
        return CancelOrder(market_index=self._market_index, order_index=self.tracked.order_index)

    def repeats_safely(self) -> bool:
        """Return that an order canceled twice is canceled."""
        return True

    def look_up(self) -> None:
        """Have the order read, unless its end is shown meanwhile."""
        if not self.tracked.is_done:
            self._parties.look_ups.want_later(self.tracked.client_order_id, Unless.ENDED)

    def on_given_up(self, reason: str, *, was_bound: bool) -> None:
        """Nobody asked for it: the order itself tells."""

    def fail(self, reason: str) -> None:
        """Nobody asked for it: the order itself tells."""
