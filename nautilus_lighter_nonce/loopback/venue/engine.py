"""
The venue without sockets: requests in, replies out, executions as time passes.

Rules of this file
------------------
- No clock, no loop, no I/O: every call takes the time in nanoseconds. `next_due` says when the
  engine wants to be called again; `run_due` executes what is due, see `sequencing`.
- The levers of the stages WIRE, EDGE, FOREIGN, ADMIT and REPLY are pulled here; what they mean on a
  transport (an HTTP status, a closed socket) is in the `Reply`, for the server to carry out.
- What no client sent comes in by `write` and the methods beside it, see `outside`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any
from typing import Final

import msgspec

from nautilus_lighter_nonce.lighter.codes import CODE_OK
from nautilus_lighter_nonce.lighter.codes import MAX_BATCH_REST
from nautilus_lighter_nonce.lighter.codes import MAX_BATCH_WS
from nautilus_lighter_nonce.lighter.codes import Code
from nautilus_lighter_nonce.loopback.config import MarketConfig
from nautilus_lighter_nonce.loopback.config import VenueConfig
from nautilus_lighter_nonce.loopback.config import changed
from nautilus_lighter_nonce.loopback.venue import admission
from nautilus_lighter_nonce.loopback.venue import outside
from nautilus_lighter_nonce.loopback.venue import txhash
from nautilus_lighter_nonce.loopback.venue.commands import LawCommand
from nautilus_lighter_nonce.loopback.venue.counter import CounterAnswers
from nautilus_lighter_nonce.loopback.venue.faults import Facts
from nautilus_lighter_nonce.loopback.venue.faults import Fault
from nautilus_lighter_nonce.loopback.venue.faults import Lever
from nautilus_lighter_nonce.loopback.venue.faults import Stage
from nautilus_lighter_nonce.loopback.venue.faults import code_of
from nautilus_lighter_nonce.loopback.venue.judgement import Claim
from nautilus_lighter_nonce.loopback.venue.judgement import judge
from nautilus_lighter_nonce.loopback.venue.ledger import Entry
from nautilus_lighter_nonce.loopback.venue.ledger import Ledger
from nautilus_lighter_nonce.loopback.venue.ledger import Transport
from nautilus_lighter_nonce.loopback.venue.ledger_rows import transaction_rows
from nautilus_lighter_nonce.loopback.venue.ledger_rows import write_row
from nautilus_lighter_nonce.loopback.venue.levers import Levers
from nautilus_lighter_nonce.loopback.venue.limits import Limits
from nautilus_lighter_nonce.loopback.venue.limits import Receipt
from nautilus_lighter_nonce.loopback.venue.limits import Refusal
from nautilus_lighter_nonce.loopback.venue.orders import Changes
from nautilus_lighter_nonce.loopback.venue.replies import Reply
from nautilus_lighter_nonce.loopback.venue.replies import Submission
from nautilus_lighter_nonce.loopback.venue.replies import bend
from nautilus_lighter_nonce.loopback.venue.replies import lets_pass
from nautilus_lighter_nonce.loopback.venue.sequencer import Key
from nautilus_lighter_nonce.loopback.venue.sequencing import Listener
from nautilus_lighter_nonce.loopback.venue.sequencing import Sequencing
from nautilus_lighter_nonce.loopback.venue.sequencing import facts_of
from nautilus_lighter_nonce.loopback.venue.sequencing import facts_of_tx
from nautilus_lighter_nonce.loopback.venue.state import State
from nautilus_lighter_nonce.loopback.venue.summary import summarize
from nautilus_lighter_nonce.loopback.venue.timing import USUAL_MS
from nautilus_lighter_nonce.loopback.venue.txinfo import Tx
from nautilus_lighter_nonce.loopback.venue.txinfo import parse


_MOST: Final = {Transport.WS: MAX_BATCH_WS, Transport.HTTP: MAX_BATCH_REST}
_USUAL_NS: Final = int(USUAL_MS * 1_000_000)


class Taken(msgspec.Struct, frozen=True):
    """A request that was admitted: the time of execution that is told, and the quota's receipt."""

    told_ns: int
    receipt: Receipt | None


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
        self.limits = Limits()
        self._sequencing = Sequencing(self.state, self.levers, self.ledger, listener)
        self._counters = CounterAnswers(self.state)
        self._batches = 0
        self._counters.stick(0)
        self._sequencing.follow_past(0)

    @property
    def config(self) -> VenueConfig:
        """The config, as last changed."""
        return self.state.config

    def configure(self, changes: dict[str, Any], now_ns: int) -> None:
        """
        Change settable fields of the config.

        Parameters
        ----------
        changes : dict[str, Any]
            New values by field name, as JSON gives them.
        now_ns : int
            The time before the change, UNIX nanoseconds.

        Raises
        ------
        ValueError
            If a field is not settable or its value out of range; nothing has changed then.

        """
        before, after = self.config, changed(self.config, changes)
        if "next_nonce" in changes:
            self._counters.stick(now_ns)
        if "volume_quota" in changes:
            self.limits.refill()
        self.state.config = after
        if "index_lag_ms" in changes:
            self._sequencing.follow_past(now_ns)
        if after.clock_skew_ms != before.clock_skew_ms:
            self._shift(int((after.clock_skew_ms - before.clock_skew_ms) * 1_000_000))

    def _shift(self, by_ns: int) -> None:
        """Move what waits, as the clock was moved; what has happened keeps its time."""
        self._sequencing.shift(by_ns)
        self.limits.shift(by_ns)
        self.state.past.shift(by_ns)
        self.state.sequencer.shift(by_ns)

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
        facts = self._facts(entries)
        lever = self.levers.pull(Stage.EDGE, facts)
        if lever is not None and not lets_pass(lever):
            return bend(lever, Reply(code=0, entries=entries))
        outcome = self._admit(submission, parsed, entries, facts, now_ns)
        reply = self._answer(outcome, entries)
        for bending in (lever, self.levers.pull(Stage.REPLY, facts)):
            reply = reply if bending is None else bend(bending, reply)
        return reply

    def meet(self, submission: Submission) -> Lever | None:
        """Return the lever of the stage WIRE that fires on a request."""
        pairs = zip(submission.tx_types, submission.tx_infos, strict=False)
        parsed = [(tx_type, parse(tx_type, raw)) for tx_type, raw in pairs]
        connection = submission.connection
        return self.levers.pull(Stage.WIRE, [facts_of_tx(*one, connection) for one in parsed])

    def next_nonce(self, key: Key, now_ns: int) -> Any:
        """Return what `nextNonce` reports: the executed counter, late, or what it is told to."""
        self.ledger.counters.next_nonce_calls += 1
        return self._counters.answer(key, now_ns)

    def takes_read(self, endpoint: str, now_ns: int) -> bool:
        """Count a read, and return whether the tier allows it."""
        return self.limits.takes_read(self.config, endpoint, now_ns)

    # -- FROM OUTSIDE -----------------------------------------------------------------------------

    def spend(self, key: Key, now_ns: int) -> None:
        """
        Play a foreign writer: spend the key's next nonce on a harmless transaction.

        Raises
        ------
        KeyError
            If the key is not registered.

        """
        outside.spend(self, key, now_ns)

    def act(self, command: LawCommand, now_ns: int) -> None:
        """Carry out a command about keys, accounts or strangers, see `outside.act`."""
        outside.act(self, command, now_ns)

    def register_key(self, key: Key, public_key: str, nonce: int | None, now_ns: int) -> None:
        """
        Register, replace or mend a key; a counter that begins anew forgets what was accepted.

        Raises
        ------
        ValueError
            If that is no public key; nothing has changed then.

        """
        self.state.keys.register(key, public_key)
        if nonce is not None and self.state.sequencer.knows(key):
            self.drop_pending(key, now_ns)
        self.state.register_key(key, public_key, nonce)

    def write(self, tx: Tx, now_ns: int, *, checked: bool = True) -> int | None:
        """Take a stranger's transaction, or return the code that refuses it."""
        entry = self.ledger.open(
            ts_ns=now_ns,
            transport=Transport.FOREIGN,
            connection=0,
            tx_type=tx.tx_type,
            tx=tx,
        )
        entry.expected, entry.replied_ns, entry.code = tx.info.nonce, now_ns, CODE_OK
        code = _objection(self.state, [tx], now_ns // 1_000_000) if checked else None
        if code is None:
            self._accept(entry, now_ns)
        else:
            entry.code = code
        return code

    def drop_pending(self, key: Key, now_ns: int) -> None:
        """Let everything accepted of a key that is not executed yet vanish."""
        self._sequencing.drop(key, now_ns)

    def publish(self, changes: Changes, ts_ns: int) -> None:
        """Tell of something that no transaction did."""
        self._sequencing.publish(changes, ts_ns)

    def tick(self, now_ns: int) -> int:
        """Return the time of an event."""
        return self._sequencing.tick(now_ns)

    def _facts(self, entries: tuple[Entry, ...]) -> Sequence[Facts]:
        """Return what selectors look at, nothing while nothing is armed."""
        return [facts_of(entry) for entry in entries] if self.levers.is_armed else ()

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
            entry.received_ns = submission.received_ns or now_ns
            if submission.fault is not None:
                entry.blame(submission.fault.value)
            if entry.key is not None and self.state.sequencer.knows(entry.key):
                entry.expected = self.state.sequencer.expected(entry.key)
            entries.append(entry)
        return tuple(entries)

    def _admit(
        self,
        submission: Submission,
        parsed: Sequence[Tx | Code],
        entries: tuple[Entry, ...],
        facts: Sequence[Facts],
        now_ns: int,
    ) -> Refusal | Taken:
        """Take the request's nonces, or say why not."""
        now_ms = now_ns // 1_000_000
        most = _MOST[submission.transport]
        given = len(submission.tx_types), len(submission.tx_infos)
        code: int | None = admission.check_batch(*given, most) or _first_code(parsed)
        if code is not None:
            return Refusal(code)
        txs = [tx for tx in parsed if isinstance(tx, Tx)]
        code = admission.check_before_nonce(self.state, txs, now_ms)
        if code is not None:
            return Refusal(code)
        # Just before the nonces are looked at: the stranger takes the very one that is next.
        if self.levers.pull(Stage.FOREIGN, facts) is not None:
            _blame(entries, Fault.FOREIGN_WRITER)
            self.spend(txs[0].key, now_ns)
            for entry in entries:
                entry.expected = self.state.sequencer.expected(txs[0].key)
        code = admission.check_nonce(self.state, txs)
        code = code or admission.check_after_nonce(self.state, txs, now_ms)
        if code is not None:
            return Refusal(code)
        # After the checks: what they refuse uses no lever up.
        lever = self.levers.pull(Stage.ADMIT, facts)
        if lever is not None:
            _blame(entries, lever.fault)
            return Refusal(code_of(lever))
        return self._take(txs, entries, now_ns)

    def _take(self, txs: Sequence[Tx], entries: tuple[Entry, ...], now_ns: int) -> Refusal | Taken:
        refusal = self.limits.objection(self.config, txs, now_ns)
        if refusal is not None:
            return refusal
        receipt = self.limits.count(self.config, txs, now_ns)
        told_ns = max(self._accept(entry, now_ns) for entry in entries)
        return Taken(told_ns if self.config.predicts_execution else now_ns + _USUAL_NS, receipt)

    def _accept(self, entry: Entry, now_ns: int) -> int:
        """Take an entry's nonce; return the time of execution that is told."""
        # First: from its acceptance on it is found by its hash.
        self.hash_of(entry)
        return self._sequencing.accept(entry, now_ns)

    def _answer(self, outcome: Refusal | Taken, entries: tuple[Entry, ...]) -> Reply:
        if isinstance(outcome, Refusal):
            for entry in entries:
                entry.code = entry.refusal = outcome.code
            return Reply(code=outcome.code, message=outcome.text, entries=entries)
        for entry in entries:
            entry.code = CODE_OK
        receipt = outcome.receipt
        return Reply(
            code=CODE_OK,
            hashes=tuple(entry.tx_hash for entry in entries),
            predicted_ms=outcome.told_ns // 1_000_000 + 1,
            message="" if receipt is None else receipt.message,
            quota_remaining=None if receipt is None else receipt.remaining,
            entries=entries,
        )

    # -- EXECUTION --------------------------------------------------------------------------------

    def next_due(self) -> int | None:
        """Return when the next execution is due, UNIX nanoseconds; ``None`` if none waits."""
        return self._sequencing.next_due()

    def run_due(self, now_ns: int) -> None:
        """Execute everything that is due."""
        self._sequencing.run_due(now_ns)

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
        ts_ns = self.tick(now_ns)
        changes = book.move_touch(book.to_price(bid), book.to_price(ask), base, ts_ns)
        self._sequencing.publish(changes, ts_ns, market_id)

    def expire_orders(self, now_ns: int) -> None:
        """End orders whose expiry has passed; the venue does it late (observed)."""
        for book in self.state.books.values():
            changes = book.expire(now_ns)
            if changes.orders:
                self._sequencing.publish(changes, self.tick(now_ns))

    # -- ACCOUNTS OF ITSELF -----------------------------------------------------------------------

    def hash_of(self, entry: Entry) -> str:
        """Return an entry's transaction hash, computed on first need; empty if unreadable."""
        if not entry.tx_hash and entry.tx is not None:
            fields: dict[str, Any] = msgspec.json.decode(entry.tx.raw)
            # What was refused for its fields may have no hash: attributes that are no numbers.
            with contextlib.suppress(ValueError):
                entry.tx_hash = txhash.tx_hash(self.config.chain_id, entry.tx_type, fields)
        return entry.tx_hash

    def ledger_json(self, *, by_transaction: bool = False) -> list[dict[str, Any]]:
        """Return the ledger as JSON values: one row per write, or per transaction."""
        entries = self.ledger.entries
        for entry in entries:
            self.hash_of(entry)
        if by_transaction:
            return transaction_rows(entries, self._markets)
        return [write_row(entry) for entry in entries]

    def summary(self, claims: Sequence[Claim] | None = None) -> dict[str, Any]:
        """Return what the ledger amounts to, with a judgement of what callers were told."""
        sequencer = self.state.sequencer
        registered = sequencer.registered()
        counters = [(k, sequencer.expected(k), sequencer.executed(k)) for k in registered]
        summary = summarize(self.ledger, counters)
        return summary if claims is None else summary | self._judge(claims)

    def _judge(self, claims: Sequence[Claim]) -> dict[str, Any]:
        return judge(self.ledger.entries, claims, self._markets)

    @property
    def _markets(self) -> dict[int, MarketConfig]:
        return {market.market_id: market for market in self.config.markets}

    def reset(self) -> None:
        """Disarm all levers and begin a new ledger; nonces, orders and positions stay."""
        self.levers.clear()
        self.ledger.clear()


def _objection(state: State, txs: Sequence[Tx], now_ms: int) -> int | None:
    return admission.check_before_nonce(state, txs, now_ms) or admission.check_after_nonce(
        state, txs, now_ms
    )


def _first_code(parsed: Sequence[Tx | Code]) -> Code | None:
    return next((p for p in parsed if isinstance(p, Code)), None)


def _blame(entries: tuple[Entry, ...], fault: Fault) -> None:
    for entry in entries:
        entry.blame(fault.value)
