"""What somebody's environment tells his own pytest changes nothing about ours."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest


ROOT = Path(__file__).parents[1]
SAYS_WHAT_IT_IS_TOLD = '#!/bin/sh\necho "$* told ${PYTEST_ADDOPTS-nothing}"\n'


@pytest.fixture
def venv(tmp_path: Path) -> Path:
    """Return an environment that is ready, in which every tool says what it was started with."""
    (tmp_path / "bin").mkdir()
    for name in ("python", "ruff", "mypy", "lint-imports"):
        tool = tmp_path / "bin" / name
        tool.write_text(SAYS_WHAT_IT_IS_TOLD)
        tool.chmod(0o755)
    (tmp_path / ".ready").touch()
    return tmp_path


@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make here")
@pytest.mark.parametrize(
    ("target", "started"),
    [("test", "-m pytest"), ("units", "-m pytest --units"), ("check", "-m tests.without_nautilus")],
)
def test_target_of_whoever_sets_pytest_addopts_is_not_told(
    target: str, started: str, venv: Path
) -> None:
    """`-x`, `--co` or a plugin that is missing here would make the tests mean something else."""
    run = subprocess.run(
        ["make", "--no-print-directory", f"VENV={venv}", target],
        cwd=ROOT,
        env=os.environ | {"PYTEST_ADDOPTS": "--co -p no:such_plugin"},
        capture_output=True,
        text=True,
        check=True,
    )
    last = run.stdout.splitlines()[-1]
    assert last.startswith(started)
    assert last.endswith("told nothing")


def test_environment_of_a_test_names_no_pytest_options() -> None:
    """Any pytest that a test starts inherits this environment."""
    assert "PYTEST_ADDOPTS" not in os.environ


def test_pytest_that_is_told_options_hands_them_on_to_no_test() -> None:
    """The test above holds where it matters: run by somebody who sets them."""
    name = test_environment_of_a_test_names_no_pytest_options.__name__
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"{__file__}::{name}"],
        cwd=ROOT,
        env=os.environ | {"PYTEST_ADDOPTS": "-rA"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert f"PASSED tests/test_makefile.py::{name}" in run.stdout
