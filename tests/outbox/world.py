"""
A small world around the shipped outbox and lane: a user, a nasty wire, and the venue.

What lives here: everything that may happen, one step at a time, carried out on the shipped code
alone. `offers` says what may happen, `laws` what no step may break. The only decisions here are the
venue's and the wire's.
"""

from __future__ import annotations

from collections import deque
from typing import Any

from nautilus_lighter_nonce.lighter.codes import Code
from nautilus_lighter_nonce.lighter.codes import TxType
from nautilus_lighter_nonce.lighter.codes import Verdict
from nautilus_lighter_nonce.outbox.moves import TxState
from tests.outbox.offers import BUDGET_OF
from tests.outbox.offers import Offer
from tests.outbox.offers import offers
from tests.outbox.shell import Shell
from tests.outbox.shell import Tx
from tests.outbox.venue import LATER_CODE
from tests.outbox.venue import REFUSED_CODE


LAZY_TICKS = 3
"""Alarms in a row that a tick may pass over because nothing came of them."""


class World(Shell):
    """Everything that may happen to the shell."""

    # -- WHAT MAY HAPPEN --------------------------------------------------------------------------

    def moves(self) -> list[Offer]:
        """Return everything that may happen next, as (method name, argument)."""
        return offers(self)

    def do(self, name: str, argument: Any) -> None:
        """Let one thing happen, and carry out what follows."""
        budget = BUDGET_OF.get(name)
        if budget is not None:
            self.left[budget] -= 1
        if argument is None:
            getattr(self, name)()
        else:
            getattr(self, name)(argument)
        self.pump()
        self._forget_the_doomed()

    def _forget_the_doomed(self) -> None:
        """What an old connection carries to a nonce that is spent is stale, and nobody hears it."""
        for connection, pipe in list(self.pipes.items()):
            if connection != self.connection:
                alive = [frame for frame in pipe if frame[1][0][1] >= len(self.venue.log)]
                self.pipes[connection] = deque(alive)

    # -- THE USER ---------------------------------------------------------------------------------

    def submit(self) -> None:
        """The user submits an order, or a batch of two."""
        count = min(2, self.left["orders"]) if self.bounds.batch else 1
        self.left["orders"] -= count
        batch = len(self.txs) + 1 if count > 1 else None
        for _ in range(count):
            at = len(self.orders)
            number = self.outbox.submit(
                ("order", at),
                TxType.CREATE_ORDER,
                self.now,
                order=at,
                batch=batch,
                undo=("undo", at),
            )
            self.txs[number] = Tx("order")
            self.orders.append(number)

    def cancel(self, number: int) -> None:
        """The user cancels an order."""
        if not self.outbox.cancel(number, self.now):
            self._change("cancel", number, TxType.CANCEL_ORDER)

    def modify(self, number: int) -> None:
        """The user changes an order."""
        self._change("modify", number, TxType.MODIFY_ORDER)

    def _change(self, kind: str, number: int, tx_type: TxType) -> None:
        at = self.orders.index(number)
        place = self.outbox.submit(
            (kind, at), tx_type, self.now, order=at, repeats=kind == "cancel"
        )
        self.txs[place] = Tx(kind, number)

    def stop(self) -> None:
        """The client stops."""
        self.is_stopped = True
        self.outbox.stop(self.now)

    def start(self, value: int) -> None:
        """The client starts again: no task is left, the lane is seeded, the connection new."""
        self.is_stopped = False
        self.asked = None
        self.looks.clear()
        self.to_sign.clear()
        self._reconnect(value)

    def countable(self) -> list[int]:
        """Return the numbers that the counter may answer to a question that begins now."""
        first = self.venue.settled(self.now, self.settings.settle_ns)
        last = len(self.venue.log)
        return [last] if first == last or not self.left["lags"] else [first, last]

    def mend(self, value: int) -> None:
        """Somebody mends the key, and the lane is seeded anew."""
        self.lane.seed(value)

    def get_ready(self, number: int) -> None:
        """What could not be signed can be now."""
        self.unready.remove(number)
        self.outbox.ready(number, self.now)

    # -- THE WIRE ---------------------------------------------------------------------------------

    def deliver(self, connection: int) -> None:
        """The venue reads the oldest frame of a connection."""
        frame_id, members = self.pipes[connection].popleft()
        self._reply(connection, frame_id, *self.venue.take(members, self.now))

    def refuse(self, connection: int) -> None:
        """The venue refuses the oldest frame for a reason of its own."""
        frame_id, _ = self.pipes[connection].popleft()
        self._reply(connection, frame_id, Verdict.REFUSED, REFUSED_CODE)

    def refuse_account(self, connection: int) -> None:
        """The venue refuses the oldest frame, as it would any other of the account."""
        frame_id, _ = self.pipes[connection].popleft()
        self._reply(connection, frame_id, Verdict.REFUSED, Code.INVALID_SIGNATURE)

    def refuse_key(self, connection: int) -> None:
        """The venue refuses the key of the oldest frame."""
        frame_id, _ = self.pipes[connection].popleft()
        self._reply(connection, frame_id, Verdict.REFUSED, Code.API_KEY_NOT_FOUND)

    def later(self, connection: int) -> None:
        """The venue says "too many requests" to the oldest frame."""
        frame_id, _ = self.pipes[connection].popleft()
        self._reply(connection, frame_id, Verdict.REFUSED, LATER_CODE)

    def lose_frame(self, connection: int) -> None:
        """The oldest frame of a connection never arrives."""
        self.pipes[connection].popleft()

    def _reply(self, connection: int, frame_id: str, verdict: Verdict, code: int) -> None:
        if connection == self.connection:
            self.replies.append((frame_id, verdict, code))

    def hear(self) -> None:
        """The client hears the oldest answer."""
        frame_id, verdict, code = self.replies.popleft()
        self.outbox.answered(frame_id, self.connection, code, verdict, self.now)

    def hear_nameless(self) -> None:
        """The client hears the oldest answer without the id that it belongs to."""
        _, verdict, code = self.replies.popleft()
        self.outbox.anonymous(self.connection, code, verdict, self.now)

    def garble(self) -> None:
        """The oldest answer says nothing."""
        frame_id, _, _ = self.replies.popleft()
        code = Code.INTERNAL_ERROR
        self.outbox.answered(frame_id, self.connection, code, Verdict.UNKNOWN, self.now)

    def lose_reply(self) -> None:
        """The oldest answer never arrives."""
        self.replies.popleft()

    def reconnect(self) -> None:
        """The connection is replaced."""
        self._reconnect()

    # -- THE VENUE --------------------------------------------------------------------------------

    def execute(self, is_done: bool) -> None:
        """The sequencer executes what is next, or drops what cannot be next any more."""
        self.left["reverts"] -= not is_done
        tx = self.venue.execute(is_done and self._has_order(), self.now)
        if tx:
            self.laws.check_executed(self, tx)

    def _has_order(self) -> bool:
        """Return whether what is next finds the order that it changes."""
        tx = self.txs.get(self.venue.pending[0][0])
        if tx is None or not tx.target:
            return True
        done = {x.tx for x in self.venue.log if x.is_done}
        has_ended = any(self.txs[n].kind != "modify" for n in done if n and self._targets(n, tx))
        return tx.target in done and not has_ended

    def _targets(self, number: int, tx: Tx) -> bool:
        return self.txs[number].target == tx.target

    def vanish(self) -> None:
        """What is next leaves no trace."""
        self.venue.drop()

    def foreign(self) -> None:
        """Somebody else spends the next nonce."""
        self.venue.take_foreign()

    def see(self, nonce: int) -> None:
        """The client sees the record of what was executed at a nonce."""
        done = self.venue.log[nonce]
        done.is_hidden = False
        code = 0 if done.is_done else 21728
        self.outbox.record(nonce, done.tx_hash, 2, self.now, code=code)

    def rumour_0(self, tx_hash: str) -> None:
        """The client sees a record that says "failed" of what may still be executed."""
        self._rumour(tx_hash, 0)

    def rumour_1(self, tx_hash: str) -> None:
        """The client sees a record that says "pending"."""
        self._rumour(tx_hash, 1)

    def _rumour(self, tx_hash: str, status: int) -> None:
        self.outbox.record(self.copies[tx_hash][1], tx_hash, status, self.now)

    def show(self, nonce: int) -> None:
        """The client sees the private frame of an order."""
        self.venue.log[nonce].is_hidden = False
        self.outbox.shown(self.venue.log[nonce].tx, self.now)

    def settled(self) -> int:
        """Return the lowest that the counter may answer to the open question."""
        assert self.asked is not None
        return self.venue.settled(self.asked, self.settings.settle_ns)

    def count(self, is_old: bool) -> None:
        """The counter answers, at most as late as its lag allows."""
        self.left["lags"] -= is_old
        value = self.settled() if is_old else len(self.venue.log)
        asked, self.asked = self.asked, None
        assert asked is not None
        if not self.lane.weigh(value, self.now):
            self.lane.refreshed(value, self.now)
        if self.lane.believes(value):
            self.outbox.counter(value, asked, self.now)
        else:
            self.outbox.no_counter(self.now)

    def mute(self) -> None:
        """The counter is not answered."""
        self.asked = None
        self.outbox.no_counter(self.now)

    def look(self, nonce: int) -> None:
        """A look-up finds the record, or nothing while it is late."""
        self.looks.remove(nonce)
        if nonce < len(self.venue.log):
            self.see(nonce)
        self.outbox.looked_up(nonce, self.now)

    # -- THE SHELL --------------------------------------------------------------------------------

    def sign(self, at: int) -> None:
        """The signer is ready with one of what it signs."""
        self._sign(self.to_sign.pop(at))

    def hold_back(self) -> None:
        """One of what is to be signed cannot be yet."""
        work = self.to_sign.pop(0)
        if self.outbox.state(work.tx) is TxState.BOUND and work.tx not in self.unready:
            self.unready.append(work.tx)
        self.outbox.unready(work.write_id, self.now)

    def unsign(self) -> None:
        """The signer cannot sign."""
        self.outbox.unsigned(self.to_sign.pop(0).write_id, "it was not signed", self.now)

    def flush(self) -> None:
        """The socket takes the oldest frame."""
        self._write(self.to_write.popleft())

    def fail_write(self) -> None:
        """The socket does not take the oldest frame; what waits behind it is not tried."""
        self._give_back_unwritten()

    def tick(self) -> None:
        """Time passes until something comes of it."""
        for _ in range(LAZY_TICKS):
            due_ns = self.outbox.next_due()
            if due_ns is None:
                return
            self.now = max(self.now, due_ns)
            if self.pump():
                return
