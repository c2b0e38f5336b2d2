"""
How much may be sent and read: limits by transaction type, the volume quota, the tier's windows.

Rules of this file
------------------
- Everything here is off unless the config says otherwise; then a look at the config is all it
  costs.
- `objection` looks and changes nothing; `count` takes what an accepted request spends. What is
  refused here spends no nonce and no quota (docs).
- Windows roll over 60 s. Reads count for the machine they come from, which is one here;
  transactions for their account. On the Standard tier both share one window of requests (docs).
- The quota is each account's own here, and trading earns nothing; on the venue accounts of one L1
  address share it and earn by volume (docs).
- No clock: time is an argument in nanoseconds.
"""

from __future__ import annotations

from collections import Counter
from collections import deque
from collections.abc import Sequence
from typing import Final

import msgspec

from nautilus_lighter_nonce.lighter.codes import Code
from nautilus_lighter_nonce.lighter.codes import TxType
from nautilus_lighter_nonce.loopback.config import Tier
from nautilus_lighter_nonce.loopback.config import VenueConfig
from nautilus_lighter_nonce.loopback.venue.txinfo import Tx


WINDOW_NS: Final = 60_000_000_000
QUOTA_TYPES: Final = frozenset({TxType.CREATE_ORDER, TxType.CANCEL_ALL_ORDERS, TxType.MODIFY_ORDER})
"""What spends quota of what is simulated here; grouped orders (28) would as well (docs)."""

NO_QUOTA_MESSAGE: Final = "Too Many Requests!:  Not enough volume quota"  # observed, two spaces
FREE_MESSAGE: Final = '{"ratelimit": "didn\'t use volume quota"}'  # observed

DEFAULT_WEIGHT: Final = 300  # docs
WEIGHTS: Final = {
    "nextNonce": 6,
    "accountActiveOrders": 100,
    "accountInactiveOrders": 100,
    "accountOrders": 100,
    "apikeys": 150,
    "trades": 200,
    "recentTrades": 600,
}
"""Weights of reads (docs); everything else weighs `DEFAULT_WEIGHT`."""


class TierLimits(msgspec.Struct, frozen=True):
    """
    What a tier may do in a minute.

    Parameters
    ----------
    transactions : int
        Requests that send transactions.
    weight : int
        Weight of reads.
    requests : int, optional
        Reads and sends together, unweighted.

    """

    transactions: int
    weight: int
    requests: int | None = None


TIER_LIMITS: Final = {
    Tier.STANDARD: TierLimits(transactions=60, weight=24_000, requests=60),
    Tier.PLUS: TierLimits(transactions=4_000, weight=24_000),
    Tier.PREMIUM: TierLimits(transactions=4_000, weight=24_000),
}
"""Docs; Premium as it is without staked LIT."""


class Refusal(msgspec.Struct, frozen=True):
    """A code, and the message if it is not the code's own."""

    code: int
    text: str = ""


class _Window:
    """What was spent in the last minute."""

    def __init__(self) -> None:
        self._spent: deque[tuple[int, int]] = deque()
        self._sum = 0

    def sum(self, now_ns: int) -> int:
        while self._spent and self._spent[0][0] <= now_ns - WINDOW_NS:
            self._sum -= self._spent.popleft()[1]
        return self._sum

    def add(self, amount: int, now_ns: int) -> None:
        self._spent.append((now_ns, amount))
        self._sum += amount

    def shift(self, by_ns: int) -> None:
        self._spent = deque((at_ns + by_ns, amount) for at_ns, amount in self._spent)


class Quota:
    """One account's volume quota."""

    def __init__(self, remaining: int) -> None:
        self.remaining = remaining
        self.last_ns: int | None = None

    def allows(self, needed: int, free_every_ns: int, now_ns: int) -> bool:
        """Return whether so many transactions may be sent; one may, now and then, for free."""
        is_free = self.last_ns is None or now_ns - self.last_ns >= free_every_ns
        return needed <= self.remaining or (needed == 1 and is_free)

    def spend(self, needed: int, now_ns: int) -> bool:
        """Take what is needed and return whether it was taken from the quota."""
        self.last_ns = now_ns
        if needed > self.remaining:
            return False
        self.remaining -= needed
        return True


class Receipt(msgspec.Struct, frozen=True):
    """What a success says of the quota; nothing where there is none."""

    message: str = ""
    remaining: int | None = None


