"""The texts, fields and family of the nonce errors: operators grep for the texts."""

import copy
import pickle
from collections.abc import Callable

import pytest

from nautilus_lighter_nonce.core.errors import LaneFrozenError
from nautilus_lighter_nonce.core.errors import LaneHaltedError
from nautilus_lighter_nonce.core.errors import NonceError
from nautilus_lighter_nonce.core.errors import NonceNotIssued
from nautilus_lighter_nonce.core.errors import NonceOverflow
from nautilus_lighter_nonce.core.errors import NothingToRollBack
from nautilus_lighter_nonce.core.errors import NotInitialized
from nautilus_lighter_nonce.core.errors import SkipWindowExhausted


CASES = {
    "not initialized": (
        NotInitialized(12345, 5),
        "nonce manager not initialized for account=12345, api_key=5",
        {},
    ),
    "window": (
        SkipWindowExhausted(12345, 5, 5, 4),
        "skip-window exhausted for account=12345, api_key=5: outstanding=5, window=4",
        {"outstanding": 5, "skip_window": 4},
    ),
    "nothing": (
        NothingToRollBack(12345, 5),
        "no outstanding nonce to roll back for account=12345, api_key=5",
        {},
    ),
    "not issued": (
        NonceNotIssued(12345, 5, 9, 7),
        "acknowledged nonce was never issued for account=12345, api_key=5: nonce=9, last_issued=7",
        {"nonce": 9, "last_issued": 7},
    ),
    "overflow": (
        NonceOverflow(12345, 5, 2**63 - 1),
        "nonces used up for account=12345, api_key=5: last_issued=9223372036854775807",
        {"last_issued": 2**63 - 1},
    ),
    "frozen": (
        LaneFrozenError(12345, 5, "hole"),
        "lane frozen for account=12345, api_key=5: hole",
        {"cause": "hole"},
    ),
    "halted": (
        LaneHaltedError(12345, 5, "key was replaced"),
        "lane halted for account=12345, api_key=5: key was replaced",
        {"reason": "key was replaced"},
    ),
}


@pytest.mark.parametrize(("error", "text", "fields"), CASES.values(), ids=CASES)
def test_str_of_each_error_is_the_contract(
    error: NonceError,
    text: str,
    fields: dict[str, object],
) -> None:
    """A message text is part of the contract, down to the character."""
    assert str(error) == text


@pytest.mark.parametrize(("error", "text", "fields"), CASES.values(), ids=CASES)
def test_fields_of_each_error_are_attributes(
    error: NonceError,
    text: str,
    fields: dict[str, object],
) -> None:
    """Whatever the text says can be read as a typed field, and one base catches them all."""
    assert isinstance(error, NonceError)
    assert vars(error) == {"account_index": 12345, "api_key_index": 5, **fields}


@pytest.mark.parametrize(("error", "text", "fields"), CASES.values(), ids=CASES)
def test_args_of_each_error_are_its_fields(
    error: NonceError,
    text: str,
    fields: dict[str, object],
) -> None:
    """A `repr` in somebody's log says as much as the text."""
    args = (12345, 5, *fields.values())
    again: Callable[..., NonceError] = type(error)
    assert again(*args).args == args


@pytest.mark.parametrize("clone", [copy.copy, lambda error: pickle.loads(pickle.dumps(error))])
@pytest.mark.parametrize(("error", "text", "fields"), CASES.values(), ids=CASES)
def test_copy_of_each_error_says_the_same(
    error: NonceError,
    text: str,
    fields: dict[str, object],
    clone: object,
) -> None:
    """An error crosses a process boundary whole."""
    assert callable(clone)
    twin = clone(error)

    assert type(twin) is type(error)
    assert str(twin) == text
    assert vars(twin) == vars(error)
