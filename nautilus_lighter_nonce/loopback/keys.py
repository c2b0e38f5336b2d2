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

OTHER_PUBLIC_KEY: Final = (
    "20712790c5ca433b1366d1a5ffaef5fe33c6b597fd57eedeaae7a2833c4b385fb801b4bdf0f95447"
)
"""Somebody else's key, for a venue where a key was replaced; its private half is nowhere."""

DEMO_ACCOUNT_INDEX: Final = 700
"""The first account of every loopback venue."""

DEMO_API_KEY_INDEX: Final = 5
"""One of its keys."""
