"""The words that all rows share, and transaction records as the wire shows them."""

from __future__ import annotations

import msgspec
import pytest

from nautilus_lighter_nonce.lighter.transactions import TxRecord
from nautilus_lighter_nonce.lighter.transactions import app_error
from nautilus_lighter_nonce.loopback.venue import views
from tests.loopback import txs
from tests.loopback.bench import Bench


@pytest.mark.parametrize(
    ("value", "decimals", "shown"),
    [(100, 2, b"1"), (150, 2, b"1.5"), (0, 6, b"0"), (-25, 1, b"-2.5")],
)
def test_json_number_of_a_whole_number_has_no_point(
    value: int, decimals: int, shown: bytes
) -> None:
    """As the venue writes it (observed)."""
    assert msgspec.json.encode(views.json_number(value, decimals)) == shown


def test_usdc_has_six_decimals_and_an_address_its_accounts_number() -> None:
    """Words of the wire."""
    assert views.usdc(1_500_000) == "1.500000"
    assert views.l1_address(700) == "0x" + "2bc".rjust(40, "0")


def test_message_of_a_code_is_the_venues_and_of_no_code_nothing() -> None:
    """A number that nobody knows has no text."""
    assert views.message_of(21104) == "invalid nonce"
    assert views.message_of(1) == ""


def row_of(*sent: tuple[int, str]) -> TxRecord:
    """Return the record of the last of these transactions."""
    bench = Bench(execution_delay_ms=0)
    for tx_type, raw in sent:
        bench.send(tx_type, raw)
        bench.run(0)
    row = views.tx_row(bench.entries[-1])
    return msgspec.convert(row, TxRecord)


def test_record_of_a_create_tells_of_its_order() -> None:
    """The order is in `event_info`, under `to`; there is no refusal in it."""
    record = row_of((14, txs.create(1, 42)))
    event = msgspec.json.decode(record.event_info)
    assert (event["m"], event["to"]["u"], event["to"]["st"], event["ae"]) == (0, 42, 2, "")
    assert (record.nonce, record.account_index, record.api_key_index) == (1, 700, 5)
    assert record.status == 2


def test_record_of_a_cancel_tells_which_order() -> None:
    """By both of its numbers."""
    record = row_of((14, txs.create(1, 42)), (15, txs.cancel(2, 42)))
    event = msgspec.json.decode(record.event_info)
    assert (event["a"], event["u"]) == (700, 42)


def test_record_of_a_refusal_is_executed_and_carries_it() -> None:
    """Status 2 says nothing about the order (observed)."""
    record = row_of((14, txs.create(1, 42)), (14, txs.create(2, 42)))
    error = app_error(record.event_info)
    assert record.status == 2
    assert error is not None
    assert (error.code, error.message) == (21728, "client order index already exists")
