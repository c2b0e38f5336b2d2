"""Codes and what they prove: the one table that turns an error code into a verdict."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_lighter_nonce.lighter import codes
from nautilus_lighter_nonce.lighter.codes import Code
from nautilus_lighter_nonce.lighter.codes import Verdict


@pytest.mark.parametrize(
    ("code", "verdict"),
    [
        (200, Verdict.ACCEPTED),
        (21104, Verdict.STALE),
        (21105, Verdict.STALE),
        (29500, Verdict.UNKNOWN),
        (29501, Verdict.UNKNOWN),
        (21739, Verdict.REFUSED),
        (23000, Verdict.REFUSED),
    ],
)
def test_verdict_of_each_exception_is_the_tables(code: int, verdict: Verdict) -> None:
    """Accepted, stale, or nobody knows; a margin error or a limit is a plain refusal."""
    assert codes.verdict_of(code) is verdict


@given(code=st.integers(min_value=1, max_value=99_999))
def test_verdict_of_any_other_code_is_a_definite_refusal(code: int) -> None:
    """What the venue answers at once left the nonce unspent, known code or not (docs)."""
    if code not in codes.VERDICTS:
        assert codes.verdict_of(code) is Verdict.REFUSED


@pytest.mark.parametrize(
    ("code", "status", "is_later"),
    [
        (23000, None, True),
        (21506, 400, True),
        (None, 429, True),
        (None, 405, True),
        (21739, 400, False),
        (None, None, False),
        (21104, 400, False),
    ],
)
def test_rate_limit_says_later_not_never(
    code: int | None, status: int | None, is_later: bool
) -> None:
    """By code or by status; a stale nonce or a margin error is neither."""
    assert codes.is_rate_limit(code, status) is is_later


def test_families_of_codes_do_not_contradict_each_other() -> None:
    """What concerns the account is no limit, and what no verdict proves is in neither."""
    assert codes.KEY_CODES < codes.ACCOUNT_CODES
    assert not codes.ACCOUNT_CODES & codes.RATE_LIMIT_CODES
    for code in codes.ACCOUNT_CODES | codes.RATE_LIMIT_CODES:
        assert codes.verdict_of(code) is Verdict.REFUSED


def test_every_code_that_the_api_answers_has_the_venues_text() -> None:
    """The loopback venue and our errors say it as the venue does."""
    silent = {code for code in Code if code not in codes.MESSAGES}
    is_said_elsewhere = {Code.INVALID_PARAM, Code.INVALID_AUTH}
    assert {c for c in silent if c < 23_001} == is_said_elsewhere


def test_limits_of_numbers_fit_into_each_other() -> None:
    """A client order index never looks like one of the venue's."""
    assert codes.MAX_CLIENT_ORDER_INDEX < codes.MIN_ORDER_INDEX
    assert codes.MAX_SKIP_NONCE < codes.MAX_NONCE
    assert codes.MAX_BATCH_WS <= codes.MAX_BATCH_REST
    assert set(codes.BASE_URLS_HTTP) == set(codes.BASE_URLS_WS) < set(codes.CHAIN_IDS)
