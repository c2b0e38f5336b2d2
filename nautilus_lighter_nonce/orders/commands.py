"""
One `TxRequest` per Nautilus command: what to sign for it, and what each outcome means for it.

Rule of this file: outcome policy only. No nonce, no wire, no awaiting. An order is denied before
it was ever bound, rejected only on positive evidence, and left in flight on silence.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from collections.abc import Hashable
from typing import Any

from nautilus_trader.model.enums import TimeInForce

from nautilus_lighter_nonce.dispatch.requests import TxRequest
from nautilus_lighter_nonce.lighter.codes import Code
from nautilus_lighter_nonce.lighter.codes import TxType
from nautilus_lighter_nonce.lighter.transactions import CancelAllOrders
from nautilus_lighter_nonce.lighter.transactions import CancelOrder
from nautilus_lighter_nonce.lighter.transactions import CreateOrder
from nautilus_lighter_nonce.lighter.transactions import ModifyOrder
from nautilus_lighter_nonce.lighter.transactions import TxIntent
from nautilus_lighter_nonce.orders.tracker import OrderTracker
from nautilus_lighter_nonce.orders.tracker import TrackedOrder
from nautilus_lighter_nonce.outbox.work import Proof


class ObsoleteError(Exception):
    """There is nothing left that a command could change."""


def _reason(code: int, message: str) -> str:
    return f"{code}: {message}" if code else message


class ClientRequest(TxRequest):
    """
    Base of the client's requests.

    Parameters
    ----------
    client : LighterExecutionClient
        Whose `generate_order_...` methods publish events, and who looks unknown outcomes up.
    tracker : OrderTracker
        Our orders.

    """

    def __init__(self, client: Any, tracker: OrderTracker) -> None:
        self._client = client
        self._tracker = tracker

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
        """Fetch what only a record has shown, unless its frame comes meanwhile."""
        if proof is not Proof.FRAME and not self.is_settled():
            self._client.fetch_unless_settled(self)

    @abstractmethod
    def is_settled(self) -> bool:
        """Return whether the private streams have told the outcome."""

    @abstractmethod
    def fetch(self) -> None:
        """Fetch what the private stream did not show, though the sequencer executed it."""

    @abstractmethod
    def fail(self, reason: str) -> None:
        """Tell the strategy that the command did not happen."""


class SubmitRequest(ClientRequest):
    """
    A new order.

    Parameters
    ----------
    client, tracker
        As for `ClientRequest`.
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
        client: Any,
        tracker: OrderTracker,
        tracked: TrackedOrder,
        intent: CreateOrder | None,
        market_intent: Callable[[], CreateOrder | None] | None = None,
        may_resend: bool = True,
    ) -> None:
        super().__init__(client, tracker)
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
        return UndoRequest(self._client, self._tracker, self.tracked, self._intent.market_index)

    def on_bound(self) -> None:
        """From here on the venue may see the order."""
        self._client.generate_order_submitted(
            self.tracked.strategy_id,
            self.tracked.instrument_id,
            self.tracked.client_order_id,
            ts_event=self._client.now_ns(),
        )

    def on_given_up(self, reason: str, *, was_bound: bool) -> None:
        """Deny what was never sent, reject what is proved absent; cancel if that was asked."""
        if self.tracked.is_cancel_wanted:
            self._tracker.cancel_unsent(self.tracked)
        elif was_bound:
            self._tracker.reject(self.tracked, reason)
        else:
            self._tracker.deny(self.tracked, reason)

    def fail(self, reason: str) -> None:
        """Reject the order."""
        self._tracker.reject(self.tracked, reason)

    def is_settled(self) -> bool:
        """Return whether the venue has shown us the order, or its end."""
        return self.tracked.is_accepted or self.tracked.is_done

    def fetch(self) -> None:
        """Fetch the order that the private stream did not show."""
        self._client.fetch_order(self.tracked)


class UndoRequest(ClientRequest):
    """A cancel of our own, for an order that lives although it was given up as too old."""

    tx_type = TxType.CANCEL_ORDER

    def __init__(
        self, client: Any, tracker: OrderTracker, tracked: TrackedOrder, market_index: int
    ) -> None:
        super().__init__(client, tracker)
        self.tracked = tracked
        self.label = f"cancel of the late {tracked.client_order_id}"
        self._market_index = market_index

    def intent(self) -> TxIntent | None:
        """Return the cancel."""
        return CancelOrder(market_index=self._market_index, order_index=self.tracked.order_index)

    def repeats_safely(self) -> bool:
        """Return that an order canceled twice is canceled."""
        return True

    def is_settled(self) -> bool:
        """Return whether the order has ended."""
        return bool(self.tracked.is_done)

    def fetch(self) -> None:
        """Fetch the order as it is now."""
        self._client.fetch_order(self.tracked)

    def on_given_up(self, reason: str, *, was_bound: bool) -> None:
        """Nobody asked for it: the order itself tells."""

    def fail(self, reason: str) -> None:
        """Nobody asked for it: the order itself tells."""


