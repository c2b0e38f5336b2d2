"""
What happens at the venue that no client of ours sent: strangers, front ends, the venue itself.

Rules of this file
------------------
- A stranger's transaction goes the way of all transactions: nonce of its key, checks, queue,
  ledger. Only levers leave it alone: they are for what clients send.
- A command is refused whole, with `KeyError` for what does not exist and `ValueError` for the rest;
  a stranger's transaction that the law refuses is in the ledger with its code, as any other.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from typing import Final
from typing import Protocol

import msgspec

from nautilus_lighter_nonce.lighter.codes import NIL_MARKET_INDEX
from nautilus_lighter_nonce.lighter.codes import TX_LIFETIME_MS
from nautilus_lighter_nonce.lighter.codes import Attribute
from nautilus_lighter_nonce.lighter.codes import CancelAllTif
from nautilus_lighter_nonce.lighter.codes import OrderKind
from nautilus_lighter_nonce.lighter.codes import OrderTif
from nautilus_lighter_nonce.lighter.codes import TxType
from nautilus_lighter_nonce.loopback.keys import OTHER_PUBLIC_KEY
from nautilus_lighter_nonce.loopback.venue.book import Book
from nautilus_lighter_nonce.loopback.venue.commands import AccountCommand
from nautilus_lighter_nonce.loopback.venue.commands import AccountStatus
from nautilus_lighter_nonce.loopback.venue.commands import CancelCommand
from nautilus_lighter_nonce.loopback.venue.commands import DeleteKeyCommand
from nautilus_lighter_nonce.loopback.venue.commands import LawCommand
from nautilus_lighter_nonce.loopback.venue.commands import LiquidateCommand
from nautilus_lighter_nonce.loopback.venue.commands import ReplaceKeyCommand
from nautilus_lighter_nonce.loopback.venue.commands import ResetNonceCommand
from nautilus_lighter_nonce.loopback.venue.commands import RevokeCommand
from nautilus_lighter_nonce.loopback.venue.commands import Side
from nautilus_lighter_nonce.loopback.venue.commands import TradeCommand
from nautilus_lighter_nonce.loopback.venue.commands import TradeTif
from nautilus_lighter_nonce.loopback.venue.keyring import FRONT_END_KEYS
from nautilus_lighter_nonce.loopback.venue.orders import Changes
from nautilus_lighter_nonce.loopback.venue.sequencer import Key
from nautilus_lighter_nonce.loopback.venue.state import State
from nautilus_lighter_nonce.loopback.venue.txinfo import SIGNATURE_CHARS
from nautilus_lighter_nonce.loopback.venue.txinfo import Tx
from nautilus_lighter_nonce.loopback.venue.txinfo import parse
from nautilus_lighter_nonce.loopback.venue.views import message_of


ORDER_LIFE_MS: Final = 28 * 24 * 3_600 * 1_000  # what the signer takes for -1 (sdk)
WORST_PRICE_PARTS: Final = 20  # a front end's market order goes 1/20 beyond the touch (inferred)

_SIG: Final = "A" * (SIGNATURE_CHARS - 1) + "="
_TIFS: Final = {
    TradeTif.GTT: OrderTif.GOOD_TILL_TIME,
    TradeTif.IOC: OrderTif.IMMEDIATE_OR_CANCEL,
    TradeTif.POST_ONLY: OrderTif.POST_ONLY,
}


class Venue(Protocol):
    """What an engine lets the outside do."""

    @property
    def state(self) -> State:
        """The venue's state."""

    def write(self, tx: Tx, now_ns: int, *, checked: bool = True) -> int | None:
        """Take a stranger's transaction, or return the code that refuses it."""

    def drop_pending(self, key: Key, now_ns: int) -> None:
        """Let everything accepted of a key that is not executed yet vanish."""

    def publish(self, changes: Changes, ts_ns: int) -> None:
        """Tell of something that no transaction did."""

    def tick(self, now_ns: int) -> int:
        """Return the time of an event."""


def act(venue: Venue, command: LawCommand, now_ns: int) -> None:
    """
    Carry out a command.

    Parameters
    ----------
    venue : Venue
        The engine.
    command : LawCommand
        What is to happen.
    now_ns : int
        The time, UNIX nanoseconds.

    Raises
    ------
    KeyError
        If it names an account, a key or a market that is not there; nothing has changed then.
    ValueError
        If it cannot be done, or the law refused the stranger's transaction.

    """
    account_index = command.account_index
    if venue.state.accounts.known(account_index) is None:
        raise KeyError(f"account {account_index}")
    _ACTIONS[type(command)](venue, command, now_ns)


# -- KEYS, TOKENS, ACCOUNTS -----------------------------------------------------------------------


def _reset_nonce(venue: Venue, command: ResetNonceCommand, now_ns: int) -> None:
    key = _known_key(venue.state, command.account_index, command.api_key_index)
    venue.drop_pending(key, now_ns)
    venue.state.sequencer.register(key, command.nonce)


def _revoke_tokens(venue: Venue, command: RevokeCommand, now_ns: int) -> None:
    venue.state.tokens.revoke(command.account_index, command.reason)


def _replace_key(venue: Venue, command: ReplaceKeyCommand, now_ns: int) -> None:
    key = command.account_index, command.api_key_index
    venue.state.keys.replace(key, command.public_key)


def _delete_key(venue: Venue, command: DeleteKeyCommand, now_ns: int) -> None:
    venue.state.keys.delete((command.account_index, command.api_key_index))


def _set_account(venue: Venue, command: AccountCommand, now_ns: int) -> None:
    state, account_index = venue.state, command.account_index
    if command.status is AccountStatus.NOT_FOUND:
        for key in state.sequencer.registered():
            if key[0] == account_index:
                venue.drop_pending(key, now_ns)
    state.set_status(account_index, command.status)


