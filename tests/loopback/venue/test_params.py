"""What a read is asked with: numbers, names, pages, and the errors that refuse them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_lighter_nonce.lighter.codes import Code
from nautilus_lighter_nonce.loopback.venue import params
from nautilus_lighter_nonce.loopback.venue.params import ApiError
from tests.loopback.bench import Bench


@pytest.fixture
def bench() -> Bench:
    """Return a venue of the default accounts and markets."""
    return Bench()


@pytest.mark.parametrize("given", [{}, {"n": ""}, {"n": "x"}, {"n": "1.5"}])
def test_number_that_is_none_is_an_invalid_param(given: dict[str, str]) -> None:
    """20001, with the parameter's name (observed)."""
    with pytest.raises(ApiError) as caught:
        params.number(given, "n")
    assert (caught.value.code, caught.value.status) == (Code.INVALID_PARAM, 400)
    assert str(caught.value) == "20001 invalid param : n"


def test_number_that_is_missing_is_its_default() -> None:
    """A default of 0 is one; what is given goes before it."""
    assert params.number({}, "n", 0) == 0
    assert params.number({"n": "-3"}, "n", 0) == -3


@pytest.mark.parametrize("text", ["0", "-1", "11"])
def test_limit_outside_its_bounds_is_an_invalid_param(text: str) -> None:
    """A page has 1 row to the most there is."""
    with pytest.raises(ApiError, match="limit"):
        params.limit_of({"limit": text}, 10)
    assert params.limit_of({}, 10) == 10
    assert params.limit_of({"limit": "1"}, 10) == 1


def test_account_and_book_that_are_not_there_have_codes_of_their_own(bench: Bench) -> None:
    """21100 and 21602, as the API says it."""
    with pytest.raises(ApiError) as no_account:
        params.account_of(bench.state, {"account_index": "1"})
    with pytest.raises(ApiError) as no_book:
        params.book_of(bench.state, {"market_id": "999"})
    assert no_account.value.code is Code.ACCOUNT_NOT_FOUND
    assert no_book.value.code is Code.INVALID_MARKET_INDEX
    assert params.account_of(bench.state, {"account_index": "700"}).account_index == 700


def test_books_of_no_market_or_the_sentinel_are_all(bench: Bench) -> None:
    """255 means every market (sdk)."""
    everything = list(bench.state.books.values())
    assert params.books_of(bench.state, {}) == everything
    assert params.books_of(bench.state, {"market_id": "255"}) == everything
    assert params.books_of(bench.state, {"market_id": "0"}) == [bench.state.books[0]]
    assert params.in_market({}, 3)
    assert params.in_market({"market_id": "3"}, 3)
    assert not params.in_market({"market_id": "0"}, 3)


@pytest.mark.parametrize(
    ("given", "account_index"),
    [({"account_index": "7"}, 7), ({"value": "8"}, 8), ({}, None), ({"value": "0xab"}, None)],
)
def test_account_named_by_either_name(given: dict[str, str], account_index: int | None) -> None:
    """Look-ups by value name an account as well; an address names none."""
    assert params.account_named(given) == account_index
    assert params.key_of({"account_index": "7", "api_key_index": "5"}) == (7, 5)


@given(count=st.integers(0, 40), limit=st.integers(1, 15))
def test_pages_one_after_the_other_are_all_rows_once(count: int, limit: int) -> None:
    """Cursor by cursor, in order, and the last page has none."""
    rows, cursor, seen = list(range(count, 0, -1)), "", []
    for _ in range(count + 1):
        asked = {"limit": str(limit)} | ({"cursor": cursor} if cursor else {})
        page, cursor = params.page_of(rows, asked, lambda row: row)
        assert len(page) <= limit
        seen += page
        if not cursor:
            break
    assert seen == rows


def test_page_after_a_row_that_is_gone_is_empty() -> None:
    """A cursor of a row that was forgotten begins nothing anew."""
    _, cursor = params.page_of([3, 2, 1], {"limit": "1"}, lambda row: row)
    assert params.page_of([2, 1], {"cursor": cursor}, lambda row: row) == ([], "")


@pytest.mark.parametrize("cursor", ["%", "abc", "YWJj"])
def test_cursor_that_is_none_is_an_invalid_param(cursor: str) -> None:
    """Nobody but the venue makes cursors."""
    with pytest.raises(ApiError, match="cursor"):
        params.page_of([1], {"cursor": cursor}, lambda row: row)
