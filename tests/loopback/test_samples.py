"""
Every body and frame beside the recorded one: same fields, same JSON types, same scale.

The samples are recorded bodies and frames: `http_` and `ws_` of mainnet, `live_` of testnet and of
other clients' captures. A venue without spot markets has nothing to say of them.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.loopback.scenario import Said
from tests.loopback.scenario import said_by_a_venue
from tests.loopback.shapes import Atlas
from tests.loopback.shapes import Shape


FIXTURES = Path(__file__).resolve().parents[1] / "fixtures" / "wire"

NEWER = {
    # Fields of lighter-sdk 1.1.7; prints of mainnet, October 2026; testnet has the market's two
    # in `orderBooks` already.
    "order": {"order_version", "market_symbol", "market_kind"},
    "trade": {
        "market_kind",
        "ask_order_version",
        "bid_order_version",
        "taker_position_sign_changed",
        "maker_position_sign_changed",
    },
}

KINDS = {
    "GET account": ["http_account"],
    "GET accountActiveOrders": ["http_orders"],
    "GET accountInactiveOrders": ["http_orders"],
    "GET accountLimits": ["live_account_limits"],
    "GET candles": ["http_candles", "http_candles_null"],
    "GET fundings": ["http_fundings"],
    "GET nextNonce": ["http_next_nonce"],
    "GET orderBookDetails": ["http_order_book_details"],
    "GET orderBookOrders": ["http_order_book_orders"],
    "GET orderBooks": ["http_order_books", "live_order_books"],
    "GET recentTrades": ["http_recent_trades"],
    "POST sendTx": ["live_send_tx"],
    "refusal": ["live_error"],
    "connected": ["live_ws_connected"],
    "reply": ["live_ws_sendtx"],
    "batch reply": ["live_ws_sendtxbatch"],
    "refused reply": ["live_ws_refused"],
    "error frame": ["live_ws_error"],
    "unsubscribed": ["live_ws_unsubscribed"],
    "subscribed/account_all_orders": [
        "live_ws_account_all_orders_empty",
        "live_ws_account_all_orders_update",
    ],
    "update/account_all_orders": ["live_ws_account_all_orders_update"],
    "update/account_orders": ["ws_account_orders_update"],
    "subscribed/account_all_positions": [
        "live_ws_account_all_positions_empty",
        "live_ws_account_all_positions_update",
    ],
    "update/account_all_positions": [
        "ws_account_all_positions_update",
        "live_ws_account_all_positions_update",
    ],
    "subscribed/account_all_trades": ["live_ws_account_all_trades_subscribed"],
    "update/account_all_trades": ["ws_account_all_trades_update"],
    "subscribed/account_all_assets": [
        "ws_account_all_assets_update",
        "ws_account_all_assets_with_position",
    ],
    "subscribed/user_stats": ["ws_user_stats_update", "ws_user_stats_with_position"],
    "subscribed/order_book": ["ws_order_book_subscribed", "ws_order_book_subscribed_empty"],
    "update/order_book": ["ws_order_book_update", "ws_order_book_subscribed"],
    "subscribed/ticker": ["ws_ticker_subscribed", "ws_ticker_subscribed_empty"],
    "update/ticker": ["ws_ticker_update"],
    "subscribed/trade": ["ws_trade_subscribed"],
    "update/trade": ["ws_trade_update"],
    "subscribed/market_stats": ["ws_market_stats_subscribed_single"],
    "update/market_stats": [
        "ws_market_stats_update_single",
        "ws_market_stats_subscribed_single",
    ],
    "update/market_stats:all": ["ws_market_stats_update_all"],
    "subscribed/candle": ["ws_candle_subscribed"],
    "update/candle": ["ws_candle_update"],
    "subscribed/height": ["ws_height_update"],
}
"""What the venue says, by kind, and the samples of it."""

SPOT = {"ws_spot_market_stats_update_all", "ws_spot_market_stats_update_single"}
UNUSED = SPOT | {
    "ws_spot_market_stats_subscribed_single",
    "http_recent_trades_null",  # a market without trades; ours says []
    "http_recent_trades_missing",
}


ALSO = {
    "next_cursor": ["empty text"],  # docs: absent or empty at the end
    "integrator_fee_collector_index": ["empty text"],  # observed in snapshots
    "integrator_taker_fee": ["empty text"],
    "integrator_maker_fee": ["empty text"],
    "daily_volume": ["float"],  # observed for an account without trades alone
    "weekly_volume": ["float"],
    "monthly_volume": ["float"],
    "total_volume": ["float"],
}
"""What a field may be besides what samples show."""


def sample(name: str) -> Any:
    """Return a sample."""
    return json.loads((FIXTURES / f"{name}.json").read_bytes())


def names() -> set[str]:
    """Return the names of all samples."""
    return {path.stem for path in FIXTURES.glob("*.json")}


@pytest.fixture(scope="module")
def said() -> Said:
    """Return what a venue says, one session for all tests."""
    return said_by_a_venue()


@pytest.fixture(scope="module")
def atlas() -> Atlas:
    """Return what all samples together know."""
    return Atlas([sample(name) for name in names()], NEWER, ALSO)


@pytest.mark.parametrize("kind", KINDS)
def test_body_or_frame_has_the_shape_of_its_sample(kind: str, said: Said, atlas: Atlas) -> None:
    """No field of the sample is missing, none is unknown, and each has the sample's type."""
    theirs = Shape([sample(name) for name in KINDS[kind]])
    assert said[kind], f"the venue said nothing of {kind}"
    assert list(atlas.complaints(Shape(said[kind]), theirs, kind)) == []


def test_samples_are_all_compared() -> None:
    """A sample that nothing is compared with would be forgotten."""
    compared = {name for chosen in KINDS.values() for name in chosen}
    assert names() == compared | UNUSED


def test_spot_figures_of_no_market_are_an_empty_map(said: Said) -> None:
    """The channel is there, in the sample's envelope, with no market in it."""
    frame = said["subscribed/spot_market_stats:all"][0]
    assert set(frame) == set(sample("ws_spot_market_stats_update_all"))
    assert frame["spot_market_stats"] == {}


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda body: body.pop("usd_amount"), "trade.usd_amount: missing"),
        (lambda body: body.update(mood="good"), "trade.mood: unknown"),
        (lambda body: body.update(size=0.5), "trade.size: ['float']"),
        (lambda body: body.update(size="0.50"), "trade.size: ['decimal text of 2 price']"),
        (lambda body: body.update(ask_id="7"), "trade.ask_id: ['whole number text']"),
        (lambda body: body.update(is_maker_ask=None), "trade.is_maker_ask: ['null']"),
    ],
    ids=["missing", "unknown", "number", "scale", "text", "null"],
)
def test_complaints_any_difference_is_named(change: Any, complaint: str, atlas: Atlas) -> None:
    """What differs from a sample in name, type or scale is found."""
    theirs = sample("ws_trade_update")["trades"][0]
    ours = dict(theirs)
    change(ours)
    found = list(atlas.complaints(Shape([ours]), Shape([theirs]), "trade"))
    assert len(found) == 1
    assert found[0].startswith(complaint)
