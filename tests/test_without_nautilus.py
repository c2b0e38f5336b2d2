"""
What needs no Nautilus is imported and tested where Nautilus cannot be: core, outbox and the wire.

`make check` runs all tests of the outbox and the wire there.
"""

import subprocess
import sys

import pytest

from tests.without_nautilus import ROOT
from tests.without_nautilus import modules


BAN = "import sys; from tests import without_nautilus; without_nautilus.ban()"


def run_without_nautilus(code: str) -> subprocess.CompletedProcess[str]:
    """Run code in a fresh interpreter in which every import of Nautilus fails."""
    return subprocess.run(
        [sys.executable, "-c", f"{BAN}\n{code}"], cwd=ROOT, capture_output=True, text=True
    )


def test_modules_of_core_outbox_and_lighter_are_imported_without_nautilus() -> None:
    """Whoever brings sockets of their own can use the laws and the wire."""
    names = modules()
    run = run_without_nautilus(f"import importlib\nfor n in {names}: importlib.import_module(n)")
    assert len(names) > 30
    assert (run.returncode, run.stderr) == (0, "")


def test_import_of_transport_without_nautilus_fails() -> None:
    """The probe of the test above sees an import of Nautilus when there is one."""
    run = run_without_nautilus("import nautilus_lighter_nonce.dispatch.transport_ws")
    assert "nautilus_trader" in run.stderr


@pytest.mark.parametrize("tests", ["tests/outbox/test_moves.py", "tests/core/test_lane.py"])
def test_unit_tests_of_the_laws_pass_without_nautilus(tests: str) -> None:
    """The laws are shown right without an engine, not only imported."""
    args = ["-q", "-p", "no:cacheprovider", tests]
    run = run_without_nautilus(f"import pytest\nsys.exit(pytest.main({args}))")
    assert run.returncode == 0, run.stdout[-2_000:] + run.stderr[-2_000:]
