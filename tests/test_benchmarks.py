"""The benchmarks: judgement, tables, choice of cases, and one very small run."""

from __future__ import annotations

import ast
import re
from io import StringIO
from pathlib import Path
from typing import Any

import msgspec
import pytest
from rich.console import Console

from benchmarks import cases
from benchmarks import tables
from benchmarks.__main__ import main
from benchmarks.clients import lane
from benchmarks.clients.heals import TOPIC
from benchmarks.clients.heals import noted_heals
from benchmarks.clients.lane import PlacedOrder
from benchmarks.load import Heal
from benchmarks.load import Order
from benchmarks.load import Outcome
from benchmarks.load import Told
from benchmarks.rows import Row
from benchmarks.rows import as_told
from benchmarks.rows import make_row
from benchmarks.rows import quantile_ms
from benchmarks.stalls import LoopWatch
from benchmarks.stalls import Nap
from benchmarks.stalls import longest_ms
from nautilus_lighter_nonce.core.decisions import RebaseSource
from nautilus_lighter_nonce.events import LaneHealed
from nautilus_lighter_nonce.lighter.codes import Code
from nautilus_lighter_nonce.loopback.venue.faults import Fault
from nautilus_lighter_nonce.loopback.venue.judgement import claims_of
from tests.loopback import txs
from tests.loopback.bench import Bench


MS = 1_000_000
SECS = 1_000_000_000


def executed(*indexes: int) -> Bench:
    """Return a venue that executed these orders, in this order."""
    bench = Bench(execution_delay_ms=1)
    for nonce, index in enumerate(indexes, start=1):
        bench.send(14, txs.create(nonce, index))
    bench.run(50)
    return bench


def judged(bench: Bench, *told: Told, **outcome: Any) -> Row:
    """Return the row of orders 1, 2, ... that were told so."""
    orders = [
        Order(index=index, due_ns=MS, verdict_ns=(index + 1) * MS, told=said)
        for index, said in enumerate(told, start=1)
    ]
    return judge_orders(bench, orders, **outcome)


def judge_orders(bench: Bench, orders: list[Order], **outcome: Any) -> Row:
    """Return the row of these orders."""
    judgement = bench.engine.summary(claims_of(as_told(orders, 700)))
    ledger = bench.engine.ledger_json()
    return make_row("case", "lane", Outcome(orders=orders, **outcome), ledger, judgement)


def hash_of(bench: Bench, index: int) -> str:
    """Return the hash of the transaction that created an order."""
    (row,) = (row for row in bench.engine.ledger_json() if row["index"] == index)
    return str(row["tx_hash"])


def unknown(index: int, truth_ns: int, told: Told = Told.ACCEPTED) -> Order:
    """Return an order that was unknown at first."""
    return Order(index=index, due_ns=MS, truth_ns=truth_ns, told=told, was_unknown=True)


def test_judge_order_that_executed_though_told_no_is_misreported() -> None:
    """A definite no to an order that is live is a lie, and so is a yes to one that never was."""
    row = judged(executed(1), Told.FAILED, Told.ACCEPTED)
    assert (row.misreported, row.landed, row.lost) == (2, 1, 1)


def test_judge_order_that_the_venue_refused_is_not_lost() -> None:
    """A margin refusal is the venue's business; nonce errors, rate limits and 5xx are not."""
    bench = Bench(execution_delay_ms=1)
    bench.arm(Fault.REFUSE, code=int(Code.NOT_ENOUGH_MARGIN))
    bench.send(14, txs.create(1, 1))
    bench.send(14, txs.create(9, 2))
    bench.arm(Fault.RATE_LIMIT)
    bench.send(14, txs.create(1, 3))
    bench.arm(Fault.FAIL)
    bench.send(14, txs.create(1, 4))
    bench.arm(Fault.SERVER_ERROR, processed=False)
    bench.send(14, txs.create(2, 5))
    bench.run(50)
    row = judged(bench, *[Told.FAILED] * 5)
    assert (row.refused, row.lost, row.misreported) == (2, 3, 0)


