"""
`NautilusGate`: carries REST requests with Nautilus' HTTP client.

Rules of this file
------------------
- The client repeats a request by itself only if it wrote none of it, so that a transaction is never
  posted twice.
- Weights are not modelled: a quota counts requests.
- Nautilus' exceptions end here, as `NoAnswer` with the cause kept.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any
from typing import Final

from nautilus_trader.core.nautilus_pyo3 import HttpClient
from nautilus_trader.core.nautilus_pyo3 import HttpError
from nautilus_trader.core.nautilus_pyo3 import HttpResponse
from nautilus_trader.core.nautilus_pyo3 import HttpTimeoutError
from nautilus_trader.core.nautilus_pyo3 import Quota

from nautilus_lighter_nonce.lighter.errors import NoAnswer


_REST: Final = "lighter:rest"
_SENDTX: Final = "lighter:sendtx"


class NautilusGate:
    """
    A `RestGate` over Nautilus' HTTP client.

    Parameters
    ----------
    timeout_secs : int, default 10
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
        timeout_secs: int = 10,
        rest_quota_per_min: int | None = None,
        sendtx_quota_per_min: int | None = None,
    ) -> None:
        _check_at_least_one("timeout_secs", timeout_secs)
        self._client = HttpClient(
            keyed_quotas=_quotas({_REST: rest_quota_per_min, _SENDTX: sendtx_quota_per_min}),
            timeout_secs=timeout_secs,
        )

    async def get(
        self, url: str, params: dict[str, Any], headers: dict[str, str] | None
    ) -> tuple[int, bytes]:
        """
        Return status and body of the answer to a read.

        Raises
        ------
        NoAnswer
            If there was none.

        """
        return await _exchange(self._client.get(url, params, headers, [_REST]))

    async def post(self, url: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        """
        Return status and body of the answer to a post.

        Raises
        ------
        NoAnswer
            If there was none: whether the venue acted is unknown.

        """
        return await _exchange(self._client.post(url, None, headers, body, [_SENDTX]))


async def _exchange(request: Awaitable[HttpResponse]) -> tuple[int, bytes]:
    try:
        response = await request
    except (HttpError, HttpTimeoutError) as error:
        raise NoAnswer(str(error)) from error
    return response.status, response.body


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
