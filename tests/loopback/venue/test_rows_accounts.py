"""Accounts, positions and balances as the wire shows them."""

from __future__ import annotations

import pytest

from nautilus_lighter_nonce.loopback.config import Tier
from nautilus_lighter_nonce.loopback.venue import rows_accounts
from nautilus_lighter_nonce.loopback.venue.accounts import Account
from nautilus_lighter_nonce.loopback.venue.state import State
from tests.loopback import txs
from tests.loopback.bench import Bench


DAY_NS = 24 * 3_600 * 10**9


def traded(*, is_ask: bool = False) -> Bench:
    """Return a venue on which account 700 has bought, or sold, 0.1 ETH at the touch."""
    bench = Bench(execution_delay_ms=0)
    price = 180_000 if is_ask else 210_000
    bench.send(14, txs.take(1, 42, IsAsk=int(is_ask), Price=price))
    bench.run(0)
    return bench


def account_of(state: State) -> Account:
    """Return account 700."""
    account = state.accounts.get(700)
    assert account is not None
    return account


@pytest.mark.parametrize(("is_ask", "sign"), [(False, 1), (True, -1)])
def test_position_row_has_sign_size_and_entry_price(is_ask: bool, sign: int) -> None:
    """The size is never negative; the average is the price of the one trade."""
    bench = traded(is_ask=is_ask)
    row = rows_accounts.position_row(bench.state, 700, 0)
    (fill,) = bench.state.trades[700]
    assert (row["sign"], row["position"]) == (sign, "0.1000")
    assert row["avg_entry_price"] == f"{fill.price / 100:.2f}"
    assert row["unrealized_pnl"] == "-0.025000", "half of the spread is lost at once"


def test_position_row_of_nothing_is_flat() -> None:
    """A flat position has no entry price."""
    row = rows_accounts.position_row(Bench().state, 700, 0)
    assert (row["position"], row["avg_entry_price"], row["sign"]) == ("0.0000", "0.00", 1)


def test_stats_row_adds_up() -> None:
    """What is available is the portfolio less what margin uses."""
    bench = traded()
    row = rows_accounts.stats_row(bench.state, account_of(bench.state))
    used = bench.state.accounts.used(account_of(bench.state), bench.state.value_at_mark) / 1e6
    assert float(row["available_balance"]) == pytest.approx(float(row["portfolio_value"]) - used)
    lost = float(row["collateral"]) - float(row["portfolio_value"])
    assert lost == pytest.approx(0.025)


def test_volumes_count_by_period() -> None:
    """A trade of two days ago is in the week and not in the day."""
    bench = traded()
    account = account_of(bench.state)
    (fill,) = bench.state.trades[700]
    now = rows_accounts.volumes(bench.state, account, fill.ts_ns + 1)
    later = rows_accounts.volumes(bench.state, account, fill.ts_ns + 2 * DAY_NS)
    assert (now["daily_trades_count"], now["total_volume"]) == (1, fill.quote / 1e6)
    assert [later[f"{p}_trades_count"] for p in ("daily", "weekly", "monthly", "total")] == [
        0,
        1,
        1,
        1,
    ]


@pytest.mark.parametrize(
    ("tier", "number"), [(Tier.STANDARD, 0), (Tier.PREMIUM, 1), (Tier.PLUS, 2)]
)
def test_account_row_names_the_tier_by_its_number(tier: Tier, number: int) -> None:
    """As the account's own type."""
    bench = Bench(tier=tier)
    row = rows_accounts.sub_account_row(bench.state, account_of(bench.state))
    assert (row["account_type"], row["index"]) == (number, 700)


def test_account_row_has_its_positions_and_its_usdc() -> None:
    """All collateral is in the one asset."""
    bench = traded()
    row = rows_accounts.account_row(bench.state, account_of(bench.state))
    assert [p["market_id"] for p in row["positions"]] == [0]
    (asset,) = row["assets"]
    assert asset["margin_balance"] == row["collateral"]
    assert row["account_index"] == row["index"] == 700
