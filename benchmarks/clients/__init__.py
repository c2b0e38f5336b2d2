"""
The clients that are compared; each module has a `run(job)` that offers the job's orders.

Rule: a client is used as its makers mean it to be used, through its public face, one key, one
process. All place the same order: a resting bid far from the touch, its own client order index.
"""

from __future__ import annotations

from typing import Final


MARKET_INDEX: Final = 0
PRICE: Final = 150_000  # 1,500.00, a quarter below the touch
BASE_AMOUNT: Final = 100  # 0.0100
SETTLE_SECS: Final = 8.0
"""How long a client that finds out what became of unknown orders may take for it, at the end."""
