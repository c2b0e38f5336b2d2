"""Whether the venue is there, knows our key, and takes its tokens."""

from __future__ import annotations

from typing import Any

import pytest
from nautilus_trader.common.component import Logger

from nautilus_lighter_nonce.access import Access
from nautilus_lighter_nonce.access import Identity
from nautilus_lighter_nonce.access import Wire
from nautilus_lighter_nonce.config import ConfigError
from nautilus_lighter_nonce.lighter.errors import LighterApiError
from nautilus_lighter_nonce.lighter.errors import LighterTransportError
from nautilus_lighter_nonce.lighter.schemas import ApiKey


SILENCE = LighterTransportError("apikeys", message="silence")
GONE = LighterApiError("apikeys", 200, 21109, "api key not found")


class Party:
    """Venue, signer, tokens, component and dispatcher in one: writes down what they are told."""

    base_url = "http://127.0.0.1:1"

    def __init__(self) -> None:
        self.public_key: str | None = "aa"
        self.error: Exception | None = None
        self.told: list[Any] = []
        party: Any = self
        wire = Wire(party, "ws://127.0.0.1:1", party, party)
        self.access = Access(wire, party, party, party, (700, 2), Logger("test"))

    async def api_keys(self, account_index: int, api_key_index: int) -> list[ApiKey]:
        if self.error is not None:
            raise self.error
        if self.public_key is None:
            return []
        return [ApiKey(account_index=700, api_key_index=2, public_key=self.public_key)]

    async def check(self) -> None:
        self.told.append("signer checked")

    def invalidate(self) -> None:
        self.told.append("token dropped")

    def trouble(self, account_index: int, api_key_index: int, code: int, reason: str) -> None:
        self.told.append(("trouble", code, reason))

    def on_trouble(self, reason: str) -> None:
        self.told.append(("held back", reason))

    def halt(self, account_index: int, api_key_index: int, reason: str) -> None:
        self.told.append(("halted", reason))


@pytest.fixture
def party() -> Party:
    """Return a venue that has our key."""
    return Party()


def test_identity_names_the_account_by_its_client() -> None:
    """Two clients of one node have two accounts in Nautilus."""
    identity = Identity(700, 2, "LIGHTER-A")
    assert (str(identity.account_id), identity.key) == ("LIGHTER-A-700", (700, 2))


# -- AT THE START ---------------------------------------------------------------------------------


async def test_check_of_a_key_that_the_venue_has_tries_the_signer(party: Party) -> None:
    """A signer that signs wrongly is found before the first order."""
    await party.access.check()
    assert party.told == ["signer checked"]


@pytest.mark.parametrize("error", [None, GONE])
async def test_check_of_a_key_that_the_venue_does_not_have_names_it(
    party: Party, error: Exception | None
) -> None:
    """Field, value and remedy; the venue may say so by an empty list or an error."""
    party.public_key, party.error = None, error
    with pytest.raises(ConfigError, match="api_key_index"):
        await party.access.check()


async def test_check_without_a_venue_names_the_address(party: Party) -> None:
    """That is another mistake than a wrong key."""
    party.error = SILENCE
    with pytest.raises(ConfigError, match="base_url_http"):
        await party.access.check()


# -- LATER ----------------------------------------------------------------------------------------


def test_first_refused_token_is_only_dropped(party: Party) -> None:
    """It may have been too old; another is made."""
    assert not party.access.on_token_refused(20013, "invalid auth")
    assert party.told == ["token dropped"]


def test_second_refused_token_is_trouble_and_asks_once(party: Party) -> None:
    """The key may be gone; a third refusal asks no more."""
    answers = [party.access.on_token_refused(20013, "invalid auth") for _ in range(3)]
    assert answers == [False, True, False]
    assert ("trouble", 20013, "invalid auth") in party.told
    assert ("held back", "20013: invalid auth") in party.told


def test_connection_ends_the_trouble_that_was(party: Party) -> None:
    """And counts refusals anew; without trouble there is nothing to tell."""
    party.access.on_connected()
    assert party.told == []
    party.access.on_token_refused(20013, "")
    party.access.on_token_refused(20013, "")
    party.told.clear()
    party.access.on_connected()
    assert party.told == [("trouble", 0, ""), ("held back", "")]
    assert not party.access.on_token_refused(20013, "")


async def test_key_that_was_replaced_halts_the_lane(party: Party) -> None:
    """The venue says so itself: nothing of ours will be taken."""
    await party.access.check()
    party.public_key = "bb"
    await party.access.ask_for_the_key(20013, "invalid auth")
    assert party.told[-1][0] == "halted"
    assert "another key in slot 2" in party.told[-1][1]


async def test_key_that_is_gone_halts_the_lane_with_the_venues_reason(party: Party) -> None:
    """Its own words are the best."""
    await party.access.check()
    party.error = GONE
    await party.access.ask_for_the_key(20013, "invalid auth")
    assert party.told[-1] == ("halted", "20013: invalid auth; 21109: api key not found")


@pytest.mark.parametrize("error", [None, SILENCE])
async def test_key_that_is_not_proved_gone_halts_nothing(
    party: Party, error: Exception | None
) -> None:
    """It is there still, or the venue did not answer: silence is no evidence."""
    await party.access.check()
    party.error = error
    await party.access.ask_for_the_key(20013, "invalid auth")
    assert party.told == ["signer checked"]
