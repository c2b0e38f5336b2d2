"""
The way of an accepted transaction: into the queue, through the sequencer, to whoever listens.

Rules of this file
------------------
- What is here has its nonce taken already; what the API tier makes of a request is `engine`'s.
- Whatever an execution changed is handed to the listener at once, before the next execution, since
  orders are live objects.
- Levers are for what clients send: a stranger's transaction meets none.
- No clock: time is an argument in nanoseconds.
"""

from __future__ import annotations

from collections.abc import Callable

from nautilus_lighter_nonce.lighter.codes import Code
from nautilus_lighter_nonce.loopback.config import VanishedFollowers
from nautilus_lighter_nonce.loopback.venue import admission
from nautilus_lighter_nonce.loopback.venue import rows_accounts
from nautilus_lighter_nonce.loopback.venue import views
from nautilus_lighter_nonce.loopback.venue.execution import Execution
from nautilus_lighter_nonce.loopback.venue.execution import execute
from nautilus_lighter_nonce.loopback.venue.faults import Facts
from nautilus_lighter_nonce.loopback.venue.faults import Fault
from nautilus_lighter_nonce.loopback.venue.faults import Lever
from nautilus_lighter_nonce.loopback.venue.faults import RecordFault
from nautilus_lighter_nonce.loopback.venue.faults import Stage
from nautilus_lighter_nonce.loopback.venue.faults import code_of
from nautilus_lighter_nonce.loopback.venue.ledger import Entry
from nautilus_lighter_nonce.loopback.venue.ledger import Ledger
from nautilus_lighter_nonce.loopback.venue.ledger import Transport
from nautilus_lighter_nonce.loopback.venue.levers import Levers
from nautilus_lighter_nonce.loopback.venue.orders import Changes
from nautilus_lighter_nonce.loopback.venue.queue import ExecutionQueue
from nautilus_lighter_nonce.loopback.venue.replies import Happening
from nautilus_lighter_nonce.loopback.venue.sequencer import Key
from nautilus_lighter_nonce.loopback.venue.sequencer import Outcome
from nautilus_lighter_nonce.loopback.venue.state import State
from nautilus_lighter_nonce.loopback.venue.timing import extra_ms
from nautilus_lighter_nonce.loopback.venue.txinfo import Tx


Listener = Callable[[Happening], None]


