"""What callers were told, against what the venue did."""

from __future__ import annotations

from typing import Any

import pytest

from nautilus_lighter_nonce.loopback.venue.faults import Fault
from nautilus_lighter_nonce.loopback.venue.judgement import Told
from nautilus_lighter_nonce.loopback.venue.judgement import claims_of
from tests.loopback import txs
from tests.loopback.bench import Bench
from tests.loopback.plays import COI
from tests.loopback.plays import canceled
from tests.loopback.plays import failed
from tests.loopback.plays import filled
from tests.loopback.plays import never_sent
from tests.loopback.plays import partly_filled
from tests.loopback.plays import post_only_that_crosses
from tests.loopback.plays import refused
from tests.loopback.plays import resting
from tests.loopback.plays import self_traded


ABSENT = ["accepted", "open", "filled", "rejected", "denied", "canceled", "expired"]


def judged(bench: Bench, told: str, **fields: Any) -> dict[str, Any]:
    """Return the judgement of one claim about order 42."""
    claim = {"account_index": 700, "client_order_index": COI, "told": told}
    return bench.engine.summary(claims_of([claim | fields]))


def words(bench: Bench, told: str, **fields: Any) -> list[str]:
    """Return the words that fit what was told of order 42."""
    names = ("lost", "misreported", "undecided", "unresolved", "untold")
    summary = judged(bench, told, **fields)
    return [name for name in names if summary[name]]


# -- WHAT FITS ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("venue", "fitting"),
    [
        (resting, "accepted open"),
        (filled, "accepted filled"),
        (canceled, "accepted canceled expired"),
        (partly_filled, "accepted canceled expired"),
        (self_traded, "accepted canceled expired"),
        (post_only_that_crosses, "accepted rejected denied canceled expired"),
        (refused, "rejected denied canceled expired"),
        (never_sent, "rejected denied canceled expired"),
    ],
)
def test_judge_told_is_misreported_only_where_it_is_not_so(venue: Any, fitting: str) -> None:
    """Each word is right for what it means, and for nothing else."""
    bench = venue()

    right = [told for told in ABSENT if not judged(bench, told)["misreported"]]

    assert right == [told for told in ABSENT if told in fitting.split()]


def test_judge_names_what_was_told_and_what_is_true() -> None:
    """A misreport says both, so that nobody has to look for it."""
    bench = filled()
    (row,) = judged(bench, "rejected", filled="0")["misreported"]
    (entry,) = bench.entries
    assert entry.order is not None

    assert row == {
        "account_index": 700,
        "client_order_index": COI,
        "copies": 1,
        "told": "rejected",
        "told_filled": "0",
        "told_average": None,
        "told_price": None,
        "told_quantity": None,
        "truth": "filled",
        "order_index": entry.order.order_index,
        "status": "filled",
        "price": "2100.00",
        "quantity": "0.1000",
        "filled": "0.1000",
        "filled_quote": "200.050000",
    }


def test_judge_order_that_lived_and_that_the_venue_ended_was_not_rejected() -> None:
    """The venue's reason for the end is no refusal of what rested before."""
    (row,) = judged(self_traded(), "rejected")["misreported"]
    assert (row["truth"], row["status"]) == ("canceled", "canceled-self-trade")


def test_judge_rejected_order_that_lived_and_was_canceled_is_misreported() -> None:
    """The end of an order does not make a lie about its life true."""
    assert words(canceled(), "rejected") == ["misreported"]


@pytest.mark.parametrize(
    ("amounts", "is_right"),
    [
        ({"filled": "0.1"}, True),
        ({"filled": "0.1000"}, True),
        ({"filled": "0.04"}, False),
        ({"filled": "0"}, False),
        ({"filled": "0.1", "average": "2000.50"}, True),
        ({"filled": "0.1", "average": "2000.51"}, True),  # rounded
        ({"filled": "0.1", "average": "2000.00"}, False),
    ],
)
def test_judge_told_amounts_are_compared(amounts: dict[str, str], is_right: bool) -> None:
    """Another amount or another average price than was traded is a misreport."""
    assert (words(filled(), "filled", **amounts) == []) is is_right


def test_judge_told_amount_of_a_canceled_order_is_compared() -> None:
    """Canceled is right, and hides no fill."""
    bench = partly_filled()
    assert words(bench, "canceled", filled="0.04") == []
    assert words(bench, "canceled", filled="0") == ["misreported"]


