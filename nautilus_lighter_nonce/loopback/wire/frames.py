"""
The WebSocket's JSON: what clients send, and what answers it.

Rules of this file
------------------
- Text in, values out, and values in, bytes out; nothing here knows a connection.
- Error replies have neither type nor hash, and an `id` only if the request had one; keys come in
  alphabetical order; the `unsubscribed` frame alone has spaces (all observed).
"""

from __future__ import annotations

import json
import uuid
from typing import Any
from typing import Final

import msgspec

from nautilus_lighter_nonce.lighter.codes import CODE_OK
from nautilus_lighter_nonce.lighter.codes import Code
from nautilus_lighter_nonce.loopback.venue.faults import Fault
from nautilus_lighter_nonce.loopback.venue.replies import Action
from nautilus_lighter_nonce.loopback.venue.replies import Reply
from nautilus_lighter_nonce.loopback.venue.views import message_of
from nautilus_lighter_nonce.loopback.wire.bodies import spoil


SEND_TX: Final = "jsonapi/sendtx"
SEND_TX_BATCH: Final = "jsonapi/sendtxbatch"

RequestId = str | int | None


class Request(msgspec.Struct, frozen=True):
    """Any frame that a client sends."""

    type: str = ""
    channel: str = ""
    auth: str = ""
    data: msgspec.Raw = msgspec.Raw(b"{}")

    @property
    def is_transaction(self) -> bool:
        """Whether it brings a transaction or a batch."""
        return self.type in (SEND_TX, SEND_TX_BATCH)


class SendTxData(msgspec.Struct, frozen=True, kw_only=True):
    """The `data` of a single transaction; `tx_info` is an object, text is taken too."""

    id: RequestId = None
    tx_type: int
    tx_info: msgspec.Raw


class SendTxBatchData(msgspec.Struct, frozen=True, kw_only=True):
    """The `data` of a batch: JSON texts of arrays; plain arrays are taken too (not verified)."""

    id: RequestId = None
    tx_types: str | list[int]
    tx_infos: str | list[str]


class Transactions(msgspec.Struct, frozen=True):
    """The transactions of one request."""

    id: RequestId
    tx_types: tuple[int, ...]
    tx_infos: tuple[str, ...]


# -- WHAT CLIENTS SEND ----------------------------------------------------------------------------


def read_request(text: str) -> Request | None:
    """Return a client's frame, ``None`` if it is no JSON object of a request's form."""
    try:
        return _REQUEST.decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError):
        return None


def read_transactions(request: Request) -> Transactions | None:
    """Return the transactions of a request, ``None`` if they cannot be read."""
    read = _read_batch if request.type == SEND_TX_BATCH else _read_single
    try:
        return read(request.data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _read_single(data: msgspec.Raw) -> Transactions:
    single = _SINGLE.decode(data)
    raw = bytes(single.tx_info)
    text = msgspec.json.decode(raw, type=str) if raw.startswith(b'"') else raw.decode()
    return Transactions(single.id, (single.tx_type,), (text,))


def _read_batch(data: msgspec.Raw) -> Transactions:
    batch = _BATCH.decode(data)
    return Transactions(
        batch.id, tuple(read_ints(batch.tx_types)), tuple(read_texts(batch.tx_infos))
    )


def read_ints(value: str | list[int]) -> list[int]:
    """Return the `tx_types` of a batch: the JSON text of an array, or the array."""
    return msgspec.json.decode(value, type=list[int]) if isinstance(value, str) else value


def read_texts(value: str | list[str]) -> list[str]:
    """Return the `tx_infos` of a batch: the JSON text of an array of texts, or the array."""
    return msgspec.json.decode(value, type=list[str]) if isinstance(value, str) else value


# -- WHAT ANSWERS THEM ----------------------------------------------------------------------------


def greeting() -> bytes:
    """Return the first frame of a connection."""
    return encode({"session_id": str(uuid.uuid4()), "type": "connected"})


def unsubscribed(channel: str) -> bytes:
    """Return the frame that ends a subscription; it alone has spaces after colons (observed)."""
    return json.dumps({"type": "unsubscribed", "channel": channel}).encode()


def shutdown(close_in_ms: float) -> bytes:
    """Return the frame that announces the close of a connection (sdk)."""
    return encode({"close_in_ms": int(close_in_ms), "type": "shutdown"})


def error(code: int, text: str) -> bytes:
    """Return an error that belongs to no transaction."""
    return encode({"error": {"code": int(code), "message": text}})


def reply(kind: str, request_id: RequestId, reply: Reply) -> bytes:
    """
    Return the answer to a request with transactions, as its lever leaves it.

    Parameters
    ----------
    kind : str
        The request's type.
    request_id : str or int, optional
        The request's id.
    reply : Reply
        What the venue decided.

    Returns
    -------
    bytes

    """
    shown = _shown_id(request_id, reply)
    frame = _frame(kind, reply) if shown is None else _frame(kind, reply) | {"id": shown}
    body = encode(dict(sorted(frame.items())))
    if reply.action is Action.GARBAGE and reply.lever is not None:
        return spoil(reply.lever.body, body)
    return body


def _frame(kind: str, reply: Reply) -> dict[str, Any]:
    if reply.code != CODE_OK:
        code = reply.code or Code.INTERNAL_ERROR
        return {"error": {"code": code, "message": reply.message or message_of(code)}}
    frame: dict[str, Any] = {
        "code": CODE_OK,
        "predicted_execution_time_ms": reply.predicted_ms,
        "tx_hash": list(reply.hashes) if kind == SEND_TX_BATCH else reply.hashes[0],
        "type": kind,
    }
    if reply.message:
        frame["message"] = reply.message
    if reply.quota_remaining is not None:
        frame["volume_quota_remaining"] = reply.quota_remaining
    return frame


def _shown_id(request_id: RequestId, reply: Reply) -> RequestId:
    fault = None if reply.lever is None else reply.lever.fault
    if fault is Fault.NO_ID:
        return None
    if fault is not Fault.UNKNOWN_ID:
        return request_id
    # No client counts below zero, and none chooses this text.
    return -1 - request_id if isinstance(request_id, int) else f"unknown-{uuid.uuid4()}"


def encode(frame: dict[str, Any]) -> bytes:
    """Return a frame's JSON."""
    return msgspec.json.encode(frame)


_REQUEST: Final = msgspec.json.Decoder(Request)
_SINGLE: Final = msgspec.json.Decoder(SendTxData)
_BATCH: Final = msgspec.json.Decoder(SendTxBatchData)