class ChangeRequest(ClientRequest):
    """
    Base of what is done to an order that exists: it fails alone, and only while the order lives.

    Parameters
    ----------
    client, tracker
        As for `ClientRequest`.
    tracked : TrackedOrder
        The order.
    label : str
        For logs.
    reject : Callable
        The client's method that tells the strategy of a refusal.

    """

    def __init__(
        self,
        client: Any,
        tracker: OrderTracker,
        tracked: TrackedOrder,
        label: str,
        reject: Callable[..., None],
    ) -> None:
        super().__init__(client, tracker)
        self.tracked = tracked
        self.label = f"{label} of {tracked.client_order_id}"
        self._reject = reject
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

    def on_reverted(self, code: int, message: str) -> None:
        """
        Try again once the venue shows the order, if it had not when this was sent; else report.

        A nonce fault may have made the order arrive after its own change.
        """
        is_too_early = code == Code.INVALID_ORDER_INDEX and not self._is_after_acceptance
        if is_too_early and not self.tracked.is_done:
            self._client.send_once_accepted(self)
        else:
            super().on_reverted(code, message)

    def on_given_up(self, reason: str, *, was_bound: bool) -> None:
        """Tell the strategy that the change is not on its way."""
        self.fail(reason)

    def is_settled(self) -> bool:
        """Return whether the order has ended; otherwise only a record can tell."""
        return bool(self.tracked.is_done)

    def fetch(self) -> None:
        """Fetch the order as it is now."""
        self._client.fetch_order(self.tracked)

    def fail(self, reason: str) -> None:
        """Reject the change, unless the order has ended meanwhile."""
        if not self.tracked.is_done:
            self._reject(
                self.tracked.strategy_id,
                self.tracked.instrument_id,
                self.tracked.client_order_id,
                venue_order_id=self.tracked.venue_order_id,
                reason=reason,
                ts_event=self._client.now_ns(),
            )


class CancelRequest(ChangeRequest):
    """
    A cancel of one order.

    Parameters
    ----------
    client, tracker, tracked
        As for `ChangeRequest`.
    market_index : int
        Its market.

    """

    tx_type = TxType.CANCEL_ORDER

    def __init__(
        self,
        client: Any,
        tracker: OrderTracker,
        tracked: TrackedOrder,
        market_index: int,
    ) -> None:
        reject = client.generate_order_cancel_rejected
        super().__init__(client, tracker, tracked, "cancel", reject)
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


class ModifyRequest(ChangeRequest):
    """
    A new price or quantity for one order.

    Parameters
    ----------
    client, tracker, tracked
        As for `ChangeRequest`.
    intent : ModifyOrder
        What to sign; its order index is replaced by the venue's once that is known.

    """

    tx_type = TxType.MODIFY_ORDER

    def __init__(
        self,
        client: Any,
        tracker: OrderTracker,
        tracked: TrackedOrder,
        intent: ModifyOrder,
    ) -> None:
        reject = client.generate_order_modify_rejected
        super().__init__(client, tracker, tracked, "modify", reject)
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


class CancelAllRequest(ClientRequest):
    """
    A cancel-all of one market; its effect is reported order by order by the private stream.

    Parameters
    ----------
    client, tracker
        As for `ClientRequest`.
    market_index : int
        The market.
    cancels : list[CancelRequest]
        The single cancels this stands for: they tell each order's strategy of a refusal.

    """

    tx_type = TxType.CANCEL_ALL_ORDERS

    def __init__(
        self,
        client: Any,
        tracker: OrderTracker,
        market_index: int,
        cancels: list[CancelRequest],
    ) -> None:
        super().__init__(client, tracker)
        self.label = f"cancel-all of market {market_index}"
        self._market_index = market_index
        self._cancels = cancels

    def is_settled(self) -> bool:
        """Return whether all orders it stands for have ended."""
        return all(cancel.is_settled() for cancel in self._cancels)

    def fetch(self) -> None:
        """Fetch the orders that should have ended."""
        for cancel in self._cancels:
            if not cancel.is_settled():
                cancel.fetch()

    def order_ids(self) -> tuple[str, ...]:
        """Return the orders that it cancels."""
        return tuple(cancel.order_id() for cancel in self._cancels)

    def intent(self) -> TxIntent | None:
        """Return the cancel-all."""
        return CancelAllOrders(market_index=self._market_index)

    def on_given_up(self, reason: str, *, was_bound: bool) -> None:
        """Tell every strategy concerned."""
        self.fail(reason)

    def fail(self, reason: str) -> None:
        """Reject every cancel it stands for."""
        for cancel in self._cancels:
            cancel.fail(reason)
