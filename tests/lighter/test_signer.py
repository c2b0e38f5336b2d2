"""The lighter-sdk signer behind our protocol: one call, one signature, no secret in sight."""

from __future__ import annotations

import asyncio
import gc
import importlib.util
import subprocess
import sys
import warnings
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from aiohttp import web

from nautilus_lighter_nonce.lighter.codes import OrderKind
from nautilus_lighter_nonce.lighter.codes import OrderTif
from nautilus_lighter_nonce.lighter.codes import TxType
from nautilus_lighter_nonce.lighter.errors import PrivateKeyError
from nautilus_lighter_nonce.lighter.errors import SignerError
from nautilus_lighter_nonce.lighter.errors import SignerMissingError
from nautilus_lighter_nonce.lighter.errors import SignerRangeError
from nautilus_lighter_nonce.lighter.signer import SdkSigner
from nautilus_lighter_nonce.lighter.signer import validate_private_key
from nautilus_lighter_nonce.lighter.transactions import CancelAllOrders
from nautilus_lighter_nonce.lighter.transactions import CancelOrder
from nautilus_lighter_nonce.lighter.transactions import CreateOrder
from nautilus_lighter_nonce.lighter.transactions import ModifyOrder
from nautilus_lighter_nonce.lighter.transactions import TxIntent
from tests.lighter.stubs import rest_stub


PRIVATE_KEY = "0123456789abcdef" * 5  # a number, not anybody's key
NOWHERE = "http://127.0.0.1:1"


def new_signer(base_url: str = NOWHERE, **changes: Any) -> SdkSigner:
    """Return a signer for account 700, slot 5."""
    return SdkSigner(base_url, 300, 700, 5, PRIVATE_KEY, **changes)


@pytest.fixture(scope="module")
def signer() -> Iterator[SdkSigner]:
    """Share one signer: the Go library keeps one client per key anyway."""
    signer = new_signer()
    yield signer
    signer.close()


def limit_order(**changes: Any) -> CreateOrder:
    """Return an ordinary order with some fields changed."""
    fields = {
        "market_index": 0,
        "client_order_index": 123,
        "base_amount": 1000,
        "price": 300000,
        "is_ask": True,
        "order_type": OrderKind.LIMIT,
        "time_in_force": OrderTif.GOOD_TILL_TIME,
    }
    return CreateOrder(**(fields | changes))


# -- SIGNING --------------------------------------------------------------------------------------


async def test_sign_create_order_returns_what_was_asked(signer: SdkSigner) -> None:
    """The signed text holds the intent's numbers and the nonce, the hash is known at once."""
    tx = await signer.sign(limit_order(reduce_only=True), 7)
    info = msgspec.json.decode(tx.tx_info)
    assert (tx.tx_type, tx.nonce, len(tx.tx_hash)) == (TxType.CREATE_ORDER, 7, 80)
    assert (info["Nonce"], info["AccountIndex"], info["ApiKeyIndex"]) == (7, 700, 5)
    assert (info["ClientOrderIndex"], info["BaseAmount"], info["Price"]) == (123, 1000, 300000)
    assert (info["IsAsk"], info["ReduceOnly"], info["L2TxAttributes"]) == (1, 1, None)


async def test_sign_order_without_expiry_lasts_28_days(signer: SdkSigner) -> None:
    """An expiry of -1 is 28 days, and is never on the wire."""
    info = msgspec.json.decode((await signer.sign(limit_order(), 7)).tx_info)
    signed_at = info["ExpiredAt"] - 599_000
    assert abs(info["OrderExpiry"] - signed_at - 28 * 86_400_000) < 60_000


async def test_sign_highest_price_is_not_wrapped(signer: SdkSigner) -> None:
    """The highest price the venue can hold is signed as it is."""
    info = msgspec.json.decode((await signer.sign(limit_order(price=2**32 - 1), 7)).tx_info)
    assert info["Price"] == 2**32 - 1