def test_judge_order_that_executed_twice_has_both_fills() -> None:
    """Who was told of one execution was not told of the other."""
    bench = filled()
    bench.send(14, txs.take(2, COI), ms=60)
    bench.run(100)

    summary = judged(bench, "filled", filled="0.1")

    twice = {"account_index": 700, "client_order_index": COI, "times": 2}
    assert summary["doubled"] == [twice]
    assert [row["filled"] for row in summary["misreported"]] == ["0.2000"]


@pytest.mark.parametrize(
    ("terms", "is_right"),
    [
        ({"price": "1900", "quantity": "0.1"}, True),
        ({"price": "1900.01"}, False),
        ({"quantity": "0.2"}, False),
    ],
)
def test_judge_told_terms_of_an_open_order_are_compared(
    terms: dict[str, str], is_right: bool
) -> None:
    """Who believes in another price or quantity was told what is not so."""
    assert (words(resting(), "open", **terms) == []) is is_right


def test_judge_terms_of_an_order_that_has_ended_are_nobodys_business() -> None:
    """An amend that came too late changes nothing about the end."""
    assert words(canceled(), "canceled", price="1", quantity="1") == []


def test_judge_terms_after_an_amend_are_the_new_ones() -> None:
    """What is compared is the order as it is now."""
    bench = resting()
    bench.send(17, txs.modify(2, COI, 2_000, 185_000), ms=60)
    bench.run(100)
    assert words(bench, "open", price="1850.00", quantity="0.2") == []
    assert words(bench, "open", price="1900.00", quantity="0.1") == ["misreported"]


def test_judge_lists_every_order_of_the_claims_with_its_truth() -> None:
    """Whoever counts orders takes the truth from here, whatever was told."""
    summary = judged(resting(), "in_flight")
    (row,) = summary["orders"]
    assert (row["told"], row["truth"], row["price"]) == ("in_flight", "open", "1900.00")
    assert [r["truth"] for r in judged(never_sent(), "rejected")["orders"]] == ["never"]


# -- LOST -----------------------------------------------------------------------------------------


def test_judge_order_that_was_never_made_is_lost_unless_the_caller_waits_or_canceled() -> None:
    """Lost is what the caller wanted and did not get, without the venue's doing."""
    bench = Bench()
    bench.send(14, txs.create(9, COI))

    lost = [told.value for told in Told if judged(bench, told.value)["lost"]]

    assert lost == ["accepted", "open", "filled", "rejected", "denied", "expired", "nothing"]


@pytest.mark.parametrize(
    ("venue", "found"),
    [
        (never_sent, ["lost", "misreported"]),
        (refused, ["misreported"]),
        (canceled, []),
        (post_only_that_crosses, []),
    ],
)
def test_judge_canceled_that_nobody_asked_for_is_no_excuse(venue: Any, found: list[str]) -> None:
    """An order that was wanted to the end and was not made was not canceled."""
    assert words(venue(), "canceled", asked_cancel=False) == found


@pytest.mark.parametrize("venue", [resting, filled, canceled, refused, post_only_that_crosses])
def test_judge_order_that_was_made_or_refused_is_not_lost(venue: Any) -> None:
    """What the venue made, or refused for a reason of its own, is no loss."""
    assert judged(venue(), "rejected")["lost"] == []


def test_judge_rate_limited_order_is_lost() -> None:
    """A limit says "later", not "never": who gives up then has lost it himself."""
    bench = Bench()
    bench.arm(Fault.RATE_LIMIT)
    bench.send(14, txs.create(1, COI))
    assert words(bench, "rejected") == ["lost"]


def test_judge_refusal_whose_answer_was_lost_is_a_refusal() -> None:
    """What counts is what the venue decided, not what came through."""
    bench = Bench()
    bench.arm(Fault.DROP_REPLY)
    bench.send(14, txs.create(1, COI, MarketIndex=77))
    assert words(bench, "rejected") == []


def test_judge_failed_order_is_refused() -> None:
    """The sequencer's refusal spends the nonce and is a refusal."""
    assert words(failed(), "rejected") == []


def test_judge_vanished_order_is_refused_and_its_follower_is_not() -> None:
    """The venue dropped the one for its own sake; the other only stood behind it."""
    bench = Bench(execution_delay_ms=1)
    bench.arm(Fault.VANISH)
    bench.send(14, txs.create(1, COI))
    bench.send(14, txs.create(2, COI + 1))
    bench.run(50)

    assert words(bench, "rejected") == []
    assert words(bench, "rejected", client_order_index=COI + 1) == ["lost"]


