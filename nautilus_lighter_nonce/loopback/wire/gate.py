"""
The gate before every request of the venue: no web page gets in.

Any page in a browser of this machine can send requests to 127.0.0.1. It could arm levers, trade, or
read what the venue saw.

Rules of this file
------------------
- The host must be a loopback name: a page whose own name was made to lead here (DNS rebinding) says
  that name. Clients of ours, lighter-sdk, ccxt and Nautilus' Rust client say what they were told to
  connect to.
- An origin must be this very address, WebSocket upgrades included. Browsers send one with
  everything that could do harm; other clients send none, or this address.
- What tells the venue something (`/control`, `/ledger`) must be called JSON, which a page cannot
  say without asking first; and the answer to such a question is no.
- A request that is refused here has not happened: it counts nowhere.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable
from collections.abc import Callable
from typing import Final

import msgspec
from aiohttp import web


JSON: Final = "application/json"
JSON_PATHS: Final = frozenset({"/control", "/ledger"})
LOOPBACK_HOST: Final = re.compile(r"(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?", re.IGNORECASE)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def gate(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let a request in, or answer why not."""
    refusal = refusal_of(request)
    return await handler(request) if refusal is None else refusal


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
        403 for a foreign host or origin, 415 for a body that is not called JSON.

    """
    hosts = request.headers.getall("Host", [])
    if len(hosts) != 1 or LOOPBACK_HOST.fullmatch(hosts[0]) is None:
        said = ", ".join(hosts) or "nothing"
        return refused(403, f"the host must be a loopback name, not {said}")
    for origin in request.headers.getall("Origin", []):
        if origin.lower() != f"http://{hosts[0]}".lower():
            return refused(403, f"the origin must be this address, not {origin}")
    if request.path in JSON_PATHS and request.method == "POST" and request.content_type != JSON:
        return refused(415, f"the content type must be {JSON}, not {request.content_type}")
    return None


def refused(status: int, text: str) -> web.Response:
    """Return a refusal as JSON."""
    body = msgspec.json.encode({"ok": False, "error": text})
    return web.Response(body=body, status=status, content_type=JSON)
