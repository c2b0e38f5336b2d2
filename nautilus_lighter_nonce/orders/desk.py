"""
The order desk: Nautilus commands in, transaction requests out.

Rules
-----
- Nothing here awaits: a command takes its place in its lane in the engine's own call.
- What cannot be sent is answered here, with field, value and remedy, before it has a place.
- An order that waits for its turn is canceled here, without asking the venue. So is one whose
  cancel comes first: Nautilus leads a submit through its risk engine, and a cancel past it.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable

from nautilus_trader.common.component import LiveClock
from nautilus_trader.common.component import Logger
from nautilus_trader.execution import messages
from nautilus_trader.model.enums import ContingencyType
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.enums import OrderType
from nautilus_trader.model.identifiers import ClientOrderId
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.instruments import Instrument
from nautilus_trader.model.orders import Order

from nautilus_lighter_nonce.component import LighterNonceComponent
from nautilus_lighter_nonce.core.decisions import LaneState
from nautilus_lighter_nonce.lighter.transactions import CreateOrder
from nautilus_lighter_nonce.orders.changes import CancelAllRequest
from nautilus_lighter_nonce.orders.changes import CancelRequest
from nautilus_lighter_nonce.orders.changes import ModifyRequest
from nautilus_lighter_nonce.orders.order_events import Ids
from nautilus_lighter_nonce.orders.prices import BestPrices
from nautilus_lighter_nonce.orders.requests import Parties
from nautilus_lighter_nonce.orders.submits import SubmitRequest
from nautilus_lighter_nonce.orders.tracker import TrackedOrder
from nautilus_lighter_nonce.providers import LighterInstrumentProvider
from nautilus_lighter_nonce.translate import intents
from nautilus_lighter_nonce.translate.intents import ParsingError
from nautilus_lighter_nonce.translate.intents import UnsupportedOrderError


class OrderDesk:
    """
    Turns the commands of one client into transaction requests.

    Parameters
    ----------
    parties : Parties
        Our orders, whom the answers to what cannot be sent are told, and who takes the requests.
    provider : LighterInstrumentProvider
        The instruments.
    component : LighterNonceComponent
        Knows whether the lane was halted.
    prices : BestPrices
        For market orders.
    key : tuple[int, int]
        (account_index, api_key_index).
    slippage_bps : int
        How far from the touch a market order may fill, basis points.
    clock : LiveClock
        The node's clock.
    log : Logger
        The client's logger.

    """

    def __init__(
        self,
        parties: Parties,
        provider: LighterInstrumentProvider,
        component: LighterNonceComponent,
        prices: BestPrices,
        key: tuple[int, int],
        slippage_bps: int,
        clock: LiveClock,
        log: Logger,
    ) -> None:
        self._parties = parties
        self._tracker = parties.tracker
        self._events = parties.events
        self._dispatcher = parties.dispatcher
        self._provider = provider
        self._component = component
        self._prices = prices
        self._key = key
        self._slippage_bps = slippage_bps
        self._clock = clock
        self._log = log
        self._early_cancels: set[ClientOrderId] = set()

    # -- SUBMIT -----------------------------------------------------------------------------------

    def submit(self, orders: Iterable[Order], params: dict[str, object] | None) -> None:
        """Send orders, several of them as a batch; deny with a reason what cannot be sent."""
        orders = [order for order in orders if not order.is_closed]
        if any(_depends(order) for order in orders) and self._deny_list(orders):
            return
        requests = (self._request_or_deny(order, params or {}) for order in orders)
        self._dispatcher.submit(*(request for request in requests if request is not None))

    def _deny_list(self, orders: list[Order]) -> bool:
        """Deny all orders of a dependent list if one cannot be sent: half a bracket is a risk."""
        for order in orders:
            try:
                self._translate(order)
            except ParsingError as e:
                leg = f"{order.client_order_id} ({order.type_string()})"
                for other in orders:
                    reason = f"the list is sent whole or not at all, and {leg} cannot be: {e}"
                    self._events.denied(_ids(other), reason)
                return True
        return False

    def _request_or_deny(self, order: Order, params: dict[str, object]) -> SubmitRequest | None:
        if order.client_order_id in self._early_cancels:
            self._early_cancels.remove(order.client_order_id)
            self._tracker.cancel_unsent(self._tracker.register(order))
            return None
        try:
            return self._request(order, params)
        except ParsingError as e:
            self._events.denied(_ids(order), str(e))
            return None

    def _request(self, order: Order, params: dict[str, object]) -> SubmitRequest:
        """Check, translate and remember an order; raises before anything is remembered."""
        intent, build = self._translate(order)
        tracked = self._tracker.register(order)
        may_resend = bool(params.get("nonce_resend", True))
        request = SubmitRequest(self._parties, tracked, intent, build, may_resend)
        tracked.submit = request
        return request

    def _translate(
        self, order: Order
    ) -> tuple[CreateOrder | None, Callable[[], CreateOrder | None]]:
        """Return the intent, none yet for a market order, and what builds it; raises."""
        self._check_lane()
        instrument = self._provider.find(order.instrument_id)
        if instrument is None:
            raise UnsupportedOrderError(
                "instrument_id", str(order.instrument_id), "use a perpetual that the venue lists"
            )
        if self._tracker.is_taken(order.client_order_id):
            raise UnsupportedOrderError(
                "client_order_id", str(order.client_order_id), "use another; its index is taken"
            )
        build = self._builder(order, instrument)
        return (None if order.order_type == OrderType.MARKET else build()), build

    def _builder(self, order: Order, instrument: Instrument) -> Callable[[], CreateOrder | None]:
        """Return what builds the intent: at once, or for a market order when it is bound."""
        now_ns = self._clock.timestamp_ns()
        market_index = self._provider.market_index(instrument.id)
        if order.order_type != OrderType.MARKET:
            return lambda: intents.create_intent(order, instrument, None, now_ns, market_index)
        intents.check_supported(order, now_ns)
        self._prices.watch(market_index)

        def build() -> CreateOrder | None:
            touch = self._prices.require(market_index, order.side)
            if touch is None:
                return None
            worst = intents.worst_price(
                touch, order.side, self._slippage_bps, instrument.price_precision
            )
            return intents.create_intent(order, instrument, worst, now_ns, market_index)

        return build

    def _check_lane(self) -> None:
        status = self._component.status(*self._key)
        if status.state is LaneState.HALTED:
            raise UnsupportedOrderError(
                "nonce lane", "halted", f"{status.halt_reason}; mend it, then restart the node"
            )

    # -- CANCEL -----------------------------------------------------------------------------------

    def cancel(self, commands: Iterable[messages.CancelOrder]) -> None:
        """Cancel orders, several of them as a batch, at the desk if they are not on their way."""
        found = (self._find_or_reject(command) for command in commands)
        self._cancel_each(tracked for tracked in found if tracked is not None)

    def _find_or_reject(self, command: messages.CancelOrder) -> TrackedOrder | None:
        tracked = self._tracker.find(command.client_order_id)
        if tracked is None and self._tracker.is_yet_to_come(command.client_order_id):
            self._keep_early(command.client_order_id)
        elif tracked is None:
            self._events.cancel_rejected(
                _ids(command), command.venue_order_id, "the order is not known, or has ended"
            )
        return tracked

    def _keep_early(self, client_order_id: ClientOrderId) -> None:
        """Remember a cancel until its order comes; forget those whose order will not come."""
        is_yet_to_come = self._tracker.is_yet_to_come
        self._early_cancels = {i for i in self._early_cancels if is_yet_to_come(i)}
        self._early_cancels.add(client_order_id)

    def cancel_all(self, command: messages.CancelAllOrders) -> None:
        """
        Cancel the strategy's orders in one market, each by itself, also those of earlier runs.

        Lighter's own cancel-all takes along whatever rests there for the account, whoever made it:
        it is used only where ``params={"native": True}`` asks for it.
        """
        wanted = self._tracker.live_of(command.strategy_id, command.instrument_id)
        if command.order_side != OrderSide.NO_ORDER_SIDE:
            wanted = [t for t in wanted if t.order.side == command.order_side]
        if (command.params or {}).get("native"):
            self._cancel_natively(command.instrument_id, wanted)
            return
        if not wanted:
            self._log.info(
                f"Nothing to cancel: {command.strategy_id} has no open order in "
                f"{command.instrument_id} on that side",
            )
        self._cancel_each(wanted)

    def _cancel_natively(self, instrument_id: InstrumentId, ours: list[TrackedOrder]) -> None:
        """Empty the account's market; what waits here is canceled here."""
        market_index = self._provider.market_index(instrument_id)
        sent = [tracked for tracked in ours if not self._cancel_here(tracked)]
        cancels = [self._cancel_request(tracked) for tracked in sent]
        self._dispatcher.submit(CancelAllRequest(self._parties, market_index, cancels))

    def _cancel_each(self, orders: Iterable[TrackedOrder]) -> None:
        sent = [tracked for tracked in orders if not self._cancel_here(tracked)]
        self._dispatcher.submit(*(self._cancel_request(tracked) for tracked in sent))

    def _cancel_request(self, tracked: TrackedOrder) -> CancelRequest:
        tracked.is_cancel_wanted = True
        market_index = self._provider.market_index(tracked.ids.instrument_id)
        return CancelRequest(self._parties, tracked, market_index)

    def _cancel_here(self, tracked: TrackedOrder) -> bool:
        """Cancel an order that waits for its turn, or for a resend, without asking the venue."""
        tracked.is_cancel_wanted = True  # however it ends from here on, that was asked for
        return tracked.submit is not None and self._dispatcher.cancel(tracked.submit)

    # -- MODIFY -----------------------------------------------------------------------------------

    def modify(self, command: messages.ModifyOrder) -> None:
        """Change price or quantity of one order."""
        tracked = self._tracker.find(command.client_order_id)
        if tracked is None:
            self._reject_modify(command, "the order is not known, or has ended")
            return
        instrument = self._provider.find(command.instrument_id)
        market_index = self._provider.market_index(command.instrument_id)
        try:
            intent = intents.modify_intent(command, tracked.order, instrument, market_index)
        except ParsingError as e:
            self._reject_modify(command, str(e))
            return
        tracked.modifies += 1
        self._dispatcher.submit(ModifyRequest(self._parties, tracked, intent))

    def _reject_modify(self, command: messages.ModifyOrder, reason: str) -> None:
        self._events.modify_rejected(_ids(command), command.venue_order_id, reason)


def _ids(whose: Order | messages.CancelOrder | messages.ModifyOrder) -> Ids:
    return Ids(whose.strategy_id, whose.instrument_id, whose.client_order_id)


def _depends(order: Order) -> bool:
    """Return whether an order's fate is tied to others'."""
    return bool(order.contingency_type != ContingencyType.NO_CONTINGENCY or order.parent_order_id)
