"""
What the stream writes its remarks to.

Rule of this file: a frame's content is remarked once per kind, so that no venue can fill a log.
"""

from __future__ import annotations

from typing import Final
from typing import Protocol


MAX_KINDS: Final = 100  # more kinds of nonsense than this are counted, not told (our choice)


class StreamLog(Protocol):
    """What the stream writes its remarks to; a Nautilus `Logger` fits."""

    def info(self, message: str) -> None:
        """Take an ordinary remark."""

    def warning(self, message: str) -> None:
        """Take a remark that somebody should see."""


class NoLog:
    """Takes remarks and forgets them."""

    def info(self, message: str) -> None:
        """Forget a remark."""

    def warning(self, message: str) -> None:
        """Forget a remark."""


class OncePerKind:
    """
    Warns of each kind of thing once.

    Parameters
    ----------
    log : StreamLog
        Takes the warnings.

    """

    __slots__ = ("_log", "_said")

    def __init__(self, log: StreamLog) -> None:
        self._log = log
        self._said: set[str] = set()

    def warn(self, kind: str, message: str) -> None:
        """Warn, unless this kind was warned of already."""
        if kind not in self._said and len(self._said) < MAX_KINDS:
            self._said.add(kind)
            self._log.warning(message)
