"""
What the real venue does not have: `/control` and `/ledger`, for whoever owns the machine.

Rules of this file
------------------
- JSON in, JSON out; what a command means is `venue.control`'s, what a ledger says `venue.ledger`'s.
- Who may come in is `gate`'s.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
from typing import Any
from typing import Final
from typing import Protocol

import msgspec
from aiohttp import web

from nautilus_lighter_nonce.loopback.venue.judgement import Claim
from nautilus_lighter_nonce.loopback.wire.gate import JSON
from nautilus_lighter_nonce.loopback.wire.gate import refused


CONTROL: Final = "/control"
LEDGER: Final = "/ledger"


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
        try:
            self._venue.control(msgspec.json.decode(await request.read(), type=dict[str, Any]))
        except (ValueError, msgspec.DecodeError) as e:
            return refused(400, str(e))
        return _json({"ok": True})

    async def _ledger(self, request: web.Request) -> web.Response:
        if request.query.get("summary") in {"1", "true"}:
            return _json(self._venue.summary())
        by_transaction = request.query.get("by") == "transaction"
        return _json({"entries": self._venue.ledger(by_transaction=by_transaction)})

    async def _judgement(self, request: web.Request) -> web.Response:
        try:
            question = msgspec.json.decode(await request.read(), type=Question)
            return _json(self._venue.summary(question.told))
        except (ValueError, msgspec.DecodeError) as e:
            return refused(400, str(e))


def _json(body: Any) -> web.Response:
    return web.Response(body=msgspec.json.encode(body), content_type=JSON)
