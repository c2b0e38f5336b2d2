"""
`LaneDoor`: the one way from an outbox to the component that has its lane.

Rules of this file
------------------
- Whatever moves the lane goes to the component's endpoint, so that the lane moves before anybody
  hears of it. If that fails, the lane is halted: a lane that missed a message must not issue.
- It decides nothing: one work of the outbox is one message.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from typing import Final

from nautilus_trader.common.component import Clock
from nautilus_trader.common.component import Logger
from nautilus_trader.common.component import MessageBus

from nautilus_lighter_nonce import events
from nautilus_lighter_nonce.component import LighterNonceComponent
from nautilus_lighter_nonce.core.lane import NonceLane
from nautilus_lighter_nonce.lighter.codes import Verdict
from nautilus_lighter_nonce.outbox import work as w


def _fields(work: w.Publish) -> dict[str, Any]:
    """Return what a verdict's event has of its own."""
    match work.verdict:
        case Verdict.ACCEPTED:
            return {"predicted_execution_time_ms": work.predicted_ms}
        case Verdict.REFUSED:
            return {"code": work.code, "message": work.message}
        case Verdict.STALE:
            return {"code": work.code}
        case Verdict.UNKNOWN:
            return {"reason": work.message}


_EVENTS: Final = {
    Verdict.ACCEPTED: events.TxAccepted,
    Verdict.REFUSED: events.TxRefused,
    Verdict.STALE: events.TxStale,
    Verdict.UNKNOWN: events.TxUnknown,
}


class LaneDoor:
    """
    Hands an outbox's work to the component.

    Parameters
    ----------
    msgbus : MessageBus
        Where the component's endpoint is.
    clock : Clock
        The node's clock, for the times of events.
    component : LighterNonceComponent
        Whose lane it is.
    key : tuple[int, int]
        (account_index, api_key_index).
    log : Logger
        The owner's logger.

    """

    def __init__(
        self,
        msgbus: MessageBus,
        clock: Clock,
        component: LighterNonceComponent,
        key: tuple[int, int],
        log: Logger,
    ) -> None:
        self._msgbus = msgbus
        self._clock = clock
        self._component = component
        self._key = key
        self._log = log
        self._names = {"account_index": key[0], "api_key_index": key[1]}
        self._topics = [
            f"events.lighter.nonce.{kind}.{key[0]}.{key[1]}" for kind in ("halted", "seeded")
        ]
        component.add_key(*key)
        component.attend(*key)

    @property
    def key(self) -> tuple[int, int]:
        """(account_index, api_key_index)."""
        return self._key

    @property
    def lane(self) -> NonceLane:
        """The lane, to issue from and to read."""
        return self._component.lane(*self._key)

    def now_ns(self) -> int:
        """Return the lane's time: monotonic, near Unix nanoseconds."""
        return self._component.now_ns()

    # -- NEWS OF THE LANE -------------------------------------------------------------------------

    def listen(self, handler: Callable[[events.KeyEvent], None]) -> None:
        """Hear from the component when the lane is halted or seeded."""
        for topic in self._topics:
            self._msgbus.subscribe(topic=topic, handler=handler)

    def leave(self, handler: Callable[[events.KeyEvent], None]) -> None:
        """Hear nothing more."""
        for topic in self._topics:
            if self._msgbus.is_subscribed(topic, handler):
                self._msgbus.unsubscribe(topic=topic, handler=handler)

    # -- WORK -------------------------------------------------------------------------------------

    def publish(self, work: w.Publish) -> None:
        """Hand over a verdict, which is published once the lane has moved."""
        self._send(
            _EVENTS[work.verdict],
            ts_event=self._clock.timestamp_ns(),
            nonce=work.nonce,
            epoch=work.epoch,
            tx_hash=work.tx_hash,
            write_id=work.write_id,
            **_fields(work),
        )

    def spent(self, work: w.Spent) -> None:
        """Hand over that a nonce is proved spent."""
        self._send(events.NonceSpent, nonce=work.nonce, by_us=work.by_us)

    def withdraw(self, work: w.Withdraw) -> None:
        """Give back a nonce whose transaction never left."""
        self._send(events.NonceWithdrawn, nonce=work.nonce, epoch=work.epoch)

    def rebase(self, work: w.Rebase) -> None:
        """Ask for a new pass from a nonce on."""
        is_vanished = work.cause is w.Cause.VANISHED
        self._send(events.RebaseWanted, nonce=work.nonce, vanished=is_vanished)

    def count(self, value: Any, asked_ns: int) -> bool:
        """Hand over what `nextNonce` said; return whether the lane believes it."""
        is_believed = self.lane.believes(value)
        self._send(events.CounterAnswered, value=value, asked_ns=asked_ns)
        return is_believed

    def halt(self, work: w.Halt) -> None:
        """Stop the lane."""
        self._component.halt(*self._key, work.reason)

    def trouble(self, work: w.Trouble) -> None:
        """Tell that the account is refused as a whole, or (code 0) no more."""
        self._component.trouble(*self._key, work.code, work.reason)

    def narrow(self) -> None:
        """Let one transaction be in flight at a time for a while."""
        self._component.narrow(*self._key)

    def tell_order(
        self,
        event_type: type[events.OrderDoubt],
        client_order_id: str,
        label: str,
        **fields: Any,
    ) -> None:
        """Publish that an order's transaction is in doubt, or is not any more."""
        event = event_type(
            **self._names,
            ts_event=self._clock.timestamp_ns(),
            client_order_id=client_order_id,
            label=label,
            **fields,
        )
        self._msgbus.publish(topic=event.topic, msg=event)

    def _send(self, message_type: type[Any], **fields: Any) -> None:
        message = message_type(**self._names, **fields)
        endpoint = self._component.endpoint
        try:
            if endpoint not in self._msgbus.endpoints():  # the bus would log it, and go on
                raise LookupError(f"nobody is at {endpoint}")
            self._msgbus.send(endpoint=endpoint, msg=message)
        except Exception as e:  # noqa: BLE001 (never a reader's or a timer's end)
            self._log.exception(f"{message_type.__name__} was not taken by the lane", e)
            reason = f"{message_type.__name__}: {type(e).__name__}: {e}"
            self._component.halt(*self._key, reason)
