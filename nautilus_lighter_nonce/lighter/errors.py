"""
Everything that can go wrong between us and Lighter, as one tree.

Rules of this file
------------------
- An error says what happened in fields; its text is built in `__str__`, for people only.
- An error that concerns a transaction says what it proves: `verdict` for REST, `sent` for the
  stream. What is not proved is unknown.
- No token and no private key is in any field.

Tree
----
::

    LighterError
    ├── LighterHttpError           a REST request was not good
    │   ├── LighterApiError        the venue answered with a readable error code
    │   ├── LighterRateLimitError  405 or 429 without a readable body: the venue never saw it
    │   └── LighterTransportError  timeout, refused connection, 5xx, unreadable: outcome unknown
    ├── NoAnswer                   a transport's word that a REST request brought nothing
    ├── StreamError
    │   ├── StreamConnectError     the first connection could not be made
    │   ├── StreamSubscribeError   a channel was not confirmed by its deadline
    │   ├── StreamSendError        a frame was definitely not written
    │   └── SocketError            a transport's word that a connection failed
    ├── SignerError                the signer would not do an operation
    │   ├── SignerRangeError       a number does not fit the venue's integers; nothing was signed
    │   └── SignerMissingError     lighter-sdk is not installed
    └── PrivateKeyError            a text is not an API private key (a ValueError too)

"""

from __future__ import annotations

from enum import Enum
from typing import Final

from nautilus_lighter_nonce.lighter.codes import Verdict
from nautilus_lighter_nonce.lighter.codes import is_rate_limit
from nautilus_lighter_nonce.lighter.codes import verdict_of
from nautilus_lighter_nonce.lighter.schemas import ErrorBody


PRIVATE_KEY_DIGITS: Final = 80  # 40 bytes as hex (sdk)


class LighterError(Exception):
    """Base of all errors of the package `lighter`."""


# -- REST ------------------------------------------------------------------------------------------


class LighterHttpError(LighterError):
    """
    Base of everything that can go wrong with a REST request.

    Parameters
    ----------
    endpoint : str
        The endpoint's name, such as ``nextNonce``.
    status : int, optional
        The HTTP status, if there was an answer.
    code : int, optional
        The `code` of the body, if it could be read.
    message : str
        The venue's or the transport's own text. For people; no branch reads it.

    """

    def __init__(
        self,
        endpoint: str,
        status: int | None = None,
        code: int | None = None,
        message: str = "",
    ) -> None:
        super().__init__(endpoint, status, code, message)
        self.endpoint = endpoint
        self.status = status
        self.code = code
        self.message = message

    @property
    def verdict(self) -> Verdict:
        """What this error proves about a transaction that the request carried."""
        return Verdict.UNKNOWN

    @property
    def is_rate_limit(self) -> bool:
        """Whether the refusal says "later", not "never"."""
        return is_rate_limit(self.code, self.status)

    def __str__(self) -> str:
        parts = [f"Lighter {self.endpoint} was {self._outcome()}"]
        if self.status is not None:
            parts.append(f"HTTP {self.status}")
        if self.code is not None:
            parts.append(f"code {self.code}")
        if self.message:
            parts.append(self.message)
        return ", ".join(parts)

    def _outcome(self) -> str:
        return "not completed"


class LighterApiError(LighterHttpError):
    """The venue answered with an error code: for most codes a definite refusal."""

    @property
    def verdict(self) -> Verdict:
        """What the code proves, by the table `codes.VERDICTS`."""
        return Verdict.UNKNOWN if self.code is None else verdict_of(self.code)

    def _outcome(self) -> str:
        return "refused by the venue"


class LighterRateLimitError(LighterHttpError):
    """The edge answered 405 or 429 by itself: definitely not processed (docs)."""

    @property
    def verdict(self) -> Verdict:
        """Always `REFUSED`."""
        return Verdict.REFUSED

    def _outcome(self) -> str:
        return "rate limited by the edge"


class LighterTransportError(LighterHttpError):
    """No answer that could be read: whether the venue acted is unknown. The cause is chained."""

    def _outcome(self) -> str:
        return "not answered readably"


class NoAnswer(LighterError):
    """A transport's word that a request brought no answer. The cause is chained."""


# -- STREAM ----------------------------------------------------------------------------------------


class StreamError(LighterError):
    """Base of everything that can go wrong with the stream."""


