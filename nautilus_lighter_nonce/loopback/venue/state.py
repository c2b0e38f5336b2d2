"""
The state of a loopback venue, and its memory of orders, trades and transactions.

Rules of this file
------------------
- It remembers and answers questions; it decides nothing. Whoever changes an order hands the changes
  to `State.absorb`, so that reserves, counts and histories never disagree with the books.
- Live orders are found by order index or by client order index, which is unique among the live
  orders of an account (observed).
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections import defaultdict
from collections import deque
from typing import Final

from nautilus_lighter_nonce.lighter.codes import MIN_ORDER_INDEX
from nautilus_lighter_nonce.loopback.config import VenueConfig
from nautilus_lighter_nonce.loopback.venue.accounts import Accounts
from nautilus_lighter_nonce.loopback.venue.auth import Tokens
from nautilus_lighter_nonce.loopback.venue.book import Book
from nautilus_lighter_nonce.loopback.venue.commands import AccountStatus
from nautilus_lighter_nonce.loopback.venue.keyring import Keyring
from nautilus_lighter_nonce.loopback.venue.ledger import Entry
from nautilus_lighter_nonce.loopback.venue.orders import BookOrder
from nautilus_lighter_nonce.loopback.venue.orders import Changes
from nautilus_lighter_nonce.loopback.venue.orders import Fill
from nautilus_lighter_nonce.loopback.venue.past import Past
from nautilus_lighter_nonce.loopback.venue.sequencer import Key
from nautilus_lighter_nonce.loopback.venue.sequencer import Sequencer


ENDED_ORDERS_KEPT: Final = 1_000  # per account (third-party observation)
TRADES_KEPT: Final = 3_000  # per account (nautilus docs)
TRANSACTIONS_KEPT: Final = 5_000  # in all; the real venue keeps every one, a box must not grow
FIRST_TRADE_ID: Final = 19_000_000_001


class OrderStore:
    """All orders of all accounts, live and ended."""

    def __init__(self) -> None:
        self._live: dict[int, dict[int, BookOrder]] = defaultdict(dict)
        self._by_client: dict[tuple[int, int], BookOrder] = {}
        self._ended: dict[int, deque[BookOrder]] = {}
        self._counts: Counter[tuple[int, int]] = Counter()

    def live(self, account_index: int) -> list[BookOrder]:
        """Return the live orders of an account, oldest first."""
        return list(self._live[account_index].values())

    def ended(self, account_index: int) -> list[BookOrder]:
        """Return the ended orders of an account, newest first."""
        return list(self._ended.get(account_index, ()))

    def open_count(self, account_index: int, market_id: int) -> int:
        """Return how many live orders an account has in a market."""
        return self._counts[account_index, market_id]

    def find_live(self, account_index: int, index: int) -> BookOrder | None:
        """Return a live order by its order index or its client order index."""
        if index >= MIN_ORDER_INDEX:
            return self._live[account_index].get(index)
        return self._by_client.get((account_index, index))

    def put(self, order: BookOrder) -> None:
        """Take in an order's current state."""
        account_index, live = order.account_index, self._live[order.account_index]
        was_live = live.pop(order.order_index, None) is not None
        self._counts[account_index, order.market_id] += order.is_live - was_live
        if order.is_live:
            live[order.order_index] = order
            if order.client_order_index:
                self._by_client[account_index, order.client_order_index] = order
            return
        if self._by_client.get((account_index, order.client_order_index)) is order:
            del self._by_client[account_index, order.client_order_index]
        self._ended.setdefault(account_index, deque(maxlen=ENDED_ORDERS_KEPT)).appendleft(order)


