"""Names that users of the adapter write themselves."""

from __future__ import annotations

from typing import Final

from nautilus_trader.model.identifiers import ClientId
from nautilus_trader.model.identifiers import Venue


LIGHTER: Final = "LIGHTER"
"""The name of venue and client."""

LIGHTER_VENUE: Final = Venue(LIGHTER)
"""The venue of all instruments, as in ``ETH-PERP.LIGHTER``."""

LIGHTER_CLIENT_ID: Final = ClientId(LIGHTER)
"""The client that a `TradingNode` routes the venue's orders to."""
