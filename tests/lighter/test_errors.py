"""Errors of the wire: what they prove, what they say, and that no secret is in them."""

from __future__ import annotations

import copy
import pickle

import pytest

from nautilus_lighter_nonce.lighter import errors
from nautilus_lighter_nonce.lighter.codes import Verdict
from nautilus_lighter_nonce.lighter.errors import NotSent
from nautilus_lighter_nonce.lighter.schemas import ErrorBody


TEXTS = {
    "api": (
        errors.LighterApiError("sendTx", 400, 21104, "invalid nonce"),
        "Lighter sendTx was refused by the venue, HTTP 400, code 21104, invalid nonce",
    ),
    "limit": (
        errors.LighterRateLimitError("trades", 429),
        "Lighter trades was rate limited by the edge, HTTP 429",
    ),
    "transport": (
        errors.LighterTransportError("tx", message="timed out"),
        "Lighter tx was not answered readably, timed out",
    ),
    "connect": (
        errors.StreamConnectError("ws://x", "refused"),
        "Stream ws://x was not connected: refused; check the address and the network, or that the "
        "loopback venue is running",
    ),
    "subscribe": (
        errors.StreamSubscribeError("trade/0", 5.0, ErrorBody(code=30005, message="no channel")),
        "Channel trade/0 was not confirmed within 5.0 s; the venue's latest error was 30005 no "
        "channel",
    ),
    "subscribe without a hint": (
        errors.StreamSubscribeError("trade/0", 5.0, None),
        "Channel trade/0 was not confirmed within 5.0 s",
    ),
    "send": (
        errors.StreamSendError("1-2", NotSent.NOT_CONNECTED),
        "Request 1-2 was not sent: the stream was not connected",
    ),
    "signer": (
        errors.SignerError("sign CreateOrder", "no", "try again"),
        "Signer could not sign CreateOrder: no; try again",
    ),
    "missing": (
        errors.SignerMissingError(),
        "Signer could not start: lighter-sdk is not installed; "
        'install it: pip install "lighter-nonce-nt[lighter]"',
    ),
    "range": (
        errors.SignerRangeError("price", 0, 1, 9),
        "Signer could not sign: price was 0, outside 1 to 9",
    ),
    "key": (
        errors.PrivateKeyError("LIGHTER_API_SECRET", 64, True),
        "LIGHTER_API_SECRET was 64 hex digits, it must be 80 hex digits; give the private key of a "
        "Lighter API key (not of a wallet)",
    ),
}


@pytest.mark.parametrize(("error", "text"), TEXTS.values(), ids=TEXTS)
def test_str_of_each_error_is_built_from_its_fields(error: Exception, text: str) -> None:
    """People read what happened, with which value, and what to do."""
    assert str(error) == text
    assert isinstance(error, errors.LighterError)


@pytest.mark.parametrize(
    ("error", "text"),
    [pair for name, pair in TEXTS.items() if name not in ("missing", "range")],
)
def test_copy_of_each_error_says_the_same(error: Exception, text: str) -> None:
    """An error crosses a process boundary whole."""
    for twin in (copy.copy(error), pickle.loads(pickle.dumps(error))):
        assert type(twin) is type(error)
        assert str(twin) == text


@pytest.mark.parametrize(
    ("error", "verdict"),
    [
        (errors.LighterApiError("sendTx", 400, 21739), Verdict.REFUSED),
        (errors.LighterApiError("sendTx", 400, 21104), Verdict.STALE),
        (errors.LighterApiError("sendTx", 200, 29500), Verdict.UNKNOWN),
        (errors.LighterApiError("sendTx", 400), Verdict.UNKNOWN),
        (errors.LighterRateLimitError("sendTx", 429), Verdict.REFUSED),
        (errors.LighterTransportError("sendTx", 503), Verdict.UNKNOWN),
        (errors.LighterHttpError("sendTx"), Verdict.UNKNOWN),
    ],
)
def test_verdict_of_a_rest_error_is_what_it_proves(
    error: errors.LighterHttpError, verdict: Verdict
) -> None:
    """What is not proved is unknown."""
    assert error.verdict is verdict


def test_error_of_a_write_that_failed_says_that_nothing_is_on_the_wire() -> None:
    """The outbox may sign anew: this is no doubt."""
    assert errors.StreamSendError("1", NotSent.LEAVING).sent is False


def test_private_key_error_is_a_value_error_without_the_key() -> None:
    """Whoever catches `ValueError` sees length and kind, never the text."""
    error = errors.PrivateKeyError("key", 12, False)
    assert isinstance(error, ValueError)
    assert error.args == ("key", 12, False)
    assert "characters that are not all hex digits" in str(error)


@pytest.mark.parametrize(
    ("code", "status", "is_later"), [(23000, 400, True), (None, 405, True), (21739, 400, False)]
)
def test_error_of_a_limit_says_later(code: int | None, status: int, is_later: bool) -> None:
    """By code or by status, as the table of codes says."""
    assert errors.LighterApiError("x", status, code).is_rate_limit is is_later
