"""
`tx_info` on the way in: JSON text to a typed transaction, and the checks that need no state.

Rules of this file
------------------
- Field names and their order are the signer's (sdk, captured output). Booleans are 0/1 integers.
- A transaction that cannot be read is a `Code`, never an exception: the venue answers everything.
- Nothing here knows an account, a market or a nonce counter.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any
from typing import Final

import msgspec

from nautilus_lighter_nonce.lighter.codes import MAX_ATTRIBUTES
from nautilus_lighter_nonce.lighter.codes import MAX_BASE_AMOUNT
from nautilus_lighter_nonce.lighter.codes import MAX_CLIENT_ORDER_INDEX
from nautilus_lighter_nonce.lighter.codes import MAX_PRICE
from nautilus_lighter_nonce.lighter.codes import MIN_ORDER_INDEX
from nautilus_lighter_nonce.lighter.codes import NIL_MARKET_INDEX
from nautilus_lighter_nonce.lighter.codes import Attribute
from nautilus_lighter_nonce.lighter.codes import CancelAllTif
from nautilus_lighter_nonce.lighter.codes import Code
from nautilus_lighter_nonce.lighter.codes import OrderKind
from nautilus_lighter_nonce.lighter.codes import OrderTif
from nautilus_lighter_nonce.lighter.codes import TxType


SIGNATURE_BYTES: Final = 80  # go: s and e, 40 bytes each
SIGNATURE_CHARS: Final = 108  # their base64
MAX_INT64: Final = 2**63 - 1  # an order index is one on the wire (go), whatever the signer takes
MAX_MARGIN_FRACTION: Final = 10_000  # 100 % in 1e-4 (sdk validation)

_MARKET_KINDS: Final = frozenset(
    {OrderKind.MARKET, OrderKind.STOP_LOSS, OrderKind.TAKE_PROFIT},
)
TRIGGER_KINDS: Final = frozenset(
    {
        OrderKind.STOP_LOSS,
        OrderKind.STOP_LOSS_LIMIT,
        OrderKind.TAKE_PROFIT,
        OrderKind.TAKE_PROFIT_LIMIT,
    },
)


class TxInfo(msgspec.Struct, frozen=True, kw_only=True, gc=False, rename="pascal"):
    """What every transaction carries."""

    account_index: int
    api_key_index: int
    expired_at: int
    nonce: int
    sig: str
    l2_tx_attributes: dict[str, int] | None = None


class CreateInfo(TxInfo, frozen=True, kw_only=True, gc=False, rename="pascal"):
    """Type 14."""

    market_index: int
    client_order_index: int
    base_amount: int
    price: int
    is_ask: int
    type: int
    time_in_force: int
    reduce_only: int
    trigger_price: int
    order_expiry: int


class CancelInfo(TxInfo, frozen=True, kw_only=True, gc=False, rename="pascal"):
    """Type 15; `index` is a client order index or an order index."""

    market_index: int
    index: int


class CancelAllInfo(TxInfo, frozen=True, kw_only=True, gc=False, rename="pascal"):
    """Type 16; attribute 5 narrows it to one market."""

    time_in_force: int
    time: int


class ModifyInfo(TxInfo, frozen=True, kw_only=True, gc=False, rename="pascal"):
    """Type 17; amount and price are new absolute values."""

    market_index: int
    index: int
    base_amount: int
    price: int
    trigger_price: int


class LeverageInfo(TxInfo, frozen=True, kw_only=True, gc=False, rename="pascal"):
    """Type 20; the margin fraction is in 1e-4."""

    market_index: int
    initial_margin_fraction: int
    margin_mode: int


AnyInfo = CreateInfo | CancelInfo | CancelAllInfo | ModifyInfo | LeverageInfo

_DECODERS: Final[dict[int, msgspec.json.Decoder[Any]]] = {
    TxType.CREATE_ORDER: msgspec.json.Decoder(CreateInfo),
    TxType.CANCEL_ORDER: msgspec.json.Decoder(CancelInfo),
    TxType.CANCEL_ALL_ORDERS: msgspec.json.Decoder(CancelAllInfo),
    TxType.MODIFY_ORDER: msgspec.json.Decoder(ModifyInfo),
    TxType.UPDATE_LEVERAGE: msgspec.json.Decoder(LeverageInfo),
}


class Tx(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """
    A transaction as it came in.

    Parameters
    ----------
    tx_type : int
        A `TxType`.
    raw : str
        The `tx_info` text.
    info : AnyInfo
        The same, read.

    """

    tx_type: int
    raw: str
    info: AnyInfo

    @property
    def key(self) -> tuple[int, int]:
        """The (account index, API key index) that signed it."""
        return self.info.account_index, self.info.api_key_index

    @property
    def skips(self) -> bool:
        """Whether it carries the skip-nonce attribute."""
        return attribute(self.info, Attribute.SKIP_NONCE) == 1

    @property
    def index(self) -> int | None:
        """The client order index of a create, the `Index` of a cancel or modify."""
        info = self.info
        if isinstance(info, CreateInfo):
            return info.client_order_index
        return info.index if isinstance(info, CancelInfo | ModifyInfo) else None


def attribute(info: TxInfo, which: Attribute) -> int | None:
    """Return an attribute of a transaction, ``None`` if it is not there."""
    return None if info.l2_tx_attributes is None else info.l2_tx_attributes.get(str(int(which)))


def parse(tx_type: int, raw: str) -> Tx | Code:
    """
    Read one transaction.

    Parameters
    ----------
    tx_type : int
        The type that the request names.
    raw : str
        The `tx_info` JSON text.

    Returns
    -------
    Tx or Code
        21505 for a type the loopback venue does not know, 21501 for text that is not that type's
        JSON.

    """
    decoder = _DECODERS.get(tx_type)
    if decoder is None:
        return Code.UNSUPPORTED_TX_TYPE
    try:
        return Tx(tx_type=tx_type, raw=raw, info=decoder.decode(raw))
    except (msgspec.DecodeError, UnicodeEncodeError):
        return Code.INVALID_TX_INFO


def check_fields(info: AnyInfo) -> Code | None:
    """
    Return what is wrong with a transaction's fields by themselves, ``None`` if nothing is.

    The bounds are those of the signer's own validation (sdk): a client that signs with the SDK
    never sees these codes.
    """
    attributes = info.l2_tx_attributes or {}
    if len(attributes) > MAX_ATTRIBUTES or not all(map(str.isdecimal, attributes)):
        return Code.INVALID_TX_INFO
    match info:
        case CreateInfo():
            return _check_create(info)
        case CancelInfo():
            return _check_index(info.index)
        case ModifyInfo():
            return _check_index(info.index) or _check_amounts(info.base_amount, info.price, info)
        case CancelAllInfo():
            return _check_cancel_all(info)
        case LeverageInfo():
            fits = 1 <= info.initial_margin_fraction <= MAX_MARGIN_FRACTION
            return None if fits else Code.INVALID_INITIAL_MARGIN


def signature_is_formed(sig: str) -> bool:
    """Return whether a signature is base64 of 80 bytes; its truth is not checked here."""
    if len(sig) != SIGNATURE_CHARS:
        return False
    try:
        return len(base64.b64decode(sig, validate=True)) == SIGNATURE_BYTES
    except (binascii.Error, ValueError):
        return False


def _check_create(info: CreateInfo) -> Code | None:
    if not 0 <= info.client_order_index <= MAX_CLIENT_ORDER_INDEX:
        return Code.INVALID_CLIENT_ORDER_INDEX
    if info.is_ask not in (0, 1):
        return Code.INVALID_IS_ASK
    if info.type not in OrderKind or info.type == OrderKind.TWAP:
        return Code.INVALID_ORDER_TYPE
    if info.time_in_force not in OrderTif:
        return Code.INVALID_TIME_IN_FORCE
    if info.type in _MARKET_KINDS and info.time_in_force != OrderTif.IMMEDIATE_OR_CANCEL:
        return Code.INVALID_TIME_IN_FORCE
    return _check_amounts(info.base_amount, info.price, info)


def _check_amounts(base_amount: int, price: int, info: CreateInfo | ModifyInfo) -> Code | None:
    least = 0 if isinstance(info, CreateInfo) and info.reduce_only else 1
    if not least <= base_amount <= MAX_BASE_AMOUNT:
        return Code.INVALID_BASE_AMOUNT
    return None if 1 <= price <= MAX_PRICE else Code.INVALID_PRICE


def _check_index(index: int) -> Code | None:
    by_client = 1 <= index <= MAX_CLIENT_ORDER_INDEX
    by_venue = MIN_ORDER_INDEX <= index <= MAX_INT64
    return None if by_client or by_venue else Code.INVALID_ORDER_INDEX


def _check_cancel_all(info: CancelAllInfo) -> Code | None:
    if info.time_in_force not in CancelAllTif:
        return Code.INVALID_CANCEL_ALL_TIF
    scheduled = info.time_in_force == CancelAllTif.SCHEDULED
    one_market = attribute(info, Attribute.CANCEL_ALL_MARKET) not in (None, NIL_MARKET_INDEX)
    if scheduled and one_market:
        return Code.INVALID_CANCEL_ALL_TIF
    return None if (info.time > 0) == scheduled else Code.INVALID_CANCEL_ALL_TIME
