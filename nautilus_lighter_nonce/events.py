"""
What happens to transactions and lanes, as messages on the Nautilus message bus.

Three families on topics: the four verdicts, what the nonce component made of them, and what is
known of orders in doubt. Each event knows its topic::

    events.lighter.tx.<kind>.<account_index>.<api_key_index>       the four verdicts
    events.lighter.nonce.<kind>.<account_index>.<api_key_index>    what became of lanes and nonces
    events.lighter.order.<kind>.<account_index>.<api_key_index>    what is known of orders in doubt

Subscribe with a wildcard (``events.lighter.*``, ``events.lighter.nonce.halted.*``). All classes are
registered with Nautilus' serializer, so a message bus with a Redis backing streams them; import
this module (or anything that does, such as the factory) before the node is built.

Structs at the end go to the component's endpoint, `<component id>.process`, and are on no topic; so
do the verdicts, before they are published on theirs.

Rule of this file: frozen values without behaviour, and never a secret in a field. Events are
dataclasses because Nautilus' serializer takes no class with a metaclass, as msgspec structs have.
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field
from typing import Any
from typing import ClassVar
from typing import Self

import msgspec
from nautilus_trader.serialization.base import register_serializable_type


TX_TOPICS = "events.lighter.tx.*"
"""Wildcard for the four verdicts."""

ORDER_TOPICS = "events.lighter.order.*"
"""Wildcard for orders in doubt."""

NONCE_TOPICS = "events.lighter.nonce.*"
"""Wildcard for everything the nonce component announces."""


class IssuedNonce(msgspec.Struct, frozen=True):
    """
    A nonce handed out: what a verdict must refer to.

    Parameters
    ----------
    account_index : int
        The account.
    api_key_index : int
        The key, 0 to 254.
    nonce : int
        The number to sign with.
    epoch : int
        The lane's epoch at issue; a verdict from an earlier epoch changes nothing.

    """

    account_index: int
    api_key_index: int
    nonce: int
    epoch: int


@dataclass(frozen=True, kw_only=True)
class KeyEvent:
    """
    Base of all events: which key, and when.

    Parameters
    ----------
    account_index : int
        The account.
    api_key_index : int
        The key, 0 to 254.
    ts_event : int
        Unix nanoseconds.

    """

    account_index: int
    api_key_index: int
    ts_event: int

    topic_root: ClassVar[str] = "events.lighter.nonce"
    kind: ClassVar[str] = ""

    @property
    def topic(self) -> str:
        """The message-bus topic this event is published on."""
        return f"{self.topic_root}.{self.kind}.{self.account_index}.{self.api_key_index}"


# -- THE FOUR VERDICTS ----------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class TxVerdict(KeyEvent):
    """
    Base of the four verdicts.

    Parameters
    ----------
    nonce : int
        The transaction's nonce.
    epoch : int
        The lane's epoch when the nonce was issued (`IssuedNonce.epoch`).
    tx_hash : str, optional
        80 hex digits, as the signer computed it.
    write_id : str, optional
        The write it is about; the same verdict on the same write counts once. Without it an event
        counts once by its identity.

    """

    nonce: int
    epoch: int
    tx_hash: str = ""
    write_id: str = ""

    topic_root: ClassVar[str] = "events.lighter.tx"

    @classmethod
    def of(cls, issued: IssuedNonce, ts_event: int, **fields: Any) -> Self:
        """Return the verdict on an issued nonce."""
        return cls(
            account_index=issued.account_index,
            api_key_index=issued.api_key_index,
            nonce=issued.nonce,
            epoch=issued.epoch,
            ts_event=ts_event,
            **fields,
        )


@dataclass(frozen=True, kw_only=True)
class TxAccepted(TxVerdict):
    """The API answered 200 and reserved the nonce; the predicted execution is Unix ms, or 0."""

    predicted_execution_time_ms: int = 0

    kind: ClassVar[str] = "accepted"


@dataclass(frozen=True, kw_only=True)
class TxRefused(TxVerdict):
    """A definite error other than a nonce error: not spent. Code 0: refused before it was sent."""

    code: int = 0
    message: str = ""

    kind: ClassVar[str] = "refused"


@dataclass(frozen=True, kw_only=True)
class TxStale(TxVerdict):
    """Code 21104 or 21105: not spent, and our view was wrong or a predecessor was not accepted."""

    code: int = 0

    kind: ClassVar[str] = "stale"


@dataclass(frozen=True, kw_only=True)
class TxUnknown(TxVerdict):
    """Silence, disconnect, 5xx or an unreadable reply: nobody knows. `reason` is for people."""

    reason: str = ""

    kind: ClassVar[str] = "unknown"


# -- WHAT BECAME OF LANES AND NONCES --------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class NonceSeeded(KeyEvent):
    """
    The lane was opened at the venue's next nonce.

    `is_reset`: it begins below what was executed, for the venue was reset, and everything signed
    before has expired or somebody confirmed it.
    """

    next_nonce: int
    is_reset: bool = False

    kind: ClassVar[str] = "seeded"


@dataclass(frozen=True, kw_only=True)
class NonceRolledBack(KeyEvent):
    """The latest nonce was refused or withdrawn; it is issued again next."""

    nonce: int

    kind: ClassVar[str] = "rolled_back"


@dataclass(frozen=True, kw_only=True)
class NonceResolved(KeyEvent):
    """An unknown nonce counts as spent: by whom, its private frame or record must tell."""

    nonce: int

    kind: ClassVar[str] = "resolved"


@dataclass(frozen=True, kw_only=True)
class NonceRefreshed(KeyEvent):
    """`nextNonce` was asked while the lane was frozen; `believed` says whether it was plausible."""

    next_nonce: int
    believed: bool

    kind: ClassVar[str] = "refreshed"


@dataclass(frozen=True, kw_only=True)
class LaneFrozen(KeyEvent):
    """Nothing is issued until the lane heals; `cause` is hole, stale, unknown or vanished."""

    nonce: int
    cause: str

    kind: ClassVar[str] = "frozen"


@dataclass(frozen=True, kw_only=True)
class LaneHealed(KeyEvent):
    """
    The lane is open again.

    Parameters
    ----------
    next_nonce : int
        The next nonce to be issued.
    source : str
        "inferred" from the verdicts, or "refreshed" from the venue.
    cause : str
        Why the lane was frozen.
    doomed : list[int]
        Nonces proved not accepted, in order: their transactions may be signed and sent again.
    spent : list[int]
        Unknown nonces that count as spent.
    unspent : list[int]
        Unknown nonces that nothing shows to be spent. They may be taken yet: write the same bytes
        there again or something else, never the same transaction at another nonce.
    vanished : list[int]
        Accepted nonces that the venue does not count, the last 10,000 of them at most.
    frozen_ms : float
        How long the lane was frozen, milliseconds.

    """

    next_nonce: int
    source: str
    cause: str
    doomed: list[int] = field(default_factory=list)
    spent: list[int] = field(default_factory=list)
    unspent: list[int] = field(default_factory=list)
    vanished: list[int] = field(default_factory=list)
    frozen_ms: float = 0.0

    kind: ClassVar[str] = "healed"


@dataclass(frozen=True, kw_only=True)
class NonceImplausible(KeyEvent):
    """`nextNonce` was answered with something that cannot be; it is asked again."""

    answer: str
    reason: str

    kind: ClassVar[str] = "implausible"


@dataclass(frozen=True, kw_only=True)
class LaneTroubled(KeyEvent):
    """The venue refuses the whole account: `code` and `reason`; code 0: it takes orders again."""

    code: int
    reason: str

    kind: ClassVar[str] = "troubled"


@dataclass(frozen=True, kw_only=True)
class LaneHalted(KeyEvent):
    """The lane issues nothing until it is seeded again."""

    reason: str

    kind: ClassVar[str] = "halted"


@dataclass(frozen=True, kw_only=True)
class ForeignWriterSuspected(KeyEvent):
    """Somebody else spent `nonce` of this key: most often a second process with the same key."""

    nonce: int

    kind: ClassVar[str] = "foreign_writer"


# -- WHAT IS KNOWN OF AN ORDER --------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class OrderDoubt(KeyEvent):
    """
    Base of the two events about doubt.

    Parameters
    ----------
    client_order_id : str
        The order; empty for a transaction that belongs to none.
    label : str
        What was sent, for people.

    """

    client_order_id: str
    label: str

    topic_root: ClassVar[str] = "events.lighter.order"


@dataclass(frozen=True, kw_only=True)
class OrderInDoubt(OrderDoubt):
    """A copy may be at the venue, and nobody knows: the order is in flight until it is proved."""

    kind: ClassVar[str] = "in_doubt"


@dataclass(frozen=True, kw_only=True)
class OrderSettled(OrderDoubt):
    """The doubt is over; `proof` says by what evidence."""

    proof: str = ""

    kind: ClassVar[str] = "settled"


# -- TO THE COMPONENT'S ENDPOINT ------------------------------------------------------------------


class NonceSpent(msgspec.Struct, frozen=True, kw_only=True):
    """A record or frame shows that the venue executed `nonce`, `by_us` or by somebody else."""

    account_index: int
    api_key_index: int
    nonce: int
    by_us: bool


class NonceWithdrawn(msgspec.Struct, frozen=True, kw_only=True):
    """`nonce`, issued in `epoch`, certainly never left this process."""

    account_index: int
    api_key_index: int
    nonce: int
    epoch: int


class RebaseWanted(msgspec.Struct, frozen=True, kw_only=True):
    """Something behind the lane is open: an accepted nonce that `vanished`, or a doubt."""

    account_index: int
    api_key_index: int
    nonce: int
    vanished: bool


class CounterAnswered(msgspec.Struct, frozen=True, kw_only=True):
    """`nextNonce` was answered with `value`, of whatever type; asked at `asked_ns`."""

    account_index: int
    api_key_index: int
    value: Any
    asked_ns: int


VERDICT_EVENTS = (TxAccepted, TxRefused, TxStale, TxUnknown)
NONCE_EVENTS = (
    NonceSeeded,
    NonceRolledBack,
    NonceResolved,
    NonceRefreshed,
    LaneFrozen,
    LaneHealed,
    LaneHalted,
    LaneTroubled,
    NonceImplausible,
    ForeignWriterSuspected,
)
ORDER_EVENTS = (OrderInDoubt, OrderSettled)


def _to_dict(event: KeyEvent) -> dict[str, Any]:
    return {"type": type(event).__name__, **msgspec.to_builtins(event)}


def _register(event_type: type[KeyEvent]) -> None:
    def from_dict(values: dict[str, Any]) -> KeyEvent:
        return msgspec.convert(values, event_type, strict=False)

    register_serializable_type(event_type, _to_dict, from_dict)


for _event_type in (*VERDICT_EVENTS, *NONCE_EVENTS, *ORDER_EVENTS):
    _register(_event_type)