def test_judge_member_of_a_refused_batch_is_refused() -> None:
    """A batch is refused as a whole: its last word to all of its members."""
    bench = Bench()
    bench.batch([14, 14], [txs.create(1, COI), txs.create(2, MarketIndex=77)])
    assert words(bench, "rejected") == []


def test_judge_member_of_a_refused_batch_that_was_written_again_is_not_refused() -> None:
    """A mate's refusal is no excuse once the member went on alone."""
    bench = Bench()
    bench.batch([14, 14], [txs.create(1, COI), txs.create(2, MarketIndex=77)])
    bench.send(14, txs.create(9, COI))
    assert words(bench, "rejected") == ["lost"]


def test_judge_single_refusal_before_a_stale_copy_stays_a_refusal() -> None:
    """A copy that comes later, from a line that was held, takes nothing back."""
    bench = refused()
    bench.send(14, txs.create(9, COI))
    assert words(bench, "rejected") == []


# -- OPEN QUESTIONS -------------------------------------------------------------------------------


@pytest.mark.parametrize("told", ABSENT)
def test_judge_accepted_and_not_executed_order_is_undecided(told: str) -> None:
    """As long as a copy may still be executed, nothing is known."""
    bench = Bench(execution_delay_ms=1_000)
    bench.send(14, txs.create(1, COI))
    assert words(bench, told) == ["undecided"]


@pytest.mark.parametrize("venue", [resting, filled, canceled, refused, never_sent])
def test_judge_order_in_flight_is_unresolved_whatever_is_true(venue: Any) -> None:
    """Who was told nothing was not lied to."""
    assert words(venue(), "in_flight") == ["unresolved"]


@pytest.mark.parametrize("venue", [resting, filled, canceled, refused])
def test_judge_order_that_was_never_told_of_is_unresolved(venue: Any) -> None:
    """Who was told nothing to the end was not lied to either."""
    assert words(venue(), "nothing") == ["unresolved"]


def test_judge_order_that_was_never_made_nor_told_of_is_lost_and_unresolved() -> None:
    """Nobody waits for it any more: what was wanted did not come."""
    assert words(never_sent(), "nothing") == ["lost", "unresolved"]


def test_judge_order_that_was_never_told_of_and_is_pending_is_not_lost() -> None:
    """It may still come."""
    bench = Bench(execution_delay_ms=1_000)
    bench.send(14, txs.create(1, COI))
    assert words(bench, "nothing") == ["unresolved"]


def test_judge_order_that_nobody_was_told_of_is_untold() -> None:
    """A living order that no claim names is one that nobody knows of."""
    bench = resting()
    bench.send(14, txs.create(2, COI + 1), ms=60)
    bench.send(14, txs.create(3, COI + 2, MarketIndex=77), ms=60)
    bench.run(100)

    (row,) = judged(bench, "open")["untold"]

    assert (row["client_order_index"], row["truth"]) == (COI + 1, "open")


def test_judge_orders_of_accounts_without_claims_are_nobodys_business() -> None:
    """A judgement is about the callers that speak in it."""
    bench = resting()
    bench.send(14, txs.create(1, COI, AccountIndex=701), ms=60)
    bench.run(100)
    assert words(bench, "open") == []


def test_judge_second_claim_about_an_order_replaces_the_first() -> None:
    """What a caller was told last counts."""
    bench = resting()
    claim = {"account_index": 700, "client_order_index": COI}
    claims = claims_of([claim | {"told": "rejected"}, claim | {"told": "accepted"}])
    assert bench.engine.summary(claims)["misreported"] == []


def test_summary_without_claims_judges_nobody() -> None:
    """Nothing told is not the same as told nothing."""
    assert "lost" not in resting().engine.summary()


@pytest.mark.parametrize(
    "change",
    [{"told": "maybe"}, {"client_order_index": 0}, {"filled": "much"}, {"filed": "0"}],
    ids=str,
)
def test_claims_of_what_is_no_claim_raises_value_error(change: dict[str, Any]) -> None:
    """A claim that cannot be read is not passed over."""
    claim = {"account_index": 700, "client_order_index": COI, "told": "open"}
    with pytest.raises(ValueError, match=r"told|client_order_index|filled|filed"):
        claims_of([claim | change])