class State:
    """
    Everything a venue knows.

    Parameters
    ----------
    config : VenueConfig
        What it was born with.

    """

    def __init__(self, config: VenueConfig) -> None:
        self.config = config
        self.sequencer = Sequencer()
        self.keys = Keyring()
        self.tokens = Tokens(self.keys)
        self.past = Past()
        self.statuses: dict[int, AccountStatus] = {}
        fractions = {m.market_id: m.initial_margin_fraction for m in config.markets}
        self.accounts = Accounts(config.accounts, fractions, config.maker_fee, config.taker_fee)
        trade_ids = itertools.count(FIRST_TRADE_ID)
        self.books = {
            m.market_id: Book(m, self.accounts, trade_ids, place)
            for place, m in enumerate(config.markets)
        }
        self.orders = OrderStore()
        self.trades: dict[int, deque[Fill]] = defaultdict(lambda: deque(maxlen=TRADES_KEPT))
        self.market_trades: dict[int, deque[Fill]] = defaultdict(lambda: deque(maxlen=TRADES_KEPT))
        self.by_hash: dict[str, Entry] = {}
        self.executed: dict[int, deque[Entry]] = defaultdict(
            lambda: deque(maxlen=TRANSACTIONS_KEPT)
        )
        self.executed_count = 0
        for account in config.accounts:
            for api_key_index in account.api_keys:
                key = (account.account_index, api_key_index)
                self.register_key(key, account.public_key, account.nonce)

    def register_key(self, key: Key, public_key: str, nonce: int | None = 1) -> None:
        """Register, replace or mend a key; its counter begins anew, or goes on with ``None``."""
        self.keys.register(key, public_key)
        if nonce is not None or not self.sequencer.knows(key):
            self.sequencer.register(key, 1 if nonce is None else nonce)

    def set_status(self, account_index: int, status: AccountStatus) -> None:
        """Change how an account stands."""
        self.accounts.hide(account_index, hidden=status is AccountStatus.NOT_FOUND)
        if status is AccountStatus.OK:
            self.statuses.pop(account_index, None)
        else:
            self.statuses[account_index] = status

    # -- MARGIN -----------------------------------------------------------------------------------

    def value_at_mark(self, market_id: int, base: int) -> int:
        """Return the notional of a size at the market's mark, 1e-6 USDC."""
        book = self.books[market_id]
        return book.quote_of(base, book.mark)

    def available(self, account_index: int) -> int:
        """Return an account's collateral that is free for new orders, 1e-6 USDC."""
        account = self.accounts.known(account_index)
        return 0 if account is None else self.accounts.available(account, self.value_at_mark)

    def margin_for(self, account_index: int, market_id: int, base: int, price: int) -> int:
        """Return the initial margin of an order, 1e-6 USDC."""
        quote = self.books[market_id].quote_of(base, price)
        return self.accounts.margin_of(account_index, market_id, quote)

    # -- MEMORY -----------------------------------------------------------------------------------

    def absorb(self, changes: Changes) -> None:
        """Bring reserves, counts and histories up to date with what a book did."""
        for order in changes.orders:
            self._reserve(order)
            self.orders.put(order)
        if self.past.keeps_orders:
            self.past.note_orders(changes.orders)
        for fill in changes.fills:
            self.market_trades[fill.market_id].appendleft(fill)
            for party in {fill.ask.account_index, fill.bid.account_index}:
                if self.accounts.known(party) is not None:
                    self.trades[party].appendleft(fill)

    def remember_hash(self, tx_hash: str, entry: Entry) -> None:
        """Keep a transaction that the API took for look-ups."""
        self.by_hash[tx_hash] = entry
        if len(self.by_hash) > TRANSACTIONS_KEPT:
            del self.by_hash[next(iter(self.by_hash))]

    def remember_tx(self, entry: Entry) -> None:
        """Keep an executed transaction for the account's history."""
        assert entry.tx is not None
        self.executed_count += 1
        entry.position = self.executed_count
        self.executed[entry.tx.info.account_index].append(entry)

    def _reserve(self, order: BookOrder) -> None:
        account = self.accounts.known(order.account_index)
        if account is None:
            return
        margin = 0
        if order.is_live and not order.reduce_only:
            book = self.books[order.market_id]
            quote = book.quote_of(order.remaining, order.price)
            margin = self.accounts.margin_of(order.account_index, order.market_id, quote)
        account.reserve(order.order_index, margin)
