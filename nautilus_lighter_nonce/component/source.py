"""
Where the venue's next nonce is asked, and with how much patience.

Rule of this file: an answer is a claim; whoever asked weighs it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from collections.abc import Callable
from typing import Any
from typing import Final
from typing import Protocol

from nautilus_trader.common.component import Logger

from nautilus_lighter_nonce import events
from nautilus_lighter_nonce.core.lane import NonceLane


Key = tuple[int, int]

QUESTION_SECS: Final = 2.0
"""Deadline of one question to the venue; then it is asked again (our choice)."""

SEED_TRIES: Final = 3
"""How often the first question of a connection is asked before connecting fails (our choice)."""

LONGEST_PAUSE_SECS: Final = 10.0
"""Longest pause between two questions (our choice)."""


class NonceSource(Protocol):
    """
    Where the venue's next nonce is asked: Lighter's `nextNonce`, or a stand-in.

    An answer is an int of 0 or more. Any exception means "no answer"; while a lane heals the
    question is repeated, at connect it is raised to the caller.
    """

    async def next_nonce(self, account_index: int, api_key_index: int) -> int:
        """Return the venue's next nonce of a key."""


async def ask(source: NonceSource, key: Key) -> Any:
    """
    Ask once, within a deadline.

    Raises
    ------
    TimeoutError
        If no answer came in time.
    Exception
        Whatever the source raised.

    """
    return await asyncio.wait_for(source.next_nonce(*key), QUESTION_SECS)


async def ask_patiently(source: NonceSource, key: Key, log: Logger) -> Any:
    """
    Ask again where nothing came; the last error is raised.

    Raises
    ------
    Exception
        Whatever the source raised, or `TimeoutError` if it was silent each time.

    """
    for _ in range(SEED_TRIES - 1):
        try:
            return await ask(source, key)
        except TimeoutError:
            log.warning(f"No next nonce for {key} within {QUESTION_SECS} s; asked again")
    return await ask(source, key)


async def answers(
    source: NonceSource,
    lane: NonceLane,
    now_ns: Callable[[], int],
    pause_secs: float,
    log: Logger,
) -> AsyncIterator[events.CounterAnswered]:
    """
    Yield what the venue answers a lane that has no outbox, in its time, until it is open.

    Parameters
    ----------
    source : NonceSource
        Where it is asked.
    lane : NonceLane
        Says from when on it wants an answer, and whether it believes one.
    now_ns : Callable[[], int]
        The lane's time.
    pause_secs : float
        Before it is asked again for want of a believed answer; each pause is twice the last.
    log : Logger
        Takes what went wrong.

    """
    key = lane.key
    while (question_ns := lane.question_ns) is not None:
        await asyncio.sleep(max(0, question_ns - now_ns()) / 1e9)
        if lane.question_ns != question_ns:
            continue  # healed meanwhile, or frozen anew: the counter lags behind that as well
        asked_ns = now_ns()
        try:
            value = await ask(source, key)
        except Exception as e:  # noqa: BLE001 (anybody's source: no answer is no answer)
            log.warning(f"No next nonce for {key}: {type(e).__name__}: {e}")
        else:
            yield events.CounterAnswered(
                account_index=key[0], api_key_index=key[1], value=value, asked_ns=asked_ns
            )
            if lane.believes(value):
                continue
        await asyncio.sleep(pause_secs)
        pause_secs = min(2 * pause_secs, LONGEST_PAUSE_SECS)
