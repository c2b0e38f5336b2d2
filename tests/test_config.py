"""Configuration: what is refused with which words, and that the private key is never shown."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from nautilus_lighter_nonce.config import ConfigError
from nautilus_lighter_nonce.config import Credentials
from nautilus_lighter_nonce.config import ForeignWriterReaction
from nautilus_lighter_nonce.config import LighterExecClientConfig
from nautilus_lighter_nonce.config import LighterNonceConfig
from nautilus_lighter_nonce.config import checked
from nautilus_lighter_nonce.config import resolve_credentials


SECRET = "5ec4e7" * 14


# -- NONCES ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "settings",
    [
        {"skip_window": 0},
        {"skip_window": True},
        {"skip_window": 1.5},
        {"max_in_flight": 0},
        {"max_in_flight": 5, "skip_window": 4},
        {"settle_ms": -1},
        {"disbelief_ms": -1},
        {"reply_timeout_ms": 0},
        {"refresh_retry_ms": 0},
        {"degrade_after_ms": 0},
        {"queue_timeout_ms": 0},
        {"stop_timeout_ms": 0},
        {"resend_max_age_ms": 0},
        {"keys": ((-1, 5),)},
        {"keys": ((700, 255),)},
    ],
)
def test_nonce_config_that_cannot_work_is_refused_by_its_fields_name(
    settings: dict[str, Any],
) -> None:
    """The error names field, value and remedy."""
    field = next(iter(settings))
    with pytest.raises(ConfigError) as caught:
        LighterNonceConfig(**settings)
    error = caught.value
    names = ("account_index", "api_key_index") if field == "keys" else (field,)
    assert error.field in names
    assert "use " in error.remedy
    assert str(error) == f"{error.field} was {error.value}; {error.remedy}"


@pytest.mark.parametrize(
    "settings",
    [
        {"skip_window": 1},
        {"max_in_flight": 4, "skip_window": 4},
        {"settle_ms": 0, "disbelief_ms": 0},
        {"resend_max_age_ms": None},
        {"keys": ((0, 0), (700, 254))},
    ],
)
def test_nonce_config_at_its_limits_is_taken(settings: dict[str, Any]) -> None:
    """What the documents allow works, to the last number."""
    config = LighterNonceConfig(**settings)
    assert {name: getattr(config, name) for name in settings} == settings


def test_nonce_config_from_json_reads_the_reaction() -> None:
    """A file names it as text."""
    config = LighterNonceConfig.parse('{"on_foreign_writer": "halt"}')
    assert config.on_foreign_writer is ForeignWriterReaction.HALT


# -- CLIENT ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "settings",
    [
        {"environment": "moon"},
        {"account_index": -1},
        {"api_key_index": 255},
        {"http_timeout_secs": 0},
        {"market_order_slippage_bps": 0},
        {"market_order_slippage_bps": 10_001},
        {"rest_quota_per_min": 0},
        {"sendtx_quota_per_min": 0},
    ],
)
def test_client_config_that_cannot_work_is_refused_by_its_fields_name(
    settings: dict[str, Any],
) -> None:
    """A mistake is found where it was made."""
    with pytest.raises(ConfigError) as caught:
        LighterExecClientConfig(**settings)
    assert caught.value.field == next(iter(settings))


def test_repr_of_a_client_config_hides_the_private_key_and_nothing_else() -> None:
    """Rule 20: in no `repr`, no `str`, no table of rich."""
    config = LighterExecClientConfig(private_key=SECRET, account_index=700)
    for shown in (repr(config), str(config), str(config.__rich_repr__())):
        assert SECRET not in shown
        assert "***" in shown
        assert "700" in shown
    assert "***" not in repr(LighterExecClientConfig())


def test_checked_of_a_wrong_type_names_the_field_and_not_the_secret() -> None:
    """Building a config by hand checks no types."""
    config = LighterExecClientConfig(
        private_key=SECRET,
        base_url_http=9700,  # type: ignore[arg-type]
    )
    with pytest.raises(msgspec.ValidationError) as caught:
        checked(config)
    assert "base_url_http" in str(caught.value)
    assert SECRET not in str(caught.value)


def test_checked_of_a_good_config_is_equal_to_it() -> None:
    """Nothing is lost on the way through JSON, the key included."""
    config = LighterExecClientConfig(private_key=SECRET, nonce=LighterNonceConfig(skip_window=3))
    assert checked(config) == config


# -- CREDENTIALS ----------------------------------------------------------------------------------


ENVIRON = {
    "LIGHTER_ACCOUNT_INDEX": "1",
    "LIGHTER_API_KEY_INDEX": "2",
    "LIGHTER_API_SECRET": SECRET,
    "LIGHTER_TESTNET_ACCOUNT_INDEX": "3",
    "LIGHTER_TESTNET_API_KEY_INDEX": "4",
    "LIGHTER_TESTNET_API_SECRET": "testnet key",
}


@pytest.mark.parametrize(
    ("environment", "expected"), [("mainnet", (1, 2, SECRET)), ("testnet", (3, 4, "testnet key"))]
)
def test_credentials_come_from_the_environments_own_variables(
    environment: str, expected: tuple[int, int, str]
) -> None:
    """A testnet client never signs with the mainnet's key."""
    found = resolve_credentials(LighterExecClientConfig(environment=environment), ENVIRON)
    assert (found.account_index, found.api_key_index, found.private_key) == expected


def test_credentials_of_the_config_go_before_the_environment() -> None:
    """What is written is meant; 0 is a number, too."""
    config = LighterExecClientConfig(account_index=0, api_key_index=0, private_key="mine")
    found = resolve_credentials(config, ENVIRON)
    assert (found.account_index, found.api_key_index, found.private_key) == (0, 0, "mine")


@pytest.mark.parametrize(
    ("variable", "text", "field"),
    [
        ("LIGHTER_ACCOUNT_INDEX", "", "account_index"),
        ("LIGHTER_ACCOUNT_INDEX", "x", "account_index"),
        ("LIGHTER_ACCOUNT_INDEX", "-1", "account_index"),
        ("LIGHTER_API_KEY_INDEX", "", "api_key_index"),
        ("LIGHTER_API_KEY_INDEX", "255", "api_key_index"),
        ("LIGHTER_API_SECRET", "", "private_key"),
    ],
)
def test_credential_that_is_missing_or_malformed_names_what_to_set(
    variable: str, text: str, field: str
) -> None:
    """The error names the field; a private key is never quoted."""
    with pytest.raises(ConfigError) as caught:
        resolve_credentials(LighterExecClientConfig(), ENVIRON | {variable: text})
    assert caught.value.field == field
    assert SECRET not in str(caught.value)
    if not text:
        assert variable in str(caught.value)


def test_repr_of_credentials_has_no_private_key() -> None:
    """Whoever logs them tells account and key index."""
    shown = repr(Credentials(700, 5, SECRET))
    assert SECRET not in shown
    assert "700" in shown
