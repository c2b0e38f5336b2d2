"""
`LighterNonceComponent`: the nonce lanes of one execution client, as a Nautilus component.

The core decides; this file carries out: it feeds verdicts from the message bus into the lanes,
asks the nonce source when a lane wants it, and publishes what was decided. It knows no wire and no
order: any `LiveExecutionClient` for Lighter can be registered, ours or not.

Rules
-----
- `issue` is a direct, synchronous call: an event after the fact cannot order the wire.
- Everything that *happens* to a transaction comes in as one of the four `Tx...` events.
- Seeding is single-flight; a heal asks the venue once, however many transactions it touches.
- RUNNING while all lanes move, DEGRADED while one has been frozen too long, FAULTED once halted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any
from typing import Protocol

from nautilus_trader.common.component import Component
from nautilus_trader.common.component import LiveClock
from nautilus_trader.common.component import MessageBus
from nautilus_trader.core.nautilus_pyo3 import NANOSECONDS_IN_MILLISECOND
from nautilus_trader.live.execution_client import LiveExecutionClient
from nautilus_trader.model.identifiers import ComponentId

from nautilus_lighter_nonce import events
from nautilus_lighter_nonce.config import ForeignWriterReaction
from nautilus_lighter_nonce.config import LighterNonceConfig
from nautilus_lighter_nonce.core import decisions as core
from nautilus_lighter_nonce.core.decisions import LaneStatus
from nautilus_lighter_nonce.core.errors import NotInitialized
from nautilus_lighter_nonce.core.lane import NonceLane
from nautilus_lighter_nonce.core.manager import NonceManager
from nautilus_lighter_nonce.events import IssuedNonce


Key = tuple[int, int]


class NonceSource(Protocol):
    """
    Where the venue's next nonce is asked: Lighter's `nextNonce`, or a stand-in.

    An answer is an int of 0 or more. Any exception means "no answer"; while a lane heals the
    question is repeated, at connect it is raised to the caller.
    """

    async def next_nonce(self, account_index: int, api_key_index: int) -> int:
        """Return the venue's next nonce of a key."""


