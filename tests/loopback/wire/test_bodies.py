"""Unreadable answers, as bytes: no client can read one for good."""

from __future__ import annotations

import msgspec
import pytest

from nautilus_lighter_nonce.loopback.venue.faults import Body
from nautilus_lighter_nonce.loopback.wire.bodies import html
from nautilus_lighter_nonce.loopback.wire.bodies import spoil


ORIGINAL = b'{"code":200,"message":"good"}'


@pytest.mark.parametrize("body", Body)
@pytest.mark.parametrize("original", [ORIGINAL, b'{"code":200}'])
def test_spoiled_body_is_no_json(body: Body, original: bytes) -> None:
    """Whatever became of it, no field of it can be trusted."""
    with pytest.raises((msgspec.DecodeError, UnicodeDecodeError)):
        msgspec.json.decode(spoil(body, original))


def test_spoiled_text_that_is_no_utf8_keeps_the_rest() -> None:
    """The bytes that no text has stand inside the last text, as a broken proxy leaves them."""
    spoiled = spoil(Body.NOT_UTF8, ORIGINAL)
    assert spoiled.startswith(b'{"code":200,"message":"')
    assert spoiled.endswith(b'good"}')
    with pytest.raises(UnicodeDecodeError):
        spoiled.decode()


def test_truncated_body_is_the_first_half() -> None:
    """A connection that broke on the way."""
    assert spoil(Body.TRUNCATED, ORIGINAL) == ORIGINAL[: len(ORIGINAL) // 2]
    assert spoil(Body.EMPTY, ORIGINAL) == b""


def test_html_names_its_status() -> None:
    """A firewall's page says which status it is."""
    assert b"429" in html(429)
    assert spoil(Body.HTML, ORIGINAL) == html(502)
