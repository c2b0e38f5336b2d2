"""Story: the private key and the auth tokens are nowhere to be seen (rule 16)."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from nautilus_lighter_nonce.loopback.keys import DEMO_PRIVATE_KEY


ROOT = Path(__file__).parents[2]
TOKEN = re.compile(r"\d{10}:700:5:[0-9a-f]{160}")


def test_no_secret_is_logged_published_or_shown(lighter_venue: Any, tmp_path: Path) -> None:
    """Started, faulted, halted and stopped at DEBUG level: no key, no token, anywhere."""
    run = subprocess.run(
        [
            sys.executable,
            "-m",
            "tests.scenarios.secret_run",
            str(tmp_path),
            str(lighter_venue.port),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-2_000:]
    files = {path.name: path.read_text() for path in tmp_path.rglob("*") if path.is_file()}
    log = next(text for name, text in files.items() if name.endswith(".log"))
    assert "LighterNonce-LIGHTER" in log
    assert "ComponentStateChanged" in files["told.txt"]
    for name, text in {**files, "stdout": run.stdout, "stderr": run.stderr}.items():
        assert DEMO_PRIVATE_KEY not in text, name
        assert DEMO_PRIVATE_KEY[:20] not in text, name
        assert not TOKEN.search(text), name
