"""
The venue without sockets: requests in, replies out, executions as time passes.

Rules of this file
------------------
- No clock, no loop, no I/O: every call takes the time in nanoseconds. `next_due` says when the
  engine wants to be called again; `run_due` executes what is due, in the order of acceptance.
- The levers of the stages EDGE, FOREIGN, ADMIT, EXECUTE and REPLY are pulled here; what they mean
  on a transport (an HTTP status, a closed socket) is in the `Reply`, for the server to carry out.
- Whatever an execution changed is handed to the listener at once, before the next execution, since
  orders are live objects.
"""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Callable
from collections.abc import Sequence
from typing import Any
from typing import Final

import msgspec

from nautilus_lighter_nonce.lighter.codes import CODE_OK
from nautilus_lighter_nonce.lighter.codes import MAX_BATCH_REST
from nautilus_lighter_nonce.lighter.codes import MAX_BATCH_WS
from nautilus_lighter_nonce.lighter.codes import TX_LIFETIME_MS
from nautilus_lighter_nonce.lighter.codes import Code
from nautilus_lighter_nonce.lighter.codes import TxType
from nautilus_lighter_nonce.loopback.config import VenueConfig
from nautilus_lighter_nonce.loopback.venue import admission
from nautilus_lighter_nonce.loopback.venue import txhash
from nautilus_lighter_nonce.loopback.venue import views
from nautilus_lighter_nonce.loopback.venue.execution import Execution
from nautilus_lighter_nonce.loopback.venue.execution import execute
from nautilus_lighter_nonce.loopback.venue.faults import Facts
from nautilus_lighter_nonce.loopback.venue.faults import Fault
from nautilus_lighter_nonce.loopback.venue.faults import Lever
from nautilus_lighter_nonce.loopback.venue.faults import Stage
from nautilus_lighter_nonce.loopback.venue.faults import code_of
from nautilus_lighter_nonce.loopback.venue.ledger import Entry
from nautilus_lighter_nonce.loopback.venue.ledger import Ledger
from nautilus_lighter_nonce.loopback.venue.ledger import Transport
from nautilus_lighter_nonce.loopback.venue.ledger import entry_json
from nautilus_lighter_nonce.loopback.venue.ledger import summarize
from nautilus_lighter_nonce.loopback.venue.levers import Levers
from nautilus_lighter_nonce.loopback.venue.orders import Changes
from nautilus_lighter_nonce.loopback.venue.replies import Happening
from nautilus_lighter_nonce.loopback.venue.replies import Reply
from nautilus_lighter_nonce.loopback.venue.replies import Submission
from nautilus_lighter_nonce.loopback.venue.replies import bend
from nautilus_lighter_nonce.loopback.venue.sequencer import Key
from nautilus_lighter_nonce.loopback.venue.sequencer import Outcome
from nautilus_lighter_nonce.loopback.venue.state import State
from nautilus_lighter_nonce.loopback.venue.txinfo import SIGNATURE_CHARS
from nautilus_lighter_nonce.loopback.venue.txinfo import Tx
from nautilus_lighter_nonce.loopback.venue.txinfo import parse


_MOST: Final = {Transport.WS: MAX_BATCH_WS, Transport.HTTP: MAX_BATCH_REST}
_FOREIGN_SIG: Final = "A" * (SIGNATURE_CHARS - 1) + "="


Listener = Callable[[Happening], None]


