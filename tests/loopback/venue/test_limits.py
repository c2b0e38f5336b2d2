"""Limits by type, the volume quota and the tier's windows: what is refused, and until when."""

from __future__ import annotations

import pytest

from nautilus_lighter_nonce.lighter.codes import Code
from nautilus_lighter_nonce.loopback.config import Tier
from nautilus_lighter_nonce.loopback.venue.limits import FREE_MESSAGE
from nautilus_lighter_nonce.loopback.venue.limits import NO_QUOTA_MESSAGE
from tests.loopback import txs
from tests.loopback.bench import KEY
from tests.loopback.bench import Bench


MINUTE_MS = 60_000


# -- BY TYPE --------------------------------------------------------------------------------------


def test_tx_limits_refuse_above_the_limit_and_spend_nothing() -> None:
    """The transaction above the limit is 23000; its nonce stays free."""
    bench = Bench(tx_limits={14: 2})
    assert [bench.send(14, txs.create(n)).code for n in (1, 2, 3)] == [200, 200, 23000]
    assert bench.state.sequencer.expected(KEY) == 3


def test_tx_limits_leave_other_types_and_accounts_alone() -> None:
    """A limit on creates holds up no cancel, and no other account."""
    bench = Bench(tx_limits={14: 1})
    bench.send(14, txs.create(1))
    assert bench.send(15, txs.cancel(2, 9)).code == 200
    assert bench.send(14, txs.create(1, AccountIndex=701)).code == 200
    assert bench.send(14, txs.create(3)).code == 23000


def test_tx_limits_roll_over_after_a_minute() -> None:
    """After a minute the limit is free again."""
    bench = Bench(tx_limits={14: 1})
    bench.send(14, txs.create(1))
    assert bench.send(14, txs.create(2), ms=MINUTE_MS - 1).code == 23000
    assert bench.send(14, txs.create(2), ms=MINUTE_MS).code == 200


def test_tx_limits_count_a_batch_by_its_members() -> None:
    """A batch that does not fit is refused whole."""
    bench = Bench(tx_limits={14: 2})
    three = [txs.create(n) for n in (1, 2, 3)]
    assert bench.batch([14] * 3, three).code == 23000
    assert bench.batch([14] * 2, three[:2]).code == 200


def test_tx_limits_do_not_count_what_was_refused() -> None:
    """A stale transaction counts for nothing."""
    bench = Bench(tx_limits={14: 1})
    assert bench.send(14, txs.create(9)).code == Code.INVALID_NONCE
    assert bench.send(14, txs.create(1)).code == 200


# -- VOLUME QUOTA ---------------------------------------------------------------------------------


def test_volume_quota_is_told_and_runs_out() -> None:
    """Each create spends one, the answer says what is left, and then it is 23000."""
    bench = Bench(volume_quota=2)
    replies = [bench.send(14, txs.create(n)) for n in (1, 2, 3)]
    assert [(r.code, r.quota_remaining) for r in replies] == [(200, 1), (200, 0), (23000, None)]
    assert [r.message for r in replies] == [
        "1 volume quota remaining.",
        "0 volume quota remaining.",
        NO_QUOTA_MESSAGE,
    ]
    assert bench.state.sequencer.expected(KEY) == 3


@pytest.mark.parametrize(
    ("tx_type", "tx_info", "spends"),
    [
        (14, txs.create(1), True),
        (15, txs.cancel(1, 9), False),
        (16, txs.cancel_all(1), True),
        (17, txs.modify(1, 9, 1_000, 190_000), True),
        (20, txs.leverage(1, 500), False),
    ],
)
def test_volume_quota_by_type(tx_type: int, tx_info: str, spends: bool) -> None:
    """Creates, modifies and cancel-alls spend quota; what does not says so."""
    reply = Bench(volume_quota=9).send(tx_type, tx_info)
    assert reply.quota_remaining == (8 if spends else None)
    assert (reply.message == FREE_MESSAGE) == (not spends)


def test_volume_quota_cancel_goes_through_when_creates_do_not() -> None:
    """Without quota a cancel is still taken."""
    bench = Bench(volume_quota=1)
    bench.send(14, txs.create(1, 42))
    assert bench.send(14, txs.create(2)).code == 23000
    assert bench.send(15, txs.cancel(2, 42)).code == 200


def test_volume_quota_one_is_free_every_so_often() -> None:
    """Fifteen seconds after the last one, one transaction is free and says so."""
    bench = Bench(volume_quota=1)
    bench.send(14, txs.create(1))
    assert bench.send(14, txs.create(2), ms=14_999).code == 23000
    reply = bench.send(14, txs.create(2), ms=15_000)
    assert (reply.code, reply.message, reply.quota_remaining) == (200, FREE_MESSAGE, None)
    assert bench.send(14, txs.create(3), ms=15_001).code == 23000


