"""`tx_info` on the way in: what is read, and what is wrong with it by itself."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_lighter_nonce.lighter.codes import Attribute
from nautilus_lighter_nonce.lighter.codes import Code
from nautilus_lighter_nonce.loopback.venue.txinfo import Tx
from nautilus_lighter_nonce.loopback.venue.txinfo import attribute
from nautilus_lighter_nonce.loopback.venue.txinfo import check_fields
from nautilus_lighter_nonce.loopback.venue.txinfo import parse
from nautilus_lighter_nonce.loopback.venue.txinfo import signature_is_formed
from tests.loopback import txs


def read(tx_type: int, raw: str) -> Tx:
    """Return a transaction that can be read."""
    tx = parse(tx_type, raw)
    assert isinstance(tx, Tx)
    return tx


KINDS: list[tuple[int, str, int | None]] = [
    (14, txs.create(7, 42), 42),
    (15, txs.cancel(7, 43), 43),
    (16, txs.cancel_all(7), None),
    (17, txs.modify(7, 44, 1, 1), 44),
    (20, txs.leverage(7, 500), None),
]


@pytest.mark.parametrize(("tx_type", "raw", "index"), KINDS)
def test_parse_of_each_type_reads_key_nonce_and_index(
    tx_type: int, raw: str, index: int | None
) -> None:
    """The text is kept as it came, for its hash."""
    tx = read(tx_type, raw)
    assert (tx.key, tx.info.nonce, tx.index, tx.raw) == ((700, 5), 7, index, raw)
    assert not tx.skips
    assert check_fields(tx.info) is None


@pytest.mark.parametrize("tx_type", [0, 13, 18, 255])
def test_parse_of_an_unknown_type_is_21505(tx_type: int) -> None:
    """Whatever the text is."""
    assert parse(tx_type, txs.create(1)) is Code.UNSUPPORTED_TX_TYPE


@given(raw=st.text())
def test_parse_of_any_text_answers_and_raises_nothing(raw: str) -> None:
    """A client may send what it wants."""
    assert parse(14, raw) is Code.INVALID_TX_INFO


@pytest.mark.parametrize("raw", ["{}", "[]", "\ud800", txs.cancel(1, 2)])
def test_parse_of_another_types_text_is_21501(raw: str) -> None:
    """A cancel sent as a create is none."""
    assert parse(14, raw) is Code.INVALID_TX_INFO


def test_attribute_is_found_by_its_number() -> None:
    """And the skip-nonce one makes the transaction skip."""
    tx = read(14, txs.create(1, L2TxAttributes={"4": 1, "6": 2}))
    assert tx.skips
    assert attribute(tx.info, Attribute.SELF_TRADE_BEHAVIOUR) == 2
    assert attribute(tx.info, Attribute.CANCEL_ALL_MARKET) is None


Make = Callable[..., str]


def _modify(**fields: Any) -> str:
    return txs.modify(1, 44, 1, 1, **fields)


def _cancel(**fields: Any) -> str:
    return txs.cancel(1, 44, **fields)


def _cancel_all(**fields: Any) -> str:
    return txs.cancel_all(1, **fields)


def _create(**fields: Any) -> str:
    return txs.create(1, **fields)


def _leverage(**fields: Any) -> str:
    return txs.leverage(1, 500, **fields)


@pytest.mark.parametrize(
    ("tx_type", "make", "fields", "code"),
    [
        (14, _create, {"ClientOrderIndex": 2**48}, Code.INVALID_CLIENT_ORDER_INDEX),
        (14, _create, {"ClientOrderIndex": -1}, Code.INVALID_CLIENT_ORDER_INDEX),
        (14, _create, {"IsAsk": 2}, Code.INVALID_IS_ASK),
        (14, _create, {"Type": 6}, Code.INVALID_ORDER_TYPE),
        (14, _create, {"Type": 99}, Code.INVALID_ORDER_TYPE),
        (14, _create, {"TimeInForce": 3}, Code.INVALID_TIME_IN_FORCE),
        (14, _create, {"Type": 1, "TimeInForce": 1}, Code.INVALID_TIME_IN_FORCE),
        (14, _create, {"BaseAmount": 0}, Code.INVALID_BASE_AMOUNT),
        (14, _create, {"BaseAmount": 2**48}, Code.INVALID_BASE_AMOUNT),
        (14, _create, {"BaseAmount": 0, "ReduceOnly": 1}, None),
        (14, _create, {"Price": 0}, Code.INVALID_PRICE),
        (14, _create, {"Price": 2**32}, Code.INVALID_PRICE),
        (14, _create, {"L2TxAttributes": {"x": 1}}, Code.INVALID_TX_INFO),
        (15, _cancel, {"Index": 0}, Code.INVALID_ORDER_INDEX),
        (15, _cancel, {"Index": 2**63}, Code.INVALID_ORDER_INDEX),
        (15, _cancel, {"Index": 2**48}, None),
        (16, _cancel_all, {"TimeInForce": 3}, Code.INVALID_CANCEL_ALL_TIF),
        (16, _cancel_all, {"Time": 5}, Code.INVALID_CANCEL_ALL_TIME),
        (16, _cancel_all, {"TimeInForce": 1, "Time": 0}, Code.INVALID_CANCEL_ALL_TIME),
        (16, _cancel_all, {"TimeInForce": 1, "Time": 5}, None),
        (
            16,
            _cancel_all,
            {"TimeInForce": 1, "Time": 5, "L2TxAttributes": {"5": 0}},
            Code.INVALID_CANCEL_ALL_TIF,
        ),
        (17, _modify, {"BaseAmount": 0}, Code.INVALID_BASE_AMOUNT),
        (17, _modify, {"Index": 0}, Code.INVALID_ORDER_INDEX),
        (20, _leverage, {"InitialMarginFraction": 0}, Code.INVALID_INITIAL_MARGIN),
        (20, _leverage, {"InitialMarginFraction": 10_001}, Code.INVALID_INITIAL_MARGIN),
    ],
)
def test_check_fields_names_what_is_wrong(
    tx_type: int, make: Make, fields: dict[str, Any], code: Code | None
) -> None:
    """The bounds of the signer's own validation, with the venue's codes."""
    assert check_fields(read(tx_type, make(**fields)).info) is code


@pytest.mark.parametrize(
    ("sig", "is_formed"),
    [
        (txs.SIG, True),
        ("", False),
        (base64.b64encode(bytes(79)).decode(), False),
        ("?" * len(txs.SIG), False),
        ("é" * len(txs.SIG), False),
    ],
)
def test_signature_is_formed_only_of_eighty_bytes(sig: str, is_formed: bool) -> None:
    """Its truth is not checked here."""
    assert signature_is_formed(sig) is is_formed
