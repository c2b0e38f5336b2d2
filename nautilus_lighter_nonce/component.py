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
- RUNNING while all lanes move, DEGRADED while one has been frozen too long, FAULTED once halted.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Any
from typing import Final
from typing import Protocol

from nautilus_trader.common.component import Component
from nautilus_trader.common.component import LiveClock
from nautilus_trader.common.component import MessageBus
from nautilus_trader.core.nautilus_pyo3 import NANOSECONDS_IN_MILLISECOND
from nautilus_trader.core.nautilus_pyo3 import NANOSECONDS_IN_SECOND
from nautilus_trader.live.execution_client import LiveExecutionClient
from nautilus_trader.model.identifiers import ComponentId

from nautilus_lighter_nonce import events
from nautilus_lighter_nonce.config import ForeignWriterReaction
from nautilus_lighter_nonce.config import LighterNonceConfig
from nautilus_lighter_nonce.core import decisions as core
from nautilus_lighter_nonce.core.counter import is_nonce
from nautilus_lighter_nonce.core.decisions import LaneStatus
from nautilus_lighter_nonce.core.errors import LaneHaltedError
from nautilus_lighter_nonce.core.errors import NotInitialized
from nautilus_lighter_nonce.core.lane import NonceLane
from nautilus_lighter_nonce.core.manager import NonceManager
from nautilus_lighter_nonce.events import IssuedNonce


Key = tuple[int, int]

QUESTION_SECS: Final = 2.0
"""Deadline of one question to the venue; then it is asked again (our choice)."""

SEED_TRIES: Final = 3
"""How often the first question of a connection is asked before connecting fails (our choice)."""

LONGEST_PAUSE_SECS: Final = 10.0
"""Longest pause between two questions (our choice)."""

SIGNATURE_LIFE_NS: Final = 620 * NANOSECONDS_IN_SECOND
"""How long a signature may still be taken: 599 s (lighter-sdk), and a margin for clocks."""

