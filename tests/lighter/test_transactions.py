"""Transactions as they are recorded: what the sequencer's refusal is read from."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_lighter_nonce.lighter.transactions import AppError
from nautilus_lighter_nonce.lighter.transactions import CancelAllOrders
from nautilus_lighter_nonce.lighter.transactions import CancelOrder
from nautilus_lighter_nonce.lighter.transactions import TxIntent
from nautilus_lighter_nonce.lighter.transactions import TxRecord
from nautilus_lighter_nonce.lighter.transactions import app_error


@given(code=st.integers(1, 99_999), message=st.text())
def test_app_error_of_a_refusal_is_its_code_and_text(code: int, message: str) -> None:
    """JSON inside JSON, as the sequencer writes it (observed)."""
    inner = msgspec.json.encode({"code": code, "message": message}).decode()
    event_info = msgspec.json.encode({"ae": inner, "m": 0}).decode()
    assert app_error(event_info) == AppError(code=code, message=message)


@pytest.mark.parametrize("event_info", ["", "{}", '{"ae":""}', '{"m":0,"t":null}'])
def test_app_error_of_what_went_well_is_none(event_info: str) -> None:
    """No refusal is written there."""
    assert app_error(event_info) is None


@given(event_info=st.text())
@pytest.mark.parametrize("frame", ["%s", '{"ae":"%s"}', '{"ae":%s}'])
def test_app_error_of_any_text_raises_nothing(frame: str, event_info: str) -> None:
    """What cannot be read proves no refusal."""
    assert app_error(frame % event_info) is None or "ae" in frame


@pytest.mark.parametrize("event_info", ["nonsense", '{"ae":"nonsense"}', '{"ae":5}', "[]"])
def test_app_error_of_what_cannot_be_read_is_no_evidence(event_info: str) -> None:
    """An order is not ended by a text that nobody understands."""
    assert app_error(event_info) is None


def test_record_is_read_from_its_hash_alone() -> None:
    """Everything else may be missing; a status that is missing is not 0, which means failed."""
    record = msgspec.json.decode(b'{"hash":"ab","something":"new"}', type=TxRecord)
    assert (record.hash, record.status, record.nonce) == ("ab", None, 0)


def test_intents_keep_their_kind_on_the_way_through_json() -> None:
    """A cancel of one order is never read as one of all."""
    for intent in (CancelOrder(market_index=1, order_index=2), CancelAllOrders(market_index=1)):
        again: TxIntent = msgspec.json.decode(msgspec.json.encode(intent), type=TxIntent)
        assert again == intent
        assert type(again) is type(intent)
