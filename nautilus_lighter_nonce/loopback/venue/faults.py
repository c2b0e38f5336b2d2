"""
The levers: which transaction meets which fault.

Rules of this file
------------------
- A pure decision: a lever is armed with selectors, a transaction's facts go in, the lever that
  fires comes out. What a fault *does* is carried out where its stage is (`engine`, `server`).
- Deterministic: the only randomness is a generator seeded at birth.
- One lever fires per stage and transaction (or batch): the first armed one that matches and is due.
  A lever counts only what reached its stage: a stale transaction does not use up a `refuse`.

Stages
------
=============  ==============================================================================
``EDGE``       before the venue looks at the transaction; it is not processed
``FOREIGN``    a foreign writer steps in just before the nonce check
``ADMIT``      after the nonce check, where margin would be checked: a definite refusal
``EXECUTE``    in the sequencer, after the transaction was accepted
``REPLY``      after processing: what becomes of the answer
``READ``       any other endpoint, by its name
=============  ==============================================================================
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from enum import Enum
from typing import Annotated
from typing import Final

import msgspec

from nautilus_lighter_nonce.lighter.codes import Code


class Fault(Enum):
    """The faults the venue can show."""

    REFUSE = "refuse"
    RATE_LIMIT = "rate_limit"
    DROP_REQUEST = "drop_request"
    DROP_REPLY = "drop_reply"
    DELAY = "delay"
    SERVER_ERROR = "server_error"
    UNREADABLE = "unreadable"
    VANISH = "vanish"
    FAIL = "fail"
    FOREIGN_WRITER = "foreign_writer"
    CLOSE_SOCKETS = "close_sockets"
    LAG = "lag"


class Stage(Enum):
    """Where on a transaction's way a lever acts."""

    EDGE = "edge"
    FOREIGN = "foreign"
    ADMIT = "admit"
    EXECUTE = "execute"
    REPLY = "reply"
    READ = "read"
    NOW = "now"


class When(Enum):
    """When `close_sockets` closes them."""

    NOW = "now"
    BEFORE = "before"
    AFTER = "after"


