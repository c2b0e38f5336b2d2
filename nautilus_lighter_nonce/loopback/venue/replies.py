"""
What goes into the engine and what comes out of it, and how a lever bends an answer.

Rules of this file
------------------
- Values and one pure function; transports render a `Reply` in their own words.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

import msgspec

from nautilus_lighter_nonce.lighter.codes import Code
from nautilus_lighter_nonce.loopback.venue.faults import Fault
from nautilus_lighter_nonce.loopback.venue.faults import Lever
from nautilus_lighter_nonce.loopback.venue.ledger import Entry
from nautilus_lighter_nonce.loopback.venue.ledger import Transport
from nautilus_lighter_nonce.loopback.venue.orders import Changes


class Action(Enum):
    """What the server has to do about a request."""

    ANSWER = "answer"  # with the code
    SILENCE = "silence"
    RATE_LIMIT = "rate_limit"
    SERVER_ERROR = "server_error"
    GARBAGE = "garbage"


class Submission(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """
    A request to send one transaction or a batch.

    Parameters
    ----------
    transport : Transport
        How it came.
    connection : int
        The number of its socket.
    tx_types : tuple[int, ...]
        The named types.
    tx_infos : tuple[str, ...]
        The JSON texts.
    is_batch : bool
        Whether it came as a batch.
    received_ns : int
        When the kernel had it; later than that by whatever held it on the way.
    fault : Fault, optional
        The lever that it met on the way.

    """

    transport: Transport
    connection: int
    tx_types: tuple[int, ...]
    tx_infos: tuple[str, ...]
    is_batch: bool = False
    received_ns: int = 0
    fault: Fault | None = None


class Reply(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """
    What the venue decided about a request.

    Parameters
    ----------
    action : Action
        What to do.
    code : int
        200 or an error code.
    hashes : tuple[str, ...]
        The hashes of accepted transactions.
    predicted_ms : int
        The predicted time of execution, UNIX milliseconds.
    message : str
        The message, where it is not the usual one.
    quota_remaining : int, optional
        What is left of the volume quota, if the transaction spent some.
    status : int, optional
        The HTTP status of a lever.
    delay_ms : float
        An extra delay of this reply alone.
    closes : bool
        Whether all sockets close instead of an answer.
    shutdown : Lever, optional
        Closes all sockets in an orderly way, after its grace.
    lever : Lever, optional
        What bent the answer, for the transport to write it so.
    entries : tuple[Entry, ...]
        The ledger entries the reply is about.

    """

    action: Action = Action.ANSWER
    code: int
    hashes: tuple[str, ...] = ()
    predicted_ms: int = 0
    message: str = ""
    quota_remaining: int | None = None
    status: int | None = None
    delay_ms: float = 0.0
    closes: bool = False
    shutdown: Lever | None = None
    lever: Lever | None = None
    entries: tuple[Entry, ...] = ()


class Happening(msgspec.Struct, frozen=True, gc=False):
    """
    Something that private and public streams may show.

    Parameters
    ----------
    changes : Changes
        What happened to orders, with the fills.
    ts_ns : int
        When, UNIX nanoseconds.
    entry : Entry, optional
        The transaction behind it.
    market_id : int, optional
        The market whose touch moved.

    """

    changes: Changes
    ts_ns: int
    entry: Entry | None = None
    market_id: int | None = None


_BENT: Final[dict[Fault, tuple[Action, int | None, int | None]]] = {
    Fault.RATE_LIMIT: (Action.RATE_LIMIT, Code.TOO_MANY_REQUESTS, 429),
    Fault.DROP_REQUEST: (Action.SILENCE, None, None),
    Fault.DROP_REPLY: (Action.SILENCE, None, None),
    Fault.SERVER_ERROR: (Action.SERVER_ERROR, Code.INTERNAL_ERROR, 503),
    Fault.UNREADABLE: (Action.GARBAGE, None, None),
    Fault.CLOSE_SOCKETS: (Action.SILENCE, None, None),
    Fault.SHUTDOWN: (Action.SILENCE, None, None),
}
"""Fault to action, the code the ledger notes, and the HTTP status unless the lever names one."""


def lets_pass(lever: Lever) -> bool:
    """Return whether a transaction goes on to the venue from a lever of the stage EDGE."""
    return lever.fault is Fault.SHUTDOWN and lever.wait_ms > 0


def bend(lever: Lever, reply: Reply) -> Reply:
    """
    Return an answer as a lever leaves it, and let the ledger say so.

    Parameters
    ----------
    lever : Lever
        A lever of the stage EDGE or REPLY that fired.
    reply : Reply
        The answer without it.

    Returns
    -------
    Reply

    """
    for entry in reply.entries:
        entry.blame(lever.fault.value)
    if lever.fault is Fault.DELAY:
        return msgspec.structs.replace(reply, delay_ms=lever.wait_ms)
    if lets_pass(lever):
        return msgspec.structs.replace(reply, shutdown=lever)
    if lever.fault not in _BENT:
        return msgspec.structs.replace(reply, lever=lever)
    action, code, status = _BENT[lever.fault]
    for entry in reply.entries:
        entry.code = code
    return msgspec.structs.replace(
        reply,
        action=action,
        # An unreadable answer is made of the readable one.
        code=reply.code if action is Action.GARBAGE else code or 0,
        status=lever.status or status,
        closes=lever.fault is Fault.CLOSE_SOCKETS,
        shutdown=lever if lever.fault is Fault.SHUTDOWN else reply.shutdown,
        lever=lever,
    )