def test_judge_order_that_was_sent_again_counts_once() -> None:
    """What finally executed is neither refused nor lost, whatever its first copy met."""
    bench = Bench(execution_delay_ms=1)
    bench.send(14, txs.create(9, 1))
    bench.send(14, txs.create(1, 1))
    bench.run(50)
    row = judged(bench, Told.ACCEPTED)
    assert (row.landed, row.refused, row.lost, row.accepted_twice) == (1, 0, 0, 0)


def test_judge_order_that_was_accepted_twice_is_doubled_only_if_it_executed_twice() -> None:
    """The venue takes a second copy while the first lives, and then has no use for it."""
    bench = executed(1, 1)
    row = judged(bench, Told.ACCEPTED)
    assert (row.doubled, row.accepted_twice) == (0, 1)
    bench.send(15, txs.cancel(3, 1), ms=60)
    bench.send(14, txs.create(4, 1), ms=70)
    bench.run(100)
    row = judged(bench, Told.ACCEPTED)
    assert (row.doubled, row.accepted_twice) == (1, 1)


def test_judge_order_that_was_never_made_nor_told_of_is_lost_and_unresolved() -> None:
    """A client that is done sends nothing again: silence at the end is no waiting."""
    row = judged(Bench(), Told.UNKNOWN)
    assert (row.lost, row.unresolved, row.misreported) == (1, 1, 0)


def test_judge_order_that_is_still_pending_is_unresolved() -> None:
    """What the venue has not decided is neither lost nor misreported."""
    bench = Bench(execution_delay_ms=1_000)
    bench.send(14, txs.create(1, 1))
    row = judged(bench, Told.ACCEPTED)
    assert (row.unresolved, row.lost, row.misreported, row.landed) == (1, 0, 0, 0)


def test_judge_order_whose_caller_was_told_nothing_is_unresolved() -> None:
    """Silence is no lie, but it is counted."""
    row = judged(executed(1), Told.UNKNOWN)
    assert (row.unresolved, row.misreported, row.landed) == (1, 0, 1)


def test_judge_verdict_known_by_hash_is_joined_through_the_ledger() -> None:
    """A client that knows its verdicts by transaction hash only has waits all the same."""
    bench = executed(1)
    row = judged(bench, Told.ACCEPTED, verdicts={hash_of(bench, 1): 6 * MS})
    assert row.p50_ms == 5.0


@pytest.mark.parametrize(("wait_ns", "late"), [(3 * SECS, 0), (3 * SECS + 1, 1)])
def test_judge_unknown_order_whose_truth_came_after_3_s_is_late(wait_ns: int, late: int) -> None:
    """The caller may be in doubt for three seconds from the moment an order was due."""
    assert judge_orders(executed(1), [unknown(1, MS + wait_ns)]).late == late


def test_judge_unknown_order_that_ended_with_a_lie_is_late() -> None:
    """What the ledger contradicts is not the truth, however early it was said."""
    orders = [unknown(1, 2 * MS, Told.FAILED), unknown(2, 2 * MS), unknown(3, 2 * MS, Told.FAILED)]
    row = judge_orders(executed(1), orders)
    assert (row.late, row.misreported, row.truth_p99_ms) == (2, 2, 1.0)


def test_judge_order_whose_caller_was_told_nothing_is_late() -> None:
    """No verdict at all is no better than an unknown one."""
    row = judged(executed(1), Told.UNKNOWN)
    assert (row.late, row.truth_p99_ms) == (1, None)


def test_judge_order_that_only_waited_long_is_not_late() -> None:
    """A queue is in `truth` and not in `late`: nobody said "unknown"."""
    orders = [Order(index=1, due_ns=MS, truth_ns=MS + 4 * SECS, told=Told.ACCEPTED)]
    row = judge_orders(executed(1), orders)
    assert (row.late, row.truth_p99_ms) == (0, 4_000.0)


def test_judge_unknown_known_by_hash_is_its_order_s_alone() -> None:
    """The ledger names the owner of a copy whose reply, or whose request, was lost."""
    orders = [Order(index=i, due_ns=MS, truth_ns=MS + 4 * SECS, told=Told.ACCEPTED) for i in (1, 2)]
    bench = executed(1, 2)
    row = judge_orders(bench, orders, unknowns={hash_of(bench, 2): 2 * MS})
    assert [order.was_unknown for order in orders] == [False, True]
    assert row.late == 1


