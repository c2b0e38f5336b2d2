"""The names of the stream's channels."""

from __future__ import annotations

import pytest

from nautilus_lighter_nonce.loopback.config import VenueConfig
from nautilus_lighter_nonce.loopback.venue.channels import parse_channel
from nautilus_lighter_nonce.loopback.venue.state import State


@pytest.fixture(scope="module")
def state() -> State:
    """Return a venue's state with its usual accounts and markets."""
    return State(VenueConfig())


@pytest.mark.parametrize(
    ("text", "name", "account_index"),
    [
        ("height", "height", None),
        ("ticker/0", "ticker:0", None),
        ("order_book:1", "order_book:1", None),
        ("trade/2", "trade:2", None),
        ("market_stats/all", "market_stats:all", None),
        ("spot_market_stats/all", "spot_market_stats:all", None),
        ("candle/0/5m", "candle:0:5m", None),
        ("account_all/700", "account_all:700", 700),
        ("user_stats/701", "user_stats:701", 701),
        ("account_orders/1/700", "account_orders:1:700", 700),
    ],
)
def test_parse_channel_known_name_is_a_channel(
    state: State, text: str, name: str, account_index: int | None
) -> None:
    """Slashes or colons are taken, frames have colons, and a private one knows its account."""
    channel = parse_channel(text, state)
    assert channel is not None
    assert (channel.name, channel.account_index) == (name, account_index)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "height/0",
        "ticker",
        "ticker/77",
        "ticker/all",
        "ticker/x",
        "ticker/0/0",
        "spot_market_stats/0",
        "candle/0",
        "candle/0/7m",
        "candle/77/1m",
        "account_all/9",
        "account_all/all",
        "account_orders/0/9",
        "account_orders/77/700",
        "account_orders/700",
        "mood/0",
        f"ticker/{'9' * 16}",
        "ticker/\N{ARABIC-INDIC DIGIT ZERO}",
    ],
)
def test_parse_channel_anything_else_is_none(state: State, text: str) -> None:
    """A channel exists when its market, account and resolution do."""
    assert parse_channel(text, state) is None
