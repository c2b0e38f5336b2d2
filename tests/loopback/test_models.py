"""The models of lighter-sdk, validated: they read every body that they are made for."""

from __future__ import annotations

import json
from typing import Any

import pytest
from lighter import models
from pydantic import BaseModel
from pydantic import ValidationError

from tests.loopback.scenario import said_by_a_venue
from tests.loopback.test_samples import FIXTURES


MODELS: dict[str, tuple[type[BaseModel], str | None]] = {
    "GET status": (models.Status, None),
    "GET systemConfig": (models.SystemConfig, None),
    "GET exchangeStats": (models.ExchangeStats, None),
    "GET assetDetails": (models.AssetDetails, None),
    "GET orderBooks": (models.OrderBooks, "live_order_books"),
    "GET orderBookDetails": (models.OrderBookDetails, "http_order_book_details"),
    "GET orderBookOrders": (models.OrderBookOrders, "http_order_book_orders"),
    "GET recentTrades": (models.Trades, "http_recent_trades"),
    "GET trades": (models.Trades, "http_recent_trades"),
    "GET candles": (models.Candles, "http_candles"),
    "GET fundings": (models.Fundings, "http_fundings"),
    "GET funding-rates": (models.FundingRates, None),
    "GET account": (models.DetailedAccounts, "http_account"),
    "GET accountsByL1Address": (models.SubAccounts, None),
    "GET accountLimits": (models.AccountLimits, "live_account_limits"),
    "GET apikeys": (models.AccountApiKeys, None),
    "GET nextNonce": (models.NextNonce, "http_next_nonce"),
    "GET getMakerOnlyApiKeys": (models.RespGetMakerOnlyApiKeys, None),
    "GET accountActiveOrders": (models.Orders, "http_orders"),
    "GET accountInactiveOrders": (models.Orders, "http_orders"),
    "GET accountOrders": (models.Orders, "http_orders"),
    "GET accountTxs": (models.Txs, None),
    "GET tx": (models.EnrichedTx, None),
    "POST sendTx": (models.RespSendTx, "live_send_tx"),
    "POST sendTxBatch": (models.RespSendTxBatch, "live_ws_sendtxbatch"),
}
"""The model of each body, and the sample that it was recorded with."""


def objections(model: type[BaseModel], body: Any) -> set[tuple[str, ...]]:
    """Return what a model objects to: the field without its places in lists, and how."""
    try:
        model.model_validate(body)
    except ValidationError as e:
        return {
            (*(str(step) for step in error["loc"] if not isinstance(step, int)), error["type"])
            for error in e.errors()
        }
    return set()


def test_models_every_read_has_one() -> None:
    """No body that the venue answers goes unread."""
    bodies = {kind for kind in said_by_a_venue() if kind.startswith(("GET ", "POST "))}
    assert bodies == set(MODELS)


@pytest.mark.parametrize("kind", MODELS)
def test_model_reads_a_body_as_it_reads_the_recorded_one(kind: str) -> None:
    """
    A model validates our body, or objects to the recorded body in the same place.

    The SDK's models ask for fields of other kinds of markets and of newer versions, which recorded
    bodies lack; the SDK itself reads without them.
    """
    model, name = MODELS[kind]
    recorded = None if name is None else json.loads((FIXTURES / f"{name}.json").read_bytes())
    excused = set() if recorded is None else objections(model, recorded)
    for body in said_by_a_venue()[kind]:
        assert objections(model, body) <= excused
        parsed: Any = model.from_dict(body)  # type: ignore[attr-defined]
        assert getattr(parsed, "code", 200) == 200


def test_objections_a_wrong_type_is_one() -> None:
    """A number where the model has text is found, whatever the sample lacks."""
    body = json.loads((FIXTURES / "http_orders.json").read_bytes())
    body["orders"][0]["price"] = 2352.74
    assert ("orders", "price", "string_type") in objections(models.Orders, body)