REMEMBERED_VERDICTS: Final = 4_096
"""Verdicts remembered to count each once."""


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
        self._asking: dict[Key, asyncio.Task[None]] = {}
        self._alarms: dict[Key, asyncio.TimerHandle] = {}
        self._unseeded: set[Key] = set()
        self._attended: set[Key] = set()  # keys whose questions an outbox asks
        self._reset_until_ns: dict[Key, int] = {}
        self._troubles: dict[Key, int] = {}  # the code that the whole account is refused with
        self._confirmed: set[Key] = set()  # keys whose counter may have begun anew
        self._news: deque[events.KeyEvent] = deque()
        self._is_telling = False
        self._seen: dict[Any, Any] = {}
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
        is_halted = self._lanes[key].state is core.LaneState.HALTED
        if key not in self._unseeded and not is_halted:
            return
        self._check_reset(key)
        task = self._seeding.get(key)
        if task is None:
            task = self._loop.create_task(self._seed(key), name=f"seed nonce of {key}")
            self._seeding[key] = task
            task.add_done_callback(lambda _: self._seeding.pop(key, None))
        await asyncio.shield(task)

    async def disconnect(self) -> None:
        """Stop the component; unanswered questions are dropped, and all keys count as unseeded."""
        self._unseeded.update(self._lanes)
        if self.is_running or self.is_degraded:
            self.stop()

    def confirm_reset(self, account_index: int, api_key_index: int) -> None:
        """
        Confirm that the venue was reset, so that a lane halted for it may be seeded at once.

        Without this it may be seeded once the newest signature of before the reset has expired.
        """
        key = (account_index, api_key_index)
        self._reset_until_ns.pop(key, None)
        self._confirmed.add(key)

    def _note_reset(self, lane: NonceLane) -> None:
        key = (lane.account_index, lane.api_key_index)
        self._reset_until_ns[key] = self.now_ns() + SIGNATURE_LIFE_NS

    def _halt_for_reset(self, lane: NonceLane, value: int) -> None:
        """A venue that was reset while we were away is not written to either."""
        self._carry_out(lane, lane.reset(value))
        self._note_reset(lane)
        self._drain()
        self._check_reset((lane.account_index, lane.api_key_index))

    def _check_reset(self, key: Key) -> None:
        until_ns = self._reset_until_ns.get(key)
        if until_ns is None:
            return
        if self.now_ns() < until_ns:
            left_s = (until_ns - self.now_ns()) // NANOSECONDS_IN_SECOND
            reason = self._lanes[key].status().halt_reason
            raise LaneHaltedError(
                *key,
                f"{reason}; what was signed before may be taken for {left_s} s more: wait, or call "
                "confirm_reset",
            )
        self.confirm_reset(*key)  # everything that was signed before has expired

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
        lane = self._lanes.get((account_index, api_key_index))
        if lane is None:
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
        self.process(
            events.NonceWithdrawn(
                account_index=issued.account_index,
                api_key_index=issued.api_key_index,
                nonce=issued.nonce,
                epoch=issued.epoch,
            ),
        )

    def narrow(self, account_index: int, api_key_index: int) -> None:
        """Let one transaction be in flight at a time until the venue answers with ids again."""
        self.lane(account_index, api_key_index).narrow()

    def trouble(self, account_index: int, api_key_index: int, code: int, reason: str) -> None:
        """Tell that the venue refuses the whole account, or (code 0) takes its orders again."""
        lane = self.lane(account_index, api_key_index)
        key = (account_index, api_key_index)
        if self._troubles.get(key, 0) == code:
            return  # said already
        self._troubles[key] = code
        if code:
            self._log.error(f"{_name(lane)} is refused as a whole: {code}: {reason}")
            if self.is_running:
                self.degrade()
        elif self.is_degraded and not self._alarms:
            self.resume()
        self._tell(lane, events.LaneTroubled, code=code, reason=reason)
        self._drain()

    def halt(self, account_index: int, api_key_index: int, reason: str) -> None:
        """Stop issuing nonces of a key until it is seeded again."""
        lane = self._lanes[(account_index, api_key_index)]
        self._carry_out(lane, lane.halt(reason))
        self._drain()

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

    # -- WHAT HAPPENS -----------------------------------------------------------------------------

    def process(self, message: Any) -> None:
        """
        Take what happened: the handler of the endpoint `<component id>.process`.

        Parameters
        ----------
        message : object
            `TxAccepted`, `TxRefused`, `TxStale`, `TxUnknown`, `NonceSpent`, `RebaseWanted` or
            `CounterAnswered`. A verdict is published on its topic afterwards, before the lane's
            news. Anything else, and keys without a lane here, are ignored.

        """
        key = (getattr(message, "account_index", None), getattr(message, "api_key_index", None))
        lane = self._lanes.get(key)  # type: ignore[arg-type]
        move = _MOVES.get(type(message))
        if lane is None or move is None:
            self._log.warning(f"{type(message).__name__} was not understood, or names another key")
            return
        if isinstance(message, events.TxVerdict):
            if not self._is_first(message):
                return
            self._news.append(message)
        self._carry_out(lane, move(self, lane, message))
        self._drain()

    def _on_published(self, event: Any) -> None:
        """Take a verdict that was only published; its news wait until everybody has heard it."""
        lane = self._lanes.get((event.account_index, event.api_key_index))
        if lane is None or not isinstance(event, events.TxVerdict) or not self._is_first(event):
            return
        self._carry_out(lane, _MOVES[type(event)](self, lane, event))
        self._loop.call_soon(self._drain)

    def _is_first(self, event: events.TxVerdict) -> bool:
        """Return whether a verdict comes for the first time, and remember it."""
        key = (event.write_id, event.kind) if event.write_id else id(event)
        if key in self._seen:
            return False
        self._seen[key] = event  # the event itself, so that its identity is not used again
        if len(self._seen) > REMEMBERED_VERDICTS:
            del self._seen[next(iter(self._seen))]
        return True

    def _verdict(self, lane: NonceLane, event: Any) -> core.Decisions:
        decide = _VERDICTS[type(event)]
        return decide(lane, event.nonce, event.epoch, self.now_ns())

    def _spent(self, lane: NonceLane, message: events.NonceSpent) -> core.Decisions:
        return lane.spent(message.nonce, self.now_ns(), by_us=message.by_us)

    def _withdrawn(self, lane: NonceLane, message: events.NonceWithdrawn) -> core.Decisions:
        return lane.withdrawn(message.nonce, message.epoch, self.now_ns())

    def _rebase(self, lane: NonceLane, message: events.RebaseWanted) -> core.Decisions:
        decide = lane.vanished if message.vanished else lane.doubted
        return decide(message.nonce, self.now_ns())

    def _counted(self, lane: NonceLane, message: events.CounterAnswered) -> core.Decisions:
        now_ns, value = self.now_ns(), message.value
        wrong = lane.weigh(value, now_ns)
        if any(isinstance(decision, core.Halted) for decision in wrong):
            self._note_reset(lane)
        if wrong:
            return wrong
        was_asking = lane.state is core.LaneState.REFRESHING
        decisions = lane.refreshed(value, now_ns)
        if was_asking:
            believed = any(isinstance(d, core.Healed) for d in decisions)
            self._tell(lane, events.NonceRefreshed, next_nonce=value, believed=believed)
        return decisions

    # -- CARRYING OUT -----------------------------------------------------------------------------

    def _carry_out(self, lane: NonceLane, decisions: core.Decisions) -> None:
        for decision in decisions:
            _HANDLERS[type(decision)](self, lane, decision)

    def _tell(self, lane: NonceLane, event_type: type[events.KeyEvent], **fields: Any) -> None:
        """Queue a piece of news."""
        event = event_type(
            account_index=lane.account_index,
            api_key_index=lane.api_key_index,
            ts_event=self._clock.timestamp_ns(),
            **fields,
        )
        self._news.append(event)

    def _drain(self) -> None:
        """Publish what is queued, in order; what a listener causes is queued behind it."""
        if self._is_telling:
            return
        self._is_telling = True
        try:
            while self._news:
                event = self._news.popleft()
                try:
                    self._msgbus.publish(topic=event.topic, msg=event)
                except Exception as e:  # noqa: BLE001 (anybody's listener; the lane goes on)
                    self._log.exception(f"A listener of {event.topic} was broken", e)
        finally:
            self._is_telling = False

    def _on_seeded(self, lane: NonceLane, decision: core.Seeded) -> None:
        self._log.info(f"Seeded {_name(lane)}: next nonce {decision.next_nonce}")
        is_reset = (lane.account_index, lane.api_key_index) in self._confirmed
        self._tell(lane, events.NonceSeeded, next_nonce=decision.next_nonce, is_reset=is_reset)

    def _on_rolled_back(self, lane: NonceLane, decision: core.RolledBack) -> None:
        self._log.debug(f"Rolled back {_name(lane)}: nonce {decision.nonce}")
        self._tell(lane, events.NonceRolledBack, nonce=decision.nonce)

    def _on_resolved(self, lane: NonceLane, decision: core.Resolved) -> None:
        self._log.info(f"Resolved {_name(lane)}: nonce {decision.nonce} is spent")
        self._tell(lane, events.NonceResolved, nonce=decision.nonce)

    def _on_froze(self, lane: NonceLane, decision: core.Froze) -> None:
        self._log.info(f"Froze {_name(lane)}: {decision.cause.value} at nonce {decision.nonce}")
        delay = self._settings.degrade_after_ms / 1_000
        key = (lane.account_index, lane.api_key_index)
        self._alarms[key] = self._loop.call_later(delay, self._frozen_too_long, key)
        self._tell(lane, events.LaneFrozen, nonce=decision.nonce, cause=decision.cause.value)

    def _on_ask_venue(self, lane: NonceLane, decision: core.AskVenue) -> None:
        key = (lane.account_index, lane.api_key_index)
        if key not in self._attended and key not in self._asking:
            task = self._loop.create_task(self._ask(lane), name=f"ask next nonce of {key}")
            self._asking[key] = task
            task.add_done_callback(lambda _: self._asking.pop(key, None))

    def _on_implausible(self, lane: NonceLane, decision: core.Implausible) -> None:
        self._log.error(
            f"The venue said next nonce {decision.value} of {_name(lane)}: {decision.reason}; "
            "it is asked again",
        )
        self._tell(lane, events.NonceImplausible, answer=decision.value, reason=decision.reason)

    def _on_healed(self, lane: NonceLane, decision: core.Healed) -> None:
        if lane.state is core.LaneState.HALTED:  # by the foreign writer that this heal revealed
            return
        frozen_ms = decision.frozen_ns / NANOSECONDS_IN_MILLISECOND
        self._log.info(
            f"Healed {_name(lane)}: next nonce {decision.next_nonce} "
            f"({decision.source.value}, {len(decision.doomed)} doomed, {frozen_ms:.0f} ms)",
        )
        self._recover(lane)
        self._tell(
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
        self._tell(lane, events.ForeignWriterSuspected, nonce=decision.nonce)
        if self._settings.on_foreign_writer is ForeignWriterReaction.HALT:
            self._carry_out(lane, lane.halt(f"foreign writer spent nonce {decision.nonce}"))

    def _on_halted(self, lane: NonceLane, decision: core.Halted) -> None:
        self._log.error(f"Halted {_name(lane)}: {decision.reason}")
        self._silence(lane)
        self._tell(lane, events.LaneHalted, reason=decision.reason)
        if self.is_running or self.is_degraded:
            self.fault()

    # -- EFFECTS ----------------------------------------------------------------------------------

    async def _seed(self, key: Key) -> None:
        lane = self._lanes[key]
        next_nonce = await self._first_answer(key)
        if not is_nonce(next_nonce):
            raise ValueError(
                f"nextNonce of {_name(lane)} was {str(next_nonce)[:40]!r}; it must be a whole "
                "number, 0 or more: check base_url_http, then connect again",
            )
        if next_nonce >= lane.proved and not lane.has_fallen_to(next_nonce):
            self._confirmed.discard(key)  # nothing was reset
        if key not in self._confirmed:
            if lane.has_fallen_to(next_nonce):
                self._halt_for_reset(lane, next_nonce)
            next_nonce = max(next_nonce, lane.proved)  # the counter lags behind what was executed
        self._unseeded.discard(key)
        self._carry_out(lane, lane.seed(next_nonce))
        self._confirmed.discard(key)
        self._silence(lane)
        self._drain()

    async def _first_answer(self, key: Key) -> Any:
        """Ask within a deadline, and once more if nothing came; the last error is raised."""
        for _ in range(SEED_TRIES - 1):
            try:
                return await asyncio.wait_for(self._source.next_nonce(*key), QUESTION_SECS)
            except TimeoutError:
                self._log.warning(f"No next nonce for {key} within {QUESTION_SECS} s; asked again")
        return await asyncio.wait_for(self._source.next_nonce(*key), QUESTION_SECS)

    async def _ask(self, lane: NonceLane) -> None:
        """Ask for a lane without an outbox, in its time, until it is open; ever slower."""
        pause = self._settings.refresh_retry_ms / 1_000
        while (question_ns := lane.question_ns) is not None:
            await asyncio.sleep(max(0, question_ns - self.now_ns()) / 1e9)
            asked_ns = self.now_ns()
            try:
                question = self._source.next_nonce(lane.account_index, lane.api_key_index)
                value = await asyncio.wait_for(question, QUESTION_SECS)
            except Exception as e:  # noqa: BLE001 (anybody's source: no answer is no answer)
                self._log.warning(f"No next nonce for {_name(lane)}: {type(e).__name__}: {e}")
            else:
                self.process(
                    events.CounterAnswered(
                        account_index=lane.account_index,
                        api_key_index=lane.api_key_index,
                        value=value,
                        asked_ns=asked_ns,
                    ),
                )
                if lane.believes(value):
                    continue
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECS)

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
        for task in (*self._seeding.values(), *self._asking.values()):
            task.cancel()
        for lane in self._lanes.values():
            self._silence(lane)

    def _start(self) -> None: ...

    def _resume(self) -> None: ...

    def _degrade(self) -> None: ...

    def _fault(self) -> None: ...

    def _dispose(self) -> None:
        self._msgbus.deregister(endpoint=self.endpoint, handler=self.process)
        self._msgbus.unsubscribe(topic=events.TX_TOPICS, handler=self._on_published)


