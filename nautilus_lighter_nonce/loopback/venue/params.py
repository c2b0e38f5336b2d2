"""
What a read is asked with: parameters, pages, and the error that refuses it.

Rules of this file
------------------
- Parameters are text; whoever needs a number reads it here, and what is no number is 20001
  (observed).
- Pages go from newest to oldest; a cursor names the last row of the page before.
- Nothing here renders a row.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any
from typing import Final

from nautilus_lighter_nonce.lighter.codes import NIL_MARKET_INDEX
from nautilus_lighter_nonce.lighter.codes import Code
from nautilus_lighter_nonce.loopback.venue.accounts import Account
from nautilus_lighter_nonce.loopback.venue.book import Book
from nautilus_lighter_nonce.loopback.venue.state import State


MAX_PAGE: Final = 100  # docs

Params = Mapping[str, str]
Query = Callable[[State, Params, int], dict[str, Any]]
"""A read: state, parameters, the time in UNIX nanoseconds; it answers with a body."""


class ApiError(Exception):
    """
    A request that the REST API refuses.

    Parameters
    ----------
    code : Code
        The venue's code.
    text : str, optional
        A message of its own; the code's text otherwise.
    status : int, default 400
        The HTTP status.

    """

    def __init__(self, code: Code, text: str = "", status: int = 400) -> None:
        super().__init__(code, text, status)
        self.code = code
        self.text = text
        self.status = status

    def __str__(self) -> str:
        return f"{self.code.value} {self.text}"


def invalid(name: str) -> ApiError:
    """Return the refusal of a parameter: 20001."""
    return ApiError(Code.INVALID_PARAM, f"invalid param : {name}")


def number(params: Params, name: str, default: int | None = None) -> int:
    """
    Return an integer parameter.

    Raises
    ------
    ApiError
        20001 if it is missing without a default, or no integer.

    """
    text = params.get(name)
    if text is None and default is not None:
        return default
    try:
        return int(text or "")
    except ValueError as e:
        raise invalid(name) from e


def limit_of(params: Params, most: int) -> int:
    """Return `limit`, the most there is by default."""
    limit = number(params, "limit", most)
    if not 1 <= limit <= most:
        raise invalid("limit")
    return limit


# -- WHAT A REQUEST IS ABOUT ----------------------------------------------------------------------


def key_of(params: Params) -> tuple[int, int]:
    """Return the key that a request names."""
    return number(params, "account_index"), number(params, "api_key_index")


def account_named(params: Params) -> int | None:
    """Return the account that a request is about, ``None`` if it names none."""
    text = params.get("account_index") or params.get("value", "")
    return int(text) if text.isdecimal() else None


def account_of(state: State, params: Params, name: str = "account_index") -> Account:
    """
    Return the account that a parameter names.

    Raises
    ------
    ApiError
        21100 if there is none.

    """
    account = state.accounts.get(number(params, name))
    if account is None:
        raise ApiError(Code.ACCOUNT_NOT_FOUND)
    return account


def book_of(state: State, params: Params) -> Book:
    """
    Return the book of the market that a request names.

    Raises
    ------
    ApiError
        21602 if there is none.

    """
    book = state.books.get(number(params, "market_id"))
    if book is None:
        raise ApiError(Code.INVALID_MARKET_INDEX)
    return book


def books_of(state: State, params: Params) -> list[Book]:
    """Return the books that a request is about, all of them unless it names one."""
    wanted = number(params, "market_id", NIL_MARKET_INDEX)
    return list(state.books.values()) if wanted == NIL_MARKET_INDEX else [book_of(state, params)]


def in_market(params: Params, market_id: int) -> bool:
    """Return whether a request is about a market."""
    return number(params, "market_id", NIL_MARKET_INDEX) in (NIL_MARKET_INDEX, market_id)


# -- PAGES ----------------------------------------------------------------------------------------


def page_of[T](
    rows: Sequence[T], params: Params, number_of: Callable[[T], int]
) -> tuple[list[T], str]:
    """Return the rows after the cursor, at most `limit`, and the next cursor."""
    start = 0
    cursor = params.get("cursor")
    if cursor:
        last = _read_cursor(cursor)
        at = next((i for i, row in enumerate(rows) if number_of(row) == last), None)
        start = len(rows) if at is None else at + 1
    limit = limit_of(params, MAX_PAGE)
    page = list(rows[start : start + limit])
    more = page and start + limit < len(rows)
    return page, _write_cursor(number_of(page[-1])) if more else ""


def _write_cursor(last: int) -> str:
    return base64.urlsafe_b64encode(str(last).encode()).decode()


def _read_cursor(cursor: str) -> int:
    try:
        return int(base64.urlsafe_b64decode(cursor.encode()))
    except (binascii.Error, ValueError) as e:
        raise invalid("cursor") from e
