"""
The demo API key pair: public knowledge, worth nothing.

It was made once with `lighter.signer_client.create_api_key()` and is registered nowhere but in
loopback venues. Never register it at a real venue.
"""

from __future__ import annotations

from typing import Final


# Worthless by design: anybody who reads this file has it. Loopback only.
DEMO_PRIVATE_KEY: Final = (
    "565eef282ab9753a886bac26ed1e0cf535f4c5444d661e7a4b5aeffab82d54e354f4884a52fd7a04"
)
DEMO_PUBLIC_KEY: Final = (
    "cae9364cfc992850e1d4c6cfa38a24d6b9832f131291211118404c6c630fe0c8cfd7e336a6956a9d"
)

DEMO_ACCOUNT_INDEX: Final = 700
"""The first account of every loopback venue."""

DEMO_API_KEY_INDEX: Final = 5
"""One of its keys."""
