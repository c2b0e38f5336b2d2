"""
One REST request to Lighter: how it leaves, and what its answer proves.

Rules of this file
------------------
- It knows no endpoint: name, fields and the struct of a good answer are arguments.
- Which client carries a request is handed in as a `RestGate`; this package knows no network.
- HTTP 200 is not success: the body's `code` is (observed).
- An auth token travels in the `Authorization` header, because addresses end up in error texts. It
  is in no error and no `repr`.
"""

from __future__ import annotations

from collections.abc import Awaitable
from collections.abc import Callable
from typing import Any
from typing import Final
from typing import Protocol
from urllib.parse import urlencode

import msgspec

from nautilus_lighter_nonce.lighter.codes import CODE_OK
from nautilus_lighter_nonce.lighter.codes import RATE_LIMIT_STATUSES
from nautilus_lighter_nonce.lighter.codes import Code
from nautilus_lighter_nonce.lighter.errors import LighterApiError
from nautilus_lighter_nonce.lighter.errors import LighterHttpError
from nautilus_lighter_nonce.lighter.errors import LighterRateLimitError
from nautilus_lighter_nonce.lighter.errors import LighterTransportError
from nautilus_lighter_nonce.lighter.errors import NoAnswer


_FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}


class _Head(msgspec.Struct):
    """The part that every body has; whatever the text is, the code decides."""

    code: int = 0
    message: Any = ""

    @property
    def text(self) -> str:
        return self.message if isinstance(self.message, str) else ""


class RestGate(Protocol):
    """
    The one way out of every REST request, and the place where a limit that several share belongs.

    It carries one request and returns status and body; `NoAnswer` if there was none.
    """

    async def get(
        self, url: str, params: dict[str, Any], headers: dict[str, str] | None
    ) -> tuple[int, bytes]:
        """Return the answer to a read."""

    async def post(self, url: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        """Return the answer to a post that was made once."""


class RestTransport:
    """
    A REST gate, asked in Lighter's manner.

    Parameters
    ----------
    base_url : str
        Scheme and host.
    gate : RestGate
        Carries the requests.

    """

    def __init__(self, base_url: str, gate: RestGate) -> None:
        self._base_url = base_url.rstrip("/")
        self._gate = gate
        self.on_token_refused: Callable[[str], None] | None = None

    @property
    def base_url(self) -> str:
        """Scheme and host, without a trailing slash."""
        return self._base_url

    async def get[T](
        self,
        endpoint: str,
        reply_type: type[T],
        params: dict[str, Any],
        auth: str | None = None,
    ) -> T:
        """
        Return the answer to a read.

        Parameters
        ----------
        endpoint : str
            The last part of the address.
        reply_type : type
            The struct of a good answer.
        params : dict[str, Any]
            The fields; those that are ``None`` are left out.
        auth : str, optional
            An auth token.

        Raises
        ------
        LighterHttpError
            If there was no good answer.

        """
        given = {name: value for name, value in params.items() if value is not None}
        headers = None if auth is None else {"Authorization": auth}
        request = self._gate.get(self._url(endpoint), given, headers)
        status, body = await _exchange(endpoint, request)
        try:
            return _decode(endpoint, status, body, reply_type)
        except LighterHttpError as error:
            is_refused = error.code == Code.INVALID_AUTH or status == 401
            if auth is not None and is_refused and self.on_token_refused is not None:
                self.on_token_refused(auth)
            raise

    async def post[T](self, endpoint: str, reply_type: type[T], form: dict[str, Any]) -> T:
        """
        Return the answer to a post, once and without a retry.

        Raises
        ------
        LighterHttpError
            If there was no good answer.

        """
        request = self._gate.post(self._url(endpoint), _FORM, urlencode(form).encode())
        status, body = await _exchange(endpoint, request)
        return _decode(endpoint, status, body, reply_type)

    def _url(self, endpoint: str) -> str:
        return f"{self._base_url}/api/v1/{endpoint}"


async def _exchange(endpoint: str, request: Awaitable[tuple[int, bytes]]) -> tuple[int, bytes]:
    try:
        return await request
    except NoAnswer as error:
        raise LighterTransportError(endpoint, message=str(error)) from error


def _decode[T](endpoint: str, status: int, body: bytes, reply_type: type[T]) -> T:
    reply = _read(endpoint, status, body, _Head)
    if status >= 500:
        raise LighterTransportError(endpoint, status, reply.code or None, reply.text)
    if reply.code == 0:
        raise LighterTransportError(endpoint, status, message="body without a code")
    if reply.code != CODE_OK or status >= 400:
        raise LighterApiError(endpoint, status, reply.code, reply.text)
    return _read(endpoint, status, body, reply_type)


def _read[T](endpoint: str, status: int, body: bytes, reply_type: type[T]) -> T:
    try:
        return msgspec.json.decode(body, type=reply_type)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        if status in RATE_LIMIT_STATUSES:
            raise LighterRateLimitError(endpoint, status) from error
        raise LighterTransportError(endpoint, status, message=str(error)) from error
