"""
`LighterNonceComponent`: the nonce lanes of one execution client, as a Nautilus component.

The core decides; this file carries out: it feeds verdicts from the message bus into the lanes,
asks the nonce source when a lane wants it, and publishes what was decided. It knows no wire and no
order: any `LiveExecutionClient` for Lighter can be registered, ours or not.

Rules
-----
- `issue` is a direct, synchronous call: an event after the fact cannot order the wire.
- Everything that *happens* comes in at the endpoint `<component id>.process` of the message bus,
  point to point, as Nautilus' engines are driven. The lane moves first; then the verdict is
  published on its topic; then the lane's news follow from a queue, never one inside another. A
  listener that raises is logged, and stops nothing but the listeners behind it in the same publish.
- A verdict that somebody only publishes on its topic counts as well, once: by the id of its write,
  else by its identity.
- Seeding is single-flight. A question has a deadline, and pauses between questions grow.
- The lane's time is a monotonic clock's, begun at the wall clock's.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from nautilus_trader.common.component import Component
from nautilus_trader.common.component import LiveClock
from nautilus_trader.common.component import MessageBus
from nautilus_trader.core.nautilus_pyo3 import NANOSECONDS_IN_MILLISECOND
from nautilus_trader.live.execution_client import LiveExecutionClient
from nautilus_trader.model.identifiers import ComponentId

from nautilus_lighter_nonce import events
from nautilus_lighter_nonce.component.health import Health
from nautilus_lighter_nonce.component.moves import MOVES
from nautilus_lighter_nonce.component.moves import VerdictsSeen
from nautilus_lighter_nonce.component.news import NewsQueue
from nautilus_lighter_nonce.component.one_per_key import OnePerKey
from nautilus_lighter_nonce.component.resets import Resets
from nautilus_lighter_nonce.component.seeding import ask_for_seed
from nautilus_lighter_nonce.component.source import Key
from nautilus_lighter_nonce.component.source import NonceSource
from nautilus_lighter_nonce.component.source import answers
from nautilus_lighter_nonce.component.telling import name_of
from nautilus_lighter_nonce.component.telling import telling_of
from nautilus_lighter_nonce.config import ForeignWriterReaction
from nautilus_lighter_nonce.config import LighterNonceConfig
from nautilus_lighter_nonce.core import decisions as core
from nautilus_lighter_nonce.core.decisions import LaneStatus
from nautilus_lighter_nonce.core.errors import NotInitialized
from nautilus_lighter_nonce.core.lane import NonceLane
from nautilus_lighter_nonce.core.manager import NonceManager
from nautilus_lighter_nonce.events import IssuedNonce


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
        self._seeding = OnePerKey(loop, "seed")
        self._asking = OnePerKey(loop, "question")
        self._unseeded: set[Key] = set()
        self._attended: set[Key] = set()  # keys whose questions an outbox asks
        self._resets = Resets()
        self._health = Health(self, loop, config.degrade_after_ms / 1_000, self._log)
        self._news = NewsQueue(msgbus, clock, self._log)
        self._seen = VerdictsSeen()
        self._start_ns: int = clock.timestamp_ns() - time.monotonic_ns()
        self.endpoint = f"{self.id}.process"
        for account_index, api_key_index in config.keys:
            self.add_key(account_index, api_key_index)
        msgbus.register(endpoint=self.endpoint, handler=self.process)
        msgbus.subscribe(topic=events.TX_TOPICS, handler=self._on_published, priority=10)

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
            self._unseeded.add(key)
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
        Start the component and seed every key, whatever state its lane was left in.

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
        if key not in self._unseeded and self._lanes[key].state is not core.LaneState.HALTED:
            return
        self._resets.check(key, self._lanes[key], self.now_ns())
        await asyncio.shield(self._seeding.start(key, lambda: self._seed(key)))

    async def disconnect(self) -> None:
        """Stop the component; unanswered questions are dropped, and all keys count as unseeded."""
        self._unseeded.update(self._lanes)
        if self.is_running or self.is_degraded:
            self.stop()

    def confirm_reset(self, account_index: int, api_key_index: int) -> None:
        """
        Confirm that the venue was reset: a lane halted for it, and no other, may be seeded at once.

        Without this it may be seeded once the newest signature of before has expired.
        """
        lane = self.lane(account_index, api_key_index)
        if lane.state is core.LaneState.HALTED:
            self._resets.confirm(lane.key)

    # -- TIME AND LANES ---------------------------------------------------------------------------

    def now_ns(self) -> int:
        """Return the lanes' time: monotonic, near Unix nanoseconds."""
        return self._start_ns + time.monotonic_ns()

    def lane(self, account_index: int, api_key_index: int) -> NonceLane:
        """
        Return the lane of a key, to be read; only an outbox issues from it directly.

        Raises
        ------
        NotInitialized
            If the key is unknown.

        """
        if (lane := self._lanes.get((account_index, api_key_index))) is None:
            raise NotInitialized(account_index, api_key_index)
        return lane

    def attend(self, account_index: int, api_key_index: int) -> None:
        """An outbox asks this key's questions from here on, and sends the answers here."""
        self._attended.add((account_index, api_key_index))
        self.lane(account_index, api_key_index).be_probed()

    # -- ISSUING ----------------------------------------------------------------------------------

    def can_issue(self, account_index: int, api_key_index: int) -> bool:
        """Return whether `issue` would succeed now."""
        lane = self._lanes.get((account_index, api_key_index))
        return lane is not None and lane.can_issue()

    def free_slots(self, account_index: int, api_key_index: int) -> tuple[int, int]:
        """Return how many nonces `issue` would hand out now, and the present pipelining depth."""
        lane = self.lane(account_index, api_key_index)
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
        lane = self.lane(account_index, api_key_index)
        return IssuedNonce(account_index, api_key_index, lane.issue(), lane.epoch)

    def withdraw(self, issued: IssuedNonce) -> None:
        """Give back a nonce whose transaction certainly never left this process."""
        account_index, api_key_index = issued.account_index, issued.api_key_index
        lane = self.lane(account_index, api_key_index)
        self._carry_out(lane, lane.withdrawn(issued.nonce, issued.epoch, self.now_ns()))
        self._news.drain()

    def narrow(self, account_index: int, api_key_index: int) -> None:
        """Let one transaction be in flight at a time until the venue answers with ids again."""
        self.lane(account_index, api_key_index).narrow()

    def trouble(self, account_index: int, api_key_index: int, code: int, reason: str) -> None:
        """Tell that the venue refuses the whole account, or (code 0) takes its orders again."""
        lane = self.lane(account_index, api_key_index)
        if not self._health.refused((account_index, api_key_index), code):
            return  # said already
        if code:
            self._log.error(f"{name_of(lane)} is refused as a whole: {code}: {reason}")
        self._news.tell(lane, events.LaneTroubled, code=code, reason=reason)
        self._news.drain()

    def halt(self, account_index: int, api_key_index: int, reason: str) -> None:
        """Stop issuing nonces of a key until it is seeded again."""
        lane = self.lane(account_index, api_key_index)
        self._carry_out(lane, lane.halt(reason))
        self._news.drain()

    def status(self, account_index: int, api_key_index: int) -> LaneStatus:
        """
        Return a snapshot of a lane.

        Raises
        ------
        NotInitialized
            If the key is unknown.

        """
        return self.lane(account_index, api_key_index).status()

    # -- WHAT HAPPENS -----------------------------------------------------------------------------

    def process(self, message: Any) -> None:
        """
        Take what happened: the handler of the endpoint `<component id>.process`.

        Parameters
        ----------
        message : object
            `TxAccepted`, `TxRefused`, `TxStale`, `TxUnknown`, `NonceSpent`, `NonceWithdrawn`,
            `RebaseWanted` or `CounterAnswered`. A verdict is published on its topic afterwards,
            before the lane's news. Anything else, and keys without a lane here, are ignored.

        """
        key = (getattr(message, "account_index", None), getattr(message, "api_key_index", None))
        lane = self._lanes.get(key)  # type: ignore[arg-type]
        if lane is None or type(message) not in MOVES:
            self._log.warning(f"{type(message).__name__} was not understood, or names another key")
            return
        if isinstance(message, events.TxVerdict):
            if not self._seen.is_first(message):
                return
            self._news.add(message)
        self._move(lane, message)
        self._news.drain()

    def _on_published(self, event: Any) -> None:
        """Take a verdict that was only published; its news wait until everybody has heard it."""
        lane = self._lanes.get((event.account_index, event.api_key_index))
        if (
            lane is None
            or not isinstance(event, events.TxVerdict)
            or not self._seen.is_first(event)
        ):
            return
        self._move(lane, event)
        self._loop.call_soon(self._news.drain)

    def _move(self, lane: NonceLane, message: Any) -> None:
        """Let a message move the lane, and carry out what that decides."""
        was_asking = lane.state is core.LaneState.REFRESHING
        decisions = MOVES[type(message)](lane, message, self.now_ns())
        if isinstance(message, events.CounterAnswered):
            kinds = {type(decision) for decision in decisions}
            if core.Halted in kinds:
                self._resets.note(lane.key, self.now_ns())
            elif was_asking and core.Implausible not in kinds:
                believed = core.Healed in kinds
                fields = {"next_nonce": message.value, "believed": believed}
                self._news.tell(lane, events.NonceRefreshed, **fields)
        self._carry_out(lane, decisions)

    # -- CARRYING OUT -----------------------------------------------------------------------------

    def _carry_out(self, lane: NonceLane, decisions: core.Decisions) -> None:
        """Say what was decided, then do what it asks for: the news come in this order."""
        for decision in decisions:
            is_over = lane.state is core.LaneState.HALTED and isinstance(decision, core.Healed)
            if is_over:  # halted by the foreign writer that this heal revealed
                continue
            telling = telling_of(decision, lane)
            if telling is not None:
                getattr(self._log, telling.level)(telling.text)
                self._news.tell(lane, telling.event_type, **telling.fields)
            effect = _EFFECTS.get(type(decision))
            if effect is not None:
                effect(self, lane, decision)

    def _on_ask_venue(self, lane: NonceLane, decision: core.AskVenue) -> None:
        if lane.key not in self._attended:
            self._asking.start(lane.key, lambda: self._ask(lane))

    def _on_foreign_writer(self, lane: NonceLane, decision: core.ForeignWriter) -> None:
        if self._settings.on_foreign_writer is ForeignWriterReaction.HALT:
            self._carry_out(lane, lane.halt(f"foreign writer spent nonce {decision.nonce}"))

    async def _seed(self, key: Key) -> None:
        lane = self._lanes[key]
        seed = await ask_for_seed(self._source, key, lane, self._resets, self._log)
        if seed.is_fallen:
            self._halt_for_reset(key, lane, seed.next_nonce)
        self._resets.forget(key)
        self._unseeded.discard(key)
        lane.seed(seed.next_nonce)
        self._log.info(f"Seeded {name_of(lane)}: next nonce {seed.next_nonce}")
        fields = {"next_nonce": seed.next_nonce, "is_reset": seed.is_reset}
        self._news.tell(lane, events.NonceSeeded, **fields)
        self._health.seeded(key)
        self._news.drain()

    def _halt_for_reset(self, key: Key, lane: NonceLane, value: int) -> None:
        """A venue that was reset while we were away is not written to either; raises."""
        self._carry_out(lane, lane.reset(value))
        self._resets.note(key, self.now_ns())
        self._news.drain()
        self._resets.check(key, lane, self.now_ns())

    async def _ask(self, lane: NonceLane) -> None:
        """Ask for a lane without an outbox until it is open."""
        pause_secs = self._settings.refresh_retry_ms / 1_000
        async for answer in answers(self._source, lane, self.now_ns, pause_secs, self._log):
            self.process(answer)

    # -- LIFECYCLE --------------------------------------------------------------------------------

    def _stop(self) -> None:
        self._seeding.cancel()
        self._asking.cancel()
        self._health.stop()

    def _start(self) -> None: ...

    def _resume(self) -> None: ...

    def _degrade(self) -> None: ...

    def _fault(self) -> None: ...

    def _dispose(self) -> None:
        self._msgbus.deregister(endpoint=self.endpoint, handler=self.process)
        self._msgbus.unsubscribe(topic=events.TX_TOPICS, handler=self._on_published)


_EFFECTS: dict[type[core.Decision], Callable[[Any, NonceLane, Any], None]] = {
    core.Froze: lambda self, lane, _: self._health.froze(lane.key),
    core.AskVenue: LighterNonceComponent._on_ask_venue,
    core.Healed: lambda self, lane, _: self._health.moves(lane.key),
    core.ForeignWriter: LighterNonceComponent._on_foreign_writer,
    core.Halted: lambda self, lane, _: self._health.halted(lane.key),
}
