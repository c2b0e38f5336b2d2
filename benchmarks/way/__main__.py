"""
`python -m benchmarks.way`: `submit_order` to `on_order_accepted`, beside Nautilus 2's client.

Rules of this file
------------------
- Both trade on a venue of the same kind without round trip or delay, in turns, in one run: the
  noise meets both. A client that is not installed is named (`make clients` installs it).
- Processor time is that of the client's whole process, all threads, divided by its orders.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any
from typing import Final

import msgspec
from rich.console import Console
from rich.table import Table

from benchmarks.rows import quantile_ms
from benchmarks.tables import environment
from benchmarks.tables import show
from nautilus_lighter_nonce.loopback import DEMO_PRIVATE_KEY
from nautilus_lighter_nonce.loopback import VenueConfig
from nautilus_lighter_nonce.loopback import VenueProcess
from nautilus_lighter_nonce.loopback.keys import DEMO_ACCOUNT_INDEX
from nautilus_lighter_nonce.loopback.keys import DEMO_API_KEY_INDEX


HERE: Final = Path(__file__).resolve().parent
RC7: Final = HERE.parents[1] / ".venv-clients" / "rc7" / "bin" / "python"
CLIENTS: Final = {"ours, TradingNode": ("ours", Path(sys.executable)), "Nautilus 2": ("rc7", RC7)}
PATIENCE_SECS: Final = 120.0
WARM_UP: Final = 100


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print; return 1 if a client that is installed could not be measured."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.way")
    parser.add_argument("--orders", type=int, default=1_000, help="orders of each turn")
    parser.add_argument("--turns", type=int, default=3, help="turns of each client")
    parser.add_argument("--rate", type=float, default=200.0, help="orders a second")
    options = parser.parse_args(arguments)
    console = Console(highlight=False)
    console.print(", ".join(" ".join(item) for item in environment().items()), soft_wrap=True)
    table = Table("client", "turn", "orders", "p50 ms", "p90", "p99", "cpu ms per order", box=None)
    medians: dict[str, list[tuple[float, float]]] = {}
    failed = False
    for turn in range(1, options.turns + 1):
        for name, (script, python) in CLIENTS.items():
            if not python.exists():
                console.print(f"{name}: not installed; run `make clients`")
                continue
            told = _play(script, python, options.orders, options.rate)
            if told["problems"]:
                console.print(f"{name}: {told['problems'][0]}", style="red")
                failed = True
                continue
            ways, cpu_ms = sorted(told["ways_ns"]), told["cpu_ns"] / 1e6 / len(told["ways_ns"])
            quantiles = [quantile_ms(ways, share) for share in (0.5, 0.9, 0.99)]
            figures = [f"{figure:.2f}" for figure in (*quantiles, cpu_ms)]
            table.add_row(name, str(turn), str(len(ways)), *figures)
            medians.setdefault(name, []).append((median(ways) / 1e6, cpu_ms))
    show(console, table)
    if len(medians) == len(CLIENTS):
        console.print(_ratios(*medians.values()))
    return int(failed)


def _ratios(ours: list[tuple[float, float]], theirs: list[tuple[float, float]]) -> str:
    """Return the medians of all turns, ours over theirs."""
    ways, cpus = (
        median(turn[at] for turn in ours) / median(turn[at] for turn in theirs) for at in (0, 1)
    )
    return f"ours over theirs, medians of the turns: p50 {ways:.2f}, cpu {cpus:.2f}"


def _play(script: str, python: Path, orders: int, rate: float) -> dict[str, Any]:
    with VenueProcess(VenueConfig(execution_delay_ms=0)) as venue:
        job = {
            "http_url": venue.http_url,
            "ws_url": venue.ws_url,
            "account_index": DEMO_ACCOUNT_INDEX,
            "api_key_index": DEMO_API_KEY_INDEX,
            "private_key": DEMO_PRIVATE_KEY,
            "orders": orders,
            "warm_up": WARM_UP,
            "pause_us": int(1e6 / rate),
        }
        command = [str(python), str(HERE / f"play_{script}.py"), msgspec.json.encode(job).decode()]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=PATIENCE_SECS, check=False
            )
        except subprocess.TimeoutExpired:
            return {"problems": [f"not all orders were accepted within {PATIENCE_SECS:.0f} s"]}
    lines = done.stdout.strip().splitlines()
    if done.returncode or not lines:
        return {"problems": [done.stderr.strip()[-2_000:] or f"exit code {done.returncode}"]}
    return msgspec.json.decode(lines[-1], type=dict[str, Any])


if __name__ == "__main__":
    sys.exit(main())