def test_judge_unknown_in_no_ledger_is_every_order_s_that_waited() -> None:
    """Nobody knows whose copy a broken connection swallowed: no waiting order is excused."""
    orders = [
        Order(index=1, due_ns=1 * MS, truth_ns=4 * MS, told=Told.ACCEPTED),
        Order(index=2, due_ns=2 * MS, truth_ns=9 * MS, told=Told.ACCEPTED),
        Order(index=3, due_ns=3 * MS),
        Order(index=4, due_ns=6 * MS, truth_ns=9 * MS, told=Told.ACCEPTED),
    ]
    judge_orders(executed(1, 2, 4), orders, unknowns={"swallowed": 5 * MS})
    assert [order.was_unknown for order in orders] == [False, True, True, False]


def test_judge_heals_are_told_apart_by_their_source() -> None:
    """A heal that asks the venue may take longer, so each has its own longest time."""
    inferred, refreshed = RebaseSource.INFERRED, RebaseSource.REFRESHED
    given = [(inferred, 20.0), (refreshed, 390.0), (inferred, 40.0), (refreshed, 370.0)]
    heals = [Heal(source=source, frozen_ms=frozen_ms) for source, frozen_ms in given]
    row = judged(executed(1), Told.ACCEPTED, heals=heals)
    assert (row.heals, row.heal_inferred_ms, row.heal_asked_ms) == (4, 40.0, 390.0)


@pytest.mark.parametrize(("heals", "expected"), [(None, None), ([], 0)])
def test_judge_no_heals_is_zero_only_where_there_is_a_lane(
    heals: list[Heal] | None, expected: int | None
) -> None:
    """A client without a lane does not heal in no time."""
    row = judged(executed(1), Told.ACCEPTED, heals=heals)
    assert (row.heals, row.heal_inferred_ms, row.heal_asked_ms) == (expected, None, None)


def test_noted_heals_are_those_on_the_bus() -> None:
    """Source and duration are taken as the component announces them."""
    bus = StubBus()
    heals = noted_heals(bus)
    times: dict[str, Any] = {
        "account_index": 700,
        "api_key_index": 5,
        "ts_event": 1,
        "frozen_ms": 12.5,
    }
    bus.handlers[TOPIC](LaneHealed(next_nonce=3, source="inferred", cause="hole", **times))
    assert heals == [Heal(source=RebaseSource.INFERRED, frozen_ms=12.5)]


class StubBus:
    """A message bus that only remembers who listens."""

    def __init__(self) -> None:
        self.handlers: dict[str, Any] = {}

    def subscribe(self, topic: str, handler: Any) -> None:
        """Remember a listener."""
        self.handlers[topic] = handler


async def test_tell_another_truth_moves_its_time_and_not_the_verdict_s() -> None:
    """An acceptance that proved wrong was not the truth; one said twice was, the first time."""
    order = Order(index=1, told=Told.ACCEPTED, verdict_ns=1, truth_ns=1)
    placed = PlacedOrder(order)
    placed.tell(Told.ACCEPTED)
    assert (order.verdict_ns, order.truth_ns) == (1, 1)
    placed.on_dropped("why")
    assert order.verdict_ns == 1
    assert order.truth_ns > 1


async def test_on_doubt_after_something_definite_leaves_no_doubt() -> None:
    """Only an order whose caller knew nothing yet was unknown at first."""
    known, silent = Order(index=1, told=Told.ACCEPTED), Order(index=2)
    for order in (known, silent):
        PlacedOrder(order).on_doubt()
    assert (known.was_unknown, silent.was_unknown) == (False, True)


def test_lane_client_sends_by_the_shipped_outbox_and_its_shell_alone() -> None:
    """What is measured is what is shipped: no nonce is taken or given back by hand."""
    source = Path(lane.__file__).read_text()
    names = {
        node.module
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.ImportFrom) and node.module is not None
    }
    assert "nautilus_lighter_nonce.dispatch.dispatcher" in names
    assert not [name for name in names if name.startswith("nautilus_lighter_nonce.core")]
    assert not re.findall(r"next_nonce|ack_|\.issue\(|send_tx", source)


