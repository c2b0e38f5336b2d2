"""
Reasons: why a transaction came to a bad end, in words for people.

Rule of this file: text only. No branch anywhere reads it; what is proved is a `Proof`.
"""

from __future__ import annotations

from nautilus_lighter_nonce.outbox.entry import MAX_FALLS
from nautilus_lighter_nonce.outbox.entry import Entry
from nautilus_lighter_nonce.outbox.moves import Why


MS = 1_000_000
_FAULT = "a nonce fault kept it from the venue"


def reason_of(entry: Entry, now_ns: int) -> str:
    """
    Return why a transaction was reverted, refused, given up or dropped.

    Parameters
    ----------
    entry : Entry
        The transaction.
    now_ns : int
        Unix nanoseconds; its age is part of the reason.

    Returns
    -------
    str

    """
    if entry.why is Why.USER:
        return str(Why.USER.value)
    if entry.reason:
        return entry.reason
    if entry.why is not Why.AGE:
        return str((entry.why or Why.REFUSED).value)
    age = f"after {(now_ns - entry.submitted_ns) // MS} ms"
    if entry.falls >= MAX_FALLS:
        return f"accepted and dropped by the venue {entry.falls} times, given up {age}"
    if not entry.resend:
        return f"{_FAULT}, and nonce_resend forbids sending it again, {age}"
    return f"{_FAULT}; it is not sent again {age}"