def test_volume_quota_is_the_accounts_own() -> None:
    """One account's spending leaves the other's quota alone."""
    bench = Bench(volume_quota=1)
    bench.send(14, txs.create(1))
    assert bench.send(14, txs.create(1, AccountIndex=701)).quota_remaining == 0


def test_volume_quota_batch_spends_as_many_as_it_has_members() -> None:
    """A batch spends one for each member, or is refused whole."""
    bench = Bench(volume_quota=3)
    infos = [txs.create(n) for n in (1, 2)]
    assert bench.batch([14, 14], infos).quota_remaining == 1
    assert bench.batch([14, 14], [txs.create(n) for n in (3, 4)]).code == 23000


def test_volume_quota_free_one_pays_for_no_batch() -> None:
    """The free transaction is one: a batch of two that the quota does not cover is refused."""
    bench = Bench(volume_quota=1)
    assert bench.batch([14, 14], [txs.create(n) for n in (1, 2)]).code == 23000
    assert bench.batch([14], [txs.create(1)]).quota_remaining == 0


def test_volume_quota_set_anew_refills() -> None:
    """Setting the quota at run time gives it to everybody anew; ``None`` ends it."""
    bench = Bench(volume_quota=0)
    bench.send(14, txs.create(1))
    assert bench.send(14, txs.create(2)).code == 23000
    bench.set(volume_quota=5)
    assert bench.send(14, txs.create(2)).quota_remaining == 4
    bench.set(volume_quota=None)
    assert bench.send(14, txs.create(3)).message == ""


# -- TIERS ----------------------------------------------------------------------------------------


def test_tier_limits_standard_shares_sixty_requests() -> None:
    """On the Standard tier reads and sends share sixty requests a minute."""
    bench = Bench(tier=Tier.STANDARD, tier_limits=True)
    assert all(bench.engine.takes_read("nextNonce", bench.at(0)) for _ in range(59))
    assert bench.send(14, txs.create(1)).code == 200
    assert bench.send(14, txs.create(2)).code == 23000
    assert not bench.engine.takes_read("nextNonce", bench.at(MINUTE_MS - 1))
    assert bench.engine.takes_read("nextNonce", bench.at(MINUTE_MS))


def test_tier_limits_premium_weighs_reads() -> None:
    """On the other tiers reads are weighed: 24000 a minute, 300 for most of them."""
    bench = Bench(tier=Tier.PREMIUM, tier_limits=True)
    allowed = [bench.engine.takes_read("account", bench.at(0)) for _ in range(81)]
    assert (sum(allowed), allowed[-1]) == (80, False)
    assert bench.send(14, txs.create(1)).code == 200


def test_tier_limits_off_counts_nothing() -> None:
    """Without the switch there is no limit, and what was done then does not count later."""
    bench = Bench(tier=Tier.STANDARD)
    assert all(bench.engine.takes_read("account", bench.at(0)) for _ in range(100))
    bench.set(tier_limits=True)
    assert bench.engine.takes_read("account", bench.at(0))


def test_tier_limits_cap_orders_in_a_market() -> None:
    """A Standard account may have 30 orders in the book of one market; a taker is no such order."""
    bench = Bench(execution_delay_ms=0, tier=Tier.STANDARD)
    for nonce in range(1, 31):
        bench.send(14, txs.create(nonce))
    bench.run(0)
    bench.set(tier_limits=True)
    assert bench.send(14, txs.create(31)).code == Code.TOO_MANY_ORDERS_IN_MARKET
    assert bench.send(14, txs.take(31)).code == 200


def test_tier_limits_cap_orders_that_wait_for_a_trigger() -> None:
    """A Standard account may have 10 waiting orders in one market."""
    bench = Bench(execution_delay_ms=0, tier=Tier.STANDARD)
    stop = {"Type": 2, "TimeInForce": 0, "TriggerPrice": 180_000}
    for nonce in range(1, 11):
        bench.send(14, txs.create(nonce, **stop))
    bench.run(0)
    bench.set(tier_limits=True)
    assert bench.send(14, txs.create(11, **stop)).code == Code.TOO_MANY_PENDING_IN_MARKET
    assert bench.send(14, txs.create(11)).code == 200


def test_tier_limits_count_resting_and_waiting_orders_apart() -> None:
    """Orders in the book take no place of those that wait for a trigger, nor the other way."""
    bench = Bench(execution_delay_ms=0, tier=Tier.STANDARD)
    stop = {"Type": 2, "TimeInForce": 0, "TriggerPrice": 180_000}
    for nonce in range(1, 21):
        bench.send(14, txs.create(nonce))
    for nonce in range(21, 30):
        bench.send(14, txs.create(nonce, **stop))
    bench.run(0)
    bench.set(tier_limits=True)
    assert bench.send(14, txs.create(30, **stop)).code == 200
    assert bench.send(14, txs.create(31)).code == 200