def test_tick_keeps_the_longest_standstill_and_the_most_work() -> None:
    """Each is the worst of all naps, and the 2 ms that were wanted are no standstill."""
    watch = LoopWatch(1.0, 0.5)
    for wall, processor in ((1.002, 0.501), (1.014, 0.502), (1.017, 0.505), (1.019, 0.505)):
        watch.tick(wall, processor)
    assert watch.stall_secs == pytest.approx(0.010)
    assert watch.busy_secs == pytest.approx(0.003)


def test_longest_ms_counts_naps_of_the_measured_time_only() -> None:
    """What the machine did while a client was being imported is not held against its run."""
    naps = [Nap(1, 0.9), Nap(2, 0.001), Nap(3, 0.004), Nap(4, 0.9)]
    assert longest_ms(naps, 2, 3) == 4.0
    assert longest_ms([], 2, 3) == 0.0


@pytest.mark.parametrize(("share", "expected"), [(0.5, 2.0), (0.99, 4.0), (0.0, 1.0)])
def test_quantile_of_few_values_is_one_of_them(share: float, expected: float) -> None:
    """Nearest rank: no value is made up."""
    assert quantile_ms([4 * MS, 1 * MS, 3 * MS, 2 * MS], share) == expected
    assert quantile_ms([], share) is None


def test_show_on_a_narrow_terminal_cuts_nothing() -> None:
    """Every heading and every figure is there, on one line per client."""
    console = Console(width=40, record=True, file=StringIO())
    row = judged(executed(1), Told.ACCEPTED)
    tables.show(console, tables.make_table("Title", tables.TRUTH_COLUMNS, [("a case", row)]))
    text = console.export_text()
    assert "…" not in text
    assert all(part in text for name in tables.TRUTH_COLUMNS for part in name.split("\n"))


def test_make_table_client_without_a_lane_has_empty_heals() -> None:
    """Empty is not none: a dash says that there was nothing to heal."""
    cells = {
        client: tables.make_table("Title", ["heals"], [("a case", row)]).columns[1]
        for client, row in (
            ("sdk", judged(executed(1), Told.ACCEPTED)),
            ("lane", judged(executed(1), Told.ACCEPTED, heals=[])),
        )
    }
    assert [list(cells[client].cells)[-1] for client in ("sdk", "lane")] == ["", "-"]


def test_selected_takes_beginnings_of_names_and_changes() -> None:
    """`--cases clean --orders 7 --rate 0` means what it says."""
    clean, faults = cases.selected("clean", 7, 0.0)
    assert [case.name for case in clean] == ["clean-0ms", "clean-20ms", "clean-100ms"]
    assert not faults
    assert all(case.count_for(is_serial=True) == 7 and case.rate is None for case in clean)


def test_selected_unknown_name_says_what_there_is() -> None:
    """A typing error is answered with the names."""
    with pytest.raises(ValueError, match="refused-lag"):
        cases.selected("refusde", None, None)


def test_every_case_is_described_and_its_levers_are_whole() -> None:
    """No case without a heading, and none whose lever still has a word for a number."""
    for case in (*cases.CLEAN, *cases.FAULTS):
        assert cases.ABOUT[case.name]
        assert all("third" not in str(lever.values()) for lever in case.armed(30))


@pytest.mark.parametrize("wrong", [["--cases", "refusde"], ["--clients", "lane,ccxt"]])
def test_main_unknown_name_is_a_usage_error(wrong: list[str]) -> None:
    """Nothing is measured for a typing error."""
    with pytest.raises(SystemExit, match="2"):
        main(wrong)


def test_main_writes_rows_of_a_very_small_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Venue, worker, judgement, table and file in one go."""
    file = tmp_path / "report.json"
    code = main(["--cases", "clean-0", "--orders", "3", "--clients", "lane", "--json", str(file)])
    report = msgspec.json.decode(file.read_bytes())
    assert code == 0
    assert [(row["client"], row["landed"]) for row in report["rows"]] == [("lane", 3)]
    assert "ours, lane" in capsys.readouterr().out
