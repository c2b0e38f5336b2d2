"""
What can go wrong with a nonce, as one tree.

What lives here: exceptions with typed fields. The text is built from the fields in `__str__`, so
that nobody has to take it apart again; operators grep for these texts, they are part of the
contract. What this file must not know: how a fault comes about, or what to do about it.

    NonceError
    ├── NotInitialized        the key was never seeded
    ├── SkipWindowExhausted   too many nonces outstanding
    ├── NothingToRollBack     no nonce outstanding
    ├── NonceNotIssued        an ack names a nonce above the last one we issued
    ├── NonceOverflow         there is no next nonce
    ├── LaneFrozenError       the lane heals, try again later
    └── LaneHaltedError       the lane is shut until it is seeded again

An argument that no caller should ever pass (a negative nonce, a bool) is no nonce fault: it is a
plain `TypeError` or `ValueError`.
"""

from __future__ import annotations


class NonceError(Exception):
    """
    A nonce operation on one key was refused, and changed nothing.

    Parameters
    ----------
    account_index : int
        The account of the key.
    api_key_index : int
        The index of the key in its account.

    """

    def __init__(self, account_index: int, api_key_index: int, *fields: object) -> None:
        super().__init__(account_index, api_key_index, *fields)  # all of it, or it cannot pickle
        self.account_index = account_index
        self.api_key_index = api_key_index

    def __str__(self) -> str:
        return f"nonce error for {self._key}"

    @property
    def _key(self) -> str:
        return f"account={self.account_index}, api_key={self.api_key_index}"


class NotInitialized(NonceError):
    """The key was used before it was seeded from the venue."""

    def __str__(self) -> str:
        return f"nonce manager not initialized for {self._key}"


class SkipWindowExhausted(NonceError):
    """
    Issuing one more nonce would leave too many outstanding.

    Parameters
    ----------
    account_index : int
        The account of the key.
    api_key_index : int
        The index of the key in its account.
    outstanding : int
        How many nonces the refused allocation would have made outstanding.
    skip_window : int
        How many may be outstanding.

    """

    def __init__(
        self,
        account_index: int,
        api_key_index: int,
        outstanding: int,
        skip_window: int,
    ) -> None:
        super().__init__(account_index, api_key_index, outstanding, skip_window)
        self.outstanding = outstanding
        self.skip_window = skip_window

    def __str__(self) -> str:
        return (
            f"skip-window exhausted for {self._key}: "
            f"outstanding={self.outstanding}, window={self.skip_window}"
        )


class NothingToRollBack(NonceError):
    """Every issued nonce is accounted for, there is none to take back."""

    def __str__(self) -> str:
        return f"no outstanding nonce to roll back for {self._key}"


class NonceNotIssued(NonceError):
    """
    The venue consumed a nonce that this manager never issued: somebody else may use the key.

    Parameters
    ----------
    account_index : int
        The account of the key.
    api_key_index : int
        The index of the key in its account.
    nonce : int
        The nonce that was acknowledged.
    last_issued : int
        The highest nonce this manager issued.

    """

    def __init__(
        self,
        account_index: int,
        api_key_index: int,
        nonce: int,
        last_issued: int,
    ) -> None:
        super().__init__(account_index, api_key_index, nonce, last_issued)
        self.nonce = nonce
        self.last_issued = last_issued

    def __str__(self) -> str:
        return (
            f"acknowledged nonce was never issued for {self._key}: "
            f"nonce={self.nonce}, last_issued={self.last_issued}"
        )


class NonceOverflow(NonceError):
    """
    There is no next nonce: a manager ends at 2^63 - 1, a lane at the venue's own end, 2^48 - 1.

    Parameters
    ----------
    account_index : int
        The account of the key.
    api_key_index : int
        The index of the key in its account.
    last_issued : int
        The highest nonce this manager issued.

    """

    def __init__(self, account_index: int, api_key_index: int, last_issued: int) -> None:
        super().__init__(account_index, api_key_index, last_issued)
        self.last_issued = last_issued

    def __str__(self) -> str:
        return f"nonces used up for {self._key}: last_issued={self.last_issued}"


class LaneFrozenError(NonceError):
    """
    The lane heals and issues nothing until it has.

    Parameters
    ----------
    account_index : int
        The account of the key.
    api_key_index : int
        The index of the key in its account.
    cause : str
        Why the lane was frozen.

    """

    def __init__(self, account_index: int, api_key_index: int, cause: str) -> None:
        super().__init__(account_index, api_key_index, cause)
        self.cause = cause

    def __str__(self) -> str:
        return f"lane frozen for {self._key}: {self.cause}"


class LaneHaltedError(NonceError):
    """
    The lane was shut and issues nothing until it is seeded again.

    Parameters
    ----------
    account_index : int
        The account of the key.
    api_key_index : int
        The index of the key in its account.
    reason : str
        Why the lane was halted.

    """

    def __init__(self, account_index: int, api_key_index: int, reason: str) -> None:
        super().__init__(account_index, api_key_index, reason)
        self.reason = reason

    def __str__(self) -> str:
        return f"lane halted for {self._key}: {self.reason}"
