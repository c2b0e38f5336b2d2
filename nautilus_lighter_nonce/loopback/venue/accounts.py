"""
Balances, positions and a simple margin rule.

Rules of this file
------------------
- Integers only: USDC in 1e-6, sizes in the market's units; a position's size is signed.
- Margin is a sketch of the venue's: equity at the mark, less initial margin of positions and of
  resting orders that are not reduce-only. What an order needs is its notional times the market's
  initial margin fraction. Nobody is liquidated by a rule, only by the command `liquidate`.
- No time, no orders: the caller tells what is reserved.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from nautilus_lighter_nonce.lighter.codes import QUOTE_DECIMALS
from nautilus_lighter_nonce.loopback.config import AccountConfig
from nautilus_lighter_nonce.loopback.venue.decimals import parse_decimal
from nautilus_lighter_nonce.loopback.venue.orders import Fill
from nautilus_lighter_nonce.loopback.venue.orders import Standing


FRACTION_SCALE: Final = 10_000  # margin fractions are in 1e-4 (docs)
FEE_SCALE: Final = 1_000_000  # fee rates are in 1e-6 (inferred from tier tables)

Marks = Callable[[int, int], int]
"""(market, base) to notional at the mark, 1e-6 USDC."""


class Position(msgspec.Struct, kw_only=True):
    """A position in one market; `cost` is the entry value of its size, never negative."""

    market_id: int
    margin_fraction: int
    margin_mode: int = 0
    size: int = 0
    cost: int = 0
    realized: int = 0

    def trade(self, delta: int, quote: int) -> int:
        """
        Change the position and return the realized profit.

        Parameters
        ----------
        delta : int
            The signed size, positive when bought.
        quote : int
            The traded value, 1e-6 USDC.

        Returns
        -------
        int
            1e-6 USDC.

        """
        if self.size * delta >= 0:
            self.size += delta
            self.cost += quote
            return 0
        closed = min(abs(self.size), abs(delta))
        out = quote * closed // abs(delta)
        cost = self.cost * closed // abs(self.size)
        profit = out - cost if self.size > 0 else cost - out
        self.size += closed if self.size < 0 else -closed
        self.cost -= cost
        self.realized += profit
        left = abs(delta) - closed
        if left:
            self.size, self.cost = (left if delta > 0 else -left), quote - out
        return profit

    def unrealized(self, value: int) -> int:
        """Return the profit if closed now, given the size's notional at the mark."""
        return value - self.cost if self.size >= 0 else self.cost - value


class Account:
    """One account: collateral, positions, and what its resting orders reserve."""

    def __init__(self, config: AccountConfig) -> None:
        self.account_index = config.account_index
        self.collateral = parse_decimal(config.collateral, QUOTE_DECIMALS)
        self.positions: dict[int, Position] = {}
        self.cancel_all_time_ms = 0
        self._reserved: dict[int, int] = {}
        self.reserved = 0

    def reserve(self, order_index: int, margin: int) -> None:
        """Set the margin that an order keeps from other uses; 0 frees it."""
        self.reserved += margin - self._reserved.pop(order_index, 0)
        if margin:
            self._reserved[order_index] = margin


class Accounts:
    """
    All accounts of a venue; the books' `Clearing`.

    Parameters
    ----------
    configs : tuple[AccountConfig, ...]
        The accounts to create.
    margin_fractions : dict[int, int]
        The initial margin fraction of each market, 1e-4.
    maker_fee, taker_fee : int
        Fee rates, 1e-6 of the notional.

    """

    def __init__(
        self,
        configs: tuple[AccountConfig, ...],
        margin_fractions: dict[int, int],
        maker_fee: int = 0,
        taker_fee: int = 0,
    ) -> None:
        self._accounts = {c.account_index: Account(c) for c in configs}
        self._hidden: set[int] = set()
        self._margin_fractions = margin_fractions
        self._maker_fee = maker_fee
        self._taker_fee = taker_fee

    def get(self, account_index: int) -> Account | None:
        """Return an account, ``None`` if there is no such account, or it was hidden."""
        return None if account_index in self._hidden else self._accounts.get(account_index)

    def known(self, account_index: int) -> Account | None:
        """Return an account, hidden or not."""
        return self._accounts.get(account_index)

    def indexes(self) -> list[int]:
        """Return all accounts, hidden or not."""
        return list(self._accounts)

    def hide(self, account_index: int, *, hidden: bool) -> None:
        """Let `get` say that there is no such account, or that there is."""
        (self._hidden.add if hidden else self._hidden.discard)(account_index)

    def position(self, account_index: int, market_id: int) -> Position:
        """Return an account's position in a market, made flat if there was none."""
        positions = self._accounts[account_index].positions
        if market_id not in positions:
            fraction = self._margin_fractions[market_id]
            positions[market_id] = Position(market_id=market_id, margin_fraction=fraction)
        return positions[market_id]

    def held(self, market_id: int) -> tuple[int, int]:
        """Return what all accounts hold in a market, long and short, base units."""
        positions = (account.positions.get(market_id) for account in self._accounts.values())
        sizes = [position.size for position in positions if position is not None]
        return sum(s for s in sizes if s > 0), -sum(s for s in sizes if s < 0)

    # -- CLEARING ---------------------------------------------------------------------------------

    def standing(self, account_index: int, market_id: int) -> Standing:
        """Return what an account holds in a market; nothing for an account that is not here."""
        account = self._accounts.get(account_index)
        position = None if account is None else account.positions.get(market_id)
        if position is None:
            return Standing(margin_fraction=self._margin_fractions[market_id])
        return Standing(position.size, position.cost, position.margin_fraction)

    def reducible(self, account_index: int, market_id: int, is_ask: bool) -> int:
        """Return how much a reduce-only order of this side may still trade, base units."""
        size = self.position(account_index, market_id).size
        return max(size if is_ask else -size, 0)

    def book_fill(self, fill: Fill) -> None:
        """Book a fill on those of its two accounts that exist here."""
        for party, is_ask in ((fill.ask, True), (fill.bid, False)):
            account = self._accounts.get(party.account_index)
            if account is None:
                continue
            is_maker = fill.is_maker_ask == is_ask
            taker_fee = self._taker_fee if fill.taker_fee is None else fill.taker_fee
            rate = self._maker_fee if is_maker else taker_fee
            position = self.position(party.account_index, fill.market_id)
            account.collateral += position.trade(-fill.base if is_ask else fill.base, fill.quote)
            account.collateral -= fill.quote * rate // FEE_SCALE

    # -- MARGIN -----------------------------------------------------------------------------------

    def equity(self, account: Account, marks: Marks) -> int:
        """Return collateral plus unrealized profit, 1e-6 USDC."""
        return account.collateral + sum(
            p.unrealized(marks(p.market_id, abs(p.size))) for p in account.positions.values()
        )

    def used(self, account: Account, marks: Marks) -> int:
        """Return the initial margin of positions and resting orders, 1e-6 USDC."""
        return account.reserved + sum(
            marks(p.market_id, abs(p.size)) * p.margin_fraction // FRACTION_SCALE
            for p in account.positions.values()
        )

    def available(self, account: Account, marks: Marks) -> int:
        """Return what is left for new orders, 1e-6 USDC; may be negative."""
        return self.equity(account, marks) - self.used(account, marks)

    def margin_of(self, account_index: int, market_id: int, quote: int) -> int:
        """Return the initial margin of a notional in a market, 1e-6 USDC."""
        fraction = self.position(account_index, market_id).margin_fraction
        return quote * fraction // FRACTION_SCALE
