"""
The venue on 127.0.0.1: REST, WebSocket and control around the engine.

Rules of this file
------------------
- This is the edge: the clock is read here, timers run here, sockets live here. Decisions are the
  engine's.
- It listens on 127.0.0.1 and nowhere else.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterable
from collections.abc import Mapping
from types import TracebackType
from typing import Any
from typing import Final

from aiohttp import web

from nautilus_lighter_nonce.loopback.address import HOST
from nautilus_lighter_nonce.loopback.address import Addressed
from nautilus_lighter_nonce.loopback.config import VenueConfig
from nautilus_lighter_nonce.loopback.venue.channels import Channel
from nautilus_lighter_nonce.loopback.venue.commands import LawCommand
from nautilus_lighter_nonce.loopback.venue.control import carry_out
from nautilus_lighter_nonce.loopback.venue.engine import Engine
from nautilus_lighter_nonce.loopback.venue.faults import Direction
from nautilus_lighter_nonce.loopback.venue.faults import Fault
from nautilus_lighter_nonce.loopback.venue.faults import Lever
from nautilus_lighter_nonce.loopback.venue.faults import Stage
from nautilus_lighter_nonce.loopback.venue.faults import stage_of
from nautilus_lighter_nonce.loopback.venue.judgement import Claim
from nautilus_lighter_nonce.loopback.venue.judgement import claims_of
from nautilus_lighter_nonce.loopback.venue.ledger import Counters
from nautilus_lighter_nonce.loopback.venue.replies import Happening
from nautilus_lighter_nonce.loopback.venue.replies import Reply
from nautilus_lighter_nonce.loopback.venue.replies import Submission
from nautilus_lighter_nonce.loopback.venue.state import State
from nautilus_lighter_nonce.loopback.venue.streams import Streams
from nautilus_lighter_nonce.loopback.wire.back_door import BackDoor
from nautilus_lighter_nonce.loopback.wire.broadcast import Broadcast
from nautilus_lighter_nonce.loopback.wire.gate import gate
from nautilus_lighter_nonce.loopback.wire.rest import Rest
from nautilus_lighter_nonce.loopback.wire.session import Session
from nautilus_lighter_nonce.loopback.wire.sockets import Sockets


EXPIRY_SWEEP_S: Final = 1.0  # the venue's own is 10 to 30 s late (observed)
MAX_BODY_BYTES: Final = 4 * 1024 * 1024


class LoopbackVenue(Addressed):
    """
    A Lighter venue on 127.0.0.1, in the running event loop.

    Parameters
    ----------
    config : VenueConfig, optional
        The venue.
    port : int, default 0
        The TCP port; 0 takes a free one.

    Examples
    --------
    >>> async with LoopbackVenue(VenueConfig(latency_ms=20)) as venue:
    ...     print(venue.http_url)

    """

    def __init__(self, config: VenueConfig | None = None, port: int = 0) -> None:
        self.port = port
        self._config = config or VenueConfig()
        self._engine = Engine(self._config, self._on_happening)
        self._broadcast = Broadcast(self, Streams(self._engine.state), self._engine.levers)
        self._sockets = Sockets()
        self._rng = random.Random(self._config.seed)
        self._connections = 0
        self._due_timer: asyncio.TimerHandle | None = None
        self._timer_due_ns = 0
        self._housekeeper: asyncio.Task[None] | None = None
        self._runner: web.AppRunner | None = None

    # -- LIFE -------------------------------------------------------------------------------------

    async def start(self) -> None:
        """
        Listen; `port`, `http_url` and `ws_url` are final afterwards.

        Raises
        ------
        ValueError
            If one of the config's commands is none; nothing listens then.

        """
        app = web.Application(client_max_size=MAX_BODY_BYTES, middlewares=[gate])
        Rest(self).mount(app)
        app.router.add_get("/stream", self._handle_socket)
        BackDoor(self).mount(app)
        self._runner = web.AppRunner(
            app, access_log=None, handler_cancellation=True, shutdown_timeout=0.2
        )
        await self._runner.setup()
        site = web.TCPSite(self._runner, HOST, self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]
        try:
            self._be_told()
        except ValueError:
            await self.stop()
            raise
        self._housekeeper = asyncio.get_running_loop().create_task(self._keep_house())

    def _be_told(self) -> None:
        """Do what the config says is done at birth."""
        for lever in self._config.levers:
            self.pull(lever)
        for command in self._config.commands:
            self.control(command)

    async def stop(self) -> None:
        """Close all sockets and stop listening; a second call does nothing."""
        # Sockets first: the runner would wait for their handlers.
        self._sockets.forget()
        if self._due_timer is not None:
            self._due_timer.cancel()
        if self._housekeeper is not None:
            self._housekeeper.cancel()
        if self._runner is not None:
            runner, self._runner = self._runner, None
            await runner.cleanup()

    async def __aenter__(self) -> LoopbackVenue:
        await self.start()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.stop()

    @property
    def config(self) -> VenueConfig:
        """The config, as last changed."""
        return self._engine.config

    @property
    def state(self) -> State:
        """The venue's state, to be read."""
        return self._engine.state

    @property
    def counters(self) -> Counters:
        """What the ledger counts besides transactions."""
        return self._engine.ledger.counters

    def now_ns(self) -> int:
        """Return the venue's time, UNIX nanoseconds; its clock may be wrong."""
        return time.time_ns() + int(self.config.clock_skew_ms * 1_000_000)

    # -- CONTROL ----------------------------------------------------------------------------------

    def control(self, command: dict[str, Any]) -> None:
        """
        Carry out a control command.

        Raises
        ------
        ValueError
            If it is no command, or a value in it is wrong; nothing has happened then.

        """
        carry_out(self, command)

    def fault(self, name: str, **fields: Any) -> None:
        """
        Arm a lever, or act at once.

        Parameters
        ----------
        name : str
            The fault's name, e.g. "vanish".
        **fields : Any
            The lever's fields, see `faults.Lever`.

        Raises
        ------
        ValueError
            If the name or a field is wrong.

        """
        self.control({"fault": name} | fields)

    def pull(self, lever: Lever) -> None:
        """Arm a lever, or act at once where it needs no transaction."""
        if stage_of(lever) is not Stage.NOW:
            self._engine.levers.arm(lever)
        elif lever.fault is Fault.LAG:
            self.set(next_nonce_lag_ms=lever.wait_ms)
        elif lever.fault is Fault.SHUTDOWN:
            self.shut_down(lever)
        else:
            self.close_sockets()

    def set(self, **changes: Any) -> None:
        """
        Change settable fields of the config, see `config.SETTABLE`.

        Raises
        ------
        ValueError
            If a field is not settable or its value out of range; nothing has changed then.

        """
        self._engine.configure(changes, self.now_ns())
        self._schedule_due()

    def move_touch(self, market_id: int, bid: str, ask: str, size: str | None = None) -> None:
        """
        Move a market's synthetic touch; resting orders that it crosses are filled as makers.

        Raises
        ------
        KeyError
            If there is no such market.
        ValueError
            If the prices make no touch; nothing has changed then.

        """
        self._engine.move_touch(market_id, bid, ask, size, self.now_ns())

    def register_key(
        self, account_index: int, api_key_index: int, public_key: str, nonce: int | None = 1
    ) -> None:
        """
        Register, replace or mend a key; its counter begins at `nonce`, or goes on with ``None``.

        Raises
        ------
        KeyError
            If there is no such account.

        """
        if self.state.accounts.known(account_index) is None:
            raise KeyError(f"account {account_index}")
        key = (account_index, api_key_index)
        self._engine.register_key(key, public_key, nonce, self.now_ns())

    def spend(self, account_index: int, api_key_index: int, count: int = 1) -> None:
        """
        Let a foreign writer spend nonces of a key now.

        Raises
        ------
        KeyError
            If the key is not registered.

        """
        key = (account_index, api_key_index)
        if not self.state.sequencer.knows(key):
            raise KeyError(f"key {key}")
        for _ in range(count):
            self._engine.spend(key, self.now_ns())
        self._schedule_due()

    def act(self, command: LawCommand) -> None:
        """
        Carry out what the law decides about keys, accounts and strangers, see `venue.outside`.

        Raises
        ------
        KeyError
            If it names an account, a key or a market that is not there.
        ValueError
            If it cannot be done, or the law refused a stranger's transaction.

        """
        self._engine.act(command, self.now_ns())
        self._sockets.check_tokens()
        self._schedule_due()

    def hold(self, direction: Direction, connection: int | None, ms: float | None) -> None:
        """
        Hold what passes a socket, or all that are open now, for so long or until released.

        Raises
        ------
        KeyError
            If there is no such open connection.

        """
        self._sockets.hold(direction, connection, ms)

    def release(self, connection: int | None) -> None:
        """
        Let go what a socket holds, or all of them, also those that have gone.

        Raises
        ------
        KeyError
            If there is no such connection.

        """
        self._sockets.release(connection)

    def half_open(self, connection: int | None) -> None:
        """
        Let a socket, or all that are open now, be dead without a close.

        Raises
        ------
        KeyError
            If there is no such open connection.

        """
        self._sockets.half_open(connection)

    def reset(self) -> None:
        """Disarm all levers and begin a new ledger; nonces, orders and positions stay."""
        self._engine.reset()

    def ledger(self, *, by_transaction: bool = False) -> list[dict[str, Any]]:
        """Return what the venue saw: a row per write, or per transaction with its copies."""
        return self._engine.ledger_json(by_transaction=by_transaction)

    def summary(self, told: Iterable[Mapping[str, Any] | Claim] | None = None) -> dict[str, Any]:
        """
        Return what the ledger amounts to.

        Parameters
        ----------
        told : Iterable[Mapping[str, Any] or Claim], optional
            What callers were told of their orders; it is judged then, see `venue.judgement`.

        Returns
        -------
        dict[str, Any]

        Raises
        ------
        ValueError
            If something told is no claim.

        """
        return self._engine.summary(None if told is None else claims_of(told))

    # -- TRANSACTIONS -----------------------------------------------------------------------------

    @property
    def is_wire_armed(self) -> bool:
        """Whether a lever waits for a request on its socket."""
        return self._engine.levers.has(Stage.WIRE)

    def meet(self, submission: Submission) -> Lever | None:
        """Return the lever that fires on a request before it is on its way to the venue."""
        return self._engine.meet(submission)

    def submit(self, submission: Submission) -> Reply:
        """Process a request now."""
        now_ns = self.now_ns()
        reply = self._engine.submit(submission, now_ns)
        if self.config.frame_before_reply:
            self._engine.run_due(now_ns)
        self._schedule_due()
        return reply

    def next_nonce(self, key: tuple[int, int]) -> Any:
        """Return what `nextNonce` reports now."""
        return self._engine.next_nonce(key, self.now_ns())

    def takes_read(self, endpoint: str) -> bool:
        """Count a read, and return whether the tier allows it."""
        return self._engine.takes_read(endpoint, self.now_ns())

    def lever_for(self, endpoint: str) -> Lever | None:
        """Return the lever that fires on a read of an endpoint."""
        return self._engine.levers.pull_read(endpoint)

    def _schedule_due(self) -> None:
        due_ns = self._engine.next_due()
        if due_ns is None or (self._due_timer is not None and self._timer_due_ns <= due_ns):
            return
        if self._due_timer is not None:
            self._due_timer.cancel()
        self._timer_due_ns = due_ns
        delay_s = max(due_ns - self.now_ns(), 0) / 1e9
        self._due_timer = asyncio.get_running_loop().call_later(delay_s, self._run_due)

    def _run_due(self) -> None:
        self._due_timer = None
        self._engine.run_due(self.now_ns())
        self._schedule_due()

    # -- STREAMS ----------------------------------------------------------------------------------

    def one_way_s(self) -> float:
        """Draw the delay of one message on one way, seconds."""
        config = self.config
        jitter_ms = self._rng.uniform(0.0, config.jitter_ms) if config.jitter_ms else 0.0
        return (config.latency_ms / 2 + jitter_ms) / 1_000

    def subscribe(self, session: Session, channel: Channel) -> None:
        """Add a subscriber and send it the snapshot."""
        self._broadcast.subscribe(session, channel)

    def unsubscribe(self, session: Session, channel: Channel) -> None:
        """Remove a subscriber."""
        self._broadcast.unsubscribe(session, channel)

    def close_sockets(self) -> None:
        """Cut all WebSockets without a word."""
        self._sockets.cut()

    def shut_down(self, lever: Lever) -> None:
        """Close all WebSockets as a lever says."""
        self._sockets.shut_down(lever.wait_ms, announced=lever.announced)

    def new_connection(self) -> int:
        """Count a connection and return its number."""
        self._connections += 1
        self.counters.connections += 1
        return self._connections

    def _on_happening(self, happening: Happening) -> None:
        self._broadcast.tell(happening)

    async def _keep_house(self) -> None:
        while True:
            await asyncio.sleep(EXPIRY_SWEEP_S)
            self._engine.expire_orders(self.now_ns())
            self._broadcast.tell_height()
            self._sockets.check_tokens()

    async def _handle_socket(self, request: web.Request) -> web.WebSocketResponse:
        session = Session(self, self.new_connection())
        self._sockets.add(session)
        return await session.serve(request)
