"""The demo as a user starts it: a short run with faults is right."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import msgspec

from nautilus_lighter_nonce.demo.summary import Summary


ROOT = Path(__file__).parents[1]


def test_demo_short_run_with_faults_is_right() -> None:
    """A real node trades through real faults; the venue finds nothing doubled or misreported."""
    command = [sys.executable, "-m", "nautilus_lighter_nonce.cli", "demo"]
    run = subprocess.run(
        [*command, "--seconds", "3", "--json", "--seed", "1"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    summary = msgspec.convert(json.loads(run.stdout.splitlines()[-1]), Summary)
    assert run.returncode == 0, run.stderr
    assert (summary.doubled, summary.misreported, summary.lost_to_nonces) == (0, 0, 0)
    assert summary.accepted > 0
    assert summary.faults > 0
