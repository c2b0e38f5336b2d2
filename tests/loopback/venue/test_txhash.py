"""The venue's transaction hash is the official signer's, to the digit."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from nautilus_lighter_nonce.loopback.venue.txhash import tx_hash


FIXTURES = Path(__file__).parents[2] / "fixtures"
SIGNED = json.loads((FIXTURES / "tx_hash_vectors.json").read_bytes())["vectors"]

CANCEL = {
    "AccountIndex": 700,
    "ApiKeyIndex": 5,
    "MarketIndex": 0,
    "Index": 123,
    "ExpiredAt": 1_795_366_608_894,
    "Nonce": 8,
    "Sig": "",
    "L2TxAttributes": None,
}

CHAIN_ID = 300
ACCOUNT_INDEX = 12345
API_KEY_INDEX = 5
THROW_AWAY_KEY = "0b8e0f63c24d8baacd9d29ad4e9a4b73c4a8d2bb8b16dc4fa9d7c2e1d3a8b1f0e8d3a4c5b6e7f001"


# -- VECTORS ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("vector", SIGNED, ids=lambda vector: vector["kind"])
def test_tx_hash_of_recorded_transaction_is_the_signers(vector: dict[str, Any]) -> None:
    """Recorded transactions, also with integrator and skip-nonce attributes, hash as signed."""
    assert tx_hash(vector["chain_id"], vector["tx_type"], vector["tx_info"]) == vector["tx_hash"]


# -- RULES -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("attributes", [{}, {"1": 0, "2": 0, "4": 0}, {"5": 255}])
def test_tx_hash_with_only_nil_attributes_is_that_without(attributes: dict[str, int]) -> None:
    """An attribute of its nil value (0, or 255 for a market) says nothing and is not hashed."""
    assert tx_hash(300, 15, CANCEL | {"L2TxAttributes": attributes}) == tx_hash(300, 15, CANCEL)


def test_tx_hash_without_attributes_key_is_that_of_null() -> None:
    """A transaction that leaves the attributes out has none."""
    bare = {field: value for field, value in CANCEL.items() if field != "L2TxAttributes"}

    assert tx_hash(300, 15, bare) == tx_hash(300, 15, CANCEL)


def test_tx_hash_does_not_depend_on_the_order_of_attributes() -> None:
    """Attributes are hashed by type: JSON objects have no order."""
    one = CANCEL | {"L2TxAttributes": {"1": 42, "2": 100, "4": 1}}
    other = CANCEL | {"L2TxAttributes": {"4": 1, "2": 100, "1": 42}}

    assert tx_hash(300, 15, one) == tx_hash(300, 15, other)


def test_tx_hash_after_another_with_the_same_attributes_has_its_own_body() -> None:
    """What is remembered of attributes is remembered of them alone."""
    skipping = {"L2TxAttributes": {"1": 42, "4": 1}}

    first = tx_hash(300, 15, CANCEL | skipping)
    other = tx_hash(300, 15, CANCEL | skipping | {"Nonce": 9})

    assert other != first
    assert tx_hash(300, 15, CANCEL | skipping) == first


def test_tx_hash_does_not_depend_on_the_signature() -> None:
    """The signature is made over the hash, so it cannot be part of it."""
    assert tx_hash(300, 15, CANCEL | {"Sig": "other"}) == tx_hash(300, 15, CANCEL)


@pytest.mark.parametrize(
    "change",
    [
        {"Nonce": 9},
        {"ExpiredAt": 1_795_366_608_895},
        {"AccountIndex": 701},
        {"ApiKeyIndex": 6},
        {"MarketIndex": 1},
        {"Index": 124},
        {"L2TxAttributes": {"4": 1}},
    ],
    ids=lambda change: next(iter(change)),
)
def test_tx_hash_after_any_change_is_another(change: dict[str, Any]) -> None:
    """Every field of the transaction is under its hash."""
    assert tx_hash(300, 15, CANCEL | change) != tx_hash(300, 15, CANCEL)


def test_tx_hash_on_another_chain_is_another() -> None:
    """A testnet transaction is none on mainnet."""
    assert tx_hash(304, 15, CANCEL) != tx_hash(300, 15, CANCEL)


def test_tx_hash_of_negative_integer_is_that_of_its_residue() -> None:
    """A negative integer enters the field modulo p."""
    negative = tx_hash(300, 15, CANCEL | {"Index": -1})

    assert negative == tx_hash(300, 15, CANCEL | {"Index": 2**64 - 2**32})


def test_tx_hash_of_unsupported_type_raises_value_error_naming_it() -> None:
    """A type whose fields are unknown is refused, not hashed wrongly."""
    with pytest.raises(ValueError, match=r"tx_type was 45; use one of 14, 15, 16, 17, 20"):
        tx_hash(300, 45, CANCEL)


def test_tx_hash_of_incomplete_transaction_raises_key_error_naming_the_field() -> None:
    """A field that is missing is not hashed as zero."""
    with pytest.raises(KeyError, match="BaseAmount"):
        tx_hash(300, 17, CANCEL)


def test_tx_hash_with_five_attributes_raises_value_error() -> None:
    """A transaction carries at most four attributes (lighter-go)."""
    five = CANCEL | {"L2TxAttributes": {"1": 1, "2": 1, "3": 1, "4": 1, "6": 1}}

    with pytest.raises(ValueError, match="L2TxAttributes held 5; use at most 4"):
        tx_hash(300, 15, five)


# -- THE REAL SIGNER -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def signer() -> Any:
    """Return the official signer; it signs without any network."""
    lighter = pytest.importorskip("lighter", reason="lighter-sdk is not installed")

    async def make() -> Any:  # the client opens an aiohttp session, which needs a running loop
        client = lighter.SignerClient(
            url="http://127.0.0.1:1",
            account_index=ACCOUNT_INDEX,
            api_private_keys={API_KEY_INDEX: THROW_AWAY_KEY},
            chain_id=CHAIN_ID,
        )
        await client.close()
        return client

    return asyncio.run(make())


def assert_same_hash(signed: tuple[Any, ...]) -> None:
    """Compare the signer's hash of what it signed with ours."""
    tx_type, tx_info, signers_hash, error = signed
    assert error is None
    assert tx_hash(CHAIN_ID, int(tx_type), json.loads(tx_info)) == signers_hash


