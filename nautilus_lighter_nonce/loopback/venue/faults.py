"""
The faults and the levers: what can go wrong, and which transaction, read or frame meets it.

Rules of this file
------------------
- Values and pure questions about them; `levers` counts what is armed, and what a fault *does* is
  carried out where its stage is: WIRE, READ and FRAME in `wire`, EDGE to ADMIT and REPLY by
  `engine` and `replies`, QUEUE to RECORD by `sequencing` and `records`.
- A lever is one struct for all faults, since JSON carries it; `__post_init__` refuses what a fault
  cannot mean.

Stages
------
=============  ==============================================================================
``WIRE``       on its socket, before the venue has read it
``EDGE``       before the venue looks at the transaction; it is not processed
``FOREIGN``    a foreign writer steps in just before the nonce check
``ADMIT``      after the nonce check, where margin would be checked: a definite refusal
``QUEUE``      accepted, on its way into the sequencer's queue
``EXECUTE``    in the sequencer, after the transaction was accepted
``RECORD``     executed: how its record shows itself
``REPLY``      after processing: what becomes of the answer
``READ``       any other endpoint, by its name
``FRAME``      a frame of a channel on its way out, by the channel's name
``NOW``        at once, no transaction is waited for
=============  ==============================================================================
"""

from __future__ import annotations

from collections.abc import Collection
from enum import Enum
from typing import Annotated
from typing import Any
from typing import Final

import msgspec

from nautilus_lighter_nonce.lighter.codes import Code


class Fault(Enum):
    """The faults the venue can show."""

    # Of a transaction, on its way in and in the sequencer.
    REFUSE = "refuse"
    RATE_LIMIT = "rate_limit"
    DROP_REQUEST = "drop_request"
    SERVER_ERROR = "server_error"
    FOREIGN_WRITER = "foreign_writer"
    EXECUTE_LATE = "execute_late"
    VANISH = "vanish"
    FAIL = "fail"
    RECORD = "record"
    # Of its answer.
    DROP_REPLY = "drop_reply"
    DELAY = "delay"
    UNREADABLE = "unreadable"
    DOUBLE_REPLY = "double_reply"
    UNKNOWN_ID = "unknown_id"
    NO_ID = "no_id"
    SWAP_REPLY = "swap_reply"
    # Of a read alone.
    ANSWER = "answer"
    # Of a socket.
    HOLD = "hold"
    HALF_OPEN = "half_open"
    CLOSE_SOCKETS = "close_sockets"
    SHUTDOWN = "shutdown"
    # Of a frame of a channel.
    FRAME_DELAY = "frame_delay"
    FRAME_DROP = "frame_drop"
    FRAME_DOUBLE = "frame_double"
    FRAME_UNREADABLE = "frame_unreadable"
    # Of the counter that `nextNonce` reports.
    LAG = "lag"


class Stage(Enum):
    """Where on a transaction's way a lever acts."""

    WIRE = "wire"
    EDGE = "edge"
    FOREIGN = "foreign"
    ADMIT = "admit"
    QUEUE = "queue"
    EXECUTE = "execute"
    RECORD = "record"
    REPLY = "reply"
    READ = "read"
    FRAME = "frame"
    NOW = "now"


class When(Enum):
    """When `close_sockets` and `shutdown` act."""

    NOW = "now"
    BEFORE = "before"
    AFTER = "after"


class Direction(Enum):
    """Which way of a socket is held, as the venue sees it."""

    IN = "in"
    OUT = "out"
    BOTH = "both"


class Body(Enum):
    """What an unreadable answer or frame looks like."""

    GARBAGE = "garbage"
    HTML = "html"
    NOT_UTF8 = "not_utf8"
    EMPTY = "empty"
    TRUNCATED = "truncated"