@pytest.mark.parametrize(
    ("intent", "tx_type", "fields"),
    [
        (CancelOrder(market_index=1, order_index=123), TxType.CANCEL_ORDER, {"Index": 123}),
        (CancelAllOrders(), TxType.CANCEL_ALL_ORDERS, {"Time": 0, "L2TxAttributes": None}),
        (
            CancelAllOrders(market_index=3),
            TxType.CANCEL_ALL_ORDERS,
            {"L2TxAttributes": {"5": 3}},
        ),
        (
            ModifyOrder(market_index=1, order_index=2**48, base_amount=5, price=6),
            TxType.MODIFY_ORDER,
            {"Index": 2**48, "BaseAmount": 5, "Price": 6},
        ),
    ],
)
async def test_sign_other_intents_returns_their_type(
    signer: SdkSigner, intent: TxIntent, tx_type: TxType, fields: dict[str, Any]
) -> None:
    """Every intent becomes its own transaction type."""
    tx = await signer.sign(intent, 9)
    info = msgspec.json.decode(tx.tx_info)
    assert tx.tx_type == tx_type
    assert {name: info[name] for name in fields} == fields


async def test_sign_many_at_once_every_text_holds_its_own_nonce(signer: SdkSigner) -> None:
    """Two workers never mix up two transactions."""
    txs = await asyncio.gather(
        *[signer.sign(limit_order(client_order_index=n + 1), n) for n in range(400)]
    )
    infos = [msgspec.json.decode(tx.tx_info) for tx in txs]
    assert [info["Nonce"] for info in infos] == [tx.nonce for tx in txs] == list(range(400))
    assert [info["ClientOrderIndex"] for info in infos] == list(range(1, 401))
    assert len({tx.tx_hash for tx in txs}) == 400


@pytest.mark.parametrize(
    ("intent", "nonce", "field"),
    [
        (limit_order(price=2**32 + 5), 1, "price"),
        (limit_order(price=0), 1, "price"),
        (limit_order(base_amount=2**64 + 1), 1, "base_amount"),
        (limit_order(client_order_index=2**48), 1, "client_order_index"),
        (limit_order(market_index=2**31), 1, "market_index"),
        (limit_order(order_expiry=-2), 1, "order_expiry"),
        (limit_order(), -1, "nonce"),
        (limit_order(), 2**48, "nonce"),
        (CancelOrder(market_index=0, order_index=2**60), 1, "order_index"),
        (ModifyOrder(market_index=0, order_index=0, base_amount=1, price=1), 1, "order_index"),
    ],
)
async def test_sign_number_does_not_fit_raises_with_field(
    signer: SdkSigner, intent: TxIntent, nonce: int, field: str
) -> None:
    """What the Go library would wrap or look up for itself is refused before it gets there."""
    with pytest.raises(SignerRangeError) as caught:
        await signer.sign(intent, nonce)
    assert caught.value.field == field
    assert field in str(caught.value)


async def test_sign_signer_refuses_raises_with_its_text(signer: SdkSigner) -> None:
    """What the signer itself refuses is a signer error that names the operation."""
    with pytest.raises(SignerError) as caught:
        await signer.sign(limit_order(base_amount=0), 1)
    assert caught.value.operation == "sign CreateOrder"
    assert caught.value.message


async def test_sign_after_close_raises() -> None:
    """A closed signer refuses, it does not hang."""
    signer = new_signer(workers=1)
    await signer.sign(limit_order(), 1)
    signer.close()
    with pytest.raises(SignerError):
        await signer.sign(limit_order(), 2)


# -- TOKENS AND CHECK -----------------------------------------------------------------------------


async def test_auth_token_lifetime_given_expires_then(signer: SdkSigner) -> None:
    """A token names account and slot and grows with its lifetime."""
    short, long = await signer.auth_token(60), await signer.auth_token(3660)
    expiry, account, slot, _ = long.split(":")
    assert (account, slot) == ("700", "5")
    assert 3595 <= int(expiry) - int(short.split(":")[0]) <= 3605


