"""
What unreadable answers and frames look like, as bytes.

Rules of this file
------------------
- Bytes in, bytes out: a spoiled body is made of the one that it replaces, where it keeps anything.
- No more is claimed than that such bodies were met: HTML comes from a firewall or a proxy (docs),
  the others from connections that break (inferred).
"""

from __future__ import annotations

from typing import Final

from nautilus_lighter_nonce.loopback.venue.faults import Body


GARBAGE: Final = b"\x00<<unreadable>>"
HTML: Final = "<html><head><title>{status}</title></head><body>edge says {status}</body></html>"
NO_UTF8: Final = b"\xff\xc3\x28\xa0\xa1"  # no byte sequence of UTF-8 begins like this


def html(status: int) -> bytes:
    """Return the page of a firewall or proxy."""
    return HTML.format(status=status).encode()


def spoil(body: Body, original: bytes) -> bytes:
    """
    Return what arrives in the place of a body.

    Parameters
    ----------
    body : Body
        What became of it.
    original : bytes
        What it would have been.

    Returns
    -------
    bytes

    """
    middle = len(original) // 2
    match body:
        case Body.GARBAGE:
            return GARBAGE
        case Body.HTML:
            return html(502)
        case Body.NOT_UTF8:
            at = _inside_a_text(original) or middle
            return original[:at] + NO_UTF8 + original[at:]
        case Body.EMPTY:
            return b""
        case Body.TRUNCATED:
            return original[:middle]


def _inside_a_text(original: bytes) -> int:
    """Return where the last text of a JSON object begins, 0 if it has none."""
    opening = b'":"'
    return original.rfind(opening) + len(opening) if opening in original else 0
