"""
WebSocket frames as bytes: what we write, and how an answer is read and attributed.

Rules of this file
------------------
- Pure functions and values: no connection, no loop.
- The signer's JSON text goes into a single send verbatim and is never encoded again: a signature
  covers values, and what was signed is what is sent.
- An answer belongs to the request whose `id` it carries, and to nothing if it carries none.
- A field that cannot be read costs nothing but itself: an answer whose code is unreadable is still
  an answer, and one without a readable hint is no worse for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from typing import Final

import msgspec

from nautilus_lighter_nonce.lighter.codes import Verdict
from nautilus_lighter_nonce.lighter.codes import verdict_of
from nautilus_lighter_nonce.lighter.schemas import ErrorBody
from nautilus_lighter_nonce.lighter.schemas import Frame


PING: Final = b'{"type":"ping"}'
PONG: Final = b'{"type":"pong"}'


class StreamReply(msgspec.Struct, frozen=True, kw_only=True):
    """
    The venue's answer to one request.

    Parameters
    ----------
    request_id : str
        The `id` that the request carried.
    verdict : Verdict
        `UNKNOWN` if the reply has neither a code nor an error that could be read.
    code : int or ``None``
        200, an error code, or ``None`` as above.
    message : str
        The venue's text, empty for successes. For people; no branch reads it.
    tx_hashes : tuple[str, ...]
        In request order; empty for errors.
    predicted_execution_time_ms : int or ``None``
        Unix milliseconds.
    epoch : int
        The connection that the reply came on.

    """

    request_id: str
    verdict: Verdict
    code: int | None
    message: str
    tx_hashes: tuple[str, ...]
    predicted_execution_time_ms: int | None
    epoch: int


class DamagedFrame(Frame, frozen=True, kw_only=True):
    """
    A frame some fields of which are of another type than the venue writes; they are left out.

    Parameters
    ----------
    flaws : tuple[str, ...]
        Their names.

    """

    flaws: tuple[str, ...]

    @property
    def is_lost(self) -> bool:
        """Whether what cannot be read would have said whom the frame is for."""
        decisive = ("id",) if self.id is not None else ("id", "type", "channel", "error")
        return any(name in self.flaws for name in decisive)


class _SendTx(msgspec.Struct):
    id: str
    tx_type: int
    tx_info: msgspec.Raw


class _SendTxBatch(msgspec.Struct):
    id: str
    tx_types: str
    tx_infos: str


class _Request(msgspec.Struct):
    type: str
    data: _SendTx | _SendTxBatch


class _Channel(msgspec.Struct, omit_defaults=True):
    type: str
    channel: str
    auth: str | None = None


_decoder: Final = msgspec.json.Decoder(Frame)


# -- OUT ------------------------------------------------------------------------------------------


def send_tx_frame(request_id: str, tx_type: int, tx_info: str) -> bytes:
    """
    Return the frame that sends one signed transaction.

    Parameters
    ----------
    request_id : str
        Comes back as `id`.
    tx_type : int
        A `TxType`.
    tx_info : str
        The signer's JSON text.

    Returns
    -------
    bytes

    """
    data = _SendTx(request_id, tx_type, msgspec.Raw(tx_info.encode()))
    return msgspec.json.encode(_Request("jsonapi/sendtx", data))


def send_tx_batch_frame(request_id: str, tx_types: Sequence[int], tx_infos: Sequence[str]) -> bytes:
    """
    Return the frame that sends several signed transactions; both lists are JSON text inside JSON.

    Parameters
    ----------
    request_id : str
        Comes back as `id`, once for all.
    tx_types : Sequence[int]
        A `TxType` each.
    tx_infos : Sequence[str]
        The signer's JSON texts, in nonce order.

    Returns
    -------
    bytes

    """
    types = msgspec.json.encode(list(tx_types)).decode()
    infos = msgspec.json.encode(list(tx_infos)).decode()
    return msgspec.json.encode(
        _Request("jsonapi/sendtxbatch", _SendTxBatch(request_id, types, infos))
    )


def subscribe_frame(channel: str, auth: str | None) -> bytes:
    """Return the frame that subscribes to a channel, with a token if it takes one."""
    return msgspec.json.encode(_Channel("subscribe", channel, auth))


def unsubscribe_frame(channel: str) -> bytes:
    """Return the frame that unsubscribes from a channel."""
    return msgspec.json.encode(_Channel("unsubscribe", channel))


# -- IN -------------------------------------------------------------------------------------------


def read_frame(raw: bytes) -> Frame:
    """
    Return the envelope of a frame; a `DamagedFrame` if not all of it could be read.

    Raises
    ------
    msgspec.DecodeError
        If it is no JSON object.
    UnicodeDecodeError
        If one of its texts is no UTF-8.
    RecursionError
        If it is nested too deeply.

    """
    try:
        return _decoder.decode(raw)
    except msgspec.ValidationError:
        return _salvaged(raw)


def _salvaged(raw: bytes) -> DamagedFrame:
    given = msgspec.json.decode(raw, type=dict[str, Any])
    good, flaws = {}, []
    for field in msgspec.structs.fields(Frame):
        if field.name in given:
            try:
                good[field.name] = msgspec.convert(given[field.name], field.type)
            except msgspec.ValidationError:
                flaws.append(field.name)
    if "error" in flaws and (error := _error_without_text(given["error"])) is not None:
        good["error"] = error
        flaws[flaws.index("error")] = "message"
    return DamagedFrame(**good, flaws=tuple(flaws))


def _error_without_text(given: Any) -> ErrorBody | None:
    """Return an error whose text alone cannot be read: it is for people, the code decides."""
    code = given.get("code") if isinstance(given, dict) else None
    return ErrorBody(code=code) if type(code) is int else None


def reply_of(frame: Frame, epoch: int) -> StreamReply | None:
    """
    Return what a frame answers to the request whose `id` it carries.

    Parameters
    ----------
    frame : Frame
        Any frame that is not a channel's.
    epoch : int
        The connection that it came on.

    Returns
    -------
    StreamReply or ``None``
        ``None`` without an `id`: an error that names no request may concern a subscription or
        somebody's malformed frame. To take it for the oldest transaction's rejection lost orders
        elsewhere (incident 2223963cac).

    """
    if frame.id is None:
        return None
    code = _code_of(frame)
    hashes = frame.tx_hash or ()
    return StreamReply(
        request_id=str(frame.id),
        verdict=Verdict.UNKNOWN if code is None else verdict_of(code),
        code=code,
        message="" if frame.error is None else frame.error.message,
        tx_hashes=(hashes,) if isinstance(hashes, str) else tuple(hashes),
        predicted_execution_time_ms=frame.predicted_execution_time_ms,
        epoch=epoch,
    )


def _code_of(frame: Frame) -> int | None:
    """Return what a reply says; nothing if there is an error and it cannot be read."""
    if frame.error is not None:
        return frame.error.code
    is_unsure = isinstance(frame, DamagedFrame) and "error" in frame.flaws
    return None if is_unsure else frame.code


def confirms(frame: Frame, channel: str) -> bool:
    """
    Return whether a `subscribed/…` or `unsubscribed` frame names this channel.

    Parameters
    ----------
    frame : Frame
        The confirmation.
    channel : str
        As it was asked for. ``account_orders/0/516`` is answered as ``account_orders:0:516`` or as
        ``account_orders:0`` (docs).

    Returns
    -------
    bool

    """
    asked = channel.replace("/", ":")
    given = frame.channel.replace("/", ":")
    return asked == given or (bool(given) and asked.startswith(f"{given}:"))
