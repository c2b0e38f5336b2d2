"""The markets of the recorded fixture, and the instrument that most tests trade."""

from __future__ import annotations

from pathlib import Path

import msgspec

from nautilus_lighter_nonce.lighter import schemas
from nautilus_lighter_nonce.translate import instruments


FIXTURES = Path(__file__).parent / "fixtures"
DETAILS = msgspec.json.decode(
    (FIXTURES / "order_book_details.json").read_bytes(), type=schemas.OrderBookDetails
).order_book_details
ETH = instruments.instrument_from(DETAILS[0], 5)