class Lever(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    An armed fault with its selectors.

    Parameters
    ----------
    fault : Fault
        What happens.
    count : int, optional
        How often it fires; ``None`` for ever.
    after : int
        How many matching transactions it lets pass first.
    every : int
        It fires on each N-th matching transaction after those.
    rate : float, optional
        The probability that it fires when due, 0 to 1.
    tx_type, account_index, api_key_index, nonce, client_order_index, connection : int, optional
        What a transaction must have; `connection` is the socket's number in the ledger. For cancels
        and modifies the client order index is compared with `Index`. A batch matches if one member
        does.
    endpoint : str, optional
        The name of another endpoint, e.g. "nextNonce"; the lever then never touches transactions.
        Only the faults in `READ_FAULTS`.
    channel : str, optional
        For frames: what the channel's name begins with, e.g. "account_all_orders"; with
        `account_index` the channel's account. Updates of every channel if it is not named;
        "subscribed/account_all_orders" is for the first frame of a subscription. Of a frame that
        goes to several sockets `connection` picks one.
    code : int, optional
        The code of `refuse` (default 21739) and of `fail` (default 21728).
    ms : float, optional
        The milliseconds of `delay`, `lag`, `execute_late`, `frame_delay`; how long `hold` (``None``
        or 0: until released) and `record` (``None`` or 0: for ever) last; the grace of `shutdown`.
    status : int, optional
        The HTTP status of `rate_limit` (429, or 405 as the firewall has it) and of
        `server_error` (503); what `record` shows as status (``None``: null).
    missing : bool
        For `record`: the status field is not there at all.
    predicted : bool
        For `execute_late`: whether `predicted_execution_time_ms` tells it.
    processed : bool, optional
        Whether the venue processes the transaction behind a `server_error` (default no) or an
        `unreadable` answer (default yes).
    body : Body
        What `unreadable` and `frame_unreadable` send.
    value : Any
        For `answer`: the whole body of the read, any JSON.
    direction : Direction
        For `hold`.
    announced : bool
        For `shutdown`: whether a frame tells it.
    when : When, optional
        For `close_sockets` and `shutdown`; at once if no selector is given, else before processing.

    Raises
    ------
    ValueError
        If a fault cannot mean what the fields say.

    """

    fault: Fault
    count: Annotated[int, msgspec.Meta(ge=1)] | None = 1
    after: Annotated[int, msgspec.Meta(ge=0)] = 0
    every: Annotated[int, msgspec.Meta(ge=1)] = 1
    rate: Annotated[float, msgspec.Meta(ge=0.0, le=1.0)] | None = None
    tx_type: int | None = None
    account_index: int | None = None
    api_key_index: int | None = None
    nonce: int | None = None
    client_order_index: int | None = None
    connection: int | None = None
    endpoint: str | None = None
    channel: str | None = None
    code: int | None = None
    ms: Annotated[float, msgspec.Meta(ge=0.0, le=3_600_000.0)] | None = None
    status: int | None = None
    missing: bool = False
    predicted: bool = True
    processed: bool | None = None
    body: Body = Body.GARBAGE
    value: Any = None
    direction: Direction = Direction.IN
    announced: bool = True
    when: When | None = None

    def __post_init__(self) -> None:
        if self.fault is Fault.ANSWER and self.endpoint is None:
            raise ValueError("answer needs an endpoint")
        if self.endpoint is not None and self.fault not in READ_FAULTS:
            raise ValueError(f"{self.fault.value} is no fault of a read")
        if self.channel is not None and self.fault not in FRAME_FAULTS:
            raise ValueError(f"{self.fault.value} is no fault of a frame")

    @property
    def wait_ms(self) -> float:
        """The milliseconds, 0 if none were given."""
        return self.ms or 0.0


class RecordFault(msgspec.Struct, frozen=True, kw_only=True):
    """
    How a `record` lever has one transaction's record look.

    Parameters
    ----------
    status : int, optional
        What it says; ``None`` is null.
    missing : bool
        Whether it has no status at all.
    until_ns : int, optional
        When the truth comes out, UNIX nanoseconds; ``None`` is never.

    """

    status: int | None
    missing: bool
    until_ns: int | None


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What selectors look at."""

    tx_type: int
    account_index: int | None = None
    api_key_index: int | None = None
    nonce: int | None = None
    client_order_index: int | None = None
    connection: int | None = None
    on_socket: bool = True


READ_FAULTS: Final = frozenset(
    {
        Fault.RATE_LIMIT,
        Fault.DROP_REQUEST,
        Fault.DROP_REPLY,
        Fault.DELAY,
        Fault.SERVER_ERROR,
        Fault.UNREADABLE,
        Fault.ANSWER,
    }
)
"""What may befall a read, by `endpoint`."""

FRAME_FAULTS: Final = frozenset(
    {Fault.FRAME_DELAY, Fault.FRAME_DROP, Fault.FRAME_DOUBLE, Fault.FRAME_UNREADABLE}
)
"""What may befall a frame, by `channel`."""

SOCKET_FAULTS: Final = frozenset(
    {
        Fault.HOLD,
        Fault.HALF_OPEN,
        Fault.DOUBLE_REPLY,
        Fault.UNKNOWN_ID,
        Fault.NO_ID,
        Fault.SWAP_REPLY,
    }
)
"""What means nothing for a transaction over REST."""

SNAPSHOT: Final = "subscribed/"
"""Before the channel's name in a lever that is for the first frame of a subscription."""

_SELECTORS: Final = (
    "tx_type",
    "account_index",
    "api_key_index",
    "nonce",
    "client_order_index",
    "connection",
)

_STAGES: Final = {
    Fault.REFUSE: Stage.ADMIT,
    Fault.RATE_LIMIT: Stage.EDGE,
    Fault.DROP_REQUEST: Stage.EDGE,
    Fault.DROP_REPLY: Stage.REPLY,
    Fault.DELAY: Stage.REPLY,
    Fault.DOUBLE_REPLY: Stage.REPLY,
    Fault.UNKNOWN_ID: Stage.REPLY,
    Fault.NO_ID: Stage.REPLY,
    Fault.SWAP_REPLY: Stage.REPLY,
    Fault.EXECUTE_LATE: Stage.QUEUE,
    Fault.VANISH: Stage.EXECUTE,
    Fault.FAIL: Stage.EXECUTE,
    Fault.RECORD: Stage.RECORD,
    Fault.FOREIGN_WRITER: Stage.FOREIGN,
    Fault.HOLD: Stage.WIRE,
    Fault.HALF_OPEN: Stage.WIRE,
    Fault.LAG: Stage.NOW,
} | dict.fromkeys(FRAME_FAULTS, Stage.FRAME)

_DEFAULT_CODES: Final = {
    Fault.REFUSE: Code.NOT_ENOUGH_MARGIN,
    Fault.FAIL: Code.CLIENT_ORDER_INDEX_EXISTS,
}


def stage_of(lever: Lever) -> Stage:
    """
    Return where a lever acts.

    Parameters
    ----------
    lever : Lever
        The lever.

    Returns
    -------
    Stage

    """
    if lever.endpoint is not None:
        return Stage.READ
    match lever.fault:
        case Fault.SERVER_ERROR:
            return Stage.REPLY if lever.processed else Stage.EDGE
        case Fault.UNREADABLE:
            return Stage.EDGE if lever.processed is False else Stage.REPLY
        case Fault.CLOSE_SOCKETS | Fault.SHUTDOWN:
            return _stage_of_close(lever)
        case _:
            return _STAGES[lever.fault]


def _stage_of_close(lever: Lever) -> Stage:
    when = lever.when
    if when is None:
        bare = lever.after == 0 and lever.every == 1 and lever.rate is None
        selects = any(getattr(lever, name) is not None for name in _SELECTORS)
        when = When.BEFORE if selects or not bare else When.NOW
    return {When.NOW: Stage.NOW, When.BEFORE: Stage.EDGE, When.AFTER: Stage.REPLY}[when]


def code_of(lever: Lever) -> int:
    """Return the code that a `refuse` or `fail` lever answers with."""
    return lever.code if lever.code is not None else _DEFAULT_CODES[lever.fault]


def matches(lever: Lever, facts: Facts) -> bool:
    """Return whether a transaction has everything that the lever selects by."""
    if lever.fault in SOCKET_FAULTS and not facts.on_socket:
        return False
    return all(
        wanted is None or wanted == getattr(facts, name)
        for name in _SELECTORS
        if (wanted := getattr(lever, name)) is not None
    )


def is_on_frame(
    lever: Lever, name: str, account_index: int | None, connections: Collection[int]
) -> bool:
    """
    Return whether a frame is one that a lever selects.

    Parameters
    ----------
    lever : Lever
        A lever of the stage FRAME.
    name : str
        The channel's name with colons.
    account_index : int, optional
        The account that the channel is about.
    connections : Collection[int]
        The connections that the frame goes to.

    Returns
    -------
    bool

    """
    if lever.account_index not in (None, account_index):
        return False
    if lever.connection is not None and lever.connection not in connections:
        return False
    return name.startswith(_with_colons(lever.channel or ""))


def _with_colons(channel: str) -> str:
    """Return a channel's name as frames have it, whichever way it was written."""
    first = channel.startswith(SNAPSHOT)
    rest = channel.removeprefix(SNAPSHOT).replace("/", ":")
    return SNAPSHOT + rest if first else rest
