"""`python -m benchmarks`: run the cases, print the tables."""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path
from typing import Final

import msgspec
from rich.console import Console
from rich.live import Live

from benchmarks import cases
from benchmarks import tables
from benchmarks.cases import Case
from benchmarks.load import Job
from benchmarks.rows import Row
from benchmarks.rows import as_told
from benchmarks.rows import make_row
from benchmarks.stalls import Sleeper
from benchmarks.stalls import longest_ms
from benchmarks.worker import MODULES
from benchmarks.worker import Worker
from benchmarks.worker import WorkerError
from nautilus_lighter_nonce.loopback.keys import DEMO_ACCOUNT_INDEX
from nautilus_lighter_nonce.loopback.process import VenueProcess


DEFAULT_CLIENTS: Final = "sdk,lane,node"
DRAIN_SECS: Final = 2.0
TABLES: Final = (
    ("No fault", tables.SPEED_COLUMNS),
    ("One fault each, 20 ms round trip", tables.TRUTH_COLUMNS),
)


def main(arguments: list[str] | None = None) -> int:
    """Run what the command line names; return 1 if something could not be measured."""
    options = _options(arguments)
    console = Console(highlight=False)
    header = ", ".join(" ".join(item) for item in tables.environment().items())
    console.print(header, soft_wrap=True)
    workers = {client: Worker(client) for client in options.clients}
    rows: list[Row] = []
    try:
        for (title, columns), table in zip(TABLES, options.tables, strict=True):
            lines = _measure_table(table, workers, options.profile)
            rows += [row for _, row in lines]
            if lines:
                console.print()
                tables.show(console, tables.make_table(_title(title, table), columns, lines))
    finally:
        for worker in workers.values():
            worker.close()
    console.print(f"\n{tables.LEGEND}")
    if options.json is not None:
        report = {"environment": tables.environment(), "rows": rows}
        options.json.write_bytes(msgspec.json.format(msgspec.json.encode(report)))
    return 0 if len(rows) == len(workers) * sum(map(len, options.tables)) else 1


def _measure_table(
    table: list[Case], workers: dict[str, Worker], profiles: Path | None
) -> list[tuple[str, Row]]:
    """Measure every case with one client after the other, so that all meet the same noise."""
    lines = []
    console = Console(stderr=True)
    for case in table:
        for client, worker in workers.items():
            # No spinner: this process is to be idle while a client runs.
            name = f"{case.name}: {client}"
            with Live(name, console=console, auto_refresh=False, transient=True):
                row = _measure(case, client, worker, profiles)
            if row is not None:
                lines.append((cases.ABOUT[case.name], row))
    return lines


def _measure(case: Case, client: str, worker: Worker, profiles: Path | None) -> Row | None:
    orders = case.count_for(is_serial=client.startswith("sdk"))
    with VenueProcess(case.venue()) as venue:
        for lever in case.armed(orders):
            venue.control(lever)
        cpu_secs = _cpu_secs(venue.pid)
        job = Job(
            client=client,
            http_url=venue.http_url,
            ws_url=venue.ws_url,
            orders=orders,
            callers=cases.CALLERS,
            rate=case.rate,
            profile=None if profiles is None else str(profiles / f"{case.name}-{client}.prof"),
        )
        try:
            with Sleeper() as sleeper:
                outcome = worker.ask(job)
        except WorkerError as e:
            print(f"{case.name} {client} was not measured:\n{e}", file=sys.stderr)
            return None
        cpu_secs = _cpu_secs(venue.pid) - cpu_secs
        _drain(venue)
        judgement = venue.summary(as_told(outcome.orders, DEMO_ACCOUNT_INDEX))
        noise_ms = longest_ms(sleeper.naps, outcome.began_ns, outcome.ended_ns)
        ledger = venue.ledger()
        return make_row(case.name, client, outcome, ledger, judgement, cpu_secs, noise_ms)


def _drain(venue: VenueProcess) -> None:
    """Wait until everything accepted has been executed."""
    deadline = time.monotonic() + DRAIN_SECS
    while venue.summary()["pending"] and time.monotonic() < deadline:
        time.sleep(0.05)


def _cpu_secs(pid: int | None) -> float:
    """Return the processor time of another process, 0.0 where there is no /proc."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _title(title: str, table: list[Case]) -> str:
    rate = table[0].rate
    closed = f"{cases.CALLERS} concurrent callers, each waits for its verdict"
    return f"{title}: {closed if rate is None else f'{rate:g} orders per second are offered'}"


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--cases", help="names or beginnings of names, e.g. clean,refused")
    parser.add_argument("--orders", type=int, help="orders of every case and client")
    parser.add_argument("--rate", type=float, help="orders offered per second; 0: closed loop")
    parser.add_argument("--json", type=Path, help="write all figures to this file too")
    parser.add_argument("--profile", type=Path, help="write a cProfile of each job to this folder")
    parser.add_argument(
        "--clients",
        default=DEFAULT_CLIENTS,
        help=f"some of {', '.join(MODULES)} (default {DEFAULT_CLIENTS})",
    )
    options = parser.parse_args(arguments)
    options.clients = options.clients.split(",")
    if unknown := set(options.clients) - set(MODULES):
        parser.error(f"there is no client {', '.join(sorted(unknown))}")
    try:
        options.tables = cases.selected(options.cases, options.orders, options.rate)
    except ValueError as e:
        parser.error(str(e))
    return options


if __name__ == "__main__":
    sys.exit(main())