@pytest.mark.parametrize("lifetime", [-1, 0, 28_801])
async def test_auth_token_lifetime_out_of_range_raises(signer: SdkSigner, lifetime: int) -> None:
    """The venue's limit of eight hours is ours to keep: the signer would mint longer ones."""
    with pytest.raises(SignerRangeError):
        await signer.auth_token(lifetime)


async def test_check_venue_has_another_key_raises_with_remedy() -> None:
    """A slot that holds another key is found out before anything is sent."""

    async def answer(_: web.Request) -> web.Response:
        key = {"account_index": 700, "api_key_index": 5, "nonce": 1, "public_key": "ab" * 40}
        return web.json_response({"code": 200, "api_keys": [key]})

    async with rest_stub(answer) as stub:
        signer = new_signer(stub.url)
        with pytest.raises(SignerError) as caught:
            await signer.check()
        signer.close()
    assert caught.value.remedy
    assert PRIVATE_KEY not in str(caught.value)


async def test_check_venue_unreachable_raises() -> None:
    """Not being able to ask is an error too."""
    signer = new_signer()
    with pytest.raises(SignerError):
        await signer.check()
    signer.close()


# -- SECRETS --------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["ab" * 40, "0x" + "AB" * 40, f"  {'ab' * 40}\n"])
def test_validate_private_key_good_text_returns_digits(text: str) -> None:
    """80 hex digits are a key, with or without 0x and space."""
    assert validate_private_key(text).lower() == "ab" * 40


@pytest.mark.parametrize("text", ["", "0x", "ab" * 32, "zz" * 40, "ab" * 40 + "é", "ab" * 41])
def test_validate_private_key_bad_text_raises_without_it(text: str) -> None:
    """The error names the field and the remedy, and never the value."""
    with pytest.raises(PrivateKeyError) as caught:
        validate_private_key(text, "LIGHTER_API_PRIVATE_KEY")
    shown = f"{caught.value} {caught.value!r}"
    assert "LIGHTER_API_PRIVATE_KEY" in shown
    assert len(text) < 5 or text not in shown


async def test_signer_shows_no_private_key(signer: SdkSigner) -> None:
    """Neither the signer nor the SDK client it keeps holds the key where Python can see it."""
    await signer.sign(limit_order(), 1)
    client = signer._client.result()
    assert PRIVATE_KEY not in f"{signer!r} {vars(signer)} {vars(client)}"


@pytest.mark.parametrize("changes", [{"account_index": -1}, {"api_key_index": 255}])
def test_signer_index_out_of_range_raises(changes: dict[str, int]) -> None:
    """A slot of 255 means "all keys" to the venue and is no key."""
    fields = {"account_index": 700, "api_key_index": 5} | changes
    with pytest.raises(SignerRangeError):
        SdkSigner(NOWHERE, 300, private_key=PRIVATE_KEY, **fields)


# -- IMPORT ---------------------------------------------------------------------------------------


def test_import_signer_module_does_not_import_sdk() -> None:
    """The SDK's second of import is paid by a worker, by those who sign."""
    code = "import sys, nautilus_lighter_nonce.lighter.signer; assert 'lighter' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_signer_sdk_missing_names_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who lacks the SDK is told what to install."""
    monkeypatch.setattr("nautilus_lighter_nonce.lighter.signer.find_spec", lambda _: None)
    assert importlib.util.find_spec("lighter") is not None
    with pytest.raises(SignerMissingError, match="pip install"):
        new_signer()


async def test_signer_opened_and_closed_leaves_no_session_open() -> None:
    """The SDK's HTTP session is closed again, without a warning."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ResourceWarning)
        signer = new_signer()
        await signer.sign(limit_order(), 1)
        signer.close()
        del signer
        gc.collect()
    assert [str(one.message) for one in caught if "session" in str(one.message)] == []