class LighterNonceComponent(Component):
    """
    Issues the nonces of one execution client and keeps its lanes right.

    Parameters
    ----------
    loop : asyncio.AbstractEventLoop
        The node's event loop.
    msgbus : MessageBus
        The node's message bus.
    clock : LiveClock
        The node's clock.
    source : NonceSource
        Where the next nonce is asked.
    config : LighterNonceConfig, optional
        Published in clear by Nautilus at every state change: it has no secret.
    name : str, optional
        The component id and logger name.

    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        msgbus: MessageBus,
        clock: LiveClock,
        source: NonceSource,
        config: LighterNonceConfig | None = None,
        name: str | None = None,
    ) -> None:
        config = config or LighterNonceConfig()
        super().__init__(
            clock=clock,
            component_id=ComponentId(name or type(self).__name__),
            msgbus=msgbus,
            config=config,
        )
        self._loop = loop
        self._source = source
        self._settings = config
        self._manager = NonceManager(config.skip_window)
        self._lanes: dict[Key, NonceLane] = {}
        self._client: LiveExecutionClient | None = None
        self._seeding: dict[Key, asyncio.Task[None]] = {}
        self._healing: dict[Key, asyncio.Task[None]] = {}
        self._alarms: dict[Key, asyncio.TimerHandle] = {}
        for account_index, api_key_index in config.keys:
            self.add_key(account_index, api_key_index)
        msgbus.subscribe(topic=events.TX_TOPICS, handler=self.on_verdict, priority=10)

    # -- BINDING ----------------------------------------------------------------------------------

    @property
    def manager(self) -> NonceManager:
        """The wrapped nonce manager; read it, do not move it."""
        return self._manager

    @property
    def client(self) -> LiveExecutionClient | None:
        """The registered execution client."""
        return self._client

    @property
    def keys(self) -> tuple[Key, ...]:
        """All keys with a lane, as (account_index, api_key_index)."""
        return tuple(self._lanes)

    def register_client(self, client: LiveExecutionClient) -> None:
        """
        Bind the execution client whose transactions these lanes order.

        Parameters
        ----------
        client : LiveExecutionClient
            Any execution client; its `_connect` must await our `connect`.

        Raises
        ------
        TypeError
            If `client` is not a `LiveExecutionClient`.
        ValueError
            If another client is registered already.

        """
        if not isinstance(client, LiveExecutionClient):
            raise TypeError(f"client was {type(client).__name__}; pass a LiveExecutionClient")
        if self._client is not None and self._client is not client:
            raise ValueError(
                f"client was {client.id}, but {self._client.id} is registered already; "
                "use one component per execution client",
            )
        self._client = client

    def add_key(self, account_index: int, api_key_index: int) -> None:
        """Give a key its lane; a key that has one keeps it."""
        key = (account_index, api_key_index)
        if key not in self._lanes:
            self._lanes[key] = NonceLane(
                self._manager,
                account_index,
                api_key_index,
                max_in_flight=self._settings.max_in_flight,
                settle_ns=self._settings.settle_ms * NANOSECONDS_IN_MILLISECOND,
                disbelief_ns=self._settings.disbelief_ms * NANOSECONDS_IN_MILLISECOND,
            )

    async def connect(self) -> None:
        """
        Start the component and seed every key that is not seeded yet.

        Raises
        ------
        Exception
            Whatever the nonce source raised: a client that cannot be seeded must not trade.

        """
        if self.is_initialized and not self.is_running and not self.is_degraded:
            self.resume() if self.is_stopped else self.start()
        await asyncio.gather(*(self.seed(*key) for key in self._lanes))

    async def seed(self, account_index: int, api_key_index: int) -> None:
        """
        Seed one key, adding it if needed; concurrent callers share one query.

        Raises
        ------
        Exception
            Whatever the nonce source raised, to every caller that shared the query.

        """
        key = (account_index, api_key_index)
        self.add_key(*key)
        if self._lanes[key].state not in (core.LaneState.UNSEEDED, core.LaneState.HALTED):
            return
        task = self._seeding.get(key)
        if task is None:
            task = self._loop.create_task(self._seed(key), name=f"seed nonce of {key}")
            self._seeding[key] = task
            task.add_done_callback(lambda _: self._seeding.pop(key, None))
        await asyncio.shield(task)

    async def disconnect(self) -> None:
        """Stop the component; unanswered questions to the venue are dropped."""
        if self.is_running or self.is_degraded:
            self.stop()

    # -- ISSUING ----------------------------------------------------------------------------------

    def can_issue(self, account_index: int, api_key_index: int) -> bool:
        """Return whether `issue` would succeed now."""
        lane = self._lanes.get((account_index, api_key_index))
        return lane is not None and lane.can_issue()

    def free_slots(self, account_index: int, api_key_index: int) -> tuple[int, int]:
        """Return how many nonces `issue` would hand out now, and the present pipelining depth."""
        lane = self._lanes[(account_index, api_key_index)]
        return lane.free_slots(), lane.depth

    def issue(self, account_index: int, api_key_index: int) -> IssuedNonce:
        """
        Return the next nonce of a key. Call it in the order in which you send.

        Raises
        ------
        NotInitialized
            If the key is unknown or not seeded.
        LaneFrozenError
            If the lane heals at this moment; wait for `LaneHealed`.
        LaneHaltedError
            If the lane was halted.
        SkipWindowExhausted
            If as many transactions as allowed are without a verdict.

        """
        lane = self._lanes.get((account_index, api_key_index))
        if lane is None:
            raise NotInitialized(account_index, api_key_index)
        nonce = lane.issue()
        return IssuedNonce(account_index, api_key_index, nonce, lane.epoch)

    def withdraw(self, issued: IssuedNonce) -> None:
        """Give back a nonce whose transaction certainly never left this process."""
        lane = self._lanes[(issued.account_index, issued.api_key_index)]
        now = self._clock.timestamp_ns()
        self._carry_out(lane, lane.withdrawn(issued.nonce, issued.epoch, now))

    def vanished(self, issued: IssuedNonce) -> None:
        """Tell that an accepted nonce was proved not spent after all."""
        lane = self._lanes[(issued.account_index, issued.api_key_index)]
        self._carry_out(lane, lane.vanished(issued.nonce, self._clock.timestamp_ns()))

    def spent(self, issued: IssuedNonce) -> None:
        """Tell that a nonce which a heal counted as unspent was proved taken by ours after all."""
        lane = self._lanes[(issued.account_index, issued.api_key_index)]
        self._carry_out(lane, lane.spent(issued.nonce))

    def foreign(self, account_index: int, api_key_index: int, nonce: int) -> None:
        """Tell that the venue executed a nonce of this key that was not ours."""
        lane = self._lanes[(account_index, api_key_index)]
        self._carry_out(lane, lane.foreign(nonce))

    def halt(self, account_index: int, api_key_index: int, reason: str) -> None:
        """Stop issuing nonces of a key until it is seeded again."""
        lane = self._lanes[(account_index, api_key_index)]
        self._carry_out(lane, lane.halt(reason))

    def status(self, account_index: int, api_key_index: int) -> LaneStatus:
        """
        Return a snapshot of a lane.

        Raises
        ------
        NotInitialized
            If the key is unknown.

        """
        lane = self._lanes.get((account_index, api_key_index))
        if lane is None:
            raise NotInitialized(account_index, api_key_index)
        return lane.status()

    # -- VERDICTS ---------------------------------------------------------------------------------

    def on_verdict(self, event: Any) -> None:
        """Handle one of the four `Tx...` events; other events and keys are ignored."""
        if not isinstance(event, events.TxVerdict):
            return
        lane = self._lanes.get((event.account_index, event.api_key_index))
        if lane is None:
            return
        move = _MOVES[type(event)]
        self._carry_out(lane, move(lane, event.nonce, event.epoch, event.ts_event))

    # -- CARRYING OUT -----------------------------------------------------------------------------

    def _carry_out(self, lane: NonceLane, decisions: core.Decisions) -> None:
        for decision in decisions:
            _HANDLERS[type(decision)](self, lane, decision)

    def _publish(self, lane: NonceLane, event_type: type[events.KeyEvent], **fields: Any) -> None:
        event = event_type(
            account_index=lane.account_index,
            api_key_index=lane.api_key_index,
            ts_event=self._clock.timestamp_ns(),
            **fields,
        )
        try:
            self._msgbus.publish(topic=event.topic, msg=event)
        except Exception as e:  # noqa: BLE001 (a listener may be anybody's; the lane must go on)
            self._log.exception(f"A listener of {event.topic} was broken", e)

    def _on_seeded(self, lane: NonceLane, decision: core.Seeded) -> None:
        self._log.info(f"Seeded {_name(lane)}: next nonce {decision.next_nonce}")
        self._publish(lane, events.NonceSeeded, next_nonce=decision.next_nonce)

    def _on_rolled_back(self, lane: NonceLane, decision: core.RolledBack) -> None:
        self._log.debug(f"Rolled back {_name(lane)}: nonce {decision.nonce}")
        self._publish(lane, events.NonceRolledBack, nonce=decision.nonce)

    def _on_resolved(self, lane: NonceLane, decision: core.Resolved) -> None:
        self._log.info(f"Resolved {_name(lane)}: nonce {decision.nonce} is spent")
        self._publish(lane, events.NonceResolved, nonce=decision.nonce)

    def _on_froze(self, lane: NonceLane, decision: core.Froze) -> None:
        self._log.info(f"Froze {_name(lane)}: {decision.cause.value} at nonce {decision.nonce}")
        delay = self._settings.degrade_after_ms / 1_000
        key = (lane.account_index, lane.api_key_index)
        self._alarms[key] = self._loop.call_later(delay, self._frozen_too_long, key)
        self._publish(lane, events.LaneFrozen, nonce=decision.nonce, cause=decision.cause.value)

    def _on_ask_venue(self, lane: NonceLane, decision: core.AskVenue) -> None:
        key = (lane.account_index, lane.api_key_index)
        earlier = self._healing.pop(key, None)
        if earlier is not None and earlier is not asyncio.current_task():
            earlier.cancel()  # it was asked for an earlier freeze
        self._healing[key] = self._loop.create_task(
            self._refresh(lane, decision.not_before_ns),
            name=f"refresh nonce of {key}",
        )

    def _on_healed(self, lane: NonceLane, decision: core.Healed) -> None:
        if lane.state is core.LaneState.HALTED:  # by the foreign writer that this heal revealed
            return
        frozen_ms = decision.frozen_ns / NANOSECONDS_IN_MILLISECOND
        self._log.info(
            f"Healed {_name(lane)}: next nonce {decision.next_nonce} "
            f"({decision.source.value}, {len(decision.doomed)} doomed, {frozen_ms:.0f} ms)",
        )
        self._recover(lane)
        self._publish(
            lane,
            events.LaneHealed,
            next_nonce=decision.next_nonce,
            source=decision.source.value,
            cause=decision.cause.value,
            doomed=list(decision.doomed),
            spent=list(decision.spent),
            unspent=list(decision.unspent),
            vanished=list(decision.vanished),
            frozen_ms=frozen_ms,
        )

    def _on_foreign_writer(self, lane: NonceLane, decision: core.ForeignWriter) -> None:
        self._log.warning(
            f"Foreign writer suspected on {_name(lane)}: nonce {decision.nonce} was not spent by "
            "us; is a second process using this API key? Give each process a key of its own",
        )
        self._publish(lane, events.ForeignWriterSuspected, nonce=decision.nonce)
        if self._settings.on_foreign_writer is ForeignWriterReaction.HALT:
            self._carry_out(lane, lane.halt(f"foreign writer spent nonce {decision.nonce}"))

    def _on_halted(self, lane: NonceLane, decision: core.Halted) -> None:
        self._log.error(f"Halted {_name(lane)}: {decision.reason}")
        self._silence(lane)
        self._publish(lane, events.LaneHalted, reason=decision.reason)
        if self.is_running or self.is_degraded:
            self.fault()

    # -- EFFECTS ----------------------------------------------------------------------------------

    async def _seed(self, key: Key) -> None:
        lane = self._lanes[key]
        next_nonce = await self._source.next_nonce(*key)
        self._carry_out(lane, lane.seed(next_nonce))

    async def _refresh(self, lane: NonceLane, not_before_ns: int) -> None:
        """Ask once at the right time; a source that does not answer is asked again, ever slower."""
        delay = max(0, not_before_ns - self._clock.timestamp_ns()) / 1e9
        retry = self._settings.refresh_retry_ms / 1_000
        while True:
            await asyncio.sleep(delay)
            if lane.state is not core.LaneState.REFRESHING:
                return
            try:
                next_nonce = await self._source.next_nonce(lane.account_index, lane.api_key_index)
            except Exception as e:  # noqa: BLE001 (anybody's source: no answer is no answer)
                self._log.warning(f"No next nonce for {_name(lane)}: {type(e).__name__}: {e}")
                delay, retry = retry, min(2 * retry, 10.0)
                continue
            self._take_refresh(lane, next_nonce)
            return

    def _take_refresh(self, lane: NonceLane, next_nonce: int) -> None:
        decisions = lane.refreshed(next_nonce, self._clock.timestamp_ns())
        believed = any(isinstance(d, core.Healed) for d in decisions)
        self._publish(lane, events.NonceRefreshed, next_nonce=next_nonce, believed=believed)
        self._carry_out(lane, decisions)

    def _frozen_too_long(self, key: Key) -> None:
        self._log.warning(f"{_name(self._lanes[key])} is frozen: orders wait for it to heal")
        if self.is_running:
            self.degrade()

    def _silence(self, lane: NonceLane) -> None:
        alarm = self._alarms.pop((lane.account_index, lane.api_key_index), None)
        if alarm is not None:
            alarm.cancel()

    def _recover(self, lane: NonceLane) -> None:
        self._silence(lane)
        if self.is_degraded and not self._alarms:
            self.resume()

    # -- LIFECYCLE --------------------------------------------------------------------------------

    def _stop(self) -> None:
        for task in (*self._seeding.values(), *self._healing.values()):
            task.cancel()
        for lane in self._lanes.values():
            self._silence(lane)

    def _start(self) -> None: ...

    def _resume(self) -> None: ...

    def _degrade(self) -> None: ...

    def _fault(self) -> None: ...

    def _dispose(self) -> None:
        self._msgbus.unsubscribe(topic=events.TX_TOPICS, handler=self.on_verdict)


def _name(lane: NonceLane) -> str:
    return f"account={lane.account_index}, api_key={lane.api_key_index}"


_MOVES: dict[type[events.TxVerdict], Callable[[NonceLane, int, int, int], core.Decisions]] = {
    events.TxAccepted: NonceLane.accepted,
    events.TxRefused: NonceLane.refused,
    events.TxStale: NonceLane.stale,
    events.TxUnknown: NonceLane.unknown,
}

_HANDLERS: dict[type[core.Decision], Callable[[Any, NonceLane, Any], None]] = {
    core.Seeded: LighterNonceComponent._on_seeded,
    core.RolledBack: LighterNonceComponent._on_rolled_back,
    core.Resolved: LighterNonceComponent._on_resolved,
    core.Froze: LighterNonceComponent._on_froze,
    core.AskVenue: LighterNonceComponent._on_ask_venue,
    core.Healed: LighterNonceComponent._on_healed,
    core.ForeignWriter: LighterNonceComponent._on_foreign_writer,
    core.Halted: LighterNonceComponent._on_halted,
}