class SocketError(StreamError):
    """A transport's word that a connection could not be made, written to or closed."""


class StreamConnectError(StreamError):
    """
    The first connection could not be made. The cause is chained.

    Parameters
    ----------
    url : str
        The address.
    message : str
        The transport's own text. For people; no branch reads it.

    """

    def __init__(self, url: str, message: str) -> None:
        super().__init__(url, message)
        self.url = url
        self.message = message

    def __str__(self) -> str:
        return (
            f"Stream {self.url} was not connected: {self.message}; "
            "check the address and the network, or that the loopback venue is running"
        )


class StreamSubscribeError(StreamError):
    """
    A channel was not confirmed by its deadline, or its connection ended first.

    Parameters
    ----------
    channel : str
        The channel.
    deadline_secs : float
        How long the confirmation was awaited, in seconds.
    last_error : ErrorBody, optional
        The latest error frame without `id`. A hint only: the venue names no channel in it.

    """

    def __init__(self, channel: str, deadline_secs: float, last_error: ErrorBody | None) -> None:
        super().__init__(channel, deadline_secs, last_error)
        self.channel = channel
        self.deadline_secs = deadline_secs
        self.last_error = last_error

    def __str__(self) -> str:
        error = self.last_error
        hint = f"; the venue's latest error was {error.code} {error.message}" if error else ""
        return f"Channel {self.channel} was not confirmed within {self.deadline_secs} s{hint}"


class NotSent(Enum):
    """Why a frame was not written."""

    NOT_CONNECTED = "the stream was not connected"
    OTHER_EPOCH = "its connection was replaced"
    LEAVING = "its connection is being left for the next one"
    CLIENT_REFUSED = "the connection had just ended"


class StreamSendError(StreamError):
    """
    A frame was definitely not written: nothing of it is on the wire.

    Parameters
    ----------
    request_id : str
        The request, or the channel for a subscription.
    reason : NotSent
        Why.

    """

    sent: Final = False

    def __init__(self, request_id: str, reason: NotSent) -> None:
        super().__init__(request_id, reason)
        self.request_id = request_id
        self.reason = reason

    def __str__(self) -> str:
        return f"Request {self.request_id} was not sent: {self.reason.value}"


# -- SIGNER ----------------------------------------------------------------------------------------


class SignerError(LighterError):
    """
    The signer would not do an operation.

    Parameters
    ----------
    operation : str
        What was asked, such as ``sign CreateOrder``.
    message : str
        The signer's own text. For people; no branch reads it.
    remedy : str, optional
        What to do about it.

    """

    def __init__(self, operation: str, message: str, remedy: str = "") -> None:
        super().__init__(operation, message, remedy)
        self.operation = operation
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        remedy = f"; {self.remedy}" if self.remedy else ""
        return f"Signer could not {self.operation}: {self.message}{remedy}"


class SignerRangeError(SignerError):
    """
    A number does not fit the venue's integers; nothing was signed.

    Parameters
    ----------
    field : str
        The field's name.
    value : int
        What it was.
    low, high : int
        The inclusive limits.

    """

    def __init__(self, field: str, value: int, low: int, high: int) -> None:
        super().__init__("sign", f"{field} was {value}, outside {low} to {high}")
        self.field = field
        self.value = value
        self.low = low
        self.high = high


class SignerMissingError(SignerError):
    """The package lighter-sdk is not installed."""

    def __init__(self) -> None:
        super().__init__(
            "start",
            "lighter-sdk is not installed",
            'install it: pip install "lighter-nonce-nt[lighter]"',
        )


class PrivateKeyError(LighterError, ValueError):
    """
    A text is not an API private key; the text itself is not kept.

    Parameters
    ----------
    field : str
        Where the text came from, such as an environment variable's name.
    digits : int
        How many characters there were after an optional ``0x``.
    is_hex : bool
        Whether all of them were hex digits.

    """

    def __init__(self, field: str, digits: int, is_hex: bool) -> None:
        super().__init__(field, digits, is_hex)
        self.field = field
        self.digits = digits
        self.is_hex = is_hex

    def __str__(self) -> str:
        kind = "hex digits" if self.is_hex else "characters that are not all hex digits"
        return (
            f"{self.field} was {self.digits} {kind}, it must be {PRIVATE_KEY_DIGITS} hex digits; "
            "give the private key of a Lighter API key (not of a wallet)"
        )
