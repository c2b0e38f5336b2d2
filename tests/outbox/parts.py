"""Parts of an outbox for tests of single rooms."""

from __future__ import annotations

from typing import Any

from nautilus_lighter_nonce.core.lane import NonceLane
from nautilus_lighter_nonce.core.manager import NonceManager
from nautilus_lighter_nonce.lighter.codes import TxType
from nautilus_lighter_nonce.outbox import work as w
from nautilus_lighter_nonce.outbox.alarms import Alarms
from nautilus_lighter_nonce.outbox.entry import Entry
from nautilus_lighter_nonce.outbox.entry import TxWrite
from nautilus_lighter_nonce.outbox.entry import WriteState
from nautilus_lighter_nonce.outbox.fates import Fates
from nautilus_lighter_nonce.outbox.flight import Flight
from nautilus_lighter_nonce.outbox.flight import Frame
from nautilus_lighter_nonce.outbox.flight import Slot
from nautilus_lighter_nonce.outbox.moves import Input
from nautilus_lighter_nonce.outbox.moves import TxState
from nautilus_lighter_nonce.outbox.settings import OutboxSettings


MS = 1_000_000
SEC = 1_000_000_000
NEVER_NS = 10**18


def entry(place: int = 1, tx_type: TxType = TxType.CREATE_ORDER, **more: Any) -> Entry:
    """Return a transaction that was submitted at 0."""
    return Entry(place, more.pop("what", f"tx {place}"), tx_type, 0, **more)


def state_of(of: Entry) -> TxState:
    """Return a transaction's state as it is now, whatever an assertion above has seen."""
    return of.state


def filler(place: int = 9) -> Entry:
    """Return a filler."""
    return entry(place, TxType.CANCEL_ORDER, what=w.Filler(), repeats=True)


def signed(tx_hash: str = "h", expires_ns: int = NEVER_NS) -> w.Signed:
    """Return a signed copy."""
    return w.Signed(tx_type=14, tx_info="{}", tx_hash=tx_hash, expires_ns=expires_ns)


def write(
    of: Entry,
    nonce: int,
    tx_hash: str | None = None,
    *,
    seq: int = 1,
    state: WriteState = WriteState.PENDING,
    expires_ns: int = NEVER_NS,
) -> TxWrite:
    """Return a write of a transaction, not yet noted anywhere."""
    name = tx_hash or f"{of.place}@{nonce}"
    made = TxWrite(seq, f"w{seq}", of, nonce, 1, 1, signed(name, expires_ns))
    made.state = state
    return made


def lane(window: int = 4, next_nonce: int = 0) -> NonceLane:
    """Return an open lane."""
    made = NonceLane(NonceManager(window), 1, 5)
    made.be_probed()
    made.seed(next_nonce)
    return made


def fates(settings: OutboxSettings | None = None) -> Fates:
    """Return an empty outbox's transactions."""
    return Fates(lane(), settings or OutboxSettings())


def slot(of: Entry, nonce: int, *, is_signed: bool = True) -> Slot:
    """Return a number that was taken for a transaction."""
    return Slot(of, nonce, 1, f"{of.place}-{nonce}", signed() if is_signed else None)


def flight(timeout_ns: int = 2 * SEC) -> Flight:
    """Return an empty flight on connection 1."""
    made = Flight(timeout_ns, Alarms())
    made.connected(1, 0)
    return made


def leave(of: Flight, name: str, now_ns: int, *members: Entry) -> Frame:
    """Let one frame leave, and return it."""
    of.put(Frame(name, [slot(member, at) for at, member in enumerate(members or (entry(),))]))
    return of.leave(now_ns)


def bind_again(of: Entry, room: Fates, nonce: int) -> Entry:
    """Bind a transaction, without having it signed."""
    room.give(of, Input.BIND, 0)
    room.flight.put(Frame(f"again {of.place}", [slot(of, nonce)]))
    return of


def bound_and_old(room: Fates, place: int = 8, nonce: int = 1) -> Entry:
    """Bind a transaction whose first copy died and that grew old since: taken back, it ends."""
    made = entry(place)
    room.wait(made)
    made.was_bound = True
    first = write(made, nonce)
    room.evidence.wrote(first)
    room.evidence.kill(first)
    bind_again(made, room, nonce)
    made.is_old = True
    return made


def ages_told(room: Fates) -> list[str]:
    """Return the ages that were told, in order, as they stand in the reasons."""
    told = [x.reason for x in room.work if isinstance(x, w.Tell)]
    return [reason[reason.index("after ") :] for reason in told if "after " in reason]