class Sequencing:
    """
    Everything that was accepted and is not executed yet.

    Parameters
    ----------
    state : State
        The venue's state.
    levers : Levers
        What is armed.
    ledger : Ledger
        Counts fills.
    listener : Listener
        Told of every execution and every move of a touch.

    """

    def __init__(self, state: State, levers: Levers, ledger: Ledger, listener: Listener) -> None:
        self._state = state
        self._levers = levers
        self._ledger = ledger
        self._listener = listener
        self._queue = ExecutionQueue()
        self._pending: dict[int, Entry] = {}
        self._culprits: dict[Key, int] = {}
        self._last_ns = 0

    # -- IN ---------------------------------------------------------------------------------------

    def accept(self, entry: Entry, now_ns: int) -> int:
        """
        Take an entry's nonce and queue it.

        Parameters
        ----------
        entry : Entry
            A transaction with an acceptable nonce and its hash.
        now_ns : int
            The time, UNIX nanoseconds.

        Returns
        -------
        int
            The time of execution that is told, UNIX nanoseconds.

        """
        tx, config = entry.tx, self._state.config
        assert tx is not None
        # Whatever raises comes first: what cannot be accepted has changed nothing.
        self._state.sequencer.accept(tx.key, entry.seq, admission.claim_of(tx))
        entry.accepted, entry.outcome = True, Outcome.PENDING
        entry.accepted_ns = entry.executed_ns = now_ns
        self._state.remember_hash(entry.tx_hash, entry)
        delay_ms = 0.0 if config.frame_before_reply else config.execution_delay_ms
        told_ns = due_ns = now_ns + int((delay_ms + extra_ms(self._state, tx)) * 1_000_000)
        lever = self._lever_for(Stage.QUEUE, entry)
        if lever is not None:
            due_ns += int(lever.wait_ms * 1_000_000)
            told_ns = due_ns if lever.predicted else told_ns
        self._pending[entry.seq] = entry
        return self._queue.put(tx.key, entry, due_ns, told_ns)

    def drop(self, key: Key, now_ns: int) -> None:
        """Let everything accepted of a key vanish, and nothing of it hold up what comes."""
        for seq in self._state.sequencer.pending(key):
            self._state.sequencer.drop(key)
            self._vanish(seq, now_ns)
        self._queue.forget(key)

    # -- THROUGH ----------------------------------------------------------------------------------

    def next_due(self) -> int | None:
        """Return when the next execution is due, UNIX nanoseconds; ``None`` if none waits."""
        return self._queue.next_due()

    def run_due(self, now_ns: int) -> None:
        """Execute everything that is due."""
        while (entry := self._queue.pop_due(now_ns)) is not None:
            if entry.outcome is Outcome.PENDING:
                self._execute(entry, now_ns)

    def tick(self, now_ns: int) -> int:
        """Return the time, at least a microsecond after the last: it orders the frames."""
        self._last_ns = max(now_ns, self._last_ns + 1_000)
        return self._last_ns

    def shift(self, by_ns: int) -> None:
        """Move what waits, as the venue's clock was moved."""
        self._last_ns += by_ns
        self._queue.shift(by_ns)

    def _execute(self, entry: Entry, now_ns: int) -> None:
        tx, ts_ns, sequencer = entry.tx, self.tick(now_ns), self._state.sequencer
        assert tx is not None
        if not sequencer.head_fits(tx.key):
            self._vanish(sequencer.drop(tx.key), ts_ns, self._culprits.get(tx.key))
            return
        entry.executed_ns = ts_ns
        done = self._decide(entry, tx, ts_ns)
        if done.vanishes:
            late = self._state.config.vanished_followers is VanishedFollowers.LATE
            self._culprits[tx.key] = entry.seq
            for seq in sequencer.vanish(tx.key, late=late):
                self._vanish(seq, ts_ns, None if seq == entry.seq else entry.seq)
            return
        sequencer.execute(tx.key, ts_ns)
        del self._pending[entry.seq]
        entry.outcome = Outcome.EXECUTED if done.app_error is None else Outcome.REVERTED
        entry.app_error = done.app_error
        entry.order = done.order if entry.is_create else None
        entry.event_info = views.event_info(tx.info, done)
        # Before anybody can see it.
        self._bend_record(entry, ts_ns)
        self._state.remember_tx(entry)
        self._ledger.counters.fills += len(done.changes.fills)
        self._tell(Happening(done.changes, ts_ns, entry))

    def _decide(self, entry: Entry, tx: Tx, ts_ns: int) -> Execution:
        lever = self._lever_for(Stage.EXECUTE, entry)
        expired = tx.info.expired_at * 1_000_000 <= ts_ns
        if expired or (lever is not None and lever.fault is Fault.VANISH):
            return Execution(changes=Changes(), vanishes=True)
        if lever is not None:
            return Execution(changes=Changes(), app_error=code_of(lever))
        return execute(self._state, tx.info, ts_ns)

    def _vanish(self, seq: int, ts_ns: int, culprit: int | None = None) -> None:
        entry = self._pending.pop(seq)
        entry.outcome, entry.executed_ns, entry.fell_with = Outcome.VANISHED, ts_ns, culprit

    def _lever_for(self, stage: Stage, entry: Entry) -> Lever | None:
        if entry.transport is Transport.FOREIGN or not self._levers.has(stage):
            return None
        lever = self._levers.pull(stage, (facts_of(entry),))
        if lever is not None:
            entry.blame(lever.fault.value)
        return lever

    def _bend_record(self, entry: Entry, ts_ns: int) -> None:
        lever = self._lever_for(Stage.RECORD, entry)
        if lever is not None:
            until_ns = ts_ns + int(lever.wait_ms * 1_000_000) if lever.wait_ms else None
            entry.record = RecordFault(
                status=lever.status, missing=lever.missing, until_ns=until_ns
            )

    # -- OUT --------------------------------------------------------------------------------------

    def publish(self, changes: Changes, ts_ns: int, market_id: int | None = None) -> None:
        """
        Tell of something that no transaction did.

        Parameters
        ----------
        changes : Changes
            What happened.
        ts_ns : int
            When, UNIX nanoseconds.
        market_id : int, optional
            The market whose touch moved.

        """
        self._state.absorb(changes)
        self._ledger.counters.fills += len(changes.fills)
        self._tell(Happening(changes, ts_ns, None, market_id))

    def _tell(self, happening: Happening) -> None:
        if self._state.past.keeps_accounts:
            self._note_accounts(happening.ts_ns)
        self._listener(happening)

    def follow_past(self, now_ns: int) -> None:
        """Keep of the past what the config's late indexes need, from now on."""
        accounts = self._state.accounts.indexes()
        live = [order for index in accounts for order in self._state.orders.live(index)]
        self._state.past.follow(self._state.config, live)
        if self._state.past.keeps_accounts:
            self._note_accounts(now_ns)

    def _note_accounts(self, now_ns: int) -> None:
        """Keep how every account looks now: a touch that moves changes all of them."""
        for index in self._state.accounts.indexes():
            account = self._state.accounts.known(index)
            assert account is not None
            row = rows_accounts.account_row(self._state, account)
            self._state.past.note_account(index, row, now_ns)


def facts_of(entry: Entry) -> Facts:
    """Return what a lever's selectors look at."""
    on_socket = entry.transport is not Transport.HTTP
    return facts_of_tx(entry.tx_type, entry.tx, entry.connection, on_socket=on_socket)


def facts_of_tx(
    tx_type: int, tx: Tx | Code | None, connection: int, *, on_socket: bool = True
) -> Facts:
    """Return what a lever's selectors look at, of a transaction without an entry."""
    if not isinstance(tx, Tx):
        return Facts(tx_type=tx_type, connection=connection, on_socket=on_socket)
    return Facts(
        tx_type=tx_type,
        account_index=tx.info.account_index,
        api_key_index=tx.info.api_key_index,
        nonce=tx.info.nonce,
        client_order_index=tx.index,
        connection=connection,
        on_socket=on_socket,
    )
