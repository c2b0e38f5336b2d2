"""
What the real venue does not have: `/control` and `/ledger`, for whoever owns the machine.

Rules of this file
------------------
- JSON in, JSON out; what a command means is `venue.control`'s, what a ledger says `venue.ledger`'s.
- A web page must not get in: the host must be a loopback name (a page's own name may lead here), an
  origin must be this very address, and a body must say that it is JSON, which a page cannot say
  without asking first.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
from typing import Any
from typing import Final
from typing import Protocol
from urllib.parse import urlsplit

import msgspec
from aiohttp import web

from nautilus_lighter_nonce.loopback.venue.judgement import Claim


CONTROL: Final = "/control"
LEDGER: Final = "/ledger"
LOOPBACK_NAMES: Final = frozenset({"127.0.0.1", "localhost", "::1"})
JSON: Final = "application/json"


class Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of `POST /ledger`: what callers were told of their orders."""

    told: list[Claim]


class Venue(Protocol):
    """What the back door leads to."""

    def control(self, command: dict[str, Any]) -> None:
        """Carry out a control command."""

    def ledger(self, *, by_transaction: bool = False) -> list[dict[str, Any]]:
        """Return what the venue saw."""

    def summary(self, told: Iterable[Mapping[str, Any] | Claim] | None = None) -> dict[str, Any]:
        """Return what the ledger amounts to, and whether what was told is so."""


class BackDoor:
    """
    The handlers of one venue.

    Parameters
    ----------
    venue : Venue
        The venue.

    """

    def __init__(self, venue: Venue) -> None:
        self._venue = venue

    def mount(self, app: web.Application) -> None:
        """Add the routes to an application."""
        app.router.add_post(CONTROL, self._control)
        app.router.add_get(LEDGER, self._ledger)
        app.router.add_post(LEDGER, self._judgement)

    async def _control(self, request: web.Request) -> web.Response:
        refusal = refusal_of(request)
        if refusal is not None:
            return refusal
        try:
            self._venue.control(msgspec.json.decode(await request.read(), type=dict[str, Any]))
        except (ValueError, msgspec.DecodeError) as e:
            return _refused(400, str(e))
        return _json({"ok": True})

    async def _ledger(self, request: web.Request) -> web.Response:
        refusal = refusal_of(request)
        if refusal is not None:
            return refusal
        if request.query.get("summary") in {"1", "true"}:
            return _json(self._venue.summary())
        by_transaction = request.query.get("by") == "transaction"
        return _json({"entries": self._venue.ledger(by_transaction=by_transaction)})

    async def _judgement(self, request: web.Request) -> web.Response:
        refusal = refusal_of(request)
        if refusal is not None:
            return refusal
        try:
            question = msgspec.json.decode(await request.read(), type=Question)
            return _json(self._venue.summary(question.told))
        except (ValueError, msgspec.DecodeError) as e:
            return _refused(400, str(e))


def refusal_of(request: web.Request) -> web.Response | None:
    """
    Return what answers a request that a web page may have sent, ``None`` if it may come in.

    Parameters
    ----------
    request : web.Request
        The request.

    Returns
    -------
    web.Response or ``None``

    """
    if _name_in(request.host) not in LOOPBACK_NAMES:
        return _refused(403, f"the host must be a loopback name, not {request.host}")
    origin = request.headers.get("Origin")
    if origin is not None and origin != f"http://{request.host}":
        return _refused(403, f"the origin must be this address, not {origin}")
    if request.method == "POST" and request.content_type != JSON:
        return _refused(415, f"the content type must be {JSON}, not {request.content_type}")
    return None


def _name_in(host: str) -> str | None:
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None


def _refused(status: int, text: str) -> web.Response:
    return _json({"ok": False, "error": text}, status)


def _json(body: Any, status: int = 200) -> web.Response:
    return web.Response(body=msgspec.json.encode(body), status=status, content_type=JSON)
