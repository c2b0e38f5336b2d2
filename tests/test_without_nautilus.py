"""What needs no Nautilus runs where Nautilus cannot be imported: core, outbox and the wire."""

import subprocess
import sys
from pathlib import Path

import pytest

import nautilus_lighter_nonce


ROOT = Path(nautilus_lighter_nonce.__file__).parent.parent
WITHOUT = "import sys; sys.modules['nautilus_trader'] = None"
FREE = ("core", "outbox", "lighter")


def modules() -> list[str]:
    """Return the full name of every module that must do without Nautilus."""
    package = ROOT / "nautilus_lighter_nonce"
    paths = [path for folder in FREE for path in sorted((package / folder).rglob("*.py"))]
    return [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in paths]


def run_without_nautilus(code: str) -> subprocess.CompletedProcess[str]:
    """Run code in a fresh interpreter in which every import of Nautilus fails."""
    return subprocess.run(
        [sys.executable, "-c", f"{WITHOUT}\n{code}"], cwd=ROOT, capture_output=True, text=True
    )


def test_modules_of_core_outbox_and_lighter_are_imported_without_nautilus() -> None:
    """Whoever brings sockets of their own can use the laws and the wire."""
    names = [name.removesuffix(".__init__") for name in modules()]
    run = run_without_nautilus(f"import importlib\nfor n in {names}: importlib.import_module(n)")
    assert (run.returncode, run.stderr) == (0, "")


def test_import_of_transport_without_nautilus_fails() -> None:
    """The probe of the test above sees an import of Nautilus when there is one."""
    run = run_without_nautilus("import nautilus_lighter_nonce.transport_ws")
    assert "nautilus_trader" in run.stderr


@pytest.mark.parametrize("tests", ["tests/outbox/test_moves.py", "tests/core/test_lane.py"])
def test_unit_tests_of_the_laws_pass_without_nautilus(tests: str) -> None:
    """The laws are shown right without an engine, not only imported."""
    args = ["-q", "-p", "no:cacheprovider", tests]
    run = run_without_nautilus(f"import pytest\nsys.exit(pytest.main({args}))")
    assert run.returncode == 0, run.stdout[-2_000:] + run.stderr[-2_000:]