def _known_key(state: State, account_index: int, api_key_index: int) -> Key:
    key = account_index, api_key_index
    if not state.sequencer.knows(key):
        raise KeyError(f"key {key}")
    return key


# -- STRANGERS ------------------------------------------------------------------------------------


def spend(venue: Venue, key: Key, now_ns: int) -> None:
    """
    Play a foreign writer: spend the key's next nonce on a harmless transaction.

    Parameters
    ----------
    venue : Venue
        The engine.
    key : Key
        A registered key.
    now_ns : int
        The time, UNIX nanoseconds.

    """
    state, market_id = venue.state, next(iter(venue.state.books))
    position = state.accounts.position(key[0], market_id)
    fields = {
        "MarketIndex": market_id,
        "InitialMarginFraction": position.margin_fraction,
        "MarginMode": position.margin_mode,
    }
    venue.write(_tx(state, TxType.UPDATE_LEVERAGE, key, fields, now_ns), now_ns, checked=False)


def _trade(venue: Venue, command: TradeCommand, now_ns: int) -> None:
    state = venue.state
    book = _book(state, command.market_id)
    is_market = command.price is None
    is_ask = command.side is Side.SELL
    immediate = is_market or command.tif is TradeTif.IOC
    price = _worst_price(book, is_ask) if command.price is None else book.to_price(command.price)
    fields = {
        "MarketIndex": command.market_id,
        "ClientOrderIndex": command.client_order_index,
        "BaseAmount": book.to_size(command.size),
        "Price": price,
        "IsAsk": int(is_ask),
        "Type": int(OrderKind.MARKET if is_market else OrderKind.LIMIT),
        "TimeInForce": int(OrderTif.IMMEDIATE_OR_CANCEL if immediate else _TIFS[command.tif]),
        "ReduceOnly": int(command.reduce_only),
        "TriggerPrice": 0,
        "OrderExpiry": 0 if immediate else now_ns // 1_000_000 + ORDER_LIFE_MS,
    }
    key = _writer(state, command.account_index, command.api_key_index)
    _write(venue, _tx(state, TxType.CREATE_ORDER, key, fields, now_ns), now_ns)


def _cancel(venue: Venue, command: CancelCommand, now_ns: int) -> None:
    state = venue.state
    _book(state, command.market_id)
    key = _writer(state, command.account_index, command.api_key_index)
    if command.index is not None:
        fields = {"MarketIndex": command.market_id, "Index": command.index}
        tx = _tx(state, TxType.CANCEL_ORDER, key, fields, now_ns)
    else:
        fields = {"TimeInForce": int(CancelAllTif.IMMEDIATE), "Time": 0}
        market = {str(int(Attribute.CANCEL_ALL_MARKET)): command.market_id}
        assert command.market_id != NIL_MARKET_INDEX  # no market has that id
        tx = _tx(state, TxType.CANCEL_ALL_ORDERS, key, fields, now_ns, market)
    _write(venue, tx, now_ns)


def _write(venue: Venue, tx: Tx, now_ns: int) -> None:
    code = venue.write(tx, now_ns)
    if code is not None:
        raise ValueError(f"the venue refused it: {code} {message_of(code)}")


def _writer(state: State, account_index: int, api_key_index: int) -> Key:
    """Return a stranger's key; a front end's is registered when it is first used."""
    key = account_index, api_key_index
    if api_key_index in FRONT_END_KEYS and not state.sequencer.knows(key):
        state.register_key(key, OTHER_PUBLIC_KEY)
    return _known_key(state, account_index, api_key_index)


def _worst_price(book: Book, is_ask: bool) -> int:
    price, _ = book.touch(not is_ask)
    room = price // WORST_PRICE_PARTS
    return max(price - room, 1) if is_ask else price + room


def _tx(
    state: State,
    tx_type: TxType,
    key: Key,
    fields: dict[str, int],
    now_ns: int,
    attributes: dict[str, int] | None = None,
) -> Tx:
    info = {
        "AccountIndex": key[0],
        "ApiKeyIndex": key[1],
        **fields,
        "ExpiredAt": now_ns // 1_000_000 + TX_LIFETIME_MS,
        "Nonce": state.sequencer.expected(key),
        "Sig": _SIG,
        "L2TxAttributes": attributes,
    }
    tx = parse(tx_type, msgspec.json.encode(info).decode())
    assert isinstance(tx, Tx)
    return tx


# -- THE VENUE ITSELF -----------------------------------------------------------------------------


def _liquidate(venue: Venue, command: LiquidateCommand, now_ns: int) -> None:
    book = _book(venue.state, command.market_id)
    held = venue.state.accounts.position(command.account_index, command.market_id).size
    base, price = book.to_size(command.size), book.to_price(command.price)
    if not 0 < base <= abs(held):
        raise ValueError(f"the position was {held} units")
    ts_ns = venue.tick(now_ns)
    fill = book.force(command.account_index, held > 0, base, price, command.kind.value, ts_ns)
    venue.publish(Changes(fills=[fill]), ts_ns)


def _book(state: State, market_id: int) -> Book:
    if market_id not in state.books:
        raise KeyError(f"market {market_id}")
    return state.books[market_id]


_ACTIONS: Final[dict[type, Callable[[Venue, Any, int], None]]] = {
    ResetNonceCommand: _reset_nonce,
    RevokeCommand: _revoke_tokens,
    ReplaceKeyCommand: _replace_key,
    DeleteKeyCommand: _delete_key,
    AccountCommand: _set_account,
    TradeCommand: _trade,
    CancelCommand: _cancel,
    LiquidateCommand: _liquidate,
}
