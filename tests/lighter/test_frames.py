"""Frames as bytes: what is read of an answer, however much of it is readable."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from nautilus_lighter_nonce.lighter import frames
from nautilus_lighter_nonce.lighter.codes import Verdict
from nautilus_lighter_nonce.lighter.frames import DamagedFrame
from nautilus_lighter_nonce.lighter.frames import StreamReply
from nautilus_lighter_nonce.lighter.schemas import Frame


def reply_to(**fields: Any) -> StreamReply | None:
    """Return what a frame of these fields answers."""
    return frames.reply_of(frames.read_frame(msgspec.json.encode(fields)), 1)


def test_read_frame_all_fields_good_is_not_damaged() -> None:
    """The ordinary frame is read in one go."""
    raw = b'{"code":200,"id":"1","tx_hash":"a","type":"jsonapi/sendtx"}'
    assert type(frames.read_frame(raw)) is Frame


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("id", {"a": 1}),
        ("id", 1.5),
        ("type", 7),
        ("channel", 7),
        ("code", "200"),
        ("tx_hash", [1, 2]),
        ("error", "text"),
        ("error", {"code": "21104"}),
        ("predicted_execution_time_ms", "soon"),
        ("session_id", 1),
    ],
)
def test_read_frame_field_of_wrong_type_is_left_out_and_named(name: str, value: Any) -> None:
    """One field that cannot be read leaves the others readable."""
    good = {"type": "jsonapi/sendtx", "channel": "x:1", "id": "1"}
    frame = frames.read_frame(msgspec.json.encode(good | {name: value}))
    assert isinstance(frame, DamagedFrame)
    assert frame.flaws == (name,)
    assert all(getattr(frame, field) == good[field] for field in good if field != name)


@pytest.mark.parametrize("raw", [b"null", b"[1,2]", b'"text"', b"<html>", b"", b"\xff\xfe"])
def test_read_frame_no_object_raises_decode_error(raw: bytes) -> None:
    """What is no JSON object is no frame."""
    with pytest.raises(msgspec.DecodeError):
        frames.read_frame(raw)


def test_read_frame_key_of_ours_from_the_wire_is_not_believed() -> None:
    """Whether a frame is damaged is our judgement, not the venue's field."""
    assert not isinstance(frames.read_frame(b'{"type":"x","flaws":["id"]}'), DamagedFrame)


# -- REPLIES --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fields",
    [
        {"code": "200"},
        {"code": None},
        {"code": 200, "error": "text"},
        {"code": 200, "error": {"code": "21104"}},
        {"error": None},
    ],
)
def test_reply_without_readable_code_is_unknown(fields: dict[str, Any]) -> None:
    """An answer that cannot be read proves nothing, and is an answer all the same."""
    reply = reply_to(id="1", **fields)
    assert reply is not None
    assert (reply.request_id, reply.verdict, reply.code) == ("1", Verdict.UNKNOWN, None)


@pytest.mark.parametrize(
    "fields", [{"tx_hash": [1, 2]}, {"predicted_execution_time_ms": "soon"}, {"session_id": 3}]
)
def test_reply_with_unreadable_extras_keeps_its_verdict(fields: dict[str, Any]) -> None:
    """A hint that cannot be read costs the hint, not the acceptance."""
    reply = reply_to(id="1", code=200, **fields)
    assert reply is not None
    assert (reply.verdict, reply.tx_hashes) == (Verdict.ACCEPTED, ())
    assert reply.predicted_execution_time_ms is None


@pytest.mark.parametrize("message", [None, 7, {"text": "invalid nonce"}])
def test_reply_error_with_unreadable_text_keeps_its_code(message: Any) -> None:
    """The text is for people; the code decides."""
    reply = reply_to(id="1", error={"code": 21104, "message": message})
    assert reply is not None
    assert (reply.verdict, reply.code, reply.message) == (Verdict.STALE, 21104, "")


@pytest.mark.parametrize(
    ("fields", "is_lost"),
    [
        ({"id": {"a": 1}, "error": {"code": 21104}}, True),
        ({"error": "text"}, True),
        ({"error": {"code": 21104, "message": None}}, False),
        ({"type": 7}, True),
        ({"type": "update/x", "channel": 7}, True),
        ({"type": "update/x", "channel": "x:1", "code": "x"}, False),
        ({"type": "shutdown", "code": "x"}, False),
        ({"type": 7, "id": "1", "code": 200}, False),
    ],
)
def test_damaged_frame_is_lost_if_nobody_knows_whom_it_is_for(
    fields: dict[str, Any], is_lost: bool
) -> None:
    """An id that cannot be read is not the same as no id: it names somebody, nobody knows whom."""
    frame = frames.read_frame(msgspec.json.encode(fields))
    assert isinstance(frame, DamagedFrame)
    assert frame.is_lost is is_lost
