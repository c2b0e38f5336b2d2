"""
What is done to an order that exists: cancel, modify, cancel-all, and what each outcome means.

Rules
-----
- See `requests`.
- A change fails alone, and only while its order lives.
- A change whose order the venue did not find waits until the venue shows the order.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Hashable

from nautilus_lighter_nonce.lighter.codes import Code
from nautilus_lighter_nonce.lighter.codes import TxType
from nautilus_lighter_nonce.lighter.transactions import CancelAllOrders
from nautilus_lighter_nonce.lighter.transactions import CancelOrder
from nautilus_lighter_nonce.lighter.transactions import ModifyOrder
from nautilus_lighter_nonce.lighter.transactions import TxIntent
from nautilus_lighter_nonce.orders.look_ups import Unless
from nautilus_lighter_nonce.orders.requests import ClientRequest
from nautilus_lighter_nonce.orders.requests import Parties
from nautilus_lighter_nonce.orders.tracker import TrackedOrder


class ObsoleteError(Exception):
    """There is nothing left that a command could change."""


class ChangeRequest(ClientRequest):
    """
    Base of what is done to one order.

    Parameters
    ----------
    parties : Parties
        Whom it turns to.
    tracked : TrackedOrder
        The order.
    label : str
        For logs.

    """

    def __init__(self, parties: Parties, tracked: TrackedOrder, label: str) -> None:
        super().__init__(parties)
        self.tracked = tracked
        self.label = f"{label} of {tracked.client_order_id}"
        self._is_after_acceptance = False

    def order(self) -> Hashable | None:
        """Return the order that it must not overtake."""
        return self.order_id()

    def order_id(self) -> str:
        """Return the client order id."""
        return str(self.tracked.client_order_id.value)

    def intent(self) -> TxIntent | None:
        """
        Return what to sign.

        Raises
        ------
        ObsoleteError
            If the order has ended.

        """
        if self.tracked.is_done:
            raise ObsoleteError("the order has ended")
        self._is_after_acceptance = self.tracked.is_accepted
        return self.change()

    @abstractmethod
    def change(self) -> TxIntent:
        """Return the change in venue units, naming the venue's order index once that is known."""

    @abstractmethod
    def reject(self, reason: str) -> None:
        """Tell the strategy that the change of a living order did not happen."""

    def on_reverted(self, code: int, message: str) -> None:
        """
        Try again once the venue shows the order, if it had not when this was sent; else report.

        A nonce fault may have made the order arrive after its own change.
        """
        is_too_early = code == Code.INVALID_ORDER_INDEX and not self._is_after_acceptance
        if not is_too_early or self.tracked.is_done:
            super().on_reverted(code, message)
        elif self.tracked.is_accepted:
            self._parties.dispatcher.submit(self)
        else:
            self.tracked.held.append(self)

    def on_given_up(self, reason: str, *, was_bound: bool) -> None:
        """Tell the strategy that the change is not on its way."""
        self.fail(reason)

    def look_up(self) -> None:
        """Have the order read, unless its end is shown meanwhile; only a record tells else."""
        if not self.tracked.is_done:
            self._parties.look_ups.want_later(self.tracked.client_order_id, Unless.ENDED)

    def fail(self, reason: str) -> None:
        """Reject the change, unless the order has ended meanwhile."""
        if not self.tracked.is_done:
            self.reject(reason)


class CancelRequest(ChangeRequest):
    """
    A cancel of one order.

    Parameters
    ----------
    parties, tracked
        As for `ChangeRequest`.
    market_index : int
        Its market.

    """

    tx_type = TxType.CANCEL_ORDER

    def __init__(self, parties: Parties, tracked: TrackedOrder, market_index: int) -> None:
        super().__init__(parties, tracked, "cancel")
        self._market_index = market_index

    def repeats_safely(self) -> bool:
        """Return that an order canceled twice is canceled."""
        return True

    def change(self) -> TxIntent:
        """Return the cancel."""
        return CancelOrder(market_index=self._market_index, order_index=self.tracked.order_index)

    def fail(self, reason: str) -> None:
        """Reject the cancel: the order lives on."""
        self.tracked.is_cancel_wanted = False
        super().fail(reason)

    def reject(self, reason: str) -> None:
        """Tell the strategy that the order was not canceled."""
        self._parties.events.cancel_rejected(self.tracked.ids, self.tracked.venue_order_id, reason)


class ModifyRequest(ChangeRequest):
    """
    A new price or quantity for one order.

    Parameters
    ----------
    parties, tracked
        As for `ChangeRequest`.
    intent : ModifyOrder
        What to sign; its order index is replaced by the venue's once that is known.

    """

    tx_type = TxType.MODIFY_ORDER

    def __init__(self, parties: Parties, tracked: TrackedOrder, intent: ModifyOrder) -> None:
        super().__init__(parties, tracked, "modify")
        self._intent = intent
        self._number = tracked.modifies
        self._is_late = False

    def on_reverted(self, code: int, message: str) -> None:
        """Note that later modifies may have overtaken this one."""
        self._is_late = True
        super().on_reverted(code, message)

    def change(self) -> TxIntent:
        """
        Return the modify.

        Raises
        ------
        ObsoleteError
            If its order was not found in time, and a later modify says something else by now.

        """
        if self._is_late and self.tracked.modifies > self._number:
            raise ObsoleteError("a later modify replaced it")
        return ModifyOrder(
            market_index=self._intent.market_index,
            order_index=self.tracked.order_index,
            base_amount=self._intent.base_amount,
            price=self._intent.price,
        )

    def reject(self, reason: str) -> None:
        """Tell the strategy that the order was not changed."""
        self._parties.events.modify_rejected(self.tracked.ids, self.tracked.venue_order_id, reason)


class CancelAllRequest(ClientRequest):
    """
    A cancel-all of one market; its effect is reported order by order by the private stream.

    Parameters
    ----------
    parties : Parties
        Whom it turns to.
    market_index : int
        The market.
    cancels : list[CancelRequest]
        The single cancels this stands for: they tell each order's strategy of a refusal.

    """

    tx_type = TxType.CANCEL_ALL_ORDERS

    def __init__(self, parties: Parties, market_index: int, cancels: list[CancelRequest]) -> None:
        super().__init__(parties)
        self.label = f"cancel-all of market {market_index}"
        self._market_index = market_index
        self._cancels = cancels

    def order_ids(self) -> tuple[str, ...]:
        """Return the orders that it cancels."""
        return tuple(cancel.order_id() for cancel in self._cancels)

    def intent(self) -> TxIntent | None:
        """Return the cancel-all."""
        return CancelAllOrders(market_index=self._market_index)

    def look_up(self) -> None:
        """Have each order read whose end is not shown meanwhile."""
        for cancel in self._cancels:
            cancel.look_up()

    def on_given_up(self, reason: str, *, was_bound: bool) -> None:
        """Tell every strategy concerned."""
        self.fail(reason)

    def fail(self, reason: str) -> None:
        """Reject every cancel it stands for."""
        for cancel in self._cancels:
            cancel.fail(reason)