def _name(lane: NonceLane) -> str:
    return f"account={lane.account_index}, api_key={lane.api_key_index}"


_VERDICTS: dict[type, Callable[[NonceLane, int, int, int], core.Decisions]] = {
    events.TxAccepted: NonceLane.accepted,
    events.TxRefused: NonceLane.refused,
    events.TxStale: NonceLane.stale,
    events.TxUnknown: NonceLane.unknown,
}

_MOVES: dict[type, Callable[[Any, NonceLane, Any], core.Decisions]] = {
    **dict.fromkeys(_VERDICTS, LighterNonceComponent._verdict),
    events.NonceSpent: LighterNonceComponent._spent,
    events.NonceWithdrawn: LighterNonceComponent._withdrawn,
    events.RebaseWanted: LighterNonceComponent._rebase,
    events.CounterAnswered: LighterNonceComponent._counted,
}

_HANDLERS: dict[type[core.Decision], Callable[[Any, NonceLane, Any], None]] = {
    core.Seeded: LighterNonceComponent._on_seeded,
    core.RolledBack: LighterNonceComponent._on_rolled_back,
    core.Resolved: LighterNonceComponent._on_resolved,
    core.Froze: LighterNonceComponent._on_froze,
    core.AskVenue: LighterNonceComponent._on_ask_venue,
    core.Implausible: LighterNonceComponent._on_implausible,
    core.Healed: LighterNonceComponent._on_healed,
    core.ForeignWriter: LighterNonceComponent._on_foreign_writer,
    core.Halted: LighterNonceComponent._on_halted,
}