class Engine:
    """
    A Lighter venue as pure state.

    Parameters
    ----------
    config : VenueConfig
        The venue.
    listener : Listener
        Told of every execution and every move of a touch.

    """

    def __init__(self, config: VenueConfig, listener: Listener) -> None:
        self.state = State(config)
        self.levers = Levers(config.seed)
        self.ledger = Ledger()
        self._listener = listener
        self._queue: deque[tuple[int, Entry]] = deque()
        self._pending: dict[int, Entry] = {}
        self._last_ns = 0
        self._batches = 0

    @property
    def config(self) -> VenueConfig:
        """The config, as last changed."""
        return self.state.config

    # -- REQUESTS ---------------------------------------------------------------------------------

    def submit(self, submission: Submission, now_ns: int) -> Reply:
        """
        Take a request: admit it or refuse it, and say how to answer.

        Parameters
        ----------
        submission : Submission
            The request.
        now_ns : int
            The time, UNIX nanoseconds.

        Returns
        -------
        Reply

        """
        parsed = [
            parse(tx_type, raw)
            for tx_type, raw in zip(submission.tx_types, submission.tx_infos, strict=False)
        ]
        entries = self._open_entries(submission, parsed, now_ns)
        facts = [_facts(e) for e in entries]
        lever = self.levers.pull(Stage.EDGE, facts)
        if lever is not None:
            return bend(lever, Reply(code=0, entries=entries))
        code = self._admit(submission, parsed, entries, now_ns)
        reply = self._answer(code or CODE_OK, entries, now_ns)
        lever = self.levers.pull(Stage.REPLY, facts)
        return reply if lever is None else bend(lever, reply)

    def next_nonce(self, key: Key, now_ns: int) -> int:
        """Return what `nextNonce` reports: the executed counter, late."""
        self.ledger.counters.next_nonce_calls += 1
        lag_ns = int(self.config.next_nonce_lag_ms * 1_000_000)
        return self.state.sequencer.next_nonce(key, now_ns, lag_ns)

    def spend(self, key: Key, now_ns: int) -> None:
        """
        Play a foreign writer: spend the key's next nonce on a harmless transaction.

        Raises
        ------
        KeyError
            If the key is not registered.

        """
        account_index, api_key_index = key
        market_id = next(iter(self.state.books))
        position = self.state.accounts.position(account_index, market_id)
        info = {
            "AccountIndex": account_index,
            "ApiKeyIndex": api_key_index,
            "MarketIndex": market_id,
            "InitialMarginFraction": position.margin_fraction,
            "MarginMode": position.margin_mode,
            "ExpiredAt": now_ns // 1_000_000 + TX_LIFETIME_MS,
            "Nonce": self.state.sequencer.expected(key),
            "Sig": _FOREIGN_SIG,
            "L2TxAttributes": None,
        }
        tx = parse(TxType.UPDATE_LEVERAGE, msgspec.json.encode(info).decode())
        assert isinstance(tx, Tx)
        entry = self.ledger.open(
            ts_ns=now_ns,
            transport=Transport.FOREIGN,
            connection=0,
            tx_type=tx.tx_type,
            tx=tx,
        )
        entry.code, entry.replied_ns, entry.expected = CODE_OK, now_ns, tx.info.nonce
        self._accept(entry, now_ns)

    def _open_entries(
        self, submission: Submission, parsed: Sequence[Tx | Code], now_ns: int
    ) -> tuple[Entry, ...]:
        self._batches += submission.is_batch
        entries = []
        for tx_type, tx in zip(submission.tx_types, parsed, strict=False):
            entry = self.ledger.open(
                ts_ns=now_ns,
                transport=submission.transport,
                connection=submission.connection,
                tx_type=tx_type,
                tx=tx if isinstance(tx, Tx) else None,
                batch=self._batches if submission.is_batch else None,
            )
            if entry.key is not None and self.state.sequencer.knows(entry.key):
                entry.expected = self.state.sequencer.expected(entry.key)
            entries.append(entry)
        return tuple(entries)

    def _admit(
        self,
        submission: Submission,
        parsed: Sequence[Tx | Code],
        entries: tuple[Entry, ...],
        now_ns: int,
    ) -> int | None:
        """Take the request's nonces, or return the code that refuses it."""
        now_ms = now_ns // 1_000_000
        most = _MOST[submission.transport]
        given = len(submission.tx_types), len(submission.tx_infos)
        code: int | None = admission.check_batch(*given, most) or _first_code(parsed)
        if code is not None:
            return code
        txs = [tx for tx in parsed if isinstance(tx, Tx)]
        code = admission.check_before_nonce(self.state, txs, now_ms)
        if code is not None:
            return code
        facts = [_facts(e) for e in entries]
        if self.levers.pull(Stage.FOREIGN, facts) is not None:
            _blame(entries, Fault.FOREIGN_WRITER)
            self.spend(txs[0].key, now_ns)
            for entry in entries:
                entry.expected = self.state.sequencer.expected(txs[0].key)
        code = admission.check_nonce(self.state, txs)
        code = code or admission.check_after_nonce(self.state, txs, now_ms)
        if code is not None:
            return code
        lever = self.levers.pull(Stage.ADMIT, facts)
        if lever is not None:
            _blame(entries, lever.fault)
            return code_of(lever)
        for entry in entries:
            self._accept(entry, now_ns)
        return None

    def _accept(self, entry: Entry, now_ns: int) -> None:
        assert entry.tx is not None
        self.state.sequencer.accept(entry.tx.key, entry.seq, admission.claim_of(entry.tx))
        entry.accepted, entry.outcome = True, Outcome.PENDING
        entry.accepted_ns = entry.executed_ns = now_ns
        self.state.remember_hash(self.hash_of(entry), entry)
        delay_ms = 0.0 if self.config.frame_before_reply else self.config.execution_delay_ms
        due_ns = now_ns + int(delay_ms * 1_000_000)
        if self._queue:
            due_ns = max(due_ns, self._queue[-1][0])
        self._queue.append((due_ns, entry))
        self._pending[entry.seq] = entry

    def _answer(self, code: int, entries: tuple[Entry, ...], now_ns: int) -> Reply:
        for entry in entries:
            entry.code = code
        if code != CODE_OK:
            return Reply(code=code, entries=entries)
        return Reply(
            code=code,
            hashes=tuple(entry.tx_hash for entry in entries),
            predicted_ms=self._queue[-1][0] // 1_000_000 + 1,
            entries=entries,
        )

    # -- EXECUTION --------------------------------------------------------------------------------

    def next_due(self) -> int | None:
        """Return when the next execution is due, UNIX nanoseconds; ``None`` if none waits."""
        return self._queue[0][0] if self._queue else None

    def run_due(self, now_ns: int) -> None:
        """Execute everything that is due."""
        while self._queue and self._queue[0][0] <= now_ns:
            _, entry = self._queue.popleft()
            if entry.outcome is Outcome.PENDING:
                self._execute(entry, now_ns)

    def move_touch(self, market_id: int, bid: str, ask: str, size: str | None, now_ns: int) -> None:
        """
        Move a market's synthetic touch.

        Raises
        ------
        KeyError
            If there is no such market.
        ValueError
            If the prices make no touch; nothing has changed then.

        """
        book = self.state.books[market_id]
        base = None if size is None else book.to_size(size)
        ts_ns = self._tick(now_ns)
        changes = book.move_touch(book.to_price(bid), book.to_price(ask), base, ts_ns)
        self._publish(changes, ts_ns, market_id)

    def expire_orders(self, now_ns: int) -> None:
        """End orders whose expiry has passed; the venue does it late (observed)."""
        for book in self.state.books.values():
            changes = book.expire(now_ns)
            if changes.orders:
                self._publish(changes, self._tick(now_ns))

    def _execute(self, entry: Entry, now_ns: int) -> None:
        tx, ts_ns = entry.tx, self._tick(now_ns)
        assert tx is not None
        entry.executed_ns = ts_ns
        lever = self.levers.pull(Stage.EXECUTE, [_facts(entry)])
        done = self._decide(tx, lever, ts_ns)
        if lever is not None:
            entry.blame(lever.fault.value)
        if done.vanishes:
            for seq in self.state.sequencer.vanish(tx.key):
                self._pending.pop(seq).outcome = Outcome.VANISHED
            return
        self.state.sequencer.execute(tx.key, ts_ns)
        del self._pending[entry.seq]
        entry.outcome = Outcome.EXECUTED if done.app_error is None else Outcome.FAILED
        entry.app_error = done.app_error
        entry.made_order = entry.is_create and done.order is not None
        entry.event_info = views.event_info(tx.info, done)
        self.state.remember_tx(entry)
        self.ledger.counters.fills += len(done.changes.fills)
        self._listener(Happening(done.changes, ts_ns, entry))

    def _decide(self, tx: Tx, lever: Lever | None, ts_ns: int) -> Execution:
        expired = tx.info.expired_at * 1_000_000 <= ts_ns
        if expired or (lever is not None and lever.fault is Fault.VANISH):
            return Execution(changes=Changes(), vanishes=True)
        if lever is not None:
            return Execution(changes=Changes(), app_error=code_of(lever))
        return execute(self.state, tx.info, ts_ns)

    def _publish(self, changes: Changes, ts_ns: int, market_id: int | None = None) -> None:
        self.state.absorb(changes)
        self.ledger.counters.fills += len(changes.fills)
        self._listener(Happening(changes, ts_ns, None, market_id))

    def _tick(self, now_ns: int) -> int:
        """Return the time, at least a microsecond after the last: it orders the frames."""
        self._last_ns = max(now_ns, self._last_ns + 1_000)
        return self._last_ns

    # -- ACCOUNTS OF ITSELF -----------------------------------------------------------------------

    def hash_of(self, entry: Entry) -> str:
        """Return an entry's transaction hash, computed on first need; empty if unreadable."""
        if not entry.tx_hash and entry.tx is not None:
            fields: dict[str, Any] = msgspec.json.decode(entry.tx.raw)
            # What was refused for its fields may have no hash: attributes that are no numbers.
            with contextlib.suppress(ValueError):
                entry.tx_hash = txhash.tx_hash(self.config.chain_id, entry.tx_type, fields)
        return entry.tx_hash

    def ledger_json(self) -> list[dict[str, Any]]:
        """Return the ledger's entries as JSON values."""
        for entry in self.ledger.entries:
            self.hash_of(entry)
        return [entry_json(entry) for entry in self.ledger.entries]

    def summary(self) -> dict[str, Any]:
        """Return the ledger's judgement as JSON values."""
        sequencer = self.state.sequencer
        registered = sequencer.registered()
        counters = [(k, sequencer.expected(k), sequencer.executed(k)) for k in registered]
        return summarize(self.ledger, counters)

    def reset(self) -> None:
        """Disarm all levers and begin a new ledger; nonces, orders and positions stay."""
        self.levers.clear()
        self.ledger.clear()


def _facts(entry: Entry) -> Facts:
    if entry.tx is None:
        return Facts(tx_type=entry.tx_type)
    return Facts(
        tx_type=entry.tx_type,
        account_index=entry.tx.info.account_index,
        api_key_index=entry.tx.info.api_key_index,
        nonce=entry.tx.info.nonce,
        client_order_index=entry.tx.index,
    )


def _first_code(parsed: Sequence[Tx | Code]) -> Code | None:
    return next((p for p in parsed if isinstance(p, Code)), None)


def _blame(entries: tuple[Entry, ...], fault: Fault) -> None:
    for entry in entries:
        entry.blame(fault.value)