class Limits:
    """All windows and quotas of a venue."""

    def __init__(self) -> None:
        self._by_type: dict[tuple[int, int], _Window] = {}
        self._quotas: dict[int, Quota] = {}
        self._sends: dict[int, _Window] = {}
        self._reads = _Window()
        self._requests = _Window()

    def refill(self) -> None:
        """Give every account the config's quota anew."""
        self._quotas.clear()

    # -- TRANSACTIONS -----------------------------------------------------------------------------

    def objection(self, config: VenueConfig, txs: Sequence[Tx], now_ns: int) -> Refusal | None:
        """
        Return what stands against a request, ``None`` if nothing does.

        Parameters
        ----------
        config : VenueConfig
            The config, as last changed.
        txs : Sequence[Tx]
            The members of one request, all of one account.
        now_ns : int
            The time, UNIX nanoseconds.

        Returns
        -------
        Refusal or ``None``

        """
        account_index = txs[0].info.account_index
        if config.tier_limits and self._tier_is_used_up(config.tier, account_index, now_ns):
            return Refusal(Code.TOO_MANY_REQUESTS)
        if config.tx_limits:
            for tx_type, count in Counter(tx.tx_type for tx in txs).items():
                limit = config.tx_limits.get(tx_type)
                window = self._by_type.get((account_index, tx_type))
                sent = 0 if window is None else window.sum(now_ns)
                if limit is not None and sent + count > limit:
                    return Refusal(Code.TOO_MANY_REQUESTS)
        needed = _quota_needed(config, txs)
        free_every_ns = int(config.free_tx_every_s * 1e9)
        if needed and not self._quota(config, account_index).allows(needed, free_every_ns, now_ns):
            return Refusal(Code.TOO_MANY_REQUESTS, NO_QUOTA_MESSAGE)
        return None

    def count(self, config: VenueConfig, txs: Sequence[Tx], now_ns: int) -> Receipt | None:
        """Take what an accepted request spends, and return what is said of it."""
        account_index = txs[0].info.account_index
        if config.tier_limits:
            self._sends.setdefault(account_index, _Window()).add(1, now_ns)
            self._requests.add(1, now_ns)
        for tx in txs if config.tx_limits else ():
            if tx.tx_type in config.tx_limits:
                key = account_index, tx.tx_type
                self._by_type.setdefault(key, _Window()).add(1, now_ns)
        if config.volume_quota is None:
            return None
        needed = _quota_needed(config, txs)
        quota = self._quota(config, account_index)
        if not needed or not quota.spend(needed, now_ns):
            return Receipt(FREE_MESSAGE)
        return Receipt(f"{quota.remaining} volume quota remaining.", quota.remaining)

    def _tier_is_used_up(self, tier: Tier, account_index: int, now_ns: int) -> bool:
        limits, window = TIER_LIMITS[tier], self._sends.get(account_index)
        if limits.requests is not None and self._requests.sum(now_ns) >= limits.requests:
            return True
        return window is not None and window.sum(now_ns) >= limits.transactions

    def _quota(self, config: VenueConfig, account_index: int) -> Quota:
        if account_index not in self._quotas:
            self._quotas[account_index] = Quota(config.volume_quota or 0)
        return self._quotas[account_index]

    # -- READS ------------------------------------------------------------------------------------

    def takes_read(self, config: VenueConfig, endpoint: str, now_ns: int) -> bool:
        """Count a read, and return whether it is allowed; one that is not counts nothing."""
        if not config.tier_limits:
            return True
        limits, weight = TIER_LIMITS[config.tier], WEIGHTS.get(endpoint, DEFAULT_WEIGHT)
        if limits.requests is not None and self._requests.sum(now_ns) >= limits.requests:
            return False
        if self._reads.sum(now_ns) + weight > limits.weight:
            return False
        self._reads.add(weight, now_ns)
        self._requests.add(1, now_ns)
        return True

    def shift(self, by_ns: int) -> None:
        """Move all times, as the venue's clock was moved."""
        windows = (*self._by_type.values(), *self._sends.values(), self._reads, self._requests)
        for window in windows:
            window.shift(by_ns)
        for quota in self._quotas.values():
            quota.last_ns = None if quota.last_ns is None else quota.last_ns + by_ns


def _quota_needed(config: VenueConfig, txs: Sequence[Tx]) -> int:
    return 0 if config.volume_quota is None else sum(tx.tx_type in QUOTA_TYPES for tx in txs)