class Lever(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    An armed fault with its selectors.

    Parameters
    ----------
    fault : Fault
        What happens.
    count : int, optional
        How often it fires; ``None`` for ever.
    after : int
        How many matching transactions it lets pass first.
    every : int
        It fires on each N-th matching transaction after those.
    rate : float, optional
        The probability that it fires when due, 0 to 1.
    tx_type, account_index, api_key_index, nonce, client_order_index : int, optional
        What a transaction must have. For cancels and modifies the last one is compared with
        `Index`. A batch matches if one member does.
    endpoint : str, optional
        The name of another endpoint, e.g. "nextNonce"; the lever then never touches transactions.
        Only `rate_limit`, `drop_request`, `drop_reply`, `delay`, `server_error`, `unreadable`.
    code : int, optional
        The code of `refuse` (default 21739) and of `fail` (default 21728).
    ms : float
        The milliseconds of `delay` and `lag`.
    status : int
        The HTTP status of `rate_limit` (429, or 405 as the firewall has it) and of
        `server_error` (503).
    processed : bool, optional
        Whether the venue processes the transaction behind a `server_error` (default no) or an
        `unreadable` answer (default yes).
    when : When, optional
        For `close_sockets`; at once if no selector is given, else before processing.

    """

    fault: Fault
    count: Annotated[int, msgspec.Meta(ge=1)] | None = 1
    after: Annotated[int, msgspec.Meta(ge=0)] = 0
    every: Annotated[int, msgspec.Meta(ge=1)] = 1
    rate: Annotated[float, msgspec.Meta(ge=0.0, le=1.0)] | None = None
    tx_type: int | None = None
    account_index: int | None = None
    api_key_index: int | None = None
    nonce: int | None = None
    client_order_index: int | None = None
    endpoint: str | None = None
    code: int | None = None
    ms: Annotated[float, msgspec.Meta(ge=0.0, le=3_600_000.0)] = 0.0
    status: int | None = None
    processed: bool | None = None
    when: When | None = None


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What selectors look at."""

    tx_type: int
    account_index: int | None = None
    api_key_index: int | None = None
    nonce: int | None = None
    client_order_index: int | None = None


_SELECTORS: Final = ("tx_type", "account_index", "api_key_index", "nonce", "client_order_index")

_STAGES: Final = {
    Fault.REFUSE: Stage.ADMIT,
    Fault.RATE_LIMIT: Stage.EDGE,
    Fault.DROP_REQUEST: Stage.EDGE,
    Fault.DROP_REPLY: Stage.REPLY,
    Fault.DELAY: Stage.REPLY,
    Fault.VANISH: Stage.EXECUTE,
    Fault.FAIL: Stage.EXECUTE,
    Fault.FOREIGN_WRITER: Stage.FOREIGN,
    Fault.LAG: Stage.NOW,
}

_DEFAULT_CODES: Final = {
    Fault.REFUSE: Code.NOT_ENOUGH_MARGIN,
    Fault.FAIL: Code.CLIENT_ORDER_INDEX_EXISTS,
}


def stage_of(lever: Lever) -> Stage:
    """
    Return where a lever acts.

    Parameters
    ----------
    lever : Lever
        The lever.

    Returns
    -------
    Stage

    """
    if lever.endpoint is not None:
        return Stage.READ
    match lever.fault:
        case Fault.SERVER_ERROR:
            return Stage.REPLY if lever.processed else Stage.EDGE
        case Fault.UNREADABLE:
            return Stage.EDGE if lever.processed is False else Stage.REPLY
        case Fault.CLOSE_SOCKETS:
            return _stage_of_close(lever)
        case _:
            return _STAGES[lever.fault]


def _stage_of_close(lever: Lever) -> Stage:
    when = lever.when
    if when is None:
        bare = lever.after == 0 and lever.every == 1 and lever.rate is None
        selects = any(getattr(lever, name) is not None for name in _SELECTORS)
        when = When.BEFORE if selects or not bare else When.NOW
    return {When.NOW: Stage.NOW, When.BEFORE: Stage.EDGE, When.AFTER: Stage.REPLY}[when]


def code_of(lever: Lever) -> int:
    """Return the code that a `refuse` or `fail` lever answers with."""
    return lever.code if lever.code is not None else _DEFAULT_CODES[lever.fault]


def matches(lever: Lever, facts: Facts) -> bool:
    """Return whether a transaction has everything that the lever selects by."""
    return all(
        wanted is None or wanted == getattr(facts, name)
        for name in _SELECTORS
        if (wanted := getattr(lever, name)) is not None
    )


class _Armed:
    """A lever with its counts."""

    def __init__(self, lever: Lever) -> None:
        self.lever = lever
        self.seen = 0
        self.fired = 0

    @property
    def is_spent(self) -> bool:
        return self.lever.count is not None and self.fired >= self.lever.count

    def pull(self, rng: random.Random) -> bool:
        self.seen += 1
        due = self.seen - self.lever.after
        if due <= 0 or due % self.lever.every:
            return False
        if self.lever.rate is not None and rng.random() >= self.lever.rate:
            return False
        self.fired += 1
        return True


class Levers:
    """
    All armed levers of a venue.

    Parameters
    ----------
    seed : int, default 0
        Seeds the `rate` of levers.

    """

    def __init__(self, seed: int = 0) -> None:
        self._rng = random.Random(seed)
        self._armed: dict[Stage, list[_Armed]] = {stage: [] for stage in Stage}

    def arm(self, lever: Lever) -> None:
        """
        Arm a lever.

        Raises
        ------
        ValueError
            If the lever acts at once and cannot wait for a transaction.

        """
        stage = stage_of(lever)
        if stage is Stage.NOW:
            raise ValueError(f"{lever.fault.value} acts at once")
        self._armed[stage].append(_Armed(lever))

    def clear(self) -> None:
        """Disarm all levers."""
        for armed in self._armed.values():
            armed.clear()

    def pull(self, stage: Stage, facts: Sequence[Facts]) -> Lever | None:
        """
        Return the lever that fires on a transaction or batch at a stage.

        Parameters
        ----------
        stage : Stage
            The stage that was reached.
        facts : Sequence[Facts]
            One transaction, or the members of a batch.

        Returns
        -------
        Lever or ``None``

        """
        for armed in self._armed[stage]:
            if armed.is_spent or not any(matches(armed.lever, f) for f in facts):
                continue
            if armed.pull(self._rng):
                return armed.lever
        return None

    def pull_read(self, endpoint: str) -> Lever | None:
        """Return the lever that fires on a read of an endpoint, e.g. "nextNonce"."""
        for armed in self._armed[Stage.READ]:
            if armed.lever.endpoint == endpoint and not armed.is_spent and armed.pull(self._rng):
                return armed.lever
        return None