@pytest.mark.parametrize("skip_nonce", [0, 1])
@pytest.mark.parametrize("integrator", [0, 723_813])
def test_tx_hash_of_create_order_is_the_live_signers(
    signer: Any, skip_nonce: int, integrator: int
) -> None:
    """A create order with and without attributes hashes as the installed signer does."""
    assert_same_hash(
        signer.sign_create_order(
            market_index=1,
            client_order_index=2**48 - 1,
            base_amount=1_000,
            price=2**32 - 1,
            is_ask=True,
            order_type=0,
            time_in_force=1,
            reduce_only=True,
            order_expiry=1_999_999_999_999,
            integrator_account_index=integrator,
            integrator_taker_fee=250 if integrator else 0,
            integrator_maker_fee=100 if integrator else 0,
            skip_nonce=skip_nonce,
            nonce=2**40,
            api_key_index=API_KEY_INDEX,
        )
    )


def test_tx_hash_of_create_order_with_nil_expiry_is_the_live_signers(signer: Any) -> None:
    """An immediate-or-cancel order, whose expiry is nil, hashes as the installed signer does."""
    assert_same_hash(
        signer.sign_create_order(
            market_index=0,
            client_order_index=7,
            base_amount=10,
            price=300_000,
            is_ask=False,
            order_type=1,
            time_in_force=0,
            order_expiry=0,
            nonce=0,
            api_key_index=API_KEY_INDEX,
        )
    )


@pytest.mark.parametrize("skip_nonce", [0, 1])
def test_tx_hash_of_cancel_order_is_the_live_signers(signer: Any, skip_nonce: int) -> None:
    """A cancel hashes as the installed signer does."""
    assert_same_hash(
        signer.sign_cancel_order(
            market_index=1,
            order_index=844_424_914_280_484,
            skip_nonce=skip_nonce,
            nonce=3,
            api_key_index=API_KEY_INDEX,
        )
    )


@pytest.mark.parametrize("skip_nonce", [0, 1])
@pytest.mark.parametrize("market_index", [0, 3, 255])
def test_tx_hash_of_cancel_all_orders_is_the_live_signers(
    signer: Any, market_index: int, skip_nonce: int
) -> None:
    """A cancel-all of one market (255: of all) hashes as the installed signer does."""
    assert_same_hash(
        signer.sign_cancel_all_orders(
            time_in_force=0,
            timestamp_ms=0,
            cancel_all_market_index=market_index,
            skip_nonce=skip_nonce,
            nonce=4,
            api_key_index=API_KEY_INDEX,
        )
    )


@pytest.mark.parametrize("skip_nonce", [0, 1])
def test_tx_hash_of_modify_order_is_the_live_signers(signer: Any, skip_nonce: int) -> None:
    """A modification hashes as the installed signer does."""
    assert_same_hash(
        signer.sign_modify_order(
            market_index=1,
            order_index=844_424_914_280_484,
            base_amount=2_000,
            price=310_000,
            skip_nonce=skip_nonce,
            nonce=5,
            api_key_index=API_KEY_INDEX,
        )
    )


def test_tx_hash_of_update_leverage_is_the_live_signers(signer: Any) -> None:
    """A leverage update hashes as the installed signer does."""
    assert_same_hash(
        signer.sign_update_leverage(
            market_index=1,
            fraction=500,
            margin_mode=1,
            nonce=6,
            api_key_index=API_KEY_INDEX,
        )
    )
