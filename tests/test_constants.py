"""The names that users write themselves: changing one breaks their configs and strategies."""

from __future__ import annotations

from nautilus_trader.model.identifiers import ClientId
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.identifiers import Venue

from nautilus_lighter_nonce import constants


def test_names_are_what_configs_and_instrument_ids_say() -> None:
    """One name for factory key, client and venue."""
    assert constants.LIGHTER == "LIGHTER"
    assert Venue("LIGHTER") == constants.LIGHTER_VENUE
    assert ClientId("LIGHTER") == constants.LIGHTER_CLIENT_ID
    assert InstrumentId.from_str("ETH-PERP.LIGHTER").venue == constants.LIGHTER_VENUE
