"""
A transaction as Lighter meets it: asked for, signed, answered, recorded.

Rules of this file
------------------
- It follows a transaction's life stage by stage; what is not about one belongs in `schemas`.
- An answer says what the API did with it, a record what the sequencer did: neither stands in for
  the other (observed).
- Structs keep the rules of `schemas`.
"""

from __future__ import annotations

import msgspec

from nautilus_lighter_nonce.lighter.schemas import Wire


# -- ASKED FOR ------------------------------------------------------------------------------------


class CreateOrder(Wire, frozen=True, kw_only=True, tag="create"):
    """
    A create-order transaction (type 14) before it has a nonce.

    Parameters
    ----------
    market_index : int
        The market, perps from 0 upward, 255 excluded.
    client_order_index : int
        Our order number, 1 to 2^48 - 1, unique among the account's live orders.
    base_amount : int
        Size times 10^size_decimals, 1 to 2^48 - 1.
    price : int
        Price times 10^price_decimals, 1 to 2^32 - 1; for a market order the worst acceptable.
    is_ask : bool
        Whether the order sells.
    order_type : int
        An `OrderKind`.
    time_in_force : int
        An `OrderTif`.
    reduce_only : bool
        Whether the order may only reduce a position.
    trigger_price : int
        0 for orders without a trigger.
    order_expiry : int
        Unix milliseconds, 5 minutes to 30 days ahead; 0 for immediate orders; -1 lets the signer
        write now + 28 days.

    """

    market_index: int
    client_order_index: int
    base_amount: int
    price: int
    is_ask: bool
    order_type: int
    time_in_force: int
    reduce_only: bool = False
    trigger_price: int = 0
    order_expiry: int = -1


class CancelOrder(Wire, frozen=True, kw_only=True, tag="cancel"):
    """A cancel (type 15); `order_index` takes the venue's index or our client order index."""

    market_index: int
    order_index: int


class CancelAllOrders(Wire, frozen=True, kw_only=True, tag="cancel_all"):
    """An immediate cancel-all (type 16) of one market, or of the account if that is ``None``."""

    market_index: int | None = None


class ModifyOrder(Wire, frozen=True, kw_only=True, tag="modify"):
    """A modify (type 17); amount and price are new absolute values in venue units."""

    market_index: int
    order_index: int
    base_amount: int
    price: int
    trigger_price: int = 0


TxIntent = CreateOrder | CancelOrder | CancelAllOrders | ModifyOrder


# -- SIGNED ---------------------------------------------------------------------------------------


class SignedTx(Wire, frozen=True, kw_only=True):
    """
    A signed transaction, ready to send.

    Parameters
    ----------
    tx_type : int
        A `TxType`.
    tx_info : str
        The JSON text exactly as the signer produced it.
    tx_hash : str
        80 hex digits, known before sending.
    nonce : int
        The nonce inside `tx_info`.

    """

    tx_type: int
    tx_info: str
    tx_hash: str
    nonce: int


# -- ANSWERED -------------------------------------------------------------------------------------


class SendTxReply(Wire, frozen=True, kw_only=True):
    """Answer to `sendTx` (REST)."""

    code: int
    message: str = ""
    tx_hash: str = ""
    predicted_execution_time_ms: int = 0
    volume_quota_remaining: int | None = None


class SendTxBatchReply(Wire, frozen=True, kw_only=True):
    """Answer to `sendTxBatch` (REST): one code for all, hashes in input order."""

    code: int
    message: str = ""
    tx_hash: list[str] = msgspec.field(default_factory=list)
    predicted_execution_time_ms: int = 0
    volume_quota_remaining: int | None = None


# -- RECORDED -------------------------------------------------------------------------------------


class TxRecord(Wire, frozen=True, kw_only=True):
    """
    A transaction record (`tx`, `account_tx`).

    `status` 2 does not mean that the order was accepted: the verdict is `event_info`, a JSON text
    whose key `ae` is empty or another JSON text with code and message (observed).
    """

    hash: str
    type: int = 0
    info: str = ""
    event_info: str = ""
    status: int | None = None
    transaction_index: int = 0
    l1_address: str = ""
    account_index: int = 0
    nonce: int = 0
    expire_at: int = 0
    block_height: int = 0
    queued_at: int = 0
    executed_at: int = 0
    sequence_index: int = 0
    parent_hash: str = ""
    api_key_index: int = 0
    transaction_time: int = 0


class TxReply(TxRecord, frozen=True, kw_only=True):
    """Answer to `tx`."""

    code: int
    message: str = ""


class TxsPage(Wire, frozen=True, kw_only=True):
    """Answer to `accountTxs`."""

    code: int
    txs: list[TxRecord] = msgspec.field(default_factory=list)


class AccountTxFrame(Wire, frozen=True, kw_only=True):
    """A frame of `account_tx/{ACCOUNT}`; the subscription frame carries no `txs` (observed)."""

    channel: str
    type: str
    txs: list[TxRecord] = msgspec.field(default_factory=list)


class AppError(Wire, frozen=True, kw_only=True):
    """The decoded `ae` of an `event_info`."""

    code: int
    message: str = ""


class EventInfo(Wire, frozen=True, kw_only=True):
    """The part of `event_info` that carries the sequencer's refusal."""

    ae: str = ""


def app_error(event_info: str) -> AppError | None:
    """
    Return the sequencer's refusal inside a transaction record, if there is one.

    Parameters
    ----------
    event_info : str
        The record's `event_info` text.

    Returns
    -------
    AppError or ``None``
        ``None`` when the text is empty or says that all went well. Text that cannot be read as
        JSON is no evidence of a refusal and gives ``None`` too.

    """
    try:
        ae = msgspec.json.decode(event_info, type=EventInfo).ae if event_info else ""
        return msgspec.json.decode(ae, type=AppError) if ae else None
    except msgspec.DecodeError:
        return None
