"""
One REST request to Lighter: how it leaves, and what its answer proves.

Rules of this file
------------------
- It knows no endpoint: name, fields and the struct of a good answer are arguments.
- Foreign exceptions are translated once, in `_exchange`, with the cause kept.
- HTTP 200 is not success: the body's `code` is (observed).
- An auth token travels in the `Authorization` header, because addresses end up in error texts. It
  is in no error and no `repr`.
- Weights are not modelled: a quota counts requests.

"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from typing import Final
from urllib.parse import urlencode

import msgspec
from nautilus_trader.core.nautilus_pyo3 import HttpClient
from nautilus_trader.core.nautilus_pyo3 import HttpError
from nautilus_trader.core.nautilus_pyo3 import HttpResponse
from nautilus_trader.core.nautilus_pyo3 import HttpTimeoutError
from nautilus_trader.core.nautilus_pyo3 import Quota

from nautilus_lighter_nonce.lighter.codes import CODE_OK
from nautilus_lighter_nonce.lighter.codes import RATE_LIMIT_STATUSES
from nautilus_lighter_nonce.lighter.codes import Code
from nautilus_lighter_nonce.lighter.errors import LighterApiError
from nautilus_lighter_nonce.lighter.errors import LighterRateLimitError
from nautilus_lighter_nonce.lighter.errors import LighterTransportError
from nautilus_lighter_nonce.lighter.schemas import Reply


_REST: Final = "lighter:rest"
_SENDTX: Final = "lighter:sendtx"
_FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}


class RestTransport:
    """
    Nautilus' HTTP client, asked in Lighter's manner.

    Parameters
    ----------
    base_url : str
        Scheme and host.
    timeout_secs : int
        Deadline of one request in seconds, at least 1; waiting for a quota does not count.
    rest_quota_per_min : int, optional
        Most reads per minute. No limit if ``None``.
    sendtx_quota_per_min : int, optional
        Most posts per minute. No limit if ``None``.

    Raises
    ------
    ValueError
        If a number is below 1.

    """

    def __init__(
        self,
        base_url: str,
        timeout_secs: int,
        rest_quota_per_min: int | None,
        sendtx_quota_per_min: int | None,
    ) -> None:
        _check_at_least_one("timeout_secs", timeout_secs)
        self._base_url = base_url.rstrip("/")
        self.on_token_refused: Callable[[], None] | None = None
        self._client = HttpClient(
            keyed_quotas=_quotas({_REST: rest_quota_per_min, _SENDTX: sendtx_quota_per_min}),
            timeout_secs=timeout_secs,
        )

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
        request = self._client.get(self._url(endpoint), given, headers, [_REST])
        response = await _exchange(endpoint, request)
        try:
            return _decode(endpoint, response, reply_type)
        except LighterApiError as error:
            is_refused = error.code == Code.INVALID_AUTH or response.status == 401
            if auth is not None and is_refused and self.on_token_refused is not None:
                self.on_token_refused()
            raise

    async def post[T](self, endpoint: str, reply_type: type[T], form: dict[str, Any]) -> T:
        """
        Return the answer to a post, once and without a retry.

        Raises
        ------
        LighterHttpError
            If there was no good answer.

        """
        body = urlencode(form).encode()
        request = self._client.post(self._url(endpoint), None, _FORM, body, [_SENDTX])
        return _decode(endpoint, await _exchange(endpoint, request), reply_type)

    def _url(self, endpoint: str) -> str:
        return f"{self._base_url}/api/v1/{endpoint}"


def _check_at_least_one(name: str, value: int) -> None:
    if value < 1:
        raise ValueError(f"{name} was {value}, it must be at least 1")


def _quotas(limits: dict[str, int | None]) -> list[tuple[str, Quota]]:
    quotas = []
    for key, limit in limits.items():
        if limit is not None:
            _check_at_least_one(f"quota {key}", limit)
            quotas.append((key, Quota.rate_per_minute(limit)))
    return quotas


async def _exchange(endpoint: str, request: Any) -> HttpResponse:
    try:
        response: HttpResponse = await request
    except (HttpError, HttpTimeoutError) as error:
        raise LighterTransportError(endpoint, message=str(error)) from error
    return response


def _decode[T](endpoint: str, response: HttpResponse, reply_type: type[T]) -> T:
    status = response.status
    reply = _read(endpoint, status, response.body, Reply)
    if status >= 500:
        raise LighterTransportError(endpoint, status, reply.code or None, reply.message)
    if reply.code == 0:
        raise LighterTransportError(endpoint, status, message="body without a code")
    if reply.code != CODE_OK or status >= 400:
        raise LighterApiError(endpoint, status, reply.code, reply.message)
    return _read(endpoint, status, response.body, reply_type)


def _read[T](endpoint: str, status: int, body: bytes, reply_type: type[T]) -> T:
    try:
        return msgspec.json.decode(body, type=reply_type)
    except msgspec.DecodeError as error:
        if status in RATE_LIMIT_STATUSES:
            raise LighterRateLimitError(endpoint, status) from error
        raise LighterTransportError(endpoint, status, message=str(error)) from error
